// SPDX-License-Identifier: EUPL-1.2
// What is too old goes and goes on counting.
#include "retention_rig.h"

static void a_line_goes_when_it_is_older_than_its_age(void **state) {
    (void)state;
    struct books *books = open_books();
    deliver(books, "[{\"id\":\"a1\"},{\"id\":\"b1\"}]", false);
    now += day_ms;
    deliver(books, "[{\"id\":\"b1\",\"victim\":{\"gender\":\"man\"}},{\"id\":\"c1\"}]", false);
    assert_int_equal(books_last_seq(books), 4);
    now = start_ms + IDENTITY_DAYS * day_ms;
    confirm(books, 1, 4);
    expire(books); // exactly as old
    assert_int_equal(books_first_seq(books), 1);
    now++;
    expire(books);
    assert_int_equal(books_first_seq(books), 3); // the older version of b1 as well
    assert_int_equal(seq_of(books, "a1"), 0);
    assert_int_equal(seq_of(books, "b1"), 3);
    assert_int_equal(books_totals(books)->expired, 1);
    assert_int_equal(counts_total(books_counts(books)), 3);
    books = reopen(books);
    assert_int_equal(books_first_seq(books), 3);
    assert_int_equal(counts_total(books_counts(books)), 3);
    now = start_ms - 1000 * day_ms; // the clock goes back
    expire(books);
    assert_int_equal(books_first_seq(books), 3);
    now = start_ms + 2000 * day_ms;
    expire(books);
    assert_int_equal(books_first_seq(books), 5);
    books = reopen(books); // an empty ledger: numbers go on
    assert_int_equal(counts_total(books_counts(books)), 3);
    deliver(books, "{\"id\":\"a1\"}", false);
    assert_int_equal(seq_of(books, "a1"), 5);
    assert_int_equal(counts_total(books_counts(books)), 4); // new to us
    books_close(books);
}

// It would else keep all lines behind it until the day that the clock said has come.
static void a_clock_that_was_ahead_keeps_nothing(void **state) {
    (void)state;
    struct books *books = open_books();
    deliver(books, "{\"id\":\"a1\"}", false);
    now = start_ms + 3650 * day_ms;
    deliver(books, "[{\"id\":\"b1\"},{\"id\":\"b2\"}]", false);
    now = start_ms + day_ms;
    deliver(books, "{\"id\":\"c1\"}", false);
    now = start_ms + 50 * day_ms;
    deliver(books, "{\"id\":\"d1\"}", false);
    now = start_ms + 3650 * day_ms;
    deliver(books, "{\"id\":\"e1\"}", false);
    confirm(books, 1, 6);
    now = start_ms + (IDENTITY_DAYS + 1) * day_ms;
    expire(books);
    assert_int_equal(books_first_seq(books), 2); // as old as c1, and that is exactly as old
    now++;
    expire(books);
    assert_int_equal(books_first_seq(books), 5);
    now = start_ms + 2000 * day_ms;
    expire(books);
    assert_int_equal(books_first_seq(books), 6); // nothing behind it says how old it is
    now = start_ms + 3750 * day_ms + 1;
    expire(books);
    assert_int_equal(books_first_seq(books), 7);
    books_close(books);
}

// More than are looked at in one step.
static void nor_does_it_when_much_was_taken_in(void **state) {
    (void)state;
    enum { ROUNDS = 3, LINES = 2000 };
    struct books *books = open_books();
    now = start_ms + 3650 * day_ms;
    for (int round = 0; round < ROUNDS; round++) {
        struct buf text;
        buf_init(&text, 1 << 17);
        for (int i = 0; i < LINES; i++)
            buf_printf(&text, "%c{\"id\":\"x%d-%d\"}", i ? ',' : '[', round, i);
        buf_puts(&text, "]");
        char *body = buf_take(&text);
        deliver(books, body, false);
        free(body);
    }
    confirm(books, 1, (uint64_t)ROUNDS * LINES);
    now = start_ms;
    assert_in_range(expire(books), 2, 4); // nothing says how old they are
    assert_int_equal(books_first_seq(books), 1);
    deliver(books, "{\"id\":\"right\"}", false);
    now = start_ms + IDENTITY_DAYS * day_ms + 1;
    assert_in_range(expire(books), ROUNDS * LINES / 500, ROUNDS * LINES / 500 + 4);
    assert_int_equal(books_first_seq(books), ROUNDS * LINES + 1); // it waits
    assert_int_equal(books_totals(books)->expired, ROUNDS * LINES);
    books_close(books);
}

static void what_waits_for_kafka_stays(void **state) {
    (void)state;
    struct books *books = open_books();
    deliver(books, "[{\"id\":\"a1\"},{\"id\":\"b1\"},{\"id\":\"c1\"}]", false);
    confirm(books, 1, 1);
    confirm(books, 3, 3);
    now += 200 * day_ms;
    expire(books);
    assert_int_equal(books_first_seq(books), 2);
    assert_int_equal(seq_of(books, "c1"), 3); // in order
    confirm(books, 2, 2);
    expire(books);
    assert_int_equal(books_first_seq(books), 4);
    assert_int_equal(books_totals(books)->expired, 3);
    books_close(books);
}

static void without_kafka_nothing_stays_for_it(void **state) {
    (void)state;
    struct books *books = open_books();
    deliver(books, "[{\"id\":\"a1\"},{\"id\":\"b1\"}]", false);
    now += 50 * day_ms;
    deliver(books, "[{\"id\":\"a1\",\"status\":\"confirmed\"},{\"id\":\"c1\"}]", false);
    assert_int_equal(books_waiting(books), 4);
    no_kafka = true;
    now += 60 * day_ms;
    expire(books);
    assert_int_equal(books_first_seq(books), 3);
    assert_int_equal(books_waiting(books), 2);
    assert_int_equal(books_totals(books)->never_published, 2);
    assert_int_equal(books_totals(books)->expired, 1);
    now += 50 * day_ms;
    expire(books);
    no_kafka = false;
    assert_int_equal(books_waiting(books), 0);
    assert_int_equal(books_last_seq(books), 4);
    assert_int_equal(counts_total(books_counts(books)), 3);
    books_close(books);
    books = open_books();
    assert_int_equal(books_waiting(books), 0);
    assert_int_equal(books_last_seq(books), 4);
    assert_int_equal(books_first_seq(books), 5);
    deliver(books, "{\"id\":\"a1\"}", false);
    assert_int_equal(books_last_seq(books), 5);
    books_close(books);
}

static void so_do_events_about_sources(void **state) {
    (void)state;
    struct books *books = open_books();
    deliver(books, "{\"id\":\"a1\"}", false);
    struct batch *batch = batch_create(&sources, &source, &tables, DECODE_JSON, NULL, 0);
    struct books_group group = {.batches = batch};
    batch->task = BATCH_SILENCE;
    now += 40 * day_ms;
    batch->received_ms = now;
    commit_group(books, &group);
    books_group_free(&group);
    batch_free(batch);
    assert_int_equal(books_last_seq(books), 2);
    confirm(books, 1, 1);
    now += 200 * day_ms;
    expire(books);
    assert_int_equal(books_first_seq(books), 2);
    confirm(books, 2, 2);
    expire(books);
    assert_int_equal(books_first_seq(books), 3);
    books_close(books);
}

// The names of members of a person are of no use to find the signals that have gone.
static void a_person_stays_one_without_names(void **state) {
    (void)state;
    struct books *books = open_books();
    deliver(books, "[{\"id\":\"a1\"," JAN "},{\"id\":\"b1\"," JAN "}]", false);
    now += 60 * day_ms;
    deliver(books, "{\"id\":\"c1\"," JAN "}", false);
    confirm(books, 1, 3);
    now = start_ms + 101 * day_ms;
    expire(books);
    assert_int_equal(books_first_seq(books), 3);
    assert_int_equal(persons_of(books), 1);
    assert_int_equal(persons_members(books_persons(books)), 3);
    deliver(books, "{\"id\":\"a1\"," JAN "}", false); // as new as any
    assert_int_equal(persons_members(books_persons(books)), 4);
    assert_int_equal(persons_of(books), 1);
    assert_int_equal(pseudonyms(books), 1);
    confirm(books, 4, 4);
    now += 100 * day_ms;
    expire(books);
    assert_int_equal(pseudonyms(books), 1); // exactly as old
    now++;
    expire(books);
    assert_int_equal(pseudonyms(books), 0);
    assert_int_equal(persons_of(books), 1);
    books = reopen(books);
    assert_int_equal(persons_of(books), 1);
    books_close(books);
}

static void many_go_in_steps(void **state) {
    (void)state;
    struct books *books = open_books();
    struct buf text;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 1300; i++)
        buf_printf(&text, "%c{\"id\":\"x%d\"}", i ? ',' : '[', i);
    buf_puts(&text, "]");
    char *body = buf_take(&text);
    deliver(books, body, false);
    free(body);
    confirm(books, 1, 1300);
    now += 200 * day_ms;
    assert_int_equal(expire(books), 3);
    assert_int_equal(books_totals(books)->expired, 1300);
    assert_int_equal(counts_total(books_counts(books)), 1300);
    books_close(books);
}

// More than go in one step, and of pseudonyms more than are looked at in one, some of them not due.
static void so_do_entries_of_other_tables(void **state) {
    (void)state;
    enum { FEW = 4 };
    struct books *books = open_books();
    struct buf text;
    for (int round = 0; round < 6; round++) {
        buf_init(&text, 1 << 20);
        for (int i = 0; i < 1000; i++)
            buf_printf(
                &text,
                "%c{\"id\":\"x%d-%d\",\"category\":\"?%d\",\"person\":{\"vNumber\":\"2%09d\"}}",
                i ? ',' : '[', round, i, i, round * 1000 + i);
        for (int i = 0; i < 150; i++)
            buf_printf(&text, ",{\"id\":\"y%d-%d\",\"reported\":\"?\"}", round, i);
        buf_puts(&text, "]");
        char *body = buf_take(&text);
        deliver(books, body, true);
        free(body);
    }
    assert_int_equal(books_words(books), BOOKS_WORDS_SOURCE_MAX);
    assert_int_equal(books_quarantined(books), 900);
    assert_int_equal(pseudonyms(books), 6000);
    confirm(books, 1, 6000);
    now += (SHORT_DAYS + 1) * day_ms;
    assert_in_range(expire(books), FEW, 100);
    assert_int_equal(books_words(books), 0);
    assert_int_equal(books_quarantined(books), 0);
    assert_int_equal(pseudonyms(books), 6000);
    // the same persons again, but for some: they are as old as their last signal
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 700; i++)
        buf_printf(&text, "%c{\"id\":\"z%d\",\"person\":{\"vNumber\":\"2%09d\"}}", i ? ',' : '[', i,
                   i * 8);
    buf_puts(&text, "]");
    char *body = buf_take(&text);
    deliver(books, body, false);
    free(body);
    now += (IDENTITY_DAYS - 1) * day_ms;
    confirm(books, 6001, 6700);
    assert_in_range(expire(books), 2 * 5300 / 500, 100);
    assert_int_equal(pseudonyms(books), 700);
    assert_int_equal(books_first_seq(books), 6001);
    assert_int_equal(persons_of(books), 6000);
    books = reopen(books);
    assert_int_equal(books_words(books), 0);
    assert_int_equal(books_quarantined(books), 0);
    assert_int_equal(persons_of(books), 6000);
    books_close(books);
}

static void entries_of_other_tables_go_by_their_own_age(void **state) {
    (void)state;
    struct books *books = open_books();
    size_t words = 0;
    deliver(books, "[{\"id\":\"a1\",\"category\":\"iets\"},{\"id\":\"b1\",\"reported\":\"?\"}]",
            true);
    assert_int_equal(books_words(books), 1);
    assert_int_equal(books_quarantined(books), 1);
    now += SHORT_DAYS * day_ms;
    expire(books);
    assert_int_equal(books_words(books), 1);
    assert_int_equal(books_quarantined(books), 1);
    now++;
    expire(books);
    books_each_word(books, count_entry, &words);
    assert_int_equal(words, 0);
    assert_int_equal(books_words(books), 0);
    assert_int_equal(books_quarantined(books), 0);
    books = reopen(books);
    assert_int_equal(books_words(books), 0);
    assert_int_equal(books_quarantined(books), 0);
    books_close(books);
}

static void old_counts_lose_what_they_say_of_victims(void **state) {
    (void)state;
    struct books *books = open_books();
    struct cell cell;
    deliver(books,
            "[{\"id\":\"a1\",\"reported\":\"2024-02-01\",\"category\":\"prostitutie\","
            "\"victim\":{\"gender\":\"man\",\"age\":30,\"citizenship\":\"NG\"}},"
            "{\"id\":\"b1\",\"reported\":\"2024-02-02\",\"category\":\"prostitutie\","
            "\"victim\":{\"gender\":\"vrouw\",\"age\":12}}]",
            false);
    cell = line_at(books, 1).row.cell;
    assert_int_not_equal(cell.gender, GENDER_UNKNOWN);
    confirm(books, 1, 2);
    now += 200 * day_ms;
    expire(books);
    assert_int_equal(counts_get(books_counts(books), &cell), 1);
    now = start_ms + CELLS_DAYS * day_ms; // the month's last day
    expire(books);
    assert_int_equal(counts_get(books_counts(books), &cell), 1);
    now += day_ms;
    expire(books);
    assert_int_equal(counts_get(books_counts(books), &cell), 0);
    cell.gender = GENDER_UNKNOWN;
    cell.age_group = AGE_UNKNOWN;
    cell.citizenship = CITIZENSHIP_UNKNOWN;
    assert_int_equal(counts_get(books_counts(books), &cell), 2);
    books = reopen(books);
    assert_int_equal(counts_get(books_counts(books), &cell), 2);
    assert_int_equal(counts_total(books_counts(books)), 2);
    books_close(books);
}

// --- at random ---

struct model {
    uint64_t random;
    struct counts *counts; // as they must be
    bool erased[IDS];
};

static uint64_t pick(struct model *m, uint64_t upto) {
    return unit_random(&m->random) % upto;
}

static void name_id(char id[8], uint64_t n) {
    (void)snprintf(id, 8, "id-%02u", (unsigned)n);
}

static void count_latest(struct model *m, struct books *books, const char *id, int change) {
    uint64_t seq = seq_of(books, id);
    struct line line;
    if (!seq)
        return;
    line = line_at(books, seq);
    if (line.row.counts)
        counts_add(m->counts, &line.row.cell, change);
}

static void deliver_one(struct model *m, struct books *books) {
    static const char *const categories[] = {"prostitutie", "dwang", "iets"};
    static const char *const genders[] = {"man", "vrouw", "onbekend"};
    char text[TEXT], id[8], person[128] = "";
    name_id(id, pick(m, IDS));
    if (pick(m, 3))
        (void)snprintf(person, sizeof person,
                       ",\"person\":{\"name\":\"Jan de Vries\",\"birthDate\":\"1990-05-%02u\"}",
                       (unsigned)pick(m, PERSONS) + 10);
    if (pick(m, 8) == 0)
        (void)snprintf(text, sizeof text, "{\"id\":\"%s\",\"withdrawn\":true}", id);
    else
        (void)snprintf(text, sizeof text,
                       "{\"id\":\"%s\",\"reported\":\"2024-%02u-05\",\"category\":\"%s\","
                       "\"victim\":{\"gender\":\"%s\"}%s}",
                       id, (unsigned)pick(m, 2) + 1, categories[pick(m, 3)], genders[pick(m, 3)],
                       person);
    count_latest(m, books, id, -1);
    deliver(books, text, false);
    count_latest(m, books, id, 1);
}

static void erase_one(struct model *m, struct books *books) {
    char id[8];
    name_id(id, pick(m, IDS));
    count_latest(m, books, id, -1);
    (void)erase(books, id, pick(m, 2));
    count_latest(m, books, id, 1); // nothing: it does not count
}

static void expire_some(struct books *books) {
    int64_t persons = persons_of(books);
    uint64_t first = books_first_seq(books);
    expire(books);
    assert_int_equal(persons_of(books), persons);
    assert_true(books_first_seq(books) >= first);
    for (uint64_t n = 0; n < IDS; n++) { // what the index names is there, and young or waiting
        char id[8];
        name_id(id, n);
        uint64_t seq = seq_of(books, id);
        assert_true(seq == 0 || seq >= books_first_seq(books));
    }
}

static void whatever_happens_counts_and_persons_are_right(void **state) {
    (void)state;
    struct model m = {.random = unit_seed(), .counts = counts_create()};
    struct books *books = open_books();
    uint64_t confirmed = 0;
    ages.cells_ms = 100000 * day_ms;
    for (int turn = 0; turn < 1500; turn++) {
        now += (int64_t)pick(&m, 3) * day_ms;
        if (pick(&m, 20))
            deliver_one(&m, books);
        else
            erase_one(&m, books);
        if (pick(&m, 4) == 0 && books_last_seq(books) > confirmed) {
            uint64_t upto = confirmed + 1 + pick(&m, books_last_seq(books) - confirmed);
            confirm(books, confirmed + 1, upto);
            confirmed = upto;
        }
        if (pick(&m, 10) == 0)
            expire_some(books);
        assert_same_counts(m.counts, books_counts(books));
        if (pick(&m, 100) == 0) {
            int64_t persons = persons_of(books);
            books = reopen(books);
            assert_int_equal(persons_of(books), persons);
            assert_same_counts(m.counts, books_counts(books));
        }
    }
    assert_true(books_first_seq(books) > 1);
    books_close(books);
    counts_free(m.counts);
    ages.cells_ms = CELLS_DAYS * day_ms;
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_line_goes_when_it_is_older_than_its_age),
        TEST(a_clock_that_was_ahead_keeps_nothing),
        TEST(nor_does_it_when_much_was_taken_in),
        TEST(what_waits_for_kafka_stays),
        TEST(without_kafka_nothing_stays_for_it),
        TEST(so_do_events_about_sources),
        TEST(a_person_stays_one_without_names),
        TEST(many_go_in_steps),
        TEST(so_do_entries_of_other_tables),
        TEST(entries_of_other_tables_go_by_their_own_age),
        TEST(old_counts_lose_what_they_say_of_victims),
        TEST(whatever_happens_counts_and_persons_are_right),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
