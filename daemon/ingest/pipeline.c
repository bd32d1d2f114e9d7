// SPDX-License-Identifier: EUPL-1.2
// The queue is one list from the oldest task to the newest; `unprepared` points at the first that
// no worker has taken. Workers prepare runs from there, the commit takes the prepared head. A short
// rest is prepared by the commit itself: handing it to a worker costs more than the work. What is
// large or polled (bulk) is prepared by a worker of its own, one job at a time, and each commit
// takes a part of it, in turns, behind the queue: so it holds up nobody, and nobody holds it up.
// All links are touched on the loop only; a worker touches the tasks of its own job. Riders are
// tasks of operators: they go with the next commit, and go again when it fails.
#include "ingest/pipeline.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORKERS_MAX = 2,                    // jobs at a time; more would only queue up behind the cores
    INLINE_BYTES_MAX = 1 << 14,         // what a commit prepares itself
    PREPARE_TASKS_MAX = 256,            // of one job
    PREPARE_BYTES_MAX = 1 << 20,        // of one job, unless its first task alone is larger
    BULK_BYTES = 1 << 17,               // what is longer is bulk
    COMMIT_ITEMS_MAX = 5000,            // of one commit, unless its first task alone has more
    BULK_ALONE_MAX = LEDGER_PART_ITEMS, // the same, of bulk …
    BULK_BESIDE_MAX = 100,              // … beside others
    ACKS_DELAY_MS = 100, // how long confirmations wait for company when nothing else is committed
    RETRY_MS = 1000, // after a failed commit, for confirmations; senders come back by themselves
};

struct prepare_job {
    struct pipeline *pipeline;
    bool bulk;
    size_t count;
    struct commit_task *tasks[PREPARE_TASKS_MAX];
};

// How deliveries are read. Workers may still read by one that is no longer in force, so all of them
// stay until the end: there is one for each reload that changed a limit.
struct delivery_reading {
    struct delivery_options options;
    struct delivery_reading *before;
};

struct pipeline {
    struct loop *loop;
    struct loop_worker *committer;
    struct delivery_reading *reading; // in force
    struct ledger *ledger;
    struct pipeline_options options;
    struct commit_task *head, **tail, *unprepared;
    struct task_list { // from the oldest to the newest
        struct commit_task *head, **tail;
    } bulk_raw, bulk_ready; // to be prepared, and prepared
    struct commit_task *riders;
    uint64_t queued_tasks, queued_bytes, polled_bytes;
    uint64_t unprepared_bytes; // of the tasks from `unprepared` on
    unsigned workers, bulk_workers, others;
    bool committing;
    int64_t moved_ms;                 // a commit began or ended then, or the first task came
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

static void put_last(struct task_list *list, struct commit_task *task) {
    task->next = NULL;
    *list->tail = task;
    list->tail = &task->next;
}

static struct commit_task *take_first(struct task_list *list) {
    struct commit_task *task = list->head;
    list->head = task->next;
    if (!list->head)
        list->tail = &list->head;
    return task;
}

static void on_kick(void *ctx);
static void on_acks_due(void *ctx);

void pipeline_use_limits(struct pipeline *pipeline, const struct decode_limits *limits,
                         size_t unpacked_bytes_max) {
    struct delivery_reading *reading = mem_zalloc(1, sizeof *reading);
    *reading = (struct delivery_reading){pipeline->reading->options, pipeline->reading};
    reading->options.limits = *limits;
    reading->options.unpacked_bytes_max = unpacked_bytes_max;
    pipeline->reading = reading;
}

struct pipeline *pipeline_create(struct loop *loop, struct ledger *ledger,
                                 const struct pipeline_options *options) {
    struct pipeline *pipeline = mem_zalloc(1, sizeof *pipeline);
    pipeline->loop = loop;
    pipeline->committer = loop_worker_create(loop);
    pipeline->ledger = ledger;
    pipeline->options = *options;
    pipeline->reading = mem_zalloc(1, sizeof *pipeline->reading);
    pipeline->reading->options = options->delivery;
    pipeline->tail = &pipeline->head;
    pipeline->bulk_raw.tail = &pipeline->bulk_raw.head;
    pipeline->bulk_ready.tail = &pipeline->bulk_ready.head;
    pipeline->wake = (struct loop_deferred){.fn = on_kick, .ctx = pipeline};
    pipeline->acks_timer = loop_timer_create(loop, on_acks_due, pipeline);
    return pipeline;
}

static bool has_tasks(const struct pipeline *pipeline) {
    return pipeline->head || pipeline->bulk_raw.head || pipeline->bulk_ready.head ||
           pipeline->workers > 0 || pipeline->bulk_workers > 0 || pipeline->others > 0;
}

void pipeline_free(struct pipeline *pipeline) {
    if (!pipeline)
        return;
    assert(!has_tasks(pipeline) && !pipeline->committing);
    loop_timer_free(pipeline->acks_timer);
    loop_worker_free(pipeline->committer);
    ledger_group_free(&pipeline->group);
    ledger_group_free(&pipeline->pending_acks);
    for (struct delivery_reading *reading = pipeline->reading, *before; reading; reading = before) {
        before = reading->before;
        free(reading);
    }
    free(pipeline);
}

static uint64_t *bytes_of(struct pipeline *pipeline, const struct commit_task *task) {
    return task->polled ? &pipeline->polled_bytes : &pipeline->queued_bytes;
}

void pipeline_submit(struct pipeline *pipeline, struct commit_task *task) {
    task->next = NULL;
    task->prepared = false;
    if (task->bulk) {
        put_last(&pipeline->bulk_raw, task);
    } else {
        *pipeline->tail = task;
        pipeline->tail = &task->next;
        if (!pipeline->unprepared)
            pipeline->unprepared = task;
        pipeline->unprepared_bytes += task->bytes;
    }
    if (pipeline->queued_tasks++ == 0 && !pipeline->committing)
        pipeline->moved_ms = loop_now_ms(pipeline->loop);
    *bytes_of(pipeline, task) += task->bytes;
    loop_defer(pipeline->loop, &pipeline->wake);
}

void pipeline_deliver(struct pipeline *pipeline, struct delivery *delivery) {
    delivery->options = &pipeline->reading->options;
    delivery->task.polled = delivery->polled;
    delivery->task.bulk =
        delivery->task.bulk || delivery->polled || delivery->task.bytes > BULK_BYTES;
    pipeline_submit(pipeline, &delivery->task);
}

static void prepare_work(void *ctx) {
    struct prepare_job *job = ctx;
    for (size_t i = 0; i < job->count; i++)
        if (job->tasks[i]->prepare)
            job->tasks[i]->prepare(job->tasks[i]);
}

static void prepare_done(void *ctx) {
    struct prepare_job *job = ctx;
    struct pipeline *pipeline = job->pipeline;
    for (size_t i = 0; i < job->count; i++) {
        job->tasks[i]->prepared = true;
        if (job->bulk)
            put_last(&pipeline->bulk_ready, job->tasks[i]);
    }
    *(job->bulk ? &pipeline->bulk_workers : &pipeline->workers) -= 1;
    free(job);
    on_kick(pipeline);
}

static struct prepare_job *job_create(struct pipeline *pipeline, bool bulk) {
    struct prepare_job *job = mem_alloc(sizeof *job);
    job->pipeline = pipeline;
    job->bulk = bulk;
    job->count = 0;
    return job;
}

static void start_bulk_worker(struct pipeline *pipeline) {
    struct prepare_job *job = job_create(pipeline, true);
    size_t bytes = 0;
    do {
        bytes += pipeline->bulk_raw.head->bytes;
        job->tasks[job->count++] = take_first(&pipeline->bulk_raw);
    } while (pipeline->bulk_raw.head && job->count < PREPARE_TASKS_MAX &&
             bytes + pipeline->bulk_raw.head->bytes <= PREPARE_BYTES_MAX);
    pipeline->bulk_workers++;
    loop_work(pipeline->loop, prepare_work, prepare_done, job);
}

static struct commit_task *take_unprepared(struct pipeline *pipeline) {
    struct commit_task *task = pipeline->unprepared;
    pipeline->unprepared = task->next;
    pipeline->unprepared_bytes -= task->bytes;
    return task;
}

static void start_worker(struct pipeline *pipeline) {
    struct prepare_job *job = job_create(pipeline, false);
    size_t bytes = 0;
    do {
        struct commit_task *task = take_unprepared(pipeline);
        job->tasks[job->count++] = task;
        bytes += task->bytes;
    } while (pipeline->unprepared && job->count < PREPARE_TASKS_MAX &&
             bytes + pipeline->unprepared->bytes <= PREPARE_BYTES_MAX);
    pipeline->workers++;
    loop_work(pipeline->loop, prepare_work, prepare_done, job);
}

// Is it prepared, or short enough for the commit to do it? A task that a worker has is that
// worker's.
static bool is_ready(const struct pipeline *pipeline, const struct commit_task *task,
                     uint64_t left) {
    return task->prepared || (task == pipeline->unprepared && task->bytes <= left);
}

// Moves the head of the queue, as far as it is ready, into the group. How many.
static uint64_t take_ready(struct pipeline *pipeline) {
    struct commit_task **end = &pipeline->head;
    size_t items = 0;
    uint64_t count = 0, left = INLINE_BYTES_MAX;
    while (*end && is_ready(pipeline, *end, left) &&
           (items == 0 || items + (*end)->items <= COMMIT_ITEMS_MAX)) {
        if (!(*end)->prepared)
            left -= take_unprepared(pipeline)->bytes;
        items += (*end)->items;
        pipeline->queued_tasks--;
        *bytes_of(pipeline, *end) -= (*end)->bytes;
        count++;
        end = &(*end)->next;
    }
    if (count == 0)
        return 0;
    pipeline->group.tasks = pipeline->head;
    pipeline->head = *end;
    *end = NULL;
    if (!pipeline->head)
        pipeline->tail = &pipeline->head;
    return count;
}

static struct commit_task **last_of(struct commit_task **list) {
    while (*list)
        list = &(*list)->next;
    return list;
}

// Behind them what is bulk: a part of it, and a small one where somebody waits for the commit.
static uint64_t take_bulk(struct pipeline *pipeline) {
    struct commit_task **end = last_of(&pipeline->group.tasks);
    size_t left = pipeline->group.tasks ? BULK_BESIDE_MAX : BULK_ALONE_MAX;
    uint64_t count = 0;
    while (pipeline->bulk_ready.head && left > 0) {
        struct commit_task *task = pipeline->bulk_ready.head;
        task->part = task->items < left ? task->items : left;
        if (!task->polled && task->part < task->items && count > 0)
            break;
        (void)take_first(&pipeline->bulk_ready);
        left -= task->part;
        count++;
        task->next = NULL;
        *end = task;
        end = &task->next;
    }
    return count;
}

static bool has_confirmed(const struct ledger_group *group, enum ledger_topic topic) {
    return group->confirmed[topic].ack_count > 0 || group->confirmed[topic].partitions > 0;
}

static bool is_anything_noted(const struct ledger_group *group) {
    for (int i = 0; i < LEDGER_TOPICS; i++)
        if (has_confirmed(group, (enum ledger_topic)i))
            return true;
    return group->force_sync;
}

static bool has_notes(const struct pipeline *pipeline) {
    return pipeline->riders || is_anything_noted(&pipeline->pending_acks);
}

// Notes and riders go along with any commit, and make one of their own when they have waited long
// enough.
static void take_notes(struct pipeline *pipeline) {
    struct ledger_group *from = &pipeline->pending_acks, *to = &pipeline->group;
    struct ledger_group empty = {0};
    for (int i = 0; i < LEDGER_TOPICS; i++) {
        empty.confirmed[i].acks = to->confirmed[i].acks;
        empty.confirmed[i].ack_cap = to->confirmed[i].ack_cap;
        to->confirmed[i] = from->confirmed[i];
    }
    to->force_sync = from->force_sync;
    *from = empty;
    *last_of(&pipeline->riders) = to->tasks;
    to->tasks = pipeline->riders;
    pipeline->riders = NULL;
    pipeline->acks_due = false;
    loop_timer_stop(pipeline->acks_timer);
}

static void commit_work(void *ctx) {
    struct pipeline *pipeline = ctx;
    for (struct commit_task *task = pipeline->group.tasks; task; task = task->next)
        if (!task->prepared && task->prepare)
            task->prepare(task);
    ledger_commit(pipeline->ledger, &pipeline->group, loop_wall_ms());
}

static void commit_done(void *ctx);

static void start_commit(struct pipeline *pipeline) {
    uint64_t count = take_ready(pipeline);
    count += take_bulk(pipeline);
    if (count > pipeline->status.largest_commit)
        pipeline->status.largest_commit = count;
    bool notes = has_notes(pipeline) && (pipeline->group.tasks || pipeline->acks_due);
    if (!pipeline->group.tasks && !notes)
        return;
    if (notes)
        take_notes(pipeline);
    pipeline->committing = true;
    pipeline->moved_ms = loop_now_ms(pipeline->loop);
    loop_worker_run(pipeline->committer, commit_work, commit_done, pipeline);
}

static bool notes_kept(const struct pipeline *pipeline, enum ledger_topic topic) {
    return !has_confirmed(&pipeline->pending_acks, topic) &&
           !has_confirmed(&pipeline->group, topic);
}

static bool is_idle(const struct pipeline *pipeline) {
    return !has_tasks(pipeline) && !pipeline->committing && !has_notes(pipeline);
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
    while (pipeline->unprepared_bytes > INLINE_BYTES_MAX && pipeline->workers < WORKERS_MAX)
        start_worker(pipeline);
    if (pipeline->bulk_raw.head && pipeline->bulk_workers == 0)
        start_bulk_worker(pipeline);
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

// What an operator asked stays asked: riders of a failed commit go in front of those that came
// since. The rest of its tasks, which learn that it failed, are returned.
static struct commit_task *take_back_riders(struct pipeline *pipeline, struct commit_task *tasks) {
    struct commit_task *rest = NULL, **rest_end = &rest, *riders = NULL, **riders_end = &riders;
    for (struct commit_task *task = tasks, *next; task; task = next) {
        struct commit_task ***end = task->rides ? &riders_end : &rest_end;
        next = task->next;
        task->next = NULL;
        **end = task;
        *end = &task->next;
    }
    *riders_end = pipeline->riders;
    pipeline->riders = riders;
    return rest;
}

// What Kafka confirmed stays confirmed: it goes in front of what came since.
static void return_notes(struct pipeline *pipeline) {
    struct ledger_group failed = pipeline->group;
    struct ledger_group later = pipeline->pending_acks;
    pipeline->pending_acks = (struct ledger_group){0};
    for (int i = 0; i < LEDGER_TOPICS; i++) {
        const struct ledger_confirmed *confirmed = &later.confirmed[i];
        pipeline->group.confirmed[i] = (struct ledger_confirmed){0};
        pipeline->pending_acks.confirmed[i] = failed.confirmed[i];
        if (confirmed->partitions)
            pipeline->pending_acks.confirmed[i].partitions = confirmed->partitions;
        pipeline_add_acks(pipeline, (enum ledger_topic)i, confirmed->acks, confirmed->ack_count);
        free(confirmed->acks);
    }
}

// The tasks that learn of the failure. At the end of the service nothing is tried again.
static struct commit_task *fail(struct pipeline *pipeline) {
    struct commit_task *tasks = pipeline->group.tasks;
    pipeline->status.commits_failed++;
    if (pipeline->idle.fn)
        return tasks;
    tasks = take_back_riders(pipeline, tasks);
    if (is_anything_noted(&pipeline->group))
        return_notes(pipeline);
    if (has_notes(pipeline))
        loop_timer_start(pipeline->acks_timer, RETRY_MS, 0);
    return tasks;
}

// What is done in parts goes on behind the others. At the end of the service it stops half-way: it
// is read again. The tasks that are done are returned.
static struct commit_task *take_back_parts(struct pipeline *pipeline, struct commit_task *tasks,
                                           const struct err *err) {
    struct commit_task *done = NULL, **end = &done;
    for (struct commit_task *task = tasks, *next; task; task = next) {
        next = task->next;
        task->next = NULL;
        bool refused = task->err.kind != ERR_NONE;
        bool goes_on = task->more && !refused && err->kind == ERR_NONE && !pipeline->idle.fn;
        if (goes_on) {
            put_last(&pipeline->bulk_ready, task);
            continue;
        }
        if (task->bulk) {
            pipeline->queued_tasks--;
            *bytes_of(pipeline, task) -= task->bytes;
        }
        if (!refused)
            task->err = *err;
        if (task->more && task->err.kind == ERR_NONE)
            err_set(&task->err, ERR_RETRY, "the service is stopping");
        *end = task;
        end = &task->next;
    }
    return done;
}

static void commit_done(void *ctx) {
    struct pipeline *pipeline = ctx;
    struct err err = pipeline->group.err, refused = pipeline->group.refused;
    bool wrote = pipeline->group.wrote;
    struct commit_task *task = pipeline->group.tasks;
    pipeline->committing = false;
    pipeline->moved_ms = loop_now_ms(pipeline->loop);
    if (err.kind == ERR_NONE) {
        pipeline->status.commits += wrote;
        ledger_apply(pipeline->ledger, &pipeline->group);
    } else {
        task = fail(pipeline);
    }
    ledger_group_clear(&pipeline->group);
    task = take_back_parts(pipeline, task, &err);
    // The next commit starts before the replies of this one are written: the disk need not wait for
    // them.
    advance(pipeline);
    while (task) {
        struct commit_task *next = task->next;
        task->done(task);
        task = next;
    }
    if (err.kind == ERR_NONE && wrote)
        pipeline->options.on_committed(pipeline->options.ctx);
    if (err.kind == ERR_NONE)
        err = refused;
    if (err.kind != ERR_NONE)
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

struct beside {
    struct pipeline *pipeline;
    void (*work)(void *ctx);
    void (*done)(void *ctx);
    void *ctx;
};

static void beside_work(void *ctx) {
    const struct beside *beside = ctx;
    beside->work(beside->ctx);
}

static void beside_done(void *ctx) {
    const struct beside beside = *(struct beside *)ctx;
    free(ctx);
    beside.pipeline->others--;
    beside.done(beside.ctx);
    tell_waiters(beside.pipeline);
}

void pipeline_work(struct pipeline *pipeline, void (*work)(void *ctx), void (*done)(void *ctx),
                   void *ctx) {
    struct beside *beside = mem_alloc(sizeof *beside);
    *beside = (struct beside){pipeline, work, done, ctx};
    pipeline->others++;
    loop_work_aside(pipeline->loop, beside_work, beside_done, beside);
}

// Somebody waits for what an operator asked: it does not wait for company.
void pipeline_ride(struct pipeline *pipeline, struct commit_task *task) {
    task->next = NULL;
    task->rides = true;
    *last_of(&pipeline->riders) = task;
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

void pipeline_get_status(const struct pipeline *pipeline, struct pipeline_status *status) {
    *status = pipeline->status;
    status->queued_tasks = pipeline->queued_tasks;
    status->queued_bytes = pipeline->queued_bytes;
    status->polled_bytes = pipeline->polled_bytes;
}

int64_t pipeline_stands_ms(const struct pipeline *pipeline) {
    if (!pipeline->committing && pipeline->queued_tasks == 0)
        return 0;
    for (const struct commit_task *task = pipeline->group.tasks; task; task = task->next)
        if (task->unbounded)
            return 0;
    return loop_now_ms(pipeline->loop) - pipeline->moved_ms;
}
