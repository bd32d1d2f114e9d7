// SPDX-License-Identifier: EUPL-1.2
// fetch: redirects, links to the next page, and ways to say who asks.
#include "edge/fetch/once.h"

#include "fetch_rig.h"

#include <signal.h>

static const struct fetch_limits limits = {
    .connections_max = 4, .connect_timeout_ms = 20000, .timeout_ms = 40000, .body_bytes_max = 1000};
static struct rig rig;
static struct server elsewhere; // the same host, another port
static struct server neighbour; // another host
static char long_link[4096];

static const struct script {
    const char *path;
    int status;
    const char *header; // "%s" is the server, "%e" elsewhere, "%n" the neighbour
    const char *body;
} scripts[] = {
    {"/end", 200, "ETag: \"end\"\r\n", "the end"},
    {"/301", 301, "Location: /end\r\n", "look there"},
    {"/302", 302, "location: end\r\n", ""},
    {"/303", 303, "Location: http://%s/end\r\n", ""},
    {"/307", 307, "Location: //%s/a/../end\r\n", ""},
    {"/308", 308, "ETag: \"old\"\r\nLink: <x>; rel=next\r\nLocation: /end?a=b#c\r\n", ""},
    {"/300", 300, "Location: /end\r\n", ""},
    {"/304", 304, "Location: /end\r\n", ""},
    {"/201", 201, "Location: /end\r\n", ""},
    {"/nowhere", 302, "", ""},
    {"/port", 302, "Location: http://%e/end\r\n", ""},
    {"/host", 302, "Location: http://%n/end\r\n", ""},
    {"/then-host", 302, "Location: /host\r\n", ""},
    {"/tls", 302, "Location: https://%s/end\r\n", ""},
    {"/file", 302, "Location: file:///etc/passwd\r\n", ""},
    {"/user", 302, "Location: http://a:b@%s/end\r\n", ""},
    {"/bad", 302, "Location: http://\r\n", ""},
    {"/self", 302, "Location: /self\r\n", ""},
    {"/ping", 302, "Location: /pong\r\n", ""},
    {"/pong", 302, "Location: /ping\r\n", ""},
    {"/6", 302, "Location: /5\r\n", ""},
    {"/5", 302, "Location: /4\r\n", ""},
    {"/4", 302, "Location: /3\r\n", ""},
    {"/3", 302, "Location: /2\r\n", ""},
    {"/2", 302, "Location: /1\r\n", ""},
    {"/1", 302, "Location: /end\r\n", ""},
    {"/next", 200, "Link: <?page=2>; rel=\"next\"\r\n", ""},
    {"/links", 200, "Link: <1>; rel=prev\r\nX: y\r\nlink: <9>; rel=last, <2>; rel=next\r\n", ""},
    {"/last", 200, "Link: <1>; rel=prev\r\n", ""},
    {"/long-link", 200, long_link, ""},
};

static void put_server(struct buf *out, const struct server *server) {
    buf_printf(out, "%s:%d", server->address, server->port);
}

static void say(int fd, const struct script *script) {
    struct buf out;
    buf_init(&out, 10000);
    buf_printf(&out, "HTTP/1.1 %d Said\r\nContent-Length: %zu\r\n", script->status,
               strlen(script->body));
    for (const char *c = script->header; *c; c++) {
        if (*c != '%')
            buf_putc(&out, *c);
        else if (*++c == 's')
            put_server(&out, &rig.server);
        else
            put_server(&out, *c == 'e' ? &elsewhere : &neighbour);
    }
    buf_puts(&out, "\r\n");
    buf_puts(&out, script->body);
    (void)send_bytes(fd, out.data, out.len);
    buf_free(&out);
}

static void serve(struct server *server, int fd) {
    char request[sizeof server->last_request];
    while (server_read(server, fd, request, sizeof request))
        for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
            if (request_is_for(request, scripts[i].path))
                say(fd, &scripts[i]);
}

static int start(void **state) {
    (void)state;
    server_start(&elsewhere, serve);
    server_start_at(&neighbour, "127.0.0.2", serve);
    rig_start(&rig, &limits, serve);
    return 0;
}

static int stop(void **state) {
    (void)state;
    rig_stop(&rig);
    server_stop(&neighbour);
    server_stop(&elsewhere);
    return 0;
}

static const struct expected {
    const char *path;
    enum fetch_outcome outcome;
    long status;
    const char *body, *reason;
    int requests;
} expected[] = {
    {"/301", FETCH_OK, 200, "the end", "", 2},
    {"/302", FETCH_OK, 200, "the end", "", 2},
    {"/303", FETCH_OK, 200, "the end", "", 2},
    {"/307", FETCH_OK, 200, "the end", "", 2},
    {"/308", FETCH_OK, 200, "the end", "", 2},
    {"/300", FETCH_OK, 300, "", "", 1},
    {"/304", FETCH_OK, 304, "", "", 1},
    {"/201", FETCH_OK, 201, "", "", 1},
    {"/nowhere", FETCH_OK, 302, "", "", 1},
    {"/port", FETCH_FORBIDDEN, 0, "", "redirect to another host", 1},
    {"/host", FETCH_FORBIDDEN, 0, "", "redirect to another host", 1},
    {"/then-host", FETCH_FORBIDDEN, 0, "", "redirect to another host", 2},
    {"/tls", FETCH_FORBIDDEN, 0, "", "redirect to another host", 1},
    {"/file", FETCH_FORBIDDEN, 0, "", "redirect to another host", 1},
    {"/user", FETCH_FAILED, 0, "", "redirect not valid", 1},
    {"/bad", FETCH_FAILED, 0, "", "redirect not valid", 1},
    {"/self", FETCH_FAILED, 0, "", "redirects in a circle", 1},
    {"/ping", FETCH_FAILED, 0, "", "redirects in a circle", 2},
    {"/5", FETCH_OK, 200, "the end", "", 6},
    {"/6", FETCH_FAILED, 0, "", "too many redirects", 6},
};

static void test_redirects(void **state) {
    (void)state;
    int requests = 0;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct expected *row = &expected[i];
        struct answer answer;
        rig_get_path(&rig, row->path, &answer);
        assert_text(answer.reason, row->reason, row->path);
        assert_int_equal(answer.outcome, row->outcome);
        assert_int_equal(answer.status, row->status);
        assert_text(answer.body, row->body, row->path);
        assert_null(answer.link_next);
        if (row->status == 200)
            assert_text(answer.etag, "\"end\"", row->path); // and none of the way there
        requests += row->requests;
        assert_int_equal(server_count(&rig.server, &rig.server.requests), requests);
        answer_free(&answer);
    }
    assert_int_equal(server_count(&elsewhere, &elsewhere.connections), 0);
    assert_int_equal(server_count(&neighbour, &neighbour.connections), 0);
    assert_int_equal(server_count(&rig.server, &rig.server.connections), 1); // the same for all
}

static void test_url_that_answered(void **state) {
    (void)state;
    const char *const paths[][2] = {{"/end", "/end"}, {"/308", "/end?a=b"}, {"/2", "/end"}};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char url[256];
        struct answer answer;
        rig_get_path(&rig, paths[i][0], &answer);
        rig_url(&rig, paths[i][1], url);
        assert_text(answer.url, url, paths[i][0]);
        answer_free(&answer);
    }
}

static void test_link_next(void **state) {
    (void)state;
    const struct {
        const char *path, *next;
    } cases[] = {{"/next", "?page=2"}, {"/links", "2"}, {"/last", NULL}, {"/end", NULL}};
    struct answer answer;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig_get_path(&rig, cases[i].path, &answer);
        assert_int_equal(answer.outcome, FETCH_OK);
        assert_text(answer.link_next, cases[i].next, cases[i].path);
        answer_free(&answer);
    }
    for (int len = 2048; len <= 2049; len++) {
        (void)snprintf(long_link, sizeof long_link, "Link: <%0*d>; rel=next\r\n", len, 0);
        rig_get_path(&rig, "/long-link", &answer);
        assert_text(answer.reason, len == 2048 ? "" : "link to the next page too long", "long");
        assert_int_equal(answer.link_next ? strlen(answer.link_next) : 0, len == 2048 ? len : 0);
        answer_free(&answer);
    }
}

// Of who asks, say. By way of a redirect they go along.
static char *const headers[] = {"Authorization: Bearer sesame", "X-API-Key: open: sesame", NULL};

static void test_headers(void **state) {
    (void)state;
    const char *const paths[] = {"/end", "/301"};
    struct answer answer;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char url[256];
        rig_url(&rig, paths[i], url);
        rig_get(&rig,
                &(struct fetch_request){.url = url, .headers = headers, .allow_private = true},
                &answer);
        assert_int_equal(answer.status, 200);
        assert_non_null(strstr(rig.server.last_request, "GET /end HTTP/1.1\r\n"));
        for (size_t h = 0; headers[h]; h++)
            assert_non_null(strstr(rig.server.last_request, headers[h]));
        answer_free(&answer);
    }
    rig_get_path(&rig, "/end", &answer); // nothing stays of them
    assert_null(strstr(rig.server.last_request, "Authorization"));
    assert_null(strstr(rig.server.last_request, "X-API-Key"));
    answer_free(&answer);
}

static void test_request_is_a_copy(void **state) {
    (void)state;
    char url[256], line[] = "X-Key: one", form[] = "a=b";
    rig_url(&rig, "/end", url);
    struct answer answer;
    rig_ask(&rig,
            &(struct fetch_request){
                .url = url, .headers = (char *[]){line, NULL}, .form = form, .allow_private = true},
            &answer);
    memset(url, 'x', sizeof url - 1);
    line[0] = form[0] = '!';
    rig_wait(&rig);
    assert_int_equal(answer.status, 200);
    const char *const lines[] = {"\r\nX-Key: one\r\n", "\r\n\r\na=b"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_non_null(strstr(rig.server.last_request, lines[i]));
    answer_free(&answer);
}

static void post(const char *path, const char *form, struct answer *answer) {
    char url[256];
    rig_url(&rig, path, url);
    rig_get(&rig, &(struct fetch_request){.url = url, .form = form, .allow_private = true}, answer);
}

static void test_form(void **state) {
    (void)state;
    struct answer answer;
    post("/end", "grant_type=client_credentials&scope=a%20b", &answer);
    assert_text(answer.body, "the end", "form");
    answer_free(&answer);
    const char *const parts[] = {"POST /end HTTP/1.1\r\n",
                                 "\r\nContent-Type: application/x-www-form-urlencoded\r\n",
                                 "\r\n\r\ngrant_type=client_credentials&scope=a%20b"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_non_null(strstr(rig.server.last_request, parts[i]));
    const char *const redirects[] = {"/301", "/307", "/host"};
    for (size_t i = 0; i < sizeof redirects / sizeof *redirects; i++) {
        post(redirects[i], "secret=1", &answer); // goes nowhere else
        assert_int_equal(answer.outcome, FETCH_OK);
        assert_int_equal(answer.status / 100, 3);
        answer_free(&answer);
    }
    assert_int_equal(server_count(&rig.server, &rig.server.requests), 4);
    post("/end", "", &answer);
    assert_non_null(strstr(rig.server.last_request, "POST /end "));
    answer_free(&answer);
    static char large[64 * 1024 + 2];
    memset(large, 'x', sizeof large - 1);
    post("/end", large, &answer);
    assert_text(answer.reason, "form too long", "large");
    answer_free(&answer);
}

static void test_bad_headers(void **state) {
    (void)state;
    const struct {
        const char *line, *reason;
    } cases[] = {
        {"X-Key: a\r\nY: z", "control character in a request header"},
        {"X-Key\r\nY: z", "not a valid name of a request header"},
        {"X Key: z", "not a valid name of a request header"},
        {"X:: z", "not a valid name of a request header"},
        {"X:z", "not a valid name of a request header"},
        {": z", "not a valid name of a request header"},
        {"", "not a valid name of a request header"},
    };
    char url[256];
    rig_url(&rig, "/end", url);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer;
        rig_get(&rig,
                &(struct fetch_request){.url = url,
                                        .headers = (char *[]){(char *)cases[i].line, NULL},
                                        .allow_private = true},
                &answer);
        assert_text(answer.reason, cases[i].reason, cases[i].line);
        answer_free(&answer);
    }
    assert_int_equal(server_count(&rig.server, &rig.server.connections), 0);
}

// Each hop is checked as the first is.
static void test_private_hop(void **state) {
    (void)state;
    struct answer answer;
    rig_get_path(&rig, "/end", &answer);
    answer_free(&answer);
    char url[256];
    rig_url(&rig, "/301", url);
    rig_get(&rig, &(struct fetch_request){.url = url}, &answer);
    assert_int_equal(answer.outcome, FETCH_FORBIDDEN);
    assert_text(answer.reason, "address not allowed", url);
    answer_free(&answer);
}

// --- without a loop ---

static void ask_once(const struct fetch_request *request, struct answer *answer) {
    struct err err = {0};
    *answer = (struct answer){0};
    assert_true(fetch_once(&limits, request, keep_answer, answer, &err));
    assert_int_equal(answer->calls, 1);
}

static void test_once(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct expected *row = &expected[i];
        struct answer answer;
        char url[256];
        rig_url(&rig, row->path, url);
        ask_once(&(struct fetch_request){.url = url, .allow_private = true}, &answer);
        assert_text(answer.reason, row->reason, row->path);
        assert_int_equal(answer.outcome, row->outcome);
        assert_int_equal(answer.status, row->status);
        assert_text(answer.body, row->body, row->path);
        answer_free(&answer);
    }
    assert_int_equal(server_count(&elsewhere, &elsewhere.connections), 0);
    assert_int_equal(server_count(&neighbour, &neighbour.connections), 0);
}

static void test_once_with_login_and_form(void **state) {
    (void)state;
    char url[256];
    struct answer answer;
    rig_url(&rig, "/next", url);
    ask_once(&(struct fetch_request){.url = url, .headers = headers, .allow_private = true},
             &answer);
    assert_text(answer.link_next, "?page=2", url);
    assert_non_null(strstr(rig.server.last_request, "\r\nAuthorization: Bearer sesame\r\n"));
    answer_free(&answer);
    rig_url(&rig, "/307", url); // a form goes nowhere else
    ask_once(&(struct fetch_request){.url = url, .form = "a=b", .allow_private = true}, &answer);
    assert_int_equal(answer.status, 307);
    assert_non_null(strstr(rig.server.last_request, "\r\n\r\na=b"));
    answer_free(&answer);
}

static void test_once_refused(void **state) {
    (void)state;
    const struct fetch_limits short_time = {
        .connect_timeout_ms = 20000, .timeout_ms = timeout_ms(), .body_bytes_max = 1000};
    const struct fetch_limits small = {
        .connect_timeout_ms = 20000, .timeout_ms = 40000, .body_bytes_max = 6};
    char url[256];
    struct answer answer;
    struct err err;
    rig_url(&rig, "/end", url);
    ask_once(&(struct fetch_request){.url = url}, &answer);
    assert_text(answer.reason, "address not allowed", url);
    assert_int_equal(answer.outcome, FETCH_FORBIDDEN);
    answer_free(&answer);
    ask_once(&(struct fetch_request){.url = "file:///etc/passwd", .allow_private = true}, &answer);
    assert_text(answer.reason, "neither http nor https", "file");
    answer_free(&answer);
    answer = (struct answer){0};
    struct fetch_request request = {.url = url, .allow_private = true};
    assert_true(fetch_once(&small, &request, keep_answer, &answer, &err));
    assert_int_equal(answer.outcome, FETCH_TOO_LARGE);
    answer_free(&answer);
    answer = (struct answer){0};
    rig_url(&rig, "/silence", url); // nothing is said there
    assert_true(fetch_once(&short_time, &request, keep_answer, &answer, &err));
    assert_text(answer.reason, "timed out", url);
    answer_free(&answer);
}

static int ignore_pipes(void **state) {
    (void)state;
    return signal(SIGPIPE, SIG_IGN) == SIG_ERR;
}

int main(void) {
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        WITH_RIG(test_redirects),    WITH_RIG(test_url_that_answered),
        WITH_RIG(test_link_next),    WITH_RIG(test_headers),
        WITH_RIG(test_form),         WITH_RIG(test_request_is_a_copy),
        WITH_RIG(test_bad_headers),  WITH_RIG(test_private_hop),
        WITH_RIG(test_once),         WITH_RIG(test_once_with_login_and_form),
        WITH_RIG(test_once_refused),
    };
    return cmocka_run_group_tests(tests, ignore_pipes, NULL);
}
