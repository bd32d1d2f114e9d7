// SPDX-License-Identifier: EUPL-1.2
// Pseudonyms of persons: keyed digests (GDPR art. 4(5), EDPB guidelines 01/2025), so that two
// signals about one person can be linked while nobody can say who it is, nor find it out by trying
// all birth dates, without the key.
//
// Two bases, each hashed apart: the V-number, and (name, birth date, nationality). A name is folded
// (case, diacritics), brought to first initial and last family name without particles: "J.P. de
// Vries", "Jan de Vries" and "de Vries, Jan" are one. A birth date is read in the forms ISO 8601,
// day-month-year with - / or . and YYYYMMDD, a time of day behind it. A nationality is an ISO
// 3166-1 code (alpha-2 and alpha-3 are one) or a folded word; without one it is another person than
// with one. A name without a birth date, or the other way round, identifies nobody; and so does
// what says that something is not known ("onbekend", "N.N.", "slachtoffer 2", a single letter).
#ifndef CORE_PERSON_PERSON_H
#define CORE_PERSON_PERSON_H

#include "core/signal/signal.h"

// A secret key and its public name, which is made from it.
struct person_key {
    struct hash_key key;
    uint32_t id;
};
struct person_keys {
    struct person_key list[PERSON_KEYS_MAX]; // [0] is in force; the other is the one before it
    uint8_t count;
};

void person_key_name(struct person_key *key); // sets id from key

enum { PERSON_FAULTS_MAX = 4 };
struct person_faults {
    size_t count;
    struct person_fault {
        enum fault_code code;
        const char *pointer; // "/person/birthDate"
    } list[PERSON_FAULTS_MAX];
};

// All faults at once; with any, or with nothing that identifies, base_count is 0. What it makes of
// the attributes on its way is wiped before it returns; the attributes are the caller's to wipe.
// `received`: day; a birth date after it, or before 1900, is a fault. A BSN in any attribute is
// FAULT_NOT_ACCEPTED.
void person_pseudonymise(const struct person_keys *keys, const struct item_person *person,
                         int32_t received, struct person_pseudonyms *out,
                         struct person_faults *faults);

// A digest under `key` of the attributes as they are compared: part of a signal's content, so that
// another person is a correction while another key, or another spelling, is none. All zero when
// there are no attributes.
void person_content(const struct hash_key *key, const struct item_person *person,
                    struct digest *out);

#endif
