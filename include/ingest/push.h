// SPDX-License-Identifier: EUPL-1.2
// The public side: municipalities post signals. One table of routes. A reply that says a signal is
// accepted leaves only after its commit.
#ifndef INGEST_PUSH_H
#define INGEST_PUSH_H

#include "edge/http/http.h"
#include "ingest/admission.h"

struct feeds;
struct push;

struct push_options {
    const struct config *config;
    struct loop *loop;
    struct ledger *ledger;
    struct pipeline *pipeline;
    struct admission *admission;
    struct feeds *feeds; // that notifications are hints to; outlives it
    const int *fds;      // listening sockets of the service manager, instead of intake.listen
    size_t fd_count;
};

struct push *push_create(const struct push_options *options, struct sources *sources,
                         struct tables *tables, struct err *err) MUST_CHECK;
// From the next request on, with the limits of the configuration. Takes references.
void push_use(struct push *push, struct sources *sources, struct tables *tables);
// No new connections. The requests that are there, or on their way, are answered as ever.
void push_quiesce(struct push *push);
// After it, now and then: idle connections get so long for one more request. Are none left?
bool push_wind_down(struct push *push, int64_t idle_ms);
// 503 to requests from now on. Those already waiting for their commit get their answer.
void push_stop(struct push *push);
void push_free(struct push *push); // NULL is fine; no request may be waiting
uint16_t push_port(const struct push *push);

struct push_status {
    uint64_t requests;         // to POST or DELETE signals, that were handed to the pipeline
    uint64_t requests_refused; // 4xx and 5xx as a whole
    uint32_t connections;
    struct http_usage usage;
    int64_t certificate_ends_s; // Unix time; 0: there is none
};
void push_get_status(const struct push *push, struct push_status *status);

// From the next connection on; the same one changes nothing, so sessions can go on being resumed.
void push_use_tls(struct push *push, struct http_tls *tls);
struct http_tls *push_tls(const struct push *push); // borrowed; NULL: there is none

#endif
