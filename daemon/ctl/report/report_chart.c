// SPDX-License-Identifier: EUPL-1.2
// Charts as inline SVG: columns whose places are percentages, so that they fill the width while the
// letters keep their size; and the twelve provinces as squares, where they lie.
#include "report.h"

#include <string.h>

enum {
    COLUMN_TOP = 24,
    COLUMN_FOOT = 158,
    COLUMN_WIDTH_PERCENT = 64, // of its place
    COLUMN_PLACE_PX = 84,      // at most, for each
    COLUMN_LABELS_MAX = 14,
    TILE = 100,
    TILE_GAP = 6,
};

// From the title for those who hear the page: "2016: 34, 2017: 68".
static void put_description(struct report *report, const struct report_columns *chart) {
    struct buf *page = &report->page;
    for (size_t i = 0; i < chart->count; i++) {
        const struct report_column *column = &chart->columns[i];
        buf_printf(page, "%s%s: ", i ? ", " : "", column->label);
        if (column->kind == COLUMN_IS_MISSING)
            buf_puts(page, "not known yet");
        else if (report->rounding && column->value < report->rounding)
            buf_printf(page, "fewer than %d", (int)report->rounding);
        else
            html_put_count(page, column->value);
        if (column->kind == COLUMN_IS_PARTIAL)
            buf_puts(page, " so far");
    }
}

static int64_t largest(const struct report_columns *chart) {
    int64_t max = 1;
    for (size_t i = 0; i < chart->count; i++)
        if (chart->columns[i].value > max)
            max = chart->columns[i].value;
    return max;
}

// Hundredths of a percent as "12.34%".
static void put_place(struct buf *page, const char *attribute, unsigned place) {
    buf_printf(page, " %s=\"%u.%02u%%\"", attribute, place / 100, place % 100);
}

static void put_value(struct report *report, const struct report_column *column, unsigned x,
                      int y) {
    struct buf *page = &report->page;
    buf_puts(page, "<text class=\"value\"");
    put_place(page, "x", x);
    buf_printf(page, " y=\"%d\">", y - 6);
    if (report->rounding && column->value < report->rounding)
        buf_printf(page, "&lt;%d", (int)report->rounding);
    else
        html_put_count(page, column->value);
    buf_puts(page, "</text>");
}

static void put_column(struct report *report, const struct report_columns *chart, size_t i,
                       int64_t max) {
    static const char *const classes[] = {"plain", "strong", "partial", "plain"};
    struct buf *page = &report->page;
    const struct report_column *column = &chart->columns[i];
    unsigned place = 10000u / (unsigned)chart->count;
    unsigned x = (unsigned)i * 10000u / (unsigned)chart->count;
    unsigned width = place * COLUMN_WIDTH_PERCENT / 100;
    int height = (int)(column->value * (COLUMN_FOOT - COLUMN_TOP) / max);
    // With many columns each so-and-so-many has its label, counted from the last.
    size_t step = (chart->count + COLUMN_LABELS_MAX - 1) / COLUMN_LABELS_MAX;
    bool labelled = (chart->count - 1 - i) % step == 0;
    if (height) {
        buf_printf(page, "<rect class=\"%s\"", classes[column->kind]);
        put_place(page, "x", x + (place - width) / 2);
        put_place(page, "width", width);
        buf_printf(page, " y=\"%d\" height=\"%d\"/>", COLUMN_FOOT - height, height);
    }
    if (labelled && column->kind != COLUMN_IS_MISSING)
        put_value(report, column, x + place / 2, COLUMN_FOOT - height);
    if (labelled) {
        buf_printf(page, "<text class=\"%s\"",
                   column->kind == COLUMN_IS_STRONG ? "strong" : "label");
        put_place(page, "x", x + place / 2);
        buf_printf(page, " y=\"%d\">%s</text>\n", COLUMN_FOOT + 19, column->label);
    }
}

void report_put_columns(struct report *report, const struct report_columns *chart) {
    struct buf *page = &report->page;
    int64_t max = largest(chart);
    size_t width = chart->count * COLUMN_PLACE_PX;
    buf_puts(page, "<statistic>\n<figcaption>");
    html_put_text(page, chart->title);
    buf_printf(page,
               "</figcaption>\n<svg class=\"columns\" role=\"img\" aria-labelledby=\"%s-t %s-d\" "
               "style=\"max-width:%zupx\">\n<title id=\"%s-t\">",
               chart->id, chart->id, width, chart->id);
    html_put_text(page, chart->title);
    buf_printf(page, "</title>\n<desc id=\"%s-d\">", chart->id);
    put_description(report, chart);
    buf_puts(page, "</desc>\n");
    for (size_t i = 0; i < chart->count; i++)
        put_column(report, chart, i, max);
    buf_printf(page, "<line x1=\"0\" x2=\"100%%\" y1=\"%d\" y2=\"%d\"/>\n</svg>\n</statistic>\n",
               COLUMN_FOOT, COLUMN_FOOT);
}

// From PV20 on.
static const struct {
    const char *name;
    unsigned column, row;
} provinces[REPORT_PROVINCES] = {
    {"Groningen", 3, 0},    {"Fryslân", 2, 0},    {"Drenthe", 3, 1},       {"Overijssel", 3, 2},
    {"Flevoland", 2, 1},    {"Gelderland", 2, 2}, {"Utrecht", 1, 2},       {"Noord-Holland", 1, 1},
    {"Zuid-Holland", 0, 2}, {"Zeeland", 0, 3},    {"Noord-Brabant", 1, 3}, {"Limburg", 2, 3},
};

const char *report_province_name(size_t index) {
    return provinces[index].name;
}

size_t report_province_index(const char *code) {
    uint64_t number = 0;
    if (!code || strncmp(code, "PV", 2) != 0 || !str_to_u64(str_from(code + 2), 31, &number) ||
        number < 20)
        return REPORT_PROVINCES;
    return (size_t)number - 20;
}

static void put_tile(struct buf *page, const struct report_tile *tile, size_t index) {
    unsigned x = provinces[index].column * (TILE + TILE_GAP);
    unsigned y = provinces[index].row * (TILE + TILE_GAP);
    unsigned middle = x + TILE / 2;
    buf_printf(page,
               "<g class=\"s%u\"><rect x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\" rx=\"4\"/>"
               "<text x=\"%u\" y=\"%u\">%s</text><text class=\"statistic\" x=\"%u\" y=\"%u\">",
               tile->shade, x, y, TILE, TILE, middle, y + 24, provinces[index].name, middle,
               y + 60);
    html_put_text(page, tile->big);
    buf_printf(page, "</text><text class=\"small\" x=\"%u\" y=\"%u\">", middle, y + 84);
    html_put_text(page, tile->small);
    buf_puts(page, "</text></g>\n");
}

void report_put_map(struct report *report, const struct report_map *map) {
    struct buf *page = &report->page;
    unsigned side = 4 * TILE + 3 * TILE_GAP;
    buf_puts(page, "<statistic>\n<figcaption>");
    html_put_text(page, map->title);
    buf_printf(page,
               "</figcaption>\n<svg class=\"map\" viewBox=\"0 0 %u %u\" role=\"img\" "
               "aria-labelledby=\"%s-t %s-d\">\n<title id=\"%s-t\">",
               side, side, map->id, map->id, map->id);
    html_put_text(page, map->title);
    buf_printf(page, "</title>\n<desc id=\"%s-d\">", map->id);
    for (size_t i = 0; i < REPORT_PROVINCES; i++) {
        buf_printf(page, "%s%s: ", i ? "; " : "", provinces[i].name);
        html_put_text(page, map->tiles[i].big);
        buf_puts(page, *map->tiles[i].small ? ", " : "");
        html_put_text(page, map->tiles[i].small);
    }
    buf_puts(page, "</desc>\n");
    for (size_t i = 0; i < REPORT_PROVINCES; i++)
        put_tile(page, &map->tiles[i], i);
    buf_puts(page, "</svg>\n</statistic>\n");
}
