// SPDX-License-Identifier: EUPL-1.2
// Reads the parameters of a question about counts or a trend, writes them into its audit line and
// answers with what was asked. The first fault is kept and the parameters after it are not looked
// at, so that one answer names one fault. A name of a municipality or province is written once in
// an answer, however many lines have its code.
#include "control_query.h"

#include "codec/event.h"
#include "core/cube/inhabitants.h"
#include "core/cube/trend.h"

#include <stdio.h>
#include <string.h>

#define DIMENSIONS_TEXT                                                                            \
    "municipality, province, policeUnit, safetyRegion, category, gender, ageGroup, citizenship, "  \
    "foreign, sourceKind, status"

static bool is_time(enum dimension dimension) {
    return dimension == DIM_YEAR || dimension == DIM_MONTH;
}

static bool has_by(const struct counts_query *counts, enum dimension dimension) {
    for (size_t i = 0; i < counts->by_count; i++)
        if (counts->by[i] == dimension)
            return true;
    return false;
}

static void add_by(struct control_query *query, struct str list) {
    size_t max = query->trend ? TREND_BY_MAX : COUNTS_BY_MAX;
    enum dimension dimension;
    struct str name;
    while (str_split(&list, ',', &name) && !query->fault) {
        if (!dimension_from_name(name, &dimension) || (query->trend && is_time(dimension)))
            query->fault = query->trend ? "by: the dimensions are " DIMENSIONS_TEXT "."
                                        : "by: the dimensions are " DIMENSIONS_TEXT
                                          ", year, month.";
        else if (has_by(&query->counts, dimension))
            query->fault = "by: each dimension once.";
        else if (query->counts.by_count == max)
            query->fault = query->trend ? "by: at most 2 dimensions." : "by: at most 3 dimensions.";
        else
            query->counts.by[query->counts.by_count++] = dimension;
    }
}

static bool has_filter(const struct counts_query *counts, enum dimension dimension) {
    for (size_t i = 0; i < counts->filter_count; i++)
        if (counts->filters[i].dimension == dimension)
            return true;
    return false;
}

static void add_filter(struct control_query *query, enum dimension dimension, struct str value) {
    struct counts_query *counts = &query->counts;
    if (has_filter(counts, dimension)) {
        query->fault = "Each dimension is a filter once only.";
        return;
    }
    if (counts->filter_count == COUNTS_FILTER_MAX || value.len >= COUNTS_LABEL_MAX) {
        query->fault = "Too many filters, or one that is too long.";
        return;
    }
    if (!dimension_has_label(dimension, value, query->municipalities)) {
        query->fault = "A filter has a value that no signal can have: codes and words are those "
                       "of the answers, "
                       "such as GM0363, PV27, VR13, Masculine, SexualExploitation or unknown.";
        return;
    }
    struct counts_filter *filter = &counts->filters[counts->filter_count++];
    filter->dimension = dimension;
    memcpy(filter->value, value.data, value.len);
}

static void set_period(struct control_query *query, struct str value) {
    if (period_has_end(&query->counts.period))
        query->fault = "period: once only; a range is written 2016..2018.";
    else if (!period_parse(value, &query->counts.period))
        query->fault = CONTROL_PERIOD_FAULT;
}

static void set_per(struct control_query *query, struct str value) {
    query->by_month = str_is(value, "month");
    if (!query->by_month && !str_is(value, "year"))
        query->fault = "per: year or month.";
}

static void set_rate(struct control_query *query, struct str value) {
    query->rate = str_is(value, "yes");
    if (!query->rate && !str_is(value, "no"))
        query->fault = "rate: yes or no.";
}

static void on_parameter(void *ctx, struct str name, struct str value) {
    struct control_query *query = ctx;
    enum dimension dimension;
    if (query->fault)
        return;
    if (str_is(name, "by"))
        add_by(query, value);
    else if (str_is(name, "period"))
        set_period(query, value);
    else if (str_is(name, "rate"))
        set_rate(query, value);
    else if (query->trend && str_is(name, "per"))
        set_per(query, value);
    else if (dimension_from_name(name, &dimension) && !(query->trend && is_time(dimension)))
        add_filter(query, dimension, value);
    else
        query->fault = query->trend
                           ? "Parameters are by, per, period, rate, and the dimensions as filters "
                             "but year and "
                             "month: a trend of some years or months has a period."
                           : "Parameters are by, period, rate, and the dimensions as filters.";
}

void control_query_take(const struct control *control, struct http_request *request, bool trend,
                        struct control_query *out) {
    *out =
        (struct control_query){.municipalities = control->tables->municipalities, .trend = trend};
    http_query_each(request, on_parameter, out);
    if (!out->fault && trend && !out->by_month && !period_is_whole_years(&out->counts.period))
        out->fault = "period: a trend per year needs whole years; there is per month too.";
}

void control_query_put_rate(struct json_out *json, const struct control_query *query,
                            const struct counts_query *counts, const char *labels,
                            int64_t signals) {
    char rate[INHABITANTS_RATE_MAX];
    if (!query->rate)
        return;
    const uint16_t present = period_month_of_day(time_amsterdam_day(loop_wall_ms()));
    uint64_t inhabitants = inhabitants_of_line(query->municipalities, counts, labels, present);
    if (!inhabitants)
        return;
    inhabitants_rate(signals, inhabitants, '.', rate);
    json_put_u64(json, "inhabitants", inhabitants);
    json_key(json, "rate");
    json_raw(json, str_from(rate));
}

struct control_query *control_query_keep(const struct control_query *query) {
    struct control_query *copy = mem_alloc(sizeof *copy);
    *copy = *query;
    return copy;
}

void control_query_about(const struct control_query *query, struct buf *object) {
    const struct counts_query *counts = &query->counts;
    char period[PERIOD_TEXT_MAX];
    if (query->fault)
        return;
    if (query->trend)
        buf_puts(object, query->by_month ? "per=month" : "per=year");
    for (size_t i = 0; i < counts->by_count; i++)
        buf_printf(object, "%s%s",
                   i             ? ","
                   : object->len ? " by="
                                 : "by=",
                   dimension_name(counts->by[i]));
    if (period_has_end(&counts->period)) {
        period_format(&counts->period, period);
        buf_printf(object, "%speriod=%s", object->len ? " " : "", period);
    }
    for (size_t i = 0; i < counts->filter_count; i++)
        buf_printf(object, "%s%s=%s", object->len ? " " : "",
                   dimension_name(counts->filters[i].dimension), counts->filters[i].value);
}

void control_query_put(struct json_out *json, const struct control_query *query) {
    const struct counts_query *counts = &query->counts;
    char period[PERIOD_TEXT_MAX];
    json_open_key(json, "by", '[');
    for (size_t i = 0; i < counts->by_count; i++)
        json_text(json, dimension_name(counts->by[i]));
    json_close(json, ']');
    json_open_key(json, "filters", '{');
    if (period_has_end(&counts->period)) {
        period_format(&counts->period, period);
        json_put_text(json, "period", period);
    }
    for (size_t i = 0; i < counts->filter_count; i++)
        json_put_text(json, dimension_name(counts->filters[i].dimension), counts->filters[i].value);
    json_close(json, '}');
}

// A code of these letters ("GM0363") needs a name.
static void note_code(struct str label, const char *letters, bool *seen, uint64_t count) {
    uint64_t digits;
    if (label.len > 2 && memcmp(label.data, letters, 2) == 0 &&
        str_to_u64((struct str){label.data + 2, label.len - 2}, count - 1, &digits))
        seen[digits] = true;
}

void control_names_note(struct control_names *names, struct str label) {
    note_code(label, "GM", names->municipalities, CONTROL_MUNICIPALITY_CODES);
    note_code(label, "PV", names->provinces, CONTROL_PROVINCE_CODES);
}

void control_names_note_labels(struct control_names *names, const struct counts_query *counts,
                               char labels[][COUNTS_LABEL_MAX]) {
    for (size_t i = 0; i < counts->by_count; i++)
        control_names_note(names, str_from(labels[i]));
}

void control_names_put(struct json_out *json, struct control_names *names,
                       const struct municipalities *all) {
    char code[EVENT_CODE_MAX];
    json_open_key(json, "names", '{');
    for (size_t i = 0; i < municipalities_count(all); i++) {
        const struct municipality *m = municipalities_at(all, i);
        event_municipality_code(m->code, code);
        if (names->municipalities[m->code])
            json_put_text(json, code, m->name);
        (void)snprintf(code, sizeof code, "PV%02u", m->province);
        if (names->provinces[m->province])
            json_put_text(json, code, m->province_name);
        names->provinces[m->province] = false;
    }
    json_close(json, '}');
}
