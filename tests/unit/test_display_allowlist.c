// SPDX-License-Identifier: EUPL-1.2
// What is shown of words that the tables lack: words of the field are, names of people never.
#include "core/tables/display_allowlist.h"

#include "core_tables.h"

// Common first and family names of the Netherlands and of where most victims come from.
static const char *const names[] = {
    // Dutch
    "Jan",
    "Piet",
    "Kees",
    "Henk",
    "Willem",
    "Daan",
    "Sem",
    "Lucas",
    "Bram",
    "Thijs",
    "Ruben",
    "Maarten",
    "Martijn",
    "Joost",
    "Sander",
    "Job",
    "Mark",
    "Anna",
    "Maria",
    "Emma",
    "Julia",
    "Roos",
    "Fleur",
    "Lotte",
    "Sanne",
    "Femke",
    "Noor",
    "Iris",
    "Ilse",
    "Mirjam",
    "Wil",

    "Jansen",
    "de Jong",
    "de Vries",
    "van den Berg",
    "van Dijk",
    "Bakker",
    "Visser",
    "Smit",
    "Meijer",
    "de Boer",
    "Mulder",
    "de Groot",
    "Bos",
    "Vos",
    "Peters",
    "Hendriks",
    "van Leeuwen",
    "Dekker",
    "Brouwer",
    "de Wit",
    "Dijkstra",
    "Smits",
    "de Graaf",
    "van der Meer",
    "Kok",
    "Jacobs",
    "de Haan",
    "Vermeulen",
    "van den Heuvel",
    "van der Veen",
    "van den Broek",
    "de Bruijn",
    "de Bruin",
    "Schouten",
    "van der Heijden",
    "van Beek",
    "Willems",
    "van Vliet",
    "van der Linden",
    "Maas",
    "Verhoeven",
    "Koster",
    "van Dam",
    "van der Wal",
    "Prins",
    "Blom",
    "Huisman",
    "de Lange",
    "Kuipers",
    "Post",
    "Postma",
    "Hoekstra",
    "Kramer",
    "Timmermans",
    "Koopman",
    "Schipper",
    "Slager",
    "Tuinman",
    "Werkman",
    "Bouwman",
    "Landman",
    "Nieuwenhuis",
    "Buitenhuis",
    "Bouwhuis",
    "Bouwmeester",
    "Nieuwland",
    "de Vriend",
    "de Koning",
    "Jongen",
    "van Loon",
    "van Wijk",
    "van Straten",
    "de Kleine",
    "de Groote",
    "van Werven",
    "Winkel",
    "Soldaat",
    "de Voogd",
    "Grootkerk",
    "Kinderman",
    "Straatman",
    "Zwart",
    "Brand",
    "Wolf",
    "Schrijver",
    // Polish
    "Jakub",
    "Piotr",
    "Krzysztof",
    "Andrzej",
    "Tomasz",
    "Agnieszka",
    "Katarzyna",
    "Małgorzata",
    "Ewa",
    "Zofia",
    "Nowak",
    "Kowalski",
    "Kowalska",
    "Wiśniewski",
    "Wójcik",
    "Kamiński",
    "Lewandowska",
    "Zieliński",
    "Szymański",
    "Mazur",
    "Król",
    "Wolny",
    // Romanian and Bulgarian
    "Ion",
    "Andrei",
    "Alexandru",
    "Mihai",
    "Florin",
    "Dan",
    "Ioana",
    "Elena",
    "Mihaela",
    "Crina",
    "Popescu",
    "Ionescu",
    "Popa",
    "Rusu",
    "Munteanu",
    "Stan",
    "Lupu",
    "Georgi",
    "Ivan",
    "Dimitar",
    "Stoyan",
    "Desislava",
    "Gergana",
    "Ivanova",
    "Dimitrov",
    "Petrova",
    "Asenov",
    "Todorova",
    // Nigerian
    "Blessing",
    "Joy",
    "Faith",
    "Gift",
    "Precious",
    "Mercy",
    "Comfort",
    "Happy",
    "Beauty",
    "Love",
    "Success",
    "Patience",
    "Destiny",
    "Favour",
    "Justice",
    "Promise",
    "Hope",
    "Grace",
    "Chidi",
    "Emeka",
    "Ngozi",
    "Osas",
    "Osagie",
    "Omoregie",
    "Okafor",
    "Adeyemi",
    "Eze",
    "Igbinedion",
    // Arabic, Persian, Turkish
    "Mohammed",
    "Ahmed",
    "Ali",
    "Omar",
    "Said",
    "Nader",
    "Amin",
    "Fatima",
    "Aisha",
    "Khadija",
    "Iman",
    "Amal",
    "Nadia",
    "Hassan",
    "Haddad",
    "El Idrissi",
    "Bouzid",
    "Beg",
    "Can",
    "Cem",
    "Nail",
    "Mehmet",
    "Ayşe",
    "Emine",
    "Deniz",
    "Yılmaz",
    "Kaya",
    "Demir",
    "Şahin",
    "Öztürk",
    // Vietnamese, Chinese, Thai
    "Nguyen",
    "Nguyễn Văn An",
    "Tran",
    "Le",
    "Pham",
    "Thi Hoa",
    "Van The",
    "Anh",
    "Linh",
    "Minh",
    "Do",
    "To",
    "Ho",
    "Wang",
    "Li",
    "Zhang",
    "Liu",
    "Chen",
    "He",
    "She",
    "Ma",
    "Min",
    "Gang",
    "Wei",
    "Mei",
    "Xiao",
    "Porn",
    "Chat",
    "Somchai",
    "Siriporn",
    // Spanish and Portuguese
    "Carlos",
    "Jesús",
    "Luz",
    "Paz",
    "Asiel",
    "Dolores",
    "Mercedes",
    "García",
    "Cruz",
    "Santos",
    "Casas",
    "Fines",
    "da Silva",
    "Pereira",
};

static bool is_shown(const struct display_allowlist *allowlist, const char *text) {
    struct display_view view;
    allowlist_look(allowlist, str_from(text), &view);
    return view.shown[0] != '\0';
}

static void names_are_never_shown(void **state) {
    (void)state;
    struct display_allowlist *allowlist = tables_display_allowlist();
    assert_true(COUNT(names) >= 150);
    for (size_t i = 0; i < COUNT(names); i++)
        if (is_shown(allowlist, names[i]))
            fail_msg("%s", names[i]);
    allowlist_free(allowlist);
}

static void two_names_are_never_shown(void **state) {
    (void)state;
    static const char *const between[] = {" ", "", "-", ", ", " van ", " de ", "s", "en"};
    struct display_allowlist *allowlist = tables_display_allowlist();
    char text[128];
    for (size_t i = 0; i < COUNT(names); i++)
        for (size_t k = 0; k < COUNT(names); k++)
            for (size_t b = 0; b < COUNT(between); b++) {
                (void)snprintf(text, sizeof text, "%s%s%s", names[i], between[b], names[k]);
                if (is_shown(allowlist, text))
                    fail_msg("%s", text);
            }
    allowlist_free(allowlist);
}

// A name does not come through beside words that may.
static void a_name_among_words_is_not_shown(void **state) {
    (void)state;
    static const char *const around[] = {"gedwongen %s",       "%s uitbuiting", "arbeids%s",
                                         "slachtoffer van %s", "%suitbuiting",  "mensen%shandel"};
    struct display_allowlist *allowlist = tables_display_allowlist();
    char text[128];
    for (size_t i = 0; i < COUNT(names); i++)
        for (size_t a = 0; a < COUNT(around); a++) {
            struct str form = str_from(around[a]), before, after;
            assert_true(str_split(&form, '%', &before));
            after = (struct str){form.data + 1, form.len - 1}; // behind the s
            (void)snprintf(text, sizeof text, "%.*s%s%.*s", (int)before.len, before.data, names[i],
                           (int)after.len, after.data);
            if (is_shown(allowlist, text))
                fail_msg("%s", text);
        }
    allowlist_free(allowlist);
}

static void words_of_the_field_are_shown(void **state) {
    (void)state;
    static const struct {
        const char *word, *shown;
        unsigned letters, tokens;
    } cases[] = {
        {"uitbuiting", "uitbuiting", 10, 1},
        {"  Gedwongen-ARBEID!", "gedwongen arbeid", 15, 2},
        {"vermoeden van mensenhandel", "vermoeden van mensenhandel", 24, 3},
        {"mogelijke illegale prostitutie, thuis", "", 33, 4}, // "thuis" is no word of ours
        {"arbeidsuitbuiting", "arbeidsuitbuiting", 17, 1},
        {"Jeugdprostitutie", "jeugdprostitutie", 16, 1},
        {"vrouwenhandel", "vrouwenhandel", 13, 1},
        {"werkeuitbuiting", "werkeuitbuiting", 15, 1},
        {"drugssmokkel", "drugssmokkel", 12, 1},
        {"prostituée", "prostituee", 10, 1},
        {"forced drug smuggling", "forced drug smuggling", 19, 3},
        {"victim of labour exploitation", "victim of labour exploitation", 26, 4},
        // five words; digits; another script; words of one letter; half a word
        {"victim of labour and exploitation", "", 29, 5},
        {"uitbuiting 2", "", 11, 2},
        {"0612345678", "", 10, 1},
        {"uitbuiting 0612345678", "", 20, 2},
        {"эксплуатация", "", 12, 1},
        {"uitbuiting x", "", 11, 2},
        {"uitbuitin", "", 9, 1},
        {"uitbuitingx", "", 11, 1},
        {"xuitbuiting", "", 11, 1},
        {"arbeids", "", 7, 1}, // a linking letter links
        {"arbeiden", "", 8, 1},
        {"dwangarbeidshandelswerk", "", 23, 1}, // four words
        {"vrouwvanmannen", "", 14, 1},          // a small word is no part of a compound
        {"van de", "", 5, 2},                   // small words alone
        // families too
        {"van de Groep", "", 10, 3},
        {"van Buiten", "", 9, 2},
        {"Händel", "", 6, 1},
        {"Slavin", "", 6, 1},
        {"Hennep", "", 6, 1},
        {"de prostitutie", "", 13, 2},
        {"hennepteelt", "hennepteelt", 11, 1},
        {"the", "", 3, 1},
        {"", "", 0, 0},
        {" -- ", "", 0, 0},
    };
    struct display_allowlist *allowlist = tables_display_allowlist();
    struct display_view view;
    for (size_t i = 0; i < COUNT(cases); i++) {
        allowlist_look(allowlist, str_from(cases[i].word), &view);
        if (strcmp(view.shown, cases[i].shown) != 0 || view.letters != cases[i].letters ||
            view.tokens != cases[i].tokens)
            fail_msg("%s: \"%s\", %u letters, %u tokens", cases[i].word, view.shown, view.letters,
                     view.tokens);
        allowlist_look(NULL, str_from(cases[i].word), &view);
        assert_string_equal(view.shown, "");
        assert_int_equal(view.letters, cases[i].letters);
    }
    allowlist_free(allowlist);
}

static void what_is_long_is_only_measured(void **state) {
    (void)state;
    struct display_allowlist *allowlist = tables_display_allowlist();
    struct display_view view;
    char text[600], fits[] = "uitbuiting uitbuiting uitbuiting uitbuitinguitbui";
    memset(text, 'a', sizeof text);
    allowlist_look(allowlist, (struct str){text, sizeof text}, &view);
    assert_int_equal(view.letters, UINT8_MAX);
    assert_int_equal(view.tokens, 1);
    assert_string_equal(view.shown, "");
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 2 ? ' ' : 'a';
    allowlist_look(allowlist, (struct str){text, sizeof text}, &view);
    assert_int_equal(view.tokens, UINT8_MAX);
    // not UTF-8: nothing to compare, so nothing to show
    allowlist_look(allowlist, STR("uitbuiting\xff"), &view);
    assert_string_equal(view.shown, "");
    assert_int_equal(view.tokens, 1);
    // as long as may be shown, and a letter more
    allowlist_free(allowlist);
    struct err err;
    allowlist = allowlist_load(STR("uitbuiting\nuitbui\nuitbu\n"), "l", &err);
    assert_non_null(allowlist);
    assert_int_equal(sizeof fits - 1, ALLOWLIST_SHOWN_MAX + 1);
    assert_false(is_shown(allowlist, fits));
    fits[ALLOWLIST_SHOWN_MAX] = '\0';
    assert_true(is_shown(allowlist, fits));
    allowlist_free(allowlist);
}

static void the_file_is_whole(void **state) {
    (void)state;
    struct display_allowlist *allowlist = tables_display_allowlist();
    assert_true(allowlist_count(allowlist) >= 500);
    struct buf text = tables_read(SOURCE_DIR "/conf/display-allowlist.txt");
    struct str rest = buf_str(&text), line;
    size_t words = 0;
    while (str_split(&rest, '\n', &line)) {
        if (line.len == 0 || line.data[0] == '#')
            continue;
        struct display_view view;
        words++;
        allowlist_look(allowlist, line, &view);
        bool small = line.len < 8;
        if (!small && !str_is(line, view.shown))
            fail_msg("%.*s", (int)line.len, line.data);
    }
    assert_int_equal(words, allowlist_count(allowlist)); // none twice
    buf_free(&text);
    allowlist_free(allowlist);
}

static void lines_are_words_or_comments(void **state) {
    (void)state;
    static const struct {
        const char *text, *where; // NULL: good
        size_t count;
    } cases[] = {
        {"", NULL, 0},
        {"# only this\n\n", NULL, 0},
        {"Werk\r\n  arbeid # not \"labour\"\nWERK", NULL, 2},
        {"financi\xc3\xable", NULL, 1},
        {"werk\na\n", "l:2: a line must be one word", 0},
        {"au pair\n", "l:1: a line", 0},
        {"au-pair\n", "l:1: a line", 0},
        {"werk,\n", "l:1: a line", 0},
        {"werk\n\n2024\n", "l:3: a line", 0},
        {"a1\n", "l:1: a line", 0},
        {"werk\xff\n", "l:1: a line", 0},
        {"\xd1\x8f\xd1\x8f\n", "l:1: a line", 0},
        {"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvw\n", "l:1: a line", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = {0};
        struct display_allowlist *allowlist = allowlist_load(str_from(cases[i].text), "l", &err);
        if ((allowlist != NULL) != (cases[i].where == NULL))
            fail_msg("case %zu", i);
        if (allowlist) {
            assert_int_equal(allowlist_count(allowlist), cases[i].count);
        } else {
            assert_int_equal(err.kind, ERR_CONFIG);
            if (strncmp(err.text, cases[i].where, strlen(cases[i].where)) != 0)
                fail_msg("%s, not %s", err.text, cases[i].where);
        }
        allowlist_free(allowlist);
    }
}

// Another way to the same answer: every cut tried, one after the other.
static bool is_compound(const char *const *words, size_t count, const char *token, size_t parts) {
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(words[i]);
        if (len < 4 || strncmp(token, words[i], len) != 0)
            continue;
        const char *rest = token + len;
        if (*rest == '\0')
            return true;
        if (parts == 1)
            continue;
        if (is_compound(words, count, rest, parts - 1))
            return true;
        if ((*rest == 's' || *rest == 'e') && is_compound(words, count, rest + 1, parts - 1))
            return true;
        if (rest[0] == 'e' && rest[1] == 'n' && is_compound(words, count, rest + 2, parts - 1))
            return true;
    }
    return false;
}

static void compounds_are_found_as_by_trying_all(void **state) {
    (void)state;
    static const char *const words[] = {"werk",   "seks", "ense", "arbe", "arbeid", "bouw",
                                        "enenen", "sess", "esen", "land", "landen", "dens"};
    static const char *const pieces[] = {"werk",   "seks", "ense", "arbe", "arbeid", "bouw",
                                         "enenen", "sess", "esen", "land", "landen", "dens",
                                         "s",      "e",    "en",   "id",   "x"};
    uint64_t random = unit_seed();
    struct err err;
    char list[128] = "", token[64];
    for (size_t i = 0; i < COUNT(words); i++)
        (void)snprintf(list + strlen(list), sizeof list - strlen(list), "%s\n", words[i]);
    struct display_allowlist *allowlist = allowlist_load(str_from(list), "l", &err);
    assert_non_null(allowlist);
    size_t shown = 0, rounds = unit_rounds(200000);
    for (size_t i = 0; i < rounds; i++) {
        token[0] = '\0';
        for (size_t n = 1 + unit_random(&random) % 6; n > 0; n--)
            (void)strcat(token, pieces[unit_random(&random) % COUNT(pieces)]);
        bool expected = strlen(token) >= 8 && is_compound(words, COUNT(words), token, 3);
        if (is_shown(allowlist, token) != expected)
            fail_msg("%s", token);
        shown += expected;
    }
    assert_in_range(shown, rounds / 20, rounds - rounds / 20);
    allowlist_free(allowlist);
}

static void random_bytes_are_safe(void **state) {
    (void)state;
    uint64_t random = unit_seed();
    struct display_allowlist *allowlist = tables_display_allowlist();
    for (size_t i = 0, rounds = unit_rounds(100000); i < rounds; i++) {
        char text[160];
        struct display_view view;
        size_t len = unit_random(&random) % sizeof text;
        for (size_t k = 0; k < len; k++)
            text[k] = (char)unit_random(&random);
        allowlist_look(allowlist, (struct str){text, len}, &view);
        assert_true(strlen(view.shown) <= ALLOWLIST_SHOWN_MAX);
    }
    for (size_t i = 0, rounds = unit_rounds(20000); i < rounds; i++) {
        static const char alphabet[] = "ab#\n\r \xc3\xab,";
        char text[64];
        struct err err;
        size_t len = unit_random(&random) % sizeof text;
        for (size_t k = 0; k < len; k++)
            text[k] = alphabet[unit_random(&random) % (sizeof alphabet - 1)];
        allowlist_free(allowlist_load((struct str){text, len}, "l", &err));
    }
    allowlist_free(allowlist);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_never_shown),
        cmocka_unit_test(two_names_are_never_shown),
        cmocka_unit_test(a_name_among_words_is_not_shown),
        cmocka_unit_test(words_of_the_field_are_shown),
        cmocka_unit_test(what_is_long_is_only_measured),
        cmocka_unit_test(the_file_is_whole),
        cmocka_unit_test(lines_are_words_or_comments),
        cmocka_unit_test(compounds_are_found_as_by_trying_all),
        cmocka_unit_test(random_bytes_are_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
