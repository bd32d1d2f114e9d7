// SPDX-License-Identifier: EUPL-1.2
// Whose certificate a client has shown. It is asked for in the handshake and looked at with the
// first request, and again when other authorities or lists are in force, or when something of it
// ends. So a connection that stays open and a session that is resumed believe no more than a new
// one. Nothing of a certificate is kept but the digest of it and of its holder's number.
#include "base/mem.h"
#include "http_calls.h"

#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

enum { CHAIN_MAX = 8, LOOKED_AT_FOR_S = 60 };

struct http_clients {
    gnutls_x509_crt_t *authorities; // those that stand, and behind them those that were revoked
    unsigned authority_count, authority_all;
    gnutls_x509_crl_t *lists; // of revoked ones
    unsigned list_count;
    gnutls_x509_trust_list_t trusted; // borrows these
    gnutls_certificate_credentials_t credentials;
};

// What a client has shown.
struct shown_chain {
    gnutls_x509_crt_t chain[CHAIN_MAX];
    unsigned count;
    bool unread;
};

static gnutls_datum_t datum(const char *text) {
    return (gnutls_datum_t){(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
}

static bool read_authorities(struct http_clients *clients, const char *pem, struct err *err) {
    const gnutls_datum_t text = datum(pem);
    if (gnutls_x509_crt_list_import2(&clients->authorities, &clients->authority_all, &text,
                                     GNUTLS_X509_FMT_PEM, 0) < 0 ||
        gnutls_certificate_set_x509_trust_mem(clients->credentials, &text, GNUTLS_X509_FMT_PEM) <=
            0)
        return err_set(err, ERR_CONFIG, "the authorities of clients' certificates cannot be used");
    clients->authority_count = clients->authority_all;
    return true;
}

// Signed by one of the authorities; when it ends is looked at later.
static bool is_signed(const struct http_clients *clients, gnutls_x509_crl_t list) {
    const unsigned of_time =
        GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED | GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE;
    unsigned status = 0;
    if (gnutls_x509_crl_verify(list, clients->authorities, clients->authority_count, 0, &status) <
        0)
        return false;
    return status == 0 || ((status & of_time) && !(status & ~(of_time | GNUTLS_CERT_INVALID)));
}

// Whoever fetches the lists may be given others.
static bool read_lists(struct http_clients *clients, const char *pem, struct err *err) {
    const gnutls_datum_t text = datum(pem);
    if (gnutls_x509_crl_list_import2(&clients->lists, &clients->list_count, &text,
                                     GNUTLS_X509_FMT_PEM, 0) < 0)
        return err_set(err, ERR_CONFIG,
                       "the lists of revoked certificates of clients cannot be used");
    for (unsigned i = 0; i < clients->list_count; i++)
        if (!is_signed(clients, clients->lists[i]))
            return err_set(err, ERR_CONFIG,
                           "list %u of revoked certificates of clients is signed by no authority "
                           "of intake.tls_client_ca",
                           i + 1);
    return true;
}

// Is it revoked, or issued by authorities of the file of which none stands?
static bool falls(const struct http_clients *clients, gnutls_x509_crt_t authority) {
    bool issued = false, stands = false;
    for (unsigned i = 0; i < clients->authority_all; i++)
        if (gnutls_x509_crt_check_issuer(authority, clients->authorities[i]) == 1) {
            issued = true;
            stands |= i < clients->authority_count;
        }
    return (issued && !stands) ||
           gnutls_x509_crt_check_revocation(authority, clients->lists, clients->list_count) != 0;
}

// That an authority stands in the file says only that it was believed when somebody put it there.
static bool trust_who_stands(struct http_clients *clients, struct err *err) {
    gnutls_x509_crt_t *list = clients->authorities;
    for (unsigned i = 0; i < clients->authority_count;) {
        gnutls_x509_crt_t authority = list[i];
        if (!falls(clients, authority)) {
            i++;
            continue;
        }
        list[i] = list[--clients->authority_count];
        list[clients->authority_count] = authority;
        i = 0; // what it issued falls too
    }
    return gnutls_x509_trust_list_add_cas(clients->trusted, list, clients->authority_count, 0) ==
               (int)clients->authority_count ||
           err_set(err, ERR_CONFIG, "the authorities of clients' certificates cannot be used");
}

struct http_clients *http_clients_create(const char *authorities, const char *lists,
                                         struct err *err) {
    struct http_clients *clients = mem_zalloc(1, sizeof *clients);
    if (gnutls_x509_trust_list_init(&clients->trusted, 0) != GNUTLS_E_SUCCESS ||
        gnutls_certificate_allocate_credentials(&clients->credentials) != GNUTLS_E_SUCCESS)
        (void)err_set(err, ERR_RETRY, "the TLS library gives no room");
    else if (read_authorities(clients, authorities, err) &&
             (!lists || read_lists(clients, lists, err)) && trust_who_stands(clients, err))
        return clients;
    http_clients_free(clients);
    return NULL;
}

void http_clients_free(struct http_clients *clients) {
    if (!clients)
        return;
    if (clients->trusted)
        gnutls_x509_trust_list_deinit(clients->trusted, 0);
    if (clients->credentials)
        gnutls_certificate_free_credentials(clients->credentials);
    for (unsigned i = 0; i < clients->authority_all; i++)
        gnutls_x509_crt_deinit(clients->authorities[i]);
    gnutls_free(clients->authorities);
    for (unsigned i = 0; i < clients->list_count; i++)
        gnutls_x509_crl_deinit(clients->lists[i]);
    gnutls_free(clients->lists);
    free(clients);
}

void *http_clients_credentials(const struct http_clients *clients) {
    return clients->credentials;
}

// ---- what was shown

// Also of a session that was resumed: what it was begun with.
static void read_shown(gnutls_session_t session, struct shown_chain *shown) {
    unsigned count = 0;
    const gnutls_datum_t *list = gnutls_certificate_get_peers(session, &count);
    *shown = (struct shown_chain){.unread = list && count > CHAIN_MAX};
    while (list && !shown->unread && shown->count < count) {
        gnutls_x509_crt_t *next = &shown->chain[shown->count];
        shown->unread = gnutls_x509_crt_init(next) != GNUTLS_E_SUCCESS;
        if (!shown->unread)
            shown->unread =
                gnutls_x509_crt_import(*next, &list[shown->count++], GNUTLS_X509_FMT_DER) < 0;
    }
}

static void drop_shown(struct shown_chain *shown) {
    for (unsigned i = 0; i < shown->count; i++)
        gnutls_x509_crt_deinit(shown->chain[i]);
}

static bool is_authority(const struct http_clients *clients, gnutls_x509_crt_t certificate) {
    for (unsigned i = 0; i < clients->authority_count; i++)
        if (gnutls_x509_crt_equals(clients->authorities[i], certificate))
            return true;
    return false;
}

// Is there a list of its authority that has not ended?
static bool has_list(const struct http_clients *clients, gnutls_x509_crt_t certificate,
                     int64_t now_s) {
    for (unsigned i = 0; i < clients->authority_count; i++) {
        gnutls_x509_crt_t authority = clients->authorities[i];
        if (gnutls_x509_crt_check_issuer(certificate, authority) != 1)
            continue;
        for (unsigned k = 0; k < clients->list_count; k++)
            if (gnutls_x509_crl_check_issuer(clients->lists[k], authority) == 1 &&
                gnutls_x509_crl_get_next_update(clients->lists[k]) > now_s)
                return true;
    }
    return false;
}

static const char *check_revoked(const struct http_clients *clients,
                                 const struct shown_chain *shown, int64_t now_s) {
    if (clients->list_count == 0)
        return NULL;
    for (unsigned i = 0; i < shown->count; i++)
        if (gnutls_x509_crt_check_revocation(shown->chain[i], clients->lists,
                                             clients->list_count) != 0)
            return "it, or one of its authorities, was revoked";
    for (unsigned i = 0; i < shown->count && !is_authority(clients, shown->chain[i]); i++)
        if (!has_list(clients, shown->chain[i], now_s))
            return "its authority has no list in intake.tls_client_crl that has not ended";
    return NULL;
}

static const char *check_chain(const struct http_clients *clients, struct shown_chain *shown) {
    static const struct {
        unsigned status;
        const char *why;
    } faults[] = {
        {GNUTLS_CERT_EXPIRED, "it, or one of its authorities, has ended"},
        {GNUTLS_CERT_NOT_ACTIVATED, "it, or one of its authorities, is not valid yet"},
        {GNUTLS_CERT_INSECURE_ALGORITHM, "its key or its signature is too weak"},
        {GNUTLS_CERT_PURPOSE_MISMATCH, "it is not made for clients (clientAuth)"},
    };
    unsigned char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
    gnutls_typed_vdata_st wanted = {GNUTLS_DT_KEY_PURPOSE_OID, purpose, 0};
    unsigned status = 0;
    if (gnutls_x509_trust_list_verify_crt2(clients->trusted, shown->chain, shown->count, &wanted, 1,
                                           GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM), &status,
                                           NULL) < 0)
        return "it cannot be verified";
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (status & faults[i].status)
            return faults[i].why;
    return status ? "no authority of intake.tls_client_ca stands behind it" : NULL;
}

// The holder's number: the one serialNumber of its subject, when that is an OIN.
static void read_holder(gnutls_x509_crt_t certificate, struct http_certificate *client) {
    static const char oid[] = "2.5.4.5";
    char number[sizeof client->oin + 1], other[1];
    size_t len = sizeof number, other_len = sizeof other;
    bool one = gnutls_x509_crt_get_dn_by_oid(certificate, oid, 0, 0, number, &len) >= 0 &&
               gnutls_x509_crt_get_dn_by_oid(certificate, oid, 1, 0, other, &other_len) ==
                   GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
    client->has_oin = one && len == sizeof client->oin && strspn(number, "0123456789") == len;
    if (client->has_oin)
        memcpy(client->oin, number, len);
    len = sizeof client->fingerprint;
    if (gnutls_x509_crt_get_fingerprint(certificate, GNUTLS_DIG_SHA256, client->fingerprint,
                                        &len) != GNUTLS_E_SUCCESS)
        client->fault = "it has no fingerprint";
}

static void look(const struct http_clients *clients, gnutls_session_t session, int64_t now_s,
                 struct http_certificate *client) {
    struct shown_chain shown;
    *client = (struct http_certificate){.shown = false};
    read_shown(session, &shown);
    client->shown = shown.count || shown.unread;
    if (shown.unread) {
        client->fault = "it, or its chain, cannot be read";
    } else if (client->shown) {
        read_holder(shown.chain[0], client);
        if (!client->fault)
            client->fault = check_chain(clients, &shown);
        if (!client->fault)
            client->fault = check_revoked(clients, &shown, now_s);
    }
    drop_shown(&shown);
}

const struct http_certificate *http_client(struct http_request *request) {
    struct http_conn *conn = request->conn;
    const struct http_clients *clients = http_tls_clients(conn->server->options.tls);
    int64_t now_s = loop_wall_ms() / 1000;
    if (!clients)
        return NULL;
    if (conn->client_generation != conn->server->tls_generation ||
        now_s - conn->client_looked_s >= LOOKED_AT_FOR_S || now_s < conn->client_looked_s) {
        look(clients,
             MHD_get_connection_info(request->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session,
             now_s, &conn->client);
        conn->client_generation = conn->server->tls_generation;
        conn->client_looked_s = now_s;
    }
    return conn->client.shown ? &conn->client : NULL;
}
