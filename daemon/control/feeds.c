// SPDX-License-Identifier: EUPL-1.2
// /v1/feeds and /v1/quarantine: what the operator sees of the sources and of what could not be
// taken, and what may be asked of them. Never a URL beyond its host, never content.
#include "control_private.h"

#include "base/mem.h"
#include "base/pii/log.h"
#include "codec/event.h"
#include "codec/explain.h"
#include "edge/fetch/fetch.h"

#include <stdlib.h>

enum { HOST_MAX = 300, PLAIN_WATERMARK_MAX = 7 };

static void put_words(struct json_out *json, const char *key, const char *text) {
    json_put_text(json, key, text && *text ? text : NULL);
}

static void put_source(struct json_out *json, const struct source *source) {
    char code[EVENT_CODE_MAX], host[HOST_MAX];
    event_municipality_code(source->municipality, code);
    bool polled = source->url != NULL;
    json_put_text(json, "name", source->name);
    json_put_text(json, "kind", source_kind_name(source->kind));
    json_put_text(json, "municipality", source->municipality ? code : NULL);
    json_put_text(json, "template", source->template ? source->template->name : NULL);
    json_put_text(json, "url", polled && fetch_host(source->url, host, sizeof host) ? host : NULL);
    json_key(json, "interval");
    if (polled)
        json_i64(json, source->interval_ms / 1000);
    else
        json_null(json);
}

// A date or time of our days, or a small number. A source may call anything a watermark: a longer
// number or an earlier date might be a person's.
static bool is_plain_watermark(const char *watermark) {
    struct str text = str_from(watermark);
    int32_t day;
    int64_t ms;
    uint64_t number;
    if (time_parse_date(text, &day))
        return day >= SIGNAL_DAY_MIN;
    if (time_parse_stamp(text, &ms))
        return time_amsterdam_day(ms) >= SIGNAL_DAY_MIN;
    return text.len <= PLAIN_WATERMARK_MAX && str_to_u64(text, UINT64_MAX, &number);
}

static void put_feed(struct json_out *json, const struct feed_view *view) {
    const struct feed_record none = {0}, *record = view->record ? view->record : &none;
    json_open(json, '{');
    put_source(json, view->source);
    json_put_text(json, "state", feed_state_name(view->state));
    control_put_time(json, "lastContact", record->contact_ms);
    control_put_time(json, "lastSignal", record->signal_ms);
    control_put_time(json, "nextPoll", view->next_ms);
    json_put_u64(json, "failures", view->failures);
    put_words(json, "failure", view->failure);
    control_put_time(json, "failedAt", view->failed_ms);
    json_put_bool(json, "doubtful", view->doubtful);
    put_words(json, "cursor", is_plain_watermark(record->cursor) ? record->cursor : "");
    json_put_bool(json, "silent", record->silent);
    json_put_bool(json, "paused", record->paused);
    json_put_u64(json, "polls", view->polls);
    json_put_u64(json, "pages", view->pages);
    json_put_u64(json, "notModified", view->not_modified);
    json_put_u64(json, "items", view->items);
    json_put_u64(json, "new", view->new_count);
    json_put_u64(json, "refused", view->refused);
    json_put_u64(json, "excluded", view->excluded);
    json_put_bool(json, "complete", view->source->complete);
    control_put_time(json, "lastWhole", record->whole_ms);
    json_put_u64(json, "missing", record->missing);
    json_put_u64(json, "gone", record->gone);
    json_put_u64(json, "withdrawn", view->withdrawn);
    json_close(json, '}');
}

struct feed_listing {
    struct json_out *json;
    bool failing, silent; // only these; neither: all
    struct feeds_status status;
    size_t count;
    struct feed_glance list[];
};

static bool list_feed(void *ctx, const struct feed_view *view) {
    struct feed_listing *listing = ctx;
    bool silent = view->record && view->record->silent;
    if ((listing->failing && view->failures > 0) || (listing->silent && silent) ||
        (!listing->failing && !listing->silent))
        put_feed(listing->json, view);
    return true;
}

static void list_feeds(const struct control_ground *ground, void *ctx, struct http_reply *reply) {
    struct json_out json = {.buf = reply_body(reply, 200, "application/json")};
    struct feed_listing *listing = ctx;
    const struct feeds_status *status = &listing->status;
    listing->json = &json;
    json_open(&json, '{');
    json_put_u64(&json, "sources", listing->count);
    json_put_u64(&json, "polled", status->feeds);
    json_put_u64(&json, "failing", status->failing);
    json_put_u64(&json, "silent", status->silent);
    json_put_u64(&json, "paused", status->paused);
    json_open_key(&json, "feeds", '[');
    feeds_each(ground->ledger, listing->list, listing->count, list_feed, listing);
    json_close(&json, ']');
    json_close(&json, '}');
}

void control_feeds(struct control *control, struct http_request *request) {
    size_t count = control->sources->count;
    struct feed_listing *listing = mem_zalloc(1, sizeof *listing + count * sizeof *listing->list);
    listing->failing = str_is(http_query(request, "failing", 0), "1");
    listing->silent = str_is(http_query(request, "silent", 0), "1");
    listing->count = count;
    feeds_get_status(control->options.feeds, &listing->status);
    feeds_glance(control->options.feeds, listing->list);
    control_ask(control, request, list_feeds, listing);
}

static void put_one(void *ctx, const struct feed_view *view) {
    put_feed(ctx, view);
}

void control_feed(struct control *control, struct http_request *request) {
    struct str name = control_param(request, 0);
    struct http_reply reply = {0};
    struct json_out json = {.buf = reply_body(&reply, 200, "application/json")};
    if (name.data && feeds_view(control->options.feeds, name, put_one, &json)) {
        control_send(request, &reply);
        return;
    }
    buf_free(&reply.body);
    control_problem(request, 404, "There is no source of that name.");
}

void control_feed_about(const struct control *control, struct http_request *request,
                        struct buf *object) {
    control_put_source(control, control_param(request, 0), object);
}

static void refuse_asked(struct http_request *request, enum feed_asked asked) {
    static const char *const details[] = {
        [FEED_NO_SUCH_SOURCE] = "There is no source of that name.",
        [FEED_NOT_POLLED] = "This source is not polled: it only posts.",
        [FEED_BUSY] = "This source is being polled now; try again in a moment.",
        [FEED_NOTHING_GONE] = "Nothing is gone from the list of this source and waits.",
    };
    control_problem(request, asked == FEED_NO_SUCH_SOURCE ? 404 : 409, details[asked]);
}

// Asked for, not yet on the disk: 202. Of a source, or of the entry `number` that came from it.
static void send_accepted(struct http_request *request, struct str source, uint64_t number,
                          const char *asked) {
    struct http_reply reply = {0};
    struct json_out json = {.buf = reply_body(&reply, 202, "application/json")};
    json_open(&json, '{');
    json_put_string(&json, number ? "source" : "name", source);
    if (number)
        json_put_u64(&json, "number", number);
    json_put_text(&json, "asked", asked);
    json_close(&json, '}');
    control_send(request, &reply);
}

static void log_asked(const struct http_request *request, const char *asked, struct str source) {
    log_notice("operator asks %s source=%.*s uid=%u", asked, (int)source.len, source.data,
               control_uid(request));
}

// One of the verbs that name a source: `act` does it.
static void ask_feed(struct control *control, struct http_request *request, const char *asked,
                     enum feed_asked (*act)(struct feeds *feeds, struct str source)) {
    struct str source = control_param(request, 0);
    enum feed_asked result =
        source.data ? act(control->options.feeds, source) : FEED_NO_SUCH_SOURCE;
    if (result != FEED_DONE) {
        refuse_asked(request, result);
        return;
    }
    log_asked(request, asked, source);
    send_accepted(request, source, 0, asked);
}

static enum feed_asked pause_feed(struct feeds *feeds, struct str source) {
    return feeds_pause(feeds, source, true);
}

static enum feed_asked resume_feed(struct feeds *feeds, struct str source) {
    return feeds_pause(feeds, source, false);
}

void control_feed_poll(struct control *control, struct http_request *request) {
    ask_feed(control, request, "poll", feeds_poll);
}

void control_feed_pause(struct control *control, struct http_request *request) {
    ask_feed(control, request, "pause", pause_feed);
}

void control_feed_resume(struct control *control, struct http_request *request) {
    ask_feed(control, request, "resume", resume_feed);
}

void control_feed_accept(struct control *control, struct http_request *request) {
    ask_feed(control, request, "accept", feeds_let_go);
}

struct quarantine_reply {
    const struct control_ground *ground;
    struct json_out *json;
};

static bool is_read_by_line(const struct template *t) {
    return t && !t->native && t->mapping.format != MAPPING_JSON;
}

static bool put_quarantined(void *ctx, const struct quarantine_record *entry) {
    const struct quarantine_reply *list = ctx;
    struct json_out *json = list->json;
    const struct source *source = sources_find(list->ground->sources, str_from(entry->source));
    const struct template *t = source ? source->template : NULL;
    json_open(json, '{');
    json_put_u64(json, "number", entry->number);
    json_put_text(json, "source", entry->source);
    put_words(json, "id", entry->id);
    json_put_bool(json, "page", entry->page);
    json_put_u64(json, "index", entry->index);
    json_put_text(json, "by", entry->page || is_read_by_line(t) ? "line" : "item");
    control_put_time(json, "first", entry->first_ms);
    control_put_time(json, "last", entry->last_ms);
    json_put_u64(json, "times", entry->times);
    json_open_key(json, "reasons", '[');
    for (uint8_t i = 0; i < entry->reason_count; i++)
        explain_put_reason(json, t && !t->native ? &t->mapping : NULL, entry->page,
                           &entry->reasons[i]);
    json_close(json, ']');
    json_close(json, '}');
    return true;
}

static void list_quarantine(const struct control_ground *ground, void *ctx,
                            struct http_reply *reply) {
    struct json_out json = {.buf = reply_body(reply, 200, "application/json")};
    const uint64_t *total = ctx;
    json_open(&json, '{');
    json_open_key(&json, "entries", '[');
    ledger_each_quarantined(ground->ledger, put_quarantined,
                            &(struct quarantine_reply){ground, &json});
    json_close(&json, ']');
    json_put_u64(&json, "total", *total);
    json_close(&json, '}');
}

void control_quarantine(struct control *control, struct http_request *request) {
    uint64_t *total = mem_alloc(sizeof *total);
    *total = ledger_quarantined(control->options.ledger);
    control_ask(control, request, list_quarantine, total);
}

struct search {
    uint64_t number;
    bool found;
    struct quarantine_record entry;
};

static bool match_number(void *ctx, const struct quarantine_record *entry) {
    struct search *search = ctx;
    if (entry->number != search->number)
        return true;
    search->entry = *entry;
    search->found = true;
    return false;
}

static bool find_entry(const struct control *control, struct http_request *request,
                       struct search *search) {
    *search = (struct search){0};
    if (str_to_u64(control_param(request, 0), UINT64_MAX, &search->number))
        ledger_each_quarantined(control->options.ledger, match_number, search);
    return search->found;
}

void control_entry_about(const struct control *control, struct http_request *request,
                         struct buf *object) {
    struct search search;
    if (find_entry(control, request, &search))
        buf_printf(object, "source=%s entry=%llu", search.entry.source,
                   (unsigned long long)search.number);
}

static void refuse_entry(struct http_request *request) {
    control_problem(request, 404, "There is no entry of that number in the quarantine.");
}

static void on_dropped(struct commit_task *task) {
    free(task);
}

static void drop_entry(struct control *control, struct http_request *request,
                       const struct search *search, const char *asked) {
    struct str source = str_from(search->entry.source);
    struct quarantine_drop_task *drop = mem_zalloc(1, sizeof *drop);
    drop->task.run = ledger_drop_quarantined;
    drop->task.done = on_dropped;
    drop->number = search->number;
    pipeline_ride(control->options.pipeline, &drop->task);
    log_asked(request, asked, source);
    send_accepted(request, source, search->number, asked);
}

void control_quarantine_drop(struct control *control, struct http_request *request) {
    struct search search;
    if (find_entry(control, request, &search))
        drop_entry(control, request, &search, "drop");
    else
        refuse_entry(request);
}

// The entry goes only when its source is really asked again: what is still bad comes back as a new
// entry.
void control_quarantine_retry(struct control *control, struct http_request *request) {
    struct search search;
    if (!find_entry(control, request, &search)) {
        refuse_entry(request);
        return;
    }
    enum feed_asked asked = feeds_reread(control->options.feeds, str_from(search.entry.source),
                                         str_from(search.entry.cursor));
    if (asked == FEED_DONE)
        drop_entry(control, request, &search, "retry");
    else
        refuse_asked(request, asked);
}
