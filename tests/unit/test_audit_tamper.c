// SPDX-License-Identifier: EUPL-1.2
// Whatever is done to the audit log behind the daemon's back is found, and stops nothing.
#include "audit_rig.h"

static struct kept old_head; // as it was two lines before the end

static void change_text(struct store_txn *txn) {
    change_byte(txn, 4, take(txn, 4).len - 2);
}
static void change_first_text(struct store_txn *txn) {
    change_byte(txn, 1, take(txn, 1).len - 2);
}
static void change_last_text(struct store_txn *txn) {
    change_byte(txn, LINES, take(txn, LINES).len - 2);
}
static void change_mac(struct store_txn *txn) {
    change_byte(txn, 4, 3);
}
static void change_last_mac(struct store_txn *txn) {
    change_byte(txn, LINES, 3);
}
static void remove_first(struct store_txn *txn) {
    store_delete_seq(txn, STORE_AUDIT, 1);
}
static void remove_middle(struct store_txn *txn) {
    store_delete_seq(txn, STORE_AUDIT, 5);
}
static void remove_last(struct store_txn *txn) {
    store_delete_seq(txn, STORE_AUDIT, LINES);
}
static void remove_all(struct store_txn *txn) {
    for (uint64_t number = 1; number <= LINES; number++)
        store_delete_seq(txn, STORE_AUDIT, number);
}
static void swap_two(struct store_txn *txn) {
    struct kept fourth = take(txn, 4), fifth = take(txn, 5);
    give(txn, 4, &fifth);
    give(txn, 5, &fourth);
}
static void add_line(struct store_txn *txn) {
    struct kept kept = take(txn, LINES);
    give(txn, LINES + 1, &kept);
}
static void roll_head_back(struct store_txn *txn) {
    give(txn, 0, &old_head);
}
// As it was, but for what is durable elsewhere.
static void roll_both_back(struct store_txn *txn) {
    give(txn, 0, &old_head);
    store_delete_seq(txn, STORE_AUDIT, LINES);
}
static void change_head(struct store_txn *txn) {
    change_byte(txn, 0, 8);
}
static void change_seal(struct store_txn *txn) {
    change_byte(txn, 0, take(txn, 0).len - 1);
}
static void cut_head(struct store_txn *txn) {
    struct kept kept = take(txn, 0);
    kept.len--;
    give(txn, 0, &kept);
}
static void remove_head(struct store_txn *txn) {
    store_delete(txn, STORE_META, STR("audit"));
}
// With lines in the ledger there has been an audit log.
static void remove_log(struct store_txn *txn) {
    const uint64_t seq = 7;
    remove_all(txn);
    remove_head(txn);
    store_put(txn, STORE_META, STR("last-seq"), (struct str){(const char *)&seq, sizeof seq});
}
static void forget_lines_before(struct store_txn *txn) {
    struct kept kept = take(txn, 0);
    kept.data[0] = 3; // "the first two have expired"
    give(txn, 0, &kept);
    remove_first(txn);
    store_delete_seq(txn, STORE_AUDIT, 2);
}

static const struct tampering {
    const char *name;
    void (*tamper)(struct store_txn *txn);
    uint64_t broken; // what verify says
    uint64_t later;  // and after another line
} tamperings[] = {
    {"text", change_text, 4, 4},
    {"text of the first", change_first_text, 1, 1},
    {"text of the last", change_last_text, LINES, LINES},
    {"mac", change_mac, 4, 4},
    {"mac of the last", change_last_mac, LINES, LINES},
    {"first removed", remove_first, 1, 1},
    {"one removed", remove_middle, 5, 5},
    {"last removed", remove_last, LINES, LINES},
    {"all removed", remove_all, 1, 1},
    {"swapped", swap_two, 4, 4},
    {"too short", shorten, 6, 6},
    {"one added", add_line, LINES + 1, LINES + 1},
    // All lines are good: it shows at the end, and then at the first new one.
    {"head rolled back", roll_head_back, LINES, LINES + 1},
    {"both rolled back", roll_both_back, LINES - 1, LINES},
    {"head", change_head, LINES, LINES + 1},
    {"seal", change_seal, LINES, LINES + 1},
    {"head cut", cut_head, LINES, LINES + 1},
    {"head removed", remove_head, LINES, LINES + 1},
    {"log removed", remove_log, 1, 1},
    {"first ones as if expired", forget_lines_before, 1, 1},
};

static void fill_log(void) {
    struct ledger *ledger = open_ledger();
    struct store_txn txn;
    struct store *store;
    write_lines(ledger, LINES - 2);
    ledger_close(ledger);
    tamper_begin(&store, &txn);
    old_head = take(&txn, 0);
    store_abort(&txn);
    store_close(store);
    ledger = open_ledger();
    write_lines(ledger, 2);
    ledger_close(ledger);
}

// It is found, at every later start as well, and the log goes on.
static void run_tampering(const struct tampering *tampering) {
    struct store_txn txn;
    struct store *store;
    fill_log();
    tamper_begin(&store, &txn);
    tampering->tamper(&txn);
    tamper_end(store, &txn);
    for (int start = 0; start < 3; start++) {
        struct ledger *ledger = open_ledger();
        uint64_t broken = verify(ledger).broken,
                 right = start ? tampering->later : tampering->broken;
        if (broken != right)
            fail_msg("%s, start %d: %" PRIu64 " is broken, not %" PRIu64, tampering->name, start,
                     broken, right);
        write_lines(ledger, 1);
        assert_int_equal(verify(ledger).broken, tampering->later);
        assert_int_equal(read_all(ledger, 1).last, ledger_audit_last(ledger));
        ledger_close(ledger);
    }
}

static void what_was_changed_is_found(void **state) {
    for (size_t i = 0; i < COUNT(tamperings); i++) {
        (void)scratch_teardown(state);
        (void)scratch_setup(state);
        run_tampering(&tamperings[i]);
    }
}

// Wherever a bit is turned in the lines or in the head.
static void any_bit_is_found(void **state) {
    uint64_t seed = unit_seed();
    (void)state;
    fill_log();
    for (int round = 0; round < 200; round++) {
        struct store_txn txn;
        struct store *store;
        uint64_t number = unit_random(&seed) % (LINES + 1);
        tamper_begin(&store, &txn);
        struct kept good = take(&txn, number), bad = good;
        size_t bit = (size_t)(unit_random(&seed) % (good.len * 8));
        bad.data[bit / 8] = (char)(bad.data[bit / 8] ^ 1 << bit % 8);
        give(&txn, number, &bad);
        tamper_end(store, &txn);
        struct ledger *ledger = open_ledger();
        if (verify(ledger).broken == 0)
            fail_msg("bit %zu of record %" PRIu64 " is not found", bit, number);
        ledger_close(ledger);
        tamper_begin(&store, &txn);
        give(&txn, number, &good);
        tamper_end(store, &txn);
    }
    struct ledger *ledger = open_ledger();
    assert_whole(ledger, 1, LINES);
    ledger_close(ledger);
}

// Reading names the line, and shows the others.
static void changed_lines_are_marked_and_the_rest_is_read(void **state) {
    (void)state;
    struct store_txn txn;
    struct store *store;
    fill_log();
    tamper_begin(&store, &txn);
    struct kept large = take(&txn, 3);
    large.len = RECORD_MAX;
    memset(large.data + DIGEST_BYTES, 'x', RECORD_MAX - DIGEST_BYTES);
    give(&txn, 3, &large);
    shorten(&txn); // 6
    struct kept line_feed = take(&txn, 8);
    line_feed.data[DIGEST_BYTES + 4] = '\n';
    give(&txn, 8, &line_feed);
    tamper_end(store, &txn);
    struct ledger *ledger = open_ledger();
    struct reading reading = read_all(ledger, 1);
    assert_int_equal(reading.lines, LINES);
    assert_int_equal(reading.absent, 3);
    assert_int_equal(reading.first_unlinked, 3);
    assert_int_equal(reading.unlinked, 4); // 3, 6, 7 (the digest before it is gone), 8
    assert_int_equal(read_all(ledger, 4).unlinked, 3);
    ledger_close(ledger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(what_was_changed_is_found),
        LEDGER_TEST(any_bit_is_found),
        LEDGER_TEST(changed_lines_are_marked_and_the_rest_is_read),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
