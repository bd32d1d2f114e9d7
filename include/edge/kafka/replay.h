// SPDX-License-Identifier: EUPL-1.2
// Reads a topic from its beginning to its present end, all partitions at once, each in its order.
// It blocks; no group, no rights but read and describe. When there was something of ours it looks
// again after a while, until nothing of ours comes any more: a killed process's last bytes may
// still be on their way.
#ifndef EDGE_KAFKA_REPLAY_H
#define EDGE_KAFKA_REPLAY_H

#include "edge/kafka/publisher.h"

struct publish_replay {
    // Set before: brokers, topic, key, kind, settings, setting_count, recovery_wait_ms count
    const struct publish_options *options;
    // After PUBLISH_STOP publish_replay_run fails with INPUT and the caller knows why.
    enum publish_seen (*on_record)(void *ctx, const struct publish_record *record);
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
