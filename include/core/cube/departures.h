// SPDX-License-Identifier: EUPL-1.2
// Where the last twelve closed months differ from the twelve before by more than chance explains:
// for the country and each province, police unit and safety region, and each form of exploitation.
// A municipality is no such region: few have enough signals in two years to say anything, and so
// many tests more would hide what the larger regions show. What is of an unknown place or form is
// not tested by itself: it would tell of the tables, not of the world.
//
// Tested is what carries a test: a region and a form with TREND_CARRIES_MIN signals in both periods
// together. That looks at the sum only, which the test supposes as given, so it favours no outcome.
// Of many tests some come out by chance: so p is adjusted for how many there were (Benjamini and
// Hochberg, Journal of the Royal Statistical Society B 57, 1995), and of what departs at
// DEPARTURES_Q at most that share is expected to be chance. It holds for tests that lean the same
// way together (Benjamini and Yekutieli, Annals of Statistics 29, 2001), as a region and the
// country around it do.
#ifndef CORE_CUBE_DEPARTURES_H
#define CORE_CUBE_DEPARTURES_H

#include "core/cube/trend.h"

enum { DEPARTURES_MONTHS = 12 };
#define DEPARTURES_Q 0.05 // the level that a trend is told at
#define DEPARTURES_Q_TEXT "0.05"

struct departure {            // a region and a form that were tested
    enum dimension dimension; // of the region; DIM_COUNT: the country
    char region[COUNTS_LABEL_MAX];
    char name[MUNICIPALITY_TEXT_MAX + 1]; // "" where the tables have none
    enum category category;
    struct departure_side {
        int64_t signals;
        uint32_t municipalities; // of today, about which any signal was reported in the region
    } before, now;
    double p, adjusted;
};

struct departures {
    uint16_t closed;        // the last month of the later period, as in struct cell
    struct departure *list; // country, provinces, police units, safety regions; by label and form.
                            // The caller frees it
    size_t count;
};

// In steps: all cells, in any order, then the end. `municipalities` is borrowed until then; `today`
// is the day by which municipalities are counted. Months are as in struct cell.
struct departing;
struct departing *departing_begin(const struct municipalities *municipalities, uint16_t closed,
                                  int32_t today);
void departing_add(struct departing *departing, const struct cell *cell, int64_t number);
void departing_end(struct departing *departing, struct departures *out); // frees it
void departing_free(struct departing *departing);                        // NULL is fine

const char *departure_kind(enum dimension dimension); // "country", else its dimension_name
bool departure_is_more(const struct departure *departure);
// Of so many tests, p by p.
void departures_adjust(const double *p, size_t count, double *adjusted);

#endif
