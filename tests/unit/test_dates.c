// SPDX-License-Identifier: EUPL-1.2
#include "codec/dates.h"

#include "unit.h"

struct sample {
    const char *text, *expected; // NULL: no date
};

static void check_zone(enum mapping_dates form, bool utc, const struct sample *cases,
                       size_t count) {
    for (size_t i = 0; i < count; i++) {
        char out[TIME_STAMP_MAX] = "";
        struct str date = dates_put(form, utc, str_from(cases[i].text), out);
        const char *expected = cases[i].expected;
        if (expected ? !str_is(date, expected) : date.data != NULL)
            fail_msg("%s gives %s, not %s", cases[i].text, date.data ? out : "nothing",
                     expected ? expected : "nothing");
    }
}

static void check(enum mapping_dates form, const struct sample *cases, size_t count) {
    check_zone(form, false, cases, count);
}

static void iso_and_its_relatives(void **state) {
    (void)state;
    static const struct sample cases[] = {
        {"2018-06-18", "2018-06-18"},
        {" 2018-06-18 ", "2018-06-18"},
        {"2018-06-18T13:30:47.604472+00:00", "2018-06-18T13:30:47.604Z"},
        {"2018-06-18 13:30:47.604472+00", "2018-06-18T13:30:47.604Z"}, // PostgreSQL
        {"2018-06-18 15:30:47+02", "2018-06-18T13:30:47.000Z"},
        {"2018-06-18T15:30:47+0200", "2018-06-18T13:30:47.000Z"},
        {"2018-06-18T15:30:47.6 +02:00", "2018-06-18T13:30:47.600Z"},
        {"2018-06-18t09:30:47-04:00", "2018-06-18T13:30:47.000Z"},
        {"2018-06-18T13:30z", "2018-06-18T13:30:00.000Z"},
        {"2018-06-18T13:30:47,5Z", "2018-06-18T13:30:47.500Z"},
        // no zone: the clock in the Netherlands
        {"2018-06-18T13:30:47", "2018-06-18T11:30:47.000Z"},
        {"2018-01-18 13:30", "2018-01-18T12:30:00.000Z"},
        {"2018-06-18 00:00:00", "2018-06-17T22:00:00.000Z"},
        {"2018-03-25 01:59", "2018-03-25T00:59:00.000Z"},
        {"2018-03-25 02:30", "2018-03-25T01:30:00.000Z"}, // left out
        {"2018-03-25 03:00", "2018-03-25T01:00:00.000Z"},
        {"2018-10-28 02:30", "2018-10-28T00:30:00.000Z"}, // comes twice
        {"2018-10-28 03:00", "2018-10-28T02:00:00.000Z"},
        {"", NULL},
        {"2018-02-30", NULL},
        {"2018-6-18", NULL},
        {"18-06-2018", NULL},
        {"2018-06-18T", NULL},
        {"2018-06-18T24:00:00Z", NULL},
        {"2018-06-18T13:60Z", NULL},
        {"2018-06-18T13:30:61Z", NULL},
        {"2018-06-18T13:30:47.Z", NULL},
        {"2018-06-18T13:30:47+1", NULL},
        {"2018-06-18T13:30:47+01:", NULL},
        {"2018-06-18T13:30:47+01:60", NULL},
        {"2018-06-18T13:30:47+24", NULL},
        {"2018-06-18T13:30:47-00:00", NULL},
        {"2018-06-18T13:30:47Z+01", NULL},
        {"2018-06-18T13:30:47 CET", NULL},
        {"0001-01-01T00:00:00+01:00", NULL}, // year 0
        {"9999-12-31T23:59:59-01:00", NULL},
        {"43269", NULL},
    };
    check(MAPPING_DATES_ISO, cases, COUNT(cases));
}

static void day_month_year(void **state) {
    (void)state;
    static const struct sample cases[] = {
        {"18-06-2018", "2018-06-18"},
        {"18/06/2018", "2018-06-18"},
        {"18.06.2018", "2018-06-18"},
        {"8-6-2018", "2018-06-08"},
        {"18-06-2018 13:30", "2018-06-18T11:30:00.000Z"},
        {"18-06-2018 9:30:05", "2018-06-18T07:30:05.000Z"},
        {"18-06-2018T13:30:00+02:00", "2018-06-18T11:30:00.000Z"},
        {"2018-06-18", "2018-06-18"}, // ISO is ISO everywhere
        {"18-06-18", NULL},
        {"18-06-20188", NULL},
        {"18/06-2018", NULL},
        {"118-06-2018", NULL},
        {"06-18-2018", NULL},
        {"31-04-2018", NULL},
        {"18-06-0000", NULL},
        {"18-06-2018x", NULL},
        {"43269", NULL},
        {"-", NULL},
    };
    static const struct sample american[] = {
        {"06/18/2018", "2018-06-18"},
        {"6/8/2018 13:30", "2018-06-08T11:30:00.000Z"},
        {"18/06/2018", NULL},
    };
    check(MAPPING_DATES_DMY, cases, COUNT(cases));
    check(MAPPING_DATES_MDY, american, COUNT(american));
}

static void numbers_of_a_spreadsheet(void **state) {
    (void)state;
    static const struct sample cases[] = {
        {"43269", "2018-06-18"},
        {"43269.0", "2018-06-18"},
        {"43269.5625", "2018-06-18T11:30:00.000Z"},
        {"43269,5625", "2018-06-18T11:30:00.000Z"},
        {"43269.604166667", "2018-06-18T12:30:00.000Z"},
        {"43269.99999999999", "2018-06-18T22:00:00.000Z"},
        {"36526", "2000-01-01"},
        {"18-06-2018", "2018-06-18"},
        {"2018-06-18", "2018-06-18"},
        {"2958465", "9999-12-31"},
        {"2958466", NULL},
        {"43269.", NULL},
        {"43269.5x", NULL},
        {"-1", NULL},
        {"99999999", NULL},
        {"99999999999999999999", NULL},
    };
    check(MAPPING_DATES_EXCEL, cases, COUNT(cases));
}

static void seconds_and_milliseconds(void **state) {
    (void)state;
    static const struct sample seconds[] = {
        {"1529328647", "2018-06-18T13:30:47.000Z"},
        {"1529328647.604", "2018-06-18T13:30:47.604Z"},
        {"0", "1970-01-01T00:00:00.000Z"},
        {"-1", "1969-12-31T23:59:59.000Z"},
        {"2018-06-18", "2018-06-18"},
        {"999999999999", NULL},
        {"99999999999999999999", NULL},
        {"1e9", NULL},
        {"15293286 47", NULL},
        {"-", NULL},
    };
    static const struct sample milliseconds[] = {
        {"1529328647604", "2018-06-18T13:30:47.604Z"},
        {"1529328647604.9", "2018-06-18T13:30:47.604Z"},
        {"999999999999999", NULL},
    };
    check(MAPPING_DATES_EPOCH, seconds, COUNT(seconds));
    check(MAPPING_DATES_EPOCH_MS, milliseconds, COUNT(milliseconds));
}

static void without_a_zone_it_may_be_utc(void **state) {
    (void)state;
    static const struct sample cases[] = {
        {"2018-06-18", "2018-06-18"},
        {"2018-06-18T23:30:47", "2018-06-18T23:30:47.000Z"},
        {"2018-06-18T23:30:47+02:00", "2018-06-18T21:30:47.000Z"}, // it says so itself
        {"18-06-2018 23:30", "2018-06-18T23:30:00.000Z"},
        {"2018-03-25 02:30", "2018-03-25T02:30:00.000Z"}, // an hour that the Netherlands skip
        {"43269.75", "2018-06-18T18:00:00.000Z"},
    };
    check_zone(MAPPING_DATES_EXCEL, true, cases, COUNT(cases));
}

static void random_texts_never_crash(void **state) {
    (void)state;
    static const char alphabet[] = "0123456789-/.:+ TZ,ex\xff";
    uint64_t seed = unit_seed();
    for (size_t round = 0, rounds = unit_rounds(200000); round < rounds; round++) {
        char text[32], out[TIME_STAMP_MAX];
        size_t len = (size_t)unit_random(&seed) % sizeof text;
        for (size_t i = 0; i < len; i++)
            text[i] = alphabet[unit_random(&seed) % (sizeof alphabet - 1)];
        enum mapping_dates form = (enum mapping_dates)(unit_random(&seed) % MAPPING_DATES_COUNT);
        struct str date = dates_put(form, round % 2, (struct str){text, len}, out);
        int32_t day;
        int64_t ms;
        if (date.data && !time_parse_date(date, &day) && !time_parse_stamp(date, &ms))
            fail_msg("%.*s gives %s", (int)len, text, out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iso_and_its_relatives),        cmocka_unit_test(day_month_year),
        cmocka_unit_test(numbers_of_a_spreadsheet),     cmocka_unit_test(seconds_and_milliseconds),
        cmocka_unit_test(without_a_zone_it_may_be_utc), cmocka_unit_test(random_texts_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
