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
#include "ledger/task.h"
#include "sources/sources.h"

struct batch {
    struct commit_task task;
    const struct batch_options *options; // for decoding; outlives the batch

    // What came in. The source belongs to `sources`, of which the batch holds a reference, as of
    // the tables.
    struct sources *sources;
    const struct source *source; // NULL: the task is about no source
    struct tables *tables;
    bool polled;
    int64_t received_ms;
    enum decode_format format;       // when there is no template
    const struct template *template; // lives as long as `sources`; NULL: native, by `format`
    bool dry_run;                    // judged, nothing written
    char *body;                      // owned; freed once decoded
    size_t body_len;

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
};

// Takes references of sources and tables, and the body.
struct batch *batch_create(struct sources *sources, const struct source *source,
                           struct tables *tables, enum decode_format format, char *body,
                           size_t body_len);
// A withdrawal of a signal that is known by its identity; `id` as it is kept. Needs no decoding.
struct batch *batch_create_withdrawal(struct sources *sources, const struct source *source,
                                      struct tables *tables, const struct digest *identity,
                                      struct str id);
void batch_free(struct batch *batch); // on the loop's thread; NULL is fine

struct batch_options {
    struct decode_limits limits;
    const struct hash_key *identity_key;
    const struct person_keys *person_keys;
};
// Decodes and normalises. Any thread; touches nothing but the batch.
void batch_decode(struct batch *batch, const struct batch_options *options);
// Judges and writes what it holds: the task's `run`.
void ledger_take_delivery(struct ledger_writer *writer, struct commit_task *task);
// Has the source fallen silent? The same, of a batch that holds nothing.
void ledger_tell_silence(struct ledger_writer *writer, struct commit_task *task);

#endif
