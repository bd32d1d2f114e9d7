// SPDX-License-Identifier: EUPL-1.2
// Inside of fetch: what links say. For fetch_*.c only.
#ifndef EDGE_FETCH_FETCH_URL_H
#define EDGE_FETCH_FETCH_URL_H

#include "base/str.h"

enum { FETCH_URL_BYTES_MAX = 8192 };

enum fetch_url {
    FETCH_URL_SAME,  // the same origin
    FETCH_URL_OTHER, // another one
    FETCH_URL_BAD,   // malformed, too long, or with a user or password
};

// As fetch_resolve, but tells why not.
enum fetch_url fetch_url_resolve(const char *base, struct str reference, char *out, size_t size);

enum fetch_link {
    FETCH_LINK_NONE,
    FETCH_LINK_NEXT,
    FETCH_LINK_UNREADABLE, // there is one, and where it leads cannot be read
};
// The target of the first link with rel=next in the value of a Link header (RFC 8288). Links with
// an anchor are about something else than this page and do not count.
enum fetch_link fetch_link_next(struct str value, struct str *target);

#endif
