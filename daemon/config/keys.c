// SPDX-License-Identifier: EUPL-1.2
// The one table of keys: name, type, place in struct config, default, limits, help, and whether
// only a restart changes it. Defaults go through the same reading as what the operator writes. A
// new key is a row here and a line in conf/signaald.yaml; conf/man/signaald.yaml.5 is printed from
// it.
#include "config_private.h"

#include "base/pii/log.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static bool is_oin(struct str text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return text.len == 20;
}

static bool is_email(struct str text) {
    struct str name;
    return str_split(&text, '@', &name) && text_is_word(name, 64, "._+-") &&
           text_is_word(text, 253, ".-");
}

static bool is_contact_url(struct str text) {
    return text.len > 8 && memcmp(text.data, "https://", 8) == 0 && !url_fault(text);
}

static bool is_name(struct str text) {
    return text.len > 0 && text.len <= 100 && str_is_clean_utf8(text);
}

static bool is_topic(struct str text) {
    return text_is_word(text, 249, "._-") && !str_is(text, ".") && !str_is(text, "..");
}

// In reverse order, as of a domain.
static bool is_type_prefix(struct str text) {
    struct str rest = text, word;
    bool ok = text.len > 0 && text.len <= 64;
    while (ok && str_split(&rest, '.', &word))
        ok = text_is_word(word, 64, "-");
    return ok;
}

static bool is_regulation(struct str text) {
    return text_is_word(text, 64, "._-,");
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
#define TEXT(s, n, field, text, is, words, what)                                                   \
    {                                                                                              \
        .section = s, .name = n, .type = YAML_KEY_TEXT, .offset = AT(field), .default_text = text, \
        .check = is, .allowed = words, .help = what                                                \
    }
#define PATH(s, n, field, text, what)                                                              \
    {                                                                                              \
        .section = s, .name = n, .type = YAML_KEY_PATH, .offset = AT(field), .default_text = text, \
        .allowed = "a path", .help = what                                                          \
    }
#define TABLE(n, field, text, what)                                                                \
    {                                                                                              \
        .section = "tables", .name = n, .type = YAML_KEY_PATH, .offset = AT(field),                \
        .default_text = text, .allowed = "a path", .help = what                                    \
    }
// What a running daemon is built on.
#define FIXED_PATH(s, n, field, text, what)                                                        \
    {                                                                                              \
        .section = s, .name = n, .type = YAML_KEY_PATH, .offset = AT(field), .default_text = text, \
        .allowed = "a path", .help = what, .restart = true                                         \
    }
#define FIXED_TEXT(s, n, field, text, is, words, what)                                             \
    {                                                                                              \
        .section = s, .name = n, .type = YAML_KEY_TEXT, .offset = AT(field), .default_text = text, \
        .check = is, .allowed = words, .help = what, .restart = true                               \
    }
#define FIXED_NUMBER(s, n, t, field, text, least, most, what)                                      \
    {                                                                                              \
        .section = s, .name = n, .type = t, .offset = AT(field), .default_text = text,             \
        .min = least, .max = most, .help = what, .restart = true                                   \
    }
#define NUMBER(s, n, t, field, text, least, most, what)                                            \
    {                                                                                              \
        .section = s, .name = n, .type = t, .offset = AT(field), .default_text = text,             \
        .min = least, .max = most, .help = what                                                    \
    }

static const char *const flags[] = {"no", "yes", NULL};
static const char *const levels[] = {"error", "warning", "notice", "info", NULL};
_Static_assert(LOG_LEVEL_INFO == LOG_LEVEL_ERROR + 3, "levels are in this order");

const struct yaml_key config_keys[] = {
    FIXED_TEXT(
        "identity", "oin", oin, "00000099000000001000", is_oin, "20 digits",
        "The organisation's OIN is part of the source of each event; the default is for tests"),
    {.section = "identity",
     .name = "test",
     .type = YAML_KEY_FLAG,
     .offset = AT(identity_test),
     .choices = flags,
     .default_text = "no",
     .restart = true,
     .help = "With yes, an OIN for tests is taken beyond loopback too"},
    TEXT("identity", "contact_email", contact_email, "signaald@beheer.example", is_email,
         "an address of e-mail", "Suppliers ask here: a part of the documents that are served"),
    TEXT("identity", "contact_url", contact_url, "https://beheer.example/signaald", is_contact_url,
         "a URL with https", "Suppliers read here: a part of the documents that are served"),
    FIXED_TEXT("identity", "type_prefix", type_prefix, "nl.mensenhandelsignalen", is_type_prefix,
               "1..64 of [a-zA-Z0-9-], in parts with dots between them",
               "What the type of each event begins with: a domain of yours, in reverse order"),
    FIXED_TEXT("identity", "data_regulation", data_regulation, "GDPR", is_regulation,
               "1..64 of [a-zA-Z0-9._,-]",
               "The law that events fall under: the attribute dataregulation of each"),
    TEXT("identity", "organisation", organisation, NULL, is_name,
         "1..100 bytes without control characters", "The organisation is called so in its reports"),
    PATH("identity", "logo", logo_file, NULL,
         "This picture stands in reports: PNG, or SVG without scripts and references; at most "
         "256KiB"),
    FIXED_PATH(
        "state", "directory", state_dir, "/var/lib/signaald",
        "The ledger lives here: a local disk that keeps what fdatasync(2) promises, no network "
        "share"),
    FIXED_PATH(
        "state", "identity_key", identity_key_file, NULL,
        "This secret turns sources' own ids into ours; without it, identity.key in the state "
        "directory"),
    FIXED_NUMBER("state", "size_max", YAML_KEY_BYTES_64, state_bytes_max, "16GiB", MIB(1),
                 GIB(65536), "The file of the ledger never grows past this"),
    NUMBER("state", "disk_percent_max", YAML_KEY_COUNT, disk_percent_max, "90", 1, 100,
           "Signals are refused (429) while more of the disk than this is in use"),
    FIXED_PATH(
        "person", "key", person_key_file, NULL,
        "This secret turns persons into pseudonyms; without it, person.key in the state directory"),
    FIXED_PATH("person", "previous_key", person_previous_key_file, NULL,
               "The key before it stays here while keys are rotated: both hold at once"),
    NUMBER("retention", "identity", YAML_KEY_MS, retention.identity_ms, "1825d", DAYS(1),
           DAYS(36500), "A signal goes so long after its last version, and pseudonyms with it"),
    NUMBER("retention", "quarantine", YAML_KEY_MS, retention.quarantine_ms, "90d", DAYS(1),
           DAYS(36500), "An entry of the quarantine goes so long after it was last seen"),
    NUMBER("retention", "unmapped", YAML_KEY_MS, retention.unmapped_ms, "365d", DAYS(1),
           DAYS(36500), "A word that the tables lack goes so long after it last came"),
    NUMBER("retention", "audit", YAML_KEY_MS, retention.audit_ms, "1825d", DAYS(1), DAYS(36500),
           "A line of the audit log goes at this age"),
    NUMBER("retention", "cells", YAML_KEY_MS, retention.cells_ms, "3650d", DAYS(1), DAYS(36500),
           "Counts of expired signals lose the victims' attributes at this age"),
    {.section = "intake",
     .name = "listen",
     .type = YAML_KEY_OWN,
     .set = config_set_listen,
     .default_text = "127.0.0.1:8080",
     .restart = true,
     .help = "The daemon takes signals here; any address but loopback needs TLS; signaald.socket, "
             "where it is enabled, has to listen at the same one",
     .allowed = "ADDRESS:PORT, [ADDRESS]:PORT or none; ports 1..65535, no names of hosts"},
    PATH("intake", "tls_certificate", tls_certificate_file, NULL,
         "The certificate and its chain, PEM; a reload takes another one, not the first or none"),
    PATH("intake", "tls_key", tls_key_file, NULL,
         "The key of the certificate, PEM, which others cannot read"),
    PATH(
        "intake", "tls_client_ca", tls_client_ca_file, NULL,
        "Authorities, PEM, whose certificates a sender may show instead of a token; a reload reads "
        "them again"),
    PATH(
        "intake", "tls_client_crl", tls_client_crl_file, NULL,
        "Lists of certificates that were revoked, PEM, one of each authority; who has none that is "
        "in date is refused; a reload reads them again"),
    FIXED_NUMBER("intake", "connections_max", YAML_KEY_COUNT, http.connections_max, "1000", 1,
                 100000, "More connections than this wait until one closes"),
    NUMBER("intake", "share_percent", YAML_KEY_COUNT, http.share_percent, "25", 1, 100,
           "Of connections, bodies and the queue one source has at most this part; before it is "
           "known, "
           "one address; on the control socket, one user"),
    FIXED_NUMBER("intake", "head_max", YAML_KEY_BYTES, http.head_bytes_max, "16KiB", KIB(1), MIB(1),
                 "A longer request line with headers is refused (431)"),
    NUMBER("intake", "body_max", YAML_KEY_BYTES, http.body_bytes_max, "8MiB", KIB(1), GIB(1),
           "A longer body of one request is refused (413)"),
    NUMBER("intake", "bodies_max", YAML_KEY_BYTES, http.body_bytes_max_all, "64MiB", KIB(1),
           GIB(64), "When all bodies together are longer, a request is refused (429)"),
    NUMBER("intake", "requests_per_minute", YAML_KEY_COUNT, requests_per_minute, "0", 0,
           CONFIG_REQUESTS_PER_MINUTE_MAX,
           "One source may send so many requests (429), unless its line says otherwise; 0: any"),
    NUMBER("intake", "unpacked_max", YAML_KEY_BYTES, unpacked_bytes_max, "64MiB", KIB(1), GIB(1),
           "A body packed with gzip that becomes longer is refused (413)"),
    NUMBER("intake", "item_max", YAML_KEY_BYTES, item_bytes_max, "64KiB", KIB(1), MIB(16),
           "A longer signal is refused"),
    NUMBER("intake", "items_max", YAML_KEY_COUNT, items_max, "10000", 1, 100000,
           "A request with more signals is refused"),
    NUMBER("intake", "json_depth_max", YAML_KEY_COUNT, json_depth_max, "32", 4, 512,
           "JSON that is nested deeper is refused"),
    NUMBER("intake", "head_timeout", YAML_KEY_MS, http.head_timeout_ms, "10s", 100, HOURS(1),
           "The headers have to be whole so long after the connection"),
    NUMBER("intake", "body_timeout", YAML_KEY_MS, http.body_timeout_ms, "60s", 100, HOURS(1),
           "The body has to be whole so long after the headers"),
    NUMBER("intake", "idle_timeout", YAML_KEY_MS, http.idle_timeout_ms, "120s", 100, HOURS(24),
           "The next request has to come so long after a reply"),
    NUMBER("intake", "queue_max", YAML_KEY_BYTES_64, queue_bytes_max, "64MiB", KIB(1), GIB(64),
           "When more waits in memory for a commit, a request is refused (429)"),
    NUMBER("intake", "backlog_max", YAML_KEY_BYTES_64, backlog_bytes_max, "10GiB", KIB(1),
           GIB(65536), "When more waits on disk for Kafka, a request is refused (429)"),
    FIXED_PATH("control", "socket", control_socket, "/run/signaald/control.sock",
               "signaalctl(1) talks to the daemon here; signaald-control.socket has to have the "
               "same path"),
    NUMBER("control", "questions_max", YAML_KEY_COUNT, control_questions_max, "1", 1, 3,
           "So many questions are worked out at once, beside intake; more wait, then get 429"),
    NUMBER("control", "reads_per_minute", YAML_KEY_COUNT, control_reads_per_minute, "600", 1,
           1000000,
           "So often one reader may ask what the audit log gets a line of (429); root may always"),
    FIXED_TEXT("control", "group", control_group, NULL, is_group, "name of a group",
               "Members of this group may read; without it, those of the daemon's own group"),
    {.section = "metrics",
     .name = "listen",
     .type = YAML_KEY_OWN,
     .set = config_set_metrics,
     .default_text = "none",
     .restart = true,
     .help = "Prometheus reads GET /metrics here, and nothing else: figures about signals are "
             "rounded down, as for outside; signaald-metrics.socket, where it is enabled, has to "
             "listen at the same one",
     .allowed = "ADDRESS:PORT, [ADDRESS]:PORT or none; ports 1..65535, no names of hosts"},
    {.section = "metrics",
     .name = "plain",
     .type = YAML_KEY_FLAG,
     .offset = AT(metrics_plain),
     .choices = flags,
     .default_text = "no",
     .restart = true,
     .help = "With yes, an address beyond loopback is in the clear: where a tunnel encrypts; "
             "otherwise it shows intake.tls_certificate"},
    TEXT("kafka", "brokers", kafka_brokers, NULL, is_brokers, "HOST:PORT,HOST:PORT",
         "Without brokers events stay in the ledger until there are"),
    FIXED_TEXT("kafka", "topic", kafka_topic, "signals", is_topic, "1..249 of [a-zA-Z0-9._-]",
               "The topic of the events"),
    FIXED_TEXT("kafka", "counts_topic", kafka_counts_topic, "signal-counts", is_topic,
               "1..249 of [a-zA-Z0-9._-], or none",
               "The topic of the statistics that may be told outside; it has to be compacted"),
    FIXED_TEXT("kafka", "current_topic", kafka_current_topic, "signals-current", is_topic,
               "1..249 of [a-zA-Z0-9._-], or none",
               "The topic of the signals as they stand; it has to be compacted"),
    NUMBER("kafka", "recovery_wait", YAML_KEY_MS, kafka_recovery_wait_ms, "500ms", 0, SECONDS(60),
           "After a restart the daemon waits so long for the last bytes of a killed one"),
    {.section = "kafka",
     .name = "settings",
     .type = YAML_KEY_NODE,
     .read = kafka_properties_read,
     .help = "librdkafka's own settings: security.*, ssl.*, sasl.* and a few for tuning",
     .allowed = "a mapping of librdkafka's names to values"},
    NUMBER("disclosure", "rounding_base", YAML_KEY_COUNT, disclosure_rounding_base, "10", 5, 100,
           "Statistics for outside are rounded down to a multiple of this, which is the smallest "
           "one too"),
    {.section = "disclosure",
     .name = "public",
     .type = YAML_KEY_FLAG,
     .offset = AT(disclosure_public),
     .choices = flags,
     .default_text = "no",
     .help = "With yes, anybody may read these statistics, and the lists of codes, at "
             "/v1/statistics and /v1/codes of intake.listen, without a token"},
    NUMBER("disclosure", "requests_per_minute", YAML_KEY_COUNT, disclosure_requests_per_minute,
           "60", 0, 1000000, "One address may ask for them so often (429); 0: any"),
    TABLE("municipalities", table_files.municipalities, "municipalities.csv",
          "CBS codes and names of municipalities, with their regions and mergers"),
    TABLE("name_variants", table_files.name_variants, "name-variants.csv",
          "Other spellings of municipalities"),
    TABLE("categories", table_files.categories, "categories.csv",
          "Words for forms of exploitation"),
    TABLE("display_allowlist", table_files.display_allowlist, "display-allowlist.txt",
          "Of words that the tables lack, only what is made of these is shown"),
    TABLE("sources", sources_file, "sources.csv", "Who delivers, and how: see sources.csv(5)"),
    TABLE("templates", templates_dir, "templates",
          "What endpoints of a kind share, a file each: see signaal-template(5)"),
    NUMBER("poll", "connections_max", YAML_KEY_COUNT, fetch.connections_max, "256", 1, 10000,
           "So many connections to sources are open at once"),
    NUMBER("poll", "host_connections_max", YAML_KEY_COUNT, fetch.host_connections_max, "2", 1, 1000,
           "So many of these go to one host and port"),
    NUMBER("poll", "connect_timeout", YAML_KEY_MS, fetch.connect_timeout_ms, "10s", 100,
           SECONDS(300), "Name, connection and TLS have to be there within this"),
    NUMBER("poll", "timeout", YAML_KEY_MS, fetch.timeout_ms, "60s", 100, HOURS(1),
           "A whole page has to be there within this"),
    NUMBER("poll", "page_max", YAML_KEY_BYTES, fetch.body_bytes_max, "32MiB", KIB(1), GIB(1),
           "A page that is longer when unpacked is refused"),
    NUMBER("poll", "bodies_max", YAML_KEY_BYTES, fetch.body_bytes_max_all, "256MiB", KIB(1),
           GIB(64), "When all pages under way are longer, the largest is cut off"),
    NUMBER("poll", "pages_max", YAML_KEY_COUNT, poll_pages_max, "10000", 1, 1000000,
           "A poll reads at most so many pages; a template may say less"),
    PATH("poll", "ca_file", fetch.ca_file, NULL,
         "Authorities to trust, PEM; without it, those of the system"),
    PATH("poll", "crl_file", fetch.crl_file, NULL,
         "Lists of revoked certificates, PEM; with it, each authority of a chain needs one in it"),
    {.section = "log",
     .name = "level",
     .type = YAML_KEY_CHOICE,
     .offset = AT(log_level),
     .choices = levels,
     .min = LOG_LEVEL_ERROR,
     .default_text = "notice",
     .help = "Lines of this level and worse are logged"},
};
const size_t config_key_count = sizeof config_keys / sizeof *config_keys;
_Static_assert(sizeof config_keys / sizeof *config_keys <= YAML_KEYS_MAX, "room for each key");

size_t config_key_index(const char *section, const char *name) {
    size_t i = 0;
    while (i < config_key_count &&
           (strcmp(config_keys[i].section, section) != 0 || strcmp(config_keys[i].name, name) != 0))
        i++;
    assert(i < config_key_count);
    return i;
}
