// SPDX-License-Identifier: EUPL-1.2
// The publisher's states (see the header), the pump from the outbox to the producer, and its
// delivery reports. An idempotent producer of librdkafka 2.0.2 may end in a fatal error whenever a
// broker restarts, so making it anew, behind a reading of the recovery, is normal operation.
//
// What can block is on a worker thread, one job at a time (`working`): reading the recovery, making
// the producer, destroying it. The loop only takes events from the producer's queue, which wakes it
// through event_fd.
#include "publisher_private.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    RETRY_MS = 1000,
    RETRY_FACTOR_MAX = 30,
    DRAIN_MS = 5000,  // for the last reports of a failed producer; what it wrote the recovery tells
    STALL_FACTOR = 8, // so many times the first retry without a report: worth a line
    PROBE_MS = 2000,
    PUMP_EVENTS = 512, // handed over in one turn of the loop
    ACKS_MAX = 16384   // told at once
};

static_assert(sizeof(void *) >= sizeof(uint64_t), "a sequence travels in a message's opaque");

struct publisher {
    struct loop *loop;
    struct publish_options options; // its callbacks and numbers; the text is in conf
    struct publish_conf *conf;
    enum publish_state state;
    char told[PUBLISH_REASON_MAX]; // last reason given to on_state
    bool working;                  // a job has the recovery and the producer
    bool stopping;
    void (*stopped)(void *ctx);
    void *stopped_ctx;

    struct publish_recovery *recovery; // while it is being read
    enum publish_recovery_result recovery_result;
    int32_t partitions;
    int64_t retry_ms; // the next wait

    rd_kafka_t *producer;     // from the end of RECOVERING to the end of DRAINING
    rd_kafka_queue_t *events; // its queue, from RUNNING on
    int event_fd;
    struct loop_watch *watch;
    struct loop_timer *timer;       // next try in RECOVERING, end of patience in DRAINING
    struct loop_timer *stall_timer; // while RUNNING
    struct loop_deferred turn;      // what the state has to do next
    bool patience_over;

    struct publish_ack *acks; // of the reports that are being taken
    size_t ack_count;
    bool more;           // there may be events behind handed_over
    bool full;           // the producer takes no more until reports come
    bool failed;         // the producer; last_error says why
    bool stalled;        // told that reports stay away
    unsigned quiet;      // times that the stall timer has seen something in flight and no report
    uint64_t stall_seen; // delivered, when it last looked
    bool probing;        // a job asks whether Kafka is there, while RUNNING with nothing to send
    bool probed;         // it is
    uint64_t handed_over, in_flight, delivered, restarts;
    int64_t forged_upto[PUBLISH_PARTITIONS_MAX]; // records before it have been looked at
    uint64_t forged;
    struct publish_trouble trouble; // while Kafka does not answer
    struct publish_trouble failing; // why the producer failed last, until something is delivered
    bool repeats;                   // it fails again and again by that: told once
};

const char *publish_state_name(enum publish_state state) {
    static const char *const names[] = {"off",      "recovering", "recovered", "running",
                                        "draining", "stopped",    "stalled"};
    return names[state];
}

static enum publish_state shown_state(const struct publisher *p) {
    return p->state == PUBLISH_RUNNING && p->stalled ? PUBLISH_STALLED : p->state;
}

static void set_state(struct publisher *p, enum publish_state state, const char *reason) {
    bool news = p->state != state || strcmp(p->told, reason) != 0;
    p->state = state;
    if (!news || (p->repeats && !p->stopping))
        return;
    (void)snprintf(p->told, sizeof p->told, "%s", reason);
    bool trouble = state == PUBLISH_RECOVERING || state == PUBLISH_DRAINING || p->stalled;
    p->options.on_state(p->options.ctx, shown_state(p), p->told, trouble && !p->stopping);
}

// ---- RECOVERING

static void retry_later(struct publisher *p, const char *reason) {
    set_state(p, PUBLISH_RECOVERING, reason);
    loop_timer_start(p->timer, p->retry_ms, 0);
    p->retry_ms *= 2;
    if (p->retry_ms > p->options.retry_ms * RETRY_FACTOR_MAX)
        p->retry_ms = p->options.retry_ms * RETRY_FACTOR_MAX;
}

static void become_stopped(struct publisher *p) {
    loop_timer_stop(p->timer);
    set_state(p, PUBLISH_STOPPED, "stopped");
    loop_defer(p->loop, &p->turn);
}

static void recovery_work(void *ctx) {
    struct publisher *p = ctx;
    p->recovery_result = publish_recovery_step(p->recovery);
    if (p->recovery_result != PUBLISH_RECOVERY_DONE)
        return;
    p->producer = publish_conf_producer(p->conf, &p->recovery->err);
    if (p->producer)
        publish_conf_warm_up(p->conf, p->producer);
    else
        p->recovery_result = PUBLISH_RECOVERY_FAILED;
}

// Each record in our name that is not ours counts once, however often it is read.
static void note_forged(struct publish_recovery *recovery, const struct publish_record *record) {
    struct publisher *p = recovery->ctx;
    if (record->offset < p->forged_upto[record->partition])
        return;
    p->forged_upto[record->partition] = record->offset + 1;
    if (recovery->forged++ == 0)
        recovery->first_forged = (struct publish_ack){0, record->partition, record->offset};
}

static enum publish_seen see(struct publish_recovery *recovery,
                             const struct publish_record *record) {
    const struct publisher *p = recovery->ctx;
    if (!record)
        return recovery->whole ? p->options.see(p->options.ctx, NULL, true, &recovery->err)
                               : PUBLISH_PASSED;
    bool ours = str_is(publish_record_header(record, PUBLISH_HEADER_LEDGER_ID), p->conf->ledger_id);
    if (ours && record->genuine)
        return p->options.see(p->options.ctx, record, recovery->whole, &recovery->err);
    if (ours || p->options.see_strange)
        note_forged(recovery, record);
    if (p->options.see_strange)
        p->options.see_strange(p->options.ctx, record);
    return PUBLISH_PASSED;
}

static void tell_forged(struct publisher *p, const struct publish_recovery *recovery) {
    p->forged += recovery->forged;
    if (recovery->forged)
        p->options.on_forged(p->options.ctx, recovery->forged, recovery->first_forged.partition,
                             recovery->first_forged.offset);
}

static void tell_recovery(struct publisher *p, const struct publish_recovery *recovery) {
    char reason[160] = "";
    if (recovery->had_partitions)
        (void)snprintf(reason, sizeof reason,
                       "the topic was made anew: it has %d partitions and had %d",
                       recovery->partitions, recovery->had_partitions);
    else if (recovery->other_partition >= 0)
        (void)snprintf(reason, sizeof reason,
                       "the topic is another one than before: partition %d has another record "
                       "where the last confirmed one was",
                       recovery->other_partition);
    else if (recovery->lost_partition >= 0)
        (void)snprintf(reason, sizeof reason,
                       "partition %d no longer has what was confirmed: records lost or expired",
                       recovery->lost_partition);
    if (reason[0])
        set_state(p, PUBLISH_RECOVERING, reason);
    if (p->partitions == 0 || reason[0])
        p->options.on_partitions(p->options.ctx, recovery->partitions);
    p->partitions = recovery->partitions;
}

static void destroy_producer(struct publisher *p);
static void begin_recovery(struct publisher *p, bool whole);

static void end_lacking(struct publisher *p, const struct publish_recovery *recovery) {
    set_state(p, PUBLISH_RECOVERING,
              "the topic has what the ledger lacks: it is older, and takes that back");
    if (recovery->whole)
        p->options.on_lacked(p->options.ctx, recovery->partitions);
    else
        begin_recovery(p, true);
}

static void recovery_done(void *ctx) {
    struct publisher *p = ctx;
    struct publish_recovery *recovery = p->recovery;
    tell_forged(p, recovery);
    recovery->forged = 0;
    if (recovery->ack_count > 0)
        p->options.on_acks(p->options.ctx, recovery->acks, recovery->ack_count);
    if (p->recovery_result == PUBLISH_RECOVERY_MORE) {
        loop_work(p->loop, recovery_work, recovery_done, p);
        return;
    }
    if (p->recovery_result == PUBLISH_RECOVERY_DONE)
        tell_recovery(p, recovery);
    p->working = false;
    p->recovery = NULL;
    if (p->stopping) {
        if (p->producer)
            destroy_producer(p);
        else
            become_stopped(p);
    } else if (p->recovery_result == PUBLISH_RECOVERY_DONE) {
        set_state(p, PUBLISH_RECOVERED, "the recovery has been read");
        p->options.on_recovered(p->options.ctx);
    } else if (p->recovery_result == PUBLISH_RECOVERY_LACKED) {
        end_lacking(p, recovery);
    } else {
        char reason[PUBLISH_REASON_MAX];
        publish_trouble_set(&p->trouble, recovery->cause, recovery->err.text);
        publish_trouble_describe(&p->trouble, "", reason);
        p->repeats = false;
        retry_later(p, reason);
    }
    publish_recovery_free(recovery);
}

static void begin_recovery(struct publisher *p, bool whole) {
    struct publish_recovery *recovery = mem_zalloc(1, sizeof *recovery);
    p->partitions = p->options.known_partitions(p->options.ctx);
    assert(p->partitions >= 0 && p->partitions <= PUBLISH_PARTITIONS_MAX);
    recovery->conf = p->conf;
    recovery->recovery_wait_ms = p->options.recovery_wait_ms;
    recovery->partitions = p->partitions;
    recovery->may_shrink = p->options.may_shrink;
    recovery->whole = whole;
    recovery->see = see;
    recovery->ctx = p;
    recovery->other_partition = -1;
    for (int32_t i = 0; i < PUBLISH_PARTITIONS_MAX; i++)
        recovery->known[i] = i < p->partitions && !whole ? p->options.last_known(p->options.ctx, i)
                                                         : (struct publish_ack){.offset = -1};
    p->recovery = recovery;
    p->working = true;
    loop_work(p->loop, recovery_work, recovery_done, p);
}

// ---- DRAINING

static void destroy_work(void *ctx) {
    struct publisher *p = ctx;
    rd_kafka_destroy(p->producer);
}

// Why the producer failed is told here and not before: the report that says what to do may come
// behind those of the events that failed with it.
static void destroy_done(void *ctx) {
    struct publisher *p = ctx;
    char reason[PUBLISH_REASON_MAX];
    p->working = false;
    p->producer = NULL;
    p->in_flight = 0;
    if (p->stopping) {
        become_stopped(p);
        return;
    }
    p->restarts++;
    p->repeats = strcmp(p->failing.text, p->trouble.text) == 0;
    p->failing = p->trouble;
    publish_trouble_describe(&p->trouble, "", reason);
    retry_later(p, reason);
}

static void destroy_producer(struct publisher *p) {
    loop_watch_start(p->watch, 0);
    loop_timer_stop(p->timer);
    if (p->events) {
        rd_kafka_queue_io_event_enable(p->events, -1, NULL, 0);
        rd_kafka_queue_destroy(p->events);
        p->events = NULL;
    }
    p->working = true;
    loop_work(p->loop, destroy_work, destroy_done, p);
}

static void begin_draining(struct publisher *p, int64_t patience_ms) {
    loop_timer_stop(p->stall_timer);
    p->patience_over = false;
    loop_timer_start(p->timer, patience_ms, 0);
    p->state = PUBLISH_DRAINING;
    loop_defer(p->loop, &p->turn);
}

// Of several reports the first that says what to do. A gap follows from another failure, so it says
// nothing new of one that has not been overcome.
static void note_failure(struct publisher *p, rd_kafka_resp_err_t code) {
    enum publish_cause cause = publish_cause_of(p->conf, code);
    char text[160];
    bool known = p->failed || (p->failing.text[0] && code == RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE);
    p->failed = true;
    if (known && (p->trouble.cause != PUBLISH_CAUSE_OTHER || cause == PUBLISH_CAUSE_OTHER))
        return;
    p->conf->small_batches = p->conf->small_batches || cause == PUBLISH_CAUSE_SIZE;
    rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(p->producer, NULL, 0);
    (void)snprintf(text, sizeof text, "the producer failed: %s",
                   rd_kafka_err2str(fatal && cause == PUBLISH_CAUSE_OTHER ? fatal : code));
    publish_trouble_set(&p->trouble, cause, text);
}

// What has not been sent stays here: sent behind a gap, it would be out of order.
static void drain_failed(struct publisher *p) {
    (void)rd_kafka_purge(p->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
    begin_draining(p, DRAIN_MS);
}

// ---- RUNNING

// False: no more now.
static bool hand_over(struct publisher *p, const struct publish_event *event) {
    assert(event->seq > p->handed_over && event->header_count <= PUBLISH_HEADERS_MAX);
    rd_kafka_resp_err_t code = publish_record_send(p->conf, p->producer, p->partitions, event);
    // Full with nothing in flight: one event that is larger than the queue may be.
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && p->in_flight > 0) {
        p->full = true;
        return false;
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        note_failure(p, code);
        return false;
    }
    p->handed_over = event->seq;
    p->in_flight++;
    return true;
}

static void pump(struct publisher *p) {
    if (!p->more || p->full)
        return;
    struct publish_event event = {0};
    size_t count = 0;
    void *outbox = p->options.open_outbox(p->options.ctx, p->handed_over);
    while (count < PUMP_EVENTS && p->options.next_event(outbox, &event) && hand_over(p, &event))
        count++;
    p->options.close_outbox(outbox);
    if (p->failed)
        drain_failed(p);
    else if (count == PUMP_EVENTS)
        loop_defer(p->loop, &p->turn);
    else
        p->more = p->full;
}

static void flush_acks(struct publisher *p) {
    if (p->ack_count == 0)
        return;
    p->options.on_acks(p->options.ctx, p->acks, p->ack_count);
    p->ack_count = 0;
}

static void take_reports(struct publisher *p, rd_kafka_event_t *event) {
    const rd_kafka_message_t *message;
    while ((message = rd_kafka_event_message_next(event))) {
        p->in_flight--;
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            note_failure(p, message->err);
            continue;
        }
        if (p->ack_count == ACKS_MAX)
            flush_acks(p);
        p->delivered++;
        p->acks[p->ack_count++] = (struct publish_ack){(uint64_t)(uintptr_t)message->_private,
                                                       message->partition, message->offset};
    }
}

// Only a fatal error ends the producer; all others it overcomes by itself.
static void take_error(struct publisher *p, rd_kafka_event_t *event) {
    if (rd_kafka_event_error_is_fatal(event)) {
        // Of a gap the report that comes with it says why.
        if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE)
            note_failure(p, rd_kafka_event_error(event));
        return;
    }
    if (!p->failed && !p->failing.text[0])
        publish_trouble_set(&p->trouble, publish_cause_of(p->conf, rd_kafka_event_error(event)),
                            rd_kafka_event_error_string(event));
}

static void note_delivery(struct publisher *p) {
    p->retry_ms = p->options.retry_ms;
    if (!p->failed)
        publish_trouble_clear(&p->trouble);
    bool was_quiet = p->stalled || p->repeats;
    p->stalled = p->repeats = false;
    p->failing.text[0] = '\0';
    if (was_quiet && p->state == PUBLISH_RUNNING)
        set_state(p, PUBLISH_RUNNING, "events are delivered again");
}

static void on_events(void *ctx, int io_events) {
    struct publisher *p = ctx;
    (void)io_events;
    // librdkafka writes to event_fd only when its queue was empty: read first, then take all.
    eventfd_t count;
    (void)eventfd_read(p->event_fd, &count);
    uint64_t before = p->delivered;
    rd_kafka_event_t *event;
    while ((event = rd_kafka_queue_poll(p->events, 0))) {
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR)
            take_reports(p, event);
        else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
            take_error(p, event);
        rd_kafka_event_destroy(event);
    }
    flush_acks(p);
    if (p->delivered != before)
        note_delivery(p);
    p->full = false;
    if (p->failed && p->state == PUBLISH_RUNNING)
        drain_failed(p);
    loop_defer(p->loop, &p->turn);
}

static void probe_work(void *ctx) {
    struct publisher *p = ctx;
    const rd_kafka_metadata_t *metadata;
    p->probed =
        rd_kafka_metadata(p->producer, 0, NULL, &metadata, PROBE_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (p->probed)
        rd_kafka_metadata_destroy(metadata);
}

static void probe_done(void *ctx) {
    struct publisher *p = ctx;
    p->working = p->probing = false;
    if (p->probed && !p->failed && p->in_flight == 0) {
        publish_trouble_clear(&p->trouble);
        publish_trouble_clear(&p->failing);
    }
    loop_defer(p->loop, &p->turn);
}

// With nothing to send no report would ever say that an error has passed.
static void probe(struct publisher *p) {
    if (!p->trouble.text[0] || p->in_flight > 0 || p->working || p->state != PUBLISH_RUNNING)
        return;
    p->working = p->probing = true;
    loop_work(p->loop, probe_work, probe_done, p);
}

static void on_stall(void *ctx) {
    struct publisher *p = ctx;
    bool quiet = p->in_flight > 0 && p->delivered == p->stall_seen;
    p->quiet = quiet ? p->quiet + 1 : 0;
    p->stall_seen = p->delivered;
    if (p->quiet == STALL_FACTOR && !p->stalled) {
        char reason[PUBLISH_REASON_MAX];
        p->stalled = true;
        publish_trouble_describe(&p->trouble, "Kafka confirms nothing", reason);
        set_state(p, PUBLISH_RUNNING, reason);
    }
    probe(p);
}

void publisher_go(struct publisher *p) {
    if (p->state != PUBLISH_RECOVERED)
        return;
    p->handed_over = 0;
    p->in_flight = 0;
    p->more = true;
    p->full = p->failed = p->stalled = false;
    p->quiet = 0;
    if (!p->failing.text[0])
        publish_trouble_clear(&p->trouble);
    p->events = rd_kafka_queue_get_main(p->producer);
    static const uint64_t one = 1;
    rd_kafka_queue_io_event_enable(p->events, p->event_fd, &one, sizeof one);
    (void)eventfd_write(p->event_fd, 1); // for what came before
    loop_watch_start(p->watch, LOOP_READABLE);
    loop_timer_start(p->stall_timer, p->options.retry_ms, p->options.retry_ms);
    set_state(p, PUBLISH_RUNNING, "handing over the outbox");
    loop_defer(p->loop, &p->turn);
}

void publisher_recover(struct publisher *p, const char *failed) {
    if (p->state != PUBLISH_RECOVERING || p->working || p->stopping)
        return;
    if (!failed) {
        begin_recovery(p, false);
        return;
    }
    publish_trouble_set(&p->trouble, PUBLISH_CAUSE_NONE, failed);
    retry_later(p, failed);
}

void publisher_wake(struct publisher *p) {
    p->more = true;
    if (p->state == PUBLISH_RUNNING)
        loop_defer(p->loop, &p->turn);
}

// ---- All states

static void on_turn(void *ctx) {
    struct publisher *p = ctx;
    if (p->state == PUBLISH_RUNNING)
        pump(p);
    else if (p->state == PUBLISH_DRAINING && !p->working && (p->in_flight == 0 || p->patience_over))
        destroy_producer(p);
    else if (p->state == PUBLISH_STOPPED)
        p->stopped(p->stopped_ctx); // may free p
}

static void on_timer(void *ctx) {
    struct publisher *p = ctx;
    if (p->state == PUBLISH_RECOVERING) {
        begin_recovery(p, false);
        return;
    }
    p->patience_over = true;
    loop_defer(p->loop, &p->turn);
}

struct publisher *publisher_create(struct loop *loop, const struct publish_options *options,
                                   struct err *err) {
    struct publisher *p = mem_zalloc(1, sizeof *p);
    p->loop = loop;
    p->options = *options;
    p->event_fd = -1;
    p->turn = (struct loop_deferred){.fn = on_turn, .ctx = p};
    if (!options->brokers || !*options->brokers)
        return p;
    if (!publish_settings_check(options->settings, options->setting_count, err))
        goto fail;
    p->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (p->event_fd < 0) {
        err_set(err, ERR_FATAL, "eventfd: %s", strerror(errno));
        goto fail;
    }
    if (p->options.retry_ms <= 0)
        p->options.retry_ms = RETRY_MS;
    p->retry_ms = p->options.retry_ms;
    p->conf = publish_conf_copy(options);
    p->acks = mem_alloc(ACKS_MAX * sizeof *p->acks);
    p->watch = loop_watch_create(loop, p->event_fd, on_events, p);
    p->timer = loop_timer_create(loop, on_timer, p);
    p->stall_timer = loop_timer_create(loop, on_stall, p);
    p->state = PUBLISH_RECOVERING;
    if (!options->held)
        publisher_begin(p);
    return p;
fail:
    publisher_free(p);
    return NULL;
}

void publisher_begin(struct publisher *p) {
    if (p->state == PUBLISH_RECOVERING)
        loop_timer_start(p->timer, 0, 0);
}

void publisher_status(const struct publisher *p, struct publish_status *status) {
    *status = (struct publish_status){.state = shown_state(p),
                                      .partitions = p->partitions,
                                      .handed_over = p->handed_over,
                                      .in_flight = p->in_flight,
                                      .delivered = p->delivered,
                                      .restarts = p->restarts,
                                      .forged = p->forged,
                                      .trouble = p->trouble};
}

void publisher_stop(struct publisher *p, int64_t timeout_ms, void (*stopped)(void *ctx),
                    void *ctx) {
    assert(!p->stopping);
    p->stopping = true;
    p->stopped = stopped;
    p->stopped_ctx = ctx;
    if (p->recovery)
        atomic_store(&p->recovery->cancelled, true);
    else if (p->state == PUBLISH_OFF) {
        p->state = PUBLISH_STOPPED;
        loop_defer(p->loop, &p->turn);
    } else if (p->state == PUBLISH_RECOVERING)
        become_stopped(p);
    else if (!p->working || p->probing)
        begin_draining(p, timeout_ms);
}

void publisher_free(struct publisher *p) {
    if (!p)
        return;
    assert(!p->working && !p->producer && !p->turn.waiting);
    loop_watch_free(p->watch);
    loop_timer_free(p->timer);
    loop_timer_free(p->stall_timer);
    if (p->event_fd >= 0)
        (void)close(p->event_fd);
    publish_conf_free(p->conf);
    free(p->acks);
    free(p);
}
