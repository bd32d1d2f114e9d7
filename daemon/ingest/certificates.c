// SPDX-License-Identifier: EUPL-1.2
// One table says which certificates there are: those of the configuration, each with what it is
// for, and one for each source that shows one. All are looked at before they are used, and told of
// before they end: a feed, or a producer, whose certificate has ended fails like any other, and
// nobody looks for it there. What cannot be read here is told by whoever uses it.
#include "ingest/certificates.h"

#include "base/mem.h"
#include "base/pii/log.h"
#include "edge/http/certificate.h"

#include <stdio.h>
#include <stdlib.h>

enum { DAY_S = 24 * 3600, WARN_DAYS = 30, PEM_BYTES_MAX = 4 << 20, WHAT_MAX = 128 };

struct watched {
    const char *file;        // NULL: there is none
    const char *what;        // for the log
    const char *of, *source; // for the metrics; `source` NULL: it is none's
    enum certificate_use use;
    enum certificate_kind kind; // CERTIFICATE_KINDS: its end is told by others
    bool with_key;              // its key stands in the same file
};
typedef void watched_fn(void *ctx, const struct watched *watched);

static const char *kafka_file(const struct config *config, const char *name) {
    for (size_t i = 0; i < config->kafka_property_count; i++)
        if (strcmp(config->kafka_properties[i].name, name) == 0)
            return config->kafka_properties[i].value;
    return NULL;
}

static void each(const struct config *config, const struct sources *sources, watched_fn *fn,
                 void *ctx) {
    char what[WHAT_MAX];
    const struct watched list[] = {
        {config->tls_certificate_file, "the TLS certificate", "intake.tls_certificate", NULL,
         CERTIFICATE_OWN, CERTIFICATE_KINDS, false},
        {config->tls_client_ca_file, "one of the authorities of intake.tls_client_ca",
         "intake.tls_client_ca", NULL, CERTIFICATE_AUTHORITIES, CERTIFICATE_KIND_AUTHORITY, false},
        {config->tls_client_crl_file, "one of the lists of intake.tls_client_crl",
         "intake.tls_client_crl", NULL, CERTIFICATE_REVOKED, CERTIFICATE_KIND_REVOKED, false},
        {config->fetch.ca_file, "one of the authorities of poll.ca_file", "poll.ca_file", NULL,
         CERTIFICATE_AUTHORITIES, CERTIFICATE_KIND_AUTHORITY, false},
        {config->fetch.crl_file, "one of the lists of poll.crl_file", "poll.crl_file", NULL,
         CERTIFICATE_REVOKED, CERTIFICATE_KIND_REVOKED, false},
        {kafka_file(config, "ssl.certificate.location"), "the certificate for Kafka",
         "kafka.settings", NULL, CERTIFICATE_OWN, CERTIFICATE_KIND_KAFKA, false},
        {kafka_file(config, "ssl.crl.location"), "one of Kafka's lists of revoked certificates",
         "kafka.settings.crl", NULL, CERTIFICATE_REVOKED, CERTIFICATE_KIND_REVOKED, false},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (list[i].file)
            fn(ctx, &list[i]);
    for (size_t i = 0; sources && i < sources->count; i++) {
        const struct source *source = &sources->list[i];
        (void)snprintf(what, sizeof what, "the client certificate of source %s", source->name);
        if (source->client_cert_file)
            fn(ctx,
               &(struct watched){source->client_cert_file, what, "client_cert_file", source->name,
                                 CERTIFICATE_OWN, CERTIFICATE_KIND_CLIENT, true});
    }
}

// NUL-terminated; the caller ends it with drop_pem, also when there is nothing.
static bool read_pem(const char *file, struct buf *pem, struct err *err) {
    if (!str_read_file(file, PEM_BYTES_MAX, pem, err))
        return false;
    buf_putc(pem, '\0');
    return !pem->overflow || err_set(err, ERR_CONFIG, "%s: too large", file);
}

static void drop_pem(struct buf *pem) {
    if (pem->data)
        hash_wipe(pem->data, pem->len); // a key may stand there too
    buf_free(pem);
}

// ---- the intake's

bool certificates_read_own(const struct config *config, struct http_tls **tls, struct err *err) {
    const char *const files[] = {config->tls_certificate_file, config->tls_key_file,
                                 config->tls_client_ca_file, config->tls_client_crl_file};
    enum { FILES = sizeof files / sizeof *files };
    struct buf pem[FILES] = {{0}};
    bool ok = true;
    *tls = NULL;
    if (!config->tls_certificate_file || !config->tls_key_file)
        return true;
    for (size_t i = 0; ok && i < FILES; i++)
        ok = !files[i] || read_pem(files[i], &pem[i], err);
    if (ok)
        *tls = http_tls_create(
            &(struct http_tls_texts){pem[0].data, pem[1].data, pem[2].data, pem[3].data}, err);
    for (size_t i = 0; i < FILES; i++)
        drop_pem(&pem[i]);
    return *tls != NULL;
}

// ---- before they are used

struct fault_of {
    const struct watched *watched;
    struct diagnostics *faults;
};

static void on_fault(void *ctx, const struct certificate_fault *fault) {
    const struct fault_of *check = ctx;
    if (!fault->of_time || check->faults->thorough)
        diagnostics_add(check->faults, check->watched->file, 0, "%s", fault->text);
}

static void check_pair(const struct watched *watched, const char *pem, struct diagnostics *faults) {
    struct err err;
    struct http_tls *tls = http_tls_create(&(struct http_tls_texts){pem, pem, NULL, NULL}, &err);
    if (!tls)
        diagnostics_add(faults, watched->file, 0, "%s", err.text);
    http_tls_unref(tls);
}

static void check_one(void *ctx, const struct watched *watched) {
    struct fault_of check = {watched, ctx};
    struct buf pem = {0};
    struct err ignored;
    size_t before = check.faults->count;
    if (read_pem(watched->file, &pem, &ignored)) {
        certificate_check(pem.data, watched->use, loop_wall_ms() / 1000, on_fault, &check);
        if (watched->with_key && check.faults->count == before)
            check_pair(watched, pem.data, check.faults);
    }
    drop_pem(&pem);
}

void certificates_check(const struct config *config, const struct sources *sources,
                        struct diagnostics *faults) {
    each(config, sources, check_one, faults);
}

void certificates_check_own(const char *file, struct diagnostics *faults) {
    bool thorough = faults->thorough;
    faults->thorough = true;
    check_one(faults, &(struct watched){.file = file, .use = CERTIFICATE_OWN});
    faults->thorough = thorough;
}

bool certificates_chain_ends(const char *file) {
    struct buf pem = {0};
    struct err ignored;
    bool ends = !file || !read_pem(file, &pem, &ignored) || certificate_chain_ends(pem.data);
    drop_pem(&pem);
    return ends;
}

// ---- before they end

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

static void note_end(struct certificate_ends *ends, const struct watched *watched, int64_t ends_s) {
    ends->list = mem_grow(ends->list, ends->count, &ends->cap, sizeof *ends->list);
    ends->list[ends->count++] = (struct certificate_end){
        watched->of, watched->source ? mem_strdup(watched->source) : NULL, ends_s};
}

void certificate_ends_free(struct certificate_ends *ends) {
    for (size_t i = 0; i < ends->count; i++)
        free(ends->list[i].source);
    free(ends->list);
    *ends = (struct certificate_ends){0};
}

// A list of revoked certificates lives for days: of it only the end is told.
static void look(void *ctx, const struct watched *watched) {
    struct certificate_ends *ends = ctx;
    struct buf pem = {0};
    struct err ignored;
    if (watched->kind != CERTIFICATE_KINDS && read_pem(watched->file, &pem, &ignored)) {
        int64_t ends_s = certificate_ends_s(pem.data, watched->use);
        int64_t *first_s = &ends->first_s[watched->kind];
        if (watched->use != CERTIFICATE_REVOKED || ends_s <= loop_wall_ms() / 1000)
            certificate_warn(watched->what, ends_s);
        if (ends_s && (*first_s == 0 || ends_s < *first_s))
            *first_s = ends_s;
        if (ends_s)
            note_end(ends, watched, ends_s);
    }
    drop_pem(&pem);
}

void certificates_look(const struct config *config, const struct sources *sources,
                       struct certificate_ends *ends) {
    certificate_ends_free(ends);
    each(config, sources, look, ends);
}
