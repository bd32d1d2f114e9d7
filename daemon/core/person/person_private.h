// SPDX-License-Identifier: EUPL-1.2
// What the files daemon/core/person*.c share; everybody else includes person.h.
//   person.c       attributes as they are compared, and their digests
//   person_name.c  names as they are compared
//   person_date.c  birth dates
#ifndef CORE_PERSON_PERSON_PRIVATE_H
#define CORE_PERSON_PERSON_PRIVATE_H

#include "base/str.h"

#include <stdint.h>

enum { PERSON_INITIAL_MAX = 5 }; // one code point with NUL

// "J.P. de Vries" is {"j", "vries"}. Whoever has no given name has no initial.
struct person_name {
    char initial[PERSON_INITIAL_MAX];
    char family[STR_FOLDED_MAX]; // "": the text names nobody
};

// False when it is too long once folded. `out` is to be wiped.
bool person_name_read(struct str text, struct person_name *out) MUST_CHECK;

// False when it is no day in one of the forms. *day: TIME_DAY_NONE when it says that the day is not
// known.
bool person_date_read(struct str text, int32_t *day) MUST_CHECK;

#endif
