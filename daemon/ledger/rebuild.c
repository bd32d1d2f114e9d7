// SPDX-License-Identifier: EUPL-1.2
// From events back to a ledger. What one event says of others follows from the order of sequence:
//
//   versions  the latest line of the same identity is the version before. A version that is not
//             higher than the one that is known, or the next that moves from elsewhere, is of a
//             signal that had expired: the old one goes on counting, as ledger_expire does it.
//   persons   an event names the signals about the same person at that moment. Those get a number
//             together when the first event names one; of two signals the later event decides. One
//             that had expired could not be named: see partners_had_expired.
//   erased    when the tombstone comes, the versions before it become stubs.
//   trends    what departs was told, and when: so it is not told again.
//   remapped  a correction with the content that was there: no source could have brought it.
//
// A version that is not there (a gap) is skipped: what counts is the latest version that is.
//
// The same brings a ledger that is older than its topic up to it, beside what it has: there a
// version may follow one that was erased here, and what it erases may have pseudonyms.
#include "ledger/rebuild.h"

#include "base/mem.h"
#include "codec/event_kept.h"
#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

enum { ADDS_MAX = 20000, LINES_MAX = 10000, RECORD_BYTES_MAX = 32768 };

// --- lines as they are found ---

struct ledger_rebuild {
    struct ledger *ledger;
    struct store_txn txn;
    bool open;    // txn is under way
    size_t added; // in it
    struct buf record;
};

struct ledger_rebuild *ledger_rebuild_begin(struct ledger *ledger) {
    struct ledger_rebuild *rebuild = mem_zalloc(1, sizeof *rebuild);
    rebuild->ledger = ledger;
    buf_init(&rebuild->record, RECORD_BYTES_MAX);
    return rebuild;
}

void ledger_rebuild_free(struct ledger_rebuild *rebuild) {
    if (!rebuild)
        return;
    if (rebuild->open)
        store_abort(&rebuild->txn);
    buf_free(&rebuild->record);
    free(rebuild);
}

static void open_txn(struct ledger_rebuild *rebuild) {
    if (!rebuild->open)
        store_begin(rebuild->ledger->store, &rebuild->txn);
    rebuild->open = true;
}

static bool close_txn(struct ledger_rebuild *rebuild, struct err *err) {
    open_txn(rebuild);
    rebuild->open = false;
    rebuild->added = 0;
    return store_commit(&rebuild->txn, err);
}

static bool is_same(struct str record, const struct ledger_entry *entry) {
    struct ledger_entry there;
    struct str event;
    return record_get_ledger(record, entry->seq, &there, &event) && there.kind == entry->kind &&
           there.version == entry->version && there.logged_ms == entry->logged_ms &&
           digest_equal(&there.identity, &entry->identity);
}

enum ledger_add ledger_rebuild_add(struct ledger_rebuild *rebuild, const struct ledger_found *found,
                                   struct err *err) {
    struct store_txn *txn = &rebuild->txn;
    struct ledger_entry entry = found->entry;
    char place[RECORD_PUBLISHED];
    struct str there;
    open_txn(rebuild);
    if (store_get_seq(txn, STORE_LEDGER, entry.seq, &there))
        return is_same(there, &entry) ? LEDGER_AGAIN : LEDGER_ANOTHER;
    entry.first = entry.seq;
    buf_clear(&rebuild->record);
    record_put_ledger(&rebuild->record, &entry, found->kept);
    record_put_published(place, found->partition, found->offset);
    store_put_seq(txn, STORE_LEDGER, entry.seq, buf_str(&rebuild->record));
    store_put_seq(txn, STORE_PUBLISHED, entry.seq, (struct str){place, sizeof place});
    if (++rebuild->added < ADDS_MAX)
        return LEDGER_ADDED;
    return close_txn(rebuild, err) ? LEDGER_ADDED : LEDGER_ADD_FAILED;
}

struct far_search {
    struct ledger_far far;
    uint64_t last, left; // the line before, 0: none; lines that are still to come
    bool found;
};

static bool on_found(void *ctx, uint64_t seq, struct str record) {
    struct far_search *search = ctx;
    uint64_t missing = search->last ? seq - search->last - 1 : 0;
    (void)record;
    if (missing > 0 && (missing - 1) / LEDGER_MISSING_MAX >= search->left) {
        search->far.seq = seq;
        search->far.missing = missing;
        search->far.count = search->left;
        search->far.last_seq = search->last;
        search->found = true;
    }
    search->last = seq;
    search->left--;
    return !search->found;
}

bool ledger_rebuild_find_far(struct ledger_rebuild *rebuild, struct ledger_far *far) {
    struct store_txn *txn = &rebuild->txn;
    struct far_search search = {0};
    struct ledger_entry entry;
    struct str record, event;
    open_txn(rebuild);
    search.left = store_entries(txn, STORE_LEDGER);
    store_each_seq(txn, STORE_LEDGER, 1, on_found, &search);
    *far = search.far;
    if (!search.found)
        return false;
    if (store_get_seq(txn, STORE_PUBLISHED, far->seq, &record))
        (void)record_get_published(record, &far->partition, &far->offset);
    if (store_get_seq(txn, STORE_LEDGER, far->last_seq, &record) &&
        record_get_ledger(record, far->last_seq, &entry, &event))
        far->last_ms = entry.logged_ms;
    return true;
}

bool ledger_rebuild_drop(struct ledger_rebuild *rebuild, uint64_t seq, struct err *err) {
    struct store_txn *txn = &rebuild->txn;
    uint64_t last;
    open_txn(rebuild);
    while ((last = store_last_seq(txn, STORE_LEDGER)) >= seq && last > 0) {
        store_delete_seq(txn, STORE_LEDGER, last);
        store_delete_seq(txn, STORE_PUBLISHED, last);
        store_note_removed(txn);
        if (++rebuild->added >= ADDS_MAX && !close_txn(rebuild, err))
            return false;
        open_txn(rebuild);
    }
    return true;
}

bool ledger_rebuild_named(struct ledger_rebuild *rebuild, const char *ledger_id,
                          const struct publish_ack *last, struct err *err) {
    struct ledger *ledger = rebuild->ledger;
    memcpy(ledger->id, ledger_id, sizeof ledger->id);
    open_txn(rebuild);
    store_put(&rebuild->txn, STORE_META, STR("ledger_id"), str_from(ledger->id));
    // So that a verify does not take for damage what could not be found: see verify.c.
    store_put(&rebuild->txn, STORE_META, STR("rebuilt"), STR("1"));
    for (int32_t p = 0; p < PUBLISH_PARTITIONS_MAX; p++)
        if (last[p].offset >= 0)
            ledger_keep_last(&rebuild->txn, &ledger->topics[LEDGER_EVENTS], &last[p]);
    return close_txn(rebuild, err);
}

// --- what lines say of each other ---

static void put_line(struct ledger_writer *writer, const struct ledger_entry *entry,
                     struct str event) {
    struct buf *record = &writer->change->record;
    buf_clear(record);
    record_put_ledger(record, entry, event);
    store_put_seq(&writer->txn, STORE_LEDGER, entry->seq, buf_str(record));
}

// The line `seq` with its event, which is copied into change->value.
static bool take_line(struct ledger_writer *writer, uint64_t seq, struct ledger_entry *entry) {
    struct buf *value = &writer->change->value;
    struct str record, event;
    if (!store_get_seq(&writer->txn, STORE_LEDGER, seq, &record))
        return false;
    buf_clear(value);
    if (record_get_ledger(record, seq, entry, &event))
        buf_put_str(value, event);
    else
        err_set(&writer->txn.err, ERR_FATAL, "the ledger is damaged: unreadable line at %llu",
                (unsigned long long)seq);
    return true;
}

// The latest version of a signal that counts, as it stands in the ledger. False: none.
static bool find_member(struct ledger_writer *writer, const struct digest *identity,
                        struct ledger_entry *entry) {
    return ledger_find_known(writer, identity, entry) && entry->counts && !entry->erased;
}

// A signal that nobody was linked with until now.
static void join(struct ledger_writer *writer, uint64_t seq, uint64_t person) {
    struct ledger_entry entry;
    if (!take_line(writer, seq, &entry))
        return;
    entry.person = person;
    put_line(writer, &entry, buf_str(&writer->change->value));
    ledger_put_member(writer, person, &entry.identity, &entry.cell);
}

// The person of the signals that the event names: its number, a new one if they have none yet. 0
// when it names none that is there.
static uint64_t link_person(struct ledger_writer *writer, const struct event_said *said) {
    struct ledger_entry other;
    uint64_t person = 0, alone[EVENT_LINKED_MAX];
    size_t alone_count = 0;
    for (size_t i = 0; i < said->parts.linked_count; i++) {
        if (!find_member(writer, &said->parts.linked[i], &other))
            continue;
        if (!other.person)
            alone[alone_count++] = other.seq;
        else if (!person)
            person = other.person;
    }
    if (!person && alone_count)
        person = ++writer->change->person_last;
    for (size_t i = 0; i < alone_count; i++)
        join(writer, alone[i], person);
    return person;
}

// The person has other signals, and all that they have said is so old that they had expired before
// `at_ms`: retention has its turn every hour. A correction that names nobody then leaves the signal
// where it was, since most do not change who it is about.
static bool partners_had_expired(struct ledger_writer *writer, const struct ledger_entry *known,
                                 int64_t at_ms) {
    struct digest partners[EVENT_LINKED_MAX];
    struct ledger_entry partner;
    size_t count =
        ledger_linked(writer, known->person, &known->identity, partners, EVENT_LINKED_MAX);
    for (size_t i = 0; i < count; i++)
        if (!ledger_find_known(writer, &partners[i], &partner) ||
            partner.logged_ms >= at_ms - writer->ledger->window_ms)
            return false;
    return count < EVENT_LINKED_MAX && ledger_members(writer, known->person, 2) > 1;
}

static void count_verdict(struct ledger_writer *writer, const struct link_task *link,
                          const struct ledger_entry *entry, const struct ledger_entry *known) {
    struct totals *totals = &writer->change->totals;
    if (entry->remapped)
        totals->remapped++;
    else if (!entry->erased || entry->version == 1)
        totals->verdicts[entry->verdict]++;
    if (!entry->erased)
        return;
    // The last one of an erased signal is its tombstone, which no source has sent; before this one
    // came, the one before it was taken for it.
    if (!known || !known->erased || known->seq < link->from)
        totals->erased++;
    else if (known->version > 1)
        totals->verdicts[VERDICT_CORRECTED]++;
}

static bool is_counted(const struct ledger_entry *entry) {
    return entry && entry->counts && !entry->erased;
}

static void link_erased(struct ledger_writer *writer, struct ledger_entry *entry,
                        const struct ledger_entry *known) {
    if (entry->version == 1)
        entry->verdict = VERDICT_REGISTERED;
    if (is_counted(known) && known->person)
        ledger_drop_member(writer, known->person, &known->identity);
    ledger_erase_before(writer, &entry->identity, entry->previous);
    ledger_forget_listed(writer, entry);
    ledger_write_stub(writer, entry);
}

static bool link_living(struct ledger_writer *writer, struct ledger_entry *entry,
                        const struct ledger_entry *known, const struct event_said *said) {
    struct ledger_entry again = *entry;
    struct buf *value = &writer->change->value;
    bool counted = is_counted(known);
    if (entry->counts)
        entry->person = link_person(writer, said);
    if (entry->counts && said->parts.linked_count == 0 && counted &&
        partners_had_expired(writer, known, entry->logged_ms))
        entry->person = known->person;
    entry->remapped = counted && entry->verdict == VERDICT_CORRECTED &&
                      digest_equal(&known->content, &entry->content);
    if (entry->person && !take_line(writer, entry->seq, &again))
        return false; // its event again: others were read in between
    if (known || entry->person)
        put_line(writer, entry, buf_str(value));
    ledger_move_member(writer, counted ? known : NULL, entry);
    return true;
}

// Of the next version its event tells what the one before it was. Others may be missing in between.
static bool follows(const struct ledger_entry *entry, const struct event_said *said,
                    const struct ledger_entry *latest) {
    if (entry->version != latest->version + 1)
        return entry->version > latest->version;
    if (entry->erased || latest->erased)
        return true;
    bool counted = ledger_entry_counts(latest);
    return said->parts.has_previous == counted &&
           (!counted ||
            memcmp(&said->parts.previous.cell, &latest->cell, sizeof latest->cell) == 0);
}

// Without its event: it is in change->value.
static void link_signal(struct ledger_writer *writer, const struct link_task *link,
                        struct ledger_entry *entry) {
    struct ledger_change *change = writer->change;
    struct ledger_entry latest;
    struct event_said said;
    if (!event_kept_says(buf_str(&change->value), entry, &said, &writer->txn.err))
        return;
    bool seen = ledger_find_known(writer, &entry->identity, &latest);
    if (seen && !follows(entry, &said, &latest)) {
        ledger_keep_expired_count(writer, &latest);
        seen = false;
    }
    const struct ledger_entry *known = seen ? &latest : NULL;
    if (known) {
        entry->previous = known->seq;
        entry->first = known->first;
    }
    if (entry->erased)
        link_erased(writer, entry, known);
    else if (!link_living(writer, entry, known, &said))
        return;
    count_verdict(writer, link, entry, known);
    ledger_lead(writer, &entry->identity, entry->seq);
    ledger_note_moved(writer, (struct str){entry->source, entry->source_len},
                      is_counted(known) ? &known->cell : NULL, entry->counts ? &entry->cell : NULL);
    if (is_counted(known))
        counts_add(change->counts, &known->cell, -1);
    if (entry->counts)
        counts_add(change->counts, &entry->cell, 1);
}

static void link_source(struct ledger_writer *writer, const struct ledger_entry *entry) {
    struct feed_record *feed = &writer->feed;
    struct ledger_entry said;
    struct err ignored;
    int64_t last_ms = 0;
    ledger_take_source(writer, entry->source);
    writer->feed_changed = true;
    if (entry->kind == LEDGER_SIGNAL) {
        if (!entry->erased && !entry->remapped && ledger_entry_counts(entry) &&
            feed->signal_ms < entry->received_ms)
            feed->signal_ms = entry->received_ms;
        if (feed->contact_ms < feed->signal_ms)
            feed->contact_ms = feed->signal_ms;
        return;
    }
    feed->silent = entry->kind == LEDGER_SOURCE_SILENT;
    if (!feed->signal_ms && event_read_source(event_kept_value(buf_str(&writer->change->value)),
                                              &said, &last_ms, &ignored))
        feed->signal_ms = last_ms;
}

// It expires as soon as it is the first line.
static void write_lost(struct ledger_writer *writer, struct link_task *link, uint64_t seq) {
    const struct ledger_entry entry = {.kind = LEDGER_LOST,
                                       .seq = seq,
                                       .first = seq,
                                       .reported = TIME_DAY_NONE,
                                       .occurred = TIME_DAY_NONE};
    put_line(writer, &entry, STR(""));
    writer->change->totals.never_published++;
    link->lost++;
}

void ledger_link_line(struct ledger_writer *writer, struct link_task *link, uint64_t seq) {
    struct ledger_entry entry;
    if (!take_line(writer, seq, &entry)) {
        write_lost(writer, link, seq);
        return;
    }
    writer->logged_ms = entry.logged_ms;
    if (entry.kind == LEDGER_TREND_DEPARTED) {
        ledger_link_departed(writer);
        return;
    }
    if (entry.kind == LEDGER_SIGNAL)
        link_signal(writer, link, &entry);
    link_source(writer, &entry);
}

void ledger_link(struct ledger_writer *writer, struct commit_task *task) {
    struct ledger_change *change = writer->change;
    struct link_task *link = (struct link_task *)task;
    uint64_t end = store_last_seq(&writer->txn, STORE_LEDGER);
    end = link->upto > end ? link->upto : end;
    if (change->last_seq == 0) {
        change->first_seq = store_first_seq(&writer->txn, STORE_LEDGER);
        change->last_seq = change->first_seq ? change->first_seq - 1 : 0;
    }
    for (int i = 0; i < LINES_MAX && change->last_seq < end && writer->txn.err.kind == ERR_NONE;
         i++) {
        ledger_link_line(writer, link, change->last_seq + 1);
        change->last_seq++;
    }
    link->more = change->last_seq < end;
    writer->writes = true;
}

// --- statistics that were told outside ---

// That their topic is known is written here: told with the confirmations it would be taken for a
// topic that has none of them.
void ledger_restore(struct ledger_writer *writer, struct commit_task *task) {
    const struct restore_task *restore = (struct restore_task *)task;
    ledger_forget_statistics(writer);
    for (size_t i = 0; i < restore->statistic_count; i++)
        ledger_put_statistic(writer, restore->statistics[i].key, &restore->statistics[i].statistic);
    ledger_put_statistics_state(writer, &restore->state);
    if (restore->partitions)
        ledger_keep_partitions(writer, LEDGER_STATISTICS, restore->partitions);
}
