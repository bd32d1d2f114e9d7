// SPDX-License-Identifier: EUPL-1.2
// What main.c starts. The composition root (app.c) creates all parts in order, connects them,
// reloads, stops in reverse; it has no logic of its own.
#ifndef APP_H
#define APP_H

#include "config/config.h"

// Runs the daemon until SIGTERM or SIGINT. Returns the exit status: 0, or 1 when it failed while
// running or starting, or 2 when the configuration does not work out (address in use, no such group
// …).
int app_run(struct config *config);
// A verify of the ledger on the disk, read only, beside a running daemon or without one. Needs no
// keys and no network. Says how far it is on stderr and what came of it on stdout. Exit status: 0
// whole, 1 not, or it could not be read to its end, 2 there is nothing that it may read.
int verify_offline(const struct config *config);

#endif
