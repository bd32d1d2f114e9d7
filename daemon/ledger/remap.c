// SPDX-License-Identifier: EUPL-1.2
// When a table has got words that it lacked, the signals that had them count where they should have
// counted: a corrected version each, by the ledger's own way, so that counts and topic stay equal.
// A piece of the ledger a commit; broken off and begun anew it changes nothing twice, since a
// version that was made here has nothing left to change.
#include "ledger/ledger.h"

#include "base/mem.h"
#include "codec/event_kept.h"
#include "core/normalise/remap.h"
#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 2000 };

struct piece {
    struct ledger_writer *writer;
    struct remap_task *asked;
    struct remap_map *map;
    uint64_t last; // of its lines
    uint64_t found[LINES_MAX];
    size_t found_count;
};

static bool read_entry(struct ledger_writer *writer, uint64_t seq, struct str record,
                       struct ledger_entry *entry, struct str *event) {
    return record_get_ledger(record, seq, entry, event) ||
           err_set(&writer->txn.err, ERR_FATAL, "the ledger is damaged: unreadable line at %llu",
                   (unsigned long long)seq);
}

// Writing while the store is walked is not for us, so lines are only noted here.
static bool on_line(void *ctx, uint64_t seq, struct str record) {
    struct piece *piece = ctx;
    struct ledger_entry entry;
    struct str event;
    if (seq > piece->last)
        return false;
    if (!read_entry(piece->writer, seq, record, &entry, &event))
        return false;
    if (entry.kind == LEDGER_SIGNAL && entry.counts && !entry.erased && entry.unknown_count &&
        ledger_is_latest(piece->writer, &entry))
        piece->found[piece->found_count++] = seq;
    return true;
}

// Of the source's own municipality; sources may have gone since.
static uint8_t province_of(const struct remap_task *asked, struct str name) {
    const struct source *source = sources_find(asked->sources, name);
    const struct municipality *own =
        source ? municipalities_by_code(asked->tables->municipalities, source->municipality) : NULL;
    return own ? own->province : 0;
}

static void write_version(struct piece *piece, const struct ledger_entry *known,
                          struct ledger_entry *entry, const char *as_reported) {
    struct ledger_writer *writer = piece->writer;
    entry->seq = writer->change->last_seq + 1;
    entry->previous = known->seq;
    entry->version = known->version + 1;
    entry->verdict = VERDICT_CORRECTED;
    entry->remapped = true;
    entry->logged_ms = writer->logged_ms;
    ledger_write_signal(writer, entry, known, piece->asked->tables, as_reported);
    writer->change->totals.remapped++;
}

static void judge_again(struct piece *piece, uint64_t seq) {
    struct ledger_writer *writer = piece->writer;
    struct remap_task *asked = piece->asked;
    struct ledger_entry known, entry;
    struct remap_result result;
    struct str record, event;
    char spelling[EVENT_SPELLING_MAX];
    if (!store_get_seq(&writer->txn, STORE_LEDGER, seq, &record) ||
        !read_entry(writer, seq, record, &known, &event))
        return;
    entry = known;
    struct str source = {known.source, known.source_len};
    remap_entry(piece->map, province_of(asked, source), time_amsterdam_day(writer->logged_ms),
                &entry, &result);
    asked->looked++;
    asked->changed += result.changed;
    if (asked->dry_run)
        return;
    // The event goes before the first write: it is borrowed from the store.
    const char *as_reported = result.as_reported;
    if (!as_reported && event_kept_spelling(event, &known, spelling))
        as_reported = spelling;
    for (uint8_t i = 0; i < result.known_count; i++)
        ledger_forget_unmapped(writer, source, &result.known[i]);
    if (result.changed)
        write_version(piece, &known, &entry, as_reported);
}

struct known_words {
    struct piece *piece;
    struct unmapped_record *list;
    size_t count, cap;
};

static bool on_word(void *ctx, struct str key, struct str value) {
    struct known_words *words = ctx;
    struct unmapped_record entry;
    (void)key;
    if (!record_get_unmapped(value, &entry))
        return true;
    const struct unknown_word word = {.field = (uint8_t)entry.field, .word = entry.word};
    const struct remap_place place = {time_amsterdam_day(entry.last_ms),
                                      province_of(words->piece->asked, str_from(entry.source))};
    if (!remap_knows(words->piece->map, &word, &place))
        return true;
    words->list = mem_grow(words->list, words->count, &words->cap, sizeof *words->list);
    words->list[words->count++] = entry;
    return true;
}

// Words of signals that have been withdrawn, corrected or erased since are known now as well.
static void forget_known_words(struct piece *piece) {
    struct known_words words = {.piece = piece};
    store_each(&piece->writer->txn, STORE_UNMAPPED, on_word, &words);
    for (size_t i = 0; i < words.count; i++) {
        const struct unknown_word word = {.field = (uint8_t)words.list[i].field,
                                          .word = words.list[i].word};
        ledger_forget_unmapped(piece->writer, str_from(words.list[i].source), &word);
    }
    free(words.list);
}

static void set_bounds(struct piece *piece) {
    const struct ledger_change *change = piece->writer->change;
    struct remap_task *asked = piece->asked;
    if (!asked->upto)
        asked->upto = change->last_seq;
    if (asked->from < change->first_seq)
        asked->from = change->first_seq;
    piece->last = asked->from + LINES_MAX - 1;
    asked->next = piece->last < asked->upto ? piece->last + 1 : 0;
    if (piece->last > asked->upto)
        piece->last = asked->upto;
}

void ledger_remap(struct ledger_writer *writer, struct commit_task *task) {
    struct remap_task *asked = (struct remap_task *)task;
    struct piece *piece = mem_zalloc(1, sizeof *piece);
    piece->writer = writer;
    piece->asked = asked;
    piece->map = remap_map_create(asked->tables->categories, asked->tables->municipalities,
                                  &writer->ledger->identity_key);
    asked->looked = asked->changed = 0;
    set_bounds(piece);
    store_each_seq(&writer->txn, STORE_LEDGER, asked->from, on_line, piece);
    for (size_t i = 0; i < piece->found_count && writer->txn.err.kind == ERR_NONE; i++)
        judge_again(piece, piece->found[i]);
    if (!asked->next && !asked->dry_run)
        forget_known_words(piece);
    remap_map_free(piece->map);
    free(piece);
}
