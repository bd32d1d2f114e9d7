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
#include "core/tables/municipalities.h"
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
    VERIFY_TOPIC,   // the topic of current signals has what the ledger has; only when asked
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

// The topic of current signals: somebody who knows Kafka reads it.
enum { VERIFY_DIFFERENT_MAX = 100 }; // signals that are named
struct verify;
struct verify_topic {
    const struct municipalities *municipalities; // of the tables in force
    // Tells verify_topic_note of each record; false with *err: the topic cannot be read.
    bool (*read)(void *ctx, struct verify *verify, struct err *err);
    void *ctx;
    // out
    uint64_t waiting; // signals that wait for Kafka, or have changed since the snapshot
    struct verify_different {
        char signal[DIGEST_HEX + 1];
        const char *what;
    } different[VERIFY_DIFFERENT_MAX];
    size_t different_count;
    // its own
    uint64_t strange;
    struct index *places;
    struct verify_noted *noted;
    size_t noted_count, noted_cap;
};
// The next record of its partition; `number`: of one that this ledger wrote, else 0.
void verify_topic_note(struct verify_topic *topic, struct str key, struct str value,
                       uint64_t number);

enum { VERIFY_TEXT_MAX = 160, VERIFY_IDENTITIES_MAX = 1 << 24 };

struct verify {
    struct store_txn txn;        // of store_begin_snapshot: to be begun before and ended after
    struct verify_memory memory; // cube NULL: there is none
    // Signals that are kept in mind at a time, 10 to 12.5 bytes each; the ledger is read as often
    // as that needs. 0: VERIFY_IDENTITIES_MAX.
    uint64_t identities_max;
    struct verify_topic *topic; // compared too; may be NULL
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
