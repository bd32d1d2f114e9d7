// SPDX-License-Identifier: EUPL-1.2
// How many people live where signals are counted, and signals per 100,000 of them. The numbers are
// those of municipalities.csv (Statistics Netherlands, rounded there), of the one year that each
// row has: a region's number follows mergers and not births. Pure; any thread.
#ifndef CORE_CUBE_INHABITANTS_H
#define CORE_CUBE_INHABITANTS_H

#include "core/cube/counts.h"

enum { INHABITANTS_PER = 100000, INHABITANTS_RATE_MAX = 32 };

// Of a region, by its label, or of the country (DIM_COUNT), as it was on the last day of the month
// (as in struct cell). 0: it is no place ("unknown"), no region, or the table does not say.
uint64_t inhabitants_of(const struct municipalities *municipalities, enum dimension d,
                        struct str label, uint16_t month);
// Of where the signals of a line of counts are: by its labels and the query's filters, in the
// smallest region of these, as it was in the last month of its time; `present` where that has no
// end. 0 too where two regions are asked for that do not lie in each other as provinces and
// municipalities do. `labels`: by_count of them, each COUNTS_LABEL_MAX bytes.
uint64_t inhabitants_of_line(const struct municipalities *municipalities,
                             const struct counts_query *query, const char *labels,
                             uint16_t present);
// "4.6": per 100,000, one decimal, half up; "" where nobody lives.
void inhabitants_rate(int64_t signals, uint64_t inhabitants, char decimal,
                      char out[INHABITANTS_RATE_MAX]);

#endif
