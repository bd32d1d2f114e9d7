// SPDX-License-Identifier: EUPL-1.2
// What people send as text, and what is named instead.
#include "codec/door.h"

#include "unit.h"

struct sample {
    struct str body;
    enum door_charset declared;
    struct str text; // absent: refused as `form`
    const char *form;
};

static void check(const struct sample *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct door door;
        bool ok = door_open(cases[i].body, cases[i].declared, &door);
        if (ok != (cases[i].form == NULL))
            fail_msg("case %zu: %s", i, ok ? "taken for text" : door.form->name);
        if (!ok)
            assert_string_equal(door.form->name, cases[i].form);
        else if (!str_equal(door.text, cases[i].text))
            fail_msg("case %zu: %.*s", i, (int)door.text.len, door.text.data);
        door_close(&door);
    }
}

static void marks_and_utf_16(void **state) {
    (void)state;
    const struct sample cases[] = {
        {STR("{}"), DOOR_UNSAID, STR("{}"), NULL},
        {STR("\xef\xbb\xbf{}"), DOOR_UNSAID, STR("{}"), NULL},
        {STR("\xef\xbb\xbf\xef\xbb\xbf[]"), DOOR_LATIN1, STR("[]"), NULL},
        {STR("\xff\xfe{\0}\0"), DOOR_UNSAID, STR("{}"), NULL},
        {STR("\xfe\xff\0{\0}"), DOOR_UTF8, STR("{}"), NULL},
        {STR("[\0]\0"), DOOR_UNSAID, STR("[]"), NULL},
        {STR("\0[\0]"), DOOR_UNSAID, STR("[]"), NULL},
        {STR("\xff\xfe\xeb\0\xac\x20\x3d\xd8\x00\xde"), DOOR_UNSAID, STR("ë€😀"), NULL},
        {STR("\xfe\xff\0\xeb\x20\xac\xd8\x3d\xde\x00"), DOOR_UNSAID, STR("ë€😀"), NULL},
        // said, without a mark
        {STR("\xeb\0a\0"), DOOR_UTF16LE, STR("ëa"), NULL},
        {STR("\0\xeb\x20\xac"), DOOR_UTF16BE, STR("ë€"), NULL},
        {STR("{\"id\":1}"), DOOR_UTF16, STR("{\"id\":1}"), NULL}, // said, but it is not so
        // what is wrong in it is left, as bytes that are no UTF-8
        {STR("\xff\xfe"
             "a\0\x3d\xd8"
             "b\0"),
         DOOR_UNSAID,
         STR("a\xed\xa0\xbd"
             "b"),
         NULL},
        {STR("\xff\xfe"
             "a\0b"),
         DOOR_UNSAID, STR("a\xff"), NULL},
        // without a mark, and hardly any ASCII
        {STR("\x1f\x04\x40\x04\x38\x04\x32\x04\x35\x04\x42\x04"), DOOR_UNSAID, STR("Привет"), NULL},
        {STR("\x04\x1f\x04\x40\x04\x38\x04\x32\x04\x35\x04\x42"), DOOR_UNSAID, STR("Привет"), NULL},
        {STR("\x03\x91\x03\xb8\x03\xae\x03\xbd\x03\xb1"), DOOR_UNSAID, STR("Αθήνα"), NULL},
        {STR("{\0\"\0\x4f\x4e\x4f\x4e\x4f\x4e\x4f\x4e\"\0}\0"), DOOR_UNSAID, STR("{\"乏乏乏乏\"}"),
         NULL},
        // what old programs put behind a text
        {STR("{}\0"), DOOR_UNSAID, STR("{}"), NULL},
        {STR("{}\n\x1a"), DOOR_UNSAID, STR("{}\n"), NULL},
        {STR("a;b\r\n1;2\r\n\x1a\0\0\0\0\0\0\0\0\0\0"), DOOR_UNSAID, STR("a;b\r\n1;2\r\n"), NULL},
        {STR("[\0]\0\n\0\x1a\0"), DOOR_UNSAID, STR("[]\n"), NULL},
        {STR("{}\n\xef\xbb\xbf"), DOOR_UNSAID, STR("{}\n"), NULL},
        {STR("[\0]\0\0"), DOOR_UNSAID, STR("[]"), NULL},
        {STR("{}\x1a{}\n"), DOOR_UNSAID, STR("{}\x1a{}\n"), NULL},
        {STR(""), DOOR_UNSAID, STR(""), NULL},
        {{NULL, 0}, DOOR_UNSAID, {NULL, 0}, NULL},
    };
    check(cases, COUNT(cases));
}

static void latin_1(void **state) {
    (void)state;
    const struct sample cases[] = {
        // evident: letters within words, and signs beside them
        {STR("S\xfa"
             "dwest-Frysl\xe2n"),
         DOOR_UNSAID, STR("Súdwest-Fryslân"), NULL},
        {STR("\xc9\xe9n, \x80 5 \x96 Caf\xe9"), DOOR_UNSAID, STR("Één, € 5 – Café"), NULL},
        {STR("zo\xeb\x92n"), DOOR_UNSAID, STR("zoë’n"), NULL},
        // not so
        {STR("a\xff"), DOOR_UNSAID, STR("a\xff"), NULL},
        {STR("a\x80"), DOOR_UNSAID, STR("a\x80"), NULL},
        {STR("a\xc3("), DOOR_UNSAID, STR("a\xc3("), NULL},
        {STR("\xe9"), DOOR_UNSAID, STR("\xe9"), NULL},
        {STR("caf\xe9 \xff"), DOOR_UNSAID, STR("caf\xe9 \xff"), NULL},
        {STR("caf\xe9 café"), DOOR_UNSAID, STR("caf\xe9 café"), NULL}, // UTF-8 with an odd byte
        {STR("caf\xe9"), DOOR_UTF8, STR("caf\xe9"), NULL},
        // declared
        {STR("\x80\x93\x81\xff"), DOOR_LATIN1, STR("€“\xc2\x81ÿ"), NULL},
        {STR("café"), DOOR_LATIN1, STR("café"), NULL},
        {STR("café café \xff"), DOOR_LATIN1, STR("café café \xff"), NULL},
        {STR("\xef\xbb\xbf"
             "caf\xe9"),
         DOOR_LATIN1, STR("caf\xe9"), NULL}, // the mark says UTF-8
        {STR("\xa4 \xa6\xa8\xb4\xb8\xbc\xbd\xbe \xe9\x80"), DOOR_LATIN9, STR("€ ŠšŽžŒœŸ é€"), NULL},
    };
    check(cases, COUNT(cases));
}

static void other_forms_are_named(void **state) {
    (void)state;
    const struct sample cases[] = {
        {STR("\x1f\x8b\x08\0"), DOOR_UNSAID, {0}, "gzip"},
        {STR("PK\x03\x04....xl/workbook.xml"), DOOR_UNSAID, {0}, "an Excel workbook"},
        {STR("PK\x03\x04....mimetypeapplication/vnd.oasis.opendocument.spreadsheet"),
         DOOR_LATIN1,
         {0},
         "an OpenDocument spreadsheet"},
        {STR("PK\x03\x04....mimetypeapplication/vnd.oasis.opendocument.text"),
         DOOR_LATIN1,
         {0},
         "an OpenDocument file"},
        {STR("PK\x03\x04....word/document.xml"), DOOR_UNSAID, {0}, "a Word document"},
        {STR("PK\x03\x04....signals.csv"), DOOR_UNSAID, {0}, "a ZIP archive"},
        {STR("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1..W\0o\0r\0k\0b\0o\0o\0k\0"),
         DOOR_UNSAID,
         {0},
         "an Excel workbook (.xls)"},
        {STR("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1..E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0"),
         DOOR_UNSAID,
         {0},
         "an Office file with a password"},
        {STR("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), DOOR_UNSAID, {0}, "an old Office file"},
        {STR("%PDF-1.7"), DOOR_UNSAID, {0}, "a PDF"},
        {STR("{\\rtf1\\ansi}"), DOOR_UNSAID, {0}, "a Rich Text document"},
        {STR("\n <!DOCTYPE html><p>"), DOOR_UNSAID, {0}, "HTML"},
        {STR("<html>"), DOOR_UNSAID, {0}, "HTML"},
        {STR("\xff\xfe<\0h\0t\0m\0l\0>\0"), DOOR_UNSAID, {0}, "HTML"},
        {STR("<?xml version='1.0'?><html xmlns='x'/>"), DOOR_UNSAID, {0}, "HTML"},
        {STR("<?xml version='1.0'?><?mso-application progid='Excel.Sheet'?>"),
         DOOR_UNSAID,
         {0},
         "an Excel workbook (XML)"},
        {STR("\xef\xbb\xbf<requests/>"), DOOR_UNSAID, {0}, "an XML document"},
        {STR("\xff\xfe\0\0{\0\0\0"), DOOR_UNSAID, {0}, "UTF-32"},
        {STR("\0\0\xfe\xff\0\0\0{"), DOOR_UNSAID, {0}, "UTF-32"},
        {STR("{\0\0\0}\0\0\0"), DOOR_UNSAID, {0}, "UTF-32"},
        {STR("\0\0\0{\0\0\0}"), DOOR_UNSAID, {0}, "UTF-32"},
        {STR("\x89PNG\r\n\x1a\n"), DOOR_UNSAID, {0}, "an image"},
        {STR("\x01\x02\x03\x04"
             "abc"),
         DOOR_UNSAID,
         {0},
         "binary data"},
        // text that looks like it
        {STR("< 18;id\n"), DOOR_UNSAID, STR("< 18;id\n"), NULL},
        {STR("PK;id\n"), DOOR_UNSAID, STR("PK;id\n"), NULL},
        {STR("{\"a\":\"\0\"}"), DOOR_UNSAID, STR("{\"a\":\"\0\"}"), NULL},
    };
    check(cases, COUNT(cases));
    assert_null(door_form_of(STR("id;reported\n")));
    assert_string_equal(door_form_of(STR("%PDF-1.7"))->advice, "ask the system for CSV or JSON");
}

static void declarations(void **state) {
    (void)state;
    static const struct {
        const char *type;
        bool known;
        enum door_charset charset;
    } cases[] = {
        {"application/json", true, DOOR_UNSAID},
        {"", true, DOOR_UNSAID},
        {"application/json; charset=utf-8", true, DOOR_UTF8},
        {"application/json;CHARSET=\"UTF-8\"", true, DOOR_UTF8},
        {"text/csv; header=present; charset = ISO-8859-1 ", true, DOOR_LATIN1},
        {"text/csv;charset=windows-1252", true, DOOR_LATIN1},
        {"text/csv;charset='utf-8'", true, DOOR_UTF8},
        {"text/csv;charset=' UTF8 '", true, DOOR_UTF8},
        {"text/csv;charset='utf-8\"", false, DOOR_UNSAID},
        {"text/csv;charset=ISO-8859-15", true, DOOR_LATIN9},
        {"text/csv;charset=\"iso_8859-15\"", true, DOOR_LATIN9},
        {"text/csv;charset=Latin-9", true, DOOR_LATIN9},
        {"text/csv;charset=cp-1252", true, DOOR_LATIN1},
        {"text/csv;charset=iso-8859-150", false, DOOR_UNSAID},
        {"text/csv;charset=iso-8859", false, DOOR_UNSAID},
        {"text/csv;charset=-", false, DOOR_UNSAID},
        {"text/csv;charset=UTF-16LE", true, DOOR_UTF16LE},
        {"text/csv;charset=utf-16", true, DOOR_UTF16},
        {"text/csv;charset=ebcdic", false, DOOR_UNSAID},
        {"text/csv;charset=", false, DOOR_UNSAID},
        {"text/csv;charset", true, DOOR_UNSAID},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum door_charset charset;
        assert_int_equal(door_charset_of(str_from(cases[i].type), &charset), cases[i].known);
        assert_int_equal(charset, cases[i].charset);
    }
    assert_string_equal(door_form_of_type(STR("application/vnd.ms-excel"))->name,
                        "an Excel workbook (.xls)");
    assert_string_equal(door_form_of_type(STR("Text/HTML; charset=utf-8"))->name, "HTML");
    assert_null(door_form_of_type(STR("application/json")));
    assert_null(door_form_of_type((struct str){NULL, 0}));
}

static void random_bytes_never_crash(void **state) {
    (void)state;
    static const char alphabet[] = "\0\0\0{}\"a\n\xff\xfe\xef\xbb\xbf\xc3\xa9\xd8\xdc<PK\x1f\x8b";
    uint64_t seed = unit_seed();
    for (size_t round = 0, rounds = unit_rounds(20000); round < rounds; round++) {
        char text[64];
        size_t len = (size_t)unit_random(&seed) % sizeof text;
        for (size_t i = 0; i < len; i++)
            text[i] = alphabet[unit_random(&seed) % (sizeof alphabet - 1)];
        struct door door, again;
        if (!door_open((struct str){text, len}, (enum door_charset)(round % (DOOR_LATIN9 + 1)),
                       &door))
            continue;
        assert_true(door.text.len <= 3 * len);
        // what has passed is text: it passes as it is, but for a name that it shows only now
        if (door.owned && door_open(door.text, DOOR_UTF8, &again)) {
            assert_true(str_equal(door.text, again.text) || again.owned);
            door_close(&again);
        }
        door_close(&door);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_and_utf_16),         cmocka_unit_test(latin_1),
        cmocka_unit_test(other_forms_are_named),    cmocka_unit_test(declarations),
        cmocka_unit_test(random_bytes_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
