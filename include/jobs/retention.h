// SPDX-License-Identifier: EUPL-1.2
// When what is too old goes: a few seconds after the start, then every hour, in steps that take
// their turn among commits. What goes is the ledger's to say.
#ifndef JOBS_RETENTION_H
#define JOBS_RETENTION_H

#include "jobs/publish.h"

struct retention_timer;

// With brokers configured no line goes before the topic has been seen: the ledger may be
// older, and a later version of the signal may be there.
struct retention_timer *retention_create(struct loop *loop, struct pipeline *pipeline,
                                         struct ledger *ledger, const struct config *config,
                                         const struct publish_job *kafka);
void retention_stop(struct retention_timer *retention); // begins no further step
void retention_free(struct retention_timer *retention); // no step is under way; NULL is fine

#endif
