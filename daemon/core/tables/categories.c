// SPDX-License-Identifier: EUPL-1.2
// The table of category words, kept as synonyms. A row that contradicts another one refuses the
// whole file, so that the order of rows never decides what a word means. The codes themselves are
// added first. Read-only once loaded, so threads share it without a lock.
#include "core/tables/categories.h"

#include "base/mem.h"
#include "core/signal/synonyms.h"
#include "core/tables/table.h"

#include <stdlib.h>

struct categories {
    struct synonyms *words;
    size_t count;
};

enum { COLUMN_WORD, COLUMN_CODE, COLUMN_COUNT };

static const char *const columns[COLUMN_COUNT] = {"word", "code"};

static bool add_word(struct categories *all, struct str word, enum category code) {
    struct synonyms_match match;
    return synonyms_add(all->words, word, (uint32_t)code) &&
           synonyms_find(all->words, word, &match) && match.count == 1;
}

static bool add_row(struct categories *all, const struct table *table, const struct str *cells,
                    struct err *err) {
    enum category code;
    char folded[STR_FOLDED_MAX];
    if (cells[COLUMN_WORD].len > SIGNAL_WORD_MAX)
        return table_fault(table, err, "the word is longer than a signal may have");
    if (synonyms_fold(cells[COLUMN_WORD], folded) == 0)
        return table_fault(table, err, "the word has no letters or digits");
    if (!category_from_name(cells[COLUMN_CODE], &code))
        return table_fault(table, err, "the code is none of the category codes");
    if (!add_word(all, cells[COLUMN_WORD], code))
        return table_fault(table, err, "the word already has another code");
    all->count++;
    return true;
}

static bool add_rows(struct categories *all, struct table *table, struct err *err) {
    struct str cells[COLUMN_COUNT];
    enum table_next next;
    if (!table_expect_header(table, columns, COLUMN_COUNT, err))
        return false;
    while ((next = table_read_exactly(table, cells, COLUMN_COUNT, err)) == TABLE_ROW)
        if (!add_row(all, table, cells, err))
            return false;
    return next == TABLE_END;
}

struct categories *categories_load(struct str table, const char *table_name, struct err *err) {
    struct table rows;
    struct categories *all = mem_zalloc(1, sizeof *all);
    all->words = synonyms_create();
    table_open(&rows, table, table_name);
    for (unsigned c = 0; c < CATEGORY_COUNT; c++)
        (void)add_word(all, str_from(category_name((enum category)c)), (enum category)c);
    if (!add_rows(all, &rows, err)) {
        categories_free(all);
        all = NULL;
    }
    table_close(&rows);
    return all;
}

void categories_free(struct categories *all) {
    if (!all)
        return;
    synonyms_free(all->words);
    free(all);
}

size_t categories_count(const struct categories *all) {
    return all->count;
}

bool categories_find(const struct categories *all, struct str word, enum category *out) {
    struct synonyms_match match;
    if (!synonyms_find(all->words, word, &match))
        return false;
    *out = (enum category)match.values[0];
    return true;
}

struct word_visit {
    void (*fn)(void *ctx, struct str word, enum category code);
    void *ctx;
};

static void on_word(void *ctx, const struct synonyms_match *match) {
    const struct word_visit *each = ctx;
    each->fn(each->ctx, str_from(match->spelling), (enum category)match->values[0]);
}

void categories_each(const struct categories *all,
                     void (*fn)(void *ctx, struct str word, enum category code), void *ctx) {
    struct word_visit each = {fn, ctx};
    synonyms_each(all->words, on_word, &each);
}
