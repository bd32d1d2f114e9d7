// SPDX-License-Identifier: EUPL-1.2
#include "base/leads.h"

#include "unit.h"

enum { KEYS = 600, LINES = KEYS * 8, TABLE_BITS = 12, STEPS = 12000, LOOKS = 240 };

// What a lead is kept of: 12 bits that choose the table, and 24 above them.
static struct digest digest_of(uint64_t table, uint64_t tag, uint64_t n) {
    struct digest digest;
    uint64_t bits = table | tag << TABLE_BITS | n << 36;
    memcpy(digest.bytes, &bits, sizeof bits);
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

// All in one table.
static struct digest of_one_table(uint64_t n) {
    uint64_t state = n;
    return digest_of(7, unit_random(&state) & 0xffffff, n);
}

// Leads of different identities that are alike.
static struct digest alike(uint64_t n) {
    return digest_of(n % 2, 1000 + n % 7, n);
}

// Those at the end of their table go round it.
static struct digest at_the_end(uint64_t n) {
    return digest_of(4095, 0xfffffe + n % 2, n);
}

static struct digest (*const makers[])(uint64_t n) = {scattered, of_one_table, alike, at_the_end};

// Lines, as whoever uses leads has them.
static uint64_t line_of[LINES]; // seq -> its key + 1; 0: none

static uint64_t find(const struct leads *leads, struct digest (*make)(uint64_t n), uint64_t n) {
    struct leads_walk walk = {0};
    struct digest digest = make(n);
    uint64_t seq, found = 0;
    while ((seq = leads_next(leads, &digest, &walk)) != 0) {
        assert_in_range(seq, 1, LINES - 1);
        assert_true(leads_has(leads, &digest, seq));
        if (line_of[seq] != n + 1)
            continue;
        assert_int_equal(found, 0);
        found = seq;
    }
    return found;
}

struct walk {
    struct digest (*make)(uint64_t n);
    uint64_t seen[LINES];
};

static void on_lead(void *ctx, uint64_t tag, uint64_t seq) {
    struct walk *walk = ctx;
    assert_in_range(seq, 1, LINES - 1);
    assert_true(line_of[seq] > 0);
    const struct digest digest = walk->make(line_of[seq] - 1);
    assert_true(leads_tag(&digest) == tag);
    assert_int_equal(walk->seen[seq]++, 0);
}

static void compare(const struct leads *leads, struct digest (*make)(uint64_t n),
                    const uint64_t list[KEYS]) {
    struct walk walk = {.make = make};
    size_t count = 0;
    for (uint64_t n = 0; n < KEYS; n++) {
        assert_int_equal(find(leads, make, n), list[n]);
        count += list[n] != 0;
    }
    assert_int_equal(leads_count(leads), count);
    leads_each(leads, on_lead, &walk);
    for (uint64_t seq = 0; seq < LINES; seq++)
        assert_int_equal(walk.seen[seq], line_of[seq] != 0);
}

static uint64_t free_line(uint64_t *seed) {
    uint64_t seq;
    do
        seq = 1 + unit_random(seed) % (LINES - 1);
    while (line_of[seq]);
    return seq;
}

static void check_against_a_list(struct digest (*make)(uint64_t n), uint64_t seed) {
    struct leads *leads = leads_create();
    uint64_t list[KEYS] = {0};
    memset(line_of, 0, sizeof line_of);
    const int between_looks = STEPS / (int)unit_rounds(LOOKS);
    for (int i = 0; i < STEPS; i++) {
        uint64_t n = unit_random(&seed) % KEYS;
        struct digest digest = make(n);
        leads_remove(leads, &digest, list[n]); // also what is not there
        line_of[list[n]] = 0;
        list[n] = 0;
        // It fills up, and gets empty, again and again.
        if (unit_random(&seed) % 10 < (i / 2000 % 2 ? 1 : 9)) {
            list[n] = free_line(&seed);
            leads_add(leads, &digest, list[n]);
            line_of[list[n]] = n + 1;
        }
        if ((i + 1) % between_looks == 0)
            compare(leads, make, list);
    }
    leads_clear(leads);
    memset(line_of, 0, sizeof line_of);
    memset(list, 0, sizeof list);
    compare(leads, make, list);
    leads_free(leads);
}

static void lead_where_a_plain_list_does(void **state) {
    (void)state;
    uint64_t seed = unit_seed();
    for (size_t i = 0; i < COUNT(makers); i++)
        check_against_a_list(makers[i], seed);
}

static void the_largest_number_stays_whole(void **state) {
    (void)state;
    struct leads *leads = leads_create();
    struct digest digest = digest_of(4095, 0xffffff, 1), other = digest_of(4095, 0xffffff, 2);
    struct leads_walk walk = {0};
    leads_add(leads, &digest, LEADS_SEQ_MAX);
    assert_true(leads_next(leads, &other, &walk) == LEADS_SEQ_MAX);
    assert_int_equal(leads_next(leads, &other, &walk), 0);
    assert_false(leads_has(leads, &digest, LEADS_SEQ_MAX - 1));
    leads_remove(leads, &digest, LEADS_SEQ_MAX);
    assert_int_equal(leads_count(leads), 0);
    leads_free(leads);
}

static void many_are_found_again(void **state) {
    (void)state;
    enum { MANY = 300000 };
    struct leads *leads = leads_create();
    for (uint64_t n = 1; n <= MANY; n++) {
        struct digest digest = scattered(n);
        leads_add(leads, &digest, n);
    }
    assert_int_equal(leads_count(leads), MANY);
    for (uint64_t n = 1; n <= MANY; n++) {
        struct digest digest = scattered(n);
        assert_true(leads_has(leads, &digest, n));
        leads_remove(leads, &digest, n);
        assert_false(leads_has(leads, &digest, n));
    }
    assert_int_equal(leads_count(leads), 0);
    leads_free(leads);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lead_where_a_plain_list_does),
        cmocka_unit_test(the_largest_number_stays_whole),
        cmocka_unit_test(many_are_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
