// SPDX-License-Identifier: EUPL-1.2
// Loads the reference tables together: all or none. They never change once loaded, and a reload
// makes new ones; work that is under way holds a reference to those that it began with. References
// are counted on the loop's thread only.
#include "core/tables/tables.h"

#include "base/mem.h"

#include <stdlib.h>

enum { TABLE_BYTES_MAX = 16 << 20 };

struct tables *tables_load(const struct table_files *files, struct err *err) {
    struct tables *tables = mem_zalloc(1, sizeof *tables);
    tables->references = 1;
    struct buf municipalities = {0}, variants = {0}, categories = {0}, allowlist = {0};
    if (str_read_file(files->municipalities, TABLE_BYTES_MAX, &municipalities, err) &&
        str_read_file(files->name_variants, TABLE_BYTES_MAX, &variants, err))
        tables->municipalities =
            municipalities_load(buf_str(&municipalities), files->municipalities, buf_str(&variants),
                                files->name_variants, err);
    if (tables->municipalities &&
        str_read_file(files->categories, TABLE_BYTES_MAX, &categories, err))
        tables->categories = categories_load(buf_str(&categories), files->categories, err);
    if (tables->categories &&
        str_read_file(files->display_allowlist, TABLE_BYTES_MAX, &allowlist, err))
        tables->allowlist = allowlist_load(buf_str(&allowlist), files->display_allowlist, err);
    buf_free(&municipalities);
    buf_free(&variants);
    buf_free(&categories);
    buf_free(&allowlist);
    if (!tables->allowlist) {
        tables_unref(tables);
        return NULL;
    }
    return tables;
}

struct tables *tables_ref(struct tables *tables) {
    if (tables)
        tables->references++;
    return tables;
}

void tables_unref(struct tables *tables) {
    if (!tables || --tables->references > 0)
        return;
    municipalities_free(tables->municipalities);
    categories_free(tables->categories);
    allowlist_free(tables->allowlist);
    free(tables);
}
