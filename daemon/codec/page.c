// SPDX-License-Identifier: EUPL-1.2
// From the bytes of a request or a polled page to signals and faults. Each item of the body becomes
// one entry of `items`, in order; an item that has a fault has no signal. The daemon and
// `signaalctl try` both decode here, so that a trial shows what would happen. The page owns its
// lists.
#include "codec/page.h"

#include "base/mem.h"
#include "base/pii/scrub.h"
#include "codec/cloudevent.h"
#include "page_private.h"

#include <stdlib.h>
#include <string.h>

enum { POLLED_ITEMS_MAX = 100000 };

struct decoding {
    struct page *page;
    const struct page_options *options;
};

// Where the sender sees it: the fields of a signal stand in the data of its event.
static void place_in_event(struct fault *fault) {
    static const char data[] = "/data";
    size_t len = strlen(fault->pointer), more = sizeof data - 1;
    if (len == 0 || len + more >= sizeof fault->pointer || cloudevent_has_place(fault->pointer))
        return;
    memmove(fault->pointer + more, fault->pointer, len + 1);
    memcpy(fault->pointer, data, more);
}

void page_add_faults(struct page *page, const struct page_item *item, const struct fault *faults,
                     size_t count) {
    for (size_t i = 0; i < count; i++) {
        page->faults =
            mem_grow(page->faults, page->fault_count, &page->fault_cap, sizeof *page->faults);
        page->faults[page->fault_count] = faults[i];
        if (page->in_events)
            place_in_event(&page->faults[page->fault_count]);
        page->faults[page->fault_count].index = item->index;
        page->faults[page->fault_count++].line = item->line;
    }
}

// The normaliser's faults but for fields that the decoder has already complained of: to the
// normaliser a field of the wrong type is absent, and "missing" would mislead.
static void add_normaliser_faults(struct page *page, const struct page_item *item,
                                  const struct decode_item *decoded,
                                  const struct normalise_result *result) {
    for (size_t i = 0; i < result->fault_count; i++) {
        bool told = false;
        for (size_t k = 0; k < decoded->fault_count; k++)
            told = told || decoded->faults[k].pointer[0] == '\0' ||
                   strcmp(decoded->faults[k].pointer, result->faults[i].pointer) == 0;
        if (!told)
            page_add_faults(page, item, &result->faults[i], 1);
    }
}

struct page_refused *page_add_refused(struct page *page, struct page_item *item) {
    page->refused =
        mem_grow(page->refused, page->refused_count, &page->refused_cap, sizeof *page->refused);
    item->refused = (uint32_t)page->refused_count++;
    return &page->refused[item->refused];
}

static void add_refused(struct page *page, struct page_item *item, const struct item *said,
                        const struct normalise_context *context) {
    struct page_refused *refused = page_add_refused(page, item);
    const struct fault *faults = page->faults + item->fault_first;
    const struct str parts[] = {context->source,
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
    hash_digest(context->identity_key, "quarantine", parts, sizeof parts / sizeof parts[0],
                &refused->key);
    refused->id[0] = '\0';
    if (said->id.len <= PAGE_SAFE_ID_MAX && scrub_is_case_number(said->id, context->source)) {
        memcpy(refused->id, said->id.data, said->id.len);
        refused->id[said->id.len] = '\0';
    }
}

static bool is_named(const struct digest *identity) {
    static const struct digest none;
    return !digest_equal(identity, &none);
}

// Of a signal that is taken back only id and time mean anything, as here.
static void add_left_out(struct page *page, const struct decode_item *decoded,
                         const struct normalise_context *context) {
    struct item taken_back = decoded->item;
    struct signal signal;
    struct normalise_result result;
    taken_back.withdrawn = true;
    normalise_item(context, &taken_back, &signal, &result);
    if (!is_named(&signal.identity))
        return;
    page->left_out =
        mem_grow(page->left_out, page->left_out_count, &page->left_out_cap, sizeof *page->left_out);
    page->left_out[page->left_out_count++] = (struct page_left_out){
        signal.identity, signal.updated_ms, signal.updated_upto_ms, decoded->index, decoded->line};
}

static void on_item(void *ctx, const struct decode_item *decoded) {
    struct decoding *decoding = ctx;
    struct page *page = decoding->page;
    const struct page_options *options = decoding->options;
    struct normalise_result result;
    if (decoded->excluded) {
        add_left_out(page, decoded, &options->context);
        return;
    }
    page->items = mem_grow(page->items, page->item_count, &page->item_cap, sizeof *page->items);
    page->signals =
        mem_grow(page->signals, page->signal_count, &page->signal_cap, sizeof *page->signals);
    struct page_item *item = &page->items[page->item_count++];
    struct signal *signal = &page->signals[page->signal_count];
    *item = (struct page_item){.verdict = VERDICT_REFUSED,
                               .signal = UINT32_MAX,
                               .refused = UINT32_MAX,
                               .fault_first = (uint32_t)page->fault_count,
                               .index = decoded->index,
                               .line = decoded->line,
                               .dropped = decoded->item.unknown_fields};
    if (page->places && !options->mapping)
        places_see_item(page->places, &decoded->item);
    normalise_item(&options->context, &decoded->item, signal, &result);
    page_add_faults(page, item, decoded->faults, decoded->fault_count);
    add_normaliser_faults(page, item, decoded, &result);
    item->fault_count = (uint32_t)page->fault_count - item->fault_first;
    item->identity = signal->identity;
    if (item->fault_count) {
        page->nameless += !is_named(&item->identity);
        if (options->polled)
            add_refused(page, item, &decoded->item, &options->context);
        return;
    }
    item->signal = (uint32_t)page->signal_count++;
    item->dropped += result.person_dropped;
    memcpy(&item->content, signal->content.bytes, sizeof item->content);
    item->content ^= signal->withdrawn;
    item->unmapped = signal->unknown_count;
    item->place_unmapped = result.municipality_unknown;
    item->undated = !signal->withdrawn && str_trim(decoded->item.reported).len == 0;
    for (uint32_t i = 0; i < signal->unknown_count; i++) {
        page->unmapped = mem_grow(page->unmapped, page->unmapped_count, &page->unmapped_cap,
                                  sizeof *page->unmapped);
        page->unmapped[page->unmapped_count++] =
            (struct page_word){item->signal, i, result.words[i].view};
    }
}

static void decode_mapped(struct page *page, struct str body, const struct decode_limits *limits,
                          struct decoding *decoding) {
    struct mapping_result result;
    const struct page_options *options = decoding->options;
    const struct mapping_about about = {.own_place = options->context.source_municipality !=
                                                     MUNICIPALITY_UNKNOWN,
                                        .single = !options->polled,
                                        .places = page->places};
    mapping_decode_about(options->mapping, body, limits, &about, on_item, decoding, &result);
    page->decoded = result.decoded;
    page->excluded = result.excluded;
    page->told = result.told;
    page->hint = result.hint;
    if (result.next[0])
        page->next = mem_strdup(result.next);
}

static void decode_native(struct page *page, struct str body, const struct decode_limits *limits,
                          struct decoding *decoding) {
    const struct page_options *options = decoding->options;
    const struct decode_options decode = {.format = options->format,
                                          .limits = *limits,
                                          .cursor_field = options->cursor_field,
                                          .event = options->event,
                                          .event_source = options->event_source,
                                          .places = page->places};
    decode_items(body, &decode, on_item, decoding, &page->decoded);
    // A page is a list. One object is something else: an error, or another form than was thought.
    if (options->polled && page->decoded.single && !page->decoded.failed) {
        page->decoded.failed = true;
        page->decoded.fault = FAULT_TYPE;
        page->decoded.place = "items";
    }
}

// What the operator wrote goes before what a server says of all it sends.
static enum door_charset charset_of(const struct page_options *options) {
    return options->mapping && options->mapping->latin1 ? DOOR_LATIN1 : options->charset;
}

// What is posted in our own form is dated by its receipt when it says nothing.
static bool needs_dates(const struct page_options *options) {
    if (options->allow_missing || !(options->mapping || options->polled || options->imported))
        return false;
    return !options->mapping || !options->mapping->may_be_missing[MAPPING_REPORTED];
}

bool page_has_others(const struct page *page, uint64_t *items) {
    uint64_t here = (uint64_t)page->item_count + page->excluded;
    *items = page->told > here ? page->told - here : 0;
    return page->next || page->hint || *items;
}

bool page_is_round(uint32_t count) {
    uint32_t digits = count;
    while (digits > 0 && digits % 10 == 0)
        digits /= 10;
    return count >= 50 && (digits == 1 || digits == 2 || digits == 25 || digits == 5);
}

bool page_is_doubtful(const struct page *page) {
    uint64_t others;
    return !page->by_line && page->told == 0 && !page_has_others(page, &others) &&
           page_is_round((uint32_t)page->item_count + page->excluded);
}

// Who imports a saved page takes it for all there is.
static void check_whole(struct page *page, const struct page_options *options) {
    uint64_t others;
    struct decode_result *decoded = &page->decoded;
    if (decoded->failed || !options->imported || options->one_of_several ||
        !page_has_others(page, &others))
        return;
    decoded->failed = true;
    decoded->fault = FAULT_OTHER_PAGES;
    decoded->more = others < UINT32_MAX ? (uint32_t)others : UINT32_MAX;
}

static void decode_page(struct page *page, struct str body, const struct page_options *options) {
    struct decoding decoding = {page, options};
    struct decode_limits limits = options->limits;
    struct door door;
    if (options->polled || options->imported)
        limits.items_max = POLLED_ITEMS_MAX;
    if (!door_open(body, charset_of(options), &door))
        page->decoded = (struct decode_result){
            .failed = true, .fault = FAULT_FORM, .place = "", .form = door.form, .line = 1};
    else if (options->mapping)
        decode_mapped(page, door.text, &limits, &decoding);
    else
        decode_native(page, door.text, &limits, &decoding);
    door_close(&door);
    check_whole(page, options);
    if (page->decoded.failed)
        page->item_count = page->signal_count = page->fault_count = page->refused_count =
            page->unmapped_count = page->left_out_count = 0;
}

void page_decode(struct page *page, struct str body, const struct page_options *options) {
    struct page_options chosen = *options;
    struct mapping relaxed;
    chosen.context.date_needed = needs_dates(options);
    page->by_line = options->mapping ? options->mapping->format != MAPPING_JSON
                                     : options->format == DECODE_NDJSON;
    page->in_events =
        !options->mapping && (options->format == DECODE_EVENT || options->format == DECODE_EVENTS);
    if (options->preview)
        page->places = mem_zalloc(1, sizeof *page->places);
    if (options->mapping && options->allow_missing) {
        mapping_relax(options->mapping, &relaxed);
        chosen.mapping = &relaxed;
    }
    decode_page(page, body, &chosen);
    struct page_ids *ids = options->ids ? options->ids : page_ids_create();
    page_ids_check(ids, page, options->page_number,
                   options->polled ? options->context.identity_key : NULL);
    if (!options->ids)
        page_ids_free(ids);
}

struct page_tally page_add_up(const struct page *page) {
    struct page_tally tally = {0};
    for (size_t i = 0; i < page->item_count; i++) {
        const struct page_item *item = &page->items[i];
        if (item->signal == UINT32_MAX)
            continue;
        tally.good++;
        tally.dropped += item->dropped;
        tally.unmapped += item->unmapped;
        tally.places_unmapped += item->place_unmapped;
        tally.undated += item->undated;
    }
    return tally;
}

void page_free(struct page *page) {
    free(page->signals);
    free(page->items);
    free(page->faults);
    free(page->refused);
    free(page->left_out);
    free(page->unmapped);
    free(page->next);
    free(page->places);
}
