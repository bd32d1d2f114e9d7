// SPDX-License-Identifier: EUPL-1.2
#include "ledger/batch.h"

#include "base/mem.h"
#include "base/pii/scrub.h"
#include "core/normalise/normalise.h"
#include "template/template.h"

#include <stdlib.h>
#include <string.h>

enum { HOUR_MS = 3600000, PAGE_ITEMS_MAX = 100000 };

static void decode(struct commit_task *task) {
    struct batch *batch = (struct batch *)task;
    batch_decode(batch, batch->options);
}

struct batch *batch_create(struct sources *sources, const struct source *source,
                           struct tables *tables, enum decode_format format, char *body,
                           size_t body_len) {
    struct batch *batch = mem_zalloc(1, sizeof *batch);
    batch->sources = sources_ref(sources);
    batch->source = source;
    batch->tables = tables_ref(tables);
    batch->format = format;
    batch->body = body;
    batch->body_len = batch->task.bytes = body_len;
    batch->task.prepare = decode;
    batch->task.run = ledger_take_delivery;
    return batch;
}

struct batch *batch_create_withdrawal(struct sources *sources, const struct source *source,
                                      struct tables *tables, const struct digest *identity,
                                      struct str id) {
    struct batch *batch = batch_create(sources, source, tables, DECODE_JSON, NULL, 0);
    struct signal *signal = mem_zalloc(1, sizeof *signal);
    signal->identity = *identity;
    signal->withdrawn = true;
    signal->cell.source_kind = (uint8_t)source->kind;
    memcpy(signal->id, id.data, id.len);
    signal->id_len = (uint8_t)id.len;
    batch->signals = signal;
    batch->items = mem_alloc(sizeof *batch->items);
    *batch->items = (struct batch_item){.identity = *identity, .refused = UINT32_MAX};
    batch->signal_count = batch->signal_cap = batch->item_count = batch->item_cap = 1;
    batch->decoded_as = (struct decode_result){.items = 1, .single = true, .fault = FAULT_COUNT};
    batch->task.prepare = NULL;
    return batch;
}

void batch_free(struct batch *batch) {
    if (!batch)
        return;
    sources_unref(batch->sources);
    tables_unref(batch->tables);
    mem_wipe_free(batch->body);
    free(batch->page.next);
    free(batch->signals);
    free(batch->items);
    free(batch->faults);
    free(batch->refused);
    free(batch->words);
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

static void add_refused(struct batch *batch, struct batch_item *item, const struct item *said,
                        const struct hash_key *key) {
    batch->refused =
        grow(batch->refused, batch->refused_count, &batch->refused_cap, sizeof *batch->refused);
    struct batch_refused *refused = &batch->refused[batch->refused_count];
    const struct fault *faults = batch->faults + item->fault_first;
    const struct str parts[] = {str_from(batch->source->name),
                                said->id,
                                said->reported,
                                said->municipality,
                                said->categories[0],
                                said->age,
                                said->birth_year,
                                said->status,
                                said->occurred,
                                str_from(fault_code_name(faults[0].code)),
                                str_from(faults[0].pointer)};
    hash_digest(key, "quarantine", parts, sizeof parts / sizeof parts[0], &refused->key);
    refused->id[0] = '\0';
    if (said->id.len <= BATCH_SAFE_ID_MAX &&
        scrub_is_case_number(said->id, str_from(batch->source->name))) {
        memcpy(refused->id, said->id.data, said->id.len);
        refused->id[said->id.len] = '\0';
    }
    item->refused = (uint32_t)batch->refused_count++;
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
                                .refused = UINT32_MAX,
                                .fault_first = (uint32_t)batch->fault_count};
    normalise_item(&decoding->context, &decoded->item, signal, &result);
    add_faults(batch, decoded->index, decoded->faults, decoded->fault_count);
    add_normaliser_faults(batch, decoded, &result);
    item->fault_count = (uint32_t)batch->fault_count - item->fault_first;
    if (item->fault_count) {
        if (batch->polled)
            add_refused(batch, item, &decoded->item, decoding->context.identity_key);
        return;
    }
    item->signal = (uint32_t)batch->signal_count++;
    item->identity = signal->identity;
    batch->unknown_fields += decoded->item.unknown_fields;
    for (uint32_t i = 0; i < signal->unknown_count; i++) {
        batch->words =
            grow(batch->words, batch->word_count, &batch->word_cap, sizeof *batch->words);
        batch->words[batch->word_count++] =
            (struct batch_word){item->signal, i, result.words[i].view};
    }
    batch->unknown_municipalities += result.municipality_unknown;
}

static bool is_further(const char *watermark, const char *than) {
    return watermark[0] &&
           (!than[0] || decode_cursor_compare(str_from(watermark), str_from(than)) > 0);
}

static void set_cursor(struct feed_record *feed, const char *cursor) {
    memcpy(feed->cursor, cursor, strlen(cursor) + 1);
    feed->etag[0] = feed->last_modified[0] = '\0';
}

// A watermark that is a day or a time to come is a slip (clocks differ by less than an hour): what
// lies before it would never be asked for.
static bool is_to_come(const char *watermark, int64_t received_ms) {
    int32_t day;
    int64_t ms;
    if (time_parse_date(str_from(watermark), &day))
        return day > time_amsterdam_day(received_ms) + 1;
    return time_parse_stamp(str_from(watermark), &ms) && ms > received_ms + HOUR_MS;
}

// What the page means for the cursor. Of pages whose items come in no order only the last may move
// it: an earlier page may hold the newest. An ETag belongs to a URL, of which the cursor is a part,
// and to a poll of one page.
static void finish_page(struct batch *batch) {
    struct batch_page *page = &batch->page;
    const struct template *template = batch->template;
    uint32_t count = batch->decoded_as.items + batch->excluded;
    page->more = page->next != NULL;
    if (template && template->paging == TEMPLATE_PAGING_NUMBER)
        page->more = count > 0 && count >= template->page_size;
    if (is_further(batch->decoded_as.cursor, page->watermark) &&
        !is_to_come(batch->decoded_as.cursor, batch->received_ms))
        memcpy(page->watermark, batch->decoded_as.cursor, strlen(batch->decoded_as.cursor) + 1);
    bool page_all_refused = batch->item_count > 0 && batch->signal_count == 0;
    if (!page->first || page->more || page_all_refused || page->hold)
        batch->feed.etag[0] = batch->feed.last_modified[0] = '\0';
    page->cut_off = template && page->window_end[0] && count >= template->window_items_max;
    // All refused: whatever is wrong, it is to be read again. Windows are, for as long as they are
    // re-read.
    bool stay = (page_all_refused || page->hold) && !page->window_end[0];
    if (page->window_end[0]) {
        if (!page->cut_off && !page->more && is_further(page->window_end, batch->feed.cursor))
            set_cursor(&batch->feed, page->window_end);
    } else if (!stay && (!page->more || (template && template->ordered)) &&
               is_further(page->watermark, batch->feed.cursor)) {
        set_cursor(&batch->feed, page->watermark);
        // Several pages in no order: while they were read items may have slipped from one to
        // another unseen. A poll that finds all of it known has seen a list that stood still.
        page->tentative = !page->first && !(template && template->ordered);
    }
}

static void decode_mapped(struct batch *batch, const struct decode_limits *limits,
                          struct decoding *decoding) {
    struct mapping_result result;
    mapping_decode(&batch->template->mapping, (struct str){batch->body, batch->body_len}, limits,
                   on_item, decoding, &result);
    batch->decoded_as = result.decoded;
    batch->excluded = result.excluded;
    if (result.next[0] && !batch->page.next)
        batch->page.next = mem_strdup(result.next);
}

static void decode_native(struct batch *batch, const struct decode_limits *limits,
                          struct decoding *decoding) {
    struct decode_options decode = {.format = batch->format,
                                    .limits = *limits,
                                    .cursor_field = str_from(batch->source->cursor_field)};
    decode_items((struct str){batch->body, batch->body_len}, &decode, on_item, decoding,
                 &batch->decoded_as);
    // A page is a list. One object is something else: an error, or another form than was thought.
    if (batch->polled && batch->decoded_as.single && !batch->decoded_as.failed) {
        batch->decoded_as.failed = true;
        batch->decoded_as.fault = FAULT_TYPE;
    }
}

void batch_decode(struct batch *batch, const struct batch_options *options) {
    const struct source *source = batch->source;
    struct decoding decoding = {.batch = batch,
                                .context = {.municipalities = batch->tables->municipalities,
                                            .categories = batch->tables->categories,
                                            .allowlist = batch->tables->allowlist,
                                            .identity_key = options->identity_key,
                                            .person_keys = options->person_keys,
                                            .source = str_from(source->name),
                                            .source_kind = source->kind,
                                            .source_municipality = source->municipality,
                                            .received_ms = batch->received_ms}};
    struct decode_limits limits = options->limits;
    if (batch->polled) // a page is bounded by its bytes
        limits.items_max = PAGE_ITEMS_MAX;
    if (batch->template && !batch->template->native)
        decode_mapped(batch, &limits, &decoding);
    else
        decode_native(batch, &limits, &decoding);
    mem_wipe_free(batch->body); // persons were in it
    batch->body = NULL;
    if (batch->decoded_as.failed)
        batch->item_count = batch->signal_count = batch->fault_count = batch->refused_count =
            batch->word_count = 0;
    else if (batch->has_feed)
        finish_page(batch);
    batch->task.items = batch->item_count;
}
