// SPDX-License-Identifier: EUPL-1.2
// signaalctl why: what became of one signal.
#include "base/str.h"
#include "ctl/query/ctl.h"
#include "ctl/term/format.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_WIDTH = 13, TEXT_MAX = 512 };

static void put_styled(const struct term_out *term, const char *label, enum term_out_style style,
                       const char *text) {
    term_out_put_field(term, STYLE_STRONG, label, LABEL_WIDTH, FIT_LEFT);
    term_out_put(term, style, text);
    term_out_end_line(term);
}

static void put_line(const struct term_out *term, const char *label, const char *text) {
    put_styled(term, label, STYLE_PLAIN, text);
}

static void put_number(const struct term_out *term, const char *label, const struct json_view *node,
                       const char *path) {
    int64_t value;
    char text[FORMAT_MAX] = "-";
    if (json_view_number(node, path, &value))
        format_count(value, text);
    put_line(term, label, text);
}

static void put_municipality(const struct term_out *term, const struct json_view *version) {
    const char *code = json_view_text(version, "municipality");
    const char *name = json_view_text(version, "municipalityName");
    char text[TEXT_MAX];
    (void)snprintf(text, sizeof text, "%s%s%s", name ? name : "", name && code ? " " : "",
                   code ? code : "");
    put_line(term, "municipality", *text ? text : "unknown");
}

static void put_published(const struct term_out *term, const struct json_view *version) {
    const char *topic = json_view_text(version, "published.topic");
    int64_t partition, offset;
    char text[TEXT_MAX] = "not yet: waiting for Kafka", place[2 * FORMAT_MAX] = "";
    if (json_view_number(version, "published.partition", &partition) &&
        json_view_number(version, "published.offset", &offset))
        (void)snprintf(place, sizeof place, ", partition %" PRId64 ", offset %" PRId64, partition,
                       offset);
    if (topic)
        (void)snprintf(text, sizeof text, "topic %s%s", topic, place);
    put_styled(term, "published", topic ? STYLE_PLAIN : STYLE_WARN, text);
}

static void put_verdict(const struct term_out *term, const struct json_view *version) {
    const char *verdict = json_view_text(version, "verdict"), *more = "";
    char text[TEXT_MAX];
    if (json_view_flag(version, "erased"))
        more = ", erased";
    else if (json_view_is(version, "withdrawal", "gone"))
        more = ": gone from the source's complete list";
    else if (json_view_is(version, "withdrawal", "leftOut"))
        more = ": the template leaves it out now";
    else if (json_view_is(version, "status", "rejected"))
        more = ": rejected";
    (void)snprintf(text, sizeof text, "%s%s", verdict ? verdict : "-", more);
    put_line(term, "verdict", text);
}

// What the signal counts for, and if it does not, since when and by what.
static void put_standing(const struct term_out *term, const struct json_view *answer) {
    static const char *const brought[][2] = {
        {"push", "posted by the source"},
        {"poll", "polled from the source"},
        {"remap", "other tables"},
        {"operator", "an operator: signaalctl audit says who"},
        {"gone", "gone from the source's complete list"},
        {"leftOut", "the template leaves it out now"},
    };
    const char *by = json_view_text(answer, "by"), *is = json_view_text(answer, "standing");
    char text[TEXT_MAX], time[FORMAT_MAX];
    if (json_view_flag(answer, "counts") || !is) {
        put_line(term, "counts", json_view_flag(answer, "counts") ? "yes" : "no");
        return;
    }
    for (size_t i = 0; by && i < sizeof brought / sizeof brought[0]; i++)
        if (strcmp(by, brought[i][0]) == 0)
            by = brought[i][1];
    format_stamp(json_view_text(answer, "since"), time);
    (void)snprintf(text, sizeof text, "no: %s on %s UTC (%s)%s", is, time, by ? by : "-",
                   strcmp(is, "rejected") == 0 ? ", in counts only with status=rejected" : "");
    put_styled(term, "counts", STYLE_WARN, text);
}

static void put_expired(const struct term_out *term, const struct json_view *answer) {
    int64_t count;
    char text[TEXT_MAX];
    if (!json_view_number(answer, "expired", &count) || count == 0)
        return;
    (void)snprintf(text, sizeof text, "1..%" PRId64 " have expired (retention.identity)", count);
    term_out_end_line(term);
    put_line(term, "versions", text);
}

// Only of a signal that a complete list brought.
static void put_lacked(const struct term_out *term, const struct json_view *answer) {
    int64_t lacked;
    if (json_view_number(answer, "lacked", &lacked))
        put_line(term, "in the list",
                 lacked == 0   ? "yes"
                 : lacked == 1 ? "no, since the last poll: the next one decides"
                               : "no: held, see signaalctl feeds SOURCE");
}

static void put_version(const struct term_out *term, const struct json_view *version) {
    char time[FORMAT_MAX], received[FORMAT_MAX + 4];
    char *categories = json_view_join(json_view_at(version, "categories"));
    format_stamp(json_view_text(version, "received"), time);
    (void)snprintf(received, sizeof received, "%s UTC", time);
    term_out_end_line(term);
    put_number(term, "version", version, "version");
    put_verdict(term, version);
    put_line(term, "received", received);
    put_line(term, "feed", json_view_text(version, "feed"));
    put_number(term, "sequence", version, "sequence");
    put_municipality(term, version);
    put_line(term, "categories", categories);
    put_line(term, "reported", json_view_text(version, "reported"));
    put_published(term, version);
    free(categories);
}

static enum ctl_exit print_signal(const struct ctl *ctl, const struct json_view *answer) {
    const struct term_out *term = &ctl->term;
    const struct json_view *versions = json_view_at(answer, "versions");
    put_line(term, "signal", json_view_text(answer, "signal"));
    put_line(term, "source", json_view_text(answer, "source"));
    put_line(term, "id", json_view_text(answer, "id"));
    put_standing(term, answer);
    put_lacked(term, answer);
    for (size_t i = 0; i < json_view_size(versions); i++)
        put_version(term, json_view_item(versions, i));
    put_expired(term, answer);
    return CTL_OK;
}

const struct ctl_verb why_verb = {
    .name = "why",
    .words = "SOURCE ID",
    .help = "What became of a signal, or that it was never seen",
    .more = "SOURCE is the name of the source, ID the id that the source gave to the signal.",
    .word_count = 2,
    .question = {.put = ctl_put_signal,
                 .missing = "never seen",
                 .explained = true,
                 .print = print_signal},
};
