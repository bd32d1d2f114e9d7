// SPDX-License-Identifier: EUPL-1.2
// The queue is one list from the oldest batch to the newest; `undecoded` points at the first that
// no decoder has taken. Decoders take runs from there, the commit takes the decoded head. All links
// are touched on the loop only; a worker touches the batches of its own job.
#include "ingest/pipeline.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    DECODERS_MAX = 2,           // jobs at a time; more would only queue up behind the cores
    DECODE_BATCHES_MAX = 256,   // of one job
    DECODE_BYTES_MAX = 1 << 20, // of one job, unless its first batch alone is larger
    COMMIT_ITEMS_MAX = 20000,   // of one commit, unless its first batch alone has more
    ACKS_DELAY_MS = 100, // how long confirmations wait for company when nothing else is committed
    RETRY_MS = 1000, // after a failed commit, for confirmations; senders come back by themselves
};

struct decode_job {
    struct pipeline *pipeline;
    size_t count;
    struct batch *batches[DECODE_BATCHES_MAX];
};

struct pipeline {
    struct loop *loop;
    struct ledger *ledger;
    struct pipeline_options options;
    struct batch *head, **tail, *undecoded;
    uint64_t queued_batches, queued_bytes;
    unsigned decoders;
    bool committing;
    struct ledger_group group;        // of the commit under way
    struct ledger_group pending_acks; // acks and partitions for the next
    struct loop_timer *acks_timer;
    bool acks_due;
    struct loop_deferred wake;
    struct waiter {
        void (*fn)(void *ctx);
        void *ctx;
    } idle, notes_kept[LEDGER_TOPICS]; // fn NULL: nobody waits
    struct pipeline_status status;
};

static void on_kick(void *ctx);
static void on_acks_due(void *ctx);

struct pipeline *pipeline_create(struct loop *loop, struct ledger *ledger,
                                 const struct pipeline_options *options) {
    struct pipeline *pipeline = mem_zalloc(1, sizeof *pipeline);
    pipeline->loop = loop;
    pipeline->ledger = ledger;
    pipeline->options = *options;
    pipeline->tail = &pipeline->head;
    pipeline->wake = (struct loop_deferred){.fn = on_kick, .ctx = pipeline};
    pipeline->acks_timer = loop_timer_create(loop, on_acks_due, pipeline);
    return pipeline;
}

void pipeline_free(struct pipeline *pipeline) {
    if (!pipeline)
        return;
    assert(!pipeline->head && !pipeline->committing && pipeline->decoders == 0);
    loop_timer_free(pipeline->acks_timer);
    ledger_group_free(&pipeline->group);
    ledger_group_free(&pipeline->pending_acks);
    free(pipeline);
}

void pipeline_submit(struct pipeline *pipeline, struct batch *batch) {
    batch->next = NULL;
    batch->decoded = false;
    *pipeline->tail = batch;
    pipeline->tail = &batch->next;
    if (!pipeline->undecoded)
        pipeline->undecoded = batch;
    pipeline->queued_batches++;
    pipeline->queued_bytes += batch->body_len;
    loop_defer(pipeline->loop, &pipeline->wake);
}

static void decode_work(void *ctx) {
    struct decode_job *job = ctx;
    for (size_t i = 0; i < job->count; i++)
        batch_decode(job->batches[i], &job->pipeline->options.batch);
}

static void decode_done(void *ctx) {
    struct decode_job *job = ctx;
    struct pipeline *pipeline = job->pipeline;
    for (size_t i = 0; i < job->count; i++)
        job->batches[i]->decoded = true;
    free(job);
    pipeline->decoders--;
    on_kick(pipeline);
}

static void start_decoder(struct pipeline *pipeline) {
    struct decode_job *job = mem_alloc(sizeof *job);
    size_t bytes = 0;
    job->pipeline = pipeline;
    job->count = 0;
    do {
        struct batch *batch = pipeline->undecoded;
        job->batches[job->count++] = batch;
        bytes += batch->body_len;
        pipeline->undecoded = batch->next;
    } while (pipeline->undecoded && job->count < DECODE_BATCHES_MAX &&
             bytes + pipeline->undecoded->body_len <= DECODE_BYTES_MAX);
    pipeline->decoders++;
    loop_work(pipeline->loop, decode_work, decode_done, job);
}

// Moves the decoded head of the queue into the group.
static void take_decoded(struct pipeline *pipeline) {
    struct batch **end = &pipeline->head;
    size_t items = 0;
    uint64_t count = 0;
    while (*end && (*end)->decoded &&
           (items == 0 || items + (*end)->item_count <= COMMIT_ITEMS_MAX)) {
        items += (*end)->item_count;
        pipeline->queued_batches--;
        pipeline->queued_bytes -= (*end)->body_len;
        count++;
        end = &(*end)->next;
    }
    if (count == 0)
        return;
    pipeline->group.batches = pipeline->head;
    pipeline->head = *end;
    *end = NULL;
    if (!pipeline->head)
        pipeline->tail = &pipeline->head;
    if (count > pipeline->status.largest_commit)
        pipeline->status.largest_commit = count;
}

static bool has_confirmed(const struct ledger_group *group, enum ledger_topic topic) {
    return group->confirmed[topic].ack_count > 0 || group->confirmed[topic].partitions > 0;
}

static bool group_has_notes(const struct ledger_group *group) {
    for (int i = 0; i < LEDGER_TOPICS; i++)
        if (has_confirmed(group, (enum ledger_topic)i))
            return true;
    return group->notes || group->force_sync;
}

static bool has_notes(const struct pipeline *pipeline) {
    return group_has_notes(&pipeline->pending_acks);
}

// Notes ride along with any commit, and make one of their own when they have waited long enough.
static void take_notes(struct pipeline *pipeline) {
    struct ledger_group *from = &pipeline->pending_acks, *to = &pipeline->group;
    struct ledger_group empty = {0};
    for (int i = 0; i < LEDGER_TOPICS; i++) {
        empty.confirmed[i].acks = to->confirmed[i].acks;
        empty.confirmed[i].ack_cap = to->confirmed[i].ack_cap;
        to->confirmed[i] = from->confirmed[i];
    }
    to->notes = from->notes;
    to->force_sync = from->force_sync;
    *from = empty;
    pipeline->acks_due = false;
    loop_timer_stop(pipeline->acks_timer);
}

static void commit_work(void *ctx) {
    struct pipeline *pipeline = ctx;
    ledger_commit(pipeline->ledger, &pipeline->group, loop_wall_ms());
}

static void commit_done(void *ctx);

static void start_commit(struct pipeline *pipeline) {
    take_decoded(pipeline);
    bool notes = has_notes(pipeline) && (pipeline->group.batches || pipeline->acks_due);
    if (!pipeline->group.batches && !notes)
        return;
    if (notes)
        take_notes(pipeline);
    pipeline->committing = true;
    loop_work(pipeline->loop, commit_work, commit_done, pipeline);
}

static bool notes_kept(const struct pipeline *pipeline, enum ledger_topic topic) {
    return !has_confirmed(&pipeline->pending_acks, topic) &&
           !has_confirmed(&pipeline->group, topic);
}

static bool is_idle(const struct pipeline *pipeline) {
    return !pipeline->head && !pipeline->committing && !has_notes(pipeline);
}

static void tell(struct waiter *waiter) {
    struct waiter told = *waiter;
    waiter->fn = NULL;
    if (told.fn)
        told.fn(told.ctx);
}

static void advance(struct pipeline *pipeline) {
    if (!pipeline->committing)
        start_commit(pipeline);
    while (pipeline->undecoded && pipeline->decoders < DECODERS_MAX)
        start_decoder(pipeline);
}

static void tell_waiters(struct pipeline *pipeline) {
    for (int i = 0; i < LEDGER_TOPICS; i++)
        if (notes_kept(pipeline, (enum ledger_topic)i))
            tell(&pipeline->notes_kept[i]);
    if (is_idle(pipeline))
        tell(&pipeline->idle);
}

static void on_kick(void *ctx) {
    struct pipeline *pipeline = ctx;
    advance(pipeline);
    tell_waiters(pipeline);
}

static void append_notes(struct ledger_group *group, struct ledger_note *notes) {
    struct ledger_note **end = &group->notes;
    while (*end)
        end = &(*end)->next;
    *end = notes;
}

// What Kafka confirmed stays confirmed, what an operator asked stays asked: a failed commit's notes
// go in front of those that came since.
static void return_notes(struct pipeline *pipeline) {
    struct ledger_group failed = pipeline->group;
    if (!group_has_notes(&failed) || pipeline->idle.fn)
        return;
    struct ledger_group later = pipeline->pending_acks;
    pipeline->pending_acks = (struct ledger_group){.notes = failed.notes};
    pipeline->group.notes = NULL;
    append_notes(&pipeline->pending_acks, later.notes);
    for (int i = 0; i < LEDGER_TOPICS; i++) {
        const struct ledger_confirmed *confirmed = &later.confirmed[i];
        pipeline->group.confirmed[i] = (struct ledger_confirmed){0};
        pipeline->pending_acks.confirmed[i] = failed.confirmed[i];
        if (confirmed->partitions)
            pipeline->pending_acks.confirmed[i].partitions = confirmed->partitions;
        pipeline_add_acks(pipeline, (enum ledger_topic)i, confirmed->acks, confirmed->ack_count);
        free(confirmed->acks);
    }
    loop_timer_start(pipeline->acks_timer, RETRY_MS, 0);
}

static void commit_done(void *ctx) {
    struct pipeline *pipeline = ctx;
    struct err err = pipeline->group.err;
    bool wrote = pipeline->group.wrote;
    struct batch *batch = pipeline->group.batches;
    pipeline->committing = false;
    if (err.kind == ERR_NONE) {
        pipeline->status.commits += wrote;
        ledger_apply(pipeline->ledger, &pipeline->group);
    } else {
        pipeline->status.commits_failed++;
        return_notes(pipeline);
    }
    ledger_group_clear(&pipeline->group);
    // The next commit starts before the replies of this one are written: the disk need not wait for
    // them.
    advance(pipeline);
    while (batch) {
        struct batch *next = batch->next;
        batch->err = err;
        batch->done(batch);
        batch = next;
    }
    if (err.kind == ERR_NONE && wrote)
        pipeline->options.on_committed(pipeline->options.ctx);
    else if (err.kind != ERR_NONE)
        pipeline->options.on_failed(pipeline->options.ctx, &err);
    tell_waiters(pipeline);
}

static void on_acks_due(void *ctx) {
    struct pipeline *pipeline = ctx;
    pipeline->acks_due = has_notes(pipeline); // they may have gone with another commit
    on_kick(pipeline);
}

static void notes_wait(struct pipeline *pipeline) {
    if (!pipeline->acks_due)
        loop_timer_start(pipeline->acks_timer, ACKS_DELAY_MS, 0);
}

void pipeline_add_acks(struct pipeline *pipeline, enum ledger_topic topic,
                       const struct publish_ack *acks, size_t count) {
    struct ledger_confirmed *confirmed = &pipeline->pending_acks.confirmed[topic];
    if (count == 0)
        return;
    if (confirmed->ack_count == 0)
        notes_wait(pipeline);
    if (confirmed->ack_count + count > confirmed->ack_cap) {
        confirmed->ack_cap = (confirmed->ack_count + count) * 2;
        confirmed->acks = mem_resize(confirmed->acks, confirmed->ack_cap, sizeof *confirmed->acks);
    }
    memcpy(confirmed->acks + confirmed->ack_count, acks, count * sizeof *acks);
    confirmed->ack_count += count;
}

// Somebody waits for an operator's note: it does not wait for company.
void pipeline_add_note(struct pipeline *pipeline, struct ledger_note *note) {
    note->next = NULL;
    append_notes(&pipeline->pending_acks, note);
    pipeline->acks_due = true;
    loop_defer(pipeline->loop, &pipeline->wake);
}

void pipeline_force_sync(struct pipeline *pipeline) {
    pipeline->pending_acks.force_sync = true;
    pipeline->acks_due = true;
    loop_defer(pipeline->loop, &pipeline->wake);
}

void pipeline_set_partitions(struct pipeline *pipeline, enum ledger_topic topic,
                             int32_t partitions) {
    pipeline->pending_acks.confirmed[topic].partitions = partitions;
    notes_wait(pipeline);
}

// Somebody waits, so notes no longer wait for company. Without notes nothing is due: it would keep
// the timer of the next ones from starting.
static void wait_for(struct pipeline *pipeline, struct waiter *waiter, void (*fn)(void *ctx),
                     void *ctx) {
    *waiter = (struct waiter){fn, ctx};
    pipeline->acks_due = has_notes(pipeline);
    loop_defer(pipeline->loop, &pipeline->wake);
}

void pipeline_after_notes(struct pipeline *pipeline, enum ledger_topic topic, void (*fn)(void *ctx),
                          void *ctx) {
    wait_for(pipeline, &pipeline->notes_kept[topic], fn, ctx);
}

void pipeline_when_idle(struct pipeline *pipeline, void (*fn)(void *ctx), void *ctx) {
    wait_for(pipeline, &pipeline->idle, fn, ctx);
}

void pipeline_status(const struct pipeline *pipeline, struct pipeline_status *status) {
    *status = pipeline->status;
    status->queued_batches = pipeline->queued_batches;
    status->queued_bytes = pipeline->queued_bytes;
}
