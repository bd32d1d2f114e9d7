// SPDX-License-Identifier: EUPL-1.2
// The certificate that the server shows, with its chain, and its key. The library asks for it in
// each handshake, so a renewed one is shown from the next connection on and no connection ends by
// it. Each connection holds the one that it began with, which goes with the last that holds it. So
// do the authorities whose certificates a client may show.
#include "http_calls.h"

#include "base/hash.h"
#include "base/mem.h"
#include "edge/http/certificate.h"

#include <assert.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

enum { CHAIN_MAX = 16, KEY_ID_MAX = 64, RESUMED_WITHIN_S = 3600 };

struct http_tls {
    unsigned references;
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned count;
    gnutls_privkey_t key;
    gnutls_datum_t
        tickets; // the secret of sessions that are resumed; a new certificate has another
    int64_t ends_s;
    struct http_clients *clients;         // NULL: clients show no certificate
    struct digest digest, clients_digest; // of what they were read from
};

static int on_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int count,
                       const gnutls_pk_algorithm_t *algorithms, int algorithms_count,
                       gnutls_pcert_st **chain, unsigned *chain_count, gnutls_privkey_t *key) {
    struct http_tls *tls = ((struct http_conn *)gnutls_session_get_ptr(session))->tls;
    (void)authorities;
    (void)count;
    (void)algorithms;
    (void)algorithms_count;
    *chain = tls->chain;
    *chain_count = tls->count;
    *key = tls->key;
    return 0;
}

static gnutls_datum_t datum(const char *text) {
    return (gnutls_datum_t){(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
}

static bool read_chain(struct http_tls *tls, const char *pem, struct err *err) {
    const gnutls_datum_t text = datum(pem);
    tls->count = CHAIN_MAX;
    int rc = gnutls_pcert_list_import_x509_raw(tls->chain, &tls->count, &text, GNUTLS_X509_FMT_PEM,
                                               GNUTLS_X509_CRT_LIST_SORT);
    if (rc == GNUTLS_E_SUCCESS && tls->count > 0)
        return true;
    tls->count = 0;
    return err_set(err, ERR_CONFIG, "the TLS certificate cannot be used: %s",
                   rc ? gnutls_strerror(rc) : "there is none");
}

static bool read_key(struct http_tls *tls, const char *pem, struct err *err) {
    const gnutls_datum_t text = datum(pem);
    int rc = gnutls_privkey_init(&tls->key);
    if (rc == GNUTLS_E_SUCCESS)
        rc = gnutls_privkey_import_x509_raw(tls->key, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
    return rc == GNUTLS_E_SUCCESS ||
           err_set(err, ERR_CONFIG, "the TLS key cannot be used: %s", gnutls_strerror(rc));
}

static bool get_id(gnutls_pubkey_t public, unsigned char id[KEY_ID_MAX], size_t *len) {
    *len = KEY_ID_MAX;
    return gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, id, len) == GNUTLS_E_SUCCESS;
}

static bool are_a_pair(const struct http_tls *tls) {
    unsigned char of_certificate[KEY_ID_MAX], of_key[KEY_ID_MAX];
    size_t certificate_len, key_len;
    gnutls_pubkey_t public = NULL;
    bool same = gnutls_pubkey_init(&public) == GNUTLS_E_SUCCESS &&
                gnutls_pubkey_import_privkey(public, tls->key, 0, 0) == GNUTLS_E_SUCCESS &&
                get_id(public, of_key, &key_len) &&
                get_id(tls->chain[0].pubkey, of_certificate, &certificate_len) &&
                key_len == certificate_len && memcmp(of_key, of_certificate, key_len) == 0;
    if (public)
        gnutls_pubkey_deinit(public);
    return same;
}

static void put_digest(const char *label, const char *a, const char *b, struct digest *digest) {
    const struct str texts[] = {str_from(a), str_from(b)};
    hash_digest(&(struct hash_key){{0}}, label, texts, 2, digest);
}

static bool read_clients(struct http_tls *tls, const struct http_tls_texts *texts,
                         struct err *err) {
    put_digest("tls clients", texts->client_authorities, texts->client_revoked,
               &tls->clients_digest);
    if (!texts->client_authorities)
        return true;
    tls->clients = http_clients_create(texts->client_authorities, texts->client_revoked, err);
    if (!tls->clients)
        return false;
    gnutls_certificate_set_retrieve_function2(http_clients_credentials(tls->clients), on_retrieve);
    return true;
}

struct http_tls *http_tls_create(const struct http_tls_texts *texts, struct err *err) {
    struct http_tls *tls = mem_zalloc(1, sizeof *tls);
    tls->references = 1;
    if (gnutls_session_ticket_key_generate(&tls->tickets) != GNUTLS_E_SUCCESS) {
        (void)err_set(err, ERR_RETRY, "the system gives no random bytes for TLS");
    } else if (read_chain(tls, texts->certificate, err) && read_key(tls, texts->key, err) &&
               read_clients(tls, texts, err)) {
        tls->ends_s = certificate_ends_s(texts->certificate, CERTIFICATE_OWN);
        put_digest("tls", texts->certificate, texts->key, &tls->digest);
        if (are_a_pair(tls))
            return tls;
        (void)err_set(err, ERR_CONFIG, "the TLS certificate and the TLS key are no pair");
    }
    http_tls_unref(tls);
    return NULL;
}

struct http_tls *http_tls_ref(struct http_tls *tls) {
    if (tls)
        tls->references++;
    return tls;
}

void http_tls_unref(struct http_tls *tls) {
    if (!tls || --tls->references > 0)
        return;
    for (unsigned i = 0; i < tls->count; i++)
        gnutls_pcert_deinit(&tls->chain[i]);
    if (tls->key)
        gnutls_privkey_deinit(tls->key);
    hash_wipe(tls->tickets.data, tls->tickets.size);
    gnutls_free(tls->tickets.data);
    http_clients_free(tls->clients);
    free(tls);
}

int64_t http_tls_ends_s(const struct http_tls *tls) {
    return tls->ends_s;
}

bool http_tls_same(const struct http_tls *a, const struct http_tls *b) {
    return digest_equal(&a->digest, &b->digest);
}

bool http_tls_same_clients(const struct http_tls *a, const struct http_tls *b) {
    return digest_equal(&a->clients_digest, &b->clients_digest);
}

const struct http_clients *http_tls_clients(const struct http_tls *tls) {
    return tls ? tls->clients : NULL;
}

void http_tls_begin(struct http_conn *conn, void *session) {
    conn->tls = http_tls_ref(conn->server->options.tls);
    gnutls_session_set_ptr(session, conn);
    if (conn->tls->clients) {
        (void)gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
                                     http_clients_credentials(conn->tls->clients));
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
    }
    // Without it a client that comes back pays for a handshake like any other.
    (void)gnutls_session_ticket_enable_server(session, &conn->tls->tickets);
    gnutls_db_set_cache_expiration(session, RESUMED_WITHIN_S);
}

void *http_tls_callback(void) {
    gnutls_certificate_retrieve_function2 *callback = on_retrieve;
    void *pointer;
    memcpy(&pointer, &callback, sizeof pointer);
    return pointer;
}
