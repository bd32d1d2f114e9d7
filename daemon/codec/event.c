// SPDX-License-Identifier: EUPL-1.2
// Writes events. Value and attributes are made each time from the ledger line and from the parts
// that are kept with it, and from nothing else, so an event that is published twice has the same
// bytes. The caller owns the buffer.
#include "codec/event.h"

#include "codec/json_out.h"
#include "codec/json_scan.h"
#include "core/tables/table.h"
#include "event_put.h"

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

void event_put_date(struct buf *out, int32_t day) {
    char text[TIME_DATE_MAX];
    if (day == TIME_DAY_NONE) {
        PUT(out, "null");
        return;
    }
    time_format_date(day, text);
    buf_putc(out, '"');
    buf_put(out, text, TIME_DATE_MAX - 1);
    buf_putc(out, '"');
}

void event_put_code(struct buf *out, const char prefix[3], unsigned value) {
    const char code[] = {prefix[0], prefix[1], (char)('0' + value / 10 % 10),
                         (char)('0' + value % 10)};
    if (value)
        buf_put(out, code, sizeof code);
    else
        PUT(out, "unknown");
}

void event_put_string(struct buf *out, struct str text) {
    struct json_out json = {.buf = out};
    json_string(&json, text);
}

void event_put_municipality(struct buf *out, uint16_t code) {
    char text[EVENT_CODE_MAX];
    event_municipality_code(code, text);
    buf_puts(out, text);
}

static void put_region(struct buf *out, uint16_t code, uint16_t today, struct str as_reported,
                       const struct event_place *place) {
    PUT(out, ",\"municipality\":{\"code\":\"");
    event_put_municipality(out, code);
    PUT(out, "\",\"name\":");
    event_put_string(out, place->name);
    PUT(out, ",\"asReported\":");
    event_put_string(out, as_reported);
    PUT(out, ",\"today\":\"");
    event_put_municipality(out, today);
    PUT(out, "\"},\"province\":\"");
    event_put_code(out, "PV", place->province);
    PUT(out, "\",\"policeUnit\":");
    event_put_string(out, place->police_unit);
    PUT(out, ",\"safetyRegion\":\"");
    event_put_code(out, "VR", place->safety_region);
    PUT(out, "\"");
}

static void put_categories(struct buf *out, const struct cell *cell) {
    bool comma = false;
    PUT(out, "\"categories\":[");
    for (int c = 0; c < CATEGORY_COUNT; c++) {
        if (!(cell->categories >> c & 1))
            continue;
        if (comma)
            buf_putc(out, ',');
        comma = true;
        buf_putc(out, '"');
        buf_puts(out, category_name((enum category)c));
        buf_putc(out, '"');
    }
    buf_putc(out, ']');
}

void event_put_categories(struct json_out *json, const struct cell *cell) {
    if (json->comma)
        buf_putc(json->buf, ',');
    put_categories(json->buf, cell);
    json->comma = true;
}

// What the counts are made of: the same shape in an event and in its `previous`.
static void put_counted(struct buf *out, const struct cell *cell, int32_t reported) {
    buf_putc(out, ',');
    put_categories(out, cell);
    PUT(out, ",\"reported\":");
    event_put_date(out, reported);
    PUT(out, ",\"victim\":{\"gender\":\"");
    buf_puts(out, gender_name((enum gender)cell->gender));
    PUT(out, "\",\"ageGroup\":\"");
    buf_puts(out, age_group_name((enum age_group)cell->age_group));
    PUT(out, "\",\"citizenship\":\"");
    buf_puts(out, citizenship_name((enum citizenship)cell->citizenship));
    PUT(out, "\"},\"status\":\"");
    buf_puts(out, status_name((enum status)cell->status));
    PUT(out, "\"");
}

static void put_source(struct buf *out, struct str name, uint8_t kind) {
    PUT(out, "\"source\":{\"name\":");
    event_put_string(out, name);
    PUT(out, ",\"kind\":\"");
    buf_puts(out, source_kind_name((enum source_kind)kind));
    PUT(out, "\"}");
}

static struct str source_of(const struct ledger_entry *entry) {
    return (struct str){entry->source, entry->source_len};
}

static void put_version(struct buf *out, const struct ledger_entry *entry) {
    bool counts = !entry->erased && ledger_entry_counts(entry);
    PUT(out, "{\"event\":\"");
    buf_puts(out, entry->erased ? "erased" : verdict_name(entry->verdict));
    PUT(out, "\",\"counts\":");
    buf_puts(out, counts ? "true" : "false");
    PUT(out, ",\"signal\":\"");
    digest_put_hex(out, &entry->identity);
    PUT(out, "\",\"version\":");
    buf_put_u64(out, entry->version);
    buf_putc(out, ',');
}

static void put_linked(struct buf *out, const struct event_parts *parts) {
    PUT(out, ",\"linked\":[");
    for (size_t i = 0; i < parts->linked_count; i++) {
        buf_puts(out, i ? ",\"" : "\"");
        digest_put_hex(out, &parts->linked[i]);
        buf_putc(out, '"');
    }
    buf_putc(out, ']');
}

static void put_previous(struct buf *out, const struct event_previous *previous) {
    PUT(out, ",\"previous\":{");
    put_source(out, previous->source, previous->cell.source_kind);
    put_region(out, previous->cell.municipality, previous->municipality_today,
               (struct str){NULL, 0}, &previous->place);
    put_counted(out, &previous->cell, previous->reported);
    buf_putc(out, '}');
}

static void put_all(struct buf *out, const struct ledger_entry *entry,
                    const struct event_parts *parts) {
    char received[TIME_STAMP_MAX];
    put_region(out, entry->cell.municipality, entry->municipality_today, parts->as_reported,
               &parts->place);
    put_counted(out, &entry->cell, entry->reported);
    PUT(out, ",\"occurred\":");
    event_put_date(out, entry->occurred);
    time_format_stamp(entry->received_ms, received);
    PUT(out, ",\"received\":\"");
    buf_puts(out, received);
    PUT(out, "\"");
    put_linked(out, parts);
}

void event_put_value(struct buf *out, const struct ledger_entry *entry,
                     const struct event_parts *parts) {
    put_version(out, entry);
    put_source(out, source_of(entry), entry->cell.source_kind);
    if (!entry->erased)
        put_all(out, entry, parts);
    if (parts->has_previous)
        put_previous(out, &parts->previous);
    buf_putc(out, '}');
}

static struct event_place place_of(const struct municipalities *municipalities, uint16_t code) {
    const struct municipality *m = municipalities_by_code(municipalities, code);
    if (!m)
        return (struct event_place){.police_unit = STR("unknown")};
    return (struct event_place){.name = str_from(m->name),
                                .police_unit = str_from(m->police_unit),
                                .province = m->province,
                                .safety_region = m->safety_region};
}

void event_make_parts(struct event_parts *parts, const struct municipalities *municipalities,
                      const struct ledger_entry *entry, const struct ledger_entry *previous) {
    *parts = (struct event_parts){.has_previous = previous};
    if (!entry->erased)
        parts->place = place_of(municipalities, entry->cell.municipality);
    if (previous)
        parts->previous =
            (struct event_previous){.source = source_of(previous),
                                    .cell = previous->cell,
                                    .reported = previous->reported,
                                    .municipality_today = previous->municipality_today,
                                    .place = place_of(municipalities, previous->cell.municipality)};
}

void event_put_source_value(struct buf *out, const struct municipalities *municipalities,
                            const struct ledger_entry *entry, int64_t last_signal_ms,
                            int64_t days) {
    const struct event_place place = place_of(municipalities, entry->cell.municipality);
    char last[TIME_STAMP_MAX];
    struct json_out json = {.buf = out, .comma = true};
    if (last_signal_ms)
        time_format_stamp(last_signal_ms, last);
    buf_putc(out, '{');
    put_source(out, source_of(entry), entry->cell.source_kind);
    put_region(out, entry->cell.municipality, entry->municipality_today, (struct str){NULL, 0},
               &place);
    json_put_text(&json, "lastSignal", last_signal_ms ? last : NULL);
    json_put_i64(&json, "days", days);
    json_close(&json, '}');
}

// Without its version.
static const char *schema_of(const struct ledger_entry *entry) {
    if (entry->kind == LEDGER_TREND_DEPARTED)
        return ":schema:trend";
    return entry->kind == LEDGER_SIGNAL ? ":schema:signal" : ":schema:source";
}

const char *event_type(const struct ledger_entry *entry) {
    if (entry->kind == LEDGER_SOURCE_SILENT)
        return "source.silent.v1";
    if (entry->kind == LEDGER_SOURCE_RESUMED)
        return "source.resumed.v1";
    if (entry->kind == LEDGER_TREND_DEPARTED)
        return "trend.departed.v1";
    if (entry->erased)
        return "signal.erased.v1";
    switch (entry->verdict) {
    case VERDICT_CORRECTED:
        return "signal.corrected.v1";
    case VERDICT_WITHDRAWN:
        return "signal.withdrawn.v1";
    default:
        return "signal.registered.v1";
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

// Domain of attribute lengths: oin has 20 digits, a source name at most LEDGER_SOURCE_MAX, and the
// rest of the issuer EVENT_ISSUER_TEXT_MAX.
void event_fill_attributes(const struct ledger_entry *entry, const struct event_issuer *issuer,
                           struct event_attributes *out) {
    char text[EVENT_ID_MAX], code[EVENT_CODE_MAX];
    out->count = 0;
    add_text(out, "specversion", "ce_specversion", "1.0");

    event_id(entry, text);
    add_text(out, "id", "ce_id", text);

    struct event_attribute *source = add(out, "source", "ce_source");
    append(source, "urn:nld:oin:", 12);
    append(source, issuer->oin, strlen(issuer->oin));
    append(source, ":systeem:signaald", 17);

    struct event_attribute *type = add(out, "type", "ce_type");
    append(type, issuer->type_prefix, strlen(issuer->type_prefix));
    append(type, ".", 1);
    append(type, event_type(entry), strlen(event_type(entry)));
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
    append(schema, schema_of(entry), strlen(schema_of(entry)));
    append(schema, ":v1", 3);

    add_text(out, "dataclassification", "ce_dataclassification", "restricted");
    add_text(out, "dataregulation", "ce_dataregulation", issuer->regulation);
    add_text(out, "datacategory", "ce_datacategory", "special-category");
    add_text(out, "datacontenttype", "content-type", "application/json");
    if (entry->kind != LEDGER_SIGNAL)
        return;
    digest_to_hex(&entry->content, text);
    add_text(out, NULL, EVENT_HEADER_CONTENT, text);
    if (entry->updated_ms == 0)
        return;
    (void)snprintf(text, sizeof text, "%lld", (long long)entry->updated_ms);
    add_text(out, NULL, EVENT_HEADER_UPDATED, text);
}

void event_put_json(struct buf *out, const struct ledger_entry *entry,
                    const struct event_issuer *issuer, struct str value) {
    struct event_attributes attributes;
    struct json_out json = {.buf = out};
    event_fill_attributes(entry, issuer, &attributes);
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
