// SPDX-License-Identifier: EUPL-1.2
// What the publisher finds in a topic of the mock cluster before it begins. Also here: nanosleep is
// replaced, to do something while the publisher sleeps.
#include "edge/kafka/publisher_private.h"
#include "publish_rig.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>

// One that was killed after Kafka had all, before any of it was marked.
static struct app *create_unmarked(uint64_t events) {
    struct app *app = app_create(events);
    app->forgetful = true;
    start_plain(app);
    run_until(app, all_acked);
    stop(app, 5000);
    memset(app->pending, 0, app->events + 1);
    memset(app->marked, 0, app->events + 1);
    app->acks = app->acks_in_tail = app->batches = 0;
    return app;
}

// The recovery tells, nothing goes again.
static void test_restart_unmarked(void **state) {
    (void)state;
    struct app *app = create_unmarked(2000);
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
    struct app *app = create_unmarked(70000);
    app->known[0] = 999; // the first 1000 of a partition are already confirmed
    start_plain(app);
    run_until(app, is_running);
    assert_int_equal(app->acks_in_tail, 69000);
    assert_true(app->batches >= 2); // more where the broker is slow
    app_free(app);
}

// The first record of a partition is known, and nothing else: that one is not read.
static void test_first_is_known(void **state) {
    (void)state;
    enum { EVENTS = 2000 };
    struct app *app = create_unmarked(EVENTS);
    size_t used = 0;
    for (uint64_t seq = 1; seq <= EVENTS; seq++) {
        char key[16], value[64];
        event_text(seq, key, value);
        int32_t partition = publish_partition(str_from(key), app->topic_partitions);
        used += app->known[partition] < 0;
        app->known[partition] = 0;
    }
    start_plain(app);
    run_until(app, is_running);
    assert_in_range(used, 2, PARTITIONS);
    assert_int_equal(app->acks_in_tail, EVENTS - used);
    app_free(app);
}

static int32_t raw_partitions;

// A producer that is connected, so that what it puts is in the topic at once.
static rd_kafka_t *raw_open(struct app *app) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[256];
    raw_partitions = app->topic_partitions;
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

// What a record is that is written beside the publisher.
struct raw {
    const char *ledger_id, *seq;
    const char *kind, *value;              // NULL: as the publisher has them
    enum { SIGNED, UNSIGNED, CHANGED } as; // CHANGED: a header of ours, after the digest was made
};

static void raw_sign(rd_kafka_headers_t *headers, const struct raw *raw, const char *key) {
    const struct publish_conf conf = {.kind = raw->kind ? raw->kind : KIND, .key = record_key};
    const struct str key_str = str_from(key);
    const struct str value = raw->value ? str_from(raw->value) : (struct str){NULL, 0};
    struct digest digest;
    char hex[DIGEST_HEX + 1];
    assert_true(publish_digest(&conf, &key_str, &value, headers, &digest));
    digest_to_hex(&digest, hex);
    (void)rd_kafka_header_add(headers, PUBLISH_HEADER_DIGEST, -1, hex, -1);
}

static void raw_put_as(rd_kafka_t *client, const struct raw *raw) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(4);
    (void)rd_kafka_header_add(headers, PUBLISH_HEADER_LEDGER_ID, -1, raw->ledger_id, -1);
    (void)rd_kafka_header_add(headers, PUBLISH_HEADER_SEQ, -1, raw->seq, -1);
    (void)rd_kafka_header_add(headers, "traceparent", -1, "of a mirror", -1); // is not ours
    char key[16], value[64];
    event_text(strtoull(raw->seq, NULL, 10), key, value);
    if (raw->as != UNSIGNED)
        raw_sign(headers, raw, key);
    if (raw->as == CHANGED)
        (void)rd_kafka_header_add(headers, "ce_time", -1, "2020-01-01T00:00:00.000Z", -1);
    assert_int_equal(__extension__ rd_kafka_producev(
                         client, RD_KAFKA_V_TOPIC(TOPIC),
                         RD_KAFKA_V_PARTITION(publish_partition(str_from(key), raw_partitions)),
                         RD_KAFKA_V_KEY(key, strlen(key)), RD_KAFKA_V_HEADERS(headers),
                         RD_KAFKA_V_END),
                     0);
    assert_int_equal(rd_kafka_flush(client, DEADLINE_MS), 0);
}

static void raw_put(rd_kafka_t *client, const char *ledger_id, const char *seq) {
    raw_put_as(client, &(struct raw){.ledger_id = ledger_id, .seq = seq});
}

// Records of another ledger do not count. Those that only say that they are of this one are told,
// each once however often it is read.
static void test_foreign_records(void **state) {
    static const struct raw forged[] = {
        {LEDGER_ID, "1", NULL, NULL, UNSIGNED},
        {LEDGER_ID, "1", NULL, NULL, CHANGED},
        {LEDGER_ID, "1", NULL, "another value", SIGNED},
        {LEDGER_ID, "1", "statistic", NULL, SIGNED}, // of the other topic
        {LEDGER_ID, "1x", NULL, NULL, SIGNED},
        {LEDGER_ID, "0", NULL, NULL, SIGNED},
        {LEDGER_ID, "9", NULL, NULL, UNSIGNED}, // nothing is lacking for it
    };
    enum { FORGED = sizeof forged / sizeof forged[0] };
    (void)state;
    struct app *app = app_create(2);
    app->withhold_go = true;
    rd_kafka_t *raw = raw_open(app);
    raw_put(raw, "ledger-2", "1");
    for (size_t i = 0; i < FORGED; i++)
        raw_put_as(raw, &forged[i]);
    raw_put(raw, LEDGER_ID, "2");
    start_plain(app);
    run_until(app, is_settling);
    assert_int_equal(app->acks, 1);
    assert_true(app->pending[2]);
    assert_int_equal(app->forged, FORGED);
    assert_int_equal(status_of(app).forged, FORGED);
    assert_int_equal(app->lacked, 0);
    rd_kafka_destroy(raw);
    app_free(app);
}

// What is known of its partition is the first record there.
static void know_first(struct app *app, uint64_t seq) {
    char key[16], value[64];
    event_text(seq, key, value);
    int32_t partition = publish_partition(str_from(key), app->topic_partitions);
    if (app->known_seq[partition] == 0)
        app->known_seq[partition] = seq;
}

// The topic has what the ledger lacks: that is taken before anything is handed over.
static void test_older_ledger(void **state) {
    (void)state;
    struct app *app = app_create(2);
    app->known[0] = app->known[1] = app->known[2] = app->known[3] = 0;
    rd_kafka_t *raw = raw_open(app);
    for (int i = 3; i <= 40; i++) {
        char seq[8];
        (void)snprintf(seq, sizeof seq, "%d", i);
        raw_put(raw, LEDGER_ID, seq);
        know_first(app, (uint64_t)i);
    }
    start_plain(app);
    run_until(app, is_running);
    assert_null(strstr(app->reasons, "another one"));
    assert_int_equal(app->lacked, 1); // one is enough to see it
    assert_int_equal(app->taken, 38); // from the beginning of the topic
    assert_int_equal(app->lacked_partitions, 4);
    assert_non_null(strstr(app->reasons, "recovering: the topic has what the ledger lacks"));
    run_until(app, all_acked);
    rd_kafka_destroy(raw);
    app_free(app);
}

static bool told_no_room(struct app *app) {
    return strstr(app->reasons, "no room") != NULL;
}

// As long as it cannot be taken nothing is handed over; a stop does not wait for it.
static void test_older_ledger_without_room(void **state) {
    (void)state;
    struct app *app = app_create(2);
    rd_kafka_t *raw = raw_open(app);
    raw_put(raw, LEDGER_ID, "3");
    app->fails_to_take = true;
    start_plain(app);
    run_until(app, told_no_room);
    assert_int_equal(app->states[PUBLISH_RUNNING], 0);
    assert_int_equal(app->acks, 0);
    stop(app, 1000);
    rd_kafka_destroy(raw);
    app_free(app);
}

// The recovery sleeps between its passes, and nothing else sleeps for so long here.
enum { TAIL_SLEEPS_NS = 20 * 1000000 };

static atomic_bool recovery_held, recovery_sleeps; // while it is held, the recovery sleeps on
static _Atomic(rd_kafka_t *) intruder; // writes in our name whenever the recovery sleeps

int nanosleep(const struct timespec *time, struct timespec *left) {
    bool is_tail = time->tv_sec == 0 && time->tv_nsec == TAIL_SLEEPS_NS;
    int error;
    if (is_tail)
        recovery_sleeps = true;
    if (is_tail && intruder)
        raw_put(intruder, LEDGER_ID, "1");
    do
        error = clock_nanosleep(CLOCK_MONOTONIC, 0, time, left);
    while (error == 0 && is_tail && recovery_held);
    errno = error;
    return error ? -1 : 0;
}

static bool is_between_passes(struct app *app) {
    return recovery_sleeps || is_settling(app);
}

// A killed process's bytes may land after the recovery was first read; they count.
static void test_grace(void **state) {
    (void)state;
    struct app *app = app_create(1);
    app->withhold_go = true;
    rd_kafka_t *raw = raw_open(app);
    recovery_held = true;
    recovery_sleeps = false;
    start_plain(app);
    run_until(app, is_between_passes);
    raw_put(raw, LEDGER_ID, "1");
    recovery_held = false;
    run_until(app, is_settling);
    assert_int_equal(app->acks_in_tail, 1);
    rd_kafka_destroy(raw);
    app_free(app);
}

static const char *awaited;

static bool is_told(struct app *app) {
    return strstr(app->reasons, awaited) != NULL;
}

// Where it cannot be read what is there nothing is sent; and once it can, nothing twice.
static void test_tail_refused(void **state) {
    (void)state;
    enum { REFUSALS = 10000 }; // more than are asked for
    static const rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    static const char *const told[] = {[API_PRODUCE] = "topic: ", // that is, its metadata
                                       [API_FETCH] = "reading the recovery: ",
                                       [API_LIST_OFFSETS] = "end of a partition: "};
    for (int16_t api = API_PRODUCE; api <= API_LIST_OFFSETS; api++) {
        struct app *app = create_unmarked(200);
        app->reasons[0] = '\0';
        if (api == API_PRODUCE)
            rd_kafka_mock_topic_set_error(app->mock, TOPIC, error);
        for (int i = 0; i < REFUSALS && api != API_PRODUCE; i++)
            rd_kafka_mock_push_request_errors(app->mock, api, 1, error);
        start_plain(app);
        awaited = told[api];
        run_until(app, is_told);
        rd_kafka_mock_topic_set_error(app->mock, TOPIC, RD_KAFKA_RESP_ERR_NO_ERROR);
        rd_kafka_mock_clear_request_errors(app->mock, api);
        run_until(app, is_running);
        assert_true(all_acked(app));
        assert_int_equal(status_of(app).handed_over, 0);
        assert_int_equal(check_topic(app), 0);
        app_free(app);
    }
}

// As long as somebody writes in our name it cannot be known what is there.
static void test_another_writer(void **state) {
    (void)state;
    struct app *app = app_create_with(2, 1); // each is asked in each pass
    app->forgetful = true;
    rd_kafka_t *raw = raw_open(app);
    intruder = raw;
    start_plain(app);
    awaited = "another process keeps writing to the topic in our name";
    run_until(app, is_told);
    assert_int_equal(app->states[PUBLISH_RUNNING], 0);
    intruder = NULL;
    run_until(app, is_running);
    assert_true(app->pending[1]);
    assert_false(app->pending[2]);
    stop(app, 5000);
    rd_kafka_destroy(raw);
    app_free(app);
}

static void test_topic_missing(void **state) {
    (void)state;
    struct app *app = app_create(100);
    rd_kafka_mock_topic_set_error(app->mock, TOPIC, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    start_plain(app);
    run_until(app, recovery_failed);
    assert_non_null(strstr(app->reasons, "the topic does not exist"));
    assert_int_equal(app->partitions, 0);
    rd_kafka_mock_topic_set_error(app->mock, TOPIC, RD_KAFKA_RESP_ERR_NO_ERROR);
    run_until(app, all_acked);
    assert_int_equal(check_topic(app), 0);
    app_free(app);
}

// A partition that nobody serves is not one that is gone: nothing is to be made anew.
static void test_no_leader(void **state) {
    (void)state;
    struct app *app = app_create(100);
    assert_int_equal(rd_kafka_mock_partition_set_leader(app->mock, TOPIC, 2, -1), 0);
    start_plain(app);
    run_until(app, recovery_failed);
    assert_int_equal(status_of(app).trouble.cause, PUBLISH_CAUSE_LEADER);
    assert_non_null(strstr(status_of(app).trouble.text, "partition 2 has no leader"));
    assert_int_equal(rd_kafka_mock_partition_set_leader(app->mock, TOPIC, 2, 1), 0);
    run_until(app, all_acked);
    assert_int_equal(status_of(app).trouble.cause, PUBLISH_CAUSE_NONE);
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
    run_until(app, recovery_failed);
    assert_non_null(strstr(status_of(app).trouble.text, "3 partitions, but had 4"));
    stop(app, 1000);
    rd_kafka_mock_cluster_destroy(other);
    app_free(app);
}

// Made anew with fewer, and with more in it than was confirmed of the old one.
static void test_fewer_partitions_where_that_is_fine(void **state) {
    (void)state;
    struct app *app = app_create_with(300, PARTITIONS - 1);
    app->forgetful = true;
    start_plain(app);
    run_until(app, all_acked);
    stop(app, 1000);
    app->forgetful = false;
    app->may_shrink = true;
    app->partitions = PARTITIONS;
    for (int32_t i = 0; i < PARTITIONS; i++)
        app->known[i] = 7;
    memset(app->pending, 0, (size_t)app->events + 1);
    app->acks = app->acks_in_tail = 0;
    start_plain(app);
    run_until(app, is_running);
    assert_non_null(strstr(app->reasons,
                           "recovering: the topic was made anew: it has 3 partitions and "
                           "had 4\n"));
    assert_int_equal(app->partitions, PARTITIONS - 1);
    assert_int_equal(status_of(app).partitions, PARTITIONS - 1);
    assert_int_equal(app->acks_in_tail, app->events); // from its beginning
    assert_int_equal(check_topic(app), 0);
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

// Made anew, and grown past what was confirmed of the old one before that could be kept: whatever
// shows it, it is read from its beginning, and nothing goes there twice. What was found before it
// showed counts once.
static void test_another_topic(void **state) {
    enum { EVENTS = 2000, LAST = 7 };
    (void)state;
    int shown = 0;
    for (int32_t shows = 0; shows < PARTITIONS; shows++) {
        struct app *app = create_unmarked(EVENTS);
        app->forgetful = false;
        for (int32_t i = 0; i < PARTITIONS; i++)
            app->known[i] = i == shows || i % 2 ? LAST : -1;
        app->known_seq[shows] = seq_at(app, shows, LAST + 1);
        if (app->known_seq[shows] == 0) { // no key leads there
            app_free(app);
            continue;
        }
        shown++;
        start_plain(app);
        run_until(app, is_running);
        assert_non_null(strstr(app->reasons, "the topic is another one than before"));
        assert_int_equal(app->acks_in_tail, EVENTS);
        assert_int_equal(status_of(app).handed_over, 0);
        assert_int_equal(check_topic(app), 0);
        app_free(app);
    }
    assert_true(shown >= 2);
}

// Written by somebody else, and gone from where it was: neither is what is known.
static void test_known_record_is_forged(void **state) {
    (void)state;
    struct app *app = app_create_with(2, 1);
    rd_kafka_t *raw = raw_open(app);
    raw_put_as(raw, &(struct raw){.ledger_id = LEDGER_ID, .seq = "1", .as = UNSIGNED});
    raw_put(raw, LEDGER_ID, "1");
    app->partitions = 1;
    app->known[0] = 0;
    app->marked[1] = app->pending[1] = true;
    start_plain(app);
    run_until(app, all_acked);
    assert_non_null(strstr(app->reasons, "the topic is another one than before"));
    assert_int_equal(app->forged, 1);
    rd_kafka_destroy(raw);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restart_unmarked),
        cmocka_unit_test(test_long_tail),
        cmocka_unit_test(test_first_is_known),
        cmocka_unit_test(test_foreign_records),
        cmocka_unit_test(test_older_ledger),
        cmocka_unit_test(test_older_ledger_without_room),
        cmocka_unit_test(test_grace),
        cmocka_unit_test(test_tail_refused),
        cmocka_unit_test(test_another_writer),
        cmocka_unit_test(test_topic_missing),
        cmocka_unit_test(test_no_leader),
        cmocka_unit_test(test_too_few_partitions),
        cmocka_unit_test(test_fewer_partitions_where_that_is_fine),
        cmocka_unit_test(test_lost_records),
        cmocka_unit_test(test_another_topic),
        cmocka_unit_test(test_known_record_is_forged),
        cmocka_unit_test(test_pinned_partitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
