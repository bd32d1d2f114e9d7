// SPDX-License-Identifier: EUPL-1.2
// What the files of scrub share: reading text byte by byte, and what each kind of identifier looks
// like. Every look takes a bounded number of bytes (an e-mail address: the run that it is in), so
// that a scan is linear in the length of the text.
#ifndef BASE_PII_SCRUB_PRIVATE_H
#define BASE_PII_SCRUB_PRIVATE_H

#include "base/pii/scrub.h"

static inline bool scrub_is_digit(struct str text, size_t at) {
    return at < text.len && text.data[at] >= '0' && text.data[at] <= '9';
}

static inline char scrub_lower(struct str text, size_t at) {
    char c = at < text.len ? text.data[at] : '\0';
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static inline bool scrub_is_letter(struct str text, size_t at) {
    char c = scrub_lower(text, at);
    return c >= 'a' && c <= 'z';
}

static inline bool scrub_is_alnum(struct str text, size_t at) {
    return scrub_is_digit(text, at) || scrub_is_letter(text, at);
}

static inline bool scrub_is_foreign(struct str text, size_t at) { // part of a non-ASCII character
    return at < text.len && (unsigned char)text.data[at] >= 0x80;
}

static inline bool scrub_is_hex(struct str text, size_t at) {
    char c = scrub_lower(text, at);
    return scrub_is_digit(text, at) || (c >= 'a' && c <= 'f');
}

// Do these bytes, letters in any case, stand at `at`?
bool scrub_stands_at(struct str text, size_t at, const char *lower);
// No letter or digit before, but for an escape (%20, \n).
bool scrub_is_word_start(struct str text, size_t at);
// A digit with no digit before it, but for an escape.
bool scrub_is_number_start(struct str text, size_t at);
// How many digits from `at` on, at most `max`.
size_t scrub_count_digits(struct str text, size_t at, size_t max);
unsigned scrub_number(struct str text, size_t at, size_t digits);

// One separator between groups: its length and sort (' ' for all blanks, '-' for all hyphens, '.',
// or one of "/()"); 0 for none.
size_t scrub_gap(struct str text, size_t at, char *sort);

bool scrub_may_hold_email(struct str text); // it has a byte that begins an at sign, however written

// The end of what begins at `at`, or 0.
size_t scrub_date_at(struct str text, size_t at);  // ISO or Dutch, with its time
size_t scrub_plain_at(struct str text, size_t at); // what is no identifier for all its digits
size_t scrub_email_at(struct str text, size_t at);
size_t scrub_iban_at(struct str text, size_t at);
size_t scrub_phone_at(struct str text, size_t at);
size_t scrub_bsn_at(struct str text, size_t at);
size_t scrub_v_number_at(struct str text, size_t at);
size_t scrub_plate_at(struct str text, size_t at);

#endif
