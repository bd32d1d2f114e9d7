// SPDX-License-Identifier: EUPL-1.2
#include "jobs/month_close.h"

#include "base/mem.h"
#include "base/pii/log.h"
#include "codec/statistic.h"

#include <stdlib.h>

enum {
    FIRST_MS = 500,
    ROUND_MS = 60 * 1000, // the clock may be set meanwhile
};

struct closing {
    struct pipeline *pipeline;
    const struct config *config;
    struct tables *tables;
    struct loop_timer *timer;
    bool stopped;
};

void closing_log(const struct batch_figures *figures) {
    char closed[FIGURE_MONTH_MAX];
    figure_month(figures->closed, closed);
    if (figures->outcome == BATCH_FIGURES_MADE)
        log_notice("figures made closed=%s changed=%u gone=%u", closed, figures->changed,
                   figures->gone);
    else if (figures->outcome == BATCH_FIGURES_TOO_FEW)
        log_notice("figures stay closed=%s reason=\"too few signals have changed\"", closed);
}

// Days begin at midnight in the Netherlands.
static void wait_for_next(const struct closing *closing) {
    int64_t now_ms = loop_wall_ms();
    int64_t until_ms = time_from_amsterdam(time_amsterdam_day(now_ms) + 1, 0) - now_ms;
    loop_timer_start(closing->timer, until_ms < ROUND_MS ? until_ms : ROUND_MS, 0);
}

static void on_done(struct batch *batch) {
    struct closing *closing = batch->ctx;
    if (batch->err.kind == ERR_NONE)
        closing_log(&batch->figures);
    batch_free(batch);
    if (!closing->stopped)
        wait_for_next(closing);
}

static void on_time(void *ctx) {
    struct closing *closing = ctx;
    struct batch *batch = batch_create_task(NULL, closing->tables, BATCH_FIGURES);
    batch->received_ms = loop_wall_ms();
    batch->figures.now_ms = batch->received_ms;
    batch->figures.resolution = closing->config->disclosure_resolution;
    batch->done = on_done;
    batch->ctx = closing;
    pipeline_submit(closing->pipeline, batch);
}

struct closing *closing_create(struct loop *loop, struct pipeline *pipeline,
                               const struct config *config, struct tables *tables) {
    struct closing *closing = mem_zalloc(1, sizeof *closing);
    closing->pipeline = pipeline;
    closing->config = config;
    closing->tables = tables_take(tables);
    closing->timer = loop_timer_create(loop, on_time, closing);
    loop_timer_start(closing->timer, FIRST_MS, 0);
    return closing;
}

void closing_use(struct closing *closing, struct tables *tables) {
    tables_drop(closing->tables);
    closing->tables = tables_take(tables);
}

void closing_stop(struct closing *closing) {
    closing->stopped = true;
    loop_timer_stop(closing->timer);
}

void closing_free(struct closing *closing) {
    if (!closing)
        return;
    loop_timer_free(closing->timer);
    tables_drop(closing->tables);
    free(closing);
}
