// SPDX-License-Identifier: EUPL-1.2
// What the field's codes are called on a page that people read.
#include "core/signal/signal.h"
#include "report.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const police_units[] = {
    "Noord-Nederland", "Oost-Nederland", "Midden-Nederland", "Noord-Holland",
    "Amsterdam",       "Den Haag",       "Rotterdam",        "Zeeland-West-Brabant",
    "Oost-Brabant",    "Limburg",        "unknown",
};
enum { POLICE_UNITS = sizeof police_units / sizeof *police_units };

static const struct {
    enum report_dimension dimension;
    const char *code, *text;
} words[] = {
    {REPORT_CATEGORY, "ForcedMilitary", "Forced military service"},
    {REPORT_GENDER, "Feminine", "Female"},
    {REPORT_GENDER, "Masculine", "Male"},
    {REPORT_GENDER, "NonConforming", "Gender non-conforming"},
    {REPORT_AGE_GROUP, "Minor", "Minor (under 18)"},
    {REPORT_AGE_GROUP, "Adult", "Adult"},
    {REPORT_CITIZENSHIP, "NL", "Dutch"},
    {REPORT_CITIZENSHIP, "EU", "Another country of the EU"},
    {REPORT_CITIZENSHIP, "nonEU", "A country outside the EU"},
    {REPORT_SOURCE_KIND, "municipality", "Municipalities"},
    {REPORT_SOURCE_KIND, "coa", "COA (reception of asylum seekers)"},
    {REPORT_SOURCE_KIND, "care", "Care coordinators"},
    {REPORT_SOURCE_KIND, "police", "Police"},
    {REPORT_SOURCE_KIND, "kmar", "KMar (military police)"},
    {REPORT_SOURCE_KIND, "nla", "NLA (Labour Inspectorate)"},
    {REPORT_SOURCE_KIND, "ngo", "Organisations for victims"},
    {REPORT_SOURCE_KIND, "other", "Others"},
    {REPORT_STATUS, "possible", "Possible victim"},
    {REPORT_STATUS, "confirmed", "Confirmed"},
    {REPORT_STATUS, "rejected", "Rejected"},
};

const struct report_dimension_text *report_dimension(enum report_dimension dimension) {
    static const struct report_dimension_text texts[REPORT_DIMENSIONS] = {
        [REPORT_CATEGORY] = {"category", "Signals by form of exploitation", "Form"},
        [REPORT_POLICE_UNIT] = {"policeUnit", "Signals by regional police unit", "Police unit"},
        [REPORT_GENDER] = {"gender", "Signals by gender of the victim", "Gender"},
        [REPORT_AGE_GROUP] = {"ageGroup", "Signals by age of the victim", "Age"},
        [REPORT_CITIZENSHIP] = {"citizenship", "Signals by citizenship of the victim",
                                "Citizenship"},
        [REPORT_SOURCE_KIND] = {"sourceKind", "Signals by kind of source", "Source"},
        [REPORT_STATUS] = {"status", "Signals by what has become of them", "Status"},
    };
    return &texts[dimension];
}

const char *report_code(enum report_dimension dimension, size_t index) {
    switch (dimension) {
    case REPORT_CATEGORY:
        return index < CATEGORY_COUNT ? category_name((enum category)index) : NULL;
    case REPORT_POLICE_UNIT:
        return index < POLICE_UNITS ? police_units[index] : NULL;
    case REPORT_GENDER:
        return index < GENDER_COUNT ? gender_name((enum gender)index) : NULL;
    case REPORT_AGE_GROUP:
        return index < AGE_COUNT ? age_group_name((enum age_group)index) : NULL;
    case REPORT_CITIZENSHIP:
        return index < CITIZENSHIP_COUNT ? citizenship_name((enum citizenship)index) : NULL;
    case REPORT_SOURCE_KIND:
        return index < SOURCE_KIND_COUNT ? source_kind_name((enum source_kind)index) : NULL;
    default:
        return index < STATUS_COUNT ? status_name((enum status)index) : NULL;
    }
}

// "SexualExploitation" as "Sexual exploitation".
static void split_words(const char *code, char out[REPORT_LABEL_MAX]) {
    size_t len = 0;
    for (size_t i = 0; code[i] && len + 3 < REPORT_LABEL_MAX; i++) {
        if (i && isupper((unsigned char)code[i]))
            out[len++] = ' ';
        out[len++] = i ? (char)tolower((unsigned char)code[i]) : code[i];
    }
    out[len] = '\0';
}

void report_set_label(struct report_line *line, enum report_dimension dimension, const char *code) {
    const char *text = NULL;
    line->unknown = strcmp(code, "unknown") == 0 || strcmp(code, "Unknown") == 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].dimension == dimension && strcmp(words[i].code, code) == 0)
            text = words[i].text;
    if (!text && dimension == REPORT_CATEGORY)
        split_words(code, line->label);
    else
        (void)snprintf(line->label, sizeof line->label, "%s",
                       line->unknown ? "Unknown"
                       : text        ? text
                                     : code);
}

const char *report_size_class(const char *code) {
    static const struct {
        const char *code, *text;
    } classes[] = {
        {"<5k", "under 5,000"},
        {"5-10k", "5,000 to 10,000"},
        {"10-20k", "10,000 to 20,000"},
        {"20-50k", "20,000 to 50,000"},
        {"50-100k", "50,000 to 100,000"},
        {"100-150k", "100,000 to 150,000"},
        {"150-250k", "150,000 to 250,000"},
        {">=250k", "250,000 and more"},
    };
    for (size_t i = 0; code && i < sizeof classes / sizeof *classes; i++)
        if (strcmp(classes[i].code, code) == 0)
            return classes[i].text;
    return code;
}

const char *report_month_name(int month) {
    static const char *const names[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
    return names[month - 1];
}

void report_put_month(struct buf *page, const char *month) {
    struct str rest = str_from(month), head;
    uint64_t year = 0, number = 0;
    if (str_split(&rest, '-', &head) && str_to_u64(head, 9999, &year) &&
        str_to_u64(rest, 12, &number) && number)
        buf_printf(page, "%s %04u", report_month_name((int)number), (unsigned)year);
    else
        html_put_text(page, month);
}
