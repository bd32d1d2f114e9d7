// SPDX-License-Identifier: EUPL-1.2
// A server on a loop in the test's thread, and a client with blocking sockets in another. The
// client's checks are noted and asserted by the test's thread when the client has ended.
#ifndef HTTP_FIXTURE_H
#define HTTP_FIXTURE_H

#include "base/mem.h"
#include "edge/http/http.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { DEADLINE_S = 20, HELD_MAX = 256, REPLY_MAX = 1 << 20 };

struct fixture {
    struct loop *loop;
    struct http_server *server;
    struct http_options options;
    struct http_request *held[HELD_MAX]; // in the hands of the "application"
    size_t held_count, held_wanted;      // replied to when so many are there
    int done_fd;
    struct loop_watch *done_watch;
    void (*client)(struct fixture *fx);
    void (*on_signal)(struct fixture *fx); // on the loop, after client_signal
    char failure[200];
    atomic_int handed, gone, closed, connections;
    // the stream
    struct http_request *stream;
    struct loop_timer *stream_timer;
    int stream_left;
    bool stream_silent;
};

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)snprintf(fx->failure, sizeof fx->failure, "%s:%d: %s", __FILE__, __LINE__,       \
                           #condition);                                                            \
            return;                                                                                \
        }                                                                                          \
    } while (0)

static inline void reply_text(struct http_request *request, unsigned status, const char *text) {
    struct buf body;
    buf_init(&body, REPLY_MAX);
    buf_puts(&body, text);
    struct http_reply reply = {.status = status, .content_type = "text/plain", .body = body};
    http_send(request, &reply);
}

static inline void reply_length(struct http_request *request) {
    char text[32];
    (void)snprintf(text, sizeof text, "%zu", http_body(request).len);
    reply_text(request, 201, text);
}

struct later {
    struct http_request *request;
};

static inline void later_work(void *ctx) {
    (void)ctx;
}

static inline void later_done(void *ctx) {
    struct later *later = ctx;
    reply_length(later->request);
    free(later);
}

static inline void reply_later(struct fixture *fx, struct http_request *request) {
    struct later *later = mem_zalloc(1, sizeof *later);
    later->request = request;
    loop_work(fx->loop, later_work, later_done, later);
}

static inline void hold(struct fixture *fx, struct http_request *request) {
    fx->held[fx->held_count++] = request;
    if (fx->held_count < fx->held_wanted)
        return;
    for (size_t i = 0; i < fx->held_count; i++)
        reply_length(fx->held[i]);
    fx->held_count = 0;
}

static inline ssize_t stream_pull(void *ctx, char *out, size_t max) {
    struct fixture *fx = ctx;
    if (fx->stream_silent || fx->stream_left % 2) { // every other time there is nothing yet
        if (!fx->stream_silent)
            loop_timer_start(fx->stream_timer, 1, 0);
        return 0;
    }
    if (fx->stream_left == 0)
        return -1;
    int n = snprintf(out, max, "piece %d\n", fx->stream_left--);
    return n;
}

static inline void stream_closed(void *ctx) {
    struct fixture *fx = ctx;
    fx->stream = NULL;
    loop_timer_stop(fx->stream_timer);
    fx->closed++;
}

static inline void stream_go(void *ctx) {
    struct fixture *fx = ctx;
    fx->stream_left--;
    http_stream_wake(fx->stream);
}

static inline void start_stream(struct fixture *fx, struct http_request *request) {
    struct http_reply head = {.status = 200, .content_type = "application/x-ndjson"};
    struct http_stream_source source = {stream_pull, stream_closed, fx};
    fx->stream = request;
    fx->stream_left = 20;
    http_stream(request, &head, &source);
}

static inline void reply_peer(struct http_request *request) {
    uid_t uid = 0;
    gid_t gid = 0;
    pid_t pid = 0;
    char text[80] = "none";
    if (http_peer(request, &uid, &gid, &pid))
        (void)snprintf(text, sizeof text, "%u %u %d", uid, gid, pid);
    reply_text(request, 200, text);
}

static inline void put_param(void *ctx, struct str name, struct str value) {
    struct buf *out = ctx;
    buf_putc(out, '[');
    buf_put_str(out, name);
    buf_putc(out, '=');
    buf_put_str(out, value);
    buf_putc(out, ']');
}

static inline void reply_query(struct http_request *request) {
    struct buf text;
    buf_init(&text, REPLY_MAX);
    http_query_each(request, put_param, &text);
    buf_put_str(&text, http_query(request, "x", 1));
    struct http_reply reply = {.status = 200, .body = text};
    http_send(request, &reply);
}

static inline void reply_large(struct http_request *request) {
    struct buf body;
    buf_init(&body, 64u << 20);
    body.data = mem_zalloc(32u << 20, 1);
    body.len = body.cap = 32u << 20;
    struct http_reply reply = {.status = 200, .body = body};
    http_send(request, &reply);
}

static inline void reply_taken(struct http_request *request) {
    size_t len = 0;
    char *body = http_take_body(request, &len);
    char text[32];
    (void)snprintf(text, sizeof text, "%zu", body ? strlen(body) : 0);
    free(body);
    reply_text(request, 200, text);
}

static inline void on_request(void *ctx, struct http_request *request) {
    struct fixture *fx = ctx;
    struct str path = http_path(request);
    fx->handed++;
    if (str_is(path, "/later"))
        reply_later(fx, request);
    else if (str_is(path, "/hold"))
        hold(fx, request);
    else if (str_is(path, "/stream"))
        start_stream(fx, request);
    else if (str_is(path, "/peer"))
        reply_peer(request);
    else if (str_is(path, "/query"))
        reply_query(request);
    else if (str_is(path, "/large"))
        reply_large(request);
    else if (str_is(path, "/take"))
        reply_taken(request);
    else if (str_is(path, "/bad"))
        reply_text(request, 400, "bad");
    else
        reply_length(request);
}

static inline unsigned on_head(void *ctx, struct http_request *request) {
    (void)ctx;
    uint64_t status = 0;
    (void)str_to_u64(http_header_value(request, "x-refuse"), 599, &status);
    return (unsigned)status;
}

static inline void on_refusal(void *ctx, struct http_request *request, unsigned status,
                              struct http_reply *reply) {
    static struct buf body;
    (void)ctx;
    (void)request;
    buf_init(&body, 64);
    buf_printf(&body, "refused %u", status);
    reply->content_type = "application/problem+json";
    reply->body = body;
}

static inline void on_gone(void *ctx, struct http_request *request) {
    struct fixture *fx = ctx;
    (void)request;
    fx->gone++;
}

static const struct http_header COMMON[] = {{"API-Version", "1.0.0"},
                                            {"Cache-Control", "no-store"}};

static inline void fixture_init(struct fixture *fx) {
    struct err err = {0};
    *fx = (struct fixture){.held_wanted = 1};
    fx->options = (struct http_options){
        .address = "127.0.0.1",
        .unix_mode = 0660,
        .limits = {.connections_max = 300,
                   .head_bytes_max = 8192,
                   .body_bytes_max = 100000,
                   .body_bytes_max_all = 10000000,
                   .head_timeout_ms = 60000,
                   .body_timeout_ms = 60000,
                   .idle_timeout_ms = 60000},
        .common = COMMON,
        .common_count = 2,
        .on_head = on_head,
        .on_request = on_request,
        .on_refusal = on_refusal,
        .on_gone = on_gone,
        .ctx = fx,
    };
    fx->loop = loop_create(&err);
    assert_non_null(fx->loop);
    fx->stream_timer = loop_timer_create(fx->loop, stream_go, fx);
}

static inline void fixture_listen(struct fixture *fx) {
    struct err err = {0};
    fx->server = http_listen(fx->loop, &fx->options, &err);
    if (!fx->server)
        fail_msg("%s", err.text);
}

static inline void fixture_close(struct fixture *fx) {
    http_close(fx->server);
    fx->server = NULL;
}

static inline void fixture_free(struct fixture *fx) {
    fixture_close(fx);
    loop_timer_free(fx->stream_timer);
    loop_run(fx->loop); // what was deferred
    loop_free(fx->loop);
}

// The client writes 1 for "call on_signal" and 1 << 32 for "I have ended".
static inline void on_client(void *ctx, int events) {
    struct fixture *fx = ctx;
    uint64_t value = 0;
    (void)events;
    if (read(fx->done_fd, &value, sizeof value) != sizeof value)
        return;
    fx->connections = fx->server ? (int)http_connections(fx->server) : 0;
    if (value & UINT32_MAX && fx->on_signal)
        fx->on_signal(fx);
    if (value >> 32)
        loop_stop(fx->loop);
}

static inline void client_tell(const struct fixture *fx, uint64_t value) {
    if (write(fx->done_fd, &value, sizeof value) != sizeof value)
        abort();
}

static inline void client_signal(const struct fixture *fx) {
    client_tell(fx, 1);
}

static inline void *client_main(void *ctx) {
    struct fixture *fx = ctx;
    fx->client(fx);
    client_tell(fx, (uint64_t)1 << 32);
    return NULL;
}

// Runs the loop until the client has ended.
static inline void run_client(struct fixture *fx, void (*client)(struct fixture *fx)) {
    pthread_t thread;
    fx->client = client;
    fx->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    fx->done_watch = loop_watch_create(fx->loop, fx->done_fd, on_client, fx);
    loop_watch_start(fx->done_watch, LOOP_READABLE);
    assert_int_equal(pthread_create(&thread, NULL, client_main, fx), 0);
    loop_run(fx->loop);
    (void)pthread_join(thread, NULL);
    loop_watch_free(fx->done_watch);
    (void)close(fx->done_fd);
    if (fx->failure[0])
        fail_msg("%s", fx->failure);
}

static inline void run_case(void (*client)(struct fixture *fx)) {
    struct fixture fx;
    fixture_init(&fx);
    fixture_listen(&fx);
    run_client(&fx, client);
    fixture_free(&fx);
}

// The client's side. A socket gives up after DEADLINE_S.
static inline int client_ready(int fd, const struct sockaddr *at, socklen_t len) {
    struct timeval patience = {.tv_sec = DEADLINE_S};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, at, len) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static inline int client_connect_port(uint16_t port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return client_ready(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), (struct sockaddr *)&at,
                        sizeof at);
}

static inline int client_connect(const struct fixture *fx) {
    return client_connect_port(http_port(fx->server));
}

static inline bool client_send(int fd, const void *data, size_t len) {
    const char *at = data;
    while (len) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static inline bool client_puts(int fd, const char *text) {
    return client_send(fd, text, strlen(text));
}

struct answer {
    int status; // 0: none came
    bool close;
    char head[4096];
    char body[REPLY_MAX];
    size_t body_len;
};

static inline bool client_byte(int fd, char *c) {
    return recv(fd, c, 1, 0) == 1;
}

static inline bool client_line(int fd, char *line, size_t max) {
    size_t n = 0;
    while (n + 1 < max && client_byte(fd, &line[n]))
        if (line[n++] == '\n')
            break;
    line[n] = '\0';
    return n > 0 && line[n - 1] == '\n';
}

static inline bool client_bytes(int fd, struct answer *answer, size_t len) {
    while (len) {
        ssize_t n = recv(fd, answer->body + answer->body_len, len, 0);
        if (n <= 0)
            return false;
        answer->body_len += (size_t)n;
        len -= (size_t)n;
    }
    answer->body[answer->body_len] = '\0';
    return true;
}

static inline bool client_chunks(int fd, struct answer *answer) {
    char line[64];
    for (;;) {
        if (!client_line(fd, line, sizeof line))
            return false;
        size_t len = strtoul(line, NULL, 16);
        if (answer->body_len + len >= sizeof answer->body || !client_bytes(fd, answer, len) ||
            !client_line(fd, line, sizeof line))
            return false;
        if (len == 0)
            return true;
    }
}

// Reads one whole answer; status 0 when the connection ends or stays silent before.
static inline struct answer *client_answer(int fd) {
    static _Thread_local struct answer answer;
    char line[1024];
    size_t length = 0;
    bool chunked = false;
    answer.status = 0;
    answer.close = false;
    answer.body_len = 0;
    answer.head[0] = answer.body[0] = '\0';
    int status = 0;
    if (!client_line(fd, line, sizeof line) || sscanf(line, "HTTP/1.1 %d ", &status) != 1)
        return &answer;
    while (client_line(fd, line, sizeof line) && strcmp(line, "\r\n") != 0) {
        strncat(answer.head, line, sizeof answer.head - strlen(answer.head) - 1);
        chunked |= strncasecmp(line, "Transfer-Encoding: chunked", 26) == 0;
        answer.close |= strncasecmp(line, "Connection: close", 17) == 0;
        if (strncasecmp(line, "Content-Length:", 15) == 0)
            length = strtoul(line + 15, NULL, 10);
    }
    if (length < sizeof answer.body &&
        (chunked ? client_chunks(fd, &answer) : client_bytes(fd, &answer, length)))
        answer.status = status;
    return &answer;
}

// The server has closed its side, in order and without anything more. A reset is not that.
static inline bool client_at_end(int fd) {
    char c;
    return recv(fd, &c, 1, 0) == 0;
}

static inline bool client_ended(int fd) {
    char scratch[4096];
    ssize_t n;
    while ((n = recv(fd, scratch, sizeof scratch, 0)) > 0)
        ;
    return n == 0 || errno == ECONNRESET;
}

static inline int64_t client_now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Polls until it is so many, at most DEADLINE_S.
static inline bool client_await(const atomic_int *value, int wanted) {
    for (int i = 0; i < DEADLINE_S * 200 && *value != wanted; i++)
        (void)poll(NULL, 0, 5);
    return *value == wanted;
}

static inline bool client_await_connections(struct fixture *fx, int wanted) {
    for (int i = 0; i < DEADLINE_S * 50; i++) {
        client_signal(fx);
        (void)poll(NULL, 0, 20);
        if (fx->connections == wanted)
            return true;
    }
    return false;
}

static inline bool post(int fd, const char *path, size_t len) {
    char head[256];
    static const char zeros[65536];
    (void)snprintf(head, sizeof head,
                   "POST %s HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n\r\n", path, len);
    return client_puts(fd, head) && client_send(fd, zeros, len);
}

static inline void refuses_to_listen(struct fixture *fx, enum err_kind kind) {
    struct err err = {0};
    assert_null(http_listen(fx->loop, &fx->options, &err));
    assert_int_equal(err.kind, kind);
    assert_true(strlen(err.text) > 0);
}

#endif
