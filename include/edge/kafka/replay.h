// SPDX-License-Identifier: EUPL-1.2
// Reads a topic from its beginning to its present end, all partitions at once, each in its order.
// It blocks; no group, no rights but read and describe. When there was something of ours it looks
// again after a while, until nothing of ours comes any more: a killed process's last bytes may
// still be on their way.
#ifndef EDGE_KAFKA_REPLAY_H
#define EDGE_KAFKA_REPLAY_H

#include "edge/kafka/publisher.h"

#include <stdatomic.h>

struct publish_replay {
    // Set before
    const atomic_bool *stop; // once it is true it fails soon; may be NULL
    // After PUBLISH_STOP publish_replay_run fails with INPUT and the caller knows why.
    enum publish_seen (*on_record)(void *ctx, const struct publish_record *record);
    void *ctx;
    bool no_topic; // after a failure: that is why
    // After it succeeded: how many partitions the topic has now, and where each begins
    int32_t partitions;
    int64_t low[PUBLISH_PARTITIONS_MAX];
    // Its own
    bool begun; // a record has been read
    struct publish_conf *conf;
    int64_t recovery_wait_ms;
};
// Of the options brokers, topic, key, kind, settings, setting_count and recovery_wait_ms count;
// they are copied.
void publish_replay_prepare(struct publish_replay *replay, const struct publish_options *options);
// RETRY: no broker, no such topic, nothing comes any more.
bool publish_replay_run(struct publish_replay *replay, struct err *err) MUST_CHECK;
void publish_replay_free(struct publish_replay *replay); // also one that was never prepared

#endif
