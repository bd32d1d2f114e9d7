// SPDX-License-Identifier: EUPL-1.2
// What is known of the daemon at this moment, for status.c and metrics.c; nobody else includes it.
#ifndef CONTROL_CONTROL_NUMBERS_H
#define CONTROL_CONTROL_NUMBERS_H

#include "control_private.h"

struct control_numbers {
    const struct totals *totals;
    struct push_status push;
    struct pipeline_status pipeline;
    struct feeds_status feeds;
    struct publish_status publish, publish_counts, publish_current;
    struct store_usage usage;
    uint64_t received, accepted, published, waiting, forged, statistics_waiting, current_waiting,
        quarantined, words, audited, own_bytes, mapped_bytes, taken_back, forked;
    int64_t signals, persons, last_commit_ms, oldest_waiting_ms, uptime_s;
};
void control_gather(const struct control *control, struct control_numbers *f); // on the loop

#endif
