// SPDX-License-Identifier: EUPL-1.2
// What a payload of some system looks like and which of it is a signal: the part of a template that
// is about one page. Foreign formats are read through it; native JSON has decode.h.
#ifndef CODEC_MAPPING_H
#define CODEC_MAPPING_H

#include "codec/decode.h"

enum mapping_format { MAPPING_JSON, MAPPING_NDJSON, MAPPING_CSV };

// What an item can give. The first are fields of a signal (contract: native form); MARK is the
// field that the cursor follows.
enum mapping_field {
    MAPPING_ID,
    MAPPING_REPORTED,
    MAPPING_OCCURRED,
    MAPPING_MUNICIPALITY,
    MAPPING_CATEGORY, // a text, or a list of texts; in CSV several are separated by '|'
    MAPPING_GENDER,
    MAPPING_AGE,
    MAPPING_AGE_GROUP,
    MAPPING_BIRTH_YEAR,
    MAPPING_CITIZENSHIP,
    MAPPING_PERSON_NAME,
    MAPPING_BIRTH_DATE, // in a form of its own, see core/person/person.h; read as `dates` says
                        // where such a date would be mistaken: MDY, EXCEL, EPOCH
    MAPPING_NATIONALITY,
    MAPPING_V_NUMBER,
    MAPPING_CONSENT,
    MAPPING_STATUS,
    MAPPING_WITHDRAWN, // true, "true", "yes", "ja" or 1, after `words`
    MAPPING_WATERMARK,
    MAPPING_FIELDS,
};
const char *mapping_field_name(enum mapping_field field); // as in a template: "ageGroup"
bool mapping_field_from_name(struct str name, enum mapping_field *out);
// Of the pointer of a fault, "/victim/age".
bool mapping_field_from_pointer(const char *pointer, enum mapping_field *out);

// How dates and times are written. One without a zone is as the clock in the Netherlands shows it.
// ISO is taken in every form, since it cannot be mistaken.
enum mapping_dates {
    MAPPING_DATES_ISO,   // RFC 3339 date or time; also "2018-06-18 13:30:47.604472+00" (PostgreSQL)
                         // and a time without zone
    MAPPING_DATES_DMY,   // 18-06-2018, 18/06/2018, 18.06.2018, with or without a time; two-digit
                         // years are refused
    MAPPING_DATES_MDY,   // 06/18/2018
    MAPPING_DATES_EXCEL, // days since 1899-12-30, with or without a fraction; DMY is taken as well
    MAPPING_DATES_EPOCH, // seconds since 1970
    MAPPING_DATES_EPOCH_MS, // milliseconds since 1970
    MAPPING_DATES_COUNT,
};

enum {
    MAPPING_LIST_MAX = 64,
    MAPPING_TEXT_MAX = 256,
    MAPPING_NEXT_MAX = 2048,
    MAPPING_PLACES_MAX = 4,
};

// Where a field comes from: `from` (a JSON Pointer inside the item, or the header of a CSV column;
// NULL: nowhere), or the first of `others` that has something where it has nothing; then `words`
// (what a value means, compared folded; a value that is not among them stays as it is), then
// `constant` where there is nothing. A token of a pointer may be "list[name=text]": of the list
// the one object whose member `name` is `text`, folded (codec/json_pick.h). An object whose members
// are true or false is, for CATEGORY, the list of those that are true.
struct mapping_rule {
    char *from;
    char *others[MAPPING_PLACES_MAX - 1]; // NULL behind the last
    char split; // of CATEGORY: stands between the words of one text; 0: a text is one word
    char *constant;
    struct mapping_word {
        char *from, *to;
    } words[MAPPING_LIST_MAX];
    size_t word_count;
};

// Of the places of a rule, the one at `i`, below MAPPING_PLACES_MAX; NULL: there is none.
static inline const char *mapping_place(const struct mapping_rule *rule, size_t i) {
    return i ? rule->others[i - 1] : rule->from;
}

// An item whose value at `from` equals `equals` (folded) is left out, and counted as left out; or,
// as `is` says, one that has a value there, or none. What means nothing (`absent`) is no value.
enum mapping_is { MAPPING_IS_EQUAL, MAPPING_IS_PRESENT, MAPPING_IS_ABSENT };
struct mapping_skip {
    char *from, *equals; // equals: with IS_EQUAL only
    enum mapping_is is;
};

struct mapping {
    enum mapping_format format;
    bool own;       // no template: see mapping_own_table
    char *items;    // JSON: Pointer to the array in the page; "" or NULL: the page itself
    char *items_or; // JSON: where it is instead, when there is no array; NULL: nowhere
    char *count;    // JSON: Pointer to how many items the whole list has; "": nowhere; NULL: one of
                    // the usual names
    char *next;     // JSON: Pointer to the next URL or token, outside the items; NULL: none
    char separator; // CSV: ',' ';' '\t', or 0 to find out from the header line
    bool single;    // JSON: where the items are there may be one object, which is one item
    bool latin1;    // bytes that are no UTF-8 are Windows-1252, see codec/door.h
    enum mapping_dates dates;
    bool utc; // a time without a zone is UTC
    struct mapping_rule rules[MAPPING_FIELDS];
    // A page need not have the place of this field; of REPORTED: nor an item a date. Then it is
    // dated by its receipt.
    bool may_be_missing[MAPPING_FIELDS];
    bool exclude_may_be_missing;    // CSV: the columns that skips look into
    char *absent[MAPPING_LIST_MAX]; // values that mean nothing: "*****", "null"
    size_t absent_count;
    struct mapping_skip skips[MAPPING_LIST_MAX];
    size_t skip_count;
};

struct mapping_result {
    struct decode_result
        decoded;       // as of decode_items; cursor is the highest MARK, as an RFC 3339
                       // time in UTC where the watermark is a date or time, else as it is
    uint32_t excluded; // by skips
    char next[MAPPING_NEXT_MAX + 1]; // "" when there is none
    uint64_t told;                   // how many items the page says that the list has; 0: none
    bool hint; // `next` has something else than a URL or token, or a next page is named elsewhere
};

// Is it a place in JSON: a JSON Pointer (RFC 6901), with the tokens of struct mapping_rule?
bool mapping_is_pointer(struct str text);

// Calls fn for each item in order, also for those that are left out.
// When result->decoded.failed the page as a whole is wrong and what fn saw does not count:
//   SYNTAX    broken or cut off: the items cannot be told apart
//   REPEATED  `items`, `next`, or a column that a rule names is there more than once
//   REQUIRED  there is no `items`, or no header line
//   MISSING_PLACE  a column, or in JSON a place of id, date, category or watermark that no item
//             has, though a rule names it and it may not be missing: the other side calls it
//             otherwise, or an error was told with status 200
//   EMPTY_DATE, NO_SIGNAL  a row of a table: `line` is the first, `more` how many follow
//   TYPE      `items` is no list, `next` no text
//   TOO_MANY  items or columns; TOO_LONG the header line, or `next`
// Bounded by `limits`; unknown_fields of an item counts the members or columns that no rule or skip
// uses. Items that are left out move the watermark as well. A watermark is read as `dates` says, so
// a plain number is a time where times are numbers. Where it is a date or time it is also when the
// item was last changed (item.updated).
void mapping_decode(const struct mapping *mapping, struct str body,
                    const struct decode_limits *limits,
                    void (*fn)(void *ctx, const struct decode_item *item), void *ctx,
                    struct mapping_result *result);

// The same, with what is known beside the template, and what is asked beside the items.
struct mapping_about {
    bool own_place;        // the source is of one municipality: a page need not say which
    bool single;           // as in struct mapping: it was posted
    struct places *places; // gets what the page has, see codec/places.h; NULL: nobody asks
};
void mapping_decode_about(const struct mapping *mapping, struct str body,
                          const struct decode_limits *limits, const struct mapping_about *about,
                          void (*fn)(void *ctx, const struct decode_item *item), void *ctx,
                          struct mapping_result *result);

// For who writes a template, of a page or of what is posted: each field of one item, as the page
// had it and as it becomes. Borrowed for the call.
struct mapping_trace {
    uint32_t index, line;
    bool excluded;
    struct str raw[MAPPING_FIELDS];   // absent when there is nothing there
    struct str value[MAPPING_FIELDS]; // after words, absent list, constant and date form
};
void mapping_decode_traced(const struct mapping *mapping, struct str body,
                           const struct decode_limits *limits,
                           void (*fn)(void *ctx, const struct mapping_trace *trace), void *ctx,
                           struct mapping_result *result);

// Our own form in a table (text/csv), as the template csv has it: id, reported and category have to
// be there, and columns are called as the fields are.
const struct mapping *mapping_own_table(void);
// The same with all that may be missing. It borrows its texts.
void mapping_relax(const struct mapping *mapping, struct mapping *relaxed);
void mapping_free(struct mapping *mapping); // its texts; not the struct

#endif
