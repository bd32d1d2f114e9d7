// SPDX-License-Identifier: EUPL-1.2
// A verify looks at what is told outside as well, at what departs from its trend, and at current
// signals that wait: each damage to it is found and named.
#include "codec/statistic.h"
#include "verify_rig.h"

#define KEY STR("signals/month=2024-01")
#define OTHER STR("signals/month=2023-12")

static void put(struct ledger *ledger, enum store_table table, struct str key, struct str value) {
    struct store_txn txn;
    store_begin(ledger->store, &txn);
    if (value.data)
        store_put(&txn, table, key, value);
    else
        store_delete(&txn, table, key);
    commit_damage(&txn);
}

static void tell(struct ledger *ledger, struct str key, int64_t count, uint32_t rounding_base) {
    const struct statistic_record told = {count, rounding_base, 289};
    struct buf record;
    buf_init(&record, 100);
    record_put_statistic(&record, &told);
    put(ledger, STORE_STATISTICS, key, buf_str(&record));
    buf_free(&record);
}

static void put_state(struct ledger *ledger, uint64_t seq) {
    const struct statistics_record state = {
        .made = true, .tried = 289, .closed = 289, .rounding_base = 10, .seq = seq};
    struct buf record;
    buf_init(&record, 100);
    record_put_statistics(&record, &state);
    put(ledger, STORE_META, STR("statistics"), buf_str(&record));
    buf_free(&record);
}

// `count` 0: a tombstone.
static void let_wait(struct ledger *ledger, uint64_t seq, struct str key, int64_t count) {
    const struct statistic_record told = {count, 10, 289};
    struct buf value, record;
    struct json_out json = {.buf = &value};
    buf_init(&value, STATISTIC_VALUE_MAX);
    buf_init(&record, 1000);
    if (count)
        statistic_put_value(&json, key, &told, 0);
    record_put_statistic_waiting(&record, key, buf_str(&value));
    put_seq(ledger, STORE_STATISTICS_OUTBOX, seq, buf_str(&record));
    buf_free(&value);
    buf_free(&record);
}

// One statistic is told and waits, another is no longer told.
static struct ledger *make_told(void) {
    struct ledger *ledger = open_ledger();
    put_state(ledger, 2);
    tell(ledger, KEY, 20, 10);
    let_wait(ledger, 1, KEY, 20);
    let_wait(ledger, 2, OTHER, 0);
    return ledger;
}

static void told_exactly(struct ledger *ledger) {
    tell(ledger, OTHER, 17, 10);
    delete_seq(ledger, STORE_STATISTICS_OUTBOX, 2);
}

static void told_without_resolution(struct ledger *ledger) {
    tell(ledger, OTHER, 10, 0);
    delete_seq(ledger, STORE_STATISTICS_OUTBOX, 2);
}

static void told_unreadable(struct ledger *ledger) {
    put(ledger, STORE_STATISTICS, STR("signals/year=2024"), STR("?"));
}

static void other_one_waits(struct ledger *ledger) {
    let_wait(ledger, 1, KEY, 30);
}

static void one_too_many_waits(struct ledger *ledger) {
    let_wait(ledger, 2, OTHER, 10);
}

static void it_is_taken_back_and_told(struct ledger *ledger) {
    let_wait(ledger, 1, KEY, 0);
}

static void waiting_unreadable(struct ledger *ledger) {
    put_seq(ledger, STORE_STATISTICS_OUTBOX, 1, STR(""));
}

static void numbers_begin_anew(struct ledger *ledger) {
    put_state(ledger, 1);
}

static void state_unreadable(struct ledger *ledger) {
    put(ledger, STORE_META, STR("statistics"), STR("?"));
    delete_seq(ledger, STORE_STATISTICS_OUTBOX, 1);
    delete_seq(ledger, STORE_STATISTICS_OUTBOX, 2);
}

static void moved_unreadable(struct ledger *ledger) {
    put(ledger, STORE_MOVED, STR("?"), STR("?"));
}

static void departed_unreadable(struct ledger *ledger) {
    put(ledger, STORE_DEPARTED, STR("country=NL/ForcedLabour"), STR("?"));
}

static void tests_of_trends_unreadable(struct ledger *ledger) {
    put(ledger, STORE_META, STR("departed"), STR("?"));
}

static void current_unreadable(struct ledger *ledger) {
    put(ledger, STORE_META, STR("current"), STR("?"));
}

static void current_waits_beyond(struct ledger *ledger) {
    static const char entry[DIGEST_BYTES + sizeof(uint64_t)];
    put_seq(ledger, STORE_CURRENT_OUTBOX, 7, (struct str){entry, sizeof entry});
}

static const struct damage damages[] = {
    {told_exactly, BIT(OUTBOX), VERIFY_OUTBOX, "a statistic for outside that is none"},
    {told_without_resolution, BIT(OUTBOX), VERIFY_OUTBOX, "a statistic for outside that is none"},
    {told_unreadable, BIT(OUTBOX), VERIFY_OUTBOX, "a statistic for outside that is none"},
    {other_one_waits, BIT(OUTBOX), VERIFY_OUTBOX, "statistic 1 waits and is not"},
    {one_too_many_waits, BIT(OUTBOX), VERIFY_OUTBOX, "statistic 2 waits and is not"},
    {it_is_taken_back_and_told, BIT(OUTBOX), VERIFY_OUTBOX, "statistic 1 waits and is not"},
    {waiting_unreadable, BIT(OUTBOX), VERIFY_OUTBOX, "statistic 1 that waits cannot"},
    {numbers_begin_anew, BIT(OUTBOX), VERIFY_OUTBOX, "statistics wait beyond number 1"},
    {state_unreadable, BIT(OUTBOX), VERIFY_OUTBOX, "how far the statistics"},
    {moved_unreadable, BIT(OUTBOX), VERIFY_OUTBOX, "what a source changed"},
    {departed_unreadable, BIT(OUTBOX), VERIFY_OUTBOX, "what departs from its trend"},
    {tests_of_trends_unreadable, BIT(OUTBOX), VERIFY_OUTBOX, "how far the tests of trends"},
    {current_unreadable, BIT(OUTBOX), VERIFY_OUTBOX, "how far current signals"},
    {current_waits_beyond, BIT(OUTBOX), VERIFY_OUTBOX, "current signals wait beyond number 0"},
};

static void each_damage_to_statistics_is_found_and_named(void **state) {
    for (size_t i = 0; i < COUNT(damages); i++) {
        struct verify verify;
        struct ledger *ledger = make_told();
        assert_books_whole(ledger, 0);
        damages[i].damage(ledger);
        begin_verify(ledger, &verify);
        verify_run(&verify);
        assert_found(&verify, &damages[i], i);
        verify_free(&verify);
        ledger_close(ledger);
        assert_int_equal(scratch_teardown(state), 0);
        assert_int_equal(test_set_up(state), 0);
    }
}

// As a daemon makes and changes them.
static void statistics_as_they_are_made_are_whole(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    char text[TEXT];
    for (int turn = 0; turn < 6; turn++) {
        for (int i = 0; i < 25; i++) {
            (void)snprintf(text, sizeof text, "{\"id\":\"%d-%d\"%s}", turn / 2, i,
                           turn % 2 ? ",\"withdrawn\":true" : "");
            be_source(i);
            deliver(ledger, text, false);
        }
        now += 31 * day_ms;
        assert_int_equal(make_statistics(ledger, turn == 0, 10).outcome, STATISTICS_MADE);
        assert_true(ledger_statistics_unpublished(ledger) > 0);
        assert_books_whole(ledger, 0);
    }
    be_source(-1);
    ledger_close(ledger);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_damage_to_statistics_is_found_and_named),
        TEST(statistics_as_they_are_made_are_whole),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
