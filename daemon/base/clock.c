// SPDX-License-Identifier: EUPL-1.2
// Milliseconds of the two clocks. Neither can fail on Linux. What lasts is measured with the
// monotonic clock, because an operator or NTP may set the other one; what is stored or shown is
// wall-clock time.
#include "base/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t clock) {
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void) {
    return read_ms(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void) {
    return read_ms(CLOCK_MONOTONIC);
}
