// SPDX-License-Identifier: EUPL-1.2
// What a commit keeps beside signals: what is known of each source (how far its polling has come,
// when it last brought something, whether it is silent), and what could not be taken, with the
// reason and never the content.
#include "ledger/ledger.h"

#include "codec/event_kept.h"
#include "core/cube/period.h"
#include "ledger_private.h"

#include <stdio.h>
#include <string.h>

enum {
    DAY_MS = 86400000,
    CONTACT_STEP_MS =
        60000, // a contact alone is written once a minute: it is worth no sync of its own
};

void ledger_flush_source(struct ledger_writer *writer) {
    if (!writer->feed_changed)
        return;
    buf_clear(&writer->change->record);
    record_put_feed(&writer->change->record, &writer->feed, &writer->ledger->identity_key);
    store_put(&writer->txn, STORE_FEEDS, str_from(writer->source),
              buf_str(&writer->change->record));
    writer->feed_changed = false;
    writer->writes = true;
}

void ledger_take_source(struct ledger_writer *writer, const char *name) {
    struct str value;
    if (strcmp(writer->source, name) == 0)
        return;
    ledger_flush_source(writer);
    (void)snprintf(writer->source, sizeof writer->source, "%s", name);
    if (!store_get(&writer->txn, STORE_FEEDS, str_from(name), &value) ||
        !record_get_feed(value, &writer->feed, &writer->ledger->identity_key)) {
        writer->feed = (struct feed_record){.first_ms = writer->logged_ms};
        writer->feed_changed = true;
    }
}

// What makes a line about a source.
struct occasion {
    const struct source *source;
    const struct tables *tables;
    bool polled;
    int64_t received_ms;
};

static void write_source_line(struct ledger_writer *writer, const struct occasion *occasion,
                              enum ledger_kind kind) {
    const struct source *source = occasion->source;
    const struct municipality *m =
        municipalities_by_code(occasion->tables->municipalities, source->municipality);
    int64_t last = writer->feed.signal_ms;
    int64_t since = last ? last : writer->feed.first_ms;
    struct str name = str_from(source->name);
    struct ledger_entry entry = {.kind = kind,
                                 .seq = writer->change->last_seq + 1,
                                 .first = writer->change->last_seq + 1,
                                 .verdict = VERDICT_REGISTERED,
                                 .received_ms = occasion->received_ms,
                                 .logged_ms = writer->logged_ms,
                                 .cell = {.municipality = m ? m->code : MUNICIPALITY_UNKNOWN,
                                          .source_kind = (uint8_t)source->kind},
                                 .reported = TIME_DAY_NONE,
                                 .occurred = TIME_DAY_NONE,
                                 .municipality_today = m ? m->code : MUNICIPALITY_UNKNOWN,
                                 .key_municipality = m ? m->code : MUNICIPALITY_UNKNOWN,
                                 .polled = occasion->polled,
                                 .source_len = (uint8_t)name.len};
    memcpy(entry.source, name.data, name.len);
    hash_digest(&writer->ledger->identity_key, "source", &name, 1, &entry.identity);
    struct buf value;
    buf_init(&value, EVENT_VALUE_MAX);
    event_put_source_value(&value, occasion->tables->municipalities, &entry, last,
                           (occasion->received_ms - since) / DAY_MS);
    buf_clear(&writer->change->value);
    event_keep_value(&writer->change->value, buf_str(&value));
    buf_free(&value);
    ledger_write_entry(writer, &entry);
}

static struct occasion occasion_of(const struct delivery *delivery) {
    return (struct occasion){delivery->source, delivery->tables, delivery->polled,
                             delivery->received_ms};
}

void ledger_tell_silence(struct ledger_writer *writer, struct commit_task *task) {
    struct delivery *delivery = (struct delivery *)task;
    ledger_take_source(writer, delivery->source->name);
    if (!writer->feed.silent) {
        writer->feed.silent = true;
        writer->feed_changed = true;
        const struct occasion occasion = occasion_of(delivery);
        write_source_line(writer, &occasion, LEDGER_SOURCE_SILENT);
    }
}

static void note_news(struct ledger_writer *writer, const struct occasion *occasion) {
    if (writer->feed.silent)
        write_source_line(writer, occasion, LEDGER_SOURCE_RESUMED);
    writer->feed.silent = false;
    writer->feed.signal_ms = occasion->received_ms;
    writer->feed_changed = true;
}

void ledger_note_news(struct ledger_writer *writer, const struct source *source,
                      const struct tables *tables, const struct ledger_entry *entry) {
    const struct occasion occasion = {source, tables, entry->polled, entry->received_ms};
    ledger_take_source(writer, source->name);
    note_news(writer, &occasion);
}

void ledger_untell_source(struct ledger_writer *writer, const struct ledger_entry *entry) {
    ledger_take_source(writer, entry->source);
    writer->feed.silent = entry->kind == LEDGER_SOURCE_RESUMED;
    writer->feed_changed = true;
}

// The feed's own part of what is known of its source.
static void take_feed(struct feed_record *known, const struct feed_record *feed, bool moves) {
    known->place = feed->place;
    if (moves)
        memcpy(known->cursor, feed->cursor, sizeof known->cursor);
    known->listed = known->listed && feed->listed;
    if (!feed->listed) {
        known->whole_ms = 0;
        known->missing = known->gone = known->gone_allowed = 0;
    }
    memcpy(known->etag, feed->etag, sizeof known->etag);
    memcpy(known->last_modified, feed->last_modified, sizeof known->last_modified);
}

static void add_refused(struct feed_record *feed, uint16_t month, uint32_t count) {
    size_t gap = month > feed->refused_month ? (size_t)(month - feed->refused_month) : 0;
    if (gap > RECORD_REFUSED_MONTHS)
        gap = RECORD_REFUSED_MONTHS;
    memmove(feed->refused + gap, feed->refused,
            (RECORD_REFUSED_MONTHS - gap) * sizeof *feed->refused);
    memset(feed->refused, 0, gap * sizeof *feed->refused);
    if (gap)
        feed->refused_month = month;
    feed->refused[0] += count;
}

// What was posted and refused, for the source's own page; a poll's is in the quarantine. While the
// disk fails nobody waits for it.
static void note_refused(struct ledger_writer *writer, const struct delivery *delivery) {
    const struct page *content = &delivery->content;
    uint32_t count = content->decoded.failed;
    for (size_t i = 0; i < content->item_count; i++)
        count += content->items[i].verdict == VERDICT_REFUSED;
    if (count == 0 || delivery->polled || writer->change->failing)
        return;
    add_refused(&writer->feed, period_month_of_day(time_amsterdam_day(delivery->received_ms)),
                count);
    writer->feed_changed = true;
}

void ledger_commit_source(struct ledger_writer *writer, struct delivery *delivery, bool news) {
    ledger_take_source(writer, delivery->source->name);
    note_refused(writer, delivery);
    if (delivery->content.decoded.failed)
        return;
    if (delivery->counts) {
        const struct occasion occasion = occasion_of(delivery);
        note_news(writer, &occasion);
    }
    struct delivery_poll *poll = delivery->poll;
    if (poll) {
        take_feed(&writer->feed, &poll->feed, !(poll->cursor_tentative && news));
        writer->feed_changed = true;
    }
    if (poll && poll->file)
        ledger_note_file(writer, delivery->source->name, poll->file);
    // Before its answer leaves: a request that was taken is not taken once more after a restart.
    if (delivery->signed_s > writer->feed.signed_s) {
        writer->feed.signed_s = delivery->signed_s;
        writer->feed_changed = true;
    }
    // Nor does a duplicate wait for a disk that fails.
    if (!writer->change->failing &&
        delivery->received_ms - writer->feed.contact_ms >= CONTACT_STEP_MS)
        writer->feed_changed = true;
    if (writer->feed_changed)
        writer->feed.contact_ms = delivery->received_ms;
    if (poll)
        poll->feed = writer->feed;
}

struct tally {
    const struct hash_key *key;
    const char *source;
    size_t count;
};

static bool on_tally(void *ctx, struct str key, struct str value) {
    struct tally *tally = ctx;
    struct quarantine_record entry;
    (void)key;
    tally->count += record_get_quarantine(value, &entry, tally->key) &&
                    strcmp(entry.source, tally->source) == 0;
    return true;
}

// One source's bad items must not take the room of all others'.
static bool has_room(struct ledger_writer *writer, struct delivery_poll *poll, const char *source) {
    if (writer->change->quarantined >= LEDGER_QUARANTINE_MAX)
        return false;
    if (!poll->quarantine_counted) {
        struct tally tally = {.key = &writer->ledger->identity_key, .source = source};
        store_each(&writer->txn, STORE_QUARANTINE, on_tally, &tally);
        poll->in_quarantine = tally.count;
        poll->quarantine_counted = true;
    }
    return poll->in_quarantine < LEDGER_QUARANTINE_SOURCE_MAX;
}

static void put_entry(struct ledger_writer *writer, struct delivery_poll *poll,
                      const struct digest *key, struct quarantine_record *entry) {
    struct ledger_change *change = writer->change;
    struct str place = {(const char *)key->bytes, DIGEST_BYTES}, old;
    struct quarantine_record known;
    if (store_get(&writer->txn, STORE_QUARANTINE, place, &old) &&
        record_get_quarantine(old, &known, &writer->ledger->identity_key)) {
        entry->number = known.number;
        entry->first_ms = known.first_ms;
        entry->times = known.times + 1;
    } else if (has_room(writer, poll, entry->source)) {
        entry->number = ++change->quarantine_last;
        change->quarantined++;
        poll->in_quarantine++;
    } else {
        change->totals.not_quarantined++;
        return;
    }
    buf_clear(&change->record);
    record_put_quarantine(&change->record, entry, &writer->ledger->identity_key);
    store_put(&writer->txn, STORE_QUARANTINE, place, buf_str(&change->record));
    writer->writes = true;
}

static struct quarantine_record new_entry(const struct ledger_writer *writer,
                                          const struct delivery *delivery) {
    struct quarantine_record entry = {
        .first_ms = writer->logged_ms, .last_ms = writer->logged_ms, .times = 1};
    (void)snprintf(entry.source, sizeof entry.source, "%s", delivery->source->name);
    (void)snprintf(entry.cursor, sizeof entry.cursor, "%s",
                   delivery->poll ? delivery->poll->begin : "");
    return entry;
}

static void refuse_page(struct ledger_writer *writer, const struct delivery *delivery) {
    struct quarantine_record entry = new_entry(writer, delivery);
    struct digest key;
    const struct str parts[] = {str_from(delivery->source->name),
                                str_from(fault_code_name(delivery->content.decoded.fault))};
    hash_digest(&writer->ledger->identity_key, "quarantine page", parts, 2, &key);
    entry.page = true;
    entry.index = delivery->content.decoded.line;
    entry.reason_count = 1;
    entry.reasons[0].code = delivery->content.decoded.fault;
    (void)snprintf(entry.reasons[0].pointer, sizeof entry.reasons[0].pointer, "%s",
                   delivery->content.decoded.place);
    put_entry(writer, delivery->poll, &key, &entry);
}

void ledger_commit_refused(struct ledger_writer *writer, struct delivery *delivery, size_t from) {
    if (delivery->content.decoded.failed) {
        refuse_page(writer, delivery);
        return;
    }
    for (size_t i = from; i < delivery->taken; i++) {
        const struct page_item *item = &delivery->content.items[i];
        if (item->refused == UINT32_MAX)
            continue;
        struct quarantine_record entry = new_entry(writer, delivery);
        const struct page_refused *refused = &delivery->content.refused[item->refused];
        const struct fault *first = &delivery->content.faults[item->fault_first];
        entry.index = delivery->content.by_line ? first->line : first->index;
        (void)snprintf(entry.id, sizeof entry.id, "%s", refused->id);
        for (uint32_t k = 0; k < item->fault_count && k < RECORD_REASONS_MAX; k++) {
            const struct fault *fault = &delivery->content.faults[item->fault_first + k];
            struct quarantine_reason *reason = &entry.reasons[entry.reason_count++];
            reason->code = fault->code;
            memcpy(reason->pointer, fault->pointer, sizeof reason->pointer);
        }
        put_entry(writer, delivery->poll, &refused->key, &entry);
    }
}

struct quarantine_search {
    const struct hash_key *hash_key;
    uint64_t number;
    struct digest key;
    bool found;
};

static bool on_entry(void *ctx, struct str key, struct str value) {
    struct quarantine_search *search = ctx;
    struct quarantine_record entry;
    search->found = record_get_quarantine(value, &entry, search->hash_key) &&
                    entry.number == search->number && key.len == DIGEST_BYTES;
    if (search->found)
        memcpy(search->key.bytes, key.data, DIGEST_BYTES);
    return !search->found;
}

void ledger_drop_quarantined(struct ledger_writer *writer, struct commit_task *task) {
    struct quarantine_search search = {.hash_key = &writer->ledger->identity_key,
                                       .number = ((struct quarantine_drop_task *)task)->number};
    store_each(&writer->txn, STORE_QUARANTINE, on_entry, &search);
    if (!search.found)
        return;
    store_delete(&writer->txn, STORE_QUARANTINE,
                 (struct str){(const char *)search.key.bytes, DIGEST_BYTES});
    writer->change->quarantined--;
    writer->writes = true;
}

void ledger_change_source(struct ledger_writer *writer, struct commit_task *task) {
    const struct source_task *asked = (struct source_task *)task;
    ledger_take_source(writer, asked->source);
    if (asked->what == SOURCE_KNOWN)
        return;
    if (asked->what == SOURCE_LET_GO) {
        writer->feed.gone_allowed = writer->feed.gone;
    } else if (asked->what == SOURCE_SET_CURSOR) {
        memcpy(writer->feed.cursor, asked->cursor, sizeof writer->feed.cursor);
        ledger_forget_files(writer, asked->source, asked->cursor);
        writer->feed.etag[0] = writer->feed.last_modified[0] = '\0';
    } else {
        writer->feed.paused = asked->what == SOURCE_PAUSE;
    }
    writer->feed_changed = true;
}
