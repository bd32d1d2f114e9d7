// SPDX-License-Identifier: EUPL-1.2
// A new store is made in a directory of its own; its file is renamed into place when it is whole.
// That directory is on the disk before anything is written in it and goes last, so whoever finds
// it without a store knows that a rebuild was broken off. The place holds the lock of the state
// directory until it is closed.
#include "edge/store/place.h"

#include "base/mem.h"
#include "edge/store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

// As store.c and LMDB name them.
static const char file_name[] = "data.mdb", locks_name[] = "lock.mdb", lock_name[] = "lock";
static const char own_name[] = "rebuilding";
static const char *const leftovers[] = {"data.mdb", "data.mdb.new", "lock.mdb", "lock"};

struct store_place {
    char *path; // of the directory of its own
    int dir_fd, lock_fd, own_fd;
};

static bool fail(struct err *err, enum err_kind kind, const char *dir) {
    return err_set(err, kind, "state directory %s: %s", dir, strerror(errno));
}

static bool is_there(int dir_fd, const char *name) {
    struct stat info;
    return fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool hold(struct store_place *place, const char *dir, bool replace, struct err *err) {
    place->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place->dir_fd < 0)
        return fail(err, ERR_CONFIG, dir);
    place->lock_fd = openat(place->dir_fd, lock_name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (place->lock_fd < 0)
        return fail(err, ERR_CONFIG, dir);
    if (flock(place->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return err_set(err, ERR_CONFIG, "state directory %s is in use by another signaald", dir);
    return replace || !is_there(place->dir_fd, file_name) ||
           err_set(err, ERR_CONFIG, "state directory %s has a ledger already: move it away first",
                   dir);
}

static void remove_leftovers(int own_fd) {
    for (size_t i = 0; i < sizeof leftovers / sizeof leftovers[0]; i++)
        (void)unlinkat(own_fd, leftovers[i], 0);
}

static int open_own(int dir_fd) {
    return openat(dir_fd, own_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

// What a run before this one left there is worth nothing.
static bool make_own(struct store_place *place, const char *dir, struct err *err) {
    size_t size = strlen(dir) + sizeof own_name + 1;
    place->path = mem_alloc(size);
    (void)snprintf(place->path, size, "%s/%s", dir, own_name);
    if (mkdirat(place->dir_fd, own_name, 0700) != 0 && errno != EEXIST)
        return fail(err, ERR_CONFIG, place->path);
    place->own_fd = open_own(place->dir_fd);
    if (place->own_fd < 0)
        return fail(err, ERR_CONFIG, place->path);
    remove_leftovers(place->own_fd);
    // A daemon must see that it was begun, also after a power failure.
    return fsync(place->dir_fd) == 0 || fail(err, ERR_FATAL, dir);
}

struct store_place *store_place_open(const char *dir, bool replace, struct err *err) {
    struct store_place *place = mem_zalloc(1, sizeof *place);
    place->dir_fd = place->lock_fd = place->own_fd = -1;
    if (hold(place, dir, replace, err) && make_own(place, dir, err))
        return place;
    store_place_close(place);
    return NULL;
}

const char *store_place_dir(const struct store_place *place) {
    return place->path;
}

bool store_place_put(struct store_place *place, struct err *err) {
    // A lock file of an older store would say wrong things about this one.
    (void)unlinkat(place->dir_fd, locks_name, 0);
    if (fsync(place->own_fd) != 0 ||
        renameat(place->own_fd, file_name, place->dir_fd, file_name) != 0 ||
        fsync(place->dir_fd) != 0)
        return fail(err, ERR_FATAL, place->path);
    remove_leftovers(place->own_fd);
    (void)unlinkat(place->dir_fd, own_name, AT_REMOVEDIR);
    return true;
}

// Where there is no store the empty directory stays, and tells that one was broken off.
void store_place_sweep(int dir_fd) {
    int own_fd = open_own(dir_fd);
    if (own_fd < 0)
        return;
    remove_leftovers(own_fd);
    (void)close(own_fd);
    if (is_there(dir_fd, file_name))
        (void)unlinkat(dir_fd, own_name, AT_REMOVEDIR);
}

void store_place_close(struct store_place *place) {
    if (!place)
        return;
    if (place->own_fd >= 0) {
        store_place_sweep(place->dir_fd);
        (void)close(place->own_fd);
    }
    if (place->lock_fd >= 0)
        (void)close(place->lock_fd);
    if (place->dir_fd >= 0)
        (void)close(place->dir_fd);
    free(place->path);
    free(place);
}

// What a daemon leaves where it has been.
static const char *find_remains(int dir_fd) {
    static const char *const names[] = {"identity.key", "person.key", "lock.mdb", "lock",
                                        "data.mdb.new"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is_there(dir_fd, names[i]))
            return names[i];
    return NULL;
}

static bool check(const char *dir, int fd, struct err *err) {
    const char *remains = find_remains(fd);
    if (is_there(fd, file_name))
        return true;
    if (is_there(fd, own_name))
        return err_set(err, ERR_CONFIG,
                       "state directory %s: a rebuild or restore was broken off: run signaald "
                       "--rebuild or --restore again, or --init where it was to be the very first "
                       "start",
                       dir);
    if (remains)
        return err_set(err, ERR_DAMAGED, "the ledger in %s is gone: there is %s and no %s", dir,
                       remains, file_name);
    return err_set(err, ERR_CONFIG,
                   "state directory %s has no ledger: mount its disk, or for the very first start "
                   "run signaald --init",
                   dir);
}

bool store_place_check(const char *dir, struct err *err) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(err, ERR_CONFIG, dir);
    bool ok = check(dir, fd, err);
    (void)close(fd);
    return ok;
}

// But for what a beginning that was broken off left, and what a file system makes.
static bool is_empty(const char *dir, struct err *err) {
    DIR *list = opendir(dir);
    const struct dirent *entry;
    bool ok = list || fail(err, ERR_CONFIG, dir);
    bool again = list && is_there(dirfd(list), own_name);
    while (ok && (entry = readdir(list))) {
        const char *name = entry->d_name;
        ok = strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "lost+found") == 0 ||
             (again && (strcmp(name, own_name) == 0 || strcmp(name, lock_name) == 0)) ||
             err_set(err, ERR_CONFIG,
                     "state directory %s is not empty: a ledger begins in an empty directory, and "
                     "one that is lost is restored or rebuilt",
                     dir);
    }
    if (list)
        (void)closedir(list);
    return ok;
}

bool store_place_begin(const char *dir, uint64_t map_bytes_max, struct err *err) {
    if (!is_empty(dir, err))
        return false;
    struct store_place *place = store_place_open(dir, false, err);
    struct store *store = place ? store_open(place->path, map_bytes_max, NULL, err) : NULL;
    store_close(store);
    bool ok = store && store_place_put(place, err);
    store_place_close(place);
    return ok;
}
