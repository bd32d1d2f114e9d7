// SPDX-License-Identifier: EUPL-1.2
// What the log needs of the table of alarms. What it says for people is in the header only, of
// which the catalogue and the operators' page are made.
#include "base/alarms.h"

const struct alarm_entry alarms[ALARM_COUNT] = {
#define X(name, code, message_id, level, ...)                                                      \
    [ALARM_##name] = {code, message_id, LOG_LEVEL_##level},
    ALARMS(X)
#undef X
};
