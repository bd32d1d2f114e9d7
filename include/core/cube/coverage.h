// SPDX-License-Identifier: EUPL-1.2
// Which of the municipalities of today signal, which have fallen silent, and which never did. Those
// that merged are part of their successor, with what they delivered (of a split: of the successor
// with the largest share). Also the basic level of the CCV (centre for crime prevention and
// safety): a municipality (1) looks for signals actively, of which what arrives is an
// indicator, (2) has an official, (3) has policy.
#ifndef CORE_CUBE_COVERAGE_H
#define CORE_CUBE_COVERAGE_H

#include "core/cube/counts.h"

enum { COVERAGE_DAYS_MAX = 36500 };

// A municipality's own source, one of perhaps several. The caller fills it, but `next`.
struct coverage_source {
    const char *name;      // borrowed
    uint16_t municipality; // code, of any time
    bool official, policy;
    bool by_hand; // it can neither post nor be polled: what it has to say is imported, if at all
    int64_t signal_ms; // when it last brought something new; 0: never
    struct coverage_source *next;
};

struct coverage_question {
    int32_t today;
    // Received: who brought something new in these days, of which today is the last.
    uint32_t days; // 1..COVERAGE_DAYS_MAX; 0: reported
    // Reported: about which municipality a municipality's source reported a signal that counts, in
    // these months.
    struct period period; // has an end
};

enum coverage_state { COVERAGE_NEVER, COVERAGE_SILENT, COVERAGE_SIGNALS };
const char *coverage_state_name(enum coverage_state state); // "signals"

struct coverage_line {
    const struct municipality *municipality;
    enum coverage_state state;
    int64_t signal_ms; // received: the last; 0: never
    uint16_t month;    // reported: of the last, where has_month
    bool has_month;
    bool official, policy;           // one of its sources has
    bool connected;                  // one of its sources can post, is polled, or has delivered
    struct coverage_source *sources; // in the order that they were given in; NULL: none
};

struct coverage_sum {
    const char *name; // of a group; a size class as in the table
    uint8_t province; // of a province: its code's digits
    uint32_t municipalities, signalling, silent, never, unconnected;
    uint32_t official, policy, all; // all three of the basic level
    uint32_t inhabitants_max;       // of its largest municipality; orders size classes
};

enum coverage_kind { COVERAGE_PROVINCE, COVERAGE_POLICE_UNIT, COVERAGE_SIZE_CLASS, COVERAGE_KINDS };

struct coverage {
    struct coverage_question question;
    struct coverage_line *lines; // in the order of the table
    size_t count;
    struct coverage_sum whole;
    struct coverage_group {
        struct coverage_sum *sums; // provinces by code, police units by name, size classes by size
        size_t count;
    } groups[COVERAGE_KINDS];
};

// Sources of municipalities that are not in the table, or not there today, count for nobody.
// `counts` is used only for what was reported.
struct coverage_facts {
    const struct municipalities *municipalities;
    const struct counts *counts;
    struct coverage_source *sources; // is linked into the lines, so it must outlive them
    size_t source_count;
};
void coverage_make(const struct coverage_question *question, const struct coverage_facts *facts,
                   struct coverage *out);
void coverage_free(struct coverage *coverage);
// The first and the last day that the question is about.
void coverage_days(const struct coverage_question *question, int32_t *first, int32_t *last);
// "17 of 342 municipalities (5 %) have signalled in the last 365 days; 325 have not"
void coverage_put_headline(const struct coverage *coverage, struct buf *out);

#endif
