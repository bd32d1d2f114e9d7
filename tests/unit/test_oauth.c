// SPDX-License-Identifier: EUPL-1.2
// What a token endpoint is asked, and which of its answers give a token. Nothing of either stays in
// memory that was freed.
#include "codec/oauth.h"

#include "base/hash.h"
#include "base/mem.h"
#include "codec/json_wipe.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

static void answers(void **state) {
    (void)state;
    static const struct {
        const char *body, *token; // NULL: none
        int64_t expires_s;
    } cases[] = {
        {"{\"access_token\":\"abc\",\"token_type\":\"Bearer\",\"expires_in\":60}", "abc", 60},
        {"{\"access_token\":\"abc\",\"token_type\":\"bearer\"}", "abc", 3600},
        {"{\"access_token\":\"abc\",\"token_type\":\"BEARER\",\"expires_in\":0}", "abc", 0},
        {"{\"access_token\":\"a.b-c_d~e+f/g==\"}", "a.b-c_d~e+f/g==", 3600},
        {"{\"access_token\":\"abc\",\"expires_in\":-1}", "abc", 86400},
        {"{\"access_token\":\"abc\",\"expires_in\":999999999}", "abc", 86400},
        {"{\"access_token\":\"abc\",\"expires_in\":\"60\"}", "abc", 3600},
        {"{\"access_token\":\"abc\",\"expires_in\":1.5}", "abc", 3600},
        {"{\"access_token\":\"abc\",\"token_type\":\"mac\"}", NULL, 0},
        {"{\"access_token\":\"abc\",\"token_type\":\"DPoP\"}", NULL, 0},
        {"{\"access_token\":\"abc\",\"token_type\":\"\"}", NULL, 0},
        {"{\"access_token\":\"a b\"}", NULL, 0},
        {"{\"access_token\":\" abc\"}", NULL, 0},
        {"{\"access_token\":\"abc\\r\\nX-Other: 1\"}", NULL, 0},
        {"{\"access_token\":\"abc\\u0000\"}", NULL, 0},
        {"{\"access_token\":\"\\u007f\"}", NULL, 0},
        {"{\"access_token\":\"\xc3\xa9\"}", NULL, 0},
        {"{\"access_token\":\"\"}", NULL, 0},
        {"{\"access_token\":null}", NULL, 0},
        {"{\"access_token\":7}", NULL, 0},
        {"{\"access_token\":\"a\",\"access_token\":\"b\"}", NULL, 0},
        {"{\"error\":\"invalid_client\"}", NULL, 0},
        {"[\"abc\"]", NULL, 0},
        {"abc", NULL, 0},
        {"{\"access_token\":\"abc\"", NULL, 0},
        {"", NULL, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char token[OAUTH_TOKEN_MAX + 1] = "";
        int64_t expires_s = -7;
        bool ok = oauth_decode_token(str_from(cases[i].body), token, &expires_s);
        if (ok != (cases[i].token != NULL) ||
            (ok && (strcmp(token, cases[i].token) != 0 || expires_s != cases[i].expires_s)))
            fail_msg("%s", cases[i].body);
    }
    char token[OAUTH_TOKEN_MAX + 1];
    int64_t expires_s;
    assert_false(oauth_decode_token((struct str){NULL, 0}, token, &expires_s));
}

static void the_longest_token_and_one_that_is_longer(void **state) {
    (void)state;
    for (size_t len = OAUTH_TOKEN_MAX - 1; len <= OAUTH_TOKEN_MAX + 1; len++) {
        struct buf body;
        char *token =
            mem_zalloc(1, OAUTH_TOKEN_MAX + 1); // of its own, so that a sanitizer sees more
        int64_t expires_s;
        buf_init(&body, 2 * OAUTH_TOKEN_MAX);
        buf_puts(&body, "{\"access_token\":\"");
        for (size_t i = 0; i < len; i++)
            buf_putc(&body, 'x');
        buf_puts(&body, "\"}");
        bool ok = oauth_decode_token(buf_str(&body), token, &expires_s);
        assert_int_equal(ok, len <= OAUTH_TOKEN_MAX);
        assert_int_equal(strlen(token), ok ? len : 0);
        buf_free(&body);
        free(token);
    }
}

static void forms(void **state) {
    (void)state;
    static const struct {
        const char *secret, *scope, *form;
    } cases[] = {
        {"me:secret", NULL, "grant_type=client_credentials&client_id=me&client_secret=secret"},
        {"me:a:b", NULL, "grant_type=client_credentials&client_id=me&client_secret=a%3Ab"},
        {"m&e:s=c t", "read all",
         "grant_type=client_credentials&client_id=m%26e&client_secret=s%3Dc%20t&scope=read%20all"},
        {"me:\xc3\xa9%+", "",
         "grant_type=client_credentials&client_id=me&client_secret=%C3%A9%25%2B"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf form;
        buf_init(&form, OAUTH_FORM_MAX);
        oauth_put_form(&form, str_from(cases[i].secret), str_from(cases[i].scope));
        assert_string_equal(form.data, cases[i].form);
        buf_free(&form);
    }
}

static void the_longest_form_is_whole(void **state) {
    (void)state;
    char secret[OAUTH_SECRET_MAX + 1], scope[OAUTH_SCOPE_MAX + 1];
    struct buf form;
    memset(secret, '%', OAUTH_SECRET_MAX);
    memset(scope, '%', OAUTH_SCOPE_MAX);
    memcpy(secret, "i:", 2);
    secret[OAUTH_SECRET_MAX] = scope[OAUTH_SCOPE_MAX] = '\0';
    buf_init(&form, OAUTH_FORM_MAX);
    oauth_put_form(&form, str_from(secret), str_from(scope));
    assert_false(form.overflow);
    assert_string_equal(form.data + form.len - 4, "%25");
    buf_free(&form);
}

// Is it anywhere on the heap, in use or freed? Read through the kernel, which may look at both.
static bool is_on_heap(const char *text, size_t len) {
    static char heap[16 << 20];
    FILE *maps = fopen("/proc/self/maps", "r"), *memory = fopen("/proc/self/mem", "r");
    char line[512];
    bool found = false;
    assert_true(maps && memory);
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, end;
        if (!strstr(line, "[heap]") || sscanf(line, "%lx-%lx", &from, &end) != 2)
            continue;
        size_t size = end - from < sizeof heap ? end - from : sizeof heap;
        assert_int_equal(fseek(memory, (long)from, SEEK_SET), 0);
        size = fread(heap, 1, size, memory);
        found = found || memmem(heap, size, text, len) != NULL;
    }
    (void)fclose(maps);
    (void)fclose(memory);
    return found;
}

static void nothing_stays_behind(void **state) {
    (void)state;
    static const char mark[] = "Tok3n-that-nobody-else-has";
    char token[OAUTH_TOKEN_MAX + 1];
    int64_t expires_s;
    struct buf body, form;
    buf_init(&body, 1024);
    buf_init(&form, OAUTH_FORM_MAX);
    buf_printf(&body, "{\"access_token\":\"%s\",\"token_type\":\"bearer\"}", mark);
    assert_true(oauth_decode_token(buf_str(&body), token, &expires_s));
    assert_string_equal(token, mark);
    oauth_put_form(&form, str_from(mark), str_from(mark));
    hash_wipe(token, sizeof token);
    hash_wipe(body.data, body.len); // as the fetcher does
    buf_free(&body);
    buf_free(&form);
    // what the allocator keeps in its blocks may lie over the first bytes
    assert_false(is_on_heap(mark + 16, sizeof mark - 17));
}

int main(void) {
    json_wipe_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(the_longest_token_and_one_that_is_longer),
        cmocka_unit_test(forms),
        cmocka_unit_test(the_longest_form_is_whole),
        cmocka_unit_test(nothing_stays_behind),
    };
    return hash_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
