// SPDX-License-Identifier: EUPL-1.2
// How transfers share what there is: turns between hosts and within one, and memory.
#include "edge/fetch/fetch_body.h"
#include "edge/fetch/fetch_queue.h"
#include "fetch_rig.h"
#include "unit.h"

#include <signal.h>

enum { BODY_MAX = 100000, ALL_MAX = 120000, BIG = 90000, SMALL = 40000 };

static struct rig rig;
static struct server neighbour; // another host

static void say_size(int fd, size_t size, size_t now) {
    char head[128];
    char *body = mem_alloc(now);
    memset(body, 'x', now);
    (void)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
    (void)(send_text(fd, head) && send_bytes(fd, body, now));
    free(body);
}

static void wait_for_round(struct server *server, int round) {
    pthread_mutex_lock(&server->mutex);
    while (server->round < round && !server->stopping)
        pthread_cond_wait(&server->changed, &server->mutex);
    pthread_mutex_unlock(&server->mutex);
}

static void next_round(struct server *server) {
    pthread_mutex_lock(&server->mutex);
    server->round++;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->mutex);
}

static void count_active(struct server *server, int change) {
    pthread_mutex_lock(&server->mutex);
    server->active += change;
    if (server->active > server->active_max)
        server->active_max = server->active;
    pthread_mutex_unlock(&server->mutex);
}

// A byte now and then until the other side has had enough, which begins a round.
static void drip(struct server *server, int fd) {
    while (send_text(fd, "x"))
        usleep(5000);
    next_round(server);
}

static void serve(struct server *server, int fd) {
    char request[sizeof server->last_request];
    while (server_read(server, fd, request, sizeof request)) {
        count_active(server, 1);
        if (request_is_for(request, "/held"))
            wait_for_round(server, 1);
        count_active(server, -1);
        if (request_is_for(request, "/big")) {
            say_size(fd, BODY_MAX, BIG);
            drip(server, fd);
            return;
        }
        if (request_is_for(request, "/small")) {
            say_size(fd, SMALL, SMALL - 1);
            wait_for_round(server, 1);
            (void)send_text(fd, "x");
        } else {
            size_t size = request_is_for(request, "/largest") ? BODY_MAX : 4;
            say_size(fd, size, size);
        }
    }
}

static void start(uint32_t connections_max, uint32_t host_connections_max) {
    server_start_at(&neighbour, "127.0.0.2", serve);
    rig_start(&rig,
              &(struct fetch_limits){.connections_max = connections_max,
                                     .host_connections_max = host_connections_max,
                                     .connect_timeout_ms = 20000,
                                     .timeout_ms = 40000,
                                     .body_bytes_max = BODY_MAX,
                                     .body_bytes_max_all = ALL_MAX},
              serve);
}

static int stop(void **state) {
    (void)state;
    rig_stop(&rig);
    server_stop(&neighbour);
    return 0;
}

static void ask(const struct server *server, const char *path, struct answer *answer) {
    char url[256];
    (void)snprintf(url, sizeof url, "http://%s:%d%s", server->address, server->port, path);
    rig_ask(&rig, &(struct fetch_request){.url = url, .allow_private = true}, answer);
}

// One host hangs with more than would fill all connections; the other is served all the same.
static void test_host_limit(void **state) {
    (void)state;
    enum { HELD = 30, QUICK = 10 };
    struct answer held[HELD], quick[QUICK];
    start(8, 3);
    for (int i = 0; i < HELD; i++)
        ask(&rig.server, "/held", &held[i]);
    for (int i = 0; i < QUICK; i++)
        ask(&neighbour, "/quick", &quick[i]);
    rig.waiting = QUICK;
    rig_wait(&rig);
    for (int i = 0; i < QUICK; i++) {
        assert_int_equal(quick[i].outcome, FETCH_OK);
        answer_free(&quick[i]);
    }
    next_round(&rig.server);
    rig.waiting = HELD;
    rig_wait(&rig);
    for (int i = 0; i < HELD; i++) {
        assert_int_equal(held[i].outcome, FETCH_OK);
        answer_free(&held[i]);
    }
    assert_in_range(rig.server.active_max, 1, 3);
    assert_in_range(neighbour.active_max, 1, 3);
}

// A host that came later need not wait for all that an earlier one has to ask.
static void test_hosts_take_turns(void **state) {
    (void)state;
    enum { COUNT_EACH = 10 };
    struct answer first[COUNT_EACH], second[COUNT_EACH];
    start(1, 0);
    for (int i = 0; i < COUNT_EACH; i++)
        ask(&rig.server, "/quick", &first[i]);
    for (int i = 0; i < COUNT_EACH; i++)
        ask(&neighbour, "/quick", &second[i]);
    rig_wait(&rig);
    for (int i = 0; i < COUNT_EACH; i++) {
        assert_int_equal(first[i].order, 2 * i + 1);
        assert_int_equal(second[i].order, 2 * i + 2);
        answer_free(&first[i]);
        answer_free(&second[i]);
    }
}

// A URL that names no host waits for nothing and holds up nothing.
static void test_no_host(void **state) {
    (void)state;
    struct answer bad[20], good;
    start(2, 1);
    for (size_t i = 0; i < COUNT(bad); i++)
        rig_ask(&rig, &(struct fetch_request){.url = "http://"}, &bad[i]);
    ask(&rig.server, "/quick", &good);
    rig_wait(&rig);
    assert_int_equal(good.outcome, FETCH_OK);
    answer_free(&good);
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_text(bad[i].reason, "not a valid URL", "http://");
        answer_free(&bad[i]);
    }
}

static void test_queue_at_random(void **state) {
    (void)state;
    enum { TURNS = 3000, HOSTS = 7, RUNNING_MAX = 5, HOST_MAX = 2 };
    static struct fetch_turn turns[TURNS];
    int host_of[TURNS], running[HOSTS] = {0}, last[HOSTS], under_way[RUNNING_MAX];
    int added = 0, ended = 0, all = 0;
    uint64_t seed = unit_seed();
    struct fetch_queue *queue = fetch_queue_create(RUNNING_MAX, HOST_MAX);
    memset(last, -1, sizeof last);
    while (ended < TURNS) {
        uint64_t choice = unit_random(&seed) % 3;
        struct fetch_turn *turn = NULL;
        if (choice == 0 && added < TURNS) {
            host_of[added] = (int)(unit_random(&seed) % HOSTS);
            fetch_queue_add(queue, &turns[added], (char[]){(char)('a' + host_of[added]), '\0'});
            added++;
        } else if (choice == 1 && (turn = fetch_queue_next(queue))) {
            int which = (int)(turn - turns), host = host_of[which];
            assert_true(which > last[host]); // first come, first served
            last[host] = which;
            assert_in_range(++running[host], 1, HOST_MAX);
            under_way[all++] = which;
            assert_in_range(all, 1, RUNNING_MAX);
        } else if (choice == 2 && all > 0) {
            int which = under_way[--all];
            running[host_of[which]]--;
            fetch_queue_end(queue, &turns[which]);
            ended++;
        }
    }
    assert_null(fetch_queue_next(queue));
    fetch_queue_free(queue);
    fetch_queue_free(NULL);
}

static void test_bodies_at_random(void **state) {
    (void)state;
    enum { BODIES = 6, MAX = 1000, ALL = 2500 };
    static const char data[MAX];
    struct fetch_pool pool;
    struct fetch_body bodies[BODIES];
    size_t put[BODIES] = {0};
    uint64_t seed = unit_seed();
    int dropped = 0;
    fetch_pool_init(&pool, ALL);
    for (int i = 0; i < BODIES; i++)
        fetch_body_init(&bodies[i], &pool, MAX);
    for (int i = 0; i < 20000; i++) {
        size_t at = unit_random(&seed) % BODIES, len = unit_random(&seed) % 200;
        struct fetch_body *body = &bodies[at];
        if (fetch_body_put(body, data, len)) {
            put[at] += len;
            assert_int_equal(body->bytes.len, put[at]);
        } else {
            assert_true(body->dropped || put[at] + len > MAX);
            dropped += body->dropped;
            fetch_body_clear(body);
            fetch_body_init(body, &pool, MAX);
            put[at] = 0;
        }
        size_t used = 0;
        for (int n = 0; n < BODIES; n++) {
            used += bodies[n].bytes.cap;
            assert_in_range(bodies[n].bytes.cap, 0, MAX + 1);
        }
        assert_int_equal(pool.used, used);
        assert_in_range(used, 0, ALL);
    }
    assert_true(dropped > 0);
    for (int i = 0; i < BODIES; i++)
        fetch_body_clear(&bodies[i]);
    assert_int_equal(pool.used, 0);
}

static void test_largest_is_dropped(void **state) {
    (void)state;
    static const char data[80];
    struct fetch_pool pool;
    struct fetch_body large, small, late;
    fetch_pool_init(&pool, 150);
    fetch_body_init(&large, &pool, 100);
    fetch_body_init(&small, &pool, 100);
    fetch_body_init(&late, &pool, 100);
    assert_true(fetch_body_put(&large, data, 80));
    assert_true(fetch_body_put(&small, data, 40));
    assert_true(fetch_body_put(&late, data, 50));
    assert_true(large.dropped);
    assert_int_equal(large.bytes.cap, 0);
    assert_int_equal(small.bytes.len, 40);
    assert_false(fetch_body_put(&large, data, 1));
    fetch_body_init(&large, &pool, 100);
    assert_false(fetch_body_put(&large, data, 80)); // it is the largest itself
    assert_false(small.dropped || late.dropped);
    fetch_body_clear(&small);
    fetch_body_clear(&late);
    assert_int_equal(pool.used, 0);
}

// Both can't be in memory, and neither can end before the other is there.
static void test_memory_of_all(void **state) {
    (void)state;
    struct answer big, small, largest;
    start(4, 0);
    ask(&rig.server, "/big", &big);
    ask(&rig.server, "/small", &small);
    rig_wait(&rig);
    assert_int_equal(big.outcome, FETCH_FAILED);
    assert_text(big.reason, "too much at once", "big");
    assert_int_equal(big.body_len, 0);
    assert_int_equal(small.outcome, FETCH_OK);
    assert_int_equal(small.body_len, SMALL);
    answer_free(&big);
    answer_free(&small);
    ask(&rig.server, "/largest", &largest); // all memory has come back
    rig_wait(&rig);
    assert_int_equal(largest.body_len, BODY_MAX);
    answer_free(&largest);
}

static int ignore_pipes(void **state) {
    (void)state;
    return signal(SIGPIPE, SIG_IGN) == SIG_ERR;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_host_limit, stop),
        cmocka_unit_test_teardown(test_hosts_take_turns, stop),
        cmocka_unit_test_teardown(test_no_host, stop),
        cmocka_unit_test_teardown(test_memory_of_all, stop),
        cmocka_unit_test(test_queue_at_random),
        cmocka_unit_test(test_bodies_at_random),
        cmocka_unit_test(test_largest_is_dropped),
    };
    return cmocka_run_group_tests(tests, ignore_pipes, NULL);
}
