// SPDX-License-Identifier: EUPL-1.2
// Tells what a delivery would do. The ledger has noted, for each signal that would be corrected,
// what it says now and what it would say; names of columns are shown as codec/places.h allows.
#include "ingest/preview.h"

#include "codec/json_out.h"
#include "ingest/delivery.h"

#include <stdlib.h>

void preview_put_places(struct json_out *json, const struct delivery *delivery) {
    if (!delivery->content.places)
        return;
    json_open_key(json, "preview", '{');
    places_put(json, delivery->content.places, delivery_mapping(delivery),
               delivery->tables->allowlist, false);
    json_close(json, '}');
}

static int compare_item(const void *key, const void *change) {
    size_t item = *(const size_t *)key, other = ((const struct delivery_change *)change)->item;
    return item < other ? -1 : item > other;
}

void preview_put_changes(struct json_out *json, const struct delivery *delivery, size_t item) {
    char text[CHANGES_TEXT_MAX];
    const struct delivery_change *change =
        delivery->change_count ? bsearch(&item, delivery->changes, delivery->change_count,
                                         sizeof *change, compare_item)
                               : NULL;
    if (!change)
        return;
    json_open_key(json, "changes", '[');
    for (int i = 0; i < CHANGES_FIELDS; i++) {
        enum changes_field field = (enum changes_field)i;
        if (!changes_in(&change->before, &change->after, field))
            continue;
        json_open(json, '{');
        json_put_text(json, "field", changes_field_name(field));
        changes_put(&change->before, field, text);
        json_put_text(json, "from", text);
        changes_put(&change->after, field, text);
        json_put_text(json, "to", text);
        json_close(json, '}');
    }
    json_close(json, ']');
}

void preview_put_changed(struct json_out *json, const struct delivery *delivery) {
    json_open_key(json, "changed", '[');
    for (int i = 0; i < CHANGES_FIELDS; i++) {
        enum changes_field field = (enum changes_field)i;
        uint64_t signals = 0, unknown = 0;
        for (size_t k = 0; k < delivery->change_count; k++) {
            const struct delivery_change *change = &delivery->changes[k];
            bool changed = changes_in(&change->before, &change->after, field);
            signals += changed;
            unknown += changed && changes_to_unknown(&change->after, field);
        }
        if (signals == 0)
            continue;
        json_open(json, '{');
        json_put_text(json, "field", changes_field_name(field));
        json_put_u64(json, "signals", signals);
        json_put_u64(json, "toUnknown", unknown);
        json_close(json, '}');
    }
    json_close(json, ']');
}
