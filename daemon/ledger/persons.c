// SPDX-License-Identifier: EUPL-1.2
// Who signals are about, without knowing who that is. A pseudonym leads to a person's number, which
// is all that signals have; a person with several pseudonyms has one number. Signals with the same
// number are linked, never merged. A V-number that leads to one person and a name that leads to
// another leave both as they are: the V-number decides, nothing is joined.
#include "ledger_private.h"

#include "base/mem.h"

#include <string.h>

enum { MEMBER_KEY = 8 + DIGEST_BYTES };

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

// Big-endian, so that a person's members stand together.
static void put_key(uint8_t key[MEMBER_KEY], uint64_t person, const struct digest *member) {
    for (size_t i = 0; i < 8; i++)
        key[i] = (uint8_t)(person >> (56 - 8 * i));
    memcpy(key + 8, member->bytes, DIGEST_BYTES);
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
    uint8_t key[MEMBER_KEY], value[sizeof *cell];
    put_key(key, person, member);
    record_put_cell(value, cell);
    store_put(&writer->txn, STORE_MEMBERS, (struct str){(const char *)key, sizeof key},
              (struct str){(const char *)value, sizeof value});
    note_member(writer, &(struct ledger_member){person, *member, true, *cell});
}

void ledger_drop_member(struct ledger_writer *writer, uint64_t person,
                        const struct digest *member) {
    uint8_t key[MEMBER_KEY];
    put_key(key, person, member);
    store_delete(&writer->txn, STORE_MEMBERS, (struct str){(const char *)key, sizeof key});
    note_member(writer, &(struct ledger_member){.person = person, .member = *member});
}

void ledger_move_member(struct ledger_writer *writer, const struct ledger_entry *known,
                        const struct ledger_entry *row) {
    uint64_t from = known && known->counts ? known->person : 0;
    uint64_t to = row->counts ? row->person : 0;
    if (from && from != to)
        ledger_drop_member(writer, from, &known->identity);
    if (to)
        ledger_put_member(writer, to, &row->identity, &row->cell);
}

struct linking {
    const struct ledger_writer *writer;
    const struct digest *self;
    uint8_t prefix[8];
    struct digest *list;
    size_t count, max;
};

static bool on_member(void *ctx, struct str key, struct str value) {
    struct linking *linking = ctx;
    struct digest member;
    (void)value;
    if (key.len != MEMBER_KEY || memcmp(key.data, linking->prefix, sizeof linking->prefix) != 0)
        return false;
    memcpy(member.bytes, key.data + 8, DIGEST_BYTES);
    // One whose line has expired is no signal that anybody could find.
    bool known = index_get(linking->writer->change->index, &member) ||
                 index_get(linking->writer->ledger->index, &member);
    if (known && !digest_equal(&member, linking->self))
        linking->list[linking->count++] = member;
    return linking->count < linking->max;
}

size_t ledger_linked(struct ledger_writer *writer, uint64_t person, const struct digest *self,
                     struct digest *list, size_t max) {
    static const struct digest none;
    struct linking linking = {.writer = writer, .self = self, .list = list, .max = max};
    uint8_t key[MEMBER_KEY];
    put_key(key, person, &none);
    memcpy(linking.prefix, key, sizeof linking.prefix);
    store_each_from(&writer->txn, STORE_MEMBERS, (struct str){(const char *)key, sizeof key},
                    on_member, &linking);
    return linking.count;
}

struct counting {
    uint8_t prefix[8];
    size_t count, max;
};

static bool on_count(void *ctx, struct str key, struct str value) {
    struct counting *counting = ctx;
    (void)value;
    if (key.len != MEMBER_KEY || memcmp(key.data, counting->prefix, sizeof counting->prefix) != 0)
        return false;
    return ++counting->count < counting->max;
}

size_t ledger_members(struct ledger_writer *writer, uint64_t person, size_t max) {
    static const struct digest none;
    struct counting counting = {.max = max};
    uint8_t key[MEMBER_KEY];
    put_key(key, person, &none);
    memcpy(counting.prefix, key, sizeof counting.prefix);
    store_each_from(&writer->txn, STORE_MEMBERS, (struct str){(const char *)key, sizeof key},
                    on_count, &counting);
    return counting.count;
}

struct member_loading {
    struct ledger *ledger;
    bool ok;
};

static bool on_load(void *ctx, struct str key, struct str value) {
    struct member_loading *loading = ctx;
    struct digest member;
    struct cell cell;
    uint64_t person = 0;
    loading->ok = key.len == MEMBER_KEY && record_get_cell(value, &cell);
    if (!loading->ok)
        return false;
    for (size_t i = 0; i < 8; i++)
        person = person << 8 | (uint8_t)key.data[i];
    memcpy(member.bytes, key.data + 8, DIGEST_BYTES);
    persons_put(loading->ledger->persons, person, &member, &cell);
    return true;
}

bool ledger_load_members(struct ledger *ledger, struct store_txn *txn, struct err *err) {
    struct member_loading loading = {ledger, true};
    store_each(txn, STORE_MEMBERS, on_load, &loading);
    return loading.ok || err_set(err, ERR_FATAL, "the links are damaged");
}
