// SPDX-License-Identifier: EUPL-1.2
// What is too old goes: one table after the other, a step a commit, so that signals get their turn
// in between. What is exactly as old as its age stays; when the clock goes back nothing is due.
//
// A ledger line goes only when Kafka has it, oldest first; where events do not go to Kafka at all,
// when it is due. When the last line of a signal goes the
// signal is forgotten and goes on counting: its cell moves to the expired counts, and if it is
// about a person with other signals, it stays one of these under a random name. Much later these
// cells lose what they say of victims; sums by municipality, category and month stay.
#include "ledger/ledger.h"

#include "base/mem.h"
#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

enum {
    STEP_REMOVED_MAX = 500,
    STEP_LOOKED_MAX = 5000,
    FIRST_YEAR = 2000, // of cells' months
};

struct expire_step {
    struct ledger_writer *writer;
    struct expire_task *expire;
    size_t to_remove, to_look; // left
    bool searching;            // for a line that says how old others are: see line_is_older
    struct found {
        char key[EXPIRE_KEY_BYTES];
        uint8_t len;
    } found[STEP_REMOVED_MAX]; // entries of a table that are due, in order
    size_t found_count;
};

static bool is_older(const struct expire_step *step, int64_t ms, int64_t age_ms) {
    return ms < step->expire->now_ms - age_ms;
}

static void note_removed(struct expire_step *step) {
    step->to_remove--;
    step->writer->writes = true;
    store_note_removed(&step->writer->txn);
}

static struct str found_key(const struct found *found) {
    return (struct str){found->key, found->len};
}

// --- lines ---

static bool is_waiting(struct expire_step *step, uint64_t seq) {
    struct str empty;
    return step->expire->publishing && store_get_seq(&step->writer->txn, STORE_OUTBOX, seq, &empty);
}

// Where the search of line_is_older is; 0: it has not begun.
static uint64_t place_of_search(const struct expire_step *step) {
    const struct expire_place *at = &step->expire->at;
    uint64_t seq = 0;
    if (at->key_len == sizeof seq)
        memcpy(&seq, at->key, sizeof seq);
    return seq;
}

static void keep_place(struct expire_step *step, uint64_t seq) {
    struct expire_place *at = &step->expire->at;
    memcpy(at->key, &seq, sizeof seq);
    at->key_len = sizeof seq;
}

// A line that was written while the clock was ahead is as old as the next one that was not: it must
// not keep all behind it for years. That one may be far: the next step goes on with the search, and
// what is found serves for all lines before it.
static bool line_is_older(struct expire_step *step, const struct ledger_entry *entry,
                          int64_t age_ms) {
    const int64_t now_ms = step->expire->now_ms;
    const uint64_t last = step->writer->change->last_seq, place = place_of_search(step);
    struct ledger_entry at = *entry;
    if (entry->logged_ms > now_ms && place > entry->seq &&
        !ledger_read_entry(step->writer, place, &at))
        return false;
    for (; at.logged_ms > now_ms && at.seq < last && step->to_look > 0; step->to_look--)
        if (!ledger_read_entry(step->writer, at.seq + 1, &at))
            return false;
    if (at.seq > entry->seq)
        keep_place(step, at.seq);
    step->searching = at.logged_ms > now_ms && at.seq < last;
    return is_older(step, at.logged_ms, age_ms);
}

// An older version is kept as long as a later one waits: if that is erased, what consumers have
// seen must still be known.
static bool line_is_due(struct expire_step *step, const struct ledger_entry *entry) {
    if (!line_is_older(step, entry, step->expire->retention->identity_ms) ||
        is_waiting(step, entry->seq))
        return false;
    return entry->kind != LEDGER_SIGNAL || ledger_is_latest(step->writer, entry) ||
           !is_waiting(step, ledger_latest(step->writer, &entry->identity));
}

static void carry(struct ledger_writer *writer, const struct cell *cell, int64_t more) {
    uint8_t bytes[sizeof *cell];
    struct str key = record_put_cell(bytes, cell);
    int64_t number = (int64_t)store_get_number(&writer->txn, STORE_EXPIRED_COUNTS, key) + more;
    if (number)
        store_put(&writer->txn, STORE_EXPIRED_COUNTS, key,
                  (struct str){(const char *)&number, sizeof number});
    else
        store_delete(&writer->txn, STORE_EXPIRED_COUNTS, key);
}

// A person's only signal is one person with or without a name for it.
static void carry_member(struct ledger_writer *writer, const struct ledger_entry *entry) {
    struct digest name = {{0}};
    bool others = ledger_members(writer, entry->person, 2) > 1;
    ledger_drop_member(writer, entry->person, &entry->identity);
    if (!others)
        return;
    hash_random(name.bytes, sizeof name.bytes);
    ledger_put_member(writer, entry->person, &name, &entry->cell);
    writer->change->carried++;
}

void ledger_keep_expired_count(struct ledger_writer *writer, const struct ledger_entry *entry) {
    if (!entry->counts || entry->erased)
        return;
    carry(writer, &entry->cell, 1);
    if (entry->person)
        carry_member(writer, entry);
}

static void forget_signal(struct expire_step *step, const struct ledger_entry *entry) {
    struct ledger_change *change = step->writer->change;
    ledger_forget_lead(step->writer, entry);
    change->totals.expired += !entry->erased;
    ledger_forget_listed(step->writer, entry);
    ledger_keep_expired_count(step->writer, entry);
}

// One that was never published never will be.
static void drop_event(struct expire_step *step, uint64_t seq) {
    struct str empty;
    if (!store_get_seq(&step->writer->txn, STORE_OUTBOX, seq, &empty))
        return;
    ledger_erase_confirmed(step->writer, seq); // nothing of it waits any more
    store_delete_seq(&step->writer->txn, STORE_OUTBOX, seq);
    step->writer->change->dropped++;
    step->writer->change->totals.never_published++;
}

static bool expire_lines(struct expire_step *step) {
    struct ledger_change *change = step->writer->change;
    struct ledger_entry entry;
    while (!step->expire->keeps_lines && change->first_seq <= change->last_seq &&
           ledger_read_entry(step->writer, change->first_seq, &entry) &&
           line_is_due(step, &entry)) {
        if (step->to_remove == 0)
            return false;
        if (entry.kind == LEDGER_SIGNAL && ledger_is_latest(step->writer, &entry))
            forget_signal(step, &entry);
        drop_event(step, entry.seq);
        store_delete_seq(&step->writer->txn, STORE_LEDGER, entry.seq);
        store_delete_seq(&step->writer->txn, STORE_PUBLISHED, entry.seq);
        change->first_seq = entry.seq + 1;
        note_removed(step);
    }
    return !step->searching;
}

// --- tables of entries ---

struct due_search {
    struct expire_step *step;
    bool (*due)(struct expire_step *step, struct str key, struct str value);
    bool full; // there may be more behind
};

static bool on_entry(void *ctx, struct str key, struct str value) {
    struct due_search *walk = ctx;
    struct expire_step *step = walk->step;
    struct expire_place *at = &step->expire->at;
    if (key.len > sizeof at->key ||
        str_equal(key, (struct str){(const char *)at->key, at->key_len}))
        return true;
    walk->full = step->to_look == 0 || step->found_count == step->to_remove;
    if (walk->full)
        return false;
    step->to_look--;
    memcpy(at->key, key.data, key.len);
    at->key_len = (uint8_t)key.len;
    if (walk->due(step, key, value)) {
        struct found *found = &step->found[step->found_count++];
        memcpy(found->key, key.data, key.len);
        found->len = (uint8_t)key.len;
    }
    return true;
}

// Fills step->found from where the round is; true when that was the table's end.
static bool find_due(struct expire_step *step, enum store_table table,
                     bool (*due)(struct expire_step *step, struct str key, struct str value)) {
    struct due_search walk = {.step = step, .due = due};
    char from[EXPIRE_KEY_BYTES];
    const struct expire_place *at = &step->expire->at;
    memcpy(from, at->key, at->key_len);
    step->found_count = 0;
    store_each_from(&step->writer->txn, table, (struct str){from, at->key_len}, on_entry, &walk);
    return !walk.full;
}

static bool remove_due(struct expire_step *step, enum store_table table,
                       bool (*due)(struct expire_step *step, struct str key, struct str value),
                       uint64_t *entries) {
    bool end = find_due(step, table, due);
    for (size_t i = 0; i < step->found_count; i++) {
        store_delete(&step->writer->txn, table, found_key(&step->found[i]));
        note_removed(step);
    }
    if (entries)
        *entries -= step->found_count;
    return end;
}

// One made with another key as well: it may only be the wrong key of this start.
static bool pseudonym_is_due(struct expire_step *step, struct str key, struct str value) {
    struct person_record record;
    (void)key;
    return record_get_person(value, &record) &&
           is_older(step, record.last_ms, step->expire->retention->identity_ms) &&
           !ledger_is_about_live(step->writer, record.person);
}

static bool expire_pseudonyms(struct expire_step *step) {
    return remove_due(step, STORE_PERSONS, pseudonym_is_due, NULL);
}

static bool quarantined_is_due(struct expire_step *step, struct str key, struct str value) {
    struct quarantine_record entry;
    (void)key;
    return record_get_quarantine(value, &entry, &step->writer->ledger->identity_key) &&
           is_older(step, entry.last_ms, step->expire->retention->quarantine_ms);
}

static bool expire_quarantine(struct expire_step *step) {
    return remove_due(step, STORE_QUARANTINE, quarantined_is_due,
                      &step->writer->change->quarantined);
}

static bool word_is_due(struct expire_step *step, struct str key, struct str value) {
    struct unmapped_record word;
    (void)key;
    return record_get_unmapped(value, &word) &&
           is_older(step, word.last_ms, step->expire->retention->unmapped_ms);
}

static bool expire_words(struct expire_step *step) {
    step->writer->unmapped_source[0] = '\0'; // how many it has is counted anew
    return remove_due(step, STORE_UNMAPPED, word_is_due, &step->writer->change->words);
}

static bool expire_audit(struct expire_step *step) {
    bool more = true;
    if (step->to_remove == 0)
        return false;
    size_t count = ledger_expire_audit(step->writer, step->expire->now_ms,
                                       step->expire->retention->audit_ms, step->to_remove, &more);
    for (; count > 0; count--)
        note_removed(step);
    return !more;
}

// --- cells ---

// The whole month is older than the age.
static bool month_is_over(const struct expire_step *step, const struct cell *cell) {
    int64_t since_ms = step->expire->now_ms - step->expire->retention->cells_ms;
    return cell->month < time_month_of_day(time_amsterdam_day(since_ms)) - 12 * FIRST_YEAR;
}

static struct cell without_victim(const struct cell *cell) {
    struct cell plain = *cell;
    plain.gender = GENDER_UNKNOWN;
    plain.age_group = AGE_UNKNOWN;
    plain.citizenship = CITIZENSHIP_UNKNOWN;
    return plain;
}

static void move_count(struct expire_step *step, const struct cell *cell, int64_t number) {
    const struct cell plain = without_victim(cell);
    carry(step->writer, cell, -number);
    carry(step->writer, &plain, number);
    counts_add(step->writer->change->counts, cell, -number);
    counts_add(step->writer->change->counts, &plain, number);
    note_removed(step);
}

static bool cell_says_more(const struct expire_step *step, const struct cell *cell) {
    const struct cell plain = without_victim(cell);
    return month_is_over(step, cell) && memcmp(&plain, cell, sizeof plain) != 0;
}

// Those of expired signals have names that lead to no line.
static bool member_is_due(struct expire_step *step, struct str key, struct str value) {
    struct digest name;
    struct cell cell;
    uint64_t person;
    return record_get_member(key, &person, &name) && record_get_cell(value, &cell) &&
           cell_says_more(step, &cell) && !ledger_latest(step->writer, &name);
}

static void move_member(struct expire_step *step, const struct found *found) {
    struct digest name;
    struct cell cell;
    struct str value;
    uint64_t person;
    if (!record_get_member(found_key(found), &person, &name) ||
        !store_get(&step->writer->txn, STORE_MEMBERS, found_key(found), &value) ||
        !record_get_cell(value, &cell))
        return;
    const struct cell plain = without_victim(&cell);
    ledger_put_member(step->writer, person, &name, &plain);
    move_count(step, &cell, 1);
}

// Before the cells, each with what it counts: so a cell that has none left can go as a whole.
static bool age_members(struct expire_step *step) {
    struct expire_place *at = &step->expire->at;
    if (!at->key_len)
        at->carried = step->writer->change->carried;
    bool end = find_due(step, STORE_MEMBERS, member_is_due);
    for (size_t i = 0; i < step->found_count; i++)
        move_member(step, &step->found[i]);
    return end;
}

static bool cell_is_due(struct expire_step *step, struct str key, struct str value) {
    struct cell cell;
    (void)value;
    return record_get_cell(key, &cell) && cell_says_more(step, &cell);
}

static void move_cell(struct expire_step *step, const struct found *found) {
    struct cell cell;
    if (record_get_cell(found_key(found), &cell))
        move_count(
            step, &cell,
            (int64_t)store_get_number(&step->writer->txn, STORE_EXPIRED_COUNTS, found_key(found)));
}

static bool age_cells(struct expire_step *step) {
    struct expire_place *at = &step->expire->at;
    if (at->carried != step->writer->change->carried) { // there may be new members
        *at = (struct expire_place){.table = EXPIRE_MEMBERS};
        return false;
    }
    bool end = find_due(step, STORE_EXPIRED_COUNTS, cell_is_due);
    for (size_t i = 0; i < step->found_count; i++)
        move_cell(step, &step->found[i]);
    return end;
}

// What the statistics for outside have told is no longer a change.
static bool moved_is_due(struct expire_step *step, struct str key, struct str value) {
    struct moved moved;
    (void)value;
    return record_get_moved(key, &moved) &&
           ledger_is_told(&step->writer->change->statistics, &moved);
}

static bool expire_moved(struct expire_step *step) {
    return remove_due(step, STORE_MOVED, moved_is_due, NULL);
}

static bool (*const tables[EXPIRE_TABLES])(struct expire_step *step) = {
    [EXPIRE_ENTRIES] = expire_lines,
    [EXPIRE_PSEUDONYMS] = expire_pseudonyms,
    [EXPIRE_QUARANTINE] = expire_quarantine,
    [EXPIRE_UNMAPPED] = expire_words,
    [EXPIRE_AUDIT] = expire_audit,
    [EXPIRE_MEMBERS] = age_members,
    [EXPIRE_CELLS] = age_cells,
    [EXPIRE_MOVED] = expire_moved,
};

void ledger_expire(struct ledger_writer *writer, struct commit_task *task) {
    struct expire_task *expire = (struct expire_task *)task;
    struct expire_step *step = mem_zalloc(1, sizeof *step);
    step->writer = writer;
    step->expire = expire;
    step->to_remove = STEP_REMOVED_MAX;
    step->to_look = STEP_LOOKED_MAX;
    // A commit that is short of room may have to run it again.
    if (!expire->begun)
        expire->begin = expire->at;
    expire->begun = true;
    expire->at = expire->begin;
    memset(expire->removed, 0, sizeof expire->removed);
    expire->more = false;
    while (!expire->more && expire->at.table < EXPIRE_TABLES && writer->txn.err.kind == ERR_NONE) {
        size_t left = step->to_remove;
        expire->more = !tables[expire->at.table](step);
        expire->removed[expire->at.table] += left - step->to_remove;
        if (!expire->more) {
            expire->at.table++;
            expire->at.key_len = 0;
        }
    }
    free(step);
}
