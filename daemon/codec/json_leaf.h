// SPDX-License-Identifier: EUPL-1.2
// One JSON value that is wanted, read from its text. Shared by the decoders of native JSON and of
// templates, which cut the values out with json_scan.h and read no others: what is wrong in a value
// that nobody wants is never seen.
#ifndef CODEC_JSON_LEAF_H
#define CODEC_JSON_LEAF_H

#include "core/signal/signal.h"

enum json_kind {
    JSON_KIND_NULL,
    JSON_KIND_TEXT,
    JSON_KIND_WHOLE,    // a whole number
    JSON_KIND_FRACTION, // another number
    JSON_KIND_TRUE,
    JSON_KIND_FALSE,
    JSON_KIND_OBJECT, // not looked into
    JSON_KIND_LIST,   // not looked into
    JSON_KIND_BROKEN, // `fault` says why
};

struct json_leaf {
    enum json_kind kind;
    enum fault_code fault; // of BROKEN and FRACTION
    struct str text;       // TEXT and WHOLE: what it says; borrowed from the raw text or the leaves
};

// What the texts of some leaves borrow from.
enum { JSON_LEAVES_MAX = 256, JSON_NUMBER_MAX = 32 };
struct json_leaves {
    size_t count, number_count;
    void *parsed[JSON_LEAVES_MAX];
    char numbers[JSON_LEAVES_MAX][JSON_NUMBER_MAX];
};

// `raw` is one value, without white space around it. At most JSON_LEAVES_MAX between two releases;
// more are BROKEN.
struct json_leaf json_leaf_read(struct json_leaves *leaves, struct str raw);
// What is wrong with a value that is not of the kind asked for.
enum fault_code json_leaf_fault(const struct json_leaf *leaf);
// A FRACTION as text, "1.5"; one without a fraction as "2". Absent when it has too many digits, or
// has a fraction or an exponent and `whole`: a number that was shortened is not what it was.
struct str json_leaf_number(struct json_leaves *leaves, struct str raw, bool whole);

// The key of a member, read once. Absent when it is a bare number or cannot be read: it names
// nothing.
struct json_member_key {
    struct str text; // borrowed from the raw text or from `parsed`
    void *parsed;
};
void json_member_key_read(struct json_member_key *key, struct str raw);
void json_member_key_free(struct json_member_key *key);

// Forgets and overwrites; leaves that were read are gone.
void json_leaves_release(struct json_leaves *leaves);

#endif
