// SPDX-License-Identifier: EUPL-1.2
// One commit: judge each signal of the group in order of arrival, write ledger, outbox, counts,
// feeds and what Kafka has confirmed in one transaction. Runs on a worker thread while the loop
// goes on reading the books' memory; that memory is changed by books_apply only.
#include "books.h"

#include "base/mem.h"
#include "books_private.h"
#include "codec/event.h"
#include "core/judge.h"

#include <stdlib.h>
#include <string.h>

enum { RECORD_BYTES_MAX = 32768 };

static struct books_change *change_create(void) {
    struct books_change *change = mem_zalloc(1, sizeof *change);
    change->index = index_create();
    change->counts = counts_create();
    buf_init(&change->value, EVENT_VALUE_MAX);
    buf_init(&change->record, RECORD_BYTES_MAX);
    return change;
}

static void free_notes(struct books_group *group) {
    while (group->notes) {
        struct books_note *next = group->notes->next;
        free(group->notes);
        group->notes = next;
    }
}

void books_group_clear(struct books_group *group) {
    free_notes(group);
    group->batches = NULL;
    group->ack_count = 0;
    group->partitions = 0;
    group->probe = false;
    group->err = (struct err){0};
}

void books_group_free(struct books_group *group) {
    free_notes(group);
    free(group->acks);
    if (group->change) {
        index_free(group->change->index);
        counts_free(group->change->counts);
        buf_free(&group->change->value);
        buf_free(&group->change->record);
        free(group->change);
    }
    *group = (struct books_group){0};
}

// The latest line of this identity, of this group or before it. False when it was never seen.
static bool find_known(struct books_commit *commit, const struct digest *identity,
                       struct ledger_row *known) {
    struct str record, event;
    uint64_t seq = index_get(commit->change->index, identity);
    if (seq == 0)
        seq = index_get(commit->books->index, identity);
    if (seq == 0)
        return false;
    if (!store_get_seq(&commit->txn, STORE_LEDGER, seq, &record) ||
        !record_get_ledger(record, seq, known, &event)) {
        if (commit->txn.err.kind == ERR_NONE)
            err_set(&commit->txn.err, ERR_FATAL, "the ledger lacks line %llu that its index names",
                    (unsigned long long)seq);
        return false;
    }
    return true;
}

void books_write_line(struct books_commit *commit, const struct ledger_row *row) {
    struct books_change *change = commit->change;
    buf_clear(&change->record);
    record_put_ledger(&change->record, row, buf_str(&change->value));
    if (change->value.overflow || change->record.overflow) {
        err_set(&commit->txn.err, ERR_FATAL, "an event is larger than it can be");
        return;
    }
    store_append(&commit->txn, STORE_LEDGER, row->seq, buf_str(&change->record));
    store_append(&commit->txn, STORE_OUTBOX, row->seq, STR(""));
    change->last_seq = row->seq;
    change->added++;
    commit->writes = true;
}

static void write_signal(struct books_commit *commit, const struct ledger_row *row,
                         const struct ledger_row *known, const struct batch *batch,
                         const char *as_reported) {
    struct books_change *change = commit->change;
    const struct ledger_row *previous = known && known->counts ? known : NULL;
    buf_clear(&change->value);
    event_put_value(&change->value, batch->tables->municipalities, row, previous, as_reported);
    books_write_line(commit, row);
    index_put(change->index, &row->identity, row->seq);
    if (previous)
        counts_add(change->counts, &previous->cell, -1);
    if (row->counts)
        counts_add(change->counts, &row->cell, 1);
}

static void judge_item(struct books_commit *commit, struct batch *batch, struct batch_item *item) {
    const struct signal *signal = &batch->signals[item->signal];
    struct ledger_row known, row;
    bool seen = find_known(commit, &signal->identity, &known);
    if (commit->txn.err.kind != ERR_NONE)
        return;
    item->verdict = judge_signal(seen ? &known : NULL, signal);
    if (item->verdict == VERDICT_DUPLICATE || batch->dry_run) {
        item->version = seen ? known.version : 0;
        return;
    }
    struct judge_origin origin = {.source = str_from(batch->source->name),
                                  .polled = batch->polled,
                                  .received_ms = batch->received_ms,
                                  .logged_ms = commit->logged_ms};
    judge_row(seen ? &known : NULL, signal, item->verdict, commit->change->last_seq + 1, &origin,
              &row);
    item->version = row.version;
    write_signal(commit, &row, seen ? &known : NULL, batch, signal->as_reported);
}

static void commit_batch(struct books_commit *commit, struct batch *batch) {
    struct totals *totals = &commit->change->totals;
    uint64_t before = commit->change->last_seq;
    for (size_t i = 0; i < batch->item_count; i++) {
        struct batch_item *item = &batch->items[i];
        if (item->signal != UINT32_MAX)
            judge_item(commit, batch, item);
        totals->verdicts[item->verdict] += !batch->dry_run;
    }
    if (batch->dry_run)
        return;
    totals->unknown_fields += batch->unknown_fields;
    totals->unknown_words += batch->unknown_words;
    totals->unknown_municipalities += batch->unknown_municipalities;
    books_commit_source(commit, batch, commit->change->last_seq > before);
    if (batch->polled)
        books_commit_refused(commit, batch);
}

static void commit_acks(struct books_commit *commit, const struct books_group *group) {
    char place[RECORD_PUBLISHED], name[BOOKS_KEY_MAX];
    for (size_t i = 0; i < group->ack_count; i++) {
        const struct publish_ack *ack = &group->acks[i];
        record_put_published(place, ack->partition, ack->offset);
        store_put_seq(&commit->txn, STORE_PUBLISHED, ack->seq, (struct str){place, sizeof place});
        store_delete_seq(&commit->txn, STORE_OUTBOX, ack->seq);
        commit->writes = true;
        // A broker that had this record already (a retry after a lost answer) does not tell where.
        if (ack->offset < 0)
            continue;
        // Reports of a partition come in order, so the last one here is the one to keep.
        store_put(&commit->txn, STORE_META,
                  books_offset_key(commit->books, ack->partition, name, sizeof name),
                  (struct str){(const char *)&ack->offset, sizeof ack->offset});
    }
    if (group->partitions) {
        store_put(&commit->txn, STORE_META, books_partitions_key(commit->books, name, sizeof name),
                  (struct str){(const char *)&group->partitions, sizeof group->partitions});
        commit->writes = true;
    }
}

static void write_count(void *ctx, const struct cell *cell, int64_t change) {
    struct books_commit *commit = ctx;
    if (change == 0)
        return;
    int64_t value = counts_get(commit->books->counts, cell) + change;
    struct str key = {(const char *)cell, sizeof *cell};
    if (value)
        store_put(&commit->txn, STORE_COUNTS, key,
                  (struct str){(const char *)&value, sizeof value});
    else
        store_delete(&commit->txn, STORE_COUNTS, key);
}

static void write_totals(struct books_commit *commit) {
    buf_clear(&commit->change->record);
    record_put_totals(&commit->change->record, &commit->change->totals);
    store_put(&commit->txn, STORE_META, STR("totals"), buf_str(&commit->change->record));
}

void books_commit(struct books *books, struct books_group *group, int64_t logged_ms) {
    if (!group->change)
        group->change = change_create();
    struct books_change *change = group->change;
    struct books_commit commit = {.books = books, .change = change, .logged_ms = logged_ms};
    index_clear(change->index);
    counts_clear(change->counts);
    change->totals = books->totals;
    change->last_seq = books->last_seq;
    change->added = 0;
    change->quarantined = books->quarantined;
    change->quarantine_last = books->quarantine_last;
    store_begin(books->store, &commit.txn);
    books_commit_notes(&commit, group);
    for (struct batch *batch = group->batches; batch; batch = batch->next)
        commit_batch(&commit, batch);
    books_flush_source(&commit);
    uint64_t outbox = store_entries(&commit.txn, STORE_OUTBOX);
    commit_acks(&commit, group);
    change->confirmed = outbox - store_entries(&commit.txn, STORE_OUTBOX);
    counts_each(change->counts, write_count, &commit);
    // Nothing but duplicates and refusals: what the answers rest on is on the disk already.
    commit.writes = commit.writes || group->probe;
    group->wrote = commit.writes;
    if (!commit.writes) {
        group->err = commit.txn.err;
        store_abort(&commit.txn);
        return;
    }
    write_totals(&commit);
    (void)!store_commit(&commit.txn, &group->err);
}

static void apply_index(void *ctx, const struct digest *identity, uint64_t seq) {
    struct books *books = ctx;
    index_put(books->index, identity, seq);
}

static void apply_count(void *ctx, const struct cell *cell, int64_t change) {
    struct books *books = ctx;
    counts_add(books->counts, cell, change);
}

void books_apply(struct books *books, struct books_group *group) {
    struct books_change *change = group->change;
    index_each(change->index, apply_index, books);
    counts_each(change->counts, apply_count, books);
    books->totals = change->totals;
    books->last_seq = change->last_seq;
    books->quarantined = change->quarantined;
    books->quarantine_last = change->quarantine_last;
    books->waiting += change->added;
    books->waiting -= change->confirmed;
    for (size_t i = 0; i < group->ack_count; i++)
        if (group->acks[i].offset >= 0)
            books_set_offset(books, group->acks[i].partition, group->acks[i].offset);
    if (group->partitions)
        books->partitions = group->partitions;
    books->last_commit_ms = loop_wall_ms();
}
