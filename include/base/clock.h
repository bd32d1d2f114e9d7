// SPDX-License-Identifier: EUPL-1.2
// The two clocks, in milliseconds. The core gets its time as an argument and never asks for it.
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void);      // since 1970-01-01T00:00:00Z; may be set back
int64_t clock_monotonic_ms(void); // since some moment; never goes back

#endif
