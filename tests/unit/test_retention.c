// SPDX-License-Identifier: EUPL-1.2
// What is too old goes and goes on counting; what is erased goes and counts no more. Clock, keys
// and Kafka's confirmations are the test's.
#include "books.h"

#include "books_private.h" // what is in the store
#include "codec/event.h"
#include "core/normalise.h"
#include "core_tables.h"
#include "scratch.h"

static const int64_t day_ms = 86400000, start_ms = 1709204400000; // 2024-02-29T11:00:00Z
enum { IDENTITY_DAYS = 100, SHORT_DAYS = 10, CELLS_DAYS = 1000, IDS = 30, PERSONS = 6, TEXT = 512 };

static char source_name[] = "amsterdam";
static struct source source = {
    .name = source_name, .kind = SOURCE_MUNICIPALITY, .municipality = 363};
static struct sources sources = {.list = &source, .count = 1, .references = 1000000};
static struct tables tables = {.references = 1000000};
static struct retention ages;
static int64_t now; // the clock

static struct books *open_books(void) {
    struct err err;
    struct books_options options = {
        .dir = scratch_dir, .bytes_max = 64 << 20, .topic = "signals", .window_ms = 100 * day_ms};
    struct books *books = books_open(&options, &err);
    if (!books)
        fail_msg("%s", err.text);
    return books;
}

static struct books *reopen(struct books *books) {
    books_close(books);
    return open_books();
}

static void commit_group(struct books *books, struct books_group *group) {
    books_commit(books, group, now);
    if (group->err.kind != ERR_NONE)
        fail_msg("%s", group->err.text);
    books_apply(books, group);
}

static void deliver(struct books *books, const char *text, bool polled) {
    struct batch_options options = {
        .limits = {.item_bytes_max = 65536, .items_max = 2000, .depth_max = 32},
        .identity_key = books_identity_key(books),
        .person_keys = books_person_keys(books)};
    struct batch *batch =
        batch_create(&sources, &source, &tables, DECODE_JSON, strdup(text), strlen(text));
    struct books_group group = {.batches = batch};
    batch->received_ms = now;
    batch->polled = batch->has_feed = polled;
    batch->page.first = true;
    batch_decode(batch, &options);
    commit_group(books, &group);
    books_group_free(&group);
    batch_free(batch);
}

static void confirm(struct books *books, uint64_t from, uint64_t upto) {
    struct books_group group = {.ack_count = upto - from + 1};
    group.acks = calloc(group.ack_count, sizeof *group.acks);
    for (uint64_t seq = from; seq <= upto; seq++)
        group.acks[seq - from] = (struct publish_ack){.seq = seq, .offset = (int64_t)seq};
    commit_group(books, &group);
    books_group_free(&group);
}

static bool no_kafka;

// A whole round; says how many steps.
static int expire(struct books *books) {
    struct batch_expire_place at = {0};
    bool more = true;
    int steps = 0;
    while (more) {
        struct batch *batch = batch_create_task(NULL, NULL, BATCH_EXPIRE);
        struct books_group group = {.batches = batch};
        batch->expire.retention = &ages;
        batch->expire.now_ms = now;
        batch->expire.publishing = !no_kafka;
        batch->expire.at = at;
        commit_group(books, &group);
        at = batch->expire.at;
        more = batch->expire.more;
        books_group_free(&group);
        batch_free(batch);
        assert_true(++steps < 1000);
    }
    return steps;
}

static struct digest identity_of(const struct books *books, const char *id) {
    struct digest identity;
    normalise_identity(books_identity_key(books), str_from(source_name), str_from(id), &identity);
    return identity;
}

static struct batch_erase erase(struct books *books, const char *id, bool publishing) {
    struct batch *batch = batch_create_task(&sources, &tables, BATCH_ERASE);
    struct books_group group = {.batches = batch};
    batch->erase.identity = identity_of(books, id);
    batch->erase.publishing = publishing;
    commit_group(books, &group);
    struct batch_erase result = batch->erase;
    books_group_free(&group);
    batch_free(batch);
    return result;
}

static uint64_t seq_of(const struct books *books, const char *id) {
    struct digest identity = identity_of(books, id);
    return books_find(books, &identity);
}

struct line {
    struct ledger_row row;
    char event[EVENT_VALUE_MAX + 1];
};

static void copy_line(void *ctx, const struct books_line *from) {
    struct line *line = ctx;
    line->row = from->row;
    (void)snprintf(line->event, sizeof line->event, "%.*s", (int)from->event.len, from->event.data);
}

static struct line line_at(struct books *books, uint64_t seq) {
    struct line line;
    assert_true(books_line_at(books, seq, copy_line, &line));
    return line;
}

static int64_t persons_of(const struct books *books) {
    static const struct counts_query all;
    struct counts_answer answer;
    counts_run(books_counts(books), books_persons(books), tables.municipalities, &all, &answer);
    free(answer.lines);
    return answer.persons;
}

static void compare_cell(void *ctx, const struct cell *cell, int64_t value) {
    assert_int_equal(counts_get(ctx, cell), value);
}

static void assert_same_counts(const struct counts *a, const struct counts *b) {
    counts_each(a, compare_cell, (void *)(uintptr_t)b);
    counts_each(b, compare_cell, (void *)(uintptr_t)a);
}

static bool count_entry(void *ctx, const struct word_record *word) {
    (void)word;
    ++*(size_t *)ctx;
    return true;
}

// --- expiry ---

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

static uint64_t pseudonyms(struct books *books) {
    struct store_txn txn;
    store_begin_read(books->store, &txn);
    uint64_t count = store_entries(&txn, STORE_PERSONS);
    store_abort(&txn);
    return count;
}

#define JAN "\"person\":{\"name\":\"Jan de Vries\",\"birthDate\":\"1990-05-17\"}"

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

// --- erasure ---

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

static void what_was_quarantined_under_the_id_goes_too(void **state) {
    (void)state;
    struct books *books = open_books();
    deliver(books, "[{\"id\":\"a1\",\"reported\":\"?\"},{\"id\":\"b1\",\"reported\":\"?\"}]", true);
    assert_true(erase(books, "a1", true).found);
    assert_int_equal(books_quarantined(books), 1);
    assert_int_equal(counts_total(books_counts(books)), 0);
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

static int set_up(void **state) {
    (void)state;
    struct err err;
    tables.municipalities = tables_municipalities();
    tables.categories = categories_load(STR("word,code\nprostitutie,SexualExploitation\n"
                                            "dwang,ForcedLabour\n"),
                                        "categories", &err);
    tables.lexicon = lexicon_load(STR("iets\n"), "lexicon", &err);
    ages = (struct retention){.identity_ms = IDENTITY_DAYS * day_ms,
                              .quarantine_ms = SHORT_DAYS * day_ms,
                              .words_ms = SHORT_DAYS * day_ms,
                              .audit_ms = SHORT_DAYS * day_ms,
                              .cells_ms = CELLS_DAYS * day_ms};
    return hash_init() && tables.categories && tables.lexicon ? 0 : 1;
}

static int tear_down(void **state) {
    (void)state;
    municipalities_free(tables.municipalities);
    categories_free(tables.categories);
    lexicon_free(tables.lexicon);
    return 0;
}

static int test_set_up(void **state) {
    now = start_ms;
    return scratch_setup(state);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_line_goes_when_it_is_older_than_its_age),
        TEST(what_waits_for_kafka_stays),
        TEST(so_do_events_about_sources),
        TEST(without_kafka_nothing_stays_for_it),
        TEST(a_person_stays_one_without_names),
        TEST(many_go_in_steps),
        TEST(entries_of_other_tables_go_by_their_own_age),
        TEST(old_counts_lose_what_they_say_of_victims),
        TEST(an_erased_signal_is_gone_and_does_not_come_back),
        TEST(what_is_on_its_way_to_kafka_goes_once_it_is_there),
        TEST(what_nobody_has_seen_is_not_taken_back),
        TEST(a_person_goes_with_the_last_signal),
        TEST(what_was_quarantined_under_the_id_goes_too),
        TEST(whatever_happens_counts_and_persons_are_right),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
