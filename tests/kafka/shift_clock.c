// SPDX-License-Identifier: EUPL-1.2
// Preloaded, it moves the time of day by SHIFT_CLOCK_S seconds, or by what the file
// SHIFT_CLOCK_FILE says at that moment. Unlike libfaketime it leaves alone the clock by which
// librdkafka waits on its condition variables.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long shift(void) {
    const char *file = getenv("SHIFT_CLOCK_FILE"), *fixed = getenv("SHIFT_CLOCK_S");
    char text[24] = "";
    int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        (void)!read(fd, text, sizeof text - 1);
        (void)close(fd);
        return strtol(text, NULL, 10);
    }
    return fixed ? strtol(fixed, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int rc = (int)syscall(SYS_clock_gettime, clock, now);
    if (rc == 0 && clock == CLOCK_REALTIME)
        now->tv_sec += shift();
    return rc;
}

time_t time(time_t *out) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}
