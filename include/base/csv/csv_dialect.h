// SPDX-License-Identifier: EUPL-1.2
// How a CSV text is written: byte order mark, Excel's line "sep=;", separator, and where records
// end. The reader (base/csv/csv.h) and who cuts a text into pieces both ask here, so that they
// agree.
#ifndef BASE_CSV_DIALECT_H
#define BASE_CSV_DIALECT_H

#include "base/str.h"

struct csv_dialect {
    char separator;
    size_t begin;  // of the records: behind the mark and the "sep=" line
    uint32_t line; // where they begin, 1-based
};

// `separator` as its owner knows it, or 0; a "sep=" line that names , ; or tab overrides it. A text
// that begins with the first record of `text`, and all before that, has the same dialect.
struct csv_dialect csv_dialect_of(struct str text, char separator);

// A field, as lenient readers see it: a quote only opens at a field's start, and what follows a
// closing quote, but for a separator or line end, is inside again.
enum csv_state { CSV_FIELD_START, CSV_PLAIN, CSV_QUOTED, CSV_CLOSING, CSV_BEHIND_CLOSING };

// The state behind `c`. A line end outside CSV_QUOTED ends the record; the next begins in
// CSV_FIELD_START.
static inline enum csv_state csv_step(enum csv_state state, char c, bool is_separator) {
    bool space = c == ' ' || c == '\t';
    if (state != CSV_QUOTED && is_separator)
        return CSV_FIELD_START;
    switch (state) {
    case CSV_FIELD_START:
        return c == '"' ? CSV_QUOTED : space ? CSV_FIELD_START : CSV_PLAIN;
    case CSV_PLAIN:
        return CSV_PLAIN;
    case CSV_QUOTED:
        return c == '"' ? CSV_CLOSING : CSV_QUOTED;
    case CSV_CLOSING:
        return space ? CSV_BEHIND_CLOSING : CSV_QUOTED;
    case CSV_BEHIND_CLOSING:
        break;
    }
    return space ? CSV_BEHIND_CLOSING : c == '"' ? CSV_CLOSING : CSV_QUOTED;
}

#endif
