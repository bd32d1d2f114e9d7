// SPDX-License-Identifier: EUPL-1.2
// Rows of the operator's tables: comma separated values with RFC 4180 quotes, UTF-8 with or without
// a byte order mark, any line ends. Empty lines and lines that begin with '#' are skipped. For
// files of our own only; what comes from outside has its own readers.
#ifndef CORE_TABLES_TABLE_H
#define CORE_TABLES_TABLE_H

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

enum { TABLE_COLUMNS_MAX = 32, TABLE_CELL_MAX = 4096 };

struct table {
    char *text; // owned copy; cells point into it
    char *at, *end;
    const char *name; // borrowed; for messages
    uint32_t line;    // where the latest row began, 1-based
    uint32_t next_line;
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
