// SPDX-License-Identifier: EUPL-1.2
// Listening sockets: TCP, Unix, or one that was handed to us.
#include "base/mem.h"
#include "http_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
};

static bool read_address(int fd, union address *at, struct err *err) {
    socklen_t len = sizeof *at;
    int listening = 0;
    socklen_t listening_len = sizeof listening;
    memset(at, 0, sizeof *at);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &listening_len) || !listening ||
        getsockname(fd, &at->any, &len))
        return err_set(err, ERR_CONFIG, "http: not a listening socket");
    return true;
}

static uint16_t port_of(const union address *at) {
    if (at->any.sa_family == AF_UNIX)
        return 0;
    return ntohs(at->any.sa_family == AF_INET ? at->v4.sin_port : at->v6.sin6_port);
}

static void describe(const union address *at, struct http_place *out) {
    char host[INET6_ADDRSTRLEN] = "";
    *out = (struct http_place){.is_unix = at->any.sa_family == AF_UNIX};
    if (out->is_unix) {
        (void)snprintf(out->text, sizeof out->text, "%.108s", at->local.sun_path);
    } else if (at->any.sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &at->v4.sin_addr, host, sizeof host);
        (void)snprintf(out->text, sizeof out->text, "%s:%u", host, port_of(at));
        out->is_loopback = ntohl(at->v4.sin_addr.s_addr) >> 24 == 127;
    } else {
        (void)inet_ntop(AF_INET6, &at->v6.sin6_addr, host, sizeof host);
        (void)snprintf(out->text, sizeof out->text, "[%s]:%u", host, port_of(at));
        const struct in6_addr *six = &at->v6.sin6_addr;
        out->is_loopback =
            IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127);
    }
}

bool http_place_of(int fd, struct http_place *out, struct err *err) {
    union address at;
    if (!read_address(fd, &at, err))
        return false;
    if (at.any.sa_family != AF_UNIX && at.any.sa_family != AF_INET && at.any.sa_family != AF_INET6)
        return err_set(err, ERR_CONFIG, "http: neither a TCP nor a Unix socket");
    describe(&at, out);
    return true;
}

static socklen_t read_text(const char *address, uint16_t port, union address *at) {
    memset(at, 0, sizeof *at);
    if (inet_pton(AF_INET, address, &at->v4.sin_addr) == 1) {
        at->v4.sin_family = AF_INET;
        at->v4.sin_port = htons(port);
        return sizeof at->v4;
    }
    at->v6.sin6_port = htons(port);
    at->v6.sin6_family = AF_INET6;
    return inet_pton(AF_INET6, address, &at->v6.sin6_addr) == 1 ? sizeof at->v6 : 0;
}

bool http_place_at(const char *address, uint16_t port, struct http_place *out) {
    union address at;
    if (read_text(address, port, &at) == 0)
        return false;
    describe(&at, out);
    return true;
}

// What passes by itself, when somebody else has gone, is no fault of the configuration.
static enum err_kind kind_of(int number) {
    return number == EADDRINUSE || number == EADDRNOTAVAIL ? ERR_RETRY : ERR_CONFIG;
}

static bool open_tcp(const struct http_options *options, struct http_socket *out, struct err *err) {
    union address at;
    socklen_t len = read_text(options->address, options->port, &at);
    int on = 1;
    if (len == 0)
        return err_set(err, ERR_CONFIG, "http: listen address is neither IPv4 nor IPv6");
    out->fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (out->fd < 0 || setsockopt(out->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        bind(out->fd, &at.any, len) || listen(out->fd, BACKLOG)) {
        int number = errno;
        return err_set(err, kind_of(number), "http: cannot listen on %s port %u: %s",
                       options->address, (unsigned)options->port,
                       number == EADDRINUSE ? "another process listens there" : strerror(number));
    }
    return true;
}

// An old socket file is removed, unless somebody still answers there or it is something else.
static bool clear_path(const struct sockaddr_un *at, struct err *err) {
    struct stat st;
    if (lstat(at->sun_path, &st))
        return errno == ENOENT || err_set(err, ERR_CONFIG, "%s: %s", at->sun_path, strerror(errno));
    if (!S_ISSOCK(st.st_mode))
        return err_set(err, ERR_CONFIG, "%s: exists and is not a socket", at->sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool served = fd >= 0 && (connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 ||
                              errno == EAGAIN || errno == EINPROGRESS);
    if (fd >= 0)
        (void)close(fd);
    if (served)
        return err_set(err, kind_of(EADDRINUSE), "%s: another process listens there", at->sun_path);
    if (unlink(at->sun_path))
        return err_set(err, ERR_CONFIG, "%s: %s", at->sun_path, strerror(errno));
    return true;
}

static bool open_unix(const struct http_options *options, struct http_socket *out,
                      struct err *err) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct stat st;
    if (strlen(options->unix_path) >= sizeof at.sun_path)
        return err_set(err, ERR_CONFIG, "http: socket path longer than %zu bytes",
                       sizeof at.sun_path - 1);
    memcpy(at.sun_path, options->unix_path, strlen(options->unix_path) + 1);
    if (!clear_path(&at, err))
        return false;
    out->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    // The mode before bind keeps the file closed to others from its first moment on.
    if (out->fd < 0 || fchmod(out->fd, options->unix_mode & 0700) ||
        bind(out->fd, (const struct sockaddr *)&at, sizeof at))
        return err_set(err, ERR_CONFIG, "%s: %s", options->unix_path,
                       errno == ENOENT ? "its directory is not there (for a service systemd makes "
                                         "it: RuntimeDirectory=)"
                                       : strerror(errno));
    out->unix_path = mem_strdup(options->unix_path);
    if (chmod(at.sun_path, options->unix_mode) || lstat(at.sun_path, &st) ||
        listen(out->fd, BACKLOG))
        return err_set(err, ERR_CONFIG, "%s: %s", options->unix_path, strerror(errno));
    out->unix_dev = st.st_dev;
    out->unix_ino = st.st_ino;
    return true;
}

bool http_socket_open(const struct http_options *options, struct http_socket *out,
                      struct err *err) {
    union address at;
    bool passed = options->fd_count > 0, ok = true;
    *out = (struct http_socket){.fd = passed ? options->fds[0] : -1};
    if (!passed)
        ok = options->unix_path ? open_unix(options, out, err) : open_tcp(options, out, err);
    if (ok && read_address(out->fd, &at, err)) {
        out->is_unix = at.any.sa_family == AF_UNIX;
        out->port = port_of(&at);
        return true;
    }
    if (out->fd >= 0 && !passed)
        (void)close(out->fd);
    http_socket_unlink(out);
    return false;
}

void http_socket_unlink(struct http_socket *sock) {
    struct stat st;
    if (sock->unix_path && lstat(sock->unix_path, &st) == 0 && st.st_dev == sock->unix_dev &&
        st.st_ino == sock->unix_ino)
        (void)unlink(sock->unix_path);
    free(sock->unix_path);
    sock->unix_path = NULL;
}
