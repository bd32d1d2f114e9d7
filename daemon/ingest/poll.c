// SPDX-License-Identifier: EUPL-1.2
// One poll of a feed. It goes from page to page: fetch, commit, and only when the page is on the
// disk the next; so a crash repeats at most the page under way, and repeated signals are
// duplicates.
//
//   start ─> (token) ─> fetch ─> commit ─┬─> next page or window ─> fetch …
//                         │              └─> rest
//                         └─ 304, failure ─> rest
#include "base/mem.h"
#include "base/pii/log.h"
#include "feeds_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RETRY_AFTER_MAX_MS = 86400000, // a slip of the other side's must not end a feed
    TOKEN_MARGIN_S = 30,
    DAY_MS = 86400000,
    WINDOW_MIN_MS = 60000,
    CROWDED_MAX = 10,
};

static void fetch_page(struct feed *feed);

static const struct template *template_of(const struct feed *feed) {
    return feed->source->template;
}

static void finish(struct feed *feed, const char *failure, int64_t retry_after_ms) {
    feed->look_again = !failure && feed->poll->cursor_tentative;
    free(feed->poll);
    feed->poll = NULL;
    feed_rest(feed, failure, retry_after_ms);
}

// ---- addresses

static void put_encoded(struct buf *url, const char *text) {
    for (const char *c = text; *c; c++) {
        bool plain = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
                     (*c >= 'A' && *c <= 'Z') || strchr("-._~", *c);
        if (plain)
            buf_putc(url, *c);
        else
            buf_printf(url, "%%%02X", (unsigned char)*c);
    }
}

static void put_parameter(struct buf *url, const char *name, const char *value) {
    bool first = !memchr(url->data, '?', url->len);
    buf_putc(url, first ? '?' : '&');
    buf_puts(url, name);
    buf_putc(url, '=');
    put_encoded(url, value);
}

// A time as the endpoint writes times.
static void put_time(struct buf *url, const struct template *t, const char *param, int64_t ms) {
    char text[TIME_STAMP_MAX];
    if (t->mapping.dates == MAPPING_DATES_EPOCH)
        (void)snprintf(text, sizeof text, "%lld", (long long)(ms / 1000));
    else if (t->mapping.dates == MAPPING_DATES_EPOCH_MS)
        (void)snprintf(text, sizeof text, "%lld", (long long)ms);
    else
        time_format_stamp(ms, text);
    put_parameter(url, param, text);
}

// A watermark that is a time is asked for a little earlier: pages shift while they are read.
static void put_cursor(struct buf *url, const struct feed *feed, const char *param) {
    const struct template *t = template_of(feed);
    const char *cursor = feed->poll->begin;
    int64_t ms;
    if (!cursor[0])
        return;
    if (!t->native && time_parse_stamp(str_from(cursor), &ms))
        put_time(url, t, param, ms - feed->poll->earlier_ms);
    else
        put_parameter(url, param, cursor);
}

static void put_window(struct buf *url, const struct feed *feed, const char *param) {
    const struct template *t = template_of(feed);
    put_time(url, t, param, feed->poll->window_start_ms);
    put_time(url, t, t->window_end_param, feed->poll->window_end_ms);
}

// The address of the first page, or with `page` (number or token) of a later one. False when it is
// too long.
static bool put_url(struct feed *feed, const char *page) {
    const struct template *t = template_of(feed);
    const char *cursor_param =
        feed->source->cursor_param ? feed->source->cursor_param : t->cursor_param;
    struct buf url;
    buf_init(&url, FEED_URL_MAX - 1);
    buf_puts(&url, feed->source->url);
    if (t->query) {
        buf_putc(&url, memchr(url.data, '?', url.len) ? '&' : '?');
        buf_puts(&url, t->query);
    }
    if (t->window_end_param)
        put_window(&url, feed, cursor_param);
    else if (cursor_param)
        put_cursor(&url, feed, cursor_param);
    if (page)
        put_parameter(&url, t->page_param, page);
    bool ok = !url.overflow;
    if (ok) {
        memcpy(feed->poll->url, url.data, url.len);
        feed->poll->url[url.len] = '\0';
    }
    buf_free(&url);
    return ok;
}

static bool put_numbered_url(struct feed *feed) {
    char number[16];
    (void)snprintf(number, sizeof number, "%u", feed->poll->number);
    return put_url(feed, number);
}

static bool put_first_url(struct feed *feed) {
    const struct template *t = template_of(feed);
    feed->poll->number = t->first_page;
    return t->paging == TEMPLATE_PAGING_NUMBER ? put_numbered_url(feed) : put_url(feed, NULL);
}

// ---- pages and windows

// Where items come by rising watermark, going on from the watermark just reached is better than
// page 2: when items change while they are read they move to the end, and those behind them slip
// into the page that has been read already. False when the watermark did not move, since a whole
// page had the same.
static bool move_to_mark(struct feed *feed) {
    struct feed_poll *poll = feed->poll;
    if (!template_of(feed)->ordered || strcmp(feed->record.cursor, poll->begin) == 0)
        return false;
    memcpy(poll->begin, feed->record.cursor, sizeof poll->begin);
    poll->earlier_ms = 1; // whether the endpoint means "from" or "after"
    return put_first_url(feed);
}

// The address of the next page; false with the reason when there can be none.
static bool move_to_next(struct feed *feed, const char *next, const char **failure) {
    struct feed_poll *poll = feed->poll;
    const struct template *t = template_of(feed);
    char url[FEED_URL_MAX];
    memcpy(url, poll->url, sizeof url);
    *failure = "the next page's address is too long";
    if (move_to_mark(feed)) {
        ; // the address is there
    } else if (t->paging == TEMPLATE_PAGING_NUMBER) {
        poll->number++;
        if (!put_numbered_url(feed))
            return false;
    } else if (t->paging == TEMPLATE_PAGING_TOKEN) {
        if (!put_url(feed, next))
            return false;
    } else if (!fetch_resolve(url, str_from(next), poll->url, sizeof poll->url)) {
        *failure = "the next page is on another host or not an address";
        return false;
    }
    if (strcmp(url, poll->url) == 0) {
        *failure = "the next page is the same page again";
        return false;
    }
    return true;
}

static void end_window(struct feed *feed) {
    struct feed_poll *poll = feed->poll;
    int64_t longest = template_of(feed)->window_ms;
    if (poll->window_ms > longest)
        poll->window_ms = longest;
    poll->window_end_ms = poll->window_start_ms + poll->window_ms;
    if (poll->window_end_ms > poll->end_ms)
        poll->window_end_ms = poll->end_ms;
}

static void begin_windows(struct feed *feed) {
    const struct template *t = template_of(feed);
    struct feed_poll *poll = feed->poll;
    int64_t now = loop_wall_ms(), watermark;
    if (!t->window_end_param)
        return;
    if (poll->begin[0] && time_parse_stamp(str_from(poll->begin), &watermark))
        poll->window_start_ms = watermark - t->reread_ms;
    else
        poll->window_start_ms = t->begin_ms ? t->begin_ms : now - t->window_ms;
    poll->end_ms = now;
    poll->window_ms = t->window_ms;
    end_window(feed);
}

// Splits the window that was cut off, or goes to the next, which may be twice as long as the last
// that was whole. What a window gave that cannot be split is taken, and those behind it do not wait
// for the rest; but an endpoint of which many are so has no end. False at the end of the poll.
static bool move_window(struct feed *feed, bool cut_off, const char **failure) {
    struct feed_poll *poll = feed->poll;
    int64_t half = (poll->window_end_ms - poll->window_start_ms) / 2;
    bool split = cut_off && half >= WINDOW_MIN_MS;
    *failure = NULL;
    if (cut_off && !split && ++poll->unsplittable_windows > CROWDED_MAX)
        return false;
    if (split) {
        poll->window_ms = half;
    } else {
        poll->window_start_ms = poll->window_end_ms;
        if (poll->window_start_ms >= poll->end_ms)
            return false;
        if (!cut_off && poll->window_ms < template_of(feed)->window_ms)
            poll->window_ms *= 2;
    }
    end_window(feed);
    if (put_first_url(feed))
        return true;
    *failure = "the address is too long";
    return false;
}

static void count_page(struct feed *feed, const struct batch *batch) {
    feed->excluded += batch->content.excluded;
    for (size_t i = 0; i < batch->content.item_count; i++) {
        enum verdict verdict = batch->content.items[i].verdict;
        feed->items++;
        feed->refused += verdict == VERDICT_REFUSED;
        bool news = verdict != VERDICT_REFUSED && verdict != VERDICT_DUPLICATE;
        feed->news += news;
        feed->poll->news += news;
    }
}

// The page is on the disk: where to next.
static void after_page(struct feed *feed, const struct batch_page *page) {
    const char *failure = NULL;
    bool windows = template_of(feed)->window_end_param != NULL;
    if (feed->ended || feed->feeds->stopping) {
        finish(feed, NULL, 0);
        return;
    }
    bool go_on = page->more && !page->cut_off
                     ? move_to_next(feed, page->next, &failure)
                     : windows && move_window(feed, page->cut_off, &failure);
    if (go_on && feed->poll->pages >= template_of(feed)->pages_max) {
        go_on = false;
        failure = "paging does not end";
    }
    if (!failure && !go_on && feed->poll->page_all_refused)
        failure = "every signal of a page was refused: see the quarantine";
    if (!failure && !go_on && feed->poll->unsplittable_windows)
        failure = "the smallest window is still cut off";
    if (go_on)
        fetch_page(feed);
    else
        finish(feed, failure, 0);
}

static void on_batch_done(struct commit_task *task) {
    struct batch *batch = (struct batch *)task;
    struct feed *feed = task->ctx;
    if (task->err.kind != ERR_NONE) {
        batch_free(batch);
        finish(feed, "not made durable", 0);
        return;
    }
    if (batch->content.decoded.failed) {
        char failure[FEED_FAILURE_MAX];
        (void)snprintf(failure, sizeof failure, "the page cannot be read: %s in or before line %u",
                       fault_code_name(batch->content.decoded.fault), batch->content.decoded.line);
        batch_free(batch);
        finish(feed, failure, 0);
        return;
    }
    bool paused = feed->record.paused; // an operator may have asked since
    feed->record = batch->feed;
    feed->record.paused = paused;
    memcpy(feed->poll->watermark, batch->page.watermark, sizeof feed->poll->watermark);
    count_page(feed, batch);
    if (batch->content.item_count > 0 && batch->content.signal_count == 0)
        feed->poll->page_all_refused = true;
    feed->poll->cursor_tentative = batch->page.tentative && feed->poll->news > 0;
    after_page(feed, &batch->page);
    batch_free(batch);
}

static void copy_text(char *to, size_t size, const char *from) {
    (void)snprintf(to, size, "%s", from ? from : "");
}

static void submit_page(struct feed *feed, const struct fetch_result *result) {
    struct feeds *feeds = feed->feeds;
    struct feed_poll *poll = feed->poll;
    const struct template *t = template_of(feed);
    char *body = mem_strndup(result->body.data ? result->body.data : "", result->body.len);
    struct batch *batch = batch_create(feeds->sources, feed->source, feeds->tables, DECODE_JSON,
                                       body, result->body.len);
    batch->template = t;
    batch->polled = true;
    batch->received_ms = loop_wall_ms();
    batch->has_feed = true;
    batch->feed = feed->record;
    copy_text(batch->feed.etag, sizeof batch->feed.etag, result->etag);
    copy_text(batch->feed.last_modified, sizeof batch->feed.last_modified, result->last_modified);
    batch->page.first = poll->pages == 1;
    if (t->paging == TEMPLATE_PAGING_LINK && result->link_next)
        batch->page.next = mem_strdup(result->link_next);
    memcpy(batch->page.watermark, poll->watermark, sizeof batch->page.watermark);
    memcpy(batch->page.begin, poll->begin, sizeof batch->page.begin);
    batch->page.hold = poll->page_all_refused;
    batch->page.news_before = poll->news > 0;
    if (t->window_end_param)
        time_format_stamp(poll->window_end_ms, batch->page.window_end);
    batch->task.done = on_batch_done;
    batch->task.ctx = feed;
    feed->state = FEED_COMMITTING;
    pipeline_deliver(feeds->options.pipeline, batch);
}

// ---- fetching

static void on_status(struct feed *feed, const struct fetch_result *result) {
    char failure[FEED_FAILURE_MAX];
    int64_t wait_ms = 0;
    if (result->status == 401)
        feed_drop_token(feed); // it may have been withdrawn: the next poll asks for another
    if (result->retry_after)
        (void)time_parse_retry_after(str_from(result->retry_after), loop_wall_ms(), &wait_ms);
    if (wait_ms > RETRY_AFTER_MAX_MS)
        wait_ms = RETRY_AFTER_MAX_MS;
    (void)snprintf(failure, sizeof failure, "HTTP status %ld", result->status);
    finish(feed, failure, wait_ms);
}

static void on_fetched(void *ctx, const struct fetch_result *result) {
    struct feed *feed = ctx;
    struct feeds *feeds = feed->feeds;
    feed->poll->pages++;
    if (feed->ended || feeds->stopping) {
        finish(feed, NULL, 0);
    } else if (result->outcome != FETCH_OK) {
        finish(feed, result->reason, 0);
    } else if (result->status == 200) {
        feed->pages++;
        feeds->pages++;
        feed->whole_ms = loop_now_ms(feeds->options.loop);
        // the base of the next page's address is where this one really came from
        copy_text(feed->poll->url, sizeof feed->poll->url, result->url);
        submit_page(feed, result);
    } else if (result->status == 304 && feed->poll->pages == 1) {
        feed->not_modified++;
        feeds->not_modified++;
        feed->record.contact_ms = loop_wall_ms();
        finish(feed, NULL, 0);
    } else {
        on_status(feed, result);
    }
}

static void start_fetch(struct feed *feed) {
    const struct feed_record *record = &feed->record;
    const struct template *t = template_of(feed);
    const struct source *source = feed->source;
    // Once a day all is read whatever the validators say: a list that grew on its second page would
    // never show otherwise.
    bool fresh = loop_now_ms(feed->feeds->options.loop) - feed->whole_ms < DAY_MS;
    bool first = feed->poll->pages == 0 && !t->window_end_param && fresh;
    struct fetch_request request = {
        .url = feed->poll->url,
        .if_none_match = first && record->etag[0] ? record->etag : NULL,
        .if_modified_since = first && record->last_modified[0] ? record->last_modified : NULL,
        .client_cert_file = source->client_cert_file,
        .allow_private = source->allow_private};
    switch (t->auth) {
    case TEMPLATE_AUTH_NONE:
        break;
    case TEMPLATE_AUTH_BEARER:
        request.bearer = source->secret;
        break;
    case TEMPLATE_AUTH_BASIC:
        request.user_password = source->secret;
        break;
    case TEMPLATE_AUTH_HEADER:
        request.header_name = source->secret ? t->auth_header : NULL;
        request.header_value = source->secret;
        break;
    case TEMPLATE_AUTH_OAUTH2:
        request.bearer = feed->token;
        break;
    }
    if (t->native && source->secret)
        request.bearer = source->secret;
    feed->state = FEED_FETCHING;
    fetch_start(feed->feeds->fetcher, &request, on_fetched, feed);
}

static void on_token(void *ctx, const struct fetch_result *result) {
    struct feed *feed = ctx;
    char token[OAUTH_TOKEN_MAX + 1];
    int64_t expires_s;
    if (feed->ended || feed->feeds->stopping) {
        finish(feed, NULL, 0);
    } else if (result->outcome != FETCH_OK) {
        char failure[FEED_FAILURE_MAX];
        (void)snprintf(failure, sizeof failure, "no access token: %s", result->reason);
        finish(feed, failure, 0);
    } else if (result->status != 200 || !oauth_decode_token(result->body, token, &expires_s)) {
        finish(feed, "no access token: the token address refused", 0);
    } else {
        feed->token = mem_strdup(token);
        hash_wipe(token, sizeof token);
        feed->token_until_ms =
            loop_now_ms(feed->feeds->options.loop) + (expires_s - TOKEN_MARGIN_S) * 1000;
        start_fetch(feed);
    }
}

// Client credentials (RFC 6749, 4.4.2), in the body: what all servers we know of take.
static void ask_token(struct feed *feed) {
    const struct template *t = template_of(feed);
    struct str secret = str_from(feed->source->secret), id = {0};
    struct buf form;
    buf_init(&form, FEED_URL_MAX);
    buf_puts(&form, "grant_type=client_credentials&client_id=");
    (void)str_split(&secret, ':', &id);
    char *part = mem_strndup(id.data, id.len);
    put_encoded(&form, part);
    free(part);
    buf_puts(&form, "&client_secret=");
    if (secret.data)
        put_encoded(&form, secret.data);
    if (t->scope) {
        buf_puts(&form, "&scope=");
        put_encoded(&form, t->scope);
    }
    char *text = buf_take(&form);
    struct fetch_request request = {.url = t->token_url,
                                    .form = text,
                                    .client_cert_file = feed->source->client_cert_file,
                                    .allow_private = feed->source->allow_private};
    feed->state = FEED_FETCHING;
    fetch_start(feed->feeds->fetcher, &request, on_token, feed);
    hash_wipe(text, strlen(text));
    free(text);
}

static void fetch_page(struct feed *feed) {
    bool needs_token = template_of(feed)->auth == TEMPLATE_AUTH_OAUTH2 && feed->source->secret;
    if (needs_token && feed->token &&
        loop_now_ms(feed->feeds->options.loop) >= feed->token_until_ms)
        feed_drop_token(feed);
    if (needs_token && !feed->token)
        ask_token(feed);
    else
        start_fetch(feed);
}

void feed_poll_start(struct feed *feed) {
    struct feeds *feeds = feed->feeds;
    feed->poll = mem_zalloc(1, sizeof *feed->poll);
    feed->started_ms = loop_now_ms(feeds->options.loop);
    feed->polls++;
    feeds->polls++;
    memcpy(feed->poll->begin, feed->record.cursor, sizeof feed->poll->begin);
    feed->poll->earlier_ms = template_of(feed)->overlap_ms;
    begin_windows(feed);
    if (put_first_url(feed))
        fetch_page(feed);
    else
        finish(feed, "the address is too long", 0);
}
