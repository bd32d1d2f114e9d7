// SPDX-License-Identifier: EUPL-1.2
#include "person_rig.h"

static bool named_alike(const char *a, const char *b) {
    return are_one(person_of(a, "1990-05-17", "NG", NULL), person_of(b, "1990-05-17", "NG", NULL));
}

static void names_that_are_one(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"Jan de Vries", "J. de Vries"},
        {"Jan de Vries", "J.P. de Vries"},
        {"Jan de Vries", "JP de Vries"},
        {"Jan de Vries", "jan DE VRIES"},
        {"Jan de Vries", "  Jan   de\u00a0Vries "},
        {"Jan de Vries", "Jan de Vr\u00adies"},
        {"Jan de Vries", "\ufeffJan\u200b de V\u200cries\u200d"},
        {"Jan de Vries", "de Vries, Jan"},
        {"Jan de Vries", "de Vries, J.P."},
        {"Jan de Vries", "Vries, Jan de"},
        {"Jan de Vries", "Vries, J. de"},
        {"Jan de Vries", "Vries, de, Jan"},
        {"Jan de Vries", "Vries, de, J.P."},
        {"Jan de Vries", "Vries de, Jan"},
        {"Jan de Vries", "VRIES,Jan"},
        {"Jan de Vries", "Vries, drs. J.P. de"},
        {"Jan de Vries", "de Vries Jan"},
        {"Jan de Vries", "de Vries J.P."},
        {"Jan de Vries", "Vries J.P. de"},
        {"Jan de Vries", "Vries J. de"},
        {"Jan de Vries", "Dhr. J. de Vries"},
        {"Jan de Vries", "dhr J de Vries"},
        {"Jan de Vries", "de heer J. de Vries"},
        {"Jan de Vries", "De heer de Vries, J."},
        {"Jan de Vries", "mr. drs. Jan de Vries"},
        {"Jan de Vries", "prof.dr.ir. Jan de Vries, MSc"},
        {"Jan de Vries", "Jan de Vries jr."},
        {"Jan de Vries", "Jan de Vries, Jr."},
        {"Jan de Vries", "Jan (Johannes) de Vries"},
        {"Jan de Vries", "Jan 'Johnny' de Vries"},
        {"Jan de Vries", "Jan de Vries 2"},
        {"Jan de Vries", "Jan Vries"},
        {"Jan de Vries", ", Jan de Vries"},
        {"Anna van den Berg", "Berg, A. van den"},
        {"Anna van den Berg", "van den Berg, Anna"},
        {"Anna van den Berg", "van den Berg Anna Maria"},
        {"Anna van den Berg", "A. v.d. van den Berg"},
        {"Mevr. A. van den Berg", "mw. Anna van den Berg"},
        {"Maria van 't Hof", "van 't Hof, M."},
        {"Maria van 't Hof", "Hof, van 't, Maria"},
        {"Maria van 't Hof", "Hof, 't, Maria"},
        {"Maria van 't Hof", "M. van\u2019t Hof"},
        {"Maria van 't Hof", "Maria van het Hof"},
        {"Tom Hart", "T. Hart"},
        {"Tom Hart", "Hart, T."},
        {"Tom 't Hart", "'t Hart, T."},
        {"Sophie in 't Veld", "in 't Veld, S."},
        {"Sophie in 't Veld", "in 't Veld Sophie"},
        {"Ben Jansen", "B. Jansen"},
        {"Ben Jansen", "Jansen, Ben"},
        {"Ben Willem Jansen", "Jansen, Ben Willem"},
        {"Anna de Vries-Jansen", "A. Jansen"},
        {"Anna de Vries - Jansen", "de Vries-Jansen, Anna"},
        {"Jean-Pierre Dupont", "J.-P. Dupont"},
        {"Maria da Silva", "Silva, da, Maria"},
        {"Maria da Silva", "da Silva, M."},
        {"Mar\u00eda de la Cruz", "Cruz, Maria de la"},
        {"Mar\u00eda de la Cruz", "de la Cruz Maria"},
        {"Mar\u00eda Garc\u00eda L\u00f3pez", "Garc\u00eda L\u00f3pez, Mari\u0301a"},
        {"Fatima el Amrani", "El Amrani, F."},
        {"Fatima el Amrani", "el-Amrani Fatima"},
        {"Omar al-Hassan", "Al Hassan Omar"},
        {"Omar bin Laden", "Laden, Omar bin"},
        {"Awa N'Diaye", "Awa Ndiaye"},
        {"Awa N\u2019Diaye", "Ndiaye, A."},
        {"Li\u00eam O'Brien", "L. OBrien"},
        {"\u02bfAl\u012b Sa\u02bfd\u012b", "Ali Sadi"},
        {"Li\u00eam O'Toole", "L. OToole"},
        {"Jan de Vries", "Vries de J.P."},
        {"Jan Man", "Man, Jan"},
        {"Ren\u00e9 M\u00fcller", "Rene Muller"},
        {"Hans Gro\u00df", "HANS GROSS"},
        {"IJsbrand de Boer", "\u0132sbrand de Boer"},
        {"\u0141ukasz \u0141ysek", "Lukasz Lysek"},
        {"\u0110\u1eb7ng Th\u1ecb Lan", "Dang Thi Lan"},
        {"L\u00ea Th\u1ecb Lan", "LE THI LAN"},
        {"I\u015f\u0131k \u0130nci", "Isik Inci"},
        {"S\u00f8ren Kj\u00e6r", "Soren Kjaer"},
        {"Iris \u01a0\u01af", "iris ou"},
        {"\u0418\u0432\u0430\u043d \u041f\u0435\u0442\u0440\u043e\u0432",
         "\u041f\u0415\u0422\u0420\u041e\u0412, \u0418."},
        {"\u0641\u0627\u0637\u0645\u0629 \u062d\u0633\u0646",
         "\u0641\u064e\u0627\u0637\u0650\u0645\u064e\u0629 \u062d\u064e\u0633\u064e\u0646"},
        {"\u738b\u5c0f\u660e", " \u738b\u5c0f\u660e"},
        {"\u738b, \u660e", "\u738b,\u660e"},
        {"\uae40 \ucca0\uc218", "\uae40  \ucca0\uc218"},
        {"Vries", "VRIES"},
        {"Vries", "de Vries"},
        {"Vries", "dhr. de Vries"},
        {"Vries", "Vries, de"},
        {"de Heer, Jan", "Jan de Heer"},
        {"Dhr. J. de Heer", "Heer, Jan de"},
        {"de Vries van Dijk", "van Dijk"},
        {"Le", "le"},
        {"De La", "la"},
    };
    for (size_t i = 0; i < COUNT(pairs); i++)
        if (!named_alike(pairs[i][0], pairs[i][1]))
            fail_msg("%s and %s", pairs[i][0], pairs[i][1]);
}

static void names_that_are_two(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"Jan de Vries", "Piet de Vries"},
        {"Jan de Vries", "Jan de Vriess"},
        {"Jan de Vries", "Jan de Bries"},
        {"Jan de Vries", "Jan Vriesde"},
        {"Jan de Vries", "de Vries"},
        {"Jan de Vries", "Jan"},
        {"Jan de Vries", "P.J. de Vries"},
        {"Jan de Vries", "Vries, P. de"},
        {"Jan de Vries", "Jan de Vries-Jansen"},
        {"Jan de Vries", "Jan Pieter"},
        {"Jan de Vries", "Vries, de"},
        {"Vries, Jan", "Jan, Vries"},
        {"Anna Jansen", "Anna Janssen"},
        {"Anna Jansen", "Bea Jansen"},
        {"Anna Jansen", "Jansen, B."},
        {"Ben Jansen", "Jansen"},
        {"Le Thi Lan", "Thi Lan Le"},
        {"Le Thi Lan", "Lan"},
        {"Kim Le", "Kim"},
        {"T. Hart", "'t Hart"},
        {"Maria van 't Hof", "Maria van 't Hoff"},
        {"Fatima el Amrani", "Fatima Amran"},
        {"Fatima el Amrani", "Zahra el Amrani"},
        {"Omar al-Hassan", "Ahmed al-Hassan"},
        {"Awa Ndiaye", "Awa Diaye"},
        {"Maria da Silva", "Maria da Costa"},
        {"Rene Muller", "Rene Mueller"},
        {"Lukasz Lysek", "Lukasz Rysek"},
        {"\u0418\u0432\u0430\u043d \u041f\u0435\u0442\u0440\u043e\u0432", "Ivan Petrov"},
        {"\u0418\u0432\u0430\u043d \u041f\u0435\u0442\u0440\u043e\u0432",
         "\u0418\u0432\u0430\u043d \u041f\u0435\u0442\u0440\u043e\u0432\u0430"},
        {"\u0641\u0627\u0637\u0645\u0629 \u062d\u0633\u0646",
         "\u0641\u0627\u0637\u0645\u0629 \u062d\u0633\u064a\u0646"},
        {"\u0641\u0627\u0637\u0645\u0629 \u062d\u0633\u0646",
         "\u0645\u0631\u064a\u0645 \u062d\u0633\u0646"},
        {"\u738b\u5c0f\u660e", "\u738b\u5927\u660e"},
        {"\u738b\u5c0f\u660e", "\u674e\u5c0f\u660e"},
        {"\u738b \u660e", "\u738b \u5927"},
        {"\uae40 \ucca0\uc218", "\uae40 \uc601\ud76c"},
        {"\u0e2a\u0e21\u0e0a\u0e32\u0e22 \u0e43\u0e08\u0e14\u0e35",
         "\u0e2a\u0e21\u0e0a\u0e32\u0e22 \u0e43\u0e08\u0e07\u0e32\u0e21"},
        {"de Heer, Jan", "Jan"},
        {"Jan Man", "Jan Kind"},
        {"O'Brien", "Brien"},
        {"van den Berg", "van den Burg"},
        {"Jansen J.P.", "Jansen P.J."},
        {"Mr. Jansen", "M.R. Jansen"},
    };
    for (size_t i = 0; i < COUNT(pairs); i++)
        if (named_alike(pairs[i][0], pairs[i][1]))
            fail_msg("%s and %s", pairs[i][0], pairs[i][1]);
}

static void names_of_nobody(void **state) {
    (void)state;
    static const char *const names[] = {"",
                                        " ",
                                        "-",
                                        "...",
                                        "?",
                                        "\u2014",
                                        "'",
                                        "N.N.",
                                        "NN",
                                        "n.v.t.",
                                        "nvt",
                                        "onbekend",
                                        "Onbekende vrouw",
                                        "vrouw, onbekend",
                                        "niet bekend",
                                        "Unknown",
                                        "anoniem",
                                        "slachtoffer 2",
                                        "Victim",
                                        "meisje 14",
                                        "persoon",
                                        "NN1",
                                        "X",
                                        "x.",
                                        "J.",
                                        "J. P.",
                                        "12345",
                                        ",",
                                        ", ,",
                                        "dhr. X",
                                        "mevrouw NN",
                                        "Onbekend, Onbekend",
                                        "not specified",
                                        "________________________________________"};
    for (size_t i = 0; i < COUNT(names); i++) {
        struct item_person person = person_of(names[i], "1990-05-17", "NG", NULL);
        if (pseudonyms(person).base_count != 0)
            fail_msg("%s", names[i]);
    }
}

// What is compared, given again, is compared as the same.
static void compared_forms_are_stable(void **state) {
    (void)state;
    static const char *const given[] = {
        "Jan",    "Ben", "Fatima",   "J.P.", "Le", "\u0141ukasz", "\u0418\u0432\u0430\u043d",
        "\u738b", "",    "Ng\u1ecdc"};
    static const char *const families[] = {"Vries",          "Hassan",
                                           "L\u00f3pez",     "Ndiaye",
                                           "\u0110\u1eb7ng", "\u041f\u0435\u0442\u0440\u043e\u0432",
                                           "\u660e\u660e"};
    static const char *const particles[] = {"", "de ", "van den ", "el-", "van 't ", "de la "};
    for (size_t g = 0; g < COUNT(given); g++)
        for (size_t f = 0; f < COUNT(families); f++)
            for (size_t p = 0; p < COUNT(particles); p++) {
                char full[96], comma[96], folded[STR_FOLDED_MAX], again[STR_FOLDED_MAX * 2];
                (void)snprintf(full, sizeof full, "%s %s%s", given[g], particles[p], families[f]);
                (void)snprintf(comma, sizeof comma, "%s%s, %s", particles[p], families[f],
                               given[g]);
                assert_true(named_alike(full, comma));
                // first letter and family name, as str_fold has them
                size_t len = str_fold(str_from(given[g]), folded);
                size_t letter = len ? 1 : 0;
                while (letter && letter < len && ((unsigned char)folded[letter] & 0xc0) == 0x80)
                    letter++;
                int at = snprintf(again, sizeof again, "%.*s ", (int)letter, folded);
                (void)str_fold(str_from(families[f]), again + at);
                assert_true(named_alike(full, again));
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_are_one),
        cmocka_unit_test(names_that_are_two),
        cmocka_unit_test(names_of_nobody),
        cmocka_unit_test(compared_forms_are_stable),
    };
    return cmocka_run_group_tests(tests, person_setup, NULL);
}
