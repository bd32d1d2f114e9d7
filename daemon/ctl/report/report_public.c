// SPDX-License-Identifier: EUPL-1.2
// The page that may be published. It knows nothing but GET /v1/statistics: rounded statistics that
// do not change between snapshots. So it has no date of its own either: the same statistics are the
// same page.
#include "report.h"

#include <stdio.h>
#include <string.h>

struct csv_writer {
    struct report *report;
    const struct json_view *answer, *statistics;
    int closed_year, closed_month; // the last one that is covered
    int first_year;                // that has a statistic
};

// The dimensions that a statistic may be by.
static const char *const by_keys[] = {"category",     "province",     "policeUnit",
                                      "safetyRegion", "municipality", "gender",
                                      "ageGroup",     "citizenship",  "sourceKind"};

struct wanted {
    const char *measure;
    const char *period_key, *period; // "year", "2017"
    const char *by, *code;           // NULL: of all
};

static bool text_is(const struct json_view *node, const char *key, const char *text) {
    const char *found = json_view_text(node, key);
    return found && text && strcmp(found, text) == 0;
}

// Is it by these dimensions and no other?
static bool is_wanted(const struct json_view *statistic, const struct wanted *wanted) {
    if (!text_is(statistic, "measure", wanted->measure) ||
        !text_is(statistic, wanted->period_key, wanted->period))
        return false;
    for (size_t i = 0; i < sizeof by_keys / sizeof *by_keys; i++) {
        bool mine = wanted->by && strcmp(by_keys[i], wanted->by) == 0;
        if (mine ? !text_is(statistic, by_keys[i], wanted->code)
                 : !!json_view_text(statistic, by_keys[i]))
            return false;
    }
    return true;
}

// 0 where there is no statistic. Rounded already; once more, so that nothing finer gets out from
// here.
static int64_t find_statistic(const struct csv_writer *writer, const struct wanted *wanted) {
    for (size_t i = 0; i < json_view_size(writer->statistics); i++) {
        const struct json_view *statistic = json_view_item(writer->statistics, i);
        int64_t count = report_number(statistic, "count");
        if (is_wanted(statistic, wanted))
            return count - count % writer->report->rounding;
    }
    return 0;
}

static int64_t find_of_year(const struct csv_writer *writer, int year, const char *by,
                            const char *code) {
    char period[16];
    (void)snprintf(period, sizeof period, "%d", year);
    return find_statistic(writer, &(struct wanted){"signals", "year", period, by, code});
}

static bool is_whole(const struct csv_writer *writer, int year) {
    return year < writer->closed_year ||
           (year == writer->closed_year && writer->closed_month == 12);
}

// "2026-10"
static bool take_closed(struct csv_writer *writer) {
    const char *closed = json_view_text(writer->answer, "closed");
    struct str rest = str_from(closed), year;
    uint64_t y, m;
    if (!str_split(&rest, '-', &year) || !str_to_u64(year, 9999, &y) || !str_to_u64(rest, 12, &m) ||
        y < REPORT_YEAR_MIN || y > (uint64_t)writer->report->this_year || m == 0)
        return false;
    writer->closed_year = (int)y;
    writer->closed_month = (int)m;
    return true;
}

static void choose_year(struct csv_writer *writer) {
    int last = writer->closed_year, whole = 0;
    writer->first_year = last;
    for (int year = REPORT_YEAR_MIN; year <= last; year++) {
        if (!find_of_year(writer, year, NULL, NULL))
            continue;
        if (year < writer->first_year)
            writer->first_year = year;
        if (is_whole(writer, year))
            whole = year;
    }
    if (!writer->report->year)
        writer->report->year = whole ? whole : last;
}

static enum ctl_exit take_answer(struct csv_writer *writer) {
    struct report *report = writer->report;
    writer->statistics = json_view_at(writer->answer, "statistics");
    if (!json_view_number(writer->answer, "roundingBase", &report->rounding) ||
        report->rounding < 1 || report->rounding > 1000000 || !writer->statistics)
        return report_unreadable();
    if (!json_view_text(writer->answer, "closed"))
        return ctl_fail(
            "there are no statistics for outside yet: see signaalctl statistics --help");
    if (!take_closed(writer))
        return report_unreadable();
    choose_year(writer);
    if (report->year > writer->closed_year)
        return ctl_fail("of %d there are no statistics for outside yet: they go up to the end of "
                        "%s %d",
                        report->year, report_month_name(writer->closed_month), writer->closed_year);
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

static void put_summary(struct csv_writer *writer) {
    struct report *report = writer->report;
    struct buf *page = &report->page;
    int year = report->year;
    buf_printf(page, "<p class=\"lede\">In %d, <strong>", year);
    put_range(report, find_of_year(writer, year, NULL, NULL));
    buf_puts(page, " signals</strong> of possible human trafficking were reported");
    if (!is_whole(writer, year)) {
        buf_printf(page, " up to the end of %s", report_month_name(writer->closed_month));
    } else if (year > REPORT_YEAR_MIN) {
        buf_printf(page, "; in %d, ", year - 1);
        put_range(report, find_of_year(writer, year - 1, NULL, NULL));
    }
    buf_printf(
        page,
        ".</p>\n<p class=\"made\">All statistics are rounded down to a multiple of %d and cover "
        "signals reported up to the end of %s %d.</p>\n",
        (int)report->rounding, report_month_name(writer->closed_month), writer->closed_year);
}

static void put_keys(struct csv_writer *writer) {
    struct report *report = writer->report;
    struct buf *page = &report->page;
    char period[16];
    (void)snprintf(period, sizeof period, "%d", report->year);
    const int64_t statistics[] = {
        find_of_year(writer, report->year, NULL, NULL),
        find_statistic(writer, &(struct wanted){"municipalities", "year", period, NULL, NULL})};
    static const char *const heads[] = {"Signals", "Municipalities that signalled"};
    buf_puts(page, "<dl class=\"keys\">\n");
    for (size_t i = 0; i < 2; i++) {
        buf_printf(page, "<div><dt>%s</dt><dd><span class=\"big\">", heads[i]);
        if (statistics[i] < report->rounding)
            buf_printf(page, "&lt;%d", (int)report->rounding);
        else
            html_put_count(page, statistics[i]);
        buf_puts(page, "</span>");
        put_range(report, statistics[i]);
        buf_puts(page, "</dd></div>\n");
    }
    buf_puts(page, "</dl>\n");
}

static void fill_years(struct csv_writer *writer, struct report_columns *chart) {
    int first =
        writer->first_year < writer->report->year ? writer->first_year : writer->report->year;
    if (writer->closed_year - first >= REPORT_COLUMNS_MAX)
        first = writer->closed_year - REPORT_COLUMNS_MAX + 1;
    for (int year = first; year <= writer->closed_year; year++) {
        struct report_column *column = &chart->columns[chart->count++];
        (void)snprintf(column->label, sizeof column->label, "%d", year);
        column->value = find_of_year(writer, year, NULL, NULL);
        column->kind = !is_whole(writer, year)        ? COLUMN_IS_PARTIAL
                       : year == writer->report->year ? COLUMN_IS_STRONG
                                                      : COLUMN_IS_PLAIN;
    }
}

static void fill_months(struct csv_writer *writer, struct report_columns *chart) {
    int year = writer->report->year;
    for (int month = 1; month <= 12; month++) {
        struct report_column *column = &chart->columns[chart->count++];
        char period[16];
        (void)snprintf(period, sizeof period, "%d-%02d", year, month);
        (void)snprintf(column->label, sizeof column->label, "%.3s", report_month_name(month));
        column->value =
            find_statistic(writer, &(struct wanted){"signals", "month", period, NULL, NULL});
        column->kind = year == writer->closed_year && month > writer->closed_month
                           ? COLUMN_IS_MISSING
                           : COLUMN_IS_STRONG;
    }
}

static void put_years(struct csv_writer *writer, const struct report_columns *years) {
    struct buf *page = &writer->report->page;
    buf_puts(page, "<table class=\"slim\">\n<caption>Signals by year</caption>\n<thead><tr>"
                   "<th scope=\"col\">Year</th><th scope=\"col\">Signals</th></tr></thead>\n"
                   "<tbody>\n");
    for (size_t i = 0; i < years->count; i++) {
        const struct report_column *column = &years->columns[i];
        buf_printf(page, "<tr%s><th scope=\"row\">%s%s</th><td>",
                   column->kind == COLUMN_IS_STRONG ? " class=\"now\"" : "", column->label,
                   column->kind == COLUMN_IS_PARTIAL ? " (not over)" : "");
        report_put_statistic(writer->report, column->value);
        buf_puts(page, "</td></tr>\n");
    }
    buf_puts(page, "</tbody>\n</table>\n");
}

static void put_trend(struct csv_writer *writer) {
    struct report *report = writer->report;
    struct report_columns years = {.id = "years", .title = "Signals by year"};
    struct report_columns months = {.id = "months"};
    char title[64];
    (void)snprintf(title, sizeof title, "Signals by month of %d", report->year);
    months.title = title;
    fill_years(writer, &years);
    fill_months(writer, &months);
    buf_puts(&report->page, "<section>\n<h2>Trend</h2>\n");
    report_put_columns(report, &years);
    report_put_columns(report, &months);
    put_years(writer, &years);
    buf_puts(&report->page, "</section>\n");
}

static void put_dimension(struct csv_writer *writer, enum report_dimension dimension) {
    struct report *report = writer->report;
    const char *name = report_dimension(dimension)->name, *code;
    struct report_table table = {.dimension = dimension,
                                 .has_before = report->year > REPORT_YEAR_MIN &&
                                               is_whole(writer, report->year)};
    for (size_t i = 0; (code = report_code(dimension, i)) && table.count < REPORT_LINES_MAX; i++) {
        struct report_line *line = &table.lines[table.count++];
        report_set_label(line, dimension, code);
        line->now = find_of_year(writer, report->year, name, code);
        line->before = find_of_year(writer, report->year - 1, name, code);
    }
    report_put_table(report, &table);
}

static void put_map(struct csv_writer *writer) {
    struct report *report = writer->report;
    struct report_map map = {.id = "map", .title = "Signals by province"};
    int64_t counts[REPORT_PROVINCES], max = 1;
    for (size_t i = 0; i < REPORT_PROVINCES; i++) {
        char code[8];
        (void)snprintf(code, sizeof code, "PV%u", (unsigned)i + 20);
        counts[i] = find_of_year(writer, report->year, "province", code);
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

static void put_method(struct csv_writer *writer) {
    struct report *report = writer->report;
    int rounding_base = (int)report->rounding;
    buf_printf(
        &report->page,
        "<section class=\"method\">\n<h2>How to read this</h2>\n<ul>\n"
        "<li>A signal is an indication of <em>possible</em> trafficking, not a proven case. More "
        "signals can mean more trafficking, or more people who look.</li>\n"
        "<li>Each statistic is rounded down to a multiple of %d on its own: %d means %d to %d. So "
        "statistics need not add up. “&lt;%d” means that there are fewer than %d, or none at "
        "all: the two are not told apart.</li>\n"
        "<li>A signal counts in the year and month in which it was reported, and only once that "
        "month is over. A signal with several forms of exploitation counts in each.</li>\n"
        "<li>Statistics are made anew at most once a month, and only when at least %d signals have "
        "changed. In between nothing changes here, whatever arrives.</li>\n"
        "<li>There is no list of silent municipalities here. A municipality that leaves such a "
        "list would give away that there is a signal about somebody there.</li>\n"
        "</ul>\n</section>\n",
        rounding_base, 3 * rounding_base, 3 * rounding_base, 4 * rounding_base - 1, rounding_base,
        rounding_base, rounding_base);
}

static void put_page(struct csv_writer *writer) {
    struct report *report = writer->report;
    report_put_head(report);
    put_summary(writer);
    put_keys(writer);
    buf_puts(&report->page, "</header>\n<main>\n");
    put_trend(writer);
    buf_puts(&report->page, "<section>\n<h2>Forms of exploitation</h2>\n");
    put_dimension(writer, REPORT_CATEGORY);
    buf_puts(&report->page, "</section>\n<section>\n<h2>Where</h2>\n<div class=\"pair\">\n<div>\n");
    put_map(writer);
    buf_puts(&report->page, "</div>\n<div>\n");
    put_dimension(writer, REPORT_POLICE_UNIT);
    buf_puts(&report->page, "</div>\n</div>\n");
    buf_puts(&report->page, "</section>\n<section>\n<h2>Victims</h2>\n");
    put_dimension(writer, REPORT_GENDER);
    put_dimension(writer, REPORT_AGE_GROUP);
    put_dimension(writer, REPORT_CITIZENSHIP);
    buf_puts(&report->page, "</section>\n<section>\n<h2>Sources</h2>\n");
    put_dimension(writer, REPORT_SOURCE_KIND);
    buf_puts(&report->page, "</section>\n");
    put_method(writer);
    report_put_end(report);
}

enum ctl_exit report_public(struct report *report) {
    struct json_view *answer = NULL;
    enum ctl_exit result = report_ask(report, "/v1/statistics", &answer);
    struct csv_writer writer = {.report = report, .answer = answer};
    if (result == CTL_OK)
        result = take_answer(&writer);
    if (result == CTL_OK)
        put_page(&writer);
    json_view_free(answer);
    return result;
}
