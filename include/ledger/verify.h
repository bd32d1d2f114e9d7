// SPDX-License-Identifier: EUPL-1.2
// A verify: what the lines of the ledger say, compared with everything that was made from them.
// It goes by one snapshot of the store, writes nothing and needs no key. A running daemon gives
// what it had in memory at the moment of the snapshot, see verify_snapshot.c; without that the
// memory is not looked at. Any thread, one thread.
//
// Of what is wrong it says how often, and what it met first, with nothing in it but numbers of
// lines, codes of municipalities and months.
#ifndef LEDGER_VERIFY_H
#define LEDGER_VERIFY_H

#include "core/cube/counts.h"
#include "edge/store/store.h"

enum verify_check {
    VERIFY_STORE,   // the file has the pages and the entries that were written
    VERIFY_LEDGER,  // lines without gaps, each version behind the one before it
    VERIFY_EVENTS,  // what each event says is what its line says, so a consumer's tally is right
    VERIFY_COUNTS,  // the counts are the sum of the lines, and of those that have expired
    VERIFY_MEMORY,  // a daemon's cube and persons are those of the store
    VERIFY_INDEX,   // a daemon's index leads each signal to its latest line
    VERIFY_OUTBOX,  // each line either waits for Kafka or has been confirmed; the totals fit; what
                    // waits of the statistics for outside is what is told
    VERIFY_PERSONS, // each signal that counts is with its person, and no number is given twice
    VERIFY_CHECKS,
};
const char *verify_check_name(enum verify_check check); // "ledger"
const char *verify_check_text(enum verify_check check); // what it means, in half a line

// Entries of a table in no order: how many, and a sum of digests of them. Two tables with the same
// entries have the same.
struct verify_sum {
    uint64_t count, sum;
};
void verify_add_lead(struct verify_sum *sum, uint64_t tag, uint64_t seq); // of base/leads.h
void verify_add_member(struct verify_sum *sum, uint64_t person, const struct digest *member,
                       const struct cell *cell);

// What a daemon has in memory.
struct verify_memory {
    struct counts *cube; // a copy, owned
    struct verify_sum leads, persons;
    uint64_t first_seq, last_seq, waiting;
};

enum { VERIFY_TEXT_MAX = 160, VERIFY_IDENTITIES_MAX = 1 << 24 };

struct verify {
    struct store_txn txn;        // of store_begin_snapshot: to be begun before and ended after
    struct verify_memory memory; // cube NULL: there is none
    // Signals that are kept in mind at a time, 10 to 12.5 bytes each; the ledger is read as often
    // as that needs. 0: VERIFY_IDENTITIES_MAX.
    uint64_t identities_max;
    // Called now and then, with steps; false ends it. May be NULL.
    bool (*progress)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;

    // out
    bool ended; // by `progress`: the rest means nothing
    uint64_t lines, signals;
    struct verify_outcome {
        bool looked; // was there anything to compare with?
        uint64_t compared, differs;
        char first[VERIFY_TEXT_MAX]; // "" when nothing differs
    } checks[VERIFY_CHECKS];
};

void verify_run(struct verify *verify);
bool verify_is_whole(const struct verify *verify);
void verify_free(struct verify *verify); // ends the snapshot too

#endif
