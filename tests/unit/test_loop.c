// SPDX-License-Identifier: EUPL-1.2
// The event loop: order of timers and deferred calls, work on other threads, watches, signals.
#include "base/mem.h"
#include "edge/loop.h"
#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

struct log {
    struct loop *loop;
    char text[64];
    struct loop_timer *timer;
    struct loop_deferred deferred;
    struct loop_watch *watch;
    int fd;
    int left;
};

static struct log begin(void) {
    struct err err = {0};
    struct log log = {.loop = loop_create(&err), .fd = -1};
    assert_non_null(log.loop);
    return log;
}

static void note(struct log *log, char c) {
    size_t len = strlen(log->text);
    assert_true(len + 1 < sizeof log->text);
    log->text[len] = c;
}

static void note_a(void *ctx) {
    note(ctx, 'a');
}

static void note_b(void *ctx) {
    note(ctx, 'b');
}

static void note_and_stop(void *ctx) {
    struct log *log = ctx;
    note(log, 's');
    loop_stop(log->loop);
}

static void timers_fire_in_order(void **state) {
    struct log log = begin();
    (void)state;
    struct loop_timer *last = loop_timer_create(log.loop, note_and_stop, &log);
    struct loop_timer *first = loop_timer_create(log.loop, note_a, &log);
    struct loop_timer *second = loop_timer_create(log.loop, note_b, &log);
    struct loop_timer *freed = loop_timer_create(log.loop, note_a, &log);
    loop_timer_start(freed, 1, 0);
    loop_timer_start(last, 40, 0);
    loop_timer_start(second, 20, 0);
    loop_timer_start(first, 1000000, 0);
    loop_timer_start(first, 1, 0); // moved
    loop_timer_free(freed);
    int64_t begun_ms = loop_now_ms(log.loop);
    loop_run(log.loop);
    assert_string_equal(log.text, "abs");
    assert_true(loop_now_ms(log.loop) - begun_ms >= 40);
    loop_timer_free(first);
    loop_timer_free(second);
    loop_timer_free(last);
    loop_timer_free(NULL);
    loop_free(log.loop);
}

static void count_down(void *ctx) {
    struct log *log = ctx;
    note(log, 'a');
    if (--log->left == 0)
        loop_timer_stop(log->timer);
}

static void repeats_until_stopped(void **state) {
    struct log log = begin();
    (void)state;
    log.left = 3;
    log.timer = loop_timer_create(log.loop, count_down, &log);
    loop_timer_start(log.timer, 1, 1);
    loop_run(log.loop); // ends by itself: nothing is open
    assert_string_equal(log.text, "aaa");
    loop_timer_free(log.timer);
    loop_free(log.loop);
}

static void defer_again(void *ctx) {
    struct log *log = ctx;
    note(log, 'd');
    if (--log->left > 0)
        loop_defer(log->loop, &log->deferred);
}

static void defer_twice(void *ctx) {
    struct log *log = ctx;
    loop_defer(log->loop, &log->deferred);
    loop_defer(log->loop, &log->deferred);
    note(log, 't');
}

// Once for two calls, behind what asked for it, and soon also when nothing else happens.
static void deferred_once_and_soon(void **state) {
    struct log log = begin();
    (void)state;
    log.left = 3;
    log.deferred = (struct loop_deferred){.fn = defer_again, .ctx = &log};
    log.timer = loop_timer_create(log.loop, defer_twice, &log);
    loop_timer_start(log.timer, 1, 0);
    loop_run(log.loop);
    assert_string_equal(log.text, "tddd");
    assert_false(log.deferred.waiting);
    loop_timer_free(log.timer);
    loop_free(log.loop);
}

struct work {
    struct log *log;
    pthread_t worker;
    bool worked;
    int nice;
};

static void work_there(void *ctx) {
    struct work *work = ctx;
    work->worker = pthread_self();
    work->worked = true;
}

static void work_back(void *ctx) {
    struct work *work = ctx;
    assert_true(work->worked);
    assert_false(pthread_equal(work->worker, pthread_self()));
    note(work->log, 'w');
}

static void work_is_done_elsewhere(void **state) {
    struct log log = begin();
    struct work work[20] = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(work); i++) {
        work[i].log = &log;
        loop_work(log.loop, work_there, work_back, &work[i]);
    }
    loop_run(log.loop);
    assert_int_equal(strlen(log.text), COUNT(work));
    loop_free(log.loop);
}

static void work_aside(void *ctx) {
    ((struct work *)ctx)->nice = getpriority(PRIO_PROCESS, 0);
    work_there(ctx);
}

static void what_takes_long_gives_way(void **state) {
    struct log log = begin();
    struct work work[20] = {0};
    int ours = getpriority(PRIO_PROCESS, 0);
    (void)state;
    for (size_t i = 0; i < COUNT(work); i++) {
        work[i].log = &log;
        loop_work_aside(log.loop, work_aside, work_back, &work[i]);
    }
    loop_run(log.loop);
    assert_int_equal(strlen(log.text), COUNT(work));
    for (size_t i = 0; i < COUNT(work); i++)
        assert_int_equal(work[i].nice, ours < 9 ? ours + 10 : 19);
    assert_int_equal(getpriority(PRIO_PROCESS, 0), ours);
    loop_free(log.loop);
}

struct turns {
    struct work work;
    struct loop_worker *worker;
    pthread_t first;
    int left;
};

// One piece of work gives the next, and the loop does not end before the last.
static void turn_back(void *ctx) {
    struct turns *turns = ctx;
    work_back(ctx);
    if (turns->left == 20)
        turns->first = turns->work.worker;
    assert_true(pthread_equal(turns->first, turns->work.worker));
    turns->work.worked = false;
    if (--turns->left > 0)
        loop_worker_run(turns->worker, work_there, turn_back, turns);
}

static void a_worker_does_one_thing_after_the_other(void **state) {
    struct log log = begin();
    (void)state;
    struct turns turns = {
        .work = {.log = &log}, .worker = loop_worker_create(log.loop), .left = 20};
    loop_run(log.loop); // it is idle, and keeps nobody
    assert_string_equal(log.text, "");
    loop_worker_run(turns.worker, work_there, turn_back, &turns);
    loop_run(log.loop);
    assert_int_equal(strlen(log.text), 20);
    assert_int_equal(turns.left, 0);
    loop_worker_free(turns.worker);
    loop_free(log.loop);
}

static void on_readable(void *ctx, int events) {
    struct log *log = ctx;
    uint64_t value = 0;
    assert_int_equal(events, LOOP_READABLE);
    assert_int_equal(read(log->fd, &value, sizeof value), sizeof value);
    note(log, (char)('0' + value));
    if (--log->left == 0)
        loop_watch_start(log->watch, 0);
    else
        assert_int_equal(eventfd_write(log->fd, 2), 0);
}

static void watches_until_paused(void **state) {
    struct log log = begin();
    (void)state;
    log.left = 2;
    log.fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
    log.watch = loop_watch_create(log.loop, log.fd, on_readable, &log);
    loop_watch_start(log.watch, LOOP_READABLE);
    loop_run(log.loop);
    assert_string_equal(log.text, "12");
    assert_int_equal(eventfd_write(log.fd, 3), 0);
    loop_run(log.loop); // paused
    assert_string_equal(log.text, "12");
    loop_watch_free(log.watch);
    loop_watch_free(NULL);
    (void)close(log.fd);
    loop_free(log.loop);
}

static void signals_reach_the_loop(void **state) {
    struct log log = begin();
    (void)state;
    struct loop_signal *sig = loop_signal_create(log.loop, SIGHUP, note_and_stop, &log);
    assert_int_equal(raise(SIGHUP), 0);
    loop_run(log.loop);
    assert_string_equal(log.text, "s");
    loop_signal_free(sig);
    loop_signal_free(NULL);
    loop_free(log.loop);
    loop_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order),
        cmocka_unit_test(repeats_until_stopped),
        cmocka_unit_test(deferred_once_and_soon),
        cmocka_unit_test(work_is_done_elsewhere),
        cmocka_unit_test(deferred_once_and_soon),
        cmocka_unit_test(what_takes_long_gives_way),
        cmocka_unit_test(a_worker_does_one_thing_after_the_other),
        cmocka_unit_test(watches_until_paused),
        cmocka_unit_test(signals_reach_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
