// SPDX-License-Identifier: EUPL-1.2
// JSON and NDJSON pages. The array of items is cut out of the page, the items out of the array, and
// out of each item the values that the template's pointers name; nothing else is looked at, and
// nothing of the page becomes a tree in memory. What is wrong in an item is that item's fault. A
// page has failed when its items cannot be cut apart.
#include "codec/door.h"
#include "codec/json_scan.h"
#include "codec/places.h"
#include "json_leaf.h"
#include "json_pick.h"
#include "mapping_private.h"

#include <string.h>

static const struct str nothing = {NULL, 0};

struct json_walk {
    struct mapper *m;
    struct json_pick *pick; // of the rules, and behind them of the skips
    bool objects;           // there was an item that is an object
    struct json_leaves leaves;
    struct json_picked picked[MAPPING_FIELDS + MAPPING_LIST_MAX];
};

// Absent when it is no text, number or boolean.
static struct str text_of(struct json_walk *walk, const struct json_leaf *leaf, struct str raw,
                          bool whole) {
    switch (leaf->kind) {
    case JSON_KIND_TEXT:
    case JSON_KIND_WHOLE:
        return leaf->text;
    case JSON_KIND_FRACTION:
        return json_leaf_number(&walk->leaves, raw, whole);
    case JSON_KIND_TRUE:
        return STR("true");
    case JSON_KIND_FALSE:
        return STR("false");
    default:
        return nothing;
    }
}

static const char *note_of(enum json_kind kind) {
    return kind == JSON_KIND_OBJECT     ? "{...}"
           : kind == JSON_KIND_LIST     ? "[...]"
           : kind == JSON_KIND_FRACTION ? "a fraction"
                                        : "cannot be read";
}

static void take_one(struct json_walk *walk, enum mapping_field field, struct str raw,
                     const struct json_leaf *leaf) {
    struct mapper *m = walk->m;
    bool fraction = field == MAPPING_REPORTED || field == MAPPING_OCCURRED ||
                    field == MAPPING_BIRTH_DATE || field == MAPPING_WATERMARK;
    if (leaf->kind == JSON_KIND_NULL) {
        mapper_take(m, field, NULL, 0);
        return;
    }
    struct str text = text_of(walk, leaf, raw, !fraction);
    if (!text.data && field >= MAPPING_GENDER && field <= MAPPING_CITIZENSHIP)
        text = raw; // no word: it is unknown, and costs nothing
    if (text.data) {
        mapper_take(m, field, &text, 1);
        return;
    }
    mapper_note(m, field, note_of(leaf->kind));
    if (field != MAPPING_WATERMARK)
        mapper_fault(m, json_leaf_fault(leaf), mapper_pointer(field));
}

// One more than allowed is passed on, so that it is told.
static void take_list(struct json_walk *walk, struct str list) {
    struct json_scan scan = {{list.data + 1, list.len - 1}, 1};
    struct str raw[SIGNAL_CATEGORIES_MAX + 1], value;
    uint32_t depth;
    size_t count = 0;
    enum json_scan_next next = JSON_SCAN_VALUE;
    for (bool first = true;
         count <= SIGNAL_CATEGORIES_MAX &&
         (next = json_scan_element(&scan, first, &value, &depth)) == JSON_SCAN_VALUE;
         first = false) {
        struct json_leaf leaf = json_leaf_read(&walk->leaves, value);
        raw[count] = text_of(walk, &leaf, value, true);
        if (raw[count].data)
            count++;
        else if (leaf.kind != JSON_KIND_NULL)
            mapper_fault(walk->m, json_leaf_fault(&leaf), mapper_pointer(MAPPING_CATEGORY));
    }
    if (next == JSON_SCAN_BROKEN)
        mapper_fault(walk->m, FAULT_SYNTAX, mapper_pointer(MAPPING_CATEGORY));
    mapper_take(walk->m, MAPPING_CATEGORY, raw, count);
}

static void take_field(struct json_walk *walk, enum mapping_field field) {
    const struct json_picked *picked = &walk->picked[field];
    struct json_leaf leaf = {.kind = JSON_KIND_NULL};
    walk->m->seen[field] = walk->m->seen[field] || picked->raw.data || picked->repeated;
    if (picked->repeated) {
        mapper_note(walk->m, field, "more than once");
        mapper_fault(walk->m, FAULT_REPEATED, mapper_pointer(field));
        return;
    }
    if (picked->raw.data)
        leaf = json_leaf_read(&walk->leaves, picked->raw);
    if (field == MAPPING_CATEGORY && leaf.kind == JSON_KIND_LIST)
        take_list(walk, picked->raw);
    else
        take_one(walk, field, picked->raw, &leaf);
}

// What decides whether the item is left out must be certain.
static void take_skip(struct json_walk *walk, size_t skip) {
    const struct json_picked *picked = &walk->picked[MAPPING_FIELDS + skip];
    if (picked->repeated) {
        mapper_fault(walk->m, FAULT_REPEATED, "");
        return;
    }
    if (!picked->raw.data)
        return;
    struct json_leaf leaf = json_leaf_read(&walk->leaves, picked->raw);
    if (leaf.kind == JSON_KIND_BROKEN)
        mapper_fault(walk->m, leaf.fault, "");
    mapper_skip(walk->m, skip, text_of(walk, &leaf, picked->raw, false));
}

static void read_object(struct json_walk *walk, struct str object) {
    struct mapper *m = walk->m;
    uint32_t unused;
    walk->objects = true;
    if (!json_pick_from(walk->pick, object, walk->picked, &unused)) {
        memset(m->seen, true, sizeof m->seen);
        mapper_fault(m, FAULT_SYNTAX, "");
        return;
    }
    for (size_t i = 0; i < m->mapping->skip_count; i++)
        take_skip(walk, i);
    for (int field = 0; field < MAPPING_FIELDS; field++)
        take_field(walk, (enum mapping_field)field);
    m->item.item.unknown_fields = unused;
}

static uint32_t count_lines(const char *from, const char *to) {
    uint32_t lines = 0;
    for (; from < to; from++)
        lines += *from == '\n';
    return lines;
}

// One item. False when there are too many.
static bool read_item(struct json_walk *walk, struct str text, uint32_t depth, bool whole) {
    struct mapper *m = walk->m;
    if (!mapper_begin(m))
        return false;
    if (text.len > m->limits->item_bytes_max)
        mapper_fault(m, FAULT_TOO_LONG, "");
    else if (!whole || depth > m->limits->depth_max)
        mapper_fault(m, FAULT_SYNTAX, "");
    else if (text.data[0] == '{')
        read_object(walk, text);
    else
        mapper_fault(m,
                     json_leaf_read(&walk->leaves, text).kind == JSON_KIND_BROKEN ? FAULT_SYNTAX
                                                                                  : FAULT_TYPE,
                     "");
    mapper_end(m);
    json_leaves_release(&walk->leaves);
    return true;
}

// An answer of other objects altogether, such as an error told with status 200, is no page: taken
// for one it would move the cursor.
static void check_places(const struct json_walk *walk) {
    const struct decode_result *decoded = &walk->m->result->decoded;
    if (!decoded->failed && walk->objects)
        mapper_check_places(walk->m, decoded->line);
}

static void add_unknown(void *ctx, struct str raw) {
    struct json_member_key key;
    json_member_key_read(&key, raw);
    places_add_unknown(ctx, key.text, 0);
    json_member_key_free(&key);
}

static void begin_walk(struct json_walk *walk, struct mapper *m) {
    const struct mapping *mapping = m->mapping;
    const char *pointers[MAPPING_FIELDS + MAPPING_LIST_MAX];
    for (size_t i = 0; i < MAPPING_FIELDS; i++)
        pointers[i] = mapping->rules[i].from;
    for (size_t i = 0; i < mapping->skip_count; i++)
        pointers[MAPPING_FIELDS + i] = mapping->skips[i].from;
    *walk = (struct json_walk){
        .m = m, .pick = json_pick_create(pointers, MAPPING_FIELDS + mapping->skip_count)};
    if (m->about.places)
        json_pick_tell_unused(walk->pick, add_unknown, m->about.places);
}

// How systems write that there is no next page: null, false, nothing, and what their programs make
// of these.
static bool is_no_page(enum json_kind kind, struct str text) {
    static const char *const words[] = {"", "null", "none", "nil", "false", "undefined", "0", "-1"};
    if (kind == JSON_KIND_NULL || kind == JSON_KIND_FALSE)
        return true;
    for (size_t i = 0; text.data && i < sizeof words / sizeof *words; i++)
        if (str_equal_nocase(str_trim(text), str_from(words[i])))
            return true;
    return false;
}

// A URL or a token.
static void take_next(struct json_walk *walk, const struct json_picked *next) {
    struct mapper *m = walk->m;
    struct json_leaf leaf = {.kind = JSON_KIND_NULL};
    if (next->raw.data)
        leaf = json_leaf_read(&walk->leaves, next->raw);
    struct str text = text_of(walk, &leaf, next->raw, true);
    if (next->repeated)
        mapper_fail_at(m, FAULT_REPEATED, "next", 1);
    else if (is_no_page(leaf.kind, text))
        return;
    else if (leaf.kind == JSON_KIND_BROKEN)
        mapper_fail_at(m, leaf.fault, "next", 1);
    else if (!text.data || leaf.kind == JSON_KIND_TRUE)
        mapper_fail_at(m, FAULT_TYPE, "next", 1);
    else if (text.len > MAPPING_NEXT_MAX)
        mapper_fail_at(m, FAULT_TOO_LONG, "next", 1);
    else if (!str_is_clean_utf8(text))
        mapper_fail_at(m, FAULT_BAD_CHARACTER, "next", 1);
    else if (text.len)
        memcpy(m->result->next, text.data, text.len);
}

// The one value that the page is. False when it ends too early or something stands behind it.
static bool cut_page(struct json_scan *scan, struct str *page) {
    uint32_t depth;
    json_scan_space(scan);
    if (!json_scan_value(scan, page, &depth))
        return false;
    json_scan_space(scan);
    return scan->rest.len == 0;
}

// Where systems like to name the next page, and to say how many items the whole list has.
#define NEXTS                                                                                      \
    "/next", "/next/href", "/nextLink", "/@odata.nextLink", "/next_page", "/nextPage",             \
        "/next_url", "/nextUrl", "/nextPageToken", "/next_page_token", "/next_cursor",             \
        "/nextCursor", "/has_more", "/hasMore", "/hasNext", "/_links/next", "/_links/next/href",   \
        "/links/next", "/links/next/href", "/meta/next", "/paging/next", "/pagination/next"
#define COUNTS                                                                                     \
    "/count", "/@odata.count", "/total", "/total_count", "/totalCount", "/totalElements",          \
        "/meta/count", "/meta/total", "/meta/total_count", "/page/totalElements",                  \
        "/pagination/total", "/paging/total"
static const char *const usual[] = {NEXTS, COUNTS};
enum { USUAL_NEXTS = sizeof(const char *[]){NEXTS} / sizeof *usual };
enum { USUAL = sizeof usual / sizeof *usual };
enum { ITEMS, ITEMS_OR, NEXT, COUNT, AROUND, PLACES = AROUND + USUAL };

static struct json_leaf read_leaf(struct json_walk *walk, const struct json_picked *picked) {
    if (picked->raw.data && !picked->repeated)
        return json_leaf_read(&walk->leaves, picked->raw);
    return (struct json_leaf){.kind = JSON_KIND_NULL};
}

static uint64_t number_of(struct json_walk *walk, const struct json_picked *picked) {
    struct json_leaf leaf = read_leaf(walk, picked);
    uint64_t number = 0;
    bool said = leaf.kind == JSON_KIND_WHOLE || leaf.kind == JSON_KIND_TEXT;
    return said && str_to_u64(leaf.text, UINT64_MAX, &number) ? number : 0;
}

// Does it name a page, or say that there is one?
static bool names_page(struct json_walk *walk, const struct json_picked *picked) {
    struct json_leaf leaf = read_leaf(walk, picked);
    return leaf.kind == JSON_KIND_TRUE ||
           ((leaf.kind == JSON_KIND_TEXT || leaf.kind == JSON_KIND_WHOLE) &&
            !is_no_page(leaf.kind, leaf.text));
}

// What the page says of its list beside `next`.
static void take_hints(struct json_walk *walk, const struct json_picked *picked) {
    struct mapping_result *result = walk->m->result;
    const struct json_picked *around = picked + AROUND;
    result->told = number_of(walk, &picked[COUNT]);
    for (size_t i = USUAL_NEXTS; i < USUAL && !walk->m->mapping->count && result->told == 0; i++)
        result->told = number_of(walk, &around[i]);
    for (size_t i = 0; i < USUAL_NEXTS && !result->next[0]; i++)
        result->hint = result->hint || names_page(walk, &around[i]);
}

static bool is_list(const struct json_picked *picked) {
    return picked->raw.data && picked->raw.data[0] == '[';
}

// The array of items; what stands around it is only passed over, but for what says where the next
// page is and how many items there are.
static struct str read_frame(struct json_walk *walk, struct str body) {
    struct mapper *m = walk->m;
    const struct mapping *mapping = m->mapping;
    const char *pointers[PLACES] = {mapping->items ? mapping->items : "", mapping->items_or,
                                    mapping->next,
                                    mapping->count && *mapping->count ? mapping->count : NULL};
    struct json_picked picked[PLACES];
    struct json_scan scan = {body, 1};
    struct str page;
    uint32_t unused;
    if (!cut_page(&scan, &page)) {
        mapper_fail_at(m, FAULT_SYNTAX, str_trim(body).len ? "" : "empty", scan.line);
        return nothing;
    }
    memcpy(pointers + AROUND, usual, sizeof usual);
    struct json_pick *pick = json_pick_create(pointers, PLACES);
    bool whole = json_pick_from(pick, page, picked, &unused);
    json_pick_free(pick);
    const struct json_picked *items =
        is_list(&picked[ITEMS_OR]) && !is_list(&picked[ITEMS]) ? &picked[ITEMS_OR] : &picked[ITEMS];
    if (!whole)
        mapper_fail(m, FAULT_SYNTAX, 1);
    else if (items->repeated)
        mapper_fail_at(m, FAULT_REPEATED, "items", 1);
    else if (!items->raw.data)
        mapper_fail_at(m, FAULT_REQUIRED, "items", 1);
    else if (!is_list(items))
        mapper_fail_at(m, FAULT_TYPE, "items", 1);
    else
        take_next(walk, &picked[NEXT]);
    if (m->result->decoded.failed)
        return nothing;
    take_hints(walk, picked);
    return items->raw;
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
    if (next == JSON_SCAN_BROKEN || scan->rest.len)
        mapper_fail(walk->m, FAULT_SYNTAX, scan->line);
}

void mapping_read_json(struct mapper *m, struct str body) {
    struct json_walk walk;
    begin_walk(&walk, m);
    struct str array = read_frame(&walk, body);
    json_leaves_release(&walk.leaves);
    if (array.data) {
        struct json_scan scan = {{array.data + 1, array.len - 1},
                                 1 + count_lines(body.data, array.data)};
        read_items(&walk, &scan);
        check_places(&walk);
    }
    json_pick_free(walk.pick);
}

void mapping_read_ndjson(struct mapper *m, struct str body) {
    struct json_walk walk;
    struct str line, text;
    begin_walk(&walk, m);
    while (str_split(&body, '\n', &line)) {
        struct json_scan scan = {str_trim(door_without_marks(line)), 1};
        uint32_t depth = 0;
        m->result->decoded.line++;
        if (scan.rest.len == 0)
            continue;
        bool whole = json_scan_value(&scan, &text, &depth) && scan.rest.len == 0;
        if (!read_item(&walk, whole ? text : str_trim(line), depth, whole))
            break;
    }
    check_places(&walk);
    json_pick_free(walk.pick);
}
