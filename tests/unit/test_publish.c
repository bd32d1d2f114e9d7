// SPDX-License-Identifier: EUPL-1.2
// The publisher against librdkafka's mock cluster; the test plays the app with an outbox in memory.
// The mock does not drop what an idempotent producer sends twice, so where a batch may be retried,
// only the first of each event counts here; the real broker in tests/kafka shows exactly once.
#include "edge/publish.h"

#include "base/mem.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PARTITIONS = 4, KEYS = 23, DEADLINE_MS = 60000, API_PRODUCE = 0 };
#define TOPIC "signals"
#define ORIGIN "ledger-1"

struct app {
    struct loop *loop;
    rd_kafka_t *host; // of the mock cluster
    rd_kafka_mock_cluster_t *mock;
    struct publisher *publisher;
    struct loop_timer *poll, *commit;
    bool (*until)(struct app *app);
    int64_t deadline;
    // The ledger
    uint64_t events;           // seq 1..events
    bool *marked;              // confirmed, by seq
    bool *pending;             // told by on_acks, not yet marked
    int64_t known[PARTITIONS]; // last confirmed offset
    int32_t partitions;        // pinned
    int32_t topic_partitions;  // that the mock has
    bool forgetful;            // marks nothing: as if killed before each commit
    bool withhold_go;
    // What was seen
    bool tail_read, stopped;
    uint64_t acks, acks_in_tail, batches;
    int states[PUBLISH_STOPPED + 1];
    char reasons[4096];
};

static void on_commit(void *ctx) {
    struct app *app = ctx;
    for (uint64_t seq = 1; seq <= app->events && !app->forgetful; seq++)
        app->marked[seq] |= app->pending[seq];
    if (app->tail_read && !app->withhold_go) {
        // What the tail had counts as confirmed even for the forgetful.
        for (uint64_t seq = 1; seq <= app->events; seq++)
            app->marked[seq] |= app->pending[seq];
        app->tail_read = false;
        publisher_go(app->publisher);
    }
}

static void event_text(uint64_t seq, char key[16], char value[64]) {
    (void)snprintf(key, 16, "GM%04d", (int)(seq * 7919 % KEYS));
    (void)snprintf(value, 64, "{\"n\":%llu}", (unsigned long long)seq);
}

static void read_outbox(void *ctx, uint64_t after, size_t max,
                        bool (*put)(void *put_ctx, const struct publish_event *event),
                        void *put_ctx) {
    struct app *app = ctx;
    for (uint64_t seq = after + 1; seq <= app->events && max > 0; seq++) {
        if (app->marked[seq])
            continue;
        char key[16], value[64];
        event_text(seq, key, value);
        const struct publish_event event = {.seq = seq,
                                            .key = str_from(key),
                                            .value = str_from(value),
                                            .headers = {{"ce_id", str_from(value)}},
                                            .header_count = 1};
        if (!put(put_ctx, &event))
            return;
        max--;
    }
}

static int64_t known_offset(void *ctx, int32_t partition) {
    struct app *app = ctx;
    assert_in_range(partition, 0, PARTITIONS - 1);
    return app->known[partition];
}

static int32_t known_partitions(void *ctx) {
    return ((struct app *)ctx)->partitions;
}

static void on_partitions(void *ctx, int32_t partitions) {
    ((struct app *)ctx)->partitions = partitions;
}

static void on_acks(void *ctx, const struct publish_ack *acks, size_t count) {
    struct app *app = ctx;
    struct publish_status status;
    publisher_status(app->publisher, &status);
    app->batches++;
    app->acks += count;
    app->acks_in_tail += status.state == PUBLISH_TAIL ? count : 0;
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

static void on_tail(void *ctx) {
    struct app *app = ctx;
    app->tail_read = true;
    loop_timer_start(app->commit, 5, 0);
}

static void on_state(void *ctx, enum publish_state state, const char *reason) {
    struct app *app = ctx;
    app->states[state]++;
    size_t len = strlen(app->reasons);
    (void)snprintf(app->reasons + len, sizeof app->reasons - len, "%s: %s\n",
                   publish_state_name(state), reason);
}

static void on_stopped(void *ctx) {
    struct app *app = ctx;
    app->stopped = true;
    publisher_free(app->publisher);
    app->publisher = NULL;
}

static void on_poll(void *ctx) {
    struct app *app = ctx;
    if (app->until(app) || loop_now_ms(app->loop) > app->deadline)
        loop_stop(app->loop);
}

static void run_until(struct app *app, bool (*until)(struct app *app)) {
    app->until = until;
    app->deadline = loop_now_ms(app->loop) + DEADLINE_MS;
    loop_timer_start(app->poll, 0, 2);
    loop_run(app->loop);
    loop_timer_stop(app->poll);
    if (!until(app))
        fail_msg("the condition never came true; states:\n%s", app->reasons);
}

// ---- Conditions

static struct publish_status status_of(const struct app *app) {
    struct publish_status status;
    publisher_status(app->publisher, &status);
    return status;
}

static bool all_acked(struct app *app) {
    for (uint64_t seq = 1; seq <= app->events; seq++)
        if (!app->pending[seq])
            return false;
    return true;
}

static bool some_acked(struct app *app) {
    return app->acks > 0;
}

static bool is_running(struct app *app) {
    return status_of(app).state == PUBLISH_RUNNING;
}

static bool is_settling(struct app *app) {
    return status_of(app).state == PUBLISH_SETTLING;
}

static bool has_in_flight(struct app *app) {
    return status_of(app).in_flight > 0;
}

static bool tail_failed(struct app *app) {
    return status_of(app).last_error[0] != '\0' && status_of(app).state == PUBLISH_TAIL;
}

static bool is_stopped(struct app *app) {
    return app->stopped;
}

static bool told_stall(struct app *app) {
    return strstr(app->reasons, "confirms nothing") != NULL;
}

static bool told_recovery(struct app *app) {
    return strstr(app->reasons, "delivered again") != NULL;
}

// ---- Setting up

static void start(struct app *app, const char *brokers, const struct publish_setting *settings,
                  size_t count, int64_t grace_ms) {
    const struct publish_options options = {.brokers = brokers,
                                            .topic = TOPIC,
                                            .origin = ORIGIN,
                                            .settings = settings,
                                            .setting_count = count,
                                            .grace_ms = grace_ms,
                                            .retry_ms = 20,
                                            .read_outbox = read_outbox,
                                            .known_offset = known_offset,
                                            .known_partitions = known_partitions,
                                            .on_partitions = on_partitions,
                                            .on_acks = on_acks,
                                            .on_tail = on_tail,
                                            .on_state = on_state,
                                            .ctx = app};
    struct err err = {0};
    app->stopped = false;
    app->publisher = publisher_create(app->loop, &options, &err);
    if (!app->publisher)
        fail_msg("%s", err.text);
}

static void start_plain(struct app *app) {
    start(app, rd_kafka_mock_cluster_bootstraps(app->mock), NULL, 0, 20);
}

static void stop(struct app *app, int64_t timeout_ms) {
    publisher_stop(app->publisher, timeout_ms, on_stopped, app);
    run_until(app, is_stopped);
}

static struct app *app_create_with(uint64_t events, int32_t partitions) {
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

static struct app *app_create(uint64_t events) {
    return app_create_with(events, PARTITIONS);
}

static void app_free(struct app *app) {
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

static rd_kafka_t *reader(struct app *app) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[256];
    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers",
                                       rd_kafka_mock_cluster_bootstraps(app->mock), text,
                                       sizeof text),
                     RD_KAFKA_CONF_OK);
    assert_int_equal(rd_kafka_conf_set(conf, "enable.partition.eof", "true", text, sizeof text),
                     RD_KAFKA_CONF_OK);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    assert_non_null(client);
    return client;
}

static void assert_header(const rd_kafka_message_t *message, const char *name, const char *value) {
    rd_kafka_headers_t *headers;
    const void *data;
    size_t size;
    assert_int_equal(rd_kafka_message_headers(message, &headers), 0);
    assert_int_equal(rd_kafka_header_get_last(headers, name, &data, &size), 0);
    assert_int_equal(size, strlen(value));
    assert_memory_equal(data, value, size);
}

// Checks a record and that its event is the next of its key or was seen before; true: a duplicate.
static bool check_record(const rd_kafka_message_t *message, uint64_t last[KEYS]) {
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
    assert_header(message, PUBLISH_HEADER_ORIGIN, ORIGIN);
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
static uint64_t check_topic(struct app *app) {
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

static void test_delivers(void **state) {
    (void)state;
    struct app *app = app_create(3000);
    start_plain(app);
    run_until(app, all_acked);
    struct publish_status status = status_of(app);
    assert_int_equal(status.state, PUBLISH_RUNNING);
    assert_int_equal(status.partitions, PARTITIONS);
    assert_int_equal(status.handed_over, 3000);
    assert_int_equal(status.in_flight, 0);
    assert_int_equal(status.delivered, 3000);
    assert_int_equal(status.restarts, 0);
    assert_string_equal(status.last_error, "");
    assert_true(app->batches < 1500); // reports come in batches
    assert_int_equal(app->partitions, PARTITIONS);
    assert_int_equal(check_topic(app), 0);
    app_free(app);
}

static void test_wakes(void **state) {
    (void)state;
    struct app *app = app_create(2000);
    app->events = 10;
    start_plain(app);
    run_until(app, all_acked);
    app->events = 2000;
    publisher_wake(app->publisher);
    run_until(app, all_acked);
    assert_int_equal(check_topic(app), 0);
    app_free(app);
}

static void test_outage(void **state) {
    (void)state;
    struct app *app = app_create(5000);
    const struct publish_setting settings[] = {{"queue.buffering.max.messages", "500"},
                                               {"reconnect.backoff.max.ms", "100"}};
    rd_kafka_mock_broker_set_rtt(app->mock, -1, 20);
    start(app, rd_kafka_mock_cluster_bootstraps(app->mock), settings, 2, 20);
    run_until(app, some_acked);
    rd_kafka_mock_broker_set_down(app->mock, -1);
    run_until(app, told_stall);
    assert_false(all_acked(app));
    rd_kafka_mock_broker_set_up(app->mock, -1);
    run_until(app, all_acked);
    (void)check_topic(app);
    app_free(app);
}

// Told when reports stay away, and when they come again.
static void test_stall(void **state) {
    (void)state;
    struct app *app = app_create(10);
    app->events = 5;
    const struct publish_setting settings[] = {{"reconnect.backoff.max.ms", "100"}};
    start(app, rd_kafka_mock_cluster_bootstraps(app->mock), settings, 1, 20);
    run_until(app, all_acked);
    rd_kafka_mock_broker_set_down(app->mock, -1);
    app->events = 10;
    publisher_wake(app->publisher);
    run_until(app, told_stall);
    assert_string_not_equal(status_of(app).last_error, "");
    rd_kafka_mock_broker_set_up(app->mock, -1);
    run_until(app, told_recovery);
    run_until(app, all_acked);
    app_free(app);
}

static void test_queue_full(void **state) {
    (void)state;
    struct app *app = app_create(3000);
    const struct publish_setting settings[] = {{"queue.buffering.max.messages", "20"},
                                               {"linger.ms", "0"}};
    start(app, rd_kafka_mock_cluster_bootstraps(app->mock), settings, 2, 20);
    run_until(app, all_acked);
    assert_int_equal(status_of(app).restarts, 0);
    assert_int_equal(check_topic(app), 0);
    app_free(app);
}

// The producer fails in the middle: made anew, nothing lost, nothing twice.
static void test_producer_fails(void **state) {
    static const rd_kafka_resp_err_t errors[] = {
        RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED};
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        struct app *app = app_create_with(4000, 1);
        // Small batches: others, of the same keys, are under way when one fails.
        const struct publish_setting settings[] = {{"queue.buffering.max.messages", "500"},
                                                   {"batch.size", "4000"}};
        rd_kafka_mock_broker_set_rtt(app->mock, -1, 5);
        start(app, rd_kafka_mock_cluster_bootstraps(app->mock), settings, 2, 20);
        run_until(app, some_acked);
        rd_kafka_mock_push_request_errors(app->mock, API_PRODUCE, 1, errors[i]);
        run_until(app, all_acked);
        print_message("%s: restarts %d\n", rd_kafka_err2name(errors[i]),
                      (int)status_of(app).restarts);
        assert_true(status_of(app).restarts >= 1);
        assert_true(app->states[PUBLISH_DRAINING] >= 1);
        assert_string_equal(status_of(app).last_error, "");
        assert_int_equal(check_topic(app), 0);
        app_free(app);
    }
}

// Killed after Kafka had all, before any of it was marked: the tail tells, nothing goes again.
static void test_restart_unmarked(void **state) {
    (void)state;
    struct app *app = app_create(2000);
    app->forgetful = true;
    start_plain(app);
    run_until(app, all_acked);
    stop(app, 5000);
    memset(app->pending, 0, app->events + 1);
    memset(app->marked, 0, app->events + 1);
    app->acks = app->acks_in_tail = 0;
    start_plain(app);
    run_until(app, is_running);
    assert_true(all_acked(app));
    assert_int_equal(app->acks_in_tail, 2000);
    assert_int_equal(status_of(app).handed_over, 0);
    assert_int_equal(check_topic(app), 0);
    app_free(app);
}

// Only what is behind the known offsets is read; more than one step can hold.
static void test_long_tail(void **state) {
    (void)state;
    struct app *app = app_create(70000);
    app->forgetful = true;
    start_plain(app);
    run_until(app, all_acked);
    stop(app, 5000);
    memset(app->pending, 0, app->events + 1);
    memset(app->marked, 0, app->events + 1);
    app->acks = app->acks_in_tail = app->batches = 0;
    app->known[0] = 999; // the first 1000 of a partition are already confirmed
    start_plain(app);
    run_until(app, is_running);
    assert_int_equal(app->acks_in_tail, 69000);
    assert_int_equal(app->batches, 2);
    app_free(app);
}

// A producer that is connected, so that what it puts is in the topic at once.
static rd_kafka_t *raw_open(struct app *app) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[256];
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(app->mock),
                            text, sizeof text);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    assert_non_null(client);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, TOPIC, NULL);
    const rd_kafka_metadata_t *metadata;
    assert_int_equal(rd_kafka_metadata(client, 0, topic, &metadata, DEADLINE_MS), 0);
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
    return client;
}

static void raw_put(rd_kafka_t *client, const char *origin, const char *seq) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(2);
    (void)rd_kafka_header_add(headers, PUBLISH_HEADER_ORIGIN, -1, origin, -1);
    (void)rd_kafka_header_add(headers, PUBLISH_HEADER_SEQ, -1, seq, -1);
    char key[16], value[64];
    event_text(strtoull(seq, NULL, 10), key, value);
    assert_int_equal(__extension__ rd_kafka_producev(
                         client, RD_KAFKA_V_TOPIC(TOPIC),
                         RD_KAFKA_V_PARTITION(publish_partition(str_from(key), PARTITIONS)),
                         RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END),
                     0);
    assert_int_equal(rd_kafka_flush(client, DEADLINE_MS), 0);
}

// Records of another origin, or with a sequence that is none, do not count.
static void test_foreign_records(void **state) {
    (void)state;
    struct app *app = app_create(2);
    app->withhold_go = true;
    rd_kafka_t *raw = raw_open(app);
    raw_put(raw, "ledger-2", "1");
    raw_put(raw, ORIGIN, "1x");
    raw_put(raw, ORIGIN, "2");
    rd_kafka_destroy(raw);
    start_plain(app);
    run_until(app, is_settling);
    assert_int_equal(app->acks, 1);
    assert_true(app->pending[2]);
    app_free(app);
}

struct late {
    struct app *app;
    rd_kafka_t *raw;
};

static void write_late(void *ctx) {
    const struct late *late = ctx;
    assert_int_equal(status_of(late->app).state, PUBLISH_TAIL);
    raw_put(late->raw, ORIGIN, "1");
}

// A killed process's bytes may land after the tail was first read; they count.
static void test_grace(void **state) {
    (void)state;
    struct app *app = app_create(1);
    app->withhold_go = true;
    struct late late = {app, raw_open(app)};
    start(app, rd_kafka_mock_cluster_bootstraps(app->mock), NULL, 0, 2000);
    // Within the grace time; behind the first pass, unless that is slow.
    struct loop_timer *timer = loop_timer_create(app->loop, write_late, &late);
    loop_timer_start(timer, 1200, 0);
    run_until(app, is_settling);
    assert_int_equal(app->acks_in_tail, 1);
    loop_timer_free(timer);
    rd_kafka_destroy(late.raw);
    app_free(app);
}

static void test_topic_missing(void **state) {
    (void)state;
    struct app *app = app_create(100);
    rd_kafka_mock_topic_set_error(app->mock, TOPIC, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    start_plain(app);
    run_until(app, tail_failed);
    assert_non_null(strstr(app->reasons, "the topic does not exist"));
    assert_int_equal(app->partitions, 0);
    rd_kafka_mock_topic_set_error(app->mock, TOPIC, RD_KAFKA_RESP_ERR_NO_ERROR);
    run_until(app, all_acked);
    assert_int_equal(check_topic(app), 0);
    app_free(app);
}

static void test_too_few_partitions(void **state) {
    (void)state;
    struct app *app = app_create(100);
    app->partitions = PARTITIONS;
    rd_kafka_mock_cluster_t *other = rd_kafka_mock_cluster_new(app->host, 1);
    assert_int_equal(rd_kafka_mock_topic_create(other, TOPIC, PARTITIONS - 1, 1), 0);
    start(app, rd_kafka_mock_cluster_bootstraps(other), NULL, 0, 20);
    run_until(app, tail_failed);
    assert_non_null(strstr(status_of(app).last_error, "3 partitions, but had 4"));
    stop(app, 1000);
    rd_kafka_mock_cluster_destroy(other);
    app_free(app);
}

// The topic was emptied: told, and all that is not confirmed goes out.
static void test_lost_records(void **state) {
    (void)state;
    struct app *app = app_create(100);
    app->partitions = PARTITIONS;
    app->known[2] = 12345;
    start_plain(app);
    run_until(app, all_acked);
    assert_non_null(strstr(app->reasons, "partition 2 no longer has what was confirmed"));
    assert_int_equal(check_topic(app), 0);
    app_free(app);
}

static void test_pinned_partitions(void **state) {
    (void)state;
    struct app *app = app_create(200);
    rd_kafka_mock_cluster_t *other = rd_kafka_mock_cluster_new(app->host, 1);
    assert_int_equal(rd_kafka_mock_topic_create(other, TOPIC, PARTITIONS + 3, 1), 0);
    app->partitions = PARTITIONS; // on_acks checks each partition against this
    start(app, rd_kafka_mock_cluster_bootstraps(other), NULL, 0, 20);
    run_until(app, all_acked);
    assert_int_equal(status_of(app).partitions, PARTITIONS);
    stop(app, 1000);
    rd_kafka_mock_cluster_destroy(other);
    app_free(app);
}

static void test_stop_in_each_state(void **state) {
    (void)state;
    struct app *app = app_create(1000);
    start(app, "", NULL, 0, 20); // OFF
    assert_int_equal(status_of(app).state, PUBLISH_OFF);
    publisher_wake(app->publisher);
    publisher_go(app->publisher);
    stop(app, 1000);

    start(app, "127.0.0.1:1", NULL, 0, 20); // TAIL: nobody there
    stop(app, 1000);
    rd_kafka_mock_topic_set_error(app->mock, TOPIC, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    start_plain(app);
    run_until(app, tail_failed); // TAIL: between tries
    stop(app, 1000);
    rd_kafka_mock_topic_set_error(app->mock, TOPIC, RD_KAFKA_RESP_ERR_NO_ERROR);

    app->withhold_go = true;
    start_plain(app);
    run_until(app, is_settling);
    stop(app, 1000);
    app->withhold_go = app->tail_read = false;

    start_plain(app);
    run_until(app, is_running);
    rd_kafka_mock_broker_set_down(app->mock, -1);
    run_until(app, has_in_flight);
    stop(app, 100); // the rest stays in the outbox
    rd_kafka_mock_broker_set_up(app->mock, -1);

    start_plain(app);
    run_until(app, has_in_flight);
    uint64_t before = app->acks;
    stop(app, 30000); // waits for all that is in flight
    assert_true(app->acks > before);
    start_plain(app);
    run_until(app, all_acked);
    (void)check_topic(app);
    app_free(app);
}

static void test_settings(void **state) {
    static const struct {
        const char *name;
        bool allowed;
    } cases[] = {{"security.protocol", true},
                 {"ssl.ca.location", true},
                 {"ssl.key.pem", true},
                 {"sasl.username", true},
                 {"compression.codec", true},
                 {"ssl.", false},
                 {"ssl.engine.location", false},
                 {"sasl.kerberos.kinit.cmd", false},
                 {"plugin.library.paths", false},
                 {"enable.idempotence", false},
                 {"acks", false},
                 {"message.timeout.ms", false},
                 {"max.in.flight", false},
                 {"transactional.id", false},
                 {"bootstrap.servers", false},
                 {"security.protocols", false},
                 {"SSL.ca.location", false},
                 {"", false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (publish_setting_allowed(str_from(cases[i].name)) != cases[i].allowed)
            fail_msg("%s", cases[i].name);
}

static void test_settings_check(void **state) {
    static const struct {
        struct publish_setting setting;
        const char *says; // NULL: fine
    } cases[] = {
        {{"linger.ms", "20"}, NULL},
        {{"linger.ms", "much"}, "linger.ms"},
        {{"ssl.no.such.thing", "1"}, "ssl.no.such.thing"},
        {{"acks", "0"}, "not one that may be set"},
        {{"ssl.key.password", "hunter2"}, NULL},
        {{"security.protocol", "sasl_plaintext"}, "kinit"}, // Kerberos is its default
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {0};
        bool ok = publish_settings_check(&cases[i].setting, 1, &err);
        if (ok != !cases[i].says || (!ok && !strstr(err.text, cases[i].says)))
            fail_msg("%s: %s", cases[i].setting.name, err.text);
        if (!ok)
            assert_int_equal(err.kind, ERR_CONFIG);
    }
    const struct publish_setting tls[] = {{"security.protocol", "ssl"},
                                          {"ssl.ca.location", "/nonexistent/ca.pem"}};
    struct err err = {0};
    assert_false(publish_settings_check(tls, 2, &err));
    struct loop *loop = loop_create(&err);
    const struct publish_options options = {
        .brokers = "127.0.0.1:1", .topic = TOPIC, .settings = tls, .setting_count = 2};
    assert_null(publisher_create(loop, &options, &err));
    loop_free(loop);
}

// From Kafka's own UtilsTest: key -> murmur2.
static void test_partition(void **state) {
    static const struct {
        const char *key;
        int32_t hash;
    } cases[] = {{"21", -973932308},
                 {"foobar", -790332482},
                 {"a-little-bit-long-string", -985981536},
                 {"a-little-bit-longer-string", -1486304829},
                 {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
                 {"abc", 479470107}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int32_t count = 1; count < 100; count += 7)
            assert_int_equal(publish_partition(str_from(cases[i].key), count),
                             (cases[i].hash & 0x7fffffff) % count);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delivers),
        cmocka_unit_test(test_wakes),
        cmocka_unit_test(test_outage),
        cmocka_unit_test(test_stall),
        cmocka_unit_test(test_queue_full),
        cmocka_unit_test(test_producer_fails),
        cmocka_unit_test(test_restart_unmarked),
        cmocka_unit_test(test_long_tail),
        cmocka_unit_test(test_foreign_records),
        cmocka_unit_test(test_grace),
        cmocka_unit_test(test_topic_missing),
        cmocka_unit_test(test_too_few_partitions),
        cmocka_unit_test(test_pinned_partitions),
        cmocka_unit_test(test_lost_records),
        cmocka_unit_test(test_stop_in_each_state),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_settings_check),
        cmocka_unit_test(test_partition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
