// SPDX-License-Identifier: EUPL-1.2
#include "tables.h"

#include "base/mem.h"

#include <stdlib.h>

enum { TABLE_BYTES_MAX = 16 << 20 };

struct tables *tables_load(const struct config *config, struct err *err) {
    struct tables *tables = mem_zalloc(1, sizeof *tables);
    tables->references = 1;
    struct buf municipalities = {0}, variants = {0}, categories = {0}, lexicon = {0};
    if (str_read_file(config->municipalities_file, TABLE_BYTES_MAX, &municipalities, err) &&
        str_read_file(config->name_variants_file, TABLE_BYTES_MAX, &variants, err))
        tables->municipalities =
            municipalities_load(buf_str(&municipalities), config->municipalities_file,
                                buf_str(&variants), config->name_variants_file, err);
    if (tables->municipalities &&
        str_read_file(config->categories_file, TABLE_BYTES_MAX, &categories, err))
        tables->categories = categories_load(buf_str(&categories), config->categories_file, err);
    if (tables->categories && str_read_file(config->lexicon_file, TABLE_BYTES_MAX, &lexicon, err))
        tables->lexicon = lexicon_load(buf_str(&lexicon), config->lexicon_file, err);
    buf_free(&municipalities);
    buf_free(&variants);
    buf_free(&categories);
    buf_free(&lexicon);
    if (!tables->lexicon) {
        tables_drop(tables);
        return NULL;
    }
    return tables;
}

bool tables_check_sources(const struct tables *tables, const struct sources *sources,
                          struct buf *faults) {
    bool good = true;
    for (size_t i = 0; i < sources->count; i++) {
        const struct source *source = &sources->list[i];
        if (!source->municipality ||
            municipalities_by_code(tables->municipalities, source->municipality))
            continue;
        good = false;
        buf_printf(faults, "source %s: municipality GM%04u is not in the table of municipalities\n",
                   source->name, source->municipality);
    }
    return good;
}

struct tables *tables_take(struct tables *tables) {
    if (tables)
        tables->references++;
    return tables;
}

void tables_drop(struct tables *tables) {
    if (!tables || --tables->references > 0)
        return;
    municipalities_free(tables->municipalities);
    categories_free(tables->categories);
    lexicon_free(tables->lexicon);
    free(tables);
}
