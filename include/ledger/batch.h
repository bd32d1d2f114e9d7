// SPDX-License-Identifier: EUPL-1.2
// A batch: what one request or one polled page brought, on its way to a commit; or another task of
// the ledger that has its turn among them. It belongs to the pipeline from pipeline_submit until
// `done` has been called, which must free it.
#ifndef LEDGER_BATCH_H
#define LEDGER_BATCH_H

#include "codec/decode.h"
#include "codec/record.h"
#include "core/person/person.h"
#include "core/tables/display_allowlist.h"
#include "core/tables/tables.h"
#include "ledger/task.h"
#include "sources/sources.h"

// A refused item of a polled page, for the quarantine.
enum { BATCH_SAFE_ID_MAX = 64 };
struct batch_refused {
    struct digest key;              // the same for the same bad item
    char id[BATCH_SAFE_ID_MAX + 1]; // "" when it has none or it might hold more than a number
};

// A word that the tables lacked, of one of the signals.
struct batch_word {
    uint32_t signal;  // place in signals
    uint32_t unknown; // place in its list of them
    struct display_view view;
};

struct batch_item {
    enum verdict verdict;
    uint32_t version;                  // of the signal now; 0 when refused
    uint32_t signal;                   // place in signals; UINT32_MAX when refused
    uint32_t refused;                  // place in refused; UINT32_MAX when there is none
    uint32_t fault_first, fault_count; // in faults
    struct digest identity;
};

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

    // What it holds. When decoded_as.failed there are no items.
    struct decode_result decoded_as;
    uint32_t excluded; // items that the template leaves out
    struct signal *signals;
    size_t signal_count, signal_cap;
    struct batch_item *items;
    size_t item_count, item_cap;
    struct fault *faults;
    size_t fault_count, fault_cap;
    uint64_t unknown_fields, unknown_municipalities;
    struct batch_word *words;
    size_t word_count, word_cap;

    struct batch_refused *refused;
    size_t refused_count, refused_cap;

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
