// SPDX-License-Identifier: EUPL-1.2
// The routes, and the way of a request. One that is to be logged has a `call`: a reply waits until
// its line is on the disk, a change does not begin before the line that says so is. What cannot be
// logged is refused.
#include "control/control.h"

#include "api/documents.h"
#include "base/mem.h"
#include "base/pii/log.h"
#include "control_private.h"
#include "jobs/audit.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REQUEST_BYTES_MAX = 1 << 20, ACTOR_MAX = 48, RESULT_MAX = 8 };

static void post_reload(struct control *control, struct http_request *request);
static void get_document(struct control *control, struct http_request *request);

// The routes. A path that ends in '/' takes what is behind it; '*' stands for one segment.
static const struct route {
    const char *method;
    const char *path;
    bool changes;       // root and the daemon's own user only
    const char *action; // for the audit log; NULL: not logged
    // What it is about, for the audit log: only what is understood, and nothing as it was typed.
    // NULL: nothing to say.
    void (*about)(const struct control *control, struct http_request *request, struct buf *object);
    // Ends with control_send, control_problem or control_stream, now or later.
    void (*handle)(struct control *control, struct http_request *request);
} routes[] = {
    {"GET", "/v1/status", false, NULL, NULL, control_status},
    {"GET", "/metrics", false, NULL, NULL, control_metrics},
    {"GET", "/v1/counts", false, "read counts", control_counts_about, control_counts},
    {"GET", "/v1/trend", false, "read trend", control_trend_about, control_trend},
    {"GET", "/v1/coverage", false, "read coverage", control_coverage_about, control_coverage},
    {"GET", "/v1/statistics", false, NULL, NULL, control_statistics},
    {"POST", "/v1/statistics/release", true, "publish statistics", NULL,
     control_statistics_release},
    {"GET", "/v1/signals/", false, "read signal", control_signal_about, control_why},
    {"DELETE", "/v1/signals/", true, "erase", control_signal_about, control_erase},
    {"GET", "/v1/events", false, "read events", control_events_about, control_events},
    {"GET", "/v1/feeds", false, "read feeds", NULL, control_feeds},
    {"GET", "/v1/feeds/*", false, "read feed", control_feed_about, control_feed},
    {"POST", "/v1/feeds/*/poll", true, "poll", control_feed_about, control_feed_poll},
    {"POST", "/v1/feeds/*/pause", true, "pause", control_feed_about, control_feed_pause},
    {"POST", "/v1/feeds/*/resume", true, "resume", control_feed_about, control_feed_resume},
    {"GET", "/v1/quarantine", false, "read quarantine", NULL, control_quarantine},
    {"POST", "/v1/quarantine/*/retry", true, "retry", control_entry_about,
     control_quarantine_retry},
    {"DELETE", "/v1/quarantine/*", true, "drop", control_entry_about, control_quarantine_drop},
    {"POST", "/v1/import", true, "import", control_import_about, control_import},
    {"POST", "/v1/reload", true, "reload", NULL, post_reload},
    {"GET", "/v1/unmapped", false, "read unmapped", control_unmapped_about, control_unmapped},
    {"POST", "/v1/remap", true, "remap", control_remap_about, control_remap},
    {"GET", "/v1/audit", false, "read audit", control_audit_about, control_audit},
    {"GET", "/v1/audit/verify", false, "verify audit", NULL, control_audit_verify},
    {"GET", "/v1/verify", false, "verify", NULL, control_verify},
    {"GET", "/v1/openapi.json", false, NULL, NULL, get_document},
    {"GET", "/v1/asyncapi.json", false, NULL, NULL, get_document},
    {"GET", "/v1/schemas/*", false, NULL, NULL, get_document},
};
enum { ROUTE_COUNT = sizeof routes / sizeof routes[0], METHODS_MAX = 32 };

static bool route_matches(const struct route *route, struct str path) {
    const char *pattern = route->path;
    size_t at = 0;
    for (; *pattern; pattern++) {
        size_t begin = at;
        while (*pattern == '*' && at < path.len && path.data[at] != '/')
            at++;
        if (*pattern != '*' && at < path.len && path.data[at] == *pattern)
            at++;
        if (at == begin)
            return false;
    }
    return pattern[-1] == '/' ? at < path.len : at == path.len;
}

// --- requests that are logged ---

// From when the route is known until the reply leaves; the server holds it with the request.
struct call {
    struct control *control;
    struct http_request *request; // NULL: its connection has been closed
    const struct route *route;
    char actor[ACTOR_MAX];
    struct buf object;
    bool writing;                     // a line is on its way to the disk
    bool begun;                       // a change: from here on it may have happened
    struct http_reply reply;          // waits for its line
    struct http_stream_source stream; // behind `reply`; pull NULL: none
    void *work;                       // see control_hold
    void (*gone)(void *work);
};

static void call_open(struct control *control, const struct route *route,
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
                                      .action = call->route->action,
                                      .object = buf_str(&call->object),
                                      .result = result};
    call->writing = true;
    audit_write(call->control->options.pipeline, &entry, done, call);
}

static void refuse_unlogged(struct call *call) {
    bool begun = call->begun;
    if (begun)
        log_error("audit line lost action=%s: begun, its outcome is not logged",
                  call->route->action);
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
    call->gone = NULL;
    call_write(call, result, on_outcome);
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

void control_hold(struct http_request *request, void *work, void (*gone)(void *work)) {
    struct call *call = http_user(request);
    call->work = work;
    call->gone = gone;
}

void control_put_source(const struct control *control, struct str name, struct buf *object) {
    const struct source *source = name.data ? sources_find(control->sources, name) : NULL;
    if (source)
        buf_printf(object, "source=%s", source->name);
}

static void refuse_stopping(struct http_request *request) {
    control_problem(request, 503, "The service is stopping; ask again later.");
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
    else
        call->route->handle(call->control, call->request);
}

// --- routes ---

// No route has this path with this method: 405 with those that there are, else 404.
static void refuse_route(struct http_request *request) {
    char allowed[METHODS_MAX] = "";
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        size_t len = strlen(allowed);
        if (route_matches(&routes[i], http_path(request)))
            (void)snprintf(allowed + len, sizeof allowed - len, "%s%s", len ? ", " : "",
                           routes[i].method);
    }
    struct http_reply reply = {0};
    problem_fill(&reply, allowed[0] ? 405 : 404, NULL);
    if (allowed[0])
        reply_header(&reply, "Allow", allowed);
    http_send(request, &reply);
}

static bool may_change(const struct http_request *request) {
    uid_t uid;
    gid_t gid;
    pid_t pid;
    return http_peer(request, &uid, &gid, &pid) && (uid == 0 || uid == geteuid());
}

static void follow_route(struct control *control, const struct route *route,
                         struct http_request *request) {
    if (!route->action) {
        route->handle(control, request);
        return;
    }
    // A line that is handed in after the last commit would be cut off.
    if (control->stopping) {
        refuse_stopping(request);
        return;
    }
    if (control->refuse_reads && !route->changes) {
        control_problem(request, 503,
                        "The audit log has its share of state.size_max, so nothing "
                        "more can be read: make that larger.");
        return;
    }
    call_open(control, route, request);
    if (!route->changes)
        route->handle(control, request);
    else if (may_change(request))
        call_write(http_user(request), "begun", on_begun);
    else
        control_problem(request, 403, "Changing things is for root and the daemon's own user.");
}

static void on_request(void *ctx, struct http_request *request) {
    struct str path = http_path(request), method = http_method(request);
    for (size_t i = 0; i < ROUTE_COUNT; i++)
        if (route_matches(&routes[i], path) && str_is(method, routes[i].method)) {
            follow_route(ctx, &routes[i], request);
            return;
        }
    refuse_route(request);
}

static unsigned on_head(void *ctx, struct http_request *request) {
    (void)ctx;
    (void)request;
    return 0;
}

static void on_refusal(void *ctx, struct http_request *request, unsigned status,
                       struct http_reply *reply) {
    (void)ctx;
    (void)request;
    problem_fill(reply, status, NULL);
}

static void on_gone(void *ctx, struct http_request *request) {
    struct call *call = http_user(request);
    (void)ctx;
    if (!call)
        return;
    call->request = NULL;
    if (call->gone)
        call->gone(call->work);
    if (!call->writing)
        call_free(call);
}

static void post_reload(struct control *control, struct http_request *request) {
    struct http_reply reply = {0};
    struct buf faults;
    buf_init(&faults, 1 << 20);
    if (control->options.reload(control->options.ctx, control_object(request), &faults)) {
        struct json_out json = {.buf = reply_body(&reply, 200, "application/json")};
        json_open(&json, '{');
        json_put_u64(&json, "sources", control->sources->count);
        json_close(&json, '}');
        control_send(request, &reply);
    } else {
        char *text = buf_take(&faults);
        control_problem(request, 400, text);
        free(text);
    }
    buf_free(&faults);
}

// "/v1/NAME"; openapi.json is the one of this side.
static void get_document(struct control *control, struct http_request *request) {
    struct str path = http_path(request);
    struct str name = {path.data + 4, path.len - 4};
    if (str_is(name, "openapi.json"))
        name = STR("openapi-control.json");
    if (!documents_send(request, name, control->options.config->oin))
        control_problem(request, 404, NULL);
}

static bool give_to_group(const char *path, const char *name, struct err *err) {
    const struct group *group = getgrnam(name);
    if (!group)
        return err_set(err, ERR_CONFIG, "control.group: there is no group %.40s", name);
    if (chown(path, (uid_t)-1, group->gr_gid) != 0)
        return err_set(err, ERR_CONFIG, "%s: cannot be given to group %.40s: %s", path, name,
                       strerror(errno));
    return true;
}

struct control *control_create(const struct control_options *options, struct sources *sources,
                               struct tables *tables, struct err *err) {
    const struct config *config = options->config;
    struct control *control = mem_zalloc(1, sizeof *control);
    control->options = *options;
    control->started_ms = loop_wall_ms();
    control->sources = sources_ref(sources);
    control->tables = tables_ref(tables);
    struct http_options http = {.unix_path = options->listen_fd < 0 ? config->control_socket : NULL,
                                .unix_mode = 0660,
                                .fd = options->listen_fd,
                                .limits = config->http,
                                .common = problem_common_headers,
                                .common_count = problem_common_header_count,
                                .on_head = on_head,
                                .on_request = on_request,
                                .on_refusal = on_refusal,
                                .on_gone = on_gone,
                                .ctx = control};
    http.limits.body_bytes_max = REQUEST_BYTES_MAX;
    control->server = http_listen(options->loop, &http, err);
    if (!control->server || (config->control_group && options->listen_fd < 0 &&
                             !give_to_group(config->control_socket, config->control_group, err))) {
        control_free(control);
        return NULL;
    }
    return control;
}

void control_use(struct control *control, struct sources *sources, struct tables *tables) {
    sources_unref(control->sources);
    tables_unref(control->tables);
    control->sources = sources_ref(sources);
    control->tables = tables_ref(tables);
}

void control_refuse_reads(struct control *control, bool refuse) {
    control->refuse_reads = refuse;
}

void control_quiesce(struct control *control) {
    control->stopping = true;
    control_verify_stop(control);
}

void control_free(struct control *control) {
    if (!control)
        return;
    http_close(control->server);
    sources_unref(control->sources);
    tables_unref(control->tables);
    free(control);
}
