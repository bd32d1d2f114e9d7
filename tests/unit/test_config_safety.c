// SPDX-License-Identifier: EUPL-1.2
// What a configuration must not give away, and what a reload may change of it.
#include "config_rig.h"

// Of every kind of secret, for the group and for others; a credential has the modes of systemd.
static void test_secrets_are_the_owners(void **state) {
    (void)state;
    static const mode_t modes[] = {0640, 0620, 0610, 0604, 0602, 0601, 0660, 0666};
    static const char key[] = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";
    static const struct {
        const char *yaml, *place;
    } kinds[] = {
        {"state: {identity_key: %s}", "state.identity_key: %s: "},
        {"person: {key: %s}", "person.key: %s: "},
        {"person: {previous_key: %s}", "person.previous_key: %s: "},
        {"intake: {tls_certificate: t.pem, tls_key: %s}", "intake.tls_key: %s: "},
        {"kafka: {settings: {sasl.password: 'file:%s'}}", "kafka.settings: \"sasl.password\": "},
        {"kafka: {settings: {ssl.key.location: %s}}", "kafka.settings: \"ssl.key.location\": "},
        {NULL, NULL},
    };
    scratch_write("t.pem", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", 0644);
    for (size_t i = 0; kinds[i].place; i++)
        for (size_t m = 0; m < COUNT(modes); m++) {
            char yaml[256], place[128], fault[512];
            bool is_key = strncmp(kinds[i].yaml, "intake", 6) == 0;
            scratch_write("k", is_key ? key : "0123456789abcdef0123456789abcdef", 0600);
            assert_int_equal(chmod(scratch_path("k"), modes[m]), 0);
            (void)snprintf(yaml, sizeof yaml, kinds[i].yaml, "k");
            (void)snprintf(place, sizeof place, kinds[i].place, "k");
            (void)snprintf(fault, sizeof fault,
                           "c.yaml:1: %sothers than its owner can read or change this secret (mode "
                           "%04o): chmod 0600, and chown it to the service's user\n",
                           place, (unsigned)modes[m]);
            expect(yaml, fault);
            setenv("CREDENTIALS_DIRECTORY", scratch_dir, 1);
            config_free(load_good(yaml));
            unsetenv("CREDENTIALS_DIRECTORY");
        }
}

static void test_events_do_not_go_in_the_clear(void **state) {
    (void)state;
    static const char *const good[] = {
        "kafka: {brokers: '127.0.0.1:9092,[::1]:9092,LOCALHOST:1,[::ffff:127.9.9.9]:1'}",
        "identity: {test: yes}\nkafka: {brokers: 'k:1', settings: {security.protocol: ssl}}",
        "identity: {test: yes}\nkafka: {brokers: 'k:1', settings: {security.protocol: plaintext}}"};
    static const char *const open[] = {
        "kafka.example.nl:1",     "127.0.0.1:1,10.0.0.1:1", "127.1:1",
        "localhost.example.nl:1", "[::ffff:10.0.0.1]:1",    "[::]:1"};
    for (size_t i = 0; i < COUNT(good); i++)
        config_free(load_good(good[i]));
    for (size_t i = 0; i < COUNT(open); i++) {
        char yaml[256];
        (void)snprintf(yaml, sizeof yaml, "identity: {test: yes}\nkafka: {brokers: '%s'}", open[i]);
        expect(yaml,
               "c.yaml:2: kafka.brokers: events would leave this machine in the clear: set "
               "security.protocol in kafka.settings to ssl or sasl_ssl (or to plaintext, if a "
               "tunnel encrypts)\n");
    }
}

// What is the same however it is written is no change; a secret is not shown.
static void note_change(void *ctx, const struct config_change *change) {
    buf_printf(ctx, "%s.%s %.*s %.*s%s\n", change->section, change->name,
               (int)(change->from.data ? change->from.len : 1),
               change->from.data ? change->from.data : "-",
               (int)(change->to.data ? change->to.len : 1), change->to.data ? change->to.data : "-",
               change->restart ? " restart" : "");
}

static void test_changes(void **state) {
    (void)state;
    scratch_write("pw", "s3cret-word\n", 0600);
    struct config *a = load_good("intake: {body_max: 8388608, idle_timeout: 2m}\n"
                                 "kafka: {settings: {sasl.password: 'file:pw', linger.ms: 5}}");
    scratch_write("pw", "0ther-word\n", 0600);
    struct config *b = load_good("intake: {body_max: 16MiB, idle_timeout: 120s}\n"
                                 "kafka: {topic: other, brokers: 'localhost:1',\n"
                                 "  settings: {sasl.password: 'file:pw', batch.size: 9}}\n"
                                 "log: {level: info}");
    struct buf out;
    buf_init(&out, 4096);
    config_compare(a, b, note_change, &out);
    buf_putc(&out, '\0');
    assert_string_equal(out.data, "intake.body_max 8MiB 16MiB\n"
                                  "kafka.brokers - \"localhost:1\"\n"
                                  "kafka.topic \"signals\" \"other\" restart\n"
                                  "kafka.settings.sasl.password (secret) (secret)\n"
                                  "kafka.settings.linger.ms 5 -\n"
                                  "kafka.settings.batch.size - 9\n"
                                  "log.level notice info\n");
    const char *topic = a->kafka_topic;
    config_take(a, b);
    assert_ptr_equal(a->kafka_topic, topic);
    assert_string_equal(a->kafka_topic, "signals");
    assert_string_equal(a->kafka_brokers, "localhost:1");
    assert_int_equal(a->http.body_bytes_max, 16 << 20);
    assert_int_equal(a->log_level, LOG_LEVEL_INFO);
    assert_string_equal(a->kafka_properties[0].value, "0ther-word");
    buf_free(&out);
    config_free(a);
}

// A server that began in the clear cannot be given TLS.
static void test_first_certificate_needs_a_restart(void **state) {
    (void)state;
    scratch_write("t.pem", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", 0644);
    scratch_write("t.key", "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n", 0600);
    struct config *a = load_good("log: {level: info}");
    struct config *b = load_good("intake: {tls_certificate: t.pem, tls_key: t.key}\n"
                                 "log: {level: info}");
    struct buf out;
    buf_init(&out, 4096);
    config_compare(a, b, note_change, &out);
    assert_non_null(memmem(out.data, out.len, " restart\nintake.tls_key", 23));
    buf_free(&out);
    config_free(a);
    config_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secrets_are_the_owners),
        cmocka_unit_test(test_events_do_not_go_in_the_clear),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_first_certificate_needs_a_restart),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
