// SPDX-License-Identifier: EUPL-1.2
// What the files of edge/kafka share. The only place that includes librdkafka's header.
#ifndef EDGE_KAFKA_PUBLISHER_PRIVATE_H
#define EDGE_KAFKA_PUBLISHER_PRIVATE_H

#include "edge/kafka/publisher.h"

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

// What clients have met aside of the requests that fail by it; any thread. See cause.c.
struct publish_noted {
    atomic_int code;        // why brokers do not let us in; 0: they do
    atomic_int certificate; // what OpenSSL says of a broker's; 0: nothing
};

// What is needed to make a client. Owns its text.
struct publish_conf {
    char *brokers;
    char *topic;
    char *ledger_id;
    const char *kind;
    struct hash_key key;
    struct publish_setting *settings;
    size_t setting_count;
    struct publish_noted *noted;
    bool small_batches; // the topic takes no large ones
};

struct publish_conf *publish_conf_copy(const struct publish_options *options);
void publish_conf_free(struct publish_conf *conf); // NULL is fine
rd_kafka_t *publish_conf_producer(const struct publish_conf *conf, struct err *err) MUST_CHECK;
// Connects and learns the partitions now; else the first events would wait a second for it. The
// outcome does not matter: whatever is wrong, the producer goes on trying.
void publish_conf_warm_up(const struct publish_conf *conf, rd_kafka_t *producer);
rd_kafka_t *publish_conf_consumer(const struct publish_conf *conf, struct err *err) MUST_CHECK;

enum publish_cause publish_cause_of(const struct publish_conf *conf, rd_kafka_resp_err_t code);
bool publish_is_shut_out(rd_kafka_resp_err_t code); // no broker lets us in
void publish_trouble_set(struct publish_trouble *trouble, enum publish_cause cause,
                         const char *text); // which is cleaned
void publish_trouble_clear(struct publish_trouble *trouble);
// "WHAT: what went wrong: what to do"; `what` may be "".
enum { PUBLISH_REASON_MAX = 400 };
void publish_trouble_describe(const struct publish_trouble *trouble, const char *what,
                              char out[PUBLISH_REASON_MAX]);
// `errors`: they are no events, and are noted by rd_kafka_poll.
void publish_note_causes(rd_kafka_conf_t *kafka, const struct publish_conf *conf, bool errors);

// The digest of a record: of one that is to be sent (headers as they go out), and of one that was
// read. False: it has more headers of ours than we ever write.
bool publish_digest(const struct publish_conf *conf, const struct str *key, const struct str *value,
                    const rd_kafka_headers_t *headers, struct digest *out) MUST_CHECK;
// With the headers that are added here. The producer copies it all.
rd_kafka_resp_err_t publish_record_send(const struct publish_conf *conf, rd_kafka_t *producer,
                                        int32_t partitions, const struct publish_event *event);
void publish_read_record(const struct publish_conf *conf, const rd_kafka_message_t *message,
                         struct publish_record *out);

enum { PUBLISH_RECOVERY_ACKS_MAX = 65536 };

enum publish_recovery_result {
    PUBLISH_RECOVERY_MORE,   // acks are full: take them and step again
    PUBLISH_RECOVERY_DONE,   // the last acks are here
    PUBLISH_RECOVERY_LACKED, // the ledger lacks what is there; told once unless `whole`
    PUBLISH_RECOVERY_FAILED  // see err; start anew
};

// One recovery: a reading of the ends of the topic's partitions. Used by a worker thread during a
// step, by the loop in between.
struct publish_recovery {
    // Set before the first step
    const struct publish_conf *conf;
    int64_t recovery_wait_ms;
    int32_t partitions; // 0: as many as the topic has, known after the first step
    bool may_shrink;    // as in struct publish_options
    struct publish_ack known[PUBLISH_PARTITIONS_MAX]; // our last known record; offset -1: none
    atomic_bool cancelled;                            // set at any time: the step fails soon
    const atomic_bool *stop;                          // the same, of somebody else; may be NULL
    bool whole; // from the beginning, all that the ledger lacks
    // Each record; acks are made of those that are CONFIRMED. Without a record: a pass has ended.
    enum publish_seen (*see)(struct publish_recovery *recovery,
                             const struct publish_record *record);
    void *ctx; // for see
    // After each step
    struct err err;
    enum publish_cause cause; // of err
    struct publish_ack *acks;
    size_t ack_count;
    uint64_t forged; // records in our name that are not ours, not counted before
    struct publish_ack first_forged;
    bool no_topic;           // that is why it failed
    int32_t lost_partition;  // it has less than we know of: records were lost or expired; or -1
    int32_t had_partitions;  // the topic was made anew and had so many; 0: it did not show by that
    int32_t other_partition; // where it has another record in the place of the known one; or -1
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
    bool known_seen[PUBLISH_PARTITIONS_MAX]; // that it is there, or nothing has to be looked for
    bool found;                              // an awaited record in this pass
    bool lacked;                             // by the ledger, in any pass
};

// PUBLISH_RECOVERY_DONE and FAILED leave nothing open; publish_recovery_free frees the rest.
enum publish_recovery_result publish_recovery_step(struct publish_recovery *recovery);
void publish_recovery_free(struct publish_recovery *recovery);

#endif
