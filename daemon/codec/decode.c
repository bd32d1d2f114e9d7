// SPDX-License-Identifier: EUPL-1.2
// Native JSON and NDJSON. The body is cut into items, and an item into its members, by a small scan
// (brackets and strings only), which bounds size and depth. Only the values of members that we know
// are read: what is wrong in another costs nothing, and what is wrong in one item is its own fault.
#include "codec/decode.h"

#include "codec/cloudevent.h"
#include "codec/door.h"
#include "codec/json_scan.h"
#include "codec/places.h"
#include "json_leaf.h"

#include <stddef.h>
#include <string.h>

// What a field may be in JSON. null is always the same as absent.
enum field_kind {
    FIELD_TEXT,           // string
    FIELD_TEXT_OR_NUMBER, // string or whole number
    FIELD_SCALAR,         // string, number, true or false: a table or list reads it
    FIELD_ATTRIBUTE,  // whatever it is: what cannot be read is unknown, and never costs the item
    FIELD_CATEGORIES, // string or list of strings
    FIELD_BOOL,
    FIELD_OBJECT,  // of fields
    FIELD_REFUSED, // must not be sent
    FIELD_FOREIGN, // what has it is no signal, but something around one
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
    {"gender", "/victim/gender", FIELD_ATTRIBUTE, AT(gender), NULL},
    {"age", "/victim/age", FIELD_ATTRIBUTE, AT(age), NULL},
    {"ageGroup", "/victim/ageGroup", FIELD_ATTRIBUTE, AT(age_group), NULL},
    {"birthYear", "/victim/birthYear", FIELD_ATTRIBUTE, AT(birth_year), NULL},
    {"citizenship", "/victim/citizenship", FIELD_ATTRIBUTE, AT(citizenship), NULL},
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
    {"municipality", "/municipality", FIELD_SCALAR, AT(municipality), NULL},
    {"category", "/category", FIELD_CATEGORIES, 0, NULL},
    {"categories", "/categories", FIELD_CATEGORIES, 0, NULL},
    {"victim", "/victim", FIELD_OBJECT, 0, victim_fields},
    {"status", "/status", FIELD_TEXT, AT(status), NULL},
    {"consent", "/consent", FIELD_SCALAR, AT(consent), NULL},
    {"updated", "/updated", FIELD_TEXT, AT(updated), NULL},
    {"person", "/person", FIELD_OBJECT, 0, person_fields},
    {"withdrawn", "/withdrawn", FIELD_BOOL, AT(withdrawn), NULL},
    {"specversion", "/specversion", FIELD_FOREIGN, 0, NULL},
    {0},
};

struct decoder {
    const struct decode_options *options;
    void (*fn)(void *ctx, const struct decode_item *item);
    void *ctx;
    struct decode_result *result;
    struct decode_item item;
    struct json_leaves leaves; // of the item
    struct cloudevent *event;  // that the item is the data of; NULL: of none
};

void decode_add_fault(struct decode_item *item, enum fault_code code, const char *pointer) {
    if (item->fault_count == DECODE_FAULTS_MAX)
        return;
    struct fault *fault = &item->faults[item->fault_count++];
    *fault = (struct fault){.index = item->index, .code = code};
    (void)strncpy(fault->pointer, pointer, sizeof fault->pointer - 1);
}

static bool is_null(struct str raw) {
    return str_is(raw, "null");
}

static struct json_leaf leaf_of(struct decoder *d, struct str raw) {
    return json_leaf_read(&d->leaves, raw);
}

static void add_type_fault(struct decoder *d, const struct json_leaf *leaf, const char *pointer) {
    decode_add_fault(&d->item, json_leaf_fault(leaf), pointer);
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

static void take_cursor(struct decoder *d, struct str raw) {
    struct str text = leaf_of(d, raw).text;
    struct str watermark = str_from(d->result->cursor);
    if (!text.data || !is_cursor(text) ||
        (watermark.len && decode_cursor_compare(text, watermark) <= 0))
        return;
    memcpy(d->result->cursor, text.data, text.len);
    d->result->cursor[text.len] = '\0';
}

// A watermark by the name of "updated" may be a number that only counts.
static bool is_counter(struct decoder *d, const struct json_field *field, struct str raw) {
    int64_t ms;
    int32_t day;
    if (field->offset != AT(updated))
        return false;
    struct json_leaf leaf = leaf_of(d, raw);
    return !(leaf.kind == JSON_KIND_TEXT &&
             (time_parse_date(leaf.text, &day) || time_parse_said(leaf.text, &ms)));
}

static void add_category(struct decoder *d, struct str raw) {
    struct item *item = &d->item.item;
    char pointer[] = "/categories/0";
    if (item->category_count == SIGNAL_CATEGORIES_MAX) {
        decode_add_fault(&d->item, FAULT_TOO_MANY, "/categories");
        return;
    }
    struct json_leaf leaf = leaf_of(d, raw);
    pointer[sizeof pointer - 2] = (char)('0' + item->category_count);
    if (leaf.kind != JSON_KIND_TEXT) {
        add_type_fault(d, &leaf, pointer);
        leaf.text = (struct str){NULL, 0}; // keeps its place
    }
    item->categories[item->category_count++] = leaf.text;
}

// The elements of a list; more than there may be of categories are not counted. False when broken.
static bool cut_list(struct str list, struct str *elements, size_t *count) {
    struct json_scan scan = {{list.data + 1, list.len - 1}, 1};
    struct str value;
    uint32_t depth;
    enum json_scan_next next;
    for (*count = 0;
         (next = json_scan_element(&scan, *count == 0, &value, &depth)) == JSON_SCAN_VALUE;) {
        if (*count == SIGNAL_CATEGORIES_MAX + 1)
            return true;
        elements[(*count)++] = value;
    }
    return next == JSON_SCAN_END && scan.rest.len == 0;
}

static void add_categories(struct decoder *d, const struct json_field *field, struct str raw) {
    struct str elements[SIGNAL_CATEGORIES_MAX + 1];
    size_t count;
    struct json_leaf leaf = leaf_of(d, raw);
    if (leaf.kind == JSON_KIND_TEXT) {
        add_category(d, raw);
    } else if (leaf.kind != JSON_KIND_LIST) {
        add_type_fault(d, &leaf, field->pointer);
    } else if (!cut_list(raw, elements, &count)) {
        decode_add_fault(&d->item, FAULT_SYNTAX, field->pointer);
    } else if (count > SIGNAL_CATEGORIES_MAX) {
        decode_add_fault(&d->item, FAULT_TOO_MANY, field->pointer);
    } else {
        for (size_t i = 0; i < count; i++)
            add_category(d, elements[i]);
    }
}

// Names are as written; but what must not be sent must not be sent as "BSN" either.
static bool is_named(const struct json_field *field, struct str key) {
    if (field->kind == FIELD_REFUSED)
        return str_equal_nocase(str_from(field->name), key);
    return key.len && key.data[0] == field->name[0] && str_is(key, field->name);
}

static const struct json_field *find_field(const struct json_field *fields, struct str key) {
    for (; fields->name; fields++)
        if (is_named(fields, key))
            return fields;
    return NULL;
}

// What the value says in a field of this kind; absent when it is of another type.
static struct str text_for(struct decoder *d, enum field_kind kind, const struct json_leaf *leaf,
                           struct str raw) {
    struct str text = {NULL, 0};
    if (leaf->kind == JSON_KIND_TEXT || (leaf->kind == JSON_KIND_WHOLE && kind != FIELD_TEXT))
        return leaf->text;
    if (leaf->kind == JSON_KIND_FRACTION && kind != FIELD_TEXT) // 30.0 is whole
        text = json_leaf_number(&d->leaves, raw, true);
    if ((leaf->kind == JSON_KIND_TRUE || leaf->kind == JSON_KIND_FALSE) && kind == FIELD_SCALAR)
        text = raw;
    return text.data || kind != FIELD_ATTRIBUTE ? text : raw;
}

static void take_text(struct decoder *d, const struct json_field *field, struct str raw) {
    struct json_leaf leaf = leaf_of(d, raw);
    struct str text = text_for(d, field->kind, &leaf, raw);
    if (text.data)
        memcpy((char *)&d->item.item + field->offset, &text, sizeof text);
    else
        add_type_fault(d, &leaf, field->pointer);
}

static void take_refused(struct decoder *d, const struct json_field *field, struct str raw) {
    struct json_leaf leaf = leaf_of(d, raw);
    bool empty = leaf.kind == JSON_KIND_TEXT && str_trim(leaf.text).len == 0;
    if (!empty)
        decode_add_fault(&d->item, FAULT_NOT_ACCEPTED, field->pointer);
}

static void take_bool(struct decoder *d, const struct json_field *field, struct str raw) {
    struct json_leaf leaf = leaf_of(d, raw);
    if (leaf.kind == JSON_KIND_TRUE || leaf.kind == JSON_KIND_FALSE)
        d->item.item.withdrawn = leaf.kind == JSON_KIND_TRUE;
    else
        add_type_fault(d, &leaf, field->pointer);
}

static void take_field(struct decoder *d, const struct json_field *field, struct str raw);

// It is neither the one nor the other: an item whose id is there twice has no id.
static void refuse_repeated(struct decoder *d, const struct json_field *field) {
    decode_add_fault(&d->item, FAULT_REPEATED, field->pointer);
    if (field->kind <= FIELD_ATTRIBUTE) // one text
        memset((char *)&d->item.item + field->offset, 0, sizeof(struct str));
}

// A member of the item (`fields` is item_fields) or of an object in it; its key is absent when it
// cannot be read. `seen` has a bit for each field.
// The id of an event is its signal's. Another one in the data is of no use, and counted.
static void take_inner_id(struct decoder *d, struct str raw) {
    struct str id = leaf_of(d, raw).text;
    d->item.item.unknown_fields +=
        !id.data || !str_equal(id, (struct str){d->event->id.text, d->event->id.len});
}

static void take_member(struct decoder *d, const struct json_field *fields, struct str key,
                        struct str raw, uint32_t *seen) {
    if (d->event && fields == item_fields && str_is(key, "id")) {
        take_inner_id(d, raw);
        return;
    }
    const struct json_field *field = find_field(fields, key);
    bool is_watermark = fields == item_fields && d->options->cursor_field.data &&
                        str_equal(key, d->options->cursor_field);
    if (is_watermark)
        take_cursor(d, raw);
    if (!field) {
        d->item.item.unknown_fields += !is_watermark;
        if (d->options->places && !is_watermark)
            places_add_unknown(d->options->places, key, 0);
        return;
    }
    uint32_t bit = 1u << (field - fields);
    if (*seen & bit && field->kind != FIELD_REFUSED)
        refuse_repeated(d, field);
    else if (!is_null(raw) && !(is_watermark && is_counter(d, field, raw)))
        take_field(d, field, raw);
    *seen |= bit;
}

static void take_members(struct decoder *d, const struct json_field *fields, struct str object,
                         const char *pointer) {
    struct json_scan scan = {{object.data + 1, object.len - 1}, 1};
    struct str raw, value;
    uint32_t seen = 0;
    enum json_scan_next next;
    for (bool first = true;
         (next = json_scan_member(&scan, first, &raw, &value)) == JSON_SCAN_VALUE; first = false) {
        struct json_member_key key;
        json_member_key_read(&key, raw);
        take_member(d, fields, key.text, value, &seen);
        json_member_key_free(&key);
    }
    if (next == JSON_SCAN_BROKEN || scan.rest.len)
        decode_add_fault(&d->item, FAULT_SYNTAX, pointer);
}

static void take_field(struct decoder *d, const struct json_field *field, struct str raw) {
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_TEXT_OR_NUMBER:
    case FIELD_SCALAR:
    case FIELD_ATTRIBUTE:
        take_text(d, field, raw);
        break;
    case FIELD_CATEGORIES:
        add_categories(d, field, raw);
        break;
    case FIELD_BOOL:
        take_bool(d, field, raw);
        break;
    case FIELD_OBJECT:
        if (raw.data[0] == '{')
            take_members(d, field->inner, raw, field->pointer);
        else
            decode_add_fault(&d->item, FAULT_TYPE, field->pointer);
        break;
    case FIELD_REFUSED:
        take_refused(d, field, raw);
        break;
    case FIELD_FOREIGN:
        decode_add_fault(&d->item, FAULT_FORM, field->pointer);
        break;
    }
}

static void fail(struct decoder *d, enum fault_code code) {
    d->result->failed = true;
    d->result->fault = code;
}

static void add_no_object(struct decoder *d, struct str text) {
    struct json_leaf leaf = leaf_of(d, text);
    decode_add_fault(&d->item, leaf.kind == JSON_KIND_BROKEN ? FAULT_SYNTAX : FAULT_TYPE, "");
}

// What the attributes say goes before what the data says.
static void take_attributes(struct decoder *d, const struct cloudevent *event) {
    struct item *item = &d->item.item;
    struct str source = {event->source.text, event->source.len};
    for (size_t i = 0; i < event->fault_count; i++)
        decode_add_fault(&d->item, event->faults[i].code, event->faults[i].pointer);
    item->unknown_fields += event->dropped;
    if (event->id.len)
        item->id = (struct str){event->id.text, event->id.len};
    if (!d->options->event_source.data)
        item->scope = source;
    else if (source.len && !str_equal(source, d->options->event_source))
        decode_add_fault(&d->item, FAULT_NOT_YOURS, "/source");
}

static void take_event(struct decoder *d, struct str text) {
    struct cloudevent *event = d->event;
    if (d->options->format != DECODE_EVENT_DATA)
        cloudevent_read(event, &d->leaves, text);
    take_attributes(d, event);
    if (d->options->format == DECODE_EVENT_DATA)
        take_members(d, item_fields, text, "");
    else if (event->data.data && event->data.data[0] == '{')
        take_members(d, item_fields, event->data, "/data");
    else if (event->data.data)
        decode_add_fault(&d->item, FAULT_TYPE, "/data");
}

// One element of the batch. False when the body as a whole is broken.
static bool decode_element(struct decoder *d, struct str text, enum fault_code scanned) {
    if (d->result->items == d->options->limits.items_max) {
        fail(d, FAULT_TOO_MANY);
        return false;
    }
    d->item = (struct decode_item){.index = d->result->items++, .line = d->result->line};
    if (scanned != FAULT_COUNT)
        decode_add_fault(&d->item, scanned, "");
    else if (text.data[0] != '{')
        add_no_object(d, text);
    else if (d->event)
        take_event(d, text);
    else
        take_members(d, item_fields, text, "");
    d->fn(d->ctx, &d->item);
    json_leaves_release(&d->leaves);
    if (d->event)
        cloudevent_release(d->event);
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
    enum decode_format format = d->options->format;
    if (c == '[' && (format == DECODE_JSON || format == DECODE_EVENTS)) {
        scan.rest = (struct str){scan.rest.data + 1, scan.rest.len - 1};
        ok = decode_array(d, &scan);
    } else if (c == '{' && format != DECODE_EVENTS) {
        ok = decode_single(d, &scan);
    } else {
        fail(d, scan.rest.len ? FAULT_TYPE : FAULT_SYNTAX);
        d->result->place = scan.rest.len ? "" : "empty";
    }
    if (ok)
        json_scan_space(&scan);
    if (ok && scan.rest.len) {
        fail(d, FAULT_SYNTAX);
        d->result->place = d->result->single ? "behind" : "";
    }
    d->result->line = scan.line;
}

static void decode_ndjson(struct decoder *d, struct str rest) {
    struct str line;
    while (str_split(&rest, '\n', &line)) {
        d->result->line++;
        struct json_scan scan = {door_without_marks(line), 1};
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
    *result = (struct decode_result){.fault = FAULT_COUNT, .place = ""};
    struct decoder decoder = {.options = options, .fn = fn, .ctx = ctx, .result = result};
    struct cloudevent event; // of the JSON format: one after the other
    if (options->format == DECODE_EVENT_DATA) {
        decoder.event = options->event;
    } else if (options->format >= DECODE_EVENT) {
        cloudevent_begin(&event);
        decoder.event = &event;
    }
    if (options->format == DECODE_NDJSON)
        decode_ndjson(&decoder, body);
    else
        decode_json(&decoder, body);
}
