// SPDX-License-Identifier: EUPL-1.2
// A map of digests. The keys are keyed digests already, so their first bytes serve as the hash.
#include "base/index.h"

#include "base/map.h"

struct index_entry {
    struct digest identity;
    uint64_t seq; // 0: free
};

struct index {
    struct map map;
};

static bool has(const void *entry, const void *identity) {
    return digest_equal(&((const struct index_entry *)entry)->identity, identity);
}

static const struct map_kind kind = {
    sizeof(struct index_entry), offsetof(struct index_entry, seq), 1024, 3, map_hash_prefix, has};

struct index *index_create(void) {
    struct index *index = mem_alloc(sizeof *index);
    map_init(&index->map, &kind);
    return index;
}

void index_free(struct index *index) {
    if (index)
        free(index->map.entries);
    free(index);
}

uint64_t index_get(const struct index *index, const struct digest *identity) {
    const struct index_entry *entry = map_find(&index->map, &kind, identity);
    return entry->seq;
}

void index_put(struct index *index, const struct digest *identity, uint64_t seq) {
    struct index_entry *entry = map_add(&index->map, &kind, identity);
    *entry = (struct index_entry){*identity, seq};
}

size_t index_count(const struct index *index) {
    return index->map.count;
}

void index_clear(struct index *index) {
    map_clear(&index->map, &kind);
}

void index_each(const struct index *index,
                void (*fn)(void *ctx, const struct digest *identity, uint64_t seq), void *ctx) {
    const struct index_entry *entries = index->map.entries;
    for (size_t i = 0; i < index->map.size; i++)
        if (entries[i].seq)
            fn(ctx, &entries[i].identity, entries[i].seq);
}
