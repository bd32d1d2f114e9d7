// SPDX-License-Identifier: EUPL-1.2
// What the operator asked for in signaald.yaml. Read once into this struct. All faults are found in
// one run, each with file, line, key and what is allowed; never a secret's value.
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "config/text/diagnostics.h"
#include "core/tables/tables.h"
#include "edge/fetch/limits.h"
#include "edge/http/limits.h"

// A request a millisecond: more is no limit that is worth one.
enum { KAFKA_PROPERTIES_MAX = 32, CONFIG_REQUESTS_PER_MINUTE_MAX = 60000 };

struct config {
    char *file;         // where it came from
    char *oin;          // 20 digits: CloudEvents source urn:nld:oin:<oin>:systeem:signaald
    bool identity_test; // an OIN for tests is meant
    char *contact_email, *contact_url;   // of whoever runs this, for the documents
    char *type_prefix, *data_regulation; // of events
    char *organisation, *logo_file;      // in reports; NULL: none
    // state
    char *state_dir;
    char *identity_key_file;        // NULL: <state_dir>/identity.key, made when missing
    char *person_key_file;          // NULL: <state_dir>/person.key, made when missing
    char *person_previous_key_file; // NULL: none
    struct retention {              // how long each store keeps what it has
        int64_t identity_ms;        // a signal since its last version; persons' pseudonyms
        int64_t quarantine_ms;      // since it was last seen
        int64_t unmapped_ms;        // unknown words, since they last came
        int64_t audit_ms;
        int64_t cells_ms; // of counts whose signals have expired: then without victims' attributes
    } retention;
    uint64_t state_bytes_max;
    uint32_t disk_percent_max; // of the disk in use; over it 429
    // intake
    char *listen_address; // NULL: no HTTP intake
    uint16_t listen_port;
    char *tls_certificate_file, *tls_key_file;
    char *tls_client_ca_file, *tls_client_crl_file; // NULL: no certificates of clients, no lists
    struct http_limits http;
    size_t unpacked_bytes_max;
    uint32_t requests_per_minute; // of one source; 0: any
    size_t item_bytes_max;
    uint32_t items_max;
    uint32_t json_depth_max;
    uint64_t queue_bytes_max;   // waiting for a commit, in memory; over it 429
    uint64_t backlog_bytes_max; // waiting for Kafka, in the state; over it 429
    // control
    char *control_socket;
    char *control_group; // NULL: leave it
    uint32_t control_questions_max, control_reads_per_minute;
    // metrics, beside those of the local socket
    char *metrics_address; // NULL: none
    uint16_t metrics_port;
    bool metrics_plain; // in the clear beyond loopback too
    // kafka
    char *kafka_brokers; // NULL: none
    char *kafka_topic;
    char *kafka_counts_topic;  // "none": none
    char *kafka_current_topic; // "none": none
    int64_t kafka_recovery_wait_ms;
    size_t kafka_property_count;
    struct kafka_property {
        char *name, *value;
        bool secret; // read from a file ("file:PATH"), or by its name a password or key
    } kafka_properties[KAFKA_PROPERTIES_MAX];
    uint32_t disclosure_rounding_base;       // of statistics for outside
    bool disclosure_public;                  // served to anybody
    uint32_t disclosure_requests_per_minute; // of one address; 0: any
    // tables
    struct table_files table_files;
    char *sources_file;
    char *templates_dir; // NULL, or not there: the built-in template only
    struct fetch_limits fetch;
    uint32_t poll_pages_max; // the most a template may say; 0: no limit of its own
    int log_level;           // enum log_level
};

// NULL when there is any fault; `check` looks for those of the files that are read elsewhere (NULL:
// nothing does). Relative paths are
// relative to the configuration file's directory; "${CREDENTIALS_DIRECTORY}", "${STATE_DIRECTORY}"
// and "${RUNTIME_DIRECTORY}" at the start of a path are taken from the environment (systemd sets
// them).
typedef void config_check(const struct config *config, struct diagnostics *faults);
struct config *config_load(const char *file, config_check *check,
                           struct diagnostics *faults) MUST_CHECK;
void config_free(struct config *config);
// A key that has another value. Values as the operator would write them, absent where there is
// none, secrets masked; of kafka.settings each has a section "kafka.settings". Borrowed for the
// call.
struct config_change {
    const char *section, *name;
    struct str from, to;
    bool restart; // only a restart changes it
};
typedef void config_change_fn(void *ctx, const struct config_change *change);
void config_compare(const struct config *a, const struct config *b, config_change_fn *fn,
                    void *ctx);
// What a reload may change is from now on as in `other`, in place: it is freed. What was borrowed
// of these keys' values is gone.
void config_take(struct config *config, struct config *other);
// What is in force, as YAML, secrets masked.
void config_print(const struct config *config, struct buf *out);
// Every key with its default, its limits and what a reload does, in mdoc: a part of
// signaald.yaml(5).
void config_print_manual(struct buf *out);

// "sources=1f0c… categories=9a31…": digests of the files that it names, as they are now, and with
// `with_file` of its own. The first so many bytes of each.
enum { CONFIG_DIGEST_BYTES = 8 };
void config_digest(const struct config *config, bool with_file, struct buf *out);

#endif
