// SPDX-License-Identifier: EUPL-1.2
// signaalctl counts: how many signals there are and about how many persons, as a table with bars.
// The lines are taken as they come, since there may be very many: for other programs each is
// passed on at once, for a table only what it shows is kept.
#include "ctl/query/query_options.h"
#include "ctl/term/format.h"
#include "ctl/term/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

// --- the answer, as it comes ---

enum { KEPT_MAX = 1 << 30, PART_ROWS = 1000, SAME = 1, OTHER };

// The daemon writes all but the lines on one line, then each of them on a line of its own, then the
// closing brackets. A table has to be measured first: of its rows the codes and numbers are kept.
struct counts_show {
    const struct ctl *ctl;
    struct json_view *head; // owned; NULL: it has yet to come
    struct query_options_by by;
    bool rate; // per 100,000 inhabitants too
    struct csv_writer writer;
    // Of the table: each label that is another one than in the row before (SAME, or OTHER and the
    // text with a NUL behind it), signals and persons.
    struct buf rows;
    size_t last[QUERY_BY_MAX]; // where the labels of the last row are in it
    bool whole;
};

static bool take_head(struct counts_show *show, struct str line, struct err *err) {
    struct buf text;
    buf_init(&text, line.len + 3);
    buf_put_str(&text, line);
    buf_puts(&text, "]}");
    show->head = json_view_parse(buf_str(&text), err);
    buf_free(&text);
    if (!show->head)
        return false;
    if (!query_read_by(show->head, &show->by) || show->by.count == 0)
        return err_set(err, ERR_INPUT, "the answer is not one that this version can read");
    if (show->ctl->csv) {
        query_put_titles(&show->writer, &show->by);
        csv_writer_put_text(&show->writer, "signals");
        csv_writer_put_text(&show->writer, "persons");
        if (show->rate)
            csv_writer_put_text(&show->writer, "inhabitants");
        if (show->rate)
            csv_writer_put_text(&show->writer, "rate");
        csv_writer_end_row(&show->writer);
    }
    return true;
}

static void put_sheet_row(struct counts_show *show, const struct json_view *line) {
    query_put_labels(&show->writer, &show->by, json_view_at(show->head, "names"), line);
    csv_writer_put_node(&show->writer, line, "signals");
    csv_writer_put_node(&show->writer, line, "persons");
    if (show->rate)
        query_put_rate(&show->writer, line);
    csv_writer_end_row(&show->writer);
}

// A daemon that does not count persons says nothing of them.
static int64_t persons_of(const struct json_view *node) {
    int64_t persons;
    return json_view_number(node, "persons", &persons) ? persons : -1;
}

enum { SIGNALS, PERSONS, RATE, NUMBERS }; // of a row; the rate in tenths, -1: none

static void put_numbers(struct term_table *table, const struct counts_show *show,
                        const int64_t numbers[NUMBERS], bool bar) {
    char rate[FORMAT_MAX] = "";
    table_put_number(table, numbers[SIGNALS]);
    if (numbers[PERSONS] >= 0)
        table_put_number(table, numbers[PERSONS]);
    else
        table_put_text(table, "-");
    if (numbers[RATE] >= 0)
        (void)snprintf(rate, sizeof rate, "%" PRId64 ".%" PRId64, numbers[RATE] / 10,
                       numbers[RATE] % 10);
    if (show->rate)
        table_put_text(table, rate);
    table_put_bar(table, bar ? numbers[SIGNALS] : 0);
}

static void keep_row(struct counts_show *show, const struct json_view *line) {
    int64_t numbers[NUMBERS] = {json_view_integer(line, "signals"), persons_of(line), -1};
    (void)json_view_tenths(line, "rate", &numbers[RATE]);
    for (size_t d = 0; d < show->by.count; d++) {
        const char *label = json_view_text(line, show->by.names[d]);
        label = label ? label : "-";
        bool same = show->last[d] && strcmp(show->rows.data + show->last[d], label) == 0;
        buf_putc(&show->rows, same ? SAME : OTHER);
        if (same)
            continue;
        show->last[d] = show->rows.len;
        buf_put(&show->rows, label, strlen(label) + 1);
    }
    buf_put(&show->rows, numbers, sizeof numbers);
}

static bool on_line(void *ctx, struct str text, struct err *err) {
    struct counts_show *show = ctx;
    bool first = !show->head;
    if (first && !take_head(show, text, err))
        return false;
    show->whole = str_is(text, "]}");
    if (show->ctl->json)
        ctl_print_json(show->ctl, text);
    if (first || show->whole || show->ctl->json)
        return true;
    if (text.data[0] == ',')
        text = (struct str){text.data + 1, text.len - 1};
    struct json_view *line = json_view_parse(text, err);
    if (!line)
        return false;
    if (show->ctl->csv)
        put_sheet_row(show, line);
    else
        keep_row(show, line);
    json_view_free(line);
    return !show->rows.overflow || err_set(err, ERR_INPUT, "there are too many lines for a table");
}

// --- the table ---

struct row_reader {
    const char *at, *end;
    const char *labels[QUERY_BY_MAX];
};

static void put_row(struct term_table *table, const struct counts_show *show,
                    struct row_reader *rows) {
    const struct json_view *names = json_view_at(show->head, "names");
    char label[QUERY_LABEL_MAX];
    int64_t numbers[NUMBERS];
    for (size_t d = 0; d < show->by.count; d++) {
        if (*rows->at++ == OTHER) {
            rows->labels[d] = rows->at;
            rows->at += strlen(rows->at) + 1;
        }
        query_label(names, rows->labels[d], label);
        table_put_text(table, label);
    }
    memcpy(numbers, rows->at, sizeof numbers);
    rows->at += sizeof numbers;
    put_numbers(table, show, numbers, true);
}

static void put_total(struct term_table *table, const struct counts_show *show) {
    table_put_rule(table);
    for (size_t d = 0; d < show->by.count; d++)
        table_put_text(table, d ? "" : "total");
    const int64_t numbers[NUMBERS] = {json_view_integer(show->head, "total"),
                                      persons_of(show->head), -1};
    put_numbers(table, show, numbers, false);
}

// Part by part, so that the cells of few rows are in memory.
static void each_part(struct term_table *table, const struct counts_show *show,
                      struct table_layout *layout,
                      void (*fn)(const struct term_table *table, struct table_layout *layout)) {
    struct row_reader rows = {.at = show->rows.data, .end = show->rows.data + show->rows.len};
    bool more = true;
    while (more) {
        table_clear(table);
        for (int i = 0; i < PART_ROWS && rows.at < rows.end; i++)
            put_row(table, show, &rows);
        more = rows.at < rows.end;
        if (!more)
            put_total(table, show);
        fn(table, layout);
    }
}

static void print_part(const struct term_table *table, struct table_layout *layout) {
    table_print_rows(table, layout);
}

static void print_table(const struct counts_show *show) {
    const struct query_options_by *by = &show->by;
    struct table_column columns[QUERY_BY_MAX + 4];
    size_t count = by->count;
    struct table_layout layout = {.used = 0};
    struct term_table table;
    for (size_t d = 0; d < by->count; d++)
        columns[d] = (struct table_column){by->names[d], COLUMN_TEXT};
    columns[count++] = (struct table_column){"signals", COLUMN_NUMBER};
    columns[count++] = (struct table_column){"persons", COLUMN_NUMBER};
    if (show->rate)
        columns[count++] = (struct table_column){"per 100,000", COLUMN_NUMBER};
    columns[count++] = (struct table_column){"", COLUMN_BAR};
    table_init(&table, &show->ctl->term, columns, count);
    each_part(&table, show, &layout, table_measure);
    table_fit(&table, &layout);
    print_heading(show->ctl, show->head);
    table_print_titles(&table, &layout);
    each_part(&table, show, &layout, print_part);
    table_free(&table);
    print_notes(show->ctl, show->head, by);
}

static enum ctl_exit show_counts(const struct ctl *ctl, const char *target, bool rate) {
    struct counts_show show = {.ctl = ctl, .rate = rate, .writer = {.term = &ctl->term}};
    const struct client_lines lines = {.line = on_line, .ctx = &show};
    struct client_reply reply;
    enum ctl_exit result = CTL_OK;
    struct err err;
    buf_init(&show.rows, KEPT_MAX);
    if (!client_stream(ctl->path, target, &lines, &reply, &err))
        result = ctl_fail("%s", err.text);
    else if (!client_reply_good(&reply))
        result = ctl_refused(ctl, &reply);
    else if (!show.whole)
        result = ctl_fail("the answer is not whole");
    else if (!ctl->json && !ctl->csv)
        print_table(&show);
    client_reply_free(&reply);
    json_view_free(show.head);
    buf_free(&show.rows);
    return result;
}

static enum ctl_exit put_target(const struct ctl *ctl, const struct args *args,
                                struct buf *target) {
    const char *by = args_value(args, "by");
    buf_puts(target, "/v1/counts");
    enum ctl_exit result = query_put_by(ctl, by ? by : "year", QUERY_BY_MAX, target);
    query_put_parameter(target, STR("rate"), args_has(args, "rate") ? "yes" : NULL);
    return result == CTL_OK ? query_put_filters(ctl, args, target) : result;
}

static enum ctl_exit run(const struct ctl *ctl, const struct args *args) {
    struct buf target;
    buf_init(&target, CLIENT_TARGET_MAX);
    enum ctl_exit result = put_target(ctl, args, &target);
    char *text = buf_take(&target);
    if (result == CTL_OK)
        result = show_counts(ctl, text, args_has(args, "rate"));
    free(text);
    return result;
}

static const struct args_option options[] = {
    {"by", 0, "A,B", "what to count by, up to three; default: year"},
    {"period", 0, "P", "reported then: 2017, 2017-03, 2016..2018, …"},
    {"where", 0, "NAME=VALUE", "only these; may be given more than once"},
    {"rate", 0, NULL, "per 100,000 inhabitants too, where it is of a place"},
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
    .run = run,
};
