// SPDX-License-Identifier: EUPL-1.2
// The one table of keys: name, type, place in struct config, default, limits, help, and whether a
// reload reads it again. Defaults go through the same reading as what the operator writes. A new
// key is a row here and a line in conf/signaald.yaml; conf/man/signaald.yaml.5 is printed from it.
#include "config_private.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static bool is_oin(struct str text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return text.len == 20;
}

static bool is_topic(struct str text) {
    return text_is_word(text, 249, "._-") && !str_is(text, ".") && !str_is(text, "..");
}

static bool is_group(struct str text) {
    return text_is_word(text, 32, "_-.");
}

static bool is_brokers(struct str text) {
    struct str broker;
    bool ok = text.len > 0 && text.len <= CONFIG_TEXT_MAX;
    while (ok && str_split(&text, ',', &broker))
        ok = text_is_word(str_trim(broker), 300, "._-:[]/");
    return ok;
}

#define KIB(n) ((n)*1024ULL)
#define MIB(n) ((n)*1048576ULL)
#define GIB(n) ((n)*1073741824ULL)
#define SECONDS(n) ((n)*1000ULL)
#define HOURS(n) ((n)*3600000ULL)
#define DAYS(n) ((n)*86400000ULL)
#define AT(field) offsetof(struct config, field)
#define TEXT(section, name, field, default_text, check, allowed, help)                             \
    { section, name, CONFIG_TEXT, AT(field), default_text, help, 0, 0, check, allowed, false }
#define PATH(section, name, field, default_text, help)                                             \
    { section, name, CONFIG_PATH, AT(field), default_text, help, 0, 0, NULL, "a path", false }
// A path whose file or directory is read again by a reload; the path itself is not.
#define TABLE(name, field, default_text, help)                                                     \
    { "tables", name, CONFIG_PATH, AT(field), default_text, help, 0, 0, NULL, "a path", true }
#define NUMBER(section, name, type, field, default_text, min, max, help)                           \
    { section, name, type, AT(field), default_text, help, min, max, NULL, NULL, false }

const struct config_key config_keys[] = {
    TEXT("identity", "oin", oin, "00000099000000001000", is_oin, "20 digits",
         "organisation's OIN, in the source of each event"),
    PATH("state", "directory", state_dir, "/var/lib/signaald", "where the ledger lives"),
    PATH("state", "identity_key", identity_key_file, NULL,
         "secret for ids and content; none: identity.key in the state directory"),
    NUMBER("state", "size_max", CONFIG_BYTES_64, state_bytes_max, "16GiB", MIB(1), GIB(65536),
           "the ledger file never grows past it"),
    NUMBER("state", "disk_percent_max", CONFIG_COUNT, disk_percent_max, "90", 1, 100,
           "of its disk in use; over it 429"),
    PATH("person", "key", person_key_file, NULL,
         "secret for pseudonyms of persons; none: person.key in the state directory"),
    PATH("person", "previous_key", person_previous_key_file, NULL,
         "the one before it, while keys are rotated"),
    NUMBER("retention", "identity", CONFIG_MS, retention.identity_ms, "1825d", DAYS(1), DAYS(36500),
           "a signal, since its last version"),
    NUMBER("retention", "quarantine", CONFIG_MS, retention.quarantine_ms, "90d", DAYS(1),
           DAYS(36500), "what could not be taken"),
    NUMBER("retention", "unmapped", CONFIG_MS, retention.unmapped_ms, "365d", DAYS(1), DAYS(36500),
           "words that the tables lack"),
    NUMBER("retention", "audit", CONFIG_MS, retention.audit_ms, "1825d", DAYS(1), DAYS(36500),
           "lines of the audit log"),
    NUMBER("retention", "cells", CONFIG_MS, retention.cells_ms, "3650d", DAYS(1), DAYS(36500),
           "victims' attributes in the counts"),
    {"intake", "listen", CONFIG_LISTEN, AT(listen_address), "127.0.0.1:8080",
     "address of the intake by HTTP", 0, 0, NULL,
     "ADDRESS:PORT, [ADDRESS]:PORT or none; ports 1..65535, no names of hosts", false},
    PATH("intake", "tls_certificate", tls_certificate_file, NULL, "PEM chain"),
    PATH("intake", "tls_key", tls_key_file, NULL, "PEM key, not readable by others"),
    NUMBER("intake", "connections_max", CONFIG_COUNT, http.connections_max, "1000", 1, 100000,
           "over it new ones wait"),
    NUMBER("intake", "head_max", CONFIG_BYTES, http.head_bytes_max, "16KiB", KIB(1), MIB(1),
           "request line and headers"),
    NUMBER("intake", "body_max", CONFIG_BYTES, http.body_bytes_max, "8MiB", KIB(1), GIB(1),
           "one request's body"),
    NUMBER("intake", "bodies_max", CONFIG_BYTES, http.body_bytes_max_all, "64MiB", KIB(1), GIB(64),
           "all bodies together"),
    NUMBER("intake", "item_max", CONFIG_BYTES, item_bytes_max, "64KiB", KIB(1), MIB(16),
           "one signal"),
    NUMBER("intake", "items_max", CONFIG_COUNT, items_max, "10000", 1, 100000,
           "signals in a batch"),
    NUMBER("intake", "json_depth_max", CONFIG_COUNT, json_depth_max, "32", 4, 512,
           "levels of nesting"),
    NUMBER("intake", "head_timeout", CONFIG_MS, http.head_timeout_ms, "10s", 100, HOURS(1),
           "until the headers are whole"),
    NUMBER("intake", "body_timeout", CONFIG_MS, http.body_timeout_ms, "60s", 100, HOURS(1),
           "until the body is whole"),
    NUMBER("intake", "idle_timeout", CONFIG_MS, http.idle_timeout_ms, "120s", 100, HOURS(24),
           "from a reply to the next request"),
    NUMBER("intake", "queue_max", CONFIG_BYTES_64, queue_bytes_max, "64MiB", KIB(1), GIB(64),
           "waiting for a commit, in memory; over it 429"),
    NUMBER("intake", "backlog_max", CONFIG_BYTES_64, backlog_bytes_max, "10GiB", KIB(1), GIB(65536),
           "waiting for Kafka, on disk; over it 429"),
    PATH("control", "socket", control_socket, "/run/signaald/control.sock",
         "local socket of signaalctl"),
    TEXT("control", "group", control_group, NULL, is_group, "name of a group",
         "may read through the socket; none: the daemon's own"),
    TEXT("kafka", "brokers", kafka_brokers, NULL, is_brokers, "HOST:PORT,HOST:PORT",
         "none: events stay in the ledger"),
    TEXT("kafka", "topic", kafka_topic, "signals", is_topic, "1..249 of [a-zA-Z0-9._-]",
         "of the events"),
    TEXT("kafka", "counts_topic", kafka_counts_topic, "signal-counts", is_topic,
         "1..249 of [a-zA-Z0-9._-], or none", "of the statistics for outside; compacted"),
    NUMBER("kafka", "recovery_wait", CONFIG_MS, kafka_recovery_wait_ms, "500ms", 0, SECONDS(60),
           "wait for a killed daemon's last bytes"),
    {"kafka", "settings", CONFIG_PROPERTIES, AT(kafka_properties), NULL,
     "librdkafka's own: security.*, ssl.*, sasl.* …", 0, 0, NULL,
     "a mapping of librdkafka's names to values", false},
    NUMBER("disclosure", "rounding_base", CONFIG_COUNT, disclosure_rounding_base, "10", 5, 100,
           "statistics for outside are floored to it"),
    TABLE("municipalities", table_files.municipalities, "municipalities.csv", "CBS codes"),
    TABLE("name_variants", table_files.name_variants, "name-variants.csv",
          "other spellings of municipalities"),
    TABLE("categories", table_files.categories, "categories.csv", "words for exploitation"),
    TABLE("display_allowlist", table_files.display_allowlist, "display-allowlist.txt",
          "words that may be shown of what sources write"),
    TABLE("sources", sources_file, "sources.csv", "who delivers, and how"),
    TABLE("templates", templates_dir, "templates", "what endpoints of a kind share"),
    NUMBER("poll", "connections_max", CONFIG_COUNT, fetch.connections_max, "256", 1, 10000,
           "at the same time"),
    NUMBER("poll", "host_connections_max", CONFIG_COUNT, fetch.host_connections_max, "2", 1, 1000,
           "of these to one host"),
    NUMBER("poll", "connect_timeout", CONFIG_MS, fetch.connect_timeout_ms, "10s", 100, SECONDS(300),
           "name, connection and TLS"),
    NUMBER("poll", "timeout", CONFIG_MS, fetch.timeout_ms, "60s", 100, HOURS(1), "a whole page"),
    NUMBER("poll", "page_max", CONFIG_BYTES, fetch.body_bytes_max, "32MiB", KIB(1), GIB(1),
           "one page, unpacked"),
    NUMBER("poll", "bodies_max", CONFIG_BYTES, fetch.body_bytes_max_all, "256MiB", KIB(1), GIB(64),
           "all pages under way, in memory"),
    NUMBER("poll", "pages_max", CONFIG_COUNT, poll_pages_max, "10000", 1, 1000000,
           "pages of one poll; a template may say less"),
    PATH("poll", "ca_file", fetch.ca_file, NULL, "PEM, whom to trust; none: the system's"),
    {"log", "level", CONFIG_LEVEL, AT(log_level), "notice", "least that is logged", 0, 0, NULL,
     "error, warning, notice, info", false},
};
const size_t config_key_count = sizeof config_keys / sizeof *config_keys;
_Static_assert(sizeof config_keys / sizeof *config_keys <= CONFIG_KEYS_MAX, "room for each key");

size_t config_key_index(const char *section, const char *name) {
    size_t i = 0;
    while (i < config_key_count &&
           (strcmp(config_keys[i].section, section) != 0 || strcmp(config_keys[i].name, name) != 0))
        i++;
    assert(i < config_key_count);
    return i;
}
