// SPDX-License-Identifier: EUPL-1.2
// The server: start, stop, running the library, deadlines. The library watches its sockets in an
// epoll set of its own, whose descriptor the loop watches; it runs when that is readable, and once
// behind all the replies of a turn. A handshake of TLS that waits for the client leaves the library
// calling for another run at once, so there a run that came to nothing is followed by a pause. Its
// own timeouts only see inactivity, so they are off: each connection has one absolute deadline,
// looked at by one timer for all of them, and is cut by shutting its socket down, which the library
// then notices as any other end.
#include "base/mem.h"
#include "base/pii/log.h"
#include "http_calls.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SWEEP_MS = 1000,
    PAUSE_MS = 10,
    RUNS_MAX = 4,      // one run makes the replies, one writes them, one finds nothing more to read
    POOL_EXTRA = 16384 // the library's memory for a connection, beyond twice the largest head
};

// TLS 1.2 and 1.3; only suites that encrypt and authenticate at once (AEAD), with a fresh key for
// each connection (ECDHE).
static const char TLS_PRIORITIES[] =
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-CIPHER-ALL:"
    "+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:-MAC-ALL:+AEAD";

void http_drive(struct http_server *server) {
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    bool more = true;
    server->running = true;
    for (int run = 0; more && run < RUNS_MAX; run++) {
        server->conn_freed = server->progress = false;
        (void)MHD_run(server->daemon);
        // A library that was full listens again only at the start of its next run.
        more = server->conn_freed ||
               (MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES && wait_ms == 0);
    }
    server->running = false;
    if (more && server->options.tls && !server->progress)
        loop_timer_start(server->pause, PAUSE_MS, 0);
    else if (more)
        loop_defer(server->loop, &server->drive);
}

static void on_ready(void *ctx, int events) {
    (void)events;
    http_drive(ctx);
}

static void on_pause(void *ctx) {
    http_drive(ctx);
}

static void on_deferred(void *ctx) {
    struct http_server *server = ctx;
    if (server->closed)
        free(server);
    else
        http_drive(server);
}

void http_suspend(struct http_request *request) {
    MHD_suspend_connection(request->mhd);
    request->suspended = true;
}

void http_wake(struct http_request *request) {
    struct http_server *server = request->conn->server;
    if (!request->suspended)
        return;
    request->suspended = false;
    MHD_resume_connection(request->mhd);
    loop_defer(server->loop, &server->drive);
}

void http_set_deadline(struct http_conn *conn, int64_t after_ms) {
    conn->deadline_ms = after_ms ? loop_now_ms(conn->server->loop) + after_ms : 0;
}

void http_turn_away(struct http_conn *conn, bool answer) {
    static const char busy[] = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n"
                               "Content-Length: 0\r\nConnection: close\r\n\r\n";
    conn->away = true;
    if (answer && !conn->server->options.tls) {
        (void)!write(conn->fd, busy, sizeof busy - 1); // it does not block
        http_start_linger(conn->server, conn->fd);
    }
    (void)shutdown(conn->fd, SHUT_RDWR);
}

static void cut(struct http_conn *conn) {
    if (conn->request && conn->request->streaming)
        log_notice("a client that does not read what it asked for is cut off");
    conn->deadline_ms = 0;
    (void)shutdown(conn->fd, SHUT_RDWR);
}

// A suspended connection's end is not seen by the library.
static void check_stream(struct http_request *request) {
    struct pollfd pfd = {.fd = request->conn->fd, .events = POLLRDHUP};
    if (poll(&pfd, 1, 0) > 0) {
        request->stream_dead = true;
        http_wake(request);
    }
}

static void on_sweep(void *ctx) {
    struct http_server *server = ctx;
    int64_t now_ms = loop_now_ms(server->loop);
    http_linger_sweep(server, now_ms);
    http_share_sweep(server, now_ms);
    for (struct http_conn *conn = server->conns; conn; conn = conn->next) {
        struct http_request *request = conn->request;
        if (conn->deadline_ms && now_ms >= conn->deadline_ms)
            cut(conn);
        else if (request && request->suspended && request->streaming)
            check_stream(request);
    }
    http_doors_go_on(server);
    server->sweeping =
        server->conns || server->lingers || server->shares_full || server->doors_wait;
    if (!server->sweeping)
        loop_timer_stop(server->sweep);
}

void http_sweep_start(struct http_server *server) {
    if (!server->sweeping)
        loop_timer_start(server->sweep, SWEEP_MS, SWEEP_MS);
    server->sweeping = true;
}

static void conn_open(struct http_server *server, struct MHD_Connection *mhd, void **conn_ctx) {
    struct http_conn *conn = mem_zalloc(1, sizeof *conn);
    *conn = (struct http_conn){.next = server->conns, .server = server};
    conn->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    if (conn->next)
        conn->next->prev = conn;
    server->conns = conn;
    server->conn_count++;
    if (server->options.tls)
        http_tls_begin(
            conn, MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session);
    conn->since_ms = loop_now_ms(server->loop);
    http_set_deadline(conn, server->options.limits.head_timeout_ms);
    http_share_join(conn);
    http_sweep_start(server);
    *conn_ctx = conn;
}

static void conn_free(struct http_conn *conn) {
    struct http_server *server = conn->server;
    if (conn->prev)
        conn->prev->next = conn->next;
    else
        server->conns = conn->next;
    if (conn->next)
        conn->next->prev = conn->prev;
    server->conn_count--;
    http_share_leave(conn);
    server->conn_freed = true;
    http_doors_go_on(server);
    http_tls_unref(conn->tls);
    free(conn);
}

static void on_connection(void *ctx, struct MHD_Connection *mhd, void **conn_ctx,
                          enum MHD_ConnectionNotificationCode code) {
    ((struct http_server *)ctx)->progress = true;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        conn_open(ctx, mhd, conn_ctx);
    } else {
        conn_free(*conn_ctx);
        *conn_ctx = NULL;
    }
}

// Takes the socket, also when it fails.
static bool start_daemon(struct http_server *server, const struct http_options *options,
                         struct err *err) {
    size_t pool = options->limits.head_bytes_max * 2 + POOL_EXTRA;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, http_tls_callback()},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    if (options->tls)
        flags |= MHD_USE_TLS;
    else
        tls[0].option = MHD_OPTION_END;
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, http_on_access, server, MHD_OPTION_LISTEN_SOCKET, server->socket.fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->limits.connections_max,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, pool, MHD_OPTION_CONNECTION_TIMEOUT, 0u,
        MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_URI_LOG_CALLBACK, http_on_uri, server,
        MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, server, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    server->socket.fd = -1;
    if (!server->daemon)
        return err_set(err, ERR_CONFIG, "http: cannot start");
    return true;
}

static void copy_common(struct http_server *server, const struct http_options *options) {
    server->common = mem_zalloc(options->common_count, sizeof *server->common);
    for (size_t i = 0; i < options->common_count; i++) {
        server->common[i].name = mem_strdup(options->common[i].name);
        server->common[i].value = mem_strdup(options->common[i].value);
    }
    server->common_count = options->common_count;
}

struct http_server *http_listen(struct loop *loop, const struct http_options *options,
                                struct err *err) {
    struct http_server *server = mem_zalloc(1, sizeof *server);
    server->loop = loop;
    server->drive = (struct loop_deferred){.fn = on_deferred, .ctx = server};
    server->options = *options;
    server->tls_generation = 1;
    copy_common(server, options);
    if (!http_socket_open(options, &server->socket, err) || !start_daemon(server, options, err))
        goto fail;
    server->sweep = loop_timer_create(loop, on_sweep, server);
    server->pause = loop_timer_create(loop, on_pause, server);
    int fd = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    server->watch = loop_watch_create(loop, fd, on_ready, server);
    loop_watch_start(server->watch, LOOP_READABLE);
    if (options->fd_count > 1 &&
        !http_doors_open(server, options->fds + 1, options->fd_count - 1, err))
        goto fail;
    http_drive(server);
    return server;
fail:
    http_close(server);
    return NULL;
}

void http_use_tls(struct http_server *server, struct http_tls *tls) {
    assert(server->options.tls);
    http_tls_unref(server->options.tls);
    server->options.tls = tls;
    server->tls_generation++;
}

void http_use_limits(struct http_server *server, const struct http_limits *limits) {
    struct http_limits *mine = &server->options.limits;
    const struct http_limits before = *mine;
    *mine = *limits;
    mine->connections_max = before.connections_max;
    mine->head_bytes_max = before.head_bytes_max;
}

uint16_t http_port(const struct http_server *server) {
    return server->socket.port;
}

uint32_t http_connections(const struct http_server *server) {
    return server->conn_count;
}

void http_get_usage(const struct http_server *server, struct http_usage *usage) {
    *usage = (struct http_usage){.body_bytes = server->body_bytes,
                                 .shares_full = server->shares_full,
                                 .turned_away = server->turned_away,
                                 .conns_dropped = server->conns_dropped,
                                 .bodies_dropped = server->bodies_dropped};
}

void http_quiesce(struct http_server *server) {
    if (server->quiesced)
        return;
    server->quiesced = true;
    server->quiesced_ms = loop_now_ms(server->loop);
    int fd = MHD_quiesce_daemon(server->daemon);
    if (fd >= 0)
        (void)close(fd);
    http_doors_close(server);
    http_socket_unlink(&server->socket);
}

// A request that is on its way is answered: what can be read is no idle connection.
static bool is_silent(const struct http_conn *conn, int64_t now_ms, int64_t idle_ms) {
    int64_t since_ms = conn->server->quiesced_ms;
    char byte;
    if (conn->since_ms > since_ms)
        since_ms = conn->since_ms;
    return !conn->request && now_ms - since_ms >= idle_ms &&
           recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

bool http_wind_down(struct http_server *server, int64_t idle_ms) {
    int64_t now_ms = loop_now_ms(server->loop);
    for (struct http_conn *conn = server->conns; conn; conn = conn->next)
        if (is_silent(conn, now_ms, idle_ms))
            cut(conn);
    return server->conn_count == 0;
}

// The library may not be stopped while anything is suspended.
static void drop_requests(struct http_server *server) {
    const struct http_options *options = &server->options;
    for (struct http_conn *conn = server->conns; conn; conn = conn->next) {
        struct http_request *request = conn->request;
        if (!request)
            continue;
        if (request->phase == HTTP_PHASE_HANDED && options->on_gone)
            options->on_gone(options->ctx, request);
        if (request->suspended)
            MHD_resume_connection(request->mhd);
        request->suspended = false;
    }
}

void http_close(struct http_server *server) {
    if (!server)
        return;
    assert(!server->running);
    server->closed = true;
    http_linger_free_all(server);
    loop_watch_free(server->watch);
    if (server->daemon) {
        http_quiesce(server); // the library would shut down a socket that is not ours alone
        drop_requests(server);
        MHD_stop_daemon(server->daemon);
    }
    loop_timer_free(server->sweep);
    loop_timer_free(server->pause);
    http_share_free_all(server);
    http_socket_unlink(&server->socket);
    for (size_t i = 0; i < server->common_count; i++) {
        free((char *)(uintptr_t)server->common[i].name);
        free((char *)(uintptr_t)server->common[i].value);
    }
    free(server->common);
    http_tls_unref(server->options.tls);
    if (!server->drive.waiting)
        free(server);
}
