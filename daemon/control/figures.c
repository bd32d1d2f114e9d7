// SPDX-License-Identifier: EUPL-1.2
// The exact counts of the operators' page: the trend of twelve months, what departs from it, who
// signals, feeds in trouble, the latest events and the words that no table knows. Each list but
// that of what departs is short, with the number that there is. What the memory has is taken on the
// loop, the rest is read from the disk on a worker. Never content, nor a URL; of the words only
// those that may be shown.
#include "core/cube/coverage.h"
#include "core/cube/trend.h"
#include "live.h"

#include "base/mem.h"
#include "codec/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FEEDS_TOLD = 50,
    EVENTS_TOLD = 12,
    WORDS_TOLD = 10,
    COVERAGE_DAYS = 365,
    YEAR = 12, // months
    CODE_MAX = 8,
    LIST_BYTES_MAX = 1 << 20,
};

struct figures {
    struct ledger *ledger;
    struct tables *tables;
    struct sources *sources;
    struct event_issuer issuer; // what only a restart changes
    uint64_t last_seq, words;
    int64_t now_ms;
    size_t count;
    struct feed_glance list[]; // of all sources
};

struct figures *figures_begin(const struct control *control) {
    const struct control_options *o = &control->options;
    size_t count = control->sources->count;
    struct figures *figures = mem_zalloc(1, sizeof *figures + count * sizeof *figures->list);
    figures->ledger = o->ledger;
    figures->tables = tables_ref(control->tables);
    figures->sources = sources_ref(control->sources);
    figures->issuer =
        (struct event_issuer){o->config->oin, o->config->type_prefix, o->config->data_regulation};
    figures->last_seq = ledger_last_seq(o->ledger);
    figures->words = ledger_unmapped(o->ledger);
    figures->now_ms = loop_wall_ms();
    figures->count = count;
    feeds_glance(o->feeds, figures->list);
    return figures;
}

void figures_free(struct figures *figures) {
    tables_unref(figures->tables);
    sources_unref(figures->sources);
    free(figures);
}

// --- feeds

struct feed_list {
    struct buf text;
    struct json_out json;
    size_t told;
};

struct feed_lists {
    const struct figures *figures;
    struct feed_list troubled, silent;
};

static const char *trouble_of(const struct feed_view *view) {
    const struct feed_record *record = view->record;
    return view->failures             ? "failing"
           : record && record->gone   ? "short"
           : view->doubtful           ? "cut"
           : record && record->paused ? "paused"
                                      : NULL;
}

static void put_trouble(struct json_out *json, const struct feed_view *view, const char *trouble) {
    json_put_text(json, "trouble", trouble);
    json_put_text(json, "failure", view->failures ? view->failure : NULL);
    json_put_u64(json, "failures", view->failures);
    control_put_time(json, "since", view->failing_ms);
    control_put_time(json, "nextPoll", view->next_ms);
}

static void put_feed(const struct figures *figures, struct feed_list *list,
                     const struct feed_view *view, const char *trouble) {
    const struct feed_record *record = view->record;
    const struct municipality *m =
        municipalities_by_code(figures->tables->municipalities, view->source->municipality);
    if (list->told++ >= FEEDS_TOLD)
        return;
    json_open(&list->json, '{');
    json_put_text(&list->json, "name", view->source->name);
    json_put_text(&list->json, "municipality", m ? m->name : NULL);
    control_put_time(&list->json, "lastContact", record ? record->contact_ms : 0);
    control_put_time(&list->json, "lastSignal", record ? record->signal_ms : 0);
    if (trouble)
        put_trouble(&list->json, view, trouble);
    json_close(&list->json, '}');
}

static bool look_at_feed(void *ctx, const struct feed_view *view) {
    struct feed_lists *lists = ctx;
    const char *trouble = trouble_of(view);
    if (trouble)
        put_feed(lists->figures, &lists->troubled, view, trouble);
    if (view->record && view->record->silent)
        put_feed(lists->figures, &lists->silent, view, NULL);
    return true;
}

static void begin_list(struct feed_list *list) {
    buf_init(&list->text, LIST_BYTES_MAX);
    list->json.buf = &list->text;
    json_open(&list->json, '[');
}

static void end_list(struct feed_list *list, const char *key, struct json_out *json) {
    json_close(&list->json, ']');
    json_key(json, key);
    json_raw(json, buf_str(&list->text));
    buf_free(&list->text);
}

static void put_feeds(struct figures *figures, struct json_out *json) {
    struct feed_lists lists = {.figures = figures};
    begin_list(&lists.troubled);
    begin_list(&lists.silent);
    feeds_each(figures->ledger, figures->list, figures->count, look_at_feed, &lists);
    end_list(&lists.troubled, "troubled", json);
    end_list(&lists.silent, "silent", json);
    json_put_u64(json, "troubledTotal", lists.troubled.told);
    json_put_u64(json, "silentTotal", lists.silent.told);
}

// --- the trend: the last twelve months that are over, beside the twelve before

struct twelve {
    struct counts_query queries[2]; // all; by category
    struct counting *runs[2];
    uint16_t present; // month
};

static void add_cell(void *ctx, const struct cell *cell, int64_t number) {
    const struct twelve *twelve = ctx;
    for (int i = 0; i < 2; i++)
        counts_run_add(twelve->runs[i], cell, number);
}

static struct period months_before(uint16_t behind, int months) {
    return (struct period){(uint16_t)(behind > months ? behind - months : 0), behind};
}

static uint32_t days_of(const struct period *period) {
    int32_t first, last;
    period_days(period, &first, &last);
    return (uint32_t)(last - first + 1);
}

static void put_compared(struct json_out *json, const struct twelve *twelve, int64_t before,
                         int64_t now) {
    const struct period later = months_before(twelve->present, YEAR),
                        earlier = months_before(later.from, YEAR);
    json_put_i64(json, "before", before);
    json_put_i64(json, "now", now);
    json_put_bool(json, "beyondChance",
                  trend_is_beyond_chance(before, now, days_of(&earlier), days_of(&later)));
}

// The label of a month, "2017-03", is in the last twelve?
static int place_of(const struct twelve *twelve, const char *month) {
    struct period period;
    if (!period_parse(str_from(month), &period) || period.from >= twelve->present)
        return -1;
    return period.from + YEAR >= twelve->present;
}

static void put_months(struct json_out *json, struct twelve *twelve) {
    struct counts_line line;
    int64_t sums[2] = {0, 0};
    counts_run_end(twelve->runs[0]);
    json_open_key(json, "months", '[');
    while (counts_run_next(twelve->runs[0], &line)) {
        int place = place_of(twelve, line.labels[0]);
        if (place >= 0)
            sums[place] += line.signals;
        json_open(json, '{');
        json_put_text(json, "month", line.labels[0]);
        json_put_i64(json, "signals", line.signals);
        json_close(json, '}');
    }
    json_close(json, ']');
    put_compared(json, twelve, sums[0], sums[1]);
}

static void put_form(struct json_out *json, const struct twelve *twelve, const char *code,
                     const int64_t sums[2]) {
    if (!sums[0] && !sums[1])
        return;
    json_open(json, '{');
    json_put_text(json, "category", code);
    put_compared(json, twelve, sums[0], sums[1]);
    json_close(json, '}');
}

// Lines are sorted by their labels, so those of a form are behind each other.
static void put_forms(struct json_out *json, struct twelve *twelve) {
    struct counts_line line;
    char code[COUNTS_LABEL_MAX] = "";
    int64_t sums[2] = {0, 0};
    counts_run_end(twelve->runs[1]);
    json_open_key(json, "categories", '[');
    while (counts_run_next(twelve->runs[1], &line)) {
        if (strcmp(code, line.labels[0]) != 0) {
            put_form(json, twelve, code, sums);
            memcpy(code, line.labels[0], sizeof code);
            sums[0] = sums[1] = 0;
        }
        int place = place_of(twelve, line.labels[1]);
        if (place >= 0)
            sums[place] += line.signals;
    }
    put_form(json, twelve, code, sums);
    json_close(json, ']');
}

static void put_trend(const struct figures *figures, struct json_out *json) {
    static const struct ledger_cube_reader reader = {.cell = add_cell};
    struct twelve twelve = {.present = period_month_of_day(time_amsterdam_day(figures->now_ms))};
    char text[PERIOD_TEXT_MAX];
    const struct period present = {twelve.present, (uint16_t)(twelve.present + 1)};
    for (int i = 0; i < 2; i++) {
        struct counts_query *query = &twelve.queries[i];
        if (i > 0)
            query->by[query->by_count++] = DIM_CATEGORY;
        query->by[query->by_count++] = DIM_MONTH;
        query->period = (struct period){months_before(twelve.present, 2 * YEAR).from,
                                        (uint16_t)(twelve.present + 1)};
        twelve.runs[i] = counts_run_begin(figures->tables->municipalities, query);
    }
    bool read = ledger_each_cell(figures->ledger, &reader, &twelve);
    json_open_key(json, "trend", '{');
    period_format(&present, text);
    json_put_bool(json, "read", read);
    json_put_text(json, "present", text);
    put_months(json, &twelve);
    put_forms(json, &twelve);
    json_close(json, '}');
    for (int i = 0; i < 2; i++)
        counts_run_free(twelve.runs[i]);
}

// --- who signals

static void put_places(struct json_out *json, const struct coverage *coverage, uint8_t province) {
    json_open_key(json, "places", '[');
    for (size_t i = 0; i < coverage->count; i++) {
        const struct coverage_line *line = &coverage->lines[i];
        if (line->municipality->province != province)
            continue;
        json_open(json, '{');
        json_put_text(json, "name", line->municipality->name);
        json_put_text(json, "state", coverage_state_name(line->state));
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_coverage(const struct figures *figures, struct json_out *json) {
    struct coverage_source *list = mem_zalloc(figures->count, sizeof *list);
    const struct coverage_facts facts = {
        .municipalities = figures->tables->municipalities,
        .sources = list,
        .source_count = ledger_coverage_sources(figures->ledger, figures->sources, list)};
    const struct coverage_question question = {.today = time_amsterdam_day(figures->now_ms),
                                               .days = COVERAGE_DAYS};
    struct coverage coverage;
    char code[CODE_MAX];
    coverage_make(&question, &facts, &coverage);
    const struct coverage_group *provinces = &coverage.groups[COVERAGE_PROVINCE];
    json_open_key(json, "coverage", '{');
    control_put_coverage(json, &coverage.whole);
    json_open_key(json, "provinces", '[');
    for (size_t i = 0; i < provinces->count; i++) {
        const struct coverage_sum *sum = &provinces->sums[i];
        (void)snprintf(code, sizeof code, "PV%02u", sum->province);
        json_open(json, '{');
        json_put_text(json, "code", code);
        json_put_text(json, "name", sum->name);
        control_put_coverage(json, sum);
        put_places(json, &coverage, sum->province);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
    coverage_free(&coverage);
    free(list);
}

// --- events and words

struct event_list {
    const struct figures *figures;
    struct json_out *json;
};

static bool put_event(void *ctx, const struct ledger_event *line) {
    const struct event_list *list = ctx;
    struct buf text;
    buf_init(&text, (size_t)EVENT_VALUE_MAX * 2);
    event_put_json(&text, &line->entry, &list->figures->issuer, line->event);
    json_open(list->json, '{');
    json_key(list->json, "event");
    json_raw(list->json, buf_str(&text));
    json_put_bool(list->json, "published", line->published);
    json_close(list->json, '}');
    buf_free(&text);
    return true;
}

static void put_events(const struct figures *figures, struct json_out *json) {
    struct event_list list = {figures, json};
    uint64_t last = figures->last_seq;
    json_open_key(json, "events", '[');
    ledger_each_event(figures->ledger, last > EVENTS_TOLD ? last - EVENTS_TOLD + 1 : 1, EVENTS_TOLD,
                      put_event, &list);
    json_close(json, ']');
}

struct figures_words {
    struct json_out *json;
    size_t left;
};

static bool put_word(void *ctx, const struct unmapped_record *word) {
    struct figures_words *list = ctx;
    json_open(list->json, '{');
    json_put_text(list->json, "word", *word->view.shown ? word->view.shown : NULL);
    json_put_text(list->json, "field", unmapped_field_name(word->field));
    json_put_text(list->json, "source", word->source);
    json_put_u64(list->json, "times", word->times);
    json_close(list->json, '}');
    return --list->left > 0;
}

static void put_words(const struct figures *figures, struct json_out *json) {
    struct figures_words list = {json, WORDS_TOLD};
    json_open_key(json, "words", '[');
    ledger_each_unmapped(figures->ledger, put_word, &list);
    json_close(json, ']');
    json_put_u64(json, "wordsTotal", figures->words);
}

void figures_put(struct figures *figures, struct buf *out) {
    struct json_out json = {.buf = out};
    json_open(&json, '{');
    control_put_time(&json, "time", figures->now_ms);
    put_feeds(figures, &json);
    put_trend(figures, &json);
    json_key(&json, "departed");
    control_put_departed(&json, figures->ledger);
    put_coverage(figures, &json);
    put_events(figures, &json);
    put_words(figures, &json);
    json_close(&json, '}');
}
