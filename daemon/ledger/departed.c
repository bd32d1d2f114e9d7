// SPDX-License-Identifier: EUPL-1.2
// Trends that depart. A month that has closed is tested once, some time after its end was seen:
// what was reported in its last days has time to come in, a daemon that was off has polled
// everybody, and a clock that jumped has been set right. Of closes that were missed the last one is
// tested: the others are in its twelve months. What is found is told in the commit that keeps it,
// so a daemon that is killed has told all of it or nothing.
//
// Told is what newly departs: it did not before, or went the other way. From then on it departs as
// long as its own test finds it beyond chance, whatever the others do: so that it is not told once
// more when their number moves the level a little.
#include "ledger/ledger.h"

#include "base/mem.h"
#include "codec/departed.h"
#include "codec/event_kept.h"
#include "codec/json_out.h"
#include "core/cube/statistics.h"
#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

static const struct str state_key = {"departed", sizeof "departed" - 1};

struct departed_work {
    struct store_txn txn; // the snapshot
    uint16_t tested;      // before
    struct departures found;
};

static struct departed_state read_state(struct store_txn *txn) {
    struct departed_state state = {0};
    struct str record;
    if (store_get(txn, STORE_META, state_key, &record) && !departed_get_state(record, &state))
        err_set(&txn->err, ERR_FATAL, "how far the tests of trends are is damaged");
    return state;
}

static void put_state(struct ledger_writer *writer, const struct departed_state *state) {
    struct buf *record = &writer->change->record;
    buf_clear(record);
    departed_put_state(record, state);
    store_put(&writer->txn, STORE_META, state_key, buf_str(record));
    writer->writes = true;
}

// --- is it time? ---

// In a new ledger what has closed is not looked at: history may be on its way in. A clock that was
// ahead does not keep months from being tested once it is right.
static bool is_due(struct ledger_writer *writer, const struct departed_task *asked) {
    struct departed_state state = read_state(&writer->txn);
    uint16_t closed = asked->closed;
    if (state.tested == 0 || closed < state.tested) {
        state.tested = closed;
        put_state(writer, &state);
    }
    if (closed == state.tested || writer->txn.err.kind != ERR_NONE)
        return false;
    if (state.seen != closed || state.seen_ms > asked->now_ms) {
        state.seen = closed;
        state.seen_ms = asked->now_ms;
        put_state(writer, &state);
    }
    return asked->now_ms - state.seen_ms >= asked->wait_ms;
}

void ledger_free_departed(struct departed_task *asked) {
    if (!asked->work)
        return;
    store_abort(&asked->work->txn);
    free(asked->work->found.list);
    free(asked->work);
    asked->work = NULL;
}

// A commit that failed may run it again.
void ledger_begin_departed(struct ledger_writer *writer, struct commit_task *task) {
    struct departed_task *asked = (struct departed_task *)task;
    ledger_free_departed(asked);
    asked->closed = statistics_closed_month(time_amsterdam_day(asked->now_ms));
    if (!is_due(writer, asked))
        return;
    asked->work = mem_zalloc(1, sizeof *asked->work);
    asked->work->tested = read_state(&writer->txn).tested;
    store_begin_read(writer->ledger->store, &asked->work->txn);
}

// --- what departs ---

static void add_cell(void *ctx, const struct cell *cell, int64_t number) {
    departing_add(ctx, cell, number);
}

void ledger_work_out_departed(struct departed_task *asked) {
    static const struct ledger_cube_reader reader = {.cell = add_cell};
    struct departed_work *work = asked->work;
    struct departing *departing = departing_begin(asked->tables->municipalities, asked->closed,
                                                  time_amsterdam_day(asked->now_ms));
    if (ledger_walk_cube(&work->txn, &reader, departing)) {
        departing_end(departing, &work->found);
    } else {
        departing_free(departing);
        err_set(&asked->task.err, ERR_RETRY, "the counts cannot be read");
    }
    store_abort(&work->txn);
}

// What departed after the test before.
struct earlier {
    struct {
        char key[DEPARTED_KEY_MAX];
        uint16_t since;
        bool more;
    } * list;
    size_t count, cap;
};

static bool on_earlier(void *ctx, struct str key, struct str record) {
    struct earlier *earlier = ctx;
    struct event_departed said;
    struct err ignored;
    struct str value;
    uint16_t since;
    if (key.len >= DEPARTED_KEY_MAX || !departed_get_record(record, &since, &value) ||
        !event_read_departed(value, &said, &ignored))
        return true;
    earlier->list = mem_grow(earlier->list, earlier->count, &earlier->cap, sizeof *earlier->list);
    memset(&earlier->list[earlier->count], 0, sizeof *earlier->list);
    memcpy(earlier->list[earlier->count].key, key.data, key.len);
    earlier->list[earlier->count].since = since;
    earlier->list[earlier->count++].more = said.more;
    return true;
}

// Since when it has departed this way; 0: it did not.
static uint16_t since_when(const struct earlier *earlier, const char *key, bool more) {
    for (size_t i = 0; i < earlier->count; i++)
        if (earlier->list[i].more == more && strcmp(earlier->list[i].key, key) == 0)
            return earlier->list[i].since;
    return 0;
}

static void write_line(struct ledger_writer *writer, const struct departure *departure,
                       struct str value) {
    struct str region = str_from(departure->region);
    const struct str parts[] = {str_from(departure_kind(departure->dimension)), region,
                                str_from(category_name(departure->category))};
    struct ledger_entry entry = {.kind = LEDGER_TREND_DEPARTED,
                                 .seq = writer->change->last_seq + 1,
                                 .first = writer->change->last_seq + 1,
                                 .verdict = VERDICT_REGISTERED,
                                 .received_ms = writer->logged_ms,
                                 .logged_ms = writer->logged_ms,
                                 .reported = TIME_DAY_NONE,
                                 .occurred = TIME_DAY_NONE,
                                 .source_len = (uint8_t)region.len};
    memcpy(entry.source, region.data, region.len);
    hash_digest(&writer->ledger->identity_key, "departed", parts, 3, &entry.identity);
    buf_clear(&writer->change->value);
    event_keep_value(&writer->change->value, value);
    ledger_write_entry(writer, &entry);
}

static void put_departed(struct ledger_writer *writer, const char *key, uint16_t since,
                         struct str value) {
    struct buf *record = &writer->change->record;
    buf_clear(record);
    departed_put_record(record, since, value);
    store_put(&writer->txn, STORE_DEPARTED, str_from(key), buf_str(record));
    writer->writes = true;
}

static void tell(struct ledger_writer *writer, struct departed_task *asked,
                 const struct earlier *earlier, const struct departure *departure) {
    const struct departures *found = &asked->work->found;
    char key[DEPARTED_KEY_MAX];
    struct buf value;
    departed_key(departure_kind(departure->dimension), departure->region, departure->category, key);
    uint16_t since = since_when(earlier, key, departure_is_more(departure));
    bool anew = !since && departure->adjusted <= DEPARTURES_Q;
    if (!anew && !(since && departure->p < DEPARTURES_Q))
        return;
    buf_init(&value, DEPARTED_VALUE_MAX);
    departed_put_value(&(struct json_out){.buf = &value}, found, departure);
    if (anew)
        write_line(writer, departure, buf_str(&value));
    put_departed(writer, key, anew ? found->closed : since, buf_str(&value));
    buf_free(&value);
    asked->departed++;
    asked->told += anew;
}

void ledger_tell_departed(struct ledger_writer *writer, struct commit_task *task) {
    struct departed_task *asked = (struct departed_task *)task;
    const struct departures *found = &asked->work->found;
    struct departed_state state = read_state(&writer->txn);
    struct earlier earlier = {0};
    asked->departed = asked->told = 0;
    if (state.tested != asked->work->tested) // a taking back came in between
        return;
    store_each(&writer->txn, STORE_DEPARTED, on_earlier, &earlier);
    store_clear(&writer->txn, STORE_DEPARTED);
    for (size_t i = 0; i < found->count; i++)
        tell(writer, asked, &earlier, &found->list[i]);
    free(earlier.list);
    state.tested = asked->closed;
    state.cells = (uint16_t)found->count;
    put_state(writer, &state);
    asked->tested = found->count;
}

// --- lines that come from the topic, or go back ---

// Of a close whose events are only in part in the topic the rest is told: so it is tested again.
static void test_again(struct ledger_writer *writer, uint16_t closed, bool anyway) {
    struct departed_state state = read_state(&writer->txn);
    if (anyway ? state.tested >= closed : state.tested + 1 < closed) {
        state.tested = (uint16_t)(closed - 1);
        put_state(writer, &state);
    }
}

static bool read_kept(struct ledger_writer *writer, char key[DEPARTED_KEY_MAX],
                      struct event_departed *said) {
    struct err ignored;
    if (!event_read_departed(event_kept_value(buf_str(&writer->change->value)), said, &ignored))
        return false;
    departed_key(said->kind, said->region, said->category, key);
    return true;
}

void ledger_link_departed(struct ledger_writer *writer) {
    char key[DEPARTED_KEY_MAX];
    struct event_departed said;
    if (!read_kept(writer, key, &said))
        return;
    put_departed(writer, key, said.closed, event_kept_value(buf_str(&writer->change->value)));
    test_again(writer, said.closed, false);
}

void ledger_untell_departed(struct ledger_writer *writer) {
    char key[DEPARTED_KEY_MAX];
    struct event_departed said;
    if (!read_kept(writer, key, &said))
        return;
    store_delete(&writer->txn, STORE_DEPARTED, str_from(key));
    test_again(writer, said.closed, true);
}

// --- reading ---

struct departed_walk {
    bool (*fn)(void *ctx, uint16_t since, struct str value);
    void *ctx;
};

static bool on_departed(void *ctx, struct str key, struct str record) {
    const struct departed_walk *walk = ctx;
    struct str value;
    uint16_t since;
    (void)key;
    return departed_get_record(record, &since, &value) && walk->fn(walk->ctx, since, value);
}

void ledger_each_departed(struct ledger *ledger, struct departed_state *state,
                          bool (*fn)(void *ctx, uint16_t since, struct str value), void *ctx) {
    struct store_txn txn;
    struct departed_walk walk = {fn, ctx};
    store_begin_read(ledger->store, &txn);
    *state = read_state(&txn);
    store_each(&txn, STORE_DEPARTED, on_departed, &walk);
    store_abort(&txn);
}
