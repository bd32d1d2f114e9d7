// SPDX-License-Identifier: EUPL-1.2
// Books made anew from the events that a topic without a broker has of others.
#ifndef REBUILD_RIG_H
#define REBUILD_RIG_H

#include "base/mem.h"
#include "edge/kafka/publisher.h"
#include "jobs/topic_event.h"
#include "ledger/rebuild.h"

#include "verify_rig.h"

#include <librdkafka/rdkafka.h>

static const struct event_issuer issuer = {"00000099000000001000", EVENT_TYPE_PREFIX,
                                           EVENT_REGULATION};
enum { PARTITION_COUNT = 4 };

// A topic without a broker.
struct topic {
    struct event {
        struct publish_record record;
        uint64_t seq;
        char key[EVENT_TEXT_MAX];
        char value[EVENT_VALUE_MAX];
    } * list;
    size_t count, cap;
};

static inline void send_line(void *ctx, const struct outbox_entry *entry) {
    struct topic *topic = ctx;
    const struct ledger_event *line = &entry->event;
    struct event_attributes attributes;
    char seq[24];
    topic->list = mem_grow(topic->list, topic->count, &topic->cap, sizeof *topic->list);
    struct event *event = &topic->list[topic->count++];
    event->seq = line->entry.seq;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(20);
    event_fill_attributes(&line->entry, &issuer, &attributes);
    for (size_t i = 0; i < attributes.count; i++)
        (void)rd_kafka_header_add(headers, attributes.list[i].header, -1, attributes.list[i].value,
                                  attributes.list[i].len);
    (void)snprintf(seq, sizeof seq, "%llu", (unsigned long long)line->entry.seq);
    (void)rd_kafka_header_add(headers, PUBLISH_HEADER_SEQ, -1, seq, -1);
    memcpy(event->key, attributes.key.data, attributes.key.len);
    memcpy(event->value, line->event.data, line->event.len);
    event->record = (struct publish_record){.partition = (int32_t)(event->seq % PARTITION_COUNT),
                                            .offset = (int64_t)event->seq,
                                            .key = {NULL, attributes.key.len},
                                            .value = {NULL, line->event.len},
                                            .headers = headers,
                                            .seq = event->seq,
                                            .genuine = true};
}

// Kafka gets and confirms all that waits.
static inline void publish(struct ledger *ledger, struct topic *topic) {
    uint64_t last = ledger_last_seq(ledger);
    size_t before = topic->count;
    each_unpublished(ledger, LEDGER_EVENTS, 0, send_line, topic);
    if (topic->count > before)
        confirm(ledger, topic->list[before].seq, last);
}

static inline void free_topic(struct topic *topic) {
    for (size_t i = 0; i < topic->count; i++)
        rd_kafka_headers_destroy((rd_kafka_headers_t *)(uintptr_t)topic->list[i].record.headers);
    free(topic->list);
}

static inline enum ledger_add add(struct ledger_rebuild *rebuild, const struct event *event) {
    struct ledger_found found;
    struct err err;
    struct publish_record record = event->record;
    record.key.data = event->key;
    record.value.data = event->value;
    struct buf kept;
    buf_init(&kept, EVENT_VALUE_MAX + 1);
    if (!topic_event_read(&record, &kept, &found, &err))
        fail_msg("%s", err.text);
    enum ledger_add added = ledger_rebuild_add(rebuild, &found, &err);
    buf_free(&kept);
    return added;
}

static inline struct link_task link_all(struct ledger *ledger) {
    struct link_task batch = {.task.run = ledger_link};
    do {
        struct ledger_group group = {.tasks = &batch.task};
        commit_group(ledger, &group);
        ledger_group_free(&group);
    } while (batch.more);
    struct link_task link = batch;
    return link;
}

// Beside the first ones, with their keys.
static inline struct ledger *open_beside(void) {
    static char dir[PATH_MAX], identity[PATH_MAX], person[PATH_MAX];
    struct err err;
    (void)snprintf(dir, sizeof dir, "%s/anew", scratch_dir);
    (void)snprintf(identity, sizeof identity, "%s/identity.key", scratch_dir);
    (void)snprintf(person, sizeof person, "%s/person.key", scratch_dir);
    (void)mkdir(dir, 0700);
    struct ledger_options options = {.dir = dir,
                                     .bytes_max = 64 << 20,
                                     .identity_key_file = identity,
                                     .person_key_file = person,
                                     .topic = "signals",
                                     .counts_topic = "signal-counts",
                                     .window_ms = 100 * day_ms};
    struct ledger *ledger = ledger_open(&options, &err);
    if (!ledger)
        fail_msg("%s", err.text);
    return ledger;
}

static inline struct ledger *rebuild_from(const struct topic *topic, const char *ledger_id,
                                          uint64_t *seed, struct link_task *link) {
    struct ledger *ledger = open_beside();
    struct ledger_rebuild *rebuild = ledger_rebuild_begin(ledger);
    struct err err;
    static struct publish_ack last[PUBLISH_PARTITIONS_MAX];
    memset(last, 0xff, sizeof last);            // each -1
    for (size_t i = topic->count; i > 1; i--) { // in any order
        size_t k = unit_random(seed) % i;
        struct event event = topic->list[i - 1];
        topic->list[i - 1] = topic->list[k];
        topic->list[k] = event;
    }
    for (size_t i = 0; i < topic->count; i++)
        assert_int_equal(add(rebuild, &topic->list[i]), LEDGER_ADDED);
    assert_true(ledger_rebuild_named(rebuild, ledger_id, last, &err));
    ledger_rebuild_free(rebuild);
    *link = link_all(ledger);
    return ledger;
}

static inline struct ledger *rebuild_all(const struct topic *topic, struct ledger *old) {
    struct link_task link;
    uint64_t seed = 1;
    return rebuild_from(topic, ledger_id(old), &seed, &link);
}

#endif
