// SPDX-License-Identifier: EUPL-1.2
// Shared by the files of signaalctl report; nobody else includes it. The page stands in conf/report
// and draws itself from one JSON document, which is made here. Nothing goes into that document but
// what the page shows: each key is written by name, so that no answer passes whole.
//   report.c           the verb; the file
//   report_exact.c     the document of the page for inside, with report_coverage.c
//   report_public.c    the document of the page that may be published
//   report_page.c      the document into the page
//   report_tables.c    the document's tables as CSV, beside the page
#ifndef CTL_REPORT_REPORT_H
#define CTL_REPORT_REPORT_H

#include "codec/json_out.h"
#include "ctl/query/ctl.h"

enum {
    REPORT_YEAR_MIN = 2000,
    REPORT_NUMBER_MAX = 1000000000,
    REPORT_LINES_MAX = 40,
    REPORT_COLUMNS_MAX = 100,
    REPORT_COMPARED = 5, // years
    REPORT_PAGE_BYTES_MAX = 4 << 20,
    REPORT_TABLE_NAME_MAX = 32, // what the name of a table adds to the page's
};

struct report {
    const struct ctl *ctl;
    struct buf json;     // of the document
    struct json_out out; // writes it
    int year;            // that it is about; 0: choose
    int this_year;       // in the Netherlands
    int64_t now_ms;      // when the exact page is made
    int64_t rounding;    // of the public page; 0: numbers are exact
    bool dutch;          // else English
};

extern const char report_template[]; // made of conf/report by page.cmake

enum ctl_exit report_exact(struct report *report);
enum ctl_exit report_public(struct report *report);
// `coverage` is of the year.
void report_put_coverage(struct report *report, const struct json_view *coverage);

// The first of the years that are compared with the report's own, where signals begin in `first`.
int report_compared_from(const struct report *report, int first);
// The language, and whose report it is.
enum ctl_exit report_put_owner(struct report *report);

// Writes a file that only its owner may read beside `path`, and renames it.
enum ctl_exit report_write_file(const char *path, struct str bytes);
// The tables of the document, each in a file of its own: PAGE-years.csv beside PAGE.html.
enum ctl_exit report_write_tables(const struct report *report, const char *path);

// The page with the document in it.
void report_put_page(const struct report *report, struct buf *page);

// A whole number; 0 where there is none from 0 to REPORT_NUMBER_MAX.
int64_t report_number(const struct json_view *node, const char *path);
// Such a number under the last word of its path.
void report_put_number(struct report *report, const struct json_view *node, const char *key);
enum ctl_exit report_unreadable(void); // an answer without what must be in it

#endif
