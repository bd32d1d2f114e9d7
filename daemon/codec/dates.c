// SPDX-License-Identifier: EUPL-1.2
// Reads dates in the forms that a template names. ISO is tried first, since it cannot be mistaken
// for another form; then only the form that was named. A text with anything left over is no date:
// nothing is guessed. Pure; the text is borrowed.
#include "codec/dates.h"

#include <string.h>

enum {
    MS_PER_DAY = 86400000,
    EXCEL_DAY_0 = -25569,    // 1899-12-30
    EXCEL_DAYS_MAX = 2958465 // 9999-12-31
};
// 0001-01-01 and 10000-01-01: what RFC 3339 can write.
static const int64_t ms_min = -62135596800000, ms_end = 253402300800000;

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static void skip(struct str *rest, size_t count) {
    *rest = (struct str){rest->data + count, rest->len - count};
}

// Takes one of `chars` off; '\0' when it is another or nothing is left.
static char take_char(struct str *rest, const char *chars) {
    char c = rest->len ? rest->data[0] : '\0';
    if (c == '\0' || !strchr(chars, c))
        return '\0';
    skip(rest, 1);
    return c;
}

// Takes all the digits that stand there, `min` to `max` of them (at most 18).
static bool take_digits(struct str *rest, size_t min, size_t max, int64_t *value) {
    size_t count = 0;
    *value = 0;
    for (; count < rest->len && is_digit(rest->data[count]); count++) {
        if (count == max)
            return false;
        *value = *value * 10 + (rest->data[count] - '0');
    }
    skip(rest, count);
    return count >= min;
}

static bool take_number(struct str *rest, size_t digits_min, size_t digits_max, int *value) {
    int64_t wide;
    bool ok = take_digits(rest, digits_min, digits_max, &wide);
    *value = ok ? (int)wide : -1;
    return ok;
}

// ".604472" as a part of `whole`, rounded down; 0 when there is none. False when no digit follows.
static bool take_fraction(struct str *rest, int64_t whole, double *part) {
    double scale = (double)whole;
    *part = 0;
    if (!take_char(rest, ".,"))
        return true;
    if (rest->len == 0 || !is_digit(rest->data[0]))
        return false;
    for (; rest->len && is_digit(rest->data[0]); skip(rest, 1)) {
        scale /= 10;
        *part += scale * (rest->data[0] - '0');
    }
    return true;
}

// Milliseconds of ".604472", digits behind the third cut off.
static bool take_milliseconds(struct str *rest, int64_t *ms) {
    int64_t scale = 100;
    *ms = 0;
    if (!take_char(rest, ".,"))
        return true;
    if (rest->len == 0 || !is_digit(rest->data[0]))
        return false;
    for (; rest->len && is_digit(rest->data[0]); skip(rest, 1), scale /= 10)
        *ms += scale * (rest->data[0] - '0');
    return true;
}

// "13:30", "13:30:47", "13:30:47.604"
static bool take_clock(struct str *rest, int64_t *ms) {
    int hour, minute, second = 0;
    int64_t fraction = 0;
    if (!take_number(rest, 1, 2, &hour) || !take_char(rest, ":") ||
        !take_number(rest, 2, 2, &minute))
        return false;
    if (take_char(rest, ":") &&
        (!take_number(rest, 2, 2, &second) || !take_milliseconds(rest, &fraction)))
        return false;
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    *ms = ((int64_t)(hour * 60 + minute) * 60 + second) * 1000 + fraction;
    return true;
}

// "Z", "+01", "+0100", "+01:00" and nothing more. "-00:00" says that the zone is not known.
static bool take_zone(struct str *rest, int64_t *ms) {
    int hours, minutes = 0;
    *ms = 0;
    if (take_char(rest, "Zz"))
        return rest->len == 0;
    char sign = take_char(rest, "+-");
    struct str digits = {rest->data, rest->len < 2 ? rest->len : 2};
    if (!sign || !take_number(&digits, 2, 2, &hours))
        return false;
    skip(rest, 2);
    if (rest->len) {
        (void)take_char(rest, ":");
        if (!take_number(rest, 2, 2, &minutes))
            return false;
    }
    *ms = (int64_t)(hours * 60 + minutes) * 60000;
    if (sign == '-')
        *ms = -*ms;
    return rest->len == 0 && hours <= 23 && minutes <= 59 && !(sign == '-' && *ms == 0);
}

static int64_t from_clock(bool utc, int32_t day, int64_t clock) {
    return utc ? (int64_t)day * MS_PER_DAY + clock : time_from_amsterdam(day, clock);
}

// What stands behind a date: nothing, or a time.
static enum dates_kind read_rest(bool utc, int32_t day, struct str rest, int64_t *ms) {
    int64_t clock, zone;
    if (rest.len == 0) {
        *ms = from_clock(utc, day, 0);
        return DATES_DAY;
    }
    if (!take_char(&rest, "Tt "))
        return DATES_NONE;
    rest = str_trim(rest);
    if (!take_clock(&rest, &clock))
        return DATES_NONE;
    rest = str_trim(rest);
    if (rest.len == 0) {
        *ms = from_clock(utc, day, clock);
        return DATES_TIME;
    }
    if (!take_zone(&rest, &zone))
        return DATES_NONE;
    *ms = (int64_t)day * MS_PER_DAY + clock - zone;
    return DATES_TIME;
}

static enum dates_kind read_iso(bool utc, struct str text, int32_t *day, int64_t *ms) {
    if (text.len < 10 || !time_parse_date((struct str){text.data, 10}, day))
        return DATES_NONE;
    return read_rest(utc, *day, (struct str){text.data + 10, text.len - 10}, ms);
}

static enum dates_kind read_day_month(struct str text, bool month_first, bool utc, int32_t *day,
                                      int64_t *ms) {
    int first, second, year;
    char separator;
    if (!take_number(&text, 1, 2, &first) || !(separator = take_char(&text, "-/.")) ||
        !take_number(&text, 1, 2, &second) || take_char(&text, "-/.") != separator ||
        !take_number(&text, 4, 4, &year))
        return DATES_NONE;
    int month = month_first ? first : second, mday = month_first ? second : first;
    if (!time_is_civil(year, month, mday))
        return DATES_NONE;
    *day = time_day_from_civil(year, month, mday);
    return read_rest(utc, *day, text, ms);
}

// Days since 1899-12-30; of the fraction, which is the time of day, a millisecond is exact enough.
static enum dates_kind read_serial(bool utc, struct str text, int32_t *day, int64_t *ms) {
    int64_t days;
    double part;
    if (!take_digits(&text, 1, 7, &days) || !take_fraction(&text, MS_PER_DAY, &part) || text.len ||
        days > EXCEL_DAYS_MAX)
        return DATES_NONE;
    int64_t clock = (int64_t)(part + 0.5);
    *day = (int32_t)days + EXCEL_DAY_0;
    *ms = from_clock(utc, *day, clock);
    return clock ? DATES_TIME : DATES_DAY;
}

static enum dates_kind read_epoch(struct str text, bool in_ms, int64_t *ms) {
    int64_t value, fraction;
    bool before = take_char(&text, "-");
    if (!take_digits(&text, 1, 15, &value) || !take_milliseconds(&text, &fraction) || text.len)
        return DATES_NONE;
    *ms = in_ms ? value : value * 1000 + fraction;
    if (before)
        *ms = -*ms;
    return DATES_TIME;
}

static enum dates_kind read_form(enum mapping_dates form, bool utc, struct str text, int32_t *day,
                                 int64_t *ms) {
    enum dates_kind kind = read_iso(utc, text, day, ms);
    if (kind != DATES_NONE)
        return kind;
    switch (form) {
    case MAPPING_DATES_DMY:
        return read_day_month(text, false, utc, day, ms);
    case MAPPING_DATES_MDY:
        return read_day_month(text, true, utc, day, ms);
    case MAPPING_DATES_EXCEL:
        kind = read_day_month(text, false, utc, day, ms);
        return kind != DATES_NONE ? kind : read_serial(utc, text, day, ms);
    case MAPPING_DATES_EPOCH:
    case MAPPING_DATES_EPOCH_MS:
        return read_epoch(text, form == MAPPING_DATES_EPOCH_MS, ms);
    case MAPPING_DATES_ISO:
    case MAPPING_DATES_COUNT:
        break;
    }
    return DATES_NONE;
}

enum dates_kind dates_read(enum mapping_dates form, bool utc, struct str text, int32_t *day,
                           int64_t *ms) {
    char room[STR_TIDY_MAX];
    text = str_tidy(text, room);
    if (text.len == 0)
        return DATES_NONE;
    enum dates_kind kind = read_form(form, utc, text, day, ms);
    return kind != DATES_NONE && *ms >= ms_min && *ms < ms_end ? kind : DATES_NONE;
}

struct str dates_put(enum mapping_dates form, bool utc, struct str text, char out[TIME_STAMP_MAX]) {
    int32_t day;
    int64_t ms;
    switch (dates_read(form, utc, text, &day, &ms)) {
    case DATES_DAY:
        time_format_date(day, out);
        return str_from(out);
    case DATES_TIME:
        time_format_stamp(ms, out);
        return str_from(out);
    case DATES_NONE:
        break;
    }
    return (struct str){NULL, 0};
}
