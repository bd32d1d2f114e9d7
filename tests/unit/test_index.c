// SPDX-License-Identifier: EUPL-1.2
#include "base/index.h"

#include "unit.h"

// A digest whose first bytes, the place in the table, are few: probing is put to work.
static struct digest crowded(uint64_t n) {
    struct digest digest = {{0}};
    digest.bytes[0] = (uint8_t)(n % 7);
    memcpy(digest.bytes + 8, &n, sizeof n);
    return digest;
}

// Differs from others in its first bytes, but its place is one of 7 in a table of any size: the
// last three and the first four, so that what crowds there goes round the end.
static struct digest crowded_at_the_end(uint64_t n) {
    struct digest digest = {{0}};
    uint64_t place = n % 7 - 3 + (n << 32);
    memcpy(digest.bytes, &place, sizeof place);
    memcpy(digest.bytes + 8, &n, sizeof n);
    return digest;
}

static struct digest scattered(uint64_t n) {
    struct digest digest;
    uint64_t state = n, a = unit_random(&state), b = unit_random(&state);
    memcpy(digest.bytes, &a, 8);
    memcpy(digest.bytes + 8, &b, 8);
    return digest;
}

static void check_all(struct digest (*make)(uint64_t n), uint64_t count) {
    struct index *index = index_create();
    for (uint64_t n = 1; n <= count; n++) {
        struct digest digest = make(n);
        assert_int_equal(index_get(index, &digest), 0);
        index_put(index, &digest, n);
    }
    assert_int_equal(index_count(index), count);
    for (uint64_t n = 1; n <= count; n++) {
        struct digest digest = make(n);
        assert_int_equal(index_get(index, &digest), n);
    }
    index_free(index);
}

static void finds_what_was_put(void **state) {
    (void)state;
    check_all(scattered, 100000);
    check_all(crowded, 3000);
    check_all(crowded_at_the_end, 3000);
}

static void a_later_put_replaces(void **state) {
    (void)state;
    struct index *index = index_create();
    struct digest digest = scattered(1);
    index_put(index, &digest, 1);
    index_put(index, &digest, 9);
    assert_int_equal(index_get(index, &digest), 9);
    assert_int_equal(index_count(index), 1);
    index_clear(index);
    assert_int_equal(index_get(index, &digest), 0);
    assert_int_equal(index_count(index), 0);
    index_free(index);
}

static void sum_up(void *ctx, const struct digest *identity, uint64_t seq) {
    (void)identity;
    *(uint64_t *)ctx += seq;
}

static void each_visits_every_entry_once(void **state) {
    (void)state;
    struct index *index = index_create();
    uint64_t sum = 0;
    for (uint64_t n = 1; n <= 5000; n++) {
        struct digest digest = scattered(n);
        index_put(index, &digest, n);
    }
    index_each(index, sum_up, &sum);
    assert_int_equal(sum, 5000u * 5001u / 2);
    index_free(index);
}

// As a commit's is, after a small one and after one so large that its room is given back.
static void cleared_it_is_a_new_one(void **state) {
    (void)state;
    static const uint64_t sizes[] = {10, 50000, 10};
    struct index *index = index_create();
    for (size_t i = 0; i < COUNT(sizes); i++) {
        uint64_t sum = 0;
        for (uint64_t n = 1; n <= sizes[i]; n++) {
            struct digest digest = scattered(n);
            index_put(index, &digest, n);
        }
        index_each(index, sum_up, &sum);
        assert_int_equal(sum, sizes[i] * (sizes[i] + 1) / 2);
        index_clear(index);
        assert_int_equal(index_count(index), 0);
        sum = 0;
        index_each(index, sum_up, &sum);
        assert_int_equal(sum, 0);
    }
    index_free(index);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_put),
        cmocka_unit_test(a_later_put_replaces),
        cmocka_unit_test(each_visits_every_entry_once),
        cmocka_unit_test(cleared_it_is_a_new_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
