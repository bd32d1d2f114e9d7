// SPDX-License-Identifier: EUPL-1.2
// Shared by the files released_*.c: what anybody may read where the operator allows it, the rounded
// statistics and the lists of codes. released.c has the way of a request; push.c calls it.
#ifndef INGEST_RELEASED_PRIVATE_H
#define INGEST_RELEASED_PRIVATE_H

#include "api/problem.h"
#include "codec/json_out.h"
#include "codec/statistic.h"
#include "core/cube/period.h"
#include "edge/http/http.h"
#include "ledger/ledger.h"

struct pipeline;
struct tables;

enum { RELEASED_AT_WORK_MAX = 8, RELEASED_RATE_BITS = 12 };

struct released {
    const struct config *config;
    struct ledger *ledger;
    struct pipeline *pipeline;
    unsigned at_work;
    int64_t due_ms[1 << RELEASED_RATE_BITS]; // when all that an address asked would have been due
};
// Answers GET /v1/statistics or /v1/codes, maybe later: 0. Else the status to refuse it with; with
// 429, in *wait_s when its address may ask again, or 0: it is the others who ask much.
unsigned released_ask(struct released *released, struct http_request *request,
                      struct tables *tables, int64_t now_ms, uint32_t *wait_s) MUST_CHECK;

// --- what is asked

enum released_form { RELEASED_JSON, RELEASED_CSV, RELEASED_EXCEL };
struct released_query {
    bool is_codes; // GET /v1/codes
    bool by_given;
    uint32_t by, filtered; // bits of enum dimension
    char labels[DIM_COUNT][COUNTS_LABEL_MAX];
    struct period period;
    const char *measure; // NULL: any
    enum released_form form;
    bool dutch;
    size_t fault_count;
    struct problem_parameter faults[PROBLEM_PARAMETERS_MAX];
};
// All that is wrong with it is in its faults.
void released_read_query(struct http_request *request, const struct municipalities *municipalities,
                         struct released_query *query);
bool released_is_asked(const struct released_query *query, const struct statistic_key *key);

// --- what is answered; any thread

void released_put_statistics(struct ledger *ledger, const struct municipalities *municipalities,
                             const struct released_query *query, uint32_t rounding_base,
                             struct buf *out);
void released_put_codes(const struct municipalities *municipalities, int32_t today,
                        struct buf *out);

#endif
