// SPDX-License-Identifier: EUPL-1.2
// Identifiers that have letters: e-mail addresses, IBANs, Dutch licence plates.
#include "scrub_private.h"

#include <string.h>

static bool begins_at_sign(char c) {
    return c == '@' || c == '%' || c == '&' || c == '\\' || c == '\xef';
}

bool scrub_may_hold_email(struct str text) {
    for (size_t i = 0; i < text.len; i++)
        if (begins_at_sign(text.data[i]))
            return true;
    return false;
}

static size_t at_sign(struct str text, size_t at) {
    static const char *const signs[] = {"@", "%40", "%2540", "&#64;", "\\u0040", "\xef\xbc\xa0"};
    if (at >= text.len || !begins_at_sign(text.data[at]))
        return 0;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (scrub_stands_at(text, at, signs[i]))
            return strlen(signs[i]);
    return 0;
}

static bool is_behind_at_sign(struct str text, size_t at) {
    enum { LONGEST = 6 };
    for (size_t back = 1; back <= LONGEST && back <= at; back++)
        if (at_sign(text, at - back) == back)
            return true;
    return false;
}

static bool is_name(struct str text, size_t at) {
    return scrub_is_alnum(text, at) || scrub_is_foreign(text, at);
}

static bool is_local(struct str text, size_t at) {
    return is_name(text, at) ||
           (at < text.len && text.data[at] && strchr("._+-'%~", text.data[at]));
}

// Is it the first letter or digit of the run that it is in?
static bool begins_local(struct str text, size_t at) {
    while (at > 0 && is_local(text, at - 1) && !is_behind_at_sign(text, at)) {
        if (is_name(text, at - 1))
            return false;
        at--;
    }
    return true;
}

// The end of a domain of at least two labels, one of them behind the first at least two long; or 0.
static size_t domain_end(struct str text, size_t at) {
    size_t end = at, label = 0, dots = 0;
    bool good = false;
    while ((is_name(text, end) && !at_sign(text, end)) ||
           (end > at && (scrub_stands_at(text, end, "-") || scrub_stands_at(text, end, ".")))) {
        bool dot = text.data[end] == '.';
        label = dot ? 0 : label + 1;
        dots += dot;
        good = good || (dots && label >= 2);
        end++;
    }
    while (good && !is_name(text, end - 1))
        end--;
    return good ? end : 0;
}

// One that is masked already is none.
static bool is_all_x(struct str text, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++)
        if (is_name(text, i) && text.data[i] != 'x')
            return false;
    return true;
}

size_t scrub_email_at(struct str text, size_t at) {
    size_t sign = at, len;
    if (!is_name(text, at) || at_sign(text, at) || !begins_local(text, at))
        return 0;
    while ((len = at_sign(text, sign)) == 0) {
        if (!is_local(text, sign))
            return 0;
        sign++;
    }
    size_t end = domain_end(text, sign + len);
    return end && !is_all_x(text, at, end) ? end : 0;
}

// Of the ISO 13616 registry: only where the length is known may there be gaps.
static size_t iban_length(struct str text, size_t at) {
    static const char lengths[] =
        "ad24ae23al28at20az28ba20be16bg22bh22bi27br29by28ch21cr22cy28cz24de22dj27dk18do28ee20eg29"
        "es24fi18fk18fo18fr27gb22ge22gi23gl18gr27gt28hn28hr21hu28ie22il23iq23is26it27jo30kw30kz20"
        "lb28lc32li21lt20lu20lv21ly25mc27md24me22mk19mn20mr27mt31mu30ni28nl18no15om23pk24pl28ps29"
        "pt25qa29ro24rs22ru33sa24sc31sd18se24si19sk24sm27so23st25sv28tl23tn24tr26ua29va22vg24xk20"
        "ye30";
    for (const char *p = lengths; *p; p += 4)
        if (p[0] == scrub_lower(text, at) && p[1] == scrub_lower(text, at + 1))
            return (size_t)(p[2] - '0') * 10 + (size_t)(p[3] - '0');
    return 0;
}

enum { IBAN_MIN = 15, IBAN_MAX = 34 };

// Reads up to `max` letters and digits, in lower case; with `gaps`, single blanks, dots or hyphens
// may stand between them. The end.
static size_t read_iban(struct str text, size_t at, bool gaps, char *chars, size_t max,
                        size_t *count) {
    size_t end = at;
    *count = 0;
    while (*count < max) {
        char sort = '\0';
        size_t gap = gaps && *count ? scrub_gap(text, at, &sort) : 0;
        if ((gap && sort != ' ' && sort != '.' && sort != '-') || !scrub_is_alnum(text, at + gap))
            return end;
        chars[(*count)++] = scrub_lower(text, at + gap);
        at += gap + 1;
        end = at;
    }
    return end;
}

// The country and check digits go behind the rest, a letter counts from 10: 1 modulo 97.
static bool passes_97_test(const char *chars, size_t count) {
    unsigned rest = 0;
    for (size_t i = 0; i < count; i++) {
        char c = chars[(i + 4) % count];
        if (c >= '0' && c <= '9')
            rest = (rest * 10 + (unsigned)(c - '0')) % 97;
        else
            rest = (rest * 100 + (unsigned)(c - 'a') + 10) % 97;
    }
    return rest == 1;
}

static bool is_iban(const char *chars, size_t count) {
    return chars[2] >= '0' && chars[2] <= '9' && chars[3] >= '0' && chars[3] <= '9' &&
           passes_97_test(chars, count);
}

size_t scrub_iban_at(struct str text, size_t at) {
    char chars[IBAN_MAX];
    size_t count;
    if (!scrub_is_letter(text, at) || !scrub_is_letter(text, at + 1) ||
        scrub_is_letter(text, at + 2) || !scrub_is_word_start(text, at))
        return 0;
    size_t end = read_iban(text, at, false, chars, IBAN_MAX, &count);
    if (count >= IBAN_MIN && !scrub_is_alnum(text, end) && is_iban(chars, count))
        return end;
    size_t length = iban_length(text, at);
    if (!length)
        return 0;
    end = read_iban(text, at, true, chars, length, &count);
    return count == length && !scrub_is_alnum(text, end) && is_iban(chars, count) ? end : 0;
}

// RDW sidecodes 1 to 14. Without signs between the groups: not where a code or a postcode looks the
// same (GM0363, 1011PN), and where a word with a number does (host12) only if it has no vowels, as
// plates do not.
enum glued { NEVER, ANY_LETTERS, NO_VOWELS };

static const struct plate {
    const char *form;
    enum glued glued;
} plate_series[] = {
    {"XX-99-99", NEVER},       {"99-99-XX", NEVER},       {"99-XX-99", ANY_LETTERS},
    {"XX-99-XX", ANY_LETTERS}, {"XX-XX-99", NO_VOWELS},   {"99-XX-XX", NO_VOWELS},
    {"99-XXX-9", NO_VOWELS},   {"9-XXX-99", NO_VOWELS},   {"XX-999-X", ANY_LETTERS},
    {"X-999-XX", ANY_LETTERS}, {"XXX-99-X", NO_VOWELS},   {"X-99-XXX", NO_VOWELS},
    {"9-XX-999", ANY_LETTERS}, {"999-XX-9", ANY_LETTERS},
};

static bool has_vowel(struct str text, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++)
        if (strchr("aeiou", scrub_lower(text, i)))
            return true;
    return false;
}

// Are the `len` letters one of these words, each of as many and a blank?
static bool is_listed(struct str text, size_t at, const char *words, size_t len) {
    for (const char *p = words; *p; p += len + 1)
        if (str_equal_nocase((struct str){text.data + at, len}, (struct str){p, len}))
            return true;
    return false;
}

// "in 20 ms", "op 12 en 13", "10 van 12": words with a vowel, unless in capitals. Plates have
// vowels only on the oldest vehicles, and units without ("12 km 30") are masked rather than missed.
static bool is_ordinary_word(struct str text, size_t begin, size_t len) {
    static const char words[] =
        "af al an am as at be by da de do ed ee en er ex ga go ha he hi ik in is "
        "it ja je me my na no nu of om on op or so te to up us uw va we xe ze zo ";
    if (len == 2)
        return text.data[begin + 1] >= 'a' && is_listed(text, begin, words, len);
    return has_vowel(text, begin, begin + len);
}

// "5-mei-17"; mrt has no vowel and stays a plate.
static bool is_month(struct str text, size_t begin, size_t len) {
    static const char months[] = "jan feb mar apr may mei jun jul aug sep okt oct nov dec ";
    return len == 3 && is_listed(text, begin, months, len);
}

enum { PLATE_GROUPS = 3, PLATE_GROUP_MAX = 3, PLATE_CHARS = 6, FORM_MAX = 12 };

// As the series are written: a letter is X, a digit 9. '\0' for anything else.
static char class_at(struct str text, size_t at) {
    if (scrub_is_digit(text, at))
        return '9';
    return scrub_is_letter(text, at) ? 'X' : '\0';
}

// The form of three groups with `sign` between them. The end, or 0.
static size_t read_parted(struct str text, size_t at, char sign, char form[FORM_MAX]) {
    size_t len = 0;
    for (size_t group = 0; group < PLATE_GROUPS; group++) {
        char sort, class;
        size_t gap = group ? scrub_gap(text, at, &sort) : 0;
        if (group && (!gap || sort != sign))
            return 0;
        if (group)
            form[len++] = '-';
        at += gap;
        if ((class = class_at(text, at)) == '\0')
            return 0;
        for (size_t n = 0; n < PLATE_GROUP_MAX && class_at(text, at) == class; n++, at++)
            form[len++] = class;
    }
    form[len] = '\0';
    return scrub_is_alnum(text, at) ? 0 : at;
}

// The form of six letters and digits with nothing between or behind them. The end, or 0.
static size_t read_glued(struct str text, size_t at, char form[FORM_MAX]) {
    for (size_t i = 0; i < PLATE_CHARS; i++)
        if ((form[i] = class_at(text, at + i)) == '\0')
            return 0;
    form[PLATE_CHARS] = '\0';
    return scrub_is_alnum(text, at + PLATE_CHARS) ? 0 : at + PLATE_CHARS;
}

static bool is_glued_form(const char *form, const char *series) {
    for (; *series; series++)
        if (*series != '-' && *series != *form++)
            return false;
    return true;
}

// Is one of its groups a word of the language, or a month?
static bool has_word(struct str text, size_t at, size_t end, char sign) {
    for (size_t i = at, len; i < end; i += len ? len : 1) {
        len = 0;
        while (i + len < end && scrub_is_letter(text, i + len))
            len++;
        if (len && (sign == '-' ? is_month : is_ordinary_word)(text, i, len))
            return true;
    }
    return false;
}

static size_t match_parted(struct str text, size_t at, char sign) {
    char form[FORM_MAX];
    size_t end = read_parted(text, at, sign, form);
    for (size_t i = 0; end && i < sizeof plate_series / sizeof plate_series[0]; i++)
        if (strcmp(form, plate_series[i].form) == 0)
            return has_word(text, at, end, sign) ? 0 : end;
    return 0;
}

static size_t match_glued(struct str text, size_t at) {
    char form[FORM_MAX];
    size_t end = read_glued(text, at, form);
    for (size_t i = 0; end && i < sizeof plate_series / sizeof plate_series[0]; i++) {
        const struct plate *series = &plate_series[i];
        if (series->glued != NEVER && is_glued_form(form, series->form))
            return series->glued == NO_VOWELS && has_vowel(text, at, end) ? 0 : end;
    }
    return 0;
}

size_t scrub_plate_at(struct str text, size_t at) {
    if (!scrub_is_alnum(text, at) || !scrub_is_word_start(text, at))
        return 0;
    size_t end = match_parted(text, at, '-');
    if (!end)
        end = match_parted(text, at, ' ');
    return end ? end : match_glued(text, at);
}
