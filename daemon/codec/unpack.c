// SPDX-License-Identifier: EUPL-1.2
// The output grows as it comes, so what a few bytes claim to be costs nothing before it is there,
// and the limit is looked at on the way. What it held is overwritten whatever the end is.
#include "codec/unpack.h"

#include "base/mem.h"

#include <zlib.h>

enum { FIRST_BYTES = 1 << 16, GZIP_ONLY = 15 + 16 };

struct unpacking {
    z_stream stream;
    char *out;
    size_t len, cap, max;
};

static voidpf allocate(voidpf ctx, uInt count, uInt size) {
    (void)ctx;
    return mem_alloc((size_t)count * size);
}

// zlib's own memory has seen the text as well.
static void wipe(voidpf ctx, voidpf p) {
    (void)ctx;
    mem_wipe_free(p);
}

// Room for more; false at the limit.
static bool grow(struct unpacking *u) {
    if (u->len < u->cap)
        return true;
    size_t cap = u->cap ? u->cap * 2 : (size_t)FIRST_BYTES;
    u->cap = cap < u->max ? cap : u->max;
    u->out = mem_wipe_realloc(u->out, u->cap + 1);
    return u->len < u->cap;
}

// zlib counts in 32 bits.
static uInt narrow(size_t bytes) {
    return bytes < UINT32_MAX ? (uInt)bytes : (uInt)UINT32_MAX;
}

// One step. BROKEN at the end of what came as well.
static enum unpack_end step(struct unpacking *u, int *state) {
    char one = 0; // at the limit: is there a byte more?
    bool full = !grow(u);
    u->stream.next_out = (Bytef *)(full ? &one : u->out + u->len);
    u->stream.avail_out = full ? 1 : narrow(u->cap - u->len);
    uInt room = u->stream.avail_out;
    *state = inflate(&u->stream, Z_NO_FLUSH);
    size_t came = room - u->stream.avail_out;
    if (full && came)
        return UNPACK_TOO_LARGE;
    u->len += full ? 0 : came;
    bool stuck = *state == Z_OK && came == 0 && u->stream.avail_in == 0;
    return (*state == Z_OK && !stuck) || *state == Z_STREAM_END ? UNPACK_GOOD : UNPACK_BROKEN;
}

static enum unpack_end unpack(struct unpacking *u, struct str packed) {
    int state = Z_OK;
    u->stream.next_in = (Bytef *)(uintptr_t)packed.data;
    u->stream.avail_in = narrow(packed.len);
    if (u->stream.avail_in != packed.len)
        return UNPACK_TOO_LARGE;
    for (;;) {
        enum unpack_end end = step(u, &state);
        if (end != UNPACK_GOOD)
            return end;
        if (state != Z_STREAM_END)
            continue;
        if (u->stream.avail_in == 0)
            return UNPACK_GOOD;
        if (inflateReset(&u->stream) != Z_OK)
            return UNPACK_BROKEN;
    }
}

enum unpack_end unpack_gzip(struct str packed, size_t max, char **out, size_t *len) {
    struct unpacking u = {.stream = {.zalloc = allocate, .zfree = wipe}, .max = max};
    enum unpack_end end = UNPACK_BROKEN;
    if (inflateInit2(&u.stream, GZIP_ONLY) == Z_OK) {
        end = unpack(&u, packed);
        (void)inflateEnd(&u.stream);
    }
    if (end != UNPACK_GOOD || !u.out) {
        mem_wipe_free(u.out);
        u.out = end == UNPACK_GOOD ? mem_zalloc(1, 1) : NULL;
        u.len = 0;
    }
    *out = u.out;
    *len = u.len;
    return end;
}
