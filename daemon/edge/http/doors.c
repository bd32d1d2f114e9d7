// SPDX-License-Identifier: EUPL-1.2
// One server may have several listening sockets, so that its limits and shares hold for all of them
// together. The library listens on the first. Who comes in by another is given to it here, as long
// as it has room; else it stays in that socket's queue, as with the first.
#include "base/mem.h"
#include "http_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void wait_for_room(struct http_server *server) {
    server->doors_wait = true;
    for (size_t i = 0; i < server->door_count; i++)
        loop_watch_start(server->doors[i].watch, 0);
    http_sweep_start(server);
}

void http_doors_go_on(struct http_server *server) {
    if (!server->doors_wait || server->quiesced)
        return;
    server->doors_wait = false;
    for (size_t i = 0; i < server->door_count; i++)
        loop_watch_start(server->doors[i].watch, LOOP_READABLE);
}

// False: nobody more now.
static bool let_in(const struct http_door *door) {
    struct http_server *server = door->server;
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    if (server->conn_count >= server->options.limits.connections_max) {
        wait_for_room(server);
        return false;
    }
    int fd = accept4(door->fd, (struct sockaddr *)&at, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        (void)MHD_add_connection(server->daemon, fd, (struct sockaddr *)&at, len); // or closes it
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        wait_for_room(server);
    return errno == ECONNABORTED || errno == EINTR;
}

static void on_knock(void *ctx, int events) {
    const struct http_door *door = ctx;
    (void)events;
    while (let_in(door))
        continue;
    http_drive(door->server);
}

bool http_doors_open(struct http_server *server, const int *fds, size_t count, struct err *err) {
    struct http_place place;
    server->doors = mem_zalloc(count ? count : 1, sizeof *server->doors);
    for (size_t i = 0; i < count; i++) {
        struct http_door *door = &server->doors[i];
        if (!http_place_of(fds[i], &place, err))
            return false;
        int flags = fcntl(fds[i], F_GETFL);
        if (flags < 0 || fcntl(fds[i], F_SETFL, flags | O_NONBLOCK) != 0)
            return err_set(err, ERR_CONFIG, "http: a socket cannot be used");
        *door = (struct http_door){.server = server, .fd = fds[i]};
        door->watch = loop_watch_create(server->loop, fds[i], on_knock, door);
        loop_watch_start(door->watch, LOOP_READABLE);
        server->door_count++;
    }
    return true;
}

void http_doors_close(struct http_server *server) {
    for (size_t i = 0; i < server->door_count; i++) {
        loop_watch_free(server->doors[i].watch);
        (void)close(server->doors[i].fd);
    }
    server->door_count = 0;
    free(server->doors);
    server->doors = NULL;
}
