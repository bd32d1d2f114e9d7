// SPDX-License-Identifier: EUPL-1.2
// The rules of the cursor: what a page means for it, and where the poll goes next. A poll is one
// plan: begin, then for each page feed_plan_page before its commit and feed_plan_next after it.
// Pure: no I/O, no clock and no memory of its own.
#ifndef INGEST_FEED_PLAN_H
#define INGEST_FEED_PLAN_H

#include "codec/record.h"
#include "template/template.h"

enum { FEED_UNSPLITTABLE_MAX = 10, FEED_WINDOW_MIN_MS = 60000 };

struct feed_plan {
    const struct template *template; // lives longer than the plan
    // What the next request asks for.
    char begin[RECORD_CURSOR_MAX + 1];      // what is behind this watermark …
    int64_t earlier_ms;                     // … so much earlier, where it is a time
    uint32_t number;                        // of the page, where pages are numbered
    uint32_t query_pages;                   // that the same query brought so far …
    uint64_t query_items;                   // … and its items
    uint32_t first_count;                   // items of its first page
    int64_t window_start_ms, window_end_ms; // wall clock; 0 without windows
    // What the poll brought so far.
    uint32_t pages;
    uint64_t new_count;                    // of committed pages
    char watermark[RECORD_CURSOR_MAX + 1]; // the highest
    bool page_all_refused;                 // all items of some page
    uint32_t unsplittable_windows;         // cut off, and too short to be split
    const char *trouble;                   // the other side says that there is more than came; NULL
    bool doubtful; // so many items, and no next page, that the list may have been cut off
    // Of the page under way.
    bool more;                 // there is a next page
    bool cut_off;              // the window gave as many items as it may
    bool cursor_tentative;     // the cursor moves only if nothing of the poll is new
    int64_t window_ms, end_ms; // length of a window; where the last one ends
};

// What a page brought, once decoded.
struct feed_page {
    uint32_t count;        // of its items, excluded ones as well
    bool all_refused;      // there are items, and none is good
    bool has_next;         // it says where the next page is
    const char *watermark; // the highest of its items; "" without
    int64_t received_ms;   // wall clock
    uint64_t told;         // how many items the other side says that its list has; 0: it does not
    bool hint;             // a next page is named in a way that is not read, or not followed
    bool repeated;         // the same items came before to the same query
};

enum feed_step {
    FEED_STEP_FIRST,  // fetch the first page behind `begin`, or of the window
    FEED_STEP_NUMBER, // fetch page `number`
    FEED_STEP_NEXT,   // fetch the page that this one named
    FEED_STEP_END,    // the poll is over
};

// A poll from `cursor` on ("" from the beginning).
void feed_plan_begin(struct feed_plan *plan, const struct template *template, const char *cursor,
                     int64_t now_ms);
// Before the commit: `record` gets the cursor that is to be committed with the page, and loses its
// ETag where that would hide items. The end of a list is where the other side shows it: no next
// page, or an empty or shorter page where pages are numbered, and nothing that says otherwise.
// While plan->cursor_tentative the commit leaves the cursor if the page brings anything new.
void feed_plan_page(struct feed_plan *plan, const struct feed_page *page,
                    struct feed_record *record);
// After the commit, with the cursor as committed and how many signals of the page were new. At the
// end `failure` is why the poll failed, or NULL; then plan->cursor_tentative says that the cursor
// waits for a poll that brings nothing new.
enum feed_step feed_plan_next(struct feed_plan *plan, const char *cursor, uint64_t new_count,
                              const char **failure);

#endif
