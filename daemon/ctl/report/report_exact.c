// SPDX-License-Identifier: EUPL-1.2
// The page for inside: exact statistics of a year, its trend, who is silent.
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TARGET_MAX = 128 };

static const struct json_view *find_point(const struct json_view *points, int year) {
    char period[16];
    (void)snprintf(period, sizeof period, "%d", year);
    for (size_t i = 0; i < json_view_size(points); i++) {
        const char *text = json_view_text(json_view_item(points, i), "period");
        if (text && strcmp(text, period) == 0)
            return json_view_item(points, i);
    }
    return NULL;
}

// The last whole year that has signals, else this one.
static int choose_year(const struct report *report, const struct json_view *points) {
    for (size_t i = json_view_size(points); i-- > 0;) {
        const struct json_view *point = json_view_item(points, i);
        const char *period = json_view_text(point, "period");
        uint64_t year;
        if (period && str_to_u64(str_from(period), (uint64_t)report->this_year, &year) &&
            year >= REPORT_YEAR_MIN && !json_view_flag(point, "partial") &&
            report_number(point, "signals"))
            return (int)year;
    }
    return report->this_year;
}

static enum ctl_exit ask_years(struct report_exact *exact) {
    struct report *report = exact->report;
    enum ctl_exit result =
        report_ask(report, "/v1/trend?per=year", &exact->answers[REPORT_ASK_YEARS]);
    if (result != CTL_OK)
        return result;
    const struct json_view *points = json_view_at(exact->answers[REPORT_ASK_YEARS], "total");
    if (!points)
        return report_unreadable();
    if (!report->year)
        report->year = choose_year(report, points);
    exact->small_base = report_number(exact->answers[REPORT_ASK_YEARS], "smallBase");
    exact->now = find_point(points, report->year);
    exact->partial =
        exact->now ? json_view_flag(exact->now, "partial") : report->year == report->this_year;
    if (!exact->partial)
        exact->before = find_point(points, report->year - 1);
    return CTL_OK;
}

static void put_target(const struct report_exact *exact, int ask, char target[TARGET_MAX]) {
    const char *dimension = NULL;
    if (ask >= REPORT_ASK_DIMENSIONS)
        dimension = report_dimension((enum report_dimension)(ask - REPORT_ASK_DIMENSIONS))->name;
    int year = exact->report->year;
    if (ask == REPORT_ASK_STATUS)
        (void)snprintf(target, TARGET_MAX, "/v1/status");
    else if (ask == REPORT_ASK_MONTHS)
        (void)snprintf(target, TARGET_MAX, "/v1/trend?per=month&period=%d", year);
    else if (ask == REPORT_ASK_COVERAGE)
        (void)snprintf(target, TARGET_MAX, "/v1/coverage?period=%d", year);
    else if (ask == REPORT_ASK_COVERAGE_DAYS)
        (void)snprintf(target, TARGET_MAX, "/v1/coverage?days=365");
    else if (exact->before)
        (void)snprintf(target, TARGET_MAX, "/v1/trend?by=%s&per=year&period=%d..%d", dimension,
                       year - 1, year);
    else
        (void)snprintf(target, TARGET_MAX, "/v1/trend?by=%s&per=year&period=%d", dimension, year);
}

static enum ctl_exit ask_all(struct report_exact *exact) {
    enum ctl_exit result = ask_years(exact);
    for (int ask = 0; ask < REPORT_ASKS && result == CTL_OK; ask++) {
        char target[TARGET_MAX];
        if (ask == REPORT_ASK_YEARS)
            continue;
        put_target(exact, ask, target);
        result = report_ask(exact->report, target, &exact->answers[ask]);
    }
    return result;
}
static void take_line(const struct report_exact *exact, enum report_dimension dimension,
                      const struct json_view *series, struct report_line *line) {
    const struct json_view *points = json_view_at(series, "points");
    const char *code = json_view_text(series, report_dimension(dimension)->name);
    report_set_label(line, dimension, code ? code : "unknown");
    line->point = find_point(points, exact->report->year);
    line->now = report_number(line->point, "signals");
    line->before = report_number(find_point(points, exact->report->year - 1), "signals");
}

static void put_dimension(struct report_exact *exact, enum report_dimension dimension) {
    const struct json_view *answer = exact->answers[REPORT_ASK_DIMENSIONS + dimension];
    const struct json_view *series = json_view_at(answer, "series");
    struct report_table table = {
        .dimension = dimension, .has_before = exact->before, .small_base = exact->small_base};
    for (size_t i = 0; i < json_view_size(series) && table.count < REPORT_LINES_MAX; i++)
        take_line(exact, dimension, json_view_item(series, i), &table.lines[table.count++]);
    if (dimension == REPORT_CATEGORY || dimension == REPORT_POLICE_UNIT)
        table.total = (struct report_line){.label = "All signals",
                                           .now = report_number(exact->now, "signals"),
                                           .before = report_number(exact->before, "signals"),
                                           .point = exact->now};
    report_put_table(exact->report, &table);
}

static void put_section(struct report_exact *exact, const char *title,
                        enum report_dimension dimension) {
    struct buf *page = &exact->report->page;
    buf_printf(page, "<section>\n<h2>%s</h2>\n", title);
    put_dimension(exact, dimension);
    if (dimension == REPORT_CATEGORY)
        buf_puts(page, "<p class=\"note\">A signal with several forms counts once in each of them "
                       "and once in the total.</p>\n");
    buf_puts(page, "</section>\n");
}

static void put_method(struct report_exact *exact) {
    struct buf *page = &exact->report->page;
    buf_puts(
        page,
        "<section class=\"method\">\n<h2>How to read this</h2>\n<ul>\n"
        "<li>A signal is an indication of <em>possible</em> trafficking, not a proven case. More "
        "signals can mean more trafficking, or more people who look.</li>\n"
        "<li>A signal counts in the year and month in which it was reported, at the municipality "
        "as it was then. Late signals, corrections and withdrawals change statistics afterwards: "
        "this page says when it was made.</li>\n"
        "<li>Signals about one person are linked where a source told enough to know so. A signal "
        "that is not linked is taken to be a person of its own, so the number of persons is an "
        "upper limit.</li>\n"
        "<li>Larger than chance: the change is more than 1.96 times the square root of the two "
        "numbers together, the usual test of two Poisson counts. It supposes that signals come "
        "independently of each other.</li>\n"
        "<li>In a year a municipality signals when a municipal source brought a signal from there; "
        "in the last 365 days, when a source of its own brought anything new. What predecessors "
        "delivered counts for the municipality of today. Signals that others bring do not count "
        "here.</li>\n"
        "<li>The basic level is the one of the Centre for Crime Prevention and Safety (CCV). "
        "Whether there is an official and a policy is what the table of sources says.</li>\n"
        "</ul>\n</section>\n");
}

static void put_page(struct report_exact *exact) {
    struct report *report = exact->report;
    report_put_head(report);
    report_put_summary(exact);
    buf_puts(&report->page, "</header>\n<main>\n");
    report_put_trend(exact);
    put_section(exact, "Forms of exploitation", REPORT_CATEGORY);
    put_section(exact, "Police units", REPORT_POLICE_UNIT);
    buf_puts(&report->page, "<section>\n<h2>Victims</h2>\n");
    put_dimension(exact, REPORT_GENDER);
    put_dimension(exact, REPORT_AGE_GROUP);
    put_dimension(exact, REPORT_CITIZENSHIP);
    buf_puts(&report->page, "</section>\n<section>\n<h2>Sources</h2>\n");
    put_dimension(exact, REPORT_SOURCE_KIND);
    put_dimension(exact, REPORT_STATUS);
    buf_puts(&report->page, "</section>\n");
    report_put_coverage(exact);
    put_method(exact);
    report_put_end(report);
}

enum ctl_exit report_exact(struct report *report) {
    struct report_exact exact = {.report = report};
    enum ctl_exit result = ask_all(&exact);
    if (result == CTL_OK)
        put_page(&exact);
    for (int ask = 0; ask < REPORT_ASKS; ask++)
        json_view_free(exact.answers[ask]);
    return result;
}
