// SPDX-License-Identifier: EUPL-1.2
// What a source is told of itself, gathered from the disk on a worker. Of others it only takes how
// many signals came in months that are over: lines of the ledger stay, so such a sum never changes,
// and nobody can read a change of another's out of it. Its own are left out of the sum, so that it
// cannot move the place where the sum is floored.
#include "base/mem.h"
#include "core/cube/coverage.h"
#include "core/cube/statistics.h"
#include "source_private.h"

#include <stdlib.h>
#include <string.h>

enum {
    CODES = 10000,       // of municipalities
    OTHERS_MIN = 3,      // municipalities that signalled, for a sum to be told
    COVERAGE_DAYS = 365, // as `signaalctl coverage`
    MONTHS_A_YEAR = 12,
};

struct gathering {
    struct source_facts *facts;
    int32_t today;
    uint32_t *by_municipality; // of its sources, new signals in closed months
};

bool source_is_municipality(const struct source_facts *facts) {
    return facts->municipality && facts->source->kind == SOURCE_MUNICIPALITY;
}

static uint16_t month_at(int64_t ms) {
    return period_month_of_day(time_amsterdam_day(ms));
}

static struct source_month *find_month(struct source_facts *facts, int64_t ms) {
    uint16_t month = month_at(ms), first = facts->months[0].month;
    bool there = month >= first && month < first + SOURCE_MONTHS;
    return there ? &facts->months[month - first] : NULL;
}

static const struct municipality *today_of(const struct gathering *gathering, uint16_t code) {
    const struct municipalities *all = gathering->facts->tables->municipalities;
    return municipalities_successor(all, municipalities_by_code(all, code), gathering->today);
}

static void add_own(struct source_facts *facts, const struct ledger_entry *entry) {
    struct source_month *month = find_month(facts, entry->received_ms);
    if (!month || entry->remapped)
        return;
    month->registered += entry->verdict == VERDICT_REGISTERED;
    month->corrected += entry->verdict == VERDICT_CORRECTED;
    month->withdrawn += entry->verdict == VERDICT_WITHDRAWN;
}

static void on_line(void *ctx, const struct ledger_entry *entry) {
    struct gathering *gathering = ctx;
    struct source_facts *facts = gathering->facts;
    struct str name = {entry->source, entry->source_len};
    if (str_is(name, facts->source->name))
        add_own(facts, entry);
    if (entry->verdict != VERDICT_REGISTERED ||
        !period_has(&facts->closed, month_at(entry->logged_ms)))
        return;
    const struct source *source = sources_find(facts->sources, name);
    if (!source || source->kind != SOURCE_MUNICIPALITY || !source->municipality)
        return;
    const struct municipality *m = today_of(gathering, source->municipality);
    if (m)
        gathering->by_municipality[m->code % CODES]++;
}

static bool on_entry(void *ctx, const struct quarantine_record *entry) {
    struct gathering *gathering = ctx;
    struct source_facts *facts = gathering->facts;
    if (strcmp(entry->source, facts->source->name) != 0)
        return true;
    struct source_month *month = find_month(facts, entry->first_ms);
    if (month)
        month->refused++;
    facts->entries[facts->entries_all++ % SOURCE_ENTRIES_MAX] = *entry;
    return true;
}

static void add_posted(struct source_facts *facts) {
    const struct feed_record *record = &facts->feed.record;
    for (size_t i = 0; i < SOURCE_MONTHS; i++) {
        struct source_month *month = &facts->months[i];
        int back = record->refused_month - month->month;
        if (back >= 0 && back < RECORD_REFUSED_MONTHS)
            month->refused += record->refused[back];
    }
}

static bool on_word(void *ctx, const struct unmapped_record *word) {
    struct gathering *gathering = ctx;
    struct source_facts *facts = gathering->facts;
    if (strcmp(word->source, facts->source->name) != 0)
        return true;
    facts->words_all++;
    if (facts->word_count < SOURCE_WORDS_MAX)
        facts->words[facts->word_count++] = *word;
    return true;
}

static int by_number(const void *a, const void *b) {
    const struct quarantine_record *x = a, *y = b;
    return (x->number < y->number) - (x->number > y->number);
}

static void gather_entries(struct gathering *gathering) {
    struct source_facts *facts = gathering->facts;
    facts->entries = mem_zalloc(SOURCE_ENTRIES_MAX, sizeof *facts->entries);
    facts->words = mem_zalloc(SOURCE_WORDS_MAX, sizeof *facts->words);
    ledger_each_quarantined(facts->ledger, on_entry, gathering);
    ledger_each_unmapped(facts->ledger, on_word, gathering);
    facts->entry_count =
        facts->entries_all < SOURCE_ENTRIES_MAX ? facts->entries_all : SOURCE_ENTRIES_MAX;
    qsort(facts->entries, facts->entry_count, sizeof *facts->entries, by_number);
}

// Of its municipality, whichever of its sources does it.
static void gather_level(struct gathering *gathering) {
    struct source_facts *facts = gathering->facts;
    struct coverage_source *list = mem_zalloc(facts->sources->count, sizeof *list);
    const struct coverage_question question = {.today = gathering->today, .days = COVERAGE_DAYS};
    const struct coverage_facts about = {
        .municipalities = facts->tables->municipalities,
        .sources = list,
        .source_count = ledger_coverage_sources(facts->ledger, facts->sources, list)};
    struct coverage coverage;
    coverage_make(&question, &about, &coverage);
    for (size_t i = 0; i < coverage.count; i++) {
        const struct coverage_line *line = &coverage.lines[i];
        if (line->municipality != facts->municipality)
            continue;
        facts->signals = line->state == COVERAGE_SIGNALS;
        facts->official = line->official;
        facts->policy = line->policy;
    }
    coverage_free(&coverage);
    free(list);
}

static void compare(struct gathering *gathering) {
    struct source_facts *facts = gathering->facts;
    const struct municipalities *all = facts->tables->municipalities;
    uint32_t signalling = 0, largest = 0, sum = 0;
    for (size_t i = 0; i < municipalities_count(all); i++) {
        const struct municipality *m = municipalities_at(all, i);
        if (m == facts->municipality || m->valid_from > gathering->today ||
            m->valid_to < gathering->today ||
            strcmp(m->size_class, facts->municipality->size_class) != 0)
            continue;
        uint32_t number = gathering->by_municipality[m->code % CODES];
        facts->others++;
        signalling += number > 0;
        largest = number > largest ? number : largest;
        sum += number;
    }
    facts->own_signals = gathering->by_municipality[facts->municipality->code % CODES];
    facts->others_signals = sum - sum % facts->rounding_base;
    facts->others_told = signalling >= OTHERS_MIN && largest <= sum - largest;
}

void source_facts_gather(struct source_facts *facts) {
    struct gathering gathering = {.facts = facts, .today = time_amsterdam_day(facts->now_ms)};
    uint16_t now = period_month_of_day(gathering.today);
    int32_t first, last;
    for (size_t i = 0; i < SOURCE_MONTHS; i++)
        facts->months[i].month = (uint16_t)(now - (SOURCE_MONTHS - 1) + i);
    facts->closed = (struct period){(uint16_t)(now - MONTHS_A_YEAR), now};
    period_days(&facts->closed, &first, &last);
    if (facts->source->municipality)
        facts->municipality = today_of(&gathering, facts->source->municipality);
    gathering.by_municipality = mem_zalloc(CODES, sizeof *gathering.by_municipality);
    ledger_each_line(facts->ledger, time_from_amsterdam(first, 0), on_line, &gathering);
    gather_entries(&gathering);
    add_posted(facts);
    if (source_is_municipality(facts)) {
        gather_level(&gathering);
        compare(&gathering);
    }
    free(gathering.by_municipality);
}

void source_facts_free(struct source_facts *facts) {
    free(facts->entries);
    free(facts->words);
}
