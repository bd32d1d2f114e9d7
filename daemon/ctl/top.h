// SPDX-License-Identifier: EUPL-1.2
// signaalctl top: what it has gathered, and how that is drawn.
#ifndef CTL_TOP_H
#define CTL_TOP_H

#include "ctl/query/ctl.h"

enum { TOP_EVENTS_MAX = 60, TOP_RATES_MAX = 60, TOP_FAULT_MAX = 512 };

struct top {
    struct json_view *status;                 // the last that was to be had, or NULL; owned
    char fault[TOP_FAULT_MAX];                // why the present one is not; "" when it is
    struct json_view *events[TOP_EVENTS_MAX]; // owned; the newest last
    size_t event_count;
    char events_fault[TOP_FAULT_MAX];   // why no more events come; "" when they do
    int64_t rates_milli[TOP_RATES_MAX]; // received in a thousand seconds, turn by turn
    size_t rate_count;                  // of the last minute
};

// All of it, in at most term->height lines, each with a newline behind and none too wide.
void top_draw(const struct top *top, const struct term_out *term);

#endif
