// SPDX-License-Identifier: EUPL-1.2
// A table of persons, each with a list of members in the order of their identities. Books are
// loaded in that order, so that each member then goes to the end of its list. What is removed gives
// its memory back: lists and table are halved once they are a quarter or an eighth full.
#include "core/person/persons.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PERSONS_PLACES_MIN = 256, AHEAD = 16 }; // the first a power of two

struct member {
    struct digest identity;
    struct cell cell;
};

struct person {
    uint64_t number;
    struct member *members;
    size_t count; // 0: a free place
    size_t cap;
};

struct persons {
    struct person *places;
    size_t size; // a power of two
    size_t used;
    size_t members;
};

struct persons *persons_create(void) {
    struct persons *persons = mem_zalloc(1, sizeof *persons);
    persons->size = PERSONS_PLACES_MIN;
    persons->places = mem_zalloc(persons->size, sizeof *persons->places);
    return persons;
}

void persons_free(struct persons *persons) {
    if (!persons)
        return;
    for (size_t i = 0; i < persons->size; i++)
        free(persons->places[i].members);
    free(persons->places);
    free(persons);
}

// Where a person would be if all places were free. Numbers are given one after another, so nobody
// outside can choose collisions.
static size_t home(const struct persons *persons, uint64_t number) {
    return (size_t)(number * 0x9e3779b97f4a7c15u >> 32) & (persons->size - 1);
}

// The person's place, or the free place where it would go.
static struct person *find(const struct persons *persons, uint64_t number) {
    for (size_t i = home(persons, number);; i = (i + 1) & (persons->size - 1)) {
        struct person *person = &persons->places[i];
        if (person->count == 0 || person->number == number)
            return person;
    }
}

static void resize_table(struct persons *persons, size_t size) {
    struct person *old = persons->places;
    size_t old_size = persons->size;
    persons->size = size;
    persons->places = mem_zalloc(size, sizeof *persons->places);
    for (size_t i = 0; i < old_size; i++)
        if (old[i].count)
            *find(persons, old[i].number) = old[i];
    free(old);
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

static void resize_list(struct person *person, size_t cap) {
    person->cap = cap;
    person->members = mem_resize(person->members, cap, sizeof *person->members);
}

void persons_put(struct persons *persons, uint64_t person, const struct digest *member,
                 const struct cell *cell) {
    assert(person > 0);
    struct person *found = find(persons, person);
    if (found->count == 0 && (persons->used + 1) * 4 > persons->size * 3) {
        resize_table(persons, persons->size * 2);
        found = find(persons, person);
    }
    size_t at = position(found, member);
    if (is_at(found, at, member)) {
        found->members[at].cell = *cell;
        return;
    }
    if (found->count == 0) {
        found->number = person;
        persons->used++;
    }
    if (found->count == found->cap)
        resize_list(found, found->cap ? found->cap * 2 : 1);
    struct member *place = &found->members[at];
    memmove(place + 1, place, (found->count - at) * sizeof *place);
    *place = (struct member){*member, *cell};
    found->count++;
    persons->members++;
}

// The place becomes free. Those behind it move up, so that no search ends before it should.
static void free_place(struct persons *persons, struct person *person) {
    size_t mask = persons->size - 1, hole = (size_t)(person - persons->places);
    free(person->members);
    for (size_t i = (hole + 1) & mask; persons->places[i].count; i = (i + 1) & mask) {
        size_t from_home = (i - home(persons, persons->places[i].number)) & mask;
        if (from_home < ((i - hole) & mask))
            continue; // it would stand before its home
        persons->places[hole] = persons->places[i];
        hole = i;
    }
    persons->places[hole] = (struct person){0};
    persons->used--;
    if (persons->size > PERSONS_PLACES_MIN && persons->used * 8 < persons->size)
        resize_table(persons, persons->size / 2);
}

void persons_remove(struct persons *persons, uint64_t person, const struct digest *member) {
    struct person *found = find(persons, person);
    size_t at = position(found, member);
    if (!is_at(found, at, member))
        return;
    struct member *place = &found->members[at];
    memmove(place, place + 1, (found->count - at - 1) * sizeof *place);
    found->count--;
    persons->members--;
    if (found->count == 0)
        free_place(persons, found);
    else if (found->count * 4 <= found->cap)
        resize_list(found, found->cap / 2);
}

size_t persons_members(const struct persons *persons) {
    return persons->members;
}

void persons_each(const struct persons *persons,
                  void (*fn)(void *ctx, uint64_t person, const struct digest *member,
                             const struct cell *cell),
                  void *ctx) {
    for (size_t i = 0; i < persons->size; i++) {
        const struct person *person = &persons->places[i];
        if (i + AHEAD < persons->size) // lists lie anywhere: most of the time would be waiting
            __builtin_prefetch(persons->places[i + AHEAD].members);
        for (size_t k = 0; k < person->count; k++)
            fn(ctx, person->number, &person->members[k].identity, &person->members[k].cell);
    }
}

void persons_each_linked(const struct persons *persons,
                         void (*fn)(void *ctx, uint64_t person, const struct cell *cell),
                         void *ctx) {
    for (size_t i = 0; i < persons->size; i++) {
        const struct person *person = &persons->places[i];
        for (size_t k = 0; person->count > 1 && k < person->count; k++)
            fn(ctx, person->number, &person->members[k].cell);
    }
}
