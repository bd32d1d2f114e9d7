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

static void put_name(struct json_out *json, const struct municipalities *all, enum dimension d,
                     const char *label) {
    if (d == DIM_MUNICIPALITY) {
        uint64_t code;
        const struct municipality *m = NULL;
        if (strncmp(label, "GM", 2) == 0 && str_to_u64(str_from(label + 2), UINT16_MAX, &code))
            m = municipalities_by_code(all, (uint16_t)code);
        if (m)
            json_put_text(json, label, m->name);
        return;
    }
    for (size_t i = 0; i < municipalities_count(all); i++) {
        const struct municipality *m = municipalities_at(all, i);
        uint64_t code;
        if (strncmp(label, "PV", 2) == 0 && str_to_u64(str_from(label + 2), 99, &code) &&
            m->province == code) {
            json_put_text(json, label, m->province_name);
            return;
        }
    }
}

// The names of the codes in the lines, each once. Lines are sorted, so in each column equal labels
// of the first dimension stand together; of the others each is looked for.
static void put_names(struct json_out *json, const struct municipalities *all,
                      const struct counts_query *query, const struct counts_line *lines,
                      size_t count) {
    json_key(json, "names");
    json_open(json, '{');
    for (size_t b = 0; b < query->by_count; b++) {
        if (query->by[b] != DIM_MUNICIPALITY && query->by[b] != DIM_PROVINCE)
            continue;
        for (size_t i = 0; i < count; i++) {
            bool seen = false;
            for (size_t k = i; k > 0 && !seen; k--)
                seen = strcmp(lines[k - 1].labels[b], lines[i].labels[b]) == 0;
            if (!seen)
                put_name(json, all, query->by[b], lines[i].labels[b]);
        }
    }
    json_close(json, '}');
}

static void put_answer(struct json_out *json, const struct municipalities *all,
                       const struct counts_query *query, const struct counts_line *lines,
                       size_t count, int64_t total) {
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
    for (size_t i = 0; i < count; i++) {
        json_open(json, '{');
        for (size_t b = 0; b < query->by_count; b++)
            json_put_text(json, dimension_name(query->by[b]), lines[i].labels[b]);
        json_put_i64(json, "signals", lines[i].signals);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_put_i64(json, "total", total);
    put_names(json, all, query, lines, count);
    json_close(json, '}');
}

void control_counts(struct control *control, struct http_request *request) {
    const struct municipalities *all = control->tables->municipalities;
    struct asking asking = {.municipalities = all};
    http_query_each(request, on_parameter, &asking);
    if (asking.fault) {
        control_problem(request, 400, asking.fault);
        return;
    }
    struct counts_line *lines;
    size_t count;
    int64_t total;
    struct http_reply reply = {0};
    struct json_out json = {.buf = reply_body(&reply, 200, "application/json")};
    counts_run(books_counts(control->options.books), all, &asking.query, &lines, &count, &total);
    put_answer(&json, all, &asking.query, lines, count, total);
    free(lines);
    http_send(request, &reply);
}
