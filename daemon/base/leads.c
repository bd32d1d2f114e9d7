// SPDX-License-Identifier: EUPL-1.2
// Open addressing with linear probing, in many small tables. The home of a lead is the part of its
// table that its tag is of all tags, so that a table can have any size and grows by a quarter. A
// removed lead leaves no mark: those behind it move up, and a search ends at the first free slot.
// A table that has never had anything has no memory.
#include "base/leads.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    TABLE_BITS = 12,
    TABLES = 1 << TABLE_BITS,
    TAG_BITS = 24,
    TAG_MAX = (1 << TAG_BITS) - 1,
    SIZE_MIN = 8,
};

struct leads_table {
    uint64_t *slots; // seq and tag, from high to low; 0: free
    uint32_t size, count;
};

struct leads {
    struct leads_table tables[TABLES];
};

struct leads *leads_create(void) {
    return mem_zalloc(1, sizeof(struct leads));
}

void leads_clear(struct leads *leads) {
    for (size_t i = 0; i < TABLES; i++)
        free(leads->tables[i].slots);
    memset(leads, 0, sizeof *leads);
}

void leads_free(struct leads *leads) {
    if (leads)
        leads_clear(leads);
    free(leads);
}

uint64_t leads_tag(const struct digest *identity) {
    uint64_t bits;
    memcpy(&bits, identity->bytes, sizeof bits);
    return bits & ((UINT64_C(1) << (TABLE_BITS + TAG_BITS)) - 1);
}

static const struct leads_table *table_of(const struct leads *leads, uint64_t tag) {
    return &leads->tables[tag % TABLES];
}

static uint64_t slot_of(uint64_t tag, uint64_t seq) {
    return seq << TAG_BITS | tag >> TABLE_BITS;
}

static size_t home_of(const struct leads_table *table, uint64_t slot) {
    return (size_t)((slot & TAG_MAX) * table->size >> TAG_BITS);
}

static size_t behind(const struct leads_table *table, size_t at) {
    return at + 1 == table->size ? 0 : at + 1;
}

uint64_t leads_next(const struct leads *leads, const struct digest *identity,
                    struct leads_walk *walk) {
    const uint64_t tag = leads_tag(identity), wanted = slot_of(tag, 0);
    const struct leads_table *table = table_of(leads, tag);
    if (!table->count)
        return 0;
    size_t at = (home_of(table, wanted) + walk->step) % table->size;
    for (uint64_t slot; (slot = table->slots[at]) != 0; at = behind(table, at)) {
        walk->step++;
        if ((slot & TAG_MAX) == wanted)
            return slot >> TAG_BITS;
    }
    return 0;
}

// Where the slot is, or the free one at the end of its search.
static size_t find_slot(const struct leads_table *table, uint64_t slot) {
    size_t at = home_of(table, slot);
    while (table->slots[at] && table->slots[at] != slot)
        at = behind(table, at);
    return at;
}

bool leads_has(const struct leads *leads, const struct digest *identity, uint64_t seq) {
    const uint64_t tag = leads_tag(identity), slot = slot_of(tag, seq);
    const struct leads_table *table = table_of(leads, tag);
    return table->count && table->slots[find_slot(table, slot)] == slot;
}

static void resize(struct leads_table *table, uint32_t size) {
    const struct leads_table old = *table;
    table->size = size;
    table->slots = mem_zalloc(size, sizeof *table->slots);
    for (size_t i = 0; i < old.size; i++)
        if (old.slots[i])
            table->slots[find_slot(table, old.slots[i])] = old.slots[i];
    free(old.slots);
}

// At most four of five slots are in use.
bool leads_add(struct leads *leads, const struct digest *identity, uint64_t seq) {
    assert(seq > 0 && seq <= LEADS_SEQ_MAX);
    const uint64_t tag = leads_tag(identity), slot = slot_of(tag, seq);
    struct leads_table *table = &leads->tables[tag % TABLES];
    if (table->count >= table->size / 5 * 4)
        resize(table, table->size + table->size / 4 + SIZE_MIN);
    size_t at = home_of(table, slot);
    bool others = false;
    for (; table->slots[at]; at = behind(table, at)) {
        assert(table->slots[at] != slot);
        others = others || (table->slots[at] & TAG_MAX) == (slot & TAG_MAX);
    }
    table->slots[at] = slot;
    table->count++;
    return others;
}

void leads_prefetch(const struct leads *leads, const struct digest *identity) {
    const uint64_t tag = leads_tag(identity);
    const struct leads_table *table = table_of(leads, tag);
    if (table->count)
        __builtin_prefetch(&table->slots[home_of(table, slot_of(tag, 0))]);
}

// How far it is from its home.
static size_t distance(const struct leads_table *table, size_t at) {
    size_t home = home_of(table, table->slots[at]);
    return at >= home ? at - home : at + table->size - home;
}

static void close_hole(struct leads_table *table, size_t hole) {
    size_t from_hole = 0;
    for (size_t at = behind(table, hole); table->slots[at]; at = behind(table, at)) {
        from_hole++;
        if (distance(table, at) < from_hole)
            continue; // it would stand before its home
        table->slots[hole] = table->slots[at];
        hole = at;
        from_hole = 0;
    }
    table->slots[hole] = 0;
}

void leads_remove(struct leads *leads, const struct digest *identity, uint64_t seq) {
    const uint64_t tag = leads_tag(identity), slot = slot_of(tag, seq);
    struct leads_table *table = &leads->tables[tag % TABLES];
    size_t at = table->count ? find_slot(table, slot) : 0;
    if (!table->count || !table->slots[at])
        return;
    close_hole(table, at);
    table->count--;
    if (table->count < table->size / 4 && table->size > 2 * SIZE_MIN)
        resize(table, table->size / 2);
}

size_t leads_count(const struct leads *leads) {
    size_t count = 0;
    for (size_t i = 0; i < TABLES; i++)
        count += leads->tables[i].count;
    return count;
}

void leads_each(const struct leads *leads, void (*fn)(void *ctx, uint64_t tag, uint64_t seq),
                void *ctx) {
    for (size_t i = 0; i < TABLES; i++) {
        const struct leads_table *table = &leads->tables[i];
        for (size_t at = 0; at < table->size; at++)
            if (table->slots[at])
                fn(ctx, (table->slots[at] & TAG_MAX) << TABLE_BITS | i,
                   table->slots[at] >> TAG_BITS);
    }
}
