// SPDX-License-Identifier: EUPL-1.2
// One pass over the cells adds each to its place in every margin.
#include "core/cube/statistics.h"

#include "base/mem.h"
#include "counts_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BY_MAX = 3, CODES = UINT16_MAX + 1, FIRST_YEAR = 2000 };

static const struct margin {
    enum dimension period; // DIM_YEAR or DIM_MONTH
    size_t by_count;
    enum dimension by[BY_MAX]; // a category stands last
} margins[] = {
    {DIM_YEAR, 0, {0}},
    {DIM_YEAR, 1, {DIM_CATEGORY}},
    {DIM_YEAR, 1, {DIM_PROVINCE}},
    {DIM_YEAR, 1, {DIM_POLICE_UNIT}},
    {DIM_YEAR, 1, {DIM_SAFETY_REGION}},
    {DIM_YEAR, 1, {DIM_MUNICIPALITY}},
    {DIM_YEAR, 1, {DIM_GENDER}},
    {DIM_YEAR, 1, {DIM_AGE_GROUP}},
    {DIM_YEAR, 1, {DIM_CITIZENSHIP}},
    {DIM_YEAR, 1, {DIM_SOURCE_KIND}},
    {DIM_YEAR, 2, {DIM_PROVINCE, DIM_CATEGORY}},
    {DIM_YEAR, 2, {DIM_POLICE_UNIT, DIM_CATEGORY}},
    {DIM_YEAR, 3, {DIM_GENDER, DIM_CITIZENSHIP, DIM_CATEGORY}},
    {DIM_YEAR, 3, {DIM_GENDER, DIM_FOREIGN, DIM_CATEGORY}},
    {DIM_MONTH, 0, {0}},
    {DIM_MONTH, 1, {DIM_CATEGORY}},
};
enum {
    MARGINS = sizeof margins / sizeof *margins,
    MUNICIPALITIES = MARGINS, // how many municipalities signalled, by year
};

// Where a sum is kept, in a cube of sums: that compares its cells as bytes only.
struct sum_place {
    uint16_t margin, period, values[BY_MAX];
    uint16_t unused;
};
static_assert(sizeof(struct sum_place) == sizeof(struct cell), "a place takes a cell's room");

struct making {
    const struct statistics_options *options;
    // By dimension of regions: municipality -> the first one in the table that is in the same
    // region; MUNICIPALITY_UNKNOWN for what is not in the table.
    uint16_t *regions[DIM_COUNT];
    struct counts *sums;
    struct counts *seen; // the municipalities that signalled, by year
    struct statistics *statistics;
    size_t cap;
};

static bool is_region(enum dimension d) {
    return d == DIM_MUNICIPALITY || d == DIM_PROVINCE || d == DIM_POLICE_UNIT ||
           d == DIM_SAFETY_REGION;
}

static uint16_t *map_regions(enum dimension d, const struct municipalities *all) {
    uint16_t *map = mem_zalloc(CODES, sizeof *map);
    size_t count = municipalities_count(all);
    char(*labels)[COUNTS_LABEL_MAX] = mem_zalloc(count, sizeof *labels);
    for (size_t i = 0; i < count; i++) {
        size_t first = 0;
        uint16_t code = municipalities_at(all, i)->code;
        dimension_label(d, code, all, labels[i]);
        while (memcmp(labels[first], labels[i], sizeof labels[i]) != 0)
            first++;
        map[code] = municipalities_at(all, first)->code;
    }
    free(labels);
    return map;
}

static void add(struct counts *sums, const struct sum_place *place, int64_t number) {
    struct cell cell;
    memcpy(&cell, place, sizeof cell);
    counts_add(sums, &cell, number);
}

static void add_to_margin(struct making *making, uint16_t m, const struct cell *cell,
                          int64_t number) {
    const struct margin *margin = &margins[m];
    struct sum_place place = {.margin = m, .period = dimension_value(margin->period, cell)};
    bool by_category = false;
    for (size_t i = 0; i < margin->by_count; i++) {
        enum dimension d = margin->by[i];
        by_category = d == DIM_CATEGORY;
        if (!by_category)
            place.values[i] =
                is_region(d) ? making->regions[d][cell->municipality] : dimension_value(d, cell);
    }
    if (!by_category)
        add(making->sums, &place, number);
    for (uint16_t c = 0; by_category && c < CATEGORY_COUNT; c++) {
        place.values[margin->by_count - 1] = c;
        if (cell->categories >> c & 1)
            add(making->sums, &place, number);
    }
}

static void see_municipality(struct making *making, const struct cell *cell, int64_t number) {
    const struct municipalities *all = making->options->municipalities;
    const struct municipality *m = municipalities_successor(
        all, municipalities_by_code(all, cell->municipality), making->options->today);
    if (m && cell->source_kind == SOURCE_MUNICIPALITY)
        add(making->seen,
            &(struct sum_place){.margin = MUNICIPALITIES,
                                .period = dimension_value(DIM_YEAR, cell),
                                .values = {m->code}},
            number);
}

static void on_cell(void *ctx, const struct cell *cell, int64_t number) {
    struct making *making = ctx;
    if (number == 0 || !cell_counts(cell) || cell->month > making->options->closed)
        return;
    for (uint16_t m = 0; m < MARGINS; m++)
        add_to_margin(making, m, cell, number);
    see_municipality(making, cell, number);
}

// A label is the operator's own text where it is a region's.
static void put_label(struct making *making, enum dimension d, uint16_t value, char *key) {
    char label[COUNTS_LABEL_MAX];
    size_t len = strlen(key);
    dimension_label(d, value, making->options->municipalities, label);
    for (char *c = label; *c; c++)
        if (*c == '/')
            *c = '-';
    (void)snprintf(key + len, STATISTIC_KEY_MAX - len, "/%s=%s", dimension_name(d), label);
}

static void on_sum(void *ctx, const struct cell *cell, int64_t sum) {
    static const struct margin years = {DIM_YEAR, 0, {0}};
    struct making *making = ctx;
    struct statistics *statistics = making->statistics;
    struct sum_place place;
    memcpy(&place, cell, sizeof place);
    int64_t count = sum - sum % making->options->rounding_base;
    if (count <= 0)
        return;
    statistics->list =
        mem_grow(statistics->list, statistics->count, &making->cap, sizeof *statistics->list);
    struct statistic *statistic = &statistics->list[statistics->count++];
    const struct margin *margin = place.margin == MUNICIPALITIES ? &years : &margins[place.margin];
    *statistic = (struct statistic){.count = count};
    (void)strcpy(statistic->key, place.margin == MUNICIPALITIES ? "municipalities" : "signals");
    put_label(making, margin->period, place.period, statistic->key);
    for (size_t i = 0; i < margin->by_count; i++)
        put_label(making, margin->by[i], place.values[i], statistic->key);
}

// Each that was seen in a year is one.
static void on_seen(void *ctx, const struct cell *cell, int64_t sum) {
    struct making *making = ctx;
    struct sum_place place;
    memcpy(&place, cell, sizeof place);
    place.values[0] = 0;
    if (sum > 0)
        add(making->sums, &place, 1);
}

static int compare(const void *a, const void *b) {
    return memcmp(((const struct statistic *)a)->key, ((const struct statistic *)b)->key,
                  STATISTIC_KEY_MAX);
}

void statistics_make(const struct counts *counts, const struct statistics_options *options,
                     struct statistics *statistics) {
    struct making making = {.options = options,
                            .sums = counts_create(),
                            .seen = counts_create(),
                            .statistics = statistics};
    *statistics = (struct statistics){0};
    for (int d = 0; d < DIM_COUNT; d++)
        if (is_region((enum dimension)d))
            making.regions[d] = map_regions((enum dimension)d, options->municipalities);
    counts_each(counts, on_cell, &making);
    counts_each(making.seen, on_seen, &making);
    counts_each(making.sums, on_sum, &making);
    if (statistics->count)
        qsort(statistics->list, statistics->count, sizeof *statistics->list, compare);
    counts_free(making.sums);
    counts_free(making.seen);
    for (int d = 0; d < DIM_COUNT; d++)
        free(making.regions[d]);
}

bool statistics_has_margin(enum dimension period, uint32_t by) {
    for (size_t m = 0; m < MARGINS; m++) {
        uint32_t bits = 0;
        for (size_t i = 0; i < margins[m].by_count; i++)
            bits |= 1u << margins[m].by[i];
        if (margins[m].period == period && bits == by)
            return true;
    }
    return false;
}

uint16_t statistics_closed_month(int32_t day) {
    int month = time_month_of_day(day) - 12 * FIRST_YEAR - 1;
    return month > 0 ? (uint16_t)month : 0;
}

struct cell statistics_plain(const struct cell *cell) {
    return (struct cell){.municipality = cell->municipality,
                         .categories = cell->categories,
                         .month = cell->month,
                         .source_kind = cell->source_kind};
}

struct more_and_less {
    int64_t more, less;
};

static void weigh(void *ctx, const struct cell *cell, int64_t number) {
    struct more_and_less *sums = ctx;
    (void)cell;
    if (number > 0)
        sums->more += number;
    else
        sums->less -= number;
}

// A signal adds at most one somewhere and takes at most one away elsewhere.
int64_t statistics_changes(const struct counts *difference) {
    struct more_and_less sums = {0, 0};
    counts_each(difference, weigh, &sums);
    return sums.more > sums.less ? sums.more : sums.less;
}
