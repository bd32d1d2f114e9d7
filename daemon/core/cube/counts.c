// SPDX-License-Identifier: EUPL-1.2
// A hash table from cell to count. A cell that falls to 0 keeps its place, since an emptied place
// would cut the probe chains; the number of different cells is bounded by the code lists. The
// table owns its places.
#include "core/cube/counts.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { COUNTS_PLACES_MIN = 256 }; // a power of two

static_assert(sizeof(struct cell) == 12, "a cell is stored and compared as bytes");

// A cell whose value went back to 0 stays in its place: an emptied place would cut probe chains.
struct place {
    struct cell cell;
    bool used;
    int64_t value;
};

struct counts {
    struct place *places;
    size_t size; // a power of two
    size_t used;
    int64_t total;
};

struct counts *counts_create(void) {
    struct counts *counts = mem_zalloc(1, sizeof *counts);
    counts->size = COUNTS_PLACES_MIN;
    counts->places = mem_zalloc(counts->size, sizeof *counts->places);
    return counts;
}

struct counts *counts_copy(const struct counts *counts) {
    struct counts *copy = mem_alloc(sizeof *copy);
    *copy = *counts;
    copy->places = mem_resize(NULL, copy->size, sizeof *copy->places);
    memcpy(copy->places, counts->places, copy->size * sizeof *copy->places);
    return copy;
}

void counts_free(struct counts *counts) {
    if (!counts)
        return;
    free(counts->places);
    free(counts);
}

void counts_clear(struct counts *counts) {
    if (counts->used)
        memset(counts->places, 0, counts->size * sizeof *counts->places);
    counts->used = 0;
    counts->total = 0;
}

// FNV-1a. Cells are built from small closed lists, so nobody outside gains by collisions.
static size_t cell_hash(const struct cell *cell) {
    uint8_t bytes[sizeof *cell];
    memcpy(bytes, cell, sizeof bytes);
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < sizeof bytes; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return (size_t)(hash ^ hash >> 32);
}

static struct place *find(const struct counts *counts, const struct cell *cell) {
    for (size_t i = cell_hash(cell) & (counts->size - 1);; i = (i + 1) & (counts->size - 1)) {
        struct place *place = &counts->places[i];
        if (!place->used || memcmp(&place->cell, cell, sizeof *cell) == 0)
            return place;
    }
}

static void grow(struct counts *counts) {
    struct place *old = counts->places;
    size_t size = counts->size;
    counts->size = size * 2;
    counts->places = mem_zalloc(counts->size, sizeof *counts->places);
    for (size_t i = 0; i < size; i++)
        if (old[i].used)
            *find(counts, &old[i].cell) = old[i];
    free(old);
}

void counts_add(struct counts *counts, const struct cell *cell, int64_t change) {
    struct place *place = find(counts, cell);
    if (!place->used) {
        if ((counts->used + 1) * 4 > counts->size * 3) {
            grow(counts);
            place = find(counts, cell);
        }
        place->used = true;
        place->cell = *cell;
        counts->used++;
    }
    place->value += change;
    counts->total += change;
}

int64_t counts_get(const struct counts *counts, const struct cell *cell) {
    return find(counts, cell)->value;
}

int64_t counts_total(const struct counts *counts) {
    return counts->total;
}

void counts_each(const struct counts *counts,
                 void (*fn)(void *ctx, const struct cell *cell, int64_t value), void *ctx) {
    for (size_t i = 0; i < counts->size; i++)
        if (counts->places[i].used)
            fn(ctx, &counts->places[i].cell, counts->places[i].value);
}
