// SPDX-License-Identifier: EUPL-1.2
// signaalctl counts: how many signals there are and about how many persons, as a table with bars.
#include "ctl/query/query_options.h"
#include "ctl/term/table.h"

#include <stdlib.h>

static void put_numbers(struct term_table *table, const struct json_view *node,
                        const char *signals_key, bool with_bar) {
    int64_t signals = json_view_integer(node, signals_key), persons;
    table_put_number(table, signals);
    // A daemon that does not count persons says nothing of them.
    if (json_view_number(node, "persons", &persons))
        table_put_number(table, persons);
    else
        table_put_text(table, "-");
    table_put_bar(table, with_bar ? signals : 0);
}

static void fill_table(struct term_table *table, const struct json_view *answer,
                       const struct query_options_by *by) {
    const struct json_view *lines = json_view_at(answer, "lines");
    char label[QUERY_LABEL_MAX];
    for (size_t i = 0; i < json_view_size(lines); i++) {
        const struct json_view *line = json_view_item(lines, i);
        for (size_t d = 0; d < by->count; d++) {
            query_label(json_view_at(answer, "names"), json_view_text(line, by->names[d]), label);
            table_put_text(table, label);
        }
        put_numbers(table, line, "signals", true);
    }
    table_put_rule(table);
    for (size_t d = 0; d < by->count; d++)
        table_put_text(table, d ? "" : "total");
    put_numbers(table, answer, "total", false);
}

static void print_heading(const struct ctl *ctl, const struct json_view *answer) {
    struct buf heading;
    buf_init(&heading, CLIENT_TARGET_MAX);
    buf_puts(&heading, "Signals and persons");
    query_describe(answer, &heading);
    char *text = buf_take(&heading);
    term_out_put_wrapped(&ctl->term, STYLE_PLAIN, text);
    term_out_end_line(&ctl->term);
    free(text);
}

static void print_notes(const struct ctl *ctl, const struct json_view *answer,
                        const struct query_options_by *by) {
    struct query_options_notes notes = {.ctl = ctl};
    int64_t signals, persons;
    query_note_categories(&notes, by);
    if (json_view_number(answer, "total", &signals) &&
        json_view_number(answer, "persons", &persons) && persons != signals)
        query_note(&notes, "Signals that are linked are about one person, who counts once in each "
                           "line and once in the total. A signal that is not linked is a person.");
}

static void print_sheet(const struct ctl *ctl, const struct json_view *answer,
                        const struct query_options_by *by) {
    const struct json_view *lines = json_view_at(answer, "lines");
    struct csv_writer writer = {.term = &ctl->term};
    query_put_titles(&writer, by);
    csv_writer_put_text(&writer, "signals");
    csv_writer_put_text(&writer, "persons");
    csv_writer_end_row(&writer);
    for (size_t i = 0; i < json_view_size(lines); i++) {
        const struct json_view *line = json_view_item(lines, i);
        query_put_labels(&writer, by, json_view_at(answer, "names"), line);
        csv_writer_put_node(&writer, line, "signals");
        csv_writer_put_node(&writer, line, "persons");
        csv_writer_end_row(&writer);
    }
}

static enum ctl_exit print_counts(const struct ctl *ctl, const struct json_view *answer) {
    struct table_column columns[QUERY_BY_MAX + 3];
    struct query_options_by by;
    if (!query_read_by(answer, &by) || by.count == 0)
        return ctl_fail("the answer is not one that this version can read");
    if (ctl->csv) {
        print_sheet(ctl, answer, &by);
        return CTL_OK;
    }
    for (size_t d = 0; d < by.count; d++)
        columns[d] = (struct table_column){by.names[d], COLUMN_TEXT};
    columns[by.count] = (struct table_column){"signals", COLUMN_NUMBER};
    columns[by.count + 1] = (struct table_column){"persons", COLUMN_NUMBER};
    columns[by.count + 2] = (struct table_column){"", COLUMN_BAR};

    struct term_table table;
    table_init(&table, &ctl->term, columns, by.count + 3);
    fill_table(&table, answer, &by);
    print_heading(ctl, answer);
    table_print(&table);
    table_free(&table);
    print_notes(ctl, answer, &by);
    return CTL_OK;
}

static enum ctl_exit put_target(const struct ctl *ctl, const struct args *args,
                                struct buf *target) {
    const char *by = args_value(args, "by");
    buf_puts(target, "/v1/counts");
    enum ctl_exit result = query_put_by(ctl, by ? by : "year", QUERY_BY_MAX, target);
    return result == CTL_OK ? query_put_filters(ctl, args, target) : result;
}

static const struct args_option options[] = {
    {"by", 0, "A,B", "what to count by, up to three; default: year"},
    {"period", 0, "P", "reported then: 2017, 2017-03, 2016..2018, …"},
    {"where", 0, "NAME=VALUE", "only these; may be given more than once"},
    {0},
};

const struct ctl_verb counts_verb = {
    .name = "counts",
    .words = "",
    .help = "How many signals and persons, by year or province",
    .more = "Values are codes, as in "
            "municipality=GM0363 and category=SexualExploitation. These are exact statistics, for "
            "use inside: each reading of them is in the audit log.",
    .options = options,
    .has_csv = true,
    .has_dimensions = true,
    .question = {.put = put_target, .print = print_counts},
};
