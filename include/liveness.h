// SPDX-License-Identifier: EUPL-1.2
// What the service manager is told of the work: one line of status, and whether the service gets on
// with it. Both are made of numbers that were gathered before: nothing here asks anybody.
#ifndef LIVENESS_H
#define LIVENESS_H

#include "edge/kafka/publisher.h"
#include "ledger/outbox.h"

#include <stddef.h>

// At one moment.
struct liveness_now {
    int64_t now_ms;     // monotonic
    int64_t commits_ms; // pipeline_stands_ms
    bool commits_fail;  // the disk says so
    struct liveness_stream {
        struct publish_status publish;
        uint64_t waiting; // in the outbox
    } streams[LEDGER_TOPICS];
};

// Between two looks. Begins zeroed.
struct liveness {
    struct liveness_seen {
        struct publish_status publish;
        int64_t since_ms; // so long it has been like this, and it was for us to go on
    } streams[LEDGER_TOPICS];
};
// What has stood still for longer than bound_ms though it is for us to go on, for the log; NULL:
// nothing. It is for the disk while commits fail, and for Kafka while it has events in hand or is
// not reached: then a restart would mend nothing.
const char *liveness_look(struct liveness *liveness, const struct liveness_now *now,
                          int64_t bound_ms);

enum { LIVENESS_LINE_MAX = 400 };
struct liveness_numbers {
    uint64_t accepted; // events, …
    int64_t since_ms;  // … since then, wall clock
    uint64_t waiting;  // for Kafka
    enum publish_state kafka;
    size_t feeds, feeds_failing;
    bool commits_fail;
    const char *full; // why senders get 429; NULL: they do not
};
// One line, without a name of anybody's. What is well is left out.
void liveness_tell(const struct liveness_numbers *numbers, char line[LIVENESS_LINE_MAX]);

#endif
