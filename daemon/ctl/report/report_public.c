// SPDX-License-Identifier: EUPL-1.2
// The document of the page that may be published. It knows nothing but whose it is and GET
// /v1/statistics: rounded statistics that do not change between snapshots. So it has no date of its
// own either: the same statistics are the same page.
#include "core/cube/counts.h"
#include "report.h"

#include <stdio.h>
#include <string.h>

struct snapshot {
    struct report *report;
    const struct json_view *answer, *statistics;
    int closed_year, closed_month; // the last one that is covered
    int first_year;                // that has a statistic
};

// The dimensions that a statistic may be by.
static const char *const by_keys[] = {"category",     "province",     "policeUnit",
                                      "safetyRegion", "municipality", "gender",
                                      "ageGroup",     "citizenship",  "sourceKind"};

struct wanted_sum {
    const char *measure;
    const char *period_key, *period; // "year", "2017"
    const char *by, *code;           // NULL: of all
};

// Is it by these dimensions and no other?
static bool is_wanted(const struct json_view *statistic, const struct wanted_sum *wanted) {
    if (!json_view_is(statistic, "measure", wanted->measure) ||
        !json_view_is(statistic, wanted->period_key, wanted->period))
        return false;
    for (size_t i = 0; i < sizeof by_keys / sizeof *by_keys; i++) {
        bool mine = wanted->by && strcmp(by_keys[i], wanted->by) == 0;
        if (mine ? !json_view_is(statistic, by_keys[i], wanted->code)
                 : !!json_view_text(statistic, by_keys[i]))
            return false;
    }
    return true;
}

static const struct json_view *find_row(const struct snapshot *snapshot,
                                        const struct wanted_sum *wanted) {
    for (size_t i = 0; i < json_view_size(snapshot->statistics); i++) {
        const struct json_view *statistic = json_view_item(snapshot->statistics, i);
        if (is_wanted(statistic, wanted))
            return statistic;
    }
    return NULL;
}

// 0 where there is no statistic. Rounded already; once more, so that nothing finer gets out from
// here.
static int64_t find_statistic(const struct snapshot *snapshot, const struct wanted_sum *wanted) {
    int64_t count = report_number(find_row(snapshot, wanted), "count");
    return count - count % snapshot->report->rounding;
}

static int64_t find_of_year(const struct snapshot *snapshot, int year, const char *by,
                            const char *code) {
    char period[16];
    (void)snprintf(period, sizeof period, "%d", year);
    return find_statistic(snapshot, &(struct wanted_sum){"signals", "year", period, by, code});
}

static bool is_whole(const struct snapshot *snapshot, int year) {
    return year < snapshot->closed_year ||
           (year == snapshot->closed_year && snapshot->closed_month == 12);
}

// "2026-10"
static bool take_closed(struct snapshot *snapshot) {
    const char *closed = json_view_text(snapshot->answer, "closed");
    struct str rest = str_from(closed), year;
    uint64_t y, m;
    if (!str_split(&rest, '-', &year) || !str_to_u64(year, 9999, &y) || !str_to_u64(rest, 12, &m) ||
        y < REPORT_YEAR_MIN || y > (uint64_t)snapshot->report->this_year || m == 0)
        return false;
    snapshot->closed_year = (int)y;
    snapshot->closed_month = (int)m;
    return true;
}

static bool has_before(const struct snapshot *snapshot) {
    int year = snapshot->report->year;
    return year > REPORT_YEAR_MIN && is_whole(snapshot, year);
}

static int compared_from(const struct snapshot *snapshot) {
    const struct report *report = snapshot->report;
    return has_before(snapshot) ? report_compared_from(report, snapshot->first_year) : report->year;
}

static void choose_year(struct snapshot *snapshot) {
    int last = snapshot->closed_year, whole = 0;
    snapshot->first_year = last;
    for (int year = REPORT_YEAR_MIN; year <= last; year++) {
        if (!find_of_year(snapshot, year, NULL, NULL))
            continue;
        if (year < snapshot->first_year)
            snapshot->first_year = year;
        if (is_whole(snapshot, year))
            whole = year;
    }
    if (!snapshot->report->year)
        snapshot->report->year = whole ? whole : last;
}

static const char *const month_names[] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};

static enum ctl_exit take_answer(struct snapshot *snapshot) {
    struct report *report = snapshot->report;
    snapshot->statistics = json_view_at(snapshot->answer, "statistics");
    if (!json_view_number(snapshot->answer, "roundingBase", &report->rounding) ||
        report->rounding < 1 || report->rounding > 1000000 || !snapshot->statistics)
        return report_unreadable();
    if (!json_view_text(snapshot->answer, "closed"))
        return ctl_fail(
            "there are no statistics for outside yet: see signaalctl statistics --help");
    if (!take_closed(snapshot))
        return report_unreadable();
    choose_year(snapshot);
    if (report->year > snapshot->closed_year)
        return ctl_fail("of %d there are no statistics for outside yet: they go up to the end of "
                        "%s %d",
                        report->year, month_names[snapshot->closed_month - 1],
                        snapshot->closed_year);
    return CTL_OK;
}

// The codes that a dimension has, one after the other; NULL behind the last.
static const char *code_of(enum dimension dimension, size_t i) {
    static const char *const police_units[] = {
        "Noord-Nederland", "Oost-Nederland", "Midden-Nederland", "Noord-Holland",
        "Amsterdam",       "Den Haag",       "Rotterdam",        "Zeeland-West-Brabant",
        "Oost-Brabant",    "Limburg",        "unknown",
    };
    static const char *const provinces[] = {"PV20", "PV21", "PV22", "PV23", "PV24", "PV25",
                                            "PV26", "PV27", "PV28", "PV29", "PV30", "PV31"};
    switch (dimension) {
    case DIM_CATEGORY:
        return i < CATEGORY_COUNT ? category_name((enum category)i) : NULL;
    case DIM_POLICE_UNIT:
        return i < sizeof police_units / sizeof *police_units ? police_units[i] : NULL;
    case DIM_GENDER:
        return i < GENDER_COUNT ? gender_name((enum gender)i) : NULL;
    case DIM_AGE_GROUP:
        return i < AGE_COUNT ? age_group_name((enum age_group)i) : NULL;
    case DIM_CITIZENSHIP:
        return i < CITIZENSHIP_COUNT ? citizenship_name((enum citizenship)i) : NULL;
    case DIM_SOURCE_KIND:
        return i < SOURCE_KIND_COUNT ? source_kind_name((enum source_kind)i) : NULL;
    default:
        return i < sizeof provinces / sizeof *provinces ? provinces[i] : NULL;
    }
}

static const enum dimension dimensions[] = {DIM_CATEGORY,  DIM_POLICE_UNIT, DIM_GENDER,
                                            DIM_AGE_GROUP, DIM_CITIZENSHIP, DIM_SOURCE_KIND,
                                            DIM_PROVINCE};

static void put_years(struct snapshot *snapshot) {
    struct json_out *out = &snapshot->report->out;
    int year = snapshot->report->year, last = snapshot->closed_year;
    int first = snapshot->first_year < year ? snapshot->first_year : year;
    if (last - first >= REPORT_COLUMNS_MAX)
        first = last - REPORT_COLUMNS_MAX + 1;
    json_put_i64(out, "firstYear", first);
    json_open_key(out, "years", '[');
    for (year = first; year <= last; year++)
        json_i64(out, find_of_year(snapshot, year, NULL, NULL));
    json_close(out, ']');
}

static void put_months(struct snapshot *snapshot) {
    struct json_out *out = &snapshot->report->out;
    json_open_key(out, "months", '[');
    for (int month = 12 * compared_from(snapshot); month < 12 * snapshot->report->year + 12;
         month++) {
        char period[16];
        (void)snprintf(period, sizeof period, "%d-%02d", month / 12, month % 12 + 1);
        json_i64(out, find_statistic(snapshot,
                                     &(struct wanted_sum){"signals", "month", period, NULL, NULL}));
    }
    json_close(out, ']');
}

// Of the years that the page compares.
static void put_compared(struct snapshot *snapshot, const char *by, const char *code) {
    struct json_out *out = &snapshot->report->out;
    json_open_key(out, "years", '[');
    for (int year = compared_from(snapshot); year <= snapshot->report->year; year++)
        json_i64(out, find_of_year(snapshot, year, by, code));
    json_close(out, ']');
}

// Of the region in the year of the page, or of the country; 0: none, or nothing is told of it.
static void put_inhabitants(struct snapshot *snapshot, const char *by, const char *code) {
    char period[16];
    (void)snprintf(period, sizeof period, "%d", snapshot->report->year);
    const struct wanted_sum wanted = {"signals", "year", period, by, code};
    report_put_number(snapshot->report, find_row(snapshot, &wanted), "inhabitants");
}

static void put_dimensions(struct snapshot *snapshot) {
    struct json_out *out = &snapshot->report->out;
    json_open_key(out, "dimensions", '{');
    for (size_t i = 0; i < sizeof dimensions / sizeof *dimensions; i++) {
        const char *code;
        json_open_key(out, dimension_name(dimensions[i]), '[');
        for (size_t k = 0; (code = code_of(dimensions[i], k)); k++) {
            json_open(out, '{');
            json_put_text(out, "code", code);
            put_compared(snapshot, dimension_name(dimensions[i]), code);
            if (dimensions[i] == DIM_PROVINCE || dimensions[i] == DIM_POLICE_UNIT)
                put_inhabitants(snapshot, dimension_name(dimensions[i]), code);
            json_close(out, '}');
        }
        json_close(out, ']');
    }
    json_close(out, '}');
}

static enum ctl_exit put_document(struct snapshot *snapshot) {
    struct report *report = snapshot->report;
    struct json_out *out = &report->out;
    char period[16];
    (void)snprintf(period, sizeof period, "%d", report->year);
    json_open(out, '{');
    if (report_put_owner(report) != CTL_OK)
        return CTL_FAILED;
    json_put_i64(out, "rounding", report->rounding);
    json_put_i64(out, "from", compared_from(snapshot));
    json_put_i64(out, "year", report->year);
    json_put_i64(out, "closedYear", snapshot->closed_year);
    json_put_i64(out, "closedMonth", snapshot->closed_month);
    json_put_bool(out, "hasBefore", has_before(snapshot));
    json_put_i64(out, "municipalities",
                 find_statistic(
                     snapshot, &(struct wanted_sum){"municipalities", "year", period, NULL, NULL}));
    json_open_key(out, "total", '{');
    put_compared(snapshot, NULL, NULL);
    json_close(out, '}');
    put_years(snapshot);
    put_months(snapshot);
    put_dimensions(snapshot);
    json_close(out, '}');
    return CTL_OK;
}

enum ctl_exit report_public(struct report *report) {
    struct json_view *answer = ctl_get(report->ctl, "/v1/statistics?rate=yes");
    struct snapshot snapshot = {.report = report, .answer = answer};
    enum ctl_exit result = answer ? take_answer(&snapshot) : CTL_FAILED;
    if (result == CTL_OK)
        result = put_document(&snapshot);
    json_view_free(answer);
    return result;
}
