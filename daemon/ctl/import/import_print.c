// SPDX-License-Identifier: EUPL-1.2
// Prints what came of an import: a summary for people, with the first refusals, or one JSON object
// with all that were kept. It prints only. What is counted, and how much of it is kept, is decided
// in import.c, which owns it.
#include "codec/json_out.h"
#include "ctl/term/format.h"
#include "import.h"

#include <inttypes.h>

enum { SHOWN_MAX = 20, LABEL_WIDTH = 14, JSON_BYTES_MAX = 1 << 20 };

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
        term_out_print(term, STYLE_PLAIN, "%s %" PRIu64 ": %s%s%s: %s",
                       import->json ? "item" : "line", refusal->line, refusal->pointer,
                       refusal->pointer[0] ? " " : "", refusal->code, refusal->detail);
    }
    if (import->refusal_count > shown)
        term_out_print(term, STYLE_DIM, "and %s%zu more reasons; --json has them",
                       import->refusal_count == IMPORT_REFUSALS_MAX ? "at least " : "",
                       import->refusal_count - shown);
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
    if (import->rounded_ids && import->rounded_ids == import->long_ids)
        term_out_print(term, STYLE_WARN,
                       "each id of 16 digits or more ends in zeros: a spreadsheet keeps 15 digits. "
                       "Are these the ids that the source has?");
    put_refusals(import);
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
        json_put_u64(&json, "line", refusal->line);
        json_put_text(&json, "pointer", refusal->pointer);
        json_put_text(&json, "code", refusal->code);
        json_put_text(&json, "detail", refusal->detail);
        json_close(&json, '}');
    }
    json_close(&json, ']');
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
