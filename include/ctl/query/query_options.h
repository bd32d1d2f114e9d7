// SPDX-License-Identifier: EUPL-1.2
// What is asked of the daemon's count cube: its dimensions, filters and periods as the command line
// says them, and its labels as people read them.
#ifndef CTL_QUERY_QUERY_OPTIONS_H
#define CTL_QUERY_QUERY_OPTIONS_H

#include "ctl/query/csv_writer.h"
#include "ctl/query/ctl.h"

enum { CUBE_BY_MAX = 3, CUBE_FILTERS_MAX = 12, CUBE_LABEL_MAX = 256 };

#define CUBE_DIMENSIONS                                                                            \
    "municipality, province, policeUnit, safetyRegion, category, gender, ageGroup, citizenship, "  \
    "sourceKind, status, year, month"

bool cube_is_dimension(struct str name);

// Each puts a parameter behind the path in `target`, or says what is wrong (CTL_USAGE).
enum ctl_exit cube_put_by(const struct ctl *ctl, const char *by, size_t max, struct buf *target);
enum ctl_exit cube_put_period(const struct ctl *ctl, const struct args *args, struct buf *target);
enum ctl_exit cube_put_filters(const struct ctl *ctl, const struct args *args, struct buf *target);

// The dimensions of an answer's "by". False when this version does not know them.
struct cube_by {
    const char *names[CUBE_BY_MAX]; // borrowed from the answer
    size_t count;
};
bool cube_read_by(const struct node *answer, struct cube_by *by);
bool cube_has(const struct cube_by *by, const char *dimension);

// "PV27 Noord-Holland": the code and the name that `names` has for it; NULL gives "-".
void cube_label(const struct node *names, const char *code, char out[CUBE_LABEL_MAX]);
// The same for spreadsheets: code and, where codes have names, name in a cell each.
void cube_put_titles(struct sheet *sheet, const struct cube_by *by);
void cube_put_labels(struct sheet *sheet, const struct cube_by *by, const struct node *names,
                     const struct node *line);
// " by province, category; gender Masculine": how an answer was divided and filtered.
void cube_describe(const struct node *answer, struct buf *out);

// What stands below a table, with an empty line above the first.
struct cube_notes {
    const struct ctl *ctl;
    bool begun;
};
void cube_note(struct cube_notes *notes, const char *fmt, ...) PRINTF_LIKE(2, 3);
// Why the lines may add up to more than the total, where they are by category.
void cube_note_categories(struct cube_notes *notes, const struct cube_by *by);

#endif
