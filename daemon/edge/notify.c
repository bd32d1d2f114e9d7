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

void notify_stopping(const char *status) {
    (void)sd_notifyf(0, "STOPPING=1\nSTATUS=%.*s", line_len(status), status);
}

void notify_status(const char *status) {
    (void)sd_notifyf(0, "STATUS=%.*s", line_len(status), status);
}

void notify_watchdog(void) {
    (void)sd_notify(0, "WATCHDOG=1");
}

int64_t notify_watchdog_ms(void) {
    uint64_t allowed_us = 0;
    if (sd_watchdog_enabled(0, &allowed_us) <= 0)
        return 0;
    int64_t allowed_ms = (int64_t)(allowed_us / 1000);
    return allowed_ms > 0 ? allowed_ms : 1;
}

static bool sort(const char *name, int fd, const char *const names[],
                 struct notify_sockets sockets[], size_t count, struct err *err) {
    size_t i = 0;
    while (i < count && strcmp(name, names[i]) != 0)
        i++;
    if (i == count)
        return err_set(err, ERR_CONFIG,
                       "systemd passes a socket named \"%.40s\", which is not known here: "
                       "FileDescriptorName= is \"intake\", \"control\" or \"metrics\"",
                       name);
    if (sockets[i].count == NOTIFY_SOCKETS_MAX)
        return err_set(err, ERR_CONFIG, "systemd passes more than %d sockets named \"%s\"",
                       NOTIFY_SOCKETS_MAX, name);
    sockets[i].fds[sockets[i].count++] = fd;
    return true;
}

bool notify_take_sockets(const char *const names[], struct notify_sockets sockets[], size_t count,
                         struct err *err) {
    char **passed = NULL;
    int passed_count = sd_listen_fds_with_names(0, &passed);
    bool ok = true;
    memset(sockets, 0, count * sizeof *sockets);
    for (int i = 0; i < passed_count; i++) {
        ok = ok && sort(passed[i], SD_LISTEN_FDS_START + i, names, sockets, count, err);
        free(passed[i]);
    }
    free(passed);
    return ok;
}
