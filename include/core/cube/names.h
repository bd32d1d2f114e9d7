// SPDX-License-Identifier: EUPL-1.2
// What people call the labels of counts, in Dutch and in English. Terms are those of HTCDS and of
// the Dutch field; names of regions are the same in both. Pure; any thread.
#ifndef CORE_CUBE_NAMES_H
#define CORE_CUBE_NAMES_H

#include "core/cube/counts.h"

// "Seksuele uitbuiting" for SexualExploitation, "Amsterdam" for GM0363, "Noord-Holland" for PV27.
// Absent for a label that has no name but itself, or that the tables lack. Borrowed from them.
struct str dimension_called(enum dimension d, struct str label,
                            const struct municipalities *municipalities, bool dutch);
// Each label of a dimension that is no region and no time, in their order; NULL at the end.
const char *dimension_word(enum dimension d, size_t i);

#endif
