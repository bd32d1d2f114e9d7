// SPDX-License-Identifier: EUPL-1.2
// A feed waits on its timer, or a poll of it is under way (feed->poll); so polls of one feed never
// overlap.
#include "ingest/feeds.h"

#include "base/mem.h"
#include "base/pii/log.h"
#include "feeds_private.h"
#include "ingest/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HELD_RETRY_MS = 5000,
    REREAD_MS = 1000, // between polls of a list that moved while it was read …
    REREADS_MAX = 3,  // … and so often in a row
    HINTS_MS = 10000, // from the begin of one poll to that of one for a hint
    BACK_OFF_AFTER =
        5, // failures in a row: from then on a failing feed is asked less often than a good one
    SILENCE_CHECK_MS = 600000,
    DAY_MS = 86400000,
};

static void on_due(void *ctx);

const char *feed_state_name(enum feed_state state) {
    static const char *const names[FEED_STATES] = {
        "push", "waiting", "fetching", "committing", "failing", "backing-off", "paused"};
    return names[state];
}

// ---- timing

static uint32_t random_32(void) {
    uint32_t random;
    hash_random(&random, sizeof random);
    return random;
}

static void plan(struct feed *feed, enum feed_state state, int64_t next_ms) {
    feed->state = state;
    feed->next_ms = next_ms;
    loop_timer_start(feed->timer, next_ms - loop_now_ms(feed->feeds->options.loop), 0);
}

static void plan_pause(struct feed *feed) {
    feed->state = FEED_PAUSED;
    feed->next_ms = 0;
    loop_timer_stop(feed->timer);
}

void feed_drop_token(struct feed *feed) {
    if (feed->token)
        hash_wipe(feed->token, strlen(feed->token));
    free(feed->token);
    feed->token = NULL;
}

static void feed_free(struct feed *feed) {
    loop_timer_free(feed->timer);
    feed_drop_token(feed);
    feed_poll_free(feed);
    feed_files_forget(feed);
    sources_unref(feed->sources);
    free(feed);
}

static void point_to(struct feed *feed, struct sources *sources, const struct source *source) {
    sources_ref(sources);
    sources_unref(feed->sources);
    feed->sources = sources;
    feed->source = source;
}

// Another URL, template or cursor field: what was kept of the old one means nothing.
static void check_place(struct feed *feed) {
    const struct source *source = feed->source;
    const struct str parts[] = {str_from(source->url), str_from(source->template->name),
                                str_from(source->cursor_param), str_from(source->cursor_field)};
    struct digest place;
    hash_digest(ledger_identity_key(feed->feeds->options.ledger), "feed", parts, 4, &place);
    if (digest_equal(&place, &feed->record.place))
        return;
    feed->record.place = place;
    feed_files_forget(feed);
    feed->record.cursor[0] = feed->record.etag[0] = feed->record.last_modified[0] = '\0';
}

static struct feed *feed_create(struct feeds *feeds, struct sources *sources,
                                const struct source *source) {
    struct feed *feed = mem_zalloc(1, sizeof *feed);
    feed->feeds = feeds;
    point_to(feed, sources, source);
    feed->timer = loop_timer_create(feeds->options.loop, on_due, feed);
    (void)ledger_feed(feeds->options.ledger, str_from(source->name), &feed->record);
    check_place(feed);
    feed->whole_ms = loop_now_ms(feeds->options.loop);
    int64_t now = loop_now_ms(feeds->options.loop);
    if (feed->record.paused)
        plan_pause(feed);
    else
        plan(feed, FEED_WAITING, schedule_first_ms(now, source->interval_ms, random_32()));
    return feed;
}

// Its line, its template or its secret is another one: all is read anew, since a template may have
// been mended, and no token goes where it was not issued for. Its next time stays, unless it is
// further away than the interval is now.
static void renew(struct feed *feed, struct sources *sources, const struct source *source) {
    int64_t now = loop_now_ms(feed->feeds->options.loop);
    point_to(feed, sources, source);
    check_place(feed);
    feed->record.etag[0] = feed->record.last_modified[0] = '\0';
    feed_drop_token(feed);
    if (feed->next_ms > now + source->interval_ms)
        plan(feed, feed->state, schedule_first_ms(now, source->interval_ms, random_32()));
}

static void plan_after_failure(struct feed *feed, int64_t retry_after_ms) {
    int64_t now = loop_now_ms(feed->feeds->options.loop), interval = feed->source->interval_ms;
    if (feed->failures < BACK_OFF_AFTER) {
        plan(feed, FEED_FAILING,
             schedule_backoff_ms(now, interval, feed->failures, retry_after_ms, random_32()));
        return;
    }
    int64_t wait = interval > retry_after_ms ? interval : retry_after_ms;
    plan(feed, FEED_BACKING_OFF, schedule_first_ms(now + wait, interval, random_32()));
}

// One that fails or is paused waits all the same.
static void follow_hint(struct feed *feed) {
    int64_t now = loop_now_ms(feed->feeds->options.loop);
    int64_t at = feed->polls ? feed->started_ms + HINTS_MS : now;
    if (!feed->hinted || feed->poll || feed->failures || feed->record.paused)
        return;
    if (at < now)
        at = now;
    if (at < feed->next_ms)
        plan(feed, FEED_WAITING, at);
}

static void plan_next(struct feed *feed) {
    feed->rereads = 0;
    plan(feed, FEED_WAITING, schedule_next_ms(feed->started_ms, feed->source->interval_ms));
    follow_hint(feed);
}

static void note_failure(struct feed *feed, const char *failure) {
    feed->feeds->failures++;
    feed->failures++;
    feed->failed_ms = loop_wall_ms();
    if (feed->failures == 1)
        feed->failing_ms = feed->failed_ms;
    (void)snprintf(feed->failure, sizeof feed->failure, "%s", failure);
    if (feed->failures == 1)
        log_alarm(ALARM_FEED_FAILS, "feed fails source=%s reason=\"%s\"", feed->source->name,
                  failure);
    else if (feed->failures == BACK_OFF_AFTER)
        log_alarm(ALARM_FEED_KEEPS_FAILING,
                  "feed keeps failing, it is asked less often source=%s reason=\"%s\"",
                  feed->source->name, failure);
}

void feed_idle(struct feed *feed, const char *failure, int64_t retry_after_ms) {
    struct feeds *feeds = feed->feeds;
    if (feed->ended) {
        feed_free(feed);
        return;
    }
    if (feeds->stopping)
        return;
    if (feed->sources != feeds->sources) // a reload that did not touch it came in between
        point_to(feed, feeds->sources, sources_find(feeds->sources, str_from(feed->source->name)));
    if (failure) {
        note_failure(feed, failure);
    } else {
        if (feed->failures)
            log_notice("feed works again source=%s failures=%u", feed->source->name,
                       feed->failures);
        feed->failures = 0;
        feed->failure[0] = '\0';
    }
    if (feed->record.paused)
        plan_pause(feed);
    else if (failure)
        plan_after_failure(feed, retry_after_ms);
    else if (feed->reread_soon && feed->rereads++ < REREADS_MAX)
        plan(feed, FEED_WAITING, loop_now_ms(feeds->options.loop) + REREAD_MS);
    else
        plan_next(feed);
}

static void on_due(void *ctx) {
    struct feed *feed = ctx;
    struct feeds *feeds = feed->feeds;
    if (admission_polls_wait(admission_now(feeds->options.admission)))
        plan(feed, feed->state, loop_now_ms(feeds->options.loop) + HELD_RETRY_MS);
    else
        feed_poll_start(feed);
}

// ---- which feeds there are

static void end_feed(struct feed *feed) {
    loop_timer_stop(feed->timer);
    feed->ended = true;
    if (!feed->poll)
        feed_free(feed);
}

static bool is_named(const struct feed *feed, struct str name) {
    return feed && str_is(name, feed->source->name);
}

// Takes the feed of that name out of the old list. A reload mostly keeps the order of lines, so the
// place `hint` is looked at first.
static struct feed *take_feed(struct feed **old, size_t count, size_t hint, struct str name) {
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

// What a reload makes of the feed that a source had (NULL: none). A poll of one that stays as it is
// goes on; of another it ends, since it holds on to its old template, and the feed begins anew.
static struct feed *follow(struct feeds *feeds, struct feed *feed, struct sources *sources,
                           const struct source *source) {
    bool same = feed && digest_equal(&feed->source->digest, &source->digest);
    if (feed && feed->poll && !same) {
        end_feed(feed);
        feed = NULL;
    }
    if (!feed)
        return feed_create(feeds, sources, source);
    if (!same)
        renew(feed, sources, source);
    else if (!feed->poll)
        point_to(feed, sources, source);
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
        struct feed *feed = take_feed(old, old_count, feeds->feed_count, str_from(source->name));
        feeds->feeds[feeds->feed_count++] = follow(feeds, feed, sources, source);
    }
    for (size_t i = 0; i < old_count; i++)
        if (old[i])
            end_feed(old[i]);
    free(old);
}

void feeds_use(struct feeds *feeds, struct sources *sources, struct tables *tables) {
    set_feeds(feeds, sources);
    sources_ref(sources);
    sources_unref(feeds->sources);
    feeds->sources = sources;
    tables_unref(feeds->tables);
    feeds->tables = tables_ref(tables);
    fetcher_use_limits(feeds->fetcher, &feeds->options.config->fetch);
    loop_timer_start(feeds->silence_timer, 0, SILENCE_CHECK_MS);
}

// ---- silence

static void on_told(struct commit_task *task) {
    delivery_free((struct delivery *)task);
}

static void tell_silence(struct feeds *feeds, const struct source *source) {
    struct delivery *delivery =
        delivery_create(feeds->sources, source, feeds->tables, DECODE_JSON, NULL, 0);
    delivery->task.prepare = NULL;
    delivery->task.run = ledger_tell_silence;
    delivery->polled = source->url != NULL;
    delivery->received_ms = loop_wall_ms();
    delivery->task.done = on_told;
    pipeline_submit(feeds->options.pipeline, &delivery->task);
}

static void on_changed(struct commit_task *task) {
    free(task);
}

// `cursor` "" where it does not matter.
static void change_source(struct feeds *feeds, const struct source *source, enum source_change what,
                          struct str cursor) {
    struct source_task *task = mem_zalloc(1, sizeof *task);
    task->task.run = ledger_change_source;
    task->task.done = on_changed;
    task->what = what;
    (void)snprintf(task->source, sizeof task->source, "%s", source->name);
    if (cursor.len)
        memcpy(task->cursor, cursor.data, cursor.len);
    pipeline_ride(feeds->options.pipeline, &task->task);
}

static void check_silence(struct feeds *feeds, const struct source *source) {
    struct feed_record record;
    if (source->silent_days == 0)
        return;
    if (!ledger_feed(feeds->options.ledger, str_from(source->name), &record)) {
        change_source(feeds, source, SOURCE_KNOWN, STR(""));
        return;
    }
    int64_t since = record.signal_ms ? record.signal_ms : record.first_ms;
    if (!record.silent && loop_wall_ms() - since >= (int64_t)source->silent_days * DAY_MS) {
        log_alarm(ALARM_SOURCE_SILENT, "source is silent source=%s days=%u", source->name,
                  source->silent_days);
        tell_silence(feeds, source);
    }
}

static void on_silence_check(void *ctx) {
    struct feeds *feeds = ctx;
    for (size_t i = 0; i < feeds->sources->count; i++)
        check_silence(feeds, &feeds->sources->list[i]);
}

// ---- begin and end

struct feeds *feeds_create(const struct feeds_options *options, struct sources *sources,
                           struct tables *tables, struct err *err) {
    struct feeds *feeds = mem_zalloc(1, sizeof *feeds);
    feeds->options = *options;
    feeds->fetcher = fetcher_create(options->loop, &options->config->fetch, err);
    if (!feeds->fetcher) {
        free(feeds);
        return NULL;
    }
    feeds->silence_timer = loop_timer_create(options->loop, on_silence_check, feeds);
    feeds_use(feeds, sources, tables);
    return feeds;
}

void feeds_stop(struct feeds *feeds) {
    feeds->stopping = true;
    loop_timer_stop(feeds->silence_timer);
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
    loop_timer_free(feeds->silence_timer);
    certificate_ends_free(&feeds->certificates);
    sources_unref(feeds->sources);
    tables_unref(feeds->tables);
    free(feeds);
}

// ---- looking at them

void feeds_look_at_certificates(struct feeds *feeds) {
    certificates_look(feeds->options.config, feeds->sources, &feeds->certificates);
}

void feeds_get_status(const struct feeds *feeds, struct feeds_status *status) {
    *status = (struct feeds_status){.feeds = feeds->feed_count,
                                    .polls = feeds->polls,
                                    .pages = feeds->pages,
                                    .not_modified = feeds->not_modified,
                                    .failures = feeds->failures,
                                    .hints = feeds->hints,
                                    .certificates = feeds->certificates};
    for (size_t i = 0; i < feeds->feed_count; i++) {
        status->failing += feeds->feeds[i]->failures > 0;
        status->paused += feeds->feeds[i]->record.paused;
        status->doubtful += feeds->feeds[i]->doubtful;
        status->held += feeds->feeds[i]->record.gone > 0;
    }
}

static void view_polled(const struct feed *feed, struct feed_view *view) {
    int64_t now = loop_now_ms(feed->feeds->options.loop);
    view->state = feed->state;
    view->next_ms = feed->poll || feed->next_ms == 0 ? 0 : loop_wall_ms() + feed->next_ms - now;
    view->failures = feed->failures;
    view->failure = feed->failure;
    view->doubtful = feed->doubtful;
    view->failed_ms = feed->failed_ms;
    view->failing_ms = feed->failing_ms;
    view->polls = feed->polls;
    view->pages = feed->pages;
    view->not_modified = feed->not_modified;
    view->items = feed->items;
    view->new_count = feed->new_count;
    view->refused = feed->refused;
    view->excluded = feed->excluded;
    view->withdrawn = feed->withdrawn;
}

// `at` is the place among the polled feeds, which are in the order of the table.
static void glance(const struct feeds *feeds, const struct source *source, size_t *at,
                   struct feed_glance *glance) {
    *glance = (struct feed_glance){.view = {.source = source, .state = FEED_PUSH}};
    if (source->url) {
        const struct feed *feed = feeds->feeds[(*at)++];
        glance->contact_ms = feed->record.contact_ms;
        view_polled(feed, &glance->view);
        (void)snprintf(glance->failure, sizeof glance->failure, "%s", feed->failure);
    }
}

// What is known of it on the disk belongs to it.
static bool look_closer(struct ledger *ledger, struct feed_glance *glance,
                        bool (*fn)(void *ctx, const struct feed_view *view), void *ctx) {
    struct feed_record record = {0};
    (void)ledger_feed(ledger, str_from(glance->view.source->name), &record);
    if (glance->contact_ms > record.contact_ms)
        record.contact_ms = glance->contact_ms; // a 304 is not worth a write
    glance->view.record = &record;
    glance->view.failure = glance->failure;
    return fn(ctx, &glance->view);
}

void feeds_glance(const struct feeds *feeds, struct feed_glance *list) {
    size_t at = 0;
    for (size_t i = 0; i < feeds->sources->count; i++)
        glance(feeds, &feeds->sources->list[i], &at, &list[i]);
}

void feeds_each(struct ledger *ledger, struct feed_glance *list, size_t count,
                bool (*fn)(void *ctx, const struct feed_view *view), void *ctx) {
    for (size_t i = 0; i < count && look_closer(ledger, &list[i], fn, ctx); i++)
        ;
}

void feeds_each_polled(const struct feeds *feeds,
                       bool (*fn)(void *ctx, const struct feed_view *view), void *ctx) {
    for (size_t i = 0; i < feeds->feed_count; i++) {
        const struct feed *feed = feeds->feeds[i];
        struct feed_view view = {.source = feed->source, .record = &feed->record};
        view_polled(feed, &view);
        if (!fn(ctx, &view))
            return;
    }
}

struct one_view {
    void (*fn)(void *ctx, const struct feed_view *view);
    void *ctx;
};

static bool on_one_view(void *ctx, const struct feed_view *view) {
    const struct one_view *one = ctx;
    one->fn(one->ctx, view);
    return false;
}

bool feeds_view(const struct feeds *feeds, struct str source,
                void (*fn)(void *ctx, const struct feed_view *view), void *ctx) {
    size_t at = 0;
    for (size_t i = 0; i < feeds->sources->count; i++) {
        const struct source *candidate = &feeds->sources->list[i];
        if (str_is(source, candidate->name)) {
            struct feed_glance one;
            glance(feeds, candidate, &at, &one);
            (void)look_closer(feeds->options.ledger, &one, on_one_view,
                              &(struct one_view){fn, ctx});
            return true;
        }
        at += candidate->url != NULL;
    }
    return false;
}

// ---- what an operator asks

static struct feed *find_feed(struct feeds *feeds, struct str name, enum feed_asked *why) {
    for (size_t i = 0; i < feeds->feed_count; i++)
        if (is_named(feeds->feeds[i], name)) {
            *why = FEED_DONE;
            return feeds->feeds[i];
        }
    *why = sources_find(feeds->sources, name) ? FEED_NOT_POLLED : FEED_NO_SUCH_SOURCE;
    return NULL;
}

enum feed_asked feeds_poll(struct feeds *feeds, struct str source) {
    enum feed_asked why;
    struct feed *feed = find_feed(feeds, source, &why);
    if (!feed)
        return why;
    if (feed->poll)
        return FEED_BUSY;
    loop_timer_stop(feed->timer);
    feed_poll_start(feed);
    return FEED_DONE;
}

bool feeds_hint(struct feeds *feeds, const struct source *source) {
    enum feed_asked why;
    struct feed *feed = find_feed(feeds, str_from(source->name), &why);
    if (!feed)
        return false;
    feeds->hints++;
    feed->hinted = true;
    if (!feeds->stopping)
        follow_hint(feed);
    return true;
}

enum feed_asked feeds_pause(struct feeds *feeds, struct str source, bool paused) {
    enum feed_asked why;
    struct feed *feed = find_feed(feeds, source, &why);
    if (!feed)
        return why;
    change_source(feeds, feed->source, paused ? SOURCE_PAUSE : SOURCE_RESUME, STR(""));
    feed->record.paused = paused;
    if (feed->poll) // it ends as it is, and is idle then, paused or not
        return FEED_DONE;
    if (paused)
        plan_pause(feed);
    else
        plan(feed, FEED_WAITING, loop_now_ms(feeds->options.loop));
    return FEED_DONE;
}

enum feed_asked feeds_let_go(struct feeds *feeds, struct str source) {
    enum feed_asked why;
    struct feed *feed = find_feed(feeds, source, &why);
    if (!feed)
        return why;
    if (feed->record.gone == 0)
        return FEED_NOTHING_GONE;
    if (feed->poll)
        return FEED_BUSY;
    change_source(feeds, feed->source, SOURCE_LET_GO, STR(""));
    return feeds_poll(feeds, source);
}

enum feed_asked feeds_reread(struct feeds *feeds, struct str source, struct str cursor) {
    enum feed_asked why;
    struct feed *feed = find_feed(feeds, source, &why);
    if (!feed)
        return why;
    if (feed->poll || cursor.len > RECORD_CURSOR_MAX)
        return FEED_BUSY;
    // Never forward: the entry may be from before the feed was moved to another address.
    struct str now = str_from(feed->record.cursor);
    if (cursor.len && (!now.len || decode_cursor_compare(cursor, now) > 0))
        cursor = now;
    char text[RECORD_CURSOR_MAX + 1] = "";
    if (cursor.len)
        memcpy(text, cursor.data, cursor.len);
    change_source(feeds, feed->source, SOURCE_SET_CURSOR, cursor);
    memcpy(feed->record.cursor, text, sizeof feed->record.cursor);
    feed_files_rewind(feed);
    feed->record.etag[0] = feed->record.last_modified[0] = '\0';
    return feeds_poll(feeds, source);
}
