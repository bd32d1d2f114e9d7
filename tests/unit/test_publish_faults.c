// SPDX-License-Identifier: EUPL-1.2
// The publisher against a mock cluster that does not answer, or refuses for good.
#include "publish_rig.h"

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
    app->reasons[0] = '\0'; // a slow start may have told one
    publisher_wake(app->publisher);
    run_until(app, told_stall);
    assert_int_equal(status_of(app).state, PUBLISH_STALLED);
    run_until(app, has_error);
    rd_kafka_mock_broker_set_up(app->mock, -1);
    run_until(app, told_recovery);
    run_until(app, all_acked);
    assert_int_equal(status_of(app).state, PUBLISH_RUNNING);
    assert_string_equal(status_of(app).trouble.text, "");
    app_free(app);
}

static bool has_no_error(struct app *app) {
    return !has_error(app);
}

// Nothing is sent meanwhile, so no report tells that it is over.
static void an_error_that_has_passed_is_not_told(void **state) {
    (void)state;
    struct app *app = app_create(5);
    const struct publish_setting settings[] = {{"reconnect.backoff.max.ms", "100"}};
    start(app, rd_kafka_mock_cluster_bootstraps(app->mock), settings, 1, 20);
    run_until(app, all_acked);
    rd_kafka_mock_broker_set_down(app->mock, -1);
    run_until(app, has_error);
    assert_int_equal(status_of(app).state, PUBLISH_RUNNING); // nothing waits
    rd_kafka_mock_broker_set_up(app->mock, -1);
    run_until(app, has_no_error);
    assert_int_equal(status_of(app).delivered, 5);
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
        assert_true(app->states[PUBLISH_RECOVERING] >= 1);
        assert_string_equal(status_of(app).trouble.text, "");
        assert_int_equal(check_topic(app), 0);
        app_free(app);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stall),
        cmocka_unit_test(an_error_that_has_passed_is_not_told),
        cmocka_unit_test(test_producer_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
