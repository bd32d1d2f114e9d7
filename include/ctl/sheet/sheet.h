// SPDX-License-Identifier: EUPL-1.2
// A sheet of a workbook (.xlsx, .xls, .ods) as CSV, by Debian's gnumeric where it is installed. A
// workbook comes from outside, so the converter runs apart: in a directory of its own that goes
// with it, without network, with little environment, and bounded in time, memory and output.
#ifndef CTL_SHEET_SHEET_H
#define CTL_SHEET_SHEET_H

#include "base/err.h"
#include "base/str.h"
#include "codec/door.h"

enum { SHEET_NAME_MAX = 96, SHEETS_MAX = 32, SHEET_BYTES_MAX = 32 << 20 };

struct sheet_options {
    const char *name;      // of the sheet; NULL: the only one that has something or else that fits
    const char *converter; // NULL: /usr/bin/ssconvert
    unsigned seconds_max;  // for each of its two runs; 0: a minute
    bool (*fits)(void *ctx, struct str csv); // does it have the header line that is looked for?
    void *ctx;
};

struct sheet {
    // UTF-8 behind a line "sep=;", a row a line: line breaks within a cell are blanks. Numbers
    // have all their digits; what is shown as a date is 2017-03-05 or 2017-03-05 13:05:00, whatever
    // the epoch of the workbook. Rows and columns before the first that has something are not
    // there.
    struct buf csv;
    char name[SHEET_NAME_MAX]; // clean UTF-8
    bool chosen;               // there were others with something in them
};

// The caller frees sheet->csv. RETRY: there is no converter; CONFIG: say which sheet; INPUT: it
// cannot be read, or not within the bounds. SIGINT, SIGTERM and SIGHUP end the converter first.
bool sheet_read(struct str book, enum door_book kind, const struct sheet_options *options,
                struct sheet *sheet, struct err *err) MUST_CHECK;

#endif
