// SPDX-License-Identifier: EUPL-1.2
// A recount finds each difference between a daemon's memory and the disk, and names it.
#include "recount_rig.h"

static void memory_counts_more(struct books *books) {
    struct cell cell = cell_of(books, 8);
    counts_add(books->counts, &cell, 1);
}

static void memory_counts_elsewhere(struct books *books) {
    struct cell cell = cell_of(books, 8);
    cell.status = STATUS_REJECTED;
    counts_add(books->counts, &cell, 1);
}

static void memory_lacks_member(struct books *books) {
    struct line line = line_at(books, 10);
    persons_remove(books->persons, line.row.person, &line.row.identity);
}

static void memory_has_member_elsewhere(struct books *books) {
    struct line line = line_at(books, 10);
    line.row.cell.gender = GENDER_NON_CONFORMING;
    persons_put(books->persons, line.row.person, &line.row.identity, &line.row.cell);
}

static void memory_has_member_of_another(struct books *books) {
    struct line line = line_at(books, 10);
    persons_remove(books->persons, line.row.person, &line.row.identity);
    persons_put(books->persons, 99, &line.row.identity, &line.row.cell);
}

static void index_lacks(struct books *books) {
    struct digest identity = identity_of(books, "plain");
    index_remove(books->index, &identity);
}

static void index_has_stranger(struct books *books) {
    const struct digest nobody = {{9}};
    index_put(books->index, &nobody, 8);
}

static void index_leads_to_older(struct books *books) {
    struct digest identity = identity_of(books, "fixed");
    index_put(books->index, &identity, 11);
}

static void index_of_other_range(struct books *books) {
    books->last_seq++;
}

static void memory_waits_for_less(struct books *books) {
    books->waiting--;
}

static void index_of_other_beginning(struct books *books) {
    books->first_seq--;
}

static const struct damage damages[] = {
    {memory_counts_more, BIT(MEMORY), RECOUNT_MEMORY,
     "a cell of GM0000 in 2023-05 has 1, and 2 in memory"},
    {memory_counts_elsewhere, BIT(MEMORY), RECOUNT_MEMORY,
     "a cell of GM0000 in 2023-05 has 0, and 1 in memory"},
    {memory_lacks_member, BIT(MEMORY), RECOUNT_MEMORY, "5 entries in memory, 6 on the disk"},
    {memory_has_member_elsewhere, BIT(MEMORY), RECOUNT_MEMORY, "as many in memory"},
    {memory_has_member_of_another, BIT(MEMORY), RECOUNT_MEMORY, "as many in memory"},
    {index_lacks, BIT(INDEX), RECOUNT_INDEX, "12 entries in memory, 13 on the disk"},
    {index_has_stranger, BIT(INDEX), RECOUNT_INDEX, "14 entries in memory, 13 on the disk"},
    {index_leads_to_older, BIT(INDEX), RECOUNT_INDEX, "as many in memory"},
    {index_of_other_range, BIT(INDEX), RECOUNT_INDEX, "the daemon has lines 7 to 31"},
    {index_of_other_beginning, BIT(INDEX), RECOUNT_INDEX, "the daemon has lines 6 to 30"},
    {memory_waits_for_less, BIT(OUTBOX), RECOUNT_OUTBOX, "the daemon says that 9 lines wait"},
};

static void each_damage_in_memory_is_found_and_named(void **state) {
    (void)state;
    books_close(make_books());
    for (size_t i = 0; i < COUNT(damages); i++) {
        struct books *books = open_books();
        struct recount recount;
        damages[i].damage(books);
        begin_recount(books, &recount);
        recount_run(&recount);
        assert_found(&recount, &damages[i], i);
        recount_free(&recount);
        books_close(books);
    }
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_damage_in_memory_is_found_and_named),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
