// SPDX-License-Identifier: EUPL-1.2
// What signaald does for an operator and not for systemd. It should find what the service would
// find, so it stands where the service stands: with its directories and as its user.
#ifndef BY_HAND_H
#define BY_HAND_H

#include "config/config.h"

// Root becomes the service's user: the owner of the state directory, or, where that is not there
// yet, the user signaald, if there is one. Then files belong to the right user, and what he cannot
// read is found. Says so to stderr.
bool by_hand_become_user(const struct config *config, struct err *err) MUST_CHECK;

// The faults of the files that a configuration names, but for those that config.h finds.
void by_hand_find_faults(const struct config *config, struct diagnostics *faults);
// Both return an exit status and tell.
int by_hand_check(const struct config *config, const struct diagnostics *faults);
int by_hand_init(const struct config *config);

#endif
