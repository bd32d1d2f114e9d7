// SPDX-License-Identifier: EUPL-1.2
// Preloaded, it moves the time of day by SHIFT_CLOCK_S seconds. Unlike libfaketime it leaves alone
// the clock by which librdkafka waits on its condition variables.
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    int rc = (int)syscall(SYS_clock_gettime, clock, now);
    const char *shift = getenv("SHIFT_CLOCK_S");
    if (rc == 0 && clock == CLOCK_REALTIME && shift)
        now->tv_sec += strtol(shift, NULL, 10);
    return rc;
}
