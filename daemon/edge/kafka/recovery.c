// SPDX-License-Identifier: EUPL-1.2
// Reads the recovery of each partition and asks what each record is to the ledger. All of it is on
// a worker thread. It uses librdkafka's simple consumer: no group, so no group rights are needed.
//
// A pass asks every partition where it ends and reads up to there. An awaited record in a pass
// means that more may still be under way (from a killed process, through a busy broker), so after a
// while there is another pass, until one finds none. Copies of what is confirmed are not awaited:
// nobody can hold up the publisher by writing them.
#include "publisher_private.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>
#include <time.h>

enum {
    REQUEST_MS = 3000,
    CONNECT_TRIES = 3,
    POLL_MS = 100,
    PROGRESS_MS = 20000, // give up when nothing was read for so long
    PASSES_MAX = 20
};

static bool cancelled(struct publish_recovery *recovery) {
    bool stop =
        atomic_load(&recovery->cancelled) || (recovery->stop && atomic_load(recovery->stop));
    return stop && !err_set(&recovery->err, ERR_RETRY, "stopped");
}

static bool fail_with(struct publish_recovery *recovery, const char *what,
                      rd_kafka_resp_err_t code) {
    recovery->cause = publish_cause_of(recovery->conf, code);
    return err_set(&recovery->err, ERR_RETRY, "%s: %s", what, rd_kafka_err2str(code));
}

// Nothing that we know of the old one holds for it.
static void take_for_new(struct publish_recovery *recovery) {
    for (size_t i = 0; i < PUBLISH_PARTITIONS_MAX; i++)
        recovery->known[i].offset = -1;
}

// A partition that is there, and that nobody serves, is not gone: librdkafka calls it unknown.
static bool check_leaders(struct publish_recovery *recovery,
                          const rd_kafka_metadata_topic_t *topic) {
    for (int i = 0; i < topic->partition_cnt; i++) {
        const rd_kafka_metadata_partition_t *partition = &topic->partitions[i];
        if (partition->leader >= 0 ||
            (recovery->partitions && partition->id >= recovery->partitions))
            continue;
        recovery->cause = PUBLISH_CAUSE_LEADER;
        return err_set(&recovery->err, ERR_RETRY, "partition %d has no leader", partition->id);
    }
    return true;
}

static bool check_topic(struct publish_recovery *recovery, const rd_kafka_metadata_topic_t *topic) {
    recovery->no_topic = topic->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    recovery->cause = PUBLISH_CAUSE_TOPIC;
    if (recovery->no_topic)
        return err_set(&recovery->err, ERR_RETRY, "the topic does not exist");
    if (topic->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail_with(recovery, "topic", topic->err);
    if (recovery->partitions > topic->partition_cnt && recovery->may_shrink) {
        recovery->had_partitions = recovery->partitions;
        recovery->partitions = 0;
        take_for_new(recovery);
    }
    if (recovery->partitions > topic->partition_cnt)
        return err_set(&recovery->err, ERR_RETRY,
                       "the topic has %d partitions, but had %d when it was first used",
                       topic->partition_cnt, recovery->partitions);
    if (!recovery->partitions &&
        (topic->partition_cnt < 1 || topic->partition_cnt > PUBLISH_PARTITIONS_MAX))
        return err_set(&recovery->err, ERR_RETRY,
                       "the topic has %d partitions, at most %d can be used", topic->partition_cnt,
                       PUBLISH_PARTITIONS_MAX);
    if (!check_leaders(recovery, topic))
        return false;
    if (!recovery->partitions)
        recovery->partitions = topic->partition_cnt;
    return true;
}

static bool find_topic(struct publish_recovery *recovery) {
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    struct publish_noted *noted = recovery->conf->noted;
    atomic_store(&noted->code, 0);
    atomic_store(&noted->certificate, 0);
    for (int i = 0; i < CONNECT_TRIES && !publish_is_shut_out(code); i++) {
        if (cancelled(recovery))
            return false;
        const rd_kafka_metadata_t *metadata = NULL;
        code = rd_kafka_metadata(recovery->client, 0, recovery->topic, &metadata, REQUEST_MS);
        (void)rd_kafka_poll(recovery->client, 0);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            int why = atomic_load(&noted->code);
            code = why ? (rd_kafka_resp_err_t)why : code;
            continue;
        }
        bool ok = metadata->topic_cnt == 1
                      ? check_topic(recovery, &metadata->topics[0])
                      : fail_with(recovery, "topic", RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC);
        rd_kafka_metadata_destroy(metadata);
        return ok;
    }
    return fail_with(
        recovery, publish_is_shut_out(code) ? "no broker lets us in" : "no broker answers", code);
}

// Where the first or the next record is. The "times" are Kafka's own words for these two (protocol,
// ListOffsets). What librdkafka 2.0 has for both at once waits for ever when the leader goes.
static bool ask_end(struct publish_recovery *recovery, int32_t partition, int64_t which,
                    int64_t *offset) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *asked =
        rd_kafka_topic_partition_list_add(list, recovery->conf->topic, partition);
    asked->offset = which;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(recovery->client, list, REQUEST_MS);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = asked->err;
    if (code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) // it was there a moment ago
        code = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    *offset = asked->offset;
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || fail_with(recovery, "end of a partition", code);
}

static bool start_partition(struct publish_recovery *recovery, int32_t partition) {
    int64_t low = 0, high = 0;
    if (cancelled(recovery) || !ask_end(recovery, partition, RD_KAFKA_OFFSET_BEGINNING, &low) ||
        !ask_end(recovery, partition, RD_KAFKA_OFFSET_END, &high))
        return false;
    int64_t known = recovery->known[partition].offset;
    bool is_there = known >= low && known < high; // something is, at its place
    int64_t from = is_there ? known : known + 1;
    if (from < low || from > high) {
        if (known >= 0 && recovery->lost_partition < 0)
            recovery->lost_partition = partition;
        from = low;
    }
    recovery->known_seen[partition] = !is_there;
    if (rd_kafka_consume_start_queue(recovery->topic, partition, from, recovery->queue) != 0)
        return fail_with(recovery, "reading a partition", rd_kafka_last_error());
    recovery->started++;
    recovery->low[partition] = low;
    recovery->next[partition] = from;
    recovery->end[partition] = high;
    recovery->behind += from < high;
    return true;
}

static bool recovery_open(struct publish_recovery *recovery) {
    recovery->lost_partition = -1;
    recovery->client = publish_conf_consumer(recovery->conf, &recovery->err);
    if (!recovery->client)
        return false;
    recovery->topic = rd_kafka_topic_new(recovery->client, recovery->conf->topic, NULL);
    if (!recovery->topic)
        return fail_with(recovery, "topic", rd_kafka_last_error());
    recovery->queue = rd_kafka_queue_new(recovery->client);
    if (!find_topic(recovery))
        return false;
    for (int32_t i = 0; i < recovery->partitions; i++)
        if (!start_partition(recovery, i))
            return false;
    if (!recovery->acks)
        recovery->acks = mem_alloc(PUBLISH_RECOVERY_ACKS_MAX * sizeof *recovery->acks);
    return true;
}

static void recovery_close(struct publish_recovery *recovery) {
    for (int32_t i = 0; i < recovery->started; i++)
        (void)rd_kafka_consume_stop(recovery->topic, i);
    recovery->started = 0;
    if (recovery->queue)
        rd_kafka_queue_destroy(recovery->queue);
    recovery->queue = NULL;
    if (recovery->topic)
        rd_kafka_topic_destroy(recovery->topic);
    recovery->topic = NULL;
    if (recovery->client)
        rd_kafka_destroy(recovery->client);
    recovery->client = NULL;
}

// Whoever stopped it may have said why.
static bool stopped(struct publish_recovery *recovery) {
    return recovery->err.kind == ERR_NONE &&
           err_set(&recovery->err, ERR_INPUT, "the reader has stopped");
}

static bool is_older(const struct publish_recovery *recovery) {
    return recovery->lacked && !recovery->whole;
}

// It has shown by a record that what is known of it does not hold, and is not read as new yet.
static bool is_another(const struct publish_recovery *recovery) {
    return recovery->other_partition >= 0 && recovery->known[recovery->other_partition].offset >= 0;
}

static void advance(struct publish_recovery *recovery, int32_t partition, int64_t next) {
    bool was_behind = recovery->next[partition] < recovery->end[partition];
    recovery->next[partition] = next;
    recovery->behind -= was_behind && next >= recovery->end[partition];
    recovery->progress_ms = clock_monotonic_ms();
}

static bool take_record(struct publish_recovery *recovery, const rd_kafka_message_t *message) {
    struct publish_record record;
    publish_read_record(recovery->conf, message, &record);
    enum publish_seen seen = recovery->see(recovery, &record);
    recovery->found = recovery->found || seen >= PUBLISH_AWAITED;
    recovery->lacked = recovery->lacked || seen == PUBLISH_LACKED;
    if (seen == PUBLISH_CONFIRMED && !recovery->whole)
        recovery->acks[recovery->ack_count++] =
            (struct publish_ack){record.seq, message->partition, message->offset};
    return seen != PUBLISH_STOP || stopped(recovery);
}

// The first that comes of a partition whose last record is known. Another topic of the same name
// may have grown past it.
static void look_for_known(struct publish_recovery *recovery, const rd_kafka_message_t *message) {
    const struct publish_ack *known = &recovery->known[message->partition];
    struct publish_record record = {0};
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        publish_read_record(recovery->conf, message, &record);
    recovery->known_seen[message->partition] = true;
    if (!record.genuine || record.offset != known->offset || record.seq != known->seq)
        recovery->other_partition = message->partition;
}

static bool take_message(struct publish_recovery *recovery, const rd_kafka_message_t *message) {
    bool ends = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && !ends)
        return fail_with(recovery, "reading the recovery", message->err);
    if (!recovery->known_seen[message->partition])
        look_for_known(recovery, message);
    else if (!ends && !take_record(recovery, message))
        return false;
    advance(recovery, message->partition, message->offset + !ends);
    return true;
}

// True when every partition is read up to its end, or the acks are full, or there is no need to.
static bool read_pass(struct publish_recovery *recovery) {
    while (recovery->behind > 0 && recovery->ack_count < PUBLISH_RECOVERY_ACKS_MAX &&
           !is_older(recovery) && !is_another(recovery)) {
        if (cancelled(recovery))
            return false;
        rd_kafka_message_t *message = rd_kafka_consume_queue(recovery->queue, POLL_MS);
        if (!message) {
            if (clock_monotonic_ms() - recovery->progress_ms > PROGRESS_MS)
                return err_set(&recovery->err, ERR_RETRY,
                               "reading the recovery: nothing comes any more");
            continue;
        }
        bool ok = take_message(recovery, message);
        rd_kafka_message_destroy(message);
        if (!ok)
            return false;
    }
    return true;
}

static bool wait_for_stragglers(struct publish_recovery *recovery) {
    const struct timespec slice = {.tv_nsec = 20 * 1000000};
    int64_t until = clock_monotonic_ms() + recovery->recovery_wait_ms;
    while (!cancelled(recovery)) {
        if (clock_monotonic_ms() >= until)
            return true;
        (void)nanosleep(&slice, NULL);
    }
    return false;
}

static bool begin_pass(struct publish_recovery *recovery) {
    if (++recovery->passes > PASSES_MAX)
        return err_set(&recovery->err, ERR_RETRY,
                       "another process keeps writing to the topic in our name");
    recovery->found = false;
    recovery->behind = 0;
    for (int32_t i = 0; i < recovery->partitions; i++) {
        if (cancelled(recovery) || !ask_end(recovery, i, RD_KAFKA_OFFSET_END, &recovery->end[i]))
            return false;
        recovery->behind += recovery->next[i] < recovery->end[i];
    }
    recovery->progress_ms = clock_monotonic_ms();
    return true;
}

static bool begin_anew(struct publish_recovery *recovery) {
    take_for_new(recovery);
    recovery_close(recovery);
    recovery->ack_count = 0;
    recovery->behind = recovery->passes = 0;
    recovery->found = recovery->lacked = false;
    recovery->progress_ms = clock_monotonic_ms();
    return recovery_open(recovery);
}

static enum publish_recovery_result step(struct publish_recovery *recovery) {
    recovery->progress_ms = clock_monotonic_ms();
    if (!recovery->client && !recovery_open(recovery))
        return PUBLISH_RECOVERY_FAILED;
    for (;;) {
        if (!read_pass(recovery))
            return PUBLISH_RECOVERY_FAILED;
        if (is_another(recovery)) {
            if (!begin_anew(recovery))
                return PUBLISH_RECOVERY_FAILED;
            continue;
        }
        if (is_older(recovery))
            return PUBLISH_RECOVERY_LACKED;
        if (recovery->behind > 0)
            return PUBLISH_RECOVERY_MORE;
        if (recovery->see(recovery, NULL) == PUBLISH_STOP) {
            (void)stopped(recovery);
            return PUBLISH_RECOVERY_FAILED;
        }
        if (recovery->passes > 0 && !recovery->found)
            return recovery->whole ? PUBLISH_RECOVERY_LACKED : PUBLISH_RECOVERY_DONE;
        if (!wait_for_stragglers(recovery) || !begin_pass(recovery))
            return PUBLISH_RECOVERY_FAILED;
    }
}

enum publish_recovery_result publish_recovery_step(struct publish_recovery *recovery) {
    recovery->ack_count = 0;
    enum publish_recovery_result result = step(recovery);
    if (result != PUBLISH_RECOVERY_MORE)
        recovery_close(recovery);
    return result;
}

void publish_recovery_free(struct publish_recovery *recovery) {
    free(recovery->acks);
    free(recovery);
}
