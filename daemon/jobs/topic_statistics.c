// SPDX-License-Identifier: EUPL-1.2
// Reads the released statistics back from their topic. The latest record of each key counts. A
// sequence number that was used is never given again, also not that of a record that cannot be
// read.
#include "jobs/topic_statistics.h"

#include "base/mem.h"
#include "codec/statistic.h"

#include <stdlib.h>
#include <string.h>

bool topic_statistics_add(struct topic_statistics *statistics,
                          const struct publish_record *record) {
    struct topic_statistic statistic = {.seq = record->seq};
    if (record->seq > statistics->state.seq)
        statistics->state.seq = record->seq;
    if (record->key.len == 0 || record->key.len >= sizeof statistic.key)
        return false;
    memcpy(statistic.key, record->key.data, record->key.len);
    // Count 0: a tombstone.
    if (record->value.data && !statistic_read_value(record->key, record->value, &statistic.record))
        return false;
    statistics->list =
        mem_grow(statistics->list, statistics->count, &statistics->cap, sizeof *statistics->list);
    statistics->list[statistics->count++] = statistic;
    return true;
}

static int compare(const void *a, const void *b) {
    const struct topic_statistic *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

// The last of each key stays, if it tells a number.
static void keep_latest(struct topic_statistics *statistics) {
    size_t count = 0;
    if (statistics->count)
        qsort(statistics->list, statistics->count, sizeof *statistics->list, compare);
    for (size_t i = 0; i < statistics->count; i++) {
        const struct topic_statistic *statistic = &statistics->list[i];
        bool last = i + 1 == statistics->count || strcmp(statistic->key, statistic[1].key) != 0;
        if (last && statistic->record.count)
            statistics->list[count++] = *statistic;
    }
    statistics->count = count;
}

// How far they are follows from the statistics; where all have gone again, nothing tells it any
// more. What has closed since is not looked at again: the next time is the next close. Where the
// topic has none (or there is no topic) some may have been told all the same, through the socket:
// nobody knows which, so what is told next waits for as many changes.
void topic_statistics_end(struct topic_statistics *statistics, uint32_t rounding_base,
                          int64_t now_ms) {
    struct statistics_record *state = &statistics->state;
    uint16_t closed = statistics_closed_month(time_amsterdam_day(now_ms));
    keep_latest(statistics);
    state->tried = closed;
    state->made = state->seq > 0;
    if (!state->made)
        return;
    for (size_t i = 0; i < statistics->count; i++) {
        const struct statistic_record *record = &statistics->list[i].record;
        if (record->closed >= state->closed) {
            state->closed = record->closed;
            state->rounding_base = record->rounding_base;
        }
    }
    if (statistics->count == 0) {
        state->closed = closed;
        state->rounding_base = rounding_base;
    }
    if (state->tried < state->closed)
        state->tried = state->closed;
}

void topic_statistics_restore(const struct topic_statistics *statistics,
                              struct restore_task *restore) {
    struct restored_statistic *list = mem_zalloc(statistics->count, sizeof *list);
    for (size_t i = 0; i < statistics->count; i++)
        list[i] = (struct restored_statistic){str_from(statistics->list[i].key),
                                              statistics->list[i].record};
    *restore = (struct restore_task){.task.run = ledger_restore,
                                     .statistics = list,
                                     .statistic_count = statistics->count,
                                     .state = statistics->state};
}

void topic_statistics_free(struct topic_statistics *statistics) {
    free(statistics->list);
    *statistics = (struct topic_statistics){0};
}
