// SPDX-License-Identifier: EUPL-1.2
// From the library's calls to a whole request. The library calls, for each request: on_uri with the
// raw request line's target, on_access once with the head, with each piece of the body, once at the
// end (again after a resume), and on_completed, always, when a reply has gone or the connection.
#include "base/mem.h"
#include "http_calls.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BODY_PIECE_MIN = 4096, BODY_FIRST_MAX = 65536 };

void *http_on_uri(void *ctx, const char *uri, struct MHD_Connection *mhd) {
    ((struct http_server *)ctx)->progress = true;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    size_t len = uri ? strlen(uri) : 0;
    struct http_conn *conn = info->socket_context;
    size_t room = conn->server->options.room_bytes;
    struct http_request *request = mem_alloc(sizeof *request + room + len + 1);
    *request =
        (struct http_request){.conn = conn, .mhd = mhd, .target_seen = uri, .target_len = len};
    request->target = (char *)request->room + room;
    if (len)
        memcpy(request->target, uri, len);
    request->target[len] = '\0';
    request->path_len = strcspn(request->target, "?");
    // The library would split the query too. Where its memory has no room for all the parts it
    // gives no answer and never ends the request; so it sees an empty one. Its buffer is no
    // constant.
    if (request->path_len < len)
        ((char *)(uintptr_t)uri)[request->path_len + 1] = '\0';
    conn->request = request;
    return request;
}

void http_body_drop(struct http_request *request) {
    request->conn->server->body_bytes -= request->body_cap;
    http_share_release(request);
    mem_wipe_free(request->body);
    request->body = NULL;
    request->body_len = request->body_cap = 0;
}

static bool body_reserve(struct http_request *request, size_t cap) {
    if (!http_share_reserve(request, cap - request->body_cap))
        return false;
    request->body = mem_wipe_realloc(request->body, cap + 1);
    request->body_cap = cap;
    return true;
}

static bool on_head(struct http_request *request, const char *version) {
    const struct http_options *options = &request->conn->server->options;
    struct http_framing framing = {0};
    if (request->conn->away)
        return false;
    request->piece_ms = request->conn->since_ms = loop_now_ms(request->conn->server->loop);
    unsigned status = http_read_framing(request, version, &framing);
    if (!status && !http_query_parse(request))
        status = 400;
    if (!status && options->on_head)
        status = options->on_head(options->ctx, request);
    if (!status && framing.length > options->limits.body_bytes_max)
        status = 413;
    // Room is taken as the bytes come: who only announces a large body takes none from others.
    size_t first =
        framing.length < BODY_FIRST_MAX ? (size_t)framing.length : (size_t)BODY_FIRST_MAX;
    if (!status && first && !body_reserve(request, first))
        status = 429;
    if (status)
        return http_refuse(request, status);
    request->phase = HTTP_PHASE_BODY;
    http_set_deadline(request->conn, options->limits.body_timeout_ms);
    return true;
}

// The library takes no reply in the middle of a body: the rest is read and thrown away first, at
// most as much as was allowed.
void http_refuse_at_end(struct http_request *request, unsigned status) {
    http_body_drop(request);
    request->phase = HTTP_PHASE_REFUSED;
    request->refusal = status;
}

static void on_piece(struct http_request *request, const char *data, size_t size) {
    size_t max = request->conn->server->options.limits.body_bytes_max;
    if (size > max - request->body_len) {
        http_refuse_at_end(request, 413);
        return;
    }
    size_t need = request->body_len + size;
    request->piece_ms = loop_now_ms(request->conn->server->loop);
    if (need > request->body_cap) {
        size_t cap =
            request->body_cap * 2 > BODY_PIECE_MIN ? request->body_cap * 2 : (size_t)BODY_PIECE_MIN;
        cap = cap < need ? need : cap;
        if (!body_reserve(request, cap < max ? cap : max)) {
            http_refuse_at_end(request, 429);
            return;
        }
    }
    memcpy(request->body + request->body_len, data, size);
    request->body_len = need;
}

static bool on_whole(struct http_request *request) {
    const struct http_options *options = &request->conn->server->options;
    http_set_deadline(request->conn, 0);
    request->phase = HTTP_PHASE_HANDED;
    options->on_request(options->ctx, request);
    if (request->phase == HTTP_PHASE_REPLIED)
        return http_reply_queue(request);
    http_suspend(request);
    return true;
}

static bool on_call(struct http_request *request, const char *version, const char *data,
                    size_t size) {
    switch (request->phase) {
    case HTTP_PHASE_HEAD:
        return on_head(request, version);
    case HTTP_PHASE_BODY:
        if (size == 0)
            return on_whole(request);
        on_piece(request, data, size);
        return true;
    case HTTP_PHASE_REFUSED:
        if (size == 0)
            return http_refuse(request, request->refusal);
        request->thrown_away += size;
        return request->thrown_away <= request->conn->server->options.limits.body_bytes_max;
    case HTTP_PHASE_REPLIED:
        return http_reply_queue(request);
    case HTTP_PHASE_HANDED:
    case HTTP_PHASE_SENDING:
        break;
    }
    assert(false); // the library calls in no other phase
    return false;
}

enum MHD_Result http_on_access(void *ctx, struct MHD_Connection *mhd, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *size, void **request_ctx) {
    struct http_request *request = *request_ctx;
    size_t given = *size;
    ((struct http_server *)ctx)->progress = true;
    (void)mhd;
    (void)url;
    request->method = method;
    *size = 0;
    return on_call(request, version, data, given) ? MHD_YES : MHD_NO;
}

void http_on_completed(void *ctx, struct MHD_Connection *mhd, void **request_ctx,
                       enum MHD_RequestTerminationCode code) {
    struct http_request *request = *request_ctx;
    ((struct http_server *)ctx)->progress = true;
    (void)mhd;
    if (!request)
        return;
    *request_ctx = NULL;
    struct http_conn *conn = request->conn;
    bool answered = code == MHD_REQUEST_TERMINATED_COMPLETED_OK ||
                    code == MHD_REQUEST_TERMINATED_WITH_ERROR; // by us or by the library
    if (answered && (request->linger || request->phase == HTTP_PHASE_HEAD))
        http_start_linger(conn->server, conn->fd);
    if (request->streaming && request->source.closed)
        request->source.closed(request->source.ctx);
    if (request->response)
        MHD_destroy_response(request->response);
    http_body_drop(request);
    free(request->params);
    free(request);
    conn->request = NULL;
    conn->since_ms = loop_now_ms(conn->server->loop);
    http_set_deadline(conn, conn->server->options.limits.idle_timeout_ms);
}

struct str http_method(const struct http_request *request) {
    return str_from(request->method);
}

struct str http_path(const struct http_request *request) {
    return (struct str){request->target, request->path_len};
}

bool http_has_query(const struct http_request *request) {
    return request->path_len < request->target_len;
}

struct str http_header_value(const struct http_request *request, const char *name) {
    const char *value = NULL;
    size_t len = 0;
    if (MHD_lookup_connection_value_n(request->mhd, MHD_HEADER_KIND, name, strlen(name), &value,
                                      &len) != MHD_YES ||
        !value)
        return (struct str){NULL, 0};
    return str_trim((struct str){value, len});
}

struct header_walk {
    struct str prefix;
    void (*fn)(void *ctx, struct str rest, struct str value);
    void *ctx;
    size_t count;
};

static enum MHD_Result on_header(void *ctx, enum MHD_ValueKind kind, const char *key,
                                 size_t key_len, const char *value, size_t value_len) {
    struct header_walk *walk = ctx;
    struct str prefix = walk->prefix;
    (void)kind;
    if (key_len < prefix.len || !str_equal_nocase((struct str){key, prefix.len}, prefix))
        return MHD_YES;
    walk->count++;
    if (walk->fn)
        walk->fn(walk->ctx, (struct str){key + prefix.len, key_len - prefix.len},
                 str_trim((struct str){value, value_len}));
    return MHD_YES;
}

size_t http_header_each(const struct http_request *request, const char *prefix,
                        void (*fn)(void *ctx, struct str rest, struct str value), void *ctx) {
    struct header_walk walk = {str_from(prefix), fn, ctx, 0};
    (void)MHD_get_connection_values_n(request->mhd, MHD_HEADER_KIND, on_header, &walk);
    return walk.count;
}

struct str http_body(const struct http_request *request) {
    return request->body_len ? (struct str){request->body, request->body_len}
                             : (struct str){NULL, 0};
}

char *http_take_body(struct http_request *request, size_t *len) {
    char *body = request->body;
    *len = request->body_len;
    if (body)
        body[request->body_len] = '\0';
    request->body = NULL;
    request->waits = true;
    request->conn->share->waits += request->share_bytes;
    request->conn->server->body_bytes -= request->body_cap;
    request->body_len = request->body_cap = 0;
    return body;
}

bool http_peer(const struct http_request *request, uid_t *uid, gid_t *gid, pid_t *pid) {
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (!request->conn->server->socket.is_unix ||
        getsockopt(request->conn->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
        return false;
    *uid = peer.uid;
    *gid = peer.gid;
    *pid = peer.pid;
    return true;
}

void *http_room(struct http_request *request) {
    return request->room;
}

void http_set_user(struct http_request *request, void *user) {
    request->user = user;
}

void *http_user(const struct http_request *request) {
    return request->user;
}
