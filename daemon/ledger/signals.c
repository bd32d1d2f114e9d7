// SPDX-License-Identifier: EUPL-1.2
// What a source delivered: each signal is classified against what is known of it
// (core/signal/dedup.h) in order of arrival; what is new becomes an entry, and the item gets its
// verdict and version.
#include "ledger/ledger.h"

#include "base/mem.h"
#include "core/normalise/normalise.h"
#include "core/signal/dedup.h"
#include "ledger_private.h"

// No new version: there is nothing to tell.
void ledger_keep_later_time(struct ledger_writer *writer, const struct ledger_entry *known,
                            const struct signal *signal) {
    struct buf *record = &writer->change->record;
    struct str old;
    if (!store_get_seq(&writer->txn, STORE_LEDGER, known->seq, &old))
        return;
    buf_clear(record);
    buf_put_str(record, old);
    record_set_updated(record, signal->updated_ms);
    store_put_seq(&writer->txn, STORE_LEDGER, known->seq, buf_str(record));
    writer->writes = true;
}

void ledger_keep_day(const struct tables *tables, const struct source *source, int64_t received_ms,
                     const struct ledger_entry *known, struct signal *signal) {
    if (signal->undated && !signal->withdrawn && known->reported != TIME_DAY_NONE)
        normalise_redate(tables->municipalities, source ? source->municipality : 0, known->reported,
                         received_ms, signal);
}

static void note_change(struct delivery *delivery, const struct page_item *item,
                        const struct ledger_entry *known, const struct signal *signal) {
    delivery->changes = mem_grow(delivery->changes, delivery->change_count, &delivery->change_cap,
                                 sizeof *delivery->changes);
    delivery->changes[delivery->change_count++] =
        (struct delivery_change){.item = (size_t)(item - delivery->content.items),
                                 .before = changes_state_known(known),
                                 .after = changes_state_delivered(signal)};
}

static void take_item(struct ledger_writer *writer, struct delivery *delivery,
                      struct page_item *item) {
    struct signal *signal = &delivery->content.signals[item->signal];
    struct ledger_entry known, entry;
    bool seen = ledger_find_known(writer, &signal->identity, &known);
    if (writer->txn.err.kind != ERR_NONE)
        return;
    item->verdict = dedup_classify(seen ? &known : NULL, signal);
    if (seen)
        ledger_keep_day(delivery->tables, delivery->source, delivery->received_ms, &known, signal);
    if (delivery->dry_run && item->repeats)
        item->verdict = VERDICT_DUPLICATE;
    if (seen && item->verdict != VERDICT_DUPLICATE)
        ledger_keep_day(delivery->tables, delivery->source, delivery->received_ms, &known, signal);
    if (delivery->preview && item->verdict == VERDICT_CORRECTED)
        note_change(delivery, item, &known, signal);
    if (!delivery->dry_run && !signal->withdrawn && !(seen && known.erased))
        ledger_note_listed(writer, delivery, &signal->identity);
    if (item->verdict == VERDICT_DUPLICATE || delivery->dry_run) {
        bool adds = item->verdict != VERDICT_DUPLICATE || !seen; // a dry run: would be its version
        item->version = (seen ? known.version : 0) + adds;
        if (seen && !delivery->dry_run && dedup_is_seen_later(&known, signal))
            ledger_keep_later_time(writer, &known, signal);
        return;
    }
    struct dedup_origin origin = {.source = str_from(delivery->source->name),
                                  .polled = delivery->polled,
                                  .received_ms = delivery->received_ms,
                                  .logged_ms = writer->logged_ms};
    dedup_entry(seen ? &known : NULL, signal, item->verdict, writer->change->last_seq + 1, &origin,
                &entry);
    if (entry.counts)
        entry.person = ledger_commit_person(writer, &signal->person);
    item->version = entry.version;
    ledger_write_signal(writer, &entry, seen ? &known : NULL, delivery->tables,
                        signal->as_reported);
    if (seen && signal->consent_withheld)
        ledger_forget_person(writer, &known);
    delivery->counts |= ledger_entry_counts(&entry);
    if (entry.counts)
        ledger_keep_unmapped(writer, delivery, item->signal);
}

void ledger_take_delivery(struct ledger_writer *writer, struct commit_task *task) {
    struct delivery *delivery = (struct delivery *)task;
    struct totals *totals = &writer->change->totals;
    uint64_t before = writer->change->last_seq;
    size_t from = delivery->taken, end = delivery->content.item_count;
    size_t part = task->part ? task->part : LEDGER_PART_ITEMS;
    if (from == 0)
        delivery->change_count = 0; // a commit that failed may have noted some
    if (delivery->polled && !delivery->content.decoded.failed && end - from > part)
        end = from + part;
    for (size_t i = from; i < end; i++) {
        struct page_item *item = &delivery->content.items[i];
        if (item->signal != UINT32_MAX)
            take_item(writer, delivery, item);
        totals->verdicts[item->verdict] += !delivery->dry_run;
    }
    delivery->taken = end;
    size_t left_out = delivery->dry_run ? 0 : ledger_withdraw_left_out(writer, delivery);
    if (delivery->preview)
        delivery->takes_back = ledger_count_left_out(writer, delivery);
    delivery->news = delivery->news || writer->change->last_seq > before;
    task->items = delivery->content.item_count - end + left_out;
    task->more = task->items > 0;
    if (delivery->polled)
        ledger_commit_refused(writer, delivery, from);
    if (delivery->dry_run || task->more)
        return;
    const struct page_tally tally = page_add_up(&delivery->content);
    totals->unknown_fields += tally.dropped;
    totals->unmapped += tally.unmapped;
    totals->unknown_municipalities += tally.places_unmapped;
    ledger_commit_source(writer, delivery, delivery->news);
}
