// SPDX-License-Identifier: EUPL-1.2
// A sheet as a converter may write it, through the whole path of a table. Tidying changes neither
// where the records are nor what is in their cells, dates and line breaks aside.
#include "codec/mapping.h"
#include "ctl/import/record_splitter.h"
#include "ctl/sheet/sheet_private.h"

#include "base/csv/csv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char first_line[] = "sep=;\n";

static bool count_cells(void *ctx, const struct csv_record *record) {
    size_t *counts = ctx;
    counts[0]++;
    counts[1] += record->count;
    for (size_t i = 0; i < record->count; i++)
        counts[2] += record->cells[i].len;
    return true;
}

static bool count_all(struct str csv, size_t counts[3]) {
    const struct csv_options options = {.separator = ';', .record_bytes_max = 1 << 20};
    uint32_t line;
    memset(counts, 0, 3 * sizeof *counts);
    return csv_read(csv, &options, count_cells, counts, &line);
}

static void ignore_item(void *ctx, const struct decode_item *item) {
    *(uint32_t *)ctx += !item->excluded;
}

static void map(struct str csv) {
    static const struct mapping mapping = {.format = MAPPING_CSV,
                                           .separator = ';',
                                           .dates = MAPPING_DATES_EXCEL,
                                           .rules = {[MAPPING_ID] = {.from = "id"},
                                                     [MAPPING_REPORTED] = {.from = "at"},
                                                     [MAPPING_CATEGORY] = {.from = "c"}}};
    const struct decode_limits limits = {.item_bytes_max = 200, .items_max = 20, .depth_max = 1};
    struct mapping_result result;
    uint32_t items = 0;
    mapping_decode(&mapping, csv, &limits, ignore_item, &items, &result);
    if (items != result.decoded.items)
        abort();
}

// As import cuts it: each record is a line.
static void split(struct str csv) {
    struct record_splitter splitter;
    struct record_splitter_record record;
    if (record_splitter_init(&splitter, csv, true) != RECORD_SPLITTER_RECORD)
        return;
    while (record_splitter_next(&splitter, &record) == RECORD_SPLITTER_RECORD)
        for (size_t i = 0; i + 2 < record.bytes.len; i++)
            if (record.bytes.data[i] == '\n')
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t before[3], after[3], first = sizeof first_line - 1;
    char *csv = malloc(first + size);
    if (!csv)
        return 0;
    memcpy(csv, first_line, first);
    if (size)
        memcpy(csv + first, data, size);
    struct str all = {csv, first + size};
    bool whole = count_all(all, before);
    (void)sheet_tidy(csv + first, size);
    if (count_all(all, after) != whole || (whole && memcmp(before, after, 2 * sizeof *before) != 0))
        abort();
    if (whole)
        split(all);
    map(all);
    free(csv);
    return 0;
}
