// SPDX-License-Identifier: EUPL-1.2
// signaalctl counts: how many signals there are and about how many persons, as a table with bars.
#include "base/mem.h"
#include "base/str.h"
#include "ctl/ctl.h"
#include "ctl/table.h"

#include <stdlib.h>
#include <string.h>

enum { BY_MAX = 3, FILTER_MAX = 12, LABEL_MAX = 256 };

static const char *const dimensions[] = {
    "municipality", "province",    "policeUnit", "safetyRegion", "category", "gender",
    "ageGroup",     "citizenship", "sourceKind", "status",       "year",     "month",
};

#define DIMENSIONS_TEXT                                                                            \
    "municipality, province, policeUnit, safetyRegion, category, gender, ageGroup, citizenship, "  \
    "sourceKind, status, year, month"

static bool is_dimension(struct str name) {
    for (size_t i = 0; i < sizeof dimensions / sizeof *dimensions; i++)
        if (str_is(name, dimensions[i]))
            return true;
    return false;
}

// "2017" or "2017-03".
static bool is_period(struct str text) {
    struct str year, month;
    uint64_t y, m = 1;
    if (!str_split(&text, '-', &year) || year.len != 4 || !str_to_u64(year, 9999, &y))
        return false;
    if (!text.data)
        return true;
    month = text;
    return month.len == 2 && str_to_u64(month, 12, &m) && m >= 1;
}

static enum ctl_exit put_by(const struct ctl *ctl, const char *by, struct buf *target) {
    struct str rest = str_from(by), name;
    for (size_t count = 0; str_split(&rest, ',', &name); count++) {
        if (!is_dimension(name))
            return ctl_usage(ctl, "--by: there is no %.*s; there are " DIMENSIONS_TEXT,
                             (int)(name.len < 40 ? name.len : 40), name.data);
        if (count == BY_MAX)
            return ctl_usage(ctl, "--by takes at most %d", BY_MAX);
        if (count)
            buf_putc(target, ',');
        buf_put_str(target, name);
    }
    return CTL_OK;
}

static enum ctl_exit put_filters(const struct ctl *ctl, const struct args *args,
                                 struct buf *target) {
    const char *filter;
    for (size_t i = 0; (filter = args_nth(args, "where", i)); i++) {
        struct str value = str_from(filter), name;
        (void)str_split(&value, '=', &name);
        if (i == FILTER_MAX)
            return ctl_usage(ctl, "at most %d times --where", FILTER_MAX);
        if (!value.len)
            return ctl_usage(ctl, "--where needs name=value, as in category=SexualExploitation");
        if (!is_dimension(name))
            return ctl_usage(ctl, "--where: there is no %.*s; there are " DIMENSIONS_TEXT,
                             (int)(name.len < 40 ? name.len : 40), name.data);
        buf_putc(target, '&');
        buf_put_str(target, name);
        buf_putc(target, '=');
        client_put_encoded(target, value);
    }
    return CTL_OK;
}

static enum ctl_exit put_target(const struct ctl *ctl, const struct args *args,
                                struct buf *target) {
    const char *by = args_value(args, "by"), *period = args_value(args, "period");
    buf_puts(target, "/v1/counts?by=");
    enum ctl_exit result = put_by(ctl, by ? by : "year", target);
    if (result == CTL_OK && period && !is_period(str_from(period)))
        return ctl_usage(ctl, "--period is a year or a month: 2017 or 2017-03");
    if (result == CTL_OK && period)
        buf_printf(target, "&period=%s", period);
    if (result == CTL_OK)
        result = put_filters(ctl, args, target);
    if (result == CTL_OK && target->overflow)
        return ctl_usage(ctl, "too many filters");
    return result;
}

static void put_label(struct table *table, const struct node *names, const char *code) {
    char label[LABEL_MAX];
    const char *name = code ? node_text(node_key(names, code), "") : NULL;
    if (!name || strcmp(name, code) == 0) {
        table_put_text(table, code);
        return;
    }
    (void)snprintf(label, sizeof label, "%s %s", code, name);
    table_put_text(table, label);
}

static void put_figures(struct table *table, const struct node *node, const char *signals_key,
                        bool with_bar) {
    int64_t signals = 0, persons = 0;
    (void)node_number(node, signals_key, &signals);
    table_put_figure(table, signals);
    // A daemon that does not count persons says nothing of them.
    if (node_number(node, "persons", &persons))
        table_put_figure(table, persons);
    else
        table_put_text(table, "-");
    table_put_bar(table, with_bar ? signals : 0);
}

static void fill_table(struct table *table, const struct node *answer, const struct node *by) {
    const struct node *lines = node_at(answer, "lines");
    for (size_t i = 0; i < node_size(lines); i++) {
        const struct node *line = node_item(lines, i);
        for (size_t d = 0; d < node_size(by); d++)
            put_label(table, node_at(answer, "names"),
                      node_text(line, node_text(node_item(by, d), "")));
        put_figures(table, line, "signals", true);
    }
    table_put_rule(table);
    for (size_t d = 0; d < node_size(by); d++)
        table_put_text(table, d ? "" : "total");
    put_figures(table, answer, "total", false);
}

static void add_filter(void *ctx, const char *key, const char *text) {
    buf_printf(ctx, "; %s %s", key, text);
}

static void print_heading(const struct ctl *ctl, const struct node *answer, const struct node *by) {
    struct buf heading;
    buf_init(&heading, CLIENT_TARGET_MAX);
    char *names = node_join(by);
    buf_printf(&heading, "Signals and persons by %s", names);
    node_each_text(node_at(answer, "filters"), add_filter, &heading);
    char *text = buf_take(&heading);
    screen_put_wrapped(&ctl->screen, STYLE_PLAIN, text);
    screen_end_line(&ctl->screen);
    free(text);
    free(names);
}

static void print_note(const struct ctl *ctl, const char *text) {
    screen_end_line(&ctl->screen);
    screen_put_wrapped(&ctl->screen, STYLE_DIM, text);
}

// Why the lines may add up to more than the total.
static void print_notes(const struct ctl *ctl, const struct node *answer, bool by_category) {
    int64_t signals, persons;
    if (by_category)
        print_note(ctl, "A signal with several categories counts once in each of them and once "
                        "in the total: the lines may add up to more than the total.");
    if (node_number(answer, "total", &signals) && node_number(answer, "persons", &persons) &&
        persons != signals)
        print_note(ctl, "Signals that are linked are about one person, who counts once in each "
                        "line and once in the total. A signal that is not linked is a person.");
}

static enum ctl_exit print_counts(const struct ctl *ctl, const struct node *answer) {
    const struct node *by = node_at(answer, "by");
    struct table_column columns[BY_MAX + 3];
    size_t count = node_size(by);
    bool by_category = false;
    if (count == 0 || count > BY_MAX)
        return ctl_fail("the answer is not one that this version can read");
    for (size_t d = 0; d < count; d++) {
        const char *name = node_text(node_item(by, d), "");
        if (!name || !is_dimension(str_from(name)))
            return ctl_fail("the answer is not one that this version can read");
        columns[d] = (struct table_column){name, COLUMN_TEXT};
        by_category = by_category || strcmp(name, "category") == 0;
    }
    columns[count] = (struct table_column){"signals", COLUMN_FIGURE};
    columns[count + 1] = (struct table_column){"persons", COLUMN_FIGURE};
    columns[count + 2] = (struct table_column){"", COLUMN_BAR};

    struct table table;
    table_init(&table, &ctl->screen, columns, count + 3);
    fill_table(&table, answer, by);
    print_heading(ctl, answer, by);
    table_print(&table);
    table_free(&table);
    print_notes(ctl, answer, by_category);
    return CTL_OK;
}

static enum ctl_exit run(const struct ctl *ctl, const struct args *args) {
    struct buf target;
    buf_init(&target, CLIENT_TARGET_MAX);
    enum ctl_exit result = put_target(ctl, args, &target);
    char *text = buf_take(&target);
    if (result == CTL_OK)
        result = ctl_show(ctl, text, NULL, print_counts);
    free(text);
    return result;
}

static const struct args_option options[] = {
    {"by", 0, "A,B", "what to count by, up to three; default: year"},
    {"period", 0, "P", "only this year or month of report: 2017 or 2017-03"},
    {"where", 0, "NAME=VALUE", "only these; may be given more than once"},
    {0},
};

const struct ctl_verb counts_verb = {
    .name = "counts",
    .words = "",
    .help = "How many signals and persons, by year or province",
    .more = "To count by, and to filter on: " DIMENSIONS_TEXT ". Values are codes, as in "
            "municipality=GM0363 and category=SexualExploitation. These are exact figures, for "
            "use inside: each reading of them is in the audit log.",
    .options = options,
    .run = run,
};
