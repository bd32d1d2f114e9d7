// SPDX-License-Identifier: EUPL-1.2
#include "core/counts.h"

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
};

static int set_up(void **state) {
    static struct fixture f;
    f.municipalities = tables_municipalities();
    f.counts = counts_create();
    counts_add(f.counts, &weesp_2016, 3);
    counts_add(f.counts, &amsterdam_2017, 4);
    counts_add(f.counts, &nowhere_2017, 2);
    *state = &f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    municipalities_free(f->municipalities);
    counts_free(f->counts);
    return 0;
}

// "label/label=3 …" of a query, and the total behind it.
static void answer(const struct fixture *f, const struct counts_query *query, char *out,
                   size_t size) {
    struct counts_line *lines;
    size_t count, at = 0;
    int64_t total;
    counts_run(f->counts, f->municipalities, query, &lines, &count, &total);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        for (size_t b = 0; b < query->by_count; b++)
            at += (size_t)snprintf(out + at, size - at, "%s%s", b ? "/" : "", lines[i].labels[b]);
        at += (size_t)snprintf(out + at, size - at, "=%lld ", (long long)lines[i].signals);
    }
    (void)snprintf(out + at, size - at, "of %lld", (long long)total);
    free(lines);
}

static void queries_group_and_filter(void **state) {
    static const struct {
        struct counts_query query;
        const char *expected;
    } cases[] = {
        {{.by_count = 0}, "=9 of 9"},
        {{.by = {DIM_YEAR}, .by_count = 1}, "2016=3 2017=6 of 9"},
        {{.by = {DIM_MONTH}, .by_count = 1}, "2016-03=3 2017-01=4 2017-12=2 of 9"},
        {{.by = {DIM_PROVINCE}, .by_count = 1}, "PV27=7 unknown=2 of 9"},
        {{.by = {DIM_MUNICIPALITY}, .by_count = 1}, "GM0363=4 GM0457=3 unknown=2 of 9"},
        {{.by = {DIM_SAFETY_REGION}, .by_count = 1}, "VR13=4 VR14=3 unknown=2 of 9"},
        // a signal with two categories is once in each and once in the total
        {{.by = {DIM_CATEGORY}, .by_count = 1}, "ForcedLabour=6 SexualExploitation=7 of 9"},
        {{.by = {DIM_CATEGORY, DIM_YEAR}, .by_count = 2},
         "ForcedLabour/2017=6 SexualExploitation/2016=3 SexualExploitation/2017=4 of 9"},
        {{.by = {DIM_GENDER}, .by_count = 1, .filters = {{DIM_YEAR, "2017"}}, .filter_count = 1},
         "Feminine=4 Unknown=2 of 6"},
        {{.by = {DIM_YEAR},
          .by_count = 1,
          .filters = {{DIM_CATEGORY, "SexualExploitation"}, {DIM_GENDER, "Masculine"}},
          .filter_count = 2},
         "2016=3 of 3"},
        {{.by = {DIM_YEAR}, .by_count = 1, .filters = {{DIM_PROVINCE, "PV20"}}, .filter_count = 1},
         "of 0"},
    };
    char got[512];
    for (size_t i = 0; i < COUNT(cases); i++) {
        answer(*state, &cases[i].query, got, sizeof got);
        assert_string_equal(got, cases[i].expected);
    }
}

static void every_region_kind_adds_up_to_the_total(void **state) {
    static const enum dimension kinds[] = {DIM_MUNICIPALITY, DIM_PROVINCE, DIM_POLICE_UNIT,
                                           DIM_SAFETY_REGION};
    struct fixture f = *(struct fixture *)*state;
    uint64_t seed = unit_seed();
    f.counts = counts_create();
    for (int i = 0; i < 5000; i++) {
        size_t at = (size_t)unit_random(&seed) % (municipalities_count(f.municipalities) + 1);
        struct cell cell = {.categories = BIT_LABOUR,
                            .month = (uint16_t)(unit_random(&seed) % 300)};
        if (at < municipalities_count(f.municipalities))
            cell.municipality = municipalities_at(f.municipalities, at)->code;
        counts_add(f.counts, &cell, 1);
    }
    for (size_t k = 0; k < COUNT(kinds); k++) {
        struct counts_query query = {.by = {kinds[k]}, .by_count = 1};
        struct counts_line *lines;
        size_t count;
        int64_t total, sum = 0;
        counts_run(f.counts, f.municipalities, &query, &lines, &count, &total);
        for (size_t i = 0; i < count; i++)
            sum += lines[i].signals;
        assert_int_equal(sum, 5000);
        assert_int_equal(total, 5000);
        free(lines);
    }
    counts_free(f.counts);
}

static void what_goes_away_is_gone(void **state) {
    struct fixture *f = *state;
    struct counts *counts = counts_create();
    counts_add(counts, &weesp_2016, 1);
    counts_add(counts, &weesp_2016, -1);
    struct fixture gone = {f->municipalities, counts};
    char got[64];
    answer(&gone, &(struct counts_query){.by = {DIM_YEAR}, .by_count = 1}, got, sizeof got);
    assert_string_equal(got, "of 0");
    assert_int_equal(counts_total(counts), 0);
    counts_free(counts);
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
        cmocka_unit_test(every_region_kind_adds_up_to_the_total),
        cmocka_unit_test(what_goes_away_is_gone),
        cmocka_unit_test(dimensions_have_names),
        cmocka_unit_test(labels_that_no_cell_has),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
