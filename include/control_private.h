// SPDX-License-Identifier: EUPL-1.2
// Shared by control.c (routes, small answers), control_counts.c and control_events.c; nobody else
// includes it.
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
};

void control_counts(struct control *control, struct http_request *request);
void control_events(struct control *control, struct http_request *request);
void control_status(struct control *control, struct http_request *request);
void control_metrics(struct control *control, struct http_request *request);
void control_problem(struct http_request *request, unsigned status, const char *detail);

#endif
