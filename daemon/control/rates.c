// SPDX-License-Identifier: EUPL-1.2
// How much came in, minute by minute, for a day. The totals of the ledger only grow, so the
// difference of two looks is what came between them; it counts in the minute of the second look.
// One ring of numbers, which a restart empties.
#include "live.h"

#include <string.h>

enum { MINUTE_MS = 60000 };

void rates_note(struct rates *rates, int64_t now_ms, const uint64_t totals[RATES]) {
    int64_t minute = now_ms / MINUTE_MS;
    if (!rates->begun) {
        *rates = (struct rates){.begun = true, .begun_ms = now_ms, .minute = minute};
        memcpy(rates->seen, totals, sizeof rates->seen);
    }
    if (minute - rates->minute >= RATE_MINUTES)
        rates->minute = minute - RATE_MINUTES;
    while (rates->minute < minute) {
        rates->minute++;
        for (int r = 0; r < RATES; r++)
            rates->came[r][rates->minute % RATE_MINUTES] = 0;
    }
    for (int r = 0; r < RATES; r++) {
        rates->came[r][minute % RATE_MINUTES] += (uint32_t)(totals[r] - rates->seen[r]);
        rates->seen[r] = totals[r];
    }
}

uint32_t rates_at(const struct rates *rates, enum rate rate, unsigned ago) {
    return rates->came[rate][(rates->minute + RATE_MINUTES - ago) % RATE_MINUTES];
}

uint64_t rates_sum(const struct rates *rates, enum rate rate, unsigned minutes) {
    uint64_t sum = 0;
    for (unsigned ago = 0; ago < minutes; ago++)
        sum += rates_at(rates, rate, ago);
    return sum;
}
