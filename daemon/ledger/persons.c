// SPDX-License-Identifier: EUPL-1.2
// Who signals are about, without knowing who that is. A pseudonym leads to a person's number, which
// is all that signals have; a person with several pseudonyms has one number. Signals with the same
// number are linked, never merged. A V-number that leads to one person and a name that leads to
// another leave both as they are: the V-number decides, nothing is joined.
#include "ledger_private.h"

#include "base/mem.h"

#include <string.h>

static struct str digest_str(const struct digest *digest) {
    return (struct str){(const char *)digest->bytes, DIGEST_BYTES};
}

bool ledger_is_about_live(struct ledger_writer *writer, uint64_t person) {
    static const struct digest nobody;
    struct digest one;
    return ledger_linked(writer, person, &nobody, &one, 1) > 0;
}

// The person with this pseudonym, if it has been used within the window, or if there still is a
// signal about it: judged again, one may be kept for longer.
static uint64_t find_person(struct ledger_writer *writer, const struct digest *pseudonym) {
    struct person_record record;
    struct str value;
    if (!store_get(&writer->txn, STORE_PERSONS, digest_str(pseudonym), &value) ||
        !record_get_person(value, &record))
        return 0;
    bool recent = record.last_ms >= writer->logged_ms - writer->ledger->window_ms;
    return recent || ledger_is_about_live(writer, record.person) ? record.person : 0;
}

// Under the key in force the pseudonym leads to the person from now on, unless it leads to another.
static void keep_pseudonym(struct ledger_writer *writer, const struct digest *pseudonym,
                           uint64_t person) {
    char bytes[RECORD_PERSON];
    uint64_t known = find_person(writer, pseudonym);
    if (known && known != person)
        return;
    struct person_record record = {.person = person,
                                   .key_id = writer->ledger->person_keys.list[0].id,
                                   .last_ms = writer->logged_ms};
    record_put_person(bytes, &record);
    store_put(&writer->txn, STORE_PERSONS, digest_str(pseudonym),
              (struct str){bytes, sizeof bytes});
}

uint64_t ledger_commit_person(struct ledger_writer *writer,
                              const struct person_pseudonyms *pseudonyms) {
    uint64_t person = 0;
    if (pseudonyms->base_count == 0)
        return 0;
    for (size_t base = 0; base < pseudonyms->base_count && !person; base++)
        for (size_t key = 0; key < pseudonyms->key_count && !person; key++)
            person = find_person(writer, &pseudonyms->list[base][key]);
    if (!person)
        person = ++writer->change->person_last;
    for (size_t base = 0; base < pseudonyms->base_count; base++)
        keep_pseudonym(writer, &pseudonyms->list[base][0], person);
    return person;
}

static void note_member(struct ledger_writer *writer, const struct ledger_member *member) {
    struct ledger_change *change = writer->change;
    change->members = mem_grow(change->members, change->member_count, &change->member_cap,
                               sizeof *change->members);
    change->members[change->member_count++] = *member;
    writer->writes = true;
}

void ledger_put_member(struct ledger_writer *writer, uint64_t person, const struct digest *member,
                       const struct cell *cell) {
    uint8_t key[RECORD_MEMBER], value[sizeof *cell];
    store_put(&writer->txn, STORE_MEMBERS, record_put_member(key, person, member),
              record_put_cell(value, cell));
    note_member(writer, &(struct ledger_member){person, *member, true, *cell});
}

void ledger_drop_member(struct ledger_writer *writer, uint64_t person,
                        const struct digest *member) {
    uint8_t key[RECORD_MEMBER];
    store_delete(&writer->txn, STORE_MEMBERS, record_put_member(key, person, member));
    note_member(writer, &(struct ledger_member){.person = person, .member = *member});
}

void ledger_move_member(struct ledger_writer *writer, const struct ledger_entry *known,
                        const struct ledger_entry *entry) {
    uint64_t from = known && known->counts ? known->person : 0;
    uint64_t to = entry->counts ? entry->person : 0;
    if (from && from != to)
        ledger_drop_member(writer, from, &known->identity);
    if (to)
        ledger_put_member(writer, to, &entry->identity, &entry->cell);
}

// Over the members of one person.
struct walk {
    struct ledger_writer *writer;
    uint64_t person;
    const struct digest *self; // linked only
    struct digest *list;       // the same
    size_t count, max;
};

static bool on_linked(void *ctx, struct str key, struct str value) {
    struct walk *walk = ctx;
    struct digest member;
    uint64_t person;
    (void)value;
    if (!record_get_member(key, &person, &member) || person != walk->person)
        return false;
    // One whose line has expired is no signal that anybody could find.
    if (ledger_latest(walk->writer, &member) && !digest_equal(&member, walk->self))
        walk->list[walk->count++] = member;
    return walk->count < walk->max;
}

static bool on_counted(void *ctx, struct str key, struct str value) {
    struct walk *walk = ctx;
    struct digest member;
    uint64_t person;
    (void)value;
    return record_get_member(key, &person, &member) && person == walk->person &&
           ++walk->count < walk->max;
}

static size_t each_member(struct ledger_writer *writer, struct walk *walk,
                          bool (*fn)(void *ctx, struct str key, struct str value)) {
    static const struct digest none;
    uint8_t key[RECORD_MEMBER];
    store_each_from(&writer->txn, STORE_MEMBERS, record_put_member(key, walk->person, &none), fn,
                    walk);
    return walk->count;
}

size_t ledger_linked(struct ledger_writer *writer, uint64_t person, const struct digest *self,
                     struct digest *list, size_t max) {
    struct walk walk = {.writer = writer, .person = person, .self = self, .list = list, .max = max};
    return each_member(writer, &walk, on_linked);
}

size_t ledger_members(struct ledger_writer *writer, uint64_t person, size_t max) {
    return each_member(writer, &(struct walk){.person = person, .max = max}, on_counted);
}

struct member_loading {
    struct ledger *ledger;
    bool ok;
};

static bool on_load(void *ctx, struct str key, struct str value) {
    struct member_loading *loading = ctx;
    struct digest member;
    struct cell cell;
    uint64_t person;
    loading->ok = record_get_member(key, &person, &member) && record_get_cell(value, &cell);
    if (loading->ok)
        persons_put(loading->ledger->persons, person, &member, &cell);
    return loading->ok;
}

bool ledger_load_members(struct ledger *ledger, struct store_txn *txn, struct err *err) {
    struct member_loading loading = {ledger, true};
    store_each(txn, STORE_MEMBERS, on_load, &loading);
    return loading.ok || err_set(err, ERR_DAMAGED, "the links are damaged");
}
