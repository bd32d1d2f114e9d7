// SPDX-License-Identifier: EUPL-1.2
// The reference tables in force: municipalities and category words. Read-only once loaded; work
// under way keeps the tables it began with over a reload. Take and drop on the loop's thread only.
#ifndef CORE_TABLES_TABLES_H
#define CORE_TABLES_TABLES_H

#include "core/tables/categories.h"
#include "core/tables/display_allowlist.h"
#include "core/tables/municipalities.h"

struct tables {
    struct municipalities *municipalities;
    struct categories *categories;
    struct display_allowlist *allowlist;
    uint32_t references;
};

struct table_files {
    char *municipalities, *name_variants, *categories, *display_allowlist; // paths
};
struct tables *tables_load(const struct table_files *files,
                           struct err *err) MUST_CHECK; // one reference, the caller's
struct tables *tables_ref(struct tables *tables);       // NULL is fine
void tables_unref(struct tables *tables); // frees with the last reference; NULL is fine

#endif
