// SPDX-License-Identifier: EUPL-1.2
// Shared by import.c (sending) and import_print.c (the summary); nobody else includes it.
#ifndef CTL_IMPORT_IMPORT_H
#define CTL_IMPORT_IMPORT_H

#include "base/map.h"
#include "ctl/import/record_splitter.h"
#include "ctl/query/ctl.h"
#include "ctl/term/progress.h"

enum { IMPORT_PIECE_RECORDS = 500, IMPORT_REFUSALS_MAX = 1000, IMPORT_VERDICTS = 5 };
enum { IMPORT_REFUSED = IMPORT_VERDICTS - 1 };

// As the daemon names them.
extern const char *const import_verdicts[IMPORT_VERDICTS];

// One reason; a record may have several.
struct import_refusal {
    uint64_t line; // of the file; of a JSON document: the number of the item
    char pointer[48];
    char code[32];
    char detail[128];
};

struct import {
    const struct ctl *ctl;
    char *target;                           // of each piece
    bool csv, json, dry_run;                // json: one document, which is one piece
    bool book;                              // a sheet of a workbook, as CSV
    const char *sheet;                      // NULL: none is named
    bool preview;                           // the pass under way only judges
    struct str text;                        // of the file
    struct record_splitter start, splitter; // where each pass begins; the pass under way
    uint64_t titles; // above the header line; in the head once they are known
    struct map ids;  // of the file, each with its first line and its content
    uint64_t conflicts, undated, unmapped, dropped;
    uint64_t long_ids, rounded_ids; // numbers of 16 digits and more; those that end in zeros
    struct progress progress;
    uint64_t total, done; // records
    uint64_t verdicts[IMPORT_VERDICTS], excluded;
    struct import_refusal *refusals; // the first IMPORT_REFUSALS_MAX; owned
    size_t refusal_count;
    // the piece under way
    struct buf piece;
    uint64_t piece_lines[IMPORT_PIECE_RECORDS]; // where each record begins
    size_t piece_count;
};

// judged: nothing was stored.
void import_print(const struct import *import, bool judged);

#endif
