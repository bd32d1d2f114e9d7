// SPDX-License-Identifier: EUPL-1.2
// Packs and unpacks the records of the store, byte by byte and little-endian, so that a store can
// be copied to another machine. A record of another length or format is refused whole; nothing is
// read past its end. What sources wrote freely is sealed with the key. Texts that a reader gets
// borrow from the record.
#include "codec/record.h"

#include "base/bytes.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

enum {
    RECORD_FORMAT = 5,
    FLAG_COUNTS = 1,
    FLAG_POLLED = 2,
    FLAG_ERASED = 4,
    FLAG_REMAPPED = 8,
    FLAG_UNKNOWN_SAID = 16,
    FLAG_HOW = 32, // two bits that are a number
    FLAG_UNDATED = 128,
    UNKNOWN_BYTES = 1 + DIGEST_BYTES,
};
enum {
    FEED_REFUSED = 56 + DIGEST_BYTES,
    FEED_HEAD = FEED_REFUSED + 4 * RECORD_REFUSED_MONTHS,
    FLAG_SILENT = 1,
    FLAG_PAUSED = 2,
    FLAG_LISTED = 4
};
enum { QUARANTINE_HEAD = 35, REASON_BYTES = 2 }; // a reason: code, length of its pointer, pointer
enum { PERSON_BYTES = RECORD_MEMBER - DIGEST_BYTES };
enum { UNMAPPED_HEAD = 24 + DIGEST_BYTES };
// What is sealed together: up to three texts with a length each.
enum { SEALED_MAX = RECORD_CURSOR_MAX + 2 * RECORD_FEED_TEXT_MAX + 3 };

static_assert(SIGNAL_ID_MAX <= UINT8_MAX && LEDGER_SOURCE_MAX <= UINT8_MAX, "lengths are one byte");

struct str record_put_cell(uint8_t at[sizeof(struct cell)], const struct cell *cell) {
    bytes_put(at, cell->municipality, 2);
    bytes_put(at + 2, cell->categories, 2);
    bytes_put(at + 4, cell->month, 2);
    at[6] = cell->gender;
    at[7] = cell->age_group;
    at[8] = cell->citizenship;
    at[9] = cell->source_kind;
    at[10] = cell->status;
    at[11] = 0;
    return (struct str){(const char *)at, sizeof *cell};
}

bool record_get_cell(struct str record, struct cell *cell) {
    const uint8_t *at = (const uint8_t *)record.data;
    if (record.len != sizeof *cell)
        return false;
    *cell = (struct cell){.municipality = (uint16_t)bytes_get(at, 2),
                          .categories = (uint16_t)bytes_get(at + 2, 2),
                          .month = (uint16_t)bytes_get(at + 4, 2),
                          .gender = at[6],
                          .age_group = at[7],
                          .citizenship = at[8],
                          .source_kind = at[9],
                          .status = at[10]};
    return cell->categories < 1u << CATEGORY_COUNT && cell->gender < GENDER_COUNT &&
           cell->age_group < AGE_COUNT && cell->citizenship < CITIZENSHIP_COUNT &&
           cell->source_kind < SOURCE_KIND_COUNT && cell->status < STATUS_COUNT && at[11] == 0;
}

void record_put_ledger(struct buf *out, const struct ledger_entry *entry, struct str event) {
    uint8_t head[RECORD_LEDGER_HEAD] = {RECORD_FORMAT, (uint8_t)entry->verdict};
    head[2] = (uint8_t)((entry->counts ? FLAG_COUNTS : 0) | (entry->polled ? FLAG_POLLED : 0) |
                        (entry->erased ? FLAG_ERASED : 0) | (entry->remapped ? FLAG_REMAPPED : 0) |
                        (entry->unknown_said ? FLAG_UNKNOWN_SAID : 0) |
                        (entry->undated ? FLAG_UNDATED : 0) | (unsigned)entry->how * FLAG_HOW);
    head[3] = entry->source_len;
    head[4] = entry->id_len;
    head[5] = (uint8_t)entry->kind;
    bytes_put(head + 6, entry->municipality_today, 2);
    bytes_put(head + 8, entry->previous, 8);
    bytes_put(head + 16, entry->first, 8);
    bytes_put(head + 24, (uint64_t)entry->received_ms, 8);
    bytes_put(head + 32, (uint64_t)entry->logged_ms, 8);
    bytes_put(head + 40, entry->version, 4);
    bytes_put(head + 44, (uint32_t)entry->reported, 4);
    bytes_put(head + 48, (uint32_t)entry->occurred, 4);
    bytes_put(head + 52, entry->key_municipality, 2);
    (void)record_put_cell(head + 54, &entry->cell);
    memcpy(head + 66, entry->identity.bytes, DIGEST_BYTES);
    memcpy(head + 82, entry->content.bytes, DIGEST_BYTES);
    bytes_put(head + 98, (uint64_t)entry->updated_ms, 8);
    bytes_put(head + 106, entry->person, 8);
    head[114] = entry->unknown_count;
    buf_put(out, head, sizeof head);
    for (size_t i = 0; i < entry->unknown_count; i++) {
        buf_put(out, &entry->unknown[i].field, 1);
        buf_put(out, entry->unknown[i].word.bytes, DIGEST_BYTES);
    }
    buf_put(out, entry->source, entry->source_len);
    buf_put(out, entry->id, entry->id_len);
    buf_put_str(out, event);
}

static bool get_unknown(struct str *rest, struct ledger_entry *entry) {
    size_t bytes = (size_t)entry->unknown_count * UNKNOWN_BYTES;
    if (entry->unknown_count > SIGNAL_UNKNOWN_MAX || rest->len < bytes)
        return false;
    for (size_t i = 0; i < entry->unknown_count; i++) {
        const char *at = rest->data + i * UNKNOWN_BYTES;
        entry->unknown[i].field = (uint8_t)at[0];
        memcpy(entry->unknown[i].word.bytes, at + 1, DIGEST_BYTES);
        if (entry->unknown[i].field >= UNMAPPED_FIELDS)
            return false;
    }
    *rest = (struct str){rest->data + bytes, rest->len - bytes};
    return true;
}

bool record_get_ledger(struct str record, uint64_t seq, struct ledger_entry *entry,
                       struct str *event) {
    const uint8_t *head = (const uint8_t *)record.data;
    if (record.len < RECORD_LEDGER_HEAD || head[0] != RECORD_FORMAT || head[1] >= VERDICT_COUNT ||
        head[5] >= LEDGER_KINDS || head[3] > LEDGER_SOURCE_MAX || head[4] > SIGNAL_ID_MAX)
        return false;
    memset(entry, 0, sizeof *entry);
    unsigned how = head[2] % FLAG_UNDATED / FLAG_HOW;
    if (how >= WITHDRAWALS)
        return false;
    entry->how = (enum withdrawal)how;
    entry->seq = seq;
    entry->kind = (enum ledger_kind)head[5];
    entry->verdict = (enum verdict)head[1];
    entry->counts = head[2] & FLAG_COUNTS;
    entry->polled = head[2] & FLAG_POLLED;
    entry->erased = head[2] & FLAG_ERASED;
    entry->remapped = head[2] & FLAG_REMAPPED;
    entry->unknown_said = head[2] & FLAG_UNKNOWN_SAID;
    entry->undated = head[2] & FLAG_UNDATED;
    entry->source_len = head[3];
    entry->id_len = head[4];
    entry->municipality_today = (uint16_t)bytes_get(head + 6, 2);
    entry->previous = bytes_get(head + 8, 8);
    entry->first = bytes_get(head + 16, 8);
    entry->received_ms = (int64_t)bytes_get(head + 24, 8);
    entry->logged_ms = (int64_t)bytes_get(head + 32, 8);
    entry->version = (uint32_t)bytes_get(head + 40, 4);
    entry->reported = (int32_t)(uint32_t)bytes_get(head + 44, 4);
    entry->occurred = (int32_t)(uint32_t)bytes_get(head + 48, 4);
    entry->key_municipality = (uint16_t)bytes_get(head + 52, 2);
    memcpy(entry->identity.bytes, head + 66, DIGEST_BYTES);
    memcpy(entry->content.bytes, head + 82, DIGEST_BYTES);
    entry->updated_ms = (int64_t)bytes_get(head + 98, 8);
    entry->person = bytes_get(head + 106, 8);
    entry->unknown_count = head[114];
    struct str rest = {record.data + RECORD_LEDGER_HEAD, record.len - RECORD_LEDGER_HEAD};
    if (!get_unknown(&rest, entry) || rest.len < (size_t)entry->source_len + entry->id_len)
        return false;
    memcpy(entry->source, rest.data, entry->source_len);
    memcpy(entry->id, rest.data + entry->source_len, entry->id_len);
    size_t used = (size_t)entry->source_len + entry->id_len;
    *event = (struct str){rest.data + used, rest.len - used};
    return record_get_cell((struct str){record.data + 54, sizeof(struct cell)}, &entry->cell);
}

void record_set_updated(struct buf *record, int64_t updated_ms) {
    assert(record->len >= RECORD_LEDGER_HEAD);
    bytes_put((uint8_t *)record->data + 98, (uint64_t)updated_ms, 8);
}

void record_clear_person(struct buf *record) {
    assert(record->len >= RECORD_LEDGER_HEAD);
    bytes_put((uint8_t *)record->data + 106, 0, 8);
}

void record_put_published(char out[RECORD_PUBLISHED], int32_t partition, int64_t offset) {
    bytes_put((uint8_t *)out, (uint32_t)partition, 4);
    bytes_put((uint8_t *)out + 4, (uint64_t)(offset + 1), 8);
}

bool record_get_published(struct str record, int32_t *partition, int64_t *offset) {
    if (record.len != RECORD_PUBLISHED)
        return false;
    *partition = (int32_t)(uint32_t)bytes_get((const uint8_t *)record.data, 4);
    *offset = (int64_t)bytes_get((const uint8_t *)record.data + 4, 8) - 1;
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

// Texts that others wrote, sealed as one: length u16, then the sealed bytes.
static void put_sealed(struct buf *out, const struct hash_key *key, const char *const *texts,
                       size_t count) {
    struct buf plain;
    uint8_t len[2];
    buf_init(&plain, SEALED_MAX);
    for (size_t i = 0; i < count; i++)
        put_text(&plain, texts[i]);
    bytes_put(len, plain.len + HASH_SEAL_EXTRA, sizeof len);
    buf_put(out, len, sizeof len);
    hash_seal(key, buf_str(&plain), out);
    hash_wipe(plain.data, plain.len);
    buf_free(&plain);
}

// Takes the sealed part off `rest` and opens it into `room`; absent when it cannot be opened.
static struct str get_sealed(struct str *rest, const struct hash_key *key, char room[SEALED_MAX]) {
    size_t len = rest->len < 2 ? SIZE_MAX : (size_t)bytes_get((const uint8_t *)rest->data, 2);
    size_t opened;
    if (len == SIZE_MAX || rest->len < len + 2 ||
        !hash_unseal(key, (struct str){rest->data + 2, len}, room, SEALED_MAX, &opened))
        return (struct str){NULL, 0};
    *rest = (struct str){rest->data + len + 2, rest->len - len - 2};
    return (struct str){room, opened};
}

void record_put_feed(struct buf *out, const struct feed_record *feed, const struct hash_key *key) {
    uint8_t head[FEED_HEAD] = {RECORD_FORMAT};
    const char *const texts[] = {feed->cursor, feed->etag, feed->last_modified};
    head[1] = (uint8_t)((feed->silent ? FLAG_SILENT : 0) | (feed->paused ? FLAG_PAUSED : 0) |
                        (feed->listed ? FLAG_LISTED : 0));
    bytes_put(head + 2, (uint64_t)feed->first_ms, 8);
    bytes_put(head + 10, (uint64_t)feed->contact_ms, 8);
    bytes_put(head + 18, (uint64_t)feed->signal_ms, 8);
    memcpy(head + 26, feed->place.bytes, DIGEST_BYTES);
    bytes_put(head + 42, (uint64_t)feed->whole_ms, 8);
    bytes_put(head + 50, feed->missing, 4);
    bytes_put(head + 54, feed->gone, 4);
    bytes_put(head + 58, feed->gone_allowed, 4);
    bytes_put(head + 62, (uint64_t)feed->signed_s, 8);
    bytes_put(head + 70, feed->refused_month, 2);
    for (size_t i = 0; i < RECORD_REFUSED_MONTHS; i++)
        bytes_put(head + FEED_REFUSED + 4 * i, feed->refused[i], 4);
    buf_put(out, head, sizeof head);
    put_sealed(out, key, texts, 3);
}

bool record_get_feed(struct str record, struct feed_record *feed, const struct hash_key *key) {
    const uint8_t *head = (const uint8_t *)record.data;
    char room[SEALED_MAX];
    memset(feed, 0, sizeof *feed);
    if (record.len < FEED_HEAD || head[0] != RECORD_FORMAT)
        return false;
    feed->silent = head[1] & FLAG_SILENT;
    feed->paused = head[1] & FLAG_PAUSED;
    feed->first_ms = (int64_t)bytes_get(head + 2, 8);
    feed->contact_ms = (int64_t)bytes_get(head + 10, 8);
    feed->signal_ms = (int64_t)bytes_get(head + 18, 8);
    memcpy(feed->place.bytes, head + 26, DIGEST_BYTES);
    feed->listed = head[1] & FLAG_LISTED;
    feed->whole_ms = (int64_t)bytes_get(head + 42, 8);
    feed->missing = (uint32_t)bytes_get(head + 50, 4);
    feed->gone = (uint32_t)bytes_get(head + 54, 4);
    feed->gone_allowed = (uint32_t)bytes_get(head + 58, 4);
    feed->signed_s = (int64_t)bytes_get(head + 62, 8);
    feed->refused_month = (uint16_t)bytes_get(head + 70, 2);
    for (size_t i = 0; i < RECORD_REFUSED_MONTHS; i++)
        feed->refused[i] = (uint32_t)bytes_get(head + FEED_REFUSED + 4 * i, 4);
    struct str rest = {record.data + FEED_HEAD, record.len - FEED_HEAD};
    struct str texts = get_sealed(&rest, key, room);
    return texts.data && get_text(&texts, feed->cursor, RECORD_CURSOR_MAX) &&
           get_text(&texts, feed->etag, RECORD_FEED_TEXT_MAX) &&
           get_text(&texts, feed->last_modified, RECORD_FEED_TEXT_MAX) && texts.len == 0 &&
           rest.len == 0;
}

void record_put_quarantine(struct buf *out, const struct quarantine_record *entry,
                           const struct hash_key *key) {
    uint8_t head[QUARANTINE_HEAD] = {RECORD_FORMAT, entry->page, entry->reason_count};
    const char *const texts[] = {entry->cursor};
    bytes_put(head + 3, entry->number, 8);
    bytes_put(head + 11, (uint64_t)entry->first_ms, 8);
    bytes_put(head + 19, (uint64_t)entry->last_ms, 8);
    bytes_put(head + 27, entry->times, 4);
    bytes_put(head + 31, entry->index, 4);
    buf_put(out, head, sizeof head);
    put_text(out, entry->source);
    put_text(out, entry->id);
    put_sealed(out, key, texts, 1);
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

bool record_get_quarantine(struct str record, struct quarantine_record *entry,
                           const struct hash_key *key) {
    const uint8_t *head = (const uint8_t *)record.data;
    char room[SEALED_MAX];
    memset(entry, 0, sizeof *entry);
    if (record.len < QUARANTINE_HEAD || head[0] != RECORD_FORMAT || head[2] > RECORD_REASONS_MAX)
        return false;
    entry->page = head[1];
    entry->reason_count = head[2];
    entry->number = bytes_get(head + 3, 8);
    entry->first_ms = (int64_t)bytes_get(head + 11, 8);
    entry->last_ms = (int64_t)bytes_get(head + 19, 8);
    entry->times = (uint32_t)bytes_get(head + 27, 4);
    entry->index = (uint32_t)bytes_get(head + 31, 4);
    struct str rest = {record.data + QUARANTINE_HEAD, record.len - QUARANTINE_HEAD};
    if (!get_text(&rest, entry->source, LEDGER_SOURCE_MAX) ||
        !get_text(&rest, entry->id, SIGNAL_ID_MAX))
        return false;
    struct str texts = get_sealed(&rest, key, room);
    bool ok = texts.data && get_text(&texts, entry->cursor, RECORD_CURSOR_MAX) && texts.len == 0;
    for (size_t i = 0; ok && i < entry->reason_count; i++)
        ok = get_reason(&rest, &entry->reasons[i]);
    return ok && rest.len == 0;
}

void record_put_person(char out[RECORD_PERSON], const struct person_record *person) {
    bytes_put((uint8_t *)out, person->person, 8);
    bytes_put((uint8_t *)out + 8, person->key_id, 4);
    bytes_put((uint8_t *)out + 12, (uint64_t)person->last_ms, 8);
}

bool record_get_person(struct str record, struct person_record *person) {
    const uint8_t *bytes = (const uint8_t *)record.data;
    if (record.len != RECORD_PERSON)
        return false;
    *person = (struct person_record){.person = bytes_get(bytes, 8),
                                     .key_id = (uint32_t)bytes_get(bytes + 8, 4),
                                     .last_ms = (int64_t)bytes_get(bytes + 12, 8)};
    return person->person > 0;
}

struct str record_put_member(uint8_t at[RECORD_MEMBER], uint64_t person,
                             const struct digest *member) {
    for (size_t i = 0; i < PERSON_BYTES; i++)
        at[i] = (uint8_t)(person >> (56 - 8 * i));
    memcpy(at + PERSON_BYTES, member->bytes, DIGEST_BYTES);
    return (struct str){(const char *)at, RECORD_MEMBER};
}

bool record_get_member(struct str key, uint64_t *person, struct digest *member) {
    if (key.len != RECORD_MEMBER)
        return false;
    *person = 0;
    for (size_t i = 0; i < PERSON_BYTES; i++)
        *person = *person << 8 | (uint8_t)key.data[i];
    memcpy(member->bytes, key.data + PERSON_BYTES, DIGEST_BYTES);
    return true;
}

void record_put_unmapped(struct buf *out, const struct unmapped_record *word) {
    uint8_t head[UNMAPPED_HEAD] = {RECORD_FORMAT, (uint8_t)word->field, word->view.letters,
                                   word->view.tokens};
    bytes_put(head + 4, word->times, 4);
    bytes_put(head + 8, (uint64_t)word->first_ms, 8);
    bytes_put(head + 16, (uint64_t)word->last_ms, 8);
    memcpy(head + 24, word->word.bytes, DIGEST_BYTES);
    buf_put(out, head, sizeof head);
    put_text(out, word->source);
    put_text(out, word->view.shown);
}

bool record_get_unmapped(struct str record, struct unmapped_record *word) {
    const uint8_t *head = (const uint8_t *)record.data;
    memset(word, 0, sizeof *word);
    if (record.len < UNMAPPED_HEAD || head[0] != RECORD_FORMAT || head[1] >= UNMAPPED_FIELDS)
        return false;
    word->field = (enum unmapped_field)head[1];
    word->view.letters = head[2];
    word->view.tokens = head[3];
    word->times = (uint32_t)bytes_get(head + 4, 4);
    word->first_ms = (int64_t)bytes_get(head + 8, 8);
    word->last_ms = (int64_t)bytes_get(head + 16, 8);
    memcpy(word->word.bytes, head + 24, DIGEST_BYTES);
    struct str rest = {record.data + UNMAPPED_HEAD, record.len - UNMAPPED_HEAD};
    return get_text(&rest, word->source, LEDGER_SOURCE_MAX) &&
           get_text(&rest, word->view.shown, ALLOWLIST_SHOWN_MAX) && rest.len == 0;
}

enum { STATISTICS_FORMAT = 2, STATISTICS_BYTES = 28, STATISTIC_BYTES = 15 };

void record_put_statistics(struct buf *out, const struct statistics_record *statistics) {
    uint8_t bytes[STATISTICS_BYTES] = {STATISTICS_FORMAT, statistics->made};
    bytes_put(bytes + 2, statistics->tried, 2);
    bytes_put(bytes + 4, statistics->closed, 2);
    bytes_put(bytes + 6, statistics->rounding_base, 4);
    bytes_put(bytes + 10, statistics->seq, 8);
    bytes_put(bytes + 18, statistics->generation, 4);
    bytes_put(bytes + 22, statistics->since, 4);
    bytes_put(bytes + 26, statistics->told, 2);
    buf_put(out, bytes, sizeof bytes);
}

bool record_get_statistics(struct str record, struct statistics_record *statistics) {
    const uint8_t *bytes = (const uint8_t *)record.data;
    if (record.len != STATISTICS_BYTES || bytes[0] != STATISTICS_FORMAT)
        return false;
    *statistics = (struct statistics_record){.made = bytes[1] != 0,
                                             .tried = (uint16_t)bytes_get(bytes + 2, 2),
                                             .closed = (uint16_t)bytes_get(bytes + 4, 2),
                                             .rounding_base = (uint32_t)bytes_get(bytes + 6, 4),
                                             .seq = bytes_get(bytes + 10, 8),
                                             .generation = (uint32_t)bytes_get(bytes + 18, 4),
                                             .since = (uint32_t)bytes_get(bytes + 22, 4),
                                             .told = (uint16_t)bytes_get(bytes + 26, 2)};
    return true;
}

void record_put_statistic(struct buf *out, const struct statistic_record *statistic) {
    uint8_t bytes[STATISTIC_BYTES] = {STATISTICS_FORMAT};
    bytes_put(bytes + 1, (uint64_t)statistic->count, 8);
    bytes_put(bytes + 9, statistic->rounding_base, 4);
    bytes_put(bytes + 13, statistic->closed, 2);
    buf_put(out, bytes, sizeof bytes);
}

bool record_get_statistic(struct str record, struct statistic_record *statistic) {
    const uint8_t *bytes = (const uint8_t *)record.data;
    if (record.len != STATISTIC_BYTES || bytes[0] != STATISTICS_FORMAT)
        return false;
    *statistic = (struct statistic_record){.count = (int64_t)bytes_get(bytes + 1, 8),
                                           .rounding_base = (uint32_t)bytes_get(bytes + 9, 4),
                                           .closed = (uint16_t)bytes_get(bytes + 13, 2)};
    return statistic->count > 0;
}

void record_put_statistic_waiting(struct buf *out, struct str key, struct str value) {
    assert(key.len <= UINT8_MAX);
    buf_putc(out, (char)key.len);
    buf_put_str(out, key);
    buf_put_str(out, value);
}

bool record_get_statistic_waiting(struct str record, struct str *key, struct str *value) {
    if (record.len < 1 || (uint8_t)record.data[0] >= record.len)
        return false;
    *key = (struct str){record.data + 1, (uint8_t)record.data[0]};
    size_t rest = record.len - 1 - key->len;
    *value = (struct str){rest ? record.data + 1 + key->len : NULL, rest};
    return key->len > 0;
}

// In the order in which they are kept.
static const size_t totals_members[] = {
    offsetof(struct totals, unknown_fields),
    offsetof(struct totals, unmapped),
    offsetof(struct totals, unknown_municipalities),
    offsetof(struct totals, not_quarantined),
    offsetof(struct totals, unmapped_not_kept),
    offsetof(struct totals, erased),
    offsetof(struct totals, expired),
    offsetof(struct totals, remapped),
    offsetof(struct totals, never_published),
};
enum {
    TOTALS_MEMBERS = sizeof totals_members / sizeof totals_members[0],
    TOTALS_BYTES = 8 * (VERDICT_COUNT + TOTALS_MEMBERS),
};

void record_put_totals(struct buf *out, const struct totals *totals) {
    uint8_t bytes[TOTALS_BYTES], *at = bytes;
    uint64_t value;
    for (size_t i = 0; i < VERDICT_COUNT; i++, at += 8)
        bytes_put(at, totals->verdicts[i], 8);
    for (size_t i = 0; i < TOTALS_MEMBERS; i++, at += 8) {
        memcpy(&value, (const char *)totals + totals_members[i], sizeof value);
        bytes_put(at, value, 8);
    }
    buf_put(out, bytes, sizeof bytes);
}

// An earlier daemon had fewer of them.
bool record_get_totals(struct str record, struct totals *totals) {
    const uint8_t *at = (const uint8_t *)record.data, *end = at + record.len;
    memset(totals, 0, sizeof *totals);
    if (record.len < 8 * VERDICT_COUNT || record.len > TOTALS_BYTES || record.len % 8 != 0)
        return false;
    for (size_t i = 0; i < VERDICT_COUNT; i++, at += 8)
        totals->verdicts[i] = bytes_get(at, 8);
    for (size_t i = 0; at < end; i++, at += 8) {
        uint64_t value = bytes_get(at, 8);
        memcpy((char *)totals + totals_members[i], &value, sizeof value);
    }
    return true;
}

struct str record_put_moved(uint8_t out[RECORD_MOVED], const struct moved *moved) {
    bytes_put(out, moved->generation, 4);
    bytes_put(out + 4, moved->source, 8);
    (void)record_put_cell(out + 12, &moved->cell);
    return (struct str){(const char *)out, RECORD_MOVED};
}

bool record_get_moved(struct str key, struct moved *moved) {
    if (key.len != RECORD_MOVED)
        return false;
    moved->generation = (uint32_t)bytes_get((const uint8_t *)key.data, 4);
    moved->source = bytes_get((const uint8_t *)key.data + 4, 8);
    return record_get_cell((struct str){key.data + 12, key.len - 12}, &moved->cell);
}
