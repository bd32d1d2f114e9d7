// SPDX-License-Identifier: EUPL-1.2
// The composition root: creates all parts in order, connects them, reloads, stops in reverse. No
// logic of its own.
#ifndef APP_H
#define APP_H

#include "config/config.h"

// Runs the daemon until SIGTERM or SIGINT. Returns the exit status: 0, or 1 when it failed while
// running or starting, or 2 when the configuration does not work out (address in use, no such group
// …).
int app_run(struct config *config);

#endif
