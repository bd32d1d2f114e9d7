// SPDX-License-Identifier: EUPL-1.2
// Packs and unpacks what a ledger line keeps of its event. Reading never goes past the end, and
// what is left over makes the whole damaged. Parts that do not give the very bytes that were
// published are not kept: then the value is.
#include "codec/event_kept.h"

#include "codec/record.h"

#include <string.h>

enum { KEPT_VALUE, KEPT_PARTS };
enum { NO_TEXT = UINT16_MAX };

// --- writing ---

static void put_number(struct buf *out, uint32_t value, size_t bytes) {
    uint8_t at[4];
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
    buf_put(out, at, bytes);
}

static void put_text(struct buf *out, struct str text) {
    put_number(out, text.data ? (uint32_t)text.len : NO_TEXT, 2);
    buf_put_str(out, text);
}

static void put_place(struct buf *out, const struct event_place *place) {
    buf_putc(out, (char)place->province);
    buf_putc(out, (char)place->safety_region);
    put_text(out, place->name);
    put_text(out, place->police_unit);
}

void event_keep(struct buf *out, const struct event_parts *parts) {
    const struct event_previous *previous = &parts->previous;
    uint8_t cell[sizeof previous->cell];
    buf_putc(out, KEPT_PARTS);
    buf_putc(out, parts->has_previous);
    put_number(out, (uint32_t)parts->linked_count, 2);
    put_place(out, &parts->place);
    put_text(out, parts->as_reported);
    buf_put(out, parts->linked, parts->linked_count * DIGEST_BYTES);
    if (!parts->has_previous)
        return;
    buf_put_str(out, record_put_cell(cell, &previous->cell));
    put_number(out, (uint32_t)previous->reported, 4);
    put_number(out, previous->municipality_today, 2);
    put_text(out, previous->source);
    put_place(out, &previous->place);
}

void event_keep_value(struct buf *out, struct str value) {
    buf_putc(out, KEPT_VALUE);
    buf_put_str(out, value);
}

void event_keep_said(struct buf *out, struct str value, const struct event_said *said) {
    struct buf again;
    buf_init(&again, EVENT_VALUE_MAX);
    event_put_value(&again, &said->entry, &said->parts);
    if (str_equal(buf_str(&again), value))
        event_keep(out, &said->parts);
    else
        event_keep_value(out, value);
    buf_free(&again);
}

// --- reading ---

// What is still to be read; `data` NULL once something was missing.
static const uint8_t *take(struct str *rest, size_t len) {
    const uint8_t *at = (const uint8_t *)rest->data;
    if (!at || rest->len < len) {
        *rest = (struct str){NULL, 0};
        return NULL;
    }
    *rest = (struct str){rest->data + len, rest->len - len};
    return at;
}

static uint32_t get_number(struct str *rest, size_t bytes) {
    const uint8_t *at = take(rest, bytes);
    uint32_t value = 0;
    for (size_t i = 0; at && i < bytes; i++)
        value |= (uint32_t)at[i] << (8 * i);
    return value;
}

static struct str get_text(struct str *rest) {
    size_t len = get_number(rest, 2);
    const char *at = len == NO_TEXT ? NULL : (const char *)take(rest, len);
    return (struct str){at, at ? len : 0};
}

static struct event_place get_place(struct str *rest) {
    struct event_place place = {.province = (uint8_t)get_number(rest, 1)};
    place.safety_region = (uint8_t)get_number(rest, 1);
    place.name = get_text(rest);
    place.police_unit = get_text(rest);
    return place;
}

static bool get_previous(struct str *rest, struct event_previous *previous) {
    const char *cell = (const char *)take(rest, sizeof previous->cell);
    if (!cell || !record_get_cell((struct str){cell, sizeof previous->cell}, &previous->cell))
        return false;
    previous->reported = (int32_t)get_number(rest, 4);
    previous->municipality_today = (uint16_t)get_number(rest, 2);
    previous->source = get_text(rest);
    previous->place = get_place(rest);
    return true;
}

// Behind the kind.
static bool get_parts(struct str rest, struct event_parts *parts) {
    *parts = (struct event_parts){0};
    uint32_t has_previous = get_number(&rest, 1);
    size_t count = get_number(&rest, 2);
    parts->place = get_place(&rest);
    parts->as_reported = get_text(&rest);
    parts->linked = (const struct digest *)take(&rest, count * DIGEST_BYTES);
    parts->linked_count = count;
    parts->has_previous = has_previous == 1;
    return has_previous <= 1 && count <= EVENT_LINKED_MAX &&
           (!parts->has_previous || get_previous(&rest, &parts->previous)) && rest.data &&
           rest.len == 0;
}

static bool is_kind(struct str kept, char kind) {
    return kept.len && kept.data[0] == kind;
}

static struct str behind_kind(struct str kept) {
    return (struct str){kept.data + 1, kept.len - 1};
}

struct str event_kept_value(struct str kept) {
    return is_kind(kept, KEPT_VALUE) ? behind_kind(kept) : (struct str){NULL, 0};
}

static bool read_parts(struct str kept, struct event_parts *parts) {
    return is_kind(kept, KEPT_PARTS) && get_parts(behind_kind(kept), parts);
}

bool event_unkeep(struct buf *out, const struct ledger_entry *entry, struct str kept) {
    struct event_parts parts;
    if (kept.len == 0)
        return true;
    if (is_kind(kept, KEPT_VALUE)) {
        buf_put_str(out, behind_kind(kept));
        return true;
    }
    if (!read_parts(kept, &parts))
        return false;
    event_put_value(out, entry, &parts);
    return true;
}

bool event_kept_says(struct str kept, const struct ledger_entry *entry, struct event_said *said,
                     struct err *err) {
    if (is_kind(kept, KEPT_VALUE))
        return event_read_signal(behind_kind(kept), said, err);
    if (!read_parts(kept, &said->parts))
        return err_set(err, ERR_INPUT, "it is no event of ours: its parts are damaged");
    said->entry = *entry;
    said->stub = entry->erased;
    memcpy(said->linked, said->parts.linked, said->parts.linked_count * DIGEST_BYTES);
    said->parts.linked = said->linked;
    return true;
}

bool event_kept_place(struct str kept, struct event_place *place, struct event_said *said) {
    struct err ignored;
    if (!(is_kind(kept, KEPT_VALUE) ? event_read_signal(behind_kind(kept), said, &ignored)
                                    : read_parts(kept, &said->parts)))
        return false;
    *place = said->parts.place;
    return true;
}

bool event_kept_spelling(struct str kept, const struct ledger_entry *entry,
                         char out[EVENT_SPELLING_MAX]) {
    struct event_said said;
    struct err ignored;
    struct str spelling = {NULL, 0};
    if (event_kept_says(kept, entry, &said, &ignored))
        spelling = said.parts.as_reported;
    if (!spelling.data || spelling.len >= EVENT_SPELLING_MAX)
        return false;
    memcpy(out, spelling.data, spelling.len);
    out[spelling.len] = '\0';
    return true;
}
