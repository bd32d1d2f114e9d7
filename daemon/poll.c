// SPDX-License-Identifier: EUPL-1.2
// A feed waits on its timer, or is fetched, or its page is in the pipeline; so polls of one feed
// never overlap.
#include "poll.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/schedule.h"
#include "edge/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { URL_BYTES_MAX = 4096, HELD_RETRY_MS = 5000 };

struct feed {
    struct poll *poll;
    const struct source *source; // of poll->sources
    struct loop_timer *timer;
    struct feed_record record;
    int64_t started_ms; // loop time of the poll under way or the last one
    uint32_t failures;  // in a row
    bool busy;
    bool ended; // not in the table any more; freed when no longer busy
};

struct poll {
    struct poll_options options;
    struct sources *sources;
    struct tables *tables;
    struct fetcher *fetcher;
    struct feed **feeds;
    size_t feed_count;
    bool held, stopping;
    uint64_t polls, not_modified, failures;
};

static void on_due(void *ctx);

static void feed_free(struct feed *feed) {
    loop_timer_free(feed->timer);
    free(feed);
}

static struct feed *feed_create(struct poll *poll, const struct source *source) {
    struct feed *feed = mem_zalloc(1, sizeof *feed);
    feed->poll = poll;
    feed->source = source;
    feed->timer = loop_timer_create(poll->options.loop, on_due, feed);
    (void)books_feed(poll->options.books, str_from(source->name), &feed->record);
    int64_t now = loop_now_ms(poll->options.loop);
    uint32_t random;
    hash_random(&random, sizeof random);
    loop_timer_start(feed->timer, schedule_first_ms(now, source->interval_ms, random) - now, 0);
    return feed;
}

// The end of a poll, good or bad: the next one is planned.
static void feed_rest(struct feed *feed, const char *failure, int64_t retry_after_ms) {
    struct poll *poll = feed->poll;
    int64_t now = loop_now_ms(poll->options.loop), next;
    feed->busy = false;
    if (feed->ended) {
        feed_free(feed);
        return;
    }
    if (poll->stopping)
        return;
    if (failure) {
        uint32_t random;
        hash_random(&random, sizeof random);
        poll->failures++;
        if (feed->failures++ == 0)
            log_warning("feed fails source=%s reason=\"%s\"", feed->source->name, failure);
        next = schedule_backoff_ms(now, feed->source->interval_ms, feed->failures, retry_after_ms,
                                   random);
    } else {
        if (feed->failures)
            log_notice("feed works again source=%s failures=%u", feed->source->name,
                       feed->failures);
        feed->failures = 0;
        next = schedule_next_ms(feed->started_ms, feed->source->interval_ms);
    }
    loop_timer_start(feed->timer, next - now, 0);
}

static void on_batch_done(struct batch *batch) {
    struct feed *feed = batch->ctx;
    const char *failure = NULL;
    if (batch->err.kind != ERR_NONE)
        failure = "not made durable";
    else if (batch->decoded_as.failed)
        failure = "the page is not a list of signals";
    else
        feed->record = batch->feed;
    batch_free(batch);
    feed_rest(feed, failure, 0);
}

static void copy_text(char *to, const char *from) {
    (void)snprintf(to, RECORD_FEED_TEXT_MAX + 1, "%s", from ? from : "");
}

static void submit_page(struct feed *feed, const struct fetch_result *result) {
    struct poll *poll = feed->poll;
    char *body = mem_strndup(result->body.data ? result->body.data : "", result->body.len);
    struct batch *batch = batch_create(poll->sources, feed->source, poll->tables, DECODE_JSON, body,
                                       result->body.len);
    batch->polled = true;
    batch->received_ms = loop_wall_ms();
    batch->has_feed = true;
    batch->feed = feed->record;
    batch->feed.contact_ms = batch->received_ms;
    copy_text(batch->feed.etag, result->etag);
    copy_text(batch->feed.last_modified, result->last_modified);
    batch->done = on_batch_done;
    batch->ctx = feed;
    pipeline_submit(poll->options.pipeline, batch);
}

static void on_fetched(void *ctx, const struct fetch_result *result) {
    struct feed *feed = ctx;
    struct poll *poll = feed->poll;
    char reason[64];
    int64_t wait_ms = 0;
    if (result->outcome != FETCH_OK) {
        feed_rest(feed, result->reason, 0);
    } else if (result->status == 200 && !feed->ended) {
        submit_page(feed, result);
    } else if (result->status == 304) {
        poll->not_modified++;
        feed->record.contact_ms = loop_wall_ms();
        feed_rest(feed, NULL, 0);
    } else {
        if (result->retry_after)
            (void)time_parse_retry_after(str_from(result->retry_after), loop_wall_ms(), &wait_ms);
        (void)snprintf(reason, sizeof reason, "HTTP status %ld", result->status);
        feed_rest(feed, reason, wait_ms);
    }
}

// The cursor holds digits and "TtZz:.+-" only; of these '+' and ':' are escaped.
static bool put_url(const struct feed *feed, char *url, size_t size) {
    struct buf buf;
    buf_init(&buf, size - 1);
    buf_puts(&buf, feed->source->url);
    if (feed->source->cursor_param && feed->record.cursor[0]) {
        buf_putc(&buf, strchr(feed->source->url, '?') ? '&' : '?');
        buf_puts(&buf, feed->source->cursor_param);
        buf_putc(&buf, '=');
        for (const char *c = feed->record.cursor; *c; c++)
            if (*c == '+' || *c == ':')
                buf_printf(&buf, "%%%02X", *c);
            else
                buf_putc(&buf, *c);
    }
    bool ok = !buf.overflow;
    if (ok) {
        memcpy(url, buf.data, buf.len);
        url[buf.len] = '\0';
    }
    buf_free(&buf);
    return ok;
}

static void on_due(void *ctx) {
    struct feed *feed = ctx;
    struct poll *poll = feed->poll;
    char url[URL_BYTES_MAX];
    if (poll->held || pipeline_full(poll->options.pipeline)) {
        loop_timer_start(feed->timer, HELD_RETRY_MS, 0);
        return;
    }
    feed->busy = true;
    feed->started_ms = loop_now_ms(poll->options.loop);
    poll->polls++;
    if (!put_url(feed, url, sizeof url)) {
        feed_rest(feed, "the URL is too long", 0);
        return;
    }
    const struct feed_record *record = &feed->record;
    struct fetch_request request = {.url = url,
                                    .if_none_match = record->etag[0] ? record->etag : NULL,
                                    .if_modified_since =
                                        record->last_modified[0] ? record->last_modified : NULL,
                                    .bearer = feed->source->bearer,
                                    .allow_private = feed->source->allow_private};
    fetch_start(poll->fetcher, &request, on_fetched, feed);
}

static void end_feed(struct feed *feed) {
    loop_timer_stop(feed->timer);
    feed->ended = true;
    if (!feed->busy)
        feed_free(feed);
}

static bool is_named(const struct feed *feed, const char *name) {
    return feed && strcmp(feed->source->name, name) == 0;
}

// Takes the feed of that name out of the old list. A reload mostly keeps the order of lines, so the
// place `hint` is looked at first.
static struct feed *take_feed(struct feed **old, size_t count, size_t hint, const char *name) {
    size_t at = hint;
    if (at >= count || !is_named(old[at], name))
        for (at = 0; at < count && !is_named(old[at], name); at++)
            ;
    if (at == count)
        return NULL;
    struct feed *feed = old[at];
    old[at] = NULL;
    return feed;
}

static void set_feeds(struct poll *poll, struct sources *sources) {
    struct feed **old = poll->feeds;
    size_t old_count = poll->feed_count;
    poll->feeds = mem_zalloc(sources->count, sizeof(struct feed *));
    poll->feed_count = 0;
    for (size_t i = 0; i < sources->count; i++) {
        const struct source *source = &sources->list[i];
        if (!source->url)
            continue;
        struct feed *feed = take_feed(old, old_count, poll->feed_count, source->name);
        if (feed)
            feed->source = source;
        else
            feed = feed_create(poll, source);
        poll->feeds[poll->feed_count++] = feed;
    }
    for (size_t i = 0; i < old_count; i++)
        if (old[i])
            end_feed(old[i]);
    free(old);
}

struct poll *poll_create(const struct poll_options *options, struct sources *sources,
                         struct tables *tables, struct err *err) {
    struct poll *poll = mem_zalloc(1, sizeof *poll);
    poll->options = *options;
    poll->fetcher = fetcher_create(options->loop, &options->config->fetch, err);
    if (!poll->fetcher) {
        free(poll);
        return NULL;
    }
    poll_use(poll, sources, tables);
    return poll;
}

void poll_use(struct poll *poll, struct sources *sources, struct tables *tables) {
    struct sources *old = poll->sources;
    set_feeds(poll, sources); // still compares names with those of the old table
    poll->sources = sources_take(sources);
    sources_drop(old);
    tables_drop(poll->tables);
    poll->tables = tables_take(tables);
}

void poll_hold(struct poll *poll, bool held) {
    poll->held = held;
}

void poll_stop(struct poll *poll) {
    poll->stopping = true;
    for (size_t i = 0; i < poll->feed_count; i++)
        loop_timer_stop(poll->feeds[i]->timer);
    fetcher_free(poll->fetcher);
    poll->fetcher = NULL;
}

void poll_free(struct poll *poll) {
    if (!poll)
        return;
    if (!poll->stopping)
        poll_stop(poll);
    for (size_t i = 0; i < poll->feed_count; i++)
        feed_free(poll->feeds[i]);
    free(poll->feeds);
    sources_drop(poll->sources);
    tables_drop(poll->tables);
    free(poll);
}

void poll_status(const struct poll *poll, struct poll_status *status) {
    *status = (struct poll_status){.feeds = poll->feed_count,
                                   .polls = poll->polls,
                                   .not_modified = poll->not_modified,
                                   .failures = poll->failures};
    for (size_t i = 0; i < poll->feed_count; i++)
        status->failing += poll->feeds[i]->failures > 0;
}
