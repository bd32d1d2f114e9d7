// SPDX-License-Identifier: EUPL-1.2
// What identifies a person is found as people write it, and nothing else is. In the tables of what
// is found, braces stand around it.
#include "base/pii/scrub.h"

#include "scrub_samples.h"

static enum scrub_kind first(const char *text, size_t *begin, size_t *end) {
    *begin = *end = 0;
    return scrub_find(str_from(text), 0, begin, end);
}

// `marked` without its braces, and where they were.
static void unmark(const char *marked, char *text, size_t *begin, size_t *end) {
    size_t n = 0;
    for (; *marked; marked++) {
        if (*marked == '{')
            *begin = n;
        else if (*marked == '}')
            *end = n;
        else
            text[n++] = *marked;
    }
    text[n] = '\0';
}

static void what_identifies_is_found_where_it_is(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(found); i++) {
        char text[256];
        size_t begin, end, at = 0, until = 0;
        unmark(found[i].marked, text, &at, &until);
        if (first(text, &begin, &end) != found[i].kind || begin != at || end != until)
            fail_msg("%s: %s at %zu to %zu", found[i].marked,
                     scrub_kind_name(first(text, &begin, &end)), begin, end);
    }
}

// At the start, in the middle and at the end of text; beside punctuation, quotes, tags, line ends,
// escapes and letters of other scripts.
static void it_is_found_in_any_surroundings(void **state) {
    (void)state;
    static const struct {
        const char *before, *behind;
    } around[] = {
        {"", ""},           {" ", ""},
        {"", " "},          {"tel: ", ", bel"},
        {"\"", "\""},       {"(", ")"},
        {"[", "]"},         {"<b>", "</b>"},
        {"a=", "&b=c"},     {"x:", ";"},
        {"\n", "\r\n"},     {"\t", "\t"},
        {"'", "'"},         {"é ", " é"},
        {"\xd8\xa7 ", "!"}, {"%20", "%20en"},
        {"\\n", "\\nen"},   {"...", "..."},
        {"#", "?"},         {"{\"id\":\"", "\"}"},
        {"zie a, ", " b"},  {"\xef\xbb\xbf", "|"},
    };
    for (size_t i = 0; i < COUNT(found); i++)
        for (size_t j = 0; j < COUNT(around); j++) {
            char alone[256], text[512];
            size_t at = 0, until = 0;
            unmark(found[i].marked, alone, &at, &until);
            (void)snprintf(text, sizeof text, "%s%.*s%s", around[j].before, (int)(until - at),
                           alone + at, around[j].behind);
            size_t len = strlen(text);
            scrub_mask(text, len);
            size_t from = strlen(around[j].before);
            for (size_t k = from; k < from + until - at; k++)
                if ((text[k] >= '0' && text[k] <= '9') || (text[k] >= 'A' && text[k] <= 'Z') ||
                    (text[k] >= 'a' && text[k] <= 'w'))
                    fail_msg("%s in %s...%s: %s", found[i].marked, around[j].before,
                             around[j].behind, text);
        }
}

static void ordinary_text_survives(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(ordinary); i++) {
        size_t begin, end;
        char text[256];
        enum scrub_kind kind = first(ordinary[i], &begin, &end);
        if (kind != SCRUB_NONE)
            fail_msg("%s: %s at %zu to %zu", ordinary[i], scrub_kind_name(kind), begin, end);
        (void)snprintf(text, sizeof text, "%s", ordinary[i]);
        scrub_mask(text, strlen(text));
        assert_string_equal(text, ordinary[i]);
    }
}

static void each_kind_has_its_name(void **state) {
    (void)state;
    for (int a = 0; a < SCRUB_KINDS; a++)
        for (int b = 0; b < a; b++)
            assert_string_not_equal(scrub_kind_name((enum scrub_kind)a),
                                    scrub_kind_name((enum scrub_kind)b));
}

static void finding_goes_on_behind(void **state) {
    (void)state;
    const struct str text = STR("123456782, jan@voorbeeld.nl en 12-AB-34");
    size_t begin, end;
    assert_int_equal(scrub_find(text, 0, &begin, &end), SCRUB_BSN);
    assert_int_equal(scrub_find(text, 1, &begin, &end), SCRUB_EMAIL); // not "23456782"
    assert_int_equal(begin, 11);
    assert_int_equal(scrub_find(text, end, &begin, &end), SCRUB_PLATE);
    assert_int_equal(end, text.len);
    assert_int_equal(scrub_find(text, end, &begin, &end), SCRUB_NONE);
    assert_int_equal(scrub_find((struct str){NULL, 0}, 0, &begin, &end), SCRUB_NONE);
    // cut in the middle of a digest, what is left is still a part of it
    const struct str digest = STR("ab12345678200123456782cdef123456.1");
    for (size_t from = 0; from < digest.len; from++)
        assert_int_equal(scrub_find(digest, from, &begin, &end), SCRUB_NONE);
}

static void masking_keeps_length_and_signs(void **state) {
    (void)state;
    static const struct {
        const char *text, *masked;
    } cases[] = {
        {"", ""},
        {"BSN 123.456.782.", "BSN xxx.xxx.xxx."},
        {"(020) 123 45 67", "(xxx) xxx xx xx"},
        {"jan.de-boer@voorbeeld.nl", "xxx.xx-xxxx@xxxxxxxxx.xx"},
        {"jürgen%40müller.de!", "xxxxxxx%xxxxxxxxx.xx!"},
        {"NL91 ABNA 0417 1643 00 en GX-742-H", "xxxx xxxx xxxx xxxx xx en xx-xxx-x"},
        // what overlaps: fifteen digits are a telephone number at most, the rest is a BSN's
        {"+1234567890 123 456 782", "+xxxxxxxxxx xxx xxx xxx"},
        // with the masked plate before it, what is behind looks like one
        {"12-AB-34-56-78", "xx-xx-xx-xx-xx"},
        {"a@b.nl@c.nl@d.nl", "x@x.xx@x.xx@x.xx"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "%s", cases[i].text);
        scrub_mask(text, strlen(text));
        assert_string_equal(text, cases[i].masked);
    }
    scrub_mask(NULL, 0);
}

static void a_case_number_is_nothing_else(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(case_numbers); i++)
        if (!scrub_is_case_number(str_from(case_numbers[i].id), str_from(case_numbers[i].source)))
            fail_msg("%s is one", case_numbers[i].id);
    for (size_t i = 0; i < COUNT(no_case_numbers); i++)
        if (scrub_is_case_number(str_from(no_case_numbers[i]), STR("gm0193-zwolle")))
            fail_msg("%s is none", no_case_numbers[i]);
    char longest[66] = "zaak-";
    memset(longest + 5, '0', 59);
    longest[63] = '1';
    assert_true(scrub_is_case_number((struct str){longest, 64}, STR("a")));
    longest[64] = '1';
    assert_false(scrub_is_case_number((struct str){longest, 65}, STR("a")));
    assert_false(scrub_is_case_number((struct str){"12\0003", 4}, STR("a")));
    assert_false(scrub_is_case_number((struct str){NULL, 0}, STR("a")));
    // nothing that is found is one
    for (size_t i = 0; i < COUNT(found); i++) {
        char text[256];
        size_t at = 0, until = 0;
        unmark(found[i].marked, text, &at, &until);
        if (scrub_is_case_number((struct str){text + at, until - at}, STR("zwolle")))
            fail_msg("%s is none", found[i].marked);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_identifies_is_found_where_it_is),
        cmocka_unit_test(it_is_found_in_any_surroundings),
        cmocka_unit_test(ordinary_text_survives),
        cmocka_unit_test(each_kind_has_its_name),
        cmocka_unit_test(finding_goes_on_behind),
        cmocka_unit_test(masking_keeps_length_and_signs),
        cmocka_unit_test(a_case_number_is_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
