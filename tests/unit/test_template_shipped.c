// SPDX-License-Identifier: EUPL-1.2
// The templates that ship, against pages in the form that the systems give them. The pages are of
// our own making.
#include "scratch.h"
#include "template/template.h"

static struct templates *load_dir(const char *dir, char **faults_text) {
    struct diagnostics faults;
    diagnostics_init(&faults);
    struct templates *templates = templates_load(dir, &faults);
    assert_true((templates != NULL) == (faults.count == 0));
    *faults_text = scratch_shorten(faults.text.data ? faults.text.data : "", faults.text.len);
    diagnostics_free(&faults);
    return templates;
}

static struct templates *load_shipped(void) {
    char *text;
    struct templates *templates = load_dir(SOURCE_DIR "/conf/templates", &text);
    if (!templates)
        fail_msg("%s", text);
    free(text);
    return templates;
}

struct seen {
    size_t count, excluded;
    char value[8][MAPPING_FIELDS][64];
};

static void on_trace(void *ctx, const struct mapping_trace *trace) {
    struct seen *seen = ctx;
    if (trace->excluded) {
        seen->excluded++;
        return;
    }
    assert_true(seen->count < 8);
    for (int i = 0; i < MAPPING_FIELDS; i++)
        (void)snprintf(seen->value[seen->count][i], 64, "%.*s", (int)trace->value[i].len,
                       trace->value[i].data ? trace->value[i].data : "");
    seen->count++;
}

static void trace_page(const char *template, const char *body, size_t len, struct seen *seen,
                       struct mapping_result *result) {
    static const struct decode_limits limits = {65536, 10000, 32};
    struct templates *templates = load_shipped();
    const struct template *t = templates_find(templates, str_from(template));
    struct door door;
    *seen = (struct seen){0};
    assert_true(t && door_open((struct str){body, len}, DOOR_LATIN1, &door));
    mapping_decode_traced(&t->mapping, door.text, &limits, on_trace, seen, result);
    door_close(&door);
    assert_false(result->decoded.failed);
    templates_free(templates);
}

static void put_report(struct buf *page, const char *id, const char *state, const char *parent,
                       const char *updated) {
    buf_printf(page,
               "{\"id\":5021,\"signal_id\":\"%s\",\"text\":\"*****\",\"status\":{\"state\":\"%s\"},"
               "\"category\":{\"sub\":\"Mensenhandel\",\"sub_slug\":\"mensenhandel\"},"
               "\"created_at\":\"2018-06-18T23:30:47.604472+00:00\",\"updated_at\":\"%s\","
               "\"incident_date_start\":\"2001-01-01T00:00:00+00:00\",\"has_parent\":%s}",
               id, state, updated, parent);
}

static void test_signalen(void **state) {
    (void)state;
    struct buf page;
    buf_init(&page, 1 << 16);
    buf_puts(&page, "{\"_links\":{\"next\":{\"href\":\"https://m.example.nl/signals/v1/private/"
                    "signals/?page=2\"},\"previous\":{\"href\":null}},\"count\":3,\"results\":[");
    put_report(&page, "a-1", "m", "false", "2018-06-19T00:00:00.604472+00:00");
    buf_putc(&page, ',');
    put_report(&page, "a-2", "o", "true", "2018-06-19T00:00:01.604472+00:00");
    buf_putc(&page, ',');
    put_report(&page, "a-3", "a", "false", "2018-06-19T02:00:02.604472+02:00");
    buf_puts(&page, "]}");
    struct seen seen;
    struct mapping_result result;
    trace_page("signalen", page.data, page.len, &seen, &result);
    buf_free(&page);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.excluded, 1);
    assert_string_equal(seen.value[0][MAPPING_ID], "a-1");
    assert_string_equal(seen.value[1][MAPPING_ID], "a-3");
    assert_memory_equal(seen.value[0][MAPPING_REPORTED], "2018-06-18T23:30:47", 19);
    assert_string_equal(seen.value[0][MAPPING_CATEGORY], "Unknown");
    assert_string_equal(seen.value[0][MAPPING_OCCURRED], "");
    assert_string_equal(seen.value[0][MAPPING_STATUS], "");
    assert_string_equal(seen.value[0][MAPPING_WITHDRAWN], "false");
    assert_string_equal(seen.value[1][MAPPING_WITHDRAWN], "true");
    assert_string_equal(result.next, "https://m.example.nl/signals/v1/private/signals/?page=2");
    assert_string_equal(result.decoded.cursor, "2018-06-19T00:00:02.604Z");
}

static void test_open311(void **state) {
    (void)state;
    static const char page[] =
        "[{\"service_request_id\":\"638344\",\"status\":\"closed\",\"service_name\":"
        "\"Mensenhandel\",\"service_code\":\"006\",\"requested_datetime\":"
        "\"2010-04-14T06:37:38-08:00\",\"updated_datetime\":null,\"lat\":37.7},"
        "{\"service_request_id\":638345,\"service_name\":\"loverboys\"}]";
    struct seen seen;
    struct mapping_result result;
    trace_page("open311", page, sizeof page - 1, &seen, &result);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.value[0][MAPPING_ID], "638344");
    assert_string_equal(seen.value[0][MAPPING_CATEGORY], "Mensenhandel");
    assert_memory_equal(seen.value[0][MAPPING_REPORTED], "2010-04-14T", 11);
    assert_string_equal(seen.value[0][MAPPING_STATUS], "");
    assert_string_equal(seen.value[1][MAPPING_ID], "638345");
    assert_string_equal(result.next, "");
    assert_string_equal(result.decoded.cursor, "");
}

static void test_csv(void **state) {
    (void)state;
    static const char page[] = "\xef\xbb\xbfID;Reported;Category;AgeGroup;Withdrawn;Notes\r\n"
                               "7;31-12-2017;\"a|b\";Minor;;\"x\r\ny\"\r\n"
                               "8;2017-12-31;null;-;ja;\r\n";
    struct seen seen;
    struct mapping_result result;
    trace_page("csv", page, sizeof page - 1, &seen, &result);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.value[0][MAPPING_ID], "7");
    assert_string_equal(seen.value[0][MAPPING_REPORTED], "2017-12-31");
    assert_string_equal(seen.value[0][MAPPING_CATEGORY], "a|b");
    assert_string_equal(seen.value[0][MAPPING_AGE_GROUP], "Minor");
    assert_string_equal(seen.value[1][MAPPING_REPORTED], "2017-12-31");
    assert_string_equal(seen.value[1][MAPPING_CATEGORY], "");
    assert_string_equal(seen.value[1][MAPPING_AGE_GROUP], "");
    assert_string_equal(seen.value[1][MAPPING_WITHDRAWN], "true");
}

static void test_csv_excel(void **state) {
    (void)state;
    static const char page[] =
        "meldnummer;meldingsdatum;gemeente;uitbuitingsvorm;geslacht;leeftijd;nationaliteit\r\n"
        "2017-01;43100;S\xfa"
        "dwest-Frysl\xe2n;arbeidsuitbuiting;V;n.v.t.;Oekra\xef"
        "ense\r\n"
        "2017-02;31-12-2017;Weesp;;?;17;poolse\r\n";
    struct seen seen;
    struct mapping_result result;
    trace_page("csv-excel", page, sizeof page - 1, &seen, &result);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.value[0][MAPPING_ID], "2017-01");
    assert_string_equal(seen.value[0][MAPPING_REPORTED], "2017-12-31");
    assert_string_equal(seen.value[0][MAPPING_MUNICIPALITY], "Súdwest-Fryslân");
    assert_string_equal(seen.value[0][MAPPING_AGE], "");
    assert_string_equal(seen.value[0][MAPPING_CITIZENSHIP], "UA");
    assert_string_equal(seen.value[1][MAPPING_REPORTED], "2017-12-31");
    assert_string_equal(seen.value[1][MAPPING_GENDER], "");
    assert_string_equal(seen.value[1][MAPPING_AGE], "17");
    assert_string_equal(seen.value[1][MAPPING_CITIZENSHIP], "PL");
}

// ---- forms and systems: what a page of theirs in tests/golden/payloads becomes

struct becomes {
    const char *template, *file;
    size_t count, excluded;
    const char *next;
    struct becomes_item {
        const char *id, *reported, *category, *gender, *age, *watermark;
    } items[2];
};

static const struct becomes pages[] = {
    {"zgw-zaken",
     "zgw-zaken.json",
     2,
     1,
     "",
     {{"6c1c9c1e-8a55-4b3a-9b0c-0d6f3a1d1a01", "2024-05-01",
       "arbeidsuitbuiting|criminele uitbuiting", "man", "", "2024-05-03T09:30:00.123Z"},
      {"6c1c9c1e-8a55-4b3a-9b0c-0d6f3a1d1a03", "2024-05-04", "Unknown", "", "17",
       "2024-05-04T09:30:00.000Z"}}},
    {"objects-api",
     "objects-api.json",
     2,
     0,
     "http://objects:8000/api/v2/objects?page=2&pageSize=500&type=x",
     {{"1d8a7e0c-0f5d-4e53-8c9e-6b4b6a2f0001", "2024-05-01", "seksuele uitbuiting", "vrouw", "30",
       ""},
      {"1d8a7e0c-0f5d-4e53-8c9e-6b4b6a2f0002", "2024-05-02", "arbeidsuitbuiting", "", "", ""}}},
    {"kobotoolbox",
     "kobotoolbox.json",
     2,
     1,
     "https://kf.example.nl/api/v2/assets/aQvGxBSDTwMLvwhSzvWmQc/data/"
     "?format=json&limit=1000&start=1000",
     {{"121", "2024-05-01T22:30:12.000Z", "arbeidsuitbuiting|bedelarij", "man", "17", "121"},
      {"122", "2024-05-02T10:00:00.000Z", "seksuele_uitbuiting", "", "", "122"}}},
    {"kobotoolbox-complete",
     "kobotoolbox.json",
     2,
     1,
     "https://kf.example.nl/api/v2/assets/aQvGxBSDTwMLvwhSzvWmQc/data/"
     "?format=json&limit=1000&start=1000",
     {{"121", "2024-05-01T22:30:12.000Z", "arbeidsuitbuiting|bedelarij", "man", "17", ""},
      {"122", "2024-05-02T10:00:00.000Z", "seksuele_uitbuiting", "", "", ""}}},
    {"kobotoolbox",
     "kobotoolbox-post.json",
     1,
     0,
     "",
     {{"121", "2024-05-01T22:30:12.000Z", "arbeidsuitbuiting|bedelarij", "man", "17", "121"}}},
    {"odk-central",
     "odk-central.json",
     2,
     1,
     "https://odk.example.nl/v1/projects/7/forms/signaal.svc/Submissions"
     "?%24top=250&%24count=true&%24skiptoken=01e30",
     {{"uuid:85cb9aff-005e-4edd-9739-dc9c1a829c44", "2024-05-02T22:30:43.264Z",
       "arbeidsuitbuiting|bedelarij", "man", "17", "2024-05-02T22:30:43.264Z"},
      {"uuid:85cb9aff-005e-4edd-9739-dc9c1a829c45", "2024-05-01T10:00:00.000Z", "orgaanhandel", "",
       "", "2024-06-01T12:00:00.500Z"}}},
    {"open-formulieren",
     "open-formulieren.json",
     1,
     0,
     "",
     {{"OF-8VWQ4N", "2024-05-01T22:30:43.264Z", "arbeidsuitbuiting|bedelarij", "vrouw", "34", ""}}},
    {"web-form",
     "web-form.json",
     1,
     0,
     "",
     {{"WF-2024-17", "2024-05-01", "arbeidsuitbuiting", "man", "30", ""}}},
};

static void check_item(const struct becomes *page, char value[MAPPING_FIELDS][64],
                       const struct becomes_item *item) {
    const char *const expected[MAPPING_FIELDS] = {
        [MAPPING_ID] = item->id,         [MAPPING_REPORTED] = item->reported,
        [MAPPING_GENDER] = item->gender, [MAPPING_CATEGORY] = item->category,
        [MAPPING_AGE] = item->age,       [MAPPING_WATERMARK] = item->watermark};
    for (int f = 0; f < MAPPING_FIELDS; f++)
        if (expected[f] && strcmp(value[f], expected[f]) != 0)
            fail_msg("%s: %s is %s", page->file, mapping_field_name((enum mapping_field)f),
                     value[f]);
}

static void test_forms_and_systems(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(pages); i++) {
        struct mapping_result result;
        struct seen seen;
        struct buf body;
        struct err err;
        char path[PATH_MAX];
        (void)snprintf(path, sizeof path, SOURCE_DIR "/tests/golden/payloads/%s", pages[i].file);
        assert_true(str_read_file(path, 1 << 20, &body, &err));
        trace_page(pages[i].template, body.data, body.len, &seen, &result);
        assert_int_equal(seen.count, pages[i].count);
        assert_int_equal(seen.excluded, pages[i].excluded);
        assert_string_equal(result.next, pages[i].next);
        for (size_t k = 0; k < seen.count; k++)
            check_item(&pages[i], seen.value[k], &pages[i].items[k]);
        buf_free(&body);
    }
}

static void test_shipped_asking(void **state) {
    (void)state;
    struct templates *templates = load_shipped();
    const struct template *signalen = templates_find(templates, STR("signalen"));
    const struct template *open311 = templates_find(templates, STR("open311"));
    const struct template *csv = templates_find(templates, STR("csv"));
    assert_string_equal(signalen->query, "ordering=updated_at&page_size=100");
    assert_string_equal(signalen->cursor_param, "updated_after");
    assert_int_equal(signalen->overlap_ms, 600000);
    assert_true(signalen->ordered && !signalen->auth_optional);
    assert_int_equal(signalen->paging, TEMPLATE_PAGING_URL);
    assert_int_equal(signalen->auth, TEMPLATE_AUTH_BEARER);
    assert_string_equal(open311->cursor_param, "start_date");
    assert_string_equal(open311->window_end_param, "end_date");
    assert_true(open311->window_ms == 90LL * 86400000 && open311->reread_ms == open311->window_ms);
    assert_int_equal(open311->window_items_max, 1000);
    assert_int_equal(open311->paging, TEMPLATE_PAGING_NONE);
    assert_null(csv->cursor_param);
    assert_true(csv->auth_optional);
    templates_free(templates);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signalen),
        cmocka_unit_test(test_open311),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_csv_excel),
        cmocka_unit_test(test_forms_and_systems),
        cmocka_unit_test(test_shipped_asking),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
