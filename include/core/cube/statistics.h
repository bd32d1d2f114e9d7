// SPDX-License-Identifier: EUPL-1.2
// Statistics that may be told outside (disclosure control). Exact running counts give single people
// away (14, then 15), so what is told is made at the close of a month and then stays as it is:
//   - sums along a few margins only, of signals reported in closed months that are not rejected;
//   - each floored on its own to a multiple of the rounding base: zero and small look alike;
//   - made anew only when at least as many signals as the rounding base have changed since.
// A statistic has a key: "signals/year=2017/province=PV27/category=SexualExploitation",
// "signals/month=2017-03", "municipalities/year=2017".
#ifndef CORE_CUBE_STATISTICS_H
#define CORE_CUBE_STATISTICS_H

#include "core/cube/counts.h"

enum { STATISTIC_KEY_MAX = 128 };

struct statistic {
    char key[STATISTIC_KEY_MAX]; // zeroed behind the text
    int64_t count;               // a multiple of the rounding base, > 0
};

struct statistics {
    struct statistic *list; // sorted by their keys' bytes. The caller frees it
    size_t count;
};

// Months are as in struct cell.
struct statistics_options {
    const struct municipalities *municipalities;
    int32_t today; // the municipalities that signalled are counted as they are on this day
    uint16_t closed;
    uint32_t rounding_base; // > 0
};
void statistics_make(const struct counts *counts, const struct statistics_options *options,
                     struct statistics *statistics);

// Are there statistics by exactly these dimensions (bits of enum dimension), for each year or
// month?
bool statistics_has_margin(enum dimension period, uint32_t by);
// The last month that is over on `day`.
uint16_t statistics_closed_month(int32_t day);

// The part of a cell that tells one change from another: without what is said of victims and
// without status.
struct cell statistics_plain(const struct cell *cell);
// At least so many signals were added, moved or removed where the numbers of such cells differ so.
// A signal that came and went, or that was corrected many times, makes no difference.
int64_t statistics_changes(const struct counts *difference);

#endif
