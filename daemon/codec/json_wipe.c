// SPDX-License-Identifier: EUPL-1.2
// Gives the JSON library an allocator that overwrites what it frees. It is installed once for the
// process, because the library has no allocator for one tree; so it must happen before the first
// parse and before other threads start. A thread may lend it a room for one tree, which is
// overwritten as a whole.
#include "codec/json_wipe.h"

#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static _Thread_local struct json_room *lent;

static void *take(size_t size) {
    const size_t align = _Alignof(max_align_t);
    if (!lent || size > sizeof lent->bytes - lent->used)
        return mem_alloc(size);
    char *p = lent->bytes + lent->used;
    size_t rounded = (size + align - 1) / align * align;
    size_t left = sizeof lent->bytes - lent->used;
    lent->used += rounded < left ? rounded : left;
    return p;
}

static bool is_lent(const void *p) {
    return lent && (uintptr_t)p - (uintptr_t)lent->bytes < sizeof lent->bytes;
}

static void give_back(void *p) {
    if (!is_lent(p))
        mem_wipe_free(p);
}

void json_wipe_install(void) {
    json_set_alloc_funcs(take, give_back);
}

void json_room_begin(struct json_room *room) {
    room->used = 0;
    lent = room;
}

void json_room_end(struct json_room *room) {
    explicit_bzero(room->bytes, room->used);
    lent = NULL;
}
