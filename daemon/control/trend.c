// SPDX-License-Identifier: EUPL-1.2
// GET /v1/trend?by=category&per=year&period=2015..2018&gender=Masculine: counts by period with
// their changes, exact, for the local socket only.
#include "core/cube/trend.h"
#include "control_query.h"

#include <stdio.h>
#include <stdlib.h>

// 100.0 for 1000. JSON has no other form for it.
static void put_percent(struct json_out *json, int64_t tenths) {
    char text[48];
    long long size = tenths < 0 ? -tenths : tenths;
    int len =
        snprintf(text, sizeof text, "%s%lld.%lld", tenths < 0 ? "-" : "", size / 10, size % 10);
    json_key(json, "percent");
    json_raw(json, (struct str){text, (size_t)len});
}

// `labels` are of the series; NULL: of the total.
static void put_rate(struct json_out *json, const struct control_query *query,
                     const struct trend *trend, const struct trend_point *point,
                     const char *labels) {
    struct counts_query counts = query->counts;
    counts.by_count = labels ? counts.by_count : 0;
    counts.period = (struct period){point->month, (uint16_t)(point->month + trend->step)};
    control_query_put_rate(json, query, &counts, labels, point->signals);
}

static void put_points(struct json_out *json, const struct control_query *query,
                       const struct trend *trend, const struct trend_point *points,
                       const char *labels) {
    char label[PERIOD_TEXT_MAX];
    json_open(json, '[');
    for (size_t i = 0; i < trend->point_count; i++) {
        const struct trend_point *point = &points[i];
        trend_label(trend, point, label);
        json_open(json, '{');
        json_put_text(json, "period", label);
        json_put_i64(json, "signals", point->signals);
        json_put_i64(json, "persons", point->persons);
        put_rate(json, query, trend, point, labels);
        if (point->partial)
            json_put_bool(json, "partial", true);
        if (point->compared)
            json_put_i64(json, "change", point->change);
        if (point->has_percent)
            put_percent(json, point->percent);
        if (point->compared)
            json_put_bool(json, "beyondChance", point->beyond_chance);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_series(struct json_out *json, const struct control_query *query,
                       const struct trend *trend) {
    json_open_key(json, "series", '[');
    for (size_t i = 0; i < trend->count; i++) {
        json_open(json, '{');
        for (size_t b = 0; b < query->counts.by_count; b++)
            json_put_text(json, dimension_name(query->counts.by[b]), trend->series[i].labels[b]);
        json_key(json, "points");
        put_points(json, query, trend, trend->series[i].points, *trend->series[i].labels);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_end(struct json_out *json, const char *key, const struct trend *trend,
                    size_t point) {
    char label[PERIOD_TEXT_MAX];
    if (trend->point_count)
        trend_label(trend, &trend->total[point], label);
    json_put_text(json, key, trend->point_count ? label : NULL);
}

static void put_answer(struct json_out *json, const struct control_query *query,
                       const struct trend *trend) {
    json_open(json, '{');
    control_query_put(json, query);
    json_put_text(json, "per", query->by_month ? "month" : "year");
    put_end(json, "from", trend, 0);
    put_end(json, "to", trend, trend->point_count - 1);
    put_series(json, query, trend);
    json_key(json, "total");
    put_points(json, query, trend, trend->total, NULL);
    struct control_names names = {0};
    for (size_t i = 0; i < trend->count; i++)
        control_names_note_labels(&names, &query->counts, trend->series[i].labels);
    control_names_put(json, &names, query->municipalities);
    json_put_i64(json, "smallBase", TREND_SMALL_BASE);
    json_close(json, '}');
}

// By period, split and in total: two runs over the same cells.
struct trend_run {
    struct counts_query queries[2];
    struct counting *runs[2];
};

static void add_cell(void *ctx, const struct cell *cell, int64_t number) {
    const struct trend_run *trend = ctx;
    for (int i = 0; i < 2; i++)
        counts_run_add(trend->runs[i], cell, number);
}

static void add_linked(void *ctx, uint64_t person, const struct cell *cell) {
    const struct trend_run *trend = ctx;
    for (int i = 0; i < 2; i++)
        counts_run_add_linked(trend->runs[i], person, cell);
}

static void begin_run(struct trend_run *trend, const struct control_query *query) {
    const enum dimension period = query->by_month ? DIM_MONTH : DIM_YEAR;
    for (int i = 0; i < 2; i++) {
        struct counts_query *counts = &trend->queries[i];
        *counts = query->counts;
        counts->by_count = i == 0 ? query->counts.by_count : 0;
        counts->by[counts->by_count++] = period;
        trend->runs[i] = counts_run_begin(query->municipalities, counts);
    }
}

static bool make_trend(const struct trend_run *run, const struct control_query *query,
                       struct trend *trend) {
    struct counts_answer split, total;
    const struct trend_question question = {
        .by_count = query->counts.by_count,
        .by_month = query->by_month,
        .period = query->counts.period,
        .present = period_month_of_day(time_amsterdam_day(loop_wall_ms()))};
    counts_run_take(run->runs[0], &split);
    counts_run_take(run->runs[1], &total);
    bool made = trend_make(&question, &split, &total, trend);
    free(split.lines);
    free(total.lines);
    return made;
}

static void work_out_trend(const struct control_ground *ground, void *ctx,
                           struct http_reply *reply) {
    static const struct ledger_cube_reader reader = {.cell = add_cell, .linked = add_linked};
    const struct control_query *query = ctx;
    struct trend_run run;
    struct trend trend;
    begin_run(&run, query);
    bool read = ledger_each_cell(ground->ledger, &reader, &run);
    bool made = make_trend(&run, query, &trend);
    if (!read) {
        problem_fill(reply, 503, CONTROL_UNREADABLE);
    } else if (!made) {
        problem_fill(reply, 400,
                     "The answer would have more than 200000 points: ask for a shorter period, for "
                     "years, or by less.");
    } else {
        struct json_out json = {.buf = reply_body(reply, 200, "application/json")};
        put_answer(&json, query, &trend);
    }
    if (made)
        trend_free(&trend);
}

void control_trend_about(const struct control *control, struct http_request *request,
                         struct buf *object) {
    struct control_query query;
    control_query_take(control, request, true, &query);
    control_query_about(&query, object);
}

void control_trend(struct control *control, struct http_request *request) {
    struct control_query query;
    control_query_take(control, request, true, &query);
    if (query.fault)
        control_problem(request, 400, query.fault);
    else
        control_ask(control, request, work_out_trend, control_query_keep(&query));
}
