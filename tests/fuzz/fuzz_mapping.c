// SPDX-License-Identifier: EUPL-1.2
// Foreign JSON and NDJSON through mappings of every kind. The first byte chooses.
#include "codec/mapping.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mapping mappings[] = {
    {.items = "/r",
     .next = "/l/n",
     .rules = {[MAPPING_ID] = {.from = "/id"},
               [MAPPING_REPORTED] = {.from = "/at"},
               [MAPPING_CATEGORY] = {.from = "/c/0", .constant = "x"},
               [MAPPING_WITHDRAWN] = {.from = "/s", .words = {{"a", "true"}}, .word_count = 1},
               [MAPPING_WATERMARK] = {.from = "/at"}},
     .absent = {"*****"},
     .absent_count = 1,
     .skips = {{"/p", "true", MAPPING_IS_EQUAL}},
     .skip_count = 1},
    {.items = "",
     .dates = MAPPING_DATES_EPOCH,
     .rules = {[MAPPING_ID] = {.from = "/a~1b"},
               [MAPPING_REPORTED] = {.from = "/at"},
               [MAPPING_CATEGORY] = {.from = "/c"},
               [MAPPING_AGE] = {.from = "/v/age"},
               [MAPPING_WATERMARK] = {.from = "/n"}}},
    {.items = "/0/x",
     .next = "/1",
     .dates = MAPPING_DATES_EXCEL,
     .rules = {[MAPPING_ID] = {.from = ""}, [MAPPING_OCCURRED] = {.from = "/at"}}},
    {.items = "/r",
     .utc = true,
     .rules = {[MAPPING_ID] = {.from = "/id", .others = {"/l[n=id]/v", "/l[n=b]/v"}},
               [MAPPING_CATEGORY] = {.from = "/c", .others = {"/l[n=c]/v"}, .split = ' '},
               [MAPPING_GENDER] = {.from = "/l[n=7]/l[n=g]/v"}},
     .absent = {"?"},
     .absent_count = 1,
     .skips = {{"/p", NULL, MAPPING_IS_PRESENT}, {"/l[n=id]", NULL, MAPPING_IS_ABSENT}},
     .skip_count = 2},
};

static void on_item(void *ctx, const struct decode_item *item) {
    if (item->item.category_count > SIGNAL_CATEGORIES_MAX || item->fault_count > DECODE_FAULTS_MAX)
        abort();
    *(uint32_t *)ctx += !item->excluded;
}

static void on_trace(void *ctx, const struct mapping_trace *trace) {
    *(uint32_t *)ctx += !trace->excluded;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct decode_limits limits = {.item_bytes_max = 400, .items_max = 20, .depth_max = 6};
    if (size == 0)
        return 0;
    struct str body = {(const char *)data + 1, size - 1};
    struct mapping mapping = mappings[data[0] / 4 % (sizeof mappings / sizeof *mappings)];
    struct mapping_result result, traced;
    uint32_t items = 0, traces = 0;
    mapping.format = data[0] % 4 == 3 ? MAPPING_NDJSON : MAPPING_JSON;
    mapping_decode_about(&mapping, body, &limits, &(struct mapping_about){.single = true}, on_item,
                         &items, &result);
    mapping_decode_traced(&mapping, body, &limits, on_trace, &traces, &traced);
    if (items != result.decoded.items || traces != items ||
        traced.decoded.failed != result.decoded.failed)
        abort();
    return 0;
}
