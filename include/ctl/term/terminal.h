// SPDX-License-Identifier: EUPL-1.2
// The whole terminal as a picture that is drawn anew: the alternate screen, no cursor, keys as they
// are struck. What was there comes back in terminal_leave.
#ifndef CTL_TERM_TERMINAL_H
#define CTL_TERM_TERMINAL_H

#include "ctl/term/term_out.h"

#include <termios.h>

struct terminal {
    struct termios before; // of the keyboard
    bool keys;             // the keyboard is a terminal
};

void terminal_enter(struct terminal *terminal, const struct term_out *term);
void terminal_leave(const struct terminal *terminal, const struct term_out *term);
// `picture` has a newline behind each line; no more than the screen's height is shown.
void terminal_show(const struct term_out *term, const char *picture);

#endif
