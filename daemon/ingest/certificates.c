// SPDX-License-Identifier: EUPL-1.2
// Tells of certificates before they end: a feed whose certificate has ended fails like any other,
// and nobody looks for it there. What cannot be read here is told by whoever uses it.
#include "ingest/certificates.h"

#include "base/pii/log.h"
#include "edge/http/http.h"

#include <stdio.h>

enum { DAY_S = 24 * 3600, WARN_DAYS = 30, PEM_BYTES_MAX = 4 << 20, WHAT_MAX = 128 };

void certificate_warn(const char *what, int64_t ends_s) {
    char day[TIME_DATE_MAX];
    int64_t left_s = ends_s - loop_wall_ms() / 1000;
    if (ends_s == 0)
        return;
    time_format_date((int32_t)(ends_s / DAY_S), day);
    if (left_s <= 0)
        log_alarm(ALARM_CERTIFICATE_ENDED,
                  "a certificate has ended: %s, on %s: put a new one there and reload", what, day);
    else if (left_s < WARN_DAYS * DAY_S)
        log_alarm(
            ALARM_CERTIFICATE_ENDS,
            "a certificate ends soon: %s, in %lld days, on %s: put a new one there and reload",
            what, (long long)(left_s / DAY_S), day);
}

static void look(const char *file, const char *what, int64_t *first_s) {
    struct buf pem;
    struct err ignored;
    if (!file || !str_read_file(file, PEM_BYTES_MAX, &pem, &ignored))
        return;
    buf_putc(&pem, '\0');
    int64_t ends_s = pem.overflow ? 0 : http_pem_ends_s(pem.data);
    hash_wipe(pem.data, pem.len); // a client's has its key beside it
    buf_free(&pem);
    certificate_warn(what, ends_s);
    if (ends_s && (*first_s == 0 || ends_s < *first_s))
        *first_s = ends_s;
}

void certificates_look(const struct config *config, const struct sources *sources,
                       struct certificate_ends *ends) {
    char what[WHAT_MAX];
    *ends = (struct certificate_ends){0};
    look(config->fetch.ca_file, "one of the authorities of poll.ca_file", &ends->authorities_s);
    for (size_t i = 0; i < sources->count; i++) {
        const struct source *source = &sources->list[i];
        (void)snprintf(what, sizeof what, "the client certificate of source %s", source->name);
        look(source->client_cert_file, what, &ends->clients_s);
    }
}
