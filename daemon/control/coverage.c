// SPDX-License-Identifier: EUPL-1.2
// GET /v1/coverage?days=365 or ?period=2017: which municipalities signal, which are silent, which
// never did. It knows the sources of the source table only.
#include "control_query.h"

#include "base/mem.h"
#include "codec/event.h"
#include "core/cube/coverage.h"

#include <stdio.h>
#include <stdlib.h>

enum { DAYS_DEFAULT = 365, CODE_TEXT_MAX = 8 };

struct asking {
    struct coverage_question question;
    const char *fault; // what is wrong with the request; NULL: nothing
};

static void on_parameter(void *ctx, struct str name, struct str value) {
    struct asking *asking = ctx;
    struct coverage_question *question = &asking->question;
    uint64_t days;
    if (question->days || period_has_end(&question->period)) {
        asking->fault = "Either days or period, and once.";
    } else if (str_is(name, "days")) {
        if (str_to_u64(value, COVERAGE_DAYS_MAX, &days) && days > 0)
            question->days = (uint32_t)days;
        else
            asking->fault = "days: 1 to 36500.";
    } else if (str_is(name, "period")) {
        if (!period_parse(value, &question->period))
            asking->fault = CONTROL_PERIOD_FAULT;
    } else {
        asking->fault = "Parameters are days or period.";
    }
}

static struct asking take_question(struct http_request *request) {
    struct asking asking = {.question = {.today = time_amsterdam_day(loop_wall_ms())}};
    http_query_each(request, on_parameter, &asking);
    if (!asking.question.days && !period_has_end(&asking.question.period))
        asking.question.days = DAYS_DEFAULT;
    return asking;
}

void control_put_coverage(struct json_out *json, const struct coverage_sum *sum) {
    json_put_u64(json, "municipalities", sum->municipalities);
    json_put_u64(json, "signalling", sum->signalling);
    json_put_u64(json, "silent", sum->silent);
    json_put_u64(json, "never", sum->never);
    json_put_u64(json, "unconnected", sum->unconnected);
}

static void put_group(struct json_out *json, const char *key, const struct coverage *coverage,
                      enum coverage_kind kind) {
    const struct coverage_group *group = &coverage->groups[kind];
    char code[CODE_TEXT_MAX];
    json_open_key(json, key, '[');
    for (size_t i = 0; i < group->count; i++) {
        const struct coverage_sum *sum = &group->sums[i];
        json_open(json, '{');
        if (kind == COVERAGE_PROVINCE) {
            (void)snprintf(code, sizeof code, "PV%02u", sum->province);
            json_put_text(json, "code", code);
        }
        json_put_text(json, "name", sum->name);
        control_put_coverage(json, sum);
        json_put_u64(json, "official", sum->official);
        json_put_u64(json, "policy", sum->policy);
        json_put_u64(json, "all", sum->all);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_last(struct json_out *json, const struct coverage *coverage,
                     const struct coverage_line *line) {
    char text[TIME_STAMP_MAX];
    const struct period month = {line->month, (uint16_t)(line->month + 1)};
    bool ever = line->state != COVERAGE_NEVER;
    if (ever && coverage->question.days)
        time_format_stamp(line->signal_ms, text);
    else if (ever)
        period_format(&month, text);
    json_put_text(json, "lastSignal", ever ? text : NULL);
}

static void put_line(struct json_out *json, const struct coverage *coverage,
                     const struct coverage_line *line) {
    const struct municipality *m = line->municipality;
    char code[EVENT_CODE_MAX], province[CODE_TEXT_MAX];
    event_municipality_code(m->code, code);
    (void)snprintf(province, sizeof province, "PV%02u", m->province);
    json_open(json, '{');
    json_put_text(json, "code", code);
    json_put_text(json, "name", m->name);
    json_put_text(json, "province", province);
    json_put_text(json, "policeUnit", m->police_unit);
    json_put_text(json, "sizeClass", m->size_class);
    json_put_u64(json, "inhabitants", m->inhabitants);
    json_put_text(json, "state", coverage_state_name(line->state));
    json_put_bool(json, "connected", line->connected);
    put_last(json, coverage, line);
    json_open_key(json, "sources", '[');
    for (const struct coverage_source *source = line->sources; source; source = source->next)
        json_text(json, source->name);
    json_close(json, ']');
    json_put_bool(json, "official", line->official);
    json_put_bool(json, "policy", line->policy);
    json_close(json, '}');
}

static void put_question(struct json_out *json, const struct coverage_question *question) {
    char text[PERIOD_TEXT_MAX], date[TIME_DATE_MAX];
    int32_t first, last;
    json_put_text(json, "basis", question->days ? "received" : "reported");
    if (question->days) {
        json_put_u64(json, "days", question->days);
    } else {
        period_format(&question->period, text);
        json_put_text(json, "period", text);
    }
    coverage_days(question, &first, &last);
    time_format_date(first, date);
    json_put_text(json, "from", date);
    time_format_date(last, date);
    json_put_text(json, "to", date);
}

static void put_headline(struct json_out *json, const struct coverage *coverage) {
    struct buf text;
    buf_init(&text, 256);
    coverage_put_headline(coverage, &text);
    json_put_string(json, "headline", buf_str(&text));
    buf_free(&text);
}

static void put_answer(struct json_out *json, const struct coverage *coverage) {
    const struct coverage_sum *whole = &coverage->whole;
    json_open(json, '{');
    put_question(json, &coverage->question);
    control_put_coverage(json, whole);
    put_headline(json, coverage);
    json_open_key(json, "basicLevel", '{');
    json_put_u64(json, "signals", whole->signalling);
    json_put_u64(json, "official", whole->official);
    json_put_u64(json, "policy", whole->policy);
    json_put_u64(json, "all", whole->all);
    json_close(json, '}');
    put_group(json, "provinces", coverage, COVERAGE_PROVINCE);
    put_group(json, "policeUnits", coverage, COVERAGE_POLICE_UNIT);
    put_group(json, "sizeClasses", coverage, COVERAGE_SIZE_CLASS);
    json_open_key(json, "list", '[');
    for (size_t i = 0; i < coverage->count; i++)
        put_line(json, coverage, &coverage->lines[i]);
    json_close(json, ']');
    json_close(json, '}');
}

void control_coverage_about(const struct control *control, struct http_request *request,
                            struct buf *object) {
    const struct asking asking = take_question(request);
    const struct coverage_question *question = &asking.question;
    char text[PERIOD_TEXT_MAX];
    (void)control;
    if (asking.fault)
        return;
    if (question->days) {
        buf_printf(object, "days=%u", (unsigned)question->days);
        return;
    }
    period_format(&question->period, text);
    buf_printf(object, "period=%s", text);
}

static void add_cell(void *ctx, const struct cell *cell, int64_t number) {
    counts_add(ctx, cell, number);
}

static void work_out_coverage(const struct control_ground *ground, void *ctx,
                              struct http_reply *reply) {
    struct coverage_source *list = mem_zalloc(ground->sources->count, sizeof *list);
    struct coverage_facts facts = {
        .municipalities = ground->tables->municipalities,
        .sources = list,
        .source_count = ledger_coverage_sources(ground->ledger, ground->sources, list)};
    struct coverage coverage;
    static const struct ledger_cube_reader reader = {.cell = add_cell};
    struct counts *counts = counts_create();
    if (ledger_each_cell(ground->ledger, &reader, counts)) {
        facts.counts = counts;
        coverage_make(ctx, &facts, &coverage);
        struct json_out json = {.buf = reply_body(reply, 200, "application/json")};
        put_answer(&json, &coverage);
        coverage_free(&coverage);
    } else {
        problem_fill(reply, 503, CONTROL_UNREADABLE);
    }
    counts_free(counts);
    free(list);
}

void control_coverage(struct control *control, struct http_request *request) {
    const struct asking asking = take_question(request);
    if (asking.fault) {
        control_problem(request, 400, asking.fault);
        return;
    }
    struct coverage_question *question = mem_alloc(sizeof *question);
    *question = asking.question;
    control_ask(control, request, work_out_coverage, question);
}
