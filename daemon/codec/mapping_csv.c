// SPDX-License-Identifier: EUPL-1.2
// CSV pages: the header line says which column is what, each record after it is an item.
#include "base/csv/csv.h"
#include "core/signal/synonyms.h"
#include "mapping_private.h"

#include <string.h>

enum { COLUMNS_MAX = 512, COLUMN_NONE = -1 };

struct csv_mapping {
    struct mapper *m;
    bool has_header;
    size_t columns; // of the header line
    int columns_of[MAPPING_FIELDS];
    int skip_columns[MAPPING_LIST_MAX];
    uint32_t unused; // columns that have a name and that nothing looks into
};

static bool folds_alike(struct str a, struct str b) {
    char x[STR_FOLDED_MAX], y[STR_FOLDED_MAX];
    size_t len = synonyms_fold(a, x);
    return len && synonyms_fold(b, y) == len && memcmp(x, y, len) == 0;
}

// The column of a name: spelled so, else folded alike. False when several could be meant: columns
// that nobody names may be alike.
static bool find_column(const struct csv_record *header, const char *name, int *column) {
    struct str wanted = str_trim(str_from(name));
    size_t same = 0, alike = 0;
    int folded = COLUMN_NONE;
    *column = COLUMN_NONE;
    for (size_t i = 0; wanted.len && i < header->count; i++) {
        struct str cell = str_trim(header->cells[i]);
        if (str_equal(cell, wanted))
            *column = (int)i;
        same += str_equal_nocase(cell, wanted);
        if (folds_alike(cell, wanted) && alike++ == 0)
            folded = (int)i;
    }
    if (*column != COLUMN_NONE)
        return same == 1;
    *column = folded;
    return alike < 2;
}

static bool is_used(const struct csv_mapping *table, int column) {
    for (size_t i = 0; i < MAPPING_FIELDS; i++)
        if (table->columns_of[i] == column)
            return true;
    for (size_t i = 0; i < table->m->mapping->skip_count; i++)
        if (table->skip_columns[i] == column)
            return true;
    return false;
}

static void find_columns(struct csv_mapping *table, const struct csv_record *header) {
    struct mapper *m = table->m;
    const struct mapping *mapping = m->mapping;
    for (size_t i = 0; i < MAPPING_FIELDS; i++)
        if (!find_column(header, mapping->rules[i].from, &table->columns_of[i]))
            mapper_fail_at(m, FAULT_REPEATED, mapper_pointer((enum mapping_field)i), header->line);
    for (size_t i = 0; i < mapping->skip_count; i++)
        if (!find_column(header, mapping->skips[i].from, &table->skip_columns[i]))
            mapper_fail(m, FAULT_REPEATED, header->line);
    for (size_t i = 0; i < header->count; i++)
        if (str_trim(header->cells[i]).len && !is_used(table, (int)i))
            table->unused++;
}

static size_t count_filled(const struct csv_record *record) {
    size_t count = record->count;
    while (count && str_trim(record->cells[count - 1]).len == 0)
        count--;
    return count;
}

// False when the page cannot be read by this header.
static bool read_header(struct csv_mapping *table, const struct csv_record *record) {
    struct mapper *m = table->m;
    struct csv_record header = *record; // without the empty columns at its end
    table->has_header = true;
    table->columns = record->count;
    header.count = count_filled(record);
    if (record->too_long)
        mapper_fail(m, FAULT_TOO_LONG, record->line);
    else if (header.count > COLUMNS_MAX)
        mapper_fail(m, FAULT_TOO_MANY, record->line);
    else
        find_columns(table, &header);
    if (!m->result->decoded.failed && m->mapping->rules[MAPPING_ID].from &&
        table->columns_of[MAPPING_ID] == COLUMN_NONE)
        mapper_fail_at(m, FAULT_REQUIRED, mapper_pointer(MAPPING_ID), record->line);
    return !m->result->decoded.failed;
}

// The text of a column; absent when the record ends before it.
static struct str cell_of(const struct csv_record *record, int column) {
    if (column == COLUMN_NONE || (size_t)column >= record->count)
        return (struct str){NULL, 0};
    return record->cells[column];
}

static void take_categories(struct mapper *m, struct str cell) {
    struct str raw[SIGNAL_CATEGORIES_MAX + 1]; // one more than allowed, so that it is told
    size_t count = 0;
    while (count <= SIGNAL_CATEGORIES_MAX && str_split(&cell, '|', &raw[count]))
        if (str_trim(raw[count]).len)
            count++;
    mapper_take(m, MAPPING_CATEGORY, raw, count);
}

static void read_cells(struct csv_mapping *table, const struct csv_record *record) {
    struct mapper *m = table->m;
    for (size_t i = 0; i < m->mapping->skip_count; i++)
        mapper_skip(m, i, cell_of(record, table->skip_columns[i]));
    for (int field = 0; field < MAPPING_FIELDS; field++) {
        struct str cell = cell_of(record, table->columns_of[field]);
        if (field == MAPPING_CATEGORY)
            take_categories(m, cell);
        else
            mapper_take(m, (enum mapping_field)field, &cell, cell.data ? 1 : 0);
    }
    m->item.item.unknown_fields = table->unused;
}

static bool on_record(void *ctx, const struct csv_record *record) {
    struct csv_mapping *table = ctx;
    struct mapper *m = table->m;
    if (!table->has_header)
        return read_header(table, record);
    m->result->decoded.line = record->line;
    if (!mapper_begin(m))
        return false;
    if (record->too_long)
        mapper_fault(m, FAULT_TOO_LONG, "");
    else if (count_filled(record) > table->columns)
        mapper_fault(m, FAULT_TYPE, "");
    else
        read_cells(table, record);
    mapper_end(m);
    return true;
}

void mapping_read_csv(struct mapper *m, struct str body) {
    struct csv_mapping table = {.m = m};
    struct csv_options options = {.separator = m->mapping->separator,
                                  .record_bytes_max = m->limits->item_bytes_max};
    uint32_t line;
    if (!csv_read(body, &options, on_record, &table, &line))
        mapper_fail(m, FAULT_SYNTAX, line);
    else if (!table.has_header)
        mapper_fail(m, FAULT_REQUIRED, 1);
}
