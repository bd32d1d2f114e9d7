// SPDX-License-Identifier: EUPL-1.2
// signaalctl quarantine: what could not be taken and why; never what it said.
#include "ctl/query/ctl.h"
#include "ctl/term/format.h"
#include "ctl/term/table.h"

#include <inttypes.h>
#include <string.h>

enum { REASONS_BYTES_MAX = 4 << 10, WHERE_BYTES_MAX = 192 };

// 'column "datum" is no date or time: expected DD-MM-YYYY; /victim/age is ...'
static void put_reasons(struct term_table *table, const struct json_view *reasons) {
    char text[REASONS_BYTES_MAX] = "";
    for (size_t i = 0; i < json_view_size(reasons); i++) {
        const struct json_view *reason = json_view_item(reasons, i);
        const char *detail = json_view_text(reason, "detail");
        size_t len = strlen(text);
        (void)snprintf(text + len, sizeof text - len, "%s%s", i ? "; " : "", detail ? detail : "?");
    }
    table_put_text(table, text);
}

// The source's own id, or the item's place in its page, or that it is the page.
static void put_where(struct term_table *table, const struct json_view *entry) {
    char text[WHERE_BYTES_MAX];
    const char *id = json_view_text(entry, "id");
    int64_t index = json_view_integer(entry, "index");
    if (json_view_flag(entry, "page"))
        (void)snprintf(text, sizeof text, "page, line %" PRId64, index);
    else if (id)
        (void)snprintf(text, sizeof text, "%s", id);
    else
        (void)snprintf(text, sizeof text, "%s %" PRId64,
                       json_view_is(entry, "by", "line") ? "line" : "item", index);
    table_put_text(table, text);
}

static void put_entry(struct term_table *table, const struct json_view *entry) {
    char last[FORMAT_MAX];
    format_stamp(json_view_text(entry, "last"), last);
    table_put_number(table, json_view_integer(entry, "number"));
    table_put_text(table, json_view_text(entry, "source"));
    put_where(table, entry);
    put_reasons(table, json_view_at(entry, "reasons"));
    table_put_number(table, json_view_integer(entry, "times"));
    table_put_text(table, last);
}

static enum ctl_exit print_entries(const struct ctl *ctl, const struct json_view *answer) {
    static const struct table_column columns[] = {
        {"number", COLUMN_NUMBER}, {"source", COLUMN_TEXT},  {"id or place", COLUMN_TEXT},
        {"reason", COLUMN_TEXT},   {"times", COLUMN_NUMBER}, {"last (UTC)", COLUMN_TEXT}};
    const struct json_view *entries = json_view_at(answer, "entries");
    if (json_view_size(entries) == 0) {
        term_out_print(&ctl->term, STYLE_PLAIN, "the quarantine is empty");
        return CTL_OK;
    }
    struct term_table table;
    table_init(&table, &ctl->term, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < json_view_size(entries); i++)
        put_entry(&table, json_view_item(entries, i));
    table_print(&table);
    table_free(&table);
    return CTL_OK;
}

static enum ctl_exit print_asked(const struct ctl *ctl, const struct json_view *answer) {
    const char *source = json_view_text(answer, "source");
    int64_t number = json_view_integer(answer, "number");
    if (json_view_is(answer, "asked", "retry"))
        term_out_print(&ctl->term, STYLE_PLAIN,
                       "%" PRId64 ": read again now from %s; what is still bad comes back", number,
                       source ? source : "-");
    else
        term_out_print(&ctl->term, STYLE_PLAIN, "%" PRId64 ": dropped", number);
    return CTL_OK;
}

static enum ctl_exit run_quarantine(const struct ctl *ctl, const struct args *args) {
    char target[96];
    uint64_t number;
    if (args->word_count == 0)
        return ctl_ask(ctl,
                       &(struct ctl_question){.target = "/v1/quarantine", .print = print_entries});
    bool retry = strcmp(args->words[0], "retry") == 0;
    if (!retry && strcmp(args->words[0], "drop") != 0)
        return ctl_usage(ctl, "an entry can be asked to retry or drop");
    if (!str_to_u64(str_from(args->words[1]), UINT64_MAX, &number))
        return ctl_usage(ctl, "N is the number of an entry");
    (void)snprintf(target, sizeof target, "/v1/quarantine/%" PRIu64 "%s", number,
                   retry ? "/retry" : "");
    const struct ctl_question question = {
        .method = retry ? "POST" : "DELETE", .target = target, .print = print_asked};
    return ctl_ask(ctl, &question);
}

const struct ctl_verb quarantine_verb = {
    .name = "quarantine",
    .words = "[retry|drop N]",
    .help = "What could not be taken, and why",
    .more = "An item of a polled page that is wrong does not stop its page: it stands here with "
            "its reason, and a page that is wrong as a whole stands here too. Content is never "
            "kept. When the other side has mended it: \"retry\" drops the entry and reads the "
            "source again from where it was found. \"drop\" just drops it. Both are for root and "
            "the daemon's own user.",
    .optional_word_count = 2,
    .run = run_quarantine,
};
