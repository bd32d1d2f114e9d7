// SPDX-License-Identifier: EUPL-1.2
// signaalctl tail: the events in the ledger, one a line, the newest last.
#include "tail.h"

#include "base/str.h"
#include "ctl/query/ctl.h"
#include "ctl/term/format.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/poll.h>

enum { LAST_DEFAULT = 10, SHORT_TYPE_MAX = 24, WIDE = 100 };
enum { YEAR_WIDTH = 5, STAMP_WIDTH = 19, SEQUENCE_WIDTH = 8, TYPE_WIDTH = 10, DATE_WIDTH = 10 };

struct tail {
    const struct ctl *ctl;
    bool follow;
    char sequence[FORMAT_MAX]; // of the last event printed; "" before
};

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

// On a terminal a line stays one line; elsewhere nothing is cut.
static void put_line(const struct term_out *term, const struct event *event, bool title) {
    struct tail_layout layout = lay_out(term);
    unsigned fit = term->terminal ? FIT_CUT : FIT_LEFT;
    enum term_out_style plain = title ? STYLE_STRONG : STYLE_PLAIN;
    size_t stamp_len = strlen(event->time);
    bool no_year = stamp_len == STAMP_WIDTH && layout.time < STAMP_WIDTH;
    term_out_put_field(term, plain, event->time + (no_year ? YEAR_WIDTH : 0), layout.time, fit);
    term_out_put_spaces(term, 1);
    term_out_put_field(term, plain, event->sequence, SEQUENCE_WIDTH, FIT_RIGHT);
    term_out_put_spaces(term, 1);
    term_out_put_field(term, title ? plain : type_style(event->type), event->type, TYPE_WIDTH, fit);
    term_out_put_spaces(term, 1);
    term_out_put_field(term, plain, event->source, layout.source, fit);
    term_out_put_spaces(term, 1);
    term_out_put_field(term, plain, event->municipality, layout.municipality, fit);
    term_out_put_spaces(term, 1);
    term_out_put_field(term, plain, event->categories, layout.categories, fit);
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
    format_stamp(json_view_text(node, "time"), event.time);
    short_type(json_view_text(node, "type"), event.type);
    put_line(term, &event, false);
    free(categories);
}

static bool on_line(void *ctx, struct str line, struct err *err) {
    struct tail *tail = ctx;
    FILE *out = tail->ctl->term.out;
    if (tail->ctl->json) {
        ctl_print_json(tail->ctl, line);
    } else {
        struct json_view *node = json_view_parse(line, err);
        if (!node)
            return false;
        const char *sequence = tail_sequence(node);
        tail_print_event(&tail->ctl->term, node);
        (void)snprintf(tail->sequence, sizeof tail->sequence, "%s", sequence ? sequence : "");
        json_view_free(node);
    }
    if ((tail->follow && fflush(out) != 0) || ferror(out))
        return err_set(err, ERR_RETRY, "cannot write the output");
    return true;
}

// Has the reader of our output gone? Without this, `tail -f | head` would stay until one more event
// comes.
static bool is_wanted(void *ctx) {
    const struct tail *tail = ctx;
    struct pollfd out = {.fd = fileno(tail->ctl->term.out)};
    return poll(&out, 1, 0) <= 0 || !(out.revents & (POLLERR | POLLHUP));
}

static enum ctl_exit tail_run(struct tail *tail, const char *target) {
    struct client_reply reply;
    struct err err;
    const struct client_lines lines = {
        .follow = tail->follow, .line = on_line, .wanted = is_wanted, .ctx = tail};
    enum ctl_exit result = CTL_OK;
    uint64_t last;
    if (tail->ctl->term.terminal && !tail->ctl->json)
        tail_print_titles(&tail->ctl->term);
    if (!client_stream(tail->ctl->path, target, &lines, &reply, &err))
        result = ctl_fail("%s", err.text);
    else if (!reply.stopped && !client_reply_good(&reply))
        result = ctl_refused(tail->ctl, &reply);
    else if (tail->follow && !reply.stopped)
        result = ctl_fail("the daemon has ended the stream");
    if (result != CTL_OK && tail->follow &&
        str_to_u64(str_from(tail->sequence), UINT64_MAX - 1, &last))
        (void)ctl_fail("to go on: signaalctl tail -f --from %" PRIu64, last + 1);
    client_reply_free(&reply);
    return result;
}

static enum ctl_exit run_tail(const struct ctl *ctl, const struct args *args) {
    const char *last = args_value(args, "last"), *from = args_value(args, "from");
    struct tail tail = {.ctl = ctl, .follow = args_has(args, "follow")};
    uint64_t count = LAST_DEFAULT, sequence = 0;
    if (last && !str_to_u64(str_from(last), INT64_MAX, &count))
        return ctl_usage(ctl, "-n takes a number");
    if (from && !str_to_u64(str_from(from), INT64_MAX, &sequence))
        return ctl_usage(ctl, "--from takes a number");

    char target[128], max[40] = "";
    if (last)
        (void)snprintf(max, sizeof max, "&max=%" PRIu64, count);
    if (from)
        (void)snprintf(target, sizeof target, "/v1/events?from=%" PRIu64 "%s%s", sequence, max,
                       tail.follow ? "&follow=1" : "");
    else
        (void)snprintf(target, sizeof target, "/v1/events?last=%" PRIu64 "%s", count,
                       tail.follow ? "&follow=1" : "");
    return tail_run(&tail, target);
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
