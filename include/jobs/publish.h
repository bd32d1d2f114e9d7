// SPDX-License-Identifier: EUPL-1.2
// The two streams to Kafka: events of the ledger, and statistics for outside. Each is a publisher
// over an outbox of the ledger; what Kafka confirms goes back to the ledger through the pipeline.
// What is wrong with one topic does not hold up the other.
#ifndef JOBS_PUBLISH_H
#define JOBS_PUBLISH_H

#include "edge/kafka/publisher.h"
#include "ingest/pipeline.h"

struct publish_job;

struct publish_job_options {
    const struct config *config;
    struct loop *loop;
    struct ledger *ledger;
    struct pipeline *pipeline;
};
// The name of the topic of the statistics; NULL when the configuration has none.
const char *kafka_counts_topic(const struct config *config);

struct publish_job *publish_job_create(const struct publish_job_options *options,
                                       struct err *err) MUST_CHECK;
void publish_job_wake(struct publish_job *job); // there may be more in the outboxes
void publish_job_status(const struct publish_job *job, enum ledger_topic topic,
                        struct publish_status *status);
// Hands over nothing more, waits at most timeout_ms for what Kafka confirms, then calls stopped.
void publish_job_stop(struct publish_job *job, int64_t timeout_ms, void (*stopped)(void *ctx),
                      void *ctx);
void publish_job_free(struct publish_job *job); // in or after stopped; NULL is fine

#endif
