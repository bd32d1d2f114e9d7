// SPDX-License-Identifier: EUPL-1.2
// Finds what identifies a person in text of any kind, by its form. For strings that outlive the
// request they came with: what is not found here is kept from them by other means (fields that are
// not stored, ids that are not of a known form).
//
//   BSN       8 or 9 digits that pass the 11-test (9a+8b+…+2h-i), not all zero, at digit
//   boundaries,
//             also with single blanks, dots or hyphens between groups
//   V-number  10 digits at digit boundaries (not with leading 0000: those are case numbers), also
//             behind "V" or "V-nr"
//   phone     Dutch numbers (0…, +31…, 0031…; with blanks, dots, hyphens, brackets) and + with 8 to
//             15 digits (E.164)
//   e-mail    local@domain.tld, also with %40
//   IBAN      ISO 13616 by its mod-97 check, with or without blanks
//   plate     Dutch licence plates, all series (RDW sidecodes 1 to 14), with hyphens or blanks, and
//             without where the series has letters and digits mixed
//
// An OIN (20 digits, Logius: 00000001 + RSIN + 000) is none of these, and neither are ISO dates,
// times and usual case numbers (2017-000123, ZAAK-2019-0000002735).
#ifndef BASE_PII_SCRUB_H
#define BASE_PII_SCRUB_H

#include "base/str.h"

enum scrub_kind {
    SCRUB_NONE,
    SCRUB_BSN,
    SCRUB_V_NUMBER,
    SCRUB_PHONE,
    SCRUB_EMAIL,
    SCRUB_IBAN,
    SCRUB_PLATE,
    SCRUB_KINDS,
};
const char *scrub_kind_name(enum scrub_kind kind);

// The first identifier in `text` that begins at or behind `from`; [*begin, *end) is where.
enum scrub_kind scrub_find(struct str text, size_t from, size_t *begin, size_t *end);
bool scrub_holds(struct str text);
// In place: each letter and digit of an identifier becomes 'x'.
void scrub_mask(char *text, size_t len);

// Can this id be nothing but the number of a case? True for a UUID, and for groups of digits with
// at most a short prefix: letters are up to 3 in a row or a word that cases are named by ("zaak",
// "melding", "signaal", …) or a part of `source` (its name, at least 3 letters); a group has up to
// 7 digits, or more with leading zeros up to a value of 7, and all groups together have at most 7
// beside a year ("Z/18/123456" has one too), codes of regions and padding; separators are - _ . / :
// #. Nothing that scrub_find finds, no calendar date but a year, at most 64 bytes. An OIN is true
// as well.
bool scrub_is_case_number(struct str id, struct str source);

#endif
