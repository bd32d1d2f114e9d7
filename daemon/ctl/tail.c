// SPDX-License-Identifier: EUPL-1.2
// signaalctl tail: the events in the ledger, one a line, the newest last.
#include "tail.h"

#include "ctl/query/listing.h"
#include "ctl/term/format.h"

#include <stdlib.h>
#include <string.h>

enum { LAST_DEFAULT = 10, SHORT_TYPE_MAX = 24, WIDE = 100 };
enum { YEAR_WIDTH = 5, STAMP_WIDTH = 19, SEQUENCE_WIDTH = 8, TYPE_WIDTH = 10, DATE_WIDTH = 10 };

// Columns of the terminal.
struct tail_layout {
    size_t time, source, municipality, categories;
};

// Divides what the columns of fixed width leave.
static struct tail_layout lay_out(const struct term_out *term) {
    bool narrow = term->terminal && term->width < WIDE;
    struct tail_layout layout = {.time = narrow ? STAMP_WIDTH - YEAR_WIDTH : STAMP_WIDTH};
    size_t fixed = layout.time + SEQUENCE_WIDTH + TYPE_WIDTH + DATE_WIDTH + 6;
    size_t room = term->width > fixed + 12 ? term->width - fixed : 12;
    layout.source = room * 3 / 10;
    layout.municipality = room * 3 / 10;
    layout.categories = room - layout.source - layout.municipality;
    return layout;
}

// "nl.mensenhandelsignalen.signal.registered.v1" gives "registered".
static void short_type(const char *type, char out[SHORT_TYPE_MAX]) {
    struct str rest = str_from(type), piece, last = STR("-");
    while (str_split(&rest, '.', &piece)) {
        bool is_version = !rest.data && piece.len > 1 && piece.data[0] == 'v';
        if (!is_version)
            last = piece;
    }
    size_t len = last.len < SHORT_TYPE_MAX - 1 ? last.len : SHORT_TYPE_MAX - 1;
    memcpy(out, last.data, len);
    out[len] = '\0';
}

static enum term_out_style type_style(const char *type) {
    if (strcmp(type, "registered") == 0 || strcmp(type, "resumed") == 0)
        return STYLE_GOOD;
    return strcmp(type, "corrected") == 0 ? STYLE_WARN : STYLE_BAD;
}

struct event {
    char time[FORMAT_MAX];
    char type[SHORT_TYPE_MAX];
    const char *sequence, *source, *municipality, *categories, *reported;
};

static void put_line(const struct term_out *term, const struct event *event, bool title) {
    struct tail_layout layout = lay_out(term);
    enum term_out_style plain = title ? STYLE_STRONG : STYLE_PLAIN;
    size_t stamp_len = strlen(event->time);
    bool no_year = stamp_len == STAMP_WIDTH && layout.time < STAMP_WIDTH;
    term_out_put_field(term, plain, event->time + (no_year ? YEAR_WIDTH : 0), layout.time, FIT_CUT);
    term_out_put_spaces(term, 1);
    term_out_put_field(term, plain, event->sequence, SEQUENCE_WIDTH, FIT_RIGHT);
    term_out_put_spaces(term, 1);
    term_out_put_field(term, title ? plain : type_style(event->type), event->type, TYPE_WIDTH,
                       FIT_CUT);
    term_out_put_spaces(term, 1);
    term_out_put_field(term, plain, event->source, layout.source, FIT_CUT);
    term_out_put_spaces(term, 1);
    term_out_put_field(term, plain, event->municipality, layout.municipality, FIT_CUT);
    term_out_put_spaces(term, 1);
    term_out_put_field(term, plain, event->categories, layout.categories, FIT_CUT);
    term_out_put_spaces(term, 1);
    term_out_put(term, plain, event->reported);
    term_out_end_line(term);
}

void tail_print_titles(const struct term_out *term) {
    const struct event titles = {.time = "time (UTC)",
                                 .type = "event",
                                 .sequence = "sequence",
                                 .source = "source",
                                 .municipality = "municipality",
                                 .categories = "categories",
                                 .reported = "reported"};
    put_line(term, &titles, true);
}

const char *tail_sequence(const struct json_view *event) {
    const char *sequence = json_view_text(event, "signaaldseq");
    return sequence ? sequence : json_view_text(event, "sequence");
}

void tail_print_event(const struct term_out *term, const struct json_view *node) {
    struct event event;
    char *categories = json_view_join(json_view_at(node, "data.categories"));
    event.sequence = tail_sequence(node);
    event.source = json_view_text(node, "data.source.name");
    event.municipality = json_view_text(node, "data.municipality.name");
    event.categories = categories;
    event.reported = json_view_text(node, "data.reported");
    if (!event.municipality)
        event.municipality = json_view_text(node, "data.municipality.code");
    if (!event.municipality)
        event.municipality = json_view_text(node, "data.region.code");
    if (!event.categories)
        event.categories = json_view_text(node, "data.category");
    format_stamp(json_view_text(node, "time"), event.time);
    short_type(json_view_text(node, "type"), event.type);
    put_line(term, &event, false);
    free(categories);
}

static bool number_of(const struct json_view *line, uint64_t *number) {
    return str_to_u64(str_from(tail_sequence(line)), UINT64_MAX - 1, number);
}

static bool show(void *ctx, const struct json_view *line, struct err *err) {
    const struct ctl_listing *listing = ctx;
    if (!line)
        return err_set(err, ERR_INPUT, "a line of the answer cannot be read");
    tail_print_event(&listing->ctl->term, line);
    return true;
}

static enum ctl_exit run_tail(const struct ctl *ctl, const struct args *args) {
    struct ctl_listing listing = {.ctl = ctl,
                                  .path = "/v1/events",
                                  .last = LAST_DEFAULT,
                                  .follow = args_has(args, "follow"),
                                  .number = number_of,
                                  .show = show,
                                  .ctx = &listing};
    if (ctl->term.terminal && !ctl->json)
        tail_print_titles(&ctl->term);
    return ctl_list(&listing);
}

static const struct args_option options[] = {
    {"follow", 'f', NULL, "go on with new events until ctrl-C"},
    {"last", 'n', "N", "the last N events, or N from --from on; default: 10"},
    {"from", 0, "SEQ", "from this sequence on"},
    {0},
};

const struct ctl_verb tail_verb = {
    .name = "tail",
    .words = "",
    .help = "The latest events; with -f also those to come",
    .more = "A line has the time at which the event was logged, its sequence, what happened, the "
            "source, the municipality, the categories and the date of report.",
    .options = options,
    .run = run_tail,
};
