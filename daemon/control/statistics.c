// SPDX-License-Identifier: EUPL-1.2
// GET /v1/statistics?rate=yes: what may be told outside, as it was made last. POST
// /v1/statistics/release makes the first ones, once history has been taken in.
#include "control_query.h"

#include "base/mem.h"
#include "codec/statistic.h"
#include "jobs/month_close.h"

#include <stdlib.h>

struct statistic_listing {
    struct json_out json;
    struct statistics_record state;
    uint32_t rounding_base; // in force
    bool begun, rate;
    const struct municipalities *municipalities;
    struct control_names names;
};

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
    struct statistic_key of;
    struct str part, name;
    if (!listing->begun)
        put_head(listing);
    uint64_t inhabitants = listing->rate && statistic_read_key(key, &of)
                               ? statistic_inhabitants(&of, listing->municipalities)
                               : 0;
    statistic_put_value(&listing->json, key, statistic, inhabitants);
    while (str_split(&key, '/', &part)) {
        (void)str_split(&part, '=', &name);
        control_names_note(&listing->names, part);
    }
    return true;
}

static void list_statistics(const struct control_ground *ground, void *ctx,
                            struct http_reply *reply) {
    struct statistic_listing *listing = ctx;
    struct json_out *json = &listing->json;
    json->buf = reply_body(reply, 200, "application/json");
    listing->rounding_base = ground->rounding_base;
    listing->municipalities = ground->tables->municipalities;
    ledger_each_statistic(ground->ledger, &listing->state, on_statistic, listing);
    if (!listing->begun)
        put_head(listing);
    json_close(json, ']');
    control_names_put(json, &listing->names, listing->municipalities);
    json_close(json, '}');
}

void control_statistics(struct control *control, struct http_request *request) {
    struct str rate = http_query(request, "rate", 0);
    if (rate.data && !str_is(rate, "yes") && !str_is(rate, "no")) {
        control_problem(request, 400, "rate: yes or no.");
        return;
    }
    struct statistic_listing *listing = mem_zalloc(1, sizeof *listing);
    listing->rate = str_is(rate, "yes");
    control_ask(control, request, list_statistics, listing);
}

// --- the first ones ---

struct release {
    struct statistics_making making; // has a reference of the tables
    struct control *control;
    struct http_request *request; // NULL: it is gone
};

static void answer(const struct release *release) {
    struct http_request *request = release->request;
    const struct statistics_task *made = &release->making.task;
    if (made->task.err.kind != ERR_NONE)
        control_problem(request, 503, "It cannot be made durable now; try again later.");
    else if (made->outcome == STATISTICS_THERE)
        control_problem(request, 409,
                        "There are statistics outside already. They change when a month closes: "
                        "in between each change would tell of single signals.");
    else if (made->outcome == STATISTICS_TOO_FEW)
        control_problem(request, 409,
                        "Fewer signals than disclosure.rounding_base were reported in months that "
                        "have closed, or have changed since a rebuild: there is nothing that may "
                        "be told outside yet.");
    else
        control_statistics(release->control, request);
}

static void on_made(struct statistics_making *making) {
    struct release *release = (struct release *)making;
    if (release->request)
        answer(release);
    tables_unref(making->task.tables);
    free(release);
}

void control_statistics_release(struct control *control, struct http_request *request) {
    struct release *release = mem_zalloc(1, sizeof *release);
    *release = (struct release){
        .making = {.task = {.tables = tables_ref(control->tables),
                            .now_ms = loop_wall_ms(),
                            .rounding_base = control->options.config->disclosure_rounding_base,
                            .asked = true},
                   .pipeline = control->options.pipeline,
                   .done = on_made},
        .control = control};
    control_hold(request, &release->request);
    month_close_make(&release->making);
}
