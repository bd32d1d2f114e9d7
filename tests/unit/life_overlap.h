// SPDX-License-Identifier: EUPL-1.2
// Which kinds of source know whom, by the plain model and by what is on the disk.
#ifndef LIFE_OVERLAP_H
#define LIFE_OVERLAP_H

#include "life_model.h"

// Of each set of the kinds of source that there are here: persons, and those of whom nothing was
// said.
struct overlap {
    struct known {
        uint64_t person;
        unsigned kinds;
    } known[LIFE_SIGNALS];
    size_t count;
    int64_t nameless[SOURCE_KIND_COUNT];
};

static inline void take_kind(void *ctx, const struct cell *cell, uint64_t person) {
    struct overlap *overlap = ctx;
    size_t i = 0;
    if (!cell_counts(cell))
        return;
    overlap->nameless[cell->source_kind] += person == 0;
    while (i < overlap->count && overlap->known[i].person != person)
        i++;
    if (person && i == overlap->count)
        overlap->known[overlap->count++] = (struct known){.person = person};
    if (person)
        overlap->known[i].kinds |= 1u << cell->source_kind;
}

static inline void expect_overlap(const struct overlap *overlap, const struct counts_line *line) {
    int64_t persons = 0, nameless = 0;
    for (size_t i = 0; i < overlap->count; i++)
        persons += overlap->known[i].kinds == line->kinds;
    for (int kind = 0; kind < SOURCE_KIND_COUNT; kind++)
        nameless += line->kinds == 1u << kind ? overlap->nameless[kind] : 0;
    assert_int_equal(line->nameless, nameless);
    assert_int_equal(line->persons, persons + nameless);
}

static inline void run_cell(void *ctx, const struct cell *cell, int64_t number) {
    counts_run_add(ctx, cell, number);
}

static inline void run_member(void *ctx, uint64_t person, const struct cell *cell) {
    counts_run_add_linked(ctx, person, cell);
}

// As it is on the disk.
static inline void assert_overlap(const struct life *life, struct ledger *ledger, int64_t all) {
    static const struct ledger_cube_reader reader = {
        .cell = run_cell, .linked = run_member, .alone = true};
    static const struct counts_query query = {.by_kinds = true};
    static struct overlap overlap;
    struct counts_answer answer;
    int64_t persons = 0;
    memset(&overlap, 0, sizeof overlap);
    life_each(life, take_kind, &overlap);
    struct counting *run = counts_run_begin(tables.municipalities, &query);
    assert_true(ledger_each_cell(ledger, &reader, run));
    counts_run_take(run, &answer);
    for (size_t i = 0; i < answer.count; i++) {
        expect_overlap(&overlap, &answer.lines[i]);
        persons += answer.lines[i].persons;
    }
    assert_int_equal(persons, all);
    assert_int_equal(answer.persons, all);
    free(answer.lines);
}

#endif
