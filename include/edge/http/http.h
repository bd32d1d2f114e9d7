// SPDX-License-Identifier: EUPL-1.2
// HTTP/1.1 server on the loop (libmicrohttpd behind it): TCP, TLS, Unix sockets. A request is
// handed over when it is whole; the reply may come much later, so that it can wait for a commit.
// What the library lets through and RFC 9112 does not, is refused here before any handler sees it
// (see framing.c). Framing, size and time limits are kept here; what a path means is the
// caller's. Everything is called on the loop's thread. The process must ignore SIGPIPE.
//
// Life of a request: on_head sees it without its body. From on_request on it is the caller's, who
// must end it with exactly one http_send or http_stream, in on_request or any time later. With
// http_send it is the server's again: do not touch it after that. With http_stream it may be used
// for http_stream_wake until `closed` has been called. A client that goes away while its reply is
// awaited is noticed by nobody before the reply is written, so a request that was handed over stays
// valid until it is replied to; only http_close takes it away, and says so by on_gone.
#ifndef EDGE_HTTP_HTTP_H
#define EDGE_HTTP_HTTP_H

#include "base/str.h"
#include "edge/http/limits.h"
#include "edge/loop.h"

#include <sys/types.h>

enum { HTTP_HEADERS_MAX = 16 };

struct http_server;
struct http_request;

// A reply. Strings are copied. The bytes in `body` are taken and it is left empty. Headers that
// every reply has are put in by the `common` list of the options, unless the reply has its own of
// that name; Date, Content-Length and Connection (close on any status >= 400) by the server. A
// header with an empty value or a line break in it is left out.
struct http_reply {
    unsigned status;
    const char *content_type; // NULL: none
    struct buf body;          // zeroed: none
    struct http_header {
        const char *name;
        const char *value;
    } headers[HTTP_HEADERS_MAX];
    size_t header_count;
};

// PEM texts: a certificate with its chain, and its key; and, unless NULL, whom clients'
// certificates are believed from, and the lists of those that were revoked, one of each authority.
struct http_tls_texts {
    const char *certificate, *key, *client_authorities, *client_revoked;
};
// CONFIG when they cannot be used, certificate and key are no pair, or a list is not signed.
struct http_tls;
struct http_tls *http_tls_create(const struct http_tls_texts *texts, struct err *err) MUST_CHECK;
struct http_tls *http_tls_ref(struct http_tls *tls);
void http_tls_unref(struct http_tls *tls);           // NULL is fine
int64_t http_tls_ends_s(const struct http_tls *tls); // Unix time; the first of the chain that ends
// Read from the same text: the certificate and the key; what clients are believed by.
bool http_tls_same(const struct http_tls *a, const struct http_tls *b);
bool http_tls_same_clients(const struct http_tls *a, const struct http_tls *b);

struct http_options {
    const char *address;   // "127.0.0.1", "::1"; NULL when unix_path or fds are used
    uint16_t port;         // 0: any free one, see http_port
    const char *unix_path; // an old socket there that nobody serves is replaced
    unsigned unix_mode;    // 0660
    const int *fds;        // sockets that listen already (socket activation), taken unless it
    size_t fd_count;       // fails: all of TCP, or one of a Unix socket
    struct http_tls *tls;  // taken, also when it fails; NULL: in the clear
    struct http_limits limits;
    const struct http_header *common; // copied, like all text here
    size_t common_count;
    size_t room_bytes; // see http_room
    // The head is there, the body is not: 0 to go on, or a status to refuse it with (then
    // on_refusal fills the reply). May be NULL.
    unsigned (*on_head)(void *ctx, struct http_request *request);
    // The whole request. Must lead to exactly one http_send (now or later, on the loop), or
    // http_stream. Must not call http_close.
    void (*on_request)(void *ctx, struct http_request *request);
    // Fills a reply for a status that the server itself decided on (400 framing, 413, 429, 431) or
    // that on_head returned. What the library finds unreadable gets its own short answer. May be
    // NULL: no body.
    void (*on_refusal)(void *ctx, struct http_request *request, unsigned status,
                       struct http_reply *reply);
    // A peer's or an owner's share has become full: of "connections", "bodies" or the "queue".
    // `request` NULL: it is a connection. Not again while it goes on. May be NULL.
    void (*on_full)(void *ctx, struct http_request *request, const char *what);
    // From http_close: a request that was handed over and not replied to is dropped. The request
    // must not be used any more. May be NULL.
    void (*on_gone)(void *ctx, struct http_request *request);
    void *ctx;
};

struct http_server *http_listen(struct loop *loop, const struct http_options *options,
                                struct err *err) MUST_CHECK;
// Of a server that has one: each connection from now on gets this one. Takes it.
void http_use_tls(struct http_server *server, struct http_tls *tls);
// From the next request on, but for connections_max and head_bytes_max, which are its own for good.
void http_use_limits(struct http_server *server, const struct http_limits *limits);
uint16_t http_port(const struct http_server *server); // the first; 0 for a Unix socket
uint32_t http_connections(const struct http_server *server);
struct http_usage {
    size_t body_bytes;       // of all requests
    uint32_t shares_full;    // were, in the last minute
    uint64_t turned_away;    // connections and requests whose share was full
    uint64_t conns_dropped;  // idle ones, for who had less
    uint64_t bodies_dropped; // stalled or large ones, for who had less
};
void http_get_usage(const struct http_server *server, struct http_usage *usage);
// No new connections: those that still come wait for whoever else has the listening socket. Those
// that are there are closed behind their next reply.
void http_quiesce(struct http_server *server);
// After http_quiesce, now and then: closes those that have been idle for so long since. Are none
// left?
bool http_wind_down(struct http_server *server, int64_t idle_ms);
// Closes all connections at once; streams are closed, requests without a reply are dropped
// (on_gone), replies that are not yet written are lost. NULL is fine.
void http_close(struct http_server *server);

// From on_head: from now on the request, and its connection, are in the share of this owner (a
// number of the caller's) and not in its peer's. False when that has its connections already, or
// so many bytes of bodies that were taken and wait for their reply.
bool http_claim(struct http_request *request, uint64_t owner, size_t waits_max) MUST_CHECK;
// Of its address, as a number that is the same as long as the address is.
uint64_t http_peer_number(const struct http_request *request);
// Its place in a table of 2^bits (1 to 32) for addresses; those that share one are no neighbours.
size_t http_peer_place(const struct http_request *request, unsigned bits);
struct str http_method(const struct http_request *request);
struct str
http_path(const struct http_request *request); // percent-encoded, as it came, without the query
bool http_has_query(const struct http_request *request); // also an empty one
// Decoded value of a query parameter; absent when it is not there. `nth` (from 0) for repeated
// ones. Borrowed. A query that cannot be decoded to clean UTF-8 has been refused before.
struct str http_query(struct http_request *request, const char *name, size_t nth);
// The name of a parameter that is there twice; absent: there is none.
struct str http_query_repeated(const struct http_request *request);
void http_query_each(struct http_request *request,
                     void (*fn)(void *ctx, struct str name, struct str value), void *ctx);
// The first header of that name, without white space around it; absent when missing.
struct str http_header_value(const struct http_request *request, const char *name);
// Calls fn with each header whose name begins so, and with what follows in the name. ASCII letters
// of both cases are alike. The number of them; `fn` NULL: only that.
size_t http_header_each(const struct http_request *request, const char *prefix,
                        void (*fn)(void *ctx, struct str rest, struct str value), void *ctx);
struct str http_body(const struct http_request *request); // absent when empty
// The body's bytes are the caller's from now on (free()), NUL-terminated, and no longer counted in
// body_bytes_max_all, but in its share until the reply. NULL when the body is empty.
char *http_take_body(struct http_request *request, size_t *len);
// Of a Unix socket: who is at the other end (SO_PEERCRED). False on TCP.
bool http_peer(const struct http_request *request, uid_t *uid, gid_t *gid, pid_t *pid);
// The certificate that the client has shown in its handshake. Everything but `shown` and `fault`
// is only to be believed without a fault.
enum { HTTP_OIN = 20, HTTP_FINGERPRINT = 32 };
struct http_certificate {
    bool shown;
    bool has_oin;
    const char *fault;  // why it is not believed, for the log, a constant; NULL: it is
    char oin[HTTP_OIN]; // digits: the serialNumber of its subject
    uint8_t fingerprint[HTTP_FINGERPRINT]; // SHA-256 of it
};
// NULL: none was shown, or none is asked for. As it is now: a certificate that ends, or is revoked,
// while the connection stays open, has a fault within a minute, or from the reload on. Borrowed
// until the next call for the connection.
const struct http_certificate *http_client(struct http_request *request);
// Room of the caller's own, room_bytes of it, that lives and ends with the request. It is not
// filled: on_head is the first to see it.
void *http_room(struct http_request *request);
void http_set_user(struct http_request *request, void *user); // a pointer of the caller's
void *http_user(const struct http_request *request);

// The request's body is freed by it.
void http_send(struct http_request *request, struct http_reply *reply);

// Answers with a body of unknown length (the body of `head` is not used). `pull` is called when
// there is room: returns the bytes it put (at most max), 0 for "nothing now" (then
// http_stream_wake makes it go on), or -1 for the end. A client that leaves, or that closes its
// sending side while the stream waits, ends it. `closed` is called once, at the end, whatever
// ended it.
struct http_stream_source {
    ssize_t (*pull)(void *ctx, char *out, size_t max);
    void (*closed)(void *ctx);
    void *ctx;
};
void http_stream(struct http_request *request, struct http_reply *head,
                 const struct http_stream_source *source);
void http_stream_wake(struct http_request *request);

// A socket that listens, as an operator writes it: "127.0.0.1:8080", "[::]:8443", "/run/x.sock".
struct http_place {
    char text[112];
    bool is_unix, is_loopback;
};
// CONFIG: it does not listen, or is of another family.
bool http_place_of(int fd, struct http_place *out, struct err *err) MUST_CHECK;
// The same for an address; false: it is none.
bool http_place_at(const char *address, uint16_t port, struct http_place *out) MUST_CHECK;

// Decodes %XX once into out (at most max bytes). False when malformed, too long, or not UTF-8
// without controls.
bool http_decode_segment(struct str text, char *out, size_t max, size_t *len);

#endif
