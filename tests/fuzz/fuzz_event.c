// SPDX-License-Identifier: EUPL-1.2
// Values of a topic that anybody may have written, read as events. What is read fits in a ledger's
// line, and comes back as it was.
#include "codec/event_read.h"
#include "codec/record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds) {
    if (!holds)
        abort();
}

static void check_record(const struct ledger_entry *row, struct str value) {
    struct ledger_entry back;
    struct str event;
    struct buf record;
    buf_init(&record, EVENT_VALUE_MAX * 2);
    record_put_ledger(&record, row, value);
    check(!record.overflow && record_get_ledger(buf_str(&record), row->seq, &back, &event));
    check(memcmp(&back.cell, &row->cell, sizeof back.cell) == 0 && back.version == row->version &&
          back.received_ms == row->received_ms && back.source_len == row->source_len &&
          event.len == value.len);
    buf_free(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct event_said said;
    struct str value = {(const char *)data, size};
    struct ledger_entry row;
    struct err err = {0};
    int64_t last_signal_ms;
    if (event_read_signal(value, &said, &err)) {
        check(said.row.version > 0 && said.linked_count <= EVENT_LINKED_MAX);
        check(said.row.counts == (said.row.cell.categories != 0));
        check(!said.stub || !said.row.counts);
        check(!said.has_previous || said.previous.categories != 0);
        check_record(&said.row, value);
    } else {
        check(err.kind == ERR_INPUT && err.text[0]);
    }
    if (event_read_source(value, &row, &last_signal_ms, &err))
        check_record(&row, value);
    return 0;
}
