// SPDX-License-Identifier: EUPL-1.2
// GET /v1/audit?from=N&last=N&max=N: lines of the audit log as NDJSON, each with its digest,
// a piece at a time in its turn among questions. GET /v1/audit/verify: is it whole? Read in pieces,
// which take their turn among commits.
#include "control_private.h"

#include "base/mem.h"

#include <stdlib.h>

enum { CHUNK_LINES = 64, LINE_BYTES_MAX = 2048, LAST_DEFAULT = 50, LAST_MAX = 100000 };

struct audit_reading {
    struct control_pieces pieces;
    uint64_t from; // next number
    uint64_t end;  // the last one that was there when it was asked for
    uint64_t left; // lines still wanted
    size_t room;   // lines of this piece
};

static bool on_line(void *ctx, const struct ledger_audit_line *line) {
    struct audit_reading *reading = ctx;
    struct buf *lines = &reading->pieces.lines.buf;
    struct json_out json = {.buf = lines};
    char mac[DIGEST_HEX + 1];
    if (reading->room == 0 || line->number > reading->end)
        return false;
    digest_to_hex(line->mac, mac);
    json_open(&json, '{');
    json_put_u64(&json, "number", line->number);
    json_put_text(&json, "mac", mac);
    json_put_bool(&json, "linked", line->linked);
    if (line->text.len) // last: what was changed in it changes nothing of what we say of it
        json_raw(&json, line->text);
    json_close(&json, '}');
    buf_putc(lines, '\n');
    reading->from = line->number + 1;
    reading->left--;
    reading->room--;
    return true;
}

static void read_piece(struct control_pieces *pieces) {
    struct audit_reading *reading = (struct audit_reading *)pieces;
    reading->room = reading->left < CHUNK_LINES ? reading->left : CHUNK_LINES;
    ledger_each_audited(pieces->control->options.ledger, reading->from, on_line, reading);
}

static enum control_next next_piece(struct control_pieces *pieces) {
    const struct audit_reading *reading = (struct audit_reading *)pieces;
    return reading->left == 0 || pieces->empty ? CONTROL_END : CONTROL_READ;
}

static void reading_free(struct control_pieces *pieces) {
    free(pieces);
}

// False when the parameters are wrong. What is beyond the last line is cut off, so that nothing is
// left of a number that was only typed.
static bool take_range(const struct control *control, struct http_request *request, uint64_t *from,
                       uint64_t *count) {
    uint64_t last, end = ledger_audit_last(control->options.ledger);
    if (!control_number(request, "last", LAST_MAX, LAST_DEFAULT, &last) ||
        !control_number(request, "from", UINT64_MAX - 1, end > last ? end - last + 1 : 1, from) ||
        !control_number(request, "max", UINT64_MAX, UINT64_MAX, count))
        return false;
    if (*from > end)
        *from = end + 1;
    if (*count > end + 1 - *from)
        *count = end + 1 - *from;
    return true;
}

void control_audit_about(const struct control *control, struct http_request *request,
                         struct buf *object) {
    uint64_t from, count;
    if (take_range(control, request, &from, &count))
        buf_printf(object, "from=%llu count=%llu", (unsigned long long)from,
                   (unsigned long long)count);
}

void control_audit(struct control *control, struct http_request *request) {
    uint64_t from, count;
    if (!take_range(control, request, &from, &count)) {
        control_problem(request, 400, "from and max are numbers, last is one up to 100000.");
        return;
    }
    struct audit_reading *reading = mem_zalloc(1, sizeof *reading);
    *reading = (struct audit_reading){
        .pieces = {.read = read_piece, .next = next_piece, .end = reading_free},
        .from = from,
        .end = ledger_audit_last(control->options.ledger),
        .left = count};
    control_send_pieces(control, request, &reading->pieces, "application/x-ndjson",
                        (size_t)CHUNK_LINES * LINE_BYTES_MAX);
}

// --- verify ---

struct audit_check {
    struct audit_check_task check; // zero begins, the same again goes on
    struct control *control;
    struct http_request *request; // NULL: it is gone, and the control side with it
};

static void on_piece_done(struct commit_task *task);

static void submit_piece(struct audit_check *verifying) {
    pipeline_submit(verifying->control->options.pipeline, &verifying->check.task);
}

static void send_verdict(const struct audit_check *verifying) {
    struct http_reply reply = {0};
    struct json_out json = {.buf = reply_body(&reply, 200, "application/json")};
    bool whole = verifying->check.broken == 0;
    json_open(&json, '{');
    json_put_bool(&json, "whole", whole);
    json_put_u64(&json, "first", verifying->check.first);
    json_put_u64(&json, "last", verifying->check.last);
    if (!whole)
        json_put_u64(&json, "broken", verifying->check.broken);
    json_close(&json, '}');
    control_send(verifying->request, &reply);
}

static void on_piece_done(struct commit_task *task) {
    struct audit_check *verifying = (struct audit_check *)task;
    bool failed = task->err.kind != ERR_NONE;
    if (verifying->request && !failed && verifying->check.more && !verifying->control->stopping) {
        submit_piece(verifying);
        return;
    }
    if (verifying->request && (failed || verifying->check.more))
        control_problem(verifying->request, 503, "It was not read to its end; try again later.");
    else if (verifying->request)
        send_verdict(verifying);
    free(verifying);
}

void control_audit_verify(struct control *control, struct http_request *request) {
    struct audit_check *verifying = mem_zalloc(1, sizeof *verifying);
    verifying->check.task.run = ledger_check_audit;
    verifying->check.task.done = on_piece_done;
    verifying->control = control;
    control_hold(request, &verifying->request);
    submit_piece(verifying);
}
