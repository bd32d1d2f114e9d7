// SPDX-License-Identifier: EUPL-1.2
// Shared by dimensions.c (what a cell is in a dimension) and query.c (sums); nobody else includes
// it.
#ifndef CORE_CUBE_COUNTS_PRIVATE_H
#define CORE_CUBE_COUNTS_PRIVATE_H

#include "core/cube/counts.h"

// What a cell is in a dimension, as a number. Different numbers may have the same label. Not for
// categories, of which a cell has a set: there the number is enum category.
uint16_t dimension_value(enum dimension d, const struct cell *cell);
// The label of such a number, zeroed behind the text, so that labels can be compared as bytes.
void dimension_label(enum dimension d, uint16_t value, const struct municipalities *municipalities,
                     char label[COUNTS_LABEL_MAX]);

#endif
