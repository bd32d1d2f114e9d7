// SPDX-License-Identifier: EUPL-1.2
// How much an HTTP server takes; a header of its own, so that a configuration needs no server.
#ifndef EDGE_HTTP_LIMITS_H
#define EDGE_HTTP_LIMITS_H

#include <stddef.h>
#include <stdint.h>

// All deadlines are absolute (a trickle of bytes does not move them), kept to within a second.
struct http_limits {
    uint32_t connections_max;  // over it the kernel's backlog fills
    uint32_t share_percent;    // of connections_max and body_bytes_max_all for one peer or owner,
                               // but always one whole body; 0: no limit of its own
    size_t head_bytes_max;     // request line and headers; over it 431
    size_t body_bytes_max;     // over it 413, by Content-Length or by counting
    size_t body_bytes_max_all; // of all requests together; over it 429 with Retry-After
    int64_t head_timeout_ms;   // from the connection's start to the first whole head
    int64_t body_timeout_ms;   // from head to end of body; from http_send until the client has
                               // taken the reply; for each piece of a stream
    int64_t idle_timeout_ms;   // from a reply to the next whole head
};

#endif
