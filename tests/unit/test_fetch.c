// SPDX-License-Identifier: EUPL-1.2
// fetch against a server that behaves well, badly, or not at all. Also here: getaddrinfo and one
// function of curl are replaced, to look up names that do not exist and to make curl fail.
#include "fetch_scripts.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <netdb.h>
#include <signal.h>

static const struct fetch_limits limits = {.connections_max = 4,
                                           .connect_timeout_ms = 20000,
                                           .timeout_ms = 40000,
                                           .body_bytes_max = BODY_MAX};

// --- name look-up ------------------------------------------------------------------------------

static pthread_mutex_t names_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t names_changed = PTHREAD_COND_INITIALIZER;
static bool names_hang;   // look-ups of "slow.test" do not return
static int names_waiting; // that many hang

static void wait_for_names(void) {
    pthread_mutex_lock(&names_mutex);
    names_waiting++;
    while (names_hang)
        pthread_cond_wait(&names_changed, &names_mutex);
    names_waiting--;
    pthread_cond_broadcast(&names_changed);
    pthread_mutex_unlock(&names_mutex);
}

struct name_result {
    struct addrinfo info;
    struct sockaddr_storage address;
};

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **list) {
    if (strcmp(name, "slow.test") == 0)
        wait_for_names();
    struct name_result *result = mem_zalloc(1, sizeof *result);
    struct sockaddr_in *in = (struct sockaddr_in *)&result->address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&result->address;
    uint16_t port = htons((uint16_t)atoi(service ? service : "0"));
    result->info.ai_socktype = hints ? hints->ai_socktype : SOCK_STREAM;
    result->info.ai_addr = (struct sockaddr *)&result->address;
    if (strcmp(name, "loopback.test") == 0) {
        *in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
        in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        result->info.ai_addrlen = sizeof *in;
    } else if (strcmp(name, "mapped.test") == 0) {
        *in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
        (void)inet_pton(AF_INET6, "::ffff:127.0.0.1", &in6->sin6_addr);
        result->info.ai_addrlen = sizeof *in6;
    } else {
        free(result);
        return EAI_NONAME;
    }
    result->info.ai_family = result->address.ss_family;
    *list = &result->info;
    return 0;
}

void freeaddrinfo(struct addrinfo *list) {
    free(list);
}

// --- a curl that fails -------------------------------------------------------------------------

static int curl_failures; // so many of the next calls fail

CURLMcode curl_multi_socket_action(CURLM *multi, curl_socket_t fd, int events, int *running) {
    if (curl_failures > 0) {
        curl_failures--;
        return CURLM_INTERNAL_ERROR;
    }
    CURLMcode (*real)(CURLM *, curl_socket_t, int, int *);
    *(void **)&real = dlsym(RTLD_NEXT, "curl_multi_socket_action");
    return real(multi, fd, events, running);
}

// --- tests -------------------------------------------------------------------------------------

static struct rig rig;

static int start(void **state) {
    (void)state;
    rig_start(&rig, &limits, serve);
    return 0;
}

static int stop(void **state) {
    (void)state;
    rig_stop(&rig);
    return 0;
}

static const struct expected {
    const char *path;
    enum fetch_outcome outcome;
    long status;
    const char *body, *etag, *last_modified, *retry_after, *reason;
} expected[] = {
    {"/plain", FETCH_OK, 200, "hello", "\"v1\"", "Sun, 06 Nov 1994 08:49:37 GMT", NULL, ""},
    {"/304", FETCH_OK, 304, "", "W/\"v2\"", NULL, NULL, ""},
    {"/busy", FETCH_OK, 503, "", NULL, NULL, "120", ""},
    {"/chunked", FETCH_OK, 200, "abcdefg", NULL, NULL, NULL, ""},
    {"/early", FETCH_OK, 200, "ok", NULL, NULL, NULL, ""},
    {"/until-close", FETCH_OK, 200, "to the end", NULL, NULL, NULL, ""},
    {"/redirect", FETCH_OK, 302, "", NULL, NULL, NULL, ""},
    {"/control", FETCH_OK, 200, "", NULL, NULL, NULL, ""},
    {"/gzip", FETCH_OK, 200, "hello gzip", NULL, NULL, NULL, ""},
    {"/etag-256", FETCH_OK, 204, "", NULL, NULL, NULL, ""},
    {"/cut", FETCH_FAILED, 0, "", NULL, NULL, NULL, "connection cut off"},
    {"/cut-chunk", FETCH_FAILED, 0, "", NULL, NULL, NULL, "connection cut off"},
    {"/close", FETCH_FAILED, 0, "", NULL, NULL, NULL, "connection cut off"},
    {"/ssh", FETCH_FAILED, 0, "", NULL, NULL, NULL, "not a valid HTTP answer"},
    {"/bad-length", FETCH_FAILED, 0, "", NULL, NULL, NULL, "not a valid HTTP answer"},
    {"/bad-chunk", FETCH_FAILED, 0, "", NULL, NULL, NULL, "connection broken or answer malformed"},
    {"/bad-gzip", FETCH_FAILED, 0, "", NULL, NULL, NULL, "compression not valid"},
    {"/gzip-tail", FETCH_FAILED, 0, "", NULL, NULL, NULL, "compression not valid"},
    {"/deep", FETCH_FAILED, 0, "", NULL, NULL, NULL, "compression not valid"},
    {"/header-flood", FETCH_FAILED, 0, "", NULL, NULL, NULL, "header too large"},
    {"/long-header", FETCH_FAILED, 0, "", NULL, NULL, NULL, "header too large"},
    {"/continues", FETCH_FAILED, 0, "", NULL, NULL, NULL, "header too large"},
    {"/bomb", FETCH_TOO_LARGE, 0, "", NULL, NULL, NULL, "answer too large"},
    {"/endless", FETCH_TOO_LARGE, 0, "", NULL, NULL, NULL, "answer too large"},
    {"/one-more", FETCH_TOO_LARGE, 0, "", NULL, NULL, NULL, "answer too large"},
};

static void test_answers(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct expected *row = &expected[i];
        struct answer answer;
        rig_get_path(&rig, row->path, &answer);
        assert_text(answer.reason, row->reason, row->path);
        assert_int_equal(answer.outcome, row->outcome);
        assert_int_equal(answer.status, row->status);
        assert_text(answer.body, row->body, row->path);
        assert_text(answer.etag, row->etag, row->path);
        assert_text(answer.last_modified, row->last_modified, row->path);
        assert_text(answer.retry_after, row->retry_after, row->path);
        answer_free(&answer);
    }
    // Each was asked for once: nothing was repeated.
    assert_int_equal(server_count(&rig.server, &rig.server.requests),
                     sizeof expected / sizeof *expected);
}

static void test_largest_that_fits(void **state) {
    (void)state;
    struct answer answer;
    rig_get_path(&rig, "/largest", &answer);
    assert_int_equal(answer.outcome, FETCH_OK);
    assert_int_equal(answer.body_len, BODY_MAX);
    answer_free(&answer);
    rig_get_path(&rig, "/etag-255", &answer);
    assert_int_equal(strlen(answer.etag), 255);
    answer_free(&answer);
}

static void test_request_headers(void **state) {
    (void)state;
    char url[256];
    rig_url(&rig, "/plain", url);
    struct answer answer;
    rig_get(&rig,
            &(struct fetch_request){.url = url,
                                    .allow_private = true,
                                    .if_none_match = "\"v0\"",
                                    .if_modified_since = "Sat, 05 Nov 1994 08:49:37 GMT",
                                    .headers = (char *[]){"Authorization: Bearer sesame", NULL}},
            &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    const char *const lines[] = {"GET /plain HTTP/1.1\r\n",
                                 "\r\nUser-Agent: signaald/",
                                 "\r\nAccept-Encoding: gzip, deflate\r\n",
                                 "\r\nIf-None-Match: \"v0\"\r\n",
                                 "\r\nIf-Modified-Since: Sat, 05 Nov 1994 08:49:37 GMT\r\n",
                                 "\r\nAuthorization: Bearer sesame\r\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(rig.server.last_request, lines[i]))
            fail_msg("no \"%s\" in the request", lines[i]);
    rig_get_path(&rig, "/plain", &answer);
    assert_null(strstr(rig.server.last_request, "If-"));
    assert_null(strstr(rig.server.last_request, "Authorization"));
    answer_free(&answer);
}

static void test_requests_that_are_not_sent(void **state) {
    (void)state;
    char long_url[9000] = "http://127.0.0.1/";
    memset(long_url + strlen(long_url), 'x', sizeof long_url - 1 - strlen(long_url));
    const struct {
        const char *url, *header, *reason;
    } cases[] = {
        {"", NULL, "not a valid URL"},
        {"http://", NULL, "not a valid URL"},
        {"http://127.0.0.1:99999/", NULL, "not a valid URL"},
        {"http://127.0.0.1/a b", NULL, "not a valid URL"},
        {"http://127.0.0.1/\r\nX: y", NULL, "not a valid URL"},
        {"ftp://127.0.0.1/", NULL, "neither http nor https"},
        {"file:///etc/passwd", NULL, "neither http nor https"},
        {"gopher://127.0.0.1/", NULL, "neither http nor https"},
        {long_url, NULL, "URL too long"},
        {"http://127.0.0.1/", "Key: a\r\nX: y", "control character in a request header"},
        {"http://nowhere.test/", NULL, "name not found"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer;
        rig_get(&rig,
                &(struct fetch_request){.url = cases[i].url,
                                        .headers = (char *[]){(char *)cases[i].header, NULL},
                                        .allow_private = true},
                &answer);
        assert_text(answer.reason, cases[i].reason, cases[i].url);
        assert_int_equal(answer.outcome, FETCH_FAILED);
        answer_free(&answer);
    }
}

static void test_private_addresses_are_refused(void **state) {
    (void)state;
    const char *const hosts[] = {"127.0.0.1", "localhost",          "2130706433",    "0x7f.1",
                                 "0",         "[::ffff:127.0.0.1]", "loopback.test", "mapped.test"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char url[256];
        (void)snprintf(url, sizeof url, "http://%s:%d/plain", hosts[i], rig.server.port);
        struct answer answer;
        rig_get(&rig, &(struct fetch_request){.url = url}, &answer);
        assert_text(answer.reason, "address not allowed", hosts[i]);
        assert_int_equal(answer.outcome, FETCH_FORBIDDEN);
        answer_free(&answer);
    }
    assert_int_equal(server_count(&rig.server, &rig.server.connections), 0);
}

// An open connection of one who may is not for one who may not.
static void test_reused_connection_is_checked(void **state) {
    (void)state;
    struct answer answer;
    for (int i = 0; i < 2; i++) {
        rig_get_path(&rig, "/plain", &answer);
        assert_int_equal(answer.outcome, FETCH_OK);
        answer_free(&answer);
    }
    assert_int_equal(server_count(&rig.server, &rig.server.connections), 1); // it is used again
    char url[256];
    rig_url(&rig, "/plain", url);
    rig_get(&rig, &(struct fetch_request){.url = url}, &answer);
    assert_int_equal(answer.outcome, FETCH_FORBIDDEN);
    answer_free(&answer);
    assert_int_equal(server_count(&rig.server, &rig.server.requests), 2);
}

static void test_nobody_there(void **state) {
    (void)state;
    struct server gone;
    server_start(&gone, serve);
    char url[64];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/", gone.port);
    server_stop(&gone);
    struct answer answer;
    rig_get(&rig, &(struct fetch_request){.url = url, .allow_private = true}, &answer);
    assert_int_equal(answer.outcome, FETCH_FAILED);
    assert_text(answer.reason, "connection refused", url);
    answer_free(&answer);
}

static void test_proxy_of_the_environment_is_not_used(void **state) {
    (void)state;
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    struct answer answer;
    rig_get_path(&rig, "/plain", &answer);
    (void)unsetenv("http_proxy");
    assert_int_equal(answer.outcome, FETCH_OK);
    answer_free(&answer);
}

static void ask_path(const char *path, struct answer *answer) {
    char url[256];
    rig_url(&rig, path, url);
    rig_ask(&rig, &(struct fetch_request){.url = url, .allow_private = true}, answer);
}

static void test_timeouts(void **state) {
    (void)state;
    struct fetch_limits short_limits = limits;
    short_limits.timeout_ms = timeout_ms();
    rig_stop(&rig);
    rig_start(&rig, &short_limits, serve);
    const char *const paths[] = {"/drip", "/header-drip", "/slow-hop", "/nothing"};
    enum { COUNT = sizeof paths / sizeof *paths };
    struct answer answers[COUNT];
    for (int i = 0; i < COUNT; i++)
        ask_path(paths[i], &answers[i]);
    rig_wait(&rig);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(answers[i].outcome, FETCH_FAILED);
        assert_text(answers[i].reason, "timed out", paths[i]);
        answer_free(&answers[i]);
    }
}

static void ask_slow_name(struct answer *answer) {
    rig_ask(&rig, &(struct fetch_request){.url = "http://slow.test/", .allow_private = true},
            answer);
}

static void hang_names(bool hang) {
    pthread_mutex_lock(&names_mutex);
    names_hang = hang;
    pthread_cond_broadcast(&names_changed);
    while (!hang && names_waiting)
        pthread_cond_wait(&names_changed, &names_mutex);
    pthread_mutex_unlock(&names_mutex);
}

// A look-up that hangs neither holds up the loop nor outlives its time. If anything waited for it,
// this test would never end.
static void test_hanging_look_up(void **state) {
    (void)state;
    struct answer slow, quick;
    hang_names(true);
    ask_slow_name(&slow);
    ask_path("/plain", &quick);
    rig.waiting = 1;
    rig_wait(&rig);
    assert_int_equal(quick.outcome, FETCH_OK);
    assert_int_equal(slow.calls, 0);
    rig_stop(&rig);
    assert_text(slow.reason, "stopped", "slow.test");
    answer_free(&quick);
    answer_free(&slow);
    struct fetch_limits short_limits = limits;
    short_limits.connect_timeout_ms = 300;
    rig_start(&rig, &short_limits, serve);
    ask_slow_name(&slow);
    rig_wait(&rig);
    assert_text(slow.reason, "timed out while connecting", "slow.test");
    answer_free(&slow);
    hang_names(false);
}

static void test_many_share_few_connections(void **state) {
    (void)state;
    enum { COUNT = 40 };
    struct answer answers[COUNT];
    char url[256];
    rig_url(&rig, "/four", url);
    for (int i = 0; i < COUNT; i++)
        rig_ask(&rig, &(struct fetch_request){.url = url, .allow_private = true}, &answers[i]);
    rig_wait(&rig);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(answers[i].calls, 1);
        assert_text(answers[i].body, "four", "body");
        answer_free(&answers[i]);
    }
    assert_int_equal(rig.server.active_max, 4);
    assert_int_equal(rig.server.requests, COUNT);
}

// First come, first served; and the time-out does not count the time in the queue: the first takes
// all of its own.
static void test_queue(void **state) {
    (void)state;
    enum { COUNT = 4 };
    struct fetch_limits one = limits;
    one.connections_max = 1;
    one.timeout_ms = 2 * timeout_ms();
    rig_stop(&rig);
    rig_start(&rig, &one, serve);
    struct answer answers[COUNT];
    for (int i = 0; i < COUNT; i++)
        ask_path(i == 0 ? "/nothing" : "/plain", &answers[i]);
    rig_wait(&rig);
    for (int i = 0; i < COUNT; i++) {
        assert_text(answers[i].reason, i == 0 ? "timed out" : "", "in the queue");
        assert_int_equal(answers[i].order, i + 1);
        answer_free(&answers[i]);
    }
}

static struct answer chain[50];

static void on_link(void *ctx, const struct fetch_result *result) {
    struct answer *answer = ctx;
    char url[256];
    rig_url(&rig, "/plain", url);
    if (answer < &chain[49])
        fetch_start(rig.fetcher,
                    &(struct fetch_request){.url = url, .allow_private = true, .visit = rig.visit},
                    on_link, answer + 1);
    answer->rig = &rig;
    rig.waiting = answer < &chain[49] ? 2 : 1;
    on_answer(answer, result);
}

static void test_next_is_started_from_done(void **state) {
    (void)state;
    on_link(&chain[0], &(struct fetch_result){.reason = ""});
    rig_wait(&rig);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(chain[i].calls, 1);
        assert_int_equal(chain[i].order, i + 1);
        assert_int_equal(chain[i].outcome, FETCH_OK);
        answer_free(&chain[i]);
    }
    assert_int_equal(server_count(&rig.server, &rig.server.connections), 1);
}

// The server sees it when a connection ends; `open` of them are to be left.
static void wait_for_ends(int open) {
    pthread_mutex_lock(&rig.server.mutex);
    while (rig.server.connections - rig.server.ended != open)
        pthread_cond_wait(&rig.server.changed, &rig.server.mutex);
    pthread_mutex_unlock(&rig.server.mutex);
}

static void visit_plain(struct fetch_visit *visit) {
    struct answer answer;
    char url[256];
    rig_url(&rig, "/plain", url);
    rig_ask(&rig, &(struct fetch_request){.url = url, .allow_private = true, .visit = visit},
            &answer);
    rig_wait(&rig);
    assert_int_equal(answer.outcome, FETCH_OK);
    answer_free(&answer);
}

// Four may be idle: who comes fifth makes the oldest connect anew. What a visit opened ends with
// it, or with the fetcher; without a visit it ends with the request.
static void test_visits(void **state) {
    (void)state;
    struct fetch_visit *visits[5];
    for (int i = 0; i < 5; i++)
        visits[i] = fetch_visit_begin();
    for (int i = 0; i < 5; i++)
        visit_plain(visits[i]);
    assert_int_equal(server_count(&rig.server, &rig.server.connections), 5);
    wait_for_ends(4);
    visit_plain(visits[1]); // is the youngest from now on
    assert_int_equal(server_count(&rig.server, &rig.server.connections), 5);
    visit_plain(visits[0]);
    assert_int_equal(server_count(&rig.server, &rig.server.connections), 6);
    visit_plain(visits[1]);
    assert_int_equal(server_count(&rig.server, &rig.server.connections), 6);
    fetch_visit_end(visits[0]);
    fetch_visit_end(visits[1]);
    wait_for_ends(2);
    visit_plain(NULL);
    wait_for_ends(2);
    fetcher_free(rig.fetcher);
    rig.fetcher = NULL;
    wait_for_ends(0);
    for (int i = 2; i < 5; i++)
        fetch_visit_end(visits[i]);
    fetch_visit_end(NULL);
}

static void end_visit(void *ctx, const struct fetch_result *result) {
    fetch_visit_end(rig.visit);
    rig.visit = NULL;
    on_answer(ctx, result);
}

static void test_visit_ends_in_done(void **state) {
    (void)state;
    struct answer answer = {.rig = &rig};
    char url[256];
    rig_url(&rig, "/plain", url);
    rig.waiting = 1;
    fetch_start(rig.fetcher,
                &(struct fetch_request){.url = url, .allow_private = true, .visit = rig.visit},
                end_visit, &answer);
    rig_wait(&rig);
    assert_int_equal(answer.outcome, FETCH_OK);
    answer_free(&answer);
    wait_for_ends(0);
}

static void on_poll(void *ctx) {
    (void)ctx;
    if (server_count(&rig.server, &rig.server.requests) == 4)
        loop_stop(rig.loop);
}

// Four under way, two in the queue.
static void start_six(struct answer answers[6]) {
    char url[256];
    rig_url(&rig, "/nothing", url);
    for (int i = 0; i < 6; i++)
        rig_ask(&rig, &(struct fetch_request){.url = url, .allow_private = true}, &answers[i]);
    struct loop_timer *poll = loop_timer_create(rig.loop, on_poll, NULL);
    loop_timer_start(poll, 0, 5);
    rig_wait(&rig);
    loop_timer_free(poll);
    rig.waiting = 0; // an answer does not stop the loop
}

static void test_free_under_way(void **state) {
    (void)state;
    struct answer answers[6];
    start_six(answers);
    fetcher_free(rig.fetcher);
    rig.fetcher = NULL;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(answers[i].calls, 1);
        assert_int_equal(answers[i].outcome, FETCH_FAILED);
        assert_text(answers[i].reason, "stopped", "reason");
        answer_free(&answers[i]);
    }
}

static void test_curl_fails(void **state) {
    (void)state;
    struct answer answers[6], next;
    start_six(answers);
    char url[256];
    rig_url(&rig, "/plain", url);
    curl_failures = 1;
    pthread_mutex_lock(&rig.server.mutex);
    (void)shutdown(rig.server.fds[0], SHUT_RDWR); // makes the loop call curl
    pthread_mutex_unlock(&rig.server.mutex);
    rig.waiting = 4;
    rig_wait(&rig);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(answers[i].calls, i < 4);
        if (i < 4)
            assert_text(answers[i].reason, "failed inside curl", "reason");
    }
    rig.waiting = 0;
    rig_ask(&rig, &(struct fetch_request){.url = url, .allow_private = true}, &next);
    rig_wait(&rig);
    assert_int_equal(next.outcome, FETCH_OK);
    fetcher_free(rig.fetcher);
    rig.fetcher = NULL;
    for (int i = 0; i < 6; i++)
        answer_free(&answers[i]);
    answer_free(&next);
}

static void test_free_nothing(void **state) {
    (void)state;
    fetcher_free(NULL);
}

static int make_bomb(void **state) {
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    enum { ROOM = 1 << 20 };
    bomb = mem_alloc(ROOM);
    FILE *gzip = popen("head -c 67108864 /dev/zero | gzip -c", "r");
    if (gzip)
        bomb_len = fread(bomb, 1, ROOM, gzip);
    return gzip && pclose(gzip) == 0 && bomb_len > 1000 && bomb_len < BODY_MAX ? 0 : -1;
}

static int free_bomb(void **state) {
    (void)state;
    free(bomb);
    return 0;
}

int main(void) {
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        WITH_RIG(test_answers),
        WITH_RIG(test_largest_that_fits),
        WITH_RIG(test_request_headers),
        WITH_RIG(test_requests_that_are_not_sent),
        WITH_RIG(test_private_addresses_are_refused),
        WITH_RIG(test_reused_connection_is_checked),
        WITH_RIG(test_nobody_there),
        WITH_RIG(test_proxy_of_the_environment_is_not_used),
        WITH_RIG(test_timeouts),
        WITH_RIG(test_hanging_look_up),
        WITH_RIG(test_many_share_few_connections),
        WITH_RIG(test_queue),
        WITH_RIG(test_next_is_started_from_done),
        WITH_RIG(test_visits),
        WITH_RIG(test_visit_ends_in_done),
        WITH_RIG(test_free_under_way),
        WITH_RIG(test_curl_fails),
        cmocka_unit_test(test_free_nothing),
    };
    return cmocka_run_group_tests(tests, make_bomb, free_bomb);
}
