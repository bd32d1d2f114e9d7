// SPDX-License-Identifier: EUPL-1.2
// The ids of one delivery, each with what was said of it first. First all items of a page are
// looked up, and then those whose ids clash are refused, so that none of them gets by because it
// came first. The table owns what it keeps, digests only.
#include "base/map.h"
#include "page_private.h"

struct page_id {
    struct digest identity;
    uint64_t content; // the first bytes of its digest
    int64_t updated_ms;
    uint32_t page;
    struct place_in_page {
        uint32_t index, line;
    } at;
    bool clashes;               // an item of this page says otherwise,
    struct place_in_page other; // the first is there
};

static bool has_identity(const void *entry, const void *key) {
    return digest_equal(entry, key);
}

static const struct map_kind kind = {sizeof(struct page_id), 0,           64, 3,
                                     map_hash_prefix,        has_identity};

struct page_ids {
    struct map map;
};

struct page_ids *page_ids_create(void) {
    struct page_ids *ids = mem_alloc(sizeof *ids);
    map_init(&ids->map, &kind);
    return ids;
}

void page_ids_free(struct page_ids *ids) {
    if (ids)
        free(ids->map.entries);
    free(ids);
}

// `signal` is NULL for one that was left out.
static void put_in_quarantine(struct page *page, struct page_item *item,
                              const struct signal *signal, const struct hash_key *key) {
    struct page_refused *refused = page_add_refused(page, item);
    const struct str parts[] = {
        {(const char *)item->identity.bytes, DIGEST_BYTES},
        signal ? (struct str){(const char *)signal->content.bytes, DIGEST_BYTES} : STR("left out")};
    hash_digest(key, "quarantine conflict", parts, 2, &refused->key);
    size_t len = signal && signal->id_len <= PAGE_SAFE_ID_MAX ? signal->id_len : 0;
    if (len)
        memcpy(refused->id, signal->id, len);
    refused->id[len] = '\0';
}

static void refuse(struct page *page, struct page_item *item, const struct signal *signal,
                   struct place_in_page other, uint32_t other_page, const struct hash_key *key) {
    const struct fault fault = {.code = FAULT_CONFLICT,
                                .pointer = "/id",
                                .other = other.index,
                                .other_line = page->by_line ? other.line : 0,
                                .page = other_page};
    item->signal = UINT32_MAX;
    item->fault_first = (uint32_t)page->fault_count;
    item->fault_count = 1;
    page_add_faults(page, item, &fault, 1);
    if (key)
        put_in_quarantine(page, item, signal, key);
}

enum id_found { FOUND_NOTHING, FOUND_SAME, FOUND_OTHER };

// What the delivery has said of this id until now; `now` is kept where nothing older stands against
// it. On one page OTHER is told when all of it has been seen.
static enum id_found look_up(struct page_ids *ids, const struct page_id *now,
                             const struct page_id **before) {
    struct page_id *known = map_find(&ids->map, &kind, now);
    *before = known;
    if (!map_used(&kind, known)) {
        if (ids->map.count < PAGE_IDS_MAX)
            *(struct page_id *)map_add(&ids->map, &kind, now) = *now;
    } else if (known->content == now->content) {
        return FOUND_SAME;
    } else if (known->page == now->page) {
        if (!known->clashes)
            known->other = now->at;
        known->clashes = true;
    } else if (now->updated_ms > known->updated_ms) {
        *known = *now;
    } else {
        return FOUND_OTHER;
    }
    return FOUND_NOTHING;
}

static void look_at_item(struct page_ids *ids, struct page *page, struct page_item *item,
                         uint32_t number, const struct hash_key *key) {
    const struct signal *signal = &page->signals[item->signal];
    const struct page_id *before, now = {.identity = item->identity,
                                         .updated_ms = signal->updated_ms,
                                         .content = item->content,
                                         .page = number,
                                         .at = {item->index, item->line}};
    enum id_found found = look_up(ids, &now, &before);
    item->repeats = found == FOUND_SAME;
    if (found == FOUND_OTHER)
        refuse(page, item, signal, before->at, before->page, key);
}

// Becomes an item that is refused: an earlier page has it.
static void refuse_left_out(struct page *page, const struct page_left_out *left_out,
                            const struct page_id *before, const struct hash_key *key) {
    page->items = mem_grow(page->items, page->item_count, &page->item_cap, sizeof *page->items);
    struct page_item *item = &page->items[page->item_count++];
    *item = (struct page_item){.verdict = VERDICT_REFUSED,
                               .refused = UINT32_MAX,
                               .index = left_out->index,
                               .line = left_out->line,
                               .identity = left_out->identity};
    page->excluded--;
    page->decoded.items++;
    refuse(page, item, NULL, before->at, before->page, key);
}

static bool keep_left_out(struct page_ids *ids, struct page *page,
                          const struct page_left_out *left_out, uint32_t number,
                          const struct hash_key *key) {
    const struct page_id *before, now = {.identity = left_out->identity,
                                         .updated_ms = left_out->updated_ms,
                                         .content = UINT64_MAX, // of no item
                                         .page = number,
                                         .at = {left_out->index, left_out->line}};
    bool other = look_up(ids, &now, &before) == FOUND_OTHER;
    if (other)
        refuse_left_out(page, left_out, before, key);
    return !other;
}

// With what its page says otherwise; NULL: nothing.
static const struct page_id *find_clash(const struct page_ids *ids, const struct digest *identity,
                                        uint32_t number) {
    const struct page_id *known = map_find(&ids->map, &kind, identity);
    bool clashes = map_used(&kind, known) && known->page == number && known->clashes;
    return clashes ? known : NULL;
}

static void keep_left_outs(struct page *page, const struct page_ids *ids, uint32_t number) {
    size_t kept = 0;
    for (size_t i = 0; i < page->left_out_count; i++)
        if (!find_clash(ids, &page->left_out[i].identity, number))
            page->left_out[kept++] = page->left_out[i];
    page->left_out_count = kept;
}

void page_ids_check(struct page_ids *ids, struct page *page, uint32_t number,
                    const struct hash_key *key) {
    size_t items = page->item_count, kept = 0;
    for (size_t i = 0; i < items; i++)
        if (page->items[i].signal != UINT32_MAX)
            look_at_item(ids, page, &page->items[i], number, key);
    for (size_t i = 0; i < page->left_out_count; i++)
        if (keep_left_out(ids, page, &page->left_out[i], number, key))
            page->left_out[kept++] = page->left_out[i];
    page->left_out_count = kept;
    for (size_t i = 0; i < items; i++) {
        struct page_item *item = &page->items[i];
        const struct page_id *clash =
            item->signal == UINT32_MAX ? NULL : find_clash(ids, &item->identity, number);
        if (clash)
            refuse(page, item, &page->signals[item->signal],
                   item->index == clash->at.index ? clash->other : clash->at, 0, key);
    }
    keep_left_outs(page, ids, number);
}
