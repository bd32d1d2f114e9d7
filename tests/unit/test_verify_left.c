// SPDX-License-Identifier: EUPL-1.2
// A verify finds what is left of erased signals, numbers of persons that would be given twice, and
// events about sources that say something else.
#include "verify_rig.h"

// What was erased goes when Kafka has it: the list of it is all that remembers.
static void erased_is_forgotten(struct ledger *ledger) {
    struct store_txn txn;
    store_begin(ledger->store, &txn);
    store_delete(&txn, STORE_META, STR("erase-waiting"));
    commit_damage(&txn);
}

static void erased_is_confirmed(struct ledger *ledger) {
    char place[RECORD_PUBLISHED];
    record_put_published(place, 0, 1);
    delete_seq(ledger, STORE_OUTBOX, 21);
    put_seq(ledger, STORE_PUBLISHED, 21, (struct str){place, sizeof place});
}

static void tombstone_is_forgotten(struct ledger *ledger) {
    const uint64_t waiting[] = {21, 29};
    struct store_txn txn;
    store_begin(ledger->store, &txn);
    store_put(&txn, STORE_META, STR("erase-waiting"),
              (struct str){(const char *)waiting, sizeof waiting});
    commit_damage(&txn);
}

static void row_of_somebody(struct ledger_entry *entry) {
    entry->person = 1;
}

static void row_of_a_day(struct ledger_entry *entry) {
    entry->reported = 19000;
}

static void row_of_an_id(struct ledger_entry *entry) {
    entry->id_len = 1;
    entry->id[0] = '7';
}

static void erased_is_about_somebody(struct ledger *ledger) {
    edit_row(ledger, 16, row_of_somebody);
}

static void erased_has_a_day(struct ledger *ledger) {
    edit_row(ledger, 28, row_of_a_day);
}

static void erased_has_its_id(struct ledger *ledger) {
    edit_row(ledger, 16, row_of_an_id);
}

static void source_event_of_another(struct ledger *ledger) {
    edit_event(ledger, 25, "\"name\":\"amsterdam\"", "\"name\":\"rotterdam\"");
}

static void source_event_elsewhere(struct ledger *ledger) {
    edit_event(ledger, 25, "\"code\":\"GM0363\"", "\"code\":\"GM0599\"");
}

static void put_number(struct ledger *ledger, const char *name, uint64_t number) {
    struct store_txn txn;
    store_begin(ledger->store, &txn);
    store_put(&txn, STORE_META, str_from(name), (struct str){(const char *)&number, sizeof number});
    commit_damage(&txn);
}

static void persons_begin_anew(struct ledger *ledger) {
    put_number(ledger, "person-last", 1);
}

static void put_pseudonym(struct ledger *ledger, uint64_t person) {
    const struct person_record record = {.person = person, .last_ms = now};
    const struct digest pseudonym = {{7}};
    char bytes[RECORD_PERSON];
    struct store_txn txn;
    record_put_person(bytes, &record);
    store_begin(ledger->store, &txn);
    store_put(&txn, STORE_PERSONS, (struct str){(const char *)pseudonym.bytes, DIGEST_BYTES},
              (struct str){bytes, sizeof bytes});
    commit_damage(&txn);
}

static void pseudonym_of_a_person_to_come(struct ledger *ledger) {
    put_pseudonym(ledger, 5);
}

static void pseudonym_of_nobody(struct ledger *ledger) {
    put_pseudonym(ledger, 0);
}

static const struct damage damages[] = {
    {erased_is_forgotten, BIT(EVENTS), VERIFY_EVENTS, "the event of line 2"},
    {tombstone_is_forgotten, BIT(EVENTS), VERIFY_EVENTS, "the event of line 28 says what was er"},
    {erased_is_about_somebody, BIT(LEDGER), VERIFY_LEDGER, "line 16 says what was erased"},
    {erased_has_a_day, BIT(LEDGER), VERIFY_LEDGER, "line 28 says what was erased"},
    {erased_has_its_id, BIT(LEDGER), VERIFY_LEDGER, "line 16 says what was erased"},
    {source_event_of_another, BIT(EVENTS), VERIFY_EVENTS, "the event of line 25 is about another"},
    {source_event_elsewhere, BIT(EVENTS), VERIFY_EVENTS, "the event of line 25 is about another"},
    {erased_is_confirmed, BIT(EVENTS), VERIFY_EVENTS, "the event of line 21 says what was er"},
    {persons_begin_anew, BIT(PERSONS), VERIFY_PERSONS,
     "there is a person 2, and the last one is 1"},
    {pseudonym_of_a_person_to_come, BIT(PERSONS), VERIFY_PERSONS, "there is a person 5, and the"},
    {pseudonym_of_nobody, BIT(PERSONS), VERIFY_PERSONS, "a pseudonym that leads to nobody"},
};

static void each_is_found_and_named(void **state) {
    (void)state;
    assert_each_is_found(damages, COUNT(damages));
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_is_found_and_named),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
