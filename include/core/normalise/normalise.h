// SPDX-License-Identifier: EUPL-1.2
// From what a source said to a signal. Pure: tables, source and time are arguments. Deterministic.
#ifndef CORE_NORMALISE_NORMALISE_H
#define CORE_NORMALISE_NORMALISE_H

#include "core/person/person.h"
#include "core/signal/signal.h"
#include "core/tables/categories.h"
#include "core/tables/display_allowlist.h"
#include "core/tables/municipalities.h"

struct normalise_context {
    const struct municipalities *municipalities;
    const struct categories *categories;
    const struct display_allowlist *allowlist; // which unknown words may be shown; NULL: none
    const struct hash_key *identity_key;
    const struct person_keys *person_keys;
    struct str source; // name; part of the identity
    enum source_kind source_kind;
    enum source_person source_person;
    uint16_t source_municipality; // code; 0 when the source has none (COA, police)
    int64_t received_ms;          // default of `reported`,
    bool date_needed;             // unless each item has to say it itself
};

enum { NORMALISE_FAULTS_MAX = 32 };

struct normalise_result {
    size_t fault_count;                        // 0: the signal is good
    struct fault faults[NORMALISE_FAULTS_MAX]; // index is left 0
    struct normalise_word { // for each of signal->unknown: what operators may see of it
        struct display_view view;
    } words[SIGNAL_UNKNOWN_MAX];
    bool municipality_unknown; // a word was given and did not resolve
    bool person_dropped;       // it was named and may not be: nothing was made of it
};

// All faults of the item at once. `signal` is complete only when fault_count is 0.
void normalise_item(const struct normalise_context *context, const struct item *item,
                    struct signal *signal, struct normalise_result *result);

// Gives an undated signal the day on which it is known to have been reported, and what depends on
// that: its month, municipality, age group and citizenship group. `source_municipality` as above.
void normalise_redate(const struct municipalities *municipalities, uint16_t source_municipality,
                      int32_t day, int64_t received_ms, struct signal *signal);

// Identity of (source, id), as normalise_item computes it: for questions about a signal.
void normalise_identity(const struct hash_key *key, struct str source, struct str id,
                        struct digest *out);

// The digest of a folded word that a table lacks, as in struct unknown_word. Codes of
// municipalities are folded from their full form, "GM0363".
void normalise_unknown(const struct hash_key *key, enum unmapped_field field, struct str word,
                       struct digest *out);

#endif
