// SPDX-License-Identifier: EUPL-1.2
// The books: what is durable (the store) and what is kept of it in memory for speed (identity
// index, count cube, totals). One group of batches at a time is judged and written in one
// transaction; memory follows only after the disk has it. So what is in memory is always what a
// restart would find.
//
//   loop    books_group_add …            collect
//   worker  books_commit                 judge, write, sync: reads the memory, changes none of it
//   loop    books_apply                  take over what was written
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "core/cube/counts.h"
#include "core/person/persons.h"
#include "edge/kafka/publisher.h"
#include "edge/store/store.h"
#include "ledger/batch.h"

struct books;

struct books_options {
    const char *dir;
    uint64_t bytes_max;
    const char *identity_key_file;        // NULL: <dir>/identity.key, made when missing
    const char *person_key_file;          // NULL: <dir>/person.key, made when missing
    const char *person_previous_key_file; // NULL: none
    int64_t window_ms;        // persons are linked within it; how long a pseudonym is kept
    const char *topic;        // of the events; offsets are kept for these topics
    const char *counts_topic; // of the figures; NULL: none
};
// Opens the store and reads it all: index, counts, totals. FATAL when the books contradict
// themselves.
struct books *books_open(const struct books_options *options, struct err *err) MUST_CHECK;
void books_close(struct books *books); // NULL is fine

// What goes to Kafka: each has a topic and an outbox of its own.
enum books_topic { BOOKS_EVENTS, BOOKS_FIGURES, BOOKS_TOPICS };

// What one commit holds. Zero it, fill it, commit, apply, reuse after books_group_clear.
struct books_group {
    struct batch *batches; // a list by `next`
    struct books_confirmed {
        struct publish_ack *acks;
        size_t ack_count, ack_cap;
        int32_t partitions; // to be kept as the count in force; 0: no change
    } confirmed[BOOKS_TOPICS];
    bool probe;         // write the totals, whatever else there is: shows whether the disk takes it
    struct books_note { // changes that an operator asks for
        struct books_note *next;
        enum {
            BOOKS_DROP_QUARANTINED,
            BOOKS_KNOW_SOURCE,
            BOOKS_PAUSE,
            BOOKS_RESUME,
            BOOKS_SET_CURSOR
        } what;
        uint64_t number; // DROP_QUARANTINED
        char source[LEDGER_SOURCE_MAX + 1];
        char cursor[RECORD_CURSOR_MAX + 1]; // SET_CURSOR: also forgets ETag and Last-Modified
    } * notes;                              // owned by the group
    // made by books_commit
    struct err err;
    bool wrote; // false: nothing but duplicates and refusals, so nothing had to be written
    struct books_change *change;
};
void books_group_clear(struct books_group *group); // batches are the caller's
void books_group_free(struct books_group *group);

// Sets group->err; on success each item has its verdict. logged_ms: now.
void books_commit(struct books *books, struct books_group *group, int64_t logged_ms);
// After books_commit, on the loop, only when group->err.kind is ERR_NONE.
void books_apply(struct books *books, struct books_group *group);

// What is in force. Loop only.
const struct hash_key *books_identity_key(const struct books *books);
const struct digest *
books_key_check(const struct books *books); // made with it: tells it from others
const struct person_keys *books_person_keys(const struct books *books);
const struct counts *books_counts(const struct books *books);
const struct persons *books_persons(const struct books *books);
const struct totals *books_totals(const struct books *books);
uint64_t books_last_seq(const struct books *books);      // = events ever accepted
uint64_t books_first_seq(const struct books *books);     // of the oldest line that is kept
uint64_t books_waiting(const struct books *books);       // in the outbox
int64_t books_last_commit_ms(const struct books *books); // 0: none since the start
const char *books_origin(const struct books *books);     // this ledger's random name, in hex
int64_t books_known_offset(const struct books *books, enum books_topic topic,
                           int32_t partition);                               // -1: none
int32_t books_partitions(const struct books *books, enum books_topic topic); // 0: not yet known
void books_usage(const struct books *books, struct store_usage *usage);
// Do events go to Kafka? Once they have, what it has not confirmed may be there all the same.
bool books_publishes(const struct books *books, bool configured);
uint64_t books_backlog_bytes(const struct books *books); // of lines that Kafka has not confirmed
uint64_t books_audit_bytes(const struct books *books);
bool books_feed(struct books *books, struct str source,
                struct feed_record *feed); // false: nothing known

// Every source that anything is known of.
void books_each_feed(struct books *books,
                     bool (*fn)(void *ctx, struct str source, const struct feed_record *feed),
                     void *ctx);
// The quarantine, by number. At most so many entries are kept, of all and of one source; further
// ones are only counted (totals.not_quarantined).
enum { BOOKS_QUARANTINE_MAX = 10000, BOOKS_QUARANTINE_SOURCE_MAX = 1000 };
void books_each_quarantined(struct books *books,
                            bool (*fn)(void *ctx, const struct quarantine_record *entry),
                            void *ctx);
uint64_t books_quarantined(const struct books *books); // entries

// Words that the tables lack, most often used first. At most so many are kept, of all and of one
// source; further ones are only counted (totals.words_not_kept).
enum { BOOKS_WORDS_MAX = 10000, BOOKS_WORDS_SOURCE_MAX = 500 };
uint64_t books_words(const struct books *books); // entries
void books_each_word(struct books *books, bool (*fn)(void *ctx, const struct word_record *word),
                     void *ctx);

// The audit log: who did or read what, each line chained to the one before by a keyed digest, so
// that a changed or missing line is found.
struct books_audit_line {
    uint64_t number; // 1..
    struct str text; // JSON members without braces; absent: it is no longer readable
    const struct digest *mac;
    bool linked; // it follows the line before it; false: one of them was changed or is missing
};
uint64_t books_audit_last(const struct books *books);            // number of the last line; 0: none
const struct digest *books_audit_mac(const struct books *books); // its digest
void books_each_audited(struct books *books, uint64_t from,
                        bool (*fn)(void *ctx, const struct books_audit_line *line), void *ctx);

// Figures that may be told outside. They stay as they are until a month closes.
const struct figures_record *books_figures_state(const struct books *books);
// For Kafka; 0 without a topic of figures.
uint64_t books_figures_waiting(const struct books *books);
// As they are on the disk at one moment: how far they are, in *state, before the first of them;
// then each, in order of their keys.
void books_each_figure(struct books *books, struct figures_record *state,
                       bool (*fn)(void *ctx, struct str key, const struct figure_record *figure),
                       void *ctx);
// Those that Kafka has not confirmed, with number > after. `value` absent: no longer told.
struct books_figure_waiting {
    uint64_t seq;
    struct str key, value;
};
void books_each_figure_waiting(struct books *books, uint64_t after, uint64_t max,
                               bool (*fn)(void *ctx, const struct books_figure_waiting *figure),
                               void *ctx);
// Can figures of this resolution follow those that have been told? One that neither divides theirs
// nor is a multiple of it would round differently, and both together narrow a figure down.
bool books_figures_fit(const struct books *books, uint32_t resolution, struct err *err) MUST_CHECK;

// One line of the ledger with its event and where it was published. Strings are borrowed until the
// call ends.
struct books_line {
    struct ledger_row row;
    struct str event;
    bool published;
    int32_t partition;
    int64_t offset; // -1: not known
};
uint64_t books_find(const struct books *books,
                    const struct digest *identity); // seq of the latest line; 0
bool books_line_at(struct books *books, uint64_t seq,
                   void (*fn)(void *ctx, const struct books_line *line), void *ctx);
// From `from` on, until fn returns false or `max` lines. Lost lines (see core/ledger.h) are not
// shown.
void books_each(struct books *books, uint64_t from, uint64_t max,
                bool (*fn)(void *ctx, const struct books_line *line), void *ctx);
// Lines that Kafka has not confirmed, with seq > after.
void books_each_waiting(struct books *books, uint64_t after, uint64_t max,
                        bool (*fn)(void *ctx, const struct books_line *line), void *ctx);

#endif
