// SPDX-License-Identifier: EUPL-1.2
// Prints what came of an import: a summary for people, with the first refusals, or one JSON object
// with all that were kept. It prints only. What is counted, and how much of it is kept, is decided
// in import.c, which owns it.
#include "codec/json_out.h"
#include "ctl/term/format.h"
#include "import.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_MAX = 20, LABEL_WIDTH = 14, SENTENCE_MAX = 32 << 10, JSON_BYTES_MAX = 4 << 20 };

const char *const import_verdicts[IMPORT_VERDICTS] = {"registered", "duplicate", "corrected",
                                                      "withdrawn", "refused"};

static void put_count(const struct term_out *term, const char *label, uint64_t value, bool alarm) {
    char text[FORMAT_MAX];
    format_count((int64_t)value, text);
    term_out_put_field(term, STYLE_STRONG, label, LABEL_WIDTH, FIT_LEFT);
    term_out_put_field(term, alarm && value ? STYLE_BAD : STYLE_PLAIN, text, FORMAT_MAX / 3,
                       FIT_RIGHT);
    term_out_end_line(term);
}

static void put_refusals(const struct import *import) {
    const struct term_out *term = &import->ctl->term;
    size_t shown = import->refusal_count < SHOWN_MAX ? import->refusal_count : SHOWN_MAX;
    if (shown)
        term_out_end_line(term);
    for (size_t i = 0; i < shown; i++) {
        const struct import_refusal *refusal = &import->refusals[i];
        term_out_print(term, STYLE_PLAIN, "%s %" PRIu64 ": %s%s%s: %s", import_place_name(import),
                       refusal->place, refusal->pointer, refusal->pointer[0] ? " " : "",
                       refusal->code, refusal->detail);
    }
    if (import->refusal_count > shown)
        term_out_print(term, STYLE_DIM, "and %s%zu more reasons; --json has them",
                       import->refusal_count == IMPORT_REFUSALS_MAX ? "at least " : "",
                       import->refusal_count - shown);
}

static void put_unknown_name(struct buf *out, const struct import_unknown *unknown) {
    const char *name = unknown->local[0] ? unknown->local : unknown->name;
    if (unknown->column)
        buf_printf(out, "column %u%s", unknown->column, name[0] ? " " : "");
    if (name[0])
        buf_printf(out, "\"%s\"", name);
    else
        buf_printf(out, "%s(%u bytes)", unknown->column ? " " : "a member ", unknown->length);
}

static void put_sentence(const struct import *import, enum term_out_style style, struct buf *out) {
    struct str text = buf_str(out);
    if (text.len)
        term_out_print(&import->ctl->term, style, "%.*s", (int)text.len, text.data);
    buf_clear(out);
}

// "understood: id, reported = datum"; what is not there; what nobody asks for.
static void put_places(const struct import *import, struct buf *out) {
    const struct import_preview *preview = &import->summary;
    static const char *const heads[] = {"not there: ", "understood: "};
    for (int found = 1; found >= 0; found--) {
        size_t count = 0;
        for (size_t i = 0; i < preview->field_count; i++) {
            const struct import_field *field = &preview->fields[i];
            if (field->found != found)
                continue;
            buf_printf(out, "%s%s", count++ ? ", " : heads[found], field->name);
            if (field->place[0] && strcmp(field->place, field->name) != 0)
                buf_printf(out, " = %s", field->place);
        }
        put_sentence(import, STYLE_PLAIN, out);
    }
    for (size_t i = 0; i < preview->unknown_count; i++) {
        buf_puts(out, i ? ", " : "not understood: ");
        put_unknown_name(out, &preview->unknown[i]);
    }
    if (preview->unknown_more)
        buf_puts(out, " and others");
    put_sentence(import, STYLE_WARN, out);
}

static void put_ranges(const struct import *import, size_t verdict, struct buf *out) {
    enum { RANGES_SHOWN = 10 };
    const struct import_ranges *ranges = &import->summary.ranges[verdict];
    size_t shown = ranges->count < RANGES_SHOWN ? ranges->count : RANGES_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        const struct import_range *range = &ranges->list[i];
        if (i == 0)
            buf_printf(out, "%s: %s ", import_verdicts[verdict], import_place_name(import));
        buf_printf(out, "%s%" PRIu64, i ? ", " : "", range->first);
        if (range->last != range->first)
            buf_printf(out, "-%" PRIu64, range->last);
    }
    if (ranges->count > shown)
        buf_puts(out, " and further");
    put_sentence(import, STYLE_PLAIN, out);
}

static void put_changes(const struct import *import, struct buf *out) {
    enum { LINES_SHOWN = 10 };
    const struct import_preview *preview = &import->summary;
    struct str rest = buf_str(&preview->lines), line;
    uint64_t told = 0;
    for (size_t i = 0; i < preview->changed_count; i++) {
        const struct import_changed *changed = &preview->changed[i];
        buf_printf(out, "%s%s of %" PRIu64, i ? ", " : "what is known changes: ", changed->name,
                   changed->signals);
        if (changed->to_unknown)
            buf_printf(out, " (%" PRIu64 " to Unknown)", changed->to_unknown);
    }
    put_sentence(import, STYLE_WARN, out);
    while (told < LINES_SHOWN && rest.len && str_split(&rest, '\n', &line)) {
        buf_put_str(out, line);
        put_sentence(import, STYLE_PLAIN, out);
        told++;
    }
    if (told < preview->verdicts[IMPORT_CORRECTED])
        term_out_print(&import->ctl->term, STYLE_DIM,
                       "and %" PRIu64 " more corrections; --json has %d",
                       preview->verdicts[IMPORT_CORRECTED] - told, IMPORT_CORRECTIONS_MAX);
}

static void put_elsewhere(const struct import *import, struct buf *out) {
    const struct import_preview *preview = &import->summary;
    if (preview->doubtful)
        term_out_print(&import->ctl->term, STYLE_WARN,
                       "%" PRIu64
                       " items are as many as servers like to have on a page: is this all?",
                       import->total);
    if (!preview->other_pages)
        return;
    buf_puts(out, "this is one page of a list: ");
    if (preview->elsewhere)
        buf_printf(out, "%" PRIu64 " more items", preview->elsewhere);
    else
        buf_puts(out, "more items");
    buf_puts(out, " are elsewhere");
    put_sentence(import, STYLE_WARN, out);
}

static void put_rounded_ids(const struct import *import) {
    if (import->rounded_ids && import->rounded_ids == import->long_ids)
        term_out_print(&import->ctl->term, STYLE_WARN,
                       "each id of 16 digits or more ends in zeros: a spreadsheet keeps 15 digits. "
                       "Are these the ids that the source has?");
}

static void put_preview(const struct import *import, bool judged) {
    struct buf out;
    put_rounded_ids(import);
    buf_init(&out, SENTENCE_MAX);
    put_places(import, &out);
    put_elsewhere(import, &out);
    for (size_t i = 0; judged && i < IMPORT_VERDICTS; i++)
        put_ranges(import, i, &out);
    put_changes(import, &out);
    if (import->summary.takes_back)
        term_out_print(&import->ctl->term, STYLE_WARN,
                       "left out: %" PRIu64 " known signals would be withdrawn",
                       import->summary.takes_back);
    buf_free(&out);
}

void import_print_preview(const struct import *import) {
    const struct term_out *term = &import->ctl->term;
    if (import->ctl->json)
        return;
    put_preview(import, false);
    term_out_put(term, STYLE_PLAIN, "to be stored: ");
    for (size_t i = 0; i < IMPORT_VERDICTS; i++) {
        char text[FORMAT_MAX + 32];
        (void)snprintf(text, sizeof text, "%s%" PRIu64 " %s", i ? ", " : "",
                       import->summary.verdicts[i], import_verdicts[i]);
        term_out_put(term, STYLE_PLAIN, text);
    }
    term_out_end_line(term);
    if (import->undated)
        term_out_print(term, STYLE_WARN, "%" PRIu64 " without a date will be dated today",
                       import->undated);
    term_out_end_line(term);
    (void)fflush(term->out);
}

static void print_text(const struct import *import, bool judged) {
    const struct term_out *term = &import->ctl->term;
    if (judged)
        term_out_print(term, STYLE_WARN, "%s: nothing was stored",
                       import->dry_run ? "dry run" : "only judged");
    put_count(term, "records", import->done, false);
    for (size_t i = 0; i < IMPORT_VERDICTS; i++)
        put_count(term, import_verdicts[i], import->verdicts[i], i == IMPORT_REFUSED);
    put_count(term, "left out", import->excluded, false);
    if (import->undated)
        put_count(term, "dated today", import->undated, true);
    if (import->unmapped)
        put_count(term, "unknown words", import->unmapped, false);
    if (import->dropped)
        put_count(term, "unused fields", import->dropped, false);
    if (judged)
        put_preview(import, true);
    put_refusals(import);
}

static void json_places(struct json_out *json, const struct import_preview *preview) {
    json_open_key(json, "fields", '[');
    for (size_t i = 0; i < preview->field_count; i++) {
        json_open(json, '{');
        json_put_text(json, "field", preview->fields[i].name);
        json_put_text(json, "place", preview->fields[i].place);
        json_put_bool(json, "found", preview->fields[i].found);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open_key(json, "unknown", '[');
    for (size_t i = 0; i < preview->unknown_count; i++) {
        const struct import_unknown *unknown = &preview->unknown[i];
        const char *name = unknown->local[0] ? unknown->local : unknown->name;
        json_open(json, '{');
        if (unknown->column)
            json_put_u64(json, "column", unknown->column);
        json_put_text(json, "name", name[0] ? name : NULL);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_put_bool(json, "unknownMore", preview->unknown_more);
}

static void json_ranges(struct json_out *json, const struct import_preview *preview) {
    json_open_key(json, "places", '{');
    for (size_t v = 0; v < IMPORT_VERDICTS; v++) {
        const struct import_ranges *ranges = &preview->ranges[v];
        json_open_key(json, import_verdicts[v], '[');
        for (size_t i = 0; i < ranges->count; i++) {
            json_open(json, '[');
            json_u64(json, ranges->list[i].first);
            json_u64(json, ranges->list[i].last);
            json_close(json, ']');
        }
        json_close(json, ']');
    }
    json_close(json, '}');
}

static void json_preview(struct json_out *json, const struct import_preview *preview) {
    json_open_key(json, "preview", '{');
    json_places(json, preview);
    for (size_t i = 0; i < IMPORT_VERDICTS; i++)
        json_put_u64(json, import_verdicts[i], preview->verdicts[i]);
    json_put_u64(json, "undated", preview->undated);
    json_ranges(json, preview);
    json_open_key(json, "changed", '[');
    for (size_t i = 0; i < preview->changed_count; i++) {
        json_open(json, '{');
        json_put_text(json, "field", preview->changed[i].name);
        json_put_u64(json, "signals", preview->changed[i].signals);
        json_put_u64(json, "toUnknown", preview->changed[i].to_unknown);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open_key(json, "corrections", '[');
    if (preview->json.len)
        json_raw(json, buf_str(&preview->json));
    json_close(json, ']');
    json_put_u64(json, "takesBack", preview->takes_back);
    json_put_bool(json, "otherPages", preview->other_pages);
    json_put_u64(json, "elsewhere", preview->elsewhere);
    json_put_bool(json, "doubtful", preview->doubtful);
    json_close(json, '}');
}

static void print_json(const struct import *import, bool judged) {
    struct buf out;
    buf_init(&out, JSON_BYTES_MAX);
    struct json_out json = {.buf = &out};
    json_open(&json, '{');
    json_put_bool(&json, "dryRun", judged);
    json_put_bool(&json, "complete", import->done == import->total);
    json_put_u64(&json, "records", import->total);
    json_put_u64(&json, "sent", import->done);
    for (size_t i = 0; i < IMPORT_VERDICTS; i++)
        json_put_u64(&json, import_verdicts[i], import->verdicts[i]);
    json_put_u64(&json, "excluded", import->excluded);
    json_put_u64(&json, "undated", import->undated);
    json_put_u64(&json, "longIds", import->long_ids);
    json_put_u64(&json, "roundedIds", import->rounded_ids);
    json_put_u64(&json, "unmapped", import->unmapped);
    json_put_u64(&json, "dropped", import->dropped);
    json_open_key(&json, "errors", '[');
    for (size_t i = 0; i < import->refusal_count; i++) {
        const struct import_refusal *refusal = &import->refusals[i];
        json_open(&json, '{');
        json_put_u64(&json, import_place_name(import), refusal->place);
        json_put_text(&json, "pointer", refusal->pointer);
        json_put_text(&json, "code", refusal->code);
        json_put_text(&json, "detail", refusal->detail);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_preview(&json, &import->summary);
    json_close(&json, '}');
    buf_putc(&out, '\n');
    fwrite(out.data, 1, out.len, import->ctl->term.out);
    buf_free(&out);
}

void import_print(const struct import *import, bool judged) {
    if (import->ctl->json)
        print_json(import, judged);
    else
        print_text(import, judged);
}
