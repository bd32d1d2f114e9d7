// SPDX-License-Identifier: EUPL-1.2
// The event loop (libuv behind it): timers, file descriptors, process signals, work on other
// threads. One loop a process. All callbacks come on the loop's thread, except `work` itself.
#ifndef EDGE_LOOP_H
#define EDGE_LOOP_H

#include "base/err.h"

#include <stdint.h>

struct loop;

struct loop *loop_create(struct err *err) MUST_CHECK;
// Runs until loop_stop; then until nothing is open any more.
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
void loop_free(struct loop *loop); // every timer, watch and signal must have been freed

int64_t loop_now_ms(const struct loop *loop); // monotonic, cached for this turn
int64_t loop_wall_ms(void);                   // now, UTC, milliseconds since 1970

// A timer is off until started; starting again moves it. repeat_ms 0: once.
struct loop_timer *loop_timer_create(struct loop *loop, void (*fn)(void *ctx), void *ctx);
void loop_timer_start(struct loop_timer *timer, int64_t after_ms, int64_t repeat_ms);
void loop_timer_stop(struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer); // NULL is fine; fn is not called any more

enum { LOOP_READABLE = 1, LOOP_WRITABLE = 2, LOOP_FAILED = 4 };
// Watches fd (not owned; must stay open until loop_watch_free). events 0 pauses.
struct loop_watch *loop_watch_create(struct loop *loop, int fd, void (*fn)(void *ctx, int events),
                                     void *ctx);
void loop_watch_start(struct loop_watch *watch, int events);
void loop_watch_free(struct loop_watch *watch); // NULL is fine

struct loop_signal *loop_signal_create(struct loop *loop, int signum, void (*fn)(void *ctx),
                                       void *ctx);
void loop_signal_free(struct loop_signal *sig); // NULL is fine

// Runs work(ctx) on a worker thread, then done(ctx) on the loop. Always runs both. There are 8
// threads, for what somebody waits for.
void loop_work(struct loop *loop, void (*work)(void *ctx), void (*done)(void *ctx), void *ctx);
// The same for what takes long: on a thread of its own, to which the scheduler gives little while
// others want the processor. Who asks bounds how many there are.
void loop_work_aside(struct loop *loop, void (*work)(void *ctx), void (*done)(void *ctx),
                     void *ctx);

// A thread that does one thing at a time for one who waits for it: handing over costs less than
// with loop_work. It is idle when it is freed, and when the next work is given.
struct loop_worker *loop_worker_create(struct loop *loop);
void loop_worker_run(struct loop_worker *worker, void (*work)(void *ctx), void (*done)(void *ctx),
                     void *ctx);
void loop_worker_free(struct loop_worker *worker); // NULL is fine

// Calls fn(ctx) once, after the input that is ready in this turn has been handled. What many
// requests of a turn need together is done here, once. The caller owns the struct and zeroes it; a
// second call while it waits is nothing.
struct loop_deferred {
    struct loop_deferred *next;
    void (*fn)(void *ctx);
    void *ctx;
    bool waiting;
};
void loop_defer(struct loop *loop, struct loop_deferred *deferred);

#endif
