// SPDX-License-Identifier: EUPL-1.2
// A run of whole months, as questions about counts name it: "2017", "2017-03", "2016..2018",
// "2016-03..2017-02". Months are those of cells: since 2000-01.
#ifndef CORE_CUBE_PERIOD_H
#define CORE_CUBE_PERIOD_H

#include "base/str.h"

#include <stdint.h>

enum { PERIOD_TEXT_MAX = 17 }; // "2016-03..2017-02" with NUL

struct period {      // zeroed: all months
    uint16_t from;   // the first month
    uint16_t behind; // the first one after it; 0: it has no end
};

// From 2000 to 2999. False when it is no such text, or ends before it begins.
bool period_parse(struct str text, struct period *out);
bool period_has(const struct period *period, uint16_t month);
bool period_has_end(const struct period *period);
bool period_is_whole_years(const struct period *period);
// As it may be written, shortest first. Only of one with an end.
void period_format(const struct period *period, char out[PERIOD_TEXT_MAX]);
// Its first and its last day. Only of one with an end.
void period_days(const struct period *period, int32_t *first, int32_t *last);
// The month of a day; of one before 2000 the first.
uint16_t period_month_of_day(int32_t day);

#endif
