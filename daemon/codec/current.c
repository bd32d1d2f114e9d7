// SPDX-License-Identifier: EUPL-1.2
// Writes the record of a signal as it stands. It is made of the signal's latest line, of what is
// kept of that line's event, and of the names in the tables, so the same ledger with the same
// tables always makes the same bytes. The caller owns the buffer.
#include "codec/current.h"

#include "codec/event_kept.h"
#include "core/tables/regions.h"
#include "event_put.h"

#include <string.h>

static void put_word(struct buf *out, const char *key, const char *word) {
    buf_puts(out, key);
    buf_puts(out, word);
    buf_putc(out, '"');
}

static struct str name_of(const struct municipality *m) {
    return m ? str_from(m->name) : (struct str){NULL, 0};
}

// Versions of a signal differ in this: a time is not said twice.
static void put_version(struct buf *out, const struct ledger_entry *entry) {
    char received[TIME_STAMP_MAX];
    PUT(out, "{\"signal\":\"");
    digest_put_hex(out, &entry->identity);
    PUT(out, "\",\"version\":");
    buf_put_u64(out, entry->version);
    PUT(out, ",\"counts\":");
    buf_puts(out, ledger_entry_counts(entry) ? "true" : "false");
    put_word(out, ",\"status\":\"", status_name((enum status)entry->cell.status));
    PUT(out, ",\"reported\":");
    event_put_date(out, entry->reported);
    PUT(out, ",\"occurred\":");
    event_put_date(out, entry->occurred);
    time_format_stamp(entry->received_ms, received);
    put_word(out, ",\"received\":\"", received);
}

static void put_source(struct buf *out, const struct ledger_entry *entry) {
    PUT(out, ",\"source\":");
    event_put_string(out, (struct str){entry->source, entry->source_len});
    put_word(out, ",\"sourceKind\":\"",
             source_kind_name((enum source_kind)entry->cell.source_kind));
}

static void put_place(struct buf *out, const struct ledger_entry *entry,
                      const struct event_place *place,
                      const struct municipalities *municipalities) {
    const struct municipality *m = municipalities_by_code(municipalities, entry->cell.municipality);
    PUT(out, ",\"municipality\":\"");
    event_put_municipality(out, entry->cell.municipality);
    PUT(out, "\",\"municipalityName\":");
    event_put_string(out, place->name);
    PUT(out, ",\"municipalityToday\":\"");
    event_put_municipality(out, entry->municipality_today);
    PUT(out, "\",\"municipalityTodayName\":");
    event_put_string(out,
                     name_of(municipalities_by_code(municipalities, entry->municipality_today)));
    PUT(out, ",\"province\":\"");
    event_put_code(out, "PV", place->province);
    PUT(out, "\",\"provinceName\":");
    event_put_string(out, m && m->province == place->province ? str_from(m->province_name)
                                                              : (struct str){NULL, 0});
    PUT(out, ",\"policeUnit\":");
    event_put_string(out, place->police_unit);
    PUT(out, ",\"safetyRegion\":\"");
    event_put_code(out, "VR", place->safety_region);
    PUT(out, "\",\"safetyRegionName\":");
    event_put_string(out, regions_safety_name(place->safety_region));
}

// A field each, named as the category but for its first letter.
static void put_categories(struct buf *out, const struct cell *cell) {
    for (int c = 0; c < CATEGORY_COUNT; c++) {
        const char *name = category_name((enum category)c);
        PUT(out, ",\"");
        buf_putc(out, (char)(name[0] - 'A' + 'a'));
        buf_puts(out, name + 1);
        buf_puts(out, cell->categories >> c & 1 ? "\":true" : "\":false");
    }
}

void current_put_value(struct buf *out, const struct ledger_entry *entry,
                       const struct event_place *place,
                       const struct municipalities *municipalities) {
    put_version(out, entry);
    put_source(out, entry);
    put_place(out, entry, place, municipalities);
    put_word(out, ",\"gender\":\"", gender_name((enum gender)entry->cell.gender));
    put_word(out, ",\"ageGroup\":\"", age_group_name((enum age_group)entry->cell.age_group));
    put_word(out, ",\"citizenship\":\"",
             citizenship_name((enum citizenship)entry->cell.citizenship));
    put_categories(out, &entry->cell);
    buf_putc(out, '}');
}

bool current_make_value(struct buf *out, const struct ledger_entry *entry, struct str kept,
                        const struct municipalities *municipalities) {
    struct event_said said;
    struct event_place place;
    if (!event_kept_place(kept, &place, &said))
        return false;
    current_put_value(out, entry, &place, municipalities);
    return !out->overflow;
}

bool current_is_of(struct str value, const struct ledger_entry *entry) {
    struct buf version;
    buf_init(&version, CURRENT_VALUE_MAX);
    put_version(&version, entry);
    bool same = value.len > version.len && memcmp(value.data, version.data, version.len) == 0;
    buf_free(&version);
    return same;
}
