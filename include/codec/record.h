// SPDX-License-Identifier: EUPL-1.2
// What the tables of the store hold. All numbers little-endian; keys that are sequences are 8 bytes
// in the machine's own order (LMDB's integer keys).
//
//   ledger     seq -> record below
//   outbox     seq -> empty
//   published  seq -> partition u32, offset u64 (+1; 0 when it is in the topic but nobody knows
//   where) counts     cell (12 bytes, as struct cell) -> i64 feeds      source name -> feed record
//   meta       word -> value
//
// Ledger record (format 1):
//    0 format   1 verdict  2 flags (1 counts, 2 polled)  3 source_len  4 id_len  5 zero
//    6 municipality_today u16    8 previous u64   16 first u64   24 received_ms i64   32 logged_ms
//    i64
//   40 version u32   44 reported i32   48 occurred i32   52 key_municipality u16
//   54 cell: municipality u16, categories u16, month u16, gender, age_group, citizenship,
//   source_kind, status, 0 66 identity[16]   82 content[16]   98 source, id, then the event's value
//   (JSON) to the end
// Example: 01 00 01 0b 0b 00  6b 01  00… is a registered, counting, pushed signal of a source with
// an 11-byte name and an 11-byte id, today in GM0363.
#ifndef CODEC_RECORD_H
#define CODEC_RECORD_H

#include "core/ledger.h"

enum {
    RECORD_LEDGER_HEAD = 98,
    RECORD_PUBLISHED = 12,
    RECORD_FEED_TEXT_MAX = 255,
    RECORD_CURSOR_MAX = 64
};

void record_put_ledger(struct buf *out, const struct ledger_row *row, struct str event);
// False when the bytes are no such record (damage, or a format of a later version). `event` is
// borrowed from `record`.
bool record_get_ledger(struct str record, uint64_t seq, struct ledger_row *row, struct str *event);

void record_put_published(char out[RECORD_PUBLISHED], int32_t partition, int64_t offset);
bool record_get_published(struct str record, int32_t *partition, int64_t *offset);

// How far a polled feed has come. Strings are "" when there is none.
struct feed_record {
    int64_t contact_ms; // last good answer; 0: never
    int64_t signal_ms;  // last that brought something new; 0: never
    char cursor[RECORD_CURSOR_MAX + 1];
    char etag[RECORD_FEED_TEXT_MAX + 1];
    char last_modified[RECORD_FEED_TEXT_MAX + 1];
};
void record_put_feed(struct buf *out, const struct feed_record *feed);
bool record_get_feed(struct str record, struct feed_record *feed);

// Signals received, by verdict, since the ledger began.
struct totals {
    uint64_t verdicts[VERDICT_COUNT];
    uint64_t unknown_fields;
    uint64_t unknown_words;
    uint64_t unknown_municipalities;
};
void record_put_totals(struct buf *out, const struct totals *totals);
bool record_get_totals(struct str record, struct totals *totals);

#endif
