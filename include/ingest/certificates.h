// SPDX-License-Identifier: EUPL-1.2
// Certificates and lists of revoked ones: the intake's, those of sources that are polled with one,
// Kafka's, and what polls trust. Are they in order, and when do they end? Files are read when
// asked, on the loop: once a day, and after a start or a reload.
#ifndef INGEST_CERTIFICATES_H
#define INGEST_CERTIFICATES_H

#include "edge/http/http.h"
#include "sources/sources.h"

enum certificate_kind {
    CERTIFICATE_KIND_CLIENT,    // of a source that is polled with one
    CERTIFICATE_KIND_AUTHORITY, // of poll.ca_file
    CERTIFICATE_KIND_REVOKED,   // a list: of poll.crl_file, of Kafka's ssl.crl.location
    CERTIFICATE_KIND_KAFKA,     // Kafka's ssl.certificate.location
    CERTIFICATE_KINDS
};
// Unix time of the first that ends; 0: there is none. And each that can be read.
struct certificate_ends {
    int64_t first_s[CERTIFICATE_KINDS];
    struct certificate_end {
        const char *of; // the key that names its file; a literal
        char *source;   // whose it is; owned; NULL: it is none's
        int64_t ends_s;
    } * list;
    size_t count, cap;
};
void certificate_ends_free(struct certificate_ends *ends);

// The certificate and the key that the configuration names; NULL when it names none. CONFIG when
// they cannot be used, or are no pair. The caller unrefs it.
bool certificates_read_own(const struct config *config, struct http_tls **tls,
                           struct err *err) MUST_CHECK;

// Adds what is wrong with each (see edge/http/certificate.h), with its file. What is wrong by the
// clock only where the check is thorough: a daemon warns of it and goes on. `sources` NULL: theirs
// are not looked at.
void certificates_check(const struct config *config, const struct sources *sources,
                        struct diagnostics *faults);
// One that we would show, by the clock too. What cannot be read is not told.
void certificates_check_own(const char *file, struct diagnostics *faults);
// As certificate_chain_ends; true where there is no file.
bool certificates_chain_ends(const char *file);
// A line in the log when it ends within 30 days or has ended. `what`: "the TLS certificate".
// ends_s 0: there is none.
void certificate_warn(const char *what, int64_t ends_s);
// Looks at each but the intake's, and warns of each. What `ends` had is freed.
void certificates_look(const struct config *config, const struct sources *sources,
                       struct certificate_ends *ends);

#endif
