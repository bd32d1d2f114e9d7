// SPDX-License-Identifier: EUPL-1.2
// An exact table: digest -> number, such as the identities of a commit and their lines. Keys are
// keyed digests, so nobody outside can choose collisions. What the ledger has in memory of all its
// identities is smaller: base/leads.h.
#ifndef BASE_INDEX_H
#define BASE_INDEX_H

#include "base/hash.h"

struct index;

struct index *index_create(void);
void index_free(struct index *index);
// 0 when absent.
uint64_t index_get(const struct index *index, const struct digest *identity);
void index_put(struct index *index, const struct digest *identity, uint64_t seq); // seq > 0
size_t index_count(const struct index *index);
void index_clear(struct index *index);
// Every entry, in no order.
void index_each(const struct index *index,
                void (*fn)(void *ctx, const struct digest *identity, uint64_t seq), void *ctx);

#endif
