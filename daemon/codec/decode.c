// SPDX-License-Identifier: EUPL-1.2
// Native JSON and NDJSON. The body is cut into items by a small scan (brackets and strings only),
// which bounds an item's size and depth before the parser sees it and keeps no tree larger than one
// item.
#include "codec/decode.h"

#include "codec/json_scan.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_TEXT_MAX = 24, NUMBERS_MAX = 5 };

// What a field may be in JSON. null is always the same as absent.
enum field_kind {
    FIELD_TEXT,           // string
    FIELD_TEXT_OR_NUMBER, // string or whole number
    FIELD_CATEGORIES,     // string or list of strings
    FIELD_BOOL,
    FIELD_OBJECT,  // of fields
    FIELD_REFUSED, // must not be sent
};

struct json_field {
    const char *name;
    const char *pointer;
    enum field_kind kind;
    size_t offset;                  // of the struct str in struct item
    const struct json_field *inner; // FIELD_OBJECT: its fields
};

#define AT(member) offsetof(struct item, member)
static const struct json_field victim_fields[] = {
    {"gender", "/victim/gender", FIELD_TEXT, AT(gender), NULL},
    {"age", "/victim/age", FIELD_TEXT_OR_NUMBER, AT(age), NULL},
    {"ageGroup", "/victim/ageGroup", FIELD_TEXT, AT(age_group), NULL},
    {"birthYear", "/victim/birthYear", FIELD_TEXT_OR_NUMBER, AT(birth_year), NULL},
    {"citizenship", "/victim/citizenship", FIELD_TEXT, AT(citizenship), NULL},
    {0},
};
static const struct json_field person_fields[] = {
    {"name", "/person/name", FIELD_TEXT, AT(person.name), NULL},
    {"birthDate", "/person/birthDate", FIELD_TEXT, AT(person.birth_date), NULL},
    {"nationality", "/person/nationality", FIELD_TEXT, AT(person.nationality), NULL},
    {"vNumber", "/person/vNumber", FIELD_TEXT_OR_NUMBER, AT(person.v_number), NULL},
    {"bsn", "/person/bsn", FIELD_REFUSED, 0, NULL},
    {"burgerservicenummer", "/person/bsn", FIELD_REFUSED, 0, NULL},
    {"citizenServiceNumber", "/person/bsn", FIELD_REFUSED, 0, NULL},
    {"sofinummer", "/person/bsn", FIELD_REFUSED, 0, NULL},
    {0},
};
static const struct json_field item_fields[] = {
    {"id", "/id", FIELD_TEXT_OR_NUMBER, AT(id), NULL},
    {"reported", "/reported", FIELD_TEXT, AT(reported), NULL},
    {"occurred", "/occurred", FIELD_TEXT, AT(occurred), NULL},
    {"municipality", "/municipality", FIELD_TEXT, AT(municipality), NULL},
    {"category", "/category", FIELD_CATEGORIES, 0, NULL},
    {"categories", "/categories", FIELD_CATEGORIES, 0, NULL},
    {"victim", "/victim", FIELD_OBJECT, 0, victim_fields},
    {"status", "/status", FIELD_TEXT, AT(status), NULL},
    {"updated", "/updated", FIELD_TEXT, AT(updated), NULL},
    {"person", "/person", FIELD_OBJECT, 0, person_fields},
    {"withdrawn", "/withdrawn", FIELD_BOOL, AT(withdrawn), NULL},
    {0},
};

struct decoder {
    const struct decode_options *options;
    void (*fn)(void *ctx, const struct decode_item *item);
    void *ctx;
    struct decode_result *result;
    struct decode_item item;
    char numbers[NUMBERS_MAX][NUMBER_TEXT_MAX];
    size_t number_count;
};

void decode_add_fault(struct decode_item *item, enum fault_code code, const char *pointer) {
    if (item->fault_count == DECODE_FAULTS_MAX)
        return;
    struct fault *fault = &item->faults[item->fault_count++];
    *fault = (struct fault){.index = item->index, .code = code};
    (void)strncpy(fault->pointer, pointer, sizeof fault->pointer - 1);
}

static struct str json_str(const json_t *value) {
    return (struct str){json_string_value(value), json_string_length(value)};
}

// A string, or a whole number as text; absent when it is neither.
static struct str text_of(struct decoder *d, const json_t *value, bool numbers) {
    if (json_is_string(value))
        return json_str(value);
    if (!numbers || !json_is_integer(value) || d->number_count == NUMBERS_MAX)
        return (struct str){NULL, 0};
    char *text = d->numbers[d->number_count++];
    int len = snprintf(text, NUMBER_TEXT_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return (struct str){text, (size_t)len};
}

static void add_category(struct decoder *d, const json_t *value) {
    struct item *item = &d->item.item;
    char pointer[] = "/categories/0";
    if (item->category_count == SIGNAL_CATEGORIES_MAX) {
        decode_add_fault(&d->item, FAULT_TOO_MANY, "/categories");
        return;
    }
    pointer[sizeof pointer - 2] = (char)('0' + item->category_count);
    if (!json_is_string(value))
        decode_add_fault(&d->item, FAULT_TYPE, pointer);
    item->categories[item->category_count++] = json_str(value); // keeps its place also when absent
}

static void add_categories(struct decoder *d, const struct json_field *field, const json_t *value) {
    size_t i;
    json_t *element;
    if (json_is_string(value)) {
        add_category(d, value);
    } else if (!json_is_array(value)) {
        decode_add_fault(&d->item, FAULT_TYPE, field->pointer);
    } else if (json_array_size(value) > SIGNAL_CATEGORIES_MAX) {
        decode_add_fault(&d->item, FAULT_TOO_MANY, field->pointer);
    } else {
        json_array_foreach(value, i, element) {
            add_category(d, element);
        }
    }
}

// Names are as written; but what must not be sent must not be sent as "BSN" either.
static const struct json_field *find_field(const struct json_field *fields, const char *name) {
    for (; fields->name; fields++)
        if (fields->kind == FIELD_REFUSED ? str_equal_nocase(str_from(fields->name), str_from(name))
                                          : strcmp(fields->name, name) == 0)
            return fields;
    return NULL;
}

static void take_text(struct decoder *d, const struct json_field *field, const json_t *value) {
    struct str text = text_of(d, value, field->kind == FIELD_TEXT_OR_NUMBER);
    if (text.data)
        memcpy((char *)&d->item.item + field->offset, &text, sizeof text);
    else
        decode_add_fault(&d->item, FAULT_TYPE, field->pointer);
}

static void take_refused(struct decoder *d, const struct json_field *field, const json_t *value) {
    bool empty = json_is_string(value) && str_trim(json_str(value)).len == 0;
    if (!empty)
        decode_add_fault(&d->item, FAULT_NOT_ACCEPTED, field->pointer);
}

static void take_field(struct decoder *d, const struct json_field *field, json_t *value);

static void take_inner(struct decoder *d, const struct json_field *field, json_t *value) {
    const char *name;
    json_t *member;
    if (!json_is_object(value)) {
        decode_add_fault(&d->item, FAULT_TYPE, field->pointer);
        return;
    }
    json_object_foreach(value, name, member) {
        const struct json_field *inner = find_field(field->inner, name);
        if (!inner)
            d->item.item.unknown_fields++;
        else if (!json_is_null(member))
            take_field(d, inner, member);
    }
}

static void take_field(struct decoder *d, const struct json_field *field, json_t *value) {
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_TEXT_OR_NUMBER:
        take_text(d, field, value);
        break;
    case FIELD_CATEGORIES:
        add_categories(d, field, value);
        break;
    case FIELD_BOOL:
        if (json_is_boolean(value))
            d->item.item.withdrawn = json_is_true(value);
        else
            decode_add_fault(&d->item, FAULT_TYPE, field->pointer);
        break;
    case FIELD_OBJECT:
        take_inner(d, field, value);
        break;
    case FIELD_REFUSED:
        take_refused(d, field, value);
        break;
    }
}

void decode_failure_text(const struct decode_result *result, char out[DECODE_FAILURE_MAX]) {
    char more[32] = "";
    if (result->more)
        (void)snprintf(more, sizeof more, " and %u more", result->more);
    (void)snprintf(out, DECODE_FAILURE_MAX, "in or before line %u%s: it %s%s%s", result->line, more,
                   fault_code_text(result->fault), result->missing[0] ? ": " : "", result->missing);
}

int decode_cursor_compare(struct str a, struct str b) {
    uint64_t x, y;
    if (str_to_u64(a, UINT64_MAX, &x) && str_to_u64(b, UINT64_MAX, &y))
        return x < y ? -1 : x > y;
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

// Numbers, dates and times only: a cursor goes into URLs and shows in answers to operators.
static bool is_cursor(struct str text) {
    if (text.len == 0 || text.len > DECODE_CURSOR_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (!(c >= '0' && c <= '9') && !strchr("TtZz:.+-", c))
            return false;
    }
    return true;
}

static void take_cursor(struct decoder *d, const json_t *value) {
    struct str text = text_of(d, value, true);
    struct str watermark = str_from(d->result->cursor);
    if (!text.data || !is_cursor(text) ||
        (watermark.len && decode_cursor_compare(text, watermark) <= 0))
        return;
    memcpy(d->result->cursor, text.data, text.len);
    d->result->cursor[text.len] = '\0';
}

// A watermark by the name of "updated" may be a number that only counts.
static bool is_counter(const struct json_field *field, const json_t *value) {
    int64_t ms;
    int32_t day;
    return field->offset == AT(updated) &&
           !(json_is_string(value) &&
             (time_parse_date(json_str(value), &day) || time_parse_stamp(json_str(value), &ms)));
}

static void decode_object(struct decoder *d, json_t *object) {
    struct str cursor_field = d->options->cursor_field;
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        const struct json_field *field = find_field(item_fields, name);
        bool is_watermark = cursor_field.data && str_is(cursor_field, name);
        if (is_watermark)
            take_cursor(d, value);
        if (!field && !is_watermark)
            d->item.item.unknown_fields++;
        else if (field && !json_is_null(value) && !(is_watermark && is_counter(field, value)))
            take_field(d, field, value);
    }
}

static void fail(struct decoder *d, enum fault_code code) {
    d->result->failed = true;
    d->result->fault = code;
}

// One element of the batch. False when the body as a whole is broken.
static bool decode_element(struct decoder *d, struct str text, enum fault_code scanned) {
    if (d->result->items == d->options->limits.items_max) {
        fail(d, FAULT_TOO_MANY);
        return false;
    }
    d->item = (struct decode_item){.index = d->result->items++};
    d->number_count = 0;
    json_t *object = NULL;
    if (scanned != FAULT_COUNT) {
        decode_add_fault(&d->item, scanned, "");
    } else {
        json_error_t error;
        object = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
        // The scan has found where it ends, so what is wrong inside is this item's alone.
        if (!object)
            decode_add_fault(&d->item, FAULT_SYNTAX, "");
        else if (!json_is_object(object))
            decode_add_fault(&d->item, FAULT_TYPE, "");
        else
            decode_object(d, object);
    }
    d->fn(d->ctx, &d->item);
    json_decref(object);
    return true;
}

// Why a piece must not be parsed; FAULT_COUNT when it may.
static enum fault_code scanned(const struct decoder *d, struct str value, uint32_t depth) {
    const struct decode_limits *limits = &d->options->limits;
    if (value.len > limits->item_bytes_max)
        return FAULT_TOO_LONG;
    return depth > limits->depth_max ? FAULT_SYNTAX : FAULT_COUNT;
}

// Behind '['. True when the array ended properly.
static bool decode_array(struct decoder *d, struct json_scan *scan) {
    struct str value;
    uint32_t depth;
    enum json_scan_next next;
    for (bool first = true;
         (next = json_scan_element(scan, first, &value, &depth)) == JSON_SCAN_VALUE; first = false)
        if (!decode_element(d, value, scanned(d, value, depth)))
            return false;
    if (next == JSON_SCAN_BROKEN)
        fail(d, FAULT_SYNTAX);
    return next == JSON_SCAN_END;
}

static bool decode_single(struct decoder *d, struct json_scan *scan) {
    struct str value;
    uint32_t depth;
    d->result->single = true;
    if (json_scan_value(scan, &value, &depth))
        return decode_element(d, value, scanned(d, value, depth));
    fail(d, FAULT_SYNTAX);
    return false;
}

static void decode_json(struct decoder *d, struct str body) {
    struct json_scan scan = {body, 1};
    bool ok = false;
    json_scan_space(&scan);
    char c = scan.rest.len ? scan.rest.data[0] : '\0';
    if (c == '[') {
        scan.rest = (struct str){scan.rest.data + 1, scan.rest.len - 1};
        ok = decode_array(d, &scan);
    } else if (c == '{') {
        ok = decode_single(d, &scan);
    } else {
        fail(d, scan.rest.len ? FAULT_TYPE : FAULT_SYNTAX);
    }
    if (ok)
        json_scan_space(&scan);
    if (ok && scan.rest.len)
        fail(d, FAULT_SYNTAX);
    d->result->line = scan.line;
}

static void decode_ndjson(struct decoder *d, struct str rest) {
    struct str line;
    while (str_split(&rest, '\n', &line)) {
        d->result->line++;
        struct json_scan scan = {line, 1};
        struct str value = {NULL, 0};
        uint32_t depth;
        json_scan_space(&scan);
        if (scan.rest.len == 0)
            continue;
        enum fault_code fault = FAULT_SYNTAX;
        if (json_scan_value(&scan, &value, &depth))
            fault = scanned(d, value, depth);
        json_scan_space(&scan);
        if (scan.rest.len)
            fault = FAULT_SYNTAX;
        if (line.len > d->options->limits.item_bytes_max)
            fault = FAULT_TOO_LONG;
        if (!decode_element(d, value, fault))
            return;
    }
}

void decode_items(struct str body, const struct decode_options *options,
                  void (*fn)(void *ctx, const struct decode_item *item), void *ctx,
                  struct decode_result *result) {
    *result = (struct decode_result){.fault = FAULT_COUNT};
    struct decoder decoder = {.options = options, .fn = fn, .ctx = ctx, .result = result};
    if (options->format == DECODE_NDJSON)
        decode_ndjson(&decoder, body);
    else
        decode_json(&decoder, body);
    hash_wipe(decoder.numbers, sizeof decoder.numbers); // a V-number may have been one
}
