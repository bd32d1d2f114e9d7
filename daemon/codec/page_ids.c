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

static void refuse(struct page *page, struct page_item *item, struct place_in_page other,
                   uint32_t other_page, const struct hash_key *key) {
    const struct fault fault = {.code = FAULT_CONFLICT,
                                .pointer = "/id",
                                .other = other.index,
                                .other_line = page->by_line ? other.line : 0,
                                .page = other_page};
    const struct signal *signal = &page->signals[item->signal];
    item->signal = UINT32_MAX;
    item->fault_first = (uint32_t)page->fault_count;
    item->fault_count = 1;
    page_add_faults(page, item, &fault, 1);
    if (!key)
        return;
    struct page_refused *refused = page_add_refused(page, item);
    const struct str parts[] = {{(const char *)signal->identity.bytes, DIGEST_BYTES},
                                {(const char *)signal->content.bytes, DIGEST_BYTES}};
    hash_digest(key, "quarantine conflict", parts, 2, &refused->key);
    size_t len = signal->id_len <= PAGE_SAFE_ID_MAX ? signal->id_len : 0;
    memcpy(refused->id, signal->id, len);
    refused->id[len] = '\0';
}

static void look_up(struct page_ids *ids, struct page *page, struct page_item *item,
                    uint32_t number, const struct hash_key *key) {
    const struct signal *signal = &page->signals[item->signal];
    struct page_id now = {.identity = item->identity,
                          .updated_ms = signal->updated_ms,
                          .content = item->content,
                          .page = number,
                          .at = {item->index, item->line}};
    struct page_id *known = map_find(&ids->map, &kind, &now);
    if (!map_used(&kind, known)) {
        if (ids->map.count < PAGE_IDS_MAX)
            *(struct page_id *)map_add(&ids->map, &kind, &now) = now;
    } else if (known->content == now.content) {
        item->repeats = true;
    } else if (known->page == number) {
        if (!known->clashes)
            known->other = now.at;
        known->clashes = true;
    } else if (now.updated_ms > known->updated_ms) {
        *known = now;
    } else {
        refuse(page, item, known->at, known->page, key);
    }
}

void page_ids_check(struct page_ids *ids, struct page *page, uint32_t number,
                    const struct hash_key *key) {
    for (size_t i = 0; i < page->item_count; i++)
        if (page->items[i].signal != UINT32_MAX)
            look_up(ids, page, &page->items[i], number, key);
    for (size_t i = 0; i < page->item_count; i++) {
        struct page_item *item = &page->items[i];
        const struct page_id *known =
            item->signal == UINT32_MAX ? NULL : map_find(&ids->map, &kind, &item->identity);
        if (known && map_used(&kind, known) && known->page == number && known->clashes)
            refuse(page, item, item->index == known->at.index ? known->other : known->at, 0, key);
    }
}
