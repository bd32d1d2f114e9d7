// SPDX-License-Identifier: EUPL-1.2
// From bytes to items. Native JSON (RFC 8259: one object or an array of them), NDJSON (one
// object a line), and CloudEvents whose data is such an object and whose id is the signal's. A
// known member that is there twice, invalid UTF-8 or NUL in one, and depth over the limit are
// faults of that item. Unknown members are dropped and counted, whatever is in them.
#ifndef CODEC_DECODE_H
#define CODEC_DECODE_H

#include "codec/door.h"
#include "core/signal/signal.h"

enum decode_format {
    DECODE_JSON,
    DECODE_NDJSON,
    DECODE_TABLE,      // CSV: read by mapping_own_table
    DECODE_EVENT,      // a CloudEvent in structured mode
    DECODE_EVENTS,     // a batch of them
    DECODE_EVENT_DATA, // what a CloudEvent in binary mode has as its body
};

struct decode_limits {
    size_t item_bytes_max;
    uint32_t items_max;
    uint32_t depth_max;
};

struct places;
struct cloudevent;
struct decode_options {
    enum decode_format format;
    struct decode_limits limits;
    // A field of each item whose highest value is wanted (the cursor of a poll); absent: none. Not
    // counted as unknown.
    struct str cursor_field;
    struct cloudevent *event; // of EVENT_DATA: its attributes; changed
    // The one source that events may have, and whose ids are of no scope; absent: events may have
    // any, and it is the scope of their ids.
    struct str event_source;
    struct places *places; // gets the members that nobody asks for; NULL: nobody wants to know
};

enum {
    DECODE_FAULTS_MAX = 32, // more than there are fields
    DECODE_CURSOR_MAX = 64,
    DECODE_MISSING_MAX = 160,
    DECODE_UNKNOWN_MAX = 16,
};

// An item that decoded, or one whose fields have faults of type (fault_count > 0; index is set).
// Borrowed for the call.
struct decode_item {
    uint32_t index;
    uint32_t line; // where it begins; 0: not known
    bool excluded; // a mapping leaves it out: of what it says only the id means anything
    struct item item;
    size_t fault_count;
    struct fault faults[DECODE_FAULTS_MAX];
};

struct decode_result {
    uint32_t items;
    bool single; // JSON: one object, not an array
    // What is wrong with the whole: then no item counts; line for the sender.
    bool failed;
    enum fault_code fault;
    // A constant: "", the pointer of a field, "items" or "next" of a template, "empty" when there
    // is nothing, "behind" when something follows what should be all, "packed" when it cannot be
    // unpacked (SYNTAX, TOO_LONG).
    const char *place;
    const struct door_form *form;         // with FORM: what it is instead
    uint32_t titles;                      // CSV: records above the header line
    uint32_t long_ids, rounded_ids;       // CSV: numbers of 16 digits and more; that end in zeros
    uint32_t line, more;                  // more: how many further lines have the same fault
    char missing[DECODE_MISSING_MAX];     // MISSING_PLACE: which, as the template calls them
    uint16_t unknown[DECODE_UNKNOWN_MAX]; // of a table: columns that may be these, from 1;
    uint32_t unknown_count;               // there may be more than fit
    char cursor[DECODE_CURSOR_MAX + 1];   // "" when none
};

// Calls fn for each item in order. When result->failed the body as a whole is wrong and what fn saw
// does not count: the caller drops it. A broken NDJSON line is an item with a SYNTAX fault, since
// the lines around it are whole.
void decode_items(struct str body, const struct decode_options *options,
                  void (*fn)(void *ctx, const struct decode_item *item), void *ctx,
                  struct decode_result *result);

// Beyond DECODE_FAULTS_MAX they are left out.
void decode_add_fault(struct decode_item *item, enum fault_code code, const char *pointer);

// Which of two cursors is further: both decimal numbers by value, anything else by bytes (RFC 3339
// in UTC sorts so).
int decode_cursor_compare(struct str a, struct str b);

#endif
