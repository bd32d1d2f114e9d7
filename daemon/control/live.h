// SPDX-License-Identifier: EUPL-1.2
// What the operators' page is kept up to date with: GET /v1/live has totals, as the status has
// them, and leaves no line in the audit log; GET /v1/live/figures has exact counts, so each opening
// of it is a line, and again each hour. Shared by live.c, rates.c, standing.c and figures.c.
#ifndef CONTROL_LIVE_H
#define CONTROL_LIVE_H

#include "control_private.h"

// --- how much came in, minute by minute (rates.c). Pure: the caller has the clock.
enum rate { RATE_NEW, RATE_REFUSED, RATES };
enum { RATE_MINUTES = 1440 };
struct rates {
    bool begun;
    int64_t begun_ms, minute; // minutes of the caller's clock
    uint64_t seen[RATES];     // totals, when they were noted last
    uint32_t came[RATES][RATE_MINUTES];
};
// To be called at least once a minute. `now_ms` never goes back, totals do not either.
void rates_note(struct rates *rates, int64_t now_ms, const uint64_t totals[RATES]);
// In the last `minutes`, 1..RATE_MINUTES, the present one is the first of them.
uint64_t rates_sum(const struct rates *rates, enum rate rate, unsigned minutes);
// In the minute that began so many minutes before the present one.
uint32_t rates_at(const struct rates *rates, enum rate rate, unsigned ago);

// --- which alarms stand (standing.c). "alarms" and "told".
void standing_put(struct json_out *json, const struct control *control);

// --- exact counts (figures.c). Made on the loop with what the memory has; worked out on a worker.
struct figures;
struct figures *figures_begin(const struct control *control);
void figures_put(struct figures *figures, struct buf *out); // JSON; any thread, once
void figures_free(struct figures *figures);

#endif
