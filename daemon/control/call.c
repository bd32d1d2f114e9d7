// SPDX-License-Identifier: EUPL-1.2
// The way of one request over the socket. One whose route has an action for the audit log has a
// `call`: its reply waits until its line is on the disk, and a change does not begin before the
// line that says so is. What cannot be logged is refused. The call outlives its request when the
// server closes while a line is being written; the request points to it, and handlers see the
// request only.
#include "base/mem.h"
#include "base/pii/log.h"
#include "control_private.h"
#include "jobs/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ACTOR_MAX = 48, RESULT_MAX = 8 };

static const char stopping_text[] = "The service is stopping; ask again later.";

// From when the route is known until the reply leaves; the server holds it with the request.
struct call {
    struct control *control;
    struct http_request *request; // NULL: its connection has been closed
    const struct control_route *route;
    char actor[ACTOR_MAX];
    struct buf object;
    bool writing;                     // a line is on its way to the disk
    bool begun;                       // a change: from here on it may have happened
    struct http_reply reply;          // waits for its line
    struct http_stream_source stream; // behind `reply`; pull NULL: none
    struct http_request **held;       // see control_hold; NULL: not held
};

static void call_open(struct control *control, const struct control_route *route,
                      struct http_request *request) {
    struct call *call = mem_zalloc(1, sizeof *call);
    uid_t uid;
    gid_t gid;
    pid_t pid;
    call->control = control;
    call->request = request;
    call->route = route;
    if (http_peer(request, &uid, &gid, &pid))
        (void)snprintf(call->actor, sizeof call->actor, "uid:%u pid:%d", (unsigned)uid, (int)pid);
    else
        (void)snprintf(call->actor, sizeof call->actor, "unknown");
    buf_init(&call->object, AUDIT_OBJECT_MAX);
    http_set_user(request, call);
    if (route->about)
        route->about(control, request, &call->object);
}

static void call_free(struct call *call) {
    if (call->stream.closed)
        call->stream.closed(call->stream.ctx);
    buf_free(&call->reply.body);
    buf_free(&call->object);
    free(call);
}

// The request is an ordinary one again; NULL when it is gone.
static struct http_request *call_close(struct call *call) {
    struct http_request *request = call->request;
    if (request)
        http_set_user(request, NULL);
    call_free(call);
    return request;
}

static void call_write(struct call *call, const char *result,
                       void (*done)(void *ctx, bool written)) {
    const struct audit_entry entry = {.actor = call->actor,
                                      .origin = "socket",
                                      .action = call->route->route.action,
                                      .object = buf_str(&call->object),
                                      .result = result};
    call->writing = true;
    audit_write(call->control->options.pipeline, &entry, done, call);
}

static void refuse_unlogged(struct call *call) {
    bool begun = call->begun;
    if (begun)
        log_alarm(ALARM_AUDIT_LINE_LOST,
                  "audit line lost action=%s: begun, its outcome is not logged",
                  call->route->route.action);
    struct http_request *request = call_close(call);
    if (request)
        control_problem(request, 503,
                        begun ? "It was begun, but what came of it cannot be logged now. Look "
                                "before you ask again."
                              : "It cannot be logged now, so it is not done; try again later.");
}

static void on_outcome(void *ctx, bool written) {
    struct call *call = ctx;
    struct http_reply reply = call->reply;
    struct http_stream_source stream = call->stream;
    call->writing = false;
    if (!written) {
        refuse_unlogged(call);
        return;
    }
    if (!call->request) {
        call_free(call);
        return;
    }
    call->reply.body = (struct buf){0};
    call->stream = (struct http_stream_source){0};
    struct http_request *request = call_close(call);
    if (stream.pull)
        http_stream(request, &reply, &stream);
    else
        http_send(request, &reply);
}

static void call_end(struct call *call, struct http_reply *reply) {
    char result[RESULT_MAX];
    (void)snprintf(result, sizeof result, "%u", reply->status);
    call->reply = *reply;
    reply->body = (struct buf){0};
    call->held = NULL;
    bool full = admission_reads_refused(admission_now(call->control->options.admission)) != NULL;
    if (call->route->always && full)
        log_alarm(ALARM_AUDIT_READ,
                  "audit log read without a line in it, which would fill it %s action=\"%s\"",
                  call->actor, call->route->route.action);
    if (call->route->route.action && !(call->route->always && full))
        call_write(call, result, on_outcome);
    else
        on_outcome(call, true);
}

// Half an answer looks like a whole one to who only adds up.
static void refuse_half(struct http_reply *reply) {
    char text[96];
    (void)snprintf(text, sizeof text,
                   "The answer would be larger than %d MiB: ask for less at once.",
                   REPLY_BYTES_MAX >> 20);
    buf_free(&reply->body);
    *reply = (struct http_reply){0};
    problem_fill(reply, 400, text);
}

void control_send(struct http_request *request, struct http_reply *reply) {
    struct call *call = http_user(request);
    if (reply->body.overflow)
        refuse_half(reply);
    if (call)
        call_end(call, reply);
    else
        http_send(request, reply);
}

void control_stream(struct http_request *request, struct http_reply *head,
                    const struct http_stream_source *source) {
    struct call *call = http_user(request);
    call->stream = *source;
    call_end(call, head);
}

void control_problem(struct http_request *request, unsigned status, const char *detail) {
    struct http_reply reply = {0};
    problem_fill(&reply, status, detail);
    control_send(request, &reply);
}

struct buf *control_object(struct http_request *request) {
    struct call *call = http_user(request);
    return &call->object;
}

void control_keep(struct control *control, struct http_request *request) {
    const struct route_match *match = http_room(request);
    if (!http_user(request))
        call_open(control, (const struct control_route *)match->route, request);
}

void control_abandon(struct http_request *request) {
    struct http_reply reply = {0};
    struct call *call = http_user(request);
    problem_fill(&reply, 503, stopping_text);
    (void)call_close(call);
    http_send(request, &reply);
}

void control_hold(struct http_request *request, struct http_request **held) {
    struct call *call = http_user(request);
    *held = request;
    call->held = held;
}

void control_put_source(const struct control *control, struct str name, struct buf *object) {
    const struct source *source = name.data ? sources_find(control->sources, name) : NULL;
    if (source)
        buf_printf(object, "source=%s", source->name);
}

static void refuse_stopping(struct http_request *request) {
    control_problem(request, 503, stopping_text);
}

static void on_begun(void *ctx, bool written) {
    struct call *call = ctx;
    call->writing = false;
    if (!written || !call->request) {
        refuse_unlogged(call);
        return;
    }
    call->begun = true;
    if (call->control->stopping)
        refuse_stopping(call->request);
    else if (call->route->route.brings_signals &&
             admission_full(admission_now(call->control->options.admission)))
        control_problem(call->request, 429, NULL);
    else
        call->route->handle(call->control, call->request);
}

static bool may_change(const struct http_request *request) {
    uid_t uid;
    gid_t gid;
    pid_t pid;
    return http_peer(request, &uid, &gid, &pid) && (uid == 0 || uid == geteuid());
}

// Why the request is refused before it is looked at, and without a line in the audit log, which it
// would only fill; 0: it is not.
static unsigned refusal_of(struct control *control, const struct control_route *route,
                           const struct http_request *request, const char **text) {
    unsigned uid = control_uid(request);
    bool changes = route->route.right == ROUTE_OWNER;
    *text = admission_reads_refused(admission_now(control->options.admission));
    if (*text && !changes && !route->always && route->route.action)
        return 503;
    *text = "Too many questions wait for their answer: ask again in a moment.";
    if (route->asks && !control_has_room(control, uid))
        return 429;
    *text = "You have asked too much in this minute (control.reads_per_minute): ask again later.";
    return route->route.action && !control_may_read(control, uid) ? 429 : 0;
}

void control_follow(struct control *control, const struct control_route *route,
                    struct http_request *request) {
    bool changes = route->route.right == ROUTE_OWNER;
    const char *text;
    unsigned status = refusal_of(control, route, request, &text);
    if (status) {
        control_problem(request, status, text);
        return;
    }
    if (!route->route.action) {
        route->handle(control, request);
        return;
    }
    // A line that is handed in after the last commit would be cut off.
    if (control->stopping) {
        refuse_stopping(request);
        return;
    }
    call_open(control, route, request);
    if (!changes)
        route->handle(control, request);
    else if (may_change(request))
        call_write(http_user(request), "begun", on_begun);
    else
        control_problem(request, 403, "Changing things is for root and the daemon's own user.");
}

void control_on_gone(void *ctx, struct http_request *request) {
    struct call *call = http_user(request);
    (void)ctx;
    if (!call)
        return;
    call->request = NULL;
    if (call->held)
        *call->held = NULL;
    if (!call->writing)
        call_free(call);
}
