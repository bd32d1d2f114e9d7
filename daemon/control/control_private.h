// SPDX-License-Identifier: EUPL-1.2
// Shared by control.c (the routes), call.c (the way of a request) and the handlers, a file a
// resource; nobody else includes it.
#ifndef CONTROL_CONTROL_PRIVATE_H
#define CONTROL_CONTROL_PRIVATE_H

#include "api/problem.h"
#include "api/router.h"
#include "codec/json_out.h"
#include "control/control.h"
#include "core/cube/coverage.h"

struct control {
    struct control_questions {
        struct question *waiting; // from the oldest to the newest
        unsigned count, running;
    } questions;
    struct control_readers {
        struct control_reader {
            unsigned uid;
            int64_t at_ms; // loop time of the last request
            double left;   // requests, at that time
        } * list;
        size_t count, cap;
    } readers;
    struct control_options options;
    struct sources *sources;
    struct tables *tables;
    struct http_server *server;
    struct follower *followers;    // who waits for more events
    struct live_pages *live;       // the streams of the operators' page
    int64_t started_ms;            // wall clock
    bool stopping;                 // see control_quiesce
    struct remap_run *remap;       // under way; NULL: none
    struct verify_request *verify; // the same
    struct backup_run *backup;     // the same
    struct scrape *scrape;         // the metrics over TCP; NULL: they are not
};

// What an action is about, for the audit log: only what is understood, and nothing as it was typed.
typedef void control_about(const struct control *control, struct http_request *request,
                           struct buf *object);
// Ends with control_send, control_problem or control_stream, now or later.
typedef void control_handler(struct control *control, struct http_request *request);

struct control_route {
    struct route route;
    control_about *about; // NULL: nothing to say
    control_handler *handle;
    bool asks; // a question, which waits for its turn: see question.c
    // Who looks after the audit log can read it also when it has its share of the room, and then
    // leaves no line.
    bool always;
};
// The way of a request whose route is found.
void control_follow(struct control *control, const struct control_route *route,
                    struct http_request *request);
// Does it come from this machine, and not from a page of elsewhere in somebody's browser?
bool control_is_local(const struct http_request *request);
void control_on_gone(void *ctx, struct http_request *request); // see http_options
// A parameter of the path, see struct route_match.
struct str control_param(struct http_request *request, size_t nth);

// What handlers answer with: the reply, or the stream, leaves once the audit log has its line,
// where the route has one. Texts that `reply` points to must be there for good (the bytes of its
// body are taken).
void control_send(struct http_request *request, struct http_reply *reply);
void control_stream(struct http_request *request, struct http_reply *head,
                    const struct http_stream_source *source);
// Lines that a stream has made, sent up to `sent`.
struct control_lines {
    struct buf buf;
    size_t sent;
};
bool control_lines_sent(struct control_lines *lines); // all are, and it is empty again
size_t control_lines_take(struct control_lines *lines, char *out, size_t max);

// A stream that is read in pieces; see pieces.c. The first member of what it is made for.
enum control_next { CONTROL_READ, CONTROL_WAIT, CONTROL_END };
struct control_pieces {
    void (*read)(struct control_pieces *pieces); // on a worker: a piece into `lines`
    // All is sent, `empty`: the piece read last had nothing. CONTROL_WAIT: until it is woken.
    enum control_next (*next)(struct control_pieces *pieces);
    void (*leave)(struct control_pieces *pieces); // its connection has gone; NULL: nothing to do
    void (*end)(struct control_pieces *pieces);   // nobody uses it any more: frees it
    // Set by control_send_pieces
    struct control *control;
    struct http_request *request;
    struct control_lines lines;
    unsigned uid;
    bool reads, empty, closed;
};
// `type`: of the content, a literal.
void control_send_pieces(struct control *control, struct http_request *request,
                         struct control_pieces *pieces, const char *type, size_t piece_bytes_max);
void control_problem(struct http_request *request, unsigned status, const char *detail);
// A handler that answers later keeps its request in `held`, which becomes NULL if the request is
// dropped before that, by http_close only. `held` must be there until it is answered or dropped.
void control_hold(struct http_request *request, struct http_request **held);
// A request that is answered later is kept in mind until then.
void control_keep(struct control *control, struct http_request *request);
// The service is stopping: the request is answered so, without a line of the audit log.
void control_abandon(struct http_request *request);

// What a question goes by. On a worker: the ledger is read as it is on the disk.
struct control_ground {
    struct ledger *ledger; // only what ledger.h says any thread may call
    const struct tables *tables;
    const struct sources *sources;
    uint32_t rounding_base; // disclosure.rounding_base
    // A stream may follow the reply instead of a body. It is there for as long as `ctx`, and the
    // tables and sources.
    struct http_stream_source *behind;
};
// Fills the reply. On a worker; `ctx` is its own.
#define CONTROL_UNREADABLE "The ledger cannot be read now; try again later."
typedef void control_answer(const struct control_ground *ground, void *ctx,
                            struct http_reply *reply);
// Answers the request later; takes ctx, which free() frees, with nothing of the request in it.
void control_ask(struct control *control, struct http_request *request, control_answer *answer,
                 void *ctx);
// Beside the loop, in its turn among questions; done on the loop.
void control_work(struct control *control, unsigned uid, bool first, void (*work)(void *ctx),
                  void (*done)(void *ctx), void *ctx);
bool control_has_room(const struct control *control, unsigned uid); // for one more question
// Takes one from what the reader may ask in a minute; false: he has had it.
bool control_may_read(struct control *control, unsigned uid);
// Of an action that is logged: what it is about, in the line to come.
struct buf *control_object(struct http_request *request);
unsigned control_uid(const struct http_request *request); // of who asks
// A decimal parameter; `otherwise` when it is not there. False when it is no number up to max.
bool control_number(struct http_request *request, const char *name, uint64_t max,
                    uint64_t otherwise, uint64_t *value);
void control_put_time(struct json_out *json, const char *key, int64_t ms); // 0: null
// "source=NAME" when there is such a source.
void control_put_source(const struct control *control, struct str name, struct buf *object);

// The metrics as text: `outside` for a reader whom nobody knows, see metrics.c. On the loop.
#define CONTROL_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
void control_put_metrics(const struct control *control, bool outside, struct buf *out);
// scrape.c: metrics.listen, where there is one; then `control` must stay in its place.
bool scrape_open(struct control *control, struct err *err) MUST_CHECK;
void scrape_use(const struct control *control);     // the certificate that push shows from now on
void scrape_quiesce(const struct control *control); // no new connections
void scrape_close(struct control *control);

// The path /v1/signals/{source}/{id}.
struct control_signal {
    struct str source, id;
    struct digest identity;
};
// False when it is no such path.
bool control_take_signal(const struct control *control, struct http_request *request,
                         struct control_signal *signal);

// The handlers, and what their actions are about.
control_handler control_counts, control_overlap, control_organisation, control_trend,
    control_coverage, control_statistics, control_statistics_release, control_why, control_erase,
    control_events, control_status, control_metrics, control_feeds, control_feed, control_feed_poll,
    control_feed_pause, control_feed_resume, control_feed_accept, control_quarantine,
    control_quarantine_retry, control_quarantine_drop, control_import, control_unmapped,
    control_remap, control_audit, control_audit_verify, control_verify, control_backup,
    control_page, control_live, control_live_figures;
control_handler control_departed;
control_about control_counts_about, control_trend_about, control_coverage_about,
    control_signal_about, control_events_about, control_feed_about, control_entry_about,
    control_import_about, control_unmapped_about, control_remap_about, control_audit_about;
void control_verify_stop(struct control *control); // a verify that goes on ends soon
void control_backup_stop(struct control *control); // a copy that is being made too
bool control_copies(const struct control *control);
void control_put_status(struct json_out *json, struct control *control); // as GET /v1/status has it
void control_put_coverage(struct json_out *json, const struct coverage_sum *sum); // its members
void control_put_departed(struct json_out *json, struct ledger *ledger); // an object; any thread
struct live_pages *live_create(void);
void live_note_growth(struct live_pages *live); // the ledger has grown
void live_free(struct live_pages *live);        // when the server is closed; NULL is fine

#endif
