// SPDX-License-Identifier: EUPL-1.2
// A map from cell to count. A cell whose count falls to 0 is removed. Cells are built from small
// closed lists, so nobody outside gains by collisions.
#include "core/cube/counts.h"

#include "base/map.h"

#include <assert.h>

static_assert(sizeof(struct cell) == 12, "a cell is stored and compared as bytes");

struct counts_entry {
    struct cell cell;
    int64_t value; // 0: free
};

struct counts {
    struct map map;
    int64_t total;
};

static size_t hash_of(const void *cell) {
    return map_hash(cell, sizeof(struct cell));
}

static bool has(const void *entry, const void *cell) {
    return memcmp(entry, cell, sizeof(struct cell)) == 0;
}

static const struct map_kind kind = {
    sizeof(struct counts_entry), offsetof(struct counts_entry, value), 256, 3, hash_of, has};

struct counts *counts_create(void) {
    struct counts *counts = mem_zalloc(1, sizeof *counts);
    map_init(&counts->map, &kind);
    return counts;
}

struct counts *counts_copy(const struct counts *counts) {
    struct counts *copy = mem_alloc(sizeof *copy);
    *copy = *counts;
    copy->map.entries = mem_resize(NULL, copy->map.size, sizeof(struct counts_entry));
    memcpy(copy->map.entries, counts->map.entries, copy->map.size * sizeof(struct counts_entry));
    return copy;
}

void counts_free(struct counts *counts) {
    if (counts)
        free(counts->map.entries);
    free(counts);
}

void counts_clear(struct counts *counts) {
    map_clear(&counts->map, &kind);
    counts->total = 0;
}

void counts_add(struct counts *counts, const struct cell *cell, int64_t change) {
    struct counts_entry *entry = map_add(&counts->map, &kind, cell);
    entry->cell = *cell;
    entry->value += change;
    counts->total += cell_counts(cell) ? change : 0;
    if (entry->value == 0)
        map_remove(&counts->map, &kind, entry);
}

int64_t counts_get(const struct counts *counts, const struct cell *cell) {
    const struct counts_entry *entry = map_find(&counts->map, &kind, cell);
    return entry->value;
}

int64_t counts_total(const struct counts *counts) {
    return counts->total;
}

void counts_each(const struct counts *counts,
                 void (*fn)(void *ctx, const struct cell *cell, int64_t value), void *ctx) {
    const struct counts_entry *entries = counts->map.entries;
    for (size_t i = 0; i < counts->map.size; i++)
        if (entries[i].value)
            fn(ctx, &entries[i].cell, entries[i].value);
}
