// SPDX-License-Identifier: EUPL-1.2
// The HTTP server as its callers and clients see it: replies now and later, many at once, streams,
// Unix sockets, TLS, stopping.
#include "http_fixture.h"

static void replies_later_client(struct fixture *fx) {
    int fd = client_connect(fx);
    CHECK(post(fd, "/later", 1234));
    struct answer *answer = client_answer(fd);
    CHECK(answer->status == 201 && !answer->close);
    CHECK(strcmp(answer->body, "1234") == 0);
    CHECK(strstr(answer->head, "API-Version: 1.0.0\r\n"));
    CHECK(strstr(answer->head, "Cache-Control: no-store\r\n"));
    CHECK(strstr(answer->head, "Content-Type: text/plain\r\n"));
    CHECK(strstr(answer->head, "Date: "));
    CHECK(post(fd, "/take", 0));
    CHECK(strcmp(client_answer(fd)->body, "0") == 0);
    CHECK(client_puts(fd,
                      "POST /take HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nab\xc3\xa9z"));
    CHECK(strcmp(client_answer(fd)->body, "5") == 0);
    CHECK(post(fd, "/bad", 3));
    answer = client_answer(fd);
    CHECK(answer->status == 400 && answer->close);
    CHECK(client_at_end(fd));
    (void)close(fd);
}

static void replies_later(void **state) {
    (void)state;
    run_case(replies_later_client);
}

static void many_on_one_client(struct fixture *fx) {
    int fd = client_connect(fx);
    char expected[16];
    for (size_t i = 0; i < 1000; i++) {
        CHECK(post(fd, i % 2 ? "/later" : "/now", i));
        (void)snprintf(expected, sizeof expected, "%zu", i);
        struct answer *answer = client_answer(fd);
        CHECK(answer->status == 201 && strcmp(answer->body, expected) == 0);
    }
    (void)close(fd);
}

static void many_on_one_connection(void **state) {
    (void)state;
    run_case(many_on_one_client);
}

enum { PARALLEL = 200 };

static void parallel_client(struct fixture *fx) {
    int fds[PARALLEL];
    for (size_t i = 0; i < PARALLEL; i++)
        CHECK((fds[i] = client_connect(fx)) >= 0);
    for (size_t round = 0; round < 5; round++) {
        for (size_t i = 0; i < PARALLEL; i++)
            CHECK(post(fds[i], "/hold", i + round));
        for (size_t i = 0; i < PARALLEL; i++) {
            struct answer *answer = client_answer(fds[i]);
            CHECK(answer->status == 201 && strtoul(answer->body, NULL, 10) == i + round);
        }
    }
    for (size_t i = 0; i < PARALLEL; i++)
        (void)close(fds[i]);
}

// All 200 are in the application's hands before the first is replied to.
static void parallel_requests(void **state) {
    struct fixture fx;
    (void)state;
    fixture_init(&fx);
    fx.held_wanted = PARALLEL;
    fixture_listen(&fx);
    run_client(&fx, parallel_client);
    assert_int_equal(fx.handed, PARALLEL * 5);
    fixture_free(&fx);
}

static void pipelined_client(struct fixture *fx) {
    int fd = client_connect(fx);
    char all[4096] = "";
    for (int i = 0; i < 10; i++)
        (void)snprintf(all + strlen(all), sizeof all - strlen(all),
                       "POST %s HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n%.*s",
                       i % 3 ? "/later" : "/now", i, i, "0123456789");
    CHECK(client_puts(fd, all));
    for (unsigned long i = 0; i < 10; i++) {
        struct answer *answer = client_answer(fd);
        CHECK(answer->status == 201 && strtoul(answer->body, NULL, 10) == i);
    }
    (void)close(fd);
}

static void pipelined_requests(void **state) {
    (void)state;
    run_case(pipelined_client);
}

static void query_client(struct fixture *fx) {
    static const struct {
        const char *query, *body;
    } cases[] = {
        {"", ""},
        {"?", ""},
        {"?a=1&&b", "[a=1][b=]"},
        {"?x=%41+%2B&x=two&x=3&y=a%3Db=c", "[x=A +][x=two][x=3][y=a=b=c]two"},
        {"?m=%C3%A9", "[m=\xc3\xa9]"},
        {"?m=%4", NULL},
        {"?m=%zz", NULL},
        {"?m=%00", NULL},
        {"?m=%ff", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[200];
        int fd = client_connect(fx);
        (void)snprintf(text, sizeof text, "GET /query%s HTTP/1.1\r\nHost: t\r\n\r\n",
                       cases[i].query);
        CHECK(client_puts(fd, text));
        struct answer *answer = client_answer(fd);
        CHECK(answer->status == (cases[i].body ? 200 : 400));
        CHECK(!cases[i].body || strcmp(answer->body, cases[i].body) == 0);
        (void)close(fd);
    }
}

static void query_parameters(void **state) {
    (void)state;
    run_case(query_client);
}

// More than the library has room for: each is answered, and forgotten.
static void many_parameters_client(struct fixture *fx) {
    static const char head[] = "GET /query?", end[] = "x HTTP/1.1\r\nHost: t\r\n\r\n";
    for (size_t count = 1; count <= 1024; count *= 2) {
        char text[4096];
        size_t len = sizeof head - 1;
        int fd = client_connect(fx);
        memcpy(text, head, len);
        for (size_t i = 0; i < count; i++, len += 2)
            memcpy(text + len, "a&", 2);
        memcpy(text + len, end, sizeof end - 1);
        CHECK(client_send(fd, text, len + sizeof end - 1));
        CHECK(client_answer(fd)->status == (count < 100 ? 200 : 400));
        (void)close(fd);
    }
}

static void many_parameters(void **state) {
    (void)state;
    run_case(many_parameters_client);
}

static void decodes_segments(void **state) {
    static const struct {
        const char *text;
        size_t max;
        const char *out; // NULL: refused
    } cases[] = {
        {"plain", 5, "plain"}, {"plain", 4, NULL},   {"a%2Fb+c", 16, "a/b+c"},
        {"%e2%82%ac", 3, "€"}, {"%25%32", 16, "%2"}, {"%", 16, NULL},
        {"%1", 16, NULL},      {"%g1", 16, NULL},    {"%0a", 16, NULL},
        {"%c3%28", 16, NULL},  {"", 16, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[32] = "";
        size_t len = 0;
        bool ok = http_decode_segment(str_from(cases[i].text), out, cases[i].max, &len);
        assert_int_equal(ok, cases[i].out != NULL);
        if (ok)
            assert_true(str_is((struct str){out, len}, cases[i].out));
    }
}

static const char GET_STREAM[] = "GET /stream HTTP/1.1\r\nHost: t\r\n\r\n";

static void stream_client(struct fixture *fx) {
    int fd = client_connect(fx);
    char expected[512] = "";
    CHECK(client_puts(fd, GET_STREAM));
    struct answer *answer = client_answer(fd);
    CHECK(answer->status == 200);
    CHECK(strstr(answer->head, "Transfer-Encoding: chunked\r\n"));
    CHECK(strstr(answer->head, "Content-Type: application/x-ndjson\r\n"));
    for (int i = 20; i > 0; i -= 2)
        (void)snprintf(expected + strlen(expected), sizeof expected - strlen(expected),
                       "piece %d\n", i);
    CHECK(strcmp(answer->body, expected) == 0);
    CHECK(client_await(&fx->closed, 1));
    CHECK(post(fd, "/now", 7)); // the connection is as good as before
    CHECK(strcmp(client_answer(fd)->body, "7") == 0);
    (void)close(fd);
}

static void streams_with_wake(void **state) {
    (void)state;
    run_case(stream_client);
}

// The head comes at once, also when the stream has nothing yet; and nobody wakes this stream, so
// its client's leaving must be noticed without.
static void silent_stream_client(struct fixture *fx) {
    int fd = client_connect(fx);
    char line[256];
    CHECK(client_puts(fd, GET_STREAM));
    CHECK(client_line(fd, line, sizeof line) && strstr(line, "200"));
    CHECK(fx->closed == 0);
    (void)close(fd);
    CHECK(client_await(&fx->closed, 1));
    CHECK(client_await_connections(fx, 0));
}

static void stream_client_leaves(void **state) {
    struct fixture fx;
    (void)state;
    fixture_init(&fx);
    fx.stream_silent = true;
    fixture_listen(&fx);
    run_client(&fx, silent_stream_client);
    fixture_free(&fx);
}

static void leaving_client(struct fixture *fx) {
    int gone = client_connect(fx), stays = client_connect(fx);
    struct linger reset = {.l_onoff = 1};
    CHECK(post(gone, "/hold", 10));
    CHECK(client_await(&fx->handed, 1));
    (void)setsockopt(gone, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    (void)close(gone);
    CHECK(post(stays, "/hold", 20)); // now both are replied to
    CHECK(strcmp(client_answer(stays)->body, "20") == 0);
    CHECK(client_await_connections(fx, 1));
    (void)close(stays);
}

static void client_leaves_before_its_reply(void **state) {
    struct fixture fx;
    (void)state;
    fixture_init(&fx);
    fx.held_wanted = 2;
    fixture_listen(&fx);
    run_client(&fx, leaving_client);
    assert_int_equal(fx.gone, 0);
    fixture_free(&fx);
}

static char unix_path[64];

static int unix_connect(const char *path) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    return client_ready(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), (struct sockaddr *)&at,
                        sizeof at);
}

static void unix_client(struct fixture *fx) {
    char expected[80];
    int fd = unix_connect(unix_path);
    CHECK(client_puts(fd, "GET /peer HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    (void)snprintf(expected, sizeof expected, "%u %u %d", getuid(), getgid(), getpid());
    CHECK(strcmp(client_answer(fd)->body, expected) == 0);
    (void)close(fd);
}

static void leave_old_socket(const char *path) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    (void)close(fd);
}

static void unix_sockets(void **state) {
    struct fixture fx;
    struct stat st;
    (void)state;
    (void)snprintf(unix_path, sizeof unix_path, "/tmp/test_http.%d.socket", getpid());
    fixture_init(&fx);
    fx.options.unix_path = unix_path;
    fx.options.unix_mode = 0620;
    leave_old_socket(unix_path);
    fixture_listen(&fx);
    assert_int_equal(stat(unix_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0620);
    assert_int_equal(http_port(fx.server), 0);
    run_client(&fx, unix_client);
    refuses_to_listen(&fx, ERR_RETRY); // the path is served
    fixture_close(&fx);
    assert_int_equal(stat(unix_path, &st), -1);
    FILE *file = fopen(unix_path, "w"); // something else than a socket is left alone
    assert_non_null(file);
    (void)fclose(file);
    refuses_to_listen(&fx, ERR_CONFIG);
    assert_int_equal(stat(unix_path, &st), 0);
    (void)unlink(unix_path);
    fixture_free(&fx);
}

static void bad_addresses(void **state) {
    struct fixture fx;
    (void)state;
    fixture_init(&fx);
    fx.options.address = "localhost";
    refuses_to_listen(&fx, ERR_CONFIG);
    fx.options.address = "192.0.2.1"; // it may be this machine's in a moment
    refuses_to_listen(&fx, ERR_RETRY);
    fixture_free(&fx);
}

static char tls_cert[2][80], tls_key[2][80];

static bool command(const char *what, ...) {
    char line[1024];
    va_list args;
    va_start(args, what);
    (void)vsnprintf(line, sizeof line, what, args);
    va_end(args);
    return system(line) == 0;
}

static bool asks(struct fixture *fx, const char *authority, const char *options) {
    return command("printf 'GET /later HTTP/1.1\\r\\nHost: t\\r\\nConnection: close\\r\\n\\r\\n' |"
                   " timeout 20 openssl s_client -quiet -connect 127.0.0.1:%u -CAfile %s"
                   " -verify_return_error %s 2>/dev/null | grep -q '^HTTP/1.1 201'",
                   http_port(fx->server), authority, options);
}

static void tls_client(struct fixture *fx) {
    CHECK(asks(fx, tls_cert[0], "-tls1_3"));
    CHECK(asks(fx, tls_cert[0], "-tls1_2"));
    CHECK(!asks(fx, tls_cert[0], "-tls1_1 -cipher DEFAULT@SECLEVEL=0"));
    CHECK(!asks(fx, tls_cert[1], "-tls1_3"));
    int fd = client_connect(fx);
    CHECK(client_puts(fd, "GET / HTTP/1.1\r\nHost: t\r\n\r\n")); // not TLS
    CHECK(client_ended(fd));
    (void)close(fd);
}

static void client_of_the_renewed(struct fixture *fx) {
    CHECK(asks(fx, tls_cert[1], "-tls1_3"));
    CHECK(asks(fx, tls_cert[1], "-tls1_2"));
    CHECK(!asks(fx, tls_cert[0], "-tls1_3"));
}

static char *make_tls(int number, char **key_pem) {
    struct err err = {0};
    struct buf cert, key;
    (void)snprintf(tls_cert[number], sizeof tls_cert[0], "/tmp/test_http.%d.%d.cert", getpid(),
                   number);
    (void)snprintf(tls_key[number], sizeof tls_key[0], "/tmp/test_http.%d.%d.key", getpid(),
                   number);
    assert_true(command("openssl req -x509 -newkey rsa:2048 -nodes -days %d -subj /CN=127.0.0.1 "
                        "-addext subjectAltName=IP:127.0.0.1 -out %s -keyout %s 2>/dev/null",
                        number + 2, tls_cert[number], tls_key[number]));
    assert_true(str_read_file(tls_cert[number], 65536, &cert, &err));
    assert_true(str_read_file(tls_key[number], 65536, &key, &err));
    (void)unlink(tls_key[number]);
    *key_pem = buf_take(&key);
    return buf_take(&cert);
}

static struct http_tls *pair(const char *cert, const char *key) {
    struct err err;
    struct http_tls *tls = http_tls_create(&(struct http_tls_texts){cert, key, NULL, NULL}, &err);
    if (!tls)
        fail_msg("%s", err.text);
    return tls;
}

static void assert_no_pair(const char *cert, const char *key, const char *said) {
    struct err err;
    assert_null(http_tls_create(&(struct http_tls_texts){cert, key, NULL, NULL}, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_non_null(strstr(err.text, said));
}

// A certificate is renewed under connections that go on.
static void tls(void **state) {
    struct fixture fx;
    char *cert[2], *key[2];
    (void)state;
    for (int i = 0; i < 2; i++)
        cert[i] = make_tls(i, &key[i]);
    assert_no_pair(cert[0], key[1], "are no pair");
    assert_no_pair(cert[0], cert[0], "the TLS key cannot be used");
    assert_no_pair(key[0], key[0], "the TLS certificate cannot be used");
    assert_no_pair("", key[0], "the TLS certificate cannot be used");
    fixture_init(&fx);
    fx.options.tls = pair(cert[0], key[0]);
    int64_t days = (http_tls_ends_s(fx.options.tls) - (int64_t)time(NULL) + 3600) / 86400;
    assert_int_equal(days, 2);
    fixture_listen(&fx);
    run_client(&fx, tls_client);
    http_use_tls(fx.server, pair(cert[1], key[1]));
    run_client(&fx, client_of_the_renewed);
    fixture_free(&fx);
    for (int i = 0; i < 2; i++) {
        free(cert[i]);
        free(key[i]);
        (void)unlink(tls_cert[i]);
    }
}

static void open_everything_client(struct fixture *fx) {
    CHECK(post(client_connect(fx), "/hold", 3));
    CHECK(post(client_connect(fx), "/hold", 4));
    CHECK(client_puts(client_connect(fx), GET_STREAM));
    CHECK(
        client_puts(client_connect(fx), "POST /now HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n"));
    CHECK(client_puts(client_connect(fx),
                      "POST /now HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc"));
    CHECK(client_connect(fx) >= 0);
    CHECK(client_await(&fx->handed, 3));
    CHECK(client_await_connections(fx, 6));
}

static void closes_with_everything_open(void **state) {
    struct fixture fx;
    (void)state;
    fixture_init(&fx);
    fx.held_wanted = 99;
    fx.stream_silent = true;
    fixture_listen(&fx);
    run_client(&fx, open_everything_client);
    assert_int_equal(fx.gone, 0);
    fixture_close(&fx);
    assert_int_equal(fx.gone, 2);
    assert_int_equal(fx.closed, 1);
    fixture_free(&fx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_later),
        cmocka_unit_test(many_on_one_connection),
        cmocka_unit_test(parallel_requests),
        cmocka_unit_test(pipelined_requests),
        cmocka_unit_test(query_parameters),
        cmocka_unit_test(many_parameters),
        cmocka_unit_test(decodes_segments),
        cmocka_unit_test(streams_with_wake),
        cmocka_unit_test(stream_client_leaves),
        cmocka_unit_test(client_leaves_before_its_reply),
        cmocka_unit_test(unix_sockets),
        cmocka_unit_test(bad_addresses),
        cmocka_unit_test(tls),
        cmocka_unit_test(closes_with_everything_open),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
