// SPDX-License-Identifier: EUPL-1.2
// CSV through a mapping. The first byte chooses encoding, separator and form of dates.
#include "codec/mapping.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_item(void *ctx, const struct decode_item *item) {
    if (item->item.category_count > SIGNAL_CATEGORIES_MAX || item->fault_count > DECODE_FAULTS_MAX)
        abort();
    *(uint32_t *)ctx += !item->excluded;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char separators[] = {0, ',', ';', '\t'};
    const struct decode_limits limits = {.item_bytes_max = 200, .items_max = 20, .depth_max = 1};
    if (size == 0)
        return 0;
    struct mapping mapping = {.format = MAPPING_CSV,
                              .latin1 = data[0] & 1,
                              .separator = separators[data[0] >> 1 & 3],
                              .dates = (enum mapping_dates)((data[0] >> 3) % MAPPING_DATES_COUNT),
                              .rules = {[MAPPING_ID] = {.from = "id"},
                                        [MAPPING_REPORTED] = {.from = "at"},
                                        [MAPPING_CATEGORY] = {.from = "c"},
                                        [MAPPING_WATERMARK] = {.from = "at"}},
                              .absent = {"-"},
                              .absent_count = 1,
                              .skips = {{"s", "x", MAPPING_IS_EQUAL}},
                              .skip_count = 1};
    struct mapping_result result;
    uint32_t items = 0;
    struct door door;
    if (!door_open((struct str){(const char *)data + 1, size - 1},
                   mapping.latin1 ? DOOR_LATIN1 : DOOR_UNSAID, &door))
        return 0;
    mapping_decode(&mapping, door.text, &limits, on_item, &items, &result);
    door_close(&door);
    if (items != result.decoded.items)
        abort();
    return 0;
}
