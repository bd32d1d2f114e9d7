// SPDX-License-Identifier: EUPL-1.2
// LMDB follows what its pages say and believes it: a number that was changed leads it out of its
// map, which ends the process. So before it may, all pages that are in use are looked at here, by
// what LMDB 0.9 writes: kind and number of each, where its entries are, the order of keys, the
// pages below it, how many there are of each kind, and that no page is used twice or is free too.
// Values are not judged but added up (sums.c). The caller owns the descriptor; memory is a page for
// each level of a tree, and a bit for each page.
#include "store_private.h"

#include "base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(size_t) == 8 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "LMDB's file is as this machine has its numbers");

enum {
    HEAD = 16, // of a page: number u64, padding u16, kind u16, end of places and begin of entries
               // u16, or how many pages a large value has u32; then a place u16 for each entry
    BRANCH = 1,
    LEAF = 2,
    LARGE = 4, // a value that has pages of its own
    META = 8,
    NODE = 8, // of an entry: size u32, flags u16, size of key u16; in a branch the size and the
              // flags are the number of the page below
    NODE_LARGE = 1,
    NODE_TABLE = 2,
    TREE = 48,       // padding u32, flags u16, depth u16, five numbers u64
    INTEGER_KEY = 8, // of a tree's flags
    KEY_MAX = 511,
    DEPTH_MAX = 32,
    PAGE_MAX = 0x8000,
    META_AT = 16, // in its page: magic u32, version u32, address u64, size of map u64, trees
    TREES_AT = 24,
    LAST_AT = TREES_AT + 2 * TREE, // last page u64, transaction u64
    SLACK = 1024,                  // pages that the file may lack at its end, since they are free
};
_Static_assert(PAGES_META_BYTES == LAST_AT + 16, "the trees, the last page and the transaction");
static const uint32_t magic = 0xBEEFC0DE;
static const uint64_t no_page = UINT64_MAX;

enum { TREE_FREE = STORE_TABLES, TREE_TABLES, TREES }; // behind our tables: LMDB's own

struct tree {
    uint16_t flags, depth;
    uint64_t branches, leaves, larges, entries, root;
};

// What a walk found.
struct pages_found {
    struct sums sums;    // of what is there
    struct sums written; // META "sums"; all 0 in a store that has nothing yet
};

struct page_walk {
    int fd;
    struct err *err;
    size_t page_bytes;
    uint64_t pages; // in the file
    uint64_t last;
    uint8_t *seen; // a bit for each page
    uint8_t *levels[DEPTH_MAX];
    char *piece; // of a large value
    struct tree trees[TREES];
    const struct store_reader *reader; // NULL: none
    struct pages_found *found;
    bool has_sums;
    // of the tree that is walked
    int tree;
    struct tree counted;
    uint8_t before[KEY_MAX], least[KEY_MAX]; // the last key; what the next one must not be below
    size_t before_len, least_len;
};

static uint64_t get(const uint8_t *at, size_t size) {
    uint64_t value = 0;
    memcpy(&value, at, size);
    return value;
}

static const char *tree_name(int tree) {
    return tree == TREE_FREE     ? "the list of free pages"
           : tree == TREE_TABLES ? "the list of tables"
                                 : store_table_kinds[tree].name;
}

static bool damaged(const struct page_walk *walk, uint64_t page, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
static bool damaged(const struct page_walk *walk, uint64_t page, const char *fmt, ...) {
    char what[120];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return err_set(walk->err, ERR_DAMAGED, "%s, page %llu: %s", tree_name(walk->tree),
                   (unsigned long long)page, what);
}

static bool read_at(const struct page_walk *walk, uint64_t page, size_t offset, void *to,
                    size_t size) {
    uint64_t at = page * walk->page_bytes + offset;
    size_t have = 0;
    while (have < size) {
        ssize_t got = pread(walk->fd, (char *)to + have, size - have, (off_t)(at + have));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return damaged(walk, page, "%s", got < 0 ? strerror(errno) : "the file ends before it");
        have += (size_t)got;
    }
    return true;
}

// Each page belongs to one.
static bool take(const struct page_walk *walk, uint64_t page, uint64_t count, bool free_page) {
    if (page < 2 || page > walk->last || count - 1 > walk->last - page)
        return damaged(walk, page, "no such page");
    if (!free_page && page + count > walk->pages)
        return damaged(walk, page, "the file ends before it");
    for (uint64_t i = page; i < page + count; i++) {
        if (walk->seen[i / 8] & 1 << i % 8)
            return damaged(walk, i, "it is used twice");
        walk->seen[i / 8] = (uint8_t)(walk->seen[i / 8] | 1 << i % 8);
    }
    return true;
}

// --- keys ---

static bool is_by_number(int tree) {
    return tree == TREE_FREE || (tree < TREE_FREE && store_table_kinds[tree].by_seq);
}

static int compare(int tree, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len) {
    if (is_by_number(tree)) {
        uint64_t x = get(a, 8), y = get(b, 8);
        return (x > y) - (x < y);
    }
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

static bool is_behind(const struct page_walk *walk, const uint8_t *key, size_t len) {
    return !walk->before_len || compare(walk->tree, walk->before, walk->before_len, key, len) < 0;
}

// --- values ---

// Of an entry of a leaf: in its page, or in pages of its own.
struct entry {
    uint64_t page; // of the leaf
    const uint8_t *key, *value;
    size_t key_len, value_len;
    uint64_t large; // 0: the value is in the leaf
};

static bool take_large(struct page_walk *walk, struct entry *entry, const uint8_t *data) {
    uint8_t head[HEAD];
    entry->large = get(data, 8);
    entry->value = NULL;
    if (entry->large < 2 || entry->large >= walk->pages)
        return damaged(walk, entry->large, "no such page");
    if (!read_at(walk, entry->large, 0, head, sizeof head))
        return false;
    uint64_t count = get(head + 12, 4), needed = (HEAD - 1 + entry->value_len) / walk->page_bytes;
    if (get(head, 8) != entry->large || get(head + 10, 2) != LARGE || count < needed + 1)
        return damaged(walk, entry->large, "no large value begins there");
    walk->counted.larges += count;
    return take(walk, entry->large, count, false);
}

// The next piece of a value, from `at` on.
static bool get_piece(struct page_walk *walk, const struct entry *entry, size_t at,
                      struct str *piece) {
    size_t left = entry->value_len - at;
    *piece = (struct str){(const char *)entry->value + at, left};
    if (!entry->large)
        return true;
    *piece = (struct str){walk->piece, left < SUMS_CHUNK ? left : SUMS_CHUNK};
    return read_at(walk, entry->large, HEAD + at, walk->piece, piece->len);
}

// How many pages, and the pages, from the last to the first.
static bool on_free(struct page_walk *walk, const struct entry *entry) {
    struct str piece;
    uint64_t count = 0, above = no_page, index = 0;
    for (size_t at = 0; at < entry->value_len && index <= count; at += piece.len) {
        if (!get_piece(walk, entry, at, &piece))
            return false;
        for (size_t i = 0; i + 8 <= piece.len && index <= count; i += 8, index++) {
            uint64_t number = get((const uint8_t *)piece.data + i, 8);
            if (index == 0)
                count = number;
            else if (number >= above)
                return damaged(walk, entry->page, "free pages are not in order");
            else if (!take(walk, number, 1, true))
                return false;
            above = index ? number : above;
        }
    }
    return index == count + 1 || damaged(walk, entry->page, "free pages are missing");
}

static struct tree get_tree(const uint8_t *at) {
    return (struct tree){.flags = (uint16_t)get(at + 4, 2),
                         .depth = (uint16_t)get(at + 6, 2),
                         .branches = get(at + 8, 8),
                         .leaves = get(at + 16, 8),
                         .larges = get(at + 24, 8),
                         .entries = get(at + 32, 8),
                         .root = get(at + 40, 8)};
}

static bool on_table(struct page_walk *walk, const struct entry *entry) {
    for (int i = 0; i < STORE_TABLES; i++)
        if (str_is((struct str){(const char *)entry->key, entry->key_len},
                   store_table_kinds[i].name)) {
            walk->trees[i] = get_tree(entry->value);
            return true;
        }
    return damaged(walk, entry->page, "a table that is not known");
}

static bool on_value(struct page_walk *walk, const struct entry *entry) {
    enum store_table table = (enum store_table)walk->tree;
    struct str key = {(const char *)entry->key, entry->key_len}, piece;
    size_t at = 0;
    uint64_t sum = sums_begin(table, key);
    if (table == STORE_META && str_equal(key, sums_key)) {
        walk->has_sums =
            !entry->large && sums_get((struct str){(const char *)entry->value, entry->value_len},
                                      &walk->found->written);
        return walk->has_sums || damaged(walk, entry->page, "the sums are not those of a commit");
    }
    if (!sums_are_of(table))
        return true;
    do {
        if (!get_piece(walk, entry, at, &piece))
            return false;
        if (at == 0 && table == STORE_LEDGER && walk->reader)
            walk->reader->fn(walk->reader->ctx, get(entry->key, 8), piece);
        sum = sums_go_on(sum, piece);
        at += piece.len;
    } while (at < entry->value_len);
    walk->found->sums.of[table] += sum;
    return true;
}

// --- pages ---

static bool on_entry(struct page_walk *walk, struct entry *entry, unsigned flags,
                     const uint8_t *data) {
    unsigned wanted = walk->tree == TREE_TABLES ? NODE_TABLE : 0;
    entry->value = data;
    if ((flags & ~(unsigned)NODE_LARGE) != wanted ||
        (wanted && (flags != wanted || entry->value_len != TREE)))
        return damaged(walk, entry->page, "an entry of another kind");
    if (!is_behind(walk, entry->key, entry->key_len) ||
        (walk->least_len &&
         compare(walk->tree, walk->least, walk->least_len, entry->key, entry->key_len) > 0))
        return damaged(walk, entry->page, "keys are not in order");
    memcpy(walk->before, entry->key, entry->key_len);
    walk->before_len = entry->key_len;
    walk->least_len = 0;
    walk->counted.entries++;
    if (flags & NODE_LARGE && !take_large(walk, entry, data))
        return false;
    return walk->tree == TREE_FREE     ? on_free(walk, entry)
           : walk->tree == TREE_TABLES ? on_table(walk, entry)
                                       : on_value(walk, entry);
}

static bool walk_page(struct page_walk *walk, uint64_t page, int level);

// The key of the first page below is not looked at by LMDB either.
static bool on_below(struct page_walk *walk, uint64_t page, const uint8_t *node, size_t index,
                     int level) {
    size_t key_len = get(node + 6, 2);
    uint64_t below = get(node, 6);
    if (index > 0) {
        if (!is_behind(walk, node + NODE, key_len))
            return damaged(walk, page, "keys are not in order");
        memcpy(walk->least, node + NODE, key_len);
        walk->least_len = key_len;
    }
    return walk_page(walk, below, level + 1);
}

static bool is_key(const struct page_walk *walk, size_t len) {
    return is_by_number(walk->tree) ? len == 8 : len > 0 && len <= KEY_MAX;
}

// An entry's size in its page; 0 when it does not fit there.
static size_t node_size(const struct page_walk *walk, const uint8_t *node, size_t room, bool leaf,
                        bool keyless) {
    size_t key_len = get(node + 6, 2), value_len = get(node, 4);
    if (!keyless && !is_key(walk, key_len))
        return 0;
    size_t size = NODE + key_len;
    if (leaf)
        size += get(node + 4, 2) & NODE_LARGE ? 8 : value_len;
    size += size & 1;
    return size <= room ? size : 0;
}

static bool walk_entries(struct page_walk *walk, uint64_t page, const uint8_t *bytes, bool leaf,
                         int level) {
    size_t end = get(bytes + 12, 2), begin = get(bytes + 14, 2), used = 0;
    size_t count = (end - HEAD) / 2, least = leaf || walk->tree == TREE_FREE ? 1 : 2;
    if (end < HEAD || end % 2 || begin < end || begin > walk->page_bytes || count < least)
        return damaged(walk, page, "its room is divided wrongly");
    for (size_t i = 0; i < count; i++) {
        size_t at = get(bytes + HEAD + 2 * i, 2);
        const uint8_t *node = bytes + at;
        if (at < begin || at + NODE > walk->page_bytes)
            return damaged(walk, page, "an entry is outside");
        size_t size = node_size(walk, node, walk->page_bytes - at, leaf, !leaf && i == 0);
        if (!size)
            return damaged(walk, page, "an entry has a wrong size");
        used += size;
        struct entry entry = {.page = page,
                              .key = node + NODE,
                              .key_len = get(node + 6, 2),
                              .value_len = get(node, 4)};
        if (leaf ? !on_entry(walk, &entry, (unsigned)get(node + 4, 2), node + NODE + entry.key_len)
                 : !on_below(walk, page, node, i, level))
            return false;
    }
    return used == walk->page_bytes - begin || damaged(walk, page, "its entries overlap");
}

static bool walk_page(struct page_walk *walk, uint64_t page, int level) {
    bool leaf = level == walk->trees[walk->tree].depth - 1;
    if (!take(walk, page, 1, false))
        return false;
    if (!walk->levels[level])
        walk->levels[level] = mem_alloc(walk->page_bytes);
    uint8_t *bytes = walk->levels[level];
    if (!read_at(walk, page, 0, bytes, walk->page_bytes))
        return false;
    if (get(bytes, 8) != page || get(bytes + 10, 2) != (leaf ? LEAF : BRANCH))
        return damaged(walk, page, "it is another page");
    *(leaf ? &walk->counted.leaves : &walk->counted.branches) += 1;
    return walk_entries(walk, page, bytes, leaf, level);
}

static bool walk_tree(struct page_walk *walk, int number) {
    const struct tree *tree = &walk->trees[number];
    struct tree *counted = &walk->counted;
    walk->tree = number;
    *counted = (struct tree){.flags = is_by_number(number) ? INTEGER_KEY : 0};
    walk->before_len = walk->least_len = 0;
    if (tree->root == no_page ? tree->depth != 0 : !tree->depth || tree->depth > DEPTH_MAX)
        return damaged(walk, tree->root, "a tree of %u levels", tree->depth);
    if (tree->root != no_page && !walk_page(walk, tree->root, 0))
        return false;
    bool same = counted->flags == tree->flags && counted->branches == tree->branches &&
                counted->leaves == tree->leaves && counted->larges == tree->larges &&
                counted->entries == tree->entries;
    return same || damaged(walk, tree->root, "the tree has other pages or entries than it says");
}

// A page that was free again before it was ever written need not be in the file.
static bool check_end(struct page_walk *walk) {
    walk->tree = TREE_FREE;
    return walk->last < walk->pages || walk->seen[walk->last / 8] & 1 << walk->last % 8 ||
           damaged(walk, walk->last, "the file ends before it");
}

// A store that was only made has no sums yet, and no entries.
static bool check_sums(struct page_walk *walk) {
    walk->tree = STORE_META;
    for (int i = 0; !walk->has_sums && i < STORE_TABLES; i++)
        if (walk->trees[i].entries)
            return damaged(walk, walk->trees[STORE_META].root, "the sums are missing");
    return true;
}

static void begin(struct page_walk *walk, const struct pages_meta *meta) {
    walk->tree = TREE_TABLES;
    walk->page_bytes = meta->page_bytes;
    walk->last = get(meta->bytes + LAST_AT, 8);
    walk->pages = meta->pages;
    for (int i = 0; i < TREES; i++)
        walk->trees[i].root = no_page;
    for (int i = 0; i < STORE_TABLES; i++)
        walk->trees[i].flags = store_table_kinds[i].by_seq ? INTEGER_KEY : 0;
    walk->trees[TREE_FREE] = get_tree(meta->bytes + TREES_AT);
    walk->trees[TREE_TABLES] = get_tree(meta->bytes + TREES_AT + TREE);
    walk->seen = mem_zalloc(1, walk->last / 8 + 1);
    walk->piece = mem_alloc(SUMS_CHUNK);
}

static bool walk_all(int fd, const struct pages_meta *meta, const struct store_reader *reader,
                     struct pages_found *found, struct err *err) {
    struct page_walk walk = {.fd = fd, .err = err, .reader = reader, .found = found};
    *found = (struct pages_found){0};
    begin(&walk, meta);
    bool ok = walk_tree(&walk, TREE_TABLES);
    for (int i = 0; ok && i <= TREE_FREE; i++)
        ok = walk_tree(&walk, i);
    ok = ok && check_end(&walk) && check_sums(&walk);
    for (int i = 0; i < DEPTH_MAX; i++)
        free(walk.levels[i]);
    free(walk.piece);
    free(walk.seen);
    return ok;
}

// A copy has the number 1, whoever wrote what is in it.
static bool is_latest(const struct pages_meta *meta, const struct sums *written) {
    return !written->transaction || meta->transaction == 1 ||
           meta->transaction == written->transaction;
}

bool pages_check(int fd, const struct pages_meta *meta, const struct store_reader *reader,
                 bool *readable, struct err *err) {
    struct pages_found found;
    bool walked = walk_all(fd, meta, reader, &found, err);
    if (readable)
        *readable = walked;
    for (int i = 0; walked && i < STORE_TABLES; i++)
        if (found.sums.of[i] != found.written.of[i])
            return err_set(err, ERR_DAMAGED, "%s: its entries are not those that were written",
                           store_table_kinds[i].name);
    if (walked && !is_latest(meta, &found.written))
        return err_set(err, ERR_DAMAGED, "its first pages name another commit than the last");
    return walked;
}

// --- meta ---

static bool is_meta(const uint8_t *page, uint64_t number, uint32_t page_bytes) {
    const uint8_t *meta = page + META_AT;
    return get(page, 8) == number && get(page + 10, 2) == META && get(meta, 4) == magic &&
           get(meta + 4, 4) == 1 && get(meta + TREES_AT, 4) == page_bytes &&
           get(meta + TREES_AT + 4, 2) == INTEGER_KEY && get(meta + TREES_AT + TREE + 4, 2) == 0;
}

// Twice the same: a daemon that runs writes them meanwhile.
static bool read_metas(int fd, uint64_t page_bytes, uint8_t pages[2][META_AT + PAGES_META_BYTES]) {
    uint8_t again[2][META_AT + PAGES_META_BYTES];
    memset(again, 0, sizeof again);
    do {
        memcpy(pages[0], again, sizeof again);
        for (uint64_t i = 0; i < 2; i++)
            if (pread(fd, again[i], sizeof again[i], (off_t)(i * page_bytes)) !=
                (ssize_t)sizeof again[i])
                return false;
    } while (memcmp(pages[0], again, sizeof again) != 0);
    return true;
}

// Transactions have one number after another, and odd ones are in the second page: one of the two
// that was put back would hide what was accepted last.
static bool are_neighbours(uint64_t first, uint64_t second) {
    if (first == 0 && second == 0)
        return true;
    return first % 2 == 0 && second % 2 == 1 && (first + 1 == second || second + 1 == first);
}

bool pages_read_meta(int fd, struct pages_meta *meta, struct err *err) {
    struct stat st;
    uint8_t pages[2][META_AT + PAGES_META_BYTES];
    const size_t transaction_at = META_AT + PAGES_META_BYTES - 8;
    if (!read_metas(fd, 0, pages))
        return err_set(err, ERR_DAMAGED, "the file ends before its first page");
    uint32_t page_bytes = (uint32_t)get(pages[0] + META_AT + TREES_AT, 4);
    if (page_bytes < 512 || page_bytes > PAGE_MAX || (page_bytes & (page_bytes - 1)) ||
        !is_meta(pages[0], 0, page_bytes))
        return err_set(err, ERR_DAMAGED, "page 0 does not say what the file is");
    if (!read_metas(fd, page_bytes, pages) || !is_meta(pages[0], 0, page_bytes) ||
        !is_meta(pages[1], 1, page_bytes))
        return err_set(err, ERR_DAMAGED, "page 1 does not say what the file is");
    uint64_t first = get(pages[0] + transaction_at, 8), second = get(pages[1] + transaction_at, 8);
    if (!are_neighbours(first, second))
        return err_set(err, ERR_DAMAGED, "pages 0 and 1 do not follow each other");
    const uint8_t *latest = pages[first < second] + META_AT;
    meta->page_bytes = page_bytes;
    meta->transaction = first < second ? second : first;
    memcpy(meta->bytes, latest, sizeof meta->bytes);
    if (fstat(fd, &st) != 0)
        return err_set(err, ERR_FATAL, "%s", strerror(errno));
    meta->pages = (uint64_t)st.st_size / page_bytes;
    uint64_t last = get(latest + LAST_AT, 8);
    return (last > 0 && last <= 2 * meta->pages + SLACK) ||
           err_set(err, ERR_DAMAGED, "the file ends before its last page");
}
