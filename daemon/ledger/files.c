// SPDX-License-Identifier: EUPL-1.2
// Which files of a folder were read, so that after a start none is read again and none is passed
// over, whatever its time. A file is a keyed digest of its name and size: a name may be a person's.
// It stands in the table `listed` under its source and is kept with the last part of its page, so
// it counts as read exactly when its signals are on the disk. The feed says which are gone from the
// folder: these leave the table.
#include "base/mem.h"
#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 2 * DIGEST_BYTES };

static struct str put_key(const struct ledger *ledger, struct str source, const struct digest *file,
                          uint8_t key[KEY_BYTES]) {
    struct digest digest;
    hash_digest(&ledger->identity_key, "files", &source, 1, &digest);
    memcpy(key, digest.bytes, DIGEST_BYTES);
    memcpy(key + DIGEST_BYTES, file->bytes, DIGEST_BYTES);
    return (struct str){(const char *)key, KEY_BYTES};
}

void ledger_note_file(struct ledger_writer *writer, const char *source,
                      const struct delivery_file *file) {
    uint8_t room[KEY_BYTES];
    struct str known;
    struct str key = put_key(writer->ledger, str_from(source), &file->read, room);
    store_put(&writer->txn, STORE_LISTED, key,
              (struct str){(const char *)&file->ms, sizeof file->ms});
    for (size_t i = 0; i < file->gone_count; i++) {
        key = put_key(writer->ledger, str_from(source), &file->gone[i], room);
        if (store_get(&writer->txn, STORE_LISTED, key, &known))
            store_delete(&writer->txn, STORE_LISTED, key);
    }
    writer->writes = true;
}

struct files_walk {
    const uint8_t *prefix;
    void (*fn)(void *ctx, const struct digest *file, int64_t ms);
    void *ctx;
};

static bool on_entry(void *ctx, struct str key, struct str value) {
    const struct files_walk *walk = ctx;
    struct digest file;
    int64_t ms;
    if (key.len != KEY_BYTES || value.len != sizeof ms ||
        memcmp(key.data, walk->prefix, DIGEST_BYTES) != 0)
        return false;
    memcpy(file.bytes, key.data + DIGEST_BYTES, DIGEST_BYTES);
    memcpy(&ms, value.data, sizeof ms);
    walk->fn(walk->ctx, &file, ms);
    return true;
}

static void walk_files(const struct ledger *ledger, struct store_txn *txn, struct str source,
                       void (*fn)(void *ctx, const struct digest *file, int64_t ms), void *ctx) {
    static const struct digest first;
    uint8_t prefix[KEY_BYTES];
    struct files_walk walk = {prefix, fn, ctx};
    struct str from = put_key(ledger, source, &first, prefix);
    store_each_from(txn, STORE_LISTED, from, on_entry, &walk);
}

void ledger_files(struct ledger *ledger, struct str source,
                  void (*fn)(void *ctx, const struct digest *file, int64_t ms), void *ctx) {
    struct store_txn txn;
    store_begin_read(ledger->store, &txn);
    walk_files(ledger, &txn, source, fn, ctx);
    store_abort(&txn);
}

struct files_going {
    struct digest *files;
    size_t count, cap;
    int64_t from_ms;
};

static void on_going(void *ctx, const struct digest *file, int64_t ms) {
    struct files_going *going = ctx;
    if (ms < going->from_ms)
        return;
    going->files = mem_grow(going->files, going->count, &going->cap, sizeof *going->files);
    going->files[going->count++] = *file;
}

void ledger_forget_files(struct ledger_writer *writer, const char *source, const char *cursor) {
    struct files_going going = {.files = NULL};
    uint8_t room[KEY_BYTES];
    (void)time_parse_stamp(str_from(cursor), &going.from_ms);
    walk_files(writer->ledger, &writer->txn, str_from(source), on_going, &going);
    for (size_t i = 0; i < going.count; i++)
        store_delete(&writer->txn, STORE_LISTED,
                     put_key(writer->ledger, str_from(source), &going.files[i], room));
    free(going.files);
}
