// SPDX-License-Identifier: EUPL-1.2
// The polled feeds: one GET for each source that has a URL, every interval, through the same
// pipeline as what is posted. Cursor and ETag are committed with the signals of their page, so a
// crash neither skips nor repeats.
#ifndef FEEDS_H
#define FEEDS_H

#include "pipeline.h"

struct feeds;

struct feeds_options {
    const struct config *config;
    struct loop *loop;
    struct books *books;
    struct pipeline *pipeline;
};

struct feeds *feeds_create(const struct feeds_options *options, struct sources *sources,
                           struct tables *tables, struct err *err) MUST_CHECK;
// Takes references. Feeds that stay keep their timing; new ones begin; the others end.
void feeds_use(struct feeds *feeds, struct sources *sources, struct tables *tables);
// Nothing is fetched while held.
void feeds_hold(struct feeds *feeds, bool held);
// Drops what is being fetched and starts nothing more. Pages already in the pipeline go through.
void feeds_stop(struct feeds *feeds);
void feeds_free(struct feeds *feeds); // with the pipeline idle; NULL is fine

struct feeds_status {
    size_t feeds;
    size_t failing; // their last poll failed
    uint64_t polls, not_modified, failures;
};
void feeds_status(const struct feeds *feeds, struct feeds_status *status);

#endif
