// SPDX-License-Identifier: EUPL-1.2
// The only file of signaalctl that knows jansson. A node is a json_t seen from outside.
#include "ctl/query/json_view.h"

#include <jansson.h>
#include <string.h>

#define TENTHS_MAX 1e15

enum { TEXT_MAX = 64 << 10 };

static const json_t *inner(const struct json_view *node) {
    return (const json_t *)node;
}

static const struct json_view *outer(const json_t *json) {
    return json && !json_is_null(json) ? (const struct json_view *)json : NULL;
}

struct json_view *json_view_parse(struct str json, struct err *err) {
    json_error_t fault;
    json_t *root = json_loadb(json.data ? json.data : "", json.len, JSON_REJECT_DUPLICATES, &fault);
    if (json_is_object(root))
        return (struct json_view *)root;
    json_decref(root);
    (void)err_set(err, ERR_INPUT, "the answer is not the JSON that signaald gives");
    return NULL;
}

void json_view_free(struct json_view *node) {
    json_decref((json_t *)node);
}

const struct json_view *json_view_key(const struct json_view *node, const char *key) {
    return node ? outer(json_object_get(inner(node), key)) : NULL;
}

const struct json_view *json_view_at(const struct json_view *node, const char *path) {
    while (node && *path) {
        size_t len = strcspn(path, ".");
        char key[64];
        if (len >= sizeof key)
            return NULL;
        memcpy(key, path, len);
        key[len] = '\0';
        node = json_view_key(node, key);
        path += len + (path[len] == '.');
    }
    return node;
}

const char *json_view_text(const struct json_view *node, const char *path) {
    const struct json_view *found = json_view_at(node, path);
    return found ? json_string_value(inner(found)) : NULL;
}

bool json_view_is(const struct json_view *node, const char *path, const char *text) {
    const char *found = json_view_text(node, path);
    return found && text && strcmp(found, text) == 0;
}

bool json_view_number(const struct json_view *node, const char *path, int64_t *value) {
    const struct json_view *found = json_view_at(node, path);
    if (!found || !json_is_integer(inner(found)))
        return false;
    *value = json_integer_value(inner(found));
    return true;
}

int64_t json_view_integer(const struct json_view *node, const char *path) {
    int64_t value = 0;
    (void)json_view_number(node, path, &value);
    return value;
}

bool json_view_flag(const struct json_view *node, const char *path) {
    const struct json_view *found = json_view_at(node, path);
    return found && json_is_true(inner(found));
}

bool json_view_bool(const struct json_view *node, const char *path, bool *value) {
    const struct json_view *found = json_view_at(node, path);
    if (!found || !json_is_boolean(inner(found)))
        return false;
    *value = json_is_true(inner(found));
    return true;
}

bool json_view_tenths(const struct json_view *node, const char *path, int64_t *tenths) {
    const struct json_view *found = json_view_at(node, path);
    double value = found ? json_number_value(inner(found)) * 10 : 0;
    if (!found || !json_is_number(inner(found)) || !(value > -TENTHS_MAX && value < TENTHS_MAX))
        return false;
    *tenths = (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
    return true;
}

double json_view_real(const struct json_view *node, const char *path) {
    const struct json_view *found = json_view_at(node, path);
    return found ? json_number_value(inner(found)) : 0;
}

size_t json_view_size(const struct json_view *array) {
    return array ? json_array_size(inner(array)) : 0;
}

const struct json_view *json_view_item(const struct json_view *array, size_t index) {
    return array ? outer(json_array_get(inner(array), index)) : NULL;
}

char *json_view_join(const struct json_view *array) {
    struct buf out;
    buf_init(&out, TEXT_MAX);
    for (size_t i = 0; i < json_view_size(array); i++) {
        const char *word = json_view_text(json_view_item(array, i), "");
        if (!word)
            continue;
        if (out.len)
            buf_puts(&out, ", ");
        buf_puts(&out, word);
    }
    if (out.len)
        return buf_take(&out);
    buf_free(&out);
    return NULL;
}

void json_view_each_text(const struct json_view *object,
                         void (*fn)(void *ctx, const char *key, const char *text), void *ctx) {
    json_t *json = (json_t *)(uintptr_t)object; // jansson iterates only over what is not const
    for (void *at = json_object_iter(json); at; at = json_object_iter_next(json, at)) {
        const char *text = json_string_value(json_object_iter_value(at));
        if (text)
            fn(ctx, json_object_iter_key(at), text);
    }
}
