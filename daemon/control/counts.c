// SPDX-License-Identifier: EUPL-1.2
// GET /v1/counts?by=province,category&period=2017&gender=Masculine: the count cube, exact, for the
// local socket only.
#include "control_query.h"

#include <stdlib.h>

static void put_line(struct json_out *json, const struct counts_query *query,
                     const struct counts_line *line) {
    json_open(json, '{');
    for (size_t b = 0; b < query->by_count; b++)
        json_put_text(json, dimension_name(query->by[b]), line->labels[b]);
    json_put_i64(json, "signals", line->signals);
    json_put_i64(json, "persons", line->persons);
    json_close(json, '}');
}

static void put_answer(struct json_out *json, const struct control_query *query,
                       const struct counts_answer *answer) {
    json_open(json, '{');
    control_query_put(json, query);
    json_open_key(json, "lines", '[');
    for (size_t i = 0; i < answer->count; i++)
        put_line(json, &query->counts, &answer->lines[i]);
    json_close(json, ']');
    json_put_i64(json, "total", answer->signals);
    json_put_i64(json, "persons", answer->persons);
    struct control_names names = {0};
    for (size_t i = 0; i < answer->count; i++)
        control_names_note_labels(&names, &query->counts, answer->lines[i].labels);
    control_names_put(json, &names, query->municipalities);
    json_close(json, '}');
}

static void work_out_counts(const struct control_ground *ground, void *ctx,
                            struct http_reply *reply) {
    const struct control_query *query = ctx;
    struct counts_answer answer;
    struct ledger_cube cube;
    if (ledger_read_cube(ground->ledger, &cube)) {
        struct json_out json = {.buf = reply_body(reply, 200, "application/json")};
        counts_run(cube.counts, cube.persons, query->municipalities, &query->counts, &answer);
        put_answer(&json, query, &answer);
        free(answer.lines);
    } else {
        problem_fill(reply, 503, CONTROL_UNREADABLE);
    }
    ledger_cube_free(&cube);
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
