// SPDX-License-Identifier: EUPL-1.2
// signaalctl reload: the daemon reads its configuration, tables and sources again, and says what is
// different from now on.
#include "ctl/query/ctl.h"
#include "ctl/term/format.h"

#include <inttypes.h>
#include <stdlib.h>

static void print_keys(const struct term_out *term, const struct json_view *keys) {
    for (size_t i = 0; i < json_view_size(keys); i++) {
        const struct json_view *key = json_view_item(keys, i);
        const char *from = json_view_text(key, "from"), *to = json_view_text(key, "to");
        term_out_print(term, STYLE_PLAIN, "%s: %s -> %s", json_view_text(key, "key"),
                       from ? from : "none", to ? to : "none");
    }
}

static void print_sources(const struct term_out *term, const struct json_view *list,
                          const char *what) {
    int64_t count = json_view_integer(list, "count");
    const struct json_view *names = json_view_at(list, "names");
    char *text = json_view_join(names);
    if (text) {
        term_out_print(term, STYLE_PLAIN, "sources %s: %" PRId64 " (%s%s)", what, count, text,
                       (int64_t)json_view_size(names) < count ? ", …" : "");
    }
    free(text);
}

static void print_tables(const struct term_out *term, const struct json_view *tables) {
    for (size_t i = 0; i < json_view_size(tables); i++) {
        const struct json_view *table = json_view_item(tables, i);
        term_out_print(term, STYLE_PLAIN,
                       "table %s: %" PRId64 " rows are new, %" PRId64 " are gone",
                       json_view_text(table, "table"), json_view_integer(table, "added"),
                       json_view_integer(table, "removed"));
    }
}

static enum ctl_exit print_reloaded(const struct ctl *ctl, const struct json_view *answer) {
    const struct term_out *term = &ctl->term;
    char *templates = json_view_join(json_view_at(answer, "templates"));
    char text[FORMAT_MAX];
    print_keys(term, json_view_at(answer, "keys"));
    print_sources(term, json_view_at(answer, "sourcesAdded"), "added");
    print_sources(term, json_view_at(answer, "sourcesRemoved"), "removed");
    print_sources(term, json_view_at(answer, "sourcesChanged"), "changed");
    print_tables(term, json_view_at(answer, "tables"));
    if (templates) {
        term_out_print(term, STYLE_PLAIN, "templates changed: %s", templates);
    }
    free(templates);
    if (json_view_flag(answer, "kafkaChanges"))
        term_out_print(term, STYLE_PLAIN, "Kafka: the producers change over");
    if (json_view_flag(answer, "clientCertificatesChange"))
        term_out_print(term, STYLE_PLAIN,
                       "clients' certificates: other authorities or lists of revoked ones");
    if (json_view_text(answer, "certificateEnds")) {
        format_stamp(json_view_text(answer, "certificateEnds"), text);
        term_out_print(term, STYLE_PLAIN, "the TLS certificate is another one: it ends on %s UTC",
                       text);
    }
    format_count(json_view_integer(answer, "sources"), text);
    term_out_print(term, STYLE_PLAIN, "reloaded, sources: %s%s", text,
                   json_view_flag(answer, "changed") ? "" : "; nothing has changed");
    return CTL_OK;
}

const struct ctl_verb reload_verb = {
    .name = "reload",
    .words = "",
    .help = "Read the configuration and the tables again",
    .more = "Reads signaald.yaml, the tables, the sources, the templates, secrets and certificates "
            "again, and says what has changed. When any of them has a fault, or when a key has "
            "changed that needs a restart, nothing changes and all faults are told. Polls of "
            "sources that have not changed go on, and so do all connections. For root and the "
            "daemon's own user.",
    .question = {.method = "POST", .target = "/v1/reload", .print = print_reloaded},
};
