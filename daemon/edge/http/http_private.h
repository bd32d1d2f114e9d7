// SPDX-License-Identifier: EUPL-1.2
// What daemon/edge/http*.c share among themselves. Nobody else includes this.
//
//   http.c          the server: start, stop, running the library, deadlines
//   socket.c   listening sockets
//   doors.c    the second listening socket and those after it
//   request.c  from the library's calls to a whole request; what a request tells
//   framing.c    is the head framed as RFC 9112 wants it
//   query.c    decoding
//   reply.c    replies and streams
//   linger.c   closing without losing the last reply
//   share.c    who has how much of the room
//   tls.c      the certificate that is shown
//   client.c   the certificate that a client shows
//   certificate.c  what is wrong with one
#ifndef EDGE_HTTP_HTTP_PRIVATE_H
#define EDGE_HTTP_HTTP_PRIVATE_H

#include "edge/http/http.h"

#include <stddef.h>

struct MHD_Connection;
struct MHD_Daemon;
struct MHD_Response;

// A listening socket and what has to be removed with it.
struct http_socket {
    int fd;
    bool is_unix;
    uint16_t port;
    char *unix_path; // owned; NULL: not ours to remove
    dev_t unix_dev;
    ino_t unix_ino;
};

enum { HTTP_SHARES = 256 }; // lists of shares, by their keys

// What one peer or owner holds.
struct http_share {
    struct http_share *next;
    uint64_t key;
    uint32_t conns;
    size_t bytes;          // of bodies, until the reply
    size_t waits;          // of these, of bodies that were taken (http_take_body)
    int64_t full_until_ms; // by loop_now_ms; 0: it is not
};

// A listening socket beside the first, which is the library's.
struct http_door {
    struct http_server *server;
    struct loop_watch *watch;
    int fd; // owned
};

struct http_server {
    struct loop *loop;
    struct MHD_Daemon *daemon;
    struct loop_watch *watch;
    struct loop_timer *sweep; // runs while there are connections or lingering sockets
    bool sweeping;
    struct loop_deferred drive; // one run of the library for all replies of a turn
    struct loop_timer *pause;   // before the next run
    bool conn_freed;            // in this run
    bool progress;              // the library called us in this run
    bool running;               // inside the library
    bool quiesced;
    int64_t quiesced_ms;     // when, by loop_now_ms
    struct http_door *doors; // owned
    size_t door_count;
    bool doors_wait; // until a connection has ended, or the next sweep
    bool closed;     // freed when `drive`, which still waits, has been called
    struct http_socket socket;
    uint64_t tls_generation;     // of options.tls, from 1
    struct http_options options; // limits and callbacks; its text is not kept
    struct http_header *common;  // owned
    size_t common_count;
    struct http_conn *conns;
    uint32_t conn_count;
    size_t body_bytes; // of all requests
    struct http_share *shares[HTTP_SHARES];
    uint32_t shares_full;
    uint64_t turned_away, conns_dropped, bodies_dropped; // see http_usage
    struct http_linger *lingers;
    uint32_t linger_count;
};

struct http_conn {
    struct http_conn *prev, *next;
    struct http_server *server;
    struct http_request *request;   // under way, or NULL
    struct http_tls *tls;           // that it began with; NULL: in the clear
    struct http_certificate client; // as it was looked at
    uint64_t client_generation;     // then
    int64_t client_looked_s;        // when
    int fd;                         // the library's
    int64_t deadline_ms;            // by loop_now_ms; 0: none
    int64_t since_ms;               // when it came, or its last request began or ended
    struct http_share *share;       // it is counted in
    bool owner;                     // root's or our own user's
    bool away;                      // it is being closed: what still comes is not looked at
};

// The phases of a request; each connection has one request at a time, and between two none.
//
//   HEAD --> BODY --> HANDED --> REPLIED --> SENDING --> http_on_completed
//    |        |                                 ^
//    |        +--> REFUSED (reads the rest) ----+
//    +--> refused at once ----------------------+
//
// http_on_completed ends a request from whatever phase; on_connection in http.c ends a connection.
enum http_phase {
    HTTP_PHASE_HEAD,    // request line seen
    HTTP_PHASE_BODY,    // head accepted
    HTTP_PHASE_REFUSED, // the rest of the body is thrown away, then refused
    HTTP_PHASE_HANDED,  // the caller's
    HTTP_PHASE_REPLIED, // reply made, not yet given to the library
    HTTP_PHASE_SENDING,
};

struct http_request {
    struct http_conn *conn;
    struct MHD_Connection *mhd;
    enum http_phase phase;
    bool suspended;
    bool linger;                   // the client may still be sending when the reply has gone
    unsigned refusal;              // PHASE_REFUSED: with this
    struct MHD_Response *response; // owned in PHASE_REPLIED
    unsigned status;
    const char *method;      // the library's, for the life of the request
    const char *target_seen; // where the target stands in the library's buffer
    char *body;              // owned, one byte longer than body_cap
    size_t body_len;
    size_t body_cap;    // reserved in server->body_bytes
    size_t share_bytes; // in its share
    bool waits;         // its body was taken
    int64_t piece_ms;   // when the last piece of the body came
    size_t thrown_away;
    struct http_param {
        struct str name, value;
    } * params; // owned, texts behind it in the same block
    size_t param_count;
    bool streaming, stream_woken, stream_dead;
    struct http_stream_source source;
    void *user;
    size_t path_len, target_len;
    char *target;       // path and query as they came, NUL-terminated, behind the room
    max_align_t room[]; // see http_room
};

bool http_socket_open(const struct http_options *options, struct http_socket *out,
                      struct err *err) MUST_CHECK;
void http_socket_unlink(struct http_socket *sock); // removes the file if it is still ours

bool http_doors_open(struct http_server *server, const int *fds, size_t count,
                     struct err *err) MUST_CHECK;
void http_doors_go_on(struct http_server *server);
void http_doors_close(struct http_server *server);
void http_drive(struct http_server *server); // one run of the library, now

void http_set_deadline(struct http_conn *conn, int64_t after_ms);
void http_wake(struct http_request *request); // resumes it, if it is suspended, in this turn
void http_suspend(struct http_request *request);
void http_sweep_start(struct http_server *server);

struct http_framing {
    bool chunked;
    uint64_t length; // Content-Length, or 0
};
// 0, or the status to refuse with. Only in the first call for a request, when the head is still in
// the library's buffer.
unsigned http_read_framing(const struct http_request *request, const char *version,
                           struct http_framing *framing);

bool http_query_parse(struct http_request *request);

// Both return false when the library cannot; then the connection has to go.
bool http_reply_queue(struct http_request *request);
bool http_refuse(struct http_request *request, unsigned status);
void http_body_drop(struct http_request *request);

// The rest of the body is read and thrown away, then it is refused.
void http_refuse_at_end(struct http_request *request, unsigned status);

void http_share_join(struct http_conn *conn); // a new one; it may be turned away at once
void http_share_leave(struct http_conn *conn);
// False when the share, or all room together, is full and nothing can be taken from others.
bool http_share_reserve(struct http_request *request, size_t more);
void http_share_release(struct http_request *request);
void http_share_sweep(struct http_server *server, int64_t now_ms);
void http_share_free_all(struct http_server *server);
// Closes it; with an answer where that can be (429).
void http_turn_away(struct http_conn *conn, bool answer);

// A connection with TLS begins; `session` is GnuTLS's.
void http_tls_begin(struct http_conn *conn, void *session);
void *http_tls_callback(void); // for MHD_OPTION_HTTPS_CERT_CALLBACK

// Whom clients' certificates are believed from. CONFIG when they cannot be used.
struct http_clients;
struct http_clients *http_clients_create(const char *authorities, const char *lists,
                                         struct err *err) MUST_CHECK;    // PEM; no lists: NULL
void http_clients_free(struct http_clients *clients);                    // NULL is fine
void *http_clients_credentials(const struct http_clients *clients);      // GnuTLS's
const struct http_clients *http_tls_clients(const struct http_tls *tls); // NULL: none is asked for

// Keeps a duplicate of fd open and reads it empty until the client closes it too, so that what was
// last written is not lost to a reset. Bounded in number and time.
void http_start_linger(struct http_server *server, int fd);
void http_linger_sweep(struct http_server *server, int64_t now_ms); // those past their time
void http_linger_free_all(struct http_server *server);

#endif
