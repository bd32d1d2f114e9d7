// SPDX-License-Identifier: EUPL-1.2
// Whatever fills a ledger, what Kafka confirms is kept: each store is filled in turn until nothing
// more is taken, then all that waits is confirmed, in one commit and in many.
#include "base/mem.h"
#include "ledger/current.h"
#include "verify_rig.h"

enum { STATE_BYTES = 1 << 20, ITEMS = 50, ITEM_ROUNDS = 180, AUDIT_ROUNDS = 10000 };

static struct ledger *open_small(void) {
    struct err err;
    struct ledger_options options = {.dir = scratch_dir,
                                     .bytes_max = STATE_BYTES,
                                     .topic = "signals",
                                     .counts_topic = "signal-counts",
                                     .current_topic = "signals-current",
                                     .window_ms = 100 * day_ms};
    struct ledger *ledger = ledger_open(&options, &err);
    if (!ledger)
        fail_msg("%s", err.text);
    return ledger;
}

// True when it was taken. What was refused has changed nothing.
static bool try_group(struct ledger *ledger, struct ledger_group *group) {
    uint64_t last = ledger_last_seq(ledger), audited = ledger_audit_last(ledger);
    ledger_commit(ledger, group, now);
    bool taken = group->err.kind == ERR_NONE && group->refused.kind == ERR_NONE;
    if (group->err.kind == ERR_NONE)
        ledger_apply(ledger, group);
    if (!taken) {
        assert_non_null(strstr(group->refused.text, "state is full"));
        assert_int_equal(group->tasks->err.kind, ERR_RETRY);
        assert_int_equal(ledger_last_seq(ledger), last);
        assert_int_equal(ledger_audit_last(ledger), audited);
    }
    ledger_group_free(group);
    return taken;
}

// `item`: a literal of below.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static bool try_items(struct ledger *ledger, const char *item, unsigned round, bool polled) {
    char *text = mem_alloc(ITEMS * TEXT);
    size_t len = 0;
    for (unsigned i = 0; i < ITEMS; i++) {
        unsigned number = round * ITEMS + i;
        text[len++] = i == 0 ? '[' : ',';
        len += (size_t)snprintf(text + len, TEXT, item, number, number);
    }
    (void)snprintf(text + len, 2, "]");
    struct delivery *delivery = make_batch(ledger, text, polled);
    struct ledger_group group = {.tasks = &delivery->task};
    bool taken = try_group(ledger, &group);
    delivery_free(delivery);
    free(text);
    return taken;
}
#pragma GCC diagnostic pop

static bool add_signals(struct ledger *ledger, unsigned round) {
    return try_items(ledger, "{\"id\":\"s%u\",\"category\":\"dwang\",\"status\":\"possible\"}",
                     round, false);
}

static bool add_corrections(struct ledger *ledger, unsigned round) {
    return try_items(ledger,
                     "{\"id\":\"same\",\"category\":\"dwang\",\"reported\":\"2024-01-01\","
                     "\"municipality\":\"GM%04u\"}",
                     round, false);
}

static bool add_refused(struct ledger *ledger, unsigned round) {
    return try_items(ledger, "{\"id\":\"q%u\",\"reported\":\"nonsense\"}", round, true);
}

static bool add_words(struct ledger *ledger, unsigned round) {
    return try_items(ledger, "{\"id\":\"w%u\",\"category\":\"woord%u\"}", round, false);
}

static bool add_persons(struct ledger *ledger, unsigned round) {
    return try_items(ledger,
                     "{\"id\":\"p%u\",\"person\":{\"name\":\"Eva Jansen %u\",\"birthDate\":"
                     "\"1980-01-01\"}}",
                     round, false);
}

static void put_long_line(struct buf *line) {
    buf_init(line, AUDIT_LINE_MAX);
    buf_puts(line, "\"time\":\"2026-11-29T10:00:00.000Z\",\"actor\":\"uid:0\",\"origin\":"
                   "\"socket\",\"action\":\"read counts\",\"object\":\"\",\"result\":\"200\"");
    while (line->len < AUDIT_LINE_MAX - 100)
        buf_puts(line, ",\"more\":\"................................\"");
}

static bool add_audit(struct ledger *ledger, unsigned round) {
    struct audit_task audit = {.task.run = ledger_append_audit};
    struct ledger_group group = {.tasks = &audit.task};
    (void)round;
    put_long_line(&audit.line);
    bool taken = try_group(ledger, &group);
    buf_free(&audit.line);
    return taken;
}

static const struct {
    const char *name;
    bool (*add)(struct ledger *ledger, unsigned round);
    unsigned rounds;
} stores[] = {
    {"signals", add_signals, ITEM_ROUNDS},    {"corrections", add_corrections, ITEM_ROUNDS},
    {"quarantine", add_refused, ITEM_ROUNDS}, {"unknown words", add_words, ITEM_ROUNDS},
    {"persons", add_persons, ITEM_ROUNDS},    {"audit", add_audit, AUDIT_ROUNDS}};

// Some have a limit of their own before that.
static void fill(struct ledger *ledger, size_t store) {
    unsigned round = 0;
    while (round < stores[store].rounds && stores[store].add(ledger, round))
        round++;
}

static void confirm_all(struct ledger *ledger, uint64_t at_a_time) {
    uint64_t from = 1, last = ledger_last_seq(ledger);
    for (; from <= last; from += at_a_time)
        confirm(ledger, from, from + at_a_time - 1 < last ? from + at_a_time - 1 : last);
    assert_int_equal(ledger_unpublished(ledger), 0);
}

static void check(size_t first, uint64_t at_a_time) {
    struct ledger *ledger = open_small();
    assert_true(add_signals(ledger, 1000000));
    for (size_t i = 0; i < COUNT(stores); i++)
        fill(ledger, (first + i) % COUNT(stores));
    // As small as it may be, nothing is taken any more, and a restart finds the same.
    assert_false(add_audit(ledger, 0));
    ledger_close(ledger);
    ledger = open_small();
    assert_false(add_audit(ledger, 0));
    print_message("%s first: %" PRIu64 " lines, %" PRIu64 " audited\n", stores[first].name,
                  ledger_last_seq(ledger), ledger_audit_last(ledger));
    confirm_all(ledger, at_a_time);
    assert_books_whole(ledger, 0);
    ledger_close(ledger);
}

static void confirmations_are_kept(void **state) {
    static const uint64_t at_a_time[] = {1, 7, 1000000};
    for (size_t i = 0; i < COUNT(stores); i++) {
        check(i, at_a_time[i % COUNT(at_a_time)]);
        assert_int_equal(scratch_teardown(state), 0);
        assert_int_equal(test_set_up(state), 0);
    }
}

// Confirmations that come with what is refused are kept all the same.
static void they_are_kept_beside_what_is_refused(void **state) {
    (void)state;
    struct ledger *ledger = open_small();
    fill(ledger, 0);
    fill(ledger, COUNT(stores) - 1);
    struct audit_task audit = {.task.run = ledger_append_audit};
    struct ledger_group group = {.tasks = &audit.task};
    struct publish_ack ack = {.seq = 1, .offset = 1};
    put_long_line(&audit.line);
    group.confirmed[LEDGER_EVENTS] =
        (struct ledger_confirmed){.acks = mem_alloc(sizeof ack), .ack_count = 1, .ack_cap = 1};
    *group.confirmed[LEDGER_EVENTS].acks = ack;
    uint64_t waiting = ledger_unpublished(ledger), audited = ledger_audit_last(ledger);
    ledger_commit(ledger, &group, now);
    assert_int_equal(group.err.kind, ERR_NONE);
    assert_int_equal(audit.task.err.kind, ERR_RETRY);
    ledger_apply(ledger, &group);
    assert_int_equal(ledger_unpublished(ledger), waiting - 1);
    assert_int_equal(ledger_audit_last(ledger), audited);
    ledger_group_free(&group);
    buf_free(&audit.line);
    ledger_close(ledger);
}

// What the topic of current signals has and a full ledger lacks waits for room, and spoils no
// commit.
static void what_the_ledger_lacks_waits(void **state) {
    (void)state;
    enum { KEYS = 20000 };
    struct ledger *ledger = open_small();
    struct ledger_group seen = {0};
    seen.confirmed[LEDGER_CURRENT].partitions = 1;
    commit_group(ledger, &seen);
    ledger_group_free(&seen);
    fill(ledger, 0);
    fill(ledger, COUNT(stores) - 1);
    struct current_key *keys = calloc(KEYS, sizeof *keys);
    for (size_t i = 0; i < KEYS; i++)
        hash_random(keys[i].identity.bytes, DIGEST_BYTES);
    struct current_take take = {
        .task = {.run = ledger_take_current, .rides = true}, .keys = keys, .count = KEYS};
    uint64_t waiting = ledger_unpublished(ledger);
    for (uint64_t seq = 1; seq <= 10; seq++) {
        struct ledger_group group = {.tasks = &take.task};
        struct ledger_confirmed *confirmed = &group.confirmed[LEDGER_EVENTS];
        confirmed->acks = mem_alloc(sizeof *confirmed->acks);
        confirmed->acks[confirmed->ack_count++] = (struct publish_ack){.seq = seq, .offset = 1};
        ledger_commit(ledger, &group, now);
        assert_int_equal(group.err.kind, ERR_NONE);
        assert_true(take.left && take.gone < KEYS);
        ledger_apply(ledger, &group);
        ledger_group_free(&group);
    }
    assert_int_equal(ledger_unpublished(ledger), waiting - 10);
    confirm_all(ledger, 1000000);
    free(keys);
    ledger_close(ledger);
    ledger = open_small();
    assert_int_equal(ledger_partitions(ledger, LEDGER_CURRENT), 0); // it is read anew
    ledger_close(ledger);
}

// Retention goes on where nothing else does, and makes room.
static void what_is_too_old_goes(void **state) {
    (void)state;
    struct ledger *ledger = open_small();
    fill(ledger, 0);
    fill(ledger, COUNT(stores) - 1);
    confirm_all(ledger, 1000000);
    now += 2 * IDENTITY_DAYS * day_ms;
    while (ledger_first_seq(ledger) <= ledger_last_seq(ledger)) {
        struct expire_task expire = {.task = {.run = ledger_expire, .frees = true},
                                     .retention = &ages,
                                     .now_ms = now,
                                     .publishing = true};
        struct ledger_group group = {.tasks = &expire.task};
        uint64_t first = ledger_first_seq(ledger);
        ledger_commit(ledger, &group, now);
        assert_int_equal(group.err.kind, ERR_NONE);
        ledger_apply(ledger, &group);
        assert_true(ledger_first_seq(ledger) > first);
        ledger_group_free(&group);
    }
    assert_true(add_signals(ledger, 1000000));
    assert_books_whole(ledger, 0);
    ledger_close(ledger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(confirmations_are_kept, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(they_are_kept_beside_what_is_refused, test_set_up,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(what_the_ledger_lacks_waits, test_set_up, scratch_teardown),
        cmocka_unit_test_setup_teardown(what_is_too_old_goes, test_set_up, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
