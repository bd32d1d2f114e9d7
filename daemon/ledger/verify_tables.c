// SPDX-License-Identifier: EUPL-1.2
// What was made from the ledger: outbox, members, counts; and what a daemon has of them in memory.
#include "ledger/verify.h"

#include "codec/record.h"
#include "verify_private.h"

#include <string.h>

enum { FIRST_YEAR = 2000 };

static unsigned long long number(uint64_t value) {
    return value;
}

static bool read_count(struct str value, int64_t *count) {
    if (value.len != sizeof *count)
        return false;
    memcpy(count, value.data, sizeof *count);
    return true;
}

// --- outbox ---

void verify_check_outbox_line(struct verify_scan *scan, const struct ledger_entry *entry) {
    struct verify *verify = scan->verify;
    struct str empty, place;
    int32_t partition;
    int64_t offset;
    bool waits = store_get_seq(&verify->txn, STORE_OUTBOX, entry->seq, &empty);
    bool confirmed = store_get_seq(&verify->txn, STORE_PUBLISHED, entry->seq, &place);
    scan->waiting += waits;
    scan->confirmed += confirmed;
    verify->checks[VERIFY_OUTBOX].compared++;
    if (confirmed && !record_get_published(place, &partition, &offset))
        verify_differ(verify, VERIFY_OUTBOX, "the place of line %llu in Kafka cannot be read",
                      number(entry->seq));
    if (waits && confirmed)
        verify_differ(verify, VERIFY_OUTBOX, "line %llu waits and is confirmed",
                      number(entry->seq));
    if (!waits && !confirmed)
        verify_differ(verify, VERIFY_OUTBOX, "line %llu neither waits nor is confirmed",
                      number(entry->seq));
}

bool verify_waits_to_go(struct verify_scan *scan, uint64_t seq) {
    struct store_txn *txn = &scan->verify->txn;
    struct str list, empty;
    uint64_t listed = 0;
    if (!store_get_seq(txn, STORE_OUTBOX, seq, &empty) ||
        !store_get(txn, STORE_META, STR("erase-waiting"), &list))
        return false;
    for (size_t i = 0; i + sizeof listed <= list.len && listed != seq; i += sizeof listed)
        memcpy(&listed, list.data + i, sizeof listed);
    return listed == seq;
}

static void check_entries(struct verify_scan *scan, enum store_table table, const char *name,
                          uint64_t of_lines) {
    uint64_t entries = store_entries(&scan->verify->txn, table);
    if (entries != of_lines)
        verify_differ(scan->verify, VERIFY_OUTBOX, "%llu entries in %s, and %llu lines",
                      number(entries), name, number(of_lines));
}

// Each line that was ever written was counted, by its verdict or by what made it, except those
// about sources. Of lines that have expired nobody knows any more which they were.
static void check_totals(struct verify_scan *scan) {
    struct verify *verify = scan->verify;
    struct str value;
    struct totals totals = {0};
    uint64_t last = store_get_number(&verify->txn, STORE_META, STR("last-seq"));
    if (store_get(&verify->txn, STORE_META, STR("totals"), &value) &&
        !record_get_totals(value, &totals)) {
        verify_differ(verify, VERIFY_OUTBOX, "the totals cannot be read");
        return;
    }
    uint64_t counted = totals.verdicts[VERDICT_REGISTERED] + totals.verdicts[VERDICT_CORRECTED] +
                       totals.verdicts[VERDICT_WITHDRAWN] + totals.remapped + totals.erased;
    uint64_t of_sources = verify->lines - scan->signal_lines - scan->lost;
    if (counted < scan->signal_lines || counted + of_sources > last)
        verify_differ(verify, VERIFY_OUTBOX, "totals of %llu versions of signals, and %llu lines",
                      number(counted), number(scan->signal_lines));
    if (totals.never_published + verify->lines > last + scan->lost)
        verify_differ(verify, VERIFY_OUTBOX, "%llu lines that were never published",
                      number(totals.never_published));
}

static void check_outbox(struct verify_scan *scan) {
    const struct verify_memory *memory = &scan->verify->memory;
    check_entries(scan, STORE_OUTBOX, "the outbox", scan->waiting);
    check_entries(scan, STORE_PUBLISHED, "the list of what is confirmed", scan->confirmed);
    check_totals(scan);
    if (memory->cube && memory->waiting != store_entries(&scan->verify->txn, STORE_OUTBOX))
        verify_differ(scan->verify, VERIFY_OUTBOX, "the daemon says that %llu lines wait",
                      number(memory->waiting));
}

// --- members ---

// The signal's own version of what a member says, or NULL when the signal has expired.
static const char *find_stray(const struct ledger_entry *entry, uint64_t person,
                              const struct cell *cell) {
    if (!verify_entry_counts(entry))
        return "is with a person and does not count";
    if (entry->person != person)
        return "is with another person";
    return memcmp(&entry->cell, cell, sizeof *cell) == 0 ? NULL
                                                         : "counts elsewhere with its person";
}

static void note_person(struct verify_scan *scan, uint64_t person) {
    if (person > scan->person_max)
        scan->person_max = person;
}

struct member_walk {
    struct verify_scan *scan;
    uint64_t found;
};

static bool on_member(void *ctx, struct str key, struct str value) {
    struct member_walk *walk = ctx;
    struct verify *verify = walk->scan->verify;
    struct digest member;
    struct cell cell;
    struct ledger_entry entry;
    uint64_t person;
    if (!record_get_member(key, &person, &member) || !record_get_cell(value, &cell)) {
        verify_differ(verify, VERIFY_PERSONS, "an entry that cannot be read");
        return true;
    }
    if (!verify_is_in_part(walk->scan, &member))
        return true;
    verify->checks[VERIFY_PERSONS].compared++;
    verify_add_member(&walk->scan->members, person, &member, &cell);
    note_person(walk->scan, person);
    if (!verify_find_latest(walk->scan, &member, &entry)) {
        counts_add(walk->scan->expired_counts, &cell, 1);
        return true;
    }
    const char *stray = find_stray(&entry, person, &cell);
    if (stray)
        verify_differ(verify, VERIFY_PERSONS, "line %llu %s", number(entry.seq), stray);
    walk->found += verify_entry_counts(&entry) && entry.person == person;
    return true;
}

static void on_lead(void *ctx, uint64_t tag, uint64_t seq) {
    struct verify_scan *scan = ctx;
    struct ledger_entry entry;
    struct str value;
    uint8_t key[RECORD_MEMBER];
    (void)tag;
    if (!verify_read_entry(scan, seq, &entry) || !verify_entry_counts(&entry) || !entry.person)
        return;
    if (!store_get(&scan->verify->txn, STORE_MEMBERS,
                   record_put_member(key, entry.person, &entry.identity), &value))
        verify_differ(scan->verify, VERIFY_PERSONS, "line %llu is not with its person",
                      number(seq));
}

// Which signals are not there is looked for only when some are not.
void verify_check_members(struct verify_scan *scan) {
    struct member_walk walk = {.scan = scan};
    store_each(&scan->verify->txn, STORE_MEMBERS, on_member, &walk);
    if (walk.found != scan->with_person)
        leads_each(scan->leads, on_lead, scan);
}

static bool on_pseudonym(void *ctx, struct str key, struct str value) {
    struct verify_scan *scan = ctx;
    struct person_record record;
    if (key.len != DIGEST_BYTES || !record_get_person(value, &record))
        verify_differ(scan->verify, VERIFY_PERSONS, "a pseudonym that leads to nobody");
    else
        note_person(scan, record.person);
    return true;
}

// A number that is given again would make one of two persons.
static void check_persons(struct verify_scan *scan) {
    uint64_t last = store_get_number(&scan->verify->txn, STORE_META, STR("person-last"));
    store_each(&scan->verify->txn, STORE_PERSONS, on_pseudonym, scan);
    if (scan->person_max > last)
        verify_differ(scan->verify, VERIFY_PERSONS,
                      "there is a person %llu, and the last one is %llu", number(scan->person_max),
                      number(last));
}

// --- cells ---

static const char by_lines[] = "by its lines", in_memory[] = "in memory";

// Two numbers of a cell that should be one.
struct unequal {
    const struct cell *cell;
    int64_t table, other;
    const char *where; // the other is
};

static void compare_cell(struct verify *verify, enum verify_check check,
                         const struct unequal *unequal) {
    const struct cell *cell = unequal->cell;
    if (unequal->table == unequal->other)
        return;
    verify_differ(verify, check, "a cell of GM%04u in %u-%02u has %lld, and %lld %s",
                  cell->municipality, FIRST_YEAR + cell->month / 12u, cell->month % 12u + 1,
                  (long long)unequal->table, (long long)unequal->other, unequal->where);
}

static int64_t kept(struct verify *verify, enum store_table table, const struct cell *cell) {
    uint8_t bytes[sizeof *cell];
    return (int64_t)store_get_number(&verify->txn, table, record_put_cell(bytes, cell));
}

bool verify_carries(struct verify_scan *scan, const struct cell *cell) {
    return kept(scan->verify, STORE_EXPIRED_COUNTS, cell) > 0;
}

// What has expired goes on counting.
static bool on_expired_count(void *ctx, struct str key, struct str value) {
    struct verify_scan *scan = ctx;
    struct cell cell;
    int64_t count;
    if (!record_get_cell(key, &cell) || !read_count(value, &count) || count < 0)
        verify_differ(scan->verify, VERIFY_COUNTS, "an expired count that cannot be read");
    else
        counts_add(scan->counts, &cell, count);
    return true;
}

static bool on_count(void *ctx, struct str key, struct str value) {
    struct verify_scan *scan = ctx;
    struct verify *verify = scan->verify;
    struct cell cell;
    int64_t count;
    verify->checks[VERIFY_COUNTS].compared++;
    if (!record_get_cell(key, &cell) || !read_count(value, &count) || count <= 0) {
        verify_differ(verify, VERIFY_COUNTS, "a cell that cannot be read");
        return true;
    }
    compare_cell(verify, VERIFY_COUNTS,
                 &(struct unequal){&cell, count, counts_get(scan->counts, &cell), by_lines});
    if (!verify->memory.cube)
        return true;
    verify->checks[VERIFY_MEMORY].compared++;
    compare_cell(
        verify, VERIFY_MEMORY,
        &(struct unequal){&cell, count, counts_get(verify->memory.cube, &cell), in_memory});
    return true;
}

// What is in the table has been compared.
static void on_recounted(void *ctx, const struct cell *cell, int64_t value) {
    struct verify_scan *scan = ctx;
    if (!kept(scan->verify, STORE_COUNTS, cell))
        compare_cell(scan->verify, VERIFY_COUNTS, &(struct unequal){cell, 0, value, by_lines});
}

static void on_remembered(void *ctx, const struct cell *cell, int64_t value) {
    struct verify_scan *scan = ctx;
    if (!kept(scan->verify, STORE_COUNTS, cell))
        compare_cell(scan->verify, VERIFY_MEMORY, &(struct unequal){cell, 0, value, in_memory});
}

static void on_expired_member(void *ctx, const struct cell *cell, int64_t value) {
    struct verify_scan *scan = ctx;
    int64_t most = kept(scan->verify, STORE_EXPIRED_COUNTS, cell);
    if (value > most)
        compare_cell(scan->verify, VERIFY_PERSONS,
                     &(struct unequal){cell, most, value, "with a person, of expired lines"});
}

// --- memory ---

static void check_sum(struct verify *verify, enum verify_check check,
                      const struct verify_sum *memory, const struct verify_sum *kept_sum) {
    verify->checks[check].compared += kept_sum->count;
    if (memory->count != kept_sum->count)
        verify_differ(verify, check, "%llu entries in memory, %llu on the disk",
                      number(memory->count), number(kept_sum->count));
    else if (memory->sum != kept_sum->sum)
        verify_differ(verify, check, "as many in memory as on the disk, and not the same");
}

void verify_check_tables(struct verify_scan *scan) {
    struct verify *verify = scan->verify;
    struct verify_memory *memory = &verify->memory;
    check_outbox(scan);
    verify_check_statistics(verify);
    verify_check_current(verify);
    check_persons(scan);
    counts_each(scan->expired_counts, on_expired_member, scan);
    store_each(&verify->txn, STORE_EXPIRED_COUNTS, on_expired_count, scan);
    store_each(&verify->txn, STORE_COUNTS, on_count, scan);
    counts_each(scan->counts, on_recounted, scan);
    if (!memory->cube)
        return;
    counts_each(memory->cube, on_remembered, scan);
    check_sum(verify, VERIFY_MEMORY, &memory->persons, &scan->members);
    check_sum(verify, VERIFY_INDEX, &memory->leads, &scan->signals);
}
