// SPDX-License-Identifier: EUPL-1.2
// Reading the store from another process, beside the one that writes.
#include "edge/store/store.h"

#include "scratch.h"

#include <lmdb.h>
#include <signal.h>
#include <sys/wait.h>

enum { MAP_BYTES = 8 << 20, VALUE_BYTES = 1000, ENTRIES = 200 };

static struct store *open_here(void) {
    struct err err;
    struct store *store = store_open(scratch_dir, MAP_BYTES, NULL, &err);
    if (!store)
        fail_msg("%s", err.text);
    return store;
}

// Every entry anew, with this byte.
static void fill(struct store *store, char byte) {
    struct store_txn txn;
    struct err err;
    char value[VALUE_BYTES];
    memset(value, byte, sizeof value);
    store_begin(store, &txn);
    for (uint64_t seq = 1; seq <= ENTRIES; seq++)
        store_put_seq(&txn, STORE_LEDGER, seq, (struct str){value, sizeof value});
    assert_true(store_commit(&txn, &err));
}

static uint64_t used(struct store *store) {
    struct store_usage usage;
    store_get_usage(store, &usage);
    return usage.used_bytes;
}

// --- the other process ---

static struct {
    pid_t pid;
    int to[2], from[2];
} reader;

static bool all_are(struct store_txn *txn, char byte) {
    struct str value;
    for (uint64_t seq = 1; seq <= ENTRIES; seq++)
        if (!store_get_seq(txn, STORE_LEDGER, seq, &value) || value.len != VALUE_BYTES ||
            value.data[0] != byte || value.data[VALUE_BYTES - 1] != byte)
            return false;
    return true;
}

// Takes a snapshot, says so, and looks at it when it is told to. Ends with 0 when it is what it
// was.
static void read_on(void) {
    struct err err;
    struct store_txn txn;
    char byte = 0;
    struct store *store = store_open_read(scratch_dir, MAP_BYTES, &err);
    if (!store)
        _exit(2);
    store_begin_read(store, &txn);
    if (!all_are(&txn, 'a') || write(reader.from[1], "r", 1) != 1 ||
        read(reader.to[0], &byte, 1) != 1)
        _exit(3);
    bool same = all_are(&txn, 'a');
    store_abort(&txn);
    store_close(store);
    _exit(same && txn.err.kind == ERR_NONE ? 0 : 4);
}

static void start_reader(void) {
    assert_int_equal(pipe(reader.to), 0);
    assert_int_equal(pipe(reader.from), 0);
    reader.pid = fork();
    if (reader.pid == 0)
        read_on();
}

static void await_snapshot(void) {
    char byte;
    assert_int_equal(read(reader.from[0], &byte, 1), 1);
}

static int end_reader(int signal_number) {
    int status;
    if (signal_number)
        assert_int_equal(kill(reader.pid, signal_number), 0);
    else
        assert_int_equal(write(reader.to[1], "g", 1), 1);
    assert_int_equal(waitpid(reader.pid, &status, 0), reader.pid);
    for (int i = 0; i < 2; i++) {
        (void)close(reader.to[i]);
        (void)close(reader.from[i]);
    }
    return status;
}

// --- tests ---

static void a_snapshot_stays_as_it_was_while_others_write(void **state) {
    (void)state;
    struct store *store = open_here();
    fill(store, 'a');
    store_close(store); // LMDB's locks are a process's: the child must not inherit them
    start_reader();
    await_snapshot();
    store = open_here();
    for (int i = 0; i < 5; i++)
        fill(store, 'b');
    assert_int_equal(end_reader(0), 0);
    store_close(store);
}

static void a_reader_that_was_killed_keeps_no_pages(void **state) {
    (void)state;
    struct store *store = open_here();
    fill(store, 'a');
    store_close(store);
    start_reader();
    await_snapshot();
    store = open_here();
    fill(store, 'b');
    assert_int_equal(end_reader(SIGKILL), SIGKILL);
    for (int i = 0; i < 3; i++)
        fill(store, 'c');
    uint64_t before = used(store);
    for (int i = 0; i < 20; i++)
        fill(store, 'd');
    assert_true(used(store) < before + ENTRIES * VALUE_BYTES);
    store_close(store);
}

// A copy has neither the daemon's lock nor LMDB's.
static void a_copy_is_read_and_nothing_is_made(void **state) {
    (void)state;
    struct err err;
    struct store_txn txn;
    struct store *store = open_here();
    fill(store, 'a');
    store_close(store);
    assert_int_equal(unlink(scratch_path("lock")), 0);
    assert_int_equal(unlink(scratch_path("lock.mdb")), 0);
    store = store_open_read(scratch_dir, MAP_BYTES, &err);
    assert_non_null(store);
    store_begin_read(store, &txn);
    assert_true(all_are(&txn, 'a'));
    store_abort(&txn);
    store_close(store);
    assert_int_not_equal(access(scratch_path("lock"), F_OK), 0);
    assert_int_not_equal(access(scratch_path("lock.mdb"), F_OK), 0);
}

// As in a backup that an earlier version made.
static void a_table_that_is_not_there_is_empty(void **state) {
    (void)state;
    struct err err;
    struct store_txn txn;
    struct str value;
    MDB_env *env;
    MDB_txn *all;
    MDB_dbi statistics;
    struct store *store = open_here();
    fill(store, 'a');
    store_close(store);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, STORE_TABLES), 0);
    assert_int_equal(mdb_env_open(env, scratch_dir, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &all), 0);
    assert_int_equal(mdb_dbi_open(all, "statistics", 0, &statistics), 0);
    assert_int_equal(mdb_drop(all, statistics, 1), 0);
    assert_int_equal(mdb_txn_commit(all), 0);
    mdb_env_close(env);
    store = store_open_read(scratch_dir, MAP_BYTES, &err);
    assert_non_null(store);
    store_begin_read(store, &txn);
    assert_int_equal(store_entries(&txn, STORE_STATISTICS), 0);
    assert_int_equal(store_last_seq(&txn, STORE_STATISTICS), 0);
    assert_false(store_get(&txn, STORE_STATISTICS, STR("signals/year=2017"), &value));
    store_each(&txn, STORE_STATISTICS, NULL, NULL);
    assert_true(all_are(&txn, 'a'));
    assert_int_equal(txn.err.kind, ERR_NONE);
    store_abort(&txn);
    store_close(store);
}

static void where_there_is_no_store(void **state) {
    (void)state;
    struct err err = {0};
    assert_null(store_open_read(scratch_dir, MAP_BYTES, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_int_not_equal(access(scratch_path("data.mdb"), F_OK), 0);
    err = (struct err){0};
    assert_null(store_open_read(scratch_path("nowhere"), MAP_BYTES, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    scratch_write("data.mdb", "this is no store, though it has more bytes than none", 0600);
    err = (struct err){0};
    assert_null(store_open_read(scratch_dir, MAP_BYTES, &err));
    assert_int_equal(err.kind, ERR_DAMAGED);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_snapshot_stays_as_it_was_while_others_write),
        TEST(a_reader_that_was_killed_keeps_no_pages),
        TEST(a_copy_is_read_and_nothing_is_made),
        TEST(a_table_that_is_not_there_is_empty),
        TEST(where_there_is_no_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
