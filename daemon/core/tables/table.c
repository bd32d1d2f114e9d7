// SPDX-License-Identifier: EUPL-1.2
// An operator's table, read whole by base/csv when it is opened and given row by row. The cells
// stand in one text, which lives until table_close. A bad row keeps its line and what is wrong with
// it, so that all errors of a file are told in one run.
#include "core/tables/table.h"

#include "base/csv/csv.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct table_row {
    uint32_t line;
    size_t count;      // of its cells in the text; 0 when it is bad
    const char *wrong; // NULL: nothing
};

static void add_row(struct table *table, struct table_row row) {
    table->rows = mem_grow(table->rows, table->row_count, &table->row_cap, sizeof *table->rows);
    table->rows[table->row_count++] = row;
}

// What is wrong with a record, or NULL.
static const char *find_fault(const struct csv_record *record) {
    if (record->broken)
        return "text behind a closing quote, or a quote in a cell that is not quoted";
    if (record->too_long)
        return "a cell is too long";
    for (size_t i = 0; i < record->count; i++) {
        struct str cell = str_trim(record->cells[i]);
        if (cell.len > TABLE_CELL_MAX)
            return "a cell is too long";
        if (!str_is_clean_utf8(cell))
            return "a cell is not UTF-8 or holds control characters";
    }
    return NULL;
}

static bool take_record(void *ctx, const struct csv_record *record) {
    struct table *table = ctx;
    const char *wrong = find_fault(record);
    add_row(table, (struct table_row){record->line, wrong ? 0 : record->count, wrong});
    for (size_t i = 0; !wrong && i < record->count; i++) {
        buf_put_str(&table->text, str_trim(record->cells[i]));
        buf_putc(&table->text, '\0');
    }
    return true;
}

void table_open(struct table *table, struct str text, const char *name) {
    const struct csv_options options = {
        .separator = ',', .record_bytes_max = TABLE_CELL_MAX * TABLE_COLUMNS_MAX, .strict = true};
    uint32_t line;
    *table = (struct table){.name = name};
    buf_init(&table->text, 2 * text.len + 2); // at most a NUL for each byte, and one more
    if (!csv_read(text, &options, take_record, table, &line))
        add_row(table, (struct table_row){line, 0, "a quote is not closed"});
}

void table_close(struct table *table) {
    if (!table)
        return;
    buf_free(&table->text);
    free(table->rows);
    *table = (struct table){0};
}

bool table_fault(const struct table *table, struct err *err, const char *text) {
    return err_set(err, ERR_CONFIG, "%s:%u: %s", table->name, (unsigned)table->line, text);
}

enum table_next table_read(struct table *table, struct str *cells, size_t max, size_t *count,
                           struct err *err) {
    assert(max > 0);
    if (table->row == table->row_count)
        return TABLE_END;
    const struct table_row *row = &table->rows[table->row++];
    table->line = row->line;
    for (size_t i = 0; i < row->count; i++) {
        struct str cell = str_from(table->text.data + table->at);
        if (i < max)
            cells[i] = cell;
        table->at += cell.len + 1;
    }
    *count = row->count;
    const char *wrong = row->count > max ? "more columns than expected" : row->wrong;
    if (!wrong)
        return TABLE_ROW;
    (void)table_fault(table, err, wrong);
    return TABLE_BAD;
}

enum table_next table_read_exactly(struct table *table, struct str *cells, size_t count,
                                   struct err *err) {
    size_t n;
    enum table_next next = table_read(table, cells, count, &n, err);
    if (next != TABLE_ROW || n == count)
        return next;
    (void)err_set(err, ERR_CONFIG, "%s:%u: %zu columns, %zu expected", table->name,
                  (unsigned)table->line, n, count);
    return TABLE_BAD;
}

bool table_expect_header(struct table *table, const char *const *names, size_t count,
                         struct err *err) {
    assert(count > 0 && count <= TABLE_COLUMNS_MAX);
    struct str cells[TABLE_COLUMNS_MAX];
    enum table_next next = table_read_exactly(table, cells, count, err);
    if (next == TABLE_BAD)
        return false;
    if (next == TABLE_END)
        return err_set(err, ERR_CONFIG, "%s: empty, a header line is expected", table->name);
    for (size_t i = 0; i < count; i++)
        if (!str_is(cells[i], names[i]))
            return err_set(err, ERR_CONFIG, "%s:%u: column %zu must be \"%s\"", table->name,
                           (unsigned)table->line, i + 1, names[i]);
    return true;
}
