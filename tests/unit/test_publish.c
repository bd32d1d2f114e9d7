// SPDX-License-Identifier: EUPL-1.2
// The publisher against librdkafka's mock cluster; the test plays the app with an outbox in memory.
// The mock does not drop what an idempotent producer sends twice, so where a batch may be retried,
// only the first of each event counts here; the real broker in tests/kafka shows exactly once.
#include "config/config_private.h"
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
    assert_string_equal(status.trouble.text, "");
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
    app->reasons[0] = '\0'; // a slow start may have told one
    run_until(app, told_stall);
    assert_false(all_acked(app));
    rd_kafka_mock_broker_set_up(app->mock, -1);
    run_until(app, all_acked);
    (void)check_topic(app);
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
    run_until(app, recovery_failed); // TAIL: between tries
    stop(app, 1000);
    rd_kafka_mock_topic_set_error(app->mock, TOPIC, RD_KAFKA_RESP_ERR_NO_ERROR);

    app->withhold_go = true;
    start_plain(app);
    run_until(app, is_settling);
    stop(app, 1000);
    app->recovery_read = false;

    start_plain(app);
    run_until(app, is_settling);
    rd_kafka_mock_broker_set_down(app->mock, -1); // before the first is handed over
    publisher_go(app->publisher);
    run_until(app, has_in_flight);
    stop(app, 100); // all stay in the outbox
    rd_kafka_mock_broker_set_up(app->mock, -1);
    app->withhold_go = app->recovery_read = false;

    rd_kafka_mock_broker_set_rtt(app->mock, -1, 300); // else all may be confirmed before it is seen
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
        if (kafka_property_allowed(str_from(cases[i].name)) != cases[i].allowed)
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
    const struct publish_options options = {.brokers = "127.0.0.1:1",
                                            .topic = TOPIC,
                                            .key = &record_key,
                                            .kind = KIND,
                                            .settings = tls,
                                            .setting_count = 2};
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
        cmocka_unit_test(test_queue_full),
        cmocka_unit_test(test_stop_in_each_state),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_settings_check),
        cmocka_unit_test(test_partition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
