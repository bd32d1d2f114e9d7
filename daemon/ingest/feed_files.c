// SPDX-License-Identifier: EUPL-1.2
// A poll of a folder by SFTP. It reads the list of the folder, then each file that is ripe (two
// lists in a row had it with the same size and time, so nobody writes it any more) and that was not
// read with this time before, the oldest first; each file is a page, and a delivery of its own.
// What was read is in memory, and in the ledger from the commit of its page on: so a file that
// comes late with an old time is seen, also after a start, and none is read twice. The cursor, the
// time of the newest file that was read, is for who looks at the feed. Nothing is ever deleted or
// renamed over there.
#include "base/mem.h"
#include "codec/listing.h"
#include "feeds_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct folder_file {
    char *name;
    int64_t ms;
    struct digest digest; // of folder, name and size
};

// Of the feed: what its folder had.
struct folder {
    struct index *done;   // (folder, name, size) -> time of what was read
    struct index *before; // the same of the last list
    // of the poll under way
    struct index *now;
    struct folder_file *files; // to be read, the oldest first
    size_t count, cap, at;
    bool unripe;               // some are not ripe yet
    bool held;                 // one could not be read: the cursor stays before it
    struct delivery_file file; // the page under way
    char failure[FEED_FAILURE_MAX];
};

static void files_free(struct folder *folder) {
    for (size_t i = 0; i < folder->count; i++)
        free(folder->files[i].name);
    free(folder->files);
    folder->files = NULL;
    folder->count = folder->cap = folder->at = 0;
}

void feed_files_forget(struct feed *feed) {
    struct folder *folder = feed->folder;
    if (!folder)
        return;
    files_free(folder);
    index_free(folder->done);
    index_free(folder->before);
    index_free(folder->now);
    free(folder);
    feed->folder = NULL;
}

struct folder_loading {
    struct index *done;
    int64_t before_ms;
};

static void on_read_before(void *ctx, const struct digest *file, int64_t ms) {
    const struct folder_loading *loading = ctx;
    if (ms < loading->before_ms)
        index_put(loading->done, file, (uint64_t)ms);
}

// With what was read, of files older than this.
static struct folder *folder_create(const struct feed *feed, int64_t before_ms) {
    struct folder *folder = mem_zalloc(1, sizeof *folder);
    folder->done = index_create();
    folder->before = index_create();
    folder->now = index_create();
    struct folder_loading loading = {folder->done, before_ms};
    ledger_files(feed->feeds->options.ledger, str_from(feed->source->name), on_read_before,
                 &loading);
    return folder;
}

void feed_files_rewind(struct feed *feed) {
    int64_t cursor_ms = 0;
    if (!feed->source->ssh_user)
        return;
    (void)time_parse_stamp(str_from(feed->record.cursor), &cursor_ms);
    feed_files_forget(feed);
    feed->folder = folder_create(feed, cursor_ms);
}

// ---- the list

static void add_file(struct folder *folder, const struct listing_file *file,
                     const struct digest *digest) {
    folder->files = mem_grow(folder->files, folder->count, &folder->cap, sizeof *folder->files);
    folder->files[folder->count++] =
        (struct folder_file){mem_strndup(file->name.data, file->name.len), file->ms, *digest};
}

static void on_file(void *ctx, const struct listing_file *file) {
    struct feed *feed = ctx;
    struct folder *folder = feed->folder;
    const struct digest *place = &feed->record.place;
    const uint64_t time = (uint64_t)file->ms, size = file->size;
    const struct str parts[] = {{(const char *)place->bytes, sizeof place->bytes},
                                file->name,
                                {(const char *)&size, sizeof size}};
    struct digest digest;
    if (!template_reads_file(feed->source->template, file->name))
        return;
    hash_digest(ledger_identity_key(feed->feeds->options.ledger), "file", parts, 3, &digest);
    index_put(folder->now, &digest, time);
    if (index_get(folder->done, &digest) >= time)
        return;
    if (index_get(folder->before, &digest) == time)
        add_file(folder, file, &digest);
    else
        folder->unripe = true;
}

static int by_age(const void *a, const void *b) {
    const struct folder_file *x = a, *y = b;
    return x->ms != y->ms ? (x->ms < y->ms ? -1 : 1) : strcmp(x->name, y->name);
}

struct sifting {
    struct folder *folder;
    struct index *kept;
};

static void sift(void *ctx, const struct digest *digest, uint64_t time) {
    const struct sifting *sifting = ctx;
    struct delivery_file *file = &sifting->folder->file;
    if (index_get(sifting->folder->before, digest) == 0 && file->gone_count < DELIVERY_FILES_GONE)
        file->gone[file->gone_count++] = *digest;
    else
        index_put(sifting->kept, digest, time);
}

// What is gone from the folder is forgotten, with the first file that is read next.
static void forget_gone(struct folder *folder) {
    struct sifting sifting = {folder, index_create()};
    index_each(folder->done, sift, &sifting);
    index_free(folder->done);
    folder->done = sifting.kept;
}

// What is in a line that cannot be read is not known, so nothing is forgotten.
static void begin_files(struct folder *folder, size_t unreadable) {
    folder->file.gone_count = 0;
    folder->held = unreadable > 0;
    if (unreadable)
        (void)snprintf(folder->failure, sizeof folder->failure,
                       "%zu of the lines of the folder's list cannot be read; the other files are",
                       unreadable);
    else if (folder->count)
        forget_gone(folder);
    if (folder->count)
        qsort(folder->files, folder->count, sizeof *folder->files, by_age);
}

static void on_listed(void *ctx, const struct fetch_result *result) {
    struct feed *feed = ctx;
    struct folder *folder = feed->folder;
    size_t unreadable;
    if (feed->ended || feed->feeds->stopping) {
        feed_poll_finish(feed, NULL, 0);
        return;
    }
    if (result->outcome != FETCH_OK) {
        feed_poll_finish(feed, result->reason, 0);
        return;
    }
    if (!listing_read(result->body, loop_wall_ms(), on_file, feed, &unreadable)) {
        index_clear(folder->now);
        feed_poll_finish(feed, "the list of the folder cannot be read", 0);
        return;
    }
    struct index *last = folder->before;
    folder->before = folder->now;
    folder->now = last;
    index_clear(last);
    begin_files(folder, unreadable);
    feed->record.contact_ms = loop_wall_ms();
    feed_files_next(feed);
}

void feed_files_begin(struct feed *feed) {
    if (!feed->folder)
        feed->folder = folder_create(feed, INT64_MAX);
    struct folder *folder = feed->folder;
    files_free(folder);
    index_clear(folder->now);
    folder->unripe = folder->held = false;
    folder->failure[0] = '\0';
    feed_fetch(feed, feed->source->url, on_listed);
}

// ---- the files

// False when the address is too long.
static bool put_url(struct feed *feed, const char *name) {
    struct buf url;
    buf_init(&url, FEED_URL_MAX - 1);
    buf_puts(&url, feed->source->url);
    buf_put_encoded(&url, str_from(name));
    bool ok = !url.overflow;
    if (ok) {
        memcpy(feed->poll->url, url.data, url.len);
        feed->poll->url[url.len] = '\0';
    }
    buf_free(&url);
    return ok;
}

void feed_files_next(struct feed *feed) {
    struct folder *folder = feed->folder;
    if (folder->at < folder->count && put_url(feed, folder->files[folder->at].name)) {
        page_ids_free(feed->poll->ids); // a later file may correct an earlier one
        feed->poll->ids = page_ids_create();
        feed->poll->page_count = 0;
        feed_poll_fetch_page(feed);
        return;
    }
    feed->hinted = feed->hinted || folder->unripe;
    feed_poll_finish(feed, folder->failure[0] ? folder->failure : NULL, 0);
}

void feed_files_plan(struct feed *feed, struct delivery_poll *page) {
    struct folder *folder = feed->folder;
    const struct folder_file *file = &folder->files[folder->at];
    char stamp[TIME_STAMP_MAX];
    feed->poll->plan.pages++;
    folder->file.read = file->digest;
    folder->file.ms = file->ms;
    page->file = &folder->file;
    time_format_stamp(file->ms, stamp);
    if (!folder->held && strcmp(stamp, page->feed.cursor) > 0)
        memcpy(page->feed.cursor, stamp, sizeof stamp);
}

void feed_files_done(struct feed *feed, const char *failure) {
    struct folder *folder = feed->folder;
    const struct folder_file *file = &folder->files[folder->at++];
    if (failure) {
        folder->held = true;
        if (!folder->failure[0])
            (void)snprintf(folder->failure, sizeof folder->failure,
                           "file %zu of those that are new, the oldest first: %s", folder->at,
                           failure);
    } else {
        index_put(folder->done, &file->digest, (uint64_t)file->ms);
        folder->file.gone_count = 0;
    }
    feed_files_next(feed);
}
