// SPDX-License-Identifier: EUPL-1.2
// What a genuine record is to the ledger, and what is done when the ledger lacks it. Of events the
// lacking lines are staged in the store while the topic is read; of statistics, of which only the
// last of each key is worth anything, all are read into memory. Then one commit takes them over,
// and the publisher recovers again: only a reading that finds nothing lacking lets it go on.
//
// The reading is on a worker thread, the rest on the loop; never both at a time. What the reading
// has gathered belongs to the stream until the commit is done.
#include "publish_private.h"

#include "base/pii/log.h"
#include "codec/event.h"
#include "jobs/audit.h"
#include "jobs/topic_event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

// --- reading, on a worker ---

static enum publish_seen stop(struct topic_stream *stream, const struct publish_record *record,
                              struct err *err) {
    struct err why = *err;
    err_set(err, ERR_RETRY, "topic %s, partition %d, offset %lld: %.100s", stream->topic_name,
            (int)record->partition, (long long)record->offset, why.text);
    return PUBLISH_STOP;
}

// One of ours that cannot be read was written by a later version: it must not be passed over, since
// its number is used.
static enum publish_seen stage_event(struct topic_stream *stream,
                                     const struct publish_record *record, struct err *err) {
    struct ledger_found found;
    struct buf kept;
    buf_init(&kept, EVENT_VALUE_MAX + 1);
    bool read = topic_event_read(record, &kept, &found, err);
    if (!stream->staging)
        stream->staging = ledger_staging_begin(stream->job->options.ledger);
    bool added = read && ledger_staging_add(stream->staging, &found, err);
    buf_free(&kept);
    if (!read)
        return stop(stream, record, err);
    return added ? PUBLISH_LACKED : PUBLISH_STOP;
}

static enum publish_seen stage_statistic(struct topic_stream *stream,
                                         const struct publish_record *record, bool awaited,
                                         struct err *err) {
    if (!topic_statistics_add(&stream->statistics, record)) {
        err_set(err, ERR_RETRY, "it is no statistic of ours");
        return stop(stream, record, err);
    }
    return awaited ? PUBLISH_LACKED : PUBLISH_PASSED;
}

static enum publish_seen end_of_pass(struct topic_stream *stream, struct err *err) {
    if (stream->staging && !ledger_staging_flush(stream->staging, err))
        return PUBLISH_STOP;
    return PUBLISH_PASSED;
}

static enum ledger_look look_up(struct topic_stream *stream, const struct publish_record *record) {
    struct ledger *ledger = stream->job->options.ledger;
    if (stream->topic == LEDGER_EVENTS)
        return ledger_look_up(ledger, record->seq, publish_record_header(record, "ce_id"),
                              publish_record_header(record, "ce_time"));
    return ledger_look_up_statistic(ledger, record->seq, record->key, record->value);
}

// Each counts once, however often it is read.
static void note_forked(struct topic_stream *stream, const struct publish_record *record) {
    int64_t *upto = &stream->forked_upto[record->partition];
    if (record->offset < *upto)
        return;
    *upto = record->offset + 1;
    if (stream->forked.count++ == 0)
        stream->forked.first = (struct publish_ack){record->seq, record->partition, record->offset};
}

void take_back_tell_forked(struct topic_stream *stream) {
    const struct topic_forked forked = stream->forked;
    stream->forked.count = 0;
    stream->job->forked += forked.count;
    if (forked.count)
        log_alarm(ALARM_KAFKA_FORKED,
                  "records of ours that say something else: topic=%s count=%" PRIu64
                  ", than was published under their number, the first of sequence=%" PRIu64
                  " in partition=%d offset=%lld: two daemons have written with this ledger",
                  stream->topic_name, forked.count, forked.first.seq, (int)forked.first.partition,
                  (long long)forked.first.offset);
}

enum publish_seen take_back_see(void *ctx, const struct publish_record *record, bool whole,
                                struct err *err) {
    struct topic_stream *stream = ctx;
    if (!record)
        return end_of_pass(stream, err);
    if (!whole)
        take_back_free(stream); // of a reading of the whole that failed
    enum ledger_look look = look_up(stream, record);
    if (whole && stream->topic == LEDGER_STATISTICS)
        return stage_statistic(stream, record, look == LEDGER_LACKS, err);
    switch (look) {
    case LEDGER_AWAITS:
        return PUBLISH_CONFIRMED;
    case LEDGER_LACKS:
        return whole ? stage_event(stream, record, err) : PUBLISH_LACKED;
    case LEDGER_FORKED:
        note_forked(stream, record);
        break;
    case LEDGER_HAS:
        break;
    }
    return PUBLISH_PASSED;
}

// --- taking over, on the loop ---

void take_back_free(struct topic_stream *stream) {
    ledger_staging_free(stream->staging);
    stream->staging = NULL;
    topic_statistics_free(&stream->statistics);
    free((void *)stream->statistics_back.statistics);
    stream->statistics_back.statistics = NULL;
    tables_unref(stream->events_back.tables);
    sources_unref((struct sources *)stream->events_back.sources);
    stream->events_back.tables = NULL;
    stream->events_back.sources = NULL;
}

static void on_audited(void *ctx, bool written) {
    (void)ctx;
    (void)written;
}

static void tell(struct topic_stream *stream, const char *what) {
    struct publish_job *job = stream->job;
    log_alarm(ALARM_TAKEN_BACK, "the ledger was older than topic %s: %s", stream->topic_name, what);
    const struct audit_entry entry = {.actor = "system",
                                      .origin = "system",
                                      .action = "take back",
                                      .object = str_from(what),
                                      .result = "taken"};
    audit_write(job->options.pipeline, &entry, on_audited, NULL);
}

static void go_on(struct topic_stream *stream, const struct err *err) {
    take_back_free(stream);
    stream->taking_back = false;
    if (!stream->job->stopping && !publish_change(stream))
        publisher_recover(stream->publisher, err->kind == ERR_NONE ? NULL : err->text);
}

static void on_events_back(struct commit_task *task) {
    struct topic_stream *stream = task->ctx;
    const struct take_back_task *back = &stream->events_back;
    char what[160];
    if (task->err.kind == ERR_NONE && back->taken + back->lost > 0) {
        stream->job->taken_back += back->taken;
        (void)snprintf(what, sizeof what,
                       "taken=%" PRIu64 " lost=%" PRIu64 " behind=%" PRIu64 " known=%" PRIu64,
                       back->taken, back->lost, back->behind, back->dropped);
        tell(stream, what);
    }
    go_on(stream, &task->err);
}

static void on_statistics_back(struct commit_task *task) {
    struct topic_stream *stream = task->ctx;
    char what[64];
    if (task->err.kind == ERR_NONE) {
        (void)snprintf(what, sizeof what, "statistics=%zu",
                       stream->statistics_back.statistic_count);
        tell(stream, what);
    }
    go_on(stream, &task->err);
}

static void take_events(struct topic_stream *stream) {
    const struct publish_job_options *options = &stream->job->options;
    stream->events_back = (struct take_back_task){
        .task = {.run = ledger_take_back, .done = on_events_back, .ctx = stream, .unbounded = true},
        .tables = tables_ref(options->tables),
        .sources = sources_ref(options->sources)};
    pipeline_submit(options->pipeline, &stream->events_back.task);
}

// What they are made of are counts: those have to be whole first.
static void take_statistics(struct topic_stream *stream, int32_t partitions) {
    const struct publish_job_options *options = &stream->job->options;
    struct restore_task *back = &stream->statistics_back;
    struct err wait;
    if (!stream->job->streams[LEDGER_EVENTS].recovered) {
        err_set(&wait, ERR_RETRY, "waits until topic %s has been read",
                options->config->kafka_topic);
        go_on(stream, &wait);
        return;
    }
    topic_statistics_end(&stream->statistics, options->config->disclosure_rounding_base,
                         loop_wall_ms());
    topic_statistics_restore(&stream->statistics, back);
    back->partitions = partitions;
    back->task.done = on_statistics_back;
    back->task.ctx = stream;
    back->task.unbounded = true;
    pipeline_submit(options->pipeline, &back->task);
}

void take_back_run(void *ctx, int32_t partitions) {
    struct topic_stream *stream = ctx;
    take_back_tell_forked(stream);
    if (stream->job->stopping)
        return;
    if (stream->topic == LEDGER_CURRENT) {
        current_lacked(stream, partitions);
        return;
    }
    stream->taking_back = true;
    if (stream->topic == LEDGER_EVENTS)
        take_events(stream);
    else
        take_statistics(stream, partitions);
}
