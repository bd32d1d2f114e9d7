// SPDX-License-Identifier: EUPL-1.2
// A feed waits on its timer, or is fetched, or its page is in the pipeline; so polls of one feed
// never overlap.
#include "feeds.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/schedule.h"
#include "edge/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { URL_BYTES_MAX = 4096, HELD_RETRY_MS = 5000, RETRY_AFTER_MAX_MS = 86400000 };

struct feed {
    struct feeds *feeds;
    const struct source *source; // of feeds->sources
    struct loop_timer *timer;
    struct feed_record record;
    int64_t started_ms; // loop time of the poll under way or the last one
    uint32_t failures;  // in a row
    bool busy;
    bool ended; // not in the table any more; freed when no longer busy
};

struct feeds {
    struct feeds_options options;
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

static struct feed *feed_create(struct feeds *feeds, const struct source *source) {
    struct feed *feed = mem_zalloc(1, sizeof *feed);
    feed->feeds = feeds;
    feed->source = source;
    feed->timer = loop_timer_create(feeds->options.loop, on_due, feed);
    (void)books_feed(feeds->options.books, str_from(source->name), &feed->record);
    int64_t now = loop_now_ms(feeds->options.loop);
    uint32_t random;
    hash_random(&random, sizeof random);
    loop_timer_start(feed->timer, schedule_first_ms(now, source->interval_ms, random) - now, 0);
    return feed;
}

// The end of a poll, good or bad: the next one is planned.
static void feed_rest(struct feed *feed, const char *failure, int64_t retry_after_ms) {
    struct feeds *feeds = feed->feeds;
    int64_t now = loop_now_ms(feeds->options.loop), next;
    feed->busy = false;
    if (feed->ended) {
        feed_free(feed);
        return;
    }
    if (feeds->stopping)
        return;
    if (failure) {
        uint32_t random;
        hash_random(&random, sizeof random);
        feeds->failures++;
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
    struct feeds *feeds = feed->feeds;
    char *body = mem_strndup(result->body.data ? result->body.data : "", result->body.len);
    struct batch *batch = batch_create(feeds->sources, feed->source, feeds->tables, DECODE_JSON,
                                       body, result->body.len);
    batch->polled = true;
    batch->received_ms = loop_wall_ms();
    batch->has_feed = true;
    batch->feed = feed->record;
    batch->feed.contact_ms = batch->received_ms;
    copy_text(batch->feed.etag, result->etag);
    copy_text(batch->feed.last_modified, result->last_modified);
    batch->done = on_batch_done;
    batch->ctx = feed;
    pipeline_submit(feeds->options.pipeline, batch);
}

static void on_fetched(void *ctx, const struct fetch_result *result) {
    struct feed *feed = ctx;
    struct feeds *feeds = feed->feeds;
    char reason[64];
    int64_t wait_ms = 0;
    if (result->outcome != FETCH_OK) {
        feed_rest(feed, result->reason, 0);
    } else if (result->status == 200 && !feed->ended) {
        submit_page(feed, result);
    } else if (result->status == 304) {
        feeds->not_modified++;
        feed->record.contact_ms = loop_wall_ms();
        feed_rest(feed, NULL, 0);
    } else {
        if (result->retry_after)
            (void)time_parse_retry_after(str_from(result->retry_after), loop_wall_ms(), &wait_ms);
        if (wait_ms > RETRY_AFTER_MAX_MS)
            wait_ms = RETRY_AFTER_MAX_MS; // a slip of the other side's must not end a feed
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
    struct feeds *feeds = feed->feeds;
    char url[URL_BYTES_MAX];
    if (feeds->held || pipeline_full(feeds->options.pipeline)) {
        loop_timer_start(feed->timer, HELD_RETRY_MS, 0);
        return;
    }
    feed->busy = true;
    feed->started_ms = loop_now_ms(feeds->options.loop);
    feeds->polls++;
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
    fetch_start(feeds->fetcher, &request, on_fetched, feed);
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

static void set_feeds(struct feeds *feeds, struct sources *sources) {
    struct feed **old = feeds->feeds;
    size_t old_count = feeds->feed_count;
    feeds->feeds = mem_zalloc(sources->count, sizeof(struct feed *));
    feeds->feed_count = 0;
    for (size_t i = 0; i < sources->count; i++) {
        const struct source *source = &sources->list[i];
        if (!source->url)
            continue;
        struct feed *feed = take_feed(old, old_count, feeds->feed_count, source->name);
        if (feed)
            feed->source = source;
        else
            feed = feed_create(feeds, source);
        feeds->feeds[feeds->feed_count++] = feed;
    }
    for (size_t i = 0; i < old_count; i++)
        if (old[i])
            end_feed(old[i]);
    free(old);
}

struct feeds *feeds_create(const struct feeds_options *options, struct sources *sources,
                           struct tables *tables, struct err *err) {
    struct feeds *feeds = mem_zalloc(1, sizeof *feeds);
    feeds->options = *options;
    feeds->fetcher = fetcher_create(options->loop, &options->config->fetch, err);
    if (!feeds->fetcher) {
        free(feeds);
        return NULL;
    }
    feeds_use(feeds, sources, tables);
    return feeds;
}

void feeds_use(struct feeds *feeds, struct sources *sources, struct tables *tables) {
    struct sources *old = feeds->sources;
    set_feeds(feeds, sources); // still compares names with those of the old table
    feeds->sources = sources_take(sources);
    sources_drop(old);
    tables_drop(feeds->tables);
    feeds->tables = tables_take(tables);
}

void feeds_hold(struct feeds *feeds, bool held) {
    feeds->held = held;
}

void feeds_stop(struct feeds *feeds) {
    feeds->stopping = true;
    for (size_t i = 0; i < feeds->feed_count; i++)
        loop_timer_stop(feeds->feeds[i]->timer);
    fetcher_free(feeds->fetcher);
    feeds->fetcher = NULL;
}

void feeds_free(struct feeds *feeds) {
    if (!feeds)
        return;
    if (!feeds->stopping)
        feeds_stop(feeds);
    for (size_t i = 0; i < feeds->feed_count; i++)
        feed_free(feeds->feeds[i]);
    free(feeds->feeds);
    sources_drop(feeds->sources);
    tables_drop(feeds->tables);
    free(feeds);
}

void feeds_status(const struct feeds *feeds, struct feeds_status *status) {
    *status = (struct feeds_status){.feeds = feeds->feed_count,
                                    .polls = feeds->polls,
                                    .not_modified = feeds->not_modified,
                                    .failures = feeds->failures};
    for (size_t i = 0; i < feeds->feed_count; i++)
        status->failing += feeds->feeds[i]->failures > 0;
}
