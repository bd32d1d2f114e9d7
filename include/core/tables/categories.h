// SPDX-License-Identifier: EUPL-1.2
// The category table: words that sources use -> our codes. Operators own it (conf/categories.csv,
// "word,code"); words are compared folded (case, diacritics, spaces). Read-only once loaded.
#ifndef CORE_TABLES_CATEGORIES_H
#define CORE_TABLES_CATEGORIES_H

#include "core/signal/signal.h"

struct categories;

// NULL and a CONFIG error with line when a row is wrong or two rows contradict each other.
struct categories *categories_load(struct str table, const char *table_name,
                                   struct err *err) MUST_CHECK;
void categories_free(struct categories *all);
// Rows of the table.
size_t categories_count(const struct categories *all);
// The codes themselves always match. False when the table lacks the word.
bool categories_find(const struct categories *all, struct str word, enum category *out);

// Each word of the table, and the codes themselves.
void categories_each(const struct categories *all,
                     void (*fn)(void *ctx, struct str word, enum category code), void *ctx);

#endif
