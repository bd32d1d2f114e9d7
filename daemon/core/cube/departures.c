// SPDX-License-Identifier: EUPL-1.2
// One pass over the cells adds each to the regions that its municipality lies in, by form and by
// period; then each sum that is large enough is tested, and the tests are weighed together. A
// region is found by its label, as the table of municipalities has it, so a municipality that
// moved between regions counts where it lies now. What begins owns its sums until the end.
#include "core/cube/departures.h"

#include "base/mem.h"
#include "counts_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODES = UINT16_MAX + 1, PERIODS = 2, NOWHERE = UINT16_MAX };

static const enum dimension dimensions[] = {DIM_PROVINCE, DIM_POLICE_UNIT, DIM_SAFETY_REGION};
enum { DIMENSIONS = sizeof dimensions / sizeof *dimensions };

struct region {
    enum dimension dimension;
    char label[COUNTS_LABEL_MAX];
    const char *name; // borrowed; NULL: none
    int64_t signals[CATEGORY_COUNT][PERIODS];
    uint32_t municipalities[PERIODS];
};

struct departing {
    const struct municipalities *municipalities;
    uint16_t closed;
    int32_t today;
    struct region *regions; // the country first
    size_t count, cap;
    uint16_t places[DIMENSIONS][CODES]; // municipality -> its region
    int64_t seen[CODES][PERIODS];       // signals about a municipality of today
};

static uint16_t find_region(struct departing *departing, enum dimension dimension,
                            const char label[COUNTS_LABEL_MAX], const char *name) {
    for (size_t i = 0; i < departing->count; i++)
        if (departing->regions[i].dimension == dimension &&
            memcmp(departing->regions[i].label, label, COUNTS_LABEL_MAX) == 0)
            return (uint16_t)i;
    departing->regions =
        mem_grow(departing->regions, departing->count, &departing->cap, sizeof *departing->regions);
    struct region *region = &departing->regions[departing->count];
    *region = (struct region){.dimension = dimension, .name = name};
    memcpy(region->label, label, COUNTS_LABEL_MAX);
    return (uint16_t)departing->count++;
}

static const char *name_of(enum dimension dimension, const struct municipality *m) {
    if (dimension == DIM_PROVINCE)
        return m->province_name;
    return dimension == DIM_POLICE_UNIT ? m->police_unit : NULL;
}

static void place_municipality(struct departing *departing, size_t d,
                               const struct municipality *m) {
    char label[COUNTS_LABEL_MAX];
    dimension_label(dimensions[d], m->code, departing->municipalities, label);
    departing->places[d][m->code] =
        find_region(departing, dimensions[d], label, name_of(dimensions[d], m));
}

struct departing *departing_begin(const struct municipalities *municipalities, uint16_t closed,
                                  int32_t today) {
    static const char country[COUNTS_LABEL_MAX] = "NL";
    struct departing *departing = mem_zalloc(1, sizeof *departing);
    departing->municipalities = municipalities;
    departing->closed = closed;
    departing->today = today;
    (void)find_region(departing, DIM_COUNT, country, "Nederland");
    memset(departing->places, 0xff, sizeof departing->places);
    for (size_t i = 0; i < municipalities_count(municipalities); i++)
        for (size_t d = 0; d < DIMENSIONS; d++)
            place_municipality(departing, d, municipalities_at(municipalities, i));
    return departing;
}

// 1 for the later period, 0 for the one before; PERIODS for none.
static int period_of(const struct departing *departing, const struct cell *cell) {
    int ago = departing->closed - cell->month;
    if (ago < 0 || ago >= PERIODS * DEPARTURES_MONTHS)
        return PERIODS;
    return ago < DEPARTURES_MONTHS;
}

static void add_to(struct region *region, const struct cell *cell, int period, int64_t number) {
    for (int c = 0; c < CATEGORY_COUNT; c++)
        if (cell->categories >> c & 1)
            region->signals[c][period] += number;
}

void departing_add(struct departing *departing, const struct cell *cell, int64_t number) {
    const struct municipalities *all = departing->municipalities;
    int period = period_of(departing, cell);
    if (period == PERIODS || !cell_counts(cell))
        return;
    add_to(&departing->regions[0], cell, period, number);
    for (size_t d = 0; d < DIMENSIONS; d++) {
        uint16_t place = departing->places[d][cell->municipality];
        if (place != NOWHERE)
            add_to(&departing->regions[place], cell, period, number);
    }
    const struct municipality *m = municipalities_successor(
        all, municipalities_by_code(all, cell->municipality), departing->today);
    if (m)
        departing->seen[m->code][period] += number;
}

static void count_municipalities(struct departing *departing) {
    for (size_t i = 0; i < municipalities_count(departing->municipalities); i++) {
        uint16_t code = municipalities_at(departing->municipalities, i)->code;
        for (int period = 0; period < PERIODS; period++) {
            bool seen = departing->seen[code][period] > 0;
            departing->regions[0].municipalities[period] += seen;
            for (size_t d = 0; d < DIMENSIONS; d++)
                departing->regions[departing->places[d][code]].municipalities[period] += seen;
        }
    }
}

static uint32_t days_of(const struct departing *departing, uint16_t back) {
    uint16_t behind = (uint16_t)(departing->closed + 1 - back);
    int32_t first, last;
    period_days(&(struct period){(uint16_t)(behind - DEPARTURES_MONTHS), behind}, &first, &last);
    return (uint32_t)(last - first + 1);
}

static void test_region(const struct departing *departing, const struct region *region,
                        struct departures *out, size_t *cap) {
    for (int c = 0; c < CATEGORY_COUNT; c++) {
        int64_t before = region->signals[c][0], now = region->signals[c][1];
        if (c == CATEGORY_UNKNOWN || before + now < TREND_CARRIES_MIN)
            continue;
        out->list = mem_grow(out->list, out->count, cap, sizeof *out->list);
        struct departure *departure = &out->list[out->count++];
        *departure = (struct departure){.dimension = region->dimension,
                                        .category = (enum category)c,
                                        .before = {before, region->municipalities[0]},
                                        .now = {now, region->municipalities[1]}};
        memcpy(departure->region, region->label, sizeof departure->region);
        (void)snprintf(departure->name, sizeof departure->name, "%s",
                       region->name ? region->name : "");
        departure->p =
            trend_chance(before, now, days_of(departing, DEPARTURES_MONTHS), days_of(departing, 0));
    }
}

static int by_place(const void *a, const void *b) {
    const struct departure *x = a, *y = b;
    int kinds = (x->dimension != DIM_COUNT) - (y->dimension != DIM_COUNT);
    if (kinds)
        return kinds;
    if (x->dimension != y->dimension)
        return x->dimension < y->dimension ? -1 : 1;
    int labels = memcmp(x->region, y->region, sizeof x->region);
    return labels ? labels : (int)x->category - (int)y->category;
}

static void adjust(const struct departures *all) {
    double *p = mem_alloc(2 * all->count * sizeof *p), *adjusted = p + all->count;
    for (size_t i = 0; i < all->count; i++)
        p[i] = all->list[i].p;
    departures_adjust(p, all->count, adjusted);
    for (size_t i = 0; i < all->count; i++)
        all->list[i].adjusted = adjusted[i];
    free(p);
}

void departing_end(struct departing *departing, struct departures *out) {
    size_t cap = 0;
    *out = (struct departures){.closed = departing->closed};
    count_municipalities(departing);
    // No day is before 2000, so neither is a period.
    if (departing->closed + 1 >= PERIODS * DEPARTURES_MONTHS)
        for (size_t i = 0; i < departing->count; i++)
            test_region(departing, &departing->regions[i], out, &cap);
    if (out->count) {
        qsort(out->list, out->count, sizeof *out->list, by_place);
        adjust(out);
    }
    departing_free(departing);
}

void departing_free(struct departing *departing) {
    if (departing)
        free(departing->regions);
    free(departing);
}

const char *departure_kind(enum dimension dimension) {
    return dimension == DIM_COUNT ? "country" : dimension_name(dimension);
}

bool departure_is_more(const struct departure *departure) {
    return departure->now.signals > departure->before.signals;
}

struct ranked_p {
    double p;
    size_t at;
};

static int by_p(const void *a, const void *b) {
    const struct ranked_p *x = a, *y = b;
    return (x->p > y->p) - (x->p < y->p);
}

// From the largest p down each is at most what the one above it became.
void departures_adjust(const double *p, size_t count, double *adjusted) {
    struct ranked_p *ranks = mem_zalloc(count, sizeof *ranks);
    double least = 1;
    for (size_t i = 0; i < count; i++)
        ranks[i] = (struct ranked_p){p[i], i};
    if (count)
        qsort(ranks, count, sizeof *ranks, by_p);
    for (size_t i = count; i > 0; i--) {
        double scaled = ranks[i - 1].p * (double)count / (double)i;
        least = scaled < least ? scaled : least;
        adjusted[ranks[i - 1].at] = least;
    }
    free(ranks);
}
