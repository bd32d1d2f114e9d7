// SPDX-License-Identifier: EUPL-1.2
// The source table (sources.csv): who delivers, and how. It is read again on a reload; all faults
// are found in one run.
#ifndef SOURCES_SOURCES_H
#define SOURCES_SOURCES_H

#include "base/hash.h"
#include "base/map.h"
#include "config/config.h"
#include "core/signal/signal.h"
#include "core/tables/tables.h"
#include "template/template.h"

enum { SOURCE_TOKENS_MAX = 2, SOURCES_MAX = 20000 };

// One line of the source table: an organisation that delivers, and how.
struct source {
    char *name; // 1..64 of [a-z0-9._-]; stable: it is part of the identity of each of its signals
    uint32_t line; // where it stands in the file
    enum source_kind kind;
    uint16_t municipality; // code; 0: none of its own
    uint8_t token_count;   // push: SHA-256 of its bearer tokens, two while they are rotated
    uint8_t tokens[SOURCE_TOKENS_MAX][SHA256_BYTES];
    uint8_t certificate_count; // push: what its clients' certificates are known by, digests
    uint8_t certificates[SOURCE_TOKENS_MAX][SHA256_BYTES];
    char *event_source; // the one `source` that its CloudEvents have; NULL: they may have any
    char *signing[SOURCE_TOKENS_MAX]; // push: secrets of its signatures; NULL: none
    uint32_t requests_per_minute;     // that it may send; 0: as the configuration says
    bool official; // has an official for human trafficking (CCV basic level, criterion 2)
    bool policy;   // has policy (criterion 3)
    enum source_person person;
    // poll: url NULL when it only pushes
    char *url;
    int64_t interval_ms;
    const struct template *template; // of sources->templates; never NULL for one that is polled;
                                     // of one that posts, what its bodies are read by
    char *cursor_param; // query parameter that gets the watermark; NULL: the template's
    char *cursor_field; // native templates only: field of each item whose highest value is the
                        // watermark; NULL: none
    bool complete;      // each poll brings all there is: what is gone from it is withdrawn
    char *secret; // from secret_file: token, "user:password", key, as the template's auth says, in
                  // characters that can be sent; NULL: none
    char *client_cert_file;                  // PEM with certificate and key; NULL: none
    char *headers[TEMPLATE_HEADERS_MAX + 1]; // from headers_file: "Name: value" each, secrets; NULL
                                             // behind the last
    // A folder by SFTP; NULL, all three, for another URL. The host's key as base64 of its SHA-256.
    char *ssh_user, *ssh_key_file, *ssh_host_key;
    char *fsc_grant;      // behind an FSC outway: the hash of the grant; NULL: it is not
    bool allow_private;   // may be at a loopback or private address
    struct digest digest; // of its line, its template and its secrets: what another has differs
    uint32_t silent_days; // after so many days without anything new it is silent; 0: never told
};

// A list of sources with look-ups by name and by token. Counted references, so that a delivery
// under way keeps the table it began with over a reload; take and drop on one thread only.
struct sources {
    struct templates *templates; // what the sources' templates are; owned
    struct source *list;         // in the file's order
    size_t count;
    struct map by_name, by_token, by_certificate; // of places in the list
    uint32_t references;
};

// The source table config->sources_file with the templates; codes are checked against the digits'
// form only. NULL when there is any fault.
struct sources *sources_load(const struct config *config, struct diagnostics *faults) MUST_CHECK;
struct sources *sources_ref(struct sources *sources); // NULL is fine
void sources_unref(struct sources *sources);          // frees with the last reference; NULL is fine
const struct source *sources_find(const struct sources *sources,
                                  struct str name); // NULL when there is none
// The source that has this token, compared in constant time. NULL when there is none.
const struct source *sources_by_token(const struct sources *sources, struct str token);

// The source that this certificate is bound to: by its own fingerprint, or else by the OIN of its
// holder (20 digits; NULL: it has none). NULL when there is none. Whether the certificate is to be
// believed is the caller's to ask.
const struct source *sources_by_certificate(const struct sources *sources,
                                            const uint8_t fingerprint[SHA256_BYTES],
                                            const char *oin);

// Both tables, in which each municipality that a source names has to be. Adds a line a fault to
// `faults`; false when there is any: then both are NULL. by_hand: credentials that only the service
// has are passed over.
bool sources_load_all(const struct config *config, bool by_hand, struct sources **sources,
                      struct tables **tables, struct buf *faults) MUST_CHECK;
// Adds the faults of the source table and of the templates; the table, NULL where there is any or
// it is not there.
struct sources *sources_check(const struct config *config, struct diagnostics *faults) MUST_CHECK;

#endif
