// SPDX-License-Identifier: EUPL-1.2
// signaalctl figures: the rounded figures that may go outside, as they stand there now.
#include "ctl/query/csv_writer.h"
#include "ctl/query/ctl.h"
#include "ctl/query/query_options.h"
#include "ctl/term/format.h"
#include "ctl/term/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WHERE_MAX = 12 };

// What a figure can have, in the order of its table. "year" or "month", the rest are dimensions.
static const char *const keys[] = {"measure",    "year",         "month",        "province",
                                   "policeUnit", "safetyRegion", "municipality", "category",
                                   "gender",     "ageGroup",     "citizenship",  "sourceKind"};
enum { KEY_COUNT = sizeof keys / sizeof *keys, DIMENSIONS_FROM = 3 };

static bool is_key(struct str name) {
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (str_is(name, keys[i]))
            return true;
    return false;
}

// Has the figure what each --where asks for?
static bool is_wanted(const struct args *args, const struct node *figure) {
    const char *filter;
    for (size_t i = 0; (filter = args_nth(args, "where", i)); i++) {
        struct str value = str_from(filter), name;
        (void)str_split(&value, '=', &name);
        for (size_t k = 0; k < KEY_COUNT; k++)
            if (str_is(name, keys[k]) && !str_equal(str_from(node_text(figure, keys[k])), value))
                return false;
    }
    return true;
}

// "province PV27 Noord-Holland, category SexualExploitation"; "all" where there is nothing.
static void put_what(struct table *table, const struct node *figure, const struct node *names) {
    const char *measure = node_text(figure, "measure");
    char label[CUBE_LABEL_MAX];
    struct buf what;
    buf_init(&what, CLIENT_TARGET_MAX);
    if (measure && strcmp(measure, "municipalities") == 0)
        buf_puts(&what, "municipalities that signalled");
    for (size_t k = DIMENSIONS_FROM; k < KEY_COUNT; k++) {
        const char *code = node_text(figure, keys[k]);
        if (!code)
            continue;
        cube_label(names, code, label);
        buf_printf(&what, "%s%s %s", what.len ? ", " : "", keys[k], label);
    }
    char *text = buf_take(&what);
    table_put_text(table, *text ? text : "all");
    free(text);
}

static void put_figure(struct table *table, const struct node *figure, const struct node *names) {
    const char *year = node_text(figure, "year");
    int64_t count = 0;
    (void)node_number(figure, "count", &count);
    table_put_text(table, year ? year : node_text(figure, "month"));
    put_what(table, figure, names);
    table_put_figure(table, count);
    table_put_bar(table, count);
}

static void print_table(const struct ctl *ctl, const struct node *answer) {
    static const struct table_column columns[] = {{"period", COLUMN_TEXT},
                                                  {"of", COLUMN_TEXT},
                                                  {"at least", COLUMN_FIGURE},
                                                  {"", COLUMN_BAR}};
    const struct node *figures = node_at(answer, "figures");
    struct table table;
    table_init(&table, &ctl->screen, columns, sizeof columns / sizeof *columns);
    for (int years = 1; years >= 0; years--)
        for (size_t i = 0; i < node_size(figures); i++) {
            const struct node *figure = node_item(figures, i);
            if ((node_text(figure, "year") != NULL) == years && is_wanted(ctl->args, figure))
                put_figure(&table, figure, node_at(answer, "names"));
        }
    if (table.cell_count)
        table_print(&table);
    else
        screen_put_wrapped(&ctl->screen, STYLE_PLAIN,
                           "There is no such figure: too few signals, or a word that is no "
                           "figure's.");
    table_free(&table);
}

static void print_sheet(const struct ctl *ctl, const struct node *answer) {
    static const char *const more[] = {"count", "resolution", "closed", NULL};
    const struct node *figures = node_at(answer, "figures");
    struct sheet sheet = {.screen = &ctl->screen};
    for (size_t k = 0; k < KEY_COUNT; k++)
        sheet_put_text(&sheet, keys[k]);
    sheet_put_titles(&sheet, more);
    for (size_t i = 0; i < node_size(figures); i++) {
        const struct node *figure = node_item(figures, i);
        if (!is_wanted(ctl->args, figure))
            continue;
        for (size_t k = 0; k < KEY_COUNT; k++)
            sheet_put_node(&sheet, figure, keys[k]);
        for (size_t m = 0; more[m]; m++)
            sheet_put_node(&sheet, figure, more[m]);
        sheet_end_row(&sheet);
    }
}

static void print_notes(const struct ctl *ctl, int64_t resolution) {
    struct cube_notes notes = {.ctl = ctl};
    cube_note(&notes,
              "Figures below %" PRId64 " do not exist: none and few look alike. Each is rounded "
              "down by itself, so they do not add up.",
              resolution);
    cube_note(&notes, "What arrives meanwhile shows in the next snapshot, when a month is over "
                      "and enough has changed.");
}

static enum ctl_exit print_figures(const struct ctl *ctl, const struct node *answer) {
    const char *closed = node_text(answer, "closed");
    int64_t resolution = 0;
    char text[256];
    (void)node_number(answer, "resolution", &resolution);
    if (ctl->csv) {
        print_sheet(ctl, answer);
        return CTL_OK;
    }
    if (!closed) {
        screen_put_wrapped(&ctl->screen, STYLE_PLAIN,
                           "Nothing has gone outside yet: the first figures come when a month is "
                           "over, or now by signaalctl figures publish.");
        return CTL_OK;
    }
    (void)snprintf(text, sizeof text,
                   "Figures for outside: rounded down to a multiple of %" PRId64
                   ", of months up to %.16s",
                   resolution, closed);
    screen_put_wrapped(&ctl->screen, STYLE_STRONG, text);
    screen_end_line(&ctl->screen);
    print_table(ctl, answer);
    print_notes(ctl, resolution);
    return CTL_OK;
}

static enum ctl_exit print_published(const struct ctl *ctl, const struct node *answer) {
    const char *closed = node_text(answer, "closed");
    char text[256];
    (void)snprintf(text, sizeof text, "The first figures are out, of months up to %.16s.",
                   closed ? closed : "the last that is over");
    screen_put_wrapped(&ctl->screen, STYLE_PLAIN, text);
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
                                  "ageGroup, citizenship or sourceKind");
    }
    return CTL_OK;
}

static enum ctl_exit run(const struct ctl *ctl, const struct args *args) {
    const struct ctl_question publish = {
        .method = "POST", .target = "/v1/figures/publish", .print = print_published};
    enum ctl_exit result = check_filters(ctl, args);
    if (result != CTL_OK)
        return result;
    if (args->word_count == 0)
        return ctl_show(ctl, "/v1/figures", NULL, print_figures);
    if (strcmp(args->words[0], "publish") != 0)
        return ctl_usage(ctl, "it takes publish or nothing");
    if (ctl->csv || args_has(args, "where"))
        return ctl_usage(ctl, "publish takes all figures, and prints none");
    return ctl_ask(ctl, &publish);
}

static const struct args_option options[] = {
    {"where", 0, "NAME=VALUE", "only these, as year=2017; may be given more than once"},
    {0},
};

const struct ctl_verb figures_verb = {
    .name = "figures",
    .words = "[publish]",
    .help = "The rounded figures that may go outside",
    .more = "Exact counts give single people away: 14 today and 15 tomorrow is somebody. So what "
            "goes outside is a snapshot: every figure rounded down to a multiple of "
            "disclosure.resolution, of months that are over, and taken anew only when a month "
            "closes and enough has changed since. \"publish\" takes the very first snapshot now "
            "instead of at the end of the month: do that once, after the history has been "
            "imported. It is refused when there is a snapshot already, since figures that could "
            "be asked for at will would show each signal as it comes. For root and the daemon's "
            "own user.",
    .options = options,
    .optional_word_count = 1,
    .has_csv = true,
    .run = run,
};
