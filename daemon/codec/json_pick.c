// SPDX-License-Identifier: EUPL-1.2
// The tree has a node for each token of the pointers; a walk over the text follows it. A node that
// a walk comes to twice has a member twice above it or at it. The walk goes no deeper than the
// pointers do. Nodes and their names are owned, texts are borrowed.
#include "json_pick.h"

#include "base/mem.h"
#include "codec/json_scan.h"
#include "core/signal/synonyms.h"
#include "json_leaf.h"

#include <stdlib.h>
#include <string.h>

enum { NONE = UINT16_MAX, NODES_MAX = UINT16_MAX - 1 };

struct pick_node {
    struct str name; // of the member, unescaped; owned. With a key: what it has to be, folded
    struct str key;  // of the element of a list that is meant; owned; absent: no such node
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

static uint16_t add_node(struct json_pick *pick, struct str key, struct str name) {
    pick->nodes = mem_grow(pick->nodes, pick->node_count, &pick->node_cap, sizeof *pick->nodes);
    struct pick_node *node = &pick->nodes[pick->node_count];
    *node = (struct pick_node){.name = name,
                               .key = key,
                               .index = UINT64_MAX,
                               .child = NONE,
                               .sibling = NONE,
                               .pointer = NONE};
    if (!key.data && (name.len == 1 || (name.len && name.data[0] != '0')))
        (void)str_to_u64(name, UINT32_MAX, &node->index);
    return (uint16_t)pick->node_count++;
}

// Takes key and name.
static uint16_t child_of(struct json_pick *pick, uint16_t parent, struct str key, struct str name) {
    for (uint16_t at = pick->nodes[parent].child; at != NONE; at = pick->nodes[at].sibling) {
        const struct pick_node *node = &pick->nodes[at];
        if (str_equal(node->name, name) && !node->key.data == !key.data &&
            str_equal(node->key, key)) {
            free((void *)key.data);
            free((void *)name.data);
            return at;
        }
    }
    uint16_t added = add_node(pick, key, name);
    pick->nodes[added].sibling = pick->nodes[parent].child;
    pick->nodes[parent].child = added;
    return added;
}

static struct str fold(struct str owned) {
    char folded[STR_FOLDED_MAX];
    size_t len = synonyms_fold(owned, folded);
    struct str copy = {mem_strndup(folded, len), len};
    free((void *)owned.data);
    return copy;
}

bool json_pick_token(struct str token, struct str *list, struct str *key, struct str *word) {
    const char *open = token.len ? memchr(token.data, '[', token.len) : NULL;
    if (!open || token.data[token.len - 1] != ']')
        return false;
    struct str inside = {open + 1, (size_t)(token.data + token.len - 1 - (open + 1))};
    *list = (struct str){token.data, (size_t)(open - token.data)};
    if (!inside.len || !memchr(inside.data, '=', inside.len))
        return false;
    (void)str_split(&inside, '=', key);
    *word = inside;
    return true;
}

// The node of a token below `parent`.
static uint16_t enter(struct json_pick *pick, uint16_t parent, struct str token) {
    const struct str none = {NULL, 0};
    struct str list, key, word;
    if (!json_pick_token(token, &list, &key, &word))
        return child_of(pick, parent, none, unescape(token));
    uint16_t at = child_of(pick, parent, none, unescape(list));
    return child_of(pick, at, unescape(key), fold(unescape(word)));
}

static void add_pointer(struct json_pick *pick, uint16_t number, const char *pointer) {
    struct str rest = str_from(pointer), token;
    uint16_t node = 0;
    while (pick->node_count + 1 < NODES_MAX && take_token(&rest, &token))
        node = enter(pick, node, token);
    if (rest.len) // no pointer, or more tokens than a text can be deep
        return;
    pick->next_pointer[number] = pick->nodes[node].pointer;
    pick->nodes[node].pointer = number;
}

struct json_pick *json_pick_create(const char *const *pointers, size_t count) {
    struct json_pick *pick = mem_zalloc(1, sizeof *pick);
    pick->pointer_count = count;
    pick->next_pointer = mem_zalloc(count, sizeof *pick->next_pointer);
    (void)add_node(pick, (struct str){NULL, 0}, (struct str){NULL, 0});
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

static void free_node(struct pick_node *node) {
    free((void *)node->name.data);
    free((void *)node->key.data);
}

void json_pick_free(struct json_pick *pick) {
    if (!pick)
        return;
    for (size_t i = 0; i < pick->node_count; i++)
        free_node(&pick->nodes[i]);
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
    while (at != NONE && !(key.text.data && !pick->nodes[at].key.data &&
                           str_equal(key.text, pick->nodes[at].name)))
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

static bool is_word(const struct json_leaf *leaf, struct str folded) {
    char text[STR_FOLDED_MAX];
    if (leaf->kind != JSON_KIND_TEXT && leaf->kind != JSON_KIND_WHOLE)
        return false;
    size_t len = synonyms_fold(leaf->text, text);
    return str_equal((struct str){text, len}, folded);
}

// How often the element of a list says that it is the one.
static uint32_t says(struct str element, const struct pick_node *node) {
    struct json_leaves leaves;
    struct json_scan scan = {{element.data + 1, element.len - 1}, 1};
    struct str raw, value;
    uint32_t count = 0, keys = 0;
    if (element.data[0] != '{')
        return 0;
    leaves.count = leaves.number_count = 0;
    for (bool first = true; json_scan_member(&scan, first, &raw, &value) == JSON_SCAN_VALUE;
         first = false) {
        struct json_member_key key;
        json_member_key_read(&key, raw);
        if (str_equal(key.text, node->key)) {
            const struct json_leaf leaf = json_leaf_read(&leaves, value);
            count += is_word(&leaf, node->name);
            keys++;
            json_leaves_release(&leaves);
        }
        json_member_key_free(&key);
    }
    return count ? keys : 0;
}

static bool walk_elements(struct json_pick *pick, uint16_t parent, struct json_scan *scan) {
    struct str value;
    uint32_t depth, inner;
    enum json_scan_next next = JSON_SCAN_VALUE;
    for (uint64_t i = 0;
         (next = json_scan_element(scan, i == 0, &value, &depth)) == JSON_SCAN_VALUE; i++)
        for (uint16_t at = pick->nodes[parent].child; at != NONE; at = pick->nodes[at].sibling) {
            const struct pick_node *node = &pick->nodes[at];
            uint32_t times = node->key.data ? says(value, node) : node->index == i;
            if (times && !follow(pick, at, value, &inner))
                return false;
            if (times > 1)
                mark_repeated(pick, at);
        }
    return next == JSON_SCAN_END;
}

static bool leads_into_list(const struct json_pick *pick, const struct pick_node *node) {
    for (uint16_t child = node->child; child != NONE; child = pick->nodes[child].sibling)
        if (pick->nodes[child].index != UINT64_MAX || pick->nodes[child].key.data)
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
