// SPDX-License-Identifier: EUPL-1.2
// Reads one record of the topic back into a ledger entry. Headers and value must agree with each
// other as the publisher writes them; otherwise the record is an error and no entry. The found
// entry borrows the buffer for what is kept of its event.
#include "jobs/topic_event.h"

#include "codec/event_kept.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool bad(struct err *err, const char *header) {
    return err_set(err, ERR_INPUT, "it is no event of ours: header %s", header);
}

// "GM0363", or the name of the source where the municipality was not known.
static bool read_key(struct str key, struct ledger_entry *entry) {
    uint64_t number;
    if (str_equal(key, (struct str){entry->source, entry->source_len}))
        return true;
    if (key.len != 6 || memcmp(key.data, "GM", 2) != 0 ||
        !str_to_u64((struct str){key.data + 2, 4}, 9999, &number))
        return false;
    entry->key_municipality = (uint16_t)number;
    return number > 0;
}

static bool read_signal(const struct publish_record *record, struct ledger_entry *entry,
                        struct buf *kept, struct err *err) {
    struct event_said said;
    struct str updated = publish_record_header(record, EVENT_HEADER_UPDATED);
    uint64_t updated_ms = 0;
    if (!event_read_signal(record->value, &said, err))
        return false;
    if (entry->erased != said.entry.erased || entry->verdict != said.entry.verdict)
        return bad(err, "ce_type");
    if (!digest_from_hex(publish_record_header(record, EVENT_HEADER_CONTENT), &said.entry.content))
        return bad(err, EVENT_HEADER_CONTENT);
    if (updated.data && !str_to_u64(updated, INT64_MAX, &updated_ms))
        return bad(err, EVENT_HEADER_UPDATED);
    event_keep_said(kept, record->value, &said);
    said.entry.kind = entry->kind;
    said.entry.logged_ms = entry->logged_ms;
    said.entry.updated_ms = (int64_t)updated_ms;
    if (said.stub)
        said.entry.received_ms = entry->logged_ms;
    *entry = said.entry;
    return true;
}

// Its identity is in the event's id.
static bool read_source(const struct publish_record *record, struct ledger_entry *entry,
                        struct buf *kept, struct err *err) {
    struct ledger_entry said;
    struct str id = publish_record_header(record, "ce_id");
    int64_t last_signal_ms;
    if (!event_read_source(record->value, &said, &last_signal_ms, err))
        return false;
    if (id.len < DIGEST_HEX || !digest_from_hex((struct str){id.data, DIGEST_HEX}, &said.identity))
        return bad(err, "ce_id");
    event_keep_value(kept, record->value);
    said.kind = entry->kind;
    said.verdict = entry->verdict;
    said.logged_ms = said.received_ms = entry->logged_ms;
    *entry = said;
    return true;
}

// The same; the region stands in the place of a source.
static bool read_trend(const struct publish_record *record, struct ledger_entry *entry,
                       struct buf *kept, struct err *err) {
    struct event_departed said;
    struct str id = publish_record_header(record, "ce_id");
    if (!event_read_departed(record->value, &said, err))
        return false;
    if (id.len < DIGEST_HEX ||
        !digest_from_hex((struct str){id.data, DIGEST_HEX}, &entry->identity))
        return bad(err, "ce_id");
    event_keep_value(kept, record->value);
    entry->received_ms = entry->logged_ms;
    entry->reported = entry->occurred = TIME_DAY_NONE;
    entry->source_len = (uint8_t)strlen(said.region);
    memcpy(entry->source, said.region, sizeof said.region);
    return true;
}

static bool read_value(const struct publish_record *record, struct ledger_entry *entry,
                       struct buf *kept, struct err *err) {
    if (entry->kind == LEDGER_TREND_DEPARTED)
        return read_trend(record, entry, kept, err);
    return entry->kind == LEDGER_SIGNAL ? read_signal(record, entry, kept, err)
                                        : read_source(record, entry, kept, err);
}

bool topic_event_read(const struct publish_record *record, struct buf *kept,
                      struct ledger_found *found, struct err *err) {
    struct ledger_entry *entry = &found->entry;
    char sequence[16], id[EVENT_ID_MAX];
    *found = (struct ledger_found){.partition = record->partition, .offset = record->offset};
    buf_clear(kept);
    if (record->seq == 0)
        return bad(err, PUBLISH_HEADER_SEQ);
    (void)snprintf(sequence, sizeof sequence, "%" PRId32, (int32_t)(uint32_t)record->seq);
    if (!str_is(publish_record_header(record, "ce_sequence"), sequence))
        return bad(err, "ce_sequence");
    if (!event_read_type(publish_record_header(record, "ce_type"), entry))
        return bad(err, "ce_type");
    if (!time_parse_stamp(publish_record_header(record, "ce_time"), &entry->logged_ms))
        return bad(err, "ce_time");
    if (!read_value(record, entry, kept, err))
        return false;
    found->kept = buf_str(kept);
    entry->seq = record->seq;
    event_id(entry, id);
    if (!str_is(publish_record_header(record, "ce_id"), id))
        return bad(err, "ce_id");
    return read_key(record->key, entry) || err_set(err, ERR_INPUT, "it is no event of ours: key");
}
