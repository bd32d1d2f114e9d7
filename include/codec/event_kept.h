// SPDX-License-Identifier: EUPL-1.2
// What a ledger line keeps of its event: the parts that the line itself does not say, packed. The
// value is made of both when somebody wants it.
//
//   0  kind: 0 the value itself follows (a line about a source; what is not made as this daemon
//      makes it), 1 parts
//   1  has previous (0 or 1), how many linked u16
//   4  place: province, safety region, name, police unit; as_reported; the linked digests
//      previous: cell (12), reported i32, municipality_today u16, source, place
// A text is its length as u16 (65535: none) and its bytes. Numbers are little-endian. No bytes at
// all: a line without an event.
#ifndef CODEC_EVENT_KEPT_H
#define CODEC_EVENT_KEPT_H

#include "codec/event_read.h"

void event_keep(struct buf *out, const struct event_parts *parts);
void event_keep_value(struct buf *out, struct str value);
// `said` is what the value of that line says: its parts where they give the same bytes again.
void event_keep_said(struct buf *out, struct str value, const struct event_said *said);

// The value. False: damaged. A line without an event has an empty one.
bool event_unkeep(struct buf *out, const struct ledger_entry *entry, struct str kept) MUST_CHECK;
// What the event of this line about a signal says, as event_read_signal. Texts in its parts may
// borrow from `kept`; what it is linked with does not.
bool event_kept_says(struct str kept, const struct ledger_entry *entry, struct event_said *said,
                     struct err *err) MUST_CHECK;
// The value of a line about a source; absent when it has none.
struct str event_kept_value(struct str kept);
// Where its municipality lay. It may borrow from `kept` or `said`. False: damaged.
bool event_kept_place(struct str kept, struct event_place *place,
                      struct event_said *said) MUST_CHECK;
// Its asReported. False when it has none.
bool event_kept_spelling(struct str kept, const struct ledger_entry *entry,
                         char out[EVENT_SPELLING_MAX]);

#endif
