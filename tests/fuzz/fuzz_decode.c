// SPDX-License-Identifier: EUPL-1.2
// Native JSON and NDJSON. The first byte chooses.
#include "codec/decode.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_item(void *ctx, const struct decode_item *item) {
    uint32_t *items = ctx;
    if (item->index != *items || item->item.category_count > SIGNAL_CATEGORIES_MAX ||
        item->fault_count > DECODE_FAULTS_MAX)
        abort();
    ++*items;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    struct decode_options options = {
        .format = data[0] % 2 ? DECODE_NDJSON : DECODE_JSON,
        .limits = {.item_bytes_max = 400, .items_max = 20, .depth_max = 6},
        .cursor_field = STR("updated")};
    struct decode_result result;
    uint32_t items = 0;
    decode_items((struct str){(const char *)data + 1, size - 1}, &options, on_item, &items,
                 &result);
    if (!result.failed && items != result.items)
        abort();
    return 0;
}
