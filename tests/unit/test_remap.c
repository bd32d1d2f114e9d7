// SPDX-License-Identifier: EUPL-1.2
// What tables with more words make of the signals that had them.
#include "codec/event.h"
#include "core/normalise/remap.h"
#include "unmapped_rig.h"

enum { PIECE_LINES = 2000, SEXUAL = 1 << CATEGORY_SEXUAL_EXPLOITATION };
enum { LABOUR = 1 << CATEGORY_FORCED_LABOUR, UNKNOWN = 1 << CATEGORY_UNKNOWN };

static void assert_holds(const char *text, const char *part) {
    if (!strstr(text, part))
        fail_msg("%s is not in %s", part, text);
}

struct verify {
    struct ledger *ledger;
    struct counts *counts;
};

static void take_off(void *ctx, const struct ledger_event *line) {
    if (line->entry.counts)
        counts_add(ctx, &line->entry.cell, -1);
}

static bool add_line(void *ctx, const struct ledger_event *line) {
    struct verify *verify = ctx;
    if (line->entry.previous)
        assert_true(
            ledger_event_at(verify->ledger, line->entry.previous, take_off, verify->counts));
    if (line->entry.counts)
        counts_add(verify->counts, &line->entry.cell, 1);
    return true;
}

static void compare_cell(void *ctx, const struct cell *cell, int64_t value) {
    assert_int_equal(counts_get(ctx, cell), value);
}

// The counts are those of the lines.
static void assert_counts_whole(struct ledger *ledger) {
    struct verify verify = {ledger, counts_create()};
    ledger_each_event(ledger, 1, UINT64_MAX, add_line, &verify);
    assert_int_equal(counts_total(verify.counts), counts_total(ledger_counts(ledger)));
    counts_each(ledger_counts(ledger), compare_cell, verify.counts);
    counts_each(verify.counts, compare_cell, (void *)ledger_counts(ledger));
    counts_free(verify.counts);
}

static void a_word_that_becomes_known_moves_its_signals(void **state) {
    (void)state;
    static const char text[] =
        "{\"id\":\"7\",\"reported\":\"2023-05-06\",\"municipality\":\"Weesp\","
        "\"category\":\"mobiel banditisme\"}";
    struct ledger *ledger = open_ledger();
    post(ledger, amsterdam, &old_tables, text);
    post(ledger, amsterdam, &old_tables, "{\"id\":\"8\",\"category\":\"prostitutie\"}");
    post(ledger, amsterdam, &old_tables, "{\"id\":\"9\",\"category\":\"iets anders\"}");
    assert_latest(ledger, amsterdam, "7", 1, UNKNOWN, 363);
    assert_remapped(ledger, &old_tables, 2, 0); // the tables are as they were
    assert_remapped(ledger, &new_tables, 2, 1);
    struct last_line last = latest(ledger, amsterdam, "7");
    assert_int_equal(last.entry.seq, 4);
    assert_int_equal(last.entry.previous, 1);
    assert_int_equal(last.entry.version, 2);
    assert_int_equal(last.entry.verdict, VERDICT_CORRECTED);
    assert_true(last.entry.remapped);
    assert_int_equal(last.entry.unknown_count, 0);
    assert_holds(last.event, "\"version\":2");
    assert_holds(last.event, "\"asReported\":\"Weesp\",\"today\":\"GM0363\"");
    assert_holds(last.event, "\"categories\":[\"ForcedLabour\"],\"reported\":\"2023-05-06\"");
    assert_holds(strstr(last.event, "\"previous\":"), "\"categories\":[\"Unknown\"]");
    assert_string_equal(event_type(&last.entry), "signal.corrected.v1");
    assert_counts_whole(ledger);
    assert_int_equal(ledger_totals(ledger)->remapped, 1);
    assert_int_equal(ledger_totals(ledger)->verdicts[VERDICT_CORRECTED], 0); // nobody sent it
    struct synonyms words = all_words(ledger);
    assert_int_equal(words.count, 1);
    assert_int_equal(words.list[0].view.letters, 10);
    // the source says nothing new
    assert_int_equal(post(ledger, amsterdam, &new_tables, text), VERDICT_DUPLICATE);
    assert_remapped(ledger, &new_tables, 1, 0);
    ledger_close(ledger);
    ledger = open_ledger();
    assert_latest(ledger, amsterdam, "7", 2, LABOUR, 363);
    assert_counts_whole(ledger);
    assert_int_equal(post(ledger, amsterdam, &new_tables, text), VERDICT_DUPLICATE);
    ledger_close(ledger);
}

static void several_words_of_one_signal(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    post(ledger, coa, &old_tables,
         "[{\"id\":\"1\",\"categories\":[\"sekswerk\",\"iets anders\"]},"
         "{\"id\":\"2\",\"categories\":[\"sekswerk\",\"onbekend\"]},"
         "{\"id\":\"3\",\"categories\":[\"sekswerk\",\"mobiel banditisme\"]},"
         "{\"id\":\"4\",\"categories\":[\"sekswerk\",\"prostitutie\"]},"
         "{\"id\":\"5\",\"categories\":[\"sekswerk\",\"iets anders\",\"prostitutie\"]},"
         "{\"id\":\"6\",\"categories\":[\"weet niet\"]},"
         "{\"id\":\"7\",\"categories\":[\"weet niet\",\"sekswerk\"]}]");
    assert_remapped(ledger, &new_tables, 7, 5);
    assert_latest(ledger, coa, "1", 2, SEXUAL | UNKNOWN, 0); // one word is still not known
    assert_latest(ledger, coa, "2", 2, SEXUAL | UNKNOWN, 0); // the source said so
    assert_latest(ledger, coa, "3", 2, SEXUAL | LABOUR, 0);
    assert_latest(ledger, coa, "4", 2, SEXUAL, 0);
    assert_latest(ledger, coa, "5", 1, SEXUAL | UNKNOWN, 0); // counts where it did
    assert_latest(ledger, coa, "6", 1, UNKNOWN, 0);
    assert_latest(ledger, coa, "7", 2, SEXUAL | UNKNOWN, 0); // that word means unknown
    assert_counts_whole(ledger);
    assert_int_equal(ledger_unmapped(ledger), 1);
    assert_int_equal(latest(ledger, coa, "1").entry.unknown_count, 1);
    ledger_close(ledger);
}

static void a_municipality_that_becomes_known(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    static const char text[] =
        "[{\"id\":\"1\",\"municipality\":\"MOKUM\",\"category\":\"prostitutie\"},"
        "{\"id\":\"2\",\"municipality\":\"Mokum\",\"category\":\"sekswerk\"},"
        "{\"id\":\"3\",\"municipality\":\"bergen 'aan' zee\"},"
        "{\"id\":\"4\",\"municipality\":\"Bergen\"},"
        "{\"id\":\"5\",\"municipality\":\"GM9999\"}]";
    post(ledger, coa, &old_tables, text);
    assert_latest(ledger, coa, "2", 1, UNKNOWN, 0);
    assert_remapped(ledger, &new_tables, 5, 3);
    assert_latest(ledger, coa, "1", 2, SEXUAL, 363);
    assert_latest(ledger, coa, "2", 2, SEXUAL, 363);
    assert_latest(ledger, coa, "3", 2, UNKNOWN, 373);
    assert_latest(ledger, coa, "4", 1, UNKNOWN, 0); // there are two
    assert_latest(ledger, coa, "5", 1, UNKNOWN, 0);
    assert_holds(latest(ledger, coa, "1").event,
                 "\"municipality\":{\"code\":\"GM0363\",\"name\":\"Amsterdam\",\"asReported\":"
                 "\"Mokum\",\"today\":\"GM0363\"},\"province\":\"PV27\"");
    // the partition is that of the first version
    assert_int_equal(latest(ledger, coa, "1").entry.key_municipality, 0);
    assert_counts_whole(ledger);
    assert_int_equal(ledger_unmapped(ledger), 2);
    assert_int_equal(post(ledger, coa, &new_tables, text), VERDICT_DUPLICATE);
    assert_int_equal(ledger_last_seq(ledger), 8);
    ledger_close(ledger);
}

// The spelling of the version before, where this one has none of its own.
static void a_spelling_is_taken_over(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    post(ledger, coa, &new_tables,
         "[{\"id\":\"1\",\"municipality\":\"bergen aan zee\",\"category\":\"twee\"},"
         "{\"id\":\"2\",\"category\":\"twee\"}]");
    struct tables with_two = {.references = 1000000};
    load_tables(&with_two, "word,code\ntwee,ForcedLabour\n", "");
    assert_remapped(ledger, &with_two, 2, 2);
    assert_holds(latest(ledger, coa, "1").event, "\"asReported\":\"Bergen \\\"aan\\\" Zee\"");
    assert_holds(latest(ledger, coa, "2").event, "\"asReported\":null");
    free_tables(&with_two);
    ledger_close(ledger);
}

static void province_of_the_source_decides(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    struct tables with_more = {.references = 1000000};
    load_tables(&with_more, old_words, "\nBergendorp,GM0373\nBergendorp,GM0893\n");
    post(ledger, coa, &old_tables, "{\"id\":\"1\",\"municipality\":\"Bergendorp\"}");
    post(ledger, amsterdam, &old_tables, "{\"id\":\"1\",\"municipality\":\"Bergendorp\"}");
    assert_remapped(ledger, &with_more, 2, 1);
    assert_latest(ledger, amsterdam, "1", 2, UNKNOWN, 373);
    assert_latest(ledger, coa, "1", 1, UNKNOWN, 0);
    struct synonyms words = all_words(ledger);
    assert_int_equal(words.count, 1);
    assert_word(&words.list[0], "coa", UNMAPPED_MUNICIPALITY, "", 1);
    free_tables(&with_more);
    ledger_close(ledger);
}

// A name is what it was on the day of the report: this municipality has been split since.
static void the_day_of_the_report_decides(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    post(ledger, coa, &old_tables,
         "[{\"id\":\"1\",\"reported\":\"2016-05-01\",\"municipality\":\"littens\"},"
         "{\"id\":\"2\",\"reported\":\"2016-05-01\",\"municipality\":\"oud weesp\"},"
         "{\"id\":\"3\",\"reported\":\"2023-05-01\",\"municipality\":\"oud weesp\"}]");
    assert_remapped(ledger, &new_tables, 3, 3);
    assert_latest(ledger, coa, "1", 2, UNKNOWN, 140);
    assert_latest(ledger, coa, "2", 2, UNKNOWN, 457);
    assert_int_equal(latest(ledger, coa, "2").entry.municipality_today, 363);
    assert_latest(ledger, coa, "3", 2, UNKNOWN, 363);
    assert_int_equal(ledger_unmapped(ledger), 0);
    ledger_close(ledger);
}

static void erase(struct ledger *ledger, const struct source *source, const char *id) {
    struct erase_task delivery = {.task.run = ledger_erase, .tables = &old_tables};
    normalise_identity(ledger_identity_key(ledger), str_from(source->name), str_from(id),
                       &delivery.identity);
    commit_group(ledger, &delivery.task);
    assert_true(delivery.found);
}

static void what_is_withdrawn_erased_or_replaced_is_left_alone(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    post(ledger, coa, &old_tables,
         "[{\"id\":\"1\",\"category\":\"mobiel "
         "banditisme\"},{\"id\":\"2\",\"category\":\"sekswerk\"},"
         "{\"id\":\"3\",\"category\":\"sekswerk\"},{\"id\":\"4\",\"category\":\"sekswerk\"}]");
    post(ledger, coa, &old_tables,
         "[{\"id\":\"1\",\"withdrawn\":true},"
         "{\"id\":\"3\",\"category\":\"prostitutie\"}]");
    erase(ledger, coa, "2");
    uint64_t lines = ledger_last_seq(ledger);
    // a newer version that comes in the same group
    struct delivery *newer =
        new_batch(coa, &old_tables, "{\"id\":\"4\",\"categories\":[\"sekswerk\",\"prostitutie\"]}");
    struct remap_task task = {.task.run = ledger_remap, .tables = &new_tables, .sources = sources};
    newer->task.next = &task.task;
    commit_group(ledger, &newer->task);
    assert_int_equal(task.looked, 1);
    assert_int_equal(task.changed, 1);
    delivery_free(newer);
    assert_int_equal(ledger_last_seq(ledger), lines + 2);
    assert_latest(ledger, coa, "1", 2, UNKNOWN, 0);
    assert_false(latest(ledger, coa, "1").entry.counts);
    assert_true(latest(ledger, coa, "2").entry.erased);
    assert_latest(ledger, coa, "3", 2, SEXUAL, 0);
    assert_latest(ledger, coa, "4", 3, SEXUAL, 0);
    assert_int_equal(ledger_unmapped(ledger), 0); // also of those: a table has it
    assert_int_equal(counts_total(ledger_counts(ledger)), 2);
    // what comes back does so by the tables in force
    assert_int_equal(post(ledger, coa, &new_tables, "{\"id\":\"1\",\"category\":\"Sekswerk\"}"),
                     VERDICT_CORRECTED);
    assert_latest(ledger, coa, "1", 3, SEXUAL, 0);
    ledger_close(ledger);
}

static void a_dry_run_changes_nothing(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    post(ledger, coa, &old_tables,
         "[{\"id\":\"1\",\"category\":\"sekswerk\"},"
         "{\"id\":\"2\",\"category\":\"iets anders\"}]");
    size_t pieces;
    struct remap_task sum = remap(ledger, &new_tables, true, &pieces);
    assert_int_equal(sum.looked, 2);
    assert_int_equal(sum.changed, 1);
    assert_int_equal(ledger_last_seq(ledger), 2);
    assert_int_equal(ledger_unmapped(ledger), 2);
    assert_int_equal(ledger_totals(ledger)->remapped, 0);
    assert_latest(ledger, coa, "1", 1, UNKNOWN, 0);
    assert_remapped(ledger, &new_tables, 2, 1);
    ledger_close(ledger);
}

static void post_thousands(struct ledger *ledger, size_t count) {
    struct buf text;
    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < count; i++)
        buf_printf(&text, "%s{\"id\":\"%zu\",\"category\":\"%s\"}", i ? "," : "[", i,
                   i % 10 ? "sekswerk" : "iets anders");
    buf_putc(&text, ']');
    char *body = buf_take(&text);
    post(ledger, coa, &old_tables, body);
    free(body);
}

static void a_large_ledger_goes_in_pieces(void **state) {
    (void)state;
    size_t pieces;
    struct ledger *ledger = open_ledger();
    post_thousands(ledger, 5000);
    struct remap_task sum = remap(ledger, &new_tables, false, &pieces);
    assert_int_equal(sum.looked, 5000);
    assert_int_equal(sum.changed, 4500);
    assert_int_equal(pieces, 3); // lines that it wrote itself are not looked at
    assert_int_equal(ledger_last_seq(ledger), 9500);
    assert_int_equal(ledger_totals(ledger)->remapped, 4500);
    assert_counts_whole(ledger);
    sum = remap(ledger, &new_tables, false, &pieces);
    assert_int_equal(sum.looked, 500);
    assert_int_equal(sum.changed, 0);
    ledger_close(ledger);
}

static void broken_off_and_begun_anew_nothing_is_double(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    post_thousands(ledger, 5000);
    struct remap_task one = piece(ledger, &new_tables, false, 1, 0);
    assert_int_equal(one.changed, 1800);
    assert_int_equal(one.next, PIECE_LINES + 1);
    assert_int_equal(one.upto, 5000);
    ledger_close(ledger); // and the rest is never asked for
    ledger = open_ledger();
    assert_remapped(ledger, &new_tables, 500 + 2700, 2700);
    assert_int_equal(ledger_last_seq(ledger), 9500);
    assert_latest(ledger, coa, "1", 2, SEXUAL, 0);
    assert_latest(ledger, coa, "4999", 2, SEXUAL, 0);
    assert_latest(ledger, coa, "4990", 1, UNKNOWN, 0);
    assert_counts_whole(ledger);
    ledger_close(ledger);
}

static void an_empty_ledger(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    assert_remapped(ledger, &new_tables, 0, 0);
    ledger_close(ledger);
}

// --- the pure part ---

static const char *const pool[] = {
    "prostitutie", "onbekend", "Mobiel banditisme", "mobiel-banditisme", "sekswerk", "SEKSWERK",
    "weet niet",   "zomaar",   "nog iets",          "ForcedBegging"};
static const char *const places[] = {"Amsterdam", "mokum",   "Bergen", "bergen aan zee",
                                     "GM0140",    "Nergens", "GM9998", "0363",
                                     "Weesp",     "Haren",   "!",      "groesbeek"};

static struct item random_item(uint64_t *random, char reported[TIME_DATE_MAX]) {
    struct item item = {.id = STR("2017-1")};
    time_format_date(SIGNAL_DAY_MIN + (int32_t)(unit_random(random) % 8800), reported);
    item.reported = (struct str){reported, TIME_DATE_MAX - 1};
    item.category_count = unit_random(random) % 5;
    for (size_t i = 0; i < item.category_count; i++)
        item.categories[i] = str_from(pool[unit_random(random) % COUNT(pool)]);
    if (unit_random(random) % 4)
        item.municipality = str_from(places[unit_random(random) % COUNT(places)]);
    if (unit_random(random) % 2)
        item.gender = STR("geen idee");
    return item;
}

static struct normalise_context context_of(const struct tables *tables, const struct source *source,
                                           const struct hash_key *key) {
    return (struct normalise_context){.municipalities = tables->municipalities,
                                      .categories = tables->categories,
                                      .allowlist = tables->allowlist,
                                      .identity_key = key,
                                      .person_keys = tables_person_keys(),
                                      .source = str_from(source->name),
                                      .source_kind = source->kind,
                                      .source_municipality = source->municipality,
                                      .received_ms = now_ms};
}

static struct ledger_entry row_of(const struct signal *signal) {
    struct ledger_entry entry = {.cell = signal->cell,
                                 .reported = signal->reported,
                                 .municipality_today = signal->municipality_today,
                                 .unknown_said = signal->unknown_said,
                                 .unknown_count = signal->unknown_count};
    memcpy(entry.unknown, signal->unknown, sizeof entry.unknown);
    return entry;
}

// A signal of the old tables that the new ones judge again is what they would have made of it.
static void it_is_as_if_the_tables_had_had_the_words(void **state) {
    (void)state;
    uint64_t random = unit_seed(), changed = 0;
    size_t rounds = unit_rounds(20000);
    struct hash_key key = {{7}};
    struct remap_map *map =
        remap_map_create(new_tables.categories, new_tables.municipalities, &key);
    for (size_t i = 0; i < rounds; i++) {
        char reported[TIME_DATE_MAX];
        const struct source *source = unit_random(&random) % 2 ? amsterdam : coa;
        struct item item = random_item(&random, reported);
        struct signal before, after;
        struct normalise_result result;
        struct normalise_context context = context_of(&old_tables, source, &key);
        normalise_item(&context, &item, &before, &result);
        assert_int_equal(result.fault_count, 0);
        context = context_of(&new_tables, source, &key);
        normalise_item(&context, &item, &after, &result);
        struct ledger_entry entry = row_of(&before), wanted = row_of(&after);
        struct remap_result done;
        remap_entry(map, source->municipality ? 27 : 0, time_amsterdam_day(now_ms), &entry, &done);
        assert_memory_equal(&entry.cell, &wanted.cell, sizeof entry.cell);
        assert_int_equal(entry.municipality_today, wanted.municipality_today);
        assert_int_equal(entry.unknown_said, wanted.unknown_said);
        assert_int_equal(entry.unknown_count, wanted.unknown_count);
        for (uint8_t k = 0; k < entry.unknown_count; k++) {
            assert_int_equal(entry.unknown[k].field, wanted.unknown[k].field);
            assert_true(digest_equal(&entry.unknown[k].word, &wanted.unknown[k].word));
        }
        assert_int_equal(done.known_count, before.unknown_count - after.unknown_count);
        assert_int_equal(done.changed, memcmp(&before.cell, &after.cell, sizeof before.cell) != 0);
        if (done.as_reported)
            assert_string_equal(done.as_reported, after.as_reported);
        changed += done.changed;
    }
    assert_true(changed > rounds / 20);
    remap_map_free(map);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(a_word_that_becomes_known_moves_its_signals),
        LEDGER_TEST(several_words_of_one_signal),
        LEDGER_TEST(a_municipality_that_becomes_known),
        LEDGER_TEST(a_spelling_is_taken_over),
        LEDGER_TEST(province_of_the_source_decides),
        LEDGER_TEST(the_day_of_the_report_decides),
        LEDGER_TEST(what_is_withdrawn_erased_or_replaced_is_left_alone),
        LEDGER_TEST(a_dry_run_changes_nothing),
        LEDGER_TEST(a_large_ledger_goes_in_pieces),
        LEDGER_TEST(broken_off_and_begun_anew_nothing_is_double),
        LEDGER_TEST(an_empty_ledger),
        cmocka_unit_test(it_is_as_if_the_tables_had_had_the_words),
    };
    return cmocka_run_group_tests(tests, load_all, free_all);
}
