// SPDX-License-Identifier: EUPL-1.2
// Allocation that cannot fail. The process ends when memory runs out, so no caller has a path for
// it that nobody tests. Memory that persons have been in is overwritten before it is given back;
// its size is asked of the allocator.
#include "base/mem.h"

#include "base/alarms.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 256 }; // of a list that mem_grow begins

static _Noreturn void out_of_memory(size_t size) {
    (void)fprintf(stderr, "<0>[%s] out of memory bytes=%zu\n", alarms[ALARM_OUT_OF_MEMORY].code,
                  size);
    abort();
}

void *mem_alloc(size_t size) {
    void *p = malloc(size ? size : 1);
    if (!p)
        out_of_memory(size);
    return p;
}

void *mem_zalloc(size_t count, size_t size) {
    void *p = calloc(count ? count : 1, size ? size : 1);
    if (!p)
        out_of_memory(count);
    return p;
}

void *mem_resize(void *old, size_t count, size_t size) {
    if (size && count > SIZE_MAX / size)
        out_of_memory(SIZE_MAX);
    size_t bytes = count * size;
    void *p = realloc(old, bytes ? bytes : 1);
    if (!p)
        out_of_memory(bytes);
    return p;
}

void *mem_grow(void *list, size_t count, size_t *cap, size_t size) {
    if (count < *cap)
        return list;
    if (*cap > SIZE_MAX / 2)
        out_of_memory(SIZE_MAX);
    size_t first = 1; // a power of two, as are all that follow
    while (first * 2 * size <= FIRST_BYTES)
        first *= 2;
    *cap = *cap ? *cap * 2 : first;
    return mem_resize(list, *cap, size);
}

void mem_wipe_free(void *p) {
    if (p)
        explicit_bzero(p, malloc_usable_size(p));
    free(p);
}

void *mem_wipe_realloc(void *old, size_t size) {
    size_t had = old ? malloc_usable_size(old) : 0;
    char *p = mem_alloc(size);
    if (had)
        memcpy(p, old, had < size ? had : size);
    mem_wipe_free(old);
    return p;
}

char *mem_strndup(const char *text, size_t size) {
    char *copy = mem_alloc(size + 1);
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

char *mem_strdup(const char *text) {
    return mem_strndup(text, strlen(text));
}
