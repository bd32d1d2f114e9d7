// SPDX-License-Identifier: EUPL-1.2
// The outbox of each topic, read by a cursor: the publisher takes as many entries as it has room
// for and stops, without a call back for each.
#include "ledger/outbox.h"

#include "base/mem.h"
#include "codec/event.h"
#include "ledger_private.h"

#include <stdlib.h>

struct ledger_outbox {
    struct store_txn txn;
    struct store_cursor cursor;
    const struct ledger *ledger;
    enum ledger_topic topic;
    struct buf value;
};

static const enum store_table tables[LEDGER_TOPICS] = {
    [LEDGER_EVENTS] = STORE_OUTBOX,
    [LEDGER_STATISTICS] = STORE_STATISTICS_OUTBOX,
    [LEDGER_CURRENT] = STORE_CURRENT_OUTBOX,
};

struct ledger_outbox *ledger_outbox_open(struct ledger *ledger, enum ledger_topic topic,
                                         uint64_t after) {
    struct ledger_outbox *outbox = mem_zalloc(1, sizeof *outbox);
    outbox->ledger = ledger;
    outbox->topic = topic;
    buf_init(&outbox->value, EVENT_VALUE_MAX);
    store_begin_read(ledger->store, &outbox->txn);
    store_cursor_open(&outbox->cursor, &outbox->txn, tables[topic], after + 1);
    return outbox;
}

// The signal's latest line, which may have come behind the entry: so what was erased is never told,
// and an entry that goes late tells nothing old. The memory may be behind the disk, never before
// it.
static uint64_t latest_of(struct ledger_outbox *outbox, const struct digest *signal,
                          uint64_t line) {
    if (leads_has(outbox->ledger->leads, signal, line))
        return line;
    uint64_t latest = ledger_find_in(outbox->ledger, &outbox->txn, signal);
    return latest > line ? latest : line;
}

static bool get_current(struct ledger_outbox *outbox, struct str record,
                        struct outbox_entry *entry) {
    uint64_t line;
    if (!ledger_read_current(record, &entry->signal, &line))
        return false;
    line = latest_of(outbox, &entry->signal, line);
    entry->stands = ledger_read_standing(&outbox->txn, &entry->signal, line, &entry->event.entry,
                                         &entry->event.kept);
    return true;
}

bool ledger_outbox_next(struct ledger_outbox *outbox, struct outbox_entry *entry) {
    struct str value;
    while (store_cursor_next(&outbox->cursor, &entry->seq, &value)) {
        if (outbox->topic == LEDGER_STATISTICS)
            return record_get_statistic_waiting(value, &entry->key, &entry->value);
        if (outbox->topic == LEDGER_CURRENT)
            return get_current(outbox, value, entry);
        if (!ledger_read_event(&outbox->txn, entry->seq, &entry->event))
            return false;
        if (entry->event.entry.kind != LEDGER_LOST)
            return ledger_make_event(&entry->event, &outbox->value);
    }
    return false;
}

void ledger_outbox_close(struct ledger_outbox *outbox) {
    store_cursor_close(&outbox->cursor);
    store_abort(&outbox->txn);
    buf_free(&outbox->value);
    free(outbox);
}

int64_t ledger_oldest_waiting_ms(struct ledger *ledger) {
    struct outbox_entry entry;
    if (ledger->waiting == 0)
        return 0;
    struct ledger_outbox *outbox = ledger_outbox_open(ledger, LEDGER_EVENTS, 0);
    int64_t logged_ms = ledger_outbox_next(outbox, &entry) ? entry.event.entry.logged_ms : 0;
    ledger_outbox_close(outbox);
    return logged_ms;
}
