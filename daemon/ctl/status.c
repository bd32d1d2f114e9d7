// SPDX-License-Identifier: EUPL-1.2
// signaalctl status: how the daemon is.
#include "ctl/query/ctl.h"
#include "ctl/term/format.h"

#include <inttypes.h>
#include <string.h>

enum { LABEL_WIDTH = 22, VALUE_WIDTH = 12, INDENT = 2, CELL_GAP = 4 };
enum { CELL_WIDTH = INDENT + LABEL_WIDTH + VALUE_WIDTH + CELL_GAP, FIGURES_MAX = 9 };
enum { DISK_FULL_PERCENT = 90 };

struct figure {
    const char *label, *path;
    enum { FIGURE_COUNT, FIGURE_ALARM, FIGURE_BYTES } kind; // ALARM: stands out when not zero
};

static const struct figure intake_figures[] = {
    {"received", "intake.received", FIGURE_COUNT},
    {"registered", "intake.registered", FIGURE_COUNT},
    {"duplicate", "intake.duplicate", FIGURE_COUNT},
    {"corrected", "intake.corrected", FIGURE_COUNT},
    {"withdrawn", "intake.withdrawn", FIGURE_COUNT},
    {"refused", "intake.refused", FIGURE_ALARM},
    {"unknown fields", "intake.unknownFields", FIGURE_ALARM},
    {"unknown words", "intake.unknownWords", FIGURE_ALARM},
    {"unknown municipalities", "intake.unknownMunicipalities", FIGURE_ALARM},
};
static const struct figure ledger_figures[] = {
    {"accepted", "ledger.accepted", FIGURE_COUNT},
    {"published", "ledger.published", FIGURE_COUNT},
    {"waiting", "ledger.waiting", FIGURE_COUNT},
    {"signals", "ledger.signals", FIGURE_COUNT},
};
static const struct figure kafka_figures[] = {
    {"partitions", "kafka.partitions", FIGURE_COUNT},
    {"in flight", "kafka.inFlight", FIGURE_COUNT},
    {"delivered", "kafka.delivered", FIGURE_COUNT},
    {"restarts", "kafka.restarts", FIGURE_ALARM},
};
static const struct figure feeds_figures[] = {
    {"sources", "feeds.sources", FIGURE_COUNT}, {"polled", "feeds.polled", FIGURE_COUNT},
    {"failing", "feeds.failing", FIGURE_ALARM}, {"silent", "feeds.silent", FIGURE_ALARM},
    {"paused", "feeds.paused", FIGURE_ALARM},   {"quarantined", "feeds.quarantined", FIGURE_ALARM},
};
static const struct figure memory_figures[] = {
    {"resident", "memory.residentBytes", FIGURE_BYTES},
};

static void put_label(const struct screen *screen, const char *label) {
    screen_put_spaces(screen, INDENT);
    screen_put_field(screen, STYLE_PLAIN, label, LABEL_WIDTH, FIT_LEFT);
}

static void put_figure(const struct screen *screen, const struct node *answer,
                       const struct figure *figure) {
    char text[FORMAT_MAX] = "-";
    int64_t value = 0;
    if (node_number(answer, figure->path, &value)) {
        if (figure->kind == FIGURE_BYTES)
            format_bytes(value, text);
        else
            format_count(value, text);
    }
    bool alarm = figure->kind == FIGURE_ALARM && value != 0;
    put_label(screen, figure->label);
    screen_put_field(screen, alarm ? STYLE_WARN : STYLE_PLAIN, text, VALUE_WIDTH, FIT_RIGHT);
}

// In as many columns as the screen has room for, read from top to bottom.
static void put_figures(const struct screen *screen, const struct node *answer,
                        const struct figure *figures, size_t count) {
    size_t columns = (screen->width + CELL_GAP) / CELL_WIDTH;
    size_t rows = columns > 1 ? (count + columns - 1) / columns : count;
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = row; i < count; i += rows) {
            screen_put_spaces(screen, i == row ? 0 : CELL_GAP);
            put_figure(screen, answer, &figures[i]);
        }
        screen_end_line(screen);
    }
}

static void put_heading(const struct screen *screen, const char *heading) {
    screen_end_line(screen);
    screen_put(screen, STYLE_STRONG, heading);
    screen_end_line(screen);
}

static void put_fact(const struct screen *screen, const char *label, enum screen_style style,
                     const char *text) {
    put_label(screen, label);
    screen_put_field(screen, style, text, screen->width - INDENT - LABEL_WIDTH,
                     FIT_LAST | (screen->terminal ? FIT_CUT : FIT_LEFT));
    screen_end_line(screen);
}

static void put_time(const struct screen *screen, const char *label, const char *stamp) {
    char time[FORMAT_MAX], text[FORMAT_MAX + 4];
    format_stamp(stamp, time);
    (void)snprintf(text, sizeof text, "%s%s", time, stamp ? " UTC" : "");
    put_fact(screen, label, STYLE_PLAIN, text);
}

static void put_disk(const struct screen *screen, const struct node *answer) {
    int64_t used = 0, max = 0;
    char text[3 * FORMAT_MAX] = "-", used_text[FORMAT_MAX], max_text[FORMAT_MAX];
    double percent = 0;
    if (node_number(answer, "ledger.usedBytes", &used) &&
        node_number(answer, "ledger.maxBytes", &max) && max > 0) {
        percent = 100.0 * (double)used / (double)max;
        format_bytes(used, used_text);
        format_bytes(max, max_text);
        (void)snprintf(text, sizeof text, "%s of %s, %.0f %%", used_text, max_text, percent);
    }
    put_fact(screen, "disk", percent >= DISK_FULL_PERCENT ? STYLE_BAD : STYLE_PLAIN, text);
}

static enum screen_style state_style(const char *state) {
    if (!state || strcmp(state, "off") == 0)
        return STYLE_DIM;
    if (strcmp(state, "running") == 0)
        return STYLE_GOOD;
    return strcmp(state, "stopped") == 0 ? STYLE_BAD : STYLE_WARN;
}

// The topic of the rounded figures.
static void put_counts(const struct screen *screen, const struct node *counts) {
    static const struct figure waiting[] = {{"figures wait", "waiting", FIGURE_COUNT}};
    const char *state = node_text(counts, "state"), *fault = node_text(counts, "lastError");
    put_fact(screen, "figures topic", STYLE_PLAIN, node_text(counts, "topic"));
    put_fact(screen, "figures state", state_style(state), state);
    put_figures(screen, counts, waiting, 1);
    put_fact(screen, "figures last error", fault ? STYLE_WARN : STYLE_PLAIN, fault);
}

static void put_kafka(const struct screen *screen, const struct node *answer) {
    const char *state = node_text(answer, "kafka.state");
    const char *fault = node_text(answer, "kafka.lastError");
    const struct node *counts = node_at(answer, "kafka.counts");
    put_heading(screen, "Kafka");
    put_fact(screen, "state", state_style(state), state);
    put_fact(screen, "brokers", STYLE_PLAIN, node_text(answer, "kafka.brokers"));
    put_fact(screen, "topic", STYLE_PLAIN, node_text(answer, "kafka.topic"));
    put_figures(screen, answer, kafka_figures, sizeof kafka_figures / sizeof *kafka_figures);
    put_fact(screen, "last error", fault ? STYLE_WARN : STYLE_PLAIN, fault);
    if (counts)
        put_counts(screen, counts);
}

static void put_daemon(const struct screen *screen, const struct node *answer) {
    int64_t uptime = 0;
    char up[FORMAT_MAX], started[FORMAT_MAX], text[256];
    const char *version = node_text(answer, "version");
    (void)node_number(answer, "uptimeSeconds", &uptime);
    format_duration(uptime, up);
    format_stamp(node_text(answer, "started"), started);
    (void)snprintf(text, sizeof text, "signaald %.64s, up %s, since %s UTC",
                   version ? version : "?", up, started);
    screen_put_wrapped(screen, STYLE_STRONG, text);
}

static enum ctl_exit print_status(const struct ctl *ctl, const struct node *answer) {
    const struct screen *screen = &ctl->screen;
    put_daemon(screen, answer);
    put_heading(screen, "Intake");
    put_fact(screen, "listens on", STYLE_PLAIN, node_text(answer, "intake.listen"));
    put_figures(screen, answer, intake_figures, sizeof intake_figures / sizeof *intake_figures);
    put_heading(screen, "Ledger");
    put_figures(screen, answer, ledger_figures, sizeof ledger_figures / sizeof *ledger_figures);
    put_time(screen, "last commit", node_text(answer, "ledger.lastCommit"));
    put_disk(screen, answer);
    put_kafka(screen, answer);
    put_heading(screen, "Feeds");
    put_figures(screen, answer, feeds_figures, sizeof feeds_figures / sizeof *feeds_figures);
    put_heading(screen, "Memory");
    put_figures(screen, answer, memory_figures, sizeof memory_figures / sizeof *memory_figures);
    return CTL_OK;
}

static enum ctl_exit run(const struct ctl *ctl, const struct args *args) {
    (void)args;
    return ctl_show(ctl, "/v1/status", NULL, print_status);
}

const struct ctl_verb status_verb = {
    .name = "status",
    .words = "",
    .help = "How the daemon is: intake, ledger, Kafka, feeds",
    .run = run,
};
