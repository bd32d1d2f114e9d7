// SPDX-License-Identifier: EUPL-1.2
// Replies and streams. A reply is made into the library's response at once; when the request is
// suspended, it is resumed and the library's next run (one for all replies of a turn) asks for it.
#include "base/mem.h"
#include "http_calls.h"

#include <assert.h>
#include <stdlib.h>

enum { STREAM_BLOCK = 16384 };

static void add_header(struct MHD_Response *response, const char *name, const char *value) {
    (void)MHD_add_response_header(response, name, value); // refuses empty ones and line breaks
}

static bool has_header(const struct http_reply *reply, const char *name) {
    for (size_t i = 0; i < reply->header_count; i++)
        if (str_equal_nocase(str_from(reply->headers[i].name), str_from(name)))
            return true;
    return false;
}

// The request's response from now on. The request leaves the caller's hands.
static void set_response(struct http_request *request, const struct http_reply *reply,
                         struct MHD_Response *response) {
    const struct http_server *server = request->conn->server;
    if (!response)
        abort(); // out of memory, as in base/mem
    for (size_t i = 0; i < server->common_count; i++)
        if (!has_header(reply, server->common[i].name))
            add_header(response, server->common[i].name, server->common[i].value);
    if (reply->content_type)
        add_header(response, "Content-Type", reply->content_type);
    for (size_t i = 0; i < reply->header_count; i++)
        add_header(response, reply->headers[i].name, reply->headers[i].value);
    if (reply->status >= 400 || server->quiesced) {
        add_header(response, "Connection", "close");
        request->linger = true;
    }
    http_body_drop(request);
    request->response = response;
    request->status = reply->status;
    request->phase = HTTP_PHASE_REPLIED;
}

static void set_reply(struct http_request *request, struct http_reply *reply) {
    struct buf *body = &reply->body;
    struct MHD_Response *response =
        body->len ? MHD_create_response_from_buffer_with_free_callback(body->len, body->data, free)
                  : MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (!body->len)
        free(body->data);
    buf_init(body, body->max);
    set_response(request, reply, response);
}

void http_send(struct http_request *request, struct http_reply *reply) {
    assert(request->phase == HTTP_PHASE_HANDED);
    set_reply(request, reply);
    http_wake(request);
}

bool http_reply_queue(struct http_request *request) {
    struct MHD_Response *response = request->response;
    request->response = NULL;
    request->phase = HTTP_PHASE_SENDING;
    http_set_deadline(request->conn, request->conn->server->options.limits.body_timeout_ms);
    bool ok = MHD_queue_response(request->mhd, request->status, response) == MHD_YES;
    MHD_destroy_response(response);
    return ok;
}

bool http_refuse(struct http_request *request, unsigned status) {
    const struct http_options *options = &request->conn->server->options;
    struct http_reply reply = {.status = status};
    if (options->on_refusal)
        options->on_refusal(options->ctx, request, status, &reply);
    reply.status = status;
    if ((status == 503 || status == 429) && !has_header(&reply, "Retry-After") &&
        reply.header_count < HTTP_HEADERS_MAX)
        reply.headers[reply.header_count++] = (struct http_header){"Retry-After", "1"};
    set_reply(request, &reply);
    return http_reply_queue(request);
}

static ssize_t on_pull(void *ctx, uint64_t position, char *out, size_t max) {
    struct http_request *request = ctx;
    (void)position;
    if (request->stream_dead)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    request->stream_woken = false;
    ssize_t n = request->source.pull(request->source.ctx, out, max);
    assert(n <= (ssize_t)max);
    if (n == 0 && !request->stream_woken) {
        http_set_deadline(request->conn, 0);
        http_suspend(request);
        return 0;
    }
    http_set_deadline(request->conn, request->conn->server->options.limits.body_timeout_ms);
    return n < 0 ? MHD_CONTENT_READER_END_OF_STREAM : n;
}

void http_stream(struct http_request *request, struct http_reply *head,
                 const struct http_stream_source *source) {
    assert(request->phase == HTTP_PHASE_HANDED);
    request->streaming = true;
    request->source = *source;
    set_response(
        request, head,
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, on_pull, request, NULL));
    http_wake(request);
}

void http_stream_wake(struct http_request *request) {
    request->stream_woken = true;
    if (request->phase == HTTP_PHASE_SENDING)
        http_wake(request);
}
