// SPDX-License-Identifier: EUPL-1.2
// Shared by import.c (sending) and import_print.c (the summary); nobody else includes it.
#ifndef CTL_IMPORT_IMPORT_H
#define CTL_IMPORT_IMPORT_H

#include "base/map.h"
#include "codec/places.h"
#include "core/signal/changes.h"
#include "ctl/import/record_splitter.h"
#include "ctl/query/ctl.h"
#include "ctl/term/progress.h"

enum { IMPORT_PIECE_RECORDS = 500, IMPORT_REFUSALS_MAX = 1000, IMPORT_VERDICTS = 5 };
enum { IMPORT_REFUSED = IMPORT_VERDICTS - 1, IMPORT_CORRECTED = 2 };
enum { IMPORT_RANGES_MAX = 200, IMPORT_CORRECTIONS_MAX = 100 };

// As the daemon names them.
extern const char *const import_verdicts[IMPORT_VERDICTS];

// One reason; a record may have several.
struct import_refusal {
    uint64_t place; // see import_place
    char pointer[48];
    char code[32];
    char detail[128];
};

// What the file would do.
struct import_field { // of a signal, and what the template calls it
    char name[24], place[MAPPING_TEXT_MAX + 1];
    bool found;
};
struct import_unknown {       // a column or member that nobody asks for
    uint32_t column, length;  // column 0: a member
    char name[64], local[64]; // as the daemon, and as the file says; "" is not shown
};
struct import_changed {
    char name[24];
    uint64_t signals, to_unknown;
};
struct import_range {
    uint64_t first, last; // places, see import_place
    uint64_t end;         // number of the next record
};
struct import_ranges {
    struct import_range list[IMPORT_RANGES_MAX];
    size_t count;
    bool more;
};
struct import_preview {
    struct import_field fields[MAPPING_FIELDS];
    struct import_unknown unknown[PLACES_UNKNOWN_MAX];
    struct import_changed changed[CHANGES_FIELDS];
    struct import_ranges ranges[IMPORT_VERDICTS];
    size_t field_count, unknown_count, changed_count;
    bool unknown_more, other_pages, doubtful;
    uint64_t elsewhere;  // items of other pages; 0: not said
    uint64_t takes_back; // known signals that the template leaves out now
    // The first corrections, each a line and an element of a JSON list. Owned.
    struct buf lines, json;
    size_t correction_count;
    uint64_t verdicts[IMPORT_VERDICTS], undated;
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
    struct import_preview summary;
    uint64_t conflicts, undated, unmapped, dropped;
    uint64_t long_ids, rounded_ids; // numbers of 16 digits and more; those that end in zeros
    struct progress progress;
    uint64_t total, done; // records
    uint64_t verdicts[IMPORT_VERDICTS], excluded;
    struct import_refusal *refusals; // the first IMPORT_REFUSALS_MAX; owned
    size_t refusal_count;
    // the piece under way
    struct buf piece;
    uint64_t piece_lines[IMPORT_PIECE_RECORDS];             // where each record begins
    uint64_t piece_numbers[IMPORT_PIECE_RECORDS], numbered; // its number among all
    size_t piece_count;
};

// Where a record of the piece under way is, as people find it: its line in the file; of a JSON
// document the number of the item, from 0.
uint64_t import_place(const struct import *import, size_t index);
const char *import_place_name(const struct import *import); // "line" or "item"

// What the preview says is put together: begin, then each answer in order, then end.
void import_preview_begin(struct import_preview *preview);
void import_preview_take(struct import *import, const struct json_view *answer);
void import_preview_end(struct import *import);
// Of a refused file: what the columns are called that nobody asks for.
void import_tell_columns(struct import *import, const struct json_view *error);
void import_preview_free(struct import_preview *preview);

// Before anything is stored.
void import_print_preview(const struct import *import);
// judged: nothing was stored.
void import_print(const struct import *import, bool judged);

#endif
