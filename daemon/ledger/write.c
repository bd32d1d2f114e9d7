// SPDX-License-Identifier: EUPL-1.2
// One entry of the ledger, with what follows from it: its event in the outbox, the index, the
// counts and the members of persons. All that makes a version of a signal goes through here.
#include "ledger/ledger.h"

#include "codec/event_kept.h"
#include "ledger_private.h"

void ledger_write_entry(struct ledger_writer *writer, const struct ledger_entry *entry) {
    struct ledger_change *change = writer->change;
    buf_clear(&change->record);
    record_put_ledger(&change->record, entry, buf_str(&change->value));
    if (change->value.overflow || change->record.overflow) {
        err_set(&writer->txn.err, ERR_FATAL, "an event is larger than it can be");
        return;
    }
    store_append(&writer->txn, STORE_LEDGER, entry->seq, buf_str(&change->record));
    store_append(&writer->txn, STORE_OUTBOX, entry->seq, STR(""));
    change->last_seq = entry->seq;
    change->added++;
    writer->writes = true;
}

void ledger_write_signal(struct ledger_writer *writer, struct ledger_entry *entry,
                         const struct ledger_entry *known, const struct tables *tables,
                         const char *as_reported) {
    struct ledger_change *change = writer->change;
    struct digest linked[EVENT_LINKED_MAX];
    struct event_parts parts;
    event_make_parts(&parts, tables->municipalities, entry,
                     known && ledger_entry_counts(known) ? known : NULL);
    parts.as_reported = str_from(as_reported);
    parts.linked = linked;
    if (entry->counts && entry->person)
        parts.linked_count =
            ledger_linked(writer, entry->person, &entry->identity, linked, EVENT_LINKED_MAX);
    buf_clear(&change->value);
    event_keep(&change->value, &parts);
    ledger_write_entry(writer, entry);
    ledger_lead(writer, &entry->identity, entry->seq);
    ledger_move_member(writer, known, entry);
    ledger_note_moved(writer, (struct str){entry->source, entry->source_len},
                      known && known->counts ? &known->cell : NULL,
                      entry->counts ? &entry->cell : NULL);
    if (known && known->counts)
        counts_add(change->counts, &known->cell, -1);
    if (entry->counts)
        counts_add(change->counts, &entry->cell, 1);
}
