// SPDX-License-Identifier: EUPL-1.2
// Writes numbers, shares, sizes and times into room of the caller. No result is longer than
// FORMAT_MAX, whatever the value is. A share is 0 % or 100 % only when it really is. A time that
// cannot be read is shown as "?", one that is not there as "-".
#include "ctl/term/format.h"

#include "base/str.h"
#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>

void format_count(int64_t value, char out[FORMAT_MAX]) {
    (void)snprintf(out, FORMAT_MAX, "%" PRId64, value);
}

void format_share(int64_t part, int64_t whole, char out[FORMAT_MAX]) {
    double percent = whole > 0 ? 100.0 * (double)part / (double)whole : 0;
    if (part > 0 && percent < 0.5)
        (void)snprintf(out, FORMAT_MAX, "<1 %%");
    else if (part < whole && percent >= 99.5)
        (void)snprintf(out, FORMAT_MAX, ">99 %%");
    else
        (void)snprintf(out, FORMAT_MAX, "%.0f %%", percent);
}

void format_bytes(int64_t bytes, char out[FORMAT_MAX]) {
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) {
        (void)snprintf(out, FORMAT_MAX, "%" PRId64 " B", bytes);
        return;
    }
    double value = (double)bytes / 1024;
    size_t unit = 0;
    while (value >= 1023.95 && unit + 1 < sizeof units / sizeof *units) { // would print as 1024.0
        value /= 1024;
        unit++;
    }
    (void)snprintf(out, FORMAT_MAX, "%.1f %s", value, units[unit]);
}

void format_duration(int64_t seconds, char out[FORMAT_MAX]) {
    int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
    if (minutes < 1)
        (void)snprintf(out, FORMAT_MAX, "%" PRId64 " s", seconds);
    else if (hours < 1)
        (void)snprintf(out, FORMAT_MAX, "%" PRId64 " min", minutes);
    else if (days < 1)
        (void)snprintf(out, FORMAT_MAX, "%" PRId64 " h %" PRId64 " min", hours, minutes % 60);
    else
        (void)snprintf(out, FORMAT_MAX, "%" PRId64 " d %" PRId64 " h %" PRId64 " min", days,
                       hours % 24, minutes % 60);
}

void format_short(int64_t seconds, char out[FORMAT_MAX]) {
    static const struct {
        int64_t from, unit;
        const char *name;
    } units[] = {{2 * 86400, 86400, "d"}, {2 * 3600, 3600, "h"}, {120, 60, "min"}, {0, 1, "s"}};
    size_t i = 0;
    while (units[i].from > seconds && units[i].from)
        i++;
    (void)snprintf(out, FORMAT_MAX, "%" PRId64 " %s", seconds / units[i].unit, units[i].name);
}

void format_distance(const char *stamp, int64_t now_s, char out[FORMAT_MAX]) {
    int64_t ms;
    if (!stamp || !time_parse_stamp(str_from(stamp), &ms)) {
        (void)snprintf(out, FORMAT_MAX, "%s", stamp ? "?" : "-");
        return;
    }
    int64_t distance = ms / 1000 - now_s;
    format_short(distance < 0 ? -distance : distance, out);
}

void format_stamp(const char *stamp, char out[FORMAT_MAX]) {
    int64_t ms;
    char text[TIME_STAMP_MAX];
    if (!stamp || !time_parse_stamp(str_from(stamp), &ms)) {
        (void)snprintf(out, FORMAT_MAX, "%s", stamp ? "?" : "-");
        return;
    }
    time_format_stamp(ms, text); // "2017-03-05T10:11:12.345Z"
    (void)snprintf(out, FORMAT_MAX, "%.10s %.8s", text, text + 11);
}
