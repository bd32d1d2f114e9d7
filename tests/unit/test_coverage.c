// SPDX-License-Identifier: EUPL-1.2
#include "core/cube/coverage.h"

#include "core_tables.h"

enum { MS_PER_HOUR = 3600000, MONTH_2017 = 204, ALL = 342, TEXT_MAX = 200 };

static struct municipalities *places;
static struct counts *counts;
static int32_t today;

static int set_up(void **state) {
    (void)state;
    places = tables_municipalities();
    counts = counts_create();
    today = time_day_from_civil(2026, 11, 25);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    municipalities_free(places);
    counts_free(counts);
    return 0;
}

// Noon, so many days ago.
static int64_t ago(int32_t days) {
    return time_from_amsterdam(today - days, 12 * MS_PER_HOUR);
}

static void put(uint16_t month, uint16_t municipality, enum source_kind kind, int64_t signals) {
    const struct cell cell = {.municipality = municipality,
                              .month = month,
                              .categories = 1,
                              .source_kind = (uint8_t)kind};
    counts_add(counts, &cell, signals);
}

static struct coverage make(const struct coverage_question *question,
                            struct coverage_source *sources, size_t count) {
    struct coverage coverage;
    const struct coverage_facts facts = {places, counts, sources, count};
    coverage_make(question, &facts, &coverage);
    return coverage;
}

static struct coverage received(uint32_t days, struct coverage_source *sources, size_t count) {
    return make(&(struct coverage_question){.today = today, .days = days}, sources, count);
}

static struct coverage reported(const char *period, struct coverage_source *sources, size_t count) {
    struct coverage_question question = {.today = today};
    assert_true(period_parse(str_from(period), &question.period));
    return make(&question, sources, count);
}

static const struct coverage_line *find(const struct coverage *coverage, uint16_t code) {
    for (size_t i = 0; i < coverage->count; i++)
        if (coverage->lines[i].municipality->code == code)
            return &coverage->lines[i];
    return NULL;
}

// "never", or "signals official policy: first second"
static void check(const struct coverage *coverage, uint16_t code, const char *expected) {
    char text[TEXT_MAX];
    const struct coverage_line *line = find(coverage, code);
    assert_non_null(line);
    size_t at = (size_t)sprintf(text, "%s%s%s", coverage_state_name(line->state),
                                line->official ? " official" : "", line->policy ? " policy" : "");
    const char *before = ": ";
    for (const struct coverage_source *s = line->sources; s; s = s->next, before = " ")
        at += (size_t)sprintf(text + at, "%s%s", before, s->name);
    assert_string_equal(text, expected);
}

static void check_headline(const struct coverage *coverage, const char *expected) {
    struct buf text;
    buf_init(&text, TEXT_MAX);
    coverage_put_headline(coverage, &text);
    char *got = buf_take(&text);
    assert_string_equal(got, expected);
    free(got);
}

static void check_sum(const struct coverage_sum *sum, const char *expected) {
    char text[TEXT_MAX];
    (void)sprintf(text, "%u: %u/%u/%u -%u; %u %u %u", (unsigned)sum->municipalities,
                  (unsigned)sum->signalling, (unsigned)sum->silent, (unsigned)sum->never,
                  (unsigned)sum->unconnected, (unsigned)sum->official, (unsigned)sum->policy,
                  (unsigned)sum->all);
    assert_string_equal(text, expected);
}

static void who_signals_who_is_silent_who_never_did(void **state) {
    struct coverage_source sources[] = {
        {.name = "amsterdam", .municipality = 363, .signal_ms = ago(400), .official = true},
        {.name = "weesp", .municipality = 457, .signal_ms = ago(10), .policy = true},
        {.name = "utrecht", .municipality = 344, .signal_ms = ago(700)},
        {.name = "zwolle", .municipality = 193, .policy = true},
        {.name = "utrecht-2", .municipality = 344, .signal_ms = ago(366), .official = true},
    };
    (void)state;
    struct coverage coverage = received(365, sources, COUNT(sources));
    // the latest of several counts, and any of them may have the official; Weesp is in Amsterdam
    check(&coverage, 363, "signals official policy: amsterdam weesp");
    check(&coverage, 344, "silent official: utrecht utrecht-2");
    check(&coverage, 193, "never policy: zwolle");
    check(&coverage, 14, "never");
    assert_null(find(&coverage, 457));
    assert_int_equal(find(&coverage, 363)->signal_ms, ago(10));
    assert_int_equal(find(&coverage, 344)->signal_ms, ago(366));
    assert_int_equal(coverage.count, ALL);
    check_sum(&coverage.whole, "342: 1/1/340 -339; 2 2 1");
    check_headline(&coverage, "1 of 342 municipalities (under 1 %) has signalled in the last 365 "
                              "days; 341 have not");
    coverage_free(&coverage);
}

// A line of the source table may be there for its official only.
static void who_is_connected(void **state) {
    struct coverage_source sources[] = {
        {.name = "posts", .municipality = 363},
        {.name = "named", .municipality = 193, .by_hand = true, .official = true},
        {.name = "sheets", .municipality = 344, .by_hand = true, .signal_ms = ago(400)},
        {.name = "named-2", .municipality = 14, .by_hand = true},
        {.name = "posts-2", .municipality = 14},
    };
    (void)state;
    struct coverage coverage = received(365, sources, COUNT(sources));
    check(&coverage, 193, "never official: named");
    assert_true(find(&coverage, 363)->connected);
    assert_false(find(&coverage, 193)->connected);
    assert_true(find(&coverage, 344)->connected);
    assert_true(find(&coverage, 14)->connected);
    assert_false(find(&coverage, 37)->connected);
    check_sum(&coverage.whole, "342: 0/1/341 -339; 1 0 0");
    coverage_free(&coverage);
}

static void the_days_begin_and_end_at_midnight(void **state) {
    static const struct {
        int32_t days_ago;
        int64_t ms_of_day;
        uint32_t days;
        const char *expected;
    } cases[] = {
        {364, 0, 365, "signals: s"}, {365, 86399999, 365, "silent: s"},
        {0, 0, 1, "signals: s"},     {1, 86399999, 1, "silent: s"},
        {1, 0, 2, "signals: s"},     {36499, 0, COVERAGE_DAYS_MAX, "signals: s"},
        {-1, 0, 1, "signals: s"}, // a clock that ran ahead
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct coverage_source source = {.name = "s", .municipality = 14};
        source.signal_ms = time_from_amsterdam(today - cases[i].days_ago, cases[i].ms_of_day);
        if (source.signal_ms <= 0)
            source.signal_ms = 1; // before 1970 nothing was brought
        struct coverage coverage = received(cases[i].days, &source, 1);
        check(&coverage, 14, cases[i].expected);
        coverage_free(&coverage);
    }
    int32_t first, last;
    coverage_days(&(struct coverage_question){.today = today, .days = 365}, &first, &last);
    assert_int_equal(first, time_day_from_civil(2025, 11, 26));
    assert_int_equal(last, today);
}

static void who_merged_lives_on_in_the_successor(void **state) {
    // Littenseradiel was split; Súdwest-Fryslân is named first, it has the largest share. Haren
    // became part of Groningen. Two are in no table, or not there yet.
    struct coverage_source sources[] = {
        {.name = "littenseradiel", .municipality = 140, .signal_ms = ago(3)},
        {.name = "haren", .municipality = 17, .signal_ms = ago(3), .official = true},
        {.name = "nowhere", .municipality = 9998, .signal_ms = ago(3), .official = true},
    };
    (void)state;
    struct coverage coverage = received(365, sources, COUNT(sources));
    check(&coverage, 1900, "signals: littenseradiel");
    check(&coverage, 80, "never");
    check(&coverage, 1949, "never");
    check(&coverage, 14, "signals official: haren");
    check_sum(&coverage.whole, "342: 2/0/340 -340; 1 0 0");
    coverage_free(&coverage);
}

static const char *const little_table =
    "code,name,province_code,province,valid_from,valid_to,successor_codes,police_unit,"
    "safety_region,inhabitants,inhabitants_year,size_class\n"
    "GM0001,Ending,PV21,Fryslân,,2026-11-25,GM0003,Unit B,VR02,9000,2024,5-10k\n"
    "GM0002,Staying,PV20,Groningen,,,,Unit A,VR01,300000,2024,>=250k\n"
    "GM0003,Coming,PV21,Fryslân,2026-11-26,,,Unit B,VR02,20000,2024,20-50k\n"
    "GM0004,Small,PV20,Groningen,,,,Unit B,VR01,900,2024,<5k\n"
    "GM0005,Middle,PV21,Fryslân,2026-11-25,,,Unit A,VR02,60000,2024,50-100k\n"
    "GM0006,Gone,PV21,Fryslân,,2020-12-31,,Unit C,VR02,60000,2024,50-100k\n"
    "GM0007,Uncounted,PV31,Limburg,,,,Unit A,VR24,,,20-50k\n";

static struct municipalities *load_little(void) {
    struct err err;
    struct municipalities *all =
        municipalities_load(str_from(little_table), "t", STR("variant,code\n"), "v", &err);
    if (!all)
        fail_msg("%s", err.text);
    return all;
}

static void today_decides_which_there_are(void **state) {
    struct municipalities *whole = places;
    struct coverage_source sources[] = {
        {.name = "ending", .municipality = 1, .signal_ms = ago(1)},
        {.name = "coming", .municipality = 3, .signal_ms = ago(0)},
        {.name = "gone", .municipality = 6, .signal_ms = ago(0)},
    };
    (void)state;
    places = load_little();
    struct coverage coverage = received(30, sources, COUNT(sources));
    check(&coverage, 1, "signals: ending"); // its last day
    assert_null(find(&coverage, 3));
    assert_null(find(&coverage, 6));
    assert_non_null(find(&coverage, 5)); // its first day
    check_sum(&coverage.whole, "5: 1/0/4 -4; 0 0 0");
    coverage_free(&coverage);
    today++;
    coverage = received(30, sources, COUNT(sources));
    assert_null(find(&coverage, 1));
    check(&coverage, 3, "signals: ending coming");
    coverage_free(&coverage);
    today--;
    municipalities_free(places);
    places = whole;
}

static void groups_have_their_order(void **state) {
    struct municipalities *whole = places;
    struct coverage_source sources[] = {
        {.name = "a", .municipality = 2, .signal_ms = ago(1), .official = true, .policy = true},
        {.name = "b", .municipality = 5, .signal_ms = ago(99), .official = true, .policy = true}};
    static const char *const names[COVERAGE_KINDS] = {
        [COVERAGE_PROVINCE] = "Groningen 2: 1/0/1 -1; 1 1 1|Fryslân 2: 0/1/1 -1; 1 1 0|"
                              "Limburg 1: 0/0/1 -1; 0 0 0|",
        [COVERAGE_POLICE_UNIT] = "Unit A 3: 1/1/1 -1; 2 2 1|Unit B 2: 0/0/2 -2; 0 0 0|",
        [COVERAGE_SIZE_CLASS] =
            "20-50k 1: 0/0/1 -1; 0 0 0|<5k 1: 0/0/1 -1; 0 0 0|5-10k 1: 0/0/1 -1; 0 0 0|"
            "50-100k 1: 0/1/0 -0; 1 1 0|>=250k 1: 1/0/0 -0; 1 1 1|",
    };
    (void)state;
    places = load_little();
    struct coverage coverage = received(30, sources, COUNT(sources));
    for (int kind = 0; kind < COVERAGE_KINDS; kind++) {
        char text[1000];
        size_t at = 0;
        for (size_t i = 0; i < coverage.groups[kind].count; i++) {
            const struct coverage_sum *sum = &coverage.groups[kind].sums[i];
            at += (size_t)sprintf(text + at, "%s %u: %u/%u/%u -%u; %u %u %u|", sum->name,
                                  (unsigned)sum->municipalities, (unsigned)sum->signalling,
                                  (unsigned)sum->silent, (unsigned)sum->never,
                                  (unsigned)sum->unconnected, (unsigned)sum->official,
                                  (unsigned)sum->policy, (unsigned)sum->all);
        }
        assert_string_equal(text, names[kind]);
    }
    assert_int_equal(coverage.groups[COVERAGE_PROVINCE].sums[1].province, 21);
    coverage_free(&coverage);
    municipalities_free(places);
    places = whole;
}

static void add(struct coverage_sum *to, const struct coverage_sum *sum) {
    to->municipalities += sum->municipalities;
    to->signalling += sum->signalling;
    to->silent += sum->silent;
    to->never += sum->never;
    to->unconnected += sum->unconnected;
    to->official += sum->official;
    to->policy += sum->policy;
    to->all += sum->all;
}

static void each_kind_of_group_adds_up(void **state) {
    enum { SOURCES = 300 };
    static const size_t group_counts[COVERAGE_KINDS] = {12, 10, 8};
    static struct coverage_source sources[SOURCES];
    uint64_t seed = unit_seed();
    (void)state;
    for (size_t i = 0; i < SOURCES; i++)
        sources[i] = (struct coverage_source){
            .name = "s",
            .municipality =
                municipalities_at(places, unit_random(&seed) % municipalities_count(places))->code,
            .signal_ms = unit_random(&seed) % 3 ? ago((int32_t)(unit_random(&seed) % 800)) : 0,
            .official = unit_random(&seed) % 2,
            .policy = unit_random(&seed) % 2};
    struct coverage coverage = received(365, sources, SOURCES);
    for (int kind = 0; kind < COVERAGE_KINDS; kind++) {
        struct coverage_sum sum = {.inhabitants_max = coverage.whole.inhabitants_max,
                                   .name = coverage.whole.name};
        assert_int_equal(coverage.groups[kind].count, group_counts[kind]);
        for (size_t i = 0; i < coverage.groups[kind].count; i++)
            add(&sum, &coverage.groups[kind].sums[i]);
        assert_memory_equal(&sum, &coverage.whole, sizeof sum);
        assert_int_equal(sum.signalling + sum.silent + sum.never, ALL);
    }
    coverage_free(&coverage);
}

static void size_classes_are_in_order_of_size(void **state) {
    static const char *const classes[] = {"<5k",     "5-10k",    "10-20k",   "20-50k",
                                          "50-100k", "100-150k", "150-250k", ">=250k"};
    (void)state;
    struct coverage coverage = received(365, NULL, 0);
    assert_int_equal(coverage.groups[COVERAGE_SIZE_CLASS].count, COUNT(classes));
    for (size_t i = 0; i < COUNT(classes); i++)
        assert_string_equal(coverage.groups[COVERAGE_SIZE_CLASS].sums[i].name, classes[i]);
    coverage_free(&coverage);
}

static void what_was_reported_is_counted_by_month(void **state) {
    struct coverage_source source = {.name = "zwolle", .municipality = 193, .signal_ms = ago(1)};
    (void)state;
    counts_clear(counts);
    put(MONTH_2017, 363, SOURCE_MUNICIPALITY, 1);
    put(MONTH_2017 + 30, 363, SOURCE_MUNICIPALITY, 4);
    put(MONTH_2017 - 1, 344, SOURCE_MUNICIPALITY, 2);
    put(MONTH_2017 + 11, 457, SOURCE_MUNICIPALITY, 1); // Weesp
    put(MONTH_2017 + 12, 14, SOURCE_MUNICIPALITY, 1);
    put(MONTH_2017 + 3, 193, SOURCE_COA, 5);
    put(MONTH_2017 + 3, 0, SOURCE_MUNICIPALITY, 5);
    put(MONTH_2017 + 3, 80, SOURCE_MUNICIPALITY, 5);
    put(MONTH_2017 + 3, 80, SOURCE_MUNICIPALITY, -5); // withdrawn, all of them
    struct coverage coverage = reported("2017", &source, 1);
    check(&coverage, 363, "signals");
    check(&coverage, 344, "silent");
    check(&coverage, 14, "never"); // only later
    check(&coverage, 193, "never: zwolle");
    check(&coverage, 80, "never");
    assert_int_equal(find(&coverage, 363)->month, MONTH_2017 + 11);
    assert_int_equal(find(&coverage, 344)->month, MONTH_2017 - 1);
    check_sum(&coverage.whole, "342: 1/1/340 -341; 0 0 0");
    check_headline(&coverage, "1 of 342 municipalities (under 1 %) has signalled in 2017; 341 have "
                              "not");
    coverage_free(&coverage);
    coverage = reported("2016-12..2018-01", NULL, 0);
    check_sum(&coverage.whole, "342: 3/0/339 -342; 0 0 0");
    check_headline(&coverage, "3 of 342 municipalities (1 %) have signalled in the period "
                              "2016-12..2018-01; 339 have not");
    coverage_free(&coverage);
    coverage = reported("2018-01", NULL, 0);
    check(&coverage, 14, "signals");
    check(&coverage, 363, "silent");
    check_headline(&coverage, "1 of 342 municipalities (under 1 %) has signalled in 2018-01; 341 "
                              "have not");
    coverage_free(&coverage);
}

static void the_headline_is_one_line(void **state) {
    static const struct {
        uint32_t signalling, municipalities, days;
        const char *expected;
    } cases[] = {
        {17, 342, 365,
         "17 of 342 municipalities (5 %) have signalled in the last 365 days; 325 "
         "have not"},
        {0, 342, 30,
         "0 of 342 municipalities (0 %) have signalled in the last 30 days; 342 have "
         "not"},
        {1, 342, 1, "1 of 342 municipalities (under 1 %) has signalled today; 341 have not"},
        {2, 342, 7,
         "2 of 342 municipalities (1 %) have signalled in the last 7 days; 340 have not"},
        {341, 342, 7,
         "341 of 342 municipalities (over 99 %) have signalled in the last 7 days; 1 "
         "has not"},
        {340, 342, 7,
         "340 of 342 municipalities (99 %) have signalled in the last 7 days; 2 have "
         "not"},
        {342, 342, 7,
         "342 of 342 municipalities (100 %) have signalled in the last 7 days; 0 have "
         "not"},
        {171, 342, 7,
         "171 of 342 municipalities (50 %) have signalled in the last 7 days; 171 have "
         "not"},
        {1, 8, 7, "1 of 8 municipalities (13 %) has signalled in the last 7 days; 7 have not"},
        {0, 0, 7, "0 of 0 municipalities (0 %) have signalled in the last 7 days; 0 have not"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct coverage coverage = {.question = {.days = cases[i].days},
                                          .whole = {.municipalities = cases[i].municipalities,
                                                    .signalling = cases[i].signalling}};
        check_headline(&coverage, cases[i].expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_signals_who_is_silent_who_never_did),
        cmocka_unit_test(who_is_connected),
        cmocka_unit_test(the_days_begin_and_end_at_midnight),
        cmocka_unit_test(who_merged_lives_on_in_the_successor),
        cmocka_unit_test(today_decides_which_there_are),
        cmocka_unit_test(groups_have_their_order),
        cmocka_unit_test(each_kind_of_group_adds_up),
        cmocka_unit_test(size_classes_are_in_order_of_size),
        cmocka_unit_test(what_was_reported_is_counted_by_month),
        cmocka_unit_test(the_headline_is_one_line),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
