// SPDX-License-Identifier: EUPL-1.2
// When a feed is polled next. First polls are spread over the interval, and the wait after a
// failure doubles up to an hour with "full jitter", so that sources are not all asked at the same
// moment. A wait is never longer than the interval, unless the source asks for more with
// Retry-After. Pure: the caller gives time and random numbers, and nothing is kept.
#include "ingest/schedule.h"

#include <assert.h>

// span * random / 2^32, without overflow for any span.
static int64_t share_of(int64_t span, uint32_t random) {
    uint64_t high = (uint64_t)span >> 32, low = (uint64_t)span & UINT32_MAX;
    return (int64_t)(high * random + (low * random >> 32));
}

int64_t schedule_first_ms(int64_t now_ms, int64_t interval_ms, uint32_t random) {
    assert(interval_ms >= 0);
    return now_ms + share_of(interval_ms, random);
}

int64_t schedule_next_ms(int64_t started_ms, int64_t interval_ms) {
    return started_ms + interval_ms;
}

static int64_t backoff_limit_ms(int64_t interval_ms, uint32_t failures) {
    int64_t limit = SCHEDULE_BACKOFF_MIN_MS;
    for (uint32_t i = 0; i < failures && limit < SCHEDULE_BACKOFF_MAX_MS; i++)
        limit *= 2;
    if (limit > SCHEDULE_BACKOFF_MAX_MS)
        limit = SCHEDULE_BACKOFF_MAX_MS;
    return limit < interval_ms ? limit : interval_ms;
}

int64_t schedule_backoff_ms(int64_t now_ms, int64_t interval_ms, uint32_t failures,
                            int64_t retry_after_ms, uint32_t random) {
    assert(failures >= 1 && interval_ms >= 0);
    int64_t wait = share_of(backoff_limit_ms(interval_ms, failures), random);
    return now_ms + (wait > retry_after_ms ? wait : retry_after_ms);
}
