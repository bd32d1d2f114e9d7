// SPDX-License-Identifier: EUPL-1.2
#include "normalise_rig.h"

static void a_bare_id_gets_the_defaults(void **state) {
    struct fixture *f = *state;
    const struct item item = {.id = STR("  2017-000123 ")};
    struct digest identity;
    struct signal s = good(&f->context, &item);
    assert_string_equal(s.id, "2017-000123");
    assert_int_equal(s.id_len, 11);
    assert_int_equal(s.reported, RECEIVED_DAY);
    assert_int_equal(s.occurred, TIME_DAY_NONE);
    assert_int_equal(s.cell.municipality, AMSTERDAM);
    assert_int_equal(s.municipality_today, AMSTERDAM);
    assert_null(s.as_reported);
    assert_int_equal(s.cell.categories, 1 << CATEGORY_UNKNOWN);
    assert_int_equal(s.cell.month, 24 * 12 + 1);
    assert_int_equal(s.cell.gender, GENDER_UNKNOWN);
    assert_int_equal(s.cell.age_group, AGE_UNKNOWN);
    assert_int_equal(s.cell.citizenship, CITIZENSHIP_UNKNOWN);
    assert_int_equal(s.cell.status, STATUS_POSSIBLE);
    assert_int_equal(s.cell.source_kind, SOURCE_MUNICIPALITY);
    normalise_identity(&f->key, STR("amsterdam"), STR("2017-000123 "), &identity);
    assert_true(digest_equal(&identity, &s.identity));
    normalise_identity(&f->key, STR("amsterdam2"), STR("2017-000123"), &identity);
    assert_false(digest_equal(&identity, &s.identity));
}

static void ids_are_checked(void **state) {
    struct fixture *f = *state;
    char longest[SIGNAL_ID_MAX + 2];
    memset(longest, 'x', sizeof longest);
    const struct {
        struct str id;
        enum fault_code code; // FAULT_COUNT: good
    } cases[] = {
        {{NULL, 0}, FAULT_REQUIRED},
        {STR(""), FAULT_REQUIRED},
        {STR(" \t"), FAULT_REQUIRED},
        {{longest, SIGNAL_ID_MAX}, FAULT_COUNT},
        {{longest, SIGNAL_ID_MAX + 1}, FAULT_TOO_LONG},
        {STR("a\tb"), FAULT_BAD_CHARACTER},
        {STR("a\0b"), FAULT_BAD_CHARACTER},
        {STR("\xff"), FAULT_BAD_CHARACTER},
        {STR("één"), FAULT_COUNT},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct item item = {.id = cases[i].id};
        struct signal s;
        struct normalise_result r;
        normalise_item(&f->context, &item, &s, &r);
        assert_int_equal(r.fault_count, cases[i].code != FAULT_COUNT);
        if (r.fault_count) {
            assert_int_equal(r.faults[0].code, cases[i].code);
            assert_string_equal(r.faults[0].pointer, "/id");
        }
    }
}

static void days_of_reporting(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *text;
        enum fault_code code; // FAULT_COUNT: good
        const char *day;
    } cases[] = {
        {"2017-03-05", FAULT_COUNT, "2017-03-05"},
        {" 2017-03-05 ", FAULT_COUNT, "2017-03-05"},
        {"2016-12-31T23:30:00Z", FAULT_COUNT, "2017-01-01"},
        {"2017-07-01T00:30:00+02:00", FAULT_COUNT, "2017-07-01"},
        {"", FAULT_COUNT, "2024-02-29"},
        {"2024-03-01", FAULT_COUNT, "2024-03-01"},
        {"2024-03-02", FAULT_OUT_OF_RANGE, NULL},
        {"2024-03-01T12:00:00+01:00", FAULT_COUNT, "2024-03-01"},
        {"2024-03-01T12:00:00.001+01:00", FAULT_OUT_OF_RANGE, NULL},
        {"2000-01-01", FAULT_COUNT, "2000-01-01"},
        {"1999-12-31", FAULT_OUT_OF_RANGE, "1999-12-31"},
        {"1999-12-31T23:00:00Z", FAULT_COUNT, "2000-01-01"},
        {"0001-01-01T00:00:00+23:59", FAULT_OUT_OF_RANGE, NULL},
        {"9999-12-31", FAULT_OUT_OF_RANGE, NULL},
        {"2017-02-29", FAULT_BAD_DATE, NULL},
        {"5 maart 2017", FAULT_BAD_DATE, NULL},
        {"2017-03-05T10:00:00-00:00", FAULT_BAD_DATE, NULL},
        {"2017-03-05T10:00:00", FAULT_COUNT, "2017-03-05"},
        {"2017-03-05 23:59", FAULT_COUNT, "2017-03-05"},
        {"2017-03-\x01", FAULT_BAD_CHARACTER, NULL},
    };
    for (size_t i = 0; i < COUNT(cases) * 2; i++) {
        size_t k = i / 2;
        // what happened may be long ago
        bool good_date =
            cases[k].code == FAULT_COUNT || (i % 2 && !strcmp(cases[k].text, "1999-12-31"));
        struct str text = str_from(cases[k].text);
        struct item item = {.id = STR("1")};
        *(i % 2 ? &item.occurred : &item.reported) = text;
        struct signal s;
        struct normalise_result r;
        normalise_item(&f->context, &item, &s, &r);
        if (r.fault_count == good_date || (r.fault_count && r.faults[0].code != cases[k].code))
            fail_msg("%s", cases[k].text);
        if (r.fault_count)
            assert_string_equal(r.faults[0].pointer, i % 2 ? "/occurred" : "/reported");
        else if (i % 2)
            assert_int_equal(s.occurred, text.len ? day_of(cases[k].day) : TIME_DAY_NONE);
        else
            assert_int_equal(s.reported, day_of(cases[k].day));
    }
}

static void our_own_clock_before_2000_is_a_fault(void **state) {
    struct fixture *f = *state;
    struct normalise_context context = f->context;
    struct item item = {.id = STR("1")};
    struct signal s;
    struct normalise_result r;
    context.received_ms = 0;
    normalise_item(&context, &item, &s, &r);
    assert_int_equal(r.fault_count, 1);
    assert_int_equal(r.faults[0].code, FAULT_OUT_OF_RANGE);
    item.withdrawn = true;
    normalise_item(&context, &item, &s, &r);
    assert_int_equal(r.fault_count, 0);
}

static void municipalities_as_of_reported(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *word, *reported;
        uint16_t source, code, today;
        bool unknown;
        const char *as_reported;
    } cases[] = {
        {"Den Haag", "2017-03-05", 363, 518, 518, false, "Den Haag"},
        {"Weesp", "2018-01-01", 363, 457, 363, false, "Weesp"},
        {"weesp", "2023-01-01", 363, 363, 363, false, "Weesp"},
        {"GM0457", "2018-01-01", 363, 457, 363, false, "GM0457"},
        {"Haaren", "2019-01-01", 0, 788, 824, false, "Haaren"},
        {"Haaren", "2022-01-01", 0, 0, 0, true, "Haaren"},
        {"Atlantis", "2022-01-01", 363, 0, 0, true, NULL},
        {"GM1948", "2016-05-01", 0, 1948, 1948, false, "GM1948"},
        {"Bergen", "2017-03-05", 889, 893, 893, false, "Bergen"}, // a source in Limburg
        {"Bergen", "2017-03-05", 363, 373, 373, false, "Bergen"}, // in Noord-Holland
        {"Bergen", "2017-03-05", 344, 0, 0, true, "Bergen"},      // in Utrecht
        {"Bergen", "2017-03-05", 0, 0, 0, true, "Bergen"},
        {NULL, "2018-01-01", 457, 457, 363, false, NULL},
        {" ", "2023-01-01", 457, 363, 363, false, NULL},
        {NULL, "2022-01-01", 788, 0, 0, false, NULL},
        {NULL, "2022-01-01", 0, 0, 0, false, NULL},
        {NULL, "2015-01-01", 1945, 241, 1945, false, NULL},
        {NULL, "2015-01-01", 9998, 0, 0, false, NULL}, // not in the table
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct normalise_context context = f->context;
        context.source_municipality = cases[i].source;
        const struct item item = {.id = STR("1"),
                                  .municipality = str_from(cases[i].word),
                                  .reported = str_from(cases[i].reported)};
        struct signal s;
        struct normalise_result r;
        normalise_item(&context, &item, &s, &r);
        assert_int_equal(r.fault_count, 0);
        if (s.cell.municipality != cases[i].code || s.municipality_today != cases[i].today ||
            r.municipality_unknown != cases[i].unknown)
            fail_msg("case %zu: %u %u", i, s.cell.municipality, s.municipality_today);
        if (cases[i].as_reported)
            assert_string_equal(s.as_reported, cases[i].as_reported);
        else
            assert_null(s.as_reported);
    }
}

static void categories_are_a_set(void **state) {
    struct fixture *f = *state;
    enum {
        S = 1 << CATEGORY_SEXUAL_EXPLOITATION,
        L = 1 << CATEGORY_FORCED_LABOUR,
        U = 1 << CATEGORY_UNKNOWN
    };
    static const struct {
        size_t count;
        const char *words[3];
        unsigned set;
        uint32_t unknown;
    } cases[] = {
        {0, {NULL}, U, 0},
        {1, {""}, U, 0},
        {1, {" Gedwongen Sekswerk "}, S, 0},
        {2, {"gedwongen sekswerk", "Gedwongen prostitutie"}, S, 0},
        {2, {"gedwongen sekswerk", "arbeidsuitbuiting"}, S | L, 0},
        {2, {"ForcedLabour", ""}, L, 0},
        {1, {"overlast"}, U, 1},
        {3, {"overlast", "gedwongen sekswerk", "herrie"}, S | U, 2},
        {1, {"onbekend"}, U, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct item item = {.id = STR("1"), .category_count = cases[i].count};
        for (size_t k = 0; k < cases[i].count; k++)
            item.categories[k] = str_from(cases[i].words[k]);
        struct signal s;
        struct normalise_result r;
        normalise_item(&f->context, &item, &s, &r);
        assert_int_equal(r.fault_count, 0);
        assert_int_equal(s.cell.categories, cases[i].set);
        assert_int_equal(s.unknown_count, cases[i].unknown);
    }
}

static void ages(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *group, *age, *born;
        enum age_group result;
        uint32_t unknown;
    } cases[] = {
        {"minor", NULL, NULL, AGE_MINOR, 0},
        {"Minderjarig", NULL, NULL, AGE_MINOR, 0},
        {"9--17", NULL, NULL, AGE_MINOR, 0},
        {"volwassen", NULL, NULL, AGE_ADULT, 0},
        {"48+", NULL, NULL, AGE_ADULT, 0},
        {"onbekend", NULL, NULL, AGE_UNKNOWN, 0},
        {"oud", NULL, NULL, AGE_UNKNOWN, 1},
        {NULL, "17", NULL, AGE_MINOR, 0},
        {NULL, "18", NULL, AGE_ADULT, 0},
        {NULL, "0", NULL, AGE_MINOR, 0},
        {NULL, "120", NULL, AGE_ADULT, 0},
        {NULL, NULL, "2000", AGE_MINOR, 0},   // 17 in 2017
        {NULL, NULL, "1999", AGE_UNKNOWN, 0}, // 17 or 18
        {NULL, NULL, "1998", AGE_ADULT, 0},
        {NULL, NULL, "1900", AGE_ADULT, 0},
        {NULL, NULL, "2017", AGE_MINOR, 0},
        {"adult", "17", "2010", AGE_ADULT, 0}, // the group wins
        {NULL, "30", "2010", AGE_ADULT, 0},    // then the age
        {"onbekend", "17", NULL, AGE_MINOR, 0},
        {"oud", NULL, "1950", AGE_ADULT, 1},
        {"", " ", NULL, AGE_UNKNOWN, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct item item = {.id = STR("1"),
                                  .reported = STR("2017-03-05"),
                                  .age_group = str_from(cases[i].group),
                                  .age = str_from(cases[i].age),
                                  .birth_year = str_from(cases[i].born)};
        struct signal s;
        struct normalise_result r;
        normalise_item(&f->context, &item, &s, &r);
        if (r.fault_count || s.cell.age_group != cases[i].result ||
            s.unknown_count != cases[i].unknown)
            fail_msg("case %zu", i);
    }
}

// What cannot be read is unknown and counted once, and costs nothing.
static void ages_as_people_write_them(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *age, *born;
        enum age_group result;
        unsigned unknown;
    } cases[] = {
        {"30 jaar", NULL, AGE_ADULT, 0},       {" 17 jr. ", NULL, AGE_MINOR, 0},
        {"30.0", NULL, AGE_ADULT, 0},          {"17,0 jaar", NULL, AGE_MINOR, 0},
        {"40 years\nold", NULL, AGE_ADULT, 0}, {"minderjarig", NULL, AGE_MINOR, 0},
        {NULL, "1950.0", AGE_ADULT, 0},        {"onbekend", NULL, AGE_UNKNOWN, 1},
        {"ca. 30", NULL, AGE_UNKNOWN, 1},      {"30-35", NULL, AGE_UNKNOWN, 1},
        {"30?", NULL, AGE_UNKNOWN, 1},         {"+-30", NULL, AGE_UNKNOWN, 1},
        {"30 maanden", NULL, AGE_UNKNOWN, 1},  {"121", NULL, AGE_UNKNOWN, 1},
        {"-1", NULL, AGE_UNKNOWN, 1},          {"99999999999999999999", NULL, AGE_UNKNOWN, 1},
        {"zestien", NULL, AGE_UNKNOWN, 1},     {"-", NULL, AGE_UNKNOWN, 1},
        {"17.5", NULL, AGE_UNKNOWN, 1},        {"\x01", NULL, AGE_UNKNOWN, 1},
        {"a\x80", "1950", AGE_ADULT, 1},       {NULL, "1899", AGE_UNKNOWN, 1},
        {NULL, "2018", AGE_UNKNOWN, 1},        {"x", "90s", AGE_UNKNOWN, 1},
        {NULL, "12-03-1950", AGE_UNKNOWN, 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct item item = {.id = STR("1"),
                                  .reported = STR("2017-03-05"),
                                  .age = str_from(cases[i].age),
                                  .birth_year = str_from(cases[i].born)};
        struct signal s;
        struct normalise_result r;
        normalise_item(&f->context, &item, &s, &r);
        if (r.fault_count || s.cell.age_group != cases[i].result ||
            s.unknown_count != cases[i].unknown)
            fail_msg("case %zu", i);
    }
}

static void a_status_outside_the_list_is_a_fault(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *word;
        enum status status; // STATUS_COUNT: a fault
    } cases[] = {
        {NULL, STATUS_POSSIBLE},
        {" ", STATUS_POSSIBLE},
        {"Bevestigd", STATUS_CONFIRMED},
        {"rejected", STATUS_REJECTED},
        {"onbekend", STATUS_POSSIBLE},
        {"maybe", STATUS_COUNT},
        {"?", STATUS_COUNT},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct item item = {.id = STR("1"), .status = str_from(cases[i].word)};
        struct signal s;
        struct normalise_result r;
        normalise_item(&f->context, &item, &s, &r);
        assert_int_equal(r.fault_count, cases[i].status == STATUS_COUNT);
        if (r.fault_count) {
            assert_int_equal(r.faults[0].code, FAULT_UNKNOWN_WORD);
            assert_string_equal(r.faults[0].pointer, "/status");
        } else {
            assert_int_equal(s.cell.status, cases[i].status);
        }
    }
}

// An item with a fault in every field.
static struct item all_wrong(char *longest, size_t len) {
    memset(longest, 'x', len);
    const struct str bad = {longest, len};
    struct item item = {.reported = bad,
                        .occurred = STR("gisteren"),
                        .municipality = bad,
                        .category_count = SIGNAL_CATEGORIES_MAX,
                        .gender = STR("\x01"),
                        .age = STR("121"),
                        .age_group = bad,
                        .birth_year = STR("1"),
                        .citizenship = STR("a\x80"),
                        .status = STR("x")};
    for (size_t i = 0; i < SIGNAL_CATEGORIES_MAX; i++)
        item.categories[i] = bad;
    return item;
}

static void all_faults_come_at_once(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *pointer;
        enum fault_code code;
    } expected[] = {
        {"/id", FAULT_REQUIRED},           {"/reported", FAULT_TOO_LONG},
        {"/occurred", FAULT_BAD_DATE},     {"/municipality", FAULT_TOO_LONG},
        {"/categories/0", FAULT_TOO_LONG}, {"/categories/3", FAULT_TOO_LONG},
        {"/categories/7", FAULT_TOO_LONG}, {"/status", FAULT_UNKNOWN_WORD},
    };
    char longest[SIGNAL_WORD_MAX + 1];
    const struct item item = all_wrong(longest, sizeof longest);
    struct signal s;
    struct normalise_result r;
    normalise_item(&f->context, &item, &s, &r);
    assert_int_equal(r.fault_count, 13); // none of the victim's
    for (size_t i = 0; i < COUNT(expected); i++) {
        bool found = false;
        for (size_t k = 0; k < r.fault_count; k++)
            found |= strcmp(r.faults[k].pointer, expected[i].pointer) == 0 &&
                     r.faults[k].code == expected[i].code;
        if (!found)
            fail_msg("%s", expected[i].pointer);
    }
}

static void a_withdrawal_needs_its_id_only(void **state) {
    struct fixture *f = *state;
    char longest[SIGNAL_WORD_MAX + 1];
    struct item item = all_wrong(longest, sizeof longest);
    struct signal s;
    struct normalise_result r;
    item.withdrawn = true;
    normalise_item(&f->context, &item, &s, &r);
    assert_int_equal(r.fault_count, 1);
    assert_string_equal(r.faults[0].pointer, "/id");
    item.id = STR("1");
    s = good(&f->context, &item);
    assert_true(s.withdrawn);
    assert_string_equal(s.id, "1");
}

static void content_is_what_the_source_said(void **state) {
    struct fixture *f = *state;
    const struct item base = {.id = STR("1"),
                              .reported = STR("2017-03-05"),
                              .municipality = STR("Weesp"),
                              .categories = {STR("gedwongen sekswerk"), STR("arbeid")},
                              .category_count = 2,
                              .age = STR("17")};
    struct item same[4], other[12];
    for (size_t i = 0; i < COUNT(same); i++)
        same[i] = base;
    for (size_t i = 0; i < COUNT(other); i++)
        other[i] = base;
    same[0].id = STR("2"); // identity is another matter
    same[1].municipality = STR(" Weesp\n");
    same[2].categories[0] = STR("arbeid ");
    same[2].categories[1] = STR("gedwongen sekswerk");
    same[3].unknown_fields = 3;
    other[0].reported = STR("2017-03-06");
    other[1].reported = STR("2017-03-05T00:00:00Z"); // the same day, but said in other words
    other[2].municipality = STR("weesp");
    other[3].municipality = (struct str){NULL, 0};
    other[4].municipality = STR("");
    other[5].category_count = 1;
    other[6].categories[0] = STR("arbeid");
    other[7].age = (struct str){NULL, 0};
    other[7].age_group = STR("17");
    other[8].occurred = STR("2017-03-05");
    other[9].gender = STR("V");
    other[10].citizenship = STR("NL");
    other[11].status = STR("possible");
    struct normalise_context later = f->context;
    later.received_ms += 86400000LL * 400;
    later.source_municipality = 0;
    struct signal first = good(&f->context, &base);
    assert_true(digest_equal(&first.content, &(struct digest){0}) == false);
    for (size_t i = 0; i < COUNT(same); i++) {
        struct signal s = good(&later, &same[i]);
        if (!digest_equal(&s.content, &first.content))
            fail_msg("same %zu", i);
    }
    for (size_t i = 0; i < COUNT(other); i++) {
        struct signal s, again = good(&f->context, &other[i]);
        if (digest_equal(&again.content, &first.content))
            fail_msg("other %zu", i);
        for (size_t k = 0; k < i; k++) {
            s = good(&f->context, &other[k]);
            assert_false(digest_equal(&again.content, &s.content));
        }
    }
}

// A changed table of words is not a correction.
static void content_does_not_depend_on_the_tables(void **state) {
    struct fixture *f = *state;
    struct err err;
    struct normalise_context context = f->context;
    struct categories *other =
        categories_load(STR("word,code\ngedwongen sekswerk,Other\n"), "t", &err);
    assert_non_null(other);
    context.categories = other;
    const struct item item = {
        .id = STR("1"), .categories = {STR("gedwongen sekswerk")}, .category_count = 1};
    struct signal a = good(&f->context, &item), b = good(&context, &item);
    assert_true(digest_equal(&a.content, &b.content));
    assert_int_not_equal(a.cell.categories, b.cell.categories);
    categories_free(other);
}

static struct str random_word(uint64_t *random, char *room, size_t size) {
    static const char *const words[] = {"2017-03-05", "2016-12-31T23:30:00Z",
                                        "Amsterdam",  "Bergen",
                                        "gm0363",     "gedwongen sekswerk",
                                        "V",          "minor",
                                        "17",         "1999",
                                        "NL",         "pol",
                                        "mogelijk",   "overlast",
                                        "",           " ",
                                        "2024-03-02"};
    uint64_t kind = unit_random(random) % 8;
    if (kind == 0)
        return (struct str){NULL, 0};
    if (kind < 6)
        return str_from(words[unit_random(random) % COUNT(words)]);
    size_t len = unit_random(random) % size;
    for (size_t i = 0; i < len; i++)
        room[i] = (char)(unit_random(random) % (kind == 6 ? 0x100 : 0x60) + (kind == 6 ? 0 : 0x20));
    return (struct str){room, len};
}

static void check_labels(const struct fixture *f, const struct signal *s) {
    const struct cell *c = &s->cell;
    assert_true(c->categories != 0 && c->categories < 1 << CATEGORY_COUNT);
    assert_true(c->gender < GENDER_COUNT && c->age_group < AGE_COUNT);
    assert_true(c->citizenship < CITIZENSHIP_COUNT && c->status < STATUS_COUNT);
    assert_int_equal(c->reserved, 0);
    assert_true(s->reported >= SIGNAL_DAY_MIN && s->reported <= RECEIVED_DAY + 1);
    assert_true(s->occurred == TIME_DAY_NONE ||
                (s->occurred >= SIGNAL_DAY_MIN && s->occurred <= RECEIVED_DAY + 1));
    assert_int_equal(c->month, time_month_of_day(s->reported) - 2000 * 12);
    assert_int_equal(c->municipality == 0, s->municipality_today == 0);
    assert_true(c->municipality == 0 ||
                municipalities_by_code(f->municipalities, c->municipality) != NULL);
    assert_true(s->id_len > 0 && s->id_len == strlen(s->id));
}

static void random_items_keep_the_promises(void **state) {
    struct fixture *f = *state;
    uint64_t random = unit_seed();
    size_t good_count = 0, rounds = unit_rounds(60000);
    for (size_t i = 0; i < rounds; i++) {
        char room[18][160];
        struct str words[18];
        for (size_t k = 0; k < COUNT(words); k++)
            words[k] = random_word(&random, room[k], sizeof room[k]);
        struct item item = {.id = words[0],
                            .reported = words[1],
                            .occurred = words[2],
                            .municipality = words[3],
                            .gender = words[4],
                            .age = words[5],
                            .age_group = words[6],
                            .birth_year = words[7],
                            .citizenship = words[8],
                            .status = words[9],
                            .category_count = unit_random(&random) % (SIGNAL_CATEGORIES_MAX + 1),
                            .withdrawn = unit_random(&random) % 10 == 0};
        if (i % 2) // most at random have a fault: give the other half a chance
            item = (struct item){.id = words[0],
                                 .municipality = words[3],
                                 .gender = words[4],
                                 .age_group = words[6],
                                 .citizenship = words[8],
                                 .category_count = item.category_count};
        for (size_t k = 0; k < item.category_count; k++)
            item.categories[k] = words[10 + k];
        struct signal s, again;
        struct normalise_result r, same;
        memset(&r, 0, sizeof r);
        memset(&same, 0, sizeof same);
        normalise_item(&f->context, &item, &s, &r);
        normalise_item(&f->context, &item, &again, &same);
        assert_memory_equal(&s, &again, sizeof s);
        assert_memory_equal(&r, &same, sizeof r);
        assert_true(r.fault_count <= NORMALISE_FAULTS_MAX);
        if (r.fault_count == 0) {
            check_labels(f, &s);
            good_count++;
        }
    }
    assert_true(good_count > rounds / 20);
}

// An undated signal that gets a day is as if its source had said that day.
static void a_day_that_is_known_is_as_if_said(void **state) {
    const struct fixture *f = *state;
    static const char *const days[] = {"2001-01-01", "2017-03-05", "2020-01-31", "2020-02-01",
                                       "2024-02-29"};
    const struct item items[] = {
        {.id = STR("1")},
        {.id = STR("1"), .municipality = STR("Weesp")},
        {.id = STR("1"), .municipality = STR("Gooise Meren")},
        {.id = STR("1"), .municipality = STR("GM0457")},
        {.id = STR("1"), .municipality = STR("Nergenshuizen")},
        {.id = STR("1"), .citizenship = STR("GBR"), .birth_year = STR("2000")},
        {.id = STR("1"), .citizenship = STR("EU"), .birth_year = STR("1999"), .age = STR("20")},
        {.id = STR("1"), .citizenship = STR("hr"), .age_group = STR("onbekend")},
    };
    for (size_t i = 0; i < COUNT(items); i++)
        for (size_t k = 0; k < COUNT(days); k++) {
            struct item dated = items[i];
            dated.reported = str_from(days[k]);
            struct signal said = good(&f->context, &dated), kept = good(&f->context, &items[i]);
            assert_true(kept.undated && !said.undated);
            normalise_redate(f->municipalities, AMSTERDAM, day_of(days[k]), received_ms, &kept);
            if (memcmp(&said.cell, &kept.cell, sizeof said.cell) != 0)
                fail_msg("item %zu of %s", i, days[k]);
            assert_int_equal(said.reported, kept.reported);
            assert_int_equal(said.municipality_today, kept.municipality_today);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bare_id_gets_the_defaults),
        cmocka_unit_test(ids_are_checked),
        cmocka_unit_test(days_of_reporting),
        cmocka_unit_test(our_own_clock_before_2000_is_a_fault),
        cmocka_unit_test(municipalities_as_of_reported),
        cmocka_unit_test(categories_are_a_set),
        cmocka_unit_test(ages),
        cmocka_unit_test(ages_as_people_write_them),
        cmocka_unit_test(a_status_outside_the_list_is_a_fault),
        cmocka_unit_test(all_faults_come_at_once),
        cmocka_unit_test(a_withdrawal_needs_its_id_only),
        cmocka_unit_test(content_is_what_the_source_said),
        cmocka_unit_test(content_does_not_depend_on_the_tables),
        cmocka_unit_test(random_items_keep_the_promises),
        cmocka_unit_test(a_day_that_is_known_is_as_if_said),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
