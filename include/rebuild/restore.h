// SPDX-License-Identifier: EUPL-1.2
// signaald --restore: a backup that signaalctl backup made, in the place of the ledger. It is put
// there only when it is whole and the keys at hand are its own; until then nothing is changed.
#ifndef REBUILD_RESTORE_H
#define REBUILD_RESTORE_H

#include "config/config.h"

struct restore_options {
    const char *from;        // a directory, a file, or "-"
    bool replace;            // also where there is a ledger
    int manifest_fd, own_fd; // of the manifest, and of what is behind it; see restore_open
};
// Before root becomes the service's user, who may not be able to read it. False: it has told why.
bool restore_open(struct restore_options *options) MUST_CHECK;
// Exit status: 0 done, 1 failed, 2 refused. A summary on stdout.
int restore_run(const struct config *config, const struct restore_options *options);

#endif
