// SPDX-License-Identifier: EUPL-1.2
// JSON and NDJSON pages. The array of items is cut out of the page, the items out of the array, and
// out of each item the values that the template's pointers name; nothing else is looked at, and
// nothing of the page becomes a tree in memory. What is wrong in an item is that item's fault. A
// page has failed when its items cannot be cut apart.
#include "codec/door.h"
#include "codec/json_scan.h"
#include "codec/places.h"
#include "core/signal/synonyms.h"
#include "json_leaf.h"
#include "json_pick.h"
#include "mapping_private.h"

#include <string.h>

static const struct str nothing = {NULL, 0};

struct json_walk {
    struct mapper *m;
    struct json_pick *pick;             // of the rules, and behind them of the skips
    bool objects;                       // there was an item that is an object
    uint16_t first[MAPPING_FIELDS + 1]; // where the places of a field begin; last, of the skips
    struct json_leaves leaves;
    struct json_picked picked[MAPPING_FIELDS * MAPPING_PLACES_MAX + MAPPING_LIST_MAX];
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

// Check boxes: {"a": true, "b": false} is the list of those that are true.
static void take_boxes(struct json_walk *walk, struct str object) {
    struct json_scan scan = {{object.data + 1, object.len - 1}, 1};
    struct str ticked[SIGNAL_CATEGORIES_MAX + 1], key, value;
    size_t count = 0;
    enum json_scan_next next = JSON_SCAN_VALUE;
    for (bool first = true;
         count <= SIGNAL_CATEGORIES_MAX &&
         (next = json_scan_member(&scan, first, &key, &value)) == JSON_SCAN_VALUE;
         first = false) {
        const struct json_leaf name = json_leaf_read(&walk->leaves, key);
        if (name.kind != JSON_KIND_TEXT || !(str_is(value, "true") || str_is(value, "false")))
            mapper_fault(walk->m, json_leaf_fault(&name), mapper_pointer(MAPPING_CATEGORY));
        else if (str_is(value, "true"))
            ticked[count++] = name.text;
    }
    if (next == JSON_SCAN_BROKEN)
        mapper_fault(walk->m, FAULT_SYNTAX, mapper_pointer(MAPPING_CATEGORY));
    mapper_take(walk->m, MAPPING_CATEGORY, ticked, count);
}

static bool is_empty(struct json_walk *walk, const struct json_leaf *leaf, struct str raw) {
    if (leaf->kind == JSON_KIND_LIST || leaf->kind == JSON_KIND_OBJECT)
        return str_trim((struct str){raw.data + 1, raw.len - 2}).len == 0;
    struct str text = text_of(walk, leaf, raw, false);
    return leaf->kind == JSON_KIND_NULL || (text.data && !mapper_has_meaning(walk->m, text));
}

// The first of the field's places that has something, else one that is there.
static const struct json_picked *choose_place(struct json_walk *walk, enum mapping_field field,
                                              struct json_leaf *leaf) {
    static const struct json_picked none;
    const struct json_picked *end = walk->picked + walk->first[field + 1], *chosen = &none;
    *leaf = (struct json_leaf){.kind = JSON_KIND_NULL};
    for (const struct json_picked *at = walk->picked + walk->first[field]; at < end; at++) {
        if (at->repeated)
            return at;
        if (!at->raw.data)
            continue;
        chosen = at;
        *leaf = json_leaf_read(&walk->leaves, at->raw);
        if (at + 1 == end || !is_empty(walk, leaf, at->raw))
            break;
    }
    return chosen;
}

static void take_field(struct json_walk *walk, enum mapping_field field) {
    struct json_leaf leaf;
    const struct json_picked *picked = choose_place(walk, field, &leaf);
    walk->m->seen[field] = walk->m->seen[field] || picked->raw.data || picked->repeated;
    if (picked->repeated) {
        mapper_note(walk->m, field, "more than once");
        mapper_fault(walk->m, FAULT_REPEATED, mapper_pointer(field));
        return;
    }
    if (field == MAPPING_CATEGORY && leaf.kind == JSON_KIND_LIST)
        take_list(walk, picked->raw);
    else if (field == MAPPING_CATEGORY && leaf.kind == JSON_KIND_OBJECT)
        take_boxes(walk, picked->raw);
    else
        take_one(walk, field, picked->raw, &leaf);
}

// What decides whether the item is left out must be certain.
static void take_skip(struct json_walk *walk, size_t skip) {
    const struct json_picked *picked = &walk->picked[walk->first[MAPPING_FIELDS] + skip];
    struct json_leaf leaf = {.kind = JSON_KIND_NULL};
    if (picked->repeated) {
        mapper_fault(walk->m, FAULT_REPEATED, "");
        return;
    }
    if (picked->raw.data)
        leaf = json_leaf_read(&walk->leaves, picked->raw);
    if (leaf.kind == JSON_KIND_BROKEN) {
        mapper_fault(walk->m, leaf.fault, "");
        return;
    }
    struct str text = text_of(walk, &leaf, picked->raw, false);
    if (!text.data && !is_empty(walk, &leaf, picked->raw))
        text = picked->raw; // an object or a list: it equals nothing, but it is there
    mapper_skip(walk->m, skip, text);
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
    if (text.len > m->limits->item_bytes_max && !m->result->decoded.single)
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
    const char *pointers[MAPPING_FIELDS * MAPPING_PLACES_MAX + MAPPING_LIST_MAX];
    uint16_t count = 0;
    *walk = (struct json_walk){.m = m};
    for (size_t field = 0; field < MAPPING_FIELDS; field++) {
        walk->first[field] = count;
        for (size_t i = 0; i < MAPPING_PLACES_MAX; i++)
            if (mapping_place(&mapping->rules[field], i))
                pointers[count++] = mapping_place(&mapping->rules[field], i);
    }
    walk->first[MAPPING_FIELDS] = count;
    for (size_t i = 0; i < mapping->skip_count; i++)
        pointers[count++] = mapping->skips[i].from;
    walk->pick = json_pick_create(pointers, count);
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

static bool begins(const struct json_picked *picked, char c) {
    return picked->raw.data && picked->raw.data[0] == c;
}

// Where the items are: a list, or else one object where that is a page too. What is posted may be
// the bare items, without what stands around them when they are asked for.
static struct json_picked find_items(const struct json_walk *walk, const struct json_picked *picked,
                                     struct str page) {
    const struct json_picked *first = &picked[ITEMS], *other = &picked[ITEMS_OR];
    if (first->repeated || begins(first, '['))
        return *first;
    if (begins(other, '['))
        return *other;
    if (walk->m->about.single || walk->m->mapping->single) {
        if (begins(first, '{'))
            return *first;
        if (begins(other, '{'))
            return *other;
    }
    if (walk->m->about.single && !first->raw.data && !other->raw.data)
        return (struct json_picked){.raw = page};
    return *first;
}

// The items, a list or one object; what stands around them is only passed over, but for what says
// where the next page is and how many items there are.
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
    const struct json_picked items = find_items(walk, picked, page);
    bool may_be_single = m->about.single || mapping->single;
    if (!whole)
        mapper_fail(m, FAULT_SYNTAX, 1);
    else if (items.repeated)
        mapper_fail_at(m, FAULT_REPEATED, "items", 1);
    else if (!items.raw.data)
        mapper_fail_at(m, FAULT_REQUIRED, "items", 1);
    else if (!begins(&items, '[') && !(may_be_single && begins(&items, '{')))
        mapper_fail_at(m, FAULT_TYPE, "items", 1);
    else if (items.raw.data != page.data) // members of an item say nothing of a page
        take_next(walk, &picked[NEXT]);
    if (m->result->decoded.failed)
        return nothing;
    if (items.raw.data != page.data)
        take_hints(walk, picked);
    return items.raw;
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

// It is as large as the page may be: a form that was filled in may hold files.
static void read_single(struct json_walk *walk, struct str object, uint32_t line) {
    struct decode_result *decoded = &walk->m->result->decoded;
    struct json_scan scan = {object, line};
    struct str text;
    uint32_t depth;
    bool whole = json_scan_value(&scan, &text, &depth);
    decoded->single = true;
    decoded->line = line;
    (void)read_item(walk, text, depth, whole);
}

void mapping_read_json(struct mapper *m, struct str body) {
    struct json_walk walk;
    begin_walk(&walk, m);
    struct str items = read_frame(&walk, body);
    json_leaves_release(&walk.leaves);
    if (items.data && items.data[0] == '{') {
        read_single(&walk, items, 1 + count_lines(body.data, items.data));
        check_places(&walk);
    } else if (items.data) {
        struct json_scan scan = {{items.data + 1, items.len - 1},
                                 1 + count_lines(body.data, items.data)};
        read_items(&walk, &scan);
        check_places(&walk);
    }
    json_pick_free(walk.pick);
}

static bool is_token(struct str token) {
    struct str list, key, word;
    char folded[STR_FOLDED_MAX];
    for (size_t i = 0; i < token.len; i++)
        if (token.data[i] == '~' &&
            (i + 1 == token.len || (token.data[i + 1] != '0' && token.data[i + 1] != '1')))
            return false;
    return !json_pick_token(token, &list, &key, &word) || synonyms_fold(word, folded) > 0;
}

bool mapping_is_pointer(struct str text) {
    struct str token;
    if (text.len && text.data[0] != '/')
        return false;
    while (str_split(&text, '/', &token))
        if (!is_token(token))
            return false;
    return true;
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
