// SPDX-License-Identifier: EUPL-1.2
// What the files of edge/kafka share. The only place that includes librdkafka's header.
#ifndef EDGE_KAFKA_PUBLISHER_PRIVATE_H
#define EDGE_KAFKA_PUBLISHER_PRIVATE_H

#include "edge/kafka/publisher.h"

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

// What is needed to make a client. Owns its text.
struct publish_conf {
    char *brokers;
    char *topic;
    char *ledger_id;
    struct publish_setting *settings;
    size_t setting_count;
};

struct publish_conf *publish_conf_copy(const struct publish_options *options);
void publish_conf_free(struct publish_conf *conf); // NULL is fine
rd_kafka_t *publish_conf_producer(const struct publish_conf *conf, struct err *err) MUST_CHECK;
rd_kafka_t *publish_conf_consumer(const struct publish_conf *conf, struct err *err) MUST_CHECK;

enum { PUBLISH_RECOVERY_ACKS_MAX = 65536 };

enum publish_recovery_result {
    PUBLISH_RECOVERY_MORE,  // acks are full: take them and step again
    PUBLISH_RECOVERY_DONE,  // the last acks are here
    PUBLISH_RECOVERY_FAILED // see err; start anew
};

// One recovery: a reading of the ends of the topic's partitions. Used by a worker thread during a
// step, by the loop in between.
struct publish_recovery {
    // Set before the first step
    const struct publish_conf *conf;
    int64_t recovery_wait_ms;
    int32_t partitions; // 0: as many as the topic has, known after the first step
    bool may_shrink;    // as in struct publish_options
    int64_t known[PUBLISH_PARTITIONS_MAX]; // last offset known to be ours, or -1
    atomic_bool cancelled;                 // set at any time: the step fails soon
    // NULL: acks are made of the records that conf->ledger_id wrote. Otherwise each record goes
    // here instead: false ends the reading, *ours tells that more of its kind may be under way.
    bool (*on_message)(void *ctx, const rd_kafka_message_t *message, bool *ours);
    void *ctx;
    // After each step
    struct err err;
    struct publish_ack *acks;
    size_t ack_count;
    bool no_topic;          // that is why it failed
    int32_t lost_partition; // it has less than we know of: records were lost or expired; or -1
    int32_t had_partitions; // the topic was made anew and had so many; 0: it was not
    // Private to the steps
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    rd_kafka_queue_t *queue;
    int32_t started;                      // partitions being read
    int32_t behind;                       // of which `next` has not reached `end`
    int64_t low[PUBLISH_PARTITIONS_MAX];  // where a partition began when it was opened
    int64_t next[PUBLISH_PARTITIONS_MAX]; // offset to be read next
    int64_t end[PUBLISH_PARTITIONS_MAX];  // where this pass ends
    int64_t progress_ms;                  // when something was last read
    int passes;
    bool found; // a record of ours in this pass
};

// PUBLISH_RECOVERY_DONE and FAILED leave nothing open; publish_recovery_free frees the rest.
enum publish_recovery_result publish_recovery_step(struct publish_recovery *recovery);
void publish_recovery_free(struct publish_recovery *recovery);

#endif
