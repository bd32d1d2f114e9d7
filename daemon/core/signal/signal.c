// SPDX-License-Identifier: EUPL-1.2
// The names of the codes, each list once. These names are in events, in the API and in files, so
// they are part of the contract; the numbers of the enums are part of the store. The texts are
// constants.
#include "core/signal/signal.h"

#include <assert.h>

static const char *const categories[CATEGORY_COUNT] = {
    [CATEGORY_SEXUAL_EXPLOITATION] = "SexualExploitation",
    [CATEGORY_FORCED_LABOUR] = "ForcedLabour",
    [CATEGORY_FORCED_CRIMINALITY] = "ForcedCriminality",
    [CATEGORY_FORCED_BEGGING] = "ForcedBegging",
    [CATEGORY_SERVITUDE] = "Servitude",
    [CATEGORY_ORGAN_REMOVAL] = "OrganRemoval",
    [CATEGORY_FORCED_MARRIAGE] = "ForcedMarriage",
    [CATEGORY_CHILD_LABOUR] = "ChildLabour",
    [CATEGORY_FORCED_ADOPTION] = "ForcedAdoption",
    [CATEGORY_SURROGACY] = "Surrogacy",
    [CATEGORY_FORCED_MILITARY] = "ForcedMilitaryByNonStateActors",
    [CATEGORY_OTHER] = "Other",
    [CATEGORY_UNKNOWN] = "Unknown",
};

static const char *const genders[GENDER_COUNT] = {
    [GENDER_UNKNOWN] = "Unknown",
    [GENDER_FEMININE] = "Feminine",
    [GENDER_MASCULINE] = "Masculine",
    [GENDER_TRANS_FEMININE] = "TransgenderFeminine",
    [GENDER_TRANS_MASCULINE] = "TransgenderMasculine",
    [GENDER_NON_CONFORMING] = "NonConforming",
};

static const char *const age_groups[AGE_COUNT] = {
    [AGE_UNKNOWN] = "Unknown",
    [AGE_MINOR] = "Minor",
    [AGE_ADULT] = "Adult",
};

static const char *const citizenships[CITIZENSHIP_COUNT] = {
    [CITIZENSHIP_UNKNOWN] = "Unknown",
    [CITIZENSHIP_NL] = "NL",
    [CITIZENSHIP_EU] = "EU",
    [CITIZENSHIP_NON_EU] = "nonEU",
};

static const char *const statuses[STATUS_COUNT] = {
    [STATUS_POSSIBLE] = "possible",
    [STATUS_CONFIRMED] = "confirmed",
    [STATUS_REJECTED] = "rejected",
};

static const char *const source_kinds[SOURCE_KIND_COUNT] = {
    [SOURCE_MUNICIPALITY] = "municipality",
    [SOURCE_COA] = "coa",
    [SOURCE_CARE] = "care",
    [SOURCE_POLICE] = "police",
    [SOURCE_KMAR] = "kmar",
    [SOURCE_NLA] = "nla",
    [SOURCE_NGO] = "ngo",
    [SOURCE_OTHER] = "other",
};

static const char *const verdicts[VERDICT_COUNT] = {
    [VERDICT_REGISTERED] = "registered", [VERDICT_DUPLICATE] = "duplicate",
    [VERDICT_CORRECTED] = "corrected",   [VERDICT_WITHDRAWN] = "withdrawn",
    [VERDICT_REFUSED] = "refused",
};

static const char *const withdrawals[WITHDRAWALS] = {
    [WITHDRAWN_SAID] = "said",
    [WITHDRAWN_GONE] = "gone",
    [WITHDRAWN_LEFT_OUT] = "leftOut",
};

static const struct {
    const char *name, *text;
} faults[FAULT_COUNT] = {
    [FAULT_SYNTAX] = {"syntax", "is not well-formed, or nested too deeply"},
    [FAULT_TYPE] = {"type", "is of another type"},
    [FAULT_REQUIRED] = {"required", "is required"},
    [FAULT_TOO_LONG] = {"tooLong", "is longer than allowed"},
    [FAULT_TOO_MANY] = {"tooMany", "has more entries than allowed"},
    [FAULT_BAD_DATE] = {"badDate", "is no date or time"},
    [FAULT_OUT_OF_RANGE] = {"outOfRange", "is outside the range allowed"},
    [FAULT_BAD_CHARACTER] = {"badCharacter",
                             "holds a control character, half a character, or is not UTF-8"},
    [FAULT_UNKNOWN_WORD] = {"unknownWord", "is not one of the words allowed"},
    [FAULT_NOT_ACCEPTED] = {"notAccepted",
                            "is a citizen service number (BSN), which must not be sent"},
    [FAULT_BAD_NUMBER] = {"badNumber", "is no number of this kind: a V-number has 10 digits"},
    [FAULT_MISSING_PLACE] = {"missingPlace",
                             "does not have the columns or places that its template names"},
    [FAULT_EMPTY_DATE] = {"emptyDate", "has a row without the date of its report"},
    [FAULT_NO_SIGNAL] = {"noSignal", "has a row that is a sum or a note, and no signal"},
    [FAULT_CONFLICT] = {"conflict", "stands in one delivery more than once, with other contents"},
    [FAULT_SHORTENED] = {"shortenedId", "is a number that a spreadsheet or a program has "
                                        "shortened: send it as text, with all its digits"},
    [FAULT_REPEATED] = {"repeated", "is there more than once"},
    [FAULT_FORM] = {"form", "is in a form that is not read here"},
    [FAULT_OTHER_PAGES] = {"otherPages", "is one page of a list that has other pages"},
    [FAULT_NOT_YOURS] = {"notYours", "is another than the operator has written for you"},
    [FAULT_NOT_A_HEADER] = {"notAHeader", "has no place among the headers ce-*"},
};

static const char *const word_fields[UNMAPPED_FIELDS] = {
    [UNMAPPED_CATEGORY] = "category",       [UNMAPPED_MUNICIPALITY] = "municipality",
    [UNMAPPED_GENDER] = "gender",           [UNMAPPED_AGE_GROUP] = "ageGroup",
    [UNMAPPED_CITIZENSHIP] = "citizenship", [UNMAPPED_CONSENT] = "consent",
};

const char *category_name(enum category c) {
    assert(c < CATEGORY_COUNT);
    return categories[c];
}

const char *gender_name(enum gender g) {
    assert(g < GENDER_COUNT);
    return genders[g];
}

const char *age_group_name(enum age_group a) {
    assert(a < AGE_COUNT);
    return age_groups[a];
}

const char *citizenship_name(enum citizenship c) {
    assert(c < CITIZENSHIP_COUNT);
    return citizenships[c];
}

const char *status_name(enum status s) {
    assert(s < STATUS_COUNT);
    return statuses[s];
}

bool cell_counts(const struct cell *cell) {
    return cell->status != STATUS_REJECTED;
}

const char *source_kind_name(enum source_kind k) {
    assert(k < SOURCE_KIND_COUNT);
    return source_kinds[k];
}

const char *withdrawal_name(enum withdrawal w) {
    assert(w < WITHDRAWALS);
    return withdrawals[w];
}

const char *verdict_name(enum verdict v) {
    assert(v < VERDICT_COUNT);
    return verdicts[v];
}

const char *fault_code_name(enum fault_code code) {
    assert(code < FAULT_COUNT);
    return faults[code].name;
}

const char *fault_code_text(enum fault_code code) {
    assert(code < FAULT_COUNT);
    return faults[code].text;
}

const char *unmapped_field_name(enum unmapped_field f) {
    assert(f < UNMAPPED_FIELDS);
    return word_fields[f];
}

bool category_from_name(struct str name, enum category *out) {
    for (unsigned c = 0; c < CATEGORY_COUNT; c++)
        if (str_is(name, categories[c])) {
            *out = (enum category)c;
            return true;
        }
    return false;
}

bool source_kind_from_name(struct str name, enum source_kind *out) {
    for (unsigned k = 0; k < SOURCE_KIND_COUNT; k++)
        if (str_is(name, source_kinds[k])) {
            *out = (enum source_kind)k;
            return true;
        }
    return false;
}
