// SPDX-License-Identifier: EUPL-1.2
// One made-up identifier in random text: it is found, masking leaves nothing and changes nothing
// else. Made here from the definitions (11-test, mod 97, sidecodes), not by the code under test.
#include "base/pii/scrub.h"

#include "unit.h"

#include <stdbool.h>

enum { ROUNDS = 10000, TEXT_MAX = 160, ID_MAX = 96 };

static uint64_t state_of_random;

static size_t below(size_t n) {
    return (size_t)(unit_random(&state_of_random) % n);
}

static char digit(void) {
    return (char)('0' + below(10));
}

static const char *one_of(const char *const *list, size_t count) {
    return list[below(count)];
}

// Puts `digits` into the groups of a form: '9' takes one, all else stands for itself.
static void shape(const char *form, const char *digits, char *out) {
    for (; *form; form++)
        *out++ = *form == '9' ? *digits++ : *form;
    *out = '\0';
}

static int weighed(const char *d) {
    int sum = -(d[8] - '0');
    for (int i = 0; i < 8; i++)
        sum += (9 - i) * (d[i] - '0');
    return sum;
}

static void make_bsn(char *out) {
    static const char *const nine[] = {"999999999",    "999.999.999", "999 999 999",
                                       "999-999-999",  "9999.99.999", "99.99.99.999",
                                       "99 99 99 999", "99-99-99-999"};
    static const char *const eight[] = {"99999999", "99.999.999", "99 999 999", "99-99-99-99"};
    char d[10] = "";
    bool short_one = below(4) == 0;
    do {
        for (int i = 0; i < 9; i++)
            d[i] = digit();
        if (short_one)
            d[0] = '0';
    } while (weighed(d) % 11 != 0 || d[1] == '0');
    if (short_one)
        shape(one_of(eight, COUNT(eight)), d + 1, out);
    else
        shape(one_of(nine, COUNT(nine)), d, out);
}

static void make_v_number(char *out) {
    static const char *const forms[] = {"9999999999", "999 999 9999", "999.999.9999",
                                        "9999-999-999"};
    char d[11] = "";
    for (int i = 0; i < 10; i++)
        d[i] = digit();
    d[0] = (char)('1' + below(9));
    shape(one_of(forms, COUNT(forms)), d, out);
}

static void make_phone(char *out) {
    static const char *const forms[] = {
        "0699999999 ",       "06-99999999",      "06 99999999",     "06 99 99 99 99",
        "(06) 99999999",     "0299999999",       "029-9999999",     "029 999 99 99",
        "(029) 999 99 99",   "0299-999999",      "+31699999999",    "+31 6 99999999",
        "+31 (0)6 99999999", "+31(0)29 9999999", "+31-29-9999999",  "0031699999999",
        "0031 6 99999999",   "0031-6-99999999",  "%2B31699999999",  "+4419999999999",
        "+44 19 9999 9999",  "00441999999999",   "029 - 999 99 99", "31699999999"};
    char d[ID_MAX] = "";
    for (int i = 0; i < 20; i++)
        d[i] = (char)('1' + below(9));
    shape(one_of(forms, COUNT(forms)), d, out);
    size_t len = strlen(out);
    if (out[len - 1] == ' ')
        out[len - 1] = '\0';
}

static void make_email(char *out) {
    static const char inside[] = "abcdefghijklmnopqrstuvwxyz0123456789ABCXYZ._+-";
    static const char *const signs[] = {"@", "@", "%40", "\xef\xbc\xa0"};
    static const char *const domains[] = {"voorbeeld.nl", "a-b.example.org", "x1.Y2.COM", "b.co"};
    size_t n = 0, len = 1 + below(20);
    out[n++] = (char)('a' + below(23)); // not x alone: that is masked already
    while (n < len)
        out[n++] = inside[below(sizeof inside - 1)];
    (void)sprintf(out + n, "%s%s", one_of(signs, COUNT(signs)), one_of(domains, COUNT(domains)));
}

static unsigned modulo_97(const char *text) {
    unsigned rest = 0;
    for (; *text; text++)
        rest = *text <= '9' ? (rest * 10 + (unsigned)(*text - '0')) % 97
                            : (rest * 100 + (unsigned)(*text - 'A') + 10) % 97;
    return rest;
}

static void make_iban(char *out) {
    static const struct {
        const char *country;
        size_t length;
    } countries[] = {{"NL", 18}, {"BE", 16}, {"DE", 22}, {"FR", 27}, {"GB", 22}, {"NO", 15},
                     {"MT", 31}, {"RO", 24}, {"PL", 28}, {"BG", 22}, {"HU", 28}, {"TR", 26}};
    static const char chars[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t c = below(COUNT(countries)), n = countries[c].length - 4;
    char bank[40] = "", checked[48], iban[48];
    for (size_t i = 0; i < n; i++)
        bank[i] = chars[below(i < 4 ? 36 : 10)];
    (void)snprintf(checked, sizeof checked, "%s%s00", bank, countries[c].country);
    (void)snprintf(iban, sizeof iban, "%s%02u%s", countries[c].country, 98 - modulo_97(checked),
                   bank);
    bool parted = below(2) == 0;
    for (size_t i = 0; iban[i]; i++) {
        if (parted && i && i % 4 == 0)
            *out++ = ' ';
        *out++ = iban[i];
    }
    *out = '\0';
}

static void make_plate(char *out) {
    static const char *const forms[] = {"XX-99-99", "99-99-XX", "99-XX-99", "XX-99-XX", "XX-XX-99",
                                        "99-XX-XX", "99-XXX-9", "9-XXX-99", "XX-999-X", "X-999-XX",
                                        "XXX-99-X", "X-99-XXX", "9-XX-999", "999-XX-9"};
    static const char letters[] = "BDFGHJKLNPRSTVXZ"; // as the RDW gives out
    size_t form = below(COUNT(forms));
    size_t how = below(form < 2 ? 2 : 3); // hyphens, blanks, glued
    for (const char *p = forms[form]; *p; p++) {
        if (*p != '-')
            *out++ = *p == '9' ? digit() : letters[below(sizeof letters - 1)];
        else if (how < 2)
            *out++ = how ? ' ' : '-';
    }
    *out = '\0';
}

static void any_case(char *text) {
    size_t how = below(3);
    for (; *text; text++)
        if (((*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z')) &&
            (how == 1 || (how == 2 && below(2))))
            *text ^= 0x20;
}

static void make(enum scrub_kind kind, char *out) {
    static void (*const makers[SCRUB_KINDS])(char *out) = {
        [SCRUB_BSN] = make_bsn,     [SCRUB_V_NUMBER] = make_v_number, [SCRUB_PHONE] = make_phone,
        [SCRUB_EMAIL] = make_email, [SCRUB_IBAN] = make_iban,         [SCRUB_PLATE] = make_plate};
    makers[kind](out);
    if (kind == SCRUB_IBAN)
        any_case(out);
    if (kind == SCRUB_PLATE && below(2))
        for (; *out; out++)
            *out |= *out >= 'A' ? 0x20 : 0;
}

static bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// Random bytes of those that matter here, mostly.
static size_t noise(char *out, size_t max) {
    static const char some[] = "0123456789  --..//()+@%abcxXVNL4:\"'\\,;=\n\xc2\xa0\xc3\xab_&#";
    size_t len = below(max);
    for (size_t i = 0; i < len; i++)
        out[i] = below(12) ? some[below(sizeof some - 1)] : (char)below(256);
    return len;
}

static void show(const char *what, const char *text, size_t len) {
    print_message("%s: ", what);
    for (size_t i = 0; i < len; i++)
        print_message((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e ? "\\x%02x"
                                                                                     : "%c",
                      (unsigned char)text[i]);
    print_message("\n");
}

// Does any find hold all of [at, at + len)?
static bool is_found(struct str text, size_t at, size_t len) {
    size_t begin, end;
    for (size_t from = 0; scrub_find(text, from, &begin, &end) != SCRUB_NONE; from = begin + 1) {
        assert_true(begin >= from && begin < end && end <= text.len);
        if (begin <= at && end >= at + len)
            return true;
        if (begin > at)
            return false;
    }
    return false;
}

static void find_identifiers(size_t rounds) {
    for (size_t round = 0; round < rounds; round++) {
        enum scrub_kind kind = (enum scrub_kind)(1 + below(SCRUB_KINDS - 1));
        char text[TEXT_MAX * 2 + ID_MAX], id[ID_MAX];
        make(kind, id);
        size_t at = noise(text, TEXT_MAX), len = strlen(id);
        while (at && is_alnum(text[at - 1]))
            at--;
        if (at && text[at - 1] == '.') // 5.71.110.197 is an IP address, whatever 71.110.197 is
            text[at - 1] = '/';
        memcpy(text + at, id, len);
        size_t total = at + len + noise(text + at + len, TEXT_MAX);
        if (total > at + len && (is_alnum(text[at + len]) || text[at + len] == '.'))
            text[at + len] = ',';
        if (!is_found((struct str){text, total}, at, len)) {
            show(scrub_kind_name(kind), id, len);
            show("in", text, total);
            fail();
        }
        scrub_mask(text, total);
        for (size_t i = at; i < at + len; i++)
            assert_true(!is_alnum(text[i]) || text[i] == 'x');
    }
}

static void an_identifier_is_found_in_random_text(void **state) {
    (void)state;
    find_identifiers(unit_rounds(ROUNDS));
}

// Seeds that found something once, and as many others as there is time for: the same each time.
static void an_identifier_is_found_in_texts_of_before(void **state) {
    (void)state;
    static const uint64_t seeds[] = {1795922453, 1123, 1201, 1, 2, 3, 4, 5};
    uint64_t goes_on = state_of_random;
    for (size_t i = 0; i < COUNT(seeds); i++) {
        state_of_random = seeds[i];
        find_identifiers(unit_rounds(ROUNDS));
    }
    state_of_random = goes_on;
}

// What no find covers, now or after what is found has been masked, stays as it is.
static void masking_leaves_nothing_and_changes_nothing_else(void **state) {
    (void)state;
    size_t rounds = unit_rounds(ROUNDS);
    for (size_t round = 0; round < rounds; round++) {
        char text[TEXT_MAX], masked[TEXT_MAX], again[TEXT_MAX];
        size_t len = noise(text, TEXT_MAX), begin, end;
        memcpy(masked, text, len);
        scrub_mask(masked, len);
        assert_false(scrub_holds((struct str){masked, len}));
        memcpy(again, masked, len);
        scrub_mask(again, len);
        assert_memory_equal(again, masked, len);
        for (size_t i = 0; i < len; i++)
            if (masked[i] != text[i]) {
                assert_int_equal(masked[i], 'x');
                assert_true(is_alnum(text[i]) || (unsigned char)text[i] >= 0x80);
            }
        if (scrub_find((struct str){text, len}, 0, &begin, &end) == SCRUB_NONE) {
            assert_memory_equal(masked, text, len);
            continue;
        }
        for (size_t i = begin; i < end; i++)
            assert_true(!is_alnum(masked[i]) || masked[i] == 'x');
    }
}

static clock_t mask_time(const char *piece, size_t len) {
    char *text = malloc(len);
    assert_non_null(text);
    size_t size = strlen(piece);
    for (size_t i = 0; i < len; i++)
        text[i] = piece[i % size];
    clock_t start = clock();
    scrub_mask(text, len);
    clock_t took = clock() - start;
    assert_false(scrub_holds((struct str){text, len}));
    free(text);
    return took;
}

// Eight times the text takes eight times as long; were it quadratic, 64 times. What is too short to
// measure is not quadratic either; where each step takes long, less is enough.
static void time_grows_with_length(void **state) {
    (void)state;
    enum { FACTOR = 8, LEAST_MS = 100 };
#ifdef __SANITIZE_ADDRESS__
    const bool is_slow = true;
#else
    const bool is_slow = getenv("SIGNAALD_SLOW") != NULL;
#endif
    const size_t small_len = is_slow ? 512 : 4096;
    static const char *const pieces[] = {
        "1",
        "@",
        "-",
        "a",
        "+",
        "a@",
        "a@a.",
        "0",
        "(",
        "06-",
        "12-",
        "1 ",
        "NL91 ",
        "ab12",
        "12-AB-34-",
        "12-AB-34-56-78-90-",
        "a%40",
        "a@b.nl@",
        "123456782 ",
        "+1234567 ",
        "\xc2\xa0",
        "2017-03-05 ",
        "0123456789abcdef",
        "x-",
        "AB-",
        "1-",
        "%20",
        "xx-12-",
    };
    for (size_t i = 0; i < COUNT(pieces); i++) {
        clock_t small = mask_time(pieces[i], small_len);
        clock_t large = mask_time(pieces[i], small_len * FACTOR);
        bool measured = large > LEAST_MS * CLOCKS_PER_SEC / 1000;
        if (measured && large > small * FACTOR * FACTOR / 2)
            fail_msg("%s: %ld, then %ld", pieces[i], (long)small, (long)large);
    }
}

static int set_up(void **state) {
    (void)state;
    state_of_random = unit_seed();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_identifier_is_found_in_random_text),
        cmocka_unit_test(an_identifier_is_found_in_texts_of_before),
        cmocka_unit_test(masking_leaves_nothing_and_changes_nothing_else),
        cmocka_unit_test(time_grows_with_length),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
