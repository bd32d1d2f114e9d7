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

static enum publish_seen see(struct publish_recovery *recovery,
                             const struct publish_record *record) {
    struct publish_replay *replay = recovery->ctx;
    if (!record)
        return PUBLISH_PASSED;
    replay->begun = true;
    return replay->on_record(replay->ctx, record);
}

static bool run_once(struct publish_replay *replay, struct err *err) {
    struct publish_recovery *recovery = mem_zalloc(1, sizeof *recovery);
    recovery->conf = replay->conf;
    recovery->recovery_wait_ms = replay->recovery_wait_ms;
    recovery->stop = replay->stop;
    recovery->whole = true;
    recovery->see = see;
    recovery->ctx = replay;
    for (size_t i = 0; i < PUBLISH_PARTITIONS_MAX; i++)
        recovery->known[i].offset = -1;
    enum publish_recovery_result result =
        publish_recovery_step(recovery); // no acks of the whole, so one step is all
    replay->no_topic = recovery->no_topic;
    replay->partitions = recovery->partitions;
    memcpy(replay->low, recovery->low, sizeof replay->low);
    if (result != PUBLISH_RECOVERY_LACKED)
        *err = recovery->err;
    publish_recovery_free(recovery);
    return result == PUBLISH_RECOVERY_LACKED;
}

void publish_replay_prepare(struct publish_replay *replay, const struct publish_options *options) {
    replay->conf = publish_conf_copy(options);
    replay->recovery_wait_ms = options->recovery_wait_ms;
}

static bool may_try_again(const struct publish_replay *replay) {
    return !replay->begun && !replay->no_topic && !(replay->stop && atomic_load(replay->stop));
}

// Before the first record a broker may still be finding out who leads; after it nothing is
// repeated.
bool publish_replay_run(struct publish_replay *replay, struct err *err) {
    const struct timespec wait = {.tv_nsec = 500 * 1000000};
    replay->begun = false;
    bool ok = run_once(replay, err);
    for (int i = 1; i < TRIES && !ok && may_try_again(replay); i++) {
        (void)nanosleep(&wait, NULL);
        ok = run_once(replay, err);
    }
    return ok;
}

void publish_replay_free(struct publish_replay *replay) {
    publish_conf_free(replay->conf);
    replay->conf = NULL;
}
