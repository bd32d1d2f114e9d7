// SPDX-License-Identifier: EUPL-1.2
// Names of the safety regions (veiligheidsregio's), as the law has them (Wet veiligheidsregio's,
// annex). The table of municipalities has their numbers only.
#ifndef CORE_TABLES_REGIONS_H
#define CORE_TABLES_REGIONS_H

#include "base/str.h"

// Of VR01 to VR25; absent for any other number.
struct str regions_safety_name(uint8_t number);

#endif
