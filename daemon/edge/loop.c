// SPDX-License-Identifier: EUPL-1.2
// The only file that includes uv.h. Memory under a uv handle is freed in its close callback.
#include "edge/loop.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

struct loop {
    uv_loop_t uv;
    // Deferred calls run in the check phase, right behind the input of the turn. While one waits,
    // the idle handle keeps the loop from sleeping before it gets there.
    uv_check_t check;
    uv_idle_t idle;
    struct loop_deferred *deferred_head, **deferred_tail;
};

static void on_idle(uv_idle_t *idle) {
    (void)idle;
}

static void on_check(uv_check_t *check) {
    struct loop *loop = check->data;
    struct loop_deferred *list = loop->deferred_head;
    loop->deferred_head = NULL;
    loop->deferred_tail = &loop->deferred_head;
    (void)uv_idle_stop(&loop->idle);
    while (list) {
        struct loop_deferred *next = list->next;
        list->waiting = false;
        list->next = NULL;
        list->fn(list->ctx);
        list = next;
    }
}

enum {
    THREADS = 8,     // a commit, those who prepare for it, those who read Kafka: none waits
    ASIDE_NICE = 10, // a tenth of what the others get
};

struct loop *loop_create(struct err *err) {
    struct loop *loop = mem_zalloc(1, sizeof *loop);
    char threads[8];
    (void)snprintf(threads, sizeof threads, "%d", THREADS);
    (void)setenv("UV_THREADPOOL_SIZE", threads, 0); // libuv reads it at the first work
    int rc = uv_loop_init(&loop->uv);
    if (rc) {
        free(loop);
        err_set(err, ERR_FATAL, "event loop: %s", uv_strerror(rc));
        return NULL;
    }
    loop->deferred_tail = &loop->deferred_head;
    (void)uv_check_init(&loop->uv, &loop->check);
    (void)uv_idle_init(&loop->uv, &loop->idle);
    loop->check.data = loop;
    (void)uv_check_start(&loop->check, on_check);
    uv_unref((uv_handle_t *)&loop->check);
    return loop;
}

void loop_run(struct loop *loop) {
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop) {
    uv_stop(&loop->uv);
}

void loop_free(struct loop *loop) {
    if (!loop)
        return;
    while (loop->deferred_head) // what was left for the end of a turn that never came
        on_check(&loop->check);
    uv_close((uv_handle_t *)&loop->check, NULL);
    uv_close((uv_handle_t *)&loop->idle, NULL);
    // The close callbacks of all that was freed before. A loop_stop outside of a run ends the first
    // turn at once.
    while (uv_loop_close(&loop->uv) == UV_EBUSY)
        (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    free(loop);
}

int64_t loop_now_ms(const struct loop *loop) {
    return (int64_t)uv_now(&loop->uv);
}

int64_t loop_wall_ms(void) {
    return clock_wall_ms();
}

static void free_data(uv_handle_t *handle) {
    free(handle->data);
}

struct loop_timer {
    uv_timer_t uv;
    void (*fn)(void *ctx);
    void *ctx;
};

static void on_timer(uv_timer_t *uv) {
    struct loop_timer *timer = uv->data;
    timer->fn(timer->ctx);
}

struct loop_timer *loop_timer_create(struct loop *loop, void (*fn)(void *ctx), void *ctx) {
    struct loop_timer *timer = mem_zalloc(1, sizeof *timer);
    timer->fn = fn;
    timer->ctx = ctx;
    (void)uv_timer_init(&loop->uv, &timer->uv);
    timer->uv.data = timer;
    return timer;
}

void loop_timer_start(struct loop_timer *timer, int64_t after_ms, int64_t repeat_ms) {
    (void)uv_timer_start(&timer->uv, on_timer, (uint64_t)(after_ms > 0 ? after_ms : 0),
                         (uint64_t)(repeat_ms > 0 ? repeat_ms : 0));
}

void loop_timer_stop(struct loop_timer *timer) {
    (void)uv_timer_stop(&timer->uv);
}

void loop_timer_free(struct loop_timer *timer) {
    if (timer)
        uv_close((uv_handle_t *)&timer->uv, free_data);
}

struct loop_watch {
    uv_poll_t uv;
    void (*fn)(void *ctx, int events);
    void *ctx;
};

static void on_poll(uv_poll_t *uv, int status, int events) {
    struct loop_watch *watch = uv->data;
    int seen =
        (events & UV_READABLE ? LOOP_READABLE : 0) | (events & UV_WRITABLE ? LOOP_WRITABLE : 0);
    watch->fn(watch->ctx, status < 0 ? LOOP_FAILED : seen);
}

struct loop_watch *loop_watch_create(struct loop *loop, int fd, void (*fn)(void *ctx, int events),
                                     void *ctx) {
    struct loop_watch *watch = mem_zalloc(1, sizeof *watch);
    watch->fn = fn;
    watch->ctx = ctx;
    if (uv_poll_init(&loop->uv, &watch->uv, fd) != 0)
        abort(); // only for a bad fd, or one that is watched already: our mistake
    watch->uv.data = watch;
    return watch;
}

void loop_watch_start(struct loop_watch *watch, int events) {
    int uv_events =
        (events & LOOP_READABLE ? UV_READABLE : 0) | (events & LOOP_WRITABLE ? UV_WRITABLE : 0);
    if (uv_events)
        (void)uv_poll_start(&watch->uv, uv_events, on_poll);
    else
        (void)uv_poll_stop(&watch->uv);
}

void loop_watch_free(struct loop_watch *watch) {
    if (watch)
        uv_close((uv_handle_t *)&watch->uv, free_data);
}

struct loop_signal {
    uv_signal_t uv;
    void (*fn)(void *ctx);
    void *ctx;
};

static void on_signal(uv_signal_t *uv, int signum) {
    (void)signum;
    struct loop_signal *sig = uv->data;
    sig->fn(sig->ctx);
}

struct loop_signal *loop_signal_create(struct loop *loop, int signum, void (*fn)(void *ctx),
                                       void *ctx) {
    struct loop_signal *sig = mem_zalloc(1, sizeof *sig);
    sig->fn = fn;
    sig->ctx = ctx;
    (void)uv_signal_init(&loop->uv, &sig->uv);
    sig->uv.data = sig;
    (void)uv_signal_start(&sig->uv, on_signal, signum);
    return sig;
}

void loop_signal_free(struct loop_signal *sig) {
    if (sig)
        uv_close((uv_handle_t *)&sig->uv, free_data);
}

struct job {
    uv_work_t uv;
    void (*work)(void *ctx);
    void (*done)(void *ctx);
    void *ctx;
};

static void job_work(uv_work_t *uv) {
    struct job *job = uv->data;
    job->work(job->ctx);
}

static void job_done(uv_work_t *uv, int status) {
    (void)status; // jobs are never cancelled
    struct job job = *(struct job *)uv->data;
    free(uv->data);
    job.done(job.ctx);
}

void loop_work(struct loop *loop, void (*work)(void *ctx), void (*done)(void *ctx), void *ctx) {
    struct job *job = mem_zalloc(1, sizeof *job);
    *job = (struct job){.work = work, .done = done, .ctx = ctx};
    job->uv.data = job;
    (void)uv_queue_work(&loop->uv, &job->uv, job_work, job_done); // fails only for NULL work
}

struct aside {
    uv_async_t uv; // first: freed as it
    uv_thread_t thread;
    struct job job;
};

static void aside_run(void *ctx) {
    struct aside *aside = ctx;
    (void)!nice(ASIDE_NICE); // of this thread
    aside->job.work(aside->job.ctx);
    (void)uv_async_send(&aside->uv);
}

static void aside_done(uv_async_t *uv) {
    struct aside *aside = uv->data;
    const struct job job = aside->job;
    (void)uv_thread_join(&aside->thread);
    uv_close((uv_handle_t *)uv, free_data);
    job.done(job.ctx);
}

void loop_work_aside(struct loop *loop, void (*work)(void *ctx), void (*done)(void *ctx),
                     void *ctx) {
    struct aside *aside = mem_zalloc(1, sizeof *aside);
    aside->job = (struct job){.work = work, .done = done, .ctx = ctx};
    (void)uv_async_init(&loop->uv, &aside->uv, aside_done);
    aside->uv.data = aside;
    if (uv_thread_create(&aside->thread, aside_run, aside) != 0) {
        uv_close((uv_handle_t *)&aside->uv, free_data);
        loop_work(loop, work, done, ctx); // no room for a thread more
    }
}

// Asleep on a semaphore: libuv's pool sleeps on a condition whose lock the giver still holds, so
// that its thread wakes up twice.
struct loop_worker {
    uv_async_t uv; // first: freed as it
    uv_thread_t thread;
    sem_t given, worked; // memory goes with them, there and back
    struct job job;      // work NULL: none
    bool ends;
};

static void wait_for(sem_t *semaphore) {
    while (sem_wait(semaphore) != 0) // a signal came
        ;
}

static void worker_run(void *ctx) {
    struct loop_worker *worker = ctx;
    for (;;) {
        wait_for(&worker->given);
        if (worker->ends)
            return;
        worker->job.work(worker->job.ctx);
        (void)sem_post(&worker->worked);
        (void)uv_async_send(&worker->uv);
    }
}

static void worker_done(uv_async_t *uv) {
    struct loop_worker *worker = uv->data;
    wait_for(&worker->worked); // no longer than the call that woke us
    const struct job job = worker->job;
    worker->job.work = NULL;
    uv_unref((uv_handle_t *)uv);
    job.done(job.ctx);
}

struct loop_worker *loop_worker_create(struct loop *loop) {
    struct loop_worker *worker = mem_zalloc(1, sizeof *worker);
    (void)uv_async_init(&loop->uv, &worker->uv, worker_done);
    worker->uv.data = worker;
    uv_unref((uv_handle_t *)&worker->uv);
    if (sem_init(&worker->given, 0, 0) != 0 || sem_init(&worker->worked, 0, 0) != 0 ||
        uv_thread_create(&worker->thread, worker_run, worker) != 0)
        abort(); // out of memory, as in base/mem
    return worker;
}

void loop_worker_run(struct loop_worker *worker, void (*work)(void *ctx), void (*done)(void *ctx),
                     void *ctx) {
    assert(!worker->job.work);
    worker->job = (struct job){.work = work, .done = done, .ctx = ctx};
    uv_ref((uv_handle_t *)&worker->uv); // the loop does not end before it is done
    (void)sem_post(&worker->given);
}

void loop_worker_free(struct loop_worker *worker) {
    if (!worker)
        return;
    assert(!worker->job.work);
    worker->ends = true;
    (void)sem_post(&worker->given);
    (void)uv_thread_join(&worker->thread);
    (void)sem_destroy(&worker->given);
    (void)sem_destroy(&worker->worked);
    uv_close((uv_handle_t *)&worker->uv, free_data);
}

void loop_defer(struct loop *loop, struct loop_deferred *deferred) {
    if (deferred->waiting)
        return;
    deferred->waiting = true;
    deferred->next = NULL;
    *loop->deferred_tail = deferred;
    loop->deferred_tail = &deferred->next;
    (void)uv_idle_start(&loop->idle, on_idle);
}
