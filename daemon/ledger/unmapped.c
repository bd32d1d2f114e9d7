// SPDX-License-Identifier: EUPL-1.2
// Words that the tables lack: how often each source used them and since when, so that an operator
// sees which to add. The word itself is kept only where the allowlist lets it be shown.
#include "ledger/ledger.h"

#include "base/mem.h"
#include "ledger_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct str key_of(const struct ledger_writer *writer, struct str source,
                         const struct unknown_word *word, struct digest *key) {
    const struct str parts[] = {
        source, {(const char *)&word->field, 1}, {(const char *)word->word.bytes, DIGEST_BYTES}};
    hash_digest(&writer->ledger->identity_key, "word", parts, sizeof parts / sizeof parts[0], key);
    return (struct str){(const char *)key->bytes, DIGEST_BYTES};
}

static bool on_count(void *ctx, struct str key, struct str value) {
    struct ledger_writer *writer = ctx;
    struct unmapped_record word;
    (void)key;
    writer->unmapped_of_source +=
        record_get_unmapped(value, &word) && strcmp(word.source, writer->unmapped_source) == 0;
    return true;
}

// One source's words must not take the room of all others'.
static bool has_room(struct ledger_writer *writer, const char *source) {
    if (writer->change->words >= LEDGER_UNMAPPED_MAX)
        return false;
    if (strcmp(writer->unmapped_source, source) != 0) {
        (void)snprintf(writer->unmapped_source, sizeof writer->unmapped_source, "%s", source);
        writer->unmapped_of_source = 0;
        store_each(&writer->txn, STORE_UNMAPPED, on_count, writer);
    }
    return writer->unmapped_of_source < LEDGER_UNMAPPED_SOURCE_MAX;
}

static void note_word(struct ledger_writer *writer, const char *source,
                      const struct unknown_word *word, const struct display_view *view) {
    struct ledger_change *change = writer->change;
    struct unmapped_record entry;
    struct digest digest;
    struct str old, key = key_of(writer, str_from(source), word, &digest);
    if (!store_get(&writer->txn, STORE_UNMAPPED, key, &old) || !record_get_unmapped(old, &entry)) {
        if (!has_room(writer, source)) {
            change->totals.unmapped_not_kept++;
            return;
        }
        change->words++;
        writer->unmapped_of_source++;
        entry = (struct unmapped_record){.field = (enum unmapped_field)word->field,
                                         .word = word->word,
                                         .first_ms = writer->logged_ms};
        (void)snprintf(entry.source, sizeof entry.source, "%s", source);
    }
    entry.view = *view; // the allowlist may have changed
    entry.times += entry.times < UINT32_MAX;
    entry.last_ms = writer->logged_ms;
    buf_clear(&change->record);
    record_put_unmapped(&change->record, &entry);
    store_put(&writer->txn, STORE_UNMAPPED, key, buf_str(&change->record));
    writer->writes = true;
}

// The first of the signal's words; they are in order of their signals.
static size_t first_word(const struct delivery *delivery, uint32_t signal) {
    size_t low = 0, high = delivery->content.unmapped_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (delivery->content.unmapped[middle].signal < signal)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void ledger_keep_unmapped(struct ledger_writer *writer, const struct delivery *delivery,
                          uint32_t signal) {
    for (size_t i = first_word(delivery, signal);
         i < delivery->content.unmapped_count && delivery->content.unmapped[i].signal == signal;
         i++)
        note_word(writer, delivery->source->name,
                  &delivery->content.signals[signal].unknown[delivery->content.unmapped[i].unknown],
                  &delivery->content.unmapped[i].view);
}

void ledger_forget_unmapped(struct ledger_writer *writer, struct str source,
                            const struct unknown_word *word) {
    struct digest digest;
    struct str old, key = key_of(writer, source, word, &digest);
    if (!store_get(&writer->txn, STORE_UNMAPPED, key, &old))
        return;
    store_delete(&writer->txn, STORE_UNMAPPED, key);
    writer->change->words--;
    if (str_is(source, writer->unmapped_source))
        writer->unmapped_of_source--;
    writer->writes = true;
}

// An entry that is younger than the version has not counted it.
void ledger_unsay_unmapped(struct ledger_writer *writer, const struct ledger_entry *entry) {
    struct str source = {entry->source, entry->source_len};
    for (uint8_t i = 0; i < entry->unknown_count; i++) {
        struct buf *record = &writer->change->record;
        struct unmapped_record kept;
        struct digest digest;
        struct str old, key = key_of(writer, source, &entry->unknown[i], &digest);
        if (!store_get(&writer->txn, STORE_UNMAPPED, key, &old))
            continue;
        if (!record_get_unmapped(old, &kept)) {
            (void)ledger_cannot_read(writer, "a word that no table has");
            return;
        }
        if (kept.first_ms > entry->logged_ms)
            continue;
        if (kept.times <= 1) {
            ledger_forget_unmapped(writer, source, &entry->unknown[i]);
            continue;
        }
        kept.times--;
        buf_clear(record);
        record_put_unmapped(record, &kept);
        store_put(&writer->txn, STORE_UNMAPPED, key, buf_str(record));
        writer->writes = true;
    }
}

struct unmapped_list {
    struct unmapped_record *list;
    size_t count, cap;
};

static bool collect(void *ctx, struct str key, struct str value) {
    struct unmapped_list *entries = ctx;
    (void)key;
    entries->list = mem_grow(entries->list, entries->count, &entries->cap, sizeof *entries->list);
    return record_get_unmapped(value, &entries->list[entries->count]) && ++entries->count;
}

// Most often used first; among equals the latest.
static int by_times(const void *a, const void *b) {
    const struct unmapped_record *x = a, *y = b;
    if (x->times != y->times)
        return x->times < y->times ? 1 : -1;
    if (x->last_ms != y->last_ms)
        return x->last_ms < y->last_ms ? 1 : -1;
    return memcmp(&x->word, &y->word, sizeof x->word);
}

void ledger_each_unmapped(struct ledger *ledger,
                          bool (*fn)(void *ctx, const struct unmapped_record *word), void *ctx) {
    struct store_txn txn;
    struct unmapped_list entries = {0};
    store_begin_read(ledger->store, &txn);
    store_each(&txn, STORE_UNMAPPED, collect, &entries);
    store_abort(&txn);
    if (entries.count)
        qsort(entries.list, entries.count, sizeof *entries.list, by_times);
    for (size_t i = 0; i < entries.count && fn(ctx, &entries.list[i]); i++)
        ;
    free(entries.list);
}
