// SPDX-License-Identifier: EUPL-1.2
// GET /v1/trend/departed: the regions and forms whose last twelve closed months differ from the
// twelve before by more than chance explains, as the last test found them. Exact, for the local
// socket only: each reading is in the audit log. The operators' page has the same object.
#include "control_query.h"

#include "codec/departed.h"
#include "codec/statistic.h"

struct departed_listing {
    struct json_out *json;
    struct departed_state state;
    bool begun;
};

static void put_head(struct departed_listing *listing) {
    const struct departed_state *state = &listing->state;
    struct json_out *json = listing->json;
    char closed[STATISTIC_MONTH_MAX];
    listing->begun = true;
    statistic_month(state->tested, closed);
    json_open(json, '{');
    json_put_text(json, "closed", state->tested ? closed : NULL);
    json_put_u64(json, "tested", state->cells);
    json_key(json, "level");
    json_raw(json, STR(DEPARTURES_Q_TEXT));
    json_put_u64(json, "smallest", TREND_CARRIES_MIN);
    json_open_key(json, "departed", '[');
}

static bool on_departed(void *ctx, uint16_t since, struct str value) {
    struct departed_listing *listing = ctx;
    char month[STATISTIC_MONTH_MAX];
    if (!listing->begun)
        put_head(listing);
    statistic_month(since, month);
    json_open(listing->json, '{');
    json_put_text(listing->json, "since", month);
    json_key(listing->json, "data");
    json_raw(listing->json, value);
    json_close(listing->json, '}');
    return true;
}

void control_put_departed(struct json_out *json, struct ledger *ledger) {
    struct departed_listing listing = {.json = json};
    ledger_each_departed(ledger, &listing.state, on_departed, &listing);
    if (!listing.begun)
        put_head(&listing);
    json_close(json, ']');
    json_close(json, '}');
}

static void list_departed(const struct control_ground *ground, void *ctx,
                          struct http_reply *reply) {
    struct json_out json = {.buf = reply_body(reply, 200, "application/json")};
    (void)ctx;
    control_put_departed(&json, ground->ledger);
}

void control_departed(struct control *control, struct http_request *request) {
    control_ask(control, request, list_departed, NULL);
}
