// SPDX-License-Identifier: EUPL-1.2
// The publisher against librdkafka's mock cluster; the test plays the app with an outbox in memory.
// The mock does not drop what an idempotent producer sends twice, so where a batch may be retried,
// only the first of each event counts here; the real broker in tests/kafka shows exactly once.
#include "publish_rig.h"

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
    assert_true(app->batches >= 2); // more where the broker is slow
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
