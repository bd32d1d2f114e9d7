// SPDX-License-Identifier: EUPL-1.2
#include "core/cube/period.h"

#include "base/time.h"

#include "unit.h"

static void each_form_is_read_and_written(void **state) {
    static const struct {
        const char *text;
        uint16_t from, behind;
        const char *written;
        const char *first, *last;
    } cases[] = {
        {"2017", 204, 216, "2017", "2017-01-01", "2017-12-31"},
        {"2017-03", 206, 207, "2017-03", "2017-03-01", "2017-03-31"},
        {"2016..2018", 192, 228, "2016..2018", "2016-01-01", "2018-12-31"},
        {"2016-03..2017-02", 194, 206, "2016-03..2017-02", "2016-03-01", "2017-02-28"},
        {"2016-02..2016-02", 193, 194, "2016-02", "2016-02-01", "2016-02-29"},
        {"2016-01..2016-12", 192, 204, "2016", "2016-01-01", "2016-12-31"},
        {"2016..2017-02", 192, 206, "2016-01..2017-02", "2016-01-01", "2017-02-28"},
        {"2016-12..2017", 203, 216, "2016-12..2017-12", "2016-12-01", "2017-12-31"},
        {"2016..2016-05", 192, 197, "2016-01..2016-05", "2016-01-01", "2016-05-31"},
        {"2000-01", 0, 1, "2000-01", "2000-01-01", "2000-01-31"},
        {"2999", 11988, 12000, "2999", "2999-01-01", "2999-12-31"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct period period = {0};
        char text[PERIOD_TEXT_MAX], date[TIME_DATE_MAX];
        int32_t first, last;
        if (!period_parse(str_from(cases[i].text), &period))
            fail_msg("%s", cases[i].text);
        assert_int_equal(period.from, cases[i].from);
        assert_int_equal(period.behind, cases[i].behind);
        assert_true(period_has_end(&period));
        period_format(&period, text);
        assert_string_equal(text, cases[i].written);
        period_days(&period, &first, &last);
        time_format_date(first, date);
        assert_string_equal(date, cases[i].first);
        time_format_date(last, date);
        assert_string_equal(date, cases[i].last);
        assert_int_equal(period_is_whole_years(&period), strchr(cases[i].written, '-') == NULL);
    }
}

static void anything_else_is_none(void **state) {
    static const char *const texts[] = {
        "",
        "17",
        "20170",
        "2017-",
        "2017-0",
        "2017-00",
        "2017-13",
        "2017-1",
        "2017-001",
        "2017003",
        "20170-3",
        "2017-+3",
        "2017-01-1",
        "1999",
        "1999-12",
        "3000",
        "2018..2016",
        "2017-03..2017-02",
        "2017..",
        "..2017",
        "2016.2018",
        "2016.-2018",
        "2016.x2018",
        "2016...2018",
        "2016..18",
        "2016..2017..2018",
        "..",
        ".",
        "2017.",
        "2016 ..2018",
        " 2017",
        "2017 ",
        "2016..1999",
        "2016..3000",
        "2018-01..2017",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct period period;
        if (period_parse(str_from(texts[i]), &period))
            fail_msg("%s", texts[i]);
    }
    assert_false(period_parse((struct str){0}, &(struct period){0}));
    assert_false(period_parse((struct str){"2017\0.", 6}, &(struct period){0}));
}

static void it_has_its_months_and_no_others(void **state) {
    const struct period period = {194, 206}, all = {0}, open = {194, 0};
    (void)state;
    assert_false(period_has(&period, 193));
    assert_true(period_has(&period, 194));
    assert_true(period_has(&period, 205));
    assert_false(period_has(&period, 206));
    assert_true(period_has(&all, 0));
    assert_true(period_has(&all, UINT16_MAX));
    assert_false(period_has(&open, 193));
    assert_true(period_has(&open, UINT16_MAX));
    assert_false(period_has_end(&all));
    assert_true(period_is_whole_years(&all));
}

static void a_day_has_a_month(void **state) {
    (void)state;
    assert_int_equal(period_month_of_day(time_day_from_civil(2017, 3, 31)), 206);
    assert_int_equal(period_month_of_day(time_day_from_civil(2000, 1, 1)), 0);
    assert_int_equal(period_month_of_day(0), 0); // a clock that was never set
    assert_int_equal(period_month_of_day(INT32_MAX / 2), UINT16_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_is_read_and_written),
        cmocka_unit_test(anything_else_is_none),
        cmocka_unit_test(it_has_its_months_and_no_others),
        cmocka_unit_test(a_day_has_a_month),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
