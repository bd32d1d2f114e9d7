// SPDX-License-Identifier: EUPL-1.2
// When to poll a feed next. Pure: random numbers and time are arguments.
#ifndef INGEST_SCHEDULE_H
#define INGEST_SCHEDULE_H

#include <stdint.h>

enum { SCHEDULE_BACKOFF_MIN_MS = 1000, SCHEDULE_BACKOFF_MAX_MS = 3600000 };

// First poll after a start: spread over the interval. `random` is uniform in [0, 2^32).
int64_t schedule_first_ms(int64_t now_ms, int64_t interval_ms, uint32_t random);
// After a good poll: a full interval after its start.
int64_t schedule_next_ms(int64_t started_ms, int64_t interval_ms);
// After `failures` (>= 1) failures in a row: full jitter over min(interval, 1 s * 2^failures .. 1
// h), but not before `retry_after_ms` from now (0 when the server asked for nothing).
int64_t schedule_backoff_ms(int64_t now_ms, int64_t interval_ms, uint32_t failures,
                            int64_t retry_after_ms, uint32_t random);

#endif
