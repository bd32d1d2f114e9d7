// SPDX-License-Identifier: EUPL-1.2
// Memory. Running out ends the process (with a line on stderr): that is safe because every size
// that comes from outside is bounded by a named maximum before it is used, and because the ledger
// survives any end of the process. What these return is freed with free().
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

// `size` bytes, not initialised. Never NULL, also for size 0.
void *mem_alloc(size_t size);
// `count` zeroed elements of `size` bytes; the product is checked.
void *mem_zalloc(size_t count, size_t size);
// As realloc to `count` elements of `size` bytes; the product is checked. Never NULL.
void *mem_resize(void *old, size_t count, size_t size);
// Room for one more element behind the `count` that stand in `list`, which has room for *cap: when
// it is full it doubles. It begins small, as most lists stay short. The product is checked; size >
// 0.
void *mem_grow(void *list, size_t count, size_t *cap, size_t size);
// As realloc and free, for memory that persons have been in: nothing of what it held is left
// behind. NULL is fine.
void *mem_wipe_realloc(void *old, size_t size);
void mem_wipe_free(void *p);
char *mem_strdup(const char *text);
// A NUL-terminated copy of `size` bytes.
char *mem_strndup(const char *text, size_t size);

#endif
