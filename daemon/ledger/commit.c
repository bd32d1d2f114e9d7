// SPDX-License-Identifier: EUPL-1.2
// One commit: judge each signal of the group in order of arrival, write ledger, outbox, counts,
// feeds and what Kafka has confirmed in one transaction. Runs on a worker thread while the loop
// goes on reading the ledger's memory; that memory is changed by ledger_apply only.
#include "ledger/ledger.h"

#include "base/mem.h"
#include "codec/event.h"
#include "core/signal/dedup.h"
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

bool ledger_find_known(struct ledger_writer *commit, const struct digest *identity,
                       struct ledger_entry *known) {
    struct str record, event;
    uint64_t seq = index_get(commit->change->index, identity);
    if (seq == 0)
        seq = index_get(commit->ledger->index, identity);
    // What has expired in this group is still in the index.
    if (seq < commit->change->first_seq)
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

void ledger_write_entry(struct ledger_writer *commit, const struct ledger_entry *row) {
    struct ledger_change *change = commit->change;
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

void ledger_write_signal(struct ledger_writer *commit, struct ledger_entry *row,
                         const struct ledger_entry *known, const struct tables *tables,
                         const char *as_reported) {
    struct ledger_change *change = commit->change;
    struct digest linked[EVENT_LINKED_MAX];
    struct event_links links = {.list = linked};
    const struct ledger_entry *previous = known && known->counts ? known : NULL;
    if (row->counts && row->person)
        links.count = ledger_linked(commit, row->person, &row->identity, linked, EVENT_LINKED_MAX);
    buf_clear(&change->value);
    event_put_value(&change->value, tables->municipalities, row, previous, as_reported, &links);
    ledger_write_entry(commit, row);
    index_put(change->index, &row->identity, row->seq);
    ledger_move_member(commit, known, row);
    if (previous)
        counts_add(change->counts, &previous->cell, -1);
    if (row->counts)
        counts_add(change->counts, &row->cell, 1);
}

// No new version: there is nothing to tell.
static void keep_later_time(struct ledger_writer *commit, const struct ledger_entry *known,
                            const struct signal *signal) {
    struct buf *record = &commit->change->record;
    struct str old;
    if (!store_get_seq(&commit->txn, STORE_LEDGER, known->seq, &old))
        return;
    buf_clear(record);
    buf_put_str(record, old);
    record_set_updated(record, signal->updated_ms);
    store_put_seq(&commit->txn, STORE_LEDGER, known->seq, buf_str(record));
    commit->writes = true;
}

static void judge_item(struct ledger_writer *commit, struct batch *batch, struct page_item *item) {
    const struct signal *signal = &batch->content.signals[item->signal];
    struct ledger_entry known, row;
    bool seen = ledger_find_known(commit, &signal->identity, &known);
    if (commit->txn.err.kind != ERR_NONE)
        return;
    item->verdict = dedup_classify(seen ? &known : NULL, signal);
    if (item->verdict == VERDICT_DUPLICATE || batch->dry_run) {
        item->version = seen ? known.version : 0;
        if (seen && !batch->dry_run && dedup_is_seen_later(&known, signal))
            keep_later_time(commit, &known, signal);
        return;
    }
    struct dedup_origin origin = {.source = str_from(batch->source->name),
                                  .polled = batch->polled,
                                  .received_ms = batch->received_ms,
                                  .logged_ms = commit->logged_ms};
    dedup_entry(seen ? &known : NULL, signal, item->verdict, commit->change->last_seq + 1, &origin,
                &row);
    if (row.counts)
        row.person = ledger_commit_person(commit, &signal->person);
    item->version = row.version;
    ledger_write_signal(commit, &row, seen ? &known : NULL, batch->tables, signal->as_reported);
    if (row.counts)
        ledger_keep_unmapped(commit, batch, item->signal);
}

void ledger_take_delivery(struct ledger_writer *commit, struct commit_task *task) {
    struct batch *batch = (struct batch *)task;
    struct totals *totals = &commit->change->totals;
    uint64_t before = commit->change->last_seq;
    for (size_t i = 0; i < batch->content.item_count; i++) {
        struct page_item *item = &batch->content.items[i];
        if (item->signal != UINT32_MAX)
            judge_item(commit, batch, item);
        totals->verdicts[item->verdict] += !batch->dry_run;
    }
    if (batch->dry_run)
        return;
    totals->unknown_fields += batch->content.unknown_fields;
    totals->unmapped += batch->content.unmapped_count;
    totals->unknown_municipalities += batch->content.unknown_municipalities;
    ledger_commit_source(commit, batch, commit->change->last_seq > before);
    if (batch->polled)
        ledger_commit_refused(commit, batch);
}

static void commit_event_ack(struct ledger_writer *commit, const struct publish_ack *ack) {
    char place[RECORD_PUBLISHED];
    record_put_published(place, ack->partition, ack->offset);
    store_put_seq(&commit->txn, STORE_PUBLISHED, ack->seq, (struct str){place, sizeof place});
    store_delete_seq(&commit->txn, STORE_OUTBOX, ack->seq);
    ledger_erase_confirmed(commit, ack->seq);
}

void ledger_keep_partitions(struct ledger_writer *commit, enum ledger_topic topic,
                            int32_t partitions) {
    const struct ledger_topic_place *place = &commit->ledger->topics[topic];
    char name[LEDGER_KEY_MAX];
    store_put(&commit->txn, STORE_META, ledger_partitions_key(place, name),
              (struct str){(const char *)&partitions, sizeof partitions});
    if (topic == LEDGER_STATISTICS)
        store_put(&commit->txn, STORE_META, ledger_statistics_topic_key, str_from(place->name));
}

static void commit_acks(struct ledger_writer *commit, const struct ledger_group *group,
                        enum ledger_topic topic) {
    const struct ledger_confirmed *confirmed = &group->confirmed[topic];
    const struct ledger_topic_place *place = &commit->ledger->topics[topic];
    char name[LEDGER_KEY_MAX];
    for (size_t i = 0; i < confirmed->ack_count; i++) {
        const struct publish_ack *ack = &confirmed->acks[i];
        if (topic == LEDGER_EVENTS)
            commit_event_ack(commit, ack);
        else
            store_delete_seq(&commit->txn, STORE_STATISTICS_OUTBOX, ack->seq);
        commit->writes = true;
        // A broker that had this record already (a retry after a lost answer) does not tell where.
        if (ack->offset < 0)
            continue;
        // Reports of a partition come in order, so the last one here is the one to keep.
        store_put(&commit->txn, STORE_META, ledger_offset_key(place, ack->partition, name),
                  (struct str){(const char *)&ack->offset, sizeof ack->offset});
    }
    if (confirmed->partitions) {
        ledger_keep_partitions(commit, topic, confirmed->partitions);
        commit->writes = true;
    }
}

// The tail tells it with the partitions. Made anew while we were idle, a topic shows it by a place
// that was taken already.
static bool statistics_topic_is_new(const struct ledger *ledger,
                                    const struct ledger_confirmed *statistics) {
    for (size_t i = 0; i < statistics->ack_count; i++) {
        const struct publish_ack *ack = &statistics->acks[i];
        if (ack->offset >= 0 &&
            ack->offset <= ledger_known_offset(ledger, LEDGER_STATISTICS, ack->partition))
            return true;
    }
    return statistics->partitions > 0;
}

static void forget_offsets(struct ledger_writer *commit, const struct ledger_topic_place *place) {
    char name[LEDGER_KEY_MAX];
    for (int32_t p = 0; p < place->offset_count; p++)
        store_delete(&commit->txn, STORE_META, ledger_offset_key(place, p, name));
}

static void commit_statistic_acks(struct ledger_writer *commit, const struct ledger_group *group) {
    bool is_new = statistics_topic_is_new(commit->ledger, &group->confirmed[LEDGER_STATISTICS]);
    if (is_new)
        forget_offsets(commit, &commit->ledger->topics[LEDGER_STATISTICS]);
    commit_acks(commit, group, LEDGER_STATISTICS);
    if (is_new)
        ledger_resend_statistics(commit);
}

static void write_count(void *ctx, const struct cell *cell, int64_t change) {
    struct ledger_writer *commit = ctx;
    if (change == 0)
        return;
    int64_t value = counts_get(commit->ledger->counts, cell) + change;
    struct str key = {(const char *)cell, sizeof *cell};
    if (value)
        store_put(&commit->txn, STORE_COUNTS, key,
                  (struct str){(const char *)&value, sizeof value});
    else
        store_delete(&commit->txn, STORE_COUNTS, key);
}

static void write_number(struct ledger_writer *commit, const char *name, uint64_t number) {
    store_put(&commit->txn, STORE_META, str_from(name),
              (struct str){(const char *)&number, sizeof number});
}

static void write_totals(struct ledger_writer *commit) {
    buf_clear(&commit->change->record);
    record_put_totals(&commit->change->record, &commit->change->totals);
    store_put(&commit->txn, STORE_META, STR("totals"), buf_str(&commit->change->record));
    write_number(commit, "last-seq", commit->change->last_seq);
    write_number(commit, "person-last", commit->change->person_last);
    write_number(commit, "quarantine-last", commit->change->quarantine_last);
}

void ledger_commit(struct ledger *ledger, struct ledger_group *group, int64_t logged_ms) {
    if (!group->change)
        group->change = change_create();
    struct ledger_change *change = group->change;
    struct ledger_writer commit = {.ledger = ledger, .change = change, .logged_ms = logged_ms};
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
    store_begin(ledger->store, &commit.txn);
    for (struct commit_task *task = group->tasks; task; task = task->next)
        task->run(&commit, task);
    ledger_flush_source(&commit);
    uint64_t outbox = store_entries(&commit.txn, STORE_OUTBOX);
    commit_acks(&commit, group, LEDGER_EVENTS);
    commit_statistic_acks(&commit, group);
    change->confirmed = outbox - store_entries(&commit.txn, STORE_OUTBOX);
    counts_each(change->counts, write_count, &commit);
    // Nothing but duplicates and refusals: what the answers rest on is on the disk already.
    commit.writes = commit.writes || group->force_sync;
    group->wrote = commit.writes;
    if (!commit.writes) {
        group->err = commit.txn.err;
        store_abort(&commit.txn);
        return;
    }
    write_totals(&commit);
    ledger_flush_chain(&commit);
    ledger_flush_erase_waiting(&commit);
    ledger_flush_statistics(&commit);
    (void)!store_commit(&commit.txn, &group->err);
}

static void apply_index(void *ctx, const struct digest *identity, uint64_t seq) {
    struct ledger *ledger = ctx;
    index_put(ledger->index, identity, seq);
}

static void apply_count(void *ctx, const struct cell *cell, int64_t change) {
    struct ledger *ledger = ctx;
    counts_add(ledger->counts, cell, change);
}

// What a group forgot it may also have met again.
static void apply_forgotten(struct ledger *ledger, const struct ledger_change *change) {
    for (size_t i = 0; i < change->forgotten_count; i++)
        if (index_get(ledger->index, &change->forgotten[i]) < change->first_seq)
            index_remove(ledger->index, &change->forgotten[i]);
}

static void apply_members(struct ledger *ledger, const struct ledger_change *change) {
    for (size_t i = 0; i < change->member_count; i++) {
        const struct ledger_member *member = &change->members[i];
        if (member->there)
            persons_put(ledger->persons, member->person, &member->member, &member->cell);
        else
            persons_remove(ledger->persons, member->person, &member->member);
    }
}

static void apply_erase_waiting(struct ledger *ledger, struct ledger_change *change) {
    if (!change->erase_changed)
        return;
    free(ledger->erase_waiting);
    ledger->erase_waiting = change->erase_waiting;
    ledger->erase_waiting_count = change->erase_waiting_count;
    change->erase_waiting = NULL;
    change->erase_waiting_count = change->erase_waiting_cap = 0;
}

static void apply_confirmed(struct ledger_topic_place *place,
                            const struct ledger_confirmed *confirmed) {
    for (size_t i = 0; i < confirmed->ack_count; i++)
        if (confirmed->acks[i].offset >= 0)
            ledger_set_offset(place, confirmed->acks[i].partition, confirmed->acks[i].offset);
    if (confirmed->partitions)
        place->partitions = confirmed->partitions;
}

void ledger_apply(struct ledger *ledger, struct ledger_group *group) {
    struct ledger_change *change = group->change;
    apply_forgotten(ledger, change);
    apply_members(ledger, change);
    apply_erase_waiting(ledger, change);
    index_each(change->index, apply_index, ledger);
    counts_each(change->counts, apply_count, ledger);
    ledger->totals = change->totals;
    ledger->first_seq = change->first_seq;
    ledger->last_seq = change->last_seq;
    ledger->person_last = change->person_last;
    ledger->words = change->words;
    ledger->chain = change->chain;
    ledger->quarantined = change->quarantined;
    ledger->quarantine_last = change->quarantine_last;
    ledger->waiting += change->added;
    ledger->waiting -= change->confirmed + change->dropped;
    ledger->statistics = change->statistics;
    ledger->statistics_waiting = change->statistics_waiting;
    if (statistics_topic_is_new(ledger, &group->confirmed[LEDGER_STATISTICS]))
        ledger->topics[LEDGER_STATISTICS].offset_count = 0;
    for (int i = 0; i < LEDGER_TOPICS; i++)
        apply_confirmed(&ledger->topics[i], &group->confirmed[i]);
    ledger->last_commit_ms = loop_wall_ms();
}
