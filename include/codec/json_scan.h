// SPDX-License-Identifier: EUPL-1.2
// Cuts JSON text into pieces by looking at brackets and strings only, so that the size and depth of
// a piece are known before a parser makes a tree of it. Whether a piece is well-formed is the
// parser's business.
#ifndef CODEC_JSON_SCAN_H
#define CODEC_JSON_SCAN_H

#include "base/str.h"

struct json_scan {
    struct str rest;
    uint32_t line; // 1-based, of the first byte of rest
};

enum json_scan_next { JSON_SCAN_VALUE, JSON_SCAN_END, JSON_SCAN_BROKEN };

void json_scan_space(struct json_scan *scan);
// One value, which must stand at the very beginning. *depth: how many brackets deep it goes. False
// when it does not end.
bool json_scan_value(struct json_scan *scan, struct str *value, uint32_t *depth);
// The next element of an array, from behind its '['; END once behind its ']'.
enum json_scan_next json_scan_element(struct json_scan *scan, bool first, struct str *value,
                                      uint32_t *depth);
// The next member of an object, from behind its '{'. `key` is with its quotes, or a bare number.
enum json_scan_next json_scan_member(struct json_scan *scan, bool first, struct str *key,
                                     struct str *value);

#endif
