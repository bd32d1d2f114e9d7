// SPDX-License-Identifier: EUPL-1.2
// Shared by verify.c (the ledger, line by line), verify_tables.c (the tables that were made from
// it), verify_statistics.c (what is told outside) and verify_current.c (the topic of current
// signals); nobody else includes it.
#ifndef LEDGER_VERIFY_PRIVATE_H
#define LEDGER_VERIFY_PRIVATE_H

#include "base/leads.h"
#include "core/signal/ledger_entry.h"
#include "ledger/verify.h"

// A verify under way. The signals are looked at in parts, by a few bits of their identity.
struct verify_scan {
    struct verify *verify;
    uint64_t first_seq, last_seq; // of the lines that are there; 0 when there are none
    uint64_t next_seq;            // expected
    bool rebuilt;                 // made anew from its events
    uint64_t part, parts;
    uint64_t done, total; // steps
    // of this part
    struct leads *leads;  // to the latest line of each of its signals so far
    uint64_t with_person; // signals that count and say whom they are about
    // of all parts so far
    struct counts *counts;         // of the latest versions
    struct counts *expired_counts; // members whose lines have expired
    struct verify_sum signals, members;
    uint64_t person_max;                             // the highest number of a person
    uint64_t signal_lines, lost, waiting, confirmed; // lines
};

void verify_differ(struct verify *verify, enum verify_check check, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
bool verify_is_in_part(const struct verify_scan *scan, const struct digest *identity);
// Is it in the counts? A version of an erased signal keeps what it was, and counts nothing.
bool verify_entry_counts(const struct ledger_entry *entry);
// False when there is no such line, or when it cannot be read.
bool verify_read_entry(struct verify_scan *scan, uint64_t seq, struct ledger_entry *entry);
// The latest line so far of this identity; false: none.
bool verify_find_latest(struct verify_scan *scan, const struct digest *identity,
                        struct ledger_entry *entry);

// verify_tables.c
bool verify_carries(struct verify_scan *scan, const struct cell *cell); // expired signals in it?
// Is the line of an erased signal on its way to Kafka, and noted as one that goes when it is there?
bool verify_waits_to_go(struct verify_scan *scan, uint64_t seq);
void verify_check_outbox_line(struct verify_scan *scan, const struct ledger_entry *entry);
void verify_check_members(struct verify_scan *scan); // after each part
void verify_check_tables(struct verify_scan *scan);  // after all

// verify_statistics.c
void verify_check_statistics(struct verify *verify);

// verify_current.c
void verify_check_current(struct verify *verify); // what waits for the topic
void verify_check_topic(struct verify *verify);   // where that is asked, after it

#endif
