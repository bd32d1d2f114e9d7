// SPDX-License-Identifier: EUPL-1.2
#include "codec/record.h"

#include <assert.h>
#include <string.h>

enum { RECORD_FORMAT = 1, FLAG_COUNTS = 1, FLAG_POLLED = 2, TOTALS_WORDS = VERDICT_COUNT + 4 };
enum { FEED_HEAD = 26 + DIGEST_BYTES, FLAG_SILENT = 1, FLAG_PAUSED = 2 };
enum { QUARANTINE_HEAD = 35, REASON_BYTES = 2 }; // a reason: code, length of its pointer, pointer

static_assert(SIGNAL_ID_MAX <= UINT8_MAX && LEDGER_SOURCE_MAX <= UINT8_MAX, "lengths are one byte");

static void put(uint8_t *at, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *at, size_t size) {
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static void put_cell(uint8_t *at, const struct cell *cell) {
    put(at, cell->municipality, 2);
    put(at + 2, cell->categories, 2);
    put(at + 4, cell->month, 2);
    at[6] = cell->gender;
    at[7] = cell->age_group;
    at[8] = cell->citizenship;
    at[9] = cell->source_kind;
    at[10] = cell->status;
    at[11] = 0;
}

static bool get_cell(const uint8_t *at, struct cell *cell) {
    *cell = (struct cell){.municipality = (uint16_t)get(at, 2),
                          .categories = (uint16_t)get(at + 2, 2),
                          .month = (uint16_t)get(at + 4, 2),
                          .gender = at[6],
                          .age_group = at[7],
                          .citizenship = at[8],
                          .source_kind = at[9],
                          .status = at[10]};
    return cell->categories < 1u << CATEGORY_COUNT && cell->gender < GENDER_COUNT &&
           cell->age_group < AGE_COUNT && cell->citizenship < CITIZENSHIP_COUNT &&
           cell->source_kind < SOURCE_KIND_COUNT && cell->status < STATUS_COUNT && at[11] == 0;
}

void record_put_ledger(struct buf *out, const struct ledger_row *row, struct str event) {
    uint8_t head[RECORD_LEDGER_HEAD] = {RECORD_FORMAT, (uint8_t)row->verdict};
    head[2] = (uint8_t)((row->counts ? FLAG_COUNTS : 0) | (row->polled ? FLAG_POLLED : 0));
    head[3] = row->source_len;
    head[4] = row->id_len;
    head[5] = (uint8_t)row->kind;
    put(head + 6, row->municipality_today, 2);
    put(head + 8, row->previous, 8);
    put(head + 16, row->first, 8);
    put(head + 24, (uint64_t)row->received_ms, 8);
    put(head + 32, (uint64_t)row->logged_ms, 8);
    put(head + 40, row->version, 4);
    put(head + 44, (uint32_t)row->reported, 4);
    put(head + 48, (uint32_t)row->occurred, 4);
    put(head + 52, row->key_municipality, 2);
    put_cell(head + 54, &row->cell);
    memcpy(head + 66, row->identity.bytes, DIGEST_BYTES);
    memcpy(head + 82, row->content.bytes, DIGEST_BYTES);
    buf_put(out, head, sizeof head);
    buf_put(out, row->source, row->source_len);
    buf_put(out, row->id, row->id_len);
    buf_put_str(out, event);
}

bool record_get_ledger(struct str record, uint64_t seq, struct ledger_row *row, struct str *event) {
    const uint8_t *head = (const uint8_t *)record.data;
    if (record.len < RECORD_LEDGER_HEAD || head[0] != RECORD_FORMAT || head[1] >= VERDICT_COUNT ||
        head[5] >= LEDGER_KINDS || head[3] > LEDGER_SOURCE_MAX || head[4] > SIGNAL_ID_MAX ||
        record.len < (size_t)RECORD_LEDGER_HEAD + head[3] + head[4])
        return false;
    memset(row, 0, sizeof *row);
    row->seq = seq;
    row->kind = (enum ledger_kind)head[5];
    row->verdict = (enum verdict)head[1];
    row->counts = head[2] & FLAG_COUNTS;
    row->polled = head[2] & FLAG_POLLED;
    row->source_len = head[3];
    row->id_len = head[4];
    row->municipality_today = (uint16_t)get(head + 6, 2);
    row->previous = get(head + 8, 8);
    row->first = get(head + 16, 8);
    row->received_ms = (int64_t)get(head + 24, 8);
    row->logged_ms = (int64_t)get(head + 32, 8);
    row->version = (uint32_t)get(head + 40, 4);
    row->reported = (int32_t)(uint32_t)get(head + 44, 4);
    row->occurred = (int32_t)(uint32_t)get(head + 48, 4);
    row->key_municipality = (uint16_t)get(head + 52, 2);
    memcpy(row->identity.bytes, head + 66, DIGEST_BYTES);
    memcpy(row->content.bytes, head + 82, DIGEST_BYTES);
    memcpy(row->source, record.data + RECORD_LEDGER_HEAD, row->source_len);
    memcpy(row->id, record.data + RECORD_LEDGER_HEAD + row->source_len, row->id_len);
    size_t used = (size_t)RECORD_LEDGER_HEAD + row->source_len + row->id_len;
    *event = (struct str){record.data + used, record.len - used};
    return get_cell(head + 54, &row->cell);
}

void record_put_published(char out[RECORD_PUBLISHED], int32_t partition, int64_t offset) {
    put((uint8_t *)out, (uint32_t)partition, 4);
    put((uint8_t *)out + 4, (uint64_t)(offset + 1), 8);
}

bool record_get_published(struct str record, int32_t *partition, int64_t *offset) {
    if (record.len != RECORD_PUBLISHED)
        return false;
    *partition = (int32_t)(uint32_t)get((const uint8_t *)record.data, 4);
    *offset = (int64_t)get((const uint8_t *)record.data + 4, 8) - 1;
    return true;
}

static void put_text(struct buf *out, const char *text) {
    uint8_t len = (uint8_t)strlen(text);
    buf_put(out, &len, 1);
    buf_put(out, text, len);
}

static bool get_text(struct str *rest, char *text, size_t max) {
    size_t len = rest->len ? (uint8_t)rest->data[0] : SIZE_MAX;
    if (len > max || rest->len < len + 1)
        return false;
    memcpy(text, rest->data + 1, len);
    text[len] = '\0';
    *rest = (struct str){rest->data + len + 1, rest->len - len - 1};
    return true;
}

void record_put_feed(struct buf *out, const struct feed_record *feed) {
    uint8_t head[FEED_HEAD] = {RECORD_FORMAT};
    head[1] = (uint8_t)((feed->silent ? FLAG_SILENT : 0) | (feed->paused ? FLAG_PAUSED : 0));
    put(head + 2, (uint64_t)feed->first_ms, 8);
    put(head + 10, (uint64_t)feed->contact_ms, 8);
    put(head + 18, (uint64_t)feed->signal_ms, 8);
    memcpy(head + 26, feed->place.bytes, DIGEST_BYTES);
    buf_put(out, head, sizeof head);
    put_text(out, feed->cursor);
    put_text(out, feed->etag);
    put_text(out, feed->last_modified);
}

bool record_get_feed(struct str record, struct feed_record *feed) {
    const uint8_t *head = (const uint8_t *)record.data;
    memset(feed, 0, sizeof *feed);
    if (record.len < FEED_HEAD || head[0] != RECORD_FORMAT)
        return false;
    feed->silent = head[1] & FLAG_SILENT;
    feed->paused = head[1] & FLAG_PAUSED;
    feed->first_ms = (int64_t)get(head + 2, 8);
    feed->contact_ms = (int64_t)get(head + 10, 8);
    feed->signal_ms = (int64_t)get(head + 18, 8);
    memcpy(feed->place.bytes, head + 26, DIGEST_BYTES);
    struct str rest = {record.data + FEED_HEAD, record.len - FEED_HEAD};
    return get_text(&rest, feed->cursor, RECORD_CURSOR_MAX) &&
           get_text(&rest, feed->etag, RECORD_FEED_TEXT_MAX) &&
           get_text(&rest, feed->last_modified, RECORD_FEED_TEXT_MAX) && rest.len == 0;
}

void record_put_quarantine(struct buf *out, const struct quarantine_record *entry) {
    uint8_t head[QUARANTINE_HEAD] = {RECORD_FORMAT, entry->page, entry->reason_count};
    put(head + 3, entry->number, 8);
    put(head + 11, (uint64_t)entry->first_ms, 8);
    put(head + 19, (uint64_t)entry->last_ms, 8);
    put(head + 27, entry->times, 4);
    put(head + 31, entry->index, 4);
    buf_put(out, head, sizeof head);
    put_text(out, entry->source);
    put_text(out, entry->id);
    put_text(out, entry->cursor);
    for (size_t i = 0; i < entry->reason_count; i++) {
        uint8_t code = (uint8_t)entry->reasons[i].code;
        buf_put(out, &code, 1);
        put_text(out, entry->reasons[i].pointer);
    }
}

static bool get_reason(struct str *rest, struct quarantine_reason *reason) {
    if (rest->len < REASON_BYTES || (uint8_t)rest->data[0] >= FAULT_COUNT)
        return false;
    reason->code = (enum fault_code)rest->data[0];
    *rest = (struct str){rest->data + 1, rest->len - 1};
    return get_text(rest, reason->pointer, sizeof reason->pointer - 1);
}

bool record_get_quarantine(struct str record, struct quarantine_record *entry) {
    const uint8_t *head = (const uint8_t *)record.data;
    memset(entry, 0, sizeof *entry);
    if (record.len < QUARANTINE_HEAD || head[0] != RECORD_FORMAT || head[2] > RECORD_REASONS_MAX)
        return false;
    entry->page = head[1];
    entry->reason_count = head[2];
    entry->number = get(head + 3, 8);
    entry->first_ms = (int64_t)get(head + 11, 8);
    entry->last_ms = (int64_t)get(head + 19, 8);
    entry->times = (uint32_t)get(head + 27, 4);
    entry->index = (uint32_t)get(head + 31, 4);
    struct str rest = {record.data + QUARANTINE_HEAD, record.len - QUARANTINE_HEAD};
    bool ok = get_text(&rest, entry->source, LEDGER_SOURCE_MAX) &&
              get_text(&rest, entry->id, SIGNAL_ID_MAX) &&
              get_text(&rest, entry->cursor, RECORD_CURSOR_MAX);
    for (size_t i = 0; ok && i < entry->reason_count; i++)
        ok = get_reason(&rest, &entry->reasons[i]);
    return ok && rest.len == 0;
}

void record_put_totals(struct buf *out, const struct totals *totals) {
    uint8_t bytes[TOTALS_WORDS * 8];
    for (size_t i = 0; i < VERDICT_COUNT; i++)
        put(bytes + 8 * i, totals->verdicts[i], 8);
    put(bytes + 8 * VERDICT_COUNT, totals->unknown_fields, 8);
    put(bytes + 8 * (VERDICT_COUNT + 1), totals->unknown_words, 8);
    put(bytes + 8 * (VERDICT_COUNT + 2), totals->unknown_municipalities, 8);
    put(bytes + 8 * (VERDICT_COUNT + 3), totals->not_quarantined, 8);
    buf_put(out, bytes, sizeof bytes);
}

bool record_get_totals(struct str record, struct totals *totals) {
    const uint8_t *bytes = (const uint8_t *)record.data;
    if (record.len != TOTALS_WORDS * 8)
        return false;
    for (size_t i = 0; i < VERDICT_COUNT; i++)
        totals->verdicts[i] = get(bytes + 8 * i, 8);
    totals->unknown_fields = get(bytes + 8 * VERDICT_COUNT, 8);
    totals->unknown_words = get(bytes + 8 * (VERDICT_COUNT + 1), 8);
    totals->unknown_municipalities = get(bytes + 8 * (VERDICT_COUNT + 2), 8);
    totals->not_quarantined = get(bytes + 8 * (VERDICT_COUNT + 3), 8);
    return true;
}
