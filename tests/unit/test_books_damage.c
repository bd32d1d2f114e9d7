// SPDX-License-Identifier: EUPL-1.2
// Books on a damaged ledger: not opened, and what a commit finds out it does not build on.
#include "recount_rig.h"

static void put_entry(struct books *books, enum store_table table, struct str key,
                      struct str value) {
    struct store_txn txn;
    store_begin(books->store, &txn);
    store_put(&txn, table, key, value);
    commit_damage(&txn);
}

static void take_a_line(struct books *books) {
    delete_seq(books, STORE_LEDGER, 9);
}

static void spoil_a_line(struct books *books) {
    put_seq(books, STORE_LEDGER, 9, STR("x"));
}

static void spoil_a_cell(struct books *books) {
    put_entry(books, STORE_COUNTS, STR("x"), STR("12345678"));
}

static void spoil_a_count(struct books *books) {
    const struct cell cell = cell_of(books, 27);
    put_entry(books, STORE_COUNTS, (struct str){(const char *)&cell, sizeof cell}, STR("1"));
}

static void spoil_the_quarantine(struct books *books) {
    put_entry(books, STORE_QUARANTINE, STR("x"), STR("x"));
}

static void spoil_the_totals(struct books *books) {
    put_entry(books, STORE_META, STR("totals"), STR("x"));
}

static void spoil_a_link(struct books *books) {
    put_entry(books, STORE_MEMBERS, STR("x"), STR("x"));
}

static void spoil_what_waits_to_be_erased(struct books *books) {
    put_entry(books, STORE_META, STR("erase-waiting"), STR("x"));
}

static void spoil_the_figures(struct books *books) {
    put_entry(books, STORE_META, STR("figures"), STR("x"));
}

static void a_damaged_ledger_is_not_opened(void **state) {
    (void)state;
    static const struct {
        void (*damage)(struct books *books);
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
        {spoil_the_figures, "how far the figures for outside are is damaged"},
    };
    const struct books_options options = {.dir = scratch_dir,
                                          .bytes_max = 64 << 20,
                                          .topic = "signals",
                                          .counts_topic = "signal-counts"};
    save(make_books());
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err;
        put_back();
        struct books *books = open_books();
        cases[i].damage(books);
        books_close(books);
        assert_null(books_open(&options, &err));
        assert_int_equal(err.kind, ERR_FATAL);
        assert_string_equal(err.text, cases[i].said);
    }
    forget_saved();
}

// --- damage that a commit meets ---

static struct batch *correct_it(struct books *books) {
    return make_batch(books, "[{\"id\":\"new\"},{\"id\":\"plain\",\"status\":\"confirmed\"}]",
                      false);
}

static struct batch *erase_it(struct books *books) {
    struct batch *batch = batch_create_task(&sources, &tables, BATCH_ERASE);
    batch->erase.identity = identity_of(books, "plain");
    return batch;
}

static struct batch *expire_it(struct books *books) {
    struct batch *batch = batch_create_task(NULL, NULL, BATCH_EXPIRE);
    (void)books;
    now += 2 * IDENTITY_DAYS * day_ms;
    batch->expire.retention = &ages;
    batch->expire.now_ms = now;
    return batch;
}

static struct batch *judge_it_again(struct books *books) {
    (void)books;
    return batch_create_task(&sources, &tables, BATCH_RENORMALISE);
}

// Line 8 is the only version of "plain".
static void spoil_it(struct books *books) {
    put_seq(books, STORE_LEDGER, 8, STR("x"));
}

static void take_it(struct books *books) {
    delete_seq(books, STORE_LEDGER, 8);
}

static const enum store_table looked_at[] = {STORE_LEDGER, STORE_OUTBOX,  STORE_COUNTS,
                                             STORE_WORDS,  STORE_MEMBERS, STORE_CARRIED};

static void count_entries(struct books *books, uint64_t counts[COUNT(looked_at)]) {
    struct store_txn txn;
    store_begin_read(books->store, &txn);
    for (size_t i = 0; i < COUNT(looked_at); i++)
        counts[i] = store_entries(&txn, looked_at[i]);
    store_abort(&txn);
}

// Nothing of the group stays, on the disk or in memory.
static void assert_refused(struct books *books, struct batch *batch) {
    uint64_t before[COUNT(looked_at)], after[COUNT(looked_at)];
    struct books_group group = {.batches = batch};
    int64_t counted = counts_total(books_counts(books));
    count_entries(books, before);
    books_commit(books, &group, now);
    assert_int_equal(group.err.kind, ERR_FATAL);
    assert_non_null(strstr(group.err.text, "line"));
    count_entries(books, after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(counts_total(books_counts(books)), counted);
    assert_int_equal(books_last_seq(books), 30);
    batch_free(batch);
    books_group_free(&group);
}

static void a_commit_that_meets_damage_changes_nothing(void **state) {
    (void)state;
    static const struct {
        void (*damage)(struct books *books);
        struct batch *(*work)(struct books *books);
    } cases[] = {
        {spoil_it, correct_it},     {take_it, correct_it}, {spoil_it, erase_it},
        {take_it, erase_it},        {spoil_it, expire_it}, {take_it, expire_it},
        {spoil_it, judge_it_again},
    };
    save(make_books());
    for (size_t i = 0; i < COUNT(cases); i++) {
        put_back();
        struct books *books = open_books();
        cases[i].damage(books);
        assert_refused(books, cases[i].work(books));
        books_close(books);
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
