// SPDX-License-Identifier: EUPL-1.2
// Rows of the operator's tables: comma separated values as base/csv/csv.h reads them when it is
// strict. Empty lines and lines that begin with '#' are skipped.
#ifndef CORE_TABLES_TABLE_H
#define CORE_TABLES_TABLE_H

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

enum { TABLE_COLUMNS_MAX = 32, TABLE_CELL_MAX = 4096 };

struct table {
    struct buf text; // of all cells, each followed by a NUL
    struct table_row *rows;
    size_t row_count, row_cap;
    size_t row, at;   // what is read next: of the rows, in the text
    const char *name; // borrowed; for messages
    uint32_t line;    // where the latest row began, 1-based
};

enum table_next { TABLE_ROW, TABLE_END, TABLE_BAD };

void table_open(struct table *table, struct str text, const char *name);
void table_close(struct table *table); // frees the cells; NULL is fine
// The next row: up to `max` cells (at most TABLE_COLUMNS_MAX are sensible), trimmed, each followed
// by a NUL, valid until table_close. BAD: err says file and line, and the row after it can be read.
enum table_next table_read(struct table *table, struct str *cells, size_t max, size_t *count,
                           struct err *err) MUST_CHECK;
// A row of exactly `count` cells, otherwise BAD.
enum table_next table_read_exactly(struct table *table, struct str *cells, size_t count,
                                   struct err *err) MUST_CHECK;
// Reads the first row, which must be these column names.
bool table_expect_header(struct table *table, const char *const *names, size_t count,
                         struct err *err) MUST_CHECK;
// A CONFIG error "file:line: text" about the latest row. Returns false.
bool table_fault(const struct table *table, struct err *err, const char *text);

#endif
