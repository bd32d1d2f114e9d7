// SPDX-License-Identifier: EUPL-1.2
// Asks the ledger for new statistics at the start and when a day ends, at most a minute late
// because the clock may be set, and then whether a trend departs. At most one task is under way,
// and it holds a reference to the tables that it began with. The ledger decides whether anything
// changes. The pipeline is borrowed. What is to be told is worked out beside the loop, between two
// commits.
#include "jobs/month_close.h"

#include "base/mem.h"
#include "base/pii/log.h"
#include "codec/statistic.h"

#include <stdlib.h>

enum {
    FIRST_MS = 500,
    ROUND_MS = 60 * 1000, // the clock may be set meanwhile
};

struct month_close {
    struct pipeline *pipeline;
    const struct config *config;
    struct tables *tables;
    struct loop_timer *timer;
    bool stopped;
    struct statistics_making making; // one at a time; it has a reference of the tables
    struct departed_task departed;   // after it, with that reference
};

// --- the steps ---

static void log_outcome(const struct statistics_task *statistics) {
    char closed[STATISTIC_MONTH_MAX];
    statistic_month(statistics->closed, closed);
    if (statistics->outcome == STATISTICS_MADE)
        log_notice("statistics made closed=%s changed=%u gone=%u", closed, statistics->changed,
                   statistics->gone);
    else if (statistics->outcome == STATISTICS_TOO_FEW)
        log_notice("statistics stay closed=%s reason=\"too few signals have changed, or too few "
                   "beside one source's\"",
                   closed);
}

static void end(struct statistics_making *making) {
    ledger_free_statistics(&making->task);
    if (making->task.task.err.kind == ERR_NONE)
        log_outcome(&making->task);
    making->done(making);
}

static void on_told(struct commit_task *task) {
    end((struct statistics_making *)task);
}

static void work_out(void *ctx) {
    ledger_work_out_statistics(&((struct statistics_making *)ctx)->task);
}

static void on_worked_out(void *ctx) {
    struct statistics_making *making = ctx;
    struct commit_task *task = &making->task.task;
    if (task->err.kind != ERR_NONE) {
        end(making);
        return;
    }
    *task = (struct commit_task){.run = ledger_tell_statistics, .done = on_told};
    pipeline_submit(making->pipeline, task);
}

static void on_begun(struct commit_task *task) {
    struct statistics_making *making = (struct statistics_making *)task;
    if (task->err.kind == ERR_NONE && making->task.work)
        pipeline_work(making->pipeline, work_out, on_worked_out, making);
    else
        end(making);
}

void month_close_make(struct statistics_making *making) {
    making->task.task = (struct commit_task){.run = ledger_begin_statistics, .done = on_begun};
    pipeline_ride(making->pipeline, &making->task.task);
}

// --- when ---

// Days begin at midnight in the Netherlands.
static void wait_for_next(const struct month_close *month_close) {
    int64_t now_ms = loop_wall_ms();
    int64_t until_ms = time_from_amsterdam(time_amsterdam_day(now_ms) + 1, 0) - now_ms;
    loop_timer_start(month_close->timer, until_ms < ROUND_MS ? until_ms : ROUND_MS, 0);
}

// How many, and nothing of what they say.
static void log_departed(const struct departed_task *departed) {
    char closed[STATISTIC_MONTH_MAX];
    statistic_month(departed->closed, closed);
    log_notice("trends tested closed=%s tested=%zu depart=%zu told=%zu", closed, departed->tested,
               departed->departed, departed->told);
}

static void end_departed(struct month_close *month_close) {
    struct departed_task *departed = &month_close->departed;
    bool tested = departed->work != NULL && departed->task.err.kind == ERR_NONE;
    ledger_free_departed(departed);
    if (tested)
        log_departed(departed);
    tables_unref(departed->tables);
    if (!month_close->stopped)
        wait_for_next(month_close);
}

static void on_departed_told(struct commit_task *task) {
    end_departed(task->ctx);
}

static void work_out_departed(void *ctx) {
    ledger_work_out_departed(&((struct month_close *)ctx)->departed);
}

static void on_departed_worked_out(void *ctx) {
    struct month_close *month_close = ctx;
    struct commit_task *task = &month_close->departed.task;
    if (task->err.kind != ERR_NONE) {
        end_departed(month_close);
        return;
    }
    *task = (struct commit_task){
        .run = ledger_tell_departed, .done = on_departed_told, .ctx = month_close};
    pipeline_submit(month_close->pipeline, task);
}

static void on_departed_begun(struct commit_task *task) {
    struct month_close *month_close = task->ctx;
    if (task->err.kind == ERR_NONE && month_close->departed.work)
        pipeline_work(month_close->pipeline, work_out_departed, on_departed_worked_out,
                      month_close);
    else
        end_departed(month_close);
}

static void on_made(struct statistics_making *making) {
    struct month_close *month_close = making->ctx;
    month_close->departed = (struct departed_task){
        .task = {.run = ledger_begin_departed, .done = on_departed_begun, .ctx = month_close},
        .tables = making->task.tables,
        .now_ms = making->task.now_ms,
        .wait_ms = month_close->config->trend_wait_ms};
    if (month_close->stopped)
        end_departed(month_close);
    else
        pipeline_ride(month_close->pipeline, &month_close->departed.task);
}

static void on_time(void *ctx) {
    struct month_close *month_close = ctx;
    month_close->making = (struct statistics_making){
        .task = {.tables = tables_ref(month_close->tables),
                 .now_ms = loop_wall_ms(),
                 .rounding_base = month_close->config->disclosure_rounding_base},
        .pipeline = month_close->pipeline,
        .done = on_made,
        .ctx = month_close};
    month_close_make(&month_close->making);
}

struct month_close *month_close_create(struct loop *loop, struct pipeline *pipeline,
                                       const struct config *config, struct tables *tables) {
    struct month_close *month_close = mem_zalloc(1, sizeof *month_close);
    month_close->pipeline = pipeline;
    month_close->config = config;
    month_close->tables = tables_ref(tables);
    month_close->timer = loop_timer_create(loop, on_time, month_close);
    loop_timer_start(month_close->timer, FIRST_MS, 0);
    return month_close;
}

void month_close_use(struct month_close *month_close, struct tables *tables) {
    tables_unref(month_close->tables);
    month_close->tables = tables_ref(tables);
}

void month_close_stop(struct month_close *month_close) {
    month_close->stopped = true;
    loop_timer_stop(month_close->timer);
}

void month_close_free(struct month_close *month_close) {
    if (!month_close)
        return;
    loop_timer_free(month_close->timer);
    tables_unref(month_close->tables);
    free(month_close);
}
