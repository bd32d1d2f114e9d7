// SPDX-License-Identifier: EUPL-1.2
// Statistics for outside: made at the close of a month from the counts, kept as they were told
// until the next time, and sent to Kafka where they changed. When too few signals have changed, or
// too few beside those of one source, a month is let pass, and its signals are told with a later
// one's: a step of a statistic must never be the work of fewer signals than the rounding base, nor
// the time of a release that of one source (statistical disclosure control: dominance). So whether
// it is time is asked once a month.
//
// What is to be told is worked out beside the commits, from a snapshot. Of a statistic that waits
// for Kafka and changes again only the later record is sent.
#include "ledger/ledger.h"

#include "base/mem.h"
#include "codec/statistic.h"
#include "core/cube/statistics.h"
#include "ledger/take_back.h"
#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

static const struct str state_key = {"statistics", sizeof "statistics" - 1};

struct statistics_work {
    struct store_txn txn;           // the snapshot
    struct statistics_record state; // as it was then
    struct statistics statistics;   // as they are to be
    struct statistics sent;         // those that change, sorted too; count 0: no longer told
    size_t sent_cap;
};

static struct str key_of(const struct statistic *statistic) {
    return str_from(statistic->key);
}

static int compare_key(const void *key, const void *element) {
    return strcmp(key, ((const struct statistic *)element)->key);
}

static bool has_key(const struct statistics *statistics, struct str key) {
    char text[STATISTIC_KEY_MAX] = "";
    if (key.len >= sizeof text || !statistics->count)
        return false;
    memcpy(text, key.data, key.len);
    return bsearch(text, statistics->list, statistics->count, sizeof *statistics->list,
                   compare_key) != NULL;
}

static void note_sent(struct statistics_work *work, const struct statistic *statistic) {
    struct statistics *sent = &work->sent;
    sent->list = mem_grow(sent->list, sent->count, &work->sent_cap, sizeof *sent->list);
    sent->list[sent->count++] = *statistic;
}

// --- what changes ---

static bool is_told(struct statistics_work *work, uint32_t rounding_base,
                    const struct statistic *statistic) {
    struct str record;
    struct statistic_record told;
    return store_get(&work->txn, STORE_STATISTICS, key_of(statistic), &record) &&
           record_get_statistic(record, &told) && told.count == statistic->count &&
           told.rounding_base == rounding_base;
}

static bool on_told(void *ctx, struct str key, struct str record) {
    struct statistics_work *work = ctx;
    struct statistic gone = {.count = 0};
    (void)record;
    if (key.len < sizeof gone.key && !has_key(&work->statistics, key)) {
        memcpy(gone.key, key.data, key.len);
        note_sent(work, &gone);
    }
    return true;
}

static int compare_statistics(const void *a, const void *b) {
    return strcmp(((const struct statistic *)a)->key, ((const struct statistic *)b)->key);
}

static void find_changes(struct statistics_work *work, uint32_t rounding_base) {
    for (size_t i = 0; i < work->statistics.count; i++)
        if (!is_told(work, rounding_base, &work->statistics.list[i]))
            note_sent(work, &work->statistics.list[i]);
    store_each(&work->txn, STORE_STATISTICS, on_told, work);
    if (work->sent.count)
        qsort(work->sent.list, work->sent.count, sizeof *work->sent.list, compare_statistics);
}

// --- the outbox ---

struct outdating {
    const struct statistics *sent;
    uint64_t *list; // numbers
    size_t count, cap;
};

static bool on_waiting(void *ctx, uint64_t seq, struct str record) {
    struct outdating *outdated = ctx;
    struct str key, value;
    if (!record_get_statistic_waiting(record, &key, &value) || !has_key(outdated->sent, key))
        return true;
    outdated->list =
        mem_grow(outdated->list, outdated->count, &outdated->cap, sizeof *outdated->list);
    outdated->list[outdated->count++] = seq;
    return true;
}

static void drop_outdated(struct ledger_writer *writer, const struct statistics *sent) {
    struct outdating outdated = {.sent = sent};
    store_each_seq(&writer->txn, STORE_STATISTICS_OUTBOX, 1, on_waiting, &outdated);
    for (size_t i = 0; i < outdated.count; i++)
        store_delete_seq(&writer->txn, STORE_STATISTICS_OUTBOX, outdated.list[i]);
    free(outdated.list);
}

static void send(struct ledger_writer *writer, struct str key,
                 const struct statistic_record *told) {
    struct buf *value = &writer->change->value, *record = &writer->change->record;
    struct json_out json = {.buf = value};
    buf_clear(value);
    if (told)
        statistic_put_value(&json, key, told, 0);
    buf_clear(record);
    record_put_statistic_waiting(record, key, buf_str(value));
    store_append(&writer->txn, STORE_STATISTICS_OUTBOX, ++writer->change->statistics.seq,
                 buf_str(record));
}

void ledger_put_statistic(struct ledger_writer *writer, struct str key,
                          const struct statistic_record *statistic) {
    struct buf *record = &writer->change->record;
    buf_clear(record);
    record_put_statistic(record, statistic);
    store_put(&writer->txn, STORE_STATISTICS, key, buf_str(record));
}

static void tell(struct ledger_writer *writer, const struct statistic *statistic) {
    const struct statistics_record *state = &writer->change->statistics;
    const struct statistic_record told = {statistic->count, state->rounding_base, state->closed};
    if (statistic->count)
        ledger_put_statistic(writer, key_of(statistic), &told);
    else
        store_delete(&writer->txn, STORE_STATISTICS, key_of(statistic));
    send(writer, key_of(statistic), statistic->count ? &told : NULL);
}

static bool on_resend(void *ctx, struct str key, struct str record) {
    struct statistic statistic = {.count = 1};
    (void)record;
    if (key.len < sizeof statistic.key) {
        memcpy(statistic.key, key.data, key.len);
        note_sent(ctx, &statistic);
    }
    return true;
}

void ledger_resend_statistics(struct ledger_writer *writer) {
    struct statistics_work work = {.state = {0}};
    store_each(&writer->txn, STORE_STATISTICS, on_resend, &work);
    drop_outdated(writer, &work.sent);
    for (size_t i = 0; i < work.sent.count; i++) {
        struct str record, key = key_of(&work.sent.list[i]);
        struct statistic_record told;
        if (store_get(&writer->txn, STORE_STATISTICS, key, &record) &&
            record_get_statistic(record, &told))
            send(writer, key, &told);
    }
    writer->change->statistics_changed = true;
    free(work.sent.list);
}

void ledger_forget_statistics(struct ledger_writer *writer) {
    store_clear(&writer->txn, STORE_STATISTICS);
    store_clear(&writer->txn, STORE_STATISTICS_OUTBOX);
}

// What was changed so far is told, up to this month, and what comes is of another generation.
static void begin_generation(struct ledger_writer *writer, uint16_t told) {
    struct statistics_record *state = &writer->change->statistics;
    state->since = ++state->generation;
    state->told = told;
}

void ledger_put_statistics_state(struct ledger_writer *writer,
                                 const struct statistics_record *state) {
    const uint32_t generation = writer->change->statistics.generation;
    writer->change->statistics = *state;
    writer->change->statistics.generation = generation;
    begin_generation(writer, state->tried);
    writer->change->statistics_changed = writer->writes = true;
}

// --- the steps ---

void ledger_free_statistics(struct statistics_task *asked) {
    if (!asked->work)
        return;
    store_abort(&asked->work->txn);
    free(asked->work->statistics.list);
    free(asked->work->sent.list);
    free(asked->work);
    asked->work = NULL;
}

static void begin(struct ledger_writer *writer, struct statistics_task *asked) {
    asked->work = mem_zalloc(1, sizeof *asked->work);
    asked->work->state = writer->change->statistics;
    store_begin_read(writer->ledger->store, &asked->work->txn);
    writer->change->statistics.generation++;
}

// In a new ledger what has closed is not looked at: history may be on its way in. A clock that was
// ahead does not keep months from closing once it is right; one that goes back and comes by the end
// of a month again does not close it twice. A commit that failed may run it again.
void ledger_begin_statistics(struct ledger_writer *writer, struct commit_task *task) {
    struct statistics_record *state = &writer->change->statistics;
    struct statistics_task *asked = (struct statistics_task *)task;
    bool begun = state->tried > 0;
    ledger_free_statistics(asked);
    asked->closed = statistics_closed_month(time_amsterdam_day(asked->now_ms));
    asked->outcome = STATISTICS_EARLY;
    if (asked->asked && state->made) {
        asked->outcome = STATISTICS_THERE;
        return;
    }
    if (asked->closed < state->tried) {
        state->tried = asked->closed;
        writer->change->statistics_changed = writer->writes = true;
    }
    if (!asked->asked && asked->closed <= state->tried)
        return;
    bool told = state->made && asked->closed == state->closed;
    if (asked->asked || (begun && !told))
        begin(writer, asked);
    else
        state->tried = asked->closed;
    writer->change->statistics_changed = writer->writes = true;
}

static void add_cell(void *ctx, const struct cell *cell, int64_t number) {
    counts_add(ctx, cell, number);
}

static bool read_counts(struct statistics_work *work, struct counts *counts) {
    static const struct ledger_cube_reader reader = {.cell = add_cell};
    return ledger_walk_cube(&work->txn, &reader, counts);
}

static void make(struct statistics_task *asked, const struct counts *counts) {
    const struct statistics_options options = {.municipalities = asked->tables->municipalities,
                                               .today = time_amsterdam_day(asked->now_ms),
                                               .closed = asked->closed,
                                               .rounding_base = asked->rounding_base};
    statistics_make(counts, &options, &asked->work->statistics);
    find_changes(asked->work, asked->rounding_base);
}

void ledger_work_out_statistics(struct statistics_task *asked) {
    struct statistics_work *work = asked->work;
    struct counts *counts = counts_create();
    struct moved_weight weight;
    ledger_weigh_moved(&work->txn, &work->state, asked->closed, &weight);
    // With nothing outside yet there is nothing to compare with.
    bool alone = work->state.made && weight.by_others < asked->rounding_base;
    asked->outcome =
        alone || weight.all < asked->rounding_base ? STATISTICS_TOO_FEW : STATISTICS_MADE;
    bool ok = true;
    if (asked->outcome == STATISTICS_MADE && (ok = read_counts(work, counts)))
        make(asked, counts);
    if (!ok || work->txn.err.kind != ERR_NONE)
        err_set(&asked->task.err, ERR_RETRY, "the counts cannot be read");
    store_abort(&work->txn);
    counts_free(counts);
}

// Others may have been told, or put back, since the snapshot.
static bool is_overtaken(const struct statistics_record *before,
                         const struct statistics_record *now) {
    return before->made != now->made || before->closed != now->closed ||
           before->since != now->since || before->told != now->told;
}

static void tell_all(struct ledger_writer *writer, struct statistics_task *asked) {
    struct statistics_record *state = &writer->change->statistics;
    const struct statistics_work *work = asked->work;
    state->made = true;
    state->closed = asked->closed;
    state->rounding_base = asked->rounding_base;
    state->since = work->state.generation + 1;
    state->told = asked->closed > state->told ? asked->closed : state->told;
    drop_outdated(writer, &work->sent);
    asked->changed = asked->gone = 0;
    for (size_t i = 0; i < work->sent.count; i++) {
        tell(writer, &work->sent.list[i]);
        *(work->sent.list[i].count ? &asked->changed : &asked->gone) += 1;
    }
}

void ledger_tell_statistics(struct ledger_writer *writer, struct commit_task *task) {
    struct statistics_record *state = &writer->change->statistics;
    struct statistics_task *asked = (struct statistics_task *)task;
    if (is_overtaken(&asked->work->state, state)) {
        asked->outcome = asked->asked ? STATISTICS_THERE : STATISTICS_EARLY;
        return;
    }
    if (asked->outcome == STATISTICS_MADE)
        tell_all(writer, asked);
    if (asked->closed > state->tried)
        state->tried = asked->closed;
    writer->change->statistics_changed = writer->writes = true;
}

void ledger_flush_statistics(struct ledger_writer *writer) {
    struct buf *record = &writer->change->record;
    if (writer->change->statistics_changed) {
        buf_clear(record);
        record_put_statistics(record, &writer->change->statistics);
        store_put(&writer->txn, STORE_META, state_key, buf_str(record));
    }
    writer->change->statistics_waiting = store_entries(&writer->txn, STORE_STATISTICS_OUTBOX);
}

// --- reading ---

// False: damaged.
static bool read_state(struct store_txn *txn, struct statistics_record *state) {
    struct str value;
    *state = (struct statistics_record){0};
    return !store_get(txn, STORE_META, state_key, &value) || record_get_statistics(value, state);
}

enum ledger_look ledger_look_up_statistic(struct ledger *ledger, uint64_t seq, struct str key,
                                          struct str value) {
    struct store_txn txn;
    struct statistics_record state;
    struct str record, our_key, our_value;
    enum ledger_look found = LEDGER_HAS;
    store_begin_read(ledger->store, &txn);
    if (store_get_seq(&txn, STORE_STATISTICS_OUTBOX, seq, &record)) {
        bool same = record_get_statistic_waiting(record, &our_key, &our_value) &&
                    str_equal(key, our_key) && str_equal(value, our_value);
        found = same ? LEDGER_AWAITS : LEDGER_LACKS;
    } else if (!read_state(&txn, &state) || seq > state.seq) {
        found = LEDGER_LACKS;
    }
    store_abort(&txn);
    return found;
}

bool ledger_load_statistics(struct ledger *ledger, struct store_txn *txn, struct err *err) {
    ledger->statistics_waiting = store_entries(txn, STORE_STATISTICS_OUTBOX);
    return read_state(txn, &ledger->statistics) ||
           err_set(err, ERR_DAMAGED, "how far the statistics for outside are is damaged");
}

const struct statistics_record *ledger_statistics_state(const struct ledger *ledger) {
    return &ledger->statistics;
}

// Without a topic they are kept all the same: there may be one again.
uint64_t ledger_statistics_unpublished(const struct ledger *ledger) {
    return ledger->topics[LEDGER_STATISTICS].name ? ledger->statistics_waiting : 0;
}

bool ledger_statistics_fit(const struct ledger *ledger, uint32_t rounding_base, struct err *err) {
    uint32_t told = ledger->statistics.rounding_base;
    if (!ledger->statistics.made || told % rounding_base == 0 || rounding_base % told == 0)
        return true;
    return err_set(
        err, ERR_CONFIG,
        "disclosure.rounding_base: %u neither divides nor is a multiple of %u, which the "
        "statistics that are outside are rounded to: both together tell more than either",
        rounding_base, told);
}

struct statistic_walk {
    bool (*statistic)(void *ctx, struct str key, const struct statistic_record *statistic);
    void *ctx;
};

static bool on_walk_statistic(void *ctx, struct str key, struct str record) {
    const struct statistic_walk *walk = ctx;
    struct statistic_record statistic;
    return record_get_statistic(record, &statistic) && walk->statistic(walk->ctx, key, &statistic);
}

void ledger_each_statistic(struct ledger *ledger, struct statistics_record *state,
                           bool (*fn)(void *ctx, struct str key,
                                      const struct statistic_record *statistic),
                           void *ctx) {
    struct store_txn txn;
    struct statistic_walk walk = {.statistic = fn, .ctx = ctx};
    store_begin_read(ledger->store, &txn);
    (void)read_state(&txn, state); // the start has seen that it can be read
    store_each(&txn, STORE_STATISTICS, on_walk_statistic, &walk);
    store_abort(&txn);
}
