// SPDX-License-Identifier: EUPL-1.2
// The tree has a node for each token of the pointers; a walk over the text follows it. A node that
// a walk comes to twice has a member twice above it or at it. The walk goes no deeper than the
// pointers do. Nodes and their names are owned, texts are borrowed.
#include "json_pick.h"

#include "base/mem.h"
#include "codec/json_scan.h"
#include "json_leaf.h"

#include <stdlib.h>
#include <string.h>

enum { NONE = UINT16_MAX, NODES_MAX = UINT16_MAX - 1 };

struct pick_node {
    struct str name; // of the member, unescaped; owned
    uint64_t index;  // in an array; UINT64_MAX when the name is no index
    uint16_t child, sibling;
    uint16_t pointer; // the first that ends here
    uint64_t walk;    // the latest that came here
};

struct json_pick {
    struct pick_node *nodes; // [0] is the value itself
    size_t node_count, node_cap;
    uint16_t *next_pointer; // of each, the next one that ends at the same node
    size_t pointer_count;
    uint64_t walk;
    struct json_picked *picked;                   // of the walk under way
    void (*unused_fn)(void *ctx, struct str key); // NULL: nobody asks
    void *unused_ctx;
};

// Takes the first token off a pointer. False when it is at its end, or is none.
static bool take_token(struct str *pointer, struct str *token) {
    if (pointer->len == 0 || pointer->data[0] != '/')
        return false;
    struct str rest = {pointer->data + 1, pointer->len - 1};
    const char *end = rest.len ? memchr(rest.data, '/', rest.len) : NULL;
    *token = (struct str){rest.data, end ? (size_t)(end - rest.data) : rest.len};
    *pointer = (struct str){rest.data + token->len, rest.len - token->len};
    return true;
}

// "~1" stands for '/', "~0" for '~'.
static struct str unescape(struct str token) {
    char *name = mem_alloc(token.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < token.len; i++) {
        char c = token.data[i];
        if (c == '~' && i + 1 < token.len)
            c = token.data[++i] == '1' ? '/' : '~';
        name[len++] = c;
    }
    return (struct str){name, len};
}

static uint16_t add_node(struct json_pick *pick, struct str name) {
    pick->nodes = mem_grow(pick->nodes, pick->node_count, &pick->node_cap, sizeof *pick->nodes);
    struct pick_node *node = &pick->nodes[pick->node_count];
    *node = (struct pick_node){
        .name = name, .index = UINT64_MAX, .child = NONE, .sibling = NONE, .pointer = NONE};
    if (name.len == 1 || (name.len && name.data[0] != '0'))
        (void)str_to_u64(name, UINT32_MAX, &node->index);
    return (uint16_t)pick->node_count++;
}

static uint16_t child_of(struct json_pick *pick, uint16_t parent, struct str token) {
    struct str name = unescape(token);
    for (uint16_t at = pick->nodes[parent].child; at != NONE; at = pick->nodes[at].sibling)
        if (str_equal(pick->nodes[at].name, name)) {
            free((void *)name.data);
            return at;
        }
    uint16_t added = add_node(pick, name);
    pick->nodes[added].sibling = pick->nodes[parent].child;
    pick->nodes[parent].child = added;
    return added;
}

static void add_pointer(struct json_pick *pick, uint16_t number, const char *pointer) {
    struct str rest = str_from(pointer), token;
    uint16_t node = 0;
    while (pick->node_count < NODES_MAX && take_token(&rest, &token))
        node = child_of(pick, node, token);
    if (rest.len) // no pointer, or more tokens than a text can be deep
        return;
    pick->next_pointer[number] = pick->nodes[node].pointer;
    pick->nodes[node].pointer = number;
}

struct json_pick *json_pick_create(const char *const *pointers, size_t count) {
    struct json_pick *pick = mem_zalloc(1, sizeof *pick);
    pick->pointer_count = count;
    pick->next_pointer = mem_zalloc(count, sizeof *pick->next_pointer);
    (void)add_node(pick, (struct str){NULL, 0});
    for (size_t i = 0; i < count; i++)
        if (pointers[i])
            add_pointer(pick, (uint16_t)i, pointers[i]);
    return pick;
}

void json_pick_tell_unused(struct json_pick *pick, void (*fn)(void *ctx, struct str key),
                           void *ctx) {
    pick->unused_fn = fn;
    pick->unused_ctx = ctx;
}

void json_pick_free(struct json_pick *pick) {
    if (!pick)
        return;
    for (size_t i = 0; i < pick->node_count; i++)
        free((void *)pick->nodes[i].name.data);
    free(pick->nodes);
    free(pick->next_pointer);
    free(pick);
}

static void mark_repeated(struct json_pick *pick, uint16_t at) {
    const struct pick_node *node = &pick->nodes[at];
    for (uint16_t p = node->pointer; p != NONE; p = pick->next_pointer[p])
        pick->picked[p].repeated = true;
    for (uint16_t child = node->child; child != NONE; child = pick->nodes[child].sibling)
        mark_repeated(pick, child);
}

static bool follow(struct json_pick *pick, uint16_t at, struct str value, uint32_t *unused);

// The child that a raw key names; NONE when no pointer leads there.
static uint16_t find_child(const struct json_pick *pick, uint16_t parent, struct str raw) {
    struct json_member_key key;
    uint16_t at = pick->nodes[parent].child;
    json_member_key_read(&key, raw);
    while (at != NONE && !(key.text.data && str_equal(key.text, pick->nodes[at].name)))
        at = pick->nodes[at].sibling;
    json_member_key_free(&key);
    return at;
}

static bool walk_members(struct json_pick *pick, uint16_t parent, struct json_scan *scan,
                         uint32_t *unused) {
    struct str key, value;
    enum json_scan_next next;
    for (bool first = true; (next = json_scan_member(scan, first, &key, &value)) == JSON_SCAN_VALUE;
         first = false) {
        uint16_t at = find_child(pick, parent, key);
        uint32_t inner;
        *unused += at == NONE;
        if (at == NONE && pick->unused_fn)
            pick->unused_fn(pick->unused_ctx, key);
        if (at != NONE && !follow(pick, at, value, &inner))
            return false;
    }
    return next == JSON_SCAN_END;
}

static bool walk_elements(struct json_pick *pick, uint16_t parent, struct json_scan *scan) {
    struct str value;
    uint32_t depth;
    enum json_scan_next next = JSON_SCAN_VALUE;
    for (uint64_t i = 0;
         (next = json_scan_element(scan, i == 0, &value, &depth)) == JSON_SCAN_VALUE; i++) {
        uint16_t at = pick->nodes[parent].child;
        while (at != NONE && pick->nodes[at].index != i)
            at = pick->nodes[at].sibling;
        uint32_t inner;
        if (at != NONE && !follow(pick, at, value, &inner))
            return false;
    }
    return next == JSON_SCAN_END;
}

static bool leads_into_list(const struct json_pick *pick, const struct pick_node *node) {
    for (uint16_t child = node->child; child != NONE; child = pick->nodes[child].sibling)
        if (pick->nodes[child].index != UINT64_MAX)
            return true;
    return false;
}

static bool follow(struct json_pick *pick, uint16_t at, struct str value, uint32_t *unused) {
    struct pick_node *node = &pick->nodes[at];
    char c = value.len ? value.data[0] : '\0';
    *unused = 0;
    if (node->walk == pick->walk) {
        mark_repeated(pick, at);
        return true;
    }
    node->walk = pick->walk;
    for (uint16_t p = node->pointer; p != NONE; p = pick->next_pointer[p])
        pick->picked[p].raw = value;
    bool members = c == '{' && (at == 0 || node->child != NONE);
    if (!members && !(c == '[' && leads_into_list(pick, node)))
        return true;
    struct json_scan scan = {{value.data + 1, value.len - 1}, 1};
    bool whole = members ? walk_members(pick, at, &scan, unused) : walk_elements(pick, at, &scan);
    return whole && scan.rest.len == 0;
}

bool json_pick_from(struct json_pick *pick, struct str value, struct json_picked *picked,
                    uint32_t *unused) {
    if (pick->pointer_count)
        memset(picked, 0, pick->pointer_count * sizeof *picked);
    pick->picked = picked;
    pick->walk++;
    return follow(pick, 0, value, unused);
}
