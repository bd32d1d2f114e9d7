// SPDX-License-Identifier: EUPL-1.2
// How much each source has changed since the statistics for outside were made last, cell by cell,
// so that what came and went is nothing. Of all sources together it is what the statistics lack.
// They are made anew only when enough has changed beside what any one source did: with signals of
// its own alone it could find out, step by step, what others reported.
//
// It is kept by generation. A making begins one and goes by a snapshot of those before it; once it
// is told, what it told is dead (struct statistics_record), and retention takes it away.
#include "base/mem.h"
#include "core/cube/statistics.h"
#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

// --- of a commit ---

// What was changed under a key. Keys begin alike, so all of it is hashed.
struct moved_sum {
    char key[RECORD_MOVED];
    int64_t number; // 0: free
};

static size_t hash_of(const void *key) {
    uint64_t words[RECORD_MOVED / 8], hash = 0;
    memcpy(words, key, sizeof words);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15u;
    return (size_t)(hash >> 32);
}

static bool has(const void *sum, const void *key) {
    return memcmp(sum, key, RECORD_MOVED) == 0;
}

static const struct map_kind sums = {
    sizeof(struct moved_sum), offsetof(struct moved_sum, number), 64, 3, hash_of, has};

static void add(struct map *map, const struct moved *moved, int64_t change) {
    uint8_t key[RECORD_MOVED];
    (void)record_put_moved(key, moved);
    struct moved_sum *sum = map_add(map, &sums, key);
    memcpy(sum->key, key, sizeof key);
    sum->number += change;
    if (!sum->number)
        map_remove(map, &sums, sum);
}

void ledger_begin_moved(struct ledger_change *change) {
    if (change->moved.sums.entries)
        map_clear(&change->moved.sums, &sums);
    else
        map_init(&change->moved.sums, &sums);
}

void ledger_flush_moved(struct ledger_writer *writer) {
    const struct map *map = &writer->change->moved.sums;
    const struct moved_sum *list = map->entries;
    for (size_t i = 0; i < map->size; i++)
        if (list[i].number)
            ledger_note_addition(writer->change, (struct str){list[i].key, RECORD_MOVED},
                                 list[i].number);
    ledger_flush_additions(writer, STORE_MOVED);
}

// The source's place in the keys, which is worked out once for all that it brings.
static uint64_t place_of(struct ledger_writer *writer, struct str source) {
    struct ledger_moved *last = &writer->change->moved;
    struct digest digest;
    if (!str_equal(source, (struct str){last->name, last->len})) {
        hash_digest(&writer->ledger->identity_key, "moved", &source, 1, &digest);
        memcpy(&last->place, digest.bytes, sizeof last->place);
        last->len = source.len;
        memcpy(last->name, source.data, source.len);
    }
    return last->place;
}

void ledger_note_moved(struct ledger_writer *writer, struct str source, const struct cell *from,
                       const struct cell *to) {
    struct moved before = {.generation = writer->change->statistics.generation}, after = before;
    if (from && cell_counts(from))
        before.cell = statistics_plain(from);
    if (to && cell_counts(to))
        after.cell = statistics_plain(to);
    if (memcmp(&before.cell, &after.cell, sizeof before.cell) == 0)
        return;
    before.source = after.source = place_of(writer, source);
    if (before.cell.categories)
        add(&writer->change->moved.sums, &before, -1);
    if (after.cell.categories)
        add(&writer->change->moved.sums, &after, 1);
}

bool ledger_is_told(const struct statistics_record *state, const struct moved *moved) {
    return moved->generation < state->since && moved->cell.month <= state->told;
}

// --- all of it, on a snapshot ---

struct source_sum {
    uint64_t source;
    int64_t more, less;
    uint64_t used;
};
static const struct map_kind sources = {sizeof(struct source_sum),
                                        offsetof(struct source_sum, used),
                                        64,
                                        3,
                                        map_hash_number,
                                        map_has_number};

struct weighing {
    const struct statistics_record *state;
    uint16_t closed;
    struct map changes; // by source and cell; of all generations together
    struct map sources;
};

static bool on_moved(void *ctx, struct str key, struct str value) {
    struct weighing *weighing = ctx;
    struct moved moved;
    int64_t number = 0;
    if (value.len == sizeof number)
        memcpy(&number, value.data, sizeof number);
    if (!number || !record_get_moved(key, &moved) || moved.cell.month > weighing->closed ||
        ledger_is_told(weighing->state, &moved))
        return true;
    moved.generation = 0;
    add(&weighing->changes, &moved, number);
    return true;
}

static void weigh(struct weighing *weighing, const struct moved_sum *change,
                  struct counts *difference) {
    struct moved moved;
    if (!record_get_moved((struct str){change->key, RECORD_MOVED}, &moved))
        return;
    struct source_sum *sum = map_add(&weighing->sources, &sources, &moved.source);
    sum->source = moved.source;
    sum->used = 1;
    *(change->number > 0 ? &sum->more : &sum->less) +=
        change->number > 0 ? change->number : -change->number;
    counts_add(difference, &moved.cell, change->number);
}

// Of all sources but the one that changed most.
static int64_t without_largest(const struct map *map) {
    const struct source_sum *list = map->entries;
    int64_t total = 0, largest = 0;
    for (size_t i = 0; i < map->size; i++) {
        int64_t number = list[i].more > list[i].less ? list[i].more : list[i].less;
        total += number;
        largest = number > largest ? number : largest;
    }
    return total - largest;
}

void ledger_weigh_moved(struct store_txn *txn, const struct statistics_record *state,
                        uint16_t closed, struct moved_weight *weight) {
    struct weighing weighing = {.state = state, .closed = closed};
    struct counts *difference = counts_create();
    map_init(&weighing.changes, &sums);
    map_init(&weighing.sources, &sources);
    store_each(txn, STORE_MOVED, on_moved, &weighing);
    const struct moved_sum *list = weighing.changes.entries;
    for (size_t i = 0; i < weighing.changes.size; i++)
        if (list[i].number)
            weigh(&weighing, &list[i], difference);
    weight->all = statistics_changes(difference);
    weight->by_others = without_largest(&weighing.sources);
    counts_free(difference);
    free(weighing.changes.entries);
    free(weighing.sources.entries);
}
