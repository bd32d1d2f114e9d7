// SPDX-License-Identifier: EUPL-1.2
// Writes events. The value is made when the entry is written and kept with it; the attributes are
// made again from the entry each time. Both depend on the entry and the tables alone, so an event
// that is published twice has the same bytes. The caller owns the buffer.
#include "codec/event.h"

#include "codec/json_out.h"
#include "codec/json_scan.h"
#include "core/tables/table.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void event_municipality_code(uint16_t code, char out[EVENT_CODE_MAX]) {
    if (code == MUNICIPALITY_UNKNOWN) {
        memcpy(out, "unknown", sizeof "unknown");
        return;
    }
    memcpy(out, "GM0000", sizeof "GM0000");
    for (size_t i = 5; i > 1; i--, code /= 10)
        out[i] = (char)('0' + code % 10);
}

static void put_code(struct json_out *json, const char *key, const char *prefix, unsigned value) {
    char text[EVENT_CODE_MAX] = "unknown";
    if (value)
        (void)snprintf(text, sizeof text, "%s%02u", prefix, value % 100);
    json_put_text(json, key, text);
}

static void put_date(struct json_out *json, const char *key, int32_t day) {
    char text[TIME_DATE_MAX];
    json_key(json, key);
    if (day == TIME_DAY_NONE) {
        json_null(json);
        return;
    }
    time_format_date(day, text);
    json_text(json, text);
}

static void put_region(struct json_out *json, const struct municipalities *municipalities,
                       const struct ledger_entry *entry, const char *as_reported) {
    const struct municipality *m = municipalities_by_code(municipalities, entry->cell.municipality);
    char code[EVENT_CODE_MAX], today[EVENT_CODE_MAX];
    event_municipality_code(entry->cell.municipality, code);
    event_municipality_code(entry->municipality_today, today);
    json_key(json, "municipality");
    json_open(json, '{');
    json_put_text(json, "code", code);
    json_put_text(json, "name", m ? m->name : NULL);
    json_put_text(json, "asReported", as_reported);
    json_put_text(json, "today", today);
    json_close(json, '}');
    put_code(json, "province", "PV", m ? m->province : 0);
    json_put_text(json, "policeUnit", m ? m->police_unit : "unknown");
    put_code(json, "safetyRegion", "VR", m ? m->safety_region : 0);
}

void event_put_categories(struct json_out *json, const struct cell *cell) {
    json_key(json, "categories");
    json_open(json, '[');
    for (int c = 0; c < CATEGORY_COUNT; c++)
        if (cell->categories >> c & 1)
            json_text(json, category_name((enum category)c));
    json_close(json, ']');
}

// What the counts are made of: the same shape in an event and in its `previous`.
static void put_counted(struct json_out *json, const struct municipalities *municipalities,
                        const struct ledger_entry *entry, const char *as_reported) {
    const struct cell *cell = &entry->cell;
    put_region(json, municipalities, entry, as_reported);
    event_put_categories(json, cell);
    put_date(json, "reported", entry->reported);
    json_key(json, "victim");
    json_open(json, '{');
    json_put_text(json, "gender", gender_name((enum gender)cell->gender));
    json_put_text(json, "ageGroup", age_group_name((enum age_group)cell->age_group));
    json_put_text(json, "citizenship", citizenship_name((enum citizenship)cell->citizenship));
    json_close(json, '}');
    json_put_text(json, "status", status_name((enum status)cell->status));
}

static void put_source(struct json_out *json, const struct ledger_entry *entry) {
    json_key(json, "source");
    json_open(json, '{');
    json_put_string(json, "name", (struct str){entry->source, entry->source_len});
    json_put_text(json, "kind", source_kind_name((enum source_kind)entry->cell.source_kind));
    json_close(json, '}');
}

static const char *event_name(const struct ledger_entry *entry) {
    return entry->erased ? "erased" : verdict_name(entry->verdict);
}

static void put_version(struct json_out *json, const struct ledger_entry *entry) {
    char signal[DIGEST_HEX + 1];
    json_put_text(json, "event", event_name(entry));
    json_put_bool(json, "counts", !entry->erased && ledger_entry_counts(entry));
    digest_to_hex(&entry->identity, signal);
    json_put_text(json, "signal", signal);
    json_put_u64(json, "version", entry->version);
}

static void put_previous(struct json_out *json, const struct municipalities *municipalities,
                         const struct ledger_entry *previous) {
    json_key(json, "previous");
    json_open(json, '{');
    put_source(json, previous);
    put_counted(json, municipalities, previous, NULL);
    json_close(json, '}');
}

void event_put_value(struct buf *out, const struct municipalities *municipalities,
                     const struct ledger_entry *entry, const struct ledger_entry *previous,
                     const char *as_reported, const struct event_links *links) {
    struct json_out json = {.buf = out};
    char received[TIME_STAMP_MAX], linked[DIGEST_HEX + 1];
    time_format_stamp(entry->received_ms, received);
    json_open(&json, '{');
    put_version(&json, entry);
    put_source(&json, entry);
    put_counted(&json, municipalities, entry, as_reported);
    put_date(&json, "occurred", entry->occurred);
    json_put_text(&json, "received", received);
    json_key(&json, "linked");
    json_open(&json, '[');
    for (size_t i = 0; i < links->count; i++) {
        digest_to_hex(&links->list[i], linked);
        json_text(&json, linked);
    }
    json_close(&json, ']');
    if (previous)
        put_previous(&json, municipalities, previous);
    json_close(&json, '}');
}

void event_put_erased_value(struct buf *out, const struct municipalities *municipalities,
                            const struct ledger_entry *entry, const struct ledger_entry *previous) {
    struct json_out json = {.buf = out};
    json_open(&json, '{');
    put_version(&json, entry);
    put_source(&json, entry);
    if (previous)
        put_previous(&json, municipalities, previous);
    json_close(&json, '}');
}

void event_put_source_value(struct buf *out, const struct municipalities *municipalities,
                            const struct ledger_entry *entry, int64_t last_signal_ms,
                            int64_t days) {
    struct json_out json = {.buf = out};
    char last[TIME_STAMP_MAX];
    if (last_signal_ms)
        time_format_stamp(last_signal_ms, last);
    json_open(&json, '{');
    put_source(&json, entry);
    put_region(&json, municipalities, entry, NULL);
    json_put_text(&json, "lastSignal", last_signal_ms ? last : NULL);
    json_put_i64(&json, "days", days);
    json_close(&json, '}');
}

const char *event_type(const struct ledger_entry *entry) {
    if (entry->kind == LEDGER_SOURCE_SILENT)
        return "nl.mensenhandelsignalen.source.silent.v1";
    if (entry->kind == LEDGER_SOURCE_RESUMED)
        return "nl.mensenhandelsignalen.source.resumed.v1";
    if (entry->erased)
        return "nl.mensenhandelsignalen.signal.erased.v1";
    switch (entry->verdict) {
    case VERDICT_CORRECTED:
        return "nl.mensenhandelsignalen.signal.corrected.v1";
    case VERDICT_WITHDRAWN:
        return "nl.mensenhandelsignalen.signal.withdrawn.v1";
    default:
        return "nl.mensenhandelsignalen.signal.registered.v1";
    }
}

void event_id(const struct ledger_entry *entry, char out[EVENT_ID_MAX]) {
    digest_to_hex(&entry->identity, out);
    (void)snprintf(out + DIGEST_HEX, EVENT_ID_MAX - DIGEST_HEX, ".%" PRIu64, entry->seq);
}

static struct event_attribute *add(struct event_attributes *out, const char *name,
                                   const char *header) {
    struct event_attribute *a = &out->list[out->count++];
    a->name = name;
    a->header = header;
    a->len = 0;
    return a;
}

static void append(struct event_attribute *a, const char *text, size_t len) {
    memcpy(a->value + a->len, text, len);
    a->len = (uint8_t)(a->len + len);
    a->value[a->len] = '\0';
}

static void add_text(struct event_attributes *out, const char *name, const char *header,
                     const char *text) {
    append(add(out, name, header), text, strlen(text));
}

// Domain of attribute lengths: oin has 20 digits, a source name at most LEDGER_SOURCE_MAX.
void event_fill_attributes(const struct ledger_entry *entry, const char *oin,
                           struct event_attributes *out) {
    char text[EVENT_ID_MAX], code[EVENT_CODE_MAX];
    out->count = 0;
    add_text(out, "specversion", "ce_specversion", "1.0");

    event_id(entry, text);
    add_text(out, "id", "ce_id", text);

    struct event_attribute *source = add(out, "source", "ce_source");
    append(source, "urn:nld:oin:", 12);
    append(source, oin, strlen(oin));
    append(source, ":systeem:signaald", 17);

    add_text(out, "type", "ce_type", event_type(entry));
    time_format_stamp(entry->logged_ms, text);
    add_text(out, "time", "ce_time", text);

    // NL GOV profile: a signed 32-bit number that wraps; the full one is in a header of ours.
    (void)snprintf(text, sizeof text, "%d", (int32_t)(uint32_t)entry->seq);
    add_text(out, "sequence", "ce_sequence", text);
    add_text(out, "sequencetype", "ce_sequencetype", "Integer");

    struct event_attribute *key = add(out, "partitionkey", "ce_partitionkey");
    event_municipality_code(entry->key_municipality, code);
    if (entry->key_municipality)
        append(key, code, strlen(code));
    else
        append(key, entry->source, entry->source_len);
    out->key = (struct str){key->value, key->len};

    struct event_attribute *schema = add(out, "dataschema", "ce_dataschema");
    append(schema, source->value, source->len);
    bool about_signal = entry->kind == LEDGER_SIGNAL;
    append(schema, about_signal ? ":schema:signal:v1" : ":schema:source:v1", 17);

    add_text(out, "dataclassification", "ce_dataclassification", "restricted");
    add_text(out, "dataregulation", "ce_dataregulation", "GDPR");
    add_text(out, "datacategory", "ce_datacategory", "special-category");
    add_text(out, "datacontenttype", "content-type", "application/json");
    if (!about_signal)
        return;
    digest_to_hex(&entry->content, text);
    add_text(out, NULL, EVENT_HEADER_CONTENT, text);
    if (entry->updated_ms == 0)
        return;
    (void)snprintf(text, sizeof text, "%lld", (long long)entry->updated_ms);
    add_text(out, NULL, EVENT_HEADER_UPDATED, text);
}

void event_put_json(struct buf *out, const struct ledger_entry *entry, const char *oin,
                    struct str value) {
    struct event_attributes attributes;
    struct json_out json = {.buf = out};
    event_fill_attributes(entry, oin, &attributes);
    json_open(&json, '{');
    for (size_t i = 0; i < attributes.count; i++) {
        const struct event_attribute *a = &attributes.list[i];
        if (a->name)
            json_put_string(&json, a->name, (struct str){a->value, a->len});
    }
    json_key(&json, "signaaldseq");
    buf_printf(out, "\"%llu\"", (unsigned long long)entry->seq);
    json.comma = true;
    json_key(&json, "data");
    json_raw(&json, value);
    json_close(&json, '}');
}

static_assert((int)EVENT_SPELLING_MAX > (int)TABLE_CELL_MAX, "a spelling is a cell of a table");

// The value of a member of an object; absent when there is none.
static struct str find_member(struct str object, struct str name) {
    struct json_scan scan = {.line = 1};
    struct str key, value;
    if (object.len == 0 || object.data[0] != '{')
        return (struct str){NULL, 0};
    scan.rest = (struct str){object.data + 1, object.len - 1};
    for (bool first = true; json_scan_member(&scan, first, &key, &value) == JSON_SCAN_VALUE;
         first = false)
        if (str_equal(key, name))
            return value;
    return (struct str){NULL, 0};
}

// The only escapes that a table's spelling needs are of quotes and backslashes.
bool event_get_as_reported(struct str value, char out[EVENT_SPELLING_MAX]) {
    struct str text =
        find_member(find_member(value, STR("\"municipality\"")), STR("\"asReported\""));
    size_t len = 0;
    if (text.len < 2 || text.data[0] != '"')
        return false;
    for (size_t i = 1; i + 1 < text.len; i++) {
        i += text.data[i] == '\\';
        if (len == EVENT_SPELLING_MAX - 1)
            return false;
        out[len++] = text.data[i];
    }
    out[len] = '\0';
    return true;
}
