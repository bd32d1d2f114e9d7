// SPDX-License-Identifier: EUPL-1.2
// All that waits for Kafka, for tests that look at each.
#ifndef OUTBOX_EACH_H
#define OUTBOX_EACH_H

#include "ledger/outbox.h"

static inline void each_unpublished(struct ledger *ledger, enum ledger_topic topic, uint64_t after,
                                    void (*fn)(void *ctx, const struct outbox_entry *entry),
                                    void *ctx) {
    struct outbox_entry entry;
    struct ledger_outbox *outbox = ledger_outbox_open(ledger, topic, after);
    while (ledger_outbox_next(outbox, &entry))
        fn(ctx, &entry);
    ledger_outbox_close(outbox);
}

#endif
