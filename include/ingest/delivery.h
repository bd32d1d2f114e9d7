// SPDX-License-Identifier: EUPL-1.2
// Deliveries are made here, and decoded: see ledger/delivery.h for what one holds.
#ifndef INGEST_DELIVERY_H
#define INGEST_DELIVERY_H

#include "ledger/delivery.h"

// Takes references of sources and tables, and the body.
struct delivery *delivery_create(struct sources *sources, const struct source *source,
                                 struct tables *tables, enum decode_format format, char *body,
                                 size_t body_len);
// It is a polled page: `feed` is what is known of its source.
void delivery_set_polled(struct delivery *delivery, const struct feed_record *feed);
// A withdrawal of a signal that is known by its identity; `id` as it is kept. Needs no decoding.
struct delivery *delivery_create_withdrawal(struct sources *sources, const struct source *source,
                                            struct tables *tables, const struct digest *identity,
                                            struct str id);
void delivery_free(struct delivery *delivery); // on the loop's thread; NULL is fine

struct delivery_options {
    struct decode_limits limits;
    size_t unpacked_bytes_max;
    const struct hash_key *identity_key;
    const struct person_keys *person_keys;
};
// Decodes and normalises. Any thread; touches nothing but the delivery.
void delivery_decode(struct delivery *delivery, const struct delivery_options *options);
// Its body is gzip: it is unpacked where it is decoded, and counts for what it may become.
void delivery_set_packed(struct delivery *delivery);
// What it is read by; NULL: the native form in JSON.
const struct mapping *delivery_mapping(const struct delivery *delivery);

#endif
