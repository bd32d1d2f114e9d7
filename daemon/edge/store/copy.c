// SPDX-License-Identifier: EUPL-1.2
// A copy of the store beside commits. LMDB writes what is in use, as of one commit, into a pipe;
// what comes out goes to a file without a name in the state directory, as long as the disk has
// room, and is then looked at as an opening looks at a store. So a snapshot lasts as long as the
// disk takes and no longer, whoever reads the copy later, and nothing is left of a copy when its
// process ends. The caller owns the descriptor of a copy that is whole.
#include "store_lmdb.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    PIECE_BYTES = 1 << 20,
    SYNC_BYTES = 16 << 20, // at most so much waits for the disk beside what commits write
};

struct copying {
    struct store *store;
    const struct store_copy_order *order;
    struct store_copied *copy;
    struct err *err;
    int in, out; // of the pipe
    int rc;      // of LMDB
    struct hash_stream *hash;
    char *piece;
};

static bool fail(struct copying *copying) {
    return err_set(copying->err, ERR_RETRY, "the copy in the state directory: %s", strerror(errno));
}

// More is needed than what senders are refused for.
static bool has_room(struct copying *copying, uint64_t bytes) {
    struct statvfs disk;
    if (fstatvfs(copying->store->dir_fd, &disk) != 0)
        return fail(copying);
    uint64_t kept = disk.f_blocks / 100 * (100 - copying->order->disk_percent_max);
    return disk.f_bavail >= kept + bytes / disk.f_frsize ||
           err_set(copying->err, ERR_RETRY,
                   "the disk of the state directory has no room for a copy: %llu MiB are in use, "
                   "and state.disk_percent_max holds for the copy too",
                   (unsigned long long)(bytes >> 20));
}

static bool write_piece(struct copying *copying, size_t len) {
    for (size_t done = 0; done < len;) {
        ssize_t n = write(copying->copy->fd, copying->piece + done, len - done);
        if (n < 0 && errno != EINTR)
            return fail(copying);
        done += n > 0 ? (size_t)n : 0;
    }
    hash_stream_add(copying->hash, (struct str){copying->piece, len});
    uint64_t before = copying->copy->bytes;
    copying->copy->bytes += len;
    return before / SYNC_BYTES == copying->copy->bytes / SYNC_BYTES ||
           fdatasync(copying->copy->fd) == 0 || fail(copying);
}

static bool take_pieces(struct copying *copying) {
    const struct store_copy_order *order = copying->order;
    ssize_t n;
    while ((n = read(copying->in, copying->piece, PIECE_BYTES)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(copying);
        if (!order->go_on(order->ctx))
            return err_set(copying->err, ERR_RETRY, "the copy was broken off");
        if (!has_room(copying, 0) || !write_piece(copying, (size_t)n))
            return false;
    }
    return true;
}

static void *copy_out(void *ctx) {
    struct copying *copying = ctx;
    copying->rc = mdb_env_copyfd2(copying->store->env, copying->out, MDB_CP_COMPACT);
    (void)close(copying->out);
    return NULL;
}

// Without a reader the other end cannot go on, and ends.
static bool copy_through(struct copying *copying) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, copy_out, copying) != 0) {
        (void)close(copying->in);
        (void)close(copying->out);
        return err_set(copying->err, ERR_RETRY, "no thread for the copy");
    }
    bool ok = take_pieces(copying);
    (void)close(copying->in);
    (void)pthread_join(thread, NULL);
    return ok && (copying->rc == 0 ||
                  err_set(copying->err, ERR_RETRY, "state: %s", mdb_strerror(copying->rc)));
}

static void on_line(void *ctx, uint64_t seq, struct str record) {
    struct store_copied *copy = ctx;
    (void)record;
    copy->lines++;
    copy->last_seq = seq;
}

static bool look_at(struct copying *copying) {
    const struct store_reader reader = {on_line, copying->copy};
    struct pages_meta meta;
    return pages_read_meta(copying->copy->fd, &meta, copying->err) &&
           pages_check(copying->copy->fd, &meta, &reader, NULL, copying->err);
}

static bool make(struct copying *copying) {
    struct store_usage usage;
    int pipe_ends[2];
    store_get_usage(copying->store, &usage);
    if (!has_room(copying, usage.used_bytes))
        return false;
    copying->copy->fd = openat(copying->store->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (copying->copy->fd < 0 || pipe2(pipe_ends, O_CLOEXEC) != 0)
        return fail(copying);
    copying->in = pipe_ends[0];
    copying->out = pipe_ends[1];
    return copy_through(copying) && look_at(copying);
}

bool store_copy(struct store *store, const struct store_copy_order *order,
                struct store_copied *copy, struct err *err) {
    struct copying copying = {.store = store,
                              .order = order,
                              .copy = copy,
                              .err = err,
                              .hash = hash_stream_begin(),
                              .piece = mem_alloc(PIECE_BYTES)};
    *copy = (struct store_copied){.fd = -1};
    bool ok = make(&copying);
    hash_stream_end(copying.hash, copy->sha256);
    free(copying.piece);
    if (!ok && copy->fd >= 0) {
        (void)close(copy->fd);
        copy->fd = -1;
    }
    return ok;
}
