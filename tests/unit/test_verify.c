// SPDX-License-Identifier: EUPL-1.2
// A verify finds nothing in ledger that are whole, whatever has happened to them, and finds and
// names each damage.
#include "verify_rig.h"

static void ledger_with_everything_are_whole(void **state) {
    (void)state;
    struct ledger *ledger = make_books();
    struct verify verify;
    assert_books_whole(ledger, 0);
    confirm(ledger, 21, 25);
    assert_books_whole(ledger, 0);
    confirm(ledger, 26, 30); // the tombstones become stubs
    begin_verify(ledger, &verify);
    verify_run(&verify);
    assert_whole(&verify);
    assert_int_equal(verify.lines, 24);
    assert_int_equal(verify.signals, 13);
    assert_int_equal(verify.checks[VERIFY_LEDGER].compared, 24);
    assert_int_equal(verify.checks[VERIFY_EVENTS].compared, 24); // two are about the source
    assert_int_equal(verify.checks[VERIFY_OUTBOX].compared, 24);
    assert_int_equal(verify.checks[VERIFY_INDEX].compared, 13);
    assert_int_equal(verify.checks[VERIFY_PERSONS].compared, persons_members(ledger->persons));
    verify_free(&verify);
    now += 200 * day_ms;
    expire(ledger);
    assert_int_equal(ledger_first_seq(ledger), 31);
    assert_books_whole(ledger, 0); // no line at all
    now += 1000 * day_ms;
    expire(ledger); // cells lose what they say of victims
    assert_books_whole(ledger, 0);
    deliver(ledger, "{\"id\":\"old-1\"," JAN "}", false);
    assert_books_whole(ledger, 0);
    ledger = reopen(ledger);
    assert_books_whole(ledger, 0);
    ledger_close(ledger);
}

static void new_books_are_whole(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    assert_books_whole(ledger, 0);
    ledger_close(ledger);
}

static void it_looks_at_few_signals_at_a_time_as_at_all(void **state) {
    (void)state;
    struct ledger *ledger = make_books();
    for (uint64_t most = 1; most < 30; most += 3)
        assert_books_whole(ledger, most);
    ledger_close(ledger);
}

static void commits_go_on_beside_it(void **state) {
    (void)state;
    struct ledger *ledger = make_books();
    struct verify verify;
    begin_verify(ledger, &verify);
    deliver(ledger, "[{\"id\":\"plain\",\"status\":\"confirmed\"},{\"id\":\"more\"}]", false);
    (void)erase(ledger, "fixed", false);
    verify_run(&verify);
    assert_whole(&verify);
    assert_int_equal(verify.lines, 24);
    verify_free(&verify);
    assert_books_whole(ledger, 0);
    ledger_close(ledger);
}

static bool stop_at_once(void *ctx, uint64_t done, uint64_t total) {
    ++*(int *)ctx;
    assert_int_equal(done, 1);
    assert_int_equal(total, 24 * 5); // five times all lines, for a fifth of the signals each
    return false;
}

static void it_can_be_ended(void **state) {
    (void)state;
    struct ledger *ledger = make_books();
    struct verify verify;
    int calls = 0;
    begin_verify(ledger, &verify);
    verify.identities_max = 5;
    verify.progress = stop_at_once;
    verify.ctx = &calls;
    verify_run(&verify);
    assert_int_equal(calls, 1);
    assert_true(verify.ended);
    assert_false(verify_is_whole(&verify));
    verify_free(&verify);
    ledger_close(ledger);
}

static void what_cannot_be_read_is_not_whole(void **state) {
    (void)state;
    struct ledger *ledger = make_books();
    struct verify verify;
    begin_verify(ledger, &verify);
    (void)err_set(&verify.txn.err, ERR_RETRY, "the disk is broken");
    verify_run(&verify);
    assert_string_equal(verify.checks[VERIFY_STORE].first, "the disk is broken");
    assert_false(verify_is_whole(&verify));
    verify_free(&verify);
    ledger_close(ledger);
}

// Something of everything, at random.
static void act(struct ledger *ledger, uint64_t *random, uint64_t *confirmed) {
    static const char *const categories[] = {"prostitutie", "dwang", "iets"};
    char id[8], text[TEXT];
    (void)snprintf(id, sizeof id, "id-%02u", (unsigned)(unit_random(random) % IDS));
    switch (unit_random(random) % 10) {
    case 0:
        (void)erase(ledger, id, unit_random(random) % 2);
        break;
    case 1:
        (void)snprintf(text, sizeof text, "{\"id\":\"%s\",\"withdrawn\":true}", id);
        deliver(ledger, text, false);
        break;
    case 2:
        now += (int64_t)(unit_random(random) % 40) * day_ms;
        expire(ledger);
        break;
    case 3:
        if (ledger_last_seq(ledger) > *confirmed)
            confirm(ledger, *confirmed + 1, ledger_last_seq(ledger));
        *confirmed = ledger_last_seq(ledger);
        break;
    default:
        (void)snprintf(text, sizeof text,
                       "{\"id\":\"%s\",\"category\":\"%s\",\"person\":{\"name\":\"Jan de Vries\","
                       "\"birthDate\":\"1990-05-1%u\"}}",
                       id, categories[unit_random(random) % 3],
                       (unsigned)(unit_random(random) % PERSONS));
        deliver(ledger, text, unit_random(random) % 2);
    }
}

static void whatever_happens_books_are_whole(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    uint64_t random = unit_seed(), confirmed = 0;
    for (int turn = 0; turn < 500; turn++) {
        act(ledger, &random, &confirmed);
        if (turn % 4 == 0)
            assert_books_whole(ledger, turn % 3 ? 0 : 4);
    }
    assert_true(ledger_first_seq(ledger) > 1);
    ledger_close(ledger);
}

static void forget_first(struct ledger_entry *entry) {
    entry->previous = 0;
    entry->first = entry->seq;
}

// As a ledger is that was made anew from its events.
static void lines_that_were_not_found_are_no_damage(void **state) {
    (void)state;
    struct ledger *ledger = make_books();
    put_lost(ledger, 11);
    edit_row(ledger, 18, forget_first); // version 2 of it
    set_rebuilt(ledger);
    assert_books_whole(ledger, 0);
    assert_books_whole(ledger, 3);
    put_seq(ledger, STORE_OUTBOX, 11, STR(""));
    struct verify verify;
    begin_verify(ledger, &verify);
    verify_run(&verify);
    assert_string_equal(verify.checks[VERIFY_OUTBOX].first,
                        "11 entries in the outbox, and 10 lines");
    verify_free(&verify);
    ledger_close(ledger);
}

// There a signal that had expired and came again is there twice, and the older one is
// expired_counts.
static void what_came_again_is_no_damage_where_it_is_carried(void **state) {
    (void)state;
    struct ledger *ledger = make_books();
    struct line line = line_at(ledger, 8);
    set_rebuilt(ledger);
    register_again(ledger, 8);
    edit_cell(ledger, STORE_EXPIRED_COUNTS, &line.entry.cell, 1);
    ledger = reopen(ledger);
    assert_books_whole(ledger, 0);
    ledger_close(ledger);
}

static void confirm_at(struct ledger *ledger, struct publish_ack ack) {
    struct ledger_group group = {0};
    struct ledger_confirmed *confirmed = &group.confirmed[LEDGER_EVENTS];
    confirmed->partitions = 2;
    confirmed->ack_count = 1;
    confirmed->acks = mem_zalloc(1, sizeof *confirmed->acks);
    confirmed->acks[0] = ack;
    commit_group(ledger, &group);
    ledger_group_free(&group);
}

static void count_waiting(void *ctx, const struct outbox_entry *entry) {
    (void)entry;
    ++*(uint64_t *)ctx;
}

static void assert_first_place(struct ledger *ledger, uint64_t seq, uint64_t waiting) {
    struct store_txn txn;
    struct ledger_event line;
    uint64_t found = 0;
    store_begin_read(ledger->store, &txn);
    assert_true(ledger_read_event(&txn, seq, &line));
    assert_true(line.published);
    assert_int_equal(line.partition, 0);
    assert_int_equal(line.offset, 0);
    store_abort(&txn);
    assert_int_equal(ledger_last_known(ledger, LEDGER_EVENTS, 0).offset, 0);
    assert_int_equal(ledger_last_known(ledger, LEDGER_EVENTS, 1).offset, -1);
    each_unpublished(ledger, LEDGER_EVENTS, 0, count_waiting, &found);
    assert_int_equal(found, waiting);
    assert_int_equal(ledger_unpublished(ledger), waiting);
    assert_books_whole(ledger, 0);
}

// Partition 0 and offset 0 are a place as any other, in a new topic and in one that was made anew;
// what the ledger knows of its end goes back to it.
static void the_first_place_of_a_topic_is_a_place(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    deliver(ledger, "[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"}]", false);
    confirm_at(ledger, (struct publish_ack){.seq = 1, .partition = 0, .offset = 0});
    assert_first_place(ledger, 1, 2);
    ledger = reopen(ledger);
    assert_first_place(ledger, 1, 2);
    confirm_at(ledger, (struct publish_ack){.seq = 2, .partition = 0, .offset = 1});
    assert_int_equal(ledger_last_known(ledger, LEDGER_EVENTS, 0).offset, 1);
    confirm_at(ledger, (struct publish_ack){.seq = 3, .partition = 0, .offset = 0});
    assert_first_place(ledger, 3, 0);
    ledger = reopen(ledger);
    assert_first_place(ledger, 3, 0);
    ledger_close(ledger);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(ledger_with_everything_are_whole),
        TEST(new_books_are_whole),
        TEST(the_first_place_of_a_topic_is_a_place),
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
