// SPDX-License-Identifier: EUPL-1.2
// A region has the municipalities that were there on one day: so each of its people is counted once
// in every year, whatever merged since. A municipality by itself keeps its own number, also in a
// year in which it ended. Nothing is owned.
#include "core/cube/inhabitants.h"

#include <inttypes.h>
#include <stdio.h>

enum { FIRST_YEAR = 2000 };

static int32_t last_day(uint16_t month) {
    unsigned next = month + 1u;
    return time_day_from_civil((int)(FIRST_YEAR + next / 12), (int)(next % 12 + 1), 1) - 1;
}

// The digits of "GM0363", "PV27" or "VR13"; 0: it has none.
static uint64_t number_of(struct str label) {
    uint64_t number = 0;
    if (label.len > 2 &&
        !str_to_u64((struct str){label.data + 2, label.len - 2}, UINT16_MAX, &number))
        number = 0;
    return number;
}

static bool lies_in(const struct municipality *m, enum dimension d, struct str label,
                    uint64_t number) {
    switch (d) {
    case DIM_COUNT:
        return true;
    case DIM_PROVINCE:
        return number == m->province;
    case DIM_SAFETY_REGION:
        return number == m->safety_region;
    default:
        return d == DIM_POLICE_UNIT && str_is(label, m->police_unit);
    }
}

uint64_t inhabitants_of(const struct municipalities *municipalities, enum dimension d,
                        struct str label, uint16_t month) {
    const int32_t day = last_day(month);
    const uint64_t number = number_of(label);
    uint64_t sum = 0;
    if (d == DIM_MUNICIPALITY) {
        const struct municipality *m = municipalities_by_code(municipalities, (uint16_t)number);
        return m ? m->inhabitants : 0;
    }
    for (size_t i = 0; i < municipalities_count(municipalities); i++) {
        const struct municipality *m = municipalities_at(municipalities, i);
        if (m->valid_from <= day && day <= m->valid_to && lies_in(m, d, label, number))
            sum += m->inhabitants;
    }
    return sum;
}

// What a line is of, as a dimension and its label.
struct line_part {
    enum dimension dimension;
    struct str label;
};

static struct line_part part_of(const struct counts_query *query, const char *labels, size_t i) {
    if (i < query->by_count)
        return (struct line_part){query->by[i], str_from(labels + i * COUNTS_LABEL_MAX)};
    const struct counts_filter *filter = &query->filters[i - query->by_count];
    return (struct line_part){filter->dimension, str_from(filter->value)};
}

uint64_t inhabitants_of_line(const struct municipalities *municipalities,
                             const struct counts_query *query, const char *labels,
                             uint16_t present) {
    struct line_part region = {DIM_COUNT, {NULL, 0}};
    struct period own = query->period;
    size_t wide = 0;
    for (size_t i = 0; i < query->by_count + query->filter_count; i++) {
        const struct line_part part = part_of(query, labels, i);
        if (part.dimension == DIM_YEAR || part.dimension == DIM_MONTH)
            (void)period_parse(part.label, &own);
        if (part.dimension > DIM_SAFETY_REGION)
            continue;
        wide += part.dimension != DIM_MUNICIPALITY;
        if (part.dimension < region.dimension)
            region = part;
    }
    if (region.dimension != DIM_MUNICIPALITY && wide > 1)
        return 0;
    const uint16_t month = own.behind ? (uint16_t)(own.behind - 1) : present;
    return inhabitants_of(municipalities, region.dimension, region.label, month);
}

void inhabitants_rate(int64_t signals, uint64_t inhabitants, char decimal,
                      char out[INHABITANTS_RATE_MAX]) {
    out[0] = '\0';
    if (!inhabitants)
        return;
    uint64_t tenths = ((uint64_t)signals * INHABITANTS_PER * 10 + inhabitants / 2) / inhabitants;
    (void)snprintf(out, INHABITANTS_RATE_MAX, "%" PRIu64 "%c%" PRIu64, tenths / 10, decimal,
                   tenths % 10);
}
