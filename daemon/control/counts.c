// SPDX-License-Identifier: EUPL-1.2
// GET /v1/counts?by=province,category&period=2017&gender=Masculine: the count cube, exact, for the
// local socket only. GET /v1/overlap asks the same of persons, by the set of kinds of source that
// know them.
#include "control_query.h"

#include "base/mem.h"

#include <stdlib.h>

static void put_kinds(struct json_out *json, unsigned kinds) {
    json_open_key(json, "kinds", '[');
    for (int kind = 0; kind < SOURCE_KIND_COUNT; kind++)
        if (kinds >> kind & 1)
            json_text(json, source_kind_name((enum source_kind)kind));
    json_close(json, ']');
}

static void put_line(struct json_out *json, const struct control_query *asked,
                     const struct counts_line *line) {
    const struct counts_query *query = &asked->counts;
    json_open(json, '{');
    for (size_t b = 0; b < query->by_count; b++)
        json_put_text(json, dimension_name(query->by[b]), line->labels[b]);
    if (query->by_kinds)
        put_kinds(json, line->kinds);
    else
        json_put_i64(json, "signals", line->signals);
    json_put_i64(json, "persons", line->persons);
    if (query->by_kinds)
        json_put_i64(json, "nameless", line->nameless);
    else
        control_query_put_rate(json, asked, query, *line->labels, line->signals);
    json_close(json, '}');
}

// --- the stream ---

enum { PIECE_LINES = 64, PIECE_BYTES_MAX = 1 << 20, OVERLAP_LINES_MAX = 100000 };

// On the loop: what takes long has been done. The query is kept with the question.
struct counts_stream {
    const struct control_query *query;
    struct counting *run;
    struct control_lines text;
    struct json_out json;
    bool ended;
};

static void note_label(void *ctx, struct str label) {
    control_names_note(ctx, label);
}

// All but the lines, so that they can be shown as they come; each is on a line of its own.
static void put_head(struct counts_stream *stream) {
    struct json_out *json = &stream->json;
    struct control_names names = {0};
    json_open(json, '{');
    control_query_put(json, stream->query);
    if (!stream->query->counts.by_kinds)
        json_put_i64(json, "total", counts_run_signals(stream->run));
    json_put_i64(json, "persons", counts_run_persons(stream->run));
    if (stream->query->counts.by_kinds)
        json_put_i64(json, "nameless", counts_run_nameless(stream->run));
    counts_run_labels(stream->run, note_label, &names);
    control_names_put(json, &names, stream->query->municipalities);
    json_open_key(json, "lines", '[');
    buf_putc(json->buf, '\n');
}

static void put_end(struct counts_stream *stream) {
    json_close(&stream->json, ']');
    json_close(&stream->json, '}');
    buf_putc(stream->json.buf, '\n');
    stream->ended = true;
}

static void put_piece(struct counts_stream *stream) {
    struct counts_line line;
    for (int i = 0; i < PIECE_LINES; i++) {
        if (!counts_run_next(stream->run, &line)) {
            put_end(stream);
            return;
        }
        put_line(&stream->json, stream->query, &line);
        buf_putc(stream->json.buf, '\n');
    }
}

static ssize_t pull(void *ctx, char *out, size_t max) {
    struct counts_stream *stream = ctx;
    if (control_lines_sent(&stream->text) && !stream->ended)
        put_piece(stream);
    size_t n = control_lines_take(&stream->text, out, max);
    return n > 0 ? (ssize_t)n : -1;
}

static void closed(void *ctx) {
    struct counts_stream *stream = ctx;
    counts_run_free(stream->run);
    buf_free(&stream->text.buf);
    free(stream);
}

static void add_cell(void *ctx, const struct cell *cell, int64_t number) {
    counts_run_add(ctx, cell, number);
}

static void add_linked(void *ctx, uint64_t person, const struct cell *cell) {
    counts_run_add_linked(ctx, person, cell);
}

static void work_out_counts(const struct control_ground *ground, void *ctx,
                            struct http_reply *reply) {
    const struct control_query *query = ctx;
    const struct ledger_cube_reader reader = {
        .cell = add_cell, .linked = add_linked, .alone = query->counts.by_kinds};
    struct counting *run = counts_run_begin(query->municipalities, &query->counts);
    if (!ledger_each_cell(ground->ledger, &reader, run)) {
        problem_fill(reply, 503, CONTROL_UNREADABLE);
        counts_run_free(run);
        return;
    }
    counts_run_end(run);
    if (query->counts.by_kinds && counts_run_lines_max(run) > OVERLAP_LINES_MAX) {
        problem_fill(reply, 400,
                     "The answer would have more than 100000 lines: ask for a shorter period, or "
                     "by less.");
        counts_run_free(run);
        return;
    }
    struct counts_stream *stream = mem_zalloc(1, sizeof *stream);
    stream->query = query;
    stream->run = run;
    buf_init(&stream->text.buf, PIECE_BYTES_MAX);
    stream->json.buf = &stream->text.buf;
    put_head(stream);
    reply->status = 200;
    reply->content_type = "application/json";
    *ground->behind = (struct http_stream_source){.pull = pull, .closed = closed, .ctx = stream};
}

void control_counts_about(const struct control *control, struct http_request *request,
                          struct buf *object) {
    struct control_query query;
    control_query_take(control, request, false, &query);
    control_query_about(&query, object);
}

void control_counts(struct control *control, struct http_request *request) {
    struct control_query query;
    control_query_take(control, request, false, &query);
    if (query.fault) {
        control_problem(request, 400, query.fault);
        return;
    }
    control_ask(control, request, work_out_counts, control_query_keep(&query));
}

// By kinds, a set of one kind each: nothing would overlap.
static bool asks_kind(const struct counts_query *counts) {
    for (size_t i = 0; i < counts->by_count; i++)
        if (counts->by[i] == DIM_SOURCE_KIND)
            return true;
    for (size_t i = 0; i < counts->filter_count; i++)
        if (counts->filters[i].dimension == DIM_SOURCE_KIND)
            return true;
    return false;
}

void control_overlap(struct control *control, struct http_request *request) {
    struct control_query query;
    control_query_take(control, request, false, &query);
    if (!query.fault && asks_kind(&query.counts))
        query.fault = "sourceKind is what overlaps: it is neither in by nor a filter.";
    if (query.fault) {
        control_problem(request, 400, query.fault);
        return;
    }
    query.counts.by_kinds = true;
    control_ask(control, request, work_out_counts, control_query_keep(&query));
}
