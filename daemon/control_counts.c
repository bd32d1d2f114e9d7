// SPDX-License-Identifier: EUPL-1.2
// GET /v1/counts?by=province,category&period=2017&gender=Masculine: the count cube, exact, for the
// local socket only.
#include "control_private.h"

#include "codec/event.h"

#include <stdlib.h>
#include <string.h>

struct asking {
    const struct municipalities *municipalities;
    struct counts_query query;
    const char *fault; // what is wrong with the request; NULL: nothing
};

static void add_by(struct asking *asking, struct str list) {
    struct str name;
    while (str_split(&list, ',', &name)) {
        if (asking->query.by_count == COUNTS_BY_MAX)
            asking->fault = "by: at most 3 dimensions.";
        else if (!dimension_from_name(name, &asking->query.by[asking->query.by_count++]))
            asking->fault = "by: the dimensions are municipality, province, policeUnit, "
                            "safetyRegion, category, "
                            "gender, ageGroup, citizenship, sourceKind, status, year, month.";
    }
}

static void add_filter(struct asking *asking, enum dimension dimension, struct str value) {
    if (asking->query.filter_count == COUNTS_FILTER_MAX || value.len >= COUNTS_LABEL_MAX) {
        asking->fault = "Too many filters, or one that is too long.";
        return;
    }
    if (!dimension_has_label(dimension, value, asking->municipalities)) {
        asking->fault = "A filter has a value that no signal can have: codes and words are those "
                        "of the answers, "
                        "such as GM0363, PV27, VR13, Masculine, SexualExploitation or unknown.";
        return;
    }
    struct counts_filter *filter = &asking->query.filters[asking->query.filter_count++];
    filter->dimension = dimension;
    memcpy(filter->value, value.data, value.len);
}

// "2017" or "2017-03".
static void add_period(struct asking *asking, struct str value) {
    add_filter(asking, value.len == 4 ? DIM_YEAR : DIM_MONTH, value);
    if (asking->fault)
        asking->fault = "period: a year (2017) or a month (2017-03).";
}

static void on_parameter(void *ctx, struct str name, struct str value) {
    struct asking *asking = ctx;
    enum dimension dimension;
    if (asking->fault)
        return;
    if (str_is(name, "by"))
        add_by(asking, value);
    else if (str_is(name, "period"))
        add_period(asking, value);
    else if (dimension_from_name(name, &dimension))
        add_filter(asking, dimension, value);
    else
        asking->fault = "Parameters are by, period, and the dimensions as filters.";
}

enum { MUNICIPALITY_CODES = 10000, PROVINCE_CODES = 100 };

// Codes whose name stands there already, by their digits.
struct named {
    bool municipalities[MUNICIPALITY_CODES], provinces[PROVINCE_CODES];
};

// Is it a code ("GM0363") that is seen for the first time? Says its digits.
static bool is_new_code(const char *label, const char *letters, bool *seen, uint64_t count,
                        uint64_t *digits) {
    if (strncmp(label, letters, 2) != 0 || !str_to_u64(str_from(label + 2), count - 1, digits) ||
        seen[*digits])
        return false;
    seen[*digits] = true;
    return true;
}

static void name_municipality(struct json_out *json, const struct municipalities *all,
                              const char *label, bool *seen) {
    uint64_t code;
    if (!is_new_code(label, "GM", seen, MUNICIPALITY_CODES, &code))
        return;
    const struct municipality *m = municipalities_by_code(all, (uint16_t)code);
    if (m)
        json_put_text(json, label, m->name);
}

static void name_province(struct json_out *json, const struct municipalities *all,
                          const char *label, bool *seen) {
    uint64_t code;
    if (!is_new_code(label, "PV", seen, PROVINCE_CODES, &code))
        return;
    for (size_t i = 0; i < municipalities_count(all); i++) {
        const struct municipality *m = municipalities_at(all, i);
        if (m->province == code) {
            json_put_text(json, label, m->province_name);
            return;
        }
    }
}

// The names of the codes in the lines, each once.
static void put_names(struct json_out *json, const struct municipalities *all,
                      const struct counts_query *query, const struct counts_answer *answer) {
    struct named named = {0};
    json_key(json, "names");
    json_open(json, '{');
    for (size_t b = 0; b < query->by_count; b++)
        for (size_t i = 0; i < answer->count; i++)
            if (query->by[b] == DIM_MUNICIPALITY)
                name_municipality(json, all, answer->lines[i].labels[b], named.municipalities);
            else if (query->by[b] == DIM_PROVINCE)
                name_province(json, all, answer->lines[i].labels[b], named.provinces);
    json_close(json, '}');
}

static void put_line(struct json_out *json, const struct counts_query *query,
                     const struct counts_line *line) {
    json_open(json, '{');
    for (size_t b = 0; b < query->by_count; b++)
        json_put_text(json, dimension_name(query->by[b]), line->labels[b]);
    json_put_i64(json, "signals", line->signals);
    json_put_i64(json, "persons", line->persons);
    json_close(json, '}');
}

static void put_answer(struct json_out *json, const struct municipalities *all,
                       const struct counts_query *query, const struct counts_answer *answer) {
    json_open(json, '{');
    json_key(json, "by");
    json_open(json, '[');
    for (size_t i = 0; i < query->by_count; i++)
        json_text(json, dimension_name(query->by[i]));
    json_close(json, ']');
    json_key(json, "filters");
    json_open(json, '{');
    for (size_t i = 0; i < query->filter_count; i++)
        json_put_text(json, dimension_name(query->filters[i].dimension), query->filters[i].value);
    json_close(json, '}');
    json_key(json, "lines");
    json_open(json, '[');
    for (size_t i = 0; i < answer->count; i++)
        put_line(json, query, &answer->lines[i]);
    json_close(json, ']');
    json_put_i64(json, "total", answer->signals);
    json_put_i64(json, "persons", answer->persons);
    put_names(json, all, query, answer);
    json_close(json, '}');
}

static struct asking take_query(const struct control *control, struct http_request *request) {
    struct asking asking = {.municipalities = control->tables->municipalities};
    http_query_each(request, on_parameter, &asking);
    return asking;
}

// "by=province,category gender=Masculine"
void control_counts_about(const struct control *control, struct http_request *request,
                          struct buf *object) {
    struct asking asking = take_query(control, request);
    const struct counts_query *query = &asking.query;
    if (asking.fault)
        return;
    for (size_t i = 0; i < query->by_count; i++)
        buf_printf(object, "%s%s", i ? "," : "by=", dimension_name(query->by[i]));
    for (size_t i = 0; i < query->filter_count; i++)
        buf_printf(object, "%s%s=%s", object->len ? " " : "",
                   dimension_name(query->filters[i].dimension), query->filters[i].value);
}

void control_counts(struct control *control, struct http_request *request) {
    const struct municipalities *all = control->tables->municipalities;
    struct asking asking = take_query(control, request);
    if (asking.fault) {
        control_problem(request, 400, asking.fault);
        return;
    }
    struct counts_answer answer;
    struct http_reply reply = {0};
    struct json_out json = {.buf = reply_body(&reply, 200, "application/json")};
    counts_run(books_counts(control->options.books), books_persons(control->options.books), all,
               &asking.query, &answer);
    put_answer(&json, all, &asking.query, &answer);
    free(answer.lines);
    control_send(request, &reply);
}
