// SPDX-License-Identifier: EUPL-1.2
// The ledger, line by line. Going forward, the latest line of a signal so far is what the next one
// has to follow: so a version that was lost, doubled or moved shows, and what counts at the end is
// what the last ones say. A line may follow one that has expired.
//
// A ledger that was made anew from its events (rebuild.c) may lack versions; and a signal
// that had expired and came again is there twice, of which the older one counts on as expired.
#include "ledger/verify.h"

#include "codec/event_kept.h"
#include "codec/record.h"
#include "verify_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { STEPS = 1024 }; // between two calls of progress

static const struct {
    const char *name, *text;
} checks[VERIFY_CHECKS] = {
    [VERIFY_STORE] = {"store", "every page and every entry is as it was written"},
    [VERIFY_LEDGER] = {"ledger", "lines without gaps, each version behind the last"},
    [VERIFY_EVENTS] = {"events", "each event says what its line says"},
    [VERIFY_COUNTS] = {"counts", "the counts are the sum of the lines"},
    [VERIFY_MEMORY] = {"memory", "the daemon's counts are those on the disk"},
    [VERIFY_INDEX] = {"index", "each signal leads to its latest line"},
    [VERIFY_OUTBOX] = {"outbox", "each line waits for Kafka or is confirmed"},
    [VERIFY_PERSONS] = {"persons", "each signal is with its person"},
    [VERIFY_TOPIC] = {"topic", "the topic has each signal as it stands"},
};

const char *verify_check_name(enum verify_check check) {
    return checks[check].name;
}

const char *verify_check_text(enum verify_check check) {
    return checks[check].text;
}

// --- sums ---

static uint64_t mix(uint64_t z) { // the finaliser of splitmix64
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t mix_digest(const struct digest *digest, uint64_t number) {
    uint64_t halves[2];
    memcpy(halves, digest->bytes, sizeof halves);
    return mix(halves[0] ^ mix(halves[1] ^ mix(number)));
}

void verify_add_lead(struct verify_sum *sum, uint64_t tag, uint64_t seq) {
    sum->count++;
    sum->sum += mix(tag ^ mix(seq));
}

void verify_add_member(struct verify_sum *sum, uint64_t person, const struct digest *member,
                       const struct cell *cell) {
    uint64_t parts[2] = {0, 0};
    memcpy(parts, cell, sizeof *cell);
    sum->count++;
    sum->sum += mix(mix_digest(member, person) ^ mix(parts[0] ^ mix(parts[1])));
}

// --- outcomes ---

void verify_differ(struct verify *verify, enum verify_check check, const char *fmt, ...) {
    struct verify_outcome *outcome = &verify->checks[check];
    if (outcome->differs++)
        return;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(outcome->first, sizeof outcome->first, fmt, args);
    va_end(args);
}

bool verify_is_whole(const struct verify *verify) {
    for (int i = 0; i < VERIFY_CHECKS; i++)
        if (verify->checks[i].differs)
            return false;
    return !verify->ended;
}

// --- lines ---

static unsigned long long number(uint64_t seq) {
    return seq;
}

bool verify_is_in_part(const struct verify_scan *scan, const struct digest *identity) {
    uint64_t bits;
    memcpy(&bits, identity->bytes + sizeof bits, sizeof bits);
    return bits % scan->parts == scan->part;
}

bool verify_entry_counts(const struct ledger_entry *entry) {
    return entry->counts && !entry->erased;
}

bool verify_read_entry(struct verify_scan *scan, uint64_t seq, struct ledger_entry *entry) {
    struct str record, event;
    return store_get_seq(&scan->verify->txn, STORE_LEDGER, seq, &record) &&
           record_get_ledger(record, seq, entry, &event);
}

bool verify_find_latest(struct verify_scan *scan, const struct digest *identity,
                        struct ledger_entry *entry) {
    struct leads_walk walk = {0};
    uint64_t seq;
    while ((seq = leads_next(scan->leads, identity, &walk)) != 0)
        if (verify_read_entry(scan, seq, entry) && digest_equal(&entry->identity, identity))
            return true;
    return false;
}

static bool is_same_source(const struct ledger_entry *a, const struct ledger_entry *b) {
    return str_equal((struct str){a->source, a->source_len},
                     (struct str){b->source, b->source_len});
}

static bool fits_version(const struct verify_scan *scan, const struct ledger_entry *entry,
                         const struct ledger_entry *known) {
    if (known)
        return entry->version == known->version + 1 ||
               (scan->rebuilt && entry->version > known->version);
    return entry->version == 1 ? entry->previous == 0 : entry->previous != 0 || scan->rebuilt;
}

// What is wrong with a version behind the one before it (NULL: that has expired, or there is none).
static const char *find_broken(const struct verify_scan *scan, const struct ledger_entry *entry,
                               const struct ledger_entry *known) {
    if (entry->verdict != (entry->version == 1 ? VERDICT_REGISTERED : VERDICT_CORRECTED) &&
        entry->verdict != VERDICT_WITHDRAWN)
        return "has another verdict than its place allows";
    if (!entry->erased && entry->counts != (entry->verdict != VERDICT_WITHDRAWN))
        return "counts, though it was withdrawn, or does not";
    if (known && entry->previous != known->seq)
        return "does not follow the version before it";
    if (!known && entry->previous >= scan->first_seq)
        return "follows a line that is not there";
    if (!fits_version(scan, entry, known))
        return "has another number of its version";
    if (known ? entry->first != known->first : entry->previous == 0 && entry->first != entry->seq)
        return "names another first version";
    if (known &&
        (entry->key_municipality != known->key_municipality || !is_same_source(entry, known)))
        return "has another source, or another key, than the version before it";
    if (entry->version == 1 && !entry->erased && !scan->rebuilt &&
        entry->key_municipality != entry->cell.municipality)
        return "has another key than its municipality";
    return NULL;
}

static bool is_same_cell(const struct cell *a, const struct cell *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

// What consumers had seen of an erased version is not known here, nor of one that is not there.
static bool fits_previous(const struct event_said *said, const struct ledger_entry *entry,
                          const struct ledger_entry *known) {
    if (known ? known->erased || entry->version != known->version + 1 : entry->version != 1)
        return true;
    if (said->parts.has_previous != (known && ledger_entry_counts(known)))
        return false;
    return !said->parts.has_previous || is_same_cell(&said->parts.previous.cell, &known->cell);
}

// What is wrong with an event; NULL: nothing.
static const char *find_wrong(const struct event_said *said, const struct ledger_entry *entry,
                              const struct ledger_entry *known) {
    if (!digest_equal(&said->entry.identity, &entry->identity) ||
        said->entry.version != entry->version || !is_same_source(&said->entry, entry) ||
        said->entry.cell.source_kind != entry->cell.source_kind)
        return "is about another version";
    if (said->stub != entry->erased)
        return "says what was erased, or nothing";
    if (!entry->erased && said->entry.verdict != entry->verdict)
        return "says another verdict";
    if (!entry->erased &&
        (!is_same_cell(&said->entry.cell, &entry->cell) || said->entry.reported != entry->reported))
        return "counts elsewhere";
    if (!entry->erased &&
        (said->entry.occurred != entry->occurred || said->entry.received_ms != entry->received_ms ||
         said->entry.municipality_today != entry->municipality_today))
        return "says something else";
    return fits_previous(said, entry, known) ? NULL : "has another previous";
}

static const char still_says[] = "says what was erased";

static void check_event(struct verify_scan *scan, const struct ledger_entry *entry, struct str kept,
                        const struct ledger_entry *known) {
    struct event_said said;
    struct err err;
    const char *wrong = "cannot be read";
    if (event_kept_says(kept, entry, &said, &err))
        wrong = find_wrong(&said, entry, known);
    scan->verify->checks[VERIFY_EVENTS].compared++;
    if (!wrong && entry->erased && said.parts.has_previous && !verify_waits_to_go(scan, entry->seq))
        wrong = still_says;
    if (wrong)
        verify_differ(scan->verify, VERIFY_EVENTS, "the event of line %llu %s", number(entry->seq),
                      wrong);
}

static void check_source_event(struct verify_scan *scan, const struct ledger_entry *entry,
                               struct str kept) {
    struct ledger_entry said;
    struct err err;
    int64_t last_signal_ms;
    bool same = event_read_source(event_kept_value(kept), &said, &last_signal_ms, &err) &&
                is_same_source(&said, entry) && is_same_cell(&said.cell, &entry->cell) &&
                said.municipality_today == entry->municipality_today;
    scan->verify->checks[VERIFY_EVENTS].compared++;
    if (!same)
        verify_differ(scan->verify, VERIFY_EVENTS, "the event of line %llu is about another source",
                      number(entry->seq));
}

static void check_trend_event(struct verify_scan *scan, const struct ledger_entry *entry,
                              struct str kept) {
    struct event_departed said;
    struct err err;
    bool same = event_read_departed(event_kept_value(kept), &said, &err) &&
                str_is((struct str){entry->source, entry->source_len}, said.region);
    scan->verify->checks[VERIFY_EVENTS].compared++;
    if (!same)
        verify_differ(scan->verify, VERIFY_EVENTS, "the event of line %llu is about another region",
                      number(entry->seq));
}

// What ledger_write_stub leaves.
static bool is_emptied(const struct ledger_entry *entry) {
    static const struct digest none;
    const struct cell cell = {.source_kind = entry->cell.source_kind};
    return digest_equal(&entry->content, &none) && is_same_cell(&entry->cell, &cell) &&
           entry->reported == TIME_DAY_NONE && entry->occurred == TIME_DAY_NONE &&
           entry->person == 0 && entry->updated_ms == 0 &&
           entry->municipality_today == MUNICIPALITY_UNKNOWN && entry->unknown_count == 0 &&
           entry->id_len == 0;
}

// The signal was erased: what its versions said goes when Kafka has it, if that is kept in mind.
static void check_erased(struct verify_scan *scan, const struct ledger_entry *latest) {
    struct ledger_entry entry = *latest;
    do {
        if (!entry.erased && !verify_waits_to_go(scan, entry.seq))
            verify_differ(scan->verify, VERIFY_EVENTS, "the event of line %llu %s",
                          number(entry.seq), still_says);
    } while (entry.previous >= scan->first_seq && entry.previous < entry.seq &&
             verify_read_entry(scan, entry.previous, &entry));
}

static void count_row(struct verify_scan *scan, const struct ledger_entry *entry, int change) {
    if (!verify_entry_counts(entry))
        return;
    counts_add(scan->counts, &entry->cell, change);
    if (entry->person)
        scan->with_person += (uint64_t)(int64_t)change;
}

// Of a signal that had expired.
static bool begins_anew(struct verify_scan *scan, const struct ledger_entry *entry,
                        const struct ledger_entry *known) {
    return scan->rebuilt && entry->previous == 0 &&
           (!verify_entry_counts(known) || verify_carries(scan, &known->cell));
}

static void check_signal(struct verify_scan *scan, const struct ledger_entry *entry,
                         struct str kept) {
    struct ledger_entry before;
    bool seen = verify_find_latest(scan, &entry->identity, &before);
    const struct ledger_entry *known = seen && !begins_anew(scan, entry, &before) ? &before : NULL;
    const char *broken = find_broken(scan, entry, known);
    if (broken)
        verify_differ(scan->verify, VERIFY_LEDGER, "line %llu %s", number(entry->seq), broken);
    check_event(scan, entry, kept, known);
    if (entry->erased && !is_emptied(entry))
        verify_differ(scan->verify, VERIFY_LEDGER, "line %llu %s", number(entry->seq), still_says);
    if (known && entry->erased && !known->erased)
        check_erased(scan, known);
    if (seen)
        count_row(scan, &before, -1);
    count_row(scan, entry, 1);
    if (seen)
        leads_remove(scan->leads, &entry->identity, before.seq);
    leads_add(scan->leads, &entry->identity, entry->seq);
    scan->signal_lines++;
}

static void check_order(struct verify_scan *scan, uint64_t seq) {
    if (seq != scan->next_seq)
        verify_differ(scan->verify, VERIFY_LEDGER, "line %llu is not there",
                      number(scan->next_seq));
    scan->next_seq = seq + 1;
    scan->verify->checks[VERIFY_LEDGER].compared++;
}

static bool goes_on(struct verify_scan *scan) {
    struct verify *verify = scan->verify;
    if (scan->done++ % STEPS == 0 && verify->progress)
        verify->ended = !verify->progress(verify->ctx, scan->done, scan->total);
    return !verify->ended;
}

static void count_lost(struct verify_scan *scan, uint64_t seq) {
    scan->lost++;
    if (!scan->rebuilt)
        verify_differ(scan->verify, VERIFY_LEDGER, "line %llu is lost", number(seq));
}

static bool on_line(void *ctx, uint64_t seq, struct str record) {
    struct verify_scan *scan = ctx;
    struct ledger_entry entry;
    struct str event;
    if (!goes_on(scan))
        return false;
    if (scan->part == 0)
        check_order(scan, seq);
    if (!record_get_ledger(record, seq, &entry, &event)) {
        if (scan->part == 0)
            verify_differ(scan->verify, VERIFY_LEDGER, "line %llu cannot be read", number(seq));
        return true;
    }
    if (!verify_is_in_part(scan, &entry.identity))
        return true;
    if (entry.kind == LEDGER_LOST)
        count_lost(scan, seq);
    else
        verify_check_outbox_line(scan, &entry);
    if (entry.kind == LEDGER_SIGNAL)
        check_signal(scan, &entry, event);
    else if (entry.kind == LEDGER_TREND_DEPARTED)
        check_trend_event(scan, &entry, event);
    else if (entry.kind != LEDGER_LOST)
        check_source_event(scan, &entry, event);
    return true;
}

static void on_lead(void *ctx, uint64_t tag, uint64_t seq) {
    struct verify_scan *scan = ctx;
    verify_add_lead(&scan->signals, tag, seq);
}

static void run_part(struct verify_scan *scan) {
    struct verify *verify = scan->verify;
    leads_clear(scan->leads);
    scan->with_person = 0;
    store_each_seq(&verify->txn, STORE_LEDGER, scan->first_seq, on_line, scan);
    if (verify->ended)
        return;
    leads_each(scan->leads, on_lead, scan);
    verify_check_members(scan);
}

// How far the ledger goes is kept apart, so a last line that is missing shows too.
static void check_ends(struct verify_scan *scan) {
    struct verify *verify = scan->verify;
    uint64_t last = store_get_number(&verify->txn, STORE_META, STR("last-seq"));
    if (scan->last_seq && last != scan->last_seq)
        verify_differ(verify, VERIFY_LEDGER, "it ends at line %llu and not at %llu",
                      number(scan->last_seq), number(last));
    const struct verify_memory *memory = &verify->memory;
    uint64_t first = scan->first_seq ? scan->first_seq : last + 1;
    if (memory->cube && (memory->first_seq != first || memory->last_seq != last))
        verify_differ(verify, VERIFY_INDEX, "the daemon has lines %llu to %llu",
                      number(memory->first_seq), number(memory->last_seq));
}

static void begin(struct verify_scan *scan) {
    struct verify *verify = scan->verify;
    struct str value;
    uint64_t lines = store_entries(&verify->txn, STORE_LEDGER);
    uint64_t most = verify->identities_max ? verify->identities_max : VERIFY_IDENTITIES_MAX;
    scan->first_seq = scan->next_seq = store_first_seq(&verify->txn, STORE_LEDGER);
    scan->last_seq = store_last_seq(&verify->txn, STORE_LEDGER);
    scan->rebuilt = store_get(&verify->txn, STORE_META, STR("rebuilt"), &value);
    scan->parts = 1 + lines / most;
    scan->total = lines * scan->parts;
    verify->lines = lines;
    for (int i = 0; i < VERIFY_CHECKS; i++)
        verify->checks[i].looked =
            i != VERIFY_TOPIC && (verify->memory.cube || (i != VERIFY_MEMORY && i != VERIFY_INDEX));
}

// What LMDB must not read cannot be compared either.
static bool check_store(struct verify *verify) {
    struct verify_outcome *outcome = &verify->checks[VERIFY_STORE];
    struct err err;
    bool readable;
    outcome->looked = true;
    if (!store_check(&verify->txn, NULL, &readable, &err))
        verify_differ(verify, VERIFY_STORE, "%s", err.text);
    for (int i = 0; readable && i < STORE_TABLES; i++)
        outcome->compared += store_entries(&verify->txn, (enum store_table)i);
    return readable;
}

void verify_run(struct verify *verify) {
    if (!check_store(verify))
        return;
    struct verify_scan scan = {.verify = verify,
                               .leads = leads_create(),
                               .counts = counts_create(),
                               .expired_counts = counts_create()};
    begin(&scan);
    check_ends(&scan);
    for (; scan.part < scan.parts && !verify->ended; scan.part++)
        run_part(&scan);
    verify->signals = scan.signals.count;
    if (!verify->ended) {
        verify_check_tables(&scan);
        verify_check_topic(verify);
    }
    if (verify->txn.err.kind != ERR_NONE)
        verify_differ(verify, VERIFY_LEDGER, "%s", verify->txn.err.text);
    leads_free(scan.leads);
    counts_free(scan.counts);
    counts_free(scan.expired_counts);
}

void verify_free(struct verify *verify) {
    store_abort(&verify->txn);
    counts_free(verify->memory.cube);
    verify->memory.cube = NULL;
}
