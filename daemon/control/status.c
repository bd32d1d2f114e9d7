// SPDX-License-Identifier: EUPL-1.2
// GET /v1/status and GET /metrics: the same numbers for people and for Prometheus.
#include "control_private.h"

#include "base/pii/log.h"
#include "codec/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FAILING_MAX = 20 }; // feeds that are named

struct status_numbers {
    const struct totals *totals;
    struct push_status push;
    struct pipeline_status pipeline;
    struct feeds_status feeds;
    struct publish_status publish, publish_counts;
    struct store_usage usage;
    uint64_t accepted, waiting, statistics_waiting, quarantined, words, audited, own_bytes,
        mapped_bytes, taken_back, forked;
    int64_t signals, persons, last_commit_ms, oldest_waiting_ms, uptime_s;
};

// From /proc/self/statm (proc(5)), in pages: the second number is all that is in memory, the third
// what of it is pages of files. All 0 where /proc is not to be had.
static void measure_memory(struct status_numbers *f) {
    struct buf text = {0};
    struct err err;
    unsigned long long pages = 0, of_files = 0;
    if (!str_read_file("/proc/self/statm", 256, &text, &err))
        return;
    char *line = buf_take(&text);
    if (sscanf(line, "%*u %llu %llu", &pages, &of_files) == 2 && of_files <= pages) {
        f->mapped_bytes = of_files * (uint64_t)sysconf(_SC_PAGESIZE);
        f->own_bytes = (pages - of_files) * (uint64_t)sysconf(_SC_PAGESIZE);
    }
    buf_free(&text);
    free(line);
}

static void gather(struct control *control, struct status_numbers *f) {
    const struct control_options *o = &control->options;
    memset(f, 0, sizeof *f);
    f->totals = ledger_totals(o->ledger);
    f->accepted = ledger_last_seq(o->ledger);
    f->waiting = ledger_unpublished(o->ledger);
    f->quarantined = ledger_quarantined(o->ledger);
    f->signals = counts_total(ledger_counts(o->ledger));
    f->persons = f->signals - (int64_t)persons_repeats(ledger_persons(o->ledger));
    f->words = ledger_unmapped(o->ledger);
    f->audited = ledger_audit_last(o->ledger);
    f->last_commit_ms = ledger_last_commit_ms(o->ledger);
    f->oldest_waiting_ms = ledger_oldest_waiting_ms(o->ledger);
    f->uptime_s = (loop_wall_ms() - control->started_ms) / 1000;
    measure_memory(f);
    push_get_status(o->push, &f->push);
    pipeline_get_status(o->pipeline, &f->pipeline);
    feeds_get_status(o->feeds, &f->feeds);
    ledger_usage(o->ledger, &f->usage);
    publish_job_status(o->kafka, LEDGER_EVENTS, &f->publish);
    publish_job_status(o->kafka, LEDGER_STATISTICS, &f->publish_counts);
    f->taken_back = publish_job_taken_back(o->kafka);
    f->forked = publish_job_forked(o->kafka);
    f->statistics_waiting = ledger_statistics_unpublished(o->ledger);
}

static uint64_t received(const struct totals *totals) {
    uint64_t sum = 0;
    for (int v = 0; v < VERDICT_COUNT; v++)
        sum += totals->verdicts[v];
    return sum;
}

static uint64_t published(const struct status_numbers *f) {
    return f->accepted - f->waiting - f->totals->never_published;
}

static void put_intake(struct json_out *json, const struct control *control,
                       const struct status_numbers *f) {
    const struct config *config = control->options.config;
    char listen[128];
    (void)snprintf(listen, sizeof listen, "%s:%u",
                   config->listen_address ? config->listen_address : "",
                   push_port(control->options.push));
    json_open_key(json, "intake", '{');
    json_put_text(json, "listen", push_port(control->options.push) ? listen : NULL);
    control_put_time(json, "certificateEnds", f->push.certificate_ends_s * 1000);
    json_put_bool(json, "full", admission_full(admission_now(control->options.admission)));
    json_put_u64(json, "connections", f->push.connections);
    json_put_u64(json, "sharesFull", f->push.usage.shares_full);
    json_put_u64(json, "requests", f->push.requests);
    json_put_u64(json, "requestsRefused", f->push.requests_refused);
    json_put_u64(json, "received", received(f->totals));
    for (int v = 0; v < VERDICT_COUNT; v++)
        json_put_u64(json, verdict_name((enum verdict)v), f->totals->verdicts[v]);
    json_put_u64(json, "unknownFields", f->totals->unknown_fields);
    json_put_u64(json, "unmapped", f->totals->unmapped);
    json_put_u64(json, "unknownMunicipalities", f->totals->unknown_municipalities);
    json_close(json, '}');
}

static void put_ledger(struct json_out *json, const struct status_numbers *f) {
    json_open_key(json, "ledger", '{');
    json_put_u64(json, "accepted", f->accepted);
    json_put_u64(json, "published", published(f));
    json_put_u64(json, "neverPublished", f->totals->never_published);
    json_put_u64(json, "waiting", f->waiting);
    json_put_i64(json, "signals", f->signals);
    json_put_i64(json, "persons", f->persons);
    json_put_u64(json, "expired", f->totals->expired);
    json_put_u64(json, "erased", f->totals->erased);
    json_put_u64(json, "remapped", f->totals->remapped);
    json_put_u64(json, "unmappedKept", f->words);
    json_put_u64(json, "audited", f->audited);
    control_put_time(json, "lastCommit", f->last_commit_ms);
    json_put_u64(json, "commits", f->pipeline.commits);
    json_put_u64(json, "commitsFailed", f->pipeline.commits_failed);
    json_put_u64(json, "usedBytes", f->usage.used_bytes);
    json_put_u64(json, "maxBytes", f->usage.max_bytes);
    json_close(json, '}');
}

static void put_last_error(struct json_out *json, const struct publish_status *publish) {
    const struct publish_trouble *trouble = &publish->trouble;
    const char *advice = publish_cause_advice(trouble->cause);
    json_put_text(json, "lastError", trouble->text[0] ? trouble->text : NULL);
    json_put_text(json, "whatToDo", *advice ? advice : NULL);
}

static uint64_t forged(const struct status_numbers *f) {
    return f->publish.forged + f->publish_counts.forged;
}

static void put_kafka(struct json_out *json, const struct control *control,
                      const struct status_numbers *f) {
    const struct config *config = control->options.config;
    json_open_key(json, "kafka", '{');
    json_put_text(json, "state", publish_state_name(f->publish.state));
    json_put_text(json, "brokers", config->kafka_brokers);
    json_put_text(json, "topic", config->kafka_topic);
    json_put_i64(json, "partitions", f->publish.partitions);
    json_put_u64(json, "inFlight", f->publish.in_flight);
    json_put_u64(json, "delivered", f->publish.delivered);
    json_put_u64(json, "restarts", f->publish.restarts);
    json_put_u64(json, "forged", forged(f));
    json_put_u64(json, "takenBack", f->taken_back);
    json_put_u64(json, "forked", f->forked);
    control_put_time(json, "certificateEnds",
                     f->feeds.certificates.first_s[CERTIFICATE_KIND_KAFKA] * 1000);
    put_last_error(json, &f->publish);
    json_open_key(json, "counts", '{');
    json_put_text(json, "state", publish_state_name(f->publish_counts.state));
    json_put_text(json, "topic", kafka_counts_topic(config));
    json_put_u64(json, "waiting", f->statistics_waiting);
    put_last_error(json, &f->publish_counts);
    json_close(json, '}');
    json_close(json, '}');
}

struct failing {
    struct json_out *json;
    size_t left;
};

static bool put_failing(void *ctx, const struct feed_view *view) {
    struct failing *failing = ctx;
    json_open(failing->json, '{');
    json_put_text(failing->json, "name", view->source->name);
    json_put_text(failing->json, "reason", view->failure);
    control_put_time(failing->json, "since", view->failing_ms);
    json_close(failing->json, '}');
    return --failing->left > 0;
}

static void put_feeds(struct json_out *json, const struct control *control,
                      const struct status_numbers *f) {
    json_open_key(json, "feeds", '{');
    json_put_u64(json, "sources", control->sources->count);
    json_put_u64(json, "polled", f->feeds.feeds);
    json_put_u64(json, "failing", f->feeds.failing);
    json_put_u64(json, "silent", f->feeds.silent);
    json_put_u64(json, "paused", f->feeds.paused);
    json_put_u64(json, "held", f->feeds.held);
    json_put_u64(json, "quarantined", f->quarantined);
    control_put_time(json, "certificateEnds",
                     f->feeds.certificates.first_s[CERTIFICATE_KIND_CLIENT] * 1000);
    control_put_time(json, "authorityEnds",
                     f->feeds.certificates.first_s[CERTIFICATE_KIND_AUTHORITY] * 1000);
    json_open_key(json, "failingList", '[');
    feeds_each_failing(control->options.feeds, put_failing, &(struct failing){json, FAILING_MAX});
    json_close(json, ']');
    json_close(json, '}');
}

void control_put_status(struct json_out *json, struct control *control) {
    struct status_numbers f;
    gather(control, &f);
    json_open(json, '{');
    json_put_text(json, "version", SIGNAALD_VERSION);
    control_put_time(json, "started", control->started_ms);
    json_put_i64(json, "uptimeSeconds", f.uptime_s);
    put_intake(json, control, &f);
    put_ledger(json, &f);
    put_kafka(json, control, &f);
    put_feeds(json, control, &f);
    json_open_key(json, "memory", '{');
    json_put_u64(json, "ownBytes", f.own_bytes);
    json_put_u64(json, "mappedBytes", f.mapped_bytes);
    json_close(json, '}');
    json_close(json, '}');
}

void control_status(struct control *control, struct http_request *request) {
    struct http_reply reply = {0};
    struct json_out json = {.buf = reply_body(&reply, 200, "application/json")};
    control_put_status(&json, control);
    control_send(request, &reply);
}

// What ends in _total only grows: a counter, as Prometheus has it.
static void metric(struct buf *out, const char *name, const char *help, uint64_t value) {
    size_t len = strlen(name);
    const char *type = len > 6 && strcmp(name + len - 6, "_total") == 0 ? "counter" : "gauge";
    buf_printf(out, "# HELP signaald_%s %s\n# TYPE signaald_%s %s\nsignaald_%s %llu\n", name, help,
               name, type, name, (unsigned long long)value);
}

// What an alarm says for as long as it lasts, and how often each was told: so that one that is over
// before the next scrape is seen too.
static void put_alarm_metrics(struct buf *out, const struct status_numbers *f,
                              const struct control *control) {
    const struct admission_levels *levels = admission_now(control->options.admission);
    buf_puts(out, "# HELP signaald_alarms_total Lines of the log that ask for a person, since the "
                  "start\n# TYPE signaald_alarms_total counter\n");
    for (int i = 0; i < ALARM_COUNT; i++)
        buf_printf(out, "signaald_alarms_total{code=\"%s\"} %llu\n", alarms[i].code,
                   (unsigned long long)log_alarm_count((enum alarm)i));
    metric(out, "commits_fail", "1 while commits fail, and senders get 503", levels->commits_fail);
    metric(out, "intake_full", "1 while there is no room, and senders get 429",
           admission_full(levels) != NULL);
    metric(out, "reads_refused", "1 while the audit log has its share, and reads are refused",
           admission_reads_refused(levels) != NULL);
    metric(out, "audit_bytes", "The audit log on disk", levels->audit_bytes);
    metric(out, "audit_bytes_max", "Limit: from here on exact reads are refused",
           admission_audit_max(levels));
    metric(out, "backlog_bytes", "Waits for Kafka, about", levels->backlog_bytes);
    metric(out, "backlog_bytes_max", "Limit: from here on senders get 429",
           levels->backlog_bytes_max);
    metric(out, "disk_used_percent", "Of the disk of the state directory",
           levels->disk_blocks ? 100 - levels->disk_free * 100 / levels->disk_blocks : 0);
    metric(out, "disk_used_percent_max", "Limit: from here on senders get 429",
           levels->disk_percent_max);
    metric(out, "uptime_seconds", "Since the start", (uint64_t)f->uptime_s);
    metric(out, "last_commit_timestamp_seconds",
           "When the last commit was; 0: none since the start", (uint64_t)f->last_commit_ms / 1000);
    metric(out, "oldest_waiting_timestamp_seconds",
           "When the oldest event was accepted that Kafka has not confirmed; 0: none waits",
           (uint64_t)f->oldest_waiting_ms / 1000);
}

static void put_kafka_state(struct buf *out, const char *topic,
                            const struct publish_status *publish) {
    for (int state = 0; topic && state < PUBLISH_STATES; state++)
        buf_printf(out, "signaald_kafka_state{topic=\"%s\",state=\"%s\"} %d\n", topic,
                   publish_state_name((enum publish_state)state), (int)publish->state == state);
}

static void put_kafka_states(struct buf *out, const struct status_numbers *f,
                             const struct config *config) {
    buf_puts(out, "# HELP signaald_kafka_state 1 for the state in which a topic is\n"
                  "# TYPE signaald_kafka_state gauge\n");
    put_kafka_state(out, config->kafka_topic, &f->publish);
    put_kafka_state(out, kafka_counts_topic(config), &f->publish_counts);
}

static void put_feed_metrics(struct buf *out, const struct status_numbers *f) {
    metric(out, "not_quarantined_total",
           "Bad items of polled pages that had no room in the quarantine",
           f->totals->not_quarantined);
    metric(out, "feeds", "Polled feeds", f->feeds.feeds);
    metric(out, "feeds_failing", "Polled feeds whose last poll failed", f->feeds.failing);
    metric(out, "polls_total", "Polls", f->feeds.polls);
    metric(out, "poll_failures_total", "Polls that failed", f->feeds.failures);
    metric(out, "feeds_silent", "Sources that have fallen silent", f->feeds.silent);
    metric(out, "feeds_paused", "Polled feeds that an operator has paused", f->feeds.paused);
    metric(out, "feeds_doubtful",
           "Polled feeds whose list may have been cut off: a round number of items, no next page",
           f->feeds.doubtful);
    metric(out, "feeds_held",
           "Polled feeds whose complete list lacks more than is withdrawn at once", f->feeds.held);
    metric(out, "poll_pages_total", "Pages that polls brought", f->feeds.pages);
    metric(out, "poll_not_modified_total", "Polls that brought nothing new", f->feeds.not_modified);
    metric(out, "poll_hints_total", "Notifications that something changed at a source",
           f->feeds.hints);
    metric(out, "quarantined", "Items and pages in quarantine", f->quarantined);
    metric(out, "quarantined_max", "Limit: entries of the quarantine", LEDGER_QUARANTINE_MAX);
}

static void put_trouble(struct buf *out, const char *of, const struct publish_trouble *trouble) {
    buf_printf(out, "signaald_kafka_trouble{of=\"%s\",cause=\"%s\"} %d\n", of,
               publish_cause_name(trouble->cause), trouble->text[0] != '\0');
}

static void put_ledger_metrics(struct buf *out, const struct status_numbers *f) {
    metric(out, "received_total", "Signals received, whatever their verdict", received(f->totals));
    buf_puts(out, "# HELP signaald_verdicts_total Signals received, by verdict\n"
                  "# TYPE signaald_verdicts_total counter\n");
    for (int v = 0; v < VERDICT_COUNT; v++)
        buf_printf(out, "signaald_verdicts_total{verdict=\"%s\"} %llu\n",
                   verdict_name((enum verdict)v), (unsigned long long)f->totals->verdicts[v]);
    metric(out, "accepted_total", "Events in the ledger", f->accepted);
    metric(out, "published_total", "Events that Kafka has confirmed", published(f));
    metric(out, "never_published_total",
           "Events that expired where there is no Kafka to send them to, or were lost with a disk",
           f->totals->never_published);
    metric(out, "waiting", "Events that Kafka has not confirmed", f->waiting);
    metric(out, "statistics_waiting", "Statistics for outside that Kafka has not confirmed",
           f->statistics_waiting);
    metric(out, "requests_refused_total", "Requests refused as a whole", f->push.requests_refused);
    metric(out, "unknown_fields_total", "Fields dropped since nobody knows them",
           f->totals->unknown_fields);
    metric(out, "unknown_words_total", "Words that no table has", f->totals->unmapped);
    metric(out, "unknown_municipalities_total", "Municipalities that did not resolve",
           f->totals->unknown_municipalities);
    metric(out, "unmapped", "Words that no table has, by source: signaalctl unmapped", f->words);
    metric(out, "unmapped_max", "Limit: words that are kept", LEDGER_UNMAPPED_MAX);
    metric(out, "unmapped_not_kept_total", "Words for which there was no room",
           f->totals->unmapped_not_kept);
    metric(out, "signals", "Signals that count", (uint64_t)f->signals);
    metric(out, "persons", "Persons that these are about", (uint64_t)f->persons);
    metric(out, "expired_total", "Signals that are no longer kept, but counted",
           f->totals->expired);
    metric(out, "erased_total", "Signals erased on request", f->totals->erased);
    metric(out, "remapped_total", "Versions that new tables made", f->totals->remapped);
    metric(out, "audit_lines_total", "Lines of the audit log", f->audited);
    metric(out, "commits_total", "Commits", f->pipeline.commits);
    metric(out, "commits_failed_total", "Commits that failed", f->pipeline.commits_failed);
    metric(out, "queue_batches", "Batches that wait for a commit", f->pipeline.queued_tasks);
    metric(out, "kafka_restarts_total", "Restarts of the producers after failures",
           f->publish.restarts + f->publish_counts.restarts);
    buf_puts(out, "# HELP signaald_kafka_trouble Does Kafka not answer as it should, and why\n"
                  "# TYPE signaald_kafka_trouble gauge\n");
    put_trouble(out, "events", &f->publish.trouble);
    put_trouble(out, "statistics", &f->publish_counts.trouble);
    metric(out, "kafka_forged_total", "Records in our name that are not ours, since the start",
           forged(f));
    metric(out, "kafka_taken_back_total",
           "Events that the topic had and the ledger lacked, since the start", f->taken_back);
    metric(out, "kafka_forked_total",
           "Records of ours that say something else than was published under their number, since "
           "the start",
           f->forked);
}

static const char *const certificate_metrics[CERTIFICATE_KINDS][2] = {
    [CERTIFICATE_KIND_CLIENT] = {"client_certificate_end_timestamp_seconds",
                                 "When the first client certificate of a source ends"},
    [CERTIFICATE_KIND_AUTHORITY] = {"authority_end_timestamp_seconds",
                                    "When the first authority of poll.ca_file ends"},
    [CERTIFICATE_KIND_REVOKED] = {"revocation_list_end_timestamp_seconds",
                                  "When the first list of revoked certificates ends"},
    [CERTIFICATE_KIND_KAFKA] = {"kafka_certificate_end_timestamp_seconds",
                                "When the certificate for Kafka ends"},
};

static void put_room_metrics(struct buf *out, const struct status_numbers *f,
                             const struct control *control) {
    const struct config *config = control->options.config;
    if (f->push.certificate_ends_s > 0)
        metric(out, "certificate_end_timestamp_seconds",
               "When the TLS certificate, or the first of its chain, ends",
               (uint64_t)f->push.certificate_ends_s);
    for (int kind = 0; kind < CERTIFICATE_KINDS; kind++)
        if (f->feeds.certificates.first_s[kind] > 0)
            metric(out, certificate_metrics[kind][0], certificate_metrics[kind][1],
                   (uint64_t)f->feeds.certificates.first_s[kind]);
    metric(out, "connections", "Open connections", f->push.connections);
    metric(out, "connections_max", "Limit: connections", config->http.connections_max);
    metric(out, "questions", "Questions over the control socket that are worked out or wait",
           control->questions.count + control->questions.running);
    metric(out, "questions_max", "Limit: questions that are worked out at once",
           config->control_questions_max);
    metric(out, "share_percent", "Limit: part of connections, bodies and queue for one source",
           config->http.share_percent);
    metric(out, "shares_full", "Sources and addresses that had their share in the last minute",
           f->push.usage.shares_full);
    metric(out, "share_refusals_total", "Connections and requests whose share was full",
           f->push.usage.turned_away);
    metric(out, "connections_dropped_total", "Idle connections closed to make room for others",
           f->push.usage.conns_dropped);
    metric(out, "bodies_dropped_total", "Bodies refused half-way to make room for others",
           f->push.usage.bodies_dropped);
    metric(out, "body_bytes", "Bodies that are being read", f->push.usage.body_bytes);
    metric(out, "bodies_max", "Limit: all bodies", config->http.body_bytes_max_all);
    metric(out, "queue_bytes", "Posted, waits for a commit", f->pipeline.queued_bytes);
    metric(out, "queue_polled_bytes", "Polled, waits for a commit", f->pipeline.polled_bytes);
    metric(out, "queue_max", "Limit: each of these", config->queue_bytes_max);
    metric(out, "body_bytes_max", "Limit: bytes of a body", config->http.body_bytes_max);
    metric(out, "items_max", "Limit: signals in a batch", config->items_max);
}

static void put_metrics(struct buf *out, const struct status_numbers *f,
                        const struct control *control) {
    put_ledger_metrics(out, f);
    put_room_metrics(out, f, control);
    put_alarm_metrics(out, f, control);
    put_kafka_states(out, f, control->options.config);
    put_feed_metrics(out, f);
    metric(out, "state_bytes", "State on disk", f->usage.used_bytes);
    metric(out, "state_bytes_max", "Limit: state on disk", f->usage.max_bytes);
    metric(out, "memory_own_bytes", "Memory of its own", f->own_bytes);
    metric(out, "memory_mapped_bytes", "Pages of files in memory", f->mapped_bytes);
}

void control_metrics(struct control *control, struct http_request *request) {
    struct status_numbers f;
    struct http_reply reply = {0};
    gather(control, &f);
    put_metrics(reply_body(&reply, 200, "text/plain; version=0.0.4"), &f, control);
    control_send(request, &reply);
}
