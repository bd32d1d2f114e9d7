// SPDX-License-Identifier: EUPL-1.2
// A delivery: what one request or one polled page of a source brought, on its way to a commit. The
// pipeline owns it from pipeline_deliver until `done` has been called, which frees it. How one is
// made and decoded is ingest's: see ingest/delivery.h.
#ifndef LEDGER_DELIVERY_H
#define LEDGER_DELIVERY_H

#include "codec/page.h"
#include "codec/record.h"
#include "core/person/person.h"
#include "core/signal/changes.h"
#include "core/tables/display_allowlist.h"
#include "core/tables/tables.h"
#include "ledger/task.h"
#include "sources/sources.h"

struct delivery_options;
struct delivery;

// What a polled page means for its source; committed together with its signals.
// Of a page that is a file of a folder: which, as a keyed digest, and its time; and files that were
// read before and are gone from the folder.
enum { DELIVERY_FILES_GONE = 64 };
struct delivery_file {
    struct digest read;
    int64_t ms;
    struct digest gone[DELIVERY_FILES_GONE];
    size_t gone_count;
};

struct delivery_poll {
    // As the feed wants it; first_ms, signal_ms, silent and paused are the ledger's own, and after
    // the commit it is what was written.
    struct feed_record feed;
    bool cursor_tentative; // the cursor of `feed` is kept only if the page brings nothing new
    char begin[RECORD_CURSOR_MAX + 1]; // where its poll began, for the quarantine
    struct page_ids *ids; // borrowed: of the pages of its poll; NULL: it is the only one
    uint32_t page;        // its number among them, from 1
    size_t in_quarantine; // entries of the source, once counted
    bool quarantine_counted;
    const struct delivery_file *file; // borrowed; NULL: it is none
    // On a worker, once the page is decoded: sets `feed` and `cursor_tentative`. NULL: they stay.
    void (*plan)(struct delivery *delivery);
};

struct delivery {
    struct commit_task task;
    const struct delivery_options *options; // for decoding; outlives it

    // What came in. The source belongs to `sources`, of which the delivery holds a reference, as of
    // the tables.
    struct sources *sources;
    const struct source *source; // NULL: the task is about no source
    struct tables *tables;
    bool polled;
    int64_t received_ms;
    enum decode_format format; // when there is no template
    enum door_charset charset; // of the body, as its sender says
    int64_t signed_s;          // when its request was signed; 0: it was not
    bool packed;               // the body is gzip
    struct cloudevent *event;  // of a CloudEvent in binary mode: its attributes, owned; else NULL
    const struct template *template; // lives as long as `sources`; NULL: native, by `format`
    bool empty;                      // a page without items: nothing is decoded
    bool dry_run;                    // classified, nothing written
    bool imported;                   // by an operator
    bool allow_missing;              // who says that places and dates may be missing,
    bool one_of_several;             // and that it is one page of a list with others
    bool preview;                    // wants to know what the body has
    char *body;                      // owned; freed once decoded
    size_t body_len;

    struct page content;
    // Of a preview: the signals that it would correct, by place in content.items. Owned.
    struct delivery_change {
        size_t item;
        struct changes_state before, after;
    } * changes;
    size_t change_count, change_cap;
    size_t takes_back;            // of a preview: known signals that the template leaves out now
    size_t taken, left_out_taken; // of its items, in the parts that were committed
    bool news;                    // one of them was
    bool counts; // and counts: only that ends a silence, and makes a municipality one that signals

    struct delivery_poll *poll; // owned; NULL: a source or an operator pushed it
};

// A polled page is committed in parts of task.part items, or of so many. Its cursor moves with the
// last one: when it is interrupted on the way it is read again, and what was taken is a duplicate
// then.
enum { LEDGER_PART_ITEMS = 250 };
// Classifies and writes what it holds, or the next part of it: the task's `run`.
void ledger_take_delivery(struct ledger_writer *writer, struct commit_task *task);
// Has the source fallen silent? The same, of a delivery that holds nothing.
void ledger_tell_silence(struct ledger_writer *writer, struct commit_task *task);

#endif
