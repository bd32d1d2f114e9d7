// SPDX-License-Identifier: EUPL-1.2
// The service manager (libsystemd behind it): sd_notify(3) states, the watchdog, sockets it passes.
// Without a service manager all of it does nothing. Status texts are one line.
#ifndef EDGE_NOTIFY_H
#define EDGE_NOTIFY_H

#include "base/err.h"

#include <stdint.h>

void notify_ready(const char *status);
void notify_reloading(int64_t monotonic_us); // CLOCK_MONOTONIC; notify_ready ends it
void notify_stopping(void);
void notify_watchdog(void);
// How often to call notify_watchdog: half of what the manager allows. 0: no watchdog.
int64_t notify_watchdog_interval_ms(void);
// The listening socket of that FileDescriptorName=, or -1. The first of several.
int notify_listen_fd(const char *name);

#endif
