// SPDX-License-Identifier: EUPL-1.2
// Books whose clock, keys and confirmations by Kafka are the test's.
#ifndef RETENTION_RIG_H
#define RETENTION_RIG_H

#include "ingest/delivery.h"
#include "ledger/ledger.h"
#include "outbox_each.h"

#include "codec/event.h"
#include "core/normalise/normalise.h"
#include "core_tables.h"
#include "ledger/ledger_private.h" // what is in the store
#include "scratch.h"

static const int64_t day_ms = 86400000, start_ms = 1709204400000; // 2024-02-29T11:00:00Z
enum { IDENTITY_DAYS = 100, SHORT_DAYS = 10, CELLS_DAYS = 1000, IDS = 30, PERSONS = 6, TEXT = 512 };

static char source_name[] = "amsterdam";
static struct source source = {
    .name = source_name, .kind = SOURCE_MUNICIPALITY, .municipality = 363};
static struct sources sources = {.list = &source, .count = 1, .references = 1000000};
static struct tables tables = {.references = 1000000};
static struct retention ages;
static int64_t now; // the clock

static inline struct ledger *open_ledger(void) {
    struct err err;
    struct ledger_options options = {.dir = scratch_dir,
                                     .bytes_max = 64 << 20,
                                     .topic = "signals",
                                     .counts_topic = "signal-counts",
                                     .window_ms = 100 * day_ms};
    struct ledger *ledger = ledger_open(&options, &err);
    if (!ledger)
        fail_msg("%s", err.text);
    return ledger;
}

static inline struct ledger *reopen(struct ledger *ledger) {
    ledger_close(ledger);
    return open_ledger();
}

static inline void commit_group(struct ledger *ledger, struct ledger_group *group) {
    ledger_commit(ledger, group, now);
    if (group->err.kind != ERR_NONE)
        fail_msg("%s", group->err.text);
    assert_int_equal(group->refused.kind, ERR_NONE);
    ledger_apply(ledger, group);
}

// Decoded, and of now.
static inline struct delivery *make_batch(struct ledger *ledger, const char *text, bool polled) {
    struct delivery_options options = {
        .limits = {.item_bytes_max = 65536, .items_max = 2000, .depth_max = 32},
        .identity_key = ledger_identity_key(ledger),
        .person_keys = ledger_person_keys(ledger)};
    struct delivery *delivery =
        delivery_create(&sources, &source, &tables, DECODE_JSON, strdup(text), strlen(text));
    delivery->received_ms = now;
    if (polled)
        delivery_set_polled(delivery, &(struct feed_record){0});
    delivery_decode(delivery, &options);
    return delivery;
}

static inline void deliver(struct ledger *ledger, const char *text, bool polled) {
    struct delivery *delivery = make_batch(ledger, text, polled);
    do {
        struct ledger_group group = {.tasks = &delivery->task};
        commit_group(ledger, &group);
        ledger_group_free(&group);
    } while (delivery->task.more);
    delivery_free(delivery);
}

// What follows is from the i-th of many sources, alike but for their names; -1: from amsterdam.
static inline void be_source(int i) {
    (void)snprintf(source_name, sizeof source_name, i < 0 ? "amsterdam" : "s%d", i);
}

static inline void confirm(struct ledger *ledger, uint64_t from, uint64_t upto) {
    struct ledger_group group = {0};
    struct ledger_confirmed *confirmed = &group.confirmed[LEDGER_EVENTS];
    confirmed->ack_count = upto - from + 1;
    confirmed->acks = calloc(confirmed->ack_count, sizeof *confirmed->acks);
    for (uint64_t seq = from; seq <= upto; seq++)
        confirmed->acks[seq - from] = (struct publish_ack){.seq = seq, .offset = (int64_t)seq};
    commit_group(ledger, &group);
    ledger_group_free(&group);
}

static bool no_kafka, keeps_lines;

// A whole round; says how many steps.
static inline int expire(struct ledger *ledger) {
    struct expire_place at = {0};
    bool more = true;
    int steps = 0;
    while (more) {
        struct expire_task delivery = {.task.run = ledger_expire};
        struct ledger_group group = {.tasks = &delivery.task};
        delivery.retention = &ages;
        delivery.now_ms = now;
        delivery.publishing = !no_kafka;
        delivery.keeps_lines = keeps_lines;
        delivery.at = at;
        commit_group(ledger, &group);
        at = delivery.at;
        more = delivery.more;
        ledger_group_free(&group);
        assert_true(++steps < 1000);
    }
    return steps;
}

static inline struct digest identity_of(const struct ledger *ledger, const char *id) {
    struct digest identity;
    normalise_identity(ledger_identity_key(ledger), str_from(source_name), str_from(id), &identity);
    return identity;
}

static inline struct erase_task erase(struct ledger *ledger, const char *id, bool publishing) {
    struct erase_task delivery = {.task.run = ledger_erase, .tables = &tables};
    struct ledger_group group = {.tasks = &delivery.task};
    delivery.identity = identity_of(ledger, id);
    delivery.publishing = publishing;
    commit_group(ledger, &group);
    struct erase_task result = delivery;
    ledger_group_free(&group);
    return result;
}

static inline uint64_t seq_of(const struct ledger *ledger, const char *id) {
    struct digest identity = identity_of(ledger, id);
    return ledger_find(ledger, &identity);
}

struct line {
    struct ledger_entry entry;
    char event[EVENT_VALUE_MAX + 1];
};

static inline void copy_line(void *ctx, const struct ledger_event *from) {
    struct line *line = ctx;
    line->entry = from->entry;
    (void)snprintf(line->event, sizeof line->event, "%.*s", (int)from->event.len, from->event.data);
}

static inline struct line line_at(struct ledger *ledger, uint64_t seq) {
    struct line line;
    assert_true(ledger_event_at(ledger, seq, copy_line, &line));
    return line;
}

static inline int64_t persons_of(const struct ledger *ledger) {
    static const struct counts_query all;
    struct counts_answer answer;
    counts_run(ledger_counts(ledger), ledger_persons(ledger), tables.municipalities, &all, &answer);
    free(answer.lines);
    return answer.persons;
}

static inline void compare_cell(void *ctx, const struct cell *cell, int64_t value) {
    assert_int_equal(counts_get(ctx, cell), value);
}

static inline void assert_same_counts(const struct counts *a, const struct counts *b) {
    counts_each(a, compare_cell, (void *)(uintptr_t)b);
    counts_each(b, compare_cell, (void *)(uintptr_t)a);
}

static inline bool count_entry(void *ctx, const struct unmapped_record *word) {
    (void)word;
    ++*(size_t *)ctx;
    return true;
}

#define JAN "\"person\":{\"name\":\"Jan de Vries\",\"birthDate\":\"1990-05-17\"}"

static inline uint64_t pseudonyms(struct ledger *ledger) {
    struct store_txn txn;
    store_begin_read(ledger->store, &txn);
    uint64_t count = store_entries(&txn, STORE_PERSONS);
    store_abort(&txn);
    return count;
}

// How many of these stand in a file of the scratch folder.
static inline size_t count_in_file(const char *name, const struct digest *list, size_t count) {
    struct buf file;
    struct err err;
    size_t found = 0;
    buf_init(&file, 64 << 20);
    assert_true(str_read_file(scratch_path(name), 64 << 20, &file, &err));
    for (size_t i = 0; i < count; i++)
        found += memmem(file.data, file.len, list[i].bytes, DIGEST_BYTES) != NULL;
    buf_free(&file);
    return found;
}

static inline int set_up(void **state) {
    (void)state;
    struct err err;
    tables.municipalities = tables_municipalities();
    tables.categories = categories_load(STR("word,code\nprostitutie,SexualExploitation\n"
                                            "dwang,ForcedLabour\n"),
                                        "categories", &err);
    tables.allowlist = allowlist_load(STR("iets\n"), "allowlist", &err);
    ages = (struct retention){.identity_ms = IDENTITY_DAYS * day_ms,
                              .quarantine_ms = SHORT_DAYS * day_ms,
                              .unmapped_ms = SHORT_DAYS * day_ms,
                              .audit_ms = SHORT_DAYS * day_ms,
                              .cells_ms = CELLS_DAYS * day_ms};
    return hash_init() && tables.categories && tables.allowlist ? 0 : 1;
}

static inline int tear_down(void **state) {
    (void)state;
    municipalities_free(tables.municipalities);
    categories_free(tables.categories);
    allowlist_free(tables.allowlist);
    return 0;
}

static inline int test_set_up(void **state) {
    now = start_ms;
    return scratch_setup(state);
}

static inline void commit_task(struct ledger *ledger, struct commit_task *task) {
    struct ledger_group group = {.tasks = task};
    commit_group(ledger, &group);
    ledger_group_free(&group);
}

// Statistics for outside, worked out as of now and not yet told.
static inline struct statistics_task begin_statistics(struct ledger *ledger, bool asked,
                                                      uint32_t rounding_base) {
    struct statistics_task task = {.task.run = ledger_begin_statistics,
                                   .tables = &tables,
                                   .now_ms = now,
                                   .rounding_base = rounding_base,
                                   .asked = asked};
    commit_task(ledger, &task.task);
    if (task.work)
        ledger_work_out_statistics(&task);
    assert_int_equal(task.task.err.kind, ERR_NONE);
    task.task.run = ledger_tell_statistics;
    return task;
}

static inline struct statistics_task make_statistics(struct ledger *ledger, bool asked,
                                                     uint32_t rounding_base) {
    struct statistics_task task = begin_statistics(ledger, asked, rounding_base);
    if (task.work)
        commit_task(ledger, &task.task);
    ledger_free_statistics(&task);
    return task;
}

#endif
