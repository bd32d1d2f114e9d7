// SPDX-License-Identifier: EUPL-1.2
// Figures for outside. What they were made of has gone since, so it is not counted again: each must
// be one that may be told, and what waits for Kafka must be what is told.
#include "codec/statistic.h"
#include "ledger/verify.h"
#include "verify_private.h"

#include <string.h>

static bool on_figure(void *ctx, struct str key, struct str value) {
    struct figure_record told;
    (void)key;
    if (!record_get_figure(value, &told) || told.count <= 0 || told.resolution == 0 ||
        told.count % told.resolution != 0)
        recount_differ(ctx, RECOUNT_OUTBOX, "a figure for outside that is none");
    return true;
}

static bool is_told(struct recount *recount, struct str key, struct str value) {
    struct figure_record told, waiting;
    struct str record;
    if (!store_get(&recount->txn, STORE_FIGURES, key, &record))
        return !value.data;
    return record_get_figure(record, &told) && figure_read_value(key, value, &waiting) &&
           told.count == waiting.count && told.resolution == waiting.resolution &&
           told.closed == waiting.closed;
}

static bool on_waiting(void *ctx, uint64_t seq, struct str record) {
    struct recount *recount = ctx;
    struct str key, value;
    if (!record_get_figure_waiting(record, &key, &value))
        recount_differ(recount, RECOUNT_OUTBOX, "figure %llu that waits cannot be read",
                       (unsigned long long)seq);
    else if (!is_told(recount, key, value))
        recount_differ(recount, RECOUNT_OUTBOX, "figure %llu waits and is not the one that is told",
                       (unsigned long long)seq);
    return true;
}

static bool on_shown(void *ctx, struct str key, struct str value) {
    struct cell cell;
    int64_t number = 0;
    if (value.len == sizeof number)
        memcpy(&number, value.data, sizeof number);
    if (!record_get_cell(key, &cell) || number <= 0)
        recount_differ(ctx, RECOUNT_OUTBOX, "a cell of the figures for outside cannot be read");
    return true;
}

void recount_check_figures(struct recount *recount) {
    struct store_txn *txn = &recount->txn;
    struct figures_record state = {0};
    struct str value;
    if (store_get(txn, STORE_META, STR("figures"), &value) && !record_get_figures(value, &state))
        recount_differ(recount, RECOUNT_OUTBOX,
                       "how far the figures for outside are cannot be read");
    if (store_last_seq(txn, STORE_FIGURES_OUTBOX) > state.seq)
        recount_differ(recount, RECOUNT_OUTBOX, "figures wait beyond number %llu, the last one",
                       (unsigned long long)state.seq);
    store_each(txn, STORE_FIGURES, on_figure, recount);
    store_each_seq(txn, STORE_FIGURES_OUTBOX, 1, on_waiting, recount);
    store_each(txn, STORE_SHOWN, on_shown, recount);
}
