// SPDX-License-Identifier: EUPL-1.2
// The count cube: how many signals lie in each cell. A query sums over cells.
// A signal with several categories lies in one cell: it counts once in a total and once in each of
// its categories, so the categories may add up to more than the total.
#ifndef CORE_CUBE_COUNTS_H
#define CORE_CUBE_COUNTS_H

#include "core/cube/period.h"
#include "core/person/persons.h"
#include "core/signal/signal.h"
#include "core/tables/municipalities.h"

struct counts;

struct counts *counts_create(void);
struct counts *counts_copy(const struct counts *counts);
void counts_free(struct counts *counts);
void counts_clear(struct counts *counts);
void counts_add(struct counts *counts, const struct cell *cell, int64_t change);
int64_t counts_get(const struct counts *counts, const struct cell *cell);
int64_t counts_total(const struct counts *counts); // without those of rejected signals
// Every cell whose count is not 0, in no order.
void counts_each(const struct counts *counts,
                 void (*fn)(void *ctx, const struct cell *cell, int64_t value), void *ctx);

enum dimension {
    DIM_MUNICIPALITY,  // as of `reported`: "GM0363"
    DIM_PROVINCE,      // "PV27"
    DIM_POLICE_UNIT,   // by name
    DIM_SAFETY_REGION, // "VR13"
    DIM_CATEGORY,
    DIM_GENDER,
    DIM_AGE_GROUP,
    DIM_CITIZENSHIP,
    DIM_FOREIGN, // is it another citizenship than the Dutch: "yes", "no", "unknown"
    DIM_SOURCE_KIND,
    DIM_STATUS,
    DIM_YEAR,  // "2017"
    DIM_MONTH, // "2017-03"
    DIM_COUNT,
};
const char *dimension_name(enum dimension d); // camelCase, as in the API
bool dimension_from_name(struct str name, enum dimension *out);

// Can a cell have this label? False for a word that no cell will ever have, such as a misspelt one.
bool dimension_has_label(enum dimension d, struct str label,
                         const struct municipalities *municipalities);

enum { COUNTS_BY_MAX = 3, COUNTS_FILTER_MAX = 13, COUNTS_LABEL_MAX = 32 };

struct counts_query {
    enum dimension by[COUNTS_BY_MAX];
    size_t by_count;
    struct counts_filter {
        enum dimension dimension;
        char value[COUNTS_LABEL_MAX]; // must be the label exactly
    } filters[COUNTS_FILTER_MAX];     // all must hold. Rejected signals count only where one is
                                      // about the status
    size_t filter_count;
    struct period period; // of `reported`
    bool by_kinds; // lines are by the set of kinds of source that know a person, too. Dimensions
                   // are without DIM_SOURCE_KIND then
};

struct counts_line {
    char labels[COUNTS_BY_MAX][COUNTS_LABEL_MAX]; // codes or words; "unknown" where it is not known
    int64_t signals;
    int64_t persons; // signals that are linked are one; one that says nothing of its person is one
    // With by_kinds, where signals are as persons:
    uint16_t kinds; // bit set by enum source_kind: those that know them, from signals in this line
    int64_t nameless; // persons of whom nothing was said, so that no signal could be linked
};

struct counts_answer {
    struct counts_line *lines; // sorted by their labels; none has zero signals. The caller frees it
    size_t count;
    int64_t signals, persons; // of the filtered cells; each is in there once
};
// The same in steps, so that neither the cells nor the lines need to be in memory together. What
// begins is borrowed until the end. All cells come first, then the signals of persons who have more
// than one (with by_kinds: of all persons), those of a person behind each other.
struct counting;
struct counting *counts_run_begin(const struct municipalities *municipalities,
                                  const struct counts_query *query);
void counts_run_add(struct counting *run, const struct cell *cell, int64_t value);
void counts_run_add_linked(struct counting *run, uint64_t person, const struct cell *cell);
void counts_run_end(struct counting *run); // before the first line
// Of lines to come, each dimension's labels, maybe one more; not before counts_run_end.
void counts_run_labels(const struct counting *run, void (*fn)(void *ctx, struct str label),
                       void *ctx);
bool counts_run_next(struct counting *run, struct counts_line *line); // false: that was all
int64_t counts_run_signals(const struct counting *run);
int64_t counts_run_persons(const struct counting *run);
int64_t counts_run_nameless(const struct counting *run); // with by_kinds
size_t counts_run_lines_max(const struct counting *run); // so many lines come at most
void counts_run_free(struct counting *run);              // NULL is fine
void counts_run_take(struct counting *run, struct counts_answer *answer); // all lines; frees it

void counts_run(const struct counts *counts, const struct persons *persons,
                const struct municipalities *municipalities, const struct counts_query *query,
                struct counts_answer *answer);

#endif
