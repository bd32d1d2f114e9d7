// SPDX-License-Identifier: EUPL-1.2
// HTTP client on the loop (libcurl behind it): one GET, one answer, nothing else. TLS is always
// verified; only http and https; redirects are not followed; loopback and private addresses are
// refused unless allowed, on the address that is really connected to; the answer is bounded in
// bytes (after decompression) and in time. The program must ignore SIGPIPE.
#ifndef EDGE_FETCH_H
#define EDGE_FETCH_H

#include "base/str.h"
#include "edge/loop.h"

struct fetcher;

struct fetch_limits {
    uint32_t connections_max;   // transfers at a time; more wait, first come first served
    int64_t connect_timeout_ms; // name look-up, TCP and TLS
    int64_t timeout_ms;         // the whole transfer, without the time it waited for its turn
    size_t body_bytes_max;
    const char *ca_file; // PEM, the authorities to trust; NULL: the system's. Copied
};

// Copied by fetch_start.
struct fetch_request {
    const char *url;               // over 8192 bytes it fails
    const char *if_none_match;     // NULL: none
    const char *if_modified_since; // NULL: none
    const char *bearer;            // NULL: none
    bool allow_private;            // may connect to loopback, private and link-local addresses
};

enum fetch_outcome {
    FETCH_OK,        // an HTTP answer came, whatever its status
    FETCH_FAILED,    // no connection, TLS, timeout, cut off: see reason
    FETCH_TOO_LARGE, // over body_bytes_max
    FETCH_FORBIDDEN, // an address that is not allowed
};

// Borrowed for the call of done. reason is for an operator and holds no foreign text.
struct fetch_result {
    enum fetch_outcome outcome;
    long status;               // 0 unless FETCH_OK, as all down to retry_after
    struct str body;           // absent when empty
    const char *etag;          // NULL: none. 1 to 255 bytes without control characters, else none
    const char *last_modified; // likewise
    const char *retry_after;   // likewise
    const char *reason;        // "" when FETCH_OK
};

struct fetcher *fetcher_create(struct loop *loop, const struct fetch_limits *limits,
                               struct err *err) MUST_CHECK;
// Transfers under way or waiting are dropped; their done is called with FETCH_FAILED from here and
// must not start another. Not to be called from a done. NULL is fine.
void fetcher_free(struct fetcher *fetcher);
// done is called once, later, on the loop.
void fetch_start(struct fetcher *fetcher, const struct fetch_request *request,
                 void (*done)(void *ctx, const struct fetch_result *result), void *ctx);

#endif
