// SPDX-License-Identifier: EUPL-1.2
// Opening the ledger and reading in them. Writing is in ledger_commit.c.
#include "ledger/ledger.h"

#include "base/mem.h"
#include "codec/event.h"
#include "ledger_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct str ledger_statistics_topic_key = {"statistics-topic", sizeof "statistics-topic" - 1};

struct str ledger_partitions_key(const struct ledger_topic_place *place, char *out) {
    int n = snprintf(out, LEDGER_KEY_MAX, "topic/%s/partitions", place->name);
    return (struct str){out, (size_t)n};
}

struct str ledger_offset_key(const struct ledger_topic_place *place, int32_t partition, char *out) {
    int n = snprintf(out, LEDGER_KEY_MAX, "topic/%s/offset/%d", place->name, partition);
    return (struct str){out, (size_t)n};
}

void ledger_set_offset(struct ledger_topic_place *place, int32_t partition, int64_t offset) {
    if (partition >= place->offset_count) {
        place->offsets = mem_resize(place->offsets, (size_t)partition + 1, sizeof *place->offsets);
        for (int32_t p = place->offset_count; p <= partition; p++)
            place->offsets[p] = -1;
        place->offset_count = partition + 1;
    }
    place->offsets[partition] = offset;
}

static bool damaged(struct err *err, const char *what, uint64_t seq) {
    return err_set(err, ERR_FATAL, "the ledger is damaged: %s at %llu", what,
                   (unsigned long long)seq);
}

struct loading {
    struct ledger *ledger;
    struct err *err;
    bool ok;
};

static bool on_ledger_row(void *ctx, uint64_t seq, struct str record) {
    struct loading *loading = ctx;
    struct ledger_entry row;
    struct str event;
    if (loading->ledger->first_seq == 0)
        loading->ledger->first_seq = seq;
    else if (seq != loading->ledger->last_seq + 1)
        loading->ok = damaged(loading->err, "a line is missing", seq);
    if (!loading->ok)
        return false;
    if (!record_get_ledger(record, seq, &row, &event))
        loading->ok = damaged(loading->err, "unreadable line", seq);
    else if (row.kind == LEDGER_SIGNAL)
        index_put(loading->ledger->index, &row.identity, seq);
    loading->ledger->last_seq = seq;
    return loading->ok;
}

static bool on_count(void *ctx, struct str key, struct str value) {
    struct loading *loading = ctx;
    struct cell cell;
    int64_t number;
    if (!record_get_cell(key, &cell) || value.len != sizeof number) {
        loading->ok = err_set(loading->err, ERR_FATAL, "the counts are damaged");
        return false;
    }
    memcpy(&number, value.data, sizeof number);
    counts_add(loading->ledger->counts, &cell, number);
    return true;
}

static bool on_quarantined(void *ctx, struct str key, struct str value) {
    struct loading *loading = ctx;
    struct quarantine_record entry;
    (void)key;
    if (!record_get_quarantine(value, &entry, &loading->ledger->identity_key)) {
        loading->ok = err_set(loading->err, ERR_FATAL, "the quarantine is damaged");
        return false;
    }
    loading->ledger->quarantined++;
    return true;
}

static void load_topic(struct ledger_topic_place *place, struct store_txn *txn) {
    char name[LEDGER_KEY_MAX];
    struct str value;
    if (!place->name || !store_get(txn, STORE_META, ledger_partitions_key(place, name), &value) ||
        value.len != sizeof place->partitions)
        return;
    memcpy(&place->partitions, value.data, sizeof place->partitions);
    for (int32_t p = 0; p < place->partitions; p++) {
        int64_t offset;
        if (store_get(txn, STORE_META, ledger_offset_key(place, p, name), &value) &&
            value.len == sizeof offset) {
            memcpy(&offset, value.data, sizeof offset);
            ledger_set_offset(place, p, offset);
        }
    }
}

// A topic of statistics that another one stood in for meanwhile lacks what went there: it is new.
static void load_topics(struct ledger *ledger, struct store_txn *txn) {
    struct ledger_topic_place *statistics = &ledger->topics[LEDGER_STATISTICS];
    struct str name;
    load_topic(&ledger->topics[LEDGER_EVENTS], txn);
    if (statistics->name && store_get(txn, STORE_META, ledger_statistics_topic_key, &name) &&
        str_is(name, statistics->name))
        load_topic(statistics, txn);
}

// A number of 8 bytes under a word; 0 when it is not there.
static uint64_t load_number(struct store_txn *txn, const char *name) {
    struct str value;
    uint64_t number = 0;
    if (store_get(txn, STORE_META, str_from(name), &value) && value.len == sizeof number)
        memcpy(&number, value.data, sizeof number);
    return number;
}

static bool load_name(struct ledger *ledger, struct err *err) {
    struct store_txn txn;
    struct str value;
    store_begin_read(ledger->store, &txn);
    if (store_get(&txn, STORE_META, STR("ledger_id"), &value) && value.len == DIGEST_HEX)
        memcpy(ledger->id, value.data, DIGEST_HEX);
    if (store_get(&txn, STORE_META, STR("key-check"), &value) && value.len == DIGEST_BYTES)
        memcpy(ledger->key_check.bytes, value.data, DIGEST_BYTES);
    store_abort(&txn);
    if (txn.err.kind != ERR_NONE)
        *err = txn.err;
    return txn.err.kind == ERR_NONE;
}

// All lines may have expired: the numbers go on all the same.
static void load_sequence(struct ledger *ledger, struct store_txn *txn) {
    uint64_t last = load_number(txn, "last-seq");
    if (ledger->last_seq < last)
        ledger->last_seq = last;
    if (ledger->first_seq == 0)
        ledger->first_seq = ledger->last_seq + 1;
}

static bool load(struct ledger *ledger, struct err *err) {
    struct store_txn txn;
    struct str value;
    struct loading loading = {ledger, err, true};
    store_begin_read(ledger->store, &txn);
    store_each_seq(&txn, STORE_LEDGER, 1, on_ledger_row, &loading);
    load_sequence(ledger, &txn);
    if (loading.ok)
        store_each(&txn, STORE_COUNTS, on_count, &loading);
    if (loading.ok)
        store_each(&txn, STORE_QUARANTINE, on_quarantined, &loading);
    if (loading.ok && store_get(&txn, STORE_META, STR("totals"), &value) &&
        !record_get_totals(value, &ledger->totals))
        loading.ok = err_set(err, ERR_FATAL, "the totals are damaged");
    ledger->waiting = store_entries(&txn, STORE_OUTBOX);
    ledger->words = store_entries(&txn, STORE_UNMAPPED);
    ledger->person_last = load_number(&txn, "person-last");
    ledger->quarantine_last = load_number(&txn, "quarantine-last");
    load_topics(ledger, &txn);
    ledger_load_chain(ledger, &txn);
    ledger_load_erase_waiting(ledger, &txn);
    loading.ok = loading.ok && ledger_load_members(ledger, &txn, err) &&
                 ledger_load_statistics(ledger, &txn, err);
    store_abort(&txn);
    if (loading.ok && txn.err.kind != ERR_NONE) {
        *err = txn.err;
        return false;
    }
    return loading.ok;
}

// A new ledger gets a random name, by which its events are told apart in a topic that others write
// to as well, and a digest that tells whether a later start brings the same key.
static bool name_ledger(struct ledger *ledger, struct err *err) {
    struct digest random, check;
    struct store_txn txn;
    hash_digest(&ledger->identity_key, "key-check", NULL, 0, &check);
    if (ledger->id[0])
        return digest_equal(&check, &ledger->key_check) ||
               err_set(err, ERR_CONFIG,
                       "the identity key is not the one this ledger was written with: with "
                       "it every known signal would be new");
    ledger->key_check = check;
    hash_random(random.bytes, sizeof random.bytes);
    digest_to_hex(&random, ledger->id);
    store_begin(ledger->store, &txn);
    store_put(&txn, STORE_META, STR("ledger_id"), str_from(ledger->id));
    ledger_begin_chain(ledger, &txn);
    store_put(&txn, STORE_META, STR("key-check"),
              (struct str){(const char *)check.bytes, DIGEST_BYTES});
    return store_commit(&txn, err);
}

// A key in a file of the operator's, or in one of ours in the state directory, which only a new
// ledger may make: one without the key it was written with would take every old signal for new.
static bool load_key(const struct ledger *ledger, const struct ledger_options *options,
                     const char *file, const char *own_name, struct hash_key *key,
                     struct err *err) {
    if (file)
        return hash_key_load(file, false, key, err);
    struct buf path;
    buf_init(&path, 4096);
    buf_printf(&path, "%s/%s", options->dir, own_name);
    char *name = buf_take(&path);
    bool ok = hash_key_load(name, ledger->id[0] == '\0', key, err);
    free(name);
    return ok;
}

static bool load_keys(struct ledger *ledger, const struct ledger_options *options,
                      struct err *err) {
    struct person_keys *persons = &ledger->person_keys;
    if (!load_key(ledger, options, options->identity_key_file, "identity.key",
                  &ledger->identity_key, err) ||
        !load_key(ledger, options, options->person_key_file, "person.key", &persons->list[0].key,
                  err))
        return false;
    persons->count = 1;
    if (options->person_previous_key_file) {
        if (!hash_key_load(options->person_previous_key_file, false, &persons->list[1].key, err))
            return false;
        persons->count = 2;
    }
    for (size_t i = 0; i < persons->count; i++)
        person_key_name(&persons->list[i]);
    return true;
}

struct ledger *ledger_open(const struct ledger_options *options, struct err *err) {
    struct ledger *ledger = mem_zalloc(1, sizeof *ledger);
    ledger->topics[LEDGER_EVENTS].name = mem_strdup(options->topic);
    if (options->counts_topic)
        ledger->topics[LEDGER_STATISTICS].name = mem_strdup(options->counts_topic);
    ledger->window_ms = options->window_ms;
    ledger->index = index_create();
    ledger->counts = counts_create();
    ledger->persons = persons_create();
    ledger->store = store_open(options->dir, options->bytes_max, err);
    if (!ledger->store || !load_name(ledger, err) || !load_keys(ledger, options, err) ||
        !name_ledger(ledger, err) || !load(ledger, err)) {
        ledger_close(ledger);
        return NULL;
    }
    return ledger;
}

void ledger_close(struct ledger *ledger) {
    if (!ledger)
        return;
    store_close(ledger->store);
    index_free(ledger->index);
    counts_free(ledger->counts);
    persons_free(ledger->persons);
    free(ledger->erase_waiting);
    for (int i = 0; i < LEDGER_TOPICS; i++) {
        free(ledger->topics[i].offsets);
        free(ledger->topics[i].name);
    }
    hash_wipe(&ledger->identity_key, sizeof ledger->identity_key);
    hash_wipe(&ledger->person_keys, sizeof ledger->person_keys);
    free(ledger);
}

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

uint64_t ledger_unpublished(const struct ledger *ledger) {
    return ledger->waiting;
}

int64_t ledger_last_commit_ms(const struct ledger *ledger) {
    return ledger->last_commit_ms;
}

const char *ledger_id(const struct ledger *ledger) {
    return ledger->id;
}

int64_t ledger_known_offset(const struct ledger *ledger, enum ledger_topic topic,
                            int32_t partition) {
    const struct ledger_topic_place *place = &ledger->topics[topic];
    return partition < place->offset_count ? place->offsets[partition] : -1;
}

int32_t ledger_partitions(const struct ledger *ledger, enum ledger_topic topic) {
    return ledger->topics[topic].partitions;
}

void ledger_usage(const struct ledger *ledger, struct store_usage *usage) {
    store_usage(ledger->store, usage);
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

struct feed_walk {
    const struct hash_key *key;
    bool (*fn)(void *ctx, struct str source, const struct feed_record *feed);
    void *ctx;
};

static bool on_feed(void *ctx, struct str key, struct str value) {
    const struct feed_walk *walk = ctx;
    struct feed_record feed;
    return record_get_feed(value, &feed, walk->key) && walk->fn(walk->ctx, key, &feed);
}

void ledger_each_feed(struct ledger *ledger,
                      bool (*fn)(void *ctx, struct str source, const struct feed_record *feed),
                      void *ctx) {
    struct store_txn txn;
    struct feed_walk walk = {&ledger->identity_key, fn, ctx};
    store_begin_read(ledger->store, &txn);
    store_each(&txn, STORE_FEEDS, on_feed, &walk);
    store_abort(&txn);
}

struct entries {
    const struct hash_key *key;
    struct quarantine_record *list;
    size_t count, cap;
};

static bool collect_entry(void *ctx, struct str key, struct str value) {
    struct entries *entries = ctx;
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
    struct entries entries = {.key = &ledger->identity_key};
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

uint64_t ledger_find(const struct ledger *ledger, const struct digest *identity) {
    return index_get(ledger->index, identity);
}

static bool read_line(struct store_txn *txn, uint64_t seq, struct str record,
                      struct ledger_event *line) {
    struct str place;
    if (!record_get_ledger(record, seq, &line->row, &line->event))
        return false;
    line->published = store_get_seq(txn, STORE_PUBLISHED, seq, &place) &&
                      record_get_published(place, &line->partition, &line->offset);
    return true;
}

bool ledger_read_event(struct store_txn *txn, uint64_t seq, struct ledger_event *event) {
    struct str record;
    return store_get_seq(txn, STORE_LEDGER, seq, &record) && read_line(txn, seq, record, event);
}

struct walk {
    struct store_txn txn;
    uint64_t left;
    bool (*fn)(void *ctx, const struct ledger_event *line);
    void *ctx;
};

static bool on_walk_ledger(void *ctx, uint64_t seq, struct str record) {
    struct walk *walk = ctx;
    struct ledger_event line;
    if (walk->left == 0 || !read_line(&walk->txn, seq, record, &line))
        return false;
    if (line.row.kind == LEDGER_LOST)
        return true;
    walk->left--;
    return walk->fn(walk->ctx, &line);
}

void ledger_each_event(struct ledger *ledger, uint64_t from, uint64_t max,
                       bool (*fn)(void *ctx, const struct ledger_event *line), void *ctx) {
    struct walk walk = {.left = max, .fn = fn, .ctx = ctx};
    store_begin_read(ledger->store, &walk.txn);
    store_each_seq(&walk.txn, STORE_LEDGER, from, on_walk_ledger, &walk);
    store_abort(&walk.txn);
}

struct one_line {
    uint64_t seq;
    bool found;
    void (*fn)(void *ctx, const struct ledger_event *line);
    void *ctx;
};

static bool on_one_line(void *ctx, const struct ledger_event *line) {
    struct one_line *one = ctx;
    one->found = line->row.seq == one->seq;
    if (one->found)
        one->fn(one->ctx, line);
    return false;
}

bool ledger_event_at(struct ledger *ledger, uint64_t seq,
                     void (*fn)(void *ctx, const struct ledger_event *line), void *ctx) {
    struct one_line one = {.seq = seq, .fn = fn, .ctx = ctx};
    ledger_each_event(ledger, seq, 1, on_one_line, &one);
    return one.found;
}
