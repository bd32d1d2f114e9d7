// SPDX-License-Identifier: EUPL-1.2
// What a request or a polled page brought, as a commit wants it: codec/page.h decodes the content,
// and the batch's `plan` says what it means for the cursor of its source. A batch holds references
// of the tables it was made with, so that a reload does not change what is under way.
#include "ledger/batch.h"

#include "base/mem.h"
#include "template/template.h"

#include <stdlib.h>
#include <string.h>

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
    page_free(&batch->content);
    free(batch);
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
    if (!content->decoded.failed && batch->plan)
        batch->plan(batch);
    batch->task.items = content->item_count;
}
