// SPDX-License-Identifier: EUPL-1.2
// Plain ASCII strings and short whole numbers, which is nearly all there is, are borrowed as they
// stand. Everything else is given to the JSON library, which decides what is well-formed; what it
// allocates lives until the leaves are released.
#include "json_leaf.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { PLAIN_DIGITS_MAX = 18 }; // of a number that certainly has at most 63 bits

static json_t *parse(struct str raw, json_error_t *error) {
    return json_loadb(raw.data, raw.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, error);
}

static bool is_plain(struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < ' ' || c > '~' || c == '\\' || c == '"')
            return false;
    }
    return true;
}

static struct str inside_quotes(struct str raw) {
    return (struct str){raw.data + 1, raw.len - 2};
}

static bool is_quoted(struct str raw) {
    return raw.len >= 2 && raw.data[0] == '"' && raw.data[raw.len - 1] == '"';
}

// A whole number that stands as it would be written.
static bool is_plain_whole(struct str raw) {
    if (raw.len == 0 || raw.len > PLAIN_DIGITS_MAX || (raw.data[0] == '0' && raw.len > 1))
        return false;
    for (size_t i = 0; i < raw.len; i++)
        if (raw.data[i] < '0' || raw.data[i] > '9')
            return false;
    return true;
}

static struct json_leaf broken(enum fault_code fault) {
    return (struct json_leaf){.kind = JSON_KIND_BROKEN, .fault = fault};
}

static struct json_leaf read_text(struct json_leaves *leaves, struct str raw) {
    if (is_quoted(raw) && is_plain(inside_quotes(raw)))
        return (struct json_leaf){.kind = JSON_KIND_TEXT, .text = inside_quotes(raw)};
    json_t *text = leaves->count < JSON_LEAVES_MAX ? parse(raw, NULL) : NULL;
    if (!text)
        return broken(FAULT_BAD_CHARACTER);
    leaves->parsed[leaves->count++] = text;
    return (struct json_leaf){.kind = JSON_KIND_TEXT,
                              .text = {json_string_value(text), json_string_length(text)}};
}

static bool has_exponent(struct str raw) {
    return memchr(raw.data, 'e', raw.len) || memchr(raw.data, 'E', raw.len);
}

static struct str put_whole(struct json_leaves *leaves, json_int_t value) {
    if (leaves->number_count == JSON_LEAVES_MAX)
        return (struct str){NULL, 0};
    char *out = leaves->numbers[leaves->number_count++];
    int len = snprintf(out, JSON_NUMBER_MAX, "%" JSON_INTEGER_FORMAT, value);
    return (struct str){out, (size_t)len};
}

static struct json_leaf read_number(struct json_leaves *leaves, struct str raw) {
    json_error_t error;
    struct json_leaf leaf = {.kind = JSON_KIND_WHOLE, .text = raw};
    if (is_plain_whole(raw))
        return leaf;
    json_t *number = parse(raw, &error);
    if (!number)
        return broken(json_error_code(&error) == json_error_numeric_overflow ? FAULT_OUT_OF_RANGE
                                                                             : FAULT_SYNTAX);
    if (json_is_integer(number))
        leaf.text = put_whole(leaves, json_integer_value(number));
    else
        leaf = (struct json_leaf){.kind = JSON_KIND_FRACTION,
                                  .fault = has_exponent(raw) ? FAULT_SHORTENED : FAULT_TYPE};
    json_decref(number);
    return leaf.kind == JSON_KIND_WHOLE && !leaf.text.data ? broken(FAULT_TOO_MANY) : leaf;
}

enum fault_code json_leaf_fault(const struct json_leaf *leaf) {
    bool told = leaf->kind == JSON_KIND_BROKEN || leaf->kind == JSON_KIND_FRACTION;
    return told ? leaf->fault : FAULT_TYPE;
}

struct json_leaf json_leaf_read(struct json_leaves *leaves, struct str raw) {
    switch (raw.len ? raw.data[0] : '\0') {
    case '"':
        return read_text(leaves, raw);
    case '{':
        return (struct json_leaf){.kind = JSON_KIND_OBJECT};
    case '[':
        return (struct json_leaf){.kind = JSON_KIND_LIST};
    default:
        break;
    }
    if (str_is(raw, "null"))
        return (struct json_leaf){.kind = JSON_KIND_NULL};
    if (str_is(raw, "true"))
        return (struct json_leaf){.kind = JSON_KIND_TRUE};
    if (str_is(raw, "false"))
        return (struct json_leaf){.kind = JSON_KIND_FALSE};
    return read_number(leaves, raw);
}

struct str json_leaf_number(struct json_leaves *leaves, struct str raw, bool whole) {
    const double exact = 9007199254740992.0; // 2^53
    const struct str nothing = {NULL, 0};
    if (whole && has_exponent(raw))
        return nothing;
    json_t *number = parse(raw, NULL);
    double value = json_real_value(number);
    struct str text = nothing;
    if (!json_is_real(number)) {
        json_decref(number);
        return nothing;
    }
    if (value >= -exact && value <= exact && value == (double)(json_int_t)value) {
        text = put_whole(leaves, (json_int_t)value);
    } else if (!whole && leaves->number_count < JSON_LEAVES_MAX) {
        char *out = leaves->numbers[leaves->number_count++];
        size_t len =
            json_dumpb(number, out, JSON_NUMBER_MAX, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
        text = len && len <= JSON_NUMBER_MAX ? (struct str){out, len} : nothing;
    }
    json_decref(number);
    return text;
}

void json_member_key_read(struct json_member_key *key, struct str raw) {
    *key = (struct json_member_key){.text = {NULL, 0}};
    if (!is_quoted(raw))
        return;
    key->text = inside_quotes(raw);
    if (key->text.len == 0 || !memchr(key->text.data, '\\', key->text.len))
        return;
    json_t *text = parse(raw, NULL);
    key->parsed = text;
    key->text = (struct str){json_string_value(text), json_string_length(text)};
}

void json_member_key_free(struct json_member_key *key) {
    json_decref(key->parsed);
}

void json_leaves_release(struct json_leaves *leaves) {
    while (leaves->count)
        json_decref(leaves->parsed[--leaves->count]);
    hash_wipe(leaves->numbers, leaves->number_count * JSON_NUMBER_MAX);
    leaves->number_count = 0;
}
