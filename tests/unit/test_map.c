// SPDX-License-Identifier: EUPL-1.2
#include "base/map.h"

#include "unit.h"

enum { KEYS = 500, SIZE_MIN = 8 };

struct entry {
    uint32_t key;
    uint64_t value; // 0: free
};

static bool has(const void *entry, const void *key) {
    return ((const struct entry *)entry)->key == *(const uint32_t *)key;
}

static size_t spread(const void *key) {
    return map_hash(key, sizeof(uint32_t));
}

static size_t all_the_same(const void *key) {
    (void)key;
    return SIZE_MAX; // the last place: what collides goes round the end
}

// Few, before and behind the end, whatever the size.
static size_t crowded_at_the_end(const void *key) {
    return (size_t) * (const uint32_t *)key % 5 - 2;
}

static size_t growing(const void *key) {
    return *(const uint32_t *)key;
}

static const struct map_kind kinds[] = {
    {sizeof(struct entry), offsetof(struct entry, value), SIZE_MIN, 3, spread, has},
    {sizeof(struct entry), offsetof(struct entry, value), SIZE_MIN, 3, all_the_same, has},
    {sizeof(struct entry), offsetof(struct entry, value), SIZE_MIN, 3, crowded_at_the_end, has},
    {sizeof(struct entry), offsetof(struct entry, value), SIZE_MIN, 3, growing, has},
    {sizeof(struct entry), offsetof(struct entry, value), SIZE_MIN, 2, spread, has},
};

static uint64_t get(const struct map *map, const struct map_kind *kind, uint32_t key) {
    const struct entry *entry = map_find(map, kind, &key);
    return entry->value;
}

static void put(struct map *map, const struct map_kind *kind, uint32_t key, uint32_t value) {
    struct entry *entry = map_add(map, kind, &key);
    assert_true(entry->value == 0 || entry->key == key);
    *entry = (struct entry){key, value};
}

static void drop(struct map *map, const struct map_kind *kind, uint32_t key) {
    struct entry *entry = map_find(map, kind, &key);
    if (entry->value)
        map_remove(map, kind, entry);
}

// All keys have the model's values, no entry is in the table twice, and a search comes to an end.
static void compare(const struct map *map, const struct map_kind *kind,
                    const uint32_t model[KEYS]) {
    size_t count = 0, used = 0;
    for (uint32_t key = 0; key < KEYS; key++) {
        assert_int_equal(get(map, kind, key), model[key]);
        count += model[key] != 0;
    }
    for (size_t i = 0; i < map->size; i++)
        used += map_used(kind, map_at(map, kind, i));
    assert_int_equal(map->count, count);
    assert_int_equal(used, count);
    assert_true(map->count * 4 <= map->size * kind->quarters);
    assert_int_equal(map->size & (map->size - 1), 0);
}

static void check(const struct map_kind *kind, uint64_t seed) {
    struct map map;
    uint32_t model[KEYS] = {0};
    map_init(&map, kind);
    for (uint32_t i = 1; i <= 8000; i++) {
        uint32_t key = (uint32_t)(unit_random(&seed) % KEYS);
        bool fills = i / 1000 % 2 == 0; // it fills up, and gets empty, again and again
        if (unit_random(&seed) % 10 < (fills ? 8 : 1)) {
            model[key] = i;
            put(&map, kind, key, i);
        } else {
            model[key] = 0;
            drop(&map, kind, key);
        }
        if (i % 10 == 0)
            compare(&map, kind, model);
    }
    free(map.entries);
}

static void is_what_a_plain_list_is(void **state) {
    (void)state;
    uint64_t seed = unit_seed();
    for (size_t i = 0; i < COUNT(kinds); i++)
        check(&kinds[i], seed);
}

static void grows_at_three_quarters_and_shrinks_below_an_eighth(void **state) {
    (void)state;
    struct map map;
    map_init(&map, &kinds[0]);
    for (uint32_t n = 1; n <= 6; n++)
        put(&map, &kinds[0], n, n);
    assert_int_equal(map.size, 8);
    put(&map, &kinds[0], 6, 60); // one that is there takes no room
    assert_int_equal(map.size, 8);
    for (uint32_t n = 7; n <= 12; n++)
        put(&map, &kinds[0], n, n);
    assert_int_equal(map.size, 16);
    put(&map, &kinds[0], 13, 13);
    assert_int_equal(map.size, 32);
    for (uint32_t n = 13; n > 4; n--)
        drop(&map, &kinds[0], n);
    assert_int_equal(map.size, 32);
    drop(&map, &kinds[0], 4);
    assert_int_equal(map.size, 16);
    for (uint32_t n = 3; n > 0; n--)
        drop(&map, &kinds[0], n);
    assert_int_equal(map.size, SIZE_MIN);
    assert_int_equal(map.count, 0);
    free(map.entries);
}

static void grows_at_a_half_when_its_kind_says_so(void **state) {
    (void)state;
    const struct map_kind *half = &kinds[COUNT(kinds) - 1];
    struct map map;
    map_init(&map, half);
    for (uint32_t n = 1; n <= 4; n++)
        put(&map, half, n, n);
    assert_int_equal(map.size, 8);
    put(&map, half, 5, 5);
    assert_int_equal(map.size, 16);
    free(map.entries);
}

static void one_that_is_added_and_not_filled_in_can_be_removed(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct map map;
        uint32_t model[KEYS] = {0};
        map_init(&map, &kinds[i]);
        for (uint32_t key = 0; key < 50; key++) {
            model[key] = key + 1;
            put(&map, &kinds[i], key, key + 1);
        }
        for (uint32_t key = 50; key < 100; key++)
            map_remove(&map, &kinds[i], map_add(&map, &kinds[i], &key));
        compare(&map, &kinds[i], model);
        free(map.entries);
    }
}

static void cleared_it_is_a_new_one(void **state) {
    (void)state;
    static const uint32_t sizes[] = {10, KEYS, 10}; // the second is so large that it is given back
    static const uint32_t nothing[KEYS] = {0};
    struct map map;
    map_init(&map, &kinds[0]);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        for (uint32_t key = 0; key < sizes[i]; key++)
            put(&map, &kinds[0], key, key + 1);
        map_clear(&map, &kinds[0]);
        compare(&map, &kinds[0], nothing);
        assert_int_equal(map.size, sizes[i] == KEYS ? SIZE_MIN : 16);
    }
    free(map.entries);
}

// The known values of 64-bit FNV-1a, folded.
static void hashes_are_fnv_1a(void **state) {
    (void)state;
    assert_int_equal(map_hash("", 0), 0xcbf29ce4u ^ 0x84222325u);
    assert_int_equal(map_hash("a", 1), 0xaf63dc4cu ^ 0x8601ec8cu);
    assert_int_equal(map_hash("foobar", 6), 0x85944171u ^ 0xf73967e8u);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_what_a_plain_list_is),
        cmocka_unit_test(grows_at_three_quarters_and_shrinks_below_an_eighth),
        cmocka_unit_test(grows_at_a_half_when_its_kind_says_so),
        cmocka_unit_test(one_that_is_added_and_not_filled_in_can_be_removed),
        cmocka_unit_test(cleared_it_is_a_new_one),
        cmocka_unit_test(hashes_are_fnv_1a),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
