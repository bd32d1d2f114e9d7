// SPDX-License-Identifier: EUPL-1.2
// signaalctl trend --departed: the regions and forms of which the last twelve closed months differ
// from the twelve before, with how likely chance is in words. An empty list says why it is empty.
#include "departed.h"

#include "ctl/query/query_options.h"
#include "ctl/term/format.h"
#include "ctl/term/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX = 256 };

// "1 in 980" for 0.00102.
static void format_chance(double p, char out[FORMAT_MAX]) {
    if (p >= 0.995)
        (void)snprintf(out, FORMAT_MAX, "always");
    else if (p >= 0.1)
        (void)snprintf(out, FORMAT_MAX, "%.0f in 100", p * 100);
    else if (p > 1e-6)
        (void)snprintf(out, FORMAT_MAX, "1 in %.0f", 1 / p);
    else
        (void)snprintf(out, FORMAT_MAX, "< 1 in a million");
}

static void put_chance(struct term_table *table, const struct json_view *data, const char *key) {
    char text[FORMAT_MAX];
    format_chance(json_view_real(data, key), text);
    table_put_text(table, text);
}

static void put_row(struct term_table *table, const struct json_view *item) {
    const struct json_view *data = json_view_at(item, "data");
    const char *code = json_view_text(data, "region.code");
    const char *name = json_view_text(data, "region.name");
    bool is_unit = json_view_is(data, "region.kind", "policeUnit");
    char text[TEXT_MAX];
    (void)snprintf(text, sizeof text, "%s%.64s", is_unit ? "police " : "",
                   name   ? name
                   : code ? code
                          : "-");
    table_put_text(table, text);
    table_put_text(table, json_view_text(data, "category"));
    table_put_number(table, json_view_integer(data, "before.signals"));
    table_put_number(table, json_view_integer(data, "now.signals"));
    (void)snprintf(text, sizeof text, "%+" PRId64, json_view_integer(data, "change"));
    table_put_text(table, text);
    (void)snprintf(text, sizeof text, "%" PRId64 " to %" PRId64,
                   json_view_integer(data, "before.municipalities"),
                   json_view_integer(data, "now.municipalities"));
    table_put_text(table, text);
    put_chance(table, data, "p");
    put_chance(table, data, "adjusted");
    table_put_text(table, json_view_text(item, "since"));
}

static void print_heading(const struct ctl *ctl, const struct json_view *answer,
                          const struct json_view *list) {
    const struct json_view *data = json_view_at(json_view_item(list, 0), "data");
    char text[TEXT_MAX];
    (void)snprintf(text, sizeof text,
                   "%zu of %" PRId64 " regions and forms depart: %.16s..%.16s against "
                   "%.16s..%.16s",
                   json_view_size(list), json_view_integer(answer, "tested"),
                   json_view_text(data, "now.from"), json_view_text(data, "now.to"),
                   json_view_text(data, "before.from"), json_view_text(data, "before.to"));
    term_out_put_wrapped(&ctl->term, STYLE_STRONG, text);
    term_out_end_line(&ctl->term);
}

static void print_notes(const struct ctl *ctl, const struct json_view *answer) {
    struct query_options_notes notes = {.ctl = ctl};
    query_note(&notes,
               "By chance: how often chance alone would give so large a change. Among all: the "
               "same, for %" PRId64 " tests together (Benjamini and Hochberg). What was told had 1 "
               "in 20 at most there; it stays here as long as its own test has.",
               json_view_integer(answer, "tested"));
    query_note(&notes, "Municipalities: about how many signals of any form were reported, before "
                       "and now. Where more of them look, more is seen.");
}

static void print_none(const struct ctl *ctl, const struct json_view *answer) {
    const char *closed = json_view_text(answer, "closed");
    struct buf text;
    buf_init(&text, 1024);
    if (json_view_integer(answer, "tested"))
        buf_printf(&text,
                   "Nothing departs: of %" PRId64 " regions and forms none differs from the year "
                   "before by more than chance explains, in the twelve months up to %.16s.",
                   json_view_integer(answer, "tested"), closed ? closed : "?");
    else
        buf_printf(&text,
                   "Nothing has been tested yet. The first test comes when a month closes, of each "
                   "region and form that has %" PRId64 " signals in two years.",
                   json_view_integer(answer, "smallest"));
    char *line = buf_take(&text);
    term_out_put_wrapped(&ctl->term, STYLE_PLAIN, line);
    free(line);
}

static void print_sheet(const struct ctl *ctl, const struct json_view *list) {
    static const char *const titles[] = {"since",
                                         "kind",
                                         "region",
                                         "name",
                                         "category",
                                         "before",
                                         "now",
                                         "change",
                                         "municipalitiesBefore",
                                         "municipalitiesNow",
                                         "p",
                                         "adjusted",
                                         NULL};
    static const char *const cells[] = {"since",
                                        "data.region.kind",
                                        "data.region.code",
                                        "data.region.name",
                                        "data.category",
                                        "data.before.signals",
                                        "data.now.signals",
                                        "data.change",
                                        "data.before.municipalities",
                                        "data.now.municipalities"};
    struct csv_writer writer = {.term = &ctl->term};
    csv_writer_put_titles(&writer, titles);
    for (size_t i = 0; i < json_view_size(list); i++) {
        const struct json_view *item = json_view_item(list, i);
        for (size_t k = 0; k < sizeof cells / sizeof *cells; k++)
            csv_writer_put_node(&writer, item, cells[k]);
        csv_writer_put_real(&writer, json_view_real(item, "data.p"));
        csv_writer_put_real(&writer, json_view_real(item, "data.adjusted"));
        csv_writer_end_row(&writer);
    }
}

static void print_table(const struct ctl *ctl, const struct json_view *list) {
    static const struct table_column columns[] = {
        {"region", COLUMN_TEXT},    {"category", COLUMN_TEXT},  {"before", COLUMN_NUMBER},
        {"now", COLUMN_NUMBER},     {"change", COLUMN_NUMBER},  {"municipalities", COLUMN_TEXT},
        {"by chance", COLUMN_TEXT}, {"among all", COLUMN_TEXT}, {"since", COLUMN_TEXT}};
    struct term_table table;
    table_init(&table, &ctl->term, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < json_view_size(list); i++)
        put_row(&table, json_view_item(list, i));
    table_print(&table);
    table_free(&table);
}

enum ctl_exit departed_print(const struct ctl *ctl, const struct json_view *answer) {
    const struct json_view *list = json_view_at(answer, "departed");
    if (ctl->csv) {
        print_sheet(ctl, list);
    } else if (json_view_size(list) == 0) {
        print_none(ctl, answer);
    } else {
        print_heading(ctl, answer, list);
        print_table(ctl, list);
        print_notes(ctl, answer);
    }
    return CTL_OK;
}
