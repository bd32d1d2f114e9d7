// SPDX-License-Identifier: EUPL-1.2
// The public side: municipalities post signals. One table of routes. A reply that says a signal is
// accepted leaves only after its commit.
#ifndef INGEST_PUSH_H
#define INGEST_PUSH_H

#include "ingest/pipeline.h"

struct push;

struct push_options {
    const struct config *config;
    struct loop *loop;
    struct ledger *ledger;
    struct pipeline *pipeline;
    int listen_fd; // from the service manager, or -1
};

struct push *push_create(const struct push_options *options, struct sources *sources,
                         struct tables *tables, struct err *err) MUST_CHECK;
// From the next request on. Takes references.
void push_use(struct push *push, struct sources *sources, struct tables *tables);
// Refuse new signals with 429 while `full`; they are accepted again afterwards.
void push_set_full(struct push *push, bool full);
// The last commit failed (or did not): GET /v1/health tells. Signals are tried all the same.
void push_set_failing(struct push *push, bool failing);
// No new connections, 503 to requests from now on. Those already waiting for their commit get their
// answer.
void push_quiesce(struct push *push);
void push_free(struct push *push); // NULL is fine; no request may be waiting
uint16_t push_port(const struct push *push);

struct push_status {
    uint64_t requests;         // to POST or DELETE signals, that were handed to the pipeline
    uint64_t requests_refused; // 4xx and 5xx as a whole
    uint32_t connections;
    bool full;
};
void push_status(const struct push *push, struct push_status *status);

#endif
