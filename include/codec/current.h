// SPDX-License-Identifier: EUPL-1.2
// A signal as it stands, for the topic of current signals: one flat record of primitives, keyed by
// the signal's public id, so that a table in any system is one declaration. The fields are those of
// conf/api/schemas/signal-current.v1.json, in that order; fields that are added later are optional
// there. A field is named as in an event where that has it. Nothing of a person is in it.
#ifndef CODEC_CURRENT_H
#define CODEC_CURRENT_H

#include "codec/event.h"

enum { CURRENT_VALUE_MAX = 4096 };

// `entry`: the latest line of a signal that is not erased. `place`: what its event says of its
// municipality. Other names are of the tables in force.
void current_put_value(struct buf *out, const struct ledger_entry *entry,
                       const struct event_place *place,
                       const struct municipalities *municipalities);

// The same of a line and what is kept of its event. False: damaged.
bool current_make_value(struct buf *out, const struct ledger_entry *entry, struct str kept,
                        const struct municipalities *municipalities) MUST_CHECK;

// Was this value made of that line? Names in it may be other ones.
bool current_is_of(struct str value, const struct ledger_entry *entry);

#endif
