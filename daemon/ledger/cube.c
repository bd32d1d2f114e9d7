// SPDX-License-Identifier: EUPL-1.2
// The counts as they are on the disk at one moment, for who asks questions beside the commits. The
// memory of the ledger changes on the loop, so it is not looked at. They are told one by one: who
// asks keeps what he needs. Most questions need only those persons that have more than one signal.
#include "ledger/ledger.h"

#include "ledger_private.h"

struct cube_walk {
    const struct ledger_cube_reader *reader;
    void *ctx;
    uint64_t person;  // of the member before this one
    struct cell cell; // its cell, which has yet to be told; told: it has been
    bool told, damaged;
};

static bool on_count(void *ctx, struct str key, struct str value) {
    struct cube_walk *walk = ctx;
    struct cell cell;
    int64_t number;
    walk->damaged = key.len != sizeof cell || value.len != sizeof number;
    if (walk->damaged)
        return false;
    memcpy(&cell, key.data, sizeof cell);
    memcpy(&number, value.data, sizeof number);
    walk->reader->cell(walk->ctx, &cell, number);
    return true;
}

// Members of one person stand behind each other: the first is told once there is a second.
static bool on_member(void *ctx, struct str key, struct str value) {
    struct cube_walk *walk = ctx;
    struct digest member;
    struct cell cell;
    uint64_t person;
    walk->damaged = !record_get_member(key, &person, &member) || !record_get_cell(value, &cell);
    if (walk->damaged)
        return false;
    bool linked = person == walk->person || walk->reader->alone;
    if (linked && !walk->told && !walk->reader->alone)
        walk->reader->linked(walk->ctx, person, &walk->cell);
    if (linked)
        walk->reader->linked(walk->ctx, person, &cell);
    walk->person = person;
    walk->cell = cell;
    walk->told = linked;
    return true;
}

bool ledger_walk_cube(struct store_txn *txn, const struct ledger_cube_reader *reader, void *ctx) {
    struct cube_walk walk = {.reader = reader, .ctx = ctx};
    store_each(txn, STORE_COUNTS, on_count, &walk);
    if (reader->linked && !walk.damaged)
        store_each(txn, STORE_MEMBERS, on_member, &walk);
    return !walk.damaged && txn->err.kind == ERR_NONE;
}

bool ledger_each_cell(struct ledger *ledger, const struct ledger_cube_reader *reader, void *ctx) {
    struct store_txn txn;
    store_begin_read(ledger->store, &txn);
    bool ok = ledger_walk_cube(&txn, reader, ctx);
    store_abort(&txn);
    return ok;
}
