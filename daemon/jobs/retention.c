// SPDX-License-Identifier: EUPL-1.2
// Runs a round of expiry every hour, in small steps with a pause between them, so that posted
// signals never wait for it. One step is under way at a time; a step that failed has changed
// nothing and is taken again later. The timer owns the step; the ledger decides what goes.
#include "jobs/retention.h"

#include "base/mem.h"
#include "base/pii/log.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIRST_MS = 5 * 1000,
    ROUND_MS = 3600 * 1000,
    STEP_PAUSE_MS = 10, // others first: a step is a commit of about 2 ms
};

struct retention_timer {
    struct pipeline *pipeline;
    const struct config *config;
    struct retention ages; // as they were when the step began
    struct ledger *ledger;
    const struct publish_job *kafka; // whether the topic has been seen
    struct loop_timer *timer;
    struct expire_task step; // one at a time
    struct expire_place at;  // how far the round is; zero between rounds
    bool stopped;
    uint64_t removed[EXPIRE_TABLES]; // in this round
};

static void log_removed(const struct retention_timer *retention) {
    const uint64_t *removed = retention->removed;
    log_notice(
        "retention lines=%llu pseudonyms=%llu quarantined=%llu unmapped=%llu audit=%llu "
        "members=%llu cells=%llu",
        (unsigned long long)removed[EXPIRE_ENTRIES], (unsigned long long)removed[EXPIRE_PSEUDONYMS],
        (unsigned long long)removed[EXPIRE_QUARANTINE],
        (unsigned long long)removed[EXPIRE_UNMAPPED], (unsigned long long)removed[EXPIRE_AUDIT],
        (unsigned long long)removed[EXPIRE_MEMBERS], (unsigned long long)removed[EXPIRE_CELLS]);
}

// What is no longer a change for the statistics goes silently.
static void end_round(struct retention_timer *retention) {
    bool any = false;
    for (int i = 0; i < EXPIRE_MOVED; i++)
        any = any || retention->removed[i];
    if (any)
        log_removed(retention);
    memset(retention->removed, 0, sizeof retention->removed);
    retention->at = (struct expire_place){0};
}

static void take_step(struct retention_timer *retention, const struct expire_task *expire) {
    retention->at = expire->at;
    for (int i = 0; i < EXPIRE_TABLES; i++)
        retention->removed[i] += expire->removed[i];
}

static void on_step_done(struct commit_task *task) {
    struct retention_timer *retention = task->ctx;
    bool failed = task->err.kind != ERR_NONE; // then nothing of it has happened
    bool more = !failed && retention->step.more;
    if (!failed)
        take_step(retention, &retention->step);
    if (!more)
        end_round(retention);
    if (!retention->stopped)
        loop_timer_start(retention->timer, more ? STEP_PAUSE_MS : ROUND_MS, 0);
}

static void on_time(void *ctx) {
    struct retention_timer *retention = ctx;
    retention->ages = retention->config->retention;
    retention->step = (struct expire_task){
        .task = {.run = ledger_expire, .done = on_step_done, .ctx = retention, .frees = true},
        .retention = &retention->ages,
        .publishing = ledger_publishes(retention->ledger, retention->config->kafka_brokers != NULL),
        .keeps_lines = !publish_job_is_current(retention->kafka),
        .now_ms = loop_wall_ms(),
        .at = retention->at};
    pipeline_submit(retention->pipeline, &retention->step.task);
}

struct retention_timer *retention_create(struct loop *loop, struct pipeline *pipeline,
                                         struct ledger *ledger, const struct config *config,
                                         const struct publish_job *kafka) {
    struct retention_timer *retention = mem_zalloc(1, sizeof *retention);
    retention->pipeline = pipeline;
    retention->config = config;
    retention->ledger = ledger;
    retention->kafka = kafka;
    retention->timer = loop_timer_create(loop, on_time, retention);
    loop_timer_start(retention->timer, FIRST_MS, 0);
    return retention;
}

void retention_stop(struct retention_timer *retention) {
    retention->stopped = true;
    loop_timer_stop(retention->timer);
}

void retention_free(struct retention_timer *retention) {
    if (!retention)
        return;
    loop_timer_free(retention->timer);
    free(retention);
}
