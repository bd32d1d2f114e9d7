// SPDX-License-Identifier: EUPL-1.2
// signaalctl feeds: the sources and how their polling goes, those with trouble first; or one of
// them in full.
#include "base/mem.h"
#include "ctl/query/query_options.h"
#include "ctl/term/format.h"
#include "ctl/term/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

enum { LABEL_WIDTH = 14 };

// What stands first in the list.
enum rank { RANK_FAILING, RANK_SILENT, RANK_PAUSED, RANK_FINE };

struct line {
    const struct json_view *feed;
    enum rank rank;
    size_t place; // in the daemon's answer
};

static enum rank rank_of(const struct json_view *feed) {
    if (json_view_integer(feed, "failures") > 0)
        return RANK_FAILING;
    if (json_view_flag(feed, "silent"))
        return RANK_SILENT;
    return json_view_flag(feed, "paused") ? RANK_PAUSED : RANK_FINE;
}

static int compare_lines(const void *a, const void *b) {
    const struct line *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return x->place < y->place ? -1 : 1;
}

static const enum term_out_style rank_styles[] = {STYLE_BAD, STYLE_WARN, STYLE_DIM, STYLE_PLAIN};

// Why a line needs a look; NULL: it does not.
static const char *reason(const struct json_view *feed) {
    const char *failure = json_view_text(feed, "failure");
    if (failure)
        return failure;
    if (json_view_flag(feed, "doubtful"))
        return "its list may have been cut off";
    return json_view_flag(feed, "silent") ? "silent: nothing new for long" : NULL;
}

static void put_distance(struct term_table *table, const char *stamp, int64_t now_s) {
    char text[FORMAT_MAX];
    format_distance(stamp, now_s, text);
    table_put_text(table, text);
}

static void put_feed(struct term_table *table, const struct line *line, int64_t now_s) {
    const struct json_view *feed = line->feed;
    const char *why = reason(feed);
    table_put_text(table, json_view_text(feed, "name"));
    table_put_styled(table, rank_styles[line->rank], json_view_text(feed, "state"));
    put_distance(table, json_view_text(feed, "lastContact"), now_s);
    put_distance(table, json_view_text(feed, "lastSignal"), now_s);
    put_distance(table, json_view_text(feed, "nextPoll"), now_s);
    table_put_number(table, json_view_integer(feed, "failures"));
    table_put_number(table, json_view_integer(feed, "new"));
    table_put_text(table, why ? why : "");
}

static void put_totals(const struct ctl *ctl, const struct json_view *answer, size_t shown) {
    char text[256];
    (void)snprintf(text, sizeof text,
                   "%zu shown of %" PRId64 " sources; %" PRId64 " polled, %" PRId64
                   " failing, %" PRId64 " silent, %" PRId64 " paused",
                   shown, json_view_integer(answer, "sources"), json_view_integer(answer, "polled"),
                   json_view_integer(answer, "failing"), json_view_integer(answer, "silent"),
                   json_view_integer(answer, "paused"));
    term_out_end_line(&ctl->term);
    term_out_put_wrapped(&ctl->term, STYLE_DIM, text);
}

static void print_sheet(const struct ctl *ctl, const struct json_view *feeds) {
    static const char *const keys[] = {
        "name",     "kind",     "municipality", "template",    "url",      "interval",  "state",
        "silent",   "paused",   "lastContact",  "lastSignal",  "nextPoll", "failures",  "failure",
        "failedAt", "polls",    "pages",        "notModified", "items",    "new",       "refused",
        "excluded", "complete", "lastWhole",    "missing",     "gone",     "withdrawn", NULL};
    query_print_sheet(ctl, keys, feeds, NULL);
}

static void print_table(const struct ctl *ctl, const struct json_view *answer) {
    static const struct table_column columns[] = {
        {"source", COLUMN_TEXT}, {"state", COLUMN_TEXT},        {"contact", COLUMN_TEXT},
        {"new", COLUMN_TEXT},    {"next", COLUMN_TEXT},         {"failed", COLUMN_NUMBER},
        {"got", COLUMN_NUMBER},  {"what is wrong", COLUMN_TEXT}};
    const struct json_view *feeds = json_view_at(answer, "feeds");
    size_t count = json_view_size(feeds);
    struct line *lines = mem_zalloc(count, sizeof *lines);
    struct term_table table;
    int64_t now_s = (int64_t)time(NULL);
    for (size_t i = 0; i < count; i++) {
        const struct json_view *feed = json_view_item(feeds, i);
        lines[i] = (struct line){.feed = feed, .rank = rank_of(feed), .place = i};
    }
    qsort(lines, count, sizeof *lines, compare_lines);
    table_init(&table, &ctl->term, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < count; i++)
        put_feed(&table, &lines[i], now_s);
    table_print(&table);
    put_totals(ctl, answer, count);
    table_free(&table);
    free(lines);
}

static enum ctl_exit print_feeds(const struct ctl *ctl, const struct json_view *answer) {
    if (ctl->csv)
        print_sheet(ctl, json_view_at(answer, "feeds"));
    else
        print_table(ctl, answer);
    return CTL_OK;
}

static void put_fact(const struct term_out *term, enum term_out_style style, const char *label,
                     const char *text) {
    term_out_put_field(term, STYLE_STRONG, label, LABEL_WIDTH, FIT_LEFT);
    term_out_put(term, style, text);
    term_out_end_line(term);
}

static void put_time(const struct term_out *term, const char *label, const char *stamp) {
    char time_text[FORMAT_MAX], text[FORMAT_MAX + 4];
    format_stamp(stamp, time_text);
    (void)snprintf(text, sizeof text, "%s%s", time_text, stamp ? " UTC" : "");
    put_fact(term, STYLE_PLAIN, label, text);
}

static void put_numbers(const struct term_out *term, const struct json_view *feed) {
    static const struct {
        const char *label, *key;
    } statistics[] = {{"polls", "polls"},      {"pages", "pages"}, {"not modified", "notModified"},
                      {"items", "items"},      {"new", "new"},     {"refused", "refused"},
                      {"left out", "excluded"}};
    for (size_t i = 0; i < sizeof statistics / sizeof *statistics; i++) {
        char text[FORMAT_MAX];
        format_count(json_view_integer(feed, statistics[i].key), text);
        put_fact(term, STYLE_PLAIN, statistics[i].label, text);
    }
}

// Of a list that has all there is: what it lacks.
static void put_absence(const struct term_out *term, const struct json_view *feed) {
    static const struct {
        const char *label, *key;
    } numbers[] = {{"missing once", "missing"}, {"gone, held", "gone"}, {"withdrawn", "withdrawn"}};
    if (!json_view_flag(feed, "complete"))
        return;
    term_out_end_line(term);
    put_time(term, "whole list", json_view_text(feed, "lastWhole"));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[FORMAT_MAX];
        int64_t value = json_view_integer(feed, numbers[i].key);
        bool held = value && i == 1;
        format_count(value, text);
        put_fact(term, held ? STYLE_BAD : STYLE_PLAIN, numbers[i].label, text);
    }
    if (json_view_integer(feed, "gone"))
        term_out_put_wrapped(term, STYLE_DIM,
                             "Ask the source whether its list is right; then signaalctl accept "
                             "NAME withdraws what is gone.");
}

static void put_interval(const struct term_out *term, const struct json_view *feed) {
    int64_t seconds;
    char text[FORMAT_MAX] = "-";
    if (json_view_number(feed, "interval", &seconds))
        format_short(seconds, text);
    put_fact(term, STYLE_PLAIN, "interval", text);
}

static void put_failures(const struct term_out *term, const struct json_view *feed) {
    int64_t failures = json_view_integer(feed, "failures");
    char text[FORMAT_MAX];
    format_count(failures, text);
    put_fact(term, failures ? STYLE_BAD : STYLE_PLAIN, "failures", text);
    put_fact(term, failures ? STYLE_BAD : STYLE_PLAIN, "failure", json_view_text(feed, "failure"));
    put_time(term, "failed at", json_view_text(feed, "failedAt"));
    if (json_view_flag(feed, "doubtful"))
        put_fact(term, STYLE_WARN, "in doubt",
                 "a round number of items and no next page: the list may have been cut off");
}

static enum ctl_exit print_feed(const struct ctl *ctl, const struct json_view *feed) {
    const struct term_out *term = &ctl->term;
    bool silent = json_view_flag(feed, "silent");
    put_fact(term, STYLE_PLAIN, "source", json_view_text(feed, "name"));
    put_fact(term, STYLE_PLAIN, "kind", json_view_text(feed, "kind"));
    put_fact(term, STYLE_PLAIN, "municipality", json_view_text(feed, "municipality"));
    put_fact(term, STYLE_PLAIN, "template", json_view_text(feed, "template"));
    put_fact(term, STYLE_PLAIN, "host", json_view_text(feed, "url"));
    put_interval(term, feed);
    term_out_end_line(term);
    put_fact(term, rank_styles[rank_of(feed)], "state", json_view_text(feed, "state"));
    put_fact(term, silent ? STYLE_WARN : STYLE_PLAIN, "silent", silent ? "yes" : "no");
    put_fact(term, STYLE_PLAIN, "paused", json_view_flag(feed, "paused") ? "yes" : "no");
    put_time(term, "last contact", json_view_text(feed, "lastContact"));
    put_time(term, "last signal", json_view_text(feed, "lastSignal"));
    put_time(term, "next poll", json_view_text(feed, "nextPoll"));
    put_failures(term, feed);
    put_fact(term, STYLE_PLAIN, "cursor", json_view_text(feed, "cursor"));
    put_absence(term, feed);
    term_out_end_line(term);
    put_numbers(term, feed);
    return CTL_OK;
}

static enum ctl_exit print_answer(const struct ctl *ctl, const struct json_view *answer) {
    return ctl->args->word_count ? print_feed(ctl, answer) : print_feeds(ctl, answer);
}

static enum ctl_exit put_target(const struct ctl *ctl, const struct args *args,
                                struct buf *target) {
    bool failing = args_has(args, "failing"), silent = args_has(args, "silent");
    if (args->word_count && (failing || silent))
        return ctl_usage(ctl, "--failing and --silent are for the list");
    if (args->word_count && ctl->csv)
        return ctl_usage(ctl, "--csv is for the list");
    if (args->word_count)
        return ctl_put_feed(ctl, args, target);
    buf_printf(target, "/v1/feeds%s%s", failing ? "?failing=1" : "",
               !silent   ? ""
               : failing ? "&silent=1"
                         : "?silent=1");
    return CTL_OK;
}

static const struct args_option options[] = {
    {"failing", 0, NULL, "only those whose last poll failed"},
    {"silent", 0, NULL, "only those that have fallen silent"},
    {0},
};

const struct ctl_verb feeds_verb = {
    .name = "feeds",
    .words = "[NAME]",
    .help = "The sources and how polling goes; or one of them",
    .more =
        "The list has those that fail first, then the silent and the paused. \"contact\" is the "
        "time since the last good answer or post, \"new\" since the last that brought "
        "something new, \"next\" the time until the next poll; \"failed\" counts failures in a "
        "row, \"got\" new signals since the daemon started.",
    .options = options,
    .optional_word_count = 1,
    .has_csv = true,
    .question = {.put = put_target, .print = print_answer},
};
