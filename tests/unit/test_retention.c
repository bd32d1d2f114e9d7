// SPDX-License-Identifier: EUPL-1.2
// What is too old goes and goes on counting.
#include "retention_rig.h"

static void a_line_goes_when_it_is_older_than_its_age(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    deliver(ledger, "[{\"id\":\"a1\"},{\"id\":\"b1\"}]", false);
    now += day_ms;
    deliver(ledger, "[{\"id\":\"b1\",\"victim\":{\"gender\":\"man\"}},{\"id\":\"c1\"}]", false);
    assert_int_equal(ledger_last_seq(ledger), 4);
    now = start_ms + IDENTITY_DAYS * day_ms;
    confirm(ledger, 1, 4);
    expire(ledger); // exactly as old
    assert_int_equal(ledger_first_seq(ledger), 1);
    now++;
    expire(ledger);
    assert_int_equal(ledger_first_seq(ledger), 3); // the older version of b1 as well
    assert_int_equal(seq_of(ledger, "a1"), 0);
    assert_int_equal(seq_of(ledger, "b1"), 3);
    assert_int_equal(ledger_totals(ledger)->expired, 1);
    assert_int_equal(counts_total(ledger_counts(ledger)), 3);
    ledger = reopen(ledger);
    assert_int_equal(ledger_first_seq(ledger), 3);
    assert_int_equal(counts_total(ledger_counts(ledger)), 3);
    now = start_ms - 1000 * day_ms; // the clock goes back
    expire(ledger);
    assert_int_equal(ledger_first_seq(ledger), 3);
    now = start_ms + 2000 * day_ms;
    expire(ledger);
    assert_int_equal(ledger_first_seq(ledger), 5);
    ledger = reopen(ledger); // an empty ledger: numbers go on
    assert_int_equal(counts_total(ledger_counts(ledger)), 3);
    deliver(ledger, "{\"id\":\"a1\"}", false);
    assert_int_equal(seq_of(ledger, "a1"), 5);
    assert_int_equal(counts_total(ledger_counts(ledger)), 4); // new to us
    ledger_close(ledger);
}

// It would else keep all lines behind it until the day that the clock said has come.
static void a_clock_that_was_ahead_keeps_nothing(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    deliver(ledger, "{\"id\":\"a1\"}", false);
    now = start_ms + 3650 * day_ms;
    deliver(ledger, "[{\"id\":\"b1\"},{\"id\":\"b2\"}]", false);
    now = start_ms + day_ms;
    deliver(ledger, "{\"id\":\"c1\"}", false);
    now = start_ms + 50 * day_ms;
    deliver(ledger, "{\"id\":\"d1\"}", false);
    now = start_ms + 3650 * day_ms;
    deliver(ledger, "{\"id\":\"e1\"}", false);
    confirm(ledger, 1, 6);
    now = start_ms + (IDENTITY_DAYS + 1) * day_ms;
    expire(ledger);
    assert_int_equal(ledger_first_seq(ledger), 2); // as old as c1, and that is exactly as old
    now++;
    expire(ledger);
    assert_int_equal(ledger_first_seq(ledger), 5);
    now = start_ms + 2000 * day_ms;
    expire(ledger);
    assert_int_equal(ledger_first_seq(ledger), 6); // nothing behind it says how old it is
    now = start_ms + 3750 * day_ms + 1;
    expire(ledger);
    assert_int_equal(ledger_first_seq(ledger), 7);
    ledger_close(ledger);
}

// More than are looked at in one step.
static void nor_does_it_when_much_was_taken_in(void **state) {
    (void)state;
    enum { ROUNDS = 3, LINES = 2000 };
    struct ledger *ledger = open_ledger();
    now = start_ms + 3650 * day_ms;
    for (int round = 0; round < ROUNDS; round++) {
        struct buf text;
        buf_init(&text, 1 << 17);
        for (int i = 0; i < LINES; i++)
            buf_printf(&text, "%c{\"id\":\"x%d-%d\"}", i ? ',' : '[', round, i);
        buf_puts(&text, "]");
        char *body = buf_take(&text);
        deliver(ledger, body, false);
        free(body);
    }
    confirm(ledger, 1, (uint64_t)ROUNDS * LINES);
    now = start_ms;
    assert_in_range(expire(ledger), 2, 4); // nothing says how old they are
    assert_int_equal(ledger_first_seq(ledger), 1);
    deliver(ledger, "{\"id\":\"right\"}", false);
    now = start_ms + IDENTITY_DAYS * day_ms + 1;
    assert_in_range(expire(ledger), ROUNDS * LINES / 500, ROUNDS * LINES / 500 + 4);
    assert_int_equal(ledger_first_seq(ledger), ROUNDS * LINES + 1); // it waits
    assert_int_equal(ledger_totals(ledger)->expired, ROUNDS * LINES);
    ledger_close(ledger);
}

static void what_waits_for_kafka_stays(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    deliver(ledger, "[{\"id\":\"a1\"},{\"id\":\"b1\"},{\"id\":\"c1\"}]", false);
    confirm(ledger, 1, 1);
    confirm(ledger, 3, 3);
    now += 200 * day_ms;
    expire(ledger);
    assert_int_equal(ledger_first_seq(ledger), 2);
    assert_int_equal(seq_of(ledger, "c1"), 3); // in order
    confirm(ledger, 2, 2);
    expire(ledger);
    assert_int_equal(ledger_first_seq(ledger), 4);
    assert_int_equal(ledger_totals(ledger)->expired, 3);
    ledger_close(ledger);
}

static void without_kafka_nothing_stays_for_it(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    deliver(ledger, "[{\"id\":\"a1\"},{\"id\":\"b1\"}]", false);
    now += 50 * day_ms;
    deliver(ledger, "[{\"id\":\"a1\",\"status\":\"confirmed\"},{\"id\":\"c1\"}]", false);
    assert_int_equal(ledger_unpublished(ledger), 4);
    no_kafka = true;
    now += 60 * day_ms;
    expire(ledger);
    assert_int_equal(ledger_first_seq(ledger), 3);
    assert_int_equal(ledger_unpublished(ledger), 2);
    assert_int_equal(ledger_totals(ledger)->never_published, 2);
    assert_int_equal(ledger_totals(ledger)->expired, 1);
    now += 50 * day_ms;
    expire(ledger);
    no_kafka = false;
    assert_int_equal(ledger_unpublished(ledger), 0);
    assert_int_equal(ledger_last_seq(ledger), 4);
    assert_int_equal(counts_total(ledger_counts(ledger)), 3);
    ledger_close(ledger);
    ledger = open_ledger();
    assert_int_equal(ledger_unpublished(ledger), 0);
    assert_int_equal(ledger_last_seq(ledger), 4);
    assert_int_equal(ledger_first_seq(ledger), 5);
    deliver(ledger, "{\"id\":\"a1\"}", false);
    assert_int_equal(ledger_last_seq(ledger), 5);
    ledger_close(ledger);
}

static void so_do_events_about_sources(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    deliver(ledger, "{\"id\":\"a1\"}", false);
    struct delivery *delivery = delivery_create(&sources, &source, &tables, DECODE_JSON, NULL, 0);
    struct ledger_group group = {.tasks = &delivery->task};
    delivery->task.run = ledger_tell_silence;
    now += 40 * day_ms;
    delivery->received_ms = now;
    commit_group(ledger, &group);
    ledger_group_free(&group);
    delivery_free(delivery);
    assert_int_equal(ledger_last_seq(ledger), 2);
    confirm(ledger, 1, 1);
    now += 200 * day_ms;
    expire(ledger);
    assert_int_equal(ledger_first_seq(ledger), 2);
    confirm(ledger, 2, 2);
    expire(ledger);
    assert_int_equal(ledger_first_seq(ledger), 3);
    ledger_close(ledger);
}

// The names of members of a person are of no use to find the signals that have gone.
static void a_person_stays_one_without_names(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    deliver(ledger, "[{\"id\":\"a1\"," JAN "},{\"id\":\"b1\"," JAN "}]", false);
    now += 60 * day_ms;
    deliver(ledger, "{\"id\":\"c1\"," JAN "}", false);
    confirm(ledger, 1, 3);
    now = start_ms + 101 * day_ms;
    expire(ledger);
    assert_int_equal(ledger_first_seq(ledger), 3);
    assert_int_equal(persons_of(ledger), 1);
    assert_int_equal(persons_members(ledger_persons(ledger)), 3);
    deliver(ledger, "{\"id\":\"a1\"," JAN "}", false); // as new as any
    assert_int_equal(persons_members(ledger_persons(ledger)), 4);
    assert_int_equal(persons_of(ledger), 1);
    assert_int_equal(pseudonyms(ledger), 1);
    confirm(ledger, 4, 4);
    now += 100 * day_ms;
    expire(ledger);
    assert_int_equal(pseudonyms(ledger), 1); // exactly as old
    now++;
    expire(ledger);
    assert_int_equal(pseudonyms(ledger), 0);
    assert_int_equal(persons_of(ledger), 1);
    ledger = reopen(ledger);
    assert_int_equal(persons_of(ledger), 1);
    ledger_close(ledger);
}

static void many_go_in_steps(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    struct buf text;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 1300; i++)
        buf_printf(&text, "%c{\"id\":\"x%d\"}", i ? ',' : '[', i);
    buf_puts(&text, "]");
    char *body = buf_take(&text);
    deliver(ledger, body, false);
    free(body);
    confirm(ledger, 1, 1300);
    now += 200 * day_ms;
    assert_int_equal(expire(ledger), 3);
    assert_int_equal(ledger_totals(ledger)->expired, 1300);
    assert_int_equal(counts_total(ledger_counts(ledger)), 1300);
    ledger_close(ledger);
}

static void append_audit_line(struct ledger *ledger) {
    struct audit_task line = {.task.run = ledger_append_audit};
    struct ledger_group group = {.tasks = &line.task};
    buf_init(&line.line, AUDIT_LINE_MAX);
    buf_puts(&line.line, "\"time\":\"2024-02-29T12:00:00.000Z\",\"action\":\"x\"");
    commit_group(ledger, &group);
    ledger_group_free(&group);
    buf_free(&line.line);
}

// All steps; what each table lost, and no step more than it may.
static void expire_counted(struct ledger *ledger, uint64_t step_max,
                           uint64_t removed[EXPIRE_TABLES]) {
    struct expire_task step = {.more = true};
    memset(removed, 0, EXPIRE_TABLES * sizeof *removed);
    for (int steps = 0; step.more; steps++) {
        uint64_t sum = 0;
        step = (struct expire_task){.task.run = ledger_expire,
                                    .retention = &ages,
                                    .now_ms = now,
                                    .publishing = true,
                                    .at = step.at};
        struct ledger_group group = {.tasks = &step.task};
        commit_group(ledger, &group);
        ledger_group_free(&group);
        for (int i = 0; i < EXPIRE_TABLES; i++) {
            sum += step.removed[i];
            removed[i] += step.removed[i];
        }
        assert_true(sum <= step_max && steps < 10);
    }
}

// A step takes so many, of whatever table. What an earlier table has used up a later one does not
// have, and goes all the same in the next step.
static void a_step_that_is_full_takes_nothing_of_later_tables(void **state) {
    (void)state;
    enum { STEP = 500 };
    static const enum expire_table later[] = {EXPIRE_QUARANTINE, EXPIRE_UNMAPPED, EXPIRE_AUDIT};
    struct ledger *ledger = open_ledger();
    for (int round = 0; round < 9; round++) {
        int lines = STEP - 1 + round / 3;
        enum expire_table table = later[round % 3];
        struct buf text;
        buf_init(&text, 1 << 20);
        for (int i = 0; i < lines; i++)
            buf_printf(
                &text, "%c{\"id\":\"x%d-%d\",\"reported\":\"2024-02-29\",\"category\":\"%s\"}",
                i ? ',' : '[', round, i, i == 0 && table == EXPIRE_UNMAPPED ? "iets" : "Other");
        if (table == EXPIRE_QUARANTINE)
            buf_printf(&text, ",{\"id\":\"y%d\",\"reported\":\"?\"}", round);
        buf_puts(&text, "]");
        char *body = buf_take(&text);
        uint64_t first = ledger_last_seq(ledger) + 1, removed[EXPIRE_TABLES];
        deliver(ledger, body, true);
        free(body);
        if (table == EXPIRE_AUDIT)
            append_audit_line(ledger);
        confirm(ledger, first, first + (uint64_t)lines - 1);
        now += 200 * day_ms;
        expire_counted(ledger, STEP, removed);
        assert_int_equal(removed[EXPIRE_ENTRIES], lines);
        for (size_t i = 0; i < COUNT(later); i++)
            assert_int_equal(removed[later[i]], later[i] == table);
    }
    ledger_close(ledger);
}

// More than go in one step, and of pseudonyms more than are looked at in one, some of them not due.
static void so_do_entries_of_other_tables(void **state) {
    (void)state;
    enum { FEW = 4 };
    struct ledger *ledger = open_ledger();
    struct buf text;
    for (int round = 0; round < 6; round++) {
        buf_init(&text, 1 << 20);
        for (int i = 0; i < 1000; i++)
            buf_printf(&text,
                       "%c{\"id\":\"x%d-%d\",\"reported\":\"2024-02-29\",\"category\":\"?%d\","
                       "\"person\":{\"vNumber\":\"2%09d\"}}",
                       i ? ',' : '[', round, i, i, round * 1000 + i);
        for (int i = 0; i < 150; i++)
            buf_printf(&text, ",{\"id\":\"y%d-%d\",\"reported\":\"?\"}", round, i);
        buf_puts(&text, "]");
        char *body = buf_take(&text);
        deliver(ledger, body, true);
        free(body);
    }
    assert_int_equal(ledger_unmapped(ledger), LEDGER_UNMAPPED_SOURCE_MAX);
    assert_int_equal(ledger_quarantined(ledger), 900);
    assert_int_equal(pseudonyms(ledger), 6000);
    confirm(ledger, 1, 6000);
    now += (SHORT_DAYS + 1) * day_ms;
    assert_in_range(expire(ledger), FEW, 100);
    assert_int_equal(ledger_unmapped(ledger), 0);
    assert_int_equal(ledger_quarantined(ledger), 0);
    assert_int_equal(pseudonyms(ledger), 6000);
    // the same persons again, but for some: they are as old as their last signal
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 700; i++)
        buf_printf(&text, "%c{\"id\":\"z%d\",\"person\":{\"vNumber\":\"2%09d\"}}", i ? ',' : '[', i,
                   i * 8);
    buf_puts(&text, "]");
    char *body = buf_take(&text);
    deliver(ledger, body, false);
    free(body);
    now += (IDENTITY_DAYS - 1) * day_ms;
    confirm(ledger, 6001, 6700);
    assert_in_range(expire(ledger), 2 * 5300 / 500, 100);
    assert_int_equal(pseudonyms(ledger), 700);
    assert_int_equal(ledger_first_seq(ledger), 6001);
    assert_int_equal(persons_of(ledger), 6000);
    ledger = reopen(ledger);
    assert_int_equal(ledger_unmapped(ledger), 0);
    assert_int_equal(ledger_quarantined(ledger), 0);
    assert_int_equal(persons_of(ledger), 6000);
    ledger_close(ledger);
}

static void entries_of_other_tables_go_by_their_own_age(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    size_t words = 0;
    deliver(ledger,
            "[{\"id\":\"a1\",\"reported\":\"2024-02-29\",\"category\":\"iets\"},{\"id\":\"b1\","
            "\"reported\":\"?\"}]",
            true);
    assert_int_equal(ledger_unmapped(ledger), 1);
    assert_int_equal(ledger_quarantined(ledger), 1);
    now += SHORT_DAYS * day_ms;
    expire(ledger);
    assert_int_equal(ledger_unmapped(ledger), 1);
    assert_int_equal(ledger_quarantined(ledger), 1);
    now++;
    expire(ledger);
    ledger_each_unmapped(ledger, count_entry, &words);
    assert_int_equal(words, 0);
    assert_int_equal(ledger_unmapped(ledger), 0);
    assert_int_equal(ledger_quarantined(ledger), 0);
    ledger = reopen(ledger);
    assert_int_equal(ledger_unmapped(ledger), 0);
    assert_int_equal(ledger_quarantined(ledger), 0);
    ledger_close(ledger);
}

static void old_counts_lose_what_they_say_of_victims(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    struct cell cell;
    deliver(ledger,
            "[{\"id\":\"a1\",\"reported\":\"2024-02-01\",\"category\":\"prostitutie\","
            "\"victim\":{\"gender\":\"man\",\"age\":30,\"citizenship\":\"NG\"}},"
            "{\"id\":\"b1\",\"reported\":\"2024-02-02\",\"category\":\"prostitutie\","
            "\"victim\":{\"gender\":\"vrouw\",\"age\":12}}]",
            false);
    cell = line_at(ledger, 1).entry.cell;
    assert_int_not_equal(cell.gender, GENDER_UNKNOWN);
    confirm(ledger, 1, 2);
    now += 200 * day_ms;
    expire(ledger);
    assert_int_equal(counts_get(ledger_counts(ledger), &cell), 1);
    now = start_ms + CELLS_DAYS * day_ms; // the month's last day
    expire(ledger);
    assert_int_equal(counts_get(ledger_counts(ledger), &cell), 1);
    now += day_ms;
    expire(ledger);
    assert_int_equal(counts_get(ledger_counts(ledger), &cell), 0);
    cell.gender = GENDER_UNKNOWN;
    cell.age_group = AGE_UNKNOWN;
    cell.citizenship = CITIZENSHIP_UNKNOWN;
    assert_int_equal(counts_get(ledger_counts(ledger), &cell), 2);
    ledger = reopen(ledger);
    assert_int_equal(counts_get(ledger_counts(ledger), &cell), 2);
    assert_int_equal(counts_total(ledger_counts(ledger)), 2);
    ledger_close(ledger);
}

static void is_plain(void *ctx, uint64_t person, const struct digest *member,
                     const struct cell *cell) {
    (void)person;
    (void)member;
    assert_int_equal(cell->gender, GENDER_UNKNOWN);
    ++*(size_t *)ctx;
}

// Nor do the members of persons say more, of whom there may be many: a step takes so many.
static void members_lose_it_in_steps(void **state) {
    (void)state;
    enum { PAIRS = 700, STEP = 500 };
    struct ledger *ledger = open_ledger();
    uint64_t removed[EXPIRE_TABLES];
    struct buf text;
    size_t members = 0;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 2 * PAIRS; i++)
        buf_printf(&text,
                   "%c{\"id\":\"p%d\",\"reported\":\"2024-02-01\",\"victim\":{\"gender\":\"man\"},"
                   "\"person\":{\"vNumber\":\"2%09d\"}}",
                   i ? ',' : '[', i, i / 2);
    buf_puts(&text, "]");
    char *body = buf_take(&text);
    deliver(ledger, body, false);
    free(body);
    confirm(ledger, 1, 2 * PAIRS);
    now += 200 * day_ms;
    expire(ledger);
    assert_int_equal(persons_of(ledger), PAIRS);
    now = start_ms + (CELLS_DAYS + 1) * day_ms;
    expire_counted(ledger, STEP, removed);
    assert_int_equal(removed[EXPIRE_MEMBERS], 2 * PAIRS);
    assert_int_equal(removed[EXPIRE_CELLS], 0); // nobody is left there
    assert_int_equal(persons_of(ledger), PAIRS);
    assert_int_equal(counts_total(ledger_counts(ledger)), 2 * PAIRS);
    ledger = reopen(ledger);
    persons_each(ledger_persons(ledger), is_plain, &members);
    assert_int_equal(members, 2 * PAIRS);
    assert_int_equal(persons_of(ledger), PAIRS);
    ledger_close(ledger);
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

static void count_latest(struct model *m, struct ledger *ledger, const char *id, int change) {
    uint64_t seq = seq_of(ledger, id);
    struct line line;
    if (!seq)
        return;
    line = line_at(ledger, seq);
    if (line.entry.counts)
        counts_add(m->counts, &line.entry.cell, change);
}

static void deliver_one(struct model *m, struct ledger *ledger) {
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
    count_latest(m, ledger, id, -1);
    deliver(ledger, text, false);
    count_latest(m, ledger, id, 1);
}

static void erase_one(struct model *m, struct ledger *ledger) {
    char id[8];
    name_id(id, pick(m, IDS));
    count_latest(m, ledger, id, -1);
    (void)erase(ledger, id, pick(m, 2));
    count_latest(m, ledger, id, 1); // nothing: it does not count
}

static void expire_some(struct ledger *ledger) {
    int64_t persons = persons_of(ledger);
    uint64_t first = ledger_first_seq(ledger);
    expire(ledger);
    assert_int_equal(persons_of(ledger), persons);
    assert_true(ledger_first_seq(ledger) >= first);
    for (uint64_t n = 0; n < IDS; n++) { // what the index names is there, and young or waiting
        char id[8];
        name_id(id, n);
        uint64_t seq = seq_of(ledger, id);
        assert_true(seq == 0 || seq >= ledger_first_seq(ledger));
    }
}

static void whatever_happens_counts_and_persons_are_right(void **state) {
    (void)state;
    struct model m = {.random = unit_seed(), .counts = counts_create()};
    struct ledger *ledger = open_ledger();
    uint64_t confirmed = 0;
    ages.cells_ms = 100000 * day_ms;
    for (int turn = 0; turn < 1500; turn++) {
        now += (int64_t)pick(&m, 3) * day_ms;
        if (pick(&m, 20))
            deliver_one(&m, ledger);
        else
            erase_one(&m, ledger);
        if (pick(&m, 4) == 0 && ledger_last_seq(ledger) > confirmed) {
            uint64_t upto = confirmed + 1 + pick(&m, ledger_last_seq(ledger) - confirmed);
            confirm(ledger, confirmed + 1, upto);
            confirmed = upto;
        }
        if (pick(&m, 10) == 0)
            expire_some(ledger);
        assert_same_counts(m.counts, ledger_counts(ledger));
        if (pick(&m, 100) == 0) {
            int64_t persons = persons_of(ledger);
            ledger = reopen(ledger);
            assert_int_equal(persons_of(ledger), persons);
            assert_same_counts(m.counts, ledger_counts(ledger));
        }
    }
    assert_true(ledger_first_seq(ledger) > 1);
    ledger_close(ledger);
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
        TEST(a_step_that_is_full_takes_nothing_of_later_tables),
        TEST(so_do_entries_of_other_tables),
        TEST(entries_of_other_tables_go_by_their_own_age),
        TEST(old_counts_lose_what_they_say_of_victims),
        TEST(members_lose_it_in_steps),
        TEST(whatever_happens_counts_and_persons_are_right),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
