// SPDX-License-Identifier: EUPL-1.2
// Opening the ledger: its keys, its name, and all that is kept in memory of it. A ledger that
// contradicts itself is not opened.
#include "ledger/ledger.h"

#include "base/mem.h"
#include "codec/event.h"
#include "ledger_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool damaged(struct err *err, const char *what, uint64_t seq) {
    return err_set(err, ERR_DAMAGED, "the ledger is damaged: %s at %llu", what,
                   (unsigned long long)seq);
}

// While the store is opened, and its pages are looked at.
static void on_line(void *ctx, uint64_t seq, struct str record) {
    struct ledger_loading *loading = ctx;
    struct ledger *ledger = loading->ledger;
    struct ledger_entry entry;
    struct str event;
    if (ledger->first_seq == 0)
        ledger->first_seq = seq;
    else if (seq != ledger->last_seq + 1 && loading->err.kind == ERR_NONE)
        (void)damaged(&loading->err, "a line is missing", seq);
    ledger->last_seq = seq;
    if (loading->err.kind != ERR_NONE)
        return;
    if (seq > LEADS_SEQ_MAX || !record_get_ledger(record, seq, &entry, &event))
        (void)damaged(&loading->err, "unreadable line", seq);
    else if (entry.kind == LEDGER_SIGNAL)
        ledger_load_lead(loading, &entry);
}

// True when the store is open and its lines are in order.
static bool take_leads(struct ledger_loading *loading, struct err *err) {
    struct store_txn txn;
    if (loading->err.kind == ERR_NONE) {
        ledger_load_leads(loading);
        store_begin_read(loading->ledger->store, &txn);
        ledger_load_alike(loading, &txn);
        store_abort(&txn);
        loading->err = txn.err;
    }
    if (loading->err.kind != ERR_NONE)
        *err = loading->err;
    return loading->err.kind == ERR_NONE;
}

static bool open_store(struct ledger *ledger, const struct ledger_options *options,
                       struct err *err) {
    struct ledger_loading loading = {.ledger = ledger};
    const struct store_reader reader = {on_line, &loading};
    ledger->store = store_open(options->dir, options->bytes_max, &reader, err);
    bool ok = ledger->store && take_leads(&loading, err);
    free(loading.alike);
    return ok;
}

struct loading {
    struct ledger *ledger;
    struct err *err;
    bool ok;
};

static bool on_count(void *ctx, struct str key, struct str value) {
    struct loading *loading = ctx;
    struct cell cell;
    int64_t number;
    if (!record_get_cell(key, &cell) || value.len != sizeof number) {
        loading->ok = err_set(loading->err, ERR_DAMAGED, "the counts are damaged");
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
        loading->ok = err_set(loading->err, ERR_DAMAGED, "the quarantine is damaged");
        return false;
    }
    loading->ledger->quarantined++;
    return true;
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
    uint64_t last = store_get_number(txn, STORE_META, STR("last-seq"));
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
    load_sequence(ledger, &txn);
    if (loading.ok)
        store_each(&txn, STORE_COUNTS, on_count, &loading);
    if (loading.ok)
        store_each(&txn, STORE_QUARANTINE, on_quarantined, &loading);
    if (loading.ok && store_get(&txn, STORE_META, STR("totals"), &value) &&
        !record_get_totals(value, &ledger->totals))
        loading.ok = err_set(err, ERR_DAMAGED, "the totals are damaged");
    ledger->waiting = store_entries(&txn, STORE_OUTBOX);
    ledger->words = store_entries(&txn, STORE_UNMAPPED);
    ledger->person_last = store_get_number(&txn, STORE_META, STR("person-last"));
    ledger->quarantine_last = store_get_number(&txn, STORE_META, STR("quarantine-last"));
    ledger_load_topics(ledger, &txn);
    ledger_load_chain(ledger, &txn);
    ledger_load_erase_waiting(ledger, &txn);
    loading.ok = loading.ok && ledger_load_members(ledger, &txn, err) &&
                 ledger_load_statistics(ledger, &txn, err) &&
                 ledger_load_current(ledger, &txn, err);
    store_abort(&txn);
    if (loading.ok && txn.err.kind != ERR_NONE) {
        *err = txn.err;
        return false;
    }
    return loading.ok;
}

static struct str digest_str(const struct digest *digest) {
    return (struct str){(const char *)digest->bytes, DIGEST_BYTES};
}

void ledger_check_of_key(const struct hash_key *key, struct digest *check) {
    hash_digest(key, "key-check", NULL, 0, check);
}

// A new ledger gets a random name, by which its events are told apart in a topic that others write
// to as well, and digests that tell whether a later start brings the same keys.
static bool name_ledger(struct ledger *ledger, struct err *err) {
    struct digest random, person;
    struct store_txn txn;
    ledger_check_of_key(&ledger->identity_key, &ledger->key_check);
    ledger_check_of_key(&ledger->person_keys.list[0].key, &person);
    hash_random(random.bytes, sizeof random.bytes);
    digest_to_hex(&random, ledger->id);
    store_begin(ledger->store, &txn);
    store_put(&txn, STORE_META, STR("ledger_id"), str_from(ledger->id));
    ledger_begin_chain(ledger, &txn);
    store_put(&txn, STORE_META, STR("key-check"), digest_str(&ledger->key_check));
    store_put(&txn, STORE_META, STR("person-key-check"), digest_str(&person));
    return store_commit(&txn, err);
}

// What is kept of the person keys that the ledger was written with: their digests, that of the one
// in force last.
enum { PERSON_KEYS_KEPT = 16 };
struct person_checks {
    struct digest list[PERSON_KEYS_KEPT + 1];
    size_t count;
};

static bool load_person_checks(const struct ledger *ledger, struct person_checks *known,
                               struct err *err) {
    struct store_txn txn;
    struct str value;
    store_begin_read(ledger->store, &txn);
    if (store_get(&txn, STORE_META, STR("person-key-check"), &value) &&
        value.len % DIGEST_BYTES == 0 && value.len <= PERSON_KEYS_KEPT * DIGEST_BYTES) {
        known->count = value.len / DIGEST_BYTES;
        memcpy(known->list, value.data, value.len);
    }
    store_abort(&txn);
    if (txn.err.kind != ERR_NONE)
        *err = txn.err;
    return txn.err.kind == ERR_NONE;
}

static size_t place_of(const struct person_checks *known, const struct digest *check) {
    size_t i = 0;
    while (i < known->count && !digest_equal(&known->list[i], check))
        i++;
    return i;
}

static bool put_in_force(struct ledger *ledger, struct person_checks *known,
                         const struct digest *check, struct err *err) {
    struct store_txn txn;
    size_t old = place_of(known, check);
    if (old == known->count && known->count == PERSON_KEYS_KEPT)
        old = 0;
    if (old < known->count)
        memmove(&known->list[old], &known->list[old + 1],
                (--known->count - old) * sizeof *known->list);
    known->list[known->count++] = *check;
    store_begin(ledger->store, &txn);
    store_put(&txn, STORE_META, STR("person-key-check"),
              (struct str){(const char *)known->list, known->count * DIGEST_BYTES});
    return store_commit(&txn, err);
}

// The person key may be another one only beside one that the ledger was written with.
static bool check_person_key(struct ledger *ledger, struct err *err) {
    const struct person_keys *keys = &ledger->person_keys;
    struct person_checks known = {.count = 0};
    struct digest check, previous;
    if (!load_person_checks(ledger, &known, err))
        return false;
    ledger_check_of_key(&keys->list[0].key, &check);
    ledger_check_of_key(&keys->list[keys->count - 1].key, &previous);
    if (known.count && digest_equal(&known.list[known.count - 1], &check))
        return true;
    if (keys->count > 1 && place_of(&known, &previous) < known.count)
        return put_in_force(ledger, &known, &check, err);
    return err_set(err, ERR_CONFIG,
                   "the person key is not the one this ledger was written with: nobody would be "
                   "linked with the persons before. Give that key back; to change it, give it "
                   "as person.previous_key beside the new one");
}

static bool check_keys(struct ledger *ledger, struct err *err) {
    struct digest check;
    ledger_check_of_key(&ledger->identity_key, &check);
    if (!digest_equal(&check, &ledger->key_check))
        return err_set(
            err, ERR_CONFIG,
            "the identity key is not the one this ledger was written with: with it every "
            "known signal would be new. Give that key back");
    return check_person_key(ledger, err);
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
    if (options->current_topic)
        ledger->topics[LEDGER_CURRENT].name = mem_strdup(options->current_topic);
    ledger->window_ms = options->window_ms;
    ledger->leads = leads_create();
    ledger->counts = counts_create();
    ledger->persons = persons_create();
    if (!open_store(ledger, options, err) || !load_name(ledger, err) ||
        !load_keys(ledger, options, err) ||
        !(ledger->id[0] ? check_keys(ledger, err) : name_ledger(ledger, err)) ||
        !load(ledger, err)) {
        ledger_close(ledger);
        return NULL;
    }
    return ledger;
}

void ledger_use_window(struct ledger *ledger, int64_t window_ms) {
    ledger->window_ms = window_ms;
}

void ledger_close(struct ledger *ledger) {
    if (!ledger)
        return;
    store_close(ledger->store);
    leads_free(ledger->leads);
    counts_free(ledger->counts);
    persons_free(ledger->persons);
    free(ledger->erase_waiting);
    for (int i = 0; i < LEDGER_TOPICS; i++) {
        free(ledger->topics[i].last);
        free(ledger->topics[i].name);
    }
    hash_wipe(&ledger->identity_key, sizeof ledger->identity_key);
    hash_wipe(&ledger->person_keys, sizeof ledger->person_keys);
    free(ledger);
}
