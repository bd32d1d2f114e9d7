// SPDX-License-Identifier: EUPL-1.2
// How much an HTTP client asks for; a header of its own, so that a configuration needs no client.
#ifndef EDGE_FETCH_LIMITS_H
#define EDGE_FETCH_LIMITS_H

#include <stddef.h>
#include <stdint.h>

struct fetch_limits {
    uint32_t connections_max;      // transfers at a time; more wait. Hosts take turns, and within
                                   // one it is first come, first served
    uint32_t host_connections_max; // of these to one host and port; 0: no limit of its own. A
                                   // host's waiting requests hold up no other host's
    int64_t connect_timeout_ms;    // name look-up, TCP and TLS
    int64_t timeout_ms;            // all of it with its redirects, without the wait for its turn
    size_t body_bytes_max;
    size_t body_bytes_max_all; // memory for all bodies under way; 0: no limit of its own. Over it
                               // the largest body fails, so that few can't starve many
    const char *ca_file;       // PEM, the authorities to trust; NULL: the system's. Copied
    const char *crl_file;      // PEM, lists of revoked certificates, one of each authority in a
                               // chain; NULL: not looked at. Copied
};

#endif
