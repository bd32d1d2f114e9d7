// SPDX-License-Identifier: EUPL-1.2
#include "config_rig.h"

static char *printed(const struct config *config) {
    struct buf out;
    buf_init(&out, 65536);
    config_print(config, &out);
    assert_false(out.overflow);
    return buf_take(&out);
}

static void test_defaults(void **state) {
    (void)state;
    config_free(load_good("\xef\xbb\xbflog:\n  level: info\n")); // as some editors write it
    struct config *c = load_good("");
    assert_string_equal(c->oin, "00000099000000001000");
    assert_string_equal(c->state_dir, "/var/lib/signaald");
    assert_null(c->identity_key_file);
    assert_null(c->person_key_file);
    assert_null(c->person_previous_key_file);
    assert_true(c->retention.identity_ms == 1825LL * 86400000);
    assert_true(c->retention.quarantine_ms == 90LL * 86400000);
    assert_true(c->retention.unmapped_ms == 365LL * 86400000);
    assert_true(c->retention.audit_ms == 1825LL * 86400000);
    assert_true(c->retention.cells_ms == 3650LL * 86400000);
    assert_string_equal(c->table_files.display_allowlist, scratch_path("display-allowlist.txt"));
    assert_true(c->state_bytes_max == 16ULL << 30);
    assert_string_equal(c->listen_address, "127.0.0.1");
    assert_int_equal(c->listen_port, 8080);
    assert_null(c->tls_key_file);
    assert_int_equal(c->http.connections_max, 1000);
    assert_int_equal(c->http.head_bytes_max, 16384);
    assert_int_equal(c->http.body_bytes_max, 8 << 20);
    assert_int_equal(c->http.body_bytes_max_all, 64 << 20);
    assert_int_equal(c->http.head_timeout_ms, 10000);
    assert_int_equal(c->http.body_timeout_ms, 60000);
    assert_int_equal(c->http.idle_timeout_ms, 120000);
    assert_int_equal(c->item_bytes_max, 65536);
    assert_int_equal(c->items_max, 10000);
    assert_int_equal(c->json_depth_max, 32);
    assert_int_equal(c->queue_bytes_max, 64 << 20);
    assert_true(c->backlog_bytes_max == 10ULL << 30);
    assert_null(c->kafka_brokers);
    assert_string_equal(c->kafka_topic, "signals");
    assert_string_equal(c->kafka_counts_topic, "signal-counts");
    assert_string_equal(c->kafka_current_topic, "signals-current");
    assert_int_equal(c->disclosure_rounding_base, 10);
    assert_int_equal(c->kafka_recovery_wait_ms, 500);
    assert_int_equal(c->kafka_property_count, 0);
    assert_string_equal(c->sources_file, scratch_path("sources.csv"));
    assert_int_equal(c->fetch.connections_max, 256);
    assert_int_equal(c->fetch.host_connections_max, 2);
    assert_int_equal(c->fetch.body_bytes_max, 32 << 20);
    assert_int_equal(c->fetch.body_bytes_max_all, 256 << 20);
    assert_int_equal(c->poll_pages_max, 10000);
    assert_null(c->fetch.ca_file);
    assert_string_equal(c->templates_dir, scratch_path("templates"));
    assert_int_equal(c->log_level, LOG_LEVEL_NOTICE);
    config_free(c);
    config_free(NULL);
}

static void test_values(void **state) {
    (void)state;
    struct config *c =
        load_good("identity: {test: yes}\n"
                  "intake: {listen: '[::1]:65535', head_max: 2048, body_max: 1MiB,\n"
                  "  items_max: 7, head_timeout: 1500ms, idle_timeout: 1d}\n"
                  "kafka: {brokers: 'a.example.nl:9092, [::1]:9093', recovery_wait: 0s,\n"
                  "  settings: {security.protocol: ssl}}\n"
                  "control: {socket: /x/y}\n"
                  "state: {directory: sub/dir, size_max: 1TiB}\n"
                  "log: {level: error}\n"
                  "poll:\n");
    assert_string_equal(c->listen_address, "::1");
    assert_int_equal(c->listen_port, 65535);
    assert_int_equal(c->http.head_bytes_max, 2048);
    assert_int_equal(c->http.body_bytes_max, 1 << 20);
    assert_int_equal(c->items_max, 7);
    assert_int_equal(c->http.head_timeout_ms, 1500);
    assert_int_equal(c->http.idle_timeout_ms, 86400000);
    assert_int_equal(c->kafka_recovery_wait_ms, 0);
    assert_string_equal(c->control_socket, "/x/y");
    assert_string_equal(c->state_dir, scratch_path("sub/dir"));
    assert_true(c->state_bytes_max == 1ULL << 40);
    assert_int_equal(c->log_level, LOG_LEVEL_ERROR);
    config_free(c);
    c = load_good("intake: {listen: none, tls_key: ~}\n");
    assert_null(c->listen_address);
    config_free(c);
}

#define SIZE " is not allowed (allowed: 1KiB..1GiB, with KiB, MiB, GiB or none)\n"
#define TIME " is not allowed (allowed: 100ms..1h, with ms, s, m, h or d)\n"
#define LISTEN                                                                                     \
    " is not allowed (allowed: ADDRESS:PORT, [ADDRESS]:PORT or none; ports 1..65535, no names of " \
    "hosts)\n"

static const struct {
    const char *yaml, *faults;
} bad[] = {
    {"intake:\n  items_max: 70x\n",
     "c.yaml:2: intake.items_max: \"70x\" is not allowed (allowed: 1..100000)\n"},
    {"intake: {items_max: 0}",
     "c.yaml:1: intake.items_max: \"0\" is not allowed (allowed: 1..100000)\n"},
    {"intake: {items_max: -1}",
     "c.yaml:1: intake.items_max: \"-1\" is not allowed (allowed: 1..100000)\n"},
    {"intake: {items_max: 99999999999999999999}",
     "c.yaml:1: intake.items_max: \"99999999999999999999\" is not allowed (allowed: 1..100000)\n"},
    {"intake: {body_max: 8MB}", "c.yaml:1: intake.body_max: \"8MB\"" SIZE},
    {"intake: {body_max: 8 MiB}", "c.yaml:1: intake.body_max: \"8 MiB\"" SIZE},
    {"intake: {body_max: 2GiB}", "c.yaml:1: intake.body_max: \"2GiB\"" SIZE},
    {"intake: {body_max: 18014398509481985KiB}",
     "c.yaml:1: intake.body_max: \"18014398509481985KiB\"" SIZE},
    {"intake: {body_timeout: 10}", "c.yaml:1: intake.body_timeout: \"10\"" TIME},
    {"intake: {body_timeout: 1.5s}", "c.yaml:1: intake.body_timeout: \"1.5s\"" TIME},
    {"intake: {body_timeout: \"1\\0s\"}", "c.yaml:1: intake.body_timeout: \"1?s\"" TIME},
    {"intake: {listen: 'localhost:80'}", "c.yaml:1: intake.listen: \"localhost:80\"" LISTEN},
    {"intake: {listen: '127.0.0.1'}", "c.yaml:1: intake.listen: \"127.0.0.1\"" LISTEN},
    {"intake: {listen: '127.0.0.1:65536'}", "c.yaml:1: intake.listen: \"127.0.0.1:65536\"" LISTEN},
    {"intake: {listen: '::1:80'}", "c.yaml:1: intake.listen: \"::1:80\"" LISTEN},
    {"identity: {test: yes}\nintake: {listen: '0.0.0.0:80'}",
     "c.yaml:2: intake.listen: not a loopback address: needs "
     "tls_certificate and tls_key\n"},
    {"identity: {test: yes}\nintake: {listen: '[::]:80'}",
     "c.yaml:2: intake.listen: not a loopback address: needs "
     "tls_certificate and tls_key\n"},
    {"identity: {oin: 1234}",
     "c.yaml:1: identity.oin: \"1234\" is not allowed (allowed: 20 digits)\n"},
    {"identity: {oin: [1, 2]}",
     "c.yaml:1: identity.oin: one value is needed, not a list or a mapping\n"},
    {"identity: {oin: }",
     "c.yaml:1: identity.oin: a value is needed; without this key it is 00000099000000001000\n"},
    {"identity: {oin: !!int 5}", "c.yaml:1: identity.oin: no tags (!) here\n"},
    {"log: {level: debug}", "c.yaml:1: log.level: \"debug\" is not allowed (allowed: error, "
                            "warning, notice, info)\n"},
    {"kafka: {topic: a/b}", "c.yaml:1: kafka.topic: \"a/b\" is not allowed (allowed: 1..249 of "
                            "[a-zA-Z0-9._-])\n"},
    {"kafka: {topic: ..}", "c.yaml:1: kafka.topic: \"..\" is not allowed (allowed: 1..249 of "
                           "[a-zA-Z0-9._-])\n"},
    {"kafka: {topic: x, counts_topic: x}",
     "c.yaml:1: kafka.counts_topic: must not be kafka.topic\n"},
    {"kafka: {topic: x, current_topic: x}",
     "c.yaml:1: kafka.current_topic: must not be kafka.topic\n"},
    {"kafka: {counts_topic: x, current_topic: x}",
     "c.yaml:1: kafka.current_topic: must not be kafka.counts_topic\n"},
    {"kafka: {topic: signal-counts}", "c.yaml: kafka.counts_topic: must not be kafka.topic\n"},
    {"disclosure: {rounding_base: 4}",
     "c.yaml:1: disclosure.rounding_base: \"4\" is not allowed (allowed: 5..100)\n"},
    {"disclosure: {rounding_base: 101}",
     "c.yaml:1: disclosure.rounding_base: \"101\" is not allowed (allowed: 5..100)\n"},
    {"kafka: {brokers: 'a:1,,b:2'}", "c.yaml:1: kafka.brokers: \"a:1,,b:2\" is not allowed "
                                     "(allowed: HOST:PORT,HOST:PORT)\n"},
    {"kafka: {settings: {plugin.library.paths: x}}",
     "c.yaml:1: kafka.settings: \"plugin.library.paths\" cannot be set here (allowed: security.*, "
     "ssl.*, sasl.* and a few for tuning)\n"},
    {"kafka: {settings: [ssl]}", "c.yaml:1: kafka.settings: names with values are needed\n"},
    {"kafka: {settings: {security.protocol: }}",
     "c.yaml:1: kafka.settings: \"security.protocol\": one value is needed\n"},
    {"intake:\n  listne: none\n",
     "c.yaml:2: intake: unknown key \"listne\" (did you mean listen?)\n"},
    {"intake: {topic: x}",
     "c.yaml:1: intake: unknown key \"topic\" (it belongs in section kafka?)\n"},
    {"intake: {wholly_other: x}", "c.yaml:1: intake: unknown key \"wholly_other\"\n"},
    {"intake: {123_456_782: x}", "c.yaml:1: intake: unknown key \"xxx_xxx_xxx\"\n"},
    {"intake: {a 12 34 56 78: x}", "c.yaml:1: intake: unknown key \"a xx xx xx xx\"\n"},
    {"intakes: {}", "c.yaml:1: unknown section \"intakes\" (did you mean intake?)\n"},
    {"log: {level: info}\nlog: {level: info}\n", "c.yaml:2: \"log\" is already there in line 1\n"},
    {"log:\n  level: info\n  level: info\n",
     "c.yaml:3: log: \"level\" is already there in line 2\n"},
    {"log: info", "c.yaml:1: log: a section with keys is needed\n"},
    {"log: {[a]: b}", "c.yaml:1: a key is a word\n"},
    {"- a", "c.yaml:1: sections with keys are needed\n"},
    {"log: {}\n---\nlog: {}\n", "c.yaml:3: one document only\n"},
    {"log: {level: info", "c.yaml:2: not YAML: did not find expected ',' or '}' while parsing a "
                          "flow mapping\n"},
    {"log:\n\tlevel: info\n", "c.yaml:2: not YAML: found character that cannot start any token "
                              "while scanning for the next token\n"},
    {"log: {}\n# \xff\n", "c.yaml:2: not YAML: invalid leading UTF-8 octet\n"},
    {"log: {level: *a}", "c.yaml:1: not YAML: found undefined alias\n"},
    {"log: &a {level: *a}", "c.yaml:1: log.level: one value is needed, not a list or a mapping\n"},
    {"intake: {item_max: 16MiB}",
     "c.yaml:1: intake.item_max: 16MiB is more than intake.body_max (8MiB)\n"},
    {"intake: {queue_max: 1MiB}",
     "c.yaml:1: intake.queue_max: 1MiB is less than intake.body_max (8MiB)\n"},
    {"poll: {timeout: 5s}", "c.yaml:1: poll.timeout: 5s is less than poll.connect_timeout (10s)\n"},
    {"poll: {bodies_max: 1MiB}",
     "c.yaml:1: poll.bodies_max: 1MiB is less than poll.page_max (32MiB)\n"},
    {"retention: {identity: 3651d}",
     "c.yaml:1: retention.identity: 3651d is more than retention.cells (3650d)\n"},
    {"retention: {cells: 1824d}",
     "c.yaml:1: retention.cells: 1824d is less than retention.identity (1825d)\n"},
    {"poll: {ca_file: categories.csv}", "c.yaml:1: poll.ca_file: categories.csv: holds no "
                                        "\"-----BEGIN CERTIFICATE-----\"\n"},
    {"poll: {ca_file: gone.pem}",
     "c.yaml:1: poll.ca_file: gone.pem: cannot be read: No such file or directory\n"},
    {"tables: {templates: gone}", "c.yaml:1: tables.templates: gone: is no directory\n"},
    {"tables: {templates: sources.csv, sources: gone.csv}",
     "c.yaml:1: tables.templates: sources.csv: is no directory\n"
     "c.yaml:1: tables.sources: gone.csv: cannot be read: No such file or directory\n"},
    {"state: {identity_key: none.key}", "c.yaml:1: state.identity_key: none.key: cannot be read: "
                                        "No such file or directory\n"},
    {"state: {directory: sources.csv}",
     "c.yaml:1: state.directory: sources.csv: is no directory\n"},
    {"state: {directory: '${HOME}/x'}",
     "c.yaml:1: state.directory: only ${CREDENTIALS_DIRECTORY}, ${STATE_DIRECTORY} and "
     "${RUNTIME_DIRECTORY} are filled in\n"},
    {"control: {group: no-such-group-here}", "c.yaml:1: control.group: no such group\n"},
    {"tables: {display_allowlist: gone.txt}",
     "c.yaml:1: tables.display_allowlist: gone.txt: cannot be read: No such file or directory\n"},
    {"tables: {categories: /}", "c.yaml:1: tables.categories: /: is no regular file\n"},
    {"intake: {tls_key: k}", "c.yaml:1: intake.tls_key: tls_certificate and tls_key go together: "
                             "the other one is missing\nc.yaml:1: intake.tls_key: k: cannot be "
                             "read: No such file or directory\n"},
};

static void test_faults(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        expect(bad[i].yaml, bad[i].faults);
}

static void test_all_faults_in_one_run(void **state) {
    (void)state;
    scratch_write("bad.csv", "name,kind\nUPPER,municipality\na,ministry\n", 0644);
    expect("intake:\n"
           "  items_max: many\n"
           "  item_max: 0\n"
           "  colour: red\n"
           "tables:\n"
           "  categories: gone.csv\n"
           "  sources: bad.csv\n"
           "unheard: {}\n",
           "c.yaml:2: intake.items_max: \"many\" is not allowed (allowed: 1..100000)\n"
           "c.yaml:3: intake.item_max: \"0\" is not allowed (allowed: 1KiB..16MiB, with KiB, MiB, "
           "GiB or none)\n"
           "c.yaml:4: intake: unknown key \"colour\"\n"
           "c.yaml:8: unknown section \"unheard\"\n"
           "c.yaml:6: tables.categories: gone.csv: cannot be read: No such file or directory\n"
           "bad.csv:2: name: not allowed (allowed: 1..64 of [a-z0-9._-])\n"
           "bad.csv:3: kind: not allowed (allowed: municipality coa care police kmar nla ngo "
           "other)\n");
}

static void test_missing_file(void **state) {
    (void)state;
    struct diagnostics faults;
    diagnostics_init(&faults);
    assert_null(config_load("/nowhere/signaald.yaml", NULL, &faults));
    assert_int_equal(faults.count, 1);
    assert_memory_equal(faults.text.data, "/nowhere/signaald.yaml: No such file", 36);
    diagnostics_free(&faults);
}

static void test_directories_of_systemd(void **state) {
    (void)state;
    unsetenv("STATE_DIRECTORY");
    expect("state: {directory: '${STATE_DIRECTORY}'}",
           "c.yaml:1: state.directory: STATE_DIRECTORY is not set (systemd sets it for a "
           "service: StateDirectory=)\n");
    setenv("STATE_DIRECTORY", "/var/lib/one:/var/lib/two", 1);
    struct config *c = load_good("state: {directory: '${STATE_DIRECTORY}/ledger'}");
    assert_string_equal(c->state_dir, "/var/lib/one/ledger");
    config_free(c);
    unsetenv("STATE_DIRECTORY");
}

static void test_tls(void **state) {
    (void)state;
    static const char yaml[] =
        "identity: {oin: '00000001823288444000'}\n"
        "intake: {listen: '0.0.0.0:8443', tls_certificate: t.pem, tls_key: t.key}";
    scratch_write("t.pem", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", 0644);
    scratch_write("t.key", "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n", 0600);
    struct config *c = load_good(yaml);
    assert_string_equal(c->tls_key_file, scratch_path("t.key"));
    config_free(c);
    assert_int_equal(chmod(scratch_path("t.key"), 0644), 0);
    expect(yaml, "c.yaml:2: intake.tls_key: t.key: " OPEN("0644"));
    scratch_write("t.key", "nothing", 0600);
    scratch_write("t.pem", "nothing", 0644);
    expect(yaml, "c.yaml:2: intake.tls_certificate: t.pem: holds no \"-----BEGIN "
                 "CERTIFICATE-----\"\n"
                 "c.yaml:2: intake.tls_key: t.key: holds no \"PRIVATE KEY-----\"\n");
}

static void an_oin_for_tests_stays_at_home(void **state) {
    (void)state;
    static const char said[] =
        "an OIN for tests: write your organisation's, or identity.test: yes\n";
    static const char *const home[] = {
        "kafka: {brokers: 'localhost:9092, [::1]:9092, 127.0.0.1'}", "intake: {listen: none}",
        "identity: {test: yes}\nkafka: {brokers: 'kafka.example.nl:9092', settings: "
        "{security.protocol: ssl}}",
        "identity: {oin: '00000001823288444000'}\nkafka: {brokers: 'kafka.example.nl:9092', "
        "settings: {security.protocol: ssl}}"};
    static const char *const away[] = {
        "kafka: {brokers: 'localhost:9092,10.0.0.1:9092', settings: {security.protocol: ssl}}",
        "kafka: {brokers: 'kafka.example.nl', settings: {security.protocol: ssl}}",
        ("intake: {listen: none}\nkafka: {brokers: '[2001:db8::1]:1', settings: "
         "{security.protocol: "
         "ssl}}")};
    char text[256];
    for (size_t i = 0; i < COUNT(home); i++)
        config_free(load_good(home[i]));
    for (size_t i = 0; i < COUNT(away); i++) {
        (void)snprintf(text, sizeof text, "c.yaml: identity.oin: %s", said);
        expect(away[i], text);
    }
    expect(
        "identity: {oin: '00000099000000002000'}\nkafka: {brokers: 'kafka.example.nl', settings: "
        "{security.protocol: ssl}}",
        "c.yaml:1: identity.oin: an OIN for tests: write your organisation's, or identity.test: "
        "yes\n");
}

// By hand nobody but the service has them; what else is wrong is found all the same.
static void credentials_are_passed_over_by_hand(void **state) {
    (void)state;
    struct diagnostics faults;
    scratch_write("c.yaml",
                  "state: {identity_key: '${CREDENTIALS_DIRECTORY}/identity.key'}\n"
                  "intake: {tls_certificate: '${CREDENTIALS_DIRECTORY}/a', "
                  "tls_key: '${CREDENTIALS_DIRECTORY}/b'}\n"
                  "kafka: {settings: {ssl.key.password: 'file:${CREDENTIALS_DIRECTORY}/c'}}\n",
                  0600);
    unsetenv("CREDENTIALS_DIRECTORY");
    for (int by_hand = 0; by_hand < 2; by_hand++) {
        diagnostics_init(&faults);
        faults.by_hand = by_hand;
        struct config *config = config_load(scratch_path("c.yaml"), NULL, &faults);
        assert_int_equal(config != NULL, by_hand);
        assert_int_equal(faults.count, by_hand ? 0 : 4);
        assert_int_equal(faults.passed_over, by_hand ? 4 : 0);
        config_free(config);
        diagnostics_free(&faults);
    }
    scratch_write("c.yaml", "state: {identity_key: '${CREDENTIALS_DIRECTORY}/k', size_max: 1}\n",
                  0600);
    diagnostics_init(&faults);
    faults.by_hand = true;
    assert_null(config_load(scratch_path("c.yaml"), NULL, &faults));
    assert_int_equal(faults.count, 1);
    diagnostics_free(&faults);
}

static void test_keys(void **state) {
    (void)state;
    expect("person: {key: none.key, previous_key: sources.csv}",
           "c.yaml:1: person.key: none.key: cannot be read: No such file or directory\n"
           "c.yaml:1: person.previous_key: sources.csv: " OPEN("0644"));
    scratch_write("id.key", "too short", 0600);
    expect("state: {identity_key: id.key}", "c.yaml:1: state.identity_key: id.key: a key is 32 "
                                            "bytes or 64 hexadecimal digits\n");
    scratch_write("id.key", "0123456789abcdef0123456789abcdef", 0600);
    config_free(load_good("state: {identity_key: id.key}"));
}

static void test_secret_settings(void **state) {
    (void)state;
    static const char yaml[] = "kafka:\n"
                               "  settings:\n"
                               "    security.protocol: sasl_ssl\n"
                               "    sasl.password: file:pw\n"
                               "    ssl.key.location: k.pem\n";
    scratch_write("pw", "s3cret-word\n", 0600);
    scratch_write("k.pem", "x", 0600);
    struct config *c = load_good(yaml);
    assert_int_equal(c->kafka_property_count, 3);
    assert_string_equal(c->kafka_properties[0].value, "sasl_ssl");
    assert_false(c->kafka_properties[0].secret);
    assert_string_equal(c->kafka_properties[1].value, "s3cret-word");
    assert_true(c->kafka_properties[1].secret);
    assert_string_equal(c->kafka_properties[2].value, scratch_path("k.pem"));
    char *print = printed(c);
    assert_null(strstr(print, "s3cret"));
    assert_non_null(strstr(print, "\"sasl.password\": \"(secret)\"\n"));
    assert_non_null(strstr(print, "\"security.protocol\": \"sasl_ssl\"\n"));
    free(print);
    config_free(c);

    assert_int_equal(chmod(scratch_path("pw"), 0604), 0);
    assert_int_equal(chmod(scratch_path("k.pem"), 0644), 0);
    expect(yaml, "c.yaml:4: kafka.settings: \"sasl.password\": " OPEN(
                     "0604") "c.yaml:5: kafka.settings: \"ssl.key.location\": " OPEN("0644"));
    expect(
        "kafka: {settings: {sasl.password: s3cret-word}}",
        "c.yaml:1: kafka.settings: \"sasl.password\": write file:PATH, or close this file: " OPEN(
            "0644"));
    scratch_write_bytes("pw", "a\0b", 3, 0600);
    expect("kafka: {settings: {sasl.password: 'file:pw'}}",
           "c.yaml:1: kafka.settings: \"sasl.password\": is empty or is not text\n");
    expect("kafka: {settings: {sasl.password: 'file:gone'}}",
           "c.yaml:1: kafka.settings: \"sasl.password\": cannot be read: No such file or "
           "directory\n");
}

static void test_too_many_settings(void **state) {
    (void)state;
    char yaml[2048];
    size_t at = (size_t)snprintf(yaml, sizeof yaml, "kafka:\n  settings:\n");
    for (int i = 0; i <= KAFKA_PROPERTIES_MAX; i++)
        at += (size_t)snprintf(yaml + at, sizeof yaml - at, "    ssl.a%d: x\n", i);
    expect(yaml, "c.yaml:3: kafka.settings: more than 32 keys in one place\n");
}

static void test_print_loads_again(void **state) {
    (void)state;
    struct config *c = load_good(
        "identity: {test: yes}\n"
        "intake: {listen: '[::1]:81', idle_timeout: 90s, body_max: 1537, item_max: 1KiB}\n"
        "kafka: {settings: {security.protocol: ssl}, brokers: 'a:1'}\n"
        "state: {directory: '/a \"b\"\\c: # d'}\n");
    char *first = printed(c);
    config_free(c);
    c = load_good(first);
    char *second = printed(c);
    assert_string_equal(first, second);
    assert_non_null(strstr(first, "idle_timeout: 90s"));
    assert_non_null(strstr(first, "body_max: 1537B"));
    free(first);
    free(second);
    config_free(c);
}

static char *read_text(const char *path) {
    struct buf text;
    struct err err;
    if (!str_read_file(path, 1 << 20, &text, &err))
        fail_msg("%s", err.text);
    return buf_take(&text);
}

// What ships says the same as the table of keys, and names every key.
static void test_example(void **state) {
    (void)state;
    char *example = read_text(SOURCE_DIR "/conf/signaald.yaml");
    struct config *c = load_good(""), *shipped = load_good(example);
    char *a = printed(c), *b = printed(shipped);
    assert_string_equal(a, b);
    for (size_t i = 0; i < config_key_count; i++) {
        char with[64], without[64];
        (void)snprintf(with, sizeof with, "\n  %s:", config_keys[i].name);
        (void)snprintf(without, sizeof without, "\n  #%s:", config_keys[i].name);
        if (!strstr(example, config_keys[i].default_text ? with : without))
            fail_msg("conf/signaald.yaml does not have %s", config_keys[i].name);
    }
    free(a);
    free(b);
    free(example);
    config_free(c);
    config_free(shipped);
}

// Bytes of the example changed at random: a configuration or faults, never anything else.
static void test_random_changes(void **state) {
    (void)state;
    uint64_t seed = unit_seed();
    char *example = read_text(SOURCE_DIR "/conf/signaald.yaml");
    size_t len = strlen(example);
    char *changed = malloc(len + 1);
    assert_non_null(changed);
    for (int round = 0; round < 300; round++) {
        memcpy(changed, example, len + 1);
        for (int i = 0; i < 1 + round % 20; i++) {
            static const char likely[] = ":{}[]#'\"&*!|>-\n ,%\\";
            uint64_t r = unit_random(&seed);
            changed[r % len] = (char)(r >> 63 ? likely[(r >> 32) % (sizeof likely - 1)]
                                              : 1 + (int)((r >> 32) % 255));
        }
        char *text;
        size_t count;
        config_free(load(changed, &text, &count));
        free(text);
    }
    free(changed);
    free(example);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_all_faults_in_one_run),
        cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_directories_of_systemd),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(an_oin_for_tests_stays_at_home),
        cmocka_unit_test(credentials_are_passed_over_by_hand),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_secret_settings),
        cmocka_unit_test(test_too_many_settings),
        cmocka_unit_test(test_print_loads_again),
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_random_changes),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
