// SPDX-License-Identifier: EUPL-1.2
// Statistics for outside are worked out while signals come and others ask for them; what they tell
// is as it was when they were begun.
#include "statistics_rig.h"

// They are worked out while signals come: none of these is told, each is a change for the next
// time, and what went again is none.
static void what_comes_meanwhile_is_told_the_next_time(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 15);
    deliver_many(ledger, "a", 25, FEBRUARY);
    struct statistics_task made = begin_statistics(ledger, true, 10);
    deliver_many(ledger, "b", 12, FEBRUARY);
    commit_task(ledger, &made.task);
    ledger_free_statistics(&made);
    assert_int_equal(made.outcome, STATISTICS_MADE);
    assert_has(shown(ledger), "signals/month=2024-02=20/10/289\n");
    deliver_many(ledger, "b", 3, FEBRUARY ",\"withdrawn\":true");
    now = at_date(2024, 4, 1);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_TOO_FEW);
    deliver_many(ledger, "c", 2, FEBRUARY);
    now = at_date(2024, 5, 1);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_MADE);
    assert_has(shown(ledger), "signals/month=2024-02=30/10/291\n");
    ledger_close(ledger);
}

// Two begin: who tells last has been overtaken, and tells nothing.
static void who_is_overtaken_tells_nothing(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 15);
    assert_int_equal(close_month(ledger, false).outcome, STATISTICS_EARLY);
    deliver_many(ledger, "a", 25, FEBRUARY);
    now = at_date(2024, 4, 1);
    struct statistics_task asked = begin_statistics(ledger, true, 10);
    deliver_many(ledger, "b", 30, FEBRUARY);
    struct statistics_task closed = begin_statistics(ledger, false, 10);
    commit_task(ledger, &closed.task);
    assert_int_equal(closed.outcome, STATISTICS_MADE);
    commit_task(ledger, &asked.task);
    assert_int_equal(asked.outcome, STATISTICS_THERE);
    assert_has(shown(ledger), "signals/month=2024-02=50/10/290\n");
    ledger_free_statistics(&asked);
    ledger_free_statistics(&closed);
    ledger_close(ledger);
}

static uint64_t moved_entries(struct ledger *ledger) {
    struct store_txn txn;
    store_begin_read(ledger->store, &txn);
    uint64_t count = store_entries(&txn, STORE_MOVED);
    store_abort(&txn);
    return count;
}

static void what_was_told_goes_from_the_changes(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    now = at_date(2024, 3, 15);
    deliver_many(ledger, "a", 25, FEBRUARY);
    deliver_many(ledger, "m", 4, "\"reported\":\"2024-03-10\"");
    assert_int_equal(close_month(ledger, true).outcome, STATISTICS_MADE);
    deliver_many(ledger, "b", 2, FEBRUARY);
    assert_int_equal(moved_entries(ledger), 31);
    expire(ledger);
    assert_int_equal(moved_entries(ledger), 6);
    ledger_close(ledger);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_comes_meanwhile_is_told_the_next_time),
        TEST(who_is_overtaken_tells_nothing),
        TEST(what_was_told_goes_from_the_changes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
