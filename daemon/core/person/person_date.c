// SPDX-License-Identifier: EUPL-1.2
// Birth dates in the forms that systems have them: 1990-05-17, 19900517, 17-05-1990, 17/5/1990,
// 17.05.1990, each of the ones with separators with or without a time of day. A time with a zone is
// midnight in the Netherlands that some program has moved to UTC: its day is the one here. The
// population register writes 00 for a day, or a month and a day, that are not known.
#include "base/time.h"
#include "person_private.h"

// Takes the digits that stand there, `min` to `max` of them.
static bool take_digits(struct str *rest, size_t min, size_t max, int *value) {
    size_t count = 0;
    *value = 0;
    for (; count < rest->len && rest->data[count] >= '0' && rest->data[count] <= '9'; count++) {
        if (count == max)
            return false;
        *value = *value * 10 + (rest->data[count] - '0');
    }
    *rest = (struct str){rest->data + count, rest->len - count};
    return count >= min;
}

static bool take_char(struct str *rest, char wanted) {
    if (rest->len == 0 || rest->data[0] != wanted)
        return false;
    *rest = (struct str){rest->data + 1, rest->len - 1};
    return true;
}

// Eight digits may be a BSN: those of which the first are no year are no day.
static bool is_partly_known(int year, int month) {
    enum { YEAR_MIN = 1900, YEAR_MAX = 2099 };
    return year == 0 ? month == 0 : year >= YEAR_MIN && year <= YEAR_MAX && month <= 12;
}

// TIME_DAY_NONE where the day is 00.
static bool take_civil(int year, int month, int mday, int32_t *day) {
    bool known = mday > 0;
    if (known ? !time_is_civil(year, month, mday) : !is_partly_known(year, month))
        return false;
    *day = known ? time_day_from_civil(year, month, mday) : TIME_DAY_NONE;
    return true;
}

static bool take_day_month_year(struct str *rest, int32_t *day) {
    int mday, month, year;
    if (!take_digits(rest, 1, 2, &mday) || rest->len == 0)
        return false;
    char separator = rest->data[0];
    return (separator == '-' || separator == '/' || separator == '.') &&
           take_char(rest, separator) && take_digits(rest, 1, 2, &month) &&
           take_char(rest, separator) && take_digits(rest, 4, 4, &year) &&
           take_civil(year, month, mday, day);
}

static bool take_year_month_day(struct str *rest, int32_t *day) {
    int year, month, mday;
    return take_digits(rest, 4, 4, &year) && take_char(rest, '-') &&
           take_digits(rest, 2, 2, &month) && take_char(rest, '-') &&
           take_digits(rest, 2, 2, &mday) && take_civil(year, month, mday, day);
}

// Nothing, or a time of day without zone.
static bool is_clock_or_nothing(struct str rest) {
    int hour, minute, second = 0, digits;
    if (rest.len == 0)
        return true;
    if (!take_char(&rest, 'T') && !take_char(&rest, ' '))
        return false;
    rest = str_trim(rest);
    if (!take_digits(&rest, 1, 2, &hour) || !take_char(&rest, ':') ||
        !take_digits(&rest, 2, 2, &minute))
        return false;
    if (take_char(&rest, ':') && !take_digits(&rest, 2, 2, &second))
        return false;
    if (take_char(&rest, '.') && !take_digits(&rest, 1, 9, &digits))
        return false;
    return rest.len == 0 && hour <= 23 && minute <= 59 && second <= 59;
}

static bool read_compact(struct str text, int32_t *day) {
    uint64_t value;
    if (text.len != 8 || !str_to_u64(text, 99999999, &value))
        return false;
    return take_civil((int)(value / 10000), (int)(value / 100 % 100), (int)(value % 100), day);
}

bool person_date_read(struct str text, int32_t *day) {
    struct str rest = text;
    int64_t ms;
    if (time_parse_stamp(text, &ms)) {
        *day = time_amsterdam_day(ms);
        return true;
    }
    if (read_compact(text, day))
        return true;
    if (take_year_month_day(&rest, day))
        return is_clock_or_nothing(rest);
    rest = text;
    return take_day_month_year(&rest, day) && is_clock_or_nothing(rest);
}
