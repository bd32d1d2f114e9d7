// SPDX-License-Identifier: EUPL-1.2
// A statistic as it is told outside, in JSON: what it is of is in its key.
// "signals/year=2017/province=PV27" -> {"measure":"signals","year":"2017","province":"PV27",
// "count":30,"roundingBase":10,"closed":"2026-10"}
#ifndef CODEC_STATISTIC_H
#define CODEC_STATISTIC_H

#include "codec/json_out.h"
#include "codec/record.h"
#include "core/cube/counts.h"

enum { STATISTIC_VALUE_MAX = 512, STATISTIC_MONTH_MAX = 12 };

// `inhabitants` of its region, with the rate per 100,000 of them; 0: neither is told, as on the
// topic.
void statistic_put_value(struct json_out *out, struct str key,
                         const struct statistic_record *statistic, uint64_t inhabitants);
// The other way round: the record that is told in these bytes. False when there is none.
bool statistic_read_value(struct str key, struct str value, struct statistic_record *statistic);

// What a statistic is of, in its key.
enum { STATISTIC_PARTS_MAX = 4 };
struct statistic_key {
    struct str measure; // "signals", "municipalities"
    size_t count;
    struct statistic_part {
        enum dimension dimension;
        struct str label;
    } parts[STATISTIC_PARTS_MAX]; // a year or a month first
};
// Borrowed from the key. False when it is none.
bool statistic_read_key(struct str key, struct statistic_key *out);
// Of its region, or of the country, at the end of its year or month. 0: it is no number of signals,
// or its region is no place.
uint64_t statistic_inhabitants(const struct statistic_key *key,
                               const struct municipalities *municipalities);
// "2026-10" for a month as in struct cell.
void statistic_month(uint16_t month, char out[STATISTIC_MONTH_MAX]);

#endif
