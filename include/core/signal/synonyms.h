// SPDX-License-Identifier: EUPL-1.2
// A look-up from words to numbers that takes a word as it is spelled or folded (case, diacritics,
// spaces, punctuation). The table's own spellings are tried as bytes first: most sources write what
// the table has, and folding Unicode is the dear part. Read-only once filled.
#ifndef CORE_SIGNAL_SYNONYMS_H
#define CORE_SIGNAL_SYNONYMS_H

#include "base/str.h"

enum { SYNONYMS_VALUES_MAX = 4 };

struct synonyms;

struct synonyms_match {
    uint32_t values[SYNONYMS_VALUES_MAX]; // what the word may mean, in order of adding
    size_t count;                         // at least 1
    const char *spelling;                 // the table's own; lives as long as the table
};

struct synonyms *synonyms_create(void);
void synonyms_free(struct synonyms *words);
// Adds a spelling and a value; spellings that fold alike share their values. False when nothing is
// left of the word after folding, when it is too long, or when it has SYNONYMS_VALUES_MAX other
// values.
bool synonyms_add(struct synonyms *words, struct str spelling, uint32_t value) MUST_CHECK;
bool synonyms_find(const struct synonyms *words, struct str word, struct synonyms_match *match);
// Each spelling once, in order of adding; not one that is no more than the folded form of another
// before it.
void synonyms_each(const struct synonyms *words,
                   void (*fn)(void *ctx, const struct synonyms_match *match), void *ctx);

// As str_fold, with a short way for ASCII.
size_t synonyms_fold(struct str word, char out[STR_FOLDED_MAX]);

#endif
