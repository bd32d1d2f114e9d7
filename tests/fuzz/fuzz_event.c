// SPDX-License-Identifier: EUPL-1.2
// Values of a topic that anybody may have written, read as events. What is read fits in a ledger's
// line, and comes back as it was.
#include "codec/event_kept.h"
#include "codec/record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds) {
    if (!holds)
        abort();
}

static void check_record(const struct ledger_entry *entry, struct str value) {
    struct ledger_entry back;
    struct str event;
    struct buf record;
    buf_init(&record, EVENT_VALUE_MAX * 2);
    record_put_ledger(&record, entry, value);
    check(!record.overflow && record_get_ledger(buf_str(&record), entry->seq, &back, &event));
    check(memcmp(&back.cell, &entry->cell, sizeof back.cell) == 0 &&
          back.version == entry->version && back.received_ms == entry->received_ms &&
          back.source_len == entry->source_len && event.len == value.len);
    buf_free(&record);
}

// What is kept of a value gives the same bytes.
static void check_kept(struct str value, const struct event_said *said) {
    struct buf kept, back;
    buf_init(&kept, EVENT_VALUE_MAX + 1);
    buf_init(&back, EVENT_VALUE_MAX);
    event_keep_said(&kept, value, said);
    check(event_unkeep(&back, &said->entry, buf_str(&kept)) && str_equal(buf_str(&back), value));
    buf_free(&kept);
    buf_free(&back);
}

// Bytes of a damaged ledger are no event, or are one.
static void check_damaged(struct str kept) {
    static struct event_said said;
    const struct ledger_entry entry = {.version = 1};
    struct buf value;
    struct err err = {0};
    buf_init(&value, EVENT_VALUE_MAX);
    bool whole = event_unkeep(&value, &entry, kept);
    if (kept.len && kept.data[0] == 1)
        check(event_kept_says(kept, &entry, &said, &err) == whole);
    buf_free(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct event_said said;
    struct str value = {(const char *)data, size};
    struct ledger_entry entry;
    struct err err = {0};
    int64_t last_signal_ms;
    if (event_read_signal(value, &said, &err)) {
        check(said.entry.version > 0 && said.parts.linked_count <= EVENT_LINKED_MAX);
        check(!said.entry.counts || said.entry.cell.categories != 0);
        check(said.stub == said.entry.erased && (!said.stub || !said.entry.counts));
        check(!said.parts.has_previous ||
              (said.parts.previous.cell.categories != 0 && cell_counts(&said.parts.previous.cell)));
        check_record(&said.entry, value);
        check_kept(value, &said);
    } else {
        check(err.kind == ERR_INPUT && err.text[0]);
    }
    check_damaged(value);
    if (event_read_source(value, &entry, &last_signal_ms, &err))
        check_record(&entry, value);
    struct event_departed departed;
    if (event_read_departed(value, &departed, &err))
        check(departed.kind[0] && departed.region[0] && departed.category < CATEGORY_COUNT &&
              departed.closed >= 2 * DEPARTURES_MONTHS - 1);
    return 0;
}
