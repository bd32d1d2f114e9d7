// SPDX-License-Identifier: EUPL-1.2
// The routes of the local socket, and the start and end of that side. The match of a request is
// kept in its room from its head on; call.c has the rest of its way.
#include "control/control.h"

#include "api/documents.h"
#include "base/mem.h"
#include "base/pii/log.h"
#include "control_private.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REQUEST_BYTES_MAX = 8 << 20, SOCKET_MODE = 0660 };

static void post_reload(struct control *control, struct http_request *request);
static void get_document(struct control *control, struct http_request *request);

static const struct control_route routes[] = {
    {{"GET", "/v1/status", ROUTE_OPEN, false, NULL}, NULL, .handle = control_status},
    {{"GET", "/", ROUTE_OPEN, false, NULL}, NULL, .handle = control_page},
    {{"GET", "/v1/live", ROUTE_OPEN, false, NULL}, NULL, .handle = control_live},
    {{"GET", "/v1/live/figures", ROUTE_OPEN, false, "read page"},
     NULL,
     .handle = control_live_figures},
    {{"GET", "/metrics", ROUTE_OPEN, false, NULL}, NULL, .handle = control_metrics},
    {{"GET", "/v1/counts", ROUTE_OPEN, false, "read counts"},
     control_counts_about,
     .handle = control_counts,
     .asks = true},
    {{"GET", "/v1/overlap", ROUTE_OPEN, false, "read overlap"},
     control_counts_about,
     .handle = control_overlap,
     .asks = true},
    {{"GET", "/v1/trend", ROUTE_OPEN, false, "read trend"},
     control_trend_about,
     .handle = control_trend,
     .asks = true},
    {{"GET", "/v1/trend/departed", ROUTE_OPEN, false, "read departed"},
     NULL,
     .handle = control_departed,
     .asks = true},
    {{"GET", "/v1/coverage", ROUTE_OPEN, false, "read coverage"},
     control_coverage_about,
     .handle = control_coverage,
     .asks = true},
    {{"GET", "/v1/statistics", ROUTE_OPEN, false, NULL},
     NULL,
     .handle = control_statistics,
     .asks = true},
    {{"GET", "/v1/organisation", ROUTE_OPEN, false, NULL},
     NULL,
     .handle = control_organisation,
     .asks = true},
    {{"POST", "/v1/statistics/release", ROUTE_OWNER, false, "release statistics"},
     NULL,
     .handle = control_statistics_release},
    {{"GET", "/v1/signals/{source}/{id...}", ROUTE_OPEN, false, "read signal"},
     control_signal_about,
     .handle = control_why},
    {{"DELETE", "/v1/signals/{source}/{id...}", ROUTE_OWNER, false, "erase"},
     control_signal_about,
     .handle = control_erase},
    {{"GET", "/v1/events", ROUTE_OPEN, false, "read events"},
     control_events_about,
     .handle = control_events},
    {{"GET", "/v1/feeds", ROUTE_OPEN, false, "read feeds"},
     NULL,
     .handle = control_feeds,
     .asks = true},
    {{"GET", "/v1/feeds/{name}", ROUTE_OPEN, false, "read feed"},
     control_feed_about,
     .handle = control_feed},
    {{"POST", "/v1/feeds/{name}/poll", ROUTE_OWNER, false, "poll"},
     control_feed_about,
     .handle = control_feed_poll},
    {{"POST", "/v1/feeds/{name}/pause", ROUTE_OWNER, false, "pause"},
     control_feed_about,
     .handle = control_feed_pause},
    {{"POST", "/v1/feeds/{name}/resume", ROUTE_OWNER, false, "resume"},
     control_feed_about,
     .handle = control_feed_resume},
    {{"POST", "/v1/feeds/{name}/accept", ROUTE_OWNER, false, "accept"},
     control_feed_about,
     .handle = control_feed_accept},
    {{"GET", "/v1/quarantine", ROUTE_OPEN, false, "read quarantine"},
     NULL,
     .handle = control_quarantine,
     .asks = true},
    {{"POST", "/v1/quarantine/{number}/retry", ROUTE_OWNER, false, "retry"},
     control_entry_about,
     .handle = control_quarantine_retry},
    {{"DELETE", "/v1/quarantine/{number}", ROUTE_OWNER, false, "drop"},
     control_entry_about,
     .handle = control_quarantine_drop},
    {{"POST", "/v1/import", ROUTE_OWNER, true, "import"},
     control_import_about,
     .handle = control_import},
    {{"POST", "/v1/reload", ROUTE_OWNER, false, "reload"}, NULL, .handle = post_reload},
    {{"GET", "/v1/unmapped", ROUTE_OPEN, false, "read unmapped"},
     control_unmapped_about,
     .handle = control_unmapped,
     .asks = true},
    {{"POST", "/v1/remap", ROUTE_OWNER, false, "remap"},
     control_remap_about,
     .handle = control_remap},
    {{"GET", "/v1/audit", ROUTE_OPEN, false, "read audit"},
     control_audit_about,
     .handle = control_audit,
     .always = true},
    {{"GET", "/v1/audit/verify", ROUTE_OPEN, false, "verify audit"},
     NULL,
     .handle = control_audit_verify,
     .always = true},
    {{"GET", "/v1/verify", ROUTE_OPEN, false, "verify"}, NULL, .handle = control_verify},
    {{"POST", "/v1/backup", ROUTE_OWNER, false, "backup"}, NULL, .handle = control_backup},
    {{"GET", "/v1/openapi.json", ROUTE_OPEN, false, NULL}, NULL, .handle = get_document},
    {{"GET", "/v1/asyncapi", ROUTE_OPEN, false, NULL}, NULL, .handle = get_document},
    {{"GET", "/v1/schemas/{name}", ROUTE_OPEN, false, NULL}, NULL, .handle = get_document},
};
static const struct router router = ROUTER(routes);

struct str control_param(struct http_request *request, size_t nth) {
    const struct route_match *match = http_room(request);
    return match->params[nth];
}

unsigned control_uid(const struct http_request *request) {
    uid_t uid = 0;
    gid_t gid;
    pid_t pid;
    (void)http_peer(request, &uid, &gid, &pid);
    return (unsigned)uid;
}

bool control_lines_sent(struct control_lines *lines) {
    if (lines->sent < lines->buf.len)
        return false;
    buf_clear(&lines->buf);
    lines->sent = 0;
    return true;
}

size_t control_lines_take(struct control_lines *lines, char *out, size_t max) {
    size_t left = lines->buf.len - lines->sent, n = left < max ? left : max;
    if (n)
        memcpy(out, lines->buf.data + lines->sent, n);
    lines->sent += n;
    return n;
}

bool control_number(struct http_request *request, const char *name, uint64_t max,
                    uint64_t otherwise, uint64_t *value) {
    struct str text = http_query(request, name, 0);
    *value = otherwise;
    return !text.data || str_to_u64(text, max, value);
}

void control_put_time(struct json_out *json, const char *key, int64_t ms) {
    char text[TIME_STAMP_MAX];
    if (ms)
        time_format_stamp(ms, text);
    json_put_text(json, key, ms ? text : NULL);
}

static unsigned on_head(void *ctx, struct http_request *request) {
    (void)ctx;
    unsigned found = router_take(&router, request, http_room(request));
    return control_is_local(request) ? found : 403;
}

static void on_refusal(void *ctx, struct http_request *request, unsigned status,
                       struct http_reply *reply) {
    (void)ctx;
    if (status == 403) // see on_head
        problem_fill(reply, 403,
                     "This is for programs on this machine and pages from this same address: Host "
                     "is localhost, 127.0.0.1 or [::1], Origin the same, Sec-Fetch-Site neither "
                     "cross-site nor same-site.");
    else
        router_refuse(reply, status, request, http_room(request));
}

static void on_full(void *ctx, struct http_request *request, const char *what) {
    (void)ctx;
    (void)request;
    log_alarm(ALARM_USER_SHARE,
              "a user of the control socket has his share of the room, it gets 429 of=%s", what);
}

static void on_request(void *ctx, struct http_request *request) {
    const struct route_match *match = http_room(request);
    control_follow(ctx, (const struct control_route *)match->route, request);
}

static void post_reload(struct control *control, struct http_request *request) {
    struct http_reply reply = {0};
    struct buf told;
    buf_init(&told, 1 << 20);
    if (control->options.reload(control->options.ctx, control_object(request), &told)) {
        buf_put_str(reply_body(&reply, 200, "application/json"), buf_str(&told));
        control_send(request, &reply);
    } else {
        char *text = buf_take(&told);
        control_problem(request, 400, text);
        free(text);
    }
    buf_free(&told);
}

// "/v1/NAME"; openapi.json is the one of this side.
static void get_document(struct control *control, struct http_request *request) {
    struct str path = http_path(request);
    struct str name = {path.data + 4, path.len - 4};
    if (str_is(name, "openapi.json"))
        name = STR("openapi-control.json");
    const struct config *config = control->options.config;
    const struct documents_owner owner = {.oin = config->oin,
                                          .email = config->contact_email,
                                          .url = config->contact_url,
                                          .type_prefix = config->type_prefix,
                                          .regulation = config->data_regulation};
    if (!documents_send(request, name, &owner))
        control_problem(request, 404, NULL);
}

// Whoever made it: who may use the socket is what the configuration says, our own group without it.
static bool give_to_group(const struct config *config, struct err *err) {
    const char *path = config->control_socket, *name = config->control_group;
    const struct group *group = name ? getgrnam(name) : NULL;
    gid_t wanted = group ? group->gr_gid : getegid();
    struct stat st;
    if (name && !group)
        return err_set(err, ERR_CONFIG, "control.group: there is no group %.40s", name);
    if (stat(path, &st) != 0)
        return err_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
    if (st.st_gid != wanted && chown(path, (uid_t)-1, wanted) != 0)
        return err_set(err, ERR_CONFIG, "%s: cannot be given to group %.40s: %s", path,
                       name ? name : "of the service", strerror(errno));
    if ((st.st_mode & 0777) != SOCKET_MODE && chmod(path, SOCKET_MODE) != 0)
        return err_set(err, ERR_CONFIG, "%s: cannot get mode 0660: %s", path, strerror(errno));
    return true;
}

static struct http_limits limits_of(const struct config *config) {
    struct http_limits limits = config->http;
    limits.body_bytes_max = REQUEST_BYTES_MAX;
    return limits;
}

struct control *control_create(const struct control_options *options, struct sources *sources,
                               struct tables *tables, struct err *err) {
    const struct config *config = options->config;
    struct control *control = mem_zalloc(1, sizeof *control);
    control->options = *options;
    control->started_ms = loop_wall_ms();
    control->live = live_create();
    control->sources = sources_ref(sources);
    control->tables = tables_ref(tables);
    struct http_options http = {.unix_path = config->control_socket,
                                .unix_mode = SOCKET_MODE,
                                .fds = &options->listen_fd,
                                .fd_count = options->listen_fd >= 0,
                                .limits = limits_of(config),
                                .common = problem_common_headers,
                                .common_count = problem_common_header_count,
                                .room_bytes = sizeof(struct route_match),
                                .on_head = on_head,
                                .on_request = on_request,
                                .on_refusal = on_refusal,
                                .on_full = on_full,
                                .on_gone = control_on_gone,
                                .ctx = control};
    control->server = http_listen(options->loop, &http, err);
    if (!control->server || !give_to_group(config, err) || !scrape_open(control, err)) {
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
    const struct http_limits limits = limits_of(control->options.config);
    http_use_limits(control->server, &limits);
    scrape_use(control);
}

void control_quiesce(struct control *control) {
    control->stopping = true;
    if (control->options.listen_fd >= 0) // who asks now waits for the next service
        http_quiesce(control->server);
    if (control->options.metrics->count)
        scrape_quiesce(control);
    control_verify_stop(control);
    control_backup_stop(control);
}

void control_free(struct control *control) {
    if (!control)
        return;
    scrape_close(control);
    http_close(control->server);
    live_free(control->live);
    sources_unref(control->sources);
    tables_unref(control->tables);
    free(control->readers.list);
    free(control);
}
