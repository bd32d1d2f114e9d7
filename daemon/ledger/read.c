// SPDX-License-Identifier: EUPL-1.2
// Reading the ledger on the loop: what is kept in memory as it is, what is on the disk in a
// transaction of its own.
#include "ledger/ledger.h"

#include "base/mem.h"
#include "codec/event_kept.h"
#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

const struct hash_key *ledger_identity_key(const struct ledger *ledger) {
    return &ledger->identity_key;
}

const struct digest *ledger_key_check(const struct ledger *ledger) {
    return &ledger->key_check;
}

const struct person_keys *ledger_person_keys(const struct ledger *ledger) {
    return &ledger->person_keys;
}

const struct persons *ledger_persons(const struct ledger *ledger) {
    return ledger->persons;
}

const struct counts *ledger_counts(const struct ledger *ledger) {
    return ledger->counts;
}

const struct totals *ledger_totals(const struct ledger *ledger) {
    return &ledger->totals;
}

uint64_t ledger_first_seq(const struct ledger *ledger) {
    return ledger->first_seq;
}

uint64_t ledger_last_seq(const struct ledger *ledger) {
    return ledger->last_seq;
}

uint64_t ledger_waits_for(const struct ledger *ledger, enum ledger_topic topic) {
    static uint64_t (*const counts[LEDGER_TOPICS])(const struct ledger *ledger) = {
        ledger_unpublished, ledger_statistics_unpublished, ledger_current_unpublished};
    return counts[topic](ledger);
}

uint64_t ledger_unpublished(const struct ledger *ledger) {
    return ledger->waiting;
}

int64_t ledger_last_commit_ms(const struct ledger *ledger) {
    return ledger->last_commit_ms;
}

const char *ledger_id(const struct ledger *ledger) {
    return ledger->id;
}

bool ledger_copy(struct ledger *ledger, const struct store_copy_order *order,
                 struct store_copied *copy, struct err *err) {
    return store_copy(ledger->store, order, copy, err);
}

void ledger_usage(const struct ledger *ledger, struct store_usage *usage) {
    store_get_usage(ledger->store, usage);
}

uint64_t ledger_unmapped(const struct ledger *ledger) {
    return ledger->words;
}

bool ledger_publishes(const struct ledger *ledger, bool configured) {
    return configured || ledger->topics[LEDGER_EVENTS].partitions > 0;
}

// As large as lines are on average.
uint64_t ledger_backlog_bytes(const struct ledger *ledger) {
    uint64_t lines = ledger->last_seq + 1 - ledger->first_seq;
    return lines ? store_table_bytes(ledger->store, STORE_LEDGER) / lines * ledger->waiting : 0;
}

uint64_t ledger_audit_bytes(const struct ledger *ledger) {
    return store_table_bytes(ledger->store, STORE_AUDIT);
}

uint64_t ledger_quarantined(const struct ledger *ledger) {
    return ledger->quarantined;
}

struct quarantine_list {
    const struct hash_key *key;
    struct quarantine_record *list;
    size_t count, cap;
};

static bool collect_entry(void *ctx, struct str key, struct str value) {
    struct quarantine_list *entries = ctx;
    (void)key;
    entries->list = mem_grow(entries->list, entries->count, &entries->cap, sizeof *entries->list);
    return record_get_quarantine(value, &entries->list[entries->count++], entries->key);
}

static int by_number(const void *a, const void *b) {
    const struct quarantine_record *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

// The table is in order of its keys, which are digests.
void ledger_each_quarantined(struct ledger *ledger,
                             bool (*fn)(void *ctx, const struct quarantine_record *entry),
                             void *ctx) {
    struct store_txn txn;
    struct quarantine_list entries = {.key = &ledger->identity_key};
    store_begin_read(ledger->store, &txn);
    store_each(&txn, STORE_QUARANTINE, collect_entry, &entries);
    store_abort(&txn);
    if (entries.count)
        qsort(entries.list, entries.count, sizeof *entries.list, by_number);
    for (size_t i = 0; i < entries.count && fn(ctx, &entries.list[i]); i++)
        ;
    free(entries.list);
}

bool ledger_feed(struct ledger *ledger, struct str source, struct feed_record *feed) {
    struct store_txn txn;
    struct str value;
    store_begin_read(ledger->store, &txn);
    bool found = store_get(&txn, STORE_FEEDS, source, &value) &&
                 record_get_feed(value, feed, &ledger->identity_key);
    store_abort(&txn);
    return found;
}

static bool read_line(struct store_txn *txn, uint64_t seq, struct str record,
                      struct ledger_event *line) {
    struct str place;
    if (!record_get_ledger(record, seq, &line->entry, &line->kept))
        return false;
    line->published = store_get_seq(txn, STORE_PUBLISHED, seq, &place) &&
                      record_get_published(place, &line->partition, &line->offset);
    return true;
}

bool ledger_make_event(struct ledger_event *line, struct buf *value) {
    buf_clear(value);
    bool made = event_unkeep(value, &line->entry, line->kept);
    line->event = buf_str(value);
    return made;
}

bool ledger_read_event(struct store_txn *txn, uint64_t seq, struct ledger_event *event) {
    struct str record;
    return store_get_seq(txn, STORE_LEDGER, seq, &record) && read_line(txn, seq, record, event);
}

struct event_walk {
    struct store_txn txn;
    uint64_t left;
    bool (*fn)(void *ctx, const struct ledger_event *line);
    void *ctx;
    struct buf value;
};

static bool on_walk_ledger(void *ctx, uint64_t seq, struct str record) {
    struct event_walk *walk = ctx;
    struct ledger_event line;
    if (walk->left == 0 || !read_line(&walk->txn, seq, record, &line))
        return false;
    if (line.entry.kind == LEDGER_LOST)
        return true;
    walk->left--;
    return ledger_make_event(&line, &walk->value) && walk->fn(walk->ctx, &line);
}

void ledger_each_event(struct ledger *ledger, uint64_t from, uint64_t max,
                       bool (*fn)(void *ctx, const struct ledger_event *line), void *ctx) {
    struct event_walk walk = {.left = max, .fn = fn, .ctx = ctx};
    buf_init(&walk.value, EVENT_VALUE_MAX);
    store_begin_read(ledger->store, &walk.txn);
    store_each_seq(&walk.txn, STORE_LEDGER, from, on_walk_ledger, &walk);
    store_abort(&walk.txn);
    buf_free(&walk.value);
}

bool ledger_event_at(struct ledger *ledger, uint64_t seq,
                     void (*fn)(void *ctx, const struct ledger_event *line), void *ctx) {
    struct store_txn txn;
    struct ledger_event line;
    struct buf value;
    buf_init(&value, EVENT_VALUE_MAX);
    store_begin_read(ledger->store, &txn);
    bool found = ledger_read_event(&txn, seq, &line) && line.entry.kind != LEDGER_LOST &&
                 ledger_make_event(&line, &value);
    if (found)
        fn(ctx, &line);
    store_abort(&txn);
    buf_free(&value);
    return found;
}

struct line_walk {
    struct ledger_entry entry; // the last one seen
    void (*fn)(void *ctx, const struct ledger_entry *entry);
    void *ctx;
    bool found;
};

// A lost line has no time.
static bool find_timed(void *ctx, uint64_t seq, struct str record) {
    struct line_walk *walk = ctx;
    struct str kept;
    walk->found =
        record_get_ledger(record, seq, &walk->entry, &kept) && walk->entry.kind != LEDGER_LOST;
    return !walk->found;
}

static bool on_line(void *ctx, uint64_t seq, struct str record) {
    struct line_walk *walk = ctx;
    struct str kept;
    if (!record_get_ledger(record, seq, &walk->entry, &kept))
        return false;
    if (walk->entry.kind == LEDGER_SIGNAL)
        walk->fn(walk->ctx, &walk->entry);
    return true;
}

// Lines are written in the order of time.
static uint64_t first_since(struct store_txn *txn, int64_t since_ms) {
    uint64_t low = 1, high = store_last_seq(txn, STORE_LEDGER) + 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct line_walk walk = {.found = false};
        store_each_seq(txn, STORE_LEDGER, middle, find_timed, &walk);
        if (walk.found && walk.entry.logged_ms < since_ms)
            low = walk.entry.seq + 1;
        else
            high = middle;
    }
    return low;
}

void ledger_each_line(struct ledger *ledger, int64_t since_ms,
                      void (*fn)(void *ctx, const struct ledger_entry *entry), void *ctx) {
    struct store_txn txn;
    struct line_walk walk = {.fn = fn, .ctx = ctx};
    store_begin_read(ledger->store, &txn);
    store_each_seq(&txn, STORE_LEDGER, first_since(&txn, since_ms), on_line, &walk);
    store_abort(&txn);
}

size_t ledger_coverage_sources(struct ledger *ledger, const struct sources *sources,
                               struct coverage_source *list) {
    size_t count = 0;
    for (size_t i = 0; i < sources->count; i++) {
        const struct source *source = &sources->list[i];
        struct feed_record record = {0};
        if (source->kind != SOURCE_MUNICIPALITY || !source->municipality)
            continue;
        (void)ledger_feed(ledger, str_from(source->name), &record);
        list[count++] = (struct coverage_source){.name = source->name,
                                                 .municipality = source->municipality,
                                                 .official = source->official,
                                                 .policy = source->policy,
                                                 .by_hand = !source->token_count && !source->url,
                                                 .signal_ms = record.signal_ms};
    }
    return count;
}
