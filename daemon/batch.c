// SPDX-License-Identifier: EUPL-1.2
#include "batch.h"

#include "base/mem.h"
#include "core/normalise.h"

#include <stdlib.h>
#include <string.h>

struct batch *batch_create(struct sources *sources, const struct source *source,
                           struct tables *tables, enum decode_format format, char *body,
                           size_t body_len) {
    struct batch *batch = mem_zalloc(1, sizeof *batch);
    batch->sources = sources_take(sources);
    batch->source = source;
    batch->tables = tables_take(tables);
    batch->format = format;
    batch->body = body;
    batch->body_len = body_len;
    return batch;
}

void batch_free(struct batch *batch) {
    if (!batch)
        return;
    sources_drop(batch->sources);
    tables_drop(batch->tables);
    free(batch->body);
    free(batch->signals);
    free(batch->items);
    free(batch->faults);
    free(batch);
}

// Room for one more element. Batches of one are the rule, so start small.
static void *grow(void *list, size_t count, size_t *cap, size_t size) {
    if (count < *cap)
        return list;
    *cap = *cap ? *cap * 2 : 1;
    return mem_resize(list, *cap, size);
}

static void add_faults(struct batch *batch, uint32_t index, const struct fault *faults,
                       size_t count) {
    for (size_t i = 0; i < count; i++) {
        batch->faults =
            grow(batch->faults, batch->fault_count, &batch->fault_cap, sizeof *batch->faults);
        batch->faults[batch->fault_count] = faults[i];
        batch->faults[batch->fault_count++].index = index;
    }
}

// The normaliser's faults but for fields that the decoder has already complained of: to the
// normaliser a field of the wrong type is absent, and "missing" would mislead.
static void add_normaliser_faults(struct batch *batch, const struct decode_item *decoded,
                                  const struct normalise_result *result) {
    for (size_t i = 0; i < result->fault_count; i++) {
        bool told = false;
        for (size_t k = 0; k < decoded->fault_count; k++)
            told = told || decoded->faults[k].pointer[0] == '\0' ||
                   strcmp(decoded->faults[k].pointer, result->faults[i].pointer) == 0;
        if (!told)
            add_faults(batch, decoded->index, &result->faults[i], 1);
    }
}

struct decoding {
    struct batch *batch;
    struct normalise_context context;
};

static void on_item(void *ctx, const struct decode_item *decoded) {
    struct decoding *decoding = ctx;
    struct batch *batch = decoding->batch;
    struct normalise_result result;
    batch->items = grow(batch->items, batch->item_count, &batch->item_cap, sizeof *batch->items);
    batch->signals =
        grow(batch->signals, batch->signal_count, &batch->signal_cap, sizeof *batch->signals);
    struct batch_item *item = &batch->items[batch->item_count++];
    struct signal *signal = &batch->signals[batch->signal_count];
    *item = (struct batch_item){.verdict = VERDICT_REFUSED,
                                .signal = UINT32_MAX,
                                .fault_first = (uint32_t)batch->fault_count};
    normalise_item(&decoding->context, &decoded->item, signal, &result);
    add_faults(batch, decoded->index, decoded->faults, decoded->fault_count);
    add_normaliser_faults(batch, decoded, &result);
    item->fault_count = (uint32_t)batch->fault_count - item->fault_first;
    if (item->fault_count)
        return;
    item->signal = (uint32_t)batch->signal_count++;
    item->identity = signal->identity;
    batch->unknown_fields += decoded->item.unknown_fields;
    batch->unknown_words += result.unknown_words;
    batch->unknown_municipalities += result.municipality_unknown;
}

// An ETag belongs to a URL, and the cursor is part of it: with another cursor the old ETag means
// nothing.
static void move_cursor(struct feed_record *feed, const char *mark) {
    if (mark[0] == '\0' ||
        (feed->cursor[0] && decode_cursor_compare(str_from(mark), str_from(feed->cursor)) <= 0))
        return;
    memcpy(feed->cursor, mark, strlen(mark) + 1);
    feed->etag[0] = feed->last_modified[0] = '\0';
}

void batch_decode(struct batch *batch, const struct batch_options *options) {
    const struct source *source = batch->source;
    struct decode_options decode = {.format = batch->format,
                                    .limits = options->limits,
                                    .cursor_field = str_from(source->cursor_field)};
    struct decoding decoding = {.batch = batch,
                                .context = {.municipalities = batch->tables->municipalities,
                                            .categories = batch->tables->categories,
                                            .identity_key = options->identity_key,
                                            .source = str_from(source->name),
                                            .source_kind = source->kind,
                                            .source_municipality = source->municipality,
                                            .received_ms = batch->received_ms}};
    decode_items((struct str){batch->body, batch->body_len}, &decode, on_item, &decoding,
                 &batch->decoded_as);
    free(batch->body);
    batch->body = NULL;
    if (batch->decoded_as.failed)
        batch->item_count = batch->signal_count = batch->fault_count = 0;
    else if (batch->has_feed)
        move_cursor(&batch->feed, batch->decoded_as.cursor);
}
