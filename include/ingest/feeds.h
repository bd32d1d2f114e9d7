// SPDX-License-Identifier: EUPL-1.2
// The polled feeds: for each source that has a URL a poll every interval, page by page, through the
// same pipeline as what is posted. Cursor and ETag are committed with the signals of their page, so
// a crash neither skips nor repeats. One hostile or dead endpoint delays no other.
#ifndef INGEST_FEEDS_H
#define INGEST_FEEDS_H

#include "ingest/admission.h"
#include "ingest/certificates.h"

struct feeds;

struct feeds_options {
    const struct config *config;
    struct loop *loop;
    struct ledger *ledger;
    struct pipeline *pipeline;
    struct admission *admission; // nothing is fetched while there is no room
};

struct feeds *feeds_create(const struct feeds_options *options, struct sources *sources,
                           struct tables *tables, struct err *err) MUST_CHECK;
// Takes references. Feeds whose source stays as it is are left alone, with a poll under way; those
// whose source changed keep their timing and read all anew; new ones begin; the others end. Limits
// are those of the configuration.
void feeds_use(struct feeds *feeds, struct sources *sources, struct tables *tables);
// Drops what is being fetched and starts nothing more. Pages already in the pipeline go through.
void feeds_stop(struct feeds *feeds);
void feeds_free(struct feeds *feeds); // with the pipeline idle; NULL is fine

struct feeds_status {
    size_t feeds;
    size_t failing; // their last poll failed
    size_t paused, silent;
    size_t doubtful;
    size_t held; // something is gone from their complete list, and waits for an operator
    uint64_t polls, pages, not_modified, failures, hints;
    struct certificate_ends certificates; // as they were when they were looked at last; borrowed
};
void feeds_look_at_certificates(struct feeds *feeds);
void feeds_get_status(const struct feeds *feeds, struct feeds_status *status);

enum feed_state {
    FEED_PUSH,    // only posts: no URL
    FEED_WAITING, // for its time
    FEED_FETCHING,
    FEED_COMMITTING,  // a page is in the pipeline
    FEED_FAILING,     // waiting after failures, see `failure`
    FEED_BACKING_OFF, // failed often in a row: asked rarely until it answers (circuit breaker)
    FEED_PAUSED,
    FEED_STATES,
};
const char *feed_state_name(enum feed_state state); // "waiting"

enum { FEED_FAILURE_MAX = 512 };

// One source as an operator sees it. Borrowed for the call.
struct feed_view {
    const struct source *source;
    enum feed_state state;
    const struct feed_record *record;
    int64_t next_ms;     // wall clock of the next poll; 0: none planned
    uint32_t failures;   // in a row
    const char *failure; // why; "" when the last poll was good
    bool doubtful;       // the last poll: the list may have been cut off
    int64_t failed_ms;   // wall clock of the last failure; 0: none since the start
    int64_t failing_ms;  // of the first of `failures`
    // since the start
    uint64_t polls, pages, not_modified, items, new_count, refused, excluded;
    uint64_t withdrawn; // since they were gone from a complete list
};
// What the memory has of a source.
struct feed_glance {
    struct feed_view view; // without record and failure
    char failure[FEED_FAILURE_MAX];
    int64_t contact_ms;
};
// In the order of the source table, those that only post as well: as many as it has sources, which
// must stay until feeds_each is through.
void feeds_glance(const struct feeds *feeds, struct feed_glance *list);
// With what is on the disk of each. Any thread.
void feeds_each(struct ledger *ledger, struct feed_glance *list, size_t count,
                bool (*fn)(void *ctx, const struct feed_view *view), void *ctx);
// Those that are polled, in the order of the source table; of their record what the memory has.
void feeds_each_polled(const struct feeds *feeds,
                       bool (*fn)(void *ctx, const struct feed_view *view), void *ctx);
bool feeds_view(const struct feeds *feeds, struct str source,
                void (*fn)(void *ctx, const struct feed_view *view),
                void *ctx); // false: no such source

enum feed_asked { FEED_DONE, FEED_NO_SUCH_SOURCE, FEED_NOT_POLLED, FEED_BUSY, FEED_NOTHING_GONE };
enum feed_asked feeds_poll(struct feeds *feeds, struct str source); // now, whatever its time
// Something may have changed at the source: polls soon, unless it is paused or fails; its polls
// keep a distance, however many hints there are, and one behind the last hint is certain. False: it
// is not polled.
bool feeds_hint(struct feeds *feeds, const struct source *source);
// Kept over restarts.
enum feed_asked feeds_pause(struct feeds *feeds, struct str source, bool paused);
// What is gone from its complete list now may be withdrawn, however much it is: polls now, and the
// guard lets so many go once.
enum feed_asked feeds_let_go(struct feeds *feeds, struct str source);
// Polls now, from `cursor` on ("" from the beginning) and without condition.
enum feed_asked feeds_reread(struct feeds *feeds, struct str source, struct str cursor);

#endif
