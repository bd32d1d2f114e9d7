// SPDX-License-Identifier: EUPL-1.2
// Lays out a point for every period first and fills in the counts afterwards, so that a period
// without signals is a 0 and not a hole. A period that is not over is compared with nothing. The
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

bool trend_is_beyond_chance(int64_t before, int64_t now) {
    int64_t size = now < before ? before - now : now - before;
    if (size > INT32_MAX) // its square would be too large, and is more than any sum of two counts
        return true;
    return size * size > (before + now) * 2401 / 625; // 1.96 * 1.96
}

static void compare(const struct trend_point *before, struct trend_point *point) {
    point->compared = true;
    point->change = point->signals - before->signals;
    point->has_percent = trend_percent(before->signals, point->signals, &point->percent);
    point->beyond_chance = trend_is_beyond_chance(before->signals, point->signals);
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
            compare(&points[i - 1], &points[i]);
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
