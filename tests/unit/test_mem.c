// SPDX-License-Identifier: EUPL-1.2
// Arrays that double, and the clocks that everything else is given its time by.
#include "base/clock.h"
#include "base/mem.h"
#include "unit.h"

#include <stdlib.h>

static void an_array_doubles_and_keeps_what_it_has(void **state) {
    (void)state;
    size_t cap = 0, grown = 0;
    uint64_t *list = NULL;
    for (size_t count = 0; count < 10000; count++) {
        size_t before = cap;
        list = mem_grow(list, count, &cap, sizeof *list);
        assert_true(cap > count);
        assert_true(cap == before || before == 0 || cap == 2 * before);
        grown += cap != before;
        list[count] = count;
    }
    assert_true(grown < 12);
    for (size_t i = 0; i < 10000; i++)
        assert_int_equal(list[i], i);
    free(list);
}

static void the_first_room_is_for_one_when_elements_are_large(void **state) {
    (void)state;
    size_t cap = 0;
    free(mem_grow(NULL, 0, &cap, 5000));
    assert_int_equal(cap, 1);
}

static void clocks_go_forward(void **state) {
    (void)state;
    int64_t begun = clock_monotonic_ms();
    assert_true(clock_monotonic_ms() >= begun);
    assert_true(clock_wall_ms() > 1577836800000); // 2020
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_doubles_and_keeps_what_it_has),
        cmocka_unit_test(the_first_room_is_for_one_when_elements_are_large),
        cmocka_unit_test(clocks_go_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
