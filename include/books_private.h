// SPDX-License-Identifier: EUPL-1.2
// Shared by books.c (open, read) and books_commit.c (write); nobody else includes it.
#ifndef BOOKS_PRIVATE_H
#define BOOKS_PRIVATE_H

#include "books.h"
#include "core/index.h"

enum {
    BOOKS_KEY_MAX = 300
}; // "topic/<name>/offset/<partition>"; Kafka's names have at most 249 bytes

struct books {
    struct store *store;
    struct hash_key identity_key;
    char *topic;
    char origin[DIGEST_HEX + 1]; // "" in a new ledger
    struct digest key_check;     // of the key that the ledger was written with
    // follows the disk, see books_apply
    struct index *index;
    struct counts *counts;
    struct totals totals;
    uint64_t last_seq;
    uint64_t waiting;
    int32_t partitions;
    int64_t *offsets; // by partition; -1: none
    int32_t offset_count;
    int64_t last_commit_ms;
};

// What a commit adds to the books.
struct books_change {
    struct index *index;   // identities of this group -> their latest line
    struct counts *counts; // differences
    struct totals totals;  // as they are after it
    uint64_t last_seq;
    uint64_t added, confirmed; // lines into and out of the outbox
    struct buf value, record;  // room to encode in, kept from group to group
};

struct str books_partitions_key(const struct books *books, char *out, size_t size);
struct str books_offset_key(const struct books *books, int32_t partition, char *out, size_t size);
void books_set_offset(struct books *books, int32_t partition, int64_t offset);

#endif
