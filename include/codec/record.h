// SPDX-License-Identifier: EUPL-1.2
// What the tables of the store hold. All numbers little-endian; keys that are sequences are 8 bytes
// in the machine's own order (LMDB's integer keys).
//
//   ledger     seq -> ledger record. The oldest expire; from the first that is there on no gaps
//   outbox     seq -> empty
//   published  seq -> partition u32, offset u64 (+1; 0: it is in the topic, nobody knows where)
//   counts     cell (12 bytes, as struct cell) -> i64
//   expired_counts     cell -> i64, the part of counts whose ledger lines have expired
//   persons    pseudonym -> person u64, key id u32, last used i64 (ms)
//   members    person u64 (big-endian), identity (once that has expired: random) -> cell;
//              the signals that count and whose person is known
//   feeds      source name -> feed record
//   listed     digest of the source's name, identity -> how many whole polls in a row lacked it
//              (one byte, 2 at most); of sources whose line says `complete`
//   quarantine digest -> quarantine record
//   words      digest of (source, field, word) -> word record
//   audit      number -> keyed digest over the line before and this one (16 bytes), the line
//   statistics key (see core/cube/statistics.h) -> statistic record: format 1, count u64,
//              rounding_base u32, closed month u16; the statistics that are told outside
//   statistics-outbox  number -> length of the key, key, value (JSON; none: a tombstone)
//   shown      cell without victim and status -> i64: the signals that the statistics were made of.
//              (In a rebuild: as the counts are then, up to the closed month.)
//   departed   "province=PV27/ForcedLabour" -> since which month u16 its last twelve months differ
//              from the twelve before, and the value (JSON) as of the last test (codec/departed.h)
//   staged     seq -> ledger record: a line that the topic has and the ledger lacks, while it is
//              taken back. In that one transaction also: seq with the highest bit set -> flags u8
//              (1 stands), ledger record: a line of our own that is written again behind those
//   meta       word -> value; "statistics": format 1, made, tried u16, closed u16,
//              rounding_base u32, number of the last one in statistics-outbox u64;
//              "departed": how far the tests of trends are: format 1, last month tested u16, how
//              many tests u16, month that was seen to close u16, when i64;
//              "statistics-topic": the name of the topic that they went to last
//
// Ledger record (format 4), offsets in bytes:
//    0 format   1 verdict   2 flags: 1 counts, 2 polled, 4 erased, 8 remapped,
//      16 unknown_said, 32 gone, 64 left out, 128 undated
//    3 source_len   4 id_len   5 kind   6 municipality_today u16
//    8 previous u64   16 first u64   24 received_ms i64   32 logged_ms i64
//   40 version u32   44 reported i32   48 occurred i32   52 key_municipality u16
//   54 cell: municipality u16, categories u16, month u16, gender, age_group, citizenship,
//      source_kind, status, 0
//   66 identity[16]   82 content[16]   98 updated_ms i64   106 person u64   114 unknown_count
//  115 unknown words (field, digest[16] each), source, id, then what is kept of the event to the
//      end (see codec/event_kept.h)
// Example: 04 00 01 0b 0b 00  6b 01  00… is a registered, counting, pushed signal of a source with
// an 11-byte name and an 11-byte id, today in GM0363.
#ifndef CODEC_RECORD_H
#define CODEC_RECORD_H

#include "core/signal/ledger_entry.h"
#include "core/tables/display_allowlist.h"

enum {
    RECORD_LEDGER_HEAD = 115,
    RECORD_PUBLISHED = 12,
    RECORD_FEED_TEXT_MAX = 255,
    RECORD_CURSOR_MAX = 64
};

void record_put_ledger(struct buf *out, const struct ledger_entry *entry, struct str event);
// False when the bytes are no such record (damage, or a format of a later version). `event` is
// borrowed from `record`.
bool record_get_ledger(struct str record, uint64_t seq, struct ledger_entry *entry,
                       struct str *event);

// Changes updated_ms in the bytes of a record.
void record_set_updated(struct buf *record, int64_t updated_ms);
void record_clear_person(struct buf *record); // of a line of the ledger, too

void record_put_published(char out[RECORD_PUBLISHED], int32_t partition, int64_t offset);
bool record_get_published(struct str record, int32_t *partition, int64_t *offset);

// What is known of a source over time, and how far its polling has come. Strings are "" when there
// is none.
enum { RECORD_REFUSED_MONTHS = 13 };
struct feed_record {
    int64_t first_ms;   // since when it is known: silence counts from here at the earliest
    int64_t contact_ms; // last good answer or post; 0: never
    int64_t signal_ms;  // last that brought something new; 0: never
    int64_t signed_s;   // the latest time of a signed request that was taken; 0: none
    uint16_t
        refused_month; // the last in which what it posted was refused, as in struct cell; 0: none
    uint32_t refused[RECORD_REFUSED_MONTHS]; // so often in that month, and in each before it
    bool silent;                             // told by an event; its return will be told too
    bool paused;                             // by an operator: not polled
    bool listed;           // the table `listed` has all that its polls brought and that counts
    int64_t whole_ms;      // last poll that brought a whole list of all there is; 0: none
    uint32_t missing;      // signals that it lacked, and the one before it did not
    uint32_t gone;         // that both lacked, and that wait for an operator
    uint32_t gone_allowed; // as many as an operator has let go; 0: none
    struct digest place;   // of the URL and what the cursor means: with another one cursor and ETag
                           // mean nothing
    char cursor[RECORD_CURSOR_MAX + 1];
    char etag[RECORD_FEED_TEXT_MAX + 1];
    char last_modified[RECORD_FEED_TEXT_MAX + 1];
};
// What others told of a feed or a quarantined item (cursor, ETag) is sealed under the key: it may
// hold anything.
void record_put_feed(struct buf *out, const struct feed_record *feed, const struct hash_key *key);
bool record_get_feed(struct str record, struct feed_record *feed, const struct hash_key *key);

// An item, or a whole page, that could not be taken: why, and never what it said. Key: a keyed
// digest, so that the same bad item, read again, is the same entry.
enum { RECORD_REASONS_MAX = 8 };
struct quarantine_record {
    uint64_t number; // 1.., by which operators name it
    int64_t first_ms, last_ms;
    uint32_t times;
    bool page;      // the page as a whole
    uint32_t index; // of the item in its page; its line, where items have lines of their own; line
                    // of the page's fault
    char source[LEDGER_SOURCE_MAX + 1];
    char id[SIGNAL_ID_MAX + 1];         // "" when it has none or it is not safe to keep
    char cursor[RECORD_CURSOR_MAX + 1]; // where the poll began that brought it
    uint8_t reason_count;
    struct quarantine_reason {
        enum fault_code code;
        char pointer[48];
    } reasons[RECORD_REASONS_MAX];
};
void record_put_quarantine(struct buf *out, const struct quarantine_record *entry,
                           const struct hash_key *key);
bool record_get_quarantine(struct str record, struct quarantine_record *entry,
                           const struct hash_key *key);

// A pseudonym of a person.
enum { RECORD_PERSON = 20 };
struct person_record {
    uint64_t person;
    uint32_t key_id; // of the key it was made with
    int64_t last_ms; // when a signal last had it
};
void record_put_person(char out[RECORD_PERSON], const struct person_record *person);
bool record_get_person(struct str record, struct person_record *person);

// The key of a member: big-endian, so that a person's members stand together.
enum { RECORD_MEMBER = 8 + DIGEST_BYTES };
struct str record_put_member(uint8_t out[RECORD_MEMBER], uint64_t person,
                             const struct digest *member); // in `out`
bool record_get_member(struct str key, uint64_t *person, struct digest *member);

// A word that the tables lack, as a source used it.
struct unmapped_record {
    enum unmapped_field field;
    char source[LEDGER_SOURCE_MAX + 1];
    struct digest word; // as in struct unknown_word
    struct display_view view;
    uint32_t times; // versions of signals that had it
    int64_t first_ms, last_ms;
};
void record_put_unmapped(struct buf *out, const struct unmapped_record *word);
bool record_get_unmapped(struct str record, struct unmapped_record *word);

// How far the statistics for outside are. Months are as in struct cell.
struct statistics_record {
    bool made;              // there are some
    uint16_t tried;         // the last closed month that was looked at; 0: none ever
    uint16_t closed;        // last month that they cover
    uint32_t rounding_base; // that they are floored to
    uint64_t seq;           // highest number given in the outbox of statistics
    // What sources change is kept under a generation; each making of statistics begins one. What
    // was changed before the generation `since`, in months up to `told`, is in the statistics.
    uint32_t generation, since;
    uint16_t told;
};
void record_put_statistics(struct buf *out, const struct statistics_record *statistics);
bool record_get_statistics(struct str record, struct statistics_record *statistics);

// A statistic as it is told outside.
struct statistic_record {
    int64_t count; // > 0
    uint32_t rounding_base;
    uint16_t closed; // the last closed month when it last changed
};
void record_put_statistic(struct buf *out, const struct statistic_record *statistic);
bool record_get_statistic(struct str record, struct statistic_record *statistic);
// One that waits for Kafka. `value` absent: it is no longer told.
void record_put_statistic_waiting(struct buf *out, struct str key, struct str value);
bool record_get_statistic_waiting(struct str record, struct str *key, struct str *value);

// The keys of counts and expired_counts, the values of members.
// The key of what a source changed in a cell since the statistics were made.
struct moved {
    uint32_t generation;
    uint64_t source;
    struct cell cell;
};
enum { RECORD_MOVED = 4 + 8 + sizeof(struct cell) };
struct str record_put_moved(uint8_t out[RECORD_MOVED], const struct moved *moved);
bool record_get_moved(struct str key, struct moved *moved);
struct str record_put_cell(uint8_t out[sizeof(struct cell)], const struct cell *cell); // in `out`
bool record_get_cell(struct str record, struct cell *cell);

// Signals received, by verdict, since the ledger began.
struct totals {
    uint64_t verdicts[VERDICT_COUNT];
    uint64_t unknown_fields;
    uint64_t unmapped;
    uint64_t unknown_municipalities;
    uint64_t not_quarantined;   // for want of room there
    uint64_t unmapped_not_kept; // the same for words
    uint64_t erased;            // signals, on request
    uint64_t expired;           // signals whose lines have gone; those that counted still do
    uint64_t remapped;          // versions that new tables made
    uint64_t never_published;   // lines that expired where events do not go to Kafka, or were lost
};
void record_put_totals(struct buf *out, const struct totals *totals);
bool record_get_totals(struct str record, struct totals *totals);

#endif
