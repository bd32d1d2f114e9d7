// SPDX-License-Identifier: EUPL-1.2
// The HTTP server against bytes that are wrong, too many or too slow. Raw sockets.
#include "http_fixture.h"

#include <dirent.h>

#define HEAD(rest) "POST /now HTTP/1.1\r\nHost: x\r\n" rest

// What another program could read as another request than we do, or that RFC 9112 has refused.
static const struct {
    const char *name, *bytes;
    size_t len; // 0: up to the NUL
} SMUGGLED[] = {
    {"length and coding", HEAD("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG"),
     0},
    {"coding and length", HEAD("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nG"),
     0},
    {"two lengths", HEAD("Content-Length: 3\r\nContent-Length: 6\r\n\r\nabcdef"), 0},
    {"two equal lengths", HEAD("Content-Length: 3\r\ncontent-length: 3\r\n\r\nabc"), 0},
    {"length list", HEAD("Content-Length: 3, 3\r\n\r\nabc"), 0},
    {"length with plus", HEAD("Content-Length: +3\r\n\r\nabc"), 0},
    {"negative length", HEAD("Content-Length: -3\r\n\r\nabc"), 0},
    {"empty length", HEAD("Content-Length: \r\n\r\nabc"), 0},
    {"length of 20 digits", HEAD("Content-Length: 99999999999999999999\r\n\r\nabc"), 0},
    {"length with space behind", HEAD("Content-Length: 3 \r\n\r\nabc"), 0},
    {"space before colon", HEAD("Content-Length : 3\r\n\r\nabc"), 0},
    {"tab before colon", HEAD("Content-Length\t: 3\r\n\r\nabc"), 0},
    {"unknown coding", HEAD("Transfer-Encoding: xchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), 0},
    {"two codings in one", HEAD("Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
     0},
    {"coding behind chunked",
     HEAD("Transfer-Encoding: chunked, identity\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), 0},
    {"two coding lines",
     HEAD("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
     0},
    {"two chunked",
     HEAD("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 0},
    {"folded coding", HEAD("Transfer-Encoding:\r\n chunked\r\n\r\n1\r\nA\r\n0\r\n\r\n"), 0},
    {"coding on 1.0",
     "POST /now HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 0},
    {"bare line feeds", "POST /now HTTP/1.1\nHost: x\nContent-Length: 3\n\nabc", 0},
    {"one bare line feed", HEAD("X: a\nContent-Length: 3\r\n\r\nabc"), 0},
    {"bare line feed behind request line", "GET /now HTTP/1.1\nHost: x\r\n\r\n", 0},
    {"bare line feed at the end", HEAD("X: a\r\n\n"), 0},
    {"bare return in a value", HEAD("X: a\rContent-Length: 5\r\nContent-Length: 3\r\n\r\nabc"), 0},
    {"folded line", HEAD("X: a\r\n b\r\nContent-Length: 3\r\n\r\nabc"), 0},
    {"folded first line", "POST /now HTTP/1.1\r\n Content-Length: 3\r\nHost: x\r\n\r\nabc", 0},
    {"folded last line", HEAD("Content-Length: 3\r\n \r\n\r\nabc"), 0},
    {"NUL in a value", HEAD("X: a\0b\r\nContent-Length: 3\r\n\r\nabc"),
     sizeof HEAD("X: a\0b\r\nContent-Length: 3\r\n\r\nabc") - 1},
    {"NUL in a name", HEAD("X\0Y: b\r\n\r\n"), sizeof HEAD("X\0Y: b\r\n\r\n") - 1},
    {"NUL in the target", "GET /now\0b HTTP/1.1\r\nHost: x\r\n\r\n",
     sizeof "GET /now\0b HTTP/1.1\r\nHost: x\r\n\r\n" - 1},
    {"NUL in the query", "GET /now?a=1\0b HTTP/1.1\r\nHost: x\r\n\r\n",
     sizeof "GET /now?a=1\0b HTTP/1.1\r\nHost: x\r\n\r\n" - 1},
    {"NUL behind the method", "GET\0X /now HTTP/1.1\r\nHost: x\r\n\r\n",
     sizeof "GET\0X /now HTTP/1.1\r\nHost: x\r\n\r\n" - 1},
    {"no colon", HEAD("foobar\r\nContent-Length: 3\r\n\r\nabc"), 0},
    {"no name", HEAD(": foobar\r\n\r\n"), 0},
    {"name with a bracket", HEAD("X(Y): b\r\n\r\n"), 0},
    {"control in a value", HEAD("X: a\001b\r\n\r\n"), 0},
    {"DEL in a value", HEAD("X: a\177b\r\n\r\n"), 0},
    {"chunk size 0x3", HEAD("Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n"), 0},
    {"chunk size too large",
     HEAD("Transfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n"), 0},
    {"chunk longer than said", HEAD("Transfer-Encoding: chunked\r\n\r\n1\r\nAxx0\r\n\r\n"), 0},
    {"space behind chunk size", HEAD("Transfer-Encoding: chunked\r\n\r\n1 \r\nA\r\n0\r\n\r\n"), 0},
    {"two hosts", "GET /now HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 0},
    {"no host", "GET /now HTTP/1.1\r\n\r\n", 0},
    {"version 1.9", "GET /now HTTP/1.9\r\nHost: x\r\n\r\n", 0},
    {"version 2.7", "GET /now HTTP/2.7\r\nHost: x\r\n\r\n", 0},
    {"version 0.9", "GET /now\r\n\r\n", 0},
    {"version in small letters", "GET /now http/1.1\r\nHost: x\r\n\r\n", 0},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0},
    {"spaces around the target", "GET  /now  HTTP/1.1\r\nHost: x\r\n\r\n", 0},
    {"two spaces before the target", "GET  /now HTTP/1.1\r\nHost: x\r\n\r\n", 0},
    {"space behind the version", "GET /now HTTP/1.1 \r\nHost: x\r\n\r\n", 0},
    {"space in the target", "GET /now /b HTTP/1.1\r\nHost: x\r\n\r\n", 0},
    {"tab in the target", "GET /now\tb HTTP/1.1\r\nHost: x\r\n\r\n", 0},
    {"absolute target", "GET http://evil/ HTTP/1.1\r\nHost: x\r\n\r\n", 0},
    {"authority target", "CONNECT evil:80 HTTP/1.1\r\nHost: x\r\n\r\n", 0},
    {"asterisk target", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", 0},
    {"fragment in the target", "GET /now#a HTTP/1.1\r\nHost: x\r\n\r\n", 0},
    {"target not ASCII", "GET /\303\251 HTTP/1.1\r\nHost: x\r\n\r\n", 0},
    {"method with a bracket", "G(T /now HTTP/1.1\r\nHost: x\r\n\r\n", 0},
    {"return before a line", "GET /now HTTP/1.1\r\nHost: x\r\nX: y\r\n\rXGET /b HTTP/1.1\r\n\r\n",
     0},
    {"only returns", HEAD("X:\rContent-Length: 3\r\n\r\nabc"), 0},
};

// Never handed over, and the connection is closed; whatever status the answer has, it is no 2xx.
static void smuggling_client(struct fixture *fx) {
    for (size_t i = 0; i < COUNT(SMUGGLED); i++) {
        int fd = client_connect(fx);
        size_t len = SMUGGLED[i].len ? SMUGGLED[i].len : strlen(SMUGGLED[i].bytes);
        char first[16] = "";
        CHECK(client_send(fd, SMUGGLED[i].bytes, len));
        ssize_t n = recv(fd, first, sizeof first - 1, MSG_WAITALL);
        bool refused = n == 0 || (n > 9 && (first[9] == '4' || first[9] == '5'));
        if (!refused || fx->handed || !client_ended(fd))
            print_message("smuggled: %s\n", SMUGGLED[i].name);
        CHECK(refused && fx->handed == 0);
        CHECK(client_ended(fd));
        (void)close(fd);
    }
}

static void smuggling_is_refused(void **state) {
    (void)state;
    run_case(smuggling_client);
}

static uint64_t seed;

static char filler[200001];

static size_t put(char *out, size_t at, size_t max, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(out + at, max - at, fmt, args);
    va_end(args);
    return at + (size_t)n;
}

// A valid request of a random shape; *body gets the length of its body.
static size_t random_request(char *out, size_t max, size_t *body) {
    static const char *const gaps[] = {"", " ", "\t  "};
    size_t headers = unit_random(&seed) % 12, head_max = unit_random(&seed) % 6000;
    size_t at = put(out, 0, max, "POST /now%s HTTP/1.1\r\nHost:%sx\r\n",
                    unit_random(&seed) % 2 ? "?a=%41&b" : "", gaps[unit_random(&seed) % 3]);
    for (size_t i = 0; i < headers && at < head_max; i++)
        at = put(out, at, max, "X-%zu:%s%.*s\r\n", i, gaps[unit_random(&seed) % 3],
                 (int)(unit_random(&seed) % 600), filler);
    *body = unit_random(&seed) % 3 ? unit_random(&seed) % 9000 : 0;
    if (unit_random(&seed) % 2) {
        at = put(out, at, max, "Content-Length: %zu\r\n\r\n", *body);
        memset(out + at, 'b', *body);
        return at + *body;
    }
    at = put(out, at, max, "Transfer-Encoding: Chunked\r\n\r\n");
    for (size_t left = *body; left;) {
        size_t n = 1 + unit_random(&seed) % left;
        at = put(out, at, max, "%zx\r\n", n);
        memset(out + at, 'c', n);
        at = put(out, at + n, max, "\r\n");
        left -= n;
    }
    return put(out, at, max, "0\r\n\r\n");
}

static void valid_client(struct fixture *fx) {
    static char bytes[3 * 65536];
    int fd = client_connect(fx);
    for (int round = 0; round < 400; round++) {
        size_t bodies[3], len = 0, count = 1 + unit_random(&seed) % 3;
        for (size_t i = 0; i < count; i++)
            len += random_request(bytes + len, sizeof bytes - len, &bodies[i]);
        for (size_t at = 0; at < len;) {
            size_t n = 1 + unit_random(&seed) % (unit_random(&seed) % 4 ? 4000 : 20);
            n = n < len - at ? n : len - at;
            CHECK(client_send(fd, bytes + at, n));
            at += n;
        }
        for (size_t i = 0; i < count; i++) {
            struct answer *answer = client_answer(fd);
            CHECK(answer->status == 201 && strtoul(answer->body, NULL, 10) == bodies[i]);
        }
    }
    (void)close(fd);
}

static void valid_requests_in_random_pieces(void **state) {
    (void)state;
    seed = unit_seed();
    run_case(valid_client);
}

static void length_limit_client(struct fixture *fx) {
    static char body[4 << 20];
    int fd = client_connect(fx); // asked before the body is there
    CHECK(client_puts(fd, HEAD("Content-Length: 100001\r\nExpect: 100-continue\r\n\r\n")));
    struct answer *answer = client_answer(fd);
    CHECK(answer->status == 413 && answer->close && strcmp(answer->body, "refused 413") == 0);
    CHECK(strstr(answer->head, "API-Version: 1.0.0\r\n"));
    CHECK(client_at_end(fd));
    (void)close(fd);
    fd = client_connect(fx); // a client that sends all before it looks still gets the answer
    CHECK(client_puts(fd, HEAD("Content-Length: 4194304\r\n\r\n")));
    CHECK(client_send(fd, body, sizeof body));
    CHECK(client_answer(fd)->status == 413);
    CHECK(client_at_end(fd));
    (void)close(fd);
    fd = client_connect(fx);
    CHECK(client_puts(fd, HEAD("Content-Length: 100000\r\n\r\n")) && client_send(fd, body, 100000));
    CHECK(strcmp(client_answer(fd)->body, "100000") == 0);
    (void)close(fd);
}

static void body_limit_by_length(void **state) {
    (void)state;
    run_case(length_limit_client);
}

static bool send_chunks(int fd, size_t count) {
    static char chunk[1000 + 7];
    memcpy(chunk, "3e8\r\n", 5);
    memcpy(chunk + 1005, "\r\n", 2);
    for (size_t i = 0; i < count; i++)
        if (!client_send(fd, chunk, sizeof chunk))
            return false;
    return true;
}

static void chunk_limit_client(struct fixture *fx) {
    for (size_t chunks = 99; chunks <= 101; chunks++) {
        int fd = client_connect(fx);
        CHECK(client_puts(fd, HEAD("Transfer-Encoding: chunked\r\n\r\n")));
        CHECK(send_chunks(fd, chunks) && client_puts(fd, "0\r\n\r\n"));
        struct answer *answer = client_answer(fd);
        CHECK(answer->status == (chunks <= 100 ? 201 : 413));
        CHECK(answer->close == (chunks > 100));
        (void)close(fd);
    }
    int fd = client_connect(fx); // does not end: cut
    CHECK(client_puts(fd, HEAD("Transfer-Encoding: chunked\r\n\r\n")));
    (void)send_chunks(fd, 20000);
    CHECK(client_ended(fd));
    (void)close(fd);
}

static void body_limit_by_chunks(void **state) {
    (void)state;
    run_case(chunk_limit_client);
}

static void head_limit_client(struct fixture *fx) {
    static const struct {
        size_t extra;
        bool ok;
    } cases[] = {{8000, true}, {8192, false}, {12000, false}, {30000, false}, {200000, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        int fd = client_connect(fx);
        CHECK(client_puts(fd, "GET /now HTTP/1.1\r\nHost: x\r\nX: "));
        CHECK(client_send(fd, filler, cases[i].extra) && client_puts(fd, "\r\n\r\n"));
        struct answer *answer = client_answer(fd);
        CHECK(answer->status == (cases[i].ok ? 201 : 431));
        CHECK(cases[i].ok || client_at_end(fd));
        (void)close(fd);
    }
    int fd = client_connect(fx); // no request line at all
    CHECK(client_send(fd, filler, 200000));
    CHECK(client_answer(fd)->status == 414);
    CHECK(client_ended(fd));
    (void)close(fd);
    fd = client_connect(fx); // thousands of tiny headers
    CHECK(client_puts(fd, "GET /now HTTP/1.1\r\nHost: x\r\n"));
    for (int i = 0; i < 3000; i++)
        CHECK(client_puts(fd, "a:b\r\n"));
    CHECK(client_puts(fd, "\r\n"));
    CHECK(client_answer(fd)->status == 431);
    (void)close(fd);
}

static void head_limit(void **state) {
    (void)state;
    run_case(head_limit_client);
}

static void early_client(struct fixture *fx) {
    int fd = client_connect(fx);
    CHECK(client_puts(fd, HEAD("X-Refuse: 401\r\nContent-Length: 5000\r\n\r\n")));
    struct answer *answer = client_answer(fd);
    CHECK(answer->status == 401 && answer->close && strcmp(answer->body, "refused 401") == 0);
    CHECK(client_at_end(fd));
    (void)close(fd);
    CHECK(fx->handed == 0);
}

static void refused_by_its_head(void **state) {
    (void)state;
    run_case(early_client);
}

static void memory_client(struct fixture *fx) {
    static char body[60000];
    int first = client_connect(fx), second = client_connect(fx), third = client_connect(fx);
    CHECK(client_puts(first, "POST /hold HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n"));
    CHECK(client_send(first, body, sizeof body) && client_await(&fx->handed, 1));
    CHECK(client_puts(second, HEAD("Content-Length: 60000\r\n\r\n")));
    struct answer *answer = client_answer(second);
    CHECK(answer->status == 429 && answer->close && strstr(answer->head, "Retry-After: 1\r\n"));
    CHECK(client_puts(third, HEAD("Transfer-Encoding: chunked\r\n\r\n")));
    CHECK(send_chunks(third, 60) && client_puts(third, "0\r\n\r\n"));
    answer = client_answer(third);
    CHECK(answer->status == 429 && strstr(answer->head, "Retry-After: 1\r\n"));
    (void)close(second);
    (void)close(third);
    second = client_connect(fx);
    CHECK(client_puts(second, "POST /hold HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"));
    CHECK(client_answer(second)->status == 201 && client_answer(first)->status == 201);
    CHECK(client_puts(second, HEAD("Content-Length: 60000\r\n\r\n"))); // it is free again
    CHECK(client_send(second, body, sizeof body) && client_answer(second)->status == 201);
    (void)close(first);
    (void)close(second);
}

static void memory_of_all_bodies(void **state) {
    struct fixture fx;
    (void)state;
    fixture_init(&fx);
    fx.options.limits.body_bytes_max_all = 100000;
    fx.held_wanted = 2;
    fixture_listen(&fx);
    run_client(&fx, memory_client);
    fixture_free(&fx);
}

enum { SHORT_MS = 300, LONG_MS = 2200, SOON_MS = 20000 };

// Says this, then one byte every 50 ms until the server has had enough; the bytes do not keep it
// open.
static bool is_cut(struct fixture *fx, const char *text) {
    int64_t begun_ms = client_now_ms();
    int fd = client_connect(fx);
    bool cut = false;
    char c;
    (void)client_puts(fd, text);
    while (!cut && client_now_ms() - begun_ms < DEADLINE_S * 1000) {
        struct pollfd pfd = {.fd = fd, .events = POLLIN};
        (void)client_puts(fd, "a");
        cut = poll(&pfd, 1, 50) > 0 && recv(fd, &c, 1, 0) <= 0;
    }
    (void)close(fd);
    return cut && client_now_ms() - begun_ms >= SHORT_MS / 2;
}

static void slow_head_client(struct fixture *fx) {
    int fd = client_connect(fx); // says nothing
    CHECK(is_cut(fx, "POST /now HTTP/1.1\r\nHost: x\r\nX: "));
    CHECK(client_at_end(fd));
    (void)close(fd);
}

static void slow_body_client(struct fixture *fx) {
    int fd = client_connect(fx); // does not take its reply
    CHECK(client_puts(fd, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK(client_await(&fx->handed, 1));
    CHECK(is_cut(fx, HEAD("Content-Length: 90000\r\n\r\n")));
    CHECK(client_await_connections(fx, 0));
    (void)close(fd);
}

static void idle_client(struct fixture *fx) {
    int fd = client_connect(fx);
    CHECK(client_puts(fd, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK(client_answer(fd)->status == 201);
    CHECK(client_at_end(fd));
    (void)close(fd);
}

// One limit is short at a time: none does what another is for, and what is in time stays so on a
// slow machine.
static void slow_clients_are_cut(void **state) {
    static void (*const clients[])(struct fixture * fx) = {slow_head_client, slow_body_client,
                                                           idle_client};
    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++) {
        struct fixture fx;
        fixture_init(&fx);
        int64_t *const limits[] = {&fx.options.limits.head_timeout_ms,
                                   &fx.options.limits.body_timeout_ms,
                                   &fx.options.limits.idle_timeout_ms};
        *limits[i] = SHORT_MS;
        fixture_listen(&fx);
        run_client(&fx, clients[i]);
        assert_int_equal(fx.gone, 0);
        fixture_free(&fx);
    }
}

// A deadline beyond the first look at them all.
static void later_client(struct fixture *fx) {
    CHECK(is_cut(fx, "POST /now HTTP/1.1\r\nHost: x\r\nX: "));
    CHECK(client_await_connections(fx, 0));
}

static void so_are_those_whose_limit_is_longer_than_a_second(void **state) {
    struct fixture fx;
    (void)state;
    fixture_init(&fx);
    fx.options.limits.head_timeout_ms = LONG_MS;
    fixture_listen(&fx);
    run_client(&fx, later_client);
    fixture_free(&fx);
}

static size_t count_descriptors(void) {
    size_t count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir && readdir(dir))
        count++;
    if (dir)
        (void)closedir(dir);
    return count;
}

// A client that is refused and stays: after a moment nothing of it is kept open.
static void staying_client(struct fixture *fx) {
    size_t before = count_descriptors();
    int64_t begun_ms = client_now_ms();
    int fd = client_connect(fx);
    CHECK(client_puts(fd, HEAD("Content-Length: 999999999\r\n\r\n")));
    CHECK(client_answer(fd)->status == 413);
    while (count_descriptors() > before + 1 && client_now_ms() - begun_ms < SOON_MS)
        (void)poll(NULL, 0, 50);
    CHECK(count_descriptors() == before + 1); // our own end
    (void)close(fd);
}

static void a_refused_client_that_stays_keeps_nothing(void **state) {
    (void)state;
    run_case(staying_client);
}

// The asterisk is for OPTIONS alone.
static void asterisk_client(struct fixture *fx) {
    static const char *const refused[] = {"POST", "GET", "DELETE", "OPTION", "OPTIONSX"};
    char head[64];
    int fd = client_connect(fx);
    CHECK(client_puts(fd, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK(client_answer(fd)->status != 400);
    CHECK(client_await(&fx->handed, 1));
    (void)close(fd);
    for (size_t i = 0; i < COUNT(refused); i++) {
        fd = client_connect(fx);
        (void)snprintf(head, sizeof head, "%s * HTTP/1.1\r\nHost: x\r\n\r\n", refused[i]);
        CHECK(client_puts(fd, head));
        CHECK(client_answer(fd)->status == 400);
        (void)close(fd);
    }
    CHECK(fx->handed == 1);
}

static void an_asterisk_is_a_target_of_options(void **state) {
    (void)state;
    run_case(asterisk_client);
}

// What is in the application's hands has no deadline: it outlives another, idle since.
static void held_client(struct fixture *fx) {
    int first = client_connect(fx), second;
    CHECK(client_puts(first, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK(client_await(&fx->handed, 1));
    idle_client(fx);
    second = client_connect(fx);
    CHECK(client_puts(second, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK(client_answer(first)->status == 201 && client_answer(second)->status == 201);
    (void)close(first);
    (void)close(second);
}

static void waiting_for_a_reply_has_no_deadline(void **state) {
    struct fixture fx;
    (void)state;
    fixture_init(&fx);
    fx.options.limits.body_timeout_ms = SHORT_MS;
    fx.options.limits.idle_timeout_ms = SHORT_MS;
    fx.held_wanted = 2;
    fixture_listen(&fx);
    run_client(&fx, held_client);
    fixture_free(&fx);
}

static void crowd_client(struct fixture *fx) {
    int fds[12];
    for (size_t i = 0; i < COUNT(fds); i++)
        CHECK((fds[i] = client_connect(fx)) >= 0);
    for (size_t i = 0; i < COUNT(fds); i++)
        CHECK(client_puts(fds[i], "GET /later HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    client_signal(fx);
    for (size_t i = 0; i < COUNT(fds); i++) {
        CHECK(client_answer(fds[i])->status == 201);
        CHECK(fx->connections <= 4);
        (void)close(fds[i]);
    }
}

// Over the limit, connections wait in the kernel and are served when there is room.
static void connection_limit(void **state) {
    struct fixture fx;
    (void)state;
    fixture_init(&fx);
    fx.options.limits.connections_max = 4;
    fixture_listen(&fx);
    run_client(&fx, crowd_client);
    fixture_free(&fx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smuggling_is_refused),
        cmocka_unit_test(valid_requests_in_random_pieces),
        cmocka_unit_test(body_limit_by_length),
        cmocka_unit_test(body_limit_by_chunks),
        cmocka_unit_test(head_limit),
        cmocka_unit_test(refused_by_its_head),
        cmocka_unit_test(memory_of_all_bodies),
        cmocka_unit_test(slow_clients_are_cut),
        cmocka_unit_test(so_are_those_whose_limit_is_longer_than_a_second),
        cmocka_unit_test(a_refused_client_that_stays_keeps_nothing),
        cmocka_unit_test(an_asterisk_is_a_target_of_options),
        cmocka_unit_test(waiting_for_a_reply_has_no_deadline),
        cmocka_unit_test(connection_limit),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    memset(filler, 'x', sizeof filler - 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
