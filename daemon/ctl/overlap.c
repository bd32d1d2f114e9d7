// SPDX-License-Identifier: EUPL-1.2
// signaalctl overlap: how many persons are known to which set of kinds of source. It is where an
// estimate of the number that nobody knows begins (conf/examples/mse.py), so each line tells how
// many of its persons nothing was said of: these cannot be linked, and no estimate may use them.
#include "ctl/query/query_options.h"
#include "ctl/term/table.h"

#include <stdlib.h>

enum { KINDS_MAX = 256 };

// "municipality+police".
static void put_kinds(const struct json_view *line, struct buf *out) {
    const struct json_view *kinds = json_view_at(line, "kinds");
    for (size_t i = 0; i < json_view_size(kinds); i++) {
        const char *kind = json_view_text(json_view_item(kinds, i), "");
        buf_printf(out, "%s%s", i ? "+" : "", kind ? kind : "?");
    }
}

static char *kinds_of(const struct json_view *line) {
    struct buf out;
    buf_init(&out, KINDS_MAX);
    put_kinds(line, &out);
    return buf_take(&out);
}

static void print_sheet(const struct ctl *ctl, const struct query_options_by *by,
                        const struct json_view *answer) {
    const struct json_view *names = json_view_at(answer, "names"),
                           *lines = json_view_at(answer, "lines");
    struct csv_writer writer = {.term = &ctl->term};
    query_put_titles(&writer, by);
    csv_writer_put_titles(&writer, (const char *const[]){"kinds", "persons", "nameless", NULL});
    for (size_t i = 0; i < json_view_size(lines); i++) {
        const struct json_view *line = json_view_item(lines, i);
        char *kinds = kinds_of(line);
        query_put_labels(&writer, by, names, line);
        csv_writer_put_text(&writer, kinds);
        csv_writer_put_node(&writer, line, "persons");
        csv_writer_put_node(&writer, line, "nameless");
        csv_writer_end_row(&writer);
        free(kinds);
    }
}

static void put_row(struct term_table *table, const struct query_options_by *by,
                    const struct json_view *names, const struct json_view *line) {
    char label[QUERY_LABEL_MAX], *kinds = kinds_of(line);
    for (size_t d = 0; d < by->count; d++) {
        query_label(names, json_view_text(line, by->names[d]), label);
        table_put_text(table, label);
    }
    table_put_text(table, kinds);
    table_put_number(table, json_view_integer(line, "persons"));
    table_put_number(table, json_view_integer(line, "nameless"));
    table_put_bar(table, json_view_integer(line, "persons"));
    free(kinds);
}

static void print_heading(const struct ctl *ctl, const struct json_view *answer) {
    struct buf heading;
    buf_init(&heading, CLIENT_TARGET_MAX);
    buf_puts(&heading, "Persons by the kinds of source that know them");
    query_describe(answer, &heading);
    char *text = buf_take(&heading);
    term_out_put_wrapped(&ctl->term, STYLE_PLAIN, text);
    term_out_end_line(&ctl->term);
    free(text);
}

static void print_table(const struct ctl *ctl, const struct query_options_by *by,
                        const struct json_view *answer) {
    const struct json_view *names = json_view_at(answer, "names"),
                           *lines = json_view_at(answer, "lines");
    struct table_column columns[QUERY_BY_MAX + 4];
    struct term_table table;
    size_t d = 0;
    for (; d < by->count; d++)
        columns[d] = (struct table_column){by->names[d], COLUMN_TEXT};
    columns[d] = (struct table_column){"known to", COLUMN_TEXT};
    columns[d + 1] = (struct table_column){"persons", COLUMN_NUMBER};
    columns[d + 2] = (struct table_column){"nameless", COLUMN_NUMBER};
    columns[d + 3] = (struct table_column){"", COLUMN_BAR};
    table_init(&table, &ctl->term, columns, d + 4);
    for (size_t i = 0; i < json_view_size(lines); i++)
        put_row(&table, by, names, json_view_item(lines, i));
    table_put_rule(&table);
    for (d = 0; d <= by->count; d++)
        table_put_text(&table, d ? "" : "total");
    table_put_number(&table, json_view_integer(answer, "persons"));
    table_put_number(&table, json_view_integer(answer, "nameless"));
    table_put_bar(&table, 0);
    table_print(&table);
    table_free(&table);
}

static void print_notes(const struct ctl *ctl, const struct json_view *answer,
                        const struct query_options_by *by) {
    struct query_options_notes notes = {.ctl = ctl};
    if (by->count)
        query_note(&notes, "Who has signals in several lines is in each of them, known to those "
                           "who brought the signals there, and once in the total.");
    if (json_view_integer(answer, "nameless"))
        query_note(&notes, "Nameless: of these persons nothing was said, or what was said has "
                           "expired, so that no signal could be linked. Each signal is a person.");
}

static enum ctl_exit print_overlap(const struct ctl *ctl, const struct json_view *answer) {
    struct query_options_by by;
    int64_t persons;
    if (!query_read_by(answer, &by) || !json_view_number(answer, "persons", &persons))
        return ctl_fail("the answer is not one that this version can read");
    if (ctl->csv) {
        print_sheet(ctl, &by, answer);
        return CTL_OK;
    }
    print_heading(ctl, answer);
    print_table(ctl, &by, answer);
    print_notes(ctl, answer, &by);
    return CTL_OK;
}

static enum ctl_exit put_target(const struct ctl *ctl, const struct args *args,
                                struct buf *target) {
    const char *by = args_value(args, "by");
    enum ctl_exit result = CTL_OK;
    buf_puts(target, "/v1/overlap");
    if (by)
        result = query_put_by(ctl, by, QUERY_BY_MAX, target);
    return result == CTL_OK ? query_put_filters(ctl, args, target) : result;
}

static const struct args_option options[] = {
    {"by", 0, "A,B", "each of these apart, up to three"},
    {"period", 0, "P", "reported then: 2017, 2017-03, 2016..2018, …"},
    {"where", 0, "NAME=VALUE", "only these; may be given more than once"},
    {0},
};

const struct ctl_verb overlap_verb = {
    .name = "overlap",
    .words = "",
    .help = "How many persons are known to which kinds of source",
    .more =
        "By and where take the dimensions of \"counts\", without sourceKind. An estimate of how "
        "many persons nobody knows begins here; conf/examples/mse.py makes one. These are "
        "exact statistics, for use inside: each reading of them is in the audit log.",
    .options = options,
    .has_csv = true,
    .question = {.put = put_target, .print = print_overlap},
};
