// SPDX-License-Identifier: EUPL-1.2
// What the ledger keeps of each topic: over how many partitions its keys are divided, and the last
// record that Kafka has confirmed in each. What is confirmed leaves the outbox; the publisher
// begins behind that record, once it has seen that it is still there.
#include "ledger/ledger.h"

#include "base/mem.h"
#include "ledger_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct str ledger_topic_key(enum ledger_topic topic) {
    return topic == LEDGER_CURRENT ? STR("current-topic") : STR("statistics-topic");
}

struct str ledger_partitions_key(const struct ledger_topic_place *place, char *out) {
    int n = snprintf(out, LEDGER_KEY_MAX, "topic/%s/partitions", place->name);
    return (struct str){out, (size_t)n};
}

static struct str last_key(const struct ledger_topic_place *place, int32_t partition, char *out) {
    int n = snprintf(out, LEDGER_KEY_MAX, "topic/%s/last/%d", place->name, partition);
    return (struct str){out, (size_t)n};
}

static const struct publish_ack NONE_KNOWN = {.offset = -1};

static void set_last(struct ledger_topic_place *place, struct publish_ack last) {
    if (last.partition >= place->last_count) {
        place->last = mem_resize(place->last, (size_t)last.partition + 1, sizeof *place->last);
        for (int32_t p = place->last_count; p <= last.partition; p++)
            place->last[p] = NONE_KNOWN;
        place->last_count = last.partition + 1;
    }
    place->last[last.partition] = last;
}

enum { LAST_BYTES = 16 };

void ledger_keep_last(struct store_txn *txn, const struct ledger_topic_place *place,
                      const struct publish_ack *last) {
    char name[LEDGER_KEY_MAX], value[LAST_BYTES];
    memcpy(value, &last->offset, sizeof last->offset);
    memcpy(value + sizeof last->offset, &last->seq, sizeof last->seq);
    store_put(txn, STORE_META, last_key(place, last->partition, name),
              (struct str){value, sizeof value});
}

static void load_topic(struct ledger_topic_place *place, struct store_txn *txn) {
    char name[LEDGER_KEY_MAX];
    struct str value;
    if (!place->name || !store_get(txn, STORE_META, ledger_partitions_key(place, name), &value) ||
        value.len != sizeof place->partitions)
        return;
    memcpy(&place->partitions, value.data, sizeof place->partitions);
    for (int32_t p = 0; p < place->partitions; p++) {
        struct publish_ack last = {.partition = p};
        if (store_get(txn, STORE_META, last_key(place, p, name), &value) &&
            value.len == LAST_BYTES) {
            memcpy(&last.offset, value.data, sizeof last.offset);
            memcpy(&last.seq, value.data + sizeof last.offset, sizeof last.seq);
            set_last(place, last);
        }
    }
}

// A topic that another one stood in for meanwhile lacks what went there: it is new. Not so one of
// events, of which each goes to one topic only.
void ledger_load_topics(struct ledger *ledger, struct store_txn *txn) {
    struct str name;
    for (int i = 0; i < LEDGER_TOPICS; i++) {
        struct ledger_topic_place *place = &ledger->topics[i];
        if (i == LEDGER_EVENTS ||
            (place->name &&
             store_get(txn, STORE_META, ledger_topic_key((enum ledger_topic)i), &name) &&
             str_is(name, place->name)))
            load_topic(place, txn);
    }
}

struct publish_ack ledger_last_known(const struct ledger *ledger, enum ledger_topic topic,
                                     int32_t partition) {
    const struct ledger_topic_place *place = &ledger->topics[topic];
    return partition < place->last_count ? place->last[partition] : NONE_KNOWN;
}

int32_t ledger_partitions(const struct ledger *ledger, enum ledger_topic topic) {
    return ledger->topics[topic].partitions;
}

static void commit_event_ack(struct ledger_writer *writer, const struct publish_ack *ack) {
    char place[RECORD_PUBLISHED];
    record_put_published(place, ack->partition, ack->offset);
    store_put_seq(&writer->txn, STORE_PUBLISHED, ack->seq, (struct str){place, sizeof place});
    store_delete_seq(&writer->txn, STORE_OUTBOX, ack->seq);
    ledger_erase_confirmed(writer, ack->seq);
}

static void forget_last(struct ledger_writer *writer, enum ledger_topic topic) {
    const struct ledger_topic_place *place = &writer->ledger->topics[topic];
    char name[LEDGER_KEY_MAX];
    for (int32_t p = 0; p < place->last_count; p++)
        store_delete(&writer->txn, STORE_META, last_key(place, p, name));
    writer->change->topics[topic].anew = true;
}

void ledger_keep_partitions(struct ledger_writer *writer, enum ledger_topic topic,
                            int32_t partitions) {
    const struct ledger_topic_place *place = &writer->ledger->topics[topic];
    char name[LEDGER_KEY_MAX];
    forget_last(writer, topic);
    store_put(&writer->txn, STORE_META, ledger_partitions_key(place, name),
              (struct str){(const char *)&partitions, sizeof partitions});
    if (topic != LEDGER_EVENTS)
        store_put(&writer->txn, STORE_META, ledger_topic_key(topic), str_from(place->name));
    writer->change->topics[topic].partitions = partitions;
    writer->writes = true;
}

static enum store_table outbox_of(enum ledger_topic topic) {
    return topic == LEDGER_CURRENT ? STORE_CURRENT_OUTBOX : STORE_STATISTICS_OUTBOX;
}

static void commit_acks(struct ledger_writer *writer, const struct ledger_group *group,
                        enum ledger_topic topic) {
    const struct ledger_confirmed *confirmed = &group->confirmed[topic];
    const struct ledger_topic_place *place = &writer->ledger->topics[topic];
    if (confirmed->partitions)
        ledger_keep_partitions(writer, topic, confirmed->partitions);
    for (size_t i = 0; i < confirmed->ack_count; i++) {
        const struct publish_ack *ack = &confirmed->acks[i];
        if (topic == LEDGER_EVENTS)
            commit_event_ack(writer, ack);
        else
            store_delete_seq(&writer->txn, outbox_of(topic), ack->seq);
        writer->writes = true;
        // A broker that had this record already (a retry after a lost answer) does not tell where.
        if (ack->offset < 0)
            continue;
        // Reports of a partition come in order, so the last one here is the one to keep.
        ledger_keep_last(&writer->txn, place, ack);
    }
}

// The recovery tells it with the partitions. Made anew while we were idle, a topic shows it by a
// place that was taken already. What does not wait any more was confirmed before: a recovery that
// began before that was kept has found it once more.
static bool topic_is_new(struct ledger_writer *writer, const struct ledger_confirmed *confirmed,
                         enum ledger_topic topic) {
    struct str waiting;
    for (size_t i = 0; i < confirmed->ack_count; i++) {
        const struct publish_ack *ack = &confirmed->acks[i];
        if (ack->offset >= 0 &&
            ack->offset <= ledger_last_known(writer->ledger, topic, ack->partition).offset &&
            store_get_seq(&writer->txn, outbox_of(topic), ack->seq, &waiting))
            return true;
    }
    return confirmed->partitions > 0;
}

// All that is told is told to a topic that is new.
static void commit_table_acks(struct ledger_writer *writer, const struct ledger_group *group,
                              enum ledger_topic topic) {
    bool is_new = topic_is_new(writer, &group->confirmed[topic], topic);
    if (is_new)
        forget_last(writer, topic);
    commit_acks(writer, group, topic);
    if (is_new && topic == LEDGER_CURRENT)
        ledger_tell_current_anew(writer);
    else if (is_new)
        ledger_resend_statistics(writer);
}

void ledger_commit_acks(struct ledger_writer *writer, const struct ledger_group *group) {
    uint64_t outbox = store_entries(&writer->txn, STORE_OUTBOX);
    commit_acks(writer, group, LEDGER_EVENTS);
    commit_table_acks(writer, group, LEDGER_STATISTICS);
    commit_table_acks(writer, group, LEDGER_CURRENT);
    writer->change->confirmed = outbox - store_entries(&writer->txn, STORE_OUTBOX);
}

void ledger_apply_acks(struct ledger *ledger, const struct ledger_group *group) {
    for (int i = 0; i < LEDGER_TOPICS; i++) {
        const struct ledger_topic_change *change = &group->change->topics[i];
        const struct ledger_confirmed *confirmed = &group->confirmed[i];
        struct ledger_topic_place *place = &ledger->topics[i];
        if (change->anew)
            place->last_count = 0;
        if (change->partitions)
            place->partitions = change->partitions;
        for (size_t k = 0; k < confirmed->ack_count; k++)
            if (confirmed->acks[k].offset >= 0)
                set_last(place, confirmed->acks[k]);
    }
}
