// SPDX-License-Identifier: EUPL-1.2
// signaalctl trend: did it double? Signals by year or month with the change from one to the next,
// as an answer in one line, a table and what to think of it.
#include "base/mem.h"
#include "ctl/query/query_options.h"
#include "ctl/term/format.h"
#include "ctl/term/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BY_MAX = 2, SPARK_MIN = 8, SPARK_MAX = 60, GAP = 2, STATISTICS_MAX = 24, TEXT_MAX = 256 };

struct point {
    const char *period; // borrowed from the answer
    int64_t signals, persons, change, percent_tenths, rate_tenths;
    bool has_change, has_percent, has_rate, partial, beyond_chance;
};

// One line of periods, all series of an answer have the same.
struct series {
    const struct json_view *node; // has its labels
    struct point *points;         // owned
};

struct trend_answer {
    const struct ctl *ctl;
    const struct json_view *answer;
    struct query_options_by by;
    struct series *series; // owned
    size_t series_count, point_count;
    struct series total;
    size_t last; // index of the last point that is compared with the one before; 0: there is none
    int64_t small_base;
};

static void read_point(const struct json_view *node, struct point *point) {
    *point = (struct point){.period = json_view_text(node, "period"),
                            .signals = json_view_integer(node, "signals"),
                            .persons = json_view_integer(node, "persons"),
                            .partial = json_view_flag(node, "partial"),
                            .beyond_chance = json_view_flag(node, "beyondChance")};
    if (!point->period)
        point->period = "?";
    point->has_change = json_view_number(node, "change", &point->change);
    point->has_percent = json_view_tenths(node, "percent", &point->percent_tenths);
    point->has_rate = json_view_tenths(node, "rate", &point->rate_tenths);
}

static struct series read_series(const struct json_view *node, const struct json_view *points) {
    struct series series = {
        .node = node, .points = mem_zalloc(json_view_size(points) + 1, sizeof *series.points)};
    for (size_t i = 0; i < json_view_size(points); i++)
        read_point(json_view_item(points, i), &series.points[i]);
    series.points[0].has_change = false; // nothing is before it
    return series;
}

static void trend_free(struct trend_answer *trend) {
    for (size_t i = 0; i < trend->series_count; i++)
        free(trend->series[i].points);
    free(trend->series);
    free(trend->total.points);
}

// Periods that have not begun say nothing. Only the first that is not over has.
static size_t begun(const struct series *total, size_t count) {
    const struct point *points = total->points;
    while (count > 1 && points[count - 2].partial && points[count - 1].partial &&
           points[count - 1].signals == 0)
        count--;
    return count;
}

// False when a series has other points than the total.
static bool trend_read(struct trend_answer *trend) {
    const struct json_view *total = json_view_at(trend->answer, "total");
    const struct json_view *series = json_view_at(trend->answer, "series");
    if (!query_read_by(trend->answer, &trend->by) || trend->by.count > BY_MAX)
        return false;
    trend->point_count = json_view_size(total);
    trend->total = read_series(NULL, total);
    trend->series = mem_zalloc(json_view_size(series) + 1, sizeof *trend->series);
    for (size_t i = 0; i < json_view_size(series); i++) {
        const struct json_view *item = json_view_item(series, i),
                               *points = json_view_at(item, "points");
        if (json_view_size(points) != trend->point_count)
            return false;
        trend->series[trend->series_count++] = read_series(item, points);
    }
    trend->small_base = json_view_integer(trend->answer, "smallBase");
    trend->point_count = begun(&trend->total, trend->point_count);
    for (size_t i = 1; i < trend->point_count; i++)
        if (trend->total.points[i].has_change)
            trend->last = i;
    return true;
}

static void format_change(const struct point *point, char out[FORMAT_MAX]) {
    (void)snprintf(out, FORMAT_MAX, "%s%" PRId64, point->change > 0 ? "+" : "", point->change);
}

// "+100 %", "-64.7 %".
static void format_percent(const struct point *point, char out[FORMAT_MAX]) {
    int64_t tenths = point->percent_tenths, size = tenths < 0 ? -tenths : tenths;
    const char *sign = tenths > 0 ? "+" : tenths < 0 ? "-" : "";
    if (size % 10)
        (void)snprintf(out, FORMAT_MAX, "%s%" PRId64 ".%" PRId64 " %%", sign, size / 10, size % 10);
    else
        (void)snprintf(out, FORMAT_MAX, "%s%" PRId64 " %%", sign, size / 10);
}

// --- the answer in one line ---

static const char *verdict_text(const struct point *point) {
    if (!point->change)
        return "";
    return point->beyond_chance ? ": more than chance explains" : ": chance alone may explain it";
}

// "2016: 34, 2017: 68 (+34, +100 %): more than chance explains"
static void print_answer(const struct trend_answer *trend) {
    char change[FORMAT_MAX], percent[FORMAT_MAX] = "", text[TEXT_MAX];
    if (!trend->last)
        return;
    const struct point *point = &trend->total.points[trend->last], *before = point - 1;
    if (point->change)
        format_change(point, change);
    else
        (void)snprintf(change, sizeof change, "no change");
    if (point->change && point->has_percent)
        format_percent(point, percent);
    (void)snprintf(text, sizeof text, "%.20s: %" PRId64 ", %.20s: %" PRId64 " (%s%s%s)%s",
                   before->period, before->signals, point->period, point->signals, change,
                   *percent ? ", " : "", percent, verdict_text(point));
    term_out_put_wrapped(&trend->ctl->term, STYLE_STRONG, text);
    term_out_end_line(&trend->ctl->term);
}

static void print_heading(const struct trend_answer *trend) {
    const char *from = json_view_text(trend->answer, "from"),
               *to = json_view_text(trend->answer, "to");
    const char *per = json_view_text(trend->answer, "per");
    struct buf heading;
    buf_init(&heading, CLIENT_TARGET_MAX);
    buf_printf(&heading, "Signals per %s", per ? per : "period");
    query_describe(trend->answer, &heading);
    if (from && to && !json_view_text(trend->answer, "filters.period"))
        buf_printf(&heading, "; %s..%s", from, to);
    char *text = buf_take(&heading);
    term_out_put_wrapped(&trend->ctl->term, STYLE_PLAIN, text);
    term_out_end_line(&trend->ctl->term);
    free(text);
}

// --- tables ---

static bool is_small(const struct trend_answer *trend, const struct point *point) {
    return point->has_change && point->has_percent && trend->small_base > 0 &&
           point[-1].signals < trend->small_base;
}

static void put_change(const struct trend_answer *trend, struct term_table *table,
                       const struct point *point) {
    char change[FORMAT_MAX] = "", percent[FORMAT_MAX] = "", cell[FORMAT_MAX + 2];
    bool small = is_small(trend, point);
    if (point->has_change)
        format_change(point, change);
    if (point->has_change && point->has_percent)
        format_percent(point, percent);
    (void)snprintf(cell, sizeof cell, "%s%s%s", small ? "(" : "", percent, small ? ")" : "");
    table_put_text(table, change);
    table_put_styled(table, small ? STYLE_DIM : STYLE_PLAIN, cell);
    table_put_styled(table, STYLE_STRONG, point->beyond_chance ? "*" : "");
}

static bool has_rate(const struct trend_answer *trend) {
    return args_has(trend->ctl->args, "rate");
}

static void put_rate(struct term_table *table, const struct point *point) {
    char rate[FORMAT_MAX] = "";
    if (point->has_rate)
        (void)snprintf(rate, sizeof rate, "%" PRId64 ".%" PRId64, point->rate_tenths / 10,
                       point->rate_tenths % 10);
    table_put_text(table, rate);
}

// A row a period.
static void print_periods(const struct trend_answer *trend) {
    struct table_column columns[] = {{"period", COLUMN_TEXT},        {"signals", COLUMN_NUMBER},
                                     {"persons", COLUMN_NUMBER},     {"change", COLUMN_NUMBER},
                                     {"percent", COLUMN_NUMBER},     {"", COLUMN_TEXT},
                                     {"per 100,000", COLUMN_NUMBER}, {"", COLUMN_BAR}};
    const bool rate = has_rate(trend);
    size_t count = sizeof columns / sizeof *columns;
    struct term_table table;
    if (!rate) // the bar takes its place
        columns[count - 2] = columns[count - 1];
    table_init(&table, &trend->ctl->term, columns, rate ? count : count - 1);
    for (size_t i = 0; i < trend->point_count; i++) {
        const struct point *point = &trend->total.points[i];
        char period[FORMAT_MAX];
        (void)snprintf(period, sizeof period, "%.20s%s", point->period,
                       point->partial ? " so far" : "");
        table_put_text(&table, period);
        table_put_number(&table, point->signals);
        table_put_number(&table, point->persons);
        put_change(trend, &table, point);
        if (rate)
            put_rate(&table, point);
        table_put_bar(&table, point->signals);
    }
    table_print(&table);
    table_free(&table);
}

// How the periods of a row are shown.
struct trend_layout {
    size_t statistics; // the last so many periods as statistics
    size_t spark;      // columns of a line of whole periods
    size_t whole;      // periods that are over
};

static size_t digits(int64_t value) {
    char text[FORMAT_MAX];
    format_count(value, text);
    return strlen(text);
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static void fit(size_t *width, size_t wanted) {
    if (wanted > *width)
        *width = wanted;
}

// Columns that labels, change, percent and mark take, each with its gap; and how many of them the
// table can take from the labels.
struct others {
    size_t used, slack;
};

static struct others measure_others(const struct trend_answer *trend) {
    const struct json_view *names = json_view_at(trend->answer, "names");
    char label[QUERY_LABEL_MAX], change[FORMAT_MAX], percent[FORMAT_MAX];
    struct others others = {0};
    size_t change_width = strlen("change"), percent_width = strlen("percent");
    for (size_t d = 0; d < trend->by.count; d++) {
        size_t width = strlen(trend->by.names[d]);
        for (size_t i = 0; i < trend->series_count; i++) {
            query_label(names, json_view_text(trend->series[i].node, trend->by.names[d]), label);
            fit(&width, term_out_columns(&trend->ctl->term, label));
        }
        others.used += width + GAP;
        others.slack += width > TABLE_TEXT_MIN ? width - TABLE_TEXT_MIN : 0;
    }
    for (size_t i = 0; trend->last && i < trend->series_count; i++) {
        format_change(&trend->series[i].points[trend->last], change);
        format_percent(&trend->series[i].points[trend->last], percent);
        fit(&change_width, strlen(change));
        fit(&percent_width, strlen(percent) + 2);
    }
    others.used += change_width + GAP + percent_width + GAP + 1 + GAP;
    return others;
}

// The two periods that are compared and what came after always stand there; then comes the line of
// all; more numbers take the room that is left.
static struct trend_layout lay_out(const struct trend_answer *trend) {
    struct trend_layout layout = {.whole = trend->point_count};
    struct others others = measure_others(trend);
    size_t width = trend->ctl->term.width, statistic = GAP;
    while (layout.whole && trend->total.points[layout.whole - 1].partial)
        layout.whole--;
    for (size_t i = 0; i < trend->point_count; i++)
        fit(&statistic, GAP + strlen(trend->total.points[i].period));
    for (size_t i = 0; i < trend->point_count; i++)
        fit(&statistic, GAP + digits(trend->total.points[i].signals));
    layout.statistics = trend->last ? trend->point_count - trend->last + 1 : 2;
    layout.statistics = least(layout.statistics, trend->point_count);
    size_t used = others.used + layout.statistics * statistic;
    size_t room = width > used ? width - used : 0;
    size_t most = width + others.slack > used ? width + others.slack - used : 0;
    layout.spark = least(room > SPARK_MIN ? room : SPARK_MIN, most);
    layout.spark = least(least(layout.spark, SPARK_MAX), layout.whole);
    room = room > layout.spark ? room - layout.spark : 0;
    layout.statistics = least(layout.statistics + room / statistic, STATISTICS_MAX);
    layout.statistics = least(layout.statistics, trend->point_count);
    return layout;
}

static void put_points(const struct trend_answer *trend, const struct trend_layout *layout,
                       struct term_table *table, const struct point *points) {
    int64_t values[SPARK_MAX], max = 0;
    static const struct point nothing;
    for (size_t i = trend->point_count - layout->statistics; i < trend->point_count; i++)
        table_put_number(table, points[i].signals);
    put_change(trend, table, trend->last ? &points[trend->last] : &nothing);
    for (size_t i = 0; i < layout->spark; i++) {
        values[i] = points[layout->whole - layout->spark + i].signals;
        max = values[i] > max ? values[i] : max;
    }
    char *spark = term_out_spark(&trend->ctl->term, values, layout->spark, max);
    table_put_styled(table, STYLE_BAR, spark);
    free(spark);
}

static size_t put_columns(const struct trend_answer *trend, const struct trend_layout *layout,
                          struct table_column columns[TABLE_COLUMNS_MAX]) {
    size_t count = 0;
    for (size_t d = 0; d < trend->by.count; d++)
        columns[count++] = (struct table_column){trend->by.names[d], COLUMN_TEXT};
    for (size_t i = trend->point_count - layout->statistics; i < trend->point_count; i++)
        columns[count++] = (struct table_column){trend->total.points[i].period, COLUMN_NUMBER};
    columns[count++] = (struct table_column){"change", COLUMN_NUMBER};
    columns[count++] = (struct table_column){"percent", COLUMN_NUMBER};
    columns[count++] = (struct table_column){"", COLUMN_TEXT};
    columns[count++] = (struct table_column){"", COLUMN_NUMBER}; // the line, which is never cut
    return count;
}

// A row a series.
static void print_series(const struct trend_answer *trend, const struct trend_layout *layout) {
    const struct json_view *names = json_view_at(trend->answer, "names");
    struct table_column columns[TABLE_COLUMNS_MAX];
    char label[QUERY_LABEL_MAX];
    struct term_table table;
    table_init(&table, &trend->ctl->term, columns, put_columns(trend, layout, columns));
    for (size_t i = 0; i < trend->series_count; i++) {
        for (size_t d = 0; d < trend->by.count; d++) {
            query_label(names, json_view_text(trend->series[i].node, trend->by.names[d]), label);
            table_put_text(&table, label);
        }
        put_points(trend, layout, &table, trend->series[i].points);
    }
    table_put_rule(&table);
    for (size_t d = 0; d < trend->by.count; d++)
        table_put_text(&table, d ? "" : "total");
    put_points(trend, layout, &table, trend->total.points);
    table_print(&table);
    table_free(&table);
}

// --- what to think of it ---

// What one signal does to the percentage of the answer.
static void note_base(const struct trend_answer *trend, struct query_options_notes *notes) {
    const struct point *point = &trend->total.points[trend->last];
    int64_t base = trend->last ? point[-1].signals : 0;
    if (base <= 0 || base > 100 || !point->has_percent)
        return;
    int64_t moves = (100 + base / 2) / base;
    query_note(notes,
               "Of %" PRId64 ", one signal more or less moves the percentage by %s%" PRId64
               " point%s.",
               base, 100 % base ? "about " : "", moves, moves == 1 ? "" : "s");
}

static void note_partial(const struct trend_answer *trend, struct query_options_notes *notes) {
    const struct point *last = &trend->total.points[trend->point_count - 1];
    if (last->partial)
        query_note(notes, "%.20s is not over: no change is shown.", last->period);
}

static void note_line(const struct trend_answer *trend, const struct trend_layout *layout,
                      struct query_options_notes *notes) {
    if (layout->spark > 1)
        query_note(
            notes,
            "The line at the end of a row runs from %.20s to %.20s, each by its own highest.",
            trend->total.points[layout->whole - layout->spark].period,
            trend->total.points[layout->whole - 1].period);
}

static void note_marks(const struct trend_answer *trend, bool small, bool beyond,
                       struct query_options_notes *notes) {
    if (small)
        query_note(notes,
                   "In brackets: of fewer than %" PRId64
                   " signals, where one more or less moves the percentage by more than %" PRId64
                   " points.",
                   trend->small_base, 100 / trend->small_base);
    if (beyond)
        query_note(notes,
                   "* More than chance explains: were nothing different, so large a change would "
                   "come less than once in 20 times.%s",
                   trend->by.count ? " So of 20 rows one may have it by chance." : "");
}

// What the changes that a table shows have: those from `first` on.
static void note_changes(const struct trend_answer *trend, size_t first,
                         struct query_options_notes *notes) {
    bool small = false, beyond = trend->total.points[trend->last].beyond_chance;
    for (size_t s = 0; s < trend->series_count; s++)
        for (size_t i = first; i <= trend->last; i++) {
            const struct point *point = &trend->series[s].points[i];
            small = small || is_small(trend, point);
            beyond = beyond || point->beyond_chance;
        }
    note_marks(trend, small, beyond, notes);
}

static void print_tables(const struct trend_answer *trend) {
    struct query_options_notes notes = {.ctl = trend->ctl};
    print_answer(trend);
    print_heading(trend);
    if (trend->by.count == 0) {
        print_periods(trend);
    } else {
        struct trend_layout layout = lay_out(trend);
        print_series(trend, &layout);
        note_line(trend, &layout, &notes);
    }
    note_base(trend, &notes);
    if (trend->last)
        note_changes(trend, trend->by.count ? trend->last : 1, &notes);
    note_partial(trend, &notes);
    query_note_categories(&notes, &trend->by);
}

// --- for spreadsheets ---

static void put_sheet_row(const struct trend_answer *trend, struct csv_writer *writer,
                          const struct json_view *point) {
    static const char *const cells[] = {"period", "signals", "persons", "change"};
    int64_t tenths;
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        csv_writer_put_node(writer, point, cells[i]);
    if (json_view_tenths(point, "percent", &tenths))
        csv_writer_put_tenths(writer, tenths);
    else
        csv_writer_put_text(writer, NULL);
    csv_writer_put_text(writer, json_view_flag(point, "partial") ? "true" : "false");
    csv_writer_put_text(writer, json_view_flag(point, "beyondChance") ? "true" : "false");
    if (has_rate(trend))
        query_put_rate(writer, point);
    csv_writer_end_row(writer);
}

static void print_sheet(const struct trend_answer *trend) {
    static const char *const titles[] = {"period",  "signals", "persons",      "change",
                                         "percent", "partial", "beyondChance", NULL};
    static const char *const with_rate[] = {"period",  "signals", "persons",      "change",
                                            "percent", "partial", "beyondChance", "inhabitants",
                                            "rate",    NULL};
    struct csv_writer writer = {.term = &trend->ctl->term};
    query_put_titles(&writer, &trend->by);
    csv_writer_put_titles(&writer, has_rate(trend) ? with_rate : titles);
    for (size_t s = 0; s < trend->series_count; s++) {
        const struct json_view *series = trend->series[s].node,
                               *points = json_view_at(series, "points");
        for (size_t i = 0; i < json_view_size(points); i++) {
            query_put_labels(&writer, &trend->by, json_view_at(trend->answer, "names"), series);
            put_sheet_row(trend, &writer, json_view_item(points, i));
        }
    }
}

static enum ctl_exit print_trend(const struct ctl *ctl, const struct json_view *answer) {
    struct trend_answer trend = {.ctl = ctl, .answer = answer};
    enum ctl_exit result = CTL_OK;
    if (!trend_read(&trend))
        result = ctl_fail("the answer is not one that this version can read");
    else if (ctl->csv)
        print_sheet(&trend);
    else if (trend.point_count == 0)
        term_out_put_wrapped(&ctl->term, STYLE_PLAIN, "There are no signals.");
    else
        print_tables(&trend);
    trend_free(&trend);
    return result;
}

// --- the verb ---

static enum ctl_exit put_target(const struct ctl *ctl, const struct args *args,
                                struct buf *target) {
    const char *by = args_value(args, "by"), *per = args_value(args, "per");
    enum ctl_exit result = CTL_OK;
    buf_puts(target, "/v1/trend?per=");
    if (per && strcmp(per, "year") != 0 && strcmp(per, "month") != 0)
        return ctl_usage(ctl, "--per is year or month");
    buf_puts(target, per ? per : "year");
    query_put_parameter(target, STR("rate"), args_has(args, "rate") ? "yes" : NULL);
    if (by && (strstr(by, "year") || strstr(by, "month")))
        return ctl_usage(ctl, "--by: years and months are what --per is for");
    if (by)
        result = query_put_by(ctl, by, BY_MAX, target);
    return result == CTL_OK ? query_put_filters(ctl, args, target) : result;
}

static const struct args_option options[] = {
    {"by", 0, "A,B", "a row for each of these, up to two"},
    {"per", 0, "year|month", "the periods to compare; default: year"},
    {"period", 0, "P", "reported then: 2016..2018, 2016-03..2017-02"},
    {"where", 0, "NAME=VALUE", "only these; may be given more than once"},
    {"rate", 0, NULL, "per 100,000 inhabitants too, where it is of a place"},
    {0},
};

const struct ctl_verb trend_verb = {
    .name = "trend",
    .words = "",
    .help = "Did it double? Signals by year or month, and change",
    .more = "Each period is compared with the one before it. A mark says that a change is more "
            "than chance explains; a percentage of a small number is in brackets, since one signal "
            "more or less moves it far; a period that is not over is compared with nothing. To "
            "count by, and to filter on: those of \"counts\". These are exact statistics, for use "
            "inside: each reading of them is in the audit log.",
    .options = options,
    .has_csv = true,
    .question = {.put = put_target, .print = print_trend},
};
