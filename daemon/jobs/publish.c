// SPDX-License-Identifier: EUPL-1.2
// Ties each outbox of the ledger to its publisher. The publisher reads the outbox on the loop;
// what Kafka confirms goes to the pipeline, and only its commit takes an event out of the outbox.
// The streams share nothing, so a fault of one topic does not delay the other. The job owns
// the publishers.
#include "publish_private.h"

#include "base/mem.h"
#include "base/pii/log.h"
#include "codec/current.h"
#include "ledger/outbox.h"

#include <stdlib.h>
#include <string.h>

enum {
    CHANGE_MS = 5000, // how long Kafka may take to confirm when the settings change
    FILE_BYTES_MAX = 4 << 20,
};

static const char *named(const char *topic) {
    return strcmp(topic, "none") == 0 ? NULL : topic;
}

const char *kafka_counts_topic(const struct config *config) {
    return named(config->kafka_counts_topic);
}

const char *kafka_current_topic(const struct config *config) {
    return named(config->kafka_current_topic);
}

void kafka_name_topics(const struct config *config, struct ledger_options *options) {
    options->topic = config->kafka_topic;
    options->counts_topic = kafka_counts_topic(config);
    options->current_topic = kafka_current_topic(config);
}

// --- what is handed over ---

struct outbox_reader {
    const struct topic_stream *stream;
    struct ledger_outbox *outbox;
    struct event_attributes attributes; // of the event under way
    char key_name[DIGEST_HEX + 1];
    char signal[DIGEST_HEX + 1];
    struct buf value; // of a current signal
};

static void *open_outbox(void *ctx, uint64_t after) {
    const struct topic_stream *stream = ctx;
    struct ledger *ledger = stream->job->options.ledger;
    struct outbox_reader *reader = mem_zalloc(1, sizeof *reader);
    reader->stream = stream;
    reader->outbox = ledger_outbox_open(ledger, stream->topic, after);
    digest_to_hex(ledger_key_check(ledger), reader->key_name);
    buf_init(&reader->value, CURRENT_VALUE_MAX);
    return reader;
}

static void fill_event(struct outbox_reader *reader, const struct ledger_event *entry,
                       struct publish_event *event) {
    struct event_attributes *attributes = &reader->attributes;
    const struct config *config = reader->stream->job->options.config;
    const struct event_issuer issuer = {config->oin, config->type_prefix, config->data_regulation};
    event_fill_attributes(&entry->entry, &issuer, attributes);
    event->key = attributes->key;
    event->value = entry->event;
    for (size_t i = 0; i < attributes->count; i++)
        event->headers[event->header_count++] = (struct publish_header){
            attributes->list[i].header, {attributes->list[i].value, attributes->list[i].len}};
    event->headers[event->header_count++] =
        (struct publish_header){EVENT_HEADER_KEY, {reader->key_name, EVENT_KEY_HEX}};
}

// False: the line is damaged.
static bool fill_current(struct outbox_reader *reader, const struct outbox_entry *entry,
                         struct publish_event *event) {
    const struct municipalities *names = reader->stream->job->options.tables->municipalities;
    digest_to_hex(&entry->signal, reader->signal);
    event->key = (struct str){reader->signal, DIGEST_HEX};
    event->value = (struct str){NULL, 0};
    if (!entry->stands)
        return true;
    buf_clear(&reader->value);
    if (!current_make_value(&reader->value, &entry->event.entry, entry->event.kept, names))
        return false;
    event->value = buf_str(&reader->value);
    return true;
}

static bool next_event(void *ctx, struct publish_event *event) {
    struct outbox_reader *reader = ctx;
    struct outbox_entry entry;
    if (!ledger_outbox_next(reader->outbox, &entry))
        return false;
    event->seq = entry.seq;
    event->header_count = 0;
    if (reader->stream->topic == LEDGER_EVENTS) {
        fill_event(reader, &entry.event, event);
        return true;
    }
    if (reader->stream->topic == LEDGER_CURRENT) {
        if (!fill_current(reader, &entry, event))
            return false;
    } else {
        event->key = entry.key;
        event->value = entry.value;
    }
    event->headers[event->header_count++] =
        (struct publish_header){"content-type", STR("application/json")};
    return true;
}

static void close_outbox(void *ctx) {
    struct outbox_reader *reader = ctx;
    ledger_outbox_close(reader->outbox);
    buf_free(&reader->value);
    free(reader);
}

// --- what the ledger knows of a topic ---

static struct publish_ack last_known(void *ctx, int32_t partition) {
    const struct topic_stream *stream = ctx;
    return ledger_last_known(stream->job->options.ledger, stream->topic, partition);
}

static int32_t known_partitions(void *ctx) {
    const struct topic_stream *stream = ctx;
    return ledger_partitions(stream->job->options.ledger, stream->topic);
}

static void on_partitions(void *ctx, int32_t partitions) {
    const struct topic_stream *stream = ctx;
    pipeline_set_partitions(stream->job->options.pipeline, stream->topic, partitions);
}

static void on_acks(void *ctx, const struct publish_ack *acks, size_t count) {
    const struct topic_stream *stream = ctx;
    pipeline_add_acks(stream->job->options.pipeline, stream->topic, acks, count);
}

static void recovery_is_kept(void *ctx) {
    const struct topic_stream *stream = ctx;
    if (!stream->job->stopping)
        publisher_go(stream->publisher);
}

static void on_recovered(void *ctx) {
    struct topic_stream *stream = ctx;
    take_back_tell_forked(stream);
    if (stream->topic == LEDGER_CURRENT) {
        current_recovered(stream);
        return;
    }
    stream->recovered = true;
    if (!stream->job->stopping)
        pipeline_after_notes(stream->job->options.pipeline, stream->topic, recovery_is_kept,
                             stream);
}

static void on_state(void *ctx, enum publish_state state, const char *reason, bool alarm) {
    const struct topic_stream *stream = ctx;
    const char *name = stream->topic_name, *now = publish_state_name(state);
    if (alarm)
        log_alarm(ALARM_KAFKA, "kafka topic=%s state=%s reason=\"%s\"", name, now, reason);
    else
        log_notice("kafka topic=%s state=%s reason=\"%s\"", name, now, reason);
}

static void on_forged(void *ctx, uint64_t count, int32_t partition, int64_t offset) {
    const struct topic_stream *stream = ctx;
    log_alarm(ALARM_KAFKA_FORGED,
              "records in our name that are not ours: topic=%s count=%llu, the first in "
              "partition=%d offset=%lld: somebody else writes there",
              stream->topic_name, (unsigned long long)count, (int)partition, (long long)offset);
}

// --- start and stop ---

struct publish_options publish_options_to_read(const struct config *config,
                                               struct publish_setting *settings) {
    for (size_t i = 0; i < config->kafka_property_count; i++)
        settings[i] = (struct publish_setting){config->kafka_properties[i].name,
                                               config->kafka_properties[i].value};
    return (struct publish_options){.brokers = config->kafka_brokers,
                                    .ledger_id = "",
                                    .settings = settings,
                                    .setting_count = config->kafka_property_count,
                                    .recovery_wait_ms = config->kafka_recovery_wait_ms};
}

static struct publisher *create_publisher(struct topic_stream *stream, const struct config *config,
                                          bool held, struct err *err) {
    static const char *const kinds[] = {PUBLISH_KIND_EVENTS, PUBLISH_KIND_STATISTICS,
                                        PUBLISH_KIND_CURRENT};
    const bool current = stream->topic == LEDGER_CURRENT;
    struct publish_setting settings[KAFKA_PROPERTIES_MAX];
    for (size_t i = 0; i < config->kafka_property_count; i++)
        settings[i] = (struct publish_setting){config->kafka_properties[i].name,
                                               config->kafka_properties[i].value};
    struct publish_options options = {
        .brokers = stream->topic_name ? config->kafka_brokers : NULL,
        .topic = stream->topic_name,
        .ledger_id = ledger_id(stream->job->options.ledger),
        .key = &stream->job->record_key,
        .kind = kinds[stream->topic],
        .settings = settings,
        .setting_count = config->kafka_property_count,
        .recovery_wait_ms = config->kafka_recovery_wait_ms,
        .held = held,
        // Of others only the last of each key is worth anything, and all of them are sent again.
        .may_shrink = stream->topic != LEDGER_EVENTS,
        .open_outbox = open_outbox,
        .next_event = next_event,
        .close_outbox = close_outbox,
        .see = current ? current_see : take_back_see,
        .see_strange = current ? current_see_strange : NULL,
        .on_lacked = take_back_run,
        .last_known = last_known,
        .known_partitions = known_partitions,
        .on_partitions = on_partitions,
        .on_acks = on_acks,
        .on_recovered = on_recovered,
        .on_forged = on_forged,
        .on_state = on_state,
        .ctx = stream};
    return publisher_create(stream->job->options.loop, &options, err);
}

// A renewed certificate has the same name and another content.
static void digest_settings(const struct config *config, struct digest *out) {
    static const char ending[] = ".location";
    struct str parts[3 * KAFKA_PROPERTIES_MAX + 2] = {
        str_from(config->kafka_brokers),
        {(const char *)&config->kafka_recovery_wait_ms, sizeof config->kafka_recovery_wait_ms}};
    struct buf files[KAFKA_PROPERTIES_MAX] = {0};
    for (size_t i = 0; i < config->kafka_property_count; i++) {
        const struct kafka_property *property = &config->kafka_properties[i];
        size_t len = strlen(property->name);
        struct err ignored;
        if (len > sizeof ending && strcmp(property->name + len - (sizeof ending - 1), ending) == 0)
            (void)!str_read_file(property->value, FILE_BYTES_MAX, &files[i], &ignored);
        parts[2 + 3 * i] = str_from(property->name);
        parts[2 + 3 * i + 1] = str_from(property->value);
        parts[2 + 3 * i + 2] = buf_str(&files[i]);
    }
    hash_digest(&(struct hash_key){{0}}, "kafka", parts, 2 + 3 * config->kafka_property_count, out);
    for (size_t i = 0; i < config->kafka_property_count; i++) {
        if (files[i].data)
            hash_wipe(files[i].data, files[i].len);
        buf_free(&files[i]);
    }
}

struct publish_job *publish_job_create(const struct publish_job_options *options, struct err *err) {
    struct publish_job *job = mem_zalloc(1, sizeof *job);
    job->options = *options;
    job->options.sources = sources_ref(options->sources);
    job->options.tables = tables_ref(options->tables);
    hash_derive(ledger_identity_key(options->ledger), PUBLISH_KEY_USE, &job->record_key);
    digest_settings(options->config, &job->settings);
    job->streams[LEDGER_EVENTS].topic_name = options->config->kafka_topic;
    job->streams[LEDGER_STATISTICS].topic_name = kafka_counts_topic(options->config);
    job->streams[LEDGER_CURRENT].topic_name = kafka_current_topic(options->config);
    ledger_digest_names(options->tables->municipalities, &job->names);
    for (int i = 0; i < LEDGER_TOPICS; i++) {
        job->streams[i].job = job;
        job->streams[i].topic = (enum ledger_topic)i;
        job->streams[i].publisher = create_publisher(&job->streams[i], options->config, false, err);
        if (!job->streams[i].publisher) {
            publish_job_free(job);
            return NULL;
        }
    }
    return job;
}

// --- another configuration ---

bool publish_job_changes(const struct publish_job *job, const struct config *config) {
    struct digest settings;
    digest_settings(config, &settings);
    return !digest_equal(&settings, &job->settings);
}

bool publish_job_prepare(struct publish_job *job, const struct config *config, struct err *err) {
    struct publisher *next[LEDGER_TOPICS] = {NULL};
    if (!publish_job_changes(job, config))
        return true;
    bool ok = true;
    for (int i = 0; i < LEDGER_TOPICS && ok; i++)
        ok = (next[i] = create_publisher(&job->streams[i], config, true, err)) != NULL;
    for (int i = 0; i < LEDGER_TOPICS; i++) {
        struct publisher **place = ok ? &job->streams[i].next : &next[i];
        publisher_free(*place); // one that never began
        *place = ok ? next[i] : NULL;
    }
    if (ok)
        digest_settings(config, &job->settings);
    return ok;
}

static void on_stopped(void *ctx) {
    struct topic_stream *stream = ctx;
    struct publish_job *job = stream->job;
    if (--job->running == 0)
        job->stopped(job->stopped_ctx);
}

// What the one before had in hand is confirmed, or the next finds it in the topic: so its recovery
// is what keeps each event there once.
static void on_changed(void *ctx) {
    struct topic_stream *stream = ctx;
    publisher_free(stream->publisher);
    stream->publisher = stream->next;
    stream->next = NULL;
    stream->changing = stream->recovered = false;
    memset(stream->forked_upto, 0, sizeof stream->forked_upto); // it may be another topic
    if (stream->job->stopping)
        publisher_stop(stream->publisher, stream->job->patience_ms, on_stopped, stream);
    else
        publisher_begin(stream->publisher);
}

bool publish_change(struct topic_stream *stream) {
    if (!stream->next || stream->changing || stream->taking_back)
        return false;
    stream->changing = true;
    publisher_stop(stream->publisher, CHANGE_MS, on_changed, stream);
    return true;
}

void publish_job_use(struct publish_job *job, struct sources *sources, struct tables *tables) {
    sources_unref(job->options.sources);
    tables_unref(job->options.tables);
    job->options.sources = sources_ref(sources);
    job->options.tables = tables_ref(tables);
    ledger_digest_names(tables->municipalities, &job->names);
    for (int i = 0; i < LEDGER_TOPICS; i++)
        (void)publish_change(&job->streams[i]);
    current_tell(job);
}

void publish_job_wake(struct publish_job *job) {
    for (int i = 0; i < LEDGER_TOPICS; i++)
        publisher_wake(job->streams[i].publisher);
    current_tell(job);
}

void publish_job_status(const struct publish_job *job, enum ledger_topic topic,
                        struct publish_status *status) {
    publisher_status(job->streams[topic].publisher, status);
}

bool publish_job_is_current(const struct publish_job *job) {
    return !job->options.config->kafka_brokers || job->streams[LEDGER_EVENTS].recovered;
}

uint64_t publish_job_taken_back(const struct publish_job *job) {
    return job->taken_back;
}

uint64_t publish_job_forked(const struct publish_job *job) {
    return job->forked;
}

void publish_job_stop(struct publish_job *job, int64_t timeout_ms, void (*stopped)(void *ctx),
                      void *ctx) {
    job->stopping = true;
    job->patience_ms = timeout_ms;
    job->stopped = stopped;
    job->stopped_ctx = ctx;
    job->running = LEDGER_TOPICS;
    for (int i = 0; i < LEDGER_TOPICS; i++)
        if (!job->streams[i].changing) // else once it has changed
            publisher_stop(job->streams[i].publisher, timeout_ms, on_stopped, &job->streams[i]);
}

void publish_job_free(struct publish_job *job) {
    if (!job)
        return;
    for (int i = 0; i < LEDGER_TOPICS; i++) {
        publisher_free(job->streams[i].publisher);
        publisher_free(job->streams[i].next);
    }
    for (int i = 0; i < LEDGER_TOPICS; i++) {
        take_back_free(&job->streams[i]);
        current_free(&job->streams[i]);
    }
    sources_unref(job->options.sources);
    tables_unref(job->options.tables);
    hash_wipe(&job->record_key, sizeof job->record_key);
    free(job);
}
