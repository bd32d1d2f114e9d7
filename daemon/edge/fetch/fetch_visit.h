// SPDX-License-Identifier: EUPL-1.2
// Inside of fetch: what the requests of one visit share. For fetch.c only.
#ifndef EDGE_FETCH_FETCH_VISIT_H
#define EDGE_FETCH_FETCH_VISIT_H

#include "fetch_transfer.h"

// Those between two requests that keep connections open; at most `max`, the oldest gives way.
struct fetch_visits {
    TAILQ_HEAD(fetch_idle, fetch_visit) idle;
    uint32_t count, max;
};

enum { FETCH_VISIT_CONNECTIONS_MAX = 2 }; // of the pages, and of the token address

void fetch_visits_init(struct fetch_visits *visits, uint32_t max);
void fetch_visits_close(struct fetch_visits *visits); // all connections
// A request of it begins. What it shares with those before, the visit's; NULL: out of memory.
CURLSH *fetch_visit_enter(struct fetch_visit *visit, struct fetch_visits *visits);
// The end of that request, whose handle is closed; fetch_visit_end may have been called.
void fetch_visit_leave(struct fetch_visit *visit);

#endif
