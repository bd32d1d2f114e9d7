// SPDX-License-Identifier: EUPL-1.2
// Writes the value of an event about a trend, and packs what the ledger keeps of those that depart.
// Pure; the caller owns the buffers, and what a reader gets is borrowed from the record.
#include "codec/departed.h"

#include "base/bytes.h"
#include "codec/json_out.h"
#include "codec/statistic.h"

#include <stdio.h>
#include <string.h>

enum { NUMBER_MAX = 32, RECORD_HEAD = 2, STATE_BYTES = 15, STATE_FORMAT = 1 };

// --- the value ---

static void put_side(struct json_out *out, const char *key, uint16_t last,
                     const struct departure_side *side) {
    char month[STATISTIC_MONTH_MAX];
    json_open_key(out, key, '{');
    statistic_month((uint16_t)(last + 1 - DEPARTURES_MONTHS), month);
    json_put_text(out, "from", month);
    statistic_month(last, month);
    json_put_text(out, "to", month);
    json_put_i64(out, "signals", side->signals);
    json_put_u64(out, "municipalities", side->municipalities);
    json_close(out, '}');
}

static void put_chance(struct json_out *out, const char *key, double chance) {
    char text[NUMBER_MAX];
    int len = snprintf(text, sizeof text, "%.6g", chance);
    json_key(out, key);
    json_raw(out, (struct str){text, (size_t)len});
}

void departed_put_value(struct json_out *out, const struct departures *all,
                        const struct departure *departure) {
    json_open(out, '{');
    json_put_text(out, "event", "departed");
    json_put_bool(out, "counts", false);
    json_open_key(out, "region", '{');
    json_put_text(out, "kind", departure_kind(departure->dimension));
    json_put_text(out, "code", departure->region);
    json_put_text(out, "name", departure->name[0] ? departure->name : NULL);
    json_close(out, '}');
    json_put_text(out, "category", category_name(departure->category));
    put_side(out, "before", (uint16_t)(all->closed - DEPARTURES_MONTHS), &departure->before);
    put_side(out, "now", all->closed, &departure->now);
    json_put_i64(out, "change", departure->now.signals - departure->before.signals);
    put_chance(out, "p", departure->p);
    put_chance(out, "adjusted", departure->adjusted);
    json_put_u64(out, "tested", all->count);
    json_close(out, '}');
}

// --- what is kept ---

void departed_key(const char *kind, const char *region, enum category category,
                  char out[DEPARTED_KEY_MAX]) {
    (void)snprintf(out, DEPARTED_KEY_MAX, "%s=%s/%s", kind, region, category_name(category));
}

void departed_put_record(struct buf *out, uint16_t since, struct str value) {
    uint8_t head[RECORD_HEAD];
    bytes_put(head, since, sizeof head);
    buf_put(out, head, sizeof head);
    buf_put_str(out, value);
}

bool departed_get_record(struct str record, uint16_t *since, struct str *value) {
    if (record.len <= RECORD_HEAD)
        return false;
    *since = (uint16_t)bytes_get((const uint8_t *)record.data, RECORD_HEAD);
    *value = (struct str){record.data + RECORD_HEAD, record.len - RECORD_HEAD};
    return true;
}

void departed_put_state(struct buf *out, const struct departed_state *state) {
    uint8_t bytes[STATE_BYTES] = {STATE_FORMAT};
    bytes_put(bytes + 1, state->tested, 2);
    bytes_put(bytes + 3, state->cells, 2);
    bytes_put(bytes + 5, state->seen, 2);
    bytes_put(bytes + 7, (uint64_t)state->seen_ms, 8);
    buf_put(out, bytes, sizeof bytes);
}

bool departed_get_state(struct str record, struct departed_state *state) {
    const uint8_t *bytes = (const uint8_t *)record.data;
    if (record.len != STATE_BYTES || bytes[0] != STATE_FORMAT)
        return false;
    *state = (struct departed_state){.tested = (uint16_t)bytes_get(bytes + 1, 2),
                                     .cells = (uint16_t)bytes_get(bytes + 3, 2),
                                     .seen = (uint16_t)bytes_get(bytes + 5, 2),
                                     .seen_ms = (int64_t)bytes_get(bytes + 7, 8)};
    return true;
}
