// SPDX-License-Identifier: EUPL-1.2
// signaalctl status: how the daemon is.
#include "ctl/query/ctl.h"
#include "ctl/term/format.h"

#include <string.h>

enum { LABEL_WIDTH = 22, VALUE_WIDTH = 12, INDENT = 2, CELL_GAP = 4 };
enum { CELL_WIDTH = INDENT + LABEL_WIDTH + VALUE_WIDTH + CELL_GAP, STATISTICS_MAX = 9 };
enum { DISK_FULL_PERCENT = 90 };

struct status_number {
    const char *label, *path;
    enum {
        STATISTIC_COUNT,
        STATISTIC_ALARM,
        STATISTIC_BYTES
    } kind; // ALARM: stands out when not zero
};

static const struct status_number intake_numbers[] = {
    {"received", "intake.received", STATISTIC_COUNT},
    {"registered", "intake.registered", STATISTIC_COUNT},
    {"duplicate", "intake.duplicate", STATISTIC_COUNT},
    {"corrected", "intake.corrected", STATISTIC_COUNT},
    {"withdrawn", "intake.withdrawn", STATISTIC_COUNT},
    {"refused", "intake.refused", STATISTIC_ALARM},
    {"unknown fields", "intake.unknownFields", STATISTIC_ALARM},
    {"unknown words", "intake.unmapped", STATISTIC_ALARM},
    {"unknown municipalities", "intake.unknownMunicipalities", STATISTIC_ALARM},
};
static const struct status_number ledger_numbers[] = {
    {"accepted", "ledger.accepted", STATISTIC_COUNT},
    {"published", "ledger.published", STATISTIC_COUNT},
    {"waiting", "ledger.waiting", STATISTIC_COUNT},
    {"signals", "ledger.signals", STATISTIC_COUNT},
};
static const struct status_number kafka_numbers[] = {
    {"partitions", "kafka.partitions", STATISTIC_COUNT},
    {"in flight", "kafka.inFlight", STATISTIC_COUNT},
    {"delivered", "kafka.delivered", STATISTIC_COUNT},
    {"restarts", "kafka.restarts", STATISTIC_ALARM},
    {"forged", "kafka.forged", STATISTIC_ALARM},
    {"taken back", "kafka.takenBack", STATISTIC_ALARM},
    {"forked", "kafka.forked", STATISTIC_ALARM},
};
static const struct status_number feeds_numbers[] = {
    {"sources", "feeds.sources", STATISTIC_COUNT},
    {"polled", "feeds.polled", STATISTIC_COUNT},
    {"failing", "feeds.failing", STATISTIC_ALARM},
    {"silent", "feeds.silent", STATISTIC_ALARM},
    {"paused", "feeds.paused", STATISTIC_ALARM},
    {"quarantined", "feeds.quarantined", STATISTIC_ALARM},
};
static const struct status_number memory_numbers[] = {
    {"its own", "memory.ownBytes", STATISTIC_BYTES},
    {"pages of files", "memory.mappedBytes", STATISTIC_BYTES},
};

static void put_label(const struct term_out *term, const char *label) {
    term_out_put_spaces(term, INDENT);
    term_out_put_field(term, STYLE_PLAIN, label, LABEL_WIDTH, FIT_LEFT);
}

static void put_number(const struct term_out *term, const struct json_view *answer,
                       const struct status_number *number) {
    char text[FORMAT_MAX] = "-";
    int64_t value = 0;
    if (json_view_number(answer, number->path, &value)) {
        if (number->kind == STATISTIC_BYTES)
            format_bytes(value, text);
        else
            format_count(value, text);
    }
    bool alarm = number->kind == STATISTIC_ALARM && value != 0;
    put_label(term, number->label);
    term_out_put_field(term, alarm ? STYLE_WARN : STYLE_PLAIN, text, VALUE_WIDTH, FIT_RIGHT);
}

// In as many columns as the terminal has room for, read from top to bottom.
static void put_numbers(const struct term_out *term, const struct json_view *answer,
                        const struct status_number *numbers, size_t count) {
    size_t columns = (term->width + CELL_GAP) / CELL_WIDTH;
    size_t rows = columns > 1 ? (count + columns - 1) / columns : count;
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = row; i < count; i += rows) {
            term_out_put_spaces(term, i == row ? 0 : CELL_GAP);
            put_number(term, answer, &numbers[i]);
        }
        term_out_end_line(term);
    }
}

static void put_heading(const struct term_out *term, const char *heading) {
    term_out_end_line(term);
    term_out_print(term, STYLE_STRONG, "%s", heading);
}

static void put_fact(const struct term_out *term, const char *label, enum term_out_style style,
                     const char *text) {
    put_label(term, label);
    term_out_put_field(term, style, text, term->width - INDENT - LABEL_WIDTH, FIT_LAST | FIT_CUT);
    term_out_end_line(term);
}

static void put_time(const struct term_out *term, const char *label, const char *stamp) {
    char time[FORMAT_MAX], text[FORMAT_MAX + 4];
    format_stamp(stamp, time);
    (void)snprintf(text, sizeof text, "%s%s", time, stamp ? " UTC" : "");
    put_fact(term, label, STYLE_PLAIN, text);
}

static void put_disk(const struct term_out *term, const struct json_view *answer) {
    int64_t used = 0, max = 0;
    char text[3 * FORMAT_MAX] = "-", used_text[FORMAT_MAX], max_text[FORMAT_MAX];
    double percent = 0;
    if (json_view_number(answer, "ledger.usedBytes", &used) &&
        json_view_number(answer, "ledger.maxBytes", &max) && max > 0) {
        percent = 100.0 * (double)used / (double)max;
        format_bytes(used, used_text);
        format_bytes(max, max_text);
        (void)snprintf(text, sizeof text, "%s of %s, %.0f %%", used_text, max_text, percent);
    }
    put_fact(term, "disk", percent >= DISK_FULL_PERCENT ? STYLE_BAD : STYLE_PLAIN, text);
}

static enum term_out_style state_style(const char *state) {
    if (!state || strcmp(state, "off") == 0)
        return STYLE_DIM;
    if (strcmp(state, "running") == 0)
        return STYLE_GOOD;
    return strcmp(state, "stopped") == 0 || strcmp(state, "stalled") == 0 ? STYLE_BAD : STYLE_WARN;
}

static void put_advice(const struct term_out *term, const char *advice) {
    char text[256];
    (void)snprintf(text, sizeof text, "  what to do: %s", advice ? advice : "");
    if (advice)
        term_out_put_wrapped(term, STYLE_WARN, text);
}

// Another topic than that of events.
struct status_topic {
    const char *at, *topic, *state, *last_error;
    struct status_number waiting;
};

static void put_topic(const struct term_out *term, const struct json_view *answer,
                      const struct status_topic *told) {
    const struct json_view *topic = json_view_at(answer, told->at);
    if (!topic)
        return;
    const char *state = json_view_text(topic, "state"), *fault = json_view_text(topic, "lastError");
    put_fact(term, told->topic, STYLE_PLAIN, json_view_text(topic, "topic"));
    put_fact(term, told->state, state_style(state), state);
    put_numbers(term, topic, &told->waiting, 1);
    put_fact(term, told->last_error, fault ? STYLE_WARN : STYLE_PLAIN, fault);
    put_advice(term, json_view_text(topic, "whatToDo"));
}

static void put_kafka(const struct term_out *term, const struct json_view *answer) {
    const char *state = json_view_text(answer, "kafka.state");
    const char *fault = json_view_text(answer, "kafka.lastError");
    static const struct status_topic counts = {
        .at = "kafka.counts",
        .topic = "statistics topic",
        .state = "statistics state",
        .last_error = "statistics last error",
        .waiting = {"statistics wait", "waiting", STATISTIC_COUNT}};
    static const struct status_topic current = {
        .at = "kafka.current",
        .topic = "current topic",
        .state = "current state",
        .last_error = "current last error",
        .waiting = {"current wait", "waiting", STATISTIC_COUNT}};
    put_heading(term, "Kafka");
    put_fact(term, "state", state_style(state), state);
    put_fact(term, "brokers", STYLE_PLAIN, json_view_text(answer, "kafka.brokers"));
    put_fact(term, "topic", STYLE_PLAIN, json_view_text(answer, "kafka.topic"));
    put_numbers(term, answer, kafka_numbers, sizeof kafka_numbers / sizeof *kafka_numbers);
    if (json_view_text(answer, "kafka.certificateEnds"))
        put_time(term, "certificate ends", json_view_text(answer, "kafka.certificateEnds"));
    put_fact(term, "last error", fault ? STYLE_WARN : STYLE_PLAIN, fault);
    put_advice(term, json_view_text(answer, "kafka.whatToDo"));
    put_topic(term, answer, &counts);
    put_topic(term, answer, &current);
}

static void put_daemon(const struct term_out *term, const struct json_view *answer) {
    char up[FORMAT_MAX], started[FORMAT_MAX], text[256];
    const char *version = json_view_text(answer, "version");
    format_duration(json_view_integer(answer, "uptimeSeconds"), up);
    format_stamp(json_view_text(answer, "started"), started);
    (void)snprintf(text, sizeof text, "signaald %.64s, up %s, since %s UTC",
                   version ? version : "?", up, started);
    term_out_put_wrapped(term, STYLE_STRONG, text);
}

static enum ctl_exit print_status(const struct ctl *ctl, const struct json_view *answer) {
    const struct term_out *term = &ctl->term;
    put_daemon(term, answer);
    put_heading(term, "Intake");
    put_fact(term, "listens on", STYLE_PLAIN, json_view_text(answer, "intake.listen"));
    if (json_view_text(answer, "intake.certificateEnds"))
        put_time(term, "certificate ends", json_view_text(answer, "intake.certificateEnds"));
    put_numbers(term, answer, intake_numbers, sizeof intake_numbers / sizeof *intake_numbers);
    put_heading(term, "Ledger");
    put_numbers(term, answer, ledger_numbers, sizeof ledger_numbers / sizeof *ledger_numbers);
    put_time(term, "last commit", json_view_text(answer, "ledger.lastCommit"));
    put_disk(term, answer);
    put_kafka(term, answer);
    put_heading(term, "Feeds");
    put_numbers(term, answer, feeds_numbers, sizeof feeds_numbers / sizeof *feeds_numbers);
    if (json_view_text(answer, "feeds.certificateEnds"))
        put_time(term, "client cert ends", json_view_text(answer, "feeds.certificateEnds"));
    if (json_view_text(answer, "feeds.authorityEnds"))
        put_time(term, "authority ends", json_view_text(answer, "feeds.authorityEnds"));
    put_heading(term, "Memory");
    put_numbers(term, answer, memory_numbers, sizeof memory_numbers / sizeof *memory_numbers);
    return CTL_OK;
}

const struct ctl_verb status_verb = {
    .name = "status",
    .words = "",
    .help = "How the daemon is: intake, ledger, Kafka, feeds",
    .question = {.target = "/v1/status", .print = print_status},
};
