// SPDX-License-Identifier: EUPL-1.2
// The page for inside, its upper part: the answer in a sentence, headline statistics, the trend.
#include "base/time.h"
#include "report.h"

#include <stdio.h>
#include <string.h>

static void put_plural(struct buf *page, int64_t count, const char *what) {
    html_put_count(page, count);
    buf_printf(page, " %s%s", what, count == 1 ? "" : "s");
}

// "34 more than in 2016 (+100 %)"
static void put_difference(struct report_exact *exact, int64_t change) {
    struct buf *page = &exact->report->page;
    int64_t tenths;
    if (change == 0) {
        buf_printf(page, "as many as in %d", exact->report->year - 1);
        return;
    }
    html_put_count(page, change < 0 ? -change : change);
    buf_printf(page, " %s than in %d", change < 0 ? "fewer" : "more", exact->report->year - 1);
    if (json_view_tenths(exact->now, "percent", &tenths)) {
        buf_puts(page, " (");
        html_put_percent(page, tenths);
        buf_puts(page, ")");
    }
}

static void put_lede(struct report_exact *exact) {
    struct report *report = exact->report;
    struct buf *page = &report->page;
    int64_t signals = report_number(exact->now, "signals"), change;
    buf_printf(page, "<p class=\"lede\">In %d, ", report->year);
    put_plural(page, signals, "signal");
    buf_printf(page, " of possible human trafficking %s reported%s, concerning ",
               signals == 1 ? "was" : "were", exact->partial ? " so far" : "");
    put_plural(page, report_number(exact->now, "persons"), "person");
    buf_puts(page, ".");
    if (report_change(exact->now, &change)) {
        buf_puts(page, " That is <strong>");
        put_difference(exact, change);
        buf_puts(page, "</strong>.");
    }
    buf_puts(page, "</p>\n");
}

// "25 November 2026, 23:47 UTC"
static void put_made(struct report_exact *exact) {
    struct report *report = exact->report;
    struct buf *page = &report->page;
    char stamp[TIME_STAMP_MAX];
    int year, month, day;
    const char *version = json_view_text(exact->answers[REPORT_ASK_STATUS], "version");
    time_civil_from_day((int32_t)(report->now_ms / 86400000), &year, &month, &day);
    time_format_stamp(report->now_ms, stamp);
    if (exact->partial)
        buf_printf(page, "<p class=\"made\">Signals reported in %d, which is not over. ",
                   report->year);
    else
        buf_printf(page, "<p class=\"made\">Signals reported from 1 January to 31 December %d. ",
                   report->year);
    buf_printf(page, "Made on %d %s %d, %.5s UTC, from signaald ", day, report_month_name(month),
               year, stamp + 11);
    html_put_text(page, version ? version : "of another version");
    buf_puts(page, ".</p>\n");
}

static void open_key(struct buf *page, const char *what) {
    buf_printf(page, "<div><dt>%s</dt><dd><span class=\"big\">", what);
}

static void put_share_key(struct report_exact *exact, const char *what, const char *path,
                          const char *note) {
    struct buf *page = &exact->report->page;
    const struct json_view *coverage = exact->answers[REPORT_ASK_COVERAGE];
    open_key(page, what);
    html_put_count(page, report_number(coverage, path));
    buf_puts(page, "<small> of ");
    html_put_count(page, report_number(coverage, "municipalities"));
    buf_printf(page, "</small></span>%s</dd></div>\n", note);
}

static void put_keys(struct report_exact *exact) {
    struct buf *page = &exact->report->page;
    int64_t change, signals = report_number(exact->now, "signals");
    int64_t persons = report_number(exact->now, "persons");
    buf_puts(page, "<dl class=\"keys\">\n");
    open_key(page, "Signals");
    html_put_count(page, signals);
    buf_puts(page, "</span>");
    if (report_change(exact->now, &change))
        put_difference(exact, change);
    buf_puts(page, "</dd></div>\n");
    open_key(page, "Persons");
    html_put_count(page, persons);
    buf_puts(page, "</span>");
    if (persons < signals)
        put_plural(page, signals - persons, "signal");
    buf_puts(page, persons < signals ? " about a person counted already</dd></div>\n"
                                     : "no two signals are linked</dd></div>\n");
    put_share_key(exact, "Municipalities", "signalling", "with signals from municipalities");
    put_share_key(exact, "Basic level (CCV)", "basicLevel.all", "on all three criteria");
    buf_puts(page, "</dl>\n");
}

void report_put_summary(struct report_exact *exact) {
    put_lede(exact);
    put_made(exact);
    put_keys(exact);
}

// Is it more than chance, and how much is the percentage worth?
static void put_judgement(struct report_exact *exact) {
    struct report *report = exact->report;
    struct buf *page = &report->page;
    int64_t change, base = report_number(exact->before, "signals");
    if (!report_change(exact->now, &change)) {
        if (exact->partial)
            buf_printf(page, "<p>%d is not over, so no change is given.</p>\n", report->year);
        return;
    }
    buf_puts(page, "<p>");
    if (json_view_flag(exact->now, "beyondChance"))
        buf_printf(page,
                   "The difference between %d and %d is larger than chance alone would "
                   "usually make it. ",
                   report->year - 1, report->year);
    else if (change)
        buf_printf(page,
                   "The difference between %d and %d is no larger than chance alone can make "
                   "it. ",
                   report->year - 1, report->year);
    if (base > 0 && base < 100) {
        int64_t points = (200 / base + 1) / 2; // of 100 / base, to the nearest
        buf_puts(page, base < exact->small_base ? "The base is small. " : "");
        buf_printf(page, "On a base of %d, one signal more or less moves the percentage by %d %s.",
                   (int)base, (int)points, points == 1 ? "point" : "points");
    }
    buf_puts(page, "</p>\n");
}

// The number of a month ("2017-03") or of a year; 0 for anything else.
static uint64_t number_of_period(const char *period, bool month) {
    struct str rest = str_from(period), year;
    uint64_t number;
    if (!str_split(&rest, '-', &year) ||
        !str_to_u64(month ? rest : year, month ? 12 : 9999, &number))
        return 0;
    return number;
}

static void fill_columns(const struct report_exact *exact, enum report_ask ask,
                         struct report_columns *chart) {
    const struct json_view *points = json_view_at(exact->answers[ask], "total");
    bool months = ask == REPORT_ASK_MONTHS;
    for (size_t i = 0; i < json_view_size(points) && chart->count < REPORT_COLUMNS_MAX; i++) {
        const struct json_view *point = json_view_item(points, i);
        uint64_t number = number_of_period(json_view_text(point, "period"), months);
        if (!number)
            continue;
        struct report_column *column = &chart->columns[chart->count++];
        column->value = report_number(point, "signals");
        if (months)
            (void)snprintf(column->label, sizeof column->label, "%.3s",
                           report_month_name((int)number));
        else
            (void)snprintf(column->label, sizeof column->label, "%u", (unsigned)number);
        if (json_view_flag(point, "partial"))
            column->kind = months && !column->value ? COLUMN_IS_MISSING : COLUMN_IS_PARTIAL;
        else if (months || (int)number == exact->report->year)
            column->kind = COLUMN_IS_STRONG;
    }
}

static void put_year_row(struct report_exact *exact, const struct json_view *point, int64_t base) {
    struct report *report = exact->report;
    struct buf *page = &report->page;
    char year[16];
    const char *period = json_view_text(point, "period");
    (void)snprintf(year, sizeof year, "%d", report->year);
    bool now = period && strcmp(period, year) == 0;
    buf_printf(page, "<tr%s><th scope=\"row\">", now ? " class=\"now\"" : "");
    html_put_text(page, period);
    buf_puts(page, json_view_flag(point, "partial") ? " (not over)</th><td>" : "</th><td>");
    html_put_count(page, report_number(point, "signals"));
    buf_puts(page, "</td><td>");
    html_put_count(page, report_number(point, "persons"));
    buf_puts(page, "</td>");
    report_put_change(report, point, base, exact->small_base);
    buf_puts(page, "</tr>\n");
}

static void put_years(struct report_exact *exact) {
    struct buf *page = &exact->report->page;
    const struct json_view *points = json_view_at(exact->answers[REPORT_ASK_YEARS], "total");
    buf_puts(page, "<table>\n<caption>Signals and persons by year, with the change against the "
                   "year before</caption>\n<thead><tr><th scope=\"col\">Year</th>"
                   "<th scope=\"col\">Signals</th><th scope=\"col\">Persons</th>"
                   "<th scope=\"col\">Change</th><th scope=\"col\">In percent</th></tr></thead>\n"
                   "<tbody>\n");
    for (size_t i = 0; i < json_view_size(points); i++)
        put_year_row(exact, json_view_item(points, i),
                     i ? report_number(json_view_item(points, i - 1), "signals") : 0);
    buf_puts(page, "</tbody>\n</table>\n");
}

static void put_months(struct report_exact *exact) {
    struct report_columns months = {.id = "months"};
    char title[64];
    (void)snprintf(title, sizeof title, "Signals by month of %d", exact->report->year);
    months.title = title;
    fill_columns(exact, REPORT_ASK_MONTHS, &months);
    if (months.count)
        report_put_columns(exact->report, &months);
}

void report_put_trend(struct report_exact *exact) {
    struct buf *page = &exact->report->page;
    struct report_columns years = {.id = "years", .title = "Signals by year"};
    buf_puts(page, "<section>\n<h2>Trend</h2>\n");
    put_judgement(exact);
    fill_columns(exact, REPORT_ASK_YEARS, &years);
    if (years.count)
        report_put_columns(exact->report, &years);
    put_years(exact);
    buf_printf(page,
               "<p class=\"note\">Bold: larger than chance alone would usually make it. In "
               "brackets: the base is below %d signals, so that one signal more or less moves the "
               "percentage by more than %d points.</p>\n",
               (int)exact->small_base,
               exact->small_base > 0 ? (int)(100 / exact->small_base) : 100);
    put_months(exact);
    buf_puts(page, "</section>\n");
}
