// SPDX-License-Identifier: EUPL-1.2
// A table of statistics with a bar below each label, and below that a thin one for the year before.
#include "report.h"

#include <stdlib.h>
#include <string.h>

static int compare_lines(const void *left, const void *right) {
    const struct report_line *a = left, *b = right;
    if (a->unknown != b->unknown)
        return a->unknown ? 1 : -1;
    if (a->now != b->now)
        return a->now < b->now ? 1 : -1;
    if (a->before != b->before)
        return a->before < b->before ? 1 : -1;
    return strcmp(a->label, b->label);
}

static int64_t largest(const struct report_table *table) {
    int64_t max = 1;
    for (size_t i = 0; i < table->count; i++) {
        const struct report_line *line = &table->lines[i];
        max = line->now > max ? line->now : max;
        max = table->has_before && line->before > max ? line->before : max;
    }
    return max;
}

// In tenths of a percent of the width, so that no locale has a say in it.
static void put_bar(struct buf *page, const char *shape, int64_t value, int64_t max) {
    int64_t width = value >= max ? 1000 : (value * 1000 + max - 1) / max;
    if (value > 0)
        buf_printf(page, "<rect %s width=\"%d.%d%%\"/>", shape, (int)(width / 10),
                   (int)(width % 10));
}

void report_put_bars(struct report *report, int64_t now, int64_t before, int64_t max) {
    struct buf *page = &report->page;
    if (now <= 0 && before <= 0)
        return;
    buf_puts(page, "<svg class=\"bar\" aria-hidden=\"true\" focusable=\"false\">");
    put_bar(page, "class=\"is\" height=\"6\"", now, max);
    put_bar(page, "class=\"was\" y=\"8\" height=\"3\"", before, max);
    buf_puts(page, "</svg>");
}

bool report_change(const struct json_view *point, int64_t *change) {
    return json_view_number(point, "change", change) && *change >= -REPORT_NUMBER_MAX &&
           *change <= REPORT_NUMBER_MAX;
}

void report_put_change(struct report *report, const struct json_view *point, int64_t base,
                       int64_t small_base) {
    struct buf *page = &report->page;
    int64_t change, tenths;
    if (!report_change(point, &change)) {
        buf_puts(page, "<td class=\"none\">–</td><td class=\"none\">–</td>");
        return;
    }
    const char *class = json_view_flag(point, "beyondChance") ? " class=\"sure\"" : "";
    buf_printf(page, "<td%s>", class);
    html_put_change(page, change);
    buf_printf(page, "</td><td%s>", class);
    if (!json_view_tenths(point, "percent", &tenths)) {
        buf_puts(page, "–");
    } else {
        buf_puts(page, base < small_base ? "(" : "");
        html_put_percent(page, tenths);
        buf_puts(page, base < small_base ? ")" : "");
    }
    buf_puts(page, "</td>");
}

static void put_statistics(struct report *report, const struct report_table *table,
                           const struct report_line *line) {
    struct buf *page = &report->page;
    if (table->has_before) {
        buf_puts(page, "<td>");
        report_put_statistic(report, line->before);
        buf_puts(page, "</td>");
    }
    buf_puts(page, "<td>");
    report_put_statistic(report, line->now);
    buf_puts(page, "</td>");
    if (table->has_before && !report->rounding)
        report_put_change(report, line->point, line->before, table->small_base);
    buf_puts(page, "</tr>\n");
}

// With the colour of its bars.
static void put_year_head(struct buf *page, const char *class, int year) {
    buf_printf(page, "<th scope=\"col\"><span class=\"key %s\"></span>%d</th>", class, year);
}

static void put_head(struct report *report, const struct report_table *table) {
    struct buf *page = &report->page;
    const struct report_dimension_text *text = report_dimension(table->dimension);
    buf_puts(page, "<table class=\"bars\">\n<caption>");
    html_put_text(page, text->caption);
    buf_puts(page, "</caption>\n<thead><tr><th scope=\"col\">");
    html_put_text(page, text->head);
    buf_puts(page, "</th>");
    if (table->has_before)
        put_year_head(page, "was", report->year - 1);
    put_year_head(page, "is", report->year);
    if (table->has_before && !report->rounding)
        buf_puts(page, "<th scope=\"col\">Change</th><th scope=\"col\">In percent</th>");
    buf_puts(page, "</tr></thead>\n<tbody>\n");
}

void report_put_table(struct report *report, struct report_table *table) {
    struct buf *page = &report->page;
    qsort(table->lines, table->count, sizeof *table->lines, compare_lines);
    int64_t max = largest(table);
    put_head(report, table);
    for (size_t i = 0; i < table->count; i++) {
        const struct report_line *line = &table->lines[i];
        buf_puts(page, "<tr><th scope=\"row\">");
        html_put_text(page, line->label);
        report_put_bars(report, line->now, table->has_before ? line->before : 0, max);
        buf_puts(page, "</th>");
        put_statistics(report, table, line);
    }
    buf_puts(page, "</tbody>\n");
    if (*table->total.label) {
        buf_puts(page, "<tfoot><tr><th scope=\"row\">");
        html_put_text(page, table->total.label);
        buf_puts(page, "</th>");
        put_statistics(report, table, &table->total);
        buf_puts(page, "</tfoot>\n");
    }
    buf_puts(page, "</table>\n");
}
