// SPDX-License-Identifier: EUPL-1.2
#include "core/signal/synonyms.h"
#include "core/tables/categories.h"
#include "core/tables/table.h"

#include "core_tables.h"

static void the_table_knows_the_words_of_the_field(void **state) {
    (void)state;
    static const struct {
        const char *word;
        enum category code;
    } cases[] = {
        {"SexualExploitation", CATEGORY_SEXUAL_EXPLOITATION},
        {"seksuele uitbuiting", CATEGORY_SEXUAL_EXPLOITATION},
        {"  SEKSUELE-Uitbuiting ", CATEGORY_SEXUAL_EXPLOITATION},
        {"Gedwongen prostitutie", CATEGORY_SEXUAL_EXPLOITATION},
        {"sexual exploitation", CATEGORY_SEXUAL_EXPLOITATION},
        {"Arbeidsuitbuiting", CATEGORY_FORCED_LABOUR},
        {"overige arbeid", CATEGORY_FORCED_LABOUR},
        {"forced labor", CATEGORY_FORCED_LABOUR},
        {"criminele uitbuiting", CATEGORY_FORCED_CRIMINALITY},
        {"ForcedCriminality", CATEGORY_FORCED_CRIMINALITY},
        {"bedelarij", CATEGORY_FORCED_BEGGING},
        {"huisslavernij", CATEGORY_SERVITUDE},
        {"uitbuiting au pair", CATEGORY_SERVITUDE},
        {"orgaanhandel", CATEGORY_ORGAN_REMOVAL},
        {"huwelijksdwang", CATEGORY_FORCED_MARRIAGE},
        {"kinderarbeid", CATEGORY_CHILD_LABOUR},
        {"gedwongen adoptie", CATEGORY_FORCED_ADOPTION},
        {"gedwongen draagmoederschap", CATEGORY_SURROGACY},
        {"ForcedMilitaryByNonStateActors", CATEGORY_FORCED_MILITARY},
        {"anders", CATEGORY_OTHER},
        {"onbekend", CATEGORY_UNKNOWN},
    };
    struct categories *all = tables_categories();
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum category code = CATEGORY_COUNT;
        if (!categories_find(all, str_from(cases[i].word), &code) || code != cases[i].code)
            fail_msg("%s", cases[i].word);
    }
    assert_true(categories_count(all) > 100);
    categories_free(all);
}

// A method, a person, what is legal, another offence: counted as words that the table lacks.
static void the_table_lacks_what_names_no_form(void **state) {
    (void)state;
    static const char *const words[] = {
        // methods
        "loverboy",
        "Loverboys",
        "loverboy-methode",
        "lovergirl",
        "loverboyproblematiek",
        "debt bondage",
        "schuldhorigheid",
        "county lines",
        "DebtBondage",
        "rekrutering",
        // persons
        "pooier",
        "pooiers",
        "au pair",
        "au-pair",
        "kindbruid",
        "kindsoldaat",
        "child soldier",
        "prostituee",
        "sekswerker",
        "crimineel",
        "draagmoeder",
        "drugskoerier",
        "geldezel",
        // what is legal, or is by itself
        "draagmoederschap",
        "commercieel draagmoederschap",
        "prostitutie",
        "prostitution",
        "Pornography",
        "sekswerk",
        "escort",
        "seksuele dienstverlening",
        "PrivateSexualServices",
        "RemoteInteractiveServices",
        "arbeid",
        "labour",
        "labor",
        "adoptie",
        "adoption",
        "huwelijk",
        "uithuwelijking",
        "organen",
        "orgaandonatie",
        "bedelen",
        "begging",
        // other offences
        "ernstige benadeling",
        "huwelijkse gevangenschap",
        "illegale adoptie",
        "mensensmokkel",
        "kinderporno",
        "illegal adoption",
    };
    struct categories *all = tables_categories();
    enum category code;
    for (size_t i = 0; i < COUNT(words); i++)
        if (categories_find(all, str_from(words[i]), &code))
            fail_msg("%s is %s", words[i], category_name(code));
    categories_free(all);
}

// The words that the field's own publications use: CoMensha, HTCDS 2.0, CTDC.
static void the_table_knows_the_published_words(void **state) {
    (void)state;
    static const struct {
        enum category code;
        const char *words; // with a / between
    } cases[] = {
        {CATEGORY_SEXUAL_EXPLOITATION, "seksuele uitbuiting/gedwongen prostitutie/seksueel/"
                                       "uitbuiting in de seksuele "
                                       "dienstverlening/SexualExploitation/isSexualExploit"},
        {CATEGORY_FORCED_LABOUR,
         "arbeidsuitbuiting/overige arbeid/gereguleerde arbeid/gedwongen dienstverlening/"
         "uitbuiting in de gereguleerde arbeid en dienstverlening/ForcedLabour/isForcedLabour"},
        {CATEGORY_FORCED_CRIMINALITY,
         "criminele uitbuiting/gedwongen criminaliteit/criminele activiteiten/ForcedCriminality/"
         "typeOfLabourIllicitActivities"},
        {CATEGORY_FORCED_BEGGING, "bedelarij/gedwongen bedelen/ForcedBegging/typeOfLabourBegging"},
        {CATEGORY_SERVITUDE, "huisslavernij/dienstbaarheid/Servitude/"
                             "typeOfLabourDomesticWork/isSlaveryAndPractices"},
        {CATEGORY_ORGAN_REMOVAL, "orgaanverwijdering/orgaanhandel/gedwongen orgaanverwijdering/"
                                 "OrganRemoval/isOrganRemoval"},
        {CATEGORY_FORCED_MARRIAGE,
         "gedwongen huwelijk/huwelijksdwang/ForcedMarriage/isForcedMarriage"},
        {CATEGORY_CHILD_LABOUR, "ChildLabour/kinderarbeid"},
        {CATEGORY_FORCED_ADOPTION, "ForcedAdoption"},
        {CATEGORY_SURROGACY, "Surrogacy"},
        {CATEGORY_FORCED_MILITARY,
         "ForcedMilitaryByNonStateActors/forced military/isForcedMilitary"},
        {CATEGORY_OTHER, "Other/isOtherExploit/overig/anders"},
        {CATEGORY_UNKNOWN, "Unknown/onbekend"},
    };
    struct categories *all = tables_categories();
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str rest = str_from(cases[i].words), word;
        while (str_split(&rest, '/', &word)) {
            enum category code = CATEGORY_COUNT;
            if (!categories_find(all, word, &code) || code != cases[i].code)
                fail_msg("%.*s", (int)word.len, word.data);
        }
    }
    categories_free(all);
}

static void add_text(char *out, size_t *len, const char *text) {
    size_t n = strlen(text);
    assert_true(*len + n < 512);
    memcpy(out + *len, text, n + 1);
    *len += n;
}

// How careless sources spell a word: each way must be found as the word itself.
static void spell_loud(struct str word, char *out) {
    for (size_t i = 0; i < word.len; i++)
        out[i] =
            word.data[i] >= 'a' && word.data[i] <= 'z' ? (char)(word.data[i] - 32) : word.data[i];
    out[word.len] = '\0';
}

static void spell_wide(struct str word, char *out) {
    size_t len = 0;
    add_text(out, &len, " \t(");
    for (size_t i = 0; i < word.len; i++) {
        const char one[2] = {word.data[i], '\0'};
        add_text(out, &len, word.data[i] == ' ' || word.data[i] == '-' ? " -- " : one);
    }
    add_text(out, &len, ")!\xc2\xa0 ");
}

// With a mark on each vowel, composed or as a sign of its own.
static void spell_marked(struct str word, char *out) {
    static const char *const marked[] = {['a'] = "\xc3\xa0",
                                         ['e'] = "\xc3\xab",
                                         ['i'] = "i\xcc\x81",
                                         ['o'] = "\xc3\xb6",
                                         ['u'] = "u\xcc\x82"};
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < word.len; i++) {
        unsigned char c = (unsigned char)word.data[i];
        const char one[2] = {word.data[i], '\0'};
        add_text(out, &len, c < COUNT(marked) && marked[c] ? marked[c] : one);
    }
}

static void check_spellings(const struct categories *all, struct str word, enum category expected) {
    static void (*const spell[])(struct str word, char *out) = {spell_loud, spell_wide,
                                                                spell_marked};
    char text[512];
    enum category code;
    if (!categories_find(all, word, &code) || code != expected)
        fail_msg("%.*s", (int)word.len, word.data);
    for (size_t i = 0; i < COUNT(spell); i++) {
        code = CATEGORY_COUNT;
        spell[i](word, text);
        if (!categories_find(all, str_from(text), &code) || code != expected)
            fail_msg("%s", text);
    }
}

static void every_row_is_found_however_it_is_spelled(void **state) {
    (void)state;
    struct categories *all = tables_categories();
    struct buf text = tables_read(SOURCE_DIR "/conf/categories.csv");
    static const char *const columns[] = {"word", "code"};
    struct table table;
    struct str cells[2];
    struct err err;
    size_t rows = 0;
    table_open(&table, buf_str(&text), "categories.csv");
    assert_true(table_expect_header(&table, columns, 2, &err));
    while (table_read_exactly(&table, cells, 2, &err) == TABLE_ROW) {
        enum category code;
        assert_true(category_from_name(cells[1], &code));
        check_spellings(all, cells[0], code);
        rows++;
    }
    assert_int_equal(rows, categories_count(all));
    table_close(&table);
    buf_free(&text);
    categories_free(all);
}

struct each {
    const struct categories *all;
    size_t words, codes;
    unsigned seen; // a bit for each code that some word has
};

static void on_word(void *ctx, struct str word, enum category code) {
    struct each *each = ctx;
    enum category same;
    assert_true(categories_find(each->all, word, &same) && same == code);
    each->words++;
    each->codes += category_from_name(word, &same);
    each->seen |= 1u << code;
}

static void each_word_is_told_with_its_code(void **state) {
    (void)state;
    struct err err;
    struct categories *all =
        categories_load(STR("word,code\nBedelarij,ForcedBegging\nbedelarij,ForcedBegging\n"
                            "surrogacy,Surrogacy\nx y,Other\n"),
                        "t", &err);
    struct each each = {.all = all};
    assert_non_null(all);
    categories_each(all, on_word, &each);
    assert_int_equal(each.words, CATEGORY_COUNT + 2); // two rows fold as one before them
    assert_int_equal(each.codes, CATEGORY_COUNT);
    categories_free(all);
    all = tables_categories();
    each = (struct each){.all = all};
    categories_each(all, on_word, &each);
    assert_int_equal(each.codes, CATEGORY_COUNT);
    assert_int_equal(each.seen, (1u << CATEGORY_COUNT) - 1);
    assert_true(each.words > 220);
    categories_free(all);
}

static void other_words_are_not_guessed(void **state) {
    (void)state;
    static const char *const words[] = {"",
                                        " ",
                                        "?",
                                        "seksuele",
                                        "uitbuitin",
                                        "mensensmokkel",
                                        "geluidsoverlast",
                                        "seksuele uitbuiting x"};
    struct categories *all = tables_categories();
    enum category code;
    for (size_t i = 0; i < COUNT(words); i++)
        assert_false(categories_find(all, str_from(words[i]), &code));
    categories_free(all);
}

static void every_code_matches_without_a_table(void **state) {
    (void)state;
    struct err err;
    struct categories *all = categories_load(STR("word,code\n"), "t", &err);
    assert_non_null(all);
    assert_int_equal(categories_count(all), 0);
    for (unsigned c = 0; c < CATEGORY_COUNT; c++) {
        enum category code, same;
        const char *name = category_name((enum category)c);
        assert_true(category_from_name(str_from(name), &same) && same == c);
        assert_true(categories_find(all, str_from(name), &code) && code == c);
    }
    categories_free(all);
    categories_free(NULL);
}

static void a_wrong_table_is_refused_with_its_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *where;
    } cases[] = {
        {"", "t: empty"},
        {"words,code\n", "t:1: column 1"},
        {"word,code\nx,Other\ny,Nonsense\n", "t:3: the code"},
        {"word,code\nx,other\n", "t:2: the code"},
        {"word,code\nx\n", "t:2: 1 columns"},
        {"word,code\nx,Other,\n", "t:2: more columns"},
        {"word,code\nx,Other\nX,Unknown\n", "t:3: the word already"},
        {"word,code\nbedelarij,ForcedBegging\n\n# y\nBEDELARIJ,Other\n", "t:5: the word already"},
        {"word,code\nOther,Unknown\n", "t:2: the word already"},
        {"word,code\n--,Other\n", "t:2: the word has no"},
        {"word,code\n\xff,Other\n", "t:2: a cell is not UTF-8"},
        {"word,code\n\"x,Other\n", "t:2: a quote"},
        {"word,code\n\"x\"y,Other\n", "t:2: text behind"},
        {"word,code\nx\"y,Other\n", "t:2: text behind"},
        {"# it\"s a \"note\r \nword,code\r# \"\rx,other\r", "t:5: the code"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = {0};
        assert_null(categories_load(str_from(cases[i].text), "t", &err));
        assert_int_equal(err.kind, ERR_CONFIG);
        if (strncmp(err.text, cases[i].where, strlen(cases[i].where)) != 0)
            fail_msg("%s, not %s", err.text, cases[i].where);
    }
}

static void a_row_may_be_said_twice(void **state) {
    (void)state;
    struct err err;
    struct categories *all =
        categories_load(STR("word,code\r\nx,Other\r\nX.,Other\r\n"), "t", &err);
    assert_non_null(all);
    categories_free(all);
}

static void table_cells_follow_rfc_4180(void **state) {
    (void)state;
    struct table table;
    struct str cells[3];
    struct err err;
    size_t n;
    table_open(&table,
               STR("\xEF\xBB\xBF# note\n\"a,\"\"b\"\"\", c ,\r\n\n,,\nx\"y,1,\"2\n1,2\nlast,,end"),
               "t");
    assert_int_equal(table_read_exactly(&table, cells, 3, &err), TABLE_ROW);
    assert_string_equal(cells[0].data, "a,\"b\"");
    assert_string_equal(cells[1].data, "c");
    assert_int_equal(cells[2].len, 0);
    assert_int_equal(table.line, 2);
    assert_int_equal(table_read(&table, cells, 3, &n, &err), TABLE_ROW);
    assert_int_equal(n, 3);
    assert_int_equal(table.line, 4);
    assert_int_equal(table_read(&table, cells, 3, &n, &err), TABLE_BAD);
    assert_int_equal(table_read(&table, cells, 3, &n, &err), TABLE_ROW);
    assert_int_equal(n, 2);
    assert_int_equal(table_read_exactly(&table, cells, 3, &err), TABLE_ROW);
    assert_string_equal(cells[2].data, "end");
    assert_int_equal(table_read(&table, cells, 3, &n, &err), TABLE_END);
    table_close(&table);
    table_close(NULL);
}

static void random_tables_are_safe(void **state) {
    (void)state;
    static const char alphabet[] = "\"\"\",,\n\r#ab\xc3\xa9 ";
    uint64_t random = unit_seed();
    for (size_t i = 0, rounds = unit_rounds(50000); i < rounds; i++) {
        char text[64];
        struct str cells[4];
        struct table table;
        struct err err;
        size_t n, len = unit_random(&random) % sizeof text;
        for (size_t k = 0; k < len; k++)
            text[k] = alphabet[unit_random(&random) % (sizeof alphabet - 1)];
        table_open(&table, (struct str){text, len}, "t");
        enum table_next next;
        for (size_t rows = 0; (next = table_read(&table, cells, 4, &n, &err)) != TABLE_END;
             rows++) {
            assert_true(rows <= len);
            for (size_t k = 0; next == TABLE_ROW && k < n; k++)
                assert_int_equal(strlen(cells[k].data), cells[k].len);
        }
        table_close(&table);
    }
}

// The short way for ASCII must be the long way's equal, and folding twice must change nothing:
// a folded form is looked up as it stands.
static void folding_ascii_is_as_folding_unicode(void **state) {
    (void)state;
    uint64_t random = unit_seed();
    for (size_t i = 0, rounds = unit_rounds(200000); i < rounds; i++) {
        char word[120], fast[STR_FOLDED_MAX], slow[STR_FOLDED_MAX], again[STR_FOLDED_MAX];
        size_t len = unit_random(&random) % sizeof word;
        for (size_t k = 0; k < len; k++)
            word[k] = (char)(unit_random(&random) % 0x80);
        struct str s = {word, len};
        size_t n = synonyms_fold(s, fast);
        assert_int_equal(n, str_fold(s, slow));
        if (n == 0)
            continue;
        assert_string_equal(fast, slow);
        (void)synonyms_fold(str_from(fast), again);
        assert_string_equal(again, fast);
    }
}

static void words_share_meanings_when_they_fold_alike(void **state) {
    (void)state;
    struct synonyms *words = synonyms_create();
    struct synonyms_match match;
    assert_true(synonyms_add(words, STR("Den Haag"), 1));
    assert_true(synonyms_add(words, STR("den-haag"), 2));
    assert_true(synonyms_add(words, STR("DEN HAAG"), 1));
    assert_true(synonyms_find(words, STR("den-haag"), &match));
    assert_string_equal(match.spelling, "den-haag");
    assert_int_equal(match.count, 2);
    assert_int_equal(match.values[0], 1);
    assert_int_equal(match.values[1], 2);
    assert_true(synonyms_find(words, STR("den  haag!"), &match));
    assert_string_equal(match.spelling, "Den Haag");
    assert_int_equal(match.count, 2);
    assert_true(synonyms_add(words, STR("Den Haag"), 3) && synonyms_add(words, STR("Den Haag"), 4));
    assert_false(synonyms_add(words, STR("Den Haag"), 5));
    assert_false(synonyms_find(words, STR("haag"), &match));
    synonyms_free(words);
    synonyms_free(NULL);
}

static void words_find_each_of_many(void **state) {
    (void)state;
    struct synonyms *words = synonyms_create();
    struct synonyms_match match;
    char word[32];
    for (unsigned i = 0; i < 5000; i++) {
        (void)snprintf(word, sizeof word, "W-%u", i);
        assert_true(synonyms_add(words, str_from(word), i));
    }
    for (unsigned i = 0; i < 5000; i++) {
        (void)snprintf(word, sizeof word, i % 2 ? "w %u" : "W-%u", i);
        assert_true(synonyms_find(words, str_from(word), &match));
        assert_int_equal(match.values[0], i);
    }
    synonyms_free(words);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_knows_the_words_of_the_field),
        cmocka_unit_test(the_table_knows_the_published_words),
        cmocka_unit_test(the_table_lacks_what_names_no_form),
        cmocka_unit_test(every_row_is_found_however_it_is_spelled),
        cmocka_unit_test(each_word_is_told_with_its_code),
        cmocka_unit_test(other_words_are_not_guessed),
        cmocka_unit_test(every_code_matches_without_a_table),
        cmocka_unit_test(a_wrong_table_is_refused_with_its_line),
        cmocka_unit_test(a_row_may_be_said_twice),
        cmocka_unit_test(table_cells_follow_rfc_4180),
        cmocka_unit_test(random_tables_are_safe),
        cmocka_unit_test(folding_ascii_is_as_folding_unicode),
        cmocka_unit_test(words_share_meanings_when_they_fold_alike),
        cmocka_unit_test(words_find_each_of_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
