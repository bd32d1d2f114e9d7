// SPDX-License-Identifier: EUPL-1.2
// Shared by the files of mapping: what all formats have in common. A format finds items and raw
// texts; the mapper makes fields of them.
#ifndef CODEC_MAPPING_PRIVATE_H
#define CODEC_MAPPING_PRIVATE_H

#include "codec/mapping.h"

// A word to look for, folded beforehand.
struct mapping_term {
    struct str exact;
    size_t folded_len; // 0: nothing is left of it; compared as bytes only
    char folded[STR_FOLDED_MAX];
};
struct mapping_terms {
    const struct mapping_term *list;
    size_t count;
};

struct mapper {
    const struct mapping *mapping;
    const struct decode_limits *limits;
    struct mapping_about about;
    void (*item_fn)(void *ctx, const struct decode_item *item); // one of these two is NULL
    void (*trace_fn)(void *ctx, const struct mapping_trace *trace);
    void *ctx;
    struct mapping_result *result;
    struct mapping_term *terms; // owned; the lists below are parts of it
    struct mapping_terms words[MAPPING_FIELDS], absent, skips;
    // the item under way
    struct decode_item item;
    struct mapping_trace trace;
    bool excluded;
    bool seen[MAPPING_FIELDS];       // the page has the place that the rule names
    struct buf raw_list, value_list; // categories, for the trace
    char dates[MAPPING_FIELDS][TIME_STAMP_MAX];
    char watermark[DECODE_CURSOR_MAX + 1];
};

// The page as a whole; `place` as in struct decode_result.
void mapper_fail(struct mapper *m, enum fault_code code, uint32_t line);
void mapper_fail_at(struct mapper *m, enum fault_code code, const char *place, uint32_t line);
// The next item. False when there are too many: the page has failed.
bool mapper_begin(struct mapper *m);
void mapper_fault(struct mapper *m, enum fault_code code, const char *pointer);
const char *mapper_pointer(enum mapping_field field); // "/victim/age"
// Is there anything but blanks and what means nothing?
bool mapper_has_meaning(const struct mapper *m, struct str raw);
// Leaves the item out if this is what the skip is about; absent: nothing is there.
void mapper_skip(struct mapper *m, size_t skip, struct str raw);
// The field as the page has it: nothing, one text, or several categories.
void mapper_take(struct mapper *m, enum mapping_field field, const struct str *raw, size_t count);
// For the trace only: something is there, but no text.
void mapper_note(struct mapper *m, enum mapping_field field, const char *what);
void mapper_end(struct mapper *m);
// Fails the page when a place that a rule names was not seen and may not be missing.
void mapper_check_places(struct mapper *m, uint32_t line);
void mapper_note_missing(struct mapper *m, const char *place, uint32_t line);

void mapping_read_json(struct mapper *m, struct str body);
void mapping_read_ndjson(struct mapper *m, struct str body);
void mapping_read_csv(struct mapper *m, struct str body);

#endif
