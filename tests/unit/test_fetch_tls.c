// SPDX-License-Identifier: EUPL-1.2
// fetch over TLS: who is trusted, and who is not, on both sides. The certificates are made here,
// each its own authority.
#include "fetch_rig.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <signal.h>
#include <time.h>

enum { HOUR = 3600 };
static const char modern[] = "NORMAL";
static const char older[] = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
static const char ancient[] = "NORMAL:-VERS-ALL:+VERS-TLS1.1:%VERIFY_ALLOW_SIGN_WITH_SHA1";

// What the server of the test has; set before it starts.
static gnutls_certificate_credentials_t credentials;
static const char *priorities;
static bool asks_certificate; // and trusts only the one of client_file
static char client_file[] = "/tmp/test_fetch_tls.XXXXXX";
static char ca_file[] = "/tmp/test_fetch_tls.XXXXXX";
static struct rig rig;

static void check(int rc) {
    if (rc < 0)
        fail_msg("gnutls: %s", gnutls_strerror(rc));
}

static gnutls_x509_privkey_t key, client_key;

static gnutls_x509_crt_t make_certificate(gnutls_x509_privkey_t of, const char *name, time_t from,
                                          time_t until) {
    gnutls_x509_crt_t crt;
    check(gnutls_x509_crt_init(&crt));
    check(gnutls_x509_crt_set_version(crt, 3));
    check(gnutls_x509_crt_set_serial(crt, "\x01", 1));
    check(gnutls_x509_crt_set_activation_time(crt, from));
    check(gnutls_x509_crt_set_expiration_time(crt, until));
    check(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                        (unsigned)strlen(name)));
    check(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name,
                                               (unsigned)strlen(name), GNUTLS_FSAN_SET));
    check(gnutls_x509_crt_set_basic_constraints(crt, 1, -1));
    check(gnutls_x509_crt_set_key(crt, of));
    check(gnutls_x509_crt_sign2(crt, crt, of, GNUTLS_DIG_SHA256, 0));
    return crt;
}

static void write_pem(const char *path, const char *mode, const gnutls_datum_t *pem) {
    FILE *file = fopen(path, mode);
    assert_non_null(file);
    if (pem->size)
        assert_int_equal(fwrite(pem->data, 1, pem->size, file), pem->size);
    assert_int_equal(fclose(file), 0);
}

// The server gets it, and ca_file holds it.
static void use_certificate(const char *name, int hours_from, int hours_until) {
    time_t now = time(NULL);
    gnutls_x509_crt_t crt =
        make_certificate(key, name, now + hours_from * HOUR, now + hours_until * HOUR);
    gnutls_datum_t pem;
    check(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem));
    write_pem(ca_file, "w", &pem);
    gnutls_free(pem.data);
    check(gnutls_certificate_allocate_credentials(&credentials));
    check(gnutls_certificate_set_x509_key(credentials, &crt, 1, key));
    gnutls_x509_crt_deinit(crt);
}

// What client_file holds.
enum client_kind { CLIENT_KNOWN, CLIENT_UNKNOWN, CLIENT_NO_KEY, CLIENT_LOCKED, CLIENT_EMPTY };

// GnuTLS would do it too, but hashes the word so often that it takes half a minute under valgrind.
static void add_locked(const gnutls_datum_t *pem) {
    char line[200];
    (void)snprintf(line, sizeof line,
                   "openssl pkcs8 -topk8 -v2 aes-256-cbc -iter 1 -passout pass:word >>%s",
                   client_file);
    FILE *openssl = popen(line, "w");
    assert_non_null(openssl);
    assert_int_equal(fwrite(pem->data, 1, pem->size, openssl), pem->size);
    assert_int_equal(pclose(openssl), 0);
}

static void use_client(enum client_kind kind) {
    time_t now = time(NULL);
    gnutls_x509_privkey_t of = kind == CLIENT_UNKNOWN ? key : client_key;
    gnutls_x509_crt_t crt = make_certificate(of, "client", now - HOUR, now + HOUR);
    gnutls_datum_t pem = {0}, key_pem = {0};
    check(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem));
    check(gnutls_x509_privkey_export2(of, GNUTLS_X509_FMT_PEM, &key_pem));
    write_pem(client_file, "w", kind == CLIENT_EMPTY ? &(gnutls_datum_t){0} : &pem);
    if (kind == CLIENT_LOCKED)
        add_locked(&key_pem);
    else if (kind != CLIENT_EMPTY && kind != CLIENT_NO_KEY)
        write_pem(client_file, "a", &key_pem);
    if (kind != CLIENT_UNKNOWN)
        check(gnutls_certificate_set_x509_trust(credentials, &crt, 1));
    gnutls_free(pem.data);
    gnutls_free(key_pem.data);
    gnutls_x509_crt_deinit(crt);
}

static void serve_tls(struct server *server, int fd) {
    gnutls_session_t tls;
    (void)gnutls_init(&tls, GNUTLS_SERVER);
    (void)gnutls_priority_set_direct(tls, priorities, NULL);
    (void)gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, credentials);
    gnutls_transport_set_int(tls, fd);
    if (asks_certificate) {
        gnutls_certificate_server_set_request(tls, GNUTLS_CERT_REQUIRE);
        gnutls_session_set_verify_cert(tls, NULL, 0);
    }
    int rc;
    while ((rc = gnutls_handshake(tls)) < 0 && !gnutls_error_is_fatal(rc)) {
    }
    char request[4096];
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
    if (rc < 0) {
        (void)gnutls_alert_send_appropriate(tls, rc);
        (void)shutdown(fd, SHUT_WR);
        while (recv(fd, request, sizeof request, 0) > 0) { // else a reset overtakes the alert
        }
    }
    while (rc == 0 && gnutls_record_recv(tls, request, sizeof request) > 0) {
        pthread_mutex_lock(&server->mutex);
        server->requests++;
        pthread_mutex_unlock(&server->mutex);
        (void)gnutls_record_send(tls, answer, sizeof answer - 1);
    }
    (void)gnutls_bye(tls, GNUTLS_SHUT_WR);
    gnutls_deinit(tls);
}

static void serve_plain(struct server *server, int fd) {
    (void)server;
    (void)send_text(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
}

static void start(void (*serve)(struct server *, int), const char *authorities) {
    struct fetch_limits limits = {.connections_max = 4,
                                  .connect_timeout_ms = 20000,
                                  .timeout_ms = 40000,
                                  .body_bytes_max = 1000,
                                  .ca_file = authorities};
    rig_start(&rig, &limits, serve);
}

static void ask(const char *client_cert_file, struct answer *answer) {
    char url[64];
    (void)snprintf(url, sizeof url, "https://localhost:%d/", rig.server.port);
    rig_get(&rig,
            &(struct fetch_request){
                .url = url, .client_cert_file = client_cert_file, .allow_private = true},
            answer);
}

static void get(void (*serve)(struct server *, int), const char *authorities,
                struct answer *answer) {
    start(serve, authorities);
    ask(NULL, answer);
    rig_stop(&rig);
}

static const struct tls_case {
    const char *name; // in the certificate
    int hours_from, hours_until;
    const char *versions;
    bool trusted; // its authority
    const char *reason;
} cases[] = {
    {"localhost", -1, 1, modern, true, ""},
    {"localhost", -1, 1, modern, false, "TLS: certificate not trusted"},
    {"elsewhere.test", -1, 1, modern, true, "TLS: certificate is for another name"},
    {"localhost", -2, -1, modern, true, "TLS: certificate expired"},
    {"localhost", 1, 2, modern, true, "TLS: certificate not trusted"},
    {"localhost", -1, 1, ancient, true, "TLS: handshake failed"},
};

static void test_trust(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        use_certificate(cases[i].name, cases[i].hours_from, cases[i].hours_until);
        priorities = cases[i].versions;
        struct answer answer;
        get(serve_tls, cases[i].trusted ? ca_file : NULL, &answer);
        assert_text(answer.reason, cases[i].reason, cases[i].name);
        bool good = cases[i].reason[0] == '\0';
        assert_int_equal(answer.outcome, good ? FETCH_OK : FETCH_FAILED);
        assert_text(answer.body, good ? "secret" : "", cases[i].name);
        answer_free(&answer);
        gnutls_certificate_free_credentials(credentials);
    }
}

static void test_no_tls_there(void **state) {
    (void)state;
    struct answer answer;
    get(serve_plain, NULL, &answer);
    assert_int_equal(answer.outcome, FETCH_FAILED);
    assert_text(answer.reason, "TLS: handshake failed", "plain HTTP");
    answer_free(&answer);
}

static void test_no_file_of_authorities(void **state) {
    (void)state;
    struct answer answer;
    use_certificate("localhost", -1, 1);
    priorities = modern;
    get(serve_tls, "/nonexistent/ca.pem", &answer);
    assert_int_equal(answer.outcome, FETCH_FAILED);
    assert_text(answer.reason, "TLS: file of authorities not readable", "no file");
    answer_free(&answer);
    gnutls_certificate_free_credentials(credentials);
}

static const char refused[] = "TLS: refused by the server, maybe for the client certificate";
static const char not_usable[] = "TLS: client certificate or its key not usable";

static const struct client_case {
    enum client_kind kind;
    const char *file; // NULL: none is sent
    const char *versions, *reason;
} client_cases[] = {
    {CLIENT_KNOWN, client_file, older, ""},
    {CLIENT_KNOWN, client_file, modern, ""},
    {CLIENT_KNOWN, NULL, older, "TLS: handshake failed"}, // GnuTLS then says "decode error"
    {CLIENT_KNOWN, NULL, modern, refused},
    {CLIENT_UNKNOWN, client_file, older, refused},
    {CLIENT_UNKNOWN, client_file, modern, refused},
    {CLIENT_NO_KEY, client_file, modern, not_usable},
    {CLIENT_LOCKED, client_file, modern, not_usable}, // and nobody is asked for the word
    {CLIENT_EMPTY, client_file, modern, not_usable},
    {CLIENT_KNOWN, "/nonexistent/client.pem", modern, not_usable},
};

static void test_client_certificate(void **state) {
    (void)state;
    asks_certificate = true;
    for (size_t i = 0; i < sizeof client_cases / sizeof *client_cases; i++) {
        const struct client_case *row = &client_cases[i];
        use_certificate("localhost", -1, 1);
        use_client(row->kind);
        priorities = row->versions;
        struct answer answer;
        start(serve_tls, ca_file);
        ask(row->file, &answer);
        assert_text(answer.reason, row->reason, row->versions);
        assert_text(answer.body, row->reason[0] ? "" : "secret", row->versions);
        answer_free(&answer);
        rig_stop(&rig);
        gnutls_certificate_free_credentials(credentials);
    }
    asks_certificate = false;
}

// What was opened with a certificate is not used by who has none, and the other way round.
static void test_connections_are_kept_apart(void **state) {
    (void)state;
    struct answer answer;
    use_certificate("localhost", -1, 1);
    use_client(CLIENT_KNOWN);
    priorities = modern;
    asks_certificate = true;
    start(serve_tls, ca_file);
    const struct {
        const char *file, *reason;
        int requests, connections; // since the start
    } steps[] = {{client_file, "", 1, 1},
                 {client_file, "", 2, 1},
                 {NULL, refused, 2, 2},
                 {client_file, "", 3, 2}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        ask(steps[i].file, &answer);
        assert_text(answer.reason, steps[i].reason, "step");
        assert_int_equal(server_count(&rig.server, &rig.server.requests), steps[i].requests);
        assert_int_equal(server_count(&rig.server, &rig.server.connections), steps[i].connections);
        answer_free(&answer);
    }
    rig_stop(&rig);
    asks_certificate = false;
    gnutls_certificate_free_credentials(credentials);
}

static bool make_file(char *path) {
    int fd = mkstemp(path);
    return fd >= 0 && close(fd) == 0;
}

static bool make_key(gnutls_x509_privkey_t *made) {
    return gnutls_x509_privkey_init(made) == 0 &&
           gnutls_x509_privkey_generate(*made, GNUTLS_PK_ECDSA,
                                        GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) == 0;
}

static int make_all(void **state) {
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    return make_file(ca_file) && make_file(client_file) && make_key(&key) && make_key(&client_key)
               ? 0
               : -1;
}

static int free_all(void **state) {
    (void)state;
    gnutls_x509_privkey_deinit(key);
    gnutls_x509_privkey_deinit(client_key);
    return unlink(ca_file) || unlink(client_file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_no_tls_there),
        cmocka_unit_test(test_no_file_of_authorities),
        cmocka_unit_test(test_client_certificate),
        cmocka_unit_test(test_connections_are_kept_apart),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
