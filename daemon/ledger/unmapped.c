// SPDX-License-Identifier: EUPL-1.2
// Words that the tables lack: how often each source used them and since when, so that an operator
// sees which to add. The word itself is kept only where the lexicon lets it be shown.
#include "ledger/ledger.h"

#include "base/mem.h"
#include "ledger_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct str key_of(const struct books_commit *commit, struct str source,
                         const struct unknown_word *word, struct digest *key) {
    const struct str parts[] = {
        source, {(const char *)&word->field, 1}, {(const char *)word->word.bytes, DIGEST_BYTES}};
    hash_digest(&commit->books->identity_key, "word", parts, sizeof parts / sizeof parts[0], key);
    return (struct str){(const char *)key->bytes, DIGEST_BYTES};
}

static bool on_count(void *ctx, struct str key, struct str value) {
    struct books_commit *commit = ctx;
    struct word_record word;
    (void)key;
    commit->words_of_source +=
        record_get_word(value, &word) && strcmp(word.source, commit->words_source) == 0;
    return true;
}

// One source's words must not take the room of all others'.
static bool has_room(struct books_commit *commit, const char *source) {
    if (commit->change->words >= BOOKS_WORDS_MAX)
        return false;
    if (strcmp(commit->words_source, source) != 0) {
        (void)snprintf(commit->words_source, sizeof commit->words_source, "%s", source);
        commit->words_of_source = 0;
        store_each(&commit->txn, STORE_WORDS, on_count, commit);
    }
    return commit->words_of_source < BOOKS_WORDS_SOURCE_MAX;
}

static void note_word(struct books_commit *commit, const char *source,
                      const struct unknown_word *word, const struct lexicon_view *view) {
    struct books_change *change = commit->change;
    struct word_record entry;
    struct digest digest;
    struct str old, key = key_of(commit, str_from(source), word, &digest);
    if (!store_get(&commit->txn, STORE_WORDS, key, &old) || !record_get_word(old, &entry)) {
        if (!has_room(commit, source)) {
            change->totals.words_not_kept++;
            return;
        }
        change->words++;
        commit->words_of_source++;
        entry = (struct word_record){.field = (enum word_field)word->field,
                                     .word = word->word,
                                     .first_ms = commit->logged_ms};
        (void)snprintf(entry.source, sizeof entry.source, "%s", source);
    }
    entry.view = *view; // the lexicon may have changed
    entry.times += entry.times < UINT32_MAX;
    entry.last_ms = commit->logged_ms;
    buf_clear(&change->record);
    record_put_word(&change->record, &entry);
    store_put(&commit->txn, STORE_WORDS, key, buf_str(&change->record));
    commit->writes = true;
}

// The first of the signal's words; they are in order of their signals.
static size_t first_word(const struct batch *batch, uint32_t signal) {
    size_t low = 0, high = batch->word_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (batch->words[middle].signal < signal)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void books_commit_words(struct books_commit *commit, const struct batch *batch, uint32_t signal) {
    for (size_t i = first_word(batch, signal);
         i < batch->word_count && batch->words[i].signal == signal; i++)
        note_word(commit, batch->source->name,
                  &batch->signals[signal].unknown[batch->words[i].unknown], &batch->words[i].view);
}

void books_forget_word(struct books_commit *commit, struct str source,
                       const struct unknown_word *word) {
    struct digest digest;
    struct str old, key = key_of(commit, source, word, &digest);
    if (!store_get(&commit->txn, STORE_WORDS, key, &old))
        return;
    store_delete(&commit->txn, STORE_WORDS, key);
    commit->change->words--;
    if (str_is(source, commit->words_source))
        commit->words_of_source--;
    commit->writes = true;
}

// An entry that is younger than the version has not counted it.
void books_unsay_words(struct books_commit *commit, const struct ledger_row *row) {
    struct str source = {row->source, row->source_len};
    for (uint8_t i = 0; i < row->unknown_count; i++) {
        struct buf *record = &commit->change->record;
        struct word_record entry;
        struct digest digest;
        struct str old, key = key_of(commit, source, &row->unknown[i], &digest);
        if (!store_get(&commit->txn, STORE_WORDS, key, &old) || !record_get_word(old, &entry) ||
            entry.first_ms > row->logged_ms)
            continue;
        if (entry.times <= 1) {
            books_forget_word(commit, source, &row->unknown[i]);
            continue;
        }
        entry.times--;
        buf_clear(record);
        record_put_word(record, &entry);
        store_put(&commit->txn, STORE_WORDS, key, buf_str(record));
        commit->writes = true;
    }
}

struct entries {
    struct word_record *list;
    size_t count, cap;
};

static bool collect(void *ctx, struct str key, struct str value) {
    struct entries *entries = ctx;
    (void)key;
    entries->list = books_grow(entries->list, entries->count, &entries->cap, sizeof *entries->list);
    return record_get_word(value, &entries->list[entries->count]) && ++entries->count;
}

// Most often used first; among equals the latest.
static int by_times(const void *a, const void *b) {
    const struct word_record *x = a, *y = b;
    if (x->times != y->times)
        return x->times < y->times ? 1 : -1;
    if (x->last_ms != y->last_ms)
        return x->last_ms < y->last_ms ? 1 : -1;
    return memcmp(&x->word, &y->word, sizeof x->word);
}

void books_each_word(struct books *books, bool (*fn)(void *ctx, const struct word_record *word),
                     void *ctx) {
    struct store_txn txn;
    struct entries entries = {0};
    store_begin_read(books->store, &txn);
    store_each(&txn, STORE_WORDS, collect, &entries);
    store_abort(&txn);
    if (entries.count)
        qsort(entries.list, entries.count, sizeof *entries.list, by_times);
    for (size_t i = 0; i < entries.count && fn(ctx, &entries.list[i]); i++)
        ;
    free(entries.list);
}
