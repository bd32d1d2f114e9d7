// SPDX-License-Identifier: EUPL-1.2
// Dates and times without a clock: every function takes its time as an argument.
//   day   days since 1970-01-01 in the proleptic Gregorian calendar
//   ms    milliseconds since 1970-01-01T00:00:00Z, no leap seconds (POSIX)
//   month months since year 0: year * 12 + month - 1
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include "base/str.h"

#include <stdint.h>

enum { TIME_DAY_NONE = INT32_MIN };
enum {
    TIME_DATE_MAX = 11,
    TIME_STAMP_MAX = 25
}; // "2017-03-05", "2017-03-05T10:11:12.345Z" with NUL

int32_t time_day_from_civil(int year, int month, int day); // month and day 1-based, valid
void time_civil_from_day(int32_t day, int *year, int *month, int *mday);
bool time_is_civil(int year, int month, int day); // is there such a day, from year 1 on?
int time_month_of_day(int32_t day);

// "YYYY-MM-DD" (RFC 3339 full-date, years 0001..9999). False when malformed or no such day.
bool time_parse_date(struct str text, int32_t *day);
// RFC 3339 date-time; upper or lower case T and Z, any offset but -00:00 (NL API Design Rules:
// unknown local offset is refused), seconds 0..60, any fraction (cut to ms).
bool time_parse_stamp(struct str text, int64_t *ms);

// What others write: as time_parse_stamp, or with a blank for T, without seconds, with +0100 or
// +01, or without a zone, which is then that of the Netherlands.
bool time_parse_said(struct str text, int64_t *ms);

void time_format_date(int32_t day, char out[TIME_DATE_MAX]);
void time_format_stamp(int64_t ms, char out[TIME_STAMP_MAX]); // UTC, milliseconds, Z

// The day in the Netherlands at `ms`: Europe/Amsterdam, CET (+1) and CEST (+2) by the rule of
// Directive 2000/84/EC (last Sunday of March 01:00 UTC to last Sunday of October 01:00 UTC), which
// also held from 1996 on.
int32_t time_amsterdam_day(int64_t ms);
// The other way: from what a clock in the Netherlands shows. Of the hour that comes twice the first
// is meant; in the hour that is left out the clock is taken to be still on winter time.
int64_t time_from_amsterdam(int32_t day, int64_t ms_of_day);
// HTTP date (RFC 9110 IMF-fixdate) or decimal seconds, as Retry-After has it: ms from `now_ms`, at
// least 0. False when it is neither.
bool time_parse_retry_after(struct str text, int64_t now_ms, int64_t *wait_ms);

#endif
