// SPDX-License-Identifier: EUPL-1.2
// The audit log (BIO2 8.15.01: action, object, result, origin, actor, time): a line for every
// change and every exact read over the local socket, for every change of configuration, every
// start. Lines are committed through the pipeline like signals; what cannot be logged is not done.
// No personal data: a signal is named by its identity, never by its source's id, and an object is
// put together from what was understood, never from the text of a request.
//
//   {"number":7,"time":"2026-11-25T…Z","actor":"uid:0 pid:4711","origin":"socket",
//    "action":"read counts","object":"by=province gender=Masculine","result":"200"}
//
// A change has two lines: one before it, with result "begun", and one with what came of it.
#ifndef JOBS_AUDIT_H
#define JOBS_AUDIT_H

#include "ingest/pipeline.h"

enum { AUDIT_OBJECT_MAX = 640 };

struct audit_entry {
    const char *actor;  // "uid:0 pid:4711", or "system"
    const char *origin; // "socket", "signal", "start"
    const char *action; // "read counts", "erase", "reload"
    struct str object;  // what it was about; cut at AUDIT_OBJECT_MAX, identifiers masked
    const char *result; // "begun", a status, "refused"
};

// The line's text, for whoever commits it himself.
void audit_put(struct buf *out, const struct audit_entry *entry);

// Writes the line; `done` is called on the loop with true once it is on the disk, false when it
// cannot be.
void audit_write(struct pipeline *pipeline, const struct audit_entry *entry,
                 void (*done)(void *ctx, bool written), void *ctx);

#endif
