// SPDX-License-Identifier: EUPL-1.2
// signaalctl unmapped: what sources write that the tables lack.
#include "base/str.h"
#include "ctl/query/csv_writer.h"
#include "ctl/query/ctl.h"
#include "ctl/term/format.h"
#include "ctl/term/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_TEXT_MAX = 96, SOURCE_MAX = 256, WORD_MAX = 1024 };

static const struct args_option options[] = {
    {"source", 0, "NAME", "only what this source wrote"},
    {"is", 0, "WORD", "which entries are this word"},
    {0},
};

static void put_line(const struct ctl *ctl, enum term_out_style style, const char *text) {
    term_out_put(&ctl->term, style, text);
    term_out_end_line(&ctl->term);
}

// The word, or how long it is.
static void put_text(struct table *table, const struct json_view *entry) {
    char text[WORD_TEXT_MAX];
    const char *word = json_view_text(entry, "word");
    int64_t letters = 0;
    (void)json_view_number(entry, "letters", &letters);
    (void)snprintf(text, sizeof text, "(not shown: %" PRId64 " letter%s)", letters,
                   letters == 1 ? "" : "s");
    table_put_styled(table, word ? STYLE_PLAIN : STYLE_DIM, word ? word : text);
}

static void put_entry(struct table *table, const struct json_view *entry) {
    int64_t times = 0;
    char last[FORMAT_MAX];
    (void)json_view_number(entry, "times", &times);
    format_stamp(json_view_text(entry, "last"), last);
    table_put_number(table, times);
    table_put_text(table, json_view_text(entry, "source"));
    table_put_text(table, json_view_text(entry, "field"));
    put_text(table, entry);
    table_put_text(table, last);
}

static void put_not_kept(const struct ctl *ctl, const struct json_view *answer) {
    int64_t count = 0;
    char number[FORMAT_MAX], text[WORD_TEXT_MAX];
    if (!json_view_number(answer, "notKept", &count) || count == 0)
        return;
    format_count(count, number);
    (void)snprintf(text, sizeof text, "There was no room for more: %s times a word was not kept.",
                   number);
    put_line(ctl, STYLE_WARN, text);
}

static enum ctl_exit print_sheet(const struct ctl *ctl, const struct json_view *words) {
    static const char *const keys[] = {"times", "source", "field", "word", "letters", "last", NULL};
    struct csv_writer writer = {.term = &ctl->term};
    csv_writer_put_titles(&writer, keys);
    for (size_t i = 0; i < json_view_size(words); i++) {
        for (size_t k = 0; keys[k]; k++)
            csv_writer_put_node(&writer, json_view_item(words, i), keys[k]);
        csv_writer_end_row(&writer);
    }
    return CTL_OK;
}

static enum ctl_exit print_words(const struct ctl *ctl, const struct json_view *answer) {
    static const struct table_column columns[] = {{"times", COLUMN_NUMBER},
                                                  {"source", COLUMN_TEXT},
                                                  {"field", COLUMN_TEXT},
                                                  {"word", COLUMN_TEXT},
                                                  {"last (UTC)", COLUMN_TEXT}};
    const struct json_view *words = json_view_at(answer, "unmapped");
    bool guessed = json_view_flag(answer, "guessed");
    if (ctl->csv)
        return print_sheet(ctl, words);
    if (json_view_size(words) == 0) {
        put_line(ctl, STYLE_PLAIN, guessed ? "no entry is this word" : "the tables lack no word");
        put_not_kept(ctl, answer);
        return guessed ? CTL_FAILED : CTL_OK;
    }
    struct table table;
    table_init(&table, &ctl->term, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < json_view_size(words); i++)
        put_entry(&table, json_view_item(words, i));
    table_print(&table);
    table_free(&table);
    put_not_kept(ctl, answer);
    term_out_put_wrapped(&ctl->term, STYLE_PLAIN,
                         "Add a word to categories.csv (or name-variants.csv), then: signaalctl "
                         "reload && signaalctl remap");
    return CTL_OK;
}

static void put_query(struct buf *target, const char *name, const char *value) {
    if (!value)
        return;
    buf_putc(target, memchr(target->data, '?', target->len) ? '&' : '?');
    buf_puts(target, name);
    buf_putc(target, '=');
    client_put_encoded(target, str_from(value));
}

static enum ctl_exit run_unmapped(const struct ctl *ctl, const struct args *args) {
    const char *source = args_value(args, "source"), *word = args_value(args, "is");
    struct buf target;
    if (str_from(source).len > SOURCE_MAX || str_from(word).len > WORD_MAX)
        return ctl_usage(ctl, "NAME or WORD is too long");
    if (word && *word == '\0')
        return ctl_usage(ctl, "WORD is empty");
    buf_init(&target, CLIENT_TARGET_MAX);
    buf_puts(&target, "/v1/unmapped");
    put_query(&target, "source", source);
    put_query(&target, "is", word);
    char *text = buf_take(&target);
    enum ctl_exit result = ctl_show(ctl, text, NULL, print_words);
    free(text);
    return result;
}

const struct ctl_verb words_verb = {
    .name = "unmapped",
    .words = "",
    .help = "Words that the tables lack, by source",
    .more = "A word that no table has counts as unknown until it is added. It is shown only when "
            "it is made of words of the field (display-allowlist.txt), since a source may write a "
            "name where "
            "a word belongs: of any other only the length is told, and the source knows what it "
            "wrote. Whether an entry is a word that you think of is told by --is; the word you "
            "give is kept nowhere. Add categories to categories.csv and names of municipalities to "
            "name-variants.csv. Words of gender, age group and citizenship are closed lists: a "
            "template's \"words\" brings a source's own to them.",
    .options = options,
    .has_csv = true,
    .run = run_unmapped,
};
