// SPDX-License-Identifier: EUPL-1.2
// The JSON library's trees hold what sources say, persons among it: its memory is overwritten when
// it is freed.
#ifndef CODEC_JSON_WIPE_H
#define CODEC_JSON_WIPE_H

#include <stddef.h>

// Once, before anything is parsed and before there are other threads.
void json_wipe_install(void);

// Where this thread's next tree lives: a rebuild reads millions of small ones, and asking the
// allocator for each of their parts was a fifth of its time. What does not fit is allocated. The
// tree is freed before the end, which overwrites the room.
struct json_room {
    _Alignas(max_align_t) char bytes[16384];
    size_t used;
};
void json_room_begin(struct json_room *room); // one at a time in a thread
void json_room_end(struct json_room *room);

#endif
