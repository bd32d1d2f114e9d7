// SPDX-License-Identifier: EUPL-1.2
// JSON and NDJSON pages of a template: which fault costs an item, which the page, and which
// nothing.
#include "mapping_note.h"

static const struct mapping plain = {
    MAY_BE_MISSING,
    .format = MAPPING_JSON,
    .items = "",
    .next = "/next",
    .rules = {[MAPPING_ID] = {.from = "/id"},
              [MAPPING_REPORTED] = {.from = "/when"},
              [MAPPING_CATEGORY] = {.from = "/what"},
              [MAPPING_AGE] = {.from = "/who/age"},
              [MAPPING_STATUS] = {.from = "/state"},
              [MAPPING_WATERMARK] = {.from = "/seen"}},
};

static void bad_items_leave_the_others(void **state) {
    (void)state;
    static const struct page_sample cases[] = {
        {"[7,{\"id\":\"a\"},null,\"x\",[]]", " !:type; a;  !:type;  !:type;  !:type; "},
        {"[{\"id\":\"a\",\"id\":\"b\"},{\"id\":\"c\"}]", " !/id:repeated; c; "},
        {"[{\"id\":\"a\\u0000\"},{\"id\":\"c\"}]", " !/id:badCharacter; c; "},
        {"[{\"id\":\"\xff\"},{\"id\":\"c\"}]", " !/id:badCharacter; c; "},
        {"[{\"id\":\"a\x01\"},{\"id\":\"c\"}]", " !/id:badCharacter; c; "},
        {"[{\"id\":\"\\ud800\"},{\"id\":\"c\"}]", " !/id:badCharacter; c; "},
        {"[{\"id\":99999999999999999999},{\"id\":\"c\"}]", " !/id:outOfRange; c; "},
        {"[{\"id\":1e400},{\"id\":\"c\"}]", " !/id:outOfRange; c; "},
        {"[{\"id\":006},{\"id\":\"c\"}]", " !/id:syntax; c; "},
        {"[{\"id\":\"a\" \"x\":1},{\"id\":\"c\"}]", " !:syntax; c; "},
        {"[{id:1},{\"id\":\"c\"}]", " !:syntax; c; "},
        {"[{\"who\":{\"age\":17,\"age\":18},\"id\":\"a\"}]", "a !/victim/age:repeated; "},
        {"[{\"id\":\"a\",\"who\":{\"age\":17},\"who\":{}}]", "a !/victim/age:repeated; "},
        {"[{\"id\":\"a\",\"what\":[\"x\",\"\xff\"]}]", "a +x !/categories:badCharacter; "},
        {"[{\"a\":[[[[[[[[1]]]]]]]]},{\"id\":\"c\"}]", " !:syntax; c; "}, // too deep
        {"[{\"a\":[[[[[[[1]]]]]]]},{\"id\":\"c\"}]", " ?1; c; "},
        {"[{},{\"id\":\"c\"}]", "; c; "},
        {"[{\"id\":null}]", "; "},
    };
    check_pages(&plain, cases, COUNT(cases));
}

static void what_nobody_looks_into_costs_nothing(void **state) {
    (void)state;
    static const char *const dropped[] = {
        "\"\\ud800\"",
        "\"\\u0000\"",
        "\"\x01\"",
        "\"\xff\"",
        "\"\\q\"",
        "1e400",
        "-1e400",
        "1e-400",
        "NaN",
        "Infinity",
        "007",
        "99999999999999999999",
        "'x'",
        "{1:2}",
        "{\"a\":1,\"a\":2}",
        "[1,,2]",
        "[[[[[[[1]]]]]]]",
        "{\"a\" 1}",
        "[1 2]",
        "undefined",
    };
    struct mapping mapping = plain;
    struct noted noted;
    char body[512];
    mapping.items = "/list";
    for (size_t i = 0; i < COUNT(dropped); i++) {
        (void)snprintf(body, sizeof body, "{\"note\":%s,\"list\":[{\"note\":%s,\"id\":1}]}",
                       dropped[i], dropped[i]);
        (void)note_page(&mapping, str_from(body), &noted);
        if (strcmp(noted.text, "1 ?1; ") != 0)
            fail_msg("%s: %s", body, noted.text);
    }
    static const struct page_sample keys[] = {
        {"[{\"id\":\"a\",\"\\u0000\":1},{\"id\":\"c\"}]", "a ?1; c; "},
        {"[{\"\\ud800\":1,\"id\":1,\"\xff\":2}]", "1 ?2; "},
        {"[{\"x\":1,\"x\":2,\"id\":1}]", "1 ?2; "},
        {"[{7:1,\"id\":1}]", "1 ?1; "},
        {"[{\"\\u0069d\":1}]", "1; "},
        {"[{\"\\u0069d\":1,\"id\":1}]", " !/id:repeated; "},
    };
    check_pages(&plain, keys, COUNT(keys));
}

static void bad_pages_fail(void **state) {
    (void)state;
    static const struct page_sample cases[] = {
        {"", "FAILED syntax 1 empty"},
        {"<html>\n</html>", "FORM HTML"},
        {"7", "FAILED type 1 items"},
        {"null", "FAILED type 1 items"},
        {"{\"error\":\"x\"}", "FAILED type 1 items"},
        {"[{\"id\":\"a\"}", "FAILED syntax 1"},
        {"[{\"id\":\"a\"}\n,{\"id\":", "FAILED syntax 2"},
        {"[{\"id\":\"a\"},]", "a; FAILED syntax 1"},
        {"[{\"id\":\"a\"} {\"id\":\"b\"}]", "a; FAILED syntax 1"},
        {"[{\"id\":\"a\"}]]", "FAILED syntax 1"},
        {"[{\"id\":\"a\"}]\n\nx", "FAILED syntax 3"},
        {"[{\"id\":\"a]}", "FAILED syntax 1"},
        // nothing that any rule names: no page of this kind
        {"[{}]", "; FAILED missingPlace 1 /id"},
        {"[{\"code\":403,\"description\":\"x\"},7]", " ?2;  !:type; FAILED missingPlace 1 /id"},
    };
    check_pages(&plain, cases, COUNT(cases));
    struct noted noted;
    (void)note_page(&plain, (struct str){NULL, 0}, &noted);
    assert_string_equal(noted.text, "FAILED syntax 1 empty");
}

static void pointers_follow_rfc_6901(void **state) {
    (void)state;
    static const struct {
        const char *items, *from, *body, *expected;
    } cases[] = {
        {"/a~1b", "/id", "{\"a/b\":[{\"id\":1}]}", "1; "},
        {"/a~0b", "/id", "{\"a~b\":[{\"id\":1}]}", "1; "},
        {"/~01", "/id", "{\"~1\":[{\"id\":1}]}", "1; "},
        {"/", "/id", "{\"\":[{\"id\":1}]}", "1; "},
        {"/a/1", "/id", "{\"a\":[[{\"id\":1}],[{\"id\":2}]]}", "2; "},
        {"/a/01", "/id", "{\"a\":[[{\"id\":1}],[{\"id\":2}]]}", "FAILED required 1 items"},
        {"/a/2", "/id", "{\"a\":[[{\"id\":1}],[{\"id\":2}]]}", "FAILED required 1 items"},
        {"/a/-", "/id", "{\"a\":[[{\"id\":1}]]}", "FAILED required 1 items"},
        {"/a b", "/id", "{\"x\":[{}], \"\\u0061\\u0020b\" : [{\"id\":1}]}", "1; "},
        {"/a/b", "/id", "{\"a\":{\"x\":{\"b\":[]},\"b\":[{\"id\":1}]}}", "1; "},
        {"/a", "/id", "{\"a\":[{\"id\":1}],\"b\":[{\"id\":2}]}", "1; "},
        {"/a", "/id", "{\"a\":[{\"id\":1}],\"a\":[{\"id\":2}]}", "FAILED repeated 1 items"},
        {"/a", "/id", "{\"a\":[{\"id\":1}],\"a\":[]}", "FAILED repeated 1 items"},
        {"/a", "/id", "{\"a\":null}", "FAILED type 1 items"},
        {"/a", "/id", "{\"a\":{\"0\":{}}}", "FAILED type 1 items"},
        {"/a", "/id", "{\"a\":[{\"id\":1}],\"b\":}", "FAILED syntax 1"},
        {"/a", "/id", "{\"a\":[{\"id\":1}]", "FAILED syntax 1"},
        {"a", "/id", "{\"a\":[]}", "FAILED required 1 items"},
        {"", "/a~1b/0/c", "[{\"a/b\":[{\"c\":1}]}]", "1; "},
        {"", "/m~0n", "[{\"m~n\":1,\"m~0n\":2}]", "1 ?1; "},
        {"", "/a/c", "[{\"a\":[1]},{\"a\":{\"c\":2}}]", "; 2; "},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char items[32], from[32];
        struct noted noted;
        (void)snprintf(items, sizeof items, "%s", cases[i].items);
        (void)snprintf(from, sizeof from, "%s", cases[i].from);
        struct mapping mapping = {.items = items, .rules = {[MAPPING_ID] = {.from = from}}};
        (void)note_page(&mapping, str_from(cases[i].body), &noted);
        if (strcmp(noted.text, cases[i].expected) != 0)
            fail_msg("%s %s %s: %s", items, from, cases[i].body, noted.text);
    }
}

static void the_next_page_is_a_url_or_a_token(void **state) {
    (void)state;
    static struct mapping mapping;
    static const struct page_sample cases[] = {
        {"{\"list\":[],\"next\":\"https://x/?p=2\"}", "next https://x/?p=2 "},
        {"{\"next\":17,\"list\":[]}", "next 17 "},
        {"{\"list\":[],\"next\":null}", ""},
        {"{\"list\":[],\"next\":false}", ""},
        {"{\"list\":[],\"next\":\"\"}", ""},
        {"{\"list\":[]}", ""},
        {"{\"list\":[],\"next\":true}", "FAILED type 1 next"},
        {"{\"list\":[],\"next\":{}}", "FAILED type 1 next"},
        {"{\"list\":[],\"next\":1.5}", "FAILED type 1 next"},
        {"{\"list\":[],\"next\":\"a\\r\\nb\"}", "FAILED badCharacter 1 next"},
        {"{\"list\":[],\"next\":\"\\ud800\"}", "FAILED badCharacter 1 next"},
        {"{\"list\":[],\"next\":\"a\",\"next\":\"b\"}", "FAILED repeated 1 next"},
    };
    mapping = plain;
    mapping.items = "/list";
    check_pages(&mapping, cases, COUNT(cases));
    for (size_t len = MAPPING_NEXT_MAX; len <= MAPPING_NEXT_MAX + 1; len++) {
        char body[MAPPING_NEXT_MAX + 64];
        struct noted noted;
        int n = snprintf(body, sizeof body, "{\"list\":[],\"next\":\"%0*d\"}", (int)len, 0);
        struct mapping_result result = note_page(&mapping, (struct str){body, (size_t)n}, &noted);
        assert_int_equal(strlen(result.next), len > MAPPING_NEXT_MAX ? 0 : len);
        assert_int_equal(result.decoded.failed, len > MAPPING_NEXT_MAX);
    }
}

static void lines_of_ndjson(void **state) {
    (void)state;
    static struct mapping mapping;
    static const struct page_sample cases[] = {
        {"", ""},
        {"\n\r\n \n", ""},
        {"\xef\xbb\xbf{\"id\":1}\r\n\xef\xbb\xbf{\"id\":2}\n", "1; 2; "},
        {"{\"id\":1}\n{\"id\":\n{\"id\":3}", "1;  !:syntax; 3; "},
        {"{\"id\":1} {\"id\":2}\n{\"id\":006}\n7\n{\"id\":4}",
         " !:syntax;  !/id:syntax;  !:type; 4; "},
        {"{\"a\":[[[[[[[[1]]]]]]]]}\n{\"id\":2}", " !:syntax; 2; "},
        {"{\"error\":\"x\"}", " ?1; FAILED missingPlace 1 /id"},
        {"not json", " !:syntax; "},
    };
    mapping = plain;
    mapping.format = MAPPING_NDJSON;
    check_pages(&mapping, cases, COUNT(cases));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_items_leave_the_others),
        cmocka_unit_test(what_nobody_looks_into_costs_nothing),
        cmocka_unit_test(bad_pages_fail),
        cmocka_unit_test(pointers_follow_rfc_6901),
        cmocka_unit_test(the_next_page_is_a_url_or_a_token),
        cmocka_unit_test(lines_of_ndjson),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
