// SPDX-License-Identifier: EUPL-1.2
// Queries over the count cube. One pass over all cells, and one over the signals that are linked,
// make parts of lines: a key of numbers that stand for labels, and what the cells or the signal
// add. Sorted, the parts of a line stand together, and in it the signals of a person. Labels are
// text only once for each number, for a table of a hundred thousand cells has a few hundred labels.
#include "counts_private.h"

#include "base/map.h"

// A key holds COUNTS_BY_MAX numbers of labels, and below them the kinds of source that know a
// person, with a bit for those of whom nothing was said.
enum {
    VALUES = UINT16_MAX + 1,
    KEY_BITS = 16,
    LOW_BITS = VALUES - 1,
    NAMELESS = 1,
    KINDS_SHIFT = 1
};
_Static_assert(SOURCE_KIND_COUNT + KINDS_SHIFT <= KEY_BITS, "the kinds are in a key");

// The labels of one dimension: each that is met gets a number, from 0. Values with one label have
// one number, so that a person is met again who is in a line by two of them.
struct axis {
    enum dimension dimension;
    uint32_t *numbers; // by value: its number + 1; 0: not met. The pages of zeros cost nothing
    struct label {
        char text[COUNTS_LABEL_MAX];
        uint32_t number;
    } * labels; // by number; sorted in the end
    uint32_t count;
    size_t cap;
    uint32_t *ranks; // by number: where its label is among the sorted ones
};

// Signals of cells (person 0), or one signal of a person that is in a cell already.
struct part {
    uint64_t key; // the numbers of its labels, the first one highest
    uint64_t person;
    int64_t signals;
};

// Where the part without a person stands that has this key.
struct sum {
    uint64_t key;
    size_t part; // its index + 1; 0: free
};

struct counting {
    const struct municipalities *municipalities;
    const struct counts_query *query;
    struct axis by[COUNTS_BY_MAX], filters[COUNTS_FILTER_MAX];
    struct part *parts;
    size_t count, cap;
    struct map sums;      // of struct sum
    bool asks_status;     // otherwise rejected signals do not count
    uint64_t last_person; // of the linked signals that pass the filters
    int64_t signals, repeats;
    size_t at; // the part that comes next
    // With by_kinds, of the last person: a key for each signal in each line.
    uint64_t *known;
    size_t known_count, known_cap;
    int64_t named; // signals that say who it is about
};

static void axis_init(struct axis *axis, enum dimension dimension) {
    axis->dimension = dimension;
    axis->numbers = mem_zalloc(VALUES, sizeof *axis->numbers);
}

static void axis_free(struct axis *axis) {
    free(axis->numbers);
    free(axis->labels);
    free(axis->ranks);
}

static int compare_labels(const void *a, const void *b) {
    return memcmp(((const struct label *)a)->text, ((const struct label *)b)->text,
                  COUNTS_LABEL_MAX);
}

static uint32_t axis_number(struct axis *axis, const struct municipalities *municipalities,
                            uint16_t value) {
    if (axis->numbers[value])
        return axis->numbers[value] - 1;
    uint32_t number = 0;
    axis->labels = mem_grow(axis->labels, axis->count, &axis->cap, sizeof *axis->labels);
    struct label *label = &axis->labels[axis->count];
    dimension_label(axis->dimension, value, municipalities, label->text);
    while (compare_labels(&axis->labels[number], label) != 0)
        number++;
    label->number = number;
    axis->count += number == axis->count;
    axis->numbers[value] = number + 1;
    return number;
}

static void axis_sort(struct axis *axis) {
    if (!axis->count)
        return;
    axis->ranks = mem_zalloc(axis->count, sizeof *axis->ranks);
    qsort(axis->labels, axis->count, sizeof *axis->labels, compare_labels);
    for (uint32_t i = 0; i < axis->count; i++)
        axis->ranks[axis->labels[i].number] = i;
}

static bool passes(struct counting *run, const struct cell *cell) {
    const struct counts_query *query = run->query;
    if (!period_has(&query->period, cell->month) || (!run->asks_status && !cell_counts(cell)))
        return false;
    for (size_t i = 0; i < query->filter_count; i++) {
        struct axis *axis = &run->filters[i];
        const char *wanted = query->filters[i].value;
        if (axis->dimension == DIM_CATEGORY) {
            enum category category;
            if (!category_from_name(str_from(wanted), &category) ||
                !(cell->categories >> category & 1))
                return false;
            continue;
        }
        uint32_t number =
            axis_number(axis, run->municipalities, dimension_value(axis->dimension, cell));
        if (strcmp(axis->labels[number].text, wanted) != 0)
            return false;
    }
    return true;
}

static void append_part(struct counting *run, const struct part *part) {
    run->parts = mem_grow(run->parts, run->count, &run->cap, sizeof *run->parts);
    run->parts[run->count++] = *part;
}

static const struct map_kind sums = {
    sizeof(struct sum), offsetof(struct sum, part), 64, 3, map_hash_number, map_has_number};

// Many cells are in few lines: those of one line are one part at once, which spares sorting them.
static void add_sum(struct counting *run, uint64_t key, int64_t signals) {
    struct sum *sum = map_add(&run->sums, &sums, &key);
    if (sum->part) {
        run->parts[sum->part - 1].signals += signals;
        return;
    }
    append_part(run, &(struct part){.key = key, .signals = signals});
    *sum = (struct sum){key, run->count};
}

// The cells have this signal among those of whom nothing was said: there it is taken out.
static void add_known(struct counting *run, uint64_t key) {
    add_sum(run, key | NAMELESS, -1);
    run->known = mem_grow(run->known, run->known_count, &run->known_cap, sizeof *run->known);
    run->known[run->known_count++] = key;
}

static int compare_keys(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

// The last person counts once in each line with a signal about them, by all kinds there.
static void end_person(struct counting *run) {
    if (run->known_count)
        qsort(run->known, run->known_count, sizeof *run->known, compare_keys);
    for (size_t i = 0; i < run->known_count;) {
        uint64_t key = run->known[i];
        for (; i < run->known_count && (run->known[i] ^ key) >> KEY_BITS == 0; i++)
            key |= run->known[i];
        add_sum(run, key, 1);
    }
    run->known_count = 0;
}

static void add_part(struct counting *run, const struct part *part) {
    if (!part->person)
        add_sum(run, part->key, part->signals);
    else if (run->query->by_kinds)
        add_known(run, part->key);
    else
        append_part(run, part);
}

static unsigned shift_of(size_t by) {
    return (unsigned)(COUNTS_BY_MAX - by) * KEY_BITS;
}

// The cell's number in one of the dimensions, where it stands in a key.
static uint64_t key_of(struct counting *run, size_t by, uint16_t value) {
    return (uint64_t)axis_number(&run->by[by], run->municipalities, value) << shift_of(by);
}

// One part for each of its categories, when it is by category.
static void add_parts(struct counting *run, const struct cell *cell, struct part part) {
    const struct counts_query *query = run->query;
    bool by_category = false;
    if (query->by_kinds)
        part.key = 1u << (cell->source_kind + KINDS_SHIFT) | (part.person ? 0 : NAMELESS);
    for (size_t i = 0; i < query->by_count; i++)
        if (query->by[i] == DIM_CATEGORY)
            by_category = true;
        else
            part.key |= key_of(run, i, dimension_value(query->by[i], cell));
    if (!by_category) {
        add_part(run, &part);
        return;
    }
    for (uint16_t c = 0; c < CATEGORY_COUNT; c++) {
        struct part one = part;
        if (!(cell->categories >> c & 1))
            continue;
        for (size_t i = 0; i < query->by_count; i++)
            if (query->by[i] == DIM_CATEGORY)
                one.key |= key_of(run, i, c);
        add_part(run, &one);
    }
}

void counts_run_add(struct counting *run, const struct cell *cell, int64_t value) {
    if (!passes(run, cell))
        return;
    run->signals += value;
    add_parts(run, cell, (struct part){.signals = value});
}

void counts_run_add_linked(struct counting *run, uint64_t person, const struct cell *cell) {
    if (!passes(run, cell))
        return;
    if (run->last_person != person)
        end_person(run);
    run->repeats += run->last_person == person;
    run->named++;
    run->last_person = person;
    add_parts(run, cell, (struct part){.person = person});
}

static int compare_parts(const void *a, const void *b) {
    const struct part *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->person > y->person) - (x->person < y->person);
}

static uint32_t number_at(uint64_t key, size_t by) {
    return (uint32_t)(key >> shift_of(by)) & LOW_BITS;
}

// Numbers become the ranks of their labels, so that the order of keys is that of labels.
static void sort_parts(struct counting *run) {
    size_t by_count = run->query->by_count;
    for (size_t b = 0; b < by_count; b++)
        axis_sort(&run->by[b]);
    for (size_t i = 0; i < run->count; i++) {
        uint64_t key = run->parts[i].key & LOW_BITS;
        for (size_t b = 0; b < by_count; b++)
            key |= (uint64_t)run->by[b].ranks[number_at(run->parts[i].key, b)] << shift_of(b);
        run->parts[i].key = key;
    }
    if (run->count)
        qsort(run->parts, run->count, sizeof *run->parts, compare_parts);
}

// The line of the parts from *at on that have one key; moves *at behind them.
static struct counts_line make_line(const struct counting *run, size_t *at) {
    struct counts_line line = {0};
    uint64_t key = run->parts[*at].key, last_person = 0;
    line.kinds = (uint16_t)((key & LOW_BITS) >> KINDS_SHIFT);
    for (size_t b = 0; b < run->query->by_count; b++)
        memcpy(line.labels[b], run->by[b].labels[number_at(key, b)].text, COUNTS_LABEL_MAX);
    for (; *at < run->count && (run->parts[*at].key ^ key) <= NAMELESS; ++*at) {
        const struct part *part = &run->parts[*at];
        line.nameless += part->key & NAMELESS ? part->signals : 0;
        line.signals += part->signals;
        line.persons += part->signals;
        if (part->person && part->person == last_person)
            line.persons--;
        last_person = part->person;
    }
    return line;
}

struct counting *counts_run_begin(const struct municipalities *municipalities,
                                  const struct counts_query *query) {
    struct counting *run = mem_zalloc(1, sizeof *run);
    run->municipalities = municipalities;
    run->query = query;
    map_init(&run->sums, &sums);
    for (size_t i = 0; i < query->by_count; i++)
        axis_init(&run->by[i], query->by[i]);
    for (size_t i = 0; i < query->filter_count; i++) {
        axis_init(&run->filters[i], query->filters[i].dimension);
        run->asks_status |= query->filters[i].dimension == DIM_STATUS;
    }
    return run;
}

void counts_run_end(struct counting *run) {
    end_person(run);
    free(run->sums.entries);
    run->sums.entries = NULL;
    sort_parts(run);
}

void counts_run_labels(const struct counting *run, void (*fn)(void *ctx, struct str label),
                       void *ctx) {
    for (size_t b = 0; b < run->query->by_count; b++)
        for (uint32_t i = 0; i < run->by[b].count; i++)
            fn(ctx, str_from(run->by[b].labels[i].text));
}

bool counts_run_next(struct counting *run, struct counts_line *line) {
    while (run->at < run->count) {
        *line = make_line(run, &run->at);
        if (line->signals)
            return true;
    }
    return false;
}

int64_t counts_run_signals(const struct counting *run) {
    return run->signals;
}

int64_t counts_run_persons(const struct counting *run) {
    return run->signals - run->repeats;
}

int64_t counts_run_nameless(const struct counting *run) {
    return run->signals - run->named;
}

size_t counts_run_lines_max(const struct counting *run) {
    return run->count;
}

void counts_run_free(struct counting *run) {
    if (!run)
        return;
    for (size_t i = 0; i < run->query->by_count; i++)
        axis_free(&run->by[i]);
    for (size_t i = 0; i < run->query->filter_count; i++)
        axis_free(&run->filters[i]);
    free(run->parts);
    free(run->sums.entries);
    free(run->known);
    free(run);
}

void counts_run_take(struct counting *run, struct counts_answer *answer) {
    struct counts_line line;
    size_t cap = 0;
    counts_run_end(run);
    *answer = (struct counts_answer){.signals = counts_run_signals(run),
                                     .persons = counts_run_persons(run)};
    while (counts_run_next(run, &line)) {
        answer->lines = mem_grow(answer->lines, answer->count, &cap, sizeof *answer->lines);
        answer->lines[answer->count++] = line;
    }
    counts_run_free(run);
}

static void on_cell(void *ctx, const struct cell *cell, int64_t value) {
    counts_run_add(ctx, cell, value);
}

static void on_linked(void *ctx, uint64_t person, const struct cell *cell) {
    counts_run_add_linked(ctx, person, cell);
}

static void on_member(void *ctx, uint64_t person, const struct digest *member,
                      const struct cell *cell) {
    (void)member;
    counts_run_add_linked(ctx, person, cell);
}

void counts_run(const struct counts *counts, const struct persons *persons,
                const struct municipalities *municipalities, const struct counts_query *query,
                struct counts_answer *answer) {
    struct counting *run = counts_run_begin(municipalities, query);
    counts_each(counts, on_cell, run);
    if (query->by_kinds)
        persons_each(persons, on_member, run);
    else
        persons_each_linked(persons, on_linked, run);
    counts_run_take(run, answer);
}
