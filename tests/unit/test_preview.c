// SPDX-License-Identifier: EUPL-1.2
// What a body has and nobody asks for, and which names of it may be shown; what a correction
// changes.
#include "base/mem.h"
#include "codec/json_out.h"
#include "codec/page.h"
#include "core/signal/changes.h"

#include "core_tables.h"

static struct display_allowlist *allowlist;
static struct municipalities *municipalities;
static struct categories *categories;

static int load(void **state) {
    (void)state;
    struct err err;
    allowlist = allowlist_load(STR("vermoeden\nmelding\n"), "words", &err);
    municipalities = tables_municipalities();
    categories = tables_categories();
    return allowlist ? 0 : -1;
}

static int unload(void **state) {
    (void)state;
    allowlist_free(allowlist);
    municipalities_free(municipalities);
    categories_free(categories);
    return 0;
}

static void names_of_people_are_not_shown(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool shown, own;
    } cases[] = {
        {"sekse", true, true},           {"Geslacht", true, true},
        {"Datum melding", true, true},   {"created_at", true, true},
        {"createdAt", true, true},       {"victimBirthYear", true, true},
        {"JanJansen", false, false},     {"Vermoedenmelding", true, true},
        {"kleurtje", false, true},       {"kolom_x", false, true},
        {"Jansen", false, false},        {"Jan Jansen", false, false},
        {"jan jansen", false, false},    {"van der Berg", false, false},
        {"J. de Vries", false, false},   {"Nguy\xe1\xbb\x85n", false, false},
        {"2017-000123", false, false},   {"zaak 2017-000123", false, false},
        {"739162846", false, false},     {"floor@voorbeeld.nl", false, false},
        {"06-48291735", false, false},   {"GX-742-H", false, false},
        {"\x1b[31mnotes", false, false}, {"notes\x1b", false, false},
        {"\xff", false, false},          {"", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str name = str_from(cases[i].name);
        if (places_may_show(name, allowlist, false) != cases[i].shown ||
            places_may_show(name, allowlist, true) != cases[i].own)
            fail_msg("%s", cases[i].name);
    }
}

static struct page decode(const struct mapping *mapping, enum decode_format format,
                          const char *body) {
    static const struct hash_key key;
    struct page page = {0};
    const struct page_options options = {
        .mapping = mapping,
        .format = format,
        .limits = {.item_bytes_max = 65536, .items_max = 100, .depth_max = 8},
        .imported = true,
        .preview = true,
        .allow_missing = true,
        .context = {.municipalities = municipalities,
                    .categories = categories,
                    .identity_key = &key,
                    .person_keys = tables_person_keys(),
                    .source = STR("x"),
                    .received_ms = 1500000000000}};
    page_decode(&page, str_from(body), &options);
    return page;
}

static void check(const struct mapping *mapping, enum decode_format format, const char *body,
                  const char *expected) {
    struct page page = decode(mapping, format, body);
    struct buf out;
    buf_init(&out, 1 << 16);
    struct json_out json = {.buf = &out};
    json_open(&json, '{');
    places_put(&json, page.places, mapping, allowlist, false);
    json_close(&json, '}');
    char *text = buf_take(&out), *unknown = strstr(text, "\"unknown\":");
    assert_non_null(unknown);
    char found[512] = "";
    for (int field = 0; field < MAPPING_FIELDS; field++)
        if (page.places->seen[field]) {
            size_t len = strlen(found);
            (void)snprintf(found + len, sizeof found - len, "%s ",
                           mapping_field_name((enum mapping_field)field));
        }
    size_t len = strlen(found);
    (void)snprintf(found + len, sizeof found - len, "%s", unknown);
    assert_string_equal(found, expected);
    free(text);
    page_free(&page);
}

static const struct mapping json = {.format = MAPPING_JSON,
                                    .rules = {[MAPPING_ID] = {.from = "/nr"},
                                              [MAPPING_GENDER] = {.from = "/v/g"},
                                              [MAPPING_CATEGORY] = {.from = "/c"}}};

static void what_nobody_asks_for_is_noted(void **state) {
    (void)state;
    static const struct mapping csv = {
        .format = MAPPING_CSV,
        .rules = {[MAPPING_ID] = {.from = "nr"}, [MAPPING_GENDER] = {.from = "sekse"}}};
    check(&csv, DECODE_JSON, "nr;geslacht;Jan Jansen;\n1;m;x;\n",
          "id \"unknown\":[{\"column\":2,\"name\":\"geslacht\",\"length\":8},"
          "{\"column\":3,\"name\":null,\"length\":10}],\"unknownMore\":false}");
    check(&json, DECODE_JSON,
          "[{\"nr\":1,\"v\":{\"sex\":1,\"Anna\":2}},{\"nr\":2,\"c\":\"x\",\"sex\":{\"deep\":1}}]",
          "id category \"unknown\":[{\"name\":\"sex\",\"length\":3},"
          "{\"name\":null,\"length\":4}],\"unknownMore\":false}");
    check(NULL, DECODE_NDJSON,
          "{\"id\":\"1\",\"victim\":{\"gender\":\"m\",\"sex\":1}}\n"
          "{\"id\":\"2\",\"category\":\"x\",\"withdrawn\":true,\"note\":1}\n",
          "id category gender withdrawn \"unknown\":[{\"name\":\"sex\",\"length\":3},"
          "{\"name\":\"note\",\"length\":4}],\"unknownMore\":false}");
}

static void what_is_noted_is_bounded(void **state) {
    (void)state;
    struct places *places = mem_zalloc(1, sizeof *places);
    char name[128];
    for (unsigned i = 0; i < PLACES_UNKNOWN_MAX; i++) {
        (void)snprintf(name, sizeof name, "%u %100d", i, 0);
        places_add_unknown(places, str_from(name), 0);
        places_add_unknown(places, str_from(name), 0);
    }
    assert_int_equal(places->unknown_count, PLACES_UNKNOWN_MAX);
    assert_false(places->more);
    places_add_unknown(places, STR("x"), 7);
    assert_int_equal(places->unknown_count, PLACES_UNKNOWN_MAX);
    assert_true(places->more);
    free(places);
}

static void a_page_of_several_is_no_whole_list(void **state) {
    (void)state;
    static const struct {
        const char *body;
        bool others;
        uint64_t items;
    } cases[] = {
        {"{\"r\":[{\"nr\":1},{\"nr\":2}]}", false, 0},
        {"{\"count\":2,\"next\":null,\"r\":[{\"nr\":1},{\"nr\":2}]}", false, 0},
        {"{\"count\":250,\"next\":\"/2\",\"r\":[{\"nr\":1},{\"nr\":2}]}", true, 248},
        {"{\"next\":\"/2\",\"r\":[{\"nr\":1}]}", true, 0},
        {"{\"count\":3,\"previous\":\"/1\",\"next\":null,\"r\":[{\"nr\":1}]}", true, 2},
        {"{\"has_more\":true,\"r\":[{\"nr\":1}]}", true, 0},
        {"{\"total\":1,\"has_more\":false,\"r\":[{\"nr\":1}]}", false, 0},
    };
    struct mapping pages = json;
    pages.items = "/r";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct page page = decode(&pages, DECODE_JSON, cases[i].body);
        assert_int_equal(page.decoded.failed, cases[i].others);
        assert_int_equal(page.decoded.more, cases[i].items);
        assert_true(!cases[i].others || page.decoded.fault == FAULT_OTHER_PAGES);
        page_free(&page);
    }
}

static void changes_are_told_field_by_field(void **state) {
    (void)state;
    const struct ledger_entry known = {
        .counts = true,
        .reported = 17230,
        .occurred = TIME_DAY_NONE,
        .person = 7,
        .cell = {.municipality = 363,
                 .categories = 1u << CATEGORY_OTHER | 1u << CATEGORY_SERVITUDE,
                 .gender = GENDER_MASCULINE,
                 .age_group = AGE_ADULT}};
    const struct signal signal = {.reported = 17231,
                                  .occurred = 17230,
                                  .cell = {.categories = 1u << CATEGORY_UNKNOWN,
                                           .gender = GENDER_MASCULINE,
                                           .status = STATUS_CONFIRMED}};
    const struct changes_state before = changes_state_known(&known),
                               after = changes_state_delivered(&signal);
    char all[1024] = "", from[CHANGES_TEXT_MAX], to[CHANGES_TEXT_MAX];
    for (int i = 0; i < CHANGES_FIELDS; i++) {
        enum changes_field field = (enum changes_field)i;
        size_t len = strlen(all);
        if (!changes_in(&before, &after, field))
            continue;
        changes_put(&before, field, from);
        changes_put(&after, field, to);
        (void)snprintf(all + len, sizeof all - len, "%s: %s -> %s%s; ", changes_field_name(field),
                       from, to, changes_to_unknown(&after, field) ? "!" : "");
    }
    assert_string_equal(all, "reported: 2017-03-05 -> 2017-03-06; "
                             "occurred: Unknown -> 2017-03-05; "
                             "municipality: GM0363 -> Unknown!; "
                             "categories: Servitude, Other -> Unknown!; "
                             "ageGroup: Adult -> Unknown!; "
                             "status: possible -> confirmed; "
                             "person: known -> Unknown!; ");
    assert_false(changes_in(&before, &before, CHANGES_PERSON));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_people_are_not_shown),
        cmocka_unit_test(what_nobody_asks_for_is_noted),
        cmocka_unit_test(what_is_noted_is_bounded),
        cmocka_unit_test(a_page_of_several_is_no_whole_list),
        cmocka_unit_test(changes_are_told_field_by_field),
    };
    return hash_init() ? cmocka_run_group_tests(tests, load, unload) : 1;
}
