// SPDX-License-Identifier: EUPL-1.2
// signaalctl why: what became of one signal.
#include "base/str.h"
#include "ctl/query/ctl.h"
#include "ctl/term/format.h"

#include <inttypes.h>
#include <stdlib.h>

enum { LABEL_WIDTH = 13 };

static void put_line(const struct screen *screen, const char *label, const char *text) {
    screen_put_field(screen, STYLE_STRONG, label, LABEL_WIDTH, FIT_LEFT);
    screen_put(screen, STYLE_PLAIN, text);
    screen_end_line(screen);
}

static void put_number(const struct screen *screen, const char *label, const struct node *node,
                       const char *path) {
    int64_t value;
    char text[FORMAT_MAX] = "-";
    if (node_number(node, path, &value))
        format_count(value, text);
    put_line(screen, label, text);
}

static void put_municipality(const struct screen *screen, const struct node *version) {
    const char *code = node_text(version, "municipality");
    const char *name = node_text(version, "municipalityName");
    screen_put_field(screen, STYLE_STRONG, "municipality", LABEL_WIDTH, FIT_LEFT);
    screen_put(screen, STYLE_PLAIN, name ? name : code ? code : "unknown");
    if (name && code) {
        screen_put(screen, STYLE_PLAIN, " ");
        screen_put(screen, STYLE_PLAIN, code);
    }
    screen_end_line(screen);
}

static void put_published(const struct screen *screen, const struct node *version) {
    const struct node *published = node_at(version, "published");
    int64_t partition, offset;
    char place[2 * FORMAT_MAX];
    screen_put_field(screen, STYLE_STRONG, "published", LABEL_WIDTH, FIT_LEFT);
    if (!published) {
        screen_put(screen, STYLE_WARN, "not yet: waiting for Kafka");
    } else {
        screen_put(screen, STYLE_PLAIN, "topic ");
        screen_put(screen, STYLE_PLAIN, node_text(published, "topic"));
        if (node_number(published, "partition", &partition) &&
            node_number(published, "offset", &offset)) {
            (void)snprintf(place, sizeof place, ", partition %" PRId64 ", offset %" PRId64,
                           partition, offset);
            screen_put(screen, STYLE_PLAIN, place);
        }
    }
    screen_end_line(screen);
}

static void put_version(const struct screen *screen, const struct node *version) {
    char time[FORMAT_MAX], received[FORMAT_MAX + 4];
    char *categories = node_join(node_at(version, "categories"));
    format_stamp(node_text(version, "received"), time);
    (void)snprintf(received, sizeof received, "%s UTC", time);
    screen_end_line(screen);
    put_number(screen, "version", version, "version");
    put_line(screen, "verdict", node_text(version, "verdict"));
    put_line(screen, "received", received);
    put_line(screen, "feed", node_text(version, "feed"));
    put_number(screen, "sequence", version, "sequence");
    put_municipality(screen, version);
    put_line(screen, "categories", categories);
    put_line(screen, "reported", node_text(version, "reported"));
    put_published(screen, version);
    free(categories);
}

static enum ctl_exit print_signal(const struct ctl *ctl, const struct node *answer) {
    const struct screen *screen = &ctl->screen;
    const struct node *versions = node_at(answer, "versions");
    put_line(screen, "signal", node_text(answer, "signal"));
    put_line(screen, "source", node_text(answer, "source"));
    put_line(screen, "id", node_text(answer, "id"));
    put_line(screen, "counts", node_flag(answer, "counts") ? "yes" : "no");
    for (size_t i = 0; i < node_size(versions); i++)
        put_version(screen, node_item(versions, i));
    return CTL_OK;
}

static enum ctl_exit run(const struct ctl *ctl, const struct args *args) {
    return ctl_ask_for(
        ctl, args, ctl_put_signal,
        &(struct ctl_question){.missing = "never seen", .explained = true, .print = print_signal});
}

const struct ctl_verb why_verb = {
    .name = "why",
    .words = "SOURCE ID",
    .help = "What became of a signal, or that it was never seen",
    .more = "SOURCE is the name of the source, ID the id that the source gave to the signal.",
    .word_count = 2,
    .run = run,
};
