// SPDX-License-Identifier: EUPL-1.2
// Figures for outside: made at the close of a month from the counts, kept as they were told until
// the next time, and sent to Kafka where they changed. When too few signals have changed a month
// is let pass, and its signals are told with a later one's: a step of a figure must never be the
// work of fewer signals than the resolution. So whether it is time is asked once a month.
//
// STORE_SHOWN has the counts that the figures were made of. Of a figure that waits for Kafka and
// changes again only the later record is sent.
#include "ledger/ledger.h"

#include "base/mem.h"
#include "codec/statistic.h"
#include "core/cube/statistics.h"
#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

static const struct str state_key = {"figures", 7};

struct making {
    struct books_commit *commit;
    struct figures figures; // as they are to be
    struct figures sent;    // those that change, sorted too; count 0: no longer told
    size_t sent_cap;
    uint64_t *outdated; // in the outbox
    size_t outdated_count, outdated_cap;
};

static struct str key_of(const struct figure *figure) {
    return str_from(figure->key);
}

static int compare_key(const void *key, const void *element) {
    return strcmp(key, ((const struct figure *)element)->key);
}

static bool has_key(const struct figures *figures, struct str key) {
    char text[FIGURE_KEY_MAX] = "";
    if (key.len >= sizeof text || !figures->count)
        return false;
    memcpy(text, key.data, key.len);
    return bsearch(text, figures->list, figures->count, sizeof *figures->list, compare_key) != NULL;
}

static void note_sent(struct making *making, const struct figure *figure) {
    struct figures *sent = &making->sent;
    sent->list = books_grow(sent->list, sent->count, &making->sent_cap, sizeof *sent->list);
    sent->list[sent->count++] = *figure;
}

// --- what changes ---

static bool is_told(struct making *making, const struct figure *figure) {
    struct str record;
    struct figure_record told;
    return store_get(&making->commit->txn, STORE_FIGURES, key_of(figure), &record) &&
           record_get_figure(record, &told) && told.count == figure->count &&
           told.resolution == making->commit->change->figures.resolution;
}

static bool on_told(void *ctx, struct str key, struct str record) {
    struct making *making = ctx;
    struct figure gone = {.count = 0};
    (void)record;
    if (key.len < sizeof gone.key && !has_key(&making->figures, key)) {
        memcpy(gone.key, key.data, key.len);
        note_sent(making, &gone);
    }
    return true;
}

static int compare_figures(const void *a, const void *b) {
    return strcmp(((const struct figure *)a)->key, ((const struct figure *)b)->key);
}

static void find_changes(struct making *making) {
    for (size_t i = 0; i < making->figures.count; i++)
        if (!is_told(making, &making->figures.list[i]))
            note_sent(making, &making->figures.list[i]);
    store_each(&making->commit->txn, STORE_FIGURES, on_told, making);
    if (making->sent.count)
        qsort(making->sent.list, making->sent.count, sizeof *making->sent.list, compare_figures);
}

// --- the outbox ---

static bool on_waiting(void *ctx, uint64_t seq, struct str record) {
    struct making *making = ctx;
    struct str key, value;
    if (!record_get_figure_waiting(record, &key, &value) || !has_key(&making->sent, key))
        return true;
    making->outdated = books_grow(making->outdated, making->outdated_count, &making->outdated_cap,
                                  sizeof *making->outdated);
    making->outdated[making->outdated_count++] = seq;
    return true;
}

static void drop_outdated(struct making *making) {
    store_each_seq(&making->commit->txn, STORE_FIGURES_OUTBOX, 1, on_waiting, making);
    for (size_t i = 0; i < making->outdated_count; i++)
        store_delete_seq(&making->commit->txn, STORE_FIGURES_OUTBOX, making->outdated[i]);
}

static void send(struct books_commit *commit, struct str key, const struct figure_record *told) {
    struct buf *value = &commit->change->value, *record = &commit->change->record;
    struct json_out json = {.buf = value};
    buf_clear(value);
    if (told)
        figure_put_value(&json, key, told);
    buf_clear(record);
    record_put_figure_waiting(record, key, buf_str(value));
    store_append(&commit->txn, STORE_FIGURES_OUTBOX, ++commit->change->figures.seq,
                 buf_str(record));
}

void books_put_figure(struct books_commit *commit, struct str key,
                      const struct figure_record *figure) {
    struct buf *record = &commit->change->record;
    buf_clear(record);
    record_put_figure(record, figure);
    store_put(&commit->txn, STORE_FIGURES, key, buf_str(record));
}

static void tell(struct books_commit *commit, const struct figure *figure) {
    const struct figures_record *state = &commit->change->figures;
    const struct figure_record told = {figure->count, state->resolution, state->closed};
    if (figure->count)
        books_put_figure(commit, key_of(figure), &told);
    else
        store_delete(&commit->txn, STORE_FIGURES, key_of(figure));
    send(commit, key_of(figure), figure->count ? &told : NULL);
}

static bool on_resend(void *ctx, struct str key, struct str record) {
    struct figure figure = {.count = 1};
    (void)record;
    if (key.len < sizeof figure.key) {
        memcpy(figure.key, key.data, key.len);
        note_sent(ctx, &figure);
    }
    return true;
}

void books_resend_figures(struct books_commit *commit) {
    struct making making = {.commit = commit};
    store_each(&commit->txn, STORE_FIGURES, on_resend, &making);
    drop_outdated(&making);
    for (size_t i = 0; i < making.sent.count; i++) {
        struct str record, key = key_of(&making.sent.list[i]);
        struct figure_record told;
        if (store_get(&commit->txn, STORE_FIGURES, key, &record) &&
            record_get_figure(record, &told))
            send(commit, key, &told);
    }
    commit->change->figures_changed = true;
    free(making.outdated);
    free(making.sent.list);
}

// --- what they are made of ---

static bool on_shown(void *ctx, struct str key, struct str value) {
    struct cell cell;
    int64_t number;
    if (record_get_cell(key, &cell) && value.len == sizeof number) {
        memcpy(&number, value.data, sizeof number);
        counts_add(ctx, &cell, number);
    }
    return true;
}

struct keeping {
    struct books_commit *commit;
    const struct counts *before, *after;
};

static void keep_shown(void *ctx, const struct cell *cell, int64_t number) {
    struct keeping *keeping = ctx;
    uint8_t bytes[sizeof *cell];
    record_put_cell(bytes, cell);
    struct str key = {(const char *)bytes, sizeof bytes};
    if (number && number != counts_get(keeping->before, cell))
        store_put(&keeping->commit->txn, STORE_SHOWN, key,
                  (struct str){(const char *)&number, sizeof number});
}

static void forget_shown(void *ctx, const struct cell *cell, int64_t number) {
    struct keeping *keeping = ctx;
    uint8_t bytes[sizeof *cell];
    record_put_cell(bytes, cell);
    (void)number;
    if (!counts_get(keeping->after, cell))
        store_delete(&keeping->commit->txn, STORE_SHOWN,
                     (struct str){(const char *)bytes, sizeof bytes});
}

void books_put_figures_state(struct books_commit *commit, const struct figures_record *state) {
    struct counts *before = counts_create(), *after = counts_create();
    struct keeping keeping = {commit, before, after};
    figures_project(commit->books->counts, state->tried, after);
    counts_each(after, keep_shown, &keeping);
    counts_free(before);
    counts_free(after);
    commit->change->figures = *state;
    commit->change->figures_changed = commit->writes = true;
}

// --- the task ---

static void make(struct books_commit *commit, struct batch *batch) {
    struct batch_figures *asked = &batch->figures;
    struct making making = {.commit = commit};
    const struct figures_options options = {.municipalities = batch->tables->municipalities,
                                            .today = time_amsterdam_day(asked->now_ms),
                                            .closed = asked->closed,
                                            .resolution = asked->resolution};
    commit->change->figures.made = true;
    commit->change->figures.closed = asked->closed;
    commit->change->figures.resolution = asked->resolution;
    figures_make(commit->books->counts, &options, &making.figures);
    find_changes(&making);
    drop_outdated(&making);
    asked->changed = asked->gone = 0;
    for (size_t i = 0; i < making.sent.count; i++) {
        tell(commit, &making.sent.list[i]);
        *(making.sent.list[i].count ? &asked->changed : &asked->gone) += 1;
    }
    free(making.figures.list);
    free(making.sent.list);
    free(making.outdated);
}

// What this group has added before is not in it: the next time it is.
static void make_if_enough(struct books_commit *commit, struct batch *batch) {
    struct batch_figures *asked = &batch->figures;
    struct counts *before = counts_create(), *after = counts_create();
    struct keeping keeping = {commit, before, after};
    store_each(&commit->txn, STORE_SHOWN, on_shown, before);
    figures_project(commit->books->counts, asked->closed, after);
    if (figures_changes(before, after) < asked->resolution) {
        asked->outcome = BATCH_FIGURES_TOO_FEW;
    } else {
        asked->outcome = BATCH_FIGURES_MADE;
        counts_each(after, keep_shown, &keeping);
        counts_each(before, forget_shown, &keeping);
        make(commit, batch);
    }
    counts_free(before);
    counts_free(after);
}

// In a new ledger what has closed is not looked at: history may be on its way in. A clock that was
// ahead does not keep months from closing once it is right; one that goes back and comes by the end
// of a month again does not close it twice.
void books_figures(struct books_commit *commit, struct batch *batch) {
    struct figures_record *state = &commit->change->figures;
    struct batch_figures *asked = &batch->figures;
    bool begun = state->tried > 0;
    asked->closed = figures_closed_month(time_amsterdam_day(asked->now_ms));
    asked->outcome = BATCH_FIGURES_EARLY;
    if (asked->asked && state->made) {
        asked->outcome = BATCH_FIGURES_THERE;
        return;
    }
    if (asked->closed < state->tried) {
        state->tried = asked->closed;
        commit->change->figures_changed = commit->writes = true;
    }
    if (!asked->asked && asked->closed <= state->tried)
        return;
    bool told = state->made && asked->closed == state->closed;
    if (asked->asked || (begun && !told))
        make_if_enough(commit, batch);
    if (asked->closed > state->tried)
        state->tried = asked->closed;
    commit->change->figures_changed = commit->writes = true;
}

void books_flush_figures(struct books_commit *commit) {
    struct buf *record = &commit->change->record;
    if (commit->change->figures_changed) {
        buf_clear(record);
        record_put_figures(record, &commit->change->figures);
        store_put(&commit->txn, STORE_META, state_key, buf_str(record));
    }
    commit->change->figures_waiting = store_entries(&commit->txn, STORE_FIGURES_OUTBOX);
}

// --- reading ---

// False: damaged.
static bool read_state(struct store_txn *txn, struct figures_record *state) {
    struct str value;
    *state = (struct figures_record){0};
    return !store_get(txn, STORE_META, state_key, &value) || record_get_figures(value, state);
}

bool books_load_figures(struct books *books, struct store_txn *txn, struct err *err) {
    books->figures_waiting = store_entries(txn, STORE_FIGURES_OUTBOX);
    return read_state(txn, &books->figures) ||
           err_set(err, ERR_FATAL, "how far the figures for outside are is damaged");
}

const struct figures_record *books_figures_state(const struct books *books) {
    return &books->figures;
}

// Without a topic they are kept all the same: there may be one again.
uint64_t books_figures_waiting(const struct books *books) {
    return books->topics[BOOKS_FIGURES].name ? books->figures_waiting : 0;
}

bool books_figures_fit(const struct books *books, uint32_t resolution, struct err *err) {
    uint32_t told = books->figures.resolution;
    if (!books->figures.made || told % resolution == 0 || resolution % told == 0)
        return true;
    return err_set(err, ERR_CONFIG,
                   "disclosure.resolution: %u neither divides nor is a multiple of %u, which the "
                   "figures that are outside are rounded to: both together tell more than either",
                   resolution, told);
}

struct walk {
    bool (*figure)(void *ctx, struct str key, const struct figure_record *figure);
    bool (*waiting)(void *ctx, const struct books_figure_waiting *figure);
    void *ctx;
    uint64_t left;
};

static bool on_walk_figure(void *ctx, struct str key, struct str record) {
    const struct walk *walk = ctx;
    struct figure_record figure;
    return record_get_figure(record, &figure) && walk->figure(walk->ctx, key, &figure);
}

void books_each_figure(struct books *books, struct figures_record *state,
                       bool (*fn)(void *ctx, struct str key, const struct figure_record *figure),
                       void *ctx) {
    struct store_txn txn;
    struct walk walk = {.figure = fn, .ctx = ctx};
    store_begin_read(books->store, &txn);
    (void)read_state(&txn, state); // the start has seen that it can be read
    store_each(&txn, STORE_FIGURES, on_walk_figure, &walk);
    store_abort(&txn);
}

static bool on_walk_waiting(void *ctx, uint64_t seq, struct str record) {
    struct walk *walk = ctx;
    struct books_figure_waiting figure = {.seq = seq};
    return walk->left-- > 0 && record_get_figure_waiting(record, &figure.key, &figure.value) &&
           walk->waiting(walk->ctx, &figure);
}

void books_each_figure_waiting(struct books *books, uint64_t after, uint64_t max,
                               bool (*fn)(void *ctx, const struct books_figure_waiting *figure),
                               void *ctx) {
    struct store_txn txn;
    struct walk walk = {.waiting = fn, .ctx = ctx, .left = max};
    store_begin_read(books->store, &txn);
    store_each_seq(&txn, STORE_FIGURES_OUTBOX, after + 1, on_walk_waiting, &walk);
    store_abort(&txn);
}
