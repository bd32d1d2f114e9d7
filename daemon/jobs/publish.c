// SPDX-License-Identifier: EUPL-1.2
#include "jobs/publish.h"

#include "base/mem.h"
#include "base/pii/log.h"
#include "codec/event.h"

#include <stdlib.h>
#include <string.h>

struct kafka {
    struct kafka_options options;
    struct way {
        struct kafka *kafka;
        enum books_topic topic;
        const char *topic_name; // NULL: there is no such way
        struct publisher *publisher;
    } ways[BOOKS_TOPICS];
    bool stopping;
    int running; // ways that have not stopped yet
    void (*stopped)(void *ctx);
    void *stopped_ctx;
};

const char *kafka_counts_topic(const struct config *config) {
    return strcmp(config->kafka_counts_topic, "none") == 0 ? NULL : config->kafka_counts_topic;
}

// --- what is handed over ---

struct handing {
    const struct kafka *kafka;
    bool (*put)(void *ctx, const struct publish_event *event);
    void *ctx;
};

static bool on_event(void *ctx, const struct books_line *line) {
    struct handing *handing = ctx;
    struct event_attributes attributes;
    event_attributes(&line->row, handing->kafka->options.config->oin, &attributes);
    struct publish_event event = {
        .seq = line->row.seq, .key = attributes.key, .value = line->event};
    for (size_t i = 0; i < attributes.count; i++)
        event.headers[event.header_count++] = (struct publish_header){
            attributes.list[i].header, {attributes.list[i].value, attributes.list[i].len}};
    char key_name[DIGEST_HEX + 1];
    digest_to_hex(books_key_check(handing->kafka->options.books), key_name);
    event.headers[event.header_count++] =
        (struct publish_header){EVENT_HEADER_KEY, {key_name, EVENT_KEY_HEX}};
    return handing->put(handing->ctx, &event);
}

static bool on_figure(void *ctx, const struct books_figure_waiting *figure) {
    struct handing *handing = ctx;
    const struct publish_event event = {.seq = figure->seq,
                                        .key = figure->key,
                                        .value = figure->value,
                                        .headers = {{"content-type", STR("application/json")}},
                                        .header_count = 1};
    return handing->put(handing->ctx, &event);
}

static void read_outbox(void *ctx, uint64_t after, size_t max,
                        bool (*put)(void *put_ctx, const struct publish_event *event),
                        void *put_ctx) {
    const struct way *way = ctx;
    struct books *books = way->kafka->options.books;
    struct handing handing = {way->kafka, put, put_ctx};
    if (way->topic == BOOKS_EVENTS)
        books_each_waiting(books, after, max, on_event, &handing);
    else
        books_each_figure_waiting(books, after, max, on_figure, &handing);
}

// --- what the books know of a topic ---

static int64_t known_offset(void *ctx, int32_t partition) {
    const struct way *way = ctx;
    return books_known_offset(way->kafka->options.books, way->topic, partition);
}

static int32_t known_partitions(void *ctx) {
    const struct way *way = ctx;
    return books_partitions(way->kafka->options.books, way->topic);
}

static void on_partitions(void *ctx, int32_t partitions) {
    const struct way *way = ctx;
    pipeline_set_partitions(way->kafka->options.pipeline, way->topic, partitions);
}

static void on_acks(void *ctx, const struct publish_ack *acks, size_t count) {
    const struct way *way = ctx;
    pipeline_add_acks(way->kafka->options.pipeline, way->topic, acks, count);
}

static void tail_is_kept(void *ctx) {
    const struct way *way = ctx;
    if (!way->kafka->stopping)
        publisher_go(way->publisher);
}

static void on_tail(void *ctx) {
    struct way *way = ctx;
    if (!way->kafka->stopping)
        pipeline_after_notes(way->kafka->options.pipeline, way->topic, tail_is_kept, way);
}

static void on_state(void *ctx, enum publish_state state, const char *reason, bool alarm) {
    const struct way *way = ctx;
    enum log_level level = alarm ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE;
    if (way->topic == BOOKS_EVENTS)
        log_line(level, "kafka state=%s reason=\"%s\"", publish_state_name(state), reason);
    else
        log_line(level, "kafka topic=%s state=%s reason=\"%s\"", way->topic_name,
                 publish_state_name(state), reason);
}

// --- start and stop ---

static bool create_publisher(struct way *way, struct err *err) {
    struct publish_setting settings[KAFKA_PROPERTIES_MAX];
    const struct config *config = way->kafka->options.config;
    for (size_t i = 0; i < config->kafka_property_count; i++)
        settings[i] = (struct publish_setting){config->kafka_properties[i].name,
                                               config->kafka_properties[i].value};
    struct publish_options options = {.brokers = way->topic_name ? config->kafka_brokers : NULL,
                                      .topic = way->topic_name,
                                      .origin = books_origin(way->kafka->options.books),
                                      .settings = settings,
                                      .setting_count = config->kafka_property_count,
                                      .grace_ms = config->kafka_grace_ms,
                                      // Of figures only the last of each key is worth anything, and
                                      // all of them are sent again.
                                      .may_shrink = way->topic == BOOKS_FIGURES,
                                      .read_outbox = read_outbox,
                                      .known_offset = known_offset,
                                      .known_partitions = known_partitions,
                                      .on_partitions = on_partitions,
                                      .on_acks = on_acks,
                                      .on_tail = on_tail,
                                      .on_state = on_state,
                                      .ctx = way};
    way->publisher = publisher_create(way->kafka->options.loop, &options, err);
    return way->publisher != NULL;
}

struct kafka *kafka_create(const struct kafka_options *options, struct err *err) {
    struct kafka *kafka = mem_zalloc(1, sizeof *kafka);
    kafka->options = *options;
    kafka->ways[BOOKS_EVENTS].topic_name = options->config->kafka_topic;
    kafka->ways[BOOKS_FIGURES].topic_name = kafka_counts_topic(options->config);
    for (int i = 0; i < BOOKS_TOPICS; i++) {
        kafka->ways[i].kafka = kafka;
        kafka->ways[i].topic = (enum books_topic)i;
        if (!create_publisher(&kafka->ways[i], err)) {
            kafka_free(kafka);
            return NULL;
        }
    }
    return kafka;
}

void kafka_wake(struct kafka *kafka) {
    for (int i = 0; i < BOOKS_TOPICS; i++)
        publisher_wake(kafka->ways[i].publisher);
}

void kafka_status(const struct kafka *kafka, enum books_topic topic,
                  struct publish_status *status) {
    publisher_status(kafka->ways[topic].publisher, status);
}

static void on_stopped(void *ctx) {
    struct way *way = ctx;
    struct kafka *kafka = way->kafka;
    if (--kafka->running == 0)
        kafka->stopped(kafka->stopped_ctx);
}

void kafka_stop(struct kafka *kafka, int64_t timeout_ms, void (*stopped)(void *ctx), void *ctx) {
    kafka->stopping = true;
    kafka->stopped = stopped;
    kafka->stopped_ctx = ctx;
    kafka->running = BOOKS_TOPICS;
    for (int i = 0; i < BOOKS_TOPICS; i++)
        publisher_stop(kafka->ways[i].publisher, timeout_ms, on_stopped, &kafka->ways[i]);
}

void kafka_free(struct kafka *kafka) {
    if (!kafka)
        return;
    for (int i = 0; i < BOOKS_TOPICS; i++)
        publisher_free(kafka->ways[i].publisher);
    free(kafka);
}
