// SPDX-License-Identifier: EUPL-1.2
// A recount finds nothing in books that are whole, whatever has happened to them, and finds and
// names each damage.
#include "recount_rig.h"

static void books_with_everything_are_whole(void **state) {
    (void)state;
    struct books *books = make_books();
    struct recount recount;
    assert_books_whole(books, 0);
    confirm(books, 21, 25);
    assert_books_whole(books, 0);
    confirm(books, 26, 30); // the tombstones become stubs
    begin_recount(books, &recount);
    recount_run(&recount);
    assert_whole(&recount);
    assert_int_equal(recount.lines, 24);
    assert_int_equal(recount.signals, 13);
    assert_int_equal(recount.checks[RECOUNT_LEDGER].compared, 24);
    assert_int_equal(recount.checks[RECOUNT_EVENTS].compared, 24); // two are about the source
    assert_int_equal(recount.checks[RECOUNT_OUTBOX].compared, 24);
    assert_int_equal(recount.checks[RECOUNT_INDEX].compared, 13);
    assert_int_equal(recount.checks[RECOUNT_PERSONS].compared, persons_members(books->persons));
    recount_free(&recount);
    now += 200 * day_ms;
    expire(books);
    assert_int_equal(books_first_seq(books), 31);
    assert_books_whole(books, 0); // no line at all
    now += 1000 * day_ms;
    expire(books); // cells lose what they say of victims
    assert_books_whole(books, 0);
    deliver(books, "{\"id\":\"old-1\"," JAN "}", false);
    assert_books_whole(books, 0);
    books = reopen(books);
    assert_books_whole(books, 0);
    books_close(books);
}

static void new_books_are_whole(void **state) {
    (void)state;
    struct books *books = open_books();
    assert_books_whole(books, 0);
    books_close(books);
}

static void it_looks_at_few_signals_at_a_time_as_at_all(void **state) {
    (void)state;
    struct books *books = make_books();
    for (uint64_t most = 1; most < 30; most += 3)
        assert_books_whole(books, most);
    books_close(books);
}

static void commits_go_on_beside_it(void **state) {
    (void)state;
    struct books *books = make_books();
    struct recount recount;
    begin_recount(books, &recount);
    deliver(books, "[{\"id\":\"plain\",\"status\":\"confirmed\"},{\"id\":\"more\"}]", false);
    (void)erase(books, "fixed", false);
    recount_run(&recount);
    assert_whole(&recount);
    assert_int_equal(recount.lines, 24);
    recount_free(&recount);
    assert_books_whole(books, 0);
    books_close(books);
}

static bool stop_at_once(void *ctx, uint64_t done, uint64_t total) {
    ++*(int *)ctx;
    assert_int_equal(done, 1);
    assert_int_equal(total, 24 * 5); // five times all lines, for a fifth of the signals each
    return false;
}

static void it_can_be_ended(void **state) {
    (void)state;
    struct books *books = make_books();
    struct recount recount;
    int calls = 0;
    begin_recount(books, &recount);
    recount.identities_max = 5;
    recount.progress = stop_at_once;
    recount.ctx = &calls;
    recount_run(&recount);
    assert_int_equal(calls, 1);
    assert_true(recount.ended);
    assert_false(recount_is_whole(&recount));
    recount_free(&recount);
    books_close(books);
}

static void what_cannot_be_read_is_not_whole(void **state) {
    (void)state;
    struct books *books = make_books();
    struct recount recount;
    begin_recount(books, &recount);
    (void)err_set(&recount.txn.err, ERR_RETRY, "the disk is broken");
    recount_run(&recount);
    assert_string_equal(recount.checks[RECOUNT_LEDGER].first, "the disk is broken");
    assert_false(recount_is_whole(&recount));
    recount_free(&recount);
    books_close(books);
}

// Something of everything, at random.
static void act(struct books *books, uint64_t *random, uint64_t *confirmed) {
    static const char *const categories[] = {"prostitutie", "dwang", "iets"};
    char id[8], text[TEXT];
    (void)snprintf(id, sizeof id, "id-%02u", (unsigned)(unit_random(random) % IDS));
    switch (unit_random(random) % 10) {
    case 0:
        (void)erase(books, id, unit_random(random) % 2);
        break;
    case 1:
        (void)snprintf(text, sizeof text, "{\"id\":\"%s\",\"withdrawn\":true}", id);
        deliver(books, text, false);
        break;
    case 2:
        now += (int64_t)(unit_random(random) % 40) * day_ms;
        expire(books);
        break;
    case 3:
        if (books_last_seq(books) > *confirmed)
            confirm(books, *confirmed + 1, books_last_seq(books));
        *confirmed = books_last_seq(books);
        break;
    default:
        (void)snprintf(text, sizeof text,
                       "{\"id\":\"%s\",\"category\":\"%s\",\"person\":{\"name\":\"Jan de Vries\","
                       "\"birthDate\":\"1990-05-1%u\"}}",
                       id, categories[unit_random(random) % 3],
                       (unsigned)(unit_random(random) % PERSONS));
        deliver(books, text, unit_random(random) % 2);
    }
}

static void whatever_happens_books_are_whole(void **state) {
    (void)state;
    struct books *books = open_books();
    uint64_t random = unit_seed(), confirmed = 0;
    for (int turn = 0; turn < 500; turn++) {
        act(books, &random, &confirmed);
        if (turn % 4 == 0)
            assert_books_whole(books, turn % 3 ? 0 : 4);
    }
    assert_true(books_first_seq(books) > 1);
    books_close(books);
}

static void forget_first(struct ledger_row *row) {
    row->previous = 0;
    row->first = row->seq;
}

// As a ledger is that was made anew from its events.
static void lines_that_were_not_found_are_no_damage(void **state) {
    (void)state;
    struct books *books = make_books();
    put_lost(books, 11);
    edit_row(books, 18, forget_first); // version 2 of it
    set_rebuilt(books);
    assert_books_whole(books, 0);
    assert_books_whole(books, 3);
    put_seq(books, STORE_OUTBOX, 11, STR(""));
    struct recount recount;
    begin_recount(books, &recount);
    recount_run(&recount);
    assert_string_equal(recount.checks[RECOUNT_OUTBOX].first,
                        "11 entries in the outbox, and 10 lines");
    recount_free(&recount);
    books_close(books);
}

// There a signal that had expired and came again is there twice, and the older one is carried.
static void what_came_again_is_no_damage_where_it_is_carried(void **state) {
    (void)state;
    struct books *books = make_books();
    struct line line = line_at(books, 8);
    set_rebuilt(books);
    register_again(books, 8);
    edit_cell(books, STORE_CARRIED, &line.row.cell, 1);
    books = reopen(books);
    assert_books_whole(books, 0);
    books_close(books);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(books_with_everything_are_whole),
        TEST(new_books_are_whole),
        TEST(it_looks_at_few_signals_at_a_time_as_at_all),
        TEST(commits_go_on_beside_it),
        TEST(it_can_be_ended),
        TEST(what_cannot_be_read_is_not_whole),
        TEST(whatever_happens_books_are_whole),
        TEST(lines_that_were_not_found_are_no_damage),
        TEST(what_came_again_is_no_damage_where_it_is_carried),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
