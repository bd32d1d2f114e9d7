// SPDX-License-Identifier: EUPL-1.2
// Is an id nothing but the number of a case? Whatever is not plainly one is replaced by a
// pseudonym, so a wrong "no" costs only that an operator reads a digest.
#include "scrub_private.h"

#include <string.h>

enum {
    ID_MAX = 64,
    RUNS_MAX = 32,
    PREFIX_MAX = 3,
    PART_MIN = 3,
    VALUE_DIGITS_MAX = 7,
    OIN_DIGITS = 20,
    PADDED_MIN = 5, // digits of a run whose leading zeros are padding
    BORN_DIGITS = 6,
};

// A run of letters, or one of digits.
struct id_run {
    size_t begin, len;
    bool digits;
};

struct id {
    struct str text;
    struct id_run runs[RUNS_MAX];
    size_t count;
};

// False when it holds anything but letters, digits and separators.
static bool split(struct str text, struct id *id) {
    *id = (struct id){.text = text};
    for (size_t at = 0; at < text.len;) {
        bool digits = scrub_is_digit(text, at);
        size_t begin = at;
        while (at < text.len && (digits ? scrub_is_digit(text, at) : scrub_is_letter(text, at)))
            at++;
        if (at > begin) {
            if (id->count == RUNS_MAX)
                return false;
            id->runs[id->count++] = (struct id_run){begin, at - begin, digits};
        } else if (text.data[at] == '\0' || !strchr("-_./:#", text.data[at++])) {
            return false;
        }
    }
    return true;
}

static struct str run_text(const struct id *id, size_t run) {
    return (struct str){id->text.data + id->runs[run].begin, id->runs[run].len};
}

static bool is_uuid(struct str text) {
    enum { UUID_BYTES = 36 };
    return text.len == UUID_BYTES && text.data[8] == '-' && scrub_plain_at(text, 0) == text.len;
}

// Logius: 8 digits say the register, then 8 or 9 of it, then zeros.
static bool is_oin(struct str digits) {
    return digits.len == OIN_DIGITS && memcmp(digits.data, "000000", 6) == 0 &&
           memcmp(digits.data + 6, "00", 2) > 0 &&
           memcmp(digits.data + OIN_DIGITS - 3, "000", 3) == 0;
}

static bool is_small_number(struct str digits) {
    while (digits.len && digits.data[0] == '0')
        digits = (struct str){digits.data + 1, digits.len - 1};
    return digits.len <= VALUE_DIGITS_MAX;
}

static bool is_case_word(struct str word) {
    static const char *const words[] = {
        "aanmelding",
        "aanvraag",
        "case",
        "casus",
        "casusnummer",
        "dossier",
        "dossiernr",
        "dossiernummer",
        "id",
        "incident",
        "intake",
        "item",
        "kenmerk",
        "melding",
        "meldingen",
        "meldingnr",
        "meldingsnr",
        "meldingsnummer",
        "mensenhandel",
        "nr",
        "number",
        "nummer",
        "oin",
        "rapport",
        "record",
        "ref",
        "referentie",
        "registratie",
        "report",
        "request",
        "signaal",
        "signaalnr",
        "signaalnummer",
        "signal",
        "signalen",
        "ticket",
        "verzoek",
        "zaak",
        "zaaknr",
        "zaaknummer",
        "zaken",
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (scrub_lower(word, 0) == words[i][0] && str_equal_nocase(word, str_from(words[i])))
            return true;
    return false;
}

// Is it one of the words that the source's name is made of?
static bool is_part_of(struct str word, struct str source) {
    if (word.len < PART_MIN)
        return false;
    for (size_t at = 0; at < source.len;) {
        size_t begin = at;
        while (scrub_is_letter(source, at))
            at++;
        if (str_equal_nocase(word, (struct str){source.data + begin, at - begin}))
            return true;
        at += at == begin;
    }
    return false;
}

static bool is_in(unsigned value, unsigned min, unsigned max) {
    return value >= min && value <= max;
}

static bool is_case_year(const struct id *id, size_t run) {
    return is_in(scrub_number(run_text(id, run), 0, 4), 2000, 2099);
}

// "KV8361": two letters and four digits that are no year, in either order.
static bool is_plate_of_old(struct str text) {
    struct id id;
    if (text.len != 6 || !split(text, &id) || id.count != 2)
        return false;
    size_t digits = id.runs[0].digits ? 0 : 1;
    return id.runs[digits].len == 4 && !is_case_year(&id, digits);
}

static bool is_year(const struct id *id, size_t run) {
    struct str text = run_text(id, run);
    return text.len == 2 || (text.len == 4 && is_in(scrub_number(text, 0, text.len), 1900, 2099));
}

static bool is_up_to(const struct id *id, size_t run, unsigned max) {
    struct str text = run_text(id, run);
    return text.len <= 2 && is_in(scrub_number(text, 0, text.len), 1, max);
}

static bool is_day_and_month(const struct id *id, size_t a, size_t b) {
    return (is_up_to(id, a, 31) && is_up_to(id, b, 12)) ||
           (is_up_to(id, a, 12) && is_up_to(id, b, 31));
}

static bool is_day_of(unsigned first, unsigned second) {
    return (is_in(first, 1, 31) && is_in(second, 1, 12)) ||
           (is_in(first, 1, 12) && is_in(second, 1, 31));
}

// "0517" or "1705" in one.
static bool is_glued_day(const struct id *id, size_t run) {
    struct str text = run_text(id, run);
    return text.len == 4 && is_day_of(scrub_number(text, 0, 2), scrub_number(text, 2, 2));
}

// "17-051985", "19-850517", "198505-17": a day in two numbers of eight digits.
static bool is_split_date(const struct id *id, size_t run) {
    enum { DATE_DIGITS = 8 };
    struct str a = run_text(id, run), b = run_text(id, run + 1);
    char both[DATE_DIGITS];
    if (a.len + b.len != DATE_DIGITS || (a.len != 2 && b.len != 2))
        return false;
    memcpy(both, a.data, a.len);
    memcpy(both + a.len, b.data, b.len);
    unsigned parts[DATE_DIGITS / 2];
    for (size_t i = 0; i < DATE_DIGITS / 2; i++)
        parts[i] = scrub_number((struct str){both, sizeof both}, 2 * i, 2);
    return (is_in(parts[0], 19, 20) && is_day_of(parts[2], parts[3])) ||
           (is_in(parts[2], 19, 20) && is_day_of(parts[0], parts[1]));
}

static bool are_digits(const struct id *id, size_t begin, size_t count) {
    if (begin + count > id->count)
        return false;
    for (size_t i = begin; i < begin + count; i++)
        if (!id->runs[i].digits)
            return false;
    return true;
}

// Day, month and year, in any order that people write; or a month by name and two numbers.
static bool has_date(const struct id *id) {
    static const char months[] = "jan feb mar mrt apr may mei jun jul aug sep okt oct nov dec ";
    for (size_t i = 0; i < id->count; i++) {
        if (are_digits(id, i, 3) && ((is_year(id, i) && is_day_and_month(id, i + 1, i + 2)) ||
                                     (is_day_and_month(id, i, i + 1) && is_year(id, i + 2))))
            return true;
        // "2017-0105" is the 105th case of a year; nobody born long ago is one
        bool years = are_digits(id, i, 2) && id->runs[i].len == 4 && id->runs[i + 1].len == 4 &&
                     !is_case_year(id, i);
        if (are_digits(id, i, 2) && is_split_date(id, i))
            return true;
        if (years && ((is_year(id, i) && is_glued_day(id, i + 1)) ||
                      (is_glued_day(id, i) && is_year(id, i + 1))))
            return true;
        if (id->runs[i].digits || id->runs[i].len != 3 || !are_digits(id, i + 1, 2))
            continue;
        for (const char *p = months; *p; p += 4)
            if (str_equal_nocase(run_text(id, i), (struct str){p, 3}))
                return true;
    }
    return false;
}

// "GM0363", "PV27", "VR13": the code of a region.
static bool is_region(const struct id *id, size_t run) {
    struct str letters = run ? run_text(id, run - 1) : (struct str){NULL, 0};
    size_t digits = id->runs[run].len;
    bool beside = run && id->runs[run - 1].begin + letters.len == id->runs[run].begin;
    return beside && ((digits == 4 && str_equal_nocase(letters, STR("GM"))) ||
                      (digits == 2 && (str_equal_nocase(letters, STR("PV")) ||
                                       str_equal_nocase(letters, STR("VR")))));
}

// "Z/18/123456": so the systems of many municipalities number their cases. Not where both numbers
// together are a BSN.
static bool is_short_year(const struct id *id, size_t run) {
    enum { YEAR_DIGITS = 2, CASE_DIGITS = 6, YEAR_MAX = 39 };
    if (run == 0 || run + 2 != id->count || id->runs[run - 1].digits || !id->runs[run + 1].digits)
        return false;
    struct str word = run_text(id, run - 1), year = run_text(id, run),
               number = run_text(id, run + 1);
    char both[YEAR_DIGITS + CASE_DIGITS];
    if (year.len != YEAR_DIGITS || number.len != CASE_DIGITS ||
        scrub_number(year, 0, YEAR_DIGITS) > YEAR_MAX ||
        !(str_equal_nocase(word, STR("Z")) || is_case_word(word)))
        return false;
    memcpy(both, year.data, YEAR_DIGITS);
    memcpy(both + YEAR_DIGITS, number.data, CASE_DIGITS);
    return !scrub_holds((struct str){both, sizeof both});
}

// Digits that say which case it is: a person's number has eight or more of them, whatever stands
// between. One year (a short one where nothing tells before it), codes of regions, OINs and
// leading zeros do not.
static size_t telling_digits(const struct id *id) {
    bool year = false;
    size_t count = 0;
    for (size_t i = 0; i < id->count; i++) {
        struct str run = run_text(id, i);
        if (!id->runs[i].digits || is_oin(run) || is_region(id, i))
            continue;
        if (!year &&
            ((run.len == 4 && is_case_year(id, i)) || (count == 0 && is_short_year(id, i)))) {
            year = true;
            continue;
        }
        for (bool padded = run.len >= PADDED_MIN; padded && run.len && run.data[0] == '0';)
            run = (struct str){run.data + 1, run.len - 1};
        count += run.len;
    }
    return count;
}

// With whatever sign between its groups it may be a telephone number, an IBAN or a plate.
static bool holds_with_other_signs(struct str text) {
    char hyphens[ID_MAX];
    bool others = false;
    for (size_t i = 0; i < text.len; i++) {
        hyphens[i] = scrub_is_alnum(text, i) ? text.data[i] : '-';
        others = others || hyphens[i] != text.data[i];
    }
    return (others && scrub_holds((struct str){hyphens, text.len})) || is_plate_of_old(text);
}

// Letters that say nothing of cases, and a birth date: "jdw-270283", "Li.83.0227".
static bool is_born(const struct id *id) {
    char digits[BORN_DIGITS];
    size_t count = 0;
    for (size_t i = 0; i < id->count; i++)
        for (size_t k = 0; id->runs[i].digits && k < id->runs[i].len; k++) {
            if (count == sizeof digits)
                return false;
            digits[count++] = run_text(id, i).data[k];
        }
    struct str all = {digits, count};
    if (count != BORN_DIGITS)
        return false;
    unsigned a = scrub_number(all, 0, 2), b = scrub_number(all, 2, 2), c = scrub_number(all, 4, 2);
    return is_in(b, 1, 12) && (is_in(a, 1, 31) || is_in(c, 1, 31));
}

// Numbers, words that cases are named by, and one short prefix: "jan-de-wit-17" is a name. A single
// letter may stand between numbers too.
static bool is_made_of_case_words(const struct id *id, struct str source) {
    bool number = false, prefix = false;
    for (size_t i = 0; i < id->count; i++) {
        struct str run = run_text(id, i);
        if (id->runs[i].digits) {
            if (!is_small_number(run) && !is_oin(run))
                return false;
            number = true;
        } else if (!is_case_word(run) && !is_part_of(run, source)) {
            if (prefix || run.len > (number ? 1 : PREFIX_MAX))
                return false;
            prefix = true;
        }
    }
    return number && !(prefix && is_born(id));
}

// What costs least is asked first: most ids are plainly one or plainly not.
bool scrub_is_case_number(struct str text, struct str source) {
    struct id id;
    if (text.len == 0 || text.len > ID_MAX)
        return false;
    if (is_uuid(text))
        return true;
    return split(text, &id) && is_made_of_case_words(&id, source) && !has_date(&id) &&
           telling_digits(&id) <= VALUE_DIGITS_MAX && !scrub_holds(text) &&
           !holds_with_other_signs(text);
}
