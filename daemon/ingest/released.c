// SPDX-License-Identifier: EUPL-1.2
// The way of a request for figures: anybody may ask, where disclosure.public says so, each address
// so often in a minute. What is asked is read on the loop and answered on a worker that gives way
// to others; the pipeline waits for it, so at a stop it is answered before the ledger closes. Two
// addresses may share a place in the table of rates: its size is fixed, whoever asks.
#include "released_private.h"

#include "api/etag.h"
#include "base/mem.h"
#include "config/config.h"
#include "core/tables/tables.h"
#include "ingest/pipeline.h"

#include <stdlib.h>

enum { MINUTE_MS = 60000 };

struct released_question {
    struct released *released;
    struct http_request *request;
    struct tables *tables; // a reference
    struct released_query query;
    uint32_t rounding_base; // in force
    int64_t now_ms;
    struct http_reply reply;
    char etag[ETAG_MAX];
};

// 0, or in how many seconds the address may ask again.
static uint32_t address_wait_s(struct released *released, const struct http_request *request,
                               int64_t now_ms) {
    const uint32_t per_minute = released->config->disclosure_requests_per_minute;
    if (!per_minute)
        return 0;
    int64_t *due_ms = &released->due_ms[http_peer_place(request, RELEASED_RATE_BITS)];
    const int64_t each_ms = MINUTE_MS / per_minute, from_ms = *due_ms > now_ms ? *due_ms : now_ms;
    const int64_t over_ms = from_ms - now_ms - (MINUTE_MS - each_ms);
    if (over_ms > 0)
        return (uint32_t)(over_ms / 1000 + 1);
    *due_ms = from_ms + each_ms;
    return 0;
}

static const char *type_of(enum released_form form) {
    return form == RELEASED_JSON ? "application/json" : "text/csv; charset=utf-8; header=present";
}

static void work_out(void *ctx) {
    struct released_question *question = ctx;
    const struct municipalities *municipalities = question->tables->municipalities;
    struct buf *out = reply_body(&question->reply, 200, type_of(question->query.form));
    if (question->query.is_codes)
        released_put_codes(municipalities, time_amsterdam_day(question->now_ms), out);
    else
        released_put_statistics(question->released->ledger, municipalities, &question->query,
                                question->rounding_base, out);
    etag_make(buf_str(out), question->etag);
}

static void on_worked_out(void *ctx) {
    struct released_question *question = ctx;
    question->released->at_work--;
    etag_answer(question->request, &question->reply, question->etag);
    reply_header(&question->reply, "Vary", "Accept, Accept-Language");
    if (question->query.form != RELEASED_JSON)
        reply_header(&question->reply, "Link",
                     "</v1/statistics/metadata>; rel=\"describedby\"; "
                     "type=\"application/csvm+json\"");
    if (question->query.form == RELEASED_EXCEL)
        reply_header(&question->reply, "Content-Disposition",
                     "attachment; filename=\"statistics.csv\"");
    http_send(question->request, &question->reply);
    tables_unref(question->tables);
    free(question);
}

static void send_faults(struct released_question *question) {
    problem_fill_parameters(&question->reply, question->query.faults, question->query.fault_count);
    http_send(question->request, &question->reply);
    free(question);
}

unsigned released_ask(struct released *released, struct http_request *request,
                      struct tables *tables, int64_t now_ms, uint32_t *wait_s) {
    if (!released->config->disclosure_public)
        return 404;
    *wait_s = address_wait_s(released, request, now_ms);
    if (*wait_s || released->at_work == RELEASED_AT_WORK_MAX)
        return 429;
    struct released_question *question = mem_zalloc(1, sizeof *question);
    question->released = released;
    question->request = request;
    question->now_ms = loop_wall_ms();
    question->rounding_base = released->config->disclosure_rounding_base;
    question->query.is_codes = str_is(http_path(request), "/v1/codes");
    released_read_query(request, tables->municipalities, &question->query);
    if (question->query.fault_count) {
        send_faults(question);
        return 0;
    }
    question->tables = tables_ref(tables);
    released->at_work++;
    pipeline_work(released->pipeline, work_out, on_worked_out, question);
    return 0;
}
