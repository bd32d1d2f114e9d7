// SPDX-License-Identifier: EUPL-1.2
// fetch over TLS: who is trusted, and who is not. The certificates are made here, each its own
// authority.
#include "fetch_rig.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <signal.h>
#include <time.h>

enum { HOUR = 3600 };
static const char modern[] = "NORMAL";
static const char ancient[] = "NORMAL:-VERS-ALL:+VERS-TLS1.1:%VERIFY_ALLOW_SIGN_WITH_SHA1";

// What the server of the test has; set before it starts.
static gnutls_certificate_credentials_t credentials;
static const char *priorities;
static char ca_file[] = "/tmp/test_fetch_tls.XXXXXX";
static struct rig rig;

static void check(int rc) {
    if (rc < 0)
        fail_msg("gnutls: %s", gnutls_strerror(rc));
}

static gnutls_x509_privkey_t key;

static gnutls_x509_crt_t make_certificate(const char *name, time_t from, time_t until) {
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
    check(gnutls_x509_crt_set_key(crt, key));
    check(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0));
    return crt;
}

// The server gets it, and ca_file holds it.
static void use_certificate(const char *name, int hours_from, int hours_until) {
    time_t now = time(NULL);
    gnutls_x509_crt_t crt =
        make_certificate(name, now + hours_from * HOUR, now + hours_until * HOUR);
    gnutls_datum_t pem;
    check(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem));
    FILE *file = fopen(ca_file, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(pem.data, 1, pem.size, file), pem.size);
    assert_int_equal(fclose(file), 0);
    gnutls_free(pem.data);
    check(gnutls_certificate_allocate_credentials(&credentials));
    check(gnutls_certificate_set_x509_key(credentials, &crt, 1, key));
    gnutls_x509_crt_deinit(crt);
}

static void serve_tls(struct server *server, int fd) {
    (void)server;
    gnutls_session_t tls;
    (void)gnutls_init(&tls, GNUTLS_SERVER);
    (void)gnutls_priority_set_direct(tls, priorities, NULL);
    (void)gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, credentials);
    gnutls_transport_set_int(tls, fd);
    int rc;
    while ((rc = gnutls_handshake(tls)) < 0 && !gnutls_error_is_fatal(rc)) {
    }
    char request[4096];
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
    if (rc == 0 && gnutls_record_recv(tls, request, sizeof request) > 0)
        (void)gnutls_record_send(tls, answer, sizeof answer - 1);
    (void)gnutls_bye(tls, GNUTLS_SHUT_WR);
    gnutls_deinit(tls);
}

static void serve_plain(struct server *server, int fd) {
    (void)server;
    (void)send_text(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
}

static void get(void (*serve)(struct server *, int), const char *authorities,
                struct answer *answer) {
    struct fetch_limits limits = {.connections_max = 4,
                                  .connect_timeout_ms = 20000,
                                  .timeout_ms = 40000,
                                  .body_bytes_max = 1000,
                                  .ca_file = authorities};
    rig_start(&rig, &limits, serve);
    char url[64];
    (void)snprintf(url, sizeof url, "https://localhost:%d/", rig.server.port);
    rig_get(&rig, &(struct fetch_request){.url = url, .allow_private = true}, answer);
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

static int make_key(void **state) {
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    int fd = mkstemp(ca_file);
    if (fd < 0 || close(fd) != 0 || gnutls_x509_privkey_init(&key) < 0)
        return -1;
    return gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                        GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
}

static int free_key(void **state) {
    (void)state;
    gnutls_x509_privkey_deinit(key);
    return unlink(ca_file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_no_tls_there),
        cmocka_unit_test(test_no_file_of_authorities),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
