// SPDX-License-Identifier: EUPL-1.2
// Tables for spreadsheets and programs: CSV by RFC 4180, in UTF-8. Figures are plain digits. Text
// that a spreadsheet would take for a formula gets an apostrophe in front; control characters are
// left out.
#ifndef CTL_QUERY_CSV_WRITER_H
#define CTL_QUERY_CSV_WRITER_H

#include "ctl/query/json_view.h"
#include "ctl/term/term_out.h"

struct sheet {
    const struct screen *screen;
    bool begun; // a cell stands on this line
};

void sheet_put_text(struct sheet *sheet, const char *text); // NULL gives an empty cell
void sheet_put_figure(struct sheet *sheet, int64_t value);
void sheet_put_tenths(struct sheet *sheet, int64_t tenths); // 1234 as 123.4
// What stands at `path`: a text, a whole number, true or false, or texts with ", " between them;
// an empty cell for anything else.
void sheet_put_node(struct sheet *sheet, const struct node *node, const char *path);
void sheet_end_row(struct sheet *sheet);
// The header line: `titles` ends with NULL.
void sheet_put_titles(struct sheet *sheet, const char *const *titles);

#endif
