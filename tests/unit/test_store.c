// SPDX-License-Identifier: EUPL-1.2
#include "edge/store.h"

#include "scratch.h"

#include <fcntl.h>
#include <sys/wait.h>

enum { MAP_BYTES = 1 << 20 };

static struct store *open_here(void) {
    struct err err;
    struct store *store = store_open(scratch_dir, MAP_BYTES, &err);
    if (!store)
        fail_msg("%s", err.text);
    return store;
}

static void commit(struct store_txn *txn) {
    struct err err;
    if (!store_commit(txn, &err))
        fail_msg("%s", err.text);
}

static void what_is_committed_is_there_after_reopening(void **state) {
    (void)state;
    struct store_txn txn;
    struct str value;
    struct store *store = open_here();
    store_begin(store, &txn);
    for (uint64_t seq = 1; seq <= 1000; seq++)
        store_append(&txn, STORE_LEDGER, seq, STR("line"));
    store_put(&txn, STORE_META, STR("k"), STR("v"));
    commit(&txn);
    store_begin(store, &txn);
    store_put(&txn, STORE_META, STR("k"), STR("not kept"));
    store_abort(&txn);
    store_close(store);

    store = open_here();
    store_begin_read(store, &txn);
    assert_int_equal(store_last_seq(&txn, STORE_LEDGER), 1000);
    assert_int_equal(store_entries(&txn, STORE_LEDGER), 1000);
    assert_true(store_get(&txn, STORE_META, STR("k"), &value));
    assert_true(str_is(value, "v"));
    assert_false(store_get_seq(&txn, STORE_LEDGER, 1001, &value));
    assert_int_equal(store_last_seq(&txn, STORE_OUTBOX), 0);
    store_abort(&txn);
    store_close(store);
}

static bool collect(void *ctx, uint64_t seq, struct str value) {
    uint64_t *seen = ctx;
    (void)value;
    seen[++seen[0]] = seq;
    return seen[0] < 3;
}

static void sequences_are_walked_in_order(void **state) {
    (void)state;
    struct store_txn txn;
    struct store *store = open_here();
    uint64_t seen[8] = {0};
    store_begin(store, &txn);
    for (uint64_t seq = 250; seq <= 260; seq++) // over a byte's edge: order is by number
        store_append(&txn, STORE_OUTBOX, seq, STR(""));
    store_delete_seq(&txn, STORE_OUTBOX, 256);
    store_delete_seq(&txn, STORE_OUTBOX, 9999); // was not there: fine
    store_each_seq(&txn, STORE_OUTBOX, 255, collect, seen);
    commit(&txn);
    assert_int_equal(seen[0], 3);
    assert_int_equal(seen[1], 255);
    assert_int_equal(seen[2], 257);
    assert_int_equal(seen[3], 258);
    store_close(store);
}

static void a_full_store_says_so_and_keeps_what_it_had(void **state) {
    (void)state;
    struct store_txn txn;
    struct err err;
    struct str value;
    struct store *store = open_here();
    char page[4000] = {0};
    store_begin(store, &txn);
    store_put(&txn, STORE_META, STR("before"), STR("there"));
    commit(&txn);
    store_begin(store, &txn);
    for (uint64_t seq = 1; seq < 1000; seq++)
        store_append(&txn, STORE_LEDGER, seq, (struct str){page, sizeof page});
    store_put(&txn, STORE_META, STR("after"), STR("x")); // sticky: nothing happens any more
    assert_false(store_commit(&txn, &err));
    assert_int_equal(err.kind, ERR_RETRY);
    store_begin(store, &txn); // and it goes on
    assert_true(store_get(&txn, STORE_META, STR("before"), &value));
    assert_false(store_get(&txn, STORE_META, STR("after"), &value));
    assert_int_equal(store_last_seq(&txn, STORE_LEDGER), 0);
    store_put(&txn, STORE_META, STR("after"), STR("x"));
    commit(&txn);
    store_close(store);
}

static void only_one_daemon_at_a_time(void **state) {
    (void)state;
    struct err err;
    struct store *store = open_here();
    pid_t child = fork();
    if (child == 0) {
        struct store *second = store_open(scratch_dir, MAP_BYTES, &err);
        _exit(second ? 1 : err.kind == ERR_CONFIG ? 0 : 2);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    store_close(store);
}

static void files_are_the_owners_alone(void **state) {
    (void)state;
    struct stat st;
    store_close(open_here());
    assert_int_equal(stat(scratch_path("data.mdb"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_directory_that_is_not_there(void **state) {
    (void)state;
    struct err err;
    assert_null(store_open(scratch_path("nowhere"), MAP_BYTES, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_committed_is_there_after_reopening),
        TEST(sequences_are_walked_in_order),
        TEST(a_full_store_says_so_and_keeps_what_it_had),
        TEST(only_one_daemon_at_a_time),
        TEST(files_are_the_owners_alone),
        TEST(a_directory_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
