// SPDX-License-Identifier: EUPL-1.2
// The publisher with an outbox that survives kill -9, for test_publisher.py. Events 1, 2, … exist
// by their number alone and come as long as the publisher runs; what Kafka has confirmed is
// appended to STATE, in groups some time after the report, so that a kill finds events that are in
// the topic but not marked.
//
//   outbox_driver BROKERS TOPIC STATE GRACE_MS
//
// Prints "state NAME: REASON", when what was reported before is in STATE; "found N" (in the
// recovery) and "marked N". After SIGTERM no more events come; it ends with "done N", the last of
// them, when all are marked.
#include "base/mem.h"
#include "base/str.h"
#include "edge/kafka/publisher.h"
#include "edge/loop.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 10000000,
    KEYS = 101,
    RELEASE_EVERY_MS = 5,
    RELEASE = 100,
    AHEAD_MAX = 10000,
    COMMIT_MS = 80
};

// In STATE. The first record is the pinned number of partitions: seq 0.
struct mark {
    uint64_t seq;
    int64_t offset;
    int64_t partition;
};

struct driver {
    struct loop *loop;
    struct publisher *publisher;
    struct loop_timer *commit, *release;
    struct loop_signal *term;
    int state_file;
    uint64_t released, marked_count, found;
    bool *marked; // by sequence
    int32_t partitions;
    struct publish_ack known[PUBLISH_PARTITIONS_MAX];
    struct mark *waiting; // told, not yet in the file
    size_t waiting_count;
    bool recovery_read, enough, stopping;
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void apply(struct driver *d, const struct mark *mark) {
    if (mark->seq == 0) {
        d->partitions = (int32_t)mark->partition;
        return;
    }
    if (mark->seq > EVENTS_MAX)
        fail("a sequence that was never handed over");
    d->marked_count += !d->marked[mark->seq];
    d->marked[mark->seq] = true;
    d->known[mark->partition] =
        (struct publish_ack){mark->seq, (int32_t)mark->partition, mark->offset};
    if (mark->seq > d->released)
        d->released = mark->seq;
}

static void load(struct driver *d, const char *path) {
    d->state_file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (d->state_file < 0)
        fail(path);
    struct mark mark;
    off_t size = 0;
    while (read(d->state_file, &mark, sizeof mark) == sizeof mark) {
        apply(d, &mark);
        size += (off_t)sizeof mark;
    }
    if (ftruncate(d->state_file, size) != 0) // a kill may have torn the last one
        fail(path);
}

static void on_stopped(void *ctx) {
    struct driver *d = ctx;
    loop_stop(d->loop);
}

static void keep(struct driver *d) {
    size_t size = d->waiting_count * sizeof *d->waiting;
    if (size > 0 && write(d->state_file, d->waiting, size) != (ssize_t)size)
        fail("state");
    for (size_t i = 0; i < d->waiting_count; i++)
        apply(d, &d->waiting[i]);
    d->waiting_count = 0;
    (void)printf("marked %llu\n", (unsigned long long)d->marked_count);
}

static void on_commit(void *ctx) {
    struct driver *d = ctx;
    keep(d);
    if (d->recovery_read)
        publisher_go(d->publisher);
    d->recovery_read = false;
}

static void wait_for_commit(struct driver *d, struct mark mark) {
    if (d->waiting_count == 0)
        loop_timer_start(d->commit, COMMIT_MS, 0);
    d->waiting = mem_resize(d->waiting, d->waiting_count + 1, sizeof *d->waiting);
    d->waiting[d->waiting_count++] = mark;
}

static void on_release(void *ctx) {
    struct driver *d = ctx;
    struct publish_status status;
    publisher_status(d->publisher, &status);
    if (status.state != PUBLISH_RUNNING || d->stopping)
        return;
    if (d->enough && d->marked_count == d->released) {
        d->stopping = true;
        publisher_stop(d->publisher, 5000, on_stopped, d);
    } else if (!d->enough && d->released <= d->marked_count + AHEAD_MAX &&
               d->released + RELEASE <= EVENTS_MAX) {
        d->released += RELEASE;
        publisher_wake(d->publisher);
    }
}

static void on_term(void *ctx) {
    ((struct driver *)ctx)->enough = true;
}

struct outbox {
    const struct driver *d;
    uint64_t seq;
    char key[16], value[64], id[32];
};

static void *open_outbox(void *ctx, uint64_t after) {
    struct outbox *outbox = calloc(1, sizeof *outbox);
    outbox->d = ctx;
    outbox->seq = after;
    return outbox;
}

static bool next_event(void *ctx, struct publish_event *event) {
    struct outbox *o = ctx;
    while (++o->seq <= o->d->released && o->d->marked[o->seq])
        ;
    if (o->seq > o->d->released)
        return false;
    (void)snprintf(o->key, sizeof o->key, "GM%04d", (int)(o->seq * 7919 % KEYS));
    (void)snprintf(o->value, sizeof o->value, "{\"n\":%llu}", (unsigned long long)o->seq);
    (void)snprintf(o->id, sizeof o->id, "event-%llu", (unsigned long long)o->seq);
    *event = (struct publish_event){.seq = o->seq,
                                    .key = str_from(o->key),
                                    .value = str_from(o->value),
                                    .headers = {{"ce_id", str_from(o->id)}},
                                    .header_count = 1};
    return true;
}

static struct publish_ack last_known(void *ctx, int32_t partition) {
    return ((struct driver *)ctx)->known[partition];
}

static int32_t known_partitions(void *ctx) {
    return ((struct driver *)ctx)->partitions;
}

static void on_partitions(void *ctx, int32_t partitions) {
    wait_for_commit(ctx, (struct mark){.seq = 0, .offset = -1, .partition = partitions});
}

static void on_acks(void *ctx, const struct publish_ack *acks, size_t count) {
    struct driver *d = ctx;
    struct publish_status status;
    publisher_status(d->publisher, &status);
    d->found += status.state == PUBLISH_RECOVERING ? count : 0;
    for (size_t i = 0; i < count; i++)
        wait_for_commit(d, (struct mark){acks[i].seq, acks[i].offset, acks[i].partition});
}

static enum publish_seen see(void *ctx, const struct publish_record *record, bool whole,
                             struct err *err) {
    (void)ctx;
    (void)whole;
    (void)err;
    return record ? PUBLISH_CONFIRMED : PUBLISH_PASSED;
}

static void on_recovered(void *ctx) {
    struct driver *d = ctx;
    d->recovery_read = true;
    (void)printf("found %llu\n", (unsigned long long)d->found);
    loop_timer_start(d->commit, COMMIT_MS, 0);
}

static void on_state(void *ctx, enum publish_state state, const char *reason, bool alarm) {
    (void)alarm;
    keep(ctx);
    (void)printf("state %s: %s\n", publish_state_name(state), reason);
}

int main(int argc, char **argv) {
    uint64_t grace = 0;
    if (argc != 5 || !str_to_u64(str_from(argv[4]), 60000, &grace)) {
        (void)fputs("usage: outbox_driver BROKERS TOPIC STATE GRACE_MS\n", stderr);
        return 2;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    struct err err;
    struct driver d = {.marked = mem_zalloc(EVENTS_MAX + 1, sizeof(bool))};
    for (size_t i = 0; i < PUBLISH_PARTITIONS_MAX; i++)
        d.known[i].offset = -1;
    load(&d, argv[3]);
    static const struct hash_key key = {{1}};
    const struct publish_options options = {.brokers = argv[1],
                                            .topic = argv[2],
                                            .ledger_id = "outbox-driver",
                                            .key = &key,
                                            .kind = "event",
                                            .recovery_wait_ms = (int64_t)grace,
                                            .retry_ms = 100,
                                            .open_outbox = open_outbox,
                                            .next_event = next_event,
                                            .close_outbox = free,
                                            .see = see,
                                            .last_known = last_known,
                                            .known_partitions = known_partitions,
                                            .on_partitions = on_partitions,
                                            .on_acks = on_acks,
                                            .on_recovered = on_recovered,
                                            .on_state = on_state,
                                            .ctx = &d};
    d.loop = loop_create(&err);
    d.commit = loop_timer_create(d.loop, on_commit, &d);
    d.release = loop_timer_create(d.loop, on_release, &d);
    d.term = loop_signal_create(d.loop, SIGTERM, on_term, &d);
    d.publisher = publisher_create(d.loop, &options, &err);
    if (!d.publisher) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    loop_timer_start(d.release, RELEASE_EVERY_MS, RELEASE_EVERY_MS);
    loop_run(d.loop);
    publisher_free(d.publisher);
    loop_timer_free(d.commit);
    loop_timer_free(d.release);
    loop_signal_free(d.term);
    loop_free(d.loop);
    free(d.marked);
    free(d.waiting);
    (void)close(d.state_file);
    (void)printf("done %llu\n", (unsigned long long)d.released);
    return 0;
}
