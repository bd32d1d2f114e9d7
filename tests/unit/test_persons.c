// SPDX-License-Identifier: EUPL-1.2
#include "core/person/persons.h"

#include "unit.h"

#include <malloc.h>

static struct digest digest_of(uint64_t n) {
    struct digest digest;
    uint64_t state = n, a = unit_random(&state), b = unit_random(&state);
    memcpy(digest.bytes, &a, 8);
    memcpy(digest.bytes + 8, &b, 8);
    return digest;
}

static struct cell cell_of(uint64_t n) {
    return (struct cell){.municipality = (uint16_t)n, .categories = 1};
}

static void put(struct persons *persons, uint64_t person, uint64_t member, uint64_t cell) {
    struct digest digest = digest_of(member);
    struct cell made = cell_of(cell);
    persons_put(persons, person, &digest, &made);
}

static void take(struct persons *persons, uint64_t person, uint64_t member) {
    struct digest digest = digest_of(member);
    persons_remove(persons, person, &digest);
}

// "person:cell …" of all that are linked.
struct listing {
    char text[256];
};

static void on_linked(void *ctx, uint64_t person, const struct cell *cell) {
    struct listing *listing = ctx;
    size_t at = strlen(listing->text);
    (void)snprintf(listing->text + at, sizeof listing->text - at, "%s%" PRIu64 ":%u", at ? " " : "",
                   person, cell->municipality);
}

static void expect_linked(const struct persons *persons, const char *expected) {
    struct listing listing = {""};
    persons_each_linked(persons, on_linked, &listing);
    assert_string_equal(listing.text, expected);
}

static void only_who_has_several_is_linked(void **state) {
    (void)state;
    struct persons *persons = persons_create();
    put(persons, 1, 10, 5);
    put(persons, 2, 11, 5);
    expect_linked(persons, "");
    put(persons, 1, 12, 5);
    expect_linked(persons, "1:5 1:5");
    take(persons, 1, 10);
    expect_linked(persons, "");
    assert_int_equal(persons_members(persons), 2);
    persons_free(persons);
}

static void a_member_put_again_moves_to_its_new_cell(void **state) {
    (void)state;
    struct persons *persons = persons_create();
    put(persons, 7, 1, 1);
    put(persons, 7, 2, 1);
    put(persons, 7, 1, 9);
    put(persons, 7, 2, 9);
    expect_linked(persons, "7:9 7:9");
    assert_int_equal(persons_members(persons), 2);
    persons_free(persons);
}

static void what_is_not_there_cannot_be_taken(void **state) {
    (void)state;
    struct persons *persons = persons_create();
    take(persons, 1, 1);
    put(persons, 1, 1, 1);
    put(persons, 1, 2, 1);
    take(persons, 1, 3);
    take(persons, 2, 1);
    assert_int_equal(persons_members(persons), 2);
    expect_linked(persons, "1:1 1:1");
    persons_free(persons);
    persons_free(NULL);
}

// A plain list of who has what. `cells` by person and member; 0: not there.
enum { PERSONS = 700, MEMBERS = 6, STEPS = 60000 };
struct model {
    uint16_t cells[PERSONS][MEMBERS];
    size_t members;
};

// Numbers far apart, so that places collide; the lowest bits say which person of the model it is.
static uint64_t number_of(uint64_t person) {
    uint64_t state = person;
    return unit_random(&state) << 10 | person;
}

struct seen {
    uint32_t cells[PERSONS][8]; // how often, by cell
    bool done[PERSONS];
    uint64_t last;
};

static void on_seen(void *ctx, uint64_t person, const struct cell *cell) {
    struct seen *seen = ctx;
    size_t at = person % 1024;
    assert_true(at < PERSONS && person == number_of(at));
    if (seen->last != person) {
        assert_false(seen->done[at]); // those of a person stand together
        seen->done[at] = true;
        seen->last = person;
    }
    seen->cells[at][cell->municipality]++;
}

static void compare(const struct persons *persons, const struct model *model) {
    static struct seen seen;
    size_t repeats = 0;
    memset(&seen, 0, sizeof seen);
    persons_each_linked(persons, on_seen, &seen);
    assert_int_equal(persons_members(persons), model->members);
    for (size_t p = 0; p < PERSONS; p++) {
        uint32_t expected[8] = {0};
        size_t count = 0;
        for (size_t m = 0; m < MEMBERS; m++)
            if (model->cells[p][m]) {
                expected[model->cells[p][m]]++;
                count++;
            }
        repeats += count > 1 ? count - 1 : 0;
        if (count < 2)
            memset(expected, 0, sizeof expected);
        assert_memory_equal(seen.cells[p], expected, sizeof expected);
    }
    assert_int_equal(persons_repeats(persons), repeats);
}

static void step(struct persons *persons, struct model *model, uint64_t *seed, unsigned puts) {
    uint64_t person = unit_random(seed) % PERSONS, member = unit_random(seed) % MEMBERS;
    uint16_t *cell = &model->cells[person][member];
    // Two persons may well have a member of the same identity: nothing forbids it.
    if (unit_random(seed) % 10 < puts) {
        model->members += *cell == 0;
        *cell = (uint16_t)(1 + unit_random(seed) % 7);
        put(persons, number_of(person), member, *cell);
    } else {
        model->members -= *cell != 0;
        *cell = 0;
        take(persons, number_of(person), member);
    }
}

static void is_what_a_plain_list_is(void **state) {
    (void)state;
    static struct model model;
    uint64_t seed = unit_seed();
    struct persons *persons = persons_create();
    memset(&model, 0, sizeof model);
    size_t steps = unit_rounds(STEPS);
    for (size_t i = 0; i < steps; i++) {
        // It fills up, and gets empty, again and again.
        step(persons, &model, &seed, i / (steps / 10) % 2 ? 1 : 8);
        if (i % 500 == 499)
            compare(persons, &model);
    }
    persons_free(persons);
}

// Nothing under a sanitizer, whose memory this does not count.
static size_t memory_in_use(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void what_is_taken_gives_its_memory_back(void **state) {
    (void)state;
    struct persons *persons = persons_create();
    size_t before = memory_in_use();
    uint64_t many = unit_rounds(30000);
    for (uint64_t n = 1; n <= many; n++) {
        put(persons, n, n, 1);
        put(persons, 40000, n, 1);
    }
    for (uint64_t n = 1; n <= many; n++) {
        take(persons, n, n);
        if (n < many)
            take(persons, 40000, n);
    }
    assert_int_equal(persons_members(persons), 1);
    assert_in_range(memory_in_use(), 0, before + 20000);
    put(persons, 40000, 1, 1);
    expect_linked(persons, "40000:1 40000:1");
    persons_free(persons);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_who_has_several_is_linked),
        cmocka_unit_test(a_member_put_again_moves_to_its_new_cell),
        cmocka_unit_test(what_is_not_there_cannot_be_taken),
        cmocka_unit_test(is_what_a_plain_list_is),
        cmocka_unit_test(what_is_taken_gives_its_memory_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
