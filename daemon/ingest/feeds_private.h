// SPDX-License-Identifier: EUPL-1.2
// Shared by feeds.c (which feeds there are, their timing, what an operator asks) and feed_poll.c
// (one poll, page by page); nobody else includes it.
#ifndef INGEST_FEEDS_PRIVATE_H
#define INGEST_FEEDS_PRIVATE_H

#include "codec/oauth.h"
#include "edge/fetch/fetch.h"
#include "ingest/feeds.h"
#include "template/template.h"

enum { FEED_URL_MAX = 4096, FEED_FAILURE_MAX = 96 };

// A poll under way.
struct feed_poll {
    char url[FEED_URL_MAX]; // of the page that is being fetched
    uint32_t pages;         // fetched so far
    uint32_t number;        // of the page, where pages are numbered
    char watermark[RECORD_CURSOR_MAX + 1];
    char begin[RECORD_CURSOR_MAX + 1]; // the watermark that is asked for …
    int64_t earlier_ms;                // … so much earlier, where it is a time
    uint64_t news;                     // so far
    bool page_all_refused;             // a page was refused as a whole
    uint32_t unsplittable_windows;     // windows that were cut off and could not be split
    bool cursor_tentative;             // the cursor waits for a poll that finds nothing new
    int64_t window_ms;                 // length of a window now
    int64_t window_start_ms, window_end_ms, end_ms; // wall clock; 0 without windows
};

struct feed {
    struct feeds *feeds;
    const struct source *source; // of feeds->sources
    struct loop_timer *timer;
    struct feed_record record;
    enum feed_state state;
    int64_t started_ms; // loop time of the poll under way or the last one
    int64_t next_ms;    // loop time of the next; 0: none planned
    int64_t failed_ms;  // wall clock
    int64_t failing_ms; // wall clock of the first of `failures`
    int64_t whole_ms;   // loop time of the last answer that was no 304; of the start at first
    bool look_again;    // soon: the last poll could not move its cursor
    uint32_t looks;     // so many times in a row
    uint32_t failures;  // in a row
    char failure[FEED_FAILURE_MAX];
    bool ended;             // not in the table any more; freed when it rests
    struct feed_poll *poll; // NULL while it rests
    char *token;            // OAuth2; NULL: none
    int64_t token_until_ms; // loop time
    uint64_t polls, pages, not_modified, items, news, refused, excluded;
};

struct feeds {
    struct feeds_options options;
    struct sources *sources;
    struct tables *tables;
    struct fetcher *fetcher;
    struct feed **feeds; // those that are polled, in the order of the table
    size_t feed_count;
    struct loop_timer *silence_timer;
    bool stopping;
    uint64_t polls, pages, not_modified, failures;
};

void feed_drop_token(struct feed *feed);
void feed_poll_start(struct feed *feed);
// The end of a poll: failure NULL, or why (own words), and how long the server asked to wait.
void feed_rest(struct feed *feed, const char *failure, int64_t retry_after_ms);

#endif
