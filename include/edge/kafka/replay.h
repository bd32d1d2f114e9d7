// SPDX-License-Identifier: EUPL-1.2
// Reads a topic from its beginning to its present end, all partitions at once, each in its order.
// It blocks; no group, no rights but read and describe. When there was something of ours it looks
// again after a while, until nothing of ours comes any more: a killed process's last bytes may
// still be on their way.
#ifndef EDGE_KAFKA_REPLAY_H
#define EDGE_KAFKA_REPLAY_H

#include "edge/kafka/publisher.h"

// Borrowed for the call.
struct publish_record {
    int32_t partition;
    int64_t offset;
    struct str key;
    struct str value;    // absent: a tombstone
    const void *headers; // see publish_record_header
};
// The last header of that name; absent when there is none.
struct str publish_record_header(const struct publish_record *record, const char *name);

struct publish_replay {
    // Set before: brokers, topic, settings, setting_count, recovery_wait_ms count
    const struct publish_options *options;
    // False stops; then publish_replay_run fails with INPUT and the caller knows why. *ours: there
    // may be more of its kind.
    bool (*on_record)(void *ctx, const struct publish_record *record, bool *ours);
    void *ctx;
    bool no_topic; // after a failure: that is why
    // After it succeeded: how many partitions the topic has now, and where each begins
    int32_t partitions;
    int64_t low[PUBLISH_PARTITIONS_MAX];
    bool begun; // its own: a record has been read
};
// RETRY: no broker, no such topic, nothing comes any more.
bool publish_replay_run(struct publish_replay *replay, struct err *err) MUST_CHECK;

#endif
