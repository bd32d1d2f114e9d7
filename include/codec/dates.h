// SPDX-License-Identifier: EUPL-1.2
// Dates and times as other systems write them, made into those of RFC 3339. What has no zone is
// meant as the clock in the Netherlands shows it, or as UTC where `utc`.
#ifndef CODEC_DATES_H
#define CODEC_DATES_H

#include "base/time.h"
#include "codec/mapping.h"

enum dates_kind {
    DATES_NONE, // not such a date
    DATES_DAY,  // a date alone
    DATES_TIME,
};

// Reads `text` in a form; ISO is taken whatever the form, since it cannot be mistaken. *day is set
// for a date alone (and *ms to where that day begins), *ms for a time.
enum dates_kind dates_read(enum mapping_dates form, bool utc, struct str text, int32_t *day,
                           int64_t *ms);

// The same as text: "2018-06-18" or "2018-06-18T13:30:47.604Z". Absent when it is no date.
struct str dates_put(enum mapping_dates form, bool utc, struct str text, char out[TIME_STAMP_MAX]);

#endif
