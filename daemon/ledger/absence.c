// SPDX-License-Identifier: EUPL-1.2
// What a source no longer shows. An item that a template leaves out is withdrawn at once. Of a list
// that has all there is, what two whole polls in a row lacked: an item may hide once, between two
// pages that shift while they are read. So the table `listed` knows each signal that counts and
// that such a list brought, and how many polls in a row lacked it; a poll that finds all again
// writes nothing. An absence is taken in pieces, so that nobody waits long for his commit; one that
// breaks off half-way has withdrawn nothing that the next whole poll would not.
#include "ledger/ledger.h"

#include "base/mem.h"
#include "core/signal/dedup.h"
#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

enum {
    LOOKED_MAX = 5000, // a piece
    WITHDRAWN_MAX = 500,
    KEY_BYTES = 2 * DIGEST_BYTES,
    LACKED_MAX = 2,
};

static struct str put_prefix(const struct ledger *ledger, struct str source,
                             uint8_t key[KEY_BYTES]) {
    struct digest digest;
    hash_digest(&ledger->identity_key, "listed", &source, 1, &digest);
    memcpy(key, digest.bytes, DIGEST_BYTES);
    memset(key + DIGEST_BYTES, 0, DIGEST_BYTES);
    return (struct str){(const char *)key, KEY_BYTES};
}

static struct str put_key(const struct ledger *ledger, struct str source,
                          const struct digest *identity, uint8_t key[KEY_BYTES]) {
    struct str text = put_prefix(ledger, source, key);
    memcpy(key + DIGEST_BYTES, identity->bytes, DIGEST_BYTES);
    return text;
}

static void put_lacked(struct ledger_writer *writer, struct str key, uint8_t lacked) {
    store_put(&writer->txn, STORE_LISTED, key, (struct str){(const char *)&lacked, 1});
    writer->writes = true;
}

static void drop_key(struct ledger_writer *writer, struct str key) {
    store_delete(&writer->txn, STORE_LISTED, key);
    writer->writes = true;
}

void ledger_note_listed(struct ledger_writer *writer, const struct delivery *delivery,
                        const struct digest *identity) {
    uint8_t room[KEY_BYTES];
    struct str known;
    if (!delivery->poll || !delivery->source->complete)
        return;
    struct str key = put_key(writer->ledger, str_from(delivery->source->name), identity, room);
    if (!store_get(&writer->txn, STORE_LISTED, key, &known))
        put_lacked(writer, key, 0);
}

void ledger_forget_listed(struct ledger_writer *writer, const struct ledger_entry *entry) {
    uint8_t room[KEY_BYTES];
    struct str lacked, source = {entry->source, entry->source_len};
    struct str key = put_key(writer->ledger, source, &entry->identity, room);
    if (store_get(&writer->txn, STORE_LISTED, key, &lacked))
        drop_key(writer, key);
}

bool ledger_listed(struct ledger *ledger, const struct ledger_entry *entry, uint32_t *lacked) {
    uint8_t room[KEY_BYTES];
    struct store_txn txn;
    struct str value, source = {entry->source, entry->source_len};
    struct str key = put_key(ledger, source, &entry->identity, room);
    store_begin_read(ledger->store, &txn);
    bool found = store_get(&txn, STORE_LISTED, key, &value) && value.len == 1;
    *lacked = found ? (uint8_t)value.data[0] : 0;
    store_abort(&txn);
    return found && entry->counts;
}

// --- withdrawing ---

struct absence {
    const struct source *source;
    const struct tables *tables;
    bool polled;
    int64_t received_ms;
};

static void withdraw(struct ledger_writer *writer, const struct absence *absence,
                     const struct ledger_entry *known, const struct signal *signal) {
    const struct dedup_origin origin = {.source = str_from(absence->source->name),
                                        .polled = absence->polled,
                                        .received_ms = absence->received_ms,
                                        .logged_ms = writer->logged_ms};
    struct ledger_entry entry;
    dedup_entry(known, signal, VERDICT_WITHDRAWN, writer->change->last_seq + 1, &origin, &entry);
    ledger_write_signal(writer, &entry, known, absence->tables, NULL);
    writer->change->totals.verdicts[VERDICT_WITHDRAWN]++;
}

// False when it does not count, or what is known of it is newer.
static bool find_standing(struct ledger_writer *writer, struct signal *signal,
                          struct ledger_entry *known) {
    if (!ledger_find_known(writer, &signal->identity, known) ||
        dedup_classify(known, signal) != VERDICT_WITHDRAWN)
        return false;
    memcpy(signal->id, known->id, known->id_len);
    signal->id_len = known->id_len;
    return true;
}

static struct signal left_out_signal(const struct page_left_out *item) {
    return (struct signal){.identity = item->identity,
                           .withdrawn = true,
                           .how = WITHDRAWN_LEFT_OUT,
                           .updated_ms = item->updated_ms,
                           .updated_upto_ms = item->updated_upto_ms};
}

size_t ledger_count_left_out(struct ledger_writer *writer, const struct delivery *delivery) {
    size_t count = 0;
    for (size_t i = 0; i < delivery->content.left_out_count; i++) {
        struct signal signal = left_out_signal(&delivery->content.left_out[i]);
        struct ledger_entry known;
        count += find_standing(writer, &signal, &known);
    }
    return count;
}

size_t ledger_withdraw_left_out(struct ledger_writer *writer, struct delivery *delivery) {
    const struct absence absence = {delivery->source, delivery->tables, delivery->polled,
                                    delivery->received_ms};
    size_t most = delivery->polled ? WITHDRAWN_MAX : SIZE_MAX;
    for (; delivery->left_out_taken < delivery->content.left_out_count && most > 0; most--) {
        const struct page_left_out *item = &delivery->content.left_out[delivery->left_out_taken++];
        struct signal signal = left_out_signal(item);
        struct ledger_entry known;
        if (!find_standing(writer, &signal, &known))
            continue;
        withdraw(writer, &absence, &known, &signal);
        ledger_forget_listed(writer, &known);
    }
    return delivery->content.left_out_count - delivery->left_out_taken;
}

// --- a list that has all there is ---

// So many entries of the table, from where the task is: their keys and what they hold.
struct listed_piece {
    struct ledger_writer *writer;
    struct absence_task *task;
    size_t count;
    bool full;
    struct listed {
        uint8_t key[KEY_BYTES];
        uint8_t lacked;
    } list[LOOKED_MAX];
};

static bool on_listed(void *ctx, struct str key, struct str value) {
    struct listed_piece *piece = ctx;
    const uint8_t *at = piece->task->at;
    if (key.len != KEY_BYTES || value.len != 1 || memcmp(key.data, at, DIGEST_BYTES) != 0)
        return false;
    if (piece->task->begun && memcmp(key.data, at, KEY_BYTES) == 0)
        return true;
    piece->full = piece->count == LOOKED_MAX;
    if (piece->full)
        return false;
    struct listed *listed = &piece->list[piece->count++];
    memcpy(listed->key, key.data, KEY_BYTES);
    listed->lacked = (uint8_t)value.data[0];
    return true;
}

static void read_piece(struct listed_piece *piece) {
    struct absence_task *task = piece->task;
    if (!task->begun)
        (void)put_prefix(piece->writer->ledger, str_from(task->source->name), task->at);
    store_each_from(&piece->writer->txn, STORE_LISTED,
                    (struct str){(const char *)task->at, KEY_BYTES}, on_listed, piece);
}

static void move_on(struct absence_task *task, const struct listed *last) {
    memcpy(task->at, last->key, KEY_BYTES);
    task->begun = true;
}

static struct signal gone_signal(const struct listed *listed) {
    struct signal signal = {.withdrawn = true, .how = WITHDRAWN_GONE};
    memcpy(signal.identity.bytes, listed->key + DIGEST_BYTES, DIGEST_BYTES);
    return signal;
}

static struct str key_of(const struct listed *listed) {
    return (struct str){(const char *)listed->key, KEY_BYTES};
}

// One that does not count is no absence: it leaves the table.
static void count_listed(struct listed_piece *piece, const struct listed *listed) {
    struct absence_task *task = piece->task;
    struct signal signal = gone_signal(listed);
    struct ledger_entry known;
    bool seen = index_get(task->seen, &signal.identity) != 0;
    uint8_t lacked = seen ? 0 : listed->lacked < LACKED_MAX ? listed->lacked + 1 : LACKED_MAX;
    if (!seen && !find_standing(piece->writer, &signal, &known)) {
        drop_key(piece->writer, key_of(listed));
        return;
    }
    task->listed++;
    task->missing += lacked == 1;
    task->gone += lacked == LACKED_MAX;
    if (lacked != listed->lacked)
        put_lacked(piece->writer, key_of(listed), lacked);
}

static void withdraw_listed(struct listed_piece *piece, const struct listed *listed) {
    struct absence_task *task = piece->task;
    const struct absence absence = {task->source, task->tables, true, task->received_ms};
    struct signal signal = gone_signal(listed);
    struct ledger_entry known;
    if (listed->lacked < LACKED_MAX)
        return;
    if (find_standing(piece->writer, &signal, &known)) {
        withdraw(piece->writer, &absence, &known, &signal);
        task->withdrawn++;
    }
    drop_key(piece->writer, key_of(listed));
}

static bool is_failed(const struct listed_piece *piece) {
    return piece->writer->txn.err.kind != ERR_NONE;
}

// True at the table's end.
static bool count_piece(struct listed_piece *piece) {
    read_piece(piece);
    for (size_t i = 0; i < piece->count && !is_failed(piece); i++) {
        count_listed(piece, &piece->list[i]);
        move_on(piece->task, &piece->list[i]);
    }
    return !piece->full;
}

static bool withdraw_piece(struct listed_piece *piece) {
    const uint64_t most = piece->task->withdrawn + WITHDRAWN_MAX;
    read_piece(piece);
    for (size_t i = 0; i < piece->count && !is_failed(piece); i++) {
        if (piece->task->withdrawn == most)
            return false;
        withdraw_listed(piece, &piece->list[i]);
        move_on(piece->task, &piece->list[i]);
    }
    return !piece->full;
}

// The first time, and after polls of another kind: what polls of this source have brought.
static bool list_piece(struct listed_piece *piece) {
    struct ledger_writer *writer = piece->writer;
    struct absence_task *task = piece->task;
    const struct ledger_change *change = writer->change;
    const struct str name = str_from(task->source->name);
    struct ledger_entry entry, known;
    uint64_t seq = task->next_seq > change->first_seq ? task->next_seq : change->first_seq;
    const uint64_t end = seq + LOOKED_MAX;
    for (; seq < end && seq <= change->last_seq; seq++) {
        uint8_t room[KEY_BYTES];
        struct str lacked;
        if (!ledger_read_entry(writer, seq, &entry))
            return true;
        if (entry.kind != LEDGER_SIGNAL || !entry.polled || !entry.counts ||
            !str_is(name, entry.source) || !ledger_find_known(writer, &entry.identity, &known) ||
            !known.counts)
            continue;
        struct str key = put_key(writer->ledger, name, &entry.identity, room);
        if (!store_get(&writer->txn, STORE_LISTED, key, &lacked))
            put_lacked(writer, key, 0);
    }
    task->next_seq = seq;
    return seq > change->last_seq;
}

bool ledger_absence_is_likely(uint64_t listed, uint64_t gone, uint64_t seen, uint64_t allowed) {
    uint64_t most = listed / ABSENCE_SHARE;
    if (most < ABSENCE_LEAST)
        most = ABSENCE_LEAST;
    return gone <= allowed || (seen > 0 && gone <= most);
}

// Validators are kept only when the list had all that was known: otherwise the next poll has to
// read it again, whether or not it has changed.
static void finish(struct ledger_writer *writer, struct absence_task *task, bool held) {
    struct feed_record *feed = &writer->feed;
    ledger_take_source(writer, task->source->name);
    feed->listed = true;
    feed->whole_ms = task->received_ms;
    feed->missing = (uint32_t)task->missing;
    feed->gone = held ? (uint32_t)task->gone : 0;
    feed->gone_allowed = 0;
    feed->etag[0] = feed->last_modified[0] = '\0';
    if (task->missing == 0 && task->gone == 0) {
        memcpy(feed->etag, task->feed->etag, sizeof feed->etag);
        memcpy(feed->last_modified, task->feed->last_modified, sizeof feed->last_modified);
    }
    writer->feed_changed = true;
    task->known = *feed;
    task->task.more = false;
}

static void begin(struct absence_task *task, enum absence_phase phase) {
    task->phase = phase;
    task->begun = false;
}

static void take_phase(struct listed_piece *piece) {
    struct ledger_writer *writer = piece->writer;
    struct absence_task *task = piece->task;
    switch (task->phase) {
    case ABSENCE_LIST:
        if (writer->feed.listed || list_piece(piece))
            begin(task, ABSENCE_COUNT);
        break;
    case ABSENCE_COUNT:
        if (!count_piece(piece))
            break;
        begin(task, ABSENCE_WITHDRAW);
        if (task->gone == 0 ||
            !ledger_absence_is_likely(task->listed, task->gone, index_count(task->seen),
                                      writer->feed.gone_allowed))
            finish(writer, task, true);
        break;
    case ABSENCE_WITHDRAW:
        if (withdraw_piece(piece))
            finish(writer, task, false);
        break;
    }
}

void ledger_take_absence(struct ledger_writer *writer, struct commit_task *task) {
    struct listed_piece *piece = mem_alloc(sizeof *piece);
    piece->writer = writer;
    piece->task = (struct absence_task *)task;
    piece->count = 0;
    piece->full = false;
    task->more = true;
    ledger_take_source(writer, piece->task->source->name);
    take_phase(piece);
    free(piece);
}
