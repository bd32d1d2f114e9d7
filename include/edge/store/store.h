// SPDX-License-Identifier: EUPL-1.2
// The durable state (LMDB behind it): a few ordered tables, one writer at a time, many readers, and
// a commit that is on the disk when it returns true. Errors are sticky: put, put, put, one commit
// that tells. Meaning of keys and values: see codec/record.h.
#ifndef EDGE_STORE_STORE_H
#define EDGE_STORE_STORE_H

#include "base/hash.h"

#include <stdint.h>

enum store_table {
    STORE_LEDGER,            // seq -> ledger row and its event
    STORE_OUTBOX,            // seq -> nothing; there while Kafka has not confirmed it
    STORE_PUBLISHED,         // seq -> partition and offset
    STORE_COUNTS,            // cell -> number of signals
    STORE_FEEDS,             // source name -> state of its feed
    STORE_LISTED,            // source and signal -> how many whole lists lacked it; source and file
                             // of its folder -> the time of that
    STORE_QUARANTINE,        // digest of what could not be taken -> why
    STORE_EXPIRED_COUNTS,    // cell -> number of signals whose lines have expired
    STORE_PERSONS,           // pseudonym -> person
    STORE_MEMBERS,           // person and signal -> cell
    STORE_UNMAPPED,          // digest of a word that the tables lack -> how often it came
    STORE_AUDIT,             // number -> line
    STORE_STATISTICS,        // key of a statistic that is told outside -> what is told
    STORE_STATISTICS_OUTBOX, // number -> statistic that Kafka has not confirmed
    STORE_CURRENT_OUTBOX,    // number -> signal whose current record Kafka has not confirmed
    STORE_MOVED,             // generation, source and cell -> signals more or fewer than were told
    STORE_DEPARTED,          // region and form -> since when it departs from its trend, and how
    STORE_STAGED,            // seq -> what the topic has and the ledger lacks, while it is taken
    STORE_META,              // word -> value
    STORE_TABLES,
};

struct store;

// What an operator does where an error is DAMAGED.
extern const char store_damage_advice[];

// Who wants the entries of the ledger while all is looked at anyway, in order of sequence. What he
// got is worth something only once the store is open. Of a value above 64 KiB he gets no more.
struct store_reader {
    void (*fn)(void *ctx, uint64_t seq, struct str record);
    void *ctx;
};
// Opens or makes the directory's store (files 0600) and takes its lock: a second daemon gets
// CONFIG. map_bytes_max bounds the file. DAMAGED when the file is not what was written last: every
// page that is in use is read and every entry added up, see store_check. `reader`: NULL: nobody.
struct store *store_open(const char *dir, uint64_t map_bytes_max, const struct store_reader *reader,
                         struct err *err) MUST_CHECK;
// The same to read only, beside a running daemon or without one: makes, changes and compacts
// nothing, and takes no lock of a daemon's. CONFIG when there is no store; DAMAGED only when its
// pages cannot be read.
struct store *store_open_read(const char *dir, uint64_t map_bytes_max, struct err *err) MUST_CHECK;
void store_close(struct store *store); // NULL is fine

// Begin, put and commit in one thread. Values that get returns are borrowed until the next put or
// the end.
struct store_txn {
    struct store *store;
    void *handle;
    struct err err;              // kind ERR_NONE while all is well
    uint64_t sums[STORE_TABLES]; // of what the tables hold
    uint64_t added;              // bytes that have been put
    bool full;                   // it failed for want of room
    bool changed;
    void *snapshot; // of store_begin_snapshot
};
void store_begin(struct store *store, struct store_txn *txn); // writes
void store_begin_read(struct store *store,
                      struct store_txn *txn); // a snapshot; end with store_abort
// The same, which store_check can look at.
void store_begin_snapshot(struct store *store, struct store_txn *txn);
void store_put(struct store_txn *txn, enum store_table table, struct str key, struct str value);
// seq tables: `append` keys that are larger than all that are there
void store_append(struct store_txn *txn, enum store_table table, uint64_t seq, struct str value);
void store_put_seq(struct store_txn *txn, enum store_table table, uint64_t seq, struct str value);
void store_delete_seq(struct store_txn *txn, enum store_table table, uint64_t seq);
void store_delete(struct store_txn *txn, enum store_table table, struct str key);
// Adds to numbers (int64_t; none is 0), and sorts the list: in order of their keys it is quickest.
// What becomes 0 goes.
enum { STORE_ADDITION_KEY = 24 };
struct store_addition {
    char key[STORE_ADDITION_KEY]; // zeroed behind key_len
    size_t key_len;               // the same of all
    int64_t number;
};
void store_add(struct store_txn *txn, enum store_table table, struct store_addition *list,
               size_t count);
void store_clear(struct store_txn *txn, enum store_table table); // of all its entries
bool store_get(struct store_txn *txn, enum store_table table, struct str key, struct str *value);
bool store_get_seq(struct store_txn *txn, enum store_table table, uint64_t seq, struct str *value);
// A number of 8 bytes; 0 when it is not there.
uint64_t store_get_number(struct store_txn *txn, enum store_table table, struct str key);
uint64_t store_last_seq(struct store_txn *txn, enum store_table table); // 0 when empty
uint64_t store_entries(struct store_txn *txn, enum store_table table);
// A place in a table, for whoever asks for the next entry himself. Close it before the transaction
// ends. What `next` gives is valid until then.
struct store_cursor {
    struct store_txn *txn;
    void *handle; // NULL: the transaction has failed
    uint64_t from;
    bool begun;
};
void store_cursor_open(struct store_cursor *cursor, struct store_txn *txn, enum store_table table,
                       uint64_t from); // inclusive
bool store_cursor_next(struct store_cursor *cursor, uint64_t *seq, struct str *value);
void store_cursor_close(struct store_cursor *cursor);
// From key `from` (inclusive) on, in order, until fn returns false.
void store_each_seq(struct store_txn *txn, enum store_table table, uint64_t from,
                    bool (*fn)(void *ctx, uint64_t seq, struct str value), void *ctx);
void store_each(struct store_txn *txn, enum store_table table,
                bool (*fn)(void *ctx, struct str key, struct str value), void *ctx);
// From key `from` (inclusive; absent: the first) on, in order of bytes.
void store_each_from(struct store_txn *txn, enum store_table table, struct str from,
                     bool (*fn)(void *ctx, struct str key, struct str value), void *ctx);
uint64_t store_first_seq(struct store_txn *txn, enum store_table table); // 0 when empty
// True only when everything is on the disk. RETRY on a full disk or an I/O error: nothing was
// written.
bool store_commit(struct store_txn *txn, struct err *err) MUST_CHECK;
void store_abort(struct store_txn *txn);

// Is everything in this snapshot (store_begin_snapshot) as it was written? DAMAGED with what is
// wrong and where: a page that is not LMDB's, with `*readable` false, so that the snapshot must not
// be read on; or a table that holds other entries than its commits left there. RETRY when a daemon
// writes too fast to look.
bool store_check(struct store_txn *txn, const struct store_reader *reader, bool *readable,
                 struct err *err) MUST_CHECK;

// A copy of all that is in use, as of one commit: a file without a name beside the store, looked at
// as store_check looks at a store. Any thread, beside commits. RETRY: the disk would have less left
// than disk_percent_max says, it cannot be written, or go_on (asked often) said no; DAMAGED: what
// was copied is not what was written.
struct store_copy_order {
    unsigned disk_percent_max;
    bool (*go_on)(void *ctx);
    void *ctx;
};
struct store_copied {
    int fd; // the caller closes it; -1: none
    uint64_t bytes;
    uint64_t lines, last_seq; // of the ledger; 0: none
    uint8_t sha256[SHA256_BYTES];
};
bool store_copy(struct store *store, const struct store_copy_order *order,
                struct store_copied *copy, struct err *err) MUST_CHECK;

// The transaction removes what must not stay: the next store_open leaves it behind for good. Until
// then it may be readable in the file, in pages that are free. (Values of 2,000 bytes and more have
// pages of their own, whose last may keep bytes of another.)
void store_note_removed(struct store_txn *txn);

// Will at least so many bytes of map_bytes_max be free when this has been committed? An estimate on
// the safe side: what is put may need twice its size, and what is deleted is free only later. Of
// what puts nothing always true.
bool store_leaves(struct store_txn *txn, uint64_t bytes);
uint64_t store_max_bytes(const struct store *store);

struct store_usage {
    uint64_t used_bytes; // pages in use
    uint64_t max_bytes;
};
void store_get_usage(struct store *store, struct store_usage *usage);
uint64_t store_table_bytes(struct store *store, enum store_table table); // pages in use

#endif
