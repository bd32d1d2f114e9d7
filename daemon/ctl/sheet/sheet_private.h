// SPDX-License-Identifier: EUPL-1.2
// Shared by sheet.c (what is in a workbook) and sheet_run.c (the converter's process).
#ifndef CTL_SHEET_SHEET_PRIVATE_H
#define CTL_SHEET_SHEET_PRIVATE_H

#include "ctl/sheet/sheet.h"

#include <limits.h>
#include <signal.h>

// Where the converter works, and what it may do.
struct sheet_place {
    char dir[PATH_MAX];
    unsigned seconds;
    sigset_t held, before; // what ends us, and what was held back before that
};

// Runs `argv` in the directory, with its output in the new file `out` there, or nowhere. False when
// it could not be run, failed, or was ended since it took too long or since we are to end.
bool sheet_run(const struct sheet_place *place, char *const argv[], const char *out);

// In place: a row a line, and dates as ISO 8601 has them. False when there is nothing in it.
bool sheet_tidy(char *csv, size_t len);

#endif
