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
    uint64_t quarantined;     // entries
    uint64_t quarantine_last; // highest number given
};

// What a commit adds to the books.
struct books_change {
    struct index *index;   // identities of this group -> their latest line
    struct counts *counts; // differences
    struct totals totals;  // as they are after it
    uint64_t last_seq;
    uint64_t added, confirmed;             // lines into and out of the outbox
    uint64_t quarantined, quarantine_last; // as they are after it
    struct buf value, record;              // room to encode in, kept from group to group
};

// A commit under way; see books_commit.c.
struct books_commit {
    struct books *books;
    struct books_change *change;
    struct store_txn txn;
    int64_t logged_ms;
    bool writes; // there is something to sync
    // What is known of the source that is at work: most groups have few.
    char source[LEDGER_SOURCE_MAX + 1]; // "" none
    struct feed_record feed;
    bool feed_changed;
    size_t in_quarantine; // entries of the source at work, once counted
    bool quarantine_counted;
};
// books_sources.c: what a commit keeps of sources and of what could not be taken.
void books_commit_notes(struct books_commit *commit, const struct books_group *group);
void books_commit_source(struct books_commit *commit, struct batch *batch, bool news);
void books_commit_refused(struct books_commit *commit, const struct batch *batch);
void books_flush_source(struct books_commit *commit);
// books_commit.c: one line; adds it to the outbox. `value` is in change->value.
void books_write_line(struct books_commit *commit, const struct ledger_row *row);

struct str books_partitions_key(const struct books *books, char *out, size_t size);
struct str books_offset_key(const struct books *books, int32_t partition, char *out, size_t size);
void books_set_offset(struct books *books, int32_t partition, int64_t offset);

#endif
