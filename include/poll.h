// SPDX-License-Identifier: EUPL-1.2
// The polled feeds: one GET for each source that has a URL, every interval, through the same
// pipeline as what is posted. Cursor and ETag are committed with the signals of their page, so a
// crash neither skips nor repeats.
#ifndef POLL_H
#define POLL_H

#include "pipeline.h"

struct poll;

struct poll_options {
    const struct config *config;
    struct loop *loop;
    struct books *books;
    struct pipeline *pipeline;
};

struct poll *poll_create(const struct poll_options *options, struct sources *sources,
                         struct tables *tables, struct err *err) MUST_CHECK;
// Takes references. Feeds that stay keep their timing; new ones begin; the others end.
void poll_use(struct poll *poll, struct sources *sources, struct tables *tables);
// Nothing is fetched while held.
void poll_hold(struct poll *poll, bool held);
// Drops what is being fetched and starts nothing more. Pages already in the pipeline go through.
void poll_stop(struct poll *poll);
void poll_free(struct poll *poll); // with the pipeline idle; NULL is fine

struct poll_status {
    size_t feeds;
    size_t failing; // their last poll failed
    uint64_t polls, not_modified, failures;
};
void poll_status(const struct poll *poll, struct poll_status *status);

#endif
