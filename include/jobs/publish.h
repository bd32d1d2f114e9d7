// SPDX-License-Identifier: EUPL-1.2
// The two ways to Kafka: events of the ledger, and figures for outside. Each is a publisher over an
// outbox of the books; what Kafka confirms goes back to the books through the pipeline. What is
// wrong with one topic does not hold up the other.
#ifndef JOBS_PUBLISH_H
#define JOBS_PUBLISH_H

#include "ingest/pipeline.h"

struct kafka;

struct kafka_options {
    const struct config *config;
    struct loop *loop;
    struct books *books;
    struct pipeline *pipeline;
};
// The name of the topic of the figures; NULL when the configuration has none.
const char *kafka_counts_topic(const struct config *config);

struct kafka *kafka_create(const struct kafka_options *options, struct err *err) MUST_CHECK;
void kafka_wake(struct kafka *kafka); // there may be more in the outboxes
void kafka_status(const struct kafka *kafka, enum books_topic topic, struct publish_status *status);
// Hands over nothing more, waits at most timeout_ms for what Kafka confirms, then calls stopped.
void kafka_stop(struct kafka *kafka, int64_t timeout_ms, void (*stopped)(void *ctx), void *ctx);
void kafka_free(struct kafka *kafka); // in or after stopped; NULL is fine

#endif
