// SPDX-License-Identifier: EUPL-1.2
// What the server of test_fetch answers, by path.
#ifndef FETCH_SCRIPTS_H
#define FETCH_SCRIPTS_H

#include "fetch_rig.h"

enum { BODY_MAX = 100000 };

// printf 'hello gzip' | gzip -n
static const char gzip_hello[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x57"
                                 "\x48\xaf\xca\x2c\x00\x00\x19\x6a\xd2\xdf\x0a\x00\x00\x00";
static char *bomb; // 64 MiB of zeros, zipped
static size_t bomb_len;

static void say_zipped(int fd, const char *encoding, const void *data, size_t len) {
    char head[256];
    (void)snprintf(head, sizeof head,
                   "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
                   encoding, len);
    (void)(send_text(fd, head) && send_bytes(fd, data, len));
}

static void say_gzip(struct server *server, int fd) {
    (void)server;
    say_zipped(fd, "gzip", gzip_hello, sizeof gzip_hello - 1);
}

static void say_bad_gzip(struct server *server, int fd) {
    (void)server;
    say_zipped(fd, "gzip", "this is not zipped", 18);
}

static void say_gzip_tail(struct server *server, int fd) {
    (void)server;
    char data[sizeof gzip_hello + 4] = {0};
    memcpy(data, gzip_hello, sizeof gzip_hello - 1);
    memcpy(data + sizeof gzip_hello - 1, "tail", 4);
    say_zipped(fd, "gzip", data, sizeof gzip_hello + 3);
}

static void say_deep(struct server *server, int fd) {
    (void)server;
    say_zipped(fd, "gzip, gzip, gzip, gzip, gzip, gzip", gzip_hello, sizeof gzip_hello - 1);
}

static void say_bomb(struct server *server, int fd) {
    (void)server;
    say_zipped(fd, "gzip", bomb, bomb_len);
}

static void say_endless(struct server *server, int fd) {
    (void)server;
    bool up = send_text(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (up)
        up = send_text(fd, "20\r\n0123456789abcdef0123456789abcdef\r\n");
}

static void say_header_flood(struct server *server, int fd) {
    (void)server;
    bool up = send_text(fd, "HTTP/1.1 200 OK\r\n");
    while (up)
        up = send_text(fd, "X-Flood: 0123456789abcdef0123456789abcdef\r\n");
}

static void say_long_header(struct server *server, int fd) {
    (void)server;
    bool up = send_text(fd, "HTTP/1.1 200 OK\r\nX-Long: ");
    while (up)
        up = send_text(fd, "0123456789abcdef0123456789abcdef");
}

static void say_continues(struct server *server, int fd) {
    (void)server;
    while (send_text(fd, "HTTP/1.1 100 Continue\r\n\r\n")) {
    }
}

static void say_size(int fd, size_t len) {
    char head[128];
    char *body = mem_alloc(len);
    memset(body, 'x', len);
    (void)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", len);
    (void)(send_text(fd, head) && send_bytes(fd, body, len));
    free(body);
}

static void say_largest(struct server *server, int fd) {
    (void)server;
    say_size(fd, BODY_MAX);
}

static void say_one_more(struct server *server, int fd) {
    (void)server;
    say_size(fd, BODY_MAX + 1);
}

static void say_etag(int fd, size_t len) {
    char *etag = mem_zalloc(len + 1, 1);
    memset(etag, 'e', len);
    (void)(send_text(fd, "HTTP/1.1 204 No Content\r\nETag: ") && send_text(fd, etag) &&
           send_text(fd, "\r\n\r\n"));
    free(etag);
}

static void say_etag_255(struct server *server, int fd) {
    (void)server;
    say_etag(fd, 255);
}

static void say_etag_256(struct server *server, int fd) {
    (void)server;
    say_etag(fd, 256);
}

// A byte at a time, for ever.
static void say_drip(struct server *server, int fd) {
    (void)server;
    bool up = send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (up) {
        up = send_text(fd, "x");
        usleep(20000);
    }
}

static void say_header_drip(struct server *server, int fd) {
    (void)server;
    bool up = send_text(fd, "HTTP/1.1 200 OK\r\nX-Slow: ");
    while (up) {
        up = send_text(fd, "x");
        usleep(20000);
    }
}

// Each hop is quick enough, all together are not.
static void say_slow_hop(struct server *server, int fd) {
    char text[128];
    usleep(timeout_ms() * 300);
    (void)snprintf(text, sizeof text,
                   "HTTP/1.1 302 Found\r\nLocation: /slow-hop?%d\r\nContent-Length: 0\r\n\r\n",
                   server_count(server, &server->requests));
    (void)send_text(fd, text);
}

static void say_nothing(struct server *server, int fd) {
    (void)fd;
    pthread_mutex_lock(&server->mutex);
    while (!server->stopping)
        pthread_cond_wait(&server->changed, &server->mutex);
    pthread_mutex_unlock(&server->mutex);
}

// Waits until four are here at the same time.
static void say_four(struct server *server, int fd) {
    pthread_mutex_lock(&server->mutex);
    if (++server->active > server->active_max)
        server->active_max = server->active;
    int round = server->round;
    if (++server->in_round == 4) {
        server->in_round = 0;
        server->round++;
        pthread_cond_broadcast(&server->changed);
    }
    while (server->round == round && !server->stopping)
        pthread_cond_wait(&server->changed, &server->mutex);
    server->active--;
    pthread_mutex_unlock(&server->mutex);
    (void)send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour");
}

struct script {
    const char *path;
    const char *text; // or
    void (*say)(struct server *server, int fd);
    bool close; // the connection, afterwards
};

static const struct script scripts[] = {
    {"/plain",
     "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
     "Content-Length: 5\r\n\r\nhello",
     NULL, false},
    {"/304", "HTTP/1.1 304 Not Modified\r\nETag: W/\"v2\"\r\nContent-Length: 99999999\r\n\r\n",
     NULL, false},
    {"/busy", "HTTP/1.1 503 Busy\r\nretry-after: 120\r\nContent-Length: 0\r\n\r\n", NULL, false},
    {"/chunked",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: ETag\r\n\r\n"
     "3\r\nabc\r\n4\r\ndefg\r\n0\r\nETag: \"trailer\"\r\n\r\n",
     NULL, false},
    {"/early",
     "HTTP/1.1 103 Early Hints\r\nETag: \"early\"\r\n\r\n"
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
     NULL, false},
    {"/until-close", "HTTP/1.0 200 OK\r\n\r\nto the end", NULL, true},
    {"/redirect", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", NULL, false},
    {"/control", "HTTP/1.1 200 OK\r\nETag: a\001b\r\nContent-Length: 0\r\n\r\n", NULL, false},
    {"/cut", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", NULL, true},
    {"/cut-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab", NULL, true},
    {"/cut-header", "HTTP/1.1 200 OK\r\nContent-Le", NULL, true},
    {"/close", "", NULL, true},
    {"/ssh", "SSH-2.0-secret\r\n", NULL, true},
    {"/bad-length", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", NULL, true},
    {"/bad-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", NULL, true},
    {"/gzip", NULL, say_gzip, false},
    {"/bad-gzip", NULL, say_bad_gzip, true},
    {"/gzip-tail", NULL, say_gzip_tail, true},
    {"/deep", NULL, say_deep, true},
    {"/bomb", NULL, say_bomb, true},
    {"/endless", NULL, say_endless, true},
    {"/header-flood", NULL, say_header_flood, true},
    {"/long-header", NULL, say_long_header, true},
    {"/continues", NULL, say_continues, true},
    {"/largest", NULL, say_largest, false},
    {"/one-more", NULL, say_one_more, true},
    {"/etag-255", NULL, say_etag_255, false},
    {"/etag-256", NULL, say_etag_256, false},
    {"/drip", NULL, say_drip, true},
    {"/header-drip", NULL, say_header_drip, true},
    {"/slow-hop", NULL, say_slow_hop, false},
    {"/nothing", NULL, say_nothing, true},
    {"/four", NULL, say_four, false},
};

static const struct script *find_script(const char *request) {
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        if (request_is_for(request, scripts[i].path))
            return &scripts[i];
    return NULL;
}

static void serve(struct server *server, int fd) {
    char request[sizeof server->last_request];
    while (server_read(server, fd, request, sizeof request)) {
        const struct script *script = find_script(request);
        if (script && script->say)
            script->say(server, fd);
        else if (script)
            (void)send_text(fd, script->text);
        if (!script || script->close)
            return;
    }
}

#endif
