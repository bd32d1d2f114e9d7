// SPDX-License-Identifier: EUPL-1.2
// What tables make of words that earlier ones lacked. Of such a word only a keyed digest is kept,
// so it is looked for among the digests of all words that the tables have now. Words of gender, age
// group and citizenship are closed lists and are left alone. Pure.
#ifndef CORE_NORMALISE_REMAP_H
#define CORE_NORMALISE_REMAP_H

#include "core/signal/ledger_entry.h"
#include "core/tables/categories.h"
#include "core/tables/municipalities.h"

struct remap_map;

// The tables must outlive it.
struct remap_map *remap_map_create(const struct categories *categories,
                                   const struct municipalities *municipalities,
                                   const struct hash_key *key);
void remap_map_free(struct remap_map *map); // NULL is fine

// As of when, and for whom: what the name of a municipality means depends on it.
struct remap_place {
    int32_t day;      // of the report
    uint8_t province; // of the source's own municipality; 0: not known
};

// Do the tables have this word now? Of names of municipalities: do they mean exactly one.
bool remap_knows(const struct remap_map *map, const struct unknown_word *word,
                 const struct remap_place *place);

struct remap_result {
    bool changed;            // the entry counts elsewhere now
    const char *as_reported; // the table's spelling when its municipality is known now; NULL: it
                             // was before, or still is not. Lives as long as the tables
    uint8_t known_count;     // words that the tables have now
    struct unknown_word known[SIGNAL_UNKNOWN_MAX];
};

// Gives the entry the meaning that it would have had with these tables, and takes the words that
// they have off its list. `province` as above; `today`: for the municipality's present successor.
void remap_entry(const struct remap_map *map, uint8_t province, int32_t today,
                 struct ledger_entry *entry, struct remap_result *result);

#endif
