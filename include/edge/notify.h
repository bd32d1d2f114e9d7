// SPDX-License-Identifier: EUPL-1.2
// The service manager (libsystemd behind it): sd_notify(3) states, the watchdog, sockets it passes.
// Without a service manager all of it does nothing. Status texts are one line; what is behind a
// line break in them is left out.
#ifndef EDGE_NOTIFY_H
#define EDGE_NOTIFY_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

void notify_ready(const char *status);
void notify_reloading(int64_t monotonic_us); // CLOCK_MONOTONIC; notify_ready ends it
void notify_stopping(const char *status);
void notify_status(const char *status);
void notify_watchdog(void);
// How long the manager waits for notify_watchdog before it ends us. 0: no watchdog.
int64_t notify_watchdog_ms(void);

enum { NOTIFY_SOCKETS_MAX = 8 };
struct notify_sockets {
    int fds[NOTIFY_SOCKETS_MAX]; // the caller's from now on
    size_t count;
};
// The sockets that the manager passes, by their FileDescriptorName=: sockets[i] gets those of
// names[i]. CONFIG: one has another name, or one name has too many.
bool notify_take_sockets(const char *const names[], struct notify_sockets sockets[], size_t count,
                         struct err *err) MUST_CHECK;

#endif
