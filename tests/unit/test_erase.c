// SPDX-License-Identifier: EUPL-1.2
// What is erased goes, counts no more, and does not come back.
#include "retention_rig.h"

static void an_erased_signal_is_gone_and_does_not_come_back(void **state) {
    (void)state;
    struct books *books = open_books();
    static const char text[] = "{\"id\":\"a1\",\"category\":\"prostitutie\",\"person\":{\"name\":"
                               "\"Jan de Vries\",\"birthDate\":\"1990-05-17\"}}";
    deliver(books, "{\"id\":\"a1\",\"category\":\"dwang\"}", false);
    deliver(books, text, false);
    confirm(books, 1, 2);
    assert_false(erase(books, "b1", true).found);
    struct batch_erase erased = erase(books, "a1", true);
    assert_true(erased.found);
    assert_int_equal(erased.erased, 2);
    assert_int_equal(erased.waiting, 0);
    assert_int_equal(counts_total(books_counts(books)), 0);
    assert_int_equal(persons_of(books), 0);
    for (int turn = 0; turn < 2; turn++) {
        struct line tombstone = line_at(books, 3), stub = line_at(books, 2);
        assert_string_equal(event_type(&tombstone.row), "nl.mensenhandelsignalen.signal.erased.v1");
        assert_non_null(strstr(tombstone.event, "\"previous\":{"));
        assert_true(stub.row.erased);
        assert_int_equal(stub.row.id_len, 0);
        assert_int_equal(stub.row.person, 0);
        assert_null(strstr(stub.event, "Exploitation"));
        assert_null(strstr(line_at(books, 1).event, "Forced"));
        books = reopen(books);
    }
    deliver(books, text, false);
    assert_int_equal(books_last_seq(books), 3);
    erased = erase(books, "a1", true);
    assert_true(erased.found);
    assert_int_equal(erased.erased, 0);
    confirm(books, 3, 3);
    assert_null(strstr(line_at(books, 3).event, "previous")); // nothing is left of it
    assert_int_equal(books_totals(books)->erased, 1);
    books_close(books);
}

static void what_is_on_its_way_to_kafka_goes_once_it_is_there(void **state) {
    (void)state;
    struct books *books = open_books();
    deliver(books, "{\"id\":\"a1\",\"category\":\"prostitutie\"}", false);
    confirm(books, 1, 1);
    deliver(books, "{\"id\":\"a1\",\"category\":\"dwang\"}", false);
    struct line before = line_at(books, 2);
    struct batch_erase erased = erase(books, "a1", true);
    assert_int_equal(erased.erased, 1);
    assert_int_equal(erased.waiting, 1);
    assert_string_equal(line_at(books, 2).event, before.event);
    books = reopen(books);
    assert_int_equal(erase(books, "a1", true).waiting, 1);
    confirm(books, 2, 2);
    assert_true(line_at(books, 2).row.erased);
    assert_null(strstr(line_at(books, 2).event, "categories"));
    assert_non_null(strstr(line_at(books, 3).event, "\"previous\":{"));
    books_close(books);
}

static void what_nobody_has_seen_is_not_taken_back(void **state) {
    (void)state;
    struct books *books = open_books();
    deliver(books, "{\"id\":\"a1\",\"category\":\"prostitutie\"}", false);
    struct batch_erase erased = erase(books, "a1", false);
    assert_int_equal(erased.erased, 1);
    assert_int_equal(erased.waiting, 0);
    assert_true(line_at(books, 1).row.erased);
    assert_null(strstr(line_at(books, 2).event, "previous"));
    books_close(books);
}

static void a_person_goes_with_the_last_signal(void **state) {
    (void)state;
    struct books *books = open_books();
    deliver(books, "[{\"id\":\"a1\"," JAN "},{\"id\":\"b1\"," JAN "}]", false);
    (void)erase(books, "a1", false);
    assert_int_equal(persons_members(books_persons(books)), 1);
    assert_int_equal(pseudonyms(books), 1);
    (void)erase(books, "b1", false);
    assert_int_equal(persons_members(books_persons(books)), 0);
    assert_int_equal(pseudonyms(books), 0);
    books_close(books);
}

// It goes on counting without a name; who comes next is still that person.
static void a_person_of_an_expired_signal_stays(void **state) {
    (void)state;
    struct books *books = open_books();
    deliver(books, "{\"id\":\"a1\"," JAN "}", false);
    now += 60 * day_ms;
    deliver(books, "{\"id\":\"b1\"," JAN "}", false);
    confirm(books, 1, 2);
    now += 60 * day_ms;
    expire(books); // a1
    assert_int_equal(books_first_seq(books), 2);
    (void)erase(books, "b1", true);
    assert_int_equal(pseudonyms(books), 1);
    deliver(books, "{\"id\":\"c1\"," JAN "}", false);
    assert_int_equal(counts_total(books_counts(books)), 2);
    assert_int_equal(persons_of(books), 1);
    books_close(books);
}

static uint32_t times; // that the word has been said; 0: it is not known

static bool take_times(void *ctx, const struct word_record *word) {
    (void)ctx;
    times = word->times;
    return true;
}

static uint32_t times_of_the_word(struct books *books) {
    times = 0;
    books_each_word(books, take_times, NULL);
    assert_int_equal(books_words(books), times ? 1 : 0);
    return times;
}

// A word that no table has may be a name.
static void words_that_only_it_had_go_too(void **state) {
    (void)state;
    struct books *books = open_books();
    deliver(books,
            "[{\"id\":\"a1\",\"category\":\"Jansen\"},{\"id\":\"b1\",\"category\":\"Jansen\"}]",
            false);
    deliver(books, "{\"id\":\"a1\",\"category\":\"Jansen\",\"status\":\"confirmed\"}", false);
    deliver(books, "{\"id\":\"a1\",\"withdrawn\":true}", false);
    assert_int_equal(times_of_the_word(books), 3);
    (void)erase(books, "a1", true); // its versions wait for Kafka
    assert_int_equal(times_of_the_word(books), 1);
    books = reopen(books);
    assert_int_equal(times_of_the_word(books), 1);
    (void)erase(books, "b1", false);
    assert_int_equal(times_of_the_word(books), 0);
    books_close(books);
}

// What was counted of others since stays.
static void words_that_others_have_since_stay(void **state) {
    (void)state;
    struct books *books = open_books();
    deliver(books, "{\"id\":\"a1\",\"category\":\"Jansen\"}", false);
    confirm(books, 1, 1);
    now += (SHORT_DAYS + 1) * day_ms;
    expire(books);
    assert_int_equal(times_of_the_word(books), 0);
    deliver(books, "{\"id\":\"b1\",\"category\":\"Jansen\"}", false);
    (void)erase(books, "a1", true);
    assert_int_equal(times_of_the_word(books), 1);
    books_close(books);
}

static void what_was_quarantined_under_the_id_goes_too(void **state) {
    (void)state;
    struct books *books = open_books();
    deliver(books, "[{\"id\":\"a1\",\"reported\":\"?\"},{\"id\":\"b1\",\"reported\":\"?\"}]", true);
    assert_true(erase(books, "a1", true).found);
    assert_int_equal(books_quarantined(books), 1);
    assert_int_equal(counts_total(books_counts(books)), 0);
    books_close(books);
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
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
