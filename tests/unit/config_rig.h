// SPDX-License-Identifier: EUPL-1.2
// A configuration of some text: what it is, or what is wrong with it.
#ifndef CONFIG_RIG_H
#define CONFIG_RIG_H

#include "scratch.h"

#include "base/pii/log.h"
#include "config/config_private.h"
#include "sources/sources.h"

#define FILE_NAME "c.yaml"

static inline void check(const struct config *config, struct diagnostics *faults) {
    sources_unref(sources_check(config, faults));
}

static inline struct config *load(const char *yaml, char **faults_text, size_t *count) {
    struct diagnostics faults;
    scratch_write(FILE_NAME, yaml, 0644);
    diagnostics_init(&faults);
    struct config *config = config_load(scratch_path(FILE_NAME), check, &faults);
    assert_true((config != NULL) == (faults.count == 0));
    *faults_text = scratch_shorten(faults.text.data, faults.text.len);
    *count = faults.count;
    diagnostics_free(&faults);
    return config;
}

static inline struct config *load_good(const char *yaml) {
    char *text;
    size_t count;
    struct config *config = load(yaml, &text, &count);
    if (count)
        fail_msg("%s", text);
    free(text);
    return config;
}

// Loads what must have exactly these faults.
static inline void expect(const char *yaml, const char *faults) {
    char *text;
    size_t count, lines = 0;
    struct config *config = load(yaml, &text, &count);
    assert_string_equal(text, faults);
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    assert_int_equal(count, lines);
    config_free(config);
    free(text);
}

#define OPEN(mode)                                                                                 \
    "others than its owner can read or change this secret (mode " mode                             \
    "): chmod 0600, and chown it to the service's user\n"

#endif
