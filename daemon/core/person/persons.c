// SPDX-License-Identifier: EUPL-1.2
// A map of persons, each with a list of members in the order of their identities. A ledger is
// loaded in that order, so that each member then goes to the end of its list. What is removed gives
// its memory back: a list is halved once it is a quarter full.
#include "core/person/persons.h"

#include "base/map.h"

#include <assert.h>

enum { AHEAD = 16 };

struct member {
    struct digest identity;
    struct cell cell;
};

struct person {
    uint64_t number;
    struct member *members;
    size_t count; // 0: free
    size_t cap;
};

struct persons {
    struct map map;
    size_t members, repeats;
};

// Numbers are given one after another, so nobody outside can choose collisions.
static const struct map_kind kind = {
    sizeof(struct person), offsetof(struct person, count), 256, 3, map_hash_number, map_has_number};

struct persons *persons_create(void) {
    struct persons *persons = mem_zalloc(1, sizeof *persons);
    map_init(&persons->map, &kind);
    return persons;
}

void persons_free(struct persons *persons) {
    if (!persons)
        return;
    for (size_t i = 0; i < persons->map.size; i++)
        free(((struct person *)persons->map.entries)[i].members);
    free(persons->map.entries);
    free(persons);
}

// Where the member is in the list, or where it would go.
static size_t position(const struct person *person, const struct digest *identity) {
    size_t low = 0, high = person->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(person->members[middle].identity.bytes, identity->bytes, DIGEST_BYTES) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct person *person, size_t at, const struct digest *identity) {
    return at < person->count && digest_equal(&person->members[at].identity, identity);
}

// Of those that count, beyond the first.
static size_t repeats_of(const struct person *person) {
    size_t count = 0;
    for (size_t i = 0; i < person->count; i++)
        count += cell_counts(&person->members[i].cell);
    return count > 1 ? count - 1 : 0;
}

static void resize_list(struct person *person, size_t cap) {
    person->cap = cap;
    person->members = mem_resize(person->members, cap, sizeof *person->members);
}

void persons_put(struct persons *persons, uint64_t person, const struct digest *member,
                 const struct cell *cell) {
    assert(person > 0);
    struct person *found = map_add(&persons->map, &kind, &person);
    size_t at = position(found, member);
    persons->repeats -= repeats_of(found);
    if (is_at(found, at, member)) {
        found->members[at].cell = *cell;
        persons->repeats += repeats_of(found);
        return;
    }
    found->number = person;
    if (found->count == found->cap)
        resize_list(found, found->cap ? found->cap * 2 : 1);
    struct member *place = &found->members[at];
    memmove(place + 1, place, (found->count - at) * sizeof *place);
    *place = (struct member){*member, *cell};
    found->count++;
    persons->members++;
    persons->repeats += repeats_of(found);
}

void persons_remove(struct persons *persons, uint64_t person, const struct digest *member) {
    struct person *found = map_find(&persons->map, &kind, &person);
    size_t at = position(found, member);
    if (!is_at(found, at, member))
        return;
    struct member *place = &found->members[at];
    persons->repeats -= repeats_of(found);
    memmove(place, place + 1, (found->count - at - 1) * sizeof *place);
    found->count--;
    persons->members--;
    persons->repeats += repeats_of(found);
    if (found->count == 0) {
        free(found->members);
        map_remove(&persons->map, &kind, found);
    } else if (found->count * 4 <= found->cap)
        resize_list(found, found->cap / 2);
}

size_t persons_members(const struct persons *persons) {
    return persons->members;
}

size_t persons_repeats(const struct persons *persons) {
    return persons->repeats;
}

void persons_each(const struct persons *persons,
                  void (*fn)(void *ctx, uint64_t person, const struct digest *member,
                             const struct cell *cell),
                  void *ctx) {
    const struct person *list = persons->map.entries;
    for (size_t i = 0; i < persons->map.size; i++) {
        const struct person *person = &list[i];
        if (i + AHEAD < persons->map.size) // lists lie anywhere: most of the time would be waiting
            __builtin_prefetch(list[i + AHEAD].members);
        for (size_t k = 0; k < person->count; k++)
            fn(ctx, person->number, &person->members[k].identity, &person->members[k].cell);
    }
}

void persons_each_linked(const struct persons *persons,
                         void (*fn)(void *ctx, uint64_t person, const struct cell *cell),
                         void *ctx) {
    const struct person *list = persons->map.entries;
    for (size_t i = 0; i < persons->map.size; i++) {
        const struct person *person = &list[i];
        for (size_t k = 0; person->count > 1 && k < person->count; k++)
            fn(ctx, person->number, &person->members[k].cell);
    }
}
