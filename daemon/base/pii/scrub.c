// SPDX-License-Identifier: EUPL-1.2
// The scan: at each byte where something may begin, first what wins over everything (an e-mail
// address), then what is plainly no identifier, then the longest of the others.
#include "base/hash.h"
#include "base/mem.h"
#include "scrub_private.h"

#include <stdlib.h>
#include <string.h>

enum {
    PLAIN_MAX = 96, // no plain text (a time stamp, a digest with a number) is longer
    REACH_MAX =
        34 * 4, // nothing that can begin before a masked byte and hold it is longer: an IBAN
};

const char *scrub_kind_name(enum scrub_kind kind) {
    static const char *const names[SCRUB_KINDS] = {"none",   "BSN",  "V-number", "phone",
                                                   "e-mail", "IBAN", "plate"};
    return names[kind];
}

bool scrub_stands_at(struct str text, size_t at, const char *lower) {
    for (; *lower; lower++, at++)
        if (scrub_lower(text, at) != *lower)
            return false;
    return true;
}

static bool is_behind_escape(struct str text, size_t at) {
    if (at >= 3 && text.data[at - 3] == '%')
        return scrub_is_hex(text, at - 2) && scrub_is_hex(text, at - 1);
    char c = at >= 2 && text.data[at - 2] == '\\' ? text.data[at - 1] : '\0';
    return c == 'n' || c == 'r' || c == 't';
}

bool scrub_is_word_start(struct str text, size_t at) {
    return at == 0 || !scrub_is_alnum(text, at - 1) || is_behind_escape(text, at);
}

bool scrub_is_number_start(struct str text, size_t at) {
    return scrub_is_digit(text, at) &&
           (at == 0 || !scrub_is_digit(text, at - 1) || is_behind_escape(text, at));
}

size_t scrub_count_digits(struct str text, size_t at, size_t max) {
    size_t count = 0;
    while (count < max && scrub_is_digit(text, at + count))
        count++;
    return count;
}

unsigned scrub_number(struct str text, size_t at, size_t digits) {
    unsigned value = 0;
    for (size_t i = at; i < at + digits; i++)
        value = value * 10 + (unsigned)(text.data[i] - '0');
    return value;
}

// Word processors put their own blanks and hyphens into numbers, and browsers escape the blank.
size_t scrub_gap(struct str text, size_t at, char *sort) {
    static const struct {
        const char *bytes;
        char sort;
    } gaps[] = {
        {"%20", ' '},          {"\xc2\xa0", ' '},     {"\xe2\x80\x89", ' '}, {"\xe2\x80\xaf", ' '},
        {"\xe2\x80\x90", '-'}, {"\xe2\x80\x91", '-'}, {"\xe2\x80\x93", '-'},
    };
    char c = at < text.len ? text.data[at] : '\0';
    *sort = c;
    if (c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')')
        return 1;
    if (c != '%' && !scrub_is_foreign(text, at))
        return 0;
    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++)
        if (scrub_stands_at(text, at, gaps[i].bytes)) {
            *sort = gaps[i].sort;
            return strlen(gaps[i].bytes);
        }
    return 0;
}

static enum scrub_kind longest_at(struct str text, size_t at, size_t *end) {
    static const struct {
        enum scrub_kind kind;
        size_t (*end_at)(struct str text, size_t at);
    } kinds[] = {
        {SCRUB_IBAN, scrub_iban_at},   {SCRUB_PHONE, scrub_phone_at},
        {SCRUB_BSN, scrub_bsn_at},     {SCRUB_V_NUMBER, scrub_v_number_at},
        {SCRUB_PLATE, scrub_plate_at},
    };
    enum scrub_kind kind = SCRUB_NONE;
    *end = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t here = kinds[i].end_at(text, at);
        if (here > *end) {
            *end = here;
            kind = kinds[i].kind;
        }
    }
    return kind;
}

static bool may_begin(struct str text, size_t at) {
    char c = text.data[at];
    return c == '+' || c == '(' || c == '%' || scrub_is_foreign(text, at) ||
           scrub_is_alnum(text, at);
}

// Nothing but an e-mail address begins in the middle of a run of letters or of digits.
static bool is_inside(struct str text, size_t at) {
    return at > 0 && scrub_is_alnum(text, at) && scrub_is_alnum(text, at - 1) &&
           (!scrub_is_digit(text, at) || scrub_is_digit(text, at - 1)) &&
           !is_behind_escape(text, at);
}

// Looks from a little before `from`, since what stands there may be plain text that `from` cuts.
// `email`: the text may hold one; asked once, for a text is looked through many times.
static enum scrub_kind find(struct str text, bool email, size_t from, size_t *begin, size_t *end) {
    size_t at = from > PLAIN_MAX ? from - PLAIN_MAX : 0;
    while (at < text.len) {
        size_t plain = 0;
        if ((email || !is_inside(text, at)) && may_begin(text, at)) {
            enum scrub_kind kind = SCRUB_EMAIL;
            *begin = at;
            *end = email && at >= from ? scrub_email_at(text, at) : 0;
            if (!*end && !(plain = scrub_plain_at(text, at)) && at >= from)
                kind = longest_at(text, at, end);
            if (*end)
                return kind;
        }
        at = plain ? plain : at + 1;
    }
    return SCRUB_NONE;
}

enum scrub_kind scrub_find(struct str text, size_t from, size_t *begin, size_t *end) {
    return find(text, scrub_may_hold_email(text), from, begin, end);
}

bool scrub_holds(struct str text) {
    size_t begin, end;
    return scrub_find(text, 0, &begin, &end) != SCRUB_NONE;
}

static void mask_range(char *text, size_t begin, size_t end) {
    const struct str range = {text, end};
    for (size_t i = begin; i < end; i++)
        if (scrub_is_alnum(range, i) || scrub_is_foreign(range, i))
            text[i] = 'x';
}

// Identifiers may overlap ("+31612345678 123 456 782"), so all are looked for in the text as it
// was. Then an 'x' may be part of a plate or an IBAN together with what stands beside it: that is
// looked for around each find until nothing is left.
void scrub_mask(char *text, size_t len) {
    const struct str now = {text, len};
    const bool email = scrub_may_hold_email(now);
    size_t begin = 0, end;
    if (!scrub_holds(now))
        return;
    char *copy = mem_strndup(text, len);
    for (size_t from = 0; find((struct str){copy, len}, email, from, &begin, &end) != SCRUB_NONE;
         from = begin + 1)
        mask_range(text, begin, end);
    hash_wipe(copy, len);
    free(copy);
    for (bool masked = true; masked;) {
        masked = false;
        for (size_t from = 0; find(now, email, from, &begin, &end) != SCRUB_NONE;
             from = begin > REACH_MAX ? begin - REACH_MAX : 0) {
            mask_range(text, begin, end);
            masked = true;
        }
    }
}
