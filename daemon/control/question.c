// SPDX-License-Identifier: EUPL-1.2
// Questions: what is asked of the ledger and takes longer than a moment is worked out on a
// worker, from what is on the disk, so that it holds up neither the loop nor a commit. Few at a
// time; the others wait in one list, root and our own user first. A question belongs to the list,
// then to its worker, and ends on the loop. A stream (events, the audit log) asks a question for
// each piece.
//
// Beside it a rate for each reader: so many requests that leave a line in the audit log.
#include "base/mem.h"
#include "control_private.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    WAITING_MAX = 64,    // questions
    WAITING_UID_MAX = 8, // of one reader, at work as well
    READERS_MAX = 256,   // whose rate is known
    MINUTE_MS = 60000,
};

struct question {
    struct question *next;
    struct control *control;
    unsigned uid;
    bool first; // root's, our own user's, or the next piece of a stream
    void (*work)(void *ctx);
    void (*done)(void *ctx);
    void *ctx;
};

static void start_next(struct control *control);

static bool is_owner_uid(unsigned uid) {
    return uid == 0 || uid == (unsigned)geteuid();
}

static void on_work(void *ctx) {
    struct question *question = ctx;
    question->work(question->ctx);
}

static void on_done(void *ctx) {
    struct question *question = ctx;
    struct control *control = question->control;
    control->questions.running--;
    start_next(control);
    question->done(question->ctx);
    free(question);
}

static struct question *take_next(struct control *control) {
    struct question **place = &control->questions.waiting;
    for (struct question **at = place; *at; at = &(*at)->next)
        if ((*at)->first) {
            place = at;
            break;
        }
    struct question *question = *place;
    *place = question->next;
    control->questions.count--;
    return question;
}

static void start_next(struct control *control) {
    struct control_questions *questions = &control->questions;
    while (questions->waiting &&
           questions->running < control->options.config->control_questions_max) {
        questions->running++;
        loop_work_aside(control->options.loop, on_work, on_done, take_next(control));
    }
}

void control_work(struct control *control, unsigned uid, bool first, void (*work)(void *ctx),
                  void (*done)(void *ctx), void *ctx) {
    struct question *question = mem_zalloc(1, sizeof *question);
    *question = (struct question){.control = control,
                                  .uid = uid,
                                  .first = first || is_owner_uid(uid),
                                  .work = work,
                                  .done = done,
                                  .ctx = ctx};
    struct question **end = &control->questions.waiting;
    while (*end)
        end = &(*end)->next;
    *end = question;
    control->questions.count++;
    start_next(control);
}

bool control_has_room(const struct control *control, unsigned uid) {
    unsigned mine = 0;
    for (const struct question *at = control->questions.waiting; at; at = at->next)
        mine += at->uid == uid;
    return is_owner_uid(uid) || (mine < WAITING_UID_MAX && control->questions.count < WAITING_MAX);
}

// --- one that a request asks ---

struct inquiry {
    struct control *control;
    struct http_request *request; // NULL: it is gone
    struct tables *tables;        // a reference, as of
    struct sources *sources;
    uint32_t rounding_base; // likewise
    control_answer *answer;
    void *ctx;
    struct http_reply reply;
    struct http_stream_source behind; // pull NULL: none
};

static void work_out(void *ctx) {
    struct inquiry *inquiry = ctx;
    struct control_ground ground = {.ledger = inquiry->control->options.ledger,
                                    .tables = inquiry->tables,
                                    .sources = inquiry->sources,
                                    .rounding_base = inquiry->rounding_base,
                                    .behind = &inquiry->behind};
    inquiry->answer(&ground, inquiry->ctx, &inquiry->reply);
}

static void inquiry_free(void *ctx) {
    struct inquiry *inquiry = ctx;
    if (inquiry->behind.closed)
        inquiry->behind.closed(inquiry->behind.ctx);
    buf_free(&inquiry->reply.body);
    tables_unref(inquiry->tables);
    sources_unref(inquiry->sources);
    free(inquiry->ctx);
    free(inquiry);
}

static ssize_t inquiry_pull(void *ctx, char *out, size_t max) {
    const struct inquiry *inquiry = ctx;
    return inquiry->behind.pull(inquiry->behind.ctx, out, max);
}

static void on_worked_out(void *ctx) {
    struct inquiry *inquiry = ctx;
    const struct http_stream_source source = {
        .pull = inquiry_pull, .closed = inquiry_free, .ctx = inquiry};
    if (inquiry->request && !inquiry->control->stopping && inquiry->behind.pull) {
        control_stream(inquiry->request, &inquiry->reply, &source);
        return;
    }
    if (inquiry->request && inquiry->control->stopping)
        control_abandon(inquiry->request);
    else if (inquiry->request)
        control_send(inquiry->request, &inquiry->reply);
    inquiry_free(inquiry);
}

void control_ask(struct control *control, struct http_request *request, control_answer *answer,
                 void *ctx) {
    struct inquiry *inquiry = mem_zalloc(1, sizeof *inquiry);
    *inquiry = (struct inquiry){.control = control,
                                .tables = tables_ref(control->tables),
                                .sources = sources_ref(control->sources),
                                .rounding_base = control->options.config->disclosure_rounding_base,
                                .answer = answer,
                                .ctx = ctx};
    control_keep(control, request);
    control_hold(request, &inquiry->request);
    control_work(control, control_uid(request), false, work_out, on_worked_out, inquiry);
}

// --- the rate of a reader ---

// A bucket for each reader, which fills evenly. Whoever has asked nothing for longest makes
// place.
bool control_may_read(struct control *control, unsigned uid) {
    struct control_readers *readers = &control->readers;
    double rate = control->options.config->control_reads_per_minute;
    int64_t now_ms = loop_now_ms(control->options.loop);
    struct control_reader *reader = NULL, *oldest = readers->list;
    if (is_owner_uid(uid))
        return true;
    for (size_t i = 0; i < readers->count && !reader; i++) {
        if (readers->list[i].uid == uid)
            reader = &readers->list[i];
        if (readers->list[i].at_ms < oldest->at_ms)
            oldest = &readers->list[i];
    }
    if (!reader) {
        if (readers->count < READERS_MAX) {
            readers->list = mem_grow(readers->list, readers->count, &readers->cap, sizeof *oldest);
            oldest = &readers->list[readers->count++];
        }
        reader = oldest;
        *reader = (struct control_reader){.uid = uid, .at_ms = now_ms, .left = rate};
    }
    reader->left += (double)(now_ms - reader->at_ms) * rate / MINUTE_MS;
    reader->left = reader->left > rate ? rate : reader->left;
    reader->at_ms = now_ms;
    if (reader->left < 1)
        return false;
    reader->left--;
    return true;
}
