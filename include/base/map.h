// SPDX-License-Identifier: EUPL-1.2
// The one hash table: open addressing with linear probing over entries of a fixed size, which
// doubles when it is as full as its kind allows and is halved below an eighth. A removed entry
// leaves no mark: those behind it move up, so a search always ends at the first free entry. What an
// entry is, a constant `map_kind` says; it is inlined, so that a table is as fast as one written by
// hand. Pointers to entries are valid until the next map_add or map_remove. Entries own nothing
// that the map frees.
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct map {
    void *entries;
    size_t size;  // entries, free ones too: a power of two
    size_t count; // those in use
};

struct map_kind {
    size_t bytes;    // of an entry
    size_t mark;     // offset of the 8 bytes in it that are 0 when it is free, and else are not
    size_t size_min; // a power of two
    size_t quarters; // that may be in use: 3 spares memory, 2 the looks at what stands elsewhere
    size_t (*hash)(const void *key); // of an entry too: its first bytes are as those of its key
    bool (*has)(const void *entry, const void *key);
};

// An entry of a table whose things stand in a list elsewhere. Its mark is at 0.
struct map_slot {
    uint32_t hash;
    uint32_t item; // its index + 1
};

#define MAP_INLINE static inline __attribute__((always_inline))

// FNV-1a: for keys that nobody outside can choose.
MAP_INLINE uint32_t map_hash(const void *data, size_t size) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const uint8_t *)data)[i]) * 0x100000001b3u;
    return (uint32_t)(hash ^ hash >> 32);
}

// For keys that are a uint64_t which nobody outside can choose.
MAP_INLINE size_t map_hash_number(const void *key) {
    uint64_t number;
    memcpy(&number, key, sizeof number);
    return (size_t)(number * 0x9e3779b97f4a7c15u >> 32);
}

MAP_INLINE bool map_has_number(const void *entry, const void *key) {
    return memcmp(entry, key, sizeof(uint64_t)) == 0;
}

// For keys that begin with their hash, or are as evenly spread as one.
MAP_INLINE size_t map_hash_prefix(const void *key) {
    uint32_t hash;
    memcpy(&hash, key, sizeof hash);
    return hash;
}

MAP_INLINE void map_init(struct map *map, const struct map_kind *kind) {
    *map = (struct map){mem_zalloc(kind->size_min, kind->bytes), kind->size_min, 0};
}

MAP_INLINE void *map_at(const struct map *map, const struct map_kind *kind, size_t at) {
    return (char *)map->entries + at * kind->bytes;
}

MAP_INLINE bool map_used(const struct map_kind *kind, const void *entry) {
    uint64_t mark;
    memcpy(&mark, (const char *)entry + kind->mark, sizeof mark);
    return mark != 0;
}

// The entry that has the key, or the free one where it would go.
MAP_INLINE void *map_find(const struct map *map, const struct map_kind *kind, const void *key) {
    for (size_t at = kind->hash(key);; at++) {
        void *entry = map_at(map, kind, at & (map->size - 1));
        if (!map_used(kind, entry) || kind->has(entry, key))
            return entry;
    }
}

MAP_INLINE void map_resize(struct map *map, const struct map_kind *kind, size_t size) {
    const struct map old = *map;
    map->size = size;
    map->entries = mem_zalloc(size, kind->bytes);
    for (size_t i = 0; i < old.size; i++) {
        const void *entry = map_at(&old, kind, i);
        if (!map_used(kind, entry))
            continue;
        size_t at = kind->hash(entry) & (size - 1);
        while (map_used(kind, map_at(map, kind, at)))
            at = (at + 1) & (size - 1);
        memcpy(map_at(map, kind, at), entry, kind->bytes);
    }
    free(old.entries);
}

// As map_find, but counts a free one as in use: the caller fills it in.
MAP_INLINE void *map_add(struct map *map, const struct map_kind *kind, const void *key) {
    void *entry = map_find(map, kind, key);
    if (map_used(kind, entry) || ++map->count * 4 <= map->size * kind->quarters)
        return entry;
    map_resize(map, kind, map->size * 2);
    return map_find(map, kind, key);
}

MAP_INLINE void map_remove(struct map *map, const struct map_kind *kind, void *entry) {
    size_t mask = map->size - 1, at = (size_t)((char *)entry - (char *)map->entries) / kind->bytes;
    size_t hole = at;
    while (map_used(kind, map_at(map, kind, at = (at + 1) & mask))) {
        size_t from_home = (at - kind->hash(map_at(map, kind, at))) & mask;
        if (from_home < ((at - hole) & mask))
            continue; // it would stand before its home
        memcpy(map_at(map, kind, hole), map_at(map, kind, at), kind->bytes);
        hole = at;
    }
    memset(map_at(map, kind, hole), 0, kind->bytes);
    map->count--;
    if (map->size > kind->size_min && map->count * 8 < map->size)
        map_resize(map, kind, map->size / 2);
}

// Clearing costs what the table has held, so a large one is given back.
MAP_INLINE void map_clear(struct map *map, const struct map_kind *kind) {
    if (map->size > 16 * kind->size_min) {
        free(map->entries);
        map_init(map, kind);
    } else if (map->count)
        memset(map->entries, 0, map->size * kind->bytes);
    map->count = 0;
}

#endif
