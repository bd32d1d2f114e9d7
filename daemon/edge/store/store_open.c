// SPDX-License-Identifier: EUPL-1.2
// Opening and closing. LMDB reads a file only after pages.c has: what is damaged is refused here.
//
// LMDB writes pages anew, so what was deleted stays readable in pages that are free. A commit that
// removed what must not stay leaves a mark, and the next opening copies what is in use to a new
// file, which then takes the old one's place. The store owns the environment, the lock and the
// directory until store_close.
#include "store_lmdb.h"

#include "base/mem.h"
#include "edge/store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

const struct store_table_kind store_table_kinds[STORE_TABLES] = {
    [STORE_LEDGER] = {"ledger", true},
    [STORE_OUTBOX] = {"outbox", true},
    [STORE_PUBLISHED] = {"published", true},
    [STORE_COUNTS] = {"counts", false},
    [STORE_FEEDS] = {"feeds", false},
    [STORE_LISTED] = {"listed", false},
    [STORE_QUARANTINE] = {"quarantine", false},
    [STORE_EXPIRED_COUNTS] = {"expired_counts", false},
    [STORE_PERSONS] = {"persons", false},
    [STORE_MEMBERS] = {"members", false},
    [STORE_UNMAPPED] = {"unmapped", false},
    [STORE_AUDIT] = {"audit", true},
    [STORE_STATISTICS] = {"statistics", false},
    [STORE_STATISTICS_OUTBOX] = {"statistics-outbox", true},
    [STORE_CURRENT_OUTBOX] = {"current-outbox", true},
    [STORE_MOVED] = {"moved", false},
    [STORE_DEPARTED] = {"departed", false},
    [STORE_STAGED] = {"staged", true},
    [STORE_META] = {"meta", false},
};

const char store_damage_advice[] =
    "keep a copy of the state directory; then restore a backup, or remove the ledger and make it "
    "anew with signaald --rebuild: see \"A damaged ledger\" in the guide for operators";

static bool lock_dir(struct store *store, const char *dir, struct err *err) {
    store->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->dir_fd < 0)
        return err_set(err, ERR_CONFIG, "state directory %s: %s", dir, strerror(errno));
    store->lock_fd = openat(store->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0)
        return err_set(err, ERR_CONFIG, "state directory %s: lock: %s", dir, strerror(errno));
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return err_set(err, ERR_RETRY, "state directory %s is in use by another signaald", dir);
    return true;
}

static unsigned table_flags(int table) {
    return store_table_kinds[table].by_seq ? MDB_INTEGERKEY : 0;
}

static bool open_tables(struct store *store, struct err *err) {
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc)
        return err_set(err, ERR_FATAL, "state: %s", mdb_strerror(rc));
    for (int i = 0; i < STORE_TABLES && rc == 0; i++)
        rc = mdb_dbi_open(txn, store_table_kinds[i].name, table_flags(i) | MDB_CREATE,
                          &store->tables[i]);
    if (rc)
        mdb_txn_abort(txn);
    else
        rc = mdb_txn_commit(txn);
    return rc == 0 || err_set(err, ERR_FATAL, "state: %s", mdb_strerror(rc));
}

static const char file_name[] = "data.mdb", new_name[] = "data.mdb.new", locks_name[] = "lock.mdb";

// A copy that was put back (one of mdb_copy is for all to read) is the owner's alone again.
static void close_to_others(const struct store *store) {
    struct stat st;
    if (fstatat(store->dir_fd, file_name, &st, 0) == 0 && st.st_mode & (S_IRWXG | S_IRWXO))
        (void)!fchmodat(store->dir_fd, file_name, S_IRUSR | S_IWUSR, 0);
}

// LMDB makes what a link leads to when it is not there, as on a disk that is not mounted.
static bool is_link(const struct store *store) {
    struct stat st;
    return fstatat(store->dir_fd, file_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

// LMDB begins a new store in a file of no bytes, and believes what the first pages of another say.
static bool check_file(struct store *store, struct err *err) {
    struct pages_meta meta;
    struct stat st;
    int fd = openat(store->dir_fd, file_name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return !is_link(store) ||
               err_set(err, ERR_DAMAGED, "%s is a link to a file that is not there", file_name);
    if (fd < 0)
        return err_set(err, ERR_CONFIG, "%s: %s", file_name, strerror(errno));
    bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode)
                  ? pages_read_meta(fd, &meta, err)
                  : err_set(err, ERR_DAMAGED, "%s is no file", file_name);
    (void)close(fd);
    return ok;
}

static bool open_env(struct store *store, const char *dir, uint64_t map_bytes_max, unsigned flags,
                     struct err *err) {
    int rc;
    if (!check_file(store, err))
        return false;
    if ((rc = mdb_env_create(&store->env)) == 0 &&
        (rc = mdb_env_set_maxdbs(store->env, STORE_TABLES)) == 0 &&
        (rc = mdb_env_set_mapsize(store->env, map_bytes_max)) == 0)
        rc = mdb_env_open(store->env, dir, flags | MDB_NOTLS, 0600);
    return rc == 0 || err_set(err, rc == EACCES || rc == ENOENT ? ERR_CONFIG : ERR_FATAL, "%s",
                              mdb_strerror(rc));
}

// Before anything is read by LMDB.
static bool check_pages(struct store *store, const struct store_reader *reader, bool *readable,
                        struct err *err) {
    struct store_txn txn;
    store_begin_snapshot(store, &txn);
    bool whole = store_check(&txn, reader, readable, err);
    store_abort(&txn);
    return whole;
}

static bool is_marked(struct store *store) {
    struct store_txn txn;
    struct str value;
    store_begin_read(store, &txn);
    bool marked = store_get(&txn, STORE_META, store_removed_mark, &value);
    store_abort(&txn);
    return marked;
}

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
    if (!open_env(store, dir, map_bytes_max, MDB_NORDAHEAD, err) || !open_tables(store, err))
        return false;
    if (!replaced) {
        (void)unlinkat(store->dir_fd, new_name, 0);
        return true;
    }
    store_begin(store, &txn);
    store_delete(&txn, STORE_META, store_removed_mark);
    return store_commit(&txn, err);
}

static void say_where(const char *dir, struct err *err) {
    struct err what = *err;
    if (what.kind == ERR_DAMAGED)
        err_set(err, what.kind, "the ledger in %s is damaged: %s", dir, what.text);
    else
        err_set(err, what.kind, "state in %s: %s", dir, what.text);
}

struct store *store_open(const char *dir, uint64_t map_bytes_max, const struct store_reader *reader,
                         struct err *err) {
    struct store *store = mem_zalloc(1, sizeof *store);
    store->lock_fd = store->dir_fd = -1;
    bool readable;
    if (!lock_dir(store, dir, err))
        goto fail;
    close_to_others(store);
    store_place_sweep(store->dir_fd);
    if (!open_env(store, dir, map_bytes_max, MDB_NORDAHEAD, err) ||
        !check_pages(store, reader, &readable, err) || !open_tables(store, err) ||
        !leave_removed_behind(store, dir, map_bytes_max, err)) {
        say_where(dir, err);
        goto fail;
    }
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
        rc = mdb_dbi_open(txn, store_table_kinds[i].name, table_flags(i), &store->tables[i]);
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
static bool open_store_read(struct store *store, const char *dir, uint64_t map_bytes_max,
                            struct err *err) {
    bool readable;
    unsigned flags = MDB_RDONLY;
    if (faccessat(store->dir_fd, locks_name, F_OK, 0) != 0)
        flags |= MDB_NOLOCK;
    return open_env(store, dir, map_bytes_max, flags, err) &&
           (check_pages(store, NULL, &readable, err) || readable) && open_tables_read(store, err);
}

struct store *store_open_read(const char *dir, uint64_t map_bytes_max, struct err *err) {
    struct store *store = mem_zalloc(1, sizeof *store);
    store->lock_fd = -1;
    store->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->dir_fd < 0)
        err_set(err, ERR_CONFIG, "state directory %s: %s", dir, strerror(errno));
    else if (open_store_read(store, dir, map_bytes_max, err))
        return store;
    else
        say_where(dir, err);
    store_close(store);
    return NULL;
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
