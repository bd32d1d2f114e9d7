// SPDX-License-Identifier: EUPL-1.2
// A verify finds each difference between a daemon's memory and the disk, and names it.
#include "verify_rig.h"

static void memory_counts_more(struct ledger *ledger) {
    struct cell cell = cell_of(ledger, 8);
    counts_add(ledger->counts, &cell, 1);
}

static void memory_counts_elsewhere(struct ledger *ledger) {
    struct cell cell = cell_of(ledger, 8);
    cell.status = STATUS_REJECTED;
    counts_add(ledger->counts, &cell, 1);
}

static void memory_lacks_member(struct ledger *ledger) {
    struct line line = line_at(ledger, 10);
    persons_remove(ledger->persons, line.entry.person, &line.entry.identity);
}

static void memory_has_member_elsewhere(struct ledger *ledger) {
    struct line line = line_at(ledger, 10);
    line.entry.cell.gender = GENDER_NON_CONFORMING;
    persons_put(ledger->persons, line.entry.person, &line.entry.identity, &line.entry.cell);
}

static void memory_has_member_of_another(struct ledger *ledger) {
    struct line line = line_at(ledger, 10);
    persons_remove(ledger->persons, line.entry.person, &line.entry.identity);
    persons_put(ledger->persons, 99, &line.entry.identity, &line.entry.cell);
}

static void index_lacks(struct ledger *ledger) {
    struct digest identity = identity_of(ledger, "plain");
    leads_remove(ledger->leads, &identity, ledger_find(ledger, &identity));
}

static void index_has_stranger(struct ledger *ledger) {
    const struct digest nobody = {{9}};
    leads_add(ledger->leads, &nobody, 8);
}

static void index_leads_to_older(struct ledger *ledger) {
    struct digest identity = identity_of(ledger, "fixed");
    leads_remove(ledger->leads, &identity, ledger_find(ledger, &identity));
    leads_add(ledger->leads, &identity, 11);
}

static void index_of_other_range(struct ledger *ledger) {
    ledger->last_seq++;
}

static void memory_waits_for_less(struct ledger *ledger) {
    ledger->waiting--;
}

static void index_of_other_beginning(struct ledger *ledger) {
    ledger->first_seq--;
}

static const struct damage damages[] = {
    {memory_counts_more, BIT(MEMORY), VERIFY_MEMORY,
     "a cell of GM0000 in 2023-05 has 1, and 2 in memory"},
    {memory_counts_elsewhere, BIT(MEMORY), VERIFY_MEMORY,
     "a cell of GM0000 in 2023-05 has 0, and 1 in memory"},
    {memory_lacks_member, BIT(MEMORY), VERIFY_MEMORY, "5 entries in memory, 6 on the disk"},
    {memory_has_member_elsewhere, BIT(MEMORY), VERIFY_MEMORY, "as many in memory"},
    {memory_has_member_of_another, BIT(MEMORY), VERIFY_MEMORY, "as many in memory"},
    {index_lacks, BIT(INDEX), VERIFY_INDEX, "12 entries in memory, 13 on the disk"},
    {index_has_stranger, BIT(INDEX), VERIFY_INDEX, "14 entries in memory, 13 on the disk"},
    {index_leads_to_older, BIT(INDEX), VERIFY_INDEX, "as many in memory"},
    {index_of_other_range, BIT(INDEX), VERIFY_INDEX, "the daemon has lines 7 to 31"},
    {index_of_other_beginning, BIT(INDEX), VERIFY_INDEX, "the daemon has lines 6 to 30"},
    {memory_waits_for_less, BIT(OUTBOX), VERIFY_OUTBOX, "the daemon says that 9 lines wait"},
};

static void each_damage_in_memory_is_found_and_named(void **state) {
    (void)state;
    ledger_close(make_books());
    for (size_t i = 0; i < COUNT(damages); i++) {
        struct ledger *ledger = open_ledger();
        struct verify verify;
        damages[i].damage(ledger);
        begin_verify(ledger, &verify);
        verify_run(&verify);
        assert_found(&verify, &damages[i], i);
        verify_free(&verify);
        ledger_close(ledger);
    }
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_damage_in_memory_is_found_and_named),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
