// SPDX-License-Identifier: EUPL-1.2
// Shared by the files of daemon/edge/store; nobody else includes it.
//   store.c, store_open.c   transactions; opening and closing: only these and copy.c call LMDB
//   copy.c    a copy beside commits
//   pages.c   whether the pages of LMDB's file can be read, by reading them ourselves
//   sums.c    a sum of digests of all that a table holds
//   place.c   where a store is, or is made anew
#ifndef EDGE_STORE_PRIVATE_H
#define EDGE_STORE_PRIVATE_H

#include "edge/store/store.h"

#include <stddef.h>

struct store_table_kind {
    const char *name;
    bool by_seq; // keys are numbers of 8 bytes
};
extern const struct store_table_kind store_table_kinds[STORE_TABLES];

// --- sums.c ---

// META "sums": for each table the sum of what sums_entry says of its entries, without this entry
// itself, and the transaction that wrote it. Each commit writes it, so a table that lacks
// something, or has something that was once true, shows; and so does the last transaction but one
// when it passes for the last.
struct sums {
    uint64_t of[STORE_TABLES];
    uint64_t transaction;
};
enum { SUMS_BYTES = sizeof(struct sums) + 8, SUMS_CHUNK = 1 << 16 };
extern const struct str sums_key;

void sums_put(const struct sums *sums, char out[SUMS_BYTES]);
bool sums_get(struct str value, struct sums *sums); // false: it was changed
// Not of the audit log, whose lines are in a chain with a secret key: whoever reads them follows
// it.
bool sums_are_of(enum store_table table);
uint64_t sums_entry(enum store_table table, struct str key, struct str value);
// The same of a value in pieces: each but the last has SUMS_CHUNK bytes, and there is at least one.
uint64_t sums_begin(enum store_table table, struct str key);
uint64_t sums_go_on(uint64_t sum, struct str piece);

// --- pages.c ---

// What LMDB's file says of itself at its beginning, of its latest transaction.
enum { PAGES_META_BYTES = 136 };
struct pages_meta {
    uint64_t transaction;
    uint32_t page_bytes;
    uint64_t pages;                  // in the file
    uint8_t bytes[PAGES_META_BYTES]; // as they are in the file
};
// DAMAGED when it cannot be what LMDB wrote.
bool pages_read_meta(int fd, struct pages_meta *meta, struct err *err) MUST_CHECK;

// Walks over all pages in use. DAMAGED with what is wrong and where: a page that is not LMDB's,
// with
// `*readable` false (unless that is NULL), since LMDB must not read this file; or a table that
// holds other entries than were written. Reads with pread, so that a bad disk is an error and no
// signal. `reader`: see store_open; NULL: none.
bool pages_check(int fd, const struct pages_meta *meta, const struct store_reader *reader,
                 bool *readable, struct err *err) MUST_CHECK;

#endif
