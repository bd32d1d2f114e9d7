// SPDX-License-Identifier: EUPL-1.2
// The topic of current signals: of each signal that the ledger has one record of how it stands, and
// none of any other. Whatever makes a line a signal's latest puts an entry into an outbox, in the
// same commit: a number that only grows -> the signal and that line. What goes to Kafka is made
// when it is sent, of the line that is the latest then; where it says nothing any more (erased,
// expired) it is a tombstone. So the last record of a key is what the ledger has, whatever crashed
// or came late in between.
//
// A topic that is used for the first time, or was made anew, is told all signals, and so is one
// whose records have other names than the tables, a piece a commit. What the topic has of signals
// that the ledger lacks, and what somebody else wrote there, is overwritten (struct current_take).
// As long as no topic has been seen nothing of it is written.
#ifndef LEDGER_CURRENT_H
#define LEDGER_CURRENT_H

#include "core/tables/municipalities.h"
#include "ledger/take_back.h"

// How far the topic is.
struct current_state {
    uint64_t last;       // number that was given last
    uint64_t from;       // lines from here on are to be told anew; 0: none
    struct digest names; // those that values are made with; see ledger_digest_names
};

const struct digest *ledger_current_names(const struct ledger *ledger);
// Is there a piece to be told anew, and has Kafka taken most of those before?
bool ledger_current_has_piece(const struct ledger *ledger);

// What a genuine record is to the ledger; any thread. `value` absent: a tombstone. LEDGER_LACKS:
// its number was not given, or to another signal: the topic is ahead.
enum ledger_look ledger_look_up_current(struct ledger *ledger, uint64_t seq, struct str key,
                                        struct str value);

// What a reading of the topic has found, and how it differs from what the tables say. Where there
// is nothing to do it writes nothing.
struct current_take {
    struct commit_task task;
    const struct current_key { // owned by the caller
        struct digest identity;
        bool strange; // somebody else wrote it
    } * keys;
    size_t count;
    uint64_t last;       // highest number that was found: it is not given again
    int32_t partitions;  // of a topic that was ahead: it is told all; 0: it was not
    struct digest names; // of the tables in force
    size_t gone;         // out: keys that the ledger lacks
    size_t taken;        // out: and with those that are strange
    bool left;           // out: there was no room for all; the next start reads the topic anew
};
void ledger_take_current(struct ledger_writer *writer, struct commit_task *task);
void ledger_digest_names(const struct municipalities *municipalities, struct digest *out);

// The next piece of what is to be told anew.
void ledger_tell_current(struct ledger_writer *writer, struct commit_task *task);

#endif
