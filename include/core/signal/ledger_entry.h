// SPDX-License-Identifier: EUPL-1.2
// One line of the ledger: a signal in one version, as it was classified. Sequence numbers start at
// 1 and have no gaps; a later version of the same signal is a new line that names the one before.
#ifndef CORE_SIGNAL_LEDGER_ENTRY_H
#define CORE_SIGNAL_LEDGER_ENTRY_H

#include "core/signal/signal.h"

enum { LEDGER_SOURCE_MAX = 64 };

// What a line is about. Lines about a source have no identity, version or cell, nor have those
// about a trend, whose `source` is the region's code. A lost line stands for one that a ledger made
// anew from the topic could not find there: it says nothing, counts nothing, is published nowhere
// and shown to nobody.
enum ledger_kind {
    LEDGER_SIGNAL,
    LEDGER_SOURCE_SILENT,
    LEDGER_SOURCE_RESUMED,
    LEDGER_LOST,
    LEDGER_TREND_DEPARTED,
    LEDGER_KINDS
};

struct ledger_entry {
    enum ledger_kind kind;
    uint64_t seq;
    uint64_t previous;    // seq of the version before; 0 for the first
    uint64_t first;       // seq of the first version
    uint32_t version;     // 1..
    enum verdict verdict; // REGISTERED, CORRECTED or WITHDRAWN
    bool counts; // is in a cell of the counts (false once withdrawn); see ledger_entry_counts
    enum withdrawal how; // a WITHDRAWN one came about
    bool erased;         // what it said has been removed on request; its identity stays known
    bool remapped;       // its source said nothing new: other tables gave it another meaning
    bool unknown_said;   // see struct signal
    bool undated;        // see struct signal; `reported` may be what was known before
    int64_t updated_ms;  // when the source last changed it, at the earliest; 0: not said
    uint64_t person;     // number of the person it is about; 0: nobody is known
    int64_t received_ms; // when the bytes came in
    int64_t logged_ms;   // when it was written: the event's time
    struct digest identity;
    struct digest content;
    struct cell cell;            // after a withdrawal: the cell it was taken out of
    int32_t reported, occurred;  // days; occurred may be TIME_DAY_NONE
    uint16_t municipality_today; // present successor at the time of commit
    uint16_t key_municipality; // of the first version: the partition key; 0 = the source's name is
    bool polled;               // a poll brought it; otherwise it was pushed
    uint8_t unknown_count;
    struct unknown_word unknown[SIGNAL_UNKNOWN_MAX];
    uint8_t source_len, id_len;
    char source[LEDGER_SOURCE_MAX + 1];
    char id[SIGNAL_ID_MAX + 1];
};

// Is it in what is told without asking for rejected ones: counts, trend, coverage, statistics?
static inline bool ledger_entry_counts(const struct ledger_entry *entry) {
    return entry->counts && cell_counts(&entry->cell);
}

#endif
