// SPDX-License-Identifier: EUPL-1.2
// A table that fits the terminal: text is cut where it must be, numbers never; a column of bars
// takes the room that is left.
#ifndef CTL_TERM_TABLE_H
#define CTL_TERM_TABLE_H

#include "ctl/term/term_out.h"

enum { TABLE_COLUMNS_MAX = 32, TABLE_TEXT_MIN = 8 }; // no text is cut to fewer columns

struct table_column {
    const char *title;
    enum { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_BAR } kind; // at most one bar, and it is the last
};

struct term_table {
    const struct term_out *term;
    struct table_column columns[TABLE_COLUMNS_MAX];
    size_t column_count;
    struct table_cell {
        char *text; // cleaned, owned
        int64_t value;
        enum term_out_style style;
    } * cells; // owned; row by row
    size_t cell_count, cell_cap;
    size_t rule_row;  // a line stands above this row
    int64_t bar_full; // the value of a full bar; 0: the largest
};

void table_init(struct term_table *table, const struct term_out *term,
                const struct table_column *columns, size_t count);
void table_free(struct term_table *table);

// Cells are put row by row, from left to right.
void table_put_text(struct term_table *table, const char *text); // foreign text is welcome
void table_put_styled(struct term_table *table, enum term_out_style style, const char *text);
void table_put_number(struct term_table *table, int64_t value);
void table_put_bar(struct term_table *table, int64_t value);
void table_put_rule(struct term_table *table); // above the row that comes next; once

void table_print(const struct term_table *table);

// A table too long to be in memory at once is put twice, part by part: to be measured and to be
// printed. Zero the layout first.
struct table_layout {
    size_t widths[TABLE_COLUMNS_MAX];
    size_t used;     // columns of the terminal, without the bar and the gap before it
    int64_t bar_max; // the value of a full bar
};
void table_clear(struct term_table *table); // it has no cells again
void table_measure(const struct term_table *table, struct table_layout *layout);
void table_fit(const struct term_table *table, struct table_layout *layout); // all is measured
void table_print_titles(const struct term_table *table, const struct table_layout *layout);
void table_print_rows(const struct term_table *table, const struct table_layout *layout);

#endif
