// SPDX-License-Identifier: EUPL-1.2
#include "base/str.h"

#include "unit.h"

#include <stdlib.h>

static void trimming_takes_white_space_only(void **state) {
    (void)state;
    static const struct {
        const char *text, *trimmed;
    } cases[] = {
        {"", ""},   {" ", ""},           {"\t\r\n\v\f ", ""},
        {"a", "a"}, {"  a b \n", "a b"}, {"\xc2\xa0", "\xc2\xa0"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_true(str_is(str_trim(str_from(cases[i].text)), cases[i].trimmed));
    assert_null(str_trim((struct str){NULL, 0}).data);
}

// What reads the same is the same.
static void tidying_makes_what_reads_alike_alike(void **state) {
    (void)state;
    static const struct {
        const char *text, *tidy;
    } cases[] = {
        {"", ""},
        {" 2017-1 ", "2017-1"},
        {"2017  1", "2017 1"},
        {"\xc2\xa0"
         "2017\xc2\xa0"
         "1\xe2\x80\xaf",
         "2017 1"}, // blanks that do not break
        {"20\xc2\xad"
         "17\xe2\x80\x8b-1\xef\xbb\xbf",
         "2017-1"}, // soft hyphen, zero width, mark
        {"\xe2\x80\x8e"
         "2017-1\xe2\x81\xa0",
         "2017-1"}, // direction, word joiner
        {"2017\xe2\x80\x93"
         "1",
         "2017-1"}, // dashes
        {"2017\xe2\x80\x91"
         "1",
         "2017-1"},
        {"Zaak \xe2\x80\x99s", "Zaak 's"},
        {"Melding e\xcc\x81\xc3\xa9n", "Melding \xc3\xa9\xc3\xa9n"}, // NFD and NFC
        {"\xe2\x80\x8b", ""},
        {"a\nb", "a\nb"},
        {"a\xff  ", "a\xff"},
    };
    char room[STR_TIDY_MAX];
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str tidy = str_tidy(str_from(cases[i].text), room);
        if (!str_is(tidy, cases[i].tidy))
            fail_msg("%zu: %.*s", i, (int)tidy.len, tidy.data);
    }
}

static void tidying_random_bytes_is_safe(void **state) {
    (void)state;
    uint64_t random = unit_seed();
    for (size_t i = 0, rounds = unit_rounds(100000); i < rounds; i++) {
        char text[300], room[STR_TIDY_MAX], again[STR_TIDY_MAX];
        size_t len = unit_random(&random) % sizeof text;
        for (size_t k = 0; k < len; k += 3) { // blanks, marks, signs
            uint32_t c = (uint32_t)unit_random(&random) % 0x2100 | 0x800;
            text[k] = (char)(0xe0 | c >> 12);
            text[k + 1] = (char)(0x80 | (c >> 6 & 0x3f));
            text[k + 2] = (char)(unit_random(&random) % 9 ? 0x80 | (c & 0x3f) : c & 0xff);
        }
        struct str tidy = str_tidy((struct str){text, len}, room);
        assert_true(tidy.len <= STR_TIDY_MAX);
        assert_true(tidy.len > STR_TIDY_MAX / 4 || str_equal(str_tidy(tidy, again), tidy));
    }
}

static void splitting_gives_every_piece(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t count;
        const char *pieces[4];
    } cases[] = {
        {"a,b,c", 3, {"a", "b", "c"}}, {"", 1, {""}},       {",", 2, {"", ""}},
        {"a,", 2, {"a", ""}},          {"abc", 1, {"abc"}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str rest = str_from(cases[i].text), piece;
        size_t n = 0;
        while (str_split(&rest, ',', &piece)) {
            assert_true(n < cases[i].count);
            assert_true(str_is(piece, cases[i].pieces[n++]));
        }
        assert_int_equal(n, cases[i].count);
    }
    struct str absent = {NULL, 0}, piece;
    assert_false(str_split(&absent, ',', &piece));
}

static void numbers_have_a_maximum(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t max;
        bool good;
        uint64_t value;
    } cases[] = {
        {"0", 0, true, 0},
        {"1", 0, false, 0},
        {"007", 7, true, 7},
        {"8", 7, false, 0},
        {"70x", 100, false, 0},
        {"", 100, false, 0},
        {"-1", 100, false, 0},
        {" 1", 100, false, 0},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999999", UINT64_MAX, false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t value = 0;
        if (str_to_u64(str_from(cases[i].text), cases[i].max, &value) != cases[i].good ||
            value != cases[i].value)
            fail_msg("%s", cases[i].text);
    }
}

static void comparing(void **state) {
    (void)state;
    assert_true(str_equal((struct str){NULL, 0}, STR("")));
    assert_false(str_equal(STR("a"), STR("b")));
    assert_false(str_equal(STR("a"), STR("ab")));
    assert_true(str_equal_nocase(STR("Content-Type"), STR("content-TYPE")));
    assert_false(str_equal_nocase(STR("["), STR("{")));
    assert_false(str_equal_nocase(STR("a"), STR("aa")));
}

static void clean_text_is_utf8_without_controls(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        bool clean;
    } cases[] = {
        {"abc", 3, true},           {"", 0, true},
        {"Súdwest", 8, true},       {"\xf0\x9f\x98\x80", 4, true},
        {"a\0b", 3, false},         {"a\tb", 3, false},
        {"\x7f", 1, false},         {"\xc2\x85", 2, false},
        {"\xc3", 1, false},         {"\xc0\xa0", 2, false},
        {"\xed\xa0\x80", 3, false}, {"\xf4\x90\x80\x80", 4, false},
        {"\xff", 1, false},         {"\xe2\x82", 2, false},
        {"\xc2\xa0", 2, true},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (str_is_clean_utf8((struct str){cases[i].text, cases[i].len}) != cases[i].clean)
            fail_msg("case %zu", i);
}

static void folding_makes_spellings_alike(void **state) {
    (void)state;
    static const struct {
        const char *word, *folded;
    } cases[] = {
        {"Súdwest-Fryslân", "sudwest fryslan"},
        {"SUDWEST  FRYSLAN", "sudwest fryslan"},
        {"'s-Gravenhage", "s gravenhage"},
        {"\xe2\x80\x99s-Gravenhage", "s gravenhage"},
        {"Bergen (NH.)", "bergen nh"},
        {"  gedwongen\tprostitutie ", "gedwongen prostitutie"},
        {"Straße", "strasse"},
        {"\xef\xac\x81n", "fin"},                                 // the ligature fi
        {"\xef\xbc\xa1\xef\xbc\x91", "a1"},                       // full width
        {"e\xcc\x81", "e"},                                       // a mark of its own
        {"Su\u0301dwest-Frys\u00adla\u0302n", "sudwest fryslan"}, // decomposed, soft hyphen
        // zero width space and joiner, byte order mark, hard hyphen
        {"\ufeffS\u00fa\u200bdwest\u2011Frysl\u00e2n\u200d", "sudwest fryslan"},
        {"-- ()", ""},
        {"", ""},
        {"\xff", ""},
    };
    char out[STR_FOLDED_MAX];
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = str_fold(str_from(cases[i].word), out);
        assert_string_equal(out, cases[i].folded);
        assert_int_equal(len, strlen(out));
    }
}

static void folding_has_a_maximum(void **state) {
    (void)state;
    char word[400], out[STR_FOLDED_MAX];
    memset(word, 'a', sizeof word);
    assert_int_equal(str_fold((struct str){word, STR_FOLDED_MAX - 1}, out), STR_FOLDED_MAX - 1);
    assert_int_equal(str_fold((struct str){word, STR_FOLDED_MAX}, out), 0);
    assert_int_equal(str_fold((struct str){word, sizeof word}, out), 0);
    memset(word, ' ', sizeof word);
    assert_int_equal(str_fold((struct str){word, STR_FOLDED_MAX}, out), 0);
}

static void folding_random_bytes_is_safe(void **state) {
    (void)state;
    uint64_t random = unit_seed();
    for (size_t i = 0, rounds = unit_rounds(100000); i < rounds; i++) {
        char word[256], out[STR_FOLDED_MAX];
        size_t len = unit_random(&random) % sizeof word;
        for (size_t k = 0; k < len; k++)
            word[k] = (char)unit_random(&random);
        size_t n = str_fold((struct str){word, len}, out);
        assert_true(n < STR_FOLDED_MAX && (n == 0 || out[n] == '\0'));
        assert_true(str_is_clean_utf8((struct str){out, n}));
    }
}

static void a_buffer_stops_at_its_maximum(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 10);
    buf_puts(&buf, "12345");
    buf_put_str(&buf, STR("678"));
    assert_false(buf.overflow);
    buf_puts(&buf, "9ab");
    assert_true(buf.overflow);
    assert_true(str_is(buf_str(&buf), "12345678"));
    buf_putc(&buf, 'x'); // would fit, but what was put before it is missing
    assert_int_equal(buf.len, 8);
    buf_clear(&buf);
    assert_false(buf.overflow);
    buf_puts(&buf, "1234567890");
    assert_false(buf.overflow);
    assert_int_equal(buf.len, 10);
    buf_free(&buf);
    assert_null(buf.data);
    assert_int_equal(buf.max, 10);
}

static void a_buffer_prints_numbers(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    buf_put_u64(&buf, 0);
    buf_putc(&buf, ' ');
    buf_put_u64(&buf, UINT64_MAX);
    buf_putc(&buf, ' ');
    buf_put_i64(&buf, INT64_MIN);
    buf_printf(&buf, " %s-%d", "x", 7);
    char *text = buf_take(&buf);
    assert_string_equal(text, "0 18446744073709551615 -9223372036854775808 x-7");
    free(text);
    assert_int_equal(buf.len, 0);
    text = buf_take(&buf);
    assert_string_equal(text, "");
    free(text);
    buf_free(&buf);
}

static void reading_a_file_has_a_maximum(void **state) {
    (void)state;
    struct buf buf;
    struct err err;
    assert_true(str_read_file(SOURCE_DIR "/conf/categories.csv", 1 << 20, &buf, &err));
    size_t len = buf.len;
    assert_true(len > 1000);
    buf_free(&buf);
    assert_true(str_read_file(SOURCE_DIR "/conf/categories.csv", len, &buf, &err));
    buf_free(&buf);
    assert_false(str_read_file(SOURCE_DIR "/conf/categories.csv", len - 1, &buf, &err));
    assert_int_equal(err.kind, ERR_INPUT);
    assert_false(str_read_file(SOURCE_DIR "/conf/no-such-file", 100, &buf, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trimming_takes_white_space_only),
        cmocka_unit_test(tidying_makes_what_reads_alike_alike),
        cmocka_unit_test(tidying_random_bytes_is_safe),
        cmocka_unit_test(splitting_gives_every_piece),
        cmocka_unit_test(numbers_have_a_maximum),
        cmocka_unit_test(comparing),
        cmocka_unit_test(clean_text_is_utf8_without_controls),
        cmocka_unit_test(folding_makes_spellings_alike),
        cmocka_unit_test(folding_has_a_maximum),
        cmocka_unit_test(folding_random_bytes_is_safe),
        cmocka_unit_test(a_buffer_stops_at_its_maximum),
        cmocka_unit_test(a_buffer_prints_numbers),
        cmocka_unit_test(reading_a_file_has_a_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
