// SPDX-License-Identifier: EUPL-1.2
// Inside of fetch: the bodies under way, bounded each and together. When all together are too much
// the largest is dropped, at once; its transfer notices at its next bytes or at its end.
#ifndef EDGE_FETCH_FETCH_BODY_H
#define EDGE_FETCH_FETCH_BODY_H

#include "base/str.h"

#include <sys/queue.h>

TAILQ_HEAD(fetch_bodies, fetch_body);

struct fetch_pool {
    size_t used, max;           // memory, not only what is filled of it
    struct fetch_bodies bodies; // those that have memory
};

struct fetch_body {
    struct buf bytes; // with `overflow` when over its own maximum
    bool dropped;
    size_t announced; // by Content-Length; 0: not
    struct fetch_pool *pool;
    TAILQ_ENTRY(fetch_body) entry;
};

void fetch_pool_init(struct fetch_pool *pool, size_t max); // 0: no limit
void fetch_pool_set_max(struct fetch_pool *pool, size_t max);

void fetch_body_init(struct fetch_body *body, struct fetch_pool *pool, size_t max);
bool fetch_body_put(struct fetch_body *body, const void *data, size_t len); // false: too much
void fetch_body_clear(struct fetch_body *body);                             // gives its memory back

#endif
