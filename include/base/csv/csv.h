// SPDX-License-Identifier: EUPL-1.2
// Records of a CSV text (RFC 4180, and what spreadsheets make of it): separator found out, UTF-8
// with or without a byte order mark, "sep=;" as first line, ="007", any line ends. Records
// without any content are left out.
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "base/str.h"

struct csv_options {
    char separator;          // ',' ';' '\t', or 0: what the first line has most of
    size_t record_bytes_max; // a longer record is only told of
    // As operators write tables: a line that begins with '#' is none, a quote inside a cell is
    // doubled, only blank lines have no content. Otherwise quotes are read as is most likely meant.
    bool strict;
    bool fold_breaks; // line breaks and tabs inside a cell are how it is laid out: a blank each run
};

// Borrowed for the call. Cells are without their quotes, not trimmed inside
// quotes.
struct csv_record {
    uint32_t line; // where it begins, 1-based
    bool too_long; // then it has no cells
    bool broken;   // strict only: a quote where none may stand; then it has no cells
    const struct str *cells;
    size_t count;
};

// Calls fn for each record, the header line included, until it returns false. False when the text
// ends inside quotes; *line is then where that record began.
bool csv_read(struct str text, const struct csv_options *options,
              bool (*fn)(void *ctx, const struct csv_record *record), void *ctx,
              uint32_t *line) MUST_CHECK;

#endif
