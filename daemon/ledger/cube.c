// SPDX-License-Identifier: EUPL-1.2
// The counts as they are on the disk at one moment, for who asks questions beside the commits. The
// memory of the ledger changes on the loop, so it is not looked at. Of persons only those are taken
// that have more than one signal: no question needs the others.
#include "ledger/ledger.h"

#include "ledger_private.h"

struct cube_reading {
    struct ledger_cube *cube;
    uint64_t person; // of the member before this one
    struct digest member;
    struct cell cell;
    bool ok;
};

struct counts_reading {
    struct counts *counts;
    bool ok;
};

static bool on_count(void *ctx, struct str key, struct str value) {
    struct counts_reading *reading = ctx;
    struct cell cell;
    int64_t number;
    reading->ok = key.len == sizeof cell && value.len == sizeof number;
    if (!reading->ok)
        return false;
    memcpy(&cell, key.data, sizeof cell);
    memcpy(&number, value.data, sizeof number);
    counts_add(reading->counts, &cell, number);
    return true;
}

bool ledger_read_counts(struct store_txn *txn, struct counts *counts) {
    struct counts_reading reading = {counts, true};
    store_each(txn, STORE_COUNTS, on_count, &reading);
    return reading.ok && txn->err.kind == ERR_NONE;
}

// Members of one person stand behind each other: the first is put once there is a second.
static bool on_member(void *ctx, struct str key, struct str value) {
    struct cube_reading *reading = ctx;
    struct persons *persons = reading->cube->persons;
    struct digest member;
    struct cell cell;
    uint64_t person;
    reading->ok = record_get_member(key, &person, &member) && record_get_cell(value, &cell);
    if (!reading->ok)
        return false;
    if (person == reading->person) {
        persons_put(persons, person, &reading->member, &reading->cell);
        persons_put(persons, person, &member, &cell);
    }
    reading->person = person;
    reading->member = member;
    reading->cell = cell;
    return true;
}

bool ledger_read_cube(struct ledger *ledger, struct ledger_cube *cube) {
    struct store_txn txn;
    struct cube_reading reading = {.cube = cube, .ok = true};
    cube->counts = counts_create();
    cube->persons = persons_create();
    store_begin_read(ledger->store, &txn);
    reading.ok = ledger_read_counts(&txn, cube->counts);
    if (reading.ok)
        store_each(&txn, STORE_MEMBERS, on_member, &reading);
    bool ok = reading.ok && txn.err.kind == ERR_NONE;
    store_abort(&txn);
    return ok;
}

void ledger_cube_free(struct ledger_cube *cube) {
    counts_free(cube->counts);
    persons_free(cube->persons);
}
