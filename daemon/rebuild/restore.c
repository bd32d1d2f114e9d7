// SPDX-License-Identifier: EUPL-1.2
// The way of a backup: read its manifest, look whether its keys are at hand, copy its bytes to the
// place beside the ledger's while they are held against the manifest, open that as a daemon would,
// and move it to the ledger's place. Until that move nothing is changed; a run that fails or is
// killed is simply run again. `struct restore` owns the place and the files of the backup.
#include "rebuild/restore.h"

#include "base/mem.h"
#include "base/pii/log.h"
#include "codec/event.h"
#include "codec/manifest.h"
#include "edge/store/place.h"
#include "jobs/publish.h"
#include "rebuild_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 20 };

struct restore {
    const struct config *config;
    const struct restore_options *options;
    struct manifest manifest;
    struct rebuild_keys keys;
    struct store_place *place;
    char *piece;
    struct err err;
};

// --- the backup ---

static bool cannot_open(const char *from) {
    (void)fprintf(stderr, "signaald: no restore: %s: %s\n", from, strerror(errno));
    return false;
}

bool restore_open(struct restore_options *options) {
    struct stat st;
    if (strcmp(options->from, "-") == 0) {
        options->manifest_fd = options->own_fd = STDIN_FILENO;
        return true;
    }
    int fd = open(options->from, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        return cannot_open(options->from);
    options->manifest_fd = options->own_fd = fd;
    if (!S_ISDIR(st.st_mode))
        return true;
    options->manifest_fd = openat(fd, MANIFEST_FILE, O_RDONLY | O_CLOEXEC);
    options->own_fd = openat(fd, MANIFEST_LEDGER_FILE, O_RDONLY | O_CLOEXEC);
    return (options->manifest_fd >= 0 && options->own_fd >= 0) || cannot_open(options->from);
}

// At most `size` bytes, fewer at the end only. SIZE_MAX: it failed.
static size_t read_some(struct restore *restore, int fd, char *to, size_t size) {
    size_t have = 0;
    while (have < size) {
        ssize_t n = read(fd, to + have, size - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            err_set(&restore->err, ERR_RETRY, "the backup: %s", strerror(errno));
            return SIZE_MAX;
        }
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return have;
}

static bool refuse(struct restore *restore, const char *why) {
    return err_set(&restore->err, ERR_CONFIG, "the backup cannot be used: %s", why);
}

static bool read_manifest(struct restore *restore) {
    char head[MANIFEST_BYTES];
    struct err why;
    size_t n = read_some(restore, restore->options->manifest_fd, head, sizeof head);
    if (n == SIZE_MAX)
        return false;
    if (n < sizeof head)
        return refuse(restore, "it ends within its manifest");
    return manifest_read(head, &restore->manifest, &why) || refuse(restore, why.text);
}

// --- the keys ---

// The ledger says more exactly which keys it needs, once it is there; this comes before the copy.
static bool check_keys(struct restore *restore) {
    struct hash_key key;
    struct digest check;
    char name[DIGEST_HEX + 1];
    rebuild_find_keys(restore->config, &restore->keys);
    if (!hash_key_load(restore->keys.identity, false, &key, &restore->err))
        return false;
    ledger_check_of_key(&key, &check);
    hash_wipe(&key, sizeof key);
    digest_to_hex(&check, name);
    return strncmp(name, restore->manifest.identity_key, EVENT_KEY_HEX) == 0 ||
           err_set(&restore->err, ERR_CONFIG,
                   "the backup belongs to identity key %s, and %.*s is at hand: bring the other "
                   "one back",
                   restore->manifest.identity_key, EVENT_KEY_HEX, name);
}

// --- the copy ---

static bool write_all(struct restore *restore, int fd, size_t len) {
    for (size_t done = 0; done < len;) {
        ssize_t n = write(fd, restore->piece + done, len - done);
        if (n < 0 && errno != EINTR)
            return err_set(&restore->err, ERR_RETRY, "state in %s: %s", restore->config->state_dir,
                           strerror(errno));
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

// All that is there, as long as it is not more than there should be.
static bool copy_pieces(struct restore *restore, int fd, struct hash_stream *hash) {
    uint64_t have = 0;
    size_t n;
    do {
        n = read_some(restore, restore->options->own_fd, restore->piece, PIECE_BYTES);
        if (n == SIZE_MAX)
            return false;
        have += n;
        if (have > restore->manifest.bytes)
            return refuse(restore, "it is longer than its manifest says");
        hash_stream_add(hash, (struct str){restore->piece, n});
        if (!write_all(restore, fd, n))
            return false;
    } while (n == PIECE_BYTES);
    return have == restore->manifest.bytes || refuse(restore, "it is cut off");
}

static bool copy(struct restore *restore) {
    uint8_t sha256[SHA256_BYTES];
    struct buf path;
    buf_init(&path, 8192);
    buf_printf(&path, "%s/%s", store_place_dir(restore->place), MANIFEST_LEDGER_FILE);
    char *name = buf_take(&path);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    free(name);
    if (fd < 0)
        return err_set(&restore->err, ERR_RETRY, "state in %s: %s", restore->config->state_dir,
                       strerror(errno));
    struct hash_stream *hash = hash_stream_begin();
    bool ok = copy_pieces(restore, fd, hash);
    hash_stream_end(hash, sha256);
    if (ok && memcmp(sha256, restore->manifest.sha256, sizeof sha256) != 0)
        ok = refuse(restore, "it is damaged: its bytes are not those that its manifest is of");
    if (ok && fsync(fd) != 0)
        ok = err_set(&restore->err, ERR_RETRY, "state in %s: %s", restore->config->state_dir,
                     strerror(errno));
    (void)close(fd);
    return ok;
}

// As the daemon will: every page, every line, the keys.
static bool try_to_open(struct restore *restore) {
    struct ledger_options options =
        rebuild_ledger_options(restore->config, store_place_dir(restore->place), &restore->keys);
    struct ledger *ledger = ledger_open(&options, &restore->err);
    if (!ledger)
        return false;
    bool same = ledger_last_seq(ledger) >= restore->manifest.last_seq &&
                strcmp(ledger_id(ledger), restore->manifest.ledger) == 0;
    ledger_close(ledger);
    return same || refuse(restore, "it holds another ledger than its manifest says");
}

// --- the run ---

static bool take_place(struct restore *restore) {
    const char *dir = restore->config->state_dir;
    if (!restore->options->replace && store_place_check(dir, NULL))
        return err_set(&restore->err, ERR_CONFIG,
                       "state directory %s has a ledger already: with --replace the backup takes "
                       "its place",
                       dir);
    restore->place = store_place_open(dir, restore->options->replace, &restore->err);
    return restore->place != NULL;
}

static void tell(const struct manifest *manifest) {
    (void)printf("restored: %" PRIu64 " lines up to sequence %" PRIu64 ", as of %s\n"
                 "What Kafka has beyond that is taken back when the service runs. What came in "
                 "later and had not\nreached Kafka is lost: let sources send again from then on.\n",
                 manifest->lines, manifest->last_seq, manifest->made);
    log_notice("restored lines=%" PRIu64 " sequence=%" PRIu64, manifest->lines, manifest->last_seq);
}

int restore_run(const struct config *config, const struct restore_options *options) {
    struct restore restore = {
        .config = config, .options = options, .piece = mem_alloc(PIECE_BYTES)};
    bool ok = read_manifest(&restore) && check_keys(&restore) && take_place(&restore) &&
              copy(&restore) && try_to_open(&restore) &&
              store_place_put(restore.place, &restore.err);
    store_place_close(restore.place);
    rebuild_free_keys(&restore.keys);
    free(restore.piece);
    if (ok)
        tell(&restore.manifest);
    else
        (void)fprintf(stderr, "signaald: no restore, nothing was changed: %s\n", restore.err.text);
    return ok ? EXIT_SUCCESS : err_exit_status(&restore.err);
}
