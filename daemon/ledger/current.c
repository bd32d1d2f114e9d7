// SPDX-License-Identifier: EUPL-1.2
// The outbox of signals as they stand; see the header. Its entries are the identity (16 bytes) and
// the line (u64; 0: none). A later change has a later entry, so nobody has to find an older one;
// which line is told is looked up when it goes (outbox.c). A line that has got another signal
// since, by taking back a topic, stands for none.
#include "ledger/current.h"

#include "base/mem.h"
#include "codec/current.h"
#include "ledger_private.h"

#include <string.h>

enum { TAKEN_BESIDE = 100 };  // keys, between two looks at the room that is left
enum { WAITING_MAX = 20000 }; // more pieces wait until Kafka has taken what waits
enum { PIECE_LINES = 2000, STATE_BYTES = 16 + DIGEST_BYTES, NAMES_BYTES_MAX = 1 << 20 };

static const struct str state_key = {"current", sizeof "current" - 1};

bool ledger_read_current(struct str record, struct digest *identity, uint64_t *line) {
    if (record.len != CURRENT_WAITING_BYTES)
        return false;
    memcpy(identity->bytes, record.data, DIGEST_BYTES);
    memcpy(line, record.data + DIGEST_BYTES, sizeof *line);
    return true;
}

// --- writing ---

static bool is_used(const struct ledger *ledger) {
    return ledger->topics[LEDGER_CURRENT].partitions > 0;
}

static void note(struct ledger_writer *writer, const struct digest *identity, uint64_t line) {
    char record[CURRENT_WAITING_BYTES];
    memcpy(record, identity->bytes, DIGEST_BYTES);
    memcpy(record + DIGEST_BYTES, &line, sizeof line);
    store_append(&writer->txn, STORE_CURRENT_OUTBOX, ++writer->change->current.last,
                 (struct str){record, sizeof record});
    writer->change->current_changed = true;
}

void ledger_note_current(struct ledger_writer *writer, const struct digest *identity,
                         uint64_t seq) {
    if (writer->tells_current)
        note(writer, identity, seq == LEDGER_UNKNOWN ? 0 : seq);
}

void ledger_tell_current_anew(struct ledger_writer *writer) {
    writer->change->current.from = 1;
    writer->change->current_changed = writer->writes = true;
}

void ledger_flush_current(struct ledger_writer *writer) {
    struct ledger_change *change = writer->change;
    char record[STATE_BYTES];
    // The topic that was used misses what changes from now on; another one is told all.
    if (writer->ledger->current_left && !change->topics[LEDGER_CURRENT].partitions) {
        store_delete(&writer->txn, STORE_META, ledger_topic_key(LEDGER_CURRENT));
        if (!writer->ledger->topics[LEDGER_CURRENT].name)
            store_clear(&writer->txn, STORE_CURRENT_OUTBOX);
    }
    if (change->current_unread) // the next start takes it for a new one, and reads all of it
        store_delete(&writer->txn, STORE_META, ledger_topic_key(LEDGER_CURRENT));
    if (change->current_changed) {
        memcpy(record, &change->current.last, 8);
        memcpy(record + 8, &change->current.from, 8);
        memcpy(record + 16, change->current.names.bytes, DIGEST_BYTES);
        store_put(&writer->txn, STORE_META, state_key, (struct str){record, sizeof record});
    }
    change->current_waiting = store_entries(&writer->txn, STORE_CURRENT_OUTBOX);
}

void ledger_tell_current(struct ledger_writer *writer, struct commit_task *task) {
    struct ledger_change *change = writer->change;
    struct ledger_entry entry;
    uint64_t seq = change->current.from;
    (void)task;
    if (seq == 0)
        return;
    if (seq < change->first_seq)
        seq = change->first_seq;
    for (int i = 0; i < PIECE_LINES && seq <= change->last_seq; i++, seq++) {
        if (!ledger_read_entry(writer, seq, &entry))
            return;
        if (entry.kind == LEDGER_SIGNAL && !entry.erased && ledger_is_latest(writer, &entry))
            note(writer, &entry.identity, seq);
    }
    change->current.from = seq <= change->last_seq ? seq : 0;
    change->current_changed = writer->writes = true;
}

// --- taking what was read ---

// False when it takes of the room that is kept for confirmations: it is a rider, which nothing else
// keeps from that.
static bool take_key(struct ledger_writer *writer, struct current_take *take,
                     const struct current_key *key) {
    struct ledger_entry known;
    bool stands = ledger_find_known(writer, &key->identity, &known) && !known.erased;
    if (stands && !key->strange)
        return true;
    take->gone += !stands;
    note(writer, &key->identity, stands ? known.seq : 0);
    writer->writes = true;
    return take->taken++ % TAKEN_BESIDE || ledger_leaves_reserve(&writer->txn);
}

void ledger_take_current(struct ledger_writer *writer, struct commit_task *task) {
    struct current_take *take = (struct current_take *)task;
    struct current_state *state = &writer->change->current;
    take->gone = take->taken = 0;
    if (take->last > state->last) {
        state->last = take->last;
        writer->change->current_changed = writer->writes = true;
    }
    // What waits has numbers that the topic has too.
    if (take->partitions) {
        store_clear(&writer->txn, STORE_CURRENT_OUTBOX);
        ledger_keep_partitions(writer, LEDGER_CURRENT, take->partitions);
        ledger_tell_current_anew(writer);
    }
    if (!digest_equal(&take->names, &state->names)) {
        state->names = take->names;
        ledger_tell_current_anew(writer);
    }
    size_t i = 0;
    while (i < take->count && take_key(writer, take, &take->keys[i]))
        i++;
    take->left = i < take->count;
    writer->change->current_unread = take->left;
}

void ledger_digest_names(const struct municipalities *municipalities, struct digest *out) {
    struct buf text;
    buf_init(&text, NAMES_BYTES_MAX);
    for (size_t i = 0; i < municipalities_count(municipalities); i++) {
        const struct municipality *m = municipalities_at(municipalities, i);
        buf_printf(&text, "%u|%s|%u|%s\n", m->code, m->name, m->province, m->province_name);
    }
    const struct str part = buf_str(&text);
    hash_digest(&(struct hash_key){{0}}, "current names", &part, 1, out);
    buf_free(&text);
}

// --- reading ---

bool ledger_read_current_state(struct store_txn *txn, struct current_state *state) {
    struct str value;
    *state = (struct current_state){0};
    if (!store_get(txn, STORE_META, state_key, &value))
        return true;
    if (value.len != STATE_BYTES)
        return false;
    memcpy(&state->last, value.data, 8);
    memcpy(&state->from, value.data + 8, 8);
    memcpy(state->names.bytes, value.data + 16, DIGEST_BYTES);
    return true;
}

bool ledger_load_current(struct ledger *ledger, struct store_txn *txn, struct err *err) {
    const char *name = ledger->topics[LEDGER_CURRENT].name;
    struct str used;
    ledger->current_waiting = store_entries(txn, STORE_CURRENT_OUTBOX);
    ledger->current_left = store_get(txn, STORE_META, ledger_topic_key(LEDGER_CURRENT), &used) &&
                           !(name && str_is(used, name));
    return ledger_read_current_state(txn, &ledger->current) ||
           err_set(err, ERR_DAMAGED, "how far the topic of current signals is is damaged");
}

// Lines from where the next piece begins on.
static uint64_t behind(const struct ledger *ledger) {
    uint64_t from = ledger->current.from;
    if (from > 0 && from < ledger->first_seq)
        from = ledger->first_seq;
    // Taking back a topic may have undone lines.
    return is_used(ledger) && from > 0 && from <= ledger->last_seq ? ledger->last_seq + 1 - from
                                                                   : 0;
}

uint64_t ledger_current_unpublished(const struct ledger *ledger) {
    return is_used(ledger) ? ledger->current_waiting + behind(ledger) : 0;
}

const struct digest *ledger_current_names(const struct ledger *ledger) {
    return &ledger->current.names;
}

bool ledger_current_has_piece(const struct ledger *ledger) {
    return is_used(ledger) && ledger->current.from > 0 && ledger->current_waiting <= WAITING_MAX;
}

// Made of this line? Names do not matter: with other ones all is told anew.
static bool says(struct store_txn *txn, const struct digest *identity, uint64_t line,
                 struct str value) {
    struct ledger_entry entry;
    bool stands = ledger_read_standing(txn, identity, line, &entry, NULL);
    return stands ? current_is_of(value, &entry) : !value.data;
}

enum ledger_look ledger_look_up_current(struct ledger *ledger, uint64_t seq, struct str key,
                                        struct str value) {
    struct store_txn txn;
    struct str record;
    struct digest identity, waiting;
    struct current_state state;
    uint64_t line;
    enum ledger_look found = LEDGER_HAS;
    if (!digest_from_hex(key, &identity))
        return LEDGER_HAS;
    store_begin_read(ledger->store, &txn);
    if (store_get_seq(&txn, STORE_CURRENT_OUTBOX, seq, &record)) {
        if (!ledger_read_current(record, &waiting, &line) || !digest_equal(&waiting, &identity))
            found = LEDGER_LACKS;
        else if (says(&txn, &identity, line, value))
            found = LEDGER_AWAITS;
    } else if (!ledger_read_current_state(&txn, &state) || seq > state.last) {
        found = LEDGER_LACKS;
    }
    store_abort(&txn);
    return found;
}

bool ledger_read_standing(struct store_txn *txn, const struct digest *identity, uint64_t line,
                          struct ledger_entry *entry, struct str *kept) {
    struct str record, event;
    if (line == 0 || !store_get_seq(txn, STORE_LEDGER, line, &record) ||
        !record_get_ledger(record, line, entry, &event) || entry->kind != LEDGER_SIGNAL ||
        entry->erased || !digest_equal(&entry->identity, identity))
        return false;
    if (kept)
        *kept = event;
    return true;
}
