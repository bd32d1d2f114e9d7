// SPDX-License-Identifier: EUPL-1.2
// Identifiers of digits: BSN, V-number, telephone numbers. All are read as groups of digits with
// what people put between them; what the groups may be tells one from the other.
#include "scrub_private.h"

enum {
    GROUPS_MAX = 15,
    DIGITS_MAX = 20,
    SIGNS_MAX = 3, // between two groups: ") ", " - "
    BSN_DIGITS = 9,
};

struct group {
    size_t begin, digits;
    char gap;   // the one sign before it, or '*' for several
    bool dated; // behind a blank, and a date begins with it: the last of the groups
    size_t sum; // of digits up to its end
};

struct groups {
    struct group list[GROUPS_MAX];
    size_t count;
};

// Up to SIGNS_MAX signs between two groups.
static size_t skip_gap(struct str text, size_t at, char *gap) {
    size_t end = at, signs = 0, len;
    char sort;
    while (signs < SIGNS_MAX && (len = scrub_gap(text, end, &sort)) > 0) {
        *gap = signs++ ? '*' : sort;
        end += len;
    }
    return end;
}

// Ends before a run of more than DIGITS_MAX digits. Of a date behind a blank it takes the first
// group: 719 507 1919/4/3 may be a V-number with something behind it.
static void read_groups(struct str text, size_t at, struct groups *out) {
    char gap = '\0';
    size_t sum = 0;
    out->count = 0;
    while (out->count < GROUPS_MAX) {
        size_t digits = scrub_count_digits(text, at, DIGITS_MAX + 1);
        sum += digits;
        if (digits == 0 || sum > DIGITS_MAX)
            return;
        bool dated = gap == ' ' && scrub_date_at(text, at);
        out->list[out->count++] = (struct group){at, digits, gap, dated, sum};
        size_t end = at + digits;
        at = skip_gap(text, end, &gap);
        if (at == end || dated)
            return;
    }
}

static size_t group_end(const struct group *group) {
    return group->begin + group->digits;
}

// How an identifier is written: the sizes of its groups.
struct shape {
    unsigned char sizes[5]; // 0 ends them
};

// Groups of these sizes, one and the same of blank, dot or hyphen between them. The end, or 0.
static size_t match_shape(const struct groups *groups, const struct shape *shape) {
    size_t count = 0;
    for (; shape->sizes[count]; count++) {
        if (count == groups->count)
            return 0;
        const struct group *group = &groups->list[count];
        bool sign = group->gap == ' ' || group->gap == '.' || group->gap == '-';
        if (group->digits != shape->sizes[count] ||
            (count && (!sign || group->gap != groups->list[1].gap)))
            return 0;
    }
    return group_end(&groups->list[count - 1]);
}

// `digits` digits in the first groups, without what is between them.
static void copy_digits(struct str text, const struct groups *groups, size_t digits, char *out) {
    for (size_t g = 0, n = 0; n < digits; g++)
        for (size_t i = 0; i < groups->list[g].digits && n < digits; i++)
            out[n++] = text.data[groups->list[g].begin + i];
}

static bool passes_11_test(const char *digits) {
    int sum = -(digits[BSN_DIGITS - 1] - '0'), any = sum;
    for (int i = 0; i < BSN_DIGITS - 1; i++) {
        sum += (BSN_DIGITS - i) * (digits[i] - '0');
        any |= digits[i] - '0';
    }
    return any && sum % 11 == 0;
}

size_t scrub_bsn_at(struct str text, size_t at) {
    // 4-5 is not among them: that is a year and the number of a case.
    static const struct {
        struct shape shape;
        size_t digits;
    } shapes[] = {
        {{{9}}, 9}, {{{3, 3, 3}}, 9}, {{{4, 2, 3}}, 9},    {{{2, 2, 2, 3}}, 9},
        {{{8}}, 8}, {{{2, 3, 3}}, 8}, {{{2, 2, 2, 2}}, 8},
    };
    struct groups groups;
    size_t longest = 0;
    if (!scrub_is_number_start(text, at))
        return 0;
    read_groups(text, at, &groups);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        char digits[BSN_DIGITS] = "0";
        size_t end = match_shape(&groups, &shapes[i].shape);
        if (!end)
            continue;
        copy_digits(text, &groups, shapes[i].digits, digits + BSN_DIGITS - shapes[i].digits);
        if (passes_11_test(digits) && end > longest)
            longest = end;
    }
    return longest;
}

size_t scrub_v_number_at(struct str text, size_t at) {
    static const struct shape shapes[] = {{{10}}, {{3, 3, 4}}, {{4, 3, 3}}};
    struct groups groups;
    size_t end = 0;
    if (!scrub_is_number_start(text, at) || scrub_stands_at(text, at, "0000"))
        return 0;
    read_groups(text, at, &groups);
    for (size_t i = 0; !end && i < sizeof shapes / sizeof shapes[0]; i++)
        end = match_shape(&groups, &shapes[i]);
    return end;
}

// Does this group, the last, belong to a date and not to the number before it? So it is where that
// number is whole, or is one group: "12345678 2017-03-05".
static bool is_of_date(const struct groups *groups, size_t i, size_t whole) {
    return (i < 2 || groups->list[i - 1].sum >= whole) && groups->list[i].dated;
}

// The end of the last group with which the digits are between `min` and `max` many. Of `whole`
// digits or more are most numbers that are not cut off.
static size_t end_within(const struct groups *groups, size_t min, size_t whole, size_t max) {
    size_t end = 0;
    for (size_t i = 0; i < groups->count && groups->list[i].sum <= max; i++)
        if (groups->list[i].sum >= min && !is_of_date(groups, i, whole))
            end = group_end(&groups->list[i]);
    return end;
}

// An area code (06, three or four digits; more when the writer did not part it) and the rest in
// groups of two digits or more.
static size_t national_end(struct str text, const struct groups *groups) {
    enum { DIGITS = 10, AREA_MIN = 3, AREA_APART = 4, AREA_MAX = 8 };
    size_t first = groups->list[0].digits, begin = groups->list[0].begin;
    bool mobile = first == 2 && text.data[begin + 1] == '6';
    if (text.data[begin + 1] == '0' || (!mobile && first < AREA_MIN))
        return 0;
    if (first > AREA_MAX && first != DIGITS)
        return 0;
    for (size_t i = 0; i < groups->count; i++) {
        if (groups->list[i].digits < 2 || (groups->list[i].dated && first > AREA_APART))
            return 0;
        if (groups->list[i].sum >= DIGITS)
            return groups->list[i].sum == DIGITS ? group_end(&groups->list[i]) : 0;
    }
    return 0;
}

// Behind 00: another country than 31 is a number only when nothing or one sort of sign parts it,
// for a case number may begin with zeros too.
static size_t abroad_end(struct str text, const struct groups *groups) {
    enum { DIGITS_LEAST = 11, DIGITS_WHOLE = 12, DIGITS_MOST = 17 };
    const struct group *first = &groups->list[0];
    size_t code = first->begin + 2;
    if (first->digits == 2 && groups->count > 1)
        code = groups->list[1].begin;
    if (scrub_stands_at(text, code, "31"))
        return end_within(groups, DIGITS_LEAST, DIGITS_WHOLE, DIGITS_MOST);
    if (first->digits < 4 || text.data[code] == '0')
        return 0;
    struct groups alike = {.count = 0};
    while (alike.count < groups->count &&
           (alike.count < 2 || groups->list[alike.count].gap == groups->list[1].gap)) {
        alike.list[alike.count] = groups->list[alike.count];
        alike.count++;
    }
    return end_within(&alike, DIGITS_LEAST, DIGITS_WHOLE, DIGITS_MOST);
}

// E.164, behind a plus sign.
static size_t plus_end(struct str text, size_t at) {
    enum { DIGITS_LEAST = 8, DIGITS_WHOLE = 10, DIGITS_MOST = 15 };
    struct groups groups;
    if (!scrub_is_digit(text, at) || text.data[at] == '0')
        return 0;
    read_groups(text, at, &groups);
    return end_within(&groups, DIGITS_LEAST, DIGITS_WHOLE, DIGITS_MOST);
}

size_t scrub_phone_at(struct str text, size_t at) {
    struct groups groups;
    if (scrub_stands_at(text, at, "+"))
        return plus_end(text, at + 1);
    if (scrub_stands_at(text, at, "%2b"))
        return plus_end(text, at + 3);
    size_t number = scrub_stands_at(text, at, "(") ? at + 1 : at;
    if (!scrub_is_number_start(text, number))
        return 0;
    read_groups(text, number, &groups);
    if (!groups.count)
        return 0;
    if (groups.list[0].digits == 11 && scrub_stands_at(text, number, "316"))
        return number + 11; // as phones show a Dutch mobile without its plus sign
    if (text.data[number] != '0' || groups.list[0].digits < 2)
        return 0;
    return text.data[number + 1] == '0' ? abroad_end(text, &groups) : national_end(text, &groups);
}
