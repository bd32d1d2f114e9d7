// SPDX-License-Identifier: EUPL-1.2
// What waits for Kafka, in the order in which it goes there. A reader sees the outbox as it is on
// the disk at one moment; while it is open its pages are not used again, so close it soon.
#ifndef LEDGER_OUTBOX_H
#define LEDGER_OUTBOX_H

#include "ledger/ledger.h"

struct ledger_outbox;
// Valid until the next one is asked for, or the outbox is closed.
struct outbox_entry {
    uint64_t seq;
    struct ledger_event event; // LEDGER_EVENTS; of LEDGER_CURRENT the line, if the signal has one
    struct digest signal;      // LEDGER_CURRENT
    bool stands;               // LEDGER_CURRENT: it is told by that line; else it is no longer told
    struct str key, value;     // LEDGER_STATISTICS; `value` absent: no longer told
};
// Entries with seq > after.
struct ledger_outbox *ledger_outbox_open(struct ledger *ledger, enum ledger_topic topic,
                                         uint64_t after);
bool ledger_outbox_next(struct ledger_outbox *outbox, struct outbox_entry *entry);
void ledger_outbox_close(struct ledger_outbox *outbox);

#endif
