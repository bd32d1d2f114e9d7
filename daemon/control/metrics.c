// SPDX-License-Identifier: EUPL-1.2
// The numbers as Prometheus text, for two kinds of readers. Over the socket whoever reads is known,
// and reads all of it exactly. Over TCP nobody is known and no line of the audit log is left, so
// that is outside: somebody looks each minute, and what moves with a single signal would tell that
// one came, or was withdrawn or erased, and when. So there
//   - what counts signals, events, requests, polls that brought something, is rounded down to a
//     multiple of disclosure.rounding_base, part by part, so that the sums hold there too; and up
//     where one already asks for a person, as an item in quarantine does;
//   - persons, erasures and reads of the audit log are left out;
//   - bytes are whole MiB, and times of a single commit or event steps of ten minutes;
//   - what has the name of a source says only whether its feed works (its last success to the day),
//     never what it sent: not of sources that post, and nothing of silence.
// Alarms, limits, states, certificates are the operator's business, and the same for both.
#include "control_numbers.h"

#include "base/pii/log.h"

#include <string.h>

enum {
    OUTSIDE_BYTES = 1 << 20,
    OUTSIDE_STEP_S = 600,
    OUTSIDE_FEED_S = 24 * 3600,
    FEEDS_MAX = 1000
};

struct exposition {
    struct buf *out;
    bool outside;
    uint64_t base; // what counts signals is a multiple of it
};

static void family(const struct exposition *e, const char *name, const char *help) {
    size_t len = strlen(name);
    const char *type = len > 6 && strcmp(name + len - 6, "_total") == 0 ? "counter" : "gauge";
    buf_printf(e->out, "# HELP signaald_%s %s\n# TYPE signaald_%s %s\n", name, help, name, type);
}

// What ends in _total only grows: a counter, as Prometheus has it.
static void metric(const struct exposition *e, const char *name, const char *help, uint64_t value) {
    family(e, name, help);
    buf_printf(e->out, "signaald_%s %llu\n", name, (unsigned long long)value);
}

static uint64_t rounded(const struct exposition *e, uint64_t value) {
    return value - value % e->base;
}

static void counted(const struct exposition *e, const char *name, const char *help,
                    uint64_t value) {
    metric(e, name, help, rounded(e, value));
}

// Of what already one is too many.
static void alarming(const struct exposition *e, const char *name, const char *help,
                     uint64_t value) {
    metric(e, name, help, rounded(e, value + e->base - 1));
}

static void inside(const struct exposition *e, const char *name, const char *help, uint64_t value) {
    if (!e->outside)
        metric(e, name, help, value);
}

static void bytes(const struct exposition *e, const char *name, const char *help, uint64_t value) {
    metric(e, name, help, e->outside ? value - value % OUTSIDE_BYTES : value);
}

static void seconds(const struct exposition *e, const char *name, const char *help, int64_t value) {
    if (e->outside)
        value -= value % OUTSIDE_STEP_S;
    metric(e, name, help, value > 0 ? (uint64_t)value : 0);
}

static void ratio(const struct exposition *e, const char *name, const char *help,
                  uint64_t percent) {
    family(e, name, help);
    buf_printf(e->out, "signaald_%s %llu.%02llu\n", name, (unsigned long long)(percent / 100),
               (unsigned long long)(percent % 100));
}

// --- the ledger

static void put_verdicts(const struct exposition *e, const struct control_numbers *f) {
    uint64_t received = 0;
    family(e, "verdicts_total", "Signals received, by verdict");
    for (int v = 0; v < VERDICT_COUNT; v++) {
        uint64_t count = rounded(e, f->totals->verdicts[v]);
        received += count;
        buf_printf(e->out, "signaald_verdicts_total{verdict=\"%s\"} %llu\n",
                   verdict_name((enum verdict)v), (unsigned long long)count);
    }
    metric(e, "received_total", "Signals received, whatever their verdict", received);
}

static void put_events(const struct exposition *e, const struct control_numbers *f) {
    uint64_t published = rounded(e, f->published), waiting = rounded(e, f->waiting),
             never = rounded(e, f->totals->never_published);
    metric(e, "accepted_total", "Events in the ledger", published + waiting + never);
    metric(e, "published_total", "Events that Kafka has confirmed", published);
    metric(e, "never_published_total",
           "Events that expired where there is no Kafka to send them to, or were lost with a disk",
           never);
    metric(e, "waiting", "Events that Kafka has not confirmed", waiting);
    seconds(e, "oldest_waiting_seconds",
            "So long the oldest event waits that Kafka has not confirmed; 0: none waits",
            f->oldest_waiting_ms ? (loop_wall_ms() - f->oldest_waiting_ms) / 1000 : 0);
    metric(e, "statistics_waiting", "Statistics for outside that Kafka has not confirmed",
           f->statistics_waiting);
    counted(e, "current_waiting", "Signals as they stand that Kafka has not confirmed",
            f->current_waiting);
}

static void put_ledger(const struct exposition *e, const struct control_numbers *f) {
    put_verdicts(e, f);
    put_events(e, f);
    counted(e, "requests_refused_total", "Requests refused as a whole", f->push.requests_refused);
    counted(e, "unknown_fields_total", "Fields dropped since nobody knows them",
            f->totals->unknown_fields);
    counted(e, "unknown_words_total", "Words that no table has", f->totals->unmapped);
    counted(e, "unknown_municipalities_total", "Municipalities that did not resolve",
            f->totals->unknown_municipalities);
    counted(e, "unmapped", "Words that no table has, by source: signaalctl unmapped", f->words);
    metric(e, "unmapped_max", "Limit: words that are kept", LEDGER_UNMAPPED_MAX);
    counted(e, "unmapped_not_kept_total", "Words for which there was no room",
            f->totals->unmapped_not_kept);
    counted(e, "signals", "Signals that count", (uint64_t)f->signals);
    inside(e, "persons", "Persons that these are about", (uint64_t)f->persons);
    counted(e, "expired_total", "Signals that are no longer kept, but counted", f->totals->expired);
    inside(e, "erased_total", "Signals erased on request", f->totals->erased);
    counted(e, "remapped_total", "Versions that new tables made", f->totals->remapped);
    inside(e, "audit_lines_total", "Lines of the audit log", f->audited);
    counted(e, "commits_total", "Commits", f->pipeline.commits);
    metric(e, "commits_failed_total", "Commits that failed", f->pipeline.commits_failed);
    seconds(e, "last_commit_timestamp_seconds", "When the last commit was; 0: none since the start",
            f->last_commit_ms / 1000);
    bytes(e, "state_bytes", "State on disk", f->usage.used_bytes);
    metric(e, "state_bytes_max", "Limit: state on disk", f->usage.max_bytes);
}

// --- Kafka

static void put_kafka_state(const struct exposition *e, const char *topic,
                            const struct publish_status *publish) {
    for (int state = 0; topic && state < PUBLISH_STATES; state++)
        buf_printf(e->out, "signaald_kafka_state{topic=\"%s\",state=\"%s\"} %d\n", topic,
                   publish_state_name((enum publish_state)state), (int)publish->state == state);
}

static void put_trouble(const struct exposition *e, const char *of,
                        const struct publish_trouble *trouble) {
    buf_printf(e->out, "signaald_kafka_trouble{of=\"%s\",cause=\"%s\"} %d\n", of,
               publish_cause_name(trouble->cause), trouble->text[0] != '\0');
}

static void put_kafka(const struct exposition *e, const struct control_numbers *f,
                      const struct config *config) {
    family(e, "kafka_state", "1 for the state in which a topic is");
    put_kafka_state(e, config->kafka_topic, &f->publish);
    put_kafka_state(e, kafka_counts_topic(config), &f->publish_counts);
    put_kafka_state(e, kafka_current_topic(config), &f->publish_current);
    family(e, "kafka_trouble", "Does Kafka not answer as it should, and why");
    put_trouble(e, "events", &f->publish.trouble);
    put_trouble(e, "statistics", &f->publish_counts.trouble);
    put_trouble(e, "current", &f->publish_current.trouble);
    metric(e, "kafka_restarts_total", "Restarts of the producers after failures",
           f->publish.restarts + f->publish_counts.restarts + f->publish_current.restarts);
    metric(e, "kafka_forged_total", "Records in our name that are not ours, since the start",
           f->forged);
    alarming(e, "kafka_taken_back_total",
             "Events that the topic had and the ledger lacked, since the start", f->taken_back);
    alarming(e, "kafka_forked_total",
             "Records of ours that say something else than was published under their number, since "
             "the start",
             f->forked);
}

// --- the daemon, and its room

static void put_certificates(const struct exposition *e, const struct control_numbers *f) {
    const struct certificate_ends *ends = &f->feeds.certificates;
    family(e, "certificate_end_timestamp_seconds",
           "When a certificate, or the first of its chain, of a file's authorities or of its lists "
           "of revoked ones, ends");
    if (f->push.certificate_ends_s > 0)
        buf_printf(
            e->out,
            "signaald_certificate_end_timestamp_seconds{of=\"intake.tls_certificate\"} %lld\n",
            (long long)f->push.certificate_ends_s);
    for (size_t i = 0; i < ends->count; i++) {
        const struct certificate_end *end = &ends->list[i];
        buf_printf(e->out, "signaald_certificate_end_timestamp_seconds{of=\"%s\"%s%s%s} %lld\n",
                   end->of, end->source ? ",source=\"" : "", end->source ? end->source : "",
                   end->source ? "\"" : "", (long long)end->ends_s);
    }
}

static void put_room(const struct exposition *e, const struct control_numbers *f,
                     const struct control *control) {
    const struct config *config = control->options.config;
    counted(e, "connections", "Open connections", f->push.connections);
    metric(e, "connections_max", "Limit: connections", config->http.connections_max);
    metric(e, "questions", "Questions over the control socket that are worked out or wait",
           control->questions.count + control->questions.running);
    metric(e, "questions_max", "Limit: questions that are worked out at once",
           config->control_questions_max);
    ratio(e, "share_ratio", "Limit: part of connections, bodies and queue for one source",
          config->http.share_percent);
    metric(e, "shares_full", "Sources and addresses that had their share in the last minute",
           f->push.usage.shares_full);
    metric(e, "share_refusals_total", "Connections and requests whose share was full",
           f->push.usage.turned_away);
    metric(e, "connections_dropped_total", "Idle connections closed to make room for others",
           f->push.usage.conns_dropped);
    metric(e, "bodies_dropped_total", "Bodies refused half-way to make room for others",
           f->push.usage.bodies_dropped);
    bytes(e, "body_bytes", "Bodies that are being read", f->push.usage.body_bytes);
    metric(e, "bodies_max", "Limit: all bodies", config->http.body_bytes_max_all);
    counted(e, "queue_batches", "Batches that wait for a commit", f->pipeline.queued_tasks);
    bytes(e, "queue_bytes", "Posted, waits for a commit", f->pipeline.queued_bytes);
    bytes(e, "queue_polled_bytes", "Polled, waits for a commit", f->pipeline.polled_bytes);
    metric(e, "queue_max", "Limit: each of these", config->queue_bytes_max);
    metric(e, "body_bytes_max", "Limit: bytes of a body", config->http.body_bytes_max);
    metric(e, "items_max", "Limit: signals in a batch", config->items_max);
}

// What an alarm says for as long as it lasts, and how often each was told: so that one that is over
// before the next scrape is seen too.
static void put_alarms(const struct exposition *e, const struct admission_levels *levels) {
    family(e, "alarms_total", "Lines of the log that ask for a person, since the start");
    for (int i = 0; i < ALARM_COUNT; i++)
        buf_printf(e->out, "signaald_alarms_total{code=\"%s\"} %llu\n", alarms[i].code,
                   (unsigned long long)log_alarm_count((enum alarm)i));
    metric(e, "commits_fail", "1 while commits fail, and senders get 503", levels->commits_fail);
    metric(e, "intake_full", "1 while there is no room, and senders get 429",
           admission_full(levels) != NULL);
    metric(e, "reads_refused", "1 while the audit log has its share, and reads are refused",
           admission_reads_refused(levels) != NULL);
    bytes(e, "audit_bytes", "The audit log on disk", levels->audit_bytes);
    metric(e, "audit_bytes_max", "Limit: from here on exact reads are refused",
           admission_audit_max(levels));
    bytes(e, "backlog_bytes", "Waits for Kafka, about", levels->backlog_bytes);
    metric(e, "backlog_bytes_max", "Limit: from here on senders get 429",
           levels->backlog_bytes_max);
    ratio(e, "disk_used_ratio", "Of the disk of the state directory",
          levels->disk_blocks ? 100 - levels->disk_free * 100 / levels->disk_blocks : 0);
    ratio(e, "disk_used_ratio_max", "Limit: from here on senders get 429",
          levels->disk_percent_max);
}

static void put_process(const struct exposition *e, const struct control_numbers *f,
                        const struct control *control) {
    metric(e, "start_timestamp_seconds", "When the daemon started",
           (uint64_t)(control->started_ms / 1000));
    metric(e, "uptime_seconds", "Since the start", (uint64_t)f->uptime_s);
    bytes(e, "memory_own_bytes", "Memory of its own", f->own_bytes);
    bytes(e, "memory_mapped_bytes", "Pages of files in memory", f->mapped_bytes);
}

// --- feeds

static void put_feeds(const struct exposition *e, const struct control_numbers *f) {
    alarming(e, "not_quarantined_total",
             "Bad items of polled pages that had no room in the quarantine",
             f->totals->not_quarantined);
    metric(e, "feeds", "Polled feeds", f->feeds.feeds);
    metric(e, "feeds_failing", "Polled feeds whose last poll failed", f->feeds.failing);
    metric(e, "feeds_silent", "Sources that have fallen silent", f->feeds.silent);
    metric(e, "feeds_paused", "Polled feeds that an operator has paused", f->feeds.paused);
    metric(e, "feeds_doubtful",
           "Polled feeds whose list may have been cut off: a round number of items, no next page",
           f->feeds.doubtful);
    metric(e, "feeds_held", "Polled feeds whose complete list lacks more than is withdrawn at once",
           f->feeds.held);
    metric(e, "polls_total", "Polls", f->feeds.polls);
    metric(e, "poll_failures_total", "Polls that failed", f->feeds.failures);
    counted(e, "poll_pages_total", "Pages that polls brought", f->feeds.pages);
    counted(e, "poll_not_modified_total", "Polls that brought nothing new", f->feeds.not_modified);
    counted(e, "poll_hints_total", "Notifications that something changed at a source",
            f->feeds.hints);
    alarming(e, "quarantined", "Items and pages in quarantine", f->quarantined);
    metric(e, "quarantined_max", "Limit: entries of the quarantine", LEDGER_QUARANTINE_MAX);
}

struct feed_lines {
    const struct exposition *e;
    size_t left;
};

static bool put_feed_state(void *ctx, const struct feed_view *view) {
    struct feed_lines *lines = ctx;
    const char *state = view->state == FEED_PAUSED ? "paused"
                        : view->failures           ? "failing"
                                                   : "working";
    buf_printf(lines->e->out, "signaald_feed_state{source=\"%s\",state=\"%s\"} 1\n",
               view->source->name, state);
    return --lines->left > 0;
}

static bool put_feed_success(void *ctx, const struct feed_view *view) {
    struct feed_lines *lines = ctx;
    int64_t at_s = view->record->contact_ms / 1000;
    if (lines->e->outside)
        at_s -= at_s % OUTSIDE_FEED_S;
    buf_printf(lines->e->out, "signaald_feed_last_success_timestamp_seconds{source=\"%s\"} %lld\n",
               view->source->name, (long long)at_s);
    return --lines->left > 0;
}

// With thousands of feeds a scrape would be a burden: the first of the table have lines of their
// own, and how many have none is told.
static void put_each_feed(const struct exposition *e, const struct control_numbers *f,
                          const struct feeds *feeds) {
    family(e, "feed_state", "The state of a polled feed: working, failing or paused");
    feeds_each_polled(feeds, put_feed_state, &(struct feed_lines){e, FEEDS_MAX});
    family(e, "feed_last_success_timestamp_seconds",
           "When a polled feed last gave a good answer; 0: never");
    feeds_each_polled(feeds, put_feed_success, &(struct feed_lines){e, FEEDS_MAX});
    metric(e, "feeds_without_lines", "Polled feeds behind the first 1000, which have no lines here",
           f->feeds.feeds > FEEDS_MAX ? f->feeds.feeds - FEEDS_MAX : 0);
}

void control_put_metrics(const struct control *control, bool outside, struct buf *out) {
    struct control_numbers f;
    const struct config *config = control->options.config;
    const struct exposition e = {out, outside, outside ? config->disclosure_rounding_base : 1};
    control_gather(control, &f);
    put_ledger(&e, &f);
    put_kafka(&e, &f, config);
    put_certificates(&e, &f);
    put_room(&e, &f, control);
    put_alarms(&e, admission_now(control->options.admission));
    put_process(&e, &f, control);
    put_feeds(&e, &f);
    put_each_feed(&e, &f, control->options.feeds);
}

void control_metrics(struct control *control, struct http_request *request) {
    struct http_reply reply = {0};
    control_put_metrics(control, false, reply_body(&reply, 200, CONTROL_METRICS_TYPE));
    control_send(request, &reply);
}
