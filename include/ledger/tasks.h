// SPDX-License-Identifier: EUPL-1.2
// The tasks of a commit beside deliveries. Zero one, set `task.run` to the function below it, fill
// in what it is asked, submit it; what is marked "out" holds once it is done without an error.
#ifndef LEDGER_TASKS_H
#define LEDGER_TASKS_H

#include "codec/record.h"
#include "ledger/task.h"
#include "sources/sources.h"

// --- the audit log ---

enum { AUDIT_LINE_MAX = 1024 };
struct audit_task {
    struct commit_task task;
    struct buf line; // JSON members without braces, at most AUDIT_LINE_MAX bytes
};
void ledger_append_audit(struct ledger_writer *writer, struct commit_task *task);

// A piece of the chain is looked at: is it whole? Zero begins; the same again goes on.
struct audit_check_task {
    struct commit_task task;
    uint64_t next;        // line
    struct digest before; // mac of the line before it
    bool more;            // out: not at the end
    uint64_t first, last; // out: lines that are there
    uint64_t broken;      // out: the first line that is changed or missing; 0: none so far
};
void ledger_check_audit(struct ledger_writer *writer, struct commit_task *task);

// --- what an operator asks ---

// What is held on one signal goes.
struct erase_task {
    struct commit_task task;
    struct tables *tables;
    int64_t received_ms;
    struct digest identity;
    bool publishing;          // events go to Kafka: what it has not confirmed is erased once it has
    bool found;               // out: the signal is, or was, known
    uint32_t erased, waiting; // out: versions erased now, and those that wait for Kafka
};
void ledger_erase(struct ledger_writer *writer, struct commit_task *task);

// A piece of the ledger gets the meaning that the tables give it now.
struct remap_task {
    struct commit_task task;
    struct tables *tables;
    const struct sources *sources;
    bool dry_run; // only looked at
    int64_t received_ms;
    uint64_t from; // first entry to look at
    uint64_t upto; // last; 0: the last that is there, and then it is set
    uint64_t next; // out: where to go on; 0: that was all
    // out: signals that had words which the tables lacked, and those of them that count elsewhere
    // now
    uint64_t looked, changed;
};
void ledger_remap(struct ledger_writer *writer, struct commit_task *task);

struct quarantine_drop_task {
    struct commit_task task;
    uint64_t number;
};
void ledger_drop_quarantined(struct ledger_writer *writer, struct commit_task *task);

// What is known of a source changes.
struct source_task {
    struct commit_task task;
    enum source_change {
        SOURCE_KNOWN,
        SOURCE_PAUSE,
        SOURCE_RESUME,
        SOURCE_SET_CURSOR,
        SOURCE_LET_GO, // as many signals as are gone now and wait may be withdrawn
    } what;
    char source[LEDGER_SOURCE_MAX + 1];
    char cursor[RECORD_CURSOR_MAX + 1]; // SET_CURSOR: also forgets ETag and Last-Modified
};
void ledger_change_source(struct ledger_writer *writer, struct commit_task *task);

// --- a list that has all there is ---

// A poll has read such a list to its end: what the polls of this source brought before and the list
// lacks, as the one before it did, is withdrawn. Not when the list is empty, nor more than one in
// ABSENCE_SHARE of what was listed and ABSENCE_LEAST at once, unless an operator has said so. In
// pieces (`task.more`); zero begins.
enum { ABSENCE_SHARE = 5, ABSENCE_LEAST = 5 };
struct absence_task {
    struct commit_task task;
    const struct source *source; // of `sources`, which the caller holds, as `tables`
    struct tables *tables;
    const struct index *seen; // identities of what the list has, whatever became of it
    int64_t received_ms;
    const struct feed_record *feed; // ETag and Last-Modified of the list: kept with the last piece
    uint64_t withdrawn;             // out, of all pieces
    struct feed_record known;       // out at the end: `gone` is what waits for an operator
    // How far it is.
    enum absence_phase { ABSENCE_LIST, ABSENCE_COUNT, ABSENCE_WITHDRAW } phase;
    uint64_t next_seq;
    uint8_t at[2 * DIGEST_BYTES];
    bool begun;
    uint64_t listed, missing, gone;
};
void ledger_take_absence(struct ledger_writer *writer, struct commit_task *task);
// May so many be withdrawn at once?
bool ledger_absence_is_likely(uint64_t listed, uint64_t gone, uint64_t seen, uint64_t allowed);

// --- time passes ---

// What retention goes through, in this order.
enum expire_table {
    EXPIRE_ENTRIES,
    EXPIRE_PSEUDONYMS,
    EXPIRE_QUARANTINE,
    EXPIRE_UNMAPPED,
    EXPIRE_AUDIT,
    EXPIRE_MEMBERS, // of expired signals: what they say of victims
    EXPIRE_CELLS,   // the same
    EXPIRE_MOVED,
    EXPIRE_TABLES,
};
enum { EXPIRE_KEY_BYTES = 32 };
// A piece of what is too old to be kept goes.
struct expire_task {
    struct commit_task task;
    const struct retention *retention;
    int64_t now_ms;                  // wall clock
    bool publishing;                 // events go to Kafka: what it has not confirmed stays
    bool keeps_lines;                // all of them stay
    bool more;                       // out: this step was full, there may be more
    uint64_t removed[EXPIRE_TABLES]; // out: entries; of cells those that changed places
    // In and out: how far the round is. Zero begins one; after a step that failed use the one
    // before it again.
    struct expire_place {
        unsigned table;                // enum expire_table
        uint8_t key[EXPIRE_KEY_BYTES]; // the last one looked at there; key_len 0: none
        uint8_t key_len;
        uint64_t carried; // the ledger's, when its members were begun with
    } at;
    struct expire_place begin; // its own: where this step began
    bool begun;
};
void ledger_expire(struct ledger_writer *writer, struct commit_task *task);

// Has a month closed, so that statistics for outside are due? In three steps, since what is to be
// told takes long to work out: a commit begins, and takes a snapshot of what came before it (a
// rider, so that this is all that is not of a later generation); when that leaves `work` behind,
// any thread works it out; and another commit tells, all at once. `err` of the task ends it.
// ledger_free_statistics in the end, whatever came of it.
struct statistics_work;
struct statistics_task {
    struct commit_task task;
    struct statistics_work *work; // NULL: there is nothing to work out
    struct tables *tables;
    int64_t now_ms;         // wall clock
    uint32_t rounding_base; // in force
    bool asked;             // by an operator: the first ones, whatever the month
    enum {
        STATISTICS_EARLY,   // no month has closed since the last time
        STATISTICS_TOO_FEW, // changes since they were made last: they stay
        STATISTICS_THERE,   // asked for, but there are some
        STATISTICS_MADE,
    } outcome;              // out
    uint32_t changed, gone; // out: statistics
    uint16_t closed;        // out: the last closed month, as in struct cell
};
void ledger_begin_statistics(struct ledger_writer *writer, struct commit_task *task);
void ledger_work_out_statistics(struct statistics_task *asked);
void ledger_tell_statistics(struct ledger_writer *writer, struct commit_task *task);
void ledger_free_statistics(struct statistics_task *asked);

// Has a month closed, so that trends are tested? In the same three steps, with
// ledger_free_departed in the end.
struct departed_work;
struct departed_task {
    struct commit_task task;
    struct departed_work *work; // NULL: there is nothing to work out
    struct tables *tables;
    int64_t now_ms;        // wall clock
    int64_t wait_ms;       // so long after a close was first seen
    uint16_t closed;       // out: the last closed month, as in struct cell
    size_t tested;         // out, of ledger_tell_departed: regions and forms; 0: nothing was done
    size_t departed, told; // out: those that depart, and those of them that newly do
};
void ledger_begin_departed(struct ledger_writer *writer, struct commit_task *task);
void ledger_work_out_departed(struct departed_task *asked);
void ledger_tell_departed(struct ledger_writer *writer, struct commit_task *task);
void ledger_free_departed(struct departed_task *asked);

// --- verify, rebuild ---

// `verify` gets a snapshot and what the memory holds at that moment; see ledger/verify.h.
struct verify_task {
    struct commit_task task;
    struct verify *verify;
};
void ledger_begin_verify(struct ledger_writer *writer, struct commit_task *task);

// A piece of a ledger that is made anew from the topic; see ledger/rebuild.h. Zero begins; the same
// again goes on.
struct link_task {
    struct commit_task task;
    uint64_t from; // lines before it are not of the topic; 0: there are none
    uint64_t upto; // the highest number that is in the topic, readable or not
    bool more;     // out: not at the end
    uint64_t lost; // out: entries that were not there, of all pieces so far
};
void ledger_link(struct ledger_writer *writer, struct commit_task *task);

// Of such a ledger, or of one that is older than its topic: the statistics that have been told
// outside, in the place of those that are there.
struct restore_task {
    struct commit_task task;
    const struct restored_statistic { // borrowed
        struct str key;
        struct statistic_record statistic;
    } * statistics;
    size_t statistic_count;
    struct statistics_record state;
    int32_t partitions; // of their topic
};
void ledger_restore(struct ledger_writer *writer, struct commit_task *task);

#endif
