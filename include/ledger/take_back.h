// SPDX-License-Identifier: EUPL-1.2
// A ledger that is older than its topic: a restored backup, a machine that was rolled back. The
// topic has events that the ledger has written and lacks, some under the numbers of lines that it
// has written since. What the topic has was told to the world, so it stands:
//
//   ledger_look_up         what a record of ours is to the ledger; of one that it lacks:
//   ledger_staging_add …   its line waits in the store, in any order, beside the ledger
//   ledger_take_back       in one commit: our own lines from the first lacking number on are taken
//                          away, what the topic has is linked in its order (see ledger/rebuild.h),
//                          and our own are classified again behind it, as if just delivered
//
// After that the ledger has what the topic has, as lines that wait for Kafka, and the publisher's
// recovery finds them there. Until that commit is on the disk nothing has changed.
#ifndef LEDGER_TAKE_BACK_H
#define LEDGER_TAKE_BACK_H

#include "ledger/rebuild.h"

enum ledger_look {
    LEDGER_HAS,    // as it should be, or too old to be kept: nothing to do
    LEDGER_AWAITS, // the same event waits for Kafka
    LEDGER_LACKS,
    LEDGER_FORKED, // another event was published under this number before: two have written
};
// On any thread: the event of this number, ce_id and ce_time.
enum ledger_look ledger_look_up(struct ledger *ledger, uint64_t seq, struct str id,
                                struct str time);
// Of a statistic for outside. `value` absent: a tombstone.
enum ledger_look ledger_look_up_statistic(struct ledger *ledger, uint64_t seq, struct str key,
                                          struct str value);

// On one thread, while nobody else stages. It begins with nothing, and writes in pieces.
struct ledger_staging;
struct ledger_staging *ledger_staging_begin(struct ledger *ledger);
bool ledger_staging_add(struct ledger_staging *staging, const struct ledger_found *found,
                        struct err *err) MUST_CHECK;
bool ledger_staging_flush(struct ledger_staging *staging, struct err *err) MUST_CHECK;
void ledger_staging_free(struct ledger_staging *staging); // NULL is fine

struct take_back_task {
    struct commit_task task;
    struct tables *tables;
    const struct sources *sources;
    // out
    uint64_t taken;   // lines from the topic
    uint64_t lost;    // numbers among them that the topic does not have either
    uint64_t behind;  // lines of our own that follow those
    uint64_t dropped; // and that said what the topic has
};
void ledger_take_back(struct ledger_writer *writer, struct commit_task *task);

#endif
