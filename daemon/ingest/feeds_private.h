// SPDX-License-Identifier: EUPL-1.2
// Shared by feeds.c (which feeds there are, their timing, what an operator asks), poll.c (one poll,
// page by page), feed_absence.c (what a list that has all there is lacks) and feed_files.c (folders
// by SFTP); nobody else includes it.
#ifndef INGEST_FEEDS_PRIVATE_H
#define INGEST_FEEDS_PRIVATE_H

#include "base/index.h"
#include "codec/oauth.h"
#include "edge/fetch/fetch.h"
#include "ingest/delivery.h"
#include "ingest/feed_plan.h"
#include "ingest/feeds.h"
#include "template/template.h"

enum { FEED_URL_MAX = 4096 };

// A poll under way.
struct feed_poll {
    char url[FEED_URL_MAX]; // of the page that is being fetched
    struct feed_plan plan;  // a worker's while a page is in the pipeline
    struct index *seen;     // of a list that has all there is: what came; owned; NULL: no such list
    bool unsure;            // something came of which nobody knows what it is
    struct feed_record validators; // ETag and Last-Modified of such a list, once it is read
    struct fetch_visit *visit;     // owned
    struct page_ids *ids;          // of its pages so far; owned; a worker's as `plan` is
    uint32_t page_count;           // submitted
    struct index *pages;           // digests of those that the query under way brought; owned
    bool conditional;              // the request under way may be answered "not modified"
    uint64_t told;                 // by a header of the page: items of the whole list; 0: nothing
    bool link_hint;                // the page's Link header names a next page that is not followed
    char *link_next;               // from the page's Link header; owned; NULL: none
};

struct folder;
struct feed {
    struct feeds *feeds;
    // Of feeds->sources; while a poll that a reload did not touch is under way, of those before.
    const struct source *source;
    struct sources *sources; // that has it; a reference
    struct loop_timer *timer;
    struct feed_record record;
    enum feed_state state;
    int64_t started_ms; // loop time of the poll under way or the last one
    int64_t next_ms;    // loop time of the next; 0: none planned
    int64_t failed_ms;  // wall clock
    int64_t failing_ms; // wall clock of the first of `failures`
    int64_t whole_ms;   // loop time of the last answer that was no 304; of the start at first
    bool hinted;        // since the last poll began: something may have changed
    bool reread_soon;   // the last poll could not move its cursor yet
    uint32_t rereads;   // so many in a row
    uint32_t failures;  // in a row
    char failure[FEED_FAILURE_MAX];
    bool doubtful;          // the last poll: the list may have been cut off
    bool ended;             // not in the table any more; freed once it is idle
    struct folder *folder;  // of a source by SFTP: what it had; NULL: nothing is known
    struct feed_poll *poll; // NULL while it is idle
    char *token;            // OAuth2; NULL: none
    int64_t token_until_ms; // loop time
    uint64_t polls, pages, not_modified, items, new_count, refused, excluded, withdrawn;
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
    uint64_t polls, pages, not_modified, failures, hints;
    struct certificate_ends certificates;
};

void feed_drop_token(struct feed *feed);
void feed_poll_start(struct feed *feed);
// The end of a poll that went well or failed.
void feed_poll_finish(struct feed *feed, const char *failure, int64_t retry_after_ms);
void feed_poll_free(struct feed *feed); // there may be none
// feed_absence.c, for a poll of a list that has all there is; else they do nothing.
void feed_absence_begin(struct feed *feed);
// On a worker, when the page is decoded and planned: notes what is there.
void feed_absence_note(struct feed *feed, struct delivery *delivery);
// The list was read to its end without a failure: takes what it lacks, then ends the poll.
void feed_absence_take(struct feed *feed);
void feed_absence_free(struct feed_poll *poll);
// feed_files.c, for a source by SFTP.
void feed_files_begin(struct feed *feed);
void feed_files_next(struct feed *feed);
// On a worker, when the file is decoded: the cursor, and that it was read, are committed with it.
void feed_files_plan(struct feed *feed, struct delivery_poll *page);
// The file is on the disk, or `failure` says why not: goes on with the next.
void feed_files_done(struct feed *feed, const char *failure);
void feed_files_rewind(struct feed *feed); // what is as old as the cursor, or newer, is read again
void feed_files_forget(struct feed *feed); // reads all anew; there may be nothing
// poll.c, for it: asks for poll->url; asks for any URL of the source.
void feed_poll_fetch_page(struct feed *feed);
void feed_fetch(struct feed *feed, const char *url,
                void (*done)(void *ctx, const struct fetch_result *result));
// The end of a poll: failure NULL, or why (own words), and how long the server asked to wait.
void feed_idle(struct feed *feed, const char *failure, int64_t retry_after_ms);

#endif
