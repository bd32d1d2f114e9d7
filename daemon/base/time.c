// SPDX-License-Identifier: EUPL-1.2
// Calendar arithmetic without a clock and without the C library's time zone: results depend on the
// arguments alone, not on TZ or on the machine's zone files. All functions are pure and own
// nothing.
#include "base/time.h"

#include <stdio.h>
#include <string.h>

enum { MS_PER_DAY = 86400000, MS_PER_HOUR = 3600000 };

// Counting in years that begin in March puts the leap day last; 400 years have 146,097 days.
int32_t time_day_from_civil(int year, int month, int day) {
    int y = month <= 2 ? year - 1 : year;
    int era = (y >= 0 ? y : y - 399) / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void time_civil_from_day(int32_t day, int *year, int *month, int *mday) {
    int z = day + 719468;
    int era = (z >= 0 ? z : z - 146096) / 146097;
    int day_of_era = z - era * 146097;
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int march_month = (5 * day_of_year + 2) / 153;
    *mday = day_of_year - (153 * march_month + 2) / 5 + 1;
    *month = march_month < 10 ? march_month + 3 : march_month - 9;
    *year = year_of_era + era * 400 + (*month <= 2 ? 1 : 0);
}

int time_month_of_day(int32_t day) {
    int year, month, mday;
    time_civil_from_day(day, &year, &month, &mday);
    return year * 12 + month - 1;
}

static int days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

bool time_is_civil(int year, int month, int day) {
    return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(year, month);
}

// `count` digits at text[at] as a number; -1 when one is missing.
static int digits(struct str text, size_t at, size_t count) {
    int value = 0;
    if (at + count > text.len)
        return -1;
    for (size_t i = at; i < at + count; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        value = value * 10 + (text.data[i] - '0');
    }
    return value;
}

bool time_parse_date(struct str text, int32_t *day) {
    if (text.len != 10 || text.data[4] != '-' || text.data[7] != '-')
        return false;
    int year = digits(text, 0, 4), month = digits(text, 5, 2), mday = digits(text, 8, 2);
    if (!time_is_civil(year, month, mday))
        return false;
    *day = time_day_from_civil(year, month, mday);
    return true;
}

// Offset of an RFC 3339 time in minutes: "Z" or "+hh:mm".
static bool parse_offset(struct str text, int *minutes) {
    if (text.len == 1 && (text.data[0] == 'Z' || text.data[0] == 'z')) {
        *minutes = 0;
        return true;
    }
    if (text.len != 6 || (text.data[0] != '+' && text.data[0] != '-') || text.data[3] != ':')
        return false;
    int hours = digits(text, 1, 2), mins = digits(text, 4, 2);
    if (hours < 0 || hours > 23 || mins < 0 || mins > 59)
        return false;
    *minutes = hours * 60 + mins;
    if (text.data[0] == '-') {
        if (*minutes == 0)
            return false;
        *minutes = -*minutes;
    }
    return true;
}

bool time_parse_stamp(struct str text, int64_t *ms) {
    int32_t day;
    if (text.len < 20 || (text.data[10] != 'T' && text.data[10] != 't') || text.data[13] != ':' ||
        text.data[16] != ':' || !time_parse_date((struct str){text.data, 10}, &day))
        return false;
    int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return false;
    size_t at = 19;
    int fraction = 0;
    if (text.data[at] == '.') {
        int scale = 100;
        size_t first = ++at;
        for (; at < text.len && text.data[at] >= '0' && text.data[at] <= '9'; at++) {
            fraction += scale * (text.data[at] - '0');
            scale /= 10;
        }
        if (at == first)
            return false;
    }
    int offset;
    if (!parse_offset((struct str){text.data + at, text.len - at}, &offset))
        return false;
    *ms = (int64_t)day * MS_PER_DAY + (int64_t)(hour * 60 + minute - offset) * 60000 +
          second * 1000 + fraction;
    return true;
}

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0 ? 1 : 0);
}

// Writes `value` as `width` digits and `end` behind them; returns the place behind.
static char *put_digits(char *out, int value, size_t width, char end) {
    for (size_t k = width; k > 0; k--, value /= 10)
        out[k - 1] = (char)('0' + value % 10);
    out[width] = end;
    return out + width + 1;
}

void time_format_date(int32_t day, char out[TIME_DATE_MAX]) {
    int year, month, mday;
    time_civil_from_day(day, &year, &month, &mday);
    out = put_digits(out, year, 4, '-');
    out = put_digits(out, month, 2, '-');
    (void)put_digits(out, mday, 2, '\0');
}

void time_format_stamp(int64_t ms, char out[TIME_STAMP_MAX]) {
    int64_t day = floor_div(ms, MS_PER_DAY);
    int rest = (int)(ms - day * MS_PER_DAY);
    time_format_date((int32_t)day, out);
    out[TIME_DATE_MAX - 1] = 'T';
    out = put_digits(out + TIME_DATE_MAX, rest / MS_PER_HOUR, 2, ':');
    out = put_digits(out, rest / 60000 % 60, 2, ':');
    out = put_digits(out, rest / 1000 % 60, 2, '.');
    out = put_digits(out, rest % 1000, 3, 'Z');
    *out = '\0';
}

// A zone as RFC 3339 writes it, for "", "Z", "+01", "+0100" and "+01:00". False when it is too
// long.
static bool put_zone(struct str zone, char out[8]) {
    bool bare = zone.len > 0 && (zone.data[0] == '+' || zone.data[0] == '-');
    if (zone.len > 6)
        return false;
    if (zone.len == 0)
        zone = STR("Z");
    if (bare && zone.len == 3)
        (void)snprintf(out, 8, "%.3s:00", zone.data);
    else if (bare && zone.len == 5)
        (void)snprintf(out, 8, "%.3s:%.2s", zone.data, zone.data + 3);
    else
        (void)snprintf(out, 8, "%.*s", (int)zone.len, zone.data);
    return true;
}

bool time_parse_said(struct str text, int64_t *ms) {
    char stamp[64], zone[8];
    size_t end = 16;
    if (text.len < end || text.len > 48 ||
        (text.data[10] != 'T' && text.data[10] != 't' && text.data[10] != ' '))
        return false;
    while (end < text.len && strchr(":.0123456789", text.data[end]) && text.data[end])
        end++;
    struct str rest = str_trim((struct str){text.data + end, text.len - end});
    if (!put_zone(rest, zone))
        return false;
    int len = snprintf(stamp, sizeof stamp, "%.10sT%.*s%s%s", text.data, (int)end - 11,
                       text.data + 11, end == 16 ? ":00" : "", zone);
    if (!time_parse_stamp((struct str){stamp, (size_t)len}, ms))
        return false;
    int32_t day = (int32_t)floor_div(*ms, MS_PER_DAY);
    if (rest.len == 0)
        *ms = time_from_amsterdam(day, *ms - (int64_t)day * MS_PER_DAY);
    return true;
}

// 01:00 UTC on the last Sunday of a month of 31 days. 1970-01-01 was a Thursday.
static int64_t last_sunday_0100(int year, int month) {
    int32_t last = time_day_from_civil(year, month, 31);
    int weekday = ((last % 7) + 7 + 4) % 7; // 0 is Sunday
    return (int64_t)(last - weekday) * MS_PER_DAY + MS_PER_HOUR;
}

static bool is_summer(int64_t ms) {
    int year, month, mday;
    time_civil_from_day((int32_t)floor_div(ms, MS_PER_DAY), &year, &month, &mday);
    if (month != 3 && month != 10)
        return month > 3 && month < 10;
    return ms >= last_sunday_0100(year, 3) && ms < last_sunday_0100(year, 10);
}

int32_t time_amsterdam_day(int64_t ms) {
    return (int32_t)floor_div(ms + (is_summer(ms) ? 2 : 1) * MS_PER_HOUR, MS_PER_DAY);
}

int64_t time_from_amsterdam(int32_t day, int64_t ms_of_day) {
    int64_t local = (int64_t)day * MS_PER_DAY + ms_of_day;
    int64_t in_summer = local - 2 * MS_PER_HOUR;
    return is_summer(in_summer) ? in_summer : local - MS_PER_HOUR;
}

static int month_of_name(struct str name) {
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++)
        if (memcmp(name.data, names + 3 * i, 3) == 0)
            return i + 1;
    return 0;
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
static bool parse_http_date(struct str text, int64_t *ms) {
    if (text.len != 29 || memcmp(text.data + 25, " GMT", 4) != 0)
        return false;
    int month = month_of_name((struct str){text.data + 8, 3});
    int mday = digits(text, 5, 2), year = digits(text, 12, 4);
    int hour = digits(text, 17, 2), minute = digits(text, 20, 2), second = digits(text, 23, 2);
    if (!time_is_civil(year, month, mday) || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 60)
        return false;
    *ms = (int64_t)time_day_from_civil(year, month, mday) * MS_PER_DAY +
          (int64_t)(hour * 60 + minute) * 60000 + second * 1000;
    return true;
}

bool time_parse_retry_after(struct str text, int64_t now_ms, int64_t *wait_ms) {
    uint64_t seconds;
    int64_t at;
    text = str_trim(text);
    if (str_to_u64(text, 10 * 365 * 86400ULL, &seconds)) {
        *wait_ms = (int64_t)seconds * 1000;
        return true;
    }
    if (!parse_http_date(text, &at))
        return false;
    *wait_ms = at > now_ms ? at - now_ms : 0;
    return true;
}
