// SPDX-License-Identifier: EUPL-1.2
// Decides what a delivered signal is, and makes the entry for it. It looks at the latest entry of
// the identity and at the signal, and at nothing else, so the same deliveries in the same order
// always give the same ledger. Pure: the ledger finds the entry and writes the new one.
#include "core/signal/dedup.h"

#include <string.h>

enum { CLOCKS_DIFFER_MS = 600000 };

enum verdict dedup_classify(const struct ledger_entry *known, const struct signal *signal) {
    if (!known)
        return signal->withdrawn ? VERDICT_WITHDRAWN : VERDICT_REGISTERED;
    if (known->erased)
        return VERDICT_DUPLICATE;
    if (signal->updated_ms && signal->updated_upto_ms < known->updated_ms)
        return VERDICT_DUPLICATE;
    if (signal->withdrawn)
        return known->counts ? VERDICT_WITHDRAWN : VERDICT_DUPLICATE;
    if (!known->counts && (signal->stands || known->how != WITHDRAWN_SAID))
        return VERDICT_CORRECTED;
    // A withdrawn entry keeps the content it had, so a feed that still lists it brings nothing new.
    return digest_equal(&known->content, &signal->content) ? VERDICT_DUPLICATE : VERDICT_CORRECTED;
}

// The part that the counts and the next comparison are made of. A withdrawal keeps what it ends:
// the cell that the counts lose and the content; of something never seen there is nothing to keep.
static void set_content(const struct ledger_entry *known, const struct signal *signal,
                        struct ledger_entry *entry) {
    if (entry->verdict != VERDICT_WITHDRAWN) {
        entry->content = signal->content;
        entry->cell = signal->cell;
        entry->reported = signal->reported;
        entry->undated = signal->undated;
        entry->occurred = signal->occurred;
        entry->municipality_today = signal->municipality_today;
        entry->unknown_said = signal->unknown_said;
        entry->unknown_count = signal->unknown_count;
        memcpy(entry->unknown, signal->unknown, sizeof entry->unknown);
    } else if (known) {
        entry->content = known->content;
        entry->cell = known->cell;
        entry->reported = known->reported;
        entry->undated = known->undated;
        entry->occurred = known->occurred;
        entry->municipality_today = known->municipality_today;
        entry->unknown_said = known->unknown_said;
        entry->unknown_count = known->unknown_count;
        memcpy(entry->unknown, known->unknown, sizeof entry->unknown);
    } else {
        entry->cell.source_kind = signal->cell.source_kind;
        entry->reported = TIME_DAY_NONE;
        entry->occurred = TIME_DAY_NONE;
    }
}

// Never falls: what does not say when it is from is taken for newer than what is known. A
// withdrawal that does not is made as it comes in, but for clocks that differ. That a signal is not
// there says nothing of when: it may come back as it was.
static int64_t updated_ms(const struct ledger_entry *known, const struct signal *signal,
                          enum verdict verdict, const struct dedup_origin *origin) {
    int64_t ms = signal->updated_ms;
    if (ms == 0 && verdict == VERDICT_WITHDRAWN && signal->how == WITHDRAWN_SAID)
        ms = origin->received_ms - CLOCKS_DIFFER_MS;
    return known && known->updated_ms > ms ? known->updated_ms : ms;
}

bool dedup_is_seen_later(const struct ledger_entry *known, const struct signal *signal) {
    return known->counts && !signal->withdrawn && signal->updated_ms > known->updated_ms &&
           digest_equal(&known->content, &signal->content);
}

void dedup_entry(const struct ledger_entry *known, const struct signal *signal,
                 enum verdict verdict, uint64_t seq, const struct dedup_origin *origin,
                 struct ledger_entry *entry) {
    memset(entry, 0, sizeof *entry);
    entry->seq = seq;
    entry->previous = known ? known->seq : 0;
    entry->first = known ? known->first : seq;
    entry->version = known ? known->version + 1 : 1;
    entry->verdict = verdict;
    entry->counts = verdict != VERDICT_WITHDRAWN;
    entry->how = entry->counts ? WITHDRAWN_SAID : signal->how;
    entry->received_ms = origin->received_ms;
    entry->logged_ms = origin->logged_ms;
    entry->identity = signal->identity;
    entry->updated_ms = updated_ms(known, signal, verdict, origin);
    set_content(known, signal, entry);
    entry->key_municipality = known ? known->key_municipality : entry->cell.municipality;
    entry->polled = origin->polled;
    entry->source_len = (uint8_t)origin->source.len;
    memcpy(entry->source, origin->source.data, origin->source.len);
    entry->id_len = signal->id_len;
    memcpy(entry->id, signal->id, signal->id_len);
}
