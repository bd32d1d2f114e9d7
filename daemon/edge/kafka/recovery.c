// SPDX-License-Identifier: EUPL-1.2
// Reads the tail of each partition and finds the records that this ledger wrote. All of it is on a
// worker thread. It uses librdkafka's simple consumer: no group, so no group rights are needed.
//
// A pass asks every partition where it ends and reads up to there. A record of ours in a pass means
// that more may still be under way (from a killed process, through a busy broker), so after a grace
// time there is another pass, until one finds nothing of ours.
#include "publisher_private.h"

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

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool cancelled(struct publish_tail *tail) {
    return atomic_load(&tail->cancelled) && !err_set(&tail->err, ERR_RETRY, "stopped");
}

static bool fail_with(struct publish_tail *tail, const char *what, rd_kafka_resp_err_t code) {
    return err_set(&tail->err, ERR_RETRY, "%s: %s", what, rd_kafka_err2str(code));
}

// Nothing that we know of the old one holds for it.
static void take_for_new(struct publish_tail *tail) {
    tail->had_partitions = tail->partitions;
    tail->partitions = 0;
    for (size_t i = 0; i < PUBLISH_PARTITIONS_MAX; i++)
        tail->known[i] = -1;
}

static bool check_topic(struct publish_tail *tail, const rd_kafka_metadata_topic_t *topic) {
    tail->no_topic = topic->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (tail->no_topic)
        return err_set(&tail->err, ERR_RETRY, "the topic does not exist");
    if (topic->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail_with(tail, "topic", topic->err);
    if (tail->partitions > topic->partition_cnt && tail->may_shrink)
        take_for_new(tail);
    if (tail->partitions > topic->partition_cnt)
        return err_set(&tail->err, ERR_RETRY,
                       "the topic has %d partitions, but had %d when it was first used",
                       topic->partition_cnt, tail->partitions);
    if (tail->partitions)
        return true;
    if (topic->partition_cnt < 1 || topic->partition_cnt > PUBLISH_PARTITIONS_MAX)
        return err_set(&tail->err, ERR_RETRY, "the topic has %d partitions, at most %d can be used",
                       topic->partition_cnt, PUBLISH_PARTITIONS_MAX);
    tail->partitions = topic->partition_cnt;
    return true;
}

static bool find_topic(struct publish_tail *tail) {
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; i < CONNECT_TRIES; i++) {
        if (cancelled(tail))
            return false;
        const rd_kafka_metadata_t *metadata = NULL;
        code = rd_kafka_metadata(tail->client, 0, tail->topic, &metadata, REQUEST_MS);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            continue;
        bool ok = metadata->topic_cnt == 1
                      ? check_topic(tail, &metadata->topics[0])
                      : fail_with(tail, "topic", RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC);
        rd_kafka_metadata_destroy(metadata);
        return ok;
    }
    return fail_with(tail, "no broker answers", code);
}

static bool ask_ends(struct publish_tail *tail, int32_t partition, int64_t *low, int64_t *high) {
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(tail->client, tail->conf->topic,
                                                                partition, low, high, REQUEST_MS);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || fail_with(tail, "end of a partition", code);
}

static bool start_partition(struct publish_tail *tail, int32_t partition) {
    int64_t low = 0, high = 0;
    if (cancelled(tail) || !ask_ends(tail, partition, &low, &high))
        return false;
    int64_t known = tail->known[partition];
    int64_t from = known + 1;
    if (from < low || from > high) {
        if (known >= 0 && tail->lost_partition < 0)
            tail->lost_partition = partition;
        from = low;
    }
    if (rd_kafka_consume_start_queue(tail->topic, partition, from, tail->queue) != 0)
        return fail_with(tail, "reading a partition", rd_kafka_last_error());
    tail->started++;
    tail->low[partition] = low;
    tail->next[partition] = from;
    tail->end[partition] = high;
    tail->behind += from < high;
    return true;
}

static bool tail_open(struct publish_tail *tail) {
    tail->lost_partition = -1;
    tail->client = publish_conf_consumer(tail->conf, &tail->err);
    if (!tail->client)
        return false;
    tail->topic = rd_kafka_topic_new(tail->client, tail->conf->topic, NULL);
    if (!tail->topic)
        return fail_with(tail, "topic", rd_kafka_last_error());
    tail->queue = rd_kafka_queue_new(tail->client);
    if (!find_topic(tail))
        return false;
    for (int32_t i = 0; i < tail->partitions; i++)
        if (!start_partition(tail, i))
            return false;
    tail->acks = mem_alloc(PUBLISH_TAIL_ACKS_MAX * sizeof *tail->acks);
    return true;
}

static void tail_close(struct publish_tail *tail) {
    for (int32_t i = 0; i < tail->started; i++)
        (void)rd_kafka_consume_stop(tail->topic, i);
    tail->started = 0;
    if (tail->queue)
        rd_kafka_queue_destroy(tail->queue);
    tail->queue = NULL;
    if (tail->topic)
        rd_kafka_topic_destroy(tail->topic);
    tail->topic = NULL;
    if (tail->client)
        rd_kafka_destroy(tail->client);
    tail->client = NULL;
}

// The sequence of a record that this ledger wrote, or 0.
static uint64_t own_seq(const struct publish_tail *tail, const rd_kafka_message_t *message) {
    rd_kafka_headers_t *headers = NULL;
    const void *value = NULL;
    size_t size = 0;
    uint64_t seq = 0;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, PUBLISH_HEADER_ORIGIN, &value, &size) !=
            RD_KAFKA_RESP_ERR_NO_ERROR ||
        !value || !str_is((struct str){value, size}, tail->conf->origin) ||
        rd_kafka_header_get_last(headers, PUBLISH_HEADER_SEQ, &value, &size) !=
            RD_KAFKA_RESP_ERR_NO_ERROR ||
        !value || !str_to_u64((struct str){value, size}, UINT64_MAX, &seq))
        return 0;
    return seq;
}

static void advance(struct publish_tail *tail, int32_t partition, int64_t next) {
    bool was_behind = tail->next[partition] < tail->end[partition];
    tail->next[partition] = next;
    tail->behind -= was_behind && next >= tail->end[partition];
    tail->progress_ms = now_ms();
}

static bool take_record(struct publish_tail *tail, const rd_kafka_message_t *message) {
    bool ours = false;
    if (tail->on_message) {
        bool go_on = tail->on_message(tail->ctx, message, &ours);
        tail->found = tail->found || ours;
        return go_on;
    }
    uint64_t seq = own_seq(tail, message);
    if (seq) {
        tail->found = true;
        tail->acks[tail->ack_count++] =
            (struct publish_ack){seq, message->partition, message->offset};
    }
    return true;
}

static bool take_message(struct publish_tail *tail, const rd_kafka_message_t *message) {
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        advance(tail, message->partition, message->offset);
        return true;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail_with(tail, "reading the tail", message->err);
    if (!take_record(tail, message))
        return err_set(&tail->err, ERR_INPUT, "the reader has stopped");
    advance(tail, message->partition, message->offset + 1);
    return true;
}

// True when every partition is read up to its end, or the acks are full.
static bool read_pass(struct publish_tail *tail) {
    while (tail->behind > 0 && tail->ack_count < PUBLISH_TAIL_ACKS_MAX) {
        if (cancelled(tail))
            return false;
        rd_kafka_message_t *message = rd_kafka_consume_queue(tail->queue, POLL_MS);
        if (!message) {
            if (now_ms() - tail->progress_ms > PROGRESS_MS)
                return err_set(&tail->err, ERR_RETRY, "reading the tail: nothing comes any more");
            continue;
        }
        bool ok = take_message(tail, message);
        rd_kafka_message_destroy(message);
        if (!ok)
            return false;
    }
    return true;
}

static bool wait_grace(struct publish_tail *tail) {
    const struct timespec slice = {.tv_nsec = 20 * 1000000};
    int64_t until = now_ms() + tail->grace_ms;
    while (!cancelled(tail)) {
        if (now_ms() >= until)
            return true;
        (void)nanosleep(&slice, NULL);
    }
    return false;
}

static bool begin_pass(struct publish_tail *tail) {
    if (++tail->passes > PASSES_MAX)
        return err_set(&tail->err, ERR_RETRY,
                       "another process keeps writing to the topic in our name");
    tail->found = false;
    tail->behind = 0;
    for (int32_t i = 0; i < tail->partitions; i++) {
        int64_t low = 0;
        if (cancelled(tail) || !ask_ends(tail, i, &low, &tail->end[i]))
            return false;
        tail->behind += tail->next[i] < tail->end[i];
    }
    tail->progress_ms = now_ms();
    return true;
}

static enum publish_tail_result step(struct publish_tail *tail) {
    tail->progress_ms = now_ms();
    if (!tail->client && !tail_open(tail))
        return PUBLISH_TAIL_FAILED;
    for (;;) {
        if (!read_pass(tail))
            return PUBLISH_TAIL_FAILED;
        if (tail->behind > 0)
            return PUBLISH_TAIL_MORE;
        if (tail->passes > 0 && !tail->found)
            return PUBLISH_TAIL_DONE;
        if (!wait_grace(tail) || !begin_pass(tail))
            return PUBLISH_TAIL_FAILED;
    }
}

enum publish_tail_result publish_tail_step(struct publish_tail *tail) {
    tail->ack_count = 0;
    enum publish_tail_result result = step(tail);
    if (result != PUBLISH_TAIL_MORE)
        tail_close(tail);
    return result;
}

void publish_tail_free(struct publish_tail *tail) {
    free(tail->acks);
    free(tail);
}
