// SPDX-License-Identifier: EUPL-1.2
#include "core/signal/codelists.h"

#include "unit.h"

enum { TODAY = 20000 }; // 2024-10-04

static void genders(void **state) {
    (void)state;
    static const struct {
        const char *word;
        enum gender gender; // GENDER_COUNT: not in the list
    } cases[] = {
        {"V", GENDER_FEMININE},
        {"vrouw", GENDER_FEMININE},
        {"F", GENDER_FEMININE},
        {"female", GENDER_FEMININE},
        {"Woman", GENDER_FEMININE},
        {"Feminine", GENDER_FEMININE},
        {"TransgenderFeminine", GENDER_TRANS_FEMININE},
        {"transvrouw", GENDER_TRANS_FEMININE},
        {"Trans vrouw", GENDER_TRANS_FEMININE},
        {"transgender vrouw", GENDER_TRANS_FEMININE},
        {"transgender", GENDER_COUNT},
        {"M", GENDER_MASCULINE},
        {"m", GENDER_MASCULINE},
        {"man", GENDER_MASCULINE},
        {"male", GENDER_MASCULINE},
        {"Masculine", GENDER_MASCULINE},
        {"TransgenderMasculine", GENDER_TRANS_MASCULINE},
        {"transman", GENDER_TRANS_MASCULINE},
        {"trans man", GENDER_TRANS_MASCULINE},
        {"TransgenderMan", GENDER_TRANS_MASCULINE},
        {"X", GENDER_NON_CONFORMING},
        {"NonConforming", GENDER_NON_CONFORMING},
        {"Trans/Transgender/NonConforming", GENDER_NON_CONFORMING},
        {"non-binair", GENDER_NON_CONFORMING},
        {"onbekend", GENDER_UNKNOWN},
        {"NonSpecifiedUnknown", GENDER_UNKNOWN},
        {"Q", GENDER_COUNT},
        {"", GENDER_COUNT},
        {"mv", GENDER_COUNT},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum gender g = GENDER_COUNT;
        bool found = codelist_gender(str_from(cases[i].word), &g);
        if (found != (cases[i].gender != GENDER_COUNT) || g != cases[i].gender)
            fail_msg("%s", cases[i].word);
    }
}

static void citizenships(void **state) {
    (void)state;
    static const struct {
        const char *word;
        enum citizenship group; // CITIZENSHIP_COUNT: not in the list
    } cases[] = {
        {"NL", CITIZENSHIP_NL},
        {"nld", CITIZENSHIP_NL},
        {"Nederlands", CITIZENSHIP_NL},
        {"Dutch", CITIZENSHIP_NL},
        {"CW", CITIZENSHIP_NL},
        {"PL", CITIZENSHIP_EU},
        {"pol", CITIZENSHIP_EU},
        {"GR", CITIZENSHIP_EU},
        {"EL", CITIZENSHIP_EU},
        {"HRV", CITIZENSHIP_EU},
        {"EU", CITIZENSHIP_EU},
        {"NG", CITIZENSHIP_NON_EU},
        {"NGA", CITIZENSHIP_NON_EU},
        {"GB", CITIZENSHIP_NON_EU},
        {"UK", CITIZENSHIP_NON_EU},
        {"CH", CITIZENSHIP_NON_EU},
        {"nonEU", CITIZENSHIP_NON_EU},
        {"non-EU", CITIZENSHIP_NON_EU},
        {"staatloos", CITIZENSHIP_NON_EU},
        {"onbekend", CITIZENSHIP_UNKNOWN},
        {"QQ", CITIZENSHIP_COUNT},
        {"ZZZ", CITIZENSHIP_COUNT},
        {"N", CITIZENSHIP_COUNT},
        {"", CITIZENSHIP_COUNT},
        {"N L", CITIZENSHIP_COUNT},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum citizenship c = CITIZENSHIP_COUNT;
        bool found = codelist_citizenship(str_from(cases[i].word), TODAY, &c);
        if (found != (cases[i].group != CITIZENSHIP_COUNT) || c != cases[i].group)
            fail_msg("%s", cases[i].word);
    }
}

// All of ISO 3166-1 must be there: 249 countries, and beside them EL, UK, XK and the group EU among
// the short codes, XKX among the long ones.
static void every_country_has_a_group(void **state) {
    (void)state;
    size_t found[4] = {0}, members = 0;
    char code[4];
    enum citizenship c;
    for (code[0] = 'A'; code[0] <= 'Z'; code[0]++)
        for (code[1] = 'A'; code[1] <= 'Z'; code[1]++) {
            found[2] += codelist_citizenship((struct str){code, 2}, TODAY, &c);
            for (code[2] = 'A'; code[2] <= 'Z'; code[2]++)
                if (codelist_citizenship((struct str){code, 3}, TODAY, &c))
                    found[3]++;
        }
    assert_int_equal(found[2], 249 + 4);
    assert_int_equal(found[3], 249 + 1);
    static const char eu[] = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT PL PT RO SK "
                             "SI ES SE";
    struct str rest = STR(eu), piece;
    while (str_split(&rest, ' ', &piece))
        members += codelist_citizenship(piece, TODAY, &c) && c == CITIZENSHIP_EU;
    assert_int_equal(members, 26);
}

static enum citizenship on(const char *word, int year, int month, int day) {
    enum citizenship c = CITIZENSHIP_COUNT;
    assert_true(codelist_citizenship(str_from(word), time_day_from_civil(year, month, day), &c));
    return c;
}

// Each that joined after 2000 or left, on the last day outside or inside and on the day after.
static void the_union_is_as_of_the_day(void **state) {
    (void)state;
    static const char *const joined_2004[] = {"CY", "CZE", "ee", "HU", "LT",
                                              "LV", "MT",  "PL", "SI", "SVK"};
    static const char *const left[] = {"GB", "UK", "GBR", "GI", "JE", "GGY", "IM"};
    for (size_t i = 0; i < COUNT(joined_2004); i++) {
        assert_int_equal(on(joined_2004[i], 2004, 4, 30), CITIZENSHIP_NON_EU);
        assert_int_equal(on(joined_2004[i], 2004, 5, 1), CITIZENSHIP_EU);
    }
    assert_int_equal(on("BG", 2006, 12, 31), CITIZENSHIP_NON_EU);
    assert_int_equal(on("ROU", 2007, 1, 1), CITIZENSHIP_EU);
    assert_int_equal(on("HR", 2013, 6, 30), CITIZENSHIP_NON_EU);
    assert_int_equal(on("HRV", 2013, 7, 1), CITIZENSHIP_EU);
    for (size_t i = 0; i < COUNT(left); i++) {
        assert_int_equal(on(left[i], 2000, 1, 1), CITIZENSHIP_EU);
        assert_int_equal(on(left[i], 2020, 1, 31), CITIZENSHIP_EU);
        assert_int_equal(on(left[i], 2020, 2, 1), CITIZENSHIP_NON_EU);
    }
    assert_int_equal(on("DE", 2000, 1, 1), CITIZENSHIP_EU);
    assert_int_equal(on("NG", 2017, 3, 5), CITIZENSHIP_NON_EU);
    assert_int_equal(on("nld", 2000, 1, 1), CITIZENSHIP_NL);
}

static void countries(void **state) {
    (void)state;
    static const struct {
        const char *word, *code; // "": no country's code
    } cases[] = {
        {"NL", "nl"}, {"nld", "nl"}, {" Ng ", "ng"}, {"NGA", "ng"}, {"EL", "gr"},  {"GR", "gr"},
        {"UK", "gb"}, {"GBR", "gb"}, {"XKX", "xk"},  {"ABW", "aw"}, {"ZWE", "zw"}, {"EU", ""},
        {"", ""},     {"N", ""},     {"NLDX", ""},   {"zz", ""},    {"zzz", ""},   {"Nigeria", ""},
        {"-", ""},    {"12", ""},    {"n g", ""},    {"ngang", ""}, {"el gr", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char code[3] = "";
        bool found = codelist_country(str_from(cases[i].word), code);
        if (found != (cases[i].code[0] != '\0') || strcmp(code, cases[i].code) != 0)
            fail_msg("%s: %s", cases[i].word, code);
    }
}

// Each of three letters leads to one of two, and every one of two but the EU's own has one of
// three.
static void codes_of_three_letters_are_complete(void **state) {
    (void)state;
    static bool reached[26][26];
    char word[4] = "", code[3], two[3];
    size_t three = 0, reachable = 0;
    for (word[0] = 'a'; word[0] <= 'z'; word[0]++)
        for (word[1] = 'a'; word[1] <= 'z'; word[1]++)
            for (word[2] = 'a'; word[2] <= 'z'; word[2]++) {
                enum citizenship a, b;
                if (!codelist_country((struct str){word, 3}, code))
                    continue;
                three++;
                reached[code[0] - 'a'][code[1] - 'a'] = true;
                assert_true(codelist_country(str_from(code), two));
                assert_string_equal(code, two);
                assert_true(codelist_citizenship((struct str){word, 3}, TODAY, &a));
                assert_true(codelist_citizenship(str_from(code), TODAY, &b));
                assert_int_equal(a, b);
            }
    for (size_t i = 0; i < 26 * 26; i++)
        reachable += reached[i / 26][i % 26];
    assert_int_equal(three, 249 + 1);
    assert_int_equal(reachable, 249 + 1);
}

static void words_for_unknown(void **state) {
    (void)state;
    assert_true(codelist_is_unknown(STR("Onbekend")));
    assert_true(codelist_is_unknown(STR(" not specified ")));
    assert_false(codelist_is_unknown(STR("")));
    assert_false(codelist_is_unknown(STR("Nigeria")));
}

static void statuses(void **state) {
    (void)state;
    static const struct {
        const char *word;
        enum status status; // STATUS_COUNT: not in the list
    } cases[] = {

        {"", STATUS_COUNT},
        {"possible", STATUS_POSSIBLE},
        {"Mogelijk", STATUS_POSSIBLE},
        {"PossibleVictimOfTrafficking", STATUS_POSSIBLE},
        {"confirmed", STATUS_CONFIRMED},
        {"bevestigd", STATUS_CONFIRMED},
        {"ActualVictimOfTrafficking", STATUS_CONFIRMED},
        {"rejected", STATUS_REJECTED},
        {"afgewezen", STATUS_REJECTED},
        {"NotAVictimOfTrafficking", STATUS_REJECTED},
        {"maybe", STATUS_COUNT},
        {"?", STATUS_COUNT},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum status status = STATUS_COUNT;
        bool found = codelist_status(str_from(cases[i].word), &status);
        if (found != (cases[i].status != STATUS_COUNT) || status != cases[i].status)
            fail_msg("%s", cases[i].word);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(genders),
        cmocka_unit_test(citizenships),
        cmocka_unit_test(every_country_has_a_group),
        cmocka_unit_test(the_union_is_as_of_the_day),
        cmocka_unit_test(countries),
        cmocka_unit_test(codes_of_three_letters_are_complete),
        cmocka_unit_test(words_for_unknown),
        cmocka_unit_test(statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
