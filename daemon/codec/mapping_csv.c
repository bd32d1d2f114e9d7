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

static bool is_utf8(struct str text) {
    struct str line;
    while (str_split(&text, '\n', &line))
        if (!str_is_clean_utf8(str_trim(line)))
            return false;
    return true;
}

static bool folds_alike(struct str a, struct str b) {
    char x[STR_FOLDED_MAX], y[STR_FOLDED_MAX];
    size_t len = synonyms_fold(a, x);
    return len && synonyms_fold(b, y) == len && memcmp(x, y, len) == 0;
}

// The column of a name: spelled so, else folded alike. False when several could be meant.
static bool find_column(const struct csv_record *header, const char *name, int *column) {
    struct str wanted = str_trim(str_from(name));
    size_t alike = 0;
    *column = COLUMN_NONE;
    if (wanted.len == 0)
        return true;
    for (size_t i = 0; i < header->count; i++) {
        if (str_equal(str_trim(header->cells[i]), wanted)) {
            *column = (int)i;
            return true;
        }
        if (folds_alike(header->cells[i], wanted) && alike++ == 0)
            *column = (int)i;
    }
    return alike < 2;
}

static bool has_duplicates(const struct csv_record *header) {
    for (size_t i = 1; i < header->count; i++) {
        struct str name = str_trim(header->cells[i]);
        for (size_t k = 0; name.len && k < i; k++)
            if (str_equal_nocase(name, str_trim(header->cells[k])))
                return true;
    }
    return false;
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

static bool find_columns(struct csv_mapping *table, const struct csv_record *header) {
    const struct mapping *mapping = table->m->mapping;
    bool ok = true;
    for (size_t i = 0; i < MAPPING_FIELDS; i++)
        ok = find_column(header, mapping->rules[i].from, &table->columns_of[i]) && ok;
    for (size_t i = 0; i < mapping->skip_count; i++)
        ok = find_column(header, mapping->skips[i].from, &table->skip_columns[i]) && ok;
    for (size_t i = 0; i < header->count; i++)
        if (str_trim(header->cells[i]).len && !is_used(table, (int)i))
            table->unused++;
    return ok;
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
    enum fault_code fault = FAULT_COUNT;
    table->has_header = true;
    table->columns = record->count;
    header.count = count_filled(record);
    if (record->too_long)
        fault = FAULT_TOO_LONG;
    else if (header.count > COLUMNS_MAX)
        fault = FAULT_TOO_MANY;
    for (size_t i = 0; fault == FAULT_COUNT && i < header.count; i++)
        if (!is_utf8(header.cells[i]))
            fault = FAULT_SYNTAX;
    if (fault == FAULT_COUNT && (has_duplicates(&header) || !find_columns(table, &header)))
        fault = FAULT_SYNTAX;
    if (fault == FAULT_COUNT && m->mapping->rules[MAPPING_ID].from &&
        table->columns_of[MAPPING_ID] == COLUMN_NONE)
        fault = FAULT_REQUIRED;
    if (fault != FAULT_COUNT)
        mapper_fail(m, fault, record->line);
    return fault == FAULT_COUNT;
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
                                  .latin1 = m->mapping->latin1,
                                  .record_bytes_max = m->limits->item_bytes_max};
    uint32_t line;
    if (!csv_read(body, &options, on_record, &table, &line))
        mapper_fail(m, FAULT_SYNTAX, line);
    else if (!table.has_header)
        mapper_fail(m, FAULT_REQUIRED, 1);
}
