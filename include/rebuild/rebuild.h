// SPDX-License-Identifier: EUPL-1.2
// signaald --rebuild: from an empty state directory, the keys and the topics alone, index, counts
// and sequence as they were, so that a lost disk is not a lost history. What is not in the topics
// is lost: see signaald(8), "A LOST DISK".
#ifndef REBUILD_REBUILD_H
#define REBUILD_REBUILD_H

#include "config/config.h"

struct rebuild_options {
    const char
        *ledger_id; // of the ledger, where several have written to the topic; NULL: the only one
    bool partial;   // also from a topic that lacks its beginning or has what cannot be read
};
// Exit status: 0 done, 1 failed, 2 refused. Progress on stderr, a summary on stdout.
int rebuild_run(const struct config *config, const struct rebuild_options *options);

#endif
