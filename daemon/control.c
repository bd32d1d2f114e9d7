// SPDX-License-Identifier: EUPL-1.2
#include "control.h"

#include "base/mem.h"
#include "codec/event.h"
#include "control_private.h"
#include "core/normalise.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REQUEST_BYTES_MAX = 1 << 20 };

static void get_why(struct control *control, struct http_request *request);
static void post_reload(struct control *control, struct http_request *request);

// The routes. A path that ends in '/' takes what is behind it; '*' stands for one segment.
static const struct route {
    const char *method;
    const char *path;
    bool changes; // root and the daemon's own user only
    void (*handle)(struct control *control, struct http_request *request);
} routes[] = {
    {"GET", "/v1/status", false, control_status},
    {"GET", "/v1/counts", false, control_counts},
    {"GET", "/v1/signals/", false, get_why},
    {"GET", "/v1/events", false, control_events},
    {"GET", "/metrics", false, control_metrics},
    {"GET", "/v1/feeds", false, control_feeds},
    {"GET", "/v1/feeds/*", false, control_feed},
    {"POST", "/v1/feeds/*/poll", true, control_feed_poll},
    {"POST", "/v1/feeds/*/pause", true, control_feed_pause},
    {"POST", "/v1/feeds/*/resume", true, control_feed_resume},
    {"GET", "/v1/quarantine", false, control_quarantine},
    {"POST", "/v1/quarantine/*/retry", true, control_quarantine_retry},
    {"DELETE", "/v1/quarantine/*", true, control_quarantine_drop},
    {"POST", "/v1/import", true, control_import},
    {"POST", "/v1/reload", true, post_reload},
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

void control_problem(struct http_request *request, unsigned status, const char *detail) {
    struct http_reply reply = {0};
    problem_fill(&reply, status, detail);
    http_send(request, &reply);
}

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

static void on_request(void *ctx, struct http_request *request) {
    struct control *control = ctx;
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        const struct route *route = &routes[i];
        if (!route_matches(route, http_path(request)) ||
            !str_is(http_method(request), route->method))
            continue;
        if (route->changes && !may_change(request)) {
            control_problem(request, 403, "Changing things is for root and the daemon's own user.");
            return;
        }
        if (route->changes && control->stopping) {
            control_problem(request, 503, "The service is stopping: nothing changes any more.");
            return;
        }
        route->handle(control, request);
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
    (void)ctx;
    control_import_gone(request); // no other route waits
}

struct why {
    struct control *control;
    struct http_request *request;
    struct json_out *json;
    uint64_t previous;
};

static void on_version(void *ctx, const struct books_line *line) {
    struct why *why = ctx;
    struct json_out *json = why->json;
    const struct ledger_row *row = &line->row;
    const struct municipality *m =
        municipalities_by_code(why->control->tables->municipalities, row->cell.municipality);
    char received[TIME_STAMP_MAX], reported[TIME_DATE_MAX], code[EVENT_CODE_MAX];
    time_format_stamp(row->received_ms, received);
    event_municipality_code(row->cell.municipality, code);
    json_open(json, '{');
    json_put_u64(json, "version", row->version);
    json_put_u64(json, "sequence", row->seq);
    json_put_text(json, "verdict", verdict_name(row->verdict));
    json_put_text(json, "received", received);
    json_put_text(json, "feed", row->polled ? "poll" : "push");
    json_put_text(json, "municipality", code);
    json_put_text(json, "municipalityName", m ? m->name : NULL);
    json_key(json, "categories");
    json_open(json, '[');
    for (int c = 0; c < CATEGORY_COUNT; c++)
        if (row->cell.categories >> c & 1)
            json_text(json, category_name((enum category)c));
    json_close(json, ']');
    json_key(json, "reported");
    if (row->reported == TIME_DAY_NONE) {
        json_null(json);
    } else {
        time_format_date(row->reported, reported);
        json_text(json, reported);
    }
    reply_put_published(json, line, why->control->options.config->kafka_topic);
    json_close(json, '}');
    why->previous = row->previous;
}

static void on_latest(void *ctx, const struct books_line *line) {
    struct why *why = ctx;
    char signal[DIGEST_HEX + 1];
    digest_to_hex(&line->row.identity, signal);
    json_put_text(why->json, "signal", signal);
    json_put_string(why->json, "source", (struct str){line->row.source, line->row.source_len});
    json_put_string(why->json, "id", (struct str){line->row.id, line->row.id_len});
    json_put_bool(why->json, "counts", line->row.counts);
}

// The versions of a signal, newest first.
static void send_why(struct control *control, struct http_request *request, uint64_t seq) {
    struct http_reply reply = {0};
    struct json_out json = {.buf = reply_body(&reply, 200, "application/json")};
    struct why why = {.control = control, .request = request, .json = &json, .previous = seq};
    json_open(&json, '{');
    (void)books_line_at(control->options.books, seq, on_latest, &why);
    json_key(&json, "versions");
    json_open(&json, '[');
    while (why.previous && books_line_at(control->options.books, why.previous, on_version, &why))
        ;
    json_close(&json, ']');
    json_close(&json, '}');
    http_send(request, &reply);
}

static void get_why(struct control *control, struct http_request *request) {
    struct str path = http_path(request), source_part;
    char source[LEDGER_SOURCE_MAX], id[SIGNAL_ID_MAX];
    size_t source_len, id_len, head = strlen("/v1/signals/");
    struct str rest = {path.data + head, path.len - head};
    if (!str_split(&rest, '/', &source_part) || !rest.data ||
        !http_decode_segment(source_part, source, sizeof source, &source_len) ||
        !http_decode_segment(rest, id, sizeof id, &id_len)) {
        control_problem(request, 400, "Ask for /v1/signals/{source}/{id}, percent-encoded.");
        return;
    }
    struct digest identity;
    normalise_identity(books_identity_key(control->options.books), (struct str){source, source_len},
                       (struct str){id, id_len}, &identity);
    uint64_t seq = books_find(control->options.books, &identity);
    if (seq)
        send_why(control, request, seq);
    else
        control_problem(request, 404, "Never seen: no signal with this id came from this source.");
}

static void post_reload(struct control *control, struct http_request *request) {
    struct http_reply reply = {0};
    struct buf faults;
    buf_init(&faults, 1 << 20);
    if (control->options.reload(control->options.ctx, &faults)) {
        struct json_out json = {.buf = reply_body(&reply, 200, "application/json")};
        json_open(&json, '{');
        json_put_u64(&json, "sources", control->sources->count);
        json_close(&json, '}');
        http_send(request, &reply);
    } else {
        char *text = buf_take(&faults);
        control_problem(request, 400, text);
        free(text);
    }
    buf_free(&faults);
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
    control->sources = sources_take(sources);
    control->tables = tables_take(tables);
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
    sources_drop(control->sources);
    tables_drop(control->tables);
    control->sources = sources_take(sources);
    control->tables = tables_take(tables);
}

void control_quiesce(struct control *control) {
    control->stopping = true;
}

void control_free(struct control *control) {
    if (!control)
        return;
    http_close(control->server);
    sources_drop(control->sources);
    tables_drop(control->tables);
    free(control);
}
