// SPDX-License-Identifier: EUPL-1.2
// Numbers with a unit as an operator writes them: "90", "64KiB", "15m". Digits and a unit, nothing
// between them. Sizes are in bytes, durations in milliseconds.
#ifndef CONFIG_TEXT_QUANTITY_H
#define CONFIG_TEXT_QUANTITY_H

#include "base/err.h"
#include "base/str.h"

enum quantity_kind { QUANTITY_PLAIN, QUANTITY_SIZE, QUANTITY_DURATION };

// False when it is none, or outside min..max.
bool parse_quantity(struct str text, enum quantity_kind kind, uint64_t min, uint64_t max,
                    uint64_t *value) MUST_CHECK;
// In the largest unit that leaves a whole number.
void put_quantity(struct buf *out, enum quantity_kind kind, uint64_t value);

#endif
