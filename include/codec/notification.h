// SPDX-License-Identifier: EUPL-1.2
// What the Dutch ZGW standard's notifications (Notificaties API 1.0, Open Notificaties) say: that
// something changed over there. Such a message has no content and no id of its own, comes at least
// once or never, and is no truth: it is a hint to ask.
#ifndef CODEC_NOTIFICATION_H
#define CODEC_NOTIFICATION_H

#include "codec/door.h"

enum { NOTIFICATION_BYTES_MAX = 64 * 1024 };

enum notification {
    NOTIFICATION_BAD,    // no such message
    NOTIFICATION_TEST,   // of the channel "test": the subscription is tried
    NOTIFICATION_CHANGE, // of any other channel
};

// What a body is: one JSON object with a text `kanaal`, once. Its URLs are not looked at: what is
// asked, and where, is the operator's to say.
enum notification notification_read(struct str body, enum door_charset charset);

#endif
