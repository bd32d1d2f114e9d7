// SPDX-License-Identifier: EUPL-1.2
// The tables that ship with the project, loaded for a test.
#ifndef CORE_TABLES_H
#define CORE_TABLES_H

#include "core/person/person.h"
#include "core/tables/categories.h"
#include "core/tables/display_allowlist.h"
#include "core/tables/municipalities.h"

#include "unit.h"

static inline struct buf tables_read(const char *path) {
    struct buf text;
    struct err err;
    if (!str_read_file(path, 1 << 20, &text, &err))
        fail_msg("%s", err.text);
    return text;
}

static inline struct municipalities *tables_municipalities(void) {
    struct err err;
    struct buf rows = tables_read(SOURCE_DIR "/conf/municipalities.csv");
    struct buf names = tables_read(SOURCE_DIR "/conf/name-variants.csv");
    struct municipalities *all = municipalities_load(buf_str(&rows), "municipalities.csv",
                                                     buf_str(&names), "name-variants.csv", &err);
    if (!all)
        fail_msg("%s", err.text);
    buf_free(&rows);
    buf_free(&names);
    return all;
}

static inline struct categories *tables_categories(void) {
    struct err err;
    struct buf rows = tables_read(SOURCE_DIR "/conf/categories.csv");
    struct categories *all = categories_load(buf_str(&rows), "categories.csv", &err);
    if (!all)
        fail_msg("%s", err.text);
    buf_free(&rows);
    return all;
}

static inline struct display_allowlist *tables_display_allowlist(void) {
    struct err err;
    struct buf words = tables_read(SOURCE_DIR "/conf/display-allowlist.txt");
    struct display_allowlist *allowlist =
        allowlist_load(buf_str(&words), "display-allowlist.txt", &err);
    if (!allowlist)
        fail_msg("%s", err.text);
    buf_free(&words);
    return allowlist;
}

// One key of persons, the same in each run.
static inline const struct person_keys *tables_person_keys(void) {
    static struct person_keys keys = {.count = 1};
    memset(keys.list[0].key.bytes, 9, sizeof keys.list[0].key.bytes);
    person_key_name(&keys.list[0]);
    return &keys;
}

#endif
