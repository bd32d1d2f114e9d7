// SPDX-License-Identifier: EUPL-1.2
// Lays out a point for every period first and fills in the counts afterwards, so that a period
// without signals is a 0 and not a hole. A period that is not over is compared with nothing. Is a
// change more than chance? That is summed term by term, so it is right for small numbers too. The
// trend owns its series and points; the answers are borrowed.
#include "core/cube/trend.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

bool trend_percent(int64_t before, int64_t now, int64_t *tenths) {
    if (before <= 0)
        return false;
    int64_t change = now - before;
    int64_t size = change < 0 ? -change : change;
    int64_t rounded = size / before * 1000 + (size % before * 2000 + before) / (2 * before);
    *tenths = change < 0 ? -rounded : rounded;
    return true;
}

// Adds the terms of a binomial from behind `mode` outwards, up or down, until nothing is left, in
// units of the term at `mode`. Also apart: those from `seen` on, if it is on this side.
static double add_terms(int64_t n, double odds, int64_t mode, bool up, int64_t seen, double *tail) {
    double weight = 1, sum = 0;
    for (int64_t k = mode; k != (up ? n : 0) && weight > 1e-18;) {
        weight *=
            up ? (double)(n - k) / (double)(k + 1) * odds : (double)k / (double)(n - k + 1) / odds;
        k += up ? 1 : -1;
        sum += weight;
        if (up ? seen > mode && k >= seen : seen < mode && k <= seen)
            *tail += weight;
    }
    return sum;
}

// Of n signals each falls into the later period with probability p. How likely it is that so few,
// or so many, do: twice the smaller tail.
static double binomial_test(int64_t n, int64_t seen, double p) {
    double odds = p / (1 - p), tail = 0;
    int64_t mode = (int64_t)((double)(n + 1) * p);
    double above = add_terms(n, odds, mode, true, seen, &tail);
    double below = add_terms(n, odds, mode, false, seen, &tail);
    if (seen == mode)
        tail = 1 + (above < below ? above : below);
    double twice = 2 * tail / (1 + above + below);
    return twice < 1 ? twice : 1;
}

static double share_of(uint32_t days_before, uint32_t days_now) {
    return (double)days_now / ((double)days_before + (double)days_now);
}

double trend_chance(int64_t before, int64_t now, uint32_t days_before, uint32_t days_now) {
    double p = binomial_test(before + now, now, share_of(days_before, days_now));
    return p > TREND_CHANCE_MIN ? p : TREND_CHANCE_MIN;
}

bool trend_is_beyond_chance(int64_t before, int64_t now, uint32_t days_before, uint32_t days_now) {
    static const double hoeffding = 1.8444397; // ln(2 / 0.05) / 2
    int64_t n = before + now;
    double p = share_of(days_before, days_now);
    double off = (double)now - (double)n * p;
    if (n < TREND_CARRIES_MIN)
        return false;
    // P(|X - np| >= d) is at most 2 exp(-2 d^2 / n): far out nothing has to be summed.
    if (off * off > hoeffding * (double)n)
        return true;
    if (n > TREND_SUMMED_MAX)
        return off * off > 1.96 * 1.96 * (double)n * p * (1 - p);
    return binomial_test(n, now, p) < 0.05;
}

static uint32_t days_of(uint16_t month, uint16_t step) {
    int32_t first, last;
    period_days(&(struct period){month, (uint16_t)(month + step)}, &first, &last);
    return (uint32_t)(last - first + 1);
}

static void compare(const struct trend_point *before, struct trend_point *point, uint16_t step) {
    point->compared = true;
    point->change = point->signals - before->signals;
    point->has_percent = trend_percent(before->signals, point->signals, &point->percent);
    point->beyond_chance = trend_is_beyond_chance(
        before->signals, point->signals, days_of(before->month, step), days_of(point->month, step));
}

// The first month of the line's period.
static bool month_of(const struct counts_line *line, size_t by_count, uint16_t *month) {
    struct period period;
    if (!period_parse(str_from(line->labels[by_count]), &period))
        return false;
    *month = period.from;
    return true;
}

// The first month of the first and of the last point. False when there is none.
static bool find_ends(const struct trend_question *question, const struct counts_answer *total,
                      uint16_t *first, uint16_t *last) {
    uint16_t step = question->by_month ? 1 : 12;
    if (period_has_end(&question->period)) {
        *first = (uint16_t)(question->period.from / step * step);
        *last = (uint16_t)((question->period.behind - 1) / step * step);
        return true;
    }
    if (!total->count || !month_of(&total->lines[0], 0, first) ||
        !month_of(&total->lines[total->count - 1], 0, last))
        return false;
    uint16_t present = (uint16_t)(question->present / step * step);
    if (*last < present)
        *last = present;
    return true;
}

static bool same_labels(const struct counts_line *a, const struct counts_line *b, size_t by_count) {
    return memcmp(a->labels, b->labels, by_count * COUNTS_LABEL_MAX) == 0;
}

static size_t count_series(const struct counts_answer *split, size_t by_count) {
    size_t count = split->count > 0 || by_count == 0;
    for (size_t i = 1; i < split->count; i++)
        count += !same_labels(&split->lines[i], &split->lines[i - 1], by_count);
    return count;
}

// Points of zero from `first` on.
static void lay_out(const struct trend_question *question, const struct trend *trend,
                    uint16_t first, struct trend_point *points) {
    for (size_t i = 0; i < trend->point_count; i++) {
        points[i].month = (uint16_t)(first + i * trend->step);
        points[i].partial = points[i].month + trend->step > question->present;
    }
}

static void put_line(const struct trend *trend, const struct counts_line *line, size_t by_count,
                     struct trend_point *points) {
    uint16_t month;
    if (!trend->point_count || !month_of(line, by_count, &month) || month < points[0].month)
        return;
    size_t at = (size_t)(month - points[0].month) / trend->step;
    if (at >= trend->point_count)
        return;
    points[at].signals = line->signals;
    points[at].persons = line->persons;
}

static void put_lines(const struct trend *trend, const struct counts_answer *split,
                      size_t by_count) {
    size_t at = 0;
    for (size_t i = 0; i < split->count; i++) {
        const struct counts_line *line = &split->lines[i];
        at += i > 0 && !same_labels(line, line - 1, by_count);
        memcpy(trend->series[at].labels, line->labels, by_count * COUNTS_LABEL_MAX);
        put_line(trend, line, by_count, trend->series[at].points);
    }
}

static void compare_all(const struct trend *trend, struct trend_point *points) {
    for (size_t i = 1; i < trend->point_count; i++)
        if (!points[i].partial)
            compare(&points[i - 1], &points[i], trend->step);
}

bool trend_make(const struct trend_question *question, const struct counts_answer *split,
                const struct counts_answer *total, struct trend *out) {
    uint16_t first = 0, last = 0;
    struct trend trend = {.step = question->by_month ? 1 : 12,
                          .count = count_series(split, question->by_count)};
    if (find_ends(question, total, &first, &last))
        trend.point_count = (size_t)(last - first) / trend.step + 1;
    if ((trend.count + 1) * trend.point_count > TREND_POINTS_MAX)
        return false;
    trend.series = mem_zalloc(trend.count, sizeof *trend.series);
    trend.total = mem_zalloc((trend.count + 1) * trend.point_count, sizeof *trend.total);
    for (size_t i = 0; i <= trend.count; i++)
        lay_out(question, &trend, first, trend.total + i * trend.point_count);
    for (size_t i = 0; i < trend.count; i++)
        trend.series[i].points = trend.total + (i + 1) * trend.point_count;
    for (size_t i = 0; i < total->count; i++)
        put_line(&trend, &total->lines[i], 0, trend.total);
    put_lines(&trend, split, question->by_count);
    for (size_t i = 0; i <= trend.count; i++)
        compare_all(&trend, trend.total + i * trend.point_count);
    *out = trend;
    return true;
}

void trend_free(struct trend *trend) {
    free(trend->series);
    free(trend->total);
    *trend = (struct trend){0};
}

void trend_label(const struct trend *trend, const struct trend_point *point,
                 char out[PERIOD_TEXT_MAX]) {
    period_format(&(struct period){point->month, (uint16_t)(point->month + trend->step)}, out);
}
