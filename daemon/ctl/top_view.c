// SPDX-License-Identifier: EUPL-1.2
// One picture of signaalctl top. A line is a label and what fits behind it; what is left of the
// screen's height goes to the events.
#include "top.h"

#include "ctl/term/format.h"
#include "tail.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LABEL_WIDTH = 10, TEXT_MAX = 512, DISK_FULL_PERCENT = 90, FAILING_MAX = 5, CLOCK_LEN = 12 };
enum { NAME_WIDTH = 24, SINCE_WIDTH = 8, TITLE_LINES = 2 };

struct view {
    const struct top *top;
    const struct term_out *term;
    size_t left; // lines of the screen
};

static int64_t number(const struct view *view, const char *path) {
    return json_view_integer(view->top->status, path);
}

static void end_line(struct view *view) {
    term_out_end_line(view->term);
    view->left -= view->left > 0;
}

static void put_line(struct view *view, const char *label, enum term_out_style style,
                     const char *fmt, ...) PRINTF_LIKE(4, 5);

static void put_line(struct view *view, const char *label, enum term_out_style style,
                     const char *fmt, ...) {
    char text[TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (view->left == 0)
        return;
    term_out_put_field(view->term, STYLE_STRONG, label, LABEL_WIDTH, FIT_LEFT);
    term_out_put_field(view->term, style, text, view->term->width - LABEL_WIDTH,
                       FIT_CUT | FIT_LAST);
    end_line(view);
}

static void put_heading(struct view *view) {
    char up[FORMAT_MAX], text[TEXT_MAX], clock[CLOCK_LEN + 1] = "";
    const char *version = json_view_text(view->top->status, "version");
    struct tm now;
    time_t seconds = time(NULL);
    if (gmtime_r(&seconds, &now))
        (void)strftime(clock, sizeof clock, "%H:%M:%S UTC", &now);
    format_duration(number(view, "uptimeSeconds"), up);
    (void)snprintf(text, sizeof text, "signaald %.64s, up %s", version ? version : "?", up);
    term_out_put_field(view->term, STYLE_STRONG, text, view->term->width - CLOCK_LEN,
                       FIT_CUT | FIT_LEFT);
    term_out_put(view->term, STYLE_DIM, clock);
    end_line(view);
    if (*view->top->fault)
        put_line(view, "", STYLE_BAD, "%s", view->top->fault);
    if (view->left)
        end_line(view);
}

// "12.5"
static void format_rate(int64_t milli, char out[FORMAT_MAX]) {
    (void)snprintf(out, FORMAT_MAX, "%" PRId64 ".%" PRId64, milli / 1000, milli % 1000 / 100);
}

static int64_t highest(const struct top *top) {
    int64_t max = 0;
    for (size_t i = 0; i < top->rate_count; i++)
        max = top->rates_milli[i] > max ? top->rates_milli[i] : max;
    return max;
}

// The rate, and a line of the last minute as far as there is room for it.
static void put_intake(struct view *view) {
    const struct top *top = view->top;
    int64_t received = number(view, "intake.received"), max = highest(top);
    char now[FORMAT_MAX], most[FORMAT_MAX], text[TEXT_MAX];
    if (top->rate_count == 0) {
        put_line(view, "Intake", STYLE_PLAIN, "%" PRId64 " received", received);
        return;
    }
    format_rate(top->rates_milli[top->rate_count - 1], now);
    format_rate(max, most);
    (void)snprintf(text, sizeof text, "%" PRId64 " received, %s/s now, %s/s at most  ", received,
                   now, most);
    size_t used = LABEL_WIDTH + strlen(text);
    size_t room = view->term->width > used ? view->term->width - used : 0;
    size_t count = top->rate_count < room ? top->rate_count : room;
    char *spark =
        term_out_spark(view->term, top->rates_milli + top->rate_count - count, count, max);
    put_line(view, "Intake", STYLE_PLAIN, "%s%s", text, spark);
    free(spark);
}

// What was refused stands first: with large numbers the end does not fit.
static void put_verdicts(struct view *view) {
    int64_t refused = number(view, "intake.refused");
    put_line(view, "Verdicts", refused ? STYLE_WARN : STYLE_PLAIN,
             "%" PRId64 " refused, %" PRId64 " registered, %" PRId64 " corrected, %" PRId64
             " withdrawn, %" PRId64 " duplicate",
             refused, number(view, "intake.registered"), number(view, "intake.corrected"),
             number(view, "intake.withdrawn"), number(view, "intake.duplicate"));
}

static void put_kafka(struct view *view) {
    const char *state = json_view_text(view->top->status, "kafka.state");
    const char *brokers = json_view_text(view->top->status, "kafka.brokers");
    const char *fault = json_view_text(view->top->status, "kafka.lastError");
    bool off = !state || strcmp(state, "off") == 0;
    bool runs = state && strcmp(state, "running") == 0;
    put_line(view, "Backlog", STYLE_PLAIN, "%" PRId64 " of %" PRId64 " events wait for Kafka",
             number(view, "ledger.waiting"), number(view, "ledger.accepted"));
    put_line(view, "Kafka",
             off    ? STYLE_DIM
             : runs ? STYLE_GOOD
                    : STYLE_WARN,
             "%s%s%s, %" PRId64 " in flight, %" PRId64 " restarts", state ? state : "-",
             brokers ? " at " : "", brokers ? brokers : "", number(view, "kafka.inFlight"),
             number(view, "kafka.restarts"));
    if (fault)
        put_line(view, "", STYLE_WARN, "last error: %s", fault);
}

// A topic of its own; switched off it is no news.
struct top_topic {
    const char *label, *state, *topic, *fault, *waiting;
};

static void put_topic(struct view *view, const struct top_topic *told) {
    const char *state = json_view_text(view->top->status, told->state);
    const char *topic = json_view_text(view->top->status, told->topic);
    const char *fault = json_view_text(view->top->status, told->fault);
    if (!state || strcmp(state, "off") == 0)
        return;
    put_line(view, told->label, strcmp(state, "running") == 0 ? STYLE_GOOD : STYLE_WARN,
             "%s on topic %s, %" PRId64 " records wait%s%s", state, topic ? topic : "-",
             number(view, told->waiting), fault ? "; last error: " : "", fault ? fault : "");
}

static void put_topics(struct view *view) {
    static const struct top_topic topics[] = {
        {"Released", "kafka.counts.state", "kafka.counts.topic", "kafka.counts.lastError",
         "kafka.counts.waiting"},
        {"Current", "kafka.current.state", "kafka.current.topic", "kafka.current.lastError",
         "kafka.current.waiting"}};
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        put_topic(view, &topics[i]);
}

static void put_disk(struct view *view) {
    int64_t used = number(view, "ledger.usedBytes"), max = number(view, "ledger.maxBytes");
    char used_text[FORMAT_MAX], max_text[FORMAT_MAX], memory[FORMAT_MAX];
    double percent = max > 0 ? 100.0 * (double)used / (double)max : 0;
    format_bytes(used, used_text);
    format_bytes(max, max_text);
    format_bytes(number(view, "memory.ownBytes"), memory);
    put_line(view, "Disk", percent >= DISK_FULL_PERCENT ? STYLE_BAD : STYLE_PLAIN,
             "%s of %s, %.0f %%; memory %s", used_text, max_text, percent, memory);
}

static void put_failing(struct view *view, const struct json_view *feed) {
    char since[FORMAT_MAX];
    const struct term_out *term = view->term;
    const size_t before = NAME_WIDTH + SINCE_WIDTH + 4;
    format_distance(json_view_text(feed, "since"), (int64_t)time(NULL), since);
    term_out_put_spaces(term, 2);
    term_out_put_field(term, STYLE_BAD, json_view_text(feed, "name"), NAME_WIDTH, FIT_CUT);
    term_out_put_spaces(term, 1);
    term_out_put_field(term, STYLE_PLAIN, since, SINCE_WIDTH, FIT_CUT);
    term_out_put_spaces(term, 1);
    term_out_put_field(term, STYLE_PLAIN, json_view_text(feed, "reason"), term->width - before,
                       FIT_CUT | FIT_LAST);
    end_line(view);
}

static void put_feeds(struct view *view) {
    const struct json_view *list = json_view_at(view->top->status, "feeds.failingList");
    int64_t failing = number(view, "feeds.failing"), shown = 0;
    put_line(view, "Feeds", failing ? STYLE_WARN : STYLE_PLAIN,
             "%" PRId64 " of %" PRId64 " polled feeds fail; %" PRId64 " silent, %" PRId64
             " paused, %" PRId64 " in quarantine",
             failing, number(view, "feeds.polled"), number(view, "feeds.silent"),
             number(view, "feeds.paused"), number(view, "feeds.quarantined"));
    for (; shown < (int64_t)json_view_size(list) && shown < FAILING_MAX && view->left; shown++)
        put_failing(view, json_view_item(list, (size_t)shown));
    if (shown && failing > shown)
        put_line(view, "", STYLE_DIM, "and %" PRId64 " more: signaalctl feeds --failing",
                 failing - shown);
}

static void put_events(struct view *view) {
    const struct top *top = view->top;
    if (view->left <= TITLE_LINES)
        return;
    end_line(view);
    if (*top->events_fault) {
        put_line(view, "Events", STYLE_WARN, "%s", top->events_fault);
    } else {
        tail_print_titles(view->term);
        view->left--;
    }
    size_t count = top->event_count < view->left ? top->event_count : view->left;
    for (size_t i = top->event_count - count; i < top->event_count; i++)
        tail_print_event(view->term, top->events[i]);
}

void top_draw(const struct top *top, const struct term_out *term) {
    struct view view = {.top = top, .term = term, .left = term->height};
    put_heading(&view);
    if (!top->status)
        return;
    put_intake(&view);
    put_verdicts(&view);
    put_kafka(&view);
    put_topics(&view);
    put_disk(&view);
    put_feeds(&view);
    put_events(&view);
}
