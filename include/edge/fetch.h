// SPDX-License-Identifier: EUPL-1.2
// HTTP client on the loop (libcurl behind it): one GET, one answer, nothing else. TLS is always
// verified; only http and https; redirects are not followed; loopback and private addresses are
// refused unless allowed, on the address that is really connected to; the answer is bounded in
// bytes (after decompression) and in time.
#ifndef EDGE_FETCH_H
#define EDGE_FETCH_H

#include "base/str.h"
#include "edge/loop.h"

struct fetcher;

struct fetch_limits {
    uint32_t connections_max;
    int64_t connect_timeout_ms;
    int64_t timeout_ms; // the whole transfer
    size_t body_bytes_max;
};

struct fetch_request {
    const char *url;
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
    long status;
    struct str body;
    const char *etag;          // NULL: none. At most 255 bytes, else none
    const char *last_modified; // likewise
    const char *retry_after;   // likewise
    const char *reason;
};

struct fetcher *fetcher_create(struct loop *loop, const struct fetch_limits *limits,
                               struct err *err) MUST_CHECK;
// Transfers under way are dropped; their done is called with FETCH_FAILED. NULL is fine.
void fetcher_free(struct fetcher *fetcher);
// done is called once, later, on the loop.
void fetch_start(struct fetcher *fetcher, const struct fetch_request *request,
                 void (*done)(void *ctx, const struct fetch_result *result), void *ctx);

#endif
