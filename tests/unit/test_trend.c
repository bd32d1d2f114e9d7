// SPDX-License-Identifier: EUPL-1.2
#include "core/cube/trend.h"

#include "core_tables.h"

enum { MONTH_2016 = 192, PRESENT = 18 * 12 + 5, TEXT_MAX = 2000 }; // the present is 2018-06

static struct municipalities *places;
static struct counts *counts;
static struct persons *persons;

static int set_up(void **state) {
    (void)state;
    places = tables_municipalities();
    counts = counts_create();
    persons = persons_create();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    municipalities_free(places);
    counts_free(counts);
    persons_free(persons);
    return 0;
}

static void put(uint16_t month, uint16_t municipality, unsigned categories, int64_t signals) {
    const struct cell cell = {
        .municipality = municipality, .month = month, .categories = (uint16_t)categories};
    counts_add(counts, &cell, signals);
}

enum { SEX = 1 << CATEGORY_SEXUAL_EXPLOITATION, WORK = 1 << CATEGORY_FORCED_LABOUR };

// The trend of what `query` asks, per year or month.
static bool make(const struct counts_query *query, bool by_month, struct trend *trend) {
    struct counts_query split_query = *query, total_query = *query;
    struct counts_answer split, total;
    enum dimension per = by_month ? DIM_MONTH : DIM_YEAR;
    split_query.by[split_query.by_count++] = per;
    total_query.by_count = 1;
    total_query.by[0] = per;
    counts_run(counts, persons, places, &split_query, &split);
    counts_run(counts, persons, places, &total_query, &total);
    const struct trend_question question = {.by_count = query->by_count,
                                            .by_month = by_month,
                                            .period = query->period,
                                            .present = PRESENT};
    bool made = trend_make(&question, &split, &total, trend);
    free(split.lines);
    free(total.lines);
    return made;
}

static size_t write_points(const struct trend *trend, const struct trend_point *points, char *out) {
    size_t at = 0;
    char label[PERIOD_TEXT_MAX];
    for (size_t i = 0; i < trend->point_count; i++) {
        const struct trend_point *point = &points[i];
        trend_label(trend, point, label);
        at += (size_t)sprintf(out + at, " %s=%lld", label, (long long)point->signals);
        if (point->partial)
            at += (size_t)sprintf(out + at, "~");
        if (point->compared)
            at += (size_t)sprintf(out + at, "(%+lld", (long long)point->change);
        if (point->has_percent)
            at += (size_t)sprintf(out + at, " %+lld", (long long)point->percent);
        if (point->compared)
            at += (size_t)sprintf(out + at, "%s)", point->beyond_chance ? "!" : "");
    }
    return at;
}

// "Label/Label 2016=34 2017=68(+34 +1000!) 2018=12~; … total …"
static void check(const struct counts_query *query, bool by_month, const char *expected) {
    char out[TEXT_MAX];
    size_t at = 0;
    struct trend trend;
    assert_true(make(query, by_month, &trend));
    for (size_t i = 0; i < trend.count; i++) {
        for (size_t b = 0; b < query->by_count; b++)
            at += (size_t)sprintf(out + at, "%s%s", b ? "/" : "", trend.series[i].labels[b]);
        at += write_points(&trend, trend.series[i].points, out + at);
        at += (size_t)sprintf(out + at, "; ");
    }
    at += (size_t)sprintf(out + at, "total");
    (void)write_points(&trend, trend.total, out + at);
    assert_string_equal(out, expected);
    trend_free(&trend);
}

static void did_it_double(void **state) {
    (void)state;
    counts_clear(counts);
    put(MONTH_2016 + 3, 363, SEX, 34);
    put(MONTH_2016 + 12, 363, SEX, 40);
    put(MONTH_2016 + 23, 14, SEX | WORK, 28);
    put(MONTH_2016 + 24, 363, SEX, 12);
    check(&(struct counts_query){0}, false,
          " 2016=34 2017=68(+34 +1000!) 2018=12~; total 2016=34 2017=68(+34 +1000!) 2018=12~");
    check(&(struct counts_query){.by = {DIM_CATEGORY}, .by_count = 1}, false,
          "ForcedLabour 2016=0 2017=28(+28!) 2018=0~; "
          "SexualExploitation 2016=34 2017=68(+34 +1000!) 2018=12~; "
          "total 2016=34 2017=68(+34 +1000!) 2018=12~");
    check(&(struct counts_query){.by = {DIM_CATEGORY, DIM_PROVINCE}, .by_count = 2}, false,
          "ForcedLabour/PV20 2016=0 2017=28(+28!) 2018=0~; "
          "SexualExploitation/PV20 2016=0 2017=28(+28!) 2018=0~; "
          "SexualExploitation/PV27 2016=34 2017=40(+6 +176) 2018=12~; "
          "total 2016=34 2017=68(+34 +1000!) 2018=12~");
    check(&(struct counts_query){.by = {DIM_PROVINCE},
                                 .by_count = 1,
                                 .filters = {{DIM_CATEGORY, "ForcedLabour"}},
                                 .filter_count = 1},
          false, "PV20 2017=28 2018=0~; total 2017=28 2018=0~");
}

static void there_are_no_gaps(void **state) {
    (void)state;
    counts_clear(counts);
    put(MONTH_2016 + 10, 363, SEX, 30);
    put(MONTH_2016 + 13, 363, SEX, 3);
    check(&(struct counts_query){.period = {MONTH_2016 + 12, MONTH_2016 + 15}}, true,
          " 2017-01=0 2017-02=3(+3) 2017-03=0(-3 -1000); "
          "total 2017-01=0 2017-02=3(+3) 2017-03=0(-3 -1000)");
    check(&(struct counts_query){.period = {MONTH_2016 - 12, MONTH_2016 + 24}}, false,
          " 2015=0 2016=30(+30!) 2017=3(-27 -900!); "
          "total 2015=0 2016=30(+30!) 2017=3(-27 -900!)");
}

// Who fell silent has no signals in the last periods.
static void it_goes_on_to_the_present(void **state) {
    (void)state;
    counts_clear(counts);
    put(PRESENT - 4, 363, SEX, 30);
    put(PRESENT - 2, 363, SEX, 3);
    check(&(struct counts_query){0}, true,
          " 2018-02=30 2018-03=0(-30 -1000!) 2018-04=3(+3) 2018-05=0(-3 -1000) 2018-06=0~; "
          "total 2018-02=30 2018-03=0(-30 -1000!) 2018-04=3(+3) 2018-05=0(-3 -1000) 2018-06=0~");
    put(PRESENT + 1, 363, SEX, 1); // reported before a clock was put back
    check(&(struct counts_query){.filters = {{DIM_MONTH, "2018-07"}}, .filter_count = 1}, true,
          " 2018-07=1~; total 2018-07=1~");
}

static void what_is_not_over_is_compared_with_nothing(void **state) {
    (void)state;
    counts_clear(counts);
    put(PRESENT - 1, 363, SEX, 5);
    put(PRESENT, 363, SEX, 9);
    check(&(struct counts_query){.period = {PRESENT - 2, PRESENT + 2}}, true,
          " 2018-04=0 2018-05=5(+5) 2018-06=9~ 2018-07=0~; "
          "total 2018-04=0 2018-05=5(+5) 2018-06=9~ 2018-07=0~");
    check(&(struct counts_query){.period = {MONTH_2016 + 12, MONTH_2016 + 48}}, false,
          " 2017=0 2018=14~ 2019=0~; total 2017=0 2018=14~ 2019=0~");
}

static void nothing_gives_nothing(void **state) {
    (void)state;
    counts_clear(counts);
    check(&(struct counts_query){0}, false, "; total");
    check(&(struct counts_query){.by = {DIM_GENDER}, .by_count = 1}, false, "total");
    check(&(struct counts_query){.by = {DIM_GENDER}, .by_count = 1, .period = {MONTH_2016, 204}},
          false, "total 2016=0");
    check(&(struct counts_query){.period = {MONTH_2016, 204}}, false, " 2016=0; total 2016=0");
}

static void persons_are_beside_their_signals(void **state) {
    struct trend trend;
    const struct cell cell = {.municipality = 363, .month = MONTH_2016, .categories = SEX};
    (void)state;
    counts_clear(counts);
    put(MONTH_2016, 363, SEX, 3);
    for (uint8_t i = 1; i <= 2; i++)
        persons_put(persons, 7, &(struct digest){{i}}, &cell);
    assert_true(make(&(struct counts_query){0}, false, &trend));
    assert_int_equal(trend.total[0].signals, 3);
    assert_int_equal(trend.total[0].persons, 2);
    assert_int_equal(trend.series[0].points[0].persons, 2);
    trend_free(&trend);
    for (uint8_t i = 1; i <= 2; i++)
        persons_remove(persons, 7, &(struct digest){{i}});
}

enum { SERIES = 19 }; // with the total 20

static bool fits(uint16_t months) {
    struct trend trend;
    const struct trend_question question = {
        .by_count = 1, .by_month = true, .period = {0, months}, .present = PRESENT};
    struct counts_line lines[SERIES] = {0}, sum = {.labels = {"2001-01"}, .signals = SERIES};
    for (size_t i = 0; i < SERIES; i++) {
        (void)sprintf(lines[i].labels[0], "GM%04zu", i);
        strcpy(lines[i].labels[1], "2001-01");
    }
    const struct counts_answer split = {.lines = lines, .count = SERIES};
    const struct counts_answer total = {.lines = &sum, .count = 1};
    bool made = trend_make(&question, &split, &total, &trend);
    if (made)
        trend_free(&trend);
    return made;
}

static void too_many_points_are_refused(void **state) {
    (void)state;
    assert_true(fits(TREND_POINTS_MAX / (SERIES + 1)));
    assert_false(fits(TREND_POINTS_MAX / (SERIES + 1) + 1));
}

static void percentages_are_rounded_half_away_from_zero(void **state) {
    static const struct {
        int64_t before, now, tenths;
    } cases[] = {
        {34, 68, 1000},
        {68, 34, -500},
        {34, 34, 0},
        {34, 0, -1000},
        {3, 4, 333},
        {3, 5, 667},
        {3, 2, -333},
        {3, 1, -667},
        {2000, 2001, 1},
        {2000, 1999, -1},
        {2001, 2002, 0},
        {2001, 2000, 0},
        {1, 1000, 999000},
        {16, 17, 63},
        {16, 15, -63},
        {800, 801, 1},
        {1LL << 50, 0, -1000},
        {1, 1LL << 50, ((1LL << 50) - 1) * 1000},
        {(1LL << 50) - 1, 1LL << 50, 0},
        {1LL << 49, 1LL << 50, 1000},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t tenths = -7;
        assert_true(trend_percent(cases[i].before, cases[i].now, &tenths));
        if (tenths != cases[i].tenths)
            fail_msg("%lld to %lld is %lld", (long long)cases[i].before, (long long)cases[i].now,
                     (long long)tenths);
    }
    int64_t tenths;
    assert_false(trend_percent(0, 5, &tenths));
    assert_false(trend_percent(0, 0, &tenths));
}

static void chance_has_its_limit(void **state) {
    static const struct {
        int64_t before, now;
        bool beyond;
    } cases[] = {
        // p by R's poisson.test(c(a, b))
        {34, 68, true}, // 0.00099
        {0, 3, false},
        {0, 4, false}, // 0.125
        {4, 0, false},
        {5, 0, false}, // 0.0625
        {0, 5, false},
        {0, 6, true}, // 0.03125
        {6, 0, true},
        {1, 7, false}, // 0.0703
        {1, 8, true},  // 0.0391
        {2, 9, false}, // 0.0654
        {10, 2, true}, // 0.0386
        {0, 0, false},
        {10, 21, false}, // 0.0708
        {10, 22, false}, // 0.0501
        {10, 23, true},  // 0.0351
        {100, 127, false},
        {100, 130, false}, // 0.0556
        {100, 131, true},  // 0.0476
        {20, 20, false},
        {21, 20, false},
        {288, 338, false}, // 0.0501
        {288, 339, true},
        {300, 350, false},
        {0, 1LL << 50, true},
        {1LL << 50, 1LL << 50, false},
        {1LL << 50, (1LL << 50) - (1LL << 26), false},
        {1LL << 50, (1LL << 50) - (1LL << 27), true},
        {1LL << 50, 0, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (trend_is_beyond_chance(cases[i].before, cases[i].now, 365, 365) != cases[i].beyond)
            fail_msg("%lld to %lld", (long long)cases[i].before, (long long)cases[i].now);
}

// Every term by itself, from the binomial's definition.
static long double naive(unsigned before, unsigned now, long double p) {
    unsigned n = before + now;
    long double low = 0, high = 0;
    for (unsigned k = 0; k <= n; k++) {
        long double term = 1;
        for (unsigned i = 1; i <= k; i++)
            term = term * (n - k + i) / i * p * (i <= n - k ? 1 - p : 1);
        for (unsigned i = k; i < n - k; i++)
            term *= 1 - p;
        low += k <= now ? term : 0;
        high += k >= now ? term : 0;
    }
    long double twice = 2 * (low < high ? low : high);
    return twice < 1 ? twice : 1;
}

static void chance_is_summed_exactly(void **state) {
    static const unsigned days[][2] = {{365, 365}, {366, 365}, {28, 31}, {31, 28}, {31, 30}};
    (void)state;
    for (size_t d = 0; d < COUNT(days); d++)
        for (unsigned a = 0; a < 45; a++)
            for (unsigned b = 0; b < 45; b++) {
                double p = (double)naive(a, b, (long double)days[d][1] / (days[d][0] + days[d][1]));
                bool beyond = a + b >= TREND_CARRIES_MIN && p < 0.05;
                double off = trend_chance(a, b, days[d][0], days[d][1]) / p - 1;
                if (trend_is_beyond_chance(a, b, days[d][0], days[d][1]) != beyond || off > 1e-9 ||
                    off < -1e-9)
                    fail_msg("%u to %u in %u and %u days", a, b, days[d][0], days[d][1]);
            }
}

// Where the sum ends and its limit begins, 1.96 standard deviations decide on both sides.
static void large_numbers_meet_their_limit(void **state) {
    int64_t half = TREND_SUMMED_MAX / 2, root = 16384;
    (void)state;
    for (int64_t n = half - 1; n <= half + 1; n++) {
        assert_false(trend_is_beyond_chance(n - root * 195 / 200, n + root * 195 / 200, 1, 1));
        assert_true(trend_is_beyond_chance(n - root * 197 / 200, n + root * 197 / 200, 1, 1));
    }
}

static void next_to_no_chance_is_told_as_that(void **state) {
    (void)state;
    assert_true(trend_chance(0, 49, 365, 365) > TREND_CHANCE_MIN); // 2^-48
    assert_true(trend_chance(0, 60, 365, 365) == TREND_CHANCE_MIN);
    assert_true(trend_chance(1000, 1000000, 365, 365) == TREND_CHANCE_MIN);
    assert_true(trend_chance(50, 50, 365, 365) == 1);
}

static void a_longer_period_may_have_more(void **state) {
    (void)state;
    assert_true(trend_is_beyond_chance(100, 131, 31, 31));
    assert_false(trend_is_beyond_chance(100, 131, 28, 31));
    assert_false(trend_is_beyond_chance(280, 310, 28, 31));
    assert_true(trend_is_beyond_chance(310, 250, 28, 31));
    assert_false(trend_is_beyond_chance(310, 250, 31, 28));
    assert_false(trend_is_beyond_chance(5, 0, 28, 31)); // too few to carry anything
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(did_it_double),
        cmocka_unit_test(there_are_no_gaps),
        cmocka_unit_test(it_goes_on_to_the_present),
        cmocka_unit_test(what_is_not_over_is_compared_with_nothing),
        cmocka_unit_test(nothing_gives_nothing),
        cmocka_unit_test(persons_are_beside_their_signals),
        cmocka_unit_test(too_many_points_are_refused),
        cmocka_unit_test(percentages_are_rounded_half_away_from_zero),
        cmocka_unit_test(chance_has_its_limit),
        cmocka_unit_test(chance_is_summed_exactly),
        cmocka_unit_test(next_to_no_chance_is_told_as_that),
        cmocka_unit_test(large_numbers_meet_their_limit),
        cmocka_unit_test(a_longer_period_may_have_more),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
