// SPDX-License-Identifier: EUPL-1.2
#include "scratch.h"

#include "sources/sources.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C64 "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define NOTHING64 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

#define CERTIFICATE                                                                                \
    "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"                               \
    "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"

#define LEAST "page: {format: json}\nfields: {id: /id}\n"

static int setup(void **state) {
    static const struct {
        const char *name, *text;
    } files[] = {
        {"templates/marked.yaml", "page: {format: json}\nfields: {id: /id, watermark: /m}\n"
                                  "request: {cursor_param: since, pages_max: 7}\n"},
        {"templates/plain.yaml", LEAST},
        {"templates/bearer.yaml", LEAST "auth: {kind: bearer}\n"},
        {"templates/basic.yaml", LEAST "auth: {kind: basic, optional: yes}\n"},
        {"templates/token.yaml", LEAST "auth: {kind: token}\n"},
        {"templates/zgw.yaml", LEAST "auth: {kind: zgw}\n"},
        {"templates/key.yaml", LEAST "auth: {kind: header, header: X-Api-Key}\n"},
        {"templates/oauth.yaml", LEAST "auth: {kind: oauth2, token_url: 'http://127.0.0.1/t'}\n"},
    };
    if (scratch_setup(state) != 0 || mkdir(scratch_path("templates"), 0755) != 0)
        return -1;
    for (size_t i = 0; i < COUNT(files); i++)
        scratch_write(files[i].name, files[i].text, 0644);
    return 0;
}

static struct sources *load_file(const char *name, char **faults_text, size_t *count) {
    char *file = strdup(scratch_path(name)), *dir = strdup(scratch_path("templates"));
    struct config config = {.sources_file = file, .templates_dir = dir, .poll_pages_max = 500};
    struct diagnostics faults;
    diagnostics_init(&faults);
    struct sources *sources = sources_load(&config, &faults);
    assert_true((sources != NULL) == (faults.count == 0));
    *faults_text = scratch_shorten(faults.text.data, faults.text.len);
    *count = faults.count;
    diagnostics_free(&faults);
    free(file);
    free(dir);
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
    sources_unref(load_file("s.csv", &text, &count));
    assert_string_equal(text, faults);
    free(text);
}

static void test_all_columns(void **state) {
    (void)state;
    scratch_write("secret", "abc.DEF-123==\n", 0600);
    scratch_write("cert.pem", CERTIFICATE, 0600);
    scratch_write("headers", "X-Gateway: open\nX-Key: secret\n", 0600);
    struct sources *s =
        load_good("allow_private,kind,name,municipality,tokens,official,policy,url,interval,"
                  "cursor_param,cursor_field,secret_file,client_cert_file,headers_file,fsc_grant,"
                  "silent_days,template\n"
                  "yes,coa,c-1.x_y,GM0363," A64 "  " B64 ",yes,no,"
                  "\"http://127.0.0.1:81/a,b?c=d@e\",1s,since,updated,secret,cert.pem,headers,"
                  "$1$3$abc=,30,\n"
                  "\n"
                  ",ngo,silent,,,,,,,,,,,,,,\n"
                  ",ngo,marked,,,,,https://h.example.nl/,10s,changed,,,,,,0,marked\n");
    assert_int_equal(s->count, 3);
    const struct source *a = &s->list[0], *b = &s->list[1], *c = &s->list[2];
    assert_string_equal(a->name, "c-1.x_y");
    assert_int_equal(a->kind, SOURCE_COA);
    assert_int_equal(a->municipality, 363);
    assert_int_equal(a->token_count, 2);
    assert_int_equal(a->tokens[0][0], 0xaa);
    assert_int_equal(a->tokens[1][31], 0xbb);
    assert_true(a->official && !a->policy && a->allow_private);
    assert_string_equal(a->url, "http://127.0.0.1:81/a,b?c=d@e");
    assert_int_equal(a->interval_ms, 1000);
    assert_string_equal(a->cursor_param, "since");
    assert_string_equal(a->cursor_field, "updated");
    assert_string_equal(a->secret, "abc.DEF-123==");
    assert_string_equal(a->client_cert_file, scratch_path("cert.pem"));
    assert_string_equal(a->headers[0], "X-Gateway: open");
    assert_string_equal(a->headers[1], "X-Key: secret");
    assert_null(a->headers[2]);
    assert_string_equal(a->fsc_grant, "$1$3$abc=");
    assert_int_equal(a->silent_days, 30);
    assert_true(a->template->native);
    assert_int_equal(a->template->pages_max, 500);
    assert_string_equal(b->name, "silent");
    assert_int_equal(b->kind, SOURCE_NGO);
    assert_int_equal(b->municipality, 0);
    assert_int_equal(b->token_count, 0);
    assert_int_equal(b->interval_ms, 900000);
    assert_null(b->url);
    assert_null(b->secret);
    assert_null(b->client_cert_file);
    assert_null(b->template);
    assert_int_equal(b->silent_days, 0);
    assert_string_equal(c->template->name, "marked");
    assert_int_equal(c->template->pages_max, 7);
    assert_string_equal(c->cursor_param, "changed");
    assert_null(c->cursor_field);
    sources_unref(s);
}

#define KIND " not allowed (allowed: municipality coa care police kmar nla ngo other)\n"
#define GM " not allowed (allowed: GM0001..GM9999 or empty)\n"
#define URL " not allowed (allowed: https://…, or http://… with allow_private)\n"
#define DAYS " not allowed (allowed: 0..3650; 0 or empty: never)\n"
#define INTERVAL                                                                                   \
    " interval: not allowed (allowed: 10s..7d, with s, m, h or d; 1s with allow_private)\n"
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
    {"name,kind,person\na,coa,ja\n",
     "s.csv:2: person: not allowed (allowed: yes, consent, no or empty)\n"},
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
     "s.csv:2: url: no user or password in a URL: use secret_file\n"},
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
     "s.csv:2:" INTERVAL "s.csv:3:" INTERVAL "s.csv:4:" INTERVAL},
    {"name,kind,interval,allow_private\na,coa,999ms,yes\n", "s.csv:2:" INTERVAL},
    {"name,kind,cursor_param,cursor_field\na,coa,a&b,c\nb,coa,since,\n",
     "s.csv:2: cursor_param: not allowed (allowed: 1..64 of [a-zA-Z0-9._~-])\n"
     "s.csv:2: cursor_param and cursor_field go together\n"
     "s.csv:3: cursor_param and cursor_field go together\n"},
    {"name,kind,secret_file\na,coa,gone\n",
     "s.csv:2: secret_file: cannot be read: No such file or directory\n"},
    {"name,kind,client_cert_file\na,coa,gone\n",
     "s.csv:2: client_cert_file: cannot be read: No such file or directory\n"},
    {"name,kind,client_cert_file\na,coa,s.csv\n",
     "s.csv:2: client_cert_file: others than its owner can read or change this secret (mode 0644): "
     "chmod 0600, and chown it to the service's user\n"},
    {"name,kind,headers_file\na,coa,gone\nb,coa,s.csv\n",
     "s.csv:2: headers_file: cannot be read: No such file or directory\n"
     "s.csv:3: headers_file: others than its owner can read or change this secret (mode 0644): "
     "chmod 0600, and chown it to the service's user\n"},
    {"name,kind,url,ssh_user,ssh_host_key\na,coa,sftp://h/in,u,SHA256:x\nb,coa,sftp://h/in/,u v,\n",
     "s.csv:2: url: of sftp the folder is needed, with a slash at its end\n"
     "s.csv:2: ssh_host_key: no fingerprint (allowed: SHA256: and 43 letters, as ssh-keygen -l "
     "writes it)\n"
     "s.csv:2: ssh_user, ssh_key_file and ssh_host_key: only with an sftp url\n"
     "s.csv:3: ssh_user: not allowed (allowed: 1..64 of [a-zA-Z0-9._@-])\n"
     "s.csv:3: url: sftp needs ssh_user, ssh_key_file and ssh_host_key\n"},
    {"name,kind,url,ssh_user\na,coa,https://h/,u\n",
     "s.csv:2: ssh_user, ssh_key_file and ssh_host_key: only with an sftp url\n"},
    {"name,kind,url,ssh_key_file\na,coa,sftp://u@h/in/,s.csv\n",
     "s.csv:2: url: no user or password in a URL: use secret_file\n"
     "s.csv:2: ssh_key_file: others than its owner can read or change this secret (mode 0644): "
     "chmod 0600, and chown it to the service's user\n"
     "s.csv:2: ssh_user, ssh_key_file and ssh_host_key: only with an sftp url\n"},
    {"name,kind,fsc_grant\na,coa,$1$3$x y\n",
     "s.csv:2: fsc_grant: not the hash of a grant (allowed: 1..256 of [a-zA-Z0-9$+/=_.-])\n"},
    {"name,kind,silent_days\na,coa,3651\nb,coa,-1\nc,coa,30d\n",
     "s.csv:2: silent_days:" DAYS "s.csv:3: silent_days:" DAYS "s.csv:4: silent_days:" DAYS},
    {"name,kind,template\na,coa,plan\n", "s.csv:2: template: unknown (allowed: native basic bearer "
                                         "key marked oauth plain token zgw)\n"},
    {"name,kind,url,template\na,coa,https://h/,bearer\nb,coa,https://h/,oauth\n",
     "s.csv:2: secret_file: is needed: the template authenticates\n"
     "s.csv:3: secret_file: is needed: the template authenticates\n"
     "s.csv:3: template: http for its token_url only with allow_private; use https\n"},
    {"name,kind,url,template,cursor_param,cursor_field\n"
     "a,coa,https://h/,marked,,x\nb,coa,https://h/,plain,since,\n",
     "s.csv:2: cursor_field: only with template native: the others say themselves what the "
     "watermark is\n"
     "s.csv:3: cursor_param: the template has no cursor\n"},
    {"name,kind\na,coa\n\"b,coa\n", "s.csv:3: a quote is not closed\n"},
};

static void test_faults(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        expect(bad[i].csv, bad[i].faults);
}

static void test_secret_file(void **state) {
    (void)state;
    static const char csv[] =
        "name,kind,url,template,secret_file\na,coa,https://h/,bearer,secret\n";
    scratch_write("secret", "abc\n", 0644);
    expect(
        csv,
        "s.csv:2: secret_file: others than its owner can read or change this secret (mode 0644): "
        "chmod 0600, and chown it to the service's user\n");
    scratch_write("secret", "", 0600);
    expect(csv, "s.csv:2: secret_file: is empty or is not text\n");
}

// To this machine itself nobody listens on the way.
static void test_secret_in_the_clear(void **state) {
    (void)state;
    static const struct {
        const char *url;
        bool good;
    } urls[] = {{"http://127.0.0.1:8/x", true},
                {"http://localhost/", true},
                {"http://[::1]:8/", true},
                {"http://[::ffff:127.0.0.1]/", true},
                {"http://10.0.0.1/", false},
                {"http://127.1/", false},
                {"http://localhost.example/", false},
                {"https://10.0.0.1/", true},
                {"HTTP://intranet/", false}};
    scratch_write("secret", "abc\n", 0600);
    for (size_t i = 0; i < COUNT(urls); i++)
        for (int secret = 0; secret < 2; secret++) {
            char csv[256];
            (void)snprintf(csv, sizeof csv,
                           "name,kind,url,secret_file,allow_private\na,coa,%s,%s,yes\n",
                           urls[i].url, secret ? "secret" : "");
            expect(csv,
                   secret && !urls[i].good
                       ? "s.csv:2: url: a secret goes by http to this machine only (127.0.0.1, "
                         "::1, localhost): use https\n"
                       : "");
        }
}

#define NO_BEARER "the file holds no token: one line of at most 4096 visible ASCII characters"
#define NO_BASIC "the file holds no user:password: one line of at most 4096 bytes"
#define NO_KEY "the file holds no key: one line of at most 4096 ASCII characters"
#define NO_ZGW                                                                                     \
    "the file holds no client_id:secret: one line of at most 4096 visible ASCII characters"
#define NO_CLIENT                                                                                  \
    "the file holds no client_id:client_secret: one line of at most 4096 visible ASCII characters"

// A secret has to be of the kind that the template sends.
static void test_secrets_of_templates(void **state) {
    (void)state;
    static const struct {
        const char *template, *secret, *wrong;
    } cases[] = {
        {"", "abc.DEF-123==\n", NULL},
        {"", "abc\r\nX-Other: 1\r\n", NO_BEARER},
        {"bearer", "abc", NULL},
        {"bearer", "a b", NO_BEARER},
        {"basic", "us\xc3\xa9r:pass word:x", NULL},
        {"basic", "user", NO_BASIC},
        {"basic", ":pass", NO_BASIC},
        {"basic", "a:b\nc:d", NO_BASIC},
        {"key", "two words", NULL},
        {"key", " x", NO_KEY},
        {"key", "x\ty", NO_KEY},
        {"oauth", "id:secret", NULL},
        {"oauth", "id", NO_CLIENT},
        {"token", "abc", NULL},
        {"token", "a b", NO_BEARER},
        {"zgw", "signaald:secret:more", NULL},
        {"zgw", "signaald:", NO_ZGW},
        {"zgw", "secret", NO_ZGW},
        {"zgw", "signa\xc3\xa4ld:secret", NO_ZGW},
        {"plain", "x", "the template does not authenticate"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char csv[256], want[256] = "";
        (void)snprintf(csv, sizeof csv,
                       "name,kind,url,template,secret_file,allow_private\n"
                       "a,coa,https://h/,%s,secret,yes\n",
                       cases[i].template);
        if (cases[i].wrong)
            (void)snprintf(want, sizeof want, "s.csv:2: secret_file: %s\n", cases[i].wrong);
        scratch_write("secret", cases[i].secret, 0600);
        expect(csv, want);
    }
}

// Faults of templates and of the table come in one run, and one does not start another.
static void test_bad_template(void **state) {
    (void)state;
    scratch_write("templates/zz.yaml", "page: {format: xml}\nfields: {id: /id}\n", 0644);
    expect("name,kind,url,template\na,coax,https://h/,zz\n",
           "templates/zz.yaml:1: page.format: \"xml\" is not allowed (allowed: json, ndjson, csv)\n"
           "s.csv:2: kind:" KIND);
    assert_int_equal(remove(scratch_path("templates/zz.yaml")), 0);
}

// Whatever is pasted wherever it does not belong, no fault shows it.
static void test_faults_show_no_values(void **state) {
    (void)state;
    static const char header[] = "name,kind,municipality,tokens,official,policy,url,template,"
                                 "interval,cursor_param,cursor_field,secret_file,"
                                 "client_cert_file,allow_private,silent_days\n";
    static const char *const pasted[] = {"Pa+sTe/d", "https://u:Pa+sTe/d@h.example.nl",
                                         "\"Pa+sTe/d,\"", "Pa+sTe/d#"};
    for (size_t i = 0; i < COUNT(pasted); i++)
        for (size_t column = 0; column < 15; column++) {
            char csv[1024], *text;
            size_t count, at = (size_t)snprintf(csv, sizeof csv, "%s", header);
            for (size_t c = 0; c < 15; c++)
                at += (size_t)snprintf(csv + at, sizeof csv - at, "%s%s", c ? "," : "",
                                       c == column ? pasted[i]
                                       : c == 0    ? "a"
                                       : c == 1    ? "coa"
                                                   : "");
            scratch_write("s.csv", csv, 0644);
            sources_unref(load_file("s.csv", &text, &count));
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
    assert_ptr_equal(sources_ref(s), s);
    sources_unref(s);
    assert_ptr_equal(sources_find(s, STR("a")), &s->list[0]);
    sources_unref(s);
    sources_unref(NULL);
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
        for (size_t k = 0; k < sizeof digests; k++) {
            if (k == SHA256_BYTES)
                buf_putc(&csv, ' ');
            buf_putc(&csv, "0123456789abcdef"[digests[k] >> 4]);
            buf_putc(&csv, "0123456789abcdef"[digests[k] & 15]);
        }
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
    sources_unref(s);

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
    struct config config = {.sources_file = strdup(SOURCE_DIR "/conf/sources.csv"),
                            .templates_dir = strdup(SOURCE_DIR "/conf/templates")};
    struct diagnostics faults;
    diagnostics_init(&faults);
    struct sources *s = sources_load(&config, &faults);
    if (faults.count)
        fail_msg("%.*s", (int)faults.text.len, faults.text.data);
    assert_true(s->count >= 3);
    sources_unref(s);
    diagnostics_free(&faults);
    free(config.sources_file);
    free(config.templates_dir);
}

static void test_random_bytes(void **state) {
    (void)state;
    static const char head[] = "name,kind,municipality,tokens,url,secret_file,interval,template\n";
    static const char *const pieces[] = {",", "\n",   "\"",   "a",          "coa",         "GM0001",
                                         " ", A64,    "\r\n", "https://h/", "\xff",        "10s",
                                         "#", "\"\"", "yes",  "b",          ",coa,,,,,,\n"};
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
        sources_unref(load_file("s.csv", &text, &count));
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_columns),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_secret_file),
        cmocka_unit_test(test_faults_show_no_values),
        cmocka_unit_test(test_secrets_of_templates),
        cmocka_unit_test(test_bad_template),
        cmocka_unit_test(test_look_ups),
        cmocka_unit_test(test_as_many_as_allowed),
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_secret_in_the_clear),
        cmocka_unit_test(test_random_bytes),
    };
    if (!hash_init())
        return 1;
    return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
