// SPDX-License-Identifier: EUPL-1.2
// A batch: what one request or one polled page brought, on its way to a commit. It belongs to the
// pipeline from pipeline_submit until `done` has been called, which must free it.
#ifndef BATCH_H
#define BATCH_H

#include "codec/decode.h"
#include "codec/record.h"
#include "config.h"
#include "tables.h"

struct batch_item {
    enum verdict verdict;
    uint32_t version;                  // of the signal now; 0 when refused
    uint32_t signal;                   // place in signals; UINT32_MAX when refused
    uint32_t fault_first, fault_count; // in faults
    struct digest identity;
};

struct batch {
    struct batch *next; // the pipeline's
    bool decoded;       // the pipeline's

    // What came in. The source belongs to `sources`, of which the batch holds a reference, as of
    // the tables.
    struct sources *sources;
    const struct source *source;
    struct tables *tables;
    bool polled;
    int64_t received_ms;
    enum decode_format format;
    char *body; // owned; freed once decoded
    size_t body_len;

    // What it holds. When decoded_as.failed there are no items.
    struct decode_result decoded_as;
    struct signal *signals;
    size_t signal_count, signal_cap;
    struct batch_item *items;
    size_t item_count, item_cap;
    struct fault *faults;
    size_t fault_count, fault_cap;
    uint64_t unknown_fields, unknown_words, unknown_municipalities;

    // Committed together with the signals of a polled page.
    bool has_feed;
    struct feed_record feed;

    // The outcome: ERR_NONE means that the verdicts are on the disk.
    struct err err;
    void (*done)(struct batch *batch);
    void *ctx;
};

// Takes references of sources and tables, and the body.
struct batch *batch_create(struct sources *sources, const struct source *source,
                           struct tables *tables, enum decode_format format, char *body,
                           size_t body_len);
void batch_free(struct batch *batch); // on the loop's thread; NULL is fine

struct batch_options {
    struct decode_limits limits;
    const struct hash_key *identity_key;
};
// Decodes and normalises. Any thread; touches nothing but the batch.
void batch_decode(struct batch *batch, const struct batch_options *options);

#endif
