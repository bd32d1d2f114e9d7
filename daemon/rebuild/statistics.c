// SPDX-License-Identifier: EUPL-1.2
#include "rebuild_private.h"

#include "base/mem.h"
#include "codec/statistic.h"
#include "core/cube/statistics.h"
#include "jobs/publish.h"

#include <stdlib.h>
#include <string.h>

// False: damaged.
static bool read_figure(const struct publish_record *record, struct rebuild_figure *figure) {
    memset(figure, 0, sizeof *figure);
    if (!str_to_u64(publish_record_header(record, PUBLISH_HEADER_SEQ), INT64_MAX, &figure->seq) ||
        figure->seq == 0 || record->key.len == 0 || record->key.len >= sizeof figure->key)
        return false;
    memcpy(figure->key, record->key.data, record->key.len);
    // Count 0: a tombstone.
    return !record->value.data || figure_read_value(record->key, record->value, &figure->record);
}

static bool on_record(void *ctx, const struct publish_record *record, bool *ours) {
    struct rebuild_figures *figures = ctx;
    struct rebuild_figure figure;
    if (!str_is(publish_record_header(record, PUBLISH_HEADER_ORIGIN), figures->origin))
        return true;
    *ours = true;
    bool whole = read_figure(record, &figure);
    if (!whole && !figures->partial)
        return err_set(&figures->err, ERR_CONFIG,
                       "topic %s, partition %d, offset %lld: it is no figure of ours (--partial "
                       "passes it over)",
                       figures->topic, (int)record->partition, (long long)record->offset);
    // Passed over or not, its number is not given again.
    if (figure.seq)
        figures->last[record->partition] =
            (struct publish_ack){figure.seq, record->partition, record->offset};
    if (figure.seq > figures->state.seq)
        figures->state.seq = figure.seq;
    if (!whole) {
        figures->passed++;
        return true;
    }
    rebuild_fit(&figures->fits, record);
    if (figures->count == figures->cap) {
        figures->cap = figures->cap ? figures->cap * 2 : 1024;
        figures->list = mem_resize(figures->list, figures->cap, sizeof *figures->list);
    }
    figures->list[figures->count++] = figure;
    return true;
}

static int compare(const void *a, const void *b) {
    const struct rebuild_figure *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

// The last of each key stays, if it tells a number.
static void keep_latest(struct rebuild_figures *figures) {
    size_t count = 0;
    if (figures->count)
        qsort(figures->list, figures->count, sizeof *figures->list, compare);
    for (size_t i = 0; i < figures->count; i++) {
        const struct rebuild_figure *figure = &figures->list[i];
        bool last = i + 1 == figures->count || strcmp(figure->key, figure[1].key) != 0;
        if (last && figure->record.count)
            figures->list[count++] = *figure;
    }
    figures->count = count;
}

// How far they are follows from the figures; where all have gone again, nothing tells it any more.
// What has closed since is not looked at again: the next time is the next close. Where the topic
// has none (or there is no topic) some may have been told all the same, through the socket: nobody
// knows which, so what is told next waits for as many changes.
static void set_state(struct rebuild_figures *figures, uint32_t resolution, int64_t now_ms) {
    struct figures_record *state = &figures->state;
    uint16_t closed = figures_closed_month(time_amsterdam_day(now_ms));
    state->tried = closed;
    state->made = state->seq > 0;
    if (!state->made)
        return;
    for (size_t i = 0; i < figures->count; i++) {
        const struct figure_record *record = &figures->list[i].record;
        if (record->closed >= state->closed) {
            state->closed = record->closed;
            state->resolution = record->resolution;
        }
    }
    if (figures->count == 0) {
        state->closed = closed;
        state->resolution = resolution;
    }
    if (state->tried < state->closed)
        state->tried = state->closed;
}

bool rebuild_figures_run(struct rebuild_figures *figures, const struct config *config,
                         struct err *err) {
    struct publish_setting settings[KAFKA_PROPERTIES_MAX];
    struct publish_options options = rebuild_publish_options(config, settings);
    struct publish_replay replay = {.options = &options, .on_record = on_record, .ctx = figures};
    figures->topic = options.topic = kafka_counts_topic(config);
    if (options.topic && !publish_replay_run(&replay, err) && !replay.no_topic) {
        if (figures->err.kind != ERR_NONE)
            *err = figures->err;
        return false;
    }
    keep_latest(figures);
    set_state(figures, config->disclosure_resolution, loop_wall_ms());
    if (figures->state.made)
        figures->partitions = rebuild_fits_most(&figures->fits, replay.partitions);
    if (figures->state.made && figures->partitions == 0)
        figures->partitions = replay.partitions;
    return true;
}
