// SPDX-License-Identifier: EUPL-1.2
// A look-up from words to numbers that takes a word as it is spelled or folded (case, diacritics,
// spaces, punctuation). The table's own spellings are tried as bytes first: most sources write what
// the table has, and folding Unicode is the dear part. Read-only once filled.
#ifndef CORE_SIGNAL_SYNONYMS_H
#define CORE_SIGNAL_SYNONYMS_H

#include "base/str.h"

enum { WORDS_VALUES_MAX = 4 };

struct words;

struct words_match {
    uint32_t values[WORDS_VALUES_MAX]; // what the word may mean, in order of adding
    size_t count;                      // at least 1
    const char *spelling;              // the table's own; lives as long as the table
};

struct words *words_create(void);
void words_free(struct words *words);
// Adds a spelling and a value; spellings that fold alike share their values. False when nothing is
// left of the word after folding, when it is too long, or when it has WORDS_VALUES_MAX other
// values.
bool words_add(struct words *words, struct str spelling, uint32_t value) MUST_CHECK;
bool words_find(const struct words *words, struct str word, struct words_match *match);
// Each spelling once, in order of adding; not one that is no more than the folded form of another
// before it.
void words_each(const struct words *words, void (*fn)(void *ctx, const struct words_match *match),
                void *ctx);

// As str_fold, with a short way for ASCII.
size_t words_fold(struct str word, char out[STR_FOLDED_MAX]);

#endif
