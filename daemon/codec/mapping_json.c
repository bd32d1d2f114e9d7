// SPDX-License-Identifier: EUPL-1.2
// JSON and NDJSON pages. The array of items is cut out of the page, the rest (the frame) is parsed
// by itself and the items one by one: so a page of 32 MiB of brackets is never a tree in memory,
// and an item that the parser refuses for what it says does not stop its page.
#include "codec/json_scan.h"
#include "mapping_private.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum {
    FRAME_ITEMS = 16, // a frame may be as large as so many of the largest items
    NUMBER_TEXT_MAX = 32,
};

static const struct str nothing = {NULL, 0};

struct json_walk {
    struct mapper *m;
    bool objects; // there was an item that is an object
    char numbers[SIGNAL_CATEGORIES_MAX + 1][NUMBER_TEXT_MAX];
    char number_of[MAPPING_FIELDS][NUMBER_TEXT_MAX];
};

// Is the reference token of a JSON Pointer this key? "~1" stands for '/', "~0" for '~'.
static bool token_is(struct str token, struct str key) {
    size_t k = 0;
    for (size_t i = 0; i < token.len; i++, k++) {
        char c = token.data[i];
        if (c == '~' && i + 1 < token.len)
            c = token.data[++i] == '1' ? '/' : '~';
        if (k == key.len || key.data[k] != c)
            return false;
    }
    return k == key.len;
}

static bool token_index(struct str token, uint64_t *index) {
    return (token.len == 1 || (token.len && token.data[0] != '0')) &&
           str_to_u64(token, UINT32_MAX, index);
}

// Takes the first token off a pointer. False when the pointer is at its end, or is none.
static bool take_token(struct str *pointer, struct str *token) {
    if (pointer->len == 0 || pointer->data[0] != '/')
        return false;
    struct str rest = {pointer->data + 1, pointer->len - 1};
    const char *end = rest.len ? memchr(rest.data, '/', rest.len) : NULL;
    *token = (struct str){rest.data, end ? (size_t)(end - rest.data) : rest.len};
    *pointer = (struct str){rest.data + token->len, rest.len - token->len};
    return true;
}

static json_t *member_of(json_t *object, struct str token) {
    const char *key;
    size_t len;
    json_t *value;
    if (!memchr(token.data, '~', token.len))
        return json_object_getn(object, token.data, token.len);
    json_object_keylen_foreach(object, key, len, value) {
        if (token_is(token, (struct str){key, len}))
            return value;
    }
    return NULL;
}

// RFC 6901. NULL when there is nothing there.
static json_t *resolve(json_t *value, const char *pointer) {
    struct str rest = str_from(pointer), token;
    while (value && take_token(&rest, &token)) {
        uint64_t index;
        if (json_is_object(value))
            value = member_of(value, token);
        else if (json_is_array(value) && token_index(token, &index))
            value = json_array_get(value, (size_t)index);
        else
            value = NULL;
    }
    return rest.len ? NULL : value;
}

static struct str put_integer(json_int_t value, char out[NUMBER_TEXT_MAX]) {
    int len = snprintf(out, NUMBER_TEXT_MAX, "%" JSON_INTEGER_FORMAT, value);
    return (struct str){out, (size_t)len};
}

static struct str put_real(double value, bool fraction, char out[NUMBER_TEXT_MAX]) {
    const double exact = 9007199254740992.0; // 2^53
    if (value >= -exact && value <= exact && value == (double)(json_int_t)value)
        return put_integer((json_int_t)value, out);
    if (!fraction)
        return nothing;
    json_t *real = json_real(value);
    size_t len =
        real ? json_dumpb(real, out, NUMBER_TEXT_MAX, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15))
             : 0;
    json_decref(real);
    return len && len <= NUMBER_TEXT_MAX ? (struct str){out, len} : nothing;
}

// Absent when it is no text, number or boolean.
static struct str text_of(const json_t *value, bool fraction, char number[NUMBER_TEXT_MAX]) {
    switch (json_typeof(value)) {
    case JSON_STRING:
        return (struct str){json_string_value(value), json_string_length(value)};
    case JSON_INTEGER:
        return put_integer(json_integer_value(value), number);
    case JSON_REAL:
        return put_real(json_real_value(value), fraction, number);
    case JSON_TRUE:
        return STR("true");
    case JSON_FALSE:
        return STR("false");
    default:
        return nothing;
    }
}

static const char *note_of(const json_t *value) {
    return json_is_object(value) ? "{...}" : json_is_array(value) ? "[...]" : "a fraction";
}

static void take_one(struct json_walk *walk, enum mapping_field field, const json_t *value) {
    struct mapper *m = walk->m;
    bool fraction = field == MAPPING_REPORTED || field == MAPPING_OCCURRED ||
                    field == MAPPING_BIRTH_DATE || field == MAPPING_WATERMARK;
    if (!value || json_is_null(value)) {
        mapper_take(m, field, NULL, 0);
        return;
    }
    struct str text = text_of(value, fraction, walk->number_of[field]);
    if (text.data) {
        mapper_take(m, field, &text, 1);
        return;
    }
    mapper_note(m, field, note_of(value));
    if (field != MAPPING_WATERMARK)
        mapper_fault(m, FAULT_TYPE, mapper_pointer(field));
}

// One more than allowed is passed on, so that it is told.
static void take_list(struct json_walk *walk, const json_t *list) {
    struct str raw[SIGNAL_CATEGORIES_MAX + 1];
    size_t count = 0, i;
    json_t *element;
    json_array_foreach(list, i, element) {
        if (json_is_null(element))
            continue;
        if (count == SIGNAL_CATEGORIES_MAX + 1)
            break;
        raw[count] = text_of(element, false, walk->numbers[count]);
        if (raw[count].data)
            count++;
        else
            mapper_fault(walk->m, FAULT_TYPE, mapper_pointer(MAPPING_CATEGORY));
    }
    mapper_take(walk->m, MAPPING_CATEGORY, raw, count);
}

// Does a rule or a skip look into this member?
static bool is_used(const struct mapping *mapping, struct str key) {
    for (size_t i = 0; i < MAPPING_FIELDS + mapping->skip_count; i++) {
        struct str token,
            pointer = str_from(i < MAPPING_FIELDS ? mapping->rules[i].from
                                                  : mapping->skips[i - MAPPING_FIELDS].from);
        if (take_token(&pointer, &token) && token_is(token, key))
            return true;
    }
    return false;
}

static void read_object(struct json_walk *walk, json_t *object) {
    struct mapper *m = walk->m;
    const struct mapping *mapping = m->mapping;
    char number[NUMBER_TEXT_MAX];
    const char *key;
    size_t len;
    json_t *value;
    walk->objects = true;
    for (size_t i = 0; i < mapping->skip_count; i++) {
        value = resolve(object, mapping->skips[i].from);
        if (value)
            mapper_skip(m, i, text_of(value, true, number));
    }
    for (int field = 0; field < MAPPING_FIELDS; field++) {
        const char *from = mapping->rules[field].from;
        value = from ? resolve(object, from) : NULL;
        m->seen[field] = m->seen[field] || value;
        if (field == MAPPING_CATEGORY && json_is_array(value))
            take_list(walk, value);
        else
            take_one(walk, (enum mapping_field)field, value);
    }
    json_object_keylen_foreach(object, key, len, value) {
        if (!is_used(mapping, (struct str){key, len}))
            m->item.item.unknown_fields++;
    }
}

// Well-formed, but it says what we do not take: the items around it are whole.
static bool is_refusal(enum json_error_code code) {
    return code == json_error_duplicate_key || code == json_error_numeric_overflow ||
           code == json_error_null_character || code == json_error_null_byte_in_key ||
           code == json_error_invalid_utf8;
}

static uint32_t count_lines(const char *from, const char *to) {
    uint32_t lines = 0;
    for (; from < to; from++)
        lines += *from == '\n';
    return lines;
}

// One item. False when the page as a whole is broken.
static bool read_item(struct json_walk *walk, struct str text, uint32_t depth, bool whole) {
    struct mapper *m = walk->m;
    json_error_t error;
    json_t *object = NULL;
    if (!mapper_begin(m))
        return false;
    if (text.len > m->limits->item_bytes_max) {
        mapper_fault(m, FAULT_TOO_LONG, "");
    } else if (!whole || depth > m->limits->depth_max) {
        mapper_fault(m, FAULT_SYNTAX, "");
    } else {
        object = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
        if (!object && m->mapping->format == MAPPING_JSON && !is_refusal(json_error_code(&error))) {
            uint32_t within = error.line > 0 ? (uint32_t)error.line - 1 : 0;
            mapper_fail(m, FAULT_SYNTAX, m->result->decoded.line + within);
            return false;
        }
        if (!object)
            mapper_fault(m, FAULT_SYNTAX, "");
        else if (!json_is_object(object))
            mapper_fault(m, FAULT_TYPE, "");
        else
            read_object(walk, object);
    }
    mapper_end(m);
    hash_wipe(walk->number_of, sizeof walk->number_of); // a V-number may have been one
    json_decref(object);
    return true;
}

// An answer of other objects altogether, such as an error told with status 200, is no page: taken
// for one it would move the cursor.
static void check_places(const struct json_walk *walk) {
    const struct decode_result *decoded = &walk->m->result->decoded;
    if (!decoded->failed && walk->objects)
        mapper_check_places(walk->m, decoded->line);
}

static bool key_is(struct str quoted, struct str token) {
    struct str key = {quoted.data + 1, quoted.len - 2};
    if (key.len == 0 || !memchr(key.data, '\\', key.len))
        return token_is(token, key);
    json_t *text = json_loadb(quoted.data, quoted.len, JSON_DECODE_ANY, NULL);
    bool same =
        text && token_is(token, (struct str){json_string_value(text), json_string_length(text)});
    json_decref(text);
    return same;
}

// What `token` names in the object or array that scan is at.
static bool find_step(struct json_scan *scan, struct str token, struct str *found) {
    struct json_scan inside = *scan;
    struct str key;
    uint64_t index, at = 0;
    uint32_t depth;
    char c = inside.rest.len ? inside.rest.data[0] : '\0';
    if (c != '{' && (c != '[' || !token_index(token, &index)))
        return false;
    inside.rest = (struct str){inside.rest.data + 1, inside.rest.len - 1};
    for (bool first = true;; first = false) {
        enum json_scan_next next = c == '{' ? json_scan_member(&inside, first, &key, found)
                                            : json_scan_element(&inside, first, found, &depth);
        if (next != JSON_SCAN_VALUE)
            return false;
        if (c == '{' ? key_is(key, token) : at++ == index)
            break;
    }
    *scan = (struct json_scan){*found, 1};
    return true;
}

// The text of the array of items within the page. False when it is not there, or not whole.
static bool find_items(struct str body, const char *pointer, struct str *array) {
    struct json_scan scan = {body, 1};
    struct str rest = str_from(pointer), token;
    uint32_t depth;
    json_scan_space(&scan);
    while (take_token(&rest, &token))
        if (!find_step(&scan, token, array))
            return false;
    return rest.len == 0 && scan.rest.len && scan.rest.data[0] == '[' &&
           json_scan_value(&scan, array, &depth);
}

// False when the text ends before its brackets do.
static bool is_whole(struct str text) {
    struct json_scan scan = {text, 1};
    struct str value;
    uint32_t depth;
    json_scan_space(&scan);
    return json_scan_value(&scan, &value, &depth);
}

// Parses the page without its items, which become []. NULL when the page has failed.
static json_t *read_frame(struct mapper *m, struct str body, struct str array) {
    struct buf frame;
    json_error_t error;
    json_t *root = NULL;
    size_t before = array.data ? (size_t)(array.data - body.data) : body.len;
    buf_init(&frame, m->limits->item_bytes_max * FRAME_ITEMS);
    buf_put(&frame, body.data, before);
    if (array.data) {
        buf_puts(&frame, "[]");
        buf_put(&frame, array.data + array.len, body.len - before - array.len);
    }
    if (frame.overflow) {
        mapper_fail(m, is_whole(body) ? FAULT_TOO_LONG : FAULT_SYNTAX, 1);
    } else {
        root = json_loadb(frame.len ? frame.data : "", frame.len, JSON_REJECT_DUPLICATES, &error);
        if (!root) {
            uint32_t line = error.line > 0 ? (uint32_t)error.line : 1;
            if (array.data && error.position > 0 && (size_t)error.position > before)
                line += count_lines(array.data, array.data + array.len);
            mapper_fail(m, FAULT_SYNTAX, line);
        }
    }
    buf_free(&frame);
    return root;
}

// A URL or a token; null, false and nothing mean that this is the last page.
static void take_next(struct mapper *m, json_t *root) {
    char number[NUMBER_TEXT_MAX];
    json_t *value = m->mapping->next ? resolve(root, m->mapping->next) : NULL;
    if (!value || json_is_null(value) || json_is_false(value))
        return;
    struct str text = json_is_true(value) ? nothing : text_of(value, false, number);
    if (!text.data)
        mapper_fail(m, FAULT_TYPE, 1);
    else if (text.len > MAPPING_NEXT_MAX)
        mapper_fail(m, FAULT_TOO_LONG, 1);
    else if (!str_is_clean_utf8(text))
        mapper_fail(m, FAULT_BAD_CHARACTER, 1);
    else if (text.len)
        memcpy(m->result->next, text.data, text.len);
}

static void read_items(struct json_walk *walk, struct json_scan *scan) {
    struct decode_result *decoded = &walk->m->result->decoded;
    struct str text;
    uint32_t depth;
    enum json_scan_next next;
    for (bool first = true;
         (next = json_scan_element(scan, first, &text, &depth)) == JSON_SCAN_VALUE; first = false) {
        decoded->line = scan->line - count_lines(text.data, text.data + text.len);
        if (!read_item(walk, text, depth, true))
            return;
    }
    decoded->line = scan->line;
    if (next == JSON_SCAN_BROKEN)
        mapper_fail(walk->m, FAULT_SYNTAX, scan->line);
}

static struct str without_mark(struct str body) {
    if (body.len >= 3 && memcmp(body.data, "\xef\xbb\xbf", 3) == 0)
        return (struct str){body.data + 3, body.len - 3};
    return body;
}

void mapping_read_json(struct mapper *m, struct str body) {
    struct json_walk walk = {.m = m};
    struct str array = nothing;
    const char *pointer = m->mapping->items ? m->mapping->items : "";
    body = without_mark(body);
    if (!find_items(body, pointer, &array))
        array = nothing;
    json_t *root = read_frame(m, body, array);
    if (!root)
        return;
    const json_t *items = resolve(root, pointer);
    if (!items)
        mapper_fail(m, FAULT_REQUIRED, 1);
    else if (!json_is_array(items))
        mapper_fail(m, FAULT_TYPE, 1);
    else if (!array.data || json_array_size(items) > 0)
        mapper_fail(m, FAULT_SYNTAX, 1);
    else
        take_next(m, root);
    json_decref(root);
    if (m->result->decoded.failed)
        return;
    struct json_scan scan = {{array.data + 1, array.len - 1},
                             1 + count_lines(body.data, array.data)};
    read_items(&walk, &scan);
    check_places(&walk);
}

void mapping_read_ndjson(struct mapper *m, struct str body) {
    struct json_walk walk = {.m = m};
    struct str line, text;
    uint32_t depth = 0;
    body = without_mark(body);
    while (str_split(&body, '\n', &line)) {
        struct json_scan scan = {str_trim(line), 1};
        m->result->decoded.line++;
        if (scan.rest.len == 0)
            continue;
        bool whole = json_scan_value(&scan, &text, &depth);
        if (!read_item(&walk, str_trim(line), depth, whole))
            return;
    }
    check_places(&walk);
}
