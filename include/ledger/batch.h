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
    bool cursor_tentative; // the cursor of `feed` is kept only if the page brings nothing new
    char begin[RECORD_CURSOR_MAX + 1]; // where its poll began, for the quarantine
    // On a worker, once the page is decoded: sets `feed` and `cursor_tentative`. NULL: they stay.
    void (*plan)(struct batch *batch);
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
