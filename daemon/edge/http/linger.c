// SPDX-License-Identifier: EUPL-1.2
// A socket that is closed with unread bytes in it is reset, and the reset can overtake the reply
// that was just written: a client that still sends its too large body would see "connection reset"
// instead of the 413. So the last reply's socket is kept a moment longer and read empty.
#include "base/mem.h"
#include "http_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINGERS_MAX = 64, LINGER_MS = 2000 };

struct http_linger {
    struct http_linger *prev, *next;
    struct http_server *server;
    struct loop_watch *watch;
    int64_t deadline_ms;
    int fd; // owned
};

static void linger_free(struct http_linger *linger) {
    struct http_server *server = linger->server;
    if (linger->prev)
        linger->prev->next = linger->next;
    else
        server->lingers = linger->next;
    if (linger->next)
        linger->next->prev = linger->prev;
    server->linger_count--;
    loop_watch_free(linger->watch);
    (void)close(linger->fd);
    free(linger);
}

static void on_readable(void *ctx, int events) {
    struct http_linger *linger = ctx;
    char scratch[16384];
    (void)events;
    ssize_t n = recv(linger->fd, scratch, sizeof scratch, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        linger_free(linger);
}

void http_start_linger(struct http_server *server, int fd) {
    if (server->linger_count >= LINGERS_MAX || server->closed)
        return;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
        return;
    struct http_linger *linger = mem_zalloc(1, sizeof *linger);
    *linger = (struct http_linger){.next = server->lingers, .server = server, .fd = copy};
    linger->deadline_ms = loop_now_ms(server->loop) + LINGER_MS;
    if (linger->next)
        linger->next->prev = linger;
    server->lingers = linger;
    server->linger_count++;
    linger->watch = loop_watch_create(server->loop, copy, on_readable, linger);
    loop_watch_start(linger->watch, LOOP_READABLE);
    http_sweep_start(server);
}

void http_linger_sweep(struct http_server *server, int64_t now_ms) {
    for (struct http_linger *linger = server->lingers, *next; linger; linger = next) {
        next = linger->next;
        if (now_ms >= linger->deadline_ms)
            linger_free(linger);
    }
}

void http_linger_free_all(struct http_server *server) {
    while (server->lingers)
        linger_free(server->lingers);
}
