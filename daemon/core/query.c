// SPDX-License-Identifier: EUPL-1.2
// Queries over the count cube: each cell gets its labels in the wanted dimensions, lines with the
// same labels are summed. The number of cells is small (a few thousand a year), so a query is one
// pass over all of them.
#include "core/counts.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[DIM_COUNT] = {
    [DIM_MUNICIPALITY] = "municipality",
    [DIM_PROVINCE] = "province",
    [DIM_POLICE_UNIT] = "policeUnit",
    [DIM_SAFETY_REGION] = "safetyRegion",
    [DIM_CATEGORY] = "category",
    [DIM_GENDER] = "gender",
    [DIM_AGE_GROUP] = "ageGroup",
    [DIM_CITIZENSHIP] = "citizenship",
    [DIM_SOURCE_KIND] = "sourceKind",
    [DIM_STATUS] = "status",
    [DIM_YEAR] = "year",
    [DIM_MONTH] = "month",
};

const char *dimension_name(enum dimension d) {
    return names[d];
}

bool dimension_from_name(struct str name, enum dimension *out) {
    for (int i = 0; i < DIM_COUNT; i++)
        if (str_is(name, names[i])) {
            *out = (enum dimension)i;
            return true;
        }
    return false;
}

static bool is_one_of(struct str label, int count, const char *(*name)(int value)) {
    for (int i = 0; i < count; i++)
        if (str_is(label, name(i)))
            return true;
    return false;
}

static const char *name_category(int v) {
    return category_name((enum category)v);
}

static const char *name_gender(int v) {
    return gender_name((enum gender)v);
}

static const char *name_age_group(int v) {
    return age_group_name((enum age_group)v);
}

static const char *name_citizenship(int v) {
    return citizenship_name((enum citizenship)v);
}

static const char *name_source_kind(int v) {
    return source_kind_name((enum source_kind)v);
}

static const char *name_status(int v) {
    return status_name((enum status)v);
}

static void region_label(const struct municipality *m, enum dimension d,
                         char label[COUNTS_LABEL_MAX]);

static bool is_region(enum dimension d, struct str label, const struct municipalities *all) {
    char candidate[COUNTS_LABEL_MAX];
    for (size_t i = 0; i < municipalities_count(all); i++) {
        region_label(municipalities_at(all, i), d, candidate);
        if (str_is(label, candidate))
            return true;
    }
    return str_is(label, "unknown");
}

// "2017" or "2017-03".
static bool is_time(enum dimension d, struct str label) {
    char date[] = "0000-01-01";
    int32_t day;
    size_t len = d == DIM_YEAR ? 4 : 7;
    if (label.len != len)
        return false;
    memcpy(date, label.data, len);
    return time_parse_date(STR(date), &day);
}

bool dimension_has_label(enum dimension d, struct str label,
                         const struct municipalities *municipalities) {
    static const struct {
        int count;
        const char *(*name)(int value);
    } closed[DIM_COUNT] = {
        [DIM_CATEGORY] = {CATEGORY_COUNT, name_category},
        [DIM_GENDER] = {GENDER_COUNT, name_gender},
        [DIM_AGE_GROUP] = {AGE_COUNT, name_age_group},
        [DIM_CITIZENSHIP] = {CITIZENSHIP_COUNT, name_citizenship},
        [DIM_SOURCE_KIND] = {SOURCE_KIND_COUNT, name_source_kind},
        [DIM_STATUS] = {STATUS_COUNT, name_status},
    };
    if (closed[d].name)
        return is_one_of(label, closed[d].count, closed[d].name);
    if (d == DIM_YEAR || d == DIM_MONTH)
        return is_time(d, label);
    return is_region(d, label, municipalities);
}

// Zeroed behind the text: lines are compared as bytes.
static void set_label(char label[COUNTS_LABEL_MAX], const char *text) {
    memset(label, 0, COUNTS_LABEL_MAX);
    (void)snprintf(label, COUNTS_LABEL_MAX, "%s", text ? text : "unknown");
}

static void region_label(const struct municipality *m, enum dimension d,
                         char label[COUNTS_LABEL_MAX]) {
    if (!m)
        set_label(label, NULL);
    else if (d == DIM_MUNICIPALITY)
        (void)snprintf(label, COUNTS_LABEL_MAX, "GM%04u", m->code);
    else if (d == DIM_PROVINCE)
        (void)snprintf(label, COUNTS_LABEL_MAX, "PV%02u", m->province);
    else if (d == DIM_SAFETY_REGION)
        (void)snprintf(label, COUNTS_LABEL_MAX, "VR%02u", m->safety_region);
    else
        set_label(label, m->police_unit);
}

static void time_label(const struct cell *cell, enum dimension d, char label[COUNTS_LABEL_MAX]) {
    unsigned year = 2000u + cell->month / 12u, month = cell->month % 12u + 1u;
    if (d == DIM_YEAR)
        (void)snprintf(label, COUNTS_LABEL_MAX, "%04u", year);
    else
        (void)snprintf(label, COUNTS_LABEL_MAX, "%04u-%02u", year, month);
}

// The label of a cell in any dimension but the category, in which it may have several.
static void cell_label(const struct cell *cell, const struct municipality *m, enum dimension d,
                       char label[COUNTS_LABEL_MAX]) {
    switch (d) {
    case DIM_GENDER:
        set_label(label, gender_name((enum gender)cell->gender));
        break;
    case DIM_AGE_GROUP:
        set_label(label, age_group_name((enum age_group)cell->age_group));
        break;
    case DIM_CITIZENSHIP:
        set_label(label, citizenship_name((enum citizenship)cell->citizenship));
        break;
    case DIM_SOURCE_KIND:
        set_label(label, source_kind_name((enum source_kind)cell->source_kind));
        break;
    case DIM_STATUS:
        set_label(label, status_name((enum status)cell->status));
        break;
    case DIM_YEAR:
    case DIM_MONTH:
        time_label(cell, d, label);
        break;
    default:
        region_label(m, d, label);
    }
}

static bool has_category(const struct cell *cell, const char *word) {
    enum category category;
    return category_from_name(str_from(word), &category) && (cell->categories >> category & 1);
}

static bool passes(const struct counts_query *query, const struct cell *cell,
                   const struct municipality *m) {
    for (size_t i = 0; i < query->filter_count; i++) {
        const struct counts_filter *filter = &query->filters[i];
        char label[COUNTS_LABEL_MAX];
        if (filter->dimension == DIM_CATEGORY) {
            if (!has_category(cell, filter->value))
                return false;
            continue;
        }
        cell_label(cell, m, filter->dimension, label);
        if (strcmp(label, filter->value) != 0)
            return false;
    }
    return true;
}

struct run {
    const struct municipalities *municipalities;
    const struct counts_query *query;
    struct counts_line *lines;
    size_t count, cap;
    int64_t total;
};

static void add_line(struct run *run, const struct counts_line *line) {
    if (run->count == run->cap) {
        run->cap = run->cap ? run->cap * 2 : 64;
        run->lines = mem_resize(run->lines, run->cap, sizeof *run->lines);
    }
    run->lines[run->count++] = *line;
}

static void on_cell(void *ctx, const struct cell *cell, int64_t value) {
    struct run *run = ctx;
    const struct counts_query *query = run->query;
    const struct municipality *m = municipalities_by_code(run->municipalities, cell->municipality);
    if (value == 0 || !passes(query, cell, m))
        return;
    run->total += value;
    struct counts_line line = {.signals = value};
    size_t category_at = COUNTS_BY_MAX;
    for (size_t i = 0; i < query->by_count; i++) {
        if (query->by[i] == DIM_CATEGORY)
            category_at = i;
        else
            cell_label(cell, m, query->by[i], line.labels[i]);
    }
    if (category_at == COUNTS_BY_MAX) {
        add_line(run, &line);
        return;
    }
    for (int c = 0; c < CATEGORY_COUNT; c++)
        if (cell->categories >> c & 1) {
            set_label(line.labels[category_at], category_name((enum category)c));
            add_line(run, &line);
        }
}

static int compare_lines(const void *a, const void *b) {
    return memcmp(((const struct counts_line *)a)->labels, ((const struct counts_line *)b)->labels,
                  sizeof((const struct counts_line *)a)->labels);
}

void counts_run(const struct counts *counts, const struct municipalities *municipalities,
                const struct counts_query *query, struct counts_line **lines, size_t *line_count,
                int64_t *total) {
    struct run run = {.municipalities = municipalities, .query = query};
    counts_each(counts, on_cell, &run);
    size_t kept = 0;
    if (run.count)
        qsort(run.lines, run.count, sizeof *run.lines, compare_lines);
    for (size_t i = 0; i < run.count; i++) {
        if (kept && compare_lines(&run.lines[kept - 1], &run.lines[i]) == 0)
            run.lines[kept - 1].signals += run.lines[i].signals;
        else
            run.lines[kept++] = run.lines[i];
    }
    *lines = run.lines;
    *line_count = kept;
    *total = run.total;
}
