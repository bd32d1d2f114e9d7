// SPDX-License-Identifier: EUPL-1.2
// signaalctl backup: what the daemon says its ledger is, to a directory or to standard output, and
// held against its manifest on the way. In a directory it has its names only once it is whole and
// on the disk; the manifest is the last of them. The run owns its files until it ends.
#include "ctl/query/ctl.h"

#include "codec/json_out.h"
#include "codec/manifest.h"
#include "ctl/term/format.h"
#include "ctl/term/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART ".part"

struct backup {
    const struct ctl *ctl;
    const char *place; // a directory, or "-"
    int dir;           // -1: none
    int out;           // where the bytes of the ledger go
    char head[MANIFEST_BYTES];
    size_t head_len;
    struct manifest manifest; // once the head is whole
    struct hash_stream *hash;
    uint64_t bytes;
    struct progress progress;
};

static bool fail(const struct backup *backup, struct err *err) {
    return err_set(err, ERR_FATAL, "%.100s: %s", backup->place, strerror(errno));
}

static bool write_all(const struct backup *backup, int fd, struct str bytes, struct err *err) {
    while (bytes.len) {
        ssize_t n = write(fd, bytes.data, bytes.len);
        if (n < 0 && errno != EINTR)
            return fail(backup, err);
        if (n > 0)
            bytes = (struct str){bytes.data + n, bytes.len - (size_t)n};
    }
    return true;
}

// --- the directory ---

static int make_part(const struct backup *backup, const char *name) {
    (void)unlinkat(backup->dir, name, 0); // of a run that was broken off
    return openat(backup->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static bool open_place(struct backup *backup, struct err *err) {
    if (mkdir(backup->place, 0700) != 0 && errno != EEXIST)
        return fail(backup, err);
    backup->dir = open(backup->place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (backup->dir < 0)
        return fail(backup, err);
    if (faccessat(backup->dir, MANIFEST_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
        faccessat(backup->dir, MANIFEST_LEDGER_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return err_set(err, ERR_CONFIG, "%.100s has a backup already: take another directory",
                       backup->place);
    backup->out = make_part(backup, MANIFEST_LEDGER_FILE PART);
    return backup->out >= 0 || fail(backup, err);
}

static bool put_manifest(const struct backup *backup, struct err *err) {
    int fd = make_part(backup, MANIFEST_FILE PART);
    if (fd < 0)
        return fail(backup, err);
    bool ok = write_all(backup, fd, (struct str){backup->head, sizeof backup->head}, err) &&
              (fsync(fd) == 0 || fail(backup, err));
    (void)close(fd);
    return ok;
}

static bool put_name(const struct backup *backup, const char *part, const char *name) {
    return renameat(backup->dir, part, backup->dir, name) == 0 && fsync(backup->dir) == 0;
}

static bool finish_place(const struct backup *backup, struct err *err) {
    if (fsync(backup->out) != 0)
        return fail(backup, err);
    return put_manifest(backup, err) &&
           ((put_name(backup, MANIFEST_LEDGER_FILE PART, MANIFEST_LEDGER_FILE) &&
             put_name(backup, MANIFEST_FILE PART, MANIFEST_FILE)) ||
            fail(backup, err));
}

static void close_place(const struct backup *backup) {
    if (backup->dir < 0)
        return;
    (void)unlinkat(backup->dir, MANIFEST_LEDGER_FILE PART, 0);
    (void)unlinkat(backup->dir, MANIFEST_FILE PART, 0);
    if (backup->out >= 0)
        (void)close(backup->out);
    (void)close(backup->dir);
}

// --- the stream ---

static bool end_head(struct backup *backup, struct err *err) {
    if (!manifest_read(backup->head, &backup->manifest, err))
        return false;
    progress_start(&backup->progress, "bytes", backup->manifest.bytes, false);
    return backup->dir >= 0 ||
           write_all(backup, backup->out, (struct str){backup->head, sizeof backup->head}, err);
}

static bool take(void *ctx, struct str bytes, struct err *err) {
    struct backup *backup = ctx;
    size_t left = sizeof backup->head - backup->head_len, n = bytes.len < left ? bytes.len : left;
    memcpy(backup->head + backup->head_len, bytes.data, n);
    backup->head_len += n;
    if (n && backup->head_len == sizeof backup->head && !end_head(backup, err))
        return false;
    bytes = (struct str){bytes.data + n, bytes.len - n};
    if (bytes.len == 0)
        return true;
    backup->bytes += bytes.len;
    if (backup->bytes > backup->manifest.bytes)
        return err_set(err, ERR_INPUT, "more comes than its manifest says");
    hash_stream_add(backup->hash, bytes);
    progress_move(&backup->progress, backup->bytes);
    return write_all(backup, backup->out, bytes, err);
}

static bool is_whole(struct backup *backup, struct err *err) {
    uint8_t sha256[SHA256_BYTES];
    hash_stream_end(backup->hash, sha256);
    backup->hash = NULL;
    if (backup->head_len < sizeof backup->head || backup->bytes < backup->manifest.bytes)
        return err_set(err, ERR_RETRY, "it was broken off: the daemon stops, or cannot read on");
    return memcmp(sha256, backup->manifest.sha256, sizeof sha256) == 0 ||
           err_set(err, ERR_FATAL, "what came is not what the daemon read");
}

// --- telling ---

static void put_json(const struct backup *backup, struct buf *out) {
    const struct manifest *manifest = &backup->manifest;
    struct json_out json = {.buf = out};
    json_open(&json, '{');
    json_put_text(&json, "made", manifest->made);
    json_put_text(&json, "ledger", manifest->ledger);
    json_put_text(&json, "identityKey", manifest->identity_key);
    json_put_text(&json, "personKey", manifest->person_key);
    json_put_u64(&json, "lines", manifest->lines);
    json_put_u64(&json, "lastSequence", manifest->last_seq);
    json_put_u64(&json, "bytes", manifest->bytes);
    json_close(&json, '}');
}

// Standard output may be the backup itself.
static void tell(const struct backup *backup) {
    const struct manifest *manifest = &backup->manifest;
    FILE *out = backup->dir < 0 ? stderr : stdout;
    char size[FORMAT_MAX];
    struct buf json;
    if (backup->ctl->json) {
        buf_init(&json, MANIFEST_BYTES);
        put_json(backup, &json);
        (void)fprintf(out, "%.*s\n", (int)json.len, json.data);
        buf_free(&json);
        return;
    }
    format_bytes((int64_t)manifest->bytes, size);
    (void)fprintf(out,
                  "%" PRIu64 " lines up to sequence %" PRIu64 ", %s, of ledger %s\n"
                  "Its keys are not in it: identity key %s, person key %s. Keep copies of them "
                  "elsewhere.\n",
                  manifest->lines, manifest->last_seq, size, manifest->ledger,
                  manifest->identity_key, manifest->person_key);
}

static enum ctl_exit ask(struct backup *backup) {
    const struct client_bytes bytes = {take, backup};
    struct client_reply reply;
    struct err err;
    enum ctl_exit result = CTL_OK;
    bool came = client_copy(backup->ctl->path, "/v1/backup", &bytes, &reply, &err);
    progress_end(&backup->progress);
    if (came && !client_reply_good(&reply))
        result = ctl_refused(backup->ctl, &reply);
    else if (!came || !is_whole(backup, &err) || (backup->dir >= 0 && !finish_place(backup, &err)))
        result = ctl_fail("no backup: %s", err.text);
    client_reply_free(&reply);
    if (result == CTL_OK)
        tell(backup);
    return result;
}

static enum ctl_exit run_backup(const struct ctl *ctl, const struct args *args) {
    struct backup backup = {.ctl = ctl, .place = args->words[0], .dir = -1, .out = STDOUT_FILENO};
    struct err err;
    bool to_stdout = strcmp(backup.place, "-") == 0;
    if (to_stdout && isatty(STDOUT_FILENO))
        return ctl_usage(ctl, "a backup is no text: lead it to a program or a file");
    if (!to_stdout)
        backup.out = -1;
    enum ctl_exit result = CTL_FAILED;
    if (to_stdout || open_place(&backup, &err)) {
        backup.hash = hash_stream_begin();
        result = ask(&backup);
        if (backup.hash)
            hash_stream_end(backup.hash, backup.manifest.sha256);
    } else {
        (void)ctl_fail("no backup: %s", err.text);
    }
    close_place(&backup);
    return result;
}

const struct ctl_verb backup_verb = {
    .name = "backup",
    .words = "DIR|-",
    .help = "A backup of the ledger, while the daemon runs",
    .more = "DIR is made when it is not there. With - the backup goes to standard output, for a "
            "program that encrypts it or takes it elsewhere. It is as of one moment, was looked at "
            "from end to end, and holds neither of the keys: keep copies of these elsewhere. Only "
            "root and the daemon's own user may do this. signaald --restore puts a backup back.",
    .word_count = 1,
    .run = run_backup,
};
