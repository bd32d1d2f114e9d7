// SPDX-License-Identifier: EUPL-1.2
#include "codec/json_out.h"

#include "unit.h"

static void whatever_a_string_holds_it_is_one(void **state) {
    (void)state;
    static const struct {
        struct str value;
        const char *written;
    } cases[] = {
        {{NULL, 0}, "null"},
        {{"", 0}, "\"\""},
        {{"plain", 5}, "\"plain\""},
        {{"\"", 1}, "\"\\\"\""},
        {{"a\\b\"c\nd", 7}, "\"a\\\\b\\\"c\\nd\""},
        {{"\x1f\t\0x", 4}, "\"\\u001f\\u0009\\u0000x\""},
        {{"S\xc3\xba"
          "dwest\x7f",
          9},
         "\"S\xc3\xba"
         "dwest\x7f\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf text;
        buf_init(&text, 100);
        struct json_out json = {.buf = &text};
        json_string(&json, cases[i].value);
        assert_true(str_is(buf_str(&text), cases[i].written));
        buf_free(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(whatever_a_string_holds_it_is_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
