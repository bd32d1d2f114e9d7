// SPDX-License-Identifier: EUPL-1.2
// What is held on one signal goes; that it was erased stays known, so that it does not come back.
//
// Each version becomes a stub (nothing but its number), and one more version, the tombstone, tells
// consumers. What they have to be told depends on what they have seen, and that depends on Kafka.
// All versions of a signal go to one partition in order, so those that Kafka has confirmed are the
// first ones, and those that wait are the last ones.
//
//   events go to Kafka   A version that waits may be on its way at this moment, so what leaves is
//                        as it was: it becomes a stub when Kafka confirms it. Consumers will see
//                        every version, so the tombstone's `previous` is the latest one.
//   they do not          No version that waits has left the house: it becomes a stub at once, and
//                        goes out as one if there ever is a Kafka. A stub changes no tally. So the
//                        tombstone's `previous` is the last version that was confirmed.
//
// In both cases there is a `previous` only if that version counted. Example: version 1 (confirmed)
// counts in cell a, version 2 (waits) in cell b. With Kafka a consumer sees +a, -a +b, -b; without:
// +a, nothing, -a. When Kafka has confirmed a tombstone it becomes a stub as well: then the ledger
// says of the signal what is left of it in a tally, nothing.
//
// The numbers of lines that become stubs later are kept under META "erase-waiting".
#include "ledger/ledger.h"

#include "base/mem.h"
#include "codec/event_kept.h"
#include "core/normalise/normalise.h"
#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

static const char waiting_name[] = "erase-waiting";

// --- the list of lines that Kafka has yet to confirm ---

static void append(struct ledger_change *change, uint64_t seq) {
    change->erase_waiting = mem_grow(change->erase_waiting, change->erase_waiting_count,
                                     &change->erase_waiting_cap, sizeof *change->erase_waiting);
    change->erase_waiting[change->erase_waiting_count++] = seq;
}

static void take_list(struct ledger_writer *writer) {
    struct ledger_change *change = writer->change;
    if (change->erase_changed)
        return;
    change->erase_changed = true;
    change->erase_waiting_count = 0;
    for (size_t i = 0; i < writer->ledger->erase_waiting_count; i++)
        append(change, writer->ledger->erase_waiting[i]);
}

static void add_waiting(struct ledger_writer *writer, uint64_t seq) {
    take_list(writer);
    append(writer->change, seq);
}

// False when the line is not in it.
static bool remove_waiting(struct ledger_writer *writer, uint64_t seq) {
    struct ledger_change *change = writer->change;
    const struct ledger *ledger = writer->ledger;
    const uint64_t *list = change->erase_changed ? change->erase_waiting : ledger->erase_waiting;
    size_t count =
        change->erase_changed ? change->erase_waiting_count : ledger->erase_waiting_count;
    size_t i = 0;
    while (i < count && list[i] != seq)
        i++;
    if (i == count)
        return false;
    take_list(writer);
    change->erase_waiting[i] = change->erase_waiting[--change->erase_waiting_count];
    return true;
}

void ledger_load_erase_waiting(struct ledger *ledger, struct store_txn *txn) {
    struct str value;
    if (!store_get(txn, STORE_META, str_from(waiting_name), &value) || value.len == 0)
        return;
    if (value.len % sizeof *ledger->erase_waiting != 0) {
        err_set(&txn->err, ERR_DAMAGED, "the list of erased lines is damaged");
        return;
    }
    ledger->erase_waiting_count = value.len / sizeof *ledger->erase_waiting;
    ledger->erase_waiting = mem_resize(NULL, ledger->erase_waiting_count, sizeof(uint64_t));
    memcpy(ledger->erase_waiting, value.data, value.len);
}

void ledger_flush_erase_waiting(struct ledger_writer *writer) {
    const struct ledger_change *change = writer->change;
    if (!change->erase_changed)
        return;
    if (change->erase_waiting_count)
        store_put(&writer->txn, STORE_META, str_from(waiting_name),
                  (struct str){(const char *)change->erase_waiting,
                               change->erase_waiting_count * sizeof *change->erase_waiting});
    else
        store_delete(&writer->txn, STORE_META, str_from(waiting_name));
}

// --- lines ---

static bool is_confirmed(struct ledger_writer *writer, uint64_t seq) {
    struct str empty;
    return !store_get_seq(&writer->txn, STORE_OUTBOX, seq, &empty);
}

// What every erased line has in common: of the signal nothing but who reported it, which version
// this was, and the key of its partition.
static void empty_row(struct ledger_entry *entry) {
    entry->erased = true;
    entry->how = WITHDRAWN_SAID;
    entry->unknown_said = false;
    entry->updated_ms = 0;
    entry->person = 0;
    entry->content = (struct digest){{0}};
    entry->cell = (struct cell){.source_kind = entry->cell.source_kind};
    entry->reported = entry->occurred = TIME_DAY_NONE;
    entry->municipality_today = MUNICIPALITY_UNKNOWN;
    entry->unknown_count = 0;
    entry->id_len = 0;
}

void ledger_keep_erased(struct ledger_change *change, const struct ledger_entry *entry,
                        const struct municipalities *municipalities,
                        const struct ledger_entry *previous) {
    struct event_parts parts;
    event_make_parts(&parts, municipalities, entry, previous);
    buf_clear(&change->value);
    event_keep(&change->value, &parts);
}

void ledger_write_stub(struct ledger_writer *writer, struct ledger_entry *entry) {
    struct ledger_change *change = writer->change;
    empty_row(entry);
    buf_clear(&change->record);
    ledger_keep_erased(change, entry, NULL, NULL);
    record_put_ledger(&change->record, entry, buf_str(&change->value));
    store_put_seq(&writer->txn, STORE_LEDGER, entry->seq, buf_str(&change->record));
    store_note_removed(&writer->txn);
    writer->writes = true;
}

void ledger_erase_confirmed(struct ledger_writer *writer, uint64_t seq) {
    struct ledger_entry entry;
    if (!remove_waiting(writer, seq) || !ledger_read_entry(writer, seq, &entry))
        return;
    ledger_write_stub(writer, &entry);
}

void ledger_unerase_waiting(struct ledger_writer *writer, uint64_t seq) {
    (void)remove_waiting(writer, seq);
}

void ledger_erase_when_confirmed(struct ledger_writer *writer, uint64_t seq) {
    add_waiting(writer, seq);
}

// --- its versions ---

struct erasing {
    struct ledger_writer *writer;
    struct erase_task *asked;
    struct ledger_entry previous; // what consumers will have seen last; valid when has_previous
    bool has_previous;
    uint64_t *persons; // that versions were about; owned
    size_t person_count, person_cap;
};

static void note_person(struct erasing *erasing, uint64_t person) {
    for (size_t i = 0; i < erasing->person_count; i++)
        if (erasing->persons[i] == person)
            return;
    erasing->persons = mem_grow(erasing->persons, erasing->person_count, &erasing->person_cap,
                                sizeof *erasing->persons);
    erasing->persons[erasing->person_count++] = person;
}

// From the latest version to the oldest that is there.
static void erase_versions(struct erasing *erasing, uint64_t latest) {
    struct ledger_writer *writer = erasing->writer;
    bool looking = true; // for the last version that consumers will have seen
    uint64_t next;
    for (uint64_t seq = latest; seq && seq >= writer->change->first_seq; seq = next) {
        struct ledger_entry entry;
        if (!ledger_read_entry(writer, seq, &entry))
            return;
        next = entry.previous;
        bool confirmed = is_confirmed(writer, seq);
        if (looking && (erasing->asked->publishing || confirmed)) {
            looking = false;
            erasing->previous = entry;
            erasing->has_previous = ledger_entry_counts(&entry);
        }
        if (entry.person)
            note_person(erasing, entry.person);
        if (entry.counts && !entry.remapped) // as ledger_keep_unmapped counts
            ledger_unsay_unmapped(writer, &entry);
        if (!confirmed && erasing->asked->publishing) {
            add_waiting(writer, seq);
            erasing->asked->waiting++;
        } else {
            ledger_write_stub(writer, &entry);
            erasing->asked->erased++;
        }
    }
}

static void write_tombstone(struct erasing *erasing, const struct ledger_entry *latest,
                            const struct tables *tables) {
    struct ledger_writer *writer = erasing->writer;
    struct ledger_change *change = writer->change;
    struct ledger_entry entry = *latest;
    empty_row(&entry);
    entry.seq = change->last_seq + 1;
    entry.previous = latest->seq;
    entry.version = latest->version + 1;
    entry.verdict = VERDICT_WITHDRAWN;
    entry.counts = false;
    entry.remapped = false;
    entry.polled = false;
    entry.received_ms = entry.logged_ms = writer->logged_ms;
    ledger_keep_erased(change, &entry, tables->municipalities,
                       erasing->has_previous ? &erasing->previous : NULL);
    ledger_write_entry(writer, &entry);
    ledger_lead(writer, &entry.identity, entry.seq);
    if (erasing->has_previous)
        add_waiting(writer, entry.seq);
}

// Entries of a table that go once all have been looked at. One that cannot be read may be one of
// them: then nothing goes, and nobody is told that it has.
struct going {
    const struct erasing *erasing;
    const struct digest *identity; // of the quarantine
    struct digest *list;           // their keys; owned
    size_t count, cap;
};

static void note_going(struct going *going, struct str key) {
    going->list = mem_grow(going->list, going->count, &going->cap, sizeof *going->list);
    memcpy(going->list[going->count++].bytes, key.data, DIGEST_BYTES);
}

static void delete_going(struct ledger_writer *commit, enum store_table table,
                         struct going *going) {
    for (size_t i = 0; i < going->count; i++)
        store_delete(&commit->txn, table,
                     (struct str){(const char *)going->list[i].bytes, DIGEST_BYTES});
    free(going->list);
}

static bool on_pseudonym(void *ctx, struct str key, struct str value) {
    struct going *going = ctx;
    struct person_record record;
    if (key.len != DIGEST_BYTES || !record_get_person(value, &record))
        return ledger_cannot_read(going->erasing->writer, "a pseudonym");
    for (size_t i = 0; i < going->erasing->person_count; i++)
        if (going->erasing->persons[i] == record.person)
            note_going(going, key);
    return true;
}

// Of persons that no other signal is about.
static void drop_pseudonyms(struct erasing *erasing) {
    struct ledger_writer *writer = erasing->writer;
    struct going going = {.erasing = erasing};
    size_t count = 0;
    for (size_t i = 0; i < erasing->person_count; i++)
        if (ledger_members(writer, erasing->persons[i], 1) == 0)
            erasing->persons[count++] = erasing->persons[i];
    erasing->person_count = count;
    if (count)
        store_each(&writer->txn, STORE_PERSONS, on_pseudonym, &going);
    delete_going(writer, STORE_PERSONS, &going);
}

// The line as it is, without its person.
static void clear_person(struct ledger_writer *writer, uint64_t seq) {
    struct buf *record = &writer->change->record;
    struct str old;
    if (!store_get_seq(&writer->txn, STORE_LEDGER, seq, &old))
        return;
    buf_clear(record);
    buf_put_str(record, old);
    record_clear_person(record);
    store_put_seq(&writer->txn, STORE_LEDGER, seq, buf_str(record));
}

void ledger_forget_person(struct ledger_writer *writer, const struct ledger_entry *latest) {
    struct erasing erasing = {.writer = writer};
    struct ledger_entry entry;
    uint64_t seq = latest->seq;
    while (seq && seq >= writer->change->first_seq && ledger_read_entry(writer, seq, &entry)) {
        if (entry.person) {
            note_person(&erasing, entry.person);
            clear_person(writer, seq);
        }
        seq = entry.previous;
    }
    if (erasing.person_count)
        store_note_removed(&writer->txn);
    drop_pseudonyms(&erasing);
    free(erasing.persons);
}

// --- the quarantine ---

static bool on_quarantined(void *ctx, struct str key, struct str value) {
    struct going *going = ctx;
    struct ledger_writer *writer = going->erasing->writer;
    struct quarantine_record entry;
    struct digest identity;
    if (key.len != DIGEST_BYTES ||
        !record_get_quarantine(value, &entry, &writer->ledger->identity_key))
        return ledger_cannot_read(writer, "an entry of the quarantine");
    if (entry.id[0] == '\0')
        return true;
    normalise_identity(&writer->ledger->identity_key, str_from(entry.source), str_from(entry.id),
                       &identity);
    if (digest_equal(&identity, going->identity))
        note_going(going, key);
    return true;
}

// What came under the same id and could not be taken. True when there was any.
static bool drop_quarantined(struct ledger_writer *writer, const struct digest *identity) {
    const struct erasing erasing = {.writer = writer};
    struct going going = {.erasing = &erasing, .identity = identity};
    store_each(&writer->txn, STORE_QUARANTINE, on_quarantined, &going);
    delete_going(writer, STORE_QUARANTINE, &going);
    if (going.count == 0)
        return false;
    writer->change->quarantined -= going.count;
    store_note_removed(&writer->txn);
    writer->writes = true;
    return true;
}

// --- a signal ---

// From the latest version to the oldest that is there, all of which consumers have seen.
void ledger_erase_before(struct ledger_writer *writer, const struct digest *identity,
                         uint64_t latest) {
    struct erasing erasing = {.writer = writer};
    uint64_t next;
    for (uint64_t seq = latest; seq && seq >= writer->change->first_seq; seq = next) {
        struct ledger_entry entry;
        if (!ledger_read_entry(writer, seq, &entry))
            break;
        next = entry.previous;
        (void)remove_waiting(writer, seq);
        if (entry.erased)
            continue;
        if (entry.person)
            note_person(&erasing, entry.person);
        if (entry.counts && !entry.remapped)
            ledger_unsay_unmapped(writer, &entry);
        ledger_write_stub(writer, &entry);
    }
    drop_pseudonyms(&erasing);
    (void)drop_quarantined(writer, identity);
    free(erasing.persons);
}

static void erase_signal(struct ledger_writer *writer, struct erase_task *asked,
                         const struct ledger_entry *latest) {
    struct ledger_change *change = writer->change;
    struct erasing erasing = {.writer = writer, .asked = asked};
    erase_versions(&erasing, latest->seq);
    write_tombstone(&erasing, latest, asked->tables);
    ledger_note_moved(writer, (struct str){latest->source, latest->source_len},
                      latest->counts ? &latest->cell : NULL, NULL);
    if (latest->counts)
        counts_add(change->counts, &latest->cell, -1);
    if (latest->counts && latest->person)
        ledger_drop_member(writer, latest->person, &latest->identity);
    ledger_forget_listed(writer, latest);
    drop_pseudonyms(&erasing);
    change->totals.erased++;
    free(erasing.persons);
}

void ledger_erase_again(struct ledger_writer *writer, struct tables *tables,
                        const struct ledger_entry *latest) {
    struct erase_task asked = {.tables = tables, .publishing = true};
    erase_signal(writer, &asked, latest);
}

// It has been erased before: what still waits for Kafka is told again.
static void count_waiting(struct ledger_writer *writer, struct erase_task *asked,
                          const struct ledger_entry *latest) {
    uint64_t seq = latest->previous;
    while (seq && seq >= writer->change->first_seq) {
        struct ledger_entry entry;
        if (!ledger_read_entry(writer, seq, &entry))
            return;
        asked->waiting += !entry.erased;
        seq = entry.previous;
    }
}

// --- on request ---

void ledger_erase(struct ledger_writer *writer, struct commit_task *task) {
    struct erase_task *asked = (struct erase_task *)task;
    struct ledger_entry latest;
    asked->erased = asked->waiting = 0;
    bool quarantined = drop_quarantined(writer, &asked->identity);
    bool known = ledger_find_known(writer, &asked->identity, &latest);
    asked->found = known || quarantined;
    if (known && latest.erased)
        count_waiting(writer, asked, &latest);
    else if (known)
        erase_signal(writer, asked, &latest);
}
