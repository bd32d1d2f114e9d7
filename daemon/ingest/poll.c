// SPDX-License-Identifier: EUPL-1.2
// One poll of a feed. It goes from page to page as its plan says (feed_plan.h): fetch, commit, and
// only when the page is on the disk the next; so a crash repeats at most the page under way, and
// repeated signals are duplicates.
//
//   start ─> (token) ─> fetch ─> commit ─┬─> next page or window ─> fetch …
//                         │              └─> idle
//                         └─ 304, failure ─> idle
#include "base/mem.h"
#include "base/pii/log.h"
#include "codec/explain.h"
#include "feeds_private.h"
#include "template/headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RETRY_AFTER_MAX_MS = 86400000, // a slip of the other side's must not end a feed
    TOKEN_MARGIN_S = 30,
    DAY_MS = 86400000,
};

static const struct template *template_of(const struct feed *feed) {
    return feed->source->template;
}

void feed_poll_free(struct feed *feed) {
    if (feed->poll) {
        feed_absence_free(feed->poll);
        fetch_visit_end(feed->poll->visit);
        page_ids_free(feed->poll->ids);
        index_free(feed->poll->pages);
        free(feed->poll->link_next);
    }
    free(feed->poll);
    feed->poll = NULL;
}

// A list of a round number of items, all of them in one page, may be what the server lets out.
static void note_doubt(struct feed *feed) {
    if (feed->poll->plan.pages == 0)
        return;
    bool doubtful = feed->poll->plan.doubtful;
    if (doubtful && !feed->doubtful)
        log_alarm(
            ALARM_LIST_CUT,
            "a list may have been cut off source=%s reason=\"its number of items is round, and "
            "no next page is named\"",
            feed->source->name);
    feed->doubtful = doubtful;
}

void feed_poll_finish(struct feed *feed, const char *failure, int64_t retry_after_ms) {
    feed->reread_soon = !failure && feed->poll->plan.cursor_tentative;
    note_doubt(feed);
    feed_poll_free(feed);
    feed_idle(feed, failure, retry_after_ms);
}

// ---- addresses

static void put_parameter(struct buf *url, const char *name, const char *value) {
    bool first = !memchr(url->data, '?', url->len);
    buf_putc(url, first ? '?' : '&');
    buf_puts(url, name);
    buf_putc(url, '=');
    buf_put_encoded(url, str_from(value));
}

// The mark inside the expression that the endpoint wants, where it wants one.
static void put_mark(struct buf *url, const struct template *t, const char *param,
                     const char *mark) {
    struct buf out;
    if (!t->cursor_format) {
        put_parameter(url, param, mark);
        return;
    }
    buf_init(&out, FEED_URL_MAX);
    for (const char *at = t->cursor_format; *at;)
        if (strncmp(at, "{mark}", 6) == 0) {
            buf_puts(&out, mark);
            at += 6;
        } else {
            buf_putc(&out, *at++);
        }
    url->overflow = url->overflow || out.overflow;
    char *expression = buf_take(&out);
    put_parameter(url, param, expression);
    free(expression);
}

static int32_t day_of(const struct template *t, int64_t ms) {
    return t->mapping.utc ? (int32_t)(ms / DAY_MS) : time_amsterdam_day(ms);
}

// A time as the endpoint writes times. One that is less exact is earlier, never later: the next
// window begins where this one ends. Where the endpoint leaves out the time it is asked with, it is
// the one `beyond` it: -1 before, 1 behind.
static void put_time(struct buf *url, const struct template *t, const char *param, int64_t ms,
                     int beyond) {
    static const int64_t units[] = {1, 1000, DAY_MS};
    char text[TIME_STAMP_MAX];
    if (t->exclusive && t->times != TEMPLATE_TIMES_DAYS)
        ms += beyond * units[t->times];
    if (t->times == TEMPLATE_TIMES_DAYS)
        time_format_date(day_of(t, ms) + (t->exclusive ? beyond : 0), text);
    else if (t->mapping.dates == MAPPING_DATES_EPOCH)
        (void)snprintf(text, sizeof text, "%lld", (long long)(ms / 1000));
    else if (t->mapping.dates == MAPPING_DATES_EPOCH_MS)
        (void)snprintf(text, sizeof text, "%lld", (long long)ms);
    else
        time_format_stamp(ms, text);
    if (t->times == TEMPLATE_TIMES_SECONDS && strchr(text, '.'))
        (void)strcpy(strchr(text, '.'), "Z");
    put_mark(url, t, param, text);
}

// A watermark that is a time is asked for a little earlier: pages shift while they are read.
static void put_cursor(struct buf *url, const struct feed *feed, const char *param) {
    const struct template *t = template_of(feed);
    const char *cursor = feed->poll->plan.begin;
    int64_t ms;
    if (!cursor[0])
        return;
    if (!t->native && time_parse_stamp(str_from(cursor), &ms))
        put_time(url, t, param, ms - feed->poll->plan.earlier_ms, -1);
    else
        put_mark(url, t, param, cursor);
}

static void put_window(struct buf *url, const struct feed *feed, const char *param) {
    const struct template *t = template_of(feed);
    put_time(url, t, param, feed->poll->plan.window_start_ms, -1);
    put_time(url, t, t->window_end_param, feed->poll->plan.window_end_ms, 1);
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

// The address of what the plan asks for next.
static bool put_planned_url(struct feed *feed) {
    char number[16];
    if (template_of(feed)->paging != TEMPLATE_PAGING_NUMBER)
        return put_url(feed, NULL);
    (void)snprintf(number, sizeof number, "%u", feed->poll->plan.number);
    return put_url(feed, number);
}

// ---- pages

// The address of the next page, which the last one may have named; false with the reason when there
// can be none.
static bool move_on(struct feed *feed, enum feed_step step, const char *named,
                    const char **failure) {
    struct feed_poll *poll = feed->poll;
    char url[FEED_URL_MAX];
    memcpy(url, poll->url, sizeof url);
    if (step == FEED_STEP_NEXT && template_of(feed)->paging != TEMPLATE_PAGING_TOKEN) {
        bool path_only = template_of(feed)->next_path_only || feed->source->fsc_grant;
        enum fetch_next how = path_only ? FETCH_NEXT_PATH : FETCH_NEXT;
        if (!fetch_resolve(url, str_from(named), how, poll->url, sizeof poll->url)) {
            *failure = "the next page is on another host or not an address";
            return false;
        }
    } else if (!(step == FEED_STEP_NEXT ? put_url(feed, named) : put_planned_url(feed))) {
        *failure = "the next page's address is too long";
        return false;
    }
    if (strcmp(url, poll->url) == 0)
        *failure = "the next page is the same page again";
    return !*failure;
}

// How many signals were new.
static uint64_t count_page(struct feed *feed, const struct page *content) {
    uint64_t new_count = 0;
    feed->excluded += content->excluded;
    feed->items += content->item_count;
    for (size_t i = 0; i < content->item_count; i++) {
        enum verdict verdict = content->items[i].verdict;
        feed->refused += verdict == VERDICT_REFUSED;
        new_count += verdict != VERDICT_REFUSED && verdict != VERDICT_DUPLICATE;
    }
    feed->new_count += new_count;
    return new_count;
}

static const char *named_next(const struct feed *feed, const struct delivery *delivery) {
    return feed->poll->link_next ? feed->poll->link_next : delivery->content.next;
}

// Has the query that is under way brought a page of the same items?
static bool is_repeated(struct feed_poll *poll, const struct page *content) {
    static const struct hash_key key;
    struct digest digest;
    struct buf identities;
    if (poll->plan.query_pages == 0)
        index_clear(poll->pages);
    if (content->item_count == 0)
        return false;
    buf_init(&identities, content->item_count * DIGEST_BYTES);
    for (size_t i = 0; i < content->item_count; i++)
        buf_put(&identities, content->items[i].identity.bytes, DIGEST_BYTES);
    const struct str parts[] = {buf_str(&identities)};
    hash_digest(&key, "page", parts, 1, &digest);
    buf_free(&identities);
    bool repeated = index_get(poll->pages, &digest) != 0;
    index_put(poll->pages, &digest, 1);
    return repeated;
}

// On a worker: while its page is on the way to the disk a poll is left alone by the loop.
static void plan_page(struct delivery *delivery) {
    struct feed *feed = delivery->task.ctx;
    const struct page *content = &delivery->content;
    if (feed->folder) {
        feed_files_plan(feed, delivery->poll);
        return;
    }
    const struct feed_page page = {.count = content->decoded.items + content->excluded,
                                   .all_refused =
                                       content->item_count > 0 && content->signal_count == 0,
                                   .has_next = named_next(feed, delivery) != NULL,
                                   .watermark = content->decoded.cursor,
                                   .received_ms = delivery->received_ms,
                                   .told = content->told ? content->told : feed->poll->told,
                                   .hint = content->hint || feed->poll->link_hint,
                                   .repeated = is_repeated(feed->poll, content)};
    feed_plan_page(&feed->poll->plan, &page, &delivery->poll->feed);
    delivery->poll->cursor_tentative = feed->poll->plan.cursor_tentative;
    feed_absence_note(feed, delivery);
}

// The page is on the disk: where to next.
static void after_page(struct feed *feed, const struct delivery *delivery) {
    const char *failure = NULL;
    uint64_t new_count = count_page(feed, &delivery->content);
    if (feed->folder && !feed->ended && !feed->feeds->stopping) {
        feed_files_done(feed, NULL);
        return;
    }
    enum feed_step step =
        feed_plan_next(&feed->poll->plan, feed->record.cursor, new_count, &failure);
    if (feed->ended || feed->feeds->stopping)
        feed_poll_finish(feed, NULL, 0);
    else if (step != FEED_STEP_END && move_on(feed, step, named_next(feed, delivery), &failure))
        feed_poll_fetch_page(feed);
    else if (failure)
        feed_poll_finish(feed, failure, 0);
    else
        feed_absence_take(feed);
}

static void on_delivered(struct commit_task *task) {
    struct delivery *delivery = (struct delivery *)task;
    struct feed *feed = task->ctx;
    if (task->err.kind != ERR_NONE) {
        delivery_free(delivery);
        feed_poll_finish(feed, "not made durable", 0);
        return;
    }
    if (delivery->content.decoded.failed) {
        char failure[FEED_FAILURE_MAX], what[EXPLAIN_MAX];
        explain_whole(delivery_mapping(delivery), &delivery->content.decoded, what);
        const struct template *t = template_of(feed);
        (void)snprintf(failure, sizeof failure,
                       "the page cannot be read%s%s%s, at or before line %u: %s",
                       t->native ? "" : " by ", t->native ? "" : t->name, t->native ? "" : ".yaml",
                       delivery->content.decoded.line, what);
        delivery_free(delivery);
        if (feed->folder && !feed->ended && !feed->feeds->stopping)
            feed_files_done(feed, failure);
        else
            feed_poll_finish(feed, failure, 0);
        return;
    }
    bool paused = feed->record.paused; // an operator may have asked since
    feed->record = delivery->poll->feed;
    feed->record.paused = paused;
    after_page(feed, delivery);
    delivery_free(delivery);
}

static void copy_text(char *to, size_t size, const char *from) {
    (void)snprintf(to, size, "%s", from ? from : "");
}

static void submit_page(struct feed *feed, const struct fetch_result *result) {
    struct feeds *feeds = feed->feeds;
    struct feed_poll *poll = feed->poll;
    const struct template *t = template_of(feed);
    bool empty = result->status != 200;
    size_t len = empty ? 0 : result->body.len;
    char *body = empty ? NULL : fetch_take_body(result);
    struct delivery *delivery =
        delivery_create(feed->sources, feed->source, feeds->tables, DECODE_JSON, body, len);
    delivery->template = t;
    (void)door_charset_of(str_from(result->content_type), &delivery->charset); // the bytes decide
    delivery->received_ms = loop_wall_ms();
    delivery_set_polled(delivery, &feed->record);
    delivery->empty = empty;
    struct delivery_poll *polled = delivery->poll;
    copy_text(polled->feed.etag, sizeof polled->feed.etag, result->etag);
    copy_text(polled->feed.last_modified, sizeof polled->feed.last_modified, result->last_modified);
    memcpy(polled->begin, poll->plan.begin, sizeof polled->begin);
    polled->plan = plan_page;
    polled->ids = poll->ids;
    polled->page = ++poll->page_count;
    poll->told = 0;
    (void)str_to_u64(str_from(result->total_count), UINT64_MAX, &poll->told);
    free(poll->link_next);
    bool followed = t->paging == TEMPLATE_PAGING_LINK && result->link_next;
    poll->link_next = followed ? mem_strdup(result->link_next) : NULL;
    poll->link_hint = !followed && (result->link_next || result->link_unreadable);
    delivery->task.done = on_delivered;
    delivery->task.ctx = feed;
    feed->state = FEED_COMMITTING;
    pipeline_deliver(feeds->options.pipeline, delivery);
}

// ---- fetching

// A page, or an answer that stands for an empty one: "no content", and "not found" behind the last
// of numbered pages.
static bool is_page(const struct feed *feed, long status) {
    return status == 200 || status == 204 ||
           (status == 404 && template_of(feed)->paging == TEMPLATE_PAGING_NUMBER &&
            feed->poll->plan.query_pages > 0);
}

static void on_status(struct feed *feed, const struct fetch_result *result) {
    char failure[FEED_FAILURE_MAX];
    int64_t wait_ms = 0;
    if (result->status == 401)
        feed_drop_token(feed); // it may have been withdrawn: the next poll asks for another
    if (result->retry_after)
        (void)time_parse_retry_after(str_from(result->retry_after), loop_wall_ms(), &wait_ms);
    if (wait_ms > RETRY_AFTER_MAX_MS)
        wait_ms = RETRY_AFTER_MAX_MS;
    (void)snprintf(failure, sizeof failure, "HTTP status %ld%s", result->status,
                   result->status == 304 ? ", which was not asked for" : "");
    feed_poll_finish(feed, failure, wait_ms);
}

static void on_fetched(void *ctx, const struct fetch_result *result) {
    struct feed *feed = ctx;
    struct feeds *feeds = feed->feeds;
    if (feed->ended || feeds->stopping) {
        feed_poll_finish(feed, NULL, 0);
    } else if (result->outcome != FETCH_OK && feed->folder) {
        feed_files_done(feed, result->reason);
    } else if (result->outcome != FETCH_OK) {
        feed_poll_finish(feed, result->reason, 0);
    } else if (is_page(feed, result->status)) {
        feed->pages++;
        feeds->pages++;
        feed->whole_ms = loop_now_ms(feeds->options.loop);
        // the base of the next page's address is where this one really came from
        copy_text(feed->poll->url, sizeof feed->poll->url, result->url);
        submit_page(feed, result);
    } else if (result->status == 304 && feed->poll->conditional) {
        feed->not_modified++;
        feeds->not_modified++;
        feed->record.contact_ms = loop_wall_ms();
        feed_poll_finish(feed, NULL, 0);
    } else {
        on_status(feed, result);
    }
}

// With what the source needs.
static void start_request(struct feed *feed, struct fetch_request *request,
                          void (*done)(void *ctx, const struct fetch_result *result)) {
    const struct source *source = feed->source;
    const struct template_login login = {.secret = source->secret,
                                         .token = feed->token,
                                         .headers = source->headers,
                                         .fsc_grant = source->fsc_grant,
                                         .now_ms = loop_wall_ms()};
    const struct fetch_ssh ssh = {source->ssh_user, source->ssh_key_file, source->ssh_host_key};
    struct template_headers headers;
    template_headers_make(template_of(feed), &login, &headers);
    request->headers = headers.lines;
    request->client_cert_file = source->client_cert_file;
    request->ssh = source->ssh_user ? &ssh : NULL;
    request->allow_private = source->allow_private;
    request->visit = feed->poll->visit;
    feed->state = FEED_FETCHING;
    fetch_start(feed->feeds->fetcher, request, done, feed);
    template_headers_free(&headers);
}

void feed_fetch(struct feed *feed, const char *url,
                void (*done)(void *ctx, const struct fetch_result *result)) {
    struct fetch_request request = {.url = url};
    start_request(feed, &request, done);
}

static void start_fetch(struct feed *feed) {
    const struct feed_record *record = &feed->record;
    const struct template *t = template_of(feed);
    const struct source *source = feed->source;
    // Once a day all is read whatever the validators say: a list that grew on its second page would
    // never show otherwise.
    bool fresh = loop_now_ms(feed->feeds->options.loop) - feed->whole_ms < DAY_MS;
    bool first = feed->poll->plan.pages == 0 && !t->window_end_param && fresh &&
                 (!source->complete || record->listed);
    struct fetch_request request = {
        .url = feed->poll->url,
        .if_none_match = first && record->etag[0] ? record->etag : NULL,
        .if_modified_since = first && record->last_modified[0] ? record->last_modified : NULL};
    feed->poll->conditional = request.if_none_match || request.if_modified_since;
    start_request(feed, &request, on_fetched);
}

static void on_token(void *ctx, const struct fetch_result *result) {
    struct feed *feed = ctx;
    char token[OAUTH_TOKEN_MAX + 1];
    int64_t expires_s;
    if (feed->ended || feed->feeds->stopping) {
        feed_poll_finish(feed, NULL, 0);
    } else if (result->outcome != FETCH_OK) {
        char failure[FEED_FAILURE_MAX];
        (void)snprintf(failure, sizeof failure, "no access token: %s", result->reason);
        feed_poll_finish(feed, failure, 0);
    } else if (result->status != 200 || !oauth_decode_token(result->body, token, &expires_s)) {
        feed_poll_finish(feed, "no access token: the token address refused", 0);
    } else {
        feed->token = mem_strdup(token);
        hash_wipe(token, sizeof token);
        feed->token_until_ms =
            loop_now_ms(feed->feeds->options.loop) + (expires_s - TOKEN_MARGIN_S) * 1000;
        start_fetch(feed);
    }
}

static void ask_token(struct feed *feed) {
    const struct template *t = template_of(feed);
    struct buf form;
    buf_init(&form, OAUTH_FORM_MAX);
    oauth_put_form(&form, str_from(feed->source->secret), str_from(t->scope));
    struct fetch_request request = {.url = t->token_url,
                                    .form = form.data,
                                    .client_cert_file = feed->source->client_cert_file,
                                    .allow_private = feed->source->allow_private,
                                    .visit = feed->poll->visit};
    feed->state = FEED_FETCHING;
    fetch_start(feed->feeds->fetcher, &request, on_token, feed);
    buf_free(&form); // overwrites it
}

void feed_poll_fetch_page(struct feed *feed) {
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
    feed->poll->visit = fetch_visit_begin();
    feed->poll->ids = page_ids_create();
    feed->poll->pages = index_create();
    feed->started_ms = loop_now_ms(feeds->options.loop);
    feed->hinted = false;
    feed->polls++;
    feeds->polls++;
    feed_plan_begin(&feed->poll->plan, template_of(feed), feed->record.cursor, loop_wall_ms());
    feed_absence_begin(feed);
    if (feed->source->ssh_user)
        feed_files_begin(feed);
    else if (put_planned_url(feed))
        feed_poll_fetch_page(feed);
    else
        feed_poll_finish(feed, "the address is too long", 0);
}
