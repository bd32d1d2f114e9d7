// SPDX-License-Identifier: EUPL-1.2
// The digests that the sums of a table are made of: all that is in an entry is in them.
#include "edge/store/store_private.h"

#include "unit.h"

enum { LEN_MAX = 200, KEY = 8 };

static uint64_t of(const char *key, size_t key_len, const char *value, size_t value_len) {
    return sums_entry(STORE_LEDGER, (struct str){key, key_len}, (struct str){value, value_len});
}

static void fill(char *bytes, size_t len, uint64_t seed) {
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)unit_random(&seed);
}

static int compare(const void *a, const void *b) {
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static void assert_all_differ(uint64_t *digests, size_t count) {
    qsort(digests, count, sizeof *digests, compare);
    for (size_t i = 1; i < count; i++)
        assert_true(digests[i - 1] != digests[i]);
}

// Of a key and a value of any length, with each bit changed, and cut at each length.
static void each_bit_and_each_length_counts(void **state) {
    (void)state;
    static uint64_t digests[1 + 8 * (LEN_MAX + KEY)];
    static uint64_t of_lengths[3 * (LEN_MAX + 1)];
    char key[KEY], value[LEN_MAX + 1];
    size_t lengths = 0;
    uint64_t seed = unit_seed();
    for (size_t kind = 0; kind < 3; kind++) {
        fill(key, sizeof key, seed);
        fill(value, sizeof value, seed + kind);
        if (kind) // all alike
            memset(value, kind == 1 ? 0 : 0xff, sizeof value);
        for (size_t len = kind > 0; len <= LEN_MAX; len++) {
            size_t count = 0;
            digests[count++] = of_lengths[lengths++] = of(key, KEY, value, len);
            for (size_t bit = 0; bit < 8 * (len + KEY); bit++) {
                char *byte = bit < 8 * len ? &value[bit / 8] : &key[bit / 8 - len];
                *byte = (char)(*byte ^ 1 << bit % 8);
                digests[count++] = of(key, KEY, value, len);
                *byte = (char)(*byte ^ 1 << bit % 8);
            }
            assert_all_differ(digests, count);
        }
    }
    assert_all_differ(of_lengths, lengths);
}

static void nothing_moves_between_key_and_value_or_tables(void **state) {
    (void)state;
    char bytes[LEN_MAX];
    uint64_t digests[LEN_MAX + 2];
    size_t count = 0;
    fill(bytes, sizeof bytes, unit_seed());
    for (size_t at = 1; at <= LEN_MAX; at++)
        digests[count++] = of(bytes, at, bytes + at, LEN_MAX - at);
    digests[count++] = sums_entry(STORE_OUTBOX, (struct str){bytes, KEY},
                                  (struct str){bytes + KEY, LEN_MAX - KEY});
    assert_all_differ(digests, count);
}

// Half of all bits change with each bit, wherever it is.
static void a_changed_bit_changes_half_of_the_digest(void **state) {
    (void)state;
    enum { ROUNDS = 64 };
    char key[KEY] = "12345678", value[LEN_MAX];
    for (size_t bit = 0; bit < 8 * LEN_MAX; bit += 5) {
        int changed = 0;
        for (uint64_t round = 0; round < ROUNDS; round++) {
            fill(value, sizeof value, round * 1000 + bit);
            uint64_t before = of(key, KEY, value, LEN_MAX);
            value[bit / 8] = (char)(value[bit / 8] ^ 1 << bit % 8);
            changed += __builtin_popcountll(before ^ of(key, KEY, value, LEN_MAX));
        }
        assert_in_range(changed, ROUNDS * 28, ROUNDS * 36); // 8 deviations of chance
    }
}

static void changed_sums_are_refused(void **state) {
    (void)state;
    struct sums sums, again;
    char bytes[SUMS_BYTES];
    fill((char *)&sums, sizeof sums, unit_seed());
    sums_put(&sums, bytes);
    assert_true(sums_get((struct str){bytes, sizeof bytes}, &again));
    assert_memory_equal(&sums, &again, sizeof sums);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        assert_false(sums_get((struct str){bytes, sizeof bytes}, &again));
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
    assert_false(sums_get((struct str){bytes, sizeof bytes - 1}, &again));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bit_and_each_length_counts),
        cmocka_unit_test(nothing_moves_between_key_and_value_or_tables),
        cmocka_unit_test(a_changed_bit_changes_half_of_the_digest),
        cmocka_unit_test(changed_sums_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
