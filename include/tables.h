// SPDX-License-Identifier: EUPL-1.2
// The reference tables in force: municipalities and category words. Read-only once loaded; work
// under way keeps the tables it began with over a reload. Take and drop on the loop's thread only.
#ifndef TABLES_H
#define TABLES_H

#include "config.h"
#include "core/categories.h"
#include "core/lexicon.h"
#include "core/municipalities.h"

struct tables {
    struct municipalities *municipalities;
    struct categories *categories;
    struct lexicon *lexicon;
    uint32_t references;
};

struct tables *tables_load(const struct config *config,
                           struct err *err) MUST_CHECK; // one reference, the caller's
// Every municipality that a source names is in the table. Adds a line a fault to `faults`; true
// when there is none.
bool tables_check_sources(const struct tables *tables, const struct sources *sources,
                          struct buf *faults);
struct tables *tables_take(struct tables *tables); // NULL is fine
void tables_drop(struct tables *tables);           // frees with the last reference; NULL is fine

#endif
