// SPDX-License-Identifier: EUPL-1.2
// What a request or a polled page brought, as a commit wants it: the content is decoded by
// codec/page.h; here stands what a page means for the cursor of its source. A batch holds
// references of the tables it was made with, so that a reload does not change what is under way.
#include "ledger/batch.h"

#include "base/mem.h"
#include "template/template.h"

#include <stdlib.h>
#include <string.h>

enum { HOUR_MS = 3600000 };

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
    struct page *content = &batch->content;
    content->signals = signal;
    content->items = mem_alloc(sizeof *content->items);
    *content->items = (struct page_item){.identity = *identity, .refused = UINT32_MAX};
    content->signal_count = content->signal_cap = content->item_count = content->item_cap = 1;
    content->decoded = (struct decode_result){.items = 1, .single = true, .fault = FAULT_COUNT};
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
    page_free(&batch->content);
    free(batch);
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
    const struct page *content = &batch->content;
    const struct template *template = batch->template;
    uint32_t count = content->decoded.items + content->excluded;
    page->more = page->next != NULL;
    if (template && template->paging == TEMPLATE_PAGING_NUMBER)
        page->more = count > 0 && count >= template->page_size;
    if (is_further(content->decoded.cursor, page->watermark) &&
        !is_to_come(content->decoded.cursor, batch->received_ms))
        memcpy(page->watermark, content->decoded.cursor, strlen(content->decoded.cursor) + 1);
    bool page_all_refused = content->item_count > 0 && content->signal_count == 0;
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

void batch_decode(struct batch *batch, const struct batch_options *options) {
    const struct source *source = batch->source;
    const struct template *template = batch->template;
    struct page *content = &batch->content;
    const struct page_options decode = {
        .mapping = template && !template->native ? &template->mapping : NULL,
        .format = batch->format,
        .cursor_field = str_from(source->cursor_field),
        .limits = options->limits,
        .polled = batch->polled,
        .context = {.municipalities = batch->tables->municipalities,
                    .categories = batch->tables->categories,
                    .allowlist = batch->tables->allowlist,
                    .identity_key = options->identity_key,
                    .person_keys = options->person_keys,
                    .source = str_from(source->name),
                    .source_kind = source->kind,
                    .source_municipality = source->municipality,
                    .received_ms = batch->received_ms}};
    page_decode(content, (struct str){batch->body, batch->body_len}, &decode);
    mem_wipe_free(batch->body); // persons were in it
    batch->body = NULL;
    if (!batch->page.next) {
        batch->page.next = content->next;
        content->next = NULL;
    }
    if (!content->decoded.failed && batch->has_feed)
        finish_page(batch);
    batch->task.items = content->item_count;
}
