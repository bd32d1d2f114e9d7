// SPDX-License-Identifier: EUPL-1.2
#include "core/judge.h"

#include <string.h>

enum verdict judge_signal(const struct ledger_row *known, const struct signal *signal) {
    if (!known)
        return signal->withdrawn ? VERDICT_WITHDRAWN : VERDICT_REGISTERED;
    if (signal->withdrawn)
        return known->counts ? VERDICT_WITHDRAWN : VERDICT_DUPLICATE;
    if (!known->counts && signal->stands)
        return VERDICT_CORRECTED;
    // A withdrawn row keeps the content it had, so a feed that still lists it brings nothing new.
    return digest_equal(&known->content, &signal->content) ? VERDICT_DUPLICATE : VERDICT_CORRECTED;
}

// The part that the counts and the next comparison are made of. A withdrawal keeps what it ends:
// the cell that the counts lose and the content; of something never seen there is nothing to keep.
static void set_content(const struct ledger_row *known, const struct signal *signal,
                        struct ledger_row *row) {
    if (row->verdict != VERDICT_WITHDRAWN) {
        row->content = signal->content;
        row->cell = signal->cell;
        row->reported = signal->reported;
        row->occurred = signal->occurred;
        row->municipality_today = signal->municipality_today;
    } else if (known) {
        row->content = known->content;
        row->cell = known->cell;
        row->reported = known->reported;
        row->occurred = known->occurred;
        row->municipality_today = known->municipality_today;
    } else {
        row->cell.source_kind = signal->cell.source_kind;
        row->reported = TIME_DAY_NONE;
        row->occurred = TIME_DAY_NONE;
    }
}

void judge_row(const struct ledger_row *known, const struct signal *signal, enum verdict verdict,
               uint64_t seq, const struct judge_origin *origin, struct ledger_row *row) {
    memset(row, 0, sizeof *row);
    row->seq = seq;
    row->previous = known ? known->seq : 0;
    row->first = known ? known->first : seq;
    row->version = known ? known->version + 1 : 1;
    row->verdict = verdict;
    row->counts = verdict != VERDICT_WITHDRAWN;
    row->received_ms = origin->received_ms;
    row->logged_ms = origin->logged_ms;
    row->identity = signal->identity;
    set_content(known, signal, row);
    row->key_municipality = known ? known->key_municipality : row->cell.municipality;
    row->polled = origin->polled;
    row->source_len = (uint8_t)origin->source.len;
    memcpy(row->source, origin->source.data, origin->source.len);
    row->id_len = signal->id_len;
    memcpy(row->id, signal->id, signal->id_len);
}
