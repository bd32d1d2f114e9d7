// SPDX-License-Identifier: EUPL-1.2
// Values picked out of JSON text are those that the JSON library finds in the whole, wherever it
// takes the whole.
#include "codec/json_leaf.h"
#include "codec/json_pick.h"
#include "codec/json_scan.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Their tokens, as the library is asked for them.
static const char *const pointers[] = {"/id", "/a/b", "/a/0", "/a~1b", "", "/v/1/x", "/id/x"};
static const char *const tokens[][4] = {{"id", NULL},     {"a", "b", NULL}, {"a", "0", NULL},
                                        {"a/b", NULL},    {NULL},           {"v", "1", "x", NULL},
                                        {"id", "x", NULL}};
enum { POINTERS = sizeof pointers / sizeof *pointers };

static json_t *find(json_t *value, const char *const *path) {
    for (; value && *path; path++) {
        bool index = strlen(*path) == 1 && **path >= '0' && **path <= '9';
        if (json_is_object(value))
            value = json_object_get(value, *path);
        else
            value = json_is_array(value) && index ? json_array_get(value, (size_t)(**path - '0'))
                                                  : NULL;
    }
    return value;
}

static enum json_kind kind_of(const json_t *value) {
    static const enum json_kind kinds[] = {
        [JSON_OBJECT] = JSON_KIND_OBJECT, [JSON_ARRAY] = JSON_KIND_LIST,
        [JSON_STRING] = JSON_KIND_TEXT,   [JSON_INTEGER] = JSON_KIND_WHOLE,
        [JSON_REAL] = JSON_KIND_FRACTION, [JSON_TRUE] = JSON_KIND_TRUE,
        [JSON_FALSE] = JSON_KIND_FALSE,   [JSON_NULL] = JSON_KIND_NULL};
    return kinds[json_typeof(value)];
}

static bool same_text(const json_t *value, struct str text) {
    if (json_is_string(value))
        return str_equal(text, (struct str){json_string_value(value), json_string_length(value)});
    char *number = json_dumps(value, JSON_ENCODE_ANY);
    bool same = !json_is_integer(value) || str_is(text, number);
    free(number);
    return same;
}

static void compare(json_t *root, const struct json_picked *picked) {
    static struct json_leaves leaves;
    for (size_t i = 0; i < POINTERS; i++) {
        const json_t *value = find(root, tokens[i]);
        if (picked[i].repeated || !value != !picked[i].raw.data)
            abort();
        if (!value)
            continue;
        struct json_leaf leaf = json_leaf_read(&leaves, picked[i].raw);
        if (leaf.kind != kind_of(value) || !same_text(value, leaf.text))
            abort();
    }
    json_leaves_release(&leaves);
}

static uint32_t count_unused(json_t *root) {
    uint32_t unused = 0;
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value) {
        unused += strcmp(key, "id") != 0 && strcmp(key, "a") != 0 && strcmp(key, "a/b") != 0 &&
                  strcmp(key, "v") != 0;
    }
    return unused;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct json_scan scan = {{(const char *)data, size}, 1};
    struct json_picked picked[POINTERS];
    struct str value;
    uint32_t depth, unused;
    json_scan_space(&scan);
    if (!json_scan_value(&scan, &value, &depth))
        return 0;
    struct json_pick *pick = json_pick_create(pointers, POINTERS);
    bool whole = json_pick_from(pick, value, picked, &unused);
    json_t *root = NULL;
    if (!memchr(value.data, 0, value.len)) // the library passes over a NUL behind a number
        root = json_loadb(value.data, value.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    if (root && !whole)
        abort();
    if (root)
        compare(root, picked);
    if (json_is_object(root) && unused != count_unused(root))
        abort();
    for (size_t i = 0; whole && i < POINTERS; i++) {
        struct str raw = picked[i].raw;
        if (raw.data && (raw.data < value.data || raw.data + raw.len > value.data + value.len))
            abort();
    }
    json_decref(root);
    json_pick_free(pick);
    return 0;
}
