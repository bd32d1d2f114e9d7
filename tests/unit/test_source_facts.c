// SPDX-License-Identifier: EUPL-1.2
// What a source is told of others: one sum of months that are over, without itself, of several,
// none of which makes up most of it, and floored.
#include "retention_rig.h"

#include "ingest/source_private.h"

enum { BASE = 10, OTHERS = 4 };
static const struct {
    const char *name;
    uint16_t code;
} members[] = {{"a", 363}, {"b", 599}, {"c", 518}, {"d", 344}}; // one size class

static struct sources *load_members(void) {
    struct diagnostics faults;
    struct buf text;
    char *path = strdup(scratch_path("members.csv"));
    buf_init(&text, TEXT);
    buf_puts(&text, "name,kind,municipality\n");
    for (size_t i = 0; i < COUNT(members); i++)
        buf_printf(&text, "%s,municipality,GM%04u\n", members[i].name, members[i].code);
    buf_puts(&text, "coa,coa,GM0344\n");
    buf_putc(&text, '\0');
    scratch_write("members.csv", text.data, 0644);
    buf_free(&text);
    diagnostics_init(&faults);
    struct sources *all = sources_load(&(struct config){.sources_file = path}, &faults);
    if (!all)
        fail_msg("%s", faults.text.data);
    diagnostics_free(&faults);
    free(path);
    return all;
}

static void say_as(struct ledger *ledger, const char *name, int first, int count) {
    char text[TEXT];
    (void)snprintf(source_name, sizeof source_name, "%s", name);
    for (int i = first; i < first + count; i++) {
        (void)snprintf(text, sizeof text, "{\"id\":\"2017-%06d\",\"category\":\"prostitutie\"}", i);
        deliver(ledger, text, false);
    }
}

static struct source_facts told(struct ledger *ledger, const struct sources *all,
                                const char *name) {
    struct source_facts facts = {.ledger = ledger,
                                 .sources = all,
                                 .tables = &tables,
                                 .source = sources_find(all, str_from(name)),
                                 .rounding_base = BASE,
                                 .now_ms = now};
    source_facts_gather(&facts);
    source_facts_free(&facts);
    return facts;
}

static int64_t noon_of(int year, int month, int day) {
    return time_from_amsterdam(time_day_from_civil(year, month, day), day_ms / 2);
}

static void one_sum_that_nobody_takes_apart(void **state) {
    (void)state;
    struct sources *all = load_members();
    struct ledger *ledger = open_ledger();
    now = noon_of(2024, 3, 31);
    say_as(ledger, "a", 0, 7);
    say_as(ledger, "b", 0, 14);
    say_as(ledger, "c", 0, 9);
    struct source_facts facts = told(ledger, all, "a");
    assert_int_equal(facts.own_signals, 0); // the month is not over
    assert_false(facts.others_told);
    assert_int_equal(facts.months[SOURCE_MONTHS - 1].registered, 7);
    now = noon_of(2024, 4, 1);
    facts = told(ledger, all, "a");
    assert_int_equal(facts.own_signals, 7);
    assert_false(facts.others_told); // two others only
    assert_int_equal(facts.months[SOURCE_MONTHS - 1].registered, 0);
    assert_int_equal(facts.months[SOURCE_MONTHS - 2].registered, 7);
    now = noon_of(2024, 4, 30);
    say_as(ledger, "d", 0, 3);
    say_as(ledger, "coa", 0, 50); // no municipality's
    assert_false(told(ledger, all, "a").others_told);
    now = noon_of(2024, 5, 1);
    facts = told(ledger, all, "a");
    assert_false(facts.others_told); // 14 of 26: most of it is one's
    facts = told(ledger, all, "b");
    assert_true(facts.others_told); // 7 + 9 + 3
    assert_int_equal(facts.others_signals, 10);
    assert_int_equal(facts.own_signals, 14);
    assert_true(facts.others >= OTHERS - 1);
    ledger_close(ledger);
    sources_unref(all);
}

// Nothing that comes later, own or another's, moves what was told of these months.
static void it_stays(void **state) {
    (void)state;
    struct sources *all = load_members();
    struct ledger *ledger = open_ledger();
    now = noon_of(2024, 3, 15);
    for (size_t i = 0; i < COUNT(members); i++)
        say_as(ledger, members[i].name, 0, 9);
    now = noon_of(2024, 4, 2);
    struct source_facts before = told(ledger, all, "a");
    assert_true(before.others_told);
    assert_int_equal(before.others_signals, 20);
    for (size_t i = 0; i < COUNT(members); i++)
        say_as(ledger, members[i].name, 100, 30);
    (void)snprintf(source_name, sizeof source_name, "b");
    deliver(ledger, "{\"id\":\"2017-000001\",\"withdrawn\":true}", false);
    deliver(ledger, "{\"id\":\"2017-000002\",\"category\":\"dwang\"}", false);
    struct source_facts after = told(ledger, all, "a");
    assert_int_equal(after.others_signals, before.others_signals);
    assert_int_equal(after.own_signals, before.own_signals);
    assert_int_equal(told(ledger, all, "b").months[SOURCE_MONTHS - 1].withdrawn, 1);
    assert_int_equal(told(ledger, all, "b").months[SOURCE_MONTHS - 1].corrected, 1);
    now = noon_of(2025, 4, 2); // it is more than twelve months ago
    assert_int_equal(told(ledger, all, "a").own_signals, 30);
    ledger_close(ledger);
    sources_unref(all);
}

// Lines are found from a time on, also where the oldest are gone.
static void count_line(void *ctx, const struct ledger_entry *entry) {
    int *count = ctx;
    (void)entry;
    ++*count;
}

static void lines_since(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    int64_t first = noon_of(2024, 3, 1);
    for (int i = 0; i < 20; i++) {
        now = first + i * day_ms;
        say_as(ledger, "a", i, 1);
    }
    for (int i = 0; i <= 20; i++) {
        int count = 0;
        ledger_each_line(ledger, first + i * day_ms, count_line, &count);
        assert_int_equal(count, 20 - i);
    }
    ledger_close(ledger);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(one_sum_that_nobody_takes_apart),
        TEST(it_stays),
        TEST(lines_since),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
