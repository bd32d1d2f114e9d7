// SPDX-License-Identifier: EUPL-1.2
// Reads a whole topic with the steps that also recover a publisher. It tries again only until the
// first record has come: after that nothing may be told twice. The recovery is its own and is
// freed after each run; records are borrowed for the call.
#include "edge/kafka/replay.h"

#include "base/mem.h"
#include "publisher_private.h"

#include <string.h>
#include <time.h>

enum { TRIES = 3 };

struct str publish_record_header(const struct publish_record *record, const char *name) {
    const void *value = NULL;
    size_t size = 0;
    if (!record->headers || rd_kafka_header_get_last(record->headers, name, &value, &size) !=
                                RD_KAFKA_RESP_ERR_NO_ERROR)
        return (struct str){NULL, 0};
    return (struct str){value, size};
}

static bool on_message(void *ctx, const rd_kafka_message_t *message, bool *ours) {
    struct publish_replay *replay = ctx;
    replay->begun = true;
    rd_kafka_headers_t *headers = NULL;
    struct publish_record record = {.partition = message->partition,
                                    .offset = message->offset,
                                    .key = {message->key, message->key_len},
                                    .value = {message->payload, message->len}};
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
        record.headers = headers;
    return replay->on_record(replay->ctx, &record, ours);
}

static bool run_once(struct publish_replay *replay, const struct publish_conf *conf,
                     struct err *err) {
    struct publish_recovery *recovery = mem_zalloc(1, sizeof *recovery);
    recovery->conf = conf;
    recovery->recovery_wait_ms = replay->options->recovery_wait_ms;
    recovery->on_message = on_message;
    recovery->ctx = replay;
    for (size_t i = 0; i < PUBLISH_PARTITIONS_MAX; i++)
        recovery->known[i] = -1;
    enum publish_recovery_result result =
        publish_recovery_step(recovery); // no acks, so one step is all
    replay->no_topic = recovery->no_topic;
    replay->partitions = recovery->partitions;
    memcpy(replay->low, recovery->low, sizeof replay->low);
    if (result != PUBLISH_RECOVERY_DONE)
        *err = recovery->err;
    publish_recovery_free(recovery);
    return result == PUBLISH_RECOVERY_DONE;
}

// Before the first record a broker may still be finding out who leads; after it nothing is
// repeated.
bool publish_replay_run(struct publish_replay *replay, struct err *err) {
    const struct timespec wait = {.tv_nsec = 500 * 1000000};
    struct publish_conf *conf = publish_conf_copy(replay->options);
    replay->begun = false;
    bool ok = run_once(replay, conf, err);
    for (int i = 1; i < TRIES && !ok && !replay->begun && !replay->no_topic; i++) {
        (void)nanosleep(&wait, NULL);
        ok = run_once(replay, conf, err);
    }
    publish_conf_free(conf);
    return ok;
}
