// SPDX-License-Identifier: EUPL-1.2
// Shared by recount.c (the ledger, line by line), recount_tables.c (the tables that were made from
// it) and recount_figures.c (what is told outside); nobody else includes it.
#ifndef LEDGER_VERIFY_PRIVATE_H
#define LEDGER_VERIFY_PRIVATE_H

#include "base/index.h"
#include "core/signal/ledger_entry.h"
#include "ledger/verify.h"

// A recount under way. The signals are looked at in parts, by a few bits of their identity.
struct recount_scan {
    struct recount *recount;
    uint64_t first_seq, last_seq; // of the lines that are there; 0 when there are none
    uint64_t next_seq;            // expected
    bool rebuilt;                 // made anew from its events
    uint64_t part, parts;
    uint64_t done, total; // steps
    // of this part
    struct index *index;  // its signals -> their latest line so far
    uint64_t with_person; // signals that count and say whom they are about
    // of all parts so far
    struct counts *counts;  // of the latest versions
    struct counts *carried; // members whose lines have expired
    struct recount_sum signals, members;
    uint64_t person_max;                             // the highest number of a person
    uint64_t signal_lines, lost, waiting, confirmed; // lines
};

void recount_differ(struct recount *recount, enum recount_check check, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
bool recount_is_in_part(const struct recount_scan *scan, const struct digest *identity);
// Is it in the counts? A version of an erased signal keeps what it was, and counts nothing.
bool recount_row_counts(const struct ledger_row *row);
// False when there is no such line, or when it cannot be read.
bool recount_read_row(struct recount_scan *scan, uint64_t seq, struct ledger_row *row);

// recount_tables.c
bool recount_carries(struct recount_scan *scan, const struct cell *cell); // expired signals in it?
// Is the line of an erased signal on its way to Kafka, and noted as one that goes when it is there?
bool recount_waits_to_go(struct recount_scan *scan, uint64_t seq);
void recount_check_outbox_line(struct recount_scan *scan, const struct ledger_row *row);
void recount_check_members(struct recount_scan *scan); // after each part
void recount_check_tables(struct recount_scan *scan);  // after all

// recount_figures.c
void recount_check_figures(struct recount *recount);

#endif
