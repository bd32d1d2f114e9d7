// SPDX-License-Identifier: EUPL-1.2
#include "ctl/term/table.h"

#include "base/mem.h"
#include "ctl/term/format.h"

#include <assert.h>
#include <stdlib.h>

enum { GAP = 2, BAR_WIDTH_MIN = 8 };

void table_init(struct table *table, const struct screen *screen,
                const struct table_column *columns, size_t count) {
    assert(count > 0 && count <= TABLE_COLUMNS_MAX);
    *table = (struct table){.screen = screen, .column_count = count, .rule_row = SIZE_MAX};
    for (size_t c = 0; c < count; c++)
        table->columns[c] = columns[c];
}

void table_free(struct table *table) {
    for (size_t i = 0; i < table->cell_count; i++)
        free(table->cells[i].text);
    free(table->cells);
    table->cells = NULL;
    table->cell_count = table->cell_cap = 0;
}

static void put_cell(struct table *table, enum screen_style style, char *text, int64_t value) {
    if (table->cell_count == table->cell_cap) {
        table->cell_cap = table->cell_cap ? table->cell_cap * 2 : 64;
        table->cells = mem_resize(table->cells, table->cell_cap, sizeof *table->cells);
    }
    table->cells[table->cell_count++] = (struct table_cell){text, value, style};
}

void table_put_text(struct table *table, const char *text) {
    table_put_styled(table, STYLE_PLAIN, text);
}

void table_put_styled(struct table *table, enum screen_style style, const char *text) {
    put_cell(table, style, screen_clean(table->screen, text), 0);
}

void table_put_figure(struct table *table, int64_t value) {
    char text[FORMAT_MAX];
    format_count(value, text);
    put_cell(table, STYLE_PLAIN, mem_strdup(text), value);
}

void table_put_bar(struct table *table, int64_t value) {
    put_cell(table, STYLE_PLAIN, NULL, value);
}

void table_put_rule(struct table *table) {
    table->rule_row = table->cell_count / table->column_count;
}

struct layout {
    size_t widths[TABLE_COLUMNS_MAX];
    size_t used;     // columns of the screen, without the bar and the gap before it
    int64_t bar_max; // the value of a full bar
};

static void measure(const struct table *table, struct layout *layout) {
    *layout = (struct layout){.bar_max = table->bar_full};
    for (size_t c = 0; c < table->column_count; c++)
        if (table->columns[c].kind != COLUMN_BAR)
            layout->widths[c] = screen_columns(table->screen, table->columns[c].title);
    for (size_t i = 0; i < table->cell_count; i++) {
        const struct table_cell *cell = &table->cells[i];
        size_t *width = &layout->widths[i % table->column_count];
        size_t columns = cell->text ? screen_columns(table->screen, cell->text) : 0;
        if (columns > *width)
            *width = columns;
        if (!cell->text && cell->value > layout->bar_max)
            layout->bar_max = cell->value;
    }
    for (size_t c = 0; c < table->column_count; c++)
        if (table->columns[c].kind != COLUMN_BAR)
            layout->used += layout->widths[c] + (c ? GAP : 0);
}

// Takes columns from the widest text until all fits.
static void squeeze(const struct table *table, struct layout *layout) {
    while (layout->used > table->screen->width) {
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

static unsigned column_fit(const struct table *table, size_t c) {
    unsigned fit = c + 1 == table->column_count ? FIT_LAST : FIT_LEFT;
    return fit | (table->columns[c].kind == COLUMN_FIGURE ? FIT_RIGHT : FIT_CUT);
}

static void print_titles(const struct table *table, const struct layout *layout) {
    const struct screen *screen = table->screen;
    for (size_t c = 0; c < table->column_count; c++) {
        const struct table_column *column = &table->columns[c];
        if (column->kind == COLUMN_BAR)
            break;
        screen_put_spaces(screen, c ? GAP : 0);
        screen_put_field(screen, STYLE_STRONG, column->title, layout->widths[c],
                         column_fit(table, c));
    }
    screen_end_line(screen);
}

static void print_bar(const struct table *table, const struct layout *layout, int64_t value) {
    size_t before = layout->used + GAP;
    size_t room = table->screen->width > before ? table->screen->width - before : 0;
    if (room < BAR_WIDTH_MIN || value <= 0)
        return;
    screen_put_spaces(table->screen, GAP);
    screen_put_bar(table->screen, value, layout->bar_max, room);
}

static void print_row(const struct table *table, const struct layout *layout, size_t row) {
    for (size_t c = 0; c < table->column_count; c++) {
        const struct table_cell *cell = &table->cells[row * table->column_count + c];
        if (table->columns[c].kind == COLUMN_BAR) {
            print_bar(table, layout, cell->value);
            continue;
        }
        screen_put_spaces(table->screen, c ? GAP : 0);
        screen_put_field(table->screen, cell->style, cell->text, layout->widths[c],
                         column_fit(table, c));
    }
    screen_end_line(table->screen);
}

void table_print(const struct table *table) {
    assert(table->cell_count % table->column_count == 0);
    struct layout layout;
    measure(table, &layout);
    squeeze(table, &layout);
    print_titles(table, &layout);
    for (size_t row = 0; row < table->cell_count / table->column_count; row++) {
        if (row == table->rule_row)
            screen_put_rule(table->screen, layout.used);
        print_row(table, &layout, row);
    }
}
