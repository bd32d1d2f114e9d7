// SPDX-License-Identifier: EUPL-1.2
// Reads the released statistics back from their topic. The latest record of each key counts. A
// sequence number that was used is never given again, also not that of a record that cannot be
// read. The list of statistics belongs to the caller, who frees it.
#include "rebuild_private.h"

#include "base/mem.h"
#include "codec/statistic.h"
#include "core/cube/statistics.h"
#include "jobs/publish.h"

#include <stdlib.h>
#include <string.h>

// False: damaged.
static bool read_statistic(const struct publish_record *record,
                           struct rebuild_statistic *statistic) {
    memset(statistic, 0, sizeof *statistic);
    if (!str_to_u64(publish_record_header(record, PUBLISH_HEADER_SEQ), INT64_MAX,
                    &statistic->seq) ||
        statistic->seq == 0 || record->key.len == 0 || record->key.len >= sizeof statistic->key)
        return false;
    memcpy(statistic->key, record->key.data, record->key.len);
    // Count 0: a tombstone.
    return !record->value.data ||
           statistic_read_value(record->key, record->value, &statistic->record);
}

static bool on_record(void *ctx, const struct publish_record *record, bool *ours) {
    struct rebuild_statistics *statistics = ctx;
    struct rebuild_statistic statistic;
    if (!str_is(publish_record_header(record, PUBLISH_HEADER_LEDGER_ID), statistics->ledger_id))
        return true;
    *ours = true;
    bool whole = read_statistic(record, &statistic);
    if (!whole && !statistics->partial)
        return err_set(&statistics->err, ERR_CONFIG,
                       "topic %s, partition %d, offset %lld: it is no statistic of ours (--partial "
                       "passes it over)",
                       statistics->topic, (int)record->partition, (long long)record->offset);
    // Passed over or not, its number is not given again.
    if (statistic.seq)
        statistics->last[record->partition] =
            (struct publish_ack){statistic.seq, record->partition, record->offset};
    if (statistic.seq > statistics->state.seq)
        statistics->state.seq = statistic.seq;
    if (!whole) {
        statistics->passed++;
        return true;
    }
    rebuild_fit(&statistics->fits, record);
    statistics->list =
        mem_grow(statistics->list, statistics->count, &statistics->cap, sizeof *statistics->list);
    statistics->list[statistics->count++] = statistic;
    return true;
}

static int compare(const void *a, const void *b) {
    const struct rebuild_statistic *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

// The last of each key stays, if it tells a number.
static void keep_latest(struct rebuild_statistics *statistics) {
    size_t count = 0;
    if (statistics->count)
        qsort(statistics->list, statistics->count, sizeof *statistics->list, compare);
    for (size_t i = 0; i < statistics->count; i++) {
        const struct rebuild_statistic *statistic = &statistics->list[i];
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
static void set_state(struct rebuild_statistics *statistics, uint32_t rounding_base,
                      int64_t now_ms) {
    struct statistics_record *state = &statistics->state;
    uint16_t closed = statistics_closed_month(time_amsterdam_day(now_ms));
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

bool rebuild_statistics_run(struct rebuild_statistics *statistics, const struct config *config,
                            struct err *err) {
    struct publish_setting settings[KAFKA_PROPERTIES_MAX];
    struct publish_options options = rebuild_publish_options(config, settings);
    struct publish_replay replay = {.options = &options, .on_record = on_record, .ctx = statistics};
    statistics->topic = options.topic = kafka_counts_topic(config);
    if (options.topic && !publish_replay_run(&replay, err) && !replay.no_topic) {
        if (statistics->err.kind != ERR_NONE)
            *err = statistics->err;
        return false;
    }
    keep_latest(statistics);
    set_state(statistics, config->disclosure_rounding_base, loop_wall_ms());
    if (statistics->state.made)
        statistics->partitions = rebuild_fits_most(&statistics->fits, replay.partitions);
    if (statistics->state.made && statistics->partitions == 0)
        statistics->partitions = replay.partitions;
    return true;
}
