// SPDX-License-Identifier: EUPL-1.2
// GET /v1/source: what a source is told of itself, as JSON and as a page. Its own figures are
// exact. Of others it gets one sum, which nobody can take apart: of its size class, without itself,
// of what came in closed months (so it never changes later), of several municipalities none of
// which makes up most of it, floored to disclosure.rounding_base.
#ifndef INGEST_SOURCE_PAGE_H
#define INGEST_SOURCE_PAGE_H

#include "edge/http/http.h"
#include "ingest/feeds.h"

enum { SOURCE_PAGES_MAX = 2 }; // that are worked out at a time

struct source_pages {
    const struct config *config;
    struct ledger *ledger;
    struct pipeline *pipeline;
    struct feeds *feeds;
    const char *at_work[SOURCE_PAGES_MAX]; // for whom; NULL: a place that is free
};

// Answers the request, later. Takes references. False, and no answer: there is no place, or the
// source has one.
bool source_page_ask(struct source_pages *pages, struct http_request *request,
                     struct sources *sources, struct tables *tables,
                     const struct source *source) MUST_CHECK;

#endif
