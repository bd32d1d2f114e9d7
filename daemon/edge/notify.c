// SPDX-License-Identifier: EUPL-1.2
// The only file that includes libsystemd's header.
#include "edge/notify.h"

#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

// Behind a line break the manager would read the next assignment.
static int line_len(const char *text) {
    return (int)strcspn(text, "\r\n");
}

void notify_ready(const char *status) {
    (void)sd_notifyf(0, "READY=1\nSTATUS=%.*s", line_len(status), status);
}

void notify_reloading(int64_t monotonic_us) {
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)monotonic_us);
}

void notify_stopping(void) {
    (void)sd_notify(0, "STOPPING=1");
}

void notify_watchdog(void) {
    (void)sd_notify(0, "WATCHDOG=1");
}

int64_t notify_watchdog_interval_ms(void) {
    uint64_t allowed_us = 0;
    if (sd_watchdog_enabled(0, &allowed_us) <= 0)
        return 0;
    int64_t half_ms = (int64_t)(allowed_us / 2000);
    return half_ms > 0 ? half_ms : 1;
}

int notify_listen_fd(const char *name) {
    char **names = NULL;
    int count = sd_listen_fds_with_names(0, &names);
    int fd = -1;
    for (int i = 0; i < count; i++) {
        if (fd < 0 && strcmp(names[i], name) == 0)
            fd = SD_LISTEN_FDS_START + i;
        free(names[i]);
    }
    free(names);
    return fd;
}
