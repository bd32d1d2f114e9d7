// SPDX-License-Identifier: EUPL-1.2
// What a correction would change of a signal, for who looks before it is made. Pure.
#ifndef CORE_SIGNAL_CHANGES_H
#define CORE_SIGNAL_CHANGES_H

#include "core/signal/ledger_entry.h"

// What a signal says, in the ledger or in what was delivered.
struct changes_state {
    struct cell cell;
    int32_t reported, occurred; // as in struct signal
    bool withdrawn, person;     // person: somebody is known
};
struct changes_state changes_state_known(const struct ledger_entry *entry);
struct changes_state changes_state_delivered(const struct signal *signal);

enum changes_field {
    CHANGES_WITHDRAWN,
    CHANGES_REPORTED,
    CHANGES_OCCURRED,
    CHANGES_MUNICIPALITY,
    CHANGES_CATEGORIES,
    CHANGES_GENDER,
    CHANGES_AGE_GROUP,
    CHANGES_CITIZENSHIP,
    CHANGES_STATUS,
    CHANGES_PERSON,
    CHANGES_FIELDS
};
const char *changes_field_name(enum changes_field field); // "ageGroup"

// "GM0363", "Adult", "2017-03-05", "SexualExploitation, Other"; what is not known is "Unknown" in
// each field.
enum { CHANGES_TEXT_MAX = 256 };
void changes_put(const struct changes_state *state, enum changes_field field,
                 char out[CHANGES_TEXT_MAX]);
// Do the two differ in it?
bool changes_in(const struct changes_state *before, const struct changes_state *after,
                enum changes_field field);
// Is it no longer known what it is?
bool changes_to_unknown(const struct changes_state *after, enum changes_field field);

#endif
