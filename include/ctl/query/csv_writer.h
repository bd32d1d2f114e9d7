// SPDX-License-Identifier: EUPL-1.2
// Tables for spreadsheets and programs: CSV by RFC 4180, in UTF-8. Numbers are plain digits. With
// another separator than a comma, a decimal comma stands in numbers.
// Text that a spreadsheet would take for a formula gets an apostrophe in front; control characters
// are left out.
#ifndef CTL_QUERY_CSV_WRITER_H
#define CTL_QUERY_CSV_WRITER_H

#include "ctl/query/json_view.h"
#include "ctl/term/term_out.h"

struct csv_writer {
    const struct term_out *term;
    bool begun;     // a cell stands on this line
    char separator; // 0: a comma
};

void csv_writer_put_text(struct csv_writer *writer, const char *text); // NULL gives an empty cell
void csv_writer_put_number(struct csv_writer *writer, int64_t value);
void csv_writer_put_real(struct csv_writer *writer, double value);
void csv_writer_put_tenths(struct csv_writer *writer, int64_t tenths); // 1234 as 123.4
void csv_writer_put_hundredths(struct csv_writer *writer, int64_t hundredths);
// What stands at `path`: a text, a whole number, true or false, or texts with ", " between them;
// an empty cell for anything else.
void csv_writer_put_node(struct csv_writer *writer, const struct json_view *node, const char *path);
void csv_writer_end_row(struct csv_writer *writer);
// The header line: `titles` ends with NULL.
void csv_writer_put_titles(struct csv_writer *writer, const char *const *titles);

#endif
