// SPDX-License-Identifier: EUPL-1.2
// A record of a topic as a reader gets it, and who wrote it. Everybody who may write to the topic
// can copy our headers. So each of our records carries a keyed digest of all that we read from it:
// only who has the key can write a record that is taken for ours. A copy of one of our records is
// one of ours: it says nothing that we have not said.
//
// The digest covers the ledger, what kind of topic it is for, key, value, and each header whose
// name begins with "ce_" or "signaald_", and content-type, in their order. It does not cover what a
// mirror of the topic changes: topic name, partition, offset, time, headers of others.
#ifndef EDGE_KAFKA_RECORD_H
#define EDGE_KAFKA_RECORD_H

#include "base/hash.h"

#define PUBLISH_HEADER_LEDGER_ID "signaald_ledger_id" // these three are added to each record here
#define PUBLISH_HEADER_SEQ "signaald_seq"             // decimal
#define PUBLISH_HEADER_DIGEST "signaald_digest"       // DIGEST_HEX digits

// Borrowed for the call.
struct publish_record {
    int32_t partition;
    int64_t offset;
    struct str key;
    struct str value;    // absent: a tombstone
    const void *headers; // see publish_record_header
    uint64_t seq;        // of PUBLISH_HEADER_SEQ; 0: there is none, or it is no number
    bool genuine;        // its digest is ours, and it has a seq
};
// The last header of that name; absent when there is none.
struct str publish_record_header(const struct publish_record *record, const char *name);

// What the reader of a record says of it. PUBLISH_AWAITED and those behind it: more of its kind may
// still be under way, from a killed process through a busy broker.
enum publish_seen {
    PUBLISH_STOP,   // the reading ends here, as failed
    PUBLISH_PASSED, // nothing is to be learnt from it
    PUBLISH_AWAITED,
    PUBLISH_CONFIRMED, // its event waits in the outbox: it is there
    PUBLISH_LACKED,    // of this ledger, which does not have it
};

#endif
