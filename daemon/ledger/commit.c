// SPDX-License-Identifier: EUPL-1.2
// One commit: runs the tasks of a group in order of arrival and writes what they changed, with what
// Kafka has confirmed, in one transaction. It runs on a worker thread while the loop goes on
// reading the ledger's memory; that memory is changed by ledger_apply only.
#include "ledger/ledger.h"

#include "base/mem.h"
#include "codec/event.h"
#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

enum {
    RECORD_BYTES_MAX = 32768,
    RESERVE_LINE_BYTES = 64,
    RESERVE_SHARE = 16,             // of size_max …
    RESERVE_PAGES_MAX = 256 * 1024, // … and at most so many bytes
};

static struct ledger_change *change_create(void) {
    struct ledger_change *change = mem_zalloc(1, sizeof *change);
    change->index = index_create();
    change->led = index_create();
    change->counts = counts_create();
    buf_init(&change->value, EVENT_VALUE_MAX + 1);
    buf_init(&change->record, RECORD_BYTES_MAX);
    return change;
}

void ledger_group_clear(struct ledger_group *group) {
    group->tasks = NULL;
    for (int i = 0; i < LEDGER_TOPICS; i++) {
        group->confirmed[i].ack_count = 0;
        group->confirmed[i].partitions = 0;
    }
    group->force_sync = false;
    group->err = group->refused = (struct err){0};
}

void ledger_group_free(struct ledger_group *group) {
    for (int i = 0; i < LEDGER_TOPICS; i++)
        free(group->confirmed[i].acks);
    if (group->change) {
        index_free(group->change->index);
        index_free(group->change->led);
        counts_free(group->change->counts);
        free(group->change->moved.sums.entries);
        free(group->change->additions);
        buf_free(&group->change->value);
        buf_free(&group->change->record);
        free(group->change->members);
        free(group->change->forgotten);
        free(group->change->erase_waiting);
        free(group->change);
    }
    *group = (struct ledger_group){0};
}

void ledger_note_addition(struct ledger_change *change, struct str key, int64_t number) {
    change->additions = mem_grow(change->additions, change->addition_count, &change->addition_cap,
                                 sizeof *change->additions);
    struct store_addition *addition = &change->additions[change->addition_count++];
    *addition = (struct store_addition){.key_len = key.len, .number = number};
    memcpy(addition->key, key.data, key.len);
}

void ledger_flush_additions(struct ledger_writer *writer, enum store_table table) {
    store_add(&writer->txn, table, writer->change->additions, writer->change->addition_count);
    writer->change->addition_count = 0;
}

static void note_count(void *ctx, const struct cell *cell, int64_t change) {
    ledger_note_addition(ctx, (struct str){(const char *)cell, sizeof *cell}, change);
}

static void write_counts(struct ledger_writer *writer) {
    counts_each(writer->change->counts, note_count, writer->change);
    ledger_flush_additions(writer, STORE_COUNTS);
}

static void write_number(struct ledger_writer *writer, const char *name, uint64_t number) {
    store_put(&writer->txn, STORE_META, str_from(name),
              (struct str){(const char *)&number, sizeof number});
}

static void write_totals(struct ledger_writer *writer) {
    buf_clear(&writer->change->record);
    record_put_totals(&writer->change->record, &writer->change->totals);
    store_put(&writer->txn, STORE_META, STR("totals"), buf_str(&writer->change->record));
    write_number(writer, "last-seq", writer->change->last_seq);
    write_number(writer, "person-last", writer->change->person_last);
    write_number(writer, "quarantine-last", writer->change->quarantine_last);
}

static void begin_change(const struct ledger *ledger, struct ledger_change *change) {
    index_clear(change->index);
    index_clear(change->led);
    counts_clear(change->counts);
    ledger_begin_moved(change);
    change->addition_count = 0;
    change->totals = ledger->totals;
    change->first_seq = ledger->first_seq;
    change->last_seq = ledger->last_seq;
    change->person_last = ledger->person_last;
    change->words = ledger->words;
    change->carried = ledger->carried;
    change->chain = ledger->chain;
    change->member_count = change->forgotten_count = 0;
    change->erase_changed = false;
    change->added = change->dropped = 0;
    change->statistics = ledger->statistics;
    change->statistics_waiting = ledger->statistics_waiting;
    change->statistics_changed = change->current_changed = false;
    change->current_unread = false;
    change->current = ledger->current;
    change->current_waiting = ledger->current_waiting;
    memset(change->topics, 0, sizeof change->topics);
    change->quarantined = ledger->quarantined;
    change->quarantine_last = ledger->quarantine_last;
}

// A place in `published` for each line that waits, on pages that are half full, and the pages that
// a commit writes anew before the old ones are free.
static uint64_t reserve_of(uint64_t waiting, uint64_t max_bytes) {
    uint64_t pages = max_bytes / RESERVE_SHARE;
    return waiting * RESERVE_LINE_BYTES + (pages < RESERVE_PAGES_MAX ? pages : RESERVE_PAGES_MAX);
}

uint64_t ledger_reserve(const struct ledger *ledger) {
    return reserve_of(ledger->waiting, store_max_bytes(ledger->store));
}

bool ledger_leaves_reserve(struct store_txn *txn) {
    uint64_t waiting = store_entries(txn, STORE_OUTBOX);
    return store_leaves(txn, reserve_of(waiting, store_max_bytes(txn->store)));
}

// With `scarce` only tasks that make room, and what an operator asked: that is small, and nobody
// would ask it again. The others are refused.
static void run_tasks(struct ledger_writer *writer, struct ledger_group *group, bool scarce) {
    for (struct commit_task *task = group->tasks; task; task = task->next) {
        task->err = (struct err){0};
        if (!scarce || task->frees || task->rides)
            task->run(writer, task);
        else
            task->err = group->refused;
    }
}

static void write_rest(struct ledger_writer *writer) {
    write_totals(writer);
    ledger_flush_chain(writer);
    ledger_flush_erase_waiting(writer);
    ledger_flush_statistics(writer);
    ledger_flush_current(writer);
}

// False: nothing was written, since the tasks would take what is kept for confirmations.
static bool commit(struct ledger *ledger, struct ledger_group *group, int64_t logged_ms,
                   bool scarce) {
    struct ledger_writer writer = {.ledger = ledger,
                                   .change = group->change,
                                   .logged_ms = logged_ms,
                                   .tells_current =
                                       ledger_partitions(ledger, LEDGER_CURRENT) > 0 ||
                                       group->confirmed[LEDGER_CURRENT].partitions > 0};
    begin_change(ledger, group->change);
    store_begin(ledger->store, &writer.txn);
    run_tasks(&writer, group, scarce);
    ledger_flush_source(&writer);
    ledger_flush_moved(&writer);
    bool fits = scarce || !group->tasks || ledger_leaves_reserve(&writer.txn);
    ledger_commit_acks(&writer, group);
    write_counts(&writer);
    // Nothing but duplicates and refusals: what the answers rest on is on the disk already.
    writer.writes = writer.writes || group->force_sync;
    group->wrote = fits && writer.writes;
    if (group->wrote) {
        write_rest(&writer);
        group->change->failing = !store_commit(&writer.txn, &group->err);
    } else {
        group->err = writer.txn.err;
        store_abort(&writer.txn);
    }
    return scarce || (fits && !writer.txn.full);
}

void ledger_commit(struct ledger *ledger, struct ledger_group *group, int64_t logged_ms) {
    if (!group->change)
        group->change = change_create();
    if (commit(ledger, group, logged_ms, false) || !group->tasks)
        return;
    group->err = (struct err){0};
    err_set(&group->refused, ERR_RETRY,
            "state is full: the rest of its size_max is kept for what Kafka confirms");
    (void)commit(ledger, group, logged_ms, true);
    if (!group->wrote && group->err.kind == ERR_NONE)
        group->err = group->refused;
}
