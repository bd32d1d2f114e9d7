// SPDX-License-Identifier: EUPL-1.2
// Text that has the digits of an identifier and is none: dates and times, digests and UUIDs, IP
// addresses, codes of the field, sizes in bytes. An identifier does not begin inside it.
#include "scrub_private.h"

#include <string.h>

static bool is_date(unsigned year, unsigned month, unsigned day) {
    return year >= 1900 && year <= 2099 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static bool is_date_sign(struct str text, size_t at) {
    return at < text.len && (text.data[at] == '-' || text.data[at] == '/' || text.data[at] == '.');
}

// Three numbers with the same sign between them: 2017-03-05, 5-3-2017, 05/03/2017, 05.03.2017.
static size_t day_at(struct str text, size_t at) {
    size_t starts[3] = {0}, lens[3] = {0}, next = at;
    for (size_t i = 0; i < 3; i++) {
        if (i && !(is_date_sign(text, next) && text.data[next] == text.data[starts[0] + lens[0]]))
            return 0;
        starts[i] = i ? next + 1 : next;
        lens[i] = scrub_count_digits(text, starts[i], 5);
        if (lens[i] == 0 || lens[i] == 3 || lens[i] == 5)
            return 0;
        next = starts[i] + lens[i];
    }
    size_t year = lens[0] == 4 ? 0 : 2, day = 2 - year;
    bool fits = lens[year] == 4 && lens[1] <= 2 && lens[day] <= 2 &&
                is_date(scrub_number(text, starts[year], 4), scrub_number(text, starts[1], lens[1]),
                        scrub_number(text, starts[day], lens[day]));
    bool goes_on = next < text.len && text.data[next] == text.data[starts[0] + lens[0]] &&
                   scrub_is_digit(text, next + 1);
    return fits && !goes_on ? next : 0;
}

// "hh:mm", "hh:mm:ss.f", "hhmm" or "hhmmss"; 0 where it is none.
static size_t time_at(struct str text, size_t at) {
    size_t digits = scrub_count_digits(text, at, 6), end = at + digits;
    bool seconds = digits == 6;
    if (digits == 2 && scrub_stands_at(text, end, ":")) {
        if (!scrub_is_digit(text, end + 1))
            return 0;
        end += 3;
        if (scrub_stands_at(text, end, ":")) {
            end += 3;
            seconds = true;
        }
    } else if (digits != 4 && !seconds) {
        return 0;
    }
    size_t fraction = scrub_stands_at(text, end, ".") ? scrub_count_digits(text, end + 1, 9) : 0;
    if (seconds && fraction)
        end += 1 + fraction;
    return scrub_is_digit(text, end - 1) && !scrub_is_digit(text, end) ? end : 0;
}

size_t scrub_date_at(struct str text, size_t at) {
    size_t end = day_at(text, at);
    bool compact = !end && scrub_count_digits(text, at, 9) == 8 &&
                   is_date(scrub_number(text, at, 4), scrub_number(text, at + 4, 2),
                           scrub_number(text, at + 6, 2));
    if (compact)
        end = at + 8;
    if (!end)
        return 0;
    size_t stamp = 0;
    if (scrub_stands_at(text, end, "t") ||
        (scrub_stands_at(text, end, " ") && scrub_stands_at(text, end + 3, ":")))
        stamp = time_at(text, end + 1);
    if (stamp)
        return stamp;
    return compact ? 0 : end; // eight digits alone may be a BSN
}

static size_t count_hex(struct str text, size_t at, size_t max) {
    size_t count = 0;
    while (count < max && scrub_is_hex(text, at + count))
        count++;
    return count;
}

static size_t uuid_at(struct str text, size_t at) {
    static const size_t groups[] = {8, 4, 4, 4, 12};
    size_t end = at;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        if (i && !scrub_stands_at(text, end++, "-"))
            return 0;
        if (count_hex(text, end, groups[i]) != groups[i])
            return 0;
        end += groups[i];
    }
    return scrub_is_alnum(text, end) ? 0 : end;
}

// 128, 160 or 256 bits, and the number that an event's id has behind it.
static size_t digest_at(struct str text, size_t at) {
    enum { LONGEST = 64, NUMBER = 20 };
    size_t count = count_hex(text, at, LONGEST + 1), end = at + count;
    if ((count != 32 && count != 40 && count != LONGEST) || scrub_is_alnum(text, end))
        return 0;
    size_t number = scrub_stands_at(text, end, ".") ? scrub_count_digits(text, end + 1, NUMBER) : 0;
    return number ? end + 1 + number : end;
}

// Four numbers up to 255. With two digits in each, a BSN looks the same: then that it is.
static size_t address_at(struct str text, size_t at) {
    size_t end = at;
    for (size_t i = 0; i < 4; i++) {
        if (i && !scrub_stands_at(text, end++, "."))
            return 0;
        size_t digits = scrub_count_digits(text, end, 4);
        bool padded = digits > 1 && text.data[end] == '0';
        if (digits == 0 || digits > 3 || padded || scrub_number(text, end, digits) > 255)
            return 0;
        end += digits;
    }
    bool goes_on = scrub_stands_at(text, end, ".") && scrub_is_digit(text, end + 1);
    return goes_on || scrub_bsn_at(text, at) == end ? 0 : end;
}

static size_t code_at(struct str text, size_t at) {
    static const struct {
        const char *letters;
        size_t digits;
    } codes[] = {{"gm", 4}, {"pv", 2}, {"vr", 2}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        size_t digits = at + strlen(codes[i].letters), end = digits + codes[i].digits;
        if (scrub_stands_at(text, at, codes[i].letters) &&
            scrub_count_digits(text, digits, codes[i].digits) == codes[i].digits &&
            !scrub_is_alnum(text, end))
            return end;
    }
    return 0;
}

static size_t size_at(struct str text, size_t at) {
    size_t end = at + scrub_count_digits(text, at, 20);
    return end > at && scrub_stands_at(text, end, " byte") ? end : 0;
}

// Is the end of it the beginning of an identifier, as the year of 31/10/1947-788-007 may be? A day
// or a minute with a blank or dot behind it is no telephone number's or plate's.
static bool runs_into_identifier(struct str text, size_t at, size_t end) {
    size_t last = end;
    while (last > at && scrub_is_digit(text, last - 1))
        last--;
    bool glued = scrub_stands_at(text, end, "-") || scrub_stands_at(text, end, "/") ||
                 scrub_is_letter(text, end);
    if (glued && last > at &&
        (scrub_phone_at(text, last) > end || scrub_plate_at(text, last) > end))
        return true;
    for (size_t i = at + 1; i < end; i++)
        if (scrub_is_number_start(text, i) &&
            (scrub_bsn_at(text, i) > end || scrub_v_number_at(text, i) > end))
            return true;
    return false;
}

size_t scrub_plain_at(struct str text, size_t at) {
    static size_t (*const words[])(struct str text, size_t at) = {uuid_at, digest_at, code_at};
    static size_t (*const numbers[])(struct str text, size_t at) = {scrub_date_at, address_at,
                                                                    size_at};
    size_t end = 0;
    if (!scrub_is_alnum(text, at))
        return 0;
    if (scrub_is_word_start(text, at))
        for (size_t i = 0; !end && i < sizeof words / sizeof words[0]; i++)
            end = words[i](text, at);
    if (scrub_is_number_start(text, at))
        for (size_t i = 0; !end && i < sizeof numbers / sizeof numbers[0]; i++)
            if ((end = numbers[i](text, at)) && runs_into_identifier(text, at, end))
                return 0;
    return end;
}
