// SPDX-License-Identifier: EUPL-1.2
// Listening sockets: TCP, Unix, or one that was handed to us.
#include "base/mem.h"
#include "http_private.h"

#include <arpa/inet.h>
#include <errno.h>
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

static bool is_local(const union address *at) {
    const struct in6_addr *six = &at->v6.sin6_addr;
    switch (at->any.sa_family) {
    case AF_UNIX:
        return true;
    case AF_INET:
        return ntohl(at->v4.sin_addr.s_addr) >> 24 == 127;
    default:
        return IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127);
    }
}

static bool describe(struct http_socket *out, struct err *err) {
    union address at = {0};
    socklen_t len = sizeof at;
    int listening = 0;
    socklen_t listening_len = sizeof listening;
    if (getsockopt(out->fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &listening_len) || !listening ||
        getsockname(out->fd, &at.any, &len))
        return err_set(err, ERR_CONFIG, "http: not a listening socket");
    out->is_unix = at.any.sa_family == AF_UNIX;
    out->is_local = is_local(&at);
    if (at.any.sa_family == AF_INET)
        out->port = ntohs(at.v4.sin_port);
    else if (at.any.sa_family == AF_INET6)
        out->port = ntohs(at.v6.sin6_port);
    return true;
}

static bool open_tcp(const struct http_options *options, struct http_socket *out, struct err *err) {
    union address at = {0};
    socklen_t len = sizeof at.v4;
    if (inet_pton(AF_INET, options->address, &at.v4.sin_addr) == 1) {
        at.v4.sin_family = AF_INET;
        at.v4.sin_port = htons(options->port);
    } else if (inet_pton(AF_INET6, options->address, &at.v6.sin6_addr) == 1) {
        at.v6.sin6_family = AF_INET6;
        at.v6.sin6_port = htons(options->port);
        len = sizeof at.v6;
    } else {
        return err_set(err, ERR_CONFIG, "http: listen address is neither IPv4 nor IPv6");
    }
    int on = 1;
    out->fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (out->fd < 0 || setsockopt(out->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        bind(out->fd, &at.any, len) || listen(out->fd, BACKLOG))
        return err_set(err, ERR_CONFIG, "http: cannot listen on %s port %u: %s", options->address,
                       (unsigned)options->port, strerror(errno));
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
        return err_set(err, ERR_CONFIG, "%s: another process listens there", at->sun_path);
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
    *out = (struct http_socket){.fd = options->fd};
    bool ok = true;
    if (options->fd < 0)
        ok = options->unix_path ? open_unix(options, out, err) : open_tcp(options, out, err);
    if (ok && describe(out, err))
        return true;
    if (out->fd >= 0 && options->fd < 0)
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
