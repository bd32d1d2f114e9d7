// SPDX-License-Identifier: EUPL-1.2
// Certificates and revocation lists are looked at one by one and freed again; nothing is kept. What
// GnuTLS would refuse, or clients would, is found here with its number in the file. A root's own
// signature says nothing, so of a certificate that signed itself the digest does not matter.
#include "edge/http/certificate.h"

#include "base/time.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { RSA_BITS_MIN = 2048, CURVE_BITS_MIN = 256, DAY_S = 24 * 3600 };

struct inspection {
    int64_t now_s;
    void (*tell)(void *ctx, const struct certificate_fault *fault);
    void *ctx;
};

static gnutls_datum_t datum(const char *text) {
    return (gnutls_datum_t){(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
}

static void tell(const struct inspection *inspection, bool of_time, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
static void tell(const struct inspection *inspection, bool of_time, const char *fmt, ...) {
    struct certificate_fault fault = {.of_time = of_time};
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(fault.text, sizeof fault.text, fmt, args);
    va_end(args);
    inspection->tell(inspection->ctx, &fault);
}

static void tell_time(const struct inspection *inspection, const char *what, unsigned number,
                      const char *verb, int64_t at_s) {
    char day[TIME_DATE_MAX];
    time_format_date((int32_t)(at_s / DAY_S), day);
    tell(inspection, true, "%s %u %s on %s", what, number, verb, day);
}

static bool is_root(gnutls_x509_crt_t certificate) {
    return gnutls_x509_crt_check_issuer(certificate, certificate) == 1;
}

static void check_key(const struct inspection *inspection, gnutls_x509_crt_t certificate,
                      unsigned number) {
    unsigned bits = 0;
    switch (gnutls_x509_crt_get_pk_algorithm(certificate, &bits)) {
    case GNUTLS_PK_RSA:
    case GNUTLS_PK_RSA_PSS:
        if (bits < RSA_BITS_MIN)
            tell(inspection, false, "certificate %u has an RSA key of %u bits: at least %d", number,
                 bits, RSA_BITS_MIN);
        break;
    case GNUTLS_PK_ECDSA:
    case GNUTLS_PK_EDDSA_ED25519:
    case GNUTLS_PK_EDDSA_ED448:
        if (bits < CURVE_BITS_MIN)
            tell(inspection, false, "certificate %u has a curve of %u bits: at least %d", number,
                 bits, CURVE_BITS_MIN);
        break;
    default:
        tell(inspection, false, "certificate %u has a key that is neither RSA nor of a curve",
             number);
    }
}

static void check_signature(const struct inspection *inspection, gnutls_x509_crt_t certificate,
                            unsigned number) {
    int algorithm = gnutls_x509_crt_get_signature_algorithm(certificate);
    if (!is_root(certificate) &&
        (algorithm < 0 || !gnutls_sign_is_secure2((gnutls_sign_algorithm_t)algorithm,
                                                  GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS)))
        tell(inspection, false,
             "certificate %u is signed with SHA-1 or something as weak: ask for "
             "SHA-256 or better",
             number);
}

static void check_time(const struct inspection *inspection, gnutls_x509_crt_t certificate,
                       unsigned number) {
    int64_t begins_s = gnutls_x509_crt_get_activation_time(certificate);
    int64_t ends_s = gnutls_x509_crt_get_expiration_time(certificate);
    if (inspection->now_s < begins_s)
        tell_time(inspection, "certificate", number, "is not valid yet: it begins", begins_s);
    if (inspection->now_s >= ends_s)
        tell_time(inspection, "certificate", number, "has ended", ends_s);
}

static void check_order(const struct inspection *inspection, gnutls_x509_crt_t *list,
                        unsigned count) {
    for (unsigned i = 1; i < count; i++)
        if (gnutls_x509_crt_check_issuer(list[i - 1], list[i]) != 1)
            tell(inspection, false,
                 "certificate %u is not the authority of certificate %u: the order is the "
                 "server's own, then each one's authority",
                 i + 1, i);
}

// The caller frees the list; NULL: none can be read.
static gnutls_x509_crt_t *read_certificates(const char *pem, unsigned *count) {
    gnutls_x509_crt_t *list = NULL;
    const gnutls_datum_t text = datum(pem);
    *count = 0;
    return gnutls_x509_crt_list_import2(&list, count, &text, GNUTLS_X509_FMT_PEM, 0) < 0 ? NULL
                                                                                         : list;
}

static void free_certificates(gnutls_x509_crt_t *list, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        gnutls_x509_crt_deinit(list[i]);
    gnutls_free(list);
}

static gnutls_x509_crl_t *read_revoked(const char *pem, unsigned *count) {
    gnutls_x509_crl_t *list = NULL;
    const gnutls_datum_t text = datum(pem);
    *count = 0;
    return gnutls_x509_crl_list_import2(&list, count, &text, GNUTLS_X509_FMT_PEM, 0) < 0 ? NULL
                                                                                         : list;
}

static void free_revoked(gnutls_x509_crl_t *list, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        gnutls_x509_crl_deinit(list[i]);
    gnutls_free(list);
}

static void check_revoked(const struct inspection *inspection, const char *pem) {
    unsigned count;
    gnutls_x509_crl_t *list = read_revoked(pem, &count);
    if (count == 0)
        tell(inspection, false, "holds no list of revoked certificates that can be read, PEM");
    for (unsigned i = 0; i < count; i++) {
        int64_t next_s = gnutls_x509_crl_get_next_update(list[i]);
        if (next_s > 0 && inspection->now_s >= next_s)
            tell_time(inspection, "list", i + 1, "has ended", next_s);
    }
    free_revoked(list, count);
}

void certificate_check(const char *pem, enum certificate_use use, int64_t now_s,
                       void (*tell_fault)(void *ctx, const struct certificate_fault *fault),
                       void *ctx) {
    const struct inspection inspection = {now_s, tell_fault, ctx};
    if (use == CERTIFICATE_REVOKED) {
        check_revoked(&inspection, pem);
        return;
    }
    unsigned count;
    gnutls_x509_crt_t *list = read_certificates(pem, &count);
    if (count == 0)
        tell(&inspection, false, "holds no certificate that can be read, PEM");
    if (use == CERTIFICATE_OWN)
        check_order(&inspection, list, count);
    for (unsigned i = 0; i < count && use == CERTIFICATE_OWN; i++) {
        check_key(&inspection, list[i], i + 1);
        check_signature(&inspection, list[i], i + 1);
        check_time(&inspection, list[i], i + 1);
    }
    free_certificates(list, count);
}

bool certificate_chain_ends(const char *pem) {
    unsigned count;
    gnutls_x509_trust_list_t trusted = NULL;
    gnutls_x509_crt_t *list = read_certificates(pem, &count), authority;
    bool ends = count > 0 && is_root(list[count - 1]);
    if (count > 0 && !ends && gnutls_x509_trust_list_init(&trusted, 0) == GNUTLS_E_SUCCESS) {
        (void)gnutls_x509_trust_list_add_system_trust(trusted, 0, 0);
        ends = gnutls_x509_trust_list_get_issuer(trusted, list[count - 1], &authority, 0) ==
               GNUTLS_E_SUCCESS;
        gnutls_x509_trust_list_deinit(trusted, 1);
    }
    free_certificates(list, count);
    return ends;
}

static void note_end(int64_t *first_s, int64_t ends_s) {
    if (ends_s > 0 && (*first_s == 0 || ends_s < *first_s))
        *first_s = ends_s;
}

int64_t certificate_ends_s(const char *pem, enum certificate_use use) {
    int64_t first_s = 0;
    unsigned count;
    if (use == CERTIFICATE_REVOKED) {
        gnutls_x509_crl_t *list = read_revoked(pem, &count);
        for (unsigned i = 0; i < count; i++)
            note_end(&first_s, gnutls_x509_crl_get_next_update(list[i]));
        free_revoked(list, count);
        return first_s;
    }
    gnutls_x509_crt_t *list = read_certificates(pem, &count);
    for (unsigned i = 0; i < count; i++)
        note_end(&first_s, gnutls_x509_crt_get_expiration_time(list[i]));
    free_certificates(list, count);
    return first_s;
}
