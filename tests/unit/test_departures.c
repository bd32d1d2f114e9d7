// SPDX-License-Identifier: EUPL-1.2
#include "core/cube/departures.h"

#include "core_tables.h"

enum { CLOSED = 19 * 12 + 11, BEGIN = CLOSED - 23, TURN = CLOSED - 11 }; // up to 2019-12
enum { SEX = 1 << CATEGORY_SEXUAL_EXPLOITATION, WORK = 1 << CATEGORY_FORCED_LABOUR };
enum { AMSTERDAM = 363, WEESP = 457, UTRECHT = 344 };

static struct municipalities *places;
static struct departing *departing;
static struct departures found;

static int set_up(void **state) {
    (void)state;
    places = tables_municipalities();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    municipalities_free(places);
    return 0;
}

static int begin(void **state) {
    (void)state;
    departing = departing_begin(places, CLOSED, time_day_from_civil(2020, 1, 1));
    return 0;
}

static int end(void **state) {
    (void)state;
    free(found.list);
    return 0;
}

static void put(int month, uint16_t municipality, unsigned categories, int64_t signals) {
    const struct cell cell = {
        .municipality = municipality, .month = (uint16_t)month, .categories = (uint16_t)categories};
    departing_add(departing, &cell, signals);
}

static const struct departure *find(const char *region, enum category category) {
    for (size_t i = 0; i < found.count; i++)
        if (strcmp(found.list[i].region, region) == 0 && found.list[i].category == category)
            return &found.list[i];
    return NULL;
}

static void assert_sides(const char *region, enum category category, int before, int now) {
    const struct departure *departure = find(region, category);
    if (!departure)
        fail_msg("%s is not tested", region);
    assert_int_equal(departure->before.signals, before);
    assert_int_equal(departure->now.signals, now);
}

// The example of Benjamini and Hochberg's paper: with q 0.05 the first four are rejected.
static void as_in_the_paper(void **state) {
    static const double p[] = {0.0298, 0.4262, 0.0001, 0.0344, 0.7590, 0.0459, 0.0004, 0.3240,
                               0.0019, 0.5719, 0.0095, 1.0000, 0.0201, 0.6528, 0.0278};
    double adjusted[COUNT(p)];
    size_t rejected = 0;
    (void)state;
    departures_adjust(p, COUNT(p), adjusted);
    for (size_t i = 0; i < COUNT(p); i++) {
        rejected += adjusted[i] <= 0.05;
        assert_true(adjusted[i] >= p[i] && adjusted[i] <= 1);
        assert_int_equal(adjusted[i] <= 0.05, p[i] <= 0.0095);
    }
    assert_int_equal(rejected, 4);
    assert_true(adjusted[2] > 0.00149 && adjusted[2] < 0.00151); // 0.0001 * 15 / 1
    // 0.0278 * 15 / 7 is more than 0.0298 * 15 / 8, which stands for both
    assert_true(adjusted[14] == adjusted[0]);
    departures_adjust(NULL, 0, adjusted);
}

// The first and the last day of each period, and nothing beyond them.
static void periods_have_twelve_months(void **state) {
    (void)state;
    put(BEGIN - 1, AMSTERDAM, SEX, 1000);
    put(BEGIN, AMSTERDAM, SEX, 1);
    put(TURN - 1, AMSTERDAM, SEX, 2);
    put(TURN, AMSTERDAM, SEX, 30);
    put(CLOSED, AMSTERDAM, SEX, 40);
    put(CLOSED + 1, AMSTERDAM, SEX, 1000);
    departing_end(departing, &found);
    assert_int_equal(found.count, 4);
    assert_int_equal(found.closed, CLOSED);
    assert_sides("NL", CATEGORY_SEXUAL_EXPLOITATION, 3, 70);
    assert_sides("PV27", CATEGORY_SEXUAL_EXPLOITATION, 3, 70);
    assert_sides("Amsterdam", CATEGORY_SEXUAL_EXPLOITATION, 3, 70);
    assert_sides("VR13", CATEGORY_SEXUAL_EXPLOITATION, 3, 70);
    assert_string_equal(found.list[0].region, "NL");
    assert_string_equal(departure_kind(found.list[0].dimension), "country");
    assert_string_equal(found.list[1].name, "Noord-Holland");
    assert_true(departure_is_more(&found.list[0]));
}

static void regions_have_their_municipalities(void **state) {
    (void)state;
    put(BEGIN, AMSTERDAM, SEX | WORK, 4);
    put(TURN, WEESP, SEX, 5);
    put(TURN, UTRECHT, WORK, 6);
    put(TURN, MUNICIPALITY_UNKNOWN, WORK, 7);
    departing_end(departing, &found);
    assert_sides("NL", CATEGORY_SEXUAL_EXPLOITATION, 4, 5);
    assert_sides("NL", CATEGORY_FORCED_LABOUR, 4, 13);
    assert_sides("PV27", CATEGORY_SEXUAL_EXPLOITATION, 4, 5);
    assert_sides("PV26", CATEGORY_FORCED_LABOUR, 0, 6);
    assert_null(find("VR13", CATEGORY_SEXUAL_EXPLOITATION)); // 4 are too few
    assert_null(find("unknown", CATEGORY_FORCED_LABOUR));
    const struct departure *country = find("NL", CATEGORY_FORCED_LABOUR);
    assert_int_equal(country->before.municipalities, 1);
    assert_int_equal(country->now.municipalities, 2); // Weesp and Utrecht
}

static void what_is_not_tested(void **state) {
    (void)state;
    put(TURN, AMSTERDAM, 1 << CATEGORY_UNKNOWN, 100);
    put(TURN, AMSTERDAM, WORK, 5);
    put(TURN, UTRECHT, SEX, 6);
    const struct cell rejected = {
        .municipality = UTRECHT, .month = TURN, .categories = SEX, .status = STATUS_REJECTED};
    departing_add(departing, &rejected, 100);
    departing_end(departing, &found);
    assert_int_equal(found.count, 4);
    assert_sides("PV26", CATEGORY_SEXUAL_EXPLOITATION, 0, 6);
    for (size_t i = 0; i < found.count; i++) // 2^-5, four alike
        assert_true(found.list[i].p > 0.031 && found.list[i].p < 0.032 &&
                    found.list[i].adjusted == found.list[i].p);
}

static void the_first_years_have_none_before_them(void **state) {
    (void)state;
    departing_free(departing);
    departing = departing_begin(places, 2 * DEPARTURES_MONTHS - 2, time_day_from_civil(2002, 1, 1));
    put(12, AMSTERDAM, SEX, 100);
    departing_end(departing, &found);
    assert_int_equal(found.count, 0);
    departing = departing_begin(places, 2 * DEPARTURES_MONTHS - 1, time_day_from_civil(2002, 1, 1));
    put(12, AMSTERDAM, SEX, 100);
    departing_end(departing, &found);
    assert_int_equal(found.count, 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_in_the_paper),           TEST(periods_have_twelve_months),
        TEST(regions_have_their_municipalities),     TEST(what_is_not_tested),
        TEST(the_first_years_have_none_before_them),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
