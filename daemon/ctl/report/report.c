// SPDX-License-Identifier: EUPL-1.2
// signaalctl report: the national picture as one page of HTML that needs nothing else. It is
// written beside its place and renamed, so that there is never half a page.
#include "report.h"
#include "base/time.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 4096 };

enum ctl_exit report_unreadable(void) {
    return ctl_fail("the answer is not one that this version can read");
}

int64_t report_number(const struct json_view *node, const char *path) {
    int64_t value;
    return json_view_number(node, path, &value) && value >= 0 && value <= REPORT_NUMBER_MAX ? value
                                                                                            : 0;
}

void report_put_number(struct report *report, const struct json_view *node, const char *key) {
    json_put_i64(&report->out, key, report_number(node, key));
}

static bool write_all(int file, struct str bytes) {
    while (bytes.len) {
        ssize_t written = write(file, bytes.data, bytes.len);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0)
            bytes = (struct str){bytes.data + written, bytes.len - (size_t)written};
    }
    return true;
}

// mkstemp makes a file that only its owner may read.
enum ctl_exit report_write_file(const char *path, struct str bytes) {
    struct buf name;
    buf_init(&name, PATH_BYTES_MAX);
    buf_printf(&name, "%s.XXXXXX", path);
    char *part = buf_take(&name);
    int file = mkstemp(part);
    if (file < 0) {
        enum ctl_exit failed = ctl_fail("cannot write beside %s: %s", path, strerror(errno));
        free(part);
        return failed;
    }
    bool good = write_all(file, bytes) && fsync(file) == 0;
    int fault = errno;
    if (close(file) != 0 && good) {
        good = false;
        fault = errno;
    }
    if (good && rename(part, path) != 0) {
        good = false;
        fault = errno;
    }
    if (!good)
        (void)unlink(part);
    free(part);
    if (!good)
        return ctl_fail("cannot write %s: %s", path, strerror(fault));
    return CTL_OK;
}

int report_compared_from(const struct report *report, int first) {
    int from = report->year - REPORT_COMPARED + 1;
    return first > from && first <= report->year ? first : from;
}

enum ctl_exit report_put_owner(struct report *report) {
    struct json_view *answer = ctl_get(report->ctl, "/v1/organisation");
    if (!answer)
        return CTL_FAILED;
    json_put_text(&report->out, "language", report->dutch ? "nl" : "en");
    json_put_text(&report->out, "organisation", json_view_text(answer, "name"));
    json_put_text(&report->out, "logo", json_view_text(answer, "logo"));
    json_view_free(answer);
    return CTL_OK;
}

// As programs choose their language: the first of these that is set.
static bool is_dutch_here(void) {
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strncmp(value, "nl", 2) == 0;
    }
    return false;
}

static enum ctl_exit take_language(struct report *report, const char *name) {
    report->dutch = name ? strcmp(name, "nl") == 0 : is_dutch_here();
    if (name && !report->dutch && strcmp(name, "en") != 0)
        return ctl_usage(report->ctl, "--lang is nl or en");
    return CTL_OK;
}

// Before the daemon is asked: each exact reading is in the audit log.
static enum ctl_exit check_place(const struct ctl *ctl, const char *path) {
    struct stat status;
    if (!*path || strlen(path) + REPORT_TABLE_NAME_MAX > PATH_BYTES_MAX)
        return ctl_usage(ctl, "--output needs the name of a file");
    if (lstat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return ctl_fail("%s is there and is no plain file: it is left as it is", path);
    return CTL_OK;
}

static enum ctl_exit take_year(const struct report *report, const char *text, int *year) {
    uint64_t value;
    if (strlen(text) != 4 || !str_to_u64(str_from(text), 9999, &value) || value < REPORT_YEAR_MIN)
        return ctl_usage(report->ctl, "--year is a year from %d on", REPORT_YEAR_MIN);
    *year = (int)value;
    if (*year > report->this_year)
        return ctl_usage(report->ctl, "--year: %d has not begun", *year);
    return CTL_OK;
}

static void take_time(struct report *report) {
    struct timespec now;
    int month, day;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    report->now_ms = (int64_t)now.tv_sec * 1000;
    time_civil_from_day(time_amsterdam_day(report->now_ms), &report->this_year, &month, &day);
}

static enum ctl_exit write_page(const struct report *report, const char *path) {
    enum ctl_exit result = CTL_OK;
    struct buf page;
    buf_init(&page, REPORT_PAGE_BYTES_MAX);
    report_put_page(report, &page);
    if (report->json.overflow || page.overflow)
        result = ctl_fail("the page is too large");
    else if (strcmp(path, "-") != 0)
        result = report_write_file(path, buf_str(&page));
    else
        (void)fwrite(page.data, 1, page.len, stdout);
    buf_free(&page);
    if (result == CTL_OK && strcmp(path, "-") != 0)
        result = report_write_tables(report, path);
    if (result == CTL_OK && strcmp(path, "-") != 0)
        term_out_print(&report->ctl->term, STYLE_PLAIN,
                       "%s: the page of %d, with %s statistics; its tables are beside it", path,
                       report->year, report->rounding ? "rounded" : "exact");
    return result;
}

static enum ctl_exit run_report(const struct ctl *ctl, const struct args *args) {
    struct report report = {.ctl = ctl};
    const char *path = args_value(args, "output"), *year = args_value(args, "year");
    enum ctl_exit result = CTL_OK;
    if (ctl->json)
        return ctl_usage(ctl, "it makes HTML, so it takes no --json");
    if (!path)
        return ctl_usage(ctl, "--output FILE says where the page goes");
    take_time(&report);
    result = take_language(&report, args_value(args, "lang"));
    if (result == CTL_OK && year)
        result = take_year(&report, year, &report.year);
    if (result == CTL_OK && strcmp(path, "-") != 0)
        result = check_place(ctl, path);
    if (result != CTL_OK)
        return result;
    buf_init(&report.json, REPORT_PAGE_BYTES_MAX);
    report.out.buf = &report.json;
    result = args_has(args, "public") ? report_public(&report) : report_exact(&report);
    if (result == CTL_OK)
        result = write_page(&report, path);
    buf_free(&report.json);
    return result;
}

static const struct args_option options[] = {
    {"output", 'o', "FILE", "where the page goes; - for standard output"},
    {"year", 0, "Y", "the year; default: the last whole one with signals"},
    {"lang", 0, "nl|en", "Dutch or English; default: that of LC_ALL or LANG"},
    {"public", 0, NULL, "only what may be published: rounded statistics"},
    {0},
};

const struct ctl_verb report_verb = {
    .name = "report",
    .words = "",
    .help = "The national picture of a year as a page of HTML",
    .more =
        "One page that needs nothing else: for a browser, a telephone or paper. It holds exact "
        "statistics, for use inside, and each reading of them is in the audit log. With --public "
        "it is made only of the rounded statistics that may be published (see signaalctl "
        "statistics). Each table is beside it as CSV, as the spreadsheet of that language wants "
        "it: report-years.csv beside report.html.",
    .options = options,
    .run = run_report,
};
