// SPDX-License-Identifier: EUPL-1.2
// The operator's side: HTTP and JSON over a Unix socket. One table of routes. Who may open the
// socket may read; only root and the daemon's own user may change anything. At metrics.listen there
// is GET /metrics alone, for readers whom nobody knows: nothing there tells of a single signal.
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "edge/notify.h"
#include "ingest/feeds.h"
#include "ingest/push.h"
#include "jobs/publish.h"

struct control;

struct control_options {
    const struct config *config;
    struct loop *loop;
    struct ledger *ledger;
    struct pipeline *pipeline;
    struct admission *admission;
    struct push *push;
    struct feeds *feeds;
    const struct publish_job *kafka;
    // `text`: what changed, as JSON; or false, nothing changed, and it says why. `digests`: of the
    // files that were read, and in short what changed.
    bool (*reload)(void *ctx, struct buf *digests, struct buf *text);
    void *ctx;
    int listen_fd; // that the service manager has opened at control.socket, or -1
    const struct notify_sockets *metrics; // the same at metrics.listen; there may be none
};

struct control *control_create(const struct control_options *options, struct sources *sources,
                               struct tables *tables, struct err *err) MUST_CHECK;
// After a reload, with the limits of the configuration.
void control_use(struct control *control, struct sources *sources,
                 struct tables *tables);    // takes references
void control_wake(struct control *control); // the ledger has grown: those who follow it are told
void control_tick(struct control *control); // each second, for whoever looks at the page
// From now on nothing changes any more (503): to be called when the daemon begins to stop, since
// what is handed to the pipeline after its last commit would be cut off.
void control_quiesce(struct control *control);
// Does a worker still read the ledger? After control_quiesce it soon does not.
bool control_reads(const struct control *control);
void control_free(struct control *control); // NULL is fine

#endif
