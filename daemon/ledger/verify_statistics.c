// SPDX-License-Identifier: EUPL-1.2
// Statistics for outside. What they were made of has gone since, so it is not counted again: each
// must be one that may be told, and what waits for Kafka must be what is told. Of what departs from
// its trend, too, only the form is looked at.
#include "codec/departed.h"
#include "codec/event_read.h"
#include "codec/statistic.h"
#include "ledger/verify.h"
#include "verify_private.h"

#include <string.h>

static bool on_statistic(void *ctx, struct str key, struct str value) {
    struct statistic_record told;
    (void)key;
    if (!record_get_statistic(value, &told) || told.count <= 0 || told.rounding_base == 0 ||
        told.count % told.rounding_base != 0)
        verify_differ(ctx, VERIFY_OUTBOX, "a statistic for outside that is none");
    return true;
}

static bool is_told(struct verify *verify, struct str key, struct str value) {
    struct statistic_record told, waiting;
    struct str record;
    if (!store_get(&verify->txn, STORE_STATISTICS, key, &record))
        return !value.data;
    return record_get_statistic(record, &told) && statistic_read_value(key, value, &waiting) &&
           told.count == waiting.count && told.rounding_base == waiting.rounding_base &&
           told.closed == waiting.closed;
}

static bool on_waiting(void *ctx, uint64_t seq, struct str record) {
    struct verify *verify = ctx;
    struct str key, value;
    if (!record_get_statistic_waiting(record, &key, &value))
        verify_differ(verify, VERIFY_OUTBOX, "statistic %llu that waits cannot be read",
                      (unsigned long long)seq);
    else if (!is_told(verify, key, value))
        verify_differ(verify, VERIFY_OUTBOX, "statistic %llu waits and is not the one that is told",
                      (unsigned long long)seq);
    return true;
}

static bool on_moved(void *ctx, struct str key, struct str value) {
    static const int64_t none = 0;
    struct moved moved;
    if (!record_get_moved(key, &moved) || value.len != sizeof none ||
        memcmp(value.data, &none, sizeof none) == 0)
        verify_differ(ctx, VERIFY_OUTBOX,
                      "what a source changed since the statistics were made "
                      "cannot be read");
    return true;
}

static bool on_departed(void *ctx, struct str key, struct str record) {
    char own[DEPARTED_KEY_MAX] = "";
    struct event_departed said;
    struct err err;
    struct str value;
    uint16_t since;
    if (departed_get_record(record, &since, &value) && event_read_departed(value, &said, &err))
        departed_key(said.kind, said.region, said.category, own);
    if (!str_is(key, own))
        verify_differ(ctx, VERIFY_OUTBOX, "what departs from its trend cannot be read");
    return true;
}

void verify_check_statistics(struct verify *verify) {
    struct store_txn *txn = &verify->txn;
    struct statistics_record state = {0};
    struct departed_state tested;
    struct str value;
    if (store_get(txn, STORE_META, STR("statistics"), &value) &&
        !record_get_statistics(value, &state))
        verify_differ(verify, VERIFY_OUTBOX,
                      "how far the statistics for outside are cannot be read");
    if (store_last_seq(txn, STORE_STATISTICS_OUTBOX) > state.seq)
        verify_differ(verify, VERIFY_OUTBOX, "statistics wait beyond number %llu, the last one",
                      (unsigned long long)state.seq);
    store_each(txn, STORE_STATISTICS, on_statistic, verify);
    store_each_seq(txn, STORE_STATISTICS_OUTBOX, 1, on_waiting, verify);
    store_each(txn, STORE_MOVED, on_moved, verify);
    if (store_get(txn, STORE_META, STR("departed"), &value) && !departed_get_state(value, &tested))
        verify_differ(verify, VERIFY_OUTBOX, "how far the tests of trends are cannot be read");
    store_each(txn, STORE_DEPARTED, on_departed, verify);
}
