// SPDX-License-Identifier: EUPL-1.2
// The rig of the publisher tests: a mock cluster, an outbox in memory, and what a reader finds in
// the topic.
#ifndef PUBLISH_RIG_H
#define PUBLISH_RIG_H

#include "edge/kafka/publisher.h"

#include "base/mem.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PARTITIONS = 4, KEYS = 23, DEADLINE_MS = 300000 };
enum { API_PRODUCE = 0, API_FETCH = 1, API_LIST_OFFSETS = 2 };
#define TOPIC "signals"
#define LEDGER_ID "ledger-1"
#define KIND "event"

static const struct hash_key record_key = {{7}};

struct app {
    struct loop *loop;
    rd_kafka_t *host; // of the mock cluster
    rd_kafka_mock_cluster_t *mock;
    struct publisher *publisher;
    struct loop_timer *poll, *commit;
    bool (*until)(struct app *app);
    int64_t deadline;
    // The ledger
    uint64_t events;                // seq 1..events
    bool *marked;                   // confirmed, by seq
    bool *pending;                  // told by on_acks, not yet marked
    int64_t known[PARTITIONS];      // last confirmed offset
    uint64_t known_seq[PARTITIONS]; // of the record there; 0: as each went out once, in order
    int32_t partitions;             // pinned
    int32_t topic_partitions;       // that the mock has
    bool forgetful;                 // marks nothing: as if killed before each commit
    bool withhold_go;
    bool may_shrink;
    bool fails_to_take;
    // What was seen
    int32_t lacked_partitions;
    uint64_t lacked, taken, forged; // by see, in a reading of the end and of the whole
    bool has_taken;
    bool recovery_read, stopped;
    uint64_t acks, acks_in_tail, batches;
    int states[PUBLISH_STALLED + 1];
    char reasons[4096];
};

static inline void on_commit(void *ctx) {
    struct app *app = ctx;
    for (uint64_t seq = 1; seq <= app->events && !app->forgetful; seq++)
        app->marked[seq] |= app->pending[seq];
    if (app->recovery_read && !app->withhold_go) {
        // What the recovery had counts as confirmed even for the forgetful.
        for (uint64_t seq = 1; seq <= app->events; seq++)
            app->marked[seq] |= app->pending[seq];
        app->recovery_read = false;
        publisher_go(app->publisher);
    }
}

static inline void event_text(uint64_t seq, char key[16], char value[64]) {
    (void)snprintf(key, 16, "GM%04d", (int)(seq * 7919 % KEYS));
    (void)snprintf(value, 64, "{\"n\":%llu}", (unsigned long long)seq);
}

struct outbox {
    const struct app *app;
    uint64_t seq;
    char key[16], value[64];
};

static inline void *open_outbox(void *ctx, uint64_t after) {
    struct outbox *outbox = calloc(1, sizeof *outbox);
    outbox->app = ctx;
    outbox->seq = after;
    return outbox;
}

static inline bool next_event(void *ctx, struct publish_event *event) {
    struct outbox *outbox = ctx;
    while (++outbox->seq <= outbox->app->events && outbox->app->marked[outbox->seq])
        ;
    if (outbox->seq > outbox->app->events)
        return false;
    event_text(outbox->seq, outbox->key, outbox->value);
    *event = (struct publish_event){.seq = outbox->seq,
                                    .key = str_from(outbox->key),
                                    .value = str_from(outbox->value),
                                    .headers = {{"ce_id", str_from(outbox->value)}},
                                    .header_count = 1};
    return true;
}

// The event that is at an offset when each went out once, in order; 0: there is none.
static inline uint64_t seq_at(const struct app *app, int32_t partition, int64_t offset) {
    for (uint64_t seq = 1; seq <= app->events; seq++) {
        char key[16], value[64];
        event_text(seq, key, value);
        if (publish_partition(str_from(key), app->topic_partitions) == partition && offset-- == 0)
            return seq;
    }
    return 0;
}

static inline struct publish_ack last_known(void *ctx, int32_t partition) {
    struct app *app = ctx;
    assert_in_range(partition, 0, PARTITIONS - 1);
    int64_t offset = app->known[partition];
    uint64_t seq = app->known_seq[partition];
    if (offset >= 0 && seq == 0)
        seq = seq_at(app, partition, offset);
    return (struct publish_ack){seq, partition, offset};
}

static inline int32_t known_partitions(void *ctx) {
    return ((struct app *)ctx)->partitions;
}

static inline void on_partitions(void *ctx, int32_t partitions) {
    ((struct app *)ctx)->partitions = partitions;
}

static inline void on_acks(void *ctx, const struct publish_ack *acks, size_t count) {
    struct app *app = ctx;
    struct publish_status status;
    publisher_status(app->publisher, &status);
    app->batches++;
    app->acks += count;
    app->acks_in_tail += status.state == PUBLISH_RECOVERING ? count : 0;
    for (size_t i = 0; i < count; i++) {
        assert_in_range(acks[i].seq, 1, app->events);
        char key[16], value[64];
        event_text(acks[i].seq, key, value);
        assert_int_equal(acks[i].partition,
                         publish_partition(str_from(key), app->topic_partitions));
        app->pending[acks[i].seq] = true;
        if (!app->forgetful && acks[i].offset > app->known[acks[i].partition])
            app->known[acks[i].partition] = acks[i].offset;
    }
    loop_timer_start(app->commit, 5, 0);
}

static inline enum publish_seen see(void *ctx, const struct publish_record *record, bool whole,
                                    struct err *err) {
    struct app *app = ctx;
    (void)err;
    if (!record)
        return PUBLISH_PASSED;
    if (record->seq <= app->events)
        return PUBLISH_CONFIRMED;
    if (app->has_taken)
        return PUBLISH_PASSED;
    app->lacked += !whole;
    app->taken += whole;
    return PUBLISH_LACKED;
}

static inline void on_lacked(void *ctx, int32_t partitions) {
    struct app *app = ctx;
    app->lacked_partitions = partitions;
    app->has_taken = app->taken > 0 && !app->fails_to_take;
    publisher_recover(app->publisher, app->fails_to_take ? "no room" : NULL);
}

static inline void on_forged(void *ctx, uint64_t count, int32_t partition, int64_t offset) {
    struct app *app = ctx;
    (void)partition;
    (void)offset;
    app->forged += count;
}

static inline void on_recovered(void *ctx) {
    struct app *app = ctx;
    app->recovery_read = true;
    loop_timer_start(app->commit, 5, 0);
}

static inline void on_state(void *ctx, enum publish_state state, const char *reason, bool alarm) {
    (void)alarm;
    struct app *app = ctx;
    app->states[state]++;
    size_t len = strlen(app->reasons);
    (void)snprintf(app->reasons + len, sizeof app->reasons - len, "%s: %s\n",
                   publish_state_name(state), reason);
}

static inline void on_stopped(void *ctx) {
    struct app *app = ctx;
    app->stopped = true;
    publisher_free(app->publisher);
    app->publisher = NULL;
}

static inline void on_poll(void *ctx) {
    struct app *app = ctx;
    if (app->until(app) || loop_now_ms(app->loop) > app->deadline)
        loop_stop(app->loop);
}

static inline void run_until(struct app *app, bool (*until)(struct app *app)) {
    app->until = until;
    app->deadline = loop_now_ms(app->loop) + DEADLINE_MS;
    loop_timer_start(app->poll, 0, 2);
    loop_run(app->loop);
    loop_timer_stop(app->poll);
    if (!until(app))
        fail_msg("the condition never came true; states:\n%s", app->reasons);
}

// ---- Conditions

static inline struct publish_status status_of(const struct app *app) {
    struct publish_status status;
    publisher_status(app->publisher, &status);
    return status;
}

static inline bool all_acked(struct app *app) {
    for (uint64_t seq = 1; seq <= app->events; seq++)
        if (!app->pending[seq])
            return false;
    return true;
}

static inline bool some_acked(struct app *app) {
    return app->acks > 0;
}

static inline bool is_running(struct app *app) {
    return status_of(app).state == PUBLISH_RUNNING;
}

static inline bool is_settling(struct app *app) {
    return status_of(app).state == PUBLISH_RECOVERED;
}

static inline bool has_in_flight(struct app *app) {
    return status_of(app).in_flight > 0;
}

static inline bool recovery_failed(struct app *app) {
    return status_of(app).trouble.text[0] != '\0' && status_of(app).state == PUBLISH_RECOVERING;
}

static inline bool has_error(struct app *app) {
    return status_of(app).trouble.text[0] != '\0';
}

static inline bool is_stopped(struct app *app) {
    return app->stopped;
}

static inline bool told_stall(struct app *app) {
    return strstr(app->reasons, "confirms nothing") != NULL;
}

static inline bool told_recovery(struct app *app) {
    return strstr(app->reasons, "delivered again") != NULL;
}

// ---- Setting up

static inline void start(struct app *app, const char *brokers,
                         const struct publish_setting *settings, size_t count,
                         int64_t recovery_wait_ms) {
    const struct publish_options options = {.brokers = brokers,
                                            .topic = TOPIC,
                                            .ledger_id = LEDGER_ID,
                                            .key = &record_key,
                                            .kind = KIND,
                                            .settings = settings,
                                            .setting_count = count,
                                            .recovery_wait_ms = recovery_wait_ms,
                                            .retry_ms = 20,
                                            .may_shrink = app->may_shrink,
                                            .open_outbox = open_outbox,
                                            .next_event = next_event,
                                            .close_outbox = free,
                                            .see = see,
                                            .on_lacked = on_lacked,
                                            .on_forged = on_forged,
                                            .last_known = last_known,
                                            .known_partitions = known_partitions,
                                            .on_partitions = on_partitions,
                                            .on_acks = on_acks,
                                            .on_recovered = on_recovered,
                                            .on_state = on_state,
                                            .ctx = app};
    struct err err = {0};
    app->stopped = false;
    app->publisher = publisher_create(app->loop, &options, &err);
    if (!app->publisher)
        fail_msg("%s", err.text);
}

static inline void start_plain(struct app *app) {
    start(app, rd_kafka_mock_cluster_bootstraps(app->mock), NULL, 0, 20);
}

static inline void stop(struct app *app, int64_t timeout_ms) {
    publisher_stop(app->publisher, timeout_ms, on_stopped, app);
    run_until(app, is_stopped);
}

static inline struct app *app_create_with(uint64_t events, int32_t partitions) {
    struct app *app = mem_zalloc(1, sizeof *app);
    app->topic_partitions = partitions;
    struct err err;
    app->loop = loop_create(&err);
    assert_non_null(app->loop);
    app->poll = loop_timer_create(app->loop, on_poll, app);
    app->commit = loop_timer_create(app->loop, on_commit, app);
    app->events = events;
    app->marked = mem_zalloc(events + 1, sizeof *app->marked);
    app->pending = mem_zalloc(events + 1, sizeof *app->pending);
    for (int i = 0; i < PARTITIONS; i++)
        app->known[i] = -1;
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, NULL);
    app->host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    assert_non_null(app->host);
    app->mock = rd_kafka_mock_cluster_new(app->host, 1);
    assert_non_null(app->mock);
    assert_int_equal(rd_kafka_mock_topic_create(app->mock, TOPIC, partitions, 1), 0);
    return app;
}

static inline struct app *app_create(uint64_t events) {
    return app_create_with(events, PARTITIONS);
}

static inline void app_free(struct app *app) {
    if (app->publisher)
        stop(app, 5000);
    loop_timer_free(app->poll);
    loop_timer_free(app->commit);
    loop_free(app->loop);
    rd_kafka_mock_cluster_destroy(app->mock);
    rd_kafka_destroy(app->host);
    free(app->marked);
    free(app->pending);
    free(app);
}

// ---- What the topic has

static inline rd_kafka_t *reader(struct app *app) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[256];
    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers",
                                       rd_kafka_mock_cluster_bootstraps(app->mock), text,
                                       sizeof text),
                     RD_KAFKA_CONF_OK);
    assert_int_equal(rd_kafka_conf_set(conf, "enable.partition.eof", "true", text, sizeof text),
                     RD_KAFKA_CONF_OK);
    assert_int_equal(rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", text, sizeof text),
                     RD_KAFKA_CONF_OK);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    assert_non_null(client);
    return client;
}

static inline void assert_header(const rd_kafka_message_t *message, const char *name,
                                 const char *value) {
    rd_kafka_headers_t *headers;
    const void *data;
    size_t size;
    assert_int_equal(rd_kafka_message_headers(message, &headers), 0);
    assert_int_equal(rd_kafka_header_get_last(headers, name, &data, &size), 0);
    assert_int_equal(size, strlen(value));
    assert_memory_equal(data, value, size);
}

// Checks a record and that its event is the next of its key or was seen before; true: a duplicate.
static inline bool check_record(const rd_kafka_message_t *message, uint64_t last[KEYS]) {
    char text[64] = "", key[16], value[64], seq_text[24];
    assert_true(message->len < sizeof text);
    memcpy(text, message->payload, message->len);
    uint64_t seq = strtoull(text + 5, NULL, 10);
    event_text(seq, key, value);
    assert_string_equal(text, value);
    assert_int_equal(message->key_len, strlen(key));
    assert_memory_equal(message->key, key, message->key_len);
    (void)snprintf(seq_text, sizeof seq_text, "%llu", (unsigned long long)seq);
    assert_header(message, PUBLISH_HEADER_SEQ, seq_text);
    assert_header(message, PUBLISH_HEADER_LEDGER_ID, LEDGER_ID);
    assert_header(message, "ce_id", value);
    uint64_t *at = &last[seq * 7919 % KEYS];
    if (seq <= *at)
        return true;
    // Events of a key are KEYS apart.
    assert_int_equal(seq, *at ? *at + KEYS : (seq - 1) % KEYS + 1);
    *at = seq;
    return false;
}

// Every event is in the topic, each key's in order; returns how many are there more than once.
static inline uint64_t check_topic(struct app *app) {
    rd_kafka_t *client = reader(app);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, TOPIC, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    uint64_t last[KEYS] = {0}, records = 0, duplicates = 0;
    const rd_kafka_metadata_t *metadata;
    assert_int_equal(rd_kafka_metadata(client, 0, topic, &metadata, DEADLINE_MS), 0);
    rd_kafka_metadata_destroy(metadata);
    for (int32_t i = 0; i < app->topic_partitions; i++)
        assert_int_equal(rd_kafka_consume_start_queue(topic, i, 0, queue), 0);
    for (int ends = 0; ends < app->topic_partitions;) {
        rd_kafka_message_t *message = rd_kafka_consume_queue(queue, DEADLINE_MS);
        assert_non_null(message);
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            ends++;
        } else {
            assert_int_equal(message->err, 0);
            records++;
            duplicates += check_record(message, last);
        }
        rd_kafka_message_destroy(message);
    }
    for (int32_t i = 0; i < app->topic_partitions; i++)
        assert_int_equal(rd_kafka_consume_stop(topic, i), 0);
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(client);
    assert_int_equal(records - duplicates, app->events);
    return duplicates;
}

// ---- Tests

#endif
