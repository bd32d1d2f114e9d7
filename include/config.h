// SPDX-License-Identifier: EUPL-1.2
// What the operator asked for: signaald.yaml and the source table it names. Read once into this
// struct; sources can be read again (reload). All faults are found in one run, each with file,
// line, key and what is allowed; never a secret's value.
#ifndef CONFIG_H
#define CONFIG_H

#include "base/hash.h"
#include "core/signal.h"
#include "edge/fetch.h"
#include "edge/http.h"
#include "template.h"

enum { SOURCE_TOKENS_MAX = 2, CONFIG_SETTINGS_MAX = 32, SOURCES_MAX = 20000 };

// One line of the source table: an organisation that delivers, and how.
struct source {
    char *name; // 1..64 of [a-z0-9._-]; stable: it is part of the identity of each of its signals
    enum source_kind kind;
    uint16_t municipality; // code; 0: none of its own
    uint8_t token_count;   // push: SHA-256 of its bearer tokens, two while they are rotated
    uint8_t tokens[SOURCE_TOKENS_MAX][SHA256_BYTES];
    bool official; // has an official for human trafficking (CCV basic level, criterion 2)
    bool policy;   // has policy (criterion 3)
    // poll: url NULL when it only pushes
    char *url;
    int64_t interval_ms;
    const struct template *template; // of sources->templates; never NULL for one that is polled
    char *cursor_param; // query parameter that gets the high-water mark; NULL: the template's
    char *cursor_field; // native templates only: field of each item whose highest value is the
                        // mark; NULL: none
    char *secret; // from secret_file: token, "user:password", key, as the template's auth says, in
                  // characters that can be sent; NULL: none
    char *client_cert_file; // PEM with certificate and key; NULL: none
    bool allow_private;     // may be at a loopback or private address
    uint32_t silent_days;   // after so many days without anything new it is silent; 0: never told
};

struct config {
    char *file; // where it came from
    char *oin;  // 20 digits: CloudEvents source urn:nld:oin:<oin>:systeem:signaald
    // state
    char *state_dir;
    char *identity_key_file;        // NULL: <state_dir>/identity.key, made when missing
    char *person_key_file;          // NULL: <state_dir>/person.key, made when missing
    char *person_previous_key_file; // NULL: none
    struct retention {              // how long each store keeps what it has
        int64_t identity_ms;        // a signal since its last version; persons' pseudonyms
        int64_t quarantine_ms;      // since it was last seen
        int64_t words_ms;           // unknown words, since they last came
        int64_t audit_ms;
        int64_t cells_ms; // of counts whose signals have expired: then without victims' attributes
    } retention;
    uint64_t state_bytes_max;
    uint32_t disk_percent_max; // of the disk in use; over it 429
    // intake
    char *listen_address; // NULL: no HTTP intake
    uint16_t listen_port;
    char *tls_certificate_file, *tls_key_file;
    struct http_limits http;
    size_t item_bytes_max;
    uint32_t items_max;
    uint32_t json_depth_max;
    uint64_t queue_bytes_max;   // waiting for a commit, in memory; over it 429
    uint64_t backlog_bytes_max; // waiting for Kafka, in the state; over it 429
    // control
    char *control_socket;
    char *control_group; // NULL: leave it
    // kafka
    char *kafka_brokers; // NULL: none
    char *kafka_topic;
    char *kafka_counts_topic; // "none": none
    int64_t kafka_grace_ms;
    size_t kafka_setting_count;
    struct config_setting {
        char *name, *value;
        bool secret; // read from a file ("file:PATH"), or by its name a password or key
    } kafka_settings[CONFIG_SETTINGS_MAX];
    uint32_t disclosure_resolution; // of figures for outside
    // tables
    char *municipalities_file, *name_variants_file, *categories_file, *lexicon_file, *sources_file;
    char *templates_dir; // NULL, or not there: the built-in template only
    struct fetch_limits fetch;
    uint32_t poll_pages_max; // the most a template may say; 0: no limit of its own
    int log_level;           // enum log_level
};

// A list of sources with look-ups by name and by token. Counted references, so that a batch under
// way keeps the table it began with over a reload; take and drop on one thread only.
struct sources {
    struct templates *templates; // what the sources' templates are; a reference of its own
    struct source *list;         // in the file's order
    size_t count;
    uint32_t *by_name, *by_token; // hash tables of places in the list
    uint32_t references;
};

// Complaints, a line each, ready to print: "FILE:LINE: key: what is wrong (allowed: …)". Beyond
// 1 MiB they are only counted.
struct config_faults {
    struct buf text;
    size_t count;
};
void config_faults_init(struct config_faults *faults);
void config_faults_free(struct config_faults *faults);

// NULL when there is any fault; those of the source table are looked for too. Relative paths are
// relative to the configuration file's directory; "${CREDENTIALS_DIRECTORY}", "${STATE_DIRECTORY}"
// and "${RUNTIME_DIRECTORY}" at the start of a path are taken from the environment (systemd sets
// them).
struct config *config_load(const char *file, struct config_faults *faults) MUST_CHECK;
void config_free(struct config *config);
// What is in force, as YAML, secrets masked.
void config_print(const struct config *config, struct buf *out);

// "sources=1f0c… categories=9a31…": digests of the files that it names, as they are now, and with
// `with_file` of its own. The first so many bytes of each.
enum { CONFIG_DIGEST_BYTES = 8 };
void config_digest(const struct config *config, bool with_file, struct buf *out);

// The source table config->sources_file with the templates; codes are checked against the digits'
// form only. NULL when there is any fault.
struct sources *sources_load(const struct config *config, struct config_faults *faults) MUST_CHECK;
struct sources *sources_take(struct sources *sources); // NULL is fine
void sources_drop(struct sources *sources); // frees with the last reference; NULL is fine
const struct source *sources_find(const struct sources *sources,
                                  struct str name); // NULL when there is none
// The source that has this token, compared in constant time. NULL when there is none.
const struct source *sources_by_token(const struct sources *sources, struct str token);

#endif
