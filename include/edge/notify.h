// SPDX-License-Identifier: EUPL-1.2
// The service manager (libsystemd behind it): sd_notify(3) states, the watchdog, sockets it passes.
#ifndef EDGE_NOTIFY_H
#define EDGE_NOTIFY_H

#include "base/err.h"

#include <stdint.h>

void notify_ready(const char *status);
void notify_status(const char *status);
void notify_reloading(int64_t monotonic_us);
void notify_stopping(void);
void notify_watchdog(void);
int64_t notify_watchdog_interval_ms(void); // 0: no watchdog
// The listening socket of that FileDescriptorName=, or -1.
int notify_listen_fd(const char *name);

#endif
