// SPDX-License-Identifier: EUPL-1.2
// How far a long task is: a bar that is drawn over on a terminal, a line every few seconds
// elsewhere. On stderr, so that what the task prints stays clean.
#ifndef CTL_TERM_PROGRESS_H
#define CTL_TERM_PROGRESS_H

#include "ctl/term/term_out.h"

struct progress {
    struct term_out term;
    const char *what; // is counted: "records"
    uint64_t total, done;
    int64_t started_ms, shown_ms; // monotonic
    bool drawn;                   // a bar stands on the line
};

void progress_start(struct progress *progress, const char *what, uint64_t total, bool no_colour);
void progress_move(struct progress *progress, uint64_t done);
// A message in between, such as why it waits.
void progress_say(struct progress *progress, const char *text);
void progress_end(struct progress *progress); // takes the bar away

#endif
