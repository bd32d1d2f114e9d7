// SPDX-License-Identifier: EUPL-1.2
// What is asked of the daemon's count query: its dimensions, filters and periods as the command
// line says them, and its labels as people read them.
#ifndef CTL_QUERY_QUERY_OPTIONS_H
#define CTL_QUERY_QUERY_OPTIONS_H

#include "ctl/query/csv_writer.h"
#include "ctl/query/ctl.h"

enum { QUERY_BY_MAX = 3, QUERY_FILTERS_MAX = 12, QUERY_LABEL_MAX = 256 };

void query_put_dimensions(struct buf *out); // the names of all, with ", " between them

// A parameter behind the path in `target`, percent-encoded; none when `value` is NULL.
void query_put_parameter(struct buf *target, struct str name, const char *value);
// Each puts a parameter behind the path in `target`, or says what is wrong (CTL_USAGE).
enum ctl_exit query_put_by(const struct ctl *ctl, const char *by, size_t max, struct buf *target);
enum ctl_exit query_put_period(const struct ctl *ctl, const struct args *args, struct buf *target);
// --period and --where.
enum ctl_exit query_put_filters(const struct ctl *ctl, const struct args *args, struct buf *target);

// The dimensions of an answer's "by". False when this version does not know them.
struct query_options_by {
    const char *names[QUERY_BY_MAX]; // borrowed from the answer
    size_t count;
};
bool query_read_by(const struct json_view *answer, struct query_options_by *by);
bool query_has(const struct query_options_by *by, const char *dimension);

// "PV27 Noord-Holland": the code and the name that `names` has for it; NULL gives "-".
void query_label(const struct json_view *names, const char *code, char out[QUERY_LABEL_MAX]);
// The same for spreadsheets: code and, where codes have names, name in a cell each.
void query_put_titles(struct csv_writer *writer, const struct query_options_by *by);
// The cells "inhabitants" and "rate"; empty where there are none.
void query_put_rate(struct csv_writer *writer, const struct json_view *line);
void query_put_labels(struct csv_writer *writer, const struct query_options_by *by,
                      const struct json_view *names, const struct json_view *line);
// A sheet with what stands at `keys`, which ends with NULL, in each of `list`; `wanted` NULL: all.
void query_print_sheet(const struct ctl *ctl, const char *const *keys, const struct json_view *list,
                       bool (*wanted)(const struct args *args, const struct json_view *item));
// " by province, category; gender Masculine": how an answer was divided and filtered.
void query_describe(const struct json_view *answer, struct buf *out);

// What stands below a table, with an empty line above the first.
struct query_options_notes {
    const struct ctl *ctl;
    bool begun;
};
void query_note(struct query_options_notes *notes, const char *fmt, ...) PRINTF_LIKE(2, 3);
// Why the lines may add up to more than the total, where they are by category.
void query_note_categories(struct query_options_notes *notes, const struct query_options_by *by);

#endif
