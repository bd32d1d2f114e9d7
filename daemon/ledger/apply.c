// SPDX-License-Identifier: EUPL-1.2
// Memory follows the disk: what a commit wrote is taken over on the loop, once it is durable.
// Nothing else changes the ledger's memory, so it always is what a restart would find.
#include "ledger/ledger.h"

#include "edge/loop.h"
#include "ledger_private.h"

#include <stdlib.h>

static void apply_count(void *ctx, const struct cell *cell, int64_t change) {
    struct ledger *ledger = ctx;
    counts_add(ledger->counts, cell, change);
}

static void apply_members(struct ledger *ledger, const struct ledger_change *change) {
    for (size_t i = 0; i < change->member_count; i++) {
        const struct ledger_member *member = &change->members[i];
        if (member->there)
            persons_put(ledger->persons, member->person, &member->member, &member->cell);
        else
            persons_remove(ledger->persons, member->person, &member->member);
    }
}

static void apply_erase_waiting(struct ledger *ledger, struct ledger_change *change) {
    if (!change->erase_changed)
        return;
    free(ledger->erase_waiting);
    ledger->erase_waiting = change->erase_waiting;
    ledger->erase_waiting_count = change->erase_waiting_count;
    change->erase_waiting = NULL;
    change->erase_waiting_count = change->erase_waiting_cap = 0;
}

void ledger_apply(struct ledger *ledger, struct ledger_group *group) {
    struct ledger_change *change = group->change;
    apply_members(ledger, change);
    apply_erase_waiting(ledger, change);
    counts_each(change->counts, apply_count, ledger);
    ledger->totals = change->totals;
    ledger->first_seq = change->first_seq;
    ledger->last_seq = change->last_seq;
    ledger_apply_leads(ledger, change);
    ledger->person_last = change->person_last;
    ledger->words = change->words;
    ledger->carried = change->carried;
    ledger->chain = change->chain;
    ledger->quarantined = change->quarantined;
    ledger->quarantine_last = change->quarantine_last;
    ledger->waiting += change->added;
    ledger->waiting -= change->confirmed + change->dropped;
    ledger->statistics = change->statistics;
    ledger->statistics_waiting = change->statistics_waiting;
    ledger->current = change->current;
    ledger->current_left = ledger->current_left && !group->wrote;
    ledger->current_waiting = change->current_waiting;
    ledger_apply_acks(ledger, group);
    ledger->last_commit_ms = loop_wall_ms();
}
