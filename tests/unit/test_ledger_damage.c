// SPDX-License-Identifier: EUPL-1.2
// Books on a damaged ledger: not opened, and what a commit finds out it does not build on.
#include "verify_rig.h"

static void put_entry(struct ledger *ledger, enum store_table table, struct str key,
                      struct str value) {
    struct store_txn txn;
    store_begin(ledger->store, &txn);
    store_put(&txn, table, key, value);
    commit_damage(&txn);
}

static void take_a_line(struct ledger *ledger) {
    delete_seq(ledger, STORE_LEDGER, 9);
}

static void spoil_a_line(struct ledger *ledger) {
    put_seq(ledger, STORE_LEDGER, 9, STR("x"));
}

static void spoil_a_cell(struct ledger *ledger) {
    put_entry(ledger, STORE_COUNTS, STR("x"), STR("12345678"));
}

static void spoil_a_count(struct ledger *ledger) {
    const struct cell cell = cell_of(ledger, 27);
    put_entry(ledger, STORE_COUNTS, (struct str){(const char *)&cell, sizeof cell}, STR("1"));
}

static void spoil_the_quarantine(struct ledger *ledger) {
    put_entry(ledger, STORE_QUARANTINE, STR("x"), STR("x"));
}

static void spoil_the_totals(struct ledger *ledger) {
    put_entry(ledger, STORE_META, STR("totals"), STR("x"));
}

static void spoil_a_link(struct ledger *ledger) {
    put_entry(ledger, STORE_MEMBERS, STR("x"), STR("x"));
}

static void spoil_what_waits_to_be_erased(struct ledger *ledger) {
    put_entry(ledger, STORE_META, STR("erase-waiting"), STR("x"));
}

static void spoil_the_statistics(struct ledger *ledger) {
    put_entry(ledger, STORE_META, STR("statistics"), STR("x"));
}

static void a_damaged_ledger_is_not_opened(void **state) {
    (void)state;
    static const struct {
        void (*damage)(struct ledger *ledger);
        const char *said;
    } cases[] = {
        {take_a_line, "the ledger is damaged: a line is missing at 10"},
        {spoil_a_line, "the ledger is damaged: unreadable line at 9"},
        {spoil_a_cell, "the counts are damaged"},
        {spoil_a_count, "the counts are damaged"},
        {spoil_the_quarantine, "the quarantine is damaged"},
        {spoil_the_totals, "the totals are damaged"},
        {spoil_a_link, "the links are damaged"},
        {spoil_what_waits_to_be_erased, "the list of erased lines is damaged"},
        {spoil_the_statistics, "how far the statistics for outside are is damaged"},
    };
    const struct ledger_options options = {.dir = scratch_dir,
                                           .bytes_max = 64 << 20,
                                           .topic = "signals",
                                           .counts_topic = "signal-counts"};
    save(make_books());
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err;
        put_back();
        struct ledger *ledger = open_ledger();
        cases[i].damage(ledger);
        ledger_close(ledger);
        assert_null(ledger_open(&options, &err));
        assert_int_equal(err.kind, ERR_DAMAGED);
        assert_string_equal(err.text, cases[i].said);
    }
    forget_saved();
}

// --- damage that a commit meets ---

static const enum store_table looked_at[] = {STORE_LEDGER,   STORE_OUTBOX,  STORE_COUNTS,
                                             STORE_UNMAPPED, STORE_MEMBERS, STORE_EXPIRED_COUNTS};

static void count_entries(struct ledger *ledger, uint64_t counts[COUNT(looked_at)]) {
    struct store_txn txn;
    store_begin_read(ledger->store, &txn);
    for (size_t i = 0; i < COUNT(looked_at); i++)
        counts[i] = store_entries(&txn, looked_at[i]);
    store_abort(&txn);
}

// Nothing of the group stays, on the disk or in memory.
static void assert_refused(struct ledger *ledger, struct commit_task *task) {
    uint64_t before[COUNT(looked_at)], after[COUNT(looked_at)];
    struct ledger_group group = {.tasks = task};
    int64_t counted = counts_total(ledger_counts(ledger));
    count_entries(ledger, before);
    ledger_commit(ledger, &group, now);
    assert_int_equal(group.err.kind, ERR_FATAL);
    assert_non_null(strstr(group.err.text, "line"));
    count_entries(ledger, after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(counts_total(ledger_counts(ledger)), counted);
    assert_int_equal(ledger_last_seq(ledger), 30);
    ledger_group_free(&group);
}

static void correct_it(struct ledger *ledger) {
    struct delivery *delivery =
        make_batch(ledger, "[{\"id\":\"new\"},{\"id\":\"plain\",\"status\":\"confirmed\"}]", false);
    assert_refused(ledger, &delivery->task);
    delivery_free(delivery);
}

static void erase_it(struct ledger *ledger) {
    struct erase_task erase = {
        .task.run = ledger_erase, .tables = &tables, .identity = identity_of(ledger, "plain")};
    assert_refused(ledger, &erase.task);
}

static void expire_it(struct ledger *ledger) {
    now += 2 * IDENTITY_DAYS * day_ms;
    struct expire_task expire = {.task.run = ledger_expire, .retention = &ages, .now_ms = now};
    assert_refused(ledger, &expire.task);
}

static void remap_it(struct ledger *ledger) {
    struct remap_task remap = {.task.run = ledger_remap, .tables = &tables, .sources = &sources};
    assert_refused(ledger, &remap.task);
}

// Line 8 is the only version of "plain".
static void spoil_it(struct ledger *ledger) {
    put_seq(ledger, STORE_LEDGER, 8, STR("x"));
}

static void take_it(struct ledger *ledger) {
    delete_seq(ledger, STORE_LEDGER, 8);
}

static void a_commit_that_meets_damage_changes_nothing(void **state) {
    (void)state;
    static const struct {
        void (*damage)(struct ledger *ledger);
        void (*work)(struct ledger *ledger);
    } cases[] = {
        {spoil_it, correct_it}, {take_it, correct_it}, {spoil_it, erase_it}, {take_it, erase_it},
        {spoil_it, expire_it},  {take_it, expire_it},  {spoil_it, remap_it},
    };
    save(make_books());
    for (size_t i = 0; i < COUNT(cases); i++) {
        put_back();
        struct ledger *ledger = open_ledger();
        cases[i].damage(ledger);
        cases[i].work(ledger);
        ledger_close(ledger);
    }
    forget_saved();
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_damaged_ledger_is_not_opened),
        TEST(a_commit_that_meets_damage_changes_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
