// SPDX-License-Identifier: EUPL-1.2
#include "scratch.h"
#include "template/template.h"
static struct templates *load_text(const char *yaml, char **faults_text) {
    struct diagnostics faults;
    size_t lines = 0;
    diagnostics_init(&faults);
    struct templates *templates = templates_load_text(str_from(yaml), "t", &faults);
    assert_true((templates != NULL) == (faults.count == 0));
    *faults_text = scratch_shorten(faults.text.data ? faults.text.data : "", faults.text.len);
    for (const char *p = *faults_text; *p; p++)
        lines += *p == '\n';
    assert_int_equal(faults.count, lines);
    diagnostics_free(&faults);
    return templates;
}

static struct templates *load_good(const char *yaml) {
    char *text;
    struct templates *templates = load_text(yaml, &text);
    if (!templates)
        fail_msg("%s", text);
    free(text);
    assert_int_equal(templates->count, 1);
    return templates;
}

static struct templates *load_dir(const char *dir, char **faults_text) {
    struct diagnostics faults;
    diagnostics_init(&faults);
    struct templates *templates = templates_load(dir, &faults);
    assert_true((templates != NULL) == (faults.count == 0));
    *faults_text = scratch_shorten(faults.text.data ? faults.text.data : "", faults.text.len);
    diagnostics_free(&faults);
    return templates;
}

static void test_least(void **state) {
    (void)state;
    struct templates *templates = load_good("page: {format: ndjson}\nfields: {id: /a~1b}\n");
    const struct template *t = &templates->list[0];
    assert_string_equal(t->name, "t");
    assert_false(t->native);
    assert_int_equal(t->mapping.format, MAPPING_NDJSON);
    assert_string_equal(t->mapping.items, "");
    assert_null(t->mapping.next);
    assert_int_equal(t->mapping.dates, MAPPING_DATES_ISO);
    assert_string_equal(t->mapping.rules[MAPPING_ID].from, "/a~1b");
    assert_null(t->query);
    assert_int_equal(t->paging, TEMPLATE_PAGING_NONE);
    assert_int_equal(t->first_page, 1);
    assert_int_equal(t->pages_max, 10000);
    assert_null(t->cursor_param);
    assert_null(t->window_end_param);
    assert_true(t->window_items_max == UINT32_MAX);
    assert_int_equal(t->auth, TEMPLATE_AUTH_NONE);
    assert_false(t->auth_optional);
    templates_free(templates);
}

static void test_every_key(void **state) {
    (void)state;
    struct templates *templates = load_good(
        "page: {format: json, items: /data/0, next: /next, dates: epoch-ms}\n"
        "fields:\n"
        "  id: /id\n"
        "  category: {from: /c, value_map: {Loverboys: SexualExploitation, x: y}, constant: z}\n"
        "  status: {constant: mogelijk}\n"
        "  withdrawn: {from: /state, value_map: {a: 'true', b: no}}\n"
        "  watermark: /m\n"
        "null_values: ['*****', \"null\"]\n"
        "exclude: [{from: /p, equals: true}, {from: /q, equals: 1}]\n"
        "request: {query: 'a=b&c=d', paging: token, page_param: $skip, pages_max: 9,\n"
        "  cursor_param: since, overlap: 10m, ordered: yes}\n"
        "auth: {kind: oauth2, token_url: 'https://h/t', scope: 'a b', optional: yes}\n");
    const struct template *t = &templates->list[0];
    const struct mapping *m = &t->mapping;
    assert_string_equal(m->items, "/data/0");
    assert_string_equal(m->next, "/next");
    assert_int_equal(m->dates, MAPPING_DATES_EPOCH_MS);
    assert_int_equal(m->rules[MAPPING_CATEGORY].word_count, 2);
    assert_string_equal(m->rules[MAPPING_CATEGORY].words[0].from, "Loverboys");
    assert_string_equal(m->rules[MAPPING_CATEGORY].words[0].to, "SexualExploitation");
    assert_string_equal(m->rules[MAPPING_CATEGORY].constant, "z");
    assert_null(m->rules[MAPPING_STATUS].from);
    assert_string_equal(m->rules[MAPPING_STATUS].constant, "mogelijk");
    assert_string_equal(m->rules[MAPPING_WITHDRAWN].words[1].to, "no");
    assert_string_equal(m->rules[MAPPING_WATERMARK].from, "/m");
    assert_int_equal(m->absent_count, 2);
    assert_string_equal(m->absent[0], "*****");
    assert_int_equal(m->skip_count, 2);
    assert_string_equal(m->skips[1].from, "/q");
    assert_string_equal(m->skips[1].equals, "1");
    assert_string_equal(t->query, "a=b&c=d");
    assert_int_equal(t->paging, TEMPLATE_PAGING_TOKEN);
    assert_string_equal(t->page_param, "$skip");
    assert_int_equal(t->pages_max, 9);
    assert_string_equal(t->cursor_param, "since");
    assert_int_equal(t->overlap_ms, 600000);
    assert_true(t->ordered);
    assert_int_equal(t->auth, TEMPLATE_AUTH_OAUTH2);
    assert_string_equal(t->token_url, "https://h/t");
    assert_string_equal(t->scope, "a b");
    assert_true(t->auth_optional);
    templates_free(templates);
}

static void test_csv_numbers_and_windows(void **state) {
    (void)state;
    struct templates *templates =
        load_good("page: {format: csv, separator: tab, encoding: latin-1, dates: mdy}\n"
                  "fields: {id: Nummer van de melding}\n"
                  "request: {paging: number, page_param: p, first_page: 0, page_size: 50,\n"
                  "  cursor_param: from}\n"
                  "windows: {end_param: to, max_window: 90d, lookback: 2h, begin: 2015-01-01,\n"
                  "  items_max: 1000}\n"
                  "auth: {kind: header, header: X-Api-Key}\n");
    const struct template *t = &templates->list[0];
    assert_int_equal(t->mapping.format, MAPPING_CSV);
    assert_int_equal(t->mapping.separator, '\t');
    assert_true(t->mapping.latin1);
    assert_int_equal(t->mapping.dates, MAPPING_DATES_MDY);
    assert_int_equal(t->paging, TEMPLATE_PAGING_NUMBER);
    assert_int_equal(t->first_page, 0);
    assert_int_equal(t->page_size, 50);
    assert_string_equal(t->window_end_param, "to");
    assert_true(t->window_ms == 90LL * 86400000);
    assert_int_equal(t->reread_ms, 7200000);
    assert_true(t->begin_ms == 1420070400000); // date -ud 2015-01-01 +%s
    assert_int_equal(t->window_items_max, 1000);
    assert_string_equal(t->auth_header, "X-Api-Key");
    templates_free(templates);
    static const struct {
        const char *text;
        char separator;
    } separators[] = {{"auto", 0}, {"';'", ';'}, {"','", ','}, {"\"\\t\"", '\t'}};
    for (size_t i = 0; i < COUNT(separators); i++) {
        char yaml[128];
        (void)snprintf(yaml, sizeof yaml, "page: {format: csv, separator: %s}\nfields: {id: i}\n",
                       separators[i].text);
        templates = load_good(yaml);
        assert_int_equal(templates->list[0].mapping.separator, separators[i].separator);
        templates_free(templates);
    }
}

#define JSON "page: {format: json}\n"
#define ID "fields: {id: /i}\n"
#define MARK "page: {format: json}\nfields: {id: /i, watermark: /m}\n"
#define POINTER "(allowed: a JSON Pointer: \"\" for the whole, else /name/name)\n"
#define PARAM "is not allowed (allowed: 1..64 of [a-zA-Z0-9._~$%-])\n"
#define QUERY                                                                                      \
    "is not allowed (allowed: name=value&name=value, at most 1024 bytes as a URL has them)\n"

static const struct {
    const char *yaml, *faults;
} bad[] = {
    {"", "t:1: sections with keys are needed\n"},
    {"- a", "t:1: sections with keys are needed\n"},
    {"page: [", "t:2: not YAML: did not find expected node content while parsing a flow node\n"},
    {JSON ID "---\nx: y\n", "t:4: one document only\n"},
    {JSON, "t: fields.id: is missing\n"},
    {ID, "t: page.format: is missing (allowed: json, ndjson, csv)\n"},
    {JSON ID "pages: {}\n", "t:3: unknown section \"pages\" (did you mean page?)\n"},
    {JSON ID "exclud: []\n", "t:3: unknown section \"exclud\" (did you mean exclude?)\n"},
    {JSON ID "request: {page-param: x, next: /n}\n",
     "t:3: request: unknown key \"page-param\" (did you mean page_param?)\n"
     "t:3: request: unknown key \"next\" (it belongs in section page?)\n"},
    {JSON ID JSON, "t:3: \"page\" is already there in line 1\n"},
    {JSON ID "request: {query: a=b,\n  query: c}\n",
     "t:4: request: \"query\" is already there in line 3\n"},
    {JSON ID "request: none\n", "t:3: request: a section with keys is needed\n"},
    {JSON ID "request: {query: [a]}\n",
     "t:3: request.query: one value is needed, not a list or a mapping\n"},
    {JSON ID "request: {query: !x a}\n", "t:3: request.query: no tags (!) here\n"},
    {JSON ID "request: {query: }\n",
     "t:3: request.query: a value is needed (a word like null goes in quotes)\n"},
    {"page: {format: xml}\n" ID,
     "t:1: page.format: \"xml\" is not allowed (allowed: json, ndjson, csv)\n"},
    {"page: {format: json, items: data}\n" ID, "t:1: page.items: \"data\" is not allowed " POINTER},
    {"page: {format: json, items: /a~2}\n" ID, "t:1: page.items: \"/a~2\" is not allowed " POINTER},
    {"page: {format: json, dates: us}\n" ID,
     "t:1: page.dates: \"us\" is not allowed (allowed: iso, dmy, mdy, excel, epoch, epoch-ms)\n"},
    {"page: {format: json, separator: '|'}\n" ID,
     "t:1: page.separator: \"|\" is not allowed (allowed: auto, \",\", \";\", tab)\n"},
    {"page: {format: json, separator: auto, encoding: utf-8}\n" ID,
     "t:1: page.separator: only with page.format csv\n"},
    {"page: {format: csv, items: /a}\nfields: {id: i}\n",
     "t:1: page.items: only with page.format json\n"},
    {"page: {format: json, next: /n}\n" ID,
     "t:1: page.next: only with request.paging url or token\n"},
    {JSON ID "request: {paging: url}\n",
     "t: page.next: is missing: goes with request.paging url or token\n"},
    {JSON ID "request: {paging: number}\n",
     "t: request.page_param: is missing: goes with request.paging token or number\n"
     "t: request.page_size: is missing: goes with request.paging number\n"},
    {JSON ID "request: {page_param: p, first_page: 1, page_size: 2}\n",
     "t:3: request.page_param: only with request.paging token or number\n"
     "t:3: request.first_page: only with request.paging number\n"
     "t:3: request.page_size: only with request.paging number\n"},
    {JSON ID "request: {paging: all, page_param: 'a b'}\n",
     "t:3: request.paging: \"all\" is not allowed (allowed: none, link, url, token, number)\n"
     "t:3: request.page_param: \"a b\" " PARAM},
    {JSON ID "request: {pages_max: 0}\n",
     "t:3: request.pages_max: \"0\" is not allowed (allowed: 1..1000000)\n"},
    {JSON ID "request: {query: '?a=b'}\n", "t:3: request.query: \"?a=b\" " QUERY},
    {JSON ID "request: {query: 'a=b#c'}\n", "t:3: request.query: \"a=b#c\" " QUERY},
    {MARK, "t: request.cursor_param: is missing: goes with fields.watermark or windows\n"},
    {JSON ID "request: {cursor_param: a, overlap: 1m, ordered: no}\n",
     "t:3: request.cursor_param: only with fields.watermark or windows\n"
     "t:3: request.overlap: only with fields.watermark\n"
     "t:3: request.ordered: only with fields.watermark\n"},
    {MARK "request: {cursor_param: a, overlap: 10}\n",
     "t:3: request.overlap: \"10\" is not allowed (allowed: 0ms..365d, with ms, s, m, h or d)\n"},
    {MARK "request: {cursor_param: a, ordered: maybe}\n",
     "t:3: request.ordered: \"maybe\" is not allowed (allowed: no, yes)\n"},
    {JSON ID "windows: {}\n",
     "t: request.cursor_param: is missing: goes with fields.watermark or windows\n"
     "t: windows.end_param: is missing: goes with windows\n"
     "t: windows.max_window: is missing: goes with windows\n"},
    {JSON ID
     "request: {cursor_param: a}\nwindows: {end_param: b, max_window: 1d, begin: 1999-12-31}\n",
     "t:4: windows.begin: \"1999-12-31\" is not allowed (allowed: a date, 2000-01-01 or later)\n"},
    {JSON "fields: [id]\n", "t:2: fields: names of fields and where they come from are needed\n"
                            "t: fields.id: is missing\n"},
    {JSON "fields: {id: /i, name: /n}\n",
     "t:2: fields: unknown field \"name\" (allowed: id, reported, occurred, municipality, "
     "category, gender, age, ageGroup, birthYear, citizenship, personName, birthDate, nationality, "
     "vNumber, consent, status, withdrawn, watermark)\n"},
    {JSON "fields: {id: i}\n", "t:2: fields.id: from is a JSON Pointer: /name/name\n"},
    {JSON "fields: {id: {}}\n", "t:2: fields.id: from or constant is needed\n"},
    {JSON "fields: {id: [[/a]]}\n",
     "t:2: fields.id: one value is needed, not a list or a mapping\n"},
    {JSON "fields: {id: ''}\n", "t:2: fields.id: a text is needed, without control characters\n"},
    {JSON "fields: {id: {from: /i, constant: x}, vNumber: {constant: x}}\n",
     "t:2: fields.id: no constant: each signal has an id of its own\n"
     "t:2: fields.vNumber: no constant: all signals would be about one person\n"},
    {JSON "fields: {id: {from: /i, to: x}}\n",
     "t:2: fields.id: unknown key (allowed: from, split, value_map, constant)\n"},
    {JSON "fields: &a {id: *a}\n",
     "t:2: fields.id: unknown key (allowed: from, split, value_map, constant)\n"},
    {JSON "fields: {id: /i, status: {value_map: {a: possible}}}\n",
     "t:2: fields.status: from or constant is needed\n"},
    {JSON "fields: {id: /i, status: {value_map: {a: possible}, constant: possible}}\n",
     "t:2: fields.status: value_map needs a from\n"},
    {JSON "fields: {id: /i, status: {constant: posible}}\n",
     "t:2: fields.status: no status (allowed: possible, confirmed, rejected)\n"},
    {JSON "fields: {id: /i, gender: {from: /g, value_map: {1: Man, 2: Both}}}\n",
     "t:2: fields.gender.value_map: no gender (allowed: Feminine, Masculine, TransgenderFeminine, "
     "TransgenderMasculine, NonConforming, "
     "Unknown)\n"},
    {JSON "fields: {id: /i, citizenship: {constant: Poolse}, ageGroup: {constant: old},\n"
          "  withdrawn: {from: /w, value_map: {a: perhaps}}}\n",
     "t:2: fields.citizenship: no citizenship (allowed: ISO 3166 codes, NL, EU, nonEU, Unknown)\n"
     "t:2: fields.ageGroup: no age group (allowed: Minor, Adult, Unknown)\n"
     "t:3: fields.withdrawn.value_map: not allowed (allowed: true, false)\n"},
    {JSON "fields:\n  id: /i\n  category: {from: /c, value_map: {Súd: a, sud: b}}\n",
     "t:4: fields.category.value_map: is the same word as one before it: case and signs are "
     "folded\n"},
    {JSON "fields: {id: /i, category: {from: /c, value_map: {}}}\n",
     "t:2: fields.category.value_map: words and what they mean are needed\n"},
    {JSON "fields: {id: /i, category: {from: /c, value_map: {a: }}}\n",
     "t:2: fields.category.value_map: a value is needed (a word like null goes in quotes)\n"},
    {JSON "fields: {id: /i, watermark: {from: /m, constant: x}}\nrequest: {cursor_param: a}\n",
     "t:2: fields.watermark: only from: it follows what the other side has\n"},
    {JSON ID "null_values: x\n", "t:3: null_values: a list of at most 64 is needed\n"},
    {JSON ID "null_values: [null]\n",
     "t:3: null_values: a value is needed (a word like null goes in quotes)\n"},
    {JSON ID "exclude: {from: /a, equals: b}\n", "t:3: exclude: a list of at most 64 is needed\n"},
    {JSON ID "exclude: [{from: /a}]\n", "t:3: exclude: from is needed, and either equals or is\n"},
    {JSON ID "exclude: [x]\n", "t:3: exclude: from is needed, and either equals or is\n"},
    {JSON ID "exclude: [{from: /a, is: b}]\n",
     "t:3: exclude.is: not allowed (allowed: present, absent)\n"},
    {JSON ID "exclude: [{from: /a, is: present, equals: b}]\n",
     "t:3: exclude: from is needed, and either equals or is\n"},
    {JSON ID "exclude: [{from: /a, isnt: b}]\n",
     "t:3: exclude: unknown key (allowed: from, equals, is)\n"},
    {JSON "fields: {id: []}\n", "t:2: fields.id: one place, or a list of up to 4\n"},
    {JSON "fields: {id: [/a, /b, /c, /d, /e]}\n",
     "t:2: fields.id: one place, or a list of up to 4\n"},
    {JSON "fields: {id: [/a, b]}\n", "t:2: fields.id: from is a JSON Pointer: /name/name\n"},
    {JSON "fields: {id: '/a[n=]/b'}\n", "t:2: fields.id: from is a JSON Pointer: /name/name\n"},
    {JSON "fields: {id: '/a[n=~2]/b'}\n", "t:2: fields.id: from is a JSON Pointer: /name/name\n"},
    {JSON "fields: {id: {from: /i, split: ' '}}\n",
     "t:2: fields.id: split: one character that stands between words, for category only\n"},
    {JSON "fields: {id: /i, category: {from: /c, split: ', '}}\n",
     "t:2: fields.category: split: one character that stands between words, for category only\n"},
    {JSON "fields: {id: /i, category: {constant: x, split: ' '}}\n",
     "t:2: fields.category: split needs a from\n"},
    {"page: {format: csv, single: yes}\nfields: {id: i}\n",
     "t:1: page.single: only with page.format json\n"},
    {MARK "request: {cursor_param: a, cursor_format: mark}\n",
     "t:3: request.cursor_format: \"mark\" is not allowed (allowed: a text with {mark} in it, at "
     "most 256 "
     "bytes)\n"},
    {JSON ID "request: {cursor_format: '{mark}', bounds: exclusive}\n",
     "t:3: request.cursor_format: only with fields.watermark or windows\n"
     "t:3: request.bounds: only with fields.watermark or windows\n"},
    {JSON ID "headers: [a]\n", "t:3: headers: names of headers and their values are needed\n"},
    {JSON ID "headers: {Authorization: Bearer x}\n",
     "t:3: headers: not the name of a header that may be sent; a secret is never in a template\n"},
    {JSON ID "headers: {Accept-Crs: \"a\\r\\nX: b\"}\n",
     "t:3: headers: a text is needed, without control characters\n"},
    {JSON ID "exclude:\n- {from: /a, equals: b}\n- {from: a, equals: b}\n",
     "t:5: exclude: from is a JSON Pointer: /name/name\n"},
    {JSON ID "auth: {}\n", "t: auth.kind: is missing: goes with auth\n"},
    {JSON ID "auth: {kind: none, optional: yes, header: a, token_url: 'https://h/', scope: s}\n",
     "t:3: auth.header: only with auth.kind header\n"
     "t:3: auth.token_url: only with auth.kind oauth2\n"
     "t:3: auth.scope: only with auth.kind oauth2\n"
     "t:3: auth.optional: only with an auth.kind other than none\n"},
    {JSON ID "auth: {kind: header}\n", "t: auth.header: is missing: goes with auth.kind header\n"},
    {JSON ID "auth: {kind: oauth2}\n",
     "t: auth.token_url: is missing: goes with auth.kind oauth2\n"},
    // a secret may have been pasted in
    {JSON ID "auth: {kind: hunter2}\n",
     "t:3: auth.kind: not allowed (allowed: none, bearer, token, basic, header, oauth2, zgw)\n"},
    {JSON ID "auth: {kind: header, header: 'X-Key: hunter2'}\n",
     "t:3: auth.header: not allowed (allowed: a header's name, such as X-Api-Key)\n"},
    {JSON ID "auth: {kind: header, header: Host}\n",
     "t:3: auth.header: not allowed (allowed: a header's name, such as X-Api-Key)\n"},
    {JSON ID "auth: {kind: oauth2, token_url: 'https://u:p@h/'}\n",
     "t:3: auth.token_url: not allowed (allowed: https://…)\n"},
};

static void test_faults(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        char *text;
        templates_free(load_text(bad[i].yaml, &text));
        assert_string_equal(text, bad[i].faults);
        free(text);
    }
}

static void test_too_many(void **state) {
    (void)state;
    struct buf yaml;
    char *copy, *text;
    buf_init(&yaml, 1 << 20);
    buf_puts(&yaml, JSON "fields:\n  id: /i\n  category:\n    from: /c\n    value_map:\n");
    for (int i = 0; i < MAPPING_LIST_MAX; i++)
        buf_printf(&yaml, "      w%d: x\n", i);
    copy = strndup(yaml.data, yaml.len);
    templates_free(load_good(copy));
    free(copy);
    buf_puts(&yaml, "      more: x\nnull_values:\n");
    for (int i = 0; i <= MAPPING_LIST_MAX; i++)
        buf_printf(&yaml, "- w%d\n", i);
    copy = buf_take(&yaml);
    templates_free(load_text(copy, &text));
    assert_string_equal(text, "t:7: fields.category.value_map: more than 64 keys in one place\n"
                              "t:73: null_values: a list of at most 64 is needed\n");
    free(copy);
    free(text);
}

static void test_native(void **state) {
    (void)state;
    char *text;
    static const char *const dirs[] = {NULL, "/nowhere/templates"};
    for (size_t i = 0; i < COUNT(dirs); i++) {
        struct templates *templates = load_dir(dirs[i], &text);
        assert_string_equal(text, "");
        free(text);
        assert_int_equal(templates->count, 1);
        const struct template *native = templates_find(templates, STR("native"));
        assert_ptr_equal(native, &templates->list[0]);
        assert_true(native->native && native->auth_optional);
        assert_int_equal(native->auth, TEMPLATE_AUTH_BEARER);
        assert_int_equal(native->paging, TEMPLATE_PAGING_LINK);
        assert_null(native->cursor_param);
        assert_null(templates_find(templates, STR("nativ")));
        assert_null(templates_find(templates, (struct str){NULL, 0}));
        assert_non_null(templates_find(templates, STR("native")));
        templates_free(templates);
        templates_free(NULL);
    }
}

static void test_directory(void **state) {
    (void)state;
    char *text;
    struct templates *templates;
    assert_int_equal(mkdir(scratch_path("d"), 0755), 0);
    scratch_write("d/b.yaml", JSON ID, 0644);
    scratch_write("d/a-1.yaml", JSON ID, 0644);
    scratch_write("d/README.md", "no template", 0644);
    scratch_write("d/.hidden.yaml", "no template", 0644);
    templates = load_dir(scratch_path("d"), &text);
    assert_string_equal(text, "");
    free(text);
    assert_int_equal(templates->count, 3);
    assert_string_equal(templates->list[1].name, "a-1");
    assert_string_equal(templates->list[2].name, "b");
    templates_free(templates);

    // the faults of all files in one run
    scratch_write("d/b.yaml", "page: {format: json}\nfields: {}\nx: y\n", 0644);
    scratch_write("d/native.yaml", JSON ID, 0644);
    scratch_write("d/Upper.yaml", JSON ID, 0644);
    scratch_write("d/z.yaml", "", 0644);
    assert_int_equal(mkdir(scratch_path("d/dir.yaml"), 0755), 0);
    assert_null(load_dir(scratch_path("d"), &text));
    assert_string_equal(
        text, "d/Upper.yaml: the name before .yaml is not allowed (allowed: 1..64 of [a-z0-9._-])\n"
              "d/b.yaml:3: unknown section \"x\"\n"
              "d/b.yaml: fields.id: is missing\n"
              "d/dir.yaml: is no regular file\n"
              "d/native.yaml: native is built in: take another name\n"
              "d/z.yaml:1: sections with keys are needed\n");
    free(text);
}
// Bytes of what ships changed at random: a template or faults, never anything else.
static void test_random_changes(void **state) {
    (void)state;
    static const char *const files[] = {
        "signalen",    "open311",          "csv",      "csv-excel",   "zgw-zaken",
        "odk-central", "open-formulieren", "web-form", "kobotoolbox", "objects-api"};
    static const char likely[] = ":{}[]#'\"&*!|>-\n ,%\\~/";
    uint64_t seed = unit_seed();
    for (size_t f = 0; f < COUNT(files); f++) {
        char path[PATH_MAX];
        struct buf text;
        struct err err;
        (void)snprintf(path, sizeof path, SOURCE_DIR "/conf/templates/%s.yaml", files[f]);
        assert_true(str_read_file(path, 1 << 20, &text, &err));
        char *changed = malloc(text.len + 1);
        assert_non_null(changed);
        for (int round = 0; round < 300; round++) {
            char *faults;
            memcpy(changed, text.data, text.len);
            changed[text.len] = '\0';
            for (int i = 0; i < 1 + round % 20; i++) {
                uint64_t r = unit_random(&seed);
                changed[r % text.len] = (char)(r >> 63 ? likely[(r >> 32) % (sizeof likely - 1)]
                                                       : 1 + (int)((r >> 32) % 255));
            }
            templates_free(load_text(changed, &faults));
            free(faults);
        }
        free(changed);
        buf_free(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least),
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_csv_numbers_and_windows),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_native),
        cmocka_unit_test(test_directory),
        cmocka_unit_test(test_random_changes),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
