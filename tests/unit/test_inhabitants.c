// SPDX-License-Identifier: EUPL-1.2
// Names of labels, inhabitants of regions, and rates of both.
#include "core/cube/counts_private.h"
#include "core/cube/inhabitants.h"
#include "core/cube/names.h"

#include "core_tables.h"

static struct municipalities *all;

static int set_up(void **state) {
    (void)state;
    all = tables_municipalities();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    municipalities_free(all);
    return 0;
}

enum { JANUARY_2017 = 17 * 12, DECEMBER_2021 = 21 * 12 + 11, DECEMBER_2022 = 22 * 12 + 11 };

static uint64_t people(enum dimension d, const char *label, uint16_t month) {
    return inhabitants_of(all, d, label ? str_from(label) : (struct str){NULL, 0}, month);
}

// In each month each municipality that was there is in one region of each kind.
static void regions_add_up_to_the_country(void **state) {
    (void)state;
    char label[COUNTS_LABEL_MAX];
    for (uint16_t month = 15 * 12; month < 27 * 12; month = (uint16_t)(month + 5)) {
        uint64_t provinces = 0, regions = 0;
        for (int n = 0; n < 100; n++) {
            (void)snprintf(label, sizeof label, "PV%02d", n);
            provinces += people(DIM_PROVINCE, label, month);
            (void)snprintf(label, sizeof label, "VR%02d", n);
            regions += people(DIM_SAFETY_REGION, label, month);
        }
        assert_int_equal(provinces, people(DIM_COUNT, NULL, month));
        assert_int_equal(regions, provinces);
        assert_in_range(provinces, 16500000, 18500000);
    }
}

// Weesp became part of Amsterdam in March 2022: it keeps its own number, and the region counts its
// people once.
static void who_merged_is_counted_once(void **state) {
    (void)state;
    const uint64_t weesp = people(DIM_MUNICIPALITY, "GM0457", DECEMBER_2022);
    assert_true(weesp > 0);
    assert_int_equal(people(DIM_MUNICIPALITY, "GM0457", JANUARY_2017), weesp);
    assert_int_equal(people(DIM_SAFETY_REGION, "VR14", DECEMBER_2021) -
                         people(DIM_SAFETY_REGION, "VR14", DECEMBER_2022),
                     weesp);
}

static void nobody_lives_where_it_is_no_place(void **state) {
    (void)state;
    static const enum dimension dimensions[] = {DIM_MUNICIPALITY, DIM_PROVINCE, DIM_POLICE_UNIT,
                                                DIM_SAFETY_REGION};
    for (size_t i = 0; i < COUNT(dimensions); i++)
        assert_int_equal(people(dimensions[i], "unknown", JANUARY_2017), 0);
    assert_int_equal(people(DIM_GENDER, "Masculine", JANUARY_2017), 0);
    assert_int_equal(people(DIM_MUNICIPALITY, "GM9999", JANUARY_2017), 0);
    assert_true(people(DIM_POLICE_UNIT, "Oost-Brabant", JANUARY_2017) > 0);
}

static void assert_rate(int64_t signals, uint64_t inhabitants, const char *expected) {
    char rate[INHABITANTS_RATE_MAX];
    inhabitants_rate(signals, inhabitants, '.', rate);
    assert_string_equal(rate, expected);
}

static void rates_have_one_decimal(void **state) {
    (void)state;
    char rate[INHABITANTS_RATE_MAX];
    assert_rate(10, 100000, "10.0");
    assert_rate(10, 17000000, "0.1");
    assert_rate(1, 2000000, "0.1"); // half is up
    assert_rate(1, 2000001, "0.0");
    assert_rate(INT64_C(1) << 40, 900, "122167958641777.8");
    assert_rate(10, 0, "");
    inhabitants_rate(20, 30000, ',', rate);
    assert_string_equal(rate, "66,7");
}

static void each_label_has_a_name(void **state) {
    (void)state;
    static const struct {
        enum dimension d;
        size_t count;
    } lists[] = {{DIM_CATEGORY, CATEGORY_COUNT},
                 {DIM_GENDER, GENDER_COUNT},
                 {DIM_AGE_GROUP, AGE_COUNT},
                 {DIM_CITIZENSHIP, CITIZENSHIP_COUNT},
                 {DIM_SOURCE_KIND, SOURCE_KIND_COUNT},
                 {DIM_STATUS, STATUS_COUNT},
                 {DIM_FOREIGN, 3}};
    for (size_t l = 0; l < COUNT(lists); l++)
        for (uint16_t value = 0; value < lists[l].count; value++) {
            char label[COUNTS_LABEL_MAX];
            bool listed = false;
            dimension_label(lists[l].d, value, all, label);
            for (size_t i = 0; dimension_word(lists[l].d, i); i++) {
                assert_true(i < lists[l].count);
                listed |= strcmp(dimension_word(lists[l].d, i), label) == 0;
            }
            assert_true(listed);
            assert_true(dimension_called(lists[l].d, str_from(label), all, true).len > 0);
            assert_true(dimension_called(lists[l].d, str_from(label), all, false).len > 0);
        }
}

static void assert_called(enum dimension d, const char *label, const char *expected) {
    assert_true(str_is(dimension_called(d, str_from(label), all, true), expected));
}

static void regions_are_called_as_people_do(void **state) {
    (void)state;
    assert_called(DIM_MUNICIPALITY, "GM0363", "Amsterdam");
    assert_called(DIM_PROVINCE, "PV27", "Noord-Holland");
    assert_called(DIM_SAFETY_REGION, "VR02", "Fryslân");
    assert_called(DIM_MUNICIPALITY, "unknown", "Onbekend");
    assert_null(dimension_called(DIM_POLICE_UNIT, STR("Rotterdam"), all, true).data);
    assert_null(dimension_called(DIM_SAFETY_REGION, STR("VR26"), all, true).data);
    assert_null(dimension_called(DIM_YEAR, STR("2017"), all, true).data);
    assert_null(dimension_called(DIM_MUNICIPALITY, STR("GM9999"), all, true).data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regions_add_up_to_the_country),
        cmocka_unit_test(who_merged_is_counted_once),
        cmocka_unit_test(nobody_lives_where_it_is_no_place),
        cmocka_unit_test(rates_have_one_decimal),
        cmocka_unit_test(each_label_has_a_name),
        cmocka_unit_test(regions_are_called_as_people_do),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
