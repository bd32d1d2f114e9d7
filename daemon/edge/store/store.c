// SPDX-License-Identifier: EUPL-1.2
// The only file that includes lmdb.h. Tables keyed by sequence use integer keys, so that a commit
// touches the last pages only. LMDB syncs its data before its meta page on each commit; MDB_NOSYNC
// and its kin are never set.
//
// LMDB writes pages anew, so what was deleted stays readable in pages that are free. A commit that
// removed what must not stay leaves a mark, and the next opening copies what is in use to a new
// file, which then takes the old one's place.
#include "edge/store/store.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct store {
    MDB_env *env;
    MDB_dbi tables[STORE_TABLES];
    int lock_fd;
    int dir_fd;
};

static const struct {
    const char *name;
    unsigned flags;
} tables[STORE_TABLES] = {
    [STORE_LEDGER] = {"ledger", MDB_INTEGERKEY},
    [STORE_OUTBOX] = {"outbox", MDB_INTEGERKEY},
    [STORE_PUBLISHED] = {"published", MDB_INTEGERKEY},
    [STORE_COUNTS] = {"counts", 0},
    [STORE_FEEDS] = {"feeds", 0},
    [STORE_LISTED] = {"listed", 0},
    [STORE_QUARANTINE] = {"quarantine", 0},
    [STORE_EXPIRED_COUNTS] = {"expired_counts", 0},
    [STORE_PERSONS] = {"persons", 0},
    [STORE_MEMBERS] = {"members", 0},
    [STORE_UNMAPPED] = {"unmapped", 0},
    [STORE_AUDIT] = {"audit", MDB_INTEGERKEY},
    [STORE_STATISTICS] = {"statistics", 0},
    [STORE_STATISTICS_OUTBOX] = {"statistics-outbox", MDB_INTEGERKEY},
    [STORE_RELEASED] = {"released", 0},
    [STORE_META] = {"meta", 0},
};

static const struct str removed_mark = {"removed", 7};

static bool lock_dir(struct store *store, const char *dir, struct err *err) {
    store->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->dir_fd < 0)
        return err_set(err, ERR_CONFIG, "state directory %s: %s", dir, strerror(errno));
    store->lock_fd = openat(store->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0)
        return err_set(err, ERR_CONFIG, "state directory %s: lock: %s", dir, strerror(errno));
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return err_set(err, ERR_CONFIG, "state directory %s is in use by another signaald", dir);
    return true;
}

static bool open_tables(struct store *store, struct err *err) {
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc)
        return err_set(err, ERR_FATAL, "state: %s", mdb_strerror(rc));
    for (int i = 0; i < STORE_TABLES && rc == 0; i++)
        rc = mdb_dbi_open(txn, tables[i].name, tables[i].flags | MDB_CREATE, &store->tables[i]);
    if (rc)
        mdb_txn_abort(txn);
    else
        rc = mdb_txn_commit(txn);
    return rc == 0 || err_set(err, ERR_FATAL, "state: %s", mdb_strerror(rc));
}

static bool open_env(struct store *store, const char *dir, uint64_t map_bytes_max,
                     struct err *err) {
    int rc;
    if ((rc = mdb_env_create(&store->env)) == 0 &&
        (rc = mdb_env_set_maxdbs(store->env, STORE_TABLES)) == 0 &&
        (rc = mdb_env_set_mapsize(store->env, map_bytes_max)) == 0)
        rc = mdb_env_open(store->env, dir, MDB_NOTLS | MDB_NORDAHEAD, 0600);
    if (rc)
        return err_set(err, ERR_FATAL, "state in %s: %s", dir, mdb_strerror(rc));
    return open_tables(store, err);
}

static bool is_marked(struct store *store) {
    struct store_txn txn;
    struct str value;
    store_begin_read(store, &txn);
    bool marked = store_get(&txn, STORE_META, removed_mark, &value);
    store_abort(&txn);
    return marked;
}

static const char file_name[] = "data.mdb", new_name[] = "data.mdb.new", locks_name[] = "lock.mdb";

// What is in use, to a new file. On a full disk it has to wait for another start.
static bool copy_file(struct store *store) {
    int fd = openat(store->dir_fd, new_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool done = fd >= 0 && mdb_env_copyfd2(store->env, fd, MDB_CP_COMPACT) == 0 && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd);
    return done;
}

// The new file gets a lock file of its own. In the new file numbers of transactions begin anew, and
// LMDB believes the lock file, as long as another process (a backup) has it open, about the last
// one: with the old one it would take the new file for an empty one. The backup goes on with the
// old two.
static bool replace_file(struct store *store) {
    return unlinkat(store->dir_fd, locks_name, 0) == 0 &&
           renameat(store->dir_fd, new_name, store->dir_fd, file_name) == 0;
}

// The mark goes only from the new file: if we are killed on the way it is done again.
static bool leave_removed_behind(struct store *store, const char *dir, uint64_t map_bytes_max,
                                 struct err *err) {
    struct store_txn txn;
    if (!is_marked(store))
        return true;
    if (!copy_file(store)) {
        (void)unlinkat(store->dir_fd, new_name, 0);
        return true;
    }
    bool replaced = replace_file(store);
    mdb_env_close(store->env);
    store->env = NULL;
    if (!open_env(store, dir, map_bytes_max, err))
        return false;
    if (!replaced) {
        (void)unlinkat(store->dir_fd, new_name, 0);
        return true;
    }
    store_begin(store, &txn);
    store_delete(&txn, STORE_META, removed_mark);
    return store_commit(&txn, err);
}

struct store *store_open(const char *dir, uint64_t map_bytes_max, struct err *err) {
    struct store *store = mem_zalloc(1, sizeof *store);
    store->lock_fd = store->dir_fd = -1;
    if (!lock_dir(store, dir, err) || !open_env(store, dir, map_bytes_max, err) ||
        !leave_removed_behind(store, dir, map_bytes_max, err))
        goto fail;
    if (fsync(store->dir_fd) != 0) { // the files' names too are on the disk
        err_set(err, ERR_FATAL, "state in %s: %s", dir, strerror(errno));
        goto fail;
    }
    return store;
fail:
    store_close(store);
    return NULL;
}

// Those that are there. One that is missing is of a later version than the files: it is empty.
static bool open_tables_read(struct store *store, struct err *err) {
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
    if (rc)
        return err_set(err, ERR_FATAL, "state: %s", mdb_strerror(rc));
    for (int i = 0; i < STORE_TABLES && rc == 0; i++) {
        rc = mdb_dbi_open(txn, tables[i].name, tables[i].flags, &store->tables[i]);
        if (rc == MDB_NOTFOUND) {
            store->tables[i] = UINT_MAX; // no table has this number
            rc = 0;
        }
    }
    if (rc == 0)
        rc = mdb_txn_commit(txn); // keeps the tables open
    else
        mdb_txn_abort(txn);
    return rc == 0 || err_set(err, ERR_FATAL, "state: %s", mdb_strerror(rc));
}

// LMDB's own lock file keeps the pages that we read from being used again. Where it is missing (in
// a copy that nobody has ever opened) nobody writes.
static bool open_env_read(struct store *store, const char *dir, uint64_t map_bytes_max,
                          struct err *err) {
    unsigned flags = MDB_RDONLY | MDB_NOTLS;
    int rc;
    if (faccessat(store->dir_fd, locks_name, F_OK, 0) != 0)
        flags |= MDB_NOLOCK;
    if ((rc = mdb_env_create(&store->env)) == 0 &&
        (rc = mdb_env_set_maxdbs(store->env, STORE_TABLES)) == 0 &&
        (rc = mdb_env_set_mapsize(store->env, map_bytes_max)) == 0)
        rc = mdb_env_open(store->env, dir, flags, 0600);
    if (rc)
        return err_set(err, rc == EACCES || rc == ENOENT ? ERR_CONFIG : ERR_FATAL,
                       "state in %s: %s", dir, mdb_strerror(rc));
    return open_tables_read(store, err);
}

struct store *store_open_read(const char *dir, uint64_t map_bytes_max, struct err *err) {
    struct store *store = mem_zalloc(1, sizeof *store);
    store->lock_fd = -1;
    store->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->dir_fd < 0)
        err_set(err, ERR_CONFIG, "state directory %s: %s", dir, strerror(errno));
    if (store->dir_fd >= 0 && open_env_read(store, dir, map_bytes_max, err))
        return store;
    store_close(store);
    return NULL;
}

void store_note_removed(struct store_txn *txn) {
    store_put(txn, STORE_META, removed_mark, STR("1"));
}

void store_close(struct store *store) {
    if (!store)
        return;
    if (store->env)
        mdb_env_close(store->env);
    if (store->lock_fd >= 0)
        (void)close(store->lock_fd);
    if (store->dir_fd >= 0)
        (void)close(store->dir_fd);
    free(store);
}

static void fail(struct store_txn *txn, int rc) {
    if (txn->err.kind != ERR_NONE)
        return;
    if (rc == MDB_MAP_FULL)
        err_set(&txn->err, ERR_RETRY, "state is full: its size_max is reached");
    else if (rc == MDB_PANIC || rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND)
        // After a failed write of a meta page LMDB gives up; only reading the disk anew tells what
        // is on it.
        err_set(&txn->err, ERR_FATAL, "state: %s", mdb_strerror(rc));
    else
        err_set(&txn->err, ERR_RETRY, "state: %s", mdb_strerror(rc));
}

static void begin(struct store *store, struct store_txn *txn, unsigned flags) {
    *txn = (struct store_txn){.store = store};
    MDB_txn *handle = NULL;
    int rc = mdb_txn_begin(store->env, NULL, flags, &handle);
    if (rc)
        fail(txn, rc);
    txn->handle = handle;
}

// Somebody else's reader that was killed would keep pages from being used again.
void store_begin(struct store *store, struct store_txn *txn) {
    (void)mdb_reader_check(store->env, NULL);
    begin(store, txn, 0);
}

void store_begin_read(struct store *store, struct store_txn *txn) {
    begin(store, txn, MDB_RDONLY);
}

// LMDB takes pointers to mutable memory also for what it only reads.
static MDB_val to_val(struct str s) {
    return (MDB_val){s.len, (void *)(uintptr_t)s.data};
}

static void put(struct store_txn *txn, enum store_table table, MDB_val key, struct str value,
                unsigned flags) {
    MDB_val data = to_val(value);
    if (txn->err.kind != ERR_NONE)
        return;
    int rc = mdb_put(txn->handle, txn->store->tables[table], &key, &data, flags);
    if (rc)
        fail(txn, rc);
}

void store_put(struct store_txn *txn, enum store_table table, struct str key, struct str value) {
    put(txn, table, to_val(key), value, 0);
}

static MDB_val seq_val(uint64_t *seq) {
    return (MDB_val){sizeof *seq, seq};
}

void store_put_seq(struct store_txn *txn, enum store_table table, uint64_t seq, struct str value) {
    put(txn, table, seq_val(&seq), value, 0);
}

void store_append(struct store_txn *txn, enum store_table table, uint64_t seq, struct str value) {
    put(txn, table, seq_val(&seq), value, MDB_APPEND);
}

static void delete (struct store_txn *txn, enum store_table table, MDB_val key) {
    if (txn->err.kind != ERR_NONE)
        return;
    int rc = mdb_del(txn->handle, txn->store->tables[table], &key, NULL);
    if (rc && rc != MDB_NOTFOUND)
        fail(txn, rc);
}

void store_delete_seq(struct store_txn *txn, enum store_table table, uint64_t seq) {
    delete (txn, table, seq_val(&seq));
}

void store_delete(struct store_txn *txn, enum store_table table, struct str key) {
    delete (txn, table, to_val(key));
}

static bool is_there(const struct store_txn *txn, enum store_table table) {
    return txn->err.kind == ERR_NONE && txn->store->tables[table] != UINT_MAX;
}

static bool get(struct store_txn *txn, enum store_table table, MDB_val key, struct str *value) {
    MDB_val data;
    if (!is_there(txn, table))
        return false;
    int rc = mdb_get(txn->handle, txn->store->tables[table], &key, &data);
    if (rc == 0)
        *value = (struct str){data.mv_data, data.mv_size};
    else if (rc != MDB_NOTFOUND)
        fail(txn, rc);
    return rc == 0;
}

bool store_get(struct store_txn *txn, enum store_table table, struct str key, struct str *value) {
    return get(txn, table, to_val(key), value);
}

bool store_get_seq(struct store_txn *txn, enum store_table table, uint64_t seq, struct str *value) {
    return get(txn, table, seq_val(&seq), value);
}

uint64_t store_get_number(struct store_txn *txn, enum store_table table, struct str key) {
    struct str value;
    uint64_t number = 0;
    if (store_get(txn, table, key, &value) && value.len == sizeof number)
        memcpy(&number, value.data, sizeof number);
    return number;
}

static MDB_cursor *open_cursor(struct store_txn *txn, enum store_table table) {
    MDB_cursor *cursor = NULL;
    if (!is_there(txn, table))
        return NULL;
    int rc = mdb_cursor_open(txn->handle, txn->store->tables[table], &cursor);
    if (rc)
        fail(txn, rc);
    return rc ? NULL : cursor;
}

static uint64_t key_seq(const MDB_val *key) {
    uint64_t seq;
    assert(key->mv_size == sizeof seq);
    memcpy(&seq, key->mv_data, sizeof seq);
    return seq;
}

// The first or the last.
static uint64_t end_seq(struct store_txn *txn, enum store_table table, MDB_cursor_op op) {
    MDB_val key, value;
    MDB_cursor *cursor = open_cursor(txn, table);
    if (!cursor)
        return 0;
    int rc = mdb_cursor_get(cursor, &key, &value, op);
    uint64_t seq = rc == 0 ? key_seq(&key) : 0;
    if (rc && rc != MDB_NOTFOUND)
        fail(txn, rc);
    mdb_cursor_close(cursor);
    return seq;
}

uint64_t store_last_seq(struct store_txn *txn, enum store_table table) {
    return end_seq(txn, table, MDB_LAST);
}

uint64_t store_first_seq(struct store_txn *txn, enum store_table table) {
    return end_seq(txn, table, MDB_FIRST);
}

uint64_t store_entries(struct store_txn *txn, enum store_table table) {
    MDB_stat stat;
    if (!is_there(txn, table))
        return 0;
    int rc = mdb_stat(txn->handle, txn->store->tables[table], &stat);
    if (rc)
        fail(txn, rc);
    return rc ? 0 : stat.ms_entries;
}

void store_cursor_open(struct store_cursor *cursor, struct store_txn *txn, enum store_table table,
                       uint64_t from) {
    *cursor = (struct store_cursor){.txn = txn, .handle = open_cursor(txn, table), .from = from};
}

bool store_cursor_next(struct store_cursor *cursor, uint64_t *seq, struct str *value) {
    MDB_val key = seq_val(&cursor->from), found;
    if (!cursor->handle)
        return false;
    int rc = mdb_cursor_get(cursor->handle, &key, &found, cursor->begun ? MDB_NEXT : MDB_SET_RANGE);
    cursor->begun = true;
    if (rc && rc != MDB_NOTFOUND)
        fail(cursor->txn, rc);
    if (rc)
        return false;
    *seq = key_seq(&key);
    *value = (struct str){found.mv_data, found.mv_size};
    return true;
}

void store_cursor_close(struct store_cursor *cursor) {
    if (cursor->handle)
        mdb_cursor_close(cursor->handle);
    cursor->handle = NULL;
}

void store_each_seq(struct store_txn *txn, enum store_table table, uint64_t from,
                    bool (*fn)(void *ctx, uint64_t seq, struct str value), void *ctx) {
    struct store_cursor cursor;
    struct str value;
    uint64_t seq;
    store_cursor_open(&cursor, txn, table, from);
    while (store_cursor_next(&cursor, &seq, &value) && fn(ctx, seq, value))
        ;
    store_cursor_close(&cursor);
}

void store_each_from(struct store_txn *txn, enum store_table table, struct str from,
                     bool (*fn)(void *ctx, struct str key, struct str value), void *ctx) {
    MDB_val key = to_val(from), value;
    MDB_cursor *cursor = open_cursor(txn, table);
    if (!cursor)
        return;
    int rc = mdb_cursor_get(cursor, &key, &value, from.len ? MDB_SET_RANGE : MDB_FIRST);
    while (rc == 0 && fn(ctx, (struct str){key.mv_data, key.mv_size},
                         (struct str){value.mv_data, value.mv_size}))
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    if (rc && rc != MDB_NOTFOUND)
        fail(txn, rc);
    mdb_cursor_close(cursor);
}

void store_each(struct store_txn *txn, enum store_table table,
                bool (*fn)(void *ctx, struct str key, struct str value), void *ctx) {
    store_each_from(txn, table, (struct str){NULL, 0}, fn, ctx);
}

bool store_commit(struct store_txn *txn, struct err *err) {
    if (txn->err.kind == ERR_NONE) {
        int rc = mdb_txn_commit(txn->handle);
        txn->handle = NULL; // gone, whatever came of it
        if (rc)
            fail(txn, rc);
    }
    store_abort(txn);
    if (txn->err.kind != ERR_NONE)
        *err = txn->err;
    return txn->err.kind == ERR_NONE;
}

void store_abort(struct store_txn *txn) {
    if (txn->handle)
        mdb_txn_abort(txn->handle);
    txn->handle = NULL;
}

void store_get_usage(struct store *store, struct store_usage *usage) {
    MDB_envinfo info;
    MDB_stat stat;
    (void)mdb_env_info(store->env, &info);
    (void)mdb_env_stat(store->env, &stat);
    usage->used_bytes = (uint64_t)(info.me_last_pgno + 1) * stat.ms_psize;
    usage->max_bytes = info.me_mapsize;
}

uint64_t store_table_bytes(struct store *store, enum store_table table) {
    struct store_txn txn;
    MDB_stat stat = {0};
    store_begin_read(store, &txn);
    if (txn.err.kind == ERR_NONE)
        (void)mdb_stat(txn.handle, store->tables[table], &stat);
    store_abort(&txn);
    return (uint64_t)(stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) *
           stat.ms_psize;
}
