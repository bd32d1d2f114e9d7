// SPDX-License-Identifier: EUPL-1.2
// What links lead to, which host a URL names, and Link headers. The relative ones are the examples
// of RFC 3986, 5.4.
#include "edge/fetch/fetch.h"
#include "edge/fetch/fetch_url.h"
#include "unit.h"

static const char rfc[] = "http://a/b/c/d;p?q";
static const char api[] = "https://api.example.nl/v1/signals?page=1";

static const struct resolve_case {
    const char *base, *reference;
    const char *url; // NULL: refused
} resolve_cases[] = {
    // RFC 3986, 5.4.1
    {rfc, "g", "http://a/b/c/g"},
    {rfc, "./g", "http://a/b/c/g"},
    {rfc, "g/", "http://a/b/c/g/"},
    {rfc, "/g", "http://a/g"},
    {rfc, "//g", NULL},
    {rfc, "?y", "http://a/b/c/d;p?y"},
    {rfc, "g?y", "http://a/b/c/g?y"},
    {rfc, "#s", "http://a/b/c/d;p?q"},
    {rfc, "g#s", "http://a/b/c/g"},
    {rfc, "g?y#s", "http://a/b/c/g?y"},
    {rfc, ";x", "http://a/b/c/;x"},
    {rfc, "g;x=1/y?z", "http://a/b/c/g;x=1/y?z"},
    {rfc, "", "http://a/b/c/d;p?q"},
    {rfc, ".", "http://a/b/c/"},
    {rfc, "./", "http://a/b/c/"},
    {rfc, "..", "http://a/b/"},
    {rfc, "../", "http://a/b/"},
    {rfc, "../g", "http://a/b/g"},
    {rfc, "../..", "http://a/"},
    {rfc, "../../g", "http://a/g"},
    // 5.4.2
    {rfc, "../../../g", "http://a/g"},
    {rfc, "/../g", "http://a/g"},
    {rfc, "g.", "http://a/b/c/g."},
    {rfc, "..g", "http://a/b/c/..g"},
    {rfc, "./../g", "http://a/b/g"},
    {rfc, "g/./h", "http://a/b/c/g/h"},
    {rfc, "g/../h", "http://a/b/c/h"},
    {rfc, "g?y/../x", "http://a/b/c/g?y/../x"},
    {rfc, "http:g", NULL},
    // absolute
    {api, "https://api.example.nl/v1/signals?page=2", "https://api.example.nl/v1/signals?page=2"},
    {api, "https://API.Example.NL/x", "https://API.Example.NL/x"},
    {api, "HTTPS://api.example.nl/x", "https://api.example.nl/x"},
    {api, "https://api.example.nl:443/x", "https://api.example.nl:443/x"},
    {api, "//api.example.nl/x", "https://api.example.nl/x"},
    {api, "https://api.example.nl", "https://api.example.nl/"},
    {api, "https://api.example.nl?x=/y", "https://api.example.nl/?x=/y"},
    {"http://h:80/", "http://h/x", "http://h/x"},
    {"http://h", "x", "http://h/x"},
    {"http://h?q=a/b", "x", "http://h/x"},
    {"http://h/a#b/c", "x", "http://h/x"},
    {"http://h/a?b/c", "?page=2", "http://h/a?page=2"},
    {"http://[::1]:8080/a", "http://[::1]:8080/b", "http://[::1]:8080/b"},
    {"http://127.0.0.1:8080/a", "http://0x7f.1:8080/b", "http://127.0.0.1:8080/b"},
    // other origins
    {api, "http://api.example.nl/x", "https://api.example.nl/x"},
    {api, "http://api.example.nl:443/x", "https://api.example.nl/x"},
    {api, "https://api.example.nl:8443/x", NULL},
    {api, "https://example.nl/x", NULL},
    {api, "https://api.example.nl.evil.example/x", NULL},
    {api, "//evil.example/x", NULL},
    {api, "///evil.example/x", NULL},
    {api, "https://api.example.nl./x", NULL},
    {api, "ftp://api.example.nl/x", NULL},
    {api, "file:///etc/passwd", NULL},
    {api, "javascript:alert(1)", NULL},
    {api, "mailto:a@b", NULL},
    {"http://[::1]/a", "http://[::2]/b", NULL},
    // users and passwords
    {api, "https://user@api.example.nl/x", NULL},
    {api, "https://user:word@api.example.nl/x", NULL},
    {api, "https://@api.example.nl/x", NULL},
    {api, "https://:@api.example.nl/x", NULL},
    {api, "https://api.example.nl@evil.example/x", NULL},
    {api, "https://evil.example\\@api.example.nl/x", NULL},
    {api, "https://api.example.nl:x@evil.example/x", NULL},
    {api, "https://api.example.nl%2f@evil.example/x", NULL},
    {api, "https://evil.example%2fapi.example.nl/x", NULL},
    {"https://user:word@h/a", "b", NULL},
    // malformed
    {api, "https://api.example.nl:99999/x", NULL},
    {api, "https://", NULL},
    {api, "https:///x", NULL},
    {api, "x y", NULL},
    {api, " x", NULL},
    {api, "x\n", NULL},
    {api, "x\ty", NULL},
    {api, "\x7f", NULL},
    {api, "\\\\evil.example\\x", "https://api.example.nl/v1/\\\\evil.example\\x"},
    {"", "/x", NULL},
    {"/x", "/y", NULL},
    {"ftp://h/", "/x", NULL},
    {"http://h/a b", "/x", NULL},
    {"api.example.nl/v1", "/x", "https://api.example.nl/x"}, // as a request for it is understood
};

static void test_resolve(void **state) {
    (void)state;
    size_t faults = 0;
    for (size_t i = 0; i < COUNT(resolve_cases); i++) {
        const struct resolve_case *row = &resolve_cases[i];
        char url[256] = "untouched";
        bool ok = fetch_resolve(row->base, str_from(row->reference), FETCH_NEXT, url, sizeof url);
        const char *expected = row->url ? row->url : "untouched";
        if (ok == !row->url || strcmp(url, expected) != 0) {
            print_error("%s + %s: %s instead of %s\n", row->base, row->reference, url, expected);
            faults++;
        }
    }
    assert_int_equal(faults, 0);
}

// The encoded form of bytes above ASCII may differ in case.
static void test_other_bytes_are_encoded(void **state) {
    (void)state;
    const char *const references[] = {"/caf\xc3\xa9", "https://api.example.nl/caf\xc3\xa9"};
    for (size_t i = 0; i < COUNT(references); i++) {
        char url[256];
        assert_true(fetch_resolve(api, str_from(references[i]), FETCH_NEXT, url, sizeof url));
        struct str got = str_from(url);
        assert_true(str_equal_nocase(got, STR("https://api.example.nl/caf%c3%a9")));
    }
}

static void test_resolve_bounds(void **state) {
    (void)state;
    char url[64];
    const char *whole = "https://api.example.nl/x";
    assert_true(fetch_resolve(api, STR("/x"), FETCH_NEXT, url, strlen(whole) + 1));
    assert_false(fetch_resolve(api, STR("/x"), FETCH_NEXT, url, strlen(whole)));
    assert_false(fetch_resolve(api, STR("/x"), FETCH_NEXT, url, 0));
    assert_false(fetch_resolve(api, STR("/x\0y"), FETCH_NEXT, url, sizeof url));
    assert_true(fetch_resolve(api, (struct str){"/xyz", 2}, FETCH_NEXT, url, sizeof url));
    assert_string_equal(url, whole);
    static char longest[FETCH_URL_BYTES_MAX + 2], out[2 * FETCH_URL_BYTES_MAX];
    memset(longest, '/', sizeof longest - 1);
    longest[1] = 'x';
    assert_false(fetch_resolve(api, str_from(longest), FETCH_NEXT, out, sizeof out));
    assert_true(fetch_resolve(api, (struct str){longest, FETCH_URL_BYTES_MAX}, FETCH_NEXT, out,
                              sizeof out));
}

// Whatever comes, what goes through is of the same host.
static void test_random_references(void **state) {
    (void)state;
    uint64_t seed = unit_seed();
    static const char *const pieces[] = {"http:", "https:", "/",   "//", "\\", "@",    ":",
                                         "evil",  "h",      ".",   "..", "?",  "#",    "%2f",
                                         "%00",   "[",      "::1", "]",  "80", "\xc3", "443"};
    for (size_t i = 0, rounds = unit_rounds(20000); i < rounds; i++) {
        char reference[128] = "", url[256], host[256];
        for (uint64_t n = unit_random(&seed) % 9; n > 0; n--)
            (void)strcat(reference, pieces[unit_random(&seed) % COUNT(pieces)]);
        if (!fetch_resolve("http://h/a", str_from(reference), FETCH_NEXT, url, sizeof url))
            continue;
        assert_true(fetch_host(url, host, sizeof host));
        assert_string_equal(host, "h:80");
        assert_true(strncmp(url, "http://h/", 9) == 0 || strncmp(url, "http://h:80/", 12) == 0);
        assert_null(strchr(url, '#'));
    }
}

static void test_host(void **state) {
    (void)state;
    static const struct {
        const char *url, *host;
    } cases[] = {
        {"https://api.example.nl/v1", "api.example.nl:443"},
        {"http://API.Example.NL", "api.example.nl:80"},
        {"http://api.example.nl:8080/?x", "api.example.nl:8080"},
        {"https://user:word@h/", "h:443"},
        {"http://[::1]/", "[::1]:80"},
        {"http://127.1/", "127.0.0.1:80"},
        {"h/x", "h:443"},
        {"ftp://h/", NULL},
        {"http://", NULL},
        {"", NULL},
        {"http://h:99999/", NULL},
        {"/x", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char host[64] = "";
        bool ok = fetch_host(cases[i].url, host, sizeof host);
        if (ok != (cases[i].host != NULL) || (ok && strcmp(host, cases[i].host) != 0))
            fail_msg("%s: \"%s\"", cases[i].url, host);
    }
    char small[8];
    assert_true(fetch_host("http://abcd/", small, sizeof small));
    assert_false(fetch_host("http://abcde/", small, sizeof small));
}

static const struct link_case {
    const char *value, *target;
} link_cases[] = {
    {"<https://h/2>; rel=\"next\"", "https://h/2"},
    {"<https://h/2>;rel=next", "https://h/2"},
    {"<?page=2> ; rel = next", "?page=2"},
    {" \t<2>\t;\trel=\"next\" ", "2"},
    {"<2>; REL=\"NeXT\"", "2"},
    {"<2>; rel=\"last next\"", "2"},
    {"<2>; rel=\" next\tlast\"", "2"},
    {"<1>; rel=prev, <2>; rel=next, <9>; rel=last", "2"},
    {"<2>; rel=next, <3>; rel=next", "2"},
    {",, <2>; rel=next", "2"},
    {"<2>; title=\"a, <9>; rel=prev\"; rel=next", "2"},
    {"<2>; title=\"say \\\"x\\\", <9>\"; rel=next", "2"},
    {"<1>; title=\"<9>; rel=next\"; rel=prev", NULL},
    {"<a,b;c>; rel=next", "a,b;c"},
    {"<>; rel=next", ""},
    {"<2>; crossorigin; rel=next", "2"},
    {"<2>;; rel=next", "2"},
    {"<2>; title*=UTF-8''x; rel=next", "2"},
    {"<2>; rel='next'", "2"},
    {"<2>; rel='prev next'; title='a; b'", "2"},
    {"<2>; rel=last next", "2"},
    {"<1>; rel='prev', <2>; rel='next'", "2"},
    {"<2>; rel='next", "2"},
    {"<2>; rel=prev rel=next", NULL},
    {"<2>; rel=prev; rel=next", NULL}, // only the first counts
    {"<2>; rel; rel=next", NULL},
    {"<2>; anchor=\"/other\"; rel=next", NULL},
    {"<2>; rel=next; anchor=\"/other\", <3>; rel=next", "3"},
    {"<2>; rel=nextone", NULL},
    {"<2>; rel=\"http://h/next\"", NULL},
    {"<2>; rev=next", NULL},
    {"<2>", NULL},
    {"2; rel=next", NULL},
    {"2; rel=next, <3>; rel=next", "3"},
    {"<2; rel=next", NULL},
    {"<", NULL},
    {"<2>; rel=\"next", "2"},
    {"<2>; rel=\"next\\", NULL},
    {"<2>; rel=", NULL},
    {"<2> rubbish; rel=next", "2"},
    {"<2> rel=next", "2"}, // the ';' was forgotten
    {"<2>rel='next', <3>; rel=last", "2"},
    {"<1> rel=prev, <2> rel=\"next\"", "2"},
    {"<2> rel=prev; rel=next", NULL},
    {"<2>; rel=next rubbish", "2"},
    {"", NULL},
    {";", NULL},
    {"\"", NULL},
};

static void test_links(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(link_cases); i++) {
        struct str target = {0};
        bool found = fetch_link_next(str_from(link_cases[i].value), &target) == FETCH_LINK_NEXT;
        if (found != (link_cases[i].target != NULL) ||
            (found && !str_is(target, link_cases[i].target)))
            fail_msg("%s: %s", link_cases[i].value, found ? "another target" : "none");
    }
}

static void test_links_without_a_target(void **state) {
    (void)state;
    static const char *const there[] = {"2; rel=next", "<2; rel=next", "https://h/2; rel='next'",
                                        "<1>; rel=prev, 2; rel=next", "; rel=next"};
    static const char *const none[] = {"",   "<1>; rel=prev", "2; rel=prev",
                                       "<2", "next",          "2; rel=next; anchor=\"/x\""};
    struct str target;
    for (size_t i = 0; i < COUNT(there); i++)
        if (fetch_link_next(str_from(there[i]), &target) != FETCH_LINK_UNREADABLE)
            fail_msg("%s", there[i]);
    for (size_t i = 0; i < COUNT(none); i++)
        if (fetch_link_next(str_from(none[i]), &target) != FETCH_LINK_NONE)
            fail_msg("%s", none[i]);
}

// A server behind a proxy does not know how it is reached. Never the other way round.
static void test_next_of_a_server_behind_a_proxy(void **state) {
    (void)state;
    static const struct {
        const char *base, *reference;
        enum fetch_next how;
        const char *url; // NULL: refused
    } cases[] = {
        {"https://h/a?x=1", "http://h/a?page=2", FETCH_NEXT, "https://h/a?page=2"},
        {"https://h:8443/a", "http://h/a?page=2", FETCH_NEXT, "https://h:8443/a?page=2"},
        {"https://h:8443/a", "http://h:8443/a?page=2", FETCH_NEXT, "https://h:8443/a?page=2"},
        {"https://h/a", "http://h:443/b", FETCH_NEXT, "https://h/b"},
        {"https://h/a", "http://h:8080/b", FETCH_NEXT, NULL},
        {"https://h/a", "http://i/b", FETCH_NEXT, NULL},
        {"http://h/a", "https://h/b", FETCH_NEXT, NULL},
        {"https://h/a", "http://u:p@h/b", FETCH_NEXT, NULL},
        {"https://h/a", "ftp://h/b", FETCH_NEXT, NULL},
        {"https://out:9/a", "https://api.provider.nl/v1/b?page=2", FETCH_NEXT_PATH,
         "https://out:9/v1/b?page=2"},
        {"http://10.0.0.1:9/a", "https://api.provider.nl:444/b", FETCH_NEXT_PATH,
         "http://10.0.0.1:9/b"},
        {"https://h/a/b", "?page=2", FETCH_NEXT_PATH, "https://h/a/b?page=2"},
        {"https://h/a", "https://u:p@i/b", FETCH_NEXT_PATH, NULL},
        {"https://h/a", "ftp://i/b", FETCH_NEXT_PATH, NULL},
        {"https://h/a", "https://i/b c", FETCH_NEXT_PATH, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char url[200];
        bool ok = fetch_resolve(cases[i].base, str_from(cases[i].reference), cases[i].how, url,
                                sizeof url);
        if (ok != (cases[i].url != NULL) || (ok && strcmp(url, cases[i].url) != 0))
            fail_msg("%s: %s", cases[i].reference, ok ? url : "refused");
    }
}

// Ends, and never reads past the end.
static void test_random_links(void **state) {
    (void)state;
    uint64_t seed = unit_seed();
    static const char alphabet[] = "<>;,=\"\\ \trelnextanchor";
    for (size_t i = 0, rounds = unit_rounds(50000); i < rounds; i++) {
        size_t len = unit_random(&seed) % 24;
        char *value = malloc(len + 1);
        for (size_t at = 0; at < len; at++)
            value[at] = alphabet[unit_random(&seed) % (sizeof alphabet - 1)];
        char *exact = realloc(value, len ? len : 1);
        struct str target = {0};
        if (fetch_link_next((struct str){exact, len}, &target) == FETCH_LINK_NEXT) {
            assert_true(target.data > exact && target.data + target.len < exact + len);
            assert_null(memchr(target.data, '>', target.len));
        }
        free(exact);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_other_bytes_are_encoded),
        cmocka_unit_test(test_resolve_bounds),
        cmocka_unit_test(test_random_references),
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_random_links),
        cmocka_unit_test(test_links_without_a_target),
        cmocka_unit_test(test_next_of_a_server_behind_a_proxy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
