// SPDX-License-Identifier: EUPL-1.2
// Cuts a file into records without understanding them: lines of NDJSON, or records of CSV (RFC 4180
// as it is met: quoted fields may hold newlines). What has nothing in it is passed over.
#ifndef CTL_IMPORT_RECORD_SPLITTER_H
#define CTL_IMPORT_RECORD_SPLITTER_H

#include "base/str.h"

enum { RECORD_SPLITTER_RECORD_MAX = 128 << 10 };

struct record_splitter {
    struct str head; // CSV: up to and with the header line; every piece must begin with it
    size_t head_lines;
    struct str rest;
    uint64_t line; // of the first byte of `rest`, from 1
    bool csv;
    char separator; // of CSV, as the header line shows it
};

struct record_splitter_record {
    struct str bytes; // with its line end, where it has one
    uint64_t line;    // where it begins
    bool too_long;    // larger than RECORD_SPLITTER_RECORD_MAX: not to be sent
};

enum record_splitter_step {
    RECORD_SPLITTER_RECORD,
    RECORD_SPLITTER_END,
    RECORD_SPLITTER_TOO_LONG,
    RECORD_SPLITTER_UNCLOSED,
};

// `bytes` must outlive the splitter. TOO_LONG: the header line is larger than
// RECORD_SPLITTER_RECORD_MAX.
enum record_splitter_step record_splitter_init(struct record_splitter *splitter, struct str bytes,
                                               bool csv);
// UNCLOSED: the record that begins at record->line is as large, and its quotes are not closed.
enum record_splitter_step record_splitter_next(struct record_splitter *splitter,
                                               struct record_splitter_record *record);

// What was read so far, and so many records more, belong to the head: titles stood above the header
// line. END when there are fewer.
enum record_splitter_step record_splitter_extend_head(struct record_splitter *splitter,
                                                      size_t records);

#endif
