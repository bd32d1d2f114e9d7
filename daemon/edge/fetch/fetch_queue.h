// SPDX-License-Identifier: EUPL-1.2
// Inside of fetch: whose turn it is. Hosts take turns; within one it is first come, first served; a
// host that has as many under way as it may is passed over.
#ifndef EDGE_FETCH_FETCH_QUEUE_H
#define EDGE_FETCH_FETCH_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct fetch_queue;
struct fetch_queue_host;

// Part of what waits; the owner's memory.
struct fetch_turn {
    TAILQ_ENTRY(fetch_turn) entry;
    struct fetch_queue_host *host;
};

struct fetch_queue *fetch_queue_create(uint32_t running_max, uint32_t host_running_max); // 0: none
// Those that have begun go on.
void fetch_queue_set_max(struct fetch_queue *queue, uint32_t running_max,
                         uint32_t host_running_max);
void fetch_queue_free(struct fetch_queue *queue); // with nothing in it; NULL is fine

void fetch_queue_add(struct fetch_queue *queue, struct fetch_turn *turn, const char *host);
bool fetch_queue_has_next(const struct fetch_queue *queue);
// Who begins now; NULL: nobody can.
struct fetch_turn *fetch_queue_next(struct fetch_queue *queue);
void fetch_queue_end(struct fetch_queue *queue, struct fetch_turn *turn); // one that had begun

#endif
