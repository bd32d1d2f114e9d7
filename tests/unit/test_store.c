// SPDX-License-Identifier: EUPL-1.2
#include "edge/store/store.h"

#include "scratch.h"

#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { MAP_BYTES = 1 << 20 };

static struct store *open_here(void) {
    struct err err;
    struct store *store = store_open(scratch_dir, MAP_BYTES, NULL, &err);
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

static bool collect_keys(void *ctx, struct str key, struct str value) {
    (void)value;
    buf_put_str(ctx, key);
    return str_is(key, "c") == false;
}

static void entries_are_walked_from_a_key_on(void **state) {
    (void)state;
    struct store_txn txn;
    struct store *store = open_here();
    struct buf seen;
    static const char *const cases[][2] = {{"", "abc"}, {"a", "abc"}, {"aa", "bc"},
                                           {"c", "c"},  {"d", "d"},   {"e", ""}};
    store_begin(store, &txn);
    assert_int_equal(store_first_seq(&txn, STORE_AUDIT), 0);
    for (uint64_t seq = 250; seq <= 260; seq++)
        store_append(&txn, STORE_AUDIT, seq, STR(""));
    for (const char *key = "dbca"; *key; key++)
        store_put(&txn, STORE_PERSONS, (struct str){key, 1}, STR("x"));
    for (size_t i = 0; i < COUNT(cases); i++) {
        buf_init(&seen, 100);
        store_each_from(&txn, STORE_PERSONS, str_from(cases[i][0]), collect_keys, &seen);
        assert_true(str_is(buf_str(&seen), cases[i][1]) || cases[i][1][0] == '\0');
        assert_int_equal(seen.len, strlen(cases[i][1]));
        buf_free(&seen);
    }
    assert_int_equal(store_first_seq(&txn, STORE_AUDIT), 250);
    store_delete_seq(&txn, STORE_AUDIT, 250);
    assert_int_equal(store_first_seq(&txn, STORE_AUDIT), 251);
    commit(&txn);
    store_close(store);
}

// --- what was removed is nowhere in the file ---

enum { ENTRIES = 400, TEXT_MAX = 1900 };

struct model {
    struct store *store;
    uint64_t random, marks;
    struct entry {
        char *text; // NULL: not there
    } entries[2][ENTRIES];
    struct removed {
        char mark[32];
    } removed[8]; // the last few
    size_t removed_count;
};

static const enum store_table model_tables[] = {STORE_LEDGER, STORE_PERSONS};

// As large as what the store is used for: LMDB does not clear the room behind a value that has
// pages of its own (from half a page on).
static size_t random_size(struct model *m) {
    return 40 + unit_random(&m->random) % (TEXT_MAX - 40);
}

// A text that has its mark all over, so that any piece of it is found. It ends with a whole one:
// half of one and what LMDB has behind it might look like that of another text.
static char *new_text(struct model *m) {
    size_t size = random_size(m);
    char *text = malloc(size + 32), mark[32];
    (void)snprintf(mark, sizeof mark, "<m%08" PRIu64 ">", ++m->marks);
    size_t len = strlen(mark), end = 0;
    for (; end < size; end += len)
        memcpy(text + end, mark, len);
    text[end] = '\0';
    return text;
}

static void write_entry(struct model *m, struct store_txn *txn, int table, size_t n, bool there) {
    struct entry *entry = &m->entries[table][n];
    char name[16];
    // random order, in one of the two tables
    struct str key = {name, (size_t)snprintf(name, sizeof name, "%zu", n * 7919 % ENTRIES)};
    free(entry->text);
    entry->text = there ? new_text(m) : NULL;
    struct str value = {entry->text, there ? strlen(entry->text) : 0};
    if (table == 0 && there)
        store_put_seq(txn, model_tables[0], n + 1, value);
    else if (table == 0)
        store_delete_seq(txn, model_tables[0], n + 1);
    else if (there)
        store_put(txn, model_tables[1], key, value);
    else
        store_delete(txn, model_tables[1], key);
}

static void change_some(struct model *m, int count) {
    struct store_txn txn;
    store_begin(m->store, &txn);
    for (int i = 0; i < count; i++)
        write_entry(m, &txn, (int)(unit_random(&m->random) % 2), unit_random(&m->random) % ENTRIES,
                    unit_random(&m->random) % 3 > 0);
    commit(&txn);
}

// Deletes an entry or puts another in its place, and remembers what must be gone.
static void remove_one(struct model *m) {
    struct store_txn txn;
    int table = (int)(unit_random(&m->random) % 2);
    size_t n = unit_random(&m->random) % ENTRIES;
    while (!m->entries[table][n].text)
        n = (n + 1) % ENTRIES;
    (void)snprintf(m->removed[m->removed_count++ % COUNT(m->removed)].mark, 32, "%.11s",
                   m->entries[table][n].text);
    store_begin(m->store, &txn);
    write_entry(m, &txn, table, n, unit_random(&m->random) % 2);
    store_note_removed(&txn);
    commit(&txn);
}

static int in_file(const char *mark) {
    struct buf bytes;
    struct err err;
    int count = 0;
    assert_true(str_read_file(scratch_path("data.mdb"), 64 << 20, &bytes, &err));
    for (size_t i = 0; i + strlen(mark) <= bytes.len; i++)
        count += bytes.data[i] == mark[0] && memcmp(bytes.data + i, mark, strlen(mark)) == 0;
    buf_free(&bytes);
    return count;
}

static void check_removed(const struct model *m) {
    for (size_t i = 0; i < m->removed_count && i < COUNT(m->removed); i++)
        if (in_file(m->removed[i].mark))
            fail_msg("%s is still there", m->removed[i].mark);
}

static void check_entries(struct model *m) {
    struct store_txn txn;
    store_begin_read(m->store, &txn);
    for (size_t n = 0; n < ENTRIES; n++) {
        char name[16];
        struct str value,
            key = {name, (size_t)snprintf(name, sizeof name, "%zu", n * 7919 % ENTRIES)};
        const char *text = m->entries[0][n].text;
        assert_int_equal(store_get_seq(&txn, model_tables[0], n + 1, &value), text != NULL);
        assert_true(!text || str_is(value, text));
        text = m->entries[1][n].text;
        assert_int_equal(store_get(&txn, model_tables[1], key, &value), text != NULL);
        assert_true(!text || str_is(value, text));
    }
    store_abort(&txn);
}

static void open_model(struct model *m) {
    struct err err;
    m->store = store_open(scratch_dir, 64 << 20, NULL, &err);
    assert_non_null(m->store);
}

static void what_was_removed_is_left_behind_at_the_next_opening(void **state) {
    (void)state;
    struct model *m = calloc(1, sizeof *m);
    m->random = unit_seed();
    open_model(m);
    change_some(m, ENTRIES);
    for (int turn = 0; turn < 12; turn++) {
        change_some(m, 1 + (int)(unit_random(&m->random) % 60));
        for (uint64_t i = unit_random(&m->random) % 4; i < 4; i++)
            remove_one(m);
        change_some(m, (int)(unit_random(&m->random) % 5)); // nor does what comes later save it
        if (turn % 3 == 0) // what an opening that was killed may have left
            scratch_write("data.mdb.new", "half a fi", 0600);
        store_close(m->store);
        open_model(m);
        check_removed(m);
        check_entries(m);
        assert_int_equal(access(scratch_path("data.mdb.new"), F_OK), -1);
    }
    store_close(m->store);
    for (int table = 0; table < 2; table++)
        for (size_t n = 0; n < ENTRIES; n++)
            free(m->entries[table][n].text);
    free(m);
}

static ino_t file_number(void) {
    struct stat st;
    assert_int_equal(stat(scratch_path("data.mdb"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    return st.st_ino;
}

// A new file is made when something was removed, once, and not otherwise.
static void it_is_done_once(void **state) {
    (void)state;
    struct store_txn txn;
    struct store *store = open_here();
    ino_t first = file_number();
    store_begin(store, &txn);
    store_put(&txn, STORE_META, STR("k"), STR("v"));
    commit(&txn);
    store_close(store);
    store = open_here();
    assert_int_equal(file_number(), first);
    store_begin(store, &txn);
    store_delete(&txn, STORE_META, STR("k"));
    store_note_removed(&txn);
    commit(&txn);
    store_close(store);
    store = open_here();
    ino_t second = file_number();
    assert_int_not_equal(second, first);
    store_close(store);
    store_close(open_here());
    assert_int_equal(file_number(), second);
}

static void expect_lines(struct store *store, uint64_t count) {
    struct store_txn txn;
    store_begin_read(store, &txn);
    assert_int_equal(store_last_seq(&txn, STORE_LEDGER), count);
    assert_int_equal(store_entries(&txn, STORE_LEDGER), count);
    store_abort(&txn);
}

static void limit_files(rlim_t bytes) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

// Nobody waits for it: a daemon on a full disk has to start.
static void where_there_is_no_room_it_waits_for_the_next_opening(void **state) {
    (void)state;
    struct store_txn txn;
    char page[4000] = {0};
    struct store *store = open_here();
    store_begin(store, &txn);
    for (uint64_t seq = 1; seq <= 100; seq++)
        store_append(&txn, STORE_LEDGER, seq, (struct str){page, sizeof page});
    store_put(&txn, STORE_META, STR("k"), STR("<secret>"));
    commit(&txn);
    store_begin(store, &txn);
    store_delete(&txn, STORE_META, STR("k"));
    store_note_removed(&txn);
    commit(&txn);
    store_close(store);
    ino_t first = file_number();
    (void)signal(SIGXFSZ, SIG_IGN);
    limit_files(100000); // a part of the copy
    struct err err;
    store = store_open(scratch_dir, MAP_BYTES, NULL, &err);
    limit_files(RLIM_INFINITY);
    assert_non_null(store);
    expect_lines(store, 100);
    store_close(store);
    assert_int_equal(file_number(), first);
    assert_int_equal(access(scratch_path("data.mdb.new"), F_OK), -1);
    store = open_here();
    assert_int_not_equal(file_number(), first);
    expect_lines(store, 100);
    store_close(store);
    assert_int_equal(in_file("<secret>"), 0);
}

// A backup in another process, started before the store, whose files it must not hold: reads once
// it is told to, tells, and looks again and ends when it is told to.
struct backup {
    int to[2], from[2];
    pid_t child;
};

static void run_backup(const struct backup *backup) {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
    MDB_val key = {1, (void *)(uintptr_t) "k"}, value = {0, NULL};
    char byte;
    (void)close(backup->to[1]); // so that it ends with its parent
    (void)close(backup->from[0]);
    if (read(backup->to[0], &byte, 1) != 1 || mdb_env_create(&env) ||
        mdb_env_set_maxdbs(env, STORE_TABLES) || mdb_env_open(env, scratch_dir, MDB_RDONLY, 0) ||
        mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) || mdb_dbi_open(txn, "meta", 0, &table) ||
        write(backup->from[1], "x", 1) != 1 || read(backup->to[0], &byte, 1) != 1)
        _exit(1);
    if (mdb_get(txn, table, &key, &value) || value.mv_size != 3 ||
        memcmp(value.mv_data, "old", 3) != 0)
        _exit(2);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    _exit(0);
}

static void backup_step(const struct backup *backup) {
    assert_int_equal(write(backup->to[1], "x", 1), 1);
}

static void put_lines(struct store *store, uint64_t from, uint64_t upto) {
    struct store_txn txn;
    for (uint64_t seq = from; seq <= upto; seq++) {
        store_begin(store, &txn);
        store_append(&txn, STORE_LEDGER, seq, STR("line"));
        commit(&txn);
    }
}

static void replace_under_a_backup(uint64_t lines) {
    struct backup backup;
    struct store_txn txn;
    int status;
    char byte;
    assert_int_equal(pipe(backup.to), 0);
    assert_int_equal(pipe(backup.from), 0);
    backup.child = fork();
    if (backup.child == 0)
        run_backup(&backup);
    struct store *store = open_here();
    put_lines(store, 1, lines);
    store_begin(store, &txn);
    store_put(&txn, STORE_META, STR("k"), STR("old"));
    store_note_removed(&txn);
    commit(&txn);
    backup_step(&backup);
    assert_int_equal(read(backup.from[0], &byte, 1), 1);
    store_close(store);
    store = open_here();
    expect_lines(store, lines);
    store_begin(store, &txn);
    store_put(&txn, STORE_META, STR("k"), STR("new"));
    commit(&txn);
    put_lines(store, lines + 1, lines + 200); // pages that are free are used again
    backup_step(&backup);
    assert_int_equal(waitpid(backup.child, &status, 0), backup.child);
    assert_int_equal(status, 0);
    expect_lines(store, lines + 200);
    store_close(store);
    store = open_here();
    expect_lines(store, lines + 200);
    store_close(store);
    for (int i = 0; i < 2; i++) {
        (void)close(backup.to[i]);
        (void)close(backup.from[i]);
    }
}

// Whether the number of transactions is odd or even decides which of the file's two beginnings is
// read.
static void a_backup_may_read_meanwhile(void **state) {
    (void)state;
    for (uint64_t lines = 20; lines < 24; lines++) {
        replace_under_a_backup(lines);
        assert_int_equal(scratch_teardown(NULL), 0);
        assert_int_equal(scratch_setup(NULL), 0);
    }
}

static void only_one_daemon_at_a_time(void **state) {
    (void)state;
    struct err err;
    struct store *store = open_here();
    pid_t child = fork();
    if (child == 0) {
        struct store *second = store_open(scratch_dir, MAP_BYTES, NULL, &err);
        _exit(second ? 1 : err.kind == ERR_RETRY ? 0 : 2);
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
    assert_null(store_open(scratch_path("nowhere"), MAP_BYTES, NULL, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
}

static off_t file_bytes(void) {
    struct stat st;
    assert_int_equal(stat(scratch_path("data.mdb"), &st), 0);
    return st.st_size;
}

static void put_line(struct store *store, uint64_t seq, size_t len) {
    static const char bytes[1 << 19];
    struct store_txn txn;
    store_begin(store, &txn);
    store_append(&txn, STORE_LEDGER, seq, (struct str){bytes, len});
    commit(&txn);
}

// Small commits find the file long enough, and what is ahead never goes beyond what the store may
// have; a large one is left to LMDB.
static void small_commits_find_pages_that_are_there(void **state) {
    (void)state;
    static const char bytes[20000];
    struct store_txn txn;
    struct err err;
    struct store *store = store_open(scratch_dir, 4 * MAP_BYTES, NULL, &err);
    assert_non_null(store);
    put_line(store, 1, 1 << 19);
    off_t before = file_bytes();
    assert_true(before < 1 << 20);
    for (uint64_t seq = 2; seq <= 100; seq++)
        put_line(store, seq, 400);
    off_t after = file_bytes();
    assert_true(after >= before + (1 << 20) && after < before + (2 << 20));
    uint64_t seq = 100;
    do {
        seq++;
        store_begin(store, &txn);
        store_append(&txn, STORE_LEDGER, seq, (struct str){bytes, sizeof bytes});
    } while (store_commit(&txn, &err) && seq < 100000);
    assert_int_equal(err.kind, ERR_RETRY);
    assert_true(file_bytes() <= 4 * MAP_BYTES);
    store_close(store);
    store = store_open(scratch_dir, 4 * MAP_BYTES, NULL, &err);
    assert_non_null(store);
    store_begin_read(store, &txn);
    assert_int_equal(store_last_seq(&txn, STORE_LEDGER), seq - 1);
    store_abort(&txn);
    store_close(store);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_committed_is_there_after_reopening),
        TEST(sequences_are_walked_in_order),
        TEST(entries_are_walked_from_a_key_on),
        TEST(what_was_removed_is_left_behind_at_the_next_opening),
        TEST(it_is_done_once),
        TEST(where_there_is_no_room_it_waits_for_the_next_opening),
        TEST(a_backup_may_read_meanwhile),
        TEST(a_full_store_says_so_and_keeps_what_it_had),
        TEST(only_one_daemon_at_a_time),
        TEST(files_are_the_owners_alone),
        TEST(small_commits_find_pages_that_are_there),
        TEST(a_directory_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
