// SPDX-License-Identifier: EUPL-1.2
// Statistics that may be told outside: each is the floor of an exact margin that the counts give
// too.
#include "core/cube/statistics.h"

#include "core_tables.h"

#include <stdlib.h>

enum { RESOLUTION = 10, TEXT = 16384 };
enum { BIT_SEXUAL = 1 << CATEGORY_SEXUAL_EXPLOITATION, BIT_LABOUR = 1 << CATEGORY_FORCED_LABOUR };

static const struct cell weesp = {.municipality = 457,
                                  .categories = BIT_SEXUAL,
                                  .month = 16 * 12 + 2,
                                  .gender = GENDER_MASCULINE};
static const struct cell amsterdam = {.municipality = 363,
                                      .categories = BIT_SEXUAL | BIT_LABOUR,
                                      .month = 16 * 12 + 3,
                                      .source_kind = SOURCE_COA};
static const struct cell nowhere = {.categories = BIT_LABOUR, .month = 17 * 12};

static struct municipalities *municipalities;
static struct statistics_options options;

static int set_up(void **state) {
    (void)state;
    municipalities = tables_municipalities();
    options = (struct statistics_options){.municipalities = municipalities,
                                          .today = time_day_from_civil(2026, 11, 25),
                                          .closed = 20 * 12,
                                          .rounding_base = RESOLUTION};
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    municipalities_free(municipalities);
    return 0;
}

// "key=count\n" of each.
static void show(const struct counts *counts, char out[TEXT]) {
    struct statistics statistics;
    size_t at = 0;
    statistics_make(counts, &options, &statistics);
    out[0] = '\0';
    for (size_t i = 0; i < statistics.count; i++)
        at += (size_t)snprintf(out + at, TEXT - at, "%s=%" PRId64 "\n", statistics.list[i].key,
                               statistics.list[i].count);
    free(statistics.list);
}

static struct counts *cube(int64_t weesps, int64_t amsterdams, int64_t nowheres) {
    struct counts *counts = counts_create();
    counts_add(counts, &weesp, weesps);
    counts_add(counts, &amsterdam, amsterdams);
    counts_add(counts, &nowhere, nowheres);
    return counts;
}

static void assert_shown(struct counts *counts, const char *expected) {
    char shown[TEXT];
    show(counts, shown);
    assert_string_equal(shown, expected);
    counts_free(counts);
}

static void margins_are_floored_on_their_own(void **state) {
    (void)state;
    assert_shown(cube(9, 9, 9), "signals/year=2016=10\n"
                                "signals/year=2016/ageGroup=Unknown=10\n"
                                "signals/year=2016/category=SexualExploitation=10\n"
                                "signals/year=2016/citizenship=Unknown=10\n"
                                "signals/year=2016/province=PV27=10\n"
                                "signals/year=2016/province=PV27/category=SexualExploitation=10\n");
    assert_shown(cube(0, 0, 21), "signals/month=2017-01=20\n"
                                 "signals/month=2017-01/category=ForcedLabour=20\n"
                                 "signals/year=2017=20\n"
                                 "signals/year=2017/ageGroup=Unknown=20\n"
                                 "signals/year=2017/category=ForcedLabour=20\n"
                                 "signals/year=2017/citizenship=Unknown=20\n"
                                 "signals/year=2017/gender=Unknown=20\n"
                                 "signals/year=2017/gender=Unknown/citizenship=Unknown"
                                 "/category=ForcedLabour=20\n"
                                 "signals/year=2017/gender=Unknown/foreign=unknown"
                                 "/category=ForcedLabour=20\n"
                                 "signals/year=2017/municipality=unknown=20\n"
                                 "signals/year=2017/policeUnit=unknown=20\n"
                                 "signals/year=2017/policeUnit=unknown/category=ForcedLabour=20\n"
                                 "signals/year=2017/province=unknown=20\n"
                                 "signals/year=2017/province=unknown/category=ForcedLabour=20\n"
                                 "signals/year=2017/safetyRegion=unknown=20\n"
                                 "signals/year=2017/sourceKind=municipality=20\n");
}

// 34 foreign men in one year and 68 in the next, of several countries: a sum of the rounded numbers
// of their groups would be less than the number of them all, rounded.
static void foreign_men_in_forced_prostitution(void **state) {
    (void)state;
    struct counts *counts = counts_create();
    struct cell cell = weesp;
    char shown[TEXT];
    cell.citizenship = CITIZENSHIP_EU;
    counts_add(counts, &cell, 17);
    cell.citizenship = CITIZENSHIP_NON_EU;
    counts_add(counts, &cell, 17);
    cell.month += 12;
    counts_add(counts, &cell, 68);
    show(counts, shown);
    assert_non_null(strstr(shown, "signals/year=2016/gender=Masculine/citizenship=EU"
                                  "/category=SexualExploitation=10\n"));
    assert_non_null(strstr(shown, "signals/year=2016/gender=Masculine/foreign=yes"
                                  "/category=SexualExploitation=30\n"));
    assert_non_null(strstr(shown, "signals/year=2017/gender=Masculine/foreign=yes"
                                  "/category=SexualExploitation=60\n"));
    counts_free(counts);
}

static void small_and_zero_look_alike(void **state) {
    (void)state;
    char one[TEXT], other[TEXT];
    struct counts *few = cube(14, 0, 0), *none = cube(10, 0, 0);
    counts_add(few, &nowhere, 9);
    show(few, one);
    show(none, other);
    assert_string_equal(one, other);
    counts_free(few);
    counts_free(none);
    assert_shown(cube(9, 0, 9), "");
}

static void only_closed_months(void **state) {
    (void)state;
    struct counts *counts = cube(20, 0, 0);
    struct cell late = weesp;
    char before[TEXT], after[TEXT];
    late.month = 20 * 12;
    counts_add(counts, &late, 10);
    show(counts, before);
    assert_non_null(strstr(before, "signals/month=2020-01=10\n"));
    late.month++;
    counts_add(counts, &late, 1000);
    show(counts, after);
    assert_string_equal(after, before);
    counts_free(counts);
}

static void months_close_at_midnight_in_the_netherlands(void **state) {
    (void)state;
    assert_int_equal(statistics_closed_month(time_day_from_civil(2026, 11, 30)), 26 * 12 + 9);
    assert_int_equal(statistics_closed_month(time_day_from_civil(2026, 12, 1)), 26 * 12 + 10);
    assert_int_equal(statistics_closed_month(time_day_from_civil(2027, 1, 1)), 26 * 12 + 11);
    assert_int_equal(statistics_closed_month(time_day_from_civil(1999, 1, 1)), 0);
}

// Those that are there today: Weesp is part of Amsterdam. Only sources of municipalities count.
static void municipalities_that_signalled(void **state) {
    (void)state;
    static const uint16_t codes[] = {363, 457, 14, 34, 50, 59, 60, 72, 74, 80, 85};
    struct counts *counts = counts_create();
    char shown[TEXT];
    for (size_t i = 0; i < COUNT(codes); i++) {
        struct cell cell = {.municipality = codes[i], .categories = 1, .month = 18 * 12};
        counts_add(counts, &cell, 1);
        cell.source_kind = SOURCE_COA;
        cell.month = 19 * 12;
        counts_add(counts, &cell, 1);
    }
    show(counts, shown);
    assert_int_equal(strncmp(shown, "municipalities/year=2018=10\nsignals/", 36), 0);
    assert_null(strstr(shown, "municipalities/year=2019"));
    options.rounding_base = 5;
    options.today = time_day_from_civil(2021, 1, 1); // Weesp is still there
    show(counts, shown);
    assert_non_null(strstr(shown, "municipalities/year=2018=10\n"));
    struct cell gone = {.municipality = 14, .categories = 1, .month = 18 * 12};
    counts_add(counts, &gone, -1);
    show(counts, shown);
    assert_non_null(strstr(shown, "municipalities/year=2018=10\n")); // ten of eleven
    options.today = time_day_from_civil(2026, 11, 25);
    show(counts, shown);
    assert_non_null(strstr(shown, "municipalities/year=2018=5\n")); // nine of ten
    options.rounding_base = RESOLUTION;
    counts_free(counts);
}

// However many other sums there are.
static void a_municipality_that_signalled_is_one(void **state) {
    (void)state;
    static const uint16_t codes[] = {363, 14, 34, 50, 59, 60, 72, 74, 80, 85};
    struct counts *counts = counts_create();
    struct cell cell = {.categories = 1};
    for (uint16_t i = 0; i < 20 * COUNT(codes); i++) {
        cell.municipality = codes[i % COUNT(codes)];
        cell.month = (uint16_t)(i / COUNT(codes) * 12);
        counts_add(counts, &cell, 1);
    }
    options.rounding_base = 1;
    const size_t every = 1000 / unit_rounds(240);
    for (uint16_t i = 0; i < 1000; i++) {
        struct statistics statistics;
        cell.month = i % 240;
        cell.categories = (uint16_t)(1u << i / 240);
        counts_add(counts, &cell, 1);
        if (i % every)
            continue;
        statistics_make(counts, &options, &statistics);
        for (size_t year = 0; year < 20; year++) {
            assert_int_equal(strncmp(statistics.list[year].key, "municipalities/", 15), 0);
            assert_int_equal(statistics.list[year].count, COUNT(codes));
        }
        free(statistics.list);
    }
    options.rounding_base = RESOLUTION;
    counts_free(counts);
}

// A label is the operator's own text; in a key '/' parts it from the next one.
static void labels_stay_in_their_place(void **state) {
    (void)state;
    struct err err;
    struct statistics_options own = options;
    struct statistics statistics;
    struct counts *counts = cube(20, 0, 0);
    bool found = false;
    struct municipalities *all = municipalities_load(
        STR("code,name,province_code,province,valid_from,valid_to,successor_codes,"
            "police_unit,safety_region,inhabitants,inhabitants_year,size_class\n"
            "GM0457,Weesp,PV27,Noord-Holland,,,,Gooi/Vecht,VR13,20000,2019,10-20k\n"),
        "table", STR("variant,code\n"), "variants", &err);
    assert_non_null(all);
    own.municipalities = all;
    statistics_make(counts, &own, &statistics);
    for (size_t i = 0; i < statistics.count; i++)
        found |= strcmp(statistics.list[i].key, "signals/year=2016/policeUnit=Gooi-Vecht") == 0;
    assert_true(found);
    free(statistics.list);
    counts_free(counts);
    municipalities_free(all);
}

// --- at random: the counts say the same ---

static const struct {
    const char *measure;
    size_t by_count;
    enum dimension by[COUNTS_BY_MAX + 1];
} margins[] = {
    {"signals", 1, {DIM_YEAR}},
    {"signals", 2, {DIM_YEAR, DIM_CATEGORY}},
    {"signals", 2, {DIM_YEAR, DIM_PROVINCE}},
    {"signals", 2, {DIM_YEAR, DIM_POLICE_UNIT}},
    {"signals", 2, {DIM_YEAR, DIM_SAFETY_REGION}},
    {"signals", 2, {DIM_YEAR, DIM_MUNICIPALITY}},
    {"signals", 2, {DIM_YEAR, DIM_GENDER}},
    {"signals", 2, {DIM_YEAR, DIM_AGE_GROUP}},
    {"signals", 2, {DIM_YEAR, DIM_CITIZENSHIP}},
    {"signals", 2, {DIM_YEAR, DIM_SOURCE_KIND}},
    {"signals", 3, {DIM_YEAR, DIM_PROVINCE, DIM_CATEGORY}},
    {"signals", 3, {DIM_YEAR, DIM_POLICE_UNIT, DIM_CATEGORY}},
    {"signals", 4, {DIM_YEAR, DIM_GENDER, DIM_CITIZENSHIP, DIM_CATEGORY}},
    {"signals", 4, {DIM_YEAR, DIM_GENDER, DIM_FOREIGN, DIM_CATEGORY}},
    {"signals", 1, {DIM_MONTH}},
    {"signals", 2, {DIM_MONTH, DIM_CATEGORY}},
};

// The lines of a margin in one period.
static void put_margin(const struct counts *counts, size_t m, struct period period,
                       struct statistics *expected) {
    struct persons *nobody = persons_create();
    struct counts_query query = {.by_count = margins[m].by_count - 1, .period = period};
    struct counts_answer answer;
    char label[PERIOD_TEXT_MAX];
    period_format(&period, label);
    memcpy(query.by, margins[m].by + 1, sizeof query.by);
    counts_run(counts, nobody, municipalities, &query, &answer);
    expected->list =
        realloc(expected->list, (expected->count + answer.count + 1) * sizeof(struct statistic));
    for (size_t i = 0; i < answer.count; i++) {
        struct statistic *statistic = &expected->list[expected->count];
        *statistic = (struct statistic){.count = answer.lines[i].signals / RESOLUTION * RESOLUTION};
        size_t at = (size_t)snprintf(statistic->key, STATISTIC_KEY_MAX, "%s/%s=%s",
                                     margins[m].measure, dimension_name(margins[m].by[0]), label);
        for (size_t b = 0; b < query.by_count; b++)
            at += (size_t)snprintf(statistic->key + at, STATISTIC_KEY_MAX - at, "/%s=%s",
                                   dimension_name(query.by[b]), answer.lines[i].labels[b]);
        expected->count += statistic->count > 0;
    }
    free(answer.lines);
    persons_free(nobody);
}

static void put_expected(const struct counts *counts, struct statistics *expected) {
    for (size_t m = 0; m < COUNT(margins); m++) {
        uint16_t step = margins[m].by[0] == DIM_YEAR ? 12 : 1;
        for (uint16_t month = 18 * 12; month < 21 * 12; month = (uint16_t)(month + step))
            put_margin(counts, m, (struct period){month, (uint16_t)(month + step)}, expected);
    }
}

static int compare(const void *a, const void *b) {
    return strcmp(((const struct statistic *)a)->key, ((const struct statistic *)b)->key);
}

static uint16_t random_code(uint64_t *random) {
    size_t i = unit_random(random) % (municipalities_count(municipalities) + 1);
    return i == 0 ? 0 : municipalities_at(municipalities, i - 1)->code;
}

static struct cell random_cell(uint64_t *random) {
    return (struct cell){.municipality = random_code(random),
                         .categories = (uint16_t)(1u << unit_random(random) % CATEGORY_COUNT |
                                                  1u << unit_random(random) % CATEGORY_COUNT),
                         .month = (uint16_t)(18 * 12 + unit_random(random) % 30),
                         .gender = (uint8_t)(unit_random(random) % GENDER_COUNT),
                         .age_group = (uint8_t)(unit_random(random) % AGE_COUNT),
                         .citizenship = (uint8_t)(unit_random(random) % CITIZENSHIP_COUNT),
                         .source_kind = (uint8_t)(unit_random(random) % SOURCE_KIND_COUNT),
                         .status = (uint8_t)(unit_random(random) % STATUS_COUNT)};
}

static void each_statistic_is_the_floor_of_a_margin(void **state) {
    (void)state;
    uint64_t random = unit_seed();
    struct counts *counts = counts_create(), *closed = counts_create();
    struct statistics statistics, expected = {0};
    for (int i = 0; i < 4000; i++) {
        struct cell cell = random_cell(&random);
        int64_t number = (int64_t)(unit_random(&random) % 4);
        counts_add(counts, &cell, number);
        if (cell.month <= options.closed)
            counts_add(closed, &cell, number);
    }
    statistics_make(counts, &options, &statistics);
    put_expected(closed, &expected);
    qsort(expected.list, expected.count, sizeof *expected.list, compare);
    size_t at = 0;
    for (size_t i = 0; i < statistics.count; i++) {
        if (strncmp(statistics.list[i].key, "signals/", 8) != 0)
            continue;
        assert_true(at < expected.count);
        assert_string_equal(statistics.list[i].key, expected.list[at].key);
        assert_int_equal(statistics.list[i].count, expected.list[at++].count);
    }
    assert_int_equal(at, expected.count);
    assert_true(at > 300);
    free(statistics.list);
    free(expected.list);
    counts_free(counts);
    counts_free(closed);
}

// --- how much has changed ---

static void add_plain(void *ctx, const struct cell *cell, int64_t number) {
    const struct cell plain = statistics_plain(cell);
    counts_add(ctx, &plain, number);
}

static void take_plain(void *ctx, const struct cell *cell, int64_t number) {
    add_plain(ctx, cell, -number);
}

static int64_t changes(const struct counts *before, const struct counts *after) {
    struct counts *difference = counts_create();
    counts_each(after, add_plain, difference);
    counts_each(before, take_plain, difference);
    int64_t number = statistics_changes(difference);
    counts_free(difference);
    return number;
}

static void changes_are_signals(void **state) {
    (void)state;
    struct counts *before = cube(5, 5, 5), *after = cube(5, 5, 5);
    struct cell other = weesp;
    assert_int_equal(changes(before, after), 0);
    other.gender = GENDER_FEMININE; // of victims and of status nothing is kept
    other.status = STATUS_CONFIRMED;
    counts_add(after, &weesp, -1);
    counts_add(after, &other, 1);
    assert_int_equal(changes(before, after), 0);
    counts_add(after, &weesp, -2);
    counts_add(after, &amsterdam, 2);
    assert_int_equal(changes(before, after), 2); // moved
    counts_add(after, &nowhere, -3);
    assert_int_equal(changes(before, after), 5); // and three that left
    counts_add(after, &amsterdam, 4);
    assert_int_equal(changes(before, after), 6); // the first two and four that came
    counts_free(before);
    counts_free(after);
}

static void never_more_changes_than_signals(void **state) {
    (void)state;
    uint64_t random = unit_seed();
    struct counts *before = counts_create(), *after = counts_create();
    for (int i = 0; i < 500; i++) {
        struct cell cell = random_cell(&random);
        counts_add(before, &cell, 1);
        counts_add(after, &cell, 1);
    }
    for (int64_t touched = 1; touched <= 300; touched++) {
        struct cell from = random_cell(&random), to = random_cell(&random);
        if (unit_random(&random) % 3)
            counts_add(after, &to, 1);
        if (unit_random(&random) % 3)
            counts_add(after, &from, -1);
        assert_true(changes(before, after) <= touched);
        assert_int_equal(changes(before, after), changes(after, before));
    }
    assert_true(changes(before, after) > 100);
    counts_free(before);
    counts_free(after);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(margins_are_floored_on_their_own),
        cmocka_unit_test(foreign_men_in_forced_prostitution),
        cmocka_unit_test(small_and_zero_look_alike),
        cmocka_unit_test(only_closed_months),
        cmocka_unit_test(months_close_at_midnight_in_the_netherlands),
        cmocka_unit_test(municipalities_that_signalled),
        cmocka_unit_test(a_municipality_that_signalled_is_one),
        cmocka_unit_test(labels_stay_in_their_place),
        cmocka_unit_test(each_statistic_is_the_floor_of_a_margin),
        cmocka_unit_test(changes_are_signals),
        cmocka_unit_test(never_more_changes_than_signals),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
