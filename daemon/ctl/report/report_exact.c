// SPDX-License-Identifier: EUPL-1.2
// The document of the page for inside: exact numbers of a year, its trend, who is silent. All is
// asked before anything is written; the answers are freed at the end.
#include "report.h"

#include <stdio.h>
#include <string.h>

// In what the page divides signals.
static const char *const dimensions[] = {"category", "province",    "policeUnit", "gender",
                                         "ageGroup", "citizenship", "sourceKind", "status"};
enum { DIMENSIONS = sizeof dimensions / sizeof *dimensions, TARGET_MAX = 128 };

enum report_question {
    ASK_STATUS,
    ASK_YEARS,         // trend of all years
    ASK_MONTHS,        // of the years that are compared
    ASK_COVERAGE,      // of the year
    ASK_COVERAGE_DAYS, // of the last days
    ASK_DIMENSIONS,    // and on: trend of these years, by dimension
    ASKS = ASK_DIMENSIONS + DIMENSIONS,
};

struct exact_report {
    struct report *report;
    struct json_view *answers[ASKS];
    const struct json_view *now;    // the year's point of the trend; NULL: no signals
    bool partial;                   // the year is not over
    int from;                       // the first of the years that are compared
    const struct json_view *before; // the year before's, to compare with; NULL: there is none, or
                                    // the year is not over
};

static const struct json_view *find_point(const struct json_view *points, int year) {
    char period[16];
    (void)snprintf(period, sizeof period, "%d", year);
    for (size_t i = 0; i < json_view_size(points); i++)
        if (json_view_is(json_view_item(points, i), "period", period))
            return json_view_item(points, i);
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

// The first year of the trend, REPORT_YEAR_MIN where it says none.
static int first_year(const struct json_view *points) {
    const char *period = json_view_text(json_view_item(points, 0), "period");
    uint64_t year;
    bool good = period && str_to_u64(str_from(period), 9999, &year) && year > REPORT_YEAR_MIN;
    return good ? (int)year : REPORT_YEAR_MIN;
}

static enum ctl_exit ask_years(struct exact_report *exact) {
    struct report *report = exact->report;
    exact->answers[ASK_YEARS] = ctl_get(report->ctl, "/v1/trend?per=year");
    if (!exact->answers[ASK_YEARS])
        return CTL_FAILED;
    const struct json_view *points = json_view_at(exact->answers[ASK_YEARS], "total");
    if (!points)
        return report_unreadable();
    if (!report->year)
        report->year = choose_year(report, points);
    exact->now = find_point(points, report->year);
    exact->partial =
        exact->now ? json_view_flag(exact->now, "partial") : report->year == report->this_year;
    if (!exact->partial)
        exact->before = find_point(points, report->year - 1);
    exact->from = exact->before ? report_compared_from(report, first_year(points)) : report->year;
    return CTL_OK;
}

static void put_target(const struct exact_report *exact, int ask, char target[TARGET_MAX]) {
    const char *dimension = NULL;
    if (ask >= ASK_DIMENSIONS)
        dimension = dimensions[ask - ASK_DIMENSIONS];
    int year = exact->report->year;
    if (ask == ASK_STATUS)
        (void)snprintf(target, TARGET_MAX, "/v1/status");
    else if (ask == ASK_MONTHS)
        (void)snprintf(target, TARGET_MAX, "/v1/trend?per=month&period=%d..%d", exact->from, year);
    else if (ask == ASK_COVERAGE)
        (void)snprintf(target, TARGET_MAX, "/v1/coverage?period=%d", year);
    else if (ask == ASK_COVERAGE_DAYS)
        (void)snprintf(target, TARGET_MAX, "/v1/coverage?days=365");
    else
        (void)snprintf(target, TARGET_MAX, "/v1/trend?by=%s&per=year&period=%d..%d", dimension,
                       exact->from, year);
}

static enum ctl_exit ask_all(struct exact_report *exact) {
    enum ctl_exit result = ask_years(exact);
    for (int ask = 0; ask < ASKS && result == CTL_OK; ask++) {
        char target[TARGET_MAX];
        if (ask == ASK_YEARS)
            continue;
        put_target(exact, ask, target);
        exact->answers[ask] = ctl_get(exact->report->ctl, target);
        result = exact->answers[ask] ? CTL_OK : CTL_FAILED;
    }
    return result;
}
// What a point of a trend changed by, in signals, and by how many tenths of a percent.
static void put_change(struct report *report, const struct json_view *point) {
    int64_t change, tenths;
    if (!json_view_number(point, "change", &change) || change < -REPORT_NUMBER_MAX ||
        change > REPORT_NUMBER_MAX)
        return;
    json_put_i64(&report->out, "change", change);
    if (json_view_tenths(point, "percent", &tenths))
        json_put_i64(&report->out, "tenths", tenths);
    json_put_bool(&report->out, "beyondChance", json_view_flag(point, "beyondChance"));
}

static void put_points(struct exact_report *exact, enum report_question ask, const char *key) {
    struct report *report = exact->report;
    const struct json_view *points = json_view_at(exact->answers[ask], "total");
    json_open_key(&report->out, key, '[');
    for (size_t i = 0; i < json_view_size(points) && i < REPORT_COLUMNS_MAX; i++) {
        const struct json_view *point = json_view_item(points, i);
        json_open(&report->out, '{');
        json_put_text(&report->out, "period", json_view_text(point, "period"));
        json_put_bool(&report->out, "partial", json_view_flag(point, "partial"));
        report_put_number(report, point, "signals");
        if (ask == ASK_YEARS) {
            report_put_number(report, point, "persons");
            put_change(report, point);
        }
        json_close(&report->out, '}');
    }
    json_close(&report->out, ']');
}

// Of the region, or of the country (dimension NULL); only a province and a police unit have any.
static void put_inhabitants(struct exact_report *exact, const char *dimension, const char *code) {
    const struct json_view *list = json_view_at(exact->answers[ASK_COVERAGE], "list");
    bool region =
        dimension && (strcmp(dimension, "province") == 0 || strcmp(dimension, "policeUnit") == 0);
    int64_t sum = 0;
    if (dimension && (!region || !code))
        return;
    for (size_t i = 0; i < json_view_size(list); i++) {
        const struct json_view *municipality = json_view_item(list, i);
        if ((!dimension || json_view_is(municipality, dimension, code)) && sum < REPORT_NUMBER_MAX)
            sum += report_number(municipality, "inhabitants");
    }
    json_put_i64(&exact->report->out, "inhabitants", sum);
}

static void put_line(struct exact_report *exact, const char *dimension,
                     const struct json_view *series) {
    struct report *report = exact->report;
    const struct json_view *points = json_view_at(series, "points");
    const struct json_view *now = find_point(points, report->year);
    const char *code = json_view_text(series, dimension);
    json_open(&report->out, '{');
    json_put_text(&report->out, "code", code ? code : "unknown");
    json_open_key(&report->out, "years", '[');
    for (int year = exact->from; year <= report->year; year++)
        json_i64(&report->out, report_number(find_point(points, year), "signals"));
    json_close(&report->out, ']');
    if (exact->before)
        put_change(report, now);
    put_inhabitants(exact, dimension, code);
    json_close(&report->out, '}');
}

static void put_dimensions(struct exact_report *exact) {
    struct json_out *out = &exact->report->out;
    json_open_key(out, "dimensions", '{');
    for (int i = 0; i < DIMENSIONS; i++) {
        const struct json_view *series = json_view_at(exact->answers[ASK_DIMENSIONS + i], "series");
        json_open_key(out, dimensions[i], '[');
        for (size_t k = 0; k < json_view_size(series) && k < REPORT_LINES_MAX; k++)
            put_line(exact, dimensions[i], json_view_item(series, k));
        json_close(out, ']');
    }
    json_close(out, '}');
}

static void put_total(struct exact_report *exact) {
    struct report *report = exact->report;
    json_open_key(&report->out, "total", '{');
    report_put_number(report, exact->now, "signals");
    report_put_number(report, exact->now, "persons");
    json_put_i64(&report->out, "before", report_number(exact->before, "signals"));
    put_change(report, exact->now);
    put_inhabitants(exact, NULL, NULL);
    json_close(&report->out, '}');
}

// What sources brought and what is not where it should be, at the moment that the page is made.
static void put_strands(struct exact_report *exact) {
    static const char *const keys[] = {"ledger.waiting", "ledger.unmappedKept",
                                       "feeds.sources",  "feeds.failing",
                                       "feeds.silent",   "feeds.quarantined"};
    struct report *report = exact->report;
    json_open_key(&report->out, "strands", '{');
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_put_i64(&report->out, strchr(keys[i], '.') + 1,
                     report_number(exact->answers[ASK_STATUS], keys[i]));
    json_close(&report->out, '}');
}

static enum ctl_exit put_document(struct exact_report *exact) {
    struct report *report = exact->report;
    struct json_out *out = &report->out;
    json_open(out, '{');
    if (report_put_owner(report) != CTL_OK)
        return CTL_FAILED;
    json_put_i64(out, "from", exact->from);
    json_put_i64(out, "year", report->year);
    json_put_bool(out, "partial", exact->partial);
    json_put_bool(out, "hasBefore", exact->before != NULL);
    json_put_i64(out, "made", report->now_ms);
    json_put_text(out, "version", json_view_text(exact->answers[ASK_STATUS], "version"));
    report_put_number(report, exact->answers[ASK_YEARS], "smallBase");
    put_total(exact);
    put_points(exact, ASK_YEARS, "years");
    put_points(exact, ASK_MONTHS, "months");
    put_dimensions(exact);
    report_put_coverage(report, exact->answers[ASK_COVERAGE]);
    json_open_key(out, "today", '{');
    report_put_number(report, exact->answers[ASK_COVERAGE_DAYS], "municipalities");
    report_put_number(report, exact->answers[ASK_COVERAGE_DAYS], "signalling");
    json_close(out, '}');
    put_strands(exact);
    json_close(out, '}');
    return CTL_OK;
}

enum ctl_exit report_exact(struct report *report) {
    struct exact_report exact = {.report = report};
    enum ctl_exit result = ask_all(&exact);
    if (result == CTL_OK)
        result = put_document(&exact);
    for (int ask = 0; ask < ASKS; ask++)
        json_view_free(exact.answers[ask]);
    return result;
}
