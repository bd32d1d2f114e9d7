// SPDX-License-Identifier: EUPL-1.2
// Reads an operator's table row by row. Cells are unquoted in place in a copy of the text, so they
// cost no memory of their own and live until table_close. A bad row is told with its line and the
// reader stands at the next one, so that all errors of a file are told in one run.
#include "core/tables/table.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void table_open(struct table *table, struct str text, const char *name) {
    if (text.len >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0)
        text = (struct str){text.data + 3, text.len - 3};
    char *copy = mem_strndup(text.data ? text.data : "", text.len);
    *table = (struct table){
        .text = copy, .at = copy, .end = copy + text.len, .name = name, .next_line = 1};
}

void table_close(struct table *table) {
    if (!table)
        return;
    free(table->text);
    *table = (struct table){0};
}

bool table_fault(const struct table *table, struct err *err, const char *text) {
    return err_set(err, ERR_CONFIG, "%s:%u: %s", table->name, (unsigned)table->line, text);
}

// Moves behind a line end ("\n", "\r\n" or "\r").
static void pass_line_end(struct table *table) {
    if (table->at < table->end && *table->at == '\r')
        table->at++;
    if (table->at < table->end && *table->at == '\n')
        table->at++;
    table->next_line++;
}

static bool at_line_end(const struct table *table) {
    return table->at == table->end || *table->at == '\n' || *table->at == '\r';
}

static void skip_line(struct table *table) {
    while (!at_line_end(table))
        table->at++;
    if (table->at < table->end)
        pass_line_end(table);
}

static void skip_blank_lines(struct table *table) {
    while (table->at < table->end && (at_line_end(table) || *table->at == '#'))
        skip_line(table);
}

// The rest of a quoted cell, unquoted in place. NULL, or what is wrong.
static const char *read_quoted(struct table *table, struct str *cell) {
    char *out = ++table->at;
    cell->data = out;
    for (;; table->at++) {
        if (table->at == table->end)
            return "a quote is not closed";
        if (*table->at == '"') {
            if (table->at + 1 == table->end || table->at[1] != '"')
                break;
            table->at++;
        } else if (*table->at == '\n') {
            table->next_line++;
        }
        *out++ = *table->at;
    }
    table->at++;
    cell->len = (size_t)(out - cell->data);
    if (!at_line_end(table) && *table->at != ',')
        return "text behind a closing quote";
    return NULL;
}

static const char *read_cell(struct table *table, struct str *cell) {
    const char *wrong = NULL;
    if (!at_line_end(table) && *table->at == '"') {
        wrong = read_quoted(table, cell);
    } else {
        cell->data = table->at;
        while (!at_line_end(table) && *table->at != ',')
            table->at++;
        cell->len = (size_t)(table->at - cell->data);
    }
    if (wrong)
        return wrong;
    *cell = str_trim(*cell);
    if (cell->len > TABLE_CELL_MAX)
        return "a cell is too long";
    if (!str_is_clean_utf8(*cell))
        return "a cell is not UTF-8 or holds control characters";
    return NULL;
}

// Only once the whole row is read: a NUL may overwrite the separator that ended its cell.
static void end_cells(const struct table *table, const struct str *cells, size_t count) {
    for (size_t i = 0; i < count; i++)
        table->text[(cells[i].data - table->text) + (ptrdiff_t)cells[i].len] = '\0';
}

enum table_next table_read(struct table *table, struct str *cells, size_t max, size_t *count,
                           struct err *err) {
    assert(max > 0);
    skip_blank_lines(table);
    if (table->at == table->end)
        return TABLE_END;
    table->line = table->next_line;
    const char *wrong = NULL;
    size_t n = 0;
    for (;;) {
        if (n == max)
            wrong = "more columns than expected";
        else
            wrong = read_cell(table, &cells[n]);
        if (wrong)
            break;
        n++;
        if (at_line_end(table))
            break;
        table->at++; // the comma
    }
    skip_line(table);
    if (wrong) {
        (void)table_fault(table, err, wrong);
        return TABLE_BAD;
    }
    end_cells(table, cells, n);
    *count = n;
    return TABLE_ROW;
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
