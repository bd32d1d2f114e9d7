// SPDX-License-Identifier: EUPL-1.2
// A ledger made anew from its events, for a state directory whose disk was lost. The books are new
// and nobody else has them.
//
//   books_rebuild_begin
//   books_rebuild_add …     each event that was found, in any order: its line as it stands alone
//   books_rebuild_find_far  and books_rebuild_drop: what does not belong to them after all
//   books_rebuild_named     that was all: the ledger gets its old name
//   BATCH_LINK commits …    in order of sequence: versions, persons, counts, sources; a line not
//                           found becomes one of kind LEDGER_LOST, so that there are no gaps
//   BATCH_RESTORE           in a commit after those: figures as they are outside
#ifndef LEDGER_REBUILD_H
#define LEDGER_REBUILD_H

#include "ledger/ledger.h"

struct books_found {
    struct ledger_row row; // without what other lines say: previous, first, person
    struct str value;
    int32_t partition; // where the event is
    int64_t offset;
};

struct books_rebuild;
struct books_rebuild *books_rebuild_begin(struct books *books);
void books_rebuild_free(struct books_rebuild *rebuild); // what was not committed is not there

enum books_add {
    BOOKS_ADDED,
    BOOKS_AGAIN,   // the same event is there already: the first one stays
    BOOKS_ANOTHER, // another event with this sequence is there: it stays
    BOOKS_ADD_FAILED,
};
enum books_add books_rebuild_add(struct books_rebuild *rebuild, const struct books_found *found,
                                 struct err *err) MUST_CHECK;

// The first line that hardly is of this ledger. Numbers that nothing was found of become lines too,
// so each line that was found accounts for at most BOOKS_MISSING_MAX of them before it.
enum { BOOKS_MISSING_MAX = 100000 };
struct books_far {
    uint64_t seq, missing; // missing: before it
    uint64_t count;        // lines from it on
    int32_t partition;
    int64_t offset;
    uint64_t last_seq; // of the line before it, and when that was logged
    int64_t last_ms;
};
// False: there is none.
bool books_rebuild_find_far(struct books_rebuild *rebuild, struct books_far *far);
// Takes away the lines from `seq` on.
bool books_rebuild_drop(struct books_rebuild *rebuild, uint64_t seq, struct err *err) MUST_CHECK;

// `origin`: DIGEST_HEX digits. `offsets`: how far each of PUBLISH_PARTITIONS_MAX partitions has
// been read, -1 where there was nothing: what is behind that a daemon takes for later events of
// its own.
bool books_rebuild_named(struct books_rebuild *rebuild, const char *origin, const int64_t *offsets,
                         struct err *err) MUST_CHECK;

#endif
