// SPDX-License-Identifier: EUPL-1.2
// Makes one line for each municipality of today, then adds what sources and counts say about it.
// What merged is added to its successor, so each municipality of any time is in one line at most.
// The caller owns the sources; the coverage owns its lines and sums.
#include "core/cube/coverage.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { CODES = 10000 }; // GM0000 to GM9999

// Under way: where the line of a code is.
struct work {
    const struct coverage_question *question;
    const struct municipalities *municipalities;
    struct coverage *coverage;
    struct coverage_line *by_code[CODES]; // of those of today; NULL: none
};

const char *coverage_state_name(enum coverage_state state) {
    static const char *const names[] = {
        [COVERAGE_NEVER] = "never",
        [COVERAGE_SILENT] = "silent",
        [COVERAGE_SIGNALS] = "signals",
    };
    return names[state];
}

void coverage_days(const struct coverage_question *question, int32_t *first, int32_t *last) {
    if (!question->days) {
        period_days(&question->period, first, last);
        return;
    }
    *last = question->today;
    *first = question->today - (int32_t)question->days + 1;
}

static void add_lines(struct work *work) {
    struct coverage *coverage = work->coverage;
    size_t count = municipalities_count(work->municipalities);
    coverage->lines = mem_zalloc(count, sizeof *coverage->lines);
    for (size_t i = 0; i < count; i++) {
        const struct municipality *m = municipalities_at(work->municipalities, i);
        if (m->valid_from > work->question->today || m->valid_to < work->question->today)
            continue;
        struct coverage_line *line = &coverage->lines[coverage->count++];
        line->municipality = m;
        work->by_code[m->code] = line;
    }
}

// The line of what the municipality is part of today; NULL when there is none.
static struct coverage_line *line_of(const struct work *work, uint16_t code) {
    const struct municipality *m = municipalities_successor(
        work->municipalities, municipalities_by_code(work->municipalities, code),
        work->question->today);
    return m ? work->by_code[m->code] : NULL;
}

static void add_source(const struct work *work, struct coverage_source *source) {
    struct coverage_line *line = line_of(work, source->municipality);
    if (!line)
        return;
    source->next = line->sources;
    line->sources = source;
    line->official |= source->official;
    line->policy |= source->policy;
    line->connected |= !source->by_hand || source->signal_ms > 0;
    if (source->signal_ms > line->signal_ms)
        line->signal_ms = source->signal_ms;
}

static void on_cell(void *ctx, const struct cell *cell, int64_t value) {
    const struct work *work = ctx;
    if (value <= 0 || !cell_counts(cell) || cell->source_kind != SOURCE_MUNICIPALITY ||
        cell->month >= work->question->period.behind)
        return;
    struct coverage_line *line = line_of(work, cell->municipality);
    if (!line || (line->has_month && line->month >= cell->month))
        return;
    line->has_month = true;
    line->month = cell->month;
}

static void judge(const struct coverage_question *question, struct coverage_line *line) {
    bool ever = question->days ? line->signal_ms > 0 : line->has_month;
    int32_t first, last;
    coverage_days(question, &first, &last);
    bool lately = question->days ? time_amsterdam_day(line->signal_ms) >= first
                                 : period_has(&question->period, line->month);
    line->state = !ever ? COVERAGE_NEVER : lately ? COVERAGE_SIGNALS : COVERAGE_SILENT;
}

static void add_to_sum(struct coverage_sum *sum, const struct coverage_line *line) {
    sum->municipalities++;
    sum->signalling += line->state == COVERAGE_SIGNALS;
    sum->silent += line->state == COVERAGE_SILENT;
    sum->never += line->state == COVERAGE_NEVER;
    sum->unconnected += !line->connected;
    sum->official += line->official;
    sum->policy += line->policy;
    sum->all += line->state == COVERAGE_SIGNALS && line->official && line->policy;
    if (line->municipality->inhabitants > sum->inhabitants_max)
        sum->inhabitants_max = line->municipality->inhabitants;
}

static const char *group_name(enum coverage_kind kind, const struct municipality *m) {
    return kind == COVERAGE_PROVINCE      ? m->province_name
           : kind == COVERAGE_POLICE_UNIT ? m->police_unit
                                          : m->size_class;
}

static struct coverage_sum *find_sum(struct coverage_group *group, enum coverage_kind kind,
                                     const struct municipality *m) {
    const char *name = group_name(kind, m);
    size_t i = 0;
    while (i < group->count && strcmp(group->sums[i].name, name) != 0)
        i++;
    if (i == group->count)
        group->sums[group->count++] = (struct coverage_sum){.name = name, .province = m->province};
    return &group->sums[i];
}

static int compare_provinces(const void *a, const void *b) {
    return ((const struct coverage_sum *)a)->province - ((const struct coverage_sum *)b)->province;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(((const struct coverage_sum *)a)->name, ((const struct coverage_sum *)b)->name);
}

static int compare_sizes(const void *a, const void *b) {
    const struct coverage_sum *x = a, *y = b;
    if (x->inhabitants_max != y->inhabitants_max)
        return x->inhabitants_max < y->inhabitants_max ? -1 : 1;
    return compare_names(a, b);
}

static void make_group(struct coverage *coverage, enum coverage_kind kind) {
    static int (*const compare[COVERAGE_KINDS])(const void *a, const void *b) = {
        [COVERAGE_PROVINCE] = compare_provinces,
        [COVERAGE_POLICE_UNIT] = compare_names,
        [COVERAGE_SIZE_CLASS] = compare_sizes,
    };
    struct coverage_group *group = &coverage->groups[kind];
    group->sums = mem_zalloc(coverage->count, sizeof *group->sums);
    for (size_t i = 0; i < coverage->count; i++)
        add_to_sum(find_sum(group, kind, coverage->lines[i].municipality), &coverage->lines[i]);
    qsort(group->sums, group->count, sizeof *group->sums, compare[kind]);
}

void coverage_make(const struct coverage_question *question, const struct coverage_facts *facts,
                   struct coverage *out) {
    struct work *work = mem_zalloc(1, sizeof *work);
    *out = (struct coverage){.question = *question};
    work->question = question;
    work->municipalities = facts->municipalities;
    work->coverage = out;
    add_lines(work);
    for (size_t i = facts->source_count; i-- > 0;)
        add_source(work, &facts->sources[i]);
    if (!question->days)
        counts_each(facts->counts, on_cell, work);
    for (size_t i = 0; i < out->count; i++) {
        judge(question, &out->lines[i]);
        add_to_sum(&out->whole, &out->lines[i]);
    }
    for (int kind = 0; kind < COVERAGE_KINDS; kind++)
        make_group(out, (enum coverage_kind)kind);
    free(work);
}

void coverage_free(struct coverage *coverage) {
    for (int kind = 0; kind < COVERAGE_KINDS; kind++)
        free(coverage->groups[kind].sums);
    free(coverage->lines);
    *coverage = (struct coverage){0};
}

// Whole, but never 0 where there is one, nor 100 where one is missing.
static void put_percent(uint32_t part, uint32_t whole, struct buf *out) {
    uint32_t percent =
        whole ? (uint32_t)(((uint64_t)part * 200 + whole) / (2 * (uint64_t)whole)) : 0;
    if (part > 0 && percent == 0)
        buf_puts(out, "under 1 %");
    else if (part < whole && percent == 100)
        buf_puts(out, "over 99 %");
    else
        buf_printf(out, "%u %%", (unsigned)percent);
}

// "in the last 365 days", "in 2017", "in the period 2016..2018"
static void put_when(const struct coverage_question *question, struct buf *out) {
    char period[PERIOD_TEXT_MAX];
    if (question->days == 1) {
        buf_puts(out, "today");
    } else if (question->days) {
        buf_printf(out, "in the last %u days", (unsigned)question->days);
    } else {
        period_format(&question->period, period);
        buf_printf(out, "in %s%s", strchr(period, '.') ? "the period " : "", period);
    }
}

static const char *have(uint32_t count) {
    return count == 1 ? "has" : "have";
}

void coverage_put_headline(const struct coverage *coverage, struct buf *out) {
    const struct coverage_sum *whole = &coverage->whole;
    uint32_t others = whole->municipalities - whole->signalling;
    buf_printf(out, "%u of %u municipalities (", (unsigned)whole->signalling,
               (unsigned)whole->municipalities);
    put_percent(whole->signalling, whole->municipalities, out);
    buf_printf(out, ") %s signalled ", have(whole->signalling));
    put_when(&coverage->question, out);
    buf_printf(out, "; %u %s not", (unsigned)others, have(others));
}
