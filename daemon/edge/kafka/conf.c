// SPDX-License-Identifier: EUPL-1.2
// Settings of librdkafka: the operator's, and over them the ones that "never lost, never
// reordered, once in the topic" depends on.
#include "publisher_private.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WARM_UP_MS = 2000 };

struct pair {
    const char *name, *value;
};

// An operator may change these.
static const struct pair producer_defaults[] = {
    {"compression.codec", "lz4"},
    // While a batch may not be sent yet, since five are on their way, its thread polls without a
    // pause. So batches are full ones under load, and hardly more events wait than five of them
    // hold.
    {"linger.ms", "50"},
    {"queue.buffering.max.messages", "4000"},
    {"queue.buffering.max.kbytes", "32768"},
    {"reconnect.backoff.max.ms", "2000"},
    {"socket.keepalive.enable", "true"},
    {"socket.nagle.disable", "true"},
};

static const struct pair producer_musts[] = {
    {"enable.idempotence", "true"}, // acks=all, no reordering, no duplicates within a session
    {"message.timeout.ms", "0"},    // never given up: the outbox outlives any outage
    // A permanent failure of a batch stops all behind it, where it would else leave a gap.
    {"enable.gapless.guarantee", "true"},
    {"allow.auto.create.topics", "false"},
};

// A topic whose max.message.bytes was lowered refuses a full batch for its size. An event has at
// most 16 KiB, and so has then a batch of several.
static const struct pair small_batches[] = {
    {"batch.size", "16384"},
};

static const struct pair consumer_musts[] = {
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"enable.partition.eof", "true"},
    {"auto.offset.reset", "error"},
    // A stuck transaction of another writer must not hide our records behind it.
    {"isolation.level", "read_uncommitted"},
    {"allow.auto.create.topics", "false"},
    {"queued.max.messages.kbytes", "8192"},
    {"fetch.message.max.bytes", "4194304"},
    // librdkafka 2.0 waits so long for room in that queue too; it is read empty in less than half a
    // second, the default.
    {"fetch.error.backoff.ms", "20"},
    {"fetch.wait.max.ms", "100"},
};

int32_t publish_partition(struct str key, int32_t partitions) {
    assert(partitions > 0);
    return rd_kafka_msg_partitioner_murmur2(NULL, key.data, key.len, partitions, NULL, NULL);
}

struct publish_conf *publish_conf_copy(const struct publish_options *options) {
    struct publish_conf *conf = mem_zalloc(1, sizeof *conf);
    conf->brokers = mem_strdup(options->brokers);
    conf->topic = mem_strdup(options->topic);
    conf->ledger_id = mem_strdup(options->ledger_id);
    conf->kind = options->kind;
    conf->key = *options->key;
    conf->settings = mem_zalloc(options->setting_count, sizeof *conf->settings);
    conf->setting_count = options->setting_count;
    conf->noted = mem_zalloc(1, sizeof *conf->noted);
    for (size_t i = 0; i < options->setting_count; i++)
        conf->settings[i] = (struct publish_setting){mem_strdup(options->settings[i].name),
                                                     mem_strdup(options->settings[i].value)};
    return conf;
}

void publish_conf_free(struct publish_conf *conf) {
    if (!conf)
        return;
    for (size_t i = 0; i < conf->setting_count; i++) {
        free((char *)conf->settings[i].name);
        free((char *)conf->settings[i].value);
    }
    free(conf->settings);
    free(conf->noted);
    free(conf->brokers);
    free(conf->topic);
    free(conf->ledger_id);
    hash_wipe(&conf->key, sizeof conf->key);
    free(conf);
}

// The value may be a password: it stays out of the text.
static bool set_operators(rd_kafka_conf_t *kafka, const struct publish_setting *settings,
                          size_t count, struct err *err) {
    for (size_t i = 0; i < count; i++) {
        const struct publish_setting *setting = &settings[i];
        if (rd_kafka_conf_set(kafka, setting->name, setting->value, NULL, 0) != RD_KAFKA_CONF_OK)
            return err_set(err, ERR_CONFIG,
                           "Kafka setting %.60s: unknown to librdkafka, or not a value it takes",
                           setting->name);
    }
    return true;
}

static void set_own(rd_kafka_conf_t *kafka, const struct pair *pairs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        rd_kafka_conf_res_t rc = rd_kafka_conf_set(kafka, pairs[i].name, pairs[i].value, NULL, 0);
        assert(rc == RD_KAFKA_CONF_OK);
        (void)rc;
    }
}

// What a killed process had given to the kernel would still be sent, and could reach the broker
// after its successor has read the recovery: a duplicate. With a linger time of zero the kernel
// throws it away and resets the connection. An orderly stop loses nothing by it: it closes when all
// is confirmed, and what is not confirmed stays in the outbox.
static int open_socket(int domain, int type, int protocol, void *opaque) {
    (void)opaque;
    int fd = socket(domain, type | SOCK_CLOEXEC, protocol);
    const struct linger none = {.l_onoff = 1, .l_linger = 0};
    if (fd >= 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    return fd;
}

// Takes kafka over. Without brokers it connects to nothing.
static rd_kafka_t *make_client(rd_kafka_type_t type, rd_kafka_conf_t *kafka, const char *brokers,
                               struct err *err) {
    // Whatever matters also comes as an error event or a delivery report.
    rd_kafka_conf_set_log_cb(kafka, NULL);
    char text[160] = "";
    rd_kafka_t *client = NULL;
    if (!brokers || rd_kafka_conf_set(kafka, "bootstrap.servers", brokers, text, sizeof text) ==
                        RD_KAFKA_CONF_OK)
        client = rd_kafka_new(type, kafka, text, sizeof text);
    if (client)
        return client;
    rd_kafka_conf_destroy(kafka);
    err_set(err, ERR_CONFIG, "Kafka client: %s", text);
    return NULL;
}

static rd_kafka_conf_t *producer_conf(const struct publish_setting *settings, size_t count,
                                      struct err *err) {
    rd_kafka_conf_t *kafka = rd_kafka_conf_new();
    set_own(kafka, producer_defaults, sizeof producer_defaults / sizeof producer_defaults[0]);
    if (!set_operators(kafka, settings, count, err)) {
        rd_kafka_conf_destroy(kafka);
        return NULL;
    }
    set_own(kafka, producer_musts, sizeof producer_musts / sizeof producer_musts[0]);
    rd_kafka_conf_set_events(kafka, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
    rd_kafka_conf_set_socket_cb(kafka, open_socket);
    return kafka;
}

rd_kafka_t *publish_conf_producer(const struct publish_conf *conf, struct err *err) {
    rd_kafka_conf_t *kafka = producer_conf(conf->settings, conf->setting_count, err);
    if (kafka)
        publish_note_causes(kafka, conf, false);
    if (kafka && conf->small_batches)
        set_own(kafka, small_batches, sizeof small_batches / sizeof small_batches[0]);
    return kafka ? make_client(RD_KAFKA_PRODUCER, kafka, conf->brokers, err) : NULL;
}

void publish_conf_warm_up(const struct publish_conf *conf, rd_kafka_t *producer) {
    rd_kafka_topic_t *topic = rd_kafka_topic_new(producer, conf->topic, NULL);
    const rd_kafka_metadata_t *metadata;
    if (topic &&
        rd_kafka_metadata(producer, 0, topic, &metadata, WARM_UP_MS) == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(metadata);
    if (topic)
        rd_kafka_topic_destroy(topic);
}

rd_kafka_t *publish_conf_consumer(const struct publish_conf *conf, struct err *err) {
    rd_kafka_conf_t *kafka = rd_kafka_conf_new();
    if (!set_operators(kafka, conf->settings, conf->setting_count, err)) {
        rd_kafka_conf_destroy(kafka);
        return NULL;
    }
    set_own(kafka, consumer_musts, sizeof consumer_musts / sizeof consumer_musts[0]);
    publish_note_causes(kafka, conf, true);
    return make_client(RD_KAFKA_CONSUMER, kafka, conf->brokers, err);
}

bool publish_settings_check(const struct publish_setting *settings, size_t count, struct err *err) {
    rd_kafka_conf_t *kafka = producer_conf(settings, count, err);
    rd_kafka_t *client = kafka ? make_client(RD_KAFKA_PRODUCER, kafka, NULL, err) : NULL;
    if (!client)
        return false;
    rd_kafka_destroy(client);
    return true;
}
