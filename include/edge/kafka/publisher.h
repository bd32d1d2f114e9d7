// SPDX-License-Identifier: EUPL-1.2
// The way to Kafka (librdkafka behind it). One path: it reads the outbox in order of sequence, live
// or after a crash. Before the first event, and again after any failure of the producer, it
// recovers: it reads each partition behind the last offset that is known here and asks what each of
// our records is to the ledger, so that each event is in the topic once. A record that the ledger
// lacks means that the ledger is older than its topic: then the whole topic is read, the ledger
// takes back what it lacks, and the recovery begins again. Nothing is sent before one that found
// nothing of the kind.
//
//   OFF         no brokers configured
//   RECOVERING  connecting, reading the ends of the partitions (a worker thread; tried again with
//               backoff), or the ledger takes back what it lacks
//   RECOVERED   waiting until the caller has recorded what was found there (publisher_go)
//   RUNNING     handing over the outbox, collecting delivery reports
//   DRAINING    the producer failed or we stop: waiting for the last reports, then RECOVERING or
//               STOPPED
//   STOPPED     nothing is handed over any more
//   STALLED     RUNNING, and Kafka confirms nothing of what waits
#ifndef EDGE_KAFKA_PUBLISHER_H
#define EDGE_KAFKA_PUBLISHER_H

#include "base/str.h"
#include "edge/kafka/ack.h"
#include "edge/kafka/record.h"
#include "edge/loop.h"

enum { PUBLISH_HEADERS_MAX = 16 };

// An event as it goes out. Borrowed for the call.
struct publish_event {
    uint64_t seq;
    struct str key;
    struct str value; // absent: a tombstone
    struct publish_header {
        const char *name;
        struct str value;
    } headers[PUBLISH_HEADERS_MAX];
    size_t header_count;
};

enum publish_state {
    PUBLISH_OFF,
    PUBLISH_RECOVERING,
    PUBLISH_RECOVERED,
    PUBLISH_RUNNING,
    PUBLISH_DRAINING,
    PUBLISH_STOPPED,
    PUBLISH_STALLED,
    PUBLISH_STATES
};
const char *publish_state_name(enum publish_state state);

// Text is copied by publisher_create. All callbacks come on the loop.
// Why events do not get through, as far as somebody can do something about it.
enum publish_cause {
    PUBLISH_CAUSE_NONE,
    PUBLISH_CAUSE_UNREACHABLE,
    PUBLISH_CAUSE_PASSWORD,
    PUBLISH_CAUSE_AUTHORITY,
    PUBLISH_CAUSE_CERTIFICATE_ENDED,
    PUBLISH_CAUSE_HOST_NAME,
    PUBLISH_CAUSE_TLS,
    PUBLISH_CAUSE_RIGHT,
    PUBLISH_CAUSE_TOPIC,
    PUBLISH_CAUSE_LEADER,
    PUBLISH_CAUSE_SIZE,
    PUBLISH_CAUSE_REPLICAS,
    PUBLISH_CAUSE_OTHER
};
const char *publish_cause_name(enum publish_cause cause);
const char *publish_cause_advice(enum publish_cause cause); // what to do; "" for NONE
struct publish_trouble {
    char text[160]; // empty: there is none
    enum publish_cause cause;
};

struct publish_options {
    const char *brokers; // NULL or "": OFF
    const char *topic;
    const char *ledger_id;      // names this ledger in a header, so that recovery knows its own
                                // records where others write to the topic too
    const struct hash_key *key; // of the digests of records; copied
    const char *kind;           // of the topic, for the digests: a literal
    const struct publish_setting { const char *name, *value; } * settings; // passed to librdkafka
    size_t setting_count;
    int64_t recovery_wait_ms; // the ends are read again after it, until nothing new came: a
                              // killed daemon's last bytes
    int64_t retry_ms;         // wait after a failure, doubling to 30 times as much; 0: 1 s
    // A topic that has fewer partitions than it had was made anew. Without this it is not used:
    // versions of a signal could change places. With it all is told as of a topic that has lost
    // what was confirmed.
    bool may_shrink;
    bool held; // does nothing until publisher_begin
    // The outbox: events with seq > after, in order. What `next` gives is valid until it is called
    // again or the outbox is closed.
    void *(*open_outbox)(void *ctx, uint64_t after);
    bool (*next_event)(void *outbox, struct publish_event *event);
    void (*close_outbox)(void *outbox);
    // On a worker thread, one call at a time: what a genuine record of this ledger is to it.
    // `whole`: the whole topic is read since it was older; then what it lacks is kept in some
    // place, and without a record that was all. PUBLISH_STOP sets *err.
    enum publish_seen (*see)(void *ctx, const struct publish_record *record, bool whole,
                             struct err *err);
    // The same of any other record, where the topic is for nobody else; NULL: it is for others too.
    void (*see_strange)(void *ctx, const struct publish_record *record);
    // All that the ledger lacks has been seen, in so many partitions: when it has taken that back,
    // or could not, call publisher_recover.
    void (*on_lacked)(void *ctx, int32_t partitions);
    // The last of our records that is known in a partition (offset -1: none). The recovery looks
    // whether it is still there, and is read from behind it. When another one is in its place, the
    // topic is not the one that is known, and is read from its beginning.
    struct publish_ack (*last_known)(void *ctx, int32_t partition);
    // How many partitions the key space was divided over when this topic was first used; 0: not yet
    // known. The count in force is told by on_partitions and must be kept, since all versions of a
    // signal stay in one partition. It is told again when the topic no longer has what was
    // confirmed: it may be another one of the same name.
    int32_t (*known_partitions)(void *ctx);
    void (*on_partitions)(void *ctx, int32_t partitions);
    // Delivery reports, and what recovery found. Kept by the caller in its next commit.
    void (*on_acks)(void *ctx, const struct publish_ack *acks, size_t count);
    // The ends of the partitions have been read and reported by on_acks: when that is durable, call
    // publisher_go.
    void (*on_recovered)(void *ctx);
    // So many records say that this ledger has written them, and it has not; where the first is.
    void (*on_forged)(void *ctx, uint64_t count, int32_t partition, int64_t offset);
    // A change worth a log line; DRAINING is none, RECOVERING says why. Holds no foreign text.
    // `alarm`: somebody should look, since events do not get through.
    void (*on_state)(void *ctx, enum publish_state state, const char *reason, bool alarm);
    void *ctx;
};

struct publish_status {
    enum publish_state state;
    int32_t partitions;
    uint64_t handed_over; // seq of the last event given to the producer
    uint64_t in_flight;
    uint64_t delivered;             // since the start
    uint64_t restarts;              // of the producer, after failures
    uint64_t forged;                // records in our name that are not ours, since the start
    struct publish_trouble trouble; // until Kafka answers again
};

struct publisher;
// CONFIG when publish_settings_check would fail.
struct publisher *publisher_create(struct loop *loop, const struct publish_options *options,
                                   struct err *err) MUST_CHECK;
void publisher_begin(struct publisher *publisher); // one that is held
void publisher_go(struct publisher *publisher);
// After on_lacked: recovers again; `failed` (NULL: all went well) is told, and it waits first.
void publisher_recover(struct publisher *publisher, const char *failed);
void publisher_wake(struct publisher *publisher); // there is more in the outbox
void publisher_status(const struct publisher *publisher, struct publish_status *status);
// Hands over nothing more, waits at most timeout_ms for reports (told by on_acks), then calls
// stopped.
void publisher_stop(struct publisher *publisher, int64_t timeout_ms, void (*stopped)(void *ctx),
                    void *ctx);
void publisher_free(struct publisher *publisher); // in or after stopped; NULL is fine

// Do librdkafka and the files that the settings name agree with them? Connects to nothing.
bool publish_settings_check(const struct publish_setting *settings, size_t count,
                            struct err *err) MUST_CHECK;

// The partition of a key among `partitions` (> 0): murmur2, as Java's default partitioner.
int32_t publish_partition(struct str key, int32_t partitions);

#endif
