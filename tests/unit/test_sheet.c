// SPDX-License-Identifier: EUPL-1.2
// The converter is kept apart whatever it does: what it sees, how it is ended, what is left of it.
#include "ctl/sheet/sheet.h"

#include "unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define INDEX                                                                                      \
    "echo '<gnm:SheetNameIndex><gnm:SheetName x=\"1\">A &amp; B</gnm:SheetName>"                   \
    "<gnm:SheetName x=\"1\">C</gnm:SheetName></gnm:SheetNameIndex>'; "
// What it does when it is to write an index, and when it is to write sheets.
#define SCRIPT(index, sheets) "#!/bin/sh\nif [ \"$1\" = -I ]; then " index " else " sheets " fi\n"

static char folder[] = "/tmp/test_sheet-XXXXXX", program[64], temporary[64];

static void assert_csv(struct sheet *sheet, const char *wanted) {
    char *csv = buf_take(&sheet->csv);
    assert_string_equal(csv, wanted);
    free(csv);
}

static size_t count_left(void) {
    size_t count = 0;
    DIR *dir = opendir(temporary);
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void install(const char *script) {
    FILE *file = fopen(program, "w");
    assert_non_null(file);
    fputs(script, file);
    fclose(file);
    assert_int_equal(chmod(program, 0700), 0);
}

static bool has_id(void *ctx, struct str csv) {
    (void)ctx;
    return csv.len > 8 && memcmp(csv.data + 6, "id", 2) == 0;
}

static bool read_with(const char *script, const char *name, struct sheet *sheet, struct err *err) {
    const struct sheet_options options = {
        .converter = program, .name = name, .seconds_max = 1, .fits = has_id};
    install(script);
    bool ok = sheet_read(STR("book of Jan"), DOOR_XLSX, &options, sheet, err);
    assert_int_equal(count_left(), 0);
    return ok;
}

static void test_a_sheet(void **state) {
    (void)state;
    struct sheet sheet;
    struct err err;
    static const char script[] =
        SCRIPT(INDEX, "printf 'a;b\\n' > sheet.0; printf 'id;d\\n1;\"2017/03/05 13:05:00\"\\n"
                      "2;2017/03/05\\n\"a\\r\\nb\";x 2017/03/05\\n' > sheet.1;");
    assert_true(read_with(script, NULL, &sheet, &err));
    assert_string_equal(sheet.name, "C");
    assert_true(sheet.chosen);
    assert_csv(&sheet, "sep=;\nid;d\n1;\"2017-03-05 13:05:00\"\n2;2017-03-05\n"
                       "\"a  b\";x 2017/03/05\n");
    assert_true(read_with(script, "a & b", &sheet, &err));
    assert_csv(&sheet, "sep=;\na;b\n");
    assert_false(read_with(script, "D", &sheet, &err));
    assert_non_null(strstr(err.text, "\"A & B\", \"C\""));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_false(
        read_with(SCRIPT(INDEX, "echo id > sheet.0; echo id > sheet.1;"), NULL, &sheet, &err));
    assert_non_null(strstr(err.text, "several sheets"));
    assert_false(
        read_with(SCRIPT(INDEX, "echo a > sheet.0; echo b > sheet.1;"), NULL, &sheet, &err));
    assert_non_null(strstr(err.text, "no sheet has"));
    // the only one that has something is the one, whatever it has
    assert_true(
        read_with(SCRIPT(INDEX, "echo a > sheet.0; echo ';;\"\"' > sheet.1;"), NULL, &sheet, &err));
    assert_false(sheet.chosen);
    buf_free(&sheet.csv);
}

static void test_what_it_sees(void **state) {
    (void)state;
    struct sheet sheet;
    struct err err;
    assert_int_equal(setenv("SECRET", "x", 1), 0);
    assert_true(read_with(
        SCRIPT(INDEX,
               "{ echo \"id;$SECRET;$(cat book);$(env | cut -d= -f1 | sort | tr '\\n' ' ');"
               "$(ls | tr '\\n' ' ');$(umask);$(cat);$(ulimit -t);$(ulimit -f)\"; } > sheet.0;"
               " : > sheet.1; mkdir d; : > d/e;"),
        NULL, &sheet, &err));
    assert_csv(&sheet, "sep=;\nid;;book of Jan;GSETTINGS_BACKEND HOME LC_ALL PWD TMPDIR ;"
                       "book index sheet.0 ;0077;;60;65536\n");
}

static void test_what_goes_wrong(void **state) {
    (void)state;
    struct sheet sheet;
    struct err err;
    static const char *const scripts[] = {
        SCRIPT("exit 1;", "exit 1;"),
        SCRIPT(INDEX, "exit 1;"),
        SCRIPT(INDEX, "echo id > sheet.0;"), // one of two
        SCRIPT("echo '<gnm:SheetNameIndex><gnm:SheetName x=\"1\">A';", "echo id > sheet.0;"),
        SCRIPT(INDEX, "while :; do :; done;"),
        SCRIPT(INDEX, "sleep 1000 & sleep 1000;"),
        SCRIPT(INDEX, "cat /dev/zero > sheet.0;"),
        SCRIPT("yes '<gnm:SheetName x=\"1\">A</gnm:SheetName>';", "echo id > sheet.0;"),
    };
    for (size_t i = 0; i < COUNT(scripts); i++) {
        assert_false(read_with(scripts[i], NULL, &sheet, &err));
        assert_int_equal(err.kind, ERR_INPUT);
        assert_null(strstr(err.text, "Jan"));
    }
    const struct sheet_options options = {.converter = "/nonexistent", .fits = has_id};
    assert_false(sheet_read(STR("x"), DOOR_ODS, &options, &sheet, &err));
    assert_string_equal(err.text, "install gnumeric, or save the sheet as CSV");
}

static int make(void **state) {
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(program, sizeof program, "%s/program", folder);
    (void)snprintf(temporary, sizeof temporary, "%s/temporary", folder);
    return mkdir(temporary, 0700) || setenv("TMPDIR", temporary, 1);
}

static int unmake(void **state) {
    (void)state;
    return unlink(program) || rmdir(temporary) || rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_sheet),
                                       cmocka_unit_test(test_what_it_sees),
                                       cmocka_unit_test(test_what_goes_wrong)};
    return cmocka_run_group_tests(tests, make, unmake);
}
