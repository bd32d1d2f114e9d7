// SPDX-License-Identifier: EUPL-1.2
// Reading the daemon's JSON (jansson behind it). What is absent, null or of another type reads as
// NULL or false, so that a tool and a daemon of different versions still understand each other.
#ifndef CTL_QUERY_JSON_VIEW_H
#define CTL_QUERY_JSON_VIEW_H

#include "base/str.h"

struct node;

// An object; INPUT on anything else. The caller frees it; what the functions below return is
// borrowed from it.
struct node *node_parse(struct str json, struct err *err) MUST_CHECK;
void node_free(struct node *node);

// `path` has the keys of nested objects with dots between ("intake.received"); "" is the node.
const struct node *node_at(const struct node *node, const char *path);
const struct node *node_key(const struct node *node, const char *key); // one key, dots and all
const char *node_text(const struct node *node, const char *path);
bool node_number(const struct node *node, const char *path, int64_t *value);
bool node_flag(const struct node *node, const char *path); // true only for true
bool node_bool(const struct node *node, const char *path, bool *value);
// A number, whole or not, in tenths: 12.34 gives 123. False also for one that is too large.
bool node_tenths(const struct node *node, const char *path, int64_t *tenths);

size_t node_size(const struct node *array); // 0 for what is no array
const struct node *node_item(const struct node *array, size_t index);
// The words of an array of strings with ", " between them; NULL when there are none. Caller frees.
char *node_join(const struct node *array);

// Calls `fn` for each string in an object, in the order in which they came.
void node_each_text(const struct node *object,
                    void (*fn)(void *ctx, const char *key, const char *text), void *ctx);

#endif
