// SPDX-License-Identifier: EUPL-1.2
#include "../../daemon/control/live.h"

#include "unit.h"

enum { MINUTE = 60000, BEGIN = 7 * MINUTE + 500 };

static void note(struct rates *rates, int64_t now_ms, uint64_t news, uint64_t refused) {
    rates_note(rates, now_ms, (const uint64_t[RATES]){news, refused});
}

static void what_was_there_before_the_start_counts_for_nothing(void **state) {
    struct rates rates = {0};
    (void)state;
    note(&rates, BEGIN, 1000, 50);
    assert_int_equal(rates_sum(&rates, RATE_NEW, RATE_MINUTES), 0);
    assert_int_equal(rates.begun_ms, BEGIN);
}

static void each_minute_has_its_own(void **state) {
    struct rates rates = {0};
    (void)state;
    note(&rates, BEGIN, 10, 1);
    note(&rates, BEGIN + 1000, 13, 1);
    note(&rates, BEGIN + MINUTE, 18, 2);
    note(&rates, BEGIN + 4 * MINUTE, 19, 2);
    static const uint32_t expected[] = {1, 0, 0, 5, 3, 0};
    for (unsigned ago = 0; ago < COUNT(expected); ago++)
        assert_int_equal(rates_at(&rates, RATE_NEW, ago), expected[ago]);
    assert_int_equal(rates_sum(&rates, RATE_NEW, 4), 6);
    assert_int_equal(rates_sum(&rates, RATE_NEW, RATE_MINUTES), 9);
    assert_int_equal(rates_at(&rates, RATE_REFUSED, 3), 1);
    assert_int_equal(rates_sum(&rates, RATE_REFUSED, RATE_MINUTES), 1);
}

static void after_a_day_it_is_forgotten(void **state) {
    struct rates rates = {0};
    (void)state;
    note(&rates, BEGIN, 0, 0);
    note(&rates, BEGIN + 1, 5, 0);
    note(&rates, BEGIN + (int64_t)(RATE_MINUTES - 1) * MINUTE, 5, 0);
    assert_int_equal(rates_sum(&rates, RATE_NEW, RATE_MINUTES), 5);
    note(&rates, BEGIN + (int64_t)RATE_MINUTES * MINUTE, 6, 0);
    assert_int_equal(rates_sum(&rates, RATE_NEW, RATE_MINUTES), 1);
    note(&rates, BEGIN + (int64_t)10 * RATE_MINUTES * MINUTE, 8, 0); // the machine slept
    assert_int_equal(rates_sum(&rates, RATE_NEW, RATE_MINUTES), 2);
    assert_int_equal(rates_at(&rates, RATE_NEW, 0), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_there_before_the_start_counts_for_nothing),
        cmocka_unit_test(each_minute_has_its_own),
        cmocka_unit_test(after_a_day_it_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
