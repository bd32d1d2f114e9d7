// SPDX-License-Identifier: EUPL-1.2
// The source table: one table of columns reads it, two hash tables answer look-ups.
#include "sources_private.h"

#include "base/mem.h"
#include "core/tables/table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SOURCES_FILE_MAX = 64 * 1024 * 1024,
    SLOTS = 1 << 16, // of each hash table
};
_Static_assert(SOURCES_MAX *SOURCE_TOKENS_MAX < SLOTS / 4 * 3, "a free slot is near");

static const int64_t INTERVAL_DEFAULT_MS = 900000;

// FNV-1a; the names are the operator's own.
static uint32_t name_slot(struct str name) {
    uint64_t h = 14695981039346656037ULL;
    for (size_t i = 0; i < name.len; i++)
        h = (h ^ (unsigned char)name.data[i]) * 1099511628211ULL;
    return (uint32_t)(h >> 32 ^ h) % SLOTS;
}

// A digest is spread evenly already. What its place tells in time is no use without its token.
static uint32_t token_slot(const uint8_t digest[SHA256_BYTES]) {
    return (uint32_t)(digest[0] | digest[1] << 8) % SLOTS;
}

uint32_t *sources_name_place(const struct sources *sources, struct str name) {
    uint32_t slot = name_slot(name);
    while (sources->by_name[slot] && !str_is(name, sources->list[sources->by_name[slot] - 1].name))
        slot = (slot + 1) % SLOTS;
    return &sources->by_name[slot];
}

uint32_t *sources_token_place(const struct sources *sources, const uint8_t digest[SHA256_BYTES]) {
    uint32_t slot = token_slot(digest), entry;
    while ((entry = sources->by_token[slot])) {
        const struct source *source = &sources->list[(entry - 1) / SOURCE_TOKENS_MAX];
        if (hash_equal_secret(source->tokens[(entry - 1) % SOURCE_TOKENS_MAX], digest,
                              SHA256_BYTES))
            break;
        slot = (slot + 1) % SLOTS;
    }
    return &sources->by_token[slot];
}

// order[i] is what the file's column i is.
static bool read_header(struct sources_reading *reading, struct table *table,
                        size_t order[SOURCES_COLUMNS], size_t *count) {
    struct str cells[TABLE_COLUMNS_MAX];
    struct err err;
    bool seen[SOURCES_COLUMNS] = {false};
    size_t before = reading->faults->count, n = 0;
    enum table_next next = table_read(table, cells, TABLE_COLUMNS_MAX, &n, &err);
    if (next == TABLE_BAD)
        diagnostics_add(reading->faults, NULL, 0, "%s", err.text);
    for (size_t i = 0; next == TABLE_ROW && i < n; i++) {
        size_t c = 0;
        while (c < SOURCES_COLUMNS && !str_is(cells[i], sources_columns[c].name))
            c++;
        if (c == SOURCES_COLUMNS || seen[c]) {
            diagnostics_add(reading->faults, reading->file, table->line, "column %zu is %s", i + 1,
                            c == SOURCES_COLUMNS ? "unknown" : "there twice");
            continue;
        }
        seen[c] = true;
        order[(*count)++] = c;
    }
    for (size_t c = 0; next != TABLE_BAD && c < SOURCES_COLUMNS; c++)
        if (sources_columns[c].required && !seen[c])
            diagnostics_add(reading->faults, reading->file, 1, "column %s is missing",
                            sources_columns[c].name);
    return reading->faults->count == before;
}

static void read_row(struct sources_reading *reading, const struct str *cells, const size_t *order,
                     size_t count, uint32_t line) {
    struct sources *sources = reading->sources;
    struct source *source = &sources->list[sources->count];
    struct err err;
    *source = (struct source){.interval_ms = INTERVAL_DEFAULT_MS};
    reading->lines[sources->count] = line;
    reading->row = (struct sources_row){.line = line};
    for (size_t i = 0; i < count; i++) {
        const struct sources_column *column = &sources_columns[order[i]];
        if (cells[i].len == 0 && column->required)
            diagnostics_add(reading->faults, reading->file, line, "%s: is empty", column->name);
        else if (cells[i].len > 0 &&
                 !column->take(&(struct sources_cell){reading, source, column}, cells[i], &err))
            diagnostics_add(reading->faults, reading->file, line, "%s: %s", column->name, err.text);
    }
    sources_row_check(reading, source);
    sources->count++;
}

// Room for one more.
static bool grow(struct sources_reading *reading, uint32_t line) {
    size_t count = reading->sources->count;
    if (count == SOURCES_MAX) {
        diagnostics_add(reading->faults, reading->file, line, "more than %d sources", SOURCES_MAX);
        return false;
    }
    if ((count & (count - 1)) == 0) {
        size_t room = count ? count * 2 : 1;
        reading->sources->list =
            mem_resize(reading->sources->list, room, sizeof *reading->sources->list);
        reading->lines = mem_resize(reading->lines, room, sizeof *reading->lines);
    }
    return true;
}

static void read_rows(struct sources_reading *reading, struct table *table) {
    struct str cells[SOURCES_COLUMNS];
    size_t order[SOURCES_COLUMNS], count = 0;
    struct err err;
    if (!read_header(reading, table, order, &count))
        return;
    for (;;) {
        enum table_next next = table_read_exactly(table, cells, count, &err);
        if (next == TABLE_END)
            return;
        if (next == TABLE_BAD)
            diagnostics_add(reading->faults, NULL, 0, "%s", err.text);
        else if (!grow(reading, table->line))
            return;
        else
            read_row(reading, cells, order, count, table->line);
    }
}

static struct sources *sources_create(void) {
    struct sources *sources = mem_zalloc(1, sizeof *sources);
    sources->by_name = mem_zalloc(SLOTS, sizeof *sources->by_name);
    sources->by_token = mem_zalloc(SLOTS, sizeof *sources->by_token);
    sources->references = 1;
    return sources;
}

// A template asks for no more pages than the configuration lets any.
static struct templates *load_templates(const struct config *config, struct diagnostics *faults) {
    struct templates *templates = templates_load(config->templates_dir, faults);
    const uint32_t max = config->poll_pages_max;
    for (size_t i = 0; templates && max && i < templates->count; i++)
        if (templates->list[i].pages_max > max)
            templates->list[i].pages_max = max;
    return templates;
}

struct sources *sources_load(const struct config *config, struct diagnostics *faults) {
    struct buf text;
    struct err err;
    struct table table;
    size_t before = faults->count;
    if (!str_read_file(config->sources_file, SOURCES_FILE_MAX, &text, &err)) {
        diagnostics_add(faults, NULL, 0, "%s", err.text);
        return NULL;
    }
    struct sources_reading reading = {.file = config->sources_file,
                                      .dir = config_path_dir(config->sources_file),
                                      .faults = faults,
                                      .templates = load_templates(config, faults),
                                      .sources = sources_create()};
    reading.sources->templates = reading.templates;
    table_open(&table, buf_str(&text), reading.file);
    buf_free(&text);
    read_rows(&reading, &table);
    table_close(&table);
    free(reading.dir);
    free(reading.lines);
    if (faults->count == before)
        return reading.sources;
    sources_unref(reading.sources);
    return NULL;
}

struct sources *sources_ref(struct sources *sources) {
    if (sources)
        sources->references++;
    return sources;
}

void sources_unref(struct sources *sources) {
    if (!sources || --sources->references > 0)
        return;
    for (size_t i = 0; i < sources->count; i++) {
        struct source *source = &sources->list[i];
        free(source->name);
        free(source->url);
        free(source->cursor_param);
        free(source->cursor_field);
        free(source->client_cert_file);
        config_secret_free(source->secret);
    }
    templates_unref(sources->templates);
    free(sources->list);
    free(sources->by_name);
    free(sources->by_token);
    free(sources);
}

const struct source *sources_find(const struct sources *sources, struct str name) {
    uint32_t place = *sources_name_place(sources, name);
    return place ? &sources->list[place - 1] : NULL;
}

const struct source *sources_by_token(const struct sources *sources, struct str token) {
    uint8_t digest[SHA256_BYTES];
    hash_sha256(token, digest);
    uint32_t entry = *sources_token_place(sources, digest);
    return entry ? &sources->list[(entry - 1) / SOURCE_TOKENS_MAX] : NULL;
}

static bool check_municipalities(const struct sources *sources, const struct tables *tables,
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

bool sources_load_all(const struct config *config, struct sources **sources, struct tables **tables,
                      struct buf *faults) {
    struct diagnostics told;
    struct err err;
    diagnostics_init(&told);
    *tables = tables_load(&config->table_files, &err);
    if (!*tables)
        buf_printf(faults, "%s\n", err.text);
    *sources = sources_load(config, &told);
    buf_put_str(faults, buf_str(&told.text));
    diagnostics_free(&told);
    if (*tables && *sources && check_municipalities(*sources, *tables, faults))
        return true;
    sources_unref(*sources);
    tables_unref(*tables);
    *sources = NULL;
    *tables = NULL;
    return false;
}

// The file itself is config's to tell of.
void sources_check(const struct config *config, struct diagnostics *faults) {
    if (config->sources_file && access(config->sources_file, R_OK) == 0)
        sources_unref(sources_load(config, faults));
    else
        templates_unref(templates_load(config->templates_dir, faults));
}
