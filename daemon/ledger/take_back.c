// SPDX-License-Identifier: EUPL-1.2
// A ledger that is older than its topic is brought up to it; see the header. All of it is one task,
// so one transaction: there is no moment at which counts, index, outbox and lines disagree.
//
// None of our own lines from the fork on was published: what the topic has under their numbers is
// something else. They are undone from the last to the first, each exactly the other way round than
// it was written, and set aside beside the staged ones. What they say of a signal goes through
// dedup once more, against what the topic has brought: so it becomes a duplicate, a correction or a
// withdrawal with a version and a number that nobody has used. Lines about sources are not written
// again: that a source resumed follows from its signals, that it is silent is looked at each hour.
// Nor are those about trends: that month is tested again.
#include "ledger/take_back.h"

#include "base/mem.h"
#include "codec/event_kept.h"
#include "core/signal/dedup.h"
#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_MAX = 500, RECORD_BYTES_MAX = 32768 };
enum { ASIDE_STANDS = 1, ASIDE_TOMBSTONE = 2, ASIDE_LEFT_STUB = 4 };
static const uint64_t ASIDE = (uint64_t)1 << 63; // beside the number of a line that is set aside

// --- what a record is ---

static bool is_same(const struct ledger_entry *entry, struct str id, struct str time) {
    char said[EVENT_ID_MAX], stamp[TIME_STAMP_MAX];
    event_id(entry, said);
    time_format_stamp(entry->logged_ms, stamp);
    return str_is(id, said) && str_is(time, stamp);
}

static enum ledger_look look(struct store_txn *txn, uint64_t seq, struct str id, struct str time) {
    struct ledger_event line;
    struct str empty;
    if (!ledger_read_event(txn, seq, &line))
        return seq > store_get_number(txn, STORE_META, STR("last-seq")) ? LEDGER_LACKS : LEDGER_HAS;
    bool waits = store_get_seq(txn, STORE_OUTBOX, seq, &empty);
    if (is_same(&line.entry, id, time))
        return waits ? LEDGER_AWAITS : LEDGER_HAS;
    // Of a lost line it is known that it is not ours any more.
    if (line.entry.kind == LEDGER_LOST)
        return LEDGER_HAS;
    return waits ? LEDGER_LACKS : LEDGER_FORKED;
}

enum ledger_look ledger_look_up(struct ledger *ledger, uint64_t seq, struct str id,
                                struct str time) {
    struct store_txn txn;
    store_begin_read(ledger->store, &txn);
    enum ledger_look found = look(&txn, seq, id, time);
    store_abort(&txn);
    return found;
}

// --- staging ---

struct ledger_staging {
    struct ledger *ledger;
    struct staged {
        uint64_t seq;
        struct buf record;
    } list[PIECE_MAX];
    size_t count;
    bool begun; // what was there before is gone
};

struct ledger_staging *ledger_staging_begin(struct ledger *ledger) {
    struct ledger_staging *staging = mem_zalloc(1, sizeof *staging);
    staging->ledger = ledger;
    return staging;
}

bool ledger_staging_add(struct ledger_staging *staging, const struct ledger_found *found,
                        struct err *err) {
    struct staged *staged = &staging->list[staging->count++];
    struct ledger_entry entry = found->entry;
    entry.first = entry.seq;
    staged->seq = entry.seq;
    buf_init(&staged->record, RECORD_BYTES_MAX);
    record_put_ledger(&staged->record, &entry, found->kept);
    return staging->count < PIECE_MAX || ledger_staging_flush(staging, err);
}

static void drop_staged(struct ledger_staging *staging) {
    for (size_t i = 0; i < staging->count; i++)
        buf_free(&staging->list[i].record);
    staging->count = 0;
}

// Between two commits, which wait for it as for each other.
bool ledger_staging_flush(struct ledger_staging *staging, struct err *err) {
    struct store_txn txn;
    if (staging->begun && staging->count == 0)
        return true;
    store_begin(staging->ledger->store, &txn);
    if (!staging->begun)
        store_clear(&txn, STORE_STAGED);
    staging->begun = true;
    for (size_t i = 0; i < staging->count; i++)
        store_put_seq(&txn, STORE_STAGED, staging->list[i].seq, buf_str(&staging->list[i].record));
    drop_staged(staging);
    if (!ledger_leaves_reserve(&txn))
        err_set(&txn.err, ERR_RETRY,
                "state is full: what the topic has needs room, so make its size_max larger");
    return store_commit(&txn, err);
}

void ledger_staging_free(struct ledger_staging *staging) {
    if (!staging)
        return;
    drop_staged(staging);
    free(staging);
}

// --- our own lines, undone ---

struct undoing {
    struct ledger_writer *writer;
    struct index *seen; // identities of lines that have been undone
};

static bool is_counted(const struct ledger_entry *entry) {
    return entry->counts && !entry->erased;
}

// The version before, as it stands; false: there is none, or it has expired.
static bool find_previous(struct ledger_writer *writer, const struct ledger_entry *entry,
                          struct ledger_entry *previous) {
    *previous = (struct ledger_entry){.identity = entry->identity};
    return entry->previous >= writer->change->first_seq && entry->previous > 0 &&
           ledger_read_entry(writer, entry->previous, previous);
}

// A signal that was erased here counts again as far as it still says something: what had been
// published is a stub already.
static void undo_tombstone(struct ledger_writer *writer, const struct ledger_entry *entry,
                           const struct ledger_entry *previous) {
    struct ledger_entry version = *previous, before;
    ledger_unerase_waiting(writer, entry->seq);
    while (version.seq && !version.erased) {
        ledger_unerase_waiting(writer, version.seq);
        (void)find_previous(writer, &version, &before);
        version = before;
    }
    if (!is_counted(previous))
        return;
    ledger_note_moved(writer, (struct str){previous->source, previous->source_len}, NULL,
                      &previous->cell);
    counts_add(writer->change->counts, &previous->cell, 1);
    if (previous->person)
        ledger_put_member(writer, previous->person, &previous->identity, &previous->cell);
}

static void undo_counts(struct ledger_writer *writer, const struct ledger_entry *entry,
                        const struct ledger_entry *previous) {
    ledger_note_moved(writer, (struct str){entry->source, entry->source_len},
                      is_counted(entry) ? &entry->cell : NULL,
                      is_counted(previous) ? &previous->cell : NULL);
    if (is_counted(entry))
        counts_add(writer->change->counts, &entry->cell, -1);
    if (is_counted(previous))
        counts_add(writer->change->counts, &previous->cell, 1);
    ledger_move_member(writer, entry, previous);
}

// What a line was counted as since the ledger began.
static uint64_t *find_total(struct ledger_writer *writer, const struct ledger_entry *entry,
                            uint8_t flags) {
    struct totals *totals = &writer->change->totals;
    if (flags & ASIDE_TOMBSTONE)
        return &totals->erased;
    return entry->remapped ? &totals->remapped : &totals->verdicts[entry->verdict];
}

// Returns what its second writing has to know.
static uint8_t undo_signal(struct undoing *undoing, struct ledger_entry *entry) {
    struct ledger_writer *writer = undoing->writer;
    struct ledger_entry previous;
    bool follows = find_previous(writer, entry, &previous);
    bool tombstone = entry->erased && index_get(undoing->seen, &entry->identity) == 0;
    bool stands = follows && is_counted(entry) && !previous.counts;
    index_put(undoing->seen, &entry->identity, entry->seq);
    ledger_lead(writer, &entry->identity, follows ? previous.seq : LEDGER_UNKNOWN);
    if (tombstone)
        undo_tombstone(writer, entry, &previous);
    if (!entry->erased)
        undo_counts(writer, entry, &previous);
    // It never falls, so what a version only carries on is no time that it said.
    if (follows && previous.updated_ms == entry->updated_ms)
        entry->updated_ms = 0;
    uint8_t flags = (uint8_t)((stands ? ASIDE_STANDS : 0) | (tombstone ? ASIDE_TOMBSTONE : 0) |
                              (previous.erased && previous.counts ? ASIDE_LEFT_STUB : 0));
    --*find_total(writer, entry, flags);
    return flags;
}

static void set_aside(struct ledger_writer *writer, const struct ledger_entry *entry,
                      uint8_t flags) {
    struct ledger_change *change = writer->change;
    buf_clear(&change->record);
    buf_put(&change->record, &flags, sizeof flags);
    record_put_ledger(&change->record, entry, buf_str(&change->value));
    store_put_seq(&writer->txn, STORE_STAGED, ASIDE | entry->seq, buf_str(&change->record));
}

static bool undo_line(struct undoing *undoing, uint64_t seq) {
    struct ledger_writer *writer = undoing->writer;
    struct ledger_event line;
    if (!ledger_read_event(&writer->txn, seq, &line))
        return err_set(&writer->txn.err, ERR_FATAL,
                       "the ledger is damaged: unreadable line at %llu", (unsigned long long)seq);
    struct ledger_entry entry = line.entry;
    if (line.published)
        return err_set(&writer->txn.err, ERR_RETRY,
                       "line %llu was published, and lines before it are others in the topic: two "
                       "daemons have written with this ledger. Move it away and run signaald "
                       "--rebuild --partial",
                       (unsigned long long)seq);
    buf_clear(&writer->change->value);
    buf_put_str(&writer->change->value, line.kept);
    if (entry.kind == LEDGER_LOST) {
        writer->change->totals.never_published--;
    } else if (entry.kind == LEDGER_SIGNAL) {
        uint8_t flags = undo_signal(undoing, &entry);
        set_aside(writer, &entry, flags);
    } else if (entry.kind == LEDGER_TREND_DEPARTED) {
        ledger_untell_departed(writer);
    } else {
        ledger_untell_source(writer, &entry);
    }
    writer->change->dropped += entry.kind != LEDGER_LOST;
    store_delete_seq(&writer->txn, STORE_LEDGER, seq);
    store_delete_seq(&writer->txn, STORE_OUTBOX, seq);
    return true;
}

static void undo_lines(struct ledger_writer *writer, uint64_t fork) {
    struct ledger_change *change = writer->change;
    struct undoing undoing = {writer, index_create()};
    while (change->last_seq >= fork && writer->txn.err.kind == ERR_NONE &&
           undo_line(&undoing, change->last_seq))
        change->last_seq--;
    index_free(undoing.seen);
}

// --- what the topic has ---

static uint64_t last_staged(struct ledger_writer *writer) {
    struct store_cursor cursor;
    struct str value;
    uint64_t seq, last = 0;
    store_cursor_open(&cursor, &writer->txn, STORE_STAGED, 1);
    while (store_cursor_next(&cursor, &seq, &value) && seq < ASIDE)
        last = seq;
    store_cursor_close(&cursor);
    return last;
}

static void take_line(struct ledger_writer *writer, struct link_task *link, uint64_t seq) {
    struct ledger_change *change = writer->change;
    struct str record;
    if (store_get_seq(&writer->txn, STORE_STAGED, seq, &record)) {
        buf_clear(&change->record);
        buf_put_str(&change->record, record);
        store_put_seq(&writer->txn, STORE_LEDGER, seq, buf_str(&change->record));
        store_put_seq(&writer->txn, STORE_OUTBOX, seq, STR(""));
        change->added++;
    }
    ledger_link_line(writer, link, seq);
    change->last_seq = seq;
}

static void take_lines(struct ledger_writer *writer, struct take_back_task *asked, uint64_t fork,
                       uint64_t last) {
    struct ledger_change *change = writer->change;
    struct link_task link = {.from = fork};
    int64_t now_ms = writer->logged_ms;
    if (change->last_seq == 0) {
        change->first_seq = fork;
        change->last_seq = fork - 1;
    }
    uint64_t before = change->last_seq;
    if (fork - before > LEDGER_MISSING_MAX)
        err_set(&writer->txn.err, ERR_RETRY,
                "the topic lacks %llu events that come before those it has: it is too young for "
                "this ledger. Move the ledger away and run signaald --rebuild --partial",
                (unsigned long long)(fork - before - 1));
    for (uint64_t seq = before + 1; seq <= last && writer->txn.err.kind == ERR_NONE; seq++)
        take_line(writer, &link, seq);
    asked->lost = link.lost;
    asked->taken = last - before - link.lost;
    writer->logged_ms = now_ms;
}

// --- our own, behind it ---

static void put_again(struct ledger_writer *writer, struct ledger_entry *entry) {
    ledger_write_entry(writer, entry);
    ledger_lead(writer, &entry->identity, entry->seq);
}

static bool tells_anything(struct str kept, const struct ledger_entry *entry, bool tombstone) {
    struct event_said said;
    struct err ignored;
    if (!event_kept_says(kept, entry, &said, &ignored))
        return false;
    return said.parts.has_previous || !(tombstone || said.stub);
}

// Of a signal that was erased here, and of which the topic has brought nothing since: its lines are
// as they were, with other numbers. What it counted has gone already.
static void write_erased(struct ledger_writer *writer, struct ledger_entry *entry,
                         const struct ledger_entry *latest, uint8_t flags) {
    entry->seq = writer->change->last_seq + 1;
    entry->previous = latest->seq;
    entry->first = latest->first;
    entry->logged_ms = writer->logged_ms;
    if (tells_anything(buf_str(&writer->change->value), entry, flags & ASIDE_TOMBSTONE))
        ledger_erase_when_confirmed(writer, entry->seq);
    put_again(writer, entry);
    ++*find_total(writer, entry, flags);
}

// Nobody was told of the signal; that it was erased stays known.
static void write_unseen_tombstone(struct ledger_writer *writer, struct ledger_entry *entry) {
    struct ledger_change *change = writer->change;
    entry->seq = entry->first = change->last_seq + 1;
    entry->previous = 0;
    entry->version = 1;
    entry->logged_ms = writer->logged_ms;
    ledger_keep_erased(change, entry, NULL, NULL);
    put_again(writer, entry);
    change->totals.erased++;
}

// It was erased here, and had been forgotten in the topic before it came there again: as forgotten
// it goes on counting. What it counted is said by the first event that follows it here.
static void count_forgotten(struct ledger_writer *writer, const struct ledger_entry *next) {
    struct event_said said;
    struct err ignored;
    if (!event_kept_says(buf_str(&writer->change->value), next, &said, &ignored) ||
        !said.parts.has_previous)
        return;
    const struct ledger_entry forgotten = {.counts = true, .cell = said.parts.previous.cell};
    ledger_keep_expired_count(writer, &forgotten);
    counts_add(writer->change->counts, &forgotten.cell, 1);
    ledger_note_moved(writer, (struct str){next->source, next->source_len}, NULL, &forgotten.cell);
}

static void erase_again(struct ledger_writer *writer, struct take_back_task *asked,
                        struct ledger_entry *entry, const struct ledger_entry *known) {
    if (!known)
        write_unseen_tombstone(writer, entry);
    else if (!known->erased)
        ledger_erase_again(writer, asked->tables, known);
}

static struct signal as_delivered(const struct ledger_entry *entry, uint8_t flags,
                                  const char *as_reported) {
    struct signal signal = {.identity = entry->identity,
                            .content = entry->content,
                            .id_len = entry->id_len,
                            .stands = flags & ASIDE_STANDS,
                            .withdrawn = entry->verdict == VERDICT_WITHDRAWN,
                            .how = entry->how,
                            .reported = entry->reported,
                            .undated = entry->undated,
                            .occurred = entry->occurred,
                            .municipality_today = entry->municipality_today,
                            .as_reported = as_reported,
                            .updated_ms = entry->updated_ms,
                            .updated_upto_ms = entry->updated_ms,
                            .unknown_count = entry->unknown_count,
                            .unknown_said = entry->unknown_said,
                            .cell = entry->cell};
    memcpy(signal.id, entry->id, entry->id_len);
    memcpy(signal.unknown, entry->unknown, sizeof signal.unknown);
    return signal;
}

// Other tables gave the same content another meaning: that is said again where it still is news.
static bool is_remapped_again(const struct ledger_entry *entry, const struct ledger_entry *known) {
    return known && is_counted(known) && digest_equal(&known->content, &entry->content) &&
           memcmp(&known->cell, &entry->cell, sizeof entry->cell) != 0;
}

static void drop_again(struct ledger_writer *writer, const struct ledger_entry *entry,
                       const struct ledger_entry *known, const struct signal *signal) {
    if (entry->remapped)
        return;
    writer->change->totals.verdicts[VERDICT_DUPLICATE]++;
    if (entry->counts)
        ledger_unsay_unmapped(writer, entry);
    if (known && dedup_is_seen_later(known, signal))
        ledger_keep_later_time(writer, known, signal);
}

static void write_again(struct ledger_writer *writer, const struct take_back_task *asked,
                        const struct ledger_entry *old, const struct ledger_entry *known,
                        const struct signal *signal, enum verdict verdict) {
    struct totals *totals = &writer->change->totals;
    const struct dedup_origin origin = {.source = {old->source, old->source_len},
                                        .polled = old->polled,
                                        .received_ms = old->received_ms,
                                        .logged_ms = writer->logged_ms};
    struct ledger_entry entry;
    dedup_entry(known, signal, verdict, writer->change->last_seq + 1, &origin, &entry);
    entry.remapped = old->remapped;
    if (entry.counts)
        entry.person = old->person;
    ledger_write_signal(writer, &entry, known, asked->tables, signal->as_reported);
    *(entry.remapped ? &totals->remapped : &totals->verdicts[verdict]) += 1;
    const struct source *source = sources_find(asked->sources, origin.source);
    if (source && !entry.remapped && ledger_entry_counts(&entry))
        ledger_note_news(writer, source, asked->tables, &entry);
}

static void deliver_again(struct ledger_writer *writer, const struct take_back_task *asked,
                          const struct ledger_entry *entry, const struct ledger_entry *known,
                          uint8_t flags) {
    char spelling[EVENT_SPELLING_MAX];
    bool spelt = event_kept_spelling(buf_str(&writer->change->value), entry, spelling);
    struct signal signal = as_delivered(entry, flags, spelt ? spelling : NULL);
    if (known)
        ledger_keep_day(asked->tables, sources_find(asked->sources, str_from(entry->source)),
                        entry->received_ms, known, &signal);
    enum verdict verdict = dedup_classify(known, &signal);
    if (entry->remapped)
        verdict = is_remapped_again(entry, known) ? VERDICT_CORRECTED : VERDICT_DUPLICATE;
    if (verdict == VERDICT_DUPLICATE)
        drop_again(writer, entry, known, &signal);
    else
        write_again(writer, asked, entry, known, &signal, verdict);
}

struct following {
    struct ledger_writer *writer;
    struct take_back_task *asked;
    uint64_t fork;
    struct index *erased; // signals of which the topic has brought nothing, and which are erased
};

static void follow_signal(struct following *following, struct ledger_entry *entry, uint8_t flags) {
    struct ledger_writer *writer = following->writer;
    struct ledger_entry latest;
    bool seen = ledger_find_known(writer, &entry->identity, &latest);
    const struct ledger_entry *known = seen ? &latest : NULL;
    if (flags & ASIDE_LEFT_STUB && known && known->first != entry->first)
        count_forgotten(writer, entry);
    if (known && known->erased && known->seq < following->fork)
        index_put(following->erased, &entry->identity, known->seq);
    if (known && index_get(following->erased, &entry->identity))
        write_erased(writer, entry, known, flags);
    else if (flags & ASIDE_TOMBSTONE)
        erase_again(writer, following->asked, entry, known);
    else if (!entry->erased)
        deliver_again(writer, following->asked, entry, known, flags);
    else
        writer->change->totals.verdicts[VERDICT_DUPLICATE]++;
}

static bool follow_line(struct following *following, uint64_t key) {
    struct ledger_writer *writer = following->writer;
    struct ledger_entry entry;
    struct str record, event;
    if (!store_get_seq(&writer->txn, STORE_STAGED, key, &record) || record.len < 1 ||
        !record_get_ledger((struct str){record.data + 1, record.len - 1}, key - ASIDE, &entry,
                           &event))
        return err_set(&writer->txn.err, ERR_FATAL, "what was set aside cannot be read");
    uint8_t flags = (uint8_t)record.data[0];
    uint64_t before = writer->change->last_seq;
    buf_clear(&writer->change->value);
    buf_put_str(&writer->change->value, event);
    follow_signal(following, &entry, flags);
    *(writer->change->last_seq > before ? &following->asked->behind : &following->asked->dropped) +=
        1;
    return true;
}

static uint64_t next_aside(struct ledger_writer *writer, uint64_t from) {
    struct store_cursor cursor;
    struct str value;
    uint64_t key = 0;
    store_cursor_open(&cursor, &writer->txn, STORE_STAGED, from);
    if (!store_cursor_next(&cursor, &key, &value))
        key = 0;
    store_cursor_close(&cursor);
    return key;
}

static void follow_lines(struct ledger_writer *writer, struct take_back_task *asked,
                         uint64_t fork) {
    struct following following = {writer, asked, fork, index_create()};
    uint64_t key = ASIDE;
    while (writer->txn.err.kind == ERR_NONE && (key = next_aside(writer, key)) != 0 &&
           follow_line(&following, key))
        key++;
    index_free(following.erased);
}

void ledger_take_back(struct ledger_writer *writer, struct commit_task *task) {
    struct take_back_task *asked = (struct take_back_task *)task;
    uint64_t fork = store_first_seq(&writer->txn, STORE_STAGED);
    asked->taken = asked->lost = asked->behind = asked->dropped = 0;
    if (fork == 0)
        return;
    uint64_t last = last_staged(writer);
    undo_lines(writer, fork);
    if (writer->txn.err.kind == ERR_NONE)
        take_lines(writer, asked, fork, last);
    follow_lines(writer, asked, fork);
    store_clear(&writer->txn, STORE_STAGED);
    // So that a verify does not take for damage what could not be found: see verify.c.
    store_put(&writer->txn, STORE_META, STR("rebuilt"), STR("1"));
    writer->writes = true;
}
