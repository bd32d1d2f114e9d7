// SPDX-License-Identifier: EUPL-1.2
// A ledger made anew from its events, for a state directory whose disk was lost. The ledger is new
// and nobody else has it.
//
//   ledger_rebuild_begin
//   ledger_rebuild_add …     each event that was found, in any order: its line as it stands alone
//   ledger_rebuild_find_far  and ledger_rebuild_drop: what does not belong to it after all
//   ledger_rebuild_named     that was all: the ledger gets its old name
//   ledger_link commits …   in order of sequence: versions, persons, counts, sources; a line not
//                           found becomes one of kind LEDGER_LOST, so that there are no gaps
//   ledger_restore          in a commit after those: statistics as they are outside
#ifndef LEDGER_REBUILD_H
#define LEDGER_REBUILD_H

#include "ledger/ledger.h"

struct ledger_found {
    struct ledger_entry entry; // without what other lines say: previous, first, person
    struct str kept;           // of its event, as codec/event_kept.h
    int32_t partition;         // where the event is
    int64_t offset;
};

struct ledger_rebuild;
struct ledger_rebuild *ledger_rebuild_begin(struct ledger *ledger);
void ledger_rebuild_free(struct ledger_rebuild *rebuild); // what was not committed is not there

enum ledger_add {
    LEDGER_ADDED,
    LEDGER_AGAIN,   // the same event is there already: the first one stays
    LEDGER_ANOTHER, // another event with this sequence is there: it stays
    LEDGER_ADD_FAILED,
};
enum ledger_add ledger_rebuild_add(struct ledger_rebuild *rebuild, const struct ledger_found *found,
                                   struct err *err) MUST_CHECK;

// The first line that hardly is of this ledger. Numbers that nothing was found of become lines too,
// so each line that was found accounts for at most LEDGER_MISSING_MAX of them before it.
enum { LEDGER_MISSING_MAX = 100000 };
struct ledger_far {
    uint64_t seq, missing; // missing: before it
    uint64_t count;        // lines from it on
    int32_t partition;
    int64_t offset;
    uint64_t last_seq; // of the line before it, and when that was logged
    int64_t last_ms;
};
// False: there is none.
bool ledger_rebuild_find_far(struct ledger_rebuild *rebuild, struct ledger_far *far);
// Takes away the lines from `seq` on.
bool ledger_rebuild_drop(struct ledger_rebuild *rebuild, uint64_t seq, struct err *err) MUST_CHECK;

// `ledger_id`: DIGEST_HEX digits. `last`: our last record in each of PUBLISH_PARTITIONS_MAX
// partitions, offset -1 where there was none: what is behind it a daemon takes for later events of
// its own.
bool ledger_rebuild_named(struct ledger_rebuild *rebuild, const char *ledger_id,
                          const struct publish_ack *last, struct err *err) MUST_CHECK;

#endif
