// SPDX-License-Identifier: EUPL-1.2
// Collects the cells of a table, measures them all and prints them once. The widest column of text
// gives way first, one position at a time, until the table fits; a number is never cut. Text is
// cleaned when it is put in. The table owns the copies of its texts, and table_free frees them.
#include "ctl/term/table.h"

#include "base/mem.h"
#include "ctl/term/format.h"

#include <assert.h>
#include <stdlib.h>

enum { GAP = 2, BAR_WIDTH_MIN = 8 };

void table_init(struct term_table *table, const struct term_out *term,
                const struct table_column *columns, size_t count) {
    assert(count > 0 && count <= TABLE_COLUMNS_MAX);
    *table = (struct term_table){.term = term, .column_count = count, .rule_row = SIZE_MAX};
    for (size_t c = 0; c < count; c++)
        table->columns[c] = columns[c];
}

void table_clear(struct term_table *table) {
    for (size_t i = 0; i < table->cell_count; i++)
        free(table->cells[i].text);
    table->cell_count = 0;
    table->rule_row = SIZE_MAX;
}

void table_free(struct term_table *table) {
    table_clear(table);
    free(table->cells);
    table->cells = NULL;
    table->cell_cap = 0;
}

static void put_cell(struct term_table *table, enum term_out_style style, char *text,
                     int64_t value) {
    table->cells =
        mem_grow(table->cells, table->cell_count, &table->cell_cap, sizeof *table->cells);
    table->cells[table->cell_count++] = (struct table_cell){text, value, style};
}

void table_put_text(struct term_table *table, const char *text) {
    table_put_styled(table, STYLE_PLAIN, text);
}

void table_put_styled(struct term_table *table, enum term_out_style style, const char *text) {
    put_cell(table, style, term_out_clean(table->term, text), 0);
}

void table_put_number(struct term_table *table, int64_t value) {
    char text[FORMAT_MAX];
    format_count(value, text);
    put_cell(table, STYLE_PLAIN, mem_strdup(text), value);
}

void table_put_bar(struct term_table *table, int64_t value) {
    put_cell(table, STYLE_PLAIN, NULL, value);
}

void table_put_rule(struct term_table *table) {
    table->rule_row = table->cell_count / table->column_count;
}

void table_measure(const struct term_table *table, struct table_layout *layout) {
    if (table->bar_full > layout->bar_max)
        layout->bar_max = table->bar_full;
    for (size_t i = 0; i < table->cell_count; i++) {
        const struct table_cell *cell = &table->cells[i];
        size_t *width = &layout->widths[i % table->column_count];
        size_t columns = cell->text ? term_out_columns(table->term, cell->text) : 0;
        if (columns > *width)
            *width = columns;
        if (!cell->text && cell->value > layout->bar_max)
            layout->bar_max = cell->value;
    }
}

// Takes columns from the widest text until all fits. What is no terminal gets every text whole.
void table_fit(const struct term_table *table, struct table_layout *layout) {
    layout->used = 0;
    for (size_t c = 0; c < table->column_count; c++) {
        if (table->columns[c].kind == COLUMN_BAR)
            continue;
        size_t title = term_out_columns(table->term, table->columns[c].title);
        if (title > layout->widths[c])
            layout->widths[c] = title;
        layout->used += layout->widths[c] + (c ? GAP : 0);
    }
    while (table->term->terminal && layout->used > table->term->width) {
        size_t widest = SIZE_MAX;
        for (size_t c = 0; c < table->column_count; c++)
            if (table->columns[c].kind == COLUMN_TEXT && layout->widths[c] > TABLE_TEXT_MIN &&
                (widest == SIZE_MAX || layout->widths[c] > layout->widths[widest]))
                widest = c;
        if (widest == SIZE_MAX)
            return;
        layout->widths[widest]--;
        layout->used--;
    }
}

static unsigned column_fit(const struct term_table *table, size_t c) {
    unsigned fit = c + 1 == table->column_count ? FIT_LAST : FIT_LEFT;
    return fit | (table->columns[c].kind == COLUMN_NUMBER ? FIT_RIGHT : FIT_CUT);
}

void table_print_titles(const struct term_table *table, const struct table_layout *layout) {
    const struct term_out *term = table->term;
    for (size_t c = 0; c < table->column_count; c++) {
        const struct table_column *column = &table->columns[c];
        if (column->kind == COLUMN_BAR)
            break;
        term_out_put_spaces(term, c ? GAP : 0);
        term_out_put_field(term, STYLE_STRONG, column->title, layout->widths[c],
                           column_fit(table, c));
    }
    term_out_end_line(term);
}

static void print_bar(const struct term_table *table, const struct table_layout *layout,
                      int64_t value) {
    size_t before = layout->used + GAP;
    size_t room = table->term->width > before ? table->term->width - before : 0;
    if (room < BAR_WIDTH_MIN || value <= 0)
        return;
    term_out_put_spaces(table->term, GAP);
    term_out_put_bar(table->term, value, layout->bar_max, room);
}

static void print_row(const struct term_table *table, const struct table_layout *layout,
                      size_t row) {
    for (size_t c = 0; c < table->column_count; c++) {
        const struct table_cell *cell = &table->cells[row * table->column_count + c];
        if (table->columns[c].kind == COLUMN_BAR) {
            print_bar(table, layout, cell->value);
            continue;
        }
        term_out_put_spaces(table->term, c ? GAP : 0);
        term_out_put_field(table->term, cell->style, cell->text, layout->widths[c],
                           column_fit(table, c));
    }
    term_out_end_line(table->term);
}

void table_print_rows(const struct term_table *table, const struct table_layout *layout) {
    assert(table->cell_count % table->column_count == 0);
    for (size_t row = 0; row < table->cell_count / table->column_count; row++) {
        if (row == table->rule_row)
            term_out_put_rule(table->term, layout->used);
        print_row(table, layout, row);
    }
}

void table_print(const struct term_table *table) {
    struct table_layout layout = {.used = 0};
    table_measure(table, &layout);
    table_fit(table, &layout);
    table_print_titles(table, &layout);
    table_print_rows(table, &layout);
}
