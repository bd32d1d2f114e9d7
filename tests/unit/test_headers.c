// SPDX-License-Identifier: EUPL-1.2
// What a request to a source carries: each kind of authentication, fixed headers, FSC. The JWT was
// checked against PyJWT and by hand.
#include "base/hash.h"
#include "codec/jwt.h"
#include "template/headers.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

static char fixed[] = "Accept-Crs: EPSG:4326", own[] = "X-Gateway: open", scheme[] = "X-Api-Key";
static const int64_t now_ms = 1700000060000;

// All its lines, each with a bar behind it.
static void make(enum template_auth auth, struct template_login login, char out[2048]) {
    char *const mine[] = {own, NULL};
    const struct template template = {.auth = auth, .auth_header = scheme, .headers = {fixed}};
    struct template_headers headers;
    login.headers = mine;
    login.now_ms = now_ms;
    template_headers_make(&template, &login, &headers);
    out[0] = '\0';
    for (size_t i = 0; headers.lines[i]; i++) {
        assert_true(strlen(out) + strlen(headers.lines[i]) + 2 < 2048);
        strcat(strcat(out, headers.lines[i]), "|");
    }
    template_headers_free(&headers);
}

#define BOTH "Accept-Crs: EPSG:4326|X-Gateway: open|"

static void each_kind_says_who_asks(void **state) {
    (void)state;
    static const struct {
        enum template_auth auth;
        const char *secret, *token, *expected;
    } cases[] = {
        {TEMPLATE_AUTH_NONE, NULL, NULL, BOTH},
        {TEMPLATE_AUTH_BEARER, NULL, NULL, BOTH},
        {TEMPLATE_AUTH_BEARER, "sesame", NULL, BOTH "Authorization: Bearer sesame|"},
        {TEMPLATE_AUTH_TOKEN, "sesame", NULL, BOTH "Authorization: Token sesame|"},
        {TEMPLATE_AUTH_HEADER, "open: sesame", NULL, BOTH "X-Api-Key: open: sesame|"},
        {TEMPLATE_AUTH_OAUTH2, "id:secret", NULL, BOTH},
        {TEMPLATE_AUTH_OAUTH2, "id:secret", "tok", BOTH "Authorization: Bearer tok|"},
        // RFC 7617
        {TEMPLATE_AUTH_BASIC, "Aladdin:open sesame", NULL,
         BOTH "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==|"},
        {TEMPLATE_AUTH_BASIC, "a:b:c", NULL, BOTH "Authorization: Basic YTpiOmM=|"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[2048];
        make(cases[i].auth,
             (struct template_login){.secret = cases[i].secret, .token = cases[i].token}, out);
        assert_string_equal(out, cases[i].expected);
    }
}

// iat is a minute back, and the secret is what stands behind the first colon.
static void a_token_of_zgw(void **state) {
    (void)state;
    char out[2048];
    make(TEMPLATE_AUTH_ZGW, (struct template_login){.secret = "signaald-test:geheim:1"}, out);
    assert_string_equal(
        out, BOTH "Authorization: Bearer eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9."
                  "eyJpc3MiOiJzaWduYWFsZC10ZXN0IiwiaWF0IjoxNzAwMDAwMDAwLCJjbGllbnRfaWQiOiJzaWduYWFs"
                  "ZC10ZXN0IiwidXNlcl9pZCI6InNpZ25hYWxkIiwidXNlcl9yZXByZXNlbnRhdGlvbiI6InNpZ25hYWxk"
                  "In0"
                  "."
                  "_8698R3G7Pwipmkq6zgVw6C2OOPyDrlPxH79ByZ-E7A|");
}

static void the_id_of_a_client_cannot_add_a_claim(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, JWT_MAX);
    jwt_put_zgw(&out, STR("a\",\"x:c"), now_ms);
    // {"iss":"a\",\"x", …
    buf_putc(&out, '\0');
    assert_non_null(strstr(out.data, ".eyJpc3MiOiJhXCIsXCJ4Iiwi"));
    buf_free(&out);
}

static void each_request_behind_fsc_has_an_id_of_its_own(void **state) {
    (void)state;
    char out[2048], other[2048];
    const struct template_login login = {.fsc_grant = "$1$3$abc_-="};
    make(TEMPLATE_AUTH_NONE, login, out);
    const char begin[] = BOTH "Fsc-Grant-Hash: $1$3$abc_-=|Fsc-Transaction-Id: 018bcfe6-5260-7";
    assert_memory_equal(out, begin, sizeof begin - 1); // 1700000060000 is 018bcfe65260
    const char *id = strstr(out, "Id: ") + 4;
    assert_int_equal(strlen(id), 37); // with the bar
    assert_true(id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-');
    assert_non_null(strchr("89ab", id[19]));
    make(TEMPLATE_AUTH_NONE, login, other);
    assert_string_not_equal(out, other);
}

static const char *read_lines(const char *text, char *lines[TEMPLATE_HEADERS_MAX + 1]) {
    memset(lines, 0, (TEMPLATE_HEADERS_MAX + 1) * sizeof *lines);
    return template_headers_read_lines(str_from(text), lines);
}

static void fixed_headers_of_a_source(void **state) {
    (void)state;
    char *lines[TEMPLATE_HEADERS_MAX + 1];
    assert_null(read_lines("X-A: b:c\r\n\n  Ocp-Apim-Subscription-Key:d  \n", lines));
    assert_string_equal(lines[0], "X-A: b:c");
    assert_string_equal(lines[1], "Ocp-Apim-Subscription-Key: d");
    assert_null(lines[2]);
    free(lines[0]);
    free(lines[1]);
    static const char *const bad[] = {
        "X-A",
        "X-A:",
        "X-A: ",
        ": b",
        "X A: b",
        "X-A : b",
        "Host: b",
        "authorization: b",
        "Cookie: b",
        "X-A: b\tc",
        "X-A: \xc3",
        "X-A: b\rX: c",
        "Fsc-Grant-Hash: b",
        "X-A: b\nX B: c",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        if (!read_lines(bad[i], lines) || lines[0])
            fail_msg("%s", bad[i]);
    char many[17 * 6 + 1] = "";
    for (int i = 0; i < 17; i++)
        strcat(many, "X: y\n");
    assert_string_equal(read_lines(many, lines), "at most 16 headers");
    assert_null(lines[0]);
}

int main(void) {
    if (!hash_init())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_says_who_asks),
        cmocka_unit_test(a_token_of_zgw),
        cmocka_unit_test(the_id_of_a_client_cannot_add_a_claim),
        cmocka_unit_test(each_request_behind_fsc_has_an_id_of_its_own),
        cmocka_unit_test(fixed_headers_of_a_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
