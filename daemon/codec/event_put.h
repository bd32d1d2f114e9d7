// SPDX-License-Identifier: EUPL-1.2
// How events and current records write what both have; nobody else includes it.
#ifndef CODEC_EVENT_PUT_H
#define CODEC_EVENT_PUT_H

#include "base/str.h"

// Text that needs no escapes.
#define PUT(out, literal) buf_put((out), (literal), sizeof(literal) - 1)

void event_put_date(struct buf *out, int32_t day); // a string, or null for TIME_DAY_NONE
void event_put_code(struct buf *out, const char prefix[3], unsigned value); // "unknown" for 0
void event_put_string(struct buf *out, struct str text); // null when it is absent
void event_put_municipality(struct buf *out, uint16_t code);

#endif
