// SPDX-License-Identifier: EUPL-1.2
// Figures and times as people read them.
#ifndef CTL_FORMAT_H
#define CTL_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum { FORMAT_MAX = 32 };

void format_count(int64_t value, char out[FORMAT_MAX]);
void format_bytes(int64_t bytes, char out[FORMAT_MAX]);      // "1.2 GiB"
void format_duration(int64_t seconds, char out[FORMAT_MAX]); // "3 d 4 h 12 min"
// RFC 3339 as "2017-03-05 10:11:12", in UTC; "-" for NULL, "?" for what is no time.
void format_stamp(const char *stamp, char out[FORMAT_MAX]);

#endif
