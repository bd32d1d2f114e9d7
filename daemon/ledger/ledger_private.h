// SPDX-License-Identifier: EUPL-1.2
// Shared by the files daemon/books*.c; nobody else includes it.
//   books.c             open and load, read
//   books_commit.c      judge and write a group; apply
//   books_sources.c     what a commit keeps of sources and of what could not be taken
//   books_persons.c     pseudonyms -> persons, and which signals are about whom
//   books_words.c       words that the tables lack
//   books_renormalise.c a piece of the ledger judged again by new tables
//   books_erase.c       what is held on one signal goes
//   books_expire.c      what is too old goes, a step at a time
//   books_audit.c       the chain of audit lines
//   books_rebuild.c     a ledger made anew from the topic
//   books_recount.c     where a recount begins
//   books_figures.c     what may be told outside
#ifndef LEDGER_LEDGER_PRIVATE_H
#define LEDGER_LEDGER_PRIVATE_H

#include "base/index.h"
#include "ledger/ledger.h"

enum {
    BOOKS_KEY_MAX = 300 // "topic/<name>/offset/<partition>"; Kafka's names have at most 249 bytes
};

// Where the chain of audit lines stands. Kept under META "audit" with a keyed digest of its own.
struct books_chain {
    uint64_t first, last;       // lines that are there; last 0: none ever
    struct digest before_first; // mac of the line before `first`: what `first` is chained to
    struct digest mac;          // of `last`
};

struct books {
    struct store *store;
    struct hash_key identity_key;
    struct person_keys person_keys;
    int64_t window_ms;
    char origin[DIGEST_HEX + 1]; // "" in a new ledger
    struct digest key_check;     // of the key that the ledger was written with
    // follows the disk, see books_apply
    struct index *index;
    struct counts *counts;
    struct persons *persons;
    struct totals totals;
    uint64_t first_seq; // of the oldest line; last_seq + 1 when there is none
    uint64_t last_seq;
    uint64_t waiting;
    uint64_t person_last; // highest number given; META "person-last"
    uint64_t words;       // entries
    struct books_chain chain;
    uint64_t *erase_waiting;    // lines of erased signals that Kafka has yet to confirm; META
    size_t erase_waiting_count; // "erase-waiting": the numbers as they are, 8 bytes each
    struct books_place {
        char *name; // of the topic; NULL: there is none
        int32_t partitions;
        int64_t *offsets; // by partition; -1: none
        int32_t offset_count;
    } topics[BOOKS_TOPICS];
    int64_t last_commit_ms;
    uint64_t quarantined;          // entries
    uint64_t quarantine_last;      // highest number given
    struct figures_record figures; // META "figures"
    uint64_t figures_waiting;      // in the outbox of figures
};

// What a commit adds to the books. Numbers are as they are after it.
struct books_change {
    struct index *index;   // identities of this group -> their latest line
    struct counts *counts; // differences
    struct totals totals;
    uint64_t first_seq, last_seq;
    uint64_t added, confirmed, dropped; // lines into and out of the outbox
    uint64_t quarantined, quarantine_last;
    uint64_t person_last, words;
    struct books_chain chain;
    struct books_member { // in order
        uint64_t person;
        struct digest member;
        bool there;
        struct cell cell;
    } * members;
    size_t member_count, member_cap;
    struct digest *forgotten; // identities that leave the index
    size_t forgotten_count, forgotten_cap;
    uint64_t *erase_waiting; // as they are after it; valid when erase_changed
    size_t erase_waiting_count, erase_waiting_cap;
    bool erase_changed;
    struct figures_record figures; // to be written when figures_changed
    bool figures_changed;
    uint64_t figures_waiting;
    struct buf value, record; // room to encode in, kept from group to group
};

// A commit under way; see books_commit.c.
struct books_commit {
    struct books *books;
    struct books_change *change;
    struct store_txn txn;
    int64_t logged_ms;
    bool writes; // there is something to sync
    // What is known of the source that is at work: most groups have few.
    char source[LEDGER_SOURCE_MAX + 1]; // "" none
    struct feed_record feed;
    bool feed_changed;
    size_t in_quarantine; // entries of the source at work, once counted
    bool quarantine_counted;
    char words_source[LEDGER_SOURCE_MAX + 1]; // whose words have been counted; "" nobody's
    size_t words_of_source;
};

// books_commit.c
// One line; adds it to the outbox. `value` is in change->value.
void books_write_line(struct books_commit *commit, const struct ledger_row *row);
// The same for a version of a signal: its event with what it is linked to, index, counts, members.
// `known`: the version before, or NULL.
void books_write_signal(struct books_commit *commit, struct ledger_row *row,
                        const struct ledger_row *known, const struct tables *tables,
                        const char *as_reported);
// The latest line of this identity, of this group or before it. False when it is not known, or when
// the transaction has failed.
bool books_find_known(struct books_commit *commit, const struct digest *identity,
                      struct ledger_row *known);
void books_keep_partitions(struct books_commit *commit, enum books_topic topic, int32_t partitions);
// A line that must be there; FATAL in the transaction when it is not.
bool books_read_row(struct books_commit *commit, uint64_t seq, struct ledger_row *row);
// Room for one more element.
void *books_grow(void *list, size_t count, size_t *cap, size_t size);

// books_sources.c
void books_commit_notes(struct books_commit *commit, const struct books_group *group);
void books_commit_source(struct books_commit *commit, struct batch *batch, bool news);
void books_commit_silence(struct books_commit *commit, struct batch *batch);
void books_commit_refused(struct books_commit *commit, const struct batch *batch);
void books_flush_source(struct books_commit *commit);
// What is known of the source, in commit->feed; known from now on when nothing was.
void books_take_source(struct books_commit *commit, const char *name);

// books_persons.c
// The number of the person with these pseudonyms, a new one if nobody has any of them; 0 when there
// are none. Keeps them under the key in force.
uint64_t books_commit_person(struct books_commit *commit,
                             const struct person_pseudonyms *pseudonyms);
// The signal leaves the person of `known` (NULL: none) and joins that of `row`, as far as they
// count.
void books_move_member(struct books_commit *commit, const struct ledger_row *known,
                       const struct ledger_row *row);
void books_put_member(struct books_commit *commit, uint64_t person, const struct digest *member,
                      const struct cell *cell);
void books_drop_member(struct books_commit *commit, uint64_t person, const struct digest *member);
// Other signals of the person, at most `max`, the latest version of each; their identities.
size_t books_linked(struct books_commit *commit, uint64_t person, const struct digest *self,
                    struct digest *list, size_t max);
// How many signals that count are about the person, carried ones too; at most `max`.
size_t books_members(struct books_commit *commit, uint64_t person, size_t max);
bool books_is_about_live(struct books_commit *commit, uint64_t person); // is there such a signal?
bool books_load_members(struct books *books, struct store_txn *txn, struct err *err);

// books_words.c
void books_commit_words(struct books_commit *commit, const struct batch *batch, uint32_t signal);
// This version is erased: nobody has said its words in it.
void books_unsay_words(struct books_commit *commit, const struct ledger_row *row);
// A table has the word now: the source's entry is dropped.
void books_forget_word(struct books_commit *commit, struct str source,
                       const struct unknown_word *word);

void books_renormalise(struct books_commit *commit, struct batch *batch);

// books_erase.c
void books_erase(struct books_commit *commit, struct batch *batch);
// What is left of a version of an erased signal, in the place of its line. Empties the row.
void books_write_stub(struct books_commit *commit, struct ledger_row *row);
// Kafka has the line: if it is one of an erased signal it goes now.
void books_erase_confirmed(struct books_commit *commit, uint64_t seq);
void books_load_erase_waiting(struct books *books, struct store_txn *txn);
void books_flush_erase_waiting(struct books_commit *commit);

void books_expire(struct books_commit *commit, struct batch *batch);
// The signal whose latest line this is goes on counting without it.
void books_carry_signal(struct books_commit *commit, const struct ledger_row *row);

// books_rebuild.c
void books_link(struct books_commit *commit, struct batch *batch);
void books_restore(struct books_commit *commit, struct batch *batch);

// A snapshot, and what the memory holds at that moment.
void books_recount(struct books_commit *commit, struct batch *batch);

// books_figures.c
void books_figures(struct books_commit *commit, struct batch *batch);
// All that is told outside waits for Kafka again: a topic that is used for the first time, or was
// made anew, has none of it.
void books_resend_figures(struct books_commit *commit);
// For a rebuild: a figure that was told, and how far they are. What they were made of is taken to
// be what the counts (those in memory) are up to the last close: a making that changed no figure
// leaves no trace, and signals that it told must not make the next one due.
void books_put_figure(struct books_commit *commit, struct str key,
                      const struct figure_record *figure);
void books_put_figures_state(struct books_commit *commit, const struct figures_record *state);
void books_flush_figures(struct books_commit *commit); // when they have changed
bool books_load_figures(struct books *books, struct store_txn *txn, struct err *err);

// books_audit.c
void books_commit_audit(struct books_commit *commit, struct batch *batch);
void books_verify_audit(struct books_commit *commit, struct batch *batch);
// After the ledger has been loaded. A log that does not fit its head is told, and stops nothing.
void books_load_chain(struct books *books, struct store_txn *txn);
// The head of a chain without lines.
void books_begin_chain(const struct books *books, struct store_txn *txn);
void books_flush_chain(struct books_commit *commit); // when it has changed
// Drops lines that are older than `age_ms` at `now_ms`, after looking at up to `max` (> 0). How
// many; *more: there may be more.
size_t books_expire_audit(struct books_commit *commit, int64_t now_ms, int64_t age_ms, size_t max,
                          bool *more);

// META key of the name of the topic of figures that was used last.
extern const struct str books_figures_topic_key;
// META keys of what is kept of a topic; `out` has BOOKS_KEY_MAX bytes.
struct str books_partitions_key(const struct books_place *place, char *out);
struct str books_offset_key(const struct books_place *place, int32_t partition, char *out);
void books_set_offset(struct books_place *place, int32_t partition, int64_t offset);

#endif
