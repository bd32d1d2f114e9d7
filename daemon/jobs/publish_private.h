// SPDX-License-Identifier: EUPL-1.2
// Shared by publish.c and take_back.c; nobody else includes it.
//   publish.c    the streams, what is handed over, what is confirmed
//   take_back.c  what the topic says that the ledger lacks
//   current.c    the stream of signals as they stand
#ifndef JOBS_PUBLISH_PRIVATE_H
#define JOBS_PUBLISH_PRIVATE_H

#include "jobs/publish.h"
#include "jobs/topic_statistics.h"
#include "ledger/current.h"
#include "ledger/take_back.h"

struct publish_job {
    struct publish_job_options options; // with references of its own
    struct hash_key record_key;
    struct digest names;    // of the tables in force; see ledger_digest_names
    struct digest settings; // of brokers, settings and the files that they name
    struct topic_stream {
        struct publish_job *job;
        enum ledger_topic topic;
        const char *topic_name; // NULL: there is no such stream
        struct publisher *publisher;
        struct publisher *next; // held, until it takes the place of the one before; NULL: none
        bool changing;          // the one before is stopping for it
        bool taking_back;       // a commit uses what was read
        bool recovered;         // once since the start, or since there are other brokers
        // Genuine records that say something else than the ledger has published under their number
        int64_t forked_upto[PUBLISH_PARTITIONS_MAX]; // those before it have been looked at
        struct topic_forked {
            uint64_t count; // not told yet
            struct publish_ack first;
        } forked; // of the worker that reads, then of the loop
        // While something is taken back; of the worker that reads, then of the loop
        struct ledger_staging *staging;     // of events
        struct topic_statistics statistics; // of statistics
        struct take_back_task events_back;
        struct restore_task statistics_back;
        // Of current signals: keys that were read, of the worker that reads, then of the loop
        struct topic_keys {
            struct current_key *list; // owned
            size_t count, cap;
            uint64_t last; // highest number
        } keys;
        struct current_take take;   // of the keys, before anything is published
        struct current_take rename; // after it, these two, one at a time
        struct commit_task piece;
        bool telling;
    } streams[LEDGER_TOPICS];
    uint64_t taken_back, forked;
    bool stopping;
    int64_t patience_ms; // while stopping
    int running;         // streams that have not stopped yet
    void (*stopped)(void *ctx);
    void *stopped_ctx;
};

// Has somebody waited for its place? Then it gets that, and true.
bool publish_change(struct topic_stream *stream);
// As in struct publish_options; ctx is a topic_stream.
enum publish_seen take_back_see(void *ctx, const struct publish_record *record, bool whole,
                                struct err *err);
void take_back_run(void *ctx, int32_t partitions);
void take_back_tell_forked(struct topic_stream *stream); // what a reading has found
void take_back_free(struct topic_stream *stream);

// current.c
enum publish_seen current_see(void *ctx, const struct publish_record *record, bool whole,
                              struct err *err);
void current_see_strange(void *ctx, const struct publish_record *record);
void current_lacked(struct topic_stream *stream, int32_t partitions);
void current_recovered(struct topic_stream *stream);
void current_tell(struct publish_job *job); // what is to be told anew, if there is anything
void current_free(struct topic_stream *stream);

#endif
