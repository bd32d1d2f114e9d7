// SPDX-License-Identifier: EUPL-1.2
// A folder of a test's own under /tmp, with the files of a small configuration in it.
#ifndef SCRATCH_H
#define SCRATCH_H

#include "unit.h"

#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_dir[64];
// A test of thousands of commits takes "/dev/shm": what it tries does not depend on the disk.
static const char *scratch_base = "/tmp";

static inline const char *scratch_path(const char *name) {
    static char paths[4][PATH_MAX];
    static int turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, PATH_MAX, "%s/%s", scratch_dir, name);
    return path;
}

static inline void scratch_write_bytes(const char *name, const void *data, size_t len,
                                       mode_t mode) {
    FILE *f = fopen(scratch_path(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(scratch_path(name), mode), 0);
}

static inline void scratch_write(const char *name, const char *text, mode_t mode) {
    scratch_write_bytes(name, text, strlen(text), mode);
}

static inline int scratch_setup(void **state) {
    (void)state;
    (void)snprintf(scratch_dir, sizeof scratch_dir, "%s/signaald-test-XXXXXX", scratch_base);
    if (!mkdtemp(scratch_dir))
        return -1;
    scratch_write("municipalities.csv",
                  "code,name,province_code,province,valid_from,valid_to,successor_codes,"
                  "police_unit,safety_region,inhabitants,inhabitants_year,size_class\n"
                  "GM0363,Amsterdam,PV27,Noord-Holland,,,,Amsterdam,VR13,862965,2019,>250k\n",
                  0644);
    scratch_write("name-variants.csv", "variant,code\n", 0644);
    scratch_write("categories.csv", "word,code\n", 0644);
    scratch_write("display-allowlist.txt", "uitbuiting\n", 0644);
    scratch_write("sources.csv", "name,kind\n", 0644);
    return 0;
}

static inline int scratch_remove(const char *path, const struct stat *st, int type,
                                 struct FTW *ftw) {
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int scratch_teardown(void **state) {
    (void)state;
    return nftw(scratch_dir, scratch_remove, 8, FTW_DEPTH | FTW_PHYS);
}

// The faults with the folder's name cut out.
static inline char *scratch_shorten(const char *text, size_t len) {
    char *out = calloc(len + 1, 1);
    size_t at = 0, dir = strlen(scratch_dir);
    assert_non_null(out);
    for (size_t i = 0; i < len; i++) {
        if (len - i > dir && memcmp(text + i, scratch_dir, dir) == 0 && text[i + dir] == '/')
            i += dir;
        else
            out[at++] = text[i];
    }
    return out;
}

#endif
