// SPDX-License-Identifier: EUPL-1.2
// signaalctl unmapped: what sources write that the tables lack.
#include "base/str.h"
#include "ctl/query/query_options.h"
#include "ctl/term/format.h"
#include "ctl/term/table.h"

#include <inttypes.h>

enum { WORD_TEXT_MAX = 96, SOURCE_MAX = 256, WORD_MAX = 1024 };

static const struct args_option options[] = {
    {"source", 0, "NAME", "only what this source wrote"},
    {"is", 0, "WORD", "which entries are this word"},
    {0},
};

// The word, or how long it is.
static void put_text(struct term_table *table, const struct json_view *entry) {
    char text[WORD_TEXT_MAX];
    const char *word = json_view_text(entry, "word");
    int64_t letters = json_view_integer(entry, "letters");
    (void)snprintf(text, sizeof text, "(not shown: %" PRId64 " letter%s)", letters,
                   letters == 1 ? "" : "s");
    table_put_styled(table, word ? STYLE_PLAIN : STYLE_DIM, word ? word : text);
}

static void put_entry(struct term_table *table, const struct json_view *entry) {
    char last[FORMAT_MAX];
    format_stamp(json_view_text(entry, "last"), last);
    table_put_number(table, json_view_integer(entry, "times"));
    table_put_text(table, json_view_text(entry, "source"));
    table_put_text(table, json_view_text(entry, "field"));
    put_text(table, entry);
    table_put_text(table, last);
}

static void put_not_kept(const struct ctl *ctl, const struct json_view *answer) {
    int64_t count = json_view_integer(answer, "notKept");
    if (count)
        term_out_print(&ctl->term, STYLE_WARN,
                       "There was no room for more: %" PRId64 " times a word was not kept.", count);
}

static enum ctl_exit print_words(const struct ctl *ctl, const struct json_view *answer) {
    static const struct table_column columns[] = {{"times", COLUMN_NUMBER},
                                                  {"source", COLUMN_TEXT},
                                                  {"field", COLUMN_TEXT},
                                                  {"word", COLUMN_TEXT},
                                                  {"last (UTC)", COLUMN_TEXT}};
    static const char *const keys[] = {"times", "source", "field", "word", "letters", "last", NULL};
    const struct json_view *words = json_view_at(answer, "unmapped");
    bool guessed = json_view_flag(answer, "guessed");
    if (ctl->csv) {
        query_print_sheet(ctl, keys, words, NULL);
        return CTL_OK;
    }
    if (json_view_size(words) == 0) {
        term_out_print(&ctl->term, STYLE_PLAIN, "%s",
                       guessed ? "no entry is this word" : "the tables lack no word");
        put_not_kept(ctl, answer);
        return guessed ? CTL_FAILED : CTL_OK;
    }
    struct term_table table;
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

static enum ctl_exit put_target(const struct ctl *ctl, const struct args *args,
                                struct buf *target) {
    const char *source = args_value(args, "source"), *word = args_value(args, "is");
    if (str_from(source).len > SOURCE_MAX || str_from(word).len > WORD_MAX)
        return ctl_usage(ctl, "NAME or WORD is too long");
    if (word && *word == '\0')
        return ctl_usage(ctl, "WORD is empty");
    buf_puts(target, "/v1/unmapped");
    query_put_parameter(target, STR("source"), source);
    query_put_parameter(target, STR("is"), word);
    return CTL_OK;
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
    .question = {.put = put_target, .print = print_words},
};
