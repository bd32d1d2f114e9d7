// SPDX-License-Identifier: EUPL-1.2
// Shared by the files figures_*.c: what anybody may read where the operator allows it, the rounded
// statistics and the lists of codes. figures.c has the way of a request; push.c calls it.
#ifndef INGEST_FIGURES_PRIVATE_H
#define INGEST_FIGURES_PRIVATE_H

#include "api/problem.h"
#include "codec/json_out.h"
#include "codec/statistic.h"
#include "core/cube/period.h"
#include "edge/http/http.h"
#include "ledger/ledger.h"

struct pipeline;
struct tables;

enum { FIGURES_AT_WORK_MAX = 8, FIGURES_RATES = 4096 };

struct figures {
    const struct config *config;
    struct ledger *ledger;
    struct pipeline *pipeline;
    unsigned at_work;
    int64_t due_ms[FIGURES_RATES]; // when all that an address asked would have been due
};
// Answers GET /v1/statistics or /v1/codes, maybe later: 0. Else the status to refuse it with.
unsigned figures_ask(struct figures *figures, struct http_request *request, struct tables *tables,
                     int64_t now_ms) MUST_CHECK;

// --- what is asked

enum figures_form { FIGURES_JSON, FIGURES_CSV, FIGURES_EXCEL };
struct figures_query {
    bool is_codes; // GET /v1/codes
    bool by_given;
    uint32_t by, filtered; // bits of enum dimension
    char labels[DIM_COUNT][COUNTS_LABEL_MAX];
    struct period period;
    const char *measure; // NULL: any
    enum figures_form form;
    bool dutch;
    size_t fault_count;
    struct problem_parameter faults[PROBLEM_PARAMETERS_MAX];
};
// All that is wrong with it is in its faults.
void figures_read_query(struct http_request *request, const struct municipalities *municipalities,
                        struct figures_query *query);
bool figures_is_asked(const struct figures_query *query, const struct statistic_key *key);

// --- what is answered; any thread

void figures_put_statistics(struct ledger *ledger, const struct municipalities *municipalities,
                            const struct figures_query *query, uint32_t rounding_base,
                            struct buf *out);
void figures_put_codes(const struct municipalities *municipalities, int32_t today, struct buf *out);

#endif
