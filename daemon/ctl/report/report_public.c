// SPDX-License-Identifier: EUPL-1.2
// The page that may be published. It knows nothing but GET /v1/figures: rounded figures that do not
// change between snapshots. So it has no date of its own either: the same figures are the same
// page.
#include "report.h"

#include <stdio.h>
#include <string.h>

struct sheet {
    struct report *report;
    const struct node *answer, *figures;
    int closed_year, closed_month; // the last one that is covered
    int first_year;                // that has a figure
};

// The dimensions that a figure may be by.
static const char *const by_keys[] = {"category",     "province",     "policeUnit",
                                      "safetyRegion", "municipality", "gender",
                                      "ageGroup",     "citizenship",  "sourceKind"};

struct wanted {
    const char *measure;
    const char *period_key, *period; // "year", "2017"
    const char *by, *code;           // NULL: of all
};

static bool text_is(const struct node *node, const char *key, const char *text) {
    const char *found = node_text(node, key);
    return found && text && strcmp(found, text) == 0;
}

// Is it by these dimensions and no other?
static bool is_wanted(const struct node *figure, const struct wanted *wanted) {
    if (!text_is(figure, "measure", wanted->measure) ||
        !text_is(figure, wanted->period_key, wanted->period))
        return false;
    for (size_t i = 0; i < sizeof by_keys / sizeof *by_keys; i++) {
        bool mine = wanted->by && strcmp(by_keys[i], wanted->by) == 0;
        if (mine ? !text_is(figure, by_keys[i], wanted->code) : !!node_text(figure, by_keys[i]))
            return false;
    }
    return true;
}

// 0 where there is no figure. Rounded already; once more, so that nothing finer gets out from here.
static int64_t find_figure(const struct sheet *sheet, const struct wanted *wanted) {
    for (size_t i = 0; i < node_size(sheet->figures); i++) {
        const struct node *figure = node_item(sheet->figures, i);
        int64_t count = report_number(figure, "count");
        if (is_wanted(figure, wanted))
            return count - count % sheet->report->rounding;
    }
    return 0;
}

static int64_t find_of_year(const struct sheet *sheet, int year, const char *by, const char *code) {
    char period[16];
    (void)snprintf(period, sizeof period, "%d", year);
    return find_figure(sheet, &(struct wanted){"signals", "year", period, by, code});
}

static bool is_whole(const struct sheet *sheet, int year) {
    return year < sheet->closed_year || (year == sheet->closed_year && sheet->closed_month == 12);
}

// "2026-10"
static bool take_closed(struct sheet *sheet) {
    const char *closed = node_text(sheet->answer, "closed");
    struct str rest = str_from(closed), year;
    uint64_t y, m;
    if (!str_split(&rest, '-', &year) || !str_to_u64(year, 9999, &y) || !str_to_u64(rest, 12, &m) ||
        y < REPORT_YEAR_MIN || y > (uint64_t)sheet->report->this_year || m == 0)
        return false;
    sheet->closed_year = (int)y;
    sheet->closed_month = (int)m;
    return true;
}

static void choose_year(struct sheet *sheet) {
    int last = sheet->closed_year, whole = 0;
    sheet->first_year = last;
    for (int year = REPORT_YEAR_MIN; year <= last; year++) {
        if (!find_of_year(sheet, year, NULL, NULL))
            continue;
        if (year < sheet->first_year)
            sheet->first_year = year;
        if (is_whole(sheet, year))
            whole = year;
    }
    if (!sheet->report->year)
        sheet->report->year = whole ? whole : last;
}

static enum ctl_exit take_answer(struct sheet *sheet) {
    struct report *report = sheet->report;
    sheet->figures = node_at(sheet->answer, "figures");
    if (!node_number(sheet->answer, "resolution", &report->rounding) || report->rounding < 1 ||
        report->rounding > 1000000 || !sheet->figures)
        return report_unreadable();
    if (!node_text(sheet->answer, "closed"))
        return ctl_fail("there are no figures for outside yet: see signaalctl figures --help");
    if (!take_closed(sheet))
        return report_unreadable();
    choose_year(sheet);
    if (report->year > sheet->closed_year)
        return ctl_fail("of %d there are no figures for outside yet: they go up to the end of "
                        "%s %d",
                        report->year, report_month_name(sheet->closed_month), sheet->closed_year);
    return CTL_OK;
}

// "60 to 69", "fewer than 10"
static void put_range(struct report *report, int64_t floor) {
    struct buf *page = &report->page;
    if (floor < report->rounding) {
        buf_printf(page, "fewer than %d", (int)report->rounding);
        return;
    }
    html_put_count(page, floor);
    buf_puts(page, " to ");
    html_put_count(page, floor + report->rounding - 1);
}

static void put_summary(struct sheet *sheet) {
    struct report *report = sheet->report;
    struct buf *page = &report->page;
    int year = report->year;
    buf_printf(page, "<p class=\"lede\">In %d, <strong>", year);
    put_range(report, find_of_year(sheet, year, NULL, NULL));
    buf_puts(page, " signals</strong> of possible human trafficking were reported");
    if (!is_whole(sheet, year)) {
        buf_printf(page, " up to the end of %s", report_month_name(sheet->closed_month));
    } else if (year > REPORT_YEAR_MIN) {
        buf_printf(page, "; in %d, ", year - 1);
        put_range(report, find_of_year(sheet, year - 1, NULL, NULL));
    }
    buf_printf(
        page,
        ".</p>\n<p class=\"made\">All figures are rounded down to a multiple of %d and cover "
        "signals reported up to the end of %s %d.</p>\n",
        (int)report->rounding, report_month_name(sheet->closed_month), sheet->closed_year);
}

static void put_keys(struct sheet *sheet) {
    struct report *report = sheet->report;
    struct buf *page = &report->page;
    char period[16];
    (void)snprintf(period, sizeof period, "%d", report->year);
    const int64_t figures[] = {
        find_of_year(sheet, report->year, NULL, NULL),
        find_figure(sheet, &(struct wanted){"municipalities", "year", period, NULL, NULL})};
    static const char *const heads[] = {"Signals", "Municipalities that signalled"};
    buf_puts(page, "<dl class=\"keys\">\n");
    for (size_t i = 0; i < 2; i++) {
        buf_printf(page, "<div><dt>%s</dt><dd><span class=\"big\">", heads[i]);
        if (figures[i] < report->rounding)
            buf_printf(page, "&lt;%d", (int)report->rounding);
        else
            html_put_count(page, figures[i]);
        buf_puts(page, "</span>");
        put_range(report, figures[i]);
        buf_puts(page, "</dd></div>\n");
    }
    buf_puts(page, "</dl>\n");
}

static void fill_years(struct sheet *sheet, struct report_columns *chart) {
    int first = sheet->first_year < sheet->report->year ? sheet->first_year : sheet->report->year;
    if (sheet->closed_year - first >= REPORT_COLUMNS_MAX)
        first = sheet->closed_year - REPORT_COLUMNS_MAX + 1;
    for (int year = first; year <= sheet->closed_year; year++) {
        struct report_column *column = &chart->columns[chart->count++];
        (void)snprintf(column->label, sizeof column->label, "%d", year);
        column->value = find_of_year(sheet, year, NULL, NULL);
        column->kind = !is_whole(sheet, year)        ? COLUMN_IS_PARTIAL
                       : year == sheet->report->year ? COLUMN_IS_STRONG
                                                     : COLUMN_IS_PLAIN;
    }
}

static void fill_months(struct sheet *sheet, struct report_columns *chart) {
    int year = sheet->report->year;
    for (int month = 1; month <= 12; month++) {
        struct report_column *column = &chart->columns[chart->count++];
        char period[16];
        (void)snprintf(period, sizeof period, "%d-%02d", year, month);
        (void)snprintf(column->label, sizeof column->label, "%.3s", report_month_name(month));
        column->value =
            find_figure(sheet, &(struct wanted){"signals", "month", period, NULL, NULL});
        column->kind = year == sheet->closed_year && month > sheet->closed_month ? COLUMN_IS_MISSING
                                                                                 : COLUMN_IS_STRONG;
    }
}

static void put_years(struct sheet *sheet, const struct report_columns *years) {
    struct buf *page = &sheet->report->page;
    buf_puts(page, "<table class=\"slim\">\n<caption>Signals by year</caption>\n<thead><tr>"
                   "<th scope=\"col\">Year</th><th scope=\"col\">Signals</th></tr></thead>\n"
                   "<tbody>\n");
    for (size_t i = 0; i < years->count; i++) {
        const struct report_column *column = &years->columns[i];
        buf_printf(page, "<tr%s><th scope=\"row\">%s%s</th><td>",
                   column->kind == COLUMN_IS_STRONG ? " class=\"now\"" : "", column->label,
                   column->kind == COLUMN_IS_PARTIAL ? " (not over)" : "");
        report_put_figure(sheet->report, column->value);
        buf_puts(page, "</td></tr>\n");
    }
    buf_puts(page, "</tbody>\n</table>\n");
}

static void put_trend(struct sheet *sheet) {
    struct report *report = sheet->report;
    struct report_columns years = {.id = "years", .title = "Signals by year"};
    struct report_columns months = {.id = "months"};
    char title[64];
    (void)snprintf(title, sizeof title, "Signals by month of %d", report->year);
    months.title = title;
    fill_years(sheet, &years);
    fill_months(sheet, &months);
    buf_puts(&report->page, "<section>\n<h2>Trend</h2>\n");
    report_put_columns(report, &years);
    report_put_columns(report, &months);
    put_years(sheet, &years);
    buf_puts(&report->page, "</section>\n");
}

static void put_dimension(struct sheet *sheet, enum report_dimension dimension) {
    struct report *report = sheet->report;
    const char *name = report_dimension(dimension)->name, *code;
    struct report_table table = {.dimension = dimension,
                                 .has_before = report->year > REPORT_YEAR_MIN &&
                                               is_whole(sheet, report->year)};
    for (size_t i = 0; (code = report_code(dimension, i)) && table.count < REPORT_LINES_MAX; i++) {
        struct report_line *line = &table.lines[table.count++];
        report_set_label(line, dimension, code);
        line->now = find_of_year(sheet, report->year, name, code);
        line->before = find_of_year(sheet, report->year - 1, name, code);
    }
    report_put_table(report, &table);
}

static void put_map(struct sheet *sheet) {
    struct report *report = sheet->report;
    struct report_map map = {.id = "map", .title = "Signals by province"};
    int64_t counts[REPORT_PROVINCES], max = 1;
    for (size_t i = 0; i < REPORT_PROVINCES; i++) {
        char code[8];
        (void)snprintf(code, sizeof code, "PV%u", (unsigned)i + 20);
        counts[i] = find_of_year(sheet, report->year, "province", code);
        max = counts[i] > max ? counts[i] : max;
    }
    for (size_t i = 0; i < REPORT_PROVINCES; i++) {
        struct report_tile *tile = &map.tiles[i];
        if (counts[i] < report->rounding) {
            (void)snprintf(tile->big, sizeof tile->big, "<%d", (int)report->rounding);
            continue;
        }
        (void)snprintf(tile->big, sizeof tile->big, "%lld", (long long)counts[i]);
        (void)snprintf(tile->small, sizeof tile->small, "to %lld",
                       (long long)(counts[i] + report->rounding - 1));
        tile->shade = 1 + (unsigned)((counts[i] * 5 - 1) / max);
    }
    report_put_map(report, &map);
}

static void put_method(struct sheet *sheet) {
    struct report *report = sheet->report;
    int resolution = (int)report->rounding;
    buf_printf(
        &report->page,
        "<section class=\"method\">\n<h2>How to read this</h2>\n<ul>\n"
        "<li>A signal is an indication of <em>possible</em> trafficking, not a proven case. More "
        "signals can mean more trafficking, or more people who look.</li>\n"
        "<li>Each figure is rounded down to a multiple of %d on its own: %d means %d to %d. So "
        "figures need not add up. “&lt;%d” means that there are fewer than %d, or none at "
        "all: the two are not told apart.</li>\n"
        "<li>A signal counts in the year and month in which it was reported, and only once that "
        "month is over. A signal with several forms of exploitation counts in each.</li>\n"
        "<li>Figures are made anew at most once a month, and only when at least %d signals have "
        "changed. In between nothing changes here, whatever arrives.</li>\n"
        "<li>There is no list of silent municipalities here. A municipality that leaves such a "
        "list would give away that there is a signal about somebody there.</li>\n"
        "</ul>\n</section>\n",
        resolution, 3 * resolution, 3 * resolution, 4 * resolution - 1, resolution, resolution,
        resolution);
}

static void put_page(struct sheet *sheet) {
    struct report *report = sheet->report;
    report_put_head(report);
    put_summary(sheet);
    put_keys(sheet);
    buf_puts(&report->page, "</header>\n<main>\n");
    put_trend(sheet);
    buf_puts(&report->page, "<section>\n<h2>Forms of exploitation</h2>\n");
    put_dimension(sheet, REPORT_CATEGORY);
    buf_puts(&report->page, "</section>\n<section>\n<h2>Where</h2>\n<div class=\"pair\">\n<div>\n");
    put_map(sheet);
    buf_puts(&report->page, "</div>\n<div>\n");
    put_dimension(sheet, REPORT_POLICE_UNIT);
    buf_puts(&report->page, "</div>\n</div>\n");
    buf_puts(&report->page, "</section>\n<section>\n<h2>Victims</h2>\n");
    put_dimension(sheet, REPORT_GENDER);
    put_dimension(sheet, REPORT_AGE_GROUP);
    put_dimension(sheet, REPORT_CITIZENSHIP);
    buf_puts(&report->page, "</section>\n<section>\n<h2>Sources</h2>\n");
    put_dimension(sheet, REPORT_SOURCE_KIND);
    buf_puts(&report->page, "</section>\n");
    put_method(sheet);
    report_put_end(report);
}

enum ctl_exit report_public(struct report *report) {
    struct node *answer = NULL;
    enum ctl_exit result = report_ask(report, "/v1/figures", &answer);
    struct sheet sheet = {.report = report, .answer = answer};
    if (result == CTL_OK)
        result = take_answer(&sheet);
    if (result == CTL_OK)
        put_page(&sheet);
    node_free(answer);
    return result;
}
