// SPDX-License-Identifier: EUPL-1.2
// signaald --verify: a verify of the ledger on the disk, read only, beside a running daemon or
// without one. Needs no keys and no network.
#ifndef VERIFY_OFFLINE_H
#define VERIFY_OFFLINE_H

#include "config/config.h"

// Says how far it is on stderr and what came of it on stdout. Exit status: 0 whole, 1 not, or it
// could not be read to its end, 2 there is nothing that it may read.
int verify_offline(const struct config *config);

#endif
