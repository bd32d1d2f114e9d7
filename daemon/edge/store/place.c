// SPDX-License-Identifier: EUPL-1.2
// A new store is made in a directory of its own; its file is renamed into place when it is whole.
// That directory is on the disk before anything is written in it and goes last, so whoever finds
// it without a store knows that a rebuild was broken off. The place holds the lock of the state
// directory until it is closed.
#include "edge/store/place.h"

#include "base/mem.h"

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

static bool hold(struct store_place *place, const char *dir, struct err *err) {
    place->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place->dir_fd < 0)
        return fail(err, ERR_CONFIG, dir);
    place->lock_fd = openat(place->dir_fd, lock_name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (place->lock_fd < 0)
        return fail(err, ERR_CONFIG, dir);
    if (flock(place->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return err_set(err, ERR_CONFIG, "state directory %s is in use by another signaald", dir);
    return !is_there(place->dir_fd, file_name) ||
           err_set(err, ERR_CONFIG, "state directory %s has a ledger already: move it away first",
                   dir);
}

static void remove_leftovers(const struct store_place *place) {
    for (size_t i = 0; i < sizeof leftovers / sizeof leftovers[0]; i++)
        (void)unlinkat(place->own_fd, leftovers[i], 0);
}

// What a run before this one left there is worth nothing.
static bool make_own(struct store_place *place, const char *dir, struct err *err) {
    size_t size = strlen(dir) + sizeof own_name + 1;
    place->path = mem_alloc(size);
    (void)snprintf(place->path, size, "%s/%s", dir, own_name);
    if (mkdirat(place->dir_fd, own_name, 0700) != 0 && errno != EEXIST)
        return fail(err, ERR_CONFIG, place->path);
    place->own_fd =
        openat(place->dir_fd, own_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (place->own_fd < 0)
        return fail(err, ERR_CONFIG, place->path);
    remove_leftovers(place);
    // A daemon must see that it was begun, also after a power failure.
    return fsync(place->dir_fd) == 0 || fail(err, ERR_FATAL, dir);
}

struct store_place *store_place_open(const char *dir, struct err *err) {
    struct store_place *place = mem_zalloc(1, sizeof *place);
    place->dir_fd = place->lock_fd = place->own_fd = -1;
    if (hold(place, dir, err) && make_own(place, dir, err))
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
    remove_leftovers(place);
    (void)unlinkat(place->dir_fd, own_name, AT_REMOVEDIR);
    return true;
}

void store_place_close(struct store_place *place) {
    if (!place)
        return;
    if (place->own_fd >= 0)
        (void)close(place->own_fd);
    if (place->lock_fd >= 0)
        (void)close(place->lock_fd);
    if (place->dir_fd >= 0)
        (void)close(place->dir_fd);
    free(place->path);
    free(place);
}

bool store_place_check(const char *dir, struct err *err) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(err, ERR_CONFIG, dir);
    bool broken_off = is_there(fd, own_name) && !is_there(fd, file_name);
    (void)close(fd);
    return !broken_off ||
           err_set(err, ERR_CONFIG,
                   "state directory %s: a rebuild was broken off: run signaald --rebuild again, or "
                   "remove %s to begin a new ledger",
                   dir, own_name);
}
