// SPDX-License-Identifier: EUPL-1.2
// How much each source has changed since the statistics for outside were made last, cell by cell,
// so that what came and went is nothing. Statistics are made anew only when enough has changed
// beside what any one source did: with signals of its own alone it could find out, step by step,
// what others reported. Signals of the same group as a release are not in it and are forgotten all
// the same: the next one waits a little longer.
#include "base/mem.h"
#include "core/cube/statistics.h"
#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

static void add(struct ledger_writer *writer, uint64_t source, const struct cell *cell,
                int64_t change) {
    uint8_t bytes[RECORD_MOVED];
    struct str key = record_put_moved(bytes, source, cell), old;
    int64_t number = 0;
    if (store_get(&writer->txn, STORE_MOVED, key, &old) && old.len == sizeof number)
        memcpy(&number, old.data, sizeof number);
    number += change;
    if (number)
        store_put(&writer->txn, STORE_MOVED, key,
                  (struct str){(const char *)&number, sizeof number});
    else
        store_delete(&writer->txn, STORE_MOVED, key);
}

// The source's place in the keys, which is worked out once for all that it brings.
static uint64_t place_of(struct ledger_writer *writer, struct str source) {
    struct ledger_moved_source *last = &writer->change->moved;
    struct digest digest;
    if (!str_equal(source, (struct str){last->name, last->len})) {
        hash_digest(&writer->ledger->identity_key, "moved", &source, 1, &digest);
        memcpy(&last->place, digest.bytes, sizeof last->place);
        last->len = source.len;
        memcpy(last->name, source.data, source.len);
    }
    return last->place;
}

void ledger_note_moved(struct ledger_writer *writer, struct str source, const struct cell *from,
                       const struct cell *to) {
    struct cell before = {0}, after = {0};
    if (from && cell_counts(from))
        before = statistics_plain(from);
    if (to && cell_counts(to))
        after = statistics_plain(to);
    if (memcmp(&before, &after, sizeof before) == 0)
        return;
    uint64_t place = place_of(writer, source);
    if (before.categories)
        add(writer, place, &before, -1);
    if (after.categories)
        add(writer, place, &after, 1);
}

// One source after the other: their keys stand together.
struct moving {
    uint16_t closed;
    uint64_t source;
    int64_t more, less;     // of the source
    int64_t total, largest; // of those before it
};

static void end_source(struct moving *moving) {
    int64_t changes = moving->more > moving->less ? moving->more : moving->less;
    moving->total += changes;
    if (changes > moving->largest)
        moving->largest = changes;
    moving->more = moving->less = 0;
}

static bool on_moved(void *ctx, struct str key, struct str value) {
    struct moving *moving = ctx;
    struct cell cell;
    uint64_t source;
    int64_t number = 0;
    if (value.len == sizeof number)
        memcpy(&number, value.data, sizeof number);
    if (!record_get_moved(key, &source, &cell) || cell.month > moving->closed)
        return true;
    if (source != moving->source)
        end_source(moving);
    moving->source = source;
    *(number > 0 ? &moving->more : &moving->less) += number > 0 ? number : -number;
    return true;
}

int64_t ledger_moved_by_others(struct ledger_writer *writer, uint16_t closed) {
    struct moving moving = {.closed = closed};
    store_each(&writer->txn, STORE_MOVED, on_moved, &moving);
    end_source(&moving);
    return moving.total - moving.largest;
}

struct forgetting {
    uint16_t closed;
    uint8_t (*keys)[RECORD_MOVED];
    size_t count, cap;
};

static bool on_forget(void *ctx, struct str key, struct str value) {
    struct forgetting *forgetting = ctx;
    struct cell cell;
    uint64_t source;
    (void)value;
    if (!record_get_moved(key, &source, &cell) || cell.month > forgetting->closed)
        return true;
    forgetting->keys =
        mem_grow(forgetting->keys, forgetting->count, &forgetting->cap, sizeof *forgetting->keys);
    memcpy(forgetting->keys[forgetting->count++], key.data, RECORD_MOVED);
    return true;
}

void ledger_forget_moved(struct ledger_writer *writer, uint16_t closed) {
    struct forgetting forgetting = {.closed = closed};
    store_each(&writer->txn, STORE_MOVED, on_forget, &forgetting);
    for (size_t i = 0; i < forgetting.count; i++)
        store_delete(&writer->txn, STORE_MOVED,
                     (struct str){(const char *)forgetting.keys[i], RECORD_MOVED});
    free(forgetting.keys);
}
