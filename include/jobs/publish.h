// SPDX-License-Identifier: EUPL-1.2
// The streams to Kafka: events of the ledger, statistics for outside, and signals as they stand.
// Each is a publisher
// over an outbox of the ledger; what Kafka confirms goes back to the ledger through the pipeline.
// What is wrong with one topic does not hold up the other.
#ifndef JOBS_PUBLISH_H
#define JOBS_PUBLISH_H

#include "edge/kafka/publisher.h"
#include "ingest/pipeline.h"

// For what a key made of the identity key is used: the digests of records; and what a digest is of.
#define PUBLISH_KEY_USE "signaald kafka records"
#define PUBLISH_KIND_EVENTS "event"
#define PUBLISH_KIND_STATISTICS "statistic"
#define PUBLISH_KIND_CURRENT "current"

struct publish_job;

struct publish_job_options {
    const struct config *config;
    struct loop *loop;
    struct ledger *ledger;
    struct pipeline *pipeline;
    struct sources *sources; // for what is taken back from a topic; see publish_job_use
    struct tables *tables;
};
// The name of the topic of the statistics; NULL when the configuration has none.
const char *kafka_counts_topic(const struct config *config);
const char *kafka_current_topic(const struct config *config); // of the signals as they stand
void kafka_name_topics(const struct config *config, struct ledger_options *options);

// For who only reads topics (edge/kafka/replay.h): brokers and settings, which are in `settings`
// (KAFKA_PROPERTIES_MAX). The caller sets topic, kind and key.
struct publish_options publish_options_to_read(const struct config *config,
                                               struct publish_setting *settings);

struct publish_job *publish_job_create(const struct publish_job_options *options,
                                       struct err *err) MUST_CHECK;
// Are brokers, settings, or a file that they name other ones?
bool publish_job_changes(const struct publish_job *job, const struct config *config);
// Before a reload: where they are, makes what goes on with them, so that publish_job_use cannot
// fail. CONFIG: librdkafka does not take them.
bool publish_job_prepare(struct publish_job *job, const struct config *config,
                         struct err *err) MUST_CHECK;
// After a reload. Takes references of its own. The producers change over: what is in hand is
// confirmed first, and what is not is looked for in the topic, so nothing is lost or doubled.
void publish_job_use(struct publish_job *job, struct sources *sources, struct tables *tables);
void publish_job_wake(struct publish_job *job); // there may be more in the outboxes
void publish_job_status(const struct publish_job *job, enum ledger_topic topic,
                        struct publish_status *status);
// There is no Kafka, or the topic of events has been seen since the start: the ledger is not older.
bool publish_job_is_current(const struct publish_job *job);
uint64_t publish_job_taken_back(const struct publish_job *job); // lines, since the start
// Records of ours that say something else than was published under their number, since the start.
uint64_t publish_job_forked(const struct publish_job *job);
// Hands over nothing more, waits at most timeout_ms for what Kafka confirms, then calls stopped.
void publish_job_stop(struct publish_job *job, int64_t timeout_ms, void (*stopped)(void *ctx),
                      void *ctx);
void publish_job_free(struct publish_job *job); // in or after stopped; NULL is fine

#endif
