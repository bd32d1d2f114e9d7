// SPDX-License-Identifier: EUPL-1.2
// Shared by control.c (routes, small answers) and control_*.c; nobody else includes it.
#ifndef CONTROL_PRIVATE_H
#define CONTROL_PRIVATE_H

#include "codec/json_out.h"
#include "control.h"
#include "problem.h"

struct control {
    struct control_options options;
    struct sources *sources;
    struct tables *tables;
    struct http_server *server;
    struct follower *followers; // who waits for more events
    int64_t started_ms;         // wall clock
    bool stopping;              // see control_quiesce
};

void control_counts(struct control *control, struct http_request *request);
void control_events(struct control *control, struct http_request *request);
void control_status(struct control *control, struct http_request *request);
void control_metrics(struct control *control, struct http_request *request);
void control_feeds(struct control *control, struct http_request *request);
void control_feed(struct control *control, struct http_request *request);
void control_feed_poll(struct control *control, struct http_request *request);
void control_feed_pause(struct control *control, struct http_request *request);
void control_feed_resume(struct control *control, struct http_request *request);
void control_quarantine(struct control *control, struct http_request *request);
void control_quarantine_retry(struct control *control, struct http_request *request);
void control_quarantine_drop(struct control *control, struct http_request *request);
void control_import(struct control *control, struct http_request *request);
// The client of an import has been cut off before its reply.
void control_import_gone(struct http_request *request);
void control_problem(struct http_request *request, unsigned status, const char *detail);

#endif
