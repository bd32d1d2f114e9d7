// SPDX-License-Identifier: EUPL-1.2
// Shared by the files of signaalctl report; nobody else includes it. The page is made in memory:
//   report.c           the verb; the file
//   report_exact.c     the page for inside, with report_trend.c and report_coverage.c
//   report_public.c    the page that may be published
//   report_page.c      head and end of a page, its headline statistics
//   report_table.c     a table with bars; report_chart.c: columns and the map of the provinces
//   report_words.c     what the field's codes are called; report_style.c: how it all looks
#ifndef CTL_REPORT_REPORT_H
#define CTL_REPORT_REPORT_H

#include "ctl/query/ctl.h"
#include "html.h"

enum {
    REPORT_YEAR_MIN = 2000,
    REPORT_NUMBER_MAX = 1000000000,
    REPORT_LABEL_MAX = 96,
    REPORT_LINES_MAX = 40,
    REPORT_COLUMNS_MAX = 100,
    REPORT_PROVINCES = 12,
    REPORT_PAGE_BYTES_MAX = 4 << 20,
};

struct report {
    const struct ctl *ctl;
    struct buf page;
    int year;         // that it is about; 0: choose
    int this_year;    // in the Netherlands
    int64_t now_ms;   // when the exact page is made
    int64_t rounding; // of the public page; 0: statistics are exact
};

enum ctl_exit report_exact(struct report *report);
enum ctl_exit report_public(struct report *report);

// GET; the caller frees the answer. Tells what went wrong.
enum ctl_exit report_ask(const struct report *report, const char *target,
                         struct json_view **answer);
// A whole number; 0 where there is none from 0 to REPORT_NUMBER_MAX.
int64_t report_number(const struct json_view *node, const char *path);
enum ctl_exit report_unreadable(void); // an answer without what must be in it

// ---- words

// In what the page divides signals; public statistics are by those before REPORT_STATUS.
enum report_dimension {
    REPORT_CATEGORY,
    REPORT_POLICE_UNIT,
    REPORT_GENDER,
    REPORT_AGE_GROUP,
    REPORT_CITIZENSHIP,
    REPORT_SOURCE_KIND,
    REPORT_STATUS,
    REPORT_DIMENSIONS,
};
struct report_dimension_text {
    const char *name;           // as the daemon says it
    const char *caption, *head; // of its table
};
const struct report_dimension_text *report_dimension(enum report_dimension dimension);
// The codes that a dimension has, one after the other; NULL behind the last.
const char *report_code(enum report_dimension dimension, size_t index);
const char *report_size_class(const char *code);            // "<5k" as "under 5,000"
const char *report_month_name(int month);                   // 1: "January"
void report_put_month(struct buf *page, const char *month); // "2017-03" as "March 2017"

// ---- page

// Up to the heading, with who may see the page.
void report_put_head(struct report *report);
void report_put_end(struct report *report);
void report_put_style(struct report *report);

// ---- tables with bars

struct report_line {
    char label[REPORT_LABEL_MAX];
    int64_t now, before;
    const struct json_view *point; // of a trend, for the change; NULL: not told
    bool unknown;                  // stands last
};
// "SexualExploitation" as "Sexual exploitation"; what is not known as it is.
void report_set_label(struct report_line *line, enum report_dimension dimension, const char *code);

struct report_table {
    enum report_dimension dimension;
    bool has_before;    // a column for the year before, and with exact statistics the change
    int64_t small_base; // below it a percentage says little
    struct report_line lines[REPORT_LINES_MAX];
    size_t count;
    struct report_line total; // without a label: none
};
// A bar of `now` and a thin one of `before`, where `max` fills the width.
void report_put_bars(struct report *report, int64_t now, int64_t before, int64_t max);
// Largest first.
void report_put_table(struct report *report, struct report_table *table);
// What a point of a trend changed by, in signals. False where it is not told.
bool report_change(const struct json_view *point, int64_t *change);
// Cells for change and percent of a point of a trend; `base` is what it changed from.
void report_put_change(struct report *report, const struct json_view *point, int64_t base,
                       int64_t small_base);
// A statistic, or "<10" where none may be told.
void report_put_statistic(struct report *report, int64_t value);

// ---- charts

struct report_columns {
    const char *id, *title;
    struct report_column {
        char label[16];
        int64_t value;
        enum { COLUMN_IS_PLAIN, COLUMN_IS_STRONG, COLUMN_IS_PARTIAL, COLUMN_IS_MISSING } kind;
    } columns[REPORT_COLUMNS_MAX];
    size_t count;
};
void report_put_columns(struct report *report, const struct report_columns *chart);

struct report_map {
    const char *id, *title;
    struct report_tile {
        char big[32], small[48];
        unsigned shade;        // 0 (none) .. 5
    } tiles[REPORT_PROVINCES]; // by code, from PV20 on
};
void report_put_map(struct report *report, const struct report_map *map);
const char *report_province_name(size_t index);
// "PV27" is 7; REPORT_PROVINCES for anything else.
size_t report_province_index(const char *code);

// ---- the page for inside

enum report_ask {
    REPORT_ASK_STATUS,
    REPORT_ASK_YEARS,         // trend of all years
    REPORT_ASK_MONTHS,        // of the year
    REPORT_ASK_COVERAGE,      // of the year
    REPORT_ASK_COVERAGE_DAYS, // of the last days
    REPORT_ASK_DIMENSIONS,    // and on: trend of the year and the one before, by dimension
    REPORT_ASKS = REPORT_ASK_DIMENSIONS + REPORT_DIMENSIONS,
};

struct report_exact {
    struct report *report;
    struct json_view *answers[REPORT_ASKS];
    int64_t small_base;
    const struct json_view *now;    // the year's point of the trend; NULL: no signals
    bool partial;                   // the year is not over
    const struct json_view *before; // the year before's, to compare with; NULL: there is none, or
                                    // the year is not over
};

void report_put_summary(struct report_exact *exact); // in the header
void report_put_trend(struct report_exact *exact);
void report_put_coverage(struct report_exact *exact);

#endif
