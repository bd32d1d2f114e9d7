// SPDX-License-Identifier: EUPL-1.2
// bench_counts [SIGNALS]: the CPU time that questions about counts take, over ten years of random
// signals (default 100,000; the whole country has about 1,000 a year), a tenth of them linked.
// Statistics are printed, nothing is asserted: compare within one run only.
#include "core/cube/coverage.h"
#include "core/cube/trend.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MONTH_FIRST = 15 * 12, MONTHS = 120, RUNS = 20, SOURCES = 342, PRESENT = 26 * 12 };

static struct municipalities *places;
static struct counts *counts;
static struct persons *persons;
static uint64_t random_state = 1;

static uint32_t below(uint32_t bound) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % bound);
}

static double cpu_ms(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct buf read_file(const char *path) {
    struct buf text;
    struct err err;
    if (str_read_file(path, 1 << 20, &text, &err))
        return text;
    (void)fprintf(stderr, "%s\n", err.text);
    exit(1);
}

static void load_places(void) {
    struct err err;
    struct buf rows = read_file(SOURCE_DIR "/conf/municipalities.csv");
    struct buf names = read_file(SOURCE_DIR "/conf/name-variants.csv");
    places = municipalities_load(buf_str(&rows), "municipalities", buf_str(&names), "names", &err);
    buf_free(&rows);
    buf_free(&names);
    if (places)
        return;
    (void)fprintf(stderr, "%s\n", err.text);
    exit(1);
}

static struct cell random_cell(void) {
    struct cell cell = {.month = (uint16_t)(MONTH_FIRST + below(MONTHS)),
                        .categories = (uint16_t)(1u << below(CATEGORY_COUNT)),
                        .gender = (uint8_t)below(GENDER_COUNT),
                        .age_group = (uint8_t)below(AGE_COUNT),
                        .citizenship = (uint8_t)below(CITIZENSHIP_COUNT),
                        .source_kind =
                            below(2) ? SOURCE_MUNICIPALITY : (uint8_t)below(SOURCE_KIND_COUNT),
                        .status = (uint8_t)below(STATUS_COUNT)};
    uint32_t at = below((uint32_t)municipalities_count(places) + 1);
    if (at < municipalities_count(places))
        cell.municipality = municipalities_at(places, at)->code;
    return cell;
}

static void fill(uint32_t signals) {
    counts = counts_create();
    persons = persons_create();
    for (uint32_t i = 0; i < signals; i++) {
        const struct cell cell = random_cell();
        struct digest identity = {{0}};
        memcpy(identity.bytes, &i, sizeof i);
        counts_add(counts, &cell, 1);
        if (i % 10 == 0)
            persons_put(persons, 1 + below(signals / 20 + 1), &identity, &cell);
    }
}

static void ask_counts(const struct counts_query *query) {
    struct counts_answer answer;
    counts_run(counts, persons, places, query, &answer);
    free(answer.lines);
}

static void ask_trend(const struct counts_query *query) {
    struct counts_query with_month = *query;
    struct counts_query months = {.by = {DIM_MONTH}, .by_count = 1};
    struct counts_answer split, total;
    struct trend trend;
    with_month.by[with_month.by_count++] = DIM_MONTH;
    counts_run(counts, persons, places, &with_month, &split);
    counts_run(counts, persons, places, &months, &total);
    if (trend_make(&(struct trend_question){.by_count = query->by_count,
                                            .by_month = true,
                                            .present = PRESENT},
                   &split, &total, &trend))
        trend_free(&trend);
    free(split.lines);
    free(total.lines);
}

static void ask_coverage(const struct counts_query *query) {
    static struct coverage_source sources[SOURCES];
    struct coverage coverage;
    for (size_t i = 0; i < SOURCES; i++)
        sources[i] = (struct coverage_source){
            .name = "s", .municipality = municipalities_at(places, i)->code, .signal_ms = 1};
    const struct coverage_facts facts = {places, counts, sources, SOURCES};
    coverage_make(&(struct coverage_question){.today = time_day_from_civil(2026, 1, 1),
                                              .period = query->period},
                  &facts, &coverage);
    coverage_free(&coverage);
}

static void measure(const char *what, void (*ask)(const struct counts_query *query),
                    const struct counts_query *query) {
    double best = 1e9, sum = 0;
    for (int i = 0; i < RUNS; i++) {
        double began = cpu_ms();
        ask(query);
        double took = cpu_ms() - began;
        sum += took;
        best = took < best ? took : best;
    }
    printf("%-44s %8.2f ms, at best %8.2f ms\n", what, sum / RUNS, best);
}

int main(int argc, char **argv) {
    uint32_t signals = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 100000;
    load_places();
    fill(signals);
    printf("%u signals over ten years, %zu of them with a known person\n", (unsigned)signals,
           persons_members(persons));
    measure("counts, total", ask_counts, &(struct counts_query){0});
    measure("counts by year", ask_counts, &(struct counts_query){.by = {DIM_YEAR}, .by_count = 1});
    measure("counts by year of two filters", ask_counts,
            &(struct counts_query){
                .by = {DIM_YEAR},
                .by_count = 1,
                .filters = {{DIM_CATEGORY, "SexualExploitation"}, {DIM_GENDER, "Masculine"}},
                .filter_count = 2});
    measure("counts by category of one year", ask_counts,
            &(struct counts_query){.by = {DIM_CATEGORY}, .by_count = 1, .period = {192, 204}});
    measure("counts by province, category, month", ask_counts,
            &(struct counts_query){.by = {DIM_PROVINCE, DIM_CATEGORY, DIM_MONTH}, .by_count = 3});
    measure(
        "counts by municipality, category, month", ask_counts,
        &(struct counts_query){.by = {DIM_MUNICIPALITY, DIM_CATEGORY, DIM_MONTH}, .by_count = 3});
    measure("trend by month and category", ask_trend,
            &(struct counts_query){.by = {DIM_CATEGORY}, .by_count = 1});
    measure("trend by month and municipality", ask_trend,
            &(struct counts_query){.by = {DIM_MUNICIPALITY}, .by_count = 1});
    measure("coverage of a year", ask_coverage, &(struct counts_query){.period = {192, 204}});
    municipalities_free(places);
    counts_free(counts);
    persons_free(persons);
    return 0;
}
