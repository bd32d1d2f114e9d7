// SPDX-License-Identifier: EUPL-1.2
// The beginning of a verify, between two commits: the store and the memory say the same then. What
// takes long (the verify itself) goes by the snapshot afterwards, beside further commits. Of what
// is large only a sum is taken: see verify.h.
#include "ledger/ledger.h"

#include "ledger/verify.h"
#include "ledger_private.h"

static void on_lead(void *ctx, uint64_t tag, uint64_t seq) {
    verify_add_lead(ctx, tag, seq);
}

static void on_member(void *ctx, uint64_t person, const struct digest *member,
                      const struct cell *cell) {
    verify_add_member(ctx, person, member, cell);
}

void ledger_begin_verify(struct ledger_writer *writer, struct commit_task *task) {
    const struct ledger *ledger = writer->ledger;
    struct verify *verify = ((struct verify_task *)task)->verify;
    struct verify_memory *memory = &verify->memory;
    store_begin_snapshot(ledger->store, &verify->txn);
    memory->cube = counts_copy(ledger->counts);
    leads_each(ledger->leads, on_lead, &memory->leads);
    persons_each(ledger->persons, on_member, &memory->persons);
    memory->first_seq = ledger->first_seq;
    memory->last_seq = ledger->last_seq;
    memory->waiting = ledger->waiting;
}
