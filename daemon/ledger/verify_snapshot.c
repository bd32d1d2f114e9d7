// SPDX-License-Identifier: EUPL-1.2
// The beginning of a recount, between two commits: the store and the memory say the same then. What
// takes long (the recount itself) goes by the snapshot afterwards, beside further commits. Of what
// is large only a sum is taken: see recount.h.
#include "ledger/ledger.h"

#include "ledger/verify.h"
#include "ledger_private.h"

static void on_signal(void *ctx, const struct digest *identity, uint64_t seq) {
    recount_add_signal(ctx, identity, seq);
}

static void on_member(void *ctx, uint64_t person, const struct digest *member,
                      const struct cell *cell) {
    recount_add_member(ctx, person, member, cell);
}

void books_recount(struct books_commit *commit, struct batch *batch) {
    const struct books *books = commit->books;
    struct recount *recount = batch->recount;
    struct recount_memory *memory = &recount->memory;
    store_begin_read(books->store, &recount->txn);
    memory->cube = counts_copy(books->counts);
    index_each(books->index, on_signal, &memory->index);
    persons_each(books->persons, on_member, &memory->persons);
    memory->first_seq = books->first_seq;
    memory->last_seq = books->last_seq;
    memory->waiting = books->waiting;
}
