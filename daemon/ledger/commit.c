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

enum { RECORD_BYTES_MAX = 32768 };

static struct ledger_change *change_create(void) {
    struct ledger_change *change = mem_zalloc(1, sizeof *change);
    change->index = index_create();
    change->counts = counts_create();
    buf_init(&change->value, EVENT_VALUE_MAX);
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
    group->err = (struct err){0};
}

void ledger_group_free(struct ledger_group *group) {
    for (int i = 0; i < LEDGER_TOPICS; i++)
        free(group->confirmed[i].acks);
    if (group->change) {
        index_free(group->change->index);
        counts_free(group->change->counts);
        buf_free(&group->change->value);
        buf_free(&group->change->record);
        free(group->change->members);
        free(group->change->forgotten);
        free(group->change->erase_waiting);
        free(group->change);
    }
    *group = (struct ledger_group){0};
}

static void write_count(void *ctx, const struct cell *cell, int64_t change) {
    struct ledger_writer *writer = ctx;
    int64_t value = counts_get(writer->ledger->counts, cell) + change;
    struct str key = {(const char *)cell, sizeof *cell};
    if (value)
        store_put(&writer->txn, STORE_COUNTS, key,
                  (struct str){(const char *)&value, sizeof value});
    else
        store_delete(&writer->txn, STORE_COUNTS, key);
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

void ledger_commit(struct ledger *ledger, struct ledger_group *group, int64_t logged_ms) {
    if (!group->change)
        group->change = change_create();
    struct ledger_change *change = group->change;
    struct ledger_writer writer = {.ledger = ledger, .change = change, .logged_ms = logged_ms};
    index_clear(change->index);
    counts_clear(change->counts);
    change->totals = ledger->totals;
    change->first_seq = ledger->first_seq;
    change->last_seq = ledger->last_seq;
    change->person_last = ledger->person_last;
    change->words = ledger->words;
    change->chain = ledger->chain;
    change->member_count = change->forgotten_count = 0;
    change->erase_changed = false;
    change->added = change->dropped = 0;
    change->statistics = ledger->statistics;
    change->statistics_waiting = ledger->statistics_waiting;
    change->statistics_changed = false;
    change->quarantined = ledger->quarantined;
    change->quarantine_last = ledger->quarantine_last;
    store_begin(ledger->store, &writer.txn);
    for (struct commit_task *task = group->tasks; task; task = task->next)
        task->run(&writer, task);
    ledger_flush_source(&writer);
    ledger_commit_acks(&writer, group);
    counts_each(change->counts, write_count, &writer);
    // Nothing but duplicates and refusals: what the answers rest on is on the disk already.
    writer.writes = writer.writes || group->force_sync;
    group->wrote = writer.writes;
    if (!writer.writes) {
        group->err = writer.txn.err;
        store_abort(&writer.txn);
        return;
    }
    write_totals(&writer);
    ledger_flush_chain(&writer);
    ledger_flush_erase_waiting(&writer);
    ledger_flush_statistics(&writer);
    (void)!store_commit(&writer.txn, &group->err);
}
