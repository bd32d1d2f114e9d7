// SPDX-License-Identifier: EUPL-1.2
#include "scratch.h"

#include "config.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C64 "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define NOTHING64 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct sources *load_file(const char *name, char **faults_text, size_t *count) {
    char *file = strdup(scratch_path(name));
    struct config config = {.sources_file = file};
    struct config_faults faults;
    config_faults_init(&faults);
    struct sources *sources = sources_load(&config, &faults);
    assert_true((sources != NULL) == (faults.count == 0));
    *faults_text = scratch_shorten(faults.text.data, faults.text.len);
    *count = faults.count;
    config_faults_free(&faults);
    free(file);
    return sources;
}

static struct sources *load_good(const char *csv) {
    char *text;
    size_t count;
    scratch_write("s.csv", csv, 0644);
    struct sources *sources = load_file("s.csv", &text, &count);
    if (count)
        fail_msg("%s", text);
    free(text);
    return sources;
}

static void expect(const char *csv, const char *faults) {
    char *text;
    size_t count;
    scratch_write("s.csv", csv, 0644);
    sources_drop(load_file("s.csv", &text, &count));
    assert_string_equal(text, faults);
    free(text);
}

static void test_all_columns(void **state) {
    (void)state;
    scratch_write("bearer", "abc.DEF-123==\n", 0600);
    struct sources *s =
        load_good("allow_private,kind,name,municipality,tokens,official,policy,url,interval,"
                  "cursor_param,cursor_field,bearer_file\n"
                  "yes,coa,c-1.x_y,GM0363," A64 "  " B64 ",yes,no,"
                  "\"http://127.0.0.1:81/a,b?c=d@e\",90s,since,updated,bearer\n"
                  "\n"
                  ",ngo,silent,,,,,,,,,\n");
    assert_int_equal(s->count, 2);
    const struct source *a = &s->list[0], *b = &s->list[1];
    assert_string_equal(a->name, "c-1.x_y");
    assert_int_equal(a->kind, SOURCE_COA);
    assert_int_equal(a->municipality, 363);
    assert_int_equal(a->token_count, 2);
    assert_int_equal(a->tokens[0][0], 0xaa);
    assert_int_equal(a->tokens[1][31], 0xbb);
    assert_true(a->official && !a->policy && a->allow_private);
    assert_string_equal(a->url, "http://127.0.0.1:81/a,b?c=d@e");
    assert_int_equal(a->interval_ms, 90000);
    assert_string_equal(a->cursor_param, "since");
    assert_string_equal(a->cursor_field, "updated");
    assert_string_equal(a->bearer, "abc.DEF-123==");
    assert_string_equal(b->name, "silent");
    assert_int_equal(b->kind, SOURCE_NGO);
    assert_int_equal(b->municipality, 0);
    assert_int_equal(b->token_count, 0);
    assert_int_equal(b->interval_ms, 900000);
    assert_null(b->url);
    assert_null(b->bearer);
    sources_drop(s);
}

#define KIND " not allowed (allowed: municipality coa care police kmar nla ngo other)\n"
#define GM " not allowed (allowed: GM0001..GM9999 or empty)\n"
#define URL " not allowed (allowed: https://…, or http://… with allow_private)\n"
#define HEX                                                                                        \
    " not the SHA-256 of a token (allowed: 64 hexadecimal digits, two of these with a space "      \
    "between them)\n"

static const struct {
    const char *csv, *faults;
} bad[] = {
    {"", "s.csv:1: column name is missing\ns.csv:1: column kind is missing\n"},
    {"name\na\n", "s.csv:1: column kind is missing\n"},
    {"name,kind,name,colour\n", "s.csv:1: column 3 is there twice\ns.csv:1: column 4 is unknown\n"},
    {"name,kind\na\n", "s.csv:2: 1 columns, 2 expected\n"},
    {"name,kind\na,coa,x\nb,c\n", "s.csv:2: more columns than expected\ns.csv:3: kind:" KIND},
    {"name,kind\n,\n", "s.csv:2: name: is empty\ns.csv:2: kind: is empty\n"},
    {"name,kind\na,coa\nb,coa\na,coa\n", "s.csv:4: name: already in line 2\n"},
    {"name,kind\nA,coa\n", "s.csv:2: name: not allowed (allowed: 1..64 of [a-z0-9._-])\n"},
    {"name,kind\n" A64 "a,coa\n", "s.csv:2: name: not allowed (allowed: 1..64 of [a-z0-9._-])\n"},
    {"name,kind,municipality\na,coa,363\n", "s.csv:2: municipality:" GM},
    {"name,kind,municipality\na,coa,GM0000\n", "s.csv:2: municipality:" GM},
    {"name,kind,municipality\na,coa,GM00363\n", "s.csv:2: municipality:" GM},
    {"name,kind,official\na,coa,ja\n",
     "s.csv:2: official: not allowed (allowed: yes, no or empty)\n"},
    {"name,kind,tokens\na,coa,hunter2\n", "s.csv:2: tokens:" HEX},
    {"name,kind,tokens\na,coa," A64 "a\n", "s.csv:2: tokens:" HEX},
    {"name,kind,tokens\na,coa," A64 " " B64 " " C64 "\n", "s.csv:2: tokens: at most two\n"},
    {"name,kind,tokens\na,coa," NOTHING64 "\n", "s.csv:2: tokens: the SHA-256 of an empty token\n"},
    {"name,kind,tokens\na,coa," A64 "\nb,coa," B64 " " A64 "\n",
     "s.csv:3: tokens: already in line 2: a token belongs to one source\n"},
    {"name,kind,tokens\na,coa," A64 " " A64 "\n",
     "s.csv:2: tokens: already in line 2: a token belongs to one source\n"},
    {"name,kind,url\na,coa,ftp://h.example.nl/\n", "s.csv:2: url:" URL},
    {"name,kind,url\na,coa,h.example.nl\n", "s.csv:2: url:" URL},
    {"name,kind,url\na,coa,https://u:p@h.example.nl/\n",
     "s.csv:2: url: no user or password in a URL: use bearer_file\n"},
    {"name,kind,url\na,coa,https://h.example.nl/#x\n",
     "s.csv:2: url: a fragment (#) is not sent to a server\n"},
    {"name,kind,url\na,coa,https:///x\n", "s.csv:2: url: has no host\n"},
    {"name,kind,url\na,coa,https://:443/x\n", "s.csv:2: url: has no host\n"},
    {"name,kind,url\na,coa,https://h:x/\nb,coa,https://[::1]:0/\n",
     "s.csv:2: url: has no port behind the colon (allowed: 1..65535)\n"
     "s.csv:3: url: has no port behind the colon (allowed: 1..65535)\n"},
    {"name,kind,url\na,coa,https://h.example.nl/a b\n",
     "s.csv:2: url: has a character that a URL cannot have: write it as %XX\n"},
    {"name,kind,url\na,coa,HTTP://h.example.nl/\n",
     "s.csv:2: url: http only with allow_private (a test on this machine); use https\n"},
    {"name,kind,interval\na,coa,9s\nb,coa,8d\nc,coa,15\n",
     "s.csv:2: interval: not allowed (allowed: 10s..7d, with s, m, h or d)\n"
     "s.csv:3: interval: not allowed (allowed: 10s..7d, with s, m, h or d)\n"
     "s.csv:4: interval: not allowed (allowed: 10s..7d, with s, m, h or d)\n"},
    {"name,kind,cursor_param,cursor_field\na,coa,a&b,c\nb,coa,since,\n",
     "s.csv:2: cursor_param: not allowed (allowed: 1..64 of [a-zA-Z0-9._~-])\n"
     "s.csv:2: cursor_param and cursor_field go together\n"
     "s.csv:3: cursor_param and cursor_field go together\n"},
    {"name,kind,bearer_file\na,coa,gone\n",
     "s.csv:2: bearer_file: cannot be read: No such file or directory\n"},
    {"name,kind\na,coa\n\"b,coa\n", "s.csv:3: a quote is not closed\n"},
};

static void test_faults(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        expect(bad[i].csv, bad[i].faults);
}

static void test_bearer_file(void **state) {
    (void)state;
    static const char csv[] = "name,kind,bearer_file\na,coa,bearer\n";
    scratch_write("bearer", "abc\n", 0644);
    expect(csv, "s.csv:2: bearer_file: others can read or change this secret: chmod 0600\n");
    scratch_write("bearer", "abc\r\nX-Other: 1\r\n", 0600);
    expect(csv, "s.csv:2: bearer_file: the file holds no bearer token: one line of at most 4096 "
                "visible ASCII characters\n");
    scratch_write("bearer", "", 0600);
    expect(csv, "s.csv:2: bearer_file: is empty or is not text\n");
}

// Whatever is pasted wherever it does not belong, no fault shows it.
static void test_faults_show_no_values(void **state) {
    (void)state;
    static const char header[] = "name,kind,municipality,tokens,official,policy,url,interval,"
                                 "cursor_param,cursor_field,bearer_file,allow_private\n";
    static const char *const pasted[] = {"Pa+sTe/d", "https://u:Pa+sTe/d@h.example.nl",
                                         "\"Pa+sTe/d,\"", "Pa+sTe/d#"};
    for (size_t i = 0; i < COUNT(pasted); i++)
        for (size_t column = 0; column < 12; column++) {
            char csv[1024], *text;
            size_t count, at = (size_t)snprintf(csv, sizeof csv, "%s", header);
            for (size_t c = 0; c < 12; c++)
                at += (size_t)snprintf(csv + at, sizeof csv - at, "%s%s", c ? "," : "",
                                       c == column ? pasted[i]
                                       : c == 0    ? "a"
                                       : c == 1    ? "coa"
                                                   : "");
            scratch_write("s.csv", csv, 0644);
            sources_drop(load_file("s.csv", &text, &count));
            assert_true(count > 0);
            assert_null(strstr(text, "Pa+sTe"));
            free(text);
        }
}

static void test_look_ups(void **state) {
    (void)state;
    // printf %s one | sha256sum, and two
    struct sources *s =
        load_good("name,kind,tokens\n"
                  "a,coa,7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed "
                  "3FC4CCFE745870E2C0D99F71F30FF0656C8DEDD41CC1D7D3D376B0DBE685E2F3\n"
                  "b,coa,\n");
    assert_ptr_equal(sources_by_token(s, STR("one")), &s->list[0]);
    assert_ptr_equal(sources_by_token(s, STR("two")), &s->list[0]);
    assert_null(sources_by_token(s, STR("three")));
    assert_null(sources_by_token(s, STR("")));
    assert_null(sources_by_token(s, (struct str){NULL, 0}));
    assert_ptr_equal(sources_find(s, STR("b")), &s->list[1]);
    assert_null(sources_find(s, STR("c")));
    assert_null(sources_find(s, STR("")));
    assert_ptr_equal(sources_take(s), s);
    sources_drop(s);
    assert_ptr_equal(sources_find(s, STR("a")), &s->list[0]);
    sources_drop(s);
    sources_drop(NULL);
}

static void test_as_many_as_allowed(void **state) {
    (void)state;
    struct buf csv;
    char *text;
    size_t count;
    buf_init(&csv, 16 << 20);
    buf_puts(&csv, "name,kind,tokens\n");
    for (unsigned i = 0; i < SOURCES_MAX; i++) {
        char token[16];
        uint8_t digests[2 * SHA256_BYTES];
        hash_sha256((struct str){token, (size_t)snprintf(token, sizeof token, "t%u", i)}, digests);
        hash_sha256((struct str){token, (size_t)snprintf(token, sizeof token, "u%u", i)},
                    digests + SHA256_BYTES);
        buf_printf(&csv, "source-%u,municipality,", i);
        for (size_t k = 0; k < sizeof digests; k++)
            buf_printf(&csv, k == SHA256_BYTES ? " %02x" : "%02x", digests[k]);
        buf_putc(&csv, '\n');
    }
    scratch_write_bytes("s.csv", csv.data, csv.len, 0644);
    struct sources *s = load_file("s.csv", &text, &count);
    assert_string_equal(text, "");
    free(text);
    assert_int_equal(s->count, SOURCES_MAX);
    for (unsigned i = 0; i < SOURCES_MAX; i++) {
        char word[32];
        struct str name = {word, (size_t)snprintf(word, sizeof word, "source-%u", i)};
        assert_ptr_equal(sources_find(s, name), &s->list[i]);
        struct str token = {word,
                            (size_t)snprintf(word, sizeof word, "%c%u", i % 2 ? 't' : 'u', i)};
        assert_ptr_equal(sources_by_token(s, token), &s->list[i]);
    }
    sources_drop(s);

    buf_puts(&csv, "one-more,coa,\nand-another,coa,\n");
    scratch_write_bytes("s.csv", csv.data, csv.len, 0644);
    assert_null(load_file("s.csv", &text, &count));
    assert_string_equal(text, "s.csv:20002: more than 20000 sources\n");
    free(text);
    buf_free(&csv);
}

// What ships loads, and nobody knows a token for it.
static void test_example(void **state) {
    (void)state;
    struct config config = {.sources_file = strdup(SOURCE_DIR "/conf/sources.csv")};
    struct config_faults faults;
    config_faults_init(&faults);
    struct sources *s = sources_load(&config, &faults);
    assert_int_equal(faults.count, 0);
    assert_true(s->count >= 3);
    sources_drop(s);
    config_faults_free(&faults);
    free(config.sources_file);
}

static void test_random_bytes(void **state) {
    (void)state;
    static const char head[] = "name,kind,municipality,tokens,url,bearer_file,interval\n";
    static const char *const pieces[] = {",", "\n",   "\"",   "a",          "coa",        "GM0001",
                                         " ", A64,    "\r\n", "https://h/", "\xff",       "10s",
                                         "#", "\"\"", "yes",  "b",          ",coa,,,,,\n"};
    uint64_t seed = unit_seed();
    for (int round = 0; round < 500; round++) {
        char bytes[4096], *text;
        size_t count, len = sizeof head - 1, n = unit_random(&seed) % 40;
        memcpy(bytes, head, len);
        for (size_t i = 0; i < n; i++) {
            const char *piece = pieces[unit_random(&seed) % COUNT(pieces)];
            memcpy(bytes + len, piece, strlen(piece));
            len += strlen(piece);
        }
        scratch_write_bytes("s.csv", bytes, len, 0644);
        sources_drop(load_file("s.csv", &text, &count));
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_columns), cmocka_unit_test(test_faults),
        cmocka_unit_test(test_bearer_file), cmocka_unit_test(test_faults_show_no_values),
        cmocka_unit_test(test_look_ups),    cmocka_unit_test(test_as_many_as_allowed),
        cmocka_unit_test(test_example),     cmocka_unit_test(test_random_bytes),
    };
    if (!hash_init())
        return 1;
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
