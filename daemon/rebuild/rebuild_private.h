// SPDX-License-Identifier: EUPL-1.2
// Shared by the files of daemon/rebuild; nobody else includes it.
//   rebuild.c     the run: what is refused, in which order, what is told
//   restore.c     a backup in the place of the ledger
//   topic.c       the events' topic from its beginning to its end
//   statistics.c  the topic of the statistics for outside
#ifndef REBUILD_REBUILD_PRIVATE_H
#define REBUILD_REBUILD_PRIVATE_H

#include "config/config.h"
#include "edge/kafka/replay.h"
#include "jobs/topic_statistics.h"
#include "ledger/rebuild.h"

enum { REBUILD_LEDGER_IDS_MAX = 16 };

// Where the keys of the ledger are, and how it is opened in another directory than its own. What is
// found is the caller's to free.
struct rebuild_keys {
    char *identity, *person;
};
void rebuild_find_keys(const struct config *config, struct rebuild_keys *keys);
void rebuild_free_keys(struct rebuild_keys *keys);
struct ledger_options rebuild_ledger_options(const struct config *config, const char *dir,
                                             const struct rebuild_keys *keys);

// Numbers of partitions that do not explain every place that was seen.
struct rebuild_fits {
    bool ruled_out[PUBLISH_PARTITIONS_MAX + 1];
};
void rebuild_fit(struct rebuild_fits *fits, const struct publish_record *record);
// The largest that does, of at most `partitions`. 0: none.
int32_t rebuild_fits_most(const struct rebuild_fits *fits, int32_t partitions);

struct rebuild_topic {
    // Set before
    const struct config *config;
    struct ledger_rebuild *lines;
    const struct digest *key_check; // of the key at hand
    const struct hash_key *key;     // for the digests of records
    const struct digest *ledger_id; // NULL: to be found out
    bool partial;
    // Made by the run
    char found[DIGEST_HEX + 1]; // the ledger's name
    struct rebuild_ledger_id {  // who has written, as far as there is room
        char name[DIGEST_HEX + 1];
        uint64_t events;
    } ledger_ids[REBUILD_LEDGER_IDS_MAX];
    size_t ledger_id_count;
    uint64_t records, lines_added, again, others, forged, unreadable, clashes, other_key;
    uint64_t first_seq, last_seq;
    uint64_t far;        // passed over since too many are missing before them
    uint64_t passed_seq; // the highest of the others that were passed over
    int64_t last_ms;     // when the last event was logged
    int32_t partitions;  // that the keys were divided over
    struct publish_ack last[PUBLISH_PARTITIONS_MAX]; // our last record, passed over or not
    // Its own
    struct rebuild_fits fits;
    struct buf kept; // of the event at hand
    int64_t shown_ms;
    struct err err;
};

// Reads all events into lines. CONFIG where the operator has to decide.
bool rebuild_topic_run(struct rebuild_topic *topic, struct err *err) MUST_CHECK;

struct rebuild_statistics {
    // Set before
    const char *ledger_id;
    bool partial;
    // Made by the run
    const char *topic; // NULL: none is configured
    struct topic_statistics found;
    uint64_t passed;    // what is damaged, passed over
    int32_t partitions; // that the keys were divided over; 0: nothing of ours is there
    struct rebuild_fits fits;
    struct publish_ack last[PUBLISH_PARTITIONS_MAX]; // of each partition; seq 0: none
    struct err err;
};
bool rebuild_statistics_run(struct rebuild_statistics *statistics, const struct config *config,
                            const struct hash_key *key, struct err *err) MUST_CHECK;

#endif
