// SPDX-License-Identifier: EUPL-1.2
// GET /v1/status, and what it and the metrics tell of: numbers that are kept all the time, so that
// neither costs more with a large ledger.
#include "control_numbers.h"

#include "base/pii/log.h"
#include "codec/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FAILING_MAX = 20 }; // feeds that are named

// From /proc/self/statm (proc(5)), in pages: the second number is all that is in memory, the third
// what of it is pages of files. All 0 where /proc is not to be had.
static void measure_memory(struct control_numbers *f) {
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

void control_gather(const struct control *control, struct control_numbers *f) {
    const struct control_options *o = &control->options;
    memset(f, 0, sizeof *f);
    f->totals = ledger_totals(o->ledger);
    f->accepted = ledger_last_seq(o->ledger);
    f->waiting = ledger_unpublished(o->ledger);
    f->published = f->accepted - f->waiting - f->totals->never_published;
    for (int v = 0; v < VERDICT_COUNT; v++)
        f->received += f->totals->verdicts[v];
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
    publish_job_status(o->kafka, LEDGER_CURRENT, &f->publish_current);
    f->taken_back = publish_job_taken_back(o->kafka);
    f->forked = publish_job_forked(o->kafka);
    f->forged = f->publish.forged + f->publish_counts.forged + f->publish_current.forged;
    f->statistics_waiting = ledger_statistics_unpublished(o->ledger);
    f->current_waiting = ledger_current_unpublished(o->ledger);
}

static void put_intake(struct json_out *json, const struct control *control,
                       const struct control_numbers *f) {
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
    json_put_u64(json, "received", f->received);
    for (int v = 0; v < VERDICT_COUNT; v++)
        json_put_u64(json, verdict_name((enum verdict)v), f->totals->verdicts[v]);
    json_put_u64(json, "unknownFields", f->totals->unknown_fields);
    json_put_u64(json, "unmapped", f->totals->unmapped);
    json_put_u64(json, "unknownMunicipalities", f->totals->unknown_municipalities);
    json_close(json, '}');
}

static void put_ledger(struct json_out *json, const struct control_numbers *f) {
    json_open_key(json, "ledger", '{');
    json_put_u64(json, "accepted", f->accepted);
    json_put_u64(json, "published", f->published);
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

static void put_topic(struct json_out *json, const char *key, const char *topic,
                      const struct publish_status *publish, uint64_t waiting) {
    json_open_key(json, key, '{');
    json_put_text(json, "state", publish_state_name(publish->state));
    json_put_text(json, "topic", topic);
    json_put_u64(json, "waiting", waiting);
    put_last_error(json, publish);
    json_close(json, '}');
}

static void put_kafka(struct json_out *json, const struct control *control,
                      const struct control_numbers *f) {
    const struct config *config = control->options.config;
    json_open_key(json, "kafka", '{');
    json_put_text(json, "state", publish_state_name(f->publish.state));
    json_put_text(json, "brokers", config->kafka_brokers);
    json_put_text(json, "topic", config->kafka_topic);
    json_put_i64(json, "partitions", f->publish.partitions);
    json_put_u64(json, "inFlight", f->publish.in_flight);
    json_put_u64(json, "delivered", f->publish.delivered);
    json_put_u64(json, "restarts", f->publish.restarts);
    json_put_u64(json, "forged", f->forged);
    json_put_u64(json, "takenBack", f->taken_back);
    json_put_u64(json, "forked", f->forked);
    control_put_time(json, "certificateEnds",
                     f->feeds.certificates.first_s[CERTIFICATE_KIND_KAFKA] * 1000);
    put_last_error(json, &f->publish);
    put_topic(json, "counts", kafka_counts_topic(config), &f->publish_counts,
              f->statistics_waiting);
    put_topic(json, "current", kafka_current_topic(config), &f->publish_current,
              f->current_waiting);
    json_close(json, '}');
}

struct failing {
    struct json_out *json;
    size_t left;
};

static bool put_failing(void *ctx, const struct feed_view *view) {
    struct failing *failing = ctx;
    if (!view->failures)
        return true;
    json_open(failing->json, '{');
    json_put_text(failing->json, "name", view->source->name);
    json_put_text(failing->json, "reason", view->failure);
    control_put_time(failing->json, "since", view->failing_ms);
    json_close(failing->json, '}');
    return --failing->left > 0;
}

static void put_feeds(struct json_out *json, const struct control *control,
                      const struct control_numbers *f) {
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
    feeds_each_polled(control->options.feeds, put_failing, &(struct failing){json, FAILING_MAX});
    json_close(json, ']');
    json_close(json, '}');
}

void control_put_status(struct json_out *json, struct control *control) {
    struct control_numbers f;
    control_gather(control, &f);
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
