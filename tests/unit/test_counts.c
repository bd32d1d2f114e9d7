// SPDX-License-Identifier: EUPL-1.2
#include "core/cube/counts.h"

#include "core_tables.h"

enum { BIT_SEXUAL = 1 << CATEGORY_SEXUAL_EXPLOITATION, BIT_LABOUR = 1 << CATEGORY_FORCED_LABOUR };

static const struct cell weesp_2016 = {.municipality = 457,
                                       .categories = BIT_SEXUAL,
                                       .month = 16 * 12 + 2,
                                       .gender = GENDER_MASCULINE};
static const struct cell amsterdam_2017 = {.municipality = 363,
                                           .categories = BIT_SEXUAL | BIT_LABOUR,
                                           .month = 17 * 12,
                                           .gender = GENDER_FEMININE};
static const struct cell nowhere_2017 = {
    .municipality = 0, .categories = BIT_LABOUR, .month = 17 * 12 + 11};

struct fixture {
    struct municipalities *municipalities;
    struct counts *counts;
    struct persons *persons;
};

static void put_member(struct persons *persons, uint64_t person, uint64_t member,
                       const struct cell *cell) {
    struct digest identity = {{0}};
    memcpy(identity.bytes, &member, sizeof member);
    persons_put(persons, person, &identity, cell);
}

static int set_up(void **state) {
    static struct fixture f;
    f.municipalities = tables_municipalities();
    f.counts = counts_create();
    counts_add(f.counts, &weesp_2016, 3);
    counts_add(f.counts, &amsterdam_2017, 4);
    counts_add(f.counts, &nowhere_2017, 2);
    f.persons = persons_create();
    put_member(f.persons, 1, 1, &weesp_2016); // two of three, and one of the others
    put_member(f.persons, 1, 2, &weesp_2016);
    put_member(f.persons, 1, 3, &amsterdam_2017);
    put_member(f.persons, 2, 4, &amsterdam_2017);
    put_member(f.persons, 2, 5, &nowhere_2017);
    put_member(f.persons, 3, 6, &nowhere_2017);
    *state = &f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    municipalities_free(f->municipalities);
    counts_free(f->counts);
    persons_free(f->persons);
    return 0;
}

// "label/label=signals:persons … of signals:persons" of a query.
static void answer(const struct fixture *f, const struct counts_query *query, char *out,
                   size_t size) {
    struct counts_answer answer;
    size_t at = 0;
    counts_run(f->counts, f->persons, f->municipalities, query, &answer);
    out[0] = '\0';
    for (size_t i = 0; i < answer.count; i++) {
        const struct counts_line *line = &answer.lines[i];
        for (size_t b = 0; b < query->by_count; b++)
            at += (size_t)snprintf(out + at, size - at, "%s%s", b ? "/" : "", line->labels[b]);
        at += (size_t)snprintf(out + at, size - at, "=%lld:%lld ", (long long)line->signals,
                               (long long)line->persons);
    }
    (void)snprintf(out + at, size - at, "of %lld:%lld", (long long)answer.signals,
                   (long long)answer.persons);
    free(answer.lines);
}

static void queries_group_and_filter(void **state) {
    static const struct {
        struct counts_query query;
        const char *expected;
    } cases[] = {
        {{.by_count = 0}, "=9:6 of 9:6"},
        // a person with signals in several lines is one in each
        {{.by = {DIM_YEAR}, .by_count = 1}, "2016=3:2 2017=6:5 of 9:6"},
        {{.by = {DIM_MONTH}, .by_count = 1}, "2016-03=3:2 2017-01=4:4 2017-12=2:2 of 9:6"},
        {{.by = {DIM_PROVINCE}, .by_count = 1}, "PV27=7:5 unknown=2:2 of 9:6"},
        {{.by = {DIM_MUNICIPALITY}, .by_count = 1}, "GM0363=4:4 GM0457=3:2 unknown=2:2 of 9:6"},
        {{.by = {DIM_SAFETY_REGION}, .by_count = 1}, "VR13=4:4 VR14=3:2 unknown=2:2 of 9:6"},
        // a signal with two categories is once in each and once in the total
        {{.by = {DIM_CATEGORY}, .by_count = 1}, "ForcedLabour=6:5 SexualExploitation=7:5 of 9:6"},
        {{.by = {DIM_CATEGORY, DIM_YEAR}, .by_count = 2},
         "ForcedLabour/2017=6:5 SexualExploitation/2016=3:2 SexualExploitation/2017=4:4 of 9:6"},
        {{.by = {DIM_YEAR, DIM_CATEGORY}, .by_count = 2},
         "2016/SexualExploitation=3:2 2017/ForcedLabour=6:5 2017/SexualExploitation=4:4 of 9:6"},
        {{.by = {DIM_CATEGORY, DIM_CATEGORY}, .by_count = 2},
         "ForcedLabour/ForcedLabour=6:5 SexualExploitation/SexualExploitation=7:5 of 9:6"},
        {{.by = {DIM_GENDER}, .by_count = 1, .filters = {{DIM_YEAR, "2017"}}, .filter_count = 1},
         "Feminine=4:4 Unknown=2:2 of 6:5"},
        {{.by = {DIM_YEAR},
          .by_count = 1,
          .filters = {{DIM_CATEGORY, "SexualExploitation"}, {DIM_GENDER, "Masculine"}},
          .filter_count = 2},
         "2016=3:2 of 3:2"},
        {{.by = {DIM_YEAR}, .by_count = 1, .filters = {{DIM_PROVINCE, "PV20"}}, .filter_count = 1},
         "of 0:0"},
        // months from 2016-03 until before 2017-12
        {{.by = {DIM_MONTH}, .by_count = 1, .period = {194, 215}},
         "2016-03=3:2 2017-01=4:4 of 7:5"},
        {{.by = {DIM_MONTH}, .by_count = 1, .period = {195, 216}},
         "2017-01=4:4 2017-12=2:2 of 6:5"},
    };
    char got[512];
    for (size_t i = 0; i < COUNT(cases); i++) {
        answer(*state, &cases[i].query, got, sizeof got);
        assert_string_equal(got, cases[i].expected);
    }
}

enum { SIGNALS = 3000, LINES = SIGNALS * 16, NAMELESS_FROM = 1000 };

// Signals at random, of all municipalities and of none, many of them linked; and a plain way to
// answer a query.
struct model {
    struct fixture f;
    struct cell cells[SIGNALS];
    uint64_t persons[SIGNALS]; // 0: it says nothing of its person
    struct plain_line {
        char labels[COUNTS_BY_MAX][COUNTS_LABEL_MAX];
        uint64_t person;
        uint8_t kind; // of the source
    } lines[LINES];
    size_t line_count;
};

static struct cell random_cell(const struct municipalities *all, uint64_t *seed) {
    size_t at = unit_random(seed) % (municipalities_count(all) + 1);
    struct cell cell = {.categories = (uint16_t)(1u << unit_random(seed) % CATEGORY_COUNT),
                        .month = (uint16_t)(unit_random(seed) % 300),
                        .gender = (uint8_t)(unit_random(seed) % GENDER_COUNT),
                        .age_group = (uint8_t)(unit_random(seed) % AGE_COUNT),
                        .citizenship = (uint8_t)(unit_random(seed) % CITIZENSHIP_COUNT),
                        .source_kind = (uint8_t)(unit_random(seed) % SOURCE_KIND_COUNT),
                        .status = (uint8_t)(unit_random(seed) % STATUS_COUNT)};
    if (at < municipalities_count(all))
        cell.municipality = municipalities_at(all, at)->code;
    else if (unit_random(seed) % 2)
        cell.municipality = 9998; // one that the table has no longer
    if (unit_random(seed) % 3 == 0)
        cell.categories |= (uint16_t)(unit_random(seed) % (1u << CATEGORY_COUNT));
    return cell;
}

static void fill_model(struct model *model, const struct municipalities *all, uint64_t *seed) {
    for (size_t i = 0; i < SIGNALS; i++) {
        bool again = i && unit_random(seed) % 3 == 0; // in a cell that has one already
        model->cells[i] = again ? model->cells[unit_random(seed) % i] : random_cell(all, seed);
        if (i == 0) { // so that one of none counts in each run
            model->cells[i].municipality = MUNICIPALITY_UNKNOWN;
            model->cells[i].status = STATUS_POSSIBLE;
        }
        model->persons[i] = unit_random(seed) % 2 ? 1 + unit_random(seed) % 400 : 0;
        counts_add(model->f.counts, &model->cells[i], 1);
        if (model->persons[i])
            put_member(model->f.persons, model->persons[i], i, &model->cells[i]);
    }
}

static const char *word_of(enum dimension d, const struct cell *cell) {
    switch (d) {
    case DIM_GENDER:
        return gender_name(cell->gender);
    case DIM_AGE_GROUP:
        return age_group_name(cell->age_group);
    case DIM_CITIZENSHIP:
        return citizenship_name(cell->citizenship);
    case DIM_FOREIGN:
        return cell->citizenship == CITIZENSHIP_UNKNOWN ? "unknown"
               : cell->citizenship == CITIZENSHIP_NL    ? "no"
                                                        : "yes";
    case DIM_SOURCE_KIND:
        return source_kind_name(cell->source_kind);
    default:
        return status_name(cell->status);
    }
}

static void plain_label(const struct model *model, enum dimension d, const struct cell *cell,
                        char label[COUNTS_LABEL_MAX]) {
    const struct municipality *m =
        municipalities_by_code(model->f.municipalities, cell->municipality);
    unsigned year = 2000u + cell->month / 12u, month = cell->month % 12u + 1;
    memset(label, 0, COUNTS_LABEL_MAX);
    if (d == DIM_YEAR)
        (void)snprintf(label, COUNTS_LABEL_MAX, "%u", year);
    else if (d == DIM_MONTH)
        (void)snprintf(label, COUNTS_LABEL_MAX, "%u-%02u", year, month);
    else if (d >= DIM_GENDER)
        (void)snprintf(label, COUNTS_LABEL_MAX, "%s", word_of(d, cell));
    else if (!m)
        (void)snprintf(label, COUNTS_LABEL_MAX, "unknown");
    else if (d == DIM_POLICE_UNIT)
        (void)snprintf(label, COUNTS_LABEL_MAX, "%s", m->police_unit);
    else
        (void)snprintf(label, COUNTS_LABEL_MAX,
                       d == DIM_MUNICIPALITY ? "GM%04u"
                       : d == DIM_PROVINCE   ? "PV%02u"
                                             : "VR%02u",
                       d == DIM_MUNICIPALITY ? m->code
                       : d == DIM_PROVINCE   ? m->province
                                             : m->safety_region);
}

static bool plain_passes(const struct model *model, const struct counts_query *query,
                         const struct cell *cell) {
    const struct period *period = &query->period;
    if (cell->month < period->from || (period->behind && cell->month >= period->behind))
        return false;
    bool asks_status = false;
    for (size_t i = 0; i < query->filter_count; i++)
        asks_status = asks_status || query->filters[i].dimension == DIM_STATUS;
    if (cell->status == STATUS_REJECTED && !asks_status)
        return false;
    for (size_t i = 0; i < query->filter_count; i++) {
        const struct counts_filter *filter = &query->filters[i];
        char label[COUNTS_LABEL_MAX];
        bool found = false;
        for (int c = 0; c < CATEGORY_COUNT; c++)
            found = found || (cell->categories >> c & 1 &&
                              strcmp(category_name((enum category)c), filter->value) == 0);
        if (filter->dimension != DIM_CATEGORY) {
            plain_label(model, filter->dimension, cell, label);
            found = strcmp(label, filter->value) == 0;
        }
        if (!found)
            return false;
    }
    return true;
}

// One line for each signal, or for each of its categories.
static void plain_lines(struct model *model, const struct counts_query *query, size_t signal) {
    const struct cell *cell = &model->cells[signal];
    size_t category_at = COUNTS_BY_MAX;
    // Who is not linked to others is a person of their own.
    struct plain_line line = {.person = model->persons[signal] ? model->persons[signal]
                                                               : NAMELESS_FROM + signal,
                              .kind = cell->source_kind};
    for (size_t b = 0; b < query->by_count; b++)
        if (query->by[b] == DIM_CATEGORY)
            category_at = b;
        else
            plain_label(model, query->by[b], cell, line.labels[b]);
    for (int c = 0; c < CATEGORY_COUNT; c++) {
        if (category_at == COUNTS_BY_MAX ? c > 0 : !(cell->categories >> c & 1))
            continue;
        if (category_at < COUNTS_BY_MAX) {
            memset(line.labels[category_at], 0, COUNTS_LABEL_MAX);
            (void)snprintf(line.labels[category_at], COUNTS_LABEL_MAX, "%s",
                           category_name((enum category)c));
        }
        assert_true(model->line_count < LINES);
        model->lines[model->line_count++] = line;
    }
}

static int compare_plain(const void *a, const void *b) {
    const struct plain_line *x = a, *y = b;
    int order = memcmp(x->labels, y->labels, sizeof x->labels);
    return order ? order : (x->person > y->person) - (x->person < y->person);
}

// The plain lines, sorted, against those of the answer.
static void compare_answer(struct model *model, const struct counts_query *query) {
    struct counts_answer answer;
    size_t at = 0;
    counts_run(model->f.counts, model->f.persons, model->f.municipalities, query, &answer);
    qsort(model->lines, model->line_count, sizeof *model->lines, compare_plain);
    for (size_t i = 0; i < answer.count; i++) {
        const struct counts_line *line = &answer.lines[i];
        int64_t signals = 0, persons = 0;
        for (; at < model->line_count &&
               memcmp(model->lines[at].labels, line->labels, sizeof line->labels) == 0;
             at++) {
            signals++;
            persons += signals == 1 || model->lines[at].person != model->lines[at - 1].person;
        }
        assert_true(signals > 0);
        assert_int_equal(line->signals, signals);
        assert_int_equal(line->persons, persons);
    }
    assert_int_equal(at, model->line_count);
    free(answer.lines);
}

static void compare_total(struct model *model, const struct counts_query *query) {
    struct counts_query all = *query;
    struct counts_answer answer, total;
    all.by_count = 0;
    counts_run(model->f.counts, model->f.persons, model->f.municipalities, query, &answer);
    counts_run(model->f.counts, model->f.persons, model->f.municipalities, &all, &total);
    assert_int_equal(answer.signals, total.signals);
    assert_int_equal(answer.persons, total.persons);
    assert_int_equal(total.count, total.signals > 0);
    if (total.count) {
        assert_int_equal(total.lines[0].signals, total.signals);
        assert_int_equal(total.lines[0].persons, total.persons);
    }
    free(answer.lines);
    free(total.lines);
}

// By up to three different dimensions, with up to two filters that a signal passes, and every third
// time a period.
static struct counts_query random_query(const struct model *model, uint64_t *seed) {
    struct counts_query query = {.by_count = unit_random(seed) % (COUNTS_BY_MAX + 1),
                                 .filter_count = unit_random(seed) % 3};
    const struct cell *cell = &model->cells[unit_random(seed) % SIGNALS];
    unsigned first = (unsigned)(unit_random(seed) % DIM_COUNT);
    if (unit_random(seed) % 3 == 0)
        query.period =
            (struct period){cell->month, (uint16_t)(cell->month + 1 + unit_random(seed) % 40)};
    for (size_t b = 0; b < query.by_count; b++)
        query.by[b] = (enum dimension)((first + b * 5) % DIM_COUNT);
    for (size_t i = 0; i < query.filter_count; i++) {
        struct counts_filter *filter = &query.filters[i];
        filter->dimension = (enum dimension)(unit_random(seed) % DIM_COUNT);
        if (filter->dimension == DIM_CATEGORY)
            (void)snprintf(filter->value, sizeof filter->value, "%s",
                           category_name(CATEGORY_FORCED_BEGGING));
        else
            plain_label(model, filter->dimension, cell, filter->value);
    }
    return query;
}

// The plain lines of one person from `at` on, in one line of the answer: the kinds that are there.
static unsigned plain_kinds(const struct model *model, size_t *at) {
    const struct plain_line *first = &model->lines[*at];
    unsigned kinds = 0;
    for (; *at < model->line_count && compare_plain(first, &model->lines[*at]) == 0; ++*at)
        kinds |= 1u << model->lines[*at].kind;
    return kinds;
}

// Each person of the plain lines is taken out of the line of the answer that has them.
static void compare_overlap(struct model *model, struct counts_query query) {
    struct counts_answer answer;
    query.by_kinds = true;
    counts_run(model->f.counts, model->f.persons, model->f.municipalities, &query, &answer);
    qsort(model->lines, model->line_count, sizeof *model->lines, compare_plain);
    for (size_t i = 0; i < answer.count; i++)
        assert_in_range(answer.lines[i].nameless, 0, answer.lines[i].persons);
    for (size_t at = 0, from = 0; at < model->line_count;) {
        const struct plain_line *first = &model->lines[at];
        unsigned kinds = plain_kinds(model, &at);
        while (from < answer.count &&
               memcmp(answer.lines[from].labels, first->labels, sizeof first->labels) < 0)
            from++;
        size_t i = from;
        while (i < answer.count &&
               (answer.lines[i].kinds != kinds ||
                memcmp(answer.lines[i].labels, first->labels, sizeof first->labels) != 0))
            i++;
        assert_true(i < answer.count);
        answer.lines[i].persons--;
        answer.lines[i].nameless -= first->person >= NAMELESS_FROM;
    }
    for (size_t i = 0; i < answer.count; i++) {
        assert_int_equal(answer.lines[i].persons, 0);
        assert_int_equal(answer.lines[i].nameless, 0);
    }
    free(answer.lines);
}

static struct model *make_model(const struct fixture *f, uint64_t *seed) {
    struct model *model = calloc(1, sizeof *model);
    assert_non_null(model);
    model->f = (struct fixture){f->municipalities, counts_create(), persons_create()};
    fill_model(model, f->municipalities, seed);
    return model;
}

static void free_model(struct model *model) {
    counts_free(model->f.counts);
    persons_free(model->f.persons);
    free(model);
}

static void answers_are_those_of_a_plain_list(void **state) {
    uint64_t seed = unit_seed();
    struct model *model = make_model(*state, &seed);
    for (int n = 0; n < 150; n++) {
        struct counts_query query = random_query(model, &seed);
        model->line_count = 0;
        for (size_t i = 0; i < SIGNALS; i++)
            if (plain_passes(model, &query, &model->cells[i]))
                plain_lines(model, &query, i);
        compare_answer(model, &query);
        compare_total(model, &query);
        compare_overlap(model, query);
    }
    free_model(model);
}

static const enum dimension regions[] = {DIM_MUNICIPALITY, DIM_PROVINCE, DIM_POLICE_UNIT,
                                         DIM_SAFETY_REGION};

static void every_region_kind_adds_up_to_the_total(void **state) {
    uint64_t seed = unit_seed();
    struct model *model = make_model(*state, &seed);
    for (size_t k = 0; k < COUNT(regions); k++) {
        struct counts_query query = {.by = {regions[k]}, .by_count = 1};
        struct counts_answer answer;
        int64_t signals = 0, persons = 0;
        counts_run(model->f.counts, model->f.persons, model->f.municipalities, &query, &answer);
        for (size_t i = 0; i < answer.count; i++) {
            assert_in_range(answer.lines[i].persons, 1, answer.lines[i].signals);
            signals += answer.lines[i].signals;
            persons += answer.lines[i].persons;
        }
        assert_int_equal(signals, counts_total(model->f.counts));
        assert_int_equal(answer.signals, signals);
        assert_in_range(signals, SIGNALS / 2, SIGNALS - SIGNALS / 10); // the rest was rejected
        assert_in_range(answer.persons, 1, persons);
        assert_true(answer.persons < SIGNALS);
        assert_string_equal(answer.lines[answer.count - 1].labels[0], "unknown");
        free(answer.lines);
    }
    free_model(model);
}

// Each municipality that ever was, and none.
static void every_cell_is_in_one_line_of_each_region_kind(void **state) {
    const struct fixture *f = *state;
    struct persons *nobody = persons_create();
    size_t count = municipalities_count(f->municipalities);
    for (size_t at = 0; at <= count; at++) {
        struct cell cell = {.categories = BIT_SEXUAL | BIT_LABOUR, .month = 200};
        if (at < count)
            cell.municipality = municipalities_at(f->municipalities, at)->code;
        struct counts *counts = counts_create();
        counts_add(counts, &cell, 5);
        for (size_t k = 0; k < COUNT(regions); k++) {
            struct counts_query query = {.by = {regions[k]}, .by_count = 1};
            struct counts_answer answer;
            counts_run(counts, nobody, f->municipalities, &query, &answer);
            assert_int_equal(answer.count, 1);
            assert_int_equal(answer.lines[0].signals, 5);
            assert_int_equal(answer.lines[0].persons, 5);
            assert_int_equal(strcmp(answer.lines[0].labels[0], "unknown") == 0, at == count);
            assert_true(dimension_has_label(regions[k], str_from(answer.lines[0].labels[0]),
                                            f->municipalities));
            free(answer.lines);
        }
        counts_free(counts);
    }
    persons_free(nobody);
}

static void a_line_without_signals_is_none(void **state) {
    const struct fixture *f = *state;
    struct fixture ahead = {f->municipalities, counts_create(), f->persons};
    counts_add(ahead.counts, &weesp_2016, 3); // the other members have no signal that counts
    char got[128];
    answer(&ahead, &(struct counts_query){.by = {DIM_MUNICIPALITY}, .by_count = 1}, got,
           sizeof got);
    assert_non_null(strstr(got, "GM0457=3:2 of 3:"));
    assert_null(strstr(got, "GM0363"));
    assert_null(strstr(got, "unknown"));
    counts_free(ahead.counts);
}

static void what_goes_away_is_gone(void **state) {
    struct fixture *f = *state;
    struct counts *counts = counts_create();
    counts_add(counts, &weesp_2016, 1);
    counts_add(counts, &weesp_2016, -1);
    struct fixture gone = {f->municipalities, counts, persons_create()};
    char got[64];
    answer(&gone, &(struct counts_query){.by = {DIM_YEAR}, .by_count = 1}, got, sizeof got);
    assert_string_equal(got, "of 0:0");
    assert_int_equal(counts_total(counts), 0);
    counts_free(counts);
    persons_free(gone.persons);
}

static void dimensions_have_names(void **state) {
    (void)state;
    for (int d = 0; d < DIM_COUNT; d++) {
        enum dimension found = DIM_COUNT;
        assert_true(dimension_from_name(str_from(dimension_name((enum dimension)d)), &found));
        assert_int_equal(found, d);
    }
    enum dimension none;
    assert_false(dimension_from_name(STR("person"), &none));
}

static void labels_that_no_cell_has(void **state) {
    static const struct {
        enum dimension dimension;
        const char *label;
        bool known;
    } cases[] = {
        {DIM_GENDER, "Masculine", true},
        {DIM_GENDER, "man", false},
        {DIM_PROVINCE, "PV26", true},
        {DIM_PROVINCE, "Utrecht", false},
        {DIM_PROVINCE, "unknown", true},
        {DIM_MUNICIPALITY, "GM0363", true},
        {DIM_MUNICIPALITY, "gm0363", false},
        {DIM_MUNICIPALITY, "GM9999", false},
        {DIM_POLICE_UNIT, "Oost-Brabant", true},
        {DIM_SAFETY_REGION, "VR26", false},
        {DIM_CATEGORY, "ForcedLabour", true},
        {DIM_CATEGORY, "", false},
        {DIM_YEAR, "2017", true},
        {DIM_YEAR, "17", false},
        {DIM_MONTH, "2017-03", true},
        {DIM_MONTH, "2017-13", false},
        {DIM_STATUS, "possible", true},
        {DIM_CITIZENSHIP, "EU", true},
        {DIM_FOREIGN, "yes", true},
        {DIM_FOREIGN, "EU", false},
        {DIM_SOURCE_KIND, "coa", true},
        {DIM_AGE_GROUP, "Minor", true},
    };
    const struct fixture *f = *state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (dimension_has_label(cases[i].dimension, str_from(cases[i].label), f->municipalities) !=
            cases[i].known)
            fail_msg("%s", cases[i].label);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_group_and_filter),
        cmocka_unit_test(answers_are_those_of_a_plain_list),
        cmocka_unit_test(every_region_kind_adds_up_to_the_total),
        cmocka_unit_test(every_cell_is_in_one_line_of_each_region_kind),
        cmocka_unit_test(a_line_without_signals_is_none),
        cmocka_unit_test(what_goes_away_is_gone),
        cmocka_unit_test(dimensions_have_names),
        cmocka_unit_test(labels_that_no_cell_has),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
