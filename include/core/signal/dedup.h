// SPDX-License-Identifier: EUPL-1.2
// The rules of identity: what a delivered signal is, given what is known of it. Pure.
//   never seen                       -> registered (or withdrawn, if it says so itself: then
//                                       the identity is known and nothing counts)
//   known, same content              -> duplicate
//   withdrawn, and its system now says that it stands -> corrected, also with the content it had
//   withdrawn since it was gone or left out, and there again -> corrected, also with that content
//   known, other content             -> corrected, version + 1; also when it had been withdrawn
//   known and counting, `withdrawn`  -> withdrawn, version + 1
//   withdrawn, and again `withdrawn`, or again the content it had -> duplicate
//   erased -> duplicate, whatever it says: it does not come back
//   older than what is known (both say when their source last changed them) -> duplicate: one way
//   of delivery may be slower than another, and what is newer stays
#ifndef CORE_SIGNAL_DEDUP_H
#define CORE_SIGNAL_DEDUP_H

#include "core/signal/ledger_entry.h"

// `known` is the latest entry of this identity or NULL.
enum verdict dedup_classify(const struct ledger_entry *known, const struct signal *signal);

// Of a duplicate: its source says that it is still so, at a later time than is known. That time has
// to be kept, or a state from between the two would seem new.
bool dedup_is_seen_later(const struct ledger_entry *known, const struct signal *signal);

struct dedup_origin {
    struct str source;
    bool polled;
    int64_t received_ms; // when the bytes came in
    int64_t logged_ms;   // when this commit was made
};

// The entry to be written for a verdict other than DUPLICATE and REFUSED.
void dedup_entry(const struct ledger_entry *known, const struct signal *signal,
                 enum verdict verdict, uint64_t seq, const struct dedup_origin *origin,
                 struct ledger_entry *entry);

#endif
