// SPDX-License-Identifier: EUPL-1.2
// Printing for people. Everything that goes through here is cleaned first, so that no text from
// outside can steer the terminal: control characters and invisible marks of direction are taken
// out, and what the locale cannot show becomes '?'.
#ifndef CTL_TERM_TERM_OUT_H
#define CTL_TERM_TERM_OUT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct term_out {
    FILE *out;
    size_t width;  // columns: the terminal's, else $COLUMNS, else 80
    size_t height; // lines: the terminal's, else 24
    bool terminal; // `out` is one
    bool colour;
    bool utf8; // the locale's character set
};

enum term_out_style {
    STYLE_PLAIN,
    STYLE_STRONG,
    STYLE_DIM,
    STYLE_GOOD,
    STYLE_WARN,
    STYLE_BAD,
    STYLE_BAR,
};

enum term_out_fit {
    FIT_LEFT = 0,
    FIT_RIGHT = 1, // pad in front
    FIT_CUT = 2,   // cut what is too long, with a mark
    FIT_LAST = 4,  // nothing follows on this line: no padding behind
};

// Takes the locale from the environment. Colour only on a terminal, never with NO_COLOR
// (no-color.org), TERM=dumb or `no_colour`.
void term_out_init(struct term_out *term, FILE *out, bool no_colour);

// Takes width and height anew: a terminal's may change.
void term_out_measure(struct term_out *term);

// Cleaned copy; NULL gives "-". Caller frees.
char *term_out_clean(const struct term_out *term, const char *text);
size_t term_out_columns(const struct term_out *term, const char *clean); // that it takes

void term_out_put(const struct term_out *term, enum term_out_style style, const char *text);
// A line.
void term_out_print(const struct term_out *term, enum term_out_style style, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
// In a field of `width` columns; `fit` adds up from enum term_out_fit.
void term_out_put_field(const struct term_out *term, enum term_out_style style, const char *text,
                        size_t width, unsigned fit);
// A bar of at most `width` columns; only zero is empty.
void term_out_put_bar(const struct term_out *term, int64_t value, int64_t max, size_t width);
// `count` values as so many columns of different height, only zero at the bottom: "▁▂▅█". `max` is
// as high as can be. Caller frees.
char *term_out_spark(const struct term_out *term, const int64_t *values, size_t count, int64_t max);
void term_out_put_rule(const struct term_out *term, size_t width);
void term_out_put_spaces(const struct term_out *term, size_t count);
// A paragraph, broken at spaces.
void term_out_put_wrapped(const struct term_out *term, enum term_out_style style, const char *text);
void term_out_end_line(const struct term_out *term);
bool term_out_is_abandoned(const struct term_out *term); // who read the pipe has gone

#endif
