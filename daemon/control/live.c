// SPDX-License-Identifier: EUPL-1.2
// The streams of the operators' page, as server-sent events (WHATWG HTML, 9.2). A text is made once
// and sent to all who have the page open, each at the pace of his connection; who is slow gets the
// newest and not those between. So a hundred pages cost little more than one, and pages that nobody
// has open cost nothing. Exact counts are worked out in their turn among questions, seldom where
// they take long or many look. A text ends with the last who sends it; a stream is the server's.
#include "live.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TEXT_BYTES_MAX = 4 << 20,
    STATUS_MS = 2000,         // between two texts of totals
    FIGURES_MS = 2000,        // of exact counts, at least
    FIGURES_STALE_MS = 10000, // and at most: states of feeds change by themselves
    REST = 20,                // so many times as long as working them out took
    STREAM_MS = 20,           // longer for each that wants them
    WATCH_MS = 3600000,       // after so long a stream ends: who goes on looking opens another
    STREAMS_MAX = 256,        // of each kind
    STREAMS_UID_MAX = 64,     // of one reader
    MINUTES_TOLD = 60,        // one by one
};

enum live_kind { LIVE_STATUS, LIVE_FIGURES, LIVE_KINDS };

struct live_text {
    unsigned users;
    struct buf buf;
};

struct live_stream {
    struct live_stream *next, **link; // of those that stream; link NULL: not yet
    struct control *control;
    struct http_request *request;
    enum live_kind kind;
    bool follow; // else it ends behind its first text
    unsigned uid;
    struct live_text *text; // that is being sent; NULL: none
    size_t sent;
    uint64_t version; // of what was sent last
    int64_t until_ms;
};

struct live_line { // all streams of a kind
    struct live_stream *streams;
    unsigned count;         // those that have not begun to stream as well
    struct live_text *text; // the newest; NULL: nobody wanted it lately
    uint64_t version;
    int64_t made_ms, due_ms;
};

struct live_pages {
    struct live_line lines[LIVE_KINDS];
    struct live_work *work; // figures that are worked out; NULL: none
    bool grown;             // the ledger has, since they were
    struct rates rates;
};

// --- texts

static void drop_text(struct live_text *text) {
    if (!text || --text->users)
        return;
    buf_free(&text->buf);
    free(text);
}

static struct live_text *begin_text(const char *event) {
    struct live_text *text = mem_zalloc(1, sizeof *text);
    text->users = 1;
    buf_init(&text->buf, TEXT_BYTES_MAX);
    buf_printf(&text->buf, "event: %s\ndata: ", event);
    return text;
}

static void wake_all(struct live_line *line) {
    for (struct live_stream *at = line->streams, *next; at; at = next) {
        next = at->next;
        http_stream_wake(at->request);
    }
}

static void publish_text(struct live_line *line, struct live_text *text) {
    buf_puts(&text->buf, "\n\n");
    drop_text(line->text);
    line->text = text;
    line->version++;
    wake_all(line);
}

// --- totals

static void put_rates(struct json_out *json, const struct rates *rates, int64_t now_ms) {
    json_open_key(json, "rates", '{');
    json_put_i64(json, "seconds", (now_ms - rates->begun_ms) / 1000);
    json_put_u64(json, "hour", rates_sum(rates, RATE_NEW, MINUTES_TOLD));
    json_put_u64(json, "day", rates_sum(rates, RATE_NEW, RATE_MINUTES));
    json_put_u64(json, "refusedHour", rates_sum(rates, RATE_REFUSED, MINUTES_TOLD));
    json_put_u64(json, "refusedDay", rates_sum(rates, RATE_REFUSED, RATE_MINUTES));
    json_open_key(json, "minutes", '[');
    for (unsigned ago = MINUTES_TOLD; ago-- > 0;)
        json_u64(json, rates_at(rates, RATE_NEW, ago));
    json_close(json, ']');
    json_close(json, '}');
}

static void make_status(struct control *control, int64_t now_ms) {
    struct live_line *line = &control->live->lines[LIVE_STATUS];
    const struct admission_levels *levels = admission_now(control->options.admission);
    struct live_text *text = begin_text("status");
    struct json_out json = {.buf = &text->buf};
    json_open(&json, '{');
    control_put_time(&json, "time", loop_wall_ms());
    json_key(&json, "status");
    control_put_status(&json, control);
    standing_put(&json, control);
    put_rates(&json, &control->live->rates, now_ms);
    json_put_u64(&json, "diskPercent",
                 levels->disk_blocks ? 100 - levels->disk_free * 100 / levels->disk_blocks : 0);
    control_put_time(&json, "oldestWaiting", ledger_oldest_waiting_ms(control->options.ledger));
    json_close(&json, '}');
    line->due_ms = now_ms + STATUS_MS;
    publish_text(line, text);
}

// --- exact counts

struct live_work {
    struct control *control;
    struct figures *figures;
    struct live_text *text;
    int64_t began_ms;
};

static void work_out(void *ctx) {
    struct live_work *work = ctx;
    figures_put(work->figures, &work->text->buf);
}

static void on_worked_out(void *ctx) {
    struct live_work *work = ctx;
    struct live_pages *live = work->control->live;
    struct live_line *line = &live->lines[LIVE_FIGURES];
    int64_t now_ms = loop_now_ms(work->control->options.loop);
    line->made_ms = now_ms;
    line->due_ms =
        now_ms + FIGURES_MS + REST * (now_ms - work->began_ms) + (int64_t)line->count * STREAM_MS;
    if (line->count)
        publish_text(line, work->text);
    else
        drop_text(work->text);
    live->work = NULL;
    figures_free(work->figures);
    free(work);
}

static void begin_figures(struct control *control) {
    struct live_pages *live = control->live;
    if (live->work || control->stopping)
        return;
    struct live_work *work = mem_zalloc(1, sizeof *work);
    *work = (struct live_work){.control = control,
                               .figures = figures_begin(control),
                               .text = begin_text("figures"),
                               .began_ms = loop_now_ms(control->options.loop)};
    live->work = work;
    live->grown = false;
    control_work(control, (unsigned)geteuid(), true, work_out, on_worked_out, work);
}

static bool figures_are_due(const struct live_pages *live, int64_t now_ms) {
    const struct live_line *line = &live->lines[LIVE_FIGURES];
    return line->streams && now_ms >= line->due_ms &&
           (live->grown || now_ms - line->made_ms >= FIGURES_STALE_MS);
}

// --- streams

static void join(struct live_stream *stream) {
    struct control *control = stream->control;
    struct live_line *line = &control->live->lines[stream->kind];
    stream->next = line->streams;
    stream->link = &line->streams;
    if (stream->next)
        stream->next->link = &stream->next;
    line->streams = stream;
    if (line->text)
        return;
    if (stream->kind == LIVE_FIGURES)
        begin_figures(control);
    else
        make_status(control, loop_now_ms(control->options.loop));
}

static bool is_over(const struct live_stream *stream) {
    return stream->control->stopping || (stream->version && !stream->follow) ||
           loop_now_ms(stream->control->options.loop) >= stream->until_ms;
}

static ssize_t pull(void *ctx, char *out, size_t max) {
    struct live_stream *stream = ctx;
    const struct live_line *line = &stream->control->live->lines[stream->kind];
    if (!stream->link) // it streams from here on
        join(stream);
    if (!stream->text) {
        if (is_over(stream))
            return -1;
        if (!line->text || stream->version == line->version)
            return 0;
        stream->text = line->text;
        stream->text->users++;
        stream->version = line->version;
        stream->sent = 0;
    }
    const struct buf *buf = &stream->text->buf;
    size_t left = buf->len - stream->sent, n = left < max ? left : max;
    memcpy(out, buf->data + stream->sent, n);
    stream->sent += n;
    if (stream->sent == buf->len) {
        drop_text(stream->text);
        stream->text = NULL;
    }
    return (ssize_t)n;
}

static void closed(void *ctx) {
    struct live_stream *stream = ctx;
    struct live_line *line = &stream->control->live->lines[stream->kind];
    if (stream->link) {
        *stream->link = stream->next;
        if (stream->next)
            stream->next->link = stream->link;
    }
    drop_text(stream->text);
    if (--line->count == 0) {
        drop_text(line->text);
        line->text = NULL;
    }
    free(stream);
}

static bool has_room(const struct live_line *line, unsigned uid) {
    unsigned mine = 0;
    for (const struct live_stream *at = line->streams; at; at = at->next)
        mine += at->uid == uid;
    return line->count < STREAMS_MAX && mine < STREAMS_UID_MAX;
}

static void open_stream(struct control *control, struct http_request *request,
                        enum live_kind kind) {
    struct live_line *line = &control->live->lines[kind];
    uint64_t follow;
    if (!control_number(request, "follow", 1, 0, &follow)) {
        control_problem(request, 400, "follow is 1 or 0.");
        return;
    }
    if (!has_room(line, control_uid(request))) {
        control_problem(request, 429, "Too many pages are open already: close some of them.");
        return;
    }
    struct live_stream *stream = mem_zalloc(1, sizeof *stream);
    *stream = (struct live_stream){.control = control,
                                   .request = request,
                                   .kind = kind,
                                   .follow = follow,
                                   .uid = control_uid(request),
                                   .until_ms = loop_now_ms(control->options.loop) + WATCH_MS};
    line->count++;
    struct http_reply head = {.status = 200, .content_type = "text/event-stream"};
    const struct http_stream_source source = {.pull = pull, .closed = closed, .ctx = stream};
    control_stream(request, &head, &source);
}

void control_live(struct control *control, struct http_request *request) {
    control_keep(control, request);
    open_stream(control, request, LIVE_STATUS);
}

void control_live_figures(struct control *control, struct http_request *request) {
    open_stream(control, request, LIVE_FIGURES);
}

// --- the clock

void control_tick(struct control *control) {
    struct live_pages *live = control->live;
    const struct totals *totals = ledger_totals(control->options.ledger);
    const uint64_t came[RATES] = {[RATE_NEW] = totals->verdicts[VERDICT_REGISTERED],
                                  [RATE_REFUSED] = totals->verdicts[VERDICT_REFUSED]};
    int64_t now_ms = loop_now_ms(control->options.loop);
    rates_note(&live->rates, now_ms, came);
    if (live->lines[LIVE_STATUS].streams && now_ms >= live->lines[LIVE_STATUS].due_ms)
        make_status(control, now_ms);
    if (figures_are_due(live, now_ms))
        begin_figures(control);
}

void live_note_growth(struct live_pages *live) {
    live->grown = true;
}

struct live_pages *live_create(void) {
    return mem_zalloc(1, sizeof(struct live_pages));
}

void live_free(struct live_pages *live) {
    free(live);
}
