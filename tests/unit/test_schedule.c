// SPDX-License-Identifier: EUPL-1.2
#include "ingest/schedule.h"

#include "unit.h"

enum { MINUTE = 60000, HOUR = 3600000, DAY = 86400000 };

static void the_first_poll_is_spread_over_the_interval(void **state) {
    (void)state;
    assert_int_equal(schedule_first_ms(1000, HOUR, 0), 1000);
    assert_int_equal(schedule_first_ms(1000, HOUR, UINT32_MAX / 2 + 1), 1000 + HOUR / 2);
    assert_int_equal(schedule_first_ms(1000, HOUR, UINT32_MAX), 1000 + HOUR - 1);
    assert_int_equal(schedule_first_ms(1000, 0, UINT32_MAX), 1000);
    // an interval that a plain product would overflow on
    assert_int_equal(schedule_first_ms(0, INT64_MAX / 2, UINT32_MAX / 2 + 1), INT64_MAX / 4);
}

static void a_good_poll_is_followed_an_interval_after_its_start(void **state) {
    (void)state;
    assert_int_equal(schedule_next_ms(5000, 15 * MINUTE), 5000 + 15 * MINUTE);
}

static void backoff_doubles_up_to_its_limits(void **state) {
    (void)state;
    static const struct {
        int64_t interval;
        uint32_t failures;
        int64_t limit; // what the highest random number comes just under
    } cases[] = {
        {DAY, 1, 2000},
        {DAY, 2, 4000},
        {DAY, 11, 2048000},
        {DAY, 12, HOUR},
        {DAY, UINT32_MAX, HOUR},
        {15 * MINUTE, 1, 2000},
        {15 * MINUTE, 10, 15 * MINUTE},
        {500, 1, 500},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(schedule_backoff_ms(7, cases[i].interval, cases[i].failures, 0, 0), 7);
        assert_int_equal(
            schedule_backoff_ms(7, cases[i].interval, cases[i].failures, 0, UINT32_MAX),
            7 + cases[i].limit - 1);
    }
}

static void retry_after_is_obeyed_beyond_any_limit(void **state) {
    (void)state;
    assert_int_equal(schedule_backoff_ms(7, MINUTE, 1, 2 * DAY, 0), 7 + 2 * (int64_t)DAY);
    assert_int_equal(schedule_backoff_ms(7, DAY, 12, 1000, UINT32_MAX), 7 + HOUR - 1);
}

static void jitter_is_full_and_even(void **state) {
    (void)state;
    uint64_t random = unit_seed();
    int64_t sum = 0;
    const int rounds = 100000;
    for (int i = 0; i < rounds; i++) {
        int64_t at = schedule_backoff_ms(0, DAY, 20, 0, (uint32_t)unit_random(&random));
        assert_true(at >= 0 && at < HOUR);
        sum += at;
    }
    int64_t mean = sum / rounds;
    assert_true(mean > HOUR / 2 - HOUR / 100 && mean < HOUR / 2 + HOUR / 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_poll_is_spread_over_the_interval),
        cmocka_unit_test(a_good_poll_is_followed_an_interval_after_its_start),
        cmocka_unit_test(backoff_doubles_up_to_its_limits),
        cmocka_unit_test(retry_after_is_obeyed_beyond_any_limit),
        cmocka_unit_test(jitter_is_full_and_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
