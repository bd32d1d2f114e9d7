// SPDX-License-Identifier: EUPL-1.2
// Reads what is asked of the statistics: parameters and filters are called as those of counts. All
// faults are told at once, by the name of a parameter of ours and never by its value. `by` asks for
// one set of dimensions, so that nothing is in a table twice; without it all sets are there.
#include "released_private.h"

#include "api/accept.h"
#include "core/cube/statistics.h"

#include <string.h>

#define MARGINS_TEXT                                                                               \
    "by: there are statistics by year and by month, of all and by category; and by year by one "   \
    "of province, policeUnit, safetyRegion, municipality, gender, ageGroup, citizenship and "      \
    "sourceKind, by province or policeUnit with category, and by gender with category and "        \
    "citizenship or foreign. Filters count as dimensions here."

enum { TIMES = 1u << DIM_YEAR | 1u << DIM_MONTH };

static void note_fault(struct released_query *query, const char *parameter, enum fault_code code,
                       const char *detail) {
    if (query->fault_count < PROBLEM_PARAMETERS_MAX)
        query->faults[query->fault_count++] = (struct problem_parameter){parameter, code, detail};
}

static bool has_dimension(enum dimension d) {
    return d != DIM_STATUS;
}

static void read_by(struct released_query *query, struct str list) {
    enum dimension d;
    struct str name;
    bool known = true;
    query->by_given = true;
    while (str_split(&list, ',', &name)) {
        if (dimension_from_name(name, &d) && has_dimension(d) && !(query->by >> d & 1))
            query->by |= 1u << d;
        else
            known = false;
    }
    if (!known || (query->by & TIMES) == TIMES)
        note_fault(query, "by", FAULT_UNKNOWN_WORD,
                   "by: dimensions with commas, each once, and year or month: province, "
                   "policeUnit, safetyRegion, municipality, category, gender, ageGroup, "
                   "citizenship, foreign, sourceKind.");
}

static void read_filter(struct released_query *query, enum dimension d, struct str value,
                        const struct municipalities *municipalities) {
    if (value.len >= COUNTS_LABEL_MAX || !dimension_has_label(d, value, municipalities)) {
        note_fault(query, dimension_name(d), d < DIM_YEAR ? FAULT_UNKNOWN_WORD : FAULT_BAD_DATE,
                   "No statistic can have this value: GET /v1/codes has the codes and words; a "
                   "year is written 2017, a month 2017-03.");
        return;
    }
    query->filtered |= 1u << d;
    memcpy(query->labels[d], value.data, value.len);
}

static void read_form(struct released_query *query, struct str value) {
    static const char *const forms[] = {
        [RELEASED_JSON] = "json", [RELEASED_CSV] = "csv", [RELEASED_EXCEL] = "excel"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (str_is(value, forms[i])) {
            query->form = (enum released_form)i;
            return;
        }
    note_fault(query, "format", FAULT_UNKNOWN_WORD, "format: json, csv or excel.");
}

static void read_language(struct released_query *query, struct str value) {
    query->dutch = str_is(value, "nl");
    if (!query->dutch && !str_is(value, "en"))
        note_fault(query, "lang", FAULT_UNKNOWN_WORD, "lang: nl or en.");
}

static void read_measure(struct released_query *query, struct str value) {
    query->measure = str_is(value, "signals")          ? "signals"
                     : str_is(value, "municipalities") ? "municipalities"
                                                       : NULL;
    if (!query->measure)
        note_fault(query, "measure", FAULT_UNKNOWN_WORD, "measure: signals or municipalities.");
}

struct released_reading {
    struct released_query *query;
    const struct municipalities *municipalities;
    bool strange;
};

static void on_parameter(void *ctx, struct str name, struct str value) {
    struct released_reading *reading = ctx;
    struct released_query *query = reading->query;
    enum dimension d;
    if (query->is_codes)
        reading->strange = true;
    else if (str_is(name, "by"))
        read_by(query, value);
    else if (str_is(name, "format"))
        read_form(query, value);
    else if (str_is(name, "lang"))
        read_language(query, value);
    else if (str_is(name, "measure"))
        read_measure(query, value);
    else if (dimension_from_name(name, &d) && has_dimension(d))
        read_filter(query, d, value, reading->municipalities);
    else if (!str_is(name, "period"))
        reading->strange = true;
    else if (!period_parse(value, &query->period))
        note_fault(query, "period", FAULT_BAD_DATE,
                   "period: a year (2017), a month (2017-03) or a range of them (2016..2018), from "
                   "2000 on.");
}

static void check_margin(struct released_query *query) {
    const uint32_t all = query->by | query->filtered, by = all & ~(uint32_t)TIMES;
    const bool years = !(all >> DIM_MONTH & 1) && statistics_has_margin(DIM_YEAR, by);
    const bool months = !(all >> DIM_YEAR & 1) && statistics_has_margin(DIM_MONTH, by);
    if (!years && !months)
        note_fault(query, "by", FAULT_UNKNOWN_WORD, MARGINS_TEXT);
}

void released_read_query(struct http_request *request, const struct municipalities *municipalities,
                         struct released_query *query) {
    struct released_reading reading = {.query = query, .municipalities = municipalities};
    struct str accept = http_header_value(request, "Accept");
    struct str language = http_header_value(request, "Accept-Language");
    if (accept_type(accept, "text/csv") > accept_type(accept, "application/json"))
        query->form = RELEASED_CSV;
    query->dutch = accept_language(language, "nl") >= accept_language(language, "en");
    http_query_each(request, on_parameter, &reading);
    if (reading.strange)
        note_fault(query, NULL, FAULT_UNKNOWN_WORD,
                   query->is_codes ? "There are no parameters here."
                                   : "There is a parameter that is none of these: by, measure, "
                                     "period, format, lang, and the dimensions as filters.");
    if (query->by_given && !query->fault_count)
        check_margin(query);
    if (query->by_given && !query->measure)
        query->measure = "signals";
}

// Of whole years a period has those that lie in it with all their months.
static bool is_in_period(const struct period *period, const struct statistic_part *when) {
    struct period own;
    return period_parse(when->label, &own) && own.from >= period->from &&
           (!period->behind || own.behind <= period->behind);
}

bool released_is_asked(const struct released_query *query, const struct statistic_key *key) {
    uint32_t has = 0;
    for (size_t i = 0; i < key->count; i++) {
        const enum dimension d = key->parts[i].dimension;
        has |= 1u << d;
        if (query->filtered >> d & 1 && !str_is(key->parts[i].label, query->labels[d]))
            return false;
    }
    const uint32_t asked = query->by | query->filtered;
    if ((asked & ~has) || (query->by_given && (has & ~asked & ~(uint32_t)TIMES)))
        return false;
    return (!query->measure || str_is(key->measure, query->measure)) &&
           is_in_period(&query->period, &key->parts[0]);
}
