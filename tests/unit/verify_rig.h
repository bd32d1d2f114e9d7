// SPDX-License-Identifier: EUPL-1.2
// A ledger with everything in it, and ways to verify it and to damage it.
#ifndef VERIFY_RIG_H
#define VERIFY_RIG_H

#include "codec/event_kept.h"
#include "ingest/delivery.h"
#include "ledger/verify.h"
#include "retention_rig.h"

// Between two commits, as a daemon begins one.
static inline void begin_verify(struct ledger *ledger, struct verify *verify) {
    struct verify_task delivery = {.task.run = ledger_begin_verify};
    struct ledger_group group = {.tasks = &delivery.task};
    *verify = (struct verify){0};
    delivery.verify = verify;
    commit_group(ledger, &group);
    ledger_group_free(&group);
    assert_int_equal(verify->txn.err.kind, ERR_NONE);
}

static inline void assert_whole(const struct verify *verify) {
    for (int i = 0; i < VERIFY_CHECKS; i++)
        if (verify->checks[i].differs)
            fail_msg("%s: %" PRIu64 " differ: %s", verify_check_name((enum verify_check)i),
                     verify->checks[i].differs, verify->checks[i].first);
    assert_true(verify_is_whole(verify));
}

static inline void assert_books_whole(struct ledger *ledger, uint64_t identities_max) {
    struct verify verify;
    begin_verify(ledger, &verify);
    verify.identities_max = identities_max;
    verify_run(&verify);
    assert_whole(&verify);
    verify_free(&verify);
}

static inline void fall_silent(struct ledger *ledger) {
    struct delivery *delivery = delivery_create(&sources, &source, &tables, DECODE_JSON, NULL, 0);
    struct ledger_group group = {.tasks = &delivery->task};
    delivery->task.run = ledger_tell_silence;
    delivery->received_ms = now;
    commit_group(ledger, &group);
    ledger_group_free(&group);
    delivery_free(delivery);
}

// By tables that have one word more.
static inline void remap(struct ledger *ledger) {
    struct err err;
    struct diagnostics faults;
    char file[PATH_MAX];
    const struct config config = {.sources_file = file};
    (void)snprintf(file, sizeof file, "%s", scratch_path("sources.csv"));
    diagnostics_init(&faults);
    struct sources *none = sources_load(&config, &faults);
    diagnostics_free(&faults);
    assert_non_null(none);
    struct tables more = tables;
    struct remap_task delivery = {.task.run = ledger_remap, .tables = &more, .sources = none};
    struct ledger_group group = {.tasks = &delivery.task};
    more.references = 1000000;
    more.categories = categories_load(
        STR("word,code\nprostitutie,SexualExploitation\ndwang,ForcedLabour\niets,Servitude\n"),
        "categories", &err);
    assert_non_null(more.categories);
    commit_group(ledger, &group);
    assert_int_equal(delivery.changed, 1);
    ledger_group_free(&group);
    sources_unref(none);
    categories_free(more.categories);
}

#define PIET "\"person\":{\"name\":\"Piet Smit\",\"birthDate\":\"1985-01-02\"}"

// Lines 1 to 6 have expired: gone, expired_counts, one with a person of others. What waits and what
// is confirmed, what is erased and waits for that: see the ids.
static inline struct ledger *make_books(void) {
    struct ledger *ledger = open_ledger();
    deliver(ledger,
            "[{\"id\":\"old-1\"," JAN
            "},{\"id\":\"old-2\",\"category\":\"dwang\"},{\"id\":\"old-3\","
            "\"withdrawn\":true},{\"id\":\"kept-1\",\"category\":\"dwang\"," JAN "},"
            "{\"id\":\"old-4\"," JAN "}]",
            false);
    deliver(ledger, "{\"id\":\"old-2\",\"category\":\"prostitutie\",\"reported\":\"2024-02-01\"}",
            false);
    now += 50 * day_ms;
    deliver(ledger,
            "{\"id\":\"kept-1\",\"category\":\"prostitutie\",\"reported\":\"2024-04-19\"," JAN "}",
            false); // 7
    confirm(ledger, 1, 7);
    now += 60 * day_ms;
    expire(ledger);
    assert_int_equal(ledger_first_seq(ledger), 7);
    deliver(ledger,
            "[{\"id\":\"plain\",\"reported\":\"2023-05-01\",\"municipality\":\"Nergenshuizen\"},"
            "{\"id\":\"jan\",\"reported\":\"2024-06-18\"," JAN
            "},{\"id\":\"piet\",\"reported\":\"2024-06-18\"," PIET "},"
            "{\"id\":\"fixed\",\"reported\":\"2024-06-18\",\"category\":\"dwang\"},{\"id\":"
            "\"gone\",\"reported\":\"2024-06-18\"," PIET "},"
            "{\"id\":\"back\",\"reported\":\"2024-06-18\"},{\"id\":\"word\",\"reported\":\"2024-06-"
            "18\",\"category\":\"iets\"},{\"id\":\"erased-1\",\"reported\":\"2024-06-18\"," JAN
            "},{\"id\":\"erased-2\",\"reported\":\"2024-06-18\"," PIET
            "},{\"id\":\"bad\",\"reported\":\"?\"},"
            "{\"id\":\"unseen\",\"withdrawn\":true}]",
            true); // 8 to 17
    deliver(ledger,
            "[{\"id\":\"fixed\",\"category\":\"prostitutie\",\"status\":\"confirmed\"},"
            "{\"id\":\"gone\",\"withdrawn\":true},{\"id\":\"back\",\"withdrawn\":true},"
            "{\"id\":\"erased-1\",\"victim\":{\"gender\":\"man\"}}]",
            false); // 18 to 21
    deliver(ledger,
            "[{\"id\":\"back\",\"victim\":{\"gender\":\"vrouw\"}},{\"id\":\"jan\"," PIET "}]",
            false);                              // 22, 23
    remap(ledger);                               // 24
    fall_silent(ledger);                         // 25
    deliver(ledger, "{\"id\":\"late\"}", false); // 26 resumed, 27
    confirm(ledger, 8, 20);
    (void)erase(ledger, "erased-1", true);                // 28: version 2 waits
    (void)erase(ledger, "erased-2", false);               // 29: all at once
    deliver(ledger, "{\"id\":\"last\"," PIET "}", false); // 30
    assert_int_equal(ledger_last_seq(ledger), 30);
    return ledger;
}

// --- damage ---

static inline void get_record(struct ledger *ledger, uint64_t seq, struct ledger_entry *entry,
                              char event[EVENT_VALUE_MAX + 1]) {
    struct line line = line_at(ledger, seq);
    *entry = line.entry;
    (void)snprintf(event, EVENT_VALUE_MAX + 1, "%s", line.event);
}

static inline void put_record(struct store_txn *txn, const struct ledger_entry *entry,
                              const char *event) {
    struct buf record, kept;
    buf_init(&record, 1 << 16);
    buf_init(&kept, 1 << 16);
    event_keep_value(&kept, str_from(event));
    record_put_ledger(&record, entry, buf_str(&kept));
    store_put_seq(txn, STORE_LEDGER, entry->seq, buf_str(&record));
    buf_free(&kept);
    buf_free(&record);
}

static inline void commit_damage(struct store_txn *txn) {
    struct err err;
    if (!store_commit(txn, &err))
        fail_msg("%s", err.text);
}

// `from` in the event becomes `to`.
static inline void edit_event(struct ledger *ledger, uint64_t seq, const char *from,
                              const char *to) {
    char event[EVENT_VALUE_MAX + 1], edited[EVENT_VALUE_MAX + 1];
    struct ledger_entry entry;
    struct store_txn txn;
    get_record(ledger, seq, &entry, event);
    const char *at = strstr(event, from);
    assert_non_null(at);
    (void)snprintf(edited, sizeof edited, "%.*s%s%s", (int)(at - event), event, to,
                   at + strlen(from));
    store_begin(ledger->store, &txn);
    put_record(&txn, &entry, edited);
    commit_damage(&txn);
}

static inline void edit_row(struct ledger *ledger, uint64_t seq,
                            void (*change)(struct ledger_entry *entry)) {
    char event[EVENT_VALUE_MAX + 1];
    struct ledger_entry entry;
    struct store_txn txn;
    get_record(ledger, seq, &entry, event);
    change(&entry);
    store_begin(ledger->store, &txn);
    put_record(&txn, &entry, event);
    commit_damage(&txn);
}

// Adds to the count of a cell; 0 takes the entry away.
static inline void edit_cell(struct ledger *ledger, enum store_table table, const struct cell *cell,
                             int64_t change) {
    struct store_txn txn;
    struct str value, key = {(const char *)cell, sizeof *cell};
    int64_t count = 0;
    store_begin(ledger->store, &txn);
    if (store_get(&txn, table, key, &value))
        memcpy(&count, value.data, sizeof count);
    count += change;
    if (change)
        store_put(&txn, table, key, (struct str){(const char *)&count, sizeof count});
    else
        store_delete(&txn, table, key);
    commit_damage(&txn);
}

static inline void delete_seq(struct ledger *ledger, enum store_table table, uint64_t seq) {
    struct store_txn txn;
    store_begin(ledger->store, &txn);
    store_delete_seq(&txn, table, seq);
    commit_damage(&txn);
}

static inline void put_seq(struct ledger *ledger, enum store_table table, uint64_t seq,
                           struct str value) {
    struct store_txn txn;
    store_begin(ledger->store, &txn);
    store_put_seq(&txn, table, seq, value);
    commit_damage(&txn);
}

// As one that was not found in the topic.
static inline void put_lost(struct ledger *ledger, uint64_t seq) {
    const struct ledger_entry lost = {.kind = LEDGER_LOST, .seq = seq, .first = seq};
    struct store_txn txn;
    store_begin(ledger->store, &txn);
    put_record(&txn, &lost, "");
    store_delete_seq(&txn, STORE_PUBLISHED, seq);
    store_delete_seq(&txn, STORE_OUTBOX, seq);
    commit_damage(&txn);
}

// As a ledger that was made anew from its events.
static inline void set_rebuilt(struct ledger *ledger) {
    struct store_txn txn;
    store_begin(ledger->store, &txn);
    store_put(&txn, STORE_META, STR("rebuilt"), STR("1"));
    commit_damage(&txn);
}

// The same version once more, at the end, and counted again.
static inline void register_again(struct ledger *ledger, uint64_t seq) {
    char event[EVENT_VALUE_MAX + 1];
    struct ledger_entry entry;
    struct store_txn txn;
    uint64_t last = ledger_last_seq(ledger) + 1;
    get_record(ledger, seq, &entry, event);
    entry.seq = entry.first = last;
    store_begin(ledger->store, &txn);
    put_record(&txn, &entry, event);
    store_put_seq(&txn, STORE_OUTBOX, last, STR(""));
    store_put(&txn, STORE_META, STR("last-seq"), (struct str){(const char *)&last, sizeof last});
    commit_damage(&txn);
    edit_cell(ledger, STORE_COUNTS, &entry.cell, 1);
}

static inline void member_key(uint8_t key[8 + DIGEST_BYTES], uint64_t person,
                              const struct digest *member) {
    for (size_t i = 0; i < 8; i++)
        key[i] = (uint8_t)(person >> (56 - 8 * i));
    memcpy(key + 8, member->bytes, DIGEST_BYTES);
}

// The member of a line's person; `cell` NULL takes it away.
static inline void edit_member(struct ledger *ledger, uint64_t person, const struct digest *member,
                               const struct cell *cell) {
    struct store_txn txn;
    uint8_t bytes[8 + DIGEST_BYTES];
    member_key(bytes, person, member);
    struct str key = {(const char *)bytes, sizeof bytes};
    store_begin(ledger->store, &txn);
    if (cell)
        store_put(&txn, STORE_MEMBERS, key, (struct str){(const char *)cell, sizeof *cell});
    else
        store_delete(&txn, STORE_MEMBERS, key);
    commit_damage(&txn);
}

#define BIT(check) (1u << VERIFY_##check)

static inline struct cell cell_of(struct ledger *ledger, uint64_t seq) {
    return line_at(ledger, seq).entry.cell;
}

struct damage {
    void (*damage)(struct ledger *ledger);
    unsigned found; // bits of the checks that must find it, and no others
    enum verify_check check;
    const char *named; // begins what the check says
};

static inline void assert_found(const struct verify *verify, const struct damage *damage,
                                size_t number) {
    unsigned found = 0;
    for (int i = 0; i < VERIFY_CHECKS; i++)
        if (verify->checks[i].differs)
            found |= 1u << i;
    const char *first = verify->checks[damage->check].first;
    if (found != damage->found || strncmp(first, damage->named, strlen(damage->named)) != 0)
        fail_msg("damage %zu: found %#x and not %#x, %s: %s", number, found, damage->found,
                 verify_check_name(damage->check), first);
    assert_false(verify_is_whole(verify));
}

// The files of the ledger, to begin with them again.
static struct saved {
    const char *name;
    struct buf bytes;
} saved[] = {{.name = "data.mdb"}, {.name = "identity.key"}, {.name = "person.key"}};

static inline void save(struct ledger *ledger) {
    struct err err;
    ledger_close(ledger);
    for (size_t i = 0; i < COUNT(saved); i++)
        assert_true(str_read_file(scratch_path(saved[i].name), 1 << 24, &saved[i].bytes, &err));
}

static inline void put_back(void) {
    for (size_t i = 0; i < COUNT(saved); i++)
        scratch_write_bytes(saved[i].name, saved[i].bytes.data, saved[i].bytes.len, 0600);
}

static inline void forget_saved(void) {
    for (size_t i = 0; i < COUNT(saved); i++)
        buf_free(&saved[i].bytes);
}

// As a program that has nothing but the files.
static inline void assert_each_is_found(const struct damage *damages, size_t count) {
    save(make_books());
    for (size_t i = 0; i < count; i++) {
        struct verify verify = {.identities_max = i % 2 ? 5 : 0};
        struct err err;
        put_back();
        struct ledger *ledger = open_ledger();
        damages[i].damage(ledger);
        ledger_close(ledger);
        struct store *store = store_open_read(scratch_dir, 64 << 20, &err);
        assert_non_null(store);
        store_begin_snapshot(store, &verify.txn);
        verify_run(&verify);
        assert_false(verify.checks[VERIFY_INDEX].looked || verify.checks[VERIFY_MEMORY].looked);
        assert_found(&verify, &damages[i], i);
        verify_free(&verify);
        store_close(store);
    }
    forget_saved();
}

#endif
