// SPDX-License-Identifier: EUPL-1.2
// For the tests of fetch: a server of threads and plain sockets on loopback, and a loop with a
// fetcher that runs until its answers are there.
#ifndef FETCH_RIG_H
#define FETCH_RIG_H

#include "base/mem.h"
#include "edge/fetch/fetch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

// Long enough to be connected in, also under valgrind: what times out then was not "while
// connecting".
static inline unsigned timeout_ms(void) {
    return getenv("SIGNAALD_SLOW") ? 10000 : 1000;
}

enum { SERVER_CONNECTIONS_MAX = 256, RIG_DEADLINE_MS = 60000 };

struct server {
    int fd, port;
    const char *address;
    void (*serve)(struct server *server, int fd); // a connection, on a thread of its own
    pthread_t acceptor;
    pthread_mutex_t mutex; // holds for all below
    pthread_cond_t changed;
    pthread_t threads[SERVER_CONNECTIONS_MAX];
    int fds[SERVER_CONNECTIONS_MAX];
    int connections, ended, requests;
    int active, active_max, round, in_round; // of those that wait for each other
    bool stopping;
    char last_request[16384];
};

struct connection {
    struct server *server;
    int fd;
};

static inline void *server_connection(void *arg) {
    struct connection connection = *(struct connection *)arg;
    struct server *server = connection.server;
    free(arg);
    server->serve(server, connection.fd);
    (void)shutdown(connection.fd, SHUT_RDWR);
    pthread_mutex_lock(&server->mutex);
    server->ended++;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->mutex);
    return NULL;
}

static inline void *server_accept(void *arg) {
    struct server *server = arg;
    for (;;) {
        int fd = accept(server->fd, NULL, NULL);
        pthread_mutex_lock(&server->mutex);
        if (fd < 0 || server->stopping || server->connections == SERVER_CONNECTIONS_MAX) {
            pthread_mutex_unlock(&server->mutex);
            if (fd >= 0)
                close(fd);
            return NULL;
        }
        struct connection *connection = mem_zalloc(1, sizeof *connection);
        *connection = (struct connection){server, fd};
        server->fds[server->connections] = fd;
        (void)pthread_create(&server->threads[server->connections++], NULL, server_connection,
                             connection);
        pthread_mutex_unlock(&server->mutex);
    }
}

// On a loopback address.
static inline void server_start_at(struct server *server, const char *address,
                                   void (*serve)(struct server *server, int fd)) {
    memset(server, 0, sizeof *server);
    server->address = address;
    server->serve = serve;
    pthread_mutex_init(&server->mutex, NULL);
    pthread_cond_init(&server->changed, NULL);
    struct sockaddr_in in = {.sin_family = AF_INET};
    socklen_t len = sizeof in;
    assert_int_equal(inet_pton(AF_INET, address, &in.sin_addr), 1);
    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(server->fd, 128), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&in, &len), 0);
    server->port = ntohs(in.sin_port);
    (void)pthread_create(&server->acceptor, NULL, server_accept, server);
}

static inline void server_start(struct server *server,
                                void (*serve)(struct server *server, int fd)) {
    server_start_at(server, "127.0.0.1", serve);
}

static inline void server_stop(struct server *server) {
    pthread_mutex_lock(&server->mutex);
    server->stopping = true;
    for (int i = 0; i < server->connections; i++)
        (void)shutdown(server->fds[i], SHUT_RDWR);
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->mutex);
    (void)shutdown(server->fd, SHUT_RDWR); // wakes accept
    pthread_join(server->acceptor, NULL);
    for (int i = 0; i < server->connections; i++) {
        pthread_join(server->threads[i], NULL);
        close(server->fds[i]);
    }
    close(server->fd);
    pthread_mutex_destroy(&server->mutex);
    pthread_cond_destroy(&server->changed);
}

static inline int server_count(struct server *server, const int *counter) {
    pthread_mutex_lock(&server->mutex);
    int count = *counter;
    pthread_mutex_unlock(&server->mutex);
    return count;
}

static inline bool send_bytes(int fd, const void *data, size_t len) {
    for (size_t at = 0; at < len;) {
        ssize_t n = send(fd, (const char *)data + at, len - at, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

static inline bool send_text(int fd, const char *text) {
    return send_bytes(fd, text, strlen(text));
}

// The next request with its form, NUL-terminated. False when the other side has gone.
static inline bool server_read(struct server *server, int fd, char *request, size_t size) {
    size_t len = 0, whole = SIZE_MAX;
    request[0] = '\0';
    while (len < whole) {
        ssize_t n = recv(fd, request + len, size - 1 - len, 0);
        if (n <= 0)
            return false;
        len += (size_t)n;
        request[len] = '\0';
        const char *end = strstr(request, "\r\n\r\n");
        const char *form = strstr(request, "\r\nContent-Length: ");
        if (end)
            whole = (size_t)(end + 4 - request) + (form ? strtoul(form + 18, NULL, 10) : 0);
    }
    pthread_mutex_lock(&server->mutex);
    (void)snprintf(server->last_request, sizeof server->last_request, "%s", request);
    server->requests++;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->mutex);
    return true;
}

// Is it for this path, without query?
static inline bool request_is_for(const char *request, const char *path) {
    const char *at = strchr(request, ' ');
    size_t len = strlen(path);
    return at && strncmp(at + 1, path, len) == 0 && strchr(" ?", at[1 + len]);
}

struct answer {
    int calls, order; // order: the how-manieth answer of the rig
    enum fetch_outcome outcome;
    long status;
    char *body; // NUL-terminated; freed by answer_free
    size_t body_len;
    char *etag, *last_modified, *retry_after, *link_next, *url, *reason;
    struct rig *rig;
};

struct rig {
    struct loop *loop;
    struct fetcher *fetcher;
    struct fetch_visit *visit; // of rig_get
    struct loop_timer *deadline;
    int waiting, answered;
    bool late;
    struct server server;
};

static inline void answer_free(struct answer *answer) {
    free(answer->body);
    free(answer->etag);
    free(answer->last_modified);
    free(answer->retry_after);
    free(answer->link_next);
    free(answer->url);
    free(answer->reason);
    *answer = (struct answer){0};
}

static inline char *copy_of(const char *text) {
    return text ? mem_strdup(text) : NULL;
}

static inline void keep_answer(void *ctx, const struct fetch_result *result) {
    struct answer *answer = ctx;
    answer->calls++;
    answer->outcome = result->outcome;
    answer->status = result->status;
    answer->body = mem_strndup(result->body.len ? result->body.data : "", result->body.len);
    answer->body_len = result->body.len;
    answer->etag = copy_of(result->etag);
    answer->last_modified = copy_of(result->last_modified);
    answer->retry_after = copy_of(result->retry_after);
    answer->link_next = copy_of(result->link_next);
    answer->url = copy_of(result->url);
    answer->reason = mem_strdup(result->reason);
}

static inline void on_answer(void *ctx, const struct fetch_result *result) {
    struct answer *answer = ctx;
    keep_answer(ctx, result);
    answer->order = ++answer->rig->answered;
    if (--answer->rig->waiting == 0)
        loop_stop(answer->rig->loop);
}

static inline void on_deadline(void *ctx) {
    struct rig *rig = ctx;
    rig->late = true;
    loop_stop(rig->loop);
}

static inline void rig_start(struct rig *rig, const struct fetch_limits *limits,
                             void (*serve)(struct server *server, int fd)) {
    memset(rig, 0, sizeof *rig);
    server_start(&rig->server, serve);
    struct err err = {0};
    rig->loop = loop_create(&err);
    assert_non_null(rig->loop);
    rig->deadline = loop_timer_create(rig->loop, on_deadline, rig);
    rig->fetcher = fetcher_create(rig->loop, limits, &err);
    assert_non_null(rig->fetcher);
    rig->visit = fetch_visit_begin();
}

static inline void rig_stop(struct rig *rig) {
    fetcher_free(rig->fetcher);
    fetch_visit_end(rig->visit);
    loop_timer_free(rig->deadline);
    loop_free(rig->loop);
    server_stop(&rig->server);
}

static inline void rig_ask(struct rig *rig, const struct fetch_request *request,
                           struct answer *answer) {
    *answer = (struct answer){.rig = rig};
    rig->waiting++;
    fetch_start(rig->fetcher, request, on_answer, answer);
    assert_int_equal(answer->calls, 0); // later, on the loop
}

static inline void rig_wait(struct rig *rig) {
    loop_timer_start(rig->deadline, RIG_DEADLINE_MS, 0);
    loop_run(rig->loop);
    loop_timer_stop(rig->deadline);
    assert_false(rig->late);
}

static inline void rig_get(struct rig *rig, const struct fetch_request *request,
                           struct answer *answer) {
    struct fetch_request of_visit = *request;
    of_visit.visit = rig->visit;
    rig_ask(rig, &of_visit, answer);
    rig_wait(rig);
    assert_int_equal(answer->calls, 1);
}

static inline void rig_url(const struct rig *rig, const char *path, char url[256]) {
    (void)snprintf(url, 256, "http://%s:%d%s", rig->server.address, rig->server.port, path);
}

static inline void rig_get_path(struct rig *rig, const char *path, struct answer *answer) {
    char url[256];
    rig_url(rig, path, url);
    rig_get(rig, &(struct fetch_request){.url = url, .allow_private = true}, answer);
}

static inline void assert_text(const char *got, const char *expected, const char *about) {
    if (!got != !expected || (got && strcmp(got, expected) != 0))
        fail_msg("%s: \"%s\" instead of \"%s\"", about, got ? got : "(none)",
                 expected ? expected : "(none)");
}

#endif
