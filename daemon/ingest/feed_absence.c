// SPDX-License-Identifier: EUPL-1.2
// A feed whose list has all there is: what a poll saw, and what is made of it at the end. The poll
// keeps the identity of each item, good or refused, in memory (some 40 bytes each, at most SEEN_MAX
// of them); the ledger knows what polls brought before. An ETag is kept only with a list that had
// all of it, so a list that lacked something is read again whatever the server says.
#include "feeds_private.h"

#include "base/mem.h"
#include "base/pii/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SEEN_MAX = 2000000,
    PIECE_ITEMS = 1000, // what a piece is to the pipeline
};

struct absence_work {
    struct absence_task task;
    struct sources *sources;
    struct feed *feed;
};

void feed_absence_begin(struct feed *feed) {
    if (feed->source->complete)
        feed->poll->seen = index_create();
}

void feed_absence_free(struct feed_poll *poll) {
    index_free(poll->seen);
    poll->seen = NULL;
}

void feed_absence_note(struct feed *feed, struct delivery *delivery) {
    struct feed_poll *poll = feed->poll;
    const struct page *content = &delivery->content;
    struct feed_record *record = &delivery->poll->feed;
    record->listed = poll->seen != NULL;
    if (!poll->seen)
        return;
    poll->validators = *record;
    record->etag[0] = record->last_modified[0] = '\0';
    poll->unsure = poll->unsure || content->nameless > 0;
    for (size_t i = 0; i < content->item_count && index_count(poll->seen) <= SEEN_MAX; i++)
        index_put(poll->seen, &content->items[i].identity, 1);
}

static void end(struct feed *feed, struct absence_work *work) {
    char failure[FEED_FAILURE_MAX];
    const bool paused = feed->record.paused;
    const bool was_held = feed->record.gone > 0;
    const uint32_t gone = work->task.known.gone;
    const bool held = work->task.task.err.kind == ERR_NONE && gone > 0;
    if (work->task.task.err.kind == ERR_NONE) {
        feed->record = work->task.known;
        feed->record.paused = paused;
        feed->withdrawn += work->task.withdrawn;
        (void)snprintf(failure, sizeof failure,
                       "%" PRIu32 " signals are gone from its list, more than go at once", gone);
    } else {
        (void)snprintf(failure, sizeof failure, "not made durable");
    }
    if (work->task.withdrawn)
        log_notice("signals are gone from a complete list source=%s withdrawn=%" PRIu64,
                   feed->source->name, work->task.withdrawn);
    if (held && !was_held)
        log_alarm(ALARM_LIST_SHORT, "a complete list is suddenly short source=%s gone=%" PRIu32,
                  feed->source->name, gone);
    bool failed = held || work->task.task.err.kind != ERR_NONE;
    feed_poll_finish(feed, failed ? failure : NULL, 0);
}

static void on_taken(struct commit_task *task) {
    struct absence_work *work = (struct absence_work *)task;
    struct feed *feed = work->feed;
    bool over = feed->ended || feed->feeds->stopping;
    if (over)
        feed_poll_finish(feed, NULL, 0);
    else
        end(feed, work);
    sources_unref(work->sources);
    tables_unref(work->task.tables);
    free(work);
}

static const char *unsure_of(const struct feed_poll *poll) {
    if (poll->unsure)
        return "an item of the list has no id that can be read: nothing is taken for gone";
    if (poll->plan.doubtful)
        return "the list may have been cut off: nothing is taken for gone";
    return index_count(poll->seen) > SEEN_MAX ? "the list is too long to tell what is gone" : NULL;
}

void feed_absence_take(struct feed *feed) {
    struct feed_poll *poll = feed->poll;
    if (!poll->seen) {
        feed_poll_finish(feed, NULL, 0);
        return;
    }
    const char *unsure = unsure_of(poll);
    if (unsure) {
        feed_poll_finish(feed, unsure, 0);
        return;
    }
    struct feeds *feeds = feed->feeds;
    struct absence_work *work = mem_zalloc(1, sizeof *work);
    work->feed = feed;
    work->sources = sources_ref(feed->sources);
    work->task = (struct absence_task){.source = feed->source,
                                       .tables = tables_ref(feeds->tables),
                                       .seen = poll->seen,
                                       .received_ms = loop_wall_ms(),
                                       .feed = &poll->validators};
    work->task.task.run = ledger_take_absence;
    work->task.task.done = on_taken;
    work->task.task.items = PIECE_ITEMS;
    work->task.task.bulk = true;
    feed->state = FEED_COMMITTING;
    pipeline_submit(feeds->options.pipeline, &work->task.task);
}
