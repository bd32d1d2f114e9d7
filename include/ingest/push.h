// SPDX-License-Identifier: EUPL-1.2
// The public side: municipalities post signals. One table of routes. A reply that says a signal is
// accepted leaves only after its commit.
#ifndef INGEST_PUSH_H
#define INGEST_PUSH_H

#include "ingest/pipeline.h"

struct intake;

struct intake_options {
    const struct config *config;
    struct loop *loop;
    struct books *books;
    struct pipeline *pipeline;
    int listen_fd; // from the service manager, or -1
};

struct intake *intake_create(const struct intake_options *options, struct sources *sources,
                             struct tables *tables, struct err *err) MUST_CHECK;
// From the next request on. Takes references.
void intake_use(struct intake *intake, struct sources *sources, struct tables *tables);
// Refuse new signals with 429 while `full`; they are accepted again afterwards.
void intake_set_full(struct intake *intake, bool full);
// The last commit failed (or did not): GET /v1/health tells. Signals are tried all the same.
void intake_set_failing(struct intake *intake, bool failing);
// No new connections, 503 to requests from now on. Those already waiting for their commit get their
// answer.
void intake_quiesce(struct intake *intake);
void intake_free(struct intake *intake); // NULL is fine; no request may be waiting
uint16_t intake_port(const struct intake *intake);

struct intake_status {
    uint64_t requests;         // to POST or DELETE signals, that were handed to the pipeline
    uint64_t requests_refused; // 4xx and 5xx as a whole
    uint32_t connections;
    bool full;
};
void intake_status(const struct intake *intake, struct intake_status *status);

#endif
