// SPDX-License-Identifier: EUPL-1.2
// signaalctl coverage: who is silent? Which municipalities signal, by province and size, and what
// they have of the basic level that the CCV asks for.
#include "ctl/query/query_options.h"
#include "ctl/term/format.h"
#include "ctl/term/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    DAYS_MAX = 36500,
    WIDE = 100,
    DATE_LEN = 10,
    LABEL_WIDTH = 18,
    STATISTIC_WIDTH = 6,
    BAR_FULL = 10000
};

// What the municipalities can be divided by.
static const struct division {
    const char *name;  // of --by
    const char *key;   // in the answer
    const char *title; // of the column
} divisions[] = {{"province", "provinces", "province"},
                 {"policeUnit", "policeUnits", "police unit"},
                 {"sizeClass", "sizeClasses", "inhabitants"}};
enum { DIVISION_COUNT = sizeof divisions / sizeof *divisions };

// The one of --by; NULL: there is none of that name.
static const struct division *find_division(const struct args *args) {
    const char *by = args_value(args, "by");
    for (size_t i = 0; by && i < DIVISION_COUNT; i++)
        if (strcmp(divisions[i].name, by) == 0)
            return &divisions[i];
    return by ? NULL : &divisions[0];
}

// --- the basic level ---

static void put_criterion(const struct ctl *ctl, const struct json_view *answer, const char *label,
                          const char *path) {
    int64_t count = json_view_integer(answer, path);
    char statistic[FORMAT_MAX], share[FORMAT_MAX];
    format_count(count, statistic);
    format_share(count, json_view_integer(answer, "municipalities"), share);
    term_out_put_spaces(&ctl->term, 2);
    term_out_put_field(&ctl->term, STYLE_PLAIN, label, LABEL_WIDTH, FIT_LEFT);
    term_out_put_field(&ctl->term, STYLE_PLAIN, statistic, STATISTIC_WIDTH, FIT_RIGHT);
    term_out_put_field(&ctl->term, STYLE_PLAIN, share, STATISTIC_WIDTH + 2, FIT_RIGHT);
    term_out_end_line(&ctl->term);
}

static void print_basic_level(const struct ctl *ctl, const struct json_view *answer) {
    term_out_put_wrapped(&ctl->term, STYLE_PLAIN, "Basic level, of all municipalities:");
    put_criterion(ctl, answer, "signals (indicator)", "basicLevel.signals");
    put_criterion(ctl, answer, "has an official", "basicLevel.official");
    put_criterion(ctl, answer, "has a policy", "basicLevel.policy");
    put_criterion(ctl, answer, "all three", "basicLevel.all");
    term_out_end_line(&ctl->term);
}

// --- by province, police unit or size ---

static void put_share(struct term_table *table, int64_t part, int64_t whole) {
    char share[FORMAT_MAX];
    format_share(part, whole, share);
    table_put_text(table, share);
    table_put_bar(table, whole <= 0      ? 0
                         : part >= whole ? BAR_FULL
                                         : (int64_t)(BAR_FULL * (double)part / (double)whole));
}

// The first so many columns fit a narrow terminal.
enum { SUMS = 7, NARROW_SUMS = 4 };

static void put_row(struct term_table *table, const char *label, const struct json_view *sums,
                    const char *const keys[SUMS], size_t count) {
    table_put_text(table, label);
    for (size_t i = 0; i < count; i++)
        table_put_number(table, json_view_integer(sums, keys[i]));
    put_share(table, json_view_integer(sums, "signalling"),
              json_view_integer(sums, "municipalities"));
}

static void print_groups(const struct ctl *ctl, const struct json_view *answer,
                         const struct division *division) {
    static const char *const titles[SUMS] = {"all",      "signal", "silent",   "never",
                                             "official", "policy", "all three"};
    static const char *const keys[SUMS] = {"municipalities", "signalling", "silent", "never",
                                           "official",       "policy",     "all"};
    static const char *const of_all[SUMS] = {
        "municipalities",      "signalling",        "silent",        "never",
        "basicLevel.official", "basicLevel.policy", "basicLevel.all"};
    const struct json_view *groups = json_view_at(answer, division->key);
    size_t sums = ctl->term.width >= WIDE ? SUMS : NARROW_SUMS;
    struct table_column columns[TABLE_COLUMNS_MAX] = {{division->title, COLUMN_TEXT}};
    size_t count = 1;
    for (size_t i = 0; i < sums; i++)
        columns[count++] = (struct table_column){titles[i], COLUMN_NUMBER};
    columns[count++] = (struct table_column){"share", COLUMN_NUMBER};
    columns[count++] = (struct table_column){"", COLUMN_BAR};

    struct term_table table;
    table_init(&table, &ctl->term, columns, count);
    table.bar_full = BAR_FULL;
    for (size_t i = 0; i < json_view_size(groups); i++) {
        const struct json_view *group = json_view_item(groups, i);
        const char *code = json_view_text(group, "code"), *name = json_view_text(group, "name");
        char label[QUERY_LABEL_MAX];
        (void)snprintf(label, sizeof label, "%s%s%s", code ? code : "", code ? " " : "",
                       name ? name : "-");
        put_row(&table, label, group, keys, sums);
    }
    table_put_rule(&table);
    put_row(&table, "all", answer, of_all, sums);
    table_print(&table);
    table_free(&table);
}

static void print_notes(const struct ctl *ctl, const struct json_view *answer) {
    struct query_options_notes notes = {.ctl = ctl};
    query_note(&notes,
               "Of %" PRId64 " no source is connected: none can post or is polled, none has "
               "delivered.",
               json_view_integer(answer, "unconnected"));
    if (json_view_is(answer, "basis", "reported"))
        query_note(&notes,
                   "By the date of report and the municipality that a signal of a municipal "
                   "source is about. Silent: there were such signals before.");
    else
        query_note(&notes, "Silent: a source of it has brought signals, but nothing new in these "
                           "days. Names: signaalctl coverage --silent, or --never.");
}

// --- the municipalities ---

// By --silent and --never; with neither all.
static bool is_wanted(const struct args *args, const struct json_view *item) {
    bool silent = args_has(args, "silent"), never = args_has(args, "never");
    return (!silent && !never) || (silent && json_view_is(item, "state", "silent")) ||
           (never && json_view_is(item, "state", "never"));
}

static void put_municipality(struct term_table *table, const struct json_view *item) {
    const char *code = json_view_text(item, "code"), *name = json_view_text(item, "name");
    const char *last = json_view_text(item, "lastSignal");
    char label[QUERY_LABEL_MAX], date[DATE_LEN + 1];
    char *sources = json_view_join(json_view_at(item, "sources"));
    (void)snprintf(label, sizeof label, "%s %s", code ? code : "-", name ? name : "-");
    (void)snprintf(date, sizeof date, "%.10s", last ? last : "-");
    table_put_text(table, label);
    table_put_text(table, json_view_text(item, "province"));
    table_put_styled(table,
                     json_view_is(item, "state", "signals")  ? STYLE_GOOD
                     : json_view_is(item, "state", "silent") ? STYLE_WARN
                                                             : STYLE_DIM,
                     json_view_text(item, "state"));
    table_put_text(table, date);
    table_put_text(table, json_view_flag(item, "official") ? "yes" : "-");
    table_put_text(table, json_view_flag(item, "policy") ? "yes" : "-");
    table_put_text(table, sources);
    free(sources);
}

static void print_list(const struct ctl *ctl, const struct json_view *answer) {
    static const struct table_column columns[] = {
        {"municipality", COLUMN_TEXT}, {"province", COLUMN_TEXT}, {"state", COLUMN_TEXT},
        {"last", COLUMN_TEXT},         {"official", COLUMN_TEXT}, {"policy", COLUMN_TEXT},
        {"sources", COLUMN_TEXT}};
    const struct json_view *list = json_view_at(answer, "list");
    struct query_options_notes notes = {.ctl = ctl};
    size_t shown = 0;
    struct term_table table;
    table_init(&table, &ctl->term, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < json_view_size(list); i++) {
        if (!is_wanted(ctl->args, json_view_item(list, i)))
            continue;
        put_municipality(&table, json_view_item(list, i));
        shown++;
    }
    if (shown)
        table_print(&table);
    table_free(&table);
    if (shown)
        query_note(&notes, "%zu of %zu municipalities shown.", shown, json_view_size(list));
    else
        term_out_put_wrapped(&ctl->term, STYLE_PLAIN, "There is none.");
}

// --- for spreadsheets ---

static void print_group_sheet(const struct ctl *ctl, const struct json_view *answer,
                              const struct division *division) {
    static const char *const keys[] = {"code",   "name",  "municipalities", "signalling",
                                       "silent", "never", "official",       "policy",
                                       "all",    NULL};
    const char *const *own = keys + (division != &divisions[0]); // only provinces have codes
    query_print_sheet(ctl, own, json_view_at(answer, division->key), NULL);
}

static void print_list_sheet(const struct ctl *ctl, const struct json_view *answer) {
    static const char *const keys[] = {
        "code",      "name",       "province", "policeUnit", "sizeClass", "inhabitants", "state",
        "connected", "lastSignal", "official", "policy",     "sources",   NULL};
    query_print_sheet(ctl, keys, json_view_at(answer, "list"), is_wanted);
}

// --- the verb ---

static bool wants_list(const struct args *args) {
    return args_has(args, "list") || args_has(args, "silent") || args_has(args, "never");
}

static enum ctl_exit print_coverage(const struct ctl *ctl, const struct json_view *answer) {
    const struct division *division = find_division(ctl->args);
    bool list = wants_list(ctl->args);
    if (ctl->csv && list) {
        print_list_sheet(ctl, answer);
    } else if (ctl->csv) {
        print_group_sheet(ctl, answer, division);
    } else {
        term_out_put_wrapped(&ctl->term, STYLE_STRONG, json_view_text(answer, "headline"));
        term_out_end_line(&ctl->term);
        if (list) {
            print_list(ctl, answer);
        } else {
            print_basic_level(ctl, answer);
            print_groups(ctl, answer, division);
            print_notes(ctl, answer);
        }
    }
    return CTL_OK;
}

static enum ctl_exit put_target(const struct ctl *ctl, const struct args *args,
                                struct buf *target) {
    const char *days = args_value(args, "days");
    uint64_t count = 0;
    if (days && args_has(args, "period"))
        return ctl_usage(ctl, "--days or --period, not both");
    if (days && (!str_to_u64(str_from(days), DAYS_MAX, &count) || count == 0))
        return ctl_usage(ctl, "--days is a number from 1 to %d", DAYS_MAX);
    if (!find_division(args))
        return ctl_usage(ctl, "--by is province, policeUnit or sizeClass");
    if (args_has(args, "by") && wants_list(args))
        return ctl_usage(ctl, "--by is not for the list of municipalities");
    buf_puts(target, "/v1/coverage");
    if (days)
        buf_printf(target, "?days=%" PRIu64, count);
    return query_put_period(ctl, args, target);
}

static const struct args_option options[] = {
    {"days", 0, "N", "with anything new in the last N days; default: 365"},
    {"period", 0, "P", "with signals reported then: 2017, 2016..2018, …"},
    {"by", 0, "WHAT", "province (default), policeUnit or sizeClass"},
    {"list", 0, NULL, "the municipalities, one by one"},
    {"silent", 0, NULL, "only those that have fallen silent, one by one"},
    {"never", 0, NULL, "only those that never signalled, one by one"},
    {0},
};

const struct ctl_verb coverage_verb = {
    .name = "coverage",
    .words = "",
    .help = "Who is silent? Municipalities that signal or do not",
    .more =
        "Of the municipalities valid today; one that came of a merger has what its "
        "predecessors delivered. With --days it is what their sources brought that counts, "
        "with --period what was reported. The basic level is that of the CCV: signals "
        "actively (what arrives is an indicator of it), has an official, has a policy (both from "
        "the source table).",
    .options = options,
    .has_csv = true,
    .question = {.put = put_target, .print = print_coverage},
};
