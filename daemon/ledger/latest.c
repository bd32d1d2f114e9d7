// SPDX-License-Identifier: EUPL-1.2
// From a signal to its latest line. The ledger's memory has leads only (base/leads.h): the line
// that a lead names is read and says whose it is. What a commit has changed stands in its own
// index, with digests, and counts before that. For each identity it changes the commit keeps which
// line the memory led to, so that ledger_apply needs to read nothing.
#include "ledger/ledger.h"

#include "base/mem.h"
#include "ledger_private.h"

static bool read_line(struct store_txn *txn, uint64_t seq, struct ledger_entry *entry) {
    struct str record, event;
    return store_get_seq(txn, STORE_LEDGER, seq, &record) &&
           record_get_ledger(record, seq, entry, &event);
}

bool ledger_cannot_read(struct ledger_writer *writer, const char *what) {
    if (writer->txn.err.kind == ERR_NONE)
        err_set(&writer->txn.err, ERR_FATAL, "the ledger is damaged: %s cannot be read", what);
    return false;
}

static bool is_of(const struct ledger_entry *entry, const struct digest *identity) {
    return entry->kind == LEDGER_SIGNAL && digest_equal(&entry->identity, identity);
}

bool ledger_read_entry(struct ledger_writer *writer, uint64_t seq, struct ledger_entry *entry) {
    if (read_line(&writer->txn, seq, entry))
        return true;
    if (writer->txn.err.kind == ERR_NONE)
        err_set(&writer->txn.err, ERR_FATAL, "the ledger is damaged: unreadable line at %llu",
                (unsigned long long)seq);
    return false;
}

// By the memory, as if this commit had changed nothing; 0: none. Lines that have expired or were
// undone in this commit still have their leads.
static uint64_t find_remembered(struct ledger_writer *writer, const struct digest *identity,
                                struct ledger_entry *entry) {
    const struct ledger_change *change = writer->change;
    struct leads_walk walk = {0};
    uint64_t seq;
    while ((seq = leads_next(writer->ledger->leads, identity, &walk)) != 0) {
        if (seq < change->first_seq || seq > change->last_seq)
            continue;
        if (!ledger_read_entry(writer, seq, entry))
            return 0;
        if (is_of(entry, identity))
            return seq;
    }
    return 0;
}

bool ledger_find_known(struct ledger_writer *writer, const struct digest *identity,
                       struct ledger_entry *known) {
    uint64_t seq = index_get(writer->change->index, identity);
    if (!seq)
        return find_remembered(writer, identity, known) != 0;
    return seq != LEDGER_UNKNOWN && seq >= writer->change->first_seq &&
           ledger_read_entry(writer, seq, known);
}

uint64_t ledger_latest(struct ledger_writer *writer, const struct digest *identity) {
    struct ledger_entry entry;
    uint64_t seq = index_get(writer->change->index, identity);
    if (!seq)
        return find_remembered(writer, identity, &entry);
    return seq != LEDGER_UNKNOWN && seq >= writer->change->first_seq ? seq : 0;
}

bool ledger_is_latest(const struct ledger_writer *writer, const struct ledger_entry *entry) {
    uint64_t seq = index_get(writer->change->index, &entry->identity);
    return seq ? seq == entry->seq : leads_has(writer->ledger->leads, &entry->identity, entry->seq);
}

void ledger_lead(struct ledger_writer *writer, const struct digest *identity, uint64_t seq) {
    struct ledger_change *change = writer->change;
    struct ledger_entry entry;
    if (seq > LEADS_SEQ_MAX && seq != LEDGER_UNKNOWN) {
        err_set(&writer->txn.err, ERR_FATAL, "the ledger has no number above %llu",
                (unsigned long long)LEADS_SEQ_MAX);
        return;
    }
    if (!index_get(change->index, identity)) {
        uint64_t before = find_remembered(writer, identity, &entry);
        if (before)
            index_put(change->led, identity, before);
    }
    index_put(change->index, identity, seq);
    ledger_note_current(writer, identity, seq);
}

void ledger_forget_lead(struct ledger_writer *writer, const struct ledger_entry *entry) {
    struct ledger_change *change = writer->change;
    change->forgotten = mem_grow(change->forgotten, change->forgotten_count, &change->forgotten_cap,
                                 sizeof *change->forgotten);
    change->forgotten[change->forgotten_count++] =
        (struct ledger_forgotten){entry->identity, entry->seq};
    ledger_note_current(writer, &entry->identity, 0);
}

// --- the memory ---

static void remove_lead(void *ctx, const struct digest *identity, uint64_t seq) {
    leads_remove(((struct ledger *)ctx)->leads, identity, seq);
}

static void add_lead(void *ctx, const struct digest *identity, uint64_t seq) {
    struct ledger *ledger = ctx;
    if (seq != LEDGER_UNKNOWN && seq >= ledger->first_seq)
        leads_add(ledger->leads, identity, seq);
}

// Numbers that were undone may have been given to others: first all goes that was.
void ledger_apply_leads(struct ledger *ledger, const struct ledger_change *change) {
    for (size_t i = 0; i < change->forgotten_count; i++)
        leads_remove(ledger->leads, &change->forgotten[i].identity, change->forgotten[i].seq);
    index_each(change->led, remove_lead, ledger);
    index_each(change->index, add_lead, ledger);
}

uint64_t ledger_find_in(const struct ledger *ledger, struct store_txn *txn,
                        const struct digest *identity) {
    struct leads_walk walk = {0};
    struct ledger_entry entry;
    uint64_t seq;
    while ((seq = leads_next(ledger->leads, identity, &walk)) != 0 &&
           !(read_line(txn, seq, &entry) && is_of(&entry, identity)))
        ;
    return seq;
}

// Lines come in order, and each says which was before it. One that was made anew from its events
// may not know it: what is alike is looked at once lines can be read.
static void load_lead(struct ledger_loading *loading, const struct ledger_coming *line) {
    struct leads *leads = loading->ledger->leads;
    if (line->previous)
        leads_remove(leads, &line->identity, line->previous);
    if (!leads_add(leads, &line->identity, line->seq))
        return;
    loading->alike =
        mem_grow(loading->alike, loading->alike_count, &loading->alike_cap, sizeof *loading->alike);
    loading->alike[loading->alike_count++] = *line;
}

void ledger_load_leads(struct ledger_loading *loading) {
    for (size_t i = 0; i < loading->coming_count; i++)
        load_lead(loading, &loading->coming[i]);
    loading->coming_count = 0;
}

void ledger_load_lead(struct ledger_loading *loading, const struct ledger_entry *entry) {
    leads_prefetch(loading->ledger->leads, &entry->identity);
    loading->coming[loading->coming_count++] =
        (struct ledger_coming){entry->identity, entry->seq, entry->previous};
    if (loading->coming_count == LEDGER_COMING_MAX)
        ledger_load_leads(loading);
}

// All leads to this identity but the one to its latest line go.
void ledger_load_alike(struct ledger_loading *loading, struct store_txn *txn) {
    struct leads *leads = loading->ledger->leads;
    struct ledger_entry entry;
    for (size_t i = 0; i < loading->alike_count; i++) {
        const struct digest *identity = &loading->alike[i].identity;
        struct leads_walk walk = {0};
        uint64_t seq, latest = loading->alike[i].seq;
        while ((seq = leads_next(leads, identity, &walk)) != 0) {
            if (seq == latest || !read_line(txn, seq, &entry) || !is_of(&entry, identity))
                continue;
            leads_remove(leads, identity, seq < latest ? seq : latest);
            latest = seq < latest ? latest : seq;
            walk = (struct leads_walk){0};
        }
    }
}

uint64_t ledger_find(const struct ledger *ledger, const struct digest *identity) {
    struct store_txn txn;
    store_begin_read(ledger->store, &txn);
    uint64_t seq = ledger_find_in(ledger, &txn, identity);
    store_abort(&txn);
    return seq;
}
