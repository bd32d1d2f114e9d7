// SPDX-License-Identifier: EUPL-1.2
// A verify finds each damage on the disk and names it, and finds nothing else.
#include "verify_rig.h"

static void count_too_many(struct ledger *ledger) {
    struct cell cell = cell_of(ledger, 8);
    edit_cell(ledger, STORE_COUNTS, &cell, 1);
}

static void count_of_none(struct ledger *ledger) {
    struct cell cell = cell_of(ledger, 7);
    edit_cell(ledger, STORE_COUNTS, &cell, -1);
}

static void cell_too_many(struct ledger *ledger) {
    struct cell cell = cell_of(ledger, 8);
    cell.status = STATUS_REJECTED;
    edit_cell(ledger, STORE_COUNTS, &cell, 1);
}

static void cell_missing(struct ledger *ledger) {
    struct cell cell = cell_of(ledger, 8);
    edit_cell(ledger, STORE_COUNTS, &cell, 0);
}

static void carried_too_many(struct ledger *ledger) {
    struct cell cell = cell_of(ledger, 8);
    edit_cell(ledger, STORE_EXPIRED_COUNTS, &cell, 1);
}

static void carried_less_than_none(struct ledger *ledger) {
    struct cell cell = cell_of(ledger, 8);
    edit_cell(ledger, STORE_EXPIRED_COUNTS, &cell, -1);
}

static void outbox_lacks(struct ledger *ledger) {
    delete_seq(ledger, STORE_OUTBOX, 22);
}

static void outbox_has_confirmed(struct ledger *ledger) {
    put_seq(ledger, STORE_OUTBOX, 9, STR(""));
}

static void outbox_has_stranger(struct ledger *ledger) {
    put_seq(ledger, STORE_OUTBOX, 99, STR(""));
}

static void confirmed_lacks(struct ledger *ledger) {
    delete_seq(ledger, STORE_PUBLISHED, 9);
}

static void confirmed_has_expired(struct ledger *ledger) {
    char place[RECORD_PUBLISHED];
    record_put_published(place, 0, 1);
    put_seq(ledger, STORE_PUBLISHED, 3, (struct str){place, sizeof place});
}

static void confirmed_unreadable(struct ledger *ledger) {
    put_seq(ledger, STORE_PUBLISHED, 9, STR("?"));
}

static void edit_totals(struct ledger *ledger, void (*change)(struct totals *totals)) {
    struct store_txn txn;
    struct totals totals = *ledger_totals(ledger);
    struct buf record;
    buf_init(&record, 4096);
    change(&totals);
    record_put_totals(&record, &totals);
    store_begin(ledger->store, &txn);
    store_put(&txn, STORE_META, STR("totals"), buf_str(&record));
    commit_damage(&txn);
    buf_free(&record);
}

static void count_none_registered(struct totals *totals) {
    totals->verdicts[VERDICT_REGISTERED] = 0;
}

static void count_one_more(struct totals *totals) {
    totals->verdicts[VERDICT_REGISTERED]++;
}

static void count_all_unpublished(struct totals *totals) {
    totals->never_published = 7;
}

static void totals_too_low(struct ledger *ledger) {
    edit_totals(ledger, count_none_registered);
}

static void totals_too_high(struct ledger *ledger) {
    edit_totals(ledger, count_one_more);
}

static void totals_never_published(struct ledger *ledger) {
    edit_totals(ledger, count_all_unpublished);
}

static void totals_unreadable(struct ledger *ledger) {
    struct store_txn txn;
    store_begin(ledger->store, &txn);
    store_put(&txn, STORE_META, STR("totals"), STR("?"));
    commit_damage(&txn);
}

static void event_of_other_category(struct ledger *ledger) {
    edit_event(ledger, 18, "SexualExploitation", "ForcedLabour");
}

static void event_of_other_day(struct ledger *ledger) {
    edit_event(ledger, 8, "2023-05-01", "2023-05-02");
}

static void event_of_other_previous(struct ledger *ledger) {
    edit_event(ledger, 18, "[\"ForcedLabour\"]", "[\"Servitude\"]");
}

static void event_without_previous(struct ledger *ledger) {
    edit_event(ledger, 19, "\"previous\"", "\"earlier\"");
}

static void event_with_previous(struct ledger *ledger) {
    edit_event(ledger, 8, "\"linked\":[]",
               "\"linked\":[],\"previous\":{\"source\":{\"name\":\"amsterdam\",\"kind\":"
               "\"municipality\"},\"municipality\":{\"code\":\"GM0363\",\"name\":\"Amsterdam\","
               "\"asReported\":null,\"today\":\"GM0363\"},\"categories\":[\"Unknown\"],"
               "\"reported\":\"2023-05-01\",\"victim\":{\"gender\":\"Unknown\",\"ageGroup\":"
               "\"Unknown\",\"citizenship\":\"Unknown\"},\"status\":\"possible\"}");
}

static void event_of_other_version(struct ledger *ledger) {
    edit_event(ledger, 8, "\"version\":1", "\"version\":2");
}

static void event_of_other_source(struct ledger *ledger) {
    edit_event(ledger, 8, "\"name\":\"amsterdam\"", "\"name\":\"rotterdam\"");
}

static void event_received_elsewhen(struct ledger *ledger) {
    edit_event(ledger, 8, "\"received\":\"2024", "\"received\":\"2023");
}

static void event_unreadable(struct ledger *ledger) {
    edit_event(ledger, 8, "{", "");
}

static void event_of_erased(struct ledger *ledger) {
    char event[EVENT_VALUE_MAX + 1], other[EVENT_VALUE_MAX + 1];
    struct ledger_entry entry, another;
    struct store_txn txn;
    get_record(ledger, 16, &entry, event);
    get_record(ledger, 8, &another, other);
    store_begin(ledger->store, &txn);
    put_record(&txn, &entry, other);
    commit_damage(&txn);
}

// All that the erased version said, under its own name.
static void event_of_erased_is_back(struct ledger *ledger) {
    char id[DIGEST_HEX + 1], other[DIGEST_HEX + 1], event[EVENT_VALUE_MAX + 1];
    struct ledger_entry entry, another;
    struct store_txn txn;
    get_record(ledger, 16, &entry, event);
    get_record(ledger, 8, &another, event);
    digest_to_hex(&entry.identity, id);
    digest_to_hex(&another.identity, other);
    memcpy(strstr(event, other), id, DIGEST_HEX);
    store_begin(ledger->store, &txn);
    put_record(&txn, &entry, event);
    commit_damage(&txn);
}

static void event_of_other_kind(struct ledger *ledger) {
    edit_event(ledger, 16, "\"kind\":\"municipality\"", "\"kind\":\"coa\"");
}

static void event_occurred_elsewhen(struct ledger *ledger) {
    edit_event(ledger, 8, "\"occurred\":null", "\"occurred\":\"2023-04-30\"");
}

static void event_elsewhere_today(struct ledger *ledger) {
    edit_event(ledger, 8, "\"today\":\"unknown\"", "\"today\":\"GM0363\"");
}

static void erased_without_previous(struct ledger *ledger) {
    edit_event(ledger, 28, "\"previous\"", "\"earlier\"");
}

static void row_of_other_cell(struct ledger_entry *entry) {
    entry->cell.gender = GENDER_NON_CONFORMING;
}

static void row_of_other_version(struct ledger_entry *entry) {
    entry->version = 3;
}

static void row_follows_nobody(struct ledger_entry *entry) {
    entry->previous = 0;
}

static void row_follows_other(struct ledger_entry *entry) {
    entry->previous = 9;
}

static void row_of_other_first(struct ledger_entry *entry) {
    entry->first = 9;
}

static void row_of_other_source(struct ledger_entry *entry) {
    entry->source[0] = 'x';
}

static void row_of_stranger_behind_first(struct ledger_entry *entry) {
    entry->identity.bytes[3] ^= 1;
    entry->previous = 7;
}

static void row_that_does_not_count(struct ledger_entry *entry) {
    entry->counts = false;
}

static void row_of_other_verdict(struct ledger_entry *entry) {
    entry->verdict = VERDICT_CORRECTED;
}

static void row_of_other_key(struct ledger_entry *entry) {
    entry->key_municipality = 599;
}

static void row_of_other_signal(struct ledger_entry *entry) {
    entry->identity.bytes[3] ^= 1;
}

static void row_of_other_person(struct ledger_entry *entry) {
    entry->person = 77;
}

static void row_of_nobody(struct ledger_entry *entry) {
    entry->person = 0;
}

static void cell_of_row(struct ledger *ledger) {
    edit_row(ledger, 8, row_of_other_cell);
}

static void version_skipped(struct ledger *ledger) {
    edit_row(ledger, 18, row_of_other_version);
}

static void chain_cut(struct ledger *ledger) {
    edit_row(ledger, 18, row_follows_nobody);
}

static void chain_crossed(struct ledger *ledger) {
    edit_row(ledger, 18, row_follows_other);
}

static void first_moved(struct ledger *ledger) {
    edit_row(ledger, 18, row_of_other_first);
}

static void first_moved_of_first(struct ledger *ledger) {
    edit_row(ledger, 13, row_of_other_first);
}

static void withdrawn_by_hand(struct ledger *ledger) {
    edit_row(ledger, 8, row_that_does_not_count);
}

static void verdict_changed(struct ledger *ledger) {
    edit_row(ledger, 8, row_of_other_verdict);
}

static void key_changed(struct ledger *ledger) {
    edit_row(ledger, 18, row_of_other_key);
}

static void source_changed(struct ledger *ledger) {
    edit_row(ledger, 18, row_of_other_source);
}

static void stranger_behind_first_line(struct ledger *ledger) {
    edit_row(ledger, 18, row_of_stranger_behind_first);
}

static void identity_changed(struct ledger *ledger) {
    edit_row(ledger, 18, row_of_other_signal);
}

static void person_changed(struct ledger *ledger) {
    edit_row(ledger, 10, row_of_other_person);
}

static void person_forgotten(struct ledger *ledger) {
    edit_row(ledger, 10, row_of_nobody);
}

static void line_removed(struct ledger *ledger) {
    delete_seq(ledger, STORE_LEDGER, 11);
}

static void last_line_removed(struct ledger *ledger) {
    delete_seq(ledger, STORE_LEDGER, 30);
}

static void first_line_removed(struct ledger *ledger) {
    delete_seq(ledger, STORE_LEDGER, 7);
}

static void line_unreadable(struct ledger *ledger) {
    put_seq(ledger, STORE_LEDGER, 8, STR("nothing of ours"));
}

// The worst that can happen.
static void registered_twice(struct ledger *ledger) {
    register_again(ledger, 8);
}

static void registered_twice_and_rebuilt(struct ledger *ledger) {
    set_rebuilt(ledger);
    register_again(ledger, 8);
}

// Where no ledger was made anew.
static void registered_twice_and_carried(struct ledger *ledger) {
    struct cell cell = cell_of(ledger, 8);
    edit_cell(ledger, STORE_EXPIRED_COUNTS, &cell, 1);
    register_again(ledger, 8);
}

static void version_lost(struct ledger *ledger) {
    put_lost(ledger, 11);
}

static void first_version_lost(struct ledger_entry *entry) {
    entry->previous = 0;
    entry->first = entry->seq;
}

static void version_of_nothing(struct ledger *ledger) {
    edit_row(ledger, 11, row_of_other_signal);
    edit_row(ledger, 18, first_version_lost);
}

static void member_missing(struct ledger *ledger) {
    struct line line = line_at(ledger, 10);
    edit_member(ledger, line.entry.person, &line.entry.identity, NULL);
}

static void member_of_other_person(struct ledger *ledger) {
    struct line line = line_at(ledger, 10);
    edit_member(ledger, 88, &line.entry.identity, &line.entry.cell);
}

static void member_of_other_cell(struct ledger *ledger) {
    struct line line = line_at(ledger, 10);
    struct cell cell = line.entry.cell;
    cell.status = STATUS_CONFIRMED;
    edit_member(ledger, line.entry.person, &line.entry.identity, &cell);
}

static void member_that_does_not_count(struct ledger *ledger) {
    struct line line = line_at(ledger, 19);
    edit_member(ledger, 1, &line.entry.identity, &line.entry.cell);
}

static void member_nobody_knows(struct ledger *ledger) {
    const struct digest nobody = {{1, 2, 3}};
    struct cell cell = cell_of(ledger, 8);
    edit_member(ledger, 1, &nobody, &cell);
}

static void member_unreadable(struct ledger *ledger) {
    struct store_txn txn;
    store_begin(ledger->store, &txn);
    store_put(&txn, STORE_MEMBERS, STR("short"), STR("?"));
    commit_damage(&txn);
}

static void key_of_first_changed(struct ledger *ledger) {
    edit_row(ledger, 8, row_of_other_key);
}

static const struct damage damages[] = {
    {key_of_first_changed, BIT(LEDGER), VERIFY_LEDGER, "line 8 has another key than its munic"},
    {count_too_many, BIT(COUNTS), VERIFY_COUNTS, "a cell of GM0000 in 2023-05 has 2, and 1 by"},
    {count_of_none, BIT(COUNTS), VERIFY_COUNTS, "a cell that cannot be read"},
    {cell_too_many, BIT(COUNTS), VERIFY_COUNTS, "a cell of GM0000 in 2023-05 has 1, and 0 by"},
    {cell_missing, BIT(COUNTS), VERIFY_COUNTS, "a cell of GM0000 in 2023-05 has 0, and 1 by"},
    {carried_too_many, BIT(COUNTS), VERIFY_COUNTS, "a cell of GM0000 in 2023-05 has 1, and 2 by"},
    {carried_less_than_none, BIT(COUNTS), VERIFY_COUNTS, "an expired count that"},
    {outbox_lacks, BIT(OUTBOX), VERIFY_OUTBOX, "line 22 neither waits"},
    {outbox_has_confirmed, BIT(OUTBOX), VERIFY_OUTBOX, "line 9 waits and is confirmed"},
    {outbox_has_stranger, BIT(OUTBOX), VERIFY_OUTBOX, "11 entries in the outbox, and 10 lines"},
    {confirmed_lacks, BIT(OUTBOX), VERIFY_OUTBOX, "line 9 neither waits"},
    {confirmed_has_expired, BIT(OUTBOX), VERIFY_OUTBOX, "15 entries in the list"},
    {confirmed_unreadable, BIT(OUTBOX), VERIFY_OUTBOX, "the place of line 9"},
    {totals_too_low, BIT(OUTBOX), VERIFY_OUTBOX, "totals of"},
    {totals_too_high, BIT(OUTBOX), VERIFY_OUTBOX, "totals of"},
    {totals_never_published, BIT(OUTBOX), VERIFY_OUTBOX, "7 lines that were never"},
    {totals_unreadable, BIT(OUTBOX), VERIFY_OUTBOX, "the totals cannot"},
    {event_of_other_category, BIT(EVENTS), VERIFY_EVENTS, "the event of line 18 counts"},
    {event_of_other_day, BIT(EVENTS), VERIFY_EVENTS, "the event of line 8 counts"},
    {event_of_other_previous, BIT(EVENTS), VERIFY_EVENTS, "the event of line 18 has another prev"},
    {event_without_previous, BIT(EVENTS), VERIFY_EVENTS, "the event of line 19 has another prev"},
    {event_with_previous, BIT(EVENTS), VERIFY_EVENTS, "the event of line 8 has another previous"},
    {event_of_other_version, BIT(EVENTS), VERIFY_EVENTS, "the event of line 8 is about another"},
    {event_of_other_source, BIT(EVENTS), VERIFY_EVENTS, "the event of line 8 is about another"},
    {event_received_elsewhen, BIT(EVENTS), VERIFY_EVENTS, "the event of line 8 says something"},
    {event_unreadable, BIT(EVENTS), VERIFY_EVENTS, "the event of line 8 cannot be read"},
    {event_of_erased, BIT(EVENTS), VERIFY_EVENTS, "the event of line 16 is about another"},
    {event_of_erased_is_back, BIT(EVENTS), VERIFY_EVENTS, "the event of line 16 says what was"},
    {event_of_other_kind, BIT(EVENTS), VERIFY_EVENTS, "the event of line 16 is about another"},
    {event_occurred_elsewhen, BIT(EVENTS), VERIFY_EVENTS, "the event of line 8 says something"},
    {event_elsewhere_today, BIT(EVENTS), VERIFY_EVENTS, "the event of line 8 says something"},
    {erased_without_previous, BIT(EVENTS), VERIFY_EVENTS, "the event of line 28 has another prev"},
    {cell_of_row, BIT(EVENTS) | BIT(COUNTS), VERIFY_EVENTS, "the event of line 8 counts"},
    {version_skipped, BIT(LEDGER) | BIT(EVENTS), VERIFY_LEDGER, "line 18 has another number"},
    {chain_cut, BIT(LEDGER), VERIFY_LEDGER, "line 18 does not follow"},
    {chain_crossed, BIT(LEDGER), VERIFY_LEDGER, "line 18 does not follow"},
    {first_moved, BIT(LEDGER), VERIFY_LEDGER, "line 18 names another first"},
    {first_moved_of_first, BIT(LEDGER), VERIFY_LEDGER, "line 13 names another first"},
    {withdrawn_by_hand, BIT(LEDGER) | BIT(COUNTS), VERIFY_LEDGER, "line 8 counts, though"},
    {verdict_changed, BIT(LEDGER) | BIT(EVENTS), VERIFY_LEDGER, "line 8 has another verdict"},
    {key_changed, BIT(LEDGER), VERIFY_LEDGER, "line 18 has another source, or another key"},
    {source_changed, BIT(LEDGER) | BIT(EVENTS), VERIFY_LEDGER, "line 18 has another source"},
    {stranger_behind_first_line, BIT(LEDGER) | BIT(EVENTS) | BIT(COUNTS), VERIFY_LEDGER,
     "line 18 follows a line that is not there"},
    {identity_changed, BIT(LEDGER) | BIT(EVENTS) | BIT(COUNTS), VERIFY_LEDGER,
     "line 18 follows a line that is not there"},
    {person_changed, BIT(PERSONS), VERIFY_PERSONS, "line 10 is"},
    {person_forgotten, BIT(PERSONS), VERIFY_PERSONS, "line 10 is with another person"},
    {line_removed, BIT(LEDGER) | BIT(OUTBOX), VERIFY_LEDGER, "line 11 is not there"},
    {last_line_removed, BIT(LEDGER) | BIT(COUNTS) | BIT(OUTBOX) | BIT(PERSONS), VERIFY_LEDGER,
     "it ends at line 29 and not at 30"},
    {first_line_removed, BIT(COUNTS) | BIT(OUTBOX) | BIT(PERSONS), VERIFY_COUNTS,
     "a cell of GM0363"},
    {line_unreadable, BIT(LEDGER) | BIT(COUNTS) | BIT(OUTBOX), VERIFY_LEDGER, "line 8 cannot"},
    {registered_twice, BIT(LEDGER) | BIT(COUNTS), VERIFY_LEDGER, "line 31 does not follow"},
    {registered_twice_and_rebuilt, BIT(LEDGER) | BIT(COUNTS), VERIFY_LEDGER,
     "line 31 does not follow"},
    {registered_twice_and_carried, BIT(LEDGER), VERIFY_LEDGER, "line 31 does not follow"},
    {version_lost, BIT(LEDGER), VERIFY_LEDGER, "line 11 is lost"},
    {version_of_nothing, BIT(LEDGER) | BIT(EVENTS) | BIT(COUNTS), VERIFY_LEDGER,
     "line 18 has another number"},
    {member_missing, BIT(PERSONS), VERIFY_PERSONS, "line 10 is not with its person"},
    {member_of_other_person, BIT(PERSONS), VERIFY_PERSONS, "line 10 is with another person"},
    {member_of_other_cell, BIT(PERSONS), VERIFY_PERSONS, "line 10 counts elsewhere"},
    {member_that_does_not_count, BIT(PERSONS), VERIFY_PERSONS, "line 19 is with a person"},
    {member_nobody_knows, BIT(PERSONS), VERIFY_PERSONS, "a cell of GM0000 in 2023-05 has 0, and 1"},
    {member_unreadable, BIT(PERSONS), VERIFY_PERSONS, "an entry that"},
};

static void each_damage_on_the_disk_is_found_and_named(void **state) {
    (void)state;
    assert_each_is_found(damages, COUNT(damages));
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_damage_on_the_disk_is_found_and_named),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
