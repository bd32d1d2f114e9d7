// SPDX-License-Identifier: EUPL-1.2
// Reading the daemon's JSON (jansson behind it). What is absent, null or of another type reads as
// NULL or false, so that a tool and a daemon of different versions still understand each other.
#ifndef CTL_QUERY_JSON_VIEW_H
#define CTL_QUERY_JSON_VIEW_H

#include "base/str.h"

struct json_view;

// An object; INPUT on anything else. The caller frees it; what the functions below return is
// borrowed from it.
struct json_view *json_view_parse(struct str json, struct err *err) MUST_CHECK;
void json_view_free(struct json_view *node);

// `path` has the keys of nested objects with dots between ("intake.received"); "" is the node.
const struct json_view *json_view_at(const struct json_view *node, const char *path);
const struct json_view *json_view_key(const struct json_view *node,
                                      const char *key); // one key, dots and all
const char *json_view_text(const struct json_view *node, const char *path);
// Is it this text? False for NULL.
bool json_view_is(const struct json_view *node, const char *path, const char *text);
bool json_view_number(const struct json_view *node, const char *path, int64_t *value);
int64_t json_view_integer(const struct json_view *node, const char *path); // 0 where there is none
bool json_view_flag(const struct json_view *node, const char *path);       // true only for true
bool json_view_bool(const struct json_view *node, const char *path, bool *value);
// A number, whole or not, in tenths: 12.34 gives 123. False also for one that is too large.
bool json_view_tenths(const struct json_view *node, const char *path, int64_t *tenths);
double json_view_real(const struct json_view *node, const char *path); // 0 where there is none

size_t json_view_size(const struct json_view *array); // 0 for what is no array
const struct json_view *json_view_item(const struct json_view *array, size_t index);
// The words of an array of strings with ", " between them; NULL when there are none. Caller frees.
char *json_view_join(const struct json_view *array);

// Calls `fn` for each string in an object, in the order in which they came.
void json_view_each_text(const struct json_view *object,
                         void (*fn)(void *ctx, const char *key, const char *text), void *ctx);

#endif
