// SPDX-License-Identifier: EUPL-1.2
// signaalctl counts: how many signals there are and about how many persons, as a table with bars.
#include "ctl/query/csv_writer.h"
#include "ctl/query/ctl.h"
#include "ctl/query/query_options.h"
#include "ctl/term/table.h"

#include <stdlib.h>

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

static void fill_table(struct table *table, const struct node *answer, const struct cube_by *by) {
    const struct node *lines = node_at(answer, "lines");
    char label[CUBE_LABEL_MAX];
    for (size_t i = 0; i < node_size(lines); i++) {
        const struct node *line = node_item(lines, i);
        for (size_t d = 0; d < by->count; d++) {
            cube_label(node_at(answer, "names"), node_text(line, by->names[d]), label);
            table_put_text(table, label);
        }
        put_figures(table, line, "signals", true);
    }
    table_put_rule(table);
    for (size_t d = 0; d < by->count; d++)
        table_put_text(table, d ? "" : "total");
    put_figures(table, answer, "total", false);
}

static void print_heading(const struct ctl *ctl, const struct node *answer) {
    struct buf heading;
    buf_init(&heading, CLIENT_TARGET_MAX);
    buf_puts(&heading, "Signals and persons");
    cube_describe(answer, &heading);
    char *text = buf_take(&heading);
    screen_put_wrapped(&ctl->screen, STYLE_PLAIN, text);
    screen_end_line(&ctl->screen);
    free(text);
}

static void print_notes(const struct ctl *ctl, const struct node *answer,
                        const struct cube_by *by) {
    struct cube_notes notes = {.ctl = ctl};
    int64_t signals, persons;
    cube_note_categories(&notes, by);
    if (node_number(answer, "total", &signals) && node_number(answer, "persons", &persons) &&
        persons != signals)
        cube_note(&notes, "Signals that are linked are about one person, who counts once in each "
                          "line and once in the total. A signal that is not linked is a person.");
}

static void print_sheet(const struct ctl *ctl, const struct node *answer,
                        const struct cube_by *by) {
    const struct node *lines = node_at(answer, "lines");
    struct sheet sheet = {.screen = &ctl->screen};
    cube_put_titles(&sheet, by);
    sheet_put_text(&sheet, "signals");
    sheet_put_text(&sheet, "persons");
    sheet_end_row(&sheet);
    for (size_t i = 0; i < node_size(lines); i++) {
        const struct node *line = node_item(lines, i);
        cube_put_labels(&sheet, by, node_at(answer, "names"), line);
        sheet_put_node(&sheet, line, "signals");
        sheet_put_node(&sheet, line, "persons");
        sheet_end_row(&sheet);
    }
}

static enum ctl_exit print_counts(const struct ctl *ctl, const struct node *answer) {
    struct table_column columns[CUBE_BY_MAX + 3];
    struct cube_by by;
    if (!cube_read_by(answer, &by) || by.count == 0)
        return ctl_fail("the answer is not one that this version can read");
    if (ctl->csv) {
        print_sheet(ctl, answer, &by);
        return CTL_OK;
    }
    for (size_t d = 0; d < by.count; d++)
        columns[d] = (struct table_column){by.names[d], COLUMN_TEXT};
    columns[by.count] = (struct table_column){"signals", COLUMN_FIGURE};
    columns[by.count + 1] = (struct table_column){"persons", COLUMN_FIGURE};
    columns[by.count + 2] = (struct table_column){"", COLUMN_BAR};

    struct table table;
    table_init(&table, &ctl->screen, columns, by.count + 3);
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
    enum ctl_exit result = cube_put_by(ctl, by ? by : "year", CUBE_BY_MAX, target);
    if (result == CTL_OK)
        result = cube_put_period(ctl, args, target);
    return result == CTL_OK ? cube_put_filters(ctl, args, target) : result;
}

static enum ctl_exit run(const struct ctl *ctl, const struct args *args) {
    return ctl_ask_for(ctl, args, put_target, &(struct ctl_question){.print = print_counts});
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
    .more = "To count by, and to filter on: " CUBE_DIMENSIONS ". Values are codes, as in "
            "municipality=GM0363 and category=SexualExploitation. These are exact figures, for "
            "use inside: each reading of them is in the audit log.",
    .options = options,
    .has_csv = true,
    .run = run,
};
