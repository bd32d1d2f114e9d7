// SPDX-License-Identifier: EUPL-1.2
// CloudEvents: the first byte says whether the rest is headers, a line each as "name: value", or a
// body in structured mode or a batch. What is kept of an attribute is clean text within its limit,
// and an event that lacks what is required has a fault.
#include "codec/cloudevent.h"
#include "codec/decode.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds) {
    if (!holds)
        abort();
}

static void check_text(const struct cloudevent_text *kept, size_t max) {
    check(kept->len <= max && str_is_clean_utf8((struct str){kept->text, kept->len}));
}

static void check_event(const struct cloudevent *event) {
    check_text(&event->source, SIGNAL_SCOPE_MAX);
    check_text(&event->id, CLOUDEVENT_TEXT_MAX);
    check(event->fault_count || (event->source.len && event->id.len));
    for (size_t i = 0; i < event->fault_count; i++)
        check(!*event->faults[i].pointer || cloudevent_has_place(event->faults[i].pointer));
}

static void read_headers(struct str rest) {
    struct cloudevent event;
    struct str line, name;
    cloudevent_begin(&event);
    while (str_split(&rest, '\n', &line))
        if (str_split(&line, ':', &name))
            cloudevent_take_header(&event, name, line.data ? str_trim(line) : STR(""));
    cloudevent_end(&event);
    check_event(&event);
    cloudevent_release(&event);
}

static void on_item(void *ctx, const struct decode_item *item) {
    const struct item *said = &item->item;
    check(said->scope.len <= SIGNAL_SCOPE_MAX &&
          !(said->scope.len && memchr(said->scope.data, ' ', said->scope.len)));
    check(item->fault_count || (said->scope.len && said->id.len));
    ++*(uint32_t *)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct decode_result result;
    uint32_t items = 0;
    if (size == 0)
        return 0;
    struct str text = {(const char *)data + 1, size - 1};
    const struct decode_options options = {
        .format = data[0] & 1 ? DECODE_EVENT : DECODE_EVENTS,
        .limits = {.item_bytes_max = 600, .items_max = 20, .depth_max = 6}};
    if (data[0] & 2) {
        read_headers(text);
        return 0;
    }
    decode_items(text, &options, on_item, &items, &result);
    check(items == result.items);
    return 0;
}
