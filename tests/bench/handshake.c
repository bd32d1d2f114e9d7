// SPDX-License-Identifier: EUPL-1.2
// bench_handshake PORT VISITS HOW: connects VISITS times to 127.0.0.1, one after the other, and
// asks for /v1/health each time. HOW is "clear", or a version of TLS ("1.2", "1.3") and then
// ":resumed" when each visit but the first takes up the session of the one before. Status 1 when a
// visit failed, or when a session was resumed that should not be, or the other way round.
// Certificates are not looked at: what counts is what the server does.
#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char question[] = "GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

static gnutls_certificate_credentials_t credentials;
static gnutls_datum_t session; // of the visit before
static char priorities[128];
static bool resumed;

static void fail(const char *what) {
    (void)fprintf(stderr, "bench_handshake: %s\n", what);
    exit(1);
}

static int reach(int port) {
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)))
        fail("connect");
    return fd;
}

static void visit_clear(int fd) {
    char answer[4096];
    if (send(fd, question, sizeof question - 1, MSG_NOSIGNAL) < 0 ||
        recv(fd, answer, sizeof answer, 0) <= 0)
        fail("no answer");
}

static void keep_session(gnutls_session_t tls) {
    gnutls_free(session.data);
    session = (gnutls_datum_t){0};
    if (gnutls_session_get_data2(tls, &session))
        fail("no session");
}

static void visit_tls(int fd) {
    gnutls_session_t tls;
    char answer[4096];
    bool again = session.data != NULL;
    if (gnutls_init(&tls, GNUTLS_CLIENT) || gnutls_priority_set_direct(tls, priorities, NULL) ||
        gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, credentials) ||
        (again && gnutls_session_set_data(tls, session.data, session.size)))
        fail("TLS");
    gnutls_transport_set_int(tls, fd);
    if (gnutls_handshake(tls) || gnutls_session_is_resumed(tls) != again)
        fail("handshake");
    ssize_t n = gnutls_record_send(tls, question, sizeof question - 1);
    if (n > 0)
        do // with 1.3 a ticket comes first
            n = gnutls_record_recv(tls, answer, sizeof answer);
        while (n == GNUTLS_E_AGAIN);
    if (n <= 0)
        fail("no answer");
    if (resumed)
        keep_session(tls);
    (void)gnutls_bye(tls, GNUTLS_SHUT_WR);
    gnutls_deinit(tls);
}

int main(int argc, char **argv) {
    if (argc != 4 || gnutls_certificate_allocate_credentials(&credentials))
        fail("PORT VISITS HOW");
    int port = atoi(argv[1]), visits = atoi(argv[2]);
    bool clear = strcmp(argv[3], "clear") == 0;
    resumed = strstr(argv[3], ":resumed") != NULL;
    (void)snprintf(priorities, sizeof priorities, "NORMAL:-VERS-ALL:+VERS-TLS%.3s", argv[3]);
    for (int i = 0; i < visits; i++) {
        int fd = reach(port);
        if (clear)
            visit_clear(fd);
        else
            visit_tls(fd);
        (void)close(fd);
    }
    return 0;
}
