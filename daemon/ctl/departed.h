// SPDX-License-Identifier: EUPL-1.2
// What departs from its trend, as signaalctl trend --departed prints it.
#ifndef CTL_DEPARTED_H
#define CTL_DEPARTED_H

#include "ctl/query/ctl.h"

enum ctl_exit departed_print(const struct ctl *ctl, const struct json_view *answer);

#endif
