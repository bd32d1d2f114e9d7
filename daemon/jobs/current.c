// SPDX-License-Identifier: EUPL-1.2
// The stream of signals as they stand, beside what all streams do. Whoever reads its topic notes
// the keys: only a commit can tell which of them the ledger lacks. That commit gives them
// tombstones and overwrites what others wrote, before anything is published. Then the pieces that
// are to be told anew follow, as fast as Kafka takes them.
//
// The reading is on a worker thread, the rest on the loop; never both at a time.
#include "publish_private.h"

#include "base/mem.h"
#include "base/pii/log.h"

#include <stdlib.h>
#include <string.h>

// --- reading, on a worker ---

static int compare_keys(const void *a, const void *b) {
    const struct current_key *x = a, *y = b;
    return memcmp(&x->identity, &y->identity, sizeof x->identity);
}

// One of each; strange when any of them is.
static void sort_keys(struct topic_keys *keys) {
    size_t count = 0;
    if (keys->count)
        qsort(keys->list, keys->count, sizeof *keys->list, compare_keys);
    for (size_t i = 0; i < keys->count; i++) {
        if (count && compare_keys(&keys->list[count - 1], &keys->list[i]) == 0)
            keys->list[count - 1].strange |= keys->list[i].strange;
        else
            keys->list[count++] = keys->list[i];
    }
    keys->count = count;
}

static void note_key(struct topic_keys *keys, struct str key, bool strange) {
    struct current_key noted = {.strange = strange};
    if (!digest_from_hex(key, &noted.identity))
        return;
    if (keys->count == keys->cap)
        sort_keys(keys);
    keys->list = mem_grow(keys->list, keys->count, &keys->cap, sizeof *keys->list);
    keys->list[keys->count++] = noted;
}

enum publish_seen current_see(void *ctx, const struct publish_record *record, bool whole,
                              struct err *err) {
    struct topic_stream *stream = ctx;
    (void)err;
    if (!record)
        return PUBLISH_PASSED;
    if (record->seq > stream->keys.last)
        stream->keys.last = record->seq;
    enum ledger_look look = ledger_look_up_current(stream->job->options.ledger, record->seq,
                                                   record->key, record->value);
    if (look == LEDGER_AWAITS)
        return PUBLISH_CONFIRMED;
    note_key(&stream->keys, record->key, false);
    // Read as a whole, what is ahead is taken as it is.
    return look == LEDGER_LACKS && !whole ? PUBLISH_LACKED : PUBLISH_PASSED;
}

void current_see_strange(void *ctx, const struct publish_record *record) {
    struct topic_stream *stream = ctx;
    note_key(&stream->keys, record->key, true);
}

// --- taking over, on the loop ---

void current_free(struct topic_stream *stream) {
    free(stream->keys.list);
    stream->keys = (struct topic_keys){0};
}

static void on_kept(void *ctx) {
    struct topic_stream *stream = ctx;
    if (!stream->job->stopping)
        publisher_go(stream->publisher);
    current_tell(stream->job);
}

static void on_taken(struct commit_task *task) {
    struct topic_stream *stream = task->ctx;
    struct publish_job *job = stream->job;
    current_free(stream);
    stream->taking_back = false;
    if (stream->take.gone)
        log_notice("kafka topic=%s gone=%zu: keys of signals that the ledger does not have",
                   stream->topic_name, stream->take.gone);
    if (stream->take.left)
        log_notice("kafka topic=%s: state is full, so some keys of signals that the ledger does "
                   "not have stay there until it is started with more room",
                   stream->topic_name);
    if (job->stopping || publish_change(stream))
        return;
    if (stream->take.partitions) {
        publisher_recover(stream->publisher, NULL);
        return;
    }
    stream->recovered = true;
    pipeline_after_notes(job->options.pipeline, stream->topic, on_kept, stream);
}

static void take(struct topic_stream *stream, int32_t partitions) {
    struct publish_job *job = stream->job;
    sort_keys(&stream->keys);
    stream->taking_back = true;
    stream->take = (struct current_take){.task = {.run = ledger_take_current,
                                                  .done = on_taken,
                                                  .ctx = stream,
                                                  .unbounded = stream->keys.count > 0},
                                         .keys = stream->keys.list,
                                         .count = stream->keys.count,
                                         .last = stream->keys.last,
                                         .partitions = partitions,
                                         .names = job->names};
    pipeline_ride(job->options.pipeline, &stream->take.task);
}

// What is taken back from the topic of events changes signals: that comes first.
void current_lacked(struct topic_stream *stream, int32_t partitions) {
    struct publish_job *job = stream->job;
    struct err why;
    if (job->stopping)
        return;
    if (job->streams[LEDGER_EVENTS].recovered) {
        take(stream, partitions);
        return;
    }
    current_free(stream);
    err_set(&why, ERR_RETRY, "waits until topic %s has been read",
            job->options.config->kafka_topic);
    if (!publish_change(stream))
        publisher_recover(stream->publisher, why.text);
}

void current_recovered(struct topic_stream *stream) {
    if (!stream->job->stopping)
        take(stream, 0);
}

// --- what is to be told anew ---

static void on_told(struct commit_task *task) {
    struct topic_stream *stream = task->ctx;
    stream->telling = false;
    if (task->err.kind == ERR_NONE)
        current_tell(stream->job); // else with the next commit
}

static void submit(struct topic_stream *stream, struct commit_task *task,
                   void (*run)(struct ledger_writer *writer, struct commit_task *task)) {
    stream->telling = true;
    task->run = run;
    task->done = on_told;
    task->ctx = stream;
    pipeline_submit(stream->job->options.pipeline, task);
}

void current_tell(struct publish_job *job) {
    struct topic_stream *stream = &job->streams[LEDGER_CURRENT];
    struct ledger *ledger = job->options.ledger;
    if (stream->telling || job->stopping || !stream->recovered)
        return;
    if (!digest_equal(&job->names, ledger_current_names(ledger))) {
        stream->rename = (struct current_take){.names = job->names};
        submit(stream, &stream->rename.task, ledger_take_current);
    } else if (ledger_current_has_piece(ledger)) {
        stream->piece = (struct commit_task){.err = {0}};
        submit(stream, &stream->piece, ledger_tell_current);
    }
}
