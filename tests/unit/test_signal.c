// SPDX-License-Identifier: EUPL-1.2
#include "core/signal/signal.h"

#include "unit.h"

static void every_fault_has_a_name_and_a_text(void **state) {
    (void)state;
    for (int a = 0; a < FAULT_COUNT; a++) {
        assert_true(strlen(fault_code_text((enum fault_code)a)) > 0);
        for (int b = 0; b < a; b++)
            assert_string_not_equal(fault_code_name((enum fault_code)a),
                                    fault_code_name((enum fault_code)b));
    }
    assert_string_equal(fault_code_name(FAULT_NOT_ACCEPTED), "notAccepted");
    assert_string_equal(fault_code_name(FAULT_BAD_NUMBER), "badNumber");
}

static void fields_of_words_are_named_as_in_json(void **state) {
    (void)state;
    static const char *const names[] = {"category", "municipality", "gender",
                                        "ageGroup", "citizenship",  "consent"};
    assert_int_equal(COUNT(names), UNMAPPED_FIELDS);
    for (int field = 0; field < UNMAPPED_FIELDS; field++)
        assert_string_equal(unmapped_field_name((enum unmapped_field)field), names[field]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_has_a_name_and_a_text),
        cmocka_unit_test(fields_of_words_are_named_as_in_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
