// SPDX-License-Identifier: EUPL-1.2
// The words of the field and the shapes a signal takes on its way:
//   struct item    what a source said, still its words, borrowed from the bytes that came in
//   struct signal  what we make of it: normalised, self-contained, no free text
// A signal is an indication of possible human trafficking, registered by a source.
#ifndef CORE_SIGNAL_SIGNAL_H
#define CORE_SIGNAL_SIGNAL_H

#include "base/hash.h"
#include "base/str.h"
#include "base/time.h"

#include <stdint.h>

enum {
    SIGNAL_ID_MAX = 128,       // bytes of a source's own id
    SIGNAL_SCOPE_MAX = 256,    // of the scope that it is unique in, where it has one
    SIGNAL_CATEGORIES_MAX = 8, // words on one item
    SIGNAL_WORD_MAX = 96,      // bytes of any other field; longer is a fault
    SIGNAL_DAY_MIN = 10957,    // 2000-01-01
};

// Forms of exploitation. Names are HTCDS 2.0's (vic_TypeOfExploitation, IOM), but for two of ours:
// ForcedCriminality, since HTCDS has no word for a main Dutch form, and Unknown. A signal carries a
// set of them.
enum category {
    CATEGORY_SEXUAL_EXPLOITATION,
    CATEGORY_FORCED_LABOUR,
    CATEGORY_FORCED_CRIMINALITY,
    CATEGORY_FORCED_BEGGING,
    CATEGORY_SERVITUDE,
    CATEGORY_ORGAN_REMOVAL,
    CATEGORY_FORCED_MARRIAGE,
    CATEGORY_CHILD_LABOUR,
    CATEGORY_FORCED_ADOPTION,
    CATEGORY_SURROGACY,
    CATEGORY_FORCED_MILITARY,
    CATEGORY_OTHER,
    CATEGORY_UNKNOWN,
    CATEGORY_COUNT,
};

// As HTCDS 2.0 (prs_Gender), which writes NonSpecifiedUnknown for our Unknown.
enum gender {
    GENDER_UNKNOWN,
    GENDER_FEMININE,
    GENDER_MASCULINE,
    GENDER_TRANS_FEMININE,
    GENDER_TRANS_MASCULINE,
    GENDER_NON_CONFORMING,
    GENDER_COUNT
};
enum age_group { AGE_UNKNOWN, AGE_MINOR, AGE_ADULT, AGE_COUNT }; // Minor is under 18
// By ISO 3166 against the EU's member states on the day of the report.
enum citizenship {
    CITIZENSHIP_UNKNOWN,
    CITIZENSHIP_NL,
    CITIZENSHIP_EU,
    CITIZENSHIP_NON_EU,
    CITIZENSHIP_COUNT
};
enum status { STATUS_POSSIBLE, STATUS_CONFIRMED, STATUS_REJECTED, STATUS_COUNT };
enum source_kind {
    SOURCE_MUNICIPALITY,
    SOURCE_COA,  // Centraal Orgaan opvang asielzoekers
    SOURCE_CARE, // zorgcoordinatie
    SOURCE_POLICE,
    SOURCE_KMAR, // Koninklijke Marechaussee
    SOURCE_NLA,  // Nederlandse Arbeidsinspectie
    SOURCE_NGO,
    SOURCE_OTHER,
    SOURCE_KIND_COUNT,
};
enum verdict {
    VERDICT_REGISTERED,
    VERDICT_DUPLICATE,
    VERDICT_CORRECTED,
    VERDICT_WITHDRAWN,
    VERDICT_REFUSED,
    VERDICT_COUNT,
};

// The word for each value, as it stands in events, answers and configuration.
const char *category_name(enum category c);
const char *gender_name(enum gender g);
const char *age_group_name(enum age_group a);
const char *citizenship_name(enum citizenship c);
const char *status_name(enum status s);
const char *source_kind_name(enum source_kind k);
const char *verdict_name(enum verdict v);
bool category_from_name(struct str name, enum category *out);       // exact
bool source_kind_from_name(struct str name, enum source_kind *out); // exact

// Why an item, or a field of it, is refused. The code is part of the API; the text never holds the
// value.
enum fault_code {
    FAULT_SYNTAX,        // not well-formed, or too deep
    FAULT_TYPE,          // another JSON type than this field has
    FAULT_REQUIRED,      // missing
    FAULT_TOO_LONG,      // over the field's maximum, or an item over its size
    FAULT_TOO_MANY,      // more entries than allowed
    FAULT_BAD_DATE,      // no such day, or not in the form asked for
    FAULT_OUT_OF_RANGE,  // in the future, before 2000, an impossible age
    FAULT_BAD_CHARACTER, // control characters, not UTF-8
    FAULT_UNKNOWN_WORD,  // a word outside a closed list (status)
    FAULT_NOT_ACCEPTED,  // a citizen service number (BSN), which must not be sent
    FAULT_BAD_NUMBER,    // not a number of this kind: a V-number has 10 digits
    FAULT_MISSING_PLACE, // of a page: a column or place that its template names is not there
    FAULT_EMPTY_DATE,    // of a table: a row has no date of its report
    FAULT_NO_SIGNAL,     // of a table: a row is a sum or a note
    FAULT_CONFLICT,      // an id that one delivery gives several contents
    FAULT_SHORTENED,   // an id that a spreadsheet has shortened, or an error of its in place of one
    FAULT_REPEATED,    // a member or column is there more than once: which is meant?
    FAULT_FORM,        // no text at all: a workbook, HTML
    FAULT_OTHER_PAGES, // of a file: it is one page of a list that has more
    FAULT_NOT_YOURS,   // the source of an event, where the operator has written another
    FAULT_NOT_A_HEADER, // of an event: it is no attribute that a header may have
    FAULT_COUNT,
};
const char *fault_code_name(enum fault_code code);
const char *fault_code_text(enum fault_code code);

struct fault {
    uint32_t index; // of the item in its batch
    uint32_t line;  // where it begins; 0: not known
    enum fault_code code;
    char pointer[48]; // RFC 6901, made of field names of ours only: "/victim/age", "/categories/3"
    uint32_t other;   // CONFLICT: index of the other item,
    uint32_t other_line; // the line on which it begins, where each has its own; 0: they have not
    uint32_t page;       // and the page of the poll that it is on; 0: this one
};

// Fields whose words a table gives meaning, and which may bring words that it lacks.
enum unmapped_field {
    UNMAPPED_CATEGORY,
    UNMAPPED_MUNICIPALITY,
    UNMAPPED_GENDER,
    UNMAPPED_AGE_GROUP,
    UNMAPPED_CITIZENSHIP,
    UNMAPPED_CONSENT,
    UNMAPPED_FIELDS,
};
const char *unmapped_field_name(enum unmapped_field f); // "ageGroup"

// A word that the tables lacked: a keyed digest of it, folded, so that it is found again once a
// table has it. The word itself may be anything, a name as well, and is not kept.
struct unknown_word {
    uint8_t field; // enum unmapped_field
    struct digest word;
};
enum { SIGNAL_UNKNOWN_MAX = SIGNAL_CATEGORIES_MAX + 5 };

// May a source say who its signals are about?
enum source_person {
    SOURCE_PERSON_YES,     // it has a legal ground of its own
    SOURCE_PERSON_CONSENT, // only with the consent of the person
    SOURCE_PERSON_NO,
};

// Who the signal is about, as its source said it. It becomes pseudonyms and nothing else.
struct item_person {
    struct str name;
    struct str birth_date;
    struct str nationality;
    struct str v_number; // of the aliens administration: 10 digits
};

// Strings are borrowed; {NULL,0} is absent. Numbers are already text.
struct item {
    struct str id;
    struct str
        scope; // in which the id is unique, of the source's own, without blanks; absent: none
    struct str reported;
    struct str occurred;
    struct str municipality;
    struct str categories[SIGNAL_CATEGORIES_MAX];
    size_t category_count;
    struct str gender;
    struct str age; // a whole number
    struct str age_group;
    struct str birth_year; // a whole number
    struct str citizenship;
    struct str status;
    struct str consent; // of the person, to being named to us
    struct str updated; // when the source last changed it
    struct item_person person;
    bool withdrawn;
    bool stands; // a system that tells the state of each item says that this one is not withdrawn
    uint32_t unknown_fields; // dropped; counted
};

enum { MUNICIPALITY_UNKNOWN = 0 }; // CBS codes are GM0001..GM9999

// One cell of the counts: each signal that counts is in exactly one. 12 bytes, no padding, so that
// it can be compared and stored as bytes.
struct cell {
    uint16_t municipality; // digits of the CBS code valid on `reported`; 0 unknown
    uint16_t categories;   // bit set by enum category; never 0
    uint16_t month;        // of `reported`: months since 2000-01
    uint8_t gender;
    uint8_t age_group;
    uint8_t citizenship;
    uint8_t source_kind;
    uint8_t status;
    uint8_t reserved; // 0
};

// A rejected signal is kept in a cell of its own status: it is in no sum but one that asks for
// rejected ones.
bool cell_counts(const struct cell *cell);

// Keyed digests of a person, by V-number and by name, birth date and nationality; each under the
// key in force and, while keys are rotated, under the one before.
enum { PERSON_BASES = 2, PERSON_KEYS_MAX = 2 };
struct person_pseudonyms {
    uint8_t base_count; // 0: nobody is known
    uint8_t key_count;
    struct digest list[PERSON_BASES][PERSON_KEYS_MAX]; // [..][0]: under the key in force
};

// How a signal came to be withdrawn. What its source said is final until it says otherwise; what we
// made of its silence ends as soon as the signal is there again.
enum withdrawal {
    WITHDRAWN_SAID,     // by its source
    WITHDRAWN_GONE,     // it is gone from a list that has all there is
    WITHDRAWN_LEFT_OUT, // its source still has it, and the template leaves it out
    WITHDRAWALS
};
const char *withdrawal_name(enum withdrawal w);

struct signal {
    struct digest identity; // of (source, id); its hex form is our id of the signal
    struct digest
        content; // of the fields as the source said them, cleaned, before defaults and tables
    char id[SIGNAL_ID_MAX + 1]; // the source's own if it can be nothing but a number of a case;
                                // else a pseudonym of it, see scrub.h
    uint8_t id_len;
    bool stands;         // takes back a withdrawal, see struct item
    bool withdrawn;      // the source takes it back; only id and identity mean anything then
    enum withdrawal how; // it is withdrawn
    int32_t reported;    // day
    bool undated;        // its source did not say when: `reported` is the day of receipt. What else
    uint16_t birth_year; // depends on the day: the year that the age group was made of, or 0,
    char country[2];     // and of the citizenship; zeros: none
    int32_t occurred;    // day or TIME_DAY_NONE
    uint16_t municipality_today; // present successor; 0 unknown
    const char *as_reported; // the table's own spelling of the name or code that was used, or NULL
                             // when the source's own municipality was assumed or nothing matched;
                             // lives as long as the tables
    // When the source last changed it: not before and not after, since a day may be all it says; 0:
    // not said.
    int64_t updated_ms, updated_upto_ms;
    struct person_pseudonyms person;
    bool consent_withheld; // and needed: what is known of the person by this signal goes
    uint8_t unknown_count;
    struct unknown_word unknown[SIGNAL_UNKNOWN_MAX];
    bool unknown_said; // Unknown is among the categories because the source said so, or said none;
                       // not only for words that the table lacks
    struct cell cell;
};

#endif
