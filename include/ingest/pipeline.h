// SPDX-License-Identifier: EUPL-1.2
// From tasks to commits. Tasks queue up in order of arrival, are prepared (deliveries: decoded) on
// worker threads, and one commit at a time takes all at the head of the queue that are prepared. So
// load makes commits larger and idle traffic commits at once, without a thread or a timer for it.
// What is large or polled (bulk, see ledger/task.h) goes a part at a time behind what is small and
// posted; its tasks come in no order.
#ifndef INGEST_PIPELINE_H
#define INGEST_PIPELINE_H

#include "edge/loop.h"
#include "ingest/delivery.h"
#include "ledger/ledger.h"

struct pipeline;

struct pipeline_options {
    struct delivery_options delivery;
    void (*on_committed)(void *ctx); // after each good commit: there may be more to publish
    void (*on_failed)(void *ctx, const struct err *err); // after each commit that failed
    void *ctx;
};

struct pipeline *pipeline_create(struct loop *loop, struct ledger *ledger,
                                 const struct pipeline_options *options);
// Of what is delivered from now on.
void pipeline_use_limits(struct pipeline *pipeline, const struct decode_limits *limits,
                         size_t unpacked_bytes_max);
void pipeline_free(struct pipeline *pipeline); // must be idle; NULL is fine

// Takes the task; its `done` is called on the loop.
void pipeline_submit(struct pipeline *pipeline, struct commit_task *task);
void pipeline_deliver(struct pipeline *pipeline, struct delivery *delivery); // decodes it first
// The same for what an operator asked: it goes with the next commit, which comes soon, and again
// when that fails; it is done once it is on the disk, or dropped at the end of the service.
void pipeline_ride(struct pipeline *pipeline, struct commit_task *task);
// Work beside the loop that a commit is to follow: the pipeline is not idle until `done`, on the
// loop.
void pipeline_work(struct pipeline *pipeline, void (*work)(void *ctx), void (*done)(void *ctx),
                   void *ctx);
// To be kept in the next commit, which comes soon: what Kafka confirmed, the number of partitions.
void pipeline_add_acks(struct pipeline *pipeline, enum ledger_topic topic,
                       const struct publish_ack *acks, size_t count);
// Commits the totals, also when there is nothing else: the outcome shows whether the disk works.
void pipeline_force_sync(struct pipeline *pipeline);
void pipeline_set_partitions(struct pipeline *pipeline, enum ledger_topic topic,
                             int32_t partitions);
// Calls fn once the acks and the partitions handed in before are on the disk. One may wait for each
// topic.
void pipeline_after_notes(struct pipeline *pipeline, enum ledger_topic topic, void (*fn)(void *ctx),
                          void *ctx);
// Calls fn once all that was handed in before is committed or has failed; from then on notes of a
// commit that failed are dropped, since what they say is found again at the next start.
void pipeline_when_idle(struct pipeline *pipeline, void (*fn)(void *ctx), void *ctx);

struct pipeline_status {
    uint64_t queued_tasks, queued_bytes; // bytes: of what was posted
    uint64_t polled_bytes;
    uint64_t commits, commits_failed;
    uint64_t largest_commit; // tasks in one commit
};
void pipeline_get_status(const struct pipeline *pipeline, struct pipeline_status *status);
// How long something has waited here while no commit began or ended, well or not. 0: nothing waits,
// or the commit under way has a task that is `unbounded`.
int64_t pipeline_stands_ms(const struct pipeline *pipeline);

#endif
