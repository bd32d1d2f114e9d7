// SPDX-License-Identifier: EUPL-1.2
// GET /v1/verify: a verify of the whole ledger beside the daemon's work, as NDJSON: how far it is,
// several times a second, and at last what came of it. It begins between two commits and goes on
// over a snapshot on a worker thread. One at a time: who asks while one goes on gets 409. It ends
// when its client leaves and when the daemon stops; then the last line is missing.
#include "control_private.h"

#include "base/mem.h"
#include "jobs/compare.h"
#include "ledger/verify.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { TICK_MS = 200, OUT_BYTES_MAX = 32768 };

struct verify_request {
    struct verify_task begin;
    struct control *control;
    struct http_request *request; // NULL: nobody listens any more
    bool streams;                 // the reply is on its way
    bool scans;                   // the worker thread has it
    struct loop_timer *tick;
    bool ticked; // say how far it is
    struct control_lines lines;
    struct verify verify;
    struct verify_topic topic; // where that was asked
    struct topic_compare compare;
    struct tables *tables;            // for it; a reference of its own
    atomic_uint_fast64_t done, total; // steps
    atomic_bool stop;
};

static void run_free(struct verify_request *run) {
    run->control->verify = NULL;
    loop_timer_free(run->tick);
    verify_free(&run->verify);
    topic_compare_free(&run->compare);
    tables_unref(run->tables);
    buf_free(&run->lines.buf);
    free(run);
}

// --- lines ---

static void put_progress(struct verify_request *run) {
    struct json_out json = {.buf = &run->lines.buf};
    json_open(&json, '{');
    json_put_u64(&json, "done", atomic_load(&run->done));
    json_put_u64(&json, "total", atomic_load(&run->total));
    json_close(&json, '}');
    buf_putc(&run->lines.buf, '\n');
}

// What differs, by our ids of signals.
static void put_different(struct json_out *json, const struct verify_topic *topic) {
    json_put_u64(json, "waiting", topic->waiting);
    json_open_key(json, "different", '[');
    for (size_t i = 0; i < topic->different_count; i++) {
        json_open(json, '{');
        json_put_text(json, "signal", topic->different[i].signal);
        json_put_text(json, "what", topic->different[i].what);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_check(struct json_out *json, enum verify_check check, const struct verify *verify) {
    const struct verify_outcome *outcome = &verify->checks[check];
    json_open(json, '{');
    json_put_text(json, "name", verify_check_name(check));
    json_put_text(json, "text", verify_check_text(check));
    json_put_u64(json, "compared", outcome->compared);
    json_put_u64(json, "differs", outcome->differs);
    if (outcome->differs)
        json_put_text(json, "first", outcome->first);
    if (check == VERIFY_TOPIC)
        put_different(json, verify->topic);
    json_close(json, '}');
}

static void put_outcome(struct verify_request *run) {
    const struct verify *verify = &run->verify;
    struct json_out json = {.buf = &run->lines.buf};
    json_open(&json, '{');
    json_put_bool(&json, "whole", verify_is_whole(verify));
    json_put_u64(&json, "lines", verify->lines);
    json_put_u64(&json, "signals", verify->signals);
    json_open_key(&json, "checks", '[');
    for (int i = 0; i < VERIFY_CHECKS; i++)
        if (verify->checks[i].looked)
            put_check(&json, (enum verify_check)i, verify);
    json_close(&json, ']');
    json_close(&json, '}');
    buf_putc(&run->lines.buf, '\n');
}

// --- the stream ---

static ssize_t pull(void *ctx, char *out, size_t max) {
    struct verify_request *run = ctx;
    run->streams = true;
    if (run->scans && run->ticked && control_lines_sent(&run->lines)) {
        run->ticked = false;
        put_progress(run);
    }
    size_t n = control_lines_take(&run->lines, out, max);
    return n == 0 && !run->scans ? -1 : (ssize_t)n;
}

static void closed(void *ctx) {
    struct verify_request *run = ctx;
    run->request = NULL;
    atomic_store(&run->stop, true);
    if (!run->scans)
        run_free(run);
}

static void wake(struct verify_request *run) {
    if (run->request && run->streams)
        http_stream_wake(run->request);
}

static void on_tick(void *ctx) {
    struct verify_request *run = ctx;
    run->ticked = true;
    wake(run);
}

// --- the worker ---

static bool on_progress(void *ctx, uint64_t done, uint64_t total) {
    struct verify_request *run = ctx;
    atomic_store(&run->done, done);
    atomic_store(&run->total, total);
    return !atomic_load(&run->stop);
}

static void scan(void *ctx) {
    struct verify_request *run = ctx;
    verify_run(&run->verify);
}

// The snapshot goes at once: while it is there its pages are not used again.
static void on_scanned(void *ctx) {
    struct verify_request *run = ctx;
    run->scans = false;
    loop_timer_stop(run->tick);
    verify_free(&run->verify);
    if (!run->request) {
        run_free(run);
        return;
    }
    if (!run->verify.ended)
        put_outcome(run);
    wake(run);
}

// --- begin and end ---

static void start_scan(struct verify_request *run) {
    struct http_reply head = {.status = 200, .content_type = "application/x-ndjson"};
    struct http_stream_source source = {.pull = pull, .closed = closed, .ctx = run};
    run->scans = true;
    run->verify.progress = on_progress;
    run->verify.ctx = run;
    loop_timer_start(run->tick, TICK_MS, TICK_MS);
    loop_work_aside(run->control->options.loop, scan, on_scanned, run);
    control_stream(run->request, &head, &source);
}

// Whatever came of the rest of the commit: the snapshot is of before it, as the memory was.
static void on_snapshot(struct commit_task *task) {
    struct verify_request *run = task->ctx;
    if (run->request && !run->control->stopping && run->verify.txn.err.kind == ERR_NONE) {
        start_scan(run);
        return;
    }
    if (run->request)
        control_problem(run->request, 503, "It cannot be begun now; try again later.");
    run_free(run);
}

static void ask_topic(struct verify_request *run) {
    const struct control_options *options = &run->control->options;
    run->tables = tables_ref(run->control->tables);
    topic_compare_prepare(&run->compare, options->config, ledger_identity_key(options->ledger),
                          &run->stop);
    run->topic = (struct verify_topic){.municipalities = run->tables->municipalities,
                                       .read = topic_compare_read,
                                       .ctx = &run->compare};
    run->verify.topic = &run->topic;
}

void control_verify(struct control *control, struct http_request *request) {
    struct str topic = http_query(request, "topic", 0);
    if (topic.data && !str_is(topic, "1") && !str_is(topic, "0")) {
        control_problem(request, 400, "topic is 1 or 0.");
        return;
    }
    if (control->verify) {
        control_problem(request, 409, "A verify goes on already; wait for its end.");
        return;
    }
    struct verify_request *run = mem_zalloc(1, sizeof *run);
    run->control = control;
    run->tick = loop_timer_create(control->options.loop, on_tick, run);
    buf_init(&run->lines.buf, OUT_BYTES_MAX);
    control->verify = run;
    control_hold(request, &run->request);
    if (str_is(topic, "1"))
        ask_topic(run);
    run->begin =
        (struct verify_task){.task = {.run = ledger_begin_verify, .done = on_snapshot, .ctx = run},
                             .verify = &run->verify};
    pipeline_submit(control->options.pipeline, &run->begin.task);
}

void control_verify_stop(struct control *control) {
    if (control->verify)
        atomic_store(&control->verify->stop, true);
}

bool control_reads(const struct control *control) {
    return control->questions.running > 0 || (control->verify && control->verify->scans) ||
           control_copies(control);
}
