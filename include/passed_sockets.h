// SPDX-License-Identifier: EUPL-1.2
// The listening sockets that systemd has opened for us (systemd.socket(5)) and keeps over a
// restart, so that nobody is refused meanwhile. What the configuration says holds for them all the
// same.
#ifndef PASSED_SOCKETS_H
#define PASSED_SOCKETS_H

#include "config/config.h"
#include "edge/notify.h"

struct passed_sockets {
    struct notify_sockets intake;  // the one of intake.listen is the first; none: we open it
    struct notify_sockets metrics; // the same of metrics.listen
    int control;                   // or -1: we open it
};

// CONFIG: they and the configuration do not agree; the text says what to make the same.
bool passed_sockets_take(const struct config *config, struct passed_sockets *out,
                         struct err *err) MUST_CHECK;

#endif
