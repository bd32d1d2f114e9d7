// SPDX-License-Identifier: EUPL-1.2
// A recount looks at what is told outside as well: each damage to it is found and named.
#include "codec/statistic.h"
#include "recount_rig.h"

#define KEY STR("signals/month=2024-01")
#define OTHER STR("signals/month=2023-12")

static void put(struct books *books, enum store_table table, struct str key, struct str value) {
    struct store_txn txn;
    store_begin(books->store, &txn);
    if (value.data)
        store_put(&txn, table, key, value);
    else
        store_delete(&txn, table, key);
    commit_damage(&txn);
}

static void tell(struct books *books, struct str key, int64_t count, uint32_t resolution) {
    const struct figure_record told = {count, resolution, 289};
    struct buf record;
    buf_init(&record, 100);
    record_put_figure(&record, &told);
    put(books, STORE_FIGURES, key, buf_str(&record));
    buf_free(&record);
}

static void put_state(struct books *books, uint64_t seq) {
    const struct figures_record state = {
        .made = true, .tried = 289, .closed = 289, .resolution = 10, .seq = seq};
    struct buf record;
    buf_init(&record, 100);
    record_put_figures(&record, &state);
    put(books, STORE_META, STR("figures"), buf_str(&record));
    buf_free(&record);
}

// `count` 0: a tombstone.
static void let_wait(struct books *books, uint64_t seq, struct str key, int64_t count) {
    const struct figure_record told = {count, 10, 289};
    struct buf value, record;
    struct json_out json = {.buf = &value};
    buf_init(&value, FIGURE_VALUE_MAX);
    buf_init(&record, 1000);
    if (count)
        figure_put_value(&json, key, &told);
    record_put_figure_waiting(&record, key, buf_str(&value));
    put_seq(books, STORE_FIGURES_OUTBOX, seq, buf_str(&record));
    buf_free(&value);
    buf_free(&record);
}

// One figure is told and waits, another is no longer told.
static struct books *make_told(void) {
    struct books *books = open_books();
    put_state(books, 2);
    tell(books, KEY, 20, 10);
    let_wait(books, 1, KEY, 20);
    let_wait(books, 2, OTHER, 0);
    return books;
}

static void told_exactly(struct books *books) {
    tell(books, OTHER, 17, 10);
    delete_seq(books, STORE_FIGURES_OUTBOX, 2);
}

static void told_without_resolution(struct books *books) {
    tell(books, OTHER, 10, 0);
    delete_seq(books, STORE_FIGURES_OUTBOX, 2);
}

static void told_unreadable(struct books *books) {
    put(books, STORE_FIGURES, STR("signals/year=2024"), STR("?"));
}

static void other_one_waits(struct books *books) {
    let_wait(books, 1, KEY, 30);
}

static void one_too_many_waits(struct books *books) {
    let_wait(books, 2, OTHER, 10);
}

static void it_is_taken_back_and_told(struct books *books) {
    let_wait(books, 1, KEY, 0);
}

static void waiting_unreadable(struct books *books) {
    put_seq(books, STORE_FIGURES_OUTBOX, 1, STR(""));
}

static void numbers_begin_anew(struct books *books) {
    put_state(books, 1);
}

static void state_unreadable(struct books *books) {
    put(books, STORE_META, STR("figures"), STR("?"));
    delete_seq(books, STORE_FIGURES_OUTBOX, 1);
    delete_seq(books, STORE_FIGURES_OUTBOX, 2);
}

static void shown_unreadable(struct books *books) {
    put(books, STORE_SHOWN, STR("?"), STR("?"));
}

static const struct damage damages[] = {
    {told_exactly, BIT(OUTBOX), RECOUNT_OUTBOX, "a figure for outside that is none"},
    {told_without_resolution, BIT(OUTBOX), RECOUNT_OUTBOX, "a figure for outside that is none"},
    {told_unreadable, BIT(OUTBOX), RECOUNT_OUTBOX, "a figure for outside that is none"},
    {other_one_waits, BIT(OUTBOX), RECOUNT_OUTBOX, "figure 1 waits and is not"},
    {one_too_many_waits, BIT(OUTBOX), RECOUNT_OUTBOX, "figure 2 waits and is not"},
    {it_is_taken_back_and_told, BIT(OUTBOX), RECOUNT_OUTBOX, "figure 1 waits and is not"},
    {waiting_unreadable, BIT(OUTBOX), RECOUNT_OUTBOX, "figure 1 that waits cannot"},
    {numbers_begin_anew, BIT(OUTBOX), RECOUNT_OUTBOX, "figures wait beyond number 1"},
    {state_unreadable, BIT(OUTBOX), RECOUNT_OUTBOX, "how far the figures"},
    {shown_unreadable, BIT(OUTBOX), RECOUNT_OUTBOX, "a cell of the figures"},
};

static void each_damage_to_figures_is_found_and_named(void **state) {
    for (size_t i = 0; i < COUNT(damages); i++) {
        struct recount recount;
        struct books *books = make_told();
        assert_books_whole(books, 0);
        damages[i].damage(books);
        begin_recount(books, &recount);
        recount_run(&recount);
        assert_found(&recount, &damages[i], i);
        recount_free(&recount);
        books_close(books);
        assert_int_equal(scratch_teardown(state), 0);
        assert_int_equal(test_set_up(state), 0);
    }
}

// As a daemon makes and changes them.
static void figures_as_they_are_made_are_whole(void **state) {
    (void)state;
    struct books *books = open_books();
    char text[TEXT];
    for (int turn = 0; turn < 6; turn++) {
        for (int i = 0; i < 25; i++) {
            (void)snprintf(text, sizeof text, "{\"id\":\"%d-%d\"%s}", turn / 2, i,
                           turn % 2 ? ",\"withdrawn\":true" : "");
            deliver(books, text, false);
        }
        now += 31 * day_ms;
        struct batch *batch = batch_create_task(NULL, &tables, BATCH_FIGURES);
        struct books_group group = {.batches = batch};
        batch->figures.now_ms = now;
        batch->figures.resolution = 10;
        batch->figures.asked = turn == 0;
        commit_group(books, &group);
        assert_int_equal(batch->figures.outcome, BATCH_FIGURES_MADE);
        books_group_free(&group);
        batch_free(batch);
        assert_true(books_figures_waiting(books) > 0);
        assert_books_whole(books, 0);
    }
    books_close(books);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_damage_to_figures_is_found_and_named),
        TEST(figures_as_they_are_made_are_whole),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
