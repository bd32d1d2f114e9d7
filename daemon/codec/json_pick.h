// SPDX-License-Identifier: EUPL-1.2
// Picks out of a JSON text the values that JSON Pointers (RFC 6901) name, in one pass and without a
// tree of it. What no pointer leads to is only passed over: whatever is wrong in it costs nothing.
#ifndef CODEC_JSON_PICK_H
#define CODEC_JSON_PICK_H

#include "base/str.h"

//
// Beyond RFC 6901, a token "list[name=text]" leads to the one object of the list `list` whose
// member `name` is `text`; both texts are compared folded. Several such objects are ambiguous, as
// a member is that is there more than once.
struct json_pick; // the pointers, as a tree of their tokens

struct json_picked {
    struct str raw; // the value; absent when it is not there
    bool repeated;  // a member on the way to it is there more than once: it could be either
};

// `pointers` are borrowed; NULL is one that names nothing.
struct json_pick *json_pick_create(const char *const *pointers, size_t count);
void json_pick_free(struct json_pick *pick); // NULL is fine

// Is it such a token? Then its parts, as they are written.
bool json_pick_token(struct str token, struct str *list, struct str *key, struct str *word);

// Calls fn with the key, in quotes, of each member that no pointer leads into, at every depth.
void json_pick_tell_unused(struct json_pick *pick, void (*fn)(void *ctx, struct str key),
                           void *ctx);

// Fills one picked for each pointer. `value` is one whole value, as json_scan.h cuts it. *unused:
// members of it that no pointer leads into. False when it, or a part that a pointer leads through,
// is broken.
bool json_pick_from(struct json_pick *pick, struct str value, struct json_picked *picked,
                    uint32_t *unused) MUST_CHECK;

#endif
