// SPDX-License-Identifier: EUPL-1.2
// The topic of the statistics for outside, read back: what is told there now, and how far they are.
#ifndef JOBS_TOPIC_STATISTICS_H
#define JOBS_TOPIC_STATISTICS_H

#include "codec/record.h"
#include "core/cube/statistics.h"
#include "edge/kafka/record.h"
#include "ledger/tasks.h"

// Zero it; add each genuine record, in any order; then end.
struct topic_statistics {
    struct topic_statistic {
        char key[STATISTIC_KEY_MAX];
        uint64_t seq;
        struct statistic_record record;
    } * list; // after the end: as they are outside, sorted; owned
    size_t count, cap;
    struct statistics_record state;
};
// False: it is no statistic of ours. Its number is not given again all the same.
bool topic_statistics_add(struct topic_statistics *statistics, const struct publish_record *record);
// `rounding_base` where nothing tells it.
void topic_statistics_end(struct topic_statistics *statistics, uint32_t rounding_base,
                          int64_t now_ms);
// The task that puts them in their place; its list is owned by the caller, who frees it.
void topic_statistics_restore(const struct topic_statistics *statistics,
                              struct restore_task *restore);
void topic_statistics_free(struct topic_statistics *statistics); // what it owns

#endif
