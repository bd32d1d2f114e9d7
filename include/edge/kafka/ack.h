// SPDX-License-Identifier: EUPL-1.2
// What Kafka says of a record; a header of its own, so that the ledger keeps it without Kafka.
#ifndef EDGE_KAFKA_ACK_H
#define EDGE_KAFKA_ACK_H

#include <stdint.h>

enum { PUBLISH_PARTITIONS_MAX = 1024 };

// Where an event is in the topic. Offset -1: it is there, but the broker did not say where.
struct publish_ack {
    uint64_t seq;
    int32_t partition;
    int64_t offset;
};

#endif
