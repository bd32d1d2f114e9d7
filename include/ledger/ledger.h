// SPDX-License-Identifier: EUPL-1.2
// The ledger: what is durable (the store) and what is kept of it in memory for speed (identity
// index, count cube, totals). One group of tasks at a time runs in one
// transaction; memory follows only after the disk has it. So what is in memory is always what a
// restart would find.
//
//   loop    ledger_group_add …            collect
//   worker  ledger_commit                 classify, write, sync: reads the memory, changes none of
//   it loop    ledger_apply                  take over what was written
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "codec/departed.h"
#include "core/cube/coverage.h"
#include "core/person/persons.h"
#include "edge/kafka/ack.h"
#include "edge/store/store.h"
#include "ledger/delivery.h"
#include "ledger/tasks.h"

struct ledger;

struct ledger_options {
    const char *dir;
    uint64_t bytes_max;
    const char *identity_key_file;        // NULL: <dir>/identity.key, made when missing
    const char *person_key_file;          // NULL: <dir>/person.key, made when missing
    const char *person_previous_key_file; // NULL: none
    int64_t window_ms;         // persons are linked within it; how long a pseudonym is kept
    const char *topic;         // of the events; offsets are kept for these topics
    const char *counts_topic;  // of the statistics; NULL: none
    const char *current_topic; // of the signals as they stand; NULL: none
};
// Opens the store and reads it all: index, counts, totals. FATAL when the ledger contradict
// themselves.
struct ledger *ledger_open(const struct ledger_options *options, struct err *err) MUST_CHECK;
void ledger_close(struct ledger *ledger); // NULL is fine

// What goes to Kafka: each has a topic and an outbox of its own.
enum ledger_topic { LEDGER_EVENTS, LEDGER_STATISTICS, LEDGER_CURRENT, LEDGER_TOPICS };

// What one commit holds. Zero it, fill it, commit, apply, reuse after ledger_group_clear.
struct ledger_group {
    struct commit_task *tasks; // a list by `next`
    struct ledger_confirmed {
        struct publish_ack *acks;
        size_t ack_count, ack_cap;
        int32_t partitions; // to be kept as the count in force; 0: no change
    } confirmed[LEDGER_TOPICS];
    bool force_sync; // write the totals, whatever else there is: shows whether the disk takes it
    // made by ledger_commit
    struct err err;
    struct err refused; // some tasks were, for want of room: their own err says it too
    bool wrote;         // false: nothing but duplicates and refusals, so nothing had to be written
    struct ledger_change *change;
};
void ledger_group_clear(struct ledger_group *group); // tasks are the caller's
void ledger_group_free(struct ledger_group *group);

// Sets group->err; on success each item has its verdict. logged_ms: now. What Kafka confirmed is
// kept whatever becomes of the tasks beside it: where the room is short they are refused.
void ledger_commit(struct ledger *ledger, struct ledger_group *group, int64_t logged_ms);
// After ledger_commit, on the loop, only when group->err.kind is ERR_NONE.
void ledger_apply(struct ledger *ledger, struct ledger_group *group);

// Another window_ms, from the next commit on.
void ledger_use_window(struct ledger *ledger, int64_t window_ms);

// What is in force. Loop only.
const struct hash_key *ledger_identity_key(const struct ledger *ledger);
const struct digest *
ledger_key_check(const struct ledger *ledger); // made with it: tells it from others
void ledger_check_of_key(const struct hash_key *key, struct digest *check);
const struct person_keys *ledger_person_keys(const struct ledger *ledger);
const struct counts *ledger_counts(const struct ledger *ledger);
const struct persons *ledger_persons(const struct ledger *ledger);
const struct totals *ledger_totals(const struct ledger *ledger);
uint64_t ledger_last_seq(const struct ledger *ledger);      // = events ever accepted
uint64_t ledger_first_seq(const struct ledger *ledger);     // of the oldest line that is kept
uint64_t ledger_unpublished(const struct ledger *ledger);   // in the outbox
int64_t ledger_last_commit_ms(const struct ledger *ledger); // 0: none since the start
// When the first line of the outbox was accepted; 0: nothing waits.
int64_t ledger_oldest_waiting_ms(struct ledger *ledger);
const char *ledger_id(const struct ledger *ledger); // this ledger's random name, in hex
// The last record of a partition that is known to be ours; offset -1: none.
struct publish_ack ledger_last_known(const struct ledger *ledger, enum ledger_topic topic,
                                     int32_t partition);
int32_t ledger_partitions(const struct ledger *ledger, enum ledger_topic topic); // 0: not yet known
void ledger_usage(const struct ledger *ledger, struct store_usage *usage);
// See store_copy; any thread.
bool ledger_copy(struct ledger *ledger, const struct store_copy_order *order,
                 struct store_copied *copy, struct err *err) MUST_CHECK;
// What of it is kept free: room to keep what Kafka confirms. Whatever else would take of it is
// refused; see struct ledger_group.
uint64_t ledger_reserve(const struct ledger *ledger);
// Do events go to Kafka? Once they have, what it has not confirmed may be there all the same.
bool ledger_publishes(const struct ledger *ledger, bool configured);
uint64_t ledger_backlog_bytes(const struct ledger *ledger); // of lines that Kafka has not confirmed
uint64_t ledger_audit_bytes(const struct ledger *ledger);
bool ledger_feed(struct ledger *ledger, struct str source,
                 struct feed_record *feed); // false: nothing known

// The municipalities' own sources, in the order of the source table, with what the disk has of
// them; any thread. `list` has room for all sources. The number of them.
size_t ledger_coverage_sources(struct ledger *ledger, const struct sources *sources,
                               struct coverage_source *list);

// Calls fn for each file of the source's folder that was read, with its time.
void ledger_files(struct ledger *ledger, struct str source,
                  void (*fn)(void *ctx, const struct digest *file, int64_t ms), void *ctx);
// How many whole polls in a row of its source's complete list lacked the signal. False: no such
// list brought it, or it does not count.
bool ledger_listed(struct ledger *ledger, const struct ledger_entry *entry, uint32_t *lacked);

// The counts as they are on the disk, cell by cell, and then of each person with more than one
// signal (`alone`: of each person; linked NULL: not) where these are; any thread, beside commits.
// So are ledger_feed, ledger_event_at and the functions ledger_each_… below. False: it cannot be
// read.
struct ledger_cube_reader {
    void (*cell)(void *ctx, const struct cell *cell, int64_t number);
    void (*linked)(void *ctx, uint64_t person, const struct cell *cell);
    bool alone;
};
bool ledger_each_cell(struct ledger *ledger, const struct ledger_cube_reader *reader,
                      void *ctx) MUST_CHECK;

// The quarantine, by number. At most so many entries are kept, of all and of one source; further
// ones are only counted (totals.not_quarantined).
enum { LEDGER_QUARANTINE_MAX = 10000, LEDGER_QUARANTINE_SOURCE_MAX = 1000 };
void ledger_each_quarantined(struct ledger *ledger,
                             bool (*fn)(void *ctx, const struct quarantine_record *entry),
                             void *ctx);
uint64_t ledger_quarantined(const struct ledger *ledger); // entries

// Words that the tables lack, most often used first. At most so many are kept, of all and of one
// source; further ones are only counted (totals.unmapped_not_kept).
enum { LEDGER_UNMAPPED_MAX = 10000, LEDGER_UNMAPPED_SOURCE_MAX = 500 };
uint64_t ledger_unmapped(const struct ledger *ledger); // entries
void ledger_each_unmapped(struct ledger *ledger,
                          bool (*fn)(void *ctx, const struct unmapped_record *word), void *ctx);

// The audit log: who did or read what, each line chained to the one before by a keyed digest, so
// that a changed or missing line is found.
struct ledger_audit_line {
    uint64_t number; // 1..
    struct str text; // JSON members without braces; absent: it is no longer readable
    const struct digest *mac;
    bool linked; // it follows the line before it; false: one of them was changed or is missing
};
uint64_t ledger_audit_last(const struct ledger *ledger); // number of the last line; 0: none
const struct digest *ledger_audit_mac(const struct ledger *ledger); // its digest
void ledger_each_audited(struct ledger *ledger, uint64_t from,
                         bool (*fn)(void *ctx, const struct ledger_audit_line *line), void *ctx);

// Statistics that may be told outside. They stay as they are until a month closes.
const struct statistics_record *ledger_statistics_state(const struct ledger *ledger);
// For Kafka; 0 without a topic of statistics.
uint64_t ledger_statistics_unpublished(const struct ledger *ledger);
uint64_t ledger_waits_for(const struct ledger *ledger, enum ledger_topic topic); // any of the three
// Current records that Kafka has not confirmed, and lines that are to be told anew.
uint64_t ledger_current_unpublished(const struct ledger *ledger);
// As they are on the disk at one moment: how far they are, in *state, before the first of them;
// then each, in order of their keys.
void ledger_each_statistic(struct ledger *ledger, struct statistics_record *state,
                           bool (*fn)(void *ctx, struct str key,
                                      const struct statistic_record *statistic),
                           void *ctx);
// Can statistics of this rounding base follow those that have been told? One that neither divides
// theirs nor is a multiple of it would round differently, and both together narrow a statistic
// down.
bool ledger_statistics_fit(const struct ledger *ledger, uint32_t rounding_base,
                           struct err *err) MUST_CHECK;

// What departs from its trend, as of the last test and as they are on the disk at one moment: how
// far the tests are, in *state, before the first; then each, in order of their keys, with the last
// month of the test that first found it and its value (codec/departed.h).
void ledger_each_departed(struct ledger *ledger, struct departed_state *state,
                          bool (*fn)(void *ctx, uint16_t since, struct str value), void *ctx);

// One line of the ledger with its event and where it was published. Strings are borrowed until the
// call ends.
struct ledger_event {
    struct ledger_entry entry;
    struct str kept;  // what the line keeps of its event, see codec/event_kept.h
    struct str event; // its value
    bool published;
    int32_t partition;
    int64_t offset; // -1: not known
};
uint64_t ledger_find(const struct ledger *ledger,
                     const struct digest *identity); // seq of the latest line; 0
bool ledger_event_at(struct ledger *ledger, uint64_t seq,
                     void (*fn)(void *ctx, const struct ledger_event *line), void *ctx);
// What each line of signals says that was written at `since_ms` or later, as the disk has it at one
// moment; any thread. Without its event, and without whether it is published.
void ledger_each_line(struct ledger *ledger, int64_t since_ms,
                      void (*fn)(void *ctx, const struct ledger_entry *entry), void *ctx);
// From `from` on, until fn returns false or `max` lines. Lost lines (see
// core/signal/ledger_entry.h) are not shown.
void ledger_each_event(struct ledger *ledger, uint64_t from, uint64_t max,
                       bool (*fn)(void *ctx, const struct ledger_event *line), void *ctx);

#endif
