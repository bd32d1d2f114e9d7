// SPDX-License-Identifier: EUPL-1.2
// GET /v1/events: the ledger's events as NDJSON, from a sequence on or the last few, and on request
// those to come. A follower reads the ledger at the pace of its own connection, a piece at a time
// in its turn among questions; nothing is queued for it.
#include "control_private.h"

#include "base/mem.h"
#include "codec/event.h"

#include <stdlib.h>

enum { CHUNK_LINES = 64, LAST_MAX = 100000 };

struct follower {
    struct control_pieces pieces;
    struct follower *next, **link; // list of those that follow; link NULL: not in it
    uint64_t from;                 // next sequence
    uint64_t left;                 // lines still wanted
    bool follow;
    bool woken; // the ledger has grown since it began to look
};

static bool on_line(void *ctx, const struct ledger_event *line) {
    struct follower *follower = ctx;
    struct buf *lines = &follower->pieces.lines.buf;
    const struct config *config = follower->pieces.control->options.config;
    const struct event_issuer issuer = {config->oin, config->type_prefix, config->data_regulation};
    event_put_json(lines, &line->entry, &issuer, line->event);
    buf_putc(lines, '\n');
    follower->from = line->entry.seq + 1;
    follower->left--;
    return true;
}

static void join(struct follower *follower) {
    struct control *control = follower->pieces.control;
    follower->next = control->followers;
    follower->link = &control->followers;
    if (follower->next)
        follower->next->link = &follower->next;
    *follower->link = follower;
}

static void leave(struct control_pieces *pieces) {
    struct follower *follower = (struct follower *)pieces;
    if (!follower->link)
        return;
    *follower->link = follower->next;
    if (follower->next)
        follower->next->link = follower->link;
}

static void read_piece(struct control_pieces *pieces) {
    struct follower *follower = (struct follower *)pieces;
    uint64_t want = follower->left < CHUNK_LINES ? follower->left : CHUNK_LINES;
    ledger_each_event(pieces->control->options.ledger, follower->from, want, on_line, follower);
}

// Nothing was found when it looked last: then there is no more for now.
static enum control_next next_piece(struct control_pieces *pieces) {
    struct follower *follower = (struct follower *)pieces;
    if (follower->follow && !follower->link) // it streams from here on
        join(follower);
    if (follower->left == 0 || (pieces->empty && !follower->follow))
        return CONTROL_END;
    if (pieces->empty && !follower->woken)
        return CONTROL_WAIT;
    follower->woken = false;
    return CONTROL_READ;
}

static void follower_free(struct control_pieces *pieces) {
    free(pieces);
}

struct range {
    uint64_t from, max;
    bool follow;
};

// False when the parameters are wrong.
static bool take_range(const struct control *control, struct http_request *request,
                       struct range *range) {
    uint64_t last, follow, end = ledger_last_seq(control->options.ledger);
    if (!control_number(request, "from", UINT64_MAX - 1, 1, &range->from) ||
        !control_number(request, "last", LAST_MAX, 0, &last) ||
        !control_number(request, "max", UINT64_MAX, UINT64_MAX, &range->max) ||
        !control_number(request, "follow", 1, 0, &follow))
        return false;
    if (http_query(request, "last", 0).data)
        range->from = end > last ? end - last + 1 : 1;
    range->follow = follow;
    return true;
}

// Numbers that are there, not those that were typed: anything can be typed.
void control_events_about(const struct control *control, struct http_request *request,
                          struct buf *object) {
    struct range range;
    uint64_t end = ledger_last_seq(control->options.ledger);
    if (!take_range(control, request, &range))
        return;
    uint64_t from = range.from <= end ? range.from : end + 1;
    uint64_t count = range.max < end + 1 - from ? range.max : end + 1 - from;
    buf_printf(object, "from=%llu count=%llu%s", (unsigned long long)from,
               (unsigned long long)count, range.follow ? " follow" : "");
}

void control_events(struct control *control, struct http_request *request) {
    struct range range;
    if (!take_range(control, request, &range)) {
        control_problem(request, 400,
                        "from and max are numbers, last is one up to 100000, follow is 1 or 0.");
        return;
    }
    struct follower *follower = mem_zalloc(1, sizeof *follower);
    *follower = (struct follower){
        .pieces = {.read = read_piece, .next = next_piece, .leave = leave, .end = follower_free},
        .from = range.from,
        .left = range.max,
        .follow = range.follow};
    control_send_pieces(control, request, &follower->pieces, "application/x-ndjson",
                        (size_t)CHUNK_LINES * EVENT_VALUE_MAX * 2);
}

void control_wake(struct control *control) {
    struct follower *follower = control->followers;
    live_note_growth(control->live);
    while (follower) {
        struct follower *next = follower->next;
        follower->woken = true;
        http_stream_wake(follower->pieces.request);
        follower = next;
    }
}
