// SPDX-License-Identifier: EUPL-1.2
// A recount: what the lines of the ledger say, compared with everything that was made from them.
// It goes by one snapshot of the store, writes nothing and needs no key. A running daemon gives
// what it had in memory at the moment of the snapshot, see books_recount.c; without that the memory
// is not looked at. Any thread, one thread.
//
// Of what is wrong it says how often, and what it met first, with nothing in it but numbers of
// lines, codes of municipalities and months.
#ifndef LEDGER_VERIFY_H
#define LEDGER_VERIFY_H

#include "core/cube/counts.h"
#include "edge/store/store.h"

enum recount_check {
    RECOUNT_LEDGER,  // lines without gaps, each version behind the one before it
    RECOUNT_EVENTS,  // what each event says is what its line says, so a consumer's tally is right
    RECOUNT_COUNTS,  // the counts are the sum of the lines, and of what was carried from older ones
    RECOUNT_MEMORY,  // a daemon's cube and persons are those of the store
    RECOUNT_INDEX,   // a daemon's index leads each signal to its latest line
    RECOUNT_OUTBOX,  // each line either waits for Kafka or has been confirmed; the totals fit; what
                     // waits of the figures for outside is what is told
    RECOUNT_PERSONS, // each signal that counts is with its person, and no number is given twice
    RECOUNT_CHECKS,
};
const char *recount_check_name(enum recount_check check); // "ledger"
const char *recount_check_text(enum recount_check check); // what it means, in half a line

// Entries of a table in no order: how many, and a sum of digests of them. Two tables with the same
// entries have the same.
struct recount_sum {
    uint64_t count, sum;
};
void recount_add_signal(struct recount_sum *sum, const struct digest *identity, uint64_t seq);
void recount_add_member(struct recount_sum *sum, uint64_t person, const struct digest *member,
                        const struct cell *cell);

// What a daemon has in memory.
struct recount_memory {
    struct counts *cube; // a copy, owned
    struct recount_sum index, persons;
    uint64_t first_seq, last_seq, waiting;
};

enum { RECOUNT_TEXT_MAX = 160, RECOUNT_IDENTITIES_MAX = 1 << 20 };

struct recount {
    struct store_txn txn;         // the snapshot: to be begun before and ended after
    struct recount_memory memory; // cube NULL: there is none
    // Signals that are kept in mind at a time, 32 to 72 bytes each; the ledger is read as often as
    // that needs. 0: RECOUNT_IDENTITIES_MAX.
    uint64_t identities_max;
    // Called now and then, with steps; false ends it. May be NULL.
    bool (*progress)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;

    // out
    bool ended; // by `progress`: the rest means nothing
    uint64_t lines, signals;
    struct recount_outcome {
        bool looked; // was there anything to compare with?
        uint64_t compared, differs;
        char first[RECOUNT_TEXT_MAX]; // "" when nothing differs
    } checks[RECOUNT_CHECKS];
};

void recount_run(struct recount *recount);
bool recount_is_whole(const struct recount *recount);
void recount_free(struct recount *recount); // ends the snapshot too

#endif
