// SPDX-License-Identifier: EUPL-1.2
// What is erased goes, counts no more, and does not come back.
#include "retention_rig.h"

static void an_erased_signal_is_gone_and_does_not_come_back(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    static const char text[] = "{\"id\":\"a1\",\"category\":\"prostitutie\",\"person\":{\"name\":"
                               "\"Jan de Vries\",\"birthDate\":\"1990-05-17\"}}";
    deliver(ledger, "{\"id\":\"a1\",\"category\":\"dwang\"}", false);
    deliver(ledger, text, false);
    confirm(ledger, 1, 2);
    assert_false(erase(ledger, "b1", true).found);
    struct erase_task erased = erase(ledger, "a1", true);
    assert_true(erased.found);
    assert_int_equal(erased.erased, 2);
    assert_int_equal(erased.waiting, 0);
    assert_int_equal(counts_total(ledger_counts(ledger)), 0);
    assert_int_equal(persons_of(ledger), 0);
    for (int turn = 0; turn < 2; turn++) {
        struct line tombstone = line_at(ledger, 3), stub = line_at(ledger, 2);
        assert_string_equal(event_type(&tombstone.entry), "signal.erased.v1");
        assert_non_null(strstr(tombstone.event, "\"previous\":{"));
        assert_true(stub.entry.erased);
        assert_int_equal(stub.entry.id_len, 0);
        assert_int_equal(stub.entry.person, 0);
        assert_null(strstr(stub.event, "Exploitation"));
        assert_null(strstr(line_at(ledger, 1).event, "Forced"));
        ledger = reopen(ledger);
    }
    deliver(ledger, text, false);
    assert_int_equal(ledger_last_seq(ledger), 3);
    erased = erase(ledger, "a1", true);
    assert_true(erased.found);
    assert_int_equal(erased.erased, 0);
    confirm(ledger, 3, 3);
    assert_null(strstr(line_at(ledger, 3).event, "previous")); // nothing is left of it
    assert_int_equal(ledger_totals(ledger)->erased, 1);
    ledger_close(ledger);
}

static void what_is_on_its_way_to_kafka_goes_once_it_is_there(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    deliver(ledger, "{\"id\":\"a1\",\"category\":\"prostitutie\"}", false);
    confirm(ledger, 1, 1);
    deliver(ledger, "{\"id\":\"a1\",\"category\":\"dwang\"}", false);
    struct line before = line_at(ledger, 2);
    struct erase_task erased = erase(ledger, "a1", true);
    assert_int_equal(erased.erased, 1);
    assert_int_equal(erased.waiting, 1);
    assert_string_equal(line_at(ledger, 2).event, before.event);
    ledger = reopen(ledger);
    assert_int_equal(erase(ledger, "a1", true).waiting, 1);
    confirm(ledger, 2, 2);
    assert_true(line_at(ledger, 2).entry.erased);
    assert_null(strstr(line_at(ledger, 2).event, "categories"));
    assert_non_null(strstr(line_at(ledger, 3).event, "\"previous\":{"));
    ledger_close(ledger);
}

static void what_nobody_has_seen_is_not_taken_back(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    deliver(ledger, "{\"id\":\"a1\",\"category\":\"prostitutie\"}", false);
    struct erase_task erased = erase(ledger, "a1", false);
    assert_int_equal(erased.erased, 1);
    assert_int_equal(erased.waiting, 0);
    assert_true(line_at(ledger, 1).entry.erased);
    assert_null(strstr(line_at(ledger, 2).event, "previous"));
    ledger_close(ledger);
}

static void a_person_goes_with_the_last_signal(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    deliver(ledger, "[{\"id\":\"a1\"," JAN "},{\"id\":\"b1\"," JAN "}]", false);
    (void)erase(ledger, "a1", false);
    assert_int_equal(persons_members(ledger_persons(ledger)), 1);
    assert_int_equal(pseudonyms(ledger), 1);
    (void)erase(ledger, "b1", false);
    assert_int_equal(persons_members(ledger_persons(ledger)), 0);
    assert_int_equal(pseudonyms(ledger), 0);
    ledger_close(ledger);
}

// It goes on counting without a name; who comes next is still that person.
static void a_person_of_an_expired_signal_stays(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    deliver(ledger, "{\"id\":\"a1\"," JAN "}", false);
    now += 60 * day_ms;
    deliver(ledger, "{\"id\":\"b1\"," JAN "}", false);
    confirm(ledger, 1, 2);
    now += 60 * day_ms;
    expire(ledger); // a1
    assert_int_equal(ledger_first_seq(ledger), 2);
    (void)erase(ledger, "b1", true);
    assert_int_equal(pseudonyms(ledger), 1);
    deliver(ledger, "{\"id\":\"c1\"," JAN "}", false);
    assert_int_equal(counts_total(ledger_counts(ledger)), 2);
    assert_int_equal(persons_of(ledger), 1);
    ledger_close(ledger);
}

static uint32_t times; // that the word has been said; 0: it is not known

static bool take_times(void *ctx, const struct unmapped_record *word) {
    (void)ctx;
    times = word->times;
    return true;
}

static uint32_t times_of_the_word(struct ledger *ledger) {
    times = 0;
    ledger_each_unmapped(ledger, take_times, NULL);
    assert_int_equal(ledger_unmapped(ledger), times ? 1 : 0);
    return times;
}

// A word that no table has may be a name.
static void words_that_only_it_had_go_too(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    deliver(ledger,
            "[{\"id\":\"a1\",\"category\":\"Jansen\"},{\"id\":\"b1\",\"category\":\"Jansen\"}]",
            false);
    deliver(ledger, "{\"id\":\"a1\",\"category\":\"Jansen\",\"status\":\"confirmed\"}", false);
    deliver(ledger, "{\"id\":\"a1\",\"withdrawn\":true}", false);
    assert_int_equal(times_of_the_word(ledger), 3);
    (void)erase(ledger, "a1", true); // its versions wait for Kafka
    assert_int_equal(times_of_the_word(ledger), 1);
    ledger = reopen(ledger);
    assert_int_equal(times_of_the_word(ledger), 1);
    (void)erase(ledger, "b1", false);
    assert_int_equal(times_of_the_word(ledger), 0);
    ledger_close(ledger);
}

// What was counted of others since stays.
static void words_that_others_have_since_stay(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    deliver(ledger, "{\"id\":\"a1\",\"category\":\"Jansen\"}", false);
    confirm(ledger, 1, 1);
    now += (SHORT_DAYS + 1) * day_ms;
    expire(ledger);
    assert_int_equal(times_of_the_word(ledger), 0);
    deliver(ledger, "{\"id\":\"b1\",\"category\":\"Jansen\"}", false);
    (void)erase(ledger, "a1", true);
    assert_int_equal(times_of_the_word(ledger), 1);
    ledger_close(ledger);
}

static void what_was_quarantined_under_the_id_goes_too(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    deliver(ledger, "[{\"id\":\"a1\",\"reported\":\"?\"},{\"id\":\"b1\",\"reported\":\"?\"}]",
            true);
    assert_true(erase(ledger, "a1", true).found);
    assert_int_equal(ledger_quarantined(ledger), 1);
    assert_int_equal(counts_total(ledger_counts(ledger)), 0);
    ledger_close(ledger);
}

struct keys {
    struct digest list[400];
    size_t count;
};

static bool note_key(void *ctx, struct str key, struct str value) {
    struct keys *keys = ctx;
    (void)value;
    assert_true(keys->count < COUNT(keys->list) && key.len == DIGEST_BYTES);
    memcpy(keys->list[keys->count++].bytes, key.data, DIGEST_BYTES);
    return true;
}

// An id that stands nowhere else, once or many times: its entries are not in the file either, once
// the daemon has started again.
static void nothing_of_the_quarantine_is_left_in_the_file(void **state) {
    (void)state;
    static const int entries[] = {1, 400};
    static struct keys keys;
    for (size_t t = 0; t < COUNT(entries); t++) {
        struct ledger *ledger = open_ledger();
        struct store_txn txn;
        struct buf text;
        buf_init(&text, 1 << 20);
        for (int i = 0; i < entries[t]; i++)
            buf_printf(&text, "%c{\"id\":\"a1\",\"reported\":\"?%d\"}", i ? ',' : '[', i);
        buf_puts(&text, "]");
        char *body = buf_take(&text);
        deliver(ledger, body, true);
        free(body);
        keys.count = 0;
        store_begin_read(ledger->store, &txn);
        store_each(&txn, STORE_QUARANTINE, note_key, &keys);
        store_abort(&txn);
        assert_int_equal(keys.count, entries[t]);
        assert_int_equal(count_in_file("data.mdb", keys.list, keys.count), entries[t]);
        deliver(ledger, "[{\"id\":\"b1\",\"reported\":\"?\"}]", true);
        assert_true(erase(ledger, "a1", true).found);
        ledger = reopen(ledger);
        assert_int_equal(ledger_quarantined(ledger), 1);
        assert_int_equal(count_in_file("data.mdb", keys.list, keys.count), 0);
        assert_true(erase(ledger, "b1", true).found);
        ledger_close(ledger);
    }
}

// Another record than the line's, as long or shorter.
static void spoil_line(struct ledger *ledger, uint64_t seq) {
    struct store_txn txn;
    struct err err;
    store_begin(ledger->store, &txn);
    store_put_seq(&txn, STORE_LEDGER, seq, STR("?"));
    assert_true(store_commit(&txn, &err));
}

static void fail_commit(struct ledger *ledger, struct ledger_group *group) {
    ledger_commit(ledger, group, now);
    assert_int_equal(group->err.kind, ERR_FATAL);
    ledger_group_free(group);
}

static void fail_erase(struct ledger *ledger, bool publishing) {
    struct erase_task asked = {.task.run = ledger_erase,
                               .tables = &tables,
                               .identity = identity_of(ledger, "a1"),
                               .publishing = publishing};
    struct ledger_group group = {.tasks = &asked.task};
    fail_commit(ledger, &group);
}

// Nobody is told that it is erased, and nothing is, whichever of its versions cannot be read.
static void an_unreadable_version_fails_the_erasure(void **state) {
    for (uint64_t bad = 1; bad <= 3; bad++) {
        struct ledger *ledger = open_ledger();
        deliver(ledger, "[{\"id\":\"a1\",\"reported\":\"?\"}]", true);
        deliver(ledger, "{\"id\":\"a1\",\"category\":\"prostitutie\"}", false);
        deliver(ledger, "{\"id\":\"a1\",\"category\":\"dwang\"}", false);
        deliver(ledger, "{\"id\":\"a1\",\"category\":\"iets\"}", false);
        confirm(ledger, 1, 2);
        spoil_line(ledger, bad);
        fail_erase(ledger, true);
        fail_erase(ledger, false);
        assert_int_equal(ledger_last_seq(ledger), 3);
        assert_int_equal(ledger_quarantined(ledger), 1);
        assert_int_equal(counts_total(ledger_counts(ledger)), 1);
        for (uint64_t seq = 1; seq <= 3; seq++)
            if (seq != bad)
                assert_false(line_at(ledger, seq).entry.erased);
        ledger_close(ledger);
        assert_int_equal(scratch_teardown(state), 0);
        assert_int_equal(test_set_up(state), 0);
    }
}

// The same when it is erased already but for what is on its way to Kafka.
static void an_unreadable_line_that_waits_is_not_taken_for_erased(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    deliver(ledger, "{\"id\":\"a1\",\"category\":\"prostitutie\"}", false);
    assert_int_equal(erase(ledger, "a1", true).waiting, 1);
    spoil_line(ledger, 1);
    fail_erase(ledger, true);
    struct ledger_group group = {0};
    struct ledger_confirmed *confirmed = &group.confirmed[LEDGER_EVENTS];
    confirmed->ack_count = 1;
    confirmed->acks = calloc(1, sizeof *confirmed->acks);
    confirmed->acks[0].seq = 1;
    fail_commit(ledger, &group);
    assert_int_equal(ledger_unpublished(ledger), 2);
    ledger_close(ledger);
}

static void an_unreadable_line_keeps_the_person_of_a_withdrawn_consent(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    source.person = SOURCE_PERSON_CONSENT;
    deliver(ledger, "{\"id\":\"a1\",\"category\":\"prostitutie\",\"consent\":\"given\"," JAN "}",
            false);
    deliver(ledger, "{\"id\":\"a1\",\"category\":\"dwang\",\"consent\":\"given\"," JAN "}", false);
    assert_int_equal(pseudonyms(ledger), 1);
    spoil_line(ledger, 1);
    struct delivery *delivery =
        make_batch(ledger, "{\"id\":\"a1\",\"category\":\"iets\",\"consent\":\"withheld\"}", false);
    source.person = SOURCE_PERSON_YES;
    struct ledger_group group = {.tasks = &delivery->task};
    fail_commit(ledger, &group);
    delivery_free(delivery);
    assert_int_equal(ledger_last_seq(ledger), 2);
    assert_int_equal(pseudonyms(ledger), 1);
    ledger_close(ledger);
}

static bool spoil_entry(void *ctx, struct str key, struct str value) {
    struct digest *first = ctx;
    (void)value;
    memcpy(first->bytes, key.data, DIGEST_BYTES);
    return false;
}

// Neither what it says nor whether it is one that has to go.
static void spoil_first(struct ledger *ledger, enum store_table table) {
    struct store_txn txn;
    struct digest key;
    struct err err;
    store_begin(ledger->store, &txn);
    store_each(&txn, table, spoil_entry, &key);
    store_put(&txn, table, (struct str){(const char *)key.bytes, DIGEST_BYTES}, STR("?"));
    assert_true(store_commit(&txn, &err));
}

// The same of what is held beside its versions, whoever it is of: nobody can tell any more.
static void what_is_held_beside_and_cannot_be_read_fails_the_erasure(void **state) {
    static const enum store_table beside[] = {STORE_QUARANTINE, STORE_PERSONS, STORE_UNMAPPED};
    for (size_t t = 0; t < COUNT(beside); t++) {
        for (int publishing = 0; publishing < 2; publishing++) {
            struct ledger *ledger = open_ledger();
            deliver(ledger, "[{\"id\":\"a1\",\"reported\":\"?\"}]", true);
            deliver(ledger, "{\"id\":\"a1\",\"category\":\"iets\"," JAN "}", false);
            assert_int_equal(pseudonyms(ledger), 1);
            spoil_first(ledger, beside[t]);
            fail_erase(ledger, publishing);
            assert_int_equal(ledger_last_seq(ledger), 1);
            assert_false(line_at(ledger, 1).entry.erased);
            assert_int_equal(ledger_quarantined(ledger), 1);
            assert_int_equal(pseudonyms(ledger), 1);
            assert_int_equal(counts_total(ledger_counts(ledger)), 1);
            ledger_close(ledger);
            assert_int_equal(scratch_teardown(state), 0);
            assert_int_equal(test_set_up(state), 0);
        }
    }
}

static void an_unreadable_pseudonym_keeps_a_withdrawn_consent_out(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    source.person = SOURCE_PERSON_CONSENT;
    deliver(ledger, "{\"id\":\"a1\",\"consent\":\"given\"," JAN "}", false);
    spoil_first(ledger, STORE_PERSONS);
    struct delivery *delivery =
        make_batch(ledger, "{\"id\":\"a1\",\"consent\":\"withheld\"}", false);
    source.person = SOURCE_PERSON_YES;
    struct ledger_group group = {.tasks = &delivery->task};
    fail_commit(ledger, &group);
    delivery_free(delivery);
    assert_int_equal(ledger_last_seq(ledger), 1);
    ledger_close(ledger);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_erased_signal_is_gone_and_does_not_come_back),
        TEST(what_is_on_its_way_to_kafka_goes_once_it_is_there),
        TEST(what_nobody_has_seen_is_not_taken_back),
        TEST(a_person_goes_with_the_last_signal),
        TEST(a_person_of_an_expired_signal_stays),
        TEST(words_that_only_it_had_go_too),
        TEST(words_that_others_have_since_stay),
        TEST(what_was_quarantined_under_the_id_goes_too),
        TEST(nothing_of_the_quarantine_is_left_in_the_file),
        TEST(an_unreadable_version_fails_the_erasure),
        TEST(an_unreadable_line_that_waits_is_not_taken_for_erased),
        TEST(an_unreadable_line_keeps_the_person_of_a_withdrawn_consent),
        TEST(what_is_held_beside_and_cannot_be_read_fails_the_erasure),
        TEST(an_unreadable_pseudonym_keeps_a_withdrawn_consent_out),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
