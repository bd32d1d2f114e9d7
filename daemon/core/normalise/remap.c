// SPDX-License-Identifier: EUPL-1.2
// One table from digests to meanings for both fields: the field is part of the digest.
#include "core/normalise/remap.h"

#include "base/index.h"
#include "base/mem.h"
#include "core/normalise/normalise.h"

#include <stdlib.h>
#include <string.h>

struct remap_map {
    const struct municipalities *municipalities;
    const struct hash_key *key;
    struct index *meanings; // digest -> category + 1, or place in spellings + 1
    const char **spellings;
    size_t spelling_count, spelling_cap;
};

static void add_category(void *ctx, struct str word, enum category code) {
    struct remap_map *map = ctx;
    struct digest digest;
    normalise_unknown(map->key, UNMAPPED_CATEGORY, word, &digest);
    index_put(map->meanings, &digest, (uint64_t)code + 1);
}

// Spellings that fold alike share their meanings, so any of them will do.
static void add_spelling(void *ctx, const char *spelling) {
    struct remap_map *map = ctx;
    struct digest digest;
    map->spellings =
        mem_grow(map->spellings, map->spelling_count, &map->spelling_cap, sizeof *map->spellings);
    map->spellings[map->spelling_count++] = spelling;
    normalise_unknown(map->key, UNMAPPED_MUNICIPALITY, str_from(spelling), &digest);
    index_put(map->meanings, &digest, map->spelling_count);
}

struct remap_map *remap_map_create(const struct categories *categories,
                                   const struct municipalities *municipalities,
                                   const struct hash_key *key) {
    struct remap_map *map = mem_zalloc(1, sizeof *map);
    map->municipalities = municipalities;
    map->key = key;
    map->meanings = index_create();
    categories_each(categories, add_category, map);
    municipalities_each_spelling(municipalities, add_spelling, map);
    return map;
}

void remap_map_free(struct remap_map *map) {
    if (!map)
        return;
    index_free(map->meanings);
    free(map->spellings);
    free(map);
}

static bool find_category(const struct remap_map *map, const struct unknown_word *word,
                          enum category *category) {
    uint64_t meaning = word->field == UNMAPPED_CATEGORY ? index_get(map->meanings, &word->word) : 0;
    if (meaning)
        *category = (enum category)(meaning - 1);
    return meaning > 0;
}

static bool find_municipality(const struct remap_map *map, const struct unknown_word *word,
                              const struct remap_place *place, const struct municipality **found,
                              const char **spelling) {
    uint64_t meaning =
        word->field == UNMAPPED_MUNICIPALITY ? index_get(map->meanings, &word->word) : 0;
    return meaning && municipalities_resolve(
                          map->municipalities, str_from(map->spellings[meaning - 1]), place->day,
                          place->province, found, spelling) == MUNICIPALITY_FOUND;
}

bool remap_knows(const struct remap_map *map, const struct unknown_word *word,
                 const struct remap_place *place) {
    enum category category;
    const struct municipality *found;
    const char *spelling;
    return find_category(map, word, &category) ||
           find_municipality(map, word, place, &found, &spelling);
}

// The word's meaning goes into the entry. False when the tables still lack it.
static bool take_word(const struct remap_map *map, const struct unknown_word *word,
                      const struct remap_place *place, int32_t today, struct ledger_entry *entry,
                      struct remap_result *result) {
    enum category category;
    const struct municipality *found;
    const char *spelling;
    if (find_category(map, word, &category)) {
        entry->cell.categories = (uint16_t)(entry->cell.categories | 1u << category);
        if (category == CATEGORY_UNKNOWN) // so the source did say it, in a word of its own
            entry->unknown_said = true;
        return true;
    }
    if (!find_municipality(map, word, place, &found, &spelling))
        return false;
    entry->cell.municipality = found->code;
    entry->municipality_today = municipalities_successor(map->municipalities, found, today)->code;
    result->as_reported = spelling;
    return true;
}

void remap_entry(const struct remap_map *map, uint8_t province, int32_t today,
                 struct ledger_entry *entry, struct remap_result *result) {
    static const uint16_t unknown = 1u << CATEGORY_UNKNOWN;
    const struct remap_place place = {entry->reported, province};
    struct cell before = entry->cell;
    uint8_t kept = 0;
    bool category_left = false;
    memset(result, 0, sizeof *result);
    for (uint8_t i = 0; i < entry->unknown_count; i++) {
        const struct unknown_word word = entry->unknown[i];
        if (take_word(map, &word, &place, today, entry, result)) {
            result->known[result->known_count++] = word;
            continue;
        }
        category_left = category_left || word.field == UNMAPPED_CATEGORY;
        entry->unknown[kept++] = word;
    }
    memset(entry->unknown + kept, 0, (entry->unknown_count - kept) * sizeof *entry->unknown);
    entry->unknown_count = kept;
    // Unknown stood for the words that were lacking.
    if (!category_left && !entry->unknown_said && entry->cell.categories != unknown)
        entry->cell.categories = (uint16_t)(entry->cell.categories & ~unknown);
    result->changed = memcmp(&before, &entry->cell, sizeof before) != 0;
}
