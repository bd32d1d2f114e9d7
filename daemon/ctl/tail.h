// SPDX-License-Identifier: EUPL-1.2
// Events as one line each.
#ifndef CTL_TAIL_H
#define CTL_TAIL_H

#include "ctl/query/json_view.h"
#include "ctl/term/term_out.h"

void tail_print_titles(const struct term_out *term);
// On a terminal cut to its width; elsewhere nothing is cut.
void tail_print_event(const struct term_out *term, const struct json_view *event);
// The event's sequence; NULL when it has none.
const char *tail_sequence(const struct json_view *event);

#endif
