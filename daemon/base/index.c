// SPDX-License-Identifier: EUPL-1.2
// Open addressing with linear probing. The keys are keyed digests already, so their first bytes
// serve as the hash. A removed entry leaves no mark: those behind it move up, so a search always
// ends at the first free place. The index owns its places and nothing else.
#include "base/index.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { INDEX_PLACES_MIN = 1024, INDEX_PLACES_KEPT = 16384 }; // powers of two

struct entry {
    struct digest identity;
    uint64_t seq; // 0: free
};

struct index {
    struct entry *entries;
    size_t places; // a power of two
    size_t count;
};

struct index *index_create(void) {
    struct index *index = mem_zalloc(1, sizeof *index);
    index->places = INDEX_PLACES_MIN;
    index->entries = mem_zalloc(index->places, sizeof *index->entries);
    return index;
}

void index_free(struct index *index) {
    if (!index)
        return;
    free(index->entries);
    free(index);
}

// Where an identity would be if all places were free.
static size_t home(const struct index *index, const struct digest *identity) {
    uint64_t hash;
    memcpy(&hash, identity->bytes, sizeof hash);
    return (size_t)hash & (index->places - 1);
}

// The place of `identity`, or the free place where it would go.
static struct entry *find(const struct index *index, const struct digest *identity) {
    for (size_t i = home(index, identity);; i = (i + 1) & (index->places - 1)) {
        struct entry *entry = &index->entries[i];
        if (entry->seq == 0 || digest_equal(&entry->identity, identity))
            return entry;
    }
}

uint64_t index_get(const struct index *index, const struct digest *identity) {
    return find(index, identity)->seq;
}

static void grow(struct index *index) {
    struct entry *old = index->entries;
    size_t places = index->places;
    index->places = places * 2;
    index->entries = mem_zalloc(index->places, sizeof *index->entries);
    for (size_t i = 0; i < places; i++)
        if (old[i].seq)
            *find(index, &old[i].identity) = old[i];
    free(old);
}

void index_put(struct index *index, const struct digest *identity, uint64_t seq) {
    struct entry *entry = find(index, identity);
    if (entry->seq == 0) {
        if ((index->count + 1) * 4 > index->places * 3) {
            grow(index);
            entry = find(index, identity);
        }
        entry->identity = *identity;
        index->count++;
    }
    entry->seq = seq;
}

// Those behind the entry move up, so that no search ends before it should.
void index_remove(struct index *index, const struct digest *identity) {
    struct entry *entry = find(index, identity);
    size_t mask = index->places - 1, hole = (size_t)(entry - index->entries);
    if (entry->seq == 0)
        return;
    for (size_t i = (hole + 1) & mask; index->entries[i].seq; i = (i + 1) & mask) {
        size_t from_home = (i - home(index, &index->entries[i].identity)) & mask;
        if (from_home < ((i - hole) & mask))
            continue; // it would stand before its home
        index->entries[hole] = index->entries[i];
        hole = i;
    }
    index->entries[hole] = (struct entry){0};
    index->count--;
}

size_t index_count(const struct index *index) {
    return index->count;
}

void index_clear(struct index *index) {
    if (index->places > INDEX_PLACES_KEPT) { // clearing costs what it once held
        free(index->entries);
        index->places = INDEX_PLACES_MIN;
        index->entries = mem_zalloc(index->places, sizeof *index->entries);
    } else if (index->count)
        memset(index->entries, 0, index->places * sizeof *index->entries);
    index->count = 0;
}

void index_each(const struct index *index,
                void (*fn)(void *ctx, const struct digest *identity, uint64_t seq), void *ctx) {
    for (size_t i = 0; i < index->places; i++)
        if (index->entries[i].seq)
            fn(ctx, &index->entries[i].identity, index->entries[i].seq);
}
