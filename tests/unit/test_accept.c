// SPDX-License-Identifier: EUPL-1.2
// What a client would rather have.
#include "api/accept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static void types(void **state) {
    static const struct {
        const char *header;
        unsigned html, json;
    } cases[] = {
        {NULL, 1000, 1000},
        {"*/*", 1000, 1000},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 1000, 800},
        {"application/json", 0, 1000},
        {"TEXT/HTML;Q=0.5 , application/json; q=0.25", 500, 250},
        {"text/*;q=0.3, text/html;q=0", 0, 0},
        {"text/html;level=1;q=0.125", 125, 0},
        {"text/html;q=2, application/json;q=0.1234, */*;q=0.1", 100, 100},
        {";;,q=1,,", 0, 0},
        {"text/htmlx, text/ht, text", 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(accept_type(str_from(cases[i].header), "text/html"), cases[i].html);
        assert_int_equal(accept_type(str_from(cases[i].header), "application/json"), cases[i].json);
    }
}

static void languages(void **state) {
    static const struct {
        const char *header;
        unsigned nl, en;
    } cases[] = {
        {NULL, 0, 0},           {"nl-NL,nl;q=0.9,en-US;q=0.8,en;q=0.7", 1000, 800},
        {"en-GB", 0, 1000},     {"fr, *;q=0.5", 500, 500},
        {"nld, english", 0, 0}, {"EN;q=0.001, nl;q=0", 0, 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(accept_language(str_from(cases[i].header), "nl"), cases[i].nl);
        assert_int_equal(accept_language(str_from(cases[i].header), "en"), cases[i].en);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(types), cmocka_unit_test(languages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
