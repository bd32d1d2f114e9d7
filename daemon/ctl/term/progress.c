// SPDX-License-Identifier: EUPL-1.2
// Draws how far a task is, at most ten times a second on a terminal and every five seconds
// elsewhere. What is drawn is erased before anything else is written to the terminal, so no bar
// stays behind in the output. The caller owns the struct; it holds no memory of its own.
#include "ctl/term/progress.h"

#include "base/clock.h"
#include "ctl/term/format.h"

#include <inttypes.h>

enum { REDRAW_MS = 100, LINE_MS = 5000, TEXT_MAX = 128, BAR_WIDTH_MIN = 10, BAR_WIDTH_MAX = 40 };

void progress_start(struct progress *progress, const char *what, uint64_t total, bool no_colour) {
    *progress = (struct progress){.what = what, .total = total};
    term_out_init(&progress->term, stderr, no_colour);
    progress->started_ms = progress->shown_ms = clock_monotonic_ms();
}

// " 45 %  4500 of 10000 records  1200/s  4 s left"
static void describe(const struct progress *progress, int64_t now, char text[TEXT_MAX]) {
    double elapsed_s = (double)(now - progress->started_ms) / 1000;
    double rate = elapsed_s > 0 ? (double)progress->done / elapsed_s : 0;
    char left[FORMAT_MAX] = "?";
    if (rate > 0)
        format_short((int64_t)((double)(progress->total - progress->done) / rate + 0.5), left);
    double percent =
        progress->total ? 100.0 * (double)progress->done / (double)progress->total : 100.0;
    (void)snprintf(text, TEXT_MAX, "%3.0f %%  %" PRIu64 " of %" PRIu64 " %s  %.0f/s  %s left",
                   percent, progress->done, progress->total, progress->what, rate, left);
}

static void erase(struct progress *progress) {
    if (progress->drawn)
        fputs("\r\033[K", progress->term.out);
    progress->drawn = false;
}

static void draw(struct progress *progress, const char *text) {
    const struct term_out *term = &progress->term;
    size_t used = term_out_columns(term, text) + 2;
    size_t room = term->width > used + 1 ? term->width - used - 1 : 0;
    erase(progress);
    if (room >= BAR_WIDTH_MIN) {
        room = room < BAR_WIDTH_MAX ? room : BAR_WIDTH_MAX;
        size_t filled =
            progress->total ? (size_t)(progress->done * (uint64_t)room / progress->total) : room;
        term_out_put_bar(term, filled ? 1 : 0, 1, filled);
        term_out_put_spaces(term, room - filled + 2);
    }
    term_out_put_field(term, STYLE_PLAIN, text, term->width - 1, FIT_CUT | FIT_LAST);
    fflush(term->out);
    progress->drawn = true;
}

void progress_move(struct progress *progress, uint64_t done) {
    char text[TEXT_MAX];
    int64_t now = clock_monotonic_ms();
    progress->done = done;
    if (now - progress->shown_ms < (progress->term.terminal ? REDRAW_MS : LINE_MS))
        return;
    progress->shown_ms = now;
    describe(progress, now, text);
    if (progress->term.terminal) {
        draw(progress, text);
    } else {
        term_out_put(&progress->term, STYLE_PLAIN, text);
        term_out_end_line(&progress->term);
    }
}

void progress_say(struct progress *progress, const char *text) {
    erase(progress);
    term_out_put(&progress->term, STYLE_WARN, text);
    term_out_end_line(&progress->term);
    fflush(progress->term.out);
}

void progress_end(struct progress *progress) {
    erase(progress);
    fflush(progress->term.out);
}
