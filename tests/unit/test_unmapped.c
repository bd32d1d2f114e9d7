// SPDX-License-Identifier: EUPL-1.2
// What is kept of words that the tables lack.
#include "unmapped_rig.h"

static void words_are_counted_by_source_and_word(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    post(ledger, amsterdam, &old_tables,
         "[{\"id\":\"1\",\"category\":\"Mobiel banditisme\"},"
         "{\"id\":\"2\",\"category\":\"MOBIEL  BANDITISME!\",\"victim\":{\"gender\":\"m/v\"}},"
         "{\"id\":\"3\",\"categories\":[\"dwang\",\"prostitutie\",\"mobiel banditisme\"]}]");
    post(ledger, coa, &old_tables, "{\"id\":\"1\",\"category\":\"mobiel-banditisme\"}");
    // nothing new: the word is not used once more
    assert_int_equal(
        post(ledger, coa, &old_tables, "{\"id\":\"1\",\"category\":\"mobiel-banditisme\"}"),
        VERDICT_DUPLICATE);
    // a name: never kept as it is
    post(ledger, coa, &old_tables, "{\"id\":\"2\",\"category\":\"Jan Klaassen\"}");
    post(ledger, coa, &old_tables,
         "{\"id\":\"2\",\"category\":\"Jan Klaassen\",\"occurred\":\"2024-01-01\"}");
    post(ledger, coa, &old_tables, "{\"id\":\"2\",\"withdrawn\":true}");
    for (int reopened = 0; reopened < 2; reopened++) {
        struct synonyms words = all_words(ledger);
        assert_int_equal(words.count, 5);
        assert_word(&words.list[0], "amsterdam", UNMAPPED_CATEGORY, "mobiel banditisme", 3);
        assert_word(&words.list[1], "coa", UNMAPPED_CATEGORY, "", 2);
        assert_int_equal(words.list[1].view.letters, 11);
        assert_int_equal(words.list[1].view.tokens, 2);
        assert_int_equal(words.list[1].first_ms, now_ms);
        bool same = false;
        for (size_t i = 2; i < words.count; i++)
            same = same || (strcmp(words.list[i].source, "coa") == 0 &&
                            digest_equal(&words.list[i].word, &words.list[0].word));
        assert_true(same); // one word of two sources is known as one
        ledger_close(ledger);
        ledger = open_ledger();
    }
    ledger_close(ledger);
}

static void dry_runs_note_no_words(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    struct delivery *delivery =
        new_batch(coa, &old_tables, "{\"id\":\"1\",\"category\":\"dwang\"}");
    delivery->dry_run = true;
    commit_group(ledger, &delivery->task);
    delivery_free(delivery);
    assert_int_equal(ledger_unmapped(ledger), 0);
    ledger_close(ledger);
}

// `count` signals with eight words each, numbered from `first`.
static char *many_words(size_t first, size_t count) {
    struct buf text;
    buf_init(&text, 16 << 20);
    for (size_t i = 0; i < count; i++) {
        buf_printf(&text, "%s{\"id\":\"%zu\",\"categories\":[", i ? "," : "[", first + i);
        for (size_t k = 0; k < SIGNAL_CATEGORIES_MAX; k++)
            buf_printf(&text, "%s\"w%zux%zu\"", k ? "," : "", first + i, k);
        buf_puts(&text, "]}");
    }
    buf_putc(&text, ']');
    return buf_take(&text);
}

static void post_words(struct ledger *ledger, const struct source *source, size_t first,
                       size_t count) {
    char *text = many_words(first, count);
    post(ledger, source, &old_tables, text);
    free(text);
}

static void a_source_and_all_have_a_limit(void **state) {
    (void)state;
    enum { OTHERS = LEDGER_UNMAPPED_MAX / LEDGER_UNMAPPED_SOURCE_MAX };
    static char names[OTHERS][16];
    struct ledger *ledger = open_ledger();
    post_words(ledger, coa, 0, 70); // 560
    assert_int_equal(ledger_unmapped(ledger), LEDGER_UNMAPPED_SOURCE_MAX);
    assert_int_equal(ledger_totals(ledger)->unmapped_not_kept, 60);
    post_words(ledger, coa, 0, 1); // duplicates
    post_words(ledger, coa, 100, 1);
    assert_int_equal(ledger_totals(ledger)->unmapped_not_kept, 68);
    for (size_t i = 0; i < OTHERS; i++) {
        (void)snprintf(names[i], sizeof names[i], "other-%zu", i);
        struct source other = {.name = names[i], .kind = SOURCE_NGO};
        post_words(ledger, &other, 1000, 62); // 496
    }
    assert_int_equal(ledger_unmapped(ledger), LEDGER_UNMAPPED_MAX);
    assert_int_equal(ledger_totals(ledger)->unmapped_not_kept, 68 + 500 + 20 * 496 - 10000);
    // one that is known is counted on
    post(ledger, coa, &old_tables, "{\"id\":\"again\",\"category\":\"w0x0\"}");
    assert_int_equal(ledger_totals(ledger)->unmapped_not_kept, 68 + 500 + 20 * 496 - 10000);
    ledger_close(ledger);
    ledger = open_ledger();
    assert_int_equal(ledger_unmapped(ledger), LEDGER_UNMAPPED_MAX);
    ledger_close(ledger);
}

static void a_word_that_is_forgotten_makes_room(void **state) {
    (void)state;
    struct ledger *ledger = open_ledger();
    post(ledger, coa, &old_tables, "{\"id\":\"a\",\"category\":\"sekswerk\"}");
    post_words(ledger, coa, 0, 63);
    assert_int_equal(ledger_unmapped(ledger), LEDGER_UNMAPPED_SOURCE_MAX);
    uint64_t not_kept = ledger_totals(ledger)->unmapped_not_kept;
    // in one group: there is no room, then some is made, then it is taken
    struct delivery *full = new_batch(coa, &new_tables, "{\"id\":\"b\",\"category\":\"dwang\"}");
    struct remap_task task = {.task.run = ledger_remap, .tables = &new_tables, .sources = sources};
    struct delivery *then =
        new_batch(coa, &new_tables, "{\"id\":\"c\",\"categories\":[\"dwang een\",\"dwang twee\"]}");
    full->task.next = &task.task;
    task.task.next = &then->task;
    commit_group(ledger, &full->task);
    assert_int_equal(task.changed, 1);
    delivery_free(full);
    delivery_free(then);
    assert_int_equal(ledger_unmapped(ledger), LEDGER_UNMAPPED_SOURCE_MAX);
    assert_int_equal(ledger_totals(ledger)->unmapped_not_kept, not_kept + 2);
    ledger_close(ledger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(words_are_counted_by_source_and_word),
        LEDGER_TEST(dry_runs_note_no_words),
        LEDGER_TEST(a_source_and_all_have_a_limit),
        LEDGER_TEST(a_word_that_is_forgotten_makes_room),
    };
    return cmocka_run_group_tests(tests, load_all, free_all);
}
