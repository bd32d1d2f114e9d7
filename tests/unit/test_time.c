// SPDX-License-Identifier: EUPL-1.2
#include "base/time.h"

#include "unit.h"

static void days_and_civil_dates_agree(void **state) {
    (void)state;
    static const struct {
        int year, month, mday;
        int32_t day;
    } cases[] = {
        {1970, 1, 1, 0},      {1969, 12, 31, -1},      {2000, 1, 1, 10957}, {2000, 2, 29, 11016},
        {2017, 3, 5, 17230},  {2100, 3, 1, 47541},     {1, 1, 1, -719162},  {1600, 2, 29, -135081},
        {1, 12, 31, -718798}, {9999, 12, 31, 2932896},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int year, month, mday;
        assert_int_equal(time_day_from_civil(cases[i].year, cases[i].month, cases[i].mday),
                         cases[i].day);
        time_civil_from_day(cases[i].day, &year, &month, &mday);
        assert_int_equal(year, cases[i].year);
        assert_int_equal(month, cases[i].month);
        assert_int_equal(mday, cases[i].mday);
    }
    assert_int_equal(time_month_of_day(17230), 2017 * 12 + 2);
}

static void every_day_follows_the_one_before(void **state) {
    (void)state;
    int year = 0, month = 0, mday = 0;
    for (int32_t day = -800000; day < 800000; day++) {
        int y, m, d;
        time_civil_from_day(day, &y, &m, &d);
        assert_int_equal(time_day_from_civil(y, m, d), day);
        if (day > -800000) {
            bool next =
                (y == year && m == month && d == mday + 1) ||
                (d == 1 && mday >= 28 &&
                 ((y == year && m == month + 1) || (y == year + 1 && m == 1 && month == 12)));
            assert_true(next);
        }
        year = y;
        month = m;
        mday = d;
    }
}

static void dates_are_read_strictly(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int32_t day;
    } cases[] = {
        {"2017-03-05", true, 17230}, {"2016-02-29", true, 16860}, {"2017-02-29", false, 0},
        {"1900-02-29", false, 0},    {"2000-02-29", true, 11016}, {"2017-13-01", false, 0},
        {"2017-00-01", false, 0},    {"2017-04-31", false, 0},    {"2017-01-00", false, 0},
        {"2017-3-5", false, 0},      {"2017/03/05", false, 0},    {"05-03-2017", false, 0},
        {"2017-03-05 ", false, 0},   {" 2017-03-05", false, 0},   {"", false, 0},
        {"0000-01-01", false, 0},    {"2017-03-0x", false, 0},    {"-017-03-05", false, 0},
        {"2017-03-05T", false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int32_t day = 0;
        if (time_parse_date(str_from(cases[i].text), &day) != cases[i].good || day != cases[i].day)
            fail_msg("%s", cases[i].text);
    }
}

static void stamps_are_read_strictly(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t ms;
    } cases[] = {
        {"1970-01-01T00:00:00Z", true, 0},
        {"1970-01-01t00:00:00z", true, 0},
        {"2017-03-05T10:11:12.345Z", true, 1488708672345},
        {"2017-03-05T10:11:12.3456789Z", true, 1488708672345},
        {"2017-03-05T10:11:12.3Z", true, 1488708672300},
        {"2017-03-05T11:11:12+01:00", true, 1488708672000},
        {"2017-03-05T04:41:12-05:30", true, 1488708672000},
        {"2016-12-31T23:59:60Z", true, 1483228800000},
        {"1969-12-31T23:59:59.999Z", true, -1},
        {"2017-03-05T10:11:12+00:00", true, 1488708672000},
        {"2017-03-05T10:11:12-00:00", false, 0},
        {"2017-03-05T10:11:12", false, 0},
        {"2017-03-05T10:11Z", false, 0},
        {"2017-03-05 10:11:12Z", false, 0},
        {"2017-03-05T24:00:00Z", false, 0},
        {"2017-03-05T10:60:00Z", false, 0},
        {"2017-03-05T10:11:61Z", false, 0},
        {"2017-03-05T10:11:12.Z", false, 0},
        {"2017-03-05T10:11:12,5Z", false, 0},
        {"2017-03-05T10:11:12+0100", false, 0},
        {"2017-03-05T10:11:12+24:00", false, 0},
        {"2017-02-30T10:11:12Z", false, 0},
        {"2017-03-05T10:11:12ZZ", false, 0},
        {"2017-03-05T1x:11:12Z", false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = 0;
        if (time_parse_stamp(str_from(cases[i].text), &ms) != cases[i].good || ms != cases[i].ms)
            fail_msg("%s: %lld", cases[i].text, (long long)ms);
    }
}

static void stamps_come_back_as_written(void **state) {
    (void)state;
    uint64_t random = unit_seed();
    char text[TIME_STAMP_MAX];
    for (size_t i = 0, rounds = unit_rounds(100000); i < rounds; i++) {
        int64_t again, ms = (int64_t)(unit_random(&random) % 253402300800000u);
        if (i % 2)
            ms = -(ms % 62135596800000);
        time_format_stamp(ms, text);
        assert_int_equal(strlen(text), TIME_STAMP_MAX - 1);
        assert_true(time_parse_stamp(str_from(text), &again));
        assert_int_equal(again, ms);
    }
    time_format_stamp(1488708672345, text);
    assert_string_equal(text, "2017-03-05T10:11:12.345Z");
    time_format_date(17230, text);
    assert_string_equal(text, "2017-03-05");
}

// Each is the same moment; and what is none.
static void times_are_read_as_others_write_them(void **state) {
    (void)state;
    static const char *const same[] = {
        "2017-07-01T08:30:00Z",     "2017-07-01T10:30:00+02:00", "2017-07-01T10:30:00+0200",
        "2017-07-01T10:30:00+02",   "2017-07-01 10:30:00+02:00", "2017-07-01 10:30:00 +0200",
        "2017-07-01T10:30:00",      "2017-07-01T10:30",          "2017-07-01 10:30",
        "2017-07-01t10:30:00.0004", "2017-07-01T08:30Z",         "2017-07-01 08:30:00 Z",
    };
    static const char *const none[] = {
        "",
        "2017-07-01",
        "2017-07-01T",
        "2017-07-01T10",
        "2017-07-01T1030",
        "2017-07-01T10:3",
        "2017-07-01T24:00",
        "2017-07-01T10:30:61",
        "2017-02-30T10:30",
        "2017-07-01_10:30",
        "2017-07-01T10:30:00-00:00",
        "2017-07-01T10:30:00-0000",
        "2017-07-01T10:30:00+2",
        "2017-07-01T10:30:00 CET",
        "2017-07-01T10:30:00ZZ",
        "2017-07-01T10:30:00+02:00:00",
        "2017-07-01T10:30 uur",
        "01-07-2017 10:30:00",
        "2017-07-01T10:30:00.00000000000000000000000000000000000000000000",
    };
    const int64_t wanted = 1498897800000;
    int64_t ms;
    for (size_t i = 0; i < COUNT(same); i++)
        if (!time_parse_said(str_from(same[i]), &ms) || ms != wanted)
            fail_msg("%s", same[i]);
    for (size_t i = 0; i < COUNT(none); i++)
        if (time_parse_said(str_from(none[i]), &ms))
            fail_msg("%s", none[i]);
    assert_false(time_parse_said((struct str){"2017-07-01\0"
                                              "10:30",
                                              16},
                                 &ms));
    assert_true(time_parse_said(STR("2017-01-01T00:00"), &ms));
    assert_int_equal(ms, 1483225200000); // in winter
}

static void the_day_in_amsterdam_knows_summer_time(void **state) {
    (void)state;
    static const struct {
        const char *stamp, *day;
    } cases[] = {
        {"2017-01-15T22:59:59.999Z", "2017-01-15"},
        {"2017-01-15T23:00:00Z", "2017-01-16"},
        {"2017-07-15T21:59:59.999Z", "2017-07-15"},
        {"2017-07-15T22:00:00Z", "2017-07-16"},
        {"2017-03-25T22:30:00Z", "2017-03-25"},
        {"2017-03-26T22:30:00Z", "2017-03-27"},
        {"2017-10-28T22:30:00Z", "2017-10-29"},
        {"2017-10-29T22:30:00Z", "2017-10-29"},
        // the last Sunday is the month's last day
        {"2024-03-25T22:30:00Z", "2024-03-25"},
        {"2024-03-31T22:30:00Z", "2024-04-01"},
        {"2021-10-25T22:30:00Z", "2021-10-26"},
        {"2021-10-31T22:30:00Z", "2021-10-31"},
        {"2016-12-31T23:30:00Z", "2017-01-01"},
        {"2020-02-29T12:00:00Z", "2020-02-29"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms;
        char text[TIME_DATE_MAX];
        assert_true(time_parse_stamp(str_from(cases[i].stamp), &ms));
        time_format_date(time_amsterdam_day(ms), text);
        assert_string_equal(text, cases[i].day);
    }
}

static void the_clock_in_amsterdam_becomes_utc(void **state) {
    (void)state;
    static const struct {
        const char *date;
        int minutes; // since midnight
        const char *stamp;
    } cases[] = {
        {"2017-01-15", 0, "2017-01-14T23:00:00.000Z"},
        {"2017-07-15", 0, "2017-07-14T22:00:00.000Z"},
        {"2017-03-26", 119, "2017-03-26T00:59:00.000Z"},
        {"2017-03-26", 150, "2017-03-26T01:30:00.000Z"}, // no such time
        {"2017-03-26", 180, "2017-03-26T01:00:00.000Z"},
        {"2017-10-29", 119, "2017-10-28T23:59:00.000Z"},
        {"2017-10-29", 150, "2017-10-29T00:30:00.000Z"}, // comes twice
        {"2017-10-29", 180, "2017-10-29T02:00:00.000Z"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int32_t day;
        char text[TIME_STAMP_MAX];
        assert_true(time_parse_date(str_from(cases[i].date), &day));
        int64_t ms = time_from_amsterdam(day, cases[i].minutes * 60000);
        time_format_stamp(ms, text);
        assert_string_equal(text, cases[i].stamp);
        assert_int_equal(time_amsterdam_day(ms), day);
    }
}

static void retry_after_is_seconds_or_a_date(void **state) {
    (void)state;
    const int64_t now = 784111777000; // Sun, 06 Nov 1994 08:49:37 GMT
    static const struct {
        const char *text;
        bool good;
        int64_t wait;
    } cases[] = {
        {"0", true, 0},
        {"120", true, 120000},
        {" 120 ", true, 120000},
        {"Sun, 06 Nov 1994 08:49:37 GMT", true, 0},
        {"Sun, 06 Nov 1994 08:50:07 GMT", true, 30000},
        {"Sun, 06 Nov 1994 08:00:00 GMT", true, 0},
        {"Sun, 06 Foo 1994 08:49:37 GMT", false, 0},
        {"Sun, 31 Nov 1994 08:49:37 GMT", false, 0},
        {"Sun, 06 Nov 1994 08:49:37 CET", false, 0},
        {"-5", false, 0},
        {"1.5", false, 0},
        {"99999999999999999999", false, 0},
        {"", false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t wait = 0;
        if (time_parse_retry_after(str_from(cases[i].text), now, &wait) != cases[i].good ||
            wait != cases[i].wait)
            fail_msg("%s: %lld", cases[i].text, (long long)wait);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_and_civil_dates_agree),
        cmocka_unit_test(every_day_follows_the_one_before),
        cmocka_unit_test(dates_are_read_strictly),
        cmocka_unit_test(stamps_are_read_strictly),
        cmocka_unit_test(stamps_come_back_as_written),
        cmocka_unit_test(times_are_read_as_others_write_them),
        cmocka_unit_test(the_day_in_amsterdam_knows_summer_time),
        cmocka_unit_test(the_clock_in_amsterdam_becomes_utc),
        cmocka_unit_test(retry_after_is_seconds_or_a_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
