// SPDX-License-Identifier: EUPL-1.2
#include "codec/mapping.h"

#include "mapping_note.h"

static const struct mapping plain = {
    MAY_BE_MISSING,
    .format = MAPPING_JSON,
    .items = "",
    .next = "/next",
    .rules = {[MAPPING_ID] = {.from = "/id"},
              [MAPPING_REPORTED] = {.from = "/when"},
              [MAPPING_CATEGORY] = {.from = "/what"},
              [MAPPING_AGE] = {.from = "/who/age"},
              [MAPPING_STATUS] = {.from = "/state"},
              [MAPPING_WATERMARK] = {.from = "/seen"}},
};

static const struct mapping signalen = {
    .format = MAPPING_JSON,
    .items = "/results",
    .next = "/_links/next/href",
    .rules = {[MAPPING_ID] = {.from = "/signal_id"},
              [MAPPING_REPORTED] = {.from = "/created_at"},
              [MAPPING_CATEGORY] = {.from = "/category/sub_slug",
                                    .words = {{"mensenhandel", "Unknown"}},
                                    .word_count = 1},
              [MAPPING_STATUS] = {.constant = "possible"},
              [MAPPING_WITHDRAWN] = {.from = "/status/state",
                                     .words = {{"a", "true"}},
                                     .word_count = 1},
              [MAPPING_WATERMARK] = {.from = "/updated_at"}},
    .absent = {"*****"},
    .absent_count = 1,
    .skips = {{"/has_parent", "true", MAPPING_IS_EQUAL}},
    .skip_count = 1,
};

static const struct mapping open311 = {
    .format = MAPPING_JSON,
    .items = "",
    .rules = {[MAPPING_ID] = {.from = "/service_request_id"},
              [MAPPING_REPORTED] = {.from = "/requested_datetime"},
              [MAPPING_CATEGORY] = {.from = "/service_code",
                                    .words = {{"006", "seksuele uitbuiting"}},
                                    .word_count = 1}},
};

static void pages_of_signalen(void **state) {
    (void)state;
    struct noted noted;
    struct mapping_result result = note_file(&signalen, "signalen-page.json", &noted);
    assert_string_equal(
        noted.text,
        "0d9a5f4e-6f0b-4b62-9b0e-5f1f6f0f7c11 r=2018-06-18T13:30:47.604Z +Unknown s=possible ?21; "
        "5c0c8f0e-0d0d-4c39-8c43-2b9a6f1f2d22 r=2018-06-19T08:00:00.000Z +Unknown s=possible ?21; "
        "left out 1 mark 2018-06-19T09:15:00.250Z next "
        "https://meldingen.example.nl/signals/v1/private/signals/?page=2 ");
    assert_int_equal(result.decoded.items, 2);
    (void)note_file(&signalen, "signalen-last.json", &noted);
    assert_string_equal(noted.text, "7e1d2c3b-4a59-4687-9786-a5b4c3d2e444 "
                                    "r=2018-06-20T22:30:00.000Z s=possible withdrawn ?21; "
                                    "mark 2018-06-21T05:00:00.500Z ");
    (void)note_file(&signalen, "signalen-denied.json", &noted);
    assert_string_equal(noted.text, "FAILED required 1 items");
}

static void pages_of_open311(void **state) {
    (void)state;
    struct noted noted;
    (void)note_file(&open311, "open311.json", &noted);
    assert_string_equal(noted.text, "638344 r=2010-04-14T14:37:38.000Z +seksuele uitbuiting ?14; "
                                    "638349 r=2010-04-19T04:37:38.000Z +7 ?14; ");
    (void)note_file(&open311, "open311-invalid.json", &noted);
    // a number that begins with zeros is no JSON: that item only
    assert_string_equal(noted.text, "638344 r=2010-04-14T14:37:38.000Z ?14 !/categories:syntax; ");
    (void)note_file(&open311, "open311-error.json", &noted);
    assert_string_equal(
        noted.text,
        " ?2; FAILED missingPlace 1 /service_request_id, /requested_datetime, /service_code");
}

static void values_become_text(void **state) {
    (void)state;
    static const struct page_sample cases[] = {
        {"[]", ""},
        {" [ ] \n", ""},
        {"\xef\xbb\xbf[]", ""},
        {"[{\"id\":\"a\"},{\"id\":17},{\"id\":-0.0},{\"id\":3.0},{\"id\":true}]",
         "a; 17; 0; 3; true; "},
        {"[{\"id\":\"\\\"]}\"},{\"id\":\"[\\\\\"}]", "\"]}; [\\; "},
        {"[{\"id\":9223372036854775807}]", "9223372036854775807; "},
        {"[{\"id\":1.5},{\"id\":{}},{\"id\":[1]}]", " !/id:type;  !/id:type;  !/id:type; "},
        {"[{\"id\":201712345678.0},{\"id\":2.01712e11},{\"id\":1E3}]",
         "201712345678;  !/id:shortenedId;  !/id:shortenedId; "},
        {"[{\"id\":\" a \"},{\"id\":\"\"},{\"id\":\" \"},{\"id\":null},{\"id\":false}]",
         "a; ; ; ; false; "},
        {"[{\"id\":\"a\",\"who\":{\"age\":17,\"name\":\"N\"},\"bsn\":1}]", "a age=17 ?1; "},
        {"[{\"id\":\"a\",\"who\":17}]", "a; "},
        {"[{\"id\":\"a\",\"who\":{\"age\":17.5}}]",
         "a age=17.5; "}, // read or not, it costs nothing
        {"[{\"id\":\"a\",\"who\":{\"age\":17.0}}]", "a age=17; "},
        {"[{\"id\":\"a\",\"who\":{\"age\":{\"min\":16}}},{\"id\":\"b\",\"who\":{\"age\":[16,17]}}]",
         "a age={\"min\":16}; b age=[16,17]; "},
        {"[{\"id\":\"a\",\"who\":{\"age\":1e400}},{\"id\":\"b\",\"who\":{\"age\":\"\\ud800\"}}]",
         "a age=1e400; b age=\"\\ud800\"; "},
        {"[{\"id\":\"a\",\"what\":\"x|y\"}]", "a +x|y; "},
        {"[{\"id\":\"a\",\"what\":[\"x\",null,\"\",7]}]", "a +x +7; "},
        {"[{\"id\":\"a\",\"what\":[\"x\",{}]}]", "a +x !/categories:type; "},
        {"[{\"id\":\"a\",\"what\":{}}]", "a; "},
        {"[{\"id\":\"a\",\"what\":{\"x\":true,\"y\":false,\"\\u007a\":true}}]", "a +x +z; "},
        {"[{\"id\":\"a\",\"what\":{\"x\":true,\"y\":1}}]", "a +x !/categories:type; "},
        {"[{\"id\":\"a\",\"what\":{\"x\":true,\"y\"}}]", "a +x !/categories:syntax; "},
        {"[{\"id\":\"a\",\"what\":{\"1\":true,\"2\":true,\"3\":true,\"4\":true,\"5\":true,"
         "\"6\":true,\"7\":true,\"8\":true,\"9\":true}}]",
         "a +1 +2 +3 +4 +5 +6 +7 +8 !/categories:tooMany; "},
        {"[{\"id\":\"a\",\"what\":[1,2,3,4,5,6,7,8]}]", "a +1 +2 +3 +4 +5 +6 +7 +8; "},
        {"[{\"id\":\"a\",\"what\":[1,2,3,4,5,6,7,8,9,10,11]}]",
         "a +1 +2 +3 +4 +5 +6 +7 +8 !/categories:tooMany; "},
        {"[{\"id\":\"a\",\"when\":\"2018-06-18 13:30\"}]", "a r=2018-06-18T11:30:00.000Z; "},
        {"[{\"id\":\"a\",\"when\":\"gisteren\"}]", "a r=gisteren; "},
    };
    check_pages(&plain, cases, COUNT(cases));
}

static void words_absent_values_and_constants(void **state) {
    (void)state;
    static const struct mapping mapping = {
        MAY_BE_MISSING,
        .rules = {[MAPPING_ID] = {.from = "/id"},
                  [MAPPING_OCCURRED] = {.from = "/o", .constant = "2017-01-01 12:00"},
                  [MAPPING_CATEGORY] = {.from = "/k",
                                        .constant = "onbekend",
                                        .words = {{"Seksuele-Uitbuiting", "seks"}, {"weg", ""}},
                                        .word_count = 2},
                  [MAPPING_GENDER] = {.from = "/g",
                                      .words = {{"1", "man"}, {"A", "vrouw"}, {"a", "x"}},
                                      .word_count = 3},
                  [MAPPING_STATUS] = {.constant = "possible"},
                  [MAPPING_WITHDRAWN] = {.from = "/w",
                                         .words = {{"vervallen", "ja"}},
                                         .word_count = 1}},
        .absent = {"*****", "N.v.t.", "-"},
        .absent_count = 3,
        .skips = {{"/child", "true", MAPPING_IS_EQUAL},
                  {"/type", "Interne Melding", MAPPING_IS_EQUAL}},
        .skip_count = 2,
    };
    static const struct page_sample cases[] = {
        {"[{\"id\":1}]", "1 o=2017-01-01T11:00:00.000Z +onbekend s=possible; "},
        {"[{\"id\":1,\"o\":\"2017-02-02\",\"k\":[\"SEKSUELE uitbuiting\",\"weg\"]}]",
         "1 o=2017-02-02 +seks s=possible; "},
        {"[{\"id\":1,\"o\":\"2017-02-02\",\"k\":[\"n.v.t.\",\"*****\",\"-\"]}]",
         "1 o=2017-02-02 +onbekend s=possible; "},
        {"[{\"id\":\"N V T\",\"o\":\"x\",\"g\":1,\"k\":\"--\"}]", " o=x +-- g=man s=possible; "},
        {"[{\"id\":1,\"o\":\"x\",\"g\":\"a\"},{\"id\":2,\"o\":\"x\",\"g\":\"A\"}]",
         "1 o=x +onbekend g=x s=possible; 2 o=x +onbekend g=vrouw s=possible; "},
        {"[{\"id\":1,\"o\":\"x\",\"g\":\"overig\",\"w\":\"Vervallen\"}]",
         "1 o=x +onbekend g=overig s=possible withdrawn; "},
        {"[{\"id\":1,\"o\":\"x\",\"w\":true},{\"id\":2,\"o\":\"x\",\"w\":\"JA\"},"
         "{\"id\":3,\"o\":\"x\",\"w\":1},{\"id\":4,\"o\":\"x\",\"w\":\"nee\"},"
         "{\"id\":5,\"o\":\"x\",\"w\":false},{\"id\":6,\"o\":\"x\",\"w\":[]}]",
         "1 o=x +onbekend s=possible withdrawn; 2 o=x +onbekend s=possible withdrawn; "
         "3 o=x +onbekend s=possible withdrawn; 4 o=x +onbekend s=possible; "
         "5 o=x +onbekend s=possible; 6 o=x +onbekend s=possible !/withdrawn:type; "},
        {"[{\"id\":1,\"child\":true},{\"id\":2,\"child\":\"TRUE\"},{\"id\":3,\"o\":\"x\","
         "\"child\":false,\"type\":null},{\"id\":4,\"type\":\"interne_melding\"}]",
         "3 o=x +onbekend s=possible; left out 3 "},
    };
    check_pages(&mapping, cases, COUNT(cases));
}

static void a_place_that_no_item_has_fails_the_page(void **state) {
    (void)state;
    struct mapping mapping = {.rules = {[MAPPING_ID] = {.from = "/id"},
                                        [MAPPING_REPORTED] = {.from = "/at/day"},
                                        [MAPPING_CATEGORY] = {.constant = "onbekend"},
                                        [MAPPING_GENDER] = {.from = "/sex", .constant = "x"}},
                              .skips = {{"/id", "9", MAPPING_IS_EQUAL}},
                              .skip_count = 1};
    static const struct page_sample cases[] = {
        {"[]", ""},
        {"[7]", " !:type; "},
        {"[{\"id\":1},{\"at\":{\"day\":null}},{\"sex\":\"v\"}]",
         "1 +onbekend g=x;  +onbekend g=x;  +onbekend g=v; "},
        {"[{\"id\":9,\"sex\":1,\"at\":{\"day\":1}},{\"id\":1}]", "1 +onbekend g=x; left out 1 "},
        {"[{\"id\":1,\"at\":{}}]", "1 +onbekend g=x; FAILED missingPlace 1 /at/day"},
        {"[{\"id\":1,\"At\":{\"day\":1},\"sex\":\"v\"},\n{\"id\":2}]",
         "1 +onbekend g=v ?1; 2 +onbekend g=x; FAILED missingPlace 2 /at/day"},
    };
    check_pages(&mapping, cases, COUNT(cases));
    mapping.may_be_missing[MAPPING_REPORTED] = true;
    check_pages(&mapping,
                (const struct page_sample[]){{"[{\"id\":1,\"at\":{}}]", "1 +onbekend g=x; "}}, 1);
}

static void an_index_is_the_place_in_the_page(void **state) {
    (void)state;
    struct noted noted;
    struct mapping_result result;
    struct mapping mapping = signalen;
    mapping.items = "";
    memset(mapping.may_be_missing, true, sizeof mapping.may_be_missing);
    const char *body = "[{\"signal_id\":1,\"has_parent\":true},{\"signal_id\":2},7]";
    struct decode_limits limits = note_limits;
    result = note_page_limited(&mapping, str_from(body), &limits, &noted);
    assert_int_equal(result.decoded.items, 2);
    assert_int_equal(result.excluded, 1);
    limits.items_max = 3;
    assert_false(note_page_limited(&mapping, str_from(body), &limits, &noted).decoded.failed);
    limits.items_max = 2;
    result = note_page_limited(&mapping, str_from(body), &limits, &noted);
    assert_int_equal(result.decoded.fault, FAULT_TOO_MANY);
}

static void marks_have_a_form_that_sorts(void **state) {
    (void)state;
    static const struct page_sample cases[] = {
        {"[{\"id\":1,\"seen\":\"2018-06-19T01:00:00+02:00\"},{\"id\":2,\"seen\":"
         "\"2018-06-18 23:30:00.5+00\"},{\"id\":3,\"seen\":\"2018-06-18\"}]",
         "1; 2; 3; mark 2018-06-18T23:30:00.500Z "},
        {"[{\"id\":1,\"seen\":\"2018-06-18\"}]", "1; mark 2018-06-17T22:00:00.000Z "},
        {"[{\"id\":1,\"seen\":9},{\"id\":2,\"seen\":10}]", "1; 2; mark 10 "},
        {"[{\"id\":1,\"seen\":\"v1:Ab_c-d.e+f\"}]", "1; mark v1:Ab_c-d.e+f "},
        {"[{\"id\":1,\"seen\":\"a&b=c\"},{\"id\":2,\"seen\":\"a b\"},{\"id\":3,\"seen\":{}},"
         "{\"id\":4,\"seen\":null},{\"id\":5,\"seen\":1.5}]",
         "1; 2; 3; 4; 5; mark 1.5 "},
        {"[{\"id\":1,\"seen\":\"1234567890123456789012345678901234567890"
         "1234567890123456789012345\"}]",
         "1; "},
        {"[{\"id\":{},\"seen\":7}]", " !/id:type; mark 7 "}, // a bad item does not hold it up
    };
    static struct mapping epoch;
    static const struct page_sample seconds[] = {
        {"[{\"id\":1,\"when\":1529328647,\"seen\":1529328647.604}]",
         "1 r=2018-06-18T13:30:47.000Z; mark 2018-06-18T13:30:47.604Z "},
    };
    check_pages(&plain, cases, COUNT(cases));
    epoch = plain;
    epoch.dates = MAPPING_DATES_EPOCH;
    check_pages(&epoch, seconds, COUNT(seconds));
}

static const struct mapping with_person = {
    MAY_BE_MISSING,
    .items = "",
    .rules = {[MAPPING_ID] = {.from = "/id"},
              [MAPPING_PERSON_NAME] = {.from = "/who/naam"},
              [MAPPING_BIRTH_DATE] = {.from = "/who/geboren"},
              [MAPPING_NATIONALITY] = {.from = "/who/land",
                                       .words = {{"Nigeriaanse", "NG"}},
                                       .word_count = 1},
              [MAPPING_V_NUMBER] = {.from = "/who/v"}},
    .absent = {"-"},
    .absent_count = 1,
};

static void persons(void **state) {
    (void)state;
    static const struct page_sample cases[] = {
        {"[{\"id\":1,\"who\":{\"naam\":\" Jan de Vries \",\"geboren\":\"17-05-1990\",\"land\":"
         "\"nigeriaanse\",\"v\":2718281828}}]",
         "1 name=Jan de Vries birth=17-05-1990 from=NG v=2718281828; "},
        {"[{\"id\":1,\"who\":{\"naam\":\"-\",\"geboren\":19900517,\"v\":\"V 27\"}}]",
         "1 birth=19900517 v=V 27; "},
        {"[{\"id\":1,\"who\":{\"naam\":[\"N\"],\"geboren\":{},\"land\":[],\"v\":1.5}}]",
         "1 !/person/name:type !/person/birthDate:type !/person/nationality:type "
         "!/person/vNumber:type; "},
    };
    check_pages(&with_person, cases, COUNT(cases));
    struct mapping lines = with_person;
    struct noted noted;
    lines.format = MAPPING_NDJSON;
    (void)note_page(&lines, STR("{\"id\":1,\"who\":{\"naam\":\"N\"}}\n{\"id\":2}"), &noted);
    assert_string_equal(noted.text, "1 name=N; 2; ");
}

// In the two forms that a birth date has anyway it stays as it is: the normaliser knows more forms.
static void birth_dates_by_form(void **state) {
    (void)state;
    static const struct {
        enum mapping_dates dates;
        const char *said, *expected;
    } cases[] = {
        {MAPPING_DATES_ISO, "\"17-05-1990\"", "17-05-1990"},
        {MAPPING_DATES_ISO, "\"1990-05-17 00:00\"", "1990-05-17 00:00"},
        {MAPPING_DATES_DMY, "\"17-5-1990\"", "17-5-1990"},
        {MAPPING_DATES_DMY, "\"05/17/1990\"", "05/17/1990"},
        {MAPPING_DATES_MDY, "\"05/17/1990\"", "1990-05-17"},
        {MAPPING_DATES_MDY, "\"6/5/1990\"", "1990-06-05"},
        {MAPPING_DATES_EXCEL, "33010", "1990-05-17"},
        {MAPPING_DATES_EXCEL, "33010.0", "1990-05-17"},
        {MAPPING_DATES_EXCEL, "\"17-05-1990\"", "1990-05-17"},
        {MAPPING_DATES_EXCEL, "19900517", "19900517"},
        {MAPPING_DATES_EPOCH, "642895200", "1990-05-16T22:00:00.000Z"},
        {MAPPING_DATES_EPOCH, "642895200.5", "1990-05-16T22:00:00.500Z"},
        {MAPPING_DATES_EPOCH, "-86400", "1969-12-31T00:00:00.000Z"},
        {MAPPING_DATES_EPOCH, "\"17-05-1990\"", "17-05-1990"},
        {MAPPING_DATES_EPOCH_MS, "642895200000", "1990-05-16T22:00:00.000Z"},
        {MAPPING_DATES_EPOCH_MS, "\"x\"", "x"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct mapping mapping = with_person;
        char body[96], expected[96];
        struct noted noted;
        mapping.dates = cases[i].dates;
        (void)snprintf(body, sizeof body, "[{\"id\":1,\"who\":{\"geboren\":%s}}]", cases[i].said);
        (void)snprintf(expected, sizeof expected, "1 birth=%s; ", cases[i].expected);
        (void)note_page(&mapping, str_from(body), &noted);
        assert_string_equal(noted.text, expected);
    }
}

static void note_updated(void *ctx, const struct decode_item *decoded) {
    struct str updated = decoded->item.updated;
    note(ctx, "%.*s; ", (int)updated.len, updated.data ? updated.data : "");
}

static void a_mark_that_is_a_time_tells_when_an_item_changed(void **state) {
    (void)state;
    char csv_id[] = "id", csv_mark[] = "gewijzigd";
    const struct mapping csv = {
        .format = MAPPING_CSV,
        .dates = MAPPING_DATES_DMY,
        .rules = {[MAPPING_ID] = {.from = csv_id}, [MAPPING_WATERMARK] = {.from = csv_mark}}};
    struct mapping lines = plain, epoch = plain;
    lines.format = MAPPING_NDJSON;
    epoch.dates = MAPPING_DATES_EPOCH;
    const struct {
        const struct mapping *mapping;
        const char *body, *expected;
    } cases[] = {
        // a day stays one: any time of it may be meant; and nothing of an item is the next one's
        {&plain,
         "[{\"id\":1,\"seen\":\"2018-06-19T01:00:00+02:00\"},{\"id\":2},"
         "{\"id\":3,\"seen\":\"2018-06-18\"},{\"id\":4,\"seen\":7},{\"id\":5,\"seen\":\"v1\"}]",
         "2018-06-18T23:00:00.000Z; ; 2018-06-18; ; ; "},
        {&lines, "{\"id\":1,\"seen\":\"2018-06-18 13:30\"}\n{\"id\":2}",
         "2018-06-18T11:30:00.000Z; ; "},
        {&epoch, "[{\"id\":1,\"seen\":1529328647.604},{\"id\":2,\"seen\":\"x\"}]",
         "2018-06-18T13:30:47.604Z; ; "},
        {&csv, "id;gewijzigd\n1;18-06-2018 13:30\n2;\n3;18-06-2018\n",
         "2018-06-18T11:30:00.000Z; ; 2018-06-18; "},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct noted noted = {.len = 0};
        struct mapping_result result;
        mapping_decode(cases[i].mapping, str_from(cases[i].body), &note_limits, note_updated,
                       &noted, &result);
        assert_string_equal(noted.text, cases[i].expected);
    }
}

static void persons_in_csv(void **state) {
    (void)state;
    char id[] = "nr", name[] = "naam", born[] = "geboren", from[] = "land", v[] = "v nummer";
    struct mapping mapping = {.format = MAPPING_CSV,
                              .dates = MAPPING_DATES_EXCEL,
                              .rules = {[MAPPING_ID] = {.from = id},
                                        [MAPPING_PERSON_NAME] = {.from = name},
                                        [MAPPING_BIRTH_DATE] = {.from = born},
                                        [MAPPING_NATIONALITY] = {.from = from},
                                        [MAPPING_V_NUMBER] = {.from = v}}};
    struct noted noted;
    (void)note_page(&mapping,
                    STR("nr;Naam;Geboren;Land;V-nummer;BSN\n1;\"Vries, de, Jan\";33010;NG;"
                        "271.828.1828;7\n2;;17-05-1990;;;\n"),
                    &noted);
    assert_string_equal(noted.text, "1 name=Vries, de, Jan birth=1990-05-17 from=NG "
                                    "v=271.828.1828 ?1; 2 birth=1990-05-17 ?1; ");
}

static void sizes_are_bounded(void **state) {
    (void)state;
    const struct decode_limits limits = {.item_bytes_max = 40, .items_max = 5, .depth_max = 8};
    struct mapping mapping = plain;
    struct noted noted;
    char body[1024];
    mapping.items = "/list";
    (void)snprintf(body, sizeof body, "{\"list\":[{\"id\":1,\"x\":\"%040d\"},{\"id\":2}]}", 0);
    (void)note_page_limited(&mapping, str_from(body), &limits, &noted);
    assert_string_equal(noted.text, " !:tooLong; 2; ");
    // what stands around the items is only passed over
    (void)snprintf(body, sizeof body, "{\"list\":[{\"id\":2}],\"x\":\"%0640d\"}", 0);
    (void)note_page_limited(&mapping, str_from(body), &limits, &noted);
    assert_string_equal(noted.text, "2; ");
    (void)snprintf(body, sizeof body, "{\"x\":\"%0640d\",\"list\":[{\"id\":2}", 0); // cut off
    (void)note_page_limited(&mapping, str_from(body), &limits, &noted);
    assert_string_equal(noted.text, "FAILED syntax 1");
    mapping.format = MAPPING_NDJSON;
    (void)snprintf(body, sizeof body, "{\"id\":1,\"x\":\"%040d\"}\n{\"id\":2}", 0);
    (void)note_page_limited(&mapping, str_from(body), &limits, &noted);
    assert_string_equal(noted.text, " !:tooLong; 2; ");
    (void)note_page_limited(&mapping, STR("{}\n{}\n{}\n{}\n{}\n{}\n"), &limits, &noted);
    assert_string_equal(noted.text, "; ; ; ; ; FAILED tooMany 6");
}

static void on_trace(void *ctx, const struct mapping_trace *trace) {
    struct noted *noted = ctx;
    note(noted, "%u%s", trace->index, trace->excluded ? " left out" : "");
    for (int field = 0; field < MAPPING_FIELDS; field++) {
        struct str raw = trace->raw[field], value = trace->value[field];
        if (raw.data || value.data)
            note(noted, " %s:%.*s>%.*s", mapping_field_name((enum mapping_field)field),
                 (int)raw.len, raw.data ? raw.data : "", (int)value.len,
                 value.data ? value.data : "");
    }
    note(noted, "\n");
}

static void a_trace_shows_both_sides(void **state) {
    (void)state;
    static const char body[] =
        "{\"results\":[{\"signal_id\":17,\"created_at\":\"2018-06-18 13:30\",\"category\":"
        "{\"sub_slug\":[\"mensenhandel\",\"drugs\"]},\"status\":{\"state\":\"m\"},\"updated_at\":"
        "\"2018-06-18\",\"has_parent\":true},{\"signal_id\":{},\"created_at\":\"*****\","
        "\"status\":{\"state\":\"a\"}},7]}";
    struct noted noted = {.len = 0};
    struct mapping_result result;
    mapping_decode_traced(&signalen, str_from(body), &note_limits, on_trace, &noted, &result);
    assert_string_equal(
        noted.text, "0 left out id:17>17 reported:2018-06-18 13:30>2018-06-18T11:30:00.000Z "
                    "category:mensenhandel|drugs>Unknown|drugs status:>possible withdrawn:m>false "
                    "watermark:2018-06-18>2018-06-17T22:00:00.000Z\n"
                    "1 id:{...}> reported:*****> status:>possible withdrawn:a>true\n"
                    "2\n");
    assert_int_equal(result.decoded.items, 2);
    assert_int_equal(result.excluded, 1);
}

static void names_of_fields(void **state) {
    (void)state;
    enum mapping_field found;
    for (int field = 0; field < MAPPING_FIELDS; field++) {
        const char *name = mapping_field_name((enum mapping_field)field);
        assert_true(mapping_field_from_name(str_from(name), &found));
        assert_int_equal(found, field);
    }
    assert_true(mapping_field_from_name(STR("ageGroup"), &found));
    assert_false(mapping_field_from_name(STR("agegroup"), &found));
    assert_false(mapping_field_from_name(STR(""), &found));
}

static void all_texts_are_freed(void **state) {
    (void)state;
    struct mapping mapping = {.items = strdup("/a"),
                              .next = strdup("/b"),
                              .rules = {[MAPPING_ID] = {.from = strdup("/id"),
                                                        .constant = strdup("c"),
                                                        .words = {{strdup("x"), strdup("y")}},
                                                        .word_count = 1}},
                              .absent = {strdup("-")},
                              .absent_count = 1,
                              .skips = {{strdup("/s"), strdup("t"), MAPPING_IS_EQUAL}},
                              .skip_count = 1};
    mapping_free(&mapping);
    mapping_free(NULL);
}

static void random_pages_never_crash(void **state) {
    (void)state;
    static const char alphabet[] = "{}[]\",:\\ \n0129aeid.-+tfnul\xc3\xa9\xff\x00";
    static const char *const pieces[] = {"{\"results\":[", "{\"signal_id\":", "\"has_parent\":true",
                                         "]}", "},{"};
    uint64_t seed = unit_seed();
    struct mapping mapping = signalen;
    for (size_t round = 0, rounds = unit_rounds(20000); round < rounds; round++) {
        char body[128];
        size_t len = 0;
        while (len < 64) {
            uint64_t random = unit_random(&seed);
            const char *piece = pieces[random / 16 % COUNT(pieces)];
            if (random % 4 == 0)
                len += (size_t)snprintf(body + len, sizeof body - len, "%s", piece);
            else
                body[len++] = alphabet[random / 16 % (sizeof alphabet - 1)];
        }
        mapping.format = round % 2 ? MAPPING_NDJSON : MAPPING_JSON;
        struct noted noted;
        struct mapping_result result = note_page(&mapping, (struct str){body, len}, &noted);
        assert_int_equal(noted.items, result.decoded.items);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_of_signalen),
        cmocka_unit_test(pages_of_open311),
        cmocka_unit_test(values_become_text),
        cmocka_unit_test(words_absent_values_and_constants),
        cmocka_unit_test(a_place_that_no_item_has_fails_the_page),
        cmocka_unit_test(an_index_is_the_place_in_the_page),
        cmocka_unit_test(marks_have_a_form_that_sorts),
        cmocka_unit_test(persons),
        cmocka_unit_test(birth_dates_by_form),
        cmocka_unit_test(persons_in_csv),
        cmocka_unit_test(a_mark_that_is_a_time_tells_when_an_item_changed),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(a_trace_shows_both_sides),
        cmocka_unit_test(names_of_fields),
        cmocka_unit_test(all_texts_are_freed),
        cmocka_unit_test(random_pages_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
