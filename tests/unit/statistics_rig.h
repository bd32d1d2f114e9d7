// SPDX-License-Identifier: EUPL-1.2
// Statistics for outside in a ledger: made, and as they are told.
#ifndef STATISTICS_RIG_H
#define STATISTICS_RIG_H

#include "retention_rig.h"

enum { SHOWN_MAX = 65536 };

static inline int64_t at_date(int year, int month, int day) {
    return time_from_amsterdam(time_day_from_civil(year, month, day), 0);
}

static inline struct statistics_task close_month(struct ledger *ledger, bool asked) {
    return make_statistics(ledger, asked, 10);
}

// `count` signals with ids PREFIX0… of a day in 2024, each from another source.
static inline void deliver_many(struct ledger *ledger, const char *prefix, int count,
                                const char *rest) {
    for (int i = 0; i < count; i++) {
        char text[TEXT];
        (void)snprintf(text, sizeof text, "{\"id\":\"%s%d\",%s}", prefix, i, rest);
        be_source(i);
        deliver(ledger, text, false);
    }
    be_source(-1);
}

static inline bool put_statistic(void *ctx, struct str key,
                                 const struct statistic_record *statistic) {
    struct buf *out = ctx;
    buf_printf(out, "%.*s=%d/%u/%u\n", (int)key.len, key.data, (int)statistic->count,
               statistic->rounding_base, statistic->closed);
    return true;
}

static inline char *shown(struct ledger *ledger) {
    struct buf out;
    struct statistics_record state;
    buf_init(&out, SHOWN_MAX);
    ledger_each_statistic(ledger, &state, put_statistic, &out);
    return buf_take(&out);
}

static inline void assert_has(char *text, const char *part) {
    if (!strstr(text, part))
        fail_msg("%s is not in:\n%s", part, text);
    free(text);
}

#define FEBRUARY "\"reported\":\"2024-02-03\",\"category\":\"prostitutie\""

#endif
