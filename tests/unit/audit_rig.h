// SPDX-License-Identifier: EUPL-1.2
// What tests of the audit log share: ledger with lines of it, a verdict on them, and a way to
// change the tables behind the daemon's back.
#ifndef AUDIT_RIG_H
#define AUDIT_RIG_H

#include "jobs/audit.h"

#include "scratch.h"

enum { LINES = 10, DAY = 86400000, RECORD_MAX = 1200 };
static const int64_t start_ms = 1709204400000; // 2024-02-29T11:00:00Z

// --- ledger ---

static inline struct ledger *open_ledger(void) {
    struct err err;
    struct ledger_options options = {
        .dir = scratch_dir, .bytes_max = 64 << 20, .topic = "signals", .window_ms = 1000LL * DAY};
    struct ledger *ledger = ledger_open(&options, &err);
    if (!ledger)
        fail_msg("%s", err.text);
    return ledger;
}

static inline void commit_group(struct ledger *ledger, struct commit_task *tasks) {
    struct ledger_group group = {.tasks = tasks};
    ledger_commit(ledger, &group, start_ms);
    if (group.err.kind != ERR_NONE)
        fail_msg("%s", group.err.text);
    ledger_apply(ledger, &group);
    group.tasks = NULL;
    ledger_group_free(&group);
}

// A line as it is written on that day.
static inline struct audit_task *new_line(int64_t ms, const char *text) {
    struct audit_task *line = calloc(1, sizeof *line);
    char time[TIME_STAMP_MAX];
    time_format_stamp(ms, time);
    line->task.run = ledger_append_audit;
    buf_init(&line->line, AUDIT_LINE_MAX);
    buf_printf(&line->line, "\"time\":\"%s\",\"action\":\"%s\"", time, text);
    return line;
}

static inline void free_line(struct audit_task *line) {
    buf_free(&line->line);
    free(line);
}

// `count` lines, a day apart, in one commit. They tell their number.
static inline void write_lines(struct ledger *ledger, size_t count) {
    struct commit_task *list = NULL, **end = &list;
    for (size_t i = 0; i < count; i++) {
        char text[32];
        uint64_t number = ledger_audit_last(ledger) + 1 + i;
        (void)snprintf(text, sizeof text, "line %" PRIu64, number);
        *end = &new_line(start_ms + (int64_t)number * DAY, text)->task;
        end = &(*end)->next;
    }
    commit_group(ledger, list);
    while (list) {
        struct commit_task *next = list->next;
        free_line((struct audit_task *)list);
        list = next;
    }
}

static inline struct audit_check_task verify_from(struct ledger *ledger,
                                                  struct audit_check_task at) {
    at.task.run = ledger_check_audit;
    commit_group(ledger, &at.task);
    return at;
}

static inline struct audit_check_task verify(struct ledger *ledger) {
    struct audit_check_task at = {0};
    do
        at = verify_from(ledger, at);
    while (at.more);
    return at;
}

static inline void assert_whole(struct ledger *ledger, uint64_t first, uint64_t last) {
    struct audit_check_task verdict = verify(ledger);
    assert_int_equal(verdict.broken, 0);
    assert_int_equal(verdict.first, first);
    assert_int_equal(verdict.last, last);
}

// --- reading ---

struct reading {
    uint64_t first, last;
    size_t lines, unlinked, absent;
    uint64_t first_unlinked;
    struct digest mac; // of the last one
};

static inline bool on_line(void *ctx, const struct ledger_audit_line *line) {
    struct reading *reading = ctx;
    char text[32];
    if (reading->lines++ == 0)
        reading->first = line->number;
    if (!line->linked && reading->unlinked++ == 0)
        reading->first_unlinked = line->number;
    (void)snprintf(text, sizeof text, "\"line %" PRIu64 "\"", line->number);
    if (!line->text.data)
        reading->absent++;
    else if (line->linked)
        assert_non_null(memmem(line->text.data, line->text.len, text, strlen(text)));
    reading->last = line->number;
    reading->mac = *line->mac;
    return true;
}

static inline struct reading read_all(struct ledger *ledger, uint64_t from) {
    struct reading reading = {0};
    ledger_each_audited(ledger, from, on_line, &reading);
    return reading;
}

static inline void assert_reads(struct ledger *ledger, uint64_t from, uint64_t first,
                                uint64_t last) {
    struct reading reading = read_all(ledger, from);
    assert_int_equal(reading.first, first);
    assert_int_equal(reading.last, last);
    assert_int_equal(reading.lines, last - first + 1);
    assert_int_equal(reading.unlinked, 0);
    assert_int_equal(reading.absent, 0);
    assert_true(digest_equal(&reading.mac, ledger_audit_mac(ledger)));
}

// --- behind our back ---

static inline void tamper_begin(struct store **store, struct store_txn *txn) {
    struct err err;
    *store = store_open(scratch_dir, 64 << 20, NULL, &err);
    assert_non_null(*store);
    store_begin(*store, txn);
}

static inline void tamper_end(struct store *store, struct store_txn *txn) {
    struct err err;
    if (!store_commit(txn, &err))
        fail_msg("%s", err.text);
    store_close(store);
}

struct kept {
    char data[RECORD_MAX];
    size_t len;
};

static inline struct kept take(struct store_txn *txn, uint64_t number) {
    struct kept kept;
    struct str record;
    bool found = number ? store_get_seq(txn, STORE_AUDIT, number, &record)
                        : store_get(txn, STORE_META, STR("audit"), &record);
    assert_true(found);
    assert_true(record.len <= sizeof kept.data);
    memcpy(kept.data, record.data, record.len);
    kept.len = record.len;
    return kept;
}

// Number 0 is the head.
static inline void give(struct store_txn *txn, uint64_t number, const struct kept *kept) {
    struct str record = {kept->data, kept->len};
    if (number)
        store_put_seq(txn, STORE_AUDIT, number, record);
    else
        store_put(txn, STORE_META, STR("audit"), record);
}

static inline void change_byte(struct store_txn *txn, uint64_t number, size_t at) {
    struct kept kept = take(txn, number);
    kept.data[at] ^= 1;
    give(txn, number, &kept);
}

static inline void shorten(struct store_txn *txn) {
    struct kept kept = take(txn, 6);
    kept.len = DIGEST_BYTES - 1;
    give(txn, 6, &kept);
}
static inline int init(void **state) {
    (void)state;
    return hash_init() ? 0 : -1;
}

#define LEDGER_TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

#endif
