// SPDX-License-Identifier: EUPL-1.2
// Numbers and times as people read them.
#ifndef CTL_TERM_FORMAT_H
#define CTL_TERM_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum { FORMAT_MAX = 32 };

void format_count(int64_t value, char out[FORMAT_MAX]);
// A whole percentage that is 0 and 100 only when it really is: "5 %", "<1 %", ">99 %".
void format_share(int64_t part, int64_t whole, char out[FORMAT_MAX]);
void format_bytes(int64_t bytes, char out[FORMAT_MAX]);      // "1.2 GiB"
void format_duration(int64_t seconds, char out[FORMAT_MAX]); // "3 d 4 h 12 min"
void format_short(int64_t seconds, char out[FORMAT_MAX]);    // "12 s", "3 min", "4 h", "35 d"
// How far an RFC 3339 time is from `now_s` (seconds since 1970), before or after: as format_short;
// "-" for NULL, "?" for what is no time.
void format_distance(const char *stamp, int64_t now_s, char out[FORMAT_MAX]);
// RFC 3339 as "2017-03-05 10:11:12", in UTC; "-" for NULL, "?" for what is no time.
void format_stamp(const char *stamp, char out[FORMAT_MAX]);

#endif
