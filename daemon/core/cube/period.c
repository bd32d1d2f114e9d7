// SPDX-License-Identifier: EUPL-1.2
// Reads and writes runs of months. `behind` is the first month after the run, so a length is a
// difference and an open end is 0. A text is written in its shortest form, and that form read
// again means the same months. All functions are pure and own nothing.
#include "core/cube/period.h"

#include "base/time.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { YEAR_MIN = 2000, YEAR_MAX = 2999, PART_MAX = 8 }; // "2017-03" with NUL

// "2017" or "2017-03".
static bool parse_part(struct str text, struct period *out) {
    struct str rest = text, year_text;
    uint64_t year, month;
    if ((text.len != 4 && text.len != 7) || !str_split(&rest, '-', &year_text) ||
        year_text.len != 4 || !str_to_u64(year_text, YEAR_MAX, &year) || year < YEAR_MIN)
        return false;
    out->from = (uint16_t)((year - YEAR_MIN) * 12);
    out->behind = (uint16_t)(out->from + 12);
    if (text.len == 4)
        return true;
    if (!str_to_u64(rest, 12, &month) || month < 1)
        return false;
    out->from = (uint16_t)(out->from + month - 1);
    out->behind = (uint16_t)(out->from + 1);
    return true;
}

bool period_parse(struct str text, struct period *out) {
    struct str first = text;
    struct period last;
    const char *dots = text.len ? memchr(text.data, '.', text.len) : NULL;
    if (!dots)
        return parse_part(text, out);
    first.len = (size_t)(dots - text.data);
    if (text.len < first.len + 2 || dots[1] != '.' || !parse_part(first, out) ||
        !parse_part((struct str){dots + 2, text.len - first.len - 2}, &last) ||
        last.behind <= out->from)
        return false;
    out->behind = last.behind;
    return true;
}

bool period_has(const struct period *period, uint16_t month) {
    return month >= period->from && (!period->behind || month < period->behind);
}

bool period_has_end(const struct period *period) {
    return period->behind > 0;
}

bool period_is_whole_years(const struct period *period) {
    return period->from % 12 == 0 && period->behind % 12 == 0;
}

// A year where `whole`, else a month.
static void put_part(char out[PART_MAX], uint16_t month, bool whole) {
    unsigned year = YEAR_MIN + month / 12u;
    if (whole)
        (void)snprintf(out, PART_MAX, "%04u", year);
    else
        (void)snprintf(out, PART_MAX, "%04u-%02u", year, month % 12u + 1);
}

void period_format(const struct period *period, char out[PERIOD_TEXT_MAX]) {
    assert(period_has_end(period));
    char first[PART_MAX], last[PART_MAX];
    bool whole = period_is_whole_years(period);
    put_part(first, period->from, whole);
    put_part(last, (uint16_t)(period->behind - 1), whole);
    bool one = strcmp(first, last) == 0;
    (void)snprintf(out, PERIOD_TEXT_MAX, "%s%s%s", first, one ? "" : "..", one ? "" : last);
}

static int32_t first_day(unsigned month) {
    return time_day_from_civil((int)(YEAR_MIN + month / 12), (int)(month % 12 + 1), 1);
}

void period_days(const struct period *period, int32_t *first, int32_t *last) {
    assert(period_has_end(period));
    *first = first_day(period->from);
    *last = first_day(period->behind) - 1;
}

uint16_t period_month_of_day(int32_t day) {
    int month = time_month_of_day(day) - YEAR_MIN * 12;
    return month < 0 ? 0 : month > UINT16_MAX ? UINT16_MAX : (uint16_t)month;
}
