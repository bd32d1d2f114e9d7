// SPDX-License-Identifier: EUPL-1.2
// Opening the books and reading in them. Writing is in books_commit.c.
#include "ledger/ledger.h"

#include "base/mem.h"
#include "codec/event.h"
#include "ledger_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct str books_figures_topic_key = {"figures-topic", 13};

struct str books_partitions_key(const struct books_place *place, char *out) {
    int n = snprintf(out, BOOKS_KEY_MAX, "topic/%s/partitions", place->name);
    return (struct str){out, (size_t)n};
}

struct str books_offset_key(const struct books_place *place, int32_t partition, char *out) {
    int n = snprintf(out, BOOKS_KEY_MAX, "topic/%s/offset/%d", place->name, partition);
    return (struct str){out, (size_t)n};
}

void books_set_offset(struct books_place *place, int32_t partition, int64_t offset) {
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
    struct books *books;
    struct err *err;
    bool ok;
};

static bool on_ledger_row(void *ctx, uint64_t seq, struct str record) {
    struct loading *loading = ctx;
    struct ledger_row row;
    struct str event;
    if (loading->books->first_seq == 0)
        loading->books->first_seq = seq;
    else if (seq != loading->books->last_seq + 1)
        loading->ok = damaged(loading->err, "a line is missing", seq);
    if (!loading->ok)
        return false;
    if (!record_get_ledger(record, seq, &row, &event))
        loading->ok = damaged(loading->err, "unreadable line", seq);
    else if (row.kind == LEDGER_SIGNAL)
        index_put(loading->books->index, &row.identity, seq);
    loading->books->last_seq = seq;
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
    counts_add(loading->books->counts, &cell, number);
    return true;
}

static bool on_quarantined(void *ctx, struct str key, struct str value) {
    struct loading *loading = ctx;
    struct quarantine_record entry;
    (void)key;
    if (!record_get_quarantine(value, &entry, &loading->books->identity_key)) {
        loading->ok = err_set(loading->err, ERR_FATAL, "the quarantine is damaged");
        return false;
    }
    loading->books->quarantined++;
    return true;
}

static void load_topic(struct books_place *place, struct store_txn *txn) {
    char name[BOOKS_KEY_MAX];
    struct str value;
    if (!place->name || !store_get(txn, STORE_META, books_partitions_key(place, name), &value) ||
        value.len != sizeof place->partitions)
        return;
    memcpy(&place->partitions, value.data, sizeof place->partitions);
    for (int32_t p = 0; p < place->partitions; p++) {
        int64_t offset;
        if (store_get(txn, STORE_META, books_offset_key(place, p, name), &value) &&
            value.len == sizeof offset) {
            memcpy(&offset, value.data, sizeof offset);
            books_set_offset(place, p, offset);
        }
    }
}

// A topic of figures that another one stood in for meanwhile lacks what went there: it is new.
static void load_topics(struct books *books, struct store_txn *txn) {
    struct books_place *figures = &books->topics[BOOKS_FIGURES];
    struct str name;
    load_topic(&books->topics[BOOKS_EVENTS], txn);
    if (figures->name && store_get(txn, STORE_META, books_figures_topic_key, &name) &&
        str_is(name, figures->name))
        load_topic(figures, txn);
}

// A number of 8 bytes under a word; 0 when it is not there.
static uint64_t load_number(struct store_txn *txn, const char *name) {
    struct str value;
    uint64_t number = 0;
    if (store_get(txn, STORE_META, str_from(name), &value) && value.len == sizeof number)
        memcpy(&number, value.data, sizeof number);
    return number;
}

static bool load_name(struct books *books, struct err *err) {
    struct store_txn txn;
    struct str value;
    store_begin_read(books->store, &txn);
    if (store_get(&txn, STORE_META, STR("origin"), &value) && value.len == DIGEST_HEX)
        memcpy(books->origin, value.data, DIGEST_HEX);
    if (store_get(&txn, STORE_META, STR("key-check"), &value) && value.len == DIGEST_BYTES)
        memcpy(books->key_check.bytes, value.data, DIGEST_BYTES);
    store_abort(&txn);
    if (txn.err.kind != ERR_NONE)
        *err = txn.err;
    return txn.err.kind == ERR_NONE;
}

// All lines may have expired: the numbers go on all the same.
static void load_sequence(struct books *books, struct store_txn *txn) {
    uint64_t last = load_number(txn, "last-seq");
    if (books->last_seq < last)
        books->last_seq = last;
    if (books->first_seq == 0)
        books->first_seq = books->last_seq + 1;
}

static bool load(struct books *books, struct err *err) {
    struct store_txn txn;
    struct str value;
    struct loading loading = {books, err, true};
    store_begin_read(books->store, &txn);
    store_each_seq(&txn, STORE_LEDGER, 1, on_ledger_row, &loading);
    load_sequence(books, &txn);
    if (loading.ok)
        store_each(&txn, STORE_COUNTS, on_count, &loading);
    if (loading.ok)
        store_each(&txn, STORE_QUARANTINE, on_quarantined, &loading);
    if (loading.ok && store_get(&txn, STORE_META, STR("totals"), &value) &&
        !record_get_totals(value, &books->totals))
        loading.ok = err_set(err, ERR_FATAL, "the totals are damaged");
    books->waiting = store_entries(&txn, STORE_OUTBOX);
    books->words = store_entries(&txn, STORE_WORDS);
    books->person_last = load_number(&txn, "person-last");
    books->quarantine_last = load_number(&txn, "quarantine-last");
    load_topics(books, &txn);
    books_load_chain(books, &txn);
    books_load_erase_waiting(books, &txn);
    loading.ok =
        loading.ok && books_load_members(books, &txn, err) && books_load_figures(books, &txn, err);
    store_abort(&txn);
    if (loading.ok && txn.err.kind != ERR_NONE) {
        *err = txn.err;
        return false;
    }
    return loading.ok;
}

// A new ledger gets a random name, by which its events are told apart in a topic that others write
// to as well, and a digest that tells whether a later start brings the same key.
static bool name_origin(struct books *books, struct err *err) {
    struct digest random, check;
    struct store_txn txn;
    hash_digest(&books->identity_key, "key-check", NULL, 0, &check);
    if (books->origin[0])
        return digest_equal(&check, &books->key_check) ||
               err_set(err, ERR_CONFIG,
                       "the identity key is not the one this ledger was written with: with "
                       "it every known signal would be new");
    books->key_check = check;
    hash_random(random.bytes, sizeof random.bytes);
    digest_to_hex(&random, books->origin);
    store_begin(books->store, &txn);
    store_put(&txn, STORE_META, STR("origin"), str_from(books->origin));
    books_begin_chain(books, &txn);
    store_put(&txn, STORE_META, STR("key-check"),
              (struct str){(const char *)check.bytes, DIGEST_BYTES});
    return store_commit(&txn, err);
}

// A key in a file of the operator's, or in one of ours in the state directory, which only a new
// ledger may make: one without the key it was written with would take every old signal for new.
static bool load_key(const struct books *books, const struct books_options *options,
                     const char *file, const char *own_name, struct hash_key *key,
                     struct err *err) {
    if (file)
        return hash_key_load(file, false, key, err);
    struct buf path;
    buf_init(&path, 4096);
    buf_printf(&path, "%s/%s", options->dir, own_name);
    char *name = buf_take(&path);
    bool ok = hash_key_load(name, books->origin[0] == '\0', key, err);
    free(name);
    return ok;
}

static bool load_keys(struct books *books, const struct books_options *options, struct err *err) {
    struct person_keys *persons = &books->person_keys;
    if (!load_key(books, options, options->identity_key_file, "identity.key", &books->identity_key,
                  err) ||
        !load_key(books, options, options->person_key_file, "person.key", &persons->list[0].key,
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

struct books *books_open(const struct books_options *options, struct err *err) {
    struct books *books = mem_zalloc(1, sizeof *books);
    books->topics[BOOKS_EVENTS].name = mem_strdup(options->topic);
    if (options->counts_topic)
        books->topics[BOOKS_FIGURES].name = mem_strdup(options->counts_topic);
    books->window_ms = options->window_ms;
    books->index = index_create();
    books->counts = counts_create();
    books->persons = persons_create();
    books->store = store_open(options->dir, options->bytes_max, err);
    if (!books->store || !load_name(books, err) || !load_keys(books, options, err) ||
        !name_origin(books, err) || !load(books, err)) {
        books_close(books);
        return NULL;
    }
    return books;
}

void books_close(struct books *books) {
    if (!books)
        return;
    store_close(books->store);
    index_free(books->index);
    counts_free(books->counts);
    persons_free(books->persons);
    free(books->erase_waiting);
    for (int i = 0; i < BOOKS_TOPICS; i++) {
        free(books->topics[i].offsets);
        free(books->topics[i].name);
    }
    hash_wipe(&books->identity_key, sizeof books->identity_key);
    hash_wipe(&books->person_keys, sizeof books->person_keys);
    free(books);
}

const struct hash_key *books_identity_key(const struct books *books) {
    return &books->identity_key;
}

const struct digest *books_key_check(const struct books *books) {
    return &books->key_check;
}

const struct person_keys *books_person_keys(const struct books *books) {
    return &books->person_keys;
}

const struct persons *books_persons(const struct books *books) {
    return books->persons;
}

const struct counts *books_counts(const struct books *books) {
    return books->counts;
}

const struct totals *books_totals(const struct books *books) {
    return &books->totals;
}

uint64_t books_first_seq(const struct books *books) {
    return books->first_seq;
}

uint64_t books_last_seq(const struct books *books) {
    return books->last_seq;
}

uint64_t books_waiting(const struct books *books) {
    return books->waiting;
}

int64_t books_last_commit_ms(const struct books *books) {
    return books->last_commit_ms;
}

const char *books_origin(const struct books *books) {
    return books->origin;
}

int64_t books_known_offset(const struct books *books, enum books_topic topic, int32_t partition) {
    const struct books_place *place = &books->topics[topic];
    return partition < place->offset_count ? place->offsets[partition] : -1;
}

int32_t books_partitions(const struct books *books, enum books_topic topic) {
    return books->topics[topic].partitions;
}

void books_usage(const struct books *books, struct store_usage *usage) {
    store_usage(books->store, usage);
}

uint64_t books_words(const struct books *books) {
    return books->words;
}

bool books_publishes(const struct books *books, bool configured) {
    return configured || books->topics[BOOKS_EVENTS].partitions > 0;
}

// As large as lines are on average.
uint64_t books_backlog_bytes(const struct books *books) {
    uint64_t lines = books->last_seq + 1 - books->first_seq;
    return lines ? store_table_bytes(books->store, STORE_LEDGER) / lines * books->waiting : 0;
}

uint64_t books_audit_bytes(const struct books *books) {
    return store_table_bytes(books->store, STORE_AUDIT);
}

uint64_t books_quarantined(const struct books *books) {
    return books->quarantined;
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

void books_each_feed(struct books *books,
                     bool (*fn)(void *ctx, struct str source, const struct feed_record *feed),
                     void *ctx) {
    struct store_txn txn;
    struct feed_walk walk = {&books->identity_key, fn, ctx};
    store_begin_read(books->store, &txn);
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
    if (entries->count == entries->cap) {
        entries->cap = entries->cap ? entries->cap * 2 : 64;
        entries->list = mem_resize(entries->list, entries->cap, sizeof *entries->list);
    }
    return record_get_quarantine(value, &entries->list[entries->count++], entries->key);
}

static int by_number(const void *a, const void *b) {
    const struct quarantine_record *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

// The table is in order of its keys, which are digests.
void books_each_quarantined(struct books *books,
                            bool (*fn)(void *ctx, const struct quarantine_record *entry),
                            void *ctx) {
    struct store_txn txn;
    struct entries entries = {.key = &books->identity_key};
    store_begin_read(books->store, &txn);
    store_each(&txn, STORE_QUARANTINE, collect_entry, &entries);
    store_abort(&txn);
    if (entries.count)
        qsort(entries.list, entries.count, sizeof *entries.list, by_number);
    for (size_t i = 0; i < entries.count && fn(ctx, &entries.list[i]); i++)
        ;
    free(entries.list);
}

bool books_feed(struct books *books, struct str source, struct feed_record *feed) {
    struct store_txn txn;
    struct str value;
    store_begin_read(books->store, &txn);
    bool found = store_get(&txn, STORE_FEEDS, source, &value) &&
                 record_get_feed(value, feed, &books->identity_key);
    store_abort(&txn);
    return found;
}

uint64_t books_find(const struct books *books, const struct digest *identity) {
    return index_get(books->index, identity);
}

static bool read_line(struct store_txn *txn, uint64_t seq, struct str record,
                      struct books_line *line) {
    struct str place;
    if (!record_get_ledger(record, seq, &line->row, &line->event))
        return false;
    line->published = store_get_seq(txn, STORE_PUBLISHED, seq, &place) &&
                      record_get_published(place, &line->partition, &line->offset);
    return true;
}

struct walk {
    struct store_txn txn;
    uint64_t left;
    bool (*fn)(void *ctx, const struct books_line *line);
    void *ctx;
};

static bool on_walk_ledger(void *ctx, uint64_t seq, struct str record) {
    struct walk *walk = ctx;
    struct books_line line;
    if (walk->left == 0 || !read_line(&walk->txn, seq, record, &line))
        return false;
    if (line.row.kind == LEDGER_LOST)
        return true;
    walk->left--;
    return walk->fn(walk->ctx, &line);
}

static bool on_walk_outbox(void *ctx, uint64_t seq, struct str empty) {
    struct walk *walk = ctx;
    struct str record;
    (void)empty;
    return store_get_seq(&walk->txn, STORE_LEDGER, seq, &record) &&
           on_walk_ledger(ctx, seq, record);
}

static void walk_table(struct books *books, enum store_table table, uint64_t from,
                       bool (*step)(void *ctx, uint64_t seq, struct str value), struct walk *walk) {
    store_begin_read(books->store, &walk->txn);
    store_each_seq(&walk->txn, table, from, step, walk);
    store_abort(&walk->txn);
}

void books_each(struct books *books, uint64_t from, uint64_t max,
                bool (*fn)(void *ctx, const struct books_line *line), void *ctx) {
    struct walk walk = {.left = max, .fn = fn, .ctx = ctx};
    walk_table(books, STORE_LEDGER, from, on_walk_ledger, &walk);
}

void books_each_waiting(struct books *books, uint64_t after, uint64_t max,
                        bool (*fn)(void *ctx, const struct books_line *line), void *ctx) {
    struct walk walk = {.left = max, .fn = fn, .ctx = ctx};
    walk_table(books, STORE_OUTBOX, after + 1, on_walk_outbox, &walk);
}

struct one_line {
    uint64_t seq;
    bool found;
    void (*fn)(void *ctx, const struct books_line *line);
    void *ctx;
};

static bool on_one_line(void *ctx, const struct books_line *line) {
    struct one_line *one = ctx;
    one->found = line->row.seq == one->seq;
    if (one->found)
        one->fn(one->ctx, line);
    return false;
}

bool books_line_at(struct books *books, uint64_t seq,
                   void (*fn)(void *ctx, const struct books_line *line), void *ctx) {
    struct one_line one = {.seq = seq, .fn = fn, .ctx = ctx};
    books_each(books, seq, 1, on_one_line, &one);
    return one.found;
}
