// SPDX-License-Identifier: EUPL-1.2
// When statistics for outside are made and trends are tested: soon after the start if a month has
// closed meanwhile, and when one closes. Whether it is time is the ledger's to say.
#ifndef JOBS_MONTH_CLOSE_H
#define JOBS_MONTH_CLOSE_H

#include "ingest/pipeline.h"

struct month_close;

struct month_close *month_close_create(struct loop *loop, struct pipeline *pipeline,
                                       const struct config *config, struct tables *tables);
void month_close_use(struct month_close *month_close, struct tables *tables); // takes a reference
void month_close_stop(struct month_close *month_close);                       // begins nothing more
void month_close_free(struct month_close *month_close); // nothing is under way; NULL is fine

// All the steps of a task that is filled in; `done` comes with its err and its outcome, and they
// are in our log: how many, and nothing of what they say.
struct statistics_making {
    struct statistics_task task;
    struct pipeline *pipeline;
    void (*done)(struct statistics_making *making);
    void *ctx;
};
void month_close_make(struct statistics_making *making);

#endif
