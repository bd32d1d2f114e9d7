// SPDX-License-Identifier: EUPL-1.2
// What questions about counts have in common: their parameters, how an audit line tells them, and
// the members of their answers. Shared by counts.c, trend.c and, for what is said of periods,
// coverage.c; for names, statistics.c.
#ifndef CONTROL_CONTROL_QUERY_H
#define CONTROL_CONTROL_QUERY_H

#include "control_private.h"

#define CONTROL_PERIOD_FAULT                                                                       \
    "period: a year (2017), a month (2017-03) or a range of them (2016..2018, 2016-03..2017-02), " \
    "from 2000 on."

struct control_query {
    const struct municipalities *municipalities;
    struct counts_query counts;
    bool trend;        // takes `per`, and fewer dimensions
    bool by_month;     // per=month
    bool rate;         // rate=yes: per 100,000 inhabitants too
    const char *fault; // what is wrong with the request; NULL: nothing
};

void control_query_take(const struct control *control, struct http_request *request, bool trend,
                        struct control_query *out);
// "inhabitants" and "rate" of a line of counts; nothing where it is no place, or nobody asks.
void control_query_put_rate(struct json_out *json, const struct control_query *query,
                            const struct counts_query *counts, const char *labels, int64_t signals);
// A copy for control_ask: the tables that it points to are kept with the question.
struct control_query *control_query_keep(const struct control_query *query);
// "per=year by=province,category period=2017 gender=Masculine"; nothing of one with a fault.
void control_query_about(const struct control_query *query, struct buf *object);
// "by" and "filters".
void control_query_put(struct json_out *json, const struct control_query *query);

// The codes in an answer that need a name, by their digits; zero it. Then "names", each once.
enum { CONTROL_MUNICIPALITY_CODES = 10000, CONTROL_PROVINCE_CODES = 100 };
struct control_names {
    bool municipalities[CONTROL_MUNICIPALITY_CODES], provinces[CONTROL_PROVINCE_CODES];
};
void control_names_note(struct control_names *names, struct str label); // of any dimension
void control_names_note_labels(struct control_names *names, const struct counts_query *counts,
                               char labels[][COUNTS_LABEL_MAX]);
void control_names_put(struct json_out *json, struct control_names *names,
                       const struct municipalities *all);

#endif
