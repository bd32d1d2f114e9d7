// SPDX-License-Identifier: EUPL-1.2
#include "core/tables/municipalities.h"

#include "base/time.h"

#include "core_tables.h"

enum { LIMBURG = 31, NOORD_HOLLAND = 27, UTRECHT = 26 };

static int32_t day_of(const char *text) {
    int32_t day;
    assert_true(time_parse_date(str_from(text), &day));
    return day;
}

static void words_resolve_as_of_their_day(void **state) {
    (void)state;
    static const struct {
        const char *word, *day;
        uint8_t province;
        uint16_t code;        // 0: no such, 1: ambiguous
        const char *spelling; // "*": any
    } cases[] = {
        {"Amsterdam", "2017-03-05", 0, 363, "Amsterdam"},
        {" AMSTERDAM ", "2017-03-05", 0, 363, "Amsterdam"},
        {"GM0363", "2017-03-05", 0, 363, "GM0363"},
        {"gm363", "2017-03-05", 0, 363, "GM0363"},
        {"0363", "2017-03-05", 0, 363, "GM0363"},
        {"363", "2017-03-05", 0, 363, "GM0363"},
        {"14", "2017-03-05", 0, 14, "GM0014"},
        {"GM 0363", "2017-03-05", 0, 363, "GM0363"},
        {"gm-0363", "2017-03-05", 0, 363, "GM0363"},
        {"GM: 363", "2017-03-05", 0, 363, "GM0363"},
        {"NL.GM0363", "2017-03-05", 0, 363, "GM0363"},
        {"nl.gm 0363", "2017-03-05", 0, 363, "GM0363"},
        {"363.0", "2017-03-05", 0, 363, "GM0363"},
        {"363,0", "2017-03-05", 0, 363, "GM0363"},
        {"Gemeente 0363", "2017-03-05", 0, 363, "GM0363"},
        {"363.5", "2017-03-05", 0, 0, NULL},
        {"36.30", "2017-03-05", 0, 0, NULL},
        {"-363", "2017-03-05", 0, 0, NULL},
        {"0.363", "2017-03-05", 0, 0, NULL},
        {"NL", "2017-03-05", 0, 0, NULL},
        {"GM9999", "2017-03-05", 0, 0, NULL},
        {"GM 9999", "2017-03-05", 0, 0, NULL},
        {"Gem. Amsterdam", "2017-03-05", 0, 363, "Gemeente Amsterdam"},
        {"gem Amsterdam", "2017-03-05", 0, 363, "Gemeente Amsterdam"},
        {"Amsterdam (gemeente)", "2017-03-05", 0, 363, "Gemeente Amsterdam"},
        {"Amsterdam, gem.", "2017-03-05", 0, 363, "Gemeente Amsterdam"},
        {"Gemert", "2017-03-05", 0, 0, NULL},
        {"gem.", "2017-03-05", 0, 0, NULL},
        {"Haren Gn", "2017-03-05", 0, 17, "Haren"},
        {"Haren (Gr.)", "2017-03-05", 0, 17, "Haren"},
        {"Haren, Groningen", "2019-03-05", 0, 14, "Haren"},
        {"Gem. Haren (Groningen)", "2017-03-05", 0, 17, "Gemeente Haren"},
        {"Weesp (Noord-Holland)", "2017-03-05", 0, 457, "Weesp"},
        {"Weesp NH", "2017-03-05", 0, 457, "Weesp"},
        {"Bergen, Limburg", "2017-03-05", NOORD_HOLLAND, 893, "*"},
        {"Bergen (Noord-Holland)", "2017-03-05", LIMBURG, 373, "*"},
        {"Bergen (Utrecht)", "2017-03-05", LIMBURG, 0, NULL},
        {"Amsterdam (Limburg)", "2017-03-05", 0, 0, NULL},
        {"Atlantis (Limburg)", "2017-03-05", 0, 0, NULL},
        {"Limburg", "2017-03-05", 0, 0, NULL},
        {"'s Gravenhage", "2017-03-05", 0, 518, "*"},
        {"S\xc3\x83\xc2\xba"
         "dwest-Frysl\xc3\x83\xc2\xa2n",
         "2017-03-05", 0, 1900, "*"},
        {"S\xc3\x83\xc2\xba"
         "dwestFrysl\xc3\x83\xc2\xa2n",
         "2017-03-05", 0, 1900, "*"},
        {"S\xef\xbf\xbd"
         "dwest-Frysl\xef\xbf\xbdn",
         "2017-03-05", 0, 1900, "*"},
        {"S?dwest-Frysl?n", "2017-03-05", 0, 1900, "*"},
        {"Atl\xc3\x83\xc2\xa2ntis", "2017-03-05", 0, 0, NULL},
        {"GM", "2017-03-05", 0, 0, NULL},
        {"GM0000", "2017-03-05", 0, 0, NULL},
        {"GM00363", "2017-03-05", 0, 0, NULL},
        {"", "2017-03-05", 0, 0, NULL},
        {"Atlantis", "2017-03-05", 0, 0, NULL},
        {"Den Haag", "2017-03-05", 0, 518, "Den Haag"},
        {"'s-Gravenhage", "2017-03-05", 0, 518, "'s-Gravenhage"},
        {"den bosch", "2017-03-05", 0, 796, "Den Bosch"},
        {"sudwest fryslan", "2017-03-05", 0, 1900, "Súdwest-Fryslân"},
        {"Nuenen, Gerwen en Nederwetten", "2017-03-05", 0, 820, "Nuenen, Gerwen en Nederwetten"},
        // the two Bergens
        {"Bergen", "2017-03-05", 0, 1, "Bergen"},
        {"Bergen", "2017-03-05", UTRECHT, 1, "Bergen"},
        {"Bergen", "2017-03-05", LIMBURG, 893, "Bergen"},
        {"bergen", "2017-03-05", NOORD_HOLLAND, 373, "Bergen"},
        {"Bergen (L.)", "2017-03-05", NOORD_HOLLAND, 893, "Bergen (L.)"},
        {"Bergen NH", "2017-03-05", LIMBURG, 373, "Bergen NH"},
        {"Bergen op Zoom", "2017-03-05", LIMBURG, 748, "Bergen op Zoom"},
        {"gemeente bergen", "2017-03-05", NOORD_HOLLAND, 373, "Gemeente Bergen"},
        {"GEMEENTE 'S-GRAVENHAGE", "2017-03-05", 0, 518, "Gemeente 's-Gravenhage"},
        {"gemeente", "2017-03-05", 0, 0, NULL},
        // ended: one successor
        {"Weesp", "2022-03-23", 0, 457, "Weesp"},
        {"Weesp", "2022-03-24", 0, 363, "Weesp"},
        {"GM0457", "2023-01-01", 0, 363, "GM0457"},
        {"Leeuwarderadeel", "2018-01-01", 0, 80, "Leeuwarderadeel"},
        {"Schijndel", "2016-12-31", 0, 844, "Schijndel"},
        {"Schijndel", "2017-01-01", 0, 1948, "Schijndel"},
        // ended: a split
        {"Haaren", "2020-12-31", 0, 788, "Haaren"},
        {"Haaren", "2021-01-01", 0, 1, "Haaren"},
        {"Winsum", "2019-06-01", 0, 1, "Winsum"},
        {"GM0140", "2017-12-31", 0, 140, "GM0140"},
        {"gm140", "2018-01-01", 0, 1, "GM0140"},
        // not yet begun: one predecessor, several, none in the table
        {"Berg en Dal", "2015-06-01", 0, 241, "Berg en Dal"},
        {"De Fryske Marren", "2015-06-30", 0, 1921, "De Fryske Marren"},
        {"De Fryske Marren", "2015-07-01", 0, 1940, "De Fryske Marren"},
        {"Meierijstad", "2016-06-01", 0, 1948, "Meierijstad"},
        {"GM1948", "2016-06-01", 0, 1948, "GM1948"},
        // of several that lay in two provinces
        {"Vianen", "2018-12-31", 0, 620, "Vianen"},
        {"Leerdam", "2018-12-31", 0, 545, "Leerdam"},
        {"Leerdam", "2019-01-01", 0, 1961, "Leerdam"},
        {"Vijfheerenlanden", "2018-12-31", UTRECHT, 1, "Vijfheerenlanden"},
        {"Nissewaard", "2014-06-01", 0, 1930, "Nissewaard"},
    };
    struct municipalities *all = tables_municipalities();
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct municipality *found = NULL;
        const char *spelling = NULL;
        enum municipality_match match =
            municipalities_resolve(all, str_from(cases[i].word), day_of(cases[i].day),
                                   cases[i].province, &found, &spelling);
        enum municipality_match expected = cases[i].code > 1    ? MUNICIPALITY_FOUND
                                           : cases[i].code == 1 ? MUNICIPALITY_AMBIGUOUS
                                                                : MUNICIPALITY_NO_SUCH;
        bool same_spelling =
            spelling && cases[i].spelling
                ? cases[i].spelling[0] == '*' || strcmp(spelling, cases[i].spelling) == 0
                : spelling == cases[i].spelling;
        if (match != expected || (found ? found->code : 0) != (found ? cases[i].code : 0) ||
            !same_spelling)
            fail_msg("%s on %s: match %u, code %u", cases[i].word, cases[i].day, match,
                     found ? found->code : 0u);
    }
    municipalities_free(all);
    municipalities_free(NULL);
}

static void successors_lead_to_the_present(void **state) {
    (void)state;
    static const struct {
        uint16_t code;
        const char *day;
        uint16_t then;
    } cases[] = {
        {457, "2022-03-23", 457},  {457, "2022-03-24", 363},   {363, "2024-01-01", 363},
        {788, "2021-01-01", 824},  {53, "2019-01-01", 1966},   {140, "2018-01-01", 1900},
        {844, "2024-01-01", 1948}, {1948, "2010-01-01", 1948},
    };
    struct municipalities *all = tables_municipalities();
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct municipality *from = municipalities_by_code(all, cases[i].code);
        assert_int_equal(municipalities_successor(all, from, day_of(cases[i].day))->code,
                         cases[i].then);
    }
    assert_null(municipalities_successor(all, NULL, 0));
    municipalities_free(all);
}

static void the_table_is_whole(void **state) {
    (void)state;
    struct municipalities *all = tables_municipalities();
    size_t today = 0;
    int32_t day = day_of("2024-01-01");
    assert_true(municipalities_count(all) == 414);
    for (size_t i = 0; i < municipalities_count(all); i++) {
        const struct municipality *m = municipalities_at(all, i);
        const struct municipality *found;
        const char *spelling;
        assert_ptr_equal(municipalities_by_code(all, m->code), m);
        int32_t then = m->valid_to < day ? m->valid_to : day;
        assert_int_equal(
            municipalities_resolve(all, str_from(m->name), then, m->province, &found, &spelling),
            MUNICIPALITY_FOUND);
        assert_ptr_equal(found, m);
        assert_string_equal(spelling, m->name);
        today += m->valid_to == INT32_MAX;
    }
    assert_int_equal(today, 342);
    const struct municipality *m = municipalities_by_code(all, 363);
    assert_int_equal(m->province, 27);
    assert_int_equal(m->safety_region, 13);
    assert_string_equal(m->province_name, "Noord-Holland");
    assert_string_equal(m->police_unit, "Amsterdam");
    assert_string_equal(m->size_class, ">=250k");
    assert_null(municipalities_by_code(all, 0));
    assert_null(municipalities_by_code(all, UINT16_MAX));
    municipalities_free(all);
}

// The list of mergers is a second account of the same history.
static void mergers_agree_with_the_table(void **state) {
    (void)state;
    struct municipalities *all = tables_municipalities();
    struct buf text = tables_read(SOURCE_DIR "/conf/mergers.csv");
    struct str rest = buf_str(&text), line, cell[6];
    size_t checked = 0;
    assert_true(str_split(&rest, '\n', &line));
    while (str_split(&rest, '\n', &line) && line.len > 0) {
        struct str cells = str_trim(line);
        for (size_t i = 0; i < COUNT(cell); i++)
            assert_true(str_split(&cells, ',', &cell[i]));
        const struct municipality *from, *to, *found;
        const char *spelling;
        int32_t day;
        assert_true(time_parse_date(cell[0], &day));
        assert_int_equal(municipalities_resolve(all, cell[1], day - 1, 0, &from, &spelling),
                         MUNICIPALITY_FOUND);
        assert_int_equal(municipalities_resolve(all, cell[3], day, 0, &to, &spelling),
                         MUNICIPALITY_FOUND);
        assert_int_equal(from->valid_to, day - 1);
        enum municipality_match match =
            municipalities_resolve(all, cell[1], day, 0, &found, &spelling);
        if (str_is(cell[5], "1")) {
            assert_int_equal(match, MUNICIPALITY_FOUND);
            assert_ptr_equal(found, to);
        } else {
            assert_int_equal(match, MUNICIPALITY_AMBIGUOUS);
        }
        checked++;
    }
    assert_int_equal(checked, 78);
    buf_free(&text);
    municipalities_free(all);
}

#define HEADER                                                                                     \
    "code,name,province_code,province,valid_from,valid_to,successor_codes,police_unit,"            \
    "safety_region,inhabitants,inhabitants_year,size_class\n"
#define ROW(code, name, from, to, successors)                                                      \
    code "," name ",PV20,P," from "," to "," successors ",U,VR01,1,2024,c\n"

static void wrong_tables_are_refused_with_their_line(void **state) {
    (void)state;
    static const struct {
        const char *rows, *variants, *where;
    } cases[] = {
        {"", "variant,code\n", "m: empty"},
        {HEADER, "variant,code\n", "m: no municipalities"},
        {HEADER "GM1,a,PV20,P,,,,U,VR01,1,2024,c\n", "variant,code\n", "m:2: code"},
        {HEADER "GM0000,a,PV20,P,,,,U,VR01,1,2024,c\n", "variant,code\n", "m:2: code"},
        {HEADER "GM0001,a,PV19,P,,,,U,VR01,1,2024,c\n", "variant,code\n", "m:2: province_code"},
        {HEADER "GM0001,a,PV20,P,,,,U,VR26,1,2024,c\n", "variant,code\n", "m:2: safety_region"},
        {HEADER "GM0001,,PV20,P,,,,U,VR01,1,2024,c\n", "variant,code\n", "m:2: name"},
        {HEADER "GM0001,a,PV20,P,,,,,VR01,1,2024,c\n", "variant,code\n", "m:2: name, province"},
        {HEADER "GM0001,a,PV20,P,,,,Noordwest en Zuidoost met éénheid,VR01,1,2024,c\n",
         "variant,code\n", "m:2: police_unit"},
        {HEADER "GM0001,a,PV20,P,,,,U,VR01,-1,2024,c\n", "variant,code\n", "m:2: inhabitants"},
        {HEADER "GM0001,a,PV20,P,,,,U,VR01\n", "variant,code\n", "m:2: 9 columns"},
        {HEADER ROW("GM0001", "a", "2019-13-01", "", ""), "variant,code\n", "m:2: valid_from"},
        {HEADER ROW("GM0001", "a", "2019-01-02", "2019-01-01", ""), "variant,code\n",
         "m:2: valid_from"},
        {HEADER ROW("GM0001", "a", "", "", "GM0002"), "variant,code\n", "m:2: a municipality"},
        {HEADER ROW("GM0001", "a", "", "2019-01-01", "GM0001"), "variant,code\n",
         "m:2: successor_codes"},
        {HEADER ROW("GM0001", "a", "", "2019-01-01", "GM0002 GM0003 GM0004 GM0005 GM0006"),
         "variant,code\n", "m:2: successor_codes"},
        {HEADER ROW("GM0001", "a", "", "2019-01-01", "GM0002"), "variant,code\n",
         "m:2: a successor"},
        // two that would succeed each other for ever
        {HEADER ROW("GM0001", "a", "", "2019-01-01", "GM0002")
             ROW("GM0002", "b", "", "2019-01-01", "GM0001"),
         "variant,code\n", "m:2: a successor"},
        {HEADER ROW("GM0001", "a", "", "", "") ROW("GM0001", "b", "", "", ""), "variant,code\n",
         "m:3: another row"},
        {HEADER ROW("GM0001", "-", "", "", ""), "variant,code\n", "m:2: the name"},
        {HEADER ROW("GM0001", "a", "", "", ""), "name,code\n", "v:1: column 1"},
        {HEADER ROW("GM0001", "a", "", "", ""), "variant,code\nb,GM0002\n", "v:2: the code"},
        {HEADER ROW("GM0001", "a", "", "", ""), "variant,code\n.,GM0001\n", "v:2: the name"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = {0};
        assert_null(municipalities_load(str_from(cases[i].rows), "m", str_from(cases[i].variants),
                                        "v", &err));
        assert_int_equal(err.kind, ERR_CONFIG);
        if (strncmp(err.text, cases[i].where, strlen(cases[i].where)) != 0)
            fail_msg("%s, not %s", err.text, cases[i].where);
    }
}

// A name that one municipality left and another took.
static void a_name_means_the_one_valid_on_the_day(void **state) {
    (void)state;
    struct err err;
    struct municipalities *all = municipalities_load(
        STR(HEADER ROW("GM0001", "Dorp", "", "2018-12-31", "GM0003")
                ROW("GM0002", "Dorp", "2019-01-01", "", "") ROW("GM0003", "Stad", "", "", "")),
        "m", STR("variant,code\n"), "v", &err);
    assert_non_null(all);
    const struct municipality *found;
    const char *spelling;
    assert_int_equal(
        municipalities_resolve(all, STR("dorp"), day_of("2018-06-01"), 0, &found, &spelling),
        MUNICIPALITY_FOUND);
    assert_int_equal(found->code, 1);
    assert_int_equal(
        municipalities_resolve(all, STR("dorp"), day_of("2019-06-01"), 0, &found, &spelling),
        MUNICIPALITY_FOUND);
    assert_int_equal(found->code, 2);
    municipalities_free(all);
}

// What a municipality took in later does not say what it was before it began.
static void a_predecessor_is_one_that_made_way(void **state) {
    (void)state;
    struct err err;
    struct municipalities *all =
        municipalities_load(STR(HEADER ROW("GM0001", "Oud", "", "2014-12-31", "GM0003")
                                    ROW("GM0002", "Later", "", "2018-12-31", "GM0003")
                                        ROW("GM0003", "Nieuw", "2015-01-01", "", "")),
                            "m", STR("variant,code\n"), "v", &err);
    assert_non_null(all);
    const struct municipality *from = municipalities_by_code(all, 3);
    assert_int_equal(municipalities_on(all, from, day_of("2014-06-01"))->code, 1);
    assert_int_equal(municipalities_on(all, from, day_of("2017-06-01"))->code, 3);
    municipalities_free(all);
}

// A province must not have counts of another: what several became is itself before its beginning
// only where they lay in its own regions.
static void a_merger_across_a_border_is_not_guessed(void **state) {
    (void)state;
    static const struct {
        const char *regions; // of the second of two
        bool known;
    } cases[] = {
        {"PV20,P,,2014-12-31,GM0003,U,VR01", true},
        {"PV21,P,,2014-12-31,GM0003,U,VR01", false},
        {"PV20,P,,2014-12-31,GM0003,W,VR01", false},
        {"PV20,P,,2014-12-31,GM0003,U,VR02", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err;
        char text[1024];
        (void)snprintf(text, sizeof text, "%sGM0002,Twee,%s,1,2014,c\n",
                       HEADER ROW("GM0001", "Een", "", "2014-12-31", "GM0003")
                           ROW("GM0003", "Nieuw", "2015-01-01", "", ""),
                       cases[i].regions);
        struct municipalities *all =
            municipalities_load(str_from(text), "m", STR("variant,code\n"), "v", &err);
        assert_non_null(all);
        const struct municipality *from = municipalities_by_code(all, 3);
        assert_ptr_equal(municipalities_on(all, from, day_of("2014-06-01")),
                         cases[i].known ? from : NULL);
        assert_ptr_equal(municipalities_on(all, from, day_of("2015-01-01")), from);
        municipalities_free(all);
    }
}

static void codes_are_written_in_full(void **state) {
    (void)state;
    static const struct {
        const char *word, *code; // NULL: not the form of a code
    } cases[] = {
        {"GM0363", "GM0363"}, {"gm363", "GM0363"}, {" 0363 ", "GM0363"}, {"1", "GM0001"},
        {"gM9999", "GM9999"}, {"GM0000", NULL},    {"GM", NULL},         {"", NULL},
        {"GM00363", NULL},    {"Amsterdam", NULL}, {"-363", NULL},       {"3 63", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char code[MUNICIPALITY_CODE_MAX] = "same";
        assert_int_equal(municipalities_full_code(str_from(cases[i].word), code),
                         cases[i].code != NULL);
        assert_string_equal(code, cases[i].code ? cases[i].code : "same");
    }
}

struct spellings {
    const struct municipalities *all;
    size_t count, codes;
    bool den_haag, with_gemeente, base;
};

static void on_spelling(void *ctx, const char *spelling) {
    struct spellings *seen = ctx;
    const struct municipality *found;
    const char *same;
    char code[MUNICIPALITY_CODE_MAX];
    // 2017: while most of them were there; a spelling must mean something, if only an ambiguous one
    enum municipality_match match = municipalities_resolve(
        seen->all, str_from(spelling), day_of("2017-06-01"), LIMBURG, &found, &same);
    assert_int_not_equal(match, MUNICIPALITY_NO_SUCH);
    assert_string_equal(same, spelling);
    seen->count++;
    seen->codes += municipalities_full_code(str_from(spelling), code);
    seen->den_haag |= strcmp(spelling, "Den Haag") == 0;
    seen->with_gemeente |= strcmp(spelling, "Gemeente Weesp") == 0;
    seen->base |= strcmp(spelling, "Bergen") == 0;
}

static void every_spelling_is_told_once(void **state) {
    (void)state;
    struct municipalities *all = tables_municipalities();
    struct spellings seen = {.all = all};
    municipalities_each_spelling(all, on_spelling, &seen);
    assert_int_equal(seen.codes, municipalities_count(all));
    assert_true(seen.count > 3 * municipalities_count(all));
    assert_true(seen.den_haag && seen.with_gemeente && seen.base);
    municipalities_free(all);
}

static void random_words_are_safe(void **state) {
    (void)state;
    uint64_t random = unit_seed();
    struct municipalities *all = tables_municipalities();
    for (size_t i = 0, rounds = unit_rounds(100000); i < rounds; i++) {
        char word[128];
        const struct municipality *found = NULL;
        const char *spelling = NULL;
        size_t len = unit_random(&random) % sizeof word;
        for (size_t k = 0; k < len; k++)
            word[k] = (char)unit_random(&random);
        enum municipality_match match =
            municipalities_resolve(all, (struct str){word, len}, (int32_t)unit_random(&random),
                                   (uint8_t)unit_random(&random), &found, &spelling);
        assert_int_equal(match == MUNICIPALITY_FOUND, found != NULL);
        assert_int_equal(match != MUNICIPALITY_NO_SUCH, spelling != NULL);
    }
    municipalities_free(all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_resolve_as_of_their_day),
        cmocka_unit_test(successors_lead_to_the_present),
        cmocka_unit_test(the_table_is_whole),
        cmocka_unit_test(mergers_agree_with_the_table),
        cmocka_unit_test(wrong_tables_are_refused_with_their_line),
        cmocka_unit_test(a_name_means_the_one_valid_on_the_day),
        cmocka_unit_test(a_predecessor_is_one_that_made_way),
        cmocka_unit_test(a_merger_across_a_border_is_not_guessed),
        cmocka_unit_test(codes_are_written_in_full),
        cmocka_unit_test(every_spelling_is_told_once),
        cmocka_unit_test(random_words_are_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
