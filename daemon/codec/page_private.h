// SPDX-License-Identifier: EUPL-1.2
// Shared by page.c and page_ids.c: an item is refused.
#ifndef CODEC_PAGE_PRIVATE_H
#define CODEC_PAGE_PRIVATE_H

#include "codec/page.h"

void page_add_faults(struct page *page, const struct page_item *item, const struct fault *faults,
                     size_t count);
// For the quarantine: to be filled in.
struct page_refused *page_add_refused(struct page *page, struct page_item *item);

// Of a page that is all of a delivery, or the `number`th of a poll. `key` is for the quarantine;
// NULL: refused items do not go there.
void page_ids_check(struct page_ids *ids, struct page *page, uint32_t number,
                    const struct hash_key *key);

#endif
