// SPDX-License-Identifier: EUPL-1.2
// Which pictures may stand in a report.
#include "config/logo.h"

#include "scratch.h"
#include "unit.h"

#define SVG(inside) "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\">" inside "</svg>"

// NULL: it is taken; else what the error says.
static const char *fault_of(const char *bytes, size_t len) {
    static struct err err;
    struct buf out;
    scratch_write_bytes("logo", bytes, len, 0644);
    bool ok = logo_read(scratch_path("logo"), &out, &err);
    if (ok)
        assert_true(out.len > 30 && memcmp(out.data, "data:image/", 11) == 0);
    else
        assert_null(strstr(err.text, "ev1l"));
    buf_free(&out);
    return ok ? NULL : err.text;
}

static void harmless_drawings_are_taken(void **state) {
    static const char *const good[] = {
        SVG("<path d=\"M0 0h9v9z\" fill=\"#154273\"/>"),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- made by hand -->\n" SVG("<g/>"),
        SVG("<defs><linearGradient id=\"a\"/></defs><rect fill=\"url(#a)\"/><use href=\"#a\"/>"),
        SVG("<use xlink:href = '#a'/><text>Option: On one = two</text>"),
        SVG("<style>.a{fill:url( \"#a\" )}</style><image href=\"data:image/png;base64,AAAA\"/>"),
        SVG("<title>Zonne\xc3\xa9nergie, aanvraag online</title>"),
    };
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        if (fault_of(good[i], strlen(good[i])))
            fail_msg("%s: %s", good[i], fault_of(good[i], strlen(good[i])));
}

static void what_runs_or_leads_out_is_refused(void **state) {
    static const char *const bad[] = {
        SVG("<script>ev1l()</script>"),
        SVG("<SCRIPT href='#a'/>"),
        SVG("<svg:script>ev1l()</svg:script>"),
        SVG("<g onload=\"ev1l()\"/>"),
        SVG("<g\nonclick\n=\"ev1l()\"/>"),
        SVG("<g fill='a'OnMouseOver='ev1l()'/>"),
        SVG("<foreignObject><p/></foreignObject>"),
        SVG("<a href=\"#b\"><g/></a>"),
        SVG("<use href=\"https://ev1l.example/x.svg#a\"/>"),
        SVG("<use xlink:href=' //ev1l.example/x'/>"),
        SVG("<image href=\"data:image/svg+xml;base64,AAAA\"/>"),
        SVG("<rect fill=\"url(https://ev1l.example)\"/>"),
        SVG("<style>@import 'https://ev1l.example';</style>"),
        SVG("<animate attributeName=\"href\" to=\"javascript:ev1l()\"/>"),
        SVG("<set attributeName=\"x\"/>"),
        SVG("<g a=\"&#106;avascript:ev1l()\"/>"),
        SVG("<iframe/>"),
        "<!DOCTYPE svg [<!ENTITY ev1l SYSTEM \"file:///etc/passwd\">]>" SVG("<g/>"),
        "<?xml-stylesheet href='#ev1l'?>" SVG("<g/>"),
        "<html><body>ev1l</body></html>",
        "ev1l",
        "",
        "GIF89a",
        "\x89PNG\r\n\x1a\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (!fault_of(bad[i], strlen(bad[i])))
            fail_msg("taken: %s", bad[i]);
}

static void a_png_has_a_size(void **state) {
    char png[64] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x06";
    (void)state;
    assert_null(fault_of(png, sizeof png));
    png[16] = 1; // 16 million wide
    assert_non_null(fault_of(png, sizeof png));
    png[16] = 0;
    png[23] = 0; // no height
    assert_non_null(fault_of(png, sizeof png));
}

static void no_more_than_its_size_is_read(void **state) {
    char *large = calloc(1, LOGO_BYTES_MAX + 1);
    struct err err;
    struct buf out;
    (void)state;
    assert_non_null(large);
    memset(large, ' ', LOGO_BYTES_MAX + 1);
    memcpy(large, SVG(""), strlen(SVG("")));
    assert_null(fault_of(large, LOGO_BYTES_MAX));
    assert_non_null(fault_of(large, LOGO_BYTES_MAX + 1));
    free(large);
    assert_false(logo_read("/nowhere/logo.svg", &out, &err));
    buf_free(&out);
}

// Neither read past its end nor taken with a NUL in it, wherever a drawing is cut or changed.
static void any_bytes_end_in_an_answer(void **state) {
    static const char good[] = SVG("<use href=\"#a\"/><g fill=\"url(#a)\" one=\"x\"/>");
    uint64_t seed = unit_seed();
    (void)state;
    for (size_t len = 0; len < sizeof good; len++)
        (void)fault_of(good, len);
    for (size_t i = 0; i < unit_rounds(300); i++) {
        char bytes[sizeof good];
        memcpy(bytes, good, sizeof good);
        size_t at = unit_random(&seed) % (sizeof good - 1);
        bytes[at] = (char)unit_random(&seed);
        const char *fault = fault_of(bytes, sizeof good - 1);
        assert_true(bytes[at] || fault);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(harmless_drawings_are_taken, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(what_runs_or_leads_out_is_refused, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(a_png_has_a_size, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(no_more_than_its_size_is_read, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(any_bytes_end_in_an_answer, scratch_setup,
                                        scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
