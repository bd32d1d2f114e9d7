// SPDX-License-Identifier: EUPL-1.2
// Shared by the files of daemon/ledger; nobody else includes it.
//   load.c, read.c     open and load; what is asked of the memory and of a snapshot
//   cube.c             the counts of a snapshot
//   latest.c           from a signal to its latest line
//   commit.c, write.c  a group in one transaction; an entry and its event
//   signals.c          a delivery: each signal is classified, then written
//   files.c            which files of a folder were read
//   absence.c          what a template leaves out, or is gone from a list that has all there is
//   apply.c            a commit that is on the disk reaches the memory
//   topics.c           what Kafka has of each topic
//   outbox.c           what Kafka has yet to get
//   sources.c          what a commit keeps of sources and of what could not be taken
//   persons.c          pseudonyms -> persons, and which signals are about whom
//   unmapped.c         words that the tables lack
//   remap.c            a piece of the ledger classified again by new tables
//   erase.c            what is held on one signal goes
//   expire.c           what is too old goes, a step at a time
//   audit_chain.c      the chain of audit lines
//   statistics.c       what may be told outside
//   moved.c            what each source changed since
//   rebuild.c          a ledger made anew from the topic
//   take_back.c        a ledger that is older than its topic brought up to it
//   verify*.c          the ledger compared with what was made from it
#ifndef LEDGER_LEDGER_PRIVATE_H
#define LEDGER_LEDGER_PRIVATE_H

#include "base/index.h"
#include "base/leads.h"
#include "base/map.h"
#include "ledger/current.h"
#include "ledger/ledger.h"

// In the index of a change: the ledger leads to a line, and the change has taken it away.
#define LEDGER_UNKNOWN UINT64_MAX

enum {
    LEDGER_KEY_MAX = 300 // "topic/<name>/last/<partition>"; Kafka's names have at most 249 bytes
};

// Where the chain of audit lines stands. Kept under META "audit" with a keyed digest of its own.
struct ledger_chain {
    uint64_t first, last;       // lines that are there; last 0: none ever
    struct digest before_first; // mac of the line before `first`: what `first` is chained to
    struct digest mac;          // of `last`
};

struct ledger {
    struct store *store;
    struct hash_key identity_key;
    struct person_keys person_keys;
    _Atomic int64_t window_ms; // set on the loop, read by commits
    char id[DIGEST_HEX + 1];   // "" in a new ledger
    struct digest key_check;   // of the key that the ledger was written with
    // follows the disk, see ledger_apply
    struct leads *leads; // to the latest line of each signal
    struct counts *counts;
    struct persons *persons;
    struct totals totals;
    uint64_t first_seq; // of the oldest line; last_seq + 1 when there is none
    uint64_t last_seq;
    uint64_t waiting;
    uint64_t person_last; // highest number given; META "person-last"
    uint64_t carried;     // members whose signals have expired since the start
    uint64_t words;       // entries
    struct ledger_chain chain;
    uint64_t *erase_waiting;    // lines of erased signals that Kafka has yet to confirm; META
    size_t erase_waiting_count; // "erase-waiting": the numbers as they are, 8 bytes each
    struct ledger_topic_place {
        char *name; // of the topic; NULL: there is none
        int32_t partitions;
        struct publish_ack *last; // by partition; offset -1: none
        int32_t last_count;
    } topics[LEDGER_TOPICS];
    int64_t last_commit_ms;
    uint64_t quarantined;                // entries
    uint64_t quarantine_last;            // highest number given
    struct statistics_record statistics; // META "statistics"
    uint64_t statistics_waiting;         // in the outbox of statistics
    struct current_state current;        // META "current"
    uint64_t current_waiting;            // in the outbox of current signals
    bool current_left; // what waits is for a topic that is no longer used, and misses what changes
};

// What a commit adds to the ledger. Numbers are as they are after it.
struct ledger_change {
    bool failing;          // the last commit that should write could not
    struct index *index;   // identities of this group -> their latest line, or LEDGER_UNKNOWN
    struct index *led;     // those of them that the memory leads to a line -> that line
    struct counts *counts; // differences
    struct totals totals;
    uint64_t first_seq, last_seq;
    uint64_t added, confirmed, dropped; // lines into and out of the outbox
    uint64_t quarantined, quarantine_last;
    uint64_t person_last, words, carried;
    struct ledger_chain chain;
    struct ledger_member { // in order
        uint64_t person;
        struct digest member;
        bool there;
        struct cell cell;
    } * members;
    size_t member_count, member_cap;
    struct ledger_forgotten { // signals of which the last line has gone
        struct digest identity;
        uint64_t seq;
    } * forgotten;
    size_t forgotten_count, forgotten_cap;
    uint64_t *erase_waiting; // as they are after it; valid when erase_changed
    size_t erase_waiting_count, erase_waiting_cap;
    bool erase_changed;
    struct statistics_record statistics; // to be written when statistics_changed
    bool statistics_changed;
    uint64_t statistics_waiting;
    struct current_state current; // to be written when current_changed
    bool current_changed;
    bool current_unread; // not all of its topic was taken, for want of room
    uint64_t current_waiting;
    struct ledger_topic_change {
        int32_t partitions; // it has so many; 0: as before
        bool anew;          // what was known of its records does not hold
    } topics[LEDGER_TOPICS];
    struct ledger_moved { // see moved.c
        struct map sums;
        char name[LEDGER_SOURCE_MAX]; // of the last source it was asked for; kept as well
        size_t len;
        uint64_t place;
    } moved;
    struct store_addition *additions; // room for them
    size_t addition_count, addition_cap;
    struct buf value, record; // room to encode in, kept from group to group
};

// A commit under way; see commit.c.
struct ledger_writer {
    struct ledger *ledger;
    struct ledger_change *change;
    struct store_txn txn;
    int64_t logged_ms;
    bool writes;        // there is something to sync
    bool tells_current; // the topic of current signals has been seen, or is in this commit
    // What is known of the source that is at work: most groups have few.
    char source[LEDGER_SOURCE_MAX + 1]; // "" none
    struct feed_record feed;
    bool feed_changed;
    char unmapped_source[LEDGER_SOURCE_MAX + 1]; // whose words have been counted; "" nobody's
    size_t unmapped_of_source;
};

// latest.c
// A line that must be there; FATAL in the transaction when it is not.
bool ledger_read_entry(struct ledger_writer *writer, uint64_t seq, struct ledger_entry *entry);
// Something else that must be readable is not: FATAL in the transaction. Returns false.
bool ledger_cannot_read(struct ledger_writer *writer, const char *what);
// The latest line of this identity, of this group or before it; 0: none.
uint64_t ledger_latest(struct ledger_writer *writer, const struct digest *identity);
// The same, read. False when it is not known, or when
// the transaction has failed.
bool ledger_find_known(struct ledger_writer *writer, const struct digest *identity,
                       struct ledger_entry *known);
// Is this line of a signal its latest? Reads nothing.
bool ledger_is_latest(const struct ledger_writer *writer, const struct ledger_entry *entry);
// `seq` is the latest line of this identity from now on; LEDGER_UNKNOWN: it has none. Before the
// line that was it is taken away.
void ledger_lead(struct ledger_writer *writer, const struct digest *identity, uint64_t seq);
// The latest line of its signal expires.
void ledger_forget_lead(struct ledger_writer *writer, const struct ledger_entry *entry);
// ledger_find, by the lines of a transaction.
uint64_t ledger_find_in(const struct ledger *ledger, struct store_txn *txn,
                        const struct digest *identity);
void ledger_apply_leads(struct ledger *ledger, const struct ledger_change *change);
enum { LEDGER_COMING_MAX = 32 };
// While a ledger is loaded, line by line, before anything else of it can be read.
struct ledger_loading {
    struct ledger *ledger;
    struct err err; // of the lines
    struct ledger_coming {
        struct digest identity;
        uint64_t seq, previous;
    } coming[LEDGER_COMING_MAX]; // kept back for a moment, so that memory is at hand
    size_t coming_count;
    struct ledger_coming *alike; // owned; led like others when they came
    size_t alike_count, alike_cap;
};
void ledger_load_lead(struct ledger_loading *loading, const struct ledger_entry *entry);
void ledger_load_leads(struct ledger_loading *loading); // those kept back
void ledger_load_alike(struct ledger_loading *loading, struct store_txn *txn);

// write.c
// One line; adds it to the outbox. What is kept of its event is in change->value.
void ledger_write_entry(struct ledger_writer *writer, const struct ledger_entry *entry);
// The same for a version of a signal: its event with what it is linked to, index, counts, members.
// `known`: the version before, or NULL.
void ledger_write_signal(struct ledger_writer *writer, struct ledger_entry *entry,
                         const struct ledger_entry *known, const struct tables *tables,
                         const char *as_reported);

// commit.c
// Would this transaction leave the room that is kept for confirmations?
bool ledger_leaves_reserve(struct store_txn *txn);

// signals.c
// Of a duplicate: see dedup_is_seen_later.
void ledger_keep_later_time(struct ledger_writer *writer, const struct ledger_entry *known,
                            const struct signal *signal);
// A version that does not say when it was reported has the day that is known of its signal.
// `source` may be NULL: one that is no longer in the table.
void ledger_keep_day(const struct tables *tables, const struct source *source, int64_t received_ms,
                     const struct ledger_entry *known, struct signal *signal);

// rebuild.c
// One line of ledger_link, which must be the next.
void ledger_link_line(struct ledger_writer *writer, struct link_task *link, uint64_t seq);

// load.c
// An entry with its event; false when it is not there or cannot be read.
bool ledger_read_event(struct store_txn *txn, uint64_t seq, struct ledger_event *event);
// Its `event`, in `value`. False: damaged.
bool ledger_make_event(struct ledger_event *line, struct buf *value);
// What an erased line keeps of its event, into change->value; see event_make_parts.
void ledger_keep_erased(struct ledger_change *change, const struct ledger_entry *entry,
                        const struct municipalities *municipalities,
                        const struct ledger_entry *previous);

// sources.c
void ledger_commit_source(struct ledger_writer *writer, struct delivery *delivery, bool news);
// Of the items from `from` up to delivery->taken.
void ledger_commit_refused(struct ledger_writer *writer, struct delivery *delivery, size_t from);
void ledger_flush_source(struct ledger_writer *writer);
// What is known of the source, in writer->feed; known from now on when nothing was.
void ledger_take_source(struct ledger_writer *writer, const char *name);

// A signal of a source that is not at work has been written again: what follows for the source.
void ledger_note_news(struct ledger_writer *writer, const struct source *source,
                      const struct tables *tables, const struct ledger_entry *entry);
// The line about a source is taken away.
void ledger_untell_source(struct ledger_writer *writer, const struct ledger_entry *entry);

// persons.c
// The number of the person with these pseudonyms, a new one if nobody has any of them; 0 when there
// are none. Keeps them under the key in force.
uint64_t ledger_commit_person(struct ledger_writer *writer,
                              const struct person_pseudonyms *pseudonyms);
// The signal leaves the person of `known` (NULL: none) and joins that of `entry`, as far as they
// count.
void ledger_move_member(struct ledger_writer *writer, const struct ledger_entry *known,
                        const struct ledger_entry *entry);
void ledger_put_member(struct ledger_writer *writer, uint64_t person, const struct digest *member,
                       const struct cell *cell);
void ledger_drop_member(struct ledger_writer *writer, uint64_t person, const struct digest *member);
// Other signals of the person, at most `max`, the latest version of each; their identities.
size_t ledger_linked(struct ledger_writer *writer, uint64_t person, const struct digest *self,
                     struct digest *list, size_t max);
// How many signals that count are about the person, expired ones too; at most `max`.
size_t ledger_members(struct ledger_writer *writer, uint64_t person, size_t max);
bool ledger_is_about_live(struct ledger_writer *writer, uint64_t person); // is there such a signal?
bool ledger_load_members(struct ledger *ledger, struct store_txn *txn, struct err *err);

// unmapped.c
void ledger_keep_unmapped(struct ledger_writer *writer, const struct delivery *delivery,
                          uint32_t signal);
// This version is erased: nobody has said its words in it.
void ledger_unsay_unmapped(struct ledger_writer *writer, const struct ledger_entry *entry);
// A table has the word now: the source's entry is dropped.
void ledger_forget_unmapped(struct ledger_writer *writer, struct str source,
                            const struct unknown_word *word);

// erase.c
// Who the versions up to this one were about is known no longer: consent is withheld.
void ledger_forget_person(struct ledger_writer *writer, const struct ledger_entry *latest);
// What is left of a version of an erased signal, in the place of its line. Empties the entry.
void ledger_write_stub(struct ledger_writer *writer, struct ledger_entry *entry);
// Kafka has the line: if it is one of an erased signal it goes now.
void ledger_erase_confirmed(struct ledger_writer *writer, uint64_t seq);
void ledger_erase_when_confirmed(struct ledger_writer *writer, uint64_t seq);
void ledger_unerase_waiting(struct ledger_writer *writer, uint64_t seq); // the other way round
// The signal's lines up to `latest` become stubs: consumers have been told that it was erased.
void ledger_erase_before(struct ledger_writer *writer, const struct digest *identity,
                         uint64_t latest);
// Erases a signal as an operator has asked before.
void ledger_erase_again(struct ledger_writer *writer, struct tables *tables,
                        const struct ledger_entry *latest);
void ledger_load_erase_waiting(struct ledger *ledger, struct store_txn *txn);
void ledger_flush_erase_waiting(struct ledger_writer *writer);

// absence.c
// files.c: the file of a page was read.
void ledger_note_file(struct ledger_writer *writer, const char *source,
                      const struct delivery_file *file);
// Of those as old as the cursor, a time, or newer nobody knows any more that they were read.
void ledger_forget_files(struct ledger_writer *writer, const char *source, const char *cursor);
// A poll of a source whose list has all there is brought it.
void ledger_note_listed(struct ledger_writer *writer, const struct delivery *delivery,
                        const struct digest *identity);
void ledger_forget_listed(struct ledger_writer *writer, const struct ledger_entry *entry);
// What is known of the items that a template leaves out is withdrawn, a part at a time; how many
// are left to be looked at.
size_t ledger_withdraw_left_out(struct ledger_writer *writer, struct delivery *delivery);
// How many signals that would be, of a preview.
size_t ledger_count_left_out(struct ledger_writer *writer, const struct delivery *delivery);

// expire.c
// The signal whose latest line this is goes on counting without it.
void ledger_keep_expired_count(struct ledger_writer *writer, const struct ledger_entry *entry);

// commit.c
// Numbers that are added to a table together: noted one by one, then flushed.
void ledger_note_addition(struct ledger_change *change, struct str key, int64_t number);
void ledger_flush_additions(struct ledger_writer *writer, enum store_table table);

// moved.c
void ledger_begin_moved(struct ledger_change *change);
void ledger_flush_moved(struct ledger_writer *writer);
// A signal of the source left the cell `from` and came into `to`; NULL: none.
void ledger_note_moved(struct ledger_writer *writer, struct str source, const struct cell *from,
                       const struct cell *to);
// Is it in the statistics that are outside?
bool ledger_is_told(const struct statistics_record *state, const struct moved *moved);
// Changes up to the closed month that are not: all, and without those of the source that made most.
// Any thread.
struct moved_weight {
    int64_t all, by_others;
};
void ledger_weigh_moved(struct store_txn *txn, const struct statistics_record *state,
                        uint16_t closed, struct moved_weight *weight);

// cube.c
bool ledger_walk_cube(struct store_txn *txn, const struct ledger_cube_reader *reader, void *ctx);

// statistics.c
// All that is told outside waits for Kafka again: a topic that is used for the first time, or was
// made anew, has none of it.
void ledger_resend_statistics(struct ledger_writer *writer);
void ledger_forget_statistics(struct ledger_writer *writer); // all, also what waits
// For a rebuild: a statistic that was told, and how far they are. What they were made of is taken
// to be what the counts (those in memory) are up to the last close: a making that changed no
// statistic leaves no trace, and signals that it told must not make the next one due.
void ledger_put_statistic(struct ledger_writer *writer, struct str key,
                          const struct statistic_record *statistic);
void ledger_put_statistics_state(struct ledger_writer *writer,
                                 const struct statistics_record *state);
void ledger_flush_statistics(struct ledger_writer *writer); // when they have changed
bool ledger_load_statistics(struct ledger *ledger, struct store_txn *txn, struct err *err);

// current.c
// From now on this line (0 or LEDGER_UNKNOWN: none) is the signal's latest: tells it.
void ledger_note_current(struct ledger_writer *writer, const struct digest *identity, uint64_t seq);
void ledger_tell_current_anew(struct ledger_writer *writer); // all of them
void ledger_flush_current(struct ledger_writer *writer);
bool ledger_load_current(struct ledger *ledger, struct store_txn *txn, struct err *err);
enum { CURRENT_WAITING_BYTES = DIGEST_BYTES + 8 };
bool ledger_read_current_state(struct store_txn *txn,
                               struct current_state *state); // false: damaged
// Does this line tell how the signal stands? What is kept of its event, in *kept (may be NULL).
bool ledger_read_standing(struct store_txn *txn, const struct digest *identity, uint64_t line,
                          struct ledger_entry *entry, struct str *kept);
// Of the outbox. False: damaged.
bool ledger_read_current(struct str record, struct digest *identity, uint64_t *line);

// audit_chain.c
// After the ledger has been loaded. A log that does not fit its head is told, and stops nothing.
void ledger_load_chain(struct ledger *ledger, struct store_txn *txn);
// The head of a chain without lines.
void ledger_begin_chain(const struct ledger *ledger, struct store_txn *txn);
void ledger_flush_chain(struct ledger_writer *writer); // when it has changed
// Drops lines that are older than `age_ms` at `now_ms`, after looking at up to `max` (> 0). How
// many; *more: there may be more.
size_t ledger_expire_audit(struct ledger_writer *writer, int64_t now_ms, int64_t age_ms, size_t max,
                           bool *more);

// departed.c
// The line about a trend whose event is in change->value has come from the topic; is taken away.
void ledger_link_departed(struct ledger_writer *writer);
void ledger_untell_departed(struct ledger_writer *writer);

// topics.c
void ledger_load_topics(struct ledger *ledger, struct store_txn *txn);
// The topic has so many, and nothing is known of its records.
void ledger_keep_partitions(struct ledger_writer *writer, enum ledger_topic topic,
                            int32_t partitions);
void ledger_commit_acks(struct ledger_writer *writer, const struct ledger_group *group);
void ledger_apply_acks(struct ledger *ledger, const struct ledger_group *group);
// META key of the name of the topic that was used last; not of events.
struct str ledger_topic_key(enum ledger_topic topic);
// META key of how many partitions a topic has; `out` has LEDGER_KEY_MAX bytes.
struct str ledger_partitions_key(const struct ledger_topic_place *place, char *out);
// The last record of its partition that is ours, which a publisher looks for.
void ledger_keep_last(struct store_txn *txn, const struct ledger_topic_place *place,
                      const struct publish_ack *last);

#endif
