// SPDX-License-Identifier: EUPL-1.2
// curl's multi_socket interface on our loop: curl says which sockets and which time-out to wait
// for, we call it when they come. Answers are handed out and handles are removed between such
// calls, never inside a callback of curl.
//
// A transfer is first in `queue`, then, with an open handle, in `running`, then gone; a redirect
// only gives it another handle. The queue is ours because curl's own would count the waiting into
// the time-out.
#include "edge/fetch/fetch.h"

#include "base/mem.h"
#include "fetch_queue.h"
#include "fetch_transfer.h"
#include "fetch_url.h"
#include "fetch_visit.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/queue.h>

enum {
    // Kept open for the next page while one is on the way to the disk. An idle TLS connection costs
    // about 100 KiB.
    IDLE_VISITS_MAX = 16,
    HOST_BYTES_MAX = 512, // with port; names have at most 253 bytes
};

TAILQ_HEAD(transfers, transfer);
TAILQ_HEAD(watches, watch);

struct fetcher {
    struct loop *loop;
    uint32_t connections_max;
    int64_t timeout_ms;
    size_t body_bytes_max;
    struct fetch_pool pool;
    CURLM *multi;
    CURL *model;
    struct loop_timer *curl_timer, *start_timer;
    struct fetch_queue *queue;
    struct fetch_visits visits;
    struct transfers running;
    struct watches watches;
    bool calling, closing; // a done is being called; fetcher_free has begun
};

struct watch {
    TAILQ_ENTRY(watch) entry;
    struct fetcher *fetcher;
    struct loop_watch *loop_watch;
    curl_socket_t fd;
};

struct transfer {
    TAILQ_ENTRY(transfer) entry;
    struct fetcher *fetcher;
    struct fetch_turn turn;
    int64_t begun_ms;
    struct fetch_transfer easy;
    struct fetch_visit *visit;
    void (*done)(void *ctx, const struct fetch_result *result);
    void *ctx;
};

// The transfer is off its list and off the multi handle by now.
static void transfer_tell(struct transfer *transfer, const struct fetch_result *result) {
    struct fetcher *fetcher = transfer->fetcher;
    fetch_queue_end(fetcher->queue, &transfer->turn);
    fetcher->calling = true;
    transfer->done(transfer->ctx, result);
    fetcher->calling = false;
    fetch_transfer_free(&transfer->easy);
    if (transfer->easy.share)
        fetch_visit_leave(transfer->visit);
    free(transfer);
}

static void transfer_fail(struct transfer *transfer, const char *reason) {
    transfer_tell(transfer, &(struct fetch_result){.outcome = FETCH_FAILED, .reason = reason});
}

static void transfer_detach(struct transfer *transfer) {
    struct fetcher *fetcher = transfer->fetcher;
    TAILQ_REMOVE(&fetcher->running, transfer, entry);
    (void)curl_multi_remove_handle(fetcher->multi, transfer->easy.handle);
}

static void fail_running(struct fetcher *fetcher, const char *reason) {
    while (!TAILQ_EMPTY(&fetcher->running)) {
        struct transfer *transfer = TAILQ_FIRST(&fetcher->running);
        transfer_detach(transfer);
        transfer_fail(transfer, reason);
    }
}

static void watch_free(struct watch *watch) {
    TAILQ_REMOVE(&watch->fetcher->watches, watch, entry);
    loop_watch_free(watch->loop_watch);
    free(watch);
}

static void act(struct fetcher *fetcher, curl_socket_t fd, int events);

static void on_watch(void *ctx, int events) {
    struct watch *watch = ctx;
    act(watch->fetcher, watch->fd,
        (events & LOOP_READABLE ? CURL_CSELECT_IN : 0) |
            (events & LOOP_WRITABLE ? CURL_CSELECT_OUT : 0) |
            (events & LOOP_FAILED ? CURL_CSELECT_ERR : 0));
}

static void on_curl_timer(void *ctx) {
    act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx) {
    (void)easy;
    struct fetcher *fetcher = ctx;
    struct watch *watch = socket_ctx;
    if (what == CURL_POLL_REMOVE) {
        if (watch)
            watch_free(watch);
        return 0;
    }
    if (!watch) {
        watch = mem_zalloc(1, sizeof *watch);
        *watch = (struct watch){.fetcher = fetcher, .fd = fd};
        watch->loop_watch = loop_watch_create(fetcher->loop, fd, on_watch, watch);
        TAILQ_INSERT_TAIL(&fetcher->watches, watch, entry);
        (void)curl_multi_assign(fetcher->multi, fd, watch);
    }
    loop_watch_start(watch->loop_watch, (what & CURL_POLL_IN ? LOOP_READABLE : 0) |
                                            (what & CURL_POLL_OUT ? LOOP_WRITABLE : 0));
    return 0;
}

static int on_timeout_change(CURLM *multi, long timeout_ms, void *ctx) {
    (void)multi;
    struct fetcher *fetcher = ctx;
    if (timeout_ms < 0)
        loop_timer_stop(fetcher->curl_timer);
    else
        loop_timer_start(fetcher->curl_timer, timeout_ms, 0);
    return 0;
}

static bool multi_open(struct fetcher *fetcher) {
    CURLM *multi = curl_multi_init();
    if (!multi)
        return false;
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, fetcher);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timeout_change);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, fetcher);
    (void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)FETCH_VISIT_CONNECTIONS_MAX);
    fetcher->multi = multi;
    return true;
}

static void multi_close(struct fetcher *fetcher) {
    (void)curl_multi_cleanup(fetcher->multi);
    fetcher->multi = NULL;
    loop_timer_stop(fetcher->curl_timer);
    while (!TAILQ_EMPTY(&fetcher->watches))
        watch_free(TAILQ_FIRST(&fetcher->watches));
}

static void transfer_open(struct transfer *transfer) {
    struct fetcher *fetcher = transfer->fetcher;
    int64_t left_ms = transfer->begun_ms + fetcher->timeout_ms - loop_now_ms(fetcher->loop);
    if (!fetch_transfer_open(&transfer->easy, fetcher->model, left_ms, transfer)) {
        transfer_fail(transfer, transfer->easy.fault);
        return;
    }
    if (curl_multi_add_handle(fetcher->multi, transfer->easy.handle) != CURLM_OK) {
        transfer_fail(transfer, "out of memory");
        return;
    }
    TAILQ_INSERT_TAIL(&fetcher->running, transfer, entry);
}

static void hand_out(struct fetcher *fetcher) {
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(fetcher->multi, &left))) {
        // The message dies when its handle is removed.
        CURLcode rc = message->data.result;
        struct transfer *transfer = NULL;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        transfer_detach(transfer);
        if (fetch_transfer_redirect(&transfer->easy, rc)) {
            transfer_open(transfer);
            continue;
        }
        struct fetch_result result;
        fetch_transfer_result(&transfer->easy, rc, &result);
        transfer_tell(transfer, &result);
    }
}

static void act(struct fetcher *fetcher, curl_socket_t fd, int events) {
    int running;
    if (curl_multi_socket_action(fetcher->multi, fd, events, &running) == CURLM_OK) {
        hand_out(fetcher);
    } else { // the state of all its transfers is undefined: begin again
        fail_running(fetcher, "failed inside curl");
        multi_close(fetcher);
        if (!multi_open(fetcher))
            abort(); // out of memory
    }
    if (fetch_queue_has_next(fetcher->queue))
        loop_timer_start(fetcher->start_timer, 0, 0);
}

static void transfer_begin(struct transfer *transfer) {
    struct fetcher *fetcher = transfer->fetcher;
    transfer->begun_ms = loop_now_ms(fetcher->loop);
    if (transfer->visit)
        transfer->easy.share = fetch_visit_enter(transfer->visit, &fetcher->visits);
    transfer_open(transfer);
}

static struct transfer *next_transfer(struct fetcher *fetcher) {
    struct fetch_turn *turn = fetch_queue_next(fetcher->queue);
    return turn ? (struct transfer *)((char *)turn - offsetof(struct transfer, turn)) : NULL;
}

static void on_start_timer(void *ctx) {
    struct fetcher *fetcher = ctx;
    // At most as many a turn as there are connections, also when each fails at once.
    for (uint32_t i = 0; i < fetcher->connections_max; i++) {
        struct transfer *transfer = next_transfer(fetcher);
        if (!transfer)
            return;
        transfer_begin(transfer);
    }
    if (fetch_queue_has_next(fetcher->queue))
        loop_timer_start(fetcher->start_timer, 0, 0);
}

static void set_limits(struct fetcher *fetcher, const struct fetch_limits *limits) {
    uint32_t idle_max = limits->connections_max;
    fetcher->connections_max = limits->connections_max;
    fetcher->timeout_ms = limits->timeout_ms;
    fetcher->body_bytes_max = limits->body_bytes_max;
    fetch_pool_set_max(&fetcher->pool, limits->body_bytes_max_all);
    fetch_queue_set_max(fetcher->queue, limits->connections_max, limits->host_connections_max);
    fetcher->visits.max = idle_max < IDLE_VISITS_MAX ? idle_max : IDLE_VISITS_MAX;
}

void fetcher_use_limits(struct fetcher *fetcher, const struct fetch_limits *limits) {
    struct err err;
    CURL *model = fetch_transfer_model(limits, &err);
    if (!model)
        abort(); // out of memory: all that it has is there, since it started with it
    fetch_transfer_model_free(fetcher->model);
    fetcher->model = model;
    set_limits(fetcher, limits);
    loop_timer_start(fetcher->start_timer, 0, 0); // more may begin now
}

struct fetcher *fetcher_create(struct loop *loop, const struct fetch_limits *limits,
                               struct err *err) {
    assert(limits->connections_max > 0 && limits->body_bytes_max > 0);
    assert(limits->connect_timeout_ms > 0 && limits->timeout_ms > 0);
    CURL *model = fetch_transfer_model(limits, err);
    if (!model)
        return NULL;
    struct fetcher *fetcher = mem_zalloc(1, sizeof *fetcher);
    fetcher->model = model;
    fetcher->loop = loop;
    fetch_pool_init(&fetcher->pool, 0);
    fetcher->queue = fetch_queue_create(1, 0);
    fetch_visits_init(&fetcher->visits, 0);
    set_limits(fetcher, limits);
    TAILQ_INIT(&fetcher->running);
    TAILQ_INIT(&fetcher->watches);
    fetcher->curl_timer = loop_timer_create(loop, on_curl_timer, fetcher);
    fetcher->start_timer = loop_timer_create(loop, on_start_timer, fetcher);
    if (!multi_open(fetcher)) {
        fetcher_free(fetcher);
        err_set(err, ERR_FATAL, "libcurl does not start");
        return NULL;
    }
    return fetcher;
}

void fetcher_free(struct fetcher *fetcher) {
    if (!fetcher)
        return;
    assert(!fetcher->calling);
    fetcher->closing = true;
    fail_running(fetcher, "stopped");
    struct transfer *transfer;
    while ((transfer = next_transfer(fetcher)))
        transfer_fail(transfer, "stopped");
    fetch_queue_free(fetcher->queue);
    fetch_visits_close(&fetcher->visits);
    multi_close(fetcher);
    loop_timer_free(fetcher->curl_timer);
    loop_timer_free(fetcher->start_timer);
    fetch_transfer_model_free(fetcher->model);
    free(fetcher);
}

void fetch_start(struct fetcher *fetcher, const struct fetch_request *request,
                 void (*done)(void *ctx, const struct fetch_result *result), void *ctx) {
    assert(!fetcher->closing);
    struct transfer *transfer = mem_zalloc(1, sizeof *transfer);
    transfer->fetcher = fetcher;
    transfer->done = done;
    transfer->ctx = ctx;
    transfer->visit = request->visit;
    fetch_transfer_init(&transfer->easy, request, &fetcher->pool, fetcher->body_bytes_max);
    char host[HOST_BYTES_MAX];
    if (!fetch_host(request->url, host, sizeof host))
        host[0] = '\0'; // fails when its turn comes
    fetch_queue_add(fetcher->queue, &transfer->turn, host);
    loop_timer_start(fetcher->start_timer, 0, 0);
}
