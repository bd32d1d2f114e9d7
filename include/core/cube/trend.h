// SPDX-License-Identifier: EUPL-1.2
// Counts by period, without gaps, each compared with the period before: "did it double?".
#ifndef CORE_CUBE_TREND_H
#define CORE_CUBE_TREND_H

#include "core/cube/counts.h"

// Below a base of 20 one signal more or less moves the percentage by more than 5 points.
enum { TREND_BY_MAX = COUNTS_BY_MAX - 1, TREND_SMALL_BASE = 20, TREND_POINTS_MAX = 200000 };

struct trend_question {
    size_t by_count;      // dimensions before the period, at most TREND_BY_MAX
    bool by_month;        // a point for each month; else one for each year
    struct period period; // of the first to the last point; zeroed: from the first with a signal to
                          // the present one, so that a silence at the end shows
    uint16_t present;     // this month: it, its year and what comes later are not over
};

struct trend_point {
    uint16_t month; // the first of its period
    bool partial;   // the period is not over, so it is compared with nothing
    bool compared;  // with the period before: what follows is set
    bool has_percent;
    bool beyond_chance; // see trend_is_beyond_chance
    int64_t signals, persons;
    int64_t change;  // in signals
    int64_t percent; // in tenths: 1000 is +100 %
};

struct trend {
    struct trend_series {
        char labels[TREND_BY_MAX][COUNTS_LABEL_MAX];
        struct trend_point *points; // point_count
    } * series; // sorted by their labels; without dimensions one, alike the total
    size_t count;
    struct trend_point *total;
    size_t point_count; // 0: no signals, and no period was asked for
    uint16_t step;      // months in a point
};

// `split` is what counts_run says by the dimensions and then year or month, `total` by year or
// month alone; without dimensions they are the same. False when there would be more than
// TREND_POINTS_MAX points in all.
bool trend_make(const struct trend_question *question, const struct counts_answer *split,
                const struct counts_answer *total, struct trend *out) MUST_CHECK;
void trend_free(struct trend *trend);
// "2017" or "2017-03".
void trend_label(const struct trend *trend, const struct trend_point *point,
                 char out[PERIOD_TEXT_MAX]);

// From `before` to `now` in tenths of a percent, half away from zero. False when `before` is 0.
// Both, here and below, from 0 to 2^50.
bool trend_percent(int64_t before, int64_t now, int64_t *tenths);
// Is the change larger than chance alone gives in 95 of 100 cases? The exact test of two Poisson
// counts over periods of so many days: given their sum, `now` is binomial (Przyborowski and
// Wilenski, Biometrika 31, 1940); twice the smaller tail. It supposes that signals come
// independently of each other. Fewer than TREND_CARRIES_MIN in both together carry nothing. Above
// TREND_SUMMED_MAX the normal distribution stands for it: there they are the same in four digits.
enum { TREND_CARRIES_MIN = 6, TREND_SUMMED_MAX = 1 << 28 };
bool trend_is_beyond_chance(int64_t before, int64_t now, uint32_t days_before, uint32_t days_now);
// How often chance alone would give so large a change, by the same test; always summed, in time
// that grows with the root of the counts. Less than TREND_CHANCE_MIN is told as that.
#define TREND_CHANCE_MIN 1e-15
double trend_chance(int64_t before, int64_t now, uint32_t days_before, uint32_t days_now);

#endif
