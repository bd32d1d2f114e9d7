// SPDX-License-Identifier: EUPL-1.2
// When figures for outside are made: soon after the start if a month has closed meanwhile, and when
// one closes. Whether they change then is the books' to say.
#ifndef JOBS_MONTH_CLOSE_H
#define JOBS_MONTH_CLOSE_H

#include "ingest/pipeline.h"

struct closing;

struct closing *closing_create(struct loop *loop, struct pipeline *pipeline,
                               const struct config *config, struct tables *tables);
void closing_use(struct closing *closing, struct tables *tables); // takes a reference
void closing_stop(struct closing *closing);                       // begins nothing more
void closing_free(struct closing *closing); // nothing is under way; NULL is fine

// Of new figures, in our log: how many, and nothing of what they say.
void closing_log(const struct batch_figures *figures);

#endif
