// SPDX-License-Identifier: EUPL-1.2
// What is kept of words that the tables lack.
#include "words_rig.h"

static void words_are_counted_by_source_and_word(void **state) {
    (void)state;
    struct books *books = open_books();
    post(books, amsterdam, &old_tables,
         "[{\"id\":\"1\",\"category\":\"Mobiel banditisme\"},"
         "{\"id\":\"2\",\"category\":\"MOBIEL  BANDITISME!\",\"victim\":{\"gender\":\"m/v\"}},"
         "{\"id\":\"3\",\"categories\":[\"dwang\",\"prostitutie\",\"mobiel banditisme\"]}]");
    post(books, coa, &old_tables, "{\"id\":\"1\",\"category\":\"mobiel-banditisme\"}");
    // nothing new: the word is not used once more
    assert_int_equal(
        post(books, coa, &old_tables, "{\"id\":\"1\",\"category\":\"mobiel-banditisme\"}"),
        VERDICT_DUPLICATE);
    // a name: never kept as it is
    post(books, coa, &old_tables, "{\"id\":\"2\",\"category\":\"Jan Klaassen\"}");
    post(books, coa, &old_tables,
         "{\"id\":\"2\",\"category\":\"Jan Klaassen\",\"occurred\":\"2024-01-01\"}");
    post(books, coa, &old_tables, "{\"id\":\"2\",\"withdrawn\":true}");
    for (int reopened = 0; reopened < 2; reopened++) {
        struct words words = all_words(books);
        assert_int_equal(words.count, 5);
        assert_word(&words.list[0], "amsterdam", WORD_CATEGORY, "mobiel banditisme", 3);
        assert_word(&words.list[1], "coa", WORD_CATEGORY, "", 2);
        assert_int_equal(words.list[1].view.letters, 11);
        assert_int_equal(words.list[1].view.tokens, 2);
        assert_int_equal(words.list[1].first_ms, now_ms);
        bool same = false;
        for (size_t i = 2; i < words.count; i++)
            same = same || (strcmp(words.list[i].source, "coa") == 0 &&
                            digest_equal(&words.list[i].word, &words.list[0].word));
        assert_true(same); // one word of two sources is known as one
        books_close(books);
        books = open_books();
    }
    books_close(books);
}

static void dry_runs_note_no_words(void **state) {
    (void)state;
    struct books *books = open_books();
    struct batch *batch = new_batch(coa, &old_tables, "{\"id\":\"1\",\"category\":\"dwang\"}");
    batch->dry_run = true;
    commit_group(books, batch);
    batch_free(batch);
    assert_int_equal(books_words(books), 0);
    books_close(books);
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

static void post_words(struct books *books, const struct source *source, size_t first,
                       size_t count) {
    char *text = many_words(first, count);
    post(books, source, &old_tables, text);
    free(text);
}

static void a_source_and_all_have_a_limit(void **state) {
    (void)state;
    enum { OTHERS = BOOKS_WORDS_MAX / BOOKS_WORDS_SOURCE_MAX };
    static char names[OTHERS][16];
    struct books *books = open_books();
    post_words(books, coa, 0, 70); // 560
    assert_int_equal(books_words(books), BOOKS_WORDS_SOURCE_MAX);
    assert_int_equal(books_totals(books)->words_not_kept, 60);
    post_words(books, coa, 0, 1); // duplicates
    post_words(books, coa, 100, 1);
    assert_int_equal(books_totals(books)->words_not_kept, 68);
    for (size_t i = 0; i < OTHERS; i++) {
        (void)snprintf(names[i], sizeof names[i], "other-%zu", i);
        struct source other = {.name = names[i], .kind = SOURCE_NGO};
        post_words(books, &other, 1000, 62); // 496
    }
    assert_int_equal(books_words(books), BOOKS_WORDS_MAX);
    assert_int_equal(books_totals(books)->words_not_kept, 68 + 500 + 20 * 496 - 10000);
    // one that is known is counted on
    post(books, coa, &old_tables, "{\"id\":\"again\",\"category\":\"w0x0\"}");
    assert_int_equal(books_totals(books)->words_not_kept, 68 + 500 + 20 * 496 - 10000);
    books_close(books);
    books = open_books();
    assert_int_equal(books_words(books), BOOKS_WORDS_MAX);
    books_close(books);
}

static void a_word_that_is_forgotten_makes_room(void **state) {
    (void)state;
    struct books *books = open_books();
    post(books, coa, &old_tables, "{\"id\":\"a\",\"category\":\"sekswerk\"}");
    post_words(books, coa, 0, 63);
    assert_int_equal(books_words(books), BOOKS_WORDS_SOURCE_MAX);
    uint64_t not_kept = books_totals(books)->words_not_kept;
    // in one group: there is no room, then some is made, then it is taken
    struct batch *full = new_batch(coa, &new_tables, "{\"id\":\"b\",\"category\":\"dwang\"}");
    struct batch *task = batch_create_task(sources, &new_tables, BATCH_RENORMALISE);
    struct batch *then =
        new_batch(coa, &new_tables, "{\"id\":\"c\",\"categories\":[\"dwang een\",\"dwang twee\"]}");
    full->next = task;
    task->next = then;
    commit_group(books, full);
    assert_int_equal(task->renormalise.changed, 1);
    batch_free(full);
    batch_free(task);
    batch_free(then);
    assert_int_equal(books_words(books), BOOKS_WORDS_SOURCE_MAX);
    assert_int_equal(books_totals(books)->words_not_kept, not_kept + 2);
    books_close(books);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOOKS_TEST(words_are_counted_by_source_and_word),
        BOOKS_TEST(dry_runs_note_no_words),
        BOOKS_TEST(a_source_and_all_have_a_limit),
        BOOKS_TEST(a_word_that_is_forgotten_makes_room),
    };
    return cmocka_run_group_tests(tests, load_all, free_all);
}
