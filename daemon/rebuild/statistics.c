// SPDX-License-Identifier: EUPL-1.2
// Reads the released statistics back from their topic, for a rebuild; and where their records were,
// so that the daemon goes on behind them.
#include "rebuild_private.h"

#include "jobs/publish.h"

#include <string.h>

static enum publish_seen on_record(void *ctx, const struct publish_record *record) {
    struct rebuild_statistics *statistics = ctx;
    if (!record->genuine ||
        !str_is(publish_record_header(record, PUBLISH_HEADER_LEDGER_ID), statistics->ledger_id))
        return PUBLISH_PASSED;
    // Passed over or not, its number is not given again.
    statistics->last[record->partition] =
        (struct publish_ack){record->seq, record->partition, record->offset};
    if (topic_statistics_add(&statistics->found, record)) {
        rebuild_fit(&statistics->fits, record);
        return PUBLISH_AWAITED;
    }
    statistics->passed++;
    if (statistics->partial)
        return PUBLISH_AWAITED;
    err_set(&statistics->err, ERR_CONFIG,
            "topic %s, partition %d, offset %lld: it is no statistic of ours (--partial passes it "
            "over)",
            statistics->topic, (int)record->partition, (long long)record->offset);
    return PUBLISH_STOP;
}

bool rebuild_statistics_run(struct rebuild_statistics *statistics, const struct config *config,
                            const struct hash_key *key, struct err *err) {
    struct publish_setting settings[KAFKA_PROPERTIES_MAX];
    struct publish_options options = publish_options_to_read(config, settings);
    struct publish_replay replay = {.on_record = on_record, .ctx = statistics};
    statistics->topic = options.topic = kafka_counts_topic(config);
    options.kind = PUBLISH_KIND_STATISTICS;
    options.key = key;
    if (options.topic)
        publish_replay_prepare(&replay, &options);
    bool ok = !options.topic || publish_replay_run(&replay, err) || replay.no_topic;
    publish_replay_free(&replay);
    if (!ok) {
        if (statistics->err.kind != ERR_NONE)
            *err = statistics->err;
        return false;
    }
    topic_statistics_end(&statistics->found, config->disclosure_rounding_base, loop_wall_ms());
    if (statistics->found.state.made)
        statistics->partitions = rebuild_fits_most(&statistics->fits, replay.partitions);
    if (statistics->found.state.made && statistics->partitions == 0)
        statistics->partitions = replay.partitions;
    return true;
}
