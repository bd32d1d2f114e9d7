// SPDX-License-Identifier: EUPL-1.2
// Events read back: what a value says, as the ledger line that it was made from. For a verify, and
// for a ledger that has to be made anew from the topic. Strict in what it needs; members that it
// does not know are passed over.
#ifndef CODEC_EVENT_READ_H
#define CODEC_EVENT_READ_H

#include "codec/event.h"
#include "core/cube/departures.h"

enum {
    EVENT_SPELLING_MAX = 4096 + 1, // any cell of a table
    EVENT_SAID_TEXT = EVENT_SPELLING_MAX + LEDGER_SOURCE_MAX +
                      2 * (MUNICIPALITY_TEXT_MAX + MUNICIPALITY_UNIT_MAX),
};

// Not to be copied: the parts borrow from it.
struct event_said {
    // What the value says: identity, version, source, cell (its month follows from `reported`),
    // reported, occurred, received_ms, municipality_today, and by `event` verdict, counts and
    // erased, as event_read_type. The rest is 0.
    struct ledger_entry entry;
    bool stub;                // nothing but number and source: a version of an erased signal
    struct event_parts parts; // of `previous` the cell is what the counts moved from
    struct digest linked[EVENT_LINKED_MAX];
    char text[EVENT_SAID_TEXT];
};

// The value of an event about a signal. INPUT when it is none; the text holds nothing of it.
bool event_read_signal(struct str value, struct event_said *out, struct err *err) MUST_CHECK;

// The value of an event about a source: entry has source, cell.municipality, cell.source_kind and
// municipality_today. `last_signal_ms`: 0 when there never was one.
bool event_read_source(struct str value, struct ledger_entry *entry, int64_t *last_signal_ms,
                       struct err *err) MUST_CHECK;

// The value of an event about a trend: what the ledger follows of it.
struct event_departed {
    char kind[COUNTS_LABEL_MAX], region[COUNTS_LABEL_MAX];
    enum category category;
    bool more;       // than before
    uint16_t closed; // last month of the later period, as in struct cell
};
bool event_read_departed(struct str value, struct event_departed *out, struct err *err) MUST_CHECK;

// The other way round of event_type: sets kind, verdict, counts and erased. False when it is no
// type of ours.
bool event_read_type(struct str type, struct ledger_entry *entry);

#endif
