// SPDX-License-Identifier: EUPL-1.2
// Runs a fuzz target over the files of a folder (its corpus), so that it is a test like the others.
#include "base/str.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A copy of its exact size, so that reading past its end is seen.
static bool run(const char *path) {
    struct buf text;
    struct err err;
    if (!str_read_file(path, 1 << 20, &text, &err)) {
        (void)fprintf(stderr, "%s\n", err.text);
        return false;
    }
    uint8_t *exact = malloc(text.len ? text.len : 1);
    if (exact && text.len)
        memcpy(exact, text.data, text.len);
    if (exact)
        (void)LLVMFuzzerTestOneInput(exact, text.len);
    free(exact);
    buf_free(&text);
    return true;
}

int main(int argc, char **argv) {
    char pattern[PATH_MAX];
    glob_t files;
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    (void)snprintf(pattern, sizeof pattern, "%s/*", argv[1]);
    if (glob(pattern, 0, NULL, &files) != 0) {
        (void)fprintf(stderr, "%s: no files\n", argv[1]);
        return 1;
    }
    bool ok = true;
    for (size_t i = 0; i < files.gl_pathc; i++)
        ok = run(files.gl_pathv[i]) && ok;
    (void)printf("%zu files\n", files.gl_pathc);
    globfree(&files);
    return ok ? 0 : 1;
}
