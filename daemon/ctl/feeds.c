// SPDX-License-Identifier: EUPL-1.2
// signaalctl feeds: the sources and how their polling goes, those with trouble first; or one of
// them in full.
#include "base/mem.h"
#include "ctl/query/csv_writer.h"
#include "ctl/query/ctl.h"
#include "ctl/term/format.h"
#include "ctl/term/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LABEL_WIDTH = 14, NAME_BYTES_MAX = 64 };

// What stands first in the list.
enum rank { RANK_FAILING, RANK_SILENT, RANK_PAUSED, RANK_FINE };

struct line {
    const struct node *feed;
    enum rank rank;
    size_t place; // in the daemon's answer
};

static int64_t number_or_zero(const struct node *node, const char *path) {
    int64_t value = 0;
    (void)node_number(node, path, &value);
    return value;
}

static enum rank rank_of(const struct node *feed) {
    if (number_or_zero(feed, "failures") > 0)
        return RANK_FAILING;
    if (node_flag(feed, "silent"))
        return RANK_SILENT;
    return node_flag(feed, "paused") ? RANK_PAUSED : RANK_FINE;
}

static int compare_lines(const void *a, const void *b) {
    const struct line *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return x->place < y->place ? -1 : 1;
}

static enum screen_style rank_style(enum rank rank) {
    switch (rank) {
    case RANK_FAILING:
        return STYLE_BAD;
    case RANK_SILENT:
        return STYLE_WARN;
    case RANK_PAUSED:
        return STYLE_DIM;
    case RANK_FINE:
        break;
    }
    return STYLE_PLAIN;
}

// Why a line needs a look; NULL: it does not.
static const char *reason(const struct node *feed) {
    const char *failure = node_text(feed, "failure");
    if (failure)
        return failure;
    return node_flag(feed, "silent") ? "silent: nothing new for long" : NULL;
}

static void put_distance(struct table *table, const char *stamp, int64_t now_s) {
    char text[FORMAT_MAX];
    format_distance(stamp, now_s, text);
    table_put_text(table, text);
}

static void put_feed(struct table *table, const struct line *line, int64_t now_s) {
    const struct node *feed = line->feed;
    const char *why = reason(feed);
    table_put_text(table, node_text(feed, "name"));
    table_put_styled(table, rank_style(line->rank), node_text(feed, "state"));
    put_distance(table, node_text(feed, "lastContact"), now_s);
    put_distance(table, node_text(feed, "lastSignal"), now_s);
    put_distance(table, node_text(feed, "nextPoll"), now_s);
    table_put_figure(table, number_or_zero(feed, "failures"));
    table_put_figure(table, number_or_zero(feed, "news"));
    table_put_text(table, why ? why : "");
}

static void put_totals(const struct ctl *ctl, const struct node *answer, size_t shown) {
    char text[256];
    (void)snprintf(text, sizeof text,
                   "%zu shown of %" PRId64 " sources; %" PRId64 " polled, %" PRId64
                   " failing, %" PRId64 " silent, %" PRId64 " paused",
                   shown, number_or_zero(answer, "sources"), number_or_zero(answer, "polled"),
                   number_or_zero(answer, "failing"), number_or_zero(answer, "silent"),
                   number_or_zero(answer, "paused"));
    screen_end_line(&ctl->screen);
    screen_put_wrapped(&ctl->screen, STYLE_DIM, text);
}

static void print_sheet(const struct ctl *ctl, const struct node *feeds) {
    static const char *const keys[] = {
        "name",     "kind",    "municipality", "template",    "url",        "interval",
        "state",    "silent",  "paused",       "lastContact", "lastSignal", "nextPoll",
        "failures", "failure", "failedAt",     "polls",       "pages",      "notModified",
        "items",    "news",    "refused",      "leftOut",     NULL};
    struct sheet sheet = {.screen = &ctl->screen};
    sheet_put_titles(&sheet, keys);
    for (size_t i = 0; i < node_size(feeds); i++) {
        for (size_t k = 0; keys[k]; k++)
            sheet_put_node(&sheet, node_item(feeds, i), keys[k]);
        sheet_end_row(&sheet);
    }
}

static void print_table(const struct ctl *ctl, const struct node *answer) {
    static const struct table_column columns[] = {
        {"source", COLUMN_TEXT}, {"state", COLUMN_TEXT},        {"contact", COLUMN_TEXT},
        {"new", COLUMN_TEXT},    {"next", COLUMN_TEXT},         {"failed", COLUMN_FIGURE},
        {"got", COLUMN_FIGURE},  {"what is wrong", COLUMN_TEXT}};
    const struct node *feeds = node_at(answer, "feeds");
    size_t count = node_size(feeds);
    struct line *lines = mem_zalloc(count, sizeof *lines);
    struct table table;
    int64_t now_s = (int64_t)time(NULL);
    for (size_t i = 0; i < count; i++) {
        const struct node *feed = node_item(feeds, i);
        lines[i] = (struct line){.feed = feed, .rank = rank_of(feed), .place = i};
    }
    qsort(lines, count, sizeof *lines, compare_lines);
    table_init(&table, &ctl->screen, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < count; i++)
        put_feed(&table, &lines[i], now_s);
    table_print(&table);
    put_totals(ctl, answer, count);
    table_free(&table);
    free(lines);
}

static enum ctl_exit print_feeds(const struct ctl *ctl, const struct node *answer) {
    if (ctl->csv)
        print_sheet(ctl, node_at(answer, "feeds"));
    else
        print_table(ctl, answer);
    return CTL_OK;
}

static void put_fact(const struct screen *screen, enum screen_style style, const char *label,
                     const char *text) {
    screen_put_field(screen, STYLE_STRONG, label, LABEL_WIDTH, FIT_LEFT);
    screen_put(screen, style, text);
    screen_end_line(screen);
}

static void put_time(const struct screen *screen, const char *label, const char *stamp) {
    char time_text[FORMAT_MAX], text[FORMAT_MAX + 4];
    format_stamp(stamp, time_text);
    (void)snprintf(text, sizeof text, "%s%s", time_text, stamp ? " UTC" : "");
    put_fact(screen, STYLE_PLAIN, label, text);
}

static void put_figures(const struct screen *screen, const struct node *feed) {
    static const struct {
        const char *label, *key;
    } figures[] = {{"polls", "polls"},     {"pages", "pages"}, {"not modified", "notModified"},
                   {"items", "items"},     {"new", "news"},    {"refused", "refused"},
                   {"left out", "leftOut"}};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        char text[FORMAT_MAX];
        format_count(number_or_zero(feed, figures[i].key), text);
        put_fact(screen, STYLE_PLAIN, figures[i].label, text);
    }
}

static void put_interval(const struct screen *screen, const struct node *feed) {
    int64_t seconds;
    char text[FORMAT_MAX] = "-";
    if (node_number(feed, "interval", &seconds))
        format_short(seconds, text);
    put_fact(screen, STYLE_PLAIN, "interval", text);
}

static void put_failures(const struct screen *screen, const struct node *feed) {
    int64_t failures = number_or_zero(feed, "failures");
    char text[FORMAT_MAX];
    format_count(failures, text);
    put_fact(screen, failures ? STYLE_BAD : STYLE_PLAIN, "failures", text);
    put_fact(screen, failures ? STYLE_BAD : STYLE_PLAIN, "failure", node_text(feed, "failure"));
    put_time(screen, "failed at", node_text(feed, "failedAt"));
}

static enum ctl_exit print_feed(const struct ctl *ctl, const struct node *feed) {
    const struct screen *screen = &ctl->screen;
    enum rank rank = rank_of(feed);
    bool silent = node_flag(feed, "silent");
    put_fact(screen, STYLE_PLAIN, "source", node_text(feed, "name"));
    put_fact(screen, STYLE_PLAIN, "kind", node_text(feed, "kind"));
    put_fact(screen, STYLE_PLAIN, "municipality", node_text(feed, "municipality"));
    put_fact(screen, STYLE_PLAIN, "template", node_text(feed, "template"));
    put_fact(screen, STYLE_PLAIN, "host", node_text(feed, "url"));
    put_interval(screen, feed);
    screen_end_line(screen);
    put_fact(screen, rank_style(rank), "state", node_text(feed, "state"));
    put_fact(screen, silent ? STYLE_WARN : STYLE_PLAIN, "silent", silent ? "yes" : "no");
    put_fact(screen, STYLE_PLAIN, "paused", node_flag(feed, "paused") ? "yes" : "no");
    put_time(screen, "last contact", node_text(feed, "lastContact"));
    put_time(screen, "last signal", node_text(feed, "lastSignal"));
    put_time(screen, "next poll", node_text(feed, "nextPoll"));
    put_failures(screen, feed);
    put_fact(screen, STYLE_PLAIN, "cursor", node_text(feed, "cursor"));
    screen_end_line(screen);
    put_figures(screen, feed);
    return CTL_OK;
}

static enum ctl_exit run_one(const struct ctl *ctl, const char *name) {
    struct buf target;
    struct str source = str_from(name);
    if (source.len == 0 || source.len > NAME_BYTES_MAX)
        return ctl_usage(ctl, "a name has 1 to %d bytes", NAME_BYTES_MAX);
    buf_init(&target, CLIENT_TARGET_MAX);
    buf_puts(&target, "/v1/feeds/");
    client_put_encoded(&target, source);
    char *text = buf_take(&target);
    enum ctl_exit result = ctl_show(ctl, text, NULL, print_feed);
    free(text);
    return result;
}

static enum ctl_exit run(const struct ctl *ctl, const struct args *args) {
    bool failing = args_has(args, "failing"), silent = args_has(args, "silent");
    if (args->word_count && (failing || silent))
        return ctl_usage(ctl, "--failing and --silent are for the list");
    if (args->word_count && ctl->csv)
        return ctl_usage(ctl, "--csv is for the list");
    if (args->word_count)
        return run_one(ctl, args->words[0]);
    return ctl_show(ctl,
                    failing && silent ? "/v1/feeds?failing=1&silent=1"
                    : failing         ? "/v1/feeds?failing=1"
                    : silent          ? "/v1/feeds?silent=1"
                                      : "/v1/feeds",
                    NULL, print_feeds);
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
    .run = run,
};
