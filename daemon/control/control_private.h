// SPDX-License-Identifier: EUPL-1.2
// Shared by control.c (the routes), call.c (the way of a request) and the handlers, a file a
// resource; nobody else includes it.
#ifndef CONTROL_CONTROL_PRIVATE_H
#define CONTROL_CONTROL_PRIVATE_H

#include "api/problem.h"
#include "api/router.h"
#include "codec/json_out.h"
#include "control/control.h"

struct control {
    struct control_options options;
    struct sources *sources;
    struct tables *tables;
    struct http_server *server;
    struct follower *followers;    // who waits for more events
    int64_t started_ms;            // wall clock
    bool stopping;                 // see control_quiesce
    struct remap_run *remap;       // under way; NULL: none
    struct verify_request *verify; // the same
};

struct control_route {
    struct route route;
    // What an action is about, for the audit log: only what is understood, and nothing as it was
    // typed. NULL: nothing to say.
    void (*about)(const struct control *control, struct http_request *request, struct buf *object);
    // Ends with control_send, control_problem or control_stream, now or later.
    void (*handle)(struct control *control, struct http_request *request);
};
// The way of a request whose route is found.
void control_follow(struct control *control, const struct control_route *route,
                    struct http_request *request);
void control_on_gone(void *ctx, struct http_request *request); // see http_options
// A parameter of the path, see struct route_match.
struct str control_param(struct http_request *request, size_t nth);

// What handlers answer with: the reply, or the stream, leaves once the audit log has its line,
// where the route has one. Texts that `reply` points to must be there for good (the bytes of its
// body are taken).
void control_send(struct http_request *request, struct http_reply *reply);
void control_stream(struct http_request *request, struct http_reply *head,
                    const struct http_stream_source *source);
void control_problem(struct http_request *request, unsigned status, const char *detail);
// A handler that answers later: `gone` is called instead if the request is dropped before that, by
// http_close only. It must not be answered then.
void control_hold(struct http_request *request, void *work, void (*gone)(void *work));
// Of an action that is logged: what it is about, in the line to come.
struct buf *control_object(struct http_request *request);
// "source=NAME" when there is such a source.
void control_put_source(const struct control *control, struct str name, struct buf *object);

// The path /v1/signals/{source}/{id}.
struct control_signal {
    struct str source, id;
    struct digest identity;
};
// False when it is no such path.
bool control_take_signal(const struct control *control, struct http_request *request,
                         struct control_signal *signal);

// The handlers, and what their actions are about.
void control_counts(struct control *control, struct http_request *request);
void control_counts_about(const struct control *control, struct http_request *request,
                          struct buf *object);
void control_trend(struct control *control, struct http_request *request);
void control_trend_about(const struct control *control, struct http_request *request,
                         struct buf *object);
void control_coverage(struct control *control, struct http_request *request);
void control_coverage_about(const struct control *control, struct http_request *request,
                            struct buf *object);
void control_statistics(struct control *control, struct http_request *request);
void control_statistics_release(struct control *control, struct http_request *request);
void control_why(struct control *control, struct http_request *request);
void control_signal_about(const struct control *control, struct http_request *request,
                          struct buf *object);
void control_erase(struct control *control, struct http_request *request);
void control_events(struct control *control, struct http_request *request);
void control_events_about(const struct control *control, struct http_request *request,
                          struct buf *object);
void control_status(struct control *control, struct http_request *request);
void control_metrics(struct control *control, struct http_request *request);
void control_feeds(struct control *control, struct http_request *request);
void control_feed(struct control *control, struct http_request *request);
void control_feed_poll(struct control *control, struct http_request *request);
void control_feed_pause(struct control *control, struct http_request *request);
void control_feed_resume(struct control *control, struct http_request *request);
void control_feed_about(const struct control *control, struct http_request *request,
                        struct buf *object);
void control_quarantine(struct control *control, struct http_request *request);
void control_quarantine_retry(struct control *control, struct http_request *request);
void control_quarantine_drop(struct control *control, struct http_request *request);
void control_entry_about(const struct control *control, struct http_request *request,
                         struct buf *object);
void control_import(struct control *control, struct http_request *request);
void control_import_about(const struct control *control, struct http_request *request,
                          struct buf *object);
void control_unmapped(struct control *control, struct http_request *request);
void control_unmapped_about(const struct control *control, struct http_request *request,
                            struct buf *object);
void control_remap(struct control *control, struct http_request *request);
void control_remap_about(const struct control *control, struct http_request *request,
                         struct buf *object);
void control_audit(struct control *control, struct http_request *request);
void control_audit_about(const struct control *control, struct http_request *request,
                         struct buf *object);
void control_audit_verify(struct control *control, struct http_request *request);
void control_verify(struct control *control, struct http_request *request);
void control_verify_stop(struct control *control); // a verify that goes on ends soon

#endif
