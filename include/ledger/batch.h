// SPDX-License-Identifier: EUPL-1.2
// A batch: what one request or one polled page brought, on its way to a commit; or another task of
// the ledger that has its turn among them. It belongs to the pipeline from pipeline_submit until
// `done` has been called, which must free it.
#ifndef LEDGER_BATCH_H
#define LEDGER_BATCH_H

#include "codec/page.h"
#include "codec/record.h"
#include "core/person/person.h"
#include "core/tables/display_allowlist.h"
#include "core/tables/tables.h"
#include "sources/sources.h"

enum { BATCH_AUDIT_MAX = 1024 };

// What a batch is for.
enum batch_task {
    BATCH_SIGNALS,      // what a source delivered
    BATCH_SILENCE,      // the source has fallen silent
    BATCH_AUDIT,        // a line for the audit log
    BATCH_AUDIT_VERIFY, // a piece of the audit log is looked at: is it whole?
    BATCH_ERASE,        // what is held on one signal is to go
    BATCH_REMAP,        // a piece of the ledger is judged again by new tables
    BATCH_EXPIRE,       // a piece of what is too old to be kept is to go
    BATCH_LINK,       // a piece of a ledger that is made anew from the topic, see ledger_rebuild.h
    BATCH_RESTORE,    // of such a ledger: the statistics that have been told outside
    BATCH_VERIFY,     // a verify begins, which then goes on beside further commits
    BATCH_STATISTICS, // has a month closed, so that statistics for outside are due?
};

// What ledger_expire goes through, in this order.
enum {
    BATCH_EXPIRE_LINES,
    BATCH_EXPIRE_PSEUDONYMS,
    BATCH_EXPIRE_QUARANTINE,
    BATCH_EXPIRE_UNMAPPED,
    BATCH_EXPIRE_AUDIT,
    BATCH_EXPIRE_CELLS,
    BATCH_EXPIRE_TABLES,
};
enum { BATCH_EXPIRE_KEY_BYTES = 32, BATCH_GAPS_MAX = 20 };

struct batch {
    struct batch *next; // the pipeline's
    bool decoded;       // the pipeline's

    // What came in. The source belongs to `sources`, of which the batch holds a reference, as of
    // the tables.
    struct sources *sources;
    const struct source *source; // NULL: the task is about no source
    struct tables *tables;
    enum batch_task task;
    bool polled;
    int64_t received_ms;
    enum decode_format format;       // when there is no template
    const struct template *template; // lives as long as `sources`; NULL: native, by `format`
    bool dry_run;                    // judged, nothing written
    char *body;                      // owned; freed once decoded
    size_t body_len;
    bool made; // what it holds is there already: nothing to decode

    struct page content;

    // Committed together with the signals of a polled page. `feed` is as the feed wants it;
    // first_ms, signal_ms, silent and paused are the ledger' own, and after the commit it is what
    // was written.
    bool has_feed;
    struct feed_record feed;
    struct batch_page {
        bool first; // of its poll
        char *next; // where the next one is: set by the feed for Link headers, else by decoding;
                    // NULL: none
        bool hold;  // an earlier page of this poll was refused as a whole: the cursor stays
        bool news_before; // earlier pages of this poll brought something new
        bool tentative;   // out: the cursor moves only if the whole poll brought nothing new
        bool more;        // out: there is a next page
        bool cut_off;     // out: the window gave as many items as it may: it has to be split
        char watermark[RECORD_CURSOR_MAX +
                       1];                 // highest of the poll so far; decoding adds this page's
        char begin[RECORD_CURSOR_MAX + 1]; // where this poll began, for the quarantine
        char window_end[RECORD_CURSOR_MAX +
                        1]; // the cursor once this window is read; "" without windows
    } page;

    // Other tasks: what they are told, and what came of them.
    struct buf audit;           // AUDIT: the line, JSON members without braces: see audit.h
    struct batch_audit_verify { // zero begins; the same again goes on
        uint64_t next;          // line
        struct digest before;   // mac of the line before it
        bool more;              // out: not at the end
        uint64_t first, last;   // out: lines that are there
        uint64_t broken;        // out: the first line that is changed or missing; 0: none so far
    } audit_verify;
    struct verify *verify; // RECOUNT: gets the snapshot and the memory; see verify.h
    struct batch_erase {
        struct digest identity;
        bool publishing; // events go to Kafka: what it has not confirmed is erased once it has
        bool found;      // out: the signal is, or was, known
        uint32_t erased, waiting; // out: versions erased now, and those that wait for Kafka
    } erase;
    struct batch_remap {
        uint64_t from; // first ledger line to look at
        uint64_t upto; // last; 0: the last that is there, and then it is set
        uint64_t next; // out: where to go on; 0: that was all
        // out: signals that had words which the tables lacked, and those of them that count
        // elsewhere now
        uint64_t looked, changed;
    } remap;
    struct batch_expire {
        const struct retention *retention;
        int64_t now_ms;  // wall clock
        bool publishing; // events go to Kafka: what it has not confirmed stays
        bool more;       // out: this step was full, there may be more
        uint64_t removed[BATCH_EXPIRE_TABLES]; // out: entries; of cells those that were moved
        // In and out: how far the round is. Zero begins one; after a step that failed use the one
        // before it again.
        struct batch_expire_place {
            unsigned table;                      // BATCH_EXPIRE_*
            uint8_t key[BATCH_EXPIRE_KEY_BYTES]; // the last one looked at there; key_len 0: none
            uint8_t key_len;
        } at;
    } expire;

    struct batch_statistics {
        int64_t now_ms;         // wall clock
        uint32_t rounding_base; // in force
        bool asked;             // by an operator: the first ones, whatever the month
        enum {
            BATCH_STATISTICS_EARLY,   // no month has closed since the last time
            BATCH_STATISTICS_TOO_FEW, // changes since they were made last: they stay
            BATCH_STATISTICS_THERE,   // asked for, but there are some
            BATCH_STATISTICS_MADE,
        } outcome;              // out
        uint32_t changed, gone; // out: statistics
        uint16_t closed;        // out: the last closed month, as in struct cell
    } statistics;

    struct batch_link { // zero begins; the same again goes on
        uint64_t upto;  // the highest number that is in the topic, readable or not
        bool more;      // out: not at the end
        // out: of all pieces so far
        uint64_t lost;    // lines that were not there
        uint64_t orphans; // versions whose earlier ones were not there
        uint64_t lost_last;
        size_t gap_count;  // runs of lost lines, of which the first ones are named
        struct batch_gap { // lines
            uint64_t first, last;
        } gaps[BATCH_GAPS_MAX];
    } link;
    struct batch_restore {
        const struct batch_statistic { // borrowed
            struct str key;
            struct statistic_record statistic;
        } * statistics;
        size_t statistic_count;
        struct statistics_record state;
        int32_t partitions; // of their topic
    } restore;

    // The outcome: ERR_NONE means that the verdicts are on the disk.
    struct err err;
    void (*done)(struct batch *batch);
    void *ctx;
};

// Takes references of sources and tables, and the body.
struct batch *batch_create(struct sources *sources, const struct source *source,
                           struct tables *tables, enum decode_format format, char *body,
                           size_t body_len);
// A withdrawal of a signal that is known by its identity; `id` as it is kept. Needs no decoding.
struct batch *batch_create_withdrawal(struct sources *sources, const struct source *source,
                                      struct tables *tables, const struct digest *identity,
                                      struct str id);
// Another task; source NULL and no body. Takes references; NULL where the task needs none.
struct batch *batch_create_task(struct sources *sources, struct tables *tables,
                                enum batch_task task);
void batch_free(struct batch *batch); // on the loop's thread; NULL is fine

struct batch_options {
    struct decode_limits limits;
    const struct hash_key *identity_key;
    const struct person_keys *person_keys;
};
// Decodes and normalises. Any thread; touches nothing but the batch.
void batch_decode(struct batch *batch, const struct batch_options *options);

#endif
