// SPDX-License-Identifier: EUPL-1.2
// GET /v1/statistics: what may be told outside, as it was made last. POST /v1/statistics/release
// makes the first ones, once history has been taken in.
#include "control_private.h"

#include "base/mem.h"
#include "codec/event.h"
#include "codec/statistic.h"
#include "jobs/month_close.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MUNICIPALITY_CODES = 10000, PROVINCE_CODES = 100 };

struct statistic_listing {
    struct json_out json;
    struct statistics_record state;
    uint32_t rounding_base; // in force
    bool begun;
    // Codes that need a name, by their digits.
    bool municipalities[MUNICIPALITY_CODES], provinces[PROVINCE_CODES];
};

static void note_code(struct str label, const char *letters, bool *seen, uint64_t count) {
    uint64_t digits;
    if (label.len > 2 && memcmp(label.data, letters, 2) == 0 &&
        str_to_u64((struct str){label.data + 2, label.len - 2}, count - 1, &digits))
        seen[digits] = true;
}

static void put_head(struct statistic_listing *listing) {
    const struct statistics_record *state = &listing->state;
    struct json_out *json = &listing->json;
    char closed[STATISTIC_MONTH_MAX];
    listing->begun = true;
    statistic_month(state->closed, closed);
    json_open(json, '{');
    json_put_u64(json, "roundingBase", state->made ? state->rounding_base : listing->rounding_base);
    json_put_text(json, "closed", state->made ? closed : NULL);
    json_open_key(json, "statistics", '[');
}

static bool on_statistic(void *ctx, struct str key, const struct statistic_record *statistic) {
    struct statistic_listing *listing = ctx;
    struct str part, name;
    if (!listing->begun)
        put_head(listing);
    statistic_put_value(&listing->json, key, statistic);
    while (str_split(&key, '/', &part)) {
        (void)str_split(&part, '=', &name);
        if (str_is(name, "municipality"))
            note_code(part, "GM", listing->municipalities, MUNICIPALITY_CODES);
        else if (str_is(name, "province"))
            note_code(part, "PV", listing->provinces, PROVINCE_CODES);
    }
    return true;
}

static void put_names(struct statistic_listing *listing, const struct municipalities *all) {
    char code[EVENT_CODE_MAX];
    for (size_t i = 0; i < municipalities_count(all); i++) {
        const struct municipality *m = municipalities_at(all, i);
        event_municipality_code(m->code, code);
        if (listing->municipalities[m->code])
            json_put_text(&listing->json, code, m->name);
        (void)snprintf(code, sizeof code, "PV%02u", m->province);
        if (listing->provinces[m->province])
            json_put_text(&listing->json, code, m->province_name);
        listing->provinces[m->province] = false;
    }
}

static void put_answer(struct statistic_listing *listing, const struct control *control) {
    struct json_out *json = &listing->json;
    listing->rounding_base = control->options.config->disclosure_rounding_base;
    ledger_each_statistic(control->options.ledger, &listing->state, on_statistic, listing);
    if (!listing->begun)
        put_head(listing);
    json_close(json, ']');
    json_open_key(json, "names", '{');
    put_names(listing, control->tables->municipalities);
    json_close(json, '}');
    json_close(json, '}');
}

void control_statistics(struct control *control, struct http_request *request) {
    struct statistic_listing *listing = mem_zalloc(1, sizeof *listing);
    struct http_reply reply = {0};
    listing->json.buf = reply_body(&reply, 200, "application/json");
    put_answer(listing, control);
    free(listing);
    control_send(request, &reply);
}

// --- the first ones ---

struct release {
    struct statistics_task making; // has a reference of the tables
    struct control *control;
    struct http_request *request; // NULL: it is gone
};

static void answer(const struct release *release) {
    struct http_request *request = release->request;
    if (release->making.task.err.kind != ERR_NONE)
        control_problem(request, 503, "It cannot be made durable now; try again later.");
    else if (release->making.outcome == STATISTICS_THERE)
        control_problem(request, 409,
                        "There are statistics outside already. They change when a month closes: "
                        "in between each change would tell of single signals.");
    else if (release->making.outcome == STATISTICS_TOO_FEW)
        control_problem(request, 409,
                        "Fewer signals than disclosure.rounding_base were reported in months that "
                        "have closed, or have changed since a rebuild: there is nothing that may "
                        "be told outside yet.");
    else
        control_statistics(release->control, request);
}

static void on_made(struct commit_task *task) {
    struct release *release = (struct release *)task;
    if (release->making.task.err.kind == ERR_NONE && release->making.outcome == STATISTICS_MADE)
        month_close_log(&release->making);
    if (release->request)
        answer(release);
    tables_unref(release->making.tables);
    free(release);
}

void control_statistics_release(struct control *control, struct http_request *request) {
    struct release *release = mem_zalloc(1, sizeof *release);
    *release = (struct release){
        .making = {.task = {.run = ledger_make_statistics, .done = on_made},
                   .tables = tables_ref(control->tables),
                   .now_ms = loop_wall_ms(),
                   .rounding_base = control->options.config->disclosure_rounding_base,
                   .asked = true},
        .control = control};
    control_hold(request, &release->request);
    pipeline_submit(control->options.pipeline, &release->making.task);
}
