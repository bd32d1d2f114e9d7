// SPDX-License-Identifier: EUPL-1.2
// What a delivery would do, as both HTTP sides tell it when nothing is stored: which fields were
// found, what nobody asks for, and what would become of signals that are known.
#ifndef INGEST_PREVIEW_H
#define INGEST_PREVIEW_H

#include "ledger/delivery.h"

struct json_out;

// "preview": what codec/places.h puts. Nothing when it is no preview.
void preview_put_places(struct json_out *json, const struct delivery *delivery);
// Of an item that would correct a signal: "changes", with "field", "from" and "to" of each. Nothing
// when it would not.
void preview_put_changes(struct json_out *json, const struct delivery *delivery, size_t item);
// "changed": of each field, how many signals would change in it, and how many of them to Unknown.
void preview_put_changed(struct json_out *json, const struct delivery *delivery);

#endif
