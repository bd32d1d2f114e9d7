// SPDX-License-Identifier: EUPL-1.2
// Nobody takes another's room. A connection belongs to its peer (an address, a user of the Unix
// socket) until a request of it is claimed for an owner (see http_claim), and from then on to that
// owner. Each of them has at most its share of connections and of bytes of bodies; bytes count
// until the reply, so what waits for a commit is in the share too. Where all together want more
// than there is, it is taken from who has most: the connection that has been idle longest, the body
// that stalls. Root and our own user always get a connection.
#include "base/mem.h"
#include "http_private.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FULL_MS = 60000, // a share that was full is said to be for so long
    STALL_MS = 2000, // a body of which nothing came for so long is the first to go
    OWNER_CONNS = 8, // kept for root and our own user on a Unix socket
    MARGIN = 16,     // a 16th of all connections is made free ahead, so that who comes gets in
};

// What the numbers of keys mean, in their highest bits, so that no two kinds meet.
enum { KEY_OWNER = 1, KEY_USER, KEY_V4, KEY_V6 };

// Times this, the highest bits of a number depend on all of its bits.
static const uint64_t SPREAD = 0x9e3779b97f4a7c15u;

static uint64_t key_of(unsigned kind, uint64_t number) {
    return (uint64_t)kind << 61 | (number & UINT64_MAX >> 3);
}

static size_t part_for_one(const struct http_server *server, size_t all) {
    uint32_t percent = server->options.limits.share_percent;
    size_t share = percent ? all / 100 * percent + all % 100 * percent / 100 : all;
    return share ? share : 1;
}

static struct http_share *share_get(struct http_server *server, uint64_t key) {
    struct http_share **place = &server->shares[key * SPREAD >> 56];
    for (struct http_share *share = *place; share; share = share->next)
        if (share->key == key)
            return share;
    struct http_share *share = mem_zalloc(1, sizeof *share);
    *share = (struct http_share){.next = *place, .key = key};
    *place = share;
    return share;
}

static void note_full(struct http_server *server, struct http_share *share,
                      struct http_request *request, const char *what) {
    const struct http_options *options = &server->options;
    bool told = share->full_until_ms != 0;
    share->full_until_ms = loop_now_ms(server->loop) + FULL_MS;
    server->turned_away++;
    server->shares_full += !told;
    if (!told && options->on_full)
        options->on_full(options->ctx, request, what);
}

void http_share_sweep(struct http_server *server, int64_t now_ms) {
    server->shares_full = 0;
    for (size_t i = 0; i < HTTP_SHARES; i++)
        for (struct http_share **place = &server->shares[i], *share; (share = *place);) {
            if (now_ms >= share->full_until_ms)
                share->full_until_ms = 0;
            server->shares_full += share->full_until_ms != 0;
            if (share->conns || share->bytes || share->full_until_ms) {
                place = &share->next;
            } else {
                *place = share->next;
                free(share);
            }
        }
}

void http_share_free_all(struct http_server *server) {
    for (size_t i = 0; i < HTTP_SHARES; i++)
        while (server->shares[i]) {
            struct http_share *share = server->shares[i];
            server->shares[i] = share->next;
            free(share);
        }
}

// --- connections ---

static uint64_t key_of_address(const struct sockaddr_storage *at) {
    uint64_t number = 0;
    uint32_t four = 0;
    if (at->ss_family == AF_INET6) {
        const struct in6_addr *six = &((const struct sockaddr_in6 *)at)->sin6_addr;
        if (!IN6_IS_ADDR_V4MAPPED(six)) { // by its network: one site has all of its addresses
            memcpy(&number, six->s6_addr, sizeof number);
            return key_of(KEY_V6, number * SPREAD);
        }
        memcpy(&four, six->s6_addr + 12, sizeof four); // it came to a socket of both kinds
    } else if (at->ss_family == AF_INET) {
        four = ((const struct sockaddr_in *)at)->sin_addr.s_addr;
    }
    return key_of(KEY_V4, four);
}

static uint64_t key_of_peer(struct http_conn *conn) {
    struct sockaddr_storage at = {0};
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t at_len = sizeof at, peer_len = sizeof peer;
    if (!conn->server->socket.is_unix) {
        (void)getpeername(conn->fd, (struct sockaddr *)&at, &at_len);
        return key_of_address(&at);
    }
    bool known = getsockopt(conn->fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) == 0;
    conn->owner = known && (peer.uid == 0 || peer.uid == geteuid());
    return key_of(KEY_USER, peer.uid);
}

static bool is_idle(const struct http_conn *conn) {
    return !conn->away && (!conn->request || conn->request->phase == HTTP_PHASE_HEAD);
}

static bool is_stream(const struct http_conn *conn) {
    return !conn->away && conn->request && conn->request->streaming;
}

// The one that has been as `fits` says for longest: of `share`, or without it of the largest.
static struct http_conn *find_victim(struct http_server *server, const struct http_share *share,
                                     const struct http_conn *newest,
                                     bool (*fits)(const struct http_conn *conn)) {
    struct http_conn *found = NULL;
    for (struct http_conn *conn = server->conns; conn; conn = conn->next) {
        if (conn == newest || (share && conn->share != share) || !fits(conn))
            continue;
        if (!found || conn->share->conns > found->share->conns ||
            (conn->share == found->share && conn->since_ms <= found->since_ms))
            found = conn;
    }
    return found;
}

static bool drop_one(struct http_server *server, const struct http_share *share,
                     const struct http_conn *newest, bool (*fits)(const struct http_conn *conn)) {
    struct http_conn *victim = find_victim(server, share, newest, fits);
    if (!victim)
        return false;
    server->conns_dropped++;
    http_turn_away(victim, false);
    return true;
}

// Room for a new connection, from its own share first; false when there is none.
static bool make_room(struct http_conn *conn) {
    struct http_server *server = conn->server;
    size_t all = server->options.limits.connections_max;
    size_t keep = server->socket.is_unix && !conn->owner && all > OWNER_CONNS ? OWNER_CONNS : 0;
    bool over = conn->share->conns > part_for_one(server, all);
    if (!over && server->conn_count <= all - keep - (all - keep) / MARGIN)
        return true;
    const struct http_share *share = over ? conn->share : NULL;
    return drop_one(server, share, conn, is_idle) ||
           (conn->owner && drop_one(server, share, conn, is_stream)) ||
           ((!over || conn->owner) && server->conn_count <= all - keep);
}

void http_share_join(struct http_conn *conn) {
    conn->share = share_get(conn->server, key_of_peer(conn));
    conn->share->conns++;
    if (make_room(conn))
        return;
    note_full(conn->server, conn->share, NULL, "connections");
    http_turn_away(conn, true);
}

void http_share_leave(struct http_conn *conn) {
    conn->share->conns--;
}

uint64_t http_peer_number(const struct http_request *request) {
    return key_of_peer(request->conn);
}

size_t http_peer_place(const struct http_request *request, unsigned bits) {
    return key_of_peer(request->conn) * SPREAD >> (64 - bits);
}

bool http_claim(struct http_request *request, uint64_t owner, size_t waits_max) {
    struct http_conn *conn = request->conn;
    struct http_server *server = conn->server;
    struct http_share *share = share_get(server, key_of(KEY_OWNER, owner));
    if (share->waits >= waits_max) {
        note_full(server, share, request, "queue");
        return false;
    }
    if (share == conn->share)
        return true;
    // An idle one of its own goes first; it is counted until it has gone.
    if (share->conns >= part_for_one(server, server->options.limits.connections_max) &&
        !drop_one(server, share, conn, is_idle)) {
        note_full(server, share, request, "connections");
        return false;
    }
    conn->share->conns--;
    conn->share = share;
    share->conns++;
    return true;
}

// --- bodies ---

static bool is_stalled(const struct http_request *request, int64_t now_ms) {
    return now_ms - request->piece_ms >= STALL_MS;
}

// A stalled body of the same share, or of any; or, where all together are too many, the body of who
// has more than `most`.
static struct http_request *find_body(struct http_server *server, const struct http_share *share,
                                      const struct http_request *asks, size_t most) {
    struct http_request *found = NULL;
    int64_t now_ms = loop_now_ms(server->loop);
    for (struct http_conn *conn = server->conns; conn; conn = conn->next) {
        struct http_request *request = conn->request;
        if (!request || request == asks || request->phase != HTTP_PHASE_BODY ||
            !request->body_cap || (share && conn->share != share) ||
            (conn->share->bytes <= most && !is_stalled(request, now_ms)))
            continue;
        if (!found || conn->share->bytes > found->conn->share->bytes ||
            (conn->share == found->conn->share && request->piece_ms <= found->piece_ms))
            found = request;
    }
    return found;
}

static bool take_from(struct http_server *server, const struct http_share *share,
                      const struct http_request *asks, size_t most) {
    struct http_request *victim = find_body(server, share, asks, most);
    if (!victim)
        return false;
    server->bodies_dropped++;
    http_refuse_at_end(victim, 429);
    return true;
}

bool http_share_reserve(struct http_request *request, size_t more) {
    struct http_server *server = request->conn->server;
    struct http_share *share = request->conn->share;
    size_t all = server->options.limits.body_bytes_max_all, mine = part_for_one(server, all);
    size_t body = server->options.limits.body_bytes_max;
    mine = mine < body ? body : mine; // one body always fits
    while (more > mine || share->bytes > mine - more)
        if (!take_from(server, share, request, SIZE_MAX)) {
            note_full(server, share, request, "bodies");
            return false;
        }
    while (more > all || server->body_bytes > all - more)
        if (!take_from(server, NULL, request, share->bytes + more))
            return false;
    share->bytes += more;
    request->share_bytes += more;
    server->body_bytes += more;
    return true;
}

void http_share_release(struct http_request *request) {
    struct http_share *share = request->conn->share;
    share->bytes -= request->share_bytes;
    share->waits -= request->waits ? request->share_bytes : 0;
    request->share_bytes = 0;
}
