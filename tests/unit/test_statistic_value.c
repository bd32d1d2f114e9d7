// SPDX-License-Identifier: EUPL-1.2
#include "codec/statistic.h"

#include "unit.h"

static const struct {
    const char *key;
    struct statistic_record statistic;
    const char *value;
} table[] = {
    {"signals/year=2017",
     {30, 10, 26 * 12 + 9},
     "{\"measure\":\"signals\",\"year\":\"2017\",\"count\":30,\"roundingBase\":10,"
     "\"closed\":\"2026-10\"}"},
    {"signals/year=2017/province=PV27/category=SexualExploitation",
     {1230, 5, 0},
     "{\"measure\":\"signals\",\"year\":\"2017\",\"province\":\"PV27\","
     "\"category\":\"SexualExploitation\",\"count\":1230,\"roundingBase\":5,\"closed\":\"2000-"
     "01\"}"},
    {"signals/year=2017/policeUnit=a=b\"count\":1",
     {5, 5, 11},
     "{\"measure\":\"signals\",\"year\":\"2017\",\"policeUnit\":\"a=b\\\"count\\\":1\","
     "\"count\":5,\"roundingBase\":5,\"closed\":\"2000-12\"}"},
};

static void values_come_back(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct statistic_record back;
        struct buf value;
        buf_init(&value, STATISTIC_VALUE_MAX);
        statistic_put_value(&(struct json_out){.buf = &value}, str_from(table[i].key),
                            &table[i].statistic, 0);
        assert_true(str_is(buf_str(&value), table[i].value));
        assert_true(statistic_read_value(str_from(table[i].key), buf_str(&value), &back));
        assert_int_equal(back.count, table[i].statistic.count);
        assert_int_equal(back.rounding_base, table[i].statistic.rounding_base);
        assert_int_equal(back.closed, table[i].statistic.closed);
        buf_free(&value);
    }
}

static void others_do_not(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "{}",
        "\"count\":",
        "{\"measure\":\"signals\",\"year\":\"2016\",\"count\":30,\"roundingBase\":10,"
        "\"closed\":\"2026-10\"}",
        "{\"measure\":\"signals\",\"year\":\"2017\",\"count\":0,\"roundingBase\":10,"
        "\"closed\":\"2026-10\"}",
        "{\"measure\":\"signals\",\"year\":\"2017\",\"count\":30,\"roundingBase\":0,"
        "\"closed\":\"2026-10\"}",
        "{\"measure\":\"signals\",\"year\":\"2017\",\"count\": 30,\"roundingBase\":10,"
        "\"closed\":\"2026-10\"}",
        "{\"measure\":\"signals\",\"year\":\"2017\",\"count\":30,\"roundingBase\":10,"
        "\"closed\":\"2026-13\"}",
        "{\"measure\":\"signals\",\"year\":\"2017\",\"count\":30,\"roundingBase\":10,"
        "\"closed\":\"1999-10\"}",
        "{\"measure\":\"signals\",\"year\":\"2017\",\"count\":30,\"roundingBase\":10,"
        "\"closed\":\"2026-10\"} ",
    };
    struct statistic_record back;
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_false(statistic_read_value(STR("signals/year=2017"), str_from(wrong[i]), &back));
    assert_false(statistic_read_value(STR("signals/year=2017"), (struct str){NULL, 0}, &back));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back),
        cmocka_unit_test(others_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
