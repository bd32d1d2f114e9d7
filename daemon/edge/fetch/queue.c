// SPDX-License-Identifier: EUPL-1.2
// Gives each host its share of the transfers that may run. Hosts take turns, so a host with a
// thousand feeds delays no other. A host exists as long as something of it waits or runs, so the
// queue is empty when nothing does. It owns the hosts; the turns belong to whoever added them.
#include "fetch_queue.h"

#include "base/mem.h"

#include <assert.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

TAILQ_HEAD(turns, fetch_turn);
TAILQ_HEAD(queue_hosts, fetch_queue_host);

// Exists as long as something of it waits or runs.
struct fetch_queue_host {
    char *name;
    struct turns waiting;
    uint32_t running;
    bool is_ready; // it is in `ready`: something waits that may begin
    TAILQ_ENTRY(fetch_queue_host) entry;
};

struct fetch_queue {
    uint32_t running, running_max, host_running_max;
    void *hosts; // tree of tsearch(3), by name
    struct queue_hosts ready;
};

static int compare_hosts(const void *a, const void *b) {
    const struct fetch_queue_host *left = a, *right = b;
    return strcmp(left->name, right->name);
}

struct fetch_queue *fetch_queue_create(uint32_t running_max, uint32_t host_running_max) {
    struct fetch_queue *queue = mem_zalloc(1, sizeof *queue);
    TAILQ_INIT(&queue->ready);
    fetch_queue_set_max(queue, running_max, host_running_max);
    return queue;
}

void fetch_queue_free(struct fetch_queue *queue) {
    if (!queue)
        return;
    assert(!queue->hosts && queue->running == 0);
    free(queue);
}

static struct fetch_queue_host *take_host(struct fetch_queue *queue, const char *name) {
    struct fetch_queue_host *host = mem_zalloc(1, sizeof *host);
    host->name = mem_strdup(name);
    struct fetch_queue_host **place = tsearch(host, &queue->hosts, compare_hosts);
    if (!place)
        abort(); // out of memory
    if (*place != host) {
        free(host->name);
        free(host);
        return *place;
    }
    TAILQ_INIT(&host->waiting);
    return host;
}

// Its place in `ready`, or its end.
static void host_changed(struct fetch_queue *queue, struct fetch_queue_host *host) {
    bool waits = !TAILQ_EMPTY(&host->waiting);
    if (waits && !host->is_ready && host->running < queue->host_running_max) {
        TAILQ_INSERT_TAIL(&queue->ready, host, entry);
        host->is_ready = true;
    } else if (!waits && host->running == 0) {
        (void)tdelete(host, &queue->hosts, compare_hosts);
        free(host->name);
        free(host);
    }
}

static void host_changed_again(const void *node, VISIT when, void *ctx) {
    if (when == postorder || when == leaf)
        host_changed(ctx, *(struct fetch_queue_host *const *)node);
}

// A host that waited for its own limit may have room now.
void fetch_queue_set_max(struct fetch_queue *queue, uint32_t running_max,
                         uint32_t host_running_max) {
    queue->running_max = running_max;
    queue->host_running_max = host_running_max ? host_running_max : running_max;
    twalk_r(queue->hosts, host_changed_again, queue);
}

void fetch_queue_add(struct fetch_queue *queue, struct fetch_turn *turn, const char *host) {
    turn->host = take_host(queue, host);
    TAILQ_INSERT_TAIL(&turn->host->waiting, turn, entry);
    host_changed(queue, turn->host);
}

bool fetch_queue_has_next(const struct fetch_queue *queue) {
    return queue->running < queue->running_max && !TAILQ_EMPTY(&queue->ready);
}

struct fetch_turn *fetch_queue_next(struct fetch_queue *queue) {
    if (!fetch_queue_has_next(queue))
        return NULL;
    struct fetch_queue_host *host = TAILQ_FIRST(&queue->ready);
    struct fetch_turn *turn = TAILQ_FIRST(&host->waiting);
    TAILQ_REMOVE(&queue->ready, host, entry);
    host->is_ready = false;
    TAILQ_REMOVE(&host->waiting, turn, entry);
    host->running++;
    queue->running++;
    host_changed(queue, host);
    return turn;
}

void fetch_queue_end(struct fetch_queue *queue, struct fetch_turn *turn) {
    queue->running--;
    turn->host->running--;
    host_changed(queue, turn->host);
}
