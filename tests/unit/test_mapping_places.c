// SPDX-License-Identifier: EUPL-1.2
// Places of a template beyond a plain JSON Pointer: by key, several of which the first that has
// something counts, words in one text, what is there or is not, one object as a page.
#include "mapping_note.h"

static const struct mapping by_name = {
    MAY_BE_MISSING,
    .format = MAPPING_JSON,
    .items = "/results",
    .next = "/next",
    .rules = {[MAPPING_ID] = {.from = "/uuid"},
              [MAPPING_CATEGORY] = {.from = "/_expand/eigenschappen[naam=Uitbuitingsvorm]/waarde"},
              [MAPPING_GENDER] = {.from = "/_expand/eigenschappen[naam=geslacht~1sekse]/waarde"}},
};

#define ITEM(properties)                                                                           \
    "{\"results\":[{\"uuid\":1,\"_expand\":{\"eigenschappen\":" properties "}}]}"

static void a_place_may_be_named_by_a_key(void **state) {
    (void)state;
    static const struct page_sample cases[] = {
        {ITEM(
             "[{\"naam\":\"x\",\"waarde\":\"y\"},{\"naam\":\"uitbuitingsvorm\",\"waarde\":\"z\"}]"),
         "1 +z; "},
        // the order changes nothing, nor do capitals, accents, an escape, or a member beside it
        {ITEM("[{\"waarde\":\"z\",\"a\":{},\"naam\":\"U\\u0069tbuit\xc3\xadngsvorm\"}]"), "1 +z; "},
        {ITEM("[{\"naam\":\"geslacht/sekse\",\"waarde\":\"man\"}]"), "1 g=man; "},
        {ITEM("[]"), "1; "},
        {ITEM("{}"), "1; "},
        {ITEM("[7,null,\"uitbuitingsvorm\",[],{\"naam\":null},{\"naam\":{\"a\":1}}]"), "1; "},
        {ITEM("[{\"naam\":\"uitbuitingsvorm\"}]"), "1; "},
        {ITEM("[{\"naam\":\"uitbuitingsvormen\",\"waarde\":\"z\"}]"), "1; "},
        // which of them is meant, nobody knows
        {ITEM("[{\"naam\":\"uitbuitingsvorm\",\"waarde\":\"a\"},"
              "{\"naam\":\"Uitbuitingsvorm\",\"waarde\":\"b\"}]"),
         "1 !/categories:repeated; "},
        {ITEM("[{\"naam\":\"x\",\"naam\":\"uitbuitingsvorm\",\"waarde\":\"a\"}]"),
         "1 !/categories:repeated; "},
        {ITEM("[{\"naam\":\"uitbuitingsvorm\",\"waarde\":\"a\",\"waarde\":\"b\"}]"),
         "1 !/categories:repeated; "},
        {ITEM("[{\"naam\":\"\\ud800\",\"waarde\":1},{\"naam\":\"uitbuitingsvorm\",\"waarde\":2}]"),
         "1 +2; "},
    };
    check_pages(&by_name, cases, COUNT(cases));
}

static void brackets_without_a_key_are_a_name(void **state) {
    (void)state;
    struct mapping mapping = by_name;
    struct noted noted;
    mapping.rules[MAPPING_CATEGORY].from = "/a[0]";
    (void)note_page(&mapping, STR("{\"results\":[{\"uuid\":1,\"a[0]\":\"x\"}]}"), &noted);
    assert_string_equal(noted.text, "1 +x; ");
    mapping.next = "/links[rel=next]/href";
    (void)note_page(&mapping,
                    STR("{\"results\":[{\"uuid\":1}],\"links\":[{\"rel\":\"self\",\"href\":\"/1\"},"
                        "{\"rel\":\"next\",\"href\":\"/2\"}]}"),
                    &noted);
    assert_string_equal(noted.text, "1; next /2 ");
}

static void only_what_can_be_read_is_a_place(void **state) {
    (void)state;
    static const char *const good[] = {"", "/", "/a[b=c]", "/a[b=c]/d", "/[b=c]", "/a[]", "/a[b]"};
    static const char *const bad[] = {"a", "/a~", "/a~2", "/a[b=]", "/a[b= ]", "/a[b=~2]"};
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(mapping_is_pointer(str_from(good[i])));
    for (size_t i = 0; i < COUNT(bad); i++)
        if (mapping_is_pointer(str_from(bad[i])))
            fail_msg("%s", bad[i]);
}

static const struct mapping several = {
    MAY_BE_MISSING,
    .format = MAPPING_JSON,
    .items = "",
    .utc = true,
    .rules = {[MAPPING_ID] = {.from = "/root", .others = {"/uuid"}},
              [MAPPING_REPORTED] = {.from = "/at"},
              [MAPPING_CATEGORY] = {.from = "/what", .others = {"/boxes"}, .split = ' '},
              [MAPPING_GENDER] = {.from = "/g", .others = {"/h", "/i"}, .constant = "Unknown"},
              [MAPPING_WATERMARK] = {.from = "/updated", .others = {"/made"}}},
    .absent = {"?"},
    .absent_count = 1,
};

static void the_first_place_that_has_something(void **state) {
    (void)state;
    static const struct page_sample cases[] = {
        {"[{\"root\":1,\"uuid\":2}]", "1 g=Unknown; "},
        {"[{\"root\":null,\"uuid\":2}]", "2 g=Unknown; "},
        {"[{\"root\":\" \",\"uuid\":2,\"g\":\"?\",\"h\":null,\"i\":\"man\"}]", "2 g=man; "},
        {"[{\"uuid\":2,\"g\":\"vrouw\",\"i\":\"man\"}]", "2 g=vrouw; "},
        {"[{\"uuid\":2,\"what\":[],\"boxes\":{\"a\":true}}]", "2 +a g=Unknown; "},
        {"[{\"uuid\":2,\"what\":\"\",\"boxes\":{\"a\":false}}]", "2 g=Unknown; "},
        // of two that contradict each other nobody knows
        {"[{\"root\":1,\"root\":3,\"uuid\":2}]", " g=Unknown !/id:repeated; "},
        {"[{\"uuid\":2,\"updated\":null,\"made\":\"2024-05-01T10:00:00\"},"
         "{\"uuid\":3,\"updated\":\"2024-04-01T10:00:00\",\"made\":\"2024-06-01T10:00:00\"}]",
         "2 g=Unknown; 3 g=Unknown; mark 2024-05-01T10:00:00.000Z "},
        {"[{\"uuid\":2,\"at\":\"2024-05-01T23:30:00\"}]",
         "2 r=2024-05-01T23:30:00.000Z g=Unknown; "},
        {"[{\"uuid\":2,\"what\":\" a  b? ? c\"}]", "2 +a +b? +c g=Unknown; "},
        {"[{\"uuid\":2,\"what\":[\"a b\",\"c\"]}]", "2 +a +b +c g=Unknown; "},
        {"[{\"uuid\":2,\"what\":\"1 2 3 4 5 6 7 8 9\"}]",
         "2 +1 +2 +3 +4 +5 +6 +7 +8 g=Unknown !/categories:tooMany; "},
    };
    check_pages(&several, cases, COUNT(cases));
}

static void columns_too(void **state) {
    (void)state;
    struct mapping table = several;
    struct noted noted;
    table.format = MAPPING_CSV;
    table.rules[MAPPING_ID] = (struct mapping_rule){.from = "nummer", .others = {"nr"}};
    table.rules[MAPPING_REPORTED] = (struct mapping_rule){.from = "datum"};
    table.rules[MAPPING_CATEGORY] = (struct mapping_rule){.from = "vorm", .split = ';'};
    table.rules[MAPPING_GENDER] = (struct mapping_rule){.from = "geslacht", .others = {"sekse"}};
    table.rules[MAPPING_WATERMARK] = (struct mapping_rule){0};
    table.skips[0] = (struct mapping_skip){"weg", NULL, MAPPING_IS_PRESENT};
    table.skip_count = 1;
    (void)note_page(&table,
                    STR("nr,datum,vorm,geslacht,sekse,weg\n"
                        "1,2024-05-01,a; b,?,man,\n"
                        "2,2024-05-02,a|b,vrouw,man,-\n"
                        "3,2024-05-03,a|b,vrouw,man,?\n"),
                    &noted);
    assert_string_equal(noted.text, "1 r=2024-05-01 +a +b g=man; 3 r=2024-05-03 +a|b g=vrouw; "
                                    "left out 1 ");
}

static void what_is_there_or_is_not_leaves_out(void **state) {
    (void)state;
    struct mapping mapping = several;
    mapping.skips[0] = (struct mapping_skip){"/gone", NULL, MAPPING_IS_PRESENT};
    mapping.skips[1] = (struct mapping_skip){"/seen/by", NULL, MAPPING_IS_ABSENT};
    mapping.skip_count = 2;
    static const struct page_sample cases[] = {
        {"[{\"uuid\":1,\"seen\":{\"by\":\"x\"}},{\"uuid\":2,\"seen\":{\"by\":0},\"gone\":null},"
         "{\"uuid\":3,\"seen\":{\"by\":[1]},\"gone\":\"\"},{\"uuid\":4,\"seen\":{\"by\":true},"
         "\"gone\":\"?\"},{\"uuid\":5,\"seen\":{\"by\":1},\"gone\":[]}]",
         "1 g=Unknown; 2 g=Unknown; 3 g=Unknown; 4 g=Unknown; 5 g=Unknown; "},
        {"[{\"uuid\":1,\"seen\":{\"by\":1},\"gone\":\"2024\"},{\"uuid\":2,\"seen\":{\"by\":1},"
         "\"gone\":{\"at\":1}},{\"uuid\":3,\"seen\":{\"by\":1},\"gone\":false}]",
         "left out 3 "},
        {"[{\"uuid\":1},{\"uuid\":2,\"seen\":{\"by\":null}},{\"uuid\":3,\"seen\":{\"by\":\" \"}},"
         "{\"uuid\":4,\"seen\":{\"by\":\"?\"}},{\"uuid\":5,\"seen\":{\"by\":{}}}]",
         "left out 5 "},
        {"[{\"uuid\":1,\"seen\":{\"by\":1},\"gone\":1,\"gone\":2}]", "1 g=Unknown !:repeated; "},
    };
    check_pages(&mapping, cases, COUNT(cases));
}

// ---- one object

static void note_posted(const struct mapping *mapping, const char *body, struct noted *noted,
                        struct mapping_result *result) {
    static const struct decode_limits small = {
        .item_bytes_max = 40, .items_max = 9, .depth_max = 8};
    memset(noted, 0, sizeof *noted);
    mapping_decode_about(mapping, str_from(body), &small, &(struct mapping_about){.single = true},
                         note_item, noted, result);
    if (result->decoded.failed)
        note(noted, "FAILED %s%s%s", fault_code_name(result->decoded.fault),
             *result->decoded.place ? " " : "", result->decoded.place);
    if (result->next[0] || result->hint || result->told)
        note(noted, "more");
}

static void what_is_posted_may_be_one_object(void **state) {
    (void)state;
    static const struct {
        const char *body, *expected;
        bool single;
    } cases[] = {
        // larger than an item of a list may be: a form may hold files
        {"{\"uuid\":1,\"file\":\"0123456789012345678901234567890123456789\"}", "1 ?1; ", true},
        {"{\"results\":[{\"uuid\":1},{\"uuid\":2}]}", "1; 2; ", false},
        {"{\"results\":{\"uuid\":1}}", "1; ", true},
        {"[{\"uuid\":1},{\"uuid\":2}]", "1; 2; ", false},
        {"{\"results\":7,\"uuid\":1}", "FAILED type items", false},
        {"{\"results\":[],\"results\":[]}", "FAILED repeated items", false},
        {"{\"other\":1}", " ?1; FAILED missingPlace", true},
        {"{\"uuid\":1", "FAILED syntax", false},
        {"{\"uuid\":1} x", "FAILED syntax", false},
        {"7", "FAILED type items", false},
        // its members say nothing of a page
        {"{\"uuid\":1,\"next\":\"week\",\"count\":9,\"total\":9}", "1 ?3; ", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct mapping_result result;
        struct noted noted;
        note_posted(&by_name, cases[i].body, &noted, &result);
        if (strcmp(noted.text, cases[i].expected) != 0)
            fail_msg("%s gives %s", cases[i].body, noted.text);
        assert_int_equal(result.decoded.single, cases[i].single);
    }
}

static void a_polled_page_is_one_object_where_its_template_says_so(void **state) {
    (void)state;
    struct mapping mapping = by_name;
    static const struct page_sample as_a_rule[] = {
        {"{\"results\":{\"uuid\":1}}", "FAILED type 1 items"},
        {"{\"uuid\":1}", "FAILED required 1 items"},
    };
    static const struct page_sample single[] = {
        {"{\"results\":{\"uuid\":1},\"next\":\"/2\"}", "1; next /2 "},
        {"{\"uuid\":1}", "FAILED required 1 items"},
        {"{\"results\":{\"detail\":\"no\"}}", " ?1; FAILED missingPlace 1 /uuid"},
    };
    check_pages(&mapping, as_a_rule, COUNT(as_a_rule));
    mapping.single = true;
    check_pages(&mapping, single, COUNT(single));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_may_be_named_by_a_key),
        cmocka_unit_test(brackets_without_a_key_are_a_name),
        cmocka_unit_test(only_what_can_be_read_is_a_place),
        cmocka_unit_test(the_first_place_that_has_something),
        cmocka_unit_test(columns_too),
        cmocka_unit_test(what_is_there_or_is_not_leaves_out),
        cmocka_unit_test(what_is_posted_may_be_one_object),
        cmocka_unit_test(a_polled_page_is_one_object_where_its_template_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
