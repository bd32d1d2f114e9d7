// SPDX-License-Identifier: EUPL-1.2
// The bodies of all transfers share one pool with a maximum. When it is full, the largest body
// gives way, so one endpoint with a huge answer never starves the small ones. A body owns its
// bytes, and counts in the pool as long as it has any.
#include "fetch_body.h"

#include "base/mem.h"
#include "edge/fetch/fetch.h"

#include <assert.h>

void fetch_pool_init(struct fetch_pool *pool, size_t max) {
    *pool = (struct fetch_pool){0};
    fetch_pool_set_max(pool, max);
    TAILQ_INIT(&pool->bodies);
}

void fetch_pool_set_max(struct fetch_pool *pool, size_t max) {
    pool->max = max ? max : SIZE_MAX;
}

// A maximum that was made smaller may be less than what is used.
static size_t left(const struct fetch_pool *pool) {
    return pool->used < pool->max ? pool->max - pool->used : 0;
}

void fetch_body_init(struct fetch_body *body, struct fetch_pool *pool, size_t max) {
    assert(max < SIZE_MAX / 2);
    *body = (struct fetch_body){.pool = pool};
    buf_init(&body->bytes, max);
}

void fetch_body_clear(struct fetch_body *body) {
    if (body->bytes.cap) {
        TAILQ_REMOVE(&body->pool->bodies, body, entry);
        body->pool->used -= body->bytes.cap;
    }
    buf_free(&body->bytes);
}

char *fetch_take_body(const struct fetch_result *result) {
    struct fetch_body *body = result->holds;
    struct buf *bytes = &body->bytes;
    char *data = bytes->data;
    if (!bytes->cap)
        return mem_strdup("");
    data[bytes->len] = '\0'; // there is room: see make_room
    TAILQ_REMOVE(&body->pool->bodies, body, entry);
    body->pool->used -= bytes->cap;
    buf_init(bytes, bytes->max);
    return data;
}

static void body_drop(struct fetch_body *body) {
    fetch_body_clear(body);
    body->dropped = true;
}

// The largest of the pool if `body` had `cap`.
static struct fetch_body *find_largest(struct fetch_body *body, size_t cap) {
    struct fetch_body *largest = body;
    struct fetch_body *other = TAILQ_FIRST(&body->pool->bodies);
    for (; other; other = TAILQ_NEXT(other, entry)) {
        if (other != body && other->bytes.cap > cap) {
            largest = other;
            cap = other->bytes.cap;
        }
    }
    return largest;
}

enum { LARGE = 1 << 20 };

// Copying a large body while it grows would hold up the loop: once so much of it has come it gets
// the room that it will need at once, or all that it may have, if nobody has to give way for that.
// What is not filled costs no memory yet.
static size_t cap_at_once(const struct fetch_body *body, size_t need) {
    const struct buf *bytes = &body->bytes;
    size_t cap = body->announced >= need && body->announced <= bytes->max ? body->announced + 1
                                                                          : bytes->max + 1;
    bool fits = cap - bytes->cap <= left(body->pool);
    return need > LARGE && fits ? cap : 0;
}

// Room for `more` bytes and the NUL that buf wants behind them. Not left to buf, which doubles:
// here memory never is more than the body's maximum.
static bool make_room(struct fetch_body *body, size_t more) {
    struct buf *bytes = &body->bytes;
    struct fetch_pool *pool = body->pool;
    size_t need = bytes->len + more + 1;
    if (need <= bytes->cap)
        return true;
    size_t cap = bytes->cap + bytes->cap / 2;
    if (cap_at_once(body, need))
        cap = cap_at_once(body, need);
    if (cap < need)
        cap = need;
    if (cap > bytes->max + 1)
        cap = bytes->max + 1;
    while (cap - bytes->cap > left(pool)) {
        struct fetch_body *largest = find_largest(body, cap);
        body_drop(largest);
        if (largest == body)
            return false;
    }
    if (!bytes->cap)
        TAILQ_INSERT_TAIL(&pool->bodies, body, entry);
    pool->used += cap - bytes->cap;
    bytes->data = mem_wipe_realloc(bytes->data, cap);
    bytes->cap = cap;
    return true;
}

bool fetch_body_put(struct fetch_body *body, const void *data, size_t len) {
    if (body->dropped)
        return false;
    if (len <= body->bytes.max - body->bytes.len && !make_room(body, len))
        return false;
    buf_put(&body->bytes, data, len);
    return !body->bytes.overflow;
}
