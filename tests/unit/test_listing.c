// SPDX-License-Identifier: EUPL-1.2
// Lists of folders as servers write them.
#include "codec/listing.h"

#include "base/time.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static const int64_t now_ms = 1780315200000; // 2026-06-01T12:00:00Z
static char seen[1024];

static void note(void *ctx, const struct listing_file *file) {
    char stamp[TIME_STAMP_MAX];
    (void)ctx;
    time_format_stamp(file->ms, stamp);
    size_t len = strlen(seen);
    (void)snprintf(seen + len, sizeof seen - len, "%.*s %llu %.16s; ", (int)file->name.len,
                   file->name.data, (unsigned long long)file->size, stamp);
}

static bool read_list(const char *text) {
    size_t unreadable;
    seen[0] = '\0';
    return listing_read(str_from(text), now_ms, note, NULL, &unreadable) && unreadable == 0;
}

static void what_servers_write(void **state) {
    (void)state;
    static const struct {
        const char *line, *expected;
    } cases[] = {
        // OpenSSH
        {"-rw-r--r--    1 gemeente sftp          1234 May 29 16:27 month.csv",
         "month.csv 1234 2026-05-29T16:27; "},
        {"-rw-r--r--    1 1000     1000             0 Dec 31 23:59 a  b.csv ",
         "a  b.csv  0 2025-12-31T23:59; "},
        {"-rw-r--r--    1 1000     1000            34 Nov 29  2024 old.csv",
         "old.csv 34 2024-11-29T00:00; "},
        {"-rw-r--r--    1 1000     1000            34 Jun  2 11:59 ahead.csv",
         "ahead.csv 34 2026-06-02T11:59; "}, // its clock is ahead, or its zone
        {"-rw-r--r--    1 1000     1000            34 Jun  3 11:59 x.csv",
         "x.csv 34 2025-06-03T11:59; "},
        {"-rw-r--r--    1 1000     1000            34 Feb 29 10:00 leap.csv",
         "leap.csv 34 2024-02-29T10:00; "},
        // a group with a blank; a name that looks like a date
        {"-rwxrwxrwx   1 SYSTEM   domain users     7 May  1 10:00 May 2 11:00 x.csv",
         "May 2 11:00 x.csv 7 2026-05-01T10:00; "},
        // without a number of links
        {"-rw-------  user group 5 May 01 08:09 m.csv", "m.csv 5 2026-05-01T08:09; "},
        // without a time
        {"-rw-r--r--    1 1000     1000             4 Jan  1  1970 m.csv",
         "m.csv 4 1970-01-01T00:00; "},
        // no files of their senders
        {"drwxr-xr-x    2 1000     1000          4096 May 29 16:27 done", ""},
        {"lrwxrwxrwx    1 1000     1000             4 May 29 16:27 a -> b", ""},
        {"-rw-r--r--    1 1000     1000             4 May 29 16:27 .month.csv.filepart", ""},
        {"total 8", ""},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_true(read_list(cases[i].line));
        assert_string_equal(seen, cases[i].expected);
    }
    assert_true(read_list("drwxr-xr-x 2 a a 4096 May 29 16:27 .\n"
                          "-rw-r--r-- 1 a a 1 May 29 16:27 a.csv\n"
                          "-rw-r--r-- 1 a a 2 May 29 16:28 b.csv\n"));
    assert_string_equal(seen, "a.csv 1 2026-05-29T16:27; b.csv 2 2026-05-29T16:28; ");
}

static void what_cannot_be_read_is_told(void **state) {
    (void)state;
    static const char *const lines[] = {
        "-rw-r--r--",
        "-rw-r--r-- 1 a a x May 29 16:27 a.csv",
        "-rw-r--r-- 1 a a 99999999999999999999 May 29 16:27 a.csv",
        "-rw-r--r-- 1 a a 1 Mai 29 16:27 a.csv",
        "-rw-r--r-- 1 a a 1 May 32 16:27 a.csv",
        "-rw-r--r-- 1 a a 1 May 0 16:27 a.csv",
        "-rw-r--r-- 1 a a 1 Feb 30 2024 a.csv",
        "-rw-r--r-- 1 a a 1 May 29 24:00 a.csv",
        "-rw-r--r-- 1 a a 1 May 29 16:27",
        "-rw-r--r-- 1 a a 1 May 29 16:27 ",
        "-rw-r--r-- 1 a a 1 May 29 16:27 a\x01.csv",
        "-rw-r--r-- 1 a a 1 May 29 16:27 ../a.csv",
        "-rw-r--r-- 1 a a 1 May 29 16:27 \xff.csv",
    };
    for (size_t i = 0; i < COUNT(lines); i++) {
        char text[256];
        if (read_list(lines[i]))
            fail_msg("%s", lines[i]);
        // It costs no other file.
        (void)snprintf(text, sizeof text, "%s\n-rw-r--r-- 1 a a 5 May 29 16:27 b.csv\n", lines[i]);
        assert_false(read_list(text));
        assert_string_equal(seen, "b.csv 5 2026-05-29T16:27; ");
    }
}

static void random_lines_never_crash(void **state) {
    (void)state;
    static const char alphabet[] = "-rwx 0123456789:MayFebDec./\n\xff";
    uint64_t seed = unit_seed();
    for (size_t round = 0, rounds = unit_rounds(100000); round < rounds; round++) {
        char text[64];
        size_t len = (size_t)unit_random(&seed) % sizeof text;
        for (size_t i = 0; i < len; i++)
            text[i] = alphabet[unit_random(&seed) % (sizeof alphabet - 1)];
        if (len)
            text[0] = '-';
        seen[0] = '\0';
        size_t unreadable;
        (void)listing_read((struct str){text, len}, now_ms, note, NULL, &unreadable);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_servers_write),
        cmocka_unit_test(what_cannot_be_read_is_told),
        cmocka_unit_test(random_lines_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
