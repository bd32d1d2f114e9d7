// SPDX-License-Identifier: EUPL-1.2
// What a request or a polled page brought, as a commit wants it: codec/page.h decodes the content,
// and the delivery's `plan` says what it means for the cursor of its source. A delivery holds
// references of the tables it was made with, so that a reload does not change what is under way.
#include "ingest/delivery.h"

#include "base/mem.h"
#include "codec/unpack.h"
#include "template/template.h"

#include <stdlib.h>
#include <string.h>

static void decode(struct commit_task *task) {
    struct delivery *delivery = (struct delivery *)task;
    delivery_decode(delivery, delivery->options);
}

struct delivery *delivery_create(struct sources *sources, const struct source *source,
                                 struct tables *tables, enum decode_format format, char *body,
                                 size_t body_len) {
    struct delivery *delivery = mem_zalloc(1, sizeof *delivery);
    delivery->sources = sources_ref(sources);
    delivery->source = source;
    delivery->tables = tables_ref(tables);
    delivery->format = format;
    delivery->body = body;
    delivery->body_len = delivery->task.bytes = body_len;
    delivery->task.prepare = decode;
    delivery->task.run = ledger_take_delivery;
    return delivery;
}

void delivery_set_polled(struct delivery *delivery, const struct feed_record *feed) {
    delivery->polled = true;
    delivery->poll = mem_zalloc(1, sizeof *delivery->poll);
    delivery->poll->feed = *feed;
}

struct delivery *delivery_create_withdrawal(struct sources *sources, const struct source *source,
                                            struct tables *tables, const struct digest *identity,
                                            struct str id) {
    struct delivery *delivery = delivery_create(sources, source, tables, DECODE_JSON, NULL, 0);
    struct signal *signal = mem_zalloc(1, sizeof *signal);
    signal->identity = *identity;
    signal->withdrawn = true;
    signal->cell.source_kind = (uint8_t)source->kind;
    memcpy(signal->id, id.data, id.len);
    signal->id_len = (uint8_t)id.len;
    struct page *content = &delivery->content;
    content->signals = signal;
    content->items = mem_alloc(sizeof *content->items);
    *content->items = (struct page_item){.identity = *identity, .refused = UINT32_MAX};
    content->signal_count = content->signal_cap = content->item_count = content->item_cap = 1;
    content->decoded = (struct decode_result){.items = 1, .single = true, .fault = FAULT_COUNT};
    delivery->task.prepare = NULL;
    return delivery;
}

void delivery_free(struct delivery *delivery) {
    if (!delivery)
        return;
    sources_unref(delivery->sources);
    tables_unref(delivery->tables);
    mem_wipe_free(delivery->body);
    mem_wipe_free(delivery->event);
    page_free(&delivery->content);
    free(delivery->poll);
    free(delivery->changes);
    free(delivery);
}

const struct mapping *delivery_mapping(const struct delivery *delivery) {
    const struct template *template = delivery->template;
    if (template && !template->native)
        return &template->mapping;
    return delivery->format == DECODE_TABLE ? mapping_own_table() : NULL;
}

// Packed signals are about so much shorter. It is small or large by what it becomes, but takes no
// more of the queue's room than what is just large.
void delivery_set_packed(struct delivery *delivery) {
    enum { SHORTER = 8, LARGE = 1 << 18 };
    struct commit_task *task = &delivery->task;
    delivery->packed = true;
    if (task->bytes < LARGE)
        task->bytes = task->bytes * SHORTER < LARGE ? task->bytes * SHORTER : (size_t)LARGE;
}

static bool unpack(struct delivery *delivery, size_t max) {
    char *body;
    size_t len;
    struct str packed = {delivery->body, delivery->body_len};
    enum unpack_end end = unpack_gzip(packed, max, &body, &len);
    if (end != UNPACK_GOOD) {
        delivery->content.decoded =
            (struct decode_result){.failed = true,
                                   .fault = end == UNPACK_TOO_LARGE ? FAULT_TOO_LONG : FAULT_SYNTAX,
                                   .place = "packed",
                                   .line = 1};
        return false;
    }
    mem_wipe_free(delivery->body);
    delivery->body = body;
    delivery->body_len = len;
    return true;
}

void delivery_decode(struct delivery *delivery, const struct delivery_options *options) {
    const struct source *source = delivery->source;
    struct page *content = &delivery->content;
    const struct page_options decode = {
        .mapping = delivery_mapping(delivery),
        .format = delivery->format,
        .charset = delivery->charset,
        .event = delivery->event,
        .event_source = str_from(source->event_source),
        .cursor_field = str_from(source->cursor_field),
        .limits = options->limits,
        .polled = delivery->polled,
        .ids = delivery->poll ? delivery->poll->ids : NULL,
        .page_number = delivery->poll ? delivery->poll->page : 0,
        .imported = delivery->imported,
        .allow_missing = delivery->allow_missing,
        .one_of_several = delivery->one_of_several,
        .preview = delivery->preview,
        .context = {.municipalities = delivery->tables->municipalities,
                    .categories = delivery->tables->categories,
                    .allowlist = delivery->tables->allowlist,
                    .identity_key = options->identity_key,
                    .person_keys = options->person_keys,
                    .source = str_from(source->name),
                    .source_kind = source->kind,
                    .source_person = source->person,
                    .source_municipality = source->municipality,
                    .received_ms = delivery->received_ms}};
    if (delivery->empty)
        content->decoded.fault = FAULT_COUNT;
    else if (!delivery->packed || unpack(delivery, options->unpacked_bytes_max))
        page_decode(content, (struct str){delivery->body, delivery->body_len}, &decode);
    mem_wipe_free(delivery->body); // persons were in it
    delivery->body = NULL;
    if (!content->decoded.failed && delivery->poll && delivery->poll->plan)
        delivery->poll->plan(delivery);
    delivery->task.items = content->item_count;
}
