// SPDX-License-Identifier: EUPL-1.2
// signaalctl statistics: the rounded statistics that may go outside, as they stand there now.
#include "ctl/query/query_options.h"
#include "ctl/term/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WHERE_MAX = 12 };

// What a statistic can have, in the order of its table. "year" or "month", the rest are dimensions.
static const char *const keys[] = {
    "measure",      "year",     "month",        "province", "policeUnit",  "safetyRegion",
    "municipality", "category", "gender",       "ageGroup", "citizenship", "foreign",
    "sourceKind",   "count",    "roundingBase", "closed",   NULL};
enum { KEY_COUNT = 13, DIMENSIONS_FROM = 3 }; // a sheet has those behind them too

static bool is_key(struct str name) {
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (str_is(name, keys[i]))
            return true;
    return false;
}

// Has the statistic what each --where asks for?
static bool is_wanted(const struct args *args, const struct json_view *statistic) {
    const char *filter;
    for (size_t i = 0; (filter = args_nth(args, "where", i)); i++) {
        struct str value = str_from(filter), name;
        (void)str_split(&value, '=', &name);
        for (size_t k = 0; k < KEY_COUNT; k++)
            if (str_is(name, keys[k]) &&
                !str_equal(str_from(json_view_text(statistic, keys[k])), value))
                return false;
    }
    return true;
}

// "province PV27 Noord-Holland, category SexualExploitation"; "all" where there is nothing.
static void put_what(struct term_table *table, const struct json_view *statistic,
                     const struct json_view *names) {
    char label[QUERY_LABEL_MAX];
    struct buf what;
    buf_init(&what, CLIENT_TARGET_MAX);
    if (json_view_is(statistic, "measure", "municipalities"))
        buf_puts(&what, "municipalities that signalled");
    for (size_t k = DIMENSIONS_FROM; k < KEY_COUNT; k++) {
        const char *code = json_view_text(statistic, keys[k]);
        if (!code)
            continue;
        query_label(names, code, label);
        buf_printf(&what, "%s%s %s", what.len ? ", " : "", keys[k], label);
    }
    char *text = buf_take(&what);
    table_put_text(table, *text ? text : "all");
    free(text);
}

static void put_statistic(struct term_table *table, const struct json_view *statistic,
                          const struct json_view *names) {
    const char *year = json_view_text(statistic, "year");
    int64_t count = json_view_integer(statistic, "count");
    table_put_text(table, year ? year : json_view_text(statistic, "month"));
    put_what(table, statistic, names);
    table_put_number(table, count);
    table_put_bar(table, count);
}

static void print_table(const struct ctl *ctl, const struct json_view *answer) {
    static const struct table_column columns[] = {{"period", COLUMN_TEXT},
                                                  {"of", COLUMN_TEXT},
                                                  {"at least", COLUMN_NUMBER},
                                                  {"", COLUMN_BAR}};
    const struct json_view *statistics = json_view_at(answer, "statistics");
    struct term_table table;
    table_init(&table, &ctl->term, columns, sizeof columns / sizeof *columns);
    for (int years = 1; years >= 0; years--)
        for (size_t i = 0; i < json_view_size(statistics); i++) {
            const struct json_view *statistic = json_view_item(statistics, i);
            if ((json_view_text(statistic, "year") != NULL) == years &&
                is_wanted(ctl->args, statistic))
                put_statistic(&table, statistic, json_view_at(answer, "names"));
        }
    if (table.cell_count)
        table_print(&table);
    else
        term_out_put_wrapped(&ctl->term, STYLE_PLAIN,
                             "There is no such statistic: too few signals, or a word that is no "
                             "statistic's.");
    table_free(&table);
}

static void print_notes(const struct ctl *ctl, int64_t rounding_base) {
    struct query_options_notes notes = {.ctl = ctl};
    query_note(&notes,
               "Numbers below %" PRId64 " do not exist: none and few look alike. Each is rounded "
               "down by itself, so they do not add up.",
               rounding_base);
    query_note(&notes, "What arrives meanwhile shows in the next snapshot, when a month is over "
                       "and enough has changed.");
}

static enum ctl_exit print_statistics(const struct ctl *ctl, const struct json_view *answer) {
    const char *closed = json_view_text(answer, "closed");
    int64_t rounding_base = json_view_integer(answer, "roundingBase");
    char text[256];
    if (ctl->csv) {
        query_print_sheet(ctl, keys, json_view_at(answer, "statistics"), is_wanted);
        return CTL_OK;
    }
    if (!closed) {
        term_out_put_wrapped(
            &ctl->term, STYLE_PLAIN,
            "Nothing has gone outside yet: the first statistics come when a month is "
            "over, or now by signaalctl statistics release.");
        return CTL_OK;
    }
    (void)snprintf(text, sizeof text,
                   "Statistics, rounded down to a multiple of %" PRId64 ", of months up to %.16s",
                   rounding_base, closed);
    term_out_put_wrapped(&ctl->term, STYLE_STRONG, text);
    term_out_end_line(&ctl->term);
    print_table(ctl, answer);
    print_notes(ctl, rounding_base);
    return CTL_OK;
}

static enum ctl_exit print_published(const struct ctl *ctl, const struct json_view *answer) {
    const char *closed = json_view_text(answer, "closed");
    char text[256];
    (void)snprintf(text, sizeof text, "The first statistics are out, of months up to %.16s.",
                   closed ? closed : "the last that is over");
    term_out_put_wrapped(&ctl->term, STYLE_PLAIN, text);
    return CTL_OK;
}

static enum ctl_exit check_filters(const struct ctl *ctl, const struct args *args) {
    const char *filter;
    for (size_t i = 0; (filter = args_nth(args, "where", i)); i++) {
        struct str value = str_from(filter), name;
        (void)str_split(&value, '=', &name);
        if (i == WHERE_MAX)
            return ctl_usage(ctl, "at most %d times --where", WHERE_MAX);
        if (!value.len || !is_key(name))
            return ctl_usage(ctl, "--where needs name=value, with measure, year, month, province, "
                                  "policeUnit, safetyRegion, municipality, category, gender, "
                                  "ageGroup, citizenship, foreign or sourceKind");
    }
    return CTL_OK;
}

static enum ctl_exit run_statistics(const struct ctl *ctl, const struct args *args) {
    const struct ctl_question release = {
        .method = "POST", .target = "/v1/statistics/release", .print = print_published};
    const struct ctl_question shown = {.target = "/v1/statistics", .print = print_statistics};
    enum ctl_exit result = check_filters(ctl, args);
    if (result != CTL_OK)
        return result;
    if (args->word_count == 0)
        return ctl_ask(ctl, &shown);
    if (strcmp(args->words[0], "release") != 0)
        return ctl_usage(ctl, "it takes release or nothing");
    if (ctl->csv || args_has(args, "where"))
        return ctl_usage(ctl, "release takes all statistics, and prints none");
    return ctl_ask(ctl, &release);
}

static const struct args_option options[] = {
    {"where", 0, "NAME=VALUE", "only these, as year=2017; may be given more than once"},
    {0},
};

const struct ctl_verb statistics_verb = {
    .name = "statistics",
    .words = "[release]",
    .help = "The rounded statistics that may go outside",
    .more = "Exact counts give single people away: 14 today and 15 tomorrow is somebody. So what "
            "goes outside is a snapshot: every statistic rounded down to a multiple of "
            "disclosure.rounding_base, of months that are over, and taken anew only when a month "
            "closes and enough has changed since. \"release\" takes the very first snapshot now "
            "instead of at the end of the month: do that once, after the history has been "
            "imported. It is refused when there is a snapshot already, since statistics that could "
            "be asked for at will would show each signal as it comes. For root and the daemon's "
            "own user.",
    .options = options,
    .optional_word_count = 1,
    .has_csv = true,
    .run = run_statistics,
};
