// SPDX-License-Identifier: EUPL-1.2
// Transactions. Tables keyed by sequence use integer keys, so that a commit touches the last pages
// only. LMDB syncs its data before its meta page on each commit; MDB_NOSYNC and its kin are never
// set. Each put and delete keeps the sum of its table, which the commit writes (sums.c). The store
// owns LMDB's environment, a transaction what it has borrowed of it.
#include "store_lmdb.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PROBE_BYTES = 1 << 20 };

enum {
    AHEAD_BYTES = 1 << 20,
    AHEAD_SHARE = 64, // of the free disk, at most
    SMALL_COMMIT_BYTES = 1 << 17,
    ENTRY_BYTES = 16, // LMDB's own, of an entry
    SPLIT_FACTOR = 2, // a page that was split is half full
};

const struct str store_removed_mark = {"removed", 7};

void store_note_removed(struct store_txn *txn) {
    store_put(txn, STORE_META, store_removed_mark, STR("1"));
}

// LMDB says EIO of a write that was cut short, whatever cut it: a full disk, a quota, a limit. A
// write of our own in the same place says it.
static int find_cause(const struct store *store) {
    static const char bytes[PROBE_BYTES];
    struct rlimit limit;
    struct stat st;
    mdb_filehandle_t file;
    (void)mdb_env_get_fd(store->env, &file);
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && fstat(file, &st) == 0 &&
        (rlim_t)st.st_size + PROBE_BYTES > limit.rlim_cur)
        return EFBIG;
    int fd = openat(store->dir_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == ENOSPC || errno == EDQUOT || errno == EROFS ? errno : EIO;
    int cause = EIO;
    ssize_t n = 0;
    for (size_t done = 0; n >= 0 && done<sizeof bytes; done += n> 0 ? (size_t)n : 0)
        n = write(fd, bytes + done, sizeof bytes - done);
    if (n < 0)
        cause = errno;
    (void)close(fd);
    return cause;
}

static void fail(struct store_txn *txn, int rc) {
    if (txn->err.kind != ERR_NONE)
        return;
    if (rc == EIO)
        rc = find_cause(txn->store);
    txn->full = rc == MDB_MAP_FULL;
    if (txn->full)
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

// What a commit goes on from: the sums of what is there, which the opening has compared. There may
// have been a commit on another thread since anybody looked.
static void take_sums(struct store_txn *txn) {
    struct sums sums;
    MDB_val key = {sums_key.len, (void *)(uintptr_t)sums_key.data}, value;
    if (txn->err.kind == ERR_NONE &&
        mdb_get(txn->handle, txn->store->tables[STORE_META], &key, &value) == 0 &&
        sums_get((struct str){value.mv_data, value.mv_size}, &sums))
        memcpy(txn->sums, sums.of, sizeof txn->sums);
}

// Somebody else's reader that was killed would keep pages from being used again.
void store_begin(struct store *store, struct store_txn *txn) {
    (void)mdb_reader_check(store->env, NULL);
    begin(store, txn, 0);
    take_sums(txn);
}

void store_begin_read(struct store *store, struct store_txn *txn) {
    begin(store, txn, MDB_RDONLY);
}

// The file keeps the beginnings of the last two transactions only, and a daemon may write on while
// a snapshot begins.
void store_begin_snapshot(struct store *store, struct store_txn *txn) {
    struct pages_meta meta;
    struct err err;
    mdb_filehandle_t fd;
    bool ok;
    do {
        begin(store, txn, MDB_RDONLY);
        if (txn->err.kind != ERR_NONE)
            return;
        (void)mdb_env_get_fd(store->env, &fd);
        ok = pages_read_meta(fd, &meta, &err);
        if (ok && meta.transaction == mdb_txn_id(txn->handle))
            break;
        store_abort(txn);
    } while (ok);
    if (ok) {
        txn->snapshot = mem_alloc(sizeof meta);
        memcpy(txn->snapshot, &meta, sizeof meta);
    } else {
        txn->err = err;
    }
}

bool store_check(struct store_txn *txn, const struct store_reader *reader, bool *readable,
                 struct err *err) {
    mdb_filehandle_t fd;
    *readable = false;
    if (txn->err.kind != ERR_NONE) {
        *err = txn->err;
        return false;
    }
    (void)mdb_env_get_fd(txn->store->env, &fd);
    return pages_check(fd, txn->snapshot, reader, readable, err);
}

// LMDB takes pointers to mutable memory also for what it only reads.
static MDB_val to_val(struct str s) {
    return (MDB_val){s.len, (void *)(uintptr_t)s.data};
}

static uint64_t sum_of(enum store_table table, MDB_val key, MDB_val value) {
    return sums_entry(table, (struct str){key.mv_data, key.mv_size},
                      (struct str){value.mv_data, value.mv_size});
}

// What was there under this key is no longer; what LMDB found of it is in `old`.
static void put(struct store_txn *txn, enum store_table table, MDB_val key, struct str value,
                unsigned flags) {
    MDB_val data = to_val(value), old = data;
    if (txn->err.kind != ERR_NONE)
        return;
    MDB_dbi dbi = txn->store->tables[table];
    int rc = mdb_put(txn->handle, dbi, &key, flags ? &data : &old, flags ? flags : MDB_NOOVERWRITE);
    if (rc == MDB_KEYEXIST && !flags) {
        txn->sums[table] -= sum_of(table, key, old);
        rc = mdb_put(txn->handle, dbi, &key, &data, 0);
    }
    txn->sums[table] += sum_of(table, key, data);
    txn->added += key.mv_size + data.mv_size + ENTRY_BYTES;
    txn->changed = true;
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
    MDB_val old;
    if (txn->err.kind != ERR_NONE)
        return;
    MDB_dbi dbi = txn->store->tables[table];
    int rc = mdb_get(txn->handle, dbi, &key, &old);
    if (rc == MDB_NOTFOUND)
        return;
    if (rc == 0) {
        txn->sums[table] -= sum_of(table, key, old);
        txn->changed = true;
        rc = mdb_del(txn->handle, dbi, &key, NULL);
    }
    if (rc)
        fail(txn, rc);
}

void store_delete_seq(struct store_txn *txn, enum store_table table, uint64_t seq) {
    delete (txn, table, seq_val(&seq));
}

void store_delete(struct store_txn *txn, enum store_table table, struct str key) {
    delete (txn, table, to_val(key));
}

void store_clear(struct store_txn *txn, enum store_table table) {
    if (txn->err.kind != ERR_NONE)
        return;
    int rc = mdb_drop(txn->handle, txn->store->tables[table], 0);
    txn->sums[table] = 0;
    txn->changed = true;
    if (rc)
        fail(txn, rc);
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

static int compare_additions(const void *a, const void *b) {
    return memcmp(((const struct store_addition *)a)->key, ((const struct store_addition *)b)->key,
                  STORE_ADDITION_KEY);
}

// One search finds the place; what is there is replaced where it stands.
static int add_at(struct store_txn *txn, enum store_table table, MDB_cursor *cursor,
                  struct store_addition *addition) {
    MDB_val key = {addition->key_len, addition->key}, old;
    int64_t number = 0;
    int rc = mdb_cursor_get(cursor, &key, &old, MDB_SET_KEY);
    bool found = rc == 0;
    if ((rc && rc != MDB_NOTFOUND) || (found && old.mv_size != sizeof number))
        return found ? MDB_CORRUPTED : rc;
    if (found) {
        memcpy(&number, old.mv_data, sizeof number);
        txn->sums[table] -= sum_of(table, key, old);
    }
    number += addition->number;
    key = (MDB_val){addition->key_len, addition->key};
    if (!number)
        return found ? mdb_cursor_del(cursor, 0) : 0;
    MDB_val data = {sizeof number, &number};
    txn->sums[table] += sum_of(table, key, data);
    txn->added += key.mv_size + data.mv_size + ENTRY_BYTES;
    return mdb_cursor_put(cursor, &key, &data, found ? MDB_CURRENT : 0);
}

void store_add(struct store_txn *txn, enum store_table table, struct store_addition *list,
               size_t count) {
    MDB_cursor *cursor = count ? open_cursor(txn, table) : NULL;
    if (!cursor)
        return;
    qsort(list, count, sizeof *list, compare_additions);
    txn->changed = true;
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = add_at(txn, table, cursor, &list[i]);
    mdb_cursor_close(cursor);
    if (rc)
        fail(txn, rc);
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

static void put_sums(struct store_txn *txn) {
    char bytes[SUMS_BYTES];
    struct sums sums = {.transaction = mdb_txn_id(txn->handle)};
    memcpy(sums.of, txn->sums, sizeof sums.of);
    sums_put(&sums, bytes);
    MDB_val key = to_val(sums_key), value = {sizeof bytes, bytes};
    int rc = mdb_put(txn->handle, txn->store->tables[STORE_META], &key, &value, 0);
    if (rc)
        fail(txn, rc);
}

void store_abort(struct store_txn *txn) {
    if (txn->handle)
        mdb_txn_abort(txn->handle);
    txn->handle = NULL;
    free(txn->snapshot);
    txn->snapshot = NULL;
}

// Pages that LMDB may use again: it lists them, by the transaction that freed them, in the first of
// its own tables. Each entry begins with how many they are. A transaction that writes may not look
// there, so another one does.
static uint64_t free_pages(struct store *store) {
    const MDB_dbi free_list = 0;
    struct store_txn txn;
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    size_t count;
    uint64_t pages = 0;
    begin(store, &txn, MDB_RDONLY);
    if (txn.err.kind == ERR_NONE && mdb_cursor_open(txn.handle, free_list, &cursor) == 0) {
        while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0 &&
               value.mv_size >= sizeof count) {
            memcpy(&count, value.mv_data, sizeof count);
            pages += count;
        }
        mdb_cursor_close(cursor);
    }
    store_abort(&txn);
    return pages;
}

static uint64_t page_bytes(struct store *store) {
    MDB_stat stat = {0};
    (void)mdb_env_stat(store->env, &stat);
    return stat.ms_psize;
}

// Never used so far: the file need not have grown to it.
static uint64_t unused_bytes(struct store *store) {
    MDB_envinfo info;
    (void)mdb_env_info(store->env, &info);
    uint64_t used = (uint64_t)(info.me_last_pgno + 1) * page_bytes(store);
    return used < info.me_mapsize ? info.me_mapsize - used : 0;
}

uint64_t store_max_bytes(const struct store *store) {
    MDB_envinfo info;
    (void)mdb_env_info(store->env, &info);
    return info.me_mapsize;
}

// Where the file ends now, and a little of what the disk has left.
static void write_ahead(struct store *store) {
    static const char zeros[AHEAD_BYTES];
    struct stat st;
    struct statvfs disk;
    mdb_filehandle_t fd;
    (void)mdb_env_get_fd(store->env, &fd);
    if (fstat(fd, &st) != 0 || fstatvfs(fd, &disk) != 0)
        return;
    uint64_t end = (uint64_t)st.st_size, max = store_max_bytes(store),
             ahead = disk.f_bavail * disk.f_frsize / AHEAD_SHARE;
    if (end < store->used_bytes)
        end = store->used_bytes;
    if (end + ahead > max)
        ahead = end < max ? max - end : 0;
    if (ahead > sizeof zeros)
        ahead = sizeof zeros;
    ssize_t n = pwrite(fd, zeros, ahead, (off_t)end);
    store->file_bytes = end + (n > 0 ? (uint64_t)n : 0);
}

// A page behind the end of the file costs its fdatasync a journal entry of the file system; one
// that was written before does not. So while commits are small the file is kept longer than LMDB
// has used of it. This is for speed alone: when it fails LMDB lengthens the file as ever.
static void lengthen(struct store *store) {
    uint64_t before = store->used_bytes;
    store->used_bytes = store_max_bytes(store) - unused_bytes(store);
    if (store->used_bytes - before <= SMALL_COMMIT_BYTES &&
        store->used_bytes + SMALL_COMMIT_BYTES > store->file_bytes)
        write_ahead(store);
}

bool store_commit(struct store_txn *txn, struct err *err) {
    if (txn->err.kind == ERR_NONE && txn->changed)
        put_sums(txn);
    if (txn->err.kind == ERR_NONE) {
        int rc = mdb_txn_commit(txn->handle);
        txn->handle = NULL; // gone, whatever came of it
        if (rc)
            fail(txn, rc);
        else
            lengthen(txn->store);
    }
    store_abort(txn);
    if (txn->err.kind != ERR_NONE)
        *err = txn->err;
    return txn->err.kind == ERR_NONE;
}

bool store_leaves(struct store_txn *txn, uint64_t bytes) {
    uint64_t needed = bytes + SPLIT_FACTOR * txn->added, unused = unused_bytes(txn->store);
    return txn->added == 0 || unused >= needed ||
           unused + free_pages(txn->store) * page_bytes(txn->store) >= needed;
}

void store_get_usage(struct store *store, struct store_usage *usage) {
    usage->max_bytes = store_max_bytes(store);
    usage->used_bytes = usage->max_bytes - unused_bytes(store);
    uint64_t free_bytes = free_pages(store) * page_bytes(store);
    usage->used_bytes -= free_bytes < usage->used_bytes ? free_bytes : usage->used_bytes;
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
